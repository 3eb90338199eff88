"""Trading days, phases and known-from instants on both sides of every change (domain.md §§0.2, 1.4, 1.5)."""

from __future__ import annotations

import itertools
import json
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from engine.calendar.sessions import DEFAULT_SESSIONS, DayKind, Phase, SessionTable, Venue
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instants import kst_ns
from engine.model.instruments import SecurityType
from ralphstock_desktop.providers.calendar_xkrx import KrxCalendar, library_holidays, load_calendar

DATA = Path(os.environ.get("RALPHSTOCK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@pytest.fixture(scope="module")
def krx() -> KrxCalendar:
    return load_calendar()


def phase(krx: KrxCalendar, day: date, clock: str, venue: Venue = Venue.KRX, kind: int = SecurityType.COMMON) -> Phase:
    parts = [int(p) for p in clock.split(":")]
    return krx.sessions.phase_at(kst_ns(day, *parts), venue, krx.trading, kind)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        ("2026-01-01", False),
        ("2026-01-02", True),
        ("2026-05-01", False),  # Labour Day
        ("2026-05-02", False),  # Saturday
        ("2026-06-03", False),  # local elections, by the override file
        ("2026-07-17", False),  # Constitution Day, by the override file
        ("2025-07-17", True),  # not yet a holiday
        ("2025-06-03", False),  # presidential election
        ("2024-10-01", False),  # ad-hoc holiday
        ("2026-12-30", True),
        ("2026-12-31", False),  # year end
        ("2026-10-05", False),  # substitute holiday
    ],
)
def test_days(krx: KrxCalendar, day: str, is_open: bool) -> None:
    assert krx.trading.is_trading_day(date.fromisoformat(day)) is is_open
    assert krx.trading.are_trading_days(np.array([day], dtype="datetime64[D]")).tolist() == [is_open]


def test_arithmetic(krx: KrxCalendar) -> None:
    days = krx.trading
    assert days.next(date(2026, 7, 16)) == date(2026, 7, 20)
    assert days.previous(date(2026, 7, 20)) == date(2026, 7, 16)
    assert days.on_or_before(date(2026, 7, 19)) == date(2026, 7, 16)
    assert days.on_or_after(date(2026, 7, 17)) == date(2026, 7, 20)
    assert days.offset(date(2026, 7, 16), 1) == date(2026, 7, 20)
    assert days.offset(date(2026, 7, 17), 1) == date(2026, 7, 20)
    assert days.offset(date(2026, 7, 17), -1) == date(2026, 7, 16)
    assert days.offset(date(2026, 7, 20), 0) == date(2026, 7, 20)
    assert days.count(date(2026, 7, 13), date(2026, 7, 20)) == 5
    assert days.count(date(2026, 7, 20), date(2026, 7, 13)) == 0
    assert days.settlement(date(2026, 7, 16)) == date(2026, 7, 21)
    assert len(days.between(date(2026, 7, 17), date(2026, 7, 19))) == 0
    with pytest.raises(ValidationFailed, match="not a trading day"):
        days.settlement(date(2026, 7, 17))
    with pytest.raises(ValidationFailed, match="not a trading day"):
        days.offset(date(2026, 7, 17), 0)


def test_outside_the_span_is_unknown_not_closed(krx: KrxCalendar) -> None:
    for call in (krx.trading.is_trading_day, krx.trading.next, krx.trading.previous):
        with pytest.raises(DataUnavailable, match="covers"):
            call(date(1999, 12, 31))
    assert krx.trading.covers(np.array(["1999-12-31", "2000-01-04", "NaT"], "datetime64[D]")).tolist() == [False, True, False]
    with pytest.raises(DataUnavailable):
        krx.trading.next(date(2027, 12, 31))


@pytest.mark.parametrize("days", [[], ["2026-01-02", "2026-01-02"], ["2026-01-05", "2026-01-02"], ["NaT"]])
def test_bad_day_lists_are_refused(days: list[str]) -> None:
    with pytest.raises(ValidationFailed, match="ascending"):
        TradingCalendar(np.array(days, dtype="datetime64[D]"))


