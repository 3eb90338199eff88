"""Properties of lives that hold for every market: the twin agrees, the future changes nothing, compiled equals plain."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import life_twin
import numpy as np
import pytest
from builders import RecordedMarket, histories, panel_of, random_market
from hypothesis import given, settings
from hypothesis import strategies as st
from lives import together

from engine.model.instruments import Market
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.model.performance import TRADE_FIELDS, ExitReason, SignalKind, SignalSet, TradeSet
from engine.performance import acceleration
from engine.performance.life import first_signals, follow
from engine.performance.record import Universe, base_net_pct
from engine.thresholds import DEFAULT_RULES

LENGTH, SYMBOLS, COUNT = 260, 40, 400
KINDS = (SignalKind.VCP_NEAR_PIVOT, SignalKind.VCP_BREAKOUT, SignalKind.CLOSING_BET)


def random_signals(panel: MarketPanel, seed: int, count: int = COUNT) -> SignalSet:
    """Orders around the closes of random valid bars, some over, some under, with all three kinds."""
    rng = np.random.default_rng(seed)
    rows, days = np.nonzero(panel.valid)
    picks = np.sort(rng.choice(len(rows), count, replace=False))
    order = np.lexsort((rows[picks], days[picks]))
    row, day = rows[picks][order], days[picks][order]
    close = panel.close_krw[row, day].astype(np.float64)
    kind = rng.choice([int(kind) for kind in KINDS], count).astype(np.uint8)
    entry = np.where(kind == SignalKind.VCP_NEAR_PIVOT, np.round(close * rng.uniform(0.99, 1.04, count)), close)
    return SignalSet(
        kind=kind,
        row=row.astype(np.int64),
        day=day.astype(np.int64),
        grade=rng.integers(1, 5, count).astype(np.uint8),
        score=rng.uniform(50, 90, count),
        entry=entry,
        stop=np.round(entry * rng.uniform(0.92, 0.98, count)),
        target=np.round(entry * rng.uniform(1.03, 1.2, count)),
        pivot=entry * rng.uniform(0.97, 1.0, count),
        gate=rng.integers(0, 4, count).astype(np.uint8),
        mean_value_krw=rng.uniform(1e9, 1e11, count),
        ruleset="test",
    )


def with_bases(panel: MarketPanel, seed: int) -> MarketPanel:
    """Base prices from the close before, some unknown, and some bars locked at their limits."""
    rng = np.random.default_rng(seed)
    base = np.full(panel.valid.shape, np.nan)
    step = panel.factor[:, 1:] / panel.factor[:, :-1]
    base[:, 1:] = np.round(panel.close_krw[:, :-1] * step)
    base[rng.random(base.shape) < 0.1] = np.nan
    arrays = {name: getattr(panel, name).copy() for name in ("open_krw", "high_krw", "low_krw", "close_krw")}
    for row, day in zip(*np.nonzero(panel.valid & (base > 0) & (rng.random(base.shape) < 0.03)), strict=True):
        market = Market(int(panel.market[row])).name
        price = life_twin.limits(float(base[row, day]), market)[int(rng.integers(0, 2))]
        for array in arrays.values():
            array[row, day] = int(price)
    return dataclasses.replace(panel, base_krw=base, **arrays)


@pytest.fixture(scope="module")
def panel() -> MarketPanel:
    return with_bases(panel_of(histories(random_market(11, symbols=SYMBOLS, length=LENGTH))), 5)


def stock_of(panel: MarketPanel, row: int) -> life_twin.Stock:
    factor = np.concatenate([[1.0], panel.factor[row, 1:] / panel.factor[row, :-1]])
    prices = (panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw)
    return life_twin.Stock(
        Market(int(panel.market[row])).name,
        *(array[row].astype(float).tolist() for array in prices),
        panel.valid[row].tolist(),
        factor.tolist(),
        panel.base_krw[row].tolist(),
    )


def assert_like_twin(panel: MarketPanel, signals: SignalSet, trades: TradeSet) -> dict[str, int]:
    days: list[date] = panel.days.astype(object).tolist()
    reasons: dict[str, int] = {}
    for k in range(len(signals)):
        kind = SignalKind(int(signals.kind[k])).name
        numbers = (float(getattr(signals, name)[k]) for name in ("entry", "stop", "target", "pivot"))
        expected = life_twin.live(
            stock_of(panel, int(signals.row[k])), life_twin.Order(kind, int(signals.day[k]), *numbers), len(days) - 1
        )
        found = (int(trades.entry_day[k]), int(trades.exit_day[k]), ExitReason(int(trades.reason[k])).name)
        assert found == (expected.entry_day, expected.exit_day, expected.reason), k
        assert trades.entry_price[k] == pytest.approx(expected.entry, rel=1e-9, nan_ok=True), k
        assert trades.exit_price[k] == pytest.approx(expected.exit, rel=1e-9, nan_ok=True), k
        assert trades.holding_bars[k] == expected.held, k
        if expected.entry_day >= 0 and 0 <= expected.exit_day < len(days) - 2:
            tax = life_twin.tax_of(stock_of(panel, int(signals.row[k])).market, days[expected.exit_day + 1 :])
            assert trades.net_pct[k] == pytest.approx(life_twin.net(expected.entry, expected.exit, tax), abs=1e-7), k
        reasons[expected.reason] = reasons.get(expected.reason, 0) + 1
    return reasons


def test_the_twin_agrees_on_random_markets(panel: MarketPanel) -> None:
    signals = random_signals(panel, 1)
    reasons = assert_like_twin(panel, signals, follow(panel, signals, DEFAULT_RULES))
    every = {"STOP", "STOP_GAP", "TARGET", "TARGET_GAP", "TIME", "GAP_UP", "GAP_DOWN", "TIME_10AM", "EXPIRED", "NONE"}
    assert every <= set(reasons), every - set(reasons)  # a case that never comes up proves nothing


@pytest.mark.real_data
def test_the_twin_agrees_on_the_recorded_market(recorded_market: RecordedMarket) -> None:
    panel = recorded_market.panel()
    base = np.full(panel.valid.shape, np.nan)
    base[:, 1:] = np.round(panel.close_krw[:, :-1] * (panel.factor[:, 1:] / panel.factor[:, :-1]))
    panel = dataclasses.replace(panel, base_krw=base)
    signals = random_signals(panel, 2, 600)
    assert_like_twin(panel, signals, follow(panel, signals, DEFAULT_RULES))


def test_compiled_equals_plain(panel: MarketPanel, compiled_lives: None) -> None:
    signals = random_signals(panel, 3)
    fast = follow(panel, signals, DEFAULT_RULES)
    acceleration._compiled.clear()
    slow = follow(panel, signals, DEFAULT_RULES)
    for name in TRADE_FIELDS:
        assert getattr(fast, name).tobytes() == getattr(slow, name).tobytes(), name


@settings(max_examples=12, deadline=None, derandomize=True)
@given(last=st.integers(30, LENGTH - 2), seed=st.integers(0, 99))
def test_shuffling_the_future_moves_no_digit(panel: MarketPanel, last: int, seed: int) -> None:
    """Everything after ``last`` replaced by noise: every life up to ``last`` stays, to the bit."""
    signals = random_signals(panel, 4, 150)
    noisy = noise_after(panel, last, seed)
    for name in TRADE_FIELDS:
        one = getattr(follow(panel, signals, DEFAULT_RULES, last), name)
        other = getattr(follow(noisy, signals, DEFAULT_RULES, last), name)
        early = signals.day <= last  # a signal of the future has no past
        assert one[early].tobytes() == other[early].tobytes(), name


@settings(max_examples=8, deadline=None, derandomize=True)
@given(last=st.integers(30, LENGTH - 2))
def test_what_has_ended_stays_as_it_ended(panel: MarketPanel, last: int) -> None:
    """A trade closed by ``last`` is the same digit by digit when looked at from any later day; so is whether it was a repeat."""
    signals = random_signals(panel, 6, 200)
    then, now = follow(panel, signals, DEFAULT_RULES, last), follow(panel, signals, DEFAULT_RULES)
    cut = follow(panel.truncated(last + 1), signals.where(signals.day <= last), DEFAULT_RULES)
    ended = then.exit_day >= 0
    assert (now.exit_day[~ended & (now.exit_day >= 0)] > last).all()
    early = signals.day <= last
    for name in TRADE_FIELDS:
        assert getattr(then, name)[ended].tobytes() == getattr(now, name)[ended].tobytes(), name
        assert getattr(then, name)[early].tobytes() == getattr(cut, name).tobytes(), name
    assert first_signals(signals, then)[early].tolist() == first_signals(signals, now)[early].tolist()


def noise_after(panel: MarketPanel, last: int, seed: int) -> MarketPanel:
    rng = np.random.default_rng(seed)
    arrays: dict[str, Any] = {name: getattr(panel, name).copy() for name in ARRAY_FIELDS}
    for array in arrays.values():
        after = array[:, last + 1 :]
        if array.dtype == np.bool_:
            after[...] = rng.random(after.shape) < 0.5
        elif array.dtype.kind == "f":
            after[...] = np.abs(rng.normal(1e4, 1e4, after.shape)) + 1.0
        else:
            after[...] = rng.integers(1, 30_000, after.shape)
    return dataclasses.replace(panel, version="noise", **arrays)


def test_the_base_rate_of_a_stock_alone_is_its_own_return(panel: MarketPanel, compiled_lives: None) -> None:
    """With the signal's own stock as the only member, a base bought at the open with the same plan is the trade itself."""
    signals = random_signals(panel, 8)
    trades = follow(panel, signals, DEFAULT_RULES)
    at_open = np.flatnonzero(trades.closed & (signals.kind == SignalKind.VCP_BREAKOUT))
    assert len(at_open) > 20
    for k in at_open.tolist():
        one = signals.where(np.arange(COUNT) == k)
        row, bought = int(one.row[0]), int(trades.entry_day[k])
        members = np.zeros((len(panel.tickers), 1), dtype=bool)
        members[row] = True
        # stop and target in percent of what is paid are those in won where the planned entry is what is paid
        paid = panel.open_krw[row, bought] * panel.factor[row, one.day] / panel.factor[row, bought]
        same = dataclasses.replace(one, entry=paid)
        life = follow(panel, same, DEFAULT_RULES)
        base = base_net_pct(panel, same, life, Universe(same.day, members), DEFAULT_RULES)
        assert base[0] == pytest.approx(life.net_pct[0], abs=1e-9)


def test_an_empty_set_is_followed_to_nothing(panel: MarketPanel) -> None:
    none = random_signals(panel, 9).where(np.zeros(COUNT, dtype=bool))
    assert len(follow(panel, none, DEFAULT_RULES).net_pct) == 0
    assert len(together(none, none)) == 0
