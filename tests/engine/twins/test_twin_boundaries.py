"""Every rung on both sides, 20- and 30-bar listings, ties and sizes: the program and the twins on cases written by hand."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, datetime, time

import numpy as np
import pytest
import twin
from builders import Row, Series, histories, panel_of
from compare import Differences
from plain_closing import ClosingResult, News, evaluate_closing
from plain_day import prior_of
from plain_gate import Levels, evaluate_gate, plain_breadth
from test_twin_closing import compare_row as compare_closing
from test_twin_closing import gate_of, random_news
from test_twin_day import compare_row as compare_day
from test_twin_day import plain_quotes, sector_table
from test_twin_gate import _series, compare_reading
from twin import EOK
from worlds import at_ns

from engine.features.day_measures import measure_prior
from engine.model.closing import ClosingBetScan, ClosingRun
from engine.model.daytrade import DayQuotes
from engine.model.instants import AsOf
from engine.model.market_series import FlowSeries, MarketSeries
from engine.model.news import NewsPoints
from engine.model.scan import Grade, ScoreStatus
from engine.scoring.closing_bet import closing_size, grade12, scan_closing_bet
from engine.scoring.day_trade import day_trade_size, score_day_trade
from engine.scoring.gate import read_gate
from engine.thresholds import DEFAULT_RULES as RULES

DAY = date(2026, 6, 30)


# ---------------------------------------------------------------------------------------------------- closing bet


def quiet(bars: int, price: int = 10_000, value: float = 100.0 * EOK) -> Series:
    series = Series().flat(bars, price).values(value)
    return series.flows([1.0 * EOK] * min(5, bars), [1.0 * EOK] * min(5, bars))


def closing(series: list[Series], base: float | None, points: float = 3.0) -> tuple[ClosingBetScan, list[ClosingResult]]:
    """Score all at the close of DAY with GREEN gate, news of ``points`` and one base price on that day."""
    plain = histories({f"{k:05d}0": s for k, s in enumerate(series, 1)}, DAY)
    count, length = len(plain), len(plain[0].days)
    bases = np.full((count, length), np.nan)
    bases[:, -1] = np.nan if base is None else base
    panel = dataclasses.replace(panel_of(plain), base_krw=bases)
    zero = np.zeros(count)
    ok = np.full(count, ScoreStatus.OK, dtype=np.uint8)
    news = NewsPoints(zero + points, ok, zero, zero, zero.astype(bool), zero.astype(np.int32), RULES.ruleset_id)
    scan = scan_closing_bet(panel, AsOf.at(DAY, 15, 40), ClosingRun.CONFIRMED, news, gate_of("GREEN"), RULES)
    t, flow = twin.known_days(plain[0].days, datetime.combine(DAY, time(15, 40)))
    return scan, [evaluate_closing(s, base, t, flow, "CONFIRMED", News(points), "GREEN") for s in plain]


def agree(scan: ClosingBetScan, plain: list[ClosingResult]) -> None:
    found = Differences()
    for k, result in enumerate(plain):
        compare_closing(found, f"case {k}", scan, k, result)
    assert not found, found.report()


def test_value_rungs() -> None:
    """1조, 5,000억, 1,000억 and one won less."""
    cases = []
    for value in (10_000, 5_000, 1_000):
        for less in (0, 1):
            s = quiet(60)
            s.bar(10_000, 10_700, 10_000, 10_700)
            s.values(value * EOK - less, 1)
            cases.append(s)
    scan, plain = closing(cases, 10_000)
    assert scan.points[:, 1].tolist() == [3, 2, 2, 1, 1, 0]
    agree(scan, plain)


@pytest.mark.parametrize(("close", "ok"), [(10_500, True), (10_499, False), (12_990, True), (12_991, False), (13_000, False)])
def test_change_and_limit(close: int, ok: bool) -> None:
    """5.0 % and 29.9 % of 10,000 count, one won beside does not; 13,000 is the limit as well."""
    s = quiet(60)
    s.bar(10_000, close, 10_000, close).values(2_000 * EOK, 1)
    scan, plain = closing([s], 10_000)
    assert bool(scan.candidate[0]) is ok
    agree(scan, plain)


@pytest.mark.parametrize(("close", "cap"), [(12_000, False), (12_001, True)])
def test_overheat_begins_above_20_percent(close: int, cap: bool) -> None:
    s = quiet(60)
    s.bar(10_000, close, 10_000, close).values(2_000 * EOK, 1)
    scan, plain = closing([s], 10_000)
    assert ("OVERHEAT" in plain[0].caps) is cap
    agree(scan, plain)


@pytest.mark.parametrize(("low", "high", "point"), [(10_000, 11_500, 1), (10_000, 11_501, 0)])
def test_period_range_of_exactly_15_percent(low: int, high: int, point: int) -> None:
    s = quiet(40)
    for k in range(20):
        s.closes([low if k % 2 else high])
    s.bar(11_500, 12_400, 11_500, 12_400).values(2_000 * EOK, 1)
    scan, plain = closing([s], 11_500)
    assert scan.points[0, 4] == point
    agree(scan, plain)


@pytest.mark.parametrize("recent", [1_000_000, 1_000_001])
def test_period_volume_equal_or_one_share_more(recent: int) -> None:
    s = quiet(61).volumes([recent] + [1_000_000] * 4)
    s.bar(10_000, 10_700, 10_000, 10_700).values(2_000 * EOK, 1)
    scan, plain = closing([s], 10_000)
    assert scan.points[0, 4] == (1 if recent == 1_000_000 else 0)
    agree(scan, plain)


def test_chart_needs_61_bars_and_is_partial_below_250() -> None:
    """n of 60, 61, 249, 250 with the as-of bar."""
    cases = []
    for n in (60, 61, 249, 250):
        s = quiet(n - 1)
        s.bar(10_000, 10_600, 10_000, 10_600).values(2_000 * EOK, 1)
        cases.append(s)
    scan, plain = closing(cases, 10_000)
    assert [ScoreStatus(int(x)).name for x in scan.status[:, 2]] == ["MISSING", "PARTIAL", "PARTIAL", "OK"]
    agree(scan, plain)


@pytest.mark.parametrize(("high", "points"), [(10_600, 1), (10_599, 2), (11_157, 1), (11_158, 1), (11_159, 0)])
def test_chart_at_the_60_day_high_and_at_95_percent(high: int, points: int) -> None:
    """C = 10,600: not above a high of 10,600; 0.95 x 11,157 = 10,599.15, 0.95 x 11,158 = 10,600.1 (0.1 too much)."""
    s = quiet(100)
    s.row(30).h = high
    s.bar(10_000, 10_600, 10_000, 10_600).values(2_000 * EOK, 1)
    scan, plain = closing([s], 10_000)
    agree(scan, plain)
    assert scan.points[0, 2] == (points if high != 11_158 else 0)


@pytest.mark.parametrize(
    ("bar", "point"),
    [
        ((10_000, 10_400, 10_000, 10_300), 1),  # body 3 %, position 0.75, share 0.75
        ((10_000, 10_400, 10_000, 10_299), 0),  # body 2.99 %
        ((10_000, 10_401, 10_000, 10_300), 0),  # position 0.7481
        ((10_000, 10_500, 9_500, 10_500), 1),  # share 0.50
        ((10_000, 10_500, 9_499, 10_500), 0),  # share 0.4995
        ((10_500, 10_500, 10_500, 10_500), 0),  # H = L
    ],
)
def test_candle(bar: tuple[int, int, int, int], point: int) -> None:
    s = quiet(60)
    s.bar(*bar).values(2_000 * EOK, 1)
    scan, plain = closing([s], 9_500)
    assert scan.points[0, 3] == point
    agree(scan, plain)


@pytest.mark.parametrize(
    ("f", "i", "points"),
    [
        (1.0, 1.0, 2),
        (0.0, 1.0, 1),
        (1.0, 0.0, 1),
        (5.0, -4.0, 1),
        (5.0, -5.0, 0),
        (-4.0, 5.0, 1),
        (0.0, 0.0, 0),
        (-1.0, -1.0, 0),
    ],
)
def test_supply(f: float, i: float, points: int) -> None:
    s = quiet(60).flows([0.0] * 4 + [f], [0.0] * 4 + [i])
    s.bar(10_000, 10_600, 10_000, 10_600).values(2_000 * EOK, 1)
    scan, plain = closing([s], 10_000)
    assert scan.points[0, 5] == points
    agree(scan, plain)


def test_supply_days() -> None:
    """5, 4, 3 and 2 days with a record: OK, PARTIAL, PARTIAL, MISSING."""
    cases = []
    for days in (5, 4, 3, 2):
        s = quiet(60).flows([None] * (5 - days) + [1.0] * days, [1.0] * 5)
        s.bar(10_000, 10_600, 10_000, 10_600).values(2_000 * EOK, 1)
        cases.append(s)
    scan, plain = closing(cases, 10_000)
    assert [ScoreStatus(int(x)).name for x in scan.status[:, 5]] == ["OK", "PARTIAL", "PARTIAL", "MISSING"]
    agree(scan, plain)


def test_short_listings_and_unknown_base() -> None:
    """19, 20, 21 and 30 bars; a base price nobody gave."""
    cases = []
    for n in (19, 20, 21, 30):
        s = quiet(n - 1)
        s.bar(10_000, 10_600, 10_000, 10_600).values(2_000 * EOK, 1)
        cases.append(s)
    for base in (10_000, None):
        scan, plain = closing(cases, base)
        assert ["LISTED_LT_20" in p.rejected for p in plain] == [True, False, False, False]
        agree(scan, plain)


def test_ties_are_ordered_by_value_then_ticker() -> None:
    cases = []
    for value in (2_000, 3_000, 2_000, 3_000):
        s = quiet(70)
        s.bar(10_000, 10_600, 10_000, 10_600).values(value * EOK, 1)
        cases.append(s)
    scan, plain = closing(cases, 10_000)
    assert scan.order.tolist() == [1, 3, 0, 2]
    agree(scan, plain)


def test_grade_rungs() -> None:
    totals = [12, 10, 9.995, 9.99, 8, 7.99, 6, 5.99, 0, math.nan]
    assert [Grade(int(g)).name for g in grade12(np.array(totals), RULES)] == [
        "S",
        "S",
        "S",
        "A",
        "A",
        "B",
        "B",
        "C",
        "C",
        "NONE",
    ]


@pytest.mark.parametrize("equity", [10_000_000, 100_000_000, 5_000_000_000])
def test_closing_sizes(equity: int) -> None:
    """§2.11 with R = 0.5 %, caps 15/12/10 % and 1 % of the day's value, worked out in whole won."""
    cases = []
    for value, close in ((1_000, 10_600), (10_000, 10_600), (5_000, 12_500), (10_000, 11_000)):
        s = quiet(260)
        s.bar(10_000, close, 10_000, close).values(value * EOK, 1)
        cases.append(s)
    scan, plain = closing(cases, 10_000)
    agree(scan, plain)
    sizes = []
    for k, p in enumerate(plain):
        expected = 0
        if p.phase == "PENDING":
            assert p.entry is not None and p.stop is not None
            m10, cap = {"S": (15, 15), "A": (10, 12), "B": (5, 10)}[p.grade]
            value = int(p.measures["value_krw"] or 0)
            expected = min(
                equity * 5 * m10 // (10_000 * (p.entry - p.stop)), equity * cap // (100 * p.entry), value // (100 * p.entry)
            )
        assert closing_size(scan, k, equity, RULES) == expected
        sizes.append(expected)
    assert any(sizes)


