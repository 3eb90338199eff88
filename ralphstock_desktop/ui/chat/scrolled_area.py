"""The scrolled part of a conversation: the sheet its messages stand on, moved by keys, wheel and scroll bar."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

__all__ = ["ScrolledArea"]

_TALL = 16_777_215
"""Height of the sheet. It is opaque and only ever moved, so that what is already painted is carried along."""


class ScrolledArea(QAbstractScrollArea):
    """The scrolled part; keys and wheel are those of every scroll area."""

    scrolled = Signal()
    resized = Signal()
    entered = Signal(bool)
    """The keyboard came in, forwards or backwards."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.viewport().setAutoFillBackground(False)
        self.content = QWidget(self.viewport())
        self.content.setAutoFillBackground(True)

    def move_sheet(self, width: int, value: int) -> None:
        """Give the sheet a width and show it from a height on."""
        if self.content.width() != width:
            self.content.resize(width, _TALL)
        self.content.move(0, -value)

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """The conversation places its messages."""
        self.scrolled.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll; keys with Alt go from message to message and belong to the conversation."""
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks the text anew."""
        super().resizeEvent(event)
        self.resized.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Hand the keyboard to a message."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.entered.emit(event.reason() == Qt.FocusReason.TabFocusReason)
