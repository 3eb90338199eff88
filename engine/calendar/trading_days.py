"""Trading-day arithmetic over a stored list of days (domain.md §1.5). Weekday tests are never enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.errors import DataUnavailable, ValidationFailed

__all__ = ["SETTLEMENT_DAYS", "TradingCalendar"]

SETTLEMENT_DAYS = 2
"""A trade settles two trading days later (T+2)."""

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class TradingCalendar:
    """Trading days of one market.

    Attributes
    ----------
    days : datetime64[D] array, shape (days,)
        Trading days, ascending and unique.
    first, last : date
        The span the list speaks about; a day outside is unknown, not closed. Default: first and last element of ``days``.

    Raises
    ------
    ValidationFailed
        If the days are empty, not ascending or not unique.
    """

    days: Days
    first: date = date.min
    last: date = date.max

    def __post_init__(self) -> None:
        days = np.asarray(self.days, dtype="datetime64[D]")
        if days.ndim != 1 or len(days) == 0 or np.isnat(days).any() or (np.diff(days) <= np.timedelta64(0, "D")).any():
            raise ValidationFailed(
                "Trading days must be a non-empty, ascending list without repeats.", key="error.calendar_days"
            )
        object.__setattr__(self, "days", days)
        if self.first == date.min:
            object.__setattr__(self, "first", days[0].astype(date))
        if self.last == date.max:
            object.__setattr__(self, "last", days[-1].astype(date))

    def __len__(self) -> int:
        return len(self.days)

    @cached_property
    def _open_by_ordinal(self) -> npt.NDArray[np.bool_]:
        first = np.datetime64(self.first)
        table = np.zeros(int((np.datetime64(self.last) - first).astype(np.int64)) + 1, dtype=np.bool_)
        table[(self.days - first).astype(np.int64)] = True
        return table

    def _check(self, day: date) -> np.datetime64:
        if not self.first <= day <= self.last:
            raise DataUnavailable(
                f"The trading calendar covers {self.first} to {self.last}; {day} lies outside.",
                key="error.calendar_span",
                day=day.isoformat(),
                first=self.first.isoformat(),
                last=self.last.isoformat(),
            )
        return np.datetime64(day, "D")

    def is_trading_day(self, day: date) -> bool:
        """Whether the market opens on a day. Raises DataUnavailable outside the calendar's span."""
        position = int((self._check(day) - np.datetime64(self.first)).astype(np.int64))
        return bool(self._open_by_ordinal[position])

    def are_trading_days(self, days: Days) -> npt.NDArray[np.bool_]:
        """Whether each day is a trading day, same shape. False outside the span and for NaT; see :meth:`covers`."""
        offset = (np.asarray(days, dtype="datetime64[D]") - np.datetime64(self.first)).astype(np.int64)
        inside = (offset >= 0) & (offset < len(self._open_by_ordinal))
        return np.asarray(inside & self._open_by_ordinal[np.where(inside, offset, 0)], dtype=np.bool_)

    def covers(self, days: Days) -> npt.NDArray[np.bool_]:
        """Whether the calendar knows about each day, same shape; False for NaT."""
        values = np.asarray(days, dtype="datetime64[D]")
        return np.asarray((values >= np.datetime64(self.first)) & (values <= np.datetime64(self.last)), dtype=np.bool_)

    def _at(self, position: int, day: date) -> date:
        if not 0 <= position < len(self.days):
            raise DataUnavailable(
                f"The trading calendar covers {self.first} to {self.last}; the day asked for from {day} lies outside.",
                key="error.calendar_span",
                day=day.isoformat(),
                first=self.first.isoformat(),
                last=self.last.isoformat(),
            )
        found: Any = self.days[position].astype(date)
        return found  # type: ignore[no-any-return]

    def next(self, day: date) -> date:
        """First trading day after ``day``."""
        return self._at(int(np.searchsorted(self.days, self._check(day), side="right")), day)

    def previous(self, day: date) -> date:
        """Last trading day before ``day``."""
        return self._at(int(np.searchsorted(self.days, self._check(day), side="left")) - 1, day)

    def on_or_before(self, day: date) -> date:
        """``day`` itself if it is a trading day, else the last one before it."""
        return self._at(int(np.searchsorted(self.days, self._check(day), side="right")) - 1, day)

    def on_or_after(self, day: date) -> date:
        """``day`` itself if it is a trading day, else the first one after it."""
        return self._at(int(np.searchsorted(self.days, self._check(day), side="left")), day)

    def offset(self, day: date, count: int) -> date:
        """Trading day ``count`` trading days after ``day`` (before it if negative).

        From a closed day the first step forward goes to the next, the first step back to the previous trading day; 0 from a
        closed day raises ValidationFailed, because it has no answer.
        """
        value = self._check(day)
        left = int(np.searchsorted(self.days, value, side="left"))
        is_open = left < len(self.days) and bool(self.days[left] == value)
        if is_open:
            return self._at(left + count, day)
        if count == 0:
            raise ValidationFailed(f"{day} is not a trading day.", key="error.not_trading_day", day=day.isoformat())
        return self._at(left + count - 1 if count > 0 else left + count, day)

    def count(self, first: date, last: date) -> int:
        """Number of trading days from ``first`` to ``last``, both included; 0 if ``last`` lies before ``first``."""
        if last < first:
            return 0
        low, high = self._check(first), self._check(last)
        return int(np.searchsorted(self.days, high, side="right") - np.searchsorted(self.days, low, side="left"))

    def between(self, first: date, last: date) -> Days:
        """Trading days from ``first`` to ``last``, both included, as a datetime64[D] array."""
        low, high = self._check(first), self._check(last)
        left, right = np.searchsorted(self.days, low, side="left"), np.searchsorted(self.days, high, side="right")
        return self.days[left:right]

    def settlement(self, trade_day: date) -> date:
        """Settlement day of a trade: two trading days later (domain.md §1.5).

        Raises
        ------
        ValidationFailed
            If there is no trading on ``trade_day``.
        """
        if not self.is_trading_day(trade_day):
            raise ValidationFailed(f"{trade_day} is not a trading day.", key="error.not_trading_day", day=trade_day.isoformat())
        return self.offset(trade_day, SETTLEMENT_DAYS)
