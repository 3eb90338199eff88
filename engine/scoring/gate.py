"""The Market Gate: six components, coverage and status of one instant or of every day (domain.md §5; App. C §5.1).

:func:`read_gate` and :func:`gate_history` run through the same array operations, so a day read alone equals that day of the
history. What was known when:

1. Level of an index and of the exchange rate of day D, and the breadth of D: from the official bar of D (D 15:40).
2. Net buying of the whole market on D: from its confirmed flows (D 18:10, later 20:10), so at the close of D the window ends
   with D-1.
3. Live levels, if given, stand for the official level of a day whose bar is not there yet. Breadth and flows stay those of the
   last official bar, and so does an index without a live level, whose day change is then unknown.

How stale or holed series are read is written in :mod:`engine.features.market_levels`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.asof.view import known_days
from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.features.breadth import breadth_days
from engine.features.market_levels import (
    INDEX_TESTS,
    IndexMeasures,
    LiveLevels,
    foreign_flow,
    index_measures,
    is_level,
    levels_until,
    rate_measures,
)
from engine.model.errors import DataUnavailable
from engine.model.evidence import ItemState
from engine.model.gate import GATE_COMPONENTS, GateComponent, GateHistory, GateReading, GateStatus, IndexState
from engine.model.instants import AsOf
from engine.model.market_series import DaySeries, MarketSeries
from engine.model.panel import FloatArray, MarketPanel
from engine.scoring.ladders import falling_points, rising_points
from engine.scoring.rounding import at_least, at_most, more_than, round2
from engine.thresholds import GateThresholds, Rules

__all__ = [
    "LiveLevels",
    "component_maxima",
    "gate_history",
    "index_word",
    "read_gate",
]

Bools = npt.NDArray[np.bool_]

PATH_DAYS = 30
"""Closes of a sparkline."""
_COL = {name: column for column, name in enumerate(GATE_COMPONENTS)}
_UNITS = {"kospi": "count", "kosdaq": "count", "breadth": "%", "foreign": "won", "shock": "%", "fx": "%"}


def read_gate(
    panel: MarketPanel,
    series: MarketSeries,
    as_of: AsOf,
    rules: Rules,
    *,
    circuit_breaker: bool = False,
    live: LiveLevels | None = None,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> GateReading:
    """Read the gate as it was known at an instant.

    Parameters
    ----------
    circuit_breaker : bool
        A market-wide circuit breaker is (or was that day) in force.
    live : LiveLevels | None
        Levels of today while its official bar is not known; ignored once it is, or where they hold no index.

    Raises
    ------
    DataUnavailable
        If no official bar of the panel was known at ``as_of``.
    """
    known = known_days(panel, as_of, sessions)
    if known.bar < 0:
        raise DataUnavailable(
            f"No official daily bar was known at {as_of.day.isoformat()}; the data begin later.",
            key="error.nothing_known",
            day=as_of.day.isoformat(),
        )
    today = panel.days[known.bar].astype("datetime64[D]")
    if live is not None and (np.datetime64(live.day, "D") <= today or not (is_level(live.kospi) or is_level(live.kosdaq))):
        live = None
    day_indices = np.array([known.bar])
    judged = _judge(panel, series, day_indices, np.array([known.flow]), rules, live)
    status, score = _status(judged, rules.gate, np.array([circuit_breaker]))
    value = GateStatus(int(status[0]))
    maxima = component_maxima(rules.gate)
    components = []
    for column, name in enumerate(GATE_COMPONENTS):
        tests: tuple[tuple[str, bool | None], ...] = ()
        if name in ("kospi", "kosdaq"):
            index = judged.kospi if name == "kospi" else judged.kosdaq
            tests = tuple((test, bool(index.tests[0, k]) if index.known[0, k] else None) for k, test in enumerate(INDEX_TESTS))
        points, known_value = float(judged.points[0, column]), bool(judged.known[0, column])
        components.append(
            GateComponent(
                name=name,
                value=_number(judged.values[0, column]),
                unit=_UNITS[name],
                points=points,
                max_points=float(maxima[column]),
                state=_state(points, float(maxima[column]), known_value),
                tests=tests,
            )
        )
    return GateReading(
        as_of=as_of,
        day_index=known.bar,
        ruleset=rules.ruleset_id,
        status=value,
        score=_number(score[0]),
        coverage=float(judged.coverage[0]),
        components=tuple(components),
        shock_pct=_number(judged.lowest_change[0]),
        kospi=_index_state("KOSPI", series.kospi, judged.kospi, today, live, live.kospi if live else None),
        kosdaq=_index_state("KOSDAQ", series.kosdaq, judged.kosdaq, today, live, live.kosdaq if live else None),
        usd_krw=_rate_state(series.usd_krw, today, live, judged),
        breadth_known=int(judged.breadth_known[0]),
        breadth_above=int(judged.breadth_above[0]),
        circuit_breaker=circuit_breaker,
        flow_day=panel.days[known.flow].astype("datetime64[D]") if known.flow >= 0 and series.kospi_foreign else None,
    )


def gate_history(
    panel: MarketPanel, series: MarketSeries, rules: Rules, first_day: int = 0, last_day: int | None = None
) -> GateHistory:
    """Read the gate at the official close of every panel day from ``first_day`` to ``last_day`` (included; None: the last).

    Confirmed flows of a day come after its close, so the flow window of day t ends with t-1. Equals :func:`read_gate` at
    ``official_bar_ns`` of each day. Circuit breakers are not known to daily data.
    """
    last = panel.shape[1] - 1 if last_day is None else min(last_day, panel.shape[1] - 1)
    days = np.arange(max(first_day, 0), last + 1, dtype=np.int64)
    judged = _judge(panel, series, days, days - 1, rules, None)
    status, score = _status(judged, rules.gate, np.zeros(len(days), dtype=bool))
    return GateHistory(
        day_index=days,
        status=status,
        score=score,
        coverage=judged.coverage,
        points=judged.points,
        values=judged.values,
        kospi=judged.kospi.close,
        kosdaq=judged.kosdaq.close,
        usd_krw=judged.rate,
        ruleset=rules.ruleset_id,
    )


def component_maxima(gate: GateThresholds) -> FloatArray:
    """Most points each component can earn, in the order of GATE_COMPONENTS."""
    return np.array(
        [
            sum(gate.kospi_points),
            sum(gate.kosdaq_points),
            gate.breadth_pct[0].points,
            gate.foreign_krw[0].points,
            gate.shock_pct[0].points,
            gate.fx_pct[0].points,
        ]
    )


def index_word(change_pct: float | None) -> str:
    """Text key of what an index does (domain.md §5.4): exactly 0 is flat, a missing change is no information."""
    if change_pct is None or not math.isfinite(change_pct):
        return "gate.index_word.missing"
    change = np.array(change_pct)
    if bool(more_than(change, 1.0)):
        return "gate.index_word.strong"
    if bool(more_than(change, 0.0)):
        return "gate.index_word.rise"
    if bool(at_least(change, 0.0)):
        return "gate.index_word.flat"
    return "gate.index_word.fall" if bool(more_than(change, -1.0)) else "gate.index_word.weak"


# -- components ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Judged:
    """Everything about the days asked for; ``points``, ``values`` and ``known`` have shape (days, components)."""

    points: FloatArray
    values: FloatArray
    known: Bools
    coverage: FloatArray
    lowest_change: FloatArray
    kospi: IndexMeasures
    kosdaq: IndexMeasures
    rate: FloatArray
    breadth_known: npt.NDArray[np.int64]
    breadth_above: npt.NDArray[np.int64]


def _judge(
    panel: MarketPanel,
    series: MarketSeries,
    bar_days: npt.NDArray[np.int64],
    flow_days: npt.NDArray[np.int64],
    rules: Rules,
    live: LiveLevels | None,
) -> _Judged:
    gate = rules.gate
    shape = (len(bar_days), len(GATE_COMPONENTS))
    points, values, known = np.zeros(shape), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    dates = panel.days.astype("datetime64[D]")
    indices = {
        "kospi": index_measures(dates, bar_days, series.kospi, gate, live, live.kospi if live else None),
        "kosdaq": index_measures(dates, bar_days, series.kosdaq, gate, live, live.kosdaq if live else None),
    }
    for name, index in indices.items():
        column = _COL[name]
        earned = np.array(gate.kospi_points if name == "kospi" else gate.kosdaq_points)
        known[:, column] = index.judged
        points[:, column] = np.where(index.judged, index.tests @ earned, 0.0)
        values[:, column] = np.where(index.judged, index.tests.sum(axis=1), np.nan)

    breadth_known, breadth_above = breadth_days(panel, rules, bar_days)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(breadth_known > 0, 100.0 * breadth_above / breadth_known, np.nan)
    _set(_COL["breadth"], share, rising_points(share, gate.breadth_pct), points, values, known)

    flow = foreign_flow(dates, flow_days, series.kospi_foreign, gate.foreign_days)
    earned = np.zeros(len(flow))
    earned[more_than(flow, gate.foreign_loss_krw)] = gate.foreign_loss_points
    earned[more_than(flow, 0.0)] = gate.foreign_positive_points
    earned = np.where(at_least(flow, gate.foreign_krw[-1].threshold), rising_points(flow, gate.foreign_krw), earned)
    _set(_COL["foreign"], flow, earned, points, values, known)

    changes = np.stack([index.change_pct for index in indices.values()])
    both = np.asarray(changes.min(axis=0))  # NaN where either is missing
    _set(_COL["shock"], both, rising_points(both, gate.shock_pct), points, values, known)

    rate, mean, _ = rate_measures(dates[bar_days], series.usd_krw, gate.fx_bars, live)
    deviation = np.asarray(100.0 * (rate / mean - 1.0))
    _set(_COL["fx"], deviation, falling_points(deviation, gate.fx_pct), points, values, known)

    maxima = component_maxima(gate)
    return _Judged(
        points=points,
        values=values,
        known=known,
        coverage=100.0 * (known @ maxima) / maxima.sum(),
        lowest_change=np.fmin(changes[0], changes[1]),
        kospi=indices["kospi"],
        kosdaq=indices["kosdaq"],
        rate=rate,
        breadth_known=breadth_known,
        breadth_above=breadth_above,
    )


def _set(column: int, value: FloatArray, earned: FloatArray, points: FloatArray, values: FloatArray, known: Bools) -> None:
    is_known = ~np.isnan(value)
    values[:, column], known[:, column] = value, is_known
    points[:, column] = np.where(is_known, earned, 0.0)


# -- status -------------------------------------------------------------------------------------------------------------


def _status(judged: _Judged, gate: GateThresholds, breaker: Bools) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """Status and score (NaN where UNKNOWN) by the first condition that fits (domain.md §5.2)."""
    score = round2(judged.points.sum(axis=1))
    unknown = ~at_least(judged.coverage, gate.min_coverage)
    crash = at_most(judged.lowest_change, gate.crash_pct) | breaker
    high = at_least(score, gate.green_score)
    conditions = [
        unknown,
        crash,
        high & at_least(judged.coverage, gate.green_coverage),
        at_least(score, gate.yellow_score) | high,
    ]
    results = [GateStatus.UNKNOWN, GateStatus.RED, GateStatus.GREEN, GateStatus.YELLOW]
    status = np.select(conditions, [np.uint8(r) for r in results], default=np.uint8(GateStatus.RED)).astype(np.uint8)
    return status, np.where(unknown, np.nan, score)


# -- small parts of a reading -------------------------------------------------------------------------------------------


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _state(points: float, maximum: float, known: bool) -> ItemState:
    if not known:
        return ItemState.UNKNOWN
    if bool(at_least(np.array(points), maximum)):
        return ItemState.PASSED
    return ItemState.PARTIAL if points > 0 else ItemState.FAILED


def _index_state(
    code: str,
    series: DaySeries | None,
    measures: IndexMeasures,
    today: np.datetime64,
    live: LiveLevels | None,
    level: float | None,
) -> IndexState:
    close = _number(measures.close[0])
    _, path = levels_until(series, today)
    day = today
    if live is not None and level is not None and is_level(level):
        path, day = np.append(path, level), np.datetime64(live.day, "D")
    state = IndexState(code, close, _number(measures.change_pct[0]), tuple(float(x) for x in path[-PATH_DAYS:]))
    return replace(state, day=None if close is None else day)


def _rate_state(series: DaySeries | None, today: np.datetime64, live: LiveLevels | None, judged: _Judged) -> IndexState:
    days, path = levels_until(series, today)
    if live is not None and live.usd_krw is not None and is_level(live.usd_krw):
        days, path = np.append(days, np.datetime64(live.day, "D")), np.append(path, live.usd_krw)
    close = _number(judged.rate[0])
    # The rate's own records are its days; the change is against the record before, whatever day that was.
    change = None if close is None or len(path) < 2 else float(100.0 * (path[-1] / path[-2] - 1.0))
    sparkline = tuple(float(x) for x in path[-PATH_DAYS:])
    return IndexState("USDKRW", close, change, sparkline, None if close is None else days[-1])
