"""Conventions shared by all tables: constraint names and column types that mean the same in SQLite and PostgreSQL.

* Tickers are text of at most 12 characters, trading days are DATE, money and shares are 64-bit integers in won and shares.
* Instants are UTC nanoseconds in 64-bit integers: exact, sortable and equal in both databases.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Date, Float, Integer, MetaData, String, Text
from sqlalchemy.types import TypeEngine

__all__ = [
    "CLUSTERED",
    "METADATA",
    "instant",
    "json_text",
    "money",
    "real",
    "row_id",
    "small_text",
    "text",
    "ticker",
    "trading_day",
]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}
"""Table option: rows live in the primary key's tree, so one symbol's days are read without a second look-up."""

_ID_TYPE: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself


def row_id(name: str = "id") -> Column[int]:
    """A self-numbering primary key."""
    return Column(name, _ID_TYPE, primary_key=True, autoincrement=True)


def ticker(name: str = "ticker", **options: Any) -> Column[str]:
    """A KRX short code."""
    return Column(name, String(12), **({"nullable": False} | options))


def trading_day(name: str, **options: Any) -> Column[Any]:
    """A Korean trading date."""
    return Column(name, Date, **({"nullable": False} | options))


def money(name: str, **options: Any) -> Column[int]:
    """Won or shares as a 64-bit integer; NULL is unknown."""
    return Column(name, BigInteger, **options)


def instant(name: str, **options: Any) -> Column[int]:
    """A UTC instant in nanoseconds since 1970."""
    return Column(name, BigInteger, **options)


def real(name: str, **options: Any) -> Column[float]:
    """A double; NULL is unknown."""
    return Column(name, Float(53), **options)


def small_text(name: str, length: int = 40, **options: Any) -> Column[str]:
    """A short code or name."""
    return Column(name, String(length), **options)


def text(name: str, **options: Any) -> Column[str]:
    """Free text of any length."""
    return Column(name, Text, **options)


def json_text(name: str, **options: Any) -> Column[Any]:
    """A small structured value."""
    return Column(name, JSON, **options)
