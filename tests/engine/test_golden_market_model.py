"""Golden cases of the market model: codes, types, ticks, limits, grades, what is known when, eligibility (domain.md §§0-1)."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from builders import LAST_DAY, Scanned, Series, fillers, histories, panel_of, scan_market, scan_one, weekdays_until

from engine.calendar.limits import ipo_first_day_limits, price_limits
from engine.calendar.ticks import ceil_tick, floor_tick, tick_size
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instants import AsOf
from engine.model.instruments import Market, SecurityType, infer_security_type, normalize_ticker
from engine.model.scan import Grade, Ineligible, ScanFlag, VcpState
from engine.scoring.grades import grade_of, grades_of, target_return_pct
from engine.scoring.rounding import round2
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES, GradeThresholds

NOW, OLD = date(2026, 6, 30), date(2023, 1, 24)


# ---------------------------------------------------------------------------------------------------- §1.2 codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("005930", "005930"),
        ("5930", "005930"),  # all digits: padded
        ("A005930", "005930"),  # leading market letter
        ("005930_NX", "005930"),  # venue suffix
        ("005930_AL", "005930"),
        ("A005930_NX", "005930"),
        ("0126Z0", "0126Z0"),  # 2024 style: letter in the fifth place
        ("0126z0", "0126Z0"),
        ("A0126Z0", "0126Z0"),
        ("00088K", "00088K"),  # older preferred share
        (" 005930 ", "005930"),
        ("A00593", "A00593"),  # six accepted characters: a code of its own, the market letter would be the seventh
    ],
)
def test_accepted_code(text: str, code: str) -> None:
    assert normalize_ticker(text) == code


@pytest.mark.parametrize(
    "text",
    ["0126I0", "0126O0", "0126U0", "126Z0", "88K", "0059300", "", "005930_XX", "００５９３０", "00593-", "005 30"],
)
def test_rejected_code(text: str) -> None:
    """I, O, U; a lettered code is never padded; seven digits; full-width digits; other characters."""
    with pytest.raises(ValidationFailed):
        normalize_ticker(text)


@pytest.mark.parametrize(
    ("ticker", "name", "issuer", "expected"),
    [
        ("105560", "KB금융", "", SecurityType.COMMON),  # the name contains a brand: stays
        ("036530", "SNT홀딩스", "", SecurityType.COMMON),
        ("005935", "삼성전자우", "", SecurityType.PREFERRED),  # sixth character 5 and 우
        ("005387", "현대차2우B", "", SecurityType.PREFERRED),
        ("00104K", "CJ4우(전환)", "", SecurityType.PREFERRED),
        ("005930", "연우", "", SecurityType.COMMON),  # sixth character 0: 우 alone is not enough
        ("115960", "연우", "", SecurityType.COMMON),
        ("473950", "에이치엠씨아이비제7호스팩", "", SecurityType.SPAC),
        ("069500", "KODEX 200", "삼성자산운용", SecurityType.ETF),
        ("069500", "KODEX 200", "", SecurityType.COMMON),  # brand alone is not enough
        ("950170", "SOL 에너지", "", SecurityType.COMMON),
        ("500001", "신한 레버리지 ETN", "신한투자증권", SecurityType.ETN),
    ],
)
def test_type_from_the_name_only_as_a_fallback(ticker: str, name: str, issuer: str, expected: SecurityType) -> None:
    assert infer_security_type(ticker, name, issuer) is expected


# ---------------------------------------------------------------------------------------------------- §1.6, §1.7


@pytest.mark.parametrize(
    ("price", "now", "kospi_before", "kosdaq_before"),
    [
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
    ],
)
def test_tick(price: int, now: int, kospi_before: int, kosdaq_before: int) -> None:
    assert tick_size(price, Market.KOSPI, NOW) == tick_size(price, Market.KOSDAQ, NOW) == now
    assert tick_size(price, Market.KOSPI, OLD) == kospi_before
    assert tick_size(price, Market.KOSDAQ, OLD) == kosdaq_before


@pytest.mark.parametrize(
    ("price", "down", "up"),
    [
        (1_999.5, 1_999, 2_000),  # tick 1 below 2,000
        (2_001, 2_000, 2_005),
        (4_996, 4_995, 5_000),
        (19_991, 19_990, 20_000),
        (20_001, 20_000, 20_050),
        (2_000 + 5e-7, 2_000, 2_000),  # noise of a factor, far below a won
        (2_000 - 5e-7, 2_000, 2_000),
        (10_010 * 0.92, 9_200, 9_210),  # 9,209.2
        (1_150 * 1.1, 1_265, 1_265),  # 1265.0000000000002 in binary
    ],
)
def test_floor_and_ceil(price: float, down: int, up: int) -> None:
    assert floor_tick(price, Market.KOSPI, NOW) == down
    assert ceil_tick(price, Market.KOSPI, NOW) == up


@pytest.mark.parametrize(
    ("base", "upper", "lower"),
    [
        (1_998, 2_595, 1_399),  # width 599 (599.4 cut by tick 1); 2,597 -> tick 5; 1,399
        (10_000, 13_000, 7_000),
        (15_450, 20_050, 10_820),  # width 4,635 -> 4,630; 20,080 -> tick 50 -> 20,050; 10,820
        (3_005, 3_905, 2_105),  # width 901.5 -> 900; 3,905; 2,105
        (7_150, 9_290, 5_010),  # width 2,145 -> 2,140; 9,290; 5,010
        (999, 1_298, 700),  # width 299.7 -> 299; 1,298; 700
    ],
)
def test_price_limits(base: int, upper: int, lower: int) -> None:
    limits = price_limits(base, Market.KOSPI, NOW)
    assert (limits.upper, limits.lower) == (upper, lower)


def test_first_day_after_an_offer() -> None:
    limits = ipo_first_day_limits(26_000, Market.KOSDAQ, NOW)  # 60 % .. 400 %
    assert (limits.upper, limits.lower) == (104_000, 15_600)


# ---------------------------------------------------------------------------------------------------- §0.4, §0.5


@pytest.mark.parametrize(
    ("score", "rounded", "grade", "target"),
    [
        (100.0, 100.0, Grade.S, 20),
        (80.0, 80.0, Grade.S, 20),
        (79.996, 80.0, Grade.S, 20),
        (79.995, 80.0, Grade.S, 20),  # half-up on the decimal form, though the double is 79.99499...
        (79.994, 79.99, Grade.A, 15),
        (79.99, 79.99, Grade.A, 15),
        (65.0, 65.0, Grade.A, 15),
        (64.995, 65.0, Grade.A, 15),
        (64.994, 64.99, Grade.B, 10),
        (50.0, 50.0, Grade.B, 10),
        (49.995, 50.0, Grade.B, 10),
        (49.99, 49.99, Grade.C, 5),
        (0.0, 0.0, Grade.C, 5),
        (0.7 * 57.05, 39.93, Grade.C, 5),  # this double's own shortest form is 39.934999999999995, below the half
    ],
)
def test_grade_from_the_rounded_score(score: float, rounded: float, grade: Grade, target: float) -> None:
    table = DEFAULT_RULES.grade
    assert float(round2(np.array([score]))[0]) == rounded
    assert grade_of(score, table) is grade
    assert float(target_return_pct(grades_of(np.array([score]), table), table)[0]) == target


def test_a_null_score_has_no_grade() -> None:
    assert grade_of(math.nan, DEFAULT_RULES.grade) is Grade.NONE


def test_a_changed_threshold_changes_the_grade() -> None:
    assert grade_of(80.5, GradeThresholds(s_score=81)) is Grade.A


# ---------------------------------------------------------------------------------------------------- §0.2 known days


@pytest.mark.parametrize(
    ("day", "clock", "bar_back", "flow_back"),
    [
        # panel of four days up to `day`; back 0 = `day` itself
        (date(2026, 6, 30), (9, 0, 0), 1, 1),
        (date(2026, 6, 30), (15, 39, 59), 1, 1),
        (date(2026, 6, 30), (15, 40, 0), 0, 1),
        (date(2026, 6, 30), (18, 9, 59), 0, 1),
        (date(2026, 6, 30), (18, 10, 0), 0, 0),
        (date(2026, 9, 11), (18, 10, 0), 0, 0),  # the last day of the old flow time
        (date(2026, 9, 14), (18, 10, 0), 0, 1),  # from here 20:10
        (date(2026, 9, 14), (20, 9, 59), 0, 1),
        (date(2026, 9, 14), (20, 10, 0), 0, 0),
    ],
)
def test_known_at(day: date, clock: tuple[int, int, int], bar_back: int, flow_back: int) -> None:
    market = {"005930": Series().flat(4, 10_000)}
    found = scan_market(market, AsOf.at(day, *clock), last=day)
    assert (3 - found.scan.day_index, 3 - found.scan.flow_day_index) == (bar_back, flow_back)


def test_holiday_uses_the_last_trading_day() -> None:
    market = {"005930": Series().flat(70, 10_000)}
    found = scan_market(market, AsOf.at(date(2026, 7, 5), 12), last=date(2026, 7, 3))  # a Sunday
    assert found.scan.day_index == found.scan.flow_day_index == 69


def test_exam_day_closes_an_hour_later() -> None:
    """수능 2025-11-13: close 16:30, so at 15:45 the auction has not happened yet."""
    market = {"005930": Series().flat(4, 10_000)}
    day = date(2025, 11, 13)
    assert scan_market(market, AsOf.at(day, 15, 45), last=day).scan.day_index == 2
    assert scan_market(market, AsOf.at(day, 16, 45), last=day).scan.day_index == 3


def test_before_the_first_day_nothing_is_known() -> None:
    series = Series().flat(70, 10_000)
    with pytest.raises(DataUnavailable):  # a failure is never an empty result
        scan_one(series, AsOf.at(weekdays_until(LAST_DAY, 70)[0], 9))


def test_before_the_close_the_bar_of_today_is_not_used() -> None:
    """At 15:39 the 30 % jump of today is unknown: close, state and score are yesterday's."""
    series = Series().flat(299, 10_000).closes([13_000])
    early, late = scan_one(series, AsOf.at(LAST_DAY, 15, 39)), scan_one(series, AsOf.at(LAST_DAY, 15, 40))
    assert (early.get("close"), early.get("n_bars"), early.points("T5")) == (10_000, 299, 0)
    assert (late.get("close"), late.get("n_bars"), late.points("T5")) == (13_000, 300, 3)


