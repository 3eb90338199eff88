"""Golden cases of pivot and state, detection, total and order plan (domain.md §§2.8, 2.9, 2.11)."""

from __future__ import annotations

import math
from datetime import date

import pytest
from builders import VOLUME, Series, detected, ideal, scan_one

from engine.model.scan import GROUPS, ITEMS, Grade, Ineligible, ScanFlag, ScoreStatus, VcpState
from engine.scoring.order_plan import position_size
from engine.thresholds import DEFAULT_RULES

# ---------------------------------------------------------------------------------------------------- §2.8 state


def two_legs(close: int, volume: float = VOLUME, pivot: int = 1_000_000, low: int = 800_000) -> Series:
    """30 % and then pivot -> low, still open at s; bar t closes at ``close`` with ``volume``. Volumes before: 1,000,000."""
    series = Series().flat(100, round(0.9 * pivot)).closes([pivot]).to(round(0.7 * pivot), 10).to(pivot, 10).to(low, 10)
    return series.closes([close], volume)


@pytest.mark.parametrize(
    ("close", "volume", "state", "points"),
    [
        # dist = 100 (1,000,000 - C)/1,000,000; last low 800,000
        (799_999, VOLUME, VcpState.FAILED, 0),
        (800_000, VOLUME, VcpState.FORMING, 0),  # equal to the last low has not failed; dist 20
        (899_999, VOLUME, VcpState.FORMING, 0),  # 10.0001
        (900_000, VOLUME, VcpState.FORMING, 2),  # 10
        (919_999, VOLUME, VcpState.FORMING, 2),  # 8.0001
        (920_000, VOLUME, VcpState.FORMING, 4),  # 8
        (949_999, VOLUME, VcpState.FORMING, 4),  # 5.0001
        (950_000, VOLUME, VcpState.NEAR_PIVOT, 7),  # 5
        (969_999, VOLUME, VcpState.NEAR_PIVOT, 7),  # 3.0001
        (970_000, VOLUME, VcpState.NEAR_PIVOT, 10),  # 3
        (1_000_000, VOLUME, VcpState.NEAR_PIVOT, 10),  # C = pivot is not above it
        (1_000_000, 9 * VOLUME, VcpState.NEAR_PIVOT, 10),
        (1_000_001, VOLUME, VcpState.BREAKOUT_UNCONFIRMED, 4),
        (1_000_001, 1_399_999, VcpState.BREAKOUT_UNCONFIRMED, 4),  # vr 1.399999
        (1_000_001, 1_400_000, VcpState.BREAKOUT, 10),  # vr 1.40
        (1_050_000, 1_400_000, VcpState.BREAKOUT, 10),  # -dist = 5 is not more than 5
        (1_050_001, 1_400_000, VcpState.EXTENDED, 0),
        (1_050_000, VOLUME, VcpState.BREAKOUT_UNCONFIRMED, 4),
        (1_050_001, VOLUME, VcpState.EXTENDED, 0),
    ],
)
def test_state(close: int, volume: float, state: VcpState, points: float) -> None:
    found = scan_one(two_legs(close, volume))
    assert (VcpState(int(found.get("state"))), found.points("E1")) == (state, points)
    assert found.get("dist_pct") == pytest.approx(100 * (1_000_000 - close) / 1_000_000, rel=1e-9, abs=1e-12)
    assert found.get("vol_ratio") == pytest.approx(volume / VOLUME, rel=1e-12)


def test_volume_ratio_is_against_the_fifty_bars_before() -> None:
    """The bar 51 before t (9,000,000) does not count, t itself neither; the bar 50 before does: (49 + 2)/50 = 1.02 million."""
    series = two_legs(1_000_001, 1_428_000).volumes([9_000_000, 2_000_000], back=50)
    found = scan_one(series)
    assert found.get("vol_ratio") == pytest.approx(1.4, rel=1e-12)
    assert found.get("state") == VcpState.BREAKOUT


