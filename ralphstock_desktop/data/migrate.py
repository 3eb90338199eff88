"""Brings a database to the current schema version inside one transaction, or refuses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from engine.model.errors import StorageError
from ralphstock_desktop.data.migrations import HEAD, KNOWN
from ralphstock_desktop.data.storage_errors import storage_error

__all__ = ["current_revision", "upgrade"]

_SCRIPTS = Path(__file__).parent / "migrations"


def current_revision(connection: Connection, place: str) -> str | None:
    """Return the schema version, None for an empty database.

    Raises
    ------
    StorageError
        If the version is not known here (a newer program wrote it) or the database holds tables of something else.
    """
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        if tables:
            raise storage_error("not_database", place)
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if not found:
        return None
    if len(found) != 1 or found[0] not in KNOWN:
        raise storage_error("newer", place, found=", ".join(found), known=HEAD)
    return str(found[0])


def upgrade(connection: Connection, place: str, back_up: Callable[[str], Path | None], *, to: str = HEAD) -> Path | None:
    """Run the missing steps on a connection whose transaction has begun.

    Parameters
    ----------
    back_up : callable
        Called with the old version before the first step over existing data; returns the copy it made.

    Returns
    -------
    Path | None
        The backup copy, None where none was needed.
    """
    before = current_revision(connection, place)
    if before == to:
        return None
    copy = back_up(before) if before is not None else None
    _run(connection, to)
    after = current_revision(connection, place)
    if after != to:
        raise StorageError(f"The schema of {place} is '{after}' after the upgrade; '{to}' was expected.")
    return copy


def _run(connection: Connection, to: str) -> None:
    # imported here: an up-to-date database opens without Alembic
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
