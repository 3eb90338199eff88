"""Blocks of the closing bet look the same in every row, whatever was painted before them in the same paint event."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import Cell
from ralphstock_desktop.ui.delegates.closing_cells import BlocksMark, paint_blocks


def test_unknown_blocks_look_alike_in_every_row(qapp: QApplication) -> None:
    unknown = (0, 3, False)
    marks = [BlocksMark((unknown, (earned, 3, True))) for earned in range(3)]
    canvas, image = Canvas(Appearance()), QImage(120, 90, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    canvas.begin(painter, 1.0)
    for row, mark in enumerate(marks):
        paint_blocks(canvas, Cell(0, row * 30, 80, 30, "", "text", False, "left", mark, ("blocks", row)))
        canvas.text(80, row * 30, 30, 30, "?", "unknown", size="micro", bold=True)  # pen and font as the blocks want them
    painter.end()
    first = [image.copy(QRect(0, row * 30, 28, 30)) for row in range(3)]
    words = [image.copy(QRect(80, row * 30, 30, 30)) for row in range(3)]
    assert first[1] == first[0] and first[2] == first[0]
    assert words[1] == words[0] and words[2] == words[0]
    assert first[0] != words[0]