# ---------------------------------------------------------------------------------------------------- day trading


def day_cases() -> tuple[list[Series], list[float], list[float]]:
    """Series up to t-1, price and volume of today: one case per rung and its neighbour.

    Base: 20 bars of H 10,000, L 9,000, C 9,500, 100,000 shares, 50억.
    """
    cases: list[tuple[Series, float, float]] = []

    def base(bars: int = 20) -> Series:
        s = Series()
        for _ in range(bars):
            s.rows.append(Row(9_500, 10_000, 9_000, 9_500, 100_000, 50.0 * EOK))
        return s

    for price in (
        9_382,
        9_381,
        9_500,  # 0.99 x (9,381 + 38,000) / 5 = 9,381.4
        9_501,
        9_899,
        9_900,
        10_000,
        10_001,
        10_099,
        10_100,
        10_199,
        10_200,
    ):
        cases.append((base(), price, 1))
    for volume in (51_999, 52_000, 39_000, 38_999):  # at 10:00, φ = 0.26
        cases.append((base(), 9_500, volume))
    for low in (8_334, 8_333):  # (10,000-L)/L: 19.99 %, 20.005 %
        s = base()
        s.row(5).l = low
        cases.append((s, 10_001, 1))
    for close, price in ((8_500, 8_670), (8_500, 8_669), (8_501, 8_672), (9_000, 9_001), (9_000, 9_000), (9_001, 9_100)):
        s = base()
        s.row(0).c = close
        s.row(0).o = close
        s.row(0).l = min(close, 9_000)
        cases.append((s, price, 1))
    for f, i in ((99, 1), (99, 0.99), (101, -1), (100, 0), (49, 1), (49, 0.99)):  # in won: 5조 of turnover
        s = base().flows([0.0] * 4 + [f * EOK], [0.0] * 4 + [i * EOK]).values(10_000.0 * EOK)
        cases.append((s, 9_500, 1))
    for f, i in ((2.5, 10), (2.5, 9.99), (1, 4), (1, 3.99)):  # 5 % and 2 % of 250억
        s = base().flows([0.0] * 4 + [f * EOK], [0.0] * 4 + [i * EOK])
        cases.append((s, 9_500, 1))
    for bars in (3, 4, 5, 19, 20, 30):
        cases.append((base(bars), 9_600, 1))
    for value in (30, 29.99):
        s = base()
        s.values(value * EOK)
        cases.append((s, 9_600, 1))
    series, prices, volumes = zip(*cases, strict=True)
    return list(series), list(prices), list(volumes)


