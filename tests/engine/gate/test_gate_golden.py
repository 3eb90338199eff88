"""Golden cases of the Market Gate (domain.md §5; App. C §5.1), each worked by hand.

The gate of :class:`gate_market.Gate` is the best there is: both indices rise a point a day (30 + 20), 8 of 10 stocks stand above
their average (80 % → 20), foreigners buy 1,000억 a day (5,000억 in five days → 10), no shock (10), the rate is flat (10): 100.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from gate_market import DAY, EOK, Gate, levels, rising, weekdays

from engine.features.market_levels import index_measures
from engine.model.errors import DataUnavailable
from engine.model.evidence import ItemState
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.scan import Grade
from engine.scoring.gate import LiveLevels, index_word, read_gate
from engine.thresholds import DEFAULT_RULES


def test_everything_is_well() -> None:
    reading = Gate().read()
    assert [component.points for component in reading.components] == [30, 20, 20, 10, 10, 10]
    assert [component.max_points for component in reading.components] == [30, 20, 20, 10, 10, 10]
    assert all(component.state is ItemState.PASSED for component in reading.components)
    assert (reading.score, reading.coverage, reading.status) == (100.0, 100.0, GateStatus.GREEN)
    assert (reading.breadth_known, reading.breadth_above) == (10, 8)
    assert reading.ruleset == "2026.1"


# ---------------------------------------------------------------------------------------------------- trend of an index


@pytest.mark.parametrize(
    ("closes", "tests", "kospi", "kosdaq"),
    [
        # all averages equal the close: nothing is above anything
        ([1_000.0] * 205, (False, False, False, False), 0, 0),
        # 199 x 1000, then 1001: MA20 = 1000.05, MA60 = 1000.0167, MA200 = 1000.005, MA20 five days before = 1000
        ([1_000.0] * 199 + [1_001.0], (True, True, True, True), 30, 20),
        # ... one millionth above: MA20 is 5e-8 above MA20[t-5] and 3.3e-8 above MA60, more than the tolerance of 1e-9
        ([1_000.0] * 199 + [1_000.000001], (True, True, True, True), 30, 20),
        # ... 1e-10 above: within the tolerance, so it is not above
        ([1_000.0] * 199 + [1_000.0000000001], (False, False, False, False), 0, 0),
        # 199 x 1000, then 999: the mirror
        ([1_000.0] * 199 + [999.0], (False, False, False, False), 0, 0),
        # 140 x 1100, 59 x 1000, 1010: MA20 = 1000.5 > MA60 = 1000.17; MA200 = (154000 + 59000 + 1010)/200 = 1070.05 > 1010
        ([1_100.0] * 140 + [1_000.0] * 59 + [1_010.0], (True, True, False, True), 22, 14),
        # 140 x 900, 59 x 1000, 995: MA20 = 999.75 > 995; MA60 = 999.92 > MA20; MA200 = 929.98 < 995; MA20[t-5] = 1000
        ([900.0] * 140 + [1_000.0] * 59 + [995.0], (False, False, True, False), 8, 6),
        # 139 x 900, 40 x 1100, 20 x 1000, 1001: MA20 = 1000.05 < 1001, MA60 = 1065 > MA20, MA200 = 950.5; MA20[t-5] = 1025
        ([900.0] * 139 + [1_100.0] * 40 + [1_000.0] * 20 + [1_001.0], (True, False, True, False), 16, 11),
        # 199 bars: MA200 is missing and counts as false
        ([1_000.0] * 198 + [1_001.0], (True, True, None, True), 22, 14),
        # 60 bars: MA60 = 1000.0167 < MA20 = 1000.05; 59 bars: it is missing
        ([1_000.0] * 59 + [1_001.0], (True, True, None, True), 22, 14),
        ([1_000.0] * 58 + [1_001.0], (True, None, None, True), 14, 9),
        # 25 bars: MA20[t-5] is the mean of bars 1-20; 24 bars: it is missing
        ([1_000.0] * 24 + [1_001.0], (True, None, None, True), 14, 9),
        ([1_000.0] * 23 + [1_001.0], (True, None, None, None), 8, 5),
        ([1_000.0] * 19 + [1_001.0], (True, None, None, None), 8, 5),
    ],
)
def test_trend_of_an_index(closes: list[float], tests: tuple[bool | None, ...], kospi: float, kosdaq: float) -> None:
    reading = Gate(kospi=closes, kosdaq=closes).read()
    for name, expected in (("kospi", kospi), ("kosdaq", kosdaq)):
        component = reading.component(name)
        assert tuple(passed for _, passed in component.tests) == tests
        assert (component.points, component.value) == (expected, sum(1 for passed in tests if passed))
        assert component.state is not ItemState.UNKNOWN
    assert reading.coverage == 100


@pytest.mark.parametrize("missing", ["no series", "19 bars", "no close today", "close is not a number"])
def test_an_index_is_missing(missing: str) -> None:
    gate = Gate()
    if missing == "no series":
        gate.kospi = None
    elif missing == "19 bars":
        gate.kospi = rising(bars=19)
    elif missing == "close is not a number":
        gate.kospi = [*rising(), math.nan]
    series = gate.series
    if missing == "no close today":
        yesterday = levels(rising(), "KOSPI", DAY - timedelta(days=1))
        series = type(series)(yesterday, series.kosdaq, series.usd_krw, series.kospi_foreign, "x")
    reading = read_gate(gate.panel, series, AsOf.end_of(DAY), DEFAULT_RULES)
    component = reading.component("kospi")
    assert (component.points, component.value, component.state) == (0, None, ItemState.UNKNOWN)
    if missing != "19 bars":  # with 19 bars the close and its change are known, only the averages are not
        assert reading.kospi.close is None and reading.kospi.change_pct is None
        assert reading.component("shock").state is ItemState.UNKNOWN
        assert reading.coverage == 60  # without 30 and 10
    else:
        assert reading.coverage == 70
    assert reading.component("kosdaq").points == 20


def test_a_closed_day_of_the_index_is_no_bar() -> None:
    # A NaN between: 200 closes remain, so MA200 exists; counting the hole as a bar would still give 201 days.
    closes = [1_000.0] * 150 + [math.nan] + [1_000.0] * 49 + [1_001.0]
    assert Gate(kospi=closes).points("kospi") == 30


def test_no_day_change_over_a_hole() -> None:
    # Yesterday's close is missing: the change against the day before it would be a two-day change.
    closes = [*rising()[:-2], math.nan, rising()[-1]]
    reading = Gate(kospi=closes).read()
    assert reading.kospi.close is not None and reading.kospi.change_pct is None
    assert reading.component("shock").state is ItemState.UNKNOWN and reading.component("kospi").points == 30


# ---------------------------------------------------------------------------------------------------- breadth


@pytest.mark.parametrize(
    ("above", "points"),
    [(1_000, 20), (600, 20), (599, 14), (500, 14), (499, 8), (400, 8), (399, 4), (300, 4), (299, 0), (0, 0)],
)
def test_breadth_of_a_thousand_stocks(above: int, points: float) -> None:
    reading = Gate(above=above, below=1_000 - above).read()
    component = reading.component("breadth")
    assert (component.value, component.points) == (pytest.approx(above / 10), points)
    assert component.state is not ItemState.UNKNOWN


def test_without_an_eligible_stock_breadth_is_missing() -> None:
    component = Gate(above=0, below=0).read().component("breadth")
    assert (component.value, component.points, component.state) == (None, 0, ItemState.UNKNOWN)


# ---------------------------------------------------------------------------------------------------- foreign flow


@pytest.mark.parametrize(
    ("nets", "points"),
    [
        ([1_000 * EOK] * 5, 10),  # 5,000억
        ([1_000 * EOK] * 4 + [1_000 * EOK - 1], 7),  # one won less
        ([0, 0, 0, 0, 1], 7),
        ([0] * 5, 3),  # zero is a value, and it is above -5,000억
        ([-1_000 * EOK] * 4 + [-1_000 * EOK + 1], 3),
        ([-1_000 * EOK] * 5, 0),  # exactly -5,000억 is not above it
        ([9_000 * EOK, -2_000 * EOK, -2_000 * EOK, 0, 0], 10),  # the sum counts
        ([-9_000 * EOK] + [1_000 * EOK] * 5, 10),  # the sixth day is outside
    ],
)
def test_foreign_flow(nets: list[float], points: float) -> None:
    component = Gate(net=nets).read().component("foreign")
    assert (component.value, component.points) == (sum(nets[-5:]), points)


@pytest.mark.parametrize("nets", [None, [1_000.0 * EOK] * 4, [EOK, EOK, math.nan, EOK, EOK, EOK]])
def test_foreign_flow_with_a_hole_is_missing(nets: list[float] | None) -> None:
    component = Gate(net=nets).read().component("foreign")
    assert (component.value, component.points, component.state) == (None, 0, ItemState.UNKNOWN)


def test_a_stale_foreign_flow_is_missing() -> None:
    component = Gate(net=[1_000.0 * EOK] * 9, flow_last=DAY - timedelta(days=1)).read().component("foreign")
    assert component.state is ItemState.UNKNOWN


@pytest.mark.parametrize(
    ("hour", "minute", "total", "flow_day"),
    [(15, 40, 15, date(2026, 6, 29)), (18, 9, 15, date(2026, 6, 29)), (18, 10, 20, date(2026, 6, 30))],
)
def test_the_flow_window_ends_with_the_last_confirmed_day(hour: int, minute: int, total: int, flow_day: date) -> None:
    # 1 … 6억: before 18:10 the window is days 1-5 (15억), from then on days 2-6 (20억).
    reading = Gate(net=[k * EOK for k in range(1, 7)]).read(AsOf.at(DAY, hour, minute))
    assert reading.component("foreign").value == total * EOK
    assert reading.flow_day == np.datetime64(flow_day)


# ---------------------------------------------------------------------------------------------------- day shock


@pytest.mark.parametrize(
    ("change", "points", "status"),
    [
        (1.0, 10, GateStatus.GREEN),
        (-0.5, 10, GateStatus.GREEN),
        (-0.51, 7, GateStatus.GREEN),
        (-1.0, 7, GateStatus.GREEN),
        (-1.01, 3, GateStatus.GREEN),
        (-2.0, 3, GateStatus.GREEN),
        (-2.01, 0, GateStatus.GREEN),
        (-2.99, 0, GateStatus.GREEN),  # no crash yet: 100 - 10 points
        (-3.0, 0, GateStatus.RED),
        (-8.0, 0, GateStatus.RED),
    ],
)
@pytest.mark.parametrize("index", ["kospi", "kosdaq"])
def test_day_shock_is_the_worse_index(index: str, change: float, points: float, status: GateStatus) -> None:
    # The other index stands still at 0 %. The averages of a rising index stay below its level: MA20 is 9.5 points = 0.8 % lower,
    # so from -0.8 % on the index loses C > MA20 (8 or 5 points); more than 20 points are never lost before the crash.
    gate = Gate(**{index: rising(change)})
    reading = gate.read()
    component = reading.component("shock")
    expected = min(change, 0.0)
    assert (component.value, component.points) == (pytest.approx(expected), points)
    assert (reading.shock_pct, reading.status) == (pytest.approx(expected), status)
    assert reading.score is not None


def test_shock_needs_both_indices() -> None:
    # Only KOSDAQ is known, and it is well: no points for the shock, and no reason for RED.
    reading = Gate(kospi=None, kosdaq=rising(-2.99)).read()
    assert reading.component("shock").state is ItemState.UNKNOWN
    assert reading.shock_pct == pytest.approx(-2.99)
    assert reading.status is GateStatus.YELLOW  # coverage 60: KOSDAQ 20 - 5, breadth 20, foreign 10, fx 10 = 55


def test_one_index_is_enough_for_a_crash() -> None:
    reading = Gate(kospi=None, kosdaq=rising(-3.0)).read()
    assert (reading.coverage, reading.status) == (60, GateStatus.RED)


# ---------------------------------------------------------------------------------------------------- exchange rate


def rate(deviation_pct: float) -> list[float]:
    """20 days with the mean 1,000 whose last is ``deviation_pct`` above it: the others are (20,000 - last)/19."""
    last = 1_000.0 * (1 + deviation_pct / 100)
    return [(20_000.0 - last) / 19] * 19 + [last]


@pytest.mark.parametrize(
    ("deviation", "points"), [(-3.0, 10), (0.0, 10), (0.5, 10), (0.501, 5), (1.5, 5), (1.501, 0), (4.0, 0)]
)
def test_exchange_rate_against_its_mean(deviation: float, points: float) -> None:
    component = Gate(fx=rate(deviation)).read().component("fx")
    assert (component.value, component.points) == (pytest.approx(deviation), points)


def test_the_mean_of_the_rate_includes_the_day() -> None:
    # 19 x 1000, 1005.2: mean with the day 1000.26 → +0.4939 % → 10. Without the day it would be +0.52 % → 5.
    component = Gate(fx=[1_000.0] * 19 + [1_005.2]).read().component("fx")
    assert (component.value, component.points) == (pytest.approx(100 * (1_005.2 / 1_000.26 - 1)), 10)


@pytest.mark.parametrize(("fx", "known"), [([1_400.0] * 20, True), ([1_400.0] * 19, False), (None, False), ([], False)])
def test_the_rate_needs_twenty_days(fx: list[float] | None, known: bool) -> None:
    component = Gate(fx=fx).read().component("fx")
    assert (component.state is ItemState.UNKNOWN, component.points) == (not known, 10 if known else 0)


@pytest.mark.parametrize(("last", "known"), [(date(2026, 6, 26), False), (date(2026, 6, 29), True), (date(2026, 7, 3), True)])
def test_age_of_the_rate(last: date, known: bool) -> None:
    # DAY is Tuesday the 30th: Friday the 26th is four days old, Monday one; what comes after DAY is not looked at.
    assert (Gate(fx=[1_400.0] * 30, fx_last=last).read().component("fx").state is not ItemState.UNKNOWN) is known


# ---------------------------------------------------------------------------------------------------- coverage and status

LOW = [1_000.0] * 260
"""An index that earns nothing for its trend and does not move."""


@pytest.mark.parametrize(
    ("gate", "coverage", "score", "status"),
    [
        # without breadth (20) and rate (10): coverage 70, score 70, so not GREEN
        (Gate(above=0, below=0, fx=None), 70, 70, GateStatus.YELLOW),
        # without breadth alone: coverage 80 is enough
        (Gate(above=0, below=0), 80, 80, GateStatus.GREEN),
        # without foreign flow and rate: 80
        (Gate(net=None, fx=None), 80, 80, GateStatus.GREEN),
        # without KOSPI and shock: coverage 60 is not below 60; score 20 + 20 + 10 + 10
        (Gate(kospi=None), 60, 60, GateStatus.YELLOW),
        # and without the rate: coverage 50
        (Gate(kospi=None, fx=None), 50, None, GateStatus.UNKNOWN),
        # breadth, foreign and rate missing: coverage 60, score 60
        (Gate(above=0, below=0, net=None, fx=None), 60, 60, GateStatus.YELLOW),
        # KOSPI 30, KOSDAQ 20, breadth 0, foreign 10, shock 10, rate 0 = 70
        (Gate(above=2, below=8, fx=rate(2.0)), 100, 70, GateStatus.GREEN),
        # KOSPI 30, KOSDAQ 20, breadth 0, foreign 7, shock 10, rate 0 = 67
        (Gate(above=2, below=8, fx=rate(2.0), net=[1.0 * EOK] * 5), 100, 67, GateStatus.YELLOW),
        # KOSPI 0, KOSDAQ 0, breadth 20, foreign 10, shock 10, rate 0 = 40
        (Gate(kospi=LOW, kosdaq=LOW, fx=rate(2.0)), 100, 40, GateStatus.YELLOW),
        # breadth 14, foreign 10, shock 10, rate 5 = 39
        (Gate(kospi=LOW, kosdaq=LOW, above=5, below=5, fx=rate(1.0)), 100, 39, GateStatus.RED),
        # breadth 0, foreign 0, shock 10, rate 0: bad, but known
        (Gate(kospi=LOW, kosdaq=LOW, above=0, below=10, fx=rate(2.0), net=[-2_000.0 * EOK] * 5), 100, 10, GateStatus.RED),
        # low score and low coverage: KOSDAQ 0, breadth 0, foreign 10, rate 0 of 60
        (Gate(kospi=None, kosdaq=LOW, above=2, below=8, fx=rate(2.0)), 60, 10, GateStatus.RED),
    ],
)
def test_status(gate: Gate, coverage: float, score: float | None, status: GateStatus) -> None:
    reading = gate.read()
    assert (reading.coverage, reading.score, reading.status) == (coverage, score, status)


def test_nothing_known_is_not_neutral() -> None:
    gate = Gate(kospi=None, kosdaq=None, net=None, fx=None, above=0, below=0)
    reading = gate.read()
    assert (reading.coverage, reading.score, reading.status) == (0, None, GateStatus.UNKNOWN)
    assert all(component.state is ItemState.UNKNOWN for component in reading.components)
    assert reading.shock_pct is None and reading.usd_krw.close is None


def test_unknown_comes_before_a_crash() -> None:
    # KOSPI -4 % alone with coverage 30: too little is known even for RED.
    reading = Gate(kospi=rising(-4.0), kosdaq=None, net=None, fx=None, above=0, below=0).read()
    assert (reading.coverage, reading.status, reading.score) == (30, GateStatus.UNKNOWN, None)


def test_a_circuit_breaker_is_red_whatever_the_score() -> None:
    reading = Gate().read(circuit_breaker=True)
    assert (reading.status, reading.score, reading.circuit_breaker) == (GateStatus.RED, 100.0, True)
    assert Gate(kospi=None, fx=None).read(circuit_breaker=True).status is GateStatus.UNKNOWN


def test_moved_thresholds_move_the_status() -> None:
    low = Gate(kospi=LOW, kosdaq=LOW, fx=rate(2.0))  # 40 points
    low.rules = DEFAULT_RULES.replace({"gate.yellow_score": 41})
    assert low.read().status is GateStatus.RED
    low.rules = DEFAULT_RULES.replace({"gate.green_score": 40})
    assert low.read().status is GateStatus.GREEN
    low.rules = DEFAULT_RULES.replace({"gate.breadth_pct.0": 81})
    reading = low.read()  # 80 % is now on the second rung
    assert (reading.component("breadth").points, reading.ruleset != "2026.1") == (14, True)


@pytest.mark.parametrize(
    ("status", "grade", "size"),
    [
        (GateStatus.GREEN, Grade.B, 1.0),
        (GateStatus.YELLOW, Grade.A, 0.5),
        (GateStatus.RED, None, 0.0),
        (GateStatus.UNKNOWN, None, 0.0),
    ],
)
def test_effect(status: GateStatus, grade: Grade | None, size: float) -> None:
    assert (status.min_grade, status.size_factor(DEFAULT_RULES.gate.yellow_size)) == (grade, size)


# ---------------------------------------------------------------------------------------------------- as of


def test_the_day_counts_from_its_official_bar() -> None:
    # The last day of KOSPI is -2 %: at 15:39 the gate is still that of Monday.
    gate = Gate(kospi=rising(-2.0))
    before, after = gate.read(AsOf.at(DAY, 15, 39)), gate.read(AsOf.at(DAY, 15, 40))
    assert (before.kospi.day, after.kospi.day) == (np.datetime64("2026-06-29"), np.datetime64("2026-06-30"))
    assert before.component("shock").points == 10 and after.component("shock").points == 3
    assert before.breadth_above == 0 and after.breadth_above == 8  # on Monday every stock stands on its average


def test_before_the_first_bar_nothing_is_known() -> None:
    first = Gate().panel.days[0].astype("datetime64[D]").item()
    with pytest.raises(DataUnavailable) as error:
        Gate().read(AsOf.at(first, 15, 39))
    assert error.value.key == "error.nothing_known"


def test_on_the_first_panel_day_the_series_tells_the_day_before() -> None:
    first = Gate().panel.days[0].astype("datetime64[D]").item()
    reading = Gate().read(AsOf.at(first, 16))
    assert reading.day_index == 0
    # 260 - 59 = 201st close of the rising index: 1,201 after 1,200
    assert reading.kospi.change_pct == pytest.approx(100 / 1_200)


WEDNESDAY = date(2026, 7, 1)


def test_live_levels_stand_for_today() -> None:
    # KOSPI closed at 1,259; MA20 with 1,221.23 (-3 %) is (19 x mean(1,241 … 1,259) + 1,221.23)/20 = 1,248.56
    gate = Gate()
    last = rising()[-1]
    live = LiveLevels(WEDNESDAY, kospi=last * 0.97, kosdaq=last * 1.01, usd_krw=1_450.0)
    reading = gate.read(AsOf.at(WEDNESDAY, 11), live=live)
    assert (reading.kospi.close, reading.kospi.change_pct) == (pytest.approx(last * 0.97), pytest.approx(-3.0))
    assert dict(reading.component("kospi").tests)["above_short"] is False
    assert (reading.component("shock").value, reading.status) == (pytest.approx(-3.0), GateStatus.RED)
    assert reading.kosdaq.change_pct == pytest.approx(1.0) and reading.kosdaq.day == np.datetime64(WEDNESDAY)
    # the rate: 19 x 1400 and 1450 → mean 1402.5 → +3.39 %
    assert reading.component("fx").value == pytest.approx(100 * (1_450 / 1_402.5 - 1))
    assert (reading.breadth_above, reading.day_index) == (8, gate.panel.day_index(DAY))  # breadth is Tuesday's


def test_an_index_without_a_live_level_keeps_its_close_but_has_no_change() -> None:
    reading = Gate().read(AsOf.at(WEDNESDAY, 11), live=LiveLevels(WEDNESDAY, kospi=1_260.0, kosdaq=math.nan))
    assert reading.kosdaq.close == rising()[-1] and reading.kosdaq.change_pct is None
    assert reading.component("kosdaq").points == 20
    assert reading.component("shock").state is ItemState.UNKNOWN


@pytest.mark.parametrize(
    "live",
    [
        LiveLevels(DAY, kospi=1.0, kosdaq=1.0),  # the official bar of that day is known
        LiveLevels(WEDNESDAY),
        LiveLevels(WEDNESDAY, kospi=math.nan, usd_krw=9_999.0),
        LiveLevels(WEDNESDAY, kospi=0.0, kosdaq=-1.0),
    ],
)
def test_live_levels_that_say_nothing_change_nothing(live: LiveLevels) -> None:
    reading = Gate().read(live=live)
    assert (reading.score, reading.shock_pct, reading.kospi.day) == (100.0, 0.0, np.datetime64(DAY))


def test_measures_of_an_index_on_many_days() -> None:
    days = weekdays(DAY, 30)
    measures = index_measures(days, np.array([0, 28, 29]), levels(rising(bars=25)), DEFAULT_RULES.gate)
    # the series begins on the sixth of the thirty days: nothing on the first
    assert np.isnan(measures.close[0]) and not measures.judged[0]
    assert measures.close[1:].tolist() == [1_024.0, 1_024.0]
    assert measures.short[1] == np.mean(np.arange(1_005, 1_025))


# ---------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (1.01, "strong"),
        (1.0, "rise"),
        (0.01, "rise"),
        (0.0, "flat"),
        (-0.01, "fall"),
        (-0.99, "fall"),
        (-1.0, "weak"),
        (-5.0, "weak"),
        (None, "missing"),
        (math.nan, "missing"),
    ],
)
def test_words_of_an_index(change: float | None, word: str) -> None:
    assert index_word(change) == f"gate.index_word.{word}"


def test_fridays_rate_serves_on_monday() -> None:
    # Monday the 29th is three days after Friday the 26th.
    gate = Gate(fx=[1_400.0] * 30, fx_last=date(2026, 6, 26))
    reading = gate.read(AsOf.end_of(date(2026, 6, 29)))
    assert reading.component("fx").points == 10 and reading.usd_krw.day == np.datetime64("2026-06-26")
