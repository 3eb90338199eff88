"""Where a toast may stand: off the selected rows and the row under the pointer, as far as the screen leaves room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QApplication, QWidget

__all__ = ["ShowsChosenRow", "free_place", "rows_to_keep_clear"]

_STEP = 8
_POINTER_ROW = 15
"""Half the height of the row around the pointer where the widget under it has no rows of its own."""


@runtime_checkable
class ShowsChosenRow(Protocol):
    """A painted list that can say where its chosen row is on the screen."""

    def chosen_rect(self) -> QRect: ...


def rows_to_keep_clear(window: QWidget) -> list[QRect]:
    """Global rectangles of the selected rows of a window and of the row under the pointer."""
    found: list[QRect] = []
    for view in window.findChildren(QAbstractScrollArea):
        # Asked of the viewport: an opaque one leaves nothing of its scroll area to be seen.
        if view.viewport().visibleRegion().isEmpty():
            continue
        if isinstance(view, QAbstractItemView) and view.currentIndex().isValid():
            found.append(_row_rect(view, view.visualRect(view.currentIndex())))
        elif isinstance(view, ShowsChosenRow):
            found.append(view.chosen_rect())
    under = QApplication.widgetAt(QCursor.pos())
    if under is not None and under.window() is window:
        found.append(_pointer_row(under))
    return [rect for rect in found if rect.isValid()]


def _row_rect(view: QAbstractItemView, cell: QRect) -> QRect:
    """The whole row of a cell as far as it is in sight, in global coordinates."""
    port = view.viewport()
    row = QRect(0, cell.top(), port.width(), cell.height()).intersected(port.rect())
    return QRect(port.mapToGlobal(row.topLeft()), row.size()) if row.isValid() else QRect()


def _pointer_row(under: QWidget) -> QRect:
    view = under.parent()
    if isinstance(view, QAbstractItemView):
        index = view.indexAt(under.mapFromGlobal(QCursor.pos()))
        if index.isValid():
            return _row_rect(view, view.visualRect(index))
    corner = under.mapToGlobal(QPoint(0, 0))
    return QRect(corner.x(), QCursor.pos().y() - _POINTER_ROW, under.width(), 2 * _POINTER_ROW)


def free_place(size: QSize, area: QRect, taken: Sequence[QRect], clear: Iterable[QRect], *, edge: int, gap: int) -> QPoint:
    """Top-left corner of a new toast: as low as possible at the right, else in a column further left.

    Parameters
    ----------
    area : QRect
        What the monitor leaves to programs, global.
    taken : sequence of QRect
        Toasts that stand already: never covered.
    clear : iterable of QRect
        Rows to keep off where that can be done; where it cannot, only ``taken`` counts.
    edge, gap : int
        Distance from the edges of the area, and between toasts.
    """
    with_gap = [rect.adjusted(-gap + 1, -gap + 1, gap - 1, gap - 1) for rect in taken]
    right = area.right() - edge - size.width() + 1
    bottom = area.bottom() - edge - size.height() + 1
    columns = list(range(right, area.left() + edge - 1, -(size.width() + gap))) or [right]
    for blocked in ([*with_gap, *clear], with_gap):
        for left in columns:
            for top in range(bottom, area.top() + edge - 1, -_STEP):
                box = QRect(QPoint(left, top), size)
                if not any(box.intersects(rect) for rect in blocked):
                    return box.topLeft()
    return QPoint(right, bottom)
