"""F1: all shortcuts over the window, from the action book. Any key or click closes it."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ralphstock_desktop.ui.actions import ACTIONS, ActionBook
from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["HelpOverlay"]

_PANEL_KEYS: tuple[tuple[str, str], ...] = (
    ("shell.help.rows", "↑ ↓"),
    ("shell.help.open", "Enter"),
    ("shell.help.controls", "Tab"),
    ("shell.help.stop", "Esc"),
    ("shell.help.pan", "← →"),
    ("shell.help.zoom", "+ −"),
)


class HelpOverlay(QWidget):
    """A sheet with the shortcuts in groups."""

    def __init__(self, appearance: Appearance, actions: ActionBook, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance, self._actions = appearance, actions
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._back: QWidget | None = None
        appearance.changed.connect(self.update)
        self.hide()

    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Heading and (words, keys) of each group."""
        look, book = self._appearance, self._actions
        found: list[tuple[str, list[tuple[str, str]]]] = []
        for group in ("go", "data", "window"):
            rows = [(book[spec.id].text(), book.key_text(spec.id)) for spec in ACTIONS if spec.group == group and spec.keys]
            found.append((look.tr(f"shell.help.{group}"), rows))
        found.append((look.tr("shell.help.panel"), [(look.tr(key), keys) for key, keys in _PANEL_KEYS]))
        return found

    def open_over(self) -> None:
        """Show over the whole window and take the keys until closed."""
        parent = self.parentWidget()
        if parent is None:
            return
        self._back = parent.focusWidget()
        self.setGeometry(parent.rect())
        self.setAccessibleName(" · ".join(f"{words} {keys}" for _, rows in self.groups() for words, keys in rows))
        self.show()
        self.raise_()
        self.setFocus()

    def close_over(self) -> None:
        """Hide and give the focus back."""
        self.hide()
        if self._back is not None and self._back.isVisible():
            self._back.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Any key closes."""
        event.accept()
        self.close_over()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Any click closes."""
        event.accept()
        self.close_over()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the sheet in two columns."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), look.color("bg-window", 0.75))
            row, gap = look.px(24), look.px(14)
            groups = self.groups()
            columns = (groups[0:2], groups[2:])
            lines = max(sum(len(rows) + 1 for _, rows in column) for column in columns)
            width = min(self.width() - look.px(32), look.px(720))
            height = min(self.height() - look.px(32), lines * row + gap * 3 + look.px(40))
            box = QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(look.color("line-control"), 1))
            painter.setBrush(look.color("bg-popup"))
            painter.drawRoundedRect(box.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), look.px(8), look.px(8))
            title = look.font("value", bold=True)
            painter.setFont(title)
            painter.setPen(look.color("text"))
            painter.drawText(
                box.left() + look.px(20), look.baseline(box.top() + look.px(8), look.px(30), title), look.tr("shell.help.title")
            )
            half = (box.width() - look.px(40)) // 2
            for at, column in enumerate(columns):
                left = box.left() + look.px(20) + at * half
                self._paint_column(painter, column, QRect(left, box.top() + look.px(40), half - look.px(16), row))
        finally:
            painter.end()

    def _paint_column(self, painter: QPainter, column: list[tuple[str, list[tuple[str, str]]]], line: QRect) -> None:
        look = self._appearance
        for heading, rows in column:
            font = look.font("caption", bold=True)
            painter.setFont(font)
            painter.setPen(look.color("text-muted"))
            painter.drawText(line.left(), look.baseline(line.top(), line.height(), font), heading)
            line.translate(0, line.height())
            for words, keys in rows:
                font = look.font("body")
                painter.setFont(font)
                cap = painter.fontMetrics().horizontalAdvance(keys) + look.px(12)
                room = line.width() - cap - look.px(8)
                painter.setPen(look.color("text"))
                shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room)
                painter.drawText(line.left(), look.baseline(line.top(), line.height(), font), shown)
                plate = QRect(line.right() - cap, line.top() + look.px(2), cap, line.height() - look.px(4))
                painter.setPen(QPen(look.color("line-strong"), 1))
                painter.setBrush(look.color("bg-raised"))
                painter.drawRoundedRect(plate, look.px(3), look.px(3))
                painter.setPen(look.color("text-secondary"))
                painter.drawText(plate.left() + look.px(6), look.baseline(line.top(), line.height(), font), keys)
                line.translate(0, line.height())
            line.translate(0, look.px(10))
