"""Golden cases of SmartMoney, coverage and total (domain.md §§0.3, 2.10, 2.11; App. C).

Every bar is 10,000 won x 100,000 shares with a published value of 10억 unless a case says otherwise, so the five days turn
over 50억: a net buying of 1억 a day is 5억 of 50억 = 10 %.
"""

from __future__ import annotations

import math
from datetime import date

import pytest
from builders import LAST_DAY, Series, scan_market, scan_one

from engine.model.instants import AsOf
from engine.model.scan import Grade, ScanFlag, ScoreStatus, VcpState

M = 1_000_000  # 백만원


def traded(bars: int = 60) -> Series:
    return Series().flat(bars, 10_000, v=100_000).values(1_000 * M)


def items(found: object) -> tuple[float, ...]:
    return tuple(found.points(item) for item in ("SM1", "SM2", "SM3", "SM4"))  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------------------- the four items


@pytest.mark.parametrize(
    ("foreign", "points"),
    [
        ([100 * M] * 5, 40),  # 5억 / 50억 = 10 %
        ([100 * M] * 4 + [100 * M - 1], 32),  # one won less: 9.99999998 %
        ([50 * M] * 5, 32),  # 5 %
        ([50 * M] * 4 + [50 * M - 1], 24),
        ([20 * M] * 5, 24),  # 2 %
        ([20 * M] * 4 + [20 * M - 1], 12),
        ([0, 0, 0, 0, 1_000], 12),  # above zero: 0.00002 %
        ([0] * 5, 0),  # zero is a value
        ([-1_000, 0, 0, 0, 0], 0),
        ([-900 * M] * 5, 0),  # strong selling is no intensity
        ([600 * M, -100 * M, -100 * M, -100 * M, 200 * M], 40),  # the sum counts: 5억
    ],
)
def test_foreign_intensity(foreign: list[float], points: float) -> None:
    found = scan_one(traded().flows(foreign, [0] * 5))
    assert found.points("SM1") == points
    assert (found.get("flow_foreign"), found.get("flow_turnover")) == (sum(foreign), 5_000 * M)
    assert found.get("smartmoney_status") == ScoreStatus.OK


@pytest.mark.parametrize(
    ("institution", "points"),
    [
        ([100 * M] * 5, 30),
        ([100 * M] * 4 + [100 * M - 1], 24),
        ([50 * M] * 5, 24),
        ([50 * M] * 4 + [50 * M - 1], 18),
        ([20 * M] * 5, 18),
        ([20 * M] * 4 + [20 * M - 1], 9),
        ([0, 0, 0, 0, 1_000], 9),
        ([0] * 5, 0),
        ([-50 * M] * 5, 0),
    ],
)
def test_institution_intensity(institution: list[float], points: float) -> None:
    assert scan_one(traded().flows([0] * 5, institution)).points("SM2") == points


@pytest.mark.parametrize(
    ("sums", "points"),
    [
        ([1, 1, 1, 1, 1], 15),
        ([1, 1, 0, 1, 1], 12),  # F + I = 0 is not a buying day
        ([1, -1, 0, 1, 1], 8),
        ([1, -1, 0, -1, 1], 4),
        ([1, -1, 0, -1, -1], 0),
        ([-1] * 5, 0),
    ],
)
def test_persistence(sums: list[int], points: float) -> None:
    """F = 3 x sum, I = -2 x sum in 백만원: F + I has the sign of ``sum``."""
    found = scan_one(traded().flows([3 * M * x for x in sums], [-2 * M * x for x in sums]))
    assert found.points("SM3") == points
    assert found.get("flow_positive_days") == sum(1 for x in sums if x > 0)


@pytest.mark.parametrize(
    ("foreign", "institution", "points"),
    [
        ([10 * M] * 5, [10 * M] * 5, 15),
        ([10 * M] * 5, [0] * 5, 0),
        ([0] * 5, [10 * M] * 5, 0),
        ([10 * M] * 5, [10 * M, 0, 0, 0, -10 * M], 0),  # institutions sum to zero
        ([10 * M] * 5, [10 * M, 0, 0, 0, -10 * M + 1_000], 15),
        ([-10 * M] * 5, [-10 * M] * 5, 0),
    ],
)
def test_double_buy(foreign: list[float], institution: list[float], points: float) -> None:
    assert scan_one(traded().flows(foreign, institution)).points("SM4") == points


# ---------------------------------------------------------------------------------------------------- missing days


