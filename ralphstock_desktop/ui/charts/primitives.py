"""Many rectangles or lines in one painter call, straight from NumPy memory.

The binding accepts a pointer to the first of ``count`` Qt objects; the arrays here have exactly the memory layout of
``QRect`` (left, top, right, bottom, both inclusive, int32) and ``QLineF`` (x1, y1, x2, y2, float64). Building the same
objects in Python costs about a microsecond each, which is most of a frame.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shiboken6
from PySide6.QtCore import QLineF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.model.panel import FloatArray

__all__ = ["IntArray", "boxes", "draw_boxes", "draw_outlines", "draw_polyline", "draw_segments"]

IntArray = npt.NDArray[np.int32]


def boxes(left: npt.NDArray[np.int64], top: npt.NDArray[np.int64], width: int, bottom: npt.NDArray[np.int64]) -> IntArray:
    """Pack columns into ``QRect`` memory; ``bottom`` is inclusive, ``width`` in pixels. Shape (n, 4)."""
    packed = np.empty((len(left), 4), dtype=np.int32)
    packed[:, 0] = left
    packed[:, 1] = top
    packed[:, 2] = left + (width - 1)
    packed[:, 3] = bottom
    return packed


def draw_boxes(painter: QPainter, packed: IntArray, color: QColor) -> None:
    """Fill rectangles with an opaque colour (a translucent one is a hundred times slower on raster painting)."""
    if len(packed):
        packed = np.ascontiguousarray(packed)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRects(shiboken6.wrapInstance(packed.ctypes.data, QRect), len(packed))  # type: ignore[call-overload]


def draw_outlines(painter: QPainter, packed: IntArray, color: QColor, inside: QColor) -> None:
    """Fill rectangles with ``inside`` and leave a 1-px edge in ``color``."""
    draw_boxes(painter, packed, color)
    inner = packed + np.array([1, 1, -1, -1], dtype=np.int32)
    roomy = (inner[:, 2] >= inner[:, 0]) & (inner[:, 3] >= inner[:, 1])
    draw_boxes(painter, inner[roomy], inside)


def draw_segments(painter: QPainter, segments: FloatArray, pen: QPen) -> None:
    """Draw separate lines, shape (n, 4)."""
    if len(segments):
        segments = np.ascontiguousarray(segments)
        painter.setPen(pen)
        painter.drawLines(shiboken6.wrapInstance(segments.ctypes.data, QLineF), len(segments))  # type: ignore[call-overload]


def draw_polyline(painter: QPainter, x: FloatArray, y: FloatArray, pen: QPen) -> None:
    """Draw a line through points, broken where ``y`` is not finite; coordinates are clipped to what a painter can hold."""
    if len(x) < 2:
        return
    known = np.isfinite(y)
    segments = np.empty((len(x) - 1, 4))
    segments[:, 0], segments[:, 2] = x[:-1], x[1:]
    y = np.clip(y, -20_000.0, 20_000.0)
    segments[:, 1], segments[:, 3] = y[:-1], y[1:]
    draw_segments(painter, segments if known.all() else segments[known[:-1] & known[1:]], pen)
