"""The column chooser: show, hide, reorder and reset the columns of one table (a popup beside its button)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.columns import ColumnSpec

__all__ = ["ColumnChooser"]

_ID = Qt.ItemDataRole.UserRole


class ColumnChooser(QFrame):
    """Lists all columns, the shown ones ticked and first.

    Signals
    -------
    columns_chosen(list)
        Identifiers of the columns to show, in order.
    reset_requested
        Back to the first columns and widths.
    """

    columns_chosen = Signal(list)
    reset_requested = Signal()

    def __init__(self, appearance: Appearance, columns: Sequence[ColumnSpec[Any]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._appearance = appearance
        self._columns = tuple(columns)
        self._filling = False
        self._head = QLabel(self)
        self._help = QLabel(self)
        self._help.setWordWrap(True)
        self.list = QListWidget(self)
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.itemChanged.connect(self._on_changed)
        self.list.model().rowsMoved.connect(self._on_changed)
        self.list.installEventFilter(self)
        self.reset = QPushButton(self)
        self.reset.clicked.connect(self.reset_requested)
        box = QVBoxLayout(self)
        for widget in (self._head, self._help, self.list, self.reset):
            box.addWidget(widget)
        self.setFrameShape(QFrame.Shape.StyledPanel)

    def fill(self, shown: Sequence[str], head: str) -> None:
        """List the columns as they are now."""
        look = self._appearance
        self._filling = True
        self._head.setText(head)
        self._head.setFont(look.font("title", bold=True))
        self._help.setText(look.tr("table.columns.help"))
        self._help.setFont(look.font("caption"))
        self.reset.setText(look.tr("table.columns.reset"))
        self.list.setAccessibleName(look.tr("table.columns"))
        by_id = {column.id: column for column in self._columns}
        hidden = [column.id for column in self._columns if column.id not in shown]
        self.list.clear()
        for column_id in (*shown, *hidden):
            column = by_id[column_id]
            item = QListWidgetItem(look.tr(column.title_key))
            item.setToolTip(look.tr(column.detail_key))
            item.setData(_ID, column_id)
            flags = item.flags() | Qt.ItemFlag.ItemIsUserCheckable
            if column.painter == "name":
                # A table without names is no table: the box is ticked and stays so.
                flags &= ~Qt.ItemFlag.ItemIsEnabled
            item.setFlags(flags)
            item.setCheckState(Qt.CheckState.Checked if column_id in shown else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self._filling = False
        self.resize(look.px(260), look.px(420))

    def open_at(self, place: QPoint) -> None:
        """Show with the top right corner at a global place."""
        self.move(place - QPoint(self.width(), 0))
        self.show()
        self.list.setFocus()

    def chosen(self) -> list[str]:
        """Ticked columns in the listed order."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return [str(item.data(_ID)) for item in items if item.checkState() == Qt.CheckState.Checked]

    def _on_changed(self, *_: object) -> None:
        if not self._filling:
            self.columns_chosen.emit(self.chosen())

    def move_row(self, step: int) -> None:
        """Move the current line up or down."""
        row = self.list.currentRow()
        target = row + step
        if row < 0 or not 0 <= target < self.list.count():
            return
        self._filling = True
        item = self.list.takeItem(row)
        self.list.insertItem(target, item)
        self.list.setCurrentRow(target)
        self._filling = False
        self.columns_chosen.emit(self.chosen())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            if alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                self.move_row(-1 if event.key() == Qt.Key.Key_Up else 1)
                return True
        return super().eventFilter(watched, event)