@pytest.mark.parametrize(
    ("present", "status", "score", "days"),
    [
        (5, ScoreStatus.OK, 100, 5),  # 40 + 30 + 15 + 15
        (4, ScoreStatus.PARTIAL, 97, 4),  # persistence 12
        (3, ScoreStatus.PARTIAL, 93, 3),  # persistence 8
        (2, ScoreStatus.MISSING, math.nan, 2),
        (0, ScoreStatus.MISSING, math.nan, 0),
    ],
)
def test_days_present(present: int, status: ScoreStatus, score: float, days: int) -> None:
    """10 % of each present day's value: sums and ratios run over the present days only."""
    series = traded()
    if present:
        series.flows([100 * M] * present, [100 * M] * present, back=5 - present)  # the newest days are the missing ones
    found = scan_one(series)
    assert found.get("smartmoney_status") == status
    assert found.get("smartmoney_score") == pytest.approx(score, nan_ok=True)
    assert found.get("flow_days") == days
    flags = ScanFlag(int(found.get("flags")))
    assert (ScanFlag.SM_MISSING in flags) is (present < 3)
    assert (ScanFlag.SM_PARTIAL in flags) is (present in (3, 4))
    assert found.get("coverage") == (100 if present >= 3 else 70)


def test_one_of_the_two_is_missing() -> None:
    """I is missing on one day: that day drops out whole. ΣF = 4 x 1억 of 40억 = 10 %, ΣI = 4 x 0.5억 = 5 %.

    40 + 24 + 12 (four days) + 15 = 91.
    """
    found = scan_one(traded().flows([100 * M] * 5, [50 * M, 50 * M, None, 50 * M, 50 * M]))
    assert (found.get("smartmoney_status"), found.get("flow_days")) == (ScoreStatus.PARTIAL, 4)
    assert (found.get("flow_foreign"), found.get("flow_turnover")) == (400 * M, 4_000 * M)
    assert items(found) == (40, 24, 12, 15)
    assert found.get("smartmoney_score") == 91


def test_an_older_record_does_not_replace_a_missing_day() -> None:
    """Six days recorded, the third of the window missing: four of five, not five of six."""
    found = scan_one(traded().flows([100 * M] * 3 + [None] + [100 * M] * 2, [0] * 3 + [None] + [0] * 2))
    assert (found.get("flow_days"), found.get("flow_foreign")) == (4, 400 * M)


def test_zero_turnover_is_missing() -> None:
    found = scan_one(traded().values(0.0, 5).flows([0] * 5, [0] * 5))
    assert found.get("smartmoney_status") == ScoreStatus.MISSING
    assert math.isnan(found.get("smartmoney_score"))
    assert found.get("coverage") == 70


def test_missing_value_is_volume_times_typical_price() -> None:
    """No published value on one day: (10,000 x 4)/4 x 50,000 shares = 5억; ΣD = 4 x 10 + 5 = 45억; 4.5억 of it = 10 %."""
    series = traded().flows([90 * M] * 5, [0] * 5)
    series.row(2).value, series.row(2).v = None, 50_000
    found = scan_one(series)
    assert (found.get("flow_turnover"), found.points("SM1")) == (4_500 * M, 40)
    series.flows([90 * M - 1], [0], back=0)
    assert scan_one(series).points("SM1") == 32


# ---------------------------------------------------------------------------------------------------- won or shares


def test_won_is_preferred() -> None:
    """Both are complete and disagree: won 10 %, shares 1 %."""
    series = traded().flows([100 * M] * 5, [0] * 5).flows([1_000] * 5, [0] * 5, shares=True)
    found = scan_one(series)
    assert (found.points("SM1"), bool(found.get("flow_in_shares"))) == (40, False)
    assert not ScanFlag.FLOW_SHARES & int(found.get("flags"))
    assert (found.get("foreign_5d_krw"), found.get("foreign_5d_shares")) == (500 * M, 5_000)


def test_shares_where_won_is_incomplete() -> None:
    """Won on four days, shares on five: 10,000 of 100,000 shares a day = 10 %."""
    series = traded().flows([1 * M] * 4, [0] * 4).flows([10_000] * 5, [5_000] * 5, shares=True)
    found = scan_one(series)
    assert items(found) == (40, 24, 15, 15)  # 10 %, 5 %, five days, both
    assert (found.get("smartmoney_status"), bool(found.get("flow_in_shares"))) == (ScoreStatus.OK, True)
    assert ScanFlag.FLOW_SHARES & int(found.get("flags"))
    assert (found.get("flow_foreign"), found.get("flow_turnover")) == (50_000, 500_000)
    assert found.get("foreign_5d_shares") == 50_000


def test_won_where_shares_are_no_better() -> None:
    """Four days each: won."""
    series = traded().flows([100 * M] * 4, [0] * 4).flows([1_000] * 4, [0] * 4, shares=True)
    found = scan_one(series)
    assert (found.points("SM1"), found.get("flow_days"), bool(found.get("flow_in_shares"))) == (40, 4, False)


def test_shares_across_a_split() -> None:
    """5:1 split between the third and the fourth day of the window. 2,000 of 20,000 old shares = 10,000 of 100,000 new ones.

    Every day is 10 %; added raw, the old days would hardly count.
    """
    series = traded().flows([10_000] * 5, [0] * 5, shares=True).with_split(back=1, ratio=5)
    assert (series.row(2).foreign_shares, series.row(2).v) == (2_000, 20_000)
    found = scan_one(series)
    assert (found.get("flow_foreign"), found.get("flow_turnover")) == pytest.approx((50_000, 500_000))
    assert found.points("SM1") == 40


