"""Equity curve and event study worked by hand (domain.md §§7.5, 7.6). Costs are zero where a case says "free"."""

from __future__ import annotations

import dataclasses
import math
from datetime import date

import numpy as np
import pytest
from lives import B, C, N, flat, market, signal, together

from engine.model.market_series import DaySeries, MarketSeries
from engine.model.panel import MarketPanel
from engine.model.performance import Equity, SignalSet
from engine.model.scan import Grade
from engine.performance.equity import equity_curve, max_drawdown_pct, sharpe_ratio
from engine.performance.life import follow
from engine.performance.study import event_study, forward_returns, not_overlapping
from engine.thresholds import DEFAULT_RULES, Rules

_NO_TAX = tuple(dataclasses.replace(rate, kospi_pct=0.0, kosdaq_pct=0.0) for rate in DEFAULT_RULES.cost.tax)
FREE = dataclasses.replace(
    DEFAULT_RULES, cost=dataclasses.replace(DEFAULT_RULES.cost, commission_pct=0.0, slippage_pct=0.0, tax=_NO_TAX)
)
START = 100_000_000.0


def curve(panel: MarketPanel, signals: SignalSet, rules: Rules = FREE, series: MarketSeries | None = None) -> Equity:
    return equity_curve(panel, signals, follow(panel, signals, rules), rules, START, series)


def test_one_trade_marked_to_market() -> None:
    """Grade B: R = 0.5 % of 100,000,000 x 0.5 = 250,000; entry - stop = 800: 312 shares (250,000/800 = 312.5); cap 10 % = 1,000
    shares. Bought at the open of day 1 at 10,000, closes 10,100 / 10,300, sold at 11,000 on day 3.
    Value: 100,000,000 / +31,200 / +93,600 / +312,000."""
    bars = [(10_000,) * 4, (10_000, 10_150, 9_950, 10_100), (10_200, 10_400, 10_100, 10_300), (10_500, 11_000, 10_400, 10_900)]
    found = curve(market(bars), signal(B))
    assert found.value_krw.tolist() == [START, START + 31_200, START + 93_600, START + 312_000]
    assert found.invested_krw.tolist() == [0, 3_151_200, 3_213_600, 0]
    assert (found.positions.tolist(), found.taken.tolist()) == ([0, 1, 1, 0], [True])
    assert found.cumulative_pct == pytest.approx(0.312)
    assert (found.max_drawdown_pct, found.sharpe, found.kospi_pct) == (0.0, None, None)


def test_costs_are_paid_in_cash() -> None:
    """312 x 10,000 x 1.00115 = 3,123,588 paid; 312 x 11,000 x (1 - 0.265 %) = 3,422,905.2 received: +299,317.2."""
    bars = [(10_000,) * 4, (10_000, 10_150, 9_950, 10_100), (10_500, 11_000, 10_400, 10_900)]
    found = curve(market(bars), signal(B), DEFAULT_RULES)
    assert found.value_krw[-1] == pytest.approx(START + 299_317.2)


def test_a_split_floors_the_quantity_and_pays_the_fraction() -> None:
    """5:2 on day 2 (factor 0.4): 312/0.4 = 780 whole. 1:3 reverse (factor 3): 312/3 = 104. Factor 0.7: 445.714...: 445 shares,
    the fraction 0.714286 paid at 10,100 x 0.7 = 7,070: 5,050. Value of day 2 at a close of 7,070: 445 x 7,070 = 3,146,150."""
    bars = [(10_000,) * 4, (10_000, 10_150, 9_950, 10_100), (7_070, 7_070, 7_070, 7_070)]
    found = curve(market(bars, factors={2: 0.7}), signal(B))
    assert found.invested_krw[2] == pytest.approx(445 * 7_070)
    assert found.value_krw[2] == pytest.approx(START + 31_200, abs=0.01)
    assert found.value_krw[2] - found.invested_krw[2] == pytest.approx(START - 3_120_000 + 5_050, abs=0.01)