@pytest.mark.parametrize("close", [500_000, 990_000, 1_000_001])
def test_no_base_comes_first(close: int) -> None:
    """One contraction only: NO_BASE wherever the price is, also far below the low."""
    series = Series().flat(100, 900_000).closes([1_000_000]).to(800_000, 20).closes([close], 5 * VOLUME)
    found = scan_one(series)
    assert (found.get("t_count"), found.get("state"), found.points("E1")) == (1, VcpState.NO_BASE, 0)


# ---------------------------------------------------------------------------------------------------- a whole record


def test_the_whole_record_by_hand() -> None:
    """pivot 10,000, last low 9,600, close 9,900; 288 bars, all 1,000,000 shares but the five before t (400,000).

    A: an advance at its high with RS 99: 25. Legs: 10,200 -> 8,160 = 20 %; 10,100 -> 9,090 = 10 %; 10,000 -> 9,600 = 4 %.
    B: T 3 -> 10; (0.5 + 0.4)/2 = 0.45 -> 12; d1 20 -> 4; length 10 + 10 + 8 + 8 + 10 = 46 -> 4: 30.
    C: v5/v50 = 0.4 -> 8; last leg (5 x 1.0 + 5 x 0.4)/10 = 0.70 of 1.0 -> 4; lowest 0.4 <= 0.5 -> 3: 15.
    D: five closes of 9,600 -> 5; d_T 4 -> 5: 10. E: dist 1 % -> 10. F: RS 99 -> 10. Sum 100.
    No flows: total = 0.7 x 100 = 70, grade A, coverage 70.
    Entry: ceil 10,000 + 10 = 10,010. Stop: max(9,600 - 10, 9,209.2) = 9,590; min(9,590, 9,809.8) = 9,590.
    Target: 10,010 x 1.15 = 11,511.5 -> 11,510. (11,510 - 10,010)/(10,010 - 9,590) = 1,500/420.
    """
    found = detected(ideal())
    assert (found.get("status"), found.get("ineligible")) == (ScoreStatus.OK, Ineligible.NONE)
    assert found.depths() == pytest.approx([20, 10, 4], rel=1e-12)
    row = found.row("005930")
    points = dict(zip(ITEMS, found.scan.item_points[row].tolist(), strict=True))
    assert points == {
        **dict.fromkeys(("T1", "T2", "T3", "T4", "T5", "T6", "T7"), 3),
        "T8": 4,
        "B1": 10,
        "B2": 12,
        "B3": 4,
        "B4": 4,
        "C1": 8,
        "C2": 4,
        "C3": 3,
        "D1": 5,
        "D2": 5,
        "E1": 10,
        "F1": 10,
        **dict.fromkeys(("SM1", "SM2", "SM3", "SM4"), 0),
    }
    groups = dict(zip(GROUPS, found.scan.group_points[row].tolist(), strict=True))
    assert groups == {"A": 25, "B": 30, "C": 15, "D": 10, "E": 10, "F": 10, "SM": 0}
    assert (found.get("base_bars"), found.get("rs"), found.get("theta_pct")) == (46, 99, 3.0)
    assert (found.get("pivot"), found.get("last_low")) == (10_000, 9_600)
    assert found.get("contraction_ratio") == pytest.approx(0.2)
    assert (found.get("vcp_score"), found.get("total_score"), found.get("grade")) == (100, 70, Grade.A)
    assert (found.get("coverage"), bool(found.get("pattern"))) == (70, True)
    assert ScanFlag(int(found.get("flags"))) == ScanFlag.SM_MISSING | ScanFlag.VALUE_ESTIMATED
    assert (found.get("entry_krw"), found.get("stop_krw"), found.get("target_krw")) == (10_010, 9_590, 11_510)
    assert found.get("reward_risk") == pytest.approx(1_500 / 420, rel=1e-12)


# ---------------------------------------------------------------------------------------------------- §2.9 detection


