"""The sectors of the gate panel as a sortable table (screen 0801, domain.md §5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTableView, QWidget

from engine.model.gate import SectorState
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.ledger_models import Column, prepare_table
from ralphstock_desktop.ui.viewmodels.gate_series import SectorRow, sector_rows, sorted_sectors

__all__ = ["SectorModel", "SectorTable"]

_Index = QModelIndex | QPersistentModelIndex
COLUMNS = (
    Column("gate.sector.name", 0),
    Column("gate.sector.change", 66, number=True),
    Column("gate.sector.five", 66, number=True),
    Column("gate.sector.signal", 74),
    Column("gate.sector.score", 44, number=True),
    Column("gate.sector.rank", 58, number=True),
    Column("gate.sector.members", 54, number=True),
)
_LEAST_WIDTH = {6: 470, 5: 410}
"""Width of the table from which a column is shown."""
_CHANGE = 1
_SIGNAL = 3
_RISING_FIRST = frozenset((0, 5))
"""Columns that begin with the smallest: names and ranks."""


class SectorModel(QAbstractTableModel):
    """Rows in the chosen order; the strongest sector comes first unless another order was chosen."""

    def __init__(self, appearance: Appearance, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._sectors: Sequence[SectorState] = ()
        self._rows: list[SectorRow] = []
        self._column, self._descending = _CHANGE, True

    def show_sectors(self, sectors: Sequence[SectorState]) -> None:
        """Replace the rows; the order stays."""
        self.beginResetModel()
        self._sectors = tuple(sectors)
        self._rows = sorted_sectors(sector_rows(self._look, sectors), self._column, descending=self._descending)
        self.endResetModel()

    def retranslate(self) -> None:
        """Write everything in the chosen language again."""
        self.show_sectors(self._sectors)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; selected rows stay selected."""
        if not 0 <= column < len(COLUMNS):
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        names = [self._rows[index.row()].name for index in before]
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._rows = sorted_sectors(self._rows, column, descending=self._descending)
        places = {row.name: at for at, row in enumerate(self._rows)}
        self.changePersistentIndexList(
            before, [self.index(places[name], index.column()) for name, index in zip(names, before, strict=True)]
        )
        self.layoutChanged.emit()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    @property
    def order(self) -> tuple[int, bool]:
        """(column, descending)."""
        return self._column, self._descending

    def rowCount(self, parent: _Index | None = None) -> int:
        """Number of sectors."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Number of columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Head words, aligned like their column."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            arrow = (" ▾" if self._descending else " ▴") if section == self._column else ""
            return f"{self._look.tr(COLUMNS[section].key)}{arrow}"
        return self._align(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, colour and tooltip of a cell."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        text, token = row.cells[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._look.color(token)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip
        if role == Qt.ItemDataRole.FontRole:
            return self._look.font("body", bold=column == _SIGNAL)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._align(column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._look.tr(COLUMNS[column].key)} {text}"
        return None

    def _align(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if COLUMNS[column].number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class SectorTable(QTableView):
    """Sorts by its heads: a first click on a number shows the largest first."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self.rows = SectorModel(appearance, self)
        self.setModel(self.rows)
        self.setFrameShape(self.Shape.NoFrame)
        head = self.horizontalHeader()
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(False)  # the style draws it over right-aligned words; the head's text has the arrow
        head.sectionClicked.connect(self.sort_by)
        appearance.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        prepare_table(self, self._look, COLUMNS)
        self.setAccessibleName(self._look.tr("gate.access.sectors"))
        self.rows.retranslate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow table leaves the counts out, then the ranks, before names are cut."""
        super().resizeEvent(event)
        for column, least in _LEAST_WIDTH.items():
            self.setColumnHidden(column, self.width() < self._look.px(least))

    def sort_by(self, column: int) -> None:
        """Order by a column, the other way round if it is the present one."""
        present, descending = self.rows.order
        down = not descending if column == present else column not in _RISING_FIRST
        self.set_order(column, descending=down)

    def choose(self, name: str) -> bool:
        """Choose the row of a sector; False if it is not listed."""
        for row in range(self.rows.rowCount()):
            if any(self.rows.index(row, column).data() == name for column in range(self.rows.columnCount())):
                self.selectRow(row)
                self.scrollTo(self.rows.index(row, 0))
                return True
        return False

    def set_order(self, column: int, *, descending: bool) -> None:
        """Order by a column; an unknown one changes nothing."""
        if not 0 <= column < len(COLUMNS):
            return
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.rows.sort(column, order)
