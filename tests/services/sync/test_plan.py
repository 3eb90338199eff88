"""What is due when, what is missing, how long it takes: pure arithmetic on the calendar."""

from __future__ import annotations

from datetime import date

import pytest

from engine.calendar.sessions import SessionTable
from engine.model.errors import DataUnavailable
from engine.model.instants import kst_datetime, kst_ns
from engine.model.instruments import Market, SecurityType, Symbol
from ralphstock_desktop.live_ports import StoredSpan
from ralphstock_desktop.services.sync_plan import (
    Marks,
    StepName,
    SyncItem,
    SyncRates,
    SyncSettings,
    SyncTargets,
    bar_items,
    flow_items,
    forecast_s,
    load_of,
    market_flow_items,
    next_due_ns,
    targets_at,
    universe,
)
from tests.services.sync.market import CALENDAR, tickers

SESSIONS, SETTINGS, RATES = SessionTable(), SyncSettings(), SyncRates()
MONDAY, TUESDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 20)
TARGETS = SyncTargets(TUESDAY, TUESDAY, TUESDAY, TUESDAY)


@pytest.mark.parametrize(
    ("hour", "minute", "listing", "bars", "flows"),
    [
        (7, 59, MONDAY, MONDAY, MONDAY),
        (8, 0, TUESDAY, MONDAY, MONDAY),
        (15, 39, TUESDAY, MONDAY, MONDAY),
        (15, 40, TUESDAY, TUESDAY, MONDAY),
        (20, 9, TUESDAY, TUESDAY, MONDAY),
        (20, 10, TUESDAY, TUESDAY, TUESDAY),
    ],
)
def test_targets_follow_the_hours(hour: int, minute: int, listing: date, bars: date, flows: date) -> None:
    targets = targets_at(kst_ns(TUESDAY, hour, minute), CALENDAR, SESSIONS)
    assert (targets.listing, targets.bars, targets.flows) == (listing, bars, flows)


def test_on_a_weekend_and_on_an_exam_day() -> None:
    saturday = targets_at(kst_ns(date(2026, 11, 21), 12), CALENDAR, SESSIONS)
    assert (saturday.listing, saturday.bars, saturday.flows) == (FRIDAY, FRIDAY, FRIDAY)
    exam = date(2026, 11, 19)  # closes an hour later
    assert targets_at(kst_ns(exam, 16, 39), CALENDAR, SESSIONS).bars == date(2026, 11, 18)
    assert targets_at(kst_ns(exam, 16, 40), CALENDAR, SESSIONS).bars == exam


def test_the_hours_at_which_a_run_is_due() -> None:
    now, found = kst_ns(FRIDAY, 7), []
    for _ in range(4):
        now = next_due_ns(now, CALENDAR, SESSIONS)
        found.append(kst_datetime(now).strftime("%m-%d %H:%M"))
    assert found == ["11-20 08:00", "11-20 15:40", "11-20 20:10", "11-23 08:00"]
    with pytest.raises(DataUnavailable):
        next_due_ns(kst_ns(date(2027, 12, 31), 23), CALENDAR, SESSIONS)


def test_items_begin_on_the_last_stored_day_and_leave_out_what_is_marked() -> None:
    names = tickers(4)
    whole, behind, marked, young = names
    spans = {behind: StoredSpan(date(2022, 1, 3), MONDAY), marked: StoredSpan(date(2022, 1, 3), MONDAY)}
    spans[young] = StoredSpan(date(2026, 10, 1), TUESDAY)
    marks = Marks(TUESDAY, {marked})
    listed = {name: date(2020, 1, 2) for name in names} | {young: date(2026, 10, 1)}
    items = {i.key: i for i in bar_items(StepName.DAILY, names, listed, spans, marks, TARGETS, CALENDAR, SETTINGS, RATES)}
    assert set(items) == {whole, behind, young}
    assert items[whole].whole and items[whole].requests == 2 and items[whole].since < date(2023, 11, 24)
    assert (items[behind].since, items[behind].requests, items[behind].whole) == (MONDAY, 1, False)
    assert not items[young].whole  # listed in October: there is no earlier history
    listed[young] = date(2020, 1, 2)
    assert bar_items(StepName.DAILY, [young], listed, spans, marks, TARGETS, CALENDAR, SETTINGS, RATES)[0].whole
    marks.whole.add(young)  # it was fetched whole before: the source has no more
    assert not bar_items(StepName.DAILY, [young], listed, spans, marks, TARGETS, CALENDAR, SETTINGS, RATES)[0].whole
    overlap = bar_items(StepName.ADJUSTED, [behind], listed, spans, marks, TARGETS, CALENDAR, SETTINGS, RATES)[0]
    assert CALENDAR.count(overlap.since, MONDAY) == SETTINGS.overlap_days + 1


