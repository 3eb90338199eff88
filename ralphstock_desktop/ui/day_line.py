"""The day line of the time machine: hours, events up to the clock, and the handle that sets it (design.md §11)."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ralphstock_desktop.services.strategy_contracts import TimeMark
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.time_machine import TimeMachineViewModel, mark_text
from ralphstock_desktop.wording import format as fmt

__all__ = ["DayLine"]

_MARK_TOKENS = {"news": "category-3", "signal": "accent", "gate": "warning", "phase": "text-secondary"}
_MARKS_TOLD = 5
_GRAB = 7
"""How far beside a mark the pointer may be, px at 100 %."""


class DayLine(QWidget):
    """The line of the day with hours, events up to the clock, and the handle. Jumps when the handle is let go.

    Signals
    -------
    jumped(object)
        The instant the clock is to be set to, UTC nanoseconds.
    """

    jumped = Signal(object)

    def __init__(self, view_model: TimeMachineViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self.preview: float | None = None
        """Where the held handle is, as a share of the line; None while nothing is held."""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        view_model.changed.connect(self.update)
        appearance.changed.connect(self._apply)

    def _apply(self) -> None:
        self._canvas.reset()
        self.update()

    def line(self) -> QRect:
        """Where the line is."""
        px = self._look.px
        return QRect(px(18), px(27), max(px(60), self.width() - px(36)), px(3))

    def x_of(self, share: float) -> float:
        """Where a share of the line is."""
        line = self.line()
        return line.left() + share * line.width()

    def _share_at(self, x: float) -> float:
        line = self.line()
        return min(max((x - line.left()) / line.width(), 0.0), 1.0)

    # -- the hand -------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle."""
        if event.button() == Qt.MouseButton.LeftButton and self._vm.state is not None:
            self.preview = self._share_at(event.position().x())
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show where it would jump."""
        if self.preview is not None:
            self.preview = self._share_at(event.position().x())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Jump; on an event, to the minute of the event."""
        if self.preview is None or event.button() != Qt.MouseButton.LeftButton:
            return
        share, self.preview = self.preview, None
        self.update()
        self.jumped.emit(self._vm.instant_at(share))

    def cancel_drag(self) -> bool:
        """Let the handle go where it was; return whether it was held."""
        held = self.preview is not None
        self.preview = None
        self.update()
        return held

    def marks_near(self, x: float) -> list[TimeMark]:
        """Events under the pointer, in order."""
        return [mark for share, mark in self._vm.marks() if abs(self.x_of(share) - x) <= self._look.px(_GRAB)]

    def told(self, x: float) -> str:
        """What the tooltip says at a place of the line."""
        near = self.marks_near(x)
        lines = [mark_text(self._look, mark) for mark in near[:_MARKS_TOLD]]
        if len(near) > _MARKS_TOLD:
            lines.append(self._look.tr("time.mark.more", count=len(near) - _MARKS_TOLD))
        return "\n".join(lines)

    def event(self, event: QEvent) -> bool:
        """Tell the events under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.told(event.pos().x())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        state = self._vm.state
        if state is None:
            return
        painter = QPainter(self)
        try:
            canvas, line = self._canvas, self.line()
            canvas.begin(painter, self.devicePixelRatioF())
            now = self._vm.share_of(state.now_ns)
            canvas.fill(line.left(), line.top(), line.width(), line.height(), "line-control")
            canvas.fill(line.left(), line.top(), round(now * line.width()), line.height(), "replay")
            self._paint_hours(line)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for share, mark in self._vm.marks():
                self._paint_mark(painter, self.x_of(share), line.top(), mark.kind)
            self._paint_handle(painter, now, line)
        finally:
            painter.end()

    def _paint_hours(self, line: QRect) -> None:
        canvas, px = self._canvas, self._look.px
        free = -1.0
        for tick in self._vm.ticks():
            x = self.x_of(tick.share)
            canvas.fill(round(x), line.bottom() + 1, 1, px(4), "text-muted")
            wide = canvas.width(tick.text, "micro")
            if x - wide / 2 > free:
                canvas.text(x - wide / 2, line.bottom() + px(6), wide, px(14), tick.text, "text-secondary", size="micro")
                free = x + wide / 2 + px(8)

    def _paint_mark(self, painter: QPainter, x: float, line_top: int, kind: str) -> None:
        """A triangle pointing at the line: news small, signals wide, phases hollow, so that not only the colour tells."""
        px = self._look.px
        half = px(5) if kind == "signal" else px(4)
        bottom = line_top - px(4)
        shape = QPolygonF([QPointF(x - half, bottom - px(7)), QPointF(x + half, bottom - px(7)), QPointF(x, bottom)])
        color = self._look.color(_MARK_TOKENS.get(kind, "text-secondary"))
        painter.setPen(QPen(color, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush if kind == "phase" else color)
        painter.drawPolygon(shape)

    def _paint_handle(self, painter: QPainter, now: float, line: QRect) -> None:
        look, px = self._look, self._look.px
        radius = px(13) / 2
        centre_y = line.top() + line.height() / 2
        held = self.preview is not None
        painter.setPen(QPen(look.color("bg-panel"), 1))
        painter.setBrush(look.color("replay", 0.45 if held else 1.0))
        painter.drawEllipse(QPointF(self.x_of(now), centre_y), radius, radius)
        if self.preview is None:
            return
        painter.setBrush(look.color("replay"))
        x = self.x_of(self.preview)
        painter.drawEllipse(QPointF(x, centre_y), radius, radius)
        text = fmt.clock(self._vm.instant_at(self.preview), seconds=False)
        font = look.font("caption", bold=True)
        wide, tall = QFontMetrics(font).horizontalAdvance(text) + px(12), px(17)
        left = min(max(x - wide / 2, 0.0), self.width() - wide)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(left, px(2), wide, tall), px(3), px(3))
        painter.setFont(font)
        painter.setPen(look.color("text-on-fill"))
        painter.drawText(round(left + px(6)), look.baseline(px(2), tall, font), text)
