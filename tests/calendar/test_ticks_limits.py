"""Tick sizes and price limits on both sides of every bound and every change date (domain.md §§1.6, 1.7)."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from engine.calendar.limits import (
    ipo_first_day_limits,
    is_lower_limit,
    is_upper_limit,
    limit_rate_pct,
    lower_limits,
    price_limits,
    upper_limits,
)
from engine.calendar.ticks import ceil_tick, floor_tick, is_on_tick, round_tick, tick_size, tick_table
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instruments import Market, SecurityType

NOW = date(2026, 5, 4)
OLD = date(2023, 1, 24)
NEW = date(2023, 1, 25)

TABLE = [
    # price, since 2023-01-25, KOSPI before, KOSDAQ before
    (1, 1, 1, 1),
    (999, 1, 1, 1),
    (1_000, 1, 5, 5),
    (1_999, 1, 5, 5),
    (2_000, 5, 5, 5),
    (4_999, 5, 5, 5),
    (5_000, 10, 10, 10),
    (9_999, 10, 10, 10),
    (10_000, 10, 50, 50),
    (19_999, 10, 50, 50),
    (20_000, 50, 50, 50),
    (49_999, 50, 50, 50),
    (50_000, 100, 100, 100),
    (99_999, 100, 100, 100),
    (100_000, 100, 500, 100),
    (199_999, 100, 500, 100),
    (200_000, 500, 500, 100),
    (499_999, 500, 500, 100),
    (500_000, 1_000, 1_000, 100),
    (3_000_000, 1_000, 1_000, 100),
]


@pytest.mark.parametrize(("price", "now", "kospi", "kosdaq"), TABLE)
def test_tick_table(price: int, now: int, kospi: int, kosdaq: int) -> None:
    assert tick_size(price, Market.KOSPI, NEW) == now
    assert tick_size(price, Market.KOSDAQ, NEW) == now
    assert tick_size(price, Market.UNKNOWN, NEW) == now
    assert tick_size(price, Market.KOSPI, OLD) == kospi
    assert tick_size(price, Market.KOSDAQ, OLD) == kosdaq
    assert tick_size(price, Market.KONEX, OLD) == kosdaq


def test_arrays_agree_with_scalars_for_mixed_markets_days_and_types() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    size = 3_000
    price = np.exp(rng.uniform(0, 15, size))
    market = rng.integers(1, 4, size).astype(np.uint8)
    kind = rng.choice([1, 2, 4, 5, 6, 7], size).astype(np.uint8)
    days = np.datetime64("2022-12-01") + rng.integers(0, 500, size)
    for function in (tick_size, floor_tick, ceil_tick):
        got = function(price, market, days, kind)
        want = [
            function(float(p), int(m), d.astype(date), int(k)) for p, m, d, k in zip(price, market, days, kind, strict=True)
        ]
        np.testing.assert_array_equal(got, want)


def test_funds_and_warrants() -> None:
    before, since = date(2023, 12, 10), date(2023, 12, 11)
    assert tick_size(1_999, Market.KOSPI, before, SecurityType.ETF) == 5
    assert tick_size(1_999, Market.KOSPI, since, SecurityType.ETF) == 1
    assert tick_size(1_999, Market.KOSPI, since, SecurityType.ETN) == 1
    assert tick_size(2_000, Market.KOSPI, since, SecurityType.ETF) == 5
    assert tick_size(600_000, Market.KOSPI, since, SecurityType.ETF) == 5
    assert tick_size(300, Market.KOSPI, since, SecurityType.ELW) == 5
    assert tick_size(60_000, Market.KOSPI, since, SecurityType.REIT) == 100


@pytest.mark.parametrize(
    ("price", "floor", "ceil"),
    [
        (2_000, 2_000, 2_000),
        (1_999.9999999, 2_000, 2_000),  # 0.4: the slack comes first
        (2_000.0000001, 2_000, 2_000),
        (1_999.5, 1_999, 2_000),
        (2_001, 2_000, 2_005),
        (2_004.99, 2_000, 2_005),
        (49_999, 49_950, 50_000),
        (50_001, 50_000, 50_100),
        (0.1 * 3 * 10_000, 3_000, 3_000),  # 3000.0000000000005
        (1_234.56 * 100, 123_400, 123_500),
        (0.4, 0, 1),
    ],
)
def test_floor_and_ceil(price: float, floor: int, ceil: int) -> None:
    assert floor_tick(price, Market.KOSPI, NOW) == floor
    assert ceil_tick(price, Market.KOSPI, NOW) == ceil


def test_missing_prices_stay_missing() -> None:
    holes = np.array([np.nan, 0.0, -5.0, np.inf, 1_234.5])
    for function in (tick_size, floor_tick, ceil_tick, round_tick):
        result = function(holes, Market.KOSDAQ, NOW)
        assert np.isnan(result[:4]).all()
        assert np.isfinite(result[4])
    assert not is_on_tick(holes, Market.KOSDAQ, NOW).any()
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValidationFailed, match="positive number of won"):
            tick_size(bad, Market.KOSDAQ, NOW)


def test_unknown_market_is_refused_where_it_matters() -> None:
    with pytest.raises(ValidationFailed, match="depends on the market"):
        tick_table(Market.UNKNOWN, OLD)
    with pytest.raises(ValidationFailed, match="depends on the market"):
        tick_size(np.array([100.0]), np.array([0], np.uint8), OLD)
    assert tick_size(1_500, Market.UNKNOWN, OLD, SecurityType.ETF) == 5


def test_round_and_on_tick() -> None:
    np.testing.assert_array_equal(round_tick(np.array([2_002.5, 2_002.4, 0.2]), Market.KOSPI, NOW), [2_005, 2_000, 1])
    np.testing.assert_array_equal(is_on_tick(np.array([2_005, 2_004, 1_999]), Market.KOSPI, NOW), [True, False, True])


@pytest.mark.parametrize(
    ("base", "upper", "lower"),
    [
        (1_998, 2_595, 1_399),  # domain.md §1.7
        (2_000, 2_600, 1_400),  # width 600
        (1_000, 1_300, 700),
        (9_990, 12_980, 7_000),  # width 2,997 cut to 2,990; upper 12,980; lower 7,000
        (71_500, 92_900, 50_100),  # width 21,450 cut to 21,400
        (198_000, 257_000, 138_600),  # width 59,400; upper 257,400 cut to the 500 tick
        (1, 1, 1),  # width 0.3 cut to 0
        (1_500_000, 1_950_000, 1_050_000),
    ],
)
def test_limits_by_hand(base: int, upper: int, lower: int) -> None:
    limits = price_limits(base, Market.KOSPI, NOW)
    assert (limits.upper, limits.lower) == (upper, lower)


def test_limit_rate_by_date_and_market() -> None:
    change = date(2015, 6, 15)
    assert limit_rate_pct(Market.KOSPI, change - timedelta(days=1)) == 15
    assert limit_rate_pct(Market.KOSDAQ, change) == 30
    assert limit_rate_pct(Market.KONEX, NOW) == 15
    assert price_limits(10_000, Market.KOSPI, date(2015, 6, 12)).upper == 11_500
    assert price_limits(10_000, Market.KOSPI, change).upper == 13_000
    with pytest.raises(DataUnavailable):
        limit_rate_pct(Market.KOSPI, date(2004, 1, 5))
    with pytest.raises(DataUnavailable):
        upper_limits(np.array([1000.0]), Market.KOSPI, date(2004, 1, 5))


def test_limit_arrays_agree_with_scalars() -> None:
    rng = np.random.Generator(np.random.PCG64(6))
    base = np.floor(np.exp(rng.uniform(0.1, 15, 4_000)))
    market = rng.integers(1, 4, 4_000).astype(np.uint8)
    for day in (date(2015, 6, 12), OLD, NOW):
        want = [price_limits(int(b), int(m), day) for b, m in zip(base, market, strict=True)]
        np.testing.assert_array_equal(upper_limits(base, market, day), [w.upper for w in want])
        np.testing.assert_array_equal(lower_limits(base, market, day), [w.lower or np.nan for w in want])


def test_limit_up_is_a_price_not_a_percentage() -> None:
    close, base = np.array([2_595, 2_590, 2_600, 100]), np.array([1_998, 1_998, 1_998, np.nan])
    hit, known = is_upper_limit(close, base, Market.KOSPI, NOW)
    assert hit.tolist() == [True, False, False, False]
    assert known.tolist() == [True, True, True, False]
    assert is_lower_limit(np.array([1_399]), np.array([1_998]), Market.KOSPI, NOW)[0].tolist() == [True]


def test_first_day_of_a_listing() -> None:
    limits = ipo_first_day_limits(12_000, Market.KOSDAQ, date(2023, 6, 26))
    assert (limits.upper, limits.lower) == (48_000, 7_200)
    with pytest.raises(ValidationFailed, match="2023-06-26"):
        ipo_first_day_limits(12_000, Market.KOSDAQ, date(2023, 6, 25))
    with pytest.raises(ValidationFailed, match="positive"):
        ipo_first_day_limits(0, Market.KOSDAQ, NOW)