def test_a_new_target_forgets_the_marks_of_the_old_one_but_not_what_was_fetched_whole() -> None:
    marks = Marks(MONDAY, {"a"}, {"b"}, FRIDAY)
    again = Marks.read(marks.detail())
    assert again == marks
    again.aim(MONDAY)
    assert again.done == {"a"}
    again.aim(TUESDAY)
    assert (again.done, again.whole, again.complete) == (set(), {"b"}, FRIDAY)


def test_flows_and_market_days() -> None:
    names = tickers(2)
    spans = {names[0]: StoredSpan(date(2026, 1, 2), MONDAY)}
    first, new = flow_items(names, spans, Marks(TUESDAY), TUESDAY, CALENDAR, SETTINGS, RATES)
    assert (first.since, first.requests) == (MONDAY, 2)
    assert new.whole and new.requests == 6  # 261 days in pages of 100, won and shares
    days = market_flow_items({"KOSPI": StoredSpan(FRIDAY, MONDAY)}, Marks(TUESDAY), TUESDAY, CALENDAR, SETTINGS)
    assert [i.key for i in days[:4]] == ["KOSDAQ 2026-11-24", "KOSPI 2026-11-24", "KOSDAQ 2026-11-23", "KOSPI 2026-11-23"]
    assert sum(i.key.startswith("KOSPI") for i in days) == 2
    assert sum(i.key.startswith("KOSDAQ") for i in days) == SETTINGS.market_flow_days


def test_the_universe_puts_wanted_symbols_first_and_leaves_other_types_out() -> None:
    symbols = [
        Symbol("000010", "a", Market.KOSPI, SecurityType.COMMON),
        Symbol("000020", "b", Market.KOSPI, SecurityType.ETF),
        Symbol("000030", "c", Market.KONEX, SecurityType.COMMON),
        Symbol("000040", "d", Market.KOSDAQ, SecurityType.PREFERRED),
    ]
    assert universe(symbols, SETTINGS.types, ["000020", "999999", "000020"]) == (["000020", "000010", "000040"], 1)


def test_the_forecast_of_a_whole_market_at_the_published_limits() -> None:
    evening = {StepName.MASTER: (2, 0), StepName.DAILY: (2600, 2600), StepName.ADJUSTED: (2600, 0)}
    assert forecast_s(evening, RATES) == pytest.approx(4 + 1300)  # raw and adjusted share 4/s, the closes have their own
    night = {**evening, StepName.FLOWS: (5200, 0)}
    # three kinds at once ask for 12/s: 8.5/12 of 4/s for 2,600 days, then two kinds at 4/s for what is left
    assert forecast_s(night, RATES) == pytest.approx(4 + 2600 / (4 * 8.5 / 12) + 2600 / 4)
    tight = SyncRates(per_kind_per_s=4, total_per_s=5)
    assert forecast_s(night, tight) == pytest.approx(4 + 13000 / 5)
    assert forecast_s({}, RATES) == 0
    assert load_of([SyncItem("a", TUESDAY, 2, also=1), SyncItem("b", TUESDAY, 3)]) == (5, 1)


def test_todays_close_costs_a_request_of_another_kind_and_only_today() -> None:
    span = {"000010": StoredSpan(date(2022, 1, 3), MONDAY)}
    for today, also in ((TUESDAY, 1), (date(2026, 11, 25), 0)):
        targets = SyncTargets(TUESDAY, TUESDAY, TUESDAY, today)
        for step in (StepName.DAILY, StepName.ADJUSTED):
            (item,) = bar_items(step, ["000010"], {}, span, Marks(TUESDAY), targets, CALENDAR, SETTINGS, RATES)
            assert item.also == (also if step is StepName.DAILY else 0)
