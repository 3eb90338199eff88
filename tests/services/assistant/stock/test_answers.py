"""What is said: golden answers worked by hand from the recorded tables, and what must hold for every answer."""

from __future__ import annotations

import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.model.instants import AsOf, kst_ns
from engine.model.live import MISSING
from ralphstock_desktop.services.assistant.answers.stock_quantities import NAMES
from ralphstock_desktop.services.assistant.answers.stock_symbol import MOST_FACTS
from ralphstock_desktop.services.assistant.desk import AnswerDraft
from ralphstock_desktop.services.assistant_contracts import Chart, Heading, Paragraph, Table, spans_of
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DOCKS
from ralphstock_desktop.ui.viewmodels.closing_columns import closing_columns
from ralphstock_desktop.ui.viewmodels.day_columns import day_columns
from ralphstock_desktop.ui.viewmodels.scan_columns import symbol_columns
from tests.services.assistant.stock.room import (
    ASKED,
    HALTED,
    HYNIX,
    NIGHT,
    SAMSUNG,
    YOUNG,
    ZINC,
    Room,
    facts_named,
    lines_of,
    only,
    used,
    words_of,
)

pytestmark = pytest.mark.real_data

# -- every answer -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_every_number_is_a_fact(room: Room, language: Any) -> None:
    """No digit stands outside a fact, every link leads to one, a symbol has at most 120, and its disclaimer follows."""
    for as_of in (NIGHT, AsOf.at(date(2026, 1, 5), 15, 12)):
        await room.look_at(as_of)
        for ticker in (SAMSUNG, ZINC, HALTED, YOUNG, "059120", "007810"):
            for about in ASKED:
                draft = await room.ask(ticker, language=language, **about)
                ids = {fact.id for fact in draft.book.facts}
                loose = [span.text for span in spans_of(draft.blocks) if not span.fact and re.search(r"\d", span.text)]
                assert not loose, (ticker, about, loose)
                assert {span.fact for span in spans_of(draft.blocks) if span.fact} <= ids
                assert draft.blocks and draft.has_stock
                assert {fact.name for fact in draft.book.facts} <= NAMES.keys()
                assert len([fact for fact in draft.book.facts if fact.ticker == ticker]) <= MOST_FACTS, about
                assert all(fact.title and fact.text for fact in draft.book.facts)
                for block in draft.blocks:
                    if isinstance(block, Chart):
                        assert len(block.days) == len(block.values) and (not block.fact or block.fact in ids)


async def test_what_is_asked_comes_first_and_nothing_else(room: Room) -> None:
    await room.look_at(NIGHT)
    flow = await room.ask(SAMSUNG, intents=("flow",))
    assert {"flow.foreign_5d", "flow.institution_5d", "flow.foreign"} <= used(flow)
    assert not {name for name in used(flow) if name.startswith(("vcp.", "closing.", "day.", "news.", "plan."))}
    assert facts_named(flow, "vcp.total"), "the score is in the book for a model all the same"
    news = await room.ask(SAMSUNG, intents=("news",))
    assert not {name for name in used(news) if name.startswith(("vcp.", "flow."))}
    short = await room.ask(ZINC)
    first = [block for block in short.blocks if isinstance(block, Paragraph)][:3]
    assert short.blocks[:3] == first, "the short answer is three paragraphs before any detail"


# -- golden ----------------------------------------------------------------------------------------------------------------


async def test_samsung_on_a_known_night(room: Room) -> None:
    """Recorded: 162,400 on 2026-01-28 after 159,500; foreign net of five days 2,098 - 2,670 + 1,071 + 5,518 - 2,859 억."""
    await room.look_at(NIGHT)
    lines = lines_of(await room.ask(SAMSUNG, intents=("flow",)))
    assert lines[0] == "삼성전자 (005930): 2026-01-28 15:30 기준 종가 162,400원, 전일 대비 +1.82%입니다."
    assert lines[1].startswith("최근 5일 순매수: 외국인 +3,158억, 기관 −5,855억(그중 연기금 −1,794억).")
    assert lines[2:5] == [
        "날짜 | 외국인 | 기관 | 연기금",
        "2026-01-28 | −2,859억 | −1,461억 | +29억",
        "2026-01-27 | +5,518억 | +1,287억 | −166억",
    ]
    english = lines_of(await room.ask(SAMSUNG, intents=("flow",), language="en"))
    assert english[1].startswith("Net buying of the last 5 days: foreigners +₩315.8B, institutions −₩585.5B")


