"""Marks that the closing card and the news panel share: verdict shapes, scored words in a title, lines of a title."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen

from engine.model.evidence import ItemState
from engine.model.scan import Grade
from ralphstock_desktop.ui.delegates.canvas import Canvas

__all__ = ["STATE_TOKEN", "paint_big_grade", "paint_shape", "paint_title", "title_lines"]

STATE_TOKEN = {
    ItemState.PASSED: "success",
    ItemState.PARTIAL: "warning",
    ItemState.FAILED: "danger",
    ItemState.UNKNOWN: "unknown",
}
Spans = Sequence[tuple[int, int]]


def paint_shape(canvas: Canvas, state: ItemState, x: int, y: int, side: int) -> None:
    """✓, half disc, ✕ or a dashed circle with a question mark: four shapes, so colour is never alone."""
    painter, look = canvas.painter, canvas.appearance
    painter.save()
    painter.setRenderHint(painter.RenderHint.Antialiasing)
    pen = QPen(look.color(STATE_TOKEN[state]), 1.4 * look.zoom_pct / 100)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    box = QRectF(x + 1, y + 1, side - 2, side - 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state is ItemState.UNKNOWN:
        pen.setDashPattern([1.6, 1.8])
    painter.setPen(pen)
    if state is ItemState.PASSED:
        painter.drawPolyline([QPointF(x + a * side, y + b * side) for a, b in ((0.12, 0.55), (0.4, 0.82), (0.9, 0.2))])
    elif state is ItemState.FAILED:
        for a, b in ((0.18, 0.82), (0.82, 0.18)):
            painter.drawLine(QPointF(x + a * side, y + 0.18 * side), QPointF(x + b * side, y + 0.82 * side))
    else:
        painter.drawEllipse(box)
    if state is ItemState.PARTIAL:
        painter.setBrush(look.color("warning"))
        painter.drawPie(box, 90 * 16, 180 * 16)
    painter.restore()
    if state is ItemState.UNKNOWN:
        canvas.text(x, y, side, side, "?", "unknown", align="center", size="micro", bold=True)


def paint_big_grade(canvas: Canvas, x: int, y: int, side: int, grade: int, *, dashed: bool) -> None:
    """The card's grade: S filled gold, A tint and outline, B outline, C letter only; dashed where it is held back."""
    if not grade:
        canvas.text(x, y, side, side, "—", "text-muted", align="center", size="display")
        return
    letter = Grade(grade).name
    fill = "" if dashed else {"S": "gold-fill", "A": "accent-tint"}.get(letter, "")
    edge = f"grade-{letter.lower()}" if dashed or letter in "AB" else ""
    if fill or edge:
        canvas.chip(x, y, side, side, fill=fill, edge=edge, dashed=dashed)
    token = "gold-on" if fill == "gold-fill" else f"grade-{letter.lower()}"
    canvas.text(x, y, side, side, letter, token, align="center", size="display", bold=grade != Grade.C)


def title_lines(canvas: Canvas, title: str, room: float, most: int = 2) -> list[tuple[int, int]]:
    """Break a title at spaces into at most ``most`` lines; (start, end) of each in the title.

    The last line holds the rest, however long; a word longer than the room is broken anywhere.
    """
    lines: list[tuple[int, int]] = []
    start, at = 0, 0
    # Measured without laying the text out: most titles of a long list are never painted.
    advance = canvas.metrics("body", False).horizontalAdvance
    while at < len(title) and len(lines) < most - 1:
        space = title.find(" ", at + 1)
        end = len(title) if space < 0 else space
        if advance(title[start:end]) > room:
            if at == start:  # one word alone is too long
                end = start + 1
                while end < len(title) and advance(title[start : end + 1]) <= room:
                    end += 1
                at = end
            lines.append((start, at))
            start = at + (1 if title[at : at + 1] == " " else 0)
            at = start
        else:
            at = end
    if start < len(title):
        lines.append((start, len(title)))
    return lines or [(0, 0)]


def paint_title(
    canvas: Canvas, x: float, top: float, room: float, row: int, title: str, hits: Spans, token: str, *, most: int = 2
) -> int:
    """Draw a title in lines of ``row`` pixels with its scored words on a tint, underlined; return the number of lines."""
    lines = title_lines(canvas, title, room, most)
    for number, (start, end) in enumerate(lines):
        y = top + number * row
        text = canvas.elided(title[start:end], room)
        shown = end if text == title[start:end] else start + max(len(text) - 1, 0)
        for first, last in hits:
            begin, stop = max(first, start), min(last, shown)
            if begin >= stop:
                continue
            left = x + canvas.width(title[start:begin])
            wide = x + canvas.width(title[start:stop]) - left
            canvas.fill(left - 1, y + canvas.px(1), wide + 2, row - canvas.px(2), "warning-tint")
            canvas.fill(left, y + row - canvas.px(2), wide, max(1, canvas.px(1)), "warning")
        canvas.text(x, y, room, row, text, token)
        for first, last in hits:
            begin, stop = max(first, start), min(last, shown)
            if begin < stop:
                left = x + canvas.width(title[start:begin])
                canvas.text(left, y, room, row, title[begin:stop], "warning")
    return len(lines)
