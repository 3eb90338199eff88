"""The document of a message: what it holds, and that what is finished stays."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QApplication

from ralphstock_desktop.services.assistant_contracts import Block, Code, Heading, Paragraph, Quote, Span, Table
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.document import MessageDocument, readable
from tests.ui.chat.view import talk

NUMBERS = {fact: chip.number for chip in talk.CHIPS for fact in chip.facts}
EVERYTHING = (*talk.TEXT, *talk.RICH)
FACTS = (*talk.FACTS, *talk.TABLE_FACTS)


def made(width: int = 560) -> MessageDocument:
    document = QTextDocument()
    message = MessageDocument(document, Appearance())
    message.restyle()
    message.set_width(width)
    document.setTextWidth(width)
    return message


def words(message: MessageDocument) -> str:
    return readable(message.document.toPlainText())


@pytest.mark.usefixtures("qapp")
def test_text_holds_neither_raised_numbers_nor_joiners() -> None:
    message = made()
    message.show(talk.TEXT, talk.FACTS, NUMBERS)
    assert words(message).startswith("총점 82.8로 S 기준 80을 2.8점 넘습니다. VCP 87.0 × 0.7 + 수급 73.0 × 0.3입니다.\n")
    assert [link.fact for link in message.links] == [f"f{n}" for n in range(1, 19)]


@pytest.mark.usefixtures("qapp")
def test_links_stand_where_their_values_are() -> None:
    message = made()
    message.show(EVERYTHING, FACTS, NUMBERS)
    text = message.document.toRawText()
    by_id = {fact.id: fact for fact in FACTS}
    for index, link in enumerate(message.links):
        assert message.link_at(link.start) == index
        assert message.link_at(link.end - 1) == index
        # The chart that opens a fact is one object and no words.
        assert readable(text[link.start : link.end]) in (by_id[link.fact].text, "")
    assert message.link_at(0) == -1


@pytest.mark.usefixtures("qapp")
def test_unknown_facts_are_words_until_they_are_known() -> None:
    message = made()
    block = Paragraph((Span("총점 "), Span("82.8", fact="f1"), Span("입니다")))
    message.show((block,), (), {})
    assert not message.links
    message.show((block,), talk.FACTS[:1], {})
    assert [link.fact for link in message.links] == ["f1"]


@pytest.mark.usefixtures("qapp")
def test_finished_blocks_are_not_written_again() -> None:
    message = made()
    blocks = talk.long_answer(2_000)
    states = talk.growing(blocks, 60)
    for state in states:
        message.show(state, FACTS, {})
    # Each state writes its new blocks and the one that was cut off; all of them each time would be over a thousand.
    assert message.written < 60 + 2 * len(blocks)
    assert len(blocks) > 15


@pytest.mark.usefixtures("qapp")
def test_nothing_is_written_for_the_same_blocks() -> None:
    message = made()
    assert message.show(talk.TEXT, talk.FACTS, NUMBERS)
    written = message.written
    assert not message.show(tuple(talk.TEXT), talk.FACTS, dict(NUMBERS))
    assert message.written == written


POOL: tuple[Block, ...] = (
    *talk.TEXT, *talk.RICH, Paragraph((Span("짧게"),)), Paragraph((Span(""),)), Code("a\n\nb"), Quote((Span("인용\n둘째 줄"),)),
    Heading((Span("제목"),), 4), Table((), ()), Table(((Span("가"),),), (((Span("1"),),),), (True,)),
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(st.sampled_from(POOL), max_size=6),
    second=st.lists(st.sampled_from(POOL), max_size=6),
    kept=st.integers(0, 6),
)
@example(first=[Paragraph((Span(""),)), talk.TEXT[0]], second=[], kept=1)
@example(first=[Table((), ()), talk.TEXT[0]], second=[], kept=1)
def test_a_changed_document_is_like_a_new_one(qapp: QApplication, first: list[Block], second: list[Block], kept: int) -> None:
    """Whatever stood there before: text, links, heights and formats are those of a document written at once."""
    then = tuple(first[:kept] + second)
    changed, new = made(), made()
    changed.show(tuple(first), FACTS, NUMBERS)
    changed.show(then, FACTS, NUMBERS)
    new.show(then, FACTS, NUMBERS)
    assert words(changed) == words(new)
    assert [(link.start, link.end, link.fact) for link in changed.links] == [
        (link.start, link.end, link.fact) for link in new.links
    ]
    assert changed.document.size() == new.document.size()
    here, there = changed.document.begin(), new.document.begin()
    while here.isValid() and there.isValid():
        assert here.blockFormat().leftMargin() == there.blockFormat().leftMargin(), here.text()
        assert here.blockFormat().topMargin() == there.blockFormat().topMargin(), here.text()
        here, there = here.next(), there.next()
    assert here.isValid() == there.isValid()


@pytest.mark.usefixtures("qapp")
def test_markup_in_text_is_only_text() -> None:
    message = made()
    text = '<img src="file:///etc/passwd"><b>굵게</b> [눌러](http://example.com)'
    message.show((Paragraph((Span(text),)), Table(((Span(text),),), (((Span(text),),),))), (), {})
    assert words(message).count(text) == 3
    assert not message.links


@pytest.mark.usefixtures("qapp")
def test_a_table_changes_its_form_with_the_width() -> None:
    message = made(560)
    message.show((talk.TABLE,), FACTS, {})
    assert words(message).count("현재가") == 1
    message.set_width(300)
    assert words(message).count("현재가") == 3, "a head for every record"
    links = len(message.links)
    message.set_width(560)
    assert words(message).count("현재가") == 1
    assert links == len(message.links) == 15
