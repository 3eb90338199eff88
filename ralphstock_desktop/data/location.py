"""Where the repository lives: a SQLite file or a PostgreSQL URL, read without importing any database library.

The password of a URL is kept for connecting only; :attr:`DatabaseLocation.display` is what messages and the ledger show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from engine.model.errors import ValidationFailed

__all__ = ["DatabaseLocation"]

_POSTGRES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})


@dataclass(frozen=True, slots=True)
class DatabaseLocation:
    """One database. Exactly one of ``path`` (SQLite) and ``url`` (PostgreSQL) is set."""

    display: str
    """For the reader: the file, or host and database without user password."""
    path: Path | None = None
    url: str = field(default="", repr=False)

    @classmethod
    def parse(cls, place: str | Path | DatabaseLocation) -> DatabaseLocation:
        """Read a file path, ``sqlite:///path`` or ``postgresql://user:password@host:port/database``.

        Raises
        ------
        ValidationFailed
            If the text names another kind of database or lacks host or database name.
        """
        if isinstance(place, DatabaseLocation):
            return place
        if isinstance(place, Path):
            return cls._file(place)
        scheme, separator, rest = place.partition("://")
        if not separator:
            return cls._file(Path(place))
        if scheme == "sqlite":
            return cls._file(Path(unquote(rest.removeprefix("/"))))
        if scheme not in _POSTGRES:
            raise ValidationFailed(
                f"'{scheme}' is not a database this program can use: a file path or a postgresql:// URL is expected.",
                key="error.storage.url",
                value=scheme,
            )
        return cls._postgres(rest)

    @classmethod
    def _file(cls, path: Path) -> DatabaseLocation:
        if not path.name:
            raise ValidationFailed("A database file needs a name.", key="error.storage.url", value=str(path))
        absolute = path.expanduser().absolute()
        return cls(display=str(absolute), path=absolute)

    @classmethod
    def _postgres(cls, rest: str) -> DatabaseLocation:
        problem = "A PostgreSQL URL looks like postgresql://user@host:5432/database."
        try:
            parts = urlsplit(f"postgresql://{rest}")
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ValidationFailed(problem, key="error.storage.url", value="postgresql") from None
        name = parts.path.removeprefix("/")
        if not name:
            raise ValidationFailed(problem, key="error.storage.url", value="postgresql")
        shown_port = f":{port}" if port else ""
        return cls(display=f"postgresql://{host}{shown_port}/{name}", url=f"postgresql+psycopg://{rest}")

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file."""
        return self.path is not None
