"""What is claimed without a number must not be against what was read, and what claims nothing is left alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ralphstock_desktop.services.assistant.grounding import Grounded, Grounding
from ralphstock_desktop.services.assistant.grounding_claims import first_claim
from ralphstock_desktop.services.assistant.markdown import parse_markdown
from ralphstock_desktop.services.assistant.streaming import StreamChecker
from ralphstock_desktop.services.assistant_contracts import Fact, Target, Unit, spans_of
from ralphstock_desktop.wording.texts import Language
from tests.services.assistant.grounding.claim_cases import FALSE_CLAIMS, NO_CLAIMS, TRUE_CLAIMS
from tests.services.assistant.grounding.world import (
    HYNIX,
    HYOSUNG,
    SAMSUNG,
    TODAY,
    Names,
    book_of,
    grounding_of,
    struck,
)

CLAIMS = {"claim", "claim_unread"}


def _fact(number: str, name: str, value: float | str, unit: Unit, ticker: str = "", item: str = "") -> Fact:
    return Fact(number, name, value, unit, str(value), name, Target("gate", item=item), ticker, TODAY)


EXTRA = (
    _fact("c1", "flow.institution_5d", -2.1e10, "krw", SAMSUNG),
    _fact("c2", "flow.institution_5d", 9.9e10, "krw", HYNIX),
    _fact("c3", "vcp.state", "BREAKOUT", "word", SAMSUNG),
    _fact("c4", "vcp.state", "NEAR_PIVOT", "word", HYNIX),
    _fact("c5", "index.change", 1.69, "%", item="kospi"),
    _fact("c6", "index.change", -0.42, "%", item="kosdaq"),
    _fact("c7", "diff.change", 3.5, "points", SAMSUNG),
    _fact("c8", "diff.change", -1.25, "points", HYNIX),
    _fact("c9", "stock.designation", "ADMIN", "word", HYOSUNG),
)
DESKS = {language: grounding_of(language, extra=EXTRA) for language in ("ko", "en")}


def judged(text: str, language: Language = "ko", grounding: Grounding | None = None) -> list[tuple[str, str]]:
    """Claims struck in a text, with their reasons."""
    result = (grounding or DESKS[language]).check(parse_markdown(text))
    assert result.numbers == result.linked + result.struck
    return [(words, reason) for words, reason in struck(result) if reason in CLAIMS]


@pytest.mark.parametrize(("text", "language"), TRUE_CLAIMS)
def test_what_was_read_may_be_said(text: str, language: Language) -> None:
    assert judged(text, language) == []


@pytest.mark.parametrize(("text", "language", "words", "reason"), FALSE_CLAIMS)
def test_what_was_not_read_is_struck(text: str, language: Language, words: str, reason: str) -> None:
    assert (words, reason) in judged(text, language)


@pytest.mark.parametrize(("text", "language"), NO_CLAIMS)
def test_what_claims_nothing_is_left_alone(text: str, language: Language) -> None:
    assert judged(text, language) == []


def test_there_are_enough_cases() -> None:
    for cases in (TRUE_CLAIMS, FALSE_CLAIMS, NO_CLAIMS):
        assert {case[1] for case in cases} == {"ko", "en"} and len(cases) == len({case[0] for case in cases}) >= 50


# -- the verdict follows the facts ---------------------------------------------------------------------------------------------

_NAME = Fact("n", "symbol.name", "삼성전자", "name", "삼성전자", "종목", Target("panel"), ticker=SAMSUNG)
_SAYING: dict[str, tuple[Unit, dict[Language, tuple[Sequence[str], Sequence[str]]]]] = {  # fact: unit, what says + and what −
    "flow.foreign_5d": ("krw", {
        "ko": (
            ["삼성전자는 외국인이 순매수했습니다.", "외국인은 삼성전자를 사들이고 있습니다.", "삼성전자: 외국인 매수 우위입니다."],
            ["삼성전자는 외국인이 순매도했습니다.", "외국인은 삼성전자를 팔고 있습니다.", "삼성전자: 외국인 매도 우위입니다."],
        ),
        "en": (
            ["Foreigners are buying Samsung Electronics.", "Foreign investors were net buyers of Samsung Electronics."],
            ["Foreigners are selling Samsung Electronics.", "Foreign investors were net sellers of Samsung Electronics."],
        ),
    }),
    "bar.change_pct": ("%", {
        "ko": (["삼성전자는 올랐습니다.", "삼성전자 주가가 상승했습니다."], ["삼성전자는 내렸습니다.", "삼성전자 주가가 하락했습니다."]),
        "en": (["Samsung Electronics rose.", "Samsung Electronics closed up."], ["Samsung Electronics fell.", "Samsung Electronics closed down."]),
    }),
    "diff.change": ("points", {
        "ko": (["삼성전자의 총점은 올랐습니다."], ["삼성전자의 총점은 내렸습니다."]),
        "en": (["The score of Samsung Electronics rose."], ["The score of Samsung Electronics fell."]),
    }),
}  # fmt: skip
_VALUES = st.floats(1e-3, 1e13, allow_nan=False) | st.integers(1, 10**13).map(float)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(_SAYING)), st.sampled_from(["ko", "en"]), _VALUES, st.booleans(), st.randoms(use_true_random=False)
)
def test_with_the_sign_of_the_fact_the_verdict_turns(
    name: str, language: Language, size: float, rose: bool, chance: random.Random
) -> None:
    unit, sayings = _SAYING[name]
    grows, shrinks = sayings[language]
    for texts, said_up in ((grows, True), (shrinks, False)):
        text = chance.choice(texts)
        for positive in (True, False):
            value = size if positive else -size
            fact = Fact("x", name, value, unit, "…", "항목", Target("panel"), ticker=SAMSUNG, day=TODAY)
            reasons = [why for _, why in judged(text, language, Grounding([_NAME, fact], Names(), language=language))]
            assert reasons == ([] if positive is said_up else ["claim"]), text
        missing = Fact("x", name, None, unit, "—", "항목", Target("panel"), ticker=SAMSUNG, day=TODAY)
        assert [why for _, why in judged(text, language, Grounding([_NAME, missing], Names(), language=language))] == [
            "claim_unread"
        ]


@settings(max_examples=100, deadline=None)
@given(st.floats(1, 1e12), st.floats(1, 1e12), st.sampled_from(["ko", "en"]))
def test_a_comparison_turns_with_its_values(one: float, two: float, language: Language) -> None:
    assume(one != two)
    facts = [fact for fact in book_of(language).facts if fact.name != "bar.value" or fact.ticker == HYOSUNG]
    template = next(fact for fact in book_of(language).facts if fact.name == "bar.value")
    facts += [
        replace(template, id=f"v{ticker}", ticker=ticker, value=value) for ticker, value in ((SAMSUNG, one), (HYNIX, two))
    ]
    grounding = Grounding(facts, Names(), language=language)
    larger, smaller = {
        "ko": ("삼성전자의 거래대금이 SK하이닉스보다 큽니다.", "삼성전자의 거래대금이 SK하이닉스보다 작습니다."),
        "en": (
            "Samsung Electronics has a higher turnover than SK hynix.",
            "Samsung Electronics has a lower turnover than SK hynix.",
        ),
    }[language]
    assert (judged(larger, language, grounding) == []) is (one > two)
    assert (judged(smaller, language, grounding) == []) is (one < two)


def test_the_day_named_is_the_day_held_to() -> None:
    days = [
        replace(_fact(f"d{n}", "flow.foreign", value, "krw", SAMSUNG), day=TODAY.replace(day=n))
        for n, value in ((4, 3e9), (5, -2e9), (6, -1e9))
    ]
    grounding = Grounding([_NAME, *days], Names(), language="ko")
    assert judged("삼성전자는 2월 4일에 외국인이 순매수했습니다.", "ko", grounding) == []
    assert judged("삼성전자는 2월 5일에 외국인이 순매수했습니다.", "ko", grounding) == [("순매수했습니다", "claim")]
    assert judged("삼성전자는 오늘 외국인이 순매수했습니다.", "ko", grounding) == [("순매수했습니다", "claim")]
    assert judged("삼성전자는 최근 외국인이 순매도했습니다.", "ko", grounding) == []


def test_a_cell_of_a_table_is_held_to_its_row_and_column() -> None:
    table = "| 항목 | 삼성전자 | SK하이닉스 |\n|---|---|---|\n| 외국인 | {} | 순매도 |\n| 기관 | 순매도 | 순매수 |\n| 주가 | 상승 | {} |"
    assert judged(table.format("순매수", "하락")) == []
    assert judged(table.format("순매도", "상승")) == [("순매도", "claim"), ("상승", "claim")]
    assert judged("| 이름 | 방향 |\n|---|---|\n| 메모 | 상승 |") == []


def test_what_is_said_of_all_must_hold_for_each() -> None:
    assert judged("삼성전자와 효성중공업은 모두 상승했습니다.") == []
    assert judged("삼성전자와 SK하이닉스는 모두 상승했습니다.") == [("상승했습니다", "claim")]
    assert judged("Foreigners and institutions both bought SK hynix.", "en") == [("bought", "claim")]


def test_days_together_are_not_the_last_day() -> None:
    last = _fact("d1", "flow.foreign", -5e9, "krw", SAMSUNG)
    grounding = grounding_of("ko", extra=[last])
    assert judged("삼성전자는 외국인이 5일 동안 순매수했고 오늘은 순매도했습니다.", "ko", grounding) == []
    assert judged("삼성전자는 외국인이 5일 동안 순매도했습니다.", "ko", grounding) == [("순매도했습니다", "claim")]
    assert judged("삼성전자는 외국인이 오늘 순매수했습니다.", "ko", grounding) == [("순매수했습니다", "claim")]


def test_a_price_over_a_period_is_held_to_its_return() -> None:
    period = _fact("d1", "bar.return_pct", -9.5, "%", SAMSUNG)
    korean, english = grounding_of("ko", extra=[period]), grounding_of("en", extra=[period])
    assert judged("삼성전자는 3개월 동안 내렸습니다. 삼성전자는 오늘 올랐습니다.", "ko", korean) == []
    assert judged("삼성전자는 3개월 동안 올랐습니다.", "ko", korean) == [("올랐습니다", "claim")]
    assert judged("Samsung Electronics fell over the period.", "en", english) == []
    assert judged("Samsung Electronics rose over the period.", "en", english) == [("rose", "claim")]


# -- what is shown ----------------------------------------------------------------------------------------------------------------


def test_a_struck_claim_counts_like_a_struck_number() -> None:
    result: Grounded = DESKS["ko"].check(parse_markdown("삼성전자는 **하락**했습니다."))
    assert (result.numbers, result.linked, result.struck, result.by_reason) == (2, 1, 1, {"claim": 1})
    words = [(span.text, span.bold) for span in spans_of(result.blocks) if span.struck == "assistant.struck.claim"]
    assert words == [("하락", True), ("했습니다", False)]
    assert DESKS["ko"].check(result.blocks) == result


def test_while_it_arrives_no_claim_is_shown_before_its_sentence_ends() -> None:
    for text, language in [*TRUE_CLAIMS, *NO_CLAIMS, *((case[0], case[1]) for case in FALSE_CLAIMS)]:
        grounding = DESKS[language]
        whole = [
            (letter, span.fact, span.struck)
            for span in spans_of(grounding.check(parse_markdown(text)).blocks)
            for letter in span.text
        ]
        checker = StreamChecker(grounding)
        for letter in text:
            checker.feed(letter)
            view = [(letter, span.fact, span.struck) for span in spans_of(checker.blocks()) for letter in span.text]
            assert whole[: len(view)] == view, text
        assert checker.finish() == grounding.check(parse_markdown(text)).blocks


@pytest.mark.parametrize(
    "text",
    ["외국인은 삼성전자를 순매도했습니다만 확인된 자료가", "삼성전자는 오늘 크게 **하락**했습니다 라고 말할 자료는 여기"],
)
def test_a_claim_waits_for_the_end_of_its_sentence(text: str) -> None:
    checker = StreamChecker(DESKS["ko"])
    checker.feed(text)
    shown = "".join(span.text for span in spans_of(checker.blocks()))
    assert "순매도" not in shown and "하락" not in shown
    assert first_claim(text.replace("*", "")) is not None and first_claim("수축이 이어지고 있습니다") is None
