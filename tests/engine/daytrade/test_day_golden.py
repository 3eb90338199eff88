"""Golden cases of the seven items, worked by hand from the stock of checklist_market (domain.md §4.1; App. C)."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from checklist_market import Bar, M, Scored, Stock, score

from engine.features.day_measures import DayIneligible
from engine.model.daytrade import EntryBan, ItemReason
from engine.model.evidence import ItemState
from engine.model.gate import GateStatus
from engine.model.instruments import DesignationFlag
from engine.model.scan import Grade
from engine.scoring.day_trade import day_trade_size
from engine.scoring.sector_rank import rank_sectors
from engine.thresholds import DEFAULT_RULES, eok

NAN = math.nan

# ---------------------------------------------------------------------------------------------------- 1 volume


@pytest.mark.parametrize(
    ("at", "volume", "points"),
    [
        # φ(10:00) = 0.26, mean 100,000: 2.0 needs 52,000 shares, 1.5 needs 39,000
        ("10:00", 52_000, 15),
        ("10:00", 51_999, 8),
        ("10:00", 39_000, 8),
        ("10:00", 38_999, 0),
        ("10:00", 0, 0),  # zero is a value
        # φ(09:10) = 0.16/3 = 0.05333: 2.0 needs 10,667
        ("09:10", 10_667, 15),
        ("09:10", 10_666, 8),
        # φ(10:15) = 0.26 + 0.08/2 = 0.30
        ("10:15", 60_000, 15),
        ("10:15", 59_999, 8),
        # after the close φ = 1
        ("15:31", 200_000, 15),
        ("15:31", 199_999, 8),
        ("15:31", 149_999, 0),
    ],
)
def test_volume_spike(at: str, volume: float, points: float) -> None:
    assert score(Stock(volume=volume), at=at).points("spike") == points


def test_volume_is_not_judged_before_ten_past_nine() -> None:
    early = score(Stock(volume=1e7), at="09:09:59")
    assert early.points("spike") == 0
    assert (early.state("spike"), early.reason("spike")) == (ItemState.UNKNOWN, ItemReason.TOO_EARLY)
    assert math.isnan(early.value("spike"))
    assert math.isnan(early.scan.relative_volume[0])
    assert early.bans() & EntryBan.TOO_EARLY
    sharp = score(Stock(volume=1e7), at="09:10:00")
    assert (sharp.points("spike"), sharp.reason("spike")) == (15, ItemReason.NONE)
    assert not sharp.bans() & EntryBan.TOO_EARLY


def test_today_is_not_in_the_average() -> None:
    # Twice the mean of the 20 bars before: with today among them it would be 200,000 / 105,000 = 1.9.
    assert score(Stock(volume=200_000), at="15:31").value("spike") == pytest.approx(2.0)


def test_missing_volume_is_missing() -> None:
    found = score(Stock(volume=NAN))
    assert (found.state("spike"), found.reason("spike")) == (ItemState.UNKNOWN, ItemReason.MISSING)
    assert found.scan.coverage[0] == pytest.approx(100 * 4 / 7)  # flows and sector are missing too


# ---------------------------------------------------------------------------------------------------- 2 momentum


@pytest.mark.parametrize(
    ("price", "points"),
    [
        # H20 = H[t-1] = 10,000: above it 15 at once, so 1.01 and 1.02 x H[t-1] say nothing new
        (10_010, 15),
        (10_000, 0),  # equal is not above
    ],
)
def test_momentum_over_the_high(price: float, points: float) -> None:
    assert score(Stock(price=price)).points("momentum") == points


@pytest.mark.parametrize(
    ("price", "points"),
    [
        # an older high of 12,000: H[t-1] = 10,000 decides; 1.02 -> 10,200, 1.01 -> 10,100
        (10_200, 15),
        (10_190, 8),
        (10_100, 8),
        (10_090, 0),
    ],
)
def test_momentum_over_yesterday(price: float, points: float) -> None:
    found = score(Stock(price=price).highs(12_000))
    assert found.points("momentum") == points
    assert found.value("momentum") == pytest.approx(100 * (price / 12_000 - 1))


# ---------------------------------------------------------------------------------------------------- 3 box


@pytest.mark.parametrize(
    ("price", "points"),
    [
        # L20 + 0.9 (H20 - L20) = 9,000 + 900 = 9,900
        (10_010, 15),
        (10_000, 8),
        (9_900, 8),
        (9_890, 0),
    ],
)
def test_box(price: float, points: float) -> None:
    assert score(Stock(price=price)).points("box") == points


def test_a_width_of_exactly_twenty_percent_is_a_box() -> None:
    # (10,800 - 9,000)/9,000 = 20 %; one won more is none
    box, none = score(Stock(price=10_810).highs(10_800)), score(Stock(price=10_850).highs(10_801))
    assert (box.points("box"), box.reason("box")) == (15, ItemReason.NONE)
    assert (none.points("box"), none.reason("box"), none.state("box")) == (0, ItemReason.NOT_A_BOX, ItemState.FAILED)
    assert none.scan.box_width_pct[0] == pytest.approx(100 * 1_801 / 9_000)


# ---------------------------------------------------------------------------------------------------- 4 five-day line


@pytest.mark.parametrize(
    ("price", "points"),
    [
        # P > (P + 38,000)/5 <=> P > 9,500. P >= 0.99 (P + 38,000)/5 <=> P >= 0.99 x 38,000 / 4.01 = 9,381.55
        (9_510, 15),
        (9_500, 8),
        (9_390, 8),
        (9_380, 0),
    ],
)
def test_five_day_line(price: float, points: float) -> None:
    found = score(Stock(price=price))
    assert found.points("ma5") == points
    assert found.scan.ma5[0] == pytest.approx((price + 38_000) / 5)


def test_the_line_is_not_cut_to_whole_won() -> None:
    # closes 9,501 + 9,500 + 9,500 + 9,500 = 38,001: P = 9,500 is under (9,500 + 38,001)/5 = 9,500.2
    assert score(Stock().closes(9_501, 9_500, 9_500, 9_500)).points("ma5") == 8


@pytest.mark.parametrize(("bars", "state"), [(3, ItemState.UNKNOWN), (4, ItemState.PASSED)])
def test_the_line_needs_four_bars(bars: int, state: ItemState) -> None:
    found = score(Stock(bars=[Bar() for _ in range(bars)], price=9_600), Stock())
    assert found.state("ma5") is state
    for item in ("spike", "momentum", "box", "oversold"):
        assert found.state(item) is ItemState.UNKNOWN
        assert found.reason(item) is ItemReason.MISSING
    assert found.bans() & EntryBan.INELIGIBLE


@pytest.mark.parametrize(("bars", "known"), [(19, False), (20, True)])
def test_ranges_need_twenty_bars(bars: int, known: bool) -> None:
    found = score(Stock(bars=[Bar() for _ in range(bars)], price=9_600, volume=1.0), Stock())
    assert all((found.state(item) is not ItemState.UNKNOWN) is known for item in ("spike", "momentum", "box", "oversold"))
    assert bool(found.prior.ineligible[0] & DayIneligible.BARS_LT_20) is not known


# ---------------------------------------------------------------------------------------------------- 5 institutions

E50, E100 = float(eok(50)), float(eok(100))


def wide(stock: Stock, value: float = float(eok(10_000))) -> Stock:
    """Turnover so large (5조 in five days) that only won count."""
    for bar in stock.bars:
        bar.value = value
    return stock


@pytest.mark.parametrize(
    ("foreign", "institution", "points"),
    [
        ([0] * 4 + [E100 - 1], [0] * 4 + [1], 15),
        ([0] * 4 + [E100 - 2], [0] * 4 + [1], 8),
        ([0] * 4 + [E50 - 1], [0] * 4 + [1], 8),
        ([0] * 4 + [E50 - 2], [0] * 4 + [1], 0),
        ([2 * E100] + [0] * 4, [0] * 5, 8),  # institutions bought nothing: at most 8
        ([2 * E100] + [0] * 4, [-1] + [0] * 4, 8),
        ([-E100] * 5, [0] * 5, 0),
    ],
)
def test_institutions_in_won(foreign: list[float], institution: list[float], points: float) -> None:
    found = score(wide(Stock()).flows(foreign, institution))
    assert found.points("institution") == points
    assert found.value("institution") == sum(foreign) + sum(institution)


@pytest.mark.parametrize(
    ("net", "points"),
    [
        # five days of 50억 = 250억 turnover: 5 % = 12.5억, 2 % = 5억
        (1_250 * M, 15),
        (1_250 * M - 1, 8),
        (500 * M, 8),
        (500 * M - 1, 0),
    ],
)
def test_institutions_as_a_share_of_turnover(net: float, points: float) -> None:
    assert score(Stock().flows([0] * 5, [0] * 4 + [net])).points("institution") == points


def test_the_reason_is_told_where_selling_institutions_cost_points() -> None:
    sold, small = score(wide(Stock()).flows([2 * E100], [0])), score(wide(Stock()).flows([E50] * 5, [-E50 + 1] * 5))
    assert sold.reason("institution") is ItemReason.MISSING  # one day only
    assert small.reason("institution") is ItemReason.NONE
    kept = score(wide(Stock()).flows([2 * E100, 0, 0], [0, 0, 0]))
    assert (kept.points("institution"), kept.reason("institution")) == (8, ItemReason.INSTITUTION_SELLS)


@pytest.mark.parametrize(("days", "state"), [(2, ItemState.UNKNOWN), (3, ItemState.PASSED), (5, ItemState.PASSED)])
def test_fewer_than_three_days_are_missing(days: int, state: ItemState) -> None:
    found = score(Stock().flows([E100] * days, [1.0] * days))
    assert found.state("institution") is state
    assert found.scan.flow_days[0] == days


def test_a_day_without_one_group_is_a_missing_day() -> None:
    found = score(Stock().flows([E100] * 5, [1.0, NAN, 1.0, NAN, NAN]))
    assert (found.scan.flow_days[0], found.state("institution")) == (2, ItemState.UNKNOWN)
    three = score(Stock().flows([E100, NAN, E100, NAN, E100], [1.0] * 5))
    assert (three.scan.flow_days[0], three.scan.net_5d_krw[0]) == (3, 3 * E100 + 3)


def test_flows_that_are_not_confirmed_are_missing_days() -> None:
    # confirmed up to t-3: of t-5..t-1 only three days are known
    found = score(Stock().flows([E100] * 5, [1.0] * 5), flow_back=3)
    assert (found.scan.flow_days[0], found.scan.net_5d_krw[0]) == (3, 3 * E100 + 3)
    assert score(Stock().flows([E100] * 5, [1.0] * 5), flow_back=4).state("institution") is ItemState.UNKNOWN


# ---------------------------------------------------------------------------------------------------- 6 oversold


def fallen(high: int, close: int, price: float) -> Stock:
    """C[t-1] = base = ``close`` under an older high; lows low enough to be bars."""
    stock = Stock(price=price, base=close).highs(high)
    for bar in stock.bars:
        bar.low = 8_000
    return stock.closes(close)


@pytest.mark.parametrize(
    ("close", "price", "points"),
    [
        # H20 = 10,000. C = 8,500: drawdown 15 %; +2 % is 8,670
        (8_500, 8_670, 15),
        (8_500, 8_660, 8),
        (8_500, 8_510, 8),
        (8_500, 8_500, 0),  # no rise
        (8_500, 8_490, 0),
        # 14.9 %: no 15 whatever the rise; 10 % and 9.9 %
        (8_510, 9_000, 8),
        (9_000, 9_010, 8),
        (9_000, 9_500, 8),
        (9_000, 9_000, 0),
        (9_010, 9_500, 0),
    ],
)
def test_oversold(close: int, price: float, points: float) -> None:
    found = score(fallen(10_000, close, price))
    assert found.points("oversold") == points
    assert found.value("oversold") == pytest.approx(100 - close / 100)


def test_oversold_without_a_base_price_is_missing_and_bans() -> None:
    found = score(Stock(base=NAN))
    assert (found.state("oversold"), found.reason("oversold")) == (ItemState.UNKNOWN, ItemReason.MISSING)
    assert found.bans() & EntryBan.NEAR_UPPER_LIMIT  # a limit that is not known cannot be kept away from


# ---------------------------------------------------------------------------------------------------- 7 sector


def sectors(returns: dict[str, list[float]]) -> Scored:
    """One stock for each return in percent: C[t-5] = 10,000, so the price is 10,000 + 100 x return."""
    stocks = []
    for name, members in returns.items():
        for value in members:
            stock = Stock(price=round(10_000 + 100 * value), sector=name)
            stock.bars[-5].c = 10_000
            stocks.append(stock)
    return score(*stocks)


def test_sector_ranks_and_percentiles() -> None:
    # ten sectors with medians 10 … 1 %: ranks 1-2 are the top 20 %, 3-4 the top 40 %
    found = sectors({f"S{k}": [10 - k] * 5 for k in range(10)})
    assert [found.points("sector", 5 * k) for k in range(6)] == [15, 15, 8, 8, 0, 0]
    assert [found.value("sector", 5 * k) for k in range(3)] == [10, 20, 30]
    assert found.scan.sector_count == 10
    assert found.scan.sector_median_pct[0] == pytest.approx(10)


def test_five_sectors_give_the_best_one_full_points() -> None:
    found = sectors({f"S{k}": [5 - k] * 5 for k in range(5)})
    assert [found.points("sector", 5 * k) for k in range(3)] == [15, 8, 0]  # 20, 40, 60 %


def test_four_sectors_are_missing() -> None:
    found = sectors({f"S{k}": [5 - k] * 5 for k in range(4)})
    assert (found.state("sector"), found.reason("sector")) == (ItemState.UNKNOWN, ItemReason.MISSING)
    assert found.scan.sector_rank[0] == 0


def test_a_sector_of_four_members_is_not_ranked() -> None:
    found = sectors({"small": [9] * 4, **{f"S{k}": [5 - k] * 5 for k in range(5)}})
    assert found.state("sector", 0) is ItemState.UNKNOWN
    assert found.points("sector", 4) == 15  # the best of the five that count
    assert found.scan.sector_count == 5


def test_ineligible_members_do_not_count() -> None:
    stocks = [Stock(price=9_600, sector="A") for _ in range(5)]
    stocks += [Stock(price=9_500 - k, sector=f"S{k}") for k in range(5) for _ in range(5)]
    stocks[0].security_type = 2
    assert score(*stocks).scan.sector_rank[1] == 0
    stocks[0].security_type = 1
    assert score(*stocks).scan.sector_rank[1] == 1


def test_equal_sectors_share_the_better_rank() -> None:
    # medians 5, 5, 4, 3, 2 -> ranks 1, 1, 3, 4, 5
    found = sectors({"A": [5] * 5, "B": [5] * 5, "C": [4] * 5, "D": [3] * 5, "E": [2] * 5})
    assert [int(found.scan.sector_rank[5 * k]) for k in range(5)] == [1, 1, 3, 4, 5]
    assert [found.points("sector", 5 * k) for k in range(3)] == [15, 15, 0]


def test_below_the_median_at_most_eight() -> None:
    # sector A: returns 4, 5, 6, 7, 8, median 6
    found = sectors({"A": [4, 5, 6, 7, 8], **{f"S{k}": [3 - k] * 5 for k in range(4)}})
    assert [found.points("sector", k) for k in range(5)] == [8, 8, 15, 15, 15]
    assert [found.reason("sector", k) for k in (1, 2)] == [ItemReason.BELOW_MEDIAN, ItemReason.NONE]


def test_the_median_of_an_even_count_is_the_middle() -> None:
    ranks = rank_sectors(np.array([1.0, 2.0, 4.0, 9.0, 5.0, 6.0]), np.array(["A"] * 6), np.ones(6, dtype=bool), DEFAULT_RULES)
    assert ranks.median.tolist() == [4.5]
    assert ranks.rank.tolist() == [0]  # one sector is no ranking


def test_no_sector_is_missing() -> None:
    found = sectors({"": [9] * 5, **{f"S{k}": [5 - k] * 5 for k in range(5)}})
    assert found.state("sector", 0) is ItemState.UNKNOWN


# ---------------------------------------------------------------------------------------------------- total


def strong() -> Stock:
    """Items 1-5 full: 75 raw. Older closes keep the drawdown small."""
    return Stock(price=10_200, volume=60_000, value=600 * M).flows([0] * 5, [1_250 * M] * 5)


def test_total_grade_and_plan() -> None:
    # 5 x 15 = 75 raw -> 71.43 -> A; 9,500 x 1.3 = 12,350 is the limit
    found = score(strong())
    assert (found.scan.raw[0], found.scan.score[0], found.grade()) == (75, 71.43, Grade.A)
    # 10,200 x 1.05 = 10,710; x 0.97 = 9,894 -> tick 10 at 5,000-20,000 … 9,890
    assert (found.scan.entry_krw[0], found.scan.target_krw[0], found.scan.stop_krw[0]) == (10_200, 10_710, 9_890)
    assert found.scan.coverage[0] == pytest.approx(100 * 6 / 7)
    assert found.scan.projected_value_krw[0] == pytest.approx(600 * M / 0.26)


@pytest.mark.parametrize(
    ("raw", "grade"),
    [(84, Grade.S), (83, Grade.A), (69, Grade.A), (68, Grade.B), (53, Grade.B), (52, Grade.C), (0, Grade.C)],
)
def test_grades_of_raw_points(raw: float, grade: Grade) -> None:
    # S needs 84 = 80 % of 105; 69/105 = 65.71; 68/105 = 64.76; 53/105 = 50.48; 52/105 = 49.52
    from engine.scoring.day_trade import day_trade_score
    from engine.scoring.grades import grade_of

    assert grade_of(float(day_trade_score(np.array([raw], dtype=float), DEFAULT_RULES)[0]), DEFAULT_RULES.grade) is grade


def test_without_a_price_there_is_no_score() -> None:
    found = score(Stock(price=NAN).flows([E100] * 5, [1.0] * 5), Stock())
    assert found.points("institution") == 15
    assert math.isnan(found.scan.score[0])
    assert (found.grade(), found.bans() & EntryBan.NO_QUOTE) == (Grade.NONE, EntryBan.NO_QUOTE)
    assert found.scan.order.tolist() == [1]


def test_order_is_score_then_projected_value_then_ticker() -> None:
    found = score(Stock(value=1.0), Stock(value=5.0), Stock(value=5.0), strong())
    assert found.scan.order.tolist() == [3, 1, 2, 0]


# ---------------------------------------------------------------------------------------------------- bans and size


@pytest.mark.parametrize(
    ("at", "ban"),
    [
        ("09:09:59", EntryBan.TOO_EARLY),
        ("09:10", EntryBan.NONE),
        ("15:00", EntryBan.NONE),
        ("15:00:01", EntryBan.TOO_LATE),
        ("15:20", EntryBan.TOO_LATE | EntryBan.PHASE),
        ("08:59", EntryBan.TOO_EARLY | EntryBan.PHASE),
    ],
)
def test_bans_by_the_clock(at: str, ban: EntryBan) -> None:
    assert score(Stock(), at=at).bans() == ban


@pytest.mark.parametrize(
    ("day", "at", "ban"),
    [
        # first trading day: opens at 10:00, closes as usual
        (date(2026, 1, 2), "10:09:59", EntryBan.TOO_EARLY),
        (date(2026, 1, 2), "10:10", EntryBan.NONE),
        (date(2026, 1, 2), "15:00:01", EntryBan.TOO_LATE),
        # exam day: everything an hour later
        (date(2026, 11, 19), "10:09", EntryBan.TOO_EARLY),
        (date(2026, 11, 19), "16:00", EntryBan.NONE),
        (date(2026, 11, 19), "16:00:01", EntryBan.TOO_LATE),
    ],
)
def test_bans_move_with_a_late_opening(day: date, at: str, ban: EntryBan) -> None:
    assert score(Stock(), at=at, today=day).bans() == ban


def test_volume_on_a_late_opening_day() -> None:
    # 2026-01-02, 11:00 is what 10:00 is on other days: φ = 0.26
    early = score(Stock(volume=52_000), at="10:09", today=date(2026, 1, 2))
    assert early.reason("spike") is ItemReason.TOO_EARLY
    found = score(Stock(volume=52_000), at="11:00", today=date(2026, 1, 2))
    assert (found.scan.phi, found.points("spike")) == (pytest.approx(0.26), 15)


@pytest.mark.parametrize(("age", "stale"), [(60.0, False), (60.1, True)])
def test_a_quote_older_than_a_minute_is_stale(age: float, stale: bool) -> None:
    found = score(Stock(price=10_010, age_s=age), Stock())
    assert bool(found.bans() & EntryBan.STALE) is stale
    assert found.points("momentum") == 15  # shown all the same
    assert found.reason("momentum") is (ItemReason.STALE if stale else ItemReason.NONE)


@pytest.mark.parametrize(
    ("price", "near"),
    [
        # base 9,500: limit 9,500 + 2,850 = 12,350, tick 10
        (12_350, True),
        (12_340, True),
        (12_330, False),
    ],
)
def test_next_to_the_upper_limit(price: float, near: bool) -> None:
    assert bool(score(Stock(price=price)).bans() & EntryBan.NEAR_UPPER_LIMIT) is near


def test_one_tick_is_that_below_the_limit() -> None:
    # base 1,540: width 462, limit 2,002 -> cut to 2,000 (tick 5 there); the price below is 1,999 (tick 1)
    def cheap(price: float) -> Stock:
        return Stock(bars=[Bar(h=1_600, low=1_500, c=1_540) for _ in range(20)], price=price, base=1_540)

    assert score(cheap(1_999)).bans() & EntryBan.NEAR_UPPER_LIMIT
    assert not score(cheap(1_998)).bans() & EntryBan.NEAR_UPPER_LIMIT


@pytest.mark.parametrize(
    ("gate", "banned"),
    [(GateStatus.GREEN, False), (GateStatus.YELLOW, False), (GateStatus.RED, True), (GateStatus.UNKNOWN, True), (None, True)],
)
def test_gate_bans(gate: GateStatus | None, banned: bool) -> None:
    assert bool(score(Stock(), gate=gate).bans() & EntryBan.GATE) is banned


def test_vi_and_a_day_without_trades() -> None:
    assert score(Stock(vi=True)).bans() == EntryBan.VI
    closed = score(Stock(age_s=86_400))
    assert closed.bans() == EntryBan.STALE | EntryBan.PHASE


def test_size() -> None:
    # A: R = 0.25 % of 1억 = 250,000; entry - stop = 310 -> 806 shares; cap 10 % = 980; liquidity 1 % of 50억 / 10,200 = 4,901
    found = score(strong())
    assert day_trade_size(found.scan, 0, 100_000_000, DEFAULT_RULES) == 806
    # YELLOW halves: 125,000 / 310 = 403
    assert day_trade_size(score(strong(), gate=GateStatus.YELLOW).scan, 0, 100_000_000, DEFAULT_RULES) == 403
    for held in (score(strong(), gate=GateStatus.RED), score(strong(), at="15:01"), score(Stock())):
        assert day_trade_size(held.scan, 0, 100_000_000, DEFAULT_RULES) == 0


def test_size_is_capped_and_a_b_is_not_bought_in_yellow() -> None:
    # 3 % of a price of 10,200 against 10 % of equity: S has m = 1.5, 375,000 / 310 = 1,209 > 980
    best = strong()
    best.sector = "A"
    others = [Stock(price=9_500 - 10 * k, sector=f"S{k}") for k in range(4) for _ in range(5)]
    market = score(best, *[Stock(price=10_200, sector="A") for _ in range(4)], *others)
    assert (market.scan.raw[0], market.grade()) == (90, Grade.S)
    assert day_trade_size(market.scan, 0, 100_000_000, DEFAULT_RULES) == 980
    b = strong()
    b.volume = 0.0  # 60 raw -> 57.14
    assert score(b).grade() is Grade.B
    assert day_trade_size(score(b).scan, 0, 100_000_000, DEFAULT_RULES) == 403  # m = 0.5
    assert day_trade_size(score(b, gate=GateStatus.YELLOW).scan, 0, 100_000_000, DEFAULT_RULES) == 0


# ---------------------------------------------------------------------------------------------------- universe


def cheap(close: int) -> Stock:
    return Stock(bars=[Bar(h=close + 50, low=close - 50, c=close) for _ in range(20)], price=close, base=close)


@pytest.mark.parametrize(
    ("stock", "reason"),
    [
        (Stock(market=3), DayIneligible.MARKET),
        (Stock(security_type=2), DayIneligible.TYPE),
        (cheap(999), DayIneligible.PRICE_LT_1000),
        (cheap(1_000), DayIneligible.NONE),
        (wide(Stock(), 3_000 * M), DayIneligible.NONE),
        (wide(Stock(), 3_000 * M - 1), DayIneligible.VALUE_LT_3B),
    ],
)
def test_universe(stock: Stock, reason: DayIneligible) -> None:
    found = score(stock)
    assert found.prior.ineligible[0] == reason
    assert bool(found.bans() & EntryBan.INELIGIBLE) is (reason != 0)
    assert len(found.scan.order) == (reason == 0)


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        (DesignationFlag.HALT, DayIneligible.HALTED),
        (DesignationFlag.CLEANUP, DayIneligible.HALTED),
        (DesignationFlag.ADMIN, DayIneligible.DESIGNATED),
        (DesignationFlag.CAUTION_ISSUE, DayIneligible.DESIGNATED),
        (DesignationFlag.WARNING, DayIneligible.ALERT),
        (DesignationFlag.DANGER, DayIneligible.ALERT),
        (DesignationFlag.OVERHEAT, DayIneligible.ALERT),
        (DesignationFlag.CAUTION, DayIneligible.NONE),
        (DesignationFlag.REMARK, DayIneligible.NONE),
    ],
)
def test_designations(flag: DesignationFlag, reason: DayIneligible) -> None:
    stock = Stock()
    stock.bars[-1].designation = int(flag)
    assert score(stock).prior.ineligible[0] == reason
    earlier = Stock()
    earlier.bars[-2].designation = int(flag)
    assert score(earlier).prior.ineligible[0] == 0  # it had ended


# ---------------------------------------------------------------------------------------------------- scale and halts


def test_ex_rights_brings_prior_bars_to_the_base_price() -> None:
    # base 4,750 = half of C[t-1]: H20 5,000, L20 4,500, H[t-1] 5,000, sum 19,000, mean volume 200,000
    found = score(Stock(price=5_010, base=4_750, volume=104_000))
    scan = found.scan
    assert (scan.high_20[0], scan.low_20[0], scan.prior_high[0], scan.prior_close[0]) == (5_000, 4_500, 5_000, 4_750)
    assert (scan.mean_volume[0], scan.ma5[0]) == (200_000, pytest.approx((5_010 + 19_000) / 5))
    assert scan.change_pct[0] == pytest.approx(100 * (5_010 / 4_750 - 1))
    assert scan.return_5d_pct[0] == pytest.approx(100 * (5_010 / 4_750 - 1))
    assert (found.points("momentum"), found.points("box"), found.points("spike")) == (15, 15, 15)


def test_less_than_a_tick_is_rounding_of_the_base_price() -> None:
    assert score(Stock(base=9_505)).scan.high_20[0] == 10_000  # tick 10
    assert score(Stock(base=9_510)).scan.high_20[0] == pytest.approx(10_000 * 9_510 / 9_500)


def test_a_reverse_split_today_can_make_a_stock_dear_enough() -> None:
    stock = cheap(500)
    stock.base, stock.price = 2_500, 2_500
    assert score(stock).bans() == EntryBan.NONE
    split = cheap(1_500)
    split.base, split.price = 750, 750
    assert score(split).bans() == EntryBan.INELIGIBLE


def test_an_earlier_split_is_in_the_running_factor() -> None:
    # 5:1 ten days ago: bars before it at 50,000/45,000/47,500 and a fifth of the volume
    stock = Stock(bars=[*(Bar(50_000, 45_000, 47_500, 20_000) for _ in range(10)), *(Bar() for _ in range(10))])
    stock.bars[10].factor = 0.2
    scan = score(stock).scan
    assert (scan.high_20[0], scan.low_20[0], scan.mean_volume[0]) == (10_000, 9_000, 100_000)


def test_halted_days_are_no_bars() -> None:
    # three halted days among 23: windows go further back; the day before the halt is t-1 of the stock
    stock = Stock(bars=[Bar(h=11_000), *(Bar() for _ in range(18)), Bar(h=10_500), *(Bar(traded=False, v=0) for _ in range(3))])
    scan = score(stock).scan
    assert (scan.high_20[0], scan.prior_high[0]) == (11_000, 10_500)
    assert score(stock).prior.n_bars[0] == 20
