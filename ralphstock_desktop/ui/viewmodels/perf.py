"""View-model of the performance panel (screen 0870): which report is shown, and the index beside its curve."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.model.errors import RalphStockError
from engine.model.instants import AsOf
from engine.model.panel import FloatArray
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, MarketPicture, PanelState, Ready, Workstation
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, BacktestResult, RecordTable, Strategies
from ralphstock_desktop.strategy_ports import SignalRecord, StoredBacktest
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import Spawn
from ralphstock_desktop.ui.viewmodels.perf_report import Days, PerfReport, report_of_result
from ralphstock_desktop.ui.viewmodels.perf_shapes import beside_curve
from ralphstock_desktop.ui.viewmodels.perf_shelf import RunShelf
from ralphstock_desktop.ui.viewmodels.perf_stored import report_of_signals, report_of_stored

__all__ = ["SOURCES", "PerformanceViewModel"]

Source = Literal["backtest", "signals"]
SOURCES: tuple[Source, ...] = ("backtest", "signals")


class PerformanceViewModel(QObject):
    """Shows the newest backtest, a stored one that was opened, or what became of the stored signals.

    Signals
    -------
    changed
        Another report.
    state_changed
        :attr:`panel_state` changed.
    index_changed
        :attr:`index_pct` or :attr:`index_note` changed.
    """

    changed = Signal()
    state_changed = Signal()
    index_changed = Signal()

    def __init__(self, workstation: Workstation, appearance: Appearance, spawn: Spawn, shelf: RunShelf) -> None:
        super().__init__()
        self._workstation, self._look, self._spawn, self._shelf = workstation, appearance, spawn, shelf
        self._kind = ""
        """Market (``real`` or ``simulated``) that was last on screen."""
        self.source: Source = "backtest"
        self.strategy = "VCP"
        """Whose stored signals are shown."""
        self.report: PerfReport | None = None
        self.index_pct: FloatArray | None = None
        self.index_note = ""
        self._result: BacktestResult | None = None
        self._stored: StoredBacktest | None = shelf.run
        self._signals: tuple[SignalRecord, ...] | None = None
        self._table: RecordTable | None = None
        self._state: PanelState | None = None
        self._levels: tuple[str, Days, FloatArray] | None = None
        self._loading_for = ""
        self._subscriptions: list[Subscription] = []
        if self._stored is not None:
            self._take_newest()
        shelf.opened.connect(self._on_opened)
        shelf.dropped.connect(self._on_dropped)

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
            self.state_changed.emit()
            return
        tests = strategies.backtests
        self._subscriptions = [
            self._workstation.market.subscribe(self._on_market),
            tests.results.subscribe(self._on_result),
            tests.state.subscribe(self._on_state),
            strategies.journal.signals.subscribe(self._on_signals),
            strategies.records.subscribe(self._on_records),
        ]
        self._rewrite()

    def deactivate(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []

    def _on_market(self, picture: MarketPicture) -> None:
        other = self._kind not in ("", picture.kind)
        self._kind = picture.kind
        if other:  # real and simulated results are never mixed
            self._stored = None
            self._shelf.clear()
            self._rewrite()
        elif self.index_pct is None:
            self._lay_index()

    @property
    def _own_result(self) -> BacktestResult | None:
        """The newest run if it belongs to the market on screen."""
        result, picture = self._result, self._workstation.market.last
        if result is None or picture is None or result.panel.simulated == (picture.kind == "simulated"):
            return result
        return None

    def _on_result(self, result: BacktestResult) -> None:
        if result is self._result:
            return
        self._result = result
        self._stored = None  # the newest run comes to the front; an older one can be opened again
        self._rewrite()

    def _take_newest(self) -> None:
        """Know the newest run already: only one that ends after a stored run was opened comes to the front."""
        if self.strategies is not None:
            self._result = self.strategies.backtests.results.last

    def _on_state(self, state: PanelState) -> None:
        self._state = state
        self.state_changed.emit()

    def _on_signals(self, records: tuple[SignalRecord, ...]) -> None:
        self._signals = records
        if self.source == "signals":
            self._rewrite()

    def _on_records(self, table: RecordTable) -> None:
        self._table = table
        if self.source == "signals":
            self._rewrite()

    def _on_opened(self, run: StoredBacktest) -> None:
        self._stored = run
        self._take_newest()
        self.source = "backtest"
        self._rewrite()

    def _on_dropped(self, run_id: int) -> None:
        if self._stored is not None and self._stored.summary.id == run_id:
            self._stored = None
            self._rewrite()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def choose(self, source: str) -> None:
        """Look at backtests or at the stored signals."""
        if source in SOURCES and source != self.source:
            self.source = "signals" if source == "signals" else "backtest"
            self._rewrite()

    def choose_strategy(self, strategy: str) -> None:
        """Choose whose stored signals are shown."""
        if strategy in STRATEGIES and strategy != self.strategy:
            self.strategy = strategy
            if self.source == "signals":
                self._rewrite()

    @property
    def result(self) -> BacktestResult | None:
        """The finished run on screen; None where something else is."""
        return self._own_result if self.source == "backtest" and self._stored is None else None

    @property
    def stored(self) -> StoredBacktest | None:
        """The opened stored run on screen."""
        return self._stored if self.source == "backtest" else None

    def _rewrite(self) -> None:
        self.report = self._report()
        self.index_pct, self.index_note = None, ""
        self.changed.emit()
        self._lay_index()  # after the curve it belongs to is on screen
        self.state_changed.emit()

    def _report(self) -> PerfReport | None:
        if self.source == "signals":
            if self._signals is None:
                return None
            return report_of_signals(self._signals, self._table, self.strategy, self.few_trades)
        if self._stored is not None:
            return report_of_stored(self._stored, self.hold_bars, self.few_trades)
        result = self._own_result
        return report_of_result(result, self.hold_bars) if result is not None else None

    @property
    def panel_state(self) -> PanelState:
        """What the panel's frame shows."""
        if self.strategies is None:
            return Empty("performance.empty.none")
        report = self.report
        if report is None or (report.origin == "signals" and not report.signals):
            if self.source == "signals":
                return Empty("performance.empty.signals")
            if isinstance(self._state, Loading | Failed):
                return self._state
            return Empty("performance.empty.no_run", action="backtest")
        if self.source == "backtest" and isinstance(self._state, Loading) and self._stored is None:
            return self._state
        if report.origin == "signals" or report.last is None:
            picture = self._workstation.market.last
            as_of = picture.as_of if picture is not None else AsOf(0)
            return Ready(as_of)
        return Ready(AsOf.end_of(report.last))

    # -- the index beside the curve ---------------------------------------------------------------------------------------

    def _lay_index(self) -> None:
        """Lay KOSPI beside the curve; its closes come with the history of the gate and are read once per panel."""
        report, picture, strategies = self.report, self._workstation.market.last, self.strategies
        if report is None or report.curve is None or strategies is None:
            return
        if picture is None:
            self.index_note = self._look.tr("performance.equity.no_index")
            self.index_changed.emit()
            return
        version = f"{picture.panel.version}/{picture.as_of.instant_ns}"
        if self._levels is not None and self._levels[0] == version:
            self.index_pct = beside_curve(report.curve.days, self._levels[1], self._levels[2])
            self.index_note = "" if self.index_pct is not None else self._look.tr("performance.equity.no_index")
            self.index_changed.emit()
            return
        self.index_note = self._look.tr("performance.equity.index_loading")
        self.index_changed.emit()
        if self._loading_for != version:
            self._loading_for = version
            self._spawn(self._load_index(version), "read the index beside a backtest")

    async def _load_index(self, version: str) -> None:
        strategies, picture = self.strategies, self._workstation.market.last
        assert strategies is not None and picture is not None
        try:
            history = await strategies.load_gate_history()
        except RalphStockError:
            # The curve speaks without it; that the index is missing is said beside it.
            self._loading_for = ""
            self.index_note = self._look.tr("performance.equity.no_index")
            self.index_changed.emit()
            return
        self._loading_for = ""
        if picture is not self._workstation.market.last:
            self._lay_index()  # the market has moved on; these levels belong to neither picture for certain
            return
        days = picture.panel.days[history.day_index].astype("datetime64[D]")
        self._levels = (version, days, history.kospi)
        self._lay_index()
