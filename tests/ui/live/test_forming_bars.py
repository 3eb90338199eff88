"""The running day joined to stored bars: arithmetic against plain loops."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.model.chart import ChartSeries, Timeframe
from engine.model.instants import kst_ns
from ralphstock_desktop.services.live_contracts import FormingBar
from ralphstock_desktop.ui.charts.chart_data import ChartData, LastBar
from ralphstock_desktop.ui.charts.forming import bands, kst_seconds, last_minutes, seconds_left, with_day, with_minutes
from tests.ui.charts.builders import minute_series, series_of, walk

LAST = date(2026, 5, 4)
TODAY = date(2026, 5, 6)


def day_bar(day: date = TODAY, **changes: float) -> FormingBar:
    values = {"open": 100.0, "high": 120.0, "low": 90.0, "close": 110.0, "volume_shares": 5_000.0, "value_krw": 5e5, **changes}
    return FormingBar(kst_ns(day, 0), **values)


def minute(hour: int, at: int, close: float = 100.0, **changes: float) -> FormingBar:
    values = {"open": close, "high": close, "low": close, "close": close, "volume_shares": 10.0, "value_krw": math.nan}
    return FormingBar(kst_ns(TODAY, hour, at), **{**values, **changes})


# -- days -------------------------------------------------------------------------------------------------------------------


def test_a_day_is_appended_with_averages_carried_on() -> None:
    stored = walk(60)
    found = with_day(stored, day_bar(close=50_000.0), math.nan)
    assert found is not None and found.before is None
    series = found.series
    assert len(series) == 61 and str(series.time[-1]) == "2026-05-06T00:00:00"
    for length, values in series.averages.items():
        assert values[-1] == pytest.approx(np.append(stored.close, 50_000.0)[-length:].mean())
        np.testing.assert_array_equal(values[:-1], stored.averages[length])
    assert math.isnan(series.foreign_krw[-1]), "flows of a running day are not known"
    np.testing.assert_array_equal(series.close[:-1], stored.close)


@pytest.mark.parametrize("day", [LAST, date(2026, 4, 30)])
def test_a_day_the_stored_bars_hold_already_is_not_added(day: date) -> None:
    assert with_day(walk(20), day_bar(day), math.nan) is None
    assert with_day(series_of([], [], [], []), day_bar(), math.nan) is None


def test_a_split_brings_adjusted_prices_to_the_scale_of_today() -> None:
    stored = series_of([100.0] * 3, [110.0] * 3, [90.0] * 3, [100.0] * 3, averages={2: np.array([math.nan, 100.0, 100.0])})
    found = with_day(stored, day_bar(close=51.0), 50.0)
    assert found is not None
    assert found.series.close.tolist() == [50.0, 50.0, 50.0, 51.0]
    assert found.series.volume_shares[0] == 2_000.0, "twice the shares at half the price"
    assert found.series.averages[2][-1] == pytest.approx(50.5)
    raw = with_day(replace(stored, adjusted=False), day_bar(close=51.0), 50.0)
    assert raw is not None and raw.series.close.tolist() == [100.0, 100.0, 100.0, 51.0]


@pytest.mark.parametrize("timeframe", [Timeframe.WEEK, Timeframe.MONTH])
def test_a_week_or_month_that_has_begun_takes_the_day_in(timeframe: Timeframe) -> None:
    stored = replace(walk(20), timeframe=timeframe)
    before = LastBar(
        *(float(c[-1]) for c in (stored.open, stored.high, stored.low, stored.close, stored.volume_shares, stored.value_krw))
    )
    low = before.low - 500
    found = with_day(stored, day_bar(high=1.0, low=low, close=low + 10), math.nan)
    assert found is not None and len(found.series) == 20 and found.before is not None
    last = found.last(day_bar(high=1.0, low=low, close=low + 10))
    assert (last.open, last.high, last.low, last.close) == (before.open, before.high, low, low + 10)
    assert last.volume == before.volume + 5_000
    assert found.series.low[-1] == low
    fresh = with_day(stored, day_bar(date(2026, 6, 8)), math.nan)
    assert fresh is not None and len(fresh.series) == 21, "another week, another month"


# -- minutes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("timeframe", "length"), [(Timeframe.MIN_1, 1), (Timeframe.MIN_5, 5), (Timeframe.MIN_60, 60)])
def test_todays_minutes_are_joined_to_bars_of_the_time_frame(timeframe: Timeframe, length: int) -> None:
    stored = minute_series(2, step=length)
    random = np.random.default_rng(3)
    bars = [minute(9 + m // 60, m % 60, float(close)) for m, close in enumerate(random.integers(90, 110, 130))]
    series = with_minutes(stored, bars, timeframe, 95.0)
    expected: dict[int, list[FormingBar]] = {}
    for bar in bars:
        start = kst_seconds(bar.time_ns)
        expected.setdefault(start - start % (60 * length), []).append(bar)
    more = series.close[len(stored) :]
    assert len(more) == len(expected)
    for place, group in enumerate(expected.values()):
        at = len(stored) + place
        assert series.open[at] == group[0].open and series.close[at] == group[-1].close
        assert series.high[at] == max(b.high for b in group) and series.volume_shares[at] == 10.0 * len(group)
    assert series.base[-1] == 95.0
    newest = last_minutes(bars, timeframe)
    assert newest is not None and newest[0] == list(expected)[-1] and newest[1].close == bars[-1].close
    assert newest[1].volume == series.volume_shares[-1]


def test_the_running_bar_replaces_a_stored_one_of_the_same_time() -> None:
    stored = minute_series(1)
    first = stored.time.astype("datetime64[s]").astype(np.int64)[300]
    day = date.fromisoformat(str(stored.time[0].astype("datetime64[D]")))
    bars = [FormingBar(kst_ns(day, 14, m), 1.0, 1.0, 1.0, 1.0, 1.0, 1.0) for m in range(3)]
    assert kst_seconds(bars[0].time_ns) == first
    series = with_minutes(stored, bars, Timeframe.MIN_1, math.nan)
    assert len(series) == 303 and series.close[-3:].tolist() == [1.0, 1.0, 1.0]


def test_without_stored_minutes_a_day_series_gives_the_names() -> None:
    series = with_minutes(walk(30), [minute(9, 0), minute(9, 1)], Timeframe.MIN_1, math.nan)
    assert (len(series), series.timeframe, series.ticker, series.adjusted) == (2, Timeframe.MIN_1, "006800", False)
    assert len(ChartData(series)) == 2
    assert last_minutes([], Timeframe.MIN_5) is None


def test_seconds_left_of_a_bar() -> None:
    at = kst_ns(TODAY, 10, 42, 31)
    assert [seconds_left(at, frame) for frame in (Timeframe.MIN_1, Timeframe.MIN_5, Timeframe.MIN_60)] == [29, 149, 1_049]


# -- gaps and VWAP ----------------------------------------------------------------------------------------------------------


def test_gaps_become_spans_of_bars() -> None:
    series = with_minutes(walk(5), [minute(9, m) for m in (0, 1, 2, 6, 7, 8)], Timeframe.MIN_1, math.nan)

    def at(hour: int, m: int, s: int = 0) -> int:
        return kst_seconds(kst_ns(TODAY, hour, m, s))

    inside, growing, before = bands(
        series, [(at(9, 2, 40), at(9, 6, 5), True, "a"), (at(9, 8, 30), None, False, "b"), (at(8, 0), at(9, 0, 10), False, "")]
    )
    assert (inside.first, inside.last, inside.filled, inside.words) == (2, 3, True, "a")
    assert (growing.first, growing.last) == (5, 5)
    assert (before.first, before.last) == (0, 0)
    assert bands(series, [(at(7, 0), at(7, 30), False, "")]) == (), "before the first bar"


def test_vwap_begins_anew_every_day_and_follows_the_last_bar() -> None:
    series: ChartSeries = minute_series(2, minutes=30)
    value = series.value_krw.copy()
    value[5] = math.nan
    series = replace(series, value_krw=value)
    data = ChartData(series)
    typical = (series.high + series.low + series.close) / 3
    money = np.where(np.isnan(value), typical * series.volume_shares, value)
    vwap = data.vwap
    assert vwap is not None
    for bar in (0, 5, 29, 30, 59):
        since = 0 if bar < 30 else 30
        expected = money[since : bar + 1].sum() / series.volume_shares[since : bar + 1].sum()
        assert vwap[bar] == pytest.approx(expected)
    assert data.vwap_last == pytest.approx(vwap[-1])
    data.set_last(LastBar(10.0, 10.0, 10.0, 10.0, 100.0, 1_000.0))
    expected = (money[30:59].sum() + 1_000.0) / (series.volume_shares[30:59].sum() + 100.0)
    assert data.vwap_last == pytest.approx(expected)
    assert ChartData(walk(20)).vwap is None and math.isnan(ChartData(walk(20)).vwap_last)
