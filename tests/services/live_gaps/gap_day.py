"""A made-up trading day, a source that answers from it (truthfully or not), a store in memory, and a stream with faults."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from engine.model.errors import DataUnavailable, ProviderError, StorageError
from engine.model.instants import kst_ns
from engine.model.live import MISSING, ConnectionState, FeedVenue, QuoteSnapshot, TradeTick
from ralphstock_desktop.live_ports import ConnectionChange, Priority
from ralphstock_desktop.ports import MinuteBatch
from ralphstock_desktop.services.live.backfill import BackfillRules
from ralphstock_desktop.services.live.recorder import FeedRecorder

DAY = date(2026, 5, 4)
OPEN = kst_ns(DAY, 9)
CLOSE = kst_ns(DAY, 15, 30)
S = 1_000_000_000
MIN = 60 * S
BASE = 10_000


def at(minute: int, second: int = 0) -> int:
    """Instant ``minute`` minutes after the open."""
    return OPEN + minute * MIN + second * S


def tick(ticker: str, at_ns: int, price: int, quantity: int, volume: int, **other: int) -> TradeTick:
    """A trade whose day's range and value leave room for any price near the base."""
    fields = {"value_krw": MISSING, "change_krw": price - BASE, "open_krw": BASE, "high_krw": 12_000, "low_krw": 8_000}
    fields |= other
    return TradeTick(
        ticker, FeedVenue.KRX, at_ns, price, quantity, volume, fields["value_krw"], fields["change_krw"], fields["open_krw"],
        fields["high_krw"], fields["low_krw"], price, price - 10, 100.0, 0, 0, fields.get("received_ns", at_ns),
    )  # fmt: skip


def make_trades(ticker: str, moves: Sequence[tuple[int, int, int]]) -> list[TradeTick]:
    """The truth: (seconds since the last trade, signed quantity, price) to trades with honest running fields."""
    trades: list[TradeTick] = []
    now, volume, value = OPEN, 0, 0
    high = low = first = 0
    for seconds, quantity, price in moves:
        now = min(now + seconds * S, CLOSE + 59 * S)
        volume += abs(quantity)
        value += abs(quantity) * price
        high, low, first = max(high, price), min(low or price, price), first or price
        trades.append(
            tick(
                ticker, now, price, quantity, volume, value_krw=value // 1_000_000 * 1_000_000,
                open_krw=first, high_krw=high, low_krw=low,
            )
        )  # fmt: skip
    return trades


Bar = tuple[int, int, int, int, int, int]


def true_minutes(trades: Sequence[TradeTick], until_ns: int = 1 << 62) -> dict[int, Bar]:
    """Minute start to (open, high, low, close, volume, value), the plain way."""
    bars: dict[int, list[TradeTick]] = {}
    for trade in trades:
        if trade.at_ns <= until_ns:
            bars.setdefault(trade.at_ns - trade.at_ns % MIN, []).append(trade)
    return {
        start: (
            part[0].price_krw,
            max(t.price_krw for t in part),
            min(t.price_krw for t in part),
            part[-1].price_krw,
            sum(abs(t.quantity_shares) for t in part),
            sum(abs(t.quantity_shares) * t.price_krw for t in part),
        )
        for start, part in bars.items()
    }


def batch_of(ticker: str, bars: dict[int, Bar], day_volume: np.ndarray[Any, Any] | None = None) -> MinuteBatch:
    """Bars as the source answers them: without values."""
    rows = np.array([bar[:5] for bar in bars.values()], dtype=np.int64).reshape(-1, 5)
    return MinuteBatch(
        ticker=np.array([ticker] * len(bars)),
        minute_ns=np.array(list(bars), dtype=np.int64),
        open_krw=rows[:, 0],
        high_krw=rows[:, 1],
        low_krw=rows[:, 2],
        close_krw=rows[:, 3],
        volume_shares=rows[:, 4],
        value_krw=np.full(len(bars), MISSING),
        source="fake",
        day_volume_shares=day_volume,
    )


@dataclass
class Clock:
    """Both clocks, set by hand."""

    market_ns: int = OPEN - 600 * S
    machine_ns: int = 0

    def now(self) -> int:
        return self.market_ns

    def machine(self) -> int:
        return self.machine_ns

    def to(self, market_ns: int) -> None:
        """Go on to an instant, never back."""
        passed = max(market_ns - self.market_ns, 0)
        self.market_ns += passed
        self.machine_ns += passed


class Source:
    """Answers from the truth. ``lie`` changes bars before they are given; ``lag_ns`` leaves out what is newer than that."""

    name = "fake"

    def __init__(self, clock: Clock, truth: dict[str, list[TradeTick]]) -> None:
        self.clock, self.truth = clock, truth
        self.lie: Any = None
        self.quote_lie: Any = None
        self.lag_ns = 0
        self.failures: list[Exception] = []
        self.tells_day_volume = False
        self.asked: list[str] = []
        self.quoted: list[tuple[str, ...]] = []

    async def fetch_quotes(self, tickers: Sequence[str], priority: Priority) -> list[QuoteSnapshot]:
        assert priority is Priority.GAP
        self.quoted.append(tuple(tickers))
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        answers = []
        for ticker in tickers:
            known = [t for t in self.truth[ticker] if t.at_ns <= self.clock.now() - self.lag_ns]
            volume = known[-1].volume_shares if known else 0
            if self.quote_lie is not None:
                volume = self.quote_lie(volume)
            last = known[-1].at_ns if known else MISSING
            low, high = (known[-1].low_krw, known[-1].high_krw) if known else (MISSING, MISSING)
            answers.append(QuoteSnapshot(ticker, 0, last, *[MISSING] * 3, high, low, volume, MISSING, 1.0, *[MISSING] * 6))
        return answers

    async def fetch_minutes(self, ticker: str, since_ns: int, priority: Priority) -> MinuteBatch:
        assert priority is Priority.GAP
        self.asked.append(ticker)
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        bars = true_minutes(self.truth[ticker], self.clock.now() - self.lag_ns)
        after = dict(zip(bars, np.cumsum([bar[4] for bar in bars.values()], dtype=np.int64).tolist(), strict=True))
        if self.lie is not None:
            bars = self.lie(bars)
            if bars is None:
                raise DataUnavailable("nothing")
        wanted = {start: bar for start, bar in bars.items() if start >= since_ns}
        told = np.array([after.get(start, MISSING) for start in wanted], dtype=np.int64)
        return batch_of(ticker, wanted, told if self.tells_day_volume else None)


