"""No number, date or symbol of a model's answer is shown as fact unless a fact says it, and honest answers pass whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ralphstock_desktop.services.assistant.grounding import REASONS
from ralphstock_desktop.services.assistant.grounding_letters import plain_text
from ralphstock_desktop.services.assistant.markdown import parse_markdown
from ralphstock_desktop.services.assistant.numbers import find_numbers
from ralphstock_desktop.services.assistant_contracts import Code, Fact, Paragraph, Span, Target, spans_of
from ralphstock_desktop.wording.texts import LANGUAGES, Language, Texts
from tests.services.assistant.grounding.answers import BAD, HONEST_EN, HONEST_KO
from tests.services.assistant.grounding.world import (
    DISCLAIMER,
    ENGLISH,
    HYNIX,
    KOREAN,
    SAMSUNG,
    book_of,
    check,
    grounding_of,
    linked,
    struck,
)

HONEST: list[tuple[str, Language]] = [*((text, "ko") for text in HONEST_KO), *((text, "en") for text in HONEST_EN)]


def facts_of(text: str, language: Language = "ko") -> list[tuple[str, str]]:
    """Name and ticker of every fact linked, in order."""
    index = KOREAN if language == "ko" else ENGLISH
    found = [index.fact(fact_id) for fact_id in linked(check(text, language))]
    return [(fact.name, fact.ticker) for fact in found if fact is not None]


def test_there_are_enough_cases() -> None:
    assert len(BAD) >= 60 and len(HONEST) >= 60


@pytest.mark.parametrize(("text", "language"), HONEST)
def test_honest_answers_are_linked_whole(text: str, language: Language) -> None:
    result = check(text, language)
    assert struck(result) == []
    assert result.linked == result.numbers > 0


@pytest.mark.parametrize(("text", "language"), BAD)
def test_nothing_unfounded_is_shown_as_fact(text: str, language: Language) -> None:
    """Something is struck, and no number is left outside of linked and struck spans."""
    result = check(text, language)
    assert result.struck > 0 and result.numbers == result.linked + result.struck
    assert sum(result.by_reason.values()) == result.struck and set(result.by_reason) <= set(REASONS)
    left = "\u241f".join(span.text if not span.fact and not span.struck else "" for span in spans_of(result.blocks))
    assert not any(letter.isdigit() for letter in left)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("삼성전자 종가는 95,000원입니다.", "number"),
        ("삼성전자 종가는 512,000원입니다.", "other_symbol"),
        ("삼성전자 종가는 70,300%입니다.", "unit"),
        ("삼성전자는 8.49% 하락했습니다.", "sign"),
        ("삼성전자는 8.4% 올랐습니다.", "rounding"),
        ("삼성전자의 총점은 92점입니다.", "other_symbol"),
        ("삼성전자의 VCP 총점은 85점입니다.", "other_quantity"),
        ("두 종가의 차이는 441,700원입니다.", "computed"),
        ("총점은 99점입니다.", "quoted"),
        ("카카오가 좋습니다.", "symbol"),
        ("기준일은 2026-02-07입니다.", "date"),
        ("기준 시각은 15:31입니다.", "time"),
        ("총점은 lOO점입니다.", "unclear"),
        ("http://evil.example/x 를 보세요.", "link"),
    ],
)
def test_the_reason_is_told(text: str, reason: str) -> None:
    assert reason in check(text).by_reason


def test_the_quantity_named_before_a_number_is_the_one_meant() -> None:
    assert struck(check("삼성전자의 RS는 85점, VCP 총점은 76.4점입니다.")) == []
    assert struck(check("삼성전자의 RS는 76.4점, VCP 총점은 85점입니다.")) == [
        ("76.4점", "other_quantity"),
        ("85점", "other_quantity"),
    ]


def test_every_reason_has_its_words() -> None:
    for language in LANGUAGES:
        texts = Texts(language)
        assert all(f"assistant.struck.{reason}" in texts for reason in REASONS)


# -- the link leads to the right cell ----------------------------------------------------------------------------------------


def test_equal_values_go_to_the_symbol_spoken_of() -> None:
    same = replace(
        next(f for f in book_of("ko").facts if f.name == "vcp.rs" and f.ticker == HYNIX), id="x1", value=85.0, text="85점"
    )
    grounding = grounding_of(extra=[same])
    result = grounding.check(parse_markdown("SK하이닉스의 RS는 85점, 삼성전자의 RS는 85점입니다."))
    found = [grounding.fact(fact) for fact in linked(result)]
    assert [fact.ticker for fact in found if fact is not None and fact.name == "vcp.rs"] == [HYNIX, SAMSUNG]


def test_equal_values_go_to_the_title_nearest() -> None:
    other = Fact("x1", "vcp.trend", 85.0, "points", "85점", "추세 점수", Target("help"), ticker=SAMSUNG)
    grounding = grounding_of(extra=[other])
    result = grounding.check(parse_markdown("삼성전자의 추세 점수는 85점이고 RS는 85점입니다."))
    assert linked(result)[1] == "x1" and linked(result)[2] != "x1"


def test_a_number_before_its_name_belongs_to_it() -> None:
    assert facts_of("70,300원인 삼성전자와 512,000원인 SK하이닉스") == [
        ("bar.close", SAMSUNG), ("symbol.name", SAMSUNG), ("bar.close", HYNIX), ("symbol.name", HYNIX),
    ]  # fmt: skip


def test_the_symbol_is_carried_over_sentences_headings_and_nested_items() -> None:
    assert struck(check("## SK하이닉스\n\n- 가격\n  - 종가 512,000원\n  - 종가 70,300원")) == [("70,300원", "other_symbol")]
    assert struck(check("SK하이닉스를 봅니다. 종가는 70,300원입니다.")) == [("70,300원", "other_symbol")]


def test_market_wide_facts_stand_in_any_sentence() -> None:
    assert struck(check("삼성전자가 오른 날 코스피는 2,650.33, 게이트 점수는 63점이었습니다.")) == []


def test_a_comparison_may_use_both_symbols() -> None:
    assert struck(check("삼성전자는 SK하이닉스보다 순위가 높아 3위입니다.")) == []


# -- signs -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("SK하이닉스는 3.27% 하락", True),
        ("SK하이닉스는 하락한 3.27%", True),
        ("SK하이닉스는 -3.27% 하락", True),
        ("SK하이닉스는 ▼ 3.27%", True),
        ("SK하이닉스는 마이너스 3.27%", True),
        ("SK하이닉스는 +3.27%", False),
        ("SK하이닉스는 ▲ 3.27%", False),
        ("SK하이닉스는 3.27% 올랐고 지수는 하락", False),
        ("삼성전자는 8.49% 올랐지만 지수는 내렸습니다", True),
        ("삼성전자 종가는 70,300원으로 올랐습니다", True),
        ("삼성전자 종가는 70,300원으로 하락했습니다", False),  # the number is right, the direction is not
        ("삼성전자 종가는 −70,300원입니다", False),
        ("최대 낙폭은 12.3%입니다", True),
        ("최대 낙폭은 12.3% 상승했습니다", False),
    ],
)
def test_the_sign_agrees(text: str, good: bool) -> None:
    assert (check(text).struck == 0) is good


# -- headlines ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ('기사 "삼성전자 VCP 총점 99점이라는 소문에 개미들 몰려"가 나왔습니다.', True),
        ("「삼성전자 VCP 총점 99점이라는 소문」", True),
        ("관련 뉴스:\n\n- SK하이닉스, HBM4 공급 계약 4조 7,000억원 규모로 체결", True),
        ("## 뉴스\n- SK하이닉스, HBM4 공급 계약 4조 7,000억원 규모로 체결", True),
        ("삼성전자 VCP 총점 99점", False),
        ('총점은 "99점"입니다.', False),
        ('"총점은 99점이 확실하다고 합니다"', False),
        ("SK하이닉스, HBM4 공급 계약 4조 7,000억원 규모로 체결했습니다. 뉴스가 아닙니다.", False),
        ("기사에 따르면 계약은 4조 7,000억원입니다.", False),
    ],
)
def test_a_headlines_number_stands_only_in_the_headline(text: str, good: bool) -> None:
    assert (check(text).struck == 0) is good


def test_a_quoted_number_leads_to_the_article() -> None:
    grounding = KOREAN
    result = check('기사 "삼성전자 VCP 총점 99점이라는 소문"이 있습니다.')
    facts = [grounding.fact(fact) for fact in linked(result)]
    assert [fact.quoted for fact in facts if fact is not None] == [False, True]


# -- the user's numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers", "bad"),
    [
        ("질문하신 99점은 읽은 자료에 없습니다.", 0, 0),
        ("The 99 points you asked about are not in the data.", 0, 0),
        ("질문하신 99점이 맞습니다.", 1, 1),
        ("질문하신 대로 총점은 99점입니다.", 1, 1),
        ("총점은 99점입니다.", 1, 1),
        ("질문하신 98점은 읽은 자료에 없습니다.", 1, 1),
    ],
)
def test_the_users_number_is_shown_only_as_his_and_never_agreed_with(text: str, numbers: int, bad: int) -> None:
    result = grounding_of(own=[99.0]).check(parse_markdown(text))
    assert (result.numbers, result.struck) == (numbers, bad)


# -- exempt --------------------------------------------------------------------------------------------------------------------


def test_list_markers_and_the_disclaimer_are_exempt() -> None:
    assert check("1) 첫째\n\n2) 둘째").numbers == 0
    assert check("① 가\n② 나").numbers == 0
    assert grounding_of().check(parse_markdown(DISCLAIMER)).numbers == 0


def test_a_date_at_the_start_of_a_line_is_no_list() -> None:
    assert check("2026. 2. 7. 종가입니다.").by_reason == {"date": 1}
    assert check("2026. 2. 6. 기준입니다.").struck == 0
    assert check("95000. 종가입니다.").struck == 1


# -- form ----------------------------------------------------------------------------------------------------------------------


def test_checking_changes_no_letter() -> None:
    for text, language in [*HONEST, *BAD]:
        blocks = parse_markdown(text)
        checked = check(text, language).blocks
        assert "".join(s.text for s in spans_of(blocks)) == "".join(s.text for s in spans_of(checked[: len(blocks)])) or any(
            isinstance(block, Code) for block in blocks
        )


def test_checking_twice_changes_nothing() -> None:
    for text, language in [*HONEST, *BAD]:
        once = check(text, language)
        twice = (KOREAN if language == "ko" else ENGLISH).check(once.blocks)
        assert twice.blocks == once.blocks and twice.by_reason == once.by_reason


def test_code_with_numbers_becomes_text_so_that_they_can_be_linked() -> None:
    assert check("```\nx = y\n```").blocks == (Code("x = y"),)
    block = check("```\n삼성전자 종가 70,300원\n```").blocks[0]
    assert isinstance(block, Paragraph) and all(span.code for span in block.spans)


def test_spans_tied_by_a_template_stay_tied() -> None:
    fact = book_of("ko").facts[2]
    result = KOREAN.check([Paragraph((Span("종가 "), Span(fact.text, fact=fact.id)))])
    assert result.linked == 1 and result.struck == 0
    forged = KOREAN.check([Paragraph((Span("삼성전자 종가 "), Span("95,000원", fact=fact.id)))])
    assert forged.struck == 1 and all(span.text != "95,000원" or not span.fact for span in spans_of(forged.blocks))


def test_bold_and_code_survive_the_cut() -> None:
    spans = spans_of(check("삼성전자 **종가 70,300원** `RS 85점`").blocks)
    assert [(s.text, s.bold, s.code) for s in spans if s.fact][1:] == [("70,300원", True, False), ("85점", False, True)]


def test_missing_values_found_nothing() -> None:
    missing = Fact("x", "bar.close", None, "won", "—", "종가", Target("help"), ticker=SAMSUNG)
    result = grounding_of(extra=[missing]).check(parse_markdown("삼성전자 종가는 0원입니다."))
    assert result.struck == 1


def test_places_of_disguised_digits_lead_back() -> None:
    text = "총점 9\u200b️9점"
    (token,) = find_numbers(text)
    assert text[token.start : token.end] == "9\u200b️9점" and token.value == 99
    assert plain_text(text).text == "총점 99점"


def test_a_name_inside_a_headline_is_not_who_the_sentence_is_about() -> None:
    text = "삼성전자 소식입니다.\n\n- “SK하이닉스, HBM4 공급 계약 ‘4조 7,000억원’ 규모로 체결” 뒤에 RS 85점"
    article = replace(
        next(f for f in book_of("ko").facts if f.ticker == HYNIX and f.quoted), id="x1", text=text[18:-13], ticker=HYNIX
    )
    result = grounding_of(extra=[article]).check(parse_markdown(text))
    assert struck(result) == []


def test_sentences_of_ours_may_be_repeated() -> None:
    reason = Fact(
        "x1",
        "recommend.reasons",
        "…",
        "text",
        "피봇까지 0.71%, 22봉 베이스에서 수축 2번: 20→9%",
        "근거",
        Target("panel"),
        ticker=SAMSUNG,
    )
    assert (
        struck(grounding_of(extra=[reason]).check(parse_markdown("삼성전자: 피봇까지 0.71%, 22봉 베이스에서 수축 2번: 20→9%")))
        == []
    )
    assert grounding_of(extra=[reason]).check(parse_markdown("삼성전자: 수익 0.71% 가능")).struck == 1
    mine = replace(reason, name="news.words", text="총점 99점이라는 말")
    assert grounding_of(extra=[mine]).check(parse_markdown("삼성전자 총점 99점")).struck == 1


def test_the_name_of_a_newspaper_may_hold_digits() -> None:
    source = Fact("x1", "news.source", "아이뉴스24", "word", "아이뉴스24", "출처", Target("article"), quoted=True)
    grounding = grounding_of(extra=[source])
    assert struck(grounding.check(parse_markdown("뉴스: “SK하이닉스, HBM4 공급 계약” (아이뉴스24, 2월 6일)"))) == []
    assert grounding.check(parse_markdown("삼성전자 총점은 24점입니다.")).struck == 1


def test_a_fraction_written_as_its_fact() -> None:
    fact = Fact("x1", "gate.parts", "1 / 4", "word", "1 / 4", "맞은 조건", Target("gate"))
    assert struck(grounding_of(extra=[fact]).check(parse_markdown("맞은 조건은 1/4입니다."))) == []
    assert grounding_of().check(parse_markdown("맞은 조건은 1/4입니다.")).struck == 1