def test_rank_seventy_opens_the_trend_gate() -> None:
    """99 symbols. 69 weaker: p = 69/98, RS 70. 68 weaker: RS 69 - 4 points and the gate less, F 3 instead of 6."""
    inside, outside = detected(ideal(), 69, 29), detected(ideal(), 68, 30)
    assert (inside.get("rs"), outside.get("rs")) == (70, 69)
    assert (bool(inside.get("trend_gate")), bool(outside.get("trend_gate"))) == (True, False)
    assert (bool(inside.get("pattern")), bool(outside.get("pattern"))) == (True, False)
    assert (inside.get("vcp_score"), outside.get("vcp_score")) == (96, 89)


def test_no_rank_no_pattern() -> None:
    """Eighteen others and itself: N = 19, RS missing; T8 counts as false. 100 - 4 - 10 = 86."""
    found = detected(ideal(), 18)
    assert math.isnan(found.get("rs"))
    assert (found.get("vcp_score"), bool(found.get("pattern")), bool(found.get("trend_gate"))) == (86, False, False)
    assert math.isnan(found.get("entry_krw"))
    assert bool(detected(ideal(), 19).get("pattern"))  # N = 20


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ("nothing", True),
        ("ADMIN", False),
        ("HALT", False),
        ("WARNING", True),  # a flag only
        ("PREFERRED", False),
        ("KONEX", False),
        ("value 10억", True),
        ("value below", False),
        ("dist 5", True),
        ("dist 5.01", False),  # FORMING
        ("breakout", True),
        ("unconfirmed", False),
        ("extended", False),
    ],
)
def test_each_condition_of_a_pattern(change: str, pattern: bool) -> None:
    series = ideal()
    if change in ("ADMIN", "HALT", "WARNING"):
        series.designate(change)
    elif change == "PREFERRED":
        series.security_type = change
    elif change == "KONEX":
        series.market = change
    elif change.startswith("value"):
        series.values(1e9 if change == "value 10억" else 999_999_999.0)
    elif change.startswith("dist"):
        series = ideal(low=9_300, close=9_500 if change == "dist 5" else 9_499)  # d_T 7 %
    elif change != "nothing":
        close = 10_501 if change == "extended" else 10_200
        # mean V of the 50 bars before t: (45 x 1.0 + 5 x 0.4)/50 = 0.94 million; 1.4 x 0.94 = 1.316
        series = ideal(close=close, volume=1_315_999 if change == "unconfirmed" else 1_316_000)
    found = detected(series, 25)
    assert bool(found.get("pattern")) is pattern
    assert math.isnan(found.get("entry_krw")) is not pattern
    assert math.isnan(found.get("reward_risk")) is not pattern


@pytest.mark.parametrize(
    ("last_leg", "score", "pattern"),
    [
        ([9_800, 9_600, 9_400, 9_200, 9_000], 59, False),
        ([9_400, 9_000, 9_200, 9_200, 9_200], 60, True),
    ],
)
def test_sixty_points(last_leg: list[int], score: float, pattern: bool) -> None:
    """Six contractions of 20, 17.5, 15.4, 13.5, 11.8 and 10 %, flat volume, RS 70.

    A 25. B: T 6 -> 3; mean ratio (0.875 + 0.88 + 0.8766 + 0.8741 + 0.8475)/5 = 0.871 -> 5; d1 20 -> 4;
    length 50 + 5 = 55 -> 4: 16. C 0. D: d_T 10 -> 2; closes 9,000..9,800 = 8.5 % -> 0, or 9,000..9,400 = 4.3 % -> 1.
    E: close 9,800, dist 2 -> 10. F 6. Sum 25 + 16 + 2 + 10 + 6 = 59, or 60.
    """
    series = Series().closes([5_000]).to(9_600, 200).closes([10_000])
    for low in (8_000, 8_250, 8_460, 8_650, 8_820):
        series.to(low, 5).to(10_000, 5)
    series.closes(last_leg).closes([9_800])
    found = detected(series, 69, 29)
    assert found.depths() == pytest.approx([20, 17.5, 15.4, 13.5, 11.8, 10], rel=1e-12)
    assert (bool(found.get("trend_gate")), bool(found.get("structure_gate")), found.get("rs")) == (True, True, 70)
    assert found.get("state") == VcpState.NEAR_PIVOT
    assert found.get("vcp_score") == score
    assert bool(found.get("pattern")) is pattern


