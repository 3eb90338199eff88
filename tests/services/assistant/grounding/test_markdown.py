"""A model's Markdown becomes blocks of plain spans; nothing of HTML, images or links is left."""

from __future__ import annotations

import unicodedata

import pytest

from ralphstock_desktop.services.assistant.markdown import MOST_LETTERS, parse_markdown, to_markdown, to_plain
from ralphstock_desktop.services.assistant_contracts import Code, Heading, Items, Paragraph, Quote, Span, Table, spans_of
from tests.services.assistant.grounding.answers import BAD, HONEST_EN, HONEST_KO


def plain(text: str) -> str:
    return "".join(span.text for span in spans_of(parse_markdown(text)))


def test_every_kind_of_block() -> None:
    text = "# 제목\n\n글 **굵게** *기울여* `코드`\n둘째 줄\n\n- 하나\n  - 안\n- 둘\n\n1. 첫째\n2. 둘째\n\n> 인용\n\n| 가 | 나 |\n|---|---:|\n| 1 | 2 |\n\n```\nx\n```"
    assert parse_markdown(text) == (
        Heading((Span("제목"),), 1),
        Paragraph(
            (
                Span("글 "),
                Span("굵게", bold=True),
                Span(" "),
                Span("기울여", italic=True),
                Span(" "),
                Span("코드", code=True),
                Span("\n둘째 줄"),
            )
        ),
        Items(((Span("하나"),), (Span("안"),), (Span("둘"),)), False, (0, 1, 0)),
        Items(((Span("첫째"),), (Span("둘째"),)), True),
        Quote((Span("인용"),)),
        Table(((Span("가"),), (Span("나"),)), (((Span("1"),), (Span("2"),)),), (False, True)),
        Code("x"),
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>굵게</b> <script>alert(1)</script>", "굵게 alert(1)"),
        ("<!-- 숨김 -->글", "글"),
        ("[이름](http://evil.example/x)", "이름"),
        ("![그림](http://evil.example/x.png)", "그림"),
        ("<http://evil.example>", "http://evil.example"),
        ("[이름][a]\n\n[a]: http://evil.example", "[이름][a][a]: http://evil.example"),
        ("&lt;b&gt;글&lt;/b&gt;", "글"),
        ("&#9;&#8238;글", "글"),
        ("글\u202e자\u200b\u0007", "글자"),
        ("<VCP 값> 은 남는다", "<VCP 값> 은 남는다"),
        ("5 < 6 그리고 7 > 6", "5 < 6 그리고 7 > 6"),
        ("~~지움~~", "지움"),
        ("<bbb\nonload='x'>", "<bbb\nonload='x'>"),
    ],
)
def test_markup_leaves_only_words(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_bold_beside_hangul() -> None:
    assert parse_markdown("값은 **+8.49%**로 **(가)**는") == (
        Paragraph((Span("값은 "), Span("+8.49%", bold=True), Span("로 "), Span("(가)", bold=True), Span("는"))),
    )


def test_a_list_taken_up_again_keeps_its_numbers() -> None:
    blocks = parse_markdown("1. 가\n\n글\n\n2. 나")
    assert to_plain(blocks) == "1. 가\n\n글\n\n2. 나"


def test_a_long_number_begins_no_list() -> None:
    assert plain("2026. 2. 6. 기준") == "2026. 2. 6. 기준"
    assert plain("6. 2. 글") == "6. 2. 글"


def test_composed_and_capped() -> None:
    text = unicodedata.normalize("NFD", "삼성전자")
    assert plain(text) == "삼성전자"
    assert len(plain("가" * (3 * MOST_LETTERS))) == MOST_LETTERS


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b", "---", "[a]: b"])
def test_odd_texts_do_not_raise(text: str) -> None:
    assert isinstance(parse_markdown(text), tuple)


@pytest.mark.parametrize(
    "text",
    [*HONEST_KO, *HONEST_EN, *(text for text, _ in BAD), "a\\*b* `|` <i> # - 1. x", "**가***나*", "`a``b`", "1\\. 가\n\\- 나"],
)
def test_what_is_written_reads_back(text: str) -> None:
    blocks = parse_markdown(text)
    assert parse_markdown(to_markdown(blocks)) == blocks


def test_struck_text_is_marked_where_it_is_written_out() -> None:
    blocks = (
        Paragraph(
            (Span("값 "), Span("9", struck="assistant.struck.number"), Span("5", bold=True, struck="assistant.struck.number"))
        ),
    )
    assert to_markdown(blocks) == "값 ~~9~~~~**5**~~" or "~~" in to_markdown(blocks)
    assert "~~" not in to_markdown(blocks, struck=False)


def test_plain_words() -> None:
    text = "# 제목\n\n1. 가\n   - 나\n\n| 가 | 나 |\n|---|---|\n| 1 | 2 |"
    assert to_plain(parse_markdown(text)) == "제목\n\n1. 가\n  • 나\n\n가\t나\n1\t2"
