"""Rows between reading and storing: which are taken, and which of several rows with one key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import SessionTable
from engine.calendar.trading_days import TradingCalendar
from ralphstock_desktop.data.importing.columns import Bools, Ints, Whole
from ralphstock_desktop.data.importing.issues import Issues
from ralphstock_desktop.data.importing.limits import ImportLimits
from ralphstock_desktop.ports import MISSING_INT

__all__ = ["Chunk", "Clock", "RowFilter", "combine_keys", "last_of_each_key"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Clock:
    """The instant of the import and the calendar its days are judged by."""

    now_ns: int
    today: date
    calendar: TradingCalendar
    sessions: SessionTable


@dataclass(frozen=True, eq=False)
class Chunk:
    """Converted rows that passed every check: equally long columns, a key per row, the row's number in the file."""

    columns: dict[str, Array]
    key: Ints
    row: Ints

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: Array) -> Chunk:
        """Rows by mask or index."""
        return Chunk({name: values[chosen] for name, values in self.columns.items()}, self.key[chosen], self.row[chosen])

    @staticmethod
    def join(chunks: list[Chunk]) -> Chunk:
        """All rows of several chunks in order."""
        if len(chunks) == 1:
            return chunks[0]
        names = chunks[0].columns
        return Chunk(
            {name: np.concatenate([chunk.columns[name] for chunk in chunks]) for name in names},
            np.concatenate([chunk.key for chunk in chunks]),
            np.concatenate([chunk.row for chunk in chunks]),
        )


class RowFilter:
    """Checks of one batch. The first check a row fails is its reason."""

    def __init__(self, size: int, first_row: int, issues: Issues, limits: ImportLimits) -> None:
        self.ok: Bools = np.ones(size, dtype=np.bool_)
        self.row: Ints = np.arange(first_row, first_row + size, dtype=np.int64)
        self._issues, self.limits = issues, limits
        self.label: Callable[[int], str] = lambda _position: ""

    def reject(self, reason: str, bad: Array) -> None:
        """Leave rows out."""
        failed = np.flatnonzero(self.ok & bad)
        if len(failed):
            self._issues.add(reason, self.row[failed], lambda n: self.label(int(failed[n])))
            self.ok[failed] = False

    def remark(self, reason: str, where: Array) -> None:
        """Count rows that are taken with a remark."""
        found = np.flatnonzero(self.ok & where)
        if len(found):
            self._issues.add(reason, self.row[found], lambda n: self.label(int(found[n])), rejected=False)

    def reject_whole(self, name: str, number: Whole, *, limit: int, may_be_negative: bool = False) -> None:
        """Leave out rows whose number is unreadable, fractional, negative or beyond the limit."""
        self.reject(f"unreadable_{name}", number.unreadable)
        self.reject(f"fractional_{name}", number.fractional)
        known = ~number.missing
        values = np.where(known, number.values, 0)
        if not may_be_negative:
            self.reject(f"negative_{name}", values < 0)
        self.reject(f"absurd_{name}", np.abs(values) > limit)

    def reject_days(
        self, days: Array, clock: Clock, *, trading_days_only: bool, known_at: Callable[[date], int] | None
    ) -> None:
        """Leave out rows without a readable day, of the future, of a closed day, or of today before it is official."""
        unread = np.isnat(days)
        self.reject("unreadable_day", unread)
        self.reject("future", ~unread & (days > np.datetime64(clock.today)))
        if known_at is not None and clock.now_ns < known_at(clock.today):
            self.reject("not_official", ~unread & (days == np.datetime64(clock.today)))
        if trading_days_only:
            self.reject("calendar_unknown", ~unread & ~clock.calendar.covers(days))
            self.reject("not_trading_day", ~unread & ~clock.calendar.are_trading_days(days))

    def chunk(self, columns: Mapping[str, Array], key: Ints) -> Chunk:
        """The rows that passed."""
        if self.ok.all():
            return Chunk(dict(columns), key, self.row)
        return Chunk({name: values[self.ok] for name, values in columns.items()}, key[self.ok], self.row[self.ok])


def combine_keys(ticker_number: Ints, second: Ints) -> Ints:
    """One int64 per (ticker, day or minute): a ticker is below 36^6 < 2^32, ``second`` must lie below 2^31."""
    return np.asarray((ticker_number << 31) | second, dtype=np.int64)


def last_of_each_key(keys: Ints) -> tuple[Ints, Ints]:
    """Return (positions of the last row of each key, ordered by key; positions of the earlier ones)."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_last = np.ones(len(keys), dtype=np.bool_)
    is_last[:-1] = ordered[1:] != ordered[:-1]
    return order[is_last], np.sort(order[~is_last])


def missing(size: int) -> Ints:
    """A column without values."""
    return np.full(size, MISSING_INT, dtype=np.int64)
