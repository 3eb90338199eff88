"""Shapes the performance charts draw: bins of returns, months and days of a calendar, axis steps, an index laid beside a curve.

Pure functions over arrays; missing is NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from ralphstock_desktop.ui.viewmodels.perf_report import Curve, Days, PerfReport

__all__ = [
    "Bins",
    "Calendar",
    "CalendarCell",
    "axis_steps",
    "beside_curve",
    "calendar_of",
    "daily_returns",
    "days_of_year",
    "return_bins",
    "step_decimals",
]

_BIN_STEPS = (0.5, 1.0, 2.0, 5.0, 10.0)
_MOST_BINS = 40


@dataclass(frozen=True, eq=False)
class Bins:
    """Counts of returns in equal bins of ``step`` percent; zero is always an edge. ``edges`` has one entry more."""

    edges: FloatArray
    counts: npt.NDArray[np.int64]
    step: float


def return_bins(net_pct: FloatArray) -> Bins | None:
    """Put net returns into bins; None where there is none. A bin holds its lower edge, zero belongs to what is not a loss."""
    known = net_pct[np.isfinite(net_pct)]
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    fitting = (one for one in _BIN_STEPS if (high - low) / one <= _MOST_BINS)
    step = next(fitting, 10.0 * math.ceil((high - low) / _MOST_BINS / 10.0))
    first, last = math.floor(min(low, 0.0) / step), math.floor(max(high, 0.0) / step) + 1
    edges = step * np.arange(first, last + 1, dtype=np.float64)
    place = np.clip(np.floor(known / step).astype(np.int64) - first, 0, last - first - 1)
    return Bins(edges, np.bincount(place, minlength=last - first).astype(np.int64), step)


# -- calendar -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CalendarCell:
    """Net return of a month or a day in percent; ``n`` trades sold in it. ``value`` None: nothing to say."""

    value: float | None
    n: int


@dataclass(frozen=True, eq=False)
class Calendar:
    """Months × years. ``of_account``: values are changes of the account; else means of the trades sold in the month."""

    years: tuple[int, ...]
    months: dict[tuple[int, int], CalendarCell]
    totals: dict[int, CalendarCell]
    of_account: bool


def daily_returns(curve: Curve) -> FloatArray:
    """Change of the account on each day in percent; the first one against the start capital."""
    path = np.concatenate([[curve.start_krw], curve.value_krw])
    change: FloatArray = 100.0 * (path[1:] / path[:-1] - 1.0)
    return change


def calendar_of(report: PerfReport) -> Calendar | None:
    """The report's calendar: of the account where there is a curve, else of the trades; None where there is neither."""
    sold = report.net_days.astype("datetime64[M]").astype(np.int64)
    if report.curve is not None and len(report.curve.days):
        days, values = report.curve.days, report.curve.value_krw
        months = days.astype("datetime64[M]").astype(np.int64)
        found, totals = {}, {}
        before = report.curve.start_krw
        for month in np.unique(months).tolist():
            end = float(values[np.flatnonzero(months == month)[-1]])
            count = int(np.count_nonzero(sold == month))
            found[(1970 + month // 12, month % 12 + 1)] = _change(before, end, count)
            before = end
        before = report.curve.start_krw
        years = 1970 + months // 12
        for year in np.unique(years).tolist():
            end = float(values[np.flatnonzero(years == year)[-1]])
            count = int(np.count_nonzero(1970 + sold // 12 == year))
            totals[int(year)] = _change(before, end, count)
            before = end
        return Calendar(tuple(sorted(totals)), found, totals, of_account=True)
    if not len(sold):
        return None
    found, totals = {}, {}
    for month in np.unique(sold).tolist():
        net = report.net_pct[sold == month]
        found[(1970 + month // 12, month % 12 + 1)] = CalendarCell(float(net.mean()), len(net))
    for year in np.unique(1970 + sold // 12).tolist():
        net = report.net_pct[1970 + sold // 12 == year]
        totals[int(year)] = CalendarCell(float(net.mean()), len(net))
    return Calendar(tuple(range(min(totals), max(totals) + 1)), found, totals, of_account=False)


def _change(before: float, end: float, sold: int) -> CalendarCell:
    """Change of the account; nothing where it neither moved nor sold: it held nothing."""
    return CalendarCell(None if end == before and not sold else 100.0 * (end / before - 1.0), sold)


def days_of_year(report: PerfReport, year: int) -> dict[date, CalendarCell]:
    """Change of the account on each day of a year, or without a curve the mean of the trades sold on the day."""
    result: dict[date, CalendarCell] = {}
    if report.curve is not None:
        for day, value in zip(report.curve.days.tolist(), daily_returns(report.curve).tolist(), strict=True):
            if day.year == year:
                sold = int(np.count_nonzero(report.net_days == np.datetime64(day)))
                result[day] = CalendarCell(None if value == 0.0 and not sold else value, sold)
        return result
    for day in np.unique(report.net_days).tolist():
        if day.year == year:
            net = report.net_pct[report.net_days == np.datetime64(day)]
            result[day] = CalendarCell(float(net.mean()), len(net))
    return result


# -- axes and the index ---------------------------------------------------------------------------------------------------


def axis_steps(low: float, high: float, most: int) -> list[float]:
    """Round values between two ends, at most ``most`` of them, ascending."""
    span = high - low
    if not span > 0.0 or most < 1:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 25.0, 50.0) if span / (factor * power) <= most)
    first = math.ceil(low / step - 1e-9)
    return [step * k for k in range(first, math.floor(high / step + 1e-9) + 1)]


def step_decimals(steps: list[float]) -> int:
    """Decimals that tell axis steps apart: none for whole ones."""
    return 0 if all(abs(step - round(step)) < 1e-9 for step in steps) else 1


def beside_curve(curve_days: Days, index_days: Days, close: FloatArray) -> FloatArray | None:
    """Return of an index since the curve's first day, in percent, on the curve's days.

    A day without a level takes the last one before it, a day after the last level is NaN: it is not known yet where an earlier
    instant is looked at. None where the level of the first day is not known.
    """
    known = np.isfinite(close)
    days, levels = index_days[known], close[known]
    if not len(days) or not len(curve_days):
        return None
    place = np.searchsorted(days, curve_days, side="right") - 1
    if place[0] < 0:
        return None
    gain: FloatArray = 100.0 * (levels[place] / levels[place[0]] - 1.0)
    return np.where(curve_days > days[-1], np.nan, gain)
