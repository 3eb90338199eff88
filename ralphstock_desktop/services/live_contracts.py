"""What the window may ask of the running market and what it is told: quotes, books, trades, gaps, health, synchronising.

The quote board is a set of arrays in the order of the market panel's symbols; frames say at most thirty times a second which
rows changed. A panel reads the arrays, it never gets an object per tick. Everything is used on the event loop's thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import Phase
from engine.model.errors import RalphStockError
from engine.model.live import (
    BookTick,
    ConditionHit,
    ConnectionState,
    IndexTick,
    ProgramTick,
    QuoteSource,
    TradeTick,
    ViEvent,
)
from ralphstock_desktop.live_ports import ConditionFormula, Credentials, Diagnosis, FeedPart
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import ScanPicture

__all__ = [
    "STALE_AFTER_S",
    "ConnectionPlan",
    "FeedStatus",
    "FormingBar",
    "Gap",
    "GapReport",
    "GapState",
    "HealthReport",
    "Host",
    "IndexBoard",
    "LiveMarket",
    "LiveScan",
    "PriceSpan",
    "QuoteBoard",
    "QuoteFrame",
    "ServiceHealth",
    "SimulationControl",
    "SimulationState",
    "SyncControl",
    "SyncPlan",
    "SyncState",
    "SyncStep",
    "TradeRun",
]

STALE_AFTER_S = 60.0
"""A quote older than this in a trading session is stale (domain.md §4.3)."""

Host = Literal["simulator", "real", "mock", "custom"]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class QuoteBoard:
    """Latest value of every symbol, in arrays of the panel's order; written in place by the hub, read by everybody.

    Missing integers are ``engine.model.live.MISSING``, missing floats NaN. Prices of the KRX regular session.
    """

    tickers: npt.NDArray[np.str_]
    day: date
    """Trading day the values belong to."""
    price_krw: Ints
    base_krw: Ints
    open_krw: Ints
    high_krw: Ints
    low_krw: Ints
    volume_shares: Ints
    value_krw: Ints
    ask_krw: Ints
    bid_krw: Ints
    strength_pct: Floats
    change_pct: Floats
    at_ns: Ints
    """Exchange time of the value; MISSING where none is known yet."""
    source: npt.NDArray[np.uint8]
    """Values of :class:`~engine.model.live.QuoteSource`."""
    vi: npt.NDArray[np.bool_]
    """A volatility interruption is on."""
    gap: npt.NDArray[np.bool_]
    """Something of the day is missing in what we recorded and not filled yet."""

    def row_of(self, ticker: str) -> int | None:
        """Row of a ticker; None if the board does not hold it."""
        row = int(np.searchsorted(self.tickers, ticker))
        return row if row < len(self.tickers) and self.tickers[row] == ticker else None


@dataclass(frozen=True, slots=True)
class PriceSpan:
    """Prices one symbol traded at since the frame before; the last of them is on the board."""

    low_krw: int
    high_krw: int
    since_ns: int
    """None of them is older than this: exchange time of the first one."""


@dataclass(frozen=True, eq=False)
class QuoteFrame:
    """Rows of the board that changed since the last frame."""

    rows: npt.NDArray[np.intp]
    signs: npt.NDArray[np.int8]
    """Direction of each row's price change since the last frame: -1, 0, 1."""
    at_ns: int
    """Market clock."""
    number: int
    spans: Mapping[int, PriceSpan] = field(default_factory=dict)
    """By row, where a symbol traded at more than one price since the last frame: what a conflated value would hide."""


@dataclass(frozen=True, eq=False)
class TradeRun:
    """New trades of the symbols whose tape is watched, oldest first, since the last frame."""

    ticker: str
    trades: tuple[TradeTick, ...]


@dataclass(frozen=True, slots=True)
class FormingBar:
    """The bar that is still being made. Floats, NaN where missing, as charts take them."""

    time_ns: int
    """Start of the bar (midnight KST for a day), UTC nanoseconds."""
    open: float
    high: float
    low: float
    close: float
    volume_shares: float
    value_krw: float
    has_gap: bool = False


