"""The gate over the last 250 days: KOSPI above, the score with its status lines below, a lamp lane under it (screen 0801).

A status is told by the height of its mark in the lane as well as by its colour, like the lamps of the strip.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.model.evidence import BarSpan
from engine.model.gate import GateStatus
from engine.model.panel import FloatArray
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.gate_series import HistoryLine, readout_text
from ralphstock_desktop.ui.viewmodels.gate_words import STATUS_TOKEN
from ralphstock_desktop.wording import format as fmt

__all__ = ["HistoryView"]

_HEAD, _AXIS, _LANE = 20, 18, 15
_SCALE = 46
"""Width of the numbers on the right."""
_LANE_ROW = {GateStatus.RED: 0, GateStatus.YELLOW: 1, GateStatus.GREEN: 2}


class HistoryView(QWidget):
    """Painted history with a crosshair that follows the pointer and the arrow keys.

    Signals
    -------
    day_chosen(int)
        Position of the day under the crosshair; -1 for none.
    """

    day_chosen = Signal(int)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._canvas = Canvas(appearance)
        self._line: HistoryLine | None = None
        self._note = ""
        self._guides: tuple[float, float] = (0.0, 0.0)
        self._spans: tuple[BarSpan, ...] = ()
        self._at = -1
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setAccessibleName(self._look.tr("gate.access.history"))
        self._tell()
        self.update()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def show_line(self, line: HistoryLine | None, note: str, guides: tuple[float, float]) -> None:
        """Show a history with the scores from which YELLOW and GREEN begin, or say why there is none."""
        self._line, self._note, self._guides = line, note, guides
        if line is None or self._at >= len(line.days):
            self._at = -1
        self._tell()
        self.update()

    def show_spans(self, spans: Sequence[BarSpan]) -> None:
        """Shade the days the focused row was computed from."""
        if tuple(spans) != self._spans:
            self._spans = tuple(spans)
            self.update()

    @property
    def crosshair(self) -> int:
        """Position of the day under the crosshair, -1 for none."""
        return self._at

    def readout(self) -> str:
        """The day under the crosshair in words, or the newest one."""
        line = self._line
        if line is None or not len(line.days):
            return self._note
        return readout_text(self._look, line, self._at if self._at >= 0 else len(line.days) - 1)

    def _set_at(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self._tell()
            self.day_chosen.emit(at)
            self.update()

    def _tell(self) -> None:
        self.setAccessibleDescription(self.readout())

    # -- geometry -------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(420), self._look.px(220))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(200), self._look.px(120))

    def _plot_width(self) -> int:
        return max(1, self.width() - self._look.px(_SCALE) - self._look.px(8))

    def x_of(self, at: int) -> float:
        """Middle of a day's column."""
        count = len(self._line.days) if self._line is not None else 1
        return self._look.px(8) + (at + 0.5) * self._plot_width() / max(1, count)

    def at_x(self, x: float) -> int:
        """Position of the day at a place, -1 outside."""
        if self._line is None or not len(self._line.days):
            return -1
        at = int((x - self._look.px(8)) * len(self._line.days) // self._plot_width())
        return at if 0 <= at < len(self._line.days) else -1

    def _panes(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """(top, height) of index, score and lane."""
        px = self._look.px
        top, bottom = px(_HEAD), self.height() - px(_AXIS)
        lane = px(_LANE)
        room = max(px(40), bottom - lane - px(8) - top)
        upper = round(room * 0.45)
        return (top, upper), (top + upper + px(6), room - upper - px(6)), (bottom - lane - px(2), lane)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    # -- input ----------------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_at(self.at_x(event.position().x()))

    def leaveEvent(self, event: object) -> None:
        """Let the crosshair go."""
        del event
        self._set_at(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = len(self._line.days) if self._line is not None else 0
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -20, Qt.Key.Key_PageDown: 20}
        key = Qt.Key(event.key())
        if not count or (key not in steps and key not in (Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Escape)):
            super().keyPressEvent(event)
            return
        if key == Qt.Key.Key_Escape:
            self._set_at(-1)
            return
        start = self._at if self._at >= 0 else count - 1
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: count - 1}
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
        canvas, px, line = self._canvas, self._look.px, self._line
        canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
        if line is None or not len(line.days):
            canvas.text(0, 0, self.width(), self.height(), self._note, "text-muted", align="center", elide=True)
            return
        canvas.text(px(8), 0, self.width() - px(12), px(_HEAD), self.readout(), "text-secondary", size="caption", elide=True)
        index, score, lane = self._panes()
        self._paint_spans(line, index[0], lane[0] + lane[1])
        self._paint_months(line, index[0], lane[0] + lane[1])
        self._paint_index(line, *index)
        self._paint_score(line, *score)
        self._paint_lane(line, *lane)
        if self._at >= 0:
            self._paint_crosshair(line, index[0], lane[0] + lane[1])
        if self.hasFocus():
            canvas.fill(0, 0, px(2), self.height(), "focus")

    def _paint_spans(self, line: HistoryLine, top: int, bottom: int) -> None:
        ordinals = line.ordinals
        for span in self._spans:
            first = int(np.searchsorted(ordinals, span.first_day))
            last = int(np.searchsorted(ordinals, span.last_day, side="right")) - 1
            if last < first:
                continue
            half = self._plot_width() / len(ordinals) / 2
            left, right = self.x_of(first) - half, self.x_of(last) + half
            opacity = 0.16 if span.role == "window" else 0.08
            self._canvas.fill_color(left, top, right - left, bottom - top, self._look.color("evidence", opacity))

    def _paint_months(self, line: HistoryLine, top: int, bottom: int) -> None:
        canvas, px = self._canvas, self._look.px
        months = line.days.astype("datetime64[M]")
        starts = [0, *(np.flatnonzero(months[1:] != months[:-1]) + 1).tolist()]
        free = -1.0
        for at in starts[1:] if len(starts) > 1 else starts:
            x = round(self.x_of(at))
            canvas.fill(x, top, 1, bottom - top, "chart-grid")
            text = str(months[at])[2:].replace("-", ".")
            width = canvas.width(text, "micro")
            if x - width / 2 > free and x + width / 2 < self.width() - px(_SCALE):
                canvas.text(x - width / 2, bottom, width, px(_AXIS), text, "axis-text", size="micro")
                free = x + width / 2 + px(8)

    def _polyline(self, values: FloatArray, top: int, tall: int, low: float, high: float, token: str) -> None:
        """Draw runs of known values; a hole stays a hole."""
        painter, span = self._canvas.painter, (high - low) or 1.0
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look.color(token), 1.3 * self._look.zoom_pct / 100))
        known = np.flatnonzero(~np.isnan(values))
        for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            points = [QPointF(self.x_of(int(at)), top + (high - float(values[at])) / span * tall) for at in run]
            if len(points) > 1:
                painter.drawPolyline(QPolygonF(points))
            elif points:
                painter.drawEllipse(points[0], 1, 1)
        painter.restore()

    def _scale(self, y: float, text: str, token: str = "axis-text") -> None:
        px = self._look.px
        left = self.width() - px(_SCALE)
        self._canvas.text(left + px(4), round(y) - px(8), px(_SCALE - 6), px(16), text, token, size="micro")

    def _paint_index(self, line: HistoryLine, top: int, tall: int) -> None:
        known = line.kospi[~np.isnan(line.kospi)]
        px = self._look.px
        self._canvas.text(px(12), top, px(120), px(14), self._look.tr("gate.kospi"), "text-muted", size="micro")
        if not len(known):
            return
        low, high = float(known.min()), float(known.max())
        self._polyline(line.kospi, top + px(4), tall - px(8), low, high, "text-secondary")
        self._scale(top + px(6), fmt.number(high, 0))
        self._scale(top + tall - px(6), fmt.number(low, 0))

    def _paint_score(self, line: HistoryLine, top: int, tall: int) -> None:
        canvas, px = self._canvas, self._look.px
        left, width = px(8), self._plot_width()
        yellow, green = self._guides

        def y_of(score: float) -> float:
            return top + (100.0 - score) / 100.0 * tall

        for low, high, status in (
            (0.0, yellow, GateStatus.RED),
            (yellow, green, GateStatus.YELLOW),
            (green, 100.0, GateStatus.GREEN),
        ):
            color = self._look.color(STATUS_TOKEN[status], 0.09)
            canvas.fill_color(left, y_of(high), width, y_of(low) - y_of(high), color)
        for guide, status in ((yellow, GateStatus.YELLOW), (green, GateStatus.GREEN)):
            canvas.fill(left, y_of(guide), width, 1, "line-hair")
            self._scale(y_of(guide), fmt.points(guide), STATUS_TOKEN[status])
        self._polyline(line.score, top, tall, 0.0, 100.0, "accent")
        label_top = top + tall - px(15)
        canvas.text(px(12), label_top, px(120), px(14), self._look.tr("gate.history.label"), "text-muted", size="micro")

    def _paint_lane(self, line: HistoryLine, top: int, tall: int) -> None:
        """One mark a day: red high, yellow in the middle, green low, a dot in outline where nothing was judged."""
        canvas = self._canvas
        column = self._plot_width() / len(line.days)
        row = tall / 3
        status = line.status
        starts = [0, *(np.flatnonzero(status[1:] != status[:-1]) + 1).tolist(), len(status)]
        for first, stop in pairwise(starts):
            value = GateStatus(int(status[first]))
            x = self.x_of(first) - column / 2
            width = max(1.0, (stop - first) * column)
            if value is GateStatus.UNKNOWN:
                canvas.pen("unknown")
                y = round(top + tall / 2)
                canvas.painter.drawLine(round(x), y, round(x + width), y)
                continue
            canvas.fill(x, top + _LANE_ROW[value] * row, width, max(2.0, row - 1), STATUS_TOKEN[value])

    def _paint_crosshair(self, line: HistoryLine, top: int, bottom: int) -> None:
        painter = self._canvas.painter
        x = round(self.x_of(self._at))
        painter.save()
        pen = QPen(self._look.color("crosshair"))
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawLine(x, top, x, bottom)
        painter.restore()
        score = float(line.score[self._at])
        if not np.isnan(score):
            pane_top, tall = self._panes()[1]
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._look.color(STATUS_TOKEN[GateStatus(int(line.status[self._at]))]))
            radius = self._look.px(3)
            painter.drawEllipse(QPointF(x, pane_top + (100.0 - score) / 100.0 * tall), radius, radius)
            painter.restore()
