"""Golden cases of the six components, worked by hand (domain.md §3.2). ``strong()`` is the 12-point case they vary."""

from __future__ import annotations

import math

import pytest
from builders import Series
from closing_cases import EOK, JO, STOCK, NewsOf, score_one, strong

from engine.model.closing import ClosingRun
from engine.thresholds import DEFAULT_RULES


def test_twelve_points() -> None:
    """3 + 3 + 2 + 1 + 1 + 2 = 12 → S; 100 × 12/12; every component judged."""
    s = score_one(strong())
    assert s.scan.points[0].tolist() == [3, 3, 2, 1, 1, 2]
    assert (s.number("total"), s.number("score_pct"), s.number("coverage")) == (12, 100, 100)
    assert (s.raw_grade(), s.grade(), s.phase(), s.rejected(), s.caps()) == ("S", "S", "PENDING", set(), set())
    assert s.order() == [STOCK]
    assert s.number("change_pct") == pytest.approx(9.0)  # 10,900 / 10,000 - 1
    assert s.number("upper_limit") == 13_000  # 10,000 + 3,000, tick 10
    assert s.number("near_high") == pytest.approx(10_900 / 10_950)
    assert s.number("body_pct") == pytest.approx(9.0)
    assert s.number("close_position") == pytest.approx(920 / 970)
    assert s.number("body_share") == pytest.approx(900 / 970)
    assert (s.number("foreign_5d_krw"), s.number("institution_5d_krw"), s.number("flow_days")) == (50 * EOK, 25 * EOK, 5)


# ---------------------------------------------------------------------------------------------------- news


@pytest.mark.parametrize(
    ("news", "points", "status", "coverage"),
    [
        (NewsOf(3), 3, "OK", 100),
        (NewsOf(1), 1, "OK", 100),
        (NewsOf(0), 0, "OK", 100),  # collected and nothing found: a zero, not missing
        (NewsOf(None), 0, "MISSING", 75),  # 9 of 12
        (NewsOf(3, veto=True), 0, "OK", 100),  # a veto earns nothing whatever the others say
    ],
)
def test_news(news: NewsOf, points: float, status: str, coverage: float) -> None:
    s = score_one(strong(), news=news)
    assert (s.points("news"), s.status("news"), s.number("coverage")) == (points, status, coverage)
    assert s.number("total") == 9 + points


# ---------------------------------------------------------------------------------------------------- volume


@pytest.mark.parametrize(
    ("value", "points"),
    [
        (1 * JO, 3),
        (1 * JO - 1, 2),
        (5_000 * EOK, 2),
        (5_000 * EOK - 1, 1),
        (1_000 * EOK, 1),
        (1_000 * EOK - 1, 0),
        (0, 0),  # a published zero is a value: nothing is estimated
    ],
)
def test_traded_value(value: float, points: float) -> None:
    s = score_one(strong(value=value))
    assert (s.points("volume"), s.status("volume"), s.number("value_krw")) == (points, "OK", value)
    assert s.rejected() == (set() if value >= 1_000 * EOK else {"TRADING_VALUE_LT_100B"})


@pytest.mark.parametrize(
    ("v", "points"),
    [
        # (10,000 + 10,950 + 9,980 + 10,900) / 4 = 41,830 / 4 = 10,457.5 won
        (10_000_000, 1),  # × 10,457.5 = 1,045.75억
        (9_562_515, 1),  # = 100,000,000,612.5
        (9_562_514, 0),  # = 99,999,990,155
        (95_625_150, 3),  # = 1.0000000061조
    ],
)
def test_traded_value_is_estimated_where_no_source_gave_it(v: int, points: float) -> None:
    s = score_one(strong(value=None, v=v))
    assert s.number("value_krw") == v * 10_457.5
    assert (s.points("volume"), s.status("volume"), s.number("coverage")) == (points, "PARTIAL", 100)
    assert bool(s.scan.value_estimated[0])
    assert ("TRADING_VALUE_LT_100B" in s.rejected()) == (points == 0)


# ---------------------------------------------------------------------------------------------------- chart


def chart_case(c: float, *, peak: float, back: int, bars: int = 260, h: float | None = None) -> Series:
    """Flat at 18,000 with one high of ``peak`` ``back`` bars before t; t opens at 18,000 and closes at ``c``."""
    series = strong(bars, before=18_000, o=18_000, h=h or c, low=18_000, c=c)
    if back:
        series.row(back).h = peak
    return series


