"""The 120 questions over the recorded market: each is understood as written down beside it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine.model.instants import AsOf
from ralphstock_desktop.services.assistant.understand import Understanding
from ralphstock_desktop.services.assistant_contracts import Question, Screen

QUESTIONS: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "questions.json").read_text(encoding="utf-8"))
MORE: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "questions_more.json").read_text(encoding="utf-8"))
DEFAULTS: dict[str, Any] = {
    "from_screen": False, "limit": None, "wants_change": False, "filter_text": "", "unknown_names": [], "days": None,
    "future_day": None,
}  # fmt: skip
MORE_DEFAULTS: dict[str, Any] = {**DEFAULTS, "details": [], "absent": [], "order_by": ""}


def _asked(understanding: Understanding, case: dict[str, Any]) -> Question:
    as_of = AsOf(int(datetime.fromisoformat(case["as_of"]).timestamp()) * 1_000_000_000)
    screen = Screen(case["screen_ticker"], (), as_of)
    previous = None
    if case["previous"] is not None:
        previous = understanding.understand(case["previous"], screen=screen, today=as_of.day)
    return understanding.understand(case["text"], screen=screen, today=as_of.day, previous=previous)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def test_sixty_of_each_language_over_all_types_and_most_intents() -> None:
    assert Counter(case["language"] for case in QUESTIONS) == {"ko": 60, "en": 60}
    assert len({case["id"] for case in QUESTIONS}) == 120
    assert len({(case["text"], case["previous"]) for case in QUESTIONS}) == 120
    for language in ("ko", "en"):
        types = {case["type"] for case in QUESTIONS if case["language"] == language}
        assert types == {"help", "stock", "market", "recommendation", "signal", "performance", "news", "general"}
        intents = {intent for case in QUESTIONS if case["language"] == language for intent in case["intents"]}
        assert intents >= {
            "why", "compare", "flow", "news", "price", "plan", "near", "diff", "record", "screen", "sector", "chart", "definition",
            "watch", "alert", "open", "order", "forecast",
        }  # fmt: skip


@pytest.mark.real_data
@pytest.mark.parametrize("case", QUESTIONS, ids=[case["id"] for case in QUESTIONS])
def test_question_is_understood(master: Understanding, case: dict[str, Any]) -> None:
    question = _asked(master, case)
    found = {
        name: _plain(getattr(question, name))
        for name in ("language", "type", "tickers", "strategies", "grades", "first_day", "last_day")
    }
    assert found == {name: case[name] for name in found}
    rest = {name: _plain(getattr(question, name)) for name in DEFAULTS}
    assert rest == {name: case.get(name, default) for name, default in DEFAULTS.items()}
    assert set(case["intents"]) <= set(question.intents)
    assert set(case.get("alike", ())) <= set(question.alike)
    assert set(case.get("numbers", ())) <= set(question.numbers)
    assert question.text == case["text"]


@pytest.mark.real_data
@pytest.mark.parametrize("case", QUESTIONS[::6], ids=[case["id"] for case in QUESTIONS[::6]])
def test_the_same_question_gives_the_same_answer_whatever_its_case_and_composition(
    master: Understanding, case: dict[str, Any]
) -> None:
    import unicodedata

    def same(text: str) -> Question:
        return _asked(master, {**case, "text": text})

    plain = _asked(master, case)
    decomposed = same(unicodedata.normalize("NFD", case["text"]))
    spaced = same("  " + case["text"].replace(" ", "\u00a0 ") + " ")
    for other in (decomposed, spaced):
        assert (other.type, other.tickers, other.intents, other.first_day, other.last_day, other.filter_text) == (
            plain.type, plain.tickers, plain.intents, plain.first_day, plain.last_day, plain.filter_text
        )  # fmt: skip


@pytest.mark.real_data
def test_no_day_lies_after_the_as_of(master: Understanding) -> None:
    for case in QUESTIONS:
        question = _asked(master, case)
        as_of = datetime.fromisoformat(case["as_of"]).date()
        assert all(day is None or day <= as_of for day in (question.first_day, question.last_day)), case["id"]
        if question.first_day is not None and question.last_day is not None:
            assert question.first_day <= question.last_day


@pytest.mark.real_data
@pytest.mark.parametrize("case", MORE, ids=[case["id"] for case in MORE])
def test_question_as_traders_put_it_is_understood(master: Understanding, case: dict[str, Any]) -> None:
    question = _asked(master, case)
    found = {
        name: _plain(getattr(question, name))
        for name in ("language", "type", "tickers", "strategies", "grades", "first_day", "last_day")
    }
    assert found == {name: case[name] for name in found}
    rest = {name: _plain(getattr(question, name)) for name in MORE_DEFAULTS}
    assert rest == {name: case.get(name, default) for name, default in MORE_DEFAULTS.items()}
    assert set(case["intents"]) <= set(question.intents)
