"""Strategies on the running market: the checklist each second, the closing bet in its minutes, the gate each half minute.

Quotes and forming daily bars come from copies of the board's arrays, so that nothing changes under a score. Work goes to a
worker, one piece at a time: while one is running, what changes meanwhile is taken by the next. A beat that fails is told and
does not end the next ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS, Phase
from engine.explain.gate_evidence import explain_gate
from engine.features.closing_measures import measure_closing
from engine.features.day_measures import PriorMeasures, measure_prior
from engine.features.market_levels import LiveLevels
from engine.model.closing import ClosingRun
from engine.model.daytrade import DayQuotes, DayTradeScan
from engine.model.errors import RalphStockError
from engine.model.instants import AsOf
from engine.model.live import IndexTick
from engine.model.panel import MarketPanel
from engine.scoring.gate import read_gate
from engine.scoring.sectors import sector_states
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.live_contracts import FeedStatus, LiveMarket, QuoteFrame
from ralphstock_desktop.services.strategy.evaluate import (
    ClosingBasis,
    DayBasis,
    Evaluation,
    run_at,
    score_closing_basis,
    score_day_basis,
)
from ralphstock_desktop.services.strategy.forming import panel_with_quotes, quotes_from_board
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture, GatePicture

if TYPE_CHECKING:
    from ralphstock_desktop.services.strategy.core import StrategyService

__all__ = ["LivePart"]

_log = logging.getLogger(__name__)
_BEAT_S = 1.0
_QUIET_BEAT_S = 10.0
"""A beat at least this often while the market trades: quotes become old by themselves, without a frame."""
_GATE_EVERY_S = 30.0
_CLOSING_EVERY_S = 3.0
_LONG_AGO_NS = -(1 << 62)
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
        self._gate_ns = self._closing_ns = _LONG_AGO_NS
        self._stored: tuple[bool, date] | None = None
        """Market and day whose candidates were stored last."""
        self._failed = ""

    # -- life -----------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Listen to the running market."""
        live = self._live
        if live is not None and self._subscription is None:
            self._subscription = live.frames.subscribe(self._on_frame, replay=False)
            self._task = asyncio.get_running_loop().create_task(self._run_beats(), name="live strategies")

    async def close(self) -> None:
        """Stop listening, and wait until nothing runs any more."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def follow(self) -> None:
        """The standard pictures were made anew: make the live ones anew too, at the next beat."""
        self._touched = True
        self._last = None
        self._gate_ns = self._closing_ns = _LONG_AGO_NS

    def choose_run(self, run: ClosingRun | None) -> None:
        """The run of the closing bet the user asked for; None: the one that fits the clock."""
        self._run = run
        self._closing_ns = _LONG_AGO_NS

    @property
    def _live(self) -> LiveMarket | None:
        return self._service.workstation.live

    def _on_frame(self, _frame: QuoteFrame) -> None:
        self._touched = True

    async def _run_beats(self) -> None:
        quiet_s = 0.0
        while True:
            await asyncio.sleep(_BEAT_S)
            quiet_s += _BEAT_S
            if not self._touched and quiet_s < _QUIET_BEAT_S:
                continue
            self._touched, quiet_s = False, 0.0
            try:
                await self._beat()
            except RalphStockError as error:
                if self._is_new_failure(error):
                    _log.exception("strategies could not follow the running market")
                    self._service.workstation.notices.publish("notice.strategies_not_read")
            except Exception as error:
                # A bug ends this beat only; it is reported once, not every second.
                if self._is_new_failure(error):
                    _log.exception("strategies failed on the running market")
                    asyncio.get_running_loop().call_exception_handler(
                        {"message": "strategies failed on the running market", "exception": error}
                    )
            else:
                self._failed = ""

    def _is_new_failure(self, error: Exception) -> bool:
        """Whether the beat before did not fail the same way."""
        name = f"{type(error).__name__}: {error}"
        is_new, self._failed = name != self._failed, name
        return is_new

    # -- one beat -------------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        service, live = self._service, self._live
        picture, evaluation = service.workstation.market.last, service.evaluation
        board = live.board if live is not None else None
        status = live.status.last if live is not None else None
        if live is None or picture is None or evaluation is None or board is None or status is None:
            return
        if not picture.is_latest or evaluation.instant.panel is not picture.panel:
            return
        if not _is_followed(status, board.day, picture.panel):
            return
        now_ns = status.market_ns
        if _is_due(self._gate_ns, now_ns, _GATE_EVERY_S):
            self._gate_ns = now_ns
            evaluation = await self._gate(live, evaluation, now_ns)
        quotes = quotes_from_board(board, picture.panel, now_ns)
        if quotes is None:
            return
        evaluation = await self._day(board.day, quotes, picture.panel, evaluation)
        run = self._run or run_at(now_ns, in_session=True)
        if run in {ClosingRun.PREVIEW, ClosingRun.PRE_CLOSE} and _is_due(self._closing_ns, now_ns, _CLOSING_EVERY_S):
            self._closing_ns = now_ns
            await self._closing(board.day, quotes, status, evaluation, run)

    async def _gate(self, live: LiveMarket, evaluation: Evaluation, now_ns: int) -> Evaluation:
        """Read the gate with today's index levels."""
        indices = live.indices.last
        if indices is None:
            return evaluation
        ticks = indices.ticks
        levels = LiveLevels(
            day=AsOf(now_ns).day,
            kospi=_level(ticks.get("001"), AsOf(now_ns).day),
            kosdaq=_level(ticks.get("101"), AsOf(now_ns).day),
            usd_krw=_level(ticks.get("USDKRW"), AsOf(now_ns).day),
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

    async def _day(self, day: date, quotes: DayQuotes, panel: MarketPanel, evaluation: Evaluation) -> Evaluation:
        """Score the checklist on the board's quotes of a day."""
        rules = self._service.rules
        prior_day = panel.day_index(day)
        if prior_day >= 0 and panel.days[prior_day] == np.datetime64(day, "D"):
            prior_day -= 1
        flow_day = min(evaluation.instant.known.flow, prior_day)
        key = (panel.version, prior_day, flow_day, rules.ruleset_id)
        if self._prior is None or self._prior[0] != key:
            self._prior = (key, await self._service.workers.compute(measure_prior, panel, prior_day, flow_day, rules))
        gate = evaluation.gate.reading
        basis = DayBasis(panel, self._prior[1], quotes, gate, "live", evaluation.instant.curves)
        scan = await self._service.workers.compute(score_day_basis, basis, rules)
        if self._service.evaluation is not evaluation:
            return evaluation  # overtaken: what is on screen now was never compared with this
        changed = None if self._last is None else _changed(self._last, scan)
        self._last = scan
        picture = DayTradePicture(scan, quotes, panel, rules, gate, 0.0, "live", own_curve=bool(basis.curves), changed=changed)
        return self._service.take_day(evaluation, basis, picture)

    async def _closing(self, day: date, quotes: DayQuotes, status: FeedStatus, evaluation: Evaluation, run: ClosingRun) -> None:
        """Score the closing bet on the forming bars of a day."""
        now_ns = quotes.now_ns
        if AsOf(now_ns).day != day or now_ns >= DEFAULT_SESSIONS.official_bar_ns(day):
            return
        rules = self._service.rules
        instant = evaluation.instant

        def work() -> tuple[ClosingBasis, ClosingPicture]:
            panel, last = panel_with_quotes(instant.panel, day, quotes)
            news, stock_news = instant.news.score(now_ns, rules, instant.collected)
            measures = measure_closing(panel, last, last - 1, rules)
            gate = evaluation.gate.reading
            as_of = AsOf(now_ns)
            basis = ClosingBasis(panel, last, last - 1, run, as_of, measures, news, gate, forming=True, stock_news=stock_news)
            return basis, ClosingPicture(score_closing_basis(basis, rules), panel, rules, news, gate, 0.0, forming=True)

        basis, picture = await self._service.workers.compute(work)
        # The list at the start of the closing auction is the one that could be acted on.
        mark = (instant.panel.simulated, day)
        in_auction = status.phase is Phase.CLOSING_AUCTION
        store = run is ClosingRun.PRE_CLOSE and in_auction and self._stored != mark
        if self._service.take_closing(evaluation, basis, picture) and store:
            self._stored = mark
            self._service.keep_candidates(picture, self._not_stored)

    def _not_stored(self) -> None:
        """The candidates could not be stored: the next list is tried."""
        self._stored = None


def _is_followed(status: FeedStatus, day: date, panel: MarketPanel) -> bool:
    """Whether a day's quotes are scored: while it trades, and from its close on until its official bar is there.

    Quotes of the closing auction, and those a clock set to the evening brings one by one, come after the session.
    """
    if status.phase in _TRADING:
        return True
    has_official_bar = bool(len(panel.days)) and panel.days[-1] >= np.datetime64(day, "D")
    is_over = AsOf(status.market_ns).day == day and status.market_ns >= DEFAULT_SESSIONS.close_ns(day)
    return is_over and not has_official_bar


def _is_due(last_ns: int, now_ns: int, every_s: float) -> bool:
    """Whether a pause is over; also after the clock of a replayed day was set back."""
    return now_ns < last_ns or now_ns - last_ns >= every_s * 1e9


def _level(tick: IndexTick | None, day: date) -> float | None:
    """Today's level of an index; None where none of today is known: a stored one of an earlier day says nothing of today."""
    if tick is None or not np.isfinite(tick.level) or AsOf(tick.at_ns).day != day:
        return None
    return float(tick.level)


def _changed(before: DayTradeScan, now: DayTradeScan) -> npt.NDArray[np.intp]:
    """Rows where anything shown differs."""
    different = (before.grade != now.grade) | (before.bans != now.bans) | (before.points != now.points).any(axis=1)
    for name in ("price", "raw", "relative_volume", "projected_value_krw"):
        old, new = getattr(before, name), getattr(now, name)
        different |= ~((old == new) | (np.isnan(old) & np.isnan(new)))
    return np.flatnonzero(different)
