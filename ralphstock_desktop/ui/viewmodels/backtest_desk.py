"""View-model of the backtest panel (screen 0871): the running test, the stored ones, and which of them are compared."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from datetime import date
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.model.errors import RalphStockError, ValidationFailed
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, MarketPicture, PanelState, Ready, Workstation
from ralphstock_desktop.services.strategy_contracts import (
    BacktestResult,
    Strategies,
    StrategyName,
    Threshold,
    WhatIfState,
)
from ralphstock_desktop.strategy_ports import BacktestSummary, StoredBacktest
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.errors import error_code, error_sentence
from ralphstock_desktop.ui.dock_registry import Spawn
from ralphstock_desktop.ui.viewmodels.backtest_plan import PlanDraft, RuleChoice, build_plan, rule_choices
from ralphstock_desktop.ui.viewmodels.backtest_runs import MOST_COMPARED, Comparison, compare_runs
from ralphstock_desktop.ui.viewmodels.perf_shelf import RunShelf
from ralphstock_desktop.ui.viewmodels.perf_stored import stored_csv

__all__ = ["BacktestDesk"]


class BacktestDesk(QObject):
    """What the panel shows and does. Errors become sentences in place; nothing is ever an empty list instead.

    Signals
    -------
    changed
        Run state, progress or a message.
    runs_changed
        The list of stored runs.
    rules_changed
        Rule sets that can be chosen, or the market's days.
    compared
        :attr:`comparison` changed.
    opened
        A stored run was put on the shelf.
    exported(str, str)
        File name and CSV text. The text travels as an object: Qt's own strings lose the mark a text begins with.
    """

    changed = Signal()
    runs_changed = Signal()
    rules_changed = Signal()
    compared = Signal()
    opened = Signal()
    exported = Signal(str, object)

    def __init__(self, workstation: Workstation, appearance: Appearance, spawn: Spawn, shelf: RunShelf) -> None:
        super().__init__()
        self._workstation, self._look, self._spawn, self._shelf = workstation, appearance, spawn, shelf
        self.runs: tuple[BacktestSummary, ...] | None = None
        self.progress: Progress | None = None
        self.comparison: Comparison | None = None
        self.what_if: WhatIfState | None = None
        self._state: PanelState | None = None
        self._result: BacktestResult | None = None
        self._problem: RalphStockError | None = None
        self._problem_field = ""
        self._compared_ids: tuple[int, ...] = ()
        self._market: MarketPicture | None = None
        self._subscriptions: list[Subscription] = []

    @property
    def strategies(self) -> Strategies | None:
        """Everything beside VCP; None where the program runs without it."""
        return self._workstation.strategies

    @property
    def hold_bars(self) -> int:
        """Holding limit of the standing rules."""
        return self._workstation.rules.life.hold_bars

    @property
    def few_trades(self) -> int:
        """From how many closed trades on a record can be judged."""
        return self._workstation.rules.life.few_trades

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        strategies = self.strategies
        if self._subscriptions or strategies is None:
            self.changed.emit()
            return
        tests = strategies.backtests
        self._subscriptions = [
            self._workstation.market.subscribe(self._on_market),
            strategies.what_if.state.subscribe(self._on_what_if),
            tests.state.subscribe(self._on_state),
            tests.progress.subscribe(self._on_progress),
            tests.stored.subscribe(self._on_stored),
            tests.results.subscribe(self._on_result),
        ]
        # Progress says None at its end, which a channel does not repeat to those who come later.
        if not isinstance(self._state, Loading):
            self.progress = None
        self.rules_changed.emit()
        self.changed.emit()

    def deactivate(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []

    def _on_market(self, picture: MarketPicture) -> None:
        other = self._market is not None and self._market.kind != picture.kind
        self._market = picture
        if other:  # the other market keeps runs of its own, under numbers of its own
            self.runs, self.comparison, self._compared_ids = None, None, ()
            self._shelf.clear()
            self.runs_changed.emit()
            self.compared.emit()
        self.rules_changed.emit()

    def _on_what_if(self, state: WhatIfState) -> None:
        self.what_if = state
        self.rules_changed.emit()

    def _on_state(self, state: PanelState) -> None:
        self._state = state
        if isinstance(state, Failed):
            self._problem, self._problem_field = state.error, ""
        elif isinstance(state, Loading):
            self._problem = None
            self.progress = state.progress
        if not isinstance(state, Loading):
            self.progress = None
        self.changed.emit()

    def _on_progress(self, progress: Progress | None) -> None:
        self.progress = progress if self.is_running else None
        self.changed.emit()

    def _on_stored(self, runs: tuple[BacktestSummary, ...]) -> None:
        self.runs = runs
        known = {run.id for run in runs}
        if self.comparison is not None and not set(self._compared_ids) <= known:
            self.comparison, self._compared_ids = None, ()
            self.compared.emit()
        self.runs_changed.emit()

    def _on_result(self, result: BacktestResult) -> None:
        self._result = result

    # -- what the form needs ----------------------------------------------------------------------------------------------

    @property
    def period(self) -> tuple[date, date] | None:
        """First and last day that can be tested: from the data's beginning to the instant looked at."""
        if self._market is None or not len(self._market.panel.days):
            return None
        days = self._market.panel.days.astype("datetime64[D]")
        first, last = days[0].item(), days[-1].item()
        return first, max(first, min(last, self._market.as_of.day))

    def thresholds(self, strategy: StrategyName) -> tuple[Threshold, ...]:
        """Thresholds a search may move."""
        strategies = self.strategies
        return strategies.what_if.thresholds(strategy) if strategies is not None and self._market is not None else ()

    def rules(self, strategy: StrategyName) -> list[RuleChoice]:
        """Rule sets that can be tested."""
        strategies = self.strategies
        profiles = strategies.what_if.profiles() if strategies is not None else ()
        return rule_choices(self._look, strategy, self.what_if, profiles)

    # -- state ----------------------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether a test runs."""
        return isinstance(self._state, Loading)

    @property
    def problem(self) -> str:
        """What went wrong last, as a sentence; empty if nothing did."""
        error = self._problem
        return f"{error_sentence(self._look, error)} ({error_code(error)})" if error is not None else ""

    @property
    def problem_field(self) -> str:
        """Part of the form that is wrong; empty where the form is not to blame."""
        return self._problem_field if self._problem is not None else ""

    @property
    def message(self) -> str:
        """What the last run came to, in words; empty before the first one."""
        state, look = self._state, self._look
        if isinstance(state, Empty):
            return look.tr(state.reason_key, **state.fields) if look.has_text(state.reason_key) else state.reason_key
        if isinstance(state, Ready) and self._result is not None:
            result = self._result
            seconds = f"{result.seconds:.1f}"
            return look.tr("backtest_panel.done", name=result.plan.name, count=result.metrics.closed, seconds=seconds)
        return ""

    # -- commands ---------------------------------------------------------------------------------------------------------

    def run(self, draft: PlanDraft) -> None:
        """Start a test; what is wrong with it is told in place."""
        strategies = self.strategies
        if strategies is None:
            return
        self._problem, self._problem_field = None, ""
        try:
            strategies.backtests.run(build_plan(self._look, draft, self.thresholds(draft.strategy)))
        except ValidationFailed as error:
            self._problem, self._problem_field = error, str(error.fields.get("field", ""))
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the running test."""
        if self.strategies is not None:
            self.strategies.backtests.cancel()

    def open(self, run_id: int) -> None:
        """Read a stored run and put it on the shelf."""
        self._start(self._open(run_id), "open a backtest")

    def delete(self, run_id: int) -> None:
        """Remove a stored run; the user has confirmed."""
        self._start(self._delete(run_id), "delete a backtest")

    def compare(self, run_ids: Sequence[int]) -> None:
        """Read two or three stored runs and lay them side by side."""
        if 2 <= len(run_ids) <= MOST_COMPARED:
            self._start(self._compare(tuple(run_ids)), "compare backtests")

    def export(self, run_id: int) -> None:
        """Write the trades of a stored run as CSV."""
        self._start(self._export(run_id), "export a backtest")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._problem, self._problem_field = None, ""
        self._spawn(self._told(work), name)

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something and tell its failure in place."""
        try:
            await work
        except RalphStockError as error:
            self._problem = error
        self.changed.emit()

    async def _read(self, run_id: int) -> StoredBacktest:
        assert self.strategies is not None
        return await self.strategies.backtests.open(run_id)

    async def _open(self, run_id: int) -> None:
        self._shelf.show_run(await self._read(run_id))
        self.opened.emit()

    async def _delete(self, run_id: int) -> None:
        assert self.strategies is not None
        await self.strategies.backtests.delete(run_id)
        self._shelf.drop(run_id)

    async def _compare(self, run_ids: tuple[int, ...]) -> None:
        runs = [await self._read(run_id) for run_id in run_ids]
        self.comparison = compare_runs(self._look, runs, self.hold_bars, self.few_trades)
        self._compared_ids = run_ids
        self.compared.emit()

    async def _export(self, run_id: int) -> None:
        strategies, result = self.strategies, self._result
        assert strategies is not None
        market = self._market.kind if self._market is not None else "real"
        if result is not None and result.stored_id == run_id and result.panel.simulated == (market == "simulated"):
            text = strategies.backtests.export(result)
        else:
            text = stored_csv(await self._read(run_id))
        self.exported.emit(f"backtest_{run_id}.csv", text)
