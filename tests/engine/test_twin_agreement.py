"""The program's scorer and the plain twin say the same of random and of recorded symbol-days (style.md 19)."""

from __future__ import annotations

import os
import random
from datetime import date, datetime, time

import numpy as np
import pytest
import twin
from agreement import differences
from builders import RecordedMarket, histories, panel_of, random_market
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES


def compare_market(market: list[twin.History], panel: MarketPanel, moment: datetime) -> list[str]:
    """All differences over one small market at one Korean wall-clock time."""
    result = scan(panel, AsOf.at(moment.date(), moment.hour, moment.minute, moment.second), DEFAULT_RULES)
    bar, flow = twin.known_days(market[0].days, moment)
    found = []
    if (result.day_index, result.flow_day_index) != (bar, flow):
        found.append(f"known days: scan {(result.day_index, result.flow_day_index)}, twin {(bar, flow)}")
    for k, expected in enumerate(twin.evaluate_market(market, moment)):
        found += [f"{market[k].ticker} {moment}: {text}" for text in differences(result, k, expected)]
    return found


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_random_markets_agree(seed: int) -> None:
    """100 symbols on the last day of each of three random markets (300 symbol-days)."""
    market = histories(random_market(seed, symbols=100))
    found = compare_market(market, panel_of(market), datetime.combine(market[0].days[-1], time(20, 30)))
    assert not found, "\n".join(found[:40])


def test_compiled_loops_agree(compiled_loops: None) -> None:
    """The same with the compiled loops, on another market (100 symbol-days)."""
    market = histories(random_market(14, symbols=100))
    found = compare_market(market, panel_of(market), datetime.combine(market[0].days[-1], time(20, 30)))
    assert not found, "\n".join(found[:40])


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    back=st.integers(0, 120),
    clock=st.sampled_from([(9, 0), (15, 39), (15, 40), (18, 9), (18, 10), (23, 59)]),
    last=st.sampled_from([date(2026, 6, 30), date(2026, 10, 1), date(2022, 12, 29)]),
)
def test_random_instants_agree(seed: int, back: int, clock: tuple[int, int], last: date) -> None:
    """Any instant of any day, over markets that end before, at and after the changes of ticks and of the flow time."""
    market = histories(random_market(seed, symbols=30), last)
    moment = datetime.combine(market[0].days[-1 - back], time(*clock))
    found = compare_market(market, panel_of(market), moment)
    assert not found, "\n".join(found[:40])


@pytest.mark.real_data
def test_recorded_symbol_days_agree(recorded_market: RecordedMarket, compiled_loops: None) -> None:
    """Random symbols of random recorded days; RALPHSTOCK_TWIN_DAYS sets how many symbol-days."""
    wanted = int(os.environ.get("RALPHSTOCK_TWIN_DAYS", "2000"))
    rng = random.Random(20260630)
    per_day = 100
    # Half of the days come from 2026, where flows are recorded; the first days have short histories only.
    first_flows = next(i for i, day in enumerate(recorded_market.days) if day >= date(2026, 1, 15))
    half = -(-wanted // per_day // 2)
    chosen_days = sorted(
        rng.sample(range(30, first_flows), half) + rng.sample(range(first_flows, len(recorded_market.days)), half)
    )
    panel = recorded_market.panel()
    clocks = {i: rng.choice([(15, 40), (18, 30), (23, 59)]) for i in chosen_days}
    scans = {i: scan(panel, AsOf.at(recorded_market.days[i], *clocks[i]), DEFAULT_RULES) for i in chosen_days}
    count = len(recorded_market.tickers)

    raws: dict[int, list[float | None]] = {i: [] for i in chosen_days}
    pools: dict[int, list[bool]] = {i: [] for i in chosen_days}
    for k in range(count):
        s = recorded_market.history(k)
        for i in chosen_days:
            raw, inside = twin.strength_inputs(s, i)
            raws[i].append(raw)
            pools[i].append(inside)

    found: list[str] = []
    compared = patterns = 0
    for i in chosen_days:
        day = recorded_market.days[i]
        bar, flow = twin.known_days(recorded_market.days, datetime.combine(day, time(*clocks[i])))
        assert (scans[i].day_index, scans[i].flow_day_index) == (bar, flow)
        detected = np.flatnonzero(scans[i].pattern).tolist()
        rows = detected + rng.sample(sorted(set(range(count)) - set(detected)), per_day - len(detected))
        ranks = twin.strength_ranks(raws[i], pools[i])
        for k in rows:
            expected = twin.evaluate(recorded_market.history(k), i, flow, ranks[k])
            found += [f"{recorded_market.tickers[k]} {day}: {text}" for text in differences(scans[i], k, expected)]
            compared += 1
            patterns += expected.pattern
    assert compared >= wanted
    assert not found, f"{len(found)} differences in {compared} symbol-days\n" + "\n".join(found[:60])
    assert patterns, "no detected pattern among the compared symbol-days, so no order plan was compared"
