"""The seams of live data: what a broker's client offers, what it tells, and what it needs from outside.

``providers`` implement :class:`QuoteFeed` and :class:`MarketSource`, ``services`` implement :class:`FeedSink` and
:class:`SourceMonitor` and use the rest, ``app`` plugs them together. All coroutines run on the event loop of the window (or of
a test); nothing here knows Qt, HTTP or a vendor's field names. Units as in :mod:`ralphstock_desktop.ports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from typing import Any, Literal, Protocol

from engine.model.errors import RalphStockError
from engine.model.instruments import Designation, Symbol
from engine.model.live import (
    BestQuotes,
    BookTick,
    BreadthTick,
    ConditionHit,
    ConnectionState,
    ExpectedMatch,
    IndexTick,
    PhaseNotice,
    ProgramTick,
    QuoteSnapshot,
    TradeTick,
    ViEvent,
)
from ralphstock_desktop.ports import (
    ActionBatch,
    AdjustedBatch,
    DailyBatch,
    FlowBatch,
    IndexBatch,
    MarketFlowBatch,
    MinuteBatch,
    NewsBatch,
    UnitOfWork,
)

__all__ = [
    "ConditionFormula",
    "ConnectionChange",
    "Credentials",
    "Diagnosis",
    "DiagnosisStep",
    "FeedPart",
    "FeedSink",
    "JobState",
    "JobStore",
    "KeyStore",
    "Listing",
    "MarketClock",
    "MarketSource",
    "NewsSource",
    "Priority",
    "QuoteFeed",
    "SourceMonitor",
    "StoredSpan",
    "Subscription",
    "SyncDataset",
    "SyncStore",
    "SyncUnit",
]


class MarketClock(Protocol):
    """The clock of the market looked at: the machine's for a real one, the simulator's for a replayed day."""

    def now_ns(self) -> int:
        """Instant in the market, UTC nanoseconds."""
        ...

    @property
    def speed(self) -> float:
        """Market seconds per second of this machine; 0 while paused."""
        ...


class Priority(IntEnum):
    """Who waits for whom at the rate limits; smaller goes first."""

    INTERACTIVE = 0
    """What the user looks at right now."""
    GAP = 1
    """Back-filling what the stream missed."""
    VISIBLE = 2
    """What is on screen."""
    BACKGROUND = 3
    """Synchronising everything else."""


class FeedPart(StrEnum):
    """What can be subscribed per symbol."""

    TRADES = "trades"
    """Trades and quote-driven prices (0A, 0B)."""
    BOOK = "book"
    """Ten levels (0D)."""
    PROGRAM = "program"
    """Programme trading (0w)."""
    EXPECTED = "expected"
    """Expected match in auctions (0H)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One symbol (or index code) that shall be pushed. Earlier entries of a list matter more when a cap is reached."""

    ticker: str
    parts: frozenset[FeedPart] = frozenset({FeedPart.TRADES})
    venue: int = 0
    """Value of :class:`engine.model.live.FeedVenue`."""


@dataclass(frozen=True, slots=True)
class ConnectionChange:
    """The stream's connection entered a state."""

    state: ConnectionState
    at_ns: int
    """On this machine's clock."""
    attempt: int = 0
    next_try_s: float | None = None
    error: RalphStockError | None = None
    silent_since_ns: int | None = None
    """With WAITING: when the last frame was received before the loss, machine clock; the missing interval begins there."""


class FeedSink(Protocol):
    """Takes what a stream receives, on the loop's thread, thousands of times a second; returns at once and never raises."""

    def on_trade(self, tick: TradeTick) -> None: ...
    def on_book(self, book: BookTick) -> None: ...
    def on_best(self, best: BestQuotes) -> None: ...
    def on_expected(self, match: ExpectedMatch) -> None: ...
    def on_index(self, tick: IndexTick) -> None: ...
    def on_breadth(self, tick: BreadthTick) -> None: ...
    def on_phase(self, notice: PhaseNotice) -> None: ...
    def on_vi(self, event: ViEvent) -> None: ...
    def on_program(self, tick: ProgramTick) -> None: ...
    def on_condition(self, hit: ConditionHit) -> None: ...
    def on_connection(self, change: ConnectionChange) -> None: ...
    def on_covered(self, tickers: frozenset[str]) -> None:
        """The set of symbols whose trades are registered (acknowledged) on the present connection; empty when it is lost."""
        ...


