"""What a chart shows: one symbol's bars on one time frame, and the pattern drawn over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray

__all__ = ["ChartSeries", "LegBox", "OrderPlan", "Timeframe", "VcpOverlay"]


class Timeframe(StrEnum):
    """Bar length of a chart."""

    DAY = "D"
    WEEK = "W"
    MONTH = "M"
    MIN_1 = "1m"
    MIN_5 = "5m"
    MIN_15 = "15m"
    MIN_60 = "60m"

    @property
    def is_intraday(self) -> bool:
        """Whether bars are shorter than a day."""
        return self.value.endswith("m")


@dataclass(frozen=True, eq=False)
class ChartSeries:
    """Bars of one symbol, ascending, only valid ones, nothing after the as-of instant.

    Attributes
    ----------
    time : datetime64[s] array, shape (bars,)
        Trading date at midnight for day and longer; Korean wall-clock start of the bar for minutes. Exchange time, no zone.
    open, high, low, close : float64 arrays
        Won; adjusted to the price scale of the last bar if ``adjusted``.
    volume_shares, value_krw : float64 arrays
        NaN where missing.
    value_estimated : bool array
        Where ``value_krw`` is an estimate.
    base : float64 array
        Price the bar's change is measured against (기준가 for days, previous close otherwise), same scale; NaN if unknown.
    foreign_krw, institution_krw, pension_krw : float64 arrays
        Confirmed net buying per bar, NaN where there is no record (all NaN for minutes).
    averages : dict[int, float64 array]
        Moving averages by length, NaN where not enough bars.
    """

    ticker: str
    name: str
    name_en: str
    market: int
    timeframe: Timeframe
    adjusted: bool
    simulated: bool
    time: npt.NDArray[np.datetime64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume_shares: FloatArray
    value_krw: FloatArray
    value_estimated: npt.NDArray[np.bool_]
    base: FloatArray
    foreign_krw: FloatArray
    institution_krw: FloatArray
    pension_krw: FloatArray
    averages: dict[int, FloatArray] = field(default_factory=dict)
    source: str = ""

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class LegBox:
    """One contraction drawn as a box; days are ordinals since 1970-01-01, prices in the scale of the as-of day."""

    first_day: int
    last_day: int
    high: float
    low: float
    depth_pct: float
    is_last: bool


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """Entry, stop and target of a detected pattern in won on the tick."""

    entry: int
    stop: int
    target: int
    reward_risk: float


@dataclass(frozen=True, slots=True)
class VcpOverlay:
    """Everything of a VCP that is drawn on a day chart. Days are ordinals since 1970-01-01."""

    base_first_day: int
    base_last_day: int
    base_bars: int
    theta_pct: float
    legs: tuple[LegBox, ...]
    swings: tuple[tuple[int, float], ...]
    """Raw zigzag: (day, price) of each turning point, oldest first."""
    pivot: float | None
    pivot_from_day: int | None
    dry_up_days: tuple[int, ...]
    """The five bars whose mean volume is the numerator of C1, where C1 earned points; else empty."""
    breakout_day: int | None
    plan: OrderPlan | None
