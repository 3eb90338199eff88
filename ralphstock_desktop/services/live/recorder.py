"""Records the day: every trade goes through the gap proof into minutes, complete minutes go to the store, gaps are filled.

:class:`FeedRecorder` is what the quote hub and the live service use. All of it runs on one event loop; the store is written on
a worker. Nothing waits in queues: what is not stored yet is marked in the day's arrays, so a store that fails for hours costs
no memory, and what was written twice is written the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

from engine.model.errors import StorageError
from engine.model.live import MISSING, ConnectionState, FeedVenue, TradeTick
from ralphstock_desktop.live_ports import ConnectionChange, MarketSource, SourceMonitor
from ralphstock_desktop.ports import MinuteBatch, UnitOfWork
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.live.backfill import SERVICE, BackFiller, BackfillRules, DayProof
from ralphstock_desktop.services.live.gaps import DROPPED, NEW, VolumeLedger
from ralphstock_desktop.services.live.minutes import MINUTE_NS, DayMinutes, ReadyRows
from ralphstock_desktop.services.live_contracts import FormingBar, GapReport

__all__ = ["FeedRecorder", "MinuteStore", "WorkerStore"]

_log = logging.getLogger(__name__)
_S = 1_000_000_000
_REGULAR_NS = 6 * 3_600 * _S + 1_800 * _S
_AFTER_CLOSE_NS = 10 * 60 * _S
"""Between the closing auction and the after-hours session: whatever comes here still belongs to the regular day."""
_PUBLISH_S = 0.5
_WRITE_S = 3.0
_WRITE_ROWS = 20_000
_LONGEST_WRITE_WAIT_S = 60.0
_FLUSH_TRIES = 5
_RELEASE_NS = 30 * _S
_DAYS_WAITING = 3
_KST_NS = 9 * 3_600 * _S
_DAY_NS = 86_400 * _S


class MinuteStore(Protocol):
    """Where minutes are kept."""

    async def write(self, batch: MinuteBatch) -> None:
        """Store minutes; returns when they are committed. Raises StorageError."""
        ...

    async def stored(self, ticker: str, since_ns: int) -> MinuteBatch | None:
        """Minutes of a symbol starting at an instant or later; None if there are none. Raises StorageError."""
        ...


class WorkerStore:
    """A :class:`MinuteStore` of blocking functions that run on a worker.

    Parameters
    ----------
    unit_of_work : callable
        Opens one transaction of the repository.
    read : callable
        ``(ticker, since_ns)`` to the stored minutes, or None.
    run : callable
        Runs a blocking function on a worker.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractContextManager[UnitOfWork]],
        read: Callable[[str, int], MinuteBatch | None],
        run: Callable[[Callable[[], MinuteBatch | None]], Awaitable[MinuteBatch | None]],
    ) -> None:
        self._unit_of_work, self._read, self._run = unit_of_work, read, run

    async def write(self, batch: MinuteBatch) -> None:
        """Store minutes in one transaction."""

        def work() -> None:
            with self._unit_of_work() as unit:
                unit.upsert_minutes(batch)

        await self._run(work)

    async def stored(self, ticker: str, since_ns: int) -> MinuteBatch | None:
        """Read back the minutes of a symbol."""
        return await self._run(lambda: self._read(ticker, since_ns))


