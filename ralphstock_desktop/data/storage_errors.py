"""Turns what the database libraries raise into :class:`~engine.model.errors.StorageError` with a cause the user can act on.

No message carries SQL, parameters, a connection string or a password; the original error stays as ``__cause__`` for the log.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from engine.model.errors import StorageError

__all__ = ["converted", "storage_error", "to_storage_error"]

_SENTENCES = {
    "locked": "The database {place} is in use by another program that holds its lock; close it or try again.",
    "disk_full": "No space is left for the database {place}; free some space and repeat the last step.",
    "corrupt": "The database {place} is damaged.",
    "not_database": "The file {place} is not a database of this program; choose another file.",
    "permission": "The database {place} may not be read or written; check the rights of the file or the account.",
    "io": "The disk under the database {place} reported an error while reading or writing.",
    "unreachable": "The database {place} cannot be reached; check that the server runs and the network works.",
    "login": "The database {place} refused the user or the password.",
    "missing": "The database {place} does not exist on the server; create it first.",
    "newer": "The database {place} was written by a newer version ({found}); this one understands {known}. Update the program.",
    "constraint": "The database {place} refused a row that breaks the rule {rule}.",
    "unsupported": "The PostgreSQL driver is not installed; install the 'postgres' extra.",
    "failed": "The database {place} could not carry out a step ({detail}).",
}

_SQLITE_CAUSE = {
    5: "locked",
    6: "locked",
    3: "permission",
    8: "permission",
    23: "permission",
    10: "io",
    11: "corrupt",
    13: "disk_full",
    14: "permission",
    26: "corrupt",
}

_POSTGRES_CAUSE = {
    "28P01": "login",
    "28000": "login",
    "3D000": "missing",
    "42501": "permission",
    "25006": "permission",
    "53100": "disk_full",
    "55P03": "locked",
    "57014": "locked",
    "40P01": "locked",
    "40001": "locked",
    "XX001": "corrupt",
    "XX002": "corrupt",
    "58030": "io",
}

_ERRNO_CAUSE = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EROFS: "permission",
    errno.EIO: "io",
}


def storage_error(cause: str, place: str, **fields: str | int | float) -> StorageError:
    """Build the error of one known cause; ``cause`` is also its last key part and its field ``cause``."""
    sentence = _SENTENCES[cause].format(place=place, **fields)
    return StorageError(sentence, key=f"error.storage.{cause}", place=place, cause=cause, **fields)


def to_storage_error(error: BaseException, place: str) -> StorageError:
    """Convert one library exception."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        if code == 19:
            return storage_error("constraint", place, rule=_rule_of(str(original)))
        cause = _SQLITE_CAUSE.get(code)
        return storage_error(cause, place) if cause else storage_error("failed", place, detail=type(original).__name__)
    if isinstance(original, OSError) and original.errno in _ERRNO_CAUSE:
        return storage_error(_ERRNO_CAUSE[original.errno], place)
    if isinstance(original, ModuleNotFoundError):
        return storage_error("unsupported", place)
    state = getattr(original, "sqlstate", None)
    if isinstance(state, str):
        if state.startswith("23"):
            rule = getattr(getattr(original, "diag", None), "constraint_name", None) or state
            return storage_error("constraint", place, rule=str(rule))
        if state.startswith(("08", "57P")):
            return storage_error("unreachable", place)
        cause = _POSTGRES_CAUSE.get(state)
        return storage_error(cause, place) if cause else storage_error("failed", place, detail=f"SQLSTATE {state}")
    if isinstance(error, exc.TimeoutError):
        return storage_error("locked", place)
    if type(original).__module__.startswith("psycopg") and type(original).__name__ in {"OperationalError", "ConnectionTimeout"}:
        # a refused login arrives without SQLSTATE because it happens before a session exists
        refused = "authentication failed" in str(original) or "no password supplied" in str(original)
        missing = "does not exist" in str(original) and "database" in str(original)
        return storage_error("login" if refused else "missing" if missing else "unreachable", place)
    return storage_error("failed", place, detail=type(original).__name__)


def _rule_of(message: str) -> str:
    """Name of the constraint in SQLite's ``CHECK constraint failed: ck_…`` without the row's values."""
    return message.partition(": ")[2].split("\n", 1)[0][:120] or "constraint"


@contextmanager
def converted(place: str, *, files: bool = False) -> Iterator[None]:
    """Run a block; database exceptions leave it as StorageError, and with ``files`` those of the file system too.

    Inside a unit of work the caller's own file errors are none of the database's, so they pass unchanged.
    """
    kinds: tuple[type[Exception], ...] = (exc.SQLAlchemyError, sqlite3.Error)
    if files:
        kinds += (OSError, ModuleNotFoundError)
    try:
        yield
    except kinds as error:
        raise to_storage_error(error, place) from error