def test_phases_of_a_usual_day(krx: KrxCalendar) -> None:
    day = date(2026, 9, 11)
    expect = {
        "08:29:59": Phase.CLOSED,
        "08:30": Phase.PRE_OPEN_AUCTION,
        "08:59:59": Phase.PRE_OPEN_AUCTION,
        "09:00": Phase.REGULAR,
        "15:19:59": Phase.REGULAR,
        "15:20": Phase.CLOSING_AUCTION,
        "15:30": Phase.CLOSED,
        "15:40": Phase.AFTER_CLOSE,
        "16:00": Phase.AFTER_SINGLE_PRICE,
        "17:59:59": Phase.AFTER_SINGLE_PRICE,
        "18:00": Phase.CLOSED,
    }
    assert {clock: phase(krx, day, clock) for clock in expect} == expect
    assert phase(krx, date(2026, 9, 12), "10:00") is Phase.CLOSED


def test_after_market_replaces_the_single_price_session(krx: KrxCalendar) -> None:
    assert phase(krx, date(2026, 9, 14), "16:00") is Phase.AFTER_MARKET
    assert phase(krx, date(2026, 9, 14), "19:59") is Phase.AFTER_MARKET
    assert phase(krx, date(2026, 9, 11), "19:00") is Phase.CLOSED
    assert phase(krx, date(2026, 9, 14), "16:30", kind=SecurityType.ETF) is Phase.CLOSED
    assert phase(krx, date(2026, 9, 14), "07:30") is Phase.CLOSED  # a pre-market must not be assumed


def test_nxt_starts_in_march_2025(krx: KrxCalendar) -> None:
    assert phase(krx, date(2025, 2, 28), "10:00", Venue.NXT) is Phase.CLOSED
    day = date(2025, 3, 4)
    assert phase(krx, day, "08:00", Venue.NXT) is Phase.PRE_MARKET
    assert phase(krx, day, "08:50", Venue.NXT) is Phase.CLOSED
    assert phase(krx, day, "09:00:29", Venue.NXT) is Phase.CLOSED
    assert phase(krx, day, "09:00:30", Venue.NXT) is Phase.REGULAR
    assert phase(krx, day, "15:20", Venue.NXT) is Phase.CLOSED
    assert phase(krx, day, "15:35", Venue.NXT) is Phase.ORDER_ENTRY
    assert phase(krx, day, "15:40", Venue.NXT) is Phase.AFTER_MARKET
    assert phase(krx, day, "20:00", Venue.NXT) is Phase.CLOSED


def test_close_moved_in_august_2016(krx: KrxCalendar) -> None:
    assert krx.sessions.close_ns(date(2016, 7, 29)) == kst_ns(date(2016, 7, 29), 15, 0)
    assert krx.sessions.close_ns(date(2016, 8, 1)) == kst_ns(date(2016, 8, 1), 15, 30)


def test_late_opening_and_exam_day(krx: KrxCalendar) -> None:
    first, exam, sessions = date(2026, 1, 2), date(2025, 11, 13), krx.sessions
    assert sessions.kind_of(first) is DayKind.LATE_OPEN
    assert sessions.kind_of(exam) is DayKind.EXAM
    assert sessions.kind_of(date(2026, 1, 5)) is DayKind.NORMAL
    assert sessions.open_ns(first) == kst_ns(first, 10)
    assert sessions.close_ns(first) == kst_ns(first, 15, 30)
    assert sessions.open_ns(exam) == kst_ns(exam, 10)
    assert sessions.close_ns(exam) == kst_ns(exam, 16, 30)
    assert phase(krx, exam, "16:25") is Phase.CLOSING_AUCTION
    assert phase(krx, exam, "17:30") is Phase.AFTER_SINGLE_PRICE
    assert phase(krx, exam, "18:00") is Phase.CLOSED
    assert phase(krx, exam, "08:10", Venue.NXT) is Phase.CLOSED
    assert phase(krx, exam, "16:19:59", Venue.NXT) is Phase.REGULAR
    assert phase(krx, exam, "19:59", Venue.NXT) is Phase.AFTER_MARKET
    assert phase(krx, date(2026, 11, 19), "19:30") is Phase.AFTER_MARKET


