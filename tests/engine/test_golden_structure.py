"""Golden cases of swings, merging, structure, dry-up and tightness (domain.md §§2.5-2.7).

Bars are single prices (O = H = L = C) unless a case is about the difference. A base stands on a lead of 9,000 won (below
0.97 x 10,000, so the base starts at its high of 10,000) and ends at s; the as-of bar t repeats the last close and cannot
change the structure.
"""

from __future__ import annotations

import math

import pytest
from builders import Scanned, Series, scan_one

from engine.model.scan import VcpState


def based(*walks: tuple[int, int], lead: int = 100) -> Series:
    """``lead`` bars at 9,000, the base high 10,000, then (price, bars) walks up to s, then bar t."""
    series = Series().flat(lead, 9_000).closes([10_000])
    for price, bars in walks:
        series.to(price, bars)
    return series.closes([series.last.c])


def legs_of(*depths: float, bars: int = 5, lead: int = 100) -> Series:
    """Contractions of the given depths in percent, every high 10,000, the last one open at s."""
    walks = []
    for k, depth in enumerate(depths):
        if k:
            walks.append((10_000, bars))
        walks.append((round(10_000 - 100 * depth), bars))
    return based(*walks, lead=lead)


def structure(found: Scanned) -> tuple[float, float, float, float]:
    return (found.points("B1"), found.points("B2"), found.points("B3"), found.points("B4"))


# ---------------------------------------------------------------------------------------------------- theta


@pytest.mark.parametrize(
    ("half_range", "theta"),
    [
        (200, 4.0),  # H 10,200, L 9,800, C 10,000: TR 400 -> 4 %
        (150, 3.0),  # exactly 3 %
        (145, 3.0),  # 2.9 % -> the floor of 3.0
        (151, 3.02),
    ],
)
def test_theta(half_range: int, theta: float) -> None:
    series = Series()
    for _ in range(61):
        series.bar(10_000, 10_000 + half_range, 10_000 - half_range, 10_000)
    assert scan_one(series).get("theta_pct") == pytest.approx(theta, rel=1e-12)


def test_theta_uses_the_gap_and_ends_at_s() -> None:
    """Single-price bars alternate 10,000 and 10,500: TR is 500 by the gap. s closes at 10,000: 5 %.

    Bar t gaps to 20,000 and is not looked at.
    """
    series = Series().closes([10_000, 10_500] * 30).closes([10_000, 20_000])
    assert scan_one(series).get("theta_pct") == pytest.approx(5.0, rel=1e-12)


def test_theta_takes_twenty_ranges() -> None:
    """A wide bar has TR 2,000 (H 11,000, L 9,000, C 10,000). One of the bars s-19..s: mean 100 -> 1 % -> the floor of 3.

    Fourteen of them: 14 x 2,000/20 = 1,400 -> 14 %.
    """
    wide, calm = (10_000, 11_000, 9_000, 10_000), (10_000, 10_000, 10_000, 10_000)

    def built(wide_bars: int, calm_after: int) -> Series:
        series = Series().flat(60, 10_000)
        for bar in [wide] * wide_bars + [calm] * (calm_after + 1):  # the last one is t
            series.bar(*bar)
        return series

    assert scan_one(built(1, 19)).get("theta_pct") == 3.0
    assert scan_one(built(14, 6)).get("theta_pct") == pytest.approx(14.0, rel=1e-12)
    assert scan_one(built(14, 19)).get("theta_pct") == pytest.approx(3.0, rel=1e-12)  # one of them left: 1 % -> 3
    assert scan_one(built(14, 20)).get("theta_pct") == 3.0


# ---------------------------------------------------------------------------------------------------- base start


@pytest.mark.parametrize(
    ("shoulder", "length"),
    [
        (9_700, 28),  # 9,700 = 0.97 x 10,000: the tie starts the base three bars earlier
        (9_699, 25),
    ],
)
def test_base_start_slack(shoulder: int, length: int) -> None:
    series = Series().flat(100, 9_000).closes([shoulder, 9_000, 9_000, 10_000]).to(8_000, 10).to(9_500, 10).to(9_025, 5)
    found = scan_one(series.closes([9_025]))
    assert found.get("base_bars") == length
    assert found.get("base_start") == len(series.rows) - 2 - length


def test_base_starts_at_the_first_of_equal_highs() -> None:
    """10,000 at s-35 and again at s-15."""
    found = scan_one(based((8_000, 10), (10_000, 10), (9_000, 15)))
    assert found.get("base_bars") == 35


