"""A 0-100 score is written with the same decimals wherever it stands: table, evidence, list of the assistant, its sentences."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ralphstock_desktop.services.assistant.answers.stock_symbol import exact_digits, score_digits
from ralphstock_desktop.services.assistant.facts import write_value
from ralphstock_desktop.wording import format as fmt


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (83.46, "83.5"), (70.0, "70.0"), (0.0, "0.0"), (100.0, "100.0"), (61.96, "62.0"), (79.94, "79.9"),
        (79.96, "79.96"), (64.99, "64.99"), (49.95, "49.95"), (79.996, "80.0"), (80.04, "80.0"), (math.nan, "—"),
    ],
)  # fmt: skip
def test_one_decimal_unless_it_hides_the_side_of_a_grade(score: float, text: str) -> None:
    """79.96 is no S (domain.md §0.5), 79.996 is one: grades are taken from two decimals (§0.4)."""
    assert fmt.score(score) == text


@given(st.integers(0, 10_000))
def test_what_is_written_is_on_the_same_side_of_every_grade(hundredths: int) -> None:
    score = hundredths / 100
    shown = float(fmt.score(score))
    assert abs(shown - score) <= 0.05 + 1e-9
    for limit in (80, 65, 50, 60):
        assert (shown >= limit) == (score >= limit)


@given(st.integers(0, 10_000))
def test_the_assistant_writes_it_as_the_tables_do(hundredths: int) -> None:
    score = hundredths / 100
    assert write_value(score, "points", "en", decimals=score_digits(score)) == fmt.score(score)


def test_a_missing_score_and_what_is_no_score() -> None:
    assert score_digits(None) is None
    assert [exact_digits(value) for value in (70.0, 1.5, 0.25, None, math.nan)] == [0, 1, 2, None, None]
