"""Performance panel (screen 0870): what signals were worth, with intervals, base rate and the number of tries beside it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ralphstock_desktop.services.contracts import Loading
from ralphstock_desktop.services.strategy_contracts import STRATEGIES
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.perf_view import PAGES, PerfContent
from ralphstock_desktop.ui.docks.segments import Segments
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.perf import SOURCES, PerformanceViewModel
from ralphstock_desktop.ui.viewmodels.perf_shelf import RunShelf
from ralphstock_desktop.ui.viewmodels.perf_stored import stored_csv
from ralphstock_desktop.ui.viewmodels.perf_words import period_text

__all__ = ["PerformancePanel"]


class PerformancePanel(PanelFrame):
    """Follows the newest backtest; shows a stored one that was opened, or the stored signals.

    Signals
    -------
    export_requested(ExportRequest)
    """

    export_requested = Signal(object)

    def __init__(self, context: DockContext) -> None:
        look = context.appearance
        super().__init__(
            look, panel_id="performance", title_key="shell.dock.performance", screen="0870", skeleton="chart", role="follower"
        )
        shelf = RunShelf.of(look)
        self.view_model = PerformanceViewModel(context.workstation, look, context.spawn, shelf)
        self.view = PerfContent(look)
        self.source = Segments(look, SOURCES, lambda name: f"performance.source.{name}", "performance.source.name")
        self.strategy = Segments(look, STRATEGIES, lambda name: f"performance.strategy.{name}", "performance.strategy.name")
        self._bar = QWidget()
        row = QHBoxLayout(self._bar)
        row.addWidget(self.source)
        row.addStretch(1)
        row.addWidget(self.strategy)
        self.set_content(self.view)
        # The choice of the source stays in reach in every state: no backtest is no reason to hide the stored signals.
        self._layout.insertWidget(1, self._bar)
        vm = self.view_model
        self.source.chosen.connect(self._on_source)
        self.strategy.chosen.connect(self._on_strategy)
        vm.changed.connect(self._on_report)
        vm.state_changed.connect(self._on_state)
        vm.index_changed.connect(self._on_index)
        self.view.page_changed.connect(self.panel_state_changed)
        self.cancel_requested.connect(self._on_cancel)
        self.add_menu_action("performance.menu.export", self.request_export)
        look.changed.connect(self._apply_look)
        self._apply_look()
        self._on_state()

    def _apply_look(self) -> None:
        px = self.appearance.px
        layout = self._bar.layout()
        assert layout is not None
        layout.setContentsMargins(px(8), px(4), px(8), px(4))
        self._bar.setFixedHeight(px(30))
        self._on_report()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_report(self) -> None:
        vm = self.view_model
        self.source.show_value(vm.source)
        self.strategy.setVisible(vm.source == "signals")
        self.view.show_report(vm.report, vm.few_trades)
        self._on_index()
        report = vm.report
        self.set_subtitle(f"{report.name} {period_text(report)}".strip() if report is not None else "")

    def _on_index(self) -> None:
        self.view.show_index(self.view_model.index_pct, self.view_model.index_note)

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state != self.state:
            self.set_state(state)

    # -- what the user does ---------------------------------------------------------------------------------------------

    def _on_source(self, source: str) -> None:
        self.view_model.choose(source)
        self.panel_state_changed.emit()

    def _on_strategy(self, strategy: str) -> None:
        self.view_model.choose_strategy(strategy)
        self.panel_state_changed.emit()

    def _on_cancel(self) -> None:
        strategies = self.view_model.strategies
        if strategies is not None and isinstance(self.view_model.panel_state, Loading):
            strategies.backtests.cancel()

    def land_on_record(self, strategy: str, item: str) -> bool:
        """Go to the record of a strategy's signals and choose the row of a grade (``all``: of all of them)."""
        vm = self.view_model
        if strategy in STRATEGIES:
            self.strategy.show_value(strategy)
            vm.choose_strategy(strategy)
        vm.choose("signals")
        self.source.show_value(vm.source)
        self.view.show_page("groups")
        return vm.report is not None and self.view.groups.choose_group(item or "all")

    def request_export(self) -> None:
        """Ask a service to write the trades of the run on screen as CSV; the stored signals have a panel of their own."""
        vm = self.view_model
        strategies = vm.strategies
        if vm.stored is not None:
            # The text begins with its own mark already, so the encoding adds none.
            name = f"backtest_{vm.stored.summary.id}.csv"
            self.export_requested.emit(ExportRequest(name, stored_csv(vm.stored), encoding="utf-8"))
        elif vm.result is not None and strategies is not None:
            name = f"backtest_{vm.result.stored_id or vm.result.plan.strategy.lower()}.csv"
            self.export_requested.emit(ExportRequest(name, strategies.backtests.export(vm.result), encoding="utf-8"))

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.view_model.deactivate()

    def panel_state(self) -> dict[str, object]:
        """Source, strategy and the part in front."""
        vm = self.view_model
        return {**super().panel_state(), "source": vm.source, "strategy": vm.strategy, "page": self.view.page}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present values."""
        super().restore_panel_state(state)
        source, strategy, page = (state.get(name) for name in ("source", "strategy", "page"))
        if isinstance(strategy, str) and strategy in STRATEGIES:
            self.strategy.show_value(strategy)
            self.view_model.choose_strategy(strategy)
        if isinstance(source, str):
            self.view_model.choose(source)
        if isinstance(page, str) and page in PAGES:
            self.view.show_page(page)
