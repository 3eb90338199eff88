"""The running market: connects a source, fills the board, falls back by itself and says which value is shown.

Order of sources: stream, polling, last stored values. Simulated and real markets never share a link: changing the market ends
one and begins the other. Runs on the event loop of the window; scores are computed on workers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS, Phase, SessionTable
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import AuthExpired, DataUnavailable, RalphStockError
from engine.model.instants import AsOf, day_of, kst_ns
from engine.model.live import MISSING, BookTick, ConnectionState, IndexTick, QuoteSource, TradeTick
from engine.model.panel import MarketPanel
from engine.thresholds import Rules
from ralphstock_desktop.live_ports import (
    ConditionFormula,
    ConnectionChange,
    Diagnosis,
    FeedPart,
    MarketSource,
    Priority,
    Subscription,
)
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import MarketPicture, ScanPicture
from ralphstock_desktop.services.health import HealthRegistry
from ralphstock_desktop.services.live.board import carry_over, is_of_today, make_board
from ralphstock_desktop.services.live.demand import Demand
from ralphstock_desktop.services.live.hub import LiveHub
from ralphstock_desktop.services.live.links import LinkFactory, LiveLink, MakeRecorder, MakeSync, Recorder, Synchronises
from ralphstock_desktop.services.live.poller import QuotePoller
from ralphstock_desktop.services.live.scan import FormingScanner
from ralphstock_desktop.services.live.silence import PushWatch
from ralphstock_desktop.services.live.status import MessageRate, interest_order, newest_age_s, phase_of, polled_count
from ralphstock_desktop.services.live_contracts import (
    STALE_AFTER_S,
    ConnectionPlan,
    FeedStatus,
    FormingBar,
    GapReport,
    Host,
    LiveScan,
    QuoteBoard,
    QuoteFrame,
    SimulationControl,
)
from ralphstock_desktop.services.workers import Workers

__all__ = ["LiveService", "LiveSettings"]

_log = logging.getLogger(__name__)
_TRADES = frozenset({FeedPart.TRADES})
_VI_OVERDUE_NS = 200_000_000_000
"""An interruption lasts two minutes and up to thirty seconds."""
_VI_AGAIN_NS = 30_000_000_000
_LONGEST_REFUSED_S = 900.0
_MANY = 10
"""Registered symbols of which some trades every minute."""
_INDEX_TRIES = 24
"""Storing a market takes a minute at most; a market that has no indices is left in peace after that."""
INDEX_CODES = ("001", "101", "201")
"""KOSPI, KOSDAQ, KOSPI200."""


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Periods of the service, in seconds."""

    frame_s: float = 1.0 / 30.0
    scan_s: float = 1.0
    status_s: float = 1.0
    demand_s: float = 0.2
    """Wishes of panels are gathered this long before they are registered."""
    index_again_s: float = 5.0
    """Stored index levels that are not there yet are looked for again after this long."""
    refused_s: float = 60.0
    """A login whose new token was rejected is tried again after this long, and after twice as long each further time."""