@pytest.mark.parametrize(
    ("back_of_s", "length"),
    [
        (10, 10),  # z = s-10 is searched: 10,400 is the high, 0.97 x 10,400 = 10,088 > 10,000
        (9, 30),  # s-9 is not: the base stays where the 10,000 is
    ],
)
def test_right_gap(back_of_s: int, length: int) -> None:
    series = based((9_500, 30))
    row = series.row(back_of_s + 1)  # t is row 0, s is row 1
    row.h = 10_400
    assert scan_one(series).get("base_bars") == length


@pytest.mark.parametrize(
    ("back_of_s", "length"),
    [
        (129, 129),  # a = s-129 is searched
        (130, 30),
    ],
)
def test_left_edge(back_of_s: int, length: int) -> None:
    series = based((9_500, 30), lead=200)
    series.row(back_of_s + 1).h = 10_400
    assert scan_one(series).get("base_bars") == length


# ---------------------------------------------------------------------------------------------------- zigzag


@pytest.mark.parametrize(
    ("bounce", "depths"),
    [
        (8_240, [20.0, 100 * (8_240 - 7_622) / 8_240]),  # 8,240 = 1.03 x 8,000 closes the leg; then 7.5 %
        (8_239, [100 * (10_000 - 7_622) / 10_000]),  # 2.9875 %: still the first leg, down to 7,622
    ],
)
def test_low_is_confirmed_by_three_percent(bounce: int, depths: list[float]) -> None:
    found = scan_one(based((8_000, 10), (bounce, 2), (7_622, 8)))
    assert found.depths() == pytest.approx(depths, rel=1e-12)


@pytest.mark.parametrize(
    ("dip", "count"),
    [
        (9_312, 2),  # 9,600 -> 9,312 is 3.0 %: a contraction, closed by the rise to 9,800
        (9_313, 1),  # 2.9896 %: the high just moves on to 9,800; one bar after it is no tight area
    ],
)
def test_high_is_confirmed_by_three_percent(dip: int, count: int) -> None:
    found = scan_one(based((8_000, 10), (9_600, 10), (dip, 2), (9_800, 2), (9_790, 1)))
    assert found.get("t_count") == count
    assert found.depths()[:1] == [20.0]


def test_a_bar_that_moves_the_high_is_not_also_its_fall() -> None:
    """H 10,500 (a new high) and L 8,900 on one bar: 15.2 % inside the bar are not tested. The next bar's low is.

    10,500 -> 10,000 is 4.76 %.
    """
    series = based((9_800, 12))
    row = series.row(5)
    row.h, row.l = 10_500, 8_900
    for back in range(5):
        row = series.row(back)
        row.o = row.h = row.l = row.c = 10_000
    found = scan_one(series)
    assert found.depths() == pytest.approx([100 * 500 / 10_500], rel=1e-12)
    assert (found.get("pivot"), found.get("last_low")) == (10_500, 10_000)


def test_a_bar_that_moves_the_low_is_not_also_its_rise() -> None:
    """After 10,000 -> 8,500 one bar has L 8,000 and H 9,900: the low moves, the rise of 23 % is not tested on that bar.

    The next bars stay at 8,100 (1.25 % above), so the leg is still open at 8,000.
    """
    series = based((8_500, 12), (8_100, 4))
    row = series.row(4)
    row.h, row.l = 9_900, 8_000
    for back in range(4):
        row = series.row(back)
        row.o = row.h = row.l = row.c = 8_100
    found = scan_one(series)
    assert (found.depths(), found.get("pivot")) == ([20.0], 10_000)


@pytest.mark.parametrize(
    ("walks", "depths"),
    [
        ([(8_000, 10), (9_500, 10), (9_310, 1), (9_310, 1), (9_310, 1)], [20.0, 2.0]),  # three bars after the high
        ([(8_000, 10), (9_500, 10), (9_310, 1), (9_310, 1)], [20.0]),  # two
        ([(8_000, 10), (9_500, 10), (9_405, 1), (9_405, 2)], [20.0, 1.0]),  # exactly 1 %
        ([(8_000, 10), (9_500, 10), (9_406, 1), (9_406, 2)], [20.0]),  # 0.989 %
        ([(8_000, 10), (9_500, 10), (9_310, 1), (9_450, 2), (9_216, 1)], [20.0, 100 * 284 / 9_500]),  # 2.99 %: lowest of four
        ([(9_900, 12)], [1.0]),  # right after the base high: T = 1
        ([(9_901, 12)], []),  # T = 0
    ],
    ids=["3 bars", "2 bars", "1.0 %", "0.99 %", "lowest", "alone", "nothing"],
)
def test_tight_area(walks: list[tuple[int, int]], depths: list[float]) -> None:
    found = scan_one(based(*walks))
    assert found.depths() == pytest.approx(depths, rel=1e-12)
    assert found.get("t_count") == len(depths)


