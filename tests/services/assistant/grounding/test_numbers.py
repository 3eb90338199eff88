"""Every form of a number is found with its value, the worth of its last digit, its unit and its sign."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ralphstock_desktop.services.assistant.grounding_facts import rounds_to
from ralphstock_desktop.services.assistant.grounding_words import read_sino
from ralphstock_desktop.services.assistant.numbers import find_numbers


@pytest.mark.parametrize(
    ("text", "value", "step", "unit", "sign"),
    [
        ("70,300원", "70300", "1", "won", 0),
        ("₩70,300", "70300", "1", "won", 0),
        ("KRW 70,300", "70300", "1", "won", 0),
        ("70,300 won", "70300", "1", "won", 0),
        ("−8.49%", "8.49", "0.01", "%", -1),
        ("+2.6%p", "2.6", "0.1", "%p", 1),
        ("+2.6 pp", "2.6", "0.1", "%p", 1),
        ("2.6 percentage points", "2.6", "0.1", "%p", 0),
        ("▲ 5,500", "5500", "1", "", 1),
        ("▼5,500", "5500", "1", "", -1),
        ("1조 2,345억", "1234500000000", "100000000", "amount", 0),
        ("1조 2,345억 6,700만원", "1234567000000", "10000", "won", 0),
        ("3만 2천원", "32000", "1000", "won", 0),
        ("7만 300원", "70300", "1", "won", 0),
        ("−0.6억", "60000000", "10000000", "amount", -1),
        ("₩1.54T", "1540000000000", "10000000000", "won", 0),
        ("−₩57M", "57000000", "1000000", "won", -1),
        ("5.32M", "5320000", "10000", "bulk", 0),
        ("532만 주", "5320000", "10000", "shares", 0),
        ("44 sh.", "44", "1", "shares", 0),
        ("1.56배", "1.56", "0.01", "×", 0),
        ("1.56×", "1.56", "0.01", "×", 0),
        ("1.56x", "1.56", "0.01", "×", 0),
        ("76.4점", "76.4", "0.1", "points", 0),
        ("3위", "3", "1", "rank", 0),
        ("3rd", "3", "1", "rank", 0),
        ("5거래일", "5", "1", "days", 0),
        ("12봉", "12", "1", "bars", 0),
        ("120건", "120", "1", "count", 0),
        ("1e5", "1E+5", "1E+5", "", 0),
        ("30 퍼센트", "30", "1", "%", 0),
        ("3프로", "3", "1", "%", 0),
        ("2.5 million won", "2500000", "100000", "won", 0),
        ("구만오천원", "95000", "1000", "won", 0),
        ("구만 오천 원", "95000", "1000", "won", 0),
        ("열두 개", "12", "1", "count", 0),
        ("두 배", "2", "1", "×", 0),
        ("삼십 퍼센트", "30", "10", "%", 0),
        ("삼점오 퍼센트", "3.5", "0.1", "%", 0),
        ("절반", "50", "1", "%", 0),
        ("ninety-five thousand won", "95000", "1000", "won", 0),
        ("three point five percent", "3.5", "0.1", "%", 0),
        ("two hundred and five points", "205", "1", "points", 0),
        ("twice", "2", "1", "×", 0),
        ("half", "50", "1", "%", 0),
        ("a dozen", "12", "1", "", 0),
        ("９５，０００원", "95000", "1", "won", 0),
        ("⁹⁵%", "95", "1", "%", 0),
        ("٩٥", "95", "1", "", 0),
        ("९५%", "95", "1", "%", 0),
        ("⑫", "12", "1", "", 0),
        ("Ⅳ위", "4", "1", "rank", 0),
        ("九万五千원", "95000", "1000", "won", 0),
        ("9\u200b5\u2060,\ufeff000원", "95000", "1", "won", 0),
        ("95\u2009000원", "95000", "1", "won", 0),
        ("½", "0.5", "0.1", "", 0),
    ],
)  # fmt: skip
def test_numbers(text: str, value: str, step: str, unit: str, sign: int) -> None:
    (token,) = find_numbers(f"값은 {text} 입니다")
    assert (token.kind, token.value, token.step, token.unit, token.sign) == (
        "number",
        Decimal(value),
        Decimal(step),
        unit,
        sign,
    )


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-02-06", (2026, 2, 6)), ("2026.2.6", (2026, 2, 6)), ("2026. 2. 6", (2026, 2, 6)), ("2026/02/06", (2026, 2, 6)),
        ("2026년 2월 6일", (2026, 2, 6)), ("20260206", (2026, 2, 6)), ("26.02.06", (2026, 2, 6)), ("2월 6일", (None, 2, 6)),
        ("02-06", (None, 2, 6)), ("Feb 6", (None, 2, 6)), ("Feb 6th, 2026", (2026, 2, 6)), ("6 February 2026", (2026, 2, 6)),
        ("February 2026", (2026, 2, None)), ("2026년 2월", (2026, 2, None)), ("2026-02", (2026, 2, None)), ("2월", (None, 2, None)),
        ("2026년", (2026, None, None)),
    ],
)  # fmt: skip
def test_dates(text: str, when: tuple[int | None, int | None, int | None]) -> None:
    (token,) = find_numbers(f"on {text} 기준")
    assert token.kind == "date" and (token.year, token.month, token.day) == when


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("15:30", 15, 30),
        ("오후 3시 30분", 15, 30),
        ("3:30 pm", 15, 30),
        ("3시 반", 3, 30),
        ("오전 9시", 9, None),
        ("9 a.m.", 9, None),
        ("15시 30분", 15, 30),
    ],
)
def test_times(text: str, hour: int, minute: int | None) -> None:
    (token,) = find_numbers(f"at {text} 기준")
    assert (token.kind, token.hour, token.minute) == ("time", hour, minute)


@pytest.mark.parametrize(
    "text",
    [
        "7O,300",
        "9,5000",
        "1.2.3.4",
        "9 5 0 0 0",
        "007,300",
        "수십억 원",
        "두 자릿수",
        "double-digit",
        "hundreds",
        "lOO%",
        "девяносто",
        "きゅうまん",
        "15:30:45",
    ],
)
def test_unclear_ones_are_found_without_a_value(text: str) -> None:
    assert any(token.value is None and token.kind in {"opaque", "script"} for token in find_numbers(f"값은 {text} 입니다"))


def test_codes_ranges_and_fractions() -> None:
    assert [(t.kind, t.text) for t in find_numbers("005930, A005930, 0126Z0, 00088K")] == [
        ("code", "005930"), ("code", "005930"), ("code", "0126Z0"), ("code", "00088K"),
    ]  # fmt: skip
    assert [(t.value, t.unit) for t in find_numbers("3~5%")] == [(3, "%"), (5, "%")]
    assert [(t.value, t.unit) for t in find_numbers("1~2만원")] == [(10_000, "won"), (20_000, "won")]
    assert [(t.value, t.sign) for t in find_numbers("60,000원-65,000원")] == [(60_000, 0), (65_000, 0)]
    (days,) = find_numbers("2월 2~6일")
    assert (days.month, days.day, [(part.month, part.day) for part in days.parts]) == (2, 2, [(2, 6)])
    (fraction,) = find_numbers("76/105")
    assert fraction.kind == "fraction" and [part.value for part in fraction.parts] == [76, 105]


@pytest.mark.parametrize(
    "text",
    [
        "수축 구조가 이어집니다",
        "만일 주가가 오르면",
        "이 점에서",
        "일부 조사 결과",
        "하지만 원인은 모릅니다",
        "구조 개선과 사업",
        "천천히 오만하게",
        "one of them",
        "the second reason",
        "the first half",
        "in the second half",
        "세력이 두고 보는",
        "네, 그렇습니다",
        "기다립니다",
        "double check",
        "모두 조정을 받았습니다",
        "이 주식은",
        "천연가스와 백화점",
        "일정한 폭",
    ],
)
def test_words_that_only_look_like_numbers_are_left_alone(text: str) -> None:
    assert find_numbers(text) == []


def test_sino_korean_words() -> None:
    assert read_sino("삼십이") == (32, 1)
    assert read_sino("일조이천삼백사십오억") == (1_234_500_000_000, 100_000_000)
    assert read_sino("이공이육") == (2026, 1)
    assert read_sino("십천") is None


@pytest.mark.parametrize(
    ("exact", "shown", "step", "good"),
    [
        ("2.665", "2.67", "0.01", True), ("2.665", "2.66", "0.01", True), ("2.665", "2.68", "0.01", False),
        ("2.669", "2.66", "0.01", False), ("2.6651", "2.66", "0.01", False), ("0.5", "1", "1", True), ("0.5", "0", "1", True),
        ("1.5", "1", "1", False), ("134449999999", "134400000000", "100000000", True), ("76.42", "76", "1", True), ("76.5", "77", "1", True),
    ],
)  # fmt: skip
def test_rounding(exact: str, shown: str, step: str, good: bool) -> None:
    """Half-up and half-even at a tie; cutting digits off is no rounding."""
    assert rounds_to(Decimal(exact), Decimal(shown), Decimal(step)) is good
