"""A table of the health panel: cells with the design's padding, rows that can be copied and opened by key."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.ledger_models import RowsModel

__all__ = ["HealthTable"]


class _PaddedCells(QStyledItemDelegate):
    """Draws words 6 px from the left edge and numbers 7 px from the right one: a number never touches the word beside it."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Draw the ground of the style and the words with their padding."""
        look = self._appearance
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        text, colour, align = cell.text, cell.palette.color(cell.palette.ColorRole.Text), cell.displayAlignment
        cell.text = ""
        style = cell.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
        room = cell.rect.adjusted(look.px(6), 0, -look.px(7), 0)
        painter.save()
        painter.setFont(cell.font)
        painter.setPen(colour)
        painter.drawText(room, align, cell.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width()))
        painter.restore()


class HealthTable(QTableView):
    """See the module text.

    Signals
    -------
    row_opened(int)
        Double click or Enter on a row.
    """

    row_opened = Signal(int)

    def __init__(self, appearance: Appearance, model: RowsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = model
        self.setModel(model)
        self.setItemDelegate(_PaddedCells(appearance, self))
        self.doubleClicked.connect(lambda index: self.row_opened.emit(index.row()))

    def use_many(self) -> None:
        """Let several rows be chosen; Ctrl+C copies them."""
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)

    def rows_as_text(self) -> str:
        """The chosen rows, or all, with their heads, tab-separated."""
        model = self._rows
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows()) or range(model.rowCount())
        across = range(model.columnCount())
        lines = [[str(model.headerData(column, Qt.Orientation.Horizontal)) for column in across]]
        lines += [[str(model.data(model.index(row, column))) for column in across] for row in chosen]
        return "\n".join("\t".join(value.replace("\t", " ") for value in line) for line in lines)

    def copy_rows(self) -> str:
        """Put :meth:`rows_as_text` on the clipboard; return it."""
        text = self.rows_as_text()
        QGuiApplication.clipboard().setText(text)
        return text

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies, Enter opens."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.row_opened.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)
