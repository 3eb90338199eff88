"""Signals as they were known at an instant, their life and the paper journal, on both databases (domain.md §§7.1, 10.2)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.data import readers
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.schema.records import SCAN_RUN, SIGNAL, SIGNAL_REVISION, TRADE
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.ports import ScanRecord, StoredSignal
from ralphstock_desktop.strategy_ports import SignalRecord, TradeRecord
from tests.data.builders import DAY, run, signal
from tests.data.strategies.conftest import Clock

NEXT = date(2026, 3, 3)
LATER = date(2026, 3, 5)


def at(hour: int, minute: int = 0, day: date = DAY) -> AsOf:
    return AsOf.at(day, hour, minute)


def closing(mode: str, as_of: AsOf, *, state: str = "COMPLETE") -> ScanRecord:
    base = run(state, strategy="CLOSING_BET")
    return replace(base, mode=mode, as_of=as_of)


def bet(ticker: str, score: float = 8.0, grade: str = "A", phase: str = "PENDING", **fields: object) -> StoredSignal:
    made = signal(ticker, score, strategy="CLOSING_BET", grade=grade, score_pct=round(100 * score / 12, 2), **fields)
    return replace(made, phase=phase)


def only(records: tuple[SignalRecord, ...]) -> SignalRecord:
    (record,) = records
    return record


def trade(signal_id: int, **fields: object) -> TradeRecord:
    base = TradeRecord(signal_id, entry_ns=kst_ns(NEXT, 9), entry_krw=12_350, qty=10, cost_model="2026.1")
    return replace(base, **fields)  # type: ignore[arg-type]


def closed_trade(signal_id: int) -> TradeRecord:
    return trade(
        signal_id,
        exit_ns=kst_ns(LATER, 15, 30),
        exit_krw=13_585,
        exit_reason="TARGET",
        gross_pct=10.0,
        net_pct=9.52,
        holding_bars=2,
        tax_pct=0.2,
    )


def revisions(store: SqlStrategyStore, signal_id: int | None) -> list[tuple[str, str]]:
    assert signal_id is not None
    with store.database.read() as connection:
        return [(row["reason"], row["record"]["phase"]) for row in readers.signal_revisions(connection, signal_id)]


def test_storing_twice_then_a_failing_then_an_empty_scan_keeps_history(strategies: SqlStrategyStore) -> None:
    """Acceptance test 2b: row count, closed trades and revisions survive."""
    strategies.store_scan(run(), [replace(signal("000010"), phase="PENDING"), replace(signal("000020"), phase="PENDING")])
    first = {record.signal.ticker: record.signal.id for record in strategies.signals()}
    won = first["000010"]
    assert won is not None
    strategies.set_life(won, "CLOSED", "DONE", closed_trade(won), "TARGET")
    before = strategies.signals(with_superseded=True)
    strategies.store_scan(run(), [signal("000010"), signal("000020")])
    assert strategies.signals(with_superseded=True) == before  # the same scan changes nothing
    strategies.store_scan(run("FAILED"), [])
    assert strategies.signals(with_superseded=True) == before
    with pytest.raises(ValidationFailed):
        strategies.store_scan(run(), [signal("000010", 70.0), signal("000030", colour="red")])
    assert strategies.signals(with_superseded=True) == before  # nothing of a scan that fails half-way is kept
    strategies.store_scan(run(), [])
    after = {record.signal.ticker: record for record in strategies.signals(with_superseded=True)}
    assert set(after) == {"000010", "000020"}
    assert after["000010"].trade == closed_trade(won)
    assert (after["000010"].signal.superseded, after["000020"].signal.superseded) == (False, True)
    assert [record.signal.ticker for record in strategies.signals()] == ["000010"]
    assert revisions(strategies, won) == [("TARGET", "PENDING")]


def test_two_threads_storing_leave_one_row_per_key(strategies: SqlStrategyStore) -> None:
    """Acceptance test 2c."""
    gate = threading.Barrier(2)

    def store(score: float) -> None:
        gate.wait()
        for _ in range(5):
            strategies.store_scan(run(), [signal("000010", score), signal("000020", score)])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(store, (81.0, 82.0)))
    records = strategies.signals(with_superseded=True)
    assert sorted(record.signal.ticker for record in records) == ["000010", "000020"]
    with strategies.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(SCAN_RUN)).scalar_one() == 10


def test_an_error_inside_a_write_leaves_nothing(strategies: SqlStrategyStore, database: Database) -> None:
    strategies.store_scan(run(), [replace(signal("000010"), phase="PENDING")])
    key = only(strategies.signals()).signal.id
    assert key is not None
    impossible = trade(key, entry_krw=-1)  # refused by the table, after the signal was moved
    with pytest.raises(Exception, match="refuse"):
        strategies.set_life(key, "OPEN", "ACTIVE", impossible, "FILLED")
    record = only(strategies.signals())
    assert (record.signal.phase, record.trade) == ("PENDING", None)
    with database.read() as connection:
        for table in (SIGNAL_REVISION, TRADE):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_fifty_parallel_calls_leave_no_connection(strategies: SqlStrategyStore, database: Database) -> None:
    """Acceptance test 4b."""
    strategies.store_scan(run(), [signal("000010")])

    def call(number: int) -> int:
        strategies.remember_tries("VCP", [f"2026.1+{number:08x}"])
        return len(strategies.signals()) + len(strategies.notices()) + len(strategies.runs("VCP", DAY))

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(call, range(50))) == {2}
    assert strategies.remember_tries("VCP", []) == 50
    assert database.checked_out() == 0


# -- closing bet: PRE_CLOSE against CONFIRMED ------------------------------------------------------------------------------


def test_a_candidate_the_close_does_not_confirm_is_cancelled(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(closing("PRE_CLOSE", at(15, 12)), [bet("000010"), bet("000020"), bet("000030")])
    taken = {record.signal.ticker: record.signal.id for record in strategies.signals()}["000030"]
    assert taken is not None
    strategies.set_taken(taken, True, "", trade(taken, entry_ns=kst_ns(DAY, 15, 30)))
    strategies.store_scan(closing("CONFIRMED", at(15, 40)), [bet("000010", 9.0), bet("000040", 6.0, "B")])
    now = {record.signal.ticker: record for record in strategies.signals()}
    assert {ticker: (r.signal.status, r.signal.phase, r.close_reason) for ticker, r in now.items()} == {
        "000010": ("OPEN", "PENDING", ""),
        "000020": ("CLOSED", "DONE", "CANCELLED_AT_CLOSE"),
        "000030": ("OPEN", "ACTIVE", ""),  # bought already: left alone
        "000040": ("OPEN", "PENDING", ""),
    }
    assert now["000010"].signal.values["score"] == 9.0
    assert revisions(strategies, now["000020"].signal.id) == [("CANCELLED_AT_CLOSE", "PENDING")]
    # the two runs can be compared afterwards
    confirmed, before = strategies.runs("CLOSING_BET", DAY)
    assert (confirmed.record.mode, before.record.mode) == ("CONFIRMED", "PRE_CLOSE")
    assert confirmed.found == (("000010", "A", 9.0), ("000040", "B", 6.0))
    assert before.tickers == ("000010", "000020", "000030")
    # before the close the candidate was still there
    earlier = {record.signal.ticker: record for record in strategies.signals(known_at_ns=at(15, 20).instant_ns)}
    assert set(earlier) == {"000010", "000020", "000030"}
    assert (earlier["000020"].signal.status, earlier["000020"].signal.phase) == ("OPEN", "PENDING")
    assert earlier["000010"].signal.values["score"] == 8.0


def test_a_partial_confirmation_cancels_nothing(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(closing("PRE_CLOSE", at(15, 12)), [bet("000010")])
    strategies.store_scan(closing("CONFIRMED", at(15, 40), state="PARTIAL"), [])
    assert only(strategies.signals()).signal.phase == "PENDING"


def test_a_corrected_confirmation_supersedes_and_does_not_cancel(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(closing("PRE_CLOSE", at(15, 12)), [bet("000010")])
    strategies.store_scan(closing("CONFIRMED", at(15, 40)), [bet("000010")])
    strategies.store_scan(closing("CONFIRMED", at(16, 30)), [])
    record = only(strategies.signals(with_superseded=True))
    assert (record.signal.status, record.signal.superseded, record.close_reason) == ("OPEN", True, "")
    assert not only(strategies.signals(with_superseded=True, known_at_ns=at(16).instant_ns)).signal.superseded


def test_runs_for_watching_and_study_change_no_signal(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(closing("PREVIEW", at(15)), [bet("000010")])
    assert strategies.signals(with_superseded=True) == ()
    strategies.store_scan(closing("CONFIRMED", at(15, 40)), [bet("000010", entry=10_000), bet("000020")])
    before = strategies.signals(with_superseded=True)
    strategies.store_scan(closing("FLOW_FINAL", at(18, 10)), [bet("000010", 10.0, "S", entry=10_000), bet("000030")])
    strategies.store_scan(closing("PRE_CLOSE", at(15, 19)), [])  # pressed late: the day is confirmed already
    assert strategies.signals(with_superseded=True) == before
    key = next(record.signal.id for record in before if record.signal.ticker == "000010")
    with strategies.database.read() as connection:
        (study,) = readers.signal_revisions(connection, key or 0)
    assert (study["reason"], study["record"]["score"]) == ("FLOW_FINAL", 10.0)
    assert [entry.record.mode for entry in strategies.runs("CLOSING_BET", DAY)] == [
        "FLOW_FINAL", "CONFIRMED", "PRE_CLOSE", "PREVIEW",
    ]  # fmt: skip


def test_a_candidate_dropped_before_the_close_is_superseded(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(closing("PRE_CLOSE", at(15, 12)), [bet("000010"), bet("000020")])
    strategies.store_scan(closing("PRE_CLOSE", at(15, 18)), [bet("000010")])
    records = {record.signal.ticker: record for record in strategies.signals(with_superseded=True)}
    assert (records["000020"].signal.superseded, records["000020"].signal.status) == (True, "OPEN")
    strategies.store_scan(closing("CONFIRMED", at(15, 40)), [bet("000010")])
    assert [record.signal.ticker for record in strategies.signals()] == ["000010"]


def test_a_study_is_never_taken_for_the_signal(strategies: SqlStrategyStore) -> None:
    """The flows' study (18:10) is stored after a corrected list (20:00): at 19:00 the list of 15:40 was known."""
    strategies.store_scan(closing("CONFIRMED", at(15, 40)), [bet("000010", 8.0)])
    strategies.store_scan(closing("CONFIRMED", at(20)), [bet("000010", 9.0)])
    strategies.store_scan(closing("FLOW_FINAL", at(18, 10)), [bet("000010", 11.0, "S")])
    assert only(strategies.signals(known_at_ns=at(19).instant_ns)).signal.values["score"] == 8.0


