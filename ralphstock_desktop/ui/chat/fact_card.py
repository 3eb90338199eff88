"""The card over a linked value: what it is, how it was computed, and since when it could be known."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from engine.model.instants import kst_datetime
from ralphstock_desktop.services.assistant_contracts import Fact
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.chat.written import clean
from ralphstock_desktop.ui.delegates.canvas import Canvas

__all__ = ["FactCard"]

_LINE = 18


class FactCard(QWidget):
    """Floats beside its value and never under the pointer; takes no focus."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.ToolTip)
        self._look, self._canvas = look, Canvas(look)
        self._lines: list[tuple[str, FontSize, bool, str]] = []
        self.fact: Fact | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        look.changed.connect(self._on_appearance)

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.hide()

    def lines(self) -> list[str]:
        """What is shown, line by line."""
        return [line[0] for line in self._lines]

    def text(self) -> str:
        """What is shown, as read aloud."""
        return " ".join(self.lines())

    def show_fact(self, fact: Fact, value: QRect) -> None:
        """Show beside a value (global rectangle), inside the screen."""
        look, tr = self._look, self._look.tr
        self.fact = fact
        parts: list[tuple[str, FontSize, bool, str]] = [
            (fact.title, "caption", False, "text-secondary"),
            (tr("chat_view.card.missing") if fact.value is None else fact.text, "value", True, "text"),
            (fact.formula, "caption", False, "text-secondary"),
            (self._known(fact), "caption", False, "text-muted"),
            (tr("chat_view.card.quoted") if fact.quoted else "", "caption", True, "warning"),
            (tr("chat_view.card.open"), "caption", False, "link"),
        ]
        most = min(look.px(360), self._screen(value).width() - look.px(24))
        self._lines = [
            (line, size, bold, token)
            for text, size, bold, token in parts
            if text
            for line in self._canvas.wrapped(clean(text).replace("\n", " "), most, size, bold)
        ]
        wide = max(self._canvas.width(text, size, bold) for text, size, bold, _ in self._lines)
        self.resize(math.ceil(min(wide, most)) + 1 + look.px(20), look.px(_LINE) * len(self._lines) + look.px(14))
        self.setAccessibleName(self.text())
        self._place(value)
        self.update()
        self.show()

    def _known(self, fact: Fact) -> str:
        if fact.known_at_ns is None:
            return self._look.tr("chat_view.card.unknown_at")
        return self._look.tr("chat_view.card.known_at", time=kst_datetime(fact.known_at_ns).strftime("%Y-%m-%d %H:%M"))

    @staticmethod
    def _screen(value: QRect) -> QRect:
        screen = QGuiApplication.screenAt(value.center()) or QGuiApplication.primaryScreen()
        return screen.availableGeometry()

    def _place(self, value: QRect) -> None:
        area, gap = self._screen(value), self._look.px(4)
        place = QPoint(value.left(), value.bottom() + gap)
        if place.y() + self.height() > area.bottom():
            place.setY(value.top() - self.height() - gap)
        place.setX(max(area.left(), min(place.x(), area.right() - self.width())))
        self.move(place)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the lines on the ground of floating layers."""
        painter = QPainter(self)
        try:
            canvas, px = self._canvas, self._look.px
            canvas.begin(painter, self.devicePixelRatioF())
            canvas.fill(0, 0, self.width(), self.height(), "bg-popup")
            canvas.pen("line-control")
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            top = px(7)
            for text, size, bold, token in self._lines:
                canvas.text(px(10), top, self.width() - px(20), px(_LINE), text, token, size=size, bold=bold, elide=True)
                top += px(_LINE)
        finally:
            painter.end()
