"""The result of a VCP scan of one day, as arrays over all symbols, and the codes those arrays store."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np
import numpy.typing as npt

from engine.model.instants import AsOf
from engine.model.panel import FloatArray

__all__ = [
    "GROUPS",
    "ITEMS",
    "ITEM_GROUP",
    "ITEM_MAX",
    "MAX_LEGS",
    "MAX_SWINGS",
    "Grade",
    "Ineligible",
    "ScanFlag",
    "ScoreStatus",
    "VcpScan",
    "VcpState",
]

MAX_LEGS = 40
"""Contractions kept per symbol after merging: each is at most 0.9 of the one before, so 40 reach from 100 % to 1 %."""
MAX_SWINGS = 264
"""Raw zigzag turning points of one symbol at most: two per bar of the longest window, and the last candidate."""

ITEMS: tuple[str, ...] = (
    "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8",
    "B1", "B2", "B3", "B4",
    "C1", "C2", "C3",
    "D1", "D2",
    "E1",
    "F1",
    "SM1", "SM2", "SM3", "SM4",
)  # fmt: skip
"""Order of the columns of every ``(symbols, items)`` array."""
ITEM_GROUP: tuple[str, ...] = tuple("A" if i[0] == "T" else "SM" if i[:2] == "SM" else i[0] for i in ITEMS)
GROUPS: tuple[str, ...] = ("A", "B", "C", "D", "E", "F", "SM")
ITEM_MAX: tuple[float, ...] = (3, 3, 3, 3, 3, 3, 3, 4, 10, 12, 4, 4, 8, 4, 3, 5, 5, 10, 10, 40, 30, 15, 15)
"""Maximum points per item under the default rules."""


class Grade(IntEnum):
    """Grade of a 0-100 score; ``NONE`` where the score is null."""

    NONE = 0
    C = 1
    B = 2
    A = 3
    S = 4


class VcpState(IntEnum):
    """Position of the as-of bar against the pivot (domain.md §2.8), with two states for bars that are not there."""

    NOT_TRADABLE = 0
    INSUFFICIENT_HISTORY = 1
    NO_BASE = 2
    FAILED = 3
    EXTENDED = 4
    BREAKOUT = 5
    BREAKOUT_UNCONFIRMED = 6
    NEAR_PIVOT = 7
    FORMING = 8


class ScoreStatus(IntEnum):
    """How complete the inputs of a score were."""

    MISSING = 0
    PARTIAL = 1
    OK = 2


class Ineligible(IntFlag):
    """Why a symbol is outside the VCP universe at ``as_of`` (domain.md §1.3, VCP column)."""

    NONE = 0
    MARKET = 1
    TYPE = 2
    HALTED = 4
    DESIGNATED = 8
    PRICE_LT_1000 = 16
    VALUE_LT_1B = 32
    NOT_TRADABLE = 64
    BARS_LT_60 = 128
    VALUE_UNKNOWN = 256


class ScanFlag(IntFlag):
    """Remarks on a result that do not change its score."""

    NONE = 0
    SM_MISSING = 1
    SM_PARTIAL = 2
    LOW_RR = 4
    WARNING = 8
    """투자경고"""
    DANGER = 16
    """투자위험"""
    OVERHEAT = 32
    """단기과열"""
    VALUE_ESTIMATED = 64
    """Traded value is volume x typical price, because no source gave it."""
    FLOW_SHARES = 128
    """Flow intensity was measured in shares, because won values are not complete."""
    PARTIAL_HISTORY = 256
    """Fewer than 251 valid bars."""
    FORMING = 512
    """Scored on a bar that is still forming: provisional."""
    FEED_GAP = 1024
    """Part of the forming bar was not received and is not filled yet."""


@dataclass(frozen=True, eq=False)
class VcpScan:
    """VCP and SmartMoney of every symbol of a panel at one instant.

    All arrays have the symbols of the panel as their first axis. Floats are NaN where missing. Days are indices into
    ``panel.days`` (-1 where there is none). Unrounded measures; ``vcp_score``, ``smartmoney_score`` and ``total_score`` are
    rounded half-up to two decimals as they are stored.
    """

    as_of: AsOf
    day_index: int
    """Index of the as-of bar's day in the panel."""
    flow_day_index: int
    """Index of the last day whose confirmed flows were known."""
    ruleset: str
    panel_version: str

    # status
    status: npt.NDArray[np.uint8]
    state: npt.NDArray[np.uint8]
    ineligible: npt.NDArray[np.uint16]
    flags: npt.NDArray[np.uint16]
    n_bars: npt.NDArray[np.int32]
    pattern: npt.NDArray[np.bool_]
    trend_gate: npt.NDArray[np.bool_]
    structure_gate: npt.NDArray[np.bool_]

    # items
    item_value: FloatArray
    """(symbols, items) measured value of each item in its unit."""
    item_points: FloatArray
    item_state: npt.NDArray[np.uint8]
    group_points: FloatArray
    """(symbols, groups) subtotals in the order of GROUPS."""

    # scores
    vcp_score: FloatArray
    smartmoney_score: FloatArray
    smartmoney_status: npt.NDArray[np.uint8]
    total_score: FloatArray
    grade: npt.NDArray[np.uint8]
    coverage: FloatArray

    # measures
    close: FloatArray
    change_pct: FloatArray
    mean_value_krw: FloatArray
    ma50: FloatArray
    ma150: FloatArray
    ma200: FloatArray
    ma200_before: FloatArray
    low_250: FloatArray
    high_250: FloatArray
    rs_raw: FloatArray
    rs: FloatArray
    theta_pct: FloatArray
    base_start: npt.NDArray[np.int32]
    base_bars: npt.NDArray[np.int32]
    t_count: npt.NDArray[np.int32]
    leg_start: npt.NDArray[np.int32]
    leg_end: npt.NDArray[np.int32]
    leg_high: FloatArray
    leg_low: FloatArray
    pivot: FloatArray
    last_low: FloatArray
    contraction_ratio: FloatArray
    dist_pct: FloatArray
    vol_ratio: FloatArray
    dry_ratio: FloatArray
    v5: FloatArray
    v50: FloatArray
    v_lowest: FloatArray
    v_last_leg: FloatArray
    v_first_leg: FloatArray
    max_close_5: FloatArray
    min_close_5: FloatArray
    mean_close_5: FloatArray
    flow_days: npt.NDArray[np.int32]
    """Days of the flow window with complete records."""
    flow_positive_days: npt.NDArray[np.int32]
    flow_in_shares: npt.NDArray[np.bool_]
    flow_foreign: FloatArray
    """Sum over the window in the unit that was used."""
    flow_institution: FloatArray
    flow_turnover: FloatArray
    foreign_5d_krw: FloatArray
    foreign_5d_shares: FloatArray
    institution_5d_krw: FloatArray
    institution_5d_shares: FloatArray

    # order plan, only where ``pattern``
    entry_krw: FloatArray
    stop_krw: FloatArray
    target_krw: FloatArray
    reward_risk: FloatArray

    def depths_pct(self, row: int) -> FloatArray:
        """Depths d_1 … d_T of one symbol in percent, oldest first."""
        count = int(self.t_count[row])
        high, low = self.leg_high[row, :count], self.leg_low[row, :count]
        return np.asarray(100.0 * (high - low) / high, dtype=np.float64)