# ---------------------------------------------------------------------------------------------------- §1.3 eligibility


def eligible_series() -> Series:
    """60 bars at 10,000 won x 1,000,000 shares = 100억 a day."""
    return Series().flat(60, 10_000)


def reasons(found: Scanned) -> Ineligible:
    return Ineligible(int(found.get("ineligible")))


def test_the_plain_case_is_eligible() -> None:
    assert reasons(scan_one(eligible_series())) == Ineligible.NONE


@pytest.mark.parametrize(
    ("names", "expected", "flag"),
    [
        (("ADMIN",), Ineligible.DESIGNATED, ScanFlag.NONE),  # 관리종목
        (("CAUTION_ISSUE",), Ineligible.DESIGNATED, ScanFlag.NONE),  # 투자주의환기종목
        (("HALT",), Ineligible.HALTED, ScanFlag.NONE),  # 거래정지
        (("CLEANUP",), Ineligible.HALTED, ScanFlag.NONE),  # 정리매매
        (("WARNING",), Ineligible.NONE, ScanFlag.WARNING),  # 투자경고: only shown for VCP
        (("DANGER",), Ineligible.NONE, ScanFlag.DANGER),
        (("OVERHEAT",), Ineligible.NONE, ScanFlag.OVERHEAT),
        (("CAUTION",), Ineligible.NONE, ScanFlag.NONE),
        (("REMARK",), Ineligible.NONE, ScanFlag.NONE),
        (("ADMIN", "CLEANUP", "WARNING"), Ineligible.DESIGNATED | Ineligible.HALTED, ScanFlag.WARNING),
    ],
    ids=lambda x: "+".join(x) if isinstance(x, tuple) else "",
)
def test_designation(names: tuple[str, ...], expected: Ineligible, flag: ScanFlag) -> None:
    found = scan_one(eligible_series().designate(*names))
    assert reasons(found) == expected
    shown = ScanFlag.WARNING | ScanFlag.DANGER | ScanFlag.OVERHEAT
    assert ScanFlag(int(found.get("flags"))) & shown == flag
    assert not math.isnan(found.get("vcp_score"))  # scored all the same


