"""Golden cases of history length, trend template and relative strength (domain.md §§2.2-2.4)."""

from __future__ import annotations

import math

import pytest
from builders import Series, fillers, scan_market, scan_one

from engine.model.scan import Grade, Ineligible, ScanFlag, ScoreStatus, VcpState

# ---------------------------------------------------------------------------------------------------- §2.2 history


@pytest.mark.parametrize(
    ("n", "status", "state", "scored"),
    [
        (1, ScoreStatus.MISSING, VcpState.INSUFFICIENT_HISTORY, False),
        (59, ScoreStatus.MISSING, VcpState.INSUFFICIENT_HISTORY, False),
        (60, ScoreStatus.PARTIAL, VcpState.NO_BASE, True),
        (250, ScoreStatus.PARTIAL, VcpState.NO_BASE, True),
        (251, ScoreStatus.OK, VcpState.NO_BASE, True),
    ],
)
def test_history(n: int, status: ScoreStatus, state: VcpState, scored: bool) -> None:
    found = scan_one(Series().flat(n, 10_000))
    assert (found.get("n_bars"), found.get("status"), found.get("state")) == (n, status, state)
    assert math.isnan(found.get("vcp_score")) is not scored
    assert math.isnan(found.get("total_score")) is not scored
    assert (found.get("grade") == Grade.NONE) is not scored
    assert found.get("coverage") == (70 if scored else 0)  # no flows here
    if scored:
        assert bool(ScanFlag.PARTIAL_HISTORY & int(found.get("flags"))) is (n < 251)
    assert bool(Ineligible.BARS_LT_60 & int(found.get("ineligible"))) is (n < 60)


def test_a_flat_series_earns_only_what_a_flat_series_has() -> None:
    """10,000 for 300 bars: no average is exceeded, T7 holds (10,000 >= 7,500), D1 is tight (0 %), no base, no RS.

    C1: v5/v50 = 1 -> 0. The score is T7 3 + D1 5 = 8, not the 59 of a detector that rewards a dead series.
    """
    found = scan_one(Series().flat(300, 10_000))
    assert [found.points(f"T{k}") for k in range(1, 9)] == [0, 0, 0, 0, 0, 0, 3, 0]
    assert (found.points("D1"), found.get("vcp_score"), found.get("total_score")) == (5, 8, 5.6)


# ---------------------------------------------------------------------------------------------------- §2.3 trend


def jump(n: int, last: int) -> Series:
    """n - 1 closes of 10,000, then ``last``."""
    return Series().flat(n - 1, 10_000).closes([last])


