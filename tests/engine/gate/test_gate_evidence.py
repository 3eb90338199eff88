"""Evidence of the gate: it adds up to the reading, can be recomputed from its inputs, and names the next rung."""

from __future__ import annotations

import math
from datetime import date

import pytest
from gate_market import DAY, EOK, Gate, rising
from test_gate_golden import WEDNESDAY, rate

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.explain.gate_evidence import explain_gate, live_levels_of
from engine.model.evidence import Evidence, EvidenceGroup, ItemState
from engine.model.gate import GATE_COMPONENTS
from engine.model.instants import AsOf
from engine.scoring.gate import LiveLevels


def explain(gate: Gate, as_of: AsOf | None = None, live: LiveLevels | None = None) -> dict[str, EvidenceGroup]:
    reading = gate.read(as_of, live=live)
    groups = explain_gate(gate.panel, gate.series, reading, gate.rules)
    assert tuple(group.group for group in groups) == GATE_COMPONENTS
    for group in groups:
        component = reading.component(group.group)
        assert (group.points, group.max_points) == (component.points, component.max_points)
        assert sum(item.points for item in group.items) == group.points
        assert sum(item.max_points for item in group.items) == group.max_points
    return {group.group: group for group in groups}


def only(group: EvidenceGroup) -> Evidence:
    (item,) = group.items
    return item


def test_four_tests_of_an_index() -> None:
    # 140 x 1100, 59 x 1000, 1010: MA20 1000.5, MA60 1000.1667, MA200 1070.05, MA20[t-5] 1000
    items = explain(Gate(kospi=[1_100.0] * 140 + [1_000.0] * 59 + [1_010.0]))["kospi"].items
    assert [item.item for item in items] == [
        "kospi.above_short",
        "kospi.short_above_mid",
        "kospi.above_long",
        "kospi.short_rising",
    ]
    assert [item.points for item in items] == [8, 8, 0, 6]
    assert [item.state for item in items] == [ItemState.PASSED, ItemState.PASSED, ItemState.FAILED, ItemState.PASSED]
    assert [item.value for item in items] == pytest.approx([1_010.0, 1_000.5, 1_010.0, 1_000.5])
    assert [item.threshold for item in items] == pytest.approx([1_000.5, 60_010 / 60, 1_070.05, 1_000.0])
    assert items[2].margin == pytest.approx(100 * (1_010 / 1_070.05 - 1)) and items[2].margin_unit == "%"
    assert all(item.known_at_ns == DEFAULT_SESSIONS.official_bar_ns(DAY) for item in items)
    assert dict(items[3].inputs)["ma20_before"] == pytest.approx(1_000.0)
    # the window of MA60: 60 weekdays = 12 weeks, so it begins on a Wednesday 83 days before
    assert (items[1].spans[0].last_day - items[1].spans[0].first_day) == 83


def test_a_missing_average_is_unknown_with_the_days_there_are() -> None:
    items = explain(Gate(kospi=rising(bars=30)))["kospi"].items
    assert [item.state for item in items] == [ItemState.PASSED, ItemState.UNKNOWN, ItemState.UNKNOWN, ItemState.PASSED]
    unknown = items[2]
    assert (unknown.value, unknown.threshold, unknown.reason, unknown.known_at_ns) == (
        None,
        None,
        "gate.reason.too_few_days",
        None,
    )
    assert dict(unknown.inputs)["have"] == 30 and dict(unknown.inputs)["bars"] == 200


def test_missing_components_say_why() -> None:
    groups = explain(Gate(kospi=None, kosdaq=None, net=None, fx=None, above=0, below=0))
    reasons = {name: group.items[0].reason for name, group in groups.items()}
    assert reasons == {
        "kospi": "gate.reason.no_close",
        "kosdaq": "gate.reason.no_close",
        "breadth": "gate.reason.no_eligible",
        "foreign": "gate.reason.flow_days",
        "shock": "gate.reason.both_indices",
        "fx": "gate.reason.no_rate",
    }
    assert all(item.state is ItemState.UNKNOWN and item.value is None for group in groups.values() for item in group.items)
    assert all(group.known_at_ns is None for group in groups.values())
    assert only(explain(Gate(fx=[1_400.0] * 5))["fx"]).reason == "gate.reason.too_few_days"


