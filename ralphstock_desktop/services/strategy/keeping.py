"""What of a finished evaluation is kept in the repository, and what of it the trader is told.

Only the present under the standard rules is kept: runs and signals, the gate with its sectors, ranks, what news were worth.
Stored signals are moved on with the bars that came since. Notices compare with what was found before in the same market; the
repository sees to it that each is told once. What a market has to tell while it, or its present, is not on screen waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from engine.model.closing import ClosingRun
from engine.model.errors import RalphStockError
from engine.model.gate import GateReading
from engine.model.instants import AsOf, day_of
from engine.model.panel import MarketPanel
from engine.model.scan import Grade, VcpScan
from engine.scoring.gate import read_gate
from engine.scoring.sectors import sector_returns
from engine.thresholds import Rules
from ralphstock_desktop.ports import Dataset, ScanRecord, StoredSignal
from ralphstock_desktop.services.contracts import MarketPicture, ScanPicture
from ralphstock_desktop.services.journal import JournalService
from ralphstock_desktop.services.notice_facts import gate_notices, life_notices, scan_notices
from ralphstock_desktop.services.notices import NoticeService
from ralphstock_desktop.services.signal_life import advance
from ralphstock_desktop.services.strategy.evaluate import Evaluation
from ralphstock_desktop.services.strategy.sources import Sources, day_at
from ralphstock_desktop.services.strategy.stored import closing_record, day_record, rank_rows
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture, GatePicture, RunDifference
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import NoticeRecord, StrategyStore

__all__ = ["Keeper"]

_log = logging.getLogger(__name__)
_MOST_WAITING = 500
_PLAN = ("entry", "stop", "target", "qty", "current_price")
"""Columns of a day trade that stay those of the moment it was first found: there it was bought."""


@dataclass(eq=False)
class _Memory:
    """What one market was found to be last."""

    vcp: ScanPicture | None = None
    evaluation: Evaluation | None = None
    """Last one of the present that was kept."""
    kept: tuple[str, int, str, str] | None = None
    differences: tuple[RunDifference, ...] = ()
    pre_close: ClosingPicture | None = None
    """The candidates of a day that is not confirmed yet."""
    live_gate: GateReading | None = None
    told_day: date | None = None
    told: set[tuple[str, int]] = field(default_factory=set)
    """Day trades of ``told_day`` that were stored: (ticker, grade)."""
    waiting: list[NoticeRecord] = field(default_factory=list)
    """Facts to be told when the market's present is on screen."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Keeper:
    """Writes through a :class:`StrategyStore` on the job worker and posts notices.

    Parameters
    ----------
    dataset : coroutine function
        Opens the data set of a market.
    on_problem : callable
        Told (text key) when something could not be stored: what is on screen is right all the same.
    """

    def __init__(
        self,
        workers: Workers,
        notices: NoticeService,
        journal: JournalService,
        *,
        dataset: Callable[[str], Coroutine[Any, Any, Dataset]],
        equity_krw: Callable[[], float],
        now_ns: Callable[[], int],
        on_problem: Callable[[str], None],
    ) -> None:
        self._workers, self._notices, self._journal = workers, notices, journal
        self._dataset, self._equity_krw, self._now_ns, self._on_problem = dataset, equity_krw, now_ns, on_problem
        self._opened: Sources | None = None
        self._present: Sources | None = None
        """The market whose present is on screen; None while the past is."""
        self._memories: dict[Sources, _Memory] = {}

    def _memory(self, sources: Sources) -> _Memory:
        return self._memories.setdefault(sources, _Memory())

    async def show(self, sources: Sources, picture: MarketPicture) -> None:
        """Show journal and notices of the market and instant on screen."""
        known = None if picture.is_latest else picture.as_of.instant_ns
        self._present = sources if picture.is_latest else None
        try:
            await self._journal.show(sources.store, picture.panel, known)
            if self._opened is not sources:
                self._opened = sources
                await self._notices.open(sources.store, known)
            else:
                await self._notices.look_at(known)
        except RalphStockError:
            _log.exception("stored signals could not be read")
            self._opened = None
            self._on_problem("notice.strategies_not_read")
            return
        if known is None:
            memory = self._memory(sources)
            waiting, memory.waiting = memory.waiting, []
            await self._post(sources, waiting)

    # -- the official day -----------------------------------------------------------------------------------------------

    async def keep_vcp(self, sources: Sources, scan: VcpScan, picture: MarketPicture, started_ns: int, rules: Rules) -> None:
        """Store a finished VCP scan, its orders by the gate of the same instant, and tell what is new."""
        panel, equity = picture.panel, self._equity_krw()
        reading = await self._workers.compute(
            lambda: read_gate(panel, sources.series(panel), AsOf(scan.as_of.instant_ns), rules)
        )
        dataset = await self._dataset(picture.kind)

        def work() -> None:
            dataset.store_scan(scan, panel, started_ns, reading, equity)
            sources.store.store_ranks(day_at(panel, scan.day_index), scan.ruleset, rank_rows(scan, panel.tickers))

        memory = self._memory(sources)
        held: frozenset[str] = frozenset()
        if memory.vcp is None:
            # After a restart: a pattern that was stored on an earlier day is not new today.
            day = day_at(panel, scan.day_index)
            stored = await self._workers.read(lambda: sources.store.signals(strategy="VCP", status="OPEN", last=day))
            held = frozenset(record.signal.ticker for record in stored if record.signal.signal_date < day)
        await self._workers.job(work)
        before = memory.vcp
        memory.vcp = ScanPicture(scan, panel, rules, 0.0, 0, 0, int(scan.pattern.sum()))
        await self._post(sources, scan_notices(before, memory.vcp, gate=reading.status, held=held))
        await self._show_journal(sources, panel)

    async def keep(self, sources: Sources, found: Evaluation) -> tuple[RunDifference, ...]:
        """Store the evaluation of the present once per day, instant class and rules; return the differences of the runs."""
        memory = self._memory(sources)
        async with memory.turn:
            return await self._keep(sources, memory, found)

    async def _keep(self, sources: Sources, memory: _Memory, found: Evaluation) -> tuple[RunDifference, ...]:
        scan, instant = found.closing.scan, found.instant
        panel = instant.panel
        data = f"{panel.version} {instant.series.version} {len(instant.items)}"
        key = (data, instant.known.flow, scan.ruleset, scan.run.value)
        if found.closing.forming:
            return ()
        if key == memory.kept:
            return memory.differences if scan.run is ClosingRun.CONFIRMED else ()
        differences: tuple[RunDifference, ...] = ()
        try:
            if scan.run is ClosingRun.CONFIRMED:
                differences = await self.keep_closing(sources, found.closing)
            await self._workers.job(self._keep_day, sources, found)
            changes = await self._workers.job(advance, sources.store, panel, found.closing.rules, instant.as_of)
            await self._post(sources, life_notices(changes, panel))
            await self._show_journal(sources, panel)
        except RalphStockError:
            _log.exception("a finished evaluation could not be stored")
            self._on_problem("notice.scan_not_stored")
            return differences
        memory.kept, memory.differences = key, differences
        before, memory.evaluation = memory.evaluation, found
        earlier = before.closing if before is not None else None
        candidates = memory.pre_close
        if scan.run is ClosingRun.CONFIRMED and candidates is not None:
            if _day_of(candidates) == day_at(panel, scan.day_index):
                earlier, memory.pre_close = candidates, None
            elif _day_of(candidates) < day_at(panel, scan.day_index):
                memory.pre_close = None
        await self._post(sources, scan_notices(earlier, found.closing))
        if before is not None:
            await self._post(sources, gate_notices(before.gate.reading, found.gate.reading))
        return differences

    async def keep_closing(self, sources: Sources, picture: ClosingPicture) -> tuple[RunDifference, ...]:
        """Store one run of the closing bet; for CONFIRMED return how it differs from PRE_CLOSE."""
        started = self._now_ns()

        def work() -> tuple[RunDifference, ...]:
            run, signals = closing_record(picture, started, self._now_ns(), self._equity_krw())
            earlier = [
                item
                for item in sources.store.runs("CLOSING_BET", run.signal_date)
                if (item.record.mode, item.record.ruleset) == (ClosingRun.PRE_CLOSE.value, run.ruleset)
            ]
            sources.store.store_scan(run, signals)
            if run.mode != ClosingRun.CONFIRMED.value or not earlier:
                return ()
            # What an earlier CONFIRMED run superseded is still part of the PRE_CLOSE run it belonged to.
            before = {ticker: _word(grade, score) for ticker, grade, score in earlier[0].found}
            after = {signal.ticker: _word(signal.values["grade"], signal.values["score"]) for signal in signals}
            return _differences(before, after)

        return await self._workers.job(work)

    async def keep_candidates(self, sources: Sources, picture: ClosingPicture) -> bool:
        """Store and tell the PRE_CLOSE list of the closing auction; return whether it was stored."""
        try:
            await self.keep_closing(sources, picture)
        except RalphStockError:
            _log.exception("candidates of the closing bet could not be stored")
            self._on_problem("notice.scan_not_stored")
            return False
        memory = self._memory(sources)
        memory.pre_close = picture
        await self._post(sources, scan_notices(None, picture))
        await self._show_journal(sources, picture.panel)
        return True

    @staticmethod
    def _keep_day(sources: Sources, found: Evaluation) -> None:
        """Store the gate, the sectors and what news were worth. On the job worker."""
        panel, reading = found.instant.panel, found.gate.reading
        store = sources.store
        store.store_gate(reading, found.gate.sectors, day_at(panel, reading.day_index))
        store.store_sector_returns(list(sector_returns(panel, reading.day_index, found.closing.rules)))
        if found.instant.collected and found.stock_news:
            scored = [news for news in found.stock_news.values() if news.clusters]
            store.store_news_scores(found.instant.as_of.day, reading.ruleset, scored)

    # -- the running market ---------------------------------------------------------------------------------------------

    async def tell_gate(self, sources: Sources, before: GatePicture, after: GatePicture) -> None:
        """Tell a change of the gate's light."""
        memory = self._memory(sources)
        earlier, memory.live_gate = memory.live_gate, after.reading
        if earlier is None or earlier.as_of.day != after.reading.as_of.day:
            earlier = before.reading
        await self._post(sources, gate_notices(earlier, after.reading))

    async def tell_day(self, sources: Sources, before: DayTradePicture, after: DayTradePicture) -> None:
        """Tell and store checklists that have just reached a grade that is bought (grade B is only watched, §4.4)."""
        if after.source != "live":
            return
        scan = after.scan
        lowest = after.gate.status.min_grade
        memory, day = self._memory(sources), day_of(scan.now_ns)
        if memory.told_day != day:
            memory.told_day, memory.told = day, set()
        found: dict[tuple[str, int], int] = {}
        if lowest is not None:
            for row in np.flatnonzero((scan.grade >= max(int(lowest), int(Grade.A))) & (scan.bans == 0)):
                key = (str(after.panel.tickers[row]), int(scan.grade[row]))
                if key not in memory.told:
                    found[key] = int(row)
        if found:
            memory.told |= found.keys()
            run, signals = day_record(after, list(found.values()), scan.now_ns, self._now_ns(), self._equity_krw(), after.rules)
            try:
                await self._workers.job(_store_day, sources.store, run, signals)
            except RalphStockError:
                memory.told -= found.keys()
                _log.exception("day-trading signals could not be stored")
                self._on_problem("notice.scan_not_stored")
            else:
                await self._show_journal(sources, after.panel)
        await self._post(sources, scan_notices(before if before.source == "live" else None, after))

    # -- telling --------------------------------------------------------------------------------------------------------

    async def _show_journal(self, sources: Sources, panel: MarketPanel) -> None:
        """Stored signals have changed: read them anew where they are on screen."""
        if self._present is not sources:
            return
        try:
            await self._journal.show(sources.store, panel, None)
        except RalphStockError:
            _log.exception("stored signals could not be read")
            self._on_problem("notice.strategies_not_read")

    async def _post(self, sources: Sources, records: Sequence[NoticeRecord]) -> None:
        if not records:
            return
        if self._present is not sources or self._opened is not sources:
            waiting = self._memory(sources).waiting
            waiting.extend(records)
            del waiting[:-_MOST_WAITING]
            return
        try:
            await self._notices.post(records)
        except RalphStockError:
            _log.exception("notices could not be stored")
            self._on_problem("notice.notices_not_stored")


