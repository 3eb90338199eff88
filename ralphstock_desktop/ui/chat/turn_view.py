"""One message of a conversation: what every message can do, and the user's own, at the right on the accent tint."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QMenu, QWidget

from ralphstock_desktop.services.assistant_contracts import Fact, Paragraph, Span, Turn
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.body_view import BodyView
from ralphstock_desktop.ui.chat.source_chips import OutlineButton
from ralphstock_desktop.ui.chat.written import clean
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.wording import format as fmt

__all__ = ["TurnView", "UserTurnView", "put_on_clipboard"]


def put_on_clipboard(plain: str, markdown: str) -> None:
    """Put a text onto the clipboard in both forms."""
    data = QMimeData()
    data.setText(plain)
    data.setData("text/markdown", markdown.encode())
    QGuiApplication.clipboard().setMimeData(data)


class TurnView(QWidget):
    """A message. It is laid out by the conversation: :meth:`lay_out` takes a width and tells the height.

    Signals
    -------
    fact_clicked(fact_id), chip_clicked(number), proposal_clicked(id), proposal_undo(id), retry, edit, stop, copied
        What the user did.
    link_hovered(fact_id, place)
        Pointer or keyboard came to a linked value (its global rectangle); empty when it left.
    height_changed
        Lay out again.
    caret_moved(place)
        Keep this rectangle (of the message) in sight.
    """

    fact_clicked = Signal(str)
    chip_clicked = Signal(int)
    proposal_clicked = Signal(str)
    proposal_undo = Signal(str)
    retry = Signal()
    edit = Signal()
    stop = Signal()
    copied = Signal()
    link_hovered = Signal(str, QRect)
    height_changed = Signal()
    caret_moved = Signal(QRect)

    def __init__(self, look: Appearance, turn: Turn, parent: QWidget) -> None:
        super().__init__(parent)
        self.look, self.turn, self.canvas = look, turn, Canvas(look)
        self.first = False
        """No separator above it."""
        # Growing at the end paints the end; whatever else moves is told by the layout.
        self.setAttribute(Qt.WidgetAttribute.WA_StaticContents)
        self.more = OutlineButton(look, "icon", self)
        self.more.quiet = True
        self.more.clicked.connect(self.open_menu)
        self.menu = QMenu(self)
        self.more.set_words("", icon="more", name=look.tr("chat_view.more"))

    # -- for the conversation -------------------------------------------------------------------------------------------

    def show_turn(self, turn: Turn) -> None:
        """Show the message as it is now."""
        raise NotImplementedError

    def restyle(self) -> None:
        """Take colours, sizes and words of the appearance anew."""
        self.canvas.reset()
        self.more.set_words("", icon="more", name=self.look.tr("chat_view.more"))
        self.update()

    def lay_out(self, width: int) -> int:
        """Place everything within a width and return the height."""
        raise NotImplementedError

    def focusables(self) -> list[QWidget]:
        """What Tab stops at, in reading order."""
        raise NotImplementedError

    def plain(self) -> str:
        """The message as read aloud and copied."""
        raise NotImplementedError

    def markdown(self) -> str:
        """The message as Markdown."""
        raise NotImplementedError

    def fact(self, _fact_id: str) -> Fact | None:
        """A fact of this message."""
        return None

    def actions_of_menu(self) -> None:
        """Fill the menu of this message."""
        raise NotImplementedError

    @property
    def pad(self) -> int:
        """Free edge at both sides: less in a narrow panel."""
        return self.look.px(16) if self.width() >= self.look.px(440) else self.look.px(10)

    # -- copying and menu -----------------------------------------------------------------------------------------------

    def copy(self) -> None:
        """Copy the whole message."""
        put_on_clipboard(self.plain(), self.markdown())
        self.copied.emit()

    def add_copy_actions(self, body: BodyView) -> None:
        """Copy the selection, where there is one, and the whole message."""
        if body.textCursor().hasSelection():
            self.menu.addAction(self.look.tr("chat_view.copy_selection"), body.copy_selection)
        self.menu.addAction(self.look.icon("export"), self.look.tr("chat_view.copy"), self.copy)

    def open_menu(self, place: QPoint | None = None) -> None:
        """Open the menu at a global place, or below its button."""
        self.menu.clear()
        self.actions_of_menu()
        at = place if isinstance(place, QPoint) else self.more.mapToGlobal(QPoint(0, self.more.height()))
        self.menu.popup(at)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The same menu at the pointer."""
        self.open_menu(event.globalPos())

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the button of the menu."""
        super().enterEvent(event)
        self._reveal(True)

    def leaveEvent(self, event: QEvent) -> None:
        """Hide it again."""
        super().leaveEvent(event)
        self._reveal(False)

    def _reveal(self, on: bool) -> None:
        self.more.quiet = not on
        self.more.update()

    def make_body(self, *, ink: str = "text", quiet: bool = False) -> BodyView:
        """A text of this message, wired up."""
        body = BodyView(self.look, self, ink=ink, quiet=quiet)
        body.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        body.link_clicked.connect(self.fact_clicked)
        body.copy_all.connect(self.copy)
        body.link_hovered.connect(lambda fact: self._on_hover(body, fact))
        body.caret_moved.connect(lambda: self.caret_moved.emit(body.focus_rect().translated(body.mapTo(self, QPoint(0, 0)))))
        return body

    def _on_hover(self, body: BodyView, fact: str) -> None:
        place = body.hovered_rect() if fact else QRect()
        self.link_hovered.emit(fact, QRect(body.mapToGlobal(place.topLeft()), place.size()))


class UserTurnView(TurnView):
    """What the user wrote."""

    def __init__(self, look: Appearance, turn: Turn, parent: QWidget) -> None:
        super().__init__(look, turn, parent)
        self.body = self.make_body()
        self._bubble, self._time, self._time_place = QRect(), "", QRect()
        self.show_turn(turn)

    def show_turn(self, turn: Turn) -> None:
        """Show what was written, line by line; it is text and nothing else."""
        self.turn = turn
        if self.body.show_blocks((Paragraph((Span(clean(turn.text)),)),)):
            self.body.paint_changes()
        self._label()

    def _label(self) -> None:
        self._time = fmt.clock(self.turn.created_ns, seconds=False)
        name = self.look.tr("chat_view.access.user", time=self._time)
        for widget in (self, self.body):
            widget.setAccessibleName(name)
            widget.setAccessibleDescription(self.plain())

    def restyle(self) -> None:
        """See :class:`TurnView`."""
        super().restyle()
        self.body.restyle()
        self._label()

    def lay_out(self, width: int) -> int:
        """Bubble at the right, as wide as its text; time and menu at its left."""
        px = self.look.px
        if self.width() != width:
            self.resize(width, self.height())
        font = self.look.font("title")
        metrics = QFontMetricsF(font)
        time_wide = round(QFontMetricsF(self.look.font("caption")).horizontalAdvance(self._time)) + px(8)
        margin = 2 * round(self.body.document().documentMargin())
        most = width - 2 * self.pad - time_wide - px(24) - px(18)
        longest = max(metrics.horizontalAdvance(line) for line in clean(self.turn.text).split("\n"))
        wide = max(px(20), min(round(longest + 1.5) + margin, most))
        top = px(4) if self.first else px(12)
        tall = self.body.lay_out(wide)
        inner = px(9)
        self._bubble = QRect(width - self.pad - wide - 2 * inner, top, wide + 2 * inner, tall + px(6))
        # A line's free height stands above its letters: a little higher looks centred.
        self.body.setGeometry(self._bubble.left() + inner, top + px(1), wide, tall)
        line = px(28)
        self._time_place = QRect(self._bubble.left() - time_wide, top, time_wide - px(8), line)
        hint = self.more.sizeHint()
        corner = QPoint(self._time_place.left() - px(2) - hint.width(), top + (line - hint.height()) // 2)
        self.more.setGeometry(QRect(corner, hint))
        self.update()
        return self._bubble.bottom() + 1 + px(6)

    def focusables(self) -> list[QWidget]:
        """Text, then menu."""
        return [self.body, self.more]

    def plain(self) -> str:
        """What was written."""
        return clean(self.turn.text)

    def markdown(self) -> str:
        """What was written."""
        return clean(self.turn.text)

    def actions_of_menu(self) -> None:
        """Copy, ask differently."""
        self.add_copy_actions(self.body)
        self.menu.addAction(self.look.icon("journal"), self.look.tr("chat_view.edit"), self.edit.emit)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Separator, bubble, time."""
        painter = QPainter(self)
        try:
            canvas, px = self.canvas, self.look.px
            canvas.begin(painter, self.devicePixelRatioF())
            if not self.first:
                canvas.fill(self.pad, 0, self.width() - 2 * self.pad, 1, "line-hair")
            place = self._time_place
            canvas.text(place.x(), place.y(), place.width(), place.height(), self._time, "text-muted", size="caption")
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(self.look.color("accent", 0.45))
            painter.setBrush(self.look.color("accent-tint"))
            painter.drawRoundedRect(QRectF(self._bubble).adjusted(0.5, 0.5, -0.5, -0.5), px(6), px(6))
        finally:
            painter.end()
