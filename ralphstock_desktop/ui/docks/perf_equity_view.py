"""Account value with KOSPI beside it, and below it the fall from the peak; one crosshair for both panes (screen 0870)."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.model.panel import FloatArray
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.perf_report import Curve
from ralphstock_desktop.ui.viewmodels.perf_shapes import axis_steps, step_decimals
from ralphstock_desktop.wording import format as fmt

__all__ = ["EquityView", "month_marks"]

_HEAD, _AXIS, _SCALE = 20, 18, 56


def month_marks(days: np.ndarray[tuple[int], np.dtype[np.datetime64]], most: int) -> list[tuple[int, str, bool]]:
    """Places where a month begins with its words, thinned to ``most``; a year's first is told (True) and names the year."""
    months = days.astype("datetime64[M]").astype(np.int64)
    starts = (np.flatnonzero(np.diff(months)) + 1).tolist()
    if not starts:
        return [(0, str(days[0].astype("datetime64[M]")), True)] if len(days) else []
    gap = next((step for step in (1, 2, 3, 6, 12, 24, 60) if len(starts) / step <= max(1, most)), 120)
    kept = [at for at in starts if int(months[at]) % gap == 0] or starts[:1]
    marks = []
    for at in kept:
        month = int(months[at])
        is_year = month % 12 == 0
        marks.append((at, str(1970 + month // 12) if is_year else f"{month % 12 + 1:02d}", is_year))
    return marks


class EquityView(QWidget):
    """Painted; the pointer and the arrow keys move the crosshair, the line at the top says what stands there."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._canvas = Canvas(appearance)
        self._curve: Curve | None = None
        self._note = ""
        self._index: FloatArray | None = None
        self._index_note = ""
        self._at = -1
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setAccessibleName(self._look.tr("performance.page.equity"))
        self._tell()
        self.update()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def show_curve(self, curve: Curve | None, note: str) -> None:
        """Show a curve, or say why there is none."""
        self._curve = curve if curve is not None and len(curve.days) else None
        self._note, self._index, self._at = note, None, -1
        self._tell()
        self.update()

    def show_index(self, index_pct: FloatArray | None, note: str) -> None:
        """Lay KOSPI beside the curve (percent since its first day), or say why it is not there."""
        self._index, self._index_note = index_pct, note
        self._tell()
        self.update()

    @property
    def crosshair(self) -> int:
        """Position of the day under the crosshair, -1 for none."""
        return self._at

    def readout(self) -> str:
        """``2026-05-04 (월) · 자산 1.04억 +4.1% · 낙폭 −1.2% · 코스피 +8.0% · 보유 3종목`` of the crosshair or the last day."""
        curve, tr = self._curve, self._look.tr
        if curve is None:
            return self._note
        at = self._at if self._at >= 0 else len(curve.days) - 1
        money = fmt.price(float(curve.value_krw[at]))
        parts = [
            fmt.day_long(curve.days[at].item(), self._look.language),
            tr("performance.equity.value", value=money, change=fmt.percent(float(curve.return_pct[at]))),
            tr("performance.equity.drawdown", value=fmt.percent(float(curve.drawdown_pct[at]))),
        ]
        if self._index is not None:
            parts.append(tr("performance.equity.index", value=fmt.percent(float(self._index[at]))))
        elif self._index_note:
            parts.append(self._index_note)
        if curve.positions is not None:
            parts.append(tr("performance.equity.positions", count=int(curve.positions[at])))
        return " · ".join(parts)

    def _tell(self) -> None:
        curve = self._curve
        if curve is None:
            self.setAccessibleDescription(self._note)
            return
        worst = int(np.argmin(curve.drawdown_pct))
        sentence = self._look.tr(
            "performance.equity.sentence",
            first=curve.days[0].item().isoformat(),
            last=curve.days[-1].item().isoformat(),
            change=fmt.percent(float(curve.return_pct[-1])),
            fall=fmt.percent(float(curve.drawdown_pct[worst])),
            day=curve.days[worst].item().isoformat(),
        )
        self.setAccessibleDescription(f"{sentence} {self.readout()}")

    def _set_at(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self._tell()
            self.update()

    # -- geometry and input -----------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(420), self._look.px(240))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(200), self._look.px(120))

    def _plot_width(self) -> int:
        return max(1, self.width() - self._look.px(_SCALE) - self._look.px(8))

    def x_of(self, at: int) -> float:
        """Middle of a day's column."""
        count = len(self._curve.days) if self._curve is not None else 1
        return self._look.px(8) + (at + 0.5) * self._plot_width() / max(1, count)

    def at_x(self, x: float) -> int:
        """Position of the day at a place, -1 outside."""
        if self._curve is None:
            return -1
        at = int((x - self._look.px(8)) * len(self._curve.days) // self._plot_width())
        return at if 0 <= at < len(self._curve.days) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_at(self.at_x(event.position().x()))

    def leaveEvent(self, event: object) -> None:
        """Let the crosshair go."""
        del event
        self._set_at(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = len(self._curve.days) if self._curve is not None else 0
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -20, Qt.Key.Key_PageDown: 20}
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: count - 1, Qt.Key.Key_Escape: -1}
        key = Qt.Key(event.key())
        if not count or (key not in steps and key not in ends):
            super().keyPressEvent(event)
            return
        start = self._at if self._at >= 0 else count - 1
        self._set_at(ends[key] if key in ends else min(max(start + steps[key], 0), count - 1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px, curve = self._canvas, self._look.px, self._curve
        canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
        if curve is None:
            canvas.text(px(8), 0, self.width() - px(16), self.height(), self._note, "text-muted", align="center", elide=True)
            return
        canvas.text(px(8), 0, self.width() - px(12), px(_HEAD), self.readout(), "text-secondary", size="caption", elide=True)
        top, bottom = px(_HEAD), self.height() - px(_AXIS)
        upper = round((bottom - top) * 0.68)
        self._paint_months(curve, top, bottom)
        self._paint_value(curve, top, upper - px(4))
        self._paint_drawdown(curve, top + upper, bottom - top - upper)
        if self._at >= 0:
            self._paint_crosshair(top, bottom)
        if self.hasFocus():
            canvas.fill(0, 0, px(2), self.height(), "focus")

    def _paint_months(self, curve: Curve, top: int, bottom: int) -> None:
        canvas, px = self._canvas, self._look.px
        for at, text, is_year in month_marks(curve.days, self._plot_width() // px(34)):
            x = round(self.x_of(at))
            canvas.fill(x, top, 1, bottom - top, "line-hair" if is_year else "chart-grid")
            width = canvas.width(text, "micro", is_year)
            if x + width / 2 < self.width() - px(_SCALE) + px(8):
                left = max(px(2), x - width / 2)
                canvas.text(left, bottom, width, px(_AXIS), text, "axis-text", size="micro", bold=is_year)

    def _scale(self, y: float, value: float, decimals: int) -> None:
        px = self._look.px
        canvas = self._canvas
        canvas.fill(px(8), y, self._plot_width(), 1, "chart-grid")
        text = fmt.percent(value, decimals)
        canvas.text(self.width() - px(_SCALE - 4), round(y) - px(8), px(_SCALE - 8), px(16), text, "axis-text", size="micro")

    def _line(self, values: FloatArray, y_of: object, token: str, width: float, *, dashed: bool = False) -> None:
        """Draw known values; a hole stays a hole."""
        assert callable(y_of)
        painter = self._canvas.painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._look.color(token), width * self._look.zoom_pct / 100)
        if dashed:
            pen.setDashPattern([4, 3])
        painter.setPen(pen)
        known = np.flatnonzero(np.isfinite(values))
        for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            points = [QPointF(self.x_of(int(at)), y_of(float(values[at]))) for at in run]
            if len(points) > 1:
                painter.drawPolyline(QPolygonF(points))
            elif points:
                painter.drawEllipse(points[0], 1.5, 1.5)
        painter.restore()

    def _paint_value(self, curve: Curve, top: int, tall: int) -> None:
        canvas, px = self._canvas, self._look.px
        gain = curve.return_pct
        both = gain if self._index is None else np.concatenate([gain, self._index])
        low, high = float(np.nanmin(both)), float(np.nanmax(both))
        low, high = min(low, 0.0), max(high, 0.0)
        span = (high - low) or 1.0
        low, high = low - 0.04 * span, high + 0.06 * span
        span = high - low

        def y_of(value: float) -> float:
            return top + (high - value) / span * tall

        steps = axis_steps(low, high, max(2, tall // px(34)))
        for step in steps:
            if y_of(step) < top + tall - px(6):  # below it stands the first number of the drawdown
                self._scale(y_of(step), step, step_decimals(steps))
        canvas.fill(px(8), y_of(0.0), self._plot_width(), 1, "line-strong")
        if self._index is not None:
            self._line(self._index, y_of, "text-muted", 1.2, dashed=True)
        self._line(gain, y_of, "accent", 1.6)
        self._paint_legend(top)

    def _paint_legend(self, top: int) -> None:
        canvas, px, tr = self._canvas, self._look.px, self._look.tr
        x = px(12)
        used = canvas.text(x, top + px(2), px(120), px(14), tr("performance.equity.account"), "accent", size="micro")
        x += round(used) + px(10)
        if self._index is not None:
            text = tr("performance.equity.kospi")
            painter = canvas.painter
            painter.save()
            pen = QPen(self._look.color("text-muted"))
            pen.setDashPattern([4, 3])
            painter.setPen(pen)
            y = top + px(9)
            painter.drawLine(x, y, x + px(18), y)
            painter.restore()
            canvas.text(x + px(22), top + px(2), px(120), px(14), text, "text-muted", size="micro")

    def _paint_drawdown(self, curve: Curve, top: int, tall: int) -> None:
        canvas, px, fall = self._canvas, self._look.px, curve.drawdown_pct
        low = min(float(fall.min()) * 1.06, -1.0)

        def y_of(value: float) -> float:
            return top + value / low * tall

        steps = axis_steps(low, 0.0, max(2, tall // px(26)))
        for step in steps:
            self._scale(y_of(step), step, step_decimals(steps))
        canvas.fill(px(8), top, self._plot_width(), 1, "line-strong")
        painter = canvas.painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.color("loss-fill", 0.28))
        points = [QPointF(self.x_of(0), top)]
        points += [QPointF(self.x_of(at), y_of(float(value))) for at, value in enumerate(fall)]
        points.append(QPointF(self.x_of(len(fall) - 1), top))
        painter.drawPolygon(QPolygonF(points))
        painter.restore()
        self._line(fall, y_of, "loss", 1.0)
        label = self._look.tr("performance.equity.drawdown_name")
        canvas.text(px(12), top + tall - px(15), px(160), px(14), label, "text-muted", size="micro")

    def _paint_crosshair(self, top: int, bottom: int) -> None:
        painter = self._canvas.painter
        x = round(self.x_of(self._at))
        painter.save()
        pen = QPen(self._look.color("crosshair"))
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawLine(x, top, x, bottom)
        painter.restore()