def test_known_from_instants() -> None:
    table = DEFAULT_SESSIONS
    cases = {
        date(2026, 9, 11): ((15, 40), (18, 10)),
        date(2026, 9, 14): ((15, 40), (20, 10)),
        date(2025, 11, 13): ((16, 40), (18, 10)),
        date(2026, 11, 19): ((16, 40), (20, 10)),
        date(2026, 1, 2): ((15, 40), (18, 10)),
    }
    days = np.array(list(cases), dtype="datetime64[D]")
    for day, (bar, flow) in cases.items():
        assert table.official_bar_ns(day) == kst_ns(day, *bar)
        assert table.confirmed_flow_ns(day) == kst_ns(day, *flow)
    assert table.official_bars_ns(days).tolist() == [table.official_bar_ns(d) for d in cases]
    assert table.confirmed_flows_ns(days).tolist() == [table.confirmed_flow_ns(d) for d in cases]
    slow = SessionTable(official_bar_minute=16 * 60, flow_minute=21 * 60)
    assert slow.official_bar_ns(date(2026, 9, 14)) == kst_ns(date(2026, 9, 14), 16)
    assert slow.confirmed_flow_ns(date(2026, 9, 14)) == kst_ns(date(2026, 9, 14), 21)


def test_phases_of_a_venue_never_overlap(krx: KrxCalendar) -> None:
    for day in (
        date(2016, 1, 4),
        date(2016, 7, 29),
        date(2025, 11, 13),
        date(2026, 1, 2),
        date(2026, 9, 14),
        date(2026, 11, 19),
    ):
        for venue in Venue:
            spans = krx.sessions.spans(day, venue)
            assert all(a.end_ns <= b.start_ns for a, b in itertools.pairwise(spans)), (day, venue)
            assert all(s.start_ns < s.end_ns for s in spans)


def test_operator_file(tmp_path: Path) -> None:
    file = tmp_path / "calendar.json"
    file.write_text(
        json.dumps(
            {
                "closed": [{"day": "2026-11-25", "reason": "test closure"}],
                "open": [{"day": "2026-11-28", "reason": "test Saturday"}],
                "late_open": [{"day": "2026-11-26", "reason": "test"}],
                "exam": [{"day": "2027-11-18", "reason": "test exam"}],
                "phases": [
                    {
                        "venue": "KRX",
                        "phase": "pre_market",
                        "start": "07:00",
                        "end": "08:00",
                        "since": "2026-11-01",
                        "exam": "none",
                    }
                ],
            }
        ),
        encoding="utf-8",
    )
    krx = load_calendar(file)
    assert not krx.trading.is_trading_day(date(2026, 11, 25))
    assert krx.trading.is_trading_day(date(2026, 11, 28))
    assert krx.sessions.open_ns(date(2026, 11, 26)) == kst_ns(date(2026, 11, 26), 10)
    assert krx.sessions.kind_of(date(2027, 11, 18)) is DayKind.EXAM
    assert phase(krx, date(2026, 11, 24), "07:30") is Phase.PRE_MARKET
    assert phase(krx, date(2026, 11, 19), "07:30") is Phase.CLOSED
    assert [o.reason for o in krx.overrides if o.day == date(2026, 11, 25)] == ["test closure"]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"closed": [{"day": "soon", "reason": ""}]}',
        '{"closed": [{"day": "2026-01-05"}]}',
        '{"phases": [{"venue": "X"}]}',
    ],
)
def test_broken_operator_file_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValidationFailed, match=r"broken\.json"):
        load_calendar(file)


@pytest.mark.slow
def test_stored_table_equals_the_library() -> None:
    table = json.loads(
        (Path(__file__).resolve().parents[2] / "resources/calendar/krx_holidays.json").read_text(encoding="utf-8")
    )
    library = library_holidays(date(2015, 1, 1), date(2027, 12, 31))
    assert [d for d in table["closed"] if d >= "2015"] == [str(d) for d in library]


@pytest.mark.slow
def test_days_beyond_the_table_come_from_the_library() -> None:
    krx = load_calendar(last=date(2028, 6, 30))
    assert krx.trading.last == date(2028, 6, 30)
    assert not krx.trading.is_trading_day(date(2028, 5, 5))
    assert krx.trading.is_trading_day(date(2028, 6, 30))


@pytest.mark.real_data
def test_calendar_equals_the_recorded_index_days(krx: KrxCalendar) -> None:
    if not DATA.exists():
        pytest.skip(f"recorded market data are not at {DATA}")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(DATA / "index" / "index_daily.parquet", columns=["symbol", "date"])
    days = np.unique(table["date"].to_numpy()[np.asarray(table["symbol"].to_numpy()) == "KOSPI"].astype("datetime64[D]"))
    np.testing.assert_array_equal(days, krx.trading.between(days[0].astype(date), days[-1].astype(date)))
