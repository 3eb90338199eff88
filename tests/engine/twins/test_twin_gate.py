"""The Market Gate and its plain twin say the same of recorded days and of random series with holes."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

import numpy as np
import plain_gate
import pytest
import twin
from compare import Differences, name_of
from plain_gate import Levels, PlainGate, evaluate_gate
from worlds import World, ugly_market

from engine.model.evidence import ItemState
from engine.model.gate import GATE_COMPONENTS, GATE_MAX, GateReading, GateStatus
from engine.model.instants import AsOf
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.scoring.gate import LiveLevels, gate_history, read_gate
from engine.thresholds import DEFAULT_RULES as RULES


def compare_reading(found: Differences, where: str, reading: GateReading, plain: PlainGate) -> None:
    found.equal(f"{where} status", reading.status.name, plain.status)
    found.number(f"{where} score", reading.score, plain.score)
    found.number(f"{where} coverage", reading.coverage, plain.coverage)
    found.number(f"{where} shock", reading.shock_pct, plain.shock)
    for name in GATE_COMPONENTS:
        part = reading.component(name)
        found.number(f"{where} {name} points", part.points, plain.points[name])
        found.equal(f"{where} {name} known", part.state is not ItemState.UNKNOWN, name in plain.known)
        if name in plain.tests:
            found.equal(f"{where} {name} tests", [bool(t) for _, t in part.tests], [bool(t) for t in plain.tests[name]])
    for name, value in (("breadth", plain.breadth_pct), ("foreign", plain.foreign), ("fx", plain.fx_pct)):
        found.number(f"{where} {name} value", reading.component(name).value, value)


@pytest.mark.real_data
def test_recorded_days_agree(world: World) -> None:
    """300 random days of the recorded market: 200 at a random known instant, 100 at the close as history."""
    days = world.days
    rng = random.Random(300)
    chosen = world.gate_days()
    found = Differences()
    statuses = set()
    for i in chosen[:200]:
        clock = rng.choice(((15, 40), (18, 9), (18, 10), (23, 59)))
        moment = datetime.combine(days[i], time(*clock))
        t, flow = twin.known_days(days, moment)
        reading = read_gate(world.panel, world.series, AsOf.at(days[i], *clock), RULES)
        plain = evaluate_gate(days, t, flow, world.breadth(t), world.kospi, world.kosdaq, world.usd_krw, world.net)
        statuses.add(plain.status)
        compare_reading(found, str(moment), reading, plain)
    history = gate_history(world.panel, world.series, RULES)
    for i in chosen[200:]:
        plain = evaluate_gate(days, i, i - 1, world.breadth(i), world.kospi, world.kosdaq, world.usd_krw, world.net)
        row = int(np.flatnonzero(history.day_index == i)[0])
        found.equal(f"{days[i]} status", name_of(GateStatus, history.status[row]), plain.status)
        found.number(f"{days[i]} score", history.score[row], plain.score)
        found.number(f"{days[i]} coverage", history.coverage[row], plain.coverage)
        for column, name in enumerate(GATE_COMPONENTS):
            points = plain.points[name] if name in plain.known else 0.0
            ours = 0.0 if np.isnan(history.points[row, column]) else history.points[row, column]
            found.number(f"{days[i]} {name}", ours, points)
    assert not found, found.report()
    assert statuses >= {"GREEN", "YELLOW", "RED"}, statuses
    assert found.compared > 5_000
    assert tuple(float(x) for x in plain_gate.MAXIMA.values()) == GATE_MAX


def _random_levels(rng: random.Random, days: list[date], start: float) -> Levels | None:
    if rng.random() < 0.06:
        return None
    first = rng.choice((0, 0, 0, len(days) - 5, len(days) - 19, len(days) - 20, len(days) - 24, len(days) - 25, len(days) - 60))
    level = start
    out_days, closes = [], []
    for day in days[max(0, first) :]:
        level *= 1 + rng.choice((0.0, 0.001, 0.004, -0.003, -0.01, -0.03))
        if rng.random() < 0.01:
            continue
        out_days.append(day)
        closes.append(None if rng.random() < 0.01 else round(level, 2))
    if closes and closes[-1] is not None and len(closes) > 1 and closes[-2] is not None and rng.random() < 0.6:
        closes[-1] = closes[-2] * (1 + rng.choice((-3, -2.999, -3.001, -2, -2.001, -1, -1.001, -0.5, -0.501, 0.3)) / 100)
    return Levels(out_days, closes)


def _series(levels: Levels | None, code: str) -> DaySeries | None:
    if levels is None:
        return None
    close = np.array([np.nan if c is None else c for c in levels.closes], dtype=float)
    return DaySeries(code, np.array(levels.days, dtype="datetime64[D]"), close, close, close, close)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ugly_series_agree(seed: int) -> None:
    """200 random gates per seed: short, holed and absent series, changes on and beside every rung, few stocks."""
    rng = random.Random(seed)
    found = Differences()
    market = ugly_market(100 + seed, symbols=40)
    days = market.histories[0].days
    known, over = [0] * len(days), [0] * len(days)
    for s in market.histories:
        plain_gate.plain_breadth(s, known, over)
    for number in range(200):
        kospi, kosdaq = (_random_levels(rng, days, start) for start in (2_600.0, 900.0))
        usd = _random_levels(rng, days, 1_350.0)
        amount = rng.choice((1_000.0, 1_000.00001, 999.9999, 0.0, 1.0, -1_000.0, -999.9, -1_000.1))
        net: dict[date, float] | None = {d: amount * twin.EOK for d in days if rng.random() > 0.01}
        if rng.random() < 0.05:
            net = None
        flow = (
            None
            if net is None
            else FlowSeries(np.array(sorted(net), dtype="datetime64[D]"), np.array([net[d] for d in sorted(net)]))
        )
        series = MarketSeries(_series(kospi, "KOSPI"), _series(kosdaq, "KOSDAQ"), _series(usd, "USDKRW"), flow, f"{number}")
        i = len(days) - 1 - rng.choice((0, 0, 0, 0, 0, 1, 2, 40, 200))
        clock = rng.choice(((15, 40), (18, 9), (18, 10)))
        moment = datetime.combine(days[i], time(*clock))
        t, flow_day = twin.known_days(days, moment)
        broken = rng.random() < 0.05
        reading = read_gate(market.panel, series, AsOf.at(days[i], *clock), RULES, circuit_breaker=broken)
        plain = evaluate_gate(days, t, flow_day, (known[t], over[t]), kospi, kosdaq, usd, net, broken)
        compare_reading(found, f"#{number} {moment}", reading, plain)
    assert not found, found.report()


@pytest.mark.parametrize("seed", [4, 5])
def test_live_levels_agree(seed: int) -> None:
    """60 gates per seed during the session after the last official bar: both indices live, the rate live or not.

    Reading: a live level stands for the official one of its day; breadth and flows stay those that are known.
    """
    rng = random.Random(seed)
    found = Differences()
    market = ugly_market(200 + seed, symbols=40)
    days = market.histories[0].days
    today = days[-1] + timedelta(days=1)
    known, over = [0] * len(days), [0] * len(days)
    for s in market.histories:
        plain_gate.plain_breadth(s, known, over)
    t = len(days) - 1
    for number in range(60):
        levels = [_random_levels(rng, days, start) or Levels(days, [start] * len(days)) for start in (2_600.0, 900.0, 1_350.0)]
        for one in levels:
            one.closes[-1] = one.closes[-1] or 1_000.0
        net = dict.fromkeys(days, rng.choice((1_000.0, -1_000.0, 10.0)) * twin.EOK)
        flow = FlowSeries(np.array(days, dtype="datetime64[D]"), np.array([net[d] for d in days]))
        series = MarketSeries(
            *(_series(x, code) for x, code in zip(levels, ("KOSPI", "KOSDAQ", "USDKRW"), strict=True)), flow, "live"
        )
        now = [one.closes[-1] * (1 + rng.choice((-3.2, -3, -1, -0.5, 0, 1)) / 100) for one in levels]
        rate = now[2] if rng.random() < 0.6 else None
        live = LiveLevels(today, now[0], now[1], rate)
        reading = read_gate(market.panel, series, AsOf.at(today, 11, 0), RULES, live=live)
        extended = [
            Levels([*one.days, today], [*one.closes, level]) if level is not None else one
            for one, level in zip(levels, (now[0], now[1], rate), strict=True)
        ]
        plain = evaluate_gate([*days, today], t + 1, t, (known[t], over[t]), *extended, net)
        compare_reading(found, f"#{number}", reading, plain)
    assert not found, found.report()