@pytest.mark.parametrize(("low", "count"), [(990_000, 1), (990_001, 0)])
def test_tight_area_to_the_won(low: int, count: int) -> None:
    """1,000,000 -> 990,000 is 1 %; one won less is 0.9999 %."""
    series = Series().flat(100, 900_000).closes([1_000_000]).to(low, 12).closes([low])
    assert scan_one(series).get("t_count") == count


def test_the_as_of_bar_cannot_redraw_the_base() -> None:
    """t falls to 5,000 or jumps to 13,000: the legs up to s stay 20 % and 10 %."""
    for last in (5_000, 13_000):
        series = legs_of(20, 10, bars=10)
        series.rows[-1] = None
        del series.rows[-1]
        found = scan_one(series.closes([last]))
        assert found.depths() == [20.0, 10.0]
        assert (found.get("pivot"), found.get("last_low"), found.get("base_bars")) == (10_000, 9_000, 30)


# ---------------------------------------------------------------------------------------------------- merging


@pytest.mark.parametrize(
    ("depths", "merged"),
    [
        ([20, 18], [20, 18]),  # 18 = 0.90 x 20 is not greater
        ([20, 18.01], [20]),
        ([20, 8, 10], [20, 10]),  # 10 > 7.2: one leg of 10; 10 <= 18
        ([10, 5, 9.5], [10]),  # 9.5 > 4.5 -> 9.5; from the left again: 9.5 > 9
        ([12, 11, 10, 5], [12, 10, 5]),  # 11 > 10.8 -> 12; then 10 <= 10.8 and 5 <= 9 stay
        ([30, 24, 19, 15], [30, 24, 19, 15]),
        ([10, 20, 15], [20, 15]),  # the deeper second leg swallows the first: 20; 15 <= 18
        ([10, 20, 19], [20]),
    ],
)
def test_merging(depths: list[float], merged: list[float]) -> None:
    found = scan_one(legs_of(*depths))
    assert found.depths() == pytest.approx(merged, rel=1e-12)
    assert found.get("t_count") == len(merged)


def test_merged_range_whose_high_comes_after_its_low() -> None:
    """10,000 -> 9,000 (10 %), 10,300 -> 9,270 (10 %): 10 > 9, so one range 10,300 / 9,000 = 12.62 %, drawn from the first
    high to the second low. 0.97 x 10,300 = 9,991 <= 10,000, so the base start stays.
    """
    series = based((9_000, 10), (10_300, 10), (9_270, 10))
    found = scan_one(series)
    s = len(series.rows) - 2
    assert found.depths() == pytest.approx([100 * 1_300 / 10_300], rel=1e-12)
    assert (found.get("pivot"), found.get("last_low")) == (10_300, 9_000)
    row = found.row("005930")
    assert (int(found.scan.leg_start[row, 0]), int(found.scan.leg_end[row, 0])) == (s - 30, s)
    assert math.isnan(found.get("contraction_ratio"))


def test_volume_of_a_merged_first_leg_is_that_of_its_whole_range() -> None:
    """The range above, then 10,000 -> 9,600 (4 % <= 0.9 x 12.6) as the second leg.

    First leg: the 30 bars after the first high up to the second low, all 2,000,000 shares. Last: the 4 bars after 10,000,
    1,400,000 each: 0.70 -> 4 points; one share more on one of them -> 2.
    """
    for extra, points in ((0, 4), (1, 2)):
        series = based((9_000, 10), (10_300, 10), (9_270, 10), (10_000, 5), (9_600, 4))
        series.volumes([2_000_000] * 35 + [1_400_000] * 4, back=1)
        series.row(1).v = 1_400_000 + extra
        found = scan_one(series)
        assert found.depths() == pytest.approx([100 * 1_300 / 10_300, 4.0], rel=1e-12)
        assert (found.get("v_first_leg"), found.get("v_last_leg")) == (2_000_000, 1_400_000 + extra / 4)
        assert found.points("C2") == points


# ---------------------------------------------------------------------------------------------------- §2.6 structure


