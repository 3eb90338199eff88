"""Body of the closing-bet card: six components, the sentences that scored, the filters and the record. Painted, scrolled.

↑↓ walk over components and sentences; a component in focus lights its bars on the chart. Enter pins a component or opens the
article of a sentence, C copies the row, Esc lets go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from engine.model.evidence import ItemState
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.closing_cells import paint_blocks_at
from ralphstock_desktop.ui.docks.closing_paint import STATE_TOKEN, paint_shape, paint_title, title_lines
from ralphstock_desktop.ui.docks.news_links import article_url, open_article
from ralphstock_desktop.ui.viewmodels.closing_card import ClosingCardViewModel
from ralphstock_desktop.ui.viewmodels.closing_components import ComponentLine
from ralphstock_desktop.ui.viewmodels.closing_lines import FilterChip, NewsLine

__all__ = ["CardBodyView"]

_WIDE = 470
_ROW, _TALL_ROW = 44, 80
_LINE = 16


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of the body: where it stands and who paints it."""

    id: str
    top: int
    height: int
    paint: Callable[[int, int], None]


class CardBodyView(QAbstractScrollArea):
    """See the module text."""

    def __init__(self, view_model: ClosingCardViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self._parts: list[_Part] = []
        self._links: dict[str, QRect] = {}
        """Where ``open article`` stands in the viewport, by line."""
        self._left_out: dict[str, list[str]] = {}
        """Words of a row for which there was no room: its tooltip has them."""
        self._hover = ""
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        view_model.changed.connect(self.lay_out)
        view_model.focus_changed.connect(self._on_focus)
        appearance.changed.connect(self._on_appearance)

    # -- layout ---------------------------------------------------------------------------------------------------------

    @property
    def is_wide(self) -> bool:
        """Whether value and next rung stand beside the blocks."""
        return self.viewport().width() >= self._look.px(_WIDE)

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.lay_out()

    def lay_out(self) -> None:
        """Place every part."""
        vm, px = self._vm, self._look.px
        self._parts, top = [], 0

        def add(identity: str, height: int, paint: Callable[[int, int], None]) -> None:
            nonlocal top
            self._parts.append(_Part(identity, top, height, paint))
            top += height

        for line in vm.components:
            add(line.id, px(_ROW if self.is_wide else _TALL_ROW), partial(self._paint_component, line))
        if vm.components:
            add("", px(30), self._paint_news_title)
            for story in vm.news:
                add(story.id, self._story_height(story), partial(self._paint_story, story))
            if vm.news_note:
                add("", px(24), lambda y, h: self._paint_note(vm.news_note, y, h))
            add("", px(6), lambda _y, _h: None)
            add("", self._filters_height(), self._paint_filters)
            add("", px(8), lambda y, h: self._canvas.fill(0, y + h - 1, self.viewport().width(), 1, "line-hair"))
            add("", px(10) + px(_LINE) * len(self._record_lines()), self._paint_record)
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, top - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(px(_ROW) // 2)
        self.viewport().update()
        self._tell_screen_reader()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place everything anew."""
        super().resizeEvent(event)
        self.lay_out()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Everything is painted from the scroll position."""
        self.viewport().update()

    def ask_subject(self, place: QPoint | None) -> AskSubject | None:
        """What the row at a viewport position (None: the row in focus) is about."""
        vm = self._vm
        if vm.head is None:
            return None
        identity = self._at(place) if place is not None else vm.focused
        line, story = vm.component(identity), vm.news_line(identity)
        if story is not None:
            return AskSubject("article", vm.ticker, vm.head.name, label=story.title)
        label = line.label if line is not None else ""
        return AskSubject("item" if label else "symbol", vm.ticker, vm.head.name, label=label)

    def rect_of(self, identity: str) -> QRect:
        """Viewport rectangle of a component or sentence."""
        for part in self._parts:
            if part.id == identity:
                return QRect(0, part.top - self.verticalScrollBar().value(), self.viewport().width(), part.height)
        return QRect()

    def link_rect(self, identity: str) -> QRect:
        """Viewport rectangle of the word that opens an article; null where there is none."""
        return self._links.get(identity, QRect())

    def _at(self, place: QPoint) -> str:
        y = place.y() + self.verticalScrollBar().value()
        return next((part.id for part in self._parts if part.top <= y < part.top + part.height), "")

    # -- changes --------------------------------------------------------------------------------------------------------

    def _on_focus(self) -> None:
        rect, bar = self.rect_of(self._vm.focused), self.verticalScrollBar()
        if not rect.isNull():
            if rect.top() < 0:
                bar.setValue(bar.value() + rect.top())
            elif rect.bottom() > self.viewport().height():
                bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + 1)
        self.viewport().update()
        self._tell_screen_reader()

    def _tell_screen_reader(self) -> None:
        vm, tr = self._vm, self._look.tr
        line, story = vm.component(vm.focused), vm.news_line(vm.focused)
        text = ""
        if line is not None:
            following = " ".join(part for part in (line.rung, line.margin) if part)
            state = tr(f"evidence.state.{line.state.name.lower()}")
            text = tr(
                "closing.access.row", item=line.label, points=f"{line.points}/{line.most}", state=state, value=line.value,
                next=following, known=line.known,
            )  # fmt: skip
        elif story is not None:
            text = tr("closing.access.news", effect=story.effect, title=story.title, line=story.line)
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    # -- input ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk, pin or open, copy, let go."""
        vm, key = self._vm, event.key()
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Home: -1_000, Qt.Key.Key_End: 1_000}
        if key in steps:
            vm.step(steps[Qt.Key(key)])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            story = vm.news_line(vm.focused)
            if story is not None:
                open_article(story.url)
            else:
                vm.toggle_pin()
        elif key == Qt.Key.Key_C or event.matches(QKeySequence.StandardKey.Copy):
            text = vm.copied_sentence()
            if text:
                QGuiApplication.clipboard().setText(text)
        elif key == Qt.Key.Key_Escape and vm.focused:
            vm.clear_focus()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Focus a row, or open the article behind the word."""
        place = event.position().toPoint()
        if event.button() == Qt.MouseButton.LeftButton:
            story = self._link_at(place)
            if story is not None:
                open_article(story.url)
            else:
                self._vm.focus(self._at(place))
        super().mousePressEvent(event)

    def _link_at(self, place: QPoint) -> NewsLine | None:
        found = next((identity for identity, rect in self._links.items() if rect.contains(place)), "")
        return self._vm.news_line(found)

    def viewportEvent(self, event: QEvent) -> bool:
        """Hover, hand cursor over a link, and tooltips of what is not on screen."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self.viewport())
            return True
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            place = event.position().toPoint()
            over = self._link_at(place) is not None
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
            self._set_hover(self._at(place))
        elif event.type() == QEvent.Type.Leave:
            self._set_hover("")
        return super().viewportEvent(event)

    def _set_hover(self, identity: str) -> None:
        if identity != self._hover:
            self._hover = identity
            self.viewport().update()

    def tip_at(self, place: QPoint) -> str:
        """Address of an article before it is opened; a row's calculations, and its words for which there was no room."""
        story = self._link_at(place)
        if story is not None:
            url = article_url(story.url)
            return url.toDisplayString() if url is not None else ""
        identity = self._at(place)
        line = self._vm.component(identity)
        sentences = [words for words in line.sentences if words] if line is not None else []
        return "\n".join([*self._left_out.get(identity, []), *sentences])

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the parts in sight."""
        painter = QPainter(self.viewport())
        try:
            canvas = self._canvas
            canvas.begin(painter, self.devicePixelRatioF())
            height, offset = self.viewport().height(), self.verticalScrollBar().value()
            canvas.fill(0, 0, self.viewport().width(), height, "bg-panel")
            self._links.clear()
            self._left_out.clear()
            for part in self._parts:
                y = part.top - offset
                if y + part.height > 0 and y < height:
                    part.paint(y, part.height)
        finally:
            painter.end()

    def _ground(self, identity: str, top: int, tall: int) -> str:
        """Selection, hover and hairline of a row; return the token of its main text."""
        canvas, width = self._canvas, self.viewport().width()
        focused = identity == self._vm.focused
        if focused:
            canvas.fill(0, top, width, tall, "selection")
            canvas.fill(0, top, self._look.px(2), tall, "evidence")
        elif identity == self._hover:
            canvas.fill(0, top, width, tall, "bg-hover")
        canvas.fill(0, top + tall - 1, width, 1, "line-hair")
        return "selection-text" if focused else "text"

    def _paint_component(self, line: ComponentLine, top: int, tall: int) -> None:
        canvas, px, wide = self._canvas, self._look.px, self.is_wide
        text, width = self._ground(line.id, top, tall), self.viewport().width()
        paint_shape(canvas, line.state, px(12), top + px(9), px(13))
        left, first, second = px(36), top + px(5), top + px(23)
        canvas.text(left, first, px(74), px(18), line.label, text, bold=True, elide=True)
        canvas.text(
            left, second, px(74), px(_LINE), self._look.tr("closing.card.max", most=line.most), "text-muted", size="micro"
        )
        blocks = px(112)
        room = min(px(48), max(px(22), (width * 27 // 100 - px(4)) // 3)) if wide else px(34)
        known = line.state is not ItemState.UNKNOWN
        paint_blocks_at(
            canvas, blocks, first + px(4), line.earned, line.most, known=known, block=(room, px(11)), gap=px(2)
        )  # fmt: skip
        end = blocks + 3 * room + 2 * px(2) + px(8)
        used = round(
            canvas.text(end, first, px(30), px(18), line.points, text if known else "unknown", size="title", bold=True)
        )
        if known:
            canvas.text(end + used + px(3), first, px(24), px(18), f"/{line.most}", "text-muted", size="caption")
        ladder_room = end + px(38) - blocks if wide else width - px(12) - blocks
        self._cut(line.id, blocks, second, ladder_room, line.ladder, "text-muted", size_micro=not wide)
        if wide:
            value = end + px(52)
            self._paint_value(line, value, first, second, text)
        else:
            self._paint_value(line, left, top + px(40), top + px(58), text)

    def _paint_value(self, line: ComponentLine, left: int, first: int, second: int, text: str) -> None:
        """Measured value with its known-at, and below it the next rung with the margin."""
        canvas, px, edge = self._canvas, self._look.px, self.viewport().width() - self._look.px(10)
        missing = line.state is ItemState.UNKNOWN
        token = "unknown" if missing else "warning" if line.provisional else text
        known_token = "warning" if line.provisional else "text-muted"
        known_room = canvas.width(line.known, "micro") + px(8)
        following = (line.rung, line.margin)
        room = edge - left
        if canvas.width(line.value, "body", True) + known_room <= room:
            canvas.text(left, first, room, px(18), line.known, known_token, align="right", size="micro")
        elif canvas.width("  ".join(following), "caption") + known_room <= room:
            canvas.text(left, second, room, px(_LINE), line.known, known_token, align="right", size="micro")
        elif line.known:
            self._left_out.setdefault(line.id, []).append(line.known)
        self._cut(line.id, left, first, room, line.value, token, bold=True)
        self._paint_next(line, left, second)

    def _paint_next(self, line: ComponentLine, left: int, top: int) -> None:
        canvas, px = self._canvas, self._look.px
        used = (
            round(canvas.text(left, top, px(200), px(_LINE), line.rung, "text-muted", size="caption")) if line.rung else -px(8)
        )
        token = "text-secondary" if line.state is ItemState.PASSED else STATE_TOKEN[line.state]
        if line.margin:
            canvas.text(left + used + px(8), top, px(200), px(_LINE), line.margin, token, size="caption", bold=True)

    def _cut(
        self, identity: str, x: int, top: int, room: float, text: str, token: str, *, bold: bool = False,
        size_micro: bool = False,
    ) -> None:  # fmt: skip
        """Draw a line; what does not fit goes whole into the tooltip."""
        size: FontSize = "body" if bold else "micro" if size_micro else "caption"
        if self._canvas.width(text, size, bold) > room:
            self._left_out.setdefault(identity, []).append(text)
        self._canvas.text(x, top, room, self._look.px(18 if bold else _LINE), text, token, size=size, bold=bold, elide=True)

    # -- sentences ------------------------------------------------------------------------------------------------------

    def _paint_news_title(self, top: int, tall: int) -> None:
        canvas, px = self._canvas, self._look.px
        title, how = self._vm.news_title
        used = round(canvas.text(px(12), top + px(3), px(300), tall - px(3), title, "text", bold=True))
        left = px(12) + used + px(14)
        room = self.viewport().width() - left - px(10)
        canvas.text(left, top + px(3), room, tall - px(3), how, "text-muted", size="caption", elide=True)

    def _title_room(self) -> int:
        return self.viewport().width() - self._look.px(24 + 12 + 66)

    def _story_height(self, story: NewsLine) -> int:
        lines = len(title_lines(self._canvas, story.title, self._title_room()))
        return self._look.px(18 * lines + 16 + 12 + 5)

    def _paint_story(self, story: NewsLine, top: int, tall: int) -> None:
        canvas, px, width = self._canvas, self._look.px, self.viewport().width()
        focused = story.id == self._vm.focused
        left, box = px(12), tall - px(5)
        ground = "selection" if focused else "bg-hover" if story.id == self._hover else "bg-header"
        canvas.fill(left, top, width - px(22), box, ground)
        edge = "evidence" if focused else "danger" if story.severe else "accent" if story.counts else "line-strong"
        canvas.fill(left, top, px(2), box, edge)
        x, room = left + px(10), self._title_room()
        token = ("selection-text" if focused else "text") if story.counts else "text-muted"
        lines = paint_title(canvas, x, top + px(5), room, px(18), story.title, story.hits, token)
        right = width - px(18)
        effect = "text" if story.counts else "text-muted"
        canvas.text(x, top + px(5), right - x, px(18), story.effect, effect, align="right", size="title", bold=story.counts)
        below = top + px(6) + lines * px(18)
        word = self._look.tr("closing.card.open")
        wide = round(canvas.width(word, "caption"))
        if article_url(story.url) is not None:
            canvas.text(right - wide, below, wide, px(_LINE), word, "link", size="caption", bold=False)
            self._links[story.id] = QRect(right - wide - px(3), below - px(1), wide + px(6), px(_LINE + 2))
        self._cut(story.id, x, below, right - wide - px(10) - x, story.line, "text-muted")

    def _paint_note(self, text: str, top: int, tall: int) -> None:
        room = self.viewport().width() - self._look.px(22)
        self._canvas.text(self._look.px(12), top, room, tall, text, "text-muted", size="caption", elide=True)

    # -- filters and record ---------------------------------------------------------------------------------------------

    def _filter_title(self) -> str:
        failed = sum(chip.passed is False for chip in self._vm.filters)
        return self._look.tr("closing.card.filters.failed", count=failed) if failed else self._look.tr("closing.card.filters")

    def _placed_chips(self) -> list[tuple[FilterChip, int, int, int]]:
        """Chips with x, row and width."""
        px, canvas = self._look.px, self._canvas
        left = px(12) if not self.is_wide else px(12) + round(canvas.width(self._filter_title(), "body", True)) + px(14)
        edge, x, row = self.viewport().width() - px(10), left, 0 if self.is_wide else 1
        found = []
        for chip in self._vm.filters:
            wide = min(round(canvas.width(chip.text, "caption")) + px(28), edge - left)
            if x + wide > edge and x > left:
                x, row = left, row + 1
            found.append((chip, x, row, wide))
            x += wide + px(6)
        return found

    def _filters_height(self) -> int:
        placed = self._placed_chips()
        return self._look.px(24) * ((placed[-1][2] if placed else 0) + 1)

    def _paint_filters(self, top: int, _tall: int) -> None:
        canvas, px = self._canvas, self._look.px
        title = self._filter_title()
        failed = any(chip.passed is False for chip in self._vm.filters)
        canvas.text(px(12), top, self.viewport().width(), px(20), title, "danger" if failed else "text", bold=True)
        icons = {True: ("check", "success"), False: ("error", "danger"), None: ("unknown", "unknown")}
        for chip, x, row, wide in self._placed_chips():
            y, (icon, token) = top + row * px(24), icons[chip.passed]
            canvas.chip(x, y, wide, px(20), edge="line-strong" if chip.passed else token, dashed=chip.passed is None)
            picture = self._look.pixmap(icon, token, 12, canvas.ratio)
            canvas.painter.drawPixmap(x + px(5), y + px(4), picture)
            ink = "text-secondary" if chip.passed else token
            canvas.text(x + px(21), y, wide - px(26), px(20), chip.text, ink, size="caption", elide=True)

    def _record_lines(self) -> list[str]:
        record = self._vm.record
        if record is None:
            return [""]
        canvas, px = self._canvas, self._look.px
        room = self.viewport().width() - px(12 + 20 + 10)
        label = canvas.width(record.label, "caption") + px(34)
        if label + canvas.width(record.text, "caption") <= room:
            return [record.text]
        return ["", *canvas.wrapped(record.text, room, "caption")]

    def _paint_record(self, top: int, _tall: int) -> None:
        record = self._vm.record
        if record is None:
            return
        canvas, px, lines = self._canvas, self._look.px, self._record_lines()
        y = top + px(6)
        used = round(canvas.text(px(12), y, self.viewport().width(), px(_LINE), record.label, "text-secondary", size="caption"))
        token = "text" if record.enough else "unknown"
        for number, text in enumerate(lines):
            left = px(12) + used + px(16) if number == 0 else px(12)
            if text and not record.enough and number == min(1, len(lines) - 1):
                paint_shape(canvas, ItemState.UNKNOWN, left, y + px(1), px(13))
            indent = px(20) if not record.enough else 0
            canvas.text(left + indent, y, self.viewport().width(), px(_LINE), text, token, size="caption")
            y += px(_LINE)