@pytest.mark.parametrize(
    ("c", "peak", "back", "points"),
    [
        # peak 20,000 outside the 60 bars: 0.95 × 20,000 = 19,000 is the level
        (19_000, 20_000, 100, 2),
        (18_990, 20_000, 100, 1),  # only the breakout over 18,000
        # peak inside the 60 bars: no breakout
        (19_000, 20_000, 60, 1),  # t-60 is the oldest of the 60
        (19_000, 20_000, 61, 2),  # t-61 is not among them
        (19_000, 20_000, 1, 1),
        # equality is no breakout
        (19_000, 19_000, 30, 1),
        (19_010, 19_000, 30, 2),
        # the long window holds 250 bars with t: t-249 is in, t-250 is out
        (18_990, 20_000, 249, 1),
        (18_990, 20_000, 250, 2),
        # nothing at all: below both
        (18_000, 20_000, 60, 0),
    ],
)
def test_chart(c: float, peak: float, back: int, points: float) -> None:
    s = score_one(chart_case(c, peak=peak, back=back))
    assert (s.points("chart"), s.status("chart")) == (points, "OK")


def test_the_high_of_the_day_itself_is_a_high() -> None:
    """H[t] = 25,000: 0.95 × 25,000 = 23,750 > 19,000, so a long upper shadow is not near the high."""
    s = score_one(chart_case(19_000, peak=0, back=0, h=25_000))
    assert (s.points("chart"), s.number("high_250"), s.number("high_60")) == (1, 25_000, 18_000)


@pytest.mark.parametrize(("back", "points"), [(249 + 3, 1), (250 + 3, 2)])
def test_the_long_window_holds_bars_not_days(back: int, points: float) -> None:
    """Three halted days lie in it: the bar 252 days back is the 250th with t, the one 253 days back the 251st."""
    series = chart_case(18_990, peak=20_000, back=back)
    for k in (40, 41, 42):
        halted = series.row(k)
        halted.o = halted.h = halted.l = halted.v = 0
    s = score_one(series)
    assert (s.points("chart"), s.number("high_250")) == (points, 20_000 if points == 1 else 18_990)


def test_a_long_halt_and_a_split_before_it() -> None:
    """60 halted days in the window, a 1:5 reverse split 300 days ago, and a high of 20,000 in today's scale just before it.

    Bar t-305 days is the 246th with t: still in the window of 250. 0.95 × 20,000 = 19,000 > 10,900.
    """
    series = strong(320)
    for k in range(100, 160):
        halted = series.row(k)
        halted.o = halted.h = halted.l = halted.v = 0
    series.row(305).h = 20_000
    s = score_one(series.with_reverse_split(300, 5))
    assert s.panel.high_krw[0, -306] == 4_000
    assert (s.points("chart"), s.points("period"), s.number("n_bars")) == (1, 1, 260)
    assert s.number("high_250") == pytest.approx(20_000)


@pytest.mark.parametrize(
    ("bars", "points", "status"),
    [(60, 0, "MISSING"), (61, 2, "PARTIAL"), (249, 2, "PARTIAL"), (250, 2, "OK"), (251, 2, "OK")],
)
def test_chart_needs_61_bars(bars: int, points: float, status: str) -> None:
    s = score_one(strong(bars))
    assert (s.points("chart"), s.status("chart"), s.number("n_bars")) == (points, status, bars)
    assert s.number("coverage") == pytest.approx(100 if points else 100 * 10 / 12)
    assert math.isnan(s.number("high_60")) == (bars == 60)


# ---------------------------------------------------------------------------------------------------- candle


@pytest.mark.parametrize(
    ("o", "h", "low", "c", "points"),
    [
        # body: (C-O)/O ≥ 3 %
        (10_000, 10_300, 10_000, 10_300, 1),  # 3.0 %, position 1, share 1
        (10_000, 10_290, 10_000, 10_290, 0),  # 2.9 %
        # position: (C-L)/(H-L) ≥ 0.75
        (10_000, 10_400, 10_000, 10_300, 1),  # 300/400 = 0.75, share 0.75
        (10_000, 10_410, 10_000, 10_300, 0),  # 300/410 = 0.732
        # share: (C-O)/(H-L) ≥ 0.50
        (10_000, 10_400, 9_600, 10_400, 1),  # 400/800 = 0.50, position 1
        (10_000, 10_400, 9_590, 10_400, 0),  # 400/810 = 0.494
        # no body at all, a falling one
        (10_300, 10_300, 10_000, 10_300, 0),
        (10_400, 10_400, 9_900, 10_000, 0),
        # H = L: one price all day
        (10_500, 10_500, 10_500, 10_500, 0),
    ],
)
def test_candle(o: float, h: float, low: float, c: float, points: float) -> None:
    s = score_one(strong(o=o, h=h, low=low, c=c))
    assert (s.points("candle"), s.status("candle")) == (points, "OK")
    assert math.isnan(s.number("close_position")) == (h == low)