@pytest.mark.parametrize(
    ("depths", "points", "gate"),
    [
        ([20], 0, False),  # T = 1
        ([20, 10], 6, True),
        ([20, 12, 6], 10, True),
        ([20, 14, 9, 6], 10, True),
        ([25, 20, 15, 12, 9], 6, True),
        ([30, 24, 19, 15, 12, 9], 3, True),
        ([30, 24, 19, 15, 12, 9, 6], 0, False),  # T = 7
    ],
    ids=lambda x: f"T{len(x)}" if isinstance(x, list) else "",
)
def test_count(depths: list[float], points: float, gate: bool) -> None:
    found = scan_one(legs_of(*depths, bars=15 if len(depths) == 1 else 5))
    assert found.depths() == pytest.approx(depths, rel=1e-12)
    assert (found.points("B1"), bool(found.get("structure_gate"))) == (points, gate)


def test_no_contraction_has_no_structure_points() -> None:
    found = scan_one(based((10_000, 40)))  # 40 bars of nothing: base length 40, but T = 0
    assert (found.get("t_count"), found.get("base_bars")) == (0, 40)
    assert structure(found) == (0, 0, 0, 0)
    assert math.isnan(found.get("pivot"))


@pytest.mark.parametrize(
    ("depths", "points"),
    [
        ([20, 12], 12),  # 0.60
        ([20, 12.01], 9),  # 0.6005
        ([20, 15], 9),  # 0.75
        ([20, 15.01], 5),
        ([20, 18], 5),  # 0.90, the most that is left after merging
        ([20, 10, 7], 12),  # (0.50 + 0.70)/2 = 0.60
        ([20, 10, 7.01], 9),  # 0.6005
        ([20], 0),
    ],
)
def test_mean_ratio(depths: list[float], points: float) -> None:
    assert scan_one(legs_of(*depths, bars=10)).points("B2") == points


@pytest.mark.parametrize(
    ("depth", "points"), [(7.99, 0), (8, 4), (25, 4), (25.01, 2), (35, 2), (35.01, 0)], ids=lambda x: f"{x:g}"
)
def test_first_depth(depth: float, points: float) -> None:
    """One contraction is enough for this item (only T = 0 has none)."""
    assert scan_one(legs_of(depth, bars=25)).points("B3") == points


@pytest.mark.parametrize(
    ("walks", "length", "points", "gate"),
    [
        ([(8_400, 5), (9_500, 5), (8_740, 4)], 14, 0, False),
        ([(8_400, 6), (9_500, 5), (8_740, 4)], 15, 2, True),
        ([(8_400, 10), (9_500, 10), (8_740, 4)], 24, 2, True),
        ([(8_400, 10), (9_500, 10), (8_740, 5)], 25, 4, True),
        ([(8_400, 60), (9_500, 50), (8_740, 10)], 120, 4, True),
        ([(8_400, 61), (9_500, 50), (8_740, 10)], 121, 2, True),
        ([(8_400, 65), (9_500, 54), (8_740, 10)], 129, 2, True),
        ([(8_400, 66), (9_500, 54), (8_740, 10)], 129, 2, False),
    ],
    ids=["14", "15", "24", "25", "120", "121", "129", "130"],
)
def test_base_length(walks: list[tuple[int, int]], length: int, points: float, gate: bool) -> None:
    """16 % and 8 %: the gate depends on the length alone. A base of 130 bars starts at its second bar, 9,976, the highest
    high left in the window of 130 bars; its first depth is then 1,576/9,976 = 15.798 %, and 8 > 7.899 closes the gate.
    """
    found = scan_one(based(*walks))
    assert found.get("base_bars") == length
    assert (found.points("B4"), bool(found.get("structure_gate"))) == (points, gate)


@pytest.mark.parametrize(
    ("depths", "gate", "ratio"),
    [
        ([16, 8], True, 0.5),  # d_T = 0.5 d_1
        ([16, 8.01], False, 0.500625),
        ([30, 10], True, 1 / 3),  # d_T = 10
        ([30, 10.01], False, 1_001 / 3_000),
        ([35, 10], True, 2 / 7),  # d_1 = 35
        ([35.01, 10], False, 1_000 / 3_501),
    ],
)
def test_structure_gate(depths: list[float], gate: bool, ratio: float) -> None:
    found = scan_one(legs_of(*depths, bars=10))
    assert bool(found.get("structure_gate")) is gate
    assert found.get("contraction_ratio") == pytest.approx(ratio, rel=1e-12)


def test_ratio_is_null_below_two_contractions() -> None:
    assert math.isnan(scan_one(legs_of(20, bars=15)).get("contraction_ratio"))


# ---------------------------------------------------------------------------------------------------- §2.7 C, D


