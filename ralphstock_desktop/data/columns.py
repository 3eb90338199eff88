"""Column batches and table rows: how arrays become rows of the driver and rows become arrays again.

Driver tuples only: building arrays from SQLAlchemy row objects is an order of magnitude slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.errors import ValidationFailed
from ralphstock_desktop.ports import MISSING_INT

__all__ = ["Field", "Kind", "array_of", "check_lengths", "day_ordinal", "days_from_ordinals", "from_driver", "to_driver"]

Array = npt.NDArray[Any]
_EPOCH = date(1970, 1, 1).toordinal()


class Kind(Enum):
    """What a column holds; missing is MISSING_INT, NaN or the empty string."""

    INT = "int"
    REAL = "real"
    TEXT = "text"
    DAY = "day"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table and its kind."""

    name: str
    kind: Kind


def check_lengths(what: str, **columns: Array | None) -> int:
    """Return the number of rows of a batch.

    Raises
    ------
    ValidationFailed
        If the columns differ in length or a key column holds a missing value.
    """
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValidationFailed(
            f"The columns of a {what} batch must be equally long: {listed}.", key="error.storage.batch", dataset=what
        )
    return next(iter(lengths.values()), 0)


def array_of(column: Array, kind: Kind) -> Array:
    """Return a batch column in the form all comparisons use (days as int64 ordinals since 1970, NaT as MISSING_INT)."""
    if kind is Kind.DAY:
        return np.asarray(column, dtype="datetime64[D]").astype(np.int64)
    if kind is Kind.REAL:
        return np.asarray(column, dtype=np.float64)
    if kind is Kind.TEXT:
        return np.asarray(column, dtype=np.str_)
    if kind is Kind.FLAG:
        return np.asarray(column, dtype=np.bool_).astype(np.int64)
    return np.asarray(column, dtype=np.int64)


def day_ordinal(value: Any) -> int:
    """Days since 1970 of a driver's date: text in SQLite, a date object in PostgreSQL."""
    return (date.fromisoformat(value) if isinstance(value, str) else value).toordinal() - _EPOCH


def days_from_ordinals(ordinals: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
    """Turn ordinals (MISSING_INT for none) into datetime64[D] (NaT for none)."""
    return ordinals.astype("datetime64[D]")


def from_driver(column: Sequence[Any], kind: Kind, days: dict[Any, int]) -> Array:
    """Turn one column of driver values into an array. ``days`` remembers dates already read."""
    if kind is Kind.REAL:
        return np.array(column, dtype=np.float64)  # None becomes NaN
    if kind is Kind.TEXT:
        return np.array(["" if value is None else value for value in column], dtype=np.str_)
    if kind is Kind.DAY:
        for value in set(column).difference(days):
            days[value] = MISSING_INT if value is None else day_ordinal(value)
        return np.array([days[value] for value in column], dtype=np.int64)
    try:
        return np.array(column, dtype=np.int64)
    except TypeError:
        return np.array([MISSING_INT if value is None else value for value in column], dtype=np.int64)


def to_driver(column: Array, kind: Kind) -> Iterable[Any]:
    """Turn one array into driver values, missing as None."""
    if kind is Kind.TEXT:
        unique, place = np.unique(column, return_inverse=True)
        shared = np.array([value or None for value in unique.tolist()], dtype=object)
        return list(shared[place])
    if kind is Kind.DAY:
        unique, place = np.unique(column, return_inverse=True)
        days = [None if value == MISSING_INT else date.fromordinal(value + _EPOCH).isoformat() for value in unique.tolist()]
        return list(np.array(days, dtype=object)[place])
    if kind is Kind.FLAG:
        return list((column != 0).tolist())
    missing = np.isnan(column) if kind is Kind.REAL else column == MISSING_INT
    values: list[Any] = column.tolist()
    if missing.any():
        return [None if gone else value for value, gone in zip(values, missing.tolist(), strict=True)]
    return values
