"""Head of an :class:`~ralphstock_desktop.ui.delegates.table_view.ArrayTableView`: titles, sort marks, frozen columns.

Qt's header keeps widths, order, moving and resizing; painting is ours. Frozen sections are painted at the left over the
scrolled ones, and a press there while scrolled is answered here because Qt would take it for the section beneath.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHeaderView, QWidget

from ralphstock_desktop.ui.delegates.canvas import Canvas

if TYPE_CHECKING:
    from ralphstock_desktop.ui.models.array_table import ArrayTableModel

__all__ = ["TableHeader"]


class TableHeader(QHeaderView):
    """Paints heads and reports clicks.

    Signals
    -------
    sort_requested(int, bool)
        A click on a section; True with Shift (second key).
    menu_requested(int, QPoint)
        A right click (or the menu key) on a section with the global position; -1 beside all sections.
    """

    sort_requested = Signal(int, bool)
    menu_requested = Signal(int, QPoint)

    def __init__(self, model: ArrayTableModel, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._table = model
        self._canvas = canvas
        self._frozen_pressed = -1
        self._press: QPoint | None = None
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(canvas.appearance.px(22))
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        self.sectionMoved.connect(self._keep_frozen_first)

    # -- geometry -------------------------------------------------------------------------------------------------------

    def frozen_sections(self) -> list[int]:
        """Shown frozen sections (logical), left to right."""
        return [section for section in self.shown_sections() if self._table.columns[section].frozen]

    def shown_sections(self) -> list[int]:
        """Shown sections (logical) in visual order."""
        sections = (self.logicalIndex(visual) for visual in range(self.count()))
        return [section for section in sections if not self.isSectionHidden(section)]

    def frozen_width(self) -> int:
        """Width of the frozen columns together."""
        return sum(self.sectionSize(section) for section in self.frozen_sections())

    def placed_sections(self) -> list[tuple[int, int, int, bool]]:
        """(logical section, x, width, frozen) of the shown sections as they are painted, frozen ones last."""
        scrolled, frozen, left = [], [], 0
        for section in self.shown_sections():
            width = self.sectionSize(section)
            if self._table.columns[section].frozen:
                frozen.append((section, left, width, True))
                left += width
            else:
                scrolled.append((section, self.sectionViewportPosition(section), width, False))
        return scrolled + frozen

    def section_at(self, x: int) -> int:
        """Logical section under a horizontal position as painted; -1 if there is none."""
        for section, left, width, _ in reversed(self.placed_sections()):
            if left <= x < left + width:
                return section
        return -1

    def _keep_frozen_first(self, *_: int) -> None:
        """Move frozen sections back to the left if a drag took one away or put another column between them."""
        sections = [self.logicalIndex(visual) for visual in range(self.count())]
        wanted = sorted(sections, key=lambda section: not self._table.columns[section].frozen)
        if wanted == sections:
            return
        blocked = self.blockSignals(True)
        for visual, section in enumerate(wanted):
            self.moveSection(self.visualIndex(section), visual)
        self.blockSignals(blocked)
        self.viewport().update()

    # -- pointer --------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._press = event.position().toPoint()
        if self.offset() > 0 and self._press.x() < self.frozen_width():
            self._frozen_pressed = self.section_at(self._press.x())
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if self._frozen_pressed >= 0:
            if self.section_at(place.x()) == self._frozen_pressed and event.button() == Qt.MouseButton.LeftButton:
                self.sort_requested.emit(self._frozen_pressed, shift)
            self._frozen_pressed = -1
            return
        resizing = self.cursor().shape() == Qt.CursorShape.SplitHCursor
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self._press is not None and not resizing:
            near = (place - self._press).manhattanLength() < 4
            section = self.section_at(place.x())
            if near and section >= 0 and self.rect().contains(place):
                self.sort_requested.emit(section, shift)
        self._press = None

    def _on_menu(self, place: QPoint) -> None:
        self.menu_requested.emit(self.section_at(place.x()), self.viewport().mapToGlobal(place))

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            self._paint(painter)
        finally:
            painter.end()

    def _paint(self, painter: QPainter) -> None:
        canvas = self._canvas
        canvas.begin(painter, self.devicePixelRatioF())
        width, height = self.viewport().width(), self.height()
        canvas.fill(0, 0, width, height, "bg-header")
        sort = {key.column: (position, key.descending) for position, key in enumerate(self._table.sort_keys)}
        frozen_edge = 0
        for section, x, wide, frozen in self.placed_sections():
            if x + wide < 0 or x > width:
                continue
            if frozen:
                canvas.fill(x, 0, wide, height, "bg-header")
                frozen_edge = x + wide
            self._paint_section(section, x, wide, height, sort.get(self._table.columns[section].id))
        if frozen_edge:
            inset = canvas.appearance.px(4)
            canvas.fill(frozen_edge - 1, inset, 1, height - 2 * inset, "line-strong")
        canvas.fill(0, height - 1, width, 1, "line-hair")

    def _paint_section(self, section: int, x: int, wide: int, height: int, sort: tuple[int, bool] | None) -> None:
        canvas, px = self._canvas, self._canvas.appearance.px
        spec = self._table.columns[section]
        title = canvas.appearance.tr(spec.title_key)
        mark_box = (px(11) if sort[0] == 0 else px(15)) if sort is not None else 0
        left, right = px(6), px(7)
        centred = spec.align == "center"
        if centred:
            left = right = px(1)
        room = wide - left - right - mark_box
        token, bold = ("text", True) if sort is not None else ("text-muted", False)
        if spec.short_title_key and canvas.width(title, "caption", bold) > room:
            title = canvas.appearance.tr(spec.short_title_key)
        title = canvas.elided(title, room, "caption", bold)
        canvas.text(x + left, 0, room, height, title, token, align=spec.align, size="caption", bold=bold)
        if sort is None:
            return
        advance = canvas.width(title, "caption", bold)
        end = x + left + (advance if spec.align == "left" else (room + advance) / 2 if centred else room)
        self._paint_chevron(round(end) + px(3), height, second=sort[0] == 1, descending=sort[1])

    def _paint_chevron(self, x: int, height: int, *, second: bool, descending: bool) -> None:
        canvas, px = self._canvas, self._canvas.appearance.px
        half, rise = (px(2), px(2)) if second else (px(3), px(3))
        middle, tip = height / 2, rise / 2 if descending else -rise / 2
        painter = canvas.painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(canvas.appearance.color("accent"), 1.25))
        painter.drawPolyline(
            QPolygonF([QPointF(x, middle - tip), QPointF(x + half, middle + tip), QPointF(x + 2 * half, middle - tip)])
        )
        painter.restore()
        if second:
            canvas.text(x + 2 * half + px(2), 0, px(8), height, "2", "accent", size="micro", bold=True)
