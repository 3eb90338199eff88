"""From the form to a plan: numbers as people type them, and every mistake in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from engine.model.errors import ValidationFailed
from ralphstock_desktop.strategy_ports import RuleProfile
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.backtest_plan import (
    PlanDraft,
    build_plan,
    change_lines,
    grid_size,
    number_text,
    parse_manwon,
    parse_values,
    rule_choices,
    threshold_name,
)
from tests.ui.performance.desk import FakeWhatIf, what_if_state

DRAFT = PlanDraft("", "VCP", date(2024, 1, 2), date(2026, 6, 30), 10_000, {}, False, (("", ""),) * 3, "local", "")
THRESHOLDS = FakeWhatIf().thresholds("VCP")


@pytest.fixture
def look(qapp: object) -> Appearance:
    del qapp
    return Appearance()


def test_an_untouched_form(look: Appearance) -> None:
    plan = build_plan(look, DRAFT, THRESHOLDS)
    assert (plan.name, plan.start_krw, plan.search) == ("VCP 2024-01-02~2026-06-30", 100_000_000.0, ())
    assert (plan.first, plan.last, plan.walk_forward, plan.executor) == (DRAFT.first, DRAFT.last, False, "local")


def test_a_search_becomes_numbers(look: Appearance) -> None:
    search = (("vcp.rs_min", "60, 70;80 70"), ("", "ignored"), ("vcp.detect_score", "55"))
    plan = build_plan(look, replace(DRAFT, name=" 내 시험 ", search=search, walk_forward=True), THRESHOLDS)
    assert plan.search == (("vcp.rs_min", (60.0, 70.0, 80.0)), ("vcp.detect_score", (55.0,)))
    assert (plan.name, plan.walk_forward) == ("내 시험", True)


@pytest.mark.parametrize(
    ("changes", "key", "field"),
    [
        ({"first": date(2026, 7, 1)}, "error.backtest_form.period", "period"),
        ({"capital_manwon": None}, "error.backtest_form.capital", "capital"),
        ({"search": (("vcp.rs_min", "60, x"),)}, "error.backtest_form.values", "search"),
        ({"search": (("vcp.rs_min", " "),)}, "error.backtest_form.values", "search"),
        ({"search": (("vcp.rs_min", "nan"),)}, "error.backtest_form.values", "search"),
        ({"search": (("vcp.rs_min", "60"), ("vcp.rs_min", "70"))}, "error.backtest_form.twice", "search"),
        ({"search": (("vcp.rs_min", "60, 400"),)}, "error.backtest_form.range", "search"),
        ({"executor": "dask", "dask_address": "  "}, "error.backtest_form.address", "executor"),
    ],
)
def test_mistakes_are_told_before_anything_runs(look: Appearance, changes: dict[str, Any], key: str, field: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        build_plan(look, replace(DRAFT, **changes), THRESHOLDS)
    assert (failed.value.key, failed.value.fields["field"]) == (key, field)
    assert look.tr(key, **failed.value.fields)


def test_numbers_as_typed() -> None:
    assert parse_values("−1.5, 2\t3") == (-1.5, 2.0, 3.0) and parse_values("") == ()
    assert [parse_manwon(text) for text in ("10,000", " 5 000 ", "0", "-3", "1.5", "", "²", "9" * 12)] == [
        10_000, 5_000, None, None, None, None, None, None,
    ]  # fmt: skip
    assert (number_text(0.45), number_text(70.0), number_text(1_000_000_000.0), number_text(-5.0)) == (
        "0.45", "70", "1,000,000,000", "−5",
    )  # fmt: skip


def test_how_many_rule_sets(look: Appearance) -> None:
    del look
    assert grid_size((("", "1 2 3"),)) == 0
    assert grid_size((("a", "1, 2, 3"), ("b", "1 2"))) == 6
    assert grid_size((("a", "1, x"),)) is None


def test_rule_sets_to_choose_from(look: Appearance) -> None:
    profiles = (RuleProfile("엄격", {"vcp.rs_min": 90.0}, "2026.1+x", 1),)
    assert [one.id for one in rule_choices(look, "VCP", None, ())] == ["standard"]
    found = rule_choices(look, "VCP", what_if_state(rs_min=80.0), profiles)
    assert [one.id for one in found] == ["standard", "what_if", "profile:엄격"]
    assert found[1].changes == {"vcp.rs_min": 80.0} and "1개" in found[1].label and found[2].label == "엄격"
    # a what-if of another strategy, or one that moves nothing, is no choice
    assert [one.id for one in rule_choices(look, "CLOSING_BET", what_if_state(rs_min=80.0), ())] == ["standard"]
    assert [one.id for one in rule_choices(look, "VCP", what_if_state(), ())] == ["standard"]


def test_moved_thresholds_in_words(look: Appearance) -> None:
    (line,) = change_lines(look, {"vcp.rs_min": 80.0}, THRESHOLDS)
    assert line.endswith("70 → 80")
    assert change_lines(look, {"zz.unknown": 3}, THRESHOLDS) == ["zz.unknown 3"]
    assert threshold_name(look, "zz.unknown.1") == "zz.unknown.1"
