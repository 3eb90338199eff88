"""Merged levels equal the plain definition, for any group, with holes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ralphstock_desktop.ui.charts.chart_data import ChartData, LastBar
from ralphstock_desktop.ui.charts.levels import Pyramid, group_size
from tests.ui.charts.builders import walk


@pytest.mark.parametrize(
    ("bars_per_px", "wanted"), [(0.1, 1), (1.0, 1), (1.2, 2), (3.1, 4), (4.0, 4), (4.1, 8), (9, 12), (100, 128), (878, 1024)]
)
def test_groups_are_just_wide_enough(bars_per_px: float, wanted: int) -> None:
    assert group_size(bars_per_px) == wanted


def brute(values: np.ndarray, first: int, last: int, size: int, kind: str) -> np.ndarray:
    join = np.fmax if kind == "max" else np.fmin
    begin = first // size * size
    return np.array([join.reduce(values[start : start + size]) for start in range(begin, last, size)])


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 20_000),
    first=st.floats(0, 1),
    length=st.floats(0, 1),
    size=st.sampled_from([1, 2, 3, 4, 8, 12, 16, 48, 64, 256, 768]),
    kind=st.sampled_from(["max", "min"]),
    holes=st.booleans(),
)
def test_groups_equal_brute_force(count: int, first: float, length: float, size: int, kind: str, holes: bool) -> None:
    random = np.random.default_rng(count)
    values = random.normal(size=count)
    if holes:
        values[random.random(count) < 0.4] = np.nan
    begin = int(first * (count - 1))
    end = min(count, begin + 1 + int(length * count))
    pyramid = Pyramid(values, kind)  # type: ignore[arg-type]
    np.testing.assert_array_equal(pyramid.groups(begin, end, size), brute(values, begin, end, size, kind))
    whole = np.fmax.reduce(values[begin:end]) if kind == "max" else np.fmin.reduce(values[begin:end])
    np.testing.assert_equal(pyramid.over(begin, end), float(whole))


def test_nothing_over_nothing() -> None:
    assert math.isnan(Pyramid(np.zeros(0), "max").over(0, 0))
    assert len(Pyramid(np.ones(5), "min").groups(3, 3, 4)) == 0


@pytest.mark.parametrize("step", [9.0, 1.0, 0.4, 0.07])
def test_closed_columns_and_the_newest_one_cover_every_bar_once(step: float) -> None:
    series = walk(1003)
    data = ChartData(series)
    closed, newest = data.columns(0, 1003, step), data.last_column(data.columns(0, 1003, step).size)
    assert newest is not None
    covered = [*range(closed.first, closed.last), *range(newest.first, newest.last)]
    assert covered == list(range(1003))
    assert float(np.append(closed.high, newest.high).max()) == series.high.max()
    assert float(np.append(closed.low, newest.low).min()) == series.low.min()
    assert newest.close[0] == series.close[-1]


def test_a_changed_last_bar_moves_range_and_averages() -> None:
    series = walk(60)
    data = ChartData(series)
    close = float(series.close[-1]) * 1.2
    data.set_last(LastBar(float(series.open[-1]), close, float(series.low[-1]), close, 1.0, 1.0))
    assert data.price_range(50, 60)[1] == close
    assert data.last_averages[5] == pytest.approx((series.close[-5:-1].sum() + close) / 5)
    assert data.last_averages[20] == pytest.approx((series.close[-20:-1].sum() + close) / 20)
    assert series.close[-1] != close, "the shared series must not be written to"


def test_missing_flow_runs() -> None:
    foreign = np.array([np.nan, np.nan, 1.0, np.nan, 2.0, np.nan])
    institution = np.array([np.nan, np.nan, 1.0, 5.0, 2.0, np.nan])
    data = ChartData(walk(6, foreign_krw=foreign, institution_krw=institution))
    assert data.missing_flow.tolist() == [[0, 1], [5, 5]]
    np.testing.assert_array_equal(data.cumulative("foreign", 2, np.array([2, 3, 4])), [1.0, np.nan, 3.0])
