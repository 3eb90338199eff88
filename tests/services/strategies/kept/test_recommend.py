"""The recommendation contract of domain.md §8.3, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.calendar.trading_days import TradingCalendar
from engine.model.closing import CLOSING_COMPONENTS, ClosingRun, SignalPhase
from engine.model.errors import StorageError, ValidationFailed
from engine.model.gate import GateReading, GateStatus, IndexState
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.performance import Interval, RecordRow
from engine.model.scan import ITEMS, Grade, VcpState
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.recommend import load_and_recommend, recommend, trading_days_after
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, Recommendations, RecordTable
from ralphstock_desktop.strategy_ports import SignalRecord
from tests.services.strategies.kept.kept_market import day, flat, market, run_of, stored

TICKERS = ("000010", "000020", "000030", "000040")
S, A, B, NONE = Grade.S, Grade.A, Grade.B, Grade.NONE
TODAY = AsOf.at(day(4), 16)
"""A Friday, after the official bar; the market has five days."""
EQUITY = 100_000_000.0


def panel(days: int = 5, values: tuple[float, ...] = (5e10,) * 4) -> MarketPanel:
    made = market({ticker: flat(days) for ticker in TICKERS})
    made.value_krw[:] = np.array(values)[:, None]
    return made


def vcp(
    grades: tuple[Grade, ...],
    scores: tuple[float, ...],
    *,
    index: int = 4,
    coverage: float = 100.0,
    on: MarketPanel | None = None,
) -> ScanPicture:
    """A VCP scan of the four symbols; NONE is no pattern."""
    scan: Any = SimpleNamespace(
        day_index=index,
        ruleset=DEFAULT_RULES.ruleset_id,
        pattern=np.array([grade is not NONE for grade in grades]),
        grade=np.array(grades, dtype=np.uint8),
        coverage=np.full(4, coverage),
        total_score=np.array(scores),
        vcp_score=np.array([np.nan, np.nan, np.nan, 80.0]),
        entry_krw=np.full(4, 10_000.0),
        stop_krw=np.full(4, 9_500.0),
        target_krw=np.full(4, 11_500.0),
        mean_value_krw=np.full(4, 5e10),
        state=np.full(4, VcpState.NEAR_PIVOT),
        dist_pct=np.full(4, 1.234),
        vol_ratio=np.full(4, 0.8),
        dry_ratio=np.full(4, 0.4),
        rs=np.full(4, 91.0),
        base_bars=np.full(4, 60),
        t_count=np.full(4, 3),
        item_points=np.zeros((4, len(ITEMS))),
        depths_pct=lambda row: np.array([20.0, 10.0, 4.0]),
    )
    return ScanPicture(scan, on or panel(), DEFAULT_RULES, 0.0, 4, 4, 4)


def closing(
    grades: tuple[Grade, ...],
    totals: tuple[float, ...],
    *,
    index: int = 4,
    run: ClosingRun = ClosingRun.CONFIRMED,
    gate: GateStatus = GateStatus.GREEN,
    values: tuple[float, ...] = (2e11,) * 4,
    on: MarketPanel | None = None,
) -> ClosingPicture:
    """A closing-bet scan of the four symbols; NONE is no signal."""
    points = np.zeros((4, len(CLOSING_COMPONENTS)))
    points[:, :2] = (3.0, 2.0)
    points[:, 3] = 1.0
    scan: Any = SimpleNamespace(
        day_index=index,
        run=run,
        ruleset=DEFAULT_RULES.ruleset_id,
        gate=gate,
        phase=np.array([SignalPhase.NONE if grade is NONE else SignalPhase.PENDING for grade in grades]),
        grade=np.array(grades, dtype=np.uint8),
        total=np.array(totals),
        score_pct=100.0 * np.array(totals) / 12.0,
        coverage=np.full(4, 100.0),
        points=points,
        entry_krw=np.full(4, 10_000.0),
        stop_krw=np.full(4, 9_700.0),
        target_krw=np.full(4, 10_500.0),
        value_krw=np.array(values),
    )
    return ClosingPicture(scan, on or panel(), DEFAULT_RULES, None, None, 0.0)  # type: ignore[arg-type]


def gate(status: GateStatus) -> GateReading:
    level = IndexState("KOSPI", None, None)
    return GateReading(TODAY, 4, "2026.1", status, 71.0, 90.0, (), None, level, level, level, 0, 0)


def ask(
    pattern: ScanPicture | None = None,
    bet: ClosingPicture | None = None,
    *,
    status: GateStatus | None = GateStatus.GREEN,
    strategy: Any = "both",
    limit: Any = 5,
    as_of: AsOf = TODAY,
    records: RecordTable | None = None,
    equity: float = EQUITY,
    signals: tuple[SignalRecord, ...] | None = None,
) -> Recommendations:
    return recommend(
        strategy=strategy,
        limit=limit,
        as_of=as_of,
        vcp=pattern,
        closing=bet,
        gate=gate(status) if status is not None else None,
        records=records,
        equity_krw=equity,
        signals=signals,
    )


NO_VCP, NO_BET = vcp((NONE,) * 4, (0.0,) * 4), closing((NONE,) * 4, (0.0,) * 4)


def test_only_open_signals_of_grade_s_and_a() -> None:
    found = ask(vcp((S, A, B, NONE), (81.0, 66.0, 64.0, 90.0)), NO_BET)
    assert [(item.ticker, item.grade, item.strategies) for item in found.items] == [
        ("000010", S, ("VCP",)),
        ("000020", A, ("VCP",)),
    ]
    assert (found.reason, found.as_of) == ("", TODAY)
    assert ask(vcp((S, A, B, NONE), (81.0, 66.0, 64.0, 0.0), coverage=69.9)).items == ()  # never open, §0.3


def test_order_is_grade_then_comparable_score_then_value_then_ticker() -> None:
    """8 of 12 points are 66.67 of 100: before a VCP of 66.60, after one of 66.70; an S of 80.00 before all."""
    patterns = vcp((A, A, S, NONE), (66.70, 66.60, 80.0, 0.0))
    bets = closing((NONE, NONE, NONE, A), (0.0, 0.0, 0.0, 8.0))
    assert [item.ticker for item in ask(patterns, bets).items] == ["000030", "000010", "000040", "000020"]
    by_value = vcp((A, A, A, A), (70.0,) * 4, on=panel(values=(1e10, 3e10, 3e10, float("nan"))))
    by_value.panel.volume_shares[3] = 0  # its value is not known at all
    assert [item.ticker for item in ask(by_value).items] == ["000020", "000030", "000010", "000040"]


def test_one_symbol_found_twice_is_one_entry() -> None:
    """A bet of 10 points is 83.33; the pattern's 82.00 stands behind it, its 84.00 before it."""
    both = ask(vcp((S, NONE, NONE, NONE), (82.0, 0, 0, 0)), closing((S, NONE, NONE, NONE), (10.0, 0, 0, 0)))
    (entry,) = both.items
    assert (entry.strategies, entry.score_scale, entry.target_krw) == (("CLOSING_BET", "VCP"), "10/12", 10_500.0)
    assert entry.score == pytest.approx(83.3333, abs=1e-4)
    (entry,) = ask(vcp((S, NONE, NONE, NONE), (84.0, 0, 0, 0)), closing((S, NONE, NONE, NONE), (10.0, 0, 0, 0))).items
    assert (entry.strategies, entry.score_scale, entry.stop_krw) == (("VCP", "CLOSING_BET"), "84.0/100", 9_500.0)


