"""The seams of strategies: what the repository keeps for them, where news come from, and where long searches run.

``data`` and ``providers`` implement these protocols, ``services`` use them, ``app`` plugs one into the other. Store methods
block and run on worker threads; coroutines run on the event loop. Units as in :mod:`ralphstock_desktop.ports`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from engine.model.gate import GateReading, SectorState
from engine.model.market_series import MarketSeries
from engine.model.news import NewsItem, StockNews
from ralphstock_desktop.ports import MinuteBatch, NewsBatch, ScanRecord, StoredSignal

__all__ = [
    "BacktestSummary",
    "CollectorState",
    "Executor",
    "ModelAnswer",
    "NewsCollector",
    "NewsModel",
    "NoticeRecord",
    "RuleProfile",
    "RunRecord",
    "SignalRecord",
    "StoredBacktest",
    "StrategyStore",
    "TradeRecord",
]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """What was bought and sold for a signal. Prices in won, instants in UTC nanoseconds; None while open."""

    signal_id: int
    entry_ns: int
    entry_krw: int
    qty: int | None
    exit_ns: int | None = None
    exit_krw: int | None = None
    exit_reason: str = ""
    gross_pct: float | None = None
    net_pct: float | None = None
    holding_bars: int | None = None
    tax_pct: float | None = None
    cost_model: str = ""


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """A stored signal with its trade, as lists and histories show it."""

    signal: StoredSignal
    created_ns: int
    updated_ns: int
    trade: TradeRecord | None = None
    """The user's own trade where he took the signal and named a price, else what the rules made of it."""
    taken: bool = False
    """The user said he took it (paper journal)."""
    note: str = ""
    rule_trade: TradeRecord | None = None
    """What the rules made of it, whether the user took it or not."""
    close_reason: str = ""
    """Why a CLOSED signal ended, also where nothing was bought (``EXPIRED``, ``CANCELLED_AT_CLOSE``); empty while open."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A stored scan run with what it found and what became different against the run before (CONFIRMED against PRE_CLOSE)."""

    id: int
    record: ScanRecord
    tickers: tuple[str, ...]
    found: tuple[tuple[str, str, float | None], ...] = ()
    """(ticker, grade, score) of every signal of the run, in the order of ``tickers``."""


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """Something the user was told, or must be told. ``dedup`` is unique: the same fact is stored and shown once for ever."""

    id: int
    dedup: str
    at_ns: int
    """Instant in the market the fact belongs to."""
    created_ns: int
    kind: str
    """``signal``, ``grade``, ``gate``, ``near``, ``life``, ``feed``"""
    strategy: str
    ticker: str
    key: str
    """Text key ``notice.<name>`` of the sentence."""
    fields: dict[str, str | int | float] = field(default_factory=dict)
    shown: bool = False
    """A toast or desktop notification was given."""
    read: bool = False


@dataclass(frozen=True, slots=True)
class RuleProfile:
    """A named rule set of the user: changed thresholds by dotted name."""

    name: str
    changes: dict[str, Any]
    ruleset: str
    saved_ns: int


@dataclass(frozen=True, slots=True)
class BacktestSummary:
    """One stored backtest, without its trades."""

    id: int
    config_name: str
    config: dict[str, Any]
    """Strategy, period, changed thresholds, seed, code version, data cut-off, notes on missing data and survivorship."""
    ruleset: str
    data_cutoff_ns: int
    seed: int
    total_trades: int
    winning: int
    losing: int
    win_rate: float | None
    total_return_pct: float | None
    max_drawdown_pct: float | None
    sharpe: float | None
    profit_factor: float | None
    created_ns: int


@dataclass(frozen=True, eq=False)
class StoredBacktest:
    """A backtest with its curve and trades (``trades`` columns by name, equally long)."""

    summary: BacktestSummary
    equity_days: tuple[str, ...]
    equity_krw: tuple[float, ...]
    trades: dict[str, list[Any]]