# ---------------------------------------------------------------------------------------------------- §2.11 order plan

FULL = 1e9
"""Net buying a day that is at least 10 % of the value of every case below: SmartMoney 100."""


@pytest.mark.parametrize(
    ("pivot", "low", "entry", "stop", "target"),
    [
        # Grade A (70, or 69.3 where d_T is above 4 %): target x 1.15. Entries cross the bounds of the tick table.
        (1_990, 1_900, 1_991, 1_899, 2_285),  # 1,899 >= 1,831.72; 2,289.65 -> tick 5
        (1_999, 1_900, 2_000, 1_899, 2_300),  # 1,999 + tick(1,999) = 1
        (2_000, 1_910, 2_005, 1_909, 2_305),  # 2,000 + 5; tick(1,910) = 1; 2,305.75
        (4_995, 4_800, 5_000, 4_795, 5_750),  # 4,995 + 5
        (5_000, 4_800, 5_010, 4_795, 5_760),  # 5,000 + 10; 5,761.5
        (19_990, 19_200, 20_000, 19_190, 23_000),  # 19,990 + 10
        (19_995, 19_200, 20_050, 19_190, 23_050),  # up to 20,000, then tick(20,000) = 50; 23,057.5
        (20_000, 19_200, 20_050, 19_190, 23_050),  # stop 19,190 on tick 10
        (50_000, 48_000, 50_100, 47_950, 57_600),  # 57,615
        (199_900, 192_000, 200_000, 191_900, 230_000),
        (200_000, 195_000, 200_500, 194_900, 230_500),  # 230,575; stop tick 100
        (499_500, 480_000, 500_000, 479_500, 575_000),
        (500_000, 480_000, 501_000, 479_500, 576_000),  # 576,150
    ],
)
def test_entry_over_the_pivot(pivot: int, low: int, entry: int, stop: int, target: int) -> None:
    series = ideal(pivot, low, round(pivot * 0.99))
    found = detected(series, 25)
    assert (found.get("pivot"), found.get("last_low"), found.get("grade")) == (pivot, low, Grade.A)
    assert found.get("state") == VcpState.NEAR_PIVOT
    assert (found.get("entry_krw"), found.get("stop_krw"), found.get("target_krw")) == (entry, stop, target)


@pytest.mark.parametrize(
    ("low", "stop"),
    [
        # entry 10,010: 0.92 x = 9,209.2; 0.98 x = 9,809.8
        (9_600, 9_590),
        (9_830, 9_800),  # 9,820 > 9,809.8: at least 2 % away -> 9,809.8 -> 9,800
        (9_820, 9_800),  # 9,810 > 9,809.8
        (9_810, 9_800),  # 9,800 itself
        (9_219, 9_200),  # 9,209 < 9,209.2: at most 8 % away before rounding -> 9,209.2 -> 9,200 (8.09 % after)
        (9_220, 9_210),  # 9,210 >= 9,209.2
        (9_150, 9_200),
    ],
)
def test_stop_between_two_and_eight_percent(low: int, stop: int) -> None:
    found = detected(ideal(low=low), 25)
    assert (found.get("last_low"), found.get("entry_krw"), bool(found.get("pattern"))) == (low, 10_010, True)
    assert found.get("stop_krw") == stop


@pytest.mark.parametrize(
    ("close", "entry", "stop", "target"),
    [
        (10_010, 10_010, 9_590, 11_510),  # the reference is the close itself
        (10_200, 10_200, 9_590, 11_730),  # 0.92 x = 9,384; 1.15 x = 11,730
        (10_500, 10_500, 9_660, 12_070),  # 9,590 < 9,660 = 0.92 x; 12,075 -> 12,070
    ],
)
def test_entry_of_a_breakout(close: int, entry: int, stop: int, target: int) -> None:
    found = detected(ideal(close=close, volume=3 * VOLUME), 25)
    assert (found.get("state"), found.get("grade")) == (VcpState.BREAKOUT, Grade.A)
    assert (found.get("entry_krw"), found.get("stop_krw"), found.get("target_krw")) == (entry, stop, target)


