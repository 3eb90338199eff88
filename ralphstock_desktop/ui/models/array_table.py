"""The table model: rows of a :class:`RowSource` in an order and through a filter that we compute ourselves.

* The order is a permutation of source rows from precomputed float keys (``np.lexsort``: stable, several keys, NaN last).
* The filter is a boolean mask over source rows.
* Cells are formatted once, when first asked for.
* Changed cells are collected and told to the view once per frame, as one ``dataChanged`` per run of rows.
* While the order is *held* (pointer, drag or edit inside), new data change values but move nothing; the moves wait.

GUI thread only. The model holds no symbols' data of its own and writes none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from engine.model.panel import FloatArray
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.columns import ColumnSpec, RowSource
from ralphstock_desktop.ui.models.flash import FlashTracker
from ralphstock_desktop.wording.format import MISSING, number

__all__ = ["TICKER_ROLE", "ArrayTableModel", "CellLook", "SortKey", "sorted_rows"]

Index = QModelIndex | QPersistentModelIndex
Rows = npt.NDArray[np.intp]
CellLook = tuple[str, str, bool, Any]
"""Text, colour token, bold, mark."""
TICKER_ROLE = Qt.ItemDataRole.UserRole
_ROOT = QModelIndex()
_RUN_GAP = 4
"""Changed rows at most this far apart are told as one run: a clean row between them costs less than another signal."""
_MANY = 8
"""Where more than one row in so many changed, a column's cells are forgotten together: quicker than one by one."""
_ALIGNMENT = {
    "left": Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    "right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
    "center": Qt.AlignmentFlag.AlignCenter,
}


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of a multi-key sort."""

    column: str
    descending: bool


def sorted_rows(keys: Sequence[tuple[FloatArray, bool]], size: int) -> Rows:
    """Return the stable order of ``size`` rows under (values, descending) keys, most important first.

    Missing values (NaN) come last in both directions; ties keep the order of the less important keys, then of the rows.
    """
    if not keys:
        return np.arange(size, dtype=np.intp)
    columns: list[npt.NDArray[Any]] = []
    for values, descending in reversed(keys):
        missing = np.isnan(values)
        columns.append(np.where(missing, 0.0, -values if descending else values))
        if missing.any():
            columns.append(missing)
    return np.lexsort(columns)


class ArrayTableModel(QAbstractTableModel):
    """Shows a row source through column declarations.

    Signals
    -------
    order_changed
        After rows moved, appeared or went (sort, filter, applied moves).
    held_changed
        After the hold began or ended or the number of waiting moves changed.
    sort_changed
        After the sort keys changed.
    """

    order_changed = Signal()
    held_changed = Signal()
    sort_changed = Signal()

    def __init__(
        self,
        columns: Sequence[ColumnSpec[Any]],
        appearance: Appearance,
        *,
        sort: Sequence[SortKey] = (),
        now_ms: Callable[[], float] = lambda: perf_counter() * 1e3,
    ) -> None:
        super().__init__()
        self.columns: tuple[ColumnSpec[Any], ...] = tuple(columns)
        self._at = {column.id: position for position, column in enumerate(self.columns)}
        self._appearance = appearance
        self._source: RowSource | None = None
        self._order: Rows = np.empty(0, dtype=np.intp)
        self._pending: Rows | None = None
        self._mask: npt.NDArray[np.bool_] | None = None
        self._sort: tuple[SortKey, ...] = tuple(sort)
        self._keys: dict[str, FloatArray] = {}
        self._looks: dict[int, list[CellLook | None]] = {}
        self._held = False
        self._moves: dict[int, int] = {}
        self._dirty: npt.NDArray[np.bool_] = np.zeros((0, 0), dtype=np.bool_)
        self._has_dirty = False
        self.flash = FlashTracker(now_ms)
        appearance.changed.connect(self._on_appearance)

    # -- what is shown --------------------------------------------------------------------------------------------------

    @property
    def source(self) -> RowSource | None:
        """The rows behind the table; None before the first data."""
        return self._source

    @property
    def order(self) -> Rows:
        """Source row of every displayed row. Do not modify."""
        return self._order

    @property
    def sort_keys(self) -> tuple[SortKey, ...]:
        """Sort keys, most important first."""
        return self._sort

    def column_at(self, column_id: str) -> int | None:
        """Position of a column, None if there is no such column."""
        return self._at.get(column_id)

    def source_row(self, row: int) -> int:
        """Source row of a displayed row."""
        return int(self._order[row])

    def display_row(self, source_row: int) -> int | None:
        """Displayed row of a source row, None if the filter hides it."""
        found = np.flatnonzero(self._order == source_row)
        return int(found[0]) if found.size else None

    def row_of_ticker(self, ticker: str) -> int | None:
        """Displayed row of a ticker, None if it is not shown."""
        position = self._source.position(ticker) if self._source is not None else None
        return None if position is None else self.display_row(position)

    def ticker(self, row: int) -> str:
        """Ticker of a displayed row."""
        assert self._source is not None
        return str(self._source.tickers[self.source_row(row)])

    def keys(self, column_id: str) -> FloatArray:
        """Float keys of a column over source rows, computed once per source."""
        if column_id not in self._keys:
            assert self._source is not None
            self._keys[column_id] = self.columns[self._at[column_id]].keys(self._source)
        return self._keys[column_id]

    def cell_look(self, source_row: int, column: int) -> CellLook:
        """Text, colour token, weight and mark of a cell, worked out when first asked for."""
        looks = self._looks.get(column)
        if looks is None:
            assert self._source is not None
            looks = self._looks[column] = [None] * self._source.size
        look = looks[source_row]
        if look is None:
            spec, source = self.columns[column], self._source
            look = looks[source_row] = (
                spec.text(source, source_row, self._appearance.language),
                spec.tone(source, source_row) if spec.tone is not None else "text",
                spec.bold is not None and spec.bold(source, source_row),
                spec.mark(source, source_row) if spec.mark is not None else None,
            )
        return look

    def cell_text(self, source_row: int, column: int) -> str:
        """Formatted text of a cell."""
        return self.cell_look(source_row, column)[0]

    def raw_text(self, source_row: int, column: int) -> str:
        """Text of a cell for copy and export: plain numbers with a point, empty where missing."""
        spec = self.columns[column]
        if spec.raw is not None:
            assert self._source is not None
            return spec.raw(self._source, source_row, self._appearance.language)
        value = float(self.keys(spec.id)[source_row])
        return "" if np.isnan(value) else f"{round(value, 6):.15g}"

    # -- changing what is shown -----------------------------------------------------------------------------------------

    def set_source(
        self, source: RowSource | None, mask: npt.NDArray[np.bool_] | None = None, *, keep_order: bool = False
    ) -> None:
        """Show other rows. With ``keep_order`` (same tickers, order held) only the values change and moves wait."""
        same = source is not None and self._source is not None and list(source.tickers) == list(self._source.tickers)
        self._keys.clear()
        self._looks.clear()
        self._mask = mask
        if keep_order and self._held and same:
            self._source = source
            self._emit_all()
            self.refresh_order()
            return
        self.beginResetModel()
        self._source = source
        size = source.size if source is not None else 0
        self.flash.reset(size, len(self.columns))
        self._dirty = np.zeros((size, len(self.columns)), dtype=np.bool_)
        self._has_dirty = False
        self._order = self._wanted_order()
        self._set_pending(None)
        self.endResetModel()
        self.order_changed.emit()

    def set_mask(self, mask: npt.NDArray[np.bool_] | None) -> None:
        """Filter by the user's wish: applied at once even while the order is held. None shows every row."""
        self._mask = mask
        self._apply(self._wanted_order())

    def set_sort(self, keys: Sequence[SortKey]) -> None:
        """Sort by the user's wish: applied at once even while the order is held."""
        self._sort = tuple(key for key in keys if key.column in self._at)
        self._apply(self._wanted_order())
        self.sort_changed.emit()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def toggle_sort(self, column_id: str, *, add: bool = False) -> None:
        """React to a click on a head: first direction, then the other; with ``add`` (Shift) as the second key."""
        spec = self.columns[self._at[column_id]]
        if spec.kind in ("rank", "picture"):
            return
        current = {key.column: key.descending for key in self._sort}
        key = SortKey(column_id, not current[column_id] if column_id in current else spec.descending_first)
        if not add or not self._sort:
            self.set_sort((key,))
        elif self._sort[0].column == column_id:
            self.set_sort((key, *self._sort[1:]))
        else:
            self.set_sort((self._sort[0], key))

    def refresh_order(self) -> None:
        """Order again after values changed; while held the moves are only counted."""
        wanted = self._wanted_order()
        if self._held:
            self._set_pending(wanted)
        else:
            self._apply(wanted)

    def refresh(self, mask: npt.NDArray[np.bool_] | None) -> None:
        """Filter and order again after values changed by themselves; while held the moves are only counted."""
        self._mask = mask
        self.refresh_order()

    def _wanted_order(self) -> Rows:
        if self._source is None:
            return np.empty(0, dtype=np.intp)
        keys = [(self.keys(key.column), key.descending) for key in self._sort]
        order = sorted_rows(keys, self._source.size)
        return order if self._mask is None else order[self._mask[order]]

    def _apply(self, wanted: Rows) -> None:
        self._set_pending(None)
        if np.array_equal(wanted, self._order):
            return
        if wanted.size == self._order.size:
            self._move_rows(wanted)
        else:
            self.beginResetModel()
            self._order = wanted
            self.endResetModel()
        self.order_changed.emit()

    def _move_rows(self, wanted: Rows) -> None:
        self.layoutAboutToBeChanged.emit()
        assert self._source is not None
        place = np.full(self._source.size, -1, dtype=np.intp)
        place[wanted] = np.arange(wanted.size)
        before = self.persistentIndexList()
        after = []
        for index in before:
            row = int(place[self._order[index.row()]])
            after.append(self.index(row, index.column()) if row >= 0 else QModelIndex())
        self._order = wanted
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    # -- holding the order ----------------------------------------------------------------------------------------------

    @property
    def held(self) -> bool:
        """Whether rows stay where they are although their keys may have changed."""
        return self._held

    @property
    def waiting_moves(self) -> int:
        """Rows that would move, appear or go if the order were applied now."""
        return len(self._moves)

    def move_of(self, source_row: int) -> int:
        """Places a row would move up (+) or down (-) while the order is held; 0 if it stays."""
        return self._moves.get(source_row, 0)

    def set_held(self, held: bool) -> None:
        """Begin or end the hold; ending it applies what waited."""
        if held == self._held:
            return
        self._held = held
        if not held and self._pending is not None:
            self.apply_moves()
        self.held_changed.emit()

    def apply_moves(self) -> None:
        """Apply the waiting moves now (a key does this while the pointer is still inside)."""
        if self._pending is not None:
            self._apply(self._pending)

    def _set_pending(self, wanted: Rows | None) -> None:
        before = len(self._moves)
        self._moves = {}
        self._pending = wanted
        if wanted is not None and self._source is not None:
            now = np.full(self._source.size, -1, dtype=np.intp)
            now[self._order] = np.arange(self._order.size)
            then = np.full(self._source.size, -1, dtype=np.intp)
            then[wanted] = np.arange(wanted.size)
            for row in np.flatnonzero(now != then):
                self._moves[int(row)] = int(now[row] - then[row]) if now[row] >= 0 and then[row] >= 0 else 0
            if not self._moves:
                self._pending = None
        if before != len(self._moves) or wanted is not None:
            self.held_changed.emit()

    # -- values that change while shown ---------------------------------------------------------------------------------

    def mark_changed(
        self, rows: Rows, column_ids: Sequence[str], signs: npt.NDArray[np.int8] | None = None, *, flash: bool = True
    ) -> None:
        """Note that the source's values of some cells changed; :meth:`flush` tells the view.

        Parameters
        ----------
        rows : intp array
            Source rows.
        column_ids : sequence of str
            Columns whose values changed in those rows.
        signs : int8 array, shape (rows,)
            Direction of the change for the flash; None flashes nothing.
        """
        for column_id in column_ids:
            column = self._at[column_id]
            self._forget_looks(rows, column)
            self._keys.pop(column_id, None)
            self._dirty[rows, column] = True
            if flash and signs is not None:
                self.flash.mark(rows, column, signs)
        self._has_dirty = self._has_dirty or bool(len(rows) and column_ids)

    def _forget_looks(self, rows: Rows, column: int) -> None:
        """Have cells worked out again when they are next asked for."""
        looks = self._looks.get(column)
        if looks is None:
            return
        if len(rows) * _MANY > len(looks):
            self._looks[column] = [None] * len(looks)
        else:
            for row in rows.tolist():
                looks[row] = None

    def invalidate(self, rows: Rows, column_ids: Sequence[str]) -> None:
        """Forget how cells look that nobody sees now; they are worked out again when they come into sight."""
        for column_id in column_ids:
            self._keys.pop(column_id, None)
            self._forget_looks(rows, self._at[column_id])

    def values_changed(self) -> None:
        """Every value of the source may be another one; rows stay where they are."""
        self._looks.clear()
        self._keys.clear()
        self._emit_all()

    def flush(self) -> int:
        """Emit one ``dataChanged`` per run of displayed rows with changed cells; return the number of emissions."""
        if not self._has_dirty:
            return 0
        columns = np.flatnonzero(self._dirty.any(axis=0))
        row_is_dirty: npt.NDArray[np.bool_] = np.asarray(self._dirty.any(axis=1))
        shown = np.flatnonzero(row_is_dirty[self._order])
        self._dirty[:] = False
        self._has_dirty = False
        if shown.size == 0 or columns.size == 0:
            return 0
        breaks = np.flatnonzero(np.diff(shown) > _RUN_GAP) + 1
        starts = shown[np.concatenate(([0], breaks))].tolist()
        ends = shown[np.concatenate((breaks - 1, [shown.size - 1]))].tolist()
        first, last = int(columns[0]), int(columns[-1])
        for start, end in zip(starts, ends, strict=True):
            self.dataChanged.emit(self.createIndex(start, first), self.createIndex(end, last))
        return len(starts)

    def _emit_all(self) -> None:
        if self._order.size:
            self.dataChanged.emit(self.index(0, 0), self.index(self._order.size - 1, len(self.columns) - 1))

    def _on_appearance(self) -> None:
        self._looks.clear()
        self._keys.clear()
        self._emit_all()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, max(0, len(self.columns) - 1))

    # -- Qt's questions -------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _ROOT) -> int:
        """Displayed rows."""
        return 0 if parent.isValid() else int(self._order.size)

    def columnCount(self, parent: Index = _ROOT) -> int:
        """All declared columns, shown or not."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, alignment, ticker and accessible text of a cell."""
        if not index.isValid() or self._source is None:
            return None
        row, column = self.source_row(index.row()), index.column()
        spec = self.columns[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return number(index.row() + 1) if spec.kind == "rank" else self.cell_text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNMENT[spec.align]
        if role == TICKER_ROLE:
            return str(self._source.tickers[row])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.accessible_text(index.row(), column)
        return None

    def accessible_text(self, row: int, column: int) -> str:
        """Column, value and the direction in a word, for screen readers (design.md §14)."""
        spec = self.columns[column]
        text = self.cell_text(self.source_row(row), column) if spec.kind != "rank" else number(row + 1)
        parts = [self._appearance.tr(spec.title_key), self._appearance.tr("table.access.missing") if text == MISSING else text]
        if spec.direction and text != MISSING:
            amount = float(self.keys(spec.id)[self.source_row(row)])
            token = self._appearance.direction_token(amount)
            if token in ("gain", "loss", "flat"):
                parts.append(self._appearance.tr(f"table.access.{token}"))
        return ", ".join(parts)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title of a column; rows are numbered."""
        if orientation == Qt.Orientation.Vertical:
            return number(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        if not 0 <= section < len(self.columns):
            return None
        spec = self.columns[section]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._appearance.tr(spec.title_key)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNMENT[spec.align]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Cells can be chosen, never edited."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