class StrategyStore(Protocol):
    """What strategies read from and keep in the repository of one market."""

    # reading
    def market_series(self) -> MarketSeries:
        """Indices, exchange rate and market flows of all stored days."""
        ...

    def news_version(self) -> str:
        """Changes when any news item was stored."""
        ...

    def news(self, first_ns: int, last_ns: int, ticker: str | None = None) -> tuple[NewsItem, ...]:
        """Items published (or, without a publication time, collected) in an interval, ascending; all symbols by default."""
        ...

    def news_collected(self, as_of_ns: int) -> bool:
        """Whether a collector worked within the 24 hours before an instant, so that "no item" means there is none."""
        ...

    def minutes_of_day(self, day: date) -> tuple[MinuteBatch, ...]:
        """One-minute bars of every symbol on a Korean day, one batch per symbol, ascending; empty if there are none."""
        ...

    def minute_days(self) -> tuple[date, ...]:
        """Days with any minute bar, ascending."""
        ...

    def volume_curve_days(self, market: int, before: date, days: int) -> npt.NDArray[np.float64] | None:
        """Cumulative share of the day's volume per minute (columns 09:00 … 15:30) of up to ``days`` earlier days of a market's
        symbols with minute bars, one row a day, oldest first; None if there are none."""
        ...

    # signals
    def store_scan(self, run: ScanRecord, signals: Sequence[StoredSignal]) -> int:
        """Write a run and its signals in one transaction (domain.md §10.2); return the run's id."""
        ...

    def runs(self, strategy: str, signal_date: date) -> tuple[RunRecord, ...]:
        """Runs of a strategy for a day, newest first."""
        ...

    def signals(
        self,
        *,
        strategy: str | None = None,
        ticker: str | None = None,
        status: str | None = None,
        first: date | None = None,
        last: date | None = None,
        with_superseded: bool = False,
        known_at_ns: int | None = None,
    ) -> tuple[SignalRecord, ...]:
        """Stored signals with their trades, newest first. ``known_at_ns`` hides what was stored for later signal days, and
        what became of a signal later: no exit after it is shown."""
        ...

    def set_life(
        self,
        signal_id: int,
        status: str,
        phase: str,
        trade: TradeRecord | None,
        reason: str,
        *,
        ended_ns: int | None = None,
    ) -> None:
        """Move a signal on in its life and write its trade, in one transaction, with a revision of the row before.

        ``ended_ns`` is the market instant at which a signal without a trade ended (EXPIRED); else the trade's exit counts.
        """
        ...

    def set_taken(self, signal_id: int, taken: bool, note: str, trade: TradeRecord | None) -> None:
        """Write the paper journal's entry of a signal (or take it back)."""
        ...

    # gate, sectors, ranks, news scores
    def store_gate(self, reading: GateReading, sectors: Sequence[SectorState], day: date) -> None: ...
    def store_sector_returns(self, rows: Sequence[tuple[str, date, float | None, float | None, int]]) -> None:
        """(sector, day, r1, r5, members)"""
        ...

    def store_ranks(self, day: date, ruleset: str, rows: Sequence[tuple[str, float | None, int | None, int]]) -> None:
        """(ticker, raw, rs, n)"""
        ...

    def store_news_scores(self, day: date, ruleset: str, scores: Sequence[StockNews]) -> None: ...
    def store_news(self, batch: NewsBatch) -> int:
        """Store collected items; return how many were new."""
        ...

    # backtests, profiles, notices
    def store_backtest(self, backtest: StoredBacktest) -> int: ...
    def backtests(self, config_name: str | None = None) -> tuple[BacktestSummary, ...]: ...
    def backtest(self, run_id: int) -> StoredBacktest: ...
    def delete_backtest(self, run_id: int) -> None: ...
    def profiles(self) -> tuple[RuleProfile, ...]: ...
    def save_profile(self, profile: RuleProfile) -> None: ...
    def delete_profile(self, name: str) -> None: ...
    def add_notices(self, notices: Sequence[NoticeRecord]) -> tuple[NoticeRecord, ...]:
        """Store notices; return those that were new (by ``dedup``), with their ids. In one transaction, durable."""
        ...

    def notices(self, limit: int = 500, known_at_ns: int | None = None) -> tuple[NoticeRecord, ...]:
        """Newest first."""
        ...

    def mark_notices(self, ids: Sequence[int], *, shown: bool | None = None, read: bool | None = None) -> None: ...
    def remember_tries(self, strategy: str, rulesets: Sequence[str]) -> int:
        """Count rule sets tried on these data for a strategy; return how many different ones there are."""
        ...


@dataclass(frozen=True, slots=True)
class CollectorState:
    """What a news collector did last."""

    name: str
    last_success_ns: int | None
    items: int
    error_key: str = ""


class NewsCollector(Protocol):
    """A source of news: a feed, a disclosure list, a folder of files."""

    name: str

    async def collect(self, since_ns: int) -> NewsBatch:
        """Fetch items published since an instant (as far as the source allows).

        Raises
        ------
        ProviderError
            If the source failed; never an empty batch instead.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A language model's text and what it cost."""

    text: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0


class NewsModel(Protocol):
    """A language model that scores news by the contract of domain.md §6.6. Temperature 0."""

    model: str

    async def ask(self, instruction: str, content: str, *, timeout_s: float) -> ModelAnswer: ...


class Executor(Protocol):
    """Runs the same pure function over many inputs: local processes, or the workers of a cluster.

    Results come in the order of the inputs whatever finishes first, so every executor gives the same answer. A worker that dies
    loses nothing: its inputs are run again.
    """

    name: str

    def map(
        self,
        work: Callable[[T], R],
        inputs: Sequence[T],
        *,
        on_done: Callable[[int, int], None] | None = None,
    ) -> Iterator[R]:
        """``work`` must be importable; ``on_done`` (done, all) may raise ``UserCancelled`` to stop."""
        ...

    def close(self) -> None: ...


ExecutorKind = Literal["local", "dask"]
