"""Ladders of thresholds applied to whole arrays."""

from __future__ import annotations

import numpy as np

from engine.model.panel import FloatArray
from engine.scoring.rounding import at_least, at_most
from engine.thresholds import Ladder

__all__ = ["falling_points", "rising_points"]


def rising_points(values: FloatArray, ladder: Ladder) -> FloatArray:
    """Points where more is better: the first rung with ``value >= threshold`` counts; NaN and none reached give 0."""
    points = np.zeros(np.shape(values))
    for rung in reversed(ladder):
        points[at_least(values, rung.threshold)] = rung.points
    return points


def falling_points(values: FloatArray, ladder: Ladder) -> FloatArray:
    """Points where less is better: the first rung with ``value <= threshold`` counts; NaN and none reached give 0."""
    points = np.zeros(np.shape(values))
    for rung in reversed(ladder):
        points[at_most(values, rung.threshold)] = rung.points
    return points
