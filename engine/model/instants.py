"""Instants and the as-of rule's clock (domain.md §0.2). Times are Korean exchange time; storage is UTC nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

__all__ = ["KST", "AsOf", "day_of", "kst_datetime", "kst_ns"]

KST = timezone(timedelta(hours=9), "KST")
"""Korean standard time. Korea has had no daylight saving since 1988, so a fixed offset is exact for all data we keep."""


def kst_ns(day: date, hour: int, minute: int = 0, second: int = 0) -> int:
    """Return the instant of a Korean wall-clock time as UTC nanoseconds since the epoch."""
    moment = datetime.combine(day, time(hour, minute, second), tzinfo=KST)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000


def kst_datetime(instant_ns: int) -> datetime:
    """Return a UTC-nanosecond instant as a Korean wall-clock datetime (with zone)."""
    return datetime.fromtimestamp(instant_ns / 1e9, tz=KST)


def day_of(instant_ns: int) -> date:
    """Return the Korean calendar date of an instant."""
    return kst_datetime(instant_ns).date()


@dataclass(frozen=True, slots=True, order=True)
class AsOf:
    """The instant at which the market is looked at. Nothing that became known later may be used.

    ``instant_ns`` is UTC nanoseconds; build it with :meth:`at` from a Korean date and time.
    """

    instant_ns: int

    @classmethod
    def at(cls, day: date, hour: int, minute: int = 0, second: int = 0) -> AsOf:
        """Build from a Korean date and wall-clock time."""
        return cls(kst_ns(day, hour, minute, second))

    @classmethod
    def end_of(cls, day: date) -> AsOf:
        """Build the last second of a Korean day: the official bar and the confirmed flows of ``day`` are known."""
        return cls.at(day, 23, 59, 59)

    @property
    def day(self) -> date:
        """Korean calendar date of the instant."""
        return day_of(self.instant_ns)
