"""Signal history and paper journal (screen 0872): what became of stored signals, and what the user took, sold and noted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.model.errors import RalphStockError
from ralphstock_desktop.services.strategy_contracts import STRATEGIES
from ralphstock_desktop.strategy_ports import SignalRecord
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.delegates.controls import CellDetail, ProblemLine
from ralphstock_desktop.ui.delegates.table_view import ArrayTableView
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.journal_dialogs import Entry, JournalDialog, PricePlan
from ralphstock_desktop.ui.docks.segments import Segments
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.models.array_table import ArrayTableModel, SortKey
from ralphstock_desktop.ui.models.table_text import rows_as_text
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.journal import ALL, JOURNAL_ORIGIN, STATUSES, JournalViewModel
from ralphstock_desktop.ui.viewmodels.journal_columns import journal_columns
from ralphstock_desktop.ui.viewmodels.journal_rows import JournalRows, summary_text
from ralphstock_desktop.wording import format as fmt

__all__ = ["JournalPanel"]

_PLAN = ("entry", "stop", "target")
_TRADE = ("fill", "exit", "reason", "gross", "net", "bars")
_SETS: tuple[tuple[str, ...], ...] = (
    ("date", "name", "strategy", "grade", "score", "phase", *_PLAN, *_TRADE, "taken", "note"),
    ("date", "name", "strategy", "grade", "phase", *_PLAN, "fill", "exit", "reason", "net", "bars", "taken", "note"),
    ("date", "name", "strategy", "grade", "phase", "entry", "fill", "exit", "reason", "net", "taken", "note"),
    ("date", "name", "grade", "phase", "fill", "exit", "reason", "net", "taken"),
    ("date", "name", "grade", "phase", "net", "taken"),
    ("date", "name", "phase", "net"),
    ("name", "phase", "net"),
)
"""Columns, the most first: the first set that fits is shown. Whole columns go, nothing is squeezed."""
_ACTIONS = ("take", "close", "note", "take_back")
_ONE_LINE = 820
"""From this width on the buttons stand beside the filters."""
_SCROLL_BAR = 12
_WITH_STATUS = 470
"""From this width on the status has its place in the bar; below, the menu of strategies keeps its own."""


class JournalPanel(PanelFrame):
    """Rows are stored signals; choosing one moves the linked panels, Enter opens the chart.

    Signals
    -------
    chart_requested(str), export_requested(ExportRequest)
    """

    chart_requested = Signal(str)
    export_requested = Signal(object)

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance, panel_id=JOURNAL_ORIGIN, title_key="shell.dock.journal", screen="0872", role="both"
        )
        look = context.appearance
        self._spawn = context.spawn
        self.more_entries: Callable[[AskSubject, QMenu], None] | None = None
        """Lets the chat add its entries to the menu of a row."""
        self.view_model = JournalViewModel(context.workstation, look, context.spawn)
        rules = self.view_model.rules
        self.model = ArrayTableModel(journal_columns(look, rules.jongga.max_points), look, sort=(SortKey("date", True),))
        self.view = ArrayTableView(self.model, look)
        self.detail = CellDetail(look, self.view)
        self.mode = Segments(look, (ALL, "symbol"), lambda name: f"journal_panel.mode.{name}", "journal_panel.mode.name")
        self.strategy, self.status = QComboBox(), QComboBox()
        for box in (self.strategy, self.status):
            box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.buttons = {name: QPushButton() for name in _ACTIONS}
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.problem = ProblemLine(look)
        self.dialog: JournalDialog | None = None
        self._shown_columns: tuple[str, ...] = ()
        self._chosen_id: int | None = None
        self._wide: bool | None = None
        self._assemble()
        self._connect()
        self._apply_look()

    def _assemble(self) -> None:
        self._bar, self._hand = QHBoxLayout(), QHBoxLayout()
        for widget in (self.mode, self.strategy, self.status):
            self._bar.addWidget(widget)
        self._bar.addStretch(1)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self._bar)
        box.addWidget(self.problem)
        box.addWidget(self.view, 1)
        box.addLayout(self._hand)
        box.addWidget(self.summary)
        content.setFocusProxy(self.view)
        self.set_content(content)

    def _connect(self) -> None:
        vm, view = self.view_model, self.view
        self.mode.chosen.connect(self._on_mode)
        self.strategy.activated.connect(lambda index: self._on_strategy(str(self.strategy.itemData(index))))
        self.status.activated.connect(lambda index: self._on_status(str(self.status.itemData(index))))
        for name, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, wanted=name: self.open_dialog(wanted))
        vm.changed.connect(self._on_rows)
        vm.state_changed.connect(self._on_state)
        vm.symbol_changed.connect(self._on_symbol)
        vm.failed.connect(self._on_failed)
        view.row_chosen.connect(vm.select)
        view.row_opened.connect(self._on_opened)
        view.detail_requested.connect(self._on_detail)
        view.selectionModel().currentRowChanged.connect(lambda _now, _before: self._on_current())
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._on_context_menu)
        self.model.sort_changed.connect(self.panel_state_changed)
        self._superseded_action = self.add_menu_action("journal_panel.menu.superseded", self._on_superseded, checkable=True)
        self.add_menu_action("table.menu.copy", view.copy_selection)
        self.add_menu_action("table.menu.export", self.request_export)
        self.appearance.changed.connect(self._apply_look)

    def _apply_look(self) -> None:
        look, px, vm = self.appearance, self.appearance.px, self.view_model
        self._bar.setContentsMargins(px(8), px(2), px(8), px(2))
        for line in (self._bar, self._hand):
            line.setSpacing(px(6))
        plans = [(ALL, look.tr("journal_panel.strategy.all"))]
        plans += [(name, look.tr(f"journal_panel.strategy.{name}")) for name in STRATEGIES]
        states = [(ALL, look.tr("journal_panel.status.all"))]
        states += [(name, look.tr(f"journal_panel.status.{name}")) for name in STATUSES]
        for box, entries, chosen in ((self.strategy, plans, vm.strategy), (self.status, states, vm.status)):
            box.clear()
            for name, word in entries:
                box.addItem(word, name)
            box.setCurrentIndex(max(0, box.findData(chosen)))
            box.setFont(look.font("body"))
        self.strategy.setAccessibleName(look.tr("journal_panel.access.strategy"))
        self.status.setAccessibleName(look.tr("journal_panel.access.status"))
        for name, button in self.buttons.items():
            button.setText(look.tr(f"journal_panel.act.{name}"))
            button.setFont(look.font("caption"))
        self.view.setAccessibleName(look.tr("journal_panel.access"))
        self.summary.setFont(look.font("caption"))
        self.summary.setContentsMargins(px(10), px(3), px(10), px(4))
        colour_label(self.summary, look, "text-secondary")
        self._wide = None
        self._place_buttons()
        self._choose_columns(force=True)
        self._on_state()
        self._show_summary()
        self._on_current()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_rows(self) -> None:
        rows, chosen = self.view_model.rows, self._chosen_id
        self.model.set_source(rows)
        self.view.set_message(self.view_model.message)
        self._choose_columns()
        row = rows.row_of_id(chosen) if rows is not None and chosen is not None else None
        shown = self.model.display_row(row) if row is not None else None
        if shown is not None:
            self._make_current(shown)
        self._show_summary()
        self._on_current()

    def _make_current(self, row: int) -> None:
        """Choose a displayed row without telling the linked panels: they look at its symbol already."""
        self.view.blockSignals(True)
        try:
            self.view.setCurrentIndex(self.model.index(row, max(0, self.view.currentIndex().column())))
            self.view.selectRow(row)
        finally:
            self.view.blockSignals(False)

    def _on_symbol(self, ticker: str) -> None:
        record = self.current_record()
        if record is None or record.signal.ticker != ticker:
            self.view.show_ticker(ticker)
            self._on_current()

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state != self.state:
            self.set_state(state)
        self._superseded_action.setVisible(self.view_model.can_list_superseded)
        self._on_current()

    def _on_failed(self, error: object) -> None:
        if isinstance(error, RalphStockError):
            self.problem.set_text(error_sentence(self.appearance, error))

    def _show_summary(self) -> None:
        vm, look = self.view_model, self.appearance
        rows = vm.rows
        self.set_subtitle(
            look.tr("journal_panel.subtitle", count=fmt.number(rows.size)) if rows is not None and rows.size else ""
        )
        self.summary.setVisible(rows is not None and rows.size > 0)
        self.summary.setText(summary_text(look, vm.summary(), vm.rules.life.few_trades))

    # -- the chosen signal ------------------------------------------------------------------------------------------------

    def current_record(self) -> SignalRecord | None:
        """The signal of the current row."""
        index, rows = self.view.currentIndex(), self.model.source
        if not index.isValid() or not isinstance(rows, JournalRows) or index.row() >= self.model.rowCount():
            return None
        return rows.records[self.model.source_row(index.row())]

    def _on_current(self) -> None:
        record, vm, tr = self.current_record(), self.view_model, self.appearance.tr
        if record is not None:
            self._chosen_id = record.signal.id
        allowed = self._allowed(record)
        for name, button in self.buttons.items():
            button.setEnabled(allowed[name])
            button.setToolTip(tr("error.journal.past") if vm.is_past else tr(f"journal_panel.act.{name}.tip"))
        self.buttons["take_back"].setVisible(vm.can_take_back)

    def _allowed(self, record: SignalRecord | None) -> dict[str, bool]:
        vm = self.view_model
        return {
            "take": vm.may_take(record),
            "close": vm.may_close(record),
            "note": vm.may_note(record),
            "take_back": vm.may_take_back(record),
        }

    # -- what the user does ---------------------------------------------------------------------------------------------

    def _on_mode(self, mode: str) -> None:
        self.view_model.choose_mode(mode)
        self.panel_state_changed.emit()

    def _on_strategy(self, strategy: str) -> None:
        self.view_model.filter_strategy(strategy)
        self.panel_state_changed.emit()

    def _on_status(self, status: str) -> None:
        self.view_model.filter_status(status)
        self.panel_state_changed.emit()

    def _on_superseded(self) -> None:
        self.problem.set_text("")
        self.view_model.show_superseded(self._superseded_action.isChecked())
        self.panel_state_changed.emit()

    def _on_opened(self, ticker: str) -> None:
        self.view_model.select(ticker)
        self.chart_requested.emit(ticker)

    def _on_context_menu(self, place: QPoint) -> None:
        if self.current_record() is not None:
            self.menu().popup(self.view.viewport().mapToGlobal(place))

    def menu(self) -> QMenu:
        """What can be done with the chosen signal; the menu deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        record, tr = self.current_record(), self.appearance.tr
        chart = menu.addAction(self.appearance.icon("candles"), tr("journal_panel.menu.chart"))
        chart.triggered.connect(lambda: self._on_opened(record.signal.ticker) if record is not None else None)
        menu.addSeparator()
        allowed = self._allowed(record)
        for name in _ACTIONS:
            if name == "take_back" and not self.view_model.can_take_back:
                continue
            action = menu.addAction(tr(f"journal_panel.act.{name}"))
            action.setEnabled(allowed[name])
            action.triggered.connect(lambda _checked=False, wanted=name: self.open_dialog(wanted))
        subject = self.view.ask_subject(None)
        if self.more_entries is not None and subject is not None:
            self.more_entries(subject, menu)
        return menu

    def open_dialog(self, name: str) -> JournalDialog | None:
        """Open the dialog of an action for the chosen signal; None where it is not allowed."""
        record, vm = self.current_record(), self.view_model
        if record is None or not self._allowed(record)[name]:
            return None
        submit: dict[str, Callable[[Entry], Coroutine[Any, Any, None]]] = {
            "take": lambda entry: vm.take(record, entry.price_krw, entry.qty, entry.note),
            "close": lambda entry: vm.close(record, entry.price_krw, entry.note),
            "note": lambda entry: vm.annotate(record, entry.note),
            "take_back": lambda _entry: vm.take_back(record),
        }
        values = record.signal.values
        self.dialog = JournalDialog(
            self.appearance,
            name,
            self._about(record, name),
            submit[name],
            self._spawn,
            price=self._price_plan(record) if name in ("take", "close") else None,
            qty=int(values.get("qty") or 0) if name == "take" else None,
            note=None if name == "take_back" else record.note,
            parent=self,
        )
        self.dialog.destroyed.connect(self._forget_dialog)
        self.dialog.open()
        return self.dialog

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _price_plan(self, record: SignalRecord) -> PricePlan:
        """The planned entry to buy at; to sell at, the newest close on screen, else the target."""
        step, snap = self.view_model.price_moves(record.signal.ticker)
        price = record.signal.values.get("entry") or 1
        if record.taken:
            price = self.view_model.last_close(record.signal.ticker) or record.signal.values.get("target") or price
        return PricePlan(int(price), step, snap)

    def _about(self, record: SignalRecord, name: str) -> tuple[str, ...]:
        look, rows = self.appearance, self.view_model.rows
        signal = record.signal
        row = rows.row_of_id(signal.id) if rows is not None and signal.id is not None else None
        stock = rows.name(row, look.language) if rows is not None and row is not None else signal.ticker
        strategy = look.tr(f"journal_panel.strategy.{signal.strategy if signal.strategy in STRATEGIES else 'other'}")
        grade = str(signal.values.get("grade") or "")
        head = look.tr(
            "journal_panel.dialog.about", name=stock, code=signal.ticker, strategy=f"{strategy} {grade}".strip(),
            day=signal.signal_date.isoformat(),
        )  # fmt: skip
        plan = look.tr(
            "journal_panel.dialog.plan",
            **{part: fmt.price(float(signal.values.get(part) or "nan")) for part in _PLAN},
        )
        lines = [head, plan]
        if record.taken and record.trade is not None:
            qty = fmt.shares(record.trade.qty or 0, look.language)
            lines.append(look.tr("journal_panel.dialog.held", price=fmt.price(record.trade.entry_krw), qty=qty))
        if name == "take_back":
            lines.append(look.tr("journal_panel.dialog.take_back.lead"))
        return tuple(lines)

    def _on_detail(self, row: int, column: int, cell: QRect) -> None:
        rows = self.model.source
        if row < 0 or not isinstance(rows, JournalRows) or row >= self.model.rowCount():
            self.detail.hide()
            return
        look, spec = self.appearance, self.model.columns[column]
        source_row = self.model.source_row(row)
        head = f"{rows.name(source_row, look.language)} · {look.tr(spec.title_key)} {self.model.cell_text(source_row, column)}"
        record = rows.records[source_row]
        stored = look.tr("journal_panel.detail.stored", day=fmt.day_long(record.signal.signal_date, look.language))
        self.detail.show_lines(head, look.tr(spec.detail_key), stored, record.note if spec.id != "note" else "", cell)

    def request_export(self) -> None:
        """Ask a service to write the listed signals with all their columns as CSV."""
        sections = range(len(self.model.columns))
        text = rows_as_text(self.model, list(sections), self.model.order.tolist(), ",")
        self.export_requested.emit(ExportRequest("journal.csv", text))

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()
        self._on_state()

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.detail.hide()
        self.view_model.deactivate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose the columns that fit."""
        super().resizeEvent(event)
        self._place_buttons()
        self._choose_columns()

    def _choose_columns(self, *, force: bool = False) -> None:
        self.status.setVisible(self.width() >= self.appearance.px(_WITH_STATUS))
        room = round((self.width() - 2) * 100 / self.appearance.zoom_pct) - _SCROLL_BAR
        widths = {column.id: column.width for column in self.model.columns}
        sets = [self._for_mode(names) for names in _SETS]
        columns = next((names for names in sets if sum(widths[name] for name in names) <= room), sets[-1])
        if columns != self._shown_columns or force:
            self._shown_columns = columns
            self.view.show_columns(columns)

    def _for_mode(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """One symbol needs no name in every row; its signals are told apart by their day."""
        if self.view_model.mode == ALL:
            return names
        kept = tuple(name for name in names if name != "name")
        return kept if "date" in kept else ("date", *kept)

    def _place_buttons(self) -> None:
        """Beside the filters where there is room, else in a line under the table."""
        wide = self.width() >= self.appearance.px(_ONE_LINE)
        if wide == self._wide:
            return
        self._wide = wide
        for line in (self._bar, self._hand):
            for button in self.buttons.values():
                line.removeWidget(button)
        while self._hand.count():
            self._hand.takeAt(0)
        for button in self.buttons.values():
            (self._bar if wide else self._hand).addWidget(button)
        if not wide:
            self._hand.addStretch(1)
        px = self.appearance.px
        self._hand.setContentsMargins(px(8), 0 if wide else px(4), px(8), 0 if wide else px(4))

    def panel_state(self) -> dict[str, object]:
        """What is listed, and the order of rows."""
        vm = self.view_model
        sort = [[key.column, key.descending] for key in self.model.sort_keys]
        return {
            **super().panel_state(), "mode": vm.mode, "strategy": vm.strategy, "status": vm.status,
            "superseded": vm.with_superseded, "sort": sort,
        }  # fmt: skip

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present value."""
        super().restore_panel_state(state)
        vm = self.view_model
        mode, sort = state.get("mode"), state.get("sort")
        if mode in (ALL, "symbol"):
            self.mode.show_value(str(mode))
            vm.choose_mode(str(mode))
        vm.filter_strategy(str(state.get("strategy", vm.strategy)))
        vm.filter_status(str(state.get("status", vm.status)))
        superseded = state.get("superseded") is True and vm.can_list_superseded
        self._superseded_action.setChecked(superseded)
        vm.show_superseded(superseded)
        if isinstance(sort, list):
            keys = [SortKey(str(item[0]), bool(item[1])) for item in sort if isinstance(item, list | tuple) and len(item) == 2]
            if keys:
                self.model.set_sort(keys)
        self._apply_look()
