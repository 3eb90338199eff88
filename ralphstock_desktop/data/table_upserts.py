"""Small upserts by primary key that mean the same in SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["insert_new", "upsert_rows"]


def _insert(connection: Connection, table: Table) -> Any:
    maker = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return maker(table)


def upsert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, not_before: str = "") -> None:
    """Insert rows, or overwrite those whose primary key is stored.

    Parameters
    ----------
    not_before : str
        Column that orders versions of a row: one with a smaller value never replaces a stored one.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key.columns]
    statement = _insert(connection, table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    where = table.c[not_before] <= statement.excluded[not_before] if not_before else None
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=where), list(rows))


def insert_new(connection: Connection, table: Table, row: dict[str, Any], *, unique: Sequence[str], give: str) -> Any:
    """Insert one row unless its unique columns are stored; return column ``give`` of the new row, None where it was there."""
    statement = _insert(connection, table).values(**row).on_conflict_do_nothing(index_elements=list(unique))
    return connection.execute(statement.returning(table.c[give])).scalar()
