"""Lets the rows of a watch list be put in order by hand: Alt with the arrows, or by dragging a row."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QFrame

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.table_view import ArrayTableView

__all__ = ["RowOrder"]


class RowOrder(QObject):
    """Watches the table's keys and pointer.

    Parameters
    ----------
    may_move : callable
        Whether rows stand in the list's own order, so that a place means something.

    Signals
    -------
    moved(int, int)
        Displayed row, displayed row whose place it takes.
    refused
        The user tried while another order is shown.
    """

    moved = Signal(int, int)
    refused = Signal()

    def __init__(self, appearance: Appearance, view: ArrayTableView, may_move: Callable[[], bool]) -> None:
        super().__init__(view)
        self._look, self._view, self._may_move = appearance, view, may_move
        self._pressed: QPoint | None = None
        self._row = -1
        self._target = -1
        self.line = QFrame(view.viewport())
        self.line.setObjectName("drop_line")
        self.line.setAutoFillBackground(True)
        self.line.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.line.hide()
        view.installEventFilter(self)
        view.viewport().installEventFilter(self)

    @property
    def dragging(self) -> bool:
        """Whether a row hangs on the pointer."""
        return self._target >= 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # The kind of event first: while the table is being destroyed it still sends others, and must not be asked anything.
        if isinstance(event, QKeyEvent) and watched is self._view:
            return event.type() == QEvent.Type.KeyPress and self._on_key(event)
        if isinstance(event, QMouseEvent) and watched is self._view.viewport():
            return self._on_mouse(event)
        return False

    def _on_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape and self.dragging:
            self._end()
            return True
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None or not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            return False
        row = self._view.currentIndex().row()
        if row >= 0 and 0 <= row + step < self._view.table.rowCount():
            self._move(row, row + step)
        return True

    def _move(self, row: int, target: int) -> None:
        if self._may_move():
            self.moved.emit(row, target)
        else:
            self.refused.emit()

    def _on_mouse(self, event: QMouseEvent) -> bool:
        place, kind = event.position().toPoint(), event.type()
        if kind == QEvent.Type.MouseButtonPress:
            plain = event.button() == Qt.MouseButton.LeftButton and event.modifiers() == Qt.KeyboardModifier.NoModifier
            self._row = self._view.rowAt(place.y()) if plain else -1
            self._pressed = place if self._row >= 0 else None
            return False
        if kind == QEvent.Type.MouseMove and self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            far = abs(place.y() - self._pressed.y()) >= QApplication.startDragDistance()
            if self.dragging or far:
                self._drag_to(place)
            return True  # the pointer drags a row; it does not choose more of them
        if kind == QEvent.Type.MouseButtonRelease and self._pressed is not None:
            row, target = self._row, self._target
            self._end()
            if target >= 0 and target != row:
                self._move(row, target)
        return False

    def _drag_to(self, place: QPoint) -> None:
        view, count = self._view, self._view.table.rowCount()
        height = view.verticalHeader().defaultSectionSize()
        if not count or height <= 0:
            return
        gap = (place.y() - view.rowViewportPosition(0) + height // 2) // height
        gap = min(max(gap, 0), count)
        self._target = gap - 1 if gap > self._row else gap
        palette = self.line.palette()
        palette.setColor(palette.ColorRole.Window, self._look.color("accent"))
        self.line.setPalette(palette)
        thick = self._look.px(2)
        self.line.setGeometry(0, view.rowViewportPosition(0) + gap * height - thick // 2, view.viewport().width(), thick)
        self.line.show()
        view.setCursor(Qt.CursorShape.ClosedHandCursor)

    def _end(self) -> None:
        self._pressed, self._row, self._target = None, -1, -1
        self.line.hide()
        self._view.unsetCursor()
