"""Watch lists and price alerts of the user (screen 0110)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QLineEdit, QMenu, QStackedWidget, QVBoxLayout, QWidget

from engine.model.errors import RalphStockError
from ralphstock_desktop.assistant_ports import AlertRule
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.dialogs.alert_desk import alert_desk
from ralphstock_desktop.ui.dialogs.alert_rule import AlertRuleDialog
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.table_panel import TablePanel
from ralphstock_desktop.ui.docks.watch_alerts_view import WatchAlertsView
from ralphstock_desktop.ui.docks.watch_head import UndoLine, WatchHead
from ralphstock_desktop.ui.docks.watch_order import RowOrder
from ralphstock_desktop.ui.models.array_table import SortKey
from ralphstock_desktop.ui.viewmodels.watch_columns import watch_columns
from ralphstock_desktop.ui.viewmodels.watch_rows import WatchViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["WatchPanel"]

_SETS = (
    ("place", "grade", "name", "price", "change", "volume", "value", "total", "closing_grade", "day_grade", "note"),
    ("place", "grade", "name", "price", "change", "value", "total", "closing_grade", "day_grade", "note"),
    ("place", "grade", "name", "price", "change", "value", "total", "note"),
    ("place", "grade", "name", "price", "change", "total", "note"),
    ("place", "grade", "name", "price", "change", "total"),
    ("grade", "name", "price", "change", "total"),
    ("grade", "name", "price", "change"),
)
"""Columns, the most first: the first set that fits is shown until the user chooses his own."""
_SCROLL_BAR = 12
_OWN_ORDER = (SortKey("place", False),)


class WatchPanel(TablePanel):
    """Rows are the symbols of one list; the second page holds the alerts."""

    def __init__(self, context: DockContext) -> None:
        self.watch = WatchViewModel(context)
        self._context = context
        self._fitting: tuple[str, ...] = _SETS[0]
        self.more_entries: Callable[[AskSubject, QMenu], None] | None = None
        """Lets the chat add its entries to the menu of a row."""
        self.editor: AlertRuleDialog | None = None
        super().__init__(
            context,
            panel_id="watch",
            screen="0110",
            view_model=self.watch,
            columns=watch_columns(context.appearance, self.watch),
            sort=_OWN_ORDER,
            access_key="watch.access.list",
        )

    def _connect(self) -> None:
        super()._connect()
        look, vm, view = self.appearance, self.watch, self.view
        self.head = WatchHead(look, vm)
        self.undo_line = UndoLine(look)
        self.alerts = WatchAlertsView(look, vm)
        self.order = RowOrder(look, view, self._in_own_order)
        self.note = QLineEdit(view.viewport())
        self.note.setMaxLength(500)
        self.note.hide()
        self._note_of = ""
        self._next_row: int | None = None
        """Displayed row to go to when the chosen ones are gone."""
        table = self.content()
        assert table is not None
        self.pages = QStackedWidget()
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.set_content(content)
        self.pages.addWidget(table)
        self.pages.addWidget(self.alerts)
        table.show()
        box.addWidget(self.pages, 1)
        box.addWidget(self.undo_line)
        content.setFocusProxy(self.pages)
        # Lists stay in reach in every state of the market.
        self._layout.insertWidget(1, self.head)
        self.head.page_chosen.connect(self.show_page)
        self.head.alert_wanted.connect(lambda: self.open_editor(view.chosen_ticker()))
        self.undo_line.wanted.connect(vm.undo)
        self.alerts.new_wanted.connect(self.open_editor)
        self.alerts.edit_wanted.connect(self.open_editor_of)
        self.alerts.opened.connect(self._on_opened)
        self.order.moved.connect(self._on_moved)
        self.order.refused.connect(lambda: self._say(look.tr("watch.order.sorted")))
        self.note.returnPressed.connect(self._keep_note)
        self.note.installEventFilter(self)
        vm.lists_changed.connect(self._on_lists)
        vm.alerts_changed.connect(self._show_counts)
        vm.grades_changed.connect(self.model.values_changed)
        vm.undo_changed.connect(self._show_undo)
        vm.failed.connect(self._on_failed)
        self.retry_requested.connect(self._on_retry)
        view.installEventFilter(self)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._open_menu)
        self.add_menu_action("watch.menu.own_order", lambda: self.model.set_sort(_OWN_ORDER))
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(vm.undo)

    def apply_appearance(self) -> None:
        """Re-label what is not painted by the table itself."""
        super().apply_appearance()
        self.note.setFont(self.appearance.font("body"))
        self.note.setAccessibleName(self.appearance.tr("watch.note.name"))
        self._show_undo()
        self._fit()

    # -- facts ------------------------------------------------------------------------------------------------------------

    def _on_lists(self) -> None:
        self.head.show_lists()
        self.model.values_changed()
        self.model.set_mask(self.watch.mask())
        self._show_counts()
        self._show_nothing_found()
        row, self._next_row = self._next_row, None
        if row is not None and self.model.rowCount():
            self.view.show_ticker(self.model.ticker(min(row, self.model.rowCount() - 1)))

    def land_on_cell(self, ticker: str, column: str, _strategy: str = "") -> bool:
        """Choose a row of the list and frame a cell of it; False where the list does not hold the symbol."""
        if self.watch.entry(ticker) is None:
            return False
        self.show_page("list")
        return super().land_on_cell(ticker, column)

    def _on_retry(self) -> None:
        book = self.watch.book
        if book is not None and book.trouble.last is not None:
            book.reload()

    def subtitle_text(self, counts: dict[str, int], shown: int) -> str:
        """``반도체 · 12종목``."""
        count = counts[self.watch.chip]
        if self.pages.currentIndex() == 1:
            waiting = sum(rule.active for rule in self.watch.rules)
            return self.appearance.tr(
                "watch.subtitle.alerts", waiting=fmt.number(waiting), count=fmt.number(len(self.watch.rules))
            )
        key = "watch.subtitle" if shown == count else "watch.subtitle.filtered"
        fields = {"name": self.watch.shown_name(self.watch.list_name), "count": fmt.number(count), "shown": fmt.number(shown)}
        if key == "watch.subtitle":
            del fields["shown"]
        return self.appearance.tr(key, **fields)

    def nothing_found(self) -> tuple[str, str]:
        """Words where the list is empty, or chip and condition leave nothing."""
        tr, entries = self.appearance.tr, self.watch.entries()
        if not entries:
            return tr("watch.empty"), tr("watch.empty.detail")
        return tr("empty.symbols.filter"), tr("empty.symbols.filter.detail", count=fmt.number(len(entries)))

    def _show_counts(self) -> None:
        super()._show_counts()
        if hasattr(self, "head"):
            self.head.show_strangers(self.watch.strangers())

    def _show_undo(self) -> None:
        step = self.watch.undos[-1] if self.watch.undos else None
        self.undo_line.show_text(self.appearance.tr(step.key, **step.fields) if step is not None else "")

    def _on_failed(self, error: object) -> None:
        self._say(error_sentence(self.appearance, error) if isinstance(error, RalphStockError) else "")

    def _say(self, sentence: str) -> None:
        self.head.problem.set_text(sentence)

    # -- what the user does -----------------------------------------------------------------------------------------------

    def show_page(self, page: str) -> None:
        """``list`` or ``alerts``."""
        self.head.show_page(page)
        self.pages.setCurrentIndex(1 if page == "alerts" else 0)
        self._say("")
        self._show_counts()
        self.panel_state_changed.emit()

    def open_editor(self, ticker: str = "") -> AlertRuleDialog | None:
        """Open the editor of a new alert."""
        return self._open_editor(ticker, None)

    def open_editor_of(self, rule: AlertRule) -> AlertRuleDialog | None:
        """Open the editor of an alert that is there."""
        return self._open_editor("", rule)

    def _open_editor(self, ticker: str, rule: AlertRule | None) -> AlertRuleDialog | None:
        if self.watch.book is None:
            return None
        if self.editor is not None:
            self.editor.close()
        desk = alert_desk(self._context.workstation, self.appearance, self._context.spawn)
        if rule is not None:
            desk = replace(desk, submit=partial(self.watch.edit_alert, rule))
        self.editor = AlertRuleDialog(self.appearance, desk, ticker, self, rule=rule)
        self.editor.destroyed.connect(self._forget_editor)
        self.editor.open()
        return self.editor

    def _forget_editor(self) -> None:
        self.editor = None

    def _in_own_order(self) -> bool:
        return self.model.sort_keys == _OWN_ORDER and not self.watch.is_filtered

    def _on_moved(self, row: int, target: int) -> None:
        ticker = self.model.ticker(row)
        entry = self.watch.entry(self.model.ticker(target))
        if entry is not None:
            self._say("")
            self.watch.move(ticker, entry.position)

    def remove_chosen(self) -> None:
        """Take the selected symbols off the list; can be undone."""
        rows = self.watch.rows
        if rows is not None:
            self._next_row = min((index.row() for index in self.view.selectionModel().selectedRows()), default=None)
            self.watch.remove([rows.tickers[row] for row in self.view.selected_source_rows()])

    def edit_note(self) -> None:
        """Write the note of the current row in its place."""
        index, column = self.view.currentIndex(), self.model.column_at("note")
        if not index.isValid() or column is None or self.watch.rows is None:
            return
        self._note_of = self.model.ticker(index.row())
        cell = self.view.visualRect(self.model.index(index.row(), column))
        name = self.view.visualRect(self.model.index(index.row(), self.model.column_at("name") or 0))
        if self.view.head.isSectionHidden(column) or cell.width() < self.appearance.px(90):
            cell.setLeft(name.left())
            cell.setRight(self.view.viewport().width() - 1)
        self.note.setGeometry(cell.adjusted(0, -2, 0, 2))
        self.note.setText(self.watch.note(self.watch.rows, self.model.source_row(index.row())))
        self.note.setPlaceholderText(self.appearance.tr("watch.note.hint"))
        self.view.set_editing(True)
        self.note.show()
        self.note.setFocus()
        self.note.selectAll()

    def _keep_note(self) -> None:
        ticker, text = self._note_of, self.note.text()
        self._end_note()
        self.watch.annotate(ticker, text)

    def _end_note(self) -> None:
        self._note_of = ""
        had_focus = self.note.hasFocus()
        self.note.hide()
        self.view.set_editing(False)
        if had_focus:
            self.view.setFocus()

    def _open_menu(self, place: QPoint) -> None:
        self.menu().popup(self.view.viewport().mapToGlobal(place))

    def menu(self) -> QMenu:
        """What can be done with the current row; the menu deletes itself when it closes."""
        menu, tr = QMenu(self), self.appearance.tr
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ticker = self.view.chosen_ticker()
        entries = (
            ("watch.menu.chart", lambda: self._on_opened(ticker)),
            ("watch.menu.alert", lambda: self.open_editor(ticker)),
            ("watch.menu.note", self.edit_note),
            ("watch.menu.remove", self.remove_chosen),
        )
        for key, slot in entries:
            action = menu.addAction(tr(key))
            action.setEnabled(bool(ticker))
            action.triggered.connect(lambda _on=False, run=slot: run())
        subject = self.view.ask_subject(None)
        if self.more_entries is not None and subject is not None:
            self.more_entries(subject, menu)
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Delete and F2 on the table, and what ends the writing of a note."""
        if watched is self.note:
            if event.type() == QEvent.Type.FocusOut and self._note_of:
                self._keep_note()
            elif isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and event.type() == QEvent.Type.KeyPress:
                self._end_note()
                return True
        elif watched is self.view and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            slots: dict[Qt.Key, Callable[[], None]] = {Qt.Key.Key_Delete: self.remove_chosen, Qt.Key.Key_F2: self.edit_note}
            slot = slots.get(Qt.Key(event.key()))
            if slot is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier:
                slot()
                return True
        return super().eventFilter(watched, event)

    # -- room and saved state -----------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose the columns that fit."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = round(self.width() * 100 / self.appearance.zoom_pct) - _SCROLL_BAR
        widths = {column.id: column.width for column in self.model.columns}
        fitting = next((names for names in _SETS if sum(widths[name] for name in names) <= room), _SETS[-1])
        if fitting != self._fitting:
            self._fitting = fitting
            self._show_columns()

    def _default_columns(self) -> list[str]:
        return list(self._fitting)

    def panel_state(self) -> dict[str, object]:
        """Columns and order, which list and page, lists without symbols."""
        page = "alerts" if self.pages.currentIndex() == 1 else "list"
        return {**super().panel_state(), "list": self.watch.list_name, "drafts": list(self.watch.drafts), "page": page}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; anything damaged is left at its first value."""
        super().restore_panel_state(state)
        drafts, name = state.get("drafts"), state.get("list")
        if isinstance(drafts, list):
            self.watch.restore([str(draft) for draft in drafts], name if isinstance(name, str) else "")
        if state.get("page") == "alerts":
            self.show_page("alerts")
        self.head.show_lists()
