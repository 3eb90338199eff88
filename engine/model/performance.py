"""Signals as backtests take them, the trades they became, and what they were worth (domain.md §7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray

__all__ = [
    "SIGNAL_FIELDS",
    "TRADE_FIELDS",
    "Equity",
    "ExitReason",
    "Interval",
    "Metrics",
    "RecordRow",
    "SignalKind",
    "SignalSet",
    "StudyRow",
    "TradeSet",
    "WalkForward",
    "WalkWindow",
]

Ints = npt.NDArray[np.int64]

SIGNAL_FIELDS: tuple[str, ...] = (
    "kind", "row", "day", "grade", "score", "entry", "stop", "target", "pivot", "gate", "mean_value_krw",
)  # fmt: skip
"""Arrays of a :class:`SignalSet`, all of one length."""
TRADE_FIELDS: tuple[str, ...] = (
    "entry_day", "entry_price", "exit_day", "exit_price", "reason", "holding_bars",
    "gross_pct", "net_pct", "tax_pct", "risk_multiple", "factor",
)  # fmt: skip
"""Arrays of a :class:`TradeSet`, all of one length."""


class SignalKind(IntEnum):
    """How a signal is entered (domain.md §7.1); the value is what arrays store."""

    VCP_NEAR_PIVOT = 1
    VCP_BREAKOUT = 2
    CLOSING_BET = 3
    DAY_TRADE = 4

    @property
    def strategy(self) -> str:
        """Name of the strategy in the repository."""
        return {3: "CLOSING_BET", 4: "DAY_TRADE"}.get(int(self), "VCP")


class ExitReason(IntEnum):
    """Why a signal ended; the value is what arrays store, the name what the repository keeps."""

    NONE = 0
    """Still open at the end of the data."""
    STOP = 1
    STOP_GAP = 2
    TARGET = 3
    TARGET_GAP = 4
    TIME = 5
    GAP_UP = 6
    GAP_DOWN = 7
    TIME_10AM = 8
    EXPIRED = 9
    """Never filled."""
    CANCELLED_AT_CLOSE = 10
    DELISTED = 11
    MANUAL = 12


@dataclass(frozen=True, eq=False)
class SignalSet:
    """Signals in arrays of one length, ascending by (day, row). ``day`` is the panel index of the signal's day t."""

    kind: npt.NDArray[np.uint8]
    row: Ints
    day: Ints
    grade: npt.NDArray[np.uint8]
    score: FloatArray
    entry: FloatArray
    """Planned entry in won, price scale of day t."""
    stop: FloatArray
    target: FloatArray
    pivot: FloatArray
    gate: npt.NDArray[np.uint8]
    """Gate status at the signal."""
    mean_value_krw: FloatArray
    """Mean traded value of 20 bars (closing bet: the day's), for sizes."""
    ruleset: str

    def __len__(self) -> int:
        return len(self.row)

    def where(self, mask: npt.NDArray[np.bool_]) -> SignalSet:
        """The signals a mask keeps."""
        return SignalSet(ruleset=self.ruleset, **{name: getattr(self, name)[mask] for name in SIGNAL_FIELDS})


@dataclass(frozen=True, eq=False)
class TradeSet:
    """What became of each signal of a :class:`SignalSet`, same order and length.

    ``entry_day`` -1: not filled (reason EXPIRED) or still waiting (reason NONE). ``exit_day`` -1: still open; of an expired
    signal it is the day on which the order ended. Prices in won, the entry in the price scale of the exit day (corporate
    actions applied; of an open position, of the last day looked at), NaN where there is none. Returns in percent.
    """

    entry_day: Ints
    entry_price: FloatArray
    exit_day: Ints
    exit_price: FloatArray
    reason: npt.NDArray[np.uint8]
    holding_bars: Ints
    gross_pct: FloatArray
    net_pct: FloatArray
    tax_pct: FloatArray
    risk_multiple: FloatArray
    """Net result in R: net_pct divided by the planned loss in percent."""
    factor: FloatArray
    """Price factor of corporate actions between signal and exit."""

    def where(self, mask: npt.NDArray[np.bool_]) -> TradeSet:
        """The trades a mask keeps."""
        return TradeSet(**{name: getattr(self, name)[mask] for name in TRADE_FIELDS})

    @property
    def closed(self) -> npt.NDArray[np.bool_]:
        """Which were filled and have ended."""
        return np.asarray((self.entry_day >= 0) & (self.exit_day >= 0))


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % bootstrap interval; None where there are too few cases."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Aggregates of closed trades (domain.md §7.5); None where undefined."""

    signals: int
    filled: int
    closed: int
    wins: int
    win_rate: Interval
    mean_net_pct: Interval
    median_net_pct: float | None
    mean_gross_pct: float | None
    profit_factor: float | None
    """None without losses or without trades; see ``has_losses``."""
    has_losses: bool
    payoff: float | None
    expectancy_r: Interval
    best_pct: float | None
    worst_pct: float | None
    mean_holding_bars: float | None
    by_reason: tuple[tuple[str, int], ...]
    few: bool
    """Fewer closed trades than the rule asks for: 표본 부족."""


@dataclass(frozen=True, eq=False)
class Equity:
    """Portfolio value at each close (domain.md §7.5)."""

    day_index: Ints
    value_krw: FloatArray
    invested_krw: FloatArray
    positions: Ints
    start_krw: float
    cumulative_pct: float
    max_drawdown_pct: float
    sharpe: float | None
    kospi_pct: float | None
    kosdaq_pct: float | None
    taken: npt.NDArray[np.bool_]
    """Which signals found a place and a quantity."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """The honest record of one strategy and grade: out of sample, after costs.

    ``base_pct`` is the mean net return of the market's eligible stocks bought on the same days and held the same way.
    """

    strategy: str
    grade: int
    """Value of ``Grade``; 0 for all grades together."""
    n: int
    mean_net_pct: Interval
    win_rate: Interval
    base_pct: float | None
    excess_pct: Interval
    """Mean of (net return minus the base of its day)."""
    tries: int
    """Rule sets that were tried on these data so far."""
    first_day: str
    last_day: str
    enough: bool
    """False: too few cases to be judged."""
    label: str = ""
    """``CLOSE_PROXY`` where decision and purchase share one close."""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """Forward return after ``bars`` bars, minus the own index's, of one group of signals (domain.md §7.6)."""

    group: str
    """``all``, ``grade:S``, ``gate:GREEN``, ``year:2025`` …"""
    start: str
    """``entry`` or ``next_open``."""
    bars: int
    n: int
    mean_pct: Interval
    median_pct: float | None
    hit_rate: float | None
    error_pct: float | None
    """Standard error clustered by date."""


@dataclass(frozen=True, slots=True)
class WalkWindow:
    """One step of a walk-forward: chosen on ``train``, judged on ``test`` (panel days, both ends included)."""

    train_first: int
    train_last: int
    test_first: int
    test_last: int
    chosen: str
    """Rule-set id that was best in training."""
    train_mean_pct: float | None
    test_mean_pct: float | None
    test_n: int


@dataclass(frozen=True, eq=False)
class WalkForward:
    """A walk-forward over a period: every trade counted was made after the data its rules were chosen on."""

    windows: tuple[WalkWindow, ...]
    signals: SignalSet
    trades: TradeSet
    tries: int
