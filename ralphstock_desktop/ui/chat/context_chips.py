"""Chips in a row that breaks into lines: what a question is asked about, and questions that are offered.

A chip is a button; one that can be taken away has an × at its right, and Del or Backspace takes it away by keyboard.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.chat import ContextPart

__all__ = ["Chip", "ContextChips", "FlowRow"]

_TALL = 20


class Chip(QAbstractButton):
    """One chip.

    Signals
    -------
    removed
        The × was pressed.
    """

    removed = Signal()

    def __init__(
        self,
        appearance: Appearance,
        text: str,
        spoken: str = "",
        *,
        removable: bool = False,
        icon: str = "",
        strong: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look, self._icon, self._strong, self.removable = appearance, icon, strong, removable
        self.setText(text)
        self.setAccessibleName(spoken or text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._over_cross = False
        self.setMouseTracking(True)

    def set_inert(self) -> None:
        """A chip that only says something: no pointer hand, no keyboard stop."""
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def _edges(self) -> tuple[int, int]:
        """Room at the left and right of the words."""
        px = self._look.px
        return px(8) + (px(17) if self._icon else 0), px(20) if self.removable else px(8)

    def sizeHint(self) -> QSize:
        """Words with their edges; never wider than the row it stands in."""
        left, right = self._edges()
        self.setFont(self._look.font("caption", bold=self._strong))
        parent = self.parentWidget()
        room = parent.width() if isinstance(parent, QWidget) else 10_000
        wide = self.fontMetrics().horizontalAdvance(self.text()) + left + right + self._look.px(1)
        return QSize(min(wide, max(room, self._look.px(60))), self._look.px(_TALL + (4 if self._icon else 0)))

    def minimumSizeHint(self) -> QSize:
        """As wanted: the row breaks instead."""
        return self.sizeHint()

    def cross_rect(self) -> QRect:
        """Where the × stands; null where there is none."""
        side = self._look.px(18)
        return QRect(self.width() - side, 0, side, self.height()) if self.removable else QRect()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The × takes the chip away, the rest presses it."""
        if event.button() == Qt.MouseButton.LeftButton and self.cross_rect().contains(event.position().toPoint()):
            self.setDown(False)
            self.removed.emit()
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show that the × is under the pointer."""
        self._set_over(self.cross_rect().contains(event.position().toPoint()))
        super().mouseMoveEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Lighten."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Darken again."""
        super().leaveEvent(event)
        self._set_over(False)
        self.update()

    def _set_over(self, over: bool) -> None:
        if over != self._over_cross:
            self._over_cross = over
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Del and Backspace take the chip away; Enter presses it like Space."""
        if self.removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, words, × and focus."""
        look, painter = self._look, QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            operable = self.focusPolicy() != Qt.FocusPolicy.NoFocus
            edge = "focus" if self.hasFocus() else "line-control" if operable else "line-strong"
            painter.setPen(QPen(look.color(edge), 2 if self.hasFocus() else 1))
            painter.setBrush(look.color("bg-hover" if operable and self.underMouse() else "bg-header"))
            inset = 1.0 if self.hasFocus() else 0.5
            painter.drawRoundedRect(self.rect().toRectF().adjusted(inset, inset, -inset, -inset), look.px(3), look.px(3))
            left, right = self._edges()
            if self._icon:
                side = look.px(13)
                picture = look.pixmap(self._icon, "accent", 13, self.devicePixelRatioF())
                painter.drawPixmap(look.px(8), (self.height() - side) // 2, picture)
            font = look.font("caption", bold=self._strong)
            painter.setFont(font)
            painter.setPen(look.color("accent" if self._strong else "text" if operable else "text-secondary"))
            room = self.width() - left - right
            words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
            painter.drawText(left, look.baseline(0, self.height(), font), words)
            if self.removable:
                side = look.px(10)
                box = self.cross_rect()
                token = "text" if self._over_cross else "text-muted"
                cross = look.pixmap("close", token, 10, self.devicePixelRatioF())
                painter.drawPixmap(box.x() + (box.width() - side) // 2, (self.height() - side) // 2, cross)
        finally:
            painter.end()


class FlowRow(QWidget):
    """Widgets side by side, breaking into further lines; as high as it needs to be.

    Signals
    -------
    height_changed
        It needs more or less height.
    """

    height_changed = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._items: list[QWidget] = []
        self.before: QWidget | None = None
        """The widget after which Tab comes to the first one."""
        self._most_lines: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_items(self, items: Sequence[QWidget]) -> None:
        """Show these widgets; earlier ones are let go."""
        for item in self._items:
            item.hide()
            item.setParent(None)
            item.deleteLater()
        self._items = list(items)
        for item in self._items:
            item.setParent(self)
            item.show()
        previous = self.before
        for item in self._items:
            if previous is not None:
                QWidget.setTabOrder(previous, item)
            previous = item
        self.place()

    def items(self) -> list[QWidget]:
        """What is shown."""
        return list(self._items)

    def limit_lines(self, most: int | None) -> None:
        """Hide what would need more lines; None shows everything."""
        if most != self._most_lines:
            self._most_lines = most
            self.place()

    def place(self) -> None:
        """Put the widgets into lines."""
        gap, x, y, line, lines = self._look.px(6), 0, 0, 0, 1
        for item in self._items:
            size = item.sizeHint()
            if x and x + size.width() > self.width():
                x, lines = 0, lines + 1
            fits = self._most_lines is None or lines <= self._most_lines
            item.setVisible(fits)
            if not fits:
                continue
            if x == 0 and lines > 1:
                y, line = y + line + gap, 0
            item.setGeometry(x, y, size.width(), size.height())
            x, line = x + size.width() + gap, max(line, size.height())
        tall = y + line
        if tall != self.height() or self.minimumHeight() != tall:
            self.setFixedHeight(tall)
            self.height_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break anew."""
        super().resizeEvent(event)
        self.place()


class ContextChips(FlowRow):
    """The chips above the input.

    Signals
    -------
    dropped(str)
        A part was taken away (``symbol``, ``panels``), or all are wanted back (``restore``).
    """

    dropped = Signal(str)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self._parts: tuple[ContextPart, ...] = ()
        appearance.changed.connect(self._rebuild)

    @property
    def parts(self) -> tuple[ContextPart, ...]:
        """What the chips say."""
        return self._parts

    def show_parts(self, parts: tuple[ContextPart, ...]) -> None:
        """Show other chips; the same ones stay untouched, so that the keyboard keeps its place."""
        if parts != self._parts:
            self._parts = parts
            self._rebuild()

    def chip(self, name: str) -> Chip | None:
        """A chip by name."""
        chips = dict(zip((part.name for part in self._parts), self.items(), strict=True))
        found = chips.get(name)
        return found if isinstance(found, Chip) else None

    def _rebuild(self) -> None:
        chips: list[QWidget] = []
        for part in self._parts:
            chip = Chip(self._look, part.text, part.spoken, removable=part.removable, strong=part.name == "symbol")
            if part.removable:
                chip.removed.connect(lambda name=part.name: self.dropped.emit(name))
                chip.setAccessibleDescription(self._look.tr("chat.context.remove"))
            elif part.name == "restore":
                chip.clicked.connect(lambda _on=False: self.dropped.emit("restore"))
            else:
                chip.set_inert()
            chips.append(chip)
        self.set_items(chips)