@pytest.mark.parametrize(
    ("gate", "grade", "quantity"),
    [
        (3, Grade.S, 937),  # GREEN: R x 1.5 = 750,000/800 = 937.5; cap 15 % = 1,500
        (3, Grade.A, 625),
        (3, Grade.B, 312),
        (3, Grade.C, 0),
        (2, Grade.A, 312),  # YELLOW: half; B is under the minimum grade
        (2, Grade.B, 0),
        (1, Grade.S, 0),  # RED
        (0, Grade.S, 0),  # UNKNOWN
    ],
)
def test_gate_and_grade_decide_the_size(gate: int, grade: Grade, quantity: int) -> None:
    bars = [(10_000,) * 4, (10_000, 10_150, 9_950, 10_000)]
    assert curve(market(bars), signal(B, gate=gate, grade=grade)).invested_krw[-1] == quantity * 10_000


def test_one_percent_of_the_traded_value_at_most() -> None:
    """Mean value 1억 x 1 % = 1,000,000 won: 100 shares at 10,000."""
    bars = [(10_000,) * 4, (10_000, 10_150, 9_950, 10_000)]
    assert curve(market(bars), signal(B, value=1e8)).invested_krw[-1] == 1_000_000


def test_at_most_ten_vcp_positions_the_best_first() -> None:
    """Twelve breakouts of one day: the two with the lowest scores find no place."""
    rows = {f"0000{k:02d}": [(10_000,) * 4, (10_000, 10_150, 9_950, 10_000)] for k in range(12)}
    signals = together(*(signal(B, row=k, score=50 + k, grade=Grade.B) for k in range(12)))
    found = curve(market(rows), signals)
    assert found.positions[-1] == 10
    assert found.taken.tolist() == [False] * 2 + [True] * 10


def test_at_most_two_closing_bets_and_never_the_same_stock_twice() -> None:
    rows = {f"0000{k:02d}": [(10_000,) * 4] * 2 for k in range(4)}
    bets = [signal(C, row=k, stop=9_700, target=10_500, grade=Grade.A, score=8 + k / 10) for k in range(4)]
    assert curve(market(rows), together(*bets)).taken.tolist() == [False, False, True, True]


def _bets(opens: list[int]) -> tuple[MarketPanel, SignalSet]:
    """One closing bet a day, each on another stock, sold at the next day's open."""
    days = len(opens) + 1
    rows = {}
    for k, opening in enumerate(opens):
        bars = flat(days, 10_000)
        bars[k + 1] = (opening, opening, opening, opening)
        rows[f"0000{k:02d}"] = bars
    return market(rows, last=date(2025, 6, 27)), together(
        *(signal(C, row=k, day=k, stop=9_700, target=10_500, grade=Grade.S) for k in range(len(opens)))
    )


def test_a_daily_loss_of_two_r_stops_new_closing_bets() -> None:
    """Grade S buys 1.5 R at a stop of 3 %: 2,500 shares (cap 15 % = 1,500 shares: 15,000,000 won). R = 500,000 won. A fall of 7 %
    loses 1,050,000 = 2.1 R on the day it is sold: no new bet that day; the next day is free again (2.1 < 4 R of the week)."""
    panel, signals = _bets([9_300, 10_000, 10_000])  # days end Friday 2025-06-27: Tuesday … Friday
    assert curve(panel, signals).taken.tolist() == [True, False, True]
    panel, signals = _bets([9_400, 10_000, 10_000])  # 900,000 = 1.8 R
    assert curve(panel, signals).taken.tolist() == [True, True, True]


def test_a_weekly_loss_of_four_r_stops_the_week() -> None:
    """-2.1 R on Wednesday (nothing bought that day), then -2.1 R on Friday: 4.2 R, no bet on Friday; Monday begins anew."""
    opens = [9_300, 10_000, 9_300, 10_000, 10_000]
    days = len(opens) + 1
    rows = {}
    for k, opening in enumerate(opens):
        bars = flat(days, 10_000)
        bars[k + 1] = (opening,) * 4
        rows[f"0000{k:02d}"] = bars
    # Tuesday 24 June … Tuesday 1 July 2025
    panel = market(rows, last=date(2025, 7, 1))
    signals = together(*(signal(C, row=k, day=k, stop=9_700, target=10_500, grade=Grade.S) for k in range(5)))
    # day 0 Tue bought, sold Wed -2.1 R; Wed none; Thu bought, sold Fri at -2.1 R: Fri none; Mon bought
    assert curve(panel, signals).taken.tolist() == [True, False, True, False, True]


