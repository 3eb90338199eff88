"""What the window may ask of the strategies and what it is told: gate, closing bet, day trading, news, records, what-if,
notices, time machine, backtests, recommendations.

The seam between ``ui`` and ``services`` for everything beside VCP (:mod:`ralphstock_desktop.services.contracts`). Facts come on
channels, on the event-loop thread; a fact belongs to the instant of the market picture it carries. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from engine.model.closing import ClosingBetScan, ClosingRun
from engine.model.daytrade import DayQuotes, DayTradeScan
from engine.model.evidence import EvidenceGroup
from engine.model.gate import GateHistory, GateReading, SectorState
from engine.model.instants import AsOf
from engine.model.news import NewsItem, NewsPoints, StockNews
from engine.model.panel import MarketPanel
from engine.model.performance import Equity, Metrics, RecordRow, SignalSet, StudyRow, TradeSet, WalkForward
from engine.thresholds import Rules, Spec
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import PanelState
from ralphstock_desktop.strategy_ports import (
    BacktestSummary,
    NoticeRecord,
    RuleProfile,
    SignalRecord,
    StoredBacktest,
)

__all__ = [
    "STRATEGIES",
    "BacktestPlan",
    "BacktestResult",
    "Backtests",
    "ClosingExplanation",
    "ClosingPicture",
    "DayTradeExplanation",
    "DayTradePicture",
    "GatePicture",
    "GradeChange",
    "GradeDiff",
    "Journal",
    "NearMiss",
    "NewsPicture",
    "NoticeBook",
    "Recommendation",
    "Recommendations",
    "RecordTable",
    "RunDifference",
    "Strategies",
    "StrategyName",
    "Threshold",
    "TimeMachine",
    "TimeMachineState",
    "TimeMark",
    "WhatIf",
    "WhatIfState",
]

StrategyName = Literal["VCP", "CLOSING_BET", "DAY_TRADE"]
STRATEGIES: tuple[StrategyName, ...] = ("VCP", "CLOSING_BET", "DAY_TRADE")


# -- pictures -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class GatePicture:
    """The gate as of the instant looked at, with its sectors and its evidence."""

    reading: GateReading
    sectors: tuple[SectorState, ...]
    groups: tuple[EvidenceGroup, ...]
    panel: MarketPanel
    live: bool = False
    """Read with today's live index levels: provisional."""


@dataclass(frozen=True, slots=True)
class RunDifference:
    """How CONFIRMED differs from PRE_CLOSE for one symbol: ``cancelled`` (CANCELLED_AT_CLOSE), ``new``, ``changed``."""

    ticker: str
    change: Literal["cancelled", "new", "changed"]
    before: str
    after: str
    """Grades and totals such as ``A 8``; empty where there was none."""


@dataclass(frozen=True, eq=False)
class ClosingPicture:
    """A closing-bet scan with what it was made from."""

    scan: ClosingBetScan
    panel: MarketPanel
    rules: Rules
    news: NewsPoints
    gate: GateReading
    seconds: float
    differences: tuple[RunDifference, ...] = ()
    forming: bool = False
    """Made on a bar that is still forming."""
    what_if: bool = False


@dataclass(frozen=True, eq=False)
class ClosingExplanation:
    """Six components of one symbol with their evidence, the news that scored, and its filters.

    ``filters`` are (code, passed, text-key fields) in the order of domain.md §3.3, failed ones too.
    """

    ticker: str
    row: int
    picture: ClosingPicture
    groups: tuple[EvidenceGroup, ...]
    news: StockNews
    filters: tuple[tuple[str, bool | None, dict[str, str | int | float]], ...]
    qty: int
    """By the size rule for the account value of the settings; 0 where the gate or the grade forbids."""


@dataclass(frozen=True, eq=False)
class DayTradePicture:
    """A day-trading scan with the quotes it was made from."""

    scan: DayTradeScan
    quotes: DayQuotes
    panel: MarketPanel
    rules: Rules
    gate: GateReading
    seconds: float
    source: Literal["live", "minutes", "daily"]
    """``daily``: the official bar of the as-of day, since no minute bars are there."""
    own_curve: bool = False
    """φ from the user's own minute data instead of the default table."""
    changed: npt.NDArray[np.intp] | None = None
    """Rows that changed since the picture before; None for all."""
    what_if: bool = False