@pytest.mark.parametrize(("strategy", "tickers"), [("vcp", ["000010"]), ("jongga", ["000020"]), ("both", ["000010", "000020"])])
def test_a_strategy_can_be_asked_for(strategy: str, tickers: list[str]) -> None:
    found = ask(vcp((S, NONE, NONE, NONE), (90.0, 0, 0, 0)), closing((NONE, A, NONE, NONE), (0, 8.0, 0, 0)), strategy=strategy)
    assert [item.ticker for item in found.items] == tickers


@pytest.mark.parametrize("limit", [0, 21, -1, True, 2.5, "5"])
def test_a_limit_outside_1_to_20_is_refused(limit: object) -> None:
    with pytest.raises(ValidationFailed) as caught:
        ask(NO_VCP, limit=limit, status=GateStatus.RED)  # refused before anything else is looked at
    assert caught.value.key == "error.recommend.limit"


def test_the_limit_cuts_the_end() -> None:
    patterns = vcp((A, A, S, S), (70.0, 71.0, 80.0, 81.0))
    assert [item.ticker for item in ask(patterns, limit=2).items] == ["000040", "000030"]
    assert len(ask(patterns, limit=20).items) == 4
    with pytest.raises(ValidationFailed) as caught:
        ask(patterns, strategy="day")
    assert caught.value.key == "error.recommend.strategy"