def test_a_body_of_nothing_is_no_rise_even_where_none_is_asked_for() -> None:
    """C > O is a test of its own: with the body threshold at 0 %, C = O still fails."""
    rules = DEFAULT_RULES.replace({"jongga.candle_body_pct": 0.0, "jongga.candle_body_share": 0.0})
    assert score_one(strong(o=10_900, h=10_900), rules=rules).points("candle") == 0
    assert score_one(strong(o=10_890, h=10_900), rules=rules).points("candle") == 1


# ---------------------------------------------------------------------------------------------------- period


def rest_case(close: float, back: int, volumes: list[float] | None = None, bars: int = 260) -> Series:
    """Flat at 10,000 with one close ``back`` bars before t, and the volumes of the bars up to t-1."""
    series = strong(bars)
    if back:
        row = series.row(back)
        row.c, row.h = close, max(close, row.h)
        row.l = min(close, row.l)
    return series.volumes(volumes, back=1) if volumes else series


@pytest.mark.parametrize(
    ("close", "back", "points"),
    [
        (11_500, 10, 1),  # (11,500 - 10,000)/10,000 = 15.0 %
        (11_510, 10, 0),  # 15.1 %
        (8_696, 10, 1),  # (10,000 - 8,696)/8,696 = 14.995 %: of the lowest close
        (8_695, 10, 0),  # 15.009 %
        (20_000, 20, 0),  # t-20 is the oldest of the twenty
        (20_000, 21, 1),  # t-21 is not among them
        (20_000, 1, 0),
    ],
)
def test_period_range(close: float, back: int, points: float) -> None:
    s = score_one(rest_case(close, back))
    assert (s.points("period"), s.status("period")) == (points, "OK")


@pytest.mark.parametrize(
    ("volumes", "points"),
    [
        ([1_000_000] * 20, 1),  # equal means
        ([1_000_000] * 19 + [1_000_020], 0),  # last five 1,000,004, all 1,000,001
        ([1_000_020] + [1_000_000] * 19, 1),  # last five 1,000,000, all 1,000,001
        ([1_000_000] * 15 + [400_000] * 5, 1),
        ([400_000] * 15 + [1_000_000] * 5, 0),  # last five 1,000,000, all 550,000
        ([9_000_000] + [1_000_000] * 14 + [1_300_000] * 5, 1),  # last five 1.3 m; all (9 + 14 + 6.5)/20 = 1.475 m
    ],
)
def test_period_volume(volumes: list[float], points: float) -> None:
    s = score_one(rest_case(0, 0, volumes))
    assert s.points("period") == points
    assert s.number("period_volume_recent") == pytest.approx(sum(volumes[-5:]) / 5)
    assert s.number("period_volume") == pytest.approx(sum(volumes) / 20)


def test_the_day_itself_is_no_rest() -> None:
    """The close and the volume of t (ten times the usual one, 9 % higher) count nowhere in the period."""
    s = score_one(strong(c=13_000, h=13_000, v=99_000_000))
    assert (s.points("period"), s.number("period_range_pct"), s.number("period_volume")) == (1, 0, 1_000_000)


@pytest.mark.parametrize(("bars", "points", "status"), [(20, 0, "MISSING"), (21, 1, "OK")])
def test_period_needs_21_bars(bars: int, points: float, status: str) -> None:
    """20 bars: news 3, volume 3, candle 1, supply 2 of 9 → coverage 75; chart is missing in both."""
    s = score_one(strong(bars))
    assert (s.points("period"), s.status("period"), s.status("chart")) == (points, status, "MISSING")
    assert s.number("coverage") == pytest.approx(100 * (9 + points) / 12)
    assert "LISTED_LT_20" not in s.rejected()


# ---------------------------------------------------------------------------------------------------- supply

N = None


