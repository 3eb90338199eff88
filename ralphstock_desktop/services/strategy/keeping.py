"""What of a finished evaluation is kept in the repository, and what of it the trader is told.

Only the present under the standard rules is kept: runs and signals, the gate with its sectors, ranks, what news were worth.
Stored signals are moved on with the bars that came since. Notices compare with what was on screen before; the repository sees
to it that each is told once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np

from engine.model.closing import ClosingRun
from engine.model.errors import RalphStockError
from engine.model.instants import AsOf, day_of
from engine.model.scan import Grade, VcpScan
from engine.scoring.gate import read_gate
from engine.scoring.sectors import sector_returns
from engine.thresholds import Rules
from ralphstock_desktop.ports import Dataset
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
from ralphstock_desktop.strategy_ports import NoticeRecord

__all__ = ["Keeper"]

_log = logging.getLogger(__name__)


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
        self._vcp: ScanPicture | None = None
        self._kept: tuple[str, int, str, str] | None = None
        self._opened: Sources | None = None
        self._told_day: set[tuple[object, str, int]] = set()

    async def show(self, sources: Sources, picture: MarketPicture) -> None:
        """Show journal and notices of the market and instant on screen."""
        known = None if picture.is_latest else picture.as_of.instant_ns
        try:
            await self._journal.show(sources.store, picture.panel, known)
            if self._opened is not sources:
                self._opened = sources
                self._vcp = None
                await self._notices.open(sources.store, known)
            else:
                await self._notices.look_at(known)
        except RalphStockError:
            _log.exception("stored signals could not be read")
            self._on_problem("notice.strategies_not_read")

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

        held: frozenset[str] = frozenset()
        if self._vcp is None:
            # After a restart: a pattern that was stored on an earlier day is not new today.
            day = day_at(panel, scan.day_index)
            stored = await self._workers.read(lambda: sources.store.signals(strategy="VCP", status="OPEN", last=day))
            held = frozenset(record.signal.ticker for record in stored if record.signal.signal_date < day)
        await self._workers.job(work)
        before = self._vcp
        self._vcp = ScanPicture(scan, panel, rules, 0.0, 0, 0, int(scan.pattern.sum()))
        await self._post(scan_notices(before, self._vcp, gate=reading.status, held=held))

    async def keep(self, sources: Sources, before: Evaluation | None, found: Evaluation) -> tuple[RunDifference, ...]:
        """Store the evaluation of the present once per day, instant class and rules; return the differences of the runs."""
        scan = found.closing.scan
        instant = found.instant
        data = f"{instant.panel.version} {instant.series.version} {len(instant.items)}"
        key = (data, instant.known.flow, scan.ruleset, scan.run.value)
        if found.closing.forming or key == self._kept:
            return ()
        self._kept = key
        differences: tuple[RunDifference, ...] = ()
        try:
            if scan.run is ClosingRun.CONFIRMED:
                differences = await self.keep_closing(sources, found.closing)
            await self._workers.job(self._keep_day, sources, found)
            changes = await self._workers.job(
                advance, sources.store, found.instant.panel, found.closing.rules, found.instant.as_of
            )
            await self._post(life_notices(changes, found.instant.panel))
            if changes:
                await self._journal.show(sources.store, found.instant.panel, None)
        except RalphStockError:
            _log.exception("a finished evaluation could not be stored")
            self._on_problem("notice.scan_not_stored")
            return differences
        earlier = (
            before.closing if before is not None and before.instant.panel.simulated == found.instant.panel.simulated else None
        )
        await self._post(scan_notices(earlier, found.closing))
        if before is not None:
            await self._post(gate_notices(before.gate.reading, found.gate.reading))
        return differences

    async def keep_closing(self, sources: Sources, picture: ClosingPicture) -> tuple[RunDifference, ...]:
        """Store one run of the closing bet; for CONFIRMED return how it differs from PRE_CLOSE."""
        started = self._now_ns()

        def work() -> tuple[RunDifference, ...]:
            run, signals = closing_record(picture, started, self._now_ns(), self._equity_krw())
            earlier = [item for item in sources.store.runs("CLOSING_BET", run.signal_date) if item.record.mode == "PRE_CLOSE"]
            # What an earlier CONFIRMED run superseded is still part of the PRE_CLOSE run it belonged to.
            before = set(earlier[0].tickers) if earlier else set()
            sources.store.store_scan(run, signals)
            if run.mode != ClosingRun.CONFIRMED.value or not earlier:
                return ()
            return _differences(before, {signal.ticker: signal.values for signal in signals})

        return await self._workers.job(work)

    @staticmethod
    def _keep_day(sources: Sources, found: Evaluation) -> None:
        """Store the gate, the sectors and what news were worth. On the job worker."""
        panel, reading = found.instant.panel, found.gate.reading
        day = day_at(panel, reading.day_index)
        store = sources.store
        store.store_gate(reading, found.gate.sectors, day)
        store.store_sector_returns(list(sector_returns(panel, reading.day_index, found.closing.rules)))
        if found.instant.collected and found.stock_news:
            scored = [news for news in found.stock_news.values() if news.clusters]
            store.store_news_scores(day, reading.ruleset, scored)

    # -- the running market ---------------------------------------------------------------------------------------------

    async def tell_gate(self, before: GatePicture, after: GatePicture) -> None:
        """Tell a change of the gate's light."""
        await self._post(gate_notices(before.reading, after.reading))

    async def tell_day(self, sources: Sources | None, before: DayTradePicture, after: DayTradePicture) -> None:
        """Tell and store checklists that have just reached a grade that may be bought."""
        if after.source != "live":
            return
        scan = after.scan
        lowest = after.gate.status.min_grade
        day = day_of(scan.now_ns)
        rows: list[int] = []
        if lowest is not None and sources is not None:
            for row in np.flatnonzero((scan.grade >= max(int(lowest), int(Grade.B))) & (scan.bans == 0)):
                key = (day, str(after.panel.tickers[row]), int(scan.grade[row]))
                if key not in self._told_day:
                    self._told_day.add(key)
                    rows.append(int(row))
        if rows and sources is not None:
            run, signals = day_record(after, rows, scan.now_ns, self._now_ns(), self._equity_krw(), after.rules)
            try:
                await self._workers.job(sources.store.store_scan, run, signals)
            except RalphStockError:
                _log.exception("day-trading signals could not be stored")
                self._on_problem("notice.scan_not_stored")
        await self._post(scan_notices(before if before.source == "live" else None, after))

    async def _post(self, records: Sequence[NoticeRecord]) -> None:
        if not records:
            return
        try:
            await self._notices.post(records)
        except RalphStockError:
            _log.exception("notices could not be stored")
            self._on_problem("notice.notices_not_stored")


def _differences(before: set[str], after: dict[str, dict[str, Any]]) -> tuple[RunDifference, ...]:
    """Candidates the official bar did not confirm, and those it brought."""

    def word(values: dict[str, Any]) -> str:
        return f"{values['grade']} {values['score']:g}"

    lost = [RunDifference(ticker, "cancelled", "", "") for ticker in sorted(before - after.keys())]
    new = [RunDifference(ticker, "new", "", word(after[ticker])) for ticker in sorted(after.keys() - before)]
    return (*lost, *new)
