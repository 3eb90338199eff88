"""The closing bet of many days, each scored as its CONFIRMED run was, and the signals as backtests take them (§§3, 7.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.features.closing_measures import measure_closing
from engine.model.closing import ClosingRun, SignalPhase
from engine.model.errors import ValidationFailed
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.news import NewsPoints
from engine.model.panel import FloatArray, MarketPanel
from engine.model.performance import SignalKind, SignalSet
from engine.scoring.closing_bet import flow_day_of, score_under
from engine.thresholds import Rules

__all__ = ["ClosingHistory", "closing_days", "closing_signals"]


@dataclass(frozen=True, eq=False)
class ClosingHistory:
    """Results of many days. Arrays have shape (symbols, days scored), NaN or 0 where a symbol had no score."""

    day_index: npt.NDArray[np.int64]
    gate: npt.NDArray[np.uint8]
    """Gate status of each day, shape (days,); UNKNOWN where none was given."""
    total: FloatArray
    grade: npt.NDArray[np.uint8]
    phase: npt.NDArray[np.uint8]
    rejected: npt.NDArray[np.uint16]
    caps: npt.NDArray[np.uint8]
    candidate: npt.NDArray[np.bool_]
    value_krw: FloatArray
    entry_krw: FloatArray
    stop_krw: FloatArray
    target_krw: FloatArray
    ruleset: str


def closing_days(
    panel: MarketPanel,
    days: Sequence[int],
    rules: Rules,
    news_of: Callable[[int], NewsPoints],
    gate_status: npt.NDArray[np.uint8] | None,
    on_day: Callable[[int, int], None] | None = None,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> ClosingHistory:
    """Score the panel on each given day as the CONFIRMED run did when its official bar was known.

    Parameters
    ----------
    days : sequence of int
        Panel days, any order.
    news_of : callable
        Gives the news component of the panel's symbols as it was known on a panel day.
    gate_status : uint8 array, shape (len(days),), or None
        Status of the gate on each of ``days``, in their order; None means UNKNOWN on all.
    on_day : callable, optional
        Called with (days done, days in all); may raise to stop.

    Raises
    ------
    ValidationFailed
        If ``gate_status`` has another length than ``days``.

    Notes
    -----
    The day's close decides and is the entry: a backtest on it is a ``CLOSE_PROXY`` (domain.md §7.7-1).
    """
    symbols, count = len(panel.tickers), len(days)
    gates = np.zeros(count, dtype=np.uint8) if gate_status is None else np.asarray(gate_status, dtype=np.uint8)
    if len(gates) != count:
        raise ValidationFailed(f"One gate status for each of {count} days is needed; {len(gates)} were given.")
    shape = (count, symbols)
    total, value, entry, stop, target = (np.full(shape, np.nan) for _ in range(5))
    grade, phase, caps = (np.zeros(shape, dtype=np.uint8) for _ in range(3))
    rejected, candidate = np.zeros(shape, dtype=np.uint16), np.zeros(shape, dtype=bool)
    for position, day in enumerate(days):
        flow_day = flow_day_of(ClosingRun.CONFIRMED, day, day)
        as_of = AsOf(sessions.official_bar_ns(panel.days[day].astype("datetime64[D]").item()))
        measures = measure_closing(panel, day, flow_day, rules)
        status = GateStatus(int(gates[position]))
        result = score_under(panel, as_of, ClosingRun.CONFIRMED, day, flow_day, measures, news_of(day), status, rules)
        total[position], value[position] = result.total, result.value_krw
        entry[position], stop[position], target[position] = result.entry_krw, result.stop_krw, result.target_krw
        grade[position], phase[position], caps[position] = result.grade, result.phase, result.caps
        rejected[position], candidate[position] = result.rejected, result.candidate
        if on_day is not None:
            on_day(position + 1, count)
    return ClosingHistory(
        day_index=np.asarray(days, dtype=np.int64),
        gate=gates,
        total=total.T,
        grade=grade.T,
        phase=phase.T,
        rejected=rejected.T,
        caps=caps.T,
        candidate=candidate.T,
        value_krw=value.T,
        entry_krw=entry.T,
        stop_krw=stop.T,
        target_krw=target.T,
        ruleset=rules.ruleset_id,
    )


def closing_signals(history: ClosingHistory, *, pending_only: bool = False) -> SignalSet:
    """Return the signals of a history, ascending by (day, row).

    Parameters
    ----------
    pending_only : bool
        Leave out what the gate kept at WATCH; by default all are there, each with its gate status, as an event study of every
        signal, traded or not, needs them.
    """
    least = SignalPhase.PENDING if pending_only else SignalPhase.WATCH
    position, row = np.nonzero((history.phase >= least).T)
    day = history.day_index[position]
    order = np.lexsort((row, day))
    position, row, day = position[order], row[order].astype(np.int64), day[order]
    at = (row, position)
    return SignalSet(
        kind=np.full(len(row), SignalKind.CLOSING_BET, dtype=np.uint8),
        row=row,
        day=day,
        grade=history.grade[at],
        score=history.total[at],
        entry=history.entry_krw[at],
        stop=history.stop_krw[at],
        target=history.target_krw[at],
        pivot=np.full(len(row), np.nan),
        gate=history.gate[position],
        mean_value_krw=history.value_krw[at],
        ruleset=history.ruleset,
    )