async def test_the_flows_of_one_day_are_said_once(room: Room) -> None:
    """Recorded on 2026-01-27: foreigners 5,518, institutions 1,287, pension funds -166 억."""
    await room.look_at(NIGHT)
    day = date(2026, 1, 27)
    draft = await room.ask(SAMSUNG, intents=("flow",), first_day=day, last_day=day)
    assert lines_of(draft)[:2] == [
        "삼성전자 (005930)",
        "2026-01-27 순매수: 외국인 +5,518억, 기관 +1,287억(그중 연기금 −166억).",
    ]
    assert not any(isinstance(block, Table) for block in draft.blocks)


async def test_symbols_of_one_instant_are_compared_without_a_row_of_times(room: Room) -> None:
    await room.look_at(NIGHT)
    lines = lines_of(await room.ask(SAMSUNG, HYNIX, intents=("compare",)))
    assert lines[0] == "비교: 삼성전자 (005930), SK하이닉스 (000660). 2026-01-28 15:30 기준입니다."
    assert not any(line.startswith("기준 시각") for line in lines)


async def test_what_is_short_of_a_grade_comes_before_the_score(room: Room) -> None:
    await room.look_at(NIGHT)
    lines = lines_of(await room.ask(SAMSUNG, intents=("score", "near")))
    near = next(number for number, line in enumerate(lines) if "등급이 됩니다" in line or "모자랍니다" in line)
    assert near < next(number for number, line in enumerate(lines) if line.startswith("VCP 총점"))


async def test_flows_wait_for_their_confirmation(room: Room) -> None:
    await room.look_at(AsOf.at(date(2026, 1, 28), 18, 9, 59))
    before = await room.ask(SAMSUNG, intents=("flow",))
    assert facts_named(before, "flow.day")[0].value == "2026-01-27"
    await room.look_at(AsOf.at(date(2026, 1, 28), 18, 10))
    after = await room.ask(SAMSUNG, intents=("flow",))
    assert facts_named(after, "flow.day")[0].value == "2026-01-28"


async def test_the_bar_waits_for_its_minute(room: Room) -> None:
    await room.look_at(AsOf.at(date(2026, 1, 28), 15, 39, 59))
    assert "2026-01-27 15:30 기준 종가 159,500원" in " ".join(lines_of(await room.ask(SAMSUNG, intents=("price",))))
    await room.look_at(AsOf.at(date(2026, 1, 28), 15, 40))
    assert "2026-01-28 15:30 기준 종가 162,400원" in " ".join(lines_of(await room.ask(SAMSUNG, intents=("price",))))


async def test_missing_flows_are_missing(room: Room) -> None:
    await room.look_at(AsOf.at(date(2026, 1, 5), 10, 0))
    none = await room.ask(SAMSUNG, intents=("flow",))
    assert "알려진 수급 자료가 없습니다." in lines_of(none)[-1]
    assert only(none, "flow.foreign_5d").value is None and only(none, "flow.foreign_5d").text == "—"
    await room.look_at(AsOf.at(date(2026, 1, 6), 8, 0))
    one = " ".join(lines_of(await room.ask(SAMSUNG, intents=("flow",))))
    assert "자료가 있는 날은 1일뿐입니다" in one and "연기금 자료는 없습니다" in one


async def test_a_halted_symbol_tells_since_when(room: Room) -> None:
    """삼부토건 traded last on 2025-03-31 at 347 won."""
    await room.look_at(AsOf.at(date(2026, 1, 15), 20, 0))
    text = " ".join(lines_of(await room.ask(HALTED)))
    assert "2025-04-01부터 거래가 없습니다." in text
    assert "2025-03-31 15:30 기준 종가 347원" in text
    assert "VCP 점수를 낼 수 없습니다" in text
    assert "수급 자료가 있는 날이 없습니다" in text


