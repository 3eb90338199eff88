"""The read-only table model of ledger and import, and the delegate that draws coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.ledger import CoverageBar

__all__ = ["Cell", "Column", "CoverageDelegate", "RowsModel", "prepare_table"]

_Index = QModelIndex | QPersistentModelIndex
_BAR = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: text key of its head, width at 100 % (0: takes the rest), and whether it holds numbers."""

    key: str
    width: int
    number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: words, colour token, tooltip, and the coverage bar if it is one."""

    text: str
    token: str = "text"
    tip: str = ""
    bar: CoverageBar | None = None
    bold: bool = False


class RowsModel(QAbstractTableModel):
    """Rows of cells under columns with live heads."""

    def __init__(self, appearance: Appearance, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._appearance, self.columns = appearance, list(columns)
        self._rows: list[Sequence[Cell]] = []

    def show_rows(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def update_rows(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Show newer values of the same rows: selection and scroll stay; another number of rows replaces all."""
        if len(rows) != len(self._rows):
            self.show_rows(rows)
            return
        changed = [at for at, (old, new) in enumerate(zip(self._rows, rows, strict=True)) if list(old) != list(new)]
        self._rows = list(rows)
        for at in changed:
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(self.columns) - 1))

    def retranslate(self) -> None:
        """Say that the heads have other words."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def rowCount(self, parent: _Index | None = None) -> int:
        """Number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Head words, aligned like their column."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._appearance.tr(self.columns[section].key)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._align(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, colour, tooltip and bar of a cell."""
        cell, look = self._rows[index.row()][index.column()], self._appearance
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.ForegroundRole:
            return look.color(cell.token)
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell.tip or None
        if role == Qt.ItemDataRole.FontRole:
            return look.font("body", bold=cell.bold)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._align(index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{look.tr(self.columns[index.column()].key)} {cell.text or cell.tip}"
        return cell.bar if role == _BAR else None

    def _align(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self.columns[column].number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class CoverageDelegate(QStyledItemDelegate):
    """Draws the span of a data set over the whole ledger's span, with its gaps cut out."""

    def __init__(self, appearance: Appearance, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """As wide as the column."""
        del option, index
        return QSize(self._appearance.px(90), self._appearance.row_px)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw track, span and gaps as whole-pixel rectangles; a gap is at least 2 px wide so that it is seen."""
        look = self._appearance
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, look.color("selection"))
        bar = index.data(_BAR)
        box = option.rect.adjusted(look.px(6), 0, -look.px(6), 0)
        height = look.px(6)
        track = QRect(box.left(), box.center().y() - height // 2, max(1, box.width()), height)
        painter.fillRect(track, look.color("bg-raised"))
        if not isinstance(bar, CoverageBar):
            return
        left = track.left() + round(bar.start * track.width())
        width = max(2, round((bar.stop - bar.start) * track.width()))
        painter.fillRect(QRect(left, track.top(), width, height), look.color("accent-fill"))
        for start, stop in bar.gaps:
            gap_left = track.left() + round(start * track.width())
            gap = QRect(gap_left, track.top(), max(2, round((stop - start) * track.width())), height)
            painter.fillRect(gap, look.color("warning"))


def prepare_table(table: QTableView, appearance: Appearance, columns: Sequence[Column]) -> None:
    """Give a table the design's rows, heads and widths; call again after the appearance changed."""
    head, rows = table.horizontalHeader(), table.verticalHeader()
    rows.setVisible(False)
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(appearance.row_px)
    rows.setMinimumSectionSize(appearance.px(16))
    table.setShowGrid(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setWordWrap(False)
    table.setTextElideMode(Qt.TextElideMode.ElideRight)
    table.setTabKeyNavigation(False)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    head.setFont(appearance.font("caption"))
    head.setHighlightSections(False)
    head.setFixedHeight(appearance.space("header_table"))
    for at, column in enumerate(columns):
        if column.width:
            head.setSectionResizeMode(at, QHeaderView.ResizeMode.Interactive)
            table.setColumnWidth(at, appearance.px(column.width))
        else:
            head.setSectionResizeMode(at, QHeaderView.ResizeMode.Stretch)
