"""Entry, stop, target and size of detected patterns (domain.md §2.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.calendar.ticks import ceil_tick, floor_tick, tick_size
from engine.model.errors import ValidationFailed
from engine.model.panel import FloatArray
from engine.model.scan import Grade
from engine.scoring.grades import target_return_pct
from engine.scoring.rounding import EPS
from engine.thresholds import GradeThresholds, OrderPlanThresholds

__all__ = ["OrderPlans", "plan_orders", "position_size"]


@dataclass(frozen=True, eq=False)
class OrderPlans:
    """Plans of all symbols; NaN and False where there is no pattern. Prices in won on the tick."""

    entry: FloatArray
    stop: FloatArray
    target: FloatArray
    reward_risk: FloatArray
    low_rr: npt.NDArray[np.bool_]


def plan_orders(
    *,
    pattern: npt.NDArray[np.bool_],
    breakout: npt.NDArray[np.bool_],
    close: FloatArray,
    pivot: FloatArray,
    last_low: FloatArray,
    grade: npt.NDArray[np.uint8],
    market: npt.NDArray[np.uint8],
    on: date,
    grades: GradeThresholds,
    thresholds: OrderPlanThresholds,
) -> OrderPlans:
    """Plan the order of every detected pattern of one day.

    A stop never lies further than ``max_stop_pct`` below the entry nor nearer than ``min_stop_pct``, before rounding down to
    the tick. Where the grade's target return is used the target is rounded down too.
    """
    entry, stop, target = (np.full(close.shape, np.nan) for _ in range(3))
    rows = np.flatnonzero(pattern)
    if len(rows):
        listed = market[rows]
        above = ceil_tick(pivot[rows], listed, on)
        price = np.where(breakout[rows], close[rows], above + tick_size(above, listed, on))
        under_low = last_low[rows] - tick_size(last_low[rows], listed, on)
        furthest = (1.0 - thresholds.max_stop_pct / 100.0) * price
        nearest = (1.0 - thresholds.min_stop_pct / 100.0) * price
        returns = target_return_pct(grade[rows], grades)
        entry[rows] = price
        stop[rows] = floor_tick(np.minimum(np.maximum(under_low, furthest), nearest), listed, on)
        target[rows] = floor_tick(price * (1.0 + returns / 100.0), listed, on)
    reward_risk = (target - entry) / (entry - stop)
    return OrderPlans(entry, stop, target, reward_risk, np.asarray(reward_risk < thresholds.low_rr - EPS))


def position_size(
    *,
    equity_krw: float,
    entry_krw: float,
    stop_krw: float,
    grade: Grade,
    mean_value_krw: float,
    gate_factor: float,
    thresholds: OrderPlanThresholds,
) -> int:
    """Shares to buy: the smallest of the risk, the capital and the liquidity limit.

    Parameters
    ----------
    equity_krw : float
        Account value in won.
    mean_value_krw : float
        Mean traded value of 20 bars in won.
    gate_factor : float
        1 for a GREEN gate, 0.5 for YELLOW, 0 for RED or UNKNOWN.

    Raises
    ------
    ValidationFailed
        If the stop is not below the entry or a number is not positive.
    """
    if not (0 < stop_krw < entry_krw) or equity_krw <= 0:
        raise ValidationFailed(
            f"A size needs a positive equity and a stop below the entry; entry {entry_krw:g}, stop {stop_krw:g}, "
            f"equity {equity_krw:g} are not.",
            key="error.position_size",
            entry=entry_krw,
            stop=stop_krw,
            equity=equity_krw,
        )
    multiple = {Grade.S: thresholds.s_multiple, Grade.A: thresholds.a_multiple, Grade.B: thresholds.b_multiple}.get(grade, 0.0)
    cap_pct = {Grade.S: thresholds.s_cap_pct, Grade.A: thresholds.a_cap_pct, Grade.B: thresholds.b_cap_pct}.get(grade, 0.0)
    risk = equity_krw * thresholds.risk_pct / 100.0 * multiple * gate_factor
    by_risk = np.floor(risk / (entry_krw - stop_krw) + EPS)
    by_capital = np.floor(cap_pct / 100.0 * equity_krw / entry_krw + EPS)
    by_liquidity = np.floor(thresholds.liquidity_pct / 100.0 * mean_value_krw / entry_krw + EPS)
    return int(min(by_risk, by_capital, by_liquidity))
