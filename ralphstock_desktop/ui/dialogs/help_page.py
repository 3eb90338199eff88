"""Help pages beside the panels, written with the thresholds of the rules in force; one section in front.

Nothing is loaded from outside, and links are not followed.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from engine.thresholds import Rules
from ralphstock_desktop.services.assistant.help_pages import help_book, written
from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["HelpPage"]


class HelpPage(QDialog):
    """Shows the page of a section, that section at the top.

    Parameters
    ----------
    rules : callable
        The rules in force.
    """

    def __init__(self, appearance: Appearance, rules: Callable[[], Rules], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModal(False)
        self._look, self._rules = appearance, rules
        self._anchor = ""
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setOpenExternalLinks(False)
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        box = QVBoxLayout(self)
        box.addWidget(self.page)
        appearance.changed.connect(self.apply)

    def open_at(self, anchor: str) -> bool:
        """Show a section; False if there is none of that anchor."""
        if help_book(self._look.language).section(anchor) is None:
            return False
        self._anchor = anchor
        self.resize(self._look.px(520), self._look.px(560))
        self.show()
        self.raise_()
        self.apply()
        return True

    def apply(self) -> None:
        """Take words, sizes and rules; the section comes to the top again."""
        look, book = self._look, help_book(self._look.language)
        section = book.section(self._anchor)
        self.setWindowTitle(look.tr("chat.help.title"))
        self.page.setAccessibleName(look.tr("chat.help.title"))
        self.page.document().setDefaultFont(look.font("body"))
        if section is None:
            return
        rules = self._rules()
        texts = [written(each, rules, look.language) for each in book.page(section.page)]
        self.page.setMarkdown("\n".join(texts))
        self.page.moveCursor(QTextCursor.MoveOperation.Start)
        if section.title and self.page.find(section.title):
            box = self.page.cursorRect()
            self.page.verticalScrollBar().setValue(self.page.verticalScrollBar().value() + box.top() - look.px(8))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)
