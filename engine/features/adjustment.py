"""Base prices and the running corporate-action factor (domain.md §1.8), for all symbols and days at once.

One action can leave several marks: the exchange's 전일대비 on the day trading resumes, a new last price in the middle of a
halt, a recorded action dated on a halted day or on the day of resumption. Each counts once:

1. The exchange's word comes first. Where Δ is known and the day before is in the record, ``base = C - Δ`` and the day's
   factor is ``base / C of the row before``; less than one tick between them is rounding of the base price, not an action. On
   a row without trades whose Δ is unknown, a last price further from the row before than the daily limit allows is a new
   base as well.
2. Recorded actions count between two *traded* rows (last traded row before the ex day, first traded row from the ex day on)
   as one product, and only where the exchange's word is not complete there: Δ of the later row unknown, or a day missing
   between them. They then replace what step 1 found in that stretch, because a record dated on the resumption covers the
   whole halt.
3. On a row without trades a moved last price comes before recorded actions.

Days missing from the record give no factor by themselves: the price may have moved on them. The factor of day d uses
nothing later than d.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.calendar.ticks import tick_table
from engine.model.errors import ValidationFailed
from engine.model.instruments import Market
from engine.model.panel import FloatArray

__all__ = ["DAILY_LIMIT", "Adjustment", "adjust"]

DAILY_LIMIT = 0.30
"""How far a price can move in a day (domain.md §1.7); a last price beyond it was set by the exchange, not by quotes (기세)."""

_TICKS = tick_table(Market.UNKNOWN, date(2023, 1, 25))
_SLACK = 1e-9

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Adjustment:
    """Result of :func:`adjust`; arrays of shape (symbols, days)."""

    base_krw: FloatArray
    """기준가; NaN where there is no row, and on a symbol's first row unless Δ is known."""
    factor: FloatArray
    """Running product of factors, 1.0 on the first day, carried forward over days without a row."""


@dataclass(frozen=True, eq=False)
class _Grid:
    """What every step reads; all (symbols, days)."""

    close: FloatArray
    present: Bools
    traded: Bools
    stated: FloatArray
    """Base by the exchange; NaN where Δ is unknown."""
    before: FloatArray
    """Close of the row before, however long ago; NaN on the first row and where there is no row."""
    follows: Bools
    """A row whose day before has a row too."""
    step: FloatArray
    """Factor of the day by the exchange's word; 1.0 where it says nothing."""


def adjust(
    close_krw: npt.NDArray[Any],
    present: Bools,
    traded: Bools,
    prev_diff_krw: FloatArray,
    action_row: npt.NDArray[np.integer[Any]],
    action_day: npt.NDArray[np.integer[Any]],
    action_factor: FloatArray,
) -> Adjustment:
    """Compute base prices and running factors.

    Parameters
    ----------
    close_krw : number array, shape (symbols, days)
        Raw closes in won; the last price on rows without trades. A row without a positive close says nothing.
    present, traded : bool arrays, shape (symbols, days)
        A row exists / it made a price in the regular session.
    prev_diff_krw : float64 array, shape (symbols, days)
        The exchange's 전일대비 in won, NaN where unknown.
    action_row, action_day : integer arrays, shape (actions,)
        Symbol and first day not before the ex day, as indices. Actions whose index is outside are ignored.
    action_factor : float64 array, shape (actions,)
        Raw prices before the ex day times this compare with later ones; > 0. Several actions multiply.

    Raises
    ------
    ValidationFailed
        If shapes differ or a factor is not a positive number.
    """
    _check(close_krw, present, traded, prev_diff_krw, action_row, action_day, action_factor)
    grid = _grid(close_krw, present, traded, prev_diff_krw)
    base = np.where(np.isnan(grid.stated), grid.before * grid.step, grid.stated)
    step = grid.step.copy()
    for row, actions in _by_symbol(action_row, action_day, action_factor, close_krw.shape).items():
        _apply_actions(grid, row, actions, base[row], step[row])
    factor: FloatArray = np.cumprod(step, axis=1, dtype=np.float64)
    return Adjustment(base, factor)


def _check(close: npt.NDArray[Any], *rest: npt.NDArray[Any]) -> None:
    present, traded, diff, rows, days, factors = rest
    if close.ndim != 2 or not (close.shape == present.shape == traded.shape == diff.shape):
        raise ValidationFailed("Closes, presence, trades and 전일대비 must be (symbols, days) arrays of one shape.")
    if not (rows.shape == days.shape == factors.shape):
        raise ValidationFailed("Every corporate action needs a symbol, a day and a factor.")
    wrong = ~(np.isfinite(factors) & (factors > 0))
    if wrong.any():
        raise ValidationFailed(
            f"A corporate-action factor must be a number above 0; {factors[wrong][0]!r} is not.", key="error.action_factor"
        )


