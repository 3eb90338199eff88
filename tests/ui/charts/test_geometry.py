"""Bars and pixels, views and their memory, tags, and days on any time frame."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.features.series import day_series
from engine.model.chart import Timeframe
from ralphstock_desktop.ui.charts.bar_index import BarIndex
from ralphstock_desktop.ui.charts.tags import push_apart
from ralphstock_desktop.ui.charts.viewport import BarAxis, View, ViewStore
from tests.perf.market import synthetic_panel
from tests.ui.charts.builders import day_number, minute_series, walk

# -- bars and pixels ------------------------------------------------------------------------------------------------------


@given(
    count=st.integers(1, 1_000_000),
    width=st.integers(50, 4000),
    bars=st.floats(8, 5000),
    right=st.floats(-500, 500),
    bar=st.floats(0, 1_000_000),
)
def test_pixels_and_bars_are_inverse(count: int, width: int, bars: float, right: float, bar: float) -> None:
    axis = BarAxis(count, width, bars, right)
    assert axis.bar(axis.x(bar)) == pytest.approx(bar, abs=1e-6)


def test_the_last_bar_stands_left_of_the_empty_room() -> None:
    axis = BarAxis(100, 800, 80.0, 4.0)
    assert axis.step == 10
    assert axis.x(99) == 800 - 4 * 10 - 5
    assert axis.nearest(axis.x(99) + 4.9) == 99
    assert axis.nearest(axis.x(99) + 5.1) is None
    assert axis.visible() == (24, 100)


def test_zoom_keeps_the_bar_under_the_pointer() -> None:
    axis = BarAxis(1000, 800, 100.0, 2.0)
    view = axis.zoomed(View(100.0, 2.0), 0.7, 300.0)
    after = BarAxis(1000, 800, view.bars, view.right)
    assert view.bars == pytest.approx(70)
    assert after.bar(300.0) == pytest.approx(axis.bar(300.0))


@pytest.mark.parametrize("right", [-1e9, 1e9])
def test_some_bars_always_stay_in_sight(right: float) -> None:
    axis = BarAxis(500, 800, 100.0, 0.0)
    view = axis.limited(View(100.0, right))
    first, last = BarAxis(500, 800, view.bars, view.right).visible()
    assert last - first >= 3


# -- memory of views ------------------------------------------------------------------------------------------------------


def test_views_travel_as_plain_data_and_old_ones_are_forgotten() -> None:
    store = ViewStore(limit=2)
    for ticker in ("000020", "000030", "000040"):
        store.put(ticker, Timeframe.DAY, View(50.0, 3.0, 10.0, 20.0, log=True))
    assert store.get("000020", Timeframe.DAY) is None and len(store) == 2
    other = ViewStore()
    other.restore(store.export())
    assert other.get("000040", Timeframe.DAY) == View(50.0, 3.0, 10.0, 20.0, log=True)
    assert other.get("000040", Timeframe.WEEK) is None


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        "views",
        [None],
        [["000020", "D", 50.0]],
        [["000020", "Y", 50.0, 1.0, None, None, False, False]],
        [["000020", "D", float("nan"), 1.0, None, None, False, False]],
        [["000020", "D", True, 1.0, None, None, False, False]],
        [[20, "D", 50.0, 1.0, None, None, False, False]],
        [["000020", ["D"], 50.0, 1.0, None, None, False, False]],
    ],
)
def test_damaged_views_are_left_out(damaged: object) -> None:
    store = ViewStore()
    store.restore(damaged)
    assert len(store) == 0


# -- tags -----------------------------------------------------------------------------------------------------------------


def test_tags_apart_stay_where_they_are() -> None:
    assert push_apart([10.0, 40.0, 90.0], 18, 0, 100) == [10.0, 40.0, 90.0]


def test_equal_tags_spread_around_their_place() -> None:
    assert push_apart([50.0, 50.0, 50.0], 18, 0, 100) == [32.0, 50.0, 68.0]


@given(st.lists(st.floats(-50, 450), max_size=9))
def test_tags_keep_order_distance_and_limits(wanted: list[float]) -> None:
    pushed = push_apart(wanted, 18, 10, 390)
    order = np.argsort(wanted, kind="stable")
    placed = [pushed[index] for index in order]
    assert all(10 - 1e-9 <= y <= 390 + 1e-9 for y in placed)
    assert all(after - before >= 18 - 1e-6 for before, after in pairwise(placed))


def test_too_many_tags_share_the_room() -> None:
    pushed = push_apart([5.0] * 11, 18, 0, 100)
    assert pushed[0] == 0 and pushed[-1] == 100


# -- days on any time frame -----------------------------------------------------------------------------------------------

PANEL = synthetic_panel(1, 260)


def test_days_map_to_their_own_bars() -> None:
    series = walk(40)
    index = BarIndex(series)
    days = series.time.astype("datetime64[D]").astype(np.int64)
    assert [index.bar(int(day)) for day in days] == list(range(40))
    assert index.span(int(days[3]), int(days[7])) == (3, 7)
    assert index.span(int(days[-1]) + 1, int(days[-1]) + 5) is None
    assert index.span(0, int(days[0]) - 1) is None
    assert index.span(0, 10**6) == (0, 39)


@pytest.mark.parametrize("timeframe", [Timeframe.WEEK, Timeframe.MONTH])
def test_days_map_to_the_week_or_month_that_holds_them(timeframe: Timeframe) -> None:
    days = day_series(PANEL, 0, 259, Timeframe.DAY, adjusted=True)
    merged = day_series(PANEL, 0, 259, timeframe, adjusted=True)
    index = BarIndex(merged)
    for number, moment in enumerate(days.time):
        day = moment.astype("datetime64[D]").item()
        bar = index.span(day_number(day), day_number(day))
        assert bar is not None, number
        end = merged.time[bar[0]].astype("datetime64[D]").item()
        same = day.isocalendar()[:2] == end.isocalendar()[:2] if timeframe is Timeframe.WEEK else day.month == end.month
        assert same, (number, day, end)
        assert bar[0] == bar[1]


def test_a_day_of_a_minute_series_has_all_its_bars() -> None:
    series = minute_series(3, minutes=100)
    index = BarIndex(series)
    second = series.time[100].astype("datetime64[D]").item()
    assert index.span(day_number(second), day_number(second)) == (100, 199)
    assert index.bar(day_number(date(2020, 1, 1))) is None