def test_a_designation_of_yesterday_has_ended() -> None:
    assert reasons(scan_one(eligible_series().designate("ADMIN", back=1))) == Ineligible.NONE
    yesterday = AsOf.at(weekdays_until(LAST_DAY, 2)[0], 20)
    assert Ineligible.DESIGNATED in reasons(scan_one(eligible_series().designate("ADMIN", back=1), yesterday))


@pytest.mark.parametrize("market", ["KONEX", "UNKNOWN"])
def test_other_markets(market: str) -> None:
    series = eligible_series()
    series.market = market
    assert reasons(scan_one(series)) == Ineligible.MARKET


@pytest.mark.parametrize("kind", ["PREFERRED", "SPAC", "REIT", "ETF", "ETN", "ELW", "FUND", "RIGHTS", "BOND", "UNKNOWN"])
def test_other_types(kind: str) -> None:
    series = eligible_series()
    series.security_type = kind
    assert reasons(scan_one(series)) == Ineligible.TYPE


@pytest.mark.parametrize(("close", "expected"), [(1_000, Ineligible.NONE), (999, Ineligible.PRICE_LT_1000)])
def test_price(close: int, expected: Ineligible) -> None:
    assert reasons(scan_one(Series().flat(60, close, v=5_000_000))) == expected


