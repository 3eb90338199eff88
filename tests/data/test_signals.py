"""Storing scans so that history stays (domain.md §10.2, rules 1-4 and 7; §11 issue 2b), on both databases."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.model.errors import DataUnavailable, ValidationFailed
from ralphstock_desktop.data import readers
from ralphstock_desktop.data.bar_store import SqlBarStore
from ralphstock_desktop.data.signal_writes import ScanStored
from ralphstock_desktop.ports import ScanRecord, StoredSignal
from tests.data.builders import DAY, run, signal


def scan(store: SqlBarStore, *signals: StoredSignal, record: ScanRecord | None = None) -> ScanStored:
    with store.unit_of_work(durable=True) as unit:
        return unit.store_scan(record or run(), list(signals))


def move(store: SqlBarStore, ticker: str, status: str, phase: str, notes: str | None = None) -> int:
    (found,) = store.signals(ticker=ticker, with_superseded=True)
    assert found.id is not None
    with store.unit_of_work(durable=True) as unit:
        unit.set_execution(found.id, status=status, phase=phase, notes=notes)
    return found.id


def revisions(store: SqlBarStore, signal_id: int) -> tuple[dict[str, object], ...]:
    with store.database.read() as connection:
        return readers.signal_revisions(connection, signal_id)


def test_a_scan_is_stored_with_its_run(store: SqlBarStore) -> None:
    done = scan(store, signal("005930", rs=None, t_count=np.int64(3), dist_pct=float("nan")))
    assert (done.inserted, done.updated, done.superseded) == (1, 0, 0)
    (stored,) = store.signals(strategy="VCP", signal_date=DAY)
    assert stored.values == {
        "score": 81.5, "coverage": 100.0, "grade": "S", "depths": [12.5, 6.0, 3.0], "pivot": 12_300.0, "t_count": 3,
    }  # fmt: skip
    assert (stored.status, stored.phase, stored.superseded) == ("OPEN", "WATCH", False)
    assert store.scan_runs("VCP") == (run(),)


def test_the_same_scan_twice_changes_nothing_but_the_runs(store: SqlBarStore) -> None:
    scan(store, signal("005930"), signal("000660"))
    before = store.signals()
    again = scan(store, signal("005930"), signal("000660"))
    assert (again.unchanged, again.inserted, again.updated, again.kept) == (2, 0, 0, 0)
    assert store.signals() == before
    assert len(store.scan_runs("VCP")) == 2
    assert all(revisions(store, item.id or 0) == () for item in before)


def test_an_update_copies_the_old_row_and_leaves_execution_alone(store: SqlBarStore) -> None:
    scan(store, signal("005930"))
    signal_id = move(store, "005930", "OPEN", "PENDING", notes="buy half")
    assert scan(store, signal("005930", 77.25, grade="A")).updated == 1
    (stored,) = store.signals()
    assert (stored.values["score"], stored.values["grade"], stored.phase) == (77.25, "A", "PENDING")
    (revision,) = revisions(store, signal_id)
    record = revision["record"]
    assert isinstance(record, dict)
    assert (record["score"], record["notes"], revision["rev"], revision["reason"]) == (81.5, "buy half", 1, "SCAN_UPDATE")


@pytest.mark.parametrize(("status", "phase"), [("OPEN", "ACTIVE"), ("CLOSED", "DONE")])
def test_a_signal_in_execution_gets_a_revision_only(store: SqlBarStore, status: str, phase: str) -> None:
    scan(store, signal("005930"))
    signal_id = move(store, "005930", status, phase)
    assert scan(store, signal("005930", 70.0)).kept == 1
    assert scan(store, signal("005930", 70.0)).unchanged == 1  # nothing new to note
    (stored,) = store.signals()
    assert stored.values["score"] == 81.5
    (revision,) = revisions(store, signal_id)
    assert isinstance(revision["record"], dict)
    assert revision["record"]["score"] == 70.0


def test_a_complete_run_supersedes_only_what_waits(store: SqlBarStore) -> None:
    scan(store, *(signal(ticker) for ticker in ("000010", "000020", "000030", "000040")))
    move(store, "000020", "OPEN", "PENDING")
    move(store, "000030", "OPEN", "ACTIVE")
    move(store, "000040", "CLOSED", "DONE")
    assert scan(store).superseded == 2
    assert [item.ticker for item in store.signals()] == ["000030", "000040"]
    assert len(store.signals(with_superseded=True)) == 4
    assert scan(store).superseded == 0
    back = scan(store, signal("000010"))
    assert back.revived == 1
    assert [item.ticker for item in store.signals()] == ["000010", "000030", "000040"]


@pytest.mark.parametrize("state", ["PARTIAL", "FAILED"])
def test_an_incomplete_run_supersedes_nothing(store: SqlBarStore, state: str) -> None:
    scan(store, signal("000010"), signal("000020"))
    assert scan(store, signal("000010"), record=run(state)).superseded == 0
    assert len(store.signals()) == 2


def test_other_days_rule_sets_and_strategies_are_untouched(store: SqlBarStore) -> None:
    other = date(2026, 3, 3)
    scan(store, signal("000010"))
    scan(store, signal("000010", day=other), record=run(day=other))
    scan(store, signal("000010", strategy="CLOSING_BET"), record=run(strategy="CLOSING_BET"))
    assert scan(store).superseded == 1
    assert len(store.signals()) == 2


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        (signal("000010", day=date(2026, 3, 3)), "error.storage.signal_run"),
        (signal("000010", colour="red"), "error.storage.signal_column"),
        (signal("000010", status="CLOSED"), "error.storage.signal_column"),
        (signal("000010", coverage=69.9), "error.storage.signal_coverage"),
        (signal("000010", coverage=None), "error.storage.signal_coverage"),
        (signal("000010", coverage=float("nan")), "error.storage.signal_coverage"),
        (signal("000020"), "error.storage.signal_twice"),
    ],
)
def test_a_wrong_signal_stores_nothing_of_its_scan(store: SqlBarStore, wrong: StoredSignal, key: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        scan(store, signal("000020"), wrong)
    assert caught.value.key == key
    assert store.signals() == ()
    assert store.scan_runs("VCP") == ()


def test_a_missing_signal_or_setting_is_an_error_not_a_blank(store: SqlBarStore) -> None:
    with pytest.raises(DataUnavailable), store.unit_of_work(durable=True) as unit:
        unit.set_execution(99, status="OPEN", phase="WATCH")
    with pytest.raises(DataUnavailable, match="layout"):
        store.setting("layout")
    with store.unit_of_work() as unit:
        unit.put_setting("layout", {"docks": [1, 2]})
    with store.unit_of_work() as unit:
        unit.put_setting("layout", {"docks": [3]})
    assert store.setting("layout") == {"docks": [3]}
