"""Draws grid, axes, axis tags with their word plates, the last-price line and the crosshair."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygon

from ralphstock_desktop.ui.charts import words
from ralphstock_desktop.ui.charts.axis_ticks import TimeTick, amount_ticks, price_ticks, snap_price, tick_at
from ralphstock_desktop.ui.charts.scene import PaneBox, Scene
from ralphstock_desktop.ui.charts.tags import push_apart
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "AxisTag",
    "Crosshair",
    "axis_tags",
    "grid_values",
    "paint_axis_texts",
    "paint_countdown",
    "paint_crosshair",
    "paint_grid",
    "paint_last_line",
    "paint_tags",
    "tag_centres",
    "tag_words_left",
    "time_ticks",
]


_TAG_CLEARANCE = 14
"""An axis number nearer than this to a tag's middle would touch it (tag 17 px, capitals 8 px high)."""


@dataclass(frozen=True, slots=True)
class AxisTag:
    """A tag on the price axis: its price, how it looks and the word beside it (empty: none)."""

    price: float
    fill: str
    text_token: str
    word: str
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Crosshair:
    """Where the crosshair stands: a bar and, where the pointer is in a pane, its pixel row (else None)."""

    bar: int
    y: int | None = None
    by_keys: bool = False


# -- grid -----------------------------------------------------------------------------------------------------------------


def grid_values(scene: Scene, pane: PaneBox) -> list[float]:
    """Values of the horizontal lines of a pane."""
    if pane.name not in scene.grid:
        scene.grid[pane.name] = _find_grid(scene, pane)
    return scene.grid[pane.name]


