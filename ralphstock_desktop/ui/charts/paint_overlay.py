"""Draws the pattern (base, contractions, zigzag, pivot, zones, dry-up bars, break) and the evidence in focus.

Grounds are drawn below the bars, lines and words above them. A contraction is a box, never a line from high to low: after
merging its high can be later than its low.
"""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygon

from engine.model.chart import LegBox, Timeframe, VcpOverlay
from engine.model.evidence import BarSpan, Evidence, LevelLine
from ralphstock_desktop.ui.charts import words
from ralphstock_desktop.ui.charts.chart_data import ChartData
from ralphstock_desktop.ui.charts.primitives import draw_polyline
from ralphstock_desktop.ui.charts.scene import PaneBox, Scene

__all__ = ["paint_evidence_ground", "paint_evidence_marks", "paint_pattern_ground", "paint_pattern_marks", "pivot_line_px"]

_REFERENCE_SHARE = 0.4
"""How much of the fill of the measured bars the bars they are compared with get."""


_LABELS_FROM = 150
"""Height of a price pane below which words would hide the bars."""


def _shows_legs(data: ChartData) -> bool:
    """Whether contractions can be told apart: a month's bar holds several of them, minutes show a part of one."""
    return data.series.timeframe in {Timeframe.DAY, Timeframe.WEEK}


def _pattern(scene: Scene) -> VcpOverlay | None:
    return scene.given.overlay if scene.given.options.pattern else None


def _is_days(scene: Scene) -> bool:
    data = scene.given.data
    return data is not None and data.series.timeframe is Timeframe.DAY


# -- pattern: below the bars ----------------------------------------------------------------------------------------------


def paint_pattern_ground(painter: QPainter, scene: Scene) -> None:
    """Shading of the base across all panes, fill of the contraction boxes, zones right of the last bar."""
    overlay, data, ink = _pattern(scene), scene.given.data, scene.ink
    if overlay is None or data is None or data.series.timeframe.is_intraday:
        return
    edges = scene.days_px(overlay.base_first_day, overlay.base_last_day)
    if edges is not None:
        left, right = max(edges[0], 0), min(edges[1], scene.plot_width)
        shade = ink.color("vcp-base", ink.look.opacity("vcp_base_fill"))
        painter.fillRect(QRect(left, 0, right - left, scene.plot_height), shade)
        if edges[0] >= 0:
            painter.setPen(ink.pen("vcp-base", "1-2"))
            painter.drawLine(edges[0], 0, edges[0], scene.plot_height)
    pane = scene.pane("price")
    if pane is None:
        return
    _clip(painter, scene, pane)
    for leg in overlay.legs if _shows_legs(data) else ():
        box = _leg_rect(scene, pane, leg)
        if box is not None:
            token = "vcp-pivot" if leg.is_last else "vcp-leg"
            painter.fillRect(box, ink.color(token, ink.look.opacity("vcp_leg_fill")))
    _paint_zones(painter, scene, pane, overlay, data)
    painter.setClipping(False)


def _clip(painter: QPainter, scene: Scene, pane: PaneBox) -> None:
    painter.setClipRect(QRect(0, pane.top, scene.plot_width, pane.height))


def _leg_rect(scene: Scene, pane: PaneBox, leg: LegBox) -> QRect | None:
    """Box of a contraction from its first to its last bar; None out of sight."""
    data = scene.given.data
    span = data.index.span(leg.first_day, leg.last_day) if data is not None else None
    if span is None:
        return None
    left, right = math.floor(scene.axis.x(span[0])), math.floor(scene.axis.x(span[1]))
    top, bottom = pane.scale.y(leg.high), pane.scale.y(leg.low)
    if right < 0 or left > scene.plot_width or not (math.isfinite(top) and math.isfinite(bottom)):
        return None
    return QRect(left, round(top), max(right - left, 1), max(round(bottom) - round(top), 1))


def _zone_left(scene: Scene, data: ChartData) -> int:
    return scene.span_px(data.count - 1, data.count - 1)[1] + scene.ink.px(3)