@pytest.mark.parametrize(("above", "threshold"), [(8, 60), (6, 60), (5, 60), (4, 50), (3, 40), (2, 30), (0, 30)])
def test_next_rung_of_the_breadth(above: int, threshold: float) -> None:
    item = only(explain(Gate(above=above, below=10 - above))["breadth"])
    assert (item.op, item.threshold, item.margin) == (">=", threshold, pytest.approx(10 * above - threshold))
    inputs = dict(item.inputs)
    assert item.value == pytest.approx(100 * inputs["above"] / inputs["known"])  # type: ignore[operator]


@pytest.mark.parametrize(
    ("net", "op", "threshold"),
    [
        (2_000 * EOK, ">=", 5_000 * EOK),
        (1_000 * EOK, ">=", 5_000 * EOK),
        (1, ">=", 5_000 * EOK),
        (0, ">", 0),
        (-999 * EOK, ">", 0),
        (-1_000 * EOK, ">", -5_000 * EOK),
        (-9_000 * EOK, ">", -5_000 * EOK),
    ],
)
def test_next_rung_of_the_foreign_flow(net: float, op: str, threshold: float) -> None:
    item = only(explain(Gate(net=[net] * 5))["foreign"])
    assert (item.op, item.threshold) == (op, threshold)
    daily = [value for name, value in item.inputs if name[:2] == "20"]
    assert len(daily) == 5 and sum(daily) == item.value  # type: ignore[arg-type]
    assert item.known_at_ns == DEFAULT_SESSIONS.confirmed_flow_ns(DAY)


def test_days_of_the_flow_window_before_the_flows_of_today_are_known() -> None:
    item = only(explain(Gate(), AsOf.at(DAY, 16))["foreign"])
    assert [name for name, _ in item.inputs if name[:2] == "20"][-1] == "2026-06-29"
    assert item.known_at_ns == DEFAULT_SESSIONS.confirmed_flow_ns(date(2026, 6, 29))


@pytest.mark.parametrize(("change", "threshold"), [(0.5, -0.5), (-0.6, -0.5), (-1.5, -1), (-2.5, -2), (-9.0, -2)])
def test_next_rung_of_the_shock(change: float, threshold: float) -> None:
    item = only(explain(Gate(kospi=rising(change), kosdaq=rising(5.0)))["shock"])
    inputs = dict(item.inputs)
    assert item.value == min(inputs["kospi"], inputs["kosdaq"]) == pytest.approx(change)  # type: ignore[type-var]
    assert item.threshold == threshold


@pytest.mark.parametrize(("deviation", "threshold"), [(-1.0, 0.5), (0.5, 0.5), (1.0, 0.5), (1.5, 0.5), (1.6, 1.5)])
def test_next_rung_of_the_rate(deviation: float, threshold: float) -> None:
    item = only(explain(Gate(fx=rate(deviation)))["fx"])
    inputs = dict(item.inputs)
    assert (item.op, item.threshold) == ("<=", threshold)
    assert item.value == pytest.approx(100 * (float(inputs["rate"]) / float(inputs["mean"]) - 1))


def test_a_live_reading_is_explained_with_its_live_levels() -> None:
    gate, live = Gate(), LiveLevels(WEDNESDAY, 1_300.0, None, 1_410.0)
    moment = AsOf.at(WEDNESDAY, 11)
    assert live_levels_of(gate.panel, gate.read(moment, live=live)) == live
    groups = explain(gate, moment, live)
    item = groups["kospi"].items[0]
    assert (item.value, item.known_at_ns) == (1_300.0, moment.instant_ns)
    provisional = {name for name, group in groups.items() if not group.items[0].sources[0].final}
    assert provisional == {"kospi", "kosdaq", "shock", "fx"}
    # mean of 1,241 … 1,258, the flat last close 1,259 (19 days: 1,241 … 1,259) and 1,300
    closes = rising()[-19:]
    assert item.threshold == pytest.approx((math.fsum(closes) + 1_300) / 20)
    assert groups["breadth"].known_at_ns == DEFAULT_SESSIONS.official_bar_ns(DAY)
    assert dict(only(groups["fx"]).inputs)["rate"] == 1_410.0
    assert live_levels_of(gate.panel, gate.read()) is None