@dataclass(frozen=True, slots=True)
class ConditionFormula:
    """A condition search of the user's HTS."""

    sequence: str
    name: str


class QuoteFeed(Protocol):
    """A stream of real-time facts that keeps itself alive."""

    async def run(self) -> None:
        """Connect, log in, register what is wanted and come back after every loss, until cancelled.

        Returns without being cancelled only in the states DISPLACED and REFUSED, which need the user.
        """
        ...

    def want(self, subscriptions: Sequence[Subscription], indices: Sequence[str]) -> None:
        """Set everything that shall be pushed, most wanted first; the feed registers the difference within its caps."""
        ...

    def reconnect(self) -> None:
        """Try at once (after a displacement, or when the user asks)."""
        ...

    @property
    def capacity(self) -> int:
        """How many symbols (and index codes) can be pushed at once."""
        ...

    async def fetch_conditions(self) -> list[ConditionFormula]: ...
    async def run_condition(self, sequence: str, *, live: bool) -> list[str]:
        """Run a condition search; with ``live`` later hits come to the sink. Returns the tickers found now."""
        ...

    async def stop_condition(self, sequence: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Listing:
    """The master of the market as listed now."""

    symbols: tuple[Symbol, ...]
    designations: tuple[Designation, ...]
    as_of: date
    nxt_tickers: frozenset[str]
    base_krw: dict[str, int] = field(default_factory=dict)
    """Previous close by ticker."""
    complete: bool = True
    """Whether all that is listed is here; otherwise what is not here says nothing."""


class MarketSource(Protocol):
    """Requests to a source of market data, answered in our units, oldest first, complete (all pages).

    Raises
    ------
    ProviderError
        Or one of its kinds. DataUnavailable where the source has nothing of what was asked; a failure is never an empty answer.
    """

    name: str

    async def fetch_quotes(self, tickers: Sequence[str], priority: Priority) -> list[QuoteSnapshot]:
        """State of many stocks, in any number of requests; unknown ones are left out."""
        ...

    async def fetch_book(self, ticker: str, priority: Priority) -> BookTick: ...
    async def fetch_trades(self, ticker: str, limit: int, priority: Priority) -> list[TradeTick]:
        """Return the last trades of today, oldest first."""
        ...

    async def fetch_minutes(self, ticker: str, since_ns: int, priority: Priority) -> MinuteBatch:
        """One-minute bars starting at ``since_ns`` or later, the forming one included; regular KRX trading and auctions."""
        ...

    async def fetch_daily(self, ticker: str, since: date, priority: Priority) -> DailyBatch:
        """Raw daily bars since a day, ascending; today's is left out while its official close is not known."""
        ...

    async def fetch_adjusted(self, ticker: str, since: date, priority: Priority) -> AdjustedBatch: ...
    async def fetch_flows(self, ticker: str, since: date, priority: Priority) -> tuple[FlowBatch, ...]:
        """Net buying per investor and day."""
        ...

    async def fetch_market_flows(
        self, market: Literal["KOSPI", "KOSDAQ"], day: date, priority: Priority
    ) -> MarketFlowBatch: ...
    async def fetch_indices(self, codes: Sequence[str], priority: Priority) -> list[IndexTick]:
        """Levels now, by exchange code (001, 101, 201)."""
        ...

    async def fetch_index_days(self, code: str, since: date, priority: Priority) -> IndexBatch:
        """Daily levels, by exchange code; the batch carries our names (KOSPI, KOSDAQ, KOSPI200)."""
        ...

    async def fetch_fx_days(self, since: date, priority: Priority) -> IndexBatch:
        """USD/KRW per day. Raises DataUnavailable where the source does not offer it."""
        ...

    async def fetch_listing(self, priority: Priority) -> Listing: ...
    async def fetch_vi(self, priority: Priority) -> list[ViEvent]: ...
    async def fetch_news(self, since: date, priority: Priority) -> NewsBatch:
        """Headlines. Raises DataUnavailable where the source does not offer them."""
        ...

    async def close(self) -> None: ...


class SourceMonitor(Protocol):
    """Hears how outside sources and inner services do; the health panel shows it. Cheap, never raises, loop thread."""

    def succeeded(self, source: str, latency_ms: float) -> None: ...
    def failed(self, source: str, error: RalphStockError) -> None: ...
    def queued(self, source: str, waiting: int, eta_s: float) -> None: ...
    def limited(self, source: str, retry_after_s: float) -> None: ...
    def opened(self, source: str, closes_in_s: float | None) -> None:
        """The circuit breaker opened (None: closed again)."""
        ...

    def beat(self, service: str) -> None:
        """A long-running task of the program is alive."""
        ...

    def note(self, source: str, key: str, count: int = 1, **fields: str | int | float) -> None:
        """Something to know that is no failure: an unknown field, a late answer. ``key``: ``health.note.<name>``."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """What logs in. Its text forms show nothing of it."""

    app_key: str
    secret: str

    def __repr__(self) -> str:
        return "Credentials(…)"

    __str__ = __repr__


class KeyStore(Protocol):
    """Where secrets are kept: the operating system's key store, environment variables, or this run's memory."""

    @property
    def kind(self) -> Literal["system", "environment", "memory"]:
        """Where :meth:`save` puts them."""
        ...

    def load(self, host: Literal["real", "mock", "custom"]) -> Credentials | None: ...
    def save(self, host: Literal["real", "mock", "custom"], credentials: Credentials) -> None: ...
    def forget(self, host: Literal["real", "mock", "custom"]) -> None: ...


class DiagnosisStep(StrEnum):
    """What a connection test tries, in order."""

    ADDRESS = "address"
    CLOCK = "clock"
    TOKEN = "token"
    REQUEST = "request"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Outcome of a connection test, step by step: passed steps, then the first that failed with what is wrong."""

    passed: tuple[DiagnosisStep, ...]
    failed: DiagnosisStep | None
    error: RalphStockError | None
    """Its key says the cause: ``error.connect.<wrong_key|wrong_host|clock|network|limits|other_login|…>``."""
    latency_ms: float | None = None
    clock_offset_s: float | None = None
    """The source's clock minus this machine's."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a long job has come, kept beside the data it writes so that a killed program goes on where it stopped."""

    key: str
    state: Literal["idle", "running", "done", "failed"]
    detail: dict[str, Any] = field(default_factory=dict)
    """Anything JSON can hold."""
    started_ns: int | None = None
    finished_ns: int | None = None
    next_ns: int | None = None


class JobStore(Protocol):
    """Progress of jobs by key. Blocks; worker threads only."""

    def load(self, key: str) -> JobState | None: ...
    def save(self, job: JobState) -> None:
        """Keep a state in a transaction of its own; inside one with rows use :meth:`SyncUnit.put_job`."""
        ...


class SyncUnit(UnitOfWork, Protocol):
    """A unit of work that can keep a job's progress in the same transaction as the rows it speaks of."""

    def put_job(self, job: JobState) -> None: ...


SyncDataset = Literal["daily_price", "adjusted_price", "flow", "index_price", "fx_rate", "market_flow"]


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """First and last stored day of one symbol, index or market."""

    first: date
    last: date


class SyncStore(Protocol):
    """What the synchroniser writes to and reads from. Blocks; worker threads only."""

    def unit_of_work(self, *, durable: bool = False) -> AbstractContextManager[SyncUnit]: ...
    def stored_spans(self, dataset: SyncDataset) -> dict[str, StoredSpan]:
        """Span stored of every ticker, code or market; of flows, what is confirmed and has won and shares."""
        ...

    def listed_tickers(self) -> tuple[Symbol, ...]:
        """Symbols of the master that are not delisted, ascending."""
        ...

    def open_designations(self) -> tuple[Designation, ...]:
        """Designations that have no end yet, one kind each."""
        ...

    def daily_since(self, ticker: str, since: date) -> DailyBatch:
        """Stored raw bars, ascending."""
        ...

    def adjusted_since(self, ticker: str, since: date) -> AdjustedBatch:
        """Stored vendor-adjusted bars, ascending; ``factor_on`` is the oldest of them."""
        ...

    def actions_of(self, ticker: str) -> ActionBatch: ...


class NewsSource(Protocol):
    """Where headlines come from, when not from the source of market data itself."""

    name: str

    async def fetch_news(self, since: date, priority: Priority) -> NewsBatch:
        """Headlines published since a day. Raises DataUnavailable where none is configured."""
        ...

    async def close(self) -> None: ...
