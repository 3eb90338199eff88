"""The table view: paints its whole visible grid itself and answers the keyboard (design.md §7, §14).

``QTableView`` keeps scrolling, selection, header and accessibility. Painting does not go through item delegates: one paint
event walks the visible rows and columns over cached cell looks, which is what keeps 300 changed rows a frame within 5 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from engine.model.hangul import matches_name
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import PAINTERS, Cell
from ralphstock_desktop.ui.delegates.table_header import TableHeader
from ralphstock_desktop.ui.models.array_table import ArrayTableModel
from ralphstock_desktop.ui.models.table_text import rows_as_text

__all__ = ["ArrayTableView"]

Index = QModelIndex | QPersistentModelIndex
_FRAME_MS = 33
_HOVER_MS = 600
_FIND_MS = 1_200
_KEYS_HOLD_MS = 4_000
"""How long the order stays after a key: whoever walks through the rows is reading them."""
_DIRECTION_TOKENS = frozenset(("gain", "loss"))
_LEAST_NAME = 98
"""Width the name keeps when a table is a little too narrow: five syllables and the market letter."""


@dataclass(frozen=True, slots=True)
class _RowBox:
    """A visible row while it is painted."""

    row: int
    y: int
    source_row: int
    is_selected: bool
    ground: str


def _row_in(cell: object, source_rows: set[int]) -> bool:
    """Whether a picture's cell key (column, source row) is of one of the rows."""
    return isinstance(cell, tuple) and len(cell) == 2 and cell[1] in source_rows