@pytest.mark.parametrize(
    ("status", "reason"), [(GateStatus.RED, "GATE_RED"), (GateStatus.UNKNOWN, "GATE_UNKNOWN"), (None, "GATE_UNKNOWN")]
)
def test_a_closed_gate_gives_an_empty_list_with_its_reason(status: GateStatus | None, reason: str) -> None:
    found = ask(vcp((S, S, S, S), (90.0,) * 4), status=status)
    assert (found.items, found.reason) == ((), reason)


def test_an_empty_list_says_why() -> None:
    assert ask(NO_VCP, NO_BET).reason == "NO_SIGNALS"
    assert ask(None, None).reason == "STALE_DATA"
    old = vcp((S, NONE, NONE, NONE), (90.0, 0, 0, 0), index=2)
    assert ask(old, None).reason == "STALE_DATA"
    assert ask(old, NO_BET).reason == "NO_SIGNALS"  # one strategy is current and found nothing
    assert ask(old, NO_BET, strategy="vcp").reason == "STALE_DATA"


def test_a_pattern_is_good_for_the_next_trading_day_a_bet_for_its_own() -> None:
    patterns, bets = vcp((S, NONE, NONE, NONE), (90.0, 0, 0, 0)), closing((NONE, A, NONE, NONE), (0, 8.0, 0, 0))

    def on(moment: AsOf) -> list[str]:
        return [item.ticker for item in ask(patterns, bets, as_of=moment).items]

    assert on(TODAY) == ["000010", "000020"]
    assert on(AsOf.at(date(2026, 3, 8), 12)) == ["000010", "000020"]  # Sunday: no trading day since
    assert on(AsOf.at(date(2026, 3, 9), 8)) == ["000010"]  # Monday, one trading day later
    assert ask(patterns, bets, as_of=AsOf.at(date(2026, 3, 10), 8)).reason == "STALE_DATA"


def test_a_preview_recommends_nothing() -> None:
    assert ask(None, closing((S, S, S, S), (10.0,) * 4, run=ClosingRun.PREVIEW)).reason == "STALE_DATA"


def test_quantity_weight_and_scales() -> None:
    """Account 1억, grade A, entry 10,000, stop 9,500: R = 500,000 × 1.0 → 1,000 shares (12 % of capital would be 1,200).

    The bet, grade S: 500,000 × 1.5 / 300 = 2,500, capital 15 % = 1,500. YELLOW halves R: 500 and 1,250.
    """
    patterns, bets = vcp((A, NONE, NONE, NONE), (66.25, 0, 0, 0)), closing((NONE, S, NONE, NONE), (0, 10.0, 0, 0))
    bet, pattern = ask(patterns, bets).items
    assert (pattern.qty, pattern.weight_pct, pattern.score_scale, pattern.score) == (1_000, 12.0, "66.2/100", 66.25)
    assert (bet.qty, bet.weight_pct, bet.score_scale) == (1_500, 15.0, "10/12")
    assert (pattern.name, pattern.signal_date, pattern.traded_value_krw) == ("종목1", day(4), 5e10)
    yellow = closing((NONE, S, NONE, NONE), (0, 10.0, 0, 0), gate=GateStatus.YELLOW)
    assert [item.qty for item in ask(patterns, yellow, status=GateStatus.YELLOW).items] == [1_250, 500]
    assert [item.qty for item in ask(patterns, bets, equity=0.0).items] == [0, 0]