@pytest.mark.parametrize(
    ("old", "recent", "expected"),
    [
        ([], [1_000_000_000] * 20, Ineligible.NONE),  # mean exactly 10억
        ([], [1_000_000_000] * 19 + [999_999_980], Ineligible.VALUE_LT_1B),  # mean 10억 - 1
        ([0], [1_000_000_000] * 20, Ineligible.NONE),  # the 21st bar back does not count
        ([9_000_000_000_000], [999_999_999] * 20, Ineligible.VALUE_LT_1B),
        ([], [0] * 10 + [2_000_000_000] * 10, Ineligible.NONE),  # zero is a value
    ],
    ids=["exactly", "one won less", "21st bar low", "21st bar high", "zeros"],
)
def test_mean_value(old: list[int], recent: list[int], expected: Ineligible) -> None:
    series = Series().flat(80, 10_000)
    for k, value in enumerate(reversed(old + recent)):
        series.row(k).value = value
    found = scan_one(series)
    assert reasons(found) == expected
    assert found.get("mean_value_krw") == sum(recent) / 20
    assert not ScanFlag.VALUE_ESTIMATED & int(found.get("flags"))


@pytest.mark.parametrize(("volume", "expected"), [(1_000_000, Ineligible.NONE), (999_999, Ineligible.VALUE_LT_1B)])
def test_missing_value_is_estimated(volume: int, expected: Ineligible) -> None:
    """(900 + 1,200 + 900 + 1,000)/4 = 1,000 won x 1,000,000 = 10억; one share less on each day is below."""
    series = Series()
    for _ in range(60):
        series.bar(900, 1_200, 900, 1_000, volume)
    found = scan_one(series)
    assert reasons(found) == expected
    assert found.get("mean_value_krw") == 1_000 * volume
    assert ScanFlag.VALUE_ESTIMATED & int(found.get("flags"))


def test_value_is_never_adjusted() -> None:
    """A 5:1 split ten days ago: 50,000 won x 200,000 before, 10,000 x 1,000,000 after, 100억 on every day."""
    found = scan_one(Series().flat(80, 10_000).with_split(back=10, ratio=5))
    assert found.get("mean_value_krw") == 10_000_000_000


