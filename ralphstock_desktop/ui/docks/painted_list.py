"""A list whose rows are painted by its subclass: scrolling, walking, hover, tooltips and the screen reader's line.

A subclass says which rows there are, how tall each is and how it is painted. Only rows in sight are painted. A row has an
identity; rows without one (headings) cannot be chosen. GUI thread only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.delegates.canvas import Canvas

__all__ = ["PaintedList"]

_FAR = 1_000_000
_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: 8,
    Qt.Key.Key_PageUp: -8,
    Qt.Key.Key_Home: -_FAR,
    Qt.Key.Key_End: _FAR,
}


class PaintedList(QAbstractScrollArea):
    """See the module text. A subclass overrides the hooks and calls :meth:`rows_changed` after any change."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = appearance
        self.canvas = Canvas(appearance)
        self.hover = ""
        self.spots: dict[tuple[str, str], QRect] = {}
        """Places in painted rows that do something, by (identity, name)."""
        self.left_out: dict[str, list[str]] = {}
        """Texts that had no room, by identity: the tooltip of the row."""
        self._tops: list[int] = [0]
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        appearance.changed.connect(self._on_appearance)

    # -- what a subclass says -------------------------------------------------------------------------------------------

    def identities(self) -> Sequence[str]:
        """Identity of every row from top to bottom; empty for a heading."""
        raise NotImplementedError

    def row_height(self, number: int) -> int:
        """Height of a row in pixels at the present width."""
        raise NotImplementedError

    def paint_row(self, number: int, top: int, tall: int) -> None:
        """Paint a row with :attr:`canvas`."""
        raise NotImplementedError

    def chosen(self) -> str:
        """Identity of the chosen row, empty for none."""
        raise NotImplementedError

    def choose(self, identity: str) -> None:
        """The user chose a row."""
        raise NotImplementedError

    def open_row(self, identity: str) -> None:
        """Enter or double click on a row."""
        raise NotImplementedError

    def message(self) -> tuple[str, str] | None:
        """What is said where there are no rows: a sentence and what may be done."""
        return None

    def press(self, identity: str, spot: str) -> None:
        """A place of a row that does something was clicked."""

    def spoken(self, identity: str) -> str:
        """A row as a screen reader tells it."""
        raise NotImplementedError

    # -- layout ---------------------------------------------------------------------------------------------------------

    def rows_changed(self) -> None:
        """Measure, scroll and repaint after the rows, the choice or the look changed."""
        self._measure()
        self._keep_chosen_in_sight()
        self.viewport().update()
        self._tell()

    def _on_appearance(self) -> None:
        self.canvas.reset()
        self.rows_changed()

    def _measure(self) -> None:
        self._tops = [0]
        for number in range(len(self.identities())):
            self._tops.append(self._tops[-1] + self.row_height(number))
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._tops[-1] - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self.look.px(27))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break and place the rows anew."""
        super().resizeEvent(event)
        self._measure()
        self.viewport().update()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Everything is painted from the scroll position."""
        self.viewport().update()

    def number_at(self, y: int) -> int:
        """Row under a height of the viewport, -1 for none."""
        number = bisect_right(self._tops, y + self.verticalScrollBar().value()) - 1
        return number if 0 <= number < len(self.identities()) else -1

    def identity_at(self, place: QPoint) -> str:
        """Identity of the row under a viewport position, empty for none."""
        number = self.number_at(place.y())
        return self.identities()[number] if number >= 0 else ""

    def rect_of(self, identity: str) -> QRect:
        """Viewport rectangle of a row, null if there is none of that identity."""
        rows = self.identities()
        if not identity or identity not in rows or len(self._tops) <= len(rows):
            return QRect()
        number = list(rows).index(identity)
        top = self._tops[number] - self.verticalScrollBar().value()
        return QRect(0, top, self.viewport().width(), self._tops[number + 1] - self._tops[number])

    def spot_rect(self, identity: str, spot: str) -> QRect:
        """Where a place that does something was painted last; null where it is not in sight."""
        return self.spots.get((identity, spot), QRect())

    def chosen_rect(self) -> QRect:
        """The chosen row in global coordinates, null where none is in sight: floating things keep off it."""
        rect = self.rect_of(self.chosen()).intersected(self.viewport().rect())
        return QRect(self.viewport().mapToGlobal(rect.topLeft()), rect.size()) if rect.isValid() else QRect()

    def _keep_chosen_in_sight(self) -> None:
        rect, bar = self.rect_of(self.chosen()), self.verticalScrollBar()
        if rect.isNull():
            return
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + 1)

    def _tell(self) -> None:
        message = self.message()
        text = self.spoken(self.chosen()) if self.chosen() else ""
        if not text and message is not None:
            text = " ".join(part for part in message if part)
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    # -- input ----------------------------------------------------------------------------------------------------------

    def step(self, rows: int) -> None:
        """Walk down or up over the rows that can be chosen."""
        stops = [identity for identity in self.identities() if identity]
        if stops:
            # From nothing, a step down begins before the first row and a step up behind the last.
            here = stops.index(self.chosen()) if self.chosen() in stops else (-1 if rows > 0 else len(stops))
            self.choose(stops[min(max(here + rows, 0), len(stops) - 1)])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk and open."""
        key = event.key()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and key in _STEPS:
            self.step(_STEPS[Qt.Key(key)])
        elif plain and self.chosen() and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_row(self.chosen())
        else:
            super().keyPressEvent(event)

    def _spot_at(self, place: QPoint) -> tuple[str, str] | None:
        return next((name for name, rect in self.spots.items() if rect.contains(place)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a row, or press the place in it that does something."""
        place = event.position().toPoint()
        identity, spot = self.identity_at(place), self._spot_at(place)
        if event.button() == Qt.MouseButton.LeftButton and spot is not None:
            self.press(*spot)
        elif identity and event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self.choose(identity)
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the row."""
        place = event.position().toPoint()
        identity = self.identity_at(place)
        if identity and event.button() == Qt.MouseButton.LeftButton and self._spot_at(place) is None:
            self.open_row(identity)

    def viewportEvent(self, event: QEvent) -> bool:
        """Hover, hand cursor, tooltips."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self.viewport())
            return True
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            place = event.position().toPoint()
            active = self._spot_at(place) is not None
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if active else Qt.CursorShape.ArrowCursor)
            self._set_hover(self.identity_at(place))
        elif event.type() == QEvent.Type.Leave:
            self._set_hover("")
        return super().viewportEvent(event)

    def _set_hover(self, identity: str) -> None:
        if identity != self.hover:
            self.hover = identity
            self.viewport().update()

    def tip_at(self, place: QPoint) -> str:
        """What had no room in the row under a place."""
        return "\n".join(self.left_out.get(self.identity_at(place), []))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The chosen row shows that it has the keyboard."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """And that it has it no longer."""
        super().focusOutEvent(event)
        self.viewport().update()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the rows in sight, or why there are none."""
        painter = QPainter(self.viewport())
        try:
            canvas = self.canvas
            canvas.begin(painter, self.devicePixelRatioF())
            height = self.viewport().height()
            canvas.fill(0, 0, self.viewport().width(), height, "bg-panel")
            self.spots.clear()
            self.left_out.clear()
            count, offset = len(self.identities()), self.verticalScrollBar().value()
            number = max(0, self.number_at(0))
            while number < count and self._tops[number] - offset < height:
                self.paint_row(number, self._tops[number] - offset, self._tops[number + 1] - self._tops[number])
                number += 1
            message = self.message()
            if not count and message is not None:
                self._paint_message(message)
        finally:
            painter.end()

    def paint_ground(self, identity: str, top: int, tall: int) -> str:
        """Ground and hairline of a row; return the token of its main text."""
        canvas, px, width = self.canvas, self.look.px, self.viewport().width()
        is_chosen = bool(identity) and identity == self.chosen()
        if is_chosen:
            canvas.fill(0, top, width, tall, "selection")
            canvas.fill(0, top, px(2), tall - 1, "accent")
        elif identity and identity == self.hover:
            canvas.fill(0, top, width, tall, "bg-hover")
        canvas.fill(0, top + tall - 1, width, 1, "line-hair")
        if is_chosen and self.hasFocus():
            canvas.pen("focus")
            canvas.painter.setBrush(Qt.BrushStyle.NoBrush)
            canvas.painter.drawRect(0, top, width - 1, tall - 2)
        return "selection-text" if is_chosen else "text"

    def text_or_tip(
        self,
        identity: str,
        box: tuple[float, float, float, float],
        text: str,
        token: str,
        *,
        size: FontSize = "body",
        bold: bool = False,
    ) -> float:
        """Draw a text elided into a box (x, y, width, height); what had no room goes into the tooltip. Return its width."""
        x, y, wide, tall = box
        if self.canvas.width(text, size, bold) > wide:
            self.left_out.setdefault(identity, []).append(text)
        return self.canvas.text(x, y, wide, tall, text, token, size=size, bold=bold, elide=True)

    def _paint_message(self, message: tuple[str, str]) -> None:
        canvas, px = self.canvas, self.look.px
        room = self.viewport().width() - px(24)
        top = min(px(60), self.viewport().height() // 3)
        looks: tuple[tuple[str, FontSize, bool, str], ...] = (
            (message[0], "title", True, "text"),
            (message[1], "caption", False, "text-muted"),
        )
        for text, size, bold, token in looks:
            for line in canvas.wrapped(text, room, size, bold) if text else ():
                canvas.text(px(12), top, room, px(20), line, token, align="center", size=size, bold=bold)
                top += px(20)
