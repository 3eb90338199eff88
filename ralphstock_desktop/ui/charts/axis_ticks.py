"""Where axis lines stand and what is written beside them: prices on the tick grid, amounts, and trading time.

Times are Korean wall-clock times of the series; the axis counts bars, so days without trading leave no gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.calendar.ticks import tick_size
from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import RalphStockError

__all__ = ["TimeTick", "TimeTicks", "amount_ticks", "price_ticks", "snap_price", "tick_at"]

_STEPS = (1.0, 2.0, 2.5, 5.0)
_DAY_S = 86_400


# -- prices and amounts ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _tick(price: int, market: int, on: date) -> int:
    try:
        return tick_size(price, market, on)
    except RalphStockError:
        return 1  # an unknown market before 2023: the finest grid is the honest one for an axis


def tick_at(price: float, market: int, on: date) -> int:
    """Tick in won at a price; 1 where the rules cannot say."""
    return _tick(max(int(price), 1), market, on) if math.isfinite(price) and price >= 1 else 1


def snap_price(price: float, market: int, on: date) -> float:
    """Nearest price on the tick grid."""
    tick = tick_at(price, market, on)
    return max(round(price / tick) * tick, tick)


def _steps_upward(least: float) -> Sequence[float]:
    power = 10.0 ** math.floor(math.log10(least))
    return [factor * power * scale for scale in (1.0, 10.0) for factor in _STEPS]


def price_ticks(low: float, high: float, most: int, tick: Callable[[float], int], *, log: bool = False) -> list[float]:
    """Prices of the grid lines between ``low`` and ``high``, ascending.

    Parameters
    ----------
    most : int
        Most lines wanted (5-8 for a price axis of usual height).
    tick : callable
        Tick in won at a price; steps are multiples of the tick at the middle of the range.
    log : bool
        Space lines for a logarithmic axis where the range is wide.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low or most < 1:
        return []
    if log and low > 0 and high / low > 2.5:
        return _log_ticks(low, high, most)
    grid = tick((low + high) / 2)
    span = high - low
    for step in _steps_upward(max(span / (most + 1), 1e-9)):
        if span / step <= most and abs(step / grid - round(step / grid)) < 1e-9 and step >= grid:
            first = math.ceil(low / step - 1e-9)
            return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return [float(price) for price in range(math.ceil(low / grid) * grid, int(high) + 1, grid)][:most]


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    """The finest ladder of 1, 1-3, 1-2-5 or 1-1.5-2-3-5-7 whose rungs are not more than ``most``."""
    best: list[float] = []
    for ladder in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)):
        rungs = [
            factor * 10.0**power
            for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for factor in ladder
            if low <= factor * 10.0**power <= high
        ]
        if len(rungs) <= most or not best:
            best = rungs
    return best


def amount_ticks(low: float, high: float, most: int) -> list[float]:
    """Round amounts between ``low`` and ``high`` without zero (shares, won)."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low or most < 1:
        return []
    span = high - low
    step = next((size for size in _steps_upward(span / (most + 1)) if span / size <= most), span)
    numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return [number * step for number in numbers if number]


# -- time -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimeTick:
    """A line of the time axis: its bar, what kind of beginning it is and the moment it stands for."""

    bar: int
    kind: str
    """``year``, ``month``, ``day``, ``hour`` or ``half_hour``."""
    moment: np.datetime64


_MONTHS = (1, 3, 6, *(12 * years for years in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)))
"""Months between two lines of a time axis."""


class TimeTicks:
    """Beginnings of years, months, days and half hours in one series, found once and thinned for each picture."""

    def __init__(self, series: ChartSeries) -> None:
        self._time = series.time.astype("datetime64[s]")
        self._intraday = series.timeframe.is_intraday
        self._monthly = series.timeframe is Timeframe.MONTH
        seconds = self._time.astype(np.int64)
        self._starts: dict[str, npt.NDArray[np.int64]] = {}
        days = seconds // _DAY_S
        if self._intraday:
            self._starts["half_hour"] = _changes(seconds // 1800)
            self._starts["hour"] = _changes(seconds // 3600)
            self._starts["day"] = day_starts = _changes(days)
        else:
            day_starts = np.arange(len(days))
        months = days[day_starts].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        month_starts = _changes(months)
        self._starts["month"] = day_starts[month_starts]
        self._months = months[month_starts]

    def ticks(self, first: int, last: int, step_px: float, least_px: float) -> list[TimeTick]:
        """Lines for bars ``first`` … ``last`` - 1, at least ``least_px`` apart, stronger beginnings first."""
        if last <= first or step_px <= 0:
            return []
        found = self._months_of(first, last, step_px, least_px)
        if self._intraday:
            taken = {tick.bar for tick in found}
            for kind in ("day", "hour", "half_hour"):
                starts = self._within(kind, first, last)
                if len(starts) and (last - first) * step_px / len(starts) < least_px * (0.75 if kind == "half_hour" else 0.55):
                    break
                found += [TimeTick(int(bar), kind, self._time[bar]) for bar in starts if int(bar) not in taken]
                taken.update(int(bar) for bar in starts)
        return _thinned(found, step_px, least_px)

    def _within(self, kind: str, first: int, last: int) -> npt.NDArray[np.int64]:
        starts = self._starts[kind]
        begin, end = np.searchsorted(starts, (max(first, 1), last))
        return starts[begin:end]

    def _months_of(self, first: int, last: int, step_px: float, least_px: float) -> list[TimeTick]:
        starts = self._starts["month"]
        begin, end = (int(place) for place in np.searchsorted(starts, (max(first, 1), last)))
        if end <= begin:
            return []
        months = self._months[begin:end]
        need = len(months) * least_px / ((last - first) * step_px)
        every = next((every for every in _MONTHS if every >= need), _MONTHS[-1])
        wanted = np.arange(-(-int(months[0]) // every) * every, int(months[-1]) + 1, every)
        places = np.searchsorted(months, wanted)
        bars = starts[begin + places[months[places] == wanted]]
        months_of_bars = wanted[months[places] == wanted]
        return [
            TimeTick(bar, "year" if month % 12 == 0 else "month", self._time[bar])
            for bar, month in zip(bars.tolist(), months_of_bars.tolist(), strict=True)
        ]


_RANK = {"year": 0, "month": 1, "day": 2, "hour": 3, "half_hour": 4}


def _thinned(ticks: list[TimeTick], step_px: float, least_px: float) -> list[TimeTick]:
    """Drop weaker lines that stand too near a stronger (or earlier equal) one."""
    kept: list[TimeTick] = []
    for tick in sorted(ticks, key=lambda tick: (_RANK[tick.kind], tick.bar)):
        if all(abs(other.bar - tick.bar) * step_px >= least_px * 0.8 for other in kept):
            kept.append(tick)
    return sorted(kept, key=lambda tick: tick.bar)


def _changes(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Positions where a value differs from the one before; the first position is one."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