@pytest.mark.parametrize(
    ("item", "series", "points"),
    [
        # T5: MA50 = (49 x 10,000 + 10,001)/50 = 10,000.02 < 10,001; equal is not above
        ("T5", jump(60, 10_001), 3),
        ("T5", jump(60, 10_000), 0),
        ("T5", jump(60, 9_999), 0),
        # T1, T2, T4, T6 need 200 bars
        ("T1", jump(200, 10_001), 3),
        ("T1", jump(199, 10_001), 0),
        ("T1", jump(200, 10_000), 0),
        ("T2", jump(200, 10_001), 3),  # 10,000.0067 > 10,000.005
        ("T2", jump(199, 10_001), 0),
        ("T2", jump(200, 10_000), 0),
        ("T4", jump(200, 10_001), 3),  # 10,000.02 above both
        ("T4", jump(199, 10_001), 0),
        ("T4", jump(200, 9_999), 0),
        # T1 with C between the averages: 50 x 8,000, 149 x 10,000, 9,900: MA150 9,999.33, MA200 9,499.50
        ("T1", Series().flat(50, 8_000).flat(149, 10_000).closes([9_900]), 0),
        ("T2", Series().flat(50, 8_000).flat(149, 10_000).closes([9_900]), 3),
        # T4 with MA50 between: 50 x 8,000, 100 x 10,500, 50 x 10,000: MA50 10,000, MA150 10,333, MA200 9,750
        ("T4", Series().flat(50, 8_000).flat(100, 10_500).flat(50, 10_000), 0),
        # the other between: 50 x 12,000, 100 x 9,000, 50 x 9,500: MA50 9,500, MA150 9,166.7, MA200 9,875
        ("T4", Series().flat(50, 12_000).flat(100, 9_000).flat(50, 9_500), 0),
        # T3 needs 222 bars: MA200[t] = 10,000.005 > MA200[t-22] = 10,000
        ("T3", jump(222, 10_001), 3),
        ("T3", jump(221, 10_001), 0),
        ("T3", jump(222, 10_000), 0),
        # T3 compares with t-22 exactly: the bar at t-22 is in both windows; at t-21 it is only in the later one
        ("T3", Series().flat(210, 10_000).closes([10_200]).flat(22, 10_000), 0),  # equal
        ("T3", Series().flat(210, 10_000).closes([10_200]).flat(21, 10_000), 3),
        # T6: 1.30 x 10,000
        ("T6", jump(200, 13_000), 3),
        ("T6", jump(200, 12_999), 0),
        ("T6", jump(199, 13_000), 0),
        # T6 window: a low of 5,000 counts 249 bars before t and not 250 before
        ("T6", Series().closes([5_000]).flat(249, 10_000).closes([12_999]), 0),
        ("T6", Series().closes([5_000]).flat(248, 10_000).closes([12_999]), 3),
        # T6 takes the low, not the close
        ("T6", Series().flat(100, 10_000).bar(10_000, 10_000, 9_000, 10_000).flat(98, 10_000).closes([11_700]), 3),
        ("T6", Series().flat(100, 10_000).bar(10_000, 10_000, 9_000, 10_000).flat(98, 10_000).closes([11_699]), 0),
        # T7: 0.75 x highest high 20,000
        ("T7", Series().flat(100, 10_000).bar(10_000, 20_000, 10_000, 10_000).flat(98, 10_000).closes([15_000]), 3),
        ("T7", Series().flat(100, 10_000).bar(10_000, 20_000, 10_000, 10_000).flat(98, 10_000).closes([14_999]), 0),
        ("T7", Series().flat(99, 10_000).bar(10_000, 20_000, 10_000, 10_000).flat(98, 10_000).closes([15_000]), 0),  # n 199
        # T7 window
        ("T7", Series().bar(10_000, 20_000, 10_000, 10_000).flat(249, 10_000).closes([10_000]), 3),
        ("T7", Series().bar(10_000, 20_000, 10_000, 10_000).flat(248, 10_000).closes([10_000]), 0),
    ],
)
def test_trend_item(item: str, series: Series, points: float) -> None:
    assert scan_one(series).points(item) == points


# ---------------------------------------------------------------------------------------------------- §2.4 strength


@pytest.mark.parametrize(
    ("n", "raw"),
    [
        (126, math.nan),
        (127, 60.0),  # R63 0; t-126 is the oldest bar, 189 and 250 use it: (0.2 + 0.2 + 0.2) x 100
        (128, 40.0),  # t-126 is the second bar; 189 and 250 still use the oldest
        (190, 40.0),  # t-189 is the oldest bar itself
        (191, 20.0),  # 250 uses the oldest
        (250, 20.0),
        (251, 20.0),  # t-250 is the oldest bar itself
        (252, 0.0),
    ],
)
def test_raw_strength(n: int, raw: float) -> None:
    """The oldest bar closes at 5,000, all others at 10,000."""
    found = scan_one(Series().closes([5_000]).flat(n - 1, 10_000))
    assert found.get("rs_raw") == pytest.approx(raw, rel=1e-12, abs=1e-12, nan_ok=True)


def test_raw_strength_weighs_the_last_quarter_double() -> None:
    """12,000 now; 63 back 10,000 (+20), 126 back 8,000 (+50), 189 back 6,000 (+100), 250 back 4,000 (+200).

    raw = 0.4 x 20 + 0.2 x 50 + 0.2 x 100 + 0.2 x 200 = 78.
    """
    series = Series().flat(300, 9_000).closes([12_000])
    for back, close in ((63, 10_000), (126, 8_000), (189, 6_000), (250, 4_000)):
        row = series.row(back)
        row.o = row.h = row.l = row.c = close
    assert scan_one(series).get("rs_raw") == pytest.approx(78, rel=1e-12)


@pytest.fixture(scope="module")
def ladder() -> dict[int, tuple[float, float, float]]:
    """99 symbols of different strength: p = k/98, RS = 1 + floor(k + 0.5) = k + 1, so every RS occurs once."""
    found = scan_market(fillers([float(k) for k in range(99)]))
    return {
        k + 1: (found.get("rs", f"9{k:04d}0"), found.points("F1", f"9{k:04d}0"), found.points("T8", f"9{k:04d}0"))
        for k in range(99)
    }


