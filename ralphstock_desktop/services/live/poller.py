"""Requests what the stream does not push: quotes by turns, visible ones first; books and index levels while nothing streams.

One request after the other, through the source's rate planner, so polling never stands in the way of what the user asks for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

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
        self._indices_due = self._books_due = float("-inf")
        self._failures = {"indices": 0, "books": 0}
        self.is_working = False
        """Whether the last request for quotes was answered."""
        self.wakened = asyncio.Event()

    def forget(self) -> None:
        """Ask for everything anew, for instance after the stream was lost."""
        self._asked.clear()
        self._indices_due = self._books_due = float("-inf")
        self.wakened.set()

    async def run(self) -> None:
        """Poll until cancelled; a failing source is tried again with growing waits."""
        wait_s = _FIRST_WAIT_S
        while True:
            self._monitor.beat(self.service)
            try:
                did = await self._step()
                if did:
                    wait_s = _FIRST_WAIT_S if self.is_working else wait_s
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
            # Not wait_for: it forgets that it was cancelled if it is wakened at the same moment, as the end of a link does.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.wakened.wait()

    async def _step(self) -> bool:
        """Make the most urgent request; return whether there was one.

        Index levels and books that cannot be had are put off by growing waits of their own: quotes do not wait for them.
        """
        codes = self._index_codes()
        if codes and self._monotonic() >= self._indices_due:
            period_s = _INDEX_S if self._is_open() else _CLOSED_S
            self._indices_due = await self._patiently("indices", self._ask_indices(codes), period_s)
            return True
        books = self._books()
        if books and self._monotonic() >= self._books_due:
            self._books_due = await self._patiently("books", self._ask_book(books[0]), _BOOK_S)
            return True
        return await self._ask(self._visible(), _VISIBLE_S, Priority.VISIBLE) or await self._ask(
            self._others(), 2 * _VISIBLE_S, Priority.BACKGROUND
        )

    async def _ask_indices(self, codes: Sequence[str]) -> None:
        for tick in await self._source.fetch_indices(codes, Priority.VISIBLE):
            self._deliver_index(tick)

    async def _ask_book(self, ticker: str) -> None:
        self._deliver_book(await self._source.fetch_book(ticker, Priority.VISIBLE))

    async def _patiently(self, kind: str, work: Coroutine[Any, Any, None], period_s: float) -> float:
        """Do something that may fail by itself; return when it is due again."""
        began_s = self._monotonic()
        try:
            await work
        except (ProviderError, DataUnavailable) as error:
            self._failures[kind] += 1
            if isinstance(error, DataUnavailable):
                self._monitor.note(self._source.name, "health.note.no_quotes", reason=error.key)
            wait_s = min(_FIRST_WAIT_S * 2.0 ** min(self._failures[kind], 16), _LONGEST_WAIT_S)
            return began_s + max(period_s, wait_s)
        self._failures[kind] = 0
        return began_s + period_s

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
        self.is_working = True
        for ticker in batch:
            asked[ticker] = moment
        self._deliver(snapshots)
        return True
