"""A small chart inside an answer: a line with its ends and last value written, or bars around zero, by QPainter.

Colours are direction tokens: a line takes that of its way from the first to the last value, a bar that of its sign. Missing
values leave a gap; a chart without any value says so. What it shows in words is the block's ``spoken``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from ralphstock_desktop.services.assistant_contracts import Chart, Unit
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.written import clean
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["chart_height", "chart_value", "paint_chart"]

_TITLE, _PLOT, _DAYS = 20, 72, 18
_MOST_WIDE = 520


def chart_height(look: Appearance) -> int:
    """Height of a chart block in pixels."""
    return look.px(_TITLE + _PLOT + _DAYS)


def chart_value(value: float, unit: Unit, language: Language) -> str:
    """Write a value of a chart with its unit; NaN is missing."""
    ways: dict[Unit, Callable[[float], str]] = {
        "won": lambda v: f"{fmt.number(v)}원" if language == "ko" else f"₩{fmt.number(v)}",
        "krw": lambda v: fmt.money(v, language, plus=True),
        "shares": lambda v: fmt.shares(v, language, plus=True),
        "%": lambda v: fmt.percent(v),
        "%p": lambda v: fmt.percent_apart(v, 1, language),
        "×": lambda v: fmt.ratio(v),
        "index": lambda v: fmt.number(v, 2),
    }
    if math.isnan(value):
        return fmt.MISSING
    return ways.get(unit, fmt.points)(value)


def paint_chart(painter: QPainter, box: QRectF, chart: Chart, look: Appearance) -> None:
    """Draw a chart into a box of :func:`chart_height`."""
    painter.save()
    try:
        box = QRectF(round(box.x()), round(box.y()), min(box.width(), look.px(_MOST_WIDE)), box.height())
        known = [(position, value) for position, value in enumerate(chart.values) if not math.isnan(value)]
        _head(painter, box, chart, known, look)
        plot = QRectF(box.x(), box.y() + look.px(_TITLE), box.width(), look.px(_PLOT))
        painter.setPen(look.color("line-hair"))
        painter.drawLine(QLineF(plot.left(), plot.bottom() + 0.5, plot.right(), plot.bottom() + 0.5))
        if not known:
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("unknown"))
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, look.tr("chat_view.chart.empty"))
            return
        if chart.kind == "bars":
            _bars(painter, plot, chart, look)
        else:
            _line(painter, plot, chart, known, look)
        _days(painter, box, chart, look)
    finally:
        painter.restore()


def _head(painter: QPainter, box: QRectF, chart: Chart, known: list[tuple[int, float]], look: Appearance) -> None:
    tall = look.px(_TITLE) - 2
    bold, plain = look.font("body", bold=True), look.font("caption")
    used = 0.0
    if known:
        last = known[-1][1]
        start = 0.0 if chart.kind == "bars" else known[0][1]
        text = chart_value(last, chart.unit, look.language)
        used = QFontMetricsF(bold).horizontalAdvance(text)
        painter.setFont(bold)
        painter.setPen(look.color(look.direction_token(last - start)))
        painter.drawText(QPointF(box.right() - used, look.baseline(box.y(), tall, bold)), text)
    room = box.width() - used - look.px(8)
    painter.setFont(plain)
    painter.setPen(look.color("text-secondary"))
    title = QFontMetricsF(plain).elidedText(clean(chart.title), Qt.TextElideMode.ElideRight, room)
    painter.drawText(QPointF(box.left(), look.baseline(box.y(), tall, plain)), title)


def _line(painter: QPainter, plot: QRectF, chart: Chart, known: list[tuple[int, float]], look: Appearance) -> None:
    """The line in runs without gaps; the first and last value stand at its ends."""
    values = [value for _, value in known]
    low, high = min(values), max(values)
    font = look.font("caption")
    metrics = QFontMetricsF(font)
    first = chart_value(values[0], chart.unit, look.language)
    left = metrics.horizontalAdvance(first) + look.px(8)
    area = plot.adjusted(left, look.px(8), -look.px(6), -look.px(8))
    step = area.width() / max(1, len(chart.values) - 1)
    reach = high - low

    def place(position: int, value: float) -> QPointF:
        share = (value - low) / reach if reach else 0.5
        return QPointF(area.left() + position * step, area.bottom() - share * area.height())

    token = look.direction_token(values[-1] - values[0])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(look.color("line-strong"), 1, Qt.PenStyle.DotLine))
    start = place(*known[0])
    painter.drawLine(QLineF(start.x(), start.y(), area.right(), start.y()))
    painter.setPen(QPen(look.color(token), 1.5))
    run: list[QPointF] = []
    for position, value in [*enumerate(chart.values), (-1, math.nan)]:
        if not math.isnan(value):
            run.append(place(position, value))
            continue
        if len(run) > 1:
            painter.drawPolyline(QPolygonF(run))
        elif run:
            painter.drawPoint(run[0])
        run = []
    painter.setBrush(look.color(token))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(place(*known[-1]), look.px(3), look.px(3))
    painter.setFont(font)
    painter.setPen(look.color("axis-text"))
    middle = min(max(start.y(), plot.top() + look.px(8)), plot.bottom() - look.px(8))
    painter.drawText(QPointF(plot.left(), look.baseline(middle - look.px(8), look.px(16), font)), first)


def _bars(painter: QPainter, plot: QRectF, chart: Chart, look: Appearance) -> None:
    """Bars from zero; a missing one is a dash on the zero line."""
    values = [value for value in chart.values if not math.isnan(value)]
    low, high = min(0.0, *values), max(0.0, *values)
    area = plot.adjusted(0, look.px(4), 0, -look.px(4))
    reach = (high - low) or 1.0
    zero = round(area.bottom() - (0 - low) / reach * area.height())
    step = area.width() / len(chart.values)
    wide = max(1, min(look.px(18), math.floor(step * 0.7)))
    for position, value in enumerate(chart.values):
        x = round(area.left() + position * step + (step - wide) / 2)
        if math.isnan(value):
            painter.fillRect(x, zero - 1, wide, 2, look.color("unknown"))
            continue
        tall = max(1, round(abs(value) / reach * area.height())) if value else 1
        token = look.direction_token(value)
        color = look.color(token if token == "flat" else f"{token}-fill")
        painter.fillRect(x, zero - tall if value >= 0 else zero, wide, tall, color)
    painter.fillRect(round(plot.left()), zero, round(plot.width()), 1, look.color("line-strong"))


def _days(painter: QPainter, box: QRectF, chart: Chart, look: Appearance) -> None:
    if not chart.days:
        return
    font = look.font("caption")
    base = look.baseline(box.bottom() - look.px(_DAYS) + 1, look.px(_DAYS) - 1, font)
    painter.setFont(font)
    painter.setPen(look.color("axis-text"))
    first, last = chart.days[0], chart.days[-1]
    form = "%m-%d" if first.year == last.year else "%Y-%m-%d"
    painter.drawText(QPointF(box.left(), base), first.strftime(form))
    text = last.strftime(form)
    painter.drawText(QPointF(box.right() - QFontMetricsF(font).horizontalAdvance(text), base), text)