def _paint_zones(painter: QPainter, scene: Scene, pane: PaneBox, overlay: VcpOverlay, data: ChartData) -> None:
    """Entry to target and entry to stop, right of the last bar only."""
    plan, ink = overlay.plan, scene.ink
    left = _zone_left(scene, data)
    if plan is None or left >= scene.plot_width:
        return
    entry = pane.scale.y(plan.entry)
    for price, token, name in (
        (plan.target, "plan-target", "zone_target"),
        (plan.stop, "plan-stop", "zone_stop"),
    ):
        other = pane.scale.y(price)
        if math.isfinite(entry) and math.isfinite(other):
            top, bottom = round(min(entry, other)), round(max(entry, other))
            zone = QRect(left, top, scene.plot_width - left, bottom - top)
            painter.fillRect(zone, ink.color(token, ink.look.opacity(name)))
            ink.line(painter, left, round(other), scene.plot_width, round(other), ink.color(token))
    ink.line(painter, left, round(entry), scene.plot_width, round(entry), ink.color("plan-entry"))


# -- pattern: above the bars ----------------------------------------------------------------------------------------------


def paint_pattern_marks(painter: QPainter, scene: Scene) -> None:
    """Box edges with labels, zigzag, pivot line, dry-up bars, break, and the label of the base."""
    overlay, data, pane = _pattern(scene), scene.given.data, scene.pane("price")
    if overlay is None or data is None:
        return
    volume = scene.pane("volume")
    if volume is not None and _is_days(scene):
        _paint_dry_up(painter, scene, volume, overlay, data)
    if pane is None:
        return
    _clip(painter, scene, pane)
    has_legs = _shows_legs(data)
    if has_legs:
        _paint_legs(painter, scene, pane, overlay)
        if scene.given.options.zigzag and _is_days(scene):
            _paint_zigzag(painter, scene, pane, overlay, data)
    line = pivot_line_px(scene, pane)
    if line is not None:
        scene.ink.line(painter, *line, scene.ink.color("vcp-pivot"))
    if not data.series.timeframe.is_intraday:
        roomy = pane.height >= scene.ink.px(_LABELS_FROM)
        placed = _paint_leg_labels(painter, scene, pane, overlay) if has_legs and roomy else []
        if roomy:
            _paint_base_label(painter, scene, pane, overlay, placed)
        if overlay.breakout_day is not None:
            _paint_break(painter, scene, pane, overlay.breakout_day, data, placed)
    painter.setClipping(False)


def pivot_line_px(scene: Scene, pane: PaneBox) -> tuple[int, int, int, int] | None:
    """Ends of the pivot line: from the first bar of the last contraction to the axis; None out of sight."""
    overlay, data = _pattern(scene), scene.given.data
    if overlay is None or data is None or overlay.pivot is None or overlay.pivot_from_day is None:
        return None
    y = pane.scale.y(overlay.pivot)
    span = data.index.span(overlay.pivot_from_day, overlay.pivot_from_day)
    left = max(math.floor(scene.axis.x(span[0])), 0) if span is not None else 0
    if not math.isfinite(y) or not pane.top <= y < pane.bottom or left >= scene.plot_width:
        return None
    return left, round(y), scene.plot_width, round(y)


def _paint_legs(painter: QPainter, scene: Scene, pane: PaneBox, overlay: VcpOverlay) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for leg in overlay.legs:
        box = _leg_rect(scene, pane, leg)
        if box is not None:
            painter.setPen(scene.ink.pen("vcp-pivot" if leg.is_last else "vcp-leg"))
            painter.setOpacity(1.0 if leg.is_last else 0.75)
            painter.drawRect(box)
    painter.setOpacity(1.0)