def _find_grid(scene: Scene, pane: PaneBox) -> list[float]:
    ink, scale = scene.ink, pane.scale
    data = scene.given.data
    if data is None or not scene.is_drawable:
        return []
    if pane.name == "price":
        day, market = data.day(data.count - 1), data.series.market
        most = min(9, max(2, pane.height // ink.px(36)))
        values = price_ticks(scale.low, scale.high, most, lambda price: tick_at(price, market, day), log=scale.log)
        return [value for value in values if pane.top + ink.px(6) < scale.y(value) < pane.bottom - ink.px(4)]
    most = max(1, min(4, pane.height // ink.px(38)))
    high = scale.value(pane.top + ink.px(16))
    if pane.name == "volume":
        return [value for value in amount_ticks(0.0, high, min(most, 3)) if scale.y(value) < pane.bottom - ink.px(10)]
    low = scale.value(pane.bottom - ink.px(6))
    return [0.0, *amount_ticks(low, high, most)]


def time_ticks(scene: Scene) -> list[TimeTick]:
    """Lines of the time axis in sight."""
    data = scene.given.data
    if data is None or not scene.is_drawable:
        return []
    return data.ticks.ticks(scene.first, scene.last, scene.axis.step, float(scene.ink.px(46)))


def paint_grid(painter: QPainter, scene: Scene) -> None:
    """Grid lines, pane borders and the time axis with its words."""
    ink = scene.ink
    grid, hair = ink.color("chart-grid"), ink.color("line-hair")
    for tick in time_ticks(scene):
        x = math.floor(scene.axis.x(tick.bar))
        if 0 <= x < scene.plot_width:
            ink.line(painter, x, 0, x, scene.plot_height, grid)
            _time_word(painter, scene, tick, x)
    for pane in scene.panes:
        for value in grid_values(scene, pane):
            y = round(pane.scale.y(value))
            if pane.top < y < pane.bottom:
                ink.line(painter, 0, y, scene.plot_width, y, grid)
    for pane in scene.panes:
        ink.line(painter, 0, pane.bottom, scene.width, pane.bottom, hair)
    ink.line(painter, scene.plot_width, 0, scene.plot_width, scene.plot_height, hair)


def _time_word(painter: QPainter, scene: Scene, tick: TimeTick, x: int) -> None:
    ink = scene.ink
    text, bold = words.time_label(ink.look, tick)
    left = x - ink.width(text, bold=bold) // 2
    if left >= ink.px(2) and left + ink.width(text, bold=bold) <= scene.plot_width:
        token = "text-secondary" if bold else "axis-text"
        ink.text(painter, left, scene.plot_height + scene.time_height / 2, text, token, bold=bold)


def paint_axis_texts(painter: QPainter, scene: Scene, taken: dict[str, list[float]], dirty: QRect) -> None:
    """Numbers of all value axes; one too near a tag is left out.

    Parameters
    ----------
    taken : dict
        Centres of the tags by pane.
    dirty : QRect
        Panes outside it are left alone.
    """
    ink, look = scene.ink, scene.ink.look
    x = scene.plot_width + ink.px(6)
    for pane in scene.panes:
        if dirty.bottom() < pane.top or dirty.top() >= pane.bottom or dirty.right() < x:
            continue
        for value in grid_values(scene, pane):
            y = pane.scale.y(value)
            if not pane.top + ink.px(7) <= y <= pane.bottom - ink.px(6):
                continue
            if any(abs(y - tag) < ink.px(_TAG_CLEARANCE) for tag in taken.get(pane.name, ())):
                continue
            ink.text(painter, x, y, words.axis_value(look, pane.name, value), "axis-text")


# -- tags -----------------------------------------------------------------------------------------------------------------


def axis_tags(scene: Scene) -> list[AxisTag]:
    """Tags of the price axis: target, entry, pivot, last, stop; only prices inside the scale."""
    data, overlay, tr = scene.given.data, scene.given.overlay, scene.ink.look.tr
    pane = scene.pane("price")
    if data is None or pane is None or not scene.is_drawable:
        return []
    found: list[AxisTag] = []
    if overlay is not None and scene.given.options.pattern:
        if overlay.plan is not None:
            plan = overlay.plan
            found.append(AxisTag(float(plan.target), "plan-target", "text-on-fill", tr("chart.tag.target")))
            found.append(AxisTag(float(plan.entry), "plan-entry", "text-on-fill", tr("chart.tag.entry")))
        if overlay.pivot is not None:
            found.append(AxisTag(overlay.pivot, "gold-fill", "gold-on", tr("chart.tag.pivot")))
        if overlay.plan is not None:
            found.append(AxisTag(float(overlay.plan.stop), "plan-stop", "text-on-fill", tr("chart.tag.stop")))
    last = data.last.close
    if math.isfinite(last):
        base = data.base_price(data.count - 1)
        token = "gain-fill" if last > base else "loss-fill" if last < base else "flat"
        found.append(AxisTag(last, token, "text-on-fill", "", is_last=True))
    return [tag for tag in found if pane.scale.low <= tag.price <= pane.scale.high]


def paint_tags(painter: QPainter, scene: Scene, tags: list[AxisTag]) -> list[float]:
    """Draw the tags pushed apart with their plates and leaders; return their centres."""
    centres = tag_centres(scene, tags)
    pane = scene.pane("price")
    if pane is not None:
        for tag, centre in zip(tags, centres, strict=True):
            _paint_tag(painter, scene, tag, round(pane.scale.y(tag.price)), round(centre))
    return centres


def paint_countdown(painter: QPainter, scene: Scene, tags: list[AxisTag], centres: list[float]) -> list[float]:
    """Time until the newest bar ends, under the tag of the last price, where no other tag stands; return its middle."""
    text, ink, pane = scene.given.countdown, scene.ink, scene.pane("price")
    place = next((index for index, tag in enumerate(tags) if tag.is_last), None)
    if not text or place is None or pane is None:
        return []
    middle = centres[place] + ink.px(17)
    others = (centre for index, centre in enumerate(centres) if index != place)
    if middle + ink.px(8) > pane.bottom or any(abs(centre - middle) < ink.px(17) for centre in others):
        return []
    ink.text(painter, scene.plot_width + ink.px(9), middle, text, "text-secondary")
    return [middle]


def tag_centres(scene: Scene, tags: list[AxisTag]) -> list[float]:
    """Heights of the tags once pushed apart, in px; empty without a price pane."""
    pane = scene.pane("price")
    if pane is None or not tags:
        return []
    ink, half = scene.ink, scene.ink.px(9)
    true = [pane.scale.y(tag.price) for tag in tags]
    # Equal pixels keep the order of prices: what is dearer stands higher.
    order = sorted(range(len(tags)), key=lambda index: -tags[index].price)
    pushed = push_apart([true[index] for index in order], ink.px(18), pane.top + half, pane.bottom - half)
    centres = [0.0] * len(tags)
    for place, index in enumerate(order):
        centres[index] = pushed[place]
    return centres


def tag_words_left(scene: Scene, top: int, bottom: int) -> int:
    """Where the words of tags begin that stand between two heights, in px; the right edge of the plot where none does."""
    ink, tags, left = scene.ink, axis_tags(scene), scene.plot_width
    for tag, centre in zip(tags, tag_centres(scene, tags), strict=True):
        if tag.word:
            size = ink.plate_size(tag.word)
            if centre + size.height() / 2 > top and centre - size.height() / 2 < bottom:
                left = min(left, scene.plot_width - ink.px(3) - round(size.width()))
    return left


def _paint_tag(painter: QPainter, scene: Scene, tag: AxisTag, y_true: int, centre: int) -> None:
    ink = scene.ink
    _tag_shape(painter, scene, centre, tag.fill, fmt.price(tag.price), tag.text_token)
    if not tag.word:
        return
    size = ink.plate_size(tag.word)
    left = scene.plot_width - ink.px(3) - round(size.width())
    if y_true != centre:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(ink.pen(tag.fill))
        painter.drawLine(left - ink.px(8), y_true, left, centre)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    ink.plate(painter, left, centre - round(size.height()) // 2, tag.word, tag.text_token, ground=ink.color(tag.fill))


def _tag_shape(painter: QPainter, scene: Scene, centre: int, fill: str, text: str, token: str) -> None:
    """A tag 17 px high, pointed left, on the axis strip."""
    ink = scene.ink
    half, point, left = ink.px(17) // 2, ink.px(6), scene.plot_width + 1
    shape = QPolygon(
        [
            QPoint(left, centre),
            QPoint(left + point, centre - half),
            QPoint(scene.width, centre - half),
            QPoint(scene.width, centre + half + 1),
            QPoint(left + point, centre + half + 1),
        ]
    )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.color(fill))
    painter.drawPolygon(shape)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    ink.text(painter, left + point + ink.px(2), centre, text, token, bold=True)


def paint_last_line(painter: QPainter, scene: Scene) -> None:
    """Dotted line at the last price."""
    data, pane = scene.given.data, scene.pane("price")
    if data is None or pane is None or not math.isfinite(data.last.close):
        return
    y = pane.scale.y(data.last.close)
    if not pane.top <= y < pane.bottom:
        return
    base = data.base_price(data.count - 1)
    token = scene.ink.look.direction_token(data.last.close - base)
    painter.setPen(scene.ink.pen("flat" if token == "unknown" else token, "1-3"))
    painter.drawLine(0, round(y), scene.plot_width, round(y))


# -- crosshair ------------------------------------------------------------------------------------------------------------


def paint_crosshair(painter: QPainter, scene: Scene, cross: Crosshair) -> None:
    """Dashed lines across all panes, the value tag and the date tag."""
    ink, look, data = scene.ink, scene.ink.look, scene.given.data
    if data is None or not 0 <= cross.bar < data.count:
        return
    x = math.floor(scene.axis.x(cross.bar))
    painter.setPen(ink.pen("crosshair", "3-3"))
    if 0 <= x < scene.plot_width:
        painter.drawLine(x, 0, x, scene.plot_height)
    pane = scene.pane_at(cross.y) if cross.y is not None else None
    if pane is not None and cross.y is not None:
        painter.drawLine(0, cross.y, scene.plot_width, cross.y)
        value = pane.scale.value(cross.y)
        if pane.name == "price":
            value = snap_price(value, data.series.market, data.day(cross.bar)) if value >= 1 else 0.0
        _tag_shape(painter, scene, cross.y, "crosshair-tag", words.axis_value(look, pane.name, value), ink.tag_text)
    text = words.moment(look, data.series, cross.bar)
    width = ink.width(text, bold=True) + 2 * ink.px(7)
    left = min(max(x - width // 2, 0), max(scene.plot_width - width, 0))
    box = QRectF(left, scene.plot_height + 1, width, scene.time_height - ink.px(2))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.color("crosshair-tag"))
    painter.drawRoundedRect(box, ink.px(3), ink.px(3))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    ink.text(painter, left + ink.px(7), box.center().y(), text, ink.tag_text, bold=True)
