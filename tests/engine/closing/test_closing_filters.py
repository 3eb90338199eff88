"""Golden cases of filters, grades, caps, phases, plans, sizes and order, worked by hand (domain.md §§1.3, 1.7, 3.3-3.6)."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from builders import Series
from closing_cases import (
    EOK,
    JO,
    STOCK,
    NewsOf,
    closing_panel,
    gate_reading,
    news_points,
    same_news,
    score_market,
    score_one,
    strong,
)
from test_closing_twin import rows_of

from engine.model.closing import ClosingRun
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.instruments import Market
from engine.model.scan import Grade
from engine.scoring.closing_bet import closing_filters, closing_size, grade12, scan_closing_bet
from engine.thresholds import DEFAULT_RULES

TEN = (
    "UNIVERSE", "HALTED", "ALERT", "PRICE_LT_1000", "TRADING_VALUE_LT_100B", "CHANGE_OUT_OF_RANGE", "LIMIT_UP", "LISTED_LT_20",
    "NEWS_VETO", "GATE",
)  # fmt: skip


def verdicts(s: object, ticker: str = STOCK) -> dict[str, bool | None]:
    return {code: passed for code, passed, _ in closing_filters(s.scan, s.panel, s.row(ticker), s.rules)}  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------------------- filters


@pytest.mark.parametrize(
    ("c", "rejected"),
    [
        (10_500, set()),  # 5.0 %
        (10_490, {"CHANGE_OUT_OF_RANGE"}),  # 4.9 %
        (12_990, set()),  # 29.9 %
        (13_000, {"CHANGE_OUT_OF_RANGE", "LIMIT_UP"}),  # 30 %, the upper limit
        (9_000, {"CHANGE_OUT_OF_RANGE"}),
    ],
)
def test_change(c: int, rejected: set[str]) -> None:
    s = score_one(strong(o=min(c, 10_000), h=c, low=min(c, 9_000), c=c))
    assert s.rejected() == rejected
    assert bool(s.scan.candidate[0]) == (not rejected)


@pytest.mark.parametrize(
    ("base", "c", "rejected"),
    [
        # width 599 → 2,597 → tick 5 → 2,595; 2,595/1,998 = 29.88 %, so only the limit says no
        (1_998, 2_595, {"LIMIT_UP"}),
        (1_998, 2_590, set()),  # 29.63 %
        # 4,995: width 1,498 → tick 5 → 1,495 → 6,490 → tick 10 → 6,490 (29.93 %)
        (4_995, 6_490, {"CHANGE_OUT_OF_RANGE", "LIMIT_UP"}),
        (4_995, 6_480, set()),  # 29.73 %
        # 196,900: width 59,070 → tick 100 → 59,000 → 255,900 → tick 500 → 255,500 (29.76 %)
        (196_900, 255_500, {"LIMIT_UP"}),
        (196_900, 255_000, set()),
    ],
)
def test_a_locked_upper_limit_is_found_by_the_tick_not_by_the_change(base: int, c: int, rejected: set[str]) -> None:
    s = score_one(strong(before=base, o=c, h=c, low=c, c=c))
    assert s.rejected() == rejected
    assert bool(s.scan.candidate[0]) == ("CHANGE_OUT_OF_RANGE" not in rejected), "what is locked is listed with its reason"
    assert math.isnan(s.number("entry_krw")) == bool(rejected)


def test_ex_rights_gap_is_measured_against_the_base_price() -> None:
    """Closes 10,000; base price 8,000 on the ex-day (factor 0.8); C 8,600.

    Change 8,600/8,000 - 1 = +7.5 %, not -14 %. Highs before t are 10,000 × 0.8 = 8,000 in the scale of t: 8,600 > 8,000 and
    8,600 ≥ 0.95 × 8,650. Volumes before are 1,000,000 / 0.8 = 1,250,000. Upper limit 8,000 + 2,400 = 10,400.
    """
    series = strong(o=8_000, h=8_650, low=7_990, c=8_600)
    series.last.factor = 0.8
    s = score_one(series)
    assert s.number("base") == 8_000
    assert s.number("change_pct") == pytest.approx(7.5)
    assert s.number("high_60") == pytest.approx(8_000)
    assert s.number("high_250") == pytest.approx(8_650)
    assert s.number("period_volume") == pytest.approx(1_250_000)
    assert s.number("upper_limit") == 10_400
    assert (s.points("chart"), s.points("period"), s.rejected()) == (2, 1, set())


def test_reverse_split_in_the_middle_of_the_rest() -> None:
    """1:5 ten bars ago: closes 2,000 → 10,000, volumes 5,000,000 → 1,000,000. In the scale of t nothing moved at all."""
    s = score_one(strong().with_reverse_split(10, 5))
    assert s.number("high_60") == pytest.approx(10_000)
    assert s.number("period_range_pct") == pytest.approx(0)
    assert s.number("period_volume") == pytest.approx(1_000_000)
    assert (s.points("chart"), s.points("period"), s.number("total")) == (2, 1, 12)


@pytest.mark.parametrize("base", [None, 0])
def test_unknown_base_price(base: float | None) -> None:
    """No change, so the range is failed; the limit is not tested, and no one says it was passed. 0 won is no price."""
    s = score_one(strong(), base=base)
    assert s.rejected() == {"CHANGE_OUT_OF_RANGE"}
    assert math.isnan(s.number("change_pct")) and math.isnan(s.number("upper_limit"))
    assert not s.scan.candidate[0]
    assert verdicts(s)["CHANGE_OUT_OF_RANGE"] is False
    assert verdicts(s)["LIMIT_UP"] is None
    assert s.number("total") == 12, "the components need no base price"
    assert s.caps() == set(), "an unknown change is no overheating"


@pytest.mark.parametrize(("before", "c", "fails"), [(940, 1_000, False), (940, 999, True)])
def test_price(before: int, c: int, fails: bool) -> None:
    """1,000/940 = +6.4 %."""
    s = score_one(strong(before=before, o=before, h=c, low=before, c=c))
    assert s.rejected() == ({"PRICE_LT_1000"} if fails else set())


@pytest.mark.parametrize(("bars", "fails"), [(19, True), (20, False)])
def test_listed(bars: int, fails: bool) -> None:
    s = score_one(strong(bars))
    assert s.rejected() == ({"LISTED_LT_20"} if fails else set())
    assert bool(s.scan.candidate[0]) != fails


def test_bars_are_counted_not_days() -> None:
    """19 bars over 40 days of halts are 19 bars."""
    s = score_one(Series().flat(18, 10_000).halt(21).bar(10_000, 10_950, 9_980, 10_900, 10_000_000).values(1.2 * JO, 1))
    assert (s.number("n_bars"), "LISTED_LT_20" in s.rejected()) == (19, True)


@pytest.mark.parametrize(
    ("marks", "rejected"),
    [
        (("HALT",), {"HALTED"}),
        (("CLEANUP",), {"HALTED"}),
        (("ADMIN",), {"ALERT"}),
        (("CAUTION_ISSUE",), {"ALERT"}),
        (("WARNING",), {"ALERT"}),
        (("DANGER",), {"ALERT"}),
        (("OVERHEAT",), {"ALERT"}),
        (("CLEANUP", "ADMIN"), {"HALTED", "ALERT"}),
        (("CAUTION", "REMARK"), set()),  # shown, excludes nothing
    ],
)
def test_designations_of_the_day(marks: tuple[str, ...], rejected: set[str]) -> None:
    assert score_one(strong().designate(*marks)).rejected() == rejected
    assert score_one(strong().designate(*marks, back=1)).rejected() == set(), "those of the day before are over"


@pytest.mark.parametrize(
    ("market", "kind", "rejected"),
    [
        ("KOSPI", "COMMON", set()),
        ("KOSDAQ", "COMMON", set()),
        ("KONEX", "COMMON", {"UNIVERSE"}),
        ("UNKNOWN", "COMMON", {"UNIVERSE"}),
        ("KOSPI", "PREFERRED", {"UNIVERSE"}),
        ("KOSPI", "UNKNOWN", {"UNIVERSE"}),
        ("KOSDAQ", "SPAC", {"UNIVERSE"}),
    ],
)
def test_universe(market: str, kind: str, rejected: set[str]) -> None:
    series = strong()
    series.market, series.security_type = market, kind
    s = score_one(series)
    assert "UNIVERSE" in s.rejected() if rejected else s.rejected() == set()
    assert bool(s.scan.candidate[0]) == (not rejected)


def test_every_failed_filter_is_reported() -> None:
    """999 won, 4.9 %, no value, 15 bars, under warning, with a veto: all six."""
    series = strong(15, before=952, o=952, h=999, low=952, c=999, value=1 * EOK).designate("WARNING")
    s = score_one(series, news=NewsOf(2, veto=True))
    assert s.rejected() == {
        "PRICE_LT_1000", "CHANGE_OUT_OF_RANGE", "TRADING_VALUE_LT_100B", "LISTED_LT_20", "ALERT", "NEWS_VETO",
    }  # fmt: skip


@pytest.mark.parametrize(
    "series",
    [
        strong().halt(),  # published as 0/0/0/close
        strong().bar(10_000, 10_000, 10_000, 10_000, 0),  # prices without a trade
        strong().absent(),  # no row though the market traded
        strong().bar(10_000, 10_100, 10_050, 10_100, 5_000_000),  # L above O
    ],
    ids=["halt", "zero volume", "absent", "impossible bar"],
)
def test_not_tradable(series: Series) -> None:
    """Nothing is said of a symbol without a valid bar: no score, no grade, no coverage, no plan, and no filter of its price.

    The other symbol makes the market trade on that day.
    """
    s = score_market({STOCK: series, "000660": strong(len(series.rows))})
    row = s.row()
    assert s.rejected() == {"NOT_TRADABLE"}
    assert math.isnan(s.number("total")) and math.isnan(s.number("score_pct"))
    assert (s.grade(), s.raw_grade(), s.phase(), s.caps(), s.number("coverage")) == ("NONE", "NONE", "NONE", set(), 0)
    assert not s.scan.points[row].any() and not s.scan.status[row].any()
    for name in ("close", "change_pct", "value_krw", "high_250", "near_high", "foreign_5d_krw", "entry_krw", "stop_krw"):
        assert math.isnan(s.number(name)), name
    judged = verdicts(s)
    assert judged["NOT_TRADABLE"] is False
    assert {judged[code] for code in ("PRICE_LT_1000", "TRADING_VALUE_LT_100B", "CHANGE_OUT_OF_RANGE", "LIMIT_UP")} == {None}
    assert s.order() == ["000660"]


def test_filters_in_the_order_of_the_law() -> None:
    s = score_one(strong())
    assert tuple(code for code, _, _ in closing_filters(s.scan, s.panel, 0, s.rules)) == TEN
    assert set(verdicts(s).values()) == {True}
    fields = {code: f for code, _, f in closing_filters(s.scan, s.panel, 0, s.rules)}
    assert fields["CHANGE_OUT_OF_RANGE"] == {"change": pytest.approx(9.0), "low": 5.0, "high": 29.9}
    assert fields["LIMIT_UP"] == {"close": 10_900, "limit": 13_000}
    assert fields["TRADING_VALUE_LT_100B"] == {"value": 1.2 * JO, "need": 1_000 * EOK}
    failed = score_one(strong(c=13_000, h=13_000).designate("ADMIN", "DANGER"))
    assert [c for c, ok in verdicts(failed).items() if not ok] == ["ALERT", "CHANGE_OUT_OF_RANGE", "LIMIT_UP"]
    assert closing_filters(failed.scan, failed.panel, 0, failed.rules)[2][2] == {"marks": "ADMIN, DANGER"}


@pytest.mark.parametrize(
    ("gate", "news", "passed"),
    [
        (GateStatus.GREEN, 3, True),
        (GateStatus.YELLOW, 3, True),
        (GateStatus.YELLOW, 0, False),  # 9 points but no news: B, which YELLOW holds back
        (GateStatus.GREEN, 0, True),
        (GateStatus.RED, 3, False),
        (GateStatus.UNKNOWN, 3, None),
        (None, 3, None),
    ],
)
def test_gate_chip(gate: GateStatus | None, news: float, passed: bool | None) -> None:
    assert verdicts(score_one(strong(), gate=gate, news=NewsOf(news)))["GATE"] is passed


def test_missing_news_pass_no_veto() -> None:
    assert verdicts(score_one(strong(), news=NewsOf(None)))["NEWS_VETO"] is None
    assert verdicts(score_one(strong(), news=NewsOf(0)))["NEWS_VETO"] is True
    assert verdicts(score_one(strong(), news=NewsOf(None, veto=True)))["NEWS_VETO"] is False, "a veto that is known counts"
    vetoed = score_one(strong(), news=NewsOf(0, veto=True))
    assert (verdicts(vetoed)["NEWS_VETO"], vetoed.rejected(), bool(vetoed.scan.candidate[0])) == (False, {"NEWS_VETO"}, True)


# ---------------------------------------------------------------------------------------------------- grades and caps


def test_grades_of_twelve_points() -> None:
    table = {12: "S", 10: "S", 9.996: "S", 9.994: "A", 9.99: "A", 9: "A", 8: "A", 7.996: "A", 7.99: "B", 7: "B", 6: "B", 5.99: "C", 5: "C", 0: "C", math.nan: "NONE"}  # fmt: skip
    grades = grade12(np.array(list(table)), DEFAULT_RULES)
    assert [Grade(int(g)).name for g in grades] == list(table.values())
    assert grade12(np.array([9.0]), DEFAULT_RULES.replace({"jongga.s_points": 9}))[0] == Grade.S


# V(alue) below makes the total: 12 - (3 - points of the value)
@pytest.mark.parametrize(
    ("news", "value", "total", "raw", "grade", "caps"),
    [
        (3, 1 * JO, 12, "S", "S", set()),
        (1, 1 * JO, 10, "S", "S", set()),
        (0, 1 * JO, 9, "A", "B", {"NEWS_ZERO"}),
        (None, 1 * JO, 9, "A", "B", {"NEWS_ZERO"}),
        (0, 1_000 * EOK, 7, "B", "B", {"NEWS_ZERO"}),  # listed though it changes nothing
        (1, 1_000 * EOK, 8, "A", "A", set()),
    ],
)
def test_no_news_caps_at_b(news: float | None, value: float, total: float, raw: str, grade: str, caps: set[str]) -> None:
    s = score_one(strong(value=value), news=NewsOf(news))
    assert (s.number("total"), s.raw_grade(), s.grade(), s.caps()) == (total, raw, grade, caps)


@pytest.mark.parametrize(
    ("c", "news", "raw", "grade", "caps"),
    [
        (12_000, 3, "S", "S", set()),  # exactly 20 %
        (12_010, 3, "S", "A", {"OVERHEAT"}),  # 20.1 %
        (12_010, 0, "A", "B", {"OVERHEAT", "NEWS_ZERO"}),  # the lower cap wins
        (13_000, 3, "S", "A", {"OVERHEAT"}),  # also where it is rejected anyway
    ],
)
def test_overheat_caps_at_a(c: int, news: float, raw: str, grade: str, caps: set[str]) -> None:
    s = score_one(strong(h=c, c=c), news=NewsOf(news))
    assert (s.raw_grade(), s.grade(), s.caps()) == (raw, grade, caps)


def test_caps_only_lower() -> None:
    """5 points (value 1, chart 2, supply 2) stay C under both caps."""
    series = strong(value=1_000 * EOK, o=12_010, h=12_010, low=12_010, c=12_010).volumes([1_000_000] * 19 + [2_000_000], back=1)
    s = score_one(series, news=NewsOf(0))
    assert s.scan.points[0].tolist() == [0, 1, 2, 0, 0, 2]
    assert (s.raw_grade(), s.grade(), s.caps(), s.phase()) == ("C", "C", {"OVERHEAT", "NEWS_ZERO"}, "NONE")


# ---------------------------------------------------------------------------------------------------- phase


@pytest.mark.parametrize(
    ("gate", "news", "grade", "phase"),
    [
        (GateStatus.GREEN, 3, "S", "PENDING"),
        (GateStatus.GREEN, 0, "B", "PENDING"),
        (GateStatus.YELLOW, 3, "S", "PENDING"),
        (GateStatus.YELLOW, 0, "B", "WATCH"),
        (GateStatus.RED, 3, "S", "WATCH"),
        (GateStatus.UNKNOWN, 3, "S", "WATCH"),
        (None, 3, "S", "WATCH"),
    ],
)
def test_phase(gate: GateStatus | None, news: float, grade: str, phase: str) -> None:
    s = score_one(strong(), gate=gate, news=NewsOf(news))
    assert (s.grade(), s.phase()) == (grade, phase)


def test_phase_of_a_in_yellow() -> None:
    """9 points with 2 of news (value 1): A, the least that YELLOW lets through."""
    s = score_one(strong(value=1_000 * EOK), news=NewsOf(2), gate=GateStatus.YELLOW)
    assert (s.number("total"), s.grade(), s.phase()) == (9, "A", "PENDING")


def test_rejected_is_no_signal() -> None:
    s = score_one(strong(c=13_000, h=13_000))
    assert (s.grade(), s.phase()) == ("A", "NONE")


def test_too_little_coverage_is_no_signal() -> None:
    """News and supply missing: 7 of 12 = 58.3 % < 70. Seven points are a B all the same, and nothing is stored as OPEN."""
    s = score_one(strong(flows=False), news=NewsOf(None))
    assert (s.number("total"), s.grade(), s.rejected(), s.phase()) == (7, "B", set(), "NONE")
    assert s.number("coverage") == pytest.approx(100 * 7 / 12)
    assert closing_size(s.scan, 0, 1e8, s.rules) == 0
    enough = score_one(strong(), news=NewsOf(None))  # 9 of 12 = 75 %
    assert (enough.grade(), enough.phase()) == ("B", "PENDING")


# ---------------------------------------------------------------------------------------------------- plan and size


@pytest.mark.parametrize(
    ("before", "c", "stop", "target"),
    [
        (10_000, 10_900, 10_570, 11_440),  # 10,573 → 10; 11,445 → 10
        (1_960, 2_060, 1_998, 2_160),  # 1,998.2 is below 2,000: tick 1; 2,163 → tick 5
        (47_000, 49_400, 47_900, 51_800),  # 47,918 → 50; 51,870 → tick 100
        (190_000, 200_000, 194_000, 210_000),  # 194,000 and 210,000 exactly: no tick is lost to floating point
    ],
)
def test_plan(before: int, c: int, stop: int, target: int) -> None:
    s = score_one(strong(before=before, o=before, h=c, low=before, c=c))
    assert s.rejected() == set()
    assert (s.number("entry_krw"), s.number("stop_krw"), s.number("target_krw")) == (c, stop, target)


def test_plan_on_the_old_ticks() -> None:
    """2022: 10,000-20,000 won had a tick of 50: 10,573 → 10,550, 11,445 → 11,400."""
    s = score_one(strong(), last=date(2022, 12, 29))
    assert (s.number("stop_krw"), s.number("target_krw")) == (10_550, 11_400)


def test_plan_where_the_market_is_unknown_on_the_old_ticks() -> None:
    """The tick table of 2022 depends on the market: such a symbol has no limit and no plan, and the scan goes on."""
    series = strong()
    series.market = "UNKNOWN"
    s = score_market({"000660": series, STOCK: strong()}, last=date(2022, 12, 29))
    assert math.isnan(s.number("upper_limit", "000660")) and math.isnan(s.number("stop_krw", "000660"))
    assert s.number("upper_limit") == 13_000


@pytest.mark.parametrize(
    ("gate", "news", "value", "equity", "qty"),
    [
        # S: 750,000 / (10,900 - 10,570) = 2,272; 15,000,000 / 10,900 = 1,376; 120억 / 10,900 = 1,100,917
        (GateStatus.GREEN, 3, 1.2 * JO, 1e8, 1_376),
        # the same in YELLOW: 375,000 / 330 = 1,136
        (GateStatus.YELLOW, 3, 1.2 * JO, 1e8, 1_136),
        # A (news 2, value 1 → 9): 500,000 / 330 = 1,515; 12,000,000 / 10,900 = 1,100
        (GateStatus.GREEN, 2, 1_000 * EOK, 1e8, 1_100),
        # B (no news): 250,000 / 330 = 757; 10,000,000 / 10,900 = 917
        (GateStatus.GREEN, 0, 1.2 * JO, 1e8, 757),
        (GateStatus.YELLOW, 0, 1.2 * JO, 1e8, 0),
        (GateStatus.RED, 3, 1.2 * JO, 1e8, 0),
        (GateStatus.UNKNOWN, 3, 1.2 * JO, 1e8, 0),
        (None, 3, 1.2 * JO, 1e8, 0),
        # 1 % of the day's 1,000억 = 10억 / 10,900 = 91,743 binds a large account (A: 12 % of 1조)
        (GateStatus.GREEN, 2, 1_000 * EOK, 1e12, 91_743),
        # too small an account: 15 % of 50,000 buys nothing
        (GateStatus.GREEN, 3, 1.2 * JO, 50_000, 0),
    ],
)
def test_size(gate: GateStatus | None, news: float, value: float, equity: float, qty: int) -> None:
    s = score_one(strong(value=value), gate=gate, news=NewsOf(news))
    assert closing_size(s.scan, 0, equity, s.rules) == qty


def test_size_of_what_cannot_be_bought() -> None:
    assert closing_size(score_one(strong(c=13_000, h=13_000)).scan, 0, 1e8, DEFAULT_RULES) == 0
    grade_c = score_one(strong(o=10_900, value=1_000 * EOK, flows=False), news=NewsOf(0))  # 0 + 1 + 2 + 0 + 1 + missing
    assert (grade_c.grade(), closing_size(grade_c.scan, 0, 1e8, DEFAULT_RULES)) == ("C", 0)
    with pytest.raises(ValidationFailed):
        closing_size(score_one(strong()).scan, 0, 0.0, DEFAULT_RULES)


def test_the_cheapest_stock_that_can_have_a_plan() -> None:
    """With the filters moved: base 4 (limit 4 + 1 = 5), C 4: stop 3.88 → 3, target 4.2 → 4.

    S: 750,000 / (4 - 3); 15,000,000 / 4 = 3,750,000; 1 % of 1,000,000,000,000 / 4: the risk binds.
    """
    rules = DEFAULT_RULES.replace({"jongga.min_close_krw": 0, "jongga.min_change_pct": 0})
    s = score_one(strong(before=4, o=3, h=4, low=3, c=4, value=1 * JO), rules=rules)
    assert s.points("chart") == 1, "C = 4 is the 250-bar high and breaks nothing"
    assert (s.grade(), s.rejected(), s.number("stop_krw"), s.number("target_krw")) == ("S", set(), 3, 4)
    assert closing_size(s.scan, 0, 1e8, rules) == 750_000


# ---------------------------------------------------------------------------------------------------- order


def test_order_of_candidates() -> None:
    """Total first, then traded value, then ticker; what is no candidate is not there."""
    market = {
        "000030": strong(value=1.2 * JO),  # 12
        "000020": strong(value=1.2 * JO),  # 12, the same value: ticker decides
        "000010": strong(value=1.1 * JO),  # 12, less traded
        "000040": strong(value=9_000 * EOK),  # 11
        "000050": strong(value=2 * JO),  # 9 without news
        "000060": strong(value=1.2 * JO, h=13_000, c=13_000),  # 30 %: no candidate
        "000070": strong(value=999 * EOK),  # not traded enough
        "000080": strong(value=1.2 * JO, c=10_400, h=10_400),  # 4 %
    }
    s = score_market(market, news={"000050": NewsOf(0)})
    assert s.order() == ["000020", "000030", "000010", "000040", "000050"]
    backwards = rows_of(s.panel, np.arange(len(market))[::-1])
    news = news_points([NewsOf(0) if ticker == "000050" else NewsOf(3) for ticker in backwards.tickers])
    scan = scan_closing_bet(backwards, s.scan.as_of, ClosingRun.CONFIRMED, news, None, s.rules)
    assert [str(backwards.tickers[row]) for row in scan.order] == s.order(), "the ticker decides, not the row"
    flagged = score_market({**market, "000090": strong(value=3 * JO)}, news={"000090": NewsOf(3, veto=True)})
    # With news 000050 has 12 and the largest value. A veto earns no news: 9 points, last, listed with its reason.
    assert flagged.order() == ["000050", "000020", "000030", "000010", "000040", "000090"]
    assert flagged.phase("000090") == "NONE"


# ---------------------------------------------------------------------------------------------------- instants


def test_the_bar_of_the_day_is_known_from_1540() -> None:
    """At 15:39 the last official bar is t-1, a flat one; from 15:40 it is t."""
    early, late = score_one(strong(), clock=(15, 39)), score_one(strong(), clock=(15, 40))
    assert (early.scan.day_index, late.scan.day_index) == (258, 259)
    assert (early.number("change_pct"), late.number("change_pct")) == (0, pytest.approx(9))
    assert (early.scan.flow_day_index, late.scan.flow_day_index) == (257, 258)


def test_a_forming_bar_is_scored_when_named() -> None:
    """At 15:15 the bar of the day is scored only when its day is named; a day after the instant never is."""
    panel = closing_panel({STOCK: strong()})
    day = len(panel.days) - 1
    at = AsOf.at(panel.days[day].item(), 15, 15)
    news, gate = same_news(1), gate_reading(GateStatus.GREEN)
    forming = scan_closing_bet(panel, at, ClosingRun.PRE_CLOSE, news, gate, DEFAULT_RULES, day=day)
    assert (forming.day_index, forming.flow_day_index, forming.total[0]) == (day, day - 1, 12)
    assert scan_closing_bet(panel, at, ClosingRun.PRE_CLOSE, news, gate, DEFAULT_RULES).day_index == day - 1
    before = AsOf.at(panel.days[day - 1].item(), 20, 30)
    with pytest.raises(DataUnavailable):
        scan_closing_bet(panel, before, ClosingRun.PRE_CLOSE, news, gate, DEFAULT_RULES, day=day)


def test_nothing_known() -> None:
    panel = closing_panel({STOCK: strong()})
    early = AsOf.at(panel.days[0].item(), 12, 0)
    with pytest.raises(DataUnavailable) as raised:
        scan_closing_bet(panel, early, ClosingRun.CONFIRMED, same_news(1), None, DEFAULT_RULES)
    assert raised.value.key == "error.nothing_known"


def test_first_day_of_the_data() -> None:
    """One bar: no base price, no window, no flow; candle and volume are still judged."""
    s = score_one(Series().bar(10_000, 10_950, 9_980, 10_900, 10_000_000).values(1.2 * JO), news=NewsOf(0))
    assert s.scan.points[0].tolist() == [0, 3, 0, 1, 0, 0]
    assert [s.status(c) for c in ("chart", "period", "supply")] == ["MISSING"] * 3
    assert s.rejected() == {"CHANGE_OUT_OF_RANGE", "LISTED_LT_20"}
    assert s.number("coverage") == pytest.approx(100 * 7 / 12)


def test_a_day_before_the_limits_are_kept() -> None:
    """Limits are kept from 2005-03-28: earlier the limit test is missing, the rest of the scan is there."""
    s = score_one(strong(30), last=date(2005, 3, 25))
    assert math.isnan(s.number("upper_limit"))
    assert (verdicts(s)["LIMIT_UP"], s.number("change_pct")) == (None, pytest.approx(9))


def test_a_published_infinity_is_missing() -> None:
    """±∞ is missing (§0.3): the value is estimated, the base price unknown, the flow day not there."""
    panel = closing_panel({STOCK: strong()})
    for array in (panel.value_krw, panel.base_krw):
        array[0, -1] = math.inf
    panel.foreign_krw[0, -2] = math.inf
    at = AsOf.at(panel.days[-1].item(), 15, 40)
    scan = scan_closing_bet(replace(panel), at, ClosingRun.CONFIRMED, same_news(1), None, DEFAULT_RULES)
    assert (scan.value_krw[0], scan.value_estimated[0]) == (104_575_000_000, True)
    assert math.isnan(scan.change_pct[0])
    assert (scan.flow_days[0], scan.foreign_5d_krw[0]) == (4, 40 * EOK)


def test_market_names_are_read_from_the_master() -> None:
    s = score_one(strong())
    assert closing_filters(s.scan, s.panel, 0, s.rules)[0][2] == {"market": Market.KOSPI.name, "type": "COMMON"}
