"""Opens the repository and owns its connections: one unit of work for writing, snapshots for reading.

This module is the only one that begins, commits or rolls back a transaction; repositories receive a connection and never
open their own (domain.md §10.2-8). A :class:`Database` may be used from any thread: writers queue, readers run side by side.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, exc, select
from sqlalchemy.pool import QueuePool

from engine.model.errors import StorageError
from ralphstock_desktop.data import sqlite_files
from ralphstock_desktop.data.engines import BUSY_MS, DURABLE, reader_engine, writer_engine
from ralphstock_desktop.data.location import DatabaseLocation
from ralphstock_desktop.data.migrate import current_revision, upgrade
from ralphstock_desktop.data.migrations import HEAD
from ralphstock_desktop.data.schema.market import DATA_VERSION
from ralphstock_desktop.data.storage_errors import converted, storage_error, to_storage_error
from ralphstock_desktop.data.unit_of_work import SqlUnitOfWork

__all__ = ["DataVersion", "Database", "OpenReport", "open_database", "read_version"]

T = TypeVar("T")
_LOCK_TRIES = 4
_QUEUE_S = 300.0


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What opening a database found and did, for the window to tell."""

    created: bool
    set_aside: Path | None = None
    """Where a damaged file was moved; the new one is empty."""
    upgraded_from: str | None = None
    backup: Path | None = None


@dataclass(frozen=True, slots=True)
class DataVersion:
    """Counters of what changed. Equal values mean equal data in the same database."""

    database_id: str
    panel: int
    market: int


def open_database(place: str | Path | DatabaseLocation, *, check: bool = True) -> Database:
    """Open or create a repository and bring it to the current schema.

    Parameters
    ----------
    place : str | Path | DatabaseLocation
        File path (SQLite) or ``postgresql://`` URL.
    check : bool
        Verify a SQLite file's structure first; a damaged one is renamed and a new one started (see ``Database.opened``).

    Raises
    ------
    StorageError
        If the place cannot be reached, read or written, holds something else, or was written by a newer version.
    ValidationFailed
        If ``place`` is not a path or URL of a supported database.
    """
    location = DatabaseLocation.parse(place)
    with converted(location.display, files=True):
        moved = _prepare_file(location, check=check)
        write = writer_engine(location)
        try:
            before, backup = _upgrade(write, location)
            read = reader_engine(location)
        except BaseException:
            write.dispose()
            raise
    report = OpenReport(
        created=before is None,
        set_aside=moved,
        upgraded_from=before if before not in (None, HEAD) else None,
        backup=backup,
    )
    return Database(location, write, read, report)


def read_version(connection: Connection) -> DataVersion:
    """Read the change counters inside a snapshot."""
    rows = connection.execute(select(DATA_VERSION.c.scope, DATA_VERSION.c.version, DATA_VERSION.c.database_id)).all()
    by_scope = {row.scope: int(row.version) for row in rows}
    return DataVersion(str(rows[0].database_id), by_scope["panel"], by_scope["market"])


def _prepare_file(location: DatabaseLocation, *, check: bool) -> Path | None:
    path = location.path
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    if not check or not sqlite_files.is_damaged(path, BUSY_MS):
        return None
    if path.suffix.lower() not in sqlite_files.DATABASE_SUFFIXES:
        raise storage_error("not_database", location.display)
    return sqlite_files.set_aside(path)


def _upgrade(engine: Engine, location: DatabaseLocation) -> tuple[str | None, Path | None]:
    def back_up(version: str) -> Path | None:
        return sqlite_files.back_up(location.path, version) if location.path is not None else None

    with engine.connect() as connection, connection.begin():
        before = current_revision(connection, location.display)
        copy = upgrade(connection, location.display, back_up)
    return before, copy


class Database:
    """An open repository. Close it when the program ends."""

    def __init__(self, location: DatabaseLocation, write: Engine, read: Engine, opened: OpenReport) -> None:
        self.location = location
        self.opened = opened
        self._write = write
        self._read = read
        self._writing = threading.Lock()
        self._writer: int | None = None
        self._remembering = threading.Lock()
        self._summaries: dict[str, tuple[int, Any]] = {}

    @contextmanager
    def unit_of_work(self, *, durable: bool = False) -> Iterator[SqlUnitOfWork]:
        """One transaction: committed when the block ends, rolled back and the error re-raised when it fails.

        Parameters
        ----------
        durable : bool
            Wait until the commit is safe against a power cut; needed for signals, alerts and the journal.

        Raises
        ------
        StorageError
            For every failure of the database, including a lock held too long by another process.
        """
        me = threading.get_ident()
        if self._writer == me:
            raise StorageError("A unit of work is already open on this thread; pass it on instead of opening another one.")
        if not self._writing.acquire(timeout=_QUEUE_S):
            raise storage_error("locked", self.location.display)
        try:
            self._writer = me
            with converted(self.location.display), self._begin(durable) as connection:
                unit = SqlUnitOfWork(connection, durable=durable)
                yield unit
                unit.finish()
        finally:
            self._writer = None
            self._writing.release()

    @contextmanager
    def _begin(self, durable: bool) -> Iterator[Connection]:
        with self._write.connect() as connection:
            connection = connection.execution_options(**{DURABLE: durable})
            for attempt in range(_LOCK_TRIES):
                try:
                    transaction = connection.begin()
                    break
                except exc.OperationalError as error:
                    problem = to_storage_error(error, self.location.display)
                    if problem.fields.get("cause") != "locked" or attempt == _LOCK_TRIES - 1:
                        raise problem from error
                    connection.rollback()
            with transaction:
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One unchanging picture of the database for the block; cannot write.

        Raises
        ------
        StorageError
            For every failure of the database.
        """
        with converted(self.location.display), self._read.connect() as connection, connection.begin():
            yield connection

    def version(self) -> DataVersion:
        """Read the change counters."""
        with self.read() as connection:
            return read_version(connection)

    def remembered(self, name: str, version: int, make: Callable[[], T]) -> T:
        """Return a summary made for this data version, making it once; a newer version replaces it."""
        with self._remembering:
            stored = self._summaries.get(name)
            if stored is None or stored[0] != version:
                stored = (version, make())
                self._summaries[name] = stored
            return cast(T, stored[1])

    def checked_out(self) -> int:
        """Connections in use right now; 0 when nobody is reading or writing."""
        pools = [engine.pool for engine in (self._write, self._read)]
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    def bytes_on_disk(self) -> int | None:
        """Size of the SQLite file with its log, None for a server."""
        path = self.location.path
        if path is None:
            return None
        files = (path, path.with_name(path.name + "-wal"))
        with converted(self.location.display, files=True):
            return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Give back all connections; SQLite folds its log into the file."""
        self._read.dispose()
        self._write.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
