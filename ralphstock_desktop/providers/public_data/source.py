"""Public market data behind the MarketSource port: history, flows, indices, exchange rate and listing; nothing live.

One worker thread asks, at most one request a second, the most urgent first. KRX counts requests by address and shuts out
programs that hurry; there is no published limit.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Literal, NoReturn, TypeVar

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.model.errors import DataUnavailable, RalphStockError
from engine.model.instants import day_of
from engine.model.live import BookTick, IndexTick, QuoteSnapshot, TradeTick, ViEvent
from ralphstock_desktop.live_ports import Listing, Priority, SourceMonitor
from ralphstock_desktop.ports import (
    AdjustedBatch,
    DailyBatch,
    FlowBatch,
    IndexBatch,
    MarketFlowBatch,
    MinuteBatch,
    NewsBatch,
)
from ralphstock_desktop.providers.public_data import frames
from ralphstock_desktop.providers.public_data.libraries import FINANCE_DATA_READER, PYKRX, InstalledLibraries, PublicLibraries

__all__ = ["PublicDataSource"]

T = TypeVar("T")
B = TypeVar("B", bound=Any)
_INDICES = {"001": ("1001", "KOSPI"), "101": ("2001", "KOSDAQ"), "201": ("1028", "KOSPI200")}
"""Exchange code: KRX's number and our name."""