def test_day_trading_rungs() -> None:
    """All cases at 10:00 of DAY in one market; sectors by fives with ties."""
    series, prices, volumes = day_cases()
    for s in series:
        s.rows.append(None)  # today is not in the panel's bars yet
    plain = histories({f"{k:05d}0": s for k, s in enumerate(series, 1)}, DAY)
    sectors = [f"업종{k % 7}" for k in range(len(series))]
    panel = dataclasses.replace(panel_of(plain), sectors=np.array(sectors))
    now = datetime.combine(DAY, time(10, 0))
    count = len(series)
    bases = np.array([float(s.last.c) for s in series])
    price, volume = np.array(prices, dtype=float), np.array(volumes, dtype=float)
    at = np.full(count, at_ns(now), dtype=np.int64)
    quotes = DayQuotes(
        at_ns(now), price, bases, price, price, price, volume, price * volume, at, np.zeros(count, bool), np.full(count, np.nan)
    )
    t = len(panel.days) - 1
    prior_measures = measure_prior(panel, t - 1, t - 1, RULES)
    scan = score_day_trade(panel, prior_measures, quotes, RULES, gate_of("GREEN"))
    plain_now = plain_quotes(quotes)
    priors = [prior_of(s, t - 1, q.base) for s, q in zip(plain, plain_now, strict=True)]
    table = sector_table(priors, sectors, plain_now)
    assert len(table.ranks) >= 5
    found = Differences()
    from plain_day import evaluate_day

    points = []
    for k, s in enumerate(plain):
        result = evaluate_day(s, sectors[k], priors[k], t - 1, plain_now[k], now, table, "GREEN")
        points.append(result.points)
        compare_day(found, f"case {k} {prices[k]}", scan, k, result)
    assert not found, found.report()
    assert [p["ma5"] for p in points[:4]] == [8, 0, 8, 15]
    assert [p["momentum"] for p in points[:12]] == [0] * 7 + [15] * 5
    assert [p["spike"] for p in points[12:16]] == [8, 15, 8, 0]
    assert [p["box"] for p in points[16:18]] == [15, 0]
    assert [p["oversold"] for p in points[18:24]] == [15, 8, 8, 8, 0, 0]
    assert [p["institution"] for p in points[24:34]] == [15, 8, 8, 8, 8, 0, 15, 8, 8, 0]


