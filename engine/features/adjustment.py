"""Base prices and the running corporate-action factor (domain.md §1.8), for all symbols and days at once.

Everything is measured from one *traded* row to the next, never chained row by row through a halt, because one action leaves
several marks: a changed last price in the middle of a halt, a recorded action dated on a halted day or on the day trading
resumes, and the exchange's 전일대비 at the resumption. Between two traded rows only one of them counts, in this order:

1. the exchange's 전일대비 Δ of the row: ``base = C - Δ``;
2. recorded actions with an ex day after the previous traded row and not after this one: ``base = C_previous x factors``;
3. a changed last price on a row without trades. Without a trade nothing moves against its base, so there Δ is 0 and the
   published last price itself is the new base (the exchange publishes Δ = 0 on every such row);
4. otherwise the previous traded close.

Where days are missing from the record between the two rows, 1 and 3 still give the day's base but no factor: the price may have
moved on the missing days, and only a recorded action says what was not a move. The factor of day d uses nothing later than d.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.errors import ValidationFailed
from engine.model.panel import FloatArray

__all__ = ["Adjustment", "adjust"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Adjustment:
    """Result of :func:`adjust`; arrays of shape (symbols, days)."""

    base_krw: FloatArray
    """기준가; NaN where there is no row, and on a symbol's first row unless Δ is known."""
    factor: FloatArray
    """Running product of factors, 1.0 on the first day, carried forward over days without a row."""


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
        Raw closes in won; the last price on rows without trades.
    present, traded : bool arrays, shape (symbols, days)
        A row exists / it made a price in the regular session.
    prev_diff_krw : float64 array, shape (symbols, days)
        The exchange's 전일대비 in won, NaN where unknown.
    action_row, action_day : integer arrays, shape (actions,)
        Symbol and first day not before the ex day, as indices. Actions whose day index is outside are ignored.
    action_factor : float64 array, shape (actions,)
        Raw prices before the ex day times this compare with later ones; > 0. Several actions multiply.

    Raises
    ------
    ValidationFailed
        If shapes differ or a factor is not a positive number.
    """
    _check(close_krw, present, traded, prev_diff_krw, action_row, action_day, action_factor)
    symbols, days = close_krw.shape
    close = np.where(present & (close_krw > 0), close_krw, np.nan).astype(np.float64)
    present = ~np.isnan(close)  # a row without a close says nothing about prices
    traded = traded & present
    anchor = _anchors(present, traded)
    anchored = present & (anchor >= 0)
    previous = np.where(anchored, np.take_along_axis(close, np.maximum(anchor, 0), axis=1), np.nan)
    stated = close - prev_diff_krw
    stated = np.where(present & traded & (stated > 0), stated, np.nan)
    quiet = present & ~traded
    quiet_diff = np.where(np.isnan(prev_diff_krw), 0.0, prev_diff_krw)
    quiet_base = np.where(quiet & (close - quiet_diff > 0), close - quiet_diff, np.nan)
    # without an action: the exchange's own base, else the last price of a halt, else the previous traded close
    carried = np.where(anchored, _last_quiet_base(quiet_base, present, traded), np.nan)
    base = np.where(~np.isnan(stated), stated, np.where(np.isnan(carried), previous, carried))
    base = np.where(anchored | (present & ~np.isnan(prev_diff_krw)), base, np.nan)
    base = np.where(present & ~anchored & ~np.isnan(prev_diff_krw) & quiet, quiet_base, base)
    base[base <= 0] = np.nan
    scale = np.where(anchored & ~_unbroken(anchor, present), previous, base)
    for row, spans in _action_spans(action_row, action_day, action_factor, symbols, days).items():
        _apply_actions(row, spans, base, scale, anchor, previous, stated, quiet_base, present, traded)
    return Adjustment(base, _running(scale, previous, anchored, present, traded))


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


def _anchors(present: Bools, traded: Bools) -> npt.NDArray[np.int64]:
    """Index of the last traded row before each day; before the first traded row the symbol's first row; -1 if none."""
    days = np.arange(present.shape[1])
    last_traded = np.maximum.accumulate(np.where(present & traded, days, -1), axis=1)
    first = np.where(present.any(axis=1), present.argmax(axis=1), present.shape[1])[:, None]
    before = np.full(present.shape, -1, dtype=np.int64)
    before[:, 1:] = last_traded[:, :-1]
    return np.where(before >= 0, before, np.where(days > first, first, -1))


