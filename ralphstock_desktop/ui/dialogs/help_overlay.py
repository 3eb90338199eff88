"""F1: all shortcuts over the window, from the action book.

Any key or click closes it; where the sheet is taller than the window, ↑ ↓, the page keys and the wheel scroll it.
"""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
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
_Group = tuple[str, list[tuple[str, str]]]
_ROW, _GROUP_GAP, _HEAD, _FOOT = 24, 10, 40, 12
"""Sizes of the sheet at 100 % zoom: line, gap after a group, title, edge at the bottom."""


class HelpOverlay(QWidget):
    """A sheet with the shortcuts in groups."""

    def __init__(self, appearance: Appearance, actions: ActionBook, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance, self._actions = appearance, actions
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._back: QWidget | None = None
        self._offset = 0
        appearance.changed.connect(self._on_appearance)
        self.hide()

    def groups(self) -> list[_Group]:
        """Heading and (words, keys) of each group."""
        look, book = self._appearance, self._actions
        found: list[_Group] = []
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
        self._offset = 0
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

    # -- scrolling ------------------------------------------------------------------------------------------------------

    @property
    def offset(self) -> int:
        """How far the sheet is scrolled, in px."""
        return self._offset

    def overflow(self) -> int:
        """How far the sheet can be scrolled, in px; 0 where all of it is on screen."""
        return max(0, self._content_height() - self._room().height())

    def _on_appearance(self) -> None:
        self._scroll_to(self._offset)
        self.update()

    def _scroll_to(self, offset: int) -> None:
        self._offset = min(max(0, offset), self.overflow())
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stay within what can be scrolled."""
        super().resizeEvent(event)
        self._scroll_to(self._offset)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll by three lines per notch."""
        event.accept()
        self._scroll_to(self._offset - round(event.angleDelta().y() / 120 * 3 * self._appearance.px(_ROW)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll where there is more to see; any other key closes."""
        event.accept()
        line, page = self._appearance.px(_ROW), self._room().height()
        steps = {
            Qt.Key.Key_Down: line,
            Qt.Key.Key_Up: -line,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_Home: -self._content_height(),
            Qt.Key.Key_End: self._content_height(),
        }
        if event.key() in steps and self.overflow():
            self._scroll_to(self._offset + steps[Qt.Key(event.key())])
            return
        self.close_over()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Any click closes."""
        event.accept()
        self.close_over()

    # -- geometry ---------------------------------------------------------------------------------------------------------

    def _columns(self) -> list[list[_Group]]:
        """Two columns, or one where the words of two would be cut."""
        groups, look = self.groups(), self._appearance
        metrics = QFontMetrics(look.font("body"))
        widest = max(metrics.horizontalAdvance(words + keys) for _, rows in groups for words, keys in rows) + look.px(12 + 8)
        half = (self._sheet_width() - look.px(40)) // 2 - look.px(16)
        return [groups[0:2], groups[2:]] if widest <= half else [groups]

    def _sheet_width(self) -> int:
        return min(self.width() - self._appearance.px(32), self._appearance.px(720))

    def _content_height(self) -> int:
        look = self._appearance
        heights = (
            sum((len(rows) + 1) * look.px(_ROW) + look.px(_GROUP_GAP) for _, rows in column) for column in self._columns()
        )
        return max(heights)

    def sheet(self) -> QRect:
        """Where the sheet is; always inside the window."""
        look = self._appearance
        width = self._sheet_width()
        height = min(self.height() - look.px(32), self._content_height() + look.px(_HEAD + _FOOT))
        return QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def _room(self) -> QRect:
        """The part of the sheet below its title, in which the groups are."""
        look = self._appearance
        return self.sheet().adjusted(look.px(20), look.px(_HEAD), -look.px(20), -look.px(_FOOT))

    # -- painting ---------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the sheet, its groups and, where it is cut, how far it is scrolled."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), look.color("bg-window", 0.75))
            box, room = self.sheet(), self._room()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(look.color("line-control"), 1))
            painter.setBrush(look.color("bg-popup"))
            painter.drawRoundedRect(box.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), look.px(8), look.px(8))
            title = look.font("value", bold=True)
            painter.setFont(title)
            painter.setPen(look.color("text"))
            painter.drawText(
                room.left(), look.baseline(box.top() + look.px(8), look.px(30), title), look.tr("shell.help.title")
            )
            self._paint_bar(painter, room)
            painter.setClipRect(room)
            columns = self._columns()
            share = room.width() // len(columns)
            for at, column in enumerate(columns):
                left = room.left() + at * share
                line = QRect(left, room.top() - self._offset, share - look.px(16 if len(columns) > 1 else 8), look.px(_ROW))
                self._paint_column(painter, column, line)
        finally:
            painter.end()

    def _paint_bar(self, painter: QPainter, room: QRect) -> None:
        """Draw a thin bar that shows which part of a long sheet is on screen."""
        beyond, look = self.overflow(), self._appearance
        if not beyond:
            return
        whole = room.height() + beyond
        tall = max(look.px(20), round(room.height() * room.height() / whole))
        top = room.top() + round((room.height() - tall) * self._offset / beyond)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("line-strong"))
        bar = QRect(room.right() + look.px(8), top, look.px(5), tall)
        painter.drawRoundedRect(bar, look.px(2), look.px(2))

    def _paint_column(self, painter: QPainter, column: list[_Group], line: QRect) -> None:
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
            line.translate(0, look.px(_GROUP_GAP))