@pytest.mark.parametrize("gate", ["GREEN", "YELLOW"])
def test_day_trading_sizes(gate: str) -> None:
    """§2.11 with R = 0.25 % and cap 10 %; m x 0.5 in YELLOW, where only S and A may open (§5.3)."""
    series = []
    for value in (40, 5_000):
        s = Series()
        for _ in range(20):
            s.rows.append(Row(9_500, 10_000, 9_000, 9_500, 100_000, value * EOK))
        s.flows([50.0 * EOK] * 5, [50.0 * EOK] * 5)
        s.rows.append(None)
        series.append(s)
    plain = histories({f"{k:05d}0": s for k, s in enumerate(series, 1)}, DAY)
    panel = panel_of(plain)
    now = at_ns(datetime.combine(DAY, time(10, 0)))
    price, volume = np.array([10_300.0, 10_300.0]), np.array([100_000.0, 100_000.0])
    quotes = DayQuotes(
        now,
        price,
        price * 0 + 9_500,
        price,
        price,
        price,
        volume,
        price * volume,
        np.array([now, now]),
        np.zeros(2, bool),
        volume,
    )
    t = len(panel.days) - 1
    scan = score_day_trade(panel, measure_prior(panel, t - 1, t - 1, RULES), quotes, RULES, gate_of(gate))
    # spike 15, momentum 15, box 15, ma5 15, institution 15 = 75 of 105 -> 71.43, A; stop = 9,991 -> 9,990; the tick is 10.
    assert [Grade(int(g)).name for g in scan.grade] == ["A", "A"]
    half = 2 if gate == "YELLOW" else 1
    for k, value in enumerate((40, 5_000)):
        entry, stop, equity = 10_300, 9_990, 1_000_000_000
        expected = min(
            equity * 25 // (10_000 * half * (entry - stop)), equity * 10 // (100 * entry), value * EOK // (100 * entry)
        )
        assert day_trade_size(scan, k, equity, RULES) == expected


