"""The program's scorer and the plain twin say the same of random and of recorded symbol-days (style.md 19)."""

from __future__ import annotations

import math
import os
import random
from datetime import date, datetime

import numpy as np
import pytest
import twin
from builders import RecordedMarket, histories, panel_of, random_market
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import ITEMS, Grade, Ineligible, ScanFlag, ScoreStatus, VcpScan, VcpState
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES

RELATIVE = 1e-9
COMPARED_FLAGS = ("SM_MISSING", "SM_PARTIAL", "LOW_RR", "WARNING", "DANGER", "OVERHEAT", "FLOW_SHARES")


def same(ours: float, theirs: float | None) -> bool:
    """Equal to 1e-9 relative; missing only equals missing."""
    if theirs is None:
        return math.isnan(ours)
    return math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=1e-9)


def differences(result: VcpScan, k: int, expected: twin.Result) -> list[str]:
    """What the scan says differently from the twin about one symbol."""
    found: list[str] = []

    def check(name: str, ours: object, theirs: object, equal: bool) -> None:
        if not equal:
            found.append(f"{name}: scan {ours!r}, twin {theirs!r}")

    def number(name: str, theirs: float | None) -> None:
        ours = float(getattr(result, name)[k])
        check(name, ours, theirs, same(ours, theirs))

    def code(name: str, ours: str | None, theirs: str) -> None:
        check(name, ours, theirs, ours == theirs)

    code("state", VcpState(int(result.state[k])).name, expected.state)
    code("status", ScoreStatus(int(result.status[k])).name, expected.status)
    code("grade", Grade(int(result.grade[k])).name, expected.grade)
    code("smartmoney_status", ScoreStatus(int(result.smartmoney_status[k])).name, expected.smartmoney_status)
    for name in ("n_bars", "coverage", "vcp_score", "smartmoney_score", "total_score", "rs"):
        number(name, getattr(expected, name))
    for name in ("pattern", "trend_gate", "structure_gate"):
        check(name, bool(getattr(result, name)[k]), getattr(expected, name), result_bool(result, name, k, expected))
    reasons = {flag.name for flag in Ineligible if flag and flag & int(result.ineligible[k])}
    check("ineligible", reasons, expected.ineligible, reasons == expected.ineligible)
    flags = {name for name in COMPARED_FLAGS if ScanFlag[name] & int(result.flags[k])}
    check("flags", flags, expected.flags, flags == expected.flags)
    for column, item in enumerate(ITEMS):
        ours = float(result.item_points[k, column])
        check(item, ours, expected.points[item], same(ours, expected.points[item]))
    for name, theirs in expected.measures.items():
        number(name, theirs)
    for j, leg in enumerate(expected.legs):
        check(f"leg_high[{j}]", result.leg_high[k, j], leg.high, same(float(result.leg_high[k, j]), leg.high))
        check(f"leg_low[{j}]", result.leg_low[k, j], leg.low, same(float(result.leg_low[k, j]), leg.low))
        check(f"leg_start[{j}]", result.leg_start[k, j], leg.start, int(result.leg_start[k, j]) == leg.start)
        check(f"leg_end[{j}]", result.leg_end[k, j], leg.end, int(result.leg_end[k, j]) == leg.end)
    number("entry_krw", expected.entry)
    number("stop_krw", expected.stop)
    number("target_krw", expected.target)
    number("reward_risk", expected.reward_risk)
    return found


def result_bool(result: VcpScan, name: str, k: int, expected: twin.Result) -> bool:
    return bool(getattr(result, name)[k]) is bool(getattr(expected, name))


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
    found = compare_market(market, panel_of(market), datetime.combine(market[0].days[-1], twin.time(20, 30)))
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
    moment = datetime.combine(market[0].days[-1 - back], twin.time(*clock))
    found = compare_market(market, panel_of(market), moment)
    assert not found, "\n".join(found[:40])


@pytest.mark.real_data
def test_recorded_symbol_days_agree(recorded_market: RecordedMarket) -> None:
    """Random symbols of random recorded days; RALPHSTOCK_TWIN_DAYS sets how many symbol-days (400; 2000 for a release)."""
    wanted = int(os.environ.get("RALPHSTOCK_TWIN_DAYS", "400"))
    rng = random.Random(20260630)
    per_day = 100
    chosen_days = sorted(rng.sample(range(60, len(recorded_market.days)), -(-wanted // per_day)))
    # The pattern is rare, so every second day is one of the days whose flows are recorded.
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
        bar, flow = twin.known_days(recorded_market.days, datetime.combine(day, twin.time(*clocks[i])))
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