def test_money_that_is_not_there_buys_nothing() -> None:
    """Ten grade-S caps of 15 % ask for 150 %: the seventh gets what is left, the rest nothing."""
    rows = {f"0000{k:02d}": [(10_000,) * 4, (10_000, 10_000, 10_000, 10_000)] for k in range(10)}
    signals = together(*(signal(B, row=k, stop=9_800, grade=Grade.S, score=90 - k) for k in range(10)))
    found = curve(market(rows), signals)  # 1.5 R/200 = 3,750 shares; cap 1,500 = 15,000,000
    assert found.invested_krw[-1] == pytest.approx(100_000_000)
    assert found.taken.tolist() == [True] * 7 + [False] * 3


def test_drawdown_by_hand() -> None:
    """100 -> 110 -> 99 -> 104 -> 88 -> 120: from 110 to 88 = 20 %. A first day under the start counts too: 100 -> 95 = 5 %."""
    assert max_drawdown_pct(np.array([110.0, 99, 104, 88, 120]), 100) == pytest.approx(20.0)
    assert max_drawdown_pct(np.array([95.0, 100]), 100) == pytest.approx(5.0)
    assert max_drawdown_pct(np.array([101.0, 102]), 100) == 0.0


def test_sharpe_needs_sixty_days() -> None:
    """30 pairs of +1 % and 0 %: mean 0.5 %, deviation 0.5 % x sqrt(60/59): sqrt(59/60) x sqrt(250) = 15.679..."""
    path = 100 * np.cumprod(np.where(np.arange(60) % 2 == 0, 1.01, 1.0))
    assert sharpe_ratio(path, 100.0, DEFAULT_RULES) == pytest.approx(math.sqrt(59 / 60) * math.sqrt(250), rel=1e-6)
    assert sharpe_ratio(path[:59], 100.0, DEFAULT_RULES) is None
    assert sharpe_ratio(np.full(80, 100.0), 100.0, DEFAULT_RULES) is None


# ------------------------------------------------------------------------------------------------- event study


def index(panel: MarketPanel, opens: list[float], closes: list[float]) -> MarketSeries:
    o, c = np.array(opens, dtype=np.float64), np.array(closes, dtype=np.float64)
    kospi = DaySeries("KOSPI", panel.days, o, c, c, c)
    return MarketSeries(kospi, None, None, None, "test")


BARS = [
    (10_000,) * 4,
    (10_100, 10_300, 10_000, 10_200),
    (10_200, 10_500, 10_100, 10_400),
    None,
    (10_400, 10_800, 10_300, 10_710),
]


def test_forward_returns_by_hand() -> None:
    """Planned entry 10,000; next open 10,100. Three bars later (the halt is no bar) the close is 10,710.
    Index 2,500 at its open of the entry bar, 2,550 at the end: +2 %.
    k = 1: 10,200/10,000 - 1 = 2 % less 2,510/2,500 - 1 = 0.4 %: 1.6 %; k = 3 from the open: 10,710/10,100 - 1 = 6.039604 - 2."""
    panel = market(BARS)
    series = index(panel, [2_480, 2_500, 2_510, 2_520, 2_530], [2_490, 2_510, 2_520, 2_530, 2_550])
    found = forward_returns(panel, signal(N), DEFAULT_RULES, series)[0]
    assert found[0, :2] == pytest.approx([1.6, 7.1 - 2.0])
    assert found[1, 1] == pytest.approx(100 * (10_710 / 10_100 - 1) - 2.0)
    assert np.isnan(found[:, 2:]).all()


def test_without_an_index_open_it_starts_at_the_close_of_t() -> None:
    """Close of t 2,490, one bar later 2,510: +0.803213 %."""
    panel = market(BARS)
    series = index(panel, [math.nan] * 5, [2_490, 2_510, 2_520, 2_530, 2_550])
    found = forward_returns(panel, signal(N), DEFAULT_RULES, series)[0]
    assert found[0, 0] == pytest.approx(2.0 - 100 * (2_510 / 2_490 - 1))