def _paint_zigzag(painter: QPainter, scene: Scene, pane: PaneBox, overlay: VcpOverlay, data: ChartData) -> None:
    points = [(data.index.span(day, day), price) for day, price in overlay.swings]
    known = [(span[0], price) for span, price in points if span is not None]
    if len(known) < 2:
        return
    ink = scene.ink
    x = np.array([math.floor(scene.axis.x(bar)) + 0.5 for bar, _ in known])
    y = pane.scale.ys(np.array([price for _, price in known], dtype=np.float64))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    draw_polyline(painter, x, y, ink.pen("vcp-leg", width=1.25))
    radius = ink.px(2)
    painter.setPen(ink.pen("vcp-leg"))
    painter.setBrush(ink.color("bg-panel"))
    for dot_x, dot_y in zip(x.tolist(), y.tolist(), strict=True):
        if -radius <= dot_x <= scene.plot_width + radius and math.isfinite(dot_y):
            painter.drawEllipse(QPointF(dot_x, dot_y), radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _paint_leg_labels(painter: QPainter, scene: Scene, pane: PaneBox, overlay: VcpOverlay) -> list[QRectF]:
    """Depths under the boxes, moved below each other where they would overlap; return where they stand."""
    ink = scene.ink
    placed: list[QRectF] = []
    for number, leg in enumerate(overlay.legs, start=1):
        box = _leg_rect(scene, pane, leg)
        if box is None:
            continue
        text = words.leg_label(number, leg.depth_pct)
        size = ink.plate_size(text)
        x = min(max(round(box.center().x() - size.width() / 2), ink.px(2)), scene.plot_width - round(size.width()) - ink.px(2))
        y = min(box.bottom() + ink.px(5), pane.bottom - round(size.height()) - ink.px(2))
        place = QRectF(x, y, size.width(), size.height())
        while any(place.intersects(other) for other in placed) and place.bottom() < pane.bottom - size.height():
            place.translate(0, size.height() + ink.px(2))
        placed.append(place)
        token = "vcp-pivot" if leg.is_last else "vcp-leg"
        edge = "vcp-pivot" if leg.is_last else "line-control"
        ink.plate(painter, round(place.x()), round(place.y()), text, token, ground=ink.color("bg-panel", 0.9), edge=edge)
    return placed


def _paint_base_label(painter: QPainter, scene: Scene, pane: PaneBox, overlay: VcpOverlay, placed: list[QRectF]) -> None:
    """The base in words at the foot of the pane, above the depths that stand there already."""
    edges, ink = scene.days_px(overlay.base_first_day, overlay.base_last_day), scene.ink
    if edges is None:
        return
    text = words.base_label(ink.look, overlay)
    size = ink.plate_size(text)
    if size.width() > scene.plot_width:
        return
    x = min(max(edges[0] + ink.px(6), ink.px(4)), scene.plot_width - round(size.width()) - ink.px(4))
    place = QRectF(x, pane.bottom - round(size.height()) - ink.px(4), size.width(), size.height())
    for label in sorted(placed, key=lambda label: label.top(), reverse=True):
        if place.intersects(label):
            place.moveBottom(label.top() - ink.px(3))
    ink.plate(painter, x, round(place.y()), text, "accent", ground=ink.color("accent-tint"))


def _paint_dry_up(painter: QPainter, scene: Scene, pane: PaneBox, overlay: VcpOverlay, data: ChartData) -> None:
    """Outline the quiet bars, filled to 27 %."""
    ink, body = scene.ink, scene.body
    if scene.columns.size > 1:
        return
    for day in overlay.dry_up_days:
        bar = data.index.bar(day)
        if bar is None:
            continue
        x = math.floor(scene.axis.x(bar)) - body // 2
        y = pane.scale.y(data.bar(bar).volume)
        if x + body < 0 or x > scene.plot_width or not math.isfinite(y):
            continue
        top = min(round(y), pane.bottom - ink.px(3))
        box = QRect(x, top, body, pane.bottom - top)
        painter.fillRect(box, ink.mixed("dry-up", "bg-panel", 0.27))
        painter.setPen(ink.pen("dry-up"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0, 0, -1, -1))


def _paint_break(painter: QPainter, scene: Scene, pane: PaneBox, day: int, data: ChartData, placed: list[QRectF]) -> None:
    """▲ below the bar of the break and a gold plate, clear of the labels that stand there already."""
    span, ink = data.index.span(day, day), scene.ink
    if span is None:
        return
    x, y = math.floor(scene.axis.x(span[0])), pane.scale.y(data.bar(span[0]).low)
    if not math.isfinite(y) or not -ink.px(20) < x < scene.plot_width + ink.px(20):
        return
    top, half = round(y) + ink.px(4), ink.px(5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.color("gold-fill"))
    painter.drawPolygon(QPolygon([QPoint(x, top), QPoint(x - half, top + 2 * half), QPoint(x + half, top + 2 * half)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    text = ink.look.tr("chart.pattern.break")
    size = ink.plate_size(text)
    left = min(max(x - round(size.width()) // 2, ink.px(2)), scene.plot_width - round(size.width()) - ink.px(2))
    place = QRectF(left, top + 2 * half + ink.px(2), size.width(), size.height())
    for label in sorted(placed, key=lambda label: label.top()):
        if place.intersects(label):
            place.moveTop(label.bottom() + ink.px(3))
    plate_top = min(round(place.top()), pane.bottom - round(size.height()) - ink.px(2))
    ink.plate(painter, left, plate_top, text, "gold-on", ground=ink.color("gold-fill"))


# -- evidence -------------------------------------------------------------------------------------------------------------


def _span_box(scene: Scene, span: BarSpan) -> tuple[PaneBox, QRect] | None:
    pane, edges = scene.pane(span.pane), scene.days_px(span.first_day, span.last_day)
    if pane is None or edges is None:
        return None
    left, right = edges
    return pane, QRect(left, pane.top + 1, max(right - left, 1), pane.height - 1)


def paint_evidence_ground(painter: QPainter, scene: Scene) -> None:
    """Light the bars of the evidence in focus: measured ones fully, compared ones faintly."""
    evidence, ink = scene.given.evidence, scene.ink
    if evidence is None:
        return
    fill = ink.look.opacity("evidence_fill")
    for span in evidence.spans:
        found = _span_box(scene, span)
        if found is not None:
            opacity = fill * _REFERENCE_SHARE if span.role == "reference" else fill
            visible = found[1].intersected(QRect(0, 0, scene.plot_width, scene.plot_height))
            painter.fillRect(visible, ink.color("evidence", opacity))


def paint_evidence_marks(painter: QPainter, scene: Scene) -> None:
    """Frames of the lit spans, compared levels over their own span, and the result on a gold plate."""
    evidence, ink = scene.given.evidence, scene.ink
    if evidence is None:
        return
    painter.setClipRect(QRect(0, 0, scene.plot_width, scene.plot_height))
    main: tuple[PaneBox, QRect] | None = None
    for span in evidence.spans:
        found = _span_box(scene, span)
        if found is None:
            continue
        pane, box = found
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if span.role == "reference":
            painter.setPen(ink.pen("evidence", "2-3"))
            painter.drawLine(box.left(), pane.bottom - 1, box.right(), pane.bottom - 1)
            main = main or found
            continue
        painter.setPen(ink.pen("evidence"))
        painter.drawRect(box.adjusted(0, 0, -1, -1))
        if main is None or span.role == "window" or box.width() >= main[1].width():
            main = found
    taken = [box for box in (_paint_level(painter, scene, level) for level in evidence.levels) if box is not None]
    if main is not None:
        _paint_result(painter, scene, evidence, *main, taken)
    painter.setClipping(False)


def _paint_level(painter: QPainter, scene: Scene, level: LevelLine) -> QRectF | None:
    """Dashed line over the level's own span with its word at the right end; return the word's rectangle."""
    pane, edges, ink = scene.pane(level.pane), scene.days_px(level.first_day, level.last_day), scene.ink
    if pane is None or edges is None:
        return None
    y = pane.scale.y(level.value)
    if not math.isfinite(y) or not pane.top <= y <= pane.bottom:
        return None
    left, right = max(edges[0], 0), min(edges[1], scene.plot_width)
    painter.setPen(ink.pen("evidence", "4-3"))
    painter.drawLine(left, round(y), right, round(y))
    text = words.level_label(ink.look, level)
    size = ink.plate_size(text)
    x = max(right - round(size.width()) - ink.px(3), ink.px(2))
    above = round(y) - round(size.height()) - ink.px(2)
    top = above if above > pane.top + ink.px(2) else round(y) + ink.px(3)
    return ink.plate(painter, x, top, text, "evidence", ground=ink.color("bg-panel", 0.85))


def _paint_result(painter: QPainter, scene: Scene, evidence: Evidence, pane: PaneBox, box: QRect, taken: list[QRectF]) -> None:
    """The gold plate beside the lit bars: left of them, else right, else inside at the top."""
    ink = scene.ink
    text = words.result_plate(ink.look, evidence)
    size = ink.plate_size(text)
    gap, width = ink.px(6), round(size.width())
    y = pane.top + ink.px(5)
    if box.left() - gap - width >= ink.px(150 if pane.name != "price" else 2):
        x = box.left() - gap - width
    elif box.right() + gap + width <= scene.plot_width:
        x = box.right() + gap
    else:
        x = min(max(box.left() + gap, ink.px(4)), scene.plot_width - width - ink.px(4))
    if pane.name == "price":
        y = pane.top + ink.px(46)
    place = QRectF(x, y, size.width(), size.height())
    while any(place.intersects(other) for other in taken) and place.bottom() + size.height() < pane.bottom:
        place.translate(0, size.height() + ink.px(2))
    ink.plate(painter, round(place.x()), round(place.y()), text, "gold-on", ground=ink.color("gold-fill"))
