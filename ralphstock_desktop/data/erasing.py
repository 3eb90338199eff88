"""Deleting text for good: nothing of it stays in the SQLite file, its log or its free pages.

A deleted row leaves its bytes in three places. The row's own cell is overwritten by *secure delete*. When rows move between
pages, copies of them may stay in the gap of a page they left; so the whole table is emptied, which overwrites every page it
had, and what is kept is written anew. Earlier versions of the pages wait in the write-ahead log, which is folded into the file
and cut to nothing after the commit. The tables erased from are small (conversations), so writing them anew costs little.

PostgreSQL keeps dead rows until its own vacuum removes them; its files belong to the server's administrator.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from sqlalchemy import ColumnElement, Connection, Table, delete, not_, select

from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.engines import BUSY_MS
from ralphstock_desktop.data.readers import driver_tuples
from ralphstock_desktop.data.storage_errors import converted, storage_error

__all__ = ["erase", "fold_log", "overwriting"]


@contextmanager
def overwriting(connection: Connection) -> Iterator[None]:
    """Overwrite what the block frees in a SQLite file; elsewhere nothing changes."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA secure_delete").scalar()
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA secure_delete={int(before or 0)}")


def erase(connection: Connection, rows: Sequence[tuple[Table, ColumnElement[bool]]]) -> None:
    """Delete rows of tables, children before parents; what stays of these tables is written to overwritten pages."""
    if connection.dialect.name != "sqlite":
        for table, gone in rows:
            connection.execute(delete(table).where(gone))
        return
    with overwriting(connection):
        # as the driver gives them: nothing is decoded, so nothing can come back changed
        kept = [(table, driver_tuples(connection, select(table).where(not_(gone)))) for table, gone in rows]
        for table, _ in rows:
            connection.execute(delete(table))
        for table, tuples in reversed(kept):
            if tuples:
                names, marks = ", ".join(column.name for column in table.columns), ", ".join("?" for _ in table.columns)
                statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own schema
                connection.exec_driver_sql(statement, [tuple(row) for row in tuples])


def fold_log(database: Database) -> None:
    """Move SQLite's write-ahead log into the file and cut it to nothing; for a server nothing has to be done.

    Raises
    ------
    StorageError
        If a reader held an older picture for too long, so that the log could not be cut. It is cut at the latest when the
        program closes the database.
    """
    path = database.location.path
    if path is None:
        return
    with (
        converted(database.location.display),
        closing(sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)) as connection,
    ):
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise storage_error("locked", database.location.display)
