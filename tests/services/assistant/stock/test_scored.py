"""Parts of a score asked for by name: the groups add up to the score, single items are those of the scorers."""

from __future__ import annotations

import pytest

from engine.model.closing import CLOSING_COMPONENTS
from engine.model.daytrade import DAY_ITEMS
from engine.model.scan import ITEM_GROUP, ITEMS
from ralphstock_desktop.services.assistant.asked import SCORED, find_details, find_scored
from tests.services.assistant.stock.room import NIGHT, SAMSUNG, Room, facts_named, only, words_of

pytestmark = pytest.mark.real_data


async def test_the_groups_add_up_to_the_score(room: Room) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, details=(f"{SCORED}VCP.*",), text="VCP 점수 항목별로")
    groups = [float(only(draft, f"vcp.group.{name}").value) for name in "ABCDEF"]  # type: ignore[arg-type]
    assert sum(groups) == pytest.approx(only(draft, "vcp.score").value)
    most = [float(only(draft, f"vcp.group.{name}.max").value) for name in "ABCDEF"]  # type: ignore[arg-type]
    assert most == [25, 30, 15, 10, 10, 10]
    assert only(draft, "vcp.group.SM").value == pytest.approx(only(draft, "vcp.smartmoney").value)


async def test_the_trend_template_counts_its_conditions(room: Room) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, details=(f"{SCORED}VCP.A",), text="추세 템플릿 몇 개 통과했어")
    points = [float(only(draft, f"vcp.item.T{number}.points").value) for number in range(1, 9)]  # type: ignore[arg-type]
    assert only(draft, "vcp.trend.count").value == 8
    assert only(draft, "vcp.trend.passed").value == sum(point > 0 for point in points)
    assert only(draft, "vcp.group.A").value == sum(points)


@pytest.mark.parametrize("item", [name for name, group in zip(ITEMS, ITEM_GROUP, strict=True) if group in "ABCDEF"])
async def test_one_condition_is_told_with_its_verdict(room: Room, item: str) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, details=(f"{SCORED}VCP.{item}",), text=f"{item} 충족해?")
    points, most = only(draft, f"vcp.item.{item}.points").value, only(draft, f"vcp.item.{item}.max").value
    words = "".join(words_of(draft.blocks))
    assert ("조건을 채웠습니다" in words) == (points == most)
    assert ("채우지 못했습니다" in words) == (points == 0)


async def test_components_and_items_of_the_other_strategies(room: Room) -> None:
    await room.look_at(NIGHT)
    for name in CLOSING_COMPONENTS:
        draft = await room.ask(SAMSUNG, details=(f"{SCORED}CLOSING_BET.{name}",), strategies=("CLOSING_BET",))
        assert len(facts_named(draft, f"closing.component.{name}")) == 1
    for name in DAY_ITEMS:
        draft = await room.ask(SAMSUNG, details=(f"{SCORED}DAY_TRADE.{name}",), strategies=("DAY_TRADE",))
        assert only(draft, f"day.item.{name}.max").value == 15


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("종가베팅 거래대금 점수", ("CLOSING_BET.volume",)),
        ("거래대금 얼마야", ()),
        ("5일선 위에 있어?", ()),
        ("단타 5일선 항목 통과했어", ("DAY_TRADE.ma5",)),
        ("섹터 모멘텀 통과?", ("DAY_TRADE.sector",)),
        ("t1부터 t8까지", ("VCP.A", "VCP.T1", "VCP.T8")),
        ("candle points in the closing bet", ("CLOSING_BET.candle",)),
        ("show the candle chart", ()),
    ],
)
def test_words_that_mean_more_than_one_thing_need_their_strategy(text: str, parts: tuple[str, ...]) -> None:
    assert find_scored(text) == parts


def test_a_part_takes_the_place_of_the_quantity_whose_words_it_holds() -> None:
    assert find_details("단타 5일선 항목 통과했어") == (f"{SCORED}DAY_TRADE.ma5",)
    assert find_details("t1부터 t8까지") == (f"{SCORED}VCP.A",)
    assert find_details("why is the score so low") == ()
