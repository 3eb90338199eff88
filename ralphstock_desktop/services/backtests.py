"""Runs, keeps and compares backtests; implements :class:`ralphstock_desktop.services.strategy_contracts.Backtests`.

Facts are published on the event-loop thread; the run itself works on the job thread (:class:`Workers`), a search on an
executor's processes. A run reads the market up to the instant on screen. Stopping a run keeps nothing of it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.errors import DataUnavailable, RalphStockError, UserCancelled, ValidationFailed
from engine.model.instants import AsOf
from engine.news.market import NewsIndex
from engine.thresholds import Rules
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.backtest_export import to_stored, trades_csv
from ralphstock_desktop.services.backtest_records import NewsHistory
from ralphstock_desktop.services.backtest_run import run_backtest
from ralphstock_desktop.services.backtest_work import BacktestMarket, day_date, rule_grid
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, MarketPicture, PanelState, Ready
from ralphstock_desktop.services.strategy_contracts import BacktestPlan, BacktestResult
from ralphstock_desktop.services.tasks import TaskSet
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import BacktestSummary, Executor, StoredBacktest, StrategyStore

__all__ = ["BacktestService", "news_history"]


@dataclass(frozen=True, eq=False)
class _Job:
    """Everything one run needs, put together on the event-loop thread."""

    plan: BacktestPlan
    picture: MarketPicture
    rules: Rules
    store: StrategyStore
    stop: threading.Event


class BacktestService:
    """See :class:`ralphstock_desktop.services.strategy_contracts.Backtests`.

    Parameters
    ----------
    workers : Workers
        Threads to work on.
    picture : callable
        The market on screen and its instant; None before one is open.
    rules : callable
        The standing rules that a plan's changes are applied to.
    store : callable
        The repository of the market on screen; None before one is open.
    executor : callable
        Makes the executor of a plan (a search, or a plan that asks for a cluster); closed after the run. Called on a worker.
    now_ns : callable
        This machine's clock.
    code_version : str
        Kept with every result.
    """

    def __init__(
        self,
        workers: Workers,
        *,
        picture: Callable[[], MarketPicture | None],
        rules: Callable[[], Rules],
        store: Callable[[], StrategyStore | None],
        executor: Callable[[BacktestPlan], Executor],
        now_ns: Callable[[], int],
        code_version: str = "",
    ) -> None:
        self.state: Channel[PanelState] = Channel("backtest_state")
        self.results: Channel[BacktestResult] = Channel("backtest_results")
        self.stored: Channel[tuple[BacktestSummary, ...]] = Channel("backtests_stored")
        self.progress: Channel[Progress | None] = Channel("backtest_progress")
        self._workers, self._picture, self._rules = workers, picture, rules
        self._store, self._executor, self._now_ns, self._version = store, executor, now_ns, code_version
        self._running: threading.Event | None = None
        self._tasks = TaskSet()

    # -- commands -------------------------------------------------------------------------------------------------------

    def run(self, plan: BacktestPlan) -> None:
        """Start a backtest; one that is still running is stopped. Raises ValidationFailed for a plan that cannot be run."""
        self.cancel()
        rules = self._rules().replace(plan.changes)
        rule_grid(rules, plan.search)
        if plan.first > plan.last or not 0 < plan.start_krw < math.inf:
            raise ValidationFailed(
                f"A backtest needs a first day before its last and a positive capital; {plan.first} to {plan.last} and "
                f"{plan.start_krw:g} won are not.",
                key="error.backtest_plan",
                first=plan.first.isoformat(),
                last=plan.last.isoformat(),
                start=plan.start_krw,
            )
        picture, store = self._picture(), self._store()
        if picture is None or store is None:
            self.state.publish(Empty("empty.backtest.no_market", action="import"))
            return
        job = _Job(plan, picture, rules, store, threading.Event())
        self._running = job.stop
        self.state.publish(Loading(Progress("progress.backtest", 0, 0)))
        self._tasks.spawn(self._run(job), "backtest")

    def cancel(self) -> None:
        """Stop the running backtest; nothing of it is kept."""
        if self._running is not None:
            self._running.set()
            self._running = None

    def refresh(self) -> None:
        """Read the list of stored backtests again (another market, a start)."""
        self._tasks.spawn(self._refresh(), "backtest")

    async def open(self, run_id: int) -> StoredBacktest:
        """Read a stored backtest. Raises DataUnavailable if it is gone."""
        return await self._workers.read(self._needed_store().backtest, run_id)

    async def delete(self, run_id: int) -> None:
        """Remove a stored backtest."""
        await self._workers.read(self._needed_store().delete_backtest, run_id)
        await self._refresh()

    def export(self, result: BacktestResult) -> str:
        """Trades as CSV text, one line a signal; begins with the mark by which spreadsheets know UTF-8."""
        return "\ufeff" + trades_csv(result)

    async def close(self) -> None:
        """Stop what is running and wait for it."""
        self.cancel()
        await self.idle()

    async def idle(self) -> None:
        """Wait until nothing runs any more."""
        await self._tasks.idle()

    # -- running --------------------------------------------------------------------------------------------------------

    async def _run(self, job: _Job) -> None:
        loop = asyncio.get_running_loop()

        def tell(progress: Progress) -> None:
            if job.stop.is_set():
                raise UserCancelled("The backtest was stopped.")
            loop.call_soon_threadsafe(self._tell, job, progress)

        broken = True
        try:
            result = await self._workers.job(partial(self._work, job, tell))
            broken = False
        except UserCancelled:
            self._finish(job, Empty("empty.backtest.cancelled"))
            return
        except DataUnavailable as error:
            self._finish(job, Empty("empty.backtest.no_days", dict(error.fields)))
            return
        except RalphStockError as error:
            self._finish(job, Failed(error))
            return
        finally:
            if broken and isinstance(self.state.last, Loading):
                # An error nobody foresaw goes on to who reports it; the panel does not wait for the result any more.
                self._finish(job, Failed(RalphStockError("The backtest ended with an error of the program.")))
        if not self._is_overtaken(job):  # a stop that came after it was stored came too late
            self.results.publish(result)
        last = day_date(result.panel, int(result.equity.day_index[-1]))
        self._finish(job, Ready(AsOf(DEFAULT_SESSIONS.official_bar_ns(last))))
        await self._refresh()

    def _tell(self, job: _Job, progress: Progress) -> None:
        if self._running is job.stop:
            self.progress.publish(progress)
            self.state.publish(Loading(progress))

    def _is_overtaken(self, job: _Job) -> bool:
        """Whether a newer run has been started."""
        return self._running is not None and self._running is not job.stop

    def _finish(self, job: _Job, state: PanelState) -> None:
        if self._is_overtaken(job):
            return
        self._running = None
        self.progress.publish(None)
        self.state.publish(state)

    def _work(self, job: _Job, tell: Callable[[Progress], None]) -> BacktestResult:
        """On the job thread."""
        panel, plan = job.picture.panel, job.plan
        series = job.store.market_series()
        news = news_history(job.store, job.picture) if plan.strategy == "CLOSING_BET" else None
        rule_sets = rule_grid(job.rules, plan.search)
        tries = job.store.remember_tries(plan.strategy, [rules.ruleset_id for rules in rule_sets])
        market = BacktestMarket(
            panel,
            series,
            news.index if news is not None else None,
            news.collected if news is not None else np.zeros(len(panel.days), dtype=bool),
            {},
        )
        executor = self._executor(plan) if len(rule_sets) > 1 or plan.executor == "dask" else None
        try:
            result = run_backtest(market, plan, rule_sets, job.picture.as_of, tries, executor, tell)
        finally:
            if executor is not None:
                executor.close()
        tell(Progress("progress.store", 1, 1))
        stored = to_stored(result, job.rules, self._now_ns(), self._version)
        return dataclasses.replace(result, stored_id=job.store.store_backtest(stored))

    async def _refresh(self) -> None:
        store = self._store()
        if store is None:
            return
        try:
            self.stored.publish(await self._workers.read(store.backtests))
        except RalphStockError as error:
            self.state.publish(Failed(error))

    def _needed_store(self) -> StrategyStore:
        store = self._store()
        if store is None:
            raise DataUnavailable("No market is open.", key="error.storage.no_daily")
        return store


def news_history(store: StrategyStore, picture: MarketPicture) -> NewsHistory:
    """All stored news up to the instant, and for which panel days a collector worked. Blocking: for a worker."""
    panel = picture.panel
    instants = [DEFAULT_SESSIONS.official_bar_ns(day_date(panel, day)) for day in range(len(panel.days))]
    collected = np.array([store.news_collected(instant) for instant in instants], dtype=bool)
    index = NewsIndex(store.news(0, picture.as_of.instant_ns), panel.tickers.tolist(), panel.names.tolist())
    return NewsHistory(index, collected, store.news_version())
