"""Draws news: a flag ``N2`` above the bar of first publication, and finds the flag under the pointer and the bar of a time."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from engine.model.chart import ChartSeries, Timeframe
from ralphstock_desktop.ui.charts.bar_index import BarIndex
from ralphstock_desktop.ui.charts.scene import NewsFlag, Scene

__all__ = ["NEWS_JUMP", "add_news", "bar_at", "news_boxes", "news_tip"]

NEWS_JUMP = "news"
"""Origin on the chart link whose crosshair also moves the view to its bar."""
_MINUTES = {Timeframe.MIN_1: 1, Timeframe.MIN_5: 5, Timeframe.MIN_15: 15, Timeframe.MIN_60: 60}
_HEIGHT = 14
_ABOVE = 7
_SMALL = 6
"""Side of the mark that stands in for a flag where there is no room beside the one before."""


def bar_at(series: ChartSeries, time_s: int) -> int | None:
    """Bar that holds an exchange time (seconds since 1970-01-01), else the next one; None after the last bar.

    What was written between two sessions first meets the market on the next bar.
    """
    if not len(series):
        return None
    minutes = _MINUTES.get(series.timeframe)
    if minutes is None:
        held = BarIndex(series).bar(time_s // 86_400)
        if held is not None:
            return held
    times = series.time.astype("datetime64[s]").astype(np.int64)
    after = int(np.searchsorted(times, time_s, side="right"))
    if minutes is not None and after and time_s < times[after - 1] + 60 * minutes:
        return after - 1
    return after if after < len(series) else None


def news_boxes(scene: Scene) -> list[tuple[QRectF, NewsFlag]]:
    """Rectangles (device pixels) of the flags in sight, newest first; a flag that would cover a newer one is a small mark."""
    data, pane, ink = scene.given.data, scene.pane("price"), scene.ink
    if data is None or pane is None:
        return []
    found: list[tuple[QRectF, NewsFlag]] = []
    taken = float(scene.plot_width)
    for flag in sorted(scene.given.news, key=lambda each: -each.bar):
        if not scene.first <= flag.bar < min(scene.last, data.count):
            continue
        x, y = scene.axis.x(flag.bar), pane.scale.y(data.bar(flag.bar).high)
        if not np.isfinite(y):
            continue
        wide, tall = ink.width(f"N{flag.count}", "micro", bold=True) + 2 * ink.px(3), ink.px(_HEIGHT)
        left = min(x - wide / 2, scene.plot_width - wide - 1)
        if left + wide > taken:
            wide = tall = ink.px(_SMALL)
            left = x - wide / 2
        bottom = max(y - ink.px(_ABOVE), pane.top + tall + ink.px(2))
        box = QRectF(round(left), round(bottom - tall), wide, tall)
        taken = min(taken, box.left() - ink.px(1))
        found.append((box, flag))
    return found


def add_news(picture: QPixmap, scene: Scene) -> None:
    """Draw the flags onto the base picture."""
    boxes = news_boxes(scene)
    pane, ink = scene.pane("price"), scene.ink
    if not boxes or pane is None:
        return
    painter = QPainter(picture)
    try:
        painter.setClipRect(0, pane.top + 1, scene.plot_width, pane.height - 1)
        for box, flag in boxes:
            middle = round(scene.axis.x(flag.bar))
            ink.line(painter, middle, round(box.bottom()), middle, round(box.bottom()) + ink.px(4), ink.color("category-3"))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(ink.pen("danger") if flag.severe else Qt.PenStyle.NoPen)
            painter.setBrush(ink.color("category-3"))
            inset = 0.5 if flag.severe else 0.0
            painter.drawRoundedRect(box.adjusted(inset, inset, -inset, -inset), ink.px(2), ink.px(2))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            if box.height() > ink.px(_SMALL):
                word = f"N{flag.count}"
                left = box.left() + (box.width() - ink.width(word, "micro", bold=True)) / 2
                ink.text(painter, left, box.center().y(), word, "text-on-fill", size="micro", bold=True)
    finally:
        painter.end()


def news_tip(scene: Scene, x: float, y: float) -> str:
    """Titles of the flag under a device pixel; empty where there is none."""
    reach = scene.ink.px(2)
    for box, flag in news_boxes(scene):
        if box.adjusted(-reach, -reach, reach, reach).contains(x, y):
            return "\n".join(flag.titles)
    return ""
