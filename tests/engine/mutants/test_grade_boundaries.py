"""The one grade table at its edges (domain.md §0.5, §11-5b). Written because a moved A threshold went unnoticed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.model.scan import Grade
from engine.scoring.closing_bet import grade12
from engine.scoring.day_trade import day_trade_score
from engine.scoring.grades import grade_of, grades_of, target_return_pct
from engine.thresholds import DEFAULT_RULES, Rules

TABLE = DEFAULT_RULES.grade


@pytest.mark.parametrize(
    ("score", "grade"),
    [
        (80.0, Grade.S), (79.996, Grade.S), (79.995, Grade.S), (79.99, Grade.A), (79.994, Grade.A),
        (65.0, Grade.A), (64.995, Grade.A), (64.99, Grade.B), (50.0, Grade.B), (49.995, Grade.B), (49.99, Grade.C),
        (100.0, Grade.S), (0.0, Grade.C), (math.nan, Grade.NONE),
    ],
)  # fmt: skip
def test_grades_are_taken_from_the_rounded_score(score: float, grade: Grade) -> None:
    assert grade_of(score, TABLE) is grade


def test_targets_follow_the_grade() -> None:
    # §0.5: S 20 %, A 15 %, B 10 %, C 5 %
    grades = grades_of(np.array([80.0, 65.0, 50.0, 49.0]), TABLE)
    assert target_return_pct(grades, TABLE).tolist() == [20.0, 15.0, 10.0, 5.0]


@pytest.mark.parametrize(
    ("raw", "grade"),
    [(84, Grade.S), (83, Grade.A), (69, Grade.A), (68, Grade.B), (53, Grade.B), (52, Grade.C), (105, Grade.S), (0, Grade.C)],
)
def test_the_checklist_is_graded_out_of_a_hundred(raw: float, grade: Grade) -> None:
    # §4.4: 100 x 84 / 105 = 80.00; 83 -> 79.05; 69 -> 65.71; 68 -> 64.76; 53 -> 50.48; 52 -> 49.52
    score = day_trade_score(np.array([float(raw)]), DEFAULT_RULES)
    assert grade_of(float(score[0]), TABLE) is grade


@pytest.mark.parametrize(
    ("points", "grade"), [(12, Grade.S), (10, Grade.S), (9, Grade.A), (8, Grade.A), (7, Grade.B), (6, Grade.B), (5, Grade.C)]
)
def test_the_twelve_points_have_a_table_of_their_own(points: float, grade: Grade) -> None:
    # §3.5: S from 10, A from 8, B from 6
    assert grade12(np.array([float(points)]), DEFAULT_RULES).tolist() == [grade]


def test_a_moved_threshold_moves_every_grade() -> None:
    rules: Rules = DEFAULT_RULES.replace({"grade.s_score": 81.0})
    assert [grade_of(score, rules.grade) for score in (81.0, 80.99, 80.0)] == [Grade.S, Grade.A, Grade.A]
