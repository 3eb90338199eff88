"""The checklist on the recorded market: a plain twin, the mutated future, evidence recomputed, order of symbols, one tick up."""

from __future__ import annotations

import dataclasses
import math
import random
from datetime import date

import numpy as np
import pytest
from twin_day import evaluate

from engine.explain.day_evidence import explain_day_trade
from engine.features.day_measures import measure_prior
from engine.model.daytrade import DAY_ITEMS, DayQuotes, DayTradeScan, ItemReason
from engine.model.evidence import Evidence, ItemState
from engine.model.instants import kst_ns
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.scoring.day_trade import day_trade_days, quotes_from_bars, rescore, score_day_trade
from engine.thresholds import DEFAULT_RULES

pytestmark = pytest.mark.real_data
RULES = DEFAULT_RULES
DAYS = ("2026-01-28", "2026-03-10", "2026-05-14", "2025-06-10")


def day_of(panel: MarketPanel, text: str) -> int:
    return panel.day_index(date.fromisoformat(text))


def live_quotes(panel: MarketPanel, day: int, seed: int) -> DayQuotes:
    """Quotes at 10:30 of a recorded day: a price between low and high, about a third of the volume."""
    rng = np.random.default_rng(seed)
    on = panel.days[day].astype("datetime64[D]").item()
    bars = quotes_from_bars(panel, day, kst_ns(on, 10, 30))
    part = rng.uniform(0, 1, len(bars.price))
    price = np.round(bars.low + part * (bars.high - bars.low))
    volume = np.round(bars.volume_shares * rng.uniform(0.1, 0.6, len(price)))
    now = kst_ns(on, 10, 30)
    at = np.where(np.isnan(price), 0, now - rng.integers(0, 90, len(price)) * 1_000_000_000).astype(np.int64)
    return dataclasses.replace(bars, price=price, volume_shares=volume, value_krw=price * volume, at_ns=at, final=False)


def scan_of(panel: MarketPanel, day: int, quotes: DayQuotes) -> DayTradeScan:
    return score_day_trade(panel, measure_prior(panel, day - 1, day - 1, RULES), quotes, RULES, None)


@pytest.mark.parametrize("text", DAYS)
def test_the_arrays_agree_with_the_plain_twin(recorded_panel: MarketPanel, text: str) -> None:
    day = day_of(recorded_panel, text)
    quotes = live_quotes(recorded_panel, day, 7)
    scan = scan_of(recorded_panel, day, quotes)
    assert scan.phi == pytest.approx(0.34)
    rows = [row for row in range(0, len(recorded_panel.tickers), 5) if not math.isnan(quotes.price[row])]
    assert len(rows) > 300
    for row in rows:
        plain = evaluate(recorded_panel, row, day, float(quotes.price[row]), float(quotes.volume_shares[row]), 0.34)
        assert plain.points is not None
        for item, points in plain.points.items():
            column = DAY_ITEMS.index(item)
            unknown = scan.state[row, column] == ItemState.UNKNOWN
            assert unknown == (points is None), (row, item)
            assert scan.points[row, column] == (points or 0.0), (row, item)
        for name, value in (("ma5", plain.ma5), ("return_5d_pct", plain.return_5d), ("high_20", plain.high_20)):
            assert float(getattr(scan, name)[row]) == pytest.approx(math.nan if value is None else value, nan_ok=True)


def test_later_days_change_nothing(recorded_panel: MarketPanel) -> None:
    day = day_of(recorded_panel, "2026-03-10")
    rng = np.random.default_rng(3)
    changed = {}
    for name in ARRAY_FIELDS:
        array = np.array(getattr(recorded_panel, name))
        array[:, day:] = rng.permutation(array[:, day:].reshape(-1)).reshape(array[:, day:].shape)
        changed[name] = array
    mutated = dataclasses.replace(recorded_panel, **changed)
    quotes = live_quotes(recorded_panel, day, 1)
    truth, other = scan_of(recorded_panel, day, quotes), scan_of(mutated, day, quotes)
    cut = scan_of(recorded_panel.truncated(day), day, quotes)
    for scan in (other, cut, scan_of(recorded_panel, day, quotes)):
        for field in dataclasses.fields(truth):
            expected, found = getattr(truth, field.name), getattr(scan, field.name)
            if isinstance(expected, np.ndarray):
                np.testing.assert_array_equal(found, expected, err_msg=field.name)


