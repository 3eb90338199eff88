"""All strategies of the market on screen, at the instant it is looked at; implements ``Strategies``.

Whenever the workstation shows a scan, every strategy of the same instant is computed together on a worker and published; what
was overtaken meanwhile is dropped. While the market trades and the present is looked at, the live board feeds the day-trading
checklist each second and the closing bet in its minutes. Nothing of an earlier instant, of moved thresholds or of a forming bar
is ever stored as a confirmed signal.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Literal

from engine.asof.view import known_days
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.explain.closing_evidence import explain_closing
from engine.explain.day_evidence import explain_day_trade
from engine.features.series import SessionBar
from engine.model.closing import ClosingRun
from engine.model.errors import DataUnavailable, RalphStockError
from engine.model.gate import GateHistory
from engine.model.instants import AsOf
from engine.model.news import StockNews
from engine.model.performance import RecordRow
from engine.model.scan import ScoreStatus, VcpScan
from engine.scoring.closing_bet import closing_filters, closing_size
from engine.scoring.day_trade import day_trade_size
from engine.scoring.gate import gate_history
from engine.scoring.near_miss import closing_near_misses, day_near_misses, vcp_near_misses
from engine.scoring.vcp import scan as scan_vcp
from engine.thresholds import Rules
from ralphstock_desktop.ports import Dataset, Progress
from ralphstock_desktop.services.backtest_records import ScanShelf
from ralphstock_desktop.services.backtests import BacktestService
from ralphstock_desktop.services.channels import Channel, Subscription
from ralphstock_desktop.services.contracts import (
    DatasetKind,
    Empty,
    Failed,
    Loading,
    MarketPicture,
    PanelState,
    Ready,
    ScanPicture,
    SettingsStore,
)
from ralphstock_desktop.services.journal import JournalService
from ralphstock_desktop.services.notices import NoticeService
from ralphstock_desktop.services.recommend import load_and_recommend
from ralphstock_desktop.services.strategy.diffs import closing_diff, day_diff, vcp_diff
from ralphstock_desktop.services.strategy.evaluate import ClosingBasis, DayBasis, Evaluation, evaluate
from ralphstock_desktop.services.strategy.forming import session_bar
from ralphstock_desktop.services.strategy.keeping import Keeper
from ralphstock_desktop.services.strategy.live_part import LivePart
from ralphstock_desktop.services.strategy.marks import day_marks
from ralphstock_desktop.services.strategy.records import RecordKeeper
from ralphstock_desktop.services.strategy.sources import Sources
from ralphstock_desktop.services.strategy.time_machine import TimeMachineService
from ralphstock_desktop.services.strategy.what_if import WhatIfService
from ralphstock_desktop.services.strategy_contracts import (
    ClosingExplanation,
    ClosingPicture,
    DayTradeExplanation,
    DayTradePicture,
    GatePicture,
    GradeDiff,
    NearMiss,
    NewsPicture,
    Recommendations,
    RecordTable,
    StrategyName,
    TimeMark,
)
from ralphstock_desktop.services.tasks import TaskSet
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.strategy_ports import StrategyStore

__all__ = ["StrategyService"]

_log = logging.getLogger(__name__)
_WON_PER_MANWON = 10_000
_WAITING = Loading(Progress("progress.strategies", 0, 0), can_cancel=False)


class StrategyService:
    """See :class:`ralphstock_desktop.services.strategy_contracts.Strategies`.

    Parameters
    ----------
    workstation : WorkstationService
        The market and its scan.
    settings : SettingsStore
        Account value, notice switches.
    now_ns : callable
        This machine's clock.
    backtests, journal, notices
        Services made by the composition root; shown by the panels through this object.
    shelf : ScanShelf, optional
        Keeps the scans of whole histories from one start to the next.
    """

    def __init__(
        self,
        workstation: WorkstationService,
        workers: Workers,
        settings: SettingsStore,
        now_ns: Callable[[], int],
        *,
        notices: NoticeService,
        journal: JournalService,
        backtests: BacktestService,
        shelf: ScanShelf | None = None,
    ) -> None:
        self.gate: Channel[GatePicture] = Channel("gate")
        self.gate_state: Channel[PanelState] = Channel("gate_state")
        self.closing: Channel[ClosingPicture] = Channel("closing")
        self.closing_state: Channel[PanelState] = Channel("closing_state")
        self.day_trades: Channel[DayTradePicture] = Channel("day_trades")
        self.day_state: Channel[PanelState] = Channel("day_state")
        self.news: Channel[NewsPicture] = Channel("news")
        self.news_state: Channel[PanelState] = Channel("news_state")
        self.records: Channel[RecordTable] = Channel("records")
        self._workstation, self._workers, self._settings, self._now_ns = workstation, workers, settings, now_ns
        self.notices, self.journal, self.backtests = notices, journal, backtests
        self.judged: Callable[[StockNews], StockNews] | None = None
        """Adds a language model's verdict to the news of a stock, where one was asked (``services/news/verdicts``)."""
        self._sources: dict[DatasetKind, Sources] = {}
        self._listed_kind: DatasetKind | None = None
        """Market whose stored backtests and profiles are listed."""
        self._opening: dict[DatasetKind, asyncio.Lock] = {}
        self._evaluation: Evaluation | None = None
        self._number = 0
        self._looked_at: MarketPicture | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._closed = False
        self._run: ClosingRun | None = None
        self._tasks = TaskSet()
        self._records = RecordKeeper(workers, self._tasks.spawn, self._now_sources, self.records, shelf)
        self._keeper = Keeper(
            workers,
            notices,
            journal,
            dataset=self._open_dataset,
            equity_krw=self.equity_krw,
            now_ns=now_ns,
            on_problem=workstation.notices.publish,
        )
        self._live = LivePart(self)
        self.what_if = WhatIfService(
            workstation,
            workers,
            evaluation=lambda: self._evaluation,
            publish_closing=self.closing.publish,
            publish_day=self.day_trades.publish,
            restore=self._restore,
            record_of=self._record_of,
            store=lambda: self.store,
            now_ns=now_ns,
        )
        self.time_machine = TimeMachineService(
            workstation, marks=self._marks, has_minutes=self._has_minutes, now_ns=now_ns, settled=self.settled
        )
        workstation.keep_signals = self._keep_vcp
        workstation.on_settled = self.data_changed
        workstation.session_bar = self._session_bar
        self._subscriptions: list[Subscription] = [
            workstation.market.subscribe(self._on_market),
            workstation.scans.subscribe(self._on_scan),
            workstation.scan_state.subscribe(self._on_scan_state),
        ]

    # -- life -----------------------------------------------------------------------------------------------------------

    def follow_live(self) -> None:
        """Listen to the running market, once there is one."""
        self._live.begin()

    async def close(self) -> None:
        """Stop listening and drop what is running."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
        await self._live.close()
        await self.time_machine.close()
        await self.what_if.close()
        self.backtests.cancel()
        await self.notices.close()
        await self._tasks.cancel()

    async def idle(self) -> None:
        """Wait until nothing runs any more."""
        await self._tasks.idle()

    async def settled(self) -> None:
        """Wait until everything of the instant looked at is on screen."""
        await self._workstation.idle_scan()
        while (task := self._refreshing) is not None and not task.done():
            await asyncio.wait({task})

    # -- what everything is computed from -------------------------------------------------------------------------------

    @property
    def rules(self) -> Rules:
        """The standard rules."""
        return self._workstation.rules

    @property
    def evaluation(self) -> Evaluation | None:
        """Everything of the instant on screen under the standard rules."""
        return self._evaluation

    def equity_krw(self) -> float:
        """Account value for sizes, in won."""
        value = self._settings.get("equity_manwon")
        return float(value) * _WON_PER_MANWON if isinstance(value, int) else 0.0

    async def sources(self, kind: DatasetKind) -> Sources:
        """What one market's strategies read; opens the repository on first use."""
        async with self._opening.setdefault(kind, asyncio.Lock()):  # who asks meanwhile gets the same one
            if kind not in self._sources:
                dataset: Dataset = await self._workstation.open_dataset(kind)
                self._sources[kind] = await self._workers.read(lambda: Sources(dataset.strategies()))
            return self._sources[kind]

    async def _open_dataset(self, kind: str) -> Dataset:
        return await self._workstation.open_dataset("simulated" if kind == "simulated" else "real")

    def _now_sources(self) -> Sources | None:
        picture = self._workstation.market.last
        return self._sources.get(picture.kind) if picture is not None else None

    @property
    def store(self) -> StrategyStore | None:
        """The repository of the market on screen; None before it was opened."""
        sources = self._now_sources()
        return sources.store if sources is not None else None

    # -- refreshing -----------------------------------------------------------------------------------------------------

    def _on_market(self, picture: MarketPicture) -> None:
        """Another instant or market is looked at: what is being computed for the one before is dropped."""
        before, self._looked_at = self._looked_at, picture
        if before is not None and (before.panel is picture.panel and before.as_of == picture.as_of):
            return  # drawn again
        self._number += 1
        if self._evaluation is not None and self._evaluation.instant.panel.simulated != picture.panel.simulated:
            self._records.leave()
            self._nothing(_WAITING)

    def _on_scan(self, picture: ScanPicture) -> None:
        if picture.what_if:
            return
        self.what_if.follow_standard(picture)
        self.refresh()

    def _on_scan_state(self, state: PanelState) -> None:
        """Where the market itself cannot be shown, neither can what is made from it."""
        if isinstance(state, Empty | Failed):
            self._number += 1
            self._nothing(state)
            self._show_kept()
        elif isinstance(state, Loading) and self._evaluation is None:
            self._publish_state(state)
        elif isinstance(state, Ready) and self._evaluation is None and (self._refreshing is None or self._refreshing.done()):
            self.refresh()  # a scan that was stopped leaves the one before on screen

    def refresh(self) -> None:
        """Compute every strategy of the instant on screen."""
        picture = self._workstation.market.last
        if picture is None or self._closed:
            return
        if picture.is_latest:
            # The present goes on while nothing new is known of the daily data: news do not wait for the next scan.
            now = self._present(picture)
            if known_days(picture.panel, now) == known_days(picture.panel, picture.as_of):
                picture = replace(picture, as_of=now)
        self._number += 1
        if self._evaluation is None or self._evaluation.instant.panel is not picture.panel:
            self._publish_state(_WAITING)
        self._refreshing = self._tasks.spawn(self._refresh(picture, self._number), "strategies")

    async def _refresh(self, picture: MarketPicture, number: int) -> None:
        try:
            sources = await self.sources(picture.kind)
            rules = self.rules
            instant = await self._workers.read(sources.at, picture.panel, picture.as_of, rules)
            if number != self._number:
                return
            found = await self._workers.compute(evaluate, instant, rules, self._run, self._evaluation)
        except DataUnavailable as error:
            if number == self._number:
                self._nothing(Empty("empty.strategies.nothing_known", dict(error.fields), action="latest"))
                self._show_kept()
            return
        except RalphStockError as error:
            if number == self._number:
                _log.warning("the strategies of the instant could not be computed: %s", error)
                self._nothing(Failed(error))
                self._show_kept()
            return
        if number == self._number:
            self._show(found, picture)

    def _nothing(self, state: PanelState) -> None:
        self._evaluation = None
        self._publish_state(state)

    def _publish_state(self, state: PanelState) -> None:
        for channel in (self.gate_state, self.closing_state, self.day_state, self.news_state):
            channel.publish(state)

    def _show_kept(self) -> None:
        """Show what is stored as of the instant looked at, also where nothing can be computed for it."""
        picture, sources = self._workstation.market.last, self._now_sources()
        if picture is not None and sources is not None:
            self._tasks.spawn(self._keeper.show(sources, picture), "journal")

    def _show(self, found: Evaluation, picture: MarketPicture) -> None:
        before, self._evaluation = self._evaluation, found
        if found.instant.minutes and (before is None or before.instant.minutes is not found.instant.minutes):
            self._workstation.redraw()  # charts of days get the bar of the session
        self.gate.publish(found.gate)
        self.news.publish(found.news)
        if not self.what_if.active:
            self.closing.publish(found.closing)
            self.day_trades.publish(found.day)
            self.what_if.follow_evaluation()
        else:
            self.what_if.follow_standard(self._standard_scan(picture))
        self._publish_state(Ready(picture.as_of))
        self.time_machine.refresh()
        sources = self._sources[picture.kind]
        self._records.follow(sources, picture, self.rules)
        if picture.kind != self._listed_kind:
            self._listed_kind = picture.kind
            self.backtests.refresh()
            self._tasks.spawn(self._list_profiles(), "profiles")
        self._tasks.spawn(self._keeper.show(sources, picture), "journal")
        if picture.is_latest:
            self._tasks.spawn(self._keep(sources, found), "keep strategies")
            self._live.follow()

    async def _list_profiles(self) -> None:
        try:
            await self.what_if.refresh_profiles()
        except RalphStockError:
            _log.exception("named rule sets could not be read")
            self._workstation.notices.publish("notice.strategies_not_read")

    def _standard_scan(self, picture: MarketPicture) -> ScanPicture:
        standard = self._workstation.standard_scan
        if standard is not None:
            return standard
        result = scan_vcp(picture.panel, picture.as_of, self.rules)
        return ScanPicture(result, picture.panel, self.rules, 0.0, 0, 0, int(result.pattern.sum()))

    async def _keep(self, sources: Sources, found: Evaluation) -> None:
        kept = found
        if self.judged is not None:  # the verdicts there are by now are kept with the day
            judged = {ticker: self.judged(news) for ticker, news in found.stock_news.items()}
            kept = replace(found, stock_news=judged)
        differences = await self._keeper.keep(sources, kept)
        now = self._evaluation
        # Gate and checklist may have moved on with the running market meanwhile; the list is still this one.
        if differences and now is not None and now.instant is found.instant and now.closing is found.closing:
            shown = replace(found.closing, differences=differences)
            self._evaluation = replace(now, closing=shown)
            if not (self.closing.last is not None and self.closing.last.what_if):
                self.closing.publish(shown)

    async def _keep_vcp(self, scan: VcpScan, picture: MarketPicture, started_ns: int) -> None:
        """Store a finished VCP scan with what the gate says of new orders."""
        sources = await self.sources(picture.kind)
        await self._keeper.keep_vcp(sources, scan, picture, started_ns, self.rules)

    def _restore(self) -> None:
        """Show the standard pictures again after moved thresholds."""
        shown, picture = self._workstation.scans.last, self._workstation.market.last
        if shown is not None and shown.what_if and picture is not None:
            self._workstation.show_standard()
        if self._evaluation is not None:
            if self.closing.last is not None and self.closing.last.what_if:
                self.closing.publish(self._evaluation.closing)
            if self.day_trades.last is not None and self.day_trades.last.what_if:
                # Against what the what-if showed, any row may differ.
                self.day_trades.publish(replace(self._evaluation.day, changed=None))

    def start_closing(self, run: ClosingRun | None = None) -> None:
        """Scan the closing bet again as another run of the day."""
        self._run = run
        self._live.choose_run(run)
        self.refresh()

    def data_changed(self) -> None:
        """Read everything anew: something was stored (news, indices, minutes)."""
        for sources in self._sources.values():
            sources.forget()
        picture = self._workstation.market.last
        if picture is None or self._closed:
            return
        if picture.is_latest and known_days(picture.panel, self._present(picture)) != known_days(picture.panel, picture.as_of):
            self._workstation.set_as_of_latest()  # more is known by now than was scanned: everything anew
        else:
            self.refresh()

    def _present(self, picture: MarketPicture) -> AsOf:
        return AsOf(max(picture.as_of.instant_ns, self._now_ns()))

    def _session_bar(self, ticker: str, as_of: AsOf) -> SessionBar | None:
        """The forming day bar of a symbol at an earlier instant of a session with recorded minutes."""
        instant = self._evaluation.instant if self._evaluation is not None else None
        if instant is None or instant.session_day is None or instant.session_day != as_of.day:
            return None
        if as_of.instant_ns >= DEFAULT_SESSIONS.official_bar_ns(as_of.day):
            return None
        batch = next((item for item in instant.minutes if len(item.ticker) and str(item.ticker[0]) == ticker), None)
        return session_bar(batch, instant.panel.day_index(as_of.day), as_of.instant_ns) if batch is not None else None

    # -- one symbol -----------------------------------------------------------------------------------------------------

    def explain_closing(self, ticker: str) -> ClosingExplanation | None:
        """Return the six components of one symbol with evidence; None if there is no scan or no such symbol."""
        picture = self.closing.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or row is None:
            return None
        news = self._closing_news_of(ticker)
        scan, rules = picture.scan, picture.rules
        return ClosingExplanation(
            ticker=ticker,
            row=row,
            picture=picture,
            groups=explain_closing(picture.panel, scan, row, rules, news),
            news=news,
            filters=closing_filters(scan, picture.panel, row, rules),
            qty=closing_size(scan, row, self.equity_krw(), rules),
        )

    def _closing_news_of(self, ticker: str) -> StockNews:
        """The news the closing bet was scored with: those of its own moment, not of the clock's."""
        if self._evaluation is None:
            return _no_news(ticker)
        basis = self._evaluation.closing_basis
        found = basis.stock_news.get(ticker)
        row = basis.panel.row_of(ticker)
        if found is not None or row is None:
            return found or _no_news(ticker)
        return _no_news(ticker, collected=bool(basis.news.status[row] != ScoreStatus.MISSING))

    def explain_day_trade(self, ticker: str) -> DayTradeExplanation | None:
        """Return the seven items of one symbol with evidence; None if there is no scan or no such symbol."""
        picture = self.day_trades.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        basis = self._evaluation.day_basis if self._evaluation is not None else None
        if picture is None or row is None or basis is None:
            return None
        groups = explain_day_trade(picture.panel, picture.scan, basis.prior, picture.quotes, row, picture.rules)
        qty = day_trade_size(picture.scan, row, self.equity_krw(), picture.rules)
        return DayTradeExplanation(ticker, row, picture, groups, qty)

    def news_of(self, ticker: str) -> StockNews | None:
        """Return the news of one symbol as scored at the instant; None before anything was loaded."""
        if self._evaluation is None:
            return None
        found = self._evaluation.stock_news.get(ticker)
        if found is not None:
            return found if self.judged is None else self.judged(found)
        return _no_news(ticker, collected=self._evaluation.news.collected)

    async def load_gate_history(self) -> GateHistory:
        """Return the gate of every day up to the instant looked at.

        Raises
        ------
        DataUnavailable
            If no market is open.
        """
        evaluation = self._evaluation
        if evaluation is None:
            raise DataUnavailable("No market is open.", key="error.connect.not_connected")
        instant = evaluation.instant
        return await self._workers.compute(
            lambda: gate_history(instant.panel, instant.series, self.rules, last_day=instant.known.bar)
        )

    def near_misses(self, strategy: StrategyName) -> tuple[NearMiss, ...]:
        """Return symbols one item short of the next grade, nearest first."""
        if strategy == "VCP":
            shown = self._workstation.scans.last
            if shown is None:
                return ()
            panel, found = shown.panel, vcp_near_misses(shown.scan, shown.panel, shown.rules)
        elif strategy == "CLOSING_BET":
            closing = self.closing.last
            if closing is None:
                return ()
            panel, found = closing.panel, closing_near_misses(closing.scan, closing.panel, closing.rules)
        else:
            day = self.day_trades.last
            if day is None:
                return ()
            panel, found = day.panel, day_near_misses(day.scan, day.panel, day.rules)
        return tuple(
            NearMiss(
                strategy, miss.row, str(panel.tickers[miss.row]), miss.item, miss.grade, miss.next_grade, miss.value, miss.need,
                miss.unit, miss.gap, miss.gap_share, miss.key, tuple(dict(miss.fields).items()),
            )
            for miss in found
        )  # fmt: skip

    async def grade_diff(self, strategy: StrategyName, ticker: str, since: AsOf | None = None) -> GradeDiff:
        """Return what changed a symbol's grade since an instant; None: since the trading day before.

        Raises
        ------
        DataUnavailable
            If nothing was known at the earlier instant, or the symbol is not in the market.
        """
        picture, evaluation = self._workstation.market.last, self._evaluation
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or evaluation is None or row is None:
            raise DataUnavailable(f"There are no daily bars of {ticker}.", key="error.no_bars", ticker=ticker)
        earlier = since or self._day_before(picture)
        sources = await self.sources(picture.kind)
        rules = self.rules
        if strategy == "VCP":
            return await self._workers.compute(vcp_diff, picture.panel, ticker, row, earlier, picture.as_of, rules)
        instant = await self._workers.read(sources.at, picture.panel, earlier, rules)
        before = await self._workers.compute(evaluate, instant, rules)
        if strategy == "CLOSING_BET":
            return closing_diff(ticker, row, before, evaluation)
        now = self.day_trades.last if not self.what_if.active and self.day_trades.last is not None else evaluation.day
        return day_diff(ticker, row, before.day, now, earlier, picture.as_of, rules)

    def _day_before(self, picture: MarketPicture) -> AsOf:
        known = known_days(picture.panel, picture.as_of)
        if known.bar < 1:
            raise DataUnavailable("There is no earlier day.", key="error.no_earlier_day")
        day: date = picture.panel.days[known.bar - 1].astype("datetime64[D]").item()
        return AsOf.end_of(day)

    async def recommend(self, strategy: Literal["vcp", "jongga", "both"] = "both", limit: int = 5) -> Recommendations:
        """Return recommendations as of the instant (domain.md §8.3).

        Raises
        ------
        DataUnavailable
            If no market is open or nothing was known at the instant.
        RalphStockError
            What kept the instant from being computed; never an empty list instead.
        """
        await self.settled()
        picture, evaluation, shown = self._workstation.market.last, self._evaluation, self._workstation.scans.last
        if evaluation is None and isinstance(state := self.gate_state.last, Failed):
            raise state.error
        if picture is None or evaluation is None or shown is None or shown.panel is not picture.panel:
            raise DataUnavailable("No market is open.", key="error.connect.not_connected")
        vcp = shown if not shown.what_if else self._standard_scan(picture)
        sources = await self.sources(picture.kind)
        return await self._workers.read(
            lambda: load_and_recommend(
                sources.store,
                strategy=strategy,
                limit=limit,
                as_of=picture.as_of,
                vcp=vcp,
                closing=evaluation.closing,
                gate=evaluation.gate.reading,
                records=self.records.last,
                equity_krw=self.equity_krw(),
            )
        )

    # -- what the running market gives ----------------------------------------------------------------------------------

    def take_gate(self, evaluation: Evaluation, gate: GatePicture) -> Evaluation:
        """Show the gate read with live levels; return the evaluation to go on with."""
        if self._evaluation is not evaluation:
            return evaluation
        found = replace(evaluation, gate=gate)
        self._evaluation = found
        self.gate.publish(gate)
        sources = self._now_sources()
        if sources is not None:
            self._tasks.spawn(self._keeper.tell_gate(sources, evaluation.gate, gate), "gate notice")
        return found

    def take_day(self, evaluation: Evaluation, basis: DayBasis, picture: DayTradePicture) -> Evaluation:
        """Show the checklist scored on live quotes."""
        if self._evaluation is not evaluation:
            return evaluation
        found = replace(evaluation, day=picture, day_basis=basis)
        self._evaluation = found
        if not (self.what_if.active and self.day_trades.last is not None and self.day_trades.last.what_if):
            self.day_trades.publish(picture)
            self.day_state.publish(Ready(AsOf(picture.quotes.now_ns), final=False))
        sources = self._now_sources()
        if sources is not None:
            self._tasks.spawn(self._keeper.tell_day(sources, evaluation.day, picture), "day-trading notices")
        return found

    def take_closing(self, evaluation: Evaluation, basis: ClosingBasis, picture: ClosingPicture) -> bool:
        """Show the closing bet scored on forming bars; return whether it is that of the instant on screen."""
        if self._evaluation is not evaluation:
            return False
        found = replace(evaluation, closing=picture, closing_basis=basis)
        self._evaluation = found
        if not (self.what_if.active and self.closing.last is not None and self.closing.last.what_if):
            self.closing.publish(picture)
            self.closing_state.publish(Ready(basis.as_of, final=False))
        return True

    def keep_candidates(self, picture: ClosingPicture, not_stored: Callable[[], None]) -> None:
        """Store and tell the list of the closing auction; ``not_stored`` is called where that failed."""
        sources = self._now_sources()
        if sources is not None:
            self._tasks.spawn(self._keep_run(sources, picture, not_stored), "keep PRE_CLOSE")

    async def _keep_run(self, sources: Sources, picture: ClosingPicture, not_stored: Callable[[], None]) -> None:
        if not await self._keeper.keep_candidates(sources, picture):
            not_stored()

    # -- helpers of parts -----------------------------------------------------------------------------------------------

    async def _record_of(self, strategy: StrategyName, rules: Rules) -> RecordRow | None:
        picture = self._workstation.market.last
        return await self._records.of(strategy, rules, picture) if picture is not None else None

    def _has_minutes(self, day: date) -> bool:
        sources = self._now_sources()
        return sources is not None and day in sources.minute_days

    def _marks(self, day: date, until_ns: int) -> tuple[TimeMark, ...]:
        return day_marks(day, until_ns, self._evaluation, self.journal.signals.last or ())

    @property
    def workstation(self) -> WorkstationService:
        """The market and its scan."""
        return self._workstation

    @property
    def workers(self) -> Workers:
        """Threads to work on."""
        return self._workers


def _no_news(ticker: str, *, collected: bool = False) -> StockNews:
    """No item at all: 0 points where a collector worked, missing where none did."""
    status = ScoreStatus.OK if collected else ScoreStatus.MISSING
    return StockNews(ticker, status, 0.0 if collected else None, 0.0, 0.0, veto=False, clusters=())
