"""The two orange blocks: why a model's answer is not shown, and that asking the model failed.

Both carry the error icon and words, so the colour is never alone. The model's own sentence is shown only on request, inside the
refusal, with what has no source struck through.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.services.assistant_contracts import Fact, Refusal, spans_of
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.body_view import BodyView
from ralphstock_desktop.ui.chat.source_chips import OutlineButton
from ralphstock_desktop.ui.chat.told import told
from ralphstock_desktop.ui.chat.written import clean
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.dialogs.errors import error_code, error_sentence
from ralphstock_desktop.wording import format as fmt

__all__ = ["ErrorBlock", "NoticeBlock", "RefusalBlock"]

_LINE = 20
_COUNTED = frozenset({"numbers", "symbols"})
"""Refusals whose count is a number of words without a source."""


class NoticeBlock(QWidget):
    """An orange block with a headline that wraps, one word button at the right, and whatever a subclass sets below."""

    resized = Signal()
    """The block needs another height."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.look, self.canvas = look, Canvas(look)
        self.button = OutlineButton(look, "word", self, ink="link")
        self.head = ""
        self._lines: list[str] = []

    def restyle(self) -> None:
        """Take words and sizes anew."""
        self.canvas.reset()
        self.update()

    def lay_out(self, width: int) -> int:
        """Place everything within a width and return the height."""
        px = self.look.px
        wide = self.button.sizeHint().width() if self.button.isVisibleTo(self) else 0
        below = wide > width // 3
        room = width - px(34) - px(8) - (0 if below else wide)
        self._lines = self.canvas.wrapped(self.head, room, "body", True)
        bottom = px(8) + px(_LINE) * len(self._lines)
        hint = self.button.sizeHint()
        if wide and below:
            self.button.setGeometry(px(27), bottom, min(wide, width - px(34)), hint.height())
            bottom += hint.height()
        elif wide:
            self.button.setGeometry(width - wide - px(6), px(7), wide, hint.height())
        return self.lay_out_below(bottom, width) + px(8)

    def lay_out_below(self, top: int, _width: int) -> int:
        """Place what stands below the headline; return its bottom edge."""
        return top

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, edge, icon and headline."""
        painter = QPainter(self)
        try:
            canvas, px = self.canvas, self.look.px
            canvas.begin(painter, self.devicePixelRatioF())
            canvas.chip(0, 0, self.width(), self.height(), fill="danger-tint")
            canvas.fill(0, 0, px(3), self.height(), "danger")
            painter.drawPixmap(px(12), px(10), self.look.pixmap("error", "danger", 16, canvas.ratio))
            for number, line in enumerate(self._lines):
                top = px(8) + number * px(_LINE)
                canvas.text(px(34), top, self.width() - px(34), px(_LINE), line, "danger", bold=True)
            self.paint_below()
        finally:
            painter.end()

    def paint_below(self) -> None:
        """Draw what a subclass adds; the canvas is wound up."""


class RefusalBlock(NoticeBlock):
    """Why the model's answer is not shown, and on request what it had written."""

    link_clicked = Signal(str)

    def __init__(self, look: Appearance, refusal: Refusal, facts: tuple[Fact, ...], parent: QWidget) -> None:
        super().__init__(look, parent)
        self.refusal, self._facts = refusal, facts
        self.body: BodyView | None = None
        self.expanded = False
        self._why_text = ""
        self._why: list[str] = []
        self._why_top = 0
        self._detail: list[str] = []
        self._detail_top = 0
        self.button.clicked.connect(self.toggle)
        self.button.setVisible(bool(refusal.blocks))
        self.restyle()

    def restyle(self) -> None:
        """Words of the language, and the model's text in the new colours."""
        refusal, tr = self.refusal, self.look.tr
        fields = {**refusal.fields, "count": refusal.count}
        counted = refusal.key.rpartition(".")[2] in _COUNTED and refusal.count > 0
        self.head = tr("chat_view.refused.count", count=refusal.count) if counted else tr("chat_view.refused")
        self._why_text = told(self.look, refusal.key, fields, "")
        self.button.set_words(tr("chat_view.refusal.close" if self.expanded else "chat_view.refusal.open"))
        if self.body is not None:
            self.body.restyle()
        self._tell()
        super().restyle()

    def toggle(self) -> None:
        """Show or hide what the model had written."""
        self.expanded = not self.expanded
        if self.expanded and self.body is None:
            self.body = BodyView(self.look, self, ink="text-secondary")
            self.body.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            self.body.link_clicked.connect(self.link_clicked)
            self.body.setAccessibleName(self.look.tr("chat_view.refusal.text"))
            self.body.show_blocks(self.refusal.blocks, self._facts)
        if self.body is not None:
            self.body.setVisible(self.expanded)
        self.restyle()
        self.resized.emit()

    def text(self) -> str:
        """Headline and reasons, as read aloud; the struck words only while they are shown."""
        lines = [self.head, *([self._why_text] if self._why_text else [])]
        if self.expanded:
            tr, struck = self.look.tr, [span for span in spans_of(self.refusal.blocks) if span.struck]
            for span in struck:
                lines.append(tr("chat_view.access.struck", text=clean(span.text), reason=self._reason(span.struck)))
        return "\n".join(lines)

    def _reason(self, key: str) -> str:
        return told(self.look, key, {}, "")

    def _tell(self) -> None:
        self.setAccessibleName(self.head)
        self.setAccessibleDescription(self.text())
        if self.body is not None:
            self.body.setAccessibleDescription(self.text())

    def _reasons(self) -> list[str]:
        """Every reason once, for those who see the struck words without pointing at them."""
        keys = dict.fromkeys(span.struck for span in spans_of(self.refusal.blocks) if span.struck)
        return [reason for key in keys if (reason := self._reason(key))]

    def lay_out_below(self, top: int, width: int) -> int:
        """Why, on request the model's text, then what is wrong with it."""
        px = self.look.px
        self._detail = []
        self._why = self.canvas.wrapped(self._why_text, width - px(34) - px(8)) if self._why_text else []
        self._why_top = top
        top += px(_LINE - 2) * len(self._why)
        if not self.expanded or self.body is None:
            return top
        room = width - px(31) - px(8)
        tall = self.body.lay_out(room)
        self.body.setGeometry(px(31), top, room, tall)
        self._detail_top = top + tall + px(2)
        for reason in self._reasons():
            self._detail += self.canvas.wrapped(reason, room - px(3))
        return self._detail_top + px(_LINE - 2) * len(self._detail)

    def paint_below(self) -> None:
        """Why, and what is wrong with the struck words."""
        px = self.look.px
        for first, lines in ((self._why_top, self._why), (self._detail_top, self._detail)):
            for number, line in enumerate(lines):
                top = first + number * px(_LINE - 2)
                self.canvas.text(px(34), top, self.width() - px(34), px(_LINE - 2), line, "text", size="caption")