class PublicDataSource:
    """Implements :class:`ralphstock_desktop.live_ports.MarketSource`; event loop only, the libraries work on a thread.

    Parameters
    ----------
    now_ns : callable
        Clock, UTC nanoseconds.
    monitor : SourceMonitor
        Hears of every request.
    libraries : PublicLibraries, optional
        The calls; the installed libraries by default.
    sessions : SessionTable
        When today's bar and flows are final; before, they are left out.
    interval_s : float
        Least time between two requests.
    clock_s, sleep
        This machine's clock and waiting.
    """

    name = "public-data"

    def __init__(
        self,
        now_ns: Callable[[], int],
        monitor: SourceMonitor,
        *,
        libraries: PublicLibraries | None = None,
        sessions: SessionTable = DEFAULT_SESSIONS,
        interval_s: float = 1.0,
        clock_s: Callable[[], float] | None = None,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._now_ns, self._monitor, self._sessions = now_ns, monitor, sessions
        self._libraries = libraries or InstalledLibraries()
        self._interval_s, self._clock_s, self._sleep = interval_s, clock_s, sleep
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="public-data")
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._busy = False
        self._next_s = float("-inf")

    # -- turns -------------------------------------------------------------------------------------------------------

    async def _ask(self, priority: Priority, call: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Run one request on the thread when it is its turn."""
        await self._take_turn(priority)
        loop = asyncio.get_running_loop()
        started = self._time(loop)
        try:
            await self._sleep(max(0.0, self._next_s - started))
            started = self._time(loop)
            self._next_s = started + self._interval_s
            answer = await loop.run_in_executor(self._thread, lambda: call(*arguments, **options))
        except RalphStockError as error:
            self._monitor.failed(self.name, error)
            raise
        finally:
            self._give_turn()
        self._monitor.succeeded(self.name, (self._time(loop) - started) * 1000.0)
        return answer

    def _time(self, loop: asyncio.AbstractEventLoop) -> float:
        return self._clock_s() if self._clock_s is not None else loop.time()

    async def _take_turn(self, priority: Priority) -> None:
        if not self._busy:
            self._busy = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (int(priority), next(self._numbers), turn))
        self._monitor.queued(self.name, len(self._waiting), len(self._waiting) * self._interval_s)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_turn()  # it was our turn already
            raise

    def _give_turn(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False

    # -- what is offered ---------------------------------------------------------------------------------------------

    @property
    def _today(self) -> date:
        return day_of(self._now_ns())

    async def fetch_daily(self, ticker: str, since: date, priority: Priority) -> DailyBatch:
        """Raw bars as KRX publishes them; today's only once it is official."""
        today = self._today
        frame = await self._ask(priority, self._libraries.raw_bars, ticker, since, today)
        batch = frames.daily_batch(frame, ticker, self.name, PYKRX)
        return self._some(frames.rows(batch, self._is_official(batch.day)), ticker, since)

    async def fetch_adjusted(self, ticker: str, since: date, priority: Priority) -> AdjustedBatch:
        """Back-adjusted bars. Today's come from KRX: Naver's close of today goes on moving with the after-market."""
        today = self._today
        frame = await self._ask(priority, self._libraries.adjusted_bars, ticker, since, today)
        batch = frames.adjusted_batch(frame, ticker, today, self.name, PYKRX)
        has_today = len(batch.day) > 0 and batch.day[-1] == np.datetime64(today)
        batch = frames.rows(batch, batch.day < np.datetime64(today))
        if has_today and self._sessions.official_bar_ns(today) <= self._now_ns():
            raw_frame = await self._ask(priority, self._libraries.raw_bars, ticker, today, today)
            batch = frames.with_today(batch, frames.daily_batch(raw_frame, ticker, self.name, PYKRX))
        return self._some(batch, ticker, since)

    async def fetch_flows(self, ticker: str, since: date, priority: Priority) -> tuple[FlowBatch, ...]:
        """Confirmed net buying by investor, in won and shares."""
        today = self._today
        won = await self._ask(priority, self._libraries.flows, ticker, since, today, shares=False)
        shares = await self._ask(priority, self._libraries.flows, ticker, since, today, shares=True)
        self._some_rows(len(won) + len(shares), ticker, since)
        batches = frames.flow_batches(won, shares, ticker, self.name, PYKRX)
        return tuple(frames.rows(batch, self._is_confirmed(batch.day)) for batch in batches)

    async def fetch_market_flows(self, market: Literal["KOSPI", "KOSDAQ"], day: date, priority: Priority) -> MarketFlowBatch:
        """Net buying of a whole market on a day, in won."""
        frame = await self._ask(priority, self._libraries.flows, market, day, day, shares=False)
        self._some_rows(len(frame), market, day)
        return frames.market_flow_batch(frame, market, self.name, PYKRX)

    async def fetch_index_days(self, code: str, since: date, priority: Priority) -> IndexBatch:
        """Daily levels of KOSPI, KOSDAQ and KOSPI200."""
        if code not in _INDICES:
            self._refuse(f"the index {code}")
        number, name = _INDICES[code]
        frame = await self._ask(priority, self._libraries.index_bars, number, since, self._today)
        self._some_rows(len(frame), name, since)
        batch = frames.index_batch(frame, name, self.name, PYKRX)
        return frames.rows(batch, self._is_official(batch.day))

    async def fetch_fx_days(self, since: date, priority: Priority) -> IndexBatch:
        """Won per dollar by day, without the present day, which still moves."""
        frame = await self._ask(priority, self._libraries.exchange_rate, since)
        batch = frames.fx_batch(frame, self.name, FINANCE_DATA_READER)
        return self._some(frames.rows(batch, batch.day < np.datetime64(self._today)), "USDKRW", since)

    async def fetch_listing(self, priority: Priority) -> Listing:
        """All listed stocks; which of them trade on NXT is not told."""
        listing = await self._ask(priority, self._libraries.listing)
        capital = await self._ask(priority, self._libraries.capital)
        administrative = await self._ask(priority, self._libraries.administrative)
        symbols, refused = frames.symbols_of(listing, capital, FINANCE_DATA_READER)
        if refused:
            self._monitor.note(self.name, "health.note.public_code", refused)
        if not symbols:
            self._some_rows(0, "KRX", self._today)
        designations = frames.designations_of(administrative, capital, self._today, FINANCE_DATA_READER)
        return Listing(symbols, designations, self._today, frozenset())

    async def fetch_quotes(self, tickers: Sequence[str], priority: Priority) -> list[QuoteSnapshot]:
        """State of the day, twenty minutes late, one request for the whole market; base prices are not told."""
        frame = await self._ask(priority, self._libraries.day_quotes, self._today)
        return frames.snapshots(frame, frozenset(tickers), self._now_ns(), PYKRX)

    # -- what is not -------------------------------------------------------------------------------------------------

    def _refuse(self, what: str) -> NoReturn:
        raise DataUnavailable(
            f"{self.name} does not offer {what}.", key="error.source.not_offered", provider=self.name, what=what
        )

    async def fetch_book(self, ticker: str, priority: Priority) -> BookTick:
        """Not offered."""
        del ticker, priority
        self._refuse("order books")

    async def fetch_trades(self, ticker: str, limit: int, priority: Priority) -> list[TradeTick]:
        """Not offered."""
        del ticker, limit, priority
        self._refuse("trades")

    async def fetch_minutes(self, ticker: str, since_ns: int, priority: Priority) -> MinuteBatch:
        """Not offered."""
        del ticker, since_ns, priority
        self._refuse("minute bars")

    async def fetch_indices(self, codes: Sequence[str], priority: Priority) -> list[IndexTick]:
        """Not offered."""
        del codes, priority
        self._refuse("present index levels")

    async def fetch_vi(self, priority: Priority) -> list[ViEvent]:
        """Not offered."""
        del priority
        self._refuse("volatility interruptions")

    async def fetch_news(self, since: date, priority: Priority) -> NewsBatch:
        """Not offered; see :class:`.news.FeedNews`."""
        del since, priority
        raise DataUnavailable(f"{self.name} has no headlines; a news feed may be set.", key="error.sync.no_news")

    async def close(self) -> None:
        """Let the request under way end on its thread; nothing new begins."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    # -- cutting -----------------------------------------------------------------------------------------------------

    def _is_official(self, days: Any) -> Any:
        return self._sessions.official_bars_ns(days) <= self._now_ns()

    def _is_confirmed(self, days: Any) -> Any:
        return self._sessions.confirmed_flows_ns(days) <= self._now_ns()

    def _some(self, batch: B, what: str, since: date) -> B:
        self._some_rows(len(batch.day), what, since)
        return batch

    def _some_rows(self, count: int, what: str, since: date) -> None:
        if not count:
            raise DataUnavailable(
                f"{self.name} has nothing of {what} since {since}.", key="error.data_unavailable", provider=self.name
            )
