"""Requests what the stream does not push: quotes by turns, visible ones first; books and index levels while nothing streams.

One request after the other, through the source's rate planner, so polling never stands in the way of what the user asks for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from engine.model.errors import DataUnavailable, ProviderError
from engine.model.live import BookTick, IndexTick, QuoteSnapshot
from ralphstock_desktop.live_ports import MarketSource, Priority, SourceMonitor

__all__ = ["QuotePoller"]

_BATCH = 50
_VISIBLE_S = 3.0
"""A visible symbol is asked for again after this many seconds."""
_INDEX_S = 5.0
_BOOK_S = 2.0
_IDLE_S = 0.25
_CLOSED_S = 300.0
"""Everything is asked for again this long after the last round while no venue trades."""
_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0


class QuotePoller:
    """Polls in turns until cancelled.

    Parameters
    ----------
    source : MarketSource
        Where to ask.
    visible, others : callable
        Symbols to poll: those on screen, and all the rest, without the streamed ones; most wanted first.
    books : callable
        Symbols whose order book is wanted and not pushed.
    index_codes : callable
        Index codes to poll; empty while they are pushed.
    is_open : callable
        Whether some venue trades.
    deliver, deliver_book, deliver_index : callable
        Take the answers.
    monotonic : callable
        Seconds.
    """

    service = "quote polling"

    def __init__(
        self,
        source: MarketSource,
        monitor: SourceMonitor,
        *,
        visible: Callable[[], Sequence[str]],
        others: Callable[[], Sequence[str]],
        books: Callable[[], Sequence[str]],
        index_codes: Callable[[], Sequence[str]],
        is_open: Callable[[], bool],
        deliver: Callable[[list[QuoteSnapshot]], None],
        deliver_book: Callable[[BookTick], None],
        deliver_index: Callable[[IndexTick], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._source, self._monitor = source, monitor
        self._visible, self._others, self._books, self._index_codes = visible, others, books, index_codes
        self._is_open = is_open
        self._deliver, self._deliver_book, self._deliver_index = deliver, deliver_book, deliver_index
        self._monotonic = monotonic
        self._asked: dict[str, float] = {}
        self._indices_at = self._books_at = float("-inf")
        self.is_working = False
        """Whether the last request was answered."""
        self.wakened = asyncio.Event()

    def forget(self) -> None:
        """Ask for everything anew, for instance after the stream was lost."""
        self._asked.clear()
        self.wakened.set()

    async def run(self) -> None:
        """Poll until cancelled; a failing source is tried again with growing waits."""
        wait_s = _FIRST_WAIT_S
        while True:
            self._monitor.beat(self.service)
            try:
                did = await self._step()
                if did:
                    self.is_working = True
                    wait_s = _FIRST_WAIT_S
                    continue
                pause = _IDLE_S
            except DataUnavailable as error:
                self._monitor.note(self._source.name, "health.note.no_quotes", reason=error.key)
                pause = wait_s
            except ProviderError as error:
                self.is_working = False
                pause = max(wait_s, error.retry_after_ms / 1e3)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            self.wakened.clear()
            try:
                await asyncio.wait_for(self.wakened.wait(), pause)
            except TimeoutError:
                continue

    async def _step(self) -> bool:
        """Make the most urgent request; return whether there was one."""
        now = self._monotonic()
        codes = self._index_codes()
        if codes and now - self._indices_at >= (_INDEX_S if self._is_open() else _CLOSED_S):
            self._indices_at = now
            for tick in await self._source.fetch_indices(codes, Priority.VISIBLE):
                self._deliver_index(tick)
            return True
        books = self._books()
        if books and now - self._books_at >= _BOOK_S:
            self._books_at = now
            self._deliver_book(await self._source.fetch_book(books[0], Priority.VISIBLE))
            return True
        return await self._ask(self._visible(), _VISIBLE_S, Priority.VISIBLE) or await self._ask(
            self._others(), 2 * _VISIBLE_S, Priority.BACKGROUND
        )

    async def _ask(self, tickers: Sequence[str], again_s: float, priority: Priority) -> bool:
        due_before = self._monotonic() - (again_s if self._is_open() else _CLOSED_S)
        asked = self._asked
        due = [ticker for ticker in tickers if asked.get(ticker, float("-inf")) <= due_before]
        if not due:
            return False
        due.sort(key=lambda ticker: asked.get(ticker, float("-inf")))  # stable: the most wanted of the oldest first
        batch = due[:_BATCH]
        moment = self._monotonic()
        snapshots = await self._source.fetch_quotes(batch, priority)
        for ticker in batch:
            asked[ticker] = moment
        self._deliver(snapshots)
        return True
