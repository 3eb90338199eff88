"""Draws candles, volume, averages and investor flows on whole pixels.

Closed bars go to the base picture once per view; the newest column is drawn over it each time it changes. Translucent bars
are mixed with the ground beforehand: one opaque rectangle costs a hundredth of a translucent one.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QRect, Qt
from PySide6.QtGui import QColor, QPainter

from engine.model.panel import FloatArray
from ralphstock_desktop.ui.charts.chart_data import FLOWS, ChartData, Columns
from ralphstock_desktop.ui.charts.primitives import boxes, draw_boxes, draw_outlines, draw_polyline
from ralphstock_desktop.ui.charts.scene import VWAP_TOKEN, PaneBox, Scene, tokens_of

__all__ = [
    "paint_averages",
    "paint_candles",
    "paint_flow",
    "paint_flow_lines",
    "paint_last_average",
    "paint_last_candle",
    "paint_last_volume",
    "paint_last_vwap",
    "paint_limit_marks",
    "paint_volume",
    "paint_vwap",
]

Mask = npt.NDArray[np.bool_]
_NOWHERE = 1 << 20
_READOUT = 22
"""Height of the readout's line at the top of a pane, with its distance."""


def _pixels(values: FloatArray) -> npt.NDArray[np.int64]:
    """Whole pixels; far outside for missing values, which callers mask out."""
    if not math.isfinite(float(values.sum())):
        values = np.where(np.isfinite(values), values, _NOWHERE)
    return np.rint(np.clip(values, -_NOWHERE, _NOWHERE)).astype(np.int64)


def _middles(scene: Scene, columns: Columns) -> npt.NDArray[np.int64]:
    axis = scene.axis
    return np.floor(axis.width - (axis.end - columns.centre) * axis.step).astype(np.int64)


def _rising(columns: Columns) -> tuple[Mask, Mask]:
    """(rising or unchanged, falling) of columns whose open and close are known."""
    known = np.isfinite(columns.open) & np.isfinite(columns.close)
    return known & (columns.close >= columns.open), known & (columns.close < columns.open)


