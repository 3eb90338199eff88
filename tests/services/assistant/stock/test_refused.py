"""What is refused, what is offered, and what is said of symbols that are not there."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.model.instants import AsOf
from ralphstock_desktop.services.assistant.desk import AnswerDraft
from tests.services.assistant.stock.room import (
    HYNIX,
    NIGHT,
    SAMSUNG,
    ZINC,
    Room,
    facts_named,
    lines_of,
)

pytestmark = pytest.mark.real_data


async def test_an_order_is_refused_and_the_plan_shown(room: Room) -> None:
    await room.look_at(NIGHT)
    for ticker in (ZINC, SAMSUNG):
        draft = await room.ask(ticker, intents=("order",))
        text = lines_of(draft)
        assert text[0] == "주문은 대신 내 드리지 않습니다. 규칙이 만든 계획만 보여 드립니다."
        assert text[-1] == "실제 주문은 직접 판단해 증권사에서 내셔야 합니다."
        assert not draft.proposals and draft.has_stock


def _of(draft: AnswerDraft, name: str, strategy: str) -> Any:
    (found,) = [fact for fact in facts_named(draft, name) if fact.target.strategy == strategy]
    return found


async def test_a_plan_is_told_whole(room: Room) -> None:
    """현대건설, 2026-01-26: B, entry 111,700; ten percent above it is 122,870, floored to the tick 122,800."""
    await room.look_at(AsOf.at(date(2026, 1, 26), 18, 30))
    draft = await room.ask("000720", intents=("plan",), strategies=("VCP",))
    values = {name: _of(draft, f"plan.{name}", "VCP").value for name in ("entry", "stop", "target")}
    assert values == {"entry": 111_700, "stop": 102_900, "target": 122_800}
    assert _of(draft, "plan.reward_risk", "VCP").value == pytest.approx(11_100 / 8_800)
    assert _of(draft, "plan.stop_pct", "VCP").text == "−7.9%" and _of(draft, "plan.target_pct", "VCP").text == "+9.9%"
    assert _of(draft, "plan.cap_pct", "VCP").text == "10%"
    assert lines_of(draft)[1].startswith("VCP 계획: 진입 111,700원, 손절 102,900원(−7.9%), 목표 122,800원(+9.9%), 손익비 1.26.")
    closing = await room.ask("277810", intents=("plan",), strategies=("CLOSING_BET",))
    explained = room.desk.strategies.explain_closing("277810")
    assert explained is not None
    assert _of(closing, "plan.entry", "CLOSING_BET").value == explained.picture.scan.entry_krw[explained.row]
    assert _of(closing, "plan.qty", "CLOSING_BET").value == explained.qty
    none = await room.ask(SAMSUNG, intents=("plan",))
    assert not facts_named(none, "plan.entry") and "주문 계획이 없습니다" in " ".join(lines_of(none))


async def test_a_recommended_pattern_is_told_with_the_size_of_the_recommendation(room: Room) -> None:
    await room.look_at(NIGHT)
    (first, *_) = (await room.desk.strategies.recommend("vcp", 5)).items
    draft = await room.ask(first.ticker, intents=("plan",), strategies=("VCP",))
    assert first.qty > 0 and _of(draft, "plan.qty", "VCP").value == first.qty


async def test_a_forecast_is_impossible(room: Room) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, intents=("forecast",))
    assert lines_of(draft)[0].startswith("앞으로의 가격은 알 수 없습니다.")
    assert draft.has_stock


async def test_offers_come_only_where_the_user_asked(room: Room) -> None:
    await room.look_at(NIGHT)
    assert not (await room.ask(SAMSUNG, intents=("chart",))).proposals
    (chart,) = (await room.ask(SAMSUNG, intents=("chart",), wants_change=True, text="주봉 차트 열어줘")).proposals
    assert (chart.action, chart.arguments) == ("open_chart", {"ticker": SAMSUNG, "timeframe": "W"})
    (panel,) = (await room.ask(SAMSUNG, intents=("open",), wants_change=True, text="수급 화면 열어줘")).proposals
    assert (panel.action, panel.arguments) == ("open_panel", {"panel": "flow", "ticker": SAMSUNG})
    (watch,) = (await room.ask(SAMSUNG, HYNIX, intents=("watch",), wants_change=True)).proposals
    assert watch.arguments["tickers"] == [SAMSUNG, HYNIX]
    cases = (
        ("15만원 되면 알려줘", 150_000.0, "price", "<="),
        ("17만원 되면 알려줘", 170_000.0, "price", ">="),
        ("17만원 아래로 내려가면 알려줘", 170_000.0, "price", "<="),
        ("거래량 3000만주 넘으면", 30_000_000.0, "volume", ">="),
        ("tell me when the score is above 65", 65.0, "score", ">="),
        ("등락률 -3% 이하면", -3.0, "change_pct", "<="),
    )
    for text, number, quantity, op in cases:
        draft = await room.ask(SAMSUNG, intents=("alert",), wants_change=True, text=text, numbers=(number,))
        (offer,) = draft.proposals
        assert (offer.arguments["quantity"], offer.arguments["op"], offer.arguments["value"]) == (quantity, op, number), text
        assert offer.state == "offered"
    for text in ("5% 이상 빠지면 알려줘", "tell me if it drops 5 percent", "5프로 밀리면 알림"):
        (offer,) = (await room.ask(SAMSUNG, intents=("alert",), wants_change=True, text=text, numbers=(5.0,))).proposals
        assert (offer.arguments["quantity"], offer.arguments["op"], offer.arguments["value"]) == ("change_pct", "<=", -5.0), (
            text
        )
    assert not (await room.ask(SAMSUNG, intents=("alert",), wants_change=True)).proposals, "no value, no offer"


async def test_unknown_symbols_are_named_as_the_user_wrote_them(room: Room) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(unknown_names=("삼숑",), alike=("삼성전자",))
    assert lines_of(draft) == ["자료에서 찾지 못한 종목입니다: 삼숑. 비슷한 이름: 삼성전자."]
    assert not draft.has_stock
    code = await room.ask("999999")
    assert lines_of(code) == ["자료에서 찾지 못한 종목입니다: 999999."]
    assert lines_of(await room.ask()) == ["어떤 종목인지 알려 주세요."]