@pytest.mark.parametrize(
    ("rs", "f_points", "t8"),
    [(1, 0, 0), (59, 0, 0), (60, 3, 0), (69, 3, 0), (70, 6, 4), (79, 6, 4), (80, 8, 4), (89, 8, 4), (90, 10, 4), (99, 10, 4)],
)
def test_strength_ladder(ladder: dict[int, tuple[float, float, float]], rs: int, f_points: float, t8: float) -> None:
    assert ladder[rs] == (rs, f_points, t8)


def test_pool_of_nineteen_has_no_rank() -> None:
    found = scan_market(fillers([float(k) for k in range(19)]))
    assert math.isnan(found.get("rs", "900180"))
    assert (found.points("F1", "900180"), found.points("T8", "900180")) == (0, 0)
    assert found.get("rs_raw", "900180") == pytest.approx(18)


@pytest.mark.parametrize(
    ("raws", "expected"),
    [
        ([5.0] * 20, {0: 50}),  # all equal: p = 0.5 x 19/19 -> 1 + floor(49.5) = 50
        # two share the top: p = (18 + 0.5)/19 = 0.973684 -> 1 + floor(95.42 + 0.5) = 96
        ([float(k) for k in range(18)] + [50.0, 50.0], {18: 96, 19: 96, 0: 1}),
        # three share the bottom: p = (0 + 1)/19 -> 1 + floor(5.158 + 0.5) = 6
        ([0.0] * 3 + [float(k) for k in range(1, 18)], {0: 6, 2: 6, 19: 99}),
        # N = 197, p = k/196: 98 p + 0.5 = k/2 + 0.5, a whole number for odd k; k = 3 -> 1 + 2 = 3
        ([float(k) for k in range(197)], {1: 2, 2: 2, 3: 3, 5: 4, 195: 99, 193: 98, 99: 51}),
    ],
    ids=["all equal", "two at the top", "three at the bottom", "half points"],
)
def test_ties(raws: list[float], expected: dict[int, int]) -> None:
    found = scan_market(fillers(raws))
    assert {k: found.get("rs", f"9{k:04d}0") for k in expected} == expected


@pytest.mark.parametrize(
    ("raw", "rs"),
    [
        (25.0, 99),  # above all twenty: p = 20/20
        (-1.0, 1),  # below all: p = 0/20
        (5.0, 28),  # equal to the sixth: p = (5 + 0.5)/20 = 0.275 -> 1 + floor(26.95 + 0.5) = 28
        (5.5, 30),  # between the sixth and the seventh: p = 6/20 = 0.3 -> 1 + floor(29.4 + 0.5) = 30
    ],
)
def test_outside_the_pool_is_ranked_as_if_added(raw: float, rs: int) -> None:
    """Pool 0, 1, ... 19 (N = 20); the outsider is a preferred share, N becomes 21 for it alone."""
    market = fillers([float(k) for k in range(20)])
    market["005935"] = fillers([raw])["900000"]
    market["005935"].security_type = "PREFERRED"
    found = scan_market(market)
    assert found.get("rs", "005935") == rs
    assert found.get("rs", "900190") == 99  # p = 19/19: the pool is not moved by the outsider
    assert found.get("rs", "900100") == 1 + math.floor(98 * 10 / 19 + 0.5)  # 52.08


def test_an_outsider_does_not_complete_the_pool() -> None:
    market = fillers([float(k) for k in range(19)])
    market["005935"] = fillers([3.0])["900000"]
    market["005935"].security_type = "PREFERRED"
    found = scan_market(market)
    assert math.isnan(found.get("rs", "900000"))
    assert math.isnan(found.get("rs", "005935"))


@pytest.mark.parametrize("why", ["price 999", "value", "ADMIN", "126 bars"])
def test_who_is_outside_the_pool(why: str) -> None:
    """Twenty-one symbols, one of them not in the pool: the other twenty keep p = k/19."""
    market = fillers([float(k) for k in range(20)])
    other = fillers([30.0])["900000"]
    if why == "price 999":
        other = Series().flat(129, 768, v=10_000_000).closes([999])
    elif why == "value":
        other.values(999_999_999.0)
    elif why == "ADMIN":
        other.designate("ADMIN")
    else:
        other = Series().flat(125, 10_000).closes([13_000])
    market["005930"] = other
    found = scan_market(market)
    assert found.get("rs", "900190") == 99
    assert found.get("rs", "900180") == 1 + math.floor(98 * 18 / 19 + 0.5)  # 94; with 21 in the pool p would be 18/20
    assert math.isnan(found.get("rs")) is (why == "126 bars")
