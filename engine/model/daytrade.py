"""The day-trading checklist: live inputs, what is known before the open, and the result (domain.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np
import numpy.typing as npt

from engine.model.gate import GateStatus
from engine.model.panel import FloatArray

__all__ = ["DAY_ITEMS", "DAY_MAX_RAW", "DayQuotes", "DayTradeScan", "EntryBan", "ItemReason"]

DAY_ITEMS: tuple[str, ...] = ("spike", "momentum", "box", "ma5", "institution", "oversold", "sector")
"""거래량 폭증, 모멘텀 돌파, 박스권 탈출, 5일선 위, 기관 매수, 낙폭 과대, 섹터 모멘텀: columns of every item array."""
DAY_MAX_RAW = 105.0


class ItemReason(IntEnum):
    """Why an item earned no points or could not be judged."""

    NONE = 0
    MISSING = 1
    TOO_EARLY = 2
    NOT_A_BOX = 3
    STALE = 4
    BELOW_MEDIAN = 5
    """Own return below the sector's median: at most 8 points."""
    INSTITUTION_SELLS = 6
    """Institutions did not buy: at most 8 points."""


class EntryBan(IntFlag):
    """Why no new position may be opened now (domain.md §§4.3, 4.4)."""

    NONE = 0
    TOO_EARLY = 1
    TOO_LATE = 2
    VI = 4
    NEAR_UPPER_LIMIT = 8
    GATE = 16
    STALE = 32
    PHASE = 64
    """Not in continuous trading of an open trading day."""
    INELIGIBLE = 128
    NO_QUOTE = 256


@dataclass(frozen=True, eq=False)
class DayQuotes:
    """Prices of the day so far, arrays in the order of a panel's symbols; NaN where nothing traded yet.

    ``day_index``-free: they belong to the trading day of ``now_ns``, which may be newer than the panel's last day.
    """

    now_ns: int
    """Market clock, UTC ns."""
    price: FloatArray
    base: FloatArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    volume_shares: FloatArray
    value_krw: FloatArray
    at_ns: npt.NDArray[np.int64]
    """Exchange time of the last trade; 0 where none."""
    vi: npt.NDArray[np.bool_]
    strength_pct: FloatArray
    final: bool = False
    """True where these are the day's official bars: nothing is stale then."""


@dataclass(frozen=True, eq=False)
class DayTradeScan:
    """Seven items of every symbol of a panel at one instant. First axis: the panel's symbols.

    ``values`` per item: RV; P/H20 in percent above; P/H20 in percent above; P/MA5 in percent above; N in won;
    drawdown in percent; sector percentile. NaN where missing.
    """

    now_ns: int
    ruleset: str
    panel_version: str
    gate: GateStatus
    prior_day_index: int
    """Panel day t-1: the last one of every prior window."""
    flow_day_index: int
    phi: float
    """Share of the day's volume expected by now; NaN outside trading hours."""

    values: FloatArray
    points: FloatArray
    state: npt.NDArray[np.uint8]
    """Values of ItemState, shape (symbols, items)."""
    reason: npt.NDArray[np.uint8]
    """Values of ItemReason, shape (symbols, items)."""
    raw: FloatArray
    score: FloatArray
    grade: npt.NDArray[np.uint8]
    coverage: FloatArray
    eligible: npt.NDArray[np.bool_]
    bans: npt.NDArray[np.uint16]
    projected_value_krw: FloatArray
    """Value of the day so far ÷ φ: the order of the scan universe."""
    order: npt.NDArray[np.intp]
    """Rows of eligible symbols with a price: score desc, projected value desc, ticker asc."""

    price: FloatArray
    change_pct: FloatArray
    relative_volume: FloatArray
    high_20: FloatArray
    low_20: FloatArray
    prior_high: FloatArray
    prior_close: FloatArray
    mean_volume: FloatArray
    box_width_pct: FloatArray
    ma5: FloatArray
    net_5d_krw: FloatArray
    institution_5d_krw: FloatArray
    net_share_pct: FloatArray
    flow_days: npt.NDArray[np.int32]
    drawdown_pct: FloatArray
    return_5d_pct: FloatArray
    sector_rank: npt.NDArray[np.int32]
    """1 = best; 0 where not ranked."""
    sector_count: int
    sector_median_pct: FloatArray
    mean_value_krw: FloatArray
    upper_limit: FloatArray
    entry_krw: FloatArray
    stop_krw: FloatArray
    target_krw: FloatArray
