"""Engines of both databases: how connections are opened, how a transaction begins, what a reader may do."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from engine.model.errors import ValidationFailed
from ralphstock_desktop.data.location import DatabaseLocation

__all__ = ["BUSY_MS", "DURABLE", "reader_engine", "writer_engine"]

BUSY_MS = 15_000
"""How long SQLite waits for another process's lock before it gives up."""

DURABLE = "ralphstock_durable"
"""Execution option: this transaction must survive a power cut (signals, alerts, journal)."""

_WRITER_LOCK = 0x52414C5048  # one writer at a time on PostgreSQL too, as SQLite enforces by itself


def writer_engine(location: DatabaseLocation) -> Engine:
    """Engine of the one writer. Its transactions take the write lock when they begin."""
    if location.path is None:
        engine = _postgres(location, pool_size=1)
        event.listen(engine, "begin", _begin_postgres_writer)
        return engine
    engine = _sqlite(location, pool_size=1, max_overflow=0)
    event.listen(engine, "connect", _prepare_sqlite_writer)
    event.listen(engine, "begin", _begin_sqlite_writer)
    return engine


def reader_engine(location: DatabaseLocation) -> Engine:
    """Engine of the readers: each transaction sees one unchanging picture and cannot write."""
    if location.path is None:
        engine = _postgres(location, pool_size=4)
        event.listen(engine, "begin", _begin_postgres_reader)
        return engine
    engine = _sqlite(location, pool_size=4, max_overflow=8)
    event.listen(engine, "connect", _prepare_sqlite_reader)
    event.listen(engine, "begin", _begin_sqlite_reader)
    return engine


def _sqlite(location: DatabaseLocation, *, pool_size: int, max_overflow: int) -> Engine:
    path = str(location.path)

    def connect() -> sqlite3.Connection:
        # isolation_level None: this module says when a transaction begins, not the driver
        return sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)

    return create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=pool_size, max_overflow=max_overflow, pool_timeout=60
    )


def _postgres(location: DatabaseLocation, *, pool_size: int) -> Engine:
    try:
        return create_engine(location.url, pool_size=pool_size, max_overflow=8, pool_timeout=60, pool_pre_ping=True)
    except ValueError as error:
        raise ValidationFailed(
            "A PostgreSQL URL looks like postgresql://user@host:5432/database.", key="error.storage.url", value="postgresql"
        ) from error


def _prepare_sqlite_writer(connection: Any, _record: Any) -> None:
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
        "journal_size_limit=67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_sqlite_reader(connection: Any, _record: Any) -> None:
    for pragma in ("query_only=ON", "cache_size=-32768", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite_writer(connection: Connection) -> None:
    durable = connection.get_execution_options().get(DURABLE, False)
    # the level may only change outside a transaction, so here, before BEGIN
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_sqlite_reader(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_postgres_writer(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")


def _begin_postgres_reader(connection: Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