def paint_candles(painter: QPainter, scene: Scene, pane: PaneBox, columns: Columns) -> None:
    """Bodies and wicks of columns: rising filled, falling filled or (colour-blind set) hollow, doji one pixel."""
    ink, scale, body = scene.ink, pane.scale, scene.body
    wick = min(ink.hair(), body)
    high, low = _pixels(scale.ys(columns.high)), _pixels(scale.ys(columns.low))
    open_, close = _pixels(scale.ys(columns.open)), _pixels(scale.ys(columns.close))
    drawn = np.isfinite(columns.high) & np.isfinite(columns.low)
    rising, falling = _rising(columns)
    middle = _middles(scene, columns)
    wicks = boxes(middle - wick // 2, high, wick, low)
    top, bottom = np.minimum(open_, close), np.maximum(open_, close)
    bodies = boxes(middle - body // 2, top, body, bottom)
    bodies[:, 3] = np.maximum(bodies[:, 3] - 1, bodies[:, 1] + ink.hair() - 1)
    hollow = ink.look.hollow_falling and body > 2 * ink.hair()
    for mask, token in ((rising & drawn, "gain-fill"), (falling & drawn, "loss-fill")):
        color = ink.color(token)
        draw_boxes(painter, wicks[mask], color)
        if body <= wick:
            continue
        if hollow and token == "loss-fill":
            draw_outlines(painter, bodies[mask], color, ink.color("bg-panel"))
        else:
            draw_boxes(painter, bodies[mask], color)
    unknown = drawn & ~(rising | falling)
    draw_boxes(painter, wicks[unknown], ink.color("unknown"))


def paint_volume(painter: QPainter, scene: Scene, pane: PaneBox, columns: Columns) -> None:
    """Volume bars in the direction of their bar, paler than the candles."""
    ink, body = scene.ink, scene.body
    tops = _pixels(pane.scale.ys(columns.volume))
    drawn = np.isfinite(columns.volume) & (columns.volume > 0)
    packed = boxes(
        _middles(scene, columns) - body // 2, np.minimum(tops, pane.bottom - ink.hair()), body, _full(tops, pane.bottom - 1)
    )
    rising, falling = _rising(columns)
    opacity = ink.look.opacity("volume")
    hollow = ink.look.hollow_falling and body > 2 * ink.hair()
    for mask, token in ((rising, "gain-fill"), (falling, "loss-fill"), (~(rising | falling), "unknown")):
        color = ink.mixed(token, "bg-panel", opacity)
        if hollow and token == "loss-fill":
            draw_outlines(painter, packed[mask & drawn], color, ink.color("bg-panel"))
        else:
            draw_boxes(painter, packed[mask & drawn], color)


def _full(like: npt.NDArray[np.int64], value: int) -> npt.NDArray[np.int64]:
    return np.full(like.shape, value, dtype=np.int64)


# -- the newest column, drawn again with every change; plain numbers are quicker than arrays of length one -----------------


def paint_last_candle(painter: QPainter, scene: Scene, pane: PaneBox, column: Columns) -> None:
    """One column exactly as :func:`paint_candles` draws it."""
    ink, scale, body = scene.ink, pane.scale, scene.body
    ys = [scale.y(float(values[0])) for values in (column.high, column.low, column.open, column.close)]
    if not (math.isfinite(ys[0]) and math.isfinite(ys[1])):
        return
    middle = math.floor(scene.axis.x(float(column.centre[0])))
    wick = min(ink.hair(), body)
    high, low = round(ys[0]), round(ys[1])
    wick_box = QRect(middle - wick // 2, high, wick, low - high + 1)
    if not (math.isfinite(ys[2]) and math.isfinite(ys[3])):
        painter.fillRect(wick_box, ink.color("unknown"))
        return
    falls = column.close[0] < column.open[0]
    color = ink.color("loss-fill" if falls else "gain-fill")
    painter.fillRect(wick_box, color)
    if body <= wick:
        return
    open_, close = round(ys[2]), round(ys[3])
    top, tall = min(open_, close), max(abs(close - open_), ink.hair())
    body_box = QRect(middle - body // 2, top, body, tall)
    painter.fillRect(body_box, color)
    if falls and ink.look.hollow_falling and body > 2 * ink.hair() and tall > 2:
        painter.fillRect(body_box.adjusted(1, 1, -1, -1), ink.color("bg-panel"))


def paint_last_volume(painter: QPainter, scene: Scene, pane: PaneBox, column: Columns) -> None:
    """One column exactly as :func:`paint_volume` draws it."""
    ink, body, volume = scene.ink, scene.body, float(column.volume[0])
    if not volume > 0:
        return
    top = min(round(pane.scale.y(volume)), pane.bottom - ink.hair())
    box = QRect(math.floor(scene.axis.x(float(column.centre[0]))) - body // 2, top, body, pane.bottom - top)
    open_, close = float(column.open[0]), float(column.close[0])
    token = "unknown" if math.isnan(open_) or math.isnan(close) else "loss-fill" if close < open_ else "gain-fill"
    painter.fillRect(box, ink.mixed(token, "bg-panel", ink.look.opacity("volume")))
    if token == "loss-fill" and ink.look.hollow_falling and body > 2 * ink.hair() and box.height() > 2:
        painter.fillRect(box.adjusted(1, 1, -1, -1), ink.color("bg-panel"))


# -- averages -------------------------------------------------------------------------------------------------------------


def paint_averages(painter: QPainter, scene: Scene, pane: PaneBox, data: ChartData) -> None:
    """One line per chosen average over the closed bars."""
    columns, axis = scene.columns, scene.axis
    # Below one pixel a bar a line is as ragged as its bars; smoothing it would cost time and show nothing.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, columns.size == 1)
    x = axis.width - (axis.end - columns.ends.astype(np.float64)) * axis.step
    for length, token in tokens_of(scene.given.options.averages):
        values = data.series.averages.get(length)
        if values is not None:
            draw_polyline(painter, x, pane.scale.ys(data.at_ends(values, columns)), scene.ink.pen(token))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_last_average(painter: QPainter, scene: Scene, pane: PaneBox, data: ChartData) -> None:
    """The last stretch of each average, up to the newest bar."""
    before = data.open_column_start(scene.columns.size) - 1
    if before < 0:
        return
    x1, x2 = scene.axis.x(before), scene.axis.x(data.count - 1)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for length, token in tokens_of(scene.given.options.averages):
        values = data.series.averages.get(length)
        if values is not None:
            y1, y2 = pane.scale.y(float(values[before])), pane.scale.y(data.last_averages.get(length, math.nan))
            if math.isfinite(y1) and math.isfinite(y2):
                painter.setPen(scene.ink.pen(token))
                painter.drawLine(QLineF(x1, y1, x2, y2))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_vwap(painter: QPainter, scene: Scene, pane: PaneBox, data: ChartData) -> None:
    """Volume-weighted average price of each day over the closed bars; it begins anew every day."""
    values = data.vwap
    if values is None or not scene.given.options.vwap:
        return
    columns, axis = scene.columns, scene.axis
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, columns.size == 1)
    x = axis.width - (axis.end - columns.ends.astype(np.float64)) * axis.step
    days = data.series.time[columns.ends].astype("datetime64[D]").astype(np.int64)
    y = pane.scale.ys(data.at_ends(values, columns))
    edges = np.flatnonzero(np.diff(days)) + 1
    for part_x, part_y in zip(np.split(x, edges), np.split(y, edges), strict=True):
        draw_polyline(painter, part_x, part_y, scene.ink.pen(VWAP_TOKEN, width=1.25))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_last_vwap(painter: QPainter, scene: Scene, pane: PaneBox, data: ChartData) -> None:
    """Its last stretch, up to the newest bar of the same day."""
    values, before = data.vwap, data.open_column_start(scene.columns.size) - 1
    if values is None or before < 0 or not scene.given.options.vwap or data.day(before) != data.day(data.count - 1):
        return
    y1, y2 = pane.scale.y(float(values[before])), pane.scale.y(data.vwap_last)
    if math.isfinite(y1) and math.isfinite(y2):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(scene.ink.pen(VWAP_TOKEN, width=1.25))
        painter.drawLine(QLineF(scene.axis.x(before), y1, scene.axis.x(data.count - 1), y2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


# -- investor flows -------------------------------------------------------------------------------------------------------


def _paired(scene: Scene) -> tuple[int, list[int]]:
    """Width of one of the paired bars and their offsets from the bar's centre; overlaid where there is no room."""
    step = scene.axis.step * scene.columns.size
    if step >= 9 * scene.ink.hair():
        width = max(1, int(step * 0.8 / 3))
        return width, [-width - width // 2, -(width // 2), width - width // 2]
    if step >= 5 * scene.ink.hair():
        width = max(1, int(step * 0.8 / 2))
        return width, [-width, 0]
    return max(1, int(step * 0.66)), [0, 0]


def paint_flow(painter: QPainter, scene: Scene, pane: PaneBox, data: ChartData) -> None:
    """Paired bars of foreigners, institutions (and pension funds where there is room); missing records are hatched."""
    ink = scene.ink
    zero = round(pane.scale.y(0.0))
    ink.line(painter, 0, zero, scene.plot_width, zero, ink.color("line-strong"))
    _paint_missing(painter, scene, pane, data)
    width, offsets = _paired(scene)
    size = scene.columns.size
    starts = data.column_starts(scene.first, scene.last, size)
    if not len(starts):
        return
    axis, found = scene.axis, scene.flow_columns()
    centre = np.floor(axis.width - (axis.end - (starts + (size - 1) / 2)) * axis.step).astype(np.int64)
    for (name, token), offset in zip(FLOWS, offsets, strict=False):
        low, high = found[name]
        something = np.isfinite(low) & ((low != 0) | (high != 0))
        if not something.any():
            continue
        top = np.minimum(_pixels(pane.scale.ys(high)), zero)
        bottom = np.maximum(_pixels(pane.scale.ys(low)), zero)
        packed = boxes(centre + offset, top, width, np.maximum(bottom - 1, top))
        draw_boxes(painter, packed[something], ink.color(token))


def _paint_missing(painter: QPainter, scene: Scene, pane: PaneBox, data: ChartData) -> None:
    """Hatch runs of bars without a record, with a plate where it fits under the readout's line."""
    ink = scene.ink
    under = pane.top + ink.px(_READOUT)
    runs = data.missing_flow
    near = runs[(runs[:, 1] >= scene.first) & (runs[:, 0] < scene.last)]
    text = ink.look.tr("chart.flow.missing")
    for first, last in near[-200:].tolist():
        left, right = scene.span_px(max(first, scene.first - 1), min(last, scene.last))
        left, right = max(left, 0), min(right, scene.plot_width)
        if right <= left:
            continue
        painter.fillRect(QRect(left, pane.top + 1, right - left, pane.height - 1), ink.hatch())
        size = ink.plate_size(text, bold=False)
        y = max(under, round((pane.top + pane.bottom) / 2 - size.height() / 2))
        if size.width() + 2 * ink.px(6) <= right - left and y + size.height() < pane.bottom:
            x = round((left + right - size.width()) / 2)
            ink.plate(painter, x, y, text, "text-secondary", ground=ink.color("bg-panel"), edge="line-strong", bold=False)


def paint_flow_lines(painter: QPainter, scene: Scene, pane: PaneBox, *, width: float = 1.25, zero_line: bool = True) -> None:
    """Cumulative net buying since the first bar in sight, one line per investor."""
    ink = scene.ink
    if zero_line:
        zero = round(pane.scale.y(0.0))
        ink.line(painter, 0, zero, scene.plot_width, zero, ink.color("line-strong"))
    axis = scene.axis
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    lines = scene.cumulative_lines()
    for name, token in FLOWS:
        found = lines.get(name)
        if found is not None:
            x = axis.width - (axis.end - found[0]) * axis.step
            draw_polyline(painter, x, pane.scale.ys(found[1]), ink.pen(token, width=width))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_limit_marks(painter: QPainter, scene: Scene, pane: PaneBox) -> None:
    """Small triangles at bars that closed at their price limit: up above the high, down below the low."""
    limits, data, ink = scene.given.limits, scene.given.data, scene.ink
    if limits is None or data is None or scene.columns.size > 1:
        return
    side = max(3, ink.px(4))
    for flags, token, prices, away in (
        (limits.upper, "gain", data.series.high, -1),
        (limits.lower, "loss", data.series.low, 1),
    ):
        color: QColor = ink.color(token)
        for bar in (np.flatnonzero(flags[scene.first : scene.last]) + scene.first).tolist():
            y = pane.scale.y(float(prices[bar]))
            if math.isfinite(y):
                x = math.floor(scene.axis.x(bar))
                base = round(y) + away * ink.px(4)
                painter.setPen(Qt.PenStyle.NoPen)
                for row in range(side):
                    half = side - 1 - row
                    painter.fillRect(x - half, base + away * row, 2 * half + 1, 1, color)
