"""Axis lines: prices on 1-2-2.5-5 steps of the tick grid, months, years, hours."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.chart import Timeframe
from ralphstock_desktop.ui.charts.axis_ticks import TimeTicks, amount_ticks, price_ticks, snap_price, tick_at
from tests.ui.charts.builders import minute_series, series_of, walk

DAY = date(2026, 5, 4)


def grid(price: float) -> int:
    return tick_at(price, 1, DAY)


@pytest.mark.parametrize(
    ("low", "high", "most", "wanted"),
    [
        (29_000, 84_000, 8, [30_000, 40_000, 50_000, 60_000, 70_000, 80_000]),
        (100, 200, 8, [100, 120, 140, 160, 180, 200]),
        (1_000, 1_007, 8, [1_000, 1_001, 1_002, 1_003, 1_004, 1_005, 1_006, 1_007]),
        (70_000, 70_900, 8, [70_000, 70_200, 70_400, 70_600, 70_800]),
    ],
)
def test_price_lines_stand_on_round_prices(low: float, high: float, most: int, wanted: list[float]) -> None:
    assert price_ticks(low, high, most, grid) == wanted


def test_a_step_that_is_off_the_tick_grid_is_not_used() -> None:
    # 25 won would give few enough lines, but the tick at 30,000 won is 50.
    assert price_ticks(30_000, 30_190, 8, grid) == [30_000, 30_050, 30_100, 30_150]


@given(
    low=st.floats(100, 2_000_000),
    span=st.floats(0.02, 3.0),
    most=st.integers(2, 9),
)
def test_price_lines_are_inside_even_and_not_too_many(low: float, span: float, most: int) -> None:
    high = low * (1 + span)
    lines = price_ticks(low, high, most, grid)
    assert len(lines) <= most + 1
    assert all(low - 1e-6 * high <= line <= high * (1 + 1e-9) for line in lines)
    steps = np.diff(lines)
    if len(steps) > 1:
        assert np.allclose(steps, steps[0])
        tick = grid((low + high) / 2)
        assert steps[0] / tick == pytest.approx(round(steps[0] / tick))


@pytest.mark.parametrize(("low", "high"), [(5.0, 5.0), (6.0, 5.0), (float("nan"), 5.0), (1.0, float("inf"))])
def test_no_lines_without_a_range(low: float, high: float) -> None:
    assert price_ticks(low, high, 8, grid) == []
    assert amount_ticks(low, high, 3) == []


def test_log_lines_spread_over_decades() -> None:
    assert price_ticks(900, 110_000, 8, grid, log=True) == [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000]
    assert price_ticks(900, 110_000, 5, grid, log=True) == [1_000, 3_000, 10_000, 30_000, 100_000]


def test_amounts_leave_zero_out() -> None:
    assert amount_ticks(-1.2e11, 1.4e11, 3) == [-1e11, 1e11]
    assert amount_ticks(0, 25_000_000, 3) == [10_000_000, 20_000_000]


@pytest.mark.parametrize(("price", "wanted"), [(54_117, 54_100), (54_150.1, 54_200), (1_998.6, 1_999), (0.2, 1)])
def test_crosshair_prices_snap_to_the_tick(price: float, wanted: float) -> None:
    assert snap_price(price, 1, DAY) == wanted


def labels(ticks: TimeTicks, series_length: int, step: float) -> list[tuple[str, str]]:
    return [(tick.kind, str(tick.moment)[:10]) for tick in ticks.ticks(0, series_length, step, 46)]


def test_month_starts_stand_on_the_first_trading_day() -> None:
    series = walk(90)  # 2025-12-30 … 2026-05-04
    found = labels(TimeTicks(series), 90, 8.0)
    assert found == [
        ("year", "2026-01-01"),
        ("month", "2026-02-02"),
        ("month", "2026-03-02"),
        ("month", "2026-04-01"),
        ("month", "2026-05-01"),
    ]


def test_dense_months_become_quarters_and_years() -> None:
    series = walk(1500)
    ticks = TimeTicks(series)
    near = ticks.ticks(0, 1500, 0.9, 46)
    assert {tick.moment.astype(object).month for tick in near} <= {1, 4, 7, 10}
    far = ticks.ticks(0, 1500, 0.12, 46)
    assert {tick.kind for tick in far} == {"year"}
    for found, step in ((near, 0.9), (far, 0.12)):
        distances = np.diff([tick.bar for tick in found]) * step
        assert (distances >= 46 * 0.8).all()


def test_minutes_have_half_hours_hours_and_days() -> None:
    series = minute_series(2)
    ticks = TimeTicks(series).ticks(0, len(series), 2.0, 46)
    kinds = [tick.kind for tick in ticks]
    assert kinds.count("month") + kinds.count("day") == 1  # the second day; the first begins at the edge
    times = {str(tick.moment)[11:16]: tick.kind for tick in ticks if tick.bar < 390}
    assert times["10:00"] == "hour" and times["10:30"] == "half_hour" and times["15:00"] == "hour"


def test_sparse_minutes_show_days_only() -> None:
    series = minute_series(30, step=60)
    assert {tick.kind for tick in TimeTicks(series).ticks(0, len(series), 7.0, 46)} <= {"day", "month", "year"}


def test_empty_and_single_bars_have_no_lines() -> None:
    for series in (
        series_of([], [], [], []),
        series_of([1], [1], [1], [1]),
        series_of([1], [1], [1], [1], timeframe=Timeframe.WEEK),
    ):
        assert TimeTicks(series).ticks(0, len(series), 8.0, 46) == []
