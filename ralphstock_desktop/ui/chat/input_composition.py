"""A line edit that searches while a Korean syllable is still being composed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent
from PySide6.QtWidgets import QLineEdit, QWidget

__all__ = ["CompositionLine"]


class CompositionLine(QLineEdit):
    """See the module text.

    Signals
    -------
    query_changed(str)
        Committed text with the composition text at the cursor.
    """

    query_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preedit = ""
        self.textChanged.connect(lambda _text: self.query_changed.emit(self.query()))

    @property
    def composing(self) -> bool:
        """Whether a syllable is being composed."""
        return bool(self._preedit)

    def query(self) -> str:
        """Committed text plus composition text."""
        text, at = self.text(), self.cursorPosition()
        return text[:at] + self._preedit + text[at:]

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Remember the composition; the field itself is left to Qt."""
        super().inputMethodEvent(event)
        before, self._preedit = self._preedit, event.preeditString()
        if before != self._preedit:
            self.query_changed.emit(self.query())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Composition ends with the focus."""
        super().focusOutEvent(event)
        self._preedit = ""
