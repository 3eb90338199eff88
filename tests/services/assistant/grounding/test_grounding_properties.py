"""Whatever value a fact has: written as the screens write it, it is linked; moved beyond rounding, it is struck."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ralphstock_desktop.services.assistant.facts import write_value
from ralphstock_desktop.services.assistant.grounding import Grounding
from ralphstock_desktop.services.assistant.markdown import parse_markdown, to_markdown, to_plain
from ralphstock_desktop.services.assistant.numbers import find_numbers
from ralphstock_desktop.services.assistant_contracts import Fact, Target, Unit, spans_of
from ralphstock_desktop.wording.texts import Language
from tests.services.assistant.grounding.world import SAMSUNG, Names

LANGUAGE = st.sampled_from(["ko", "en"])
_SIZES: dict[Unit, tuple[float, float]] = {
    "won": (1, 5e6), "krw": (-9e13, 9e13), "%": (-3_000, 3_000), "%p": (-300, 300), "×": (0, 500), "shares": (0, 9e9),
    "points": (0, 105), "index": (10, 9_000),
}  # fmt: skip
_WHOLE: dict[Unit, tuple[int, int]] = {
    "rank": (1, 3_000),
    "count": (0, 100_000),
    "days": (0, 900),
    "bars": (0, 900),
    "won": (1, 2_000_000),
}
VALUES = st.one_of(
    *(st.tuples(st.just(unit), st.floats(low, high, allow_nan=False)) for unit, (low, high) in _SIZES.items()),
    *(st.tuples(st.just(unit), st.integers(low, high).map(float)) for unit, (low, high) in _WHOLE.items()),
    st.tuples(st.sampled_from(["%", "points", "×"]), st.integers(-500, 2_000).map(lambda n: abs(n) * 0.005)),
)


def _check(fact: Fact, shown: str, language: Language) -> tuple[int, int]:
    sentence = f"삼성전자 {fact.title} {shown} 입니다." if language == "ko" else f"Samsung Electronics: {fact.title} {shown}."
    name = Fact("f0", "symbol.name", "삼성전자", "name", "삼성전자", "종목", Target("help"), ticker=SAMSUNG)
    result = Grounding([name, fact], Names(), language=language).check(parse_markdown(sentence))
    return result.linked - 1, result.struck


@settings(max_examples=400, deadline=None)
@given(VALUES, LANGUAGE)
@example(("%", 2.675), "ko")
@example(("krw", 1.345e12), "en")
@example(("krw", -49_999_999.999), "ko")
@example(("shares", 99_999.5), "ko")
@example(("points", 8.25), "en")
def test_a_written_value_is_linked(unit_and_value: tuple[Unit, float], language: Language) -> None:
    unit, value = unit_and_value
    text = write_value(value, unit, language)
    fact = Fact("f1", "some.name", value, unit, text, "항목", Target("help"), ticker=SAMSUNG)
    assert _check(fact, text, language) == (1, 0)


@settings(max_examples=400, deadline=None)
@given(VALUES, LANGUAGE, st.integers(1, 40), st.booleans())
def test_a_moved_value_is_struck(unit_and_value: tuple[Unit, float], language: Language, digits: int, up: bool) -> None:
    """Moved by whole last digits; a value that lies exactly between two shown numbers may be either of them."""
    unit, value = unit_and_value
    text = write_value(value, unit, language)
    (token,) = find_numbers(text)
    assert token.value is not None
    moved = value + float(token.step) * digits * (1 if up else -1)
    assume(moved > 0 or unit in {"krw", "%", "%p"})
    shown = write_value(moved, unit, language)
    (other,) = find_numbers(shown)
    assert other.value is not None
    signed = other.value * (other.sign or 1)
    assume(abs(signed - Decimal(repr(value))) > other.step / 2 * Decimal("1.0000001"))
    fact = Fact("f1", "some.name", value, unit, text, "항목", Target("help"), ticker=SAMSUNG)
    assert _check(fact, shown, language) == (0, 1)


@settings(max_examples=150, deadline=None)
@given(st.floats(0.5, 500), st.sampled_from(["won", "points", "%p", "×", "$", "days", "rank"]))
def test_the_same_digits_in_another_unit_are_struck(value: float, unit: str) -> None:
    fact = Fact("f1", "some.name", value, "%", write_value(value, "%", "ko"), "항목", Target("help"), ticker=SAMSUNG)
    digits = f"{value:,.2f}"
    shown = {
        "won": f"{digits}원",
        "points": f"{digits}점",
        "%p": f"{digits}%p",
        "×": f"{digits}배",
        "$": f"${digits}",
        "days": f"{digits}일",
        "rank": f"{digits}위",
    }
    assert _check(fact, shown[unit], "ko") == (0, 1)


_DIGITS = st.text("0123456789", min_size=1, max_size=7)
_FORMS = st.sampled_from(
    [
        str, lambda d: d.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        lambda d: d.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
        lambda d: d.translate(str.maketrans("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")),
        lambda d: d.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")),
        "\u200b".join, "\u2009".join, "**".join, "\u00ad".join, lambda d: "".join(f"&#{ord(c)};" for c in d), " ".join,
        lambda d: "".join(f"<b>{c}</b>" for c in d), lambda d: "`" + d + "`", lambda d: f"[{d}](http://a.b)", ",".join,
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(_DIGITS, _FORMS, st.sampled_from(["원", "%", "점", "", " won", "억", "배"]))
def test_without_facts_every_digit_is_struck(digits: str, disguise, unit: str) -> None:  # type: ignore[no-untyped-def]
    result = Grounding([], Names(), language="ko").check(parse_markdown(f"값은 {disguise(digits)}{unit} 이다"))
    assert result.linked == 0 and result.struck >= 1
    for span in spans_of(result.blocks):
        assert span.struck or not any(letter.isdigit() for letter in span.text)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("가나 1290,.%-+원억\n#*_`|>[]()!<>&~:;\\/=\t\u200b\u202e①Ⅳa"), max_size=120))
def test_any_text_is_read_checked_and_read_again(text: str) -> None:
    """Nothing raises; no digit stays plain text; what is written as Markdown reads back the same once it has been read."""
    grounding = Grounding([], Names(), language="ko")
    blocks = parse_markdown(text)
    result = grounding.check(blocks)
    assert result.linked == 0
    to_plain(result.blocks)
    again = parse_markdown(to_markdown(blocks))
    assert parse_markdown(to_markdown(again)) == again