class LiveService:
    """See :class:`ralphstock_desktop.services.live_contracts.LiveMarket`.

    Parameters
    ----------
    market, scans : Channel
        The market looked at and its official scan.
    factory : LinkFactory
        Makes sources.
    make_recorder : callable
        Makes the recorder of a link.
    workers : Workers
        Where scores are computed and the store is read.
    calendar : callable
        Gives the trading calendar; called on a worker once.
    machine_ns, monotonic : callable
        This machine's clock in UTC nanoseconds, and seconds that never jump.
    rules : callable
        Thresholds in use.
    spawn : callable
        Runs a named, supervised task.
    stored_indices : callable
        Reads the last stored index levels of the market looked at; on a worker.
    make_sync : callable
        Makes the synchroniser of the user's own data.
    """

    def __init__(
        self,
        market: Channel[MarketPicture],
        scans: Channel[ScanPicture],
        factory: LinkFactory,
        make_recorder: MakeRecorder,
        workers: Workers,
        calendar: Callable[[], TradingCalendar],
        machine_ns: Callable[[], int],
        monotonic: Callable[[], float],
        rules: Callable[[], Rules],
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[Any]],
        stored_indices: Callable[[], list[IndexTick]] = list,
        make_sync: MakeSync | None = None,
        settings: LiveSettings = LiveSettings(),
        sessions: SessionTable = DEFAULT_SESSIONS,
    ) -> None:
        self.registry = HealthRegistry(machine_ns)
        self._hub = LiveHub(machine_ns, self.market_ns)
        self.frames, self.books, self.trades = self._hub.frames, self._hub.books, self._hub.trades
        self.indices, self.programs, self.vis = self._hub.indices, self._hub.programs, self._hub.vis
        self.conditions, self.health = self._hub.conditions, self.registry.reports
        self.status: Channel[FeedStatus] = Channel("feed status")
        self.gaps: Channel[GapReport] = Channel("gaps")
        self.scans: Channel[LiveScan] = Channel("provisional scans")
        self._factory, self._make_recorder, self._workers = factory, make_recorder, workers
        self._read_calendar, self._machine_ns, self._monotonic = calendar, machine_ns, monotonic
        self._rules, self._spawn, self._stored_indices = rules, spawn, stored_indices
        self._settings, self._sessions = settings, sessions
        self._calendar: TradingCalendar | None = None
        self._official = market
        self._official_scans = scans
        self._link: LiveLink | None = None
        self._recorder: Recorder | None = None
        self._poller: QuotePoller | None = None
        self._demand = Demand()
        self._scanner: FormingScanner | None = None
        self._forming: tuple[MarketPanel, date] | None = None
        """Panel and forming day a scanner is wanted for; it is made on a worker, since it copies a good part of the panel."""
        self._scan_due = False
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._push = PushWatch()
        self._vis_asked_ns = 0
        self._refusals = 0
        self._connection = ConnectionChange(ConnectionState.IDLE, machine_ns())
        self._demand_due: asyncio.TimerHandle | None = None
        self._asked_books: set[str] = set()
        self._wanted: frozenset[Subscription] = frozenset()
        self._rate = MessageRate(monotonic())
        self._board_panel: MarketPanel | None = None
        self._switching = asyncio.Lock()
        self._make_sync = make_sync
        self.sync: Synchronises | None = None
        """Synchroniser of the user's own data; None where the source cannot."""
        self._plan: ConnectionPlan | None = None
        self._jumps = 0
        self._opening: Host | None = None
        """Source that is being prepared."""
        self._only_sync = False
        """A broker is connected while nothing of the user's own is stored yet: it fills the repository first."""
        self._subscriptions = [self._hub.connection.subscribe(self._on_connection, replay=False)]

    # -- life -----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to show the market that is looked at; connects what was used last."""
        self._calendar = await self._workers.read(self._read_calendar)
        self._subscriptions += [
            self._official.subscribe(self._on_market),
            self._official_scans.subscribe(self._on_official_scan),
            self.frames.subscribe(self._on_frame, replay=False),
        ]
        for name, period_s, work in (
            ("frames", 1.0, self._run_frames),
            ("provisional scores", 5.0, self._run_scans),
            ("feed status", 5.0, self._run_status),
        ):
            self.registry.expect(name, period_s)
            self._tasks[name] = self._spawn(work(), name)

    async def close(self) -> None:
        """End the link and every task; what was recorded is stored."""
        for subscription in self._subscriptions:
            subscription.close()
        await self._end_link()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()

    @property
    def board(self) -> QuoteBoard | None:
        """Latest values; None before a market panel is there."""
        return self._hub.board

    @property
    def simulation(self) -> SimulationControl | None:
        """Controls of the built-in simulator."""
        return self._link.simulation if self._link is not None else None

    def market_ns(self) -> int:
        """Instant in the market looked at: the simulator's clock, else this machine's."""
        return self._link.clock.now_ns() if self._link is not None else self._machine_ns()

    # -- market looked at -----------------------------------------------------------------------------------------------

    def _on_market(self, picture: MarketPicture) -> None:
        simulated = picture.kind == "simulated"
        link = self._link
        fits = link is not None and (link.host == "simulator") == simulated
        if self._only_sync and simulated:
            fits = True  # the repository is being filled; the demo market stands still meanwhile
        if not fits or (self._only_sync and not simulated):
            self._spawn(self._follow_market(simulated), "connect")
        self._use_panel(picture.panel)

    def _use_panel(self, panel: MarketPanel, *, anew: bool = False) -> None:
        """Make board and scanner fit the panel and the market's day; ``anew`` forgets what was known of the day."""
        day = self._market_day()
        board = self._hub.board
        if not anew and board is not None and self._board_panel is panel and board.day == day:
            return
        fresh = make_board(panel, day)
        if not anew and board is not None and self._board_panel is not None and self._board_panel.simulated == panel.simulated:
            carry_over(board, fresh)
        self._board_panel = panel
        self._hub.use_board(fresh, anew=anew)
        self._scanner = None
        end = panel.day_index(day)
        self._forming = (panel, day) if end < 0 or panel.days[end] != np.datetime64(day, "D") else None
        if self._poller is not None:
            self._poller.forget()
        if self._recorder is not None:
            self._recorder.start_day(day, self._sessions.open_ns(day), self._sessions.close_ns(day))
        looking = self._tasks.pop("stored indices", None)
        if looking is not None:
            looking.cancel()
        self._tasks["stored indices"] = self._spawn(self._show_stored_indices(), "stored indices")

    async def _show_stored_indices(self) -> None:
        """Show the last stored levels; on the very first start the market is still being stored, so ask again."""
        panel = self._board_panel
        for _ in range(_INDEX_TRIES):
            found = await self._workers.read(self._stored_indices)
            if self._board_panel is not panel:
                return
            for tick in found:
                self._hub.take_index(tick)
            if found:
                return
            await asyncio.sleep(self._settings.index_again_s)

    def _market_day(self) -> date:
        """Trading day the board belongs to: today, else the last one before."""
        day = day_of(self.market_ns())
        calendar = self._calendar
        if calendar is None or calendar.is_trading_day(day):
            return day
        return calendar.previous(day)

    def _on_official_scan(self, picture: ScanPicture) -> None:
        self._demand.background = interest_order(picture.scan, picture.panel)
        self._demand_changed()

    async def _follow_market(self, simulated: bool) -> None:
        plan = ConnectionPlan("simulator") if simulated else (self._plan or self._factory.remembered())
        try:
            if plan is None:
                await self.disconnect()
                await self._use_sync(None)
            else:
                await self._use_link(plan)
        except RalphStockError as error:
            self._connection = ConnectionChange(ConnectionState.REFUSED, self._machine_ns(), error=error)
            self._publish_status()
            raise

    # -- link -----------------------------------------------------------------------------------------------------------

    async def test(self, plan: ConnectionPlan) -> Diagnosis:
        """Try a connection step by step."""
        return await self._factory.test(plan)

    async def connect(self, plan: ConnectionPlan) -> None:
        """Use a source from now on."""
        await self._use_link(plan)
        if plan.host != "simulator" and plan.remember:
            self._factory.remember(plan)

    async def disconnect(self) -> None:
        """Show stored values only."""
        async with self._switching:
            await self._end_link()
            self._plan, self._only_sync = None, False
        self._connection = ConnectionChange(ConnectionState.IDLE, self._machine_ns())
        self._publish_status()

    def announce(self, host: Host) -> None:
        """Say that a source is being prepared; panels wait for it instead of saying that there is none."""
        self._opening = host
        self._connection = ConnectionChange(ConnectionState.CONNECTING, self._machine_ns())
        self._publish_status()

    def reconnect(self) -> None:
        """Log in again, also after another program displaced us."""
        link = self._link
        if link is None:
            return
        link.feed.reconnect()
        task = self._tasks.get("stream")
        if task is None or task.done():
            self._tasks["stream"] = self._spawn(link.feed.run(), "stream")
        if self._poller is not None:
            self._poller.forget()

    async def _use_link(self, plan: ConnectionPlan) -> None:
        async with self._switching:
            picture = self._official.last
            only_sync = picture is not None and picture.kind == "simulated" and plan.host in ("real", "mock")
            if not only_sync and picture is not None and (plan.host == "simulator") != (picture.kind == "simulated"):
                raise DataUnavailable(
                    "The built-in simulator belongs to the simulated market, a broker to your own data.",
                    key="error.connect.other_market",
                )
            await self._end_link()
            self.announce(plan.host)
            try:
                link = await self._factory.make(plan, self._hub, self.registry)
            finally:
                self._opening = None
            self._link, self._only_sync, self._jumps = link, only_sync, link.jumps()
            self._plan = plan if plan.host != "simulator" else None
            await self._use_sync(link)
            if only_sync:
                if self.sync is not None:
                    self.sync.start()
                return
            self._recorder = self._make_recorder(link, self.visible_tickers)
            self._subscriptions.append(self._recorder.gaps.subscribe(self._on_gaps, replay=False))
            self._hub.keeper = self._recorder
            self._poller = self._make_poller(link.source)
            self._board_panel = None
            if picture is not None:
                self._use_panel(picture.panel)
            self._register()
            for name, work in (
                ("stream", link.feed.run()),
                ("recorder", self._recorder.run()),
                (QuotePoller.service, self._poller.run()),
            ):
                self._tasks[name] = self._spawn(work, name)
            self.registry.expect(QuotePoller.service, 30.0)

    async def _use_sync(self, link: LiveLink | None) -> None:
        """Keep the user's repository up to date from a link, or from a source that needs none."""
        await self._end_sync()
        if self._make_sync is not None and (link is None or link.host != "simulator"):
            self.sync = await self._make_sync(link)
        if self.sync is not None:
            self._tasks["synchroniser"] = self._spawn(self.sync.run(), "synchroniser")

    async def _end_sync(self) -> None:
        sync, self.sync = self.sync, None
        if sync is not None:
            sync.stop()
        task = self._tasks.pop("synchroniser", None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _end_link(self) -> None:
        await self._end_sync()
        ended = [
            task for name in ("stream", QuotePoller.service, "recorder") if (task := self._tasks.pop(name, None)) is not None
        ]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        if self._recorder is not None:
            await self._recorder.flush()
        link, self._link = self._link, None
        self._hub.keeper = None
        self._hub.on_covered(frozenset())
        self._recorder = self._poller = None
        self._asked_books.clear()
        self._wanted = frozenset()
        self.registry.retire(QuotePoller.service)
        if link is not None:
            await link.close()

    def _make_poller(self, source: MarketSource) -> QuotePoller:
        hub, demand = self._hub, self._demand
        return QuotePoller(
            source,
            self.registry,
            visible=lambda: [
                ticker
                for ticker in demand.visible
                if self._push.is_silent or ticker not in hub.covered or ticker in hub.unconfirmed
            ],
            others=self._unstreamed,
            books=lambda: [] if self._is_pushed else demand.wanting(FeedPart.BOOK),
            index_codes=lambda: [] if self._is_pushed else INDEX_CODES,
            is_open=lambda: self._phase()[0] is not Phase.CLOSED,
            deliver=hub.take_snapshots,
            deliver_book=hub.on_book,
            deliver_index=hub.take_index,
            monotonic=self._monotonic,
        )

    def _unstreamed(self) -> list[str]:
        board = self._hub.board
        if board is None:
            return []
        covered = frozenset() if self._push.is_silent else self._hub.covered - self._hub.unconfirmed
        # Without a stream the most wanted symbols come first; with one it carries them.
        ordered = dict.fromkeys((*self._demand.background, *map(str, board.tickers)))
        return [ticker for ticker in ordered if ticker not in covered]

    @property
    def _is_live(self) -> bool:
        return self._connection.state is ConnectionState.LIVE

    @property
    def _is_pushed(self) -> bool:
        return self._is_live and not self._push.is_silent

    def _watch_vis(self) -> None:
        """Ask for the day's interruptions after a login, and where the end of one is overdue."""
        link, machine = self._link, self._machine_ns()
        if link is None or self._only_sync or self._phase()[0] is Phase.CLOSED:
            return
        is_new = self._is_live and not self._vis_asked_ns
        is_overdue = self._hub.overdue_vis(self.market_ns() - _VI_OVERDUE_NS) and machine - self._vis_asked_ns >= _VI_AGAIN_NS
        if is_new or is_overdue:
            self._vis_asked_ns = machine
            self._spawn(self._ask_vis(link), "interruptions")

    async def _ask_vis(self, link: LiveLink) -> None:
        try:
            events = await link.source.fetch_vi(Priority.VISIBLE)
        except RalphStockError as error:
            _log.info("no interruptions: %s", error)  # the health panel has the failure already
            return
        if link is self._link:
            self._hub.take_vis(events)

    def _watch_push(self) -> None:
        """Fall back to polling, and log in again, where the stream stands but brings nothing."""
        hub, link, was_silent = self._hub, self._link, self._push.is_silent
        is_expected = link is not None and self._is_live and len(hub.covered) >= _MANY and self._phase()[0] is Phase.REGULAR
        again = self._push.look(self._machine_ns(), self.market_ns(), hub.last_trade_ns, is_expected=is_expected)
        if self._push.is_silent and not was_silent:
            self.registry.note("kiwoom_stream", "health.note.stream_silent")
        if self._push.is_silent != was_silent and self._poller is not None:
            self._poller.forget()
        if again and link is not None:
            link.feed.reconnect()

    def _on_connection(self, change: ConnectionChange) -> None:
        self._connection = change
        if change.state is not ConnectionState.LIVE and self._poller is not None:
            self._poller.wakened.set()
        if change.state is ConnectionState.LIVE:
            self._vis_asked_ns = 0  # what began or ended meanwhile was not pushed
            self._refusals = 0
        elif change.state is ConnectionState.REFUSED and isinstance(change.error, AuthExpired) and change.error.retryable:
            self._log_in_later()
        self._publish_status()

    def _log_in_later(self) -> None:
        """A token that was rejected in spite of being new may be taken some minutes later; until then prices are polled."""
        link = self._link
        wait_s = min(self._settings.refused_s * 2.0**self._refusals, _LONGEST_REFUSED_S)
        self._refusals += 1

        def again() -> None:
            if link is not None and link is self._link and self._connection.state is ConnectionState.REFUSED:
                self.reconnect()

        asyncio.get_running_loop().call_later(wait_s, again)

    def _on_gaps(self, report: GapReport) -> None:
        self._hub.mark_gaps(frozenset(gap.ticker for gap in report.gaps if gap.state != "filled"))
        self.gaps.publish(report)

    # -- what panels want -----------------------------------------------------------------------------------------------

    def want(self, owner: str, tickers: Sequence[str], parts: frozenset[FeedPart] = _TRADES) -> None:
        """Say what a panel shows now."""
        if self._demand.want(owner, tickers, parts):
            self._demand_changed()

    def _demand_changed(self) -> None:
        if self._demand_due is None:
            self._demand_due = asyncio.get_running_loop().call_later(self._settings.demand_s, self._register)

    def _register(self) -> None:
        if self._demand_due is not None:
            self._demand_due.cancel()
            self._demand_due = None
        looked_at = frozenset(self._demand.wanting(FeedPart.BOOK))
        self._hub.watch_tapes(looked_at)
        link = self._link
        if link is None:
            return
        capacity = max(link.feed.capacity - len(INDEX_CODES) - 2, 0)
        wanted = self._demand.subscriptions(capacity)
        # The order matters only where not all of them fit.
        if len(wanted) >= capacity or frozenset(wanted) != self._wanted:
            self._wanted = frozenset(wanted)
            link.feed.want(wanted, INDEX_CODES)
        for ticker in looked_at - self._asked_books:
            self._asked_books.add(ticker)
            self._spawn(self._ask_first_state(link, ticker), f"first state of {ticker}")
        self._asked_books &= looked_at

    async def _ask_first_state(self, link: LiveLink, ticker: str) -> None:
        """A stream says nothing until something changes: book and last trades come by request first."""
        try:
            self._hub.on_book(await link.source.fetch_book(ticker, Priority.INTERACTIVE))
            trades = await link.source.fetch_trades(ticker, 100, Priority.INTERACTIVE)
        except RalphStockError as error:
            # The stream or the next poll brings them; the health panel has the failure already. Or the link was closed.
            _log.info("no first state of %s: %s", ticker, error)
            return
        self._hub.fill_tape(ticker, trades)

    def visible_tickers(self) -> list[str]:
        """Symbols some panel shows, most wanted first."""
        return list(self._demand.visible)

    def book_of(self, ticker: str) -> BookTick | None:
        """Last book known."""
        return self._hub.book_of(ticker)

    def tape_of(self, ticker: str) -> tuple[TradeTick, ...]:
        """Trades of today that are kept."""
        return self._hub.tape_of(ticker)

    def forming_day(self, ticker: str) -> FormingBar | None:
        """Today's bar as far as it is known."""
        board = self._hub.board
        row = board.row_of(ticker) if board is not None else None
        if board is None or row is None or board.volume_shares[row] <= 0 or not is_of_today(board, np.array([row]))[0]:
            return None
        open_, high, low, close, volume, value = (
            float(column[row]) if column[row] != MISSING else float("nan")
            for column in (board.open_krw, board.high_krw, board.low_krw, board.price_krw, board.volume_shares, board.value_krw)
        )
        return FormingBar(kst_ns(board.day, 0), open_, high, low, close, volume, value, has_gap=bool(board.gap[row]))

    def minutes_today(self, ticker: str) -> tuple[FormingBar, ...]:
        """One-minute bars of today known so far."""
        return self._recorder.minutes_of(ticker) if self._recorder is not None else ()

    async def load_conditions(self) -> list[ConditionFormula]:
        """Return the condition searches of the user's account."""
        return await self._connected().feed.fetch_conditions()

    async def run_condition(self, sequence: str, *, live: bool) -> list[str]:
        """Run a condition search."""
        return await self._connected().feed.run_condition(sequence, live=live)

    async def stop_condition(self, sequence: str) -> None:
        """End a live condition search."""
        await self._connected().feed.stop_condition(sequence)

    def _connected(self) -> LiveLink:
        if self._link is None:
            raise DataUnavailable("No live source is connected.", key="error.connect.not_connected")
        return self._link

    # -- loops ----------------------------------------------------------------------------------------------------------

    async def _run_frames(self) -> None:
        period, hub, beat = self._settings.frame_s, self._hub, self.registry.beat
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            link = self._link
            if link is not None and link.jumps() != self._jumps:
                self._jumps = link.jumps()
                self._begin_day_anew()
            hub.frame()
            beat("frames")
            due = max(due + period, loop.time())
            await asyncio.sleep(due - loop.time())

    def _begin_day_anew(self) -> None:
        """The market's clock was set to another instant of the day: nothing known of it holds any more."""
        if self._board_panel is not None:
            self._use_panel(self._board_panel, anew=True)
            self._asked_books.clear()
            self._register()

    def _on_frame(self, frame: QuoteFrame) -> None:
        if self._scanner is not None:
            self._scanner.touch(frame.rows)

    async def _run_scans(self) -> None:
        """Score the forming bar once a second where something changed; never two at a time."""
        while True:
            self.registry.beat("provisional scores")
            await asyncio.sleep(self._settings.scan_s)
            await self._make_scanner()
            scanner, board, picture = self._scanner, self._hub.board, self._official.last
            if scanner is None or board is None or picture is None or not picture.is_latest or self._link is None:
                continue
            if not scanner.has_work:
                continue
            rows = scanner.write(board)
            if not len(rows):
                continue
            as_of = AsOf(self.market_ns())
            result = await self._workers.compute(scanner.scan, rows, as_of, board.gap.copy())
            if scanner is self._scanner and self._official.last is not None and self._official.last.is_latest:
                self.scans.publish(result)

    async def _make_scanner(self) -> None:
        """Make the scanner that is wanted, if it is not there yet."""
        wanted = self._forming
        if self._scanner is not None or wanted is None or self._link is None:
            return
        panel, day = wanted
        made = await self._workers.compute(FormingScanner, panel, day, self._rules())
        if self._forming is wanted:  # else another market or day was chosen meanwhile
            made.touch(np.arange(len(panel.tickers), dtype=np.intp))
            self._scanner = made

    async def _run_status(self) -> None:
        while True:
            self.registry.beat("feed status")
            self._watch_push()
            self._watch_vis()
            self._publish_status()
            self.registry.publish()
            if self._link is not None:
                self._link.refresh()
            picture = self._official.last
            if picture is not None and self._hub.board is not None and self._hub.board.day != self._market_day():
                self._use_panel(picture.panel)  # the next trading day has begun
            await asyncio.sleep(self._settings.status_s)

    def _phase(self) -> tuple[Phase, float | None]:
        return phase_of(self.market_ns(), self._calendar, self._sessions)

    def _publish_status(self) -> None:
        hub, link, change = self._hub, self._link, self._connection
        phase, left_s = self._phase()
        now = self.market_ns()
        shown = self._shown()
        age_s = newest_age_s(hub.board, now, shown)
        report = self.gaps.last
        self.status.publish(
            FeedStatus(
                host=link.host if link is not None else self._opening,
                connection=change.state,
                shown=shown,
                age_s=age_s,
                is_stale=phase is Phase.REGULAR and link is not None and (age_s is None or age_s > STALE_AFTER_S),
                phase=phase,
                phase_left_s=left_s,
                market_ns=now,
                speed=link.clock.speed if link is not None else 1.0,
                messages_per_s=self._rate.take(self._monotonic(), hub.messages),
                lag_ms=hub.lag_ms,
                streamed=len(hub.covered),
                polled=polled_count(hub.board),
                open_gaps=report.open if report is not None else 0,
                filled_gaps=report.filled if report is not None else 0,
                next_try_s=change.next_try_s,
                since_ns=change.at_ns,
                error=change.error,
            )
        )

    def _shown(self) -> QuoteSource:
        if self._is_pushed and self._hub.covered:
            return QuoteSource.STREAM
        if self._poller is not None and self._poller.is_working:
            return QuoteSource.POLLED
        board = self._hub.board
        return QuoteSource.STORED if board is not None and (board.source != QuoteSource.NONE).any() else QuoteSource.NONE