def test_reasons_are_texts_with_their_numbers() -> None:
    found = ask(vcp((NONE, NONE, NONE, S), (0, 0, 0, 85.0)), closing((S, NONE, NONE, NONE), (10.0, 0, 0, 0)))
    reasons = {item.ticker: item.reasons for item in found.items}
    assert ("reason.contractions", {"count": 3, "depths": "20→10→4", "bars": 60}) in reasons["000040"]
    assert reasons["000010"] == (
        ("recommend.reason.news", {"points": "3", "most": "3"}),
        ("recommend.reason.candle", {"points": "1", "most": "1"}),
        ("recommend.reason.volume", {"points": "2", "most": "3"}),
    )


def test_the_honest_record_of_its_grade_stands_beside_an_entry() -> None:
    row = RecordRow("VCP", int(A), 40, Interval(0.5), Interval(48.0), 0.4, Interval(0.1), 1, "2025-01-02", "2026-03-06", True)
    table = RecordTable((row,), TODAY, DEFAULT_RULES.ruleset_id, ())
    found = ask(vcp((S, A, NONE, NONE), (81.0, 66.0, 0, 0)), records=table)
    assert [item.record for item in found.items] == [None, row]


# -- what the repository says of the signals --------------------------------------------------------------------------------


def test_a_signal_that_has_ended_is_no_candidate() -> None:
    patterns = vcp((S, S, NONE, NONE), (90.0, 85.0, 0, 0))
    kept = SignalRecord(replace(stored("000010", 4), status="CLOSED", phase="DONE"), 0, 0)
    elsewhere = SignalRecord(replace(stored("000020", 3), status="CLOSED", phase="DONE"), 0, 0)
    assert [item.ticker for item in ask(patterns, signals=(kept, elsewhere)).items] == ["000020"]


def test_after_the_flows_the_confirmed_bets_count() -> None:
    """FLOW_FINAL is for study: what it lifts to S was stored as A, and what it newly finds is no signal."""
    study = closing((S, S, NONE, NONE), (11.0, 10.0, 0, 0), run=ClosingRun.FLOW_FINAL)
    kept = SignalRecord(stored("000010", 4, strategy="CLOSING_BET", grade="A", score=9.0, score_pct=75.0), 0, 0)
    (entry,) = ask(None, study, signals=(kept,)).items
    assert (entry.ticker, entry.grade, entry.score, entry.score_scale) == ("000010", A, 75.0, "9/12")
    assert len(ask(None, study).items) == 2


def test_a_broken_repository_is_an_error_never_an_empty_list(store: SqlStrategyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acceptance test 3b."""
    asked: dict[str, Any] = {
        "strategy": "both", "limit": 5, "as_of": TODAY, "vcp": vcp((S, S, NONE, NONE), (90.0, 85.0, 0, 0)), "closing": None,
        "gate": gate(GateStatus.GREEN), "records": None, "equity_krw": EQUITY,
    }  # fmt: skip
    store.store_scan(run_of(index=4, as_of=AsOf.at(day(4), 15, 31)), [stored("000010", 4), stored("000020", 4)])
    key = next(record.signal.id for record in store.signals(ticker="000010"))
    store.set_life(key or 0, "CLOSED", "DONE", None, "EXPIRED", ended_ns=AsOf.at(day(4), 15, 40).instant_ns)
    assert [item.ticker for item in load_and_recommend(store, **asked).items] == ["000020"]
    early = {**asked, "as_of": AsOf.at(day(4), 15, 35)}
    assert [item.ticker for item in load_and_recommend(store, **early).items] == ["000010", "000020"]  # not ended yet then

    def broken(**_: object) -> object:
        raise StorageError("The disk is gone.")

    monkeypatch.setattr(store, "signals", broken)
    with pytest.raises(StorageError):
        load_and_recommend(store, **asked)
    with pytest.raises(ValidationFailed):
        load_and_recommend(store, **{**asked, "limit": 0})


def test_age_is_counted_in_trading_days() -> None:
    made = panel()
    holiday = TradingCalendar(np.array(["2026-03-06", "2026-03-10"], dtype="datetime64[D]"))
    assert trading_days_after(made, day(2), TODAY) == 2
    assert trading_days_after(made, day(4), AsOf.at(date(2026, 3, 10), 9)) == 2
    assert trading_days_after(made, day(4), AsOf.at(date(2026, 3, 10), 9), holiday) == 1
    assert trading_days_after(made, day(4), AsOf.at(day(3), 9)) == 0
