"""Gate, sectors, ranks, news scores, backtests, profiles, notices and tries in the repository, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Table, select

from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.evidence import ItemState
from engine.model.gate import GateComponent, GateReading, GateStatus, IndexState, SectorState
from engine.model.instants import AsOf, kst_ns
from engine.model.news import ModelVerdict, NewsCluster, NewsItem, StockNews
from engine.model.scan import ScoreStatus
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.schema.records import MARKET_STATUS, NEWS_SCORE, RS_RANK, SECTOR_RETURN
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.strategy_ports import BacktestSummary, NoticeRecord, RuleProfile, StoredBacktest
from tests.data.builders import DAY


def rows(store: SqlStrategyStore, table: Table) -> list[dict[str, Any]]:
    with store.database.read() as connection:
        return [row._asdict() for row in connection.execute(select(table).order_by(*table.primary_key.columns))]


def reading(status: GateStatus, score: float | None, hour: int) -> GateReading:
    level = IndexState("KOSPI", 2_600.25, 0.4, (2_590.0, 2_600.25))
    return GateReading(
        as_of=AsOf.at(DAY, hour),
        day_index=3,
        ruleset="2026.1",
        status=status,
        score=score,
        coverage=90.0,
        components=(
            GateComponent("kospi", 3.0, "count", 22.0, 30.0, ItemState.PASSED, (("above_short", True), ("above_long", None))),
            GateComponent("fx", None, "%", 0.0, 10.0, ItemState.UNKNOWN),
        ),
        shock_pct=0.4,
        kospi=level,
        kosdaq=IndexState("KOSDAQ", None, None),
        usd_krw=IndexState("USDKRW", 1_390.5, -0.1),
        breadth_known=900,
        breadth_above=500,
    )


def test_the_latest_reading_of_a_day_is_kept(strategies: SqlStrategyStore) -> None:
    sector = SectorState("반도체", 12, 1.25, float("nan"), "bullish", 62.5, 1)
    strategies.store_gate(reading(GateStatus.GREEN, 74.0, 18), [sector], DAY)
    strategies.store_gate(reading(GateStatus.YELLOW, 55.0, 16), [], DAY)  # an earlier instant looked at again
    (stored,) = rows(strategies, MARKET_STATUS)
    assert (stored["status"], stored["score"], stored["kospi"], stored["kosdaq"]) == ("GREEN", 74.0, 2_600.25, None)
    assert stored["sectors"] == [
        {
            "name": "반도체",
            "members": 12,
            "change_pct": 1.25,
            "return_5d_pct": None,
            "signal": "bullish",
            "score": 62.5,
            "rank": 1,
        }
    ]
    assert stored["components"][0]["tests"] == [["above_short", True], ["above_long", None]]
    assert stored["components"][1]["value"] is None
    strategies.store_gate(reading(GateStatus.UNKNOWN, None, 19), [], DAY)
    assert [(row["status"], row["score"]) for row in rows(strategies, MARKET_STATUS)] == [("UNKNOWN", None)]


def test_sector_returns_and_ranks_are_rewritten_by_key(strategies: SqlStrategyStore) -> None:
    strategies.store_sector_returns([("반도체", DAY, 1.0, None, 12), ("조선", DAY, float("nan"), 2.0, 5)])
    strategies.store_sector_returns([("반도체", DAY, 1.5, 3.0, 13)])
    assert [(r["sector"], r["r1"], r["r5"], r["members"]) for r in rows(strategies, SECTOR_RETURN)] == [
        ("반도체", 1.5, 3.0, 13),
        ("조선", None, 2.0, 5),
    ]
    strategies.store_ranks(DAY, "2026.1", [("000010", 12.5, np.int64(88), 900), ("000020", None, None, 900)])  # type: ignore[list-item]
    strategies.store_ranks(DAY, "2026.1", [("000010", 13.0, 89, 901)])
    assert [(r["ticker"], r["raw"], r["rs"], r["n"]) for r in rows(strategies, RS_RANK)] == [
        ("000010", 13.0, 89, 901),
        ("000020", None, None, 900),
    ]
    strategies.store_ranks(DAY, "2026.1", [])


def test_news_scores_keep_both_scores(strategies: SqlStrategyStore) -> None:
    item = NewsItem(7, ("000010",), "수주", "https://a.kr/7", "연합뉴스", 1_000, 1_000)
    cluster = NewsCluster(item, (item,), 2.0, 0.9, 1.0, 1.0, 0.9, 1.8, False, ())
    verdict = ModelVerdict(3, "positive", 0.8, "contract", ("7",), False, "", "model-x", "p1", 3.0)
    scored = StockNews("000010", ScoreStatus.OK, 2.0, 1.8, 1.8, False, (cluster,), verdict=verdict)
    missing = StockNews("000020", ScoreStatus.MISSING, None, float("nan"), float("nan"), False, ())
    strategies.store_news_scores(DAY, "2026.1", [scored, missing])
    first, second = rows(strategies, NEWS_SCORE)
    assert (first["rule_points"], first["llm_points"], first["final"], first["model"]) == (2.0, 3.0, 3.0, "model-x")
    assert first["clusters"] == [{"id": 7, "members": [7], "points": 2.0, "weight": 0.9, "effect": 1.8, "veto": False}]
    assert (second["rule_points"], second["llm_points"], second["final"], second["net"]) == (None, None, None, None)


# -- backtests and profiles ------------------------------------------------------------------------------------------------


def summary(name: str = "기본", created: int = 5) -> BacktestSummary:
    return BacktestSummary(
        id=0, config_name=name, config={"strategy": "VCP", "changes": {"vcp.rs_min": 80}}, ruleset="2026.1", data_cutoff_ns=9,
        seed=11, total_trades=2, winning=1, losing=1, win_rate=50.0, total_return_pct=3.25, max_drawdown_pct=1.5, sharpe=None,
        profit_factor=float("nan"), created_ns=created,
    )  # fmt: skip


TRADES: dict[str, list[Any]] = {
    "ticker": ["000010", "000020"],
    "entry_ns": [1_000, 2_000],
    "entry_krw": [12_345.5, 9_990.0],
    "exit_ns": [3_000, None],
    "exit_krw": [13_000.0, float("nan")],
    "exit_reason": ["TARGET", ""],
    "net_pct": [np.float64(5.01), float("nan")],
    "grade": ["S", "A"],
    "risk_multiple": [0.6, float("nan")],
}


def test_a_backtest_comes_back_as_it_was_stored(strategies: SqlStrategyStore) -> None:
    test = StoredBacktest(summary(), ("2026-01-02", "2026-01-05"), (100.0, 103.25), TRADES)
    key = strategies.store_backtest(test)
    back = strategies.backtest(key)
    assert back.summary == replace(summary(), id=key, profit_factor=None)
    assert (back.equity_days, back.equity_krw) == (test.equity_days, test.equity_krw)
    assert list(back.trades) == list(TRADES)
    assert back.trades["entry_krw"] == [12_345.5, 9_990]
    assert back.trades["exit_krw"] == [13_000, None]
    assert back.trades["net_pct"] == [5.01, None]
    assert (back.trades["grade"], back.trades["risk_multiple"]) == (["S", "A"], [0.6, None])


def test_backtests_are_listed_newest_first_and_can_be_removed(strategies: SqlStrategyStore) -> None:
    first = strategies.store_backtest(StoredBacktest(summary(created=5), (), (), {}))
    second = strategies.store_backtest(StoredBacktest(summary("다른", 6), (), (), TRADES))
    assert [item.id for item in strategies.backtests()] == [second, first]
    assert [item.id for item in strategies.backtests("기본")] == [first]
    assert strategies.backtest(first).trades == {}
    strategies.delete_backtest(second)
    assert [item.id for item in strategies.backtests()] == [first]
    for call in (strategies.backtest, strategies.delete_backtest):
        with pytest.raises(DataUnavailable):
            call(second)


@pytest.mark.parametrize("trades", [{"ticker": ["000010"], "net_pct": []}, {"net_pct": [1.0]}])
def test_uneven_columns_are_refused(strategies: SqlStrategyStore, trades: dict[str, list[Any]]) -> None:
    with pytest.raises(ValidationFailed):
        strategies.store_backtest(StoredBacktest(summary(), (), (), trades))
    assert strategies.backtests() == ()


def test_profiles_are_kept_by_name(strategies: SqlStrategyStore) -> None:
    strategies.save_profile(RuleProfile("느슨한 규칙", {"vcp.rs_min": 60.0}, "2026.1+aaaa", 7))
    strategies.save_profile(RuleProfile("100%_b", {}, "2026.1", 8))
    strategies.save_profile(RuleProfile("느슨한 규칙", {"vcp.rs_min": 55.0}, "2026.1+bbbb", 9))
    assert strategies.profiles() == (
        RuleProfile("100%_b", {}, "2026.1", 8),
        RuleProfile("느슨한 규칙", {"vcp.rs_min": 55.0}, "2026.1+bbbb", 9),
    )
    strategies.delete_profile("100%_b")
    assert [profile.name for profile in strategies.profiles()] == ["느슨한 규칙"]
    with pytest.raises(DataUnavailable):
        strategies.delete_profile("100%_b")
    for name in ("", " 앞 공백", "x" * 61, "줄\n바꿈"):
        with pytest.raises(ValidationFailed):
            strategies.save_profile(RuleProfile(name, {}, "2026.1", 1))


# -- notices and tries -----------------------------------------------------------------------------------------------------


def notice(dedup: str, day: date = DAY, hour: int = 16) -> NoticeRecord:
    return NoticeRecord(
        0, dedup, kst_ns(day, hour), 0, "signal", "VCP", "000010", "notice.signal.vcp", {"grade": "S", "score": 81.5, "n": 3}
    )


def test_a_fact_is_stored_once_for_ever(strategies: SqlStrategyStore, ready_place: str, clock: Any) -> None:
    first = strategies.add_notices([notice("a"), notice("b", hour=17), notice("a")])
    assert [item.dedup for item in first] == ["a", "b"]
    assert all(item.id > 0 and item.created_ns == clock.ns for item in first)
    assert strategies.add_notices([notice("b"), notice("c", hour=15)])[0].dedup == "c"
    assert strategies.add_notices([]) == ()
    with open_database(ready_place) as again:  # another start of the program
        later = SqlStrategyStore(again, clock)
        assert later.add_notices([notice("a"), notice("b"), notice("c")]) == ()
        assert [item.dedup for item in later.notices()] == ["b", "a", "c"]
        assert later.notices(limit=1) == (first[1],)
        assert [item.dedup for item in later.notices(known_at_ns=kst_ns(DAY, 16))] == ["a", "c"]


def test_notices_are_marked(strategies: SqlStrategyStore) -> None:
    one, two = strategies.add_notices([notice("a"), notice("b")])
    strategies.mark_notices([one.id], shown=True)
    strategies.mark_notices([one.id, two.id], read=True)
    strategies.mark_notices([], shown=True)
    strategies.mark_notices([two.id])
    assert [(item.dedup, item.shown, item.read) for item in strategies.notices()] == [("b", False, True), ("a", True, True)]


def test_tries_are_counted_by_strategy(strategies: SqlStrategyStore) -> None:
    assert strategies.remember_tries("VCP", ["2026.1", "2026.1+a", "2026.1"]) == 2
    assert strategies.remember_tries("VCP", ["2026.1+a"]) == 2
    assert strategies.remember_tries("CLOSING_BET", ["2026.1"]) == 1
