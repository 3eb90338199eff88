"""Answers about the exchange's calendar and about how far the data reach; lists of streaks, of pension funds, of signals."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.model.instants import AsOf
from ralphstock_desktop.services.assistant.desk import AnswerDraft
from ralphstock_desktop.services.assistant_contracts import Fact
from tests.acceptance.recorded import World
from tests.services.assistant.market.conftest import Make
from tests.services.assistant.market.reading import Reader, table_rows, unlinked_digits, words_of

pytestmark = pytest.mark.real_data

NIGHT = AsOf.at(date(2026, 1, 28), 18, 30)


async def opened(make_reader: Make, world: World) -> Reader:
    reader = await make_reader(world)
    await reader.at(NIGHT)
    return reader


async def test_days_of_the_exchange_are_told_with_the_day_trading_goes_on(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    cases = {
        "내일 장 열리나요": ("2026-01-29", "여는 날"),
        "설 연휴 며칠 쉬어": ("2026-02-16", "2026-02-18", "2026-02-19"),
        "추석 휴장": ("2026-09-24", "2026-09-25", "2026-09-28"),
        "이번주 토요일 장 열어?": ("2026-01-31", "주말", "2026-02-02"),
        "다음 거래일이 언제야": ("2026-01-29",),
        "이번 주 휴장일 있어?": ("없습니다",),
    }
    for text, parts in cases.items():
        draft = await reader.ask("general", text=text, intents=("trading_day",))
        assert all(part in words_of(draft) for part in parts), (text, words_of(draft))
        assert unlinked_digits(draft) == []
    assert "2026-10-05" not in words_of(await reader.ask("general", text="추석 휴장", intents=("trading_day",)))


async def test_how_far_the_data_reach(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    draft = await reader.ask("general", text="데이터 언제까지 있어", intents=("data",))
    facts = {fact.name: fact for fact in draft.book.facts}
    assert str(facts["data.bar_day"].value) == "2026-01-28" and str(facts["data.flow_day"].value) == "2026-01-28"
    panel = reader.desk.picture().panel
    last = panel.day_index(date(2026, 1, 28))
    assert facts["data.symbols"].value == int(panel.valid[:, last].sum())
    assert "연결되어 있지 않습니다" in words_of(draft) and unlinked_digits(draft) == []
    morning = await make_reader(some_world)
    await morning.at(AsOf.at(date(2026, 1, 28), 8, 0))
    draft = await morning.ask("general", text="데이터 언제까지 있어", intents=("data",))
    facts = {fact.name: fact for fact in draft.book.facts}
    assert str(facts["data.bar_day"].value) == "2026-01-27", "the bar of the day is not known before it was traded"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("foreign_streak", "외국인 3일 연속 순매수"),
        ("institution_streak", "기관 3일 연속 순매도"),
        ("up_streak", "3일 연속 상승"),
    ],
)
async def test_streaks_are_those_of_the_last_days(make_reader: Make, some_world: World, name: str, text: str) -> None:
    reader = await opened(make_reader, some_world)
    draft = await reader.ask("general", text=text, order_by=name, days=3, limit=50)
    panel = reader.desk.picture().panel
    last = panel.day_index(date(2026, 1, 28))
    want = set()
    for row, ticker in enumerate(panel.tickers.tolist()):
        held = True
        for day in range(last - 2, last + 1):
            if name == "up_streak":
                base, close = panel.base_krw[row, day], panel.close_krw[row, day]
                held = held and bool(panel.valid[row, day]) and base > 0 and close > base
            else:
                flow = (panel.foreign_krw if name == "foreign_streak" else panel.institution_krw)[row, day]
                held = held and not np.isnan(flow) and (flow < 0 if "순매도" in text else flow > 0)
        if held and panel.valid[row, last]:
            want.add(str(ticker))
    facts = {fact.name: fact for fact in draft.book.facts}
    assert facts["screen.list"].value == len(want) and facts["rank.streak_days"].value == 3
    shown = {row[1].ticker for row in table_rows(draft) if isinstance(row[1], Fact)}
    assert shown <= want and len(shown) == min(50, len(want))
    assert unlinked_digits(draft) == []


async def test_pension_funds_order_by_their_own_sums(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    draft = await reader.ask("general", text="연기금이 많이 산 종목", order_by="pension:desc", limit=5)
    panel = reader.desk.picture().panel
    last = panel.day_index(date(2026, 1, 28))
    sums = np.nansum(panel.pension_krw[:, last - 4 : last + 1], axis=1)
    best = [str(panel.tickers[row]) for row in np.argsort(-sums, kind="stable")[:5]]
    assert [row[1].ticker for row in table_rows(draft) if isinstance(row[1], Fact)] == best


async def test_what_no_data_hold_limits_no_list_in_silence(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    draft = await reader.ask("general", text="시총 1조 이하 외국인 상위", order_by="foreign:desc", absent=("market_cap",))
    assert "시가총액" in words_of(draft)
    draft = await reader.ask(
        "general", text="5일선 위 거래량 2배", intents=("screen",), filter_text="거래량비 >= 2", details=("averages",)
    )
    assert "이동평균" in words_of(draft)
    early = await reader.ask(
        "general", text="12월 외국인 상위", order_by="foreign:desc", first_day=date(2025, 12, 1), last_day=date(2025, 12, 30)
    )
    assert "수급 자료가 없습니다" in words_of(early) and "2026-01-05" in words_of(early)


async def test_signals_that_meet_a_condition_and_a_score(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    every = await reader.ask("signal", text="vcp 신호", strategies=("VCP",), limit=50)

    def listed(draft: AnswerDraft) -> set[str]:
        return {row[0].ticker for row in table_rows(draft) if isinstance(row[0], Fact)}

    panel = reader.desk.picture().panel
    last = panel.day_index(date(2026, 1, 28))
    close = {str(ticker): float(panel.close_krw[row, last]) for row, ticker in enumerate(panel.tickers.tolist())}
    held = sorted(listed(every), key=lambda ticker: close[ticker])
    bound = int(close[held[0]])
    text = f"{bound}원 이하 vcp 신호"
    cheap = await reader.ask("signal", text=text, strategies=("VCP",), filter_text=f"현재가 <= {bound}", limit=50)
    assert listed(cheap) == {ticker for ticker in held if close[ticker] <= bound} and unlinked_digits(cheap) == []
    closing = await reader.ask("signal", text="종가베팅 8점 이상", strategies=("CLOSING_BET",), limit=50)
    scores = [fact.value for fact in closing.book.facts if fact.name == "closing.total" and isinstance(fact.value, float)]
    assert all(score >= 8 for score in scores)