def test_the_order_of_symbols_does_not_matter(recorded_panel: MarketPanel) -> None:
    day = day_of(recorded_panel, "2026-01-28")
    quotes = live_quotes(recorded_panel, day, 2)
    shuffled = np.random.default_rng(1).permutation(len(recorded_panel.tickers))
    symbol_fields = [f.name for f in dataclasses.fields(MarketPanel) if f.name not in ("days", "simulated", "version")]
    panel = dataclasses.replace(recorded_panel, **{n: getattr(recorded_panel, n)[shuffled] for n in symbol_fields})
    moved = dataclasses.replace(
        quotes,
        **{f.name: getattr(quotes, f.name)[shuffled] for f in dataclasses.fields(quotes) if f.name not in ("now_ns", "final")},
    )
    truth, other = scan_of(recorded_panel, day, quotes), scan_of(panel, day, moved)
    for name in ("points", "score", "bans", "sector_rank", "sector_median_pct", "coverage"):
        np.testing.assert_array_equal(getattr(other, name), getattr(truth, name)[shuffled], err_msg=name)


def test_more_price_or_volume_never_takes_points(recorded_panel: MarketPanel) -> None:
    day = day_of(recorded_panel, "2026-05-14")
    quotes = live_quotes(recorded_panel, day, 5)
    scan = scan_of(recorded_panel, day, quotes)
    more = scan_of(recorded_panel, day, dataclasses.replace(quotes, volume_shares=quotes.volume_shares * 1.3))
    assert (more.points >= scan.points).all()
    # one stock's price alone, because sectors are ranked against each other
    rng = random.Random(4)
    for row in rng.sample(np.flatnonzero(scan.eligible & ~np.isnan(quotes.price)).tolist(), 40):
        price = quotes.price.copy()
        price[row] = np.ceil(price[row] * rng.uniform(1.0, 1.1))
        higher = scan_of(recorded_panel, day, dataclasses.replace(quotes, price=price))
        assert (higher.points[row] >= scan.points[row]).all(), row


def test_missing_data_never_help(recorded_panel: MarketPanel) -> None:
    day = day_of(recorded_panel, "2026-03-10")
    quotes = live_quotes(recorded_panel, day, 5)
    scan = scan_of(recorded_panel, day, quotes)
    none = np.full(len(quotes.price), np.nan)
    for change in ({"base": none}, {"volume_shares": none}):
        less = scan_of(recorded_panel, day, dataclasses.replace(quotes, **change))
        assert (less.points[:, :6] <= scan.points[:, :6]).all() or "base" in change
        assert np.nansum(less.coverage) < np.nansum(scan.coverage)


def test_rescoring_changed_rows_is_scoring_again(recorded_panel: MarketPanel) -> None:
    day = day_of(recorded_panel, "2026-01-28")
    prior = measure_prior(recorded_panel, day - 1, day - 1, RULES)
    before = live_quotes(recorded_panel, day, 5)
    rows = np.random.default_rng(1).choice(len(before.price), 300, replace=False)
    price = before.price.copy()
    price[rows] = np.round(price[rows] * 1.02)
    after = dataclasses.replace(before, price=price, now_ns=before.now_ns + 30_000_000_000)
    first = score_day_trade(recorded_panel, prior, before, RULES, None)
    quick = rescore(first, rows, recorded_panel, prior, after, RULES, None)
    full = score_day_trade(recorded_panel, prior, after, RULES, None)
    for field in dataclasses.fields(full):
        if isinstance(getattr(full, field.name), np.ndarray):
            np.testing.assert_array_equal(getattr(quick, field.name), getattr(full, field.name), err_msg=field.name)


def _recomputed(evidence: Evidence) -> float:
    """The value of an item from its own inputs."""
    n = {name: value for name, value in evidence.inputs if not isinstance(value, str)}
    if evidence.item == "spike":
        return n["volume"] / n["phi"] / n["mean_volume"]
    if evidence.item in ("momentum", "ma5"):
        return n["price"]
    if evidence.item == "box":
        return 100 * (n["high_20"] - n["low_20"]) / n["low_20"] if evidence.unit == "%" else n["price"]
    if evidence.item == "institution":
        return 100 * n["net"] / n["turnover"] if evidence.unit == "%" else n["net"]
    if evidence.item == "oversold":
        drawdown, change = 100 * (1 - n["prior_close"] / n["high_20"]), 100 * (n["price"] / n["base"] - 1)
        assert (n["drawdown_pct"], n["change_pct"]) == (pytest.approx(drawdown), pytest.approx(change))
        return min((drawdown, change), key=lambda x: abs(x - (evidence.value or 0.0)))
    return n["own_pct"] if evidence.op == ">=" else 100 * n["rank"] / n["count"]


