"""The second page of the watch lists: the user's alerts with their state, how far they are from here, and what can be done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from ralphstock_desktop.assistant_ports import AlertRule
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.delegates.controls import CellDetail
from ralphstock_desktop.ui.delegates.table_view import ArrayTableView
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.models.array_table import ArrayTableModel
from ralphstock_desktop.ui.viewmodels.watch_columns import AlertRuleRows, alert_columns
from ralphstock_desktop.ui.viewmodels.watch_rows import WatchViewModel

__all__ = ["WatchAlertsView"]

_REFRESH_MS = 1_000
_SETS = (
    ("name", "rule", "now", "gap", "state", "note"),
    ("name", "rule", "now", "gap", "state"),
    ("name", "rule", "gap", "state"),
    ("name", "rule", "state"),
)
"""Columns, the most first: the first set that fits is shown."""
_SCROLL_BAR = 12
_KEYS = {"edit": "F2", "toggle": "Shift+F2", "delete": "Del"}
"""What the keyboard does with the chosen alert."""


class WatchAlertsView(QWidget):
    """See the module text.

    Signals
    -------
    new_wanted(str)
        An alert is to be made; ticker of the current row, or empty.
    edit_wanted(AlertRule)
        F2, a double click or the button: an alert is to be changed.
    opened(str)
        Enter: the chart of a ticker.
    """

    new_wanted = Signal(str)
    edit_wanted = Signal(object)
    opened = Signal(str)

    def __init__(self, appearance: Appearance, view_model: WatchViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._vm = appearance, view_model
        self.more_entries: Callable[[AskSubject, QMenu], None] | None = None
        """Lets the window add its entries to the menu of a row."""
        self.model = ArrayTableModel(alert_columns(appearance), appearance)
        self.view = ArrayTableView(self.model, appearance)
        self.detail = CellDetail(appearance, self.view)
        self.resting = QLabel()
        self.resting.setWordWrap(True)
        self.buttons = {name: QPushButton() for name in ("new", "edit", "toggle", "delete")}
        self._chosen_id: int | None = None
        self._columns: tuple[str, ...] = ()
        self._line = QHBoxLayout()
        for button in self.buttons.values():
            self._line.addWidget(button)
        self._line.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.resting)
        box.addWidget(self.view, 1)
        box.addLayout(self._line)
        self.setFocusProxy(self.view)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._connect()
        self._apply()

    def _connect(self) -> None:
        vm = self._vm
        vm.alerts_changed.connect(self._on_rules)
        vm.rows_changed.connect(lambda _same: self._refresh())
        vm.state_changed.connect(self._show_resting)
        vm.values_changed.connect(self._later)
        vm.quotes_changed.connect(lambda _rows, _signs: self._later())
        vm.symbol_changed.connect(self._on_symbol)
        self.view.row_chosen.connect(vm.select)
        self.view.row_opened.connect(self.opened)
        self.view.detail_requested.connect(self._on_detail)
        self.view.selectionModel().currentRowChanged.connect(lambda _now, _before: self._on_current())
        self.view.installEventFilter(self)
        self.view.viewport().installEventFilter(self)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._open_menu)
        self.buttons["new"].clicked.connect(lambda: self.new_wanted.emit(self.view.chosen_ticker()))
        self.buttons["edit"].clicked.connect(self.edit)
        self.buttons["toggle"].clicked.connect(self.toggle)
        self.buttons["delete"].clicked.connect(self.delete)
        self._look.changed.connect(self._apply)

    def _apply(self) -> None:
        look, px = self._look, self._look.px
        self._line.setContentsMargins(px(8), px(4), px(8), px(4))
        self._line.setSpacing(px(6))
        for button in self.buttons.values():
            button.setFont(look.font("caption"))
        self.resting.setFont(look.font("caption"))
        self.resting.setContentsMargins(px(10), px(3), px(10), px(3))
        self.resting.setText(look.tr("watch.alerts.resting"))
        colour_label(self.resting, look, "text-secondary")
        self.view.setAccessibleName(look.tr("watch.access.alerts"))
        self._columns = ()
        self._choose_columns()
        self._refresh()
        self._show_message()
        self._on_current()

    # -- facts ------------------------------------------------------------------------------------------------------------

    def _on_rules(self) -> None:
        rows, chosen, before = AlertRuleRows(self._vm.rules, self._vm), self._chosen_id, self.view.currentIndex().row()
        self.model.set_source(rows)
        self._show_message()
        row = rows.row_of_id(chosen) if chosen is not None else None
        shown = self.model.display_row(row) if row is not None else None
        if shown is None and before >= 0 and rows.size:
            shown = min(before, rows.size - 1)  # the chosen one is gone: its neighbour
        if shown is not None:
            self.view.blockSignals(True)  # the linked panels look at its symbol already
            self.view.setCurrentIndex(self.model.index(shown, max(0, self.view.currentIndex().column())))
            self.view.selectRow(shown)
            self.view.blockSignals(False)
        self._on_current()

    def _show_message(self) -> None:
        tr = self._look.tr
        empty = self.model.rowCount() == 0
        self.view.set_message((tr("watch.alerts.none"), tr("watch.alerts.none.detail")) if empty else None)
        self._show_resting()

    def _show_resting(self) -> None:
        self.resting.setVisible(self._vm.is_past and self.model.rowCount() > 0)

    def _later(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _refresh(self) -> None:
        self.model.values_changed()
        self.model.refresh_order()
        self._show_resting()

    def _on_symbol(self, ticker: str) -> None:
        rule = self.current()
        if rule is None or rule.ticker != ticker:
            self.view.show_ticker(ticker)
            self._on_current()

    def _on_detail(self, row: int, column: int, cell: QRect) -> None:
        rows, look = self.model.source, self._look
        if row < 0 or not isinstance(rows, AlertRuleRows) or row >= self.model.rowCount():
            self.detail.hide()
            return
        source_row, spec = self.model.source_row(row), self.model.columns[column]
        head = f"{rows.name(source_row, look.language)} · {look.tr(spec.title_key)} {self.model.cell_text(source_row, column)}"
        note = rows.rules[source_row].note
        self.detail.show_lines(head, look.tr(spec.detail_key), note if spec.id != "note" else "", "", cell)

    # -- the chosen alert -------------------------------------------------------------------------------------------------

    def current(self) -> AlertRule | None:
        """Alert of the current row."""
        rows, index = self.model.source, self.view.currentIndex()
        if not isinstance(rows, AlertRuleRows) or not index.isValid() or index.row() >= self.model.rowCount():
            return None
        return rows.rules[self.model.source_row(index.row())]

    def _on_current(self) -> None:
        rule, tr = self.current(), self._look.tr
        self._chosen_id = rule.id if rule is not None else self._chosen_id
        for name, button in self.buttons.items():
            button.setEnabled(name == "new" or rule is not None)
            button.setText(tr(self._key(name)))
            if name in _KEYS:
                button.setToolTip(tr("watch.alerts.tip", action=button.text().rstrip("…"), key=_KEYS[name]))

    def _key(self, name: str) -> str:
        rule = self.current()
        if name == "toggle" and rule is not None and not rule.active:
            return "watch.alerts.again" if rule.fired_ns is not None else "watch.alerts.on"
        return "watch.alerts.off" if name == "toggle" else f"watch.alerts.{name}"

    def edit(self) -> None:
        """Open the editor with the chosen alert."""
        rule = self.current()
        if rule is not None:
            self.edit_wanted.emit(rule)

    def toggle(self) -> None:
        """Switch the chosen alert on or off; one that has fired waits anew."""
        rule = self.current()
        if rule is not None:
            self._vm.set_alert_active(rule.id, not rule.active)

    def delete(self) -> None:
        """Delete the chosen alert; can be undone."""
        rule = self.current()
        if rule is not None:
            self._vm.delete_alert(rule)

    # -- keyboard, menu, room ---------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A double click and F2 edit, Shift+F2 switches, Delete deletes."""
        if watched is self.view.viewport() and event.type() == QEvent.Type.MouseButtonDblClick:
            assert isinstance(event, QMouseEvent)
            if event.button() == Qt.MouseButton.LeftButton and self.view.indexAt(event.position().toPoint()).isValid():
                self.edit()
                return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self.view:
            pressed = QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.PortableText)
            slot = {_KEYS["edit"]: self.edit, _KEYS["toggle"]: self.toggle, _KEYS["delete"]: self.delete}.get(pressed)
            if slot is not None:
                slot()
                return True
        return super().eventFilter(watched, event)

    def _open_menu(self, place: QPoint) -> None:
        self.menu().popup(self.view.viewport().mapToGlobal(place))

    def menu(self) -> QMenu:
        """What can be done with the chosen alert; the menu deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name, button in self.buttons.items():
            action = menu.addAction(self._look.tr(self._key(name)))
            action.setEnabled(button.isEnabled())
            if name in _KEYS:
                action.setShortcut(QKeySequence(_KEYS[name]))  # shown; the table hears the key itself
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(button.click)
        subject = self.view.ask_subject(None)
        if self.more_entries is not None and subject is not None:
            self.more_entries(subject, menu)
        return menu

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose the columns that fit."""
        super().resizeEvent(event)
        self._choose_columns()

    def _choose_columns(self) -> None:
        room = round(self.width() * 100 / self._look.zoom_pct) - _SCROLL_BAR
        widths = {column.id: column.width for column in self.model.columns}
        columns = next((names for names in _SETS if sum(widths[name] for name in names) <= room), _SETS[-1])
        if columns != self._columns:
            self._columns = columns
            self.view.show_columns(columns)