def test_a_closing_bet_starts_at_the_index_close_of_t() -> None:
    panel = market(BARS)
    series = index(panel, [2_480, 2_500, 2_510, 2_520, 2_530], [2_490, 2_510, 2_520, 2_530, 2_550])
    found = forward_returns(panel, signal(C, entry=10_000), DEFAULT_RULES, series)[0]
    assert found[0, 0] == pytest.approx(2.0 - 100 * (2_510 / 2_490 - 1))
    assert found[1, 0] == pytest.approx(100 * (10_200 / 10_100 - 1) - 100 * (2_510 / 2_490 - 1))


def test_a_split_changes_no_forward_return() -> None:
    """The same market after a 2:1 split on day 2."""
    halves = [BARS[0], BARS[1], (5_100, 5_250, 5_050, 5_200), None, (5_200, 5_400, 5_150, 5_355)]
    plain, split = market(BARS), market(halves, factors={2: 0.5})
    series = index(plain, [2_500.0] * 5, [2_500.0] * 5)
    one, other = (forward_returns(p, signal(N), DEFAULT_RULES, series) for p in (plain, split))
    assert other == pytest.approx(one, nan_ok=True)


def test_without_an_index_nothing_is_known() -> None:
    assert np.isnan(forward_returns(market(BARS), signal(N), DEFAULT_RULES, None)).all()


def test_a_delisted_stock_counts_with_its_last_close() -> None:
    panel = market([*BARS, None, None], delisted=date(2025, 6, 30))
    series = index(panel, [2_500.0] * 7, [2_500.0] * 7)
    found = forward_returns(panel, signal(N), DEFAULT_RULES, series)[0, 0]
    assert found[2] == pytest.approx(7.1)  # k = 5: only three bars are left
    assert np.isnan(forward_returns(panel, signal(N), DEFAULT_RULES, series, last_day=5)[0, 0, 2])


def test_signals_within_twenty_bars_overlap() -> None:
    """Days 0, 20 (twenty bars later: overlaps), 21 (counts), 30 (overlaps with 21), another stock, another strategy."""
    panel = market({"005930": flat(40, 10_000), "005940": flat(40, 10_000)})
    signals = together(*(signal(N, day=d) for d in (0, 20, 21, 30)), signal(N, day=5, row=1), signal(C, day=5))
    assert not_overlapping(panel, signals, DEFAULT_RULES).tolist() == [True, False, True, False, True, True]


def test_event_study_rows() -> None:
    """Two stocks, +2 % and -1 % a day later, index flat: mean 0.5, median 0.5, hit rate 50 %; grouped by grade, gate and year."""
    up, down = [(10_000,) * 4, (10_000, 10_200, 10_000, 10_200)], [(10_000,) * 4, (10_000, 10_000, 9_900, 9_900)]
    panel = market({"005930": up, "005940": down})
    signals = together(signal(N, grade=Grade.A, gate=3), signal(N, row=1, grade=Grade.B, gate=1))
    rows = event_study(panel, signals, DEFAULT_RULES, index(panel, [2_500.0] * 2, [2_500.0] * 2))
    assert {row.group for row in rows} == {"all", "grade:A", "grade:B", "gate:GREEN", "gate:RED", "year:2025"}
    first = next(row for row in rows if (row.group, row.start, row.bars) == ("all", "entry", 1))
    assert (first.n, first.median_pct, first.hit_rate) == (2, pytest.approx(0.5), 50.0)
    assert first.mean_pct.value == pytest.approx(0.5)
    assert (first.mean_pct.low, first.error_pct) == (None, None)  # one date
    single = next(row for row in rows if (row.group, row.start, row.bars) == ("grade:A", "entry", 1))
    assert (single.n, single.mean_pct.value, single.hit_rate) == (1, None, None)
    assert event_study(panel, signals.where(np.zeros(2, dtype=bool)), DEFAULT_RULES, None) == ()