@dataclass(frozen=True, eq=False)
class DayTradeExplanation:
    """Seven items of one symbol with their evidence."""

    ticker: str
    row: int
    picture: DayTradePicture
    groups: tuple[EvidenceGroup, ...]
    qty: int


@dataclass(frozen=True, eq=False)
class NewsPicture:
    """News known at the instant: of the whole market, newest first, and what every symbol's are worth."""

    as_of: AsOf
    items: tuple[NewsItem, ...]
    points: NewsPoints | None
    """None where no collector ever worked: MISSING."""
    collected: bool
    panel: MarketPanel


@dataclass(frozen=True, eq=False)
class RecordTable:
    """The honest record of every strategy and grade as of the instant, on the user's own data."""

    rows: tuple[RecordRow, ...]
    as_of: AsOf
    ruleset: str
    notes: tuple[tuple[str, dict[str, str | int | float]], ...]
    """Survivorship, missing data, CLOSE_PROXY …: text keys ``record.note.<name>`` with fields."""

    def of(self, strategy: str, grade: int) -> RecordRow | None:
        """The record of one strategy and grade (value of ``Grade``; 0 for all)."""
        return next((row for row in self.rows if row.strategy == strategy and row.grade == grade), None)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A symbol one item short of the next grade, and what would have to happen."""

    strategy: StrategyName
    row: int
    ticker: str
    item: str
    """Item of the evidence (``C1``, ``volume``, ``spike`` …)."""
    grade: int
    next_grade: int
    value: float
    need: float
    unit: str
    gap: float
    """``need - value`` in ``unit``, signed."""
    gap_share: float
    """Distance as a share of the need, for sorting; smaller is nearer."""
    key: str
    """Text key ``near.<what>`` of the sentence: price in won, shares to trade, percent …"""
    fields: tuple[tuple[str, str | int | float], ...]


@dataclass(frozen=True, slots=True)
class GradeChange:
    """One item that changed between two instants; ``effect`` in points of the total score."""

    item: str
    before: float | None
    after: float | None
    unit: str
    points_before: float
    points_after: float
    effect: float
    at_ns: int | None
    """When it changed, where minutes tell; else None."""


@dataclass(frozen=True, eq=False)
class GradeDiff:
    """What changed a grade between two instants. The effects add up to ``score_after - score_before``."""

    strategy: StrategyName
    ticker: str
    from_as_of: AsOf
    to_as_of: AsOf
    grade_before: int
    grade_after: int
    score_before: float | None
    score_after: float | None
    changes: tuple[GradeChange, ...]
    """Largest effect first; the last one named ``rounding`` where rounding leaves a rest."""


# -- recommendations ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One entry of domain.md §8.3."""

    ticker: str
    name: str
    strategies: tuple[str, ...]
    grade: int
    score: float
    """Comparable score, 0-100."""
    score_scale: str
    """``72.4/100`` or ``8/12``: the strategy's own score."""
    entry_krw: float
    stop_krw: float
    target_krw: float
    qty: int
    weight_pct: float
    signal_date: date
    reasons: tuple[tuple[str, dict[str, str | int | float]], ...]
    traded_value_krw: float
    record: RecordRow | None


@dataclass(frozen=True, eq=False)
class Recommendations:
    """Recommendations as of an instant; an empty list carries the reason, a failure is an error and never an empty list."""

    items: tuple[Recommendation, ...]
    as_of: AsOf
    gate: GateReading | None
    reason: Literal["", "NO_SIGNALS", "GATE_RED", "GATE_UNKNOWN", "STALE_DATA"] = ""


# -- what-if ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Threshold:
    """One slider: where it stands, its default, its limits, and the market's distribution of the measured quantity."""

    name: str
    """Dotted name in :class:`~engine.thresholds.Rules`; text key ``threshold.<name>``."""
    value: float
    default: float
    spec: Spec
    histogram: tuple[float, ...] | None = None
    """Counts over equal bins of ``spec.low`` … ``spec.high`` of what it compares with; None where that is no one number."""


