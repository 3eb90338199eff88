"""What mouse, wheel, trackpad and keys do to a chart. Holds the state of a drag; the view itself belongs to the widget."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent

from ralphstock_desktop.ui.charts.scene import Scene
from ralphstock_desktop.ui.charts.viewport import View

if TYPE_CHECKING:
    from ralphstock_desktop.ui.charts.chart_widget import ChartWidget

__all__ = ["Navigation"]

_WHEEL_STEP = 0.85
_KEY_STEP = 0.8
_DIVIDER_REACH = 4
_SMALLEST_PANE = 32


@dataclass(frozen=True, slots=True)
class _Drag:
    """A drag under way: what it moves and where it began (device pixels)."""

    kind: str
    x: float
    y: float
    view: View
    low: float = 0.0
    high: float = 0.0
    divider: int = 0
    heights: tuple[int, ...] = ()


class Navigation:
    """Turns input events of one :class:`ChartWidget` into views. No inertia: the picture stops with the pointer."""

    def __init__(self, chart: ChartWidget) -> None:
        self._chart = chart
        self._drag: _Drag | None = None
        self.keyboard_crosshair = False

    @property
    def is_pressed(self) -> bool:
        """Whether a button is held; nothing scales by itself meanwhile."""
        return self._drag is not None

    # -- mouse ----------------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        """Begin a drag: divider, price axis, or the bars."""
        scene = self._chart.scene()
        if event.button() != Qt.MouseButton.LeftButton or scene is None or not scene.is_drawable:
            return
        x, y = self._chart.device_point(event.position())
        view, price = self._chart.view, scene.pane("price")
        divider = scene.divider_at(y, self._reach(scene))
        scale = (price.scale.low, price.scale.high) if price is not None else (0.0, 0.0)
        if divider is not None:
            self._drag = _Drag("divider", x, y, view, divider=divider, heights=tuple(p.height for p in scene.panes))
        elif x >= scene.plot_width and price is not None and y < price.bottom:
            self._drag = _Drag("scale", x, y, view, *scale)
        else:
            self._drag = _Drag("pan", x, y, view, *scale)
        self._show_cursor(scene, x, y)

    def move(self, event: QMouseEvent) -> None:
        """Carry a drag on, or put the crosshair under the pointer."""
        scene = self._chart.scene()
        if scene is None or not scene.is_drawable:
            return
        x, y = self._chart.device_point(event.position())
        if self._drag is not None:
            self._carry_on(scene, self._drag, x, y)
        scene = self._chart.scene()
        if scene is not None:
            self._point_at(scene, x, y)
            self._show_cursor(scene, x, y)

    def _carry_on(self, scene: Scene, drag: _Drag, x: float, y: float) -> None:
        if drag.kind == "divider":
            self._move_divider(drag, y)
        elif drag.kind == "scale":
            price = scene.pane("price")
            if price is not None:
                self._chart.set_view(_rescaled(drag, (y - drag.y) / max(price.height, 1)))
        else:
            step = scene.plot_width / drag.view.bars
            view = replace(drag.view, right=drag.view.right - (x - drag.x) / step)
            price = scene.pane("price")
            if not drag.view.is_auto and price is not None and drag.low < drag.high:
                view = _lifted(drag, view, (y - drag.y) / max(price.height, 1))
            self._chart.set_view(view)

    def _move_divider(self, drag: _Drag, y: float) -> None:
        ink, options = self._chart.ink, self._chart.options
        scene = self._chart.scene()
        if scene is None or len(scene.panes) != len(drag.heights):
            return
        least = ink.px(_SMALLEST_PANE)
        upper, lower = drag.heights[drag.divider], drag.heights[drag.divider + 1]
        moved = round(min(max(y - drag.y, least - upper), lower - least)) if upper + lower > 2 * least else 0
        heights = list(drag.heights)
        heights[drag.divider] += moved
        heights[drag.divider + 1] -= moved
        total_share = sum(options.share(pane.name) for pane in scene.panes)
        total = max(sum(heights), 1)
        shares = dict(options.shares)
        for pane, height in zip(scene.panes, heights, strict=True):
            shares[pane.name] = total_share * height / total
        self._chart.set_options(replace(options, shares=tuple(shares.items())))

    def _point_at(self, scene: Scene, x: float, y: float) -> None:
        bar = scene.axis.nearest(x) if x < scene.plot_width else None
        if self._drag is not None and self._drag.kind == "divider":
            bar = None
        if bar is not None and y < scene.plot_height:
            self.keyboard_crosshair = False
            self._chart.set_crosshair(bar, round(y))
        elif not self.keyboard_crosshair:
            self._chart.set_crosshair(None)

    def release(self) -> None:
        """End a drag; the price axis scales by itself again."""
        if self._drag is None:
            return
        self._drag = None
        self._chart.rescale()
        self._chart.unsetCursor()

    def double_click(self, event: QMouseEvent) -> None:
        """On the price axis: scale by itself; elsewhere: the usual view."""
        scene = self._chart.scene()
        if event.button() != Qt.MouseButton.LeftButton or scene is None:
            return
        x, y = self._chart.device_point(event.position())
        if scene.divider_at(y, self._reach(scene)) is not None:
            return
        if x >= scene.plot_width:
            self._chart.set_view(replace(self._chart.view, low=None, high=None, base_only=False))
        else:
            self._chart.reset_view()

    def _reach(self, scene: Scene) -> float:
        return float(scene.ink.px(_DIVIDER_REACH))

    def _show_cursor(self, scene: Scene, x: float, y: float) -> None:
        kind = self._drag.kind if self._drag is not None else ""
        if kind == "divider" or (not kind and scene.divider_at(y, self._reach(scene)) is not None):
            self._chart.setCursor(Qt.CursorShape.SplitVCursor)
        elif kind == "scale" or (not kind and x >= scene.plot_width):
            self._chart.setCursor(Qt.CursorShape.SizeVerCursor)
        elif kind == "pan":
            self._chart.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self._chart.setCursor(Qt.CursorShape.CrossCursor)

    # -- wheel and trackpad ---------------------------------------------------------------------------------------------

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom around the pointer; with Ctrl or Shift, or sideways, pan."""
        scene = self._chart.scene()
        if scene is None or not scene.is_drawable:
            return
        event.accept()
        x, _ = self._chart.device_point(event.position())
        pixels, angle = event.pixelDelta(), event.angleDelta()
        view = self._chart.view
        on_trackpad = not pixels.isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase
        if on_trackpad and abs(pixels.x()) >= abs(pixels.y()):
            self._pan(view, -pixels.x() * scene.ink.ratio / scene.axis.step)
            return
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier):
            notches = (angle.y() or angle.x()) / 120
            self._pan(view, notches * -view.bars * 0.1)
        elif angle.x() and not angle.y():
            self._pan(view, angle.x() / 120 * -view.bars * 0.1)
        else:
            self._chart.set_view(scene.axis.zoomed(view, _WHEEL_STEP ** (angle.y() / 120), min(x, scene.plot_width)))

    def _pan(self, view: View, bars: float) -> None:
        """Move towards newer bars by ``bars`` (negative: older)."""
        self._chart.set_view(replace(view, right=view.right + bars))

    def gesture(self, event: QNativeGestureEvent) -> bool:
        """Pinch zooms around the fingers, a double tap with two fingers resets. Return whether it was used."""
        scene = self._chart.scene()
        if scene is None or not scene.is_drawable:
            return False
        if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            x, _ = self._chart.device_point(event.position())
            factor = 1 / max(1 + event.value(), 0.1)
            self._chart.set_view(scene.axis.zoomed(self._chart.view, factor, min(x, scene.plot_width)))
            return True
        if event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
            self._chart.reset_view()
            return True
        return False

    # -- keys -----------------------------------------------------------------------------------------------------------

    def key(self, event: QKeyEvent) -> bool:
        """Handle a key; return whether it was one of the chart's."""
        scene = self._chart.scene()
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Escape:
            return self._escape()
        if scene is None or not scene.is_drawable or modifiers & Qt.KeyboardModifier.AltModifier:
            return False
        if modifiers & Qt.KeyboardModifier.ControlModifier and key not in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            return False
        view, count = self._chart.view, scene.axis.count
        if key == Qt.Key.Key_X:
            self.toggle_crosshair()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            sign = -1 if key == Qt.Key.Key_Left else 1
            fast = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
            self._arrow(scene, sign, fast=fast)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._pan(view, view.bars * (-0.9 if key == Qt.Key.Key_PageUp else 0.9))
        elif key == Qt.Key.Key_Home:
            self._to_bar(scene, 0) if self.keyboard_crosshair else self._pan(view, -float(count))
        elif key == Qt.Key.Key_End:
            if self.keyboard_crosshair:
                self._to_bar(scene, count - 1)
            else:
                self._chart.set_view(replace(view, right=max(2.0, view.bars * 0.06)))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Up):
            self._zoom_keys(scene, _KEY_STEP)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore, Qt.Key.Key_Down):
            self._zoom_keys(scene, 1 / _KEY_STEP)
        else:
            return False
        return True

    def _escape(self) -> bool:
        chart = self._chart
        if chart.crosshair is not None and chart.crosshair.by_keys:
            self.keyboard_crosshair = False
            chart.set_crosshair(None)
            return True
        if chart.evidence is not None:
            chart.evidence_dismissed.emit()
            return True
        return False

    def toggle_crosshair(self) -> None:
        """Switch the keyboard's crosshair; it begins at the pointer's bar or the newest one in sight."""
        chart, scene = self._chart, self._chart.scene()
        if scene is None or not scene.is_drawable:
            return
        self.keyboard_crosshair = not self.keyboard_crosshair
        if not self.keyboard_crosshair:
            chart.set_crosshair(None)
            return
        standing = chart.crosshair.bar if chart.crosshair is not None else scene.last - 1
        self._to_bar(scene, standing)

    def _arrow(self, scene: Scene, sign: int, *, fast: bool) -> None:
        if self.keyboard_crosshair and self._chart.crosshair is not None:
            self._to_bar(scene, self._chart.crosshair.bar + sign * (10 if fast else 1))
        else:
            view = self._chart.view
            self._pan(view, sign * (max(1.0, view.bars * 0.1) if not fast else view.bars * 0.5))

    def _to_bar(self, scene: Scene, bar: int) -> None:
        """Put the keyboard's crosshair on a bar's close and bring it into sight."""
        data = self._chart.data
        if data is None:
            return
        bar = min(max(bar, 0), scene.axis.count - 1)
        x = scene.axis.x(bar)
        step = scene.axis.step
        if x < step / 2:
            self._pan(self._chart.view, -(math.ceil((step / 2 - x) / step) + 2.0))
        elif x > scene.plot_width - step / 2:
            self._pan(self._chart.view, math.ceil((x - scene.plot_width + step / 2) / step) + 2.0)
        scene = self._chart.scene() or scene
        pane = scene.pane("price") or scene.panes[0]
        y = pane.scale.y(data.bar(bar).close) if pane.name == "price" else math.nan
        inside = math.isfinite(y) and pane.top <= y < pane.bottom
        self._chart.set_crosshair(bar, round(y) if inside else None, by_keys=True)

    def _zoom_keys(self, scene: Scene, factor: float) -> None:
        cross = self._chart.crosshair
        around = scene.axis.x(cross.bar) if cross is not None else min(scene.axis.x(scene.axis.count - 1), scene.plot_width)
        self._chart.set_view(scene.axis.zoomed(self._chart.view, factor, around))


def _rescaled(drag: _Drag, share: float) -> View:
    """Price axis stretched by a drag of ``share`` of the pane's height: down is wider."""
    factor = math.exp(min(max(share * 2.0, -4.0), 4.0))
    if drag.view.log and drag.low > 0:
        middle, half = math.sqrt(drag.low * drag.high), math.sqrt(drag.high / drag.low) ** factor
        return replace(drag.view, low=middle / half, high=middle * half)
    middle, half = (drag.low + drag.high) / 2, (drag.high - drag.low) / 2 * factor
    return replace(drag.view, low=middle - half, high=middle + half)


def _lifted(drag: _Drag, view: View, share: float) -> View:
    """A hand-set price axis moved along with a drag."""
    if drag.view.log and drag.low > 0:
        shift = (drag.high / drag.low) ** share
        return replace(view, low=drag.low * shift, high=drag.high * shift)
    shift = (drag.high - drag.low) * share
    return replace(view, low=drag.low + shift, high=drag.high + shift)