@pytest.mark.parametrize(
    ("dry", "flows", "total", "grade", "target"),
    [
        (True, FULL, 100.0, Grade.S, 12_010),  # 12,012
        (True, None, 70.0, Grade.A, 11_510),  # 11,511.5
        (False, None, 59.5, Grade.B, 11_010),  # without dry-up 85 points: C1, C2, C3 are 0; 11,011
        (False, -FULL, 59.5, Grade.B, 11_010),
        (False, FULL, 89.5, Grade.S, 12_010),  # 59.5 + 30
    ],
)
def test_target_by_grade(dry: bool, flows: float | None, total: float, grade: Grade, target: float) -> None:
    series = ideal(dry=dry)
    if flows is not None:
        # value 100억 a day at most: 10억 a day of foreigners and of institutions is 10 % or more each
        series.flows([flows] * 5, [flows] * 5)
    found = detected(series, 25)
    assert (found.get("total_score"), found.get("grade"), found.get("target_krw")) == (total, grade, target)


@pytest.mark.parametrize(
    ("low", "stop", "low_rr"),
    [
        (9_810, 9_800, False),  # grade B: target 11,550; 1,050/700 = 1.5
        (9_800, 9_790, True),  # 1,050/710 = 1.479
    ],
)
def test_low_reward_to_risk(low: int, stop: int, low_rr: bool) -> None:
    """Breakout at 10,500 over 10,300 without dry-up: 85 points, total 59.5, target 10,500 x 1.10 = 11,550."""
    found = detected(ideal(pivot=10_300, low=low, close=10_500, volume=3 * VOLUME, dry=False), 25)
    assert (found.get("grade"), found.get("entry_krw"), found.get("target_krw")) == (Grade.B, 10_500, 11_550)
    assert found.get("stop_krw") == stop
    assert found.get("reward_risk") == pytest.approx(1_050 / (10_500 - stop), rel=1e-12)
    assert bool(ScanFlag.LOW_RR & int(found.get("flags"))) is low_rr


@pytest.mark.parametrize(("low", "stop", "low_rr"), [(980_100, 980_000, False), (980_000, 979_900, True)])
def test_low_reward_to_risk_at_a_fine_tick(low: int, stop: int, low_rr: bool) -> None:
    """KOSDAQ before 2023-01-25 has a tick of 100 at a million: 105,000/70,000 = 1.5; 105,000/70,100 = 1.4979."""
    series = ideal(pivot=1_030_000, low=low, close=1_050_000, volume=3 * VOLUME, dry=False)
    series.market = "KOSDAQ"
    found = detected(series, 25, last=date(2022, 12, 29))
    assert (found.get("entry_krw"), found.get("target_krw"), found.get("stop_krw")) == (1_050_000, 1_155_000, stop)
    assert bool(ScanFlag.LOW_RR & int(found.get("flags"))) is low_rr


def test_two_percent_exactly_on_a_tick() -> None:
    """Breakout at 10,500 over 10,480, last low 10,340 (a tight area of 1.3 %): 10,330 > 0.98 x 10,500 = 10,290, which is a tick."""
    found = detected(ideal(pivot=10_480, low=10_340, close=10_500, volume=3 * VOLUME), 25)
    assert (found.get("state"), found.get("entry_krw"), found.get("stop_krw")) == (VcpState.BREAKOUT, 10_500, 10_290)