def _store_day(store: StrategyStore, run: ScanRecord, signals: Sequence[StoredSignal]) -> None:
    """Store day trades; one that was found before keeps the plan of its first finding. On the job worker."""
    known = {
        record.signal.ticker
        for record in store.signals(strategy="DAY_TRADE", first=run.signal_date, last=run.signal_date)
        if record.signal.ruleset == run.ruleset
    }
    for signal in signals:
        if signal.ticker in known:
            for name in _PLAN:
                signal.values.pop(name, None)
    store.store_scan(run, signals)


def _day_of(picture: ClosingPicture) -> date:
    return day_at(picture.panel, picture.scan.day_index)


def _word(grade: str, score: float | None) -> str:
    return f"{grade} {score:g}" if score is not None else grade


def _differences(before: dict[str, str], after: dict[str, str]) -> tuple[RunDifference, ...]:
    """Candidates the official bar did not confirm, those it brought, and those it graded otherwise."""
    lost = [RunDifference(ticker, "cancelled", before[ticker], "") for ticker in sorted(before.keys() - after.keys())]
    new = [RunDifference(ticker, "new", "", after[ticker]) for ticker in sorted(after.keys() - before.keys())]
    both = sorted(before.keys() & after.keys())
    changed = [
        RunDifference(ticker, "changed", before[ticker], after[ticker]) for ticker in both if before[ticker] != after[ticker]
    ]
    return (*lost, *new, *changed)