@pytest.mark.parametrize(
    ("v5", "points"),
    [(500_000, 8), (500_001, 6), (700_000, 6), (700_001, 3), (850_000, 3), (850_001, 0), (1_200_000, 0)],
)
def test_dry_ratio(v5: int, points: float) -> None:
    """The fifty bars before have 1,000,000 shares each; bar t has 9,000,000 and is not looked at."""
    series = Series().flat(61, 10_000).volumes([v5] * 5, back=1).volumes([9_000_000])
    found = scan_one(series)
    assert found.points("C1") == points
    assert (found.get("v5"), found.get("v50"), found.get("dry_ratio")) == (v5, 1_000_000, v5 / 1_000_000)


def test_dry_windows_are_five_and_fifty_bars() -> None:
    """s-4..s have 100,000 each, s-5 has 9,000,000 (in v50) and s-55 900,000,000 (in neither).

    v50 = (49 x 1,000,000 + 9,000,000)/50 = 1,160,000.
    """
    series = Series().flat(70, 10_000).volumes([100_000] * 5, back=1).volumes([9_000_000], back=6)
    series.volumes([900_000_000], back=56)
    found = scan_one(series)
    assert (found.get("v5"), found.get("v50")) == (100_000, 1_160_000)


@pytest.mark.parametrize(
    ("back_of_s", "volume", "points"),
    [
        (9, 494_949, 3),  # v50 = (49 x 1,000,000 + v)/50; v <= 0.5 v50 <=> 99 v <= 49,000,000 <=> v <= 494,949.49
        (9, 494_950, 0),
        (4, 500_000, 3),  # inside v5: v50 stays 1,000,000
        (4, 500_001, 0),
        (10, 1, 0),  # s-10 is outside
        (0, 500_000, 3),
    ],
)
def test_quiet_day(back_of_s: int, volume: int, points: float) -> None:
    series = Series().flat(70, 10_000).volumes([volume], back=back_of_s + 1)
    assert scan_one(series).points("C3") == points


@pytest.mark.parametrize(("last", "points"), [(700_000, 4), (700_001, 2), (999_999, 2), (1_000_000, 0), (1_200_000, 0)])
def test_leg_volumes(last: int, points: float) -> None:
    """First leg: 10 bars x 1,000,000; the rise between: 5,000,000 each, in neither; last leg: 10 bars of ``last``."""
    series = legs_of(20, 10, bars=10).volumes([5_000_000] * 10, back=11).volumes([last] * 10, back=1)
    found = scan_one(series)
    assert (found.get("v_first_leg"), found.get("v_last_leg")) == (1_000_000, last)
    assert found.points("C2") == points


def test_leg_volumes_need_two_contractions() -> None:
    found = scan_one(legs_of(20, bars=15).volumes([1] * 15, back=1))
    assert found.points("C2") == 0
    assert math.isnan(found.get("v_last_leg"))


@pytest.mark.parametrize(
    ("high", "low", "points"),
    [
        (10_075, 9_925, 5),  # 150/10,000 = 1.5 %
        (10_076, 9_925, 3),  # 1.51 %, the fifth close 9,999 keeps the mean at 10,000
        (10_150, 9_850, 3),  # 3.0 %
        (10_151, 9_850, 1),
        (10_250, 9_750, 1),  # 5.0 %
        (10_251, 9_750, 0),
    ],
)
def test_close_range(high: int, low: int, points: float) -> None:
    series = Series().flat(60, 12_000).closes([high, low, 10_000, 10_000, 30_000 - high - low, 15_000])
    found = scan_one(series)
    assert found.get("mean_close_5") == 10_000
    assert found.points("D1") == points


@pytest.mark.parametrize(
    ("depth", "points"), [(4, 5), (4.01, 4), (6, 4), (6.01, 2), (10, 2), (10.01, 0)], ids=lambda x: f"{x:g}"
)
def test_last_depth(depth: float, points: float) -> None:
    assert scan_one(legs_of(25, depth, bars=10)).points("D2") == points


def test_last_depth_needs_two_contractions() -> None:
    assert scan_one(legs_of(4, bars=25)).points("D2") == 0


def test_sixty_bars_are_enough_for_a_structure() -> None:
    """60 bars: 29 of lead, the high, 28 bars of base, t. v50 uses s-54..s-5, which exist (s = 58)."""
    series = legs_of(20, 10, bars=9, lead=31)
    assert len(series.rows) == 60
    found = scan_one(series)
    assert found.depths() == [20.0, 10.0]
    assert (found.get("base_bars"), found.get("v50"), found.get("state")) == (27, 1_000_000, VcpState.FORMING)