@pytest.mark.parametrize(
    ("market", "last", "entry", "stop", "target"),
    [
        ("KOSPI", date(2022, 12, 29), 120_500, 114_500, 138_500),  # tick 500: 114,700 -> 114,500; 138,575 -> 138,500
        ("KOSDAQ", date(2022, 12, 29), 120_100, 115_100, 138_100),  # tick 100; 138,115
        ("KOSPI", date(2026, 6, 30), 120_100, 115_100, 138_100),
        ("KOSDAQ", date(2026, 6, 30), 120_100, 115_100, 138_100),
    ],
)
def test_plan_uses_the_ticks_of_its_day(market: str, last: date, entry: int, stop: int, target: int) -> None:
    """Pivot 120,000, last low 115,200."""
    series = ideal(120_000, 115_200, 119_000)
    series.market = market
    found = detected(series, 25, last=last)
    assert (found.get("entry_krw"), found.get("stop_krw"), found.get("target_krw")) == (entry, stop, target)


@pytest.mark.parametrize(
    ("pivot", "entry"),
    [
        (9_993, 2_000),  # 1,998.6 -> 1,999 + 1
        (9_995, 2_000),  # 1,999 + 1, though 9,995 x 0.2 is 1,999.0000000000002 or so
        (10_000, 2_005),  # 2,000 + 5
        (10_001, 2_010),  # 2,000.2 -> 2,005 + 5
    ],
)
def test_entry_over_an_adjusted_pivot(pivot: int, entry: int) -> None:
    """5:1 split on the as-of day itself: the base was traded at five times the price."""
    series = ideal(pivot, 9_600, 9_900, 5 * VOLUME)
    row = series.row(0)
    row.o = row.h = row.l = row.c = 1_980
    row.factor = 0.2
    found = detected(series, 25)
    assert found.get("pivot") == pytest.approx(pivot / 5, rel=1e-12)
    assert (found.get("state"), found.get("close")) == (VcpState.NEAR_PIVOT, 1_980)
    assert found.get("entry_krw") == entry
    assert found.get("stop_krw") == 1_919  # 1,920 - 1


@pytest.mark.parametrize(
    ("grade", "entry", "stop", "mean_value", "gate", "shares"),
    [
        # equity 1억, R = 50만
        (Grade.S, 10_010, 9_590, 1e10, 1.0, 1_498),  # risk 75만/420 = 1,785; cap 15 % = 1,500만/10,010 = 1,498.5
        (Grade.A, 10_010, 9_590, 1e10, 1.0, 1_190),  # 50만/420 = 1,190.5; cap 12 %: 1,198
        (Grade.B, 10_010, 9_590, 1e10, 1.0, 595),  # 25만/420 = 595.2
        (Grade.C, 10_010, 9_590, 1e10, 1.0, 0),
        (Grade.A, 10_010, 9_590, 1e10, 0.5, 595),  # YELLOW
        (Grade.S, 10_010, 9_590, 1e10, 0.0, 0),  # RED, UNKNOWN
        (Grade.S, 10_000, 9_400, 1e10, 1.0, 1_250),  # risk exactly 75만/600
        (Grade.A, 10_000, 9_500, 1e10, 1.0, 1_000),  # risk exactly 50만/500
        (Grade.B, 10_000, 9_500, 1e10, 1.0, 500),
        (Grade.S, 10_000, 9_800, 1e10, 1.0, 1_500),  # cap exactly 1,500만/10,000; risk 3,750
        (Grade.A, 10_000, 9_800, 1e10, 1.0, 1_200),
        (Grade.B, 10_000, 9_800, 1e10, 1.0, 1_000),
        (Grade.A, 10_000, 9_800, 1e9, 1.0, 1_000),  # 1 % of 10억 = 1,000만: exactly 1,000
        (Grade.A, 10_010, 9_590, 1e9, 1.0, 999),
    ],
)
def test_size(grade: Grade, entry: float, stop: float, mean_value: float, gate: float, shares: int) -> None:
    assert shares == position_size(
        equity_krw=1e8,
        entry_krw=entry,
        stop_krw=stop,
        grade=grade,
        mean_value_krw=mean_value,
        gate_factor=gate,
        thresholds=DEFAULT_RULES.plan,
    )
