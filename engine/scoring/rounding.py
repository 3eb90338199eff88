"""Rounding and comparing as the rule book wants it (domain.md §0.4)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray

__all__ = ["EPS", "at_least", "at_most", "more_than", "round2"]

EPS = 1e-9
"""a >= b means a >= b - EPS."""

_CENT = Decimal("0.01")


def round2(values: FloatArray) -> FloatArray:
    """Round half-up to two decimals on the shortest decimal form of each number; NaN stays NaN. Scores are never negative."""
    values = np.asarray(values, dtype=np.float64)
    scaled = values * 100.0
    floor = np.floor(scaled)
    result = np.floor(scaled + 0.5) / 100.0
    near_half = np.abs(scaled - floor - 0.5) < 1e-6
    if near_half.any():
        for index in np.argwhere(near_half):
            place = tuple(index)
            exact = Decimal(repr(float(values[place])))
            result[place] = float(exact.quantize(_CENT, rounding=ROUND_HALF_UP))
    return np.asarray(result, dtype=np.float64)


def at_least(values: FloatArray, limit: FloatArray | float) -> npt.NDArray[np.bool_]:
    """``values >= limit`` with tolerance; NaN is False."""
    return np.asarray(values >= limit - EPS)


def at_most(values: FloatArray, limit: FloatArray | float) -> npt.NDArray[np.bool_]:
    """``values <= limit`` with tolerance; NaN is False."""
    return np.asarray(values <= limit + EPS)


def more_than(values: FloatArray, limit: FloatArray | float) -> npt.NDArray[np.bool_]:
    """``values > limit`` with tolerance; NaN is False."""
    return np.asarray(values > limit + EPS)
