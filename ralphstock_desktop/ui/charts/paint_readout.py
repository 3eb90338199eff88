"""Draws the readout lines at the top left of each pane; entries that do not fit are left out whole."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QRegion

from ralphstock_desktop.ui.charts import words
from ralphstock_desktop.ui.charts.scene import PaneBox, Scene

__all__ = ["paint_readouts", "readout_rect"]

_LINE = 17


def readout_rect(scene: Scene, pane: PaneBox) -> QRect:
    """Strip of a pane that its readout may use."""
    lines = 2 if pane.name == "price" else 1
    return QRect(0, pane.top + 1, scene.plot_width, scene.ink.px(4 + _LINE * lines))


def paint_readouts(painter: QPainter, scene: Scene, bar: int, dirty: QRegion) -> None:
    """Readouts at a bar of all panes that are painted again."""
    ink = scene.ink
    for pane in scene.panes:
        if pane.height < ink.px(30) or not dirty.intersects(readout_rect(scene, pane)):
            continue
        for number, line in enumerate(words.readout(scene, pane.name, bar)):
            top = pane.top + ink.px(4) + number * ink.px(_LINE)
            note = scene.given.flow_note if pane.name in {"flow", "flow_lines"} and number == 0 else ""
            _paint_line(painter, scene, top, line, note)


def _width(scene: Scene, item: words.Item) -> int:
    ink = scene.ink
    mark = ink.px(13) if item.mark.startswith("square") else ink.px(16) if item.mark else 0
    label = ink.width(item.label) + ink.px(4) if item.label else 0
    return mark + label + ink.width(item.value, bold=item.bold)


def _paint_line(painter: QPainter, scene: Scene, top: int, items: list[words.Item], note: str) -> None:
    ink = scene.ink
    left = x = ink.px(8)
    limit = scene.plot_width - ink.px(6)
    fitting: list[tuple[int, words.Item]] = []
    for item in items:
        width = _width(scene, item)
        if x + width > limit:
            break
        fitting.append((x, item))
        x += width + ink.px(10)
    if not fitting:
        return
    ground = QRect(left - ink.px(3), top, x - left, ink.px(_LINE))
    painter.fillRect(ground, ink.color("bg-panel", 0.8))
    middle = top + ink.px(_LINE) / 2
    for start, item in fitting:
        _paint_item(painter, scene, start, middle, item)
    if note and x + ink.plate_size(note, bold=False).width() <= limit:
        ink.plate(
            painter, x, top, note, "text-secondary", ground=ink.color("bg-panel"), edge="line-strong", bold=False, height=16
        )


def _paint_item(painter: QPainter, scene: Scene, x: int, middle: float, item: words.Item) -> None:
    ink = scene.ink
    kind, _, token = item.mark.partition(":")
    if kind == "line":
        painter.fillRect(x, round(middle) - ink.hair() // 2, ink.px(11), 2 * ink.hair(), ink.color(token))
        x += ink.px(16)
    elif kind == "square":
        painter.fillRect(x, round(middle) - ink.px(4), ink.px(8), ink.px(8), ink.color(token))
        x += ink.px(13)
    if item.label:
        x += ink.text(painter, x, middle, item.label, "text-muted") + ink.px(4)
    ink.text(painter, x, middle, item.value, item.token, bold=item.bold)