def test_evidence_of_random_symbol_days_recomputes(recorded_panel: MarketPanel) -> None:
    panel = recorded_panel
    ordinals = panel.days.astype("datetime64[D]").astype(int)
    rng = random.Random(9)
    seen: set[tuple[str, str]] = set()
    for text in DAYS:
        day = day_of(panel, text)
        prior = measure_prior(panel, day - 1, day - 1, RULES)
        quotes = live_quotes(panel, day, 11)
        scan = score_day_trade(panel, prior, quotes, RULES, None)
        for row in rng.sample(np.flatnonzero(~np.isnan(quotes.price)).tolist(), 50):
            groups = explain_day_trade(panel, scan, prior, quotes, row, RULES)
            assert tuple(group.group for group in groups) == DAY_ITEMS
            assert sum(group.points for group in groups) == scan.raw[row]
            for column, group in enumerate(groups):
                (evidence,) = group.items
                state = ItemState(int(scan.state[row, column]))
                seen.add((evidence.item, evidence.unit))
                assert (evidence.state, evidence.points) == (state, scan.points[row, column])
                if state is ItemState.UNKNOWN:
                    assert evidence.value is None and evidence.reason and evidence.known_at_ns is None
                    continue
                assert evidence.value is not None and evidence.threshold is not None
                assert evidence.value == pytest.approx(_recomputed(evidence), rel=1e-9, abs=1e-9), (text, row, evidence)
                assert evidence.known_at_ns is not None
                assert evidence.known_at_ns <= quotes.now_ns
                for span in evidence.spans:
                    assert span.first_day <= span.last_day <= ordinals[day]
            # the window of the box really holds the levels
            window = groups[2].items[0].spans[0]
            if scan.state[row, 2] != ItemState.UNKNOWN:
                inside = (ordinals >= window.first_day) & (ordinals <= window.last_day) & panel.valid[row]
                assert inside.sum() == 20
                scale = panel.factor[row, day - 1] / panel.factor[row, inside]
                step = scan.prior_close[row] / (panel.close_krw[row, inside] * scale)[-1]
                assert (panel.high_krw[row, inside] * scale).max() * step == pytest.approx(scan.high_20[row])
                assert (panel.low_krw[row, inside] * scale).min() * step == pytest.approx(scan.low_20[row])
    assert {("box", "won"), ("box", "%"), ("institution", "won"), ("institution", "%")} <= seen


def test_margins_tell_on_which_side_of_the_step_a_value_is(recorded_panel: MarketPanel) -> None:
    day = day_of(recorded_panel, "2026-01-28")
    prior = measure_prior(recorded_panel, day - 1, day - 1, RULES)
    quotes = live_quotes(recorded_panel, day, 11)
    scan = score_day_trade(recorded_panel, prior, quotes, RULES, None)
    for row in np.flatnonzero(scan.eligible & ~np.isnan(quotes.price))[::7].tolist():
        for group in explain_day_trade(recorded_panel, scan, prior, quotes, row, RULES):
            (evidence,) = group.items
            if evidence.margin is None or evidence.value is None or evidence.threshold is None:
                continue
            column = DAY_ITEMS.index(evidence.item)
            reached = {
                ">=": evidence.value >= evidence.threshold - 1e-9,
                ">": evidence.value > evidence.threshold + 1e-9,
                "<=": evidence.value <= evidence.threshold + 1e-9,
            }[evidence.op]
            full = evidence.points == 15
            held = scan.reason[row, column] == ItemReason.INSTITUTION_SELLS
            assert reached == (full or held), (row, evidence)


def test_signals_of_days_are_the_scans_of_those_days(recorded_panel: MarketPanel) -> None:
    days = [day_of(recorded_panel, text) for text in sorted(DAYS)]
    signals = day_trade_days(recorded_panel, [0, *days], RULES, np.array([0, 3, 2, 1, 3], dtype=np.uint8))
    assert len(signals) > 40
    assert [int(gate) for gate in signals.gate[np.searchsorted(signals.day, days)]] == [3, 2, 1, 3]
    for day in days:
        on = recorded_panel.days[day].astype("datetime64[D]").item()
        scan = scan_of(recorded_panel, day, quotes_from_bars(recorded_panel, day, kst_ns(on, 15, 40)))
        mine = signals.where(signals.day == day)
        expected = [
            row for row in range(len(scan.grade)) if scan.eligible[row] and scan.grade[row] >= 2 and scan.coverage[row] >= 70
        ]
        assert mine.row.tolist() == expected
        np.testing.assert_array_equal(mine.entry, recorded_panel.close_krw[mine.row, day])
        assert (mine.stop < mine.entry).all() and (mine.entry < mine.target).all()
