"""Evidence of a gate reading: what every component was computed from and how far it is from the next rung (domain.md §5.1).

Points, values and states are the reading's own. The averages behind the tests of an index come from the same functions that
scored them, on the same series up to the same day.
"""

from __future__ import annotations

import math

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.features.market_levels import (
    INDEX_TESTS,
    IndexMeasures,
    LiveLevels,
    foreign_flow,
    index_measures,
    levels_until,
    rate_measures,
)
from engine.model.evidence import BarSpan, Evidence, EvidenceGroup, ItemState, SourceRef
from engine.model.gate import GATE_COMPONENTS, GateComponent, GateReading, IndexState
from engine.model.market_series import DaySeries, MarketSeries
from engine.model.panel import MarketPanel
from engine.scoring.rounding import EPS
from engine.thresholds import GateThresholds, Ladder, Rules

__all__ = ["explain_gate", "live_levels_of"]

Inputs = tuple[tuple[str, float | int | str], ...]


def live_levels_of(panel: MarketPanel, reading: GateReading) -> LiveLevels | None:
    """Return the live levels a reading was made with; None where it was made of official bars only."""
    today = panel.days[reading.day_index].astype("datetime64[D]")

    def live(state: IndexState) -> bool:
        return state.day is not None and state.day > today

    if not (live(reading.kospi) or live(reading.kosdaq)):
        return None
    days = [state.day for state in (reading.kospi, reading.kosdaq) if state.day is not None]
    levels = {state.code: state.close for state in (reading.kospi, reading.kosdaq, reading.usd_krw) if live(state)}
    return LiveLevels(max(days).astype("datetime64[D]").item(), levels.get("KOSPI"), levels.get("KOSDAQ"), levels.get("USDKRW"))


