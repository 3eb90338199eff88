"""The two layers of a chart picture, and the saved form of its options.

The base picture holds everything that stays while the newest bar or the crosshair moves; the live layer is drawn over it in
every paint event.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPixmap, QRegion

from ralphstock_desktop.ui.charts.paint_axes import (
    Crosshair,
    axis_tags,
    paint_axis_texts,
    paint_countdown,
    paint_crosshair,
    paint_grid,
    paint_last_line,
    paint_tags,
)
from ralphstock_desktop.ui.charts.paint_bars import (
    paint_averages,
    paint_candles,
    paint_flow,
    paint_flow_lines,
    paint_last_average,
    paint_last_candle,
    paint_last_volume,
    paint_last_vwap,
    paint_limit_marks,
    paint_volume,
    paint_vwap,
)
from ralphstock_desktop.ui.charts.paint_gaps import paint_gaps
from ralphstock_desktop.ui.charts.paint_overlay import (
    paint_evidence_ground,
    paint_evidence_marks,
    paint_pattern_ground,
    paint_pattern_marks,
)
from ralphstock_desktop.ui.charts.paint_readout import paint_readouts, readout_rect
from ralphstock_desktop.ui.charts.scene import PANE_SHARES, ChartOptions, PaneBox, Scene

__all__ = ["base_picture", "live_boxes", "options_from", "paint_live"]


def base_picture(scene: Scene) -> QPixmap:
    """Paint everything that does not depend on the newest bar or the crosshair."""
    picture = QPixmap(scene.width, scene.height)
    painter = QPainter(picture)
    try:
        _paint_base(painter, scene)
    finally:
        painter.end()
    return picture


def _paint_base(painter: QPainter, scene: Scene) -> None:
    data, ink = scene.given.data, scene.ink
    assert data is not None
    painter.fillRect(QRect(0, 0, scene.width, scene.height), ink.color("bg-panel"))
    paint_grid(painter, scene)
    paint_pattern_ground(painter, scene)
    paint_evidence_ground(painter, scene)
    for pane in scene.panes:
        _clip(painter, scene, pane)
        if pane.name == "price":
            paint_candles(painter, scene, pane, scene.columns)
            paint_averages(painter, scene, pane, data)
            paint_vwap(painter, scene, pane, data)
            if scene.given.options.limit_marks:
                paint_limit_marks(painter, scene, pane)
        elif pane.name == "volume":
            paint_volume(painter, scene, pane, scene.columns)
        elif pane.name == "flow_lines":
            paint_flow_lines(painter, scene, pane)
        else:
            _paint_flow_pane(painter, scene, pane)
    painter.setClipping(False)
    paint_gaps(painter, scene)
    paint_pattern_marks(painter, scene)
    paint_evidence_marks(painter, scene)


def _paint_flow_pane(painter: QPainter, scene: Scene, pane: PaneBox) -> None:
    data, mode = scene.given.data, scene.given.options.flow_mode
    assert data is not None
    if mode != "lines":
        paint_flow(painter, scene, pane, data)
    if mode == "lines":
        paint_flow_lines(painter, scene, pane)
    elif mode == "both":
        paint_flow_lines(painter, scene, replace(pane, scale=scene.lines_scale(pane)), zero_line=False)


def _clip(painter: QPainter, scene: Scene, pane: PaneBox) -> None:
    painter.setClipRect(QRect(0, pane.top + 1, scene.plot_width, pane.height - 1))


def paint_live(painter: QPainter, scene: Scene, cross: Crosshair | None, dirty: QRegion) -> None:
    """Draw the newest bar, last price, tags, numbers, readouts and the crosshair, as far as ``dirty`` (device pixels) needs."""
    data = scene.given.data
    assert data is not None
    column = data.last_column(scene.columns.size) if scene.last == data.count else None
    for pane in scene.panes:
        if column is None or pane.name not in {"price", "volume"}:
            continue
        painter.save()
        painter.setClipRect(QRect(0, pane.top + 1, scene.plot_width, pane.height - 1), Qt.ClipOperation.IntersectClip)
        if pane.name == "price":
            paint_last_candle(painter, scene, pane, column)
            paint_last_average(painter, scene, pane, data)
            paint_last_vwap(painter, scene, pane, data)
        else:
            paint_last_volume(painter, scene, pane, column)
        painter.restore()
    paint_last_line(painter, scene)
    standing = cross.bar if cross is not None and cross.bar < data.count else data.count - 1
    paint_readouts(painter, scene, standing, dirty)
    tags = axis_tags(scene)
    centres = paint_tags(painter, scene, tags)
    taken = {"price": [*centres, *paint_countdown(painter, scene, tags, centres)]}
    if cross is not None and cross.y is not None:
        pane_under = scene.pane_at(cross.y)
        if pane_under is not None:
            taken.setdefault(pane_under.name, []).append(float(cross.y))
    paint_axis_texts(painter, scene, taken, dirty.boundingRect())
    if cross is not None:
        paint_crosshair(painter, scene, cross)


def live_boxes(scene: Scene, *, with_readouts: bool) -> list[QRect]:
    """Rectangles (device pixels) of the live layer that depend on the newest bar."""
    data = scene.given.data
    assert data is not None
    size = scene.columns.size
    before = max(data.open_column_start(size) - 1, 0)
    left = math.floor(scene.axis.x(before)) - 2
    strip = scene.plot_width - scene.ink.px(64)
    left = max(min(left, strip) if scene.last == data.count else strip, 0)
    pane = scene.pane("price")
    bottom = max((shown.bottom for shown in scene.panes if shown.name in {"price", "volume"}), default=0)
    found = [QRect(left, 0, scene.plot_width - left, bottom)]
    if pane is not None:
        found.append(QRect(scene.plot_width, pane.top, scene.width - scene.plot_width, pane.height))
    if pane is not None and math.isfinite(data.last.close):
        y = pane.scale.y(data.last.close)
        if pane.top <= y < pane.bottom:
            found.append(QRect(0, round(y) - 1, scene.plot_width, 3))
    if with_readouts:
        found += [readout_rect(scene, pane) for pane in scene.panes if pane.name in {"price", "volume"}]
    return found


def options_from(options: ChartOptions, state: dict[str, Any]) -> ChartOptions:
    """Options with the readable entries of a saved state."""
    panes = tuple(name for name in _list(state.get("panes")) if name in PANE_SHARES)
    averages = tuple(length for length in _list(state.get("averages")) if isinstance(length, int) and 1 < length < 1000)
    shares = state.get("shares")
    kept = {
        name: float(share)
        for name, share in (shares.items() if isinstance(shares, dict) else ())
        if name in PANE_SHARES and isinstance(share, int | float) and 1.0 <= share <= 1000.0
    }
    mode = state.get("flow_mode")
    return replace(
        options,
        panes=panes or options.panes,
        averages=averages if isinstance(state.get("averages"), list) else options.averages,
        flow_mode=mode if isinstance(mode, str) and mode in {"bars", "lines", "both"} else options.flow_mode,
        pattern=_switch(state.get("pattern"), options.pattern),
        zigzag=_switch(state.get("zigzag"), options.zigzag),
        limit_marks=_switch(state.get("limit_marks"), options.limit_marks),
        vwap=_switch(state.get("vwap"), options.vwap),
        shares=tuple({**dict(options.shares), **kept}.items()),
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _switch(value: object, present: bool) -> bool:
    return value if isinstance(value, bool) else present