class ArrayTableView(QTableView):
    """Shows an :class:`ArrayTableModel`.

    Signals
    -------
    row_chosen(str)
        The current row changed by pointer or keyboard; the ticker. Not emitted by :meth:`show_ticker`.
    row_opened(str)
        Enter or double click on a row; the ticker.
    detail_requested(int, int, QRect)
        Space or 600 ms of hovering: displayed row, column, global rectangle of the cell. Row -1 closes the detail.
    layout_edited
        The user moved, resized, hid or showed a column.
    """

    row_chosen = Signal(str)
    row_opened = Signal(str)
    detail_requested = Signal(int, int, QRect)
    layout_edited = Signal()

    def __init__(self, model: ArrayTableModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = model
        self.appearance = appearance
        self.canvas = Canvas(appearance)
        self.stale = False
        """Direction colours become ``stale`` while the values are older than they should be."""
        self._message: tuple[str, str] | None = None
        self._hover_row = -1
        self._pointer_inside = False
        self._dragging = False
        self._editing = False
        self._silent = False
        self._find = ""
        self._chosen_ticker = ""
        self._hover_cell = (-1, -1)
        self._widths: dict[str, int] = {}
        self._first_widths: dict[str, int] = {}
        self._laying_out = False
        self._span_key: tuple[int, ...] = ()
        self._span = (0, 0)
        self._marked = ("", "")
        self._setup(model)

    def _setup(self, model: ArrayTableModel) -> None:
        self.head = TableHeader(model, self.canvas, self)
        self.setHorizontalHeader(self.head)
        self.setModel(model)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(self.verticalHeader().ResizeMode.Fixed)
        self.setShowGrid(False)
        self.setFrameShape(self.Shape.NoFrame)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        self.head.sort_requested.connect(self._on_sort)
        self.head.sectionResized.connect(self._on_resized)
        self.head.sectionMoved.connect(self._on_moved)
        model.modelAboutToBeReset.connect(self._on_about_to_reset)
        model.modelReset.connect(self._on_reset)
        model.held_changed.connect(self.viewport().update)
        self._flash_timer = QTimer(self)
        self._flash_timer.setInterval(_FRAME_MS)
        self._flash_timer.timeout.connect(self._on_flash)
        self._hover_timer = QTimer(self)
        self._hover_timer.setSingleShot(True)
        self._hover_timer.setInterval(_HOVER_MS)
        self._hover_timer.timeout.connect(self._on_hover)
        self._keys_timer = QTimer(self)
        self._keys_timer.setSingleShot(True)
        self._keys_timer.setInterval(_KEYS_HOLD_MS)
        self._keys_timer.timeout.connect(self._update_hold)
        self._find_timer = QTimer(self)
        self._find_timer.setSingleShot(True)
        self._find_timer.setInterval(_FIND_MS)
        self._find_timer.timeout.connect(self._forget_find)
        self.appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    # -- appearance -----------------------------------------------------------------------------------------------------

    def _on_appearance(self) -> None:
        self.canvas.reset()
        rows = self.verticalHeader()
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(self.appearance.space("row_compact"))
        self.head.setFixedHeight(self.appearance.space("header_table"))
        self.head.setMinimumSectionSize(self.appearance.px(22))
        self._apply_widths()
        self.viewport().update()
        self.head.viewport().update()

    # -- columns --------------------------------------------------------------------------------------------------------

    def show_columns(
        self,
        column_ids: Sequence[str],
        widths: dict[str, int] | None = None,
        first_widths: dict[str, int] | None = None,
    ) -> None:
        """Show these columns in this order (frozen ones first) and hide the rest.

        Parameters
        ----------
        column_ids : sequence of str
            From left to right.
        widths : dict of int or None
            What the user set, px at 100 %; None keeps what is there.
        first_widths : dict of int or None
            Widths instead of the declared ones, px at 100 %; unlike the user's they give and take room.
        """
        self._laying_out = True
        shown = [self.table.column_at(column_id) for column_id in column_ids]
        sections = [section for section in shown if section is not None]
        rest = [section for section in range(len(self.table.columns)) if section not in sections]
        # Hidden frozen columns stay among the frozen ones, so that the header's own rule moves nothing.
        ordered = sorted([*sections, *rest], key=lambda section: (not self.table.columns[section].frozen, section in rest))
        for visual, section in enumerate(ordered):
            self.head.moveSection(self.head.visualIndex(section), visual)
        for section in range(len(self.table.columns)):
            self.head.setSectionHidden(section, section not in sections)
        if widths is not None:
            self._widths = dict(widths)
            self._first_widths = dict(first_widths or {})
        self._laying_out = False
        self._apply_widths()

    def shown_columns(self) -> list[str]:
        """Identifiers of the shown columns from left to right."""
        return [self.table.columns[section].id for section in self.head.shown_sections()]

    def column_widths(self) -> dict[str, int]:
        """Widths the user set, px at 100 %."""
        return dict(self._widths)

    def _apply_widths(self) -> None:
        self._laying_out = True
        for section in range(len(self.table.columns)):
            if not self.head.isSectionHidden(section):
                self.head.resizeSection(section, self._wanted_width(section))
        self._stretch()
        self._laying_out = False

    def _wanted_width(self, section: int) -> int:
        """Width of a column before room is given or taken, in pixels."""
        spec = self.table.columns[section]
        return self.appearance.px(self._widths.get(spec.id, self._first_widths.get(spec.id, spec.width)))

    def _stretch(self) -> None:
        """Give spare width to the name, then to words at the right end; take a little that is missing from the name.

        So a wide panel has no empty strip beside cut words, and a panel a few pixels too narrow does not scroll sideways.
        """
        shown = self.head.shown_sections()
        name = next((section for section in shown if self.table.columns[section].id == "name"), None)
        spare = self.viewport().width() - sum(self._wanted_width(section) for section in shown)
        if name is not None and self.table.columns[name].id not in self._widths:
            base = self._wanted_width(name)
            least, most = min(base, self.appearance.px(_LEAST_NAME)), round(base * 1.9)
            given = min(most - base, spare) if spare >= 0 else spare if base + spare >= least else 0
            self.head.resizeSection(name, base + given)
            spare -= given
        last = shown[-1] if shown else None
        if last is None or last == name:
            return
        spec = self.table.columns[last]
        if spec.align == "left" and spec.kind != "picture" and not spec.frozen and spec.id not in self._widths:
            self.head.resizeSection(last, self._wanted_width(last) + max(0, spare))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        laying_out, self._laying_out = self._laying_out, True
        self._stretch()
        self._laying_out = laying_out

    def _on_resized(self, section: int, _old: int, new: int) -> None:
        self._span_key = ()
        if not self._laying_out and new > 0:
            self._widths[self.table.columns[section].id] = round(new * 100 / self.appearance.zoom_pct)
            self.layout_edited.emit()
        self.viewport().update()

    def _on_moved(self, *_: int) -> None:
        self._span_key = ()
        if not self._laying_out:
            self.layout_edited.emit()
        self.viewport().update()

    def _on_sort(self, section: int, add: bool) -> None:
        self.table.toggle_sort(self.table.columns[section].id, add=add)
        self.head.viewport().update()

    # -- geometry with frozen columns -----------------------------------------------------------------------------------

    def indexAt(self, place: QPoint) -> QModelIndex:
        row = self.rowAt(place.y())
        column = self.head.section_at(place.x())
        return self.table.index(row, column) if row >= 0 and column >= 0 else QModelIndex()

    def visualRect(self, index: Index) -> QRect:
        rect = super().visualRect(index)
        if index.isValid() and self.head.offset() > 0 and self.table.columns[index.column()].frozen:
            for section, x, _, _ in self.head.placed_sections():
                if section == index.column():
                    rect.moveLeft(x)
        return rect

    def scrollTo(self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible) -> None:
        """Scroll down or up to a row, and sideways only for a scrolled column that is covered."""
        across = self.horizontalScrollBar()
        before = across.value()
        super().scrollTo(index, hint)
        across.setValue(before)
        if not index.isValid() or self.table.columns[index.column()].frozen:
            return
        left = self.head.sectionViewportPosition(index.column())
        width, edge = self.head.sectionSize(index.column()), self.head.frozen_width()
        if left < edge:
            across.setValue(before - (edge - left))
        elif left + width > self.viewport().width():
            across.setValue(before + min(left - edge, left + width - self.viewport().width()))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        if dx:
            # Frozen columns do not move with the scrolled picture.
            self.viewport().update()
            self.head.viewport().update()
        self._close_detail()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            self.canvas.begin(painter, self.devicePixelRatioF())
            rects: list[QRect] = list(event.region())  # type: ignore[call-overload]  # iterable, but not in its stub
            for rect in rects:
                if len(rects) > 1:
                    painter.setClipRect(rect)
                self._paint_rect(rect)
        finally:
            painter.end()

    def set_message(self, message: tuple[str, str] | None) -> None:
        """Say in the middle of the empty table why it is empty (head, detail); None says nothing."""
        if message != self._message:
            self._message = message
            self.setAccessibleDescription(" ".join(message) if message else "")
            self.viewport().update()

    def _paint_message(self) -> None:
        if self._message is None:
            return
        width, px = self.viewport().width(), self.appearance.px
        top = min(px(80), self.viewport().height() // 3)
        looks = (("title", True, "text"), ("caption", False, "text-muted"))
        for text, (size, bold, token) in zip(self._message, looks, strict=True):
            self.canvas.text(0, top, width, px(22), text, token, align="center", size=size, bold=bold)  # type: ignore[arg-type]
            top += px(22)

    def _paint_rect(self, rect: QRect) -> None:
        canvas, table = self.canvas, self.table
        canvas.fill(rect.x(), rect.y(), rect.width(), rect.height(), "bg-panel")
        count = table.rowCount()
        height = self.verticalHeader().defaultSectionSize()
        if count == 0:
            self._paint_message()
        if count == 0 or height <= 0 or table.source is None:
            return
        top = self.rowViewportPosition(0)
        first = max(0, (rect.top() - top) // height)
        last = min(count - 1, (rect.bottom() - top) // height)
        placed = [
            (section, x, wide, frozen)
            for section, x, wide, frozen in self.head.placed_sections()
            if x <= rect.right() and x + wide > rect.left()
        ]
        if first > last:
            return  # only the ground below the last row was uncovered
        rows = self._paint_grounds(rect, first, last, top, height)
        # Column by column: fonts, pens and painters change once a column instead of once a cell.
        for section, x, wide, frozen in placed:
            self._paint_column(section, x, wide, frozen, height, rows)
        edges = [x + wide for _, x, wide, frozen in placed if frozen]
        if edges:
            canvas.fill(max(edges) - 1, rows[0].y, 1, height * len(rows), "line-hair")
        current = self.currentIndex()
        if self.hasFocus() and first <= current.row() <= last:
            self._paint_focus(current)
        self._paint_marked(rows)
        if rect.left() < self.appearance.px(2):
            for row in rows:
                if row.is_selected:
                    canvas.fill(0, row.y, self.appearance.px(2), height, "accent")

    def _paint_grounds(self, rect: QRect, first: int, last: int, top: int, height: int) -> list[_RowBox]:
        """Paint selection, hover and hairlines; return the rows to fill."""
        canvas, table, selected = self.canvas, self.table, self.selectionModel()
        line = "chart-grid" if self.appearance.theme == "dark" else "line-hair"
        rows = []
        for row in range(first, last + 1):
            y = top + row * height
            is_selected = selected.isRowSelected(row)
            ground = "selection" if is_selected else "bg-hover" if row == self._hover_row else "bg-panel"
            if ground != "bg-panel":
                canvas.fill(rect.x(), y, rect.width(), height, ground)
            canvas.fill(rect.x(), y + height - 1, rect.width(), 1, line)
            rows.append(_RowBox(row, y, table.source_row(row), is_selected, ground))
        return rows

    def _paint_column(self, section: int, x: int, wide: int, frozen: bool, height: int, rows: list[_RowBox]) -> None:
        canvas, table = self.canvas, self.table
        spec = table.columns[section]
        paint, look_of = PAINTERS[spec.painter], table.cell_look
        is_rank = spec.painter == "rank"
        waiting = table.waiting_moves > 0
        covers = frozen and self.head.offset() > 0
        flash_on = self._flash_timer.isActive() or table.flash.reduced_motion
        cell = Cell(x, 0, wide, height, "", "", False, spec.align, None, None)
        for row in rows:
            if covers:
                canvas.fill(x, row.y, wide, height - 1, row.ground)
            text, token, bold, mark = look_of(row.source_row, section)
            if is_rank:
                mark = table.move_of(row.source_row) if waiting else 0
                text = f"{'↑' if mark > 0 else '↓'}{abs(mark)}" if mark else str(row.row + 1)
                token = "text-muted"
            elif row.is_selected and token == "text":
                token = "selection-text"
            if self.stale and token in _DIRECTION_TOKENS:
                token = "stale"
            if flash_on:
                bold = self._paint_flash(row.source_row, section, x, row.y, wide, height) or bold
            cell.y, cell.text, cell.token, cell.bold, cell.mark = row.y, text, token, bold, mark
            cell.key = (section, row.source_row)
            paint(canvas, cell)

    def _paint_flash(self, source_row: int, section: int, x: int, y: int, wide: int, height: int) -> bool:
        strength, sign = self.table.flash.strength(source_row, section)
        if strength > 0.0:
            color = self.appearance.color("gain-tint" if sign > 0 else "loss-tint", round(strength, 1))
            self.canvas.fill_color(x, y, wide, height - 1, color)
        return self.table.flash.is_bold(source_row, section)

    def _paint_focus(self, index: QModelIndex) -> None:
        rect = self.visualRect(index)
        painter = self.canvas.painter
        self.canvas.pen("focus")
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect.adjusted(0, 0, -1, -2))

    # -- a marked cell --------------------------------------------------------------------------------------------------

    @property
    def marked_cell(self) -> tuple[str, str]:
        """Ticker and column of the cell a link led to; two empty texts for none."""
        return self._marked

    def mark_cell(self, ticker: str, column_id: str) -> bool:
        """Go to a row and frame one of its cells until another row is chosen; False if the row is not shown.

        A column that is hidden or unknown leaves the row alone in focus.
        """
        if not self.show_ticker(ticker):
            return False
        row, section = self.table.row_of_ticker(ticker), self.table.column_at(column_id)
        shown = section is not None and not self.head.isSectionHidden(section)
        self._marked = (ticker, column_id if shown else "")
        if row is not None and section is not None and shown:
            self._silent = True
            try:
                self.setCurrentIndex(self.table.index(row, section))
                self.selectRow(row)
            finally:
                self._silent = False
            self.scrollTo(self.table.index(row, section))
        self.viewport().update()
        return True

    def clear_mark(self) -> None:
        """Take the frame away."""
        if self._marked != ("", ""):
            self._marked = ("", "")
            self.viewport().update()

    def _paint_marked(self, rows: list[_RowBox]) -> None:
        ticker, column_id = self._marked
        section = self.table.column_at(column_id) if column_id else None
        if not ticker or section is None or self.head.isSectionHidden(section):
            return
        for row in rows:
            if self.table.ticker(row.row) == ticker:
                rect, edge, canvas = self.visualRect(self.table.index(row.row, section)), self.appearance.px(2), self.canvas
                tall = rect.height() - 1
                for x, y, wide, high in (
                    (rect.x(), rect.y(), rect.width(), edge),
                    (rect.x(), rect.y() + tall - edge, rect.width(), edge),
                    (rect.x(), rect.y(), edge, tall),
                    (rect.right() + 1 - edge, rect.y(), edge, tall),
                ):
                    canvas.fill(x, y, wide, high, "evidence")

    def ask_subject(self, place: QPoint | None) -> AskSubject | None:
        """What the row at a viewport position (None: the current row) is about."""
        index = self.indexAt(place) if place is not None else self.currentIndex()
        source = self.table.source
        if not index.isValid() or source is None:
            return None
        position = self.table.source_row(index.row())
        section = self.table.column_at("grade")
        grade = self.table.cell_text(position, section) if section is not None else ""
        letter = grade if grade in ("S", "A", "B", "C") else ""
        return AskSubject("symbol", source.tickers[position], source.name(position, self.appearance.language), letter)

    # -- changes --------------------------------------------------------------------------------------------------------

    def dataChanged(self, top_left: Index, bottom_right: Index, _roles: Sequence[int] = ()) -> None:
        """Repaint the rows of one run; cheap for runs that are scrolled away."""
        height = self.verticalHeader().defaultSectionSize()
        top = self.rowViewportPosition(0)
        y = top + top_left.row() * height
        bottom = top + (bottom_right.row() + 1) * height
        if bottom <= 0 or y >= self.viewport().height():
            return
        left, right = self._span_of(top_left.column(), bottom_right.column())
        self.viewport().update(left, y, right - left, bottom - y)
        if not self._flash_timer.isActive() and self.table.flash.is_running():
            self._flash_timer.start()

    def _span_of(self, first: int, last: int) -> tuple[int, int]:
        """Horizontal extent of the shown columns between two logical ones, as painted."""
        key = (first, last, self.head.offset(), self.head.length(), self.viewport().width())
        if key != self._span_key:
            shown = [(x, x + wide) for section, x, wide, _ in self.head.placed_sections() if first <= section <= last]
            self._span_key = key
            self._span = (min(left for left, _ in shown), max(right for _, right in shown)) if shown else (0, 0)
        return self._span

    def _on_flash(self) -> None:
        active = self.table.flash.active()
        height = self.verticalHeader().defaultSectionSize()
        top = self.rowViewportPosition(0)
        first = max(0, -top // height)
        rows = self.table.order[first : first + self.viewport().height() // height + 2]
        flashing = active[rows].any(axis=1) if active.size else np.zeros(0, dtype=np.bool_)
        for offset in np.flatnonzero(flashing).tolist():
            self.viewport().update(0, top + (first + offset) * height, self.viewport().width(), height)
        if not bool(active.any()):
            self._flash_timer.stop()
            self.viewport().update()

    def _on_about_to_reset(self) -> None:
        index = self.currentIndex()
        self._chosen_ticker = self.table.ticker(index.row()) if index.isValid() and self.table.source is not None else ""

    def _on_reset(self) -> None:
        self.canvas.pixmaps.clear()
        self._hover_row = -1
        self._close_detail()
        if self._chosen_ticker:
            self.show_ticker(self._chosen_ticker, scroll=False)

    def rows_in_sight(self) -> slice:
        """Displayed rows that can be seen, at least in part."""
        height = self.verticalHeader().defaultSectionSize()
        count = self.table.rowCount()
        if height <= 0 or not self.isVisible():
            return slice(0, 0)
        first = max(0, -self.rowViewportPosition(0) // height) if count else 0
        return slice(first, min(count, first + self.viewport().height() // height + 2))

    def drop_pictures_of(self, source_rows: set[int]) -> None:
        """Forget cached sparklines and bars of some rows."""
        pixmaps = self.canvas.pixmaps
        stale = [key for key in pixmaps if isinstance(key, tuple) and len(key) > 1 and _row_in(key[1], source_rows)]
        for key in stale:
            del pixmaps[key]

    def drop_pictures(self) -> None:
        """Forget cached sparklines and bars (the source changed without a reset)."""
        self.canvas.pixmaps.clear()
        self.viewport().update()

    # -- selection ------------------------------------------------------------------------------------------------------

    def show_ticker(self, ticker: str, *, scroll: bool = True) -> bool:
        """Make a row current without telling anybody; False if it is not shown."""
        row = self.table.row_of_ticker(ticker)
        if row is None:
            self._chosen_ticker = ticker
            self.clearSelection()
            return False
        column = self.currentIndex().column()
        shown = self.head.shown_sections()
        if column < 0 and shown:
            column = shown[0]
        self._silent = True
        try:
            self.setCurrentIndex(self.table.index(row, max(column, 0)))
            self.selectRow(row)
        finally:
            self._silent = False
        if scroll:
            self.scrollTo(self.table.index(row, max(column, 0)))
        self._chosen_ticker = ticker
        return True

    def chosen_ticker(self) -> str:
        """Ticker of the current row, empty if there is none."""
        index = self.currentIndex()
        return self.table.ticker(index.row()) if index.isValid() else ""

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        width, height = self.viewport().width(), self.verticalHeader().defaultSectionSize()
        for index in (current, previous):
            if index.isValid():
                self.viewport().update(0, self.rowViewportPosition(index.row()), width, height)
        self._close_detail()
        if current.isValid() and not self._silent:
            if self._marked[0] and self.table.ticker(current.row()) != self._marked[0]:
                self.clear_mark()
            self._choose(current.row())

    def _choose(self, row: int) -> None:
        ticker = self.table.ticker(row)
        if ticker != self._chosen_ticker:
            self._chosen_ticker = ticker
            self.row_chosen.emit(ticker)

    def selectionChanged(self, selected: Any, deselected: Any) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()

    def selected_source_rows(self) -> list[int]:
        """Source rows of the selection in displayed order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.table.source_row(row) for row in rows]

    # -- keyboard -------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        self._keys_timer.start()
        self._update_hold()
        index = self.currentIndex()
        plain = modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            if index.isValid():
                self.row_opened.emit(self.table.ticker(index.row()))
        elif key == Qt.Key.Key_Space and plain and not self._find:
            if index.isValid():
                self._request_detail(index.row(), index.column())
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and plain:
            count = self.table.rowCount()
            if count:
                row = 0 if key == Qt.Key.Key_Home else count - 1
                self.setCurrentIndex(self.table.index(row, max(0, index.column())))
        elif key == Qt.Key.Key_Escape and self._find:
            self._forget_find()
        elif key == Qt.Key.Key_Escape and self._marked[0]:
            self.clear_mark()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, text: str) -> None:
        """Jump to the first name (or 초성, or code) that begins with what was typed within the last moment."""
        if not text:
            self._forget_find()
            return
        self._find += text
        self._find_timer.start()
        self._jump(self._find)

    def _jump(self, needle: str) -> None:
        source, count = self.table.source, self.table.rowCount()
        if source is None or count == 0 or not needle.strip():
            return
        start = max(0, self.currentIndex().row())
        language = self.appearance.language
        for step in range(count):
            row = (start + step) % count
            position = self.table.source_row(row)
            name = source.name(position, language)
            if matches_name(needle, name, prefix=True) or source.tickers[position].startswith(needle.upper()):
                self.setCurrentIndex(self.table.index(row, max(0, self.currentIndex().column())))
                return

    def _forget_find(self) -> None:
        self._find = ""
        self._find_timer.stop()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Hangul being composed searches too, so that ``삼`` is found before the syllable is finished."""
        if event.commitString():
            self.keyboardSearch(event.commitString())
        elif event.preeditString():
            self._jump(self._find + event.preeditString())
        event.accept()

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> Any:
        if query == Qt.InputMethodQuery.ImEnabled:
            return True
        if query == Qt.InputMethodQuery.ImCursorRectangle:
            return self.visualRect(self.currentIndex())
        return super().inputMethodQuery(query)

    # -- pointer, hold and detail ---------------------------------------------------------------------------------------

    def set_editing(self, editing: bool) -> None:
        """Hold the order while the user types in a field that belongs to the table."""
        self._editing = editing
        self._update_hold()

    def _update_hold(self) -> None:
        by_keys = self._keys_timer.isActive() and self.hasFocus()
        self.table.set_held(self._pointer_inside or self._dragging or self._editing or by_keys)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._pointer_inside = True
        self._update_hold()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pointer_inside = False
        self._set_hover(-1)
        self._hover_timer.stop()
        self._close_detail()
        self._update_hold()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Take the keyboard without choosing anything: Qt makes the first row current where none is."""
        was_silent, self._silent = self._silent, True
        try:
            super().focusInEvent(event)
        finally:
            self._silent = was_silent

    def mousePressEvent(self, event: QMouseEvent) -> None:
        # The release of a right click goes to the menu it opens: the order would be held for ever.
        self._dragging = event.button() == Qt.MouseButton.LeftButton
        self._close_detail()
        self._update_hold()
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self._choose(index.row())  # also where that row was current already without having been chosen

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._dragging = False
        self._update_hold()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.row_opened.emit(self.table.ticker(index.row()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        place = event.position().toPoint()
        index = self.indexAt(place)
        self._set_hover(index.row())
        cell = (index.row(), index.column())
        if cell != self._hover_cell:
            self._hover_cell = cell
            self._close_detail()
            if index.isValid() and event.buttons() == Qt.MouseButton.NoButton:
                self._hover_timer.start()
            else:
                self._hover_timer.stop()

    def _set_hover(self, row: int) -> None:
        if row == self._hover_row:
            return
        width, height = self.viewport().width(), self.verticalHeader().defaultSectionSize()
        for changed in (row, self._hover_row):
            if changed >= 0:
                self.viewport().update(0, self.rowViewportPosition(changed), width, height)
        self._hover_row = row

    def _on_hover(self) -> None:
        row, column = self._hover_cell
        if 0 <= row < self.table.rowCount():
            self._request_detail(row, column)

    def _request_detail(self, row: int, column: int) -> None:
        rect = self.visualRect(self.table.index(row, column))
        self.detail_requested.emit(row, column, QRect(self.viewport().mapToGlobal(rect.topLeft()), rect.size()))

    def _close_detail(self) -> None:
        self.detail_requested.emit(-1, -1, QRect())

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            # The cell detail replaces Qt's tooltips.
            return True
        return super().viewportEvent(event)

    # -- copy -----------------------------------------------------------------------------------------------------------

    def rows_as_text(self, source_rows: Sequence[int], separator: str) -> str:
        """The shown columns of some rows with their heads, for the clipboard (tab) or a file (comma).

        The code goes along even where its column is hidden: a name alone does not identify an issue.
        """
        sections = list(self.head.shown_sections())
        ids = [column.id for column in self.table.columns]
        if "code" in ids and ids.index("code") not in sections:
            at = sections.index(ids.index("name")) if "name" in ids and ids.index("name") in sections else 0
            sections.insert(at, ids.index("code"))
        return rows_as_text(self.table, sections, source_rows, separator)

    def copy_selection(self) -> str:
        """Put the selected rows on the clipboard as tab-separated text; return it."""
        text = self.rows_as_text(self.selected_source_rows(), "\t")
        QGuiApplication.clipboard().setText(text)
        return text
