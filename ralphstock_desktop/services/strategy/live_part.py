"""Strategies on the running market: the checklist each second, the closing bet in its minutes, the gate each half minute.

Quotes come from the board's arrays, the forming daily bars from the provisional scan that runs anyway. Work goes to a worker,
one piece at a time: while one is running, what changes meanwhile is taken by the next.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS, Phase
from engine.explain.gate_evidence import explain_gate
from engine.features.closing_measures import measure_closing
from engine.features.day_measures import PriorMeasures, measure_prior
from engine.features.market_levels import LiveLevels
from engine.model.closing import ClosingRun
from engine.model.daytrade import DayTradeScan
from engine.model.instants import AsOf
from engine.model.live import IndexTick
from engine.model.panel import MarketPanel
from engine.scoring.gate import read_gate
from engine.scoring.sectors import sector_states
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.live_contracts import FeedStatus, LiveMarket, QuoteBoard, QuoteFrame
from ralphstock_desktop.services.strategy.evaluate import (
    ClosingBasis,
    DayBasis,
    Evaluation,
    run_at,
    score_closing_basis,
    score_day_basis,
)
from ralphstock_desktop.services.strategy.forming import quotes_from_board
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture, GatePicture

if TYPE_CHECKING:
    from ralphstock_desktop.services.strategy.core import StrategyService

__all__ = ["LivePart"]

_BEAT_S = 1.0
_GATE_EVERY_S = 30.0
_CLOSING_EVERY_S = 3.0
_TRADING = (Phase.REGULAR, Phase.CLOSING_AUCTION)


class LivePart:
    """Feeds a :class:`StrategyService` from the running market while the present is looked at."""

    def __init__(self, service: StrategyService) -> None:
        self._service = service
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._touched = False
        self._run: ClosingRun | None = None
        self._prior: tuple[tuple[str, int, int, str], PriorMeasures] | None = None
        self._last: DayTradeScan | None = None
        self._gate_at = self._closing_at = -1e18
        self._stored_runs: set[tuple[object, ClosingRun]] = set()

    # -- life -----------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Listen to the running market."""
        live = self._live
        if live is not None and self._subscription is None:
            self._subscription = live.frames.subscribe(self._on_frame, replay=False)
            self._task = asyncio.get_running_loop().create_task(self._run_beats(), name="live strategies")

    def close(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def follow(self) -> None:
        """The standard pictures were made anew: make the live ones anew too, at the next beat."""
        self._touched = True
        self._last = None
        self._gate_at = self._closing_at = -1e18

    def choose_run(self, run: ClosingRun | None) -> None:
        """The run of the closing bet the user asked for; None: the one that fits the clock."""
        self._run = run
        self._closing_at = -1e18

    @property
    def _live(self) -> LiveMarket | None:
        return self._service.workstation.live

    def _on_frame(self, _frame: QuoteFrame) -> None:
        self._touched = True

    async def _run_beats(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            if self._touched:
                self._touched = False
                await self._beat()

    # -- one beat -------------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        service, live = self._service, self._live
        picture, evaluation = service.workstation.market.last, service.evaluation
        board = live.board if live is not None else None
        status = live.status.last if live is not None else None
        if live is None or picture is None or evaluation is None or board is None or status is None:
            return
        if not picture.is_latest or status.phase not in _TRADING or evaluation.instant.panel is not picture.panel:
            return
        now_ns = status.market_ns
        if now_ns - self._gate_at * 1e9 >= _GATE_EVERY_S * 1e9:
            self._gate_at = now_ns / 1e9
            evaluation = await self._gate(live, evaluation, now_ns)
        evaluation = await self._day(board, picture.panel, evaluation, now_ns)
        run = self._run or run_at(now_ns, in_session=True)
        if run in {ClosingRun.PREVIEW, ClosingRun.PRE_CLOSE} and now_ns - self._closing_at * 1e9 >= _CLOSING_EVERY_S * 1e9:
            self._closing_at = now_ns / 1e9
            await self._closing(live, status, evaluation, run, now_ns)

    async def _gate(self, live: LiveMarket, evaluation: Evaluation, now_ns: int) -> Evaluation:
        """Read the gate with today's index levels."""
        indices = live.indices.last
        if indices is None:
            return evaluation
        ticks = indices.ticks
        levels = LiveLevels(
            day=AsOf(now_ns).day,
            kospi=_level(ticks.get("001")),
            kosdaq=_level(ticks.get("101")),
            usd_krw=_level(ticks.get("USDKRW")),
        )
        instant, rules = evaluation.instant, self._service.rules

        def work() -> GatePicture:
            reading = read_gate(instant.panel, instant.series, AsOf(now_ns), rules, live=levels)
            sectors = sector_states(instant.panel, reading.day_index, rules)
            return GatePicture(
                reading, sectors, explain_gate(instant.panel, instant.series, reading, rules), instant.panel, live=True
            )

        gate = await self._service.workers.compute(work)
        return self._service.take_gate(evaluation, gate)

    async def _day(self, board: QuoteBoard, panel: MarketPanel, evaluation: Evaluation, now_ns: int) -> Evaluation:
        """Score the checklist on the board."""
        quotes = quotes_from_board(board, panel, now_ns)
        if quotes is None:
            return evaluation
        rules = self._service.rules
        prior_day = panel.day_index(board.day)
        if prior_day >= 0 and panel.days[prior_day] == np.datetime64(board.day, "D"):
            prior_day -= 1
        flow_day = min(evaluation.instant.known.flow, prior_day)
        key = (panel.version, prior_day, flow_day, rules.ruleset_id)
        if self._prior is None or self._prior[0] != key:
            self._prior = (key, await self._service.workers.compute(measure_prior, panel, prior_day, flow_day, rules))
        gate = evaluation.gate.reading
        basis = DayBasis(panel, self._prior[1], quotes, gate, "live", evaluation.instant.curves)
        scan = await self._service.workers.compute(score_day_basis, basis, rules)
        changed = None if self._last is None else _changed(self._last, scan)
        self._last = scan
        picture = DayTradePicture(scan, quotes, panel, rules, gate, 0.0, "live", own_curve=bool(basis.curves), changed=changed)
        return self._service.take_day(evaluation, basis, picture)

    async def _closing(
        self, live: LiveMarket, status: FeedStatus, evaluation: Evaluation, run: ClosingRun, now_ns: int
    ) -> None:
        """Score the closing bet on the forming bar of the provisional scan."""
        provisional = live.scans.last
        day = AsOf(now_ns).day
        if provisional is None:
            return
        panel = provisional.picture.panel
        last = len(panel.days) - 1
        if panel.days[last] != np.datetime64(day, "D") or now_ns >= DEFAULT_SESSIONS.official_bar_ns(day):
            return
        rules = self._service.rules
        instant = evaluation.instant

        def work() -> tuple[ClosingBasis, ClosingPicture]:
            news, _ = instant.news.score(now_ns, rules, instant.collected)
            measures = measure_closing(panel, last, last - 1, rules)
            gate = evaluation.gate.reading
            basis = ClosingBasis(panel, last, last - 1, run, AsOf(now_ns), measures, news, gate, forming=True)
            return basis, ClosingPicture(score_closing_basis(basis, rules), panel, rules, news, gate, 0.0, forming=True)

        basis, picture = await self._service.workers.compute(work)
        # The list at the start of the closing auction is the one that could be acted on.
        in_auction = status.phase is Phase.CLOSING_AUCTION
        store = run is ClosingRun.PRE_CLOSE and in_auction and (day, run) not in self._stored_runs
        if store:
            self._stored_runs.add((day, run))
        self._service.take_closing(evaluation, basis, picture, store=store)


def _level(tick: IndexTick | None) -> float | None:
    """Level of a live index; None where it is not known."""
    return float(tick.level) if tick is not None and np.isfinite(tick.level) else None


def _changed(before: DayTradeScan, now: DayTradeScan) -> npt.NDArray[np.intp]:
    """Rows where anything shown differs."""
    different = (before.grade != now.grade) | (before.bans != now.bans) | (before.points != now.points).any(axis=1)
    for name in ("price", "raw", "relative_volume", "projected_value_krw"):
        old, new = getattr(before, name), getattr(now, name)
        different |= ~((old == new) | (np.isnan(old) & np.isnan(new)))
    return np.flatnonzero(different)