class FeedRecorder:
    """Gap proof, minute bars, back-fill and recording of one live source.

    Parameters
    ----------
    source : MarketSource
        Fills gaps.
    store : MinuteStore
        Keeps minutes.
    order : callable
        Symbols the user sees, most wanted first.
    now_ns, machine_ns : callable
        The market's clock and this machine's.
    monitor : SourceMonitor
        Hears beats, refused trades and answers, and failures of the store.
    source_name : str
        Name stored with the minutes.
    rules : BackfillRules
        How hard gaps are worked at.
    """

    def __init__(
        self,
        source: MarketSource,
        store: MinuteStore,
        order: Callable[[], Sequence[str]],
        now_ns: Callable[[], int],
        machine_ns: Callable[[], int],
        monitor: SourceMonitor,
        *,
        source_name: str = "",
        rules: BackfillRules | None = None,
        write_every_s: float = _WRITE_S,
    ) -> None:
        self.gaps: Channel[GapReport] = Channel("gaps")
        self._store, self._monitor, self._order = store, monitor, order
        self._now_ns, self._machine_ns = now_ns, machine_ns
        self._source_name = source_name or source.name
        self._write_every_s = write_every_s
        self.ledger = VolumeLedger(now_ns, machine_ns)
        self.ledger.on_rewound = self._rewound
        self.minutes = DayMinutes(date.min, 0, MINUTE_NS)
        self.filler = BackFiller(
            source, self.ledger, lambda: self.minutes, order, now_ns, machine_ns, monitor, rules or BackfillRules()
        )
        self._waiting: deque[tuple[DayMinutes, ReadyRows]] = deque(maxlen=_DAYS_WAITING)
        """What former days left to be written."""
        self._to_restore: deque[str] = deque()
        self._known: set[str] = set()
        self._noted: Counter[str] = Counter()
        self._published = -1
        self._writing = asyncio.Lock()
        self.rows_written = 0
        self.write_failures = 0

    # -- what the hub calls ---------------------------------------------------------------------------------------------

    def take(self, tick: TradeTick) -> bool:
        """Check and record a trade.

        Returns
        -------
        bool
            True if it is the newest of its symbol, so that it may be shown; False for a duplicate, a late or a refused one, and
            for trades after the regular session. Trades of other venues, and of symbols that were never registered, are neither
            checked nor recorded: always True.
        """
        if tick.venue != FeedVenue.KRX or tick.ticker not in self.ledger.tracks:
            return True
        verdict = self.ledger.take(tick)
        if verdict == DROPPED:
            return False
        self.minutes.add(tick)
        return verdict == NEW

    def on_connection(self, change: ConnectionChange) -> None:
        """Hear of the stream's connection: anything but LIVE means that trades are missed from now on."""
        if change.state is not ConnectionState.LIVE:
            self.ledger.lose()

    def on_covered(self, tickers: frozenset[str]) -> None:
        """Hear which symbols' trades are pushed."""
        self.ledger.cover(tickers)
        if self._now_ns() > self.ledger.open_ns:
            self._to_restore.extend(tickers - self._known)
        self._known |= tickers

    # -- the day --------------------------------------------------------------------------------------------------------

    def start_day(self, day: date, open_ns: int, close_ns: int | None = None) -> None:
        """Begin a trading day (or begin it anew): everything known is forgotten, what is not stored yet still will be.

        Parameters
        ----------
        day : date
            Trading day.
        open_ns, close_ns : int
            Official open and closing auction of the regular KRX session; the close is 6.5 hours after the open by default.
        """
        self._set_aside()
        close = open_ns + _REGULAR_NS if close_ns is None else close_ns
        end_ns = close + _AFTER_CLOSE_NS
        self.minutes = DayMinutes(day, open_ns, end_ns)
        covered = self.ledger.covered
        self.ledger.start_day(day, open_ns, end_ns)
        self.filler.start_day(close)
        self._noted.clear()
        self._known = set(covered)
        self._to_restore = deque(covered if self._now_ns() > open_ns else ())

    def _set_aside(self) -> None:
        ready = self.minutes.take_ready(self.ledger.tracks, self._source_name, 1 << 62)
        if ready is not None:
            if len(self._waiting) == _DAYS_WAITING:
                self._monitor.note(SERVICE, "health.note.minutes_dropped", len(self._waiting[0][1].batch.ticker))
            self._waiting.append((self.minutes, ready))

    def _rewound(self, ticker: str) -> None:
        self.minutes.forget(ticker)

    # -- what is known --------------------------------------------------------------------------------------------------

    def has_gap(self, ticker: str) -> bool:
        """Whether something of the symbol's day is missing or may be missing."""
        return self.ledger.has_gap(ticker)

    def open_tickers(self) -> frozenset[str]:
        """Symbols with an open gap."""
        return frozenset(self.ledger.wounded)

    def minutes_of(self, ticker: str) -> tuple[FormingBar, ...]:
        """One-minute bars of today so far, oldest first, the last one forming; those touched by a gap are marked."""
        return self.minutes.forming_bars(ticker, self.ledger.tracks.get(ticker))

    def day_of(self, ticker: str) -> FormingBar | None:
        """Today's bar; None before the first trade that was received.

        The newest trade's own day fields count. Where a later trade was lost and filled, the minutes do. Value is the exact sum
        of the minutes where all of them have one, else the feed's, which is rounded to a million won.
        """
        track = self.ledger.tracks.get(ticker)
        if track is None or not track.top:
            return None
        last, rows = track.last, self.minutes.rows_of(ticker)
        is_whole = int(rows["seen"].sum()) == track.top - track.base and not self.ledger.has_gap(ticker)
        values = rows["value"][rows["seen"] > 0]
        exact = int(values.sum()) if is_whole and not (values == MISSING).any() else None
        time_ns = self.ledger.open_ns - (self.ledger.open_ns + _KST_NS) % _DAY_NS
        volume = float(track.top)
        if last is not None and (last.volume_shares == track.top or not is_whole):
            prices = (last.open_krw, last.high_krw, last.low_krw, last.price_krw)
            value = last.value_krw if exact is None else exact
            o, h, low, c = (_float(price) for price in prices)
            return FormingBar(time_ns, o, h, low, c, volume, _float(value), self.ledger.has_gap(ticker))
        if not is_whole:
            return None
        traded = rows[rows["volume"] > 0]
        o, h, low, c = (float(x) for x in (traded["open"][0], traded["high"].max(), traded["low"].min(), traded["close"][-1]))
        return FormingBar(time_ns, o, h, low, c, volume, float("nan") if exact is None else float(exact))

    def failure_of(self, ticker: str) -> str:
        """Why gaps of a symbol could not be filled so far; empty if nothing failed."""
        return self.filler.failure_of(ticker)

    def proof(self) -> DayProof:
        """How much of the day is proven."""
        return self.filler.proof()

    # -- working --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Fill gaps, record and tell, until cancelled. An error nobody expected ends it and is raised."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.filler.run(), name="gap filling")
            tasks.create_task(self._write_always(), name="minute recording")
            tasks.create_task(self._tell_always(), name="gap reports")

    async def _tell_always(self) -> None:
        while True:
            await asyncio.sleep(_PUBLISH_S)
            self.ledger.release_unwanted(_RELEASE_NS)
            self._monitor.beat(SERVICE)
            self._note_refused()
            self.publish()

    def publish(self) -> None:
        """Publish the gaps if anything changed."""
        if self._published != self.ledger.version:
            self._published = self.ledger.version
            self.gaps.publish(self.ledger.report(self._order()))

    def _note_refused(self) -> None:
        for why, count in self.ledger.refused.items():
            new = count - self._noted[why]
            if new > 0:
                self._noted[why] = count
                self._monitor.note(SERVICE, f"health.note.trade_{why}", new)

    async def _write_always(self) -> None:
        failures = 0
        while True:
            await asyncio.sleep(min(self._write_every_s * 2.0**failures, max(_LONGEST_WRITE_WAIT_S, self._write_every_s)))
            try:
                await self._restore_some()
                while await self._write_once():
                    await asyncio.sleep(0)
                failures = 0
            except StorageError as error:
                failures = min(failures + 1, 16)
                self.write_failures += 1
                self._monitor.failed(SERVICE, error)
                _log.warning("minutes could not be stored (try %d): %s", failures, error)

    async def _write_once(self) -> bool:
        """Store one batch of complete minutes; return whether there was one. On failure they are unwritten again."""
        async with self._writing:
            if self._waiting:
                minutes, ready = self._waiting[0]
                await self._store.write(ready.batch)
                if self._waiting and self._waiting[0][1] is ready:
                    self._waiting.popleft()
            else:
                minutes = self.minutes
                taken = minutes.take_ready(self.ledger.tracks, self._source_name, _WRITE_ROWS)
                if taken is None:
                    return False
                ready = taken
                written = False
                try:
                    await self._store.write(ready.batch)
                    written = True
                finally:
                    if not written:
                        minutes.put_back(ready)
            self.rows_written += len(ready.batch.ticker)
            return True

    async def _restore_some(self) -> None:
        """Read back what an earlier run stored today; what it missed is a gap because of the restart."""
        while self._to_restore:
            minutes, ticker = self.minutes, self._to_restore[0]
            batch = await self._store.stored(ticker, minutes.open_ns)
            if minutes is not self.minutes or not self._to_restore or self._to_restore[0] != ticker:
                continue
            self._to_restore.popleft()
            bars = minutes.bars_of(batch) if batch is not None and len(batch.ticker) else None
            if bars is not None and (bars["volume"] > 0).any():
                minutes.restore(ticker, bars)
                self.ledger.set_restarted(ticker)

    async def flush(self) -> None:
        """Store every complete minute now.

        Raises
        ------
        StorageError
            If the store still fails after some tries; nothing is forgotten then.
        """
        self.minutes.touch(self.minutes.symbols)
        for attempt in range(_FLUSH_TRIES):
            try:
                while await self._write_once():
                    pass
                return
            except StorageError:
                if attempt == _FLUSH_TRIES - 1:
                    raise
                await asyncio.sleep(0.2 * 2.0**attempt)


def _float(number: int) -> float:
    return float("nan") if number == MISSING else float(number)
