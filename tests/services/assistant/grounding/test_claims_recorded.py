"""Over the recorded market: answers made from templates hold no claim that is struck, and claims follow the facts read."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.model.instants import AsOf
from ralphstock_desktop.assistant_ports import Stopped, TextArrived
from ralphstock_desktop.services.assistant.grounding import Grounding
from ralphstock_desktop.services.assistant.markdown import parse_markdown, to_markdown
from ralphstock_desktop.services.assistant.names import NameBook
from ralphstock_desktop.services.assistant_contracts import Answer, Block, spans_of
from ralphstock_desktop.wording.texts import Language

pytestmark = pytest.mark.real_data

QUESTIONS = Path(__file__).parent.parent / "questions.json"
EVENING = AsOf.at(date(2026, 1, 28), 18, 30)
_INVESTORS = {
    "flow.foreign_5d": {"ko": "외국인", "en": "Foreign investors"},
    "flow.institution_5d": {"ko": "기관", "en": "Institutions"},
    "flow.pension_5d": {"ko": "연기금", "en": "Pension funds"},
}


def claims_of(grounding: Grounding, blocks: tuple[Block, ...]) -> Counter[str]:
    reasons = grounding.check(blocks).by_reason
    return Counter({why: count for why, count in reasons.items() if why.startswith("claim")})


def sayings(answer: Answer, language: Language) -> list[tuple[str, bool]]:
    """Sentences about what an answer read, and whether they are true."""
    found = []
    names = {fact.ticker: str(fact.value) for fact in answer.facts if fact.unit == "name" and fact.ticker}
    for fact in answer.facts:
        name, value = names.get(fact.ticker, ""), fact.value
        if not name or not isinstance(value, float) or value == 0:
            continue
        up = value > 0
        if fact.name in _INVESTORS:
            who = _INVESTORS[fact.name][language]
            if language == "ko":
                found += [
                    (f"{name}: {who}은 최근 5일 동안 순매수했습니다.", up),
                    (f"{name}: {who}은 최근 5일 동안 순매도했습니다.", not up),
                ]
            else:
                found += [(f"{who} were net buyers of {name} over the last 5 days.", up)]
                found += [(f"{who} were net sellers of {name} over the last 5 days.", not up)]
        elif fact.name == "bar.change_pct" and language == "ko":
            found += [(f"{name} 주가는 올랐습니다.", up), (f"{name} 주가는 내렸습니다.", not up)]
        elif fact.name == "bar.change_pct":
            found += [(f"The price of {name} rose.", up), (f"The price of {name} fell.", not up)]
    return found


async def test_claims_over_the_recorded_market(make_chat: Any) -> None:
    """Every third question of the evening, answered without a model; the answer goes back as if a model had written it."""
    desk = await make_chat(EVENING, outside=False)
    picture = desk.desk.workstation.market.last
    names = NameBook(picture.panel)
    rows = [row for row in json.loads(QUESTIONS.read_text(encoding="utf-8")) if row["as_of"] == "2026-01-28T18:30:00+09:00"]
    wrong, told = [], Counter[bool]()
    for row in [row for row in rows if row["type"] in ("stock", "market")][::2] + rows[::6]:
        desk.assistant.new_session()
        await desk.assistant.idle()
        answer = (await desk.ask(row["text"], row["screen_ticker"] or "")).answer
        assert answer is not None, row["text"]
        grounding = Grounding(answer.facts, names, language=answer.language)
        for blocks in (answer.blocks, parse_markdown(to_markdown(answer.blocks))):
            wrong += [f"{row['id']} {why}" for why in claims_of(grounding, blocks)]
        for text, is_true in sayings(answer, answer.language):
            told[is_true] += 1
            if bool(claims_of(grounding, parse_markdown(text))) is is_true:
                wrong.append(f"{row['id']} {text} {is_true}")
    assert not wrong, "\n".join(wrong)
    assert told[True] == told[False] >= 20


@pytest.mark.parametrize(("says_up", "source"), [(True, "model"), (False, "template")])
async def test_an_answer_with_a_false_claim_gives_way_to_the_template(make_chat: Any, says_up: bool, source: str) -> None:
    """The same outcome as for a number that was not read: refused, counted, the struck text kept for who wants to see it."""
    desk = await make_chat(EVENING)
    word = "상승했습니다" if says_up else "하락했습니다"  # the day's change is +5.13 %
    desk.model.script = [TextArrived(f"SK하이닉스는 오늘 {word}."), Stopped("stop")]
    turn = await desk.ask("SK하이닉스 어때?")
    answer = turn.answer
    assert answer is not None and answer.source == source and answer.numbers == answer.linked
    assert not any(span.struck for span in spans_of(answer.blocks))
    if says_up:
        assert answer.refusal is None
    else:
        assert answer.refusal is not None and (answer.refusal.key, answer.refusal.count) == ("assistant.refused.numbers", 1)
        assert [span.text for span in spans_of(answer.refusal.blocks) if span.struck == "assistant.struck.claim"] == [word]