# ---------------------------------------------------------------------------------------------------- the window


@pytest.mark.parametrize(
    ("day", "clock", "foreign"),
    [
        (LAST_DAY, (15, 40), 500 * M),  # t-5 .. t-1
        (LAST_DAY, (18, 9), 500 * M),
        (LAST_DAY, (18, 10), 405 * M),  # t-4 .. t
        (date(2026, 9, 11), (18, 10), 405 * M),
        (date(2026, 9, 14), (18, 10), 500 * M),  # trading ends at 20:00 from here
        (date(2026, 9, 14), (20, 9), 500 * M),
        (date(2026, 9, 14), (20, 10), 405 * M),
    ],
)
def test_window_by_instant(day: date, clock: tuple[int, int], foreign: float) -> None:
    """1억 on each of t-5..t-1 and 0.05억 on t."""
    series = traded().flows([100 * M] * 5 + [5 * M], [0] * 6)
    found = scan_one(series, AsOf.at(day, *clock), last=day)
    assert found.get("flow_foreign") == foreign
    assert (found.get("n_bars"), found.get("flow_days")) == (60, 5)


def test_halted_days_are_not_days_of_the_window() -> None:
    """Two halted days between: the five valid bars reach back over them (1, 2, 3 before, 4, 5 after)."""
    series = traded().flows([9 * M, 1 * M, 2 * M, 3 * M], [0] * 4).halt(2).flat(2, 10_000, v=100_000)
    series.flows([4 * M, 5 * M], [0] * 2).values(1_000 * M, 2)
    found = scan_one(series)
    assert (found.get("flow_foreign"), found.get("flow_days")) == (15 * M, 5)


def test_the_day_before_uses_its_own_window() -> None:
    """At 15:39 on t the bar is t-1 and the flows are those up to t-1: 1..5."""
    series = traded().flows([1 * M, 2 * M, 3 * M, 4 * M, 5 * M, 6 * M], [0] * 6)
    found = scan_one(series, AsOf.at(LAST_DAY, 15, 39))
    assert (found.get("n_bars"), found.get("flow_foreign")) == (59, 15 * M)


# ---------------------------------------------------------------------------------------------------- coverage, total


@pytest.mark.parametrize(
    ("bars", "flow_days", "coverage", "scored"),
    [
        (60, 5, 100, True),
        (60, 3, 100, True),  # PARTIAL counts
        (60, 2, 70, True),
        (60, 0, 70, True),
        (59, 5, 30, False),  # no VCP score: 0 + 30
        (59, 0, 0, False),
    ],
)
def test_coverage(bars: int, flow_days: int, coverage: float, scored: bool) -> None:
    series = traded(bars)
    if flow_days:
        series.flows([100 * M] * flow_days, [100 * M] * flow_days)
    found = scan_one(series)
    assert found.get("coverage") == pytest.approx(coverage, rel=1e-12)
    assert math.isnan(found.get("total_score")) is not scored
    assert (found.get("grade") == Grade.NONE) is not scored


@pytest.mark.parametrize(
    ("foreign", "institution", "smart", "total"),
    [
        (None, None, math.nan, 5.6),  # flat series: VCP 8 (see the trend cases); 0.7 x 8
        ([100 * M] * 5, [100 * M] * 5, 100, 35.6),  # + 0.3 x 100
        ([0] * 5, [0] * 5, 0, 5.6),  # zero is a score, and not a missing one
        ([20 * M] * 5, [-50 * M] * 5, 24, 12.8),  # f 2 %: 24; sums negative: 0; 5.6 + 7.2
    ],
)
def test_total(foreign: list[float] | None, institution: list[float] | None, smart: float, total: float) -> None:
    series = traded(300)
    if foreign is not None and institution is not None:
        series.flows(foreign, institution)
    found = scan_one(series)
    assert found.get("vcp_score") == 8
    assert found.get("smartmoney_score") == pytest.approx(smart, nan_ok=True)
    assert found.get("total_score") == total
    assert bool(ScanFlag.SM_MISSING & int(found.get("flags"))) is math.isnan(smart)


def test_missing_flows_never_help() -> None:
    """Selling on all days scores 0; without the records the total is the same and the flag says so."""
    selling = scan_one(traded(300).flows([-100 * M] * 5, [-100 * M] * 5))
    without = scan_one(traded(300))
    assert selling.get("total_score") == without.get("total_score") == 5.6
    assert (selling.get("coverage"), without.get("coverage")) == (100, 70)


def test_flows_of_one_symbol_are_not_those_of_its_neighbour() -> None:
    market = {"000660": traded().flows([100 * M] * 5, [0] * 5), "005930": traded()}
    found = scan_market(market)
    assert (found.get("smartmoney_score", "000660"), found.get("state", "000660")) == (55, VcpState.NO_BASE)
    assert math.isnan(found.get("smartmoney_score", "005930"))