class ErrorBlock(NoticeBlock):
    """That the model could not be asked: the sentence, its code, and asking again once that makes sense."""

    retry = Signal()

    def __init__(
        self, look: Appearance, error: RalphStockError, until_ms: int, now_ms: Callable[[], int], parent: QWidget
    ) -> None:
        super().__init__(look, parent)
        self.error, self._until_ms, self._now_ms = error, until_ms, now_ms
        self._timer = QTimer(self)
        self._timer.setInterval(500)
        self._timer.timeout.connect(self._count)
        self.button.clicked.connect(self.retry)
        self.button.setVisible(not isinstance(error, ProviderError) or error.retryable)
        self.restyle()

    def seconds_left(self) -> int:
        """Whole seconds until asking again makes sense."""
        return max(0, math.ceil((self._until_ms - self._now_ms()) / 1000))

    def restyle(self) -> None:
        """Words of the language."""
        self.head = clean(f"{error_sentence(self.look, self.error)} [{error_code(self.error)}]").replace("\n", " ")
        self.setAccessibleName(self.head)
        self._count()
        super().restyle()

    def text(self) -> str:
        """As read aloud."""
        return self.head

    def _count(self) -> None:
        left, tr = self.seconds_left(), self.look.tr
        if left:
            time = fmt.duration(left, self.look.language, whole=True)
            self.button.set_words(tr("chat_view.retry_in", time=time), icon="time")
        else:
            self._timer.stop()
            self.button.set_words(tr("chat_view.retry"), icon="undo")
        self.button.settled = left > 0
        self.button.ink = self.button.icon_ink = "text-secondary" if left else "link"
        self.button.setEnabled(not left)
        self.resized.emit()

    def showEvent(self, event: QShowEvent) -> None:
        """Count only while somebody can see it."""
        super().showEvent(event)
        if self.seconds_left():
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest."""
        super().hideEvent(event)
        self._timer.stop()
