"""The share of a day's volume expected by an instant, φ (domain.md §4.2).

The curve is written for an ordinary day that opens at 09:00; on late-opening days and on the exam day it shifts with the open.
After the day's close φ is 1, whatever the curve has reached.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.calendar.sessions import SessionTable
from engine.model.errors import ValidationFailed
from engine.model.panel import FloatArray
from engine.thresholds import Rules

__all__ = ["DAY_MINUTES", "Curve", "own_curve", "phi", "table_curve"]

DAY_MINUTES = 391
"""Instants of a day's curve: 09:00, 09:01 … 15:30."""
_OPEN_MINUTE = 540
_MINUTE_NS = 60_000_000_000
_AT_ENDS = 1e-6


@dataclass(frozen=True, eq=False)
class Curve:
    """Cumulative share of a day's volume at minutes after midnight of an ordinary day; both ascending."""

    minute: FloatArray
    share: FloatArray


def table_curve(rules: Rules) -> Curve:
    """The rule book's curve."""
    table = np.asarray(rules.daytrading.volume_curve, dtype=np.float64)
    return Curve(table[:, 0], table[:, 1])


def own_curve(day_rows: FloatArray, rules: Rules) -> Curve | None:
    """Make a curve from the user's own minute data.

    Parameters
    ----------
    day_rows : float64 array, shape (days, 391)
        Each row one day: the share of the day's volume traded by 09:00, 09:01 … 15:30; the first is 0, the last, with the
        closing auction, 1. Days that are not such a cumulative share (a missing value, a fall, other ends) are left out.

    Returns
    -------
    Curve or None
        The mean of the days; None where fewer than ``curve_days`` of them can be used, so that the table counts.

    Raises
    ------
    ValidationFailed
        If there are not 391 minutes a day.
    """
    rows = np.asarray(day_rows, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != DAY_MINUTES:
        raise ValidationFailed(f"A volume curve needs rows of {DAY_MINUTES} minutes; the shape {rows.shape} is not.")
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(rows).all(axis=1) & (np.diff(rows, axis=1) >= 0).all(axis=1)
        usable &= (np.abs(rows[:, 0]) <= _AT_ENDS) & (np.abs(rows[:, -1] - 1.0) <= _AT_ENDS)
    if np.count_nonzero(usable) < rules.daytrading.curve_days:
        return None
    return Curve(_OPEN_MINUTE + np.arange(DAY_MINUTES, dtype=np.float64), rows[usable].mean(axis=0))


def phi(now_ns: int, day: date, sessions: SessionTable, rules: Rules, curve: Curve | None = None) -> float:
    """Return the share of the day's volume expected by an instant.

    Parameters
    ----------
    now_ns : int
        Instant, UTC ns.
    day : date
        Trading day.
    curve : Curve | None
        The user's own curve; None takes the rule book's.

    Returns
    -------
    float
        0 at the open … 1 from the close on; NaN before the open.
    """
    opened = sessions.open_ns(day)
    if now_ns < opened:
        return math.nan
    if now_ns >= sessions.close_ns(day):
        return 1.0
    used = curve if curve is not None else table_curve(rules)
    minute = _OPEN_MINUTE + (now_ns - opened) / _MINUTE_NS
    return float(np.interp(minute, used.minute, used.share))
