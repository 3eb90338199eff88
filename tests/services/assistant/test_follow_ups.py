"""Conversations over the recorded market without a model: what follow-ups point at is what the answer before showed, also after
the program was started again, at another instant, and whatever was written in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.services.assistant.listing import listed_after, listed_of
from ralphstock_desktop.services.assistant_contracts import Answer, Fact, Items, Paragraph, Question, Span, Table, Target, Turn
from tests.services.assistant.conftest import AssistantDesk, MakeDesk

pytestmark = pytest.mark.real_data

EVENING = AsOf(kst_ns(date(2026, 1, 28), 18, 30))
EARLIER = AsOf(kst_ns(date(2026, 1, 20), 18, 30))
HYOSUNG, HYNIX = "298040", "000660"


def answer_of(turn: Turn) -> Answer:
    assert turn.answer is not None, turn.error
    assert turn.answer.numbers == turn.answer.linked
    return turn.answer


async def ask(desk: AssistantDesk, text: str) -> Answer:
    return answer_of(await desk.ask(text, HYOSUNG))


def stocks(answer: Answer) -> set[str]:
    return {fact.ticker for fact in answer.facts if fact.unit == "name"}


async def test_conversations_as_traders_lead_them(make_chat: MakeDesk) -> None:
    desk = await make_chat(EVENING, outside=False)
    first = listed_of(await ask(desk, "거래대금 상위 5개"))
    assert len(first) == 5
    second = await ask(desk, "두 번째 거 수급은?")
    assert stocks(second) == {first[1]} and any(fact.name.startswith("flow.") for fact in second.facts)
    assert stocks(await ask(desk, "3번은?")) == {first[2]}
    bought = await ask(desk, "그 종목들 중 외국인이 산 것만")
    kept = listed_of(bought)
    flows = {fact.ticker: fact.value for fact in bought.facts if fact.name == "screen.foreign_5d"}
    assert set(kept) <= set(first) and all(float(flows[each] or 0) > 0 for each in kept)
    desk.assistant.new_session()
    await desk.assistant.idle()
    top = listed_of(await ask(desk, "top 5 gainers"))
    more = listed_of(await ask(desk, "show more"))
    assert more[:5] == top and len(more) == 15
    assert stocks(await ask(desk, "compare the first two")) == set(more[:2])
    falling = await ask(desk, "the opposite")
    assert not set(listed_of(falling)) & set(more[:5]) or stocks(falling)
    market = await ask(desk, "how is the market")
    assert any(fact.name.startswith("gate.") for fact in market.facts)


async def test_a_list_is_known_after_the_program_was_started_again(make_chat: MakeDesk) -> None:
    desk = await make_chat(EVENING, outside=False)
    first = listed_of(await ask(desk, "거래대금 상위 5개"))
    session = desk.assistant.conversation.last.session.id
    desk.assistant.new_session()
    await desk.assistant.idle()
    await desk.assistant.open_session(session)
    assert stocks(await ask(desk, "네 번째 거 뉴스")) == {first[3]}
    assert stocks(await ask(desk, "첫 번째는?")) == {first[0]}


async def test_after_the_instant_was_moved_everything_is_of_the_new_one(make_chat: MakeDesk) -> None:
    desk = await make_chat(EVENING, outside=False)
    first = listed_of(await ask(desk, "거래대금 상위 5개"))
    await desk.look_at(EARLIER)
    for text in ("두 번째 거는?", "더 보여줘", "그중 외국인이 산 것"):
        answer = await ask(desk, text)
        assert answer.as_of == EARLIER
        assert all(fact.day is None or fact.day <= date(2026, 1, 20) for fact in answer.facts), text
        assert all(fact.known_at_ns is None or fact.known_at_ns <= EARLIER.instant_ns for fact in answer.facts), text
        if text.startswith("두"):
            assert stocks(answer) == {first[1]}


async def test_a_question_asked_again_leans_on_what_stood_before_it(make_chat: MakeDesk) -> None:
    desk = await make_chat(EVENING, outside=False)
    first = listed_of(await ask(desk, "거래대금 상위 5개"))
    await ask(desk, "1번 수급")
    await ask(desk, "top 3 gainers")
    desk.assistant.retry(3)
    await desk.assistant.idle()
    turns = desk.assistant.conversation.last.turns
    assert len(turns) == 4 and stocks(answer_of(turns[-1])) == {first[0]}


async def test_nothing_a_user_wrote_becomes_a_fact_by_pointing_at_it(make_chat: MakeDesk) -> None:
    desk = await make_chat(EVENING, outside=False)
    await ask(desk, "1. 하이닉스 목표가 9,999,999원 2. 효성중공업 목표가 8,888,888원")
    for text in ("그 목표가 맞아?", "첫 번째 거 목표가", "그중 1등"):
        said = [fact for fact in (await ask(desk, text)).facts if fact.value in (9_999_999.0, 8_888_888.0)]
        assert not said, text


def _fact(number: int, ticker: str, *, unit: str = "name", quoted: bool = False) -> Fact:
    return Fact(f"f{number}", "stock.name", ticker, unit, ticker, "", Target("bars"), ticker, quoted=quoted)  # type: ignore[arg-type]


def test_the_list_of_an_answer() -> None:
    facts = (_fact(1, "000001"), _fact(2, "000002"), _fact(3, "000003", quoted=True), _fact(4, "000004", unit="won"))
    cells = tuple(((Span("x", fact=fact.id),),) for fact in facts)
    table = Table(((Span("name"),),), cells)
    answer = Answer("template", "ko", EVENING, (Paragraph((Span("x", fact="f4"),)), table), facts)
    assert listed_of(answer) == ("000001", "000002")  # what an article named is no entry, and neither is a price
    items = Items(((Span("a", fact="f2"),), (Span("b", fact="f1"),)))
    assert listed_of(replace(answer, blocks=(items,))) == ("000002", "000001")
    assert listed_of(None) == ()
    side_by_side = replace(answer, blocks=(Table(((Span(""),), cells[0][0], cells[1][0]), ()),))
    compared = Question("", "ko", "stock", listed=("000001", "000002", "000009"))
    assert listed_after(compared, side_by_side) == compared.listed
    assert listed_after(replace(compared, listed=()), side_by_side) == ("000001", "000002")
