"""Draws the order book: ten levels a side around the prices, the day's numbers and the last trades beside them (design.md §10).

One widget and one paint event over cached texts; nothing in it is a widget of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QBrush,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.order_book import LEVELS, Level, OrderBookViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["OrderBookView"]

_BAR_OPACITY = 0.45
_DIRECTION = frozenset(("gain", "loss"))
_FILL = {"ask": "loss-fill", "bid": "gain-fill"}
_TINT = {"ask": "loss-tint", "bid": "gain-tint"}
_TOKEN = {"ask": "loss", "bid": "gain"}


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the parts stand: column edges, first level's top, height of a level, levels a side."""

    side: int
    price: int
    top: int
    row: int
    count: int
    with_pct: bool
    with_facts: bool


class OrderBookView(QWidget):
    """See the module text. Up and Down walk the levels, Ctrl+C copies the book.

    Signals
    -------
    copy_requested(str)
        ``book`` or ``price``.
    menu_requested(QPoint)
        Where the context menu should open (global).
    """

    copy_requested = Signal(str)
    menu_requested = Signal(QPoint)

    def __init__(self, view_model: OrderBookViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self.cursor_row = -1
        """Level under the keyboard, counted from the highest price shown; -1 for none."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        view_model.changed.connect(self.update)
        view_model.symbol_changed.connect(self._on_symbol)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._say()
        self.update()

    def _on_symbol(self) -> None:
        self.cursor_row = -1
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        """The width of the design and room for ten levels a side."""
        px = self._look.px
        return QSize(px(396), px(22) * (2 * LEVELS + 2))

    def minimumSizeHint(self) -> QSize:
        """A few levels; fewer are drawn in less room."""
        return QSize(self._look.px(150), self._look.px(110))

    # -- geometry -------------------------------------------------------------------------------------------------------

    def _place(self) -> _Frame:
        px, width = self._canvas.px, self.width()
        with_pct = width >= px(300)
        price = px(104) if with_pct else px(64)
        side = (width - price) // 2
        notices = len(self._vm.notices(self._look))
        head = px(20)
        free = self.height() - head - px(24) - notices * px(20)
        count = max(1, min(LEVELS, free // (2 * px(18))))
        row = max(px(18), min(px(22), free // (2 * count)))
        return _Frame(side, width - 2 * side, notices * px(20) + head, row, count, with_pct, side >= px(96))

    def shown_levels(self) -> list[tuple[str, int, Level]]:
        """(side, distance from the best, level) from the highest price shown down."""
        return self._levels(self._place().count)

    def _levels(self, count: int) -> list[tuple[str, int, Level]]:
        asks, bids = self._vm.levels()
        found = [("ask", number, asks[number]) for number in range(count - 1, -1, -1)]
        return found + [("bid", number, bids[number]) for number in range(count)]

    def rect_of(self, row: int) -> QRect:
        """Rectangle of the level ``row`` counted from the top."""
        place = self._place()
        return QRect(0, place.top + row * place.row, self.width(), place.row)

    def row_at(self, y: int) -> int:
        """Level under a pixel; -1 outside."""
        place = self._place()
        row = (y - place.top) // place.row
        return row if y >= place.top and row < 2 * place.count else -1

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _token(self, token: str) -> str:
        """Direction colours become ``stale`` while the book is old."""
        return "stale" if self._stale and token in _DIRECTION else token

    def _paint(self) -> None:
        canvas, place = self._canvas, self._place()
        self._stale = self._vm.is_stale
        canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
        self._paint_notices(place)
        self._paint_head(place)
        shown = self._levels(place.count)
        most = max((level.shares for _, _, level in shown), default=0)
        for row, (side, _, level) in enumerate(shown):
            self._paint_level(place, place.top + row * place.row, side, level, most, row)
        middle = place.top + place.count * place.row
        canvas.fill(0, middle, self.width(), 1, "line-strong")
        if place.with_facts:
            self._paint_facts(place)
            self._paint_trades(place, middle)
        self._paint_cursor(place)
        self._paint_totals(place, place.top + 2 * place.count * place.row)

    def _paint_notices(self, place: _Frame) -> None:
        canvas, px, look = self._canvas, self._canvas.px, self._look
        del place
        for number, notice in enumerate(self._vm.notices(look)):
            top, tall = number * px(20), px(20)
            if notice.kind == "gap":
                canvas.fill(0, top, self.width(), tall - 1, "bg-header")
                brush = QBrush(look.color("gap-hatch", look.opacity("gap_hatch")), Qt.BrushStyle.BDiagPattern)
                canvas.painter.fillRect(QRect(0, top, self.width(), tall - 1), brush)
            else:
                canvas.fill(0, top, self.width(), tall - 1, "bg-header" if notice.kind == "empty" else "warning-tint")
            icon = {"gap": "hatch", "vi": "warning"}.get(notice.kind, "clock")
            side = px(14)
            canvas.painter.drawPixmap(px(6), top + (tall - side) // 2, look.pixmap(icon, notice.token, 14, canvas.ratio))
            room = self.width() - px(30)
            canvas.text(px(24), top, room, tall, notice.text, notice.token, size="caption", bold=True, elide=True)

    def _paint_head(self, place: _Frame) -> None:
        canvas, px, tr = self._canvas, self._canvas.px, self._look.tr
        tall = px(20)
        top = place.top - tall
        canvas.fill(0, top, self.width(), tall - 1, "bg-header")
        pad = px(6)
        middle = "live.book.col.price_change" if place.with_pct else "live.book.col.price"
        canvas.text(0, top, place.side - pad, tall, tr("live.book.col.ask"), self._token("loss"), align="right", size="caption")
        canvas.text(place.side, top, place.price, tall, tr(middle), "text-muted", align="center", size="caption")
        left = place.side + place.price
        canvas.text(left + pad, top, place.side - pad, tall, tr("live.book.col.bid"), self._token("gain"), size="caption")
        canvas.fill(0, place.top - 1, self.width(), 1, "line-hair")

    def _paint_level(self, place: _Frame, top: int, side: str, level: Level, most: int, row: int) -> None:
        canvas, px, look = self._canvas, self._canvas.px, self._look
        tall, width = place.row, self.width()
        canvas.fill(place.side, top, place.price, tall, "bg-header" if self._stale else _TINT[side])
        canvas.fill(0, top + tall - 1, width, 1, "chart-grid" if look.theme == "dark" else "line-hair")
        if not level.price:
            canvas.text(place.side, top, place.price, tall, fmt.MISSING, "text-disabled", align="center")
            return
        # The longest bar stops short of the edge, where the change of the size stands.
        room = place.side - px(34 if place.side >= px(96) else 4)
        length = max(1, round(room * level.shares / most)) if most and level.shares else 0
        fill = look.color("unknown" if self._stale else _FILL[side], _BAR_OPACITY)
        if side == "ask":
            canvas.fill_color(place.side - length, top + 2, length, tall - 5, fill)
            canvas.text(px(4), top, place.side - px(10), tall, fmt.number(level.shares), "text", align="right")
        else:
            left = place.side + place.price
            canvas.fill_color(left, top + 2, length, tall - 5, fill)
            canvas.text(left + px(6), top, place.side - px(10), tall, fmt.number(level.shares), "text")
        self._paint_change(place, top, side, level)
        self._paint_price(place, top, level, row)

    def _paint_change(self, place: _Frame, top: int, side: str, level: Level) -> None:
        if not level.change:
            return
        canvas, px = self._canvas, self._canvas.px
        text = fmt.signed(float(level.change), 0)
        token = self._token("gain" if level.change > 0 else "loss")
        room = place.side - px(12) - canvas.width(fmt.number(level.shares), "body")
        if canvas.width(text, "micro") + px(4) > room:
            return
        if side == "ask":
            canvas.text(px(3), top, room, place.row, text, token, size="micro")
        else:
            canvas.text(self.width() - px(3) - room, top, room, place.row, text, token, align="right", size="micro")

    def _paint_price(self, place: _Frame, top: int, level: Level, row: int) -> None:
        canvas, px, tall = self._canvas, self._canvas.px, place.row
        del row
        token = self._look.direction_token(level.change_pct)
        token = self._token("text" if token == "unknown" else token)
        if place.with_pct:
            half = px(52)
            canvas.text(place.side, top, half, tall, fmt.price(level.price), token, align="right", size="title", bold=True)
            canvas.text(
                place.side + half, top, place.price - half - px(5), tall, fmt.percent(level.change_pct), token,
                align="right", size="micro",
            )  # fmt: skip
        else:
            canvas.text(place.side, top, place.price, tall, fmt.price(level.price), token, align="center", bold=True)
        if level.is_last:
            painter = canvas.painter
            canvas.pen("text")
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRect(place.side, top, place.price - 1, tall - 1))

    def _paint_facts(self, place: _Frame) -> None:
        """The day's numbers right of the asks; the bar of 체결강도 under its number where a line is left."""
        canvas, px, tr = self._canvas, self._canvas.px, self._look.tr
        left, right = place.side + place.price + px(8), self.width() - px(6)
        facts = self._vm.facts(self._look)
        step = min(place.row, max(px(16), place.count * place.row // (len(facts) + 1))) if facts else place.row
        fitting = min(len(facts), place.count * place.row // step)
        # 체결강도 is the last of the list and the first to be kept.
        shown = (*facts[: max(0, fitting - 1)], facts[-1]) if facts else ()
        top = place.top
        for fact in shown:
            is_strength = fact.key == "strength"
            size: FontSize = "title" if is_strength else "body"
            room = right - left - round(canvas.width(fact.text, size, is_strength)) - px(4)
            label = tr(f"live.book.fact.{fact.key}")
            canvas.text(left, top, room, step, label, "text-muted", size="caption", elide=True)
            canvas.text(
                left, top, right - left, step, fact.text, self._token(fact.token),
                align="right", size=size, bold=is_strength,
            )  # fmt: skip
            top += step
        if shown and top + px(8) <= place.top + place.count * place.row:
            self._paint_strength(left, top + px(2), right - left)

    def _paint_strength(self, x: int, y: int, width: int) -> None:
        """Bought against sold volume as two lengths."""
        canvas, px, strength = self._canvas, self._canvas.px, self._vm.strength
        canvas.fill(x, y, width, px(3), "bg-raised")
        if math.isnan(strength):
            return
        bought = round(width * strength / (100.0 + strength))
        canvas.fill(x, y, bought, px(3), "stale" if self._stale else "gain-fill")
        canvas.fill(x + bought + 1, y, width - bought - 1, px(3), "bg-raised" if self._stale else "loss-fill")

    def _paint_trades(self, place: _Frame, top: int) -> None:
        """Time and quantity of the last trades left of the bids, newest first; the sign says who began the trade."""
        canvas, px = self._canvas, self._canvas.px
        for tick in list(reversed(self._vm.trades))[: place.count]:
            is_buy = tick.quantity_shares > 0
            token = self._token("gain" if is_buy else "loss")
            canvas.text(px(6), top, place.side, place.row, fmt.clock(tick.at_ns), "text-muted", size="caption")
            text = f"{'▲' if is_buy else '▼'}{fmt.number(abs(tick.quantity_shares))}"
            room = place.side - px(6) - px(8) - canvas.width("00:00:00", "caption")
            if canvas.width(text, "body", True) > room:
                text = fmt.number(abs(tick.quantity_shares))
            canvas.text(0, top, place.side - px(6), place.row, text, token, align="right", bold=True)
            top += place.row

    def _paint_totals(self, place: _Frame, top: int) -> None:
        canvas, px, book = self._canvas, self._canvas.px, self._vm.book
        tall = px(24)
        canvas.fill(0, top, self.width(), 1, "line-strong")
        if book is None:
            return
        if self._vm.is_empty:
            left = place.side + place.price + px(6)
            canvas.text(0, top, place.side - px(6), tall, fmt.MISSING, "text-muted", align="right", size="title")
            canvas.text(left, top, place.side, tall, fmt.MISSING, "text-muted", size="title")
            return
        asks, bids = book.total_ask_shares, book.total_bid_shares
        canvas.text(
            0, top, place.side - px(6), tall, fmt.number(asks), self._token("loss"), align="right", size="title", bold=True
        )
        left = place.side + place.price + px(6)
        canvas.text(left, top, place.side, tall, fmt.number(bids), self._token("gain"), size="title", bold=True)
        difference = bids - asks
        token = self._token(self._look.direction_token(float(difference)))
        text = fmt.signed(float(difference), 0)
        canvas.text(place.side, top, place.price, tall, text, token, align="center", size="title", bold=True)

    def _paint_cursor(self, place: _Frame) -> None:
        if not self.hasFocus() or not 0 <= self.cursor_row < 2 * place.count:
            return
        painter = self._canvas.painter
        self._canvas.pen("focus")
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.rect_of(self.cursor_row).adjusted(0, 0, -1, -2))

    # -- input ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = 2 * self._place().count
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 5, Qt.Key.Key_PageUp: -5}
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit("book")
        elif event.key() in steps:
            step = steps[Qt.Key(event.key())]
            start = self.cursor_row if self.cursor_row >= 0 else count // 2 - (step > 0)
            self._set_cursor(min(max(start + step, 0), count - 1))
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._set_cursor(0 if event.key() == Qt.Key.Key_Home else count - 1)
        elif event.key() == Qt.Key.Key_Menu:
            self.menu_requested.emit(self.mapToGlobal(self.rect_of(max(self.cursor_row, 0)).bottomLeft()))
        else:
            super().keyPressEvent(event)

    def _set_cursor(self, row: int) -> None:
        if row != self.cursor_row:
            self.cursor_row = row
            self._say()
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._set_cursor(self.row_at(round(event.position().y())))
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._set_cursor(self.row_at(event.pos().y()))
        self.menu_requested.emit(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._say()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # -- words ----------------------------------------------------------------------------------------------------------

    def chosen_price(self) -> int:
        """Price of the level under the cursor; 0 for none."""
        shown = self.shown_levels()
        return shown[self.cursor_row][2].price if 0 <= self.cursor_row < len(shown) else 0

    def _say(self) -> None:
        """Tell a screen reader the level under the cursor, or the best two. Not with every book: nobody could listen."""
        look, vm = self._look, self._vm
        self.setAccessibleName(look.tr("live.book.access.name", name=vm.name(look)))
        shown = self.shown_levels()
        if 0 <= self.cursor_row < len(shown):
            words = self._words(*shown[self.cursor_row])
        else:
            asks, bids = vm.levels()
            words = f"{self._words('ask', 0, asks[0])}. {self._words('bid', 0, bids[0])}"
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _words(self, side: str, number: int, level: Level) -> str:
        tr = self._look.tr
        if not level.price:
            return tr(f"live.book.access.{side}_empty", number=number + 1)
        direction = self._look.direction_token(level.change_pct)
        word = tr(f"table.access.{direction}") if direction != "unknown" else ""
        change = f"{fmt.percent(level.change_pct)} {word}".strip()
        return tr(
            f"live.book.access.{side}",
            number=number + 1,
            price=fmt.price(level.price),
            change=change,
            shares=fmt.number(level.shares),
        )
