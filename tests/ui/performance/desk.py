"""The two panels over real results of a seeded market, with a service that only publishes and answers what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.errors import DataUnavailable, RalphStockError
from engine.model.gate import GateHistory
from engine.model.instants import AsOf
from engine.model.performance import SignalSet, TradeSet
from engine.performance.equity import equity_curve
from engine.performance.life import first_signals
from engine.performance.metrics import metrics
from engine.scoring.gate import gate_history
from engine.thresholds import DEFAULT_RULES, iter_specs
from ralphstock_desktop.ports import Progress, StoredSignal
from ralphstock_desktop.services.backtest_export import to_stored, trades_csv
from ralphstock_desktop.services.backtest_run import run_backtest
from ralphstock_desktop.services.backtest_work import BacktestMarket
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import MarketPicture, PanelState
from ralphstock_desktop.services.strategy_contracts import (
    BacktestPlan,
    BacktestResult,
    RecordTable,
    StrategyName,
    Threshold,
    WhatIfState,
)
from ralphstock_desktop.strategy_ports import BacktestSummary, RuleProfile, SignalRecord, StoredBacktest, TradeRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from tests.services.backtests.memory import FIRST, LAST, plan, series_of
from tests.services.backtests.memory import PANEL as SYNTHETIC
from tests.ui.tables.local_market import LocalWorkstation, context_for

__all__ = ["Desk", "FakeBacktests", "backtest", "cut", "real_result", "signal_record", "what_if_state"]

PANEL = replace(SYNTHETIC, simulated=False)
"""Seen as the user's own market."""
NOW_NS = 1_777_900_000_000_000_000


@cache
def real_result(strategy: StrategyName = "VCP", walk: bool = False) -> BacktestResult:
    """A backtest of the synthetic market by the real service functions, with a known indices' gate."""
    market = BacktestMarket(PANEL, series_of(PANEL), None, np.zeros(len(PANEL.days), dtype=bool), {})
    first: date = PANEL.days[0].item() if walk else FIRST
    wanted = plan(name=f"{strategy} 시험", strategy=strategy, first=first, walk_forward=walk)
    return run_backtest(market, wanted, (DEFAULT_RULES,), AsOf.end_of(LAST), 1, None, lambda _progress: None)


def _only(result: BacktestResult, places: np.ndarray[Any, Any]) -> tuple[SignalSet, TradeSet]:
    mask = np.zeros(len(result.signals), dtype=bool)
    mask[places] = True
    return result.signals.where(mask), result.trades.where(mask)


def cut(count: int, *, gains_only: bool = False) -> BacktestResult:
    """The real result with only its first ``count`` counted closed trades, judged by the engine again."""
    whole = real_result()
    new = first_signals(whole.signals, whole.trades) & whole.trades.closed
    if gains_only:
        new &= whole.trades.net_pct > 0.0
    places = np.flatnonzero(new)[:count]
    assert len(places) == count, "the market has too few trades for this case"
    signals, trades = _only(whole, places)
    found = metrics(signals, trades, DEFAULT_RULES)
    span = whole.equity.day_index
    equity = equity_curve(
        PANEL, signals, trades, DEFAULT_RULES, whole.plan.start_krw, series_of(PANEL), int(span[0]), int(span[-1])
    )
    record = tuple(replace(row, n=0, base_pct=None, excess_pct=type(row.excess_pct)(None)) for row in whole.record)
    return replace(
        whole, signals=signals, trades=trades, metrics=found, by_grade=(), by_gate=(), equity=equity, study=(), record=record
    )


def backtest(result: BacktestResult, run_id: int, name: str = "", *, with_report: bool = True) -> StoredBacktest:
    """A result as the repository keeps it."""
    import dataclasses

    kept = to_stored(replace(result, plan=replace(result.plan, name=name or result.plan.name)), DEFAULT_RULES, NOW_NS, "test")
    config = dict(kept.summary.config)
    trades = dict(kept.trades)
    config.pop("report", None)
    trades.pop("counted", None)
    if with_report:
        config["report"] = {
            "metrics": dataclasses.asdict(result.metrics),
            "by_grade": [[value, dataclasses.asdict(found)] for value, found in result.by_grade],
            "by_gate": [[value, dataclasses.asdict(found)] for value, found in result.by_gate],
            "study": [dataclasses.asdict(row) for row in result.study],
            "record": [dataclasses.asdict(row) for row in result.record],
        }
        counted = first_signals(result.signals, result.trades)[result.trades.entry_day >= 0]
        trades["counted"] = [bool(one) for one in counted]
    return StoredBacktest(replace(kept.summary, id=run_id, config=config), kept.equity_days, kept.equity_krw, trades)


def signal_record(ticker: str, grade: str, net_pct: float | None, day: date = LAST, reason: str = "TARGET") -> SignalRecord:
    """A stored VCP signal; with a net return it has ended."""
    signal = StoredSignal("VCP", ticker, day, "2026.1", {"grade": grade}, "CLOSED" if net_pct is not None else "OPEN")
    trade = None
    if net_pct is not None:
        at = AsOf.at(day, 15, 30).instant_ns
        trade = TradeRecord(1, at, 10_000, None, at, 10_500, reason, net_pct, net_pct, 5)
    return SignalRecord(signal, NOW_NS, NOW_NS, rule_trade=trade, close_reason=reason if net_pct is not None else "")


