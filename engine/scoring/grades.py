"""The one grade table of all 0-100 scores (domain.md §0.5)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from engine.model.scan import Grade
from engine.scoring.rounding import at_least, round2
from engine.thresholds import GradeThresholds

__all__ = ["grade_of", "grades_of", "target_return_pct"]


def grades_of(scores: FloatArray, table: GradeThresholds) -> npt.NDArray[np.uint8]:
    """Grade scores after rounding them to two decimals; NaN has grade NONE.

    Returns
    -------
    uint8 array of :class:`~engine.model.scan.Grade`, same shape as ``scores``.
    """
    rounded = round2(scores)
    grades = np.full(rounded.shape, Grade.NONE, dtype=np.uint8)
    grades[~np.isnan(rounded)] = Grade.C
    grades[at_least(rounded, table.b_score)] = Grade.B
    grades[at_least(rounded, table.a_score)] = Grade.A
    grades[at_least(rounded, table.s_score)] = Grade.S
    return grades


def grade_of(score: float, table: GradeThresholds) -> Grade:
    """Grade one score; NaN has grade NONE."""
    return Grade(int(grades_of(np.array([score]), table)[0]))


def target_return_pct(grades: npt.NDArray[np.uint8], table: GradeThresholds) -> FloatArray:
    """Target return in percent of each grade; NaN for NONE."""
    by_grade = np.full(len(Grade), np.nan)
    by_grade[Grade.S] = table.s_target_pct
    by_grade[Grade.A] = table.a_target_pct
    by_grade[Grade.B] = table.b_target_pct
    by_grade[Grade.C] = table.c_target_pct
    return np.asarray(by_grade[grades], dtype=np.float64)