def _grid(close_krw: npt.NDArray[Any], present: Bools, traded: Bools, prev_diff_krw: FloatArray) -> _Grid:
    present = present & (close_krw > 0)
    traded = traded & present
    close = np.where(present, close_krw, np.nan).astype(np.float64)
    stated = close - prev_diff_krw
    stated = np.where(stated > 0, stated, np.nan)
    days = np.arange(close.shape[1])
    latest = np.maximum.accumulate(np.where(present, days, -1), axis=1)
    row_before = np.full(close.shape, -1, dtype=np.int64)
    row_before[:, 1:] = latest[:, :-1]
    before = np.where(present & (row_before >= 0), np.take_along_axis(close, np.maximum(row_before, 0), axis=1), np.nan)
    follows = present & (row_before >= 0) & (row_before == days - 1)
    return _Grid(close, present, traded, stated, before, follows, _steps(close, traded, stated, before, follows))


def _steps(close: FloatArray, traded: Bools, stated: FloatArray, before: FloatArray, follows: Bools) -> FloatArray:
    told = follows & ~np.isnan(stated)
    step = np.ones(close.shape, dtype=np.float64)
    moved = told & (np.abs(np.where(told, stated - before, 0.0)) >= _TICKS.tick_of(np.where(told, stated, 1.0)))
    step[moved] = stated[moved] / before[moved]
    quiet = follows & np.isnan(stated) & ~traded
    change = np.where(quiet, close / before - 1.0, 0.0)
    reset = quiet & (np.abs(change) > DAILY_LIMIT + _SLACK)
    step[reset] = close[reset] / before[reset]
    return step


def _by_symbol(
    rows: npt.NDArray[Any], days: npt.NDArray[Any], factors: FloatArray, shape: tuple[int, ...]
) -> dict[int, list[tuple[int, float]]]:
    """Actions of each symbol as (day, factor), ascending."""
    result: dict[int, list[tuple[int, float]]] = {}
    inside = (rows >= 0) & (rows < shape[0]) & (days >= 0) & (days < shape[1])
    order = np.lexsort((days[inside], rows[inside]))
    listed = (rows[inside][order].tolist(), days[inside][order].tolist(), factors[inside][order].tolist())
    for row, day, factor in zip(*listed, strict=True):
        result.setdefault(row, []).append((day, factor))
    return result


def _apply_actions(grid: _Grid, row: int, actions: list[tuple[int, float]], base: FloatArray, step: FloatArray) -> None:
    """Put one symbol's recorded actions into its bases and daily factors, stretch by stretch."""
    traded_days = np.flatnonzero(grid.traded[row])
    present_days = np.flatnonzero(grid.present[row])
    done = -1
    for ex_day, _ in actions:
        if ex_day <= done or not len(present_days) or ex_day <= present_days[0]:
            continue  # inside the stretch just done, or before the symbol's first row
        position = int(np.searchsorted(traded_days, ex_day))
        start = int(traded_days[position - 1]) if position else int(present_days[0])
        end = int(traded_days[position]) if position < len(traded_days) else len(step) - 1
        done = end
        _apply_stretch(grid, row, actions, start, end, base, step)


def _apply_stretch(
    grid: _Grid, row: int, actions: list[tuple[int, float]], start: int, end: int, base: FloatArray, step: FloatArray
) -> None:
    """Decide the days after the traded row ``start`` up to the next traded row ``end`` (or the last day)."""
    told = total = 1.0  # product of the exchange's factors since the start; what counts
    unbroken = True
    for day in range(start + 1, end + 1):
        if not grid.present[row, day]:
            unbroken = False
            continue
        told_before, total_before = told, total
        told *= float(grid.step[row, day])
        inside = [value for ex_day, value in actions if start < ex_day <= day]
        known = not math.isnan(grid.stated[row, day])
        complete = known and unbroken if grid.traded[row, day] else told != 1.0
        total = math.prod(inside) if inside and not complete else told
        if total == told and total_before == told_before:
            continue  # no recorded action has been reached: what the days themselves told stands to the last digit
        if not known:
            base[day] = grid.before[row, day] * total / told_before
        step[day] = total / total_before
