"""What scans, gates and lives have to tell: new signals, changed grades, and keys that name the fact and not the moment."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import resources
from engine.model.closing import ClosingRun, SignalPhase
from engine.model.daytrade import EntryBan
from engine.model.gate import GateReading, GateStatus, IndexState
from engine.model.instants import AsOf, kst_ns
from engine.model.scan import Grade, ScanFlag
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.notice_facts import gate_notices, life_notices, scan_notices
from ralphstock_desktop.services.signal_life import LifeChange
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture
from ralphstock_desktop.strategy_ports import NoticeRecord, SignalRecord, TradeRecord
from tests.services.strategies.kept.kept_market import day, flat, market, stored

TICKERS = ("000010", "000020", "000030")
PANEL = market({ticker: flat(3) for ticker in TICKERS})
S, A, B, C = Grade.S, Grade.A, Grade.B, Grade.C


def vcp(*grades: Grade | None, index: int = 1, what_if: bool = False, coverage: float = 100.0, flags: int = 0) -> ScanPicture:
    """A VCP scan of the three symbols: their grade, None where nothing was detected."""
    scan: Any = SimpleNamespace(
        pattern=np.array([grade is not None for grade in grades]),
        grade=np.array([grade or Grade.NONE for grade in grades], dtype=np.uint8),
        coverage=np.full(3, coverage),
        total_score=np.array([81.256, 66.0, 51.0]),
        entry_krw=np.array([10_000.0, 12_345.0, np.nan]),
        flags=np.full(3, flags, dtype=np.uint16),
        day_index=index,
        as_of=AsOf.at(day(index), 16),
    )
    return ScanPicture(scan, PANEL, DEFAULT_RULES, 0.0, 3, 3, 3, what_if=what_if)


def closing(run: ClosingRun, *grades: Grade | None, index: int = 1, phase: SignalPhase = SignalPhase.PENDING) -> ClosingPicture:
    scan: Any = SimpleNamespace(
        run=run,
        day_index=index,
        as_of=AsOf.at(day(index), 15, 12),
        phase=np.array([SignalPhase.NONE if grade is None else phase for grade in grades], dtype=np.uint8),
        grade=np.array([grade or Grade.NONE for grade in grades], dtype=np.uint8),
        total=np.array([10.0, 8.0, 6.0]),
        entry_krw=np.full(3, 10_000.0),
    )
    return ClosingPicture(scan, PANEL, DEFAULT_RULES, None, None, 0.0)  # type: ignore[arg-type]


def day_trade(*grades: Grade, index: int = 1, bans: EntryBan = EntryBan.NONE) -> DayTradePicture:
    scan: Any = SimpleNamespace(
        now_ns=kst_ns(day(index), 10),
        eligible=np.array([True, True, False]),
        grade=np.array(grades, dtype=np.uint8),
        bans=np.full(3, bans, dtype=np.uint16),
        score=np.full(3, 70.0),
        entry_krw=np.full(3, 10_000.0),
    )
    return DayTradePicture(scan, None, PANEL, DEFAULT_RULES, None, 0.0, "live")  # type: ignore[arg-type]


def told(notices: list[NoticeRecord]) -> list[tuple[str, str]]:
    return [(notice.key, notice.ticker) for notice in notices]


def texts_hold(notices: list[NoticeRecord]) -> None:
    """Every sentence exists in both languages and finds its fields."""
    for language in ("ko", "en"):
        texts = json.loads((resources.path("texts", language) / "notice.json").read_text(encoding="utf-8"))
        for notice in notices:
            assert texts[notice.key].format(**notice.fields)


def test_new_patterns_and_changed_grades() -> None:
    notices = scan_notices(vcp(A, B, None), vcp(S, None, B), gate=GateStatus.GREEN)
    assert told(notices) == [("notice.grade_up.vcp", "000010"), ("notice.signal.vcp", "000030")]
    up, new = notices
    assert (up.kind, up.dedup, up.at_ns) == ("grade", f"grade:VCP:000010:{day(1)}:A>S", kst_ns(day(1), 16))
    assert up.fields == {
        "ticker": "000010", "name": "종목1", "name_en": "Stock 000010", "grade": "S", "score": "81.26", "entry": "10,000",
        "before": "A",
    }  # fmt: skip
    assert (new.kind, new.dedup, new.fields["entry"]) == ("signal", f"signal:VCP:000030:{day(1)}", "")
    texts_hold(notices)
    assert told(scan_notices(vcp(S, None, None), vcp(B, None, None))) == [("notice.grade_down.vcp", "000010")]
    assert scan_notices(vcp(S, A, None), vcp(S, A, None)) == []


def test_what_the_gate_forbids_is_only_watched() -> None:
    """YELLOW asks for A; without a gate nothing is an order."""
    for gate, keys in (
        (GateStatus.YELLOW, ["notice.signal.vcp", "notice.watch.vcp"]),
        (GateStatus.RED, ["notice.watch.vcp"] * 2),
        (None, ["notice.watch.vcp"] * 2),
    ):
        notices = scan_notices(None, vcp(A, B, None), gate=gate)
        assert [notice.key for notice in notices] == keys
        texts_hold(notices)


def test_a_pattern_that_stays_overnight_is_not_new() -> None:
    assert scan_notices(vcp(A, None, None, index=0), vcp(A, None, None, index=1)) == []
    # nor after a restart, where the stored signals say that it was there before
    assert told(scan_notices(None, vcp(A, A, None), held={"000010"})) == [("notice.watch.vcp", "000020")]


def test_the_same_fact_has_the_same_key_whenever_it_is_noticed() -> None:
    first, again = (scan_notices(None, vcp(A, None, None))[0] for _ in range(2))
    forming = scan_notices(None, vcp(A, None, None, flags=int(ScanFlag.FORMING)))[0]
    assert first.dedup == again.dedup == forming.dedup


def test_moved_thresholds_and_thin_data_tell_nothing() -> None:
    assert scan_notices(None, vcp(A, None, None, what_if=True)) == []
    assert len(scan_notices(vcp(A, None, None, what_if=True), vcp(A, None, None))) == 1
    assert scan_notices(None, vcp(A, None, None, coverage=69.9)) == []


def test_closing_bets_of_one_day_are_compared() -> None:
    pre, confirmed = ClosingRun.PRE_CLOSE, ClosingRun.CONFIRMED
    first = scan_notices(closing(ClosingRun.PREVIEW, S, A, B), closing(pre, S, A, None))
    assert told(first) == [("notice.signal.closing_pre", "000010"), ("notice.signal.closing_pre", "000020")]
    then = scan_notices(closing(pre, S, A, None), closing(confirmed, A, None, B))
    assert told(then) == [
        ("notice.grade_down.closing", "000010"),
        ("notice.signal.closing", "000030"),
        ("notice.life.cancelled_at_close", "000020"),
    ]
    assert then[2].dedup == f"life:CLOSING_BET:000020:{day(1)}:CANCELLED_AT_CLOSE"
    texts_hold(first + then)
    watched = scan_notices(None, closing(confirmed, A, None, None, phase=SignalPhase.WATCH))
    assert told(watched) == [("notice.watch.closing", "000010")]
    # yesterday's list says nothing about today's, and runs for watching and study tell nothing
    assert len(scan_notices(closing(confirmed, S, A, B, index=0), closing(pre, S, A, B, index=1))) == 3
    for run in (ClosingRun.PREVIEW, ClosingRun.FLOW_FINAL):
        assert scan_notices(closing(confirmed, S, None, None), closing(run, S, A, B)) == []


def test_day_trades_are_told_when_they_may_be_bought() -> None:
    notices = scan_notices(day_trade(B, A, S), day_trade(A, S, S))
    assert told(notices) == [("notice.signal.day", "000010"), ("notice.grade_up.day", "000020")]
    texts_hold(notices)
    assert scan_notices(None, day_trade(A, A, A, bans=EntryBan.GATE)) == []
    assert len(scan_notices(day_trade(A, A, A, index=0), day_trade(A, A, A))) == 2  # another day
    assert scan_notices(None, day_trade(B, C, S)) == []


def reading(status: GateStatus, score: float | None) -> GateReading:
    level = IndexState("KOSPI", None, None)
    return GateReading(
        AsOf.at(day(1), 16), 1, "2026.1", status, score, 90.0, (), None, level, level, level, 0, 0
    )  # fmt: skip


@pytest.mark.parametrize("after", list(GateStatus))
def test_a_change_of_the_gate_is_told_once_a_day(after: GateStatus) -> None:
    before = GateStatus.RED if after is not GateStatus.RED else GateStatus.GREEN
    notices = gate_notices(reading(before, 30.0), reading(after, None if after is GateStatus.UNKNOWN else 71.0))
    assert [(notice.kind, notice.dedup) for notice in notices] == [("gate", f"gate:{day(1)}:{before.name}>{after.name}")]
    texts_hold(notices)
    assert gate_notices(reading(after, 1.0), reading(after, 2.0)) == []
    assert gate_notices(None, reading(after, 2.0)) == []


@pytest.mark.parametrize(
    "reason",
    ["FILLED", "STOP", "STOP_GAP", "TARGET", "TARGET_GAP", "TIME", "GAP_UP", "GAP_DOWN", "TIME_10AM", "EXPIRED", "DELISTED"],
)
def test_fills_and_exits_are_told(reason: str) -> None:
    record = SignalRecord(stored("000010"), 0, 0)
    trade = None if reason == "EXPIRED" else TradeRecord(1, 5, 10_100, 10)
    if reason not in {"FILLED", "EXPIRED"}:
        trade = TradeRecord(1, 5, 10_100, 10, exit_ns=9, exit_krw=11_000, exit_reason=reason, net_pct=8.44311)
    change = LifeChange(record, "CLOSED", "DONE", reason, trade, 9)
    notices = life_notices([change], PANEL)
    assert [(notice.kind, notice.key) for notice in notices] == [("life", f"notice.life.{reason.lower()}")]
    if trade is not None and trade.net_pct is not None:
        assert (notices[0].fields["net_pct"], notices[0].fields["price"]) == ("+8.44", "11,000")
    texts_hold(notices)


def test_a_watched_signal_ends_without_a_word() -> None:
    change = LifeChange(SignalRecord(stored("000010", phase="WATCH"), 0, 0), "CLOSED", "DONE", "EXPIRED", None, 9)
    assert life_notices([change], PANEL) == []