class Store:
    """Keeps minutes in memory; fails when told to."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], Bar] = {}
        self.failures = 0
        self.writes = 0

    async def write(self, batch: MinuteBatch) -> None:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise StorageError("disk full")
        self.writes += 1
        columns = (batch.open_krw, batch.high_krw, batch.low_krw, batch.close_krw, batch.volume_shares, batch.value_krw)
        for number, (ticker, start) in enumerate(zip(batch.ticker.tolist(), batch.minute_ns.tolist(), strict=True)):
            self.rows[(ticker, start)] = tuple(int(column[number]) for column in columns)  # type: ignore[assignment]

    async def stored(self, ticker: str, since_ns: int) -> MinuteBatch | None:
        await asyncio.sleep(0)
        bars = {start: bar for (name, start), bar in self.rows.items() if name == ticker and start >= since_ns}
        if not bars:
            return None
        batch = batch_of(ticker, bars)
        batch.value_krw[:] = [bar[5] for bar in bars.values()]
        return batch


@dataclass
class Monitor:
    """Collects what a monitor hears."""

    notes: dict[str, int] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    beats: int = 0

    def note(self, source: str, key: str, count: int = 1, **fields: object) -> None:
        self.notes[key] = self.notes.get(key, 0) + count

    def failed(self, source: str, error: Exception) -> None:
        self.errors.append(error)

    def beat(self, service: str) -> None:
        self.beats += 1


class Run:
    """A recorder on hand-set clocks with its surroundings."""

    def __init__(
        self, truth: dict[str, list[TradeTick]], *, store: Store | None = None, start_ns: int = OPEN - 600 * S
    ) -> None:
        self.clock = Clock(start_ns)
        self.source = Source(self.clock, truth)
        self.store = store or Store()
        self.monitor = Monitor()
        self.seen: list[str] = []
        rules = BackfillRules(look_every_s=0.0, settle_s=0.0, asked_again_s=0.0, first_wait_s=1.0, longest_wait_s=4.0, tries=4)
        self.recorder = FeedRecorder(
            self.source, self.store, lambda: self.seen, self.clock.now, self.clock.machine, self.monitor, rules=rules  # type: ignore[arg-type]
        )  # fmt: skip
        self.recorder.start_day(DAY, OPEN)

    def lose(self) -> None:
        self.recorder.on_connection(ConnectionChange(ConnectionState.WAITING, self.clock.machine()))
        self.recorder.on_covered(frozenset())

    def cover(self, *tickers: str) -> None:
        self.recorder.on_connection(ConnectionChange(ConnectionState.LIVE, self.clock.machine()))
        self.recorder.on_covered(frozenset(tickers))

    def deliver(self, trade: TradeTick) -> bool:
        self.clock.to(trade.at_ns)
        return self.recorder.take(trade)

    async def work(self, rounds: int = 6) -> None:
        """Let the back-filler do what is due now."""
        await self.recorder._restore_some()
        for _ in range(rounds):
            self.recorder.filler.look()
            await self.recorder.filler._rest()
            for _ in range(3):
                await asyncio.sleep(0)
        while not self.recorder.filler.is_idle:
            await self.recorder.filler._rest()

    async def finish(self, rounds: int = 30) -> None:
        """The close has passed: fill what is left, with time between the tries, and store everything."""
        self.clock.to(CLOSE + 190 * S)
        for _ in range(rounds):
            await self.work(4)
            self.clock.to(self.clock.market_ns + 12 * S)
            if not self.recorder.ledger.wounded and self.recorder.proof().is_proven:
                break
        await self.recorder.flush()

    def wrong_rows(self) -> list[tuple[str, int]]:
        """Stored minutes that differ from the truth (a missing value is not wrong)."""
        truth = {ticker: true_minutes(trades) for ticker, trades in self.source.truth.items()}
        return [
            key
            for key, bar in self.store.rows.items()
            if (true := truth[key[0]].get(key[1])) is None or bar[:5] != true[:5] or bar[5] not in (true[5], MISSING)
        ]

    def missing_rows(self) -> list[tuple[str, int]]:
        """Minutes of the truth that are not stored."""
        return [
            (ticker, start)
            for ticker, trades in self.source.truth.items()
            for start in true_minutes(trades)
            if (ticker, start) not in self.store.rows
        ]


def unavailable(retryable: bool = True) -> ProviderError:
    """A failure of the source."""
    return ProviderError("down", provider="fake", retryable=retryable)