@pytest.mark.parametrize(
    ("foreign", "institution", "points", "status", "days"),
    [
        ([1, 1, 1, 1, 1], [1, 1, 1, 1, 1], 2, "OK", 5),
        ([9, 0, 0, 0, 0], [-4, 0, 0, 0, 0], 1, "OK", 5),  # 9 - 4 = 5 > 0
        ([-4, 0, 0, 0, 0], [9, 0, 0, 0, 0], 1, "OK", 5),
        ([9, 0, 0, 0, 0], [0, 0, 0, 0, 0], 1, "OK", 5),  # nothing is not buying
        ([9, 0, 0, 0, 0], [-9, 0, 0, 0, 0], 0, "OK", 5),  # exactly nothing together
        ([9, 0, 0, 0, 0], [-10, 0, 0, 0, 0], 0, "OK", 5),
        ([-1, 0, 0, 0, 0], [-1, 0, 0, 0, 0], 0, "OK", 5),
        ([5, -2, -2, 0, 0], [1, 1, -1, 0, 0], 2, "OK", 5),  # sums 1 and 1
        ([N, 1, 1, 1, 1], [N, 1, 1, 1, 1], 2, "PARTIAL", 4),
        ([N, 1, N, 1, 1], [N, 1, N, 1, 1], 2, "PARTIAL", 3),
        ([N, 9, N, 9, N], [N, 9, N, 9, N], 0, "MISSING", 2),
        ([N] * 5, [N] * 5, 0, "MISSING", 0),
        ([1, 1, 1, 1, 1], [N, N, 1, 1, 1], 2, "PARTIAL", 3),  # one of the two missing: the day is missing
        ([1, 1, 1, 1, N], [N, N, 1, 1, 1], 0, "MISSING", 2),
        ([99, -1, -1, -1, -1], [N, -1, -1, -1, -1], 0, "PARTIAL", 4),  # the 99 belongs to a missing day
    ],
)
def test_supply(foreign: list[float | None], institution: list[float | None], points: float, status: str, days: int) -> None:
    s = score_one(strong(flows=False).flows(foreign, institution, back=1))
    assert (s.points("supply"), s.status("supply"), s.number("flow_days")) == (points, status, days)
    assert s.number("coverage") == pytest.approx(100 * 10 / 12 if status == "MISSING" else 100)
    both = [(f, i) for f, i in zip(foreign, institution, strict=True) if f is not None and i is not None]
    if status == "MISSING":
        assert math.isnan(s.number("foreign_5d_krw")), "two days are no five-day sum"
    else:
        assert s.number("foreign_5d_krw") == sum(f for f, _ in both)
        assert s.number("institution_5d_krw") == sum(i for _, i in both)


def test_supply_window_is_the_five_days_before_the_bar() -> None:
    """t-6 and t itself count in no CONFIRMED run, whatever is known of them."""
    s = score_one(strong(flows=False).flows([-9, 1, 1, 1, 1, 1, -9], [-9, 1, 1, 1, 1, 1, -9]), clock=(20, 30))
    assert (s.points("supply"), s.number("foreign_5d_krw")) == (2, 5)


def test_flow_final_adds_the_flows_of_the_day() -> None:
    """t-4..t: 1 + 1 + 1 + 1 - 9 = -5 for both → 0; before they are known (15:40) the five days end at t-1 → 2."""
    series = strong(flows=False).flows([1, 1, 1, 1, 1, -9], [1, 1, 1, 1, 1, -9])
    late = score_one(series, run=ClosingRun.FLOW_FINAL, clock=(20, 30))
    assert (late.points("supply"), late.number("foreign_5d_krw")) == (0, -5)
    early = score_one(series, run=ClosingRun.FLOW_FINAL, clock=(15, 40))
    assert (early.points("supply"), early.number("foreign_5d_krw")) == (2, 5)


def test_supply_days_are_the_days_the_stock_traded() -> None:
    """t-1 was a halt: the window is t-6..t-2, and a record of the halted day counts nowhere."""
    series = Series().flat(258, 10_000).halt().bar(10_000, 10_950, 9_980, 10_900, 10_000_000)
    series.flows([7, 1, 1, 1, 1, -50], [7, 1, 1, 1, 1, -50], back=1)
    s = score_one(series)
    assert (s.points("supply"), s.number("foreign_5d_krw"), s.number("flow_days")) == (2, 11, 5)


def test_supply_of_a_stock_that_traded_on_four_days() -> None:
    """Listed five bars ago: four days before t → PARTIAL."""
    s = score_one(strong(5, flows=False).flows([1, 1, 1, 1], [1, 1, 1, 1], back=1))
    assert (s.points("supply"), s.status("supply"), s.number("flow_days")) == (2, "PARTIAL", 4)
    assert s.rejected() == {"LISTED_LT_20"}