async def test_minutes_of_a_running_session_give_the_price(room: Room) -> None:
    """DB하이텍, 2026-01-05: the minute that ended at 10:07 closed at 74,600 against a base of 73,700."""
    await room.look_at(AsOf.at(date(2026, 1, 5), 10, 7, 30))
    draft = await room.ask("000990", intents=("price",))
    assert only(draft, "quote.price").value == 74_600
    assert only(draft, "quote.age").value == 30
    line = lines_of(draft)[0]
    assert "2026-01-05 10:07 체결 기준 74,600원, 전일 대비 +1.22%입니다 (30초 전 시세)." in line
    assert "마지막 공식 종가는 2026-01-02 15:30 기준 73,700원입니다." in line


async def test_the_live_board_gives_the_present(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only while the present is looked at, only of a day whose official bar is not there, with its age."""
    panel = room.panel
    today = date(2026, 7, 1)
    shape = len(panel.tickers)
    row = panel.row_of(SAMSUNG)
    assert row is not None
    columns = {name: np.full(shape, MISSING) for name in ("price_krw", "base_krw", "volume_shares", "value_krw", "at_ns")}
    at = kst_ns(today, 10, 0)
    for name, value in (("price_krw", 50_500), ("base_krw", 50_000), ("at_ns", at), ("volume_shares", 1_000)):
        columns[name][row] = value
    board = SimpleNamespace(day=today, row_of=panel.row_of, **columns)
    monkeypatch.setattr(type(room.desk.workstation), "live", property(lambda _: SimpleNamespace(board=board)), raising=False)
    room.desk.now_ns = at + 90_000_000_000
    draft = await room.ask(SAMSUNG, intents=("price",))
    assert (only(draft, "quote.price").value, only(draft, "quote.age").value) == (50_500, 90)
    assert only(draft, "quote.change_pct").text == "+1.00%"
    assert only(draft, "quote.value").value is None
    other = await room.ask(HYNIX, intents=("price",))
    assert not facts_named(other, "quote.price"), "no trade, no price"
    board.day = panel.days[-1].astype("datetime64[D]").item()
    columns["at_ns"][row] = kst_ns(board.day, 15, 30)
    evening = await room.ask(SAMSUNG, intents=("price",))
    assert not facts_named(evening, "quote.price"), "its official bar is there"
    await room.look_at(NIGHT)
    past = await room.ask(SAMSUNG, intents=("price",))
    assert not facts_named(past, "quote.price"), "the board is later than the instant looked at"


async def test_why_shows_the_arithmetic_and_what_is_in_the_way(room: Room) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, intents=("why",))
    total, vcp, flow = (only(draft, name).value for name in ("vcp.total", "vcp.score", "vcp.smartmoney"))
    assert isinstance(total, float) and isinstance(vcp, float) and isinstance(flow, float)
    assert total == pytest.approx(0.7 * vcp + 0.3 * flow, abs=0.005)
    text = lines_of(draft)
    assert "× 0.70 + 수급" in text[1] and text[2].startswith("막는 것: 수축 구조 미달")
    heads = [block for block in draft.blocks if isinstance(block, Heading)]
    assert [span.text for head in heads for span in head.spans] == ["부족한 항목", "점수를 받은 항목"]
    for fact in draft.book.facts:
        if fact.name.endswith(".margin") and fact.name.startswith("vcp.item."):
            value, need = (only(draft, fact.name.replace("margin", part)).value for part in ("value", "threshold"))
            if fact.unit not in ("%",) and not facts_named(draft, fact.name.replace("margin", "high")):
                assert isinstance(value, float) and isinstance(need, float) and isinstance(fact.value, float)
                assert fact.value == pytest.approx(value - need)
        if fact.name.startswith("vcp.item.") and fact.name.endswith(".value"):
            assert fact.target.kind == "evidence" and fact.target.item == fact.name.split(".")[2]


async def test_gates_are_named_with_value_and_need(room: Room) -> None:
    """The base of 삼성전자 is 14 bars long, 15 are needed; 고려아연 passes the trend template but for its strength."""
    await room.look_at(NIGHT)
    samsung = await room.ask(SAMSUNG, intents=("why",))
    assert "수축 구조 미달(베이스 기간 14봉, 하한 15봉)" in " ".join(lines_of(samsung))
    assert only(samsung, "vcp.gate.base_bars").target.item == "B4"
    zinc = lines_of(await room.ask(ZINC, intents=("why",)))
    assert any("추세 템플릿 미달(상대강도 하한)" in line for line in zinc)
    assert zinc[zinc.index("부족한 항목") + 1].startswith("상대강도 하한 62, 기준 70 이상")


async def test_today_is_what_is_looked_at_anyway(room: Room) -> None:
    await room.look_at(NIGHT)
    plain = await room.ask(SAMSUNG, intents=("price",))
    today = await room.ask(SAMSUNG, intents=("price",), first_day=NIGHT.day, last_day=NIGHT.day)
    assert words_of(today.blocks) == words_of(plain.blocks)


async def test_points_kept_back_are_told_with_their_reason(room: Room) -> None:
    """Foreigners and institutions bought 1.21조 together, far over the need; but institutions alone sold: 8 of 15 points."""
    await room.look_at(NIGHT)
    text = lines_of(await room.ask(SAMSUNG, intents=("why",), strategies=("DAY_TRADE",)))
    assert "외국인·기관 매수 +1.21조, 기준 100억 이상, 기관이 사지 않음, 점수 8점 / 15점" in text


async def test_closing_bet_names_its_failed_filters(room: Room) -> None:
    """+1.82 % lies outside 5 to 29.9 %."""
    await room.look_at(NIGHT)
    text = lines_of(await room.ask(SAMSUNG, intents=("why",), strategies=("CLOSING_BET",)))
    assert text[1] == (
        "종가베팅(2026-01-28 확정) 점수는 6점 / 12점, 등급 B이지만 필수 조건에 걸려 신호가 아닙니다. "
        "걸린 조건: 등락률 +1.82%, 허용 범위 5.00%–29.90%."
    )
    assert "거래대금 3점 / 3점" in text and "캔들 0점 / 1점" in text


async def test_a_move_is_not_explained_away(room: Room) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, intents=("why", "price"))
    text = lines_of(draft)
    assert any("까닭은 단정할 수 없습니다" in line for line in text)
    assert not {name for name in used(draft) if name.startswith("vcp.")}


async def test_named_days(room: Room) -> None:
    await room.look_at(NIGHT)
    one = lines_of(await room.ask(SAMSUNG, intents=("price",), first_day=date(2026, 1, 16), last_day=date(2026, 1, 16)))
    assert one[1].startswith("2026-01-16 15:30 기준 종가 148,900원")
    saturday = lines_of(await room.ask(SAMSUNG, intents=("price",), first_day=date(2026, 1, 17), last_day=date(2026, 1, 17)))
    assert saturday[1] == "2026-01-17: 휴장일이라 일봉이 없습니다. 그 전 마지막 종가는 2026-01-16 15:30 기준 148,900원입니다."
    later = lines_of(await room.ask(SAMSUNG, intents=("price",), first_day=date(2026, 2, 2), last_day=date(2026, 2, 3)))
    assert "아직 알 수 없습니다" in later[1]
    span = await room.ask(SAMSUNG, first_day=date(2026, 1, 2), last_day=date(2026, 1, 20))
    assert only(span, "bar.return_pct").value == pytest.approx(100 * (145_200 / 119_900 - 1))
    flows = await room.ask(SAMSUNG, intents=("flow",), first_day=date(2026, 1, 26), last_day=date(2026, 1, 28))
    assert only(flows, "flow.foreign_sum").value == pytest.approx(sum(float(f.value or 0) for f in _three(flows)))
    assert only(flows, "flow.sum_days").value == 3


def _three(draft: AnswerDraft) -> list[Any]:
    days = (date(2026, 1, 26), date(2026, 1, 27), date(2026, 1, 28))
    return [fact for fact in facts_named(draft, "flow.foreign") if fact.day in days]


async def test_links_lead_to_panels_and_columns_that_exist(room: Room) -> None:
    await room.look_at(NIGHT)
    look = Appearance()
    columns = {
        "symbols": {column.id for column in symbol_columns(look)},
        "closing": {column.id for column in closing_columns(look)},
        "day_scanner": {column.id for column in day_columns(look)},
    }
    panels = {spec.id for spec in DOCKS}
    for about in ASKED:
        for fact in (await room.ask(ZINC, **about)).book.facts:
            target = fact.target
            assert not target.panel or target.panel in panels, fact
            if target.kind == "cell" and target.panel in columns:
                assert target.item in columns[target.panel], fact
            if target.kind in ("bars", "flow"):
                assert target.first_day is not None and target.last_day is not None
                assert target.first_day <= target.last_day <= NIGHT.day
