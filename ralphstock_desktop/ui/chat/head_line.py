"""The first line of an answer: word, instant it stands for, where it comes from, how many of its numbers have a source."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from ralphstock_desktop.services.assistant_contracts import Answer, Turn
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.told import plain_tip
from ralphstock_desktop.ui.chat.written import clean
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.wording import format as fmt

__all__ = ["STANDING_NOTES", "HeadItem", "HeadLine", "head_items", "usage_lines"]

_ROW = 24
STANDING_NOTES = frozenset(("assistant.note.off", "assistant.note.no_key"))
"""Why no model was asked, where that is how the program is set: told by the tip of the head and below the input, not again
under every answer."""


@dataclass(frozen=True, slots=True)
class HeadItem:
    """A word or a chip (with ``edge``) of the head, with its icon, colour and tip."""

    text: str
    token: str
    icon: str = ""
    edge: str = ""
    ground: str = ""
    bold: bool = False
    title: bool = False
    tip: str = ""


def usage_lines(look: Appearance, answer: Answer) -> list[str]:
    """What the answer cost: model, tokens, money, times. Empty for an answer no model wrote."""
    usage, tr = answer.usage, look.tr
    if usage is None:
        return []
    money = tr("chat_view.usage.no_price") if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
    first = fmt.MISSING if usage.first_token_ms is None else fmt.duration(usage.first_token_ms / 1000, look.language)
    return [
        clean(usage.model),
        tr("chat_view.usage.tokens", input=fmt.number(usage.input_tokens), output=fmt.number(usage.output_tokens)),
        tr("chat_view.usage.cost", cost=money),
        tr("chat_view.usage.times", first=first, total=fmt.duration(usage.total_ms / 1000, look.language)),
    ]


def head_items(look: Appearance, turn: Turn) -> list[HeadItem]:
    """The items of an answer's head."""
    tr, answer = look.tr, turn.answer
    items = [HeadItem(tr("chat_view.answer"), "text", bold=True, title=True)]
    if turn.state == "stopped":
        items.append(HeadItem(tr("chat_view.stopped"), "warning", icon="close", edge="warning"))
    if answer is None:
        return items
    moment = tr("chat_view.as_of", time=fmt.as_of_short(answer.as_of))
    tip = fmt.as_of_long(answer.as_of, look.language)
    items.append(HeadItem(moment, "text-secondary", icon="check", edge="line-strong", tip=tip))
    if answer.source == "template":
        tip = "\n".join((tr("chat_view.template.tip"), *(tr(key) for key, _ in answer.notes if key in STANDING_NOTES)))
        word = tr("chat_view.template")
        if answer.refusal is None and turn.error is None and any(key in STANDING_NOTES for key, _ in answer.notes):
            # Nothing went wrong: no model was to be asked.
            items.append(HeadItem(word, "text-secondary", icon="table", edge="line-strong", tip=tip))
        else:
            items.append(HeadItem(word, "warning", icon="warning", edge="warning", ground="warning-tint", tip=tip))
    else:
        lines = usage_lines(look, answer)
        word = lines[0] if lines else tr("chat_view.model")
        items.append(HeadItem(word, "text-secondary", icon="chat", edge="line-strong", tip="\n".join(lines[1:])))
    if answer.numbers:
        whole = answer.linked == answer.numbers
        text = tr("chat_view.numbers", numbers=answer.numbers, linked=answer.linked)
        items.append(HeadItem(text, "success" if whole else "danger", icon="" if whole else "error", bold=True))
    return items


class HeadLine(QWidget):
    """Paints the items, wrapping where they do not fit; a chip's tip says what stands behind it."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._look, self._canvas = look, Canvas(look)
        self._items: list[HeadItem] = []
        self._places: list[QRect] = []

    def set_items(self, items: list[HeadItem]) -> None:
        """Show other items; lay out afterwards."""
        self._items = items
        self._canvas.reset()
        self.setAccessibleName(" · ".join(item.text for item in items))
        self.update()

    def lay_out(self, width: int) -> int:
        """Find every item's place within a width and return the height."""
        px, self._places = self._look.px, []
        x, y = 0, 0
        for item in self._items:
            wide = round(self._canvas.width(item.text, "title" if item.title else "caption", item.bold) + 0.5)
            wide += (px(17) if item.icon else 0) + (px(12) if item.edge else 0)
            wide = min(wide, width)
            if x and x + wide > width:
                x, y = 0, y + px(_ROW)
            self._places.append(QRect(x, y, wide, px(_ROW)))
            x += wide + px(8)
        return y + px(_ROW)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the items."""
        painter = QPainter(self)
        try:
            canvas, px = self._canvas, self._look.px
            canvas.begin(painter, self.devicePixelRatioF())
            for item, place in zip(self._items, self._places, strict=False):
                x, room = place.x(), place.width()
                if item.edge:
                    tall = px(18)
                    canvas.chip(x, place.y() + (place.height() - tall) // 2, room, tall, fill=item.ground, edge=item.edge)
                    x, room = x + px(6), room - px(12)
                if item.icon:
                    picture = self._look.pixmap(item.icon, item.token, 13, canvas.ratio)
                    painter.drawPixmap(x, place.y() + (place.height() - px(13)) // 2, picture)
                    x, room = x + px(17), room - px(17)
                canvas.text(x, place.y(), room, place.height(), item.text, item.token,
                            size="title" if item.title else "caption", bold=item.bold, elide=True)  # fmt: skip
        finally:
            painter.end()

    def event(self, event: QEvent) -> bool:
        """Tips of the chips."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for item, place in zip(self._items, self._places, strict=False):
                if place.contains(event.pos()):
                    QToolTip.showText(event.globalPos(), plain_tip(item.tip), self)
            return True
        return super().event(event)

    def tip_of(self, text: str) -> str:
        """The tip of the item with a text."""
        return next((item.tip for item in self._items if item.text == text), "")

    def texts(self) -> list[str]:
        """The words shown."""
        return [item.text for item in self._items]
