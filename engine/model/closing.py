"""The result of a closing-bet scan of one instant, as arrays over all symbols (domain.md §3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum

import numpy as np
import numpy.typing as npt

from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.panel import FloatArray

__all__ = ["CLOSING_COMPONENTS", "CLOSING_MAX", "Cap", "ClosingBetScan", "ClosingRun", "Rejection", "SignalPhase"]

CLOSING_COMPONENTS: tuple[str, ...] = ("news", "volume", "chart", "candle", "period", "supply")
"""Order of the columns of every ``(symbols, components)`` array."""
CLOSING_MAX: tuple[float, ...] = (3.0, 3.0, 2.0, 1.0, 1.0, 2.0)


class ClosingRun(StrEnum):
    """Which of the day's runs (domain.md §3.1)."""

    PREVIEW = "PREVIEW"
    """15:00, for watching only."""
    PRE_CLOSE = "PRE_CLOSE"
    """15:10-15:20, candidates for the closing auction."""
    CONFIRMED = "CONFIRMED"
    """From 15:40, on the official bar."""
    FLOW_FINAL = "FLOW_FINAL"
    """After the confirmed flows; display and study only."""


class Rejection(IntFlag):
    """Mandatory filters a symbol fails; every one is reported (domain.md §3.3). The gate is not among them."""

    NONE = 0
    UNIVERSE = 1
    HALTED = 2
    ALERT = 4
    PRICE_LT_1000 = 8
    TRADING_VALUE_LT_100B = 16
    CHANGE_OUT_OF_RANGE = 32
    LIMIT_UP = 64
    LISTED_LT_20 = 128
    NEWS_VETO = 256
    NOT_TRADABLE = 512


class Cap(IntFlag):
    """Caps on the grade whose condition holds, also where the grade was lower already."""

    NONE = 0
    NEWS_ZERO = 1
    OVERHEAT = 2


class SignalPhase(IntEnum):
    """Phase a new signal is stored with."""

    NONE = 0
    """No signal: rejected, or grade C."""
    WATCH = 1
    PENDING = 2


@dataclass(frozen=True, eq=False)
class ClosingBetScan:
    """Closing bet of every symbol of a panel at one instant.

    Arrays have the panel's symbols as first axis. Floats are NaN where missing. Prices of the as-of day are raw won; highs and
    averages of earlier bars are in the price scale of the as-of day.
    """

    as_of: AsOf
    run: ClosingRun
    day_index: int
    flow_day_index: int
    """Last day whose confirmed flows may be used; the window ends at t-1 except in FLOW_FINAL."""
    ruleset: str
    panel_version: str
    gate: GateStatus

    points: FloatArray
    """(symbols, components)"""
    status: npt.NDArray[np.uint8]
    """(symbols, components), values of ScoreStatus."""
    rejected: npt.NDArray[np.uint16]
    caps: npt.NDArray[np.uint8]
    total: FloatArray
    score_pct: FloatArray
    raw_grade: npt.NDArray[np.uint8]
    """Grade before the caps."""
    grade: npt.NDArray[np.uint8]
    coverage: FloatArray
    candidate: npt.NDArray[np.bool_]
    """Eligible and passes the filters on price, traded value and change (§3.4)."""
    phase: npt.NDArray[np.uint8]
    """Values of SignalPhase: a signal is not rejected and has grade B or better."""
    order: npt.NDArray[np.intp]
    """Rows of the candidates: total desc, traded value desc, ticker asc."""

    n_bars: npt.NDArray[np.int32]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    base: FloatArray
    upper_limit: FloatArray
    change_pct: FloatArray
    value_krw: FloatArray
    value_estimated: npt.NDArray[np.bool_]
    high_250: FloatArray
    """Highest high of the last min(n, 250) bars, the as-of bar included."""
    high_60: FloatArray
    """Highest high of the 60 bars before the as-of bar."""
    near_high: FloatArray
    """C / high_250"""
    body_pct: FloatArray
    close_position: FloatArray
    """(C-L)/(H-L); NaN where H = L."""
    body_share: FloatArray
    """(C-O)/(H-L)"""
    period_range_pct: FloatArray
    period_volume_recent: FloatArray
    period_volume: FloatArray
    foreign_5d_krw: FloatArray
    institution_5d_krw: FloatArray
    flow_days: npt.NDArray[np.int32]
    entry_krw: FloatArray
    stop_krw: FloatArray
    target_krw: FloatArray
    news_net: FloatArray
    news_peak: FloatArray