def explain_gate(
    panel: MarketPanel,
    series: MarketSeries,
    reading: GateReading,
    rules: Rules,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> tuple[EvidenceGroup, ...]:
    """Return one group per component, in the order of GATE_COMPONENTS.

    Parameters
    ----------
    panel, series, rules
        What ``reading`` was made from.

    Returns
    -------
    tuple of EvidenceGroup
        An index has four items ``kospi.above_short`` …, every other component one item of its own name. ``threshold`` is the
        next rung that would give more points (the best one where all are reached). Units: ``pt`` (index points), ``%``,
        ``won``. UNKNOWN items carry a reason ``gate.reason.…``.
    """
    gate = rules.gate
    dates = panel.days.astype("datetime64[D]")
    day = np.array([reading.day_index])
    live = live_levels_of(panel, reading)
    bar_ns = reading.as_of.instant_ns if live else sessions.official_bar_ns(dates[reading.day_index].item())
    indices = {
        "kospi": index_measures(dates, day, series.kospi, gate, live, live.kospi if live else None),
        "kosdaq": index_measures(dates, day, series.kosdaq, gate, live, live.kosdaq if live else None),
    }
    groups = []
    for name in GATE_COMPONENTS:
        component = reading.component(name)
        known_at: int | None = bar_ns
        if name in indices:
            days, _ = levels_until(series.index_of(1 if name == "kospi" else 2), dates[reading.day_index])
            state = reading.kospi if name == "kospi" else reading.kosdaq
            items = _index_items(component, indices[name], days, state, gate, bar_ns, final=live is None)
        elif name == "breadth":
            known_at = sessions.official_bar_ns(dates[reading.day_index].item())
            items = (_breadth(reading, component, gate, known_at),)
        elif name == "foreign":
            flow_day = reading.flow_day
            known_at = None if flow_day is None else sessions.confirmed_flow_ns(flow_day.astype("datetime64[D]").item())
            items = (_foreign(panel, series, reading, component, gate, known_at),)
        elif name == "shock":
            items = (_shock(reading, component, gate, bar_ns, final=live is None),)
        else:
            items = (_rate(series.usd_krw, reading, component, gate, dates, live, bar_ns),)
        is_known = component.state is not ItemState.UNKNOWN
        groups.append(EvidenceGroup(name, component.points, component.max_points, known_at if is_known else None, tuple(items)))
    return tuple(groups)


def _item(
    component: GateComponent,
    *,
    op: str,
    threshold: float,
    dataset: str,
    known_at: int | None,
    inputs: Inputs,
    reason: str,
    spans: tuple[BarSpan, ...] = (),
    final: bool = True,
) -> Evidence:
    """Evidence of a component that is one item; ``final`` is False where it rests on live levels."""
    known = component.state is not ItemState.UNKNOWN and component.value is not None
    value = component.value if known else None
    return Evidence(
        item=component.name,
        group=component.name,
        value=value,
        unit=component.unit,
        op=op,
        threshold=float(threshold),
        margin=None if value is None else value - threshold,
        points=component.points,
        max_points=component.max_points,
        state=component.state,
        rule="§5.1",
        reason="" if known else reason,
        spans=spans if known else (),
        sources=(SourceRef(dataset, "", final=final),),
        known_at_ns=known_at if known else None,
        inputs=inputs,
    )


def _index_items(
    component: GateComponent,
    measures: IndexMeasures,
    days: np.ndarray[tuple[int], np.dtype[np.datetime64]],
    state: IndexState,
    gate: GateThresholds,
    known_at: int,
    *,
    final: bool,
) -> tuple[Evidence, ...]:
    """The four tests of an index; a test with a missing average earns nothing and is unknown."""
    if state.day is not None and (not len(days) or state.day > days[-1]):
        days = np.append(days, state.day)
    level, short, mid, long, before = (
        float(values[0]) for values in (measures.close, measures.short, measures.mid, measures.long, measures.short_before)
    )
    judged = bool(measures.judged[0])
    # (value, its name, level compared with, its name, bars of the longer window, days the compared window ends earlier)
    pairs = (
        (level, "close", short, f"ma{gate.short_bars}", gate.short_bars, 0),
        (short, f"ma{gate.short_bars}", mid, f"ma{gate.mid_bars}", max(gate.short_bars, gate.mid_bars), 0),
        (level, "close", long, f"ma{gate.long_bars}", gate.long_bars, 0),
        (short, f"ma{gate.short_bars}", before, f"ma{gate.short_bars}_before", gate.short_bars, gate.rising_bars),
    )
    earned = gate.kospi_points if component.name == "kospi" else gate.kosdaq_points
    items = []
    for (test, passed), maximum, (value, value_name, limit, limit_name, length, back) in zip(
        component.tests, earned, pairs, strict=True
    ):
        known = judged and passed is not None
        points = maximum if judged and passed else 0.0
        verdict = ItemState.UNKNOWN if not known else ItemState.PASSED if passed else ItemState.FAILED
        reason = "" if known else "gate.reason.no_close" if math.isnan(level) else "gate.reason.too_few_days"
        inputs: Inputs = ((value_name, value), (limit_name, limit), ("bars", length), ("back", back), ("have", len(days)))
        items.append(
            Evidence(
                item=f"{component.name}.{test}",
                group=component.name,
                value=value if known else None,
                unit="pt",
                op=">",
                threshold=limit if known else None,
                margin=100.0 * (value / limit - 1.0) if known else None,
                margin_unit="%",
                points=points,
                max_points=maximum,
                state=verdict,
                rule="§5.1",
                reason=reason,
                spans=_window(days, length, back) if known else (),
                sources=(SourceRef("index_price", "", final=final),),
                known_at_ns=known_at if known else None,
                inputs=inputs,
            )
        )
    assert len(items) == len(INDEX_TESTS)
    return tuple(items)


def _window(days: np.ndarray[tuple[int], np.dtype[np.datetime64]], length: int, back: int) -> tuple[BarSpan, ...]:
    ordinals = days.astype("datetime64[D]").astype(np.int64)
    spans = [BarSpan(int(ordinals[max(len(ordinals) - length, 0)]), int(ordinals[-1]))]
    if back:
        last = len(ordinals) - 1 - back
        spans.append(BarSpan(int(ordinals[max(last - length + 1, 0)]), int(ordinals[last]), role="reference"))
    return tuple(spans)


def _breadth(reading: GateReading, component: GateComponent, gate: GateThresholds, known_at: int) -> Evidence:
    return _item(
        component,
        op=">=",
        threshold=_rising_rung(component.value, gate.breadth_pct),
        dataset="daily_price",
        known_at=known_at,
        inputs=(("above", reading.breadth_above), ("known", reading.breadth_known), ("bars", gate.breadth_bars)),
        reason="gate.reason.no_eligible",
    )


def _foreign(
    panel: MarketPanel,
    series: MarketSeries,
    reading: GateReading,
    component: GateComponent,
    gate: GateThresholds,
    known_at: int | None,
) -> Evidence:
    dates = panel.days.astype("datetime64[D]")
    inputs: list[tuple[str, float | int | str]] = [("days", gate.foreign_days)]
    spans: tuple[BarSpan, ...] = ()
    if reading.flow_day is not None:
        last = panel.day_index(reading.flow_day)
        first = max(last - gate.foreign_days + 1, 0)
        window = np.arange(first, last + 1)
        daily = foreign_flow(dates, window, series.kospi_foreign, 1)
        inputs += [(str(dates[index]), float(net)) for index, net in zip(window, daily, strict=True)]
        spans = (BarSpan(int(dates[first].astype(np.int64)), int(dates[last].astype(np.int64)), "flow"),)
    value = component.value
    ladder = (*((rung.threshold, ">=") for rung in gate.foreign_krw), (0.0, ">"), (gate.foreign_loss_krw, ">"))
    threshold, op = ladder[0]
    if value is not None:
        for limit, sign in reversed(ladder):
            if value < limit - EPS or (sign == ">" and value <= limit + EPS):
                threshold, op = limit, sign
                break
    return _item(
        component,
        op=op,
        threshold=threshold,
        dataset="flow",
        known_at=known_at,
        inputs=tuple(inputs),
        reason="gate.reason.flow_days",
        spans=spans,
    )


def _shock(reading: GateReading, component: GateComponent, gate: GateThresholds, known_at: int, *, final: bool) -> Evidence:
    changes = {"kospi": reading.kospi.change_pct, "kosdaq": reading.kosdaq.change_pct}
    inputs: Inputs = tuple((name, math.nan if change is None else change) for name, change in changes.items())
    return _item(
        component,
        op=">=",
        threshold=_rising_rung(component.value, gate.shock_pct),
        dataset="index_price",
        known_at=known_at,
        inputs=(*inputs, ("crash", gate.crash_pct)),
        reason="gate.reason.both_indices",
        final=final,
    )


def _rate(
    series: DaySeries | None,
    reading: GateReading,
    component: GateComponent,
    gate: GateThresholds,
    dates: np.ndarray[tuple[int], np.dtype[np.datetime64]],
    live: LiveLevels | None,
    known_at: int,
) -> Evidence:
    rate, mean, day = rate_measures(dates[[reading.day_index]], series, gate.fx_bars, live)
    inputs: list[tuple[str, float | int | str]] = [("rate", float(rate[0])), ("mean", float(mean[0])), ("bars", gate.fx_bars)]
    if not np.isnat(day[0]):
        inputs.append(("day", str(day[0])))
    days, _ = levels_until(series, dates[reading.day_index])
    spans = _window(np.append(days, day[0]) if len(days) and day[0] > days[-1] else days, gate.fx_bars, 0) if len(days) else ()
    return _item(
        component,
        op="<=",
        threshold=_falling_rung(component.value, gate.fx_pct),
        dataset="fx_rate",
        known_at=known_at,
        inputs=tuple(inputs),
        reason="gate.reason.no_rate" if math.isnan(float(rate[0])) else "gate.reason.too_few_days",
        spans=spans,
        final=live is None,
    )


def _rising_rung(value: float | None, ladder: Ladder) -> float:
    """Threshold of the next rung upwards; the best one where all are reached or nothing is known."""
    if value is not None:
        for rung in reversed(ladder):
            if value < rung.threshold - EPS:
                return float(rung.threshold)
    return float(ladder[0].threshold)


def _falling_rung(value: float | None, ladder: Ladder) -> float:
    """Threshold of the next rung downwards; the best one where all are reached or nothing is known."""
    if value is not None:
        for rung in reversed(ladder):
            if value > rung.threshold + EPS:
                return float(rung.threshold)
    return float(ladder[0].threshold)
