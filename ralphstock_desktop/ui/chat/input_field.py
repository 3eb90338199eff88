"""The input of the chat: safe for the Korean input method, grows to six lines, takes plain text only.

Enter sends; Enter while a syllable is composed only ends the composition, also where the input method first commits the
syllable and then passes the key on. Shift+Enter begins a line. Up in the empty field recalls earlier questions. Esc stops the
answer that is arriving, or leaves the field.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QInputMethodEvent, QKeyEvent, QPalette, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.chat import MOST_CHARACTERS

__all__ = ["ChatInput"]

_MOST_LINES = 6
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ChatInput(QTextEdit):
    """The text field.

    Signals
    -------
    submitted
        Enter without composition.
    text_edited(str)
        The committed text is another one.
    stopped
        Esc: stop what is arriving, or leave.
    limit_reached(bool)
        Something had no room below the limit of characters; False when there is room again.
    focus_moved
        The field got or lost the keyboard.
    height_changed
        It needs more or less height.
    """

    submitted = Signal()
    text_edited = Signal(str)
    stopped = Signal()
    limit_reached = Signal(bool)
    focus_moved = Signal()
    height_changed = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._preedit = ""
        self._just_committed = False
        self._trimming = False
        self._limited = False
        self._recalled = -1
        self._last_text = ""
        self._ceiling = 100_000
        self.recall: Callable[[], list[str]] = list
        """Earlier questions, newest first."""
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLineWrapMode(QTextEdit.LineWrapMode.WidgetWidth)
        self.setUndoRedoEnabled(True)
        self.viewport().setAutoFillBackground(False)
        # A key that an input method passes on after its commit arrives before the event loop turns again.
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._on_turn)
        self.textChanged.connect(self._on_text)
        appearance.changed.connect(self.apply)
        self.apply()

    # -- what it holds --------------------------------------------------------------------------------------------------

    @property
    def composing(self) -> bool:
        """Whether a syllable is being composed."""
        return bool(self._preedit)

    def text(self) -> str:
        """The committed text."""
        return self.toPlainText()

    def set_text(self, text: str) -> None:
        """Put a text in place of what is there, the cursor behind it."""
        self.setPlainText(text[:MOST_CHARACTERS])
        self.moveCursor(QTextCursor.MoveOperation.End)
        self._recalled = -1

    def _room(self) -> int:
        cursor = self.textCursor()
        return MOST_CHARACTERS - len(self.toPlainText()) + len(cursor.selectedText())

    # -- look -----------------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Take words, sizes and colours from the appearance."""
        look = self._look
        self.setFont(look.font("title"))
        self.document().setDefaultFont(look.font("title"))
        self.document().setDocumentMargin(0)
        self.setPlaceholderText(look.tr("chat.input.hint"))
        self.setAccessibleName(look.tr("chat.input.name"))
        self.setAccessibleDescription(look.tr("chat.input.keys"))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, look.color("bg-panel"))
        palette.setColor(QPalette.ColorRole.Text, look.color("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, look.color("text-muted"))
        palette.setColor(QPalette.ColorRole.Highlight, look.color("accent-fill"))
        palette.setColor(QPalette.ColorRole.HighlightedText, look.color("text-on-fill"))
        self.setPalette(palette)
        self._fit()

    def set_ceiling(self, height: int) -> None:
        """Stay below a height in pixels: in a low panel the conversation keeps its place, and one line remains."""
        if height != self._ceiling:
            self._ceiling = height
            self._fit()

    def _fit(self) -> None:
        """As high as the text, at most six lines."""
        line = self.fontMetrics().lineSpacing()
        wanted = round(self.document().size().height())
        most = min(line * _MOST_LINES, max(line, self._ceiling // line * line))
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if wanted > most else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        tall = min(max(wanted, line), most) + self._look.px(2)
        if tall != self.height() or self.minimumHeight() != tall:
            self.setFixedHeight(tall)
            self.height_changed.emit()

    def sizeHint(self) -> QSize:
        """One line, as wide as there is room."""
        return QSize(self._look.px(160), self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        """Narrow panels are allowed."""
        return QSize(self._look.px(80), self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines break anew."""
        super().resizeEvent(event)
        self._fit()

    # -- input ----------------------------------------------------------------------------------------------------------

    def _on_text(self) -> None:
        text = self.toPlainText()
        if not self._trimming and not self.composing and len(text) > MOST_CHARACTERS:
            self._trim(len(text) - MOST_CHARACTERS)
            self._set_limited(True)
            text = self.toPlainText()
        elif len(text) < MOST_CHARACTERS:
            self._set_limited(False)
        self._fit()
        if text != self._last_text:
            self._last_text = text
            self.text_edited.emit(text)

    def _trim(self, count: int) -> None:
        """Take away what was put in last, before the cursor."""
        self._trimming = True
        cursor = self.textCursor()
        for _ in range(count):
            cursor.deletePreviousChar()
        self._trimming = False

    def _set_limited(self, limited: bool) -> None:
        if limited != self._limited:
            self._limited = limited
            self.limit_reached.emit(limited)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste plain text, as much of it as has room."""
        text = source.text().replace("\r\n", "\n").replace("\r", "\n")
        room = self._room()
        if len(text) > room:
            text = text[: max(0, room)]
            self._set_limited(True)
        self.textCursor().insertText(text)
        self.ensureCursorVisible()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Only text; pictures and files are left alone."""
        return source.hasText()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Follow the composition; the text itself is Qt's."""
        was_composing = self.composing
        super().inputMethodEvent(event)
        self._preedit = event.preeditString()
        if was_composing and not self._preedit and event.commitString():
            self._just_committed = True
            self._turn.start()
        if not self._preedit:
            self._on_text()

    def _on_turn(self) -> None:
        self._just_committed = False

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tell the box around it."""
        super().focusInEvent(event)
        self.focus_moved.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Composition ends with the focus; Qt commits or drops it."""
        super().focusOutEvent(event)
        self._preedit = ""
        self.focus_moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, Esc, Up and Down; everything else is the field's own."""
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in _ENTER and self.composing:
            QGuiApplication.inputMethod().commit()
            event.accept()
        elif key in _ENTER and not shift:
            if not self._just_committed:
                self.submitted.emit()
            event.accept()
        elif key == Qt.Key.Key_Escape and not self.composing:
            self.stopped.emit()
            event.accept()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not self.composing and self._walk(1 if key == Qt.Key.Key_Up else -1):
            event.accept()
        elif event.text().isprintable() and event.text() and self._room() <= 0 and not self._is_command(event):
            self._set_limited(True)
            event.accept()
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _is_command(event: QKeyEvent) -> bool:
        return bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier))

    def _walk(self, step: int) -> bool:
        """Recall an older or newer question, as long as nothing else was typed."""
        earlier = self.recall()
        shown = earlier[self._recalled] if 0 <= self._recalled < len(earlier) else ""
        if self.toPlainText() != shown or (not earlier and step > 0):
            return False
        at = self._recalled + step
        if at >= len(earlier):
            return True
        if at < 0:
            if self._recalled < 0:
                return False
            self.set_text("")
            return True
        self.set_text(earlier[at])
        self._recalled = at
        return True