@dataclass(frozen=True, eq=False)
class WhatIfState:
    """What the moved thresholds do, against the stored rules."""

    active: bool
    strategy: StrategyName
    rules: Rules
    base_rules: Rules
    profile: str
    """Name of the loaded profile; empty for the standard rules."""
    changed: tuple[Threshold, ...]
    counts_before: dict[str, int]
    """``S``, ``A``, ``B``, ``C`` and ``all`` (detected or candidates)."""
    counts_after: dict[str, int]
    entering: tuple[tuple[str, int, float], ...]
    """(ticker, grade, score) that now have a signal (grade B or better, or a detected pattern)."""
    leaving: tuple[tuple[str, int, float], ...]
    moved: int
    """Symbols whose rank in the list changed."""
    seconds: float
    """Recomputing and re-ranking the whole market."""
    record_before: RecordRow | None
    record_after: RecordRow | None
    """All grades together; None while it is being computed."""
    tries: int
    can_undo: bool


class WhatIf(Protocol):
    """Moves thresholds and shows at once what the whole market would be; stored signals never change."""

    state: Channel[WhatIfState]

    def choose(self, strategy: StrategyName) -> None: ...
    def thresholds(self, strategy: StrategyName) -> tuple[Threshold, ...]:
        """Every slider of a strategy, the most telling ones first."""
        ...

    def move(self, name: str, value: float) -> None:
        """Set one threshold; rescans and publishes pictures marked ``what_if``. Raises ValidationFailed."""
        ...

    def undo(self) -> None: ...
    def reset(self) -> None:
        """Back to the standard rules; pictures are the stored ones again."""
        ...

    def profiles(self) -> tuple[RuleProfile, ...]: ...
    async def save_as(self, name: str) -> None: ...
    async def load(self, name: str) -> None: ...
    async def delete(self, name: str) -> None: ...


# -- notices ------------------------------------------------------------------------------------------------------------


class NoticeBook(Protocol):
    """What the trader is told: stored first, then shown, once."""

    notices: Channel[tuple[NoticeRecord, ...]]
    """Newest first, as known at the instant looked at."""
    fresh: Channel[NoticeRecord]
    """To be shown as a toast and a desktop notification now."""
    unread: Channel[int]

    def mark_read(self, ids: Sequence[int] | None = None) -> None:
        """None marks all."""
        ...

    def mute(self, kind: str, ticker: str, minutes: int) -> None: ...


# -- time machine -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimeMark:
    """An event on the day line."""

    at_ns: int
    kind: str
    """``news``, ``signal``, ``gate``, ``phase``"""
    key: str
    fields: tuple[tuple[str, str | int | float], ...] = ()


@dataclass(frozen=True, slots=True)
class TimeMachineState:
    """The one clock of the workstation while the past is looked at."""

    active: bool
    now_ns: int
    day: date
    first_ns: int
    """Start of the day line (market open)."""
    last_ns: int
    """Its end (official bar, or confirmed flows where later)."""
    playing: bool
    speed: float
    has_minutes: bool
    marks: tuple[TimeMark, ...]
    """Only events up to ``now_ns``."""


class TimeMachine(Protocol):
    """Sets the whole workstation back to a moment and plays it forward."""

    state: Channel[TimeMachineState]
    speeds: tuple[float, ...]

    def enter(self, as_of: AsOf) -> None: ...
    def leave(self) -> None:
        """Back to now."""
        ...

    def play(self) -> None: ...
    def pause(self) -> None: ...
    def set_speed(self, speed: float) -> None: ...
    def jump(self, instant_ns: int) -> None: ...
    def step(self, minutes: int) -> None: ...
    def step_day(self, days: int) -> None: ...