class FakeWhatIf:
    """Thresholds of the real rules, and whatever state and profiles a test gives."""

    def __init__(self) -> None:
        self.state: Channel[WhatIfState] = Channel("what_if")
        self.kept: tuple[RuleProfile, ...] = ()

    def thresholds(self, strategy: StrategyName) -> tuple[Threshold, ...]:
        section = {"VCP": "vcp", "CLOSING_BET": "jongga", "DAY_TRADE": "daytrading"}[strategy]
        return tuple(
            Threshold(name, float(value), float(value), spec)
            for name, value, spec in iter_specs(DEFAULT_RULES)
            if name.split(".")[0] == section
        )

    def profiles(self) -> tuple[RuleProfile, ...]:
        return self.kept


def what_if_state(**moved: float) -> WhatIfState:
    """A what-if with moved VCP thresholds (``rs_min=80``)."""
    known = {one.name: one for one in FakeWhatIf().thresholds("VCP")}
    changed = tuple(replace(known[f"vcp.{name}"], value=value) for name, value in moved.items())
    rules = DEFAULT_RULES.replace({one.name: one.value for one in changed})
    return WhatIfState(
        bool(changed), "VCP", rules, DEFAULT_RULES, "", changed, {}, {}, (), (), 0, 0.0, None, None, 1, bool(changed)
    )  # fmt: skip


class FakeBacktests:
    """The channels of the real service; commands are kept and answered from a dictionary of stored runs."""

    def __init__(self) -> None:
        self.state: Channel[PanelState] = Channel("state")
        self.results: Channel[BacktestResult] = Channel("results")
        self.stored: Channel[tuple[BacktestSummary, ...]] = Channel("stored")
        self.progress: Channel[Progress | None] = Channel("progress")
        self.plans: list[BacktestPlan] = []
        self.cancelled = 0
        self.kept: dict[int, StoredBacktest] = {}
        self.broken: RalphStockError | None = None
        self.refused: RalphStockError | None = None

    def keep(self, *runs: StoredBacktest) -> None:
        """Have runs stored and list them."""
        self.kept |= {run.summary.id: run for run in runs}
        self.stored.publish(tuple(run.summary for run in sorted(self.kept.values(), key=lambda run: -run.summary.id)))

    def run(self, wanted: BacktestPlan) -> None:
        if self.refused is not None:
            raise self.refused
        self.plans.append(wanted)

    def cancel(self) -> None:
        self.cancelled += 1

    async def open(self, run_id: int) -> StoredBacktest:
        if self.broken is not None:
            raise self.broken
        if run_id not in self.kept:
            raise DataUnavailable(f"no {run_id}", key="error.storage.no_backtest", id=run_id)
        return self.kept[run_id]

    async def delete(self, run_id: int) -> None:
        if self.broken is not None:
            raise self.broken
        del self.kept[run_id]
        self.keep()

    def export(self, result: BacktestResult) -> str:
        return "\ufeff" + trades_csv(result)


class FakeStrategies:
    """What the two panels use of the strategies."""

    def __init__(self) -> None:
        self.backtests = FakeBacktests()
        self.what_if = FakeWhatIf()
        self.records: Channel[RecordTable] = Channel("records")
        self.journal = self
        self.signals: Channel[tuple[SignalRecord, ...]] = Channel("signals")
        self.histories = 0
        self.history_error: RalphStockError | None = None

    async def load_gate_history(self) -> GateHistory:
        self.histories += 1
        if self.history_error is not None:
            raise self.history_error
        return gate_history(PANEL, series_of(PANEL), DEFAULT_RULES)


class PerfWorkstation(LocalWorkstation):
    """The synthetic market, with strategies or without."""

    def __init__(self, *, strategies: bool = True) -> None:
        super().__init__()
        self.fake = FakeStrategies()
        self.strategies: Any = self.fake if strategies else None
        self.market.publish(MarketPicture(PANEL, "real", AsOf.end_of(LAST), is_latest=True))


class Tasks:
    """Runs a supervised task to its end at once; one that is started inside another runs after it."""

    def __init__(self) -> None:
        self._waiting: list[Coroutine[Any, Any, None]] = []
        self._busy = False

    def __call__(self, work: Coroutine[Any, Any, None], name: str) -> None:
        del name
        self._waiting.append(work)
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting:
                asyncio.run(self._waiting.pop(0))
        finally:
            self._busy = False


class Desk:
    """One panel in a window."""

    def __init__(
        self,
        qtbot: QtBot | None,
        make: Callable[[DockContext], PanelFrame],
        size: tuple[int, int] = (1_280, 800),
        *,
        look: Appearance | None = None,
        strategies: bool = True,
        work: PerfWorkstation | None = None,
        fill: Callable[[FakeStrategies], None] | None = None,
    ) -> None:
        self.look = look or Appearance()
        self.work = work or PerfWorkstation(strategies=strategies)
        self.fake = self.work.fake
        self.tests = self.fake.backtests
        if fill is not None:
            fill(self.fake)
        self.context = replace(context_for(self.work, self.look), spawn=Tasks())
        self.panel: Any = make(self.context)
        self.exports: list[Any] = []
        self.actions: list[str] = []
        self.panel.export_requested.connect(self.exports.append)
        self.panel.action_requested.connect(self.actions.append)
        self.window = QWidget()
        self.window.resize(*size)
        self.panel.setParent(self.window)
        self.panel.setGeometry(0, 0, *size)
        if qtbot is not None:
            qtbot.addWidget(self.window)
        self.window.show()
        self.panel.show()
        self.panel.came_into_sight()
        QApplication.processEvents()

    def close(self) -> None:
        """End the panel's life."""
        self.window.close()
