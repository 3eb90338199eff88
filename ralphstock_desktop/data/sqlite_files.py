"""The SQLite file itself: is it sound, set a damaged one aside, copy before an upgrade. Standard library only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["DATABASE_SUFFIXES", "back_up", "is_damaged", "set_aside"]

DATABASE_SUFFIXES = frozenset({".db", ".sqlite", ".sqlite3"})
"""Only files named like a database are moved away; anything else is a wrong choice of file, not damage."""

_CORRUPT_CODES = frozenset({11, 26})  # SQLITE_CORRUPT, SQLITE_NOTADB


def is_damaged(path: Path, busy_ms: int) -> bool:
    """Check a file's structure; a missing or empty file is sound.

    Raises
    ------
    sqlite3.Error
        If the file could not be checked (rights, lock, disk): that is not damage.
    """
    if not path.exists() or path.stat().st_size == 0:
        return False
    try:
        with closing(sqlite3.connect(path, timeout=busy_ms / 1000)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if (error.sqlite_errorcode & 0xFF) in _CORRUPT_CODES:
            return True
        raise
    return bool(found is None or found[0] != "ok")


def set_aside(path: Path) -> Path:
    """Rename a damaged database and its journal files with the moment of discovery; nothing is deleted."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    for ending in ("-wal", "-shm"):
        companion = path.with_name(path.name + ending)
        if companion.exists():
            companion.rename(target.with_name(target.name + ending))
    path.rename(target)
    return target


def back_up(path: Path, version: str) -> Path:
    """Copy a database with SQLite's own backup (includes what is still in the write-ahead log)."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.stem}.backup-{version}-{stamp}{path.suffix}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target
