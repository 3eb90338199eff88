"""What changed a grade: effects by hand, and sums that are exact for every strategy (VCP, closing bet, day trading)."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from builders import histories, panel_of, random_market
from closing_cases import EOK, JO, NewsOf, gate_reading, news_points, score_one, strong
from test_closing_twin import lively, random_news

from engine.model.closing import ClosingRun
from engine.model.daytrade import DAY_ITEMS, DayTradeScan
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.scoring.closing_bet import scan_closing_bet
from engine.scoring.grade_diff import ROUNDING, ItemPoints, ScoredItems, closing_items, day_trade_items, diff_items, vcp_items
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES


def effects(before: ScoredItems | None, after: ScoredItems | None) -> dict[str, float]:
    return {change.item: change.effect for change in diff_items(before, after)}


def gained(before: ScoredItems | None, after: ScoredItems | None) -> float:
    """Score after minus score before; a missing score counts as 0."""
    return sum(sign * (s.score or 0.0) for sign, s in ((-1, before), (1, after)) if s is not None)


def test_closing_bet_by_hand() -> None:
    """12 → 8: TV 1.2조 → 3,000억 (3 → 1), net buying of both → one (2 → 1), body 9 % → 1 % (1 → 0)."""
    before = closing_items(score_one(strong()).scan, 0)
    weaker = strong(o=10_790, low=9_980, value=3_000 * EOK).flows([10 * EOK] * 5, [-EOK] * 5, back=1)
    after = closing_items(score_one(weaker).scan, 0)
    changes = diff_items(before, after)
    assert [(c.item, c.points_before, c.points_after, c.effect) for c in changes] == [
        ("volume", 3, 1, -2), ("candle", 1, 0, -1), ("supply", 2, 1, -1),
    ]  # fmt: skip
    assert (changes[0].value_before, changes[0].value_after, changes[0].unit) == (1.2 * JO, 3_000 * EOK, "won")
    assert (changes[2].value_before, changes[2].value_after) == (75 * EOK, 45 * EOK)
    assert changes[1].value_after == pytest.approx(100 * 110 / 10_790)
    assert (before.score, after.score) == (12, 8)


def test_missing_components_have_no_value() -> None:
    items = {i.item: i for i in closing_items(score_one(strong(20, flows=False), news=NewsOf(None)).scan, 0).items}
    assert [items[name].value for name in ("news", "chart", "period", "supply")] == [None] * 4
    assert items["candle"].value == pytest.approx(9)


def test_a_symbol_that_was_not_there() -> None:
    """Before: no scan row at all, or a halted one without a score. The whole score is then gained, item by item."""
    after = closing_items(score_one(strong()).scan, 0)
    halted = closing_items(score_one(strong().halt()).scan, 0)
    assert halted.score is None
    for before in (None, halted):
        assert effects(before, after) == {"news": 3, "volume": 3, "chart": 2, "supply": 2, "candle": 1, "period": 1}
        assert {c.value_before for c in diff_items(before, after)} == {None}
        assert effects(after, before) == {"news": -3, "volume": -3, "chart": -2, "supply": -2, "candle": -1, "period": -1}
    assert diff_items(None, None) == diff_items(after, after) == diff_items(halted, None) == ()


def test_rounding_takes_the_rest() -> None:
    """0.7 × 21.5 = 15.05 and 0.7 × 21.45 = 15.015 → stored 15.02: effect -0.035, the stored difference is -0.03."""

    def of(points: float, score: float) -> ScoredItems:
        return ScoredItems((ItemPoints("B2", 0.6, "×", points, 0.7),), score)

    changes = diff_items(of(21.5, 15.05), of(21.45, 15.02))
    assert [(c.item, c.effect) for c in changes] == [("B2", -0.035), (ROUNDING, 0.005)]
    assert math.fsum(c.effect for c in changes) == pytest.approx(-0.03, abs=1e-12)


def test_items_that_come_and_go() -> None:
    one = ScoredItems((ItemPoints("a", 1.0, "%", 2.0),), 2.0)
    other = ScoredItems((ItemPoints("b", 3.0, "×", 5.0),), 5.0)
    assert [(c.item, c.unit, c.value_before, c.value_after, c.effect) for c in diff_items(one, other)] == [
        ("b", "×", None, 3.0, 5.0), ("a", "%", 1.0, None, -2.0),
    ]  # fmt: skip


def test_closing_bets_of_a_random_market_add_up() -> None:
    _, panel = lively(21, 60, date(2026, 6, 30))
    scans = []
    for back, seed in ((2, 1), (1, 2)):
        at = AsOf.at(panel.days[-back].item(), 15, 40)
        news = news_points(random_news(random.Random(seed), 60))
        scans.append(scan_closing_bet(panel, at, ClosingRun.CONFIRMED, news, gate_reading(GateStatus.GREEN), DEFAULT_RULES))
    check_sums([(closing_items(scans[0], row), closing_items(scans[1], row)) for row in range(60)])


def test_vcp_of_a_random_market_adds_up() -> None:
    """Items weigh 0.7, flows 0.3; scores are rounded twice, so rounding entries do occur over other weights."""
    panel = panel_of(histories(random_market(5, symbols=60)))
    rules = DEFAULT_RULES.replace({"vcp.vcp_weight": 0.65, "vcp.trend_points": 2.5})
    one, other = (AsOf.at(panel.days[-back].item(), 20, 30) for back in (6, 1))
    for before, after in ((DEFAULT_RULES, DEFAULT_RULES), (DEFAULT_RULES, rules)):
        first, second = scan(panel, one, before), scan(panel, other, after)
        check_sums([(vcp_items(first, row, before), vcp_items(second, row, after)) for row in range(60)])
    row = int(np.nanargmax(scan(panel, other, DEFAULT_RULES).total_score))
    items = {i.item: i for i in vcp_items(scan(panel, other, DEFAULT_RULES), row, DEFAULT_RULES).items}
    assert (items["T1"].weight, items["SM1"].weight, items["E1"].unit) == (0.7, pytest.approx(0.3), "%")
    assert len(items) == 23


def check_sums(pairs: list[tuple[ScoredItems, ScoredItems]]) -> None:
    moved = 0
    for before, after in pairs:
        changes = diff_items(before, after)
        assert math.fsum(c.effect for c in changes) == pytest.approx(gained(before, after), abs=1e-9)
        own = [abs(c.effect) for c in changes if c.item != ROUNDING]
        assert own == sorted(own, reverse=True)
        assert all(c.item != ROUNDING for c in changes[:-1])
        assert all(abs(c.effect) < 0.02 for c in changes if c.item == ROUNDING), "rounding is never more than rounding"
        moved += bool(changes)
    assert moved > len(pairs) / 4


def day_scan(points: list[float], score: float) -> DayTradeScan:
    """A scan of one symbol with what the difference reads."""
    empty = np.full(1, np.nan)
    fields = dict.fromkeys(DayTradeScan.__dataclass_fields__, empty)
    fields |= {"points": np.array([points]), "values": np.array([[float(k) for k in range(7)]]), "score": np.array([score])}
    return DayTradeScan(**fields)  # type: ignore[arg-type]


def test_day_trading_by_hand() -> None:
    """raw 8 + 15 = 23 → 21.90; raw 15 + 15 + 8 = 38 → 36.19. Effects 100/105 a point: +6.667, +7.619; the rest -0.004…"""
    before = day_trade_items(day_scan([8, 15, 0, 0, 0, 0, 0], 21.90), 0, DEFAULT_RULES)
    after = day_trade_items(day_scan([15, 15, 0, 8, 0, 0, 0], 36.19), 0, DEFAULT_RULES)
    changes = diff_items(before, after)
    assert [c.item for c in changes] == ["ma5", "spike", ROUNDING]
    assert [c.effect for c in changes[:2]] == [pytest.approx(8 / 1.05), pytest.approx(7 / 1.05)]
    assert math.fsum(c.effect for c in changes) == pytest.approx(14.29, abs=1e-9)
    assert [i.item for i in before.items] == list(DAY_ITEMS)
    assert {i.item: i.unit for i in before.items}["institution"] == "won"


def test_what_the_result_holds_is_not_the_scan_itself() -> None:
    s = score_one(strong())
    items = closing_items(s.scan, 0)
    s.scan.points[0, 0] = 0
    assert items.items[0].points == 3 and replace(items).score == 12
