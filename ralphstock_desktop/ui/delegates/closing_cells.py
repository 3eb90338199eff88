"""Painters of the closing-bet table's own cells: component blocks, cap chips, and a name that may be struck through.

They join the painters of the table view under names of their own (:func:`register`); nothing else is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPen

from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import PAINTERS, Cell, NameMark, paint_name
from ralphstock_desktop.ui.models.columns import PainterName

__all__ = ["BLOCKS", "CHIPS", "NAME", "BlocksMark", "StruckName", "paint_blocks_at", "register"]

BLOCKS: PainterName = "closing_blocks"
CHIPS: PainterName = "closing_chips"
NAME: PainterName = "closing_name"
_BLOCK, _TALL, _SMALLEST = 10, 10, 4
_ROOMY = 170
"""From this width of the cell on, blocks have their full size and distance."""


@dataclass(frozen=True, slots=True)
class StruckName(NameMark):
    """A name; ``struck`` where the candidate was lost at confirmation."""

    struck: bool = False


@dataclass(frozen=True, slots=True)
class BlocksMark:
    """Blocks of each component: (earned, possible, known)."""

    parts: tuple[tuple[int, int, bool], ...]
    faded: bool = False


def paint_closing_name(canvas: Canvas, cell: Cell) -> None:
    """Name with its market letter; a line through it where the candidate was cancelled."""
    paint_name(canvas, cell)
    mark: StruckName = cell.mark
    if mark.struck:
        left = round(cell.x) + canvas.px(6)
        room = cell.width - canvas.px(13) - (canvas.px(14) if mark.letter else 0)
        wide = min(canvas.width(cell.text, "title", cell.bold or mark.strong), room)
        canvas.fill(left, round(cell.y + cell.height / 2), wide, max(1, canvas.px(1)), cell.token)


def paint_blocks_at(
    canvas: Canvas, x: float, y: float, earned: int, possible: int, *, known: bool, block: tuple[int, int], gap: int,
    token: str = "accent-fill",
) -> float:  # fmt: skip
    """Draw one block per point: filled = earned, outlined = missed, dotted with ``?`` = not known; return the right edge."""
    painter, look = canvas.painter, canvas.appearance
    wide, tall = block
    left = round(x)
    for position in range(possible):
        if known and position < earned:
            canvas.fill(left, y, wide, tall, token)
        else:
            pen = QPen(look.color("line-control" if known else "unknown"))
            if not known:
                pen.setDashPattern([1.5, 1.5])
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRect(left, round(y), wide - 1, tall - 1))
            painter.restore()
            if not known:
                canvas.text(left, y, wide, tall, "?", "unknown", align="center", size="micro", bold=True)
        left += wide + gap
    return float(left - gap)


def paint_blocks(canvas: Canvas, cell: Cell) -> None:
    """Six groups of blocks, news first."""
    px, mark = canvas.px, cell.mark
    assert isinstance(mark, BlocksMark)
    key = (cell.key, mark, round(cell.width), cell.height, "blocks")
    picture = canvas.pixmaps.get(key)
    if picture is None:
        roomy = cell.width >= px(_ROOMY)
        gap, between, count = px(2 if roomy else 1), px(8 if roomy else 4), sum(part[1] for part in mark.parts)
        free = cell.width - px(10) - between * (len(mark.parts) - 1) - gap * (count - len(mark.parts))
        block = (min(px(_BLOCK), max(px(_SMALLEST), int(free // max(count, 1)))), px(_TALL))
        picture = canvas.blank(round(cell.width), round(cell.height))
        with canvas.onto(picture):
            left = float(px(6))
            for earned, possible, known in mark.parts:
                token = "line-strong" if mark.faded else "accent-fill"
                top = round((cell.height - block[1]) / 2)
                right = paint_blocks_at(canvas, left, top, earned, possible, known=known, block=block, gap=gap, token=token)
                left = right + between
        canvas.pixmaps[key] = picture
    canvas.painter.drawPixmap(round(cell.x), round(cell.y), picture)


def paint_chips(canvas: Canvas, cell: Cell) -> None:
    """Outlined chips side by side; what has no room is counted (``+2``)."""
    px = canvas.px
    words: Sequence[tuple[str, str]] = cell.mark or ()
    if not words:
        if cell.text:
            canvas.text(cell.x + px(6), cell.y, cell.width, cell.height, cell.text, "text-muted")
        return
    left, end = cell.x + px(5), cell.x + cell.width - px(4)
    for position, (word, token) in enumerate(words):
        wide = canvas.width(word, "caption", True) + px(12)
        rest = len(words) - position - 1
        room = end - left - (px(22) if rest else 0)
        if wide > room and position:
            canvas.text(left, cell.y, end - left, cell.height, f"+{rest + 1}", "text-secondary", size="caption")
            return
        if wide > room:
            word = canvas.elided(word, max(px(10), room - px(12)), "caption", True)
        canvas.text_chip(0, cell.y, cell.height, word, edge=token, ink=token, left=left)
        left += wide + px(4)


def register() -> None:
    """Teach the table view these painters; safe to call again."""
    PAINTERS.update({BLOCKS: paint_blocks, CHIPS: paint_chips, NAME: paint_closing_name})


register()
