"""Level of detail: columns of bars merged ×4 per level, so that a million bars cost as little to draw as a thousand.

A *group* is a run of ``size`` bars aligned to a multiple of ``size`` (so a picture does not shimmer while it is panned). The
value of a group is the largest, smallest, first or last of its bars; missing values are skipped.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from engine.model.panel import FloatArray

__all__ = ["FACTOR", "Pyramid", "group_size"]

FACTOR = 4


def group_size(bars_per_px: float) -> int:
    """Bars to merge into one column so that a column is at least a pixel wide; a multiple of a power of four."""
    if bars_per_px <= 1.0 or not math.isfinite(bars_per_px):
        return 1
    power = 1
    while power * FACTOR <= bars_per_px + 1e-9:
        power *= FACTOR
    return power * math.ceil(bars_per_px / power - 1e-9)


class Pyramid:
    """Largest or smallest of any aligned group of one array.

    Parameters
    ----------
    values : float64 array, shape (bars,)
        NaN where missing. Not copied; levels are built when first needed.
    kind : ``max`` or ``min``
    """

    def __init__(self, values: FloatArray, kind: Literal["max", "min"]) -> None:
        self._levels: list[FloatArray] = [values]
        self._join = np.fmax if kind == "max" else np.fmin

    def __len__(self) -> int:
        return len(self._levels[0])

    def _level(self, number: int) -> FloatArray:
        join = self._join
        while len(self._levels) <= number:
            below = self._levels[-1]
            whole = len(below) // FACTOR * FACTOR
            upper = join(join(below[0:whole:4], below[1:whole:4]), join(below[2:whole:4], below[3:whole:4]))
            if whole < len(below):
                upper = np.append(upper, join.reduce(below[whole:]))
            self._levels.append(upper)
        return self._levels[number]

    def groups(self, first: int, last: int, size: int) -> FloatArray:
        """Values of the groups that hold bars ``first`` … ``last`` - 1 (a group at the edge is taken whole)."""
        if last <= first:
            return np.zeros(0)
        if size == 1:
            return self._levels[0][first:last]
        number = 0
        while size % FACTOR ** (number + 1) == 0:
            number += 1
        level = self._level(number)
        each = size // FACTOR**number
        begin, end = first // size * each, -(-last // size) * each
        part = level[begin:end]
        return np.asarray(self._join.reduceat(part, np.arange(0, len(part), each))) if each > 1 else part

    def over(self, first: int, last: int) -> float:
        """Value over bars ``first`` … ``last`` - 1 exactly; NaN where there is none."""
        if last <= first:
            return math.nan
        size = 1
        while (last - first) // (size * FACTOR) > 256:
            size *= FACTOR
        if size == 1:
            return _reduced(self._join, self._levels[0][first:last])
        begin, end = -(-first // size) * size, last // size * size
        base = self._levels[0]
        parts = (base[first:begin], self.groups(begin, end, size), base[end:last])
        return _reduced(self._join, np.array([_reduced(self._join, part) for part in parts]))


def _reduced(join: np.ufunc, values: FloatArray) -> float:
    return float(join.reduce(values)) if len(values) else math.nan
