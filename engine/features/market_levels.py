"""Levels of the indices and the exchange rate, and the net buying of the whole market, on panel days (domain.md §5.1).

Only records at or before the day asked are read for it: every window ends with the day.

Readings of the rule book:

- An index without a close of the day itself is MISSING, whatever older closes there are.
- A day change needs the close of the market day before: over a hole in the series it is missing.
- The exchange rate has days of its own: the last record at or before the day counts if it is at most ``FX_MAX_AGE_DAYS``
  calendar days old. Its mean is over the records that end with that one.
- The foreign flow needs every one of its days; a sum with a hole would look whole.
- A live level stands for the official one on a day after the last official bar. An index without one keeps its last official
  level, and its change of the day is unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.features.breadth import rolling_mean, rolling_sum
from engine.model.market_series import DaySeries, FlowSeries
from engine.model.panel import FloatArray
from engine.scoring.rounding import more_than
from engine.thresholds import GateThresholds

__all__ = [
    "FX_MAX_AGE_DAYS",
    "INDEX_TESTS",
    "IndexMeasures",
    "LiveLevels",
    "foreign_flow",
    "index_measures",
    "is_level",
    "levels_until",
    "rate_measures",
]

Days64 = npt.NDArray[np.datetime64]
Bools = npt.NDArray[np.bool_]

INDEX_TESTS = ("above_short", "short_above_mid", "above_long", "short_rising")
"""The four tests of an index, in the order of their points."""
FX_MAX_AGE_DAYS = 3
"""A Friday's exchange rate still serves on Monday; sources leave out single days."""


@dataclass(frozen=True, slots=True)
class LiveLevels:
    """Levels of a day whose official bar is not known yet: index points, won per US dollar. None or NaN where missing."""

    day: date
    kospi: float | None = None
    kosdaq: float | None = None
    usd_krw: float | None = None


@dataclass(frozen=True, eq=False)
class IndexMeasures:
    """An index on the days asked for; arrays of shape (days,), ``tests`` of shape (days, 4). NaN where missing.

    ``change_pct`` is against the market day before; ``judged`` is False where the component is MISSING.
    """

    close: FloatArray
    change_pct: FloatArray
    short: FloatArray
    mid: FloatArray
    long: FloatArray
    short_before: FloatArray
    tests: Bools
    known: Bools
    judged: Bools


def is_level(value: float | None) -> bool:
    """Whether a level is there: finite and above zero."""
    return value is not None and math.isfinite(value) and value > 0


def levels_until(series: DaySeries | None, day: np.datetime64) -> tuple[Days64, FloatArray]:
    """Days and closes of a series up to and including ``day``, without days whose close is missing."""
    if series is None:
        return np.zeros(0, dtype="datetime64[D]"), np.zeros(0)
    end = series.until(day)
    close = np.asarray(series.close[:end], dtype=np.float64)
    kept = np.isfinite(close) & (close > 0)
    return series.days[:end].astype("datetime64[D]")[kept], close[kept]


def index_measures(
    dates: Days64,
    bar_days: npt.NDArray[np.int64],
    series: DaySeries | None,
    gate: GateThresholds,
    live: LiveLevels | None = None,
    live_level: float | None = None,
) -> IndexMeasures:
    """Measure an index on panel days (positions ``bar_days`` in ``dates``), or on the live day after the only one given.

    Nothing after the asked day is used for it: every window ends with it.
    """
    last = dates[bar_days].max() if len(bar_days) else np.datetime64("NaT", "D")
    days, close = levels_until(series, last)
    asked = dates[bar_days]
    before = np.where(bar_days > 0, dates[np.maximum(bar_days - 1, 0)], np.datetime64("NaT", "D"))
    if live is not None and live_level is not None and is_level(live_level):
        days = np.append(days, np.datetime64(live.day, "D"))
        close = np.append(close, live_level)
        before, asked = asked, days[-1:]
    if not len(close):
        nothing = np.full(len(asked), np.nan)
        no_tests = np.zeros((len(asked), len(INDEX_TESTS)), dtype=bool)
        judged = np.zeros(len(asked), dtype=bool)
        return IndexMeasures(nothing, nothing, nothing, nothing, nothing, nothing, no_tests, no_tests, judged)
    at = np.searchsorted(days, asked)
    found = days[np.minimum(at, len(days) - 1)] == asked
    at = np.where(found, at, 0)

    def pick(values: FloatArray, back: int = 0) -> FloatArray:
        return np.where(found & (at >= back), values[np.maximum(at - back, 0)], np.nan)

    means = [rolling_mean(close, length) for length in (gate.short_bars, gate.mid_bars, gate.long_bars)]
    level, short, mid, long = pick(close), *(pick(mean) for mean in means)
    short_before = pick(means[0], gate.rising_bars)
    previous = pick(close, 1)
    previous_day = days[np.maximum(at - 1, 0)]
    # A change over a hole is no day change: the close before must not be older than the market day before.
    whole = np.isnat(before) | (previous_day >= before)
    change = np.where(whole, 100.0 * (level / previous - 1.0), np.nan)
    if live is not None and not (live_level is not None and is_level(live_level)):
        change = np.full(len(asked), np.nan)  # the official bar's change is not today's
    pairs = ((level, short), (short, mid), (level, long), (short, short_before))
    tests = np.stack([more_than(a, b) for a, b in pairs], axis=1)
    known = np.stack([~(np.isnan(a) | np.isnan(b)) for a, b in pairs], axis=1)
    has_average = ~(np.isnan(short) & np.isnan(mid) & np.isnan(long))
    return IndexMeasures(level, change, short, mid, long, short_before, tests, known, ~np.isnan(level) & has_average)


def foreign_flow(dates: Days64, flow_days: npt.NDArray[np.int64], series: FlowSeries | None, length: int) -> FloatArray:
    """Net buying in won over the ``length`` panel days that end with each flow day (-1: none known); NaN if any is missing."""
    result = np.full(len(flow_days), np.nan)
    if series is None or not len(series.days):
        return result
    days = series.days.astype("datetime64[D]")
    at = np.minimum(np.searchsorted(days, dates), len(days) - 1)
    daily = np.where(days[at] == dates, np.asarray(series.net_krw, dtype=np.float64)[at], np.nan)
    if len(daily) < length:
        return result
    total = rolling_sum(daily, length)
    return np.where(flow_days >= 0, total[np.maximum(flow_days, 0)], np.nan)


def rate_measures(
    asked: Days64, series: DaySeries | None, length: int, live: LiveLevels | None = None
) -> tuple[FloatArray, FloatArray, Days64]:
    """Exchange rate, its mean over the ``length`` records up to it, and its day, for each day asked; NaN/NaT where missing."""
    nothing = np.full(len(asked), np.nan), np.full(len(asked), np.nan), np.full(len(asked), np.datetime64("NaT", "D"))
    if not len(asked):
        return nothing
    days, close = levels_until(series, asked.max())
    if live is not None:
        asked = np.array([live.day], dtype="datetime64[D]")
        if live.usd_krw is not None and is_level(live.usd_krw):
            days, close = np.append(days, asked), np.append(close, live.usd_krw)
    if not len(close):
        return nothing
    at = np.searchsorted(days, asked, side="right") - 1
    fresh = (at >= 0) & (asked - days[np.maximum(at, 0)] <= np.timedelta64(FX_MAX_AGE_DAYS, "D"))
    at = np.maximum(at, 0)
    mean = rolling_mean(close, length)
    return (
        np.where(fresh, close[at], np.nan),
        np.where(fresh, mean[at], np.nan),
        np.where(fresh, days[at], np.datetime64("NaT", "D")),
    )