# -- nothing later is seen -------------------------------------------------------------------------------------------------


def test_what_became_of_a_signal_later_is_hidden(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(run(), [replace(signal("000010"), phase="PENDING")])
    strategies.store_scan(replace(run(day=NEXT), as_of=AsOf.end_of(NEXT)), [signal("000020", day=NEXT)])
    key = only(strategies.signals(ticker="000010")).signal.id
    assert key is not None
    strategies.set_life(key, "CLOSED", "DONE", closed_trade(key), "TARGET")

    def seen(moment: int) -> tuple[str, str, str, int | None, float | None]:
        record = only(strategies.signals(ticker="000010", known_at_ns=moment))
        held = record.trade
        return (
            record.signal.status,
            record.signal.phase,
            record.close_reason,
            None if held is None else held.exit_krw,
            None if held is None else held.net_pct,
        )

    assert strategies.signals(known_at_ns=kst_ns(date(2026, 2, 27), 23)) == ()
    assert seen(kst_ns(NEXT, 8, 59)) == ("OPEN", "PENDING", "", None, None)
    assert seen(kst_ns(NEXT, 9)) == ("OPEN", "ACTIVE", "", None, None)
    assert seen(kst_ns(LATER, 15, 30) - 1) == ("OPEN", "ACTIVE", "", None, None)
    assert seen(kst_ns(LATER, 15, 30)) == ("CLOSED", "DONE", "TARGET", 13_585, 9.52)
    assert only(strategies.signals(ticker="000010", known_at_ns=kst_ns(NEXT, 10))).trade == trade(key)
    # the status filter asks for what it was then
    assert len(strategies.signals(ticker="000010", status="OPEN", known_at_ns=kst_ns(NEXT, 10))) == 1
    assert strategies.signals(ticker="000010", status="OPEN") == ()
    assert [r.signal.ticker for r in strategies.signals(known_at_ns=AsOf.end_of(DAY).instant_ns)] == ["000010"]


def test_an_expired_order_waits_until_it_expires(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(run(), [replace(signal("000010"), phase="PENDING")])
    key = only(strategies.signals()).signal.id or 0
    strategies.set_life(key, "CLOSED", "DONE", None, "EXPIRED", ended_ns=kst_ns(LATER, 15, 40))
    assert only(strategies.signals()).close_reason == "EXPIRED"
    early = only(strategies.signals(known_at_ns=kst_ns(LATER, 15, 39)))
    assert (early.signal.status, early.signal.phase, early.close_reason) == ("OPEN", "PENDING", "")


def test_scores_of_a_later_run_of_the_same_day_are_hidden(strategies: SqlStrategyStore) -> None:
    morning, evening = replace(run(), as_of=at(15, 40)), replace(run(), as_of=at(18, 30))
    strategies.store_scan(morning, [signal("000010", 81.0)])
    strategies.store_scan(evening, [signal("000010", 77.0, grade="A"), signal("000020")])
    first = only(strategies.signals(known_at_ns=at(16).instant_ns))
    assert (first.signal.ticker, first.signal.values["score"], first.signal.values["grade"]) == ("000010", 81.0, "S")
    assert strategies.signals(known_at_ns=at(15).instant_ns) == ()
    assert {r.signal.ticker: r.signal.values["score"] for r in strategies.signals(known_at_ns=at(19).instant_ns)} == {
        "000010": 77.0,
        "000020": 81.5,
    }


def test_a_scan_made_the_next_morning_counts_from_the_evening_on(strategies: SqlStrategyStore) -> None:
    """Everything a run of day D may use is known with D's confirmed flows, whenever the program was started."""
    strategies.store_scan(replace(run(), as_of=at(8, day=NEXT)), [signal("000010")])
    assert len(strategies.signals(known_at_ns=at(18, 10).instant_ns)) == 1
    assert strategies.signals(known_at_ns=at(18, 9).instant_ns) == ()


# -- life ------------------------------------------------------------------------------------------------------------------


def test_the_same_life_again_changes_nothing(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(run(), [replace(signal("000010"), phase="PENDING")])
    key = only(strategies.signals()).signal.id or 0
    strategies.set_life(key, "OPEN", "ACTIVE", trade(key), "FILLED")
    strategies.set_life(key, "CLOSED", "DONE", closed_trade(key), "TARGET")
    before = only(strategies.signals())
    strategies.set_life(key, "CLOSED", "DONE", closed_trade(key), "TARGET")
    strategies.set_life(key, "CLOSED", "DONE", None, "TARGET")
    assert only(strategies.signals()) == before
    assert revisions(strategies, key) == [("FILLED", "PENDING"), ("TARGET", "ACTIVE")]
    with pytest.raises(DataUnavailable):
        strategies.set_life(key + 1, "OPEN", "ACTIVE", None, "FILLED")
    with strategies.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(SIGNAL)).scalar_one() == 1


# -- paper journal ---------------------------------------------------------------------------------------------------------


def test_a_taken_signal_is_kept_apart_from_what_the_rules_did(strategies: SqlStrategyStore, clock: Clock) -> None:
    strategies.store_scan(run(), [signal("000010"), signal("000020")])
    key = only(strategies.signals(ticker="000010")).signal.id or 0
    mine = trade(key, entry_ns=kst_ns(NEXT, 10), entry_krw=12_500, qty=3)
    clock.ns = kst_ns(NEXT, 10)
    strategies.set_taken(key, True, "반만", mine)
    strategies.store_scan(run(), [])  # no longer found: what is held stays
    record = only(strategies.signals())
    assert (record.signal.ticker, record.signal.phase, record.taken, record.note) == ("000010", "ACTIVE", True, "반만")
    assert (record.trade, record.rule_trade) == (mine, None)
    strategies.set_life(key, "OPEN", "ACTIVE", closed_trade(key), "TARGET")
    record = only(strategies.signals())
    assert (record.trade, record.rule_trade, record.signal.status) == (mine, closed_trade(key), "OPEN")
    # before he bought, nothing of it is seen
    early = only(strategies.signals(ticker="000010", known_at_ns=kst_ns(NEXT, 9, 30)))
    assert (early.taken, early.note, early.trade) == (False, "", trade(key))
    # taking it back leaves what the rules made of it
    strategies.set_taken(key, False, "아님", None)
    record = only(strategies.signals())
    assert (record.taken, record.note, record.trade) == (False, "아님", closed_trade(key))
    assert (record.signal.status, record.close_reason) == ("CLOSED", "TARGET")


def test_taking_back_a_watched_signal_watches_it_again(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(run(), [signal("000010")])
    key = only(strategies.signals()).signal.id or 0
    strategies.set_taken(key, True, "", trade(key))
    strategies.set_taken(key, True, "메모", trade(key))
    strategies.set_taken(key, False, "", None)
    record = only(strategies.signals())
    assert (record.signal.status, record.signal.phase, record.taken) == ("OPEN", "WATCH", False)
    assert revisions(strategies, key) == [("TAKEN", "WATCH"), ("TAKEN_BACK", "ACTIVE")]


def test_selling_by_hand_closes_the_signal(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(run(), [signal("000010")])
    key = only(strategies.signals()).signal.id or 0
    strategies.set_taken(key, True, "", trade(key))
    sold = replace(closed_trade(key), exit_reason="MANUAL")
    strategies.set_taken(key, True, "충분", sold)
    record = only(strategies.signals())
    assert (record.signal.status, record.signal.phase, record.close_reason) == ("CLOSED", "DONE", "MANUAL")
    assert (record.trade, record.note) == (sold, "충분")
    held = only(strategies.signals(known_at_ns=kst_ns(LATER, 12)))
    assert (held.signal.status, held.signal.phase, held.taken) == ("OPEN", "ACTIVE", True)
    assert held.trade == trade(key)


def test_a_note_alone_changes_no_life(strategies: SqlStrategyStore) -> None:
    strategies.store_scan(run(), [signal("000010")])
    key = only(strategies.signals()).signal.id or 0
    strategies.set_taken(key, False, "지켜봄", None)
    record = only(strategies.signals())
    assert (record.note, record.taken, record.signal.phase, revisions(strategies, key)) == ("지켜봄", False, "WATCH", [])
    with pytest.raises(DataUnavailable):
        strategies.set_taken(key + 1, True, "", None)
