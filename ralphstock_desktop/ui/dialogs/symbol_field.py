"""A field that finds a symbol by name, code or 초성 and offers the hits in a list under itself.

Safe with an input method: text that is being composed searches too, the field itself is never written meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QHideEvent, QInputMethodEvent, QKeyEvent, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QWidget

from ralphstock_desktop.services.contracts import SymbolHit
from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["SymbolField"]


class SymbolField(QLineEdit):
    """See the module text.

    Parameters
    ----------
    find : callable
        Text to hits, best first.

    Signals
    -------
    picked(str)
        Enter or a click on a hit: its ticker.
    missed(str)
        Enter on a text that finds nothing.
    """

    picked = Signal(str)
    missed = Signal(str)

    def __init__(
        self, appearance: Appearance, find: Callable[[str], Sequence[SymbolHit]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._look, self._find = appearance, find
        self._preedit = ""
        self._hits: list[SymbolHit] = []
        self.popup = QListWidget(self)
        self.popup.setWindowFlags(Qt.WindowType.ToolTip)
        self.popup.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.popup.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.popup.itemClicked.connect(lambda item: self._take(self.popup.row(item)))
        self.popup.currentRowChanged.connect(self._speak)
        self.textEdited.connect(lambda _text: self._search())

    def query(self) -> str:
        """Committed text with the composition text at the cursor."""
        text, at = self.text(), self.cursorPosition()
        return (text[:at] + self._preedit + text[at:]).strip()

    def hits(self) -> list[SymbolHit]:
        """What is offered now."""
        return list(self._hits)

    def _search(self) -> None:
        query = self.query()
        self._hits = list(self._find(query)) if query else []
        look = self._look
        self.popup.clear()
        for hit in self._hits:
            name = (hit.name_en if look.language == "en" else "") or hit.name
            self.popup.addItem(f"{name}   {hit.ticker}")
        if not self._hits:
            self.popup.hide()
            return
        self.popup.setFont(look.font("body"))
        self.popup.setCurrentRow(0)
        rows = self.popup.sizeHintForRow(0) * len(self._hits) + 2 * self.popup.frameWidth()
        self.popup.setFixedSize(max(self.width(), look.px(200)), rows)
        self.popup.move(self.mapToGlobal(QPoint(0, self.height())))
        self.popup.show()

    def _speak(self, row: int) -> None:
        item = self.popup.item(row) if row >= 0 else None
        self.setAccessibleDescription(item.text() if item is not None else "")

    def _take(self, row: int) -> None:
        if 0 <= row < len(self._hits):
            ticker = self._hits[row].ticker
            self.close_list()
            self.picked.emit(ticker)

    def close_list(self) -> None:
        """Offer nothing any more."""
        self._hits = []
        self.popup.hide()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Search with what is being composed too."""
        super().inputMethodEvent(event)
        self._preedit = event.preeditString()
        self._search()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down walk through the hits, Enter takes one, Esc closes the list, then empties the field."""
        key = event.key()
        enter = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and self._preedit:
            QGuiApplication.inputMethod().commit()
        elif enter and self._hits:
            self._take(max(0, self.popup.currentRow()))
        elif enter and self.query():
            self.missed.emit(self.query())
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._hits:
            step = 1 if key == Qt.Key.Key_Down else -1
            self.popup.setCurrentRow((self.popup.currentRow() + step) % len(self._hits))
        elif key == Qt.Key.Key_Escape and (self._hits or self.text()):
            if self._hits:
                self.close_list()
            else:
                self.clear()
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The list goes with the focus."""
        super().focusOutEvent(event)
        self._preedit = ""
        self.close_list()

    def hideEvent(self, event: QHideEvent) -> None:
        """The list goes with the field."""
        super().hideEvent(event)
        self.close_list()

    def moveEvent(self, event: QMoveEvent) -> None:
        """A list that hung elsewhere would belong to nothing."""
        super().moveEvent(event)
        self.popup.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A list of another width would belong to nothing."""
        super().resizeEvent(event)
        self.popup.hide()
