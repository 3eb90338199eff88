"""The program behind the window: which market is looked at, as of when, its scan, and what one symbol's score is made of.

Implements :class:`ralphstock_desktop.services.contracts.Workstation`. Runs on the event-loop thread; panels, scans, imports
and reads run on :class:`~ralphstock_desktop.services.workers.Workers` and come back as facts on the channels. A result that
was overtaken by a newer request is dropped, never shown.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from engine.asof.view import known_days
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.explain.overlay import vcp_overlay
from engine.explain.reasons import signal_reasons
from engine.explain.vcp_evidence import explain_vcp
from engine.features import acceleration
from engine.features.series import SessionBar, day_series, with_session_bar
from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable, RalphStockError, UserCancelled
from engine.model.evidence import Evidence
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES, Rules
from ralphstock_desktop.ports import Dataset, FilePreview, ImportReport, Ledger, OnProgress, Progress, SymbolCoverage
from ralphstock_desktop.services.assistant_contracts import Assistant, WatchBook
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import (
    DatasetKind,
    Empty,
    EvidenceFocus,
    Explanation,
    Failed,
    Loading,
    MarketPicture,
    PanelState,
    Ready,
    ScanPicture,
    SymbolContext,
    SymbolHit,
)
from ralphstock_desktop.services.live_contracts import LiveMarket
from ralphstock_desktop.services.search import SymbolIndex
from ralphstock_desktop.services.strategy_contracts import Strategies
from ralphstock_desktop.services.tasks import TaskSet
from ralphstock_desktop.services.workers import Workers

__all__ = ["WorkstationService"]

_log = logging.getLogger(__name__)
T = TypeVar("T")


class WorkstationService:
    """See :class:`ralphstock_desktop.services.contracts.Workstation`.

    Parameters
    ----------
    datasets : dict
        Makes (opens) each kind of market data on first use; called on a worker thread.
    workers : Workers
        Threads to work on; closed by the owner, not here.
    now_ns : callable
        The clock: current instant in UTC nanoseconds.
    data_folder : Path
        Shown to the user.
    rules : Rules
        Thresholds to score by.
    warm : bool
        Compile the scan loops before the first scan (or load them from the compiler's cache).
    settle_after_s : float
        How long work that can wait (storing a generated market) leaves the processor to the first screen.
    """

    def __init__(
        self,
        datasets: dict[DatasetKind, Callable[[], Dataset]],
        workers: Workers,
        now_ns: Callable[[], int],
        data_folder: Path,
        rules: Rules = DEFAULT_RULES,
        *,
        warm: bool = True,
        settle_after_s: float = 0.0,
    ) -> None:
        self.market: Channel[MarketPicture] = Channel("market")
        self.scans: Channel[ScanPicture] = Channel("scans")
        self.scan_state: Channel[PanelState] = Channel("scan_state")
        self.selection: Channel[SymbolContext] = Channel("selection")
        self.focus: Channel[EvidenceFocus] = Channel("focus")
        self.job: Channel[Progress | None] = Channel("job")
        self.notices: Channel[str] = Channel("notices")
        self._makers = datasets
        self._open: dict[DatasetKind, Dataset] = {}
        self._workers = workers
        self._now_ns = now_ns
        self._data_folder = data_folder
        self._rules = rules
        self._warm = warm
        self._settle_after_s = settle_after_s
        self.live: LiveMarket | None = None
        """Set by the composition root where there is a running market."""
        self.strategies: Strategies | None = None
        self.assistant: Assistant | None = None
        self.watch: WatchBook | None = None
        """Set by the composition root."""
        self._kind: DatasetKind = "real"
        self._index: SymbolIndex | None = None
        self._minutes: frozenset[str] = frozenset()
        self._explained: dict[str, Explanation] = {}
        self._cancels: set[threading.Event] = set()
        """One per running or waiting job: stopping them never stops one that is asked for afterwards."""
        self._told: set[str] = set()
        self._scan_number = 0
        self._scanning: asyncio.Task[Any] | None = None
        self._standard: ScanPicture | None = None
        self.keep_signals: Callable[[VcpScan, MarketPicture, int], Coroutine[Any, Any, None]] | None = None
        """Set by who stores signals with the gate's say; without it they are stored as WATCH."""
        self.clock_of: Callable[[MarketPanel], int] = lambda _panel: now_ns()
        """What "now" is in a market; set by the composition root where a market has a clock of its own."""
        self.session_bar: Callable[[str, AsOf], SessionBar | None] | None = None
        """The forming bar of a symbol at an earlier instant inside a session, where recorded minutes tell."""
        self.on_settled: Callable[[], None] | None = None
        """Called when everything of an opened market is in its repository, and when something was added beside daily bars."""
        self._tasks = TaskSet()

    # -- life -----------------------------------------------------------------------------------------------------------

    async def start(self, kind: DatasetKind, as_of: AsOf | None = None) -> None:
        """Open a market and scan it as of now, or as of an earlier instant, of which nothing is stored."""
        self._kind = kind
        self.scan_state.publish(Loading(Progress("progress.open", 0, 0)))
        try:
            dataset = await self._dataset(kind)
            panel = await self._workers.read(dataset.quick_panel)
            if panel is None:
                panel = await self._run_job(dataset.load_panel)
        except RalphStockError as error:
            if self._kind == kind:
                self._not_opened(kind, error)
            return
        if self._kind != kind:
            return
        self._told.clear()
        self._tell_notices(dataset)
        if as_of is None:
            self._show_latest(panel)
        else:
            self._show(panel, as_of, latest=False)
        if not await self._recall(dataset):
            self.start_scan()
        self._tasks.spawn(self._settle(dataset), "settle")

    def _not_opened(self, kind: DatasetKind, error: RalphStockError) -> None:
        """Say why a market cannot be looked at. The one on screen stays whole: its chart never stands beside the other's state.

        Raises
        ------
        RalphStockError
            What went wrong, where another market stays on screen and only a notice can tell.
        """
        shown = self.market.last
        if shown is not None and shown.kind != kind:
            self._kind = shown.kind
            if self.scans.last is not None and self.scans.last.panel is shown.panel:
                self.scan_state.publish(Ready(self.scans.last.scan.as_of))
            else:
                self.start_scan()
            if not isinstance(error, UserCancelled | DataUnavailable):
                raise error
            if isinstance(error, DataUnavailable):
                self.notices.publish(f"notice.nothing_stored.{kind}")
        elif isinstance(error, UserCancelled):
            self.scan_state.publish(Empty("empty.signals.cancelled", action="retry"))
        elif isinstance(error, DataUnavailable):
            self.scan_state.publish(Empty("empty.signals.no_data", action="import"))
        else:
            self.scan_state.publish(Failed(error))

    def _tell_notices(self, dataset: Dataset) -> None:
        """Tell what the store has to say, each thing once per opening."""
        for notice in dataset.notices():
            if notice not in self._told:
                self._told.add(notice)
                self.notices.publish(notice)

    async def _recall(self, dataset: Dataset) -> bool:
        """Show the kept scan of the last run where it is what a scan would give now; return whether it was."""
        picture = self.market.last
        if picture is None:
            return False
        begin = time.perf_counter()
        kept = await self._workers.read(dataset.recall_scan, picture.panel, picture.as_of, self._rules.ruleset_id)
        if kept is None or picture is not self.market.last:
            return False
        self._publish_scan(kept, picture, time.perf_counter() - begin)
        return True

    async def _settle(self, dataset: Dataset) -> None:
        """Finish what could wait, then see which symbols have minute bars and make the loops ready for the next scan."""
        await asyncio.sleep(self._settle_after_s)
        await self._run_job(dataset.settle)
        self._minutes = await self._workers.read(dataset.minute_tickers)
        if self.on_settled is not None:
            self.on_settled()
        self._tell_notices(dataset)  # a mapped panel is shown before its database is opened
        picture = self.market.last
        if self._warm and picture is not None:
            with suppress(DataUnavailable):  # an instant before the first bar is looked at
                await self._workers.compute(self._timed_scan, picture)  # loads the compiled loops before the first click

    async def close(self) -> None:
        """Stop what is running and close the open stores."""
        self._cancel_jobs()
        await self._tasks.cancel()
        for dataset in self._open.values():
            await self._workers.read(dataset.close)
        self._open.clear()

    async def idle(self) -> None:
        """Wait until nothing runs any more."""
        await self._tasks.idle()

    async def switch_dataset(self, kind: DatasetKind) -> None:
        """Look at the other market. Nothing of the one is ever shown with the other.

        One that is on screen, or being opened, is left alone.
        """
        shown = self.market.last
        if kind == self._kind and (shown.kind == kind if shown is not None else isinstance(self.scan_state.last, Loading)):
            return
        self.cancel_job()
        self._minutes = frozenset()
        await self.start(kind)

    @property
    def dataset(self) -> Dataset | None:
        """The open data set of the market on screen; None before there is one."""
        picture = self.market.last
        return self._open.get(picture.kind) if picture is not None else None

    async def _dataset(self, kind: DatasetKind) -> Dataset:
        if kind not in self._open:
            self._open[kind] = await self._workers.job(self._makers[kind])
        return self._open[kind]

    def _show(self, panel: MarketPanel, as_of: AsOf, *, latest: bool) -> None:
        self._index = None
        self._explained.clear()
        self.market.publish(
            MarketPicture(panel=panel, kind="simulated" if panel.simulated else "real", as_of=as_of, is_latest=latest)
        )

    def _show_latest(self, panel: MarketPanel) -> None:
        self._show(panel, AsOf(self.clock_of(panel)), latest=True)

    # -- as-of and scan -------------------------------------------------------------------------------------------------

    @property
    def rules(self) -> Rules:
        """Thresholds in use."""
        return self._rules

    @property
    def data_folder(self) -> Path:
        """Where the stores and caches are."""
        return self._data_folder

    @property
    def last_trading_day(self) -> date | None:
        """Newest day of the panel."""
        panel = self._panel
        if panel is None:
            return None
        day: date = panel.days[-1].astype("datetime64[D]").item()
        return day

    @property
    def _panel(self) -> MarketPanel | None:
        picture = self.market.last
        return picture.panel if picture is not None else None

    def set_as_of(self, as_of: AsOf) -> None:
        """Look at another instant and scan it."""
        panel = self._panel
        if panel is None:
            return
        self._show(panel, as_of, latest=False)
        self.start_scan()

    def set_as_of_latest(self) -> None:
        """Look at now."""
        panel = self._panel
        if panel is not None:
            self._show_latest(panel)
            self.start_scan()

    def step_day(self, days: int) -> None:
        """Move the as-of day by trading days; the newest day is looked at as of now."""
        picture = self.market.last
        if picture is None:
            return
        panel = picture.panel
        target = min(max(known_days(panel, picture.as_of).bar + days, 0), len(panel.days) - 1)
        if target == len(panel.days) - 1:
            self.set_as_of_latest()
        else:
            self.set_as_of(AsOf.end_of(panel.days[target].astype("datetime64[D]").item()))

    def day_phases(self, day: date) -> tuple[tuple[str, AsOf], ...]:
        """Return the named instants of a trading day: ``close``, ``flows`` and ``all``."""
        return (
            ("close", AsOf(DEFAULT_SESSIONS.official_bar_ns(day))),
            ("flows", AsOf(DEFAULT_SESSIONS.confirmed_flow_ns(day))),
            ("all", AsOf.end_of(day)),
        )

    def start_scan(self) -> None:
        """Scan the market at the as-of instant; an earlier scan still running is overtaken.

        Where no market could be opened (stopped or failed), opening it is tried again.
        """
        picture = self.market.last
        if picture is None:
            if self.scan_state.last is not None and not isinstance(self.scan_state.last, Loading):
                self._tasks.spawn(self.start(self._kind), "start")
            return
        self._scan_number += 1
        same = self._same_knowledge(picture)
        if same is not None:
            # A minute later nothing more is known of the daily bars: the scan is the same.
            self._publish_scan(replace(same.scan, as_of=picture.as_of), picture, same.seconds)
            return
        self.scan_state.publish(Loading(Progress("progress.scan", 0, len(picture.panel.tickers))))
        self._scanning = self._tasks.spawn(self._scan(picture, self._scan_number), "scan")

    def _same_knowledge(self, picture: MarketPicture) -> ScanPicture | None:
        """The scan on screen, if an earlier instant is looked at and it was made from the same bars and flows."""
        shown = self.scans.last
        if picture.is_latest or shown is None or shown.what_if or shown.panel is not picture.panel:
            return None
        if isinstance(self.scan_state.last, Loading) or shown.scan.ruleset != self._rules.ruleset_id:
            return None
        known = known_days(picture.panel, picture.as_of)
        return shown if (known.bar, known.flow) == (shown.scan.day_index, shown.scan.flow_day_index) else None

    async def idle_scan(self) -> None:
        """Wait until the scan that is running is on screen."""
        if self._scanning is not None and not self._scanning.done():
            await asyncio.wait({self._scanning})

    def show_what_if(self, result: VcpScan, rules: Rules, seconds: float) -> None:
        """Show a scan made under moved thresholds; nothing of it is stored. The next ordinary scan takes its place."""
        picture = self.market.last
        if picture is None or picture.panel.version != result.panel_version:
            return
        self._explained.clear()
        self.scans.publish(_scan_picture(result, picture.panel, rules, seconds, what_if=True))

    async def _scan(self, picture: MarketPicture, number: int) -> None:
        started_ns = self._now_ns()
        try:
            result, seconds = await self._workers.compute(self._timed_scan, picture)
        except DataUnavailable as error:
            if number == self._scan_number:
                self.scan_state.publish(Empty("empty.signals.nothing_known", dict(error.fields), action="latest"))
            return
        except RalphStockError as error:
            if number == self._scan_number:
                self.scan_state.publish(Failed(error))
            return
        if number != self._scan_number:
            return
        self._publish_scan(result, picture, seconds)
        if picture.is_latest:
            await self._store_scan(result, picture, started_ns)

    @property
    def standard_scan(self) -> ScanPicture | None:
        """The last scan under the standard rules, if it is of the market and instant on screen."""
        picture, standard = self.market.last, self._standard
        if picture is None or standard is None or standard.panel is not picture.panel:
            return None
        return standard if standard.scan.as_of == picture.as_of else None

    def show_standard(self) -> None:
        """Show the last scan under the standard rules again; it is made anew if it belongs to another instant."""
        standard = self.standard_scan
        if self.market.last is None:
            return
        if standard is not None:
            self._explained.clear()
            self.scans.publish(standard)
        else:
            self.start_scan()

    def _publish_scan(self, result: VcpScan, picture: MarketPicture, seconds: float) -> None:
        self._explained.clear()
        self._standard = _scan_picture(result, picture.panel, self._rules, seconds)
        self.scans.publish(self._standard)
        self.scan_state.publish(Ready(picture.as_of))
        if _is_partial_day(picture.panel, result.day_index):
            self.notices.publish("notice.partial_day")

    def _timed_scan(self, picture: MarketPicture) -> tuple[VcpScan, float]:
        if self._warm:
            acceleration.accelerate()
        begin = time.perf_counter()
        return scan(picture.panel, picture.as_of, self._rules), time.perf_counter() - begin

    async def _store_scan(self, result: VcpScan, picture: MarketPicture, started_ns: int) -> None:
        dataset = await self._dataset(picture.kind)
        await self._workers.read(dataset.keep_scan, result)
        try:
            if self.keep_signals is not None:
                await self.keep_signals(result, picture, started_ns)
            else:
                await self._workers.job(dataset.store_scan, result, picture.panel, started_ns)
        except RalphStockError:
            # The scan on screen is right all the same; what could not be kept is told, not hidden.
            _log.exception("a finished scan could not be stored")
            self.notices.publish("notice.scan_not_stored")

    def cancel_job(self) -> None:
        """Stop the running long job at its next step, and drop a running scan."""
        self._cancel_jobs()
        if isinstance(self.scan_state.last, Loading) and self.scans.last is not None:
            self._scan_number += 1
            self.scan_state.publish(Ready(self.scans.last.scan.as_of))

    def _cancel_jobs(self) -> None:
        for event in self._cancels:
            event.set()

    # -- one symbol -----------------------------------------------------------------------------------------------------

    def select(self, ticker: str, origin: str) -> None:
        """Make a symbol the one every linked panel looks at."""
        last = self.selection.last
        if last is None or last.ticker != ticker:
            self.selection.publish(SymbolContext(ticker, origin))

    def focus_evidence(self, ticker: str, evidence: Evidence | None, *, pinned: bool = False) -> None:
        """Light up one evidence row's bars; None clears."""
        focus = EvidenceFocus(ticker, evidence, pinned)
        if focus != self.focus.last:
            self.focus.publish(focus)

    def explain(self, ticker: str) -> Explanation | None:
        """Return evidence and overlay of one symbol from the scan on screen; None if it is not in the panel."""
        picture = self.scans.last
        if picture is None:
            return None
        row = picture.panel.row_of(ticker)
        if row is None:
            return None
        if ticker not in self._explained:
            self._explained[ticker] = Explanation(
                ticker=ticker,
                row=row,
                scan=picture.scan,
                rules=picture.rules,
                groups=explain_vcp(picture.panel, picture.scan, row, picture.rules),
                overlay=vcp_overlay(picture.panel, picture.scan, row, picture.rules),
                signals=signal_reasons(picture.scan, row),
            )
        return self._explained[ticker]

    def day_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        """Return day, week or month bars up to the as-of instant.

        Raises
        ------
        DataUnavailable
            If the panel does not hold the symbol or it has no bar yet.
        """
        picture, row = self._place(ticker)
        known = known_days(picture.panel, picture.as_of)
        series = day_series(picture.panel, row, known.bar, timeframe, adjusted=adjusted, flow_day_index=known.flow)
        bar = self.session_bar(ticker, picture.as_of) if self.session_bar is not None and not picture.is_latest else None
        return with_session_bar(picture.panel, row, series, bar) if bar is not None else series

    def redraw(self) -> None:
        """Let everything that shows the market read it again: more of the same instant is at hand now."""
        if self.market.last is not None:
            self.market.publish(replace(self.market.last))

    async def load_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        """Return bars of any time frame up to the as-of instant."""
        if not timeframe.is_intraday:
            return self.day_series(ticker, timeframe, adjusted=adjusted)
        picture, _ = self._place(ticker)
        dataset = await self._dataset(picture.kind)
        return await self._workers.read(dataset.minute_series, ticker, timeframe, picture.as_of)

    def _place(self, ticker: str) -> tuple[MarketPicture, int]:
        picture = self.market.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or row is None:
            raise DataUnavailable(f"There are no daily bars of {ticker}.", key="error.no_bars", ticker=ticker)
        return picture, row

    def has_minutes(self, ticker: str) -> bool:
        """Whether any minute bars of a symbol are stored."""
        return ticker in self._minutes

    def search(self, text: str, limit: int = 20) -> list[SymbolHit]:
        """Find symbols by code, name or 초성."""
        panel = self._panel
        if panel is None:
            return []
        if self._index is None:
            self._index = SymbolIndex(panel)
        return self._index.find(text, limit)

    # -- data -----------------------------------------------------------------------------------------------------------

    async def preview_files(self, paths: Sequence[Path]) -> list[FilePreview]:
        """Look at files before importing them."""
        dataset = await self._dataset("real")
        return await self._workers.read(dataset.preview, list(paths))

    async def import_files(
        self, paths: Sequence[Path], mappings: dict[Path, tuple[str, dict[str, str]]] | None = None
    ) -> ImportReport:
        """Import files into the real market, rebuild its panel and look at it."""
        dataset = await self._dataset("real")
        chosen = list(paths)
        report = await self._run_job(lambda on_progress: dataset.import_files(chosen, mappings or {}, on_progress))
        if report.inserted or report.updated:
            await self._reload(dataset)
        return report

    async def open_dataset(self, kind: DatasetKind) -> Dataset:
        """Return a market's data set, opened if need be, whatever market is on screen."""
        return await self._dataset(kind)

    async def take_new_data(self, kind: DatasetKind) -> None:
        """Look at what was stored in a market meanwhile; an earlier instant that is looked at stays.

        Where the other market is on screen, this one is opened: what was asked for is there now.
        """
        picture = self.market.last
        if picture is None or picture.kind != kind:
            await self.switch_dataset(kind)
            return
        dataset = await self._dataset(kind)
        panel = await self._run_job(dataset.load_panel)
        if self.market.last is not picture:
            return
        if panel is picture.panel:
            if self.on_settled is not None:
                self.on_settled()  # no daily bars, but perhaps indices or minutes
            return
        self._minutes = await self._workers.read(dataset.minute_tickers)
        if picture.is_latest:
            self._show_latest(panel)
        else:
            self._show(panel, picture.as_of, latest=False)
        self.start_scan()

    async def _reload(self, dataset: Dataset) -> None:
        try:
            panel = await self._run_job(dataset.load_panel)
        except DataUnavailable:
            return
        self._kind = "real"
        self._minutes = await self._workers.read(dataset.minute_tickers)
        self._show_latest(panel)
        self.start_scan()

    @property
    def _kind_on_screen(self) -> DatasetKind:
        """The market shown; while none is, the one being opened."""
        picture = self.market.last
        return picture.kind if picture is not None else self._kind

    async def load_ledger(self) -> Ledger:
        """Return coverage, gaps, source and age of everything stored in the market looked at."""
        dataset = await self._dataset(self._kind_on_screen)
        return await self._workers.read(dataset.ledger)

    async def load_symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]:
        """Return what is stored of one symbol."""
        dataset = await self._dataset(self._kind_on_screen)
        return await self._workers.read(dataset.symbol_coverage, ticker)

    # -- jobs -----------------------------------------------------------------------------------------------------------

    async def _run_job(self, work: Callable[[OnProgress], T]) -> T:
        """Run a long job on its thread with progress on the ``job`` channel and cancelling between its steps."""
        loop = asyncio.get_running_loop()
        cancel = threading.Event()
        self._cancels.add(cancel)
        last_shown = 0.0

        def on_progress(progress: Progress) -> None:
            nonlocal last_shown
            if cancel.is_set():
                raise UserCancelled("The job was stopped by the user.")
            moment = time.perf_counter()
            if moment - last_shown >= 0.033 or progress.done >= progress.total:
                last_shown = moment
                loop.call_soon_threadsafe(self._show_progress, progress)

        try:
            return await self._workers.job(work, on_progress)
        finally:
            self._cancels.discard(cancel)
            # Progress that is still queued must not come after the end.
            loop.call_soon(self.job.publish, None)

    def _show_progress(self, progress: Progress) -> None:
        self.job.publish(progress)
        if self.scans.last is None and isinstance(self.scan_state.last, Loading | None):
            self.scan_state.publish(Loading(progress))


def _scan_picture(result: VcpScan, panel: MarketPanel, rules: Rules, seconds: float, *, what_if: bool = False) -> ScanPicture:
    return ScanPicture(
        scan=result,
        panel=panel,
        rules=rules,
        seconds=seconds,
        universe=int(np.count_nonzero(result.ineligible == 0)),
        scored=int(np.count_nonzero(~np.isnan(result.vcp_score))),
        detected=int(result.pattern.sum()),
        what_if=what_if,
    )


def _is_partial_day(panel: MarketPanel, day: int) -> bool:
    """Whether a day has rows of less than half the symbols of the day before: most likely its data came in part."""
    if day < 1:
        return False
    rows, before = (int(np.count_nonzero(panel.present[:, index])) for index in (day, day - 1))
    return rows < 0.5 * before