def _unbroken(anchor: npt.NDArray[np.int64], present: Bools) -> Bools:
    """Whether a symbol has a row on every day from the anchor to the day."""
    count = np.cumsum(present, axis=1)
    days = np.arange(present.shape[1])
    between: npt.NDArray[np.int64] = count - np.take_along_axis(count, np.maximum(anchor, 0), axis=1)
    return np.asarray(between == days - anchor)


def _last_quiet_base(quiet_base: FloatArray, present: Bools, traded: Bools) -> FloatArray:
    """The base published by the latest row without trades since the last traded row (that day's own included); else NaN."""
    days = np.arange(present.shape[1])
    last_quiet = np.maximum.accumulate(np.where(~np.isnan(quiet_base), days, -1), axis=1)
    before = np.full(present.shape, -1, dtype=np.int64)
    before[:, 1:] = np.maximum.accumulate(np.where(present & traded, days, -1), axis=1)[:, :-1]
    value = np.take_along_axis(quiet_base, np.maximum(last_quiet, 0), axis=1)
    return np.where(last_quiet > before, value, np.nan)


def _action_spans(
    rows: npt.NDArray[Any], days: npt.NDArray[Any], factors: FloatArray, symbols: int, day_count: int
) -> dict[int, list[tuple[int, float]]]:
    result: dict[int, list[tuple[int, float]]] = {}
    inside = (rows >= 0) & (rows < symbols) & (days >= 0) & (days < day_count)
    order = np.lexsort((days[inside], rows[inside]))
    for row, day, factor in zip(
        rows[inside][order].tolist(), days[inside][order].tolist(), factors[inside][order].tolist(), strict=True
    ):
        result.setdefault(row, []).append((day, factor))
    return result


def _apply_actions(
    row: int,
    actions: list[tuple[int, float]],
    base: FloatArray,
    scale: FloatArray,
    anchor: npt.NDArray[np.int64],
    previous: FloatArray,
    stated: FloatArray,
    quiet_base: FloatArray,
    present: Bools,
    traded: Bools,
) -> None:
    """Put recorded actions into the rows from each ex day to the next traded row."""
    unbroken = _unbroken(anchor[row : row + 1], present[row : row + 1])[0]
    for first_ex_day, _ in actions:
        for day in (np.flatnonzero(present[row, first_ex_day:]) + first_ex_day).tolist():
            start = int(anchor[row, day])
            inside = [factor for ex_day, factor in actions if start < ex_day <= day]
            if start >= 0 and inside:
                recorded = previous[row, day] * math.prod(inside)
                # a price that moved without a trade is the exchange's own word and comes before the record
                moved = not np.isnan(quiet_base[row, day]) and quiet_base[row, day] != previous[row, day]
                own_word = moved or not np.isnan(stated[row, day])
                if not own_word:
                    base[row, day] = recorded
                if not own_word or not unbroken[day]:
                    scale[row, day] = recorded
            if traded[row, day]:
                break


def _running(scale: FloatArray, previous: FloatArray, anchored: Bools, present: Bools, traded: Bools) -> FloatArray:
    """Multiply scale / previous traded close from one traded row to the next; rows of a halt show the state of that day."""
    usable = anchored & (previous > 0) & ~np.isnan(scale)
    step = np.where(usable, scale / np.where(usable, previous, 1.0), 1.0)
    settled = np.cumprod(np.where(traded, step, 1.0), axis=1)
    shown = np.where(traded, settled, settled * step)
    days = np.arange(scale.shape[1])
    last_present = np.maximum.accumulate(np.where(present, days, -1), axis=1)
    carried = np.take_along_axis(shown, np.maximum(last_present, 0), axis=1)
    return np.where(last_present >= 0, carried, 1.0)
