"""What the synchroniser reads and keeps: spans, last rows, designations, progress of jobs; on both databases."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.model.instruments import Designation, DesignationFlag, Market, SecurityType, Symbol
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.data.sync_store import SqlSyncStore
from ralphstock_desktop.live_ports import JobState, StoredSpan
from ralphstock_desktop.ports import MISSING_INT, ActionBatch, AdjustedBatch, FlowBatch, IndexBatch, MarketFlowBatch
from tests.data.builders import daily

D1, D2, D3 = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


def flow(ticker: str, days: list[date], shares: list[int], won: list[int], *, provisional: bool = False) -> FlowBatch:
    return FlowBatch(
        np.full(len(days), ticker),
        np.array(days, "datetime64[D]"),
        "foreign",
        np.array(shares),
        np.array(won),
        False,
        provisional,
        "s",
    )


def test_spans_of_every_data_set(database: Database) -> None:
    store = SqlSyncStore(database)
    assert store.stored_spans("daily_price") == store.stored_spans("flow") == {}
    with database.unit_of_work() as unit:
        unit.upsert_daily(daily([("000010", D1, 1, 1, 1, 1, 1), ("000010", D3, 1, 1, 1, 1, 1), ("000020", D2, 1, 1, 1, 1, 1)]))
        unit.upsert_flows(flow("000010", [D1, D2], [1, 2], [3, MISSING_INT]))
        unit.upsert_flows(flow("000010", [D3], [1], [3], provisional=True))
        unit.upsert_flows(flow("000020", [D3], [MISSING_INT], [3]))
        level = np.array([1.0])
        for code in ("KOSPI", "USDKRW"):
            unit.upsert_index(
                IndexBatch(np.array([code]), np.array([D2], "datetime64[D]"), level, level, level, level, level, level, "s")
            )
        unit.upsert_market_flows(
            MarketFlowBatch(
                np.array(["KOSPI"]), np.array([D1], "datetime64[D]"), np.array(["foreign"]), np.array([5]), None, "s"
            )
        )
    assert store.stored_spans("daily_price") == {"000010": StoredSpan(D1, D3), "000020": StoredSpan(D2, D2)}
    # provisional, without won or without shares: not up to date there
    assert store.stored_spans("flow") == {"000010": StoredSpan(D1, D1)}
    assert store.stored_spans("index_price") == {"KOSPI": StoredSpan(D2, D2)}
    assert store.stored_spans("fx_rate") == {"USDKRW": StoredSpan(D2, D2)}
    assert store.stored_spans("market_flow") == {"KOSPI": StoredSpan(D1, D1)}


def test_last_rows_keep_missing_values(database: Database) -> None:
    store = SqlSyncStore(database)
    days = np.array([D1, D2, D3], "datetime64[D]")
    prices = np.array([1.5, 2.0, np.nan])
    with database.unit_of_work() as unit:
        unit.upsert_daily(daily([("000010", D1, 10, 12, 9, 11, 5), ("000010", D2, 11, 13, 10, 12, 6, 72, 1)]))
        unit.upsert_adjusted(AdjustedBatch(np.full(3, "000010"), days, prices, prices, prices, prices, prices, D2, "vendor"))
        unit.upsert_adjusted(
            AdjustedBatch(np.array(["000010"]), days[2:], *(np.array([9.0]),) * 5, date(2026, 3, 5), "vendor")  # type: ignore[arg-type]
        )
        unit.upsert_actions(ActionBatch(np.array(["000010"]), days[1:2], np.array([0.5]), np.array(["exact"]), "vendor"))
    raw = store.daily_since("000010", D2)
    assert (
        raw.day.tolist() == [D2]
        and raw.close_krw.tolist() == [12]
        and raw.prev_diff_krw.tolist() == [1]
        and raw.source == "test"
    )
    assert store.daily_since("000010", D1).value_krw.tolist() == [MISSING_INT, 72]
    adjusted = store.adjusted_since("000010", D1)
    assert adjusted.close_krw.tolist() == [1.5, 2.0, 9.0] and adjusted.factor_on == D2 and adjusted.source == "vendor"
    actions = store.actions_of("000010")
    assert (actions.ex_day.tolist(), actions.price_factor.tolist(), actions.confidence.tolist()) == ([D2], [0.5], ["exact"])
    nothing = store.daily_since("999999", D1)
    assert len(nothing.day) == 0 and nothing.source == "" and store.adjusted_since("999999", D1).factor_on is None


def test_listed_symbols_and_open_designations(database: Database) -> None:
    store = SqlSyncStore(database)
    with database.unit_of_work() as unit:
        unit.upsert_symbols(
            [
                Symbol("000020", "둘", Market.KOSDAQ, SecurityType.SPAC, listed_on=D1, shares_out=7),
                Symbol("000010", "하나", Market.KOSPI, SecurityType.COMMON),
                Symbol("000030", "떠난 것", Market.KOSPI, SecurityType.COMMON, delisted_on=D1),
            ],
            source="s",
            complete=False,
            as_of=D2,
        )
        both = DesignationFlag.HALT | DesignationFlag.ADMIN
        unit.upsert_designations(
            [Designation("000010", both, D1), Designation("000020", DesignationFlag.HALT, D1, D2)], source="s"
        )
    assert [(s.ticker, s.type, s.listed_on, s.shares_out) for s in store.listed_tickers()] == [
        ("000010", SecurityType.COMMON, None, None),
        ("000020", SecurityType.SPAC, D1, 7),
    ]
    assert {(d.ticker, d.flag, d.start, d.end) for d in store.open_designations()} == {
        ("000010", DesignationFlag.HALT, D1, None),
        ("000010", DesignationFlag.ADMIN, D1, None),
    }


def test_progress_is_kept_alone_or_with_rows_and_goes_with_them(database: Database) -> None:
    jobs = SqlJobStore(database)
    assert jobs.load("sync/x/daily") is None
    first = JobState("sync/x/daily", "running", {"done": ["000010"], "target": "2026-03-02"}, 5)
    jobs.save(first)
    assert jobs.load("sync/x/daily") == first
    with pytest.raises(RuntimeError, match="on purpose"), database.unit_of_work() as unit:
        unit.upsert_daily(daily([("000010", D1, 1, 1, 1, 1, 1)]))
        unit.put_job(JobState("sync/x/daily", "done", {"done": []}, 5, 6, 7))
        raise RuntimeError("on purpose")
    assert jobs.load("sync/x/daily") == first and not SqlSyncStore(database).stored_spans("daily_price")
    last = JobState("sync/x/daily", "done", {}, 5, 6, 7)
    with database.unit_of_work() as unit:
        unit.put_job(last)
    assert jobs.load("sync/x/daily") == last