@dataclass(frozen=True, eq=False)
class IndexBoard:
    """Latest index levels by exchange code (001, 101, 201) and ``USDKRW``, with today's path for a sparkline."""

    ticks: dict[str, IndexTick]
    paths: dict[str, tuple[float, ...]]
    basis: float | None = None
    """Futures basis, in points, where a source gives it."""


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """Where the values on screen come from, how old they are and what the market does."""

    host: Host | None
    """None while no live source is configured."""
    connection: ConnectionState
    shown: QuoteSource
    """Best source presently giving values: stream, polling, stored."""
    age_s: float | None
    """Seconds since the newest value, on the market's clock; None before the first."""
    is_stale: bool
    """Older than ``STALE_AFTER_S`` while a session is on."""
    phase: Phase
    phase_left_s: float | None
    market_ns: int
    speed: float
    messages_per_s: float
    lag_ms: float | None
    """Median from receiving to applying in the last second."""
    streamed: int
    polled: int
    open_gaps: int
    filled_gaps: int
    next_try_s: float | None = None
    since_ns: int | None = None
    """When the connection entered this state, machine clock."""
    error: RalphStockError | None = None


GapState = Literal["open", "filling", "filled", "failed"]


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval of one symbol's trading that was not received. Marked on charts until filled."""

    ticker: str
    start_ns: int
    """Exchange time of the last trade known before; market open if none."""
    end_ns: int | None
    """Exchange time of the first trade known after; None while it is still growing."""
    missing_shares: int | None
    """Volume between the two, by the accumulated volume; None while unknown."""
    state: GapState
    found_ns: int
    filled_ns: int | None = None
    reason: str = ""
    """``disconnect``, ``skipped`` (volume jumped), ``start`` (before the first registration), ``restart``."""


@dataclass(frozen=True, eq=False)
class GapReport:
    """All gaps of the day: counts, and the ones that are open or were filled last."""

    found: int
    filled: int
    open: int
    gaps: tuple[Gap, ...]

    def of(self, ticker: str) -> tuple[Gap, ...]:
        """Gaps of one symbol, oldest first."""
        return tuple(gap for gap in self.gaps if gap.ticker == ticker)


@dataclass(frozen=True, eq=False)
class LiveScan:
    """Scores on the forming bar. Provisional: the official bar may differ."""

    picture: ScanPicture
    """Its panel ends with the forming day; ``scan.flags`` carries FORMING, and FEED_GAP where a gap is open."""
    rows: npt.NDArray[np.intp]
    """Rows whose state, score or distance changed since the last one."""
    at_ns: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One outside source or inner service, as the health panel shows it."""

    name: str
    kind: Literal["source", "service"]
    state: Literal["good", "slow", "failing", "limited", "open", "stalled", "idle"]
    """``open``: the circuit breaker refuses requests."""
    latency_ms: float | None
    """Median of the last requests."""
    latency_p99_ms: float | None
    error_rate: float | None
    """Share of the last requests that failed."""
    requests: int
    failures: int
    last_success_ns: int | None
    last_failure_ns: int | None
    last_error: RalphStockError | None
    waiting: int
    eta_s: float | None
    retry_after_s: float | None
    beat_ns: int | None
    notes: tuple[tuple[str, dict[str, str | int | float], int], ...] = ()
    """(text key, fields, count)"""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Health of everything, worst first."""

    at_ns: int
    services: tuple[ServiceHealth, ...]


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """What the connect dialog asks for. ``credentials`` None uses what the key store holds."""

    host: Host
    base_url: str = ""
    """Only for ``custom``: ``http://127.0.0.1:8000`` and the like."""
    credentials: Credentials | None = None
    remember: bool = True


@dataclass(frozen=True, slots=True)
class SimulationState:
    """State of the simulated (replayed) market."""

    day: date
    now_ns: int
    speed: float
    paused: bool
    source: Literal["minutes", "daily", "generated"]
    """What the day is replayed from: recorded minutes, a path through recorded daily bars, or made up."""
    symbols: int
    faults: tuple[str, ...]
    """Fault switches that are on."""


