"""Blocks as plain text and Markdown, tables that do not fit, numbers of charts."""

from __future__ import annotations

import math

import pytest
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication

from ralphstock_desktop.services.assistant_contracts import Code, Heading, Items, Paragraph, Quote, Span, Table
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.inline_chart import chart_value
from ralphstock_desktop.ui.chat.table_shape import fits, size_for, stacked
from ralphstock_desktop.ui.chat.written import clean, item_marks, markdown_of, markdown_of_block, plain_of_block, spans_text
from tests.ui.chat.view import talk


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("하나\r\n둘\u2028셋", "하나\n둘\n셋"),
        ("70,\u200b800\u2060원", "70,800원"),
        ("\u202e00,59\u202c원", "00,59원"),  # a direction override would show 95,00
        ("표\ufdd0\ufdd1\ufffc끝", "표끝"),  # Qt's own marks of frames and objects
        ("탭\t둘", "탭\t둘"),
        ("\x1b[31m붉게", "[31m붉게"),
    ],
)
def test_what_is_not_seen_is_taken_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_marks_count_by_depth() -> None:
    spans = (Span("x"),)
    items = Items((spans,) * 5, True, (0, 1, 1, 0, 1))
    assert item_marks(items) == [(0, "1."), (1, "1."), (1, "2."), (0, "2."), (1, "1.")]
    assert item_marks(Items((spans, spans))) == [(0, "·"), (0, "·")]


def test_markdown() -> None:
    spans = (
        Span("총점 "),
        Span("82.8", fact="f1", bold=True),
        Span(" *별* "),
        Span("95,000원", struck="why"),
        Span("x`y", code=True),
    )
    assert markdown_of_block(Paragraph(spans)) == "총점 **82.8** \\*별\\* ~~95,000원~~`x'y`"
    assert markdown_of_block(Heading((Span("제목"),), 3)) == "### 제목"
    assert markdown_of_block(Quote((Span("하나\n둘"),))) == "> 하나\n> 둘"
    assert markdown_of_block(Items(((Span("가"),), (Span("나"),)), False, (0, 1))) == "- 가\n   - 나"
    assert markdown_of_block(Code("```\nx")) == "````\n```\nx\n````"
    table = Table(((Span("종목"),), (Span("가격"),)), (((Span("A|B"),), (Span("1"),)), ((Span("C"),),)), (False, True))
    assert markdown_of_block(table) == "| 종목 | 가격 |\n| --- | ---: |\n| A\\|B | 1 |\n| C |  |"
    assert markdown_of_block(talk.LINE) == "*미래에셋증권 종가 40일: 40일 동안 62,000원에서 70,300원으로 올랐습니다*"
    assert markdown_of((Paragraph((Span("a"),)), Paragraph((Span("b"),)))) == "a\n\nb"


def test_bold_spaces_stay_outside_the_marks() -> None:
    assert markdown_of_block(Paragraph((Span(" 굵게 ", bold=True), Span(" ", bold=True)))) == " **굵게**  "


def test_plain() -> None:
    assert plain_of_block(talk.TABLE).split("\n")[1] == "미래에셋증권\t70,300원\t+8.49%\t82.8\t+967억"
    assert plain_of_block(talk.BARS) == "외국인 순매수 20일: 20일 가운데 12일 순매수"
    assert plain_of_block(Items(((Span("가"),), (Span("나"),)), True, (0, 1))) == "1. 가\n  1. 나"


@pytest.mark.usefixtures("qapp")
def test_a_table_fits_or_is_stacked() -> None:
    look = Appearance()
    assert fits(talk.TABLE, 500, look)
    assert not fits(talk.TABLE, 260, look)
    assert QApplication.instance() is not None
    records = stacked(talk.TABLE)
    assert len(records) == 3
    name, run = records[0]
    assert [span.text for span in name] == ["미래에셋증권"]
    assert spans_text(run).replace("\u00a0", " ").startswith("현재가 70,300원\u2003")
    assert [span.fact for cell in talk.TABLE.rows[0] for span in cell] == [span.fact for span in (*name, *run) if span.fact]


@pytest.mark.usefixtures("qapp")
def test_letters_shrink_before_a_table_is_stacked_and_names_are_never_broken() -> None:
    look, room = Appearance(), 400
    name = Table(
        ((Span("종목"),), (Span("등급"),), (Span("점수"),)),
        (((Span("큐리옥스바이오시스템즈"),), (Span("A"),), (Span("71.4점"),)),),
        (False, False, True),
    )
    while size_for(name, room, look) == "body":
        room -= 1
    assert size_for(name, room, look) == "caption"
    while size_for(name, room, look) == "caption":
        room -= 1
    assert size_for(name, room, look) is None
    # A column of one long word is as wide as the word.
    assert room > QFontMetricsF(look.font("caption")).horizontalAdvance("큐리옥스바이오시스템즈")


def test_records_of_the_same_first_cell_are_told_apart() -> None:
    head = tuple((Span(text),) for text in ("전략", "등급", "사례", "승률"))
    rows = tuple(
        tuple((Span(text),) if text else () for text in row) for row in (("VCP", "S", "19", ""), ("VCP", "A", "158", "45%"))
    )
    shown = [(spans_text(name), spans_text(run).replace("\u00a0", " ")) for name, run in stacked(Table(head, rows))]
    ranked = stacked(Table(head[:3], (((Span("1"),), (Span("삼성전자"),), (Span("A"),)),), (True, False, False)))
    assert spans_text(ranked[0][0]) == "1 · 삼성전자"
    assert shown == [("VCP · S", "사례 19"), ("VCP · A", "사례 158\u2003승률 45%")]


@pytest.mark.parametrize(
    ("value", "unit", "ko", "en"),
    [
        (70_300.0, "won", "70,300원", "₩70,300"),
        (9.67e10, "krw", "+967억", "+₩96.7B"),
        (-1.27, "%", "−1.27%", "−1.27%"),
        (2_655.3, "index", "2,655.30", "2,655.30"),
        (math.nan, "won", "—", "—"),
        (82.8, "points", "82.8", "82.8"),
    ],
)
def test_chart_values(value: float, unit: str, ko: str, en: str) -> None:
    assert chart_value(value, unit, "ko") == ko  # type: ignore[arg-type]
    assert chart_value(value, unit, "en") == en  # type: ignore[arg-type]
