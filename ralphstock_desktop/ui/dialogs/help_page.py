"""Help pages beside the panels, written with the thresholds of the rules in force; one section in front.

Nothing is loaded from outside, and links are not followed.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextBlockFormat, QTextCursor, QTextTable, QTextTableFormat
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from engine.thresholds import Rules
from ralphstock_desktop.services.assistant.help_pages import help_book, written
from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["HelpPage"]


def _apart(text: str) -> str:
    """Markdown with an empty line before and after each table and list: without one they are read as part of a sentence."""
    lines: list[str] = []
    kinds = {"|": "table", "-": "list"}
    last = ""
    for line in text.split("\n"):
        kind = kinds.get(line[:1], "text") if line.strip() else ""
        if kind and last and kind != last:
            lines.append("")
        lines.append(line)
        last = kind
    return "\n".join(lines)


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
        self.page.setMarkdown("\n".join(_apart(text) for text in texts))
        self._space()
        self._set_tables()
        self.page.moveCursor(QTextCursor.MoveOperation.Start)
        if section.title and self.page.find(section.title):
            box = self.page.cursorRect()
            self.page.verticalScrollBar().setValue(self.page.verticalScrollBar().value() + box.top() - look.px(8))

    def _space(self) -> None:
        """Lines with air between them, and more of it above a heading."""
        look, document = self._look, self.page.document()
        document.setDocumentMargin(look.px(14))
        block = document.begin()
        while block.isValid():
            form = block.blockFormat()
            if form.headingLevel():
                form.setTopMargin(look.px(16) if block.position() else 0)
                form.setBottomMargin(look.px(4))
            elif block.textList() is None:
                form.setBottomMargin(look.px(4))
            form.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            QTextCursor(block).setBlockFormat(form)
            block = block.next()

    def _set_tables(self) -> None:
        """Draw the tables like those of the panels: a hair line below each row, no frame."""
        look = self._look
        for frame in self.page.document().rootFrame().childFrames():
            if not isinstance(frame, QTextTable):
                continue
            form = frame.format()
            form.setBorder(0)
            form.setCellSpacing(0)
            form.setCellPadding(0)
            form.setBorderCollapse(True)
            form.setTopMargin(look.px(4))
            form.setBottomMargin(look.px(8))
            frame.setFormat(form)
            for row in range(frame.rows()):
                for column in range(frame.columns()):
                    cell = frame.cellAt(row, column)
                    shape = cell.format().toTableCellFormat()
                    shape.setLeftPadding(look.px(6))
                    shape.setRightPadding(look.px(14))
                    shape.setTopPadding(look.px(2))
                    shape.setBottomPadding(look.px(2))
                    shape.setBottomBorder(1)
                    shape.setBottomBorderStyle(QTextTableFormat.BorderStyle.BorderStyle_Solid)
                    shape.setBottomBorderBrush(look.color("line-strong" if row == 0 else "line-hair"))
                    cell.setFormat(shape)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)
