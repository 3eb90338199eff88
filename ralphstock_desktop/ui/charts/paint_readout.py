"""Draws the readout lines at the top left of each pane; entries that do not fit are left out whole."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPixmap, QRegion

from ralphstock_desktop.ui.charts import words
from ralphstock_desktop.ui.charts.paint_axes import tag_words_left
from ralphstock_desktop.ui.charts.scene import PaneBox, Scene

__all__ = ["paint_readouts", "readout_rect"]

_LINE = 17
_KEPT_LINES = 128


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
            # The words of price tags stand over the plot; a number half under them would be misread.
            room = tag_words_left(scene, top, top + ink.px(_LINE)) if pane.name == "price" else scene.plot_width
            _paint_line(painter, scene, top, line, note, room)


def _width(scene: Scene, item: words.Item) -> int:
    ink = scene.ink
    mark = ink.px(13) if item.mark.startswith("square") else ink.px(16) if item.mark else 0
    label = ink.width(item.label) + ink.px(4) if item.label else 0
    return mark + label + ink.width(item.value, bold=item.bold)


def _paint_line(painter: QPainter, scene: Scene, top: int, items: list[words.Item], note: str, room: int) -> None:
    """Draw a line from its kept picture: while a chart is panned its words stay the same."""
    key = (tuple(items), note, room)
    pictures = scene.ink.pictures
    if key not in pictures:
        if len(pictures) >= _KEPT_LINES:
            pictures.clear()
        pictures[key] = _line_picture(scene, items, note, room)
    painter.drawPixmap(0, top, pictures[key])


def _line_picture(scene: Scene, items: list[words.Item], note: str, room: int) -> QPixmap:
    ink = scene.ink
    left = x = ink.px(8)
    limit = room - ink.px(6)
    fitting: list[tuple[int, words.Item]] = []
    for item in items:
        width = _width(scene, item)
        if x + width > limit:
            break
        fitting.append((x, item))
        x += width + ink.px(10)
    note_width = round(ink.plate_size(note, bold=False).width()) if note else 0
    has_note = bool(note) and bool(fitting) and x + note_width <= limit
    tall = ink.px(_LINE)
    picture = QPixmap(max(x + (note_width if has_note else 0), 1), tall)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    try:
        if fitting:
            painter.fillRect(QRect(left - ink.px(3), 0, x - left, tall), ink.color("bg-panel", 0.8))
        for start, item in fitting:
            _paint_item(painter, scene, start, tall / 2, item)
        if has_note:
            ground = ink.color("bg-panel")
            ink.plate(painter, x, 0, note, "text-secondary", ground=ground, edge="line-strong", bold=False, height=16)
    finally:
        painter.end()
    return picture


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