class SimulationControl(Protocol):
    """Speed and faults of the market simulator that runs inside this program."""

    state: Channel[SimulationState]
    speeds: tuple[float, ...]

    def set_speed(self, speed: float) -> None: ...
    def set_paused(self, paused: bool) -> None: ...
    def jump(self, market_ns: int) -> None:
        """Go to another instant of the day (a jump back starts the day anew up to there)."""
        ...

    def set_fault(self, name: str, on: bool) -> None: ...
    @property
    def faults(self) -> tuple[str, ...]:
        """Names of all fault switches; text keys ``simulation.fault.<name>``."""
        ...


@dataclass(frozen=True, slots=True)
class SyncStep:
    """One part of a synchronisation: text key ``sync.step.<name>``."""

    name: str
    done: int
    total: int
    failed: int
    state: Literal["waiting", "running", "done", "failed", "unavailable"]
    eta_s: float | None = None
    error: RalphStockError | None = None
    """Why it is unavailable, or the first of what failed."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a synchronisation would ask for, before it starts."""

    requests: int
    eta_s: float
    steps: tuple[SyncStep, ...]


@dataclass(frozen=True, slots=True)
class SyncState:
    """State of the daily synchroniser."""

    state: Literal["idle", "planning", "running", "stopping", "done", "failed"]
    source: str
    steps: tuple[SyncStep, ...]
    eta_s: float | None
    started_ns: int | None
    finished_ns: int | None
    next_ns: int | None
    """Next planned run."""
    error: RalphStockError | None = None


class SyncControl(Protocol):
    """Brings the repository up to date."""

    state: Channel[SyncState]

    async def plan(self) -> SyncPlan: ...
    def start(self) -> None:
        """Begin or resume; does nothing while one is running."""
        ...

    def stop(self) -> None:
        """Stop after the present request; what is stored stays, the next start goes on from there."""
        ...


class LiveMarket(Protocol):
    """The running market as the window sees it."""

    frames: Channel[QuoteFrame]
    books: Channel[BookTick]
    """Books of the symbols that want them."""
    trades: Channel[TradeRun]
    indices: Channel[IndexBoard]
    programs: Channel[ProgramTick]
    vis: Channel[ViEvent]
    conditions: Channel[ConditionHit]
    status: Channel[FeedStatus]
    gaps: Channel[GapReport]
    health: Channel[HealthReport]
    scans: Channel[LiveScan]
    """Provisional scores on the forming bar; silent while the market is closed or the past is looked at."""

    @property
    def board(self) -> QuoteBoard | None:
        """None before a market panel is there."""
        ...

    @property
    def simulation(self) -> SimulationControl | None:
        """Controls of the built-in simulator, where it is the source."""
        ...

    @property
    def sync(self) -> SyncControl | None: ...

    def want(self, owner: str, tickers: Sequence[str], parts: frozenset[FeedPart] = frozenset({FeedPart.TRADES})) -> None:
        """Say what a panel shows now, most wanted first; replaces the owner's earlier wish. An empty list ends it.

        What the stream cannot carry is polled, visible symbols first.
        """
        ...

    def book_of(self, ticker: str) -> BookTick | None:
        """Last book known; None before one came."""
        ...

    def tape_of(self, ticker: str) -> tuple[TradeTick, ...]:
        """Trades of today that are kept for a symbol (at most some thousands), oldest first."""
        ...

    def forming_day(self, ticker: str) -> FormingBar | None:
        """Today's bar as far as it is known; None without a trade today."""
        ...

    def minutes_today(self, ticker: str) -> tuple[FormingBar, ...]:
        """One-minute bars of today known so far, oldest first, the last one forming."""
        ...

    # connecting
    async def test(self, plan: ConnectionPlan) -> Diagnosis:
        """Try a connection step by step and say exactly what is wrong; changes nothing."""
        ...

    async def connect(self, plan: ConnectionPlan) -> None:
        """Use this source from now on (kept for the next start); the secret goes to the key store, never to the settings."""
        ...

    async def disconnect(self) -> None: ...
    def reconnect(self) -> None:
        """Log in again after another program displaced us, or try at once instead of waiting."""
        ...

    async def load_conditions(self) -> list[ConditionFormula]: ...
    async def run_condition(self, sequence: str, *, live: bool) -> list[str]: ...
    async def stop_condition(self, sequence: str) -> None: ...
