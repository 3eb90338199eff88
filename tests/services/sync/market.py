"""A small market behind the MarketSource port: plain rules that can be recomputed, and switches for what goes wrong.

Raw bars, a split, flows and a listing are made from the ticker and the day alone, so every test knows the truth.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import numpy as np

from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable, ProviderError, RalphStockError, RateLimited
from engine.model.instruments import Designation, DesignationFlag, Market, SecurityType, Symbol
from engine.model.live import BookTick, IndexTick, QuoteSnapshot, TradeTick, ViEvent
from ralphstock_desktop.live_ports import Listing, Priority
from ralphstock_desktop.ports import (
    MISSING_INT,
    AdjustedBatch,
    DailyBatch,
    FlowBatch,
    IndexBatch,
    MarketFlowBatch,
    MinuteBatch,
    NewsBatch,
)

NAME = "plain"


def weekdays(first: date, last: date) -> np.ndarray:
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1, dtype="datetime64[D]")
    return days[np.is_busday(days)]


CALENDAR = TradingCalendar(weekdays(date(2022, 1, 3), date(2027, 12, 31)), date(2022, 1, 1), date(2027, 12, 31))


def tickers(count: int) -> list[str]:
    return [f"{100_000 + 10 * n:06d}" for n in range(count)]


@dataclass
class PlainSource:
    """Implements MarketSource. ``today`` is the newest day it has; ``split`` maps a ticker to (ex day, factor)."""

    symbols: list[str]
    today: date
    first: date = date(2023, 1, 2)
    splits: dict[str, tuple[date, float]] = field(default_factory=dict)
    tells_base: bool = True
    """Whether the exchange's 전일대비 shows a split's base price."""
    corrections: dict[tuple[str, date], int] = field(default_factory=dict)
    """(ticker, day) → close that replaces the ordinary one."""
    lacking: dict[str, date] = field(default_factory=dict)
    """ticker → its last day."""
    failing: dict[tuple[str, str], list[RalphStockError]] = field(default_factory=dict)
    """(step, ticker) → errors raised, one a call, until none is left."""
    designations: tuple[Designation, ...] = ()
    before: Callable[[str, str], Any] | None = None
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    order: list[tuple[str, str, date]] = field(default_factory=list)
    name: str = NAME
    with_fx: bool = True

    async def _call(self, step: str, key: str, since: date) -> None:
        self.calls[(step, key)] += 1
        self.order.append((step, key, since))
        if self.before is not None:
            waiting = self.before(step, key)
            if waiting is not None:
                await waiting
        errors = self.failing.get((step, key))
        if errors:
            raise errors.pop(0)

    def truth(self, ticker: str) -> DailyBatch:
        """All raw bars up to the newest day."""
        last = min(self.today, self.lacking.get(ticker, self.today))
        days = weekdays(self.first, last)
        seed = zlib.crc32(ticker.encode())
        n = days.astype(np.int64)
        close = 20_000 + (seed % 7_000) + ((n * 37 + seed) % 900) * 10
        split = self.splits.get(ticker)
        if split is not None:
            close = np.where(days >= np.datetime64(split[0]), np.round(close * split[1]).astype(np.int64), close)
        for (name, day), value in self.corrections.items():
            if name == ticker:
                close = np.where(days == np.datetime64(day), value, close)
        diff = np.r_[MISSING_INT, np.diff(close)] if len(close) else close
        if split is not None and split[0] <= last and len(days):
            at = int(np.searchsorted(days, np.datetime64(split[0])))
            base = round(float(close[at - 1]) * split[1])
            diff[at] = close[at] - base if self.tells_base else MISSING_INT
        volume = 10_000 + (n * 13 + seed) % 5_000
        return DailyBatch(
            np.full(len(days), ticker), days, close - 50, close + 100, close - 100, close, volume, close * volume, diff, NAME
        )

    async def fetch_daily(self, ticker: str, since: date, priority: Priority) -> DailyBatch:
        assert priority is Priority.BACKGROUND
        await self._call("daily", ticker, since)
        return _since(self.truth(ticker), since, ticker)

    async def fetch_adjusted(self, ticker: str, since: date, priority: Priority) -> AdjustedBatch:
        await self._call("adjusted", ticker, since)
        raw = self.truth(ticker)
        factor = np.ones(len(raw.day))
        split = self.splits.get(ticker)
        if split is not None and split[0] <= self.today:
            factor = np.where(raw.day < np.datetime64(split[0]), split[1], 1.0)
        o, h, lo, c = (np.round(x * factor) for x in (raw.open_krw, raw.high_krw, raw.low_krw, raw.close_krw))
        batch = AdjustedBatch(raw.ticker, raw.day, o, h, lo, c, raw.volume_shares / factor, self.today, NAME)
        return _since(batch, since, ticker)

    async def fetch_flows(self, ticker: str, since: date, priority: Priority) -> tuple[FlowBatch, ...]:
        await self._call("flows", ticker, since)
        raw = _since(self.truth(ticker), since, ticker)
        n = raw.day.astype(np.int64)
        return tuple(
            FlowBatch(raw.ticker, raw.day, who, n % 97 - 48, (n % 97 - 48) * raw.close_krw, False, False, NAME)
            for who in ("foreign", "institution", "individual")
        )

    async def fetch_market_flows(self, market: Literal["KOSPI", "KOSDAQ"], day: date, priority: Priority) -> MarketFlowBatch:
        await self._call("market_flows", f"{market} {day}", day)
        if day > self.today:
            raise DataUnavailable("not yet")
        return MarketFlowBatch(
            np.array([market, market]),
            np.full(2, np.datetime64(day)),
            np.array(["foreign", "individual"]),
            np.array([5, -5]),
            None,
            NAME,
        )

    async def fetch_index_days(self, code: str, since: date, priority: Priority) -> IndexBatch:
        await self._call("index", code, since)
        days = weekdays(max(since, self.first), self.today)
        level = 2500.0 + days.astype(np.int64) % 100
        name = {"001": "KOSPI", "101": "KOSDAQ", "201": "KOSPI200"}[code]
        return IndexBatch(np.full(len(days), name), days, level, level, level, level, level, level, NAME)

    async def fetch_fx_days(self, since: date, priority: Priority) -> IndexBatch:
        await self._call("fx", "USDKRW", since)
        if not self.with_fx:
            raise DataUnavailable("none here", key="error.source.not_offered", provider=NAME)
        days = weekdays(max(since, self.first), self.today)
        level = 1400.0 + days.astype(np.int64) % 10
        return IndexBatch(np.full(len(days), "USDKRW"), days, level, level, level, level, level * np.nan, level * np.nan, NAME)

    async def fetch_listing(self, priority: Priority) -> Listing:
        await self._call("master", "listing", self.today)
        symbols = tuple(
            Symbol(t, f"종목{t}", Market.KOSPI if n % 2 else Market.KOSDAQ, SecurityType.COMMON, listed_on=date(2020, 1, 2))
            for n, t in enumerate(self.symbols)
        )
        return Listing(symbols, self.designations, self.today, frozenset())

    async def fetch_news(self, since: date, priority: Priority) -> NewsBatch:
        await self._call("news", "news", since)
        raise DataUnavailable("none here", key="error.sync.no_news")

    async def fetch_quotes(self, tickers: Sequence[str], priority: Priority) -> list[QuoteSnapshot]:
        raise NotImplementedError

    async def fetch_book(self, ticker: str, priority: Priority) -> BookTick:
        raise NotImplementedError

    async def fetch_trades(self, ticker: str, limit: int, priority: Priority) -> list[TradeTick]:
        raise NotImplementedError

    async def fetch_minutes(self, ticker: str, since_ns: int, priority: Priority) -> MinuteBatch:
        raise NotImplementedError

    async def fetch_indices(self, codes: Sequence[str], priority: Priority) -> list[IndexTick]:
        raise NotImplementedError

    async def fetch_vi(self, priority: Priority) -> list[ViEvent]:
        raise NotImplementedError

    async def close(self) -> None:
        return


def _since(batch: Any, since: date, ticker: str) -> Any:
    from dataclasses import fields, replace

    keep = batch.day >= np.datetime64(since)
    if not keep.any():
        raise DataUnavailable(f"nothing of {ticker} since {since}")
    arrays = [item.name for item in fields(batch) if isinstance(getattr(batch, item.name), np.ndarray)]
    return replace(batch, **{name: getattr(batch, name)[keep] for name in arrays})


def broken(retryable: bool = True) -> ProviderError:
    return ProviderError("the line is down", provider=NAME, retryable=retryable)


def limited() -> RateLimited:
    return RateLimited("too many", provider=NAME, retryable=True, retry_after_ms=500)


HALT = DesignationFlag.HALT
