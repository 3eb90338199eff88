"""Near misses (screen 0813): symbols one item short of the next grade, and what has to happen (design.md §7)."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ralphstock_desktop.services.strategy_contracts import STRATEGIES
from ralphstock_desktop.ui.delegates.controls import CellDetail, HeldButton
from ralphstock_desktop.ui.delegates.table_view import ArrayTableView
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.segments import Segments
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.models.array_table import ArrayTableModel, SortKey
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.near_columns import near_columns
from ralphstock_desktop.ui.viewmodels.near_rows import NearRows, NearViewModel
from ralphstock_desktop.ui.viewmodels.near_words import near_sentence
from ralphstock_desktop.wording import format as fmt

__all__ = ["NearMissPanel"]

_SETS = (
    (936, ("step", "name", "price", "change", "item", "need", "gap", "way")),
    (866, ("step", "name", "change", "item", "need", "gap", "way")),
    (672, ("step", "name", "item", "gap", "way")),
    (588, ("step", "name", "gap", "way")),
    (0, ("step", "name", "way")),
)
"""Least panel width and the columns shown from it on: whole columns go, nothing is squeezed."""

_FROZEN, _WAY_LEAST = 204, 120
"""Grade, name and scroll bar, and the least room of the sentence, px at 100 %."""


class NearMissPanel(PanelFrame):
    """Rows are near misses; choosing one moves the linked panels, Enter opens the chart.

    Signals
    -------
    chart_requested(str), export_requested(ExportRequest)
    """

    chart_requested = Signal(str)
    export_requested = Signal(object)

    def __init__(self, context: DockContext) -> None:
        super().__init__(context.appearance, panel_id="near", title_key="shell.dock.near", screen="0813", role="both")
        look = context.appearance
        self.view_model = NearViewModel(context.workstation, look, "near")
        self.model = ArrayTableModel(near_columns(look), look, sort=(SortKey("gap", False),))
        self.view = ArrayTableView(self.model, look)
        self.detail = CellDetail(look, self.view)
        self.strategy = Segments(look, STRATEGIES, lambda name: f"near_panel.strategy.{name}", "near_panel.strategy.name")
        self.held = HeldButton(look)
        self._waiting: NearRows | None = None
        self._shown_columns: tuple[str, ...] = ()
        self._bar = QWidget()
        row = QHBoxLayout(self._bar)
        row.addWidget(self.strategy)
        row.addStretch(1)
        row.addWidget(self.held)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.view, 1)
        content.setFocusProxy(self.view)
        self.set_content(content)
        # The strategy stays in reach in every state: an empty list of one is no reason to hide the way to another.
        self._layout.insertWidget(1, self._bar)
        self._connect()
        self._apply_look()

    def _connect(self) -> None:
        vm, view, model = self.view_model, self.view, self.model
        self.strategy.chosen.connect(self._on_strategy)
        self.held.clicked.connect(self.apply_waiting)
        vm.rows_changed.connect(self._on_rows)
        vm.state_changed.connect(self._on_state)
        vm.symbol_changed.connect(lambda ticker: view.show_ticker(ticker))
        view.row_chosen.connect(vm.select)
        view.row_opened.connect(self._on_opened)
        view.detail_requested.connect(self._on_detail)
        model.held_changed.connect(self._on_held)
        model.sort_changed.connect(self.panel_state_changed)
        self.add_menu_action("table.menu.copy", view.copy_selection)
        self.add_menu_action("table.menu.export", self.request_export)
        shortcut = QShortcut(QKeySequence("F5"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.apply_waiting)
        self.appearance.changed.connect(self._apply_look)

    def _apply_look(self) -> None:
        px = self.appearance.px
        layout = self._bar.layout()
        assert layout is not None
        layout.setContentsMargins(px(8), px(4), px(8), px(4))
        self._bar.setFixedHeight(px(30))
        self.view.setAccessibleName(self.appearance.tr("near_panel.access"))
        self._choose_columns()
        self._on_state()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_rows(self) -> None:
        rows, shown = self.view_model.rows, self.model.source
        is_other_list = rows is None or shown is None or list(rows.tickers) != list(shown.tickers)
        if self.model.held and is_other_list and rows is not None and shown is not None:
            self._waiting = rows  # nothing moves under the pointer; F5 or leaving the table brings the new list
            self._show_held()
            return
        self._show(rows)

    def _show(self, rows: NearRows | None) -> None:
        self._waiting = None
        self.model.set_source(rows, keep_order=True)
        if self.view_model.selected_ticker:
            self.view.show_ticker(self.view_model.selected_ticker, scroll=False)
        self._show_held()
        self._show_count()

    def apply_waiting(self) -> None:
        """Show what waited, in the order of now."""
        if self._waiting is not None:
            self._show(self._waiting)
        self.model.apply_moves()

    def _on_held(self) -> None:
        if not self.model.held and self._waiting is not None:
            self._show(self._waiting)
        self._show_held()

    def _show_held(self) -> None:
        shown = self.model.source
        others = set()
        if self._waiting is not None and shown is not None:
            others = set(self._waiting.tickers) ^ set(shown.tickers)
        self.held.set_count(max(self.model.waiting_moves, len(others), int(self._waiting is not None)))

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        self.view.stale = self.view_model.is_stale
        if state is not None and state != self.state:
            self.set_state(state)
        self._show_count()
        self.view.viewport().update()

    def _show_count(self) -> None:
        rows = self.view_model.rows
        self.set_subtitle(self.appearance.tr("near_panel.subtitle", count=fmt.number(rows.size)) if rows is not None else "")

    # -- what the user does ---------------------------------------------------------------------------------------------

    def _on_strategy(self, strategy: str) -> None:
        self._waiting = None
        self.view_model.choose(strategy)
        # The user asked for another list: it comes even while the pointer is over the table.
        self._show(self.view_model.rows)
        self.panel_state_changed.emit()

    def _on_opened(self, ticker: str) -> None:
        self.view_model.select(ticker)
        self.chart_requested.emit(ticker)

    def _on_detail(self, row: int, column: int, cell: QRect) -> None:
        rows = self.view_model.rows
        if row < 0 or rows is None or row >= self.model.rowCount():
            self.detail.hide()
            return
        look, spec = self.appearance, self.model.columns[column]
        source_row = self.model.source_row(row)
        text = self.model.cell_text(source_row, column)
        head = f"{rows.name(source_row, look.language)} · {look.tr(spec.title_key)} {text}"
        self.detail.show_lines(head, look.tr(spec.detail_key), near_sentence(look, rows.misses[source_row]), "", cell)

    def request_export(self) -> None:
        """Ask a service to write the shown rows as CSV."""
        text = self.view.rows_as_text(self.model.order.tolist(), ",")
        self.export_requested.emit(ExportRequest(f"near_{self.view_model.strategy.lower()}.csv", text))

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        super().came_into_sight()
        self.view_model.activate()
        self._on_state()

    def went_out_of_sight(self) -> None:
        super().went_out_of_sight()
        self.detail.hide()
        self.view_model.deactivate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._choose_columns()

    def _choose_columns(self) -> None:
        columns = next(names for least, names in _SETS if self.width() >= self.appearance.px(least))
        narrowest = columns == _SETS[-1][1]
        if columns != self._shown_columns or narrowest:
            self._shown_columns = columns
            room = round(self.width() * 100 / self.appearance.zoom_pct) - _FROZEN
            self.view.show_columns(columns, {"way": max(_WAY_LEAST, room)} if narrowest else {})

    def land_on_cell(self, ticker: str, column: str, strategy: str = "") -> bool:
        """Choose a row of a strategy's list and frame a cell of it; False if the list does not hold it."""
        if strategy in STRATEGIES and strategy != self.view_model.strategy:
            self.strategy.show_value(strategy)
            self._on_strategy(strategy)
        if self._waiting is not None:
            self.apply_waiting()
        if not self.view.mark_cell(ticker, column):
            return False
        self.view_model.select(ticker)
        return True

    def panel_state(self) -> dict[str, object]:
        """Strategy and order of rows."""
        sort = [[key.column, key.descending] for key in self.model.sort_keys]
        return {**super().panel_state(), "strategy": self.view_model.strategy, "sort": sort}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present value."""
        super().restore_panel_state(state)
        strategy, sort = state.get("strategy"), state.get("sort")
        if strategy in STRATEGIES:
            self.strategy.show_value(str(strategy))
            self.view_model.choose(str(strategy))
        if isinstance(sort, list):
            keys = [SortKey(str(item[0]), bool(item[1])) for item in sort if isinstance(item, list | tuple) and len(item) == 2]
            if keys:
                self.model.set_sort(keys)