# -- backtests ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """What to test. Days inclusive; ``changes`` are moved thresholds by dotted name."""

    name: str
    strategy: StrategyName
    first: date
    last: date
    changes: dict[str, Any]
    start_krw: float = 100_000_000.0
    walk_forward: bool = False
    search: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """Grid of a walk-forward search: (threshold, values)."""
    executor: Literal["local", "dask"] = "local"
    dask_address: str = ""


@dataclass(frozen=True, eq=False)
class BacktestResult:
    """A finished backtest."""

    plan: BacktestPlan
    ruleset: str
    panel: MarketPanel
    signals: SignalSet
    trades: TradeSet
    metrics: Metrics
    by_grade: tuple[tuple[int, Metrics], ...]
    by_gate: tuple[tuple[int, Metrics], ...]
    equity: Equity
    study: tuple[StudyRow, ...]
    record: tuple[RecordRow, ...]
    walk: WalkForward | None
    tries: int
    seconds: float
    notes: tuple[tuple[str, dict[str, str | int | float]], ...]
    stored_id: int | None = None


class Backtests(Protocol):
    """Runs, keeps and compares backtests."""

    state: Channel[PanelState]
    results: Channel[BacktestResult]
    """The newest result (or one that was opened)."""
    stored: Channel[tuple[BacktestSummary, ...]]
    progress: Channel[Progress | None]

    def run(self, plan: BacktestPlan) -> None: ...
    def cancel(self) -> None: ...
    async def open(self, run_id: int) -> StoredBacktest: ...
    async def delete(self, run_id: int) -> None: ...
    def export(self, result: BacktestResult) -> str:
        """Trades as CSV text."""
        ...


class Journal(Protocol):
    """Life of stored signals and the paper journal of what was taken."""

    signals: Channel[tuple[SignalRecord, ...]]
    """Stored signals of all strategies as known at the instant, newest first."""

    def of(self, ticker: str) -> tuple[SignalRecord, ...]: ...
    async def take(self, signal_id: int, price_krw: int, qty: int, note: str) -> None: ...
    async def close(self, signal_id: int, price_krw: int, note: str) -> None: ...
    async def annotate(self, signal_id: int, note: str) -> None: ...
    async def take_back(self, signal_id: int) -> None:
        """Forget that a signal was taken."""
        ...

    async def load_superseded(self) -> tuple[SignalRecord, ...]:
        """Signals a later run no longer found, as known at the instant."""
        ...


class Strategies(Protocol):
    """Every strategy beside VCP, and what belongs to all of them."""

    gate: Channel[GatePicture]
    gate_state: Channel[PanelState]
    closing: Channel[ClosingPicture]
    closing_state: Channel[PanelState]
    day_trades: Channel[DayTradePicture]
    day_state: Channel[PanelState]
    news: Channel[NewsPicture]
    news_state: Channel[PanelState]
    records: Channel[RecordTable]

    @property
    def what_if(self) -> WhatIf: ...
    @property
    def notices(self) -> NoticeBook: ...
    @property
    def time_machine(self) -> TimeMachine: ...
    @property
    def backtests(self) -> Backtests: ...
    @property
    def journal(self) -> Journal: ...

    def explain_closing(self, ticker: str) -> ClosingExplanation | None:
        """None if the panel does not hold the symbol or there is no scan yet."""
        ...

    def explain_day_trade(self, ticker: str) -> DayTradeExplanation | None: ...
    def news_of(self, ticker: str) -> StockNews | None: ...
    async def load_gate_history(self) -> GateHistory:
        """The gate of every panel day up to the instant looked at."""
        ...

    def near_misses(self, strategy: StrategyName) -> tuple[NearMiss, ...]:
        """Nearest first, of the scan on screen."""
        ...

    async def grade_diff(self, strategy: StrategyName, ticker: str, since: AsOf | None = None) -> GradeDiff:
        """What changed a symbol's grade since an instant; None: since the trading day before. Raises DataUnavailable."""
        ...

    async def recommend(self, strategy: Literal["vcp", "jongga", "both"] = "both", limit: int = 5) -> Recommendations: ...
    def start_closing(self, run: ClosingRun | None = None) -> None:
        """Scan the closing bet again; None takes the run that fits the clock."""
        ...
