"""Painters of cells that only the day-trading and near-miss tables have: item blocks, chips, the gap bar, a grade step.

Importing this module makes them known to the table view.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap, QPolygonF

from engine.model.evidence import ItemState
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import PAINTERS, Cell, paint_grade_chip
from ralphstock_desktop.ui.models.columns import PainterName

__all__ = ["BLOCKS", "CHIPS", "GAP", "STEP", "ChipMark", "GapMark", "StepMark"]

# The union of painter names is closed in ``models.columns``; these four are added by this module at import.
BLOCKS: PainterName = "day_blocks"
CHIPS: PainterName = "day_chips"
GAP: PainterName = "near_gap"
STEP: PainterName = "grade_step"

_BLOCK, _GAP_PX = 10, 3
_BAR = 84
"""Length of the gap bar at 100 % zoom (design.md §7)."""


@dataclass(frozen=True, slots=True)
class ChipMark:
    """One chip of a cell."""

    text: str
    token: str


@dataclass(frozen=True, slots=True)
class StepMark:
    """A grade and the one that is nearly reached."""

    grade: int
    next_grade: int


@dataclass(frozen=True, slots=True)
class GapMark:
    """Where value and need stand on the bar, each 0 … 1."""

    now: float
    need: float


def paint_blocks(canvas: Canvas, cell: Cell) -> None:
    """Seven items as blocks: full passed, lower half partial, dash failed, dotted with a question mark unknown."""
    states: tuple[int, ...] = cell.mark
    key = ("day_blocks", states)
    picture = canvas.pixmaps.get(key)
    if picture is None:
        picture = canvas.pixmaps[key] = _blocks(canvas, states)
    tall = picture.height() / canvas.ratio
    canvas.painter.drawPixmap(QPointF(round(cell.x) + canvas.px(6), round(cell.y + (cell.height - tall) / 2)), picture)


def _blocks(canvas: Canvas, states: tuple[int, ...]) -> QPixmap:
    px, look = canvas.px, canvas.appearance
    side, step = px(_BLOCK), px(_BLOCK + _GAP_PX)
    picture = canvas.blank(step * len(states), side)
    with canvas.onto(picture) as painter:
        for position, state in enumerate(states):
            x = position * step
            if state == ItemState.PASSED:
                painter.fillRect(x, 0, side, side, look.color("accent-fill"))
            elif state == ItemState.PARTIAL:
                painter.setPen(QPen(look.color("accent-fill")))
                painter.drawRect(x, 0, side - 1, side - 1)
                painter.fillRect(x, side // 2, side, side - side // 2, look.color("accent-fill"))
            elif state == ItemState.FAILED:
                painter.fillRect(x, side // 2 - 1, side, max(1, px(2) - 1), look.color("line-control"))
            else:
                pen = QPen(look.color("unknown"))
                pen.setDashPattern([1, 2])
                painter.setPen(pen)
                painter.drawRect(x, 0, side - 1, side - 1)
                font = look.font("micro", bold=True)
                painter.setFont(font)
                painter.setPen(look.color("unknown"))
                painter.drawText(QRectF(x, 0, side, side), Qt.AlignmentFlag.AlignCenter, "?")
    return picture


def paint_chips(canvas: Canvas, cell: Cell) -> None:
    """Outlined chips from left to right; what has no room is told by a last ``+2``."""
    chips: tuple[ChipMark, ...] = cell.mark
    px = canvas.px
    if not chips:
        canvas.text(cell.x + px(6), cell.y, cell.width, cell.height, cell.text, "text-muted")
        return
    left, right, pad = cell.x + px(5), cell.x + cell.width - px(2), 2 * px(6)
    for position, chip in enumerate(chips):
        rest = len(chips) - position
        more = px(3) + canvas.width(f"+{rest - 1}", "caption") if rest > 1 else 0.0
        room = right - left - more
        text = chip.text
        if canvas.width(text, "caption") + pad > room:
            if position:
                canvas.text(left, cell.y, right - left, cell.height, f"+{rest}", "text-muted", size="caption")
                return
            text = canvas.elided(text, room - pad, "caption")  # the first chip gives way to the number of the others
        canvas.text_chip(0, cell.y, cell.height, text, edge=chip.token, ink=chip.token, left=left, bold=False)
        left += canvas.width(text, "caption") + pad + px(3)


def paint_step(canvas: Canvas, cell: Cell) -> None:
    """``C → B`` with the grade that would be reached in a dashed outline."""
    px, mark, side = canvas.px, cell.mark, canvas.px(18)
    y = round(cell.y + (cell.height - side) / 2)
    x = round(cell.x) + px(6)
    paint_grade_chip(canvas, x, y, side, mark.grade)
    canvas.text(x + side, cell.y, px(20), cell.height, "→", "text-muted", align="center", size="caption")
    paint_grade_chip(canvas, x + side + px(20), y, side, mark.next_grade, dashed=True)


def paint_gap(canvas: Canvas, cell: Cell) -> None:
    """The way left: a diamond where the value is, a tick at the threshold, dashed between."""
    mark: GapMark | None = cell.mark
    px = canvas.px
    if mark is None:
        canvas.text(cell.x + px(6), cell.y, cell.width, cell.height, "—", "text-muted")
        return
    bar, tall = min(px(_BAR), round(cell.width) - px(12)), px(4)
    key = ("near_gap", round(bar * mark.now), round(bar * mark.need), bar)
    picture = canvas.pixmaps.get(key)
    if picture is None:
        picture = canvas.pixmaps[key] = _gap_bar(canvas, mark, bar, tall)
    height = picture.height() / canvas.ratio
    canvas.painter.drawPixmap(QPointF(round(cell.x) + px(6), round(cell.y + (cell.height - height) / 2)), picture)


def _gap_bar(canvas: Canvas, mark: GapMark, bar: int, tall: int) -> QPixmap:
    px, look = canvas.px, canvas.appearance
    half = px(4)
    height = 2 * px(7)
    picture = canvas.blank(bar + 2, height)
    painter = QPainter(picture)
    try:
        middle = height // 2
        now = min(max(round(bar * mark.now), half), bar - half)
        need = min(max(round(bar * mark.need), px(1)), bar - px(1))
        solid = (0, now) if now <= need else (now, bar)
        painter.fillRect(solid[0], middle - tall // 2, solid[1] - solid[0], tall, look.color("bg-raised"))
        pen = QPen(look.color("line-control"), px(2))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setDashPattern([2, 1.5])
        painter.setPen(pen)
        painter.drawLine(QPointF(min(now, need), middle), QPointF(max(now, need), middle))
        painter.fillRect(need - px(1), middle - px(6), px(2), 2 * px(6), look.color("text"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("warning"))
        corners = ((0, -half), (half, 0), (0, half), (-half, 0))
        painter.drawPolygon(QPolygonF([QPointF(now + dx, middle + dy) for dx, dy in corners]))
    finally:
        painter.end()
    return picture


PAINTERS[BLOCKS] = paint_blocks
PAINTERS[CHIPS] = paint_chips
PAINTERS[STEP] = paint_step
PAINTERS[GAP] = paint_gap