def test_all_reasons_are_listed() -> None:
    series = Series("KONEX", "SPAC").flat(30, 500, v=10).designate("HALT", "ADMIN")
    expected = Ineligible.MARKET | Ineligible.TYPE | Ineligible.HALTED | Ineligible.DESIGNATED
    assert reasons(scan_one(series)) == expected | Ineligible.PRICE_LT_1000 | Ineligible.VALUE_LT_1B | Ineligible.BARS_LT_60


# ---------------------------------------------------------------------------------------------------- §1.8 day change


@pytest.mark.parametrize(
    ("base", "close", "factor", "change"),
    [
        (10_000, 10_500, 1.0, 5.0),
        (10_000, 9_700, 1.0, -3.0),
        (2_000, 2_100, 0.2, 5.0),  # 5:1 split: the base price, not the close of 10,000 before
        (9_000, 10_500, 1.0, 100 / 6),  # against the base price even where it is not the last close
        (math.nan, 10_500, 1.0, math.nan),  # unknown base price: missing, not a guess
    ],
)
def test_change_is_against_the_base_price(base: float, close: int, factor: float, change: float) -> None:
    series = Series().flat(60, 10_000).closes([close])
    series.row(0).factor = factor
    panel = panel_of(histories({"005930": series}))
    panel.base_krw[0, -1] = base
    result = scan(panel, AsOf.end_of(LAST_DAY), DEFAULT_RULES)
    assert float(result.change_pct[0]) == pytest.approx(change, rel=1e-12, nan_ok=True)


# ---------------------------------------------------------------------------------------------------- §1.9 valid bars


@pytest.mark.parametrize("how", ["halted", "absent", "no volume", "high below close", "low above open", "zero price"])
def test_as_of_bar_not_tradable(how: str) -> None:
    """No score, no signal, no entry although 300 valid bars stand before it."""
    series = Series().flat(300, 10_000).flows([1e9] * 5, [1e9] * 5)
    if how == "halted":
        series.halt()
    elif how == "absent":
        series.absent()
    elif how == "no volume":
        series.bar(10_000, 10_000, 10_000, 10_000, None)
    elif how == "high below close":
        series.bar(10_000, 10_000, 9_900, 10_100)
    elif how == "low above open":
        series.bar(10_000, 10_200, 10_050, 10_100)
    else:
        series.bar(0, 10_000, 10_000, 10_000)
    found = scan_market({"005930": series, "000660": Series().flat(301, 10_000)})  # the market traded
    assert found.get("state") == VcpState.NOT_TRADABLE
    assert Ineligible.NOT_TRADABLE in reasons(found)
    for name in ("vcp_score", "smartmoney_score", "total_score", "rs", "entry_krw", "stop_krw", "target_krw"):
        assert math.isnan(found.get(name)), name
    assert (found.get("grade"), found.get("coverage"), found.get("pattern")) == (Grade.NONE, 0, False)
    assert found.get("n_bars") == 300


def test_a_stock_that_is_not_tradable_leaves_the_pool() -> None:
    """20 fillers, one of them halted today: N = 19, nobody has an RS."""
    market = fillers([float(k) for k in range(20)])
    assert scan_market(market).get("rs", "900190") == 99
    last = market["900000"].rows[-1]
    assert last is not None
    last.o = last.h = last.l = 0
    last.v = 0
    assert math.isnan(scan_market(market).get("rs", "900190"))


def test_invalid_bars_inside_are_dropped() -> None:
    """Three halted days and one row without volume among 300 days: 296 bars, and MA50 is the mean of 50 *valid* closes.

    Closes of the last 50 valid bars: 49 x 10,000 and 10,500 -> MA50 = 10,010.
    """
    series = Series().flat(280, 10_000).halt(3).bar(9_000, 9_000, 9_000, 9_000, None).flat(15, 10_000).closes([10_500])
    found = scan_one(series)
    assert found.get("n_bars") == 296
    assert found.get("ma50") == pytest.approx(10_010, rel=1e-12)
