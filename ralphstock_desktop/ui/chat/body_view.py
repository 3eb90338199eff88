"""The text of one message on screen: selectable by mouse and keyboard, its linked values reachable by Tab.

A read-only text edit as tall as its text, so that the conversation scrolls as a whole. It opens nothing itself, loads nothing
and takes no part in editing; copying gives Markdown and plain text.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtWidgets import QTextEdit, QToolTip, QWidget

from ralphstock_desktop.services.assistant_contracts import Block, Fact
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.document import MessageDocument, readable
from ralphstock_desktop.ui.chat.styles import STRUCK
from ralphstock_desktop.ui.chat.told import told
from ralphstock_desktop.ui.chat.written import markdown_of_block, plain_of_block

__all__ = ["BodyView"]


class BodyView(QTextEdit):
    """See the module text.

    Signals
    -------
    link_clicked(fact_id)
        By mouse or Enter.
    link_hovered(fact_id)
        Pointer or keyboard focus came to a link; empty when it left.
    caret_moved
        The keyboard moved: keep the place in sight.
    copy_all
        Copy without a selection: the whole message is meant.
    """

    link_clicked = Signal(str)
    link_hovered = Signal(str)
    caret_moved = Signal()
    copy_all = Signal()

    def __init__(self, look: Appearance, parent: QWidget | None = None, *, ink: str = "text", quiet: bool = False) -> None:
        super().__init__(parent)
        self._look, self._ink, self._quiet = look, ink, quiet
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFrameShape(QTextEdit.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLineWrapMode(QTextEdit.LineWrapMode.WidgetWidth)
        self.setAcceptDrops(False)
        self.setTabChangesFocus(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setMouseTracking(True)
        # A text that grows at its end paints only that end.
        self.setAttribute(Qt.WidgetAttribute.WA_StaticContents)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_StaticContents)
        self.content = MessageDocument(self.document(), look)
        self._shown: tuple[tuple[Block, ...], tuple[Fact, ...], Mapping[str, int]] = ((), (), {})
        self._hover, self._focused, self._pressed = -1, -1, -1
        self._ring = False
        self.restyle()

    # -- content --------------------------------------------------------------------------------------------------------

    def restyle(self) -> None:
        """Take colours and fonts of the appearance."""
        look, palette = self._look, self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        palette.setColor(QPalette.ColorRole.Text, look.color(self._ink))
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
            palette.setColor(group, QPalette.ColorRole.Highlight, look.color("accent-fill"))
            palette.setColor(group, QPalette.ColorRole.HighlightedText, look.color("text-on-fill"))
        self.setPalette(palette)
        self.content.restyle(ink=self._ink, quiet=self._quiet)
        self.content.show(*self._shown)

    def show_blocks(
        self, blocks: tuple[Block, ...], facts: tuple[Fact, ...] = (), numbers: Mapping[str, int] | None = None
    ) -> bool:
        """Show blocks; a selection in what stays is kept. Returns whether anything changed."""
        self._shown = (blocks, facts, numbers or {})
        cursor = self.textCursor()
        anchor, position = cursor.anchor(), cursor.position()
        # What has to be painted is told by paint_changes, after the conversation has moved what is painted already.
        layout = self.document().documentLayout()
        layout.blockSignals(True)
        changed = self.content.show(*self._shown)
        layout.blockSignals(False)
        if changed:
            if anchor != position:
                last = self.document().characterCount() - 1
                cursor = self.textCursor()
                cursor.setPosition(min(anchor, last))
                cursor.setPosition(min(position, last), QTextCursor.MoveMode.KeepAnchor)
                self.setTextCursor(cursor)
            if self._focused >= len(self.content.links):
                self._focused = -1
            self._hover = -1
        return changed

    def paint_changes(self) -> None:
        """Paint from the first line that has changed."""
        block = self.document().findBlock(self.content.changed_from)
        table = QTextCursor(block).currentTable()
        if table is not None:
            block = table.firstCursorPosition().block()
        top = round(self.document().documentLayout().blockBoundingRect(block).top()) - self._look.px(12)
        self.viewport().update(QRect(0, top, self.viewport().width(), max(self.height(), self.growth() + self.height()) - top))

    def growth(self) -> int:
        """By how much the text is taller than its widget."""
        return round(self.document().size().height() + 0.5) - self.height()

    def lay_out(self, width: int) -> int:
        """Break the text at a width and return the height it takes, both in pixels."""
        self.content.set_width(width)
        if self.width() != width:
            self.resize(width, max(1, self.height()))
        if self.document().textWidth() != width:
            # Setting the same width again would lay out the whole text.
            self.document().setTextWidth(width)
            self.viewport().update()
        elif self.hasFocus():
            # The focus ring goes around the whole text.
            self.viewport().update()
        return round(self.document().size().height() + 0.5)

    def text(self) -> str:
        """What is read aloud."""
        return "\n".join(plain_of_block(block) for block in self.content.blocks)

    # -- links ----------------------------------------------------------------------------------------------------------

    def link_rect(self, fact_id: str, which: int = 0) -> QRect:
        """Where a linked value stands (its first line), in this widget; null if it is not there."""
        found = [index for index, link in enumerate(self.content.links) if link.fact == fact_id]
        return self._rects(found[which])[0].toAlignedRect() if which < len(found) else QRect()

    def focused_fact(self) -> str:
        """Fact whose link has the keyboard focus."""
        return self.content.links[self._focused].fact if 0 <= self._focused < len(self.content.links) else ""

    def _rects(self, index: int) -> list[QRectF]:
        """Rectangles of a link, one for each line it stands on."""
        link, found = self.content.links[index], []
        layout = self.document().documentLayout()
        position = link.start
        while position < link.end:
            block = self.document().findBlock(position)
            line = block.layout().lineForTextPosition(position - block.position())
            if not line.isValid():
                break
            stop = min(link.end, block.position() + line.textStart() + line.textLength())
            # PySide returns the x and the clamped cursor position.
            left = self._x(line.cursorToX(position - block.position()))
            right = self._x(line.cursorToX(stop - block.position()))
            origin = layout.blockBoundingRect(block).topLeft()
            found.append(QRectF(origin.x() + left, origin.y() + line.y(), right - left, line.height()))
            if stop <= position:
                break
            position = stop
        return found or [QRectF()]

    @staticmethod
    def _x(told: object) -> float:
        return float(told[0]) if isinstance(told, tuple) else float(told)  # type: ignore[arg-type]

    def _link_under(self, place: QPoint) -> int:
        position = self.document().documentLayout().hitTest(QPointF(place), Qt.HitTestAccuracy.ExactHit)
        if position < 0:
            return -1
        index = self.content.link_at(position)
        if index < 0 and position > 0:
            # A hit on the right half of a character gives the position after it.
            index = self.content.link_at(position - 1)
        if index >= 0 and not any(rect.adjusted(-1, 0, 1, 0).contains(QPointF(place)) for rect in self._rects(index)):
            return -1
        return index

    def _set_hover(self, index: int) -> None:
        if index == self._hover:
            return
        self._hover = index
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.IBeamCursor)
        self.link_hovered.emit(self.content.links[index].fact if index >= 0 else self.focused_fact())

    def hovered_rect(self) -> QRect:
        """Where the value stands that the pointer, or else the keyboard, is at; null without one."""
        index = self._hover if self._hover >= 0 else self._focused
        return self._rects(index)[0].toAlignedRect() if 0 <= index < len(self.content.links) else QRect()

    def _set_focused(self, index: int) -> None:
        if index != self._focused:
            self._focused = index
            self.viewport().update()
            self.link_hovered.emit(self.focused_fact())
        if index >= 0:
            self.caret_moved.emit()

    def focus_rect(self) -> QRect:
        """What must be in sight: the focused link, else the caret."""
        if 0 <= self._focused < len(self.content.links):
            return self._rects(self._focused)[0].toAlignedRect()
        return self.cursorRect()

    def step_link(self, forward: bool) -> bool:
        """Move the keyboard focus to the next or previous link; False where there is none further."""
        index = self._focused + (1 if forward else -1)
        if self._focused < 0 and not forward:
            return False
        if not 0 <= index < len(self.content.links):
            return False
        self._set_focused(index)
        return True

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab walks the links first."""
        return self.step_link(forward) or super().focusNextPrevChild(forward)

    def enter_by_keyboard(self, forward: bool) -> None:
        """Take the focus at the first link (or the last, coming backwards)."""
        self.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        if self.content.links:
            self._set_focused(0 if forward else len(self.content.links) - 1)

    # -- events ---------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the focused link, Escape leaves it; pages and undo belong to the conversation."""
        key = event.key()
        if not self._ring:
            self._ring = True
            self.viewport().update()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.focused_fact():
            self.link_clicked.emit(self.focused_fact())
        elif key == Qt.Key.Key_Escape and self._focused >= 0:
            self._set_focused(-1)
        elif event.matches(QKeySequence.StandardKey.Copy) and not self.textCursor().hasSelection():
            self.copy_all.emit()
        elif self._belongs_above(event):
            event.ignore()
        else:
            self._set_focused(-1)
            before = self.textCursor().position()
            super().keyPressEvent(event)
            if self.textCursor().position() != before:
                self.caret_moved.emit()

    @staticmethod
    def _belongs_above(event: QKeyEvent) -> bool:
        return (
            event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Escape)
            or event.matches(QKeySequence.StandardKey.Undo)
            or bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        )

    def event(self, event: QEvent) -> bool:
        """Undo is not ours: a text edit would claim its shortcut."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Undo)
        ):
            event.ignore()
            return False
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a selection, or a click on a link."""
        self._pressed = self._link_under(event.position().toPoint()) if event.button() == Qt.MouseButton.LeftButton else -1
        self._set_focused(-1)
        super().mousePressEvent(event)
        self._ring = False
        self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click that selected nothing opens the link under it."""
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, -1
        if pressed < 0 or self.textCursor().hasSelection():
            return
        if self._link_under(event.position().toPoint()) == pressed:
            self.link_clicked.emit(self.content.links[pressed].fact)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Find the link under the pointer."""
        if not event.buttons():
            self._set_hover(self._link_under(event.position().toPoint()))
        super().mouseMoveEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Leaving, and why a word is struck through."""
        if event.type() == QEvent.Type.Leave:
            self._set_hover(-1)
        elif isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self.viewport())
            return True
        return super().viewportEvent(event)

    def tip_at(self, place: QPoint) -> str:
        """The reason why the word at a place is struck through; empty elsewhere."""
        position = self.document().documentLayout().hitTest(QPointF(place), Qt.HitTestAccuracy.ExactHit)
        if position < 0:
            return ""
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(position + 1, self.document().characterCount() - 1))
        key = cursor.charFormat().property(STRUCK)
        return told(self._look, str(key or ""), {}, "")

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is; who clicks knows."""
        super().focusInEvent(event)
        self._ring = event.reason() != Qt.FocusReason.MouseFocusReason
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No link is focused any more."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._set_focused(-1)
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The conversation scrolls, not one message."""
        event.ignore()

    # -- copying --------------------------------------------------------------------------------------------------------

    def createMimeDataFromSelection(self) -> QMimeData:
        """The selection as plain text and Markdown: whole blocks as Markdown, parts of one as they read."""
        cursor = self.textCursor()
        plain: list[str] = []
        marked: list[str] = []
        for block, whole, first, last in self.content.parts_in(cursor.selectionStart(), cursor.selectionEnd()):
            if whole:
                plain.append(plain_of_block(block))
                marked.append(markdown_of_block(block))
            else:
                piece = QTextCursor(self.document())
                piece.setPosition(first)
                piece.setPosition(last, QTextCursor.MoveMode.KeepAnchor)
                text = readable(piece.selectedText())
                plain.append(text)
                marked.append(text)
        data = QMimeData()
        data.setText("\n".join(plain))
        data.setData("text/markdown", "\n\n".join(marked).encode())
        return data

    def canInsertFromMimeData(self, _source: QMimeData) -> bool:
        """Nothing is ever pasted here."""
        return False

    def copy_selection(self) -> None:
        """Put the selection onto the clipboard."""
        QGuiApplication.clipboard().setMimeData(self.createMimeDataFromSelection())

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars of quotes and ground of code below the text, the focus ring above it."""
        painter = QPainter(self.viewport())
        try:
            self._paint_grounds(painter)
        finally:
            painter.end()
        super().paintEvent(event)
        if not self.hasFocus() or not self._ring:
            return
        painter = QPainter(self.viewport())
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._look.color("focus"), 2))
            if 0 <= self._focused < len(self.content.links):
                for rect in self._rects(self._focused):
                    painter.drawRoundedRect(rect.adjusted(-2, 1, 1, -1), 2, 2)
            else:
                painter.drawRoundedRect(QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1), 3, 3)
        finally:
            painter.end()

    def _paint_grounds(self, painter: QPainter) -> None:
        layout = self.document().documentLayout()
        left = round(self.document().documentMargin())
        for quote, first, last in self.content.grounds():
            edge = 0 if quote else self._look.px(4)
            top = round(layout.blockBoundingRect(self.document().findBlock(first)).top()) - edge
            tall = round(layout.blockBoundingRect(self.document().findBlock(last)).bottom()) + edge - top
            if quote:
                painter.fillRect(left, top, 2, tall, self._look.color("line-control"))
            else:
                painter.fillRect(left, top, self.viewport().width() - 2 * left, tall, self._look.color("bg-raised"))