# ---------------------------------------------------------------------------------------------------- gate


@pytest.mark.parametrize("above", [12, 11, 10, 9, 8, 7, 6, 5])
@pytest.mark.parametrize("fx", [1.005, 1.00501, 1.015, 1.01501])
def test_breadth_and_exchange_rate_rungs(above: int, fx: float) -> None:
    """12, 10, 8, 6 of 20 stocks are 60, 50, 40, 30 %; a rate exactly 0.5 % and 1.5 % above its mean, which includes it."""
    market = {}
    for k in range(20):
        s = Series().flat(60, 10_000).values(100.0 * EOK)
        s.closes([10_100 if k < above else 9_900]).values(100.0 * EOK, 1)
        market[f"{k + 1:05d}0"] = s
    plain = histories(market, DAY)
    days = plain[0].days
    rate = 19_000 * fx / (20 - fx)  # x / ((19,000 + x) / 20) = fx
    usd = Levels(days, [1_000.0] * (len(days) - 1) + [rate])
    index = Levels(days, [1_000.0 + k for k in range(len(days))])
    net = dict.fromkeys(days, 1_000.0 * EOK)
    series = MarketSeries(
        _series(index, "KOSPI"), _series(index, "KOSDAQ"), _series(usd, "USDKRW"),
        FlowSeries(np.array(days, dtype="datetime64[D]"), np.array([net[d] for d in days])), "rungs",
    )  # fmt: skip
    known, over = [0] * len(days), [0] * len(days)
    for s in plain:
        plain_breadth(s, known, over)
    t = len(days) - 1
    assert (known[t], over[t]) == (20, above)
    expected = evaluate_gate(days, t, t - 1, (known[t], over[t]), index, index, usd, net)
    assert expected.points["breadth"] == (
        20 if above >= 12 else 14 if above >= 10 else 8 if above >= 8 else 4 if above >= 6 else 0
    )
    assert expected.points["fx"] == {1.005: 10, 1.00501: 5, 1.015: 5, 1.01501: 0}[fx]
    found = Differences()
    compare_reading(found, "rungs", read_gate(panel_of(plain), series, AsOf.at(DAY, 15, 40), RULES), expected)
    assert not found, found.report()


def test_news_points_are_shared_with_the_twin() -> None:
    """The helper that draws random news gives both sides the same."""
    import random

    points, plain = random_news(random.Random(3), 50, missing=False)
    assert [n.points for n in plain] == points.points.tolist()
    assert [n.veto for n in plain] == points.veto.tolist()
