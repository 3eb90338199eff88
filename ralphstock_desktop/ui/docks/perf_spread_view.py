"""How the net returns of single trades are spread: bars left and right of zero, the mean with its interval (screen 0870)."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.model.panel import FloatArray
from engine.model.performance import Interval
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.perf_report import NO_INTERVAL
from ralphstock_desktop.ui.viewmodels.perf_shapes import Bins, axis_steps, return_bins, step_decimals
from ralphstock_desktop.ui.viewmodels.perf_words import interval_text
from ralphstock_desktop.wording import format as fmt

__all__ = ["SpreadView"]

_HEAD, _AXIS, _SCALE = 20, 18, 30


class SpreadView(QWidget):
    """Painted histogram; the pointer and the arrow keys choose a bar."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._canvas = Canvas(appearance)
        self._net: FloatArray = np.zeros(0)
        self._bins: Bins | None = None
        self._mean: Interval = NO_INTERVAL
        self._note = ""
        self._at = -1
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setAccessibleName(self._look.tr("performance.page.spread"))
        self._tell()
        self.update()

    def show_returns(self, net_pct: FloatArray, mean: Interval, note: str) -> None:
        """Show returns with their mean; ``note`` stands where there are none."""
        self._net, self._bins, self._mean, self._note, self._at = net_pct, return_bins(net_pct), mean, note, -1
        self._tell()
        self.update()

    @property
    def bins(self) -> Bins | None:
        """What is drawn."""
        return self._bins

    def readout(self) -> str:
        """The bar under the pointer, or the whole: ``순수익률 −2 ~ 0% · 14건 (12%)``."""
        return " · ".join(self.readout_parts())

    def readout_parts(self) -> list[str]:
        """The readout part by part, the most telling ones first."""
        bins, tr = self._bins, self._look.tr
        if bins is None:
            return [self._note]
        total = int(bins.counts.sum())
        if self._at >= 0:
            count = int(bins.counts[self._at])
            low, high = (fmt.signed(float(edge), 1 if bins.step < 1 else 0) for edge in bins.edges[self._at : self._at + 2])
            share = fmt.percent(100.0 * count / total, 0, plus=False)
            return [tr("performance.spread.bar", low=low, high=high, count=fmt.number(count), share=share)]
        parts = [tr("performance.spread.count", count=fmt.number(total))]
        if self._mean.value is not None:
            parts.append(tr("performance.spread.mean", mean=fmt.percent(self._mean.value)))
        if self._mean.low is not None:
            parts.append(tr("performance.note.interval", interval=interval_text(self._mean)))
        if total > 1:
            parts.append(tr("performance.spread.median", median=fmt.percent(float(np.median(self._net)))))
        return parts

    def _tell(self) -> None:
        self.setAccessibleDescription(self.readout())

    def _set_at(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self._tell()
            self.update()

    # -- geometry and input -----------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(320), self._look.px(180))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(160), self._look.px(100))

    def _plot_width(self) -> int:
        return max(1, self.width() - self._look.px(_SCALE) - self._look.px(8))

    def x_of(self, value: float) -> float:
        """Place of a return."""
        assert self._bins is not None
        low, high = float(self._bins.edges[0]), float(self._bins.edges[-1])
        return self._look.px(8) + (value - low) / (high - low) * self._plot_width()

    def _at_x(self, x: float) -> int:
        if self._bins is None:
            return -1
        at = int((x - self._look.px(8)) * len(self._bins.counts) // self._plot_width())
        return at if 0 <= at < len(self._bins.counts) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_at(self._at_x(event.position().x()))

    def leaveEvent(self, event: object) -> None:
        """Let the bar go."""
        del event
        self._set_at(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = len(self._bins.counts) if self._bins is not None else 0
        key = Qt.Key(event.key())
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: count - 1, Qt.Key.Key_Escape: -1}
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if not count or (key not in ends and key not in steps):
            super().keyPressEvent(event)
            return
        start = self._at if self._at >= 0 else -1 if key == Qt.Key.Key_Right else count
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
        canvas, px, bins = self._canvas, self._look.px, self._bins
        canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
        if bins is None:
            canvas.text(px(8), 0, self.width() - px(16), self.height(), self._note, "text-muted", align="center", elide=True)
            return
        parts, room = self.readout_parts(), self.width() - px(12)
        while len(parts) > 1 and canvas.width(" · ".join(parts), "caption") > room:
            parts.pop()  # whole parts go, nothing is cut; the accessible description keeps them all
        canvas.text(px(8), 0, room, px(_HEAD), " · ".join(parts), "text-secondary", size="caption", elide=True)
        top, bottom = px(_HEAD), self.height() - px(_AXIS)
        self._paint_axes(bins, top, bottom)
        self._paint_bars(bins, top, bottom)
        zero = round(self.x_of(0.0))
        canvas.fill(zero, top, 1, bottom - top, "text-secondary")
        self._paint_mean(top, bottom)
        if self.hasFocus():
            canvas.fill(0, 0, px(2), self.height(), "focus")

    def _paint_axes(self, bins: Bins, top: int, bottom: int) -> None:
        canvas, px = self._canvas, self._look.px
        most = int(bins.counts.max())
        for count in axis_steps(0.0, float(most), max(1, (bottom - top) // px(30))):
            if count != round(count):
                continue
            y = bottom - count / (most * 1.08) * (bottom - top)
            canvas.fill(px(8), y, self._plot_width(), 1, "chart-grid")
            left = self.width() - px(_SCALE - 4)
            canvas.text(left, round(y) - px(8), px(_SCALE - 5), px(16), fmt.number(count), "axis-text", size="micro")
        low, high = float(bins.edges[0]), float(bins.edges[-1])
        steps = axis_steps(low, high, max(2, self._plot_width() // px(52)))
        for step in steps:
            text = fmt.percent(step, step_decimals(steps))
            width = canvas.width(text, "micro")
            start = min(max(px(2), self.x_of(step) - width / 2), self.width() - width - px(2))
            canvas.text(start, bottom, width, px(_AXIS), text, "axis-text", size="micro")

    def _paint_bars(self, bins: Bins, top: int, bottom: int) -> None:
        canvas, most = self._canvas, int(bins.counts.max())
        for at, count in enumerate(bins.counts.tolist()):
            if not count:
                continue
            left, right = round(self.x_of(float(bins.edges[at]))), round(self.x_of(float(bins.edges[at + 1])))
            tall = max(1, round(count / (most * 1.08) * (bottom - top)))
            falling = bins.edges[at] < 0.0
            token = "loss-fill" if falling else "gain-fill"
            canvas.fill(left, bottom - tall, max(1, right - left - 1), tall, token)
            if falling and self._look.hollow_falling and right - left > 4 and tall > 3:
                canvas.fill(left + 1, bottom - tall + 1, right - left - 3, tall - 1, "bg-panel")
            if at == self._at:
                canvas.pen("focus")
                canvas.painter.drawRect(left, bottom - tall, max(1, right - left - 2), tall)

    def _paint_mean(self, top: int, bottom: int) -> None:
        """The mean as a line over its interval as a band."""
        mean, canvas, px = self._mean, self._canvas, self._look.px
        if mean.value is None:
            return
        if mean.low is not None and mean.high is not None:
            left, right = self.x_of(mean.low), self.x_of(mean.high)
            canvas.fill_color(left, top, max(1.0, right - left), bottom - top, self._look.color("evidence", 0.16))
        x = round(self.x_of(mean.value))
        canvas.fill(x, top, 2, bottom - top, "evidence")
        text = self._look.tr("performance.spread.mean", mean=fmt.percent(mean.value))
        width = canvas.width(text, "micro", True)
        left = x + px(5) if x + px(5) + width < self.width() - px(_SCALE) else x - px(4) - width
        canvas.text(left, top + px(1), width, px(14), text, "evidence", size="micro", bold=True)
