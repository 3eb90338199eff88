"""Painters of table cells (design.md §7): one function per kind of cell, all drawing through a :class:`Canvas`.

Each takes the cell's box and what to draw; backgrounds, selection and hairlines belong to the view.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap, QPolygonF

from engine.model.scan import Grade
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.models.columns import Align, PainterName

__all__ = ["PAINTERS", "Cell", "FlowMark", "GradeMark", "NameMark", "ScoreMark", "StateMark", "paint_grade_chip"]

_GRADES = DEFAULT_RULES.grade
_TICKS = (_GRADES.b_score, _GRADES.a_score, _GRADES.s_score)


@dataclass(slots=True)
class Cell:
    """What a painter gets: the box in pixels, the text with its look, and the mark beside it."""

    x: float
    y: float
    width: float
    height: float
    text: str
    token: str
    bold: bool
    align: Align
    mark: Any
    key: object
    """Identity for cached pictures: (column, source row)."""


@dataclass(frozen=True, slots=True)
class NameMark:
    """Letter of the market beside a name."""

    letter: str
    strong: bool


@dataclass(frozen=True, slots=True)
class StateMark:
    """A state chip: filled gold, outlined in a token, or plain text."""

    look: str
    """``filled``, ``outlined`` or ``plain``."""
    token: str


@dataclass(frozen=True, slots=True)
class GradeMark:
    """A grade; ``dashed`` where it is not official yet."""

    grade: int
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class ScoreMark:
    """A score; ``gap`` where missing data of the day may change it."""

    value: float
    gap: bool = False


@dataclass(frozen=True, slots=True)
class FlowMark:
    """Net buying as a share of the largest one shown, -1 … +1."""

    share: float


def _pads(canvas: Canvas) -> tuple[int, int]:
    px = canvas.px
    return px(6), px(7)


def paint_text(canvas: Canvas, cell: Cell) -> None:
    """Plain text or number."""
    left, right = _pads(canvas)
    box = cell.width - left - right
    canvas.text(
        cell.x + left, cell.y, box, cell.height, cell.text, cell.token,
        align=cell.align, bold=cell.bold, elide=cell.align == "left",
    )  # fmt: skip


def paint_rank(canvas: Canvas, cell: Cell) -> None:
    """Rank, or the waiting move of a held row (``↑2``)."""
    moved = bool(cell.mark)
    token = "warning" if moved else cell.token
    box = cell.width - canvas.px(5)
    canvas.text(
        cell.x, cell.y, box, cell.height, cell.text, token, align="right", size="micro" if moved else "caption", bold=moved
    )


def paint_name(canvas: Canvas, cell: Cell) -> None:
    """Name at 13 px with the market letter at the right."""
    left, right = _pads(canvas)
    mark: NameMark = cell.mark
    letter_box = canvas.px(14) if mark.letter else 0
    room = cell.width - left - right - letter_box
    canvas.text(
        cell.x + left, cell.y, room, cell.height, cell.text, cell.token, size="title", bold=cell.bold or mark.strong, elide=True
    )
    if mark.letter:
        canvas.text(
            cell.x + cell.width - right - letter_box, cell.y, letter_box, cell.height, mark.letter, "text-muted",
            align="right", size="micro",
        )  # fmt: skip


def paint_grade_chip(
    canvas: Canvas, x: float, y: float, side: int, grade: int, *, size: str = "body", dashed: bool = False
) -> None:
    """S filled gold, A tint and outline, B outline, C letter only."""
    if grade == Grade.NONE:
        canvas.text(x, y, side, side, "—", "text-muted", align="center")
        return
    letter = Grade(grade).name
    fill = {Grade.S: "gold-fill", Grade.A: "accent-tint"}.get(Grade(grade), "")
    edge = {Grade.A: "grade-a", Grade.B: "grade-b"}.get(Grade(grade), "")
    token = {Grade.S: "gold-on", Grade.A: "grade-a", Grade.B: "grade-b", Grade.C: "grade-c"}[Grade(grade)]
    if dashed:
        fill, edge = "", f"grade-{letter.lower()}"
    if fill or edge:
        key = ("grade", grade, side, dashed)
        chip = canvas.pixmaps.get(key)
        if chip is None:
            chip = canvas.pixmaps[key] = canvas.chip_picture(side, side, fill=fill, edge=edge, dashed=dashed)
        canvas.painter.drawPixmap(round(x), round(y), chip)
    big = size == "hero"
    canvas.text(x, round(y), side, side, letter, token, align="center", size="hero" if big else "body", bold=grade != Grade.C)


def paint_grade(canvas: Canvas, cell: Cell) -> None:
    """Grade chip in the middle of its cell."""
    side, mark = canvas.px(18), cell.mark
    x = round(cell.x + (cell.width - side) / 2)
    paint_grade_chip(canvas, x, round(cell.y + (cell.height - side) / 2), side, mark.grade, dashed=mark.dashed)


def paint_score(canvas: Canvas, cell: Cell) -> None:
    """Score in bold with a 4-px bar and ticks at the grade limits; a narrow cell shows the number alone."""
    px = canvas.px
    _, right = _pads(canvas)
    number_box = px(32)
    canvas.text(
        cell.x + cell.width - right - number_box,
        cell.y,
        number_box,
        cell.height,
        cell.text,
        cell.token,
        align="right",
        bold=True,
    )
    mark: ScoreMark = cell.mark
    if mark.gap:
        # The hatch stands where the bar is: a bar would claim more than is known.
        side = px(12)
        icon = canvas.appearance.pixmap("hatch", "gap-hatch", 12, canvas.ratio)
        canvas.painter.drawPixmap(round(cell.x) + px(6), round(cell.y + (cell.height - side) / 2), icon)
        return
    bar = cell.width - number_box - right - px(6) - px(6)
    value = mark.value
    if bar < px(24) or math.isnan(value):
        return
    tall = px(4)
    filled = round(bar * min(max(value, 0.0), 100.0) / 100)
    key = ("score", filled, bar)
    picture = canvas.pixmaps.get(key)
    if picture is None:
        picture = canvas.pixmaps[key] = _score_bar(canvas, filled, round(bar), tall)
    canvas.painter.drawPixmap(round(cell.x) + px(6), round(cell.y + (cell.height - tall) / 2), picture)


def _score_bar(canvas: Canvas, filled: int, width: int, tall: int) -> QPixmap:
    picture = canvas.blank(width, tall)
    painter = QPainter(picture)
    try:
        look = canvas.appearance
        painter.fillRect(0, 0, width, tall, look.color("bg-raised"))
        painter.fillRect(0, 0, filled, tall, look.color("accent-fill"))
        for tick in _TICKS:
            painter.fillRect(round(width * tick / 100), 0, 1, tall, look.color("bg-panel"))
    finally:
        painter.end()
    return picture


def paint_state(canvas: Canvas, cell: Cell) -> None:
    """State in a word: a filled gold chip, an outlined chip or plain text."""
    left, right = _pads(canvas)
    mark: StateMark | None = cell.mark
    if mark is None or mark.look == "plain":
        token = mark.token if mark is not None else cell.token
        canvas.text(cell.x + left, cell.y, cell.width - left - right, cell.height, cell.text, token, elide=True)
    elif mark.look == "filled":
        canvas.text_chip(0, cell.y, cell.height, cell.text, fill="gold-fill", ink="gold-on", left=cell.x + left)
    else:
        canvas.text_chip(0, cell.y, cell.height, cell.text, edge=mark.token, ink=mark.token, left=cell.x + left, bold=False)


def paint_distance(canvas: Canvas, cell: Cell) -> None:
    """Distance to the pivot; a break is a filled gold chip ``돌파 +0.7%``."""
    _, right = _pads(canvas)
    if cell.mark:
        edge = cell.x + cell.width - canvas.px(4)
        canvas.text_chip(edge, cell.y, cell.height, str(cell.mark), fill="gold-fill", ink="gold-on")
    else:
        canvas.text(cell.x, cell.y, cell.width - right, cell.height, cell.text, cell.token, align="right", bold=cell.bold)


def _depth_bars(canvas: Canvas, depths: Sequence[float], height: int) -> QPixmap:
    px = canvas.px
    bar, gap = px(5), px(1)
    tall = height - px(8)
    picture = canvas.blank(len(depths) * (bar + gap) + 1, height)
    painter = QPainter(picture)
    try:
        deepest = max(depths)
        for position, depth in enumerate(depths):
            size = max(1, round(tall * depth / deepest))
            token = "vcp-pivot" if position == len(depths) - 1 else "line-control"
            painter.fillRect(position * (bar + gap), height - px(4) - size, bar, size, canvas.appearance.color(token))
    finally:
        painter.end()
    return picture


def paint_depths(canvas: Canvas, cell: Cell) -> None:
    """Contractions: bars as high as the depth, the last one gold, then ``28→21→18→9``."""
    px = canvas.px
    left, _ = _pads(canvas)
    depths: Sequence[float] = cell.mark
    if not depths:
        canvas.text(cell.x + left, cell.y, cell.width, cell.height, cell.text, "text-muted")
        return
    key = ("depths", cell.key, cell.height)
    picture = canvas.pixmaps.get(key)
    if picture is None:
        picture = canvas.pixmaps[key] = _depth_bars(canvas, depths[-6:], round(cell.height))
    canvas.painter.drawPixmap(QPointF(round(cell.x + left), cell.y), picture)
    start = left + max(px(32), round(picture.width() / canvas.ratio) + px(4))
    room = cell.width - start - px(2)
    canvas.text(cell.x + start, cell.y, room, cell.height, cell.text, cell.token, size="caption", elide=True)


def paint_flow(canvas: Canvas, cell: Cell) -> None:
    """Net buying: a bar from the middle outwards and the signed number in its direction colour."""
    px = canvas.px
    _, right = _pads(canvas)
    mark: FlowMark | None = cell.mark
    canvas.text(cell.x, cell.y, cell.width - right, cell.height, cell.text, cell.token, align="right")
    if mark is None or math.isnan(mark.share):
        return
    half, tall = px(13), px(8)
    middle = round(cell.x + px(4) + half)
    y = round(cell.y + (cell.height - tall) / 2)
    canvas.fill(middle, y - px(1), 1, tall + px(2), "line-strong")
    length = round(half * min(1.0, abs(mark.share)))
    if length and mark.share > 0:
        canvas.fill(middle + 1, y, length, tall, "gain-fill")
    elif length:
        canvas.fill(middle - length, y, length, tall, "loss-fill")


def _sparkline(canvas: Canvas, values: np.ndarray[Any, Any], width: int, height: int) -> QPixmap:
    px = canvas.px
    picture = canvas.blank(width, height)
    known = np.flatnonzero(~np.isnan(values))
    if known.size < 2:
        return picture
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    span = (high - low) or 1.0
    pad = px(5)
    xs = px(2) + known / (values.size - 1) * (width - px(6))
    ys = pad + (high - values[known]) / span * (height - 2 * pad)
    painter = QPainter(picture)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(canvas.appearance.color("text-secondary")))
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(canvas.appearance.color("text"))
        radius = px(15) / 10
        painter.drawEllipse(QPointF(float(xs[-1]), float(ys[-1])), radius, radius)
    finally:
        painter.end()
    return picture


def paint_sparkline(canvas: Canvas, cell: Cell) -> None:
    """Closes of the last 60 days as a 1-px line with a dot at the end; gaps are bridged, missing is a dash."""
    key = ("spark", cell.key, cell.width, cell.height)
    picture = canvas.pixmaps.get(key)
    if picture is None:
        values = np.asarray(cell.mark, dtype=np.float64)
        if np.count_nonzero(~np.isnan(values)) < 2:
            canvas.text(cell.x, cell.y, cell.width, cell.height, "—", "text-muted", align="center")
            return
        picture = canvas.pixmaps[key] = _sparkline(canvas, values, round(cell.width), round(cell.height))
    canvas.painter.drawPixmap(QPointF(cell.x, cell.y), picture)


def paint_today(canvas: Canvas, cell: Cell) -> None:
    """The day lying down: its range as a line, open to price as a body; or the chip that says more."""
    px, mark = canvas.px, cell.mark
    if mark is None:
        canvas.text(cell.x, cell.y, cell.width, cell.height, "—", "text-muted", align="center")
        return
    if mark.word_key:
        right = cell.x + (cell.width + canvas.width(cell.text, "caption", True)) / 2 + px(6)
        canvas.text_chip(right, cell.y, cell.height, cell.text, edge=mark.token, ink=mark.token)
        return
    span = mark.high - mark.low
    left, room = round(cell.x) + px(6), round(cell.width) - px(12)
    middle = round(cell.y + cell.height / 2)
    canvas.fill(left, middle, room, 1, "line-control")
    if not span > 0:
        canvas.fill(left + room // 2, middle - px(3), 1, 2 * px(3) + 1, "flat")
        return

    def at(price: float) -> int:
        return left + int((price - mark.low) / span * (room - 1) + 0.5)

    begin, end = sorted((at(mark.open), at(mark.price)))
    token = "gain-fill" if mark.price > mark.open else "loss-fill" if mark.price < mark.open else "flat"
    canvas.fill(begin, middle - px(3), max(1, end - begin), 2 * px(3) + 1, token)
    canvas.fill(at(mark.price), middle - px(5), px(2), 2 * px(5) + 1, "text")


PAINTERS: dict[PainterName, Callable[[Canvas, Cell], None]] = {
    "rank": paint_rank,
    "text": paint_text,
    "name": paint_name,
    "grade": paint_grade,
    "score": paint_score,
    "state": paint_state,
    "depths": paint_depths,
    "distance": paint_distance,
    "flow": paint_flow,
    "sparkline": paint_sparkline,
    "today": paint_today,
}
