"""The daily synchroniser: brings the repository up to date within the source's limits, at the market's hours and on demand.

It owns the run (plan, lanes, stop, failure) and its picture; what is due is :mod:`.sync_plan`'s business, fetching one item
:mod:`.sync_steps`'s, working off and storing :mod:`.sync_run`'s. Everything runs on the event loop; the repository is read and
written on workers.

1. The listing comes first, because it says which symbols there are.
2. Three lanes then run side by side: the short steps (indices, exchange rate, market flows, news); bars, raw before adjusted;
   investor flows. In the last two what is on screen or watched goes through all its steps before everything else begins.
3. Progress is stored with the rows it speaks of. A run that was killed or stopped goes on where it stopped at the next start.
   A day counts as complete only when no item of its step was left out (:meth:`Synchroniser.complete_through`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from engine.model.errors import DataUnavailable, RalphStockError, ValidationFailed
from engine.model.instruments import Symbol
from ralphstock_desktop.live_ports import (
    MarketSource,
    NewsSource,
    Priority,
    StoredSpan,
    SyncDataset,
)
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.live_contracts import SyncPlan, SyncState
from ralphstock_desktop.services.sync_plan import (
    INDEX_NAMES,
    LANES,
    QUICK,
    Marks,
    StepName,
    SyncItem,
    SyncRates,
    SyncSettings,
    SyncTargets,
    bar_items,
    flow_items,
    forecast_s,
    index_items,
    market_flow_items,
    targets_at,
    universe,
)
from ralphstock_desktop.services.sync_run import StepRun, StepState, StopRequest
from ralphstock_desktop.services.sync_schedule import SyncSchedule
from ralphstock_desktop.services.sync_steps import Corrections, StepFetcher
from ralphstock_desktop.services.sync_world import SyncWorld

__all__ = ["SyncWorld", "Synchroniser"]

SyncWord = Literal["idle", "planning", "running", "stopping", "done", "failed"]
_PUBLISH_NS = 200_000_000
_DATASETS: dict[StepName, SyncDataset] = {
    StepName.INDEX: "index_price",
    StepName.FX: "fx_rate",
    StepName.MARKET_FLOWS: "market_flow",
    StepName.DAILY: "daily_price",
    StepName.ADJUSTED: "adjusted_price",
    StepName.FLOWS: "flow",
}
_log = logging.getLogger(__name__)


class Synchroniser:
    """Implements :class:`ralphstock_desktop.services.live_contracts.SyncControl`; event loop only.

    Parameters
    ----------
    source : MarketSource
        Where data come from.
    world : SyncWorld
        Repository, clock, calendar and threads.
    news : NewsSource, optional
        Where headlines come from; the source itself by default.
    settings, rates
        How much to keep, and what the source allows.
    automatic : bool
        Start by itself when something becomes due; :meth:`run` must be running.
    """

    def __init__(
        self,
        source: MarketSource,
        world: SyncWorld,
        *,
        news: NewsSource | None = None,
        settings: SyncSettings | None = None,
        rates: SyncRates | None = None,
        automatic: bool = True,
    ) -> None:
        self._source, self._world, self._news = source, world, news
        self._settings, self._rates = settings or SyncSettings(), rates or SyncRates()
        self._automatic = automatic
        self._steps: dict[StepName, StepState] = {}
        self._stop = StopRequest()
        self._is_running = False
        self._word: SyncWord = "idle"
        self._error: RalphStockError | None = None
        self._started_ns: int | None = None
        self._finished_ns: int | None = None
        self._next_ns: int | None = None
        self._published_ns = 0
        self._forecast: tuple[int, float, int] | None = None
        self._complete: dict[StepName, date | None] = {}
        self.state: Channel[SyncState] = Channel("sync")
        self._publish()

    # -- control -----------------------------------------------------------------------------------------------------

    def use(
        self, source: MarketSource, *, news: NewsSource | None = None, rates: SyncRates | None = None, automatic: bool = True
    ) -> None:
        """Take another source from now on.

        Raises
        ------
        ValidationFailed
            If a synchronisation is running.
        """
        if self._is_running:
            raise ValidationFailed(
                "A synchronisation is running; stop it before the source is changed.", key="error.sync.running"
            )
        self._source, self._news, self._automatic = source, news, automatic
        self._rates = rates or SyncRates()
        self._steps, self._word, self._error = {}, "idle", None
        self._publish()

    def start(self) -> None:
        """Begin or resume; does nothing while one is running."""
        if self._is_running:
            return
        self._is_running = True
        self._stop = StopRequest()
        self._word, self._error = "planning", None
        self._publish()
        self._world.spawn(self._run(), "synchronise")

    def stop(self) -> None:
        """Stop after the present requests; what is stored stays, the next start goes on from there."""
        if self._is_running and not self._stop.asked:
            self._stop.asked = True
            self._word = "stopping"
            self._publish()

    async def plan(self) -> SyncPlan:
        """Say what a start now would ask for. Asks the source only for the listing, and only where none is stored.

        Raises
        ------
        RalphStockError
            If the repository cannot be read or, on the very first run, the listing cannot be fetched.
        """
        steps = await self._prepare(await self._known_symbols(), self._targets())
        requests = {name: step.requests for name, step in steps.items()}
        eta_s = forecast_s({name: step.load for name, step in steps.items()}, self._rates)
        pictures = tuple(step.picture(self._step_s(step)) for step in steps.values())
        return SyncPlan(sum(requests.values()), eta_s, pictures)

    async def complete_through(self, step: StepName) -> date | None:
        """Last day for which a step left nothing out; None before the first complete run. Later days may be partial."""
        job = await self._world.workers.read(self._world.jobs.load, self._key(step))
        return Marks.read(job.detail).complete if job is not None else None

    async def run(self) -> None:
        """Start by itself when something becomes due, until cancelled; see :class:`.sync_schedule.SyncSchedule`."""
        await SyncSchedule(self, self._world).run()

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._is_running

    @property
    def is_automatic(self) -> bool:
        """Whether the schedule may start runs."""
        return self._automatic

    @property
    def left_something_out(self) -> bool:
        """Whether the last run ended without being complete, and not because it was stopped."""
        return self._word == "failed"

    def plan_next(self, next_ns: int) -> None:
        """Show when the next run is due."""
        if next_ns != self._next_ns:
            self._next_ns = next_ns
            self._publish()

    async def is_anything_due(self) -> bool:
        """Whether listing, daily bars or flows are not complete up to where they could be.

        Raises
        ------
        RalphStockError
            If the calendar or the repository cannot tell.
        """
        targets = self._targets()
        for name in (StepName.MASTER, StepName.DAILY, StepName.FLOWS):
            if (await self._marks(name)).complete != targets.of(name):
                return True
        return False

    # -- planning ----------------------------------------------------------------------------------------------------

    def _key(self, step: str) -> str:
        return f"sync/{self._source.name}/{step}"[:120]

    def _targets(self) -> SyncTargets:
        return targets_at(self._world.now_ns(), self._world.calendar, self._world.sessions)

    async def _marks(self, step: StepName) -> Marks:
        job = await self._world.workers.read(self._world.jobs.load, self._key(step))
        return Marks.read(job.detail) if job is not None else Marks()

    async def _known_symbols(self) -> Sequence[Symbol]:
        symbols = await self._world.workers.read(self._world.store.listed_tickers)
        return symbols or (await self._source.fetch_listing(Priority.VISIBLE)).symbols

    async def _prepare(self, symbols: Sequence[Symbol], targets: SyncTargets) -> dict[StepName, StepState]:
        """Build all steps with what is missing."""
        steps = {}
        for name in StepName:
            marks = await self._marks(name)
            marks.aim(targets.of(name))
            steps[name] = StepState(name, self._key(name), marks)
        tickers, _ = universe(symbols, self._settings.types, self._world.order())
        listed = {symbol.ticker: symbol.listed_on for symbol in symbols}
        for name, step in steps.items():
            spans: dict[str, StoredSpan] = {}
            if name in _DATASETS:
                spans = await self._world.workers.read(self._world.store.stored_spans, _DATASETS[name])
            items = await self._world.workers.read(self._items, name, tickers, listed, spans, step.marks, targets)
            step.plan(items)
        return steps

    def _items(
        self,
        name: StepName,
        tickers: Sequence[str],
        listed: dict[str, date | None],
        spans: dict[str, StoredSpan],
        marks: Marks,
        targets: SyncTargets,
    ) -> list[SyncItem]:
        target, calendar, settings, rates = targets.of(name), self._world.calendar, self._settings, self._rates
        if name in (StepName.DAILY, StepName.ADJUSTED):
            return bar_items(name, tickers, listed, spans, marks, targets, calendar, settings, rates)
        if name is StepName.FLOWS:
            return flow_items(tickers, spans, marks, target, calendar, settings, rates)
        if name is StepName.INDEX:
            return index_items(INDEX_NAMES, spans, marks, target, calendar, settings, rates)
        if name is StepName.FX:
            return index_items({"USDKRW": "USDKRW"}, spans, marks, target, calendar, settings, rates)
        if name is StepName.MARKET_FLOWS:
            return market_flow_items(spans, marks, target, calendar, settings)
        if name is StepName.MASTER:
            done = "listing" in marks.done
            return [] if done else [SyncItem("listing", target, rates.listing_requests)]
        # headlines come all day: every run asks for them
        return [SyncItem("news", target - timedelta(days=settings.news_days), 1)]

    # -- running -----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        self._started_ns, self._finished_ns = self._world.now_ns(), None
        try:
            await self._synchronise()
        except RalphStockError as error:
            _log.warning("the synchronisation ended: %s", error)
            self._error, self._word = error, "failed"
        else:
            self._conclude()
        finally:
            self._is_running = False
            if self._word in ("planning", "running", "stopping"):
                self._word = "failed"  # a bug or the end of the program; the task's own error says which
            self._finished_ns = self._world.now_ns()
            self._forecast = None
            self._publish()

    def _conclude(self) -> None:
        failed = [(key, step) for step in self._steps.values() for key in step.failed]
        if self._stop.asked:
            self._word = "idle"
        elif failed:
            first = failed[0][0]
            self._error = DataUnavailable(
                f"{len(failed)} items could not be fetched, such as {first}; the next start asks for those only.",
                key="error.sync.incomplete",
                failed=len(failed),
                first=first,
            )
            self._word = "failed"
        else:
            self._word = "done"

    async def _synchronise(self) -> None:
        store, targets = self._world.store, self._targets()
        symbols = await self._world.workers.read(store.listed_tickers)
        self._steps = await self._prepare(symbols, targets)
        if not self._stop.asked:
            self._word = "running"
        self._publish()
        master = self._steps[StepName.MASTER]
        if master.items:
            first = self._runs(targets, Corrections(""))[StepName.MASTER]
            await first.run()
            await first.finish()
            symbols = await self._world.workers.read(store.listed_tickers)
            # new symbols, and those that left, change what every other step has to do
            self._steps = {**await self._prepare(symbols, targets), StepName.MASTER: master}
        if not symbols and not self._stop.asked:
            raise (
                master.unavailable
                or next(iter(master.failed.values()), None)
                or DataUnavailable("There are no symbols to bring up to date.", key="error.sync.nothing_listed")
            )
        await self._lanes(symbols, targets)

    def _runs(self, targets: SyncTargets, corrections: Corrections) -> dict[StepName, StepRun]:
        world = self._world
        fetcher = StepFetcher(
            self._source,
            self._news,
            world.store,
            world.workers,
            world.calendar,
            self._settings,
            targets,
            targets.bars - timedelta(days=round(365.25 * self._settings.history_years) + 7),
            corrections,
            world.now_ns,
        )
        return {
            name: StepRun(step, fetcher, world, self._settings, self._stop, self._changed) for name, step in self._steps.items()
        }

    async def _lanes(self, symbols: Sequence[Symbol], targets: SyncTargets) -> None:
        corrections = Corrections(self._key("corrections"))
        job = await self._world.workers.read(self._world.jobs.load, corrections.key)
        if job is not None:
            corrections.entries = list(job.detail.get("entries", ()))
        runs = self._runs(targets, corrections)
        tickers, count = universe(symbols, self._settings.types, self._world.order())
        wanted = frozenset(tickers[:count])
        outcomes = await asyncio.gather(
            *(self._lane(runs, lane, wanted if lane is not QUICK else frozenset()) for lane in LANES),
            return_exceptions=True,  # a kind of data the source fails at does not end the others
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _lane(self, runs: dict[StepName, StepRun], names: Sequence[StepName], wanted: frozenset[str]) -> None:
        for group in (wanted, None) if wanted else (None,):
            for name in names:
                step = self._steps[name]
                keys = step.items if group is None else step.items.keys() & group
                if keys and not self._stop.asked:
                    await runs[name].run(group)
        for name in names:
            await runs[name].finish()

    # -- picture -----------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        if self._world.machine_ns() - self._published_ns >= _PUBLISH_NS:
            self._publish()

    def _eta_s(self) -> float | None:
        """Time left: the limits' forecast, stretched by how much slower the run was than its forecast so far."""
        if not self._is_running or not self._steps or self._started_ns is None:
            return None
        left = {name: step.requests for name, step in self._steps.items()}
        forecast = forecast_s({name: step.load for name, step in self._steps.items()}, self._rates)
        if self._forecast is None:
            self._forecast = (sum(left.values()), forecast, self._world.machine_ns())
        at_first, forecast_then, then_ns = self._forecast
        used_s = (self._world.machine_ns() - then_ns) / 1e9
        expected_s = forecast_then - forecast
        if at_first - sum(left.values()) < 20 or expected_s <= 0:
            return forecast
        return forecast * max(1.0, used_s / expected_s)

    def _step_s(self, step: StepState) -> float | None:
        """Time of what is left of one step, if it had the source to itself."""
        return forecast_s({step.name: step.load}, self._rates) if step.items else None

    def _publish(self) -> None:
        self._published_ns = self._world.machine_ns()
        eta_s = self._eta_s()
        pictures = tuple(step.picture(self._step_s(step)) for step in self._steps.values())
        state = SyncState(
            self._word,
            self._source.name,
            pictures,
            eta_s,
            self._started_ns,
            self._finished_ns,
            self._next_ns if self._automatic else None,
            self._error,
        )
        self.state.publish(state)
        waiting = sum(step.requests for step in self._steps.values()) if self._is_running else 0
        self._world.monitor.queued("sync", waiting, eta_s or 0.0)
