"""Recommendations, signals, records, news and conditions: exactly what the services hold, in their order, and nothing later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from engine.model.closing import SignalPhase
from engine.model.errors import DataUnavailable, StorageError
from engine.model.instants import AsOf, kst_ns
from engine.model.news import NewsItem
from engine.model.performance import Interval, RecordRow
from engine.model.scan import Grade
from engine.news.clusters import cluster_items
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ports import StoredSignal
from ralphstock_desktop.services.assistant_contracts import Fact, Table
from ralphstock_desktop.services.strategy_contracts import Recommendations, RecordTable
from ralphstock_desktop.strategy_ports import BacktestSummary, SignalRecord
from tests.acceptance.futures import changed_future
from tests.acceptance.recorded import World
from tests.services.assistant.market.conftest import Make
from tests.services.assistant.market.reading import Reader, lines_of, table_rows, unlinked_digits, words_of

pytestmark = pytest.mark.real_data

RED, YELLOW, GREEN = date(2026, 2, 5), date(2026, 2, 6), date(2026, 1, 28)


def values(cells: list[Fact | str]) -> list[Any]:
    return [cell.value if isinstance(cell, Fact) else cell for cell in cells]


# -- recommendations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strategies", "choice"), [((), "both"), (("VCP",), "vcp"), (("CLOSING_BET",), "jongga")])
@pytest.mark.parametrize("day", [GREEN, YELLOW])
async def test_the_list_is_the_services_list_in_its_order(
    make_reader: Make, some_world: World, day: date, strategies: tuple[str, ...], choice: Any
) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(day))
    wanted = await reader.whole.strategies.recommend(choice, 3)
    draft = await reader.ask("recommendation", strategies=strategies, limit=3)
    assert not unlinked_digits(draft)
    if not wanted.items:
        assert "추천 종목이 없습니다" in words_of(draft) and not draft.has_stock
        return
    rows = table_rows(draft)
    assert [row[1].ticker for row in rows if isinstance(row[1], Fact)] == [item.ticker for item in wanted.items]
    for row, item in zip(rows, wanted.items, strict=True):
        assert values(row)[3:] == [
            Grade(item.grade).name, item.score, item.entry_krw, item.stop_krw, item.target_krw, item.qty,
        ]  # fmt: skip
    assert draft.has_stock and "마켓 게이트" in words_of(draft) and "지난 기록" in words_of(draft)


async def test_the_day_of_these_tests_has_recommendations(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    assert (await reader.whole.strategies.recommend("both", 3)).items


@pytest.mark.parametrize(
    ("reason", "korean", "english"),
    [
        ("NO_SIGNALS", "열린 신호가 없습니다", "no open signal of grade S or A"),
        ("GATE_RED", "하락 우위(RED)", "The Market Gate is RED"),
        ("GATE_UNKNOWN", "판단할 수 없어", "cannot be judged"),
        ("STALE_DATA", "스캔이 오래되었습니다", "scan is too old"),
    ],
)
async def test_an_empty_list_tells_its_reason(
    make_reader: Make, some_world: World, monkeypatch: pytest.MonkeyPatch, reason: Any, korean: str, english: str
) -> None:
    reader = await make_reader(some_world)

    async def nothing(_strategy: str, _limit: int) -> Recommendations:
        return Recommendations((), reader.desk.as_of, None, reason)

    monkeypatch.setattr(reader.whole.strategies, "recommend", nothing)
    assert korean in words_of(await reader.ask("recommendation"))
    assert english in words_of(await reader.ask("recommendation", "en"))


async def test_a_failure_of_the_service_is_a_failure_of_the_answer(
    make_reader: Make, some_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = await make_reader(some_world)

    async def broken(_strategy: str, _limit: int) -> Recommendations:
        raise StorageError("The repository cannot be read.")

    monkeypatch.setattr(reader.whole.strategies, "recommend", broken)
    with pytest.raises(StorageError):
        await reader.ask("recommendation")


async def test_more_than_can_be_listed_is_said(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    draft = await reader.ask("recommendation", limit=500, strategies=("VCP", "DAY_TRADE"))
    assert "최대" in words_of(draft) and "단타는 추천 목록에 들어가지 않습니다" in words_of(draft)


async def test_day_trades_asked_for_as_recommendations_are_told_from_their_own_list(
    make_reader: Make, some_world: World
) -> None:
    reader = await make_reader(some_world)
    draft = await reader.ask("recommendation", strategies=("DAY_TRADE",))
    assert "단타는 추천 목록에 들어가지 않습니다" in words_of(draft) and "단타 신호" in words_of(draft)
    assert [proposal.arguments["panel"] for proposal in draft.proposals] == ["day_scanner"]


# -- signals ----------------------------------------------------------------------------------------------------------------


async def test_signals_are_those_of_the_scans(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    as_of = AsOf.end_of(YELLOW)
    await reader.at(as_of)
    draft = await reader.ask("signal", limit=50)
    again = scan(some_world.panel, as_of, DEFAULT_RULES)
    rows = np.flatnonzero(again.pattern)
    order = sorted(rows.tolist(), key=lambda row: (-int(again.grade[row]), -float(again.total_score[row])))
    shown = [fact for fact in draft.book.facts if fact.name == "vcp.total" and fact.target.strategy == "VCP"]
    assert [fact.ticker for fact in shown] == [str(some_world.panel.tickers[row]) for row in order]
    assert [fact.value for fact in shown] == [float(again.total_score[row]) for row in order]
    counts = {(f.target.strategy, f.name): f.value for f in draft.book.facts if f.name == "signal.count"}
    closing, day = reader.whole.strategies.closing.last, reader.whole.strategies.day_trades.last
    assert closing is not None and day is not None
    assert counts == {
        ("VCP", "signal.count"): len(rows),
        ("CLOSING_BET", "signal.count"): int((closing.scan.phase != SignalPhase.NONE).sum()),
        ("DAY_TRADE", "signal.count"): int((day.scan.grade[day.scan.order] >= Grade.B).sum()),
    }
    assert not unlinked_digits(draft)


async def test_without_a_closing_bet_its_candidates_are_told_as_such(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(RED))
    picture = reader.whole.strategies.closing.last
    assert picture is not None and not (picture.scan.phase != SignalPhase.NONE).any() and len(picture.scan.order)
    draft = await reader.ask("signal", strategies=("CLOSING_BET",))
    best = picture.scan.order[:5].tolist()
    shown = [fact for fact in draft.book.facts if fact.name == "closing.total"]
    assert [fact.value for fact in shown] == [float(picture.scan.total[row]) for row in best]
    assert "신호는 아니지만" in words_of(draft) and not unlinked_digits(draft)


async def test_what_changed_is_the_difference_of_two_scans(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    draft = await reader.ask("signal", intents=("diff",))
    now, before = (scan(some_world.panel, AsOf.end_of(day), DEFAULT_RULES) for day in (YELLOW, RED))
    counts = {fact.target.item: fact.value for fact in draft.book.facts if fact.name == "diff.count"}
    expected = {
        "entered": int((now.pattern & ~before.pattern).sum()),
        "left": int((before.pattern & ~now.pattern).sum()),
        "regraded": int((now.pattern & before.pattern & (now.grade != before.grade)).sum()),
    }
    assert counts == {name: count for name, count in expected.items() if count} and counts
    for fact in draft.book.facts:
        if fact.name == "diff.change" and fact.ticker:
            row = some_world.panel.row_of(fact.ticker)
            assert row is not None and fact.value == now.total_score[row] - before.total_score[row]
    gate = [fact.value for fact in draft.book.facts if fact.name == "diff.change" and not fact.ticker]
    assert gate == [69 - 80]  # the two readings of test_market_answers
    assert not unlinked_digits(draft)


async def test_a_record_is_told_for_a_question_about_signals_too(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    reader.whole.strategies.records.publish(RecordTable((_ENOUGH, _FEW), reader.desk.as_of, "2026.1", ()))
    draft = await reader.ask("signal", strategies=("VCP",), grades=("A",), intents=("record",))
    assert [fact.value for fact in draft.book.facts if fact.name == "record.n"] == [48]


async def test_grades_asked_for_are_the_only_ones(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    draft = await reader.ask("signal", strategies=("DAY_TRADE",), grades=("B",))
    grades = {fact.value for fact in draft.book.facts if fact.name == "day.grade"}
    assert grades == {"B"}
    none = await reader.ask("signal", strategies=("DAY_TRADE",), grades=("S",))
    assert "신호가 없습니다" in words_of(none) and not none.has_stock


async def test_near_misses_are_the_services_nearest_first(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(RED))
    misses = reader.whole.strategies.near_misses("DAY_TRADE")
    draft = await reader.ask("signal", strategies=("DAY_TRADE",), intents=("near",), limit=4)
    assert len(misses) > 4
    assert [f.ticker for f in draft.book.facts if f.name == "near.next"] == [miss.ticker for miss in misses[:4]]
    price = next(miss for miss in misses if miss.key == "near.price")
    said = [fact.value for fact in draft.book.facts if fact.name == "near.field" and fact.target.ticker == price.ticker]
    assert price.need in said and not unlinked_digits(draft)


def stored(ticker: str, day: date, grade: str = "A") -> SignalRecord:
    signal = StoredSignal("VCP", ticker, day, "2026.1", {"grade": grade, "total_score": 71.25}, "OPEN", "PENDING", id=7)
    return SignalRecord(signal, 0, 0)


async def test_past_signals_come_from_the_journal_and_never_from_later_days(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    ticker = str(some_world.panel.tickers[0])
    later = YELLOW + timedelta(days=3)
    reader.whole.strategies.journal.signals.publish((stored(ticker, later), stored(ticker, RED), stored(ticker, RED, "B")))
    draft = await reader.ask("signal", strategies=("VCP",), first_day=RED, last_day=later, grades=("A",))
    (row,) = table_rows(draft)
    assert values(row)[0] == RED.isoformat() and values(row)[2:4] == ["A", 71.25]
    beyond = await reader.ask("signal", strategies=("VCP",), first_day=later, last_day=later)
    assert "알 수 없습니다" in words_of(beyond) and not [block for block in beyond.blocks if isinstance(block, Table)]


# -- records ----------------------------------------------------------------------------------------------------------------

_ENOUGH = RecordRow(
    "VCP", int(Grade.A), 48, Interval(1.25, -0.5, 2.75), Interval(56.25, 42.0, 70.0), 0.75, Interval(0.5, -1.25, 2.0), 3,
    "2024-05-02", "2026-02-06", enough=True,
)  # fmt: skip
_FEW = RecordRow(
    "CLOSING_BET", int(Grade.S), 4, Interval(9.5, 1.0, 18.0), Interval(75.0), 0.1, Interval(9.4), 3, "2024-05-02", "2026-02-06",
    enough=False,
)  # fmt: skip


async def test_a_record_is_told_with_interval_and_base_and_few_cases_are_no_record(
    make_reader: Make, some_world: World
) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    notes: Any = (("record.note.no_flows", {"days": 212, "all": 336}), ("record.note.close_proxy", {}))
    reader.whole.strategies.records.publish(RecordTable((_ENOUGH, _FEW), reader.desk.as_of, "2026.1", notes))
    draft = await reader.ask("performance")
    facts = {(fact.name, fact.target.strategy): fact.value for fact in draft.book.facts if fact.name.startswith("record.")}
    assert facts["record.mean_net", "VCP"] == 1.25 and facts["record.low", "VCP"] == -0.5
    assert facts["record.win_rate", "VCP"] == 56.25 and facts["record.base", "VCP"] == 0.75
    assert facts["record.excess_high", "VCP"] == 2.0 and facts["record.n", "CLOSING_BET"] == 4
    assert facts["record.mean_net", "CLOSING_BET"] is None and ("record.win_rate", "CLOSING_BET") not in facts
    text = words_of(draft)
    assert "사례 부족" in text and "수급 자료가 없습니다" in text and "CLOSE_PROXY" in text and not unlinked_digits(draft)
    only = await reader.ask("performance", strategies=("VCP",), grades=("A",))
    assert "CLOSE_PROXY" not in words_of(only) and len(table_rows(only)) == 1


async def test_a_record_of_another_instant_is_not_told(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(RED))
    reader.whole.strategies.records.publish(RecordTable((_ENOUGH,), AsOf.end_of(YELLOW), "2026.1", ()))
    draft = await reader.ask("performance")
    assert "아직 세고 있습니다" in words_of(draft) and not [f for f in draft.book.facts if f.name.startswith("record.")]


def backtest(number: int, until: date, trades: int) -> BacktestSummary:
    return BacktestSummary(
        number, f"run {number}", {"strategy": "VCP"}, "2026.1", AsOf.end_of(until).instant_ns, 1, trades, 20, 20, 52.5, 12.75,
        8.25, None, 1.5, number,
    )  # fmt: skip


async def test_backtests_over_later_data_are_not_told(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(RED))
    reader.whole.strategies.backtests.stored.publish((backtest(1, RED, 40), backtest(2, YELLOW, 40), backtest(3, RED, 8)))
    draft = await reader.ask("performance")
    names = [fact.value for fact in draft.book.facts if fact.name == "backtest.name"]
    assert names == ["run 3", "run 1"]
    assert [f.value for f in draft.book.facts if f.name == "backtest.win_rate"] == [52.5]  # eight trades are too few
    assert [f.value for f in draft.book.facts if f.name == "backtest.max_drawdown"] == [8.25, 8.25]
    assert not unlinked_digits(draft)


# -- news -------------------------------------------------------------------------------------------------------------------


async def test_news_are_the_newest_pieces_quoted_with_their_address(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    draft = await reader.ask("news", limit=5)
    now = reader.desk.as_of.instant_ns
    known = [i for i in some_world.news if i.known_at_ns is not None and i.known_at_ns <= now]
    news = reader.whole.strategies.news.last
    assert news is not None
    groups = cluster_items([item for item in news.items if item in set(known)], DEFAULT_RULES)
    newest = sorted(groups, key=lambda members: -(members[0].published_ns or 0))[:5]
    titles = [fact for fact in draft.book.facts if fact.name == "news.title"]
    assert [(f.value, f.target.url, f.target.news_id) for f in titles] == [(m[0].title, m[0].url, m[0].id) for m in newest]
    assert all(fact.quoted for fact in titles) and [item.title for item in draft.articles] == [f.value for f in titles]
    assert not unlinked_digits(draft)


async def test_words_are_searched_in_the_store_and_none_found_is_said(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    draft = await reader.ask("news", words=("반도체", "뉴스"))
    titles = [str(fact.value) for fact in draft.book.facts if fact.name == "news.title"]
    assert titles and all("반도체" in title for title in titles)
    assert [fact.value for fact in draft.book.facts if fact.name == "news.words"] == ["반도체"]
    nothing = await reader.ask("news", words=("자전거도로",))
    assert "수집된 뉴스가 없습니다" in words_of(nothing) and not nothing.articles


async def test_a_store_that_tells_the_future_is_not_believed(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(RED))
    late = kst_ns(YELLOW, 9)
    item = NewsItem(1, (), "내일의 반도체", "https://news.example/late", "연합뉴스", late, late)

    class Early:
        def search_news(self, *_: Any, **__: Any) -> tuple[tuple[NewsItem, float], ...]:
            return ((item, 1.0),)

    reader.store = Early()
    draft = await reader.ask("news", words=("반도체",))
    assert "내일의" not in words_of(draft) and "수집된 뉴스가 없습니다" in words_of(draft)


async def test_words_about_days_are_no_words_to_search_and_missing_disclosures_are_said(
    make_reader: Make, some_world: World
) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.end_of(YELLOW))
    draft = await reader.ask(
        "news", text="어제 나온 공시 정리해줘", words=("어제", "나온", "정리"), first_day=RED, last_day=RED
    )
    assert "수집된 공시가 없습니다" in words_of(draft)
    days = {fact.day for fact in draft.book.facts if fact.name == "news.published"}
    assert days == {RED}


async def test_no_collector_is_missing_and_no_item_is_none(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(replace(some_world, news=()))
    await reader.at(AsOf.end_of(YELLOW))
    draft = await reader.ask("news")
    assert "자료 없음" in words_of(draft) and "수집된 뉴스가 없습니다" not in words_of(draft)
    assert [key for key, _ in draft.notes] == ["assistant_market.note.no_news"]
    picture = reader.whole.strategies.news.last
    assert picture is not None
    reader.whole.strategies.news.publish(replace(picture, collected=True))
    assert "수집된 뉴스가 없습니다" in words_of(await reader.ask("news"))


# -- conditions -------------------------------------------------------------------------------------------------------------


async def test_a_condition_is_counted_over_the_market_and_offered_as_a_filter(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    as_of = AsOf.end_of(YELLOW)
    await reader.at(as_of)
    text = "RS >= 80 그리고 외국인 > 0"
    draft = await reader.ask("general", intents=("screen",), filter_text=text)
    again = scan(some_world.panel, as_of, DEFAULT_RULES)
    mask = (again.rs >= 80) & (again.foreign_5d_krw > 0)
    facts = {fact.name: fact.value for fact in draft.book.facts}
    assert facts["screen.list"] == int(mask.sum()) > 0
    assert facts["screen.eligible"] == int((mask & (again.ineligible == 0)).sum())
    best = sorted(np.flatnonzero(mask).tolist(), key=lambda row: -np.nan_to_num(again.total_score[row], nan=-1))[:10]
    rows = table_rows(draft)
    assert [row[0].ticker for row in rows if isinstance(row[0], Fact)] == [str(some_world.panel.tickers[row]) for row in best]
    assert [values(row)[5] for row in rows] == [float(again.rs[row]) for row in best]
    assert [values(row)[6] for row in rows] == [float(again.foreign_5d_krw[row]) for row in best]
    (offer,) = draft.proposals
    assert offer.action == "set_filter" and offer.arguments == {"panel": "symbols", "text": text} and offer.state == "offered"


async def test_a_condition_that_cannot_be_read_says_why(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    draft = await reader.ask("general", intents=("screen",), filter_text="거래대급 >= 10억")
    assert "읽지 못했습니다" in words_of(draft) and "거래대급" in words_of(draft)
    assert not draft.proposals and not unlinked_digits(draft)
    none = await reader.ask("general", "en", intents=("screen",), filter_text="RS >= 99 and price < 1")
    assert "No symbol meets" in words_of(none)


async def test_without_a_scan_a_condition_is_an_error(make_reader: Make, some_world: World) -> None:
    reader = await make_reader(some_world)
    await reader.at(AsOf.at(date(2000, 1, 4), 10))
    with pytest.raises(DataUnavailable) as caught:
        await reader.ask("general", intents=("screen",), filter_text="RS >= 80")
    assert caught.value.key == "error.chat.no_scan"


# -- the future -------------------------------------------------------------------------------------------------------------

_QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("market", {}), ("recommendation", {}), ("signal", {"limit": 50}), ("signal", {"intents": ("near",), "limit": 20}),
    ("news", {"limit": 20}), ("news", {"words": ("수주",)}), ("general", {"intents": ("screen",), "filter_text": "RS >= 60"}),
    ("market", {"first_day": date(2026, 1, 20), "last_day": date(2026, 1, 20)}),
)  # fmt: skip


async def said(reader: Reader, as_of: AsOf) -> list[list[str]]:
    await reader.at(as_of)
    return [lines_of(await reader.ask(kind, **rest)) for kind, rest in _QUESTIONS]


@pytest.mark.parametrize(("hour", "minute"), [(10, 7), (15, 39), (15, 41), (18, 11)])
async def test_what_became_known_later_changes_no_word(make_reader: Make, some_world: World, hour: int, minute: int) -> None:
    as_of = AsOf.at(GREEN, hour, minute)
    truth = await said(await make_reader(some_world), as_of)
    other = await said(await make_reader(changed_future(some_world, as_of, seed=hour)), as_of)
    assert truth == other
    assert sum(len(lines) for lines in truth) > 100
