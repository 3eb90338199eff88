"""Draws the tape: only the rows in sight are read and painted, however many there are (screen 0120)."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QBrush,
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from engine.model.live import MISSING
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.trades import TradeRow, TradesViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["TradesView"]

_COLUMNS = ("time", "price", "change", "quantity", "volume")
_WIDTHS = {"time": 64, "price": 68, "change": 62, "quantity": 88, "volume": 88}
_LEAST = {"time": 54, "price": 56, "change": 54, "quantity": 64, "volume": 76}
_DROPPED = ("volume", "change")
"""Columns that go first where the panel is narrow; none is ever cut."""
_DIRECTION = frozenset(("gain", "loss"))


class TradesView(QAbstractScrollArea):
    """Newest first. The rows stand still while the pointer is inside, a row is chosen, or the tape is scrolled.

    Signals
    -------
    menu_requested(QPoint)
        Where the context menu should open (global).
    copy_requested
        Ctrl+C.
    """

    menu_requested = Signal(QPoint)
    copy_requested = Signal()

    def __init__(self, view_model: TradesViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self._pointer_inside = False
        self._hover = -1
        self.current = -1
        """Row under the keyboard; -1 for none."""
        self.anchor = -1
        """Other end of the chosen rows."""
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setMouseTracking(True)
        view_model.changed.connect(self._on_changed)
        view_model.filter_changed.connect(self._on_filter)
        view_model.state_changed.connect(self.viewport().update)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    # -- geometry -------------------------------------------------------------------------------------------------------

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._fit()
        self.viewport().update()

    @property
    def row_height(self) -> int:
        """Height of a row in px."""
        return self._look.row_px

    @property
    def head_height(self) -> int:
        """Height of the column heads in px."""
        return self._look.space("header_table")

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(396), self._look.px(280))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(150), self._look.px(80))

    def columns(self) -> list[tuple[str, int, int]]:
        """(name, left, width) of the columns that fit, widened to the panel."""
        px, width = self._canvas.px, self.viewport().width()
        names = list(_COLUMNS)
        for name in _DROPPED:
            if sum(px(_LEAST[n]) for n in names) > width:
                names.remove(name)
        weights = {name: px(_WIDTHS[name]) for name in names}
        total = sum(weights.values())
        found, left = [], 0.0
        for name in names:
            wide = width * weights[name] / total
            found.append((name, round(left), round(left + wide) - round(left)))
            left += wide
        return found

    def _fit(self) -> None:
        bar = self.verticalScrollBar()
        page = max(0, self.viewport().height() - self.head_height)
        bar.setRange(0, max(0, self._vm.size * self.row_height - page))
        bar.setPageStep(page)
        bar.setSingleStep(self.row_height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def row_at(self, y: int) -> int:
        """Row under a viewport pixel; -1 outside."""
        if y < self.head_height:
            return -1
        row = (y - self.head_height + self.verticalScrollBar().value()) // self.row_height
        return row if row < self._vm.size else -1

    def rect_of(self, row: int) -> QRect:
        """Viewport rectangle of a row."""
        top = self.head_height + row * self.row_height - self.verticalScrollBar().value()
        return QRect(0, top, self.viewport().width(), self.row_height)

    # -- changes and hold -----------------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        self._fit()
        self.viewport().update()

    def _on_filter(self) -> None:
        self.current = self.anchor = -1
        self.verticalScrollBar().setValue(0)
        self._on_changed()
        self._update_hold()

    def _update_hold(self) -> None:
        reading = self._pointer_inside or self.current >= 0 or self.verticalScrollBar().value() > 0
        self._vm.set_held(reading)

    def resume(self) -> None:
        """Let go of the chosen rows, back to the newest trade."""
        self.current = self.anchor = -1
        self._vm.set_held(False)
        self._fit()
        self.verticalScrollBar().setValue(0)
        self._update_hold()
        self.viewport().update()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        self._update_hold()
        self.viewport().update()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._pointer_inside = True
        self._update_hold()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pointer_inside = False
        self._set_hover(-1)
        self._update_hold()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.current = self.anchor = -1
            self._update_hold()
        self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, vm = self._canvas, self._vm
        width, height = self.viewport().width(), self.viewport().height()
        canvas.fill(0, 0, width, height, "bg-panel")
        columns, row_height = self.columns(), self.row_height
        offset = self.verticalScrollBar().value()
        stale = vm.is_stale
        first = offset // row_height
        last = min(vm.size, (offset + height - self.head_height) // row_height + 1)
        for number in range(first, last):
            top = self.head_height + number * row_height - offset
            self._paint_row(vm.row(number), number, top, columns, stale=stale)
        if not vm.size:
            top, tall = self.head_height + canvas.px(24), canvas.px(22)
            canvas.text(0, top, width, tall, self.empty_words(), "text-muted", align="center", elide=True)
        self._paint_head(columns)

    def empty_words(self) -> str:
        """Why there is no row: nothing passes the filter, or nothing was traded yet; with the phase that explains it."""
        tr, vm = self._look.tr, self._vm
        if vm.total:
            return tr("live.trades.filtered", count=fmt.number(vm.total))
        status = vm.status
        if status is None:
            return tr("live.trades.none")
        return f"{tr('live.trades.none')} · {tr(f'feed.phase.{status.phase.value}')}"

    def _paint_head(self, columns: list[tuple[str, int, int]]) -> None:
        canvas, tall = self._canvas, self.head_height
        canvas.fill(0, 0, self.viewport().width(), tall, "bg-header")
        for name, left, wide in columns:
            align = "left" if name == "time" else "right"
            pad = canvas.px(7)
            canvas.text(
                left + pad, 0, wide - 2 * pad, tall, self._look.tr(f"live.trades.col.{name}"), "text-muted",
                align=align, size="caption",  # type: ignore[arg-type]  # one of the two literals
            )  # fmt: skip
        canvas.fill(0, tall - 1, self.viewport().width(), 1, "line-hair")

    def _is_chosen(self, number: int) -> bool:
        low, high = sorted((self.current, self.anchor if self.anchor >= 0 else self.current))
        return self.current >= 0 and low <= number <= high

    def _paint_row(self, row: TradeRow, number: int, top: int, columns: list[tuple[str, int, int]], *, stale: bool) -> None:
        canvas, px, tall, width = self._canvas, self._canvas.px, self.row_height, self.viewport().width()
        tick, look = row.tick, self._look
        chosen = self._is_chosen(number)
        is_buy = tick.quantity_shares > 0
        if chosen:
            canvas.fill(0, top, width, tall, "selection")
            canvas.fill(0, top, px(2), tall, "accent")
        elif number == self._hover:
            canvas.fill(0, top, width, tall, "bg-hover")
        elif row.is_big and not stale:
            canvas.fill(0, top, width, tall, "gain-tint" if is_buy else "loss-tint")
        canvas.fill(0, top + tall - 1, width, 1, "chart-grid" if look.theme == "dark" else "line-hair")
        price_token = self._token(look.direction_token(row.change_pct), stale)
        side_token = self._token("gain" if is_buy else "loss", stale)
        for name, left, wide in columns:
            x, room = left + px(7), wide - 2 * px(7)
            if name == "time":
                canvas.text(x, top, room, tall, fmt.clock(tick.at_ns), "text-muted", size="caption")
            elif name == "price":
                text = fmt.price(float(tick.price_krw))
                canvas.text(x, top, room, tall, text, price_token, align="right", bold=row.is_big)
            elif name == "change":
                canvas.text(x, top, room, tall, fmt.percent(row.change_pct), price_token, align="right")
            elif name == "quantity":
                self._paint_quantity(row, left, top, wide, side_token, stale=stale)
            else:
                text = fmt.MISSING if tick.volume_shares == MISSING else fmt.number(float(tick.volume_shares))
                canvas.text(x, top, room, tall, text, "text-secondary", align="right")
        if row.broken:
            # Something between this trade and the one below it was not received.
            canvas.painter.fillRect(QRect(0, top + tall - px(4), width, px(4)), self._hatch())
        if chosen and self.hasFocus() and number == self.current:
            canvas.pen("focus")
            canvas.painter.setBrush(Qt.BrushStyle.NoBrush)
            canvas.painter.drawRect(QRect(0, top, width - 1, tall - 2))

    def _hatch(self) -> QBrush:
        return QBrush(self._look.color("gap-hatch"), Qt.BrushStyle.BDiagPattern)

    def _token(self, token: str, stale: bool) -> str:
        if token == "unknown":
            return "text"
        return "stale" if stale and token in _DIRECTION else token

    def _paint_quantity(self, row: TradeRow, left: int, top: int, wide: int, token: str, *, stale: bool) -> None:
        """Triangle, number, and a bar behind them as long as the trade is large."""
        canvas, px, tall = self._canvas, self._canvas.px, self.row_height
        size = abs(row.tick.quantity_shares)
        is_buy = row.tick.quantity_shares > 0
        room = wide - px(7)
        length = round((room - px(4)) * row.share)
        if length > 1:
            fill = "unknown" if stale else "gain-fill" if is_buy else "loss-fill"
            color = self._look.color(fill, 0.4 if row.is_big else 0.28)
            canvas.fill_color(left + wide - px(4) - length, top + px(3), length, tall - 2 * px(3) - 1, color)
        text = f"{'▲' if is_buy else '▼'}{fmt.number(float(size))}"
        canvas.text(left, top, room, tall, text, token, align="right", bold=row.is_big)

    # -- input ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(1, (self.viewport().height() - self.head_height) // self.row_height - 1)
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: page, Qt.Key.Key_PageUp: -page}
        ends = {Qt.Key.Key_Home: -self._vm.size, Qt.Key.Key_End: self._vm.size}
        extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.matches(QKeySequence.StandardKey.SelectAll) and self._vm.size:
            self.anchor, self.current = 0, self._vm.size - 1
            self._chosen()
        elif event.key() in steps | ends:
            self._walk({**steps, **ends}[Qt.Key(event.key())], extend=extend)
        elif event.key() == Qt.Key.Key_Escape and (
            self.current >= 0 or self.verticalScrollBar().value() or self._vm.held_count
        ):
            self.resume()
        else:
            super().keyPressEvent(event)

    def _walk(self, step: int, *, extend: bool) -> None:
        if not self._vm.size:
            return
        self._vm.set_held(True)
        start = self.current if self.current >= 0 else -1 if step > 0 else 0
        self.current = min(max(start + step, 0), self._vm.size - 1)
        if not extend or self.anchor < 0:
            self.anchor = self.current
        self._chosen()

    def _chosen(self) -> None:
        rect, bar = self.rect_of(self.current), self.verticalScrollBar()
        if rect.top() < self.head_height:
            bar.setValue(bar.value() - (self.head_height - rect.top()))
        elif rect.bottom() >= self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + 1)
        self._update_hold()
        self._say()
        self.viewport().update()

    def chosen_rows(self) -> range:
        """The chosen rows; all rows where none is."""
        if self.current < 0:
            return range(self._vm.size)
        low, high = sorted((self.current, self.anchor if self.anchor >= 0 else self.current))
        return range(low, high + 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self.row_at(round(event.position().y()))
        if event.button() == Qt.MouseButton.LeftButton and row >= 0:
            self.current = row
            if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier or self.anchor < 0:
                self.anchor = row
            self._chosen()
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            row = self.row_at(round(event.position().y()))
            if event.buttons() & Qt.MouseButton.LeftButton and row >= 0 and self.anchor >= 0:
                self.current = row
                self._chosen()
            self._set_hover(row)
        return super().viewportEvent(event)

    def _set_hover(self, row: int) -> None:
        if row != self._hover:
            self._hover = row
            self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(event.globalPos())

    # -- words ----------------------------------------------------------------------------------------------------------

    def _say(self) -> None:
        words = self.words(self.current) if 0 <= self.current < self._vm.size else ""
        self.setAccessibleDescription(words)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def words(self, number: int) -> str:
        """A trade in words."""
        row, tr = self._vm.row(number), self._look.tr
        tick = row.tick
        return tr(
            "live.trades.access.row",
            time=fmt.clock(tick.at_ns),
            price=fmt.price(float(tick.price_krw)),
            change=fmt.percent(row.change_pct),
            side=tr("live.trades.buy" if tick.quantity_shares > 0 else "live.trades.sell"),
            shares=fmt.number(float(abs(tick.quantity_shares))),
        )
