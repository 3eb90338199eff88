"""Signals of many days as arrays, from the history of scans (domain.md §2.9: only detected patterns are signals)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.model.closing import ClosingBetScan, SignalPhase
from engine.model.daytrade import DayTradeScan
from engine.model.gate import GateHistory, GateStatus
from engine.model.panel import MarketPanel
from engine.model.performance import SIGNAL_FIELDS, SignalKind, SignalSet
from engine.model.scan import Grade, VcpScan, VcpState
from engine.scoring.history import ScanHistory
from engine.thresholds import Rules

__all__ = [
    "checklist_day_signals",
    "closing_day_signals",
    "empty_signals",
    "gate_by_day",
    "join_signals",
    "sorted_signals",
    "vcp_day_signals",
    "vcp_signals",
]

_INTEGERS = {"row": np.int64, "day": np.int64, "kind": np.uint8, "grade": np.uint8, "gate": np.uint8}


def gate_by_day(panel: MarketPanel, gate: GateHistory | None) -> npt.NDArray[np.uint8]:
    """Gate status of every panel day, shape (days,); UNKNOWN where the history does not speak about the day."""
    status = np.full(len(panel.days), GateStatus.UNKNOWN, dtype=np.uint8)
    if gate is not None:
        status[gate.day_index] = gate.status
    return status


def vcp_signals(
    panel: MarketPanel, history: ScanHistory, rules: Rules, gate_status: npt.NDArray[np.uint8] | None = None
) -> SignalSet:
    """Every detected pattern of a scan history with its order plan.

    Parameters
    ----------
    gate_status : uint8 array, shape (panel days,), optional
        Gate at the close of each panel day (:func:`gate_by_day`); UNKNOWN where not given.

    Returns
    -------
    SignalSet
        Ascending by (day, row). The gate is noted, not applied: what a RED day's signal became is part of its record.
    """
    plans = history.plans
    day = history.day_index[plans.position]
    at = (plans.row, plans.position)
    status = np.full(len(panel.days), GateStatus.UNKNOWN, dtype=np.uint8) if gate_status is None else gate_status
    breakout = history.state[at] == VcpState.BREAKOUT
    return sorted_signals(
        SignalSet(
            kind=np.where(breakout, SignalKind.VCP_BREAKOUT, SignalKind.VCP_NEAR_PIVOT).astype(np.uint8),
            row=plans.row,
            day=day,
            grade=history.grade[at],
            score=history.total_score[at],
            entry=plans.entry,
            stop=plans.stop,
            target=plans.target,
            pivot=plans.pivot,
            gate=status[day],
            mean_value_krw=plans.mean_value_krw,
            ruleset=rules.ruleset_id,
        )
    )


def sorted_signals(signals: SignalSet) -> SignalSet:
    """The signals ascending by (day, row)."""
    order = np.lexsort((signals.row, signals.day))
    return SignalSet(ruleset=signals.ruleset, **{name: getattr(signals, name)[order] for name in SIGNAL_FIELDS})


def empty_signals(ruleset: str) -> SignalSet:
    """No signals."""
    return SignalSet(ruleset=ruleset, **{name: np.empty(0, dtype=_INTEGERS.get(name, np.float64)) for name in SIGNAL_FIELDS})


def join_signals(parts: Sequence[SignalSet], ruleset: str) -> SignalSet:
    """Signals of several sets in the order given; dtypes as in :func:`empty_signals`."""
    parts = [empty_signals(ruleset), *parts]
    return SignalSet(
        ruleset=ruleset, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in SIGNAL_FIELDS}
    )


def vcp_day_signals(scan: VcpScan, gate: int) -> SignalSet:
    """Every detected pattern of one day's scan, ascending by row; ``gate`` is the status noted with them."""
    rows = np.flatnonzero(scan.pattern).astype(np.int64)
    breakout = scan.state[rows] == VcpState.BREAKOUT
    return SignalSet(
        kind=np.where(breakout, SignalKind.VCP_BREAKOUT, SignalKind.VCP_NEAR_PIVOT).astype(np.uint8),
        row=rows,
        day=np.full(len(rows), scan.day_index, dtype=np.int64),
        grade=scan.grade[rows],
        score=scan.total_score[rows],
        entry=scan.entry_krw[rows],
        stop=scan.stop_krw[rows],
        target=scan.target_krw[rows],
        pivot=scan.pivot[rows],
        gate=np.full(len(rows), gate, dtype=np.uint8),
        mean_value_krw=scan.mean_value_krw[rows],
        ruleset=scan.ruleset,
    )


def closing_day_signals(scan: ClosingBetScan) -> SignalSet:
    """Every closing-bet signal of one day (not rejected, grade B or better), ascending by row; WATCH ones included."""
    rows = np.flatnonzero(scan.phase != SignalPhase.NONE).astype(np.int64)
    return SignalSet(
        kind=np.full(len(rows), SignalKind.CLOSING_BET, dtype=np.uint8),
        row=rows,
        day=np.full(len(rows), scan.day_index, dtype=np.int64),
        grade=scan.grade[rows],
        score=scan.total[rows],
        entry=scan.entry_krw[rows],
        stop=scan.stop_krw[rows],
        target=scan.target_krw[rows],
        pivot=np.full(len(rows), np.nan),
        gate=np.full(len(rows), int(scan.gate), dtype=np.uint8),
        mean_value_krw=scan.value_krw[rows],
        ruleset=scan.ruleset,
    )


def checklist_day_signals(scan: DayTradeScan, day: int) -> SignalSet:
    """Day-trading setups of one day's official bars, grade B or better: what the checklist said at the close, as a proxy."""
    rows = np.flatnonzero(scan.eligible & (scan.grade >= Grade.B)).astype(np.int64)
    return SignalSet(
        kind=np.full(len(rows), SignalKind.DAY_TRADE, dtype=np.uint8),
        row=rows,
        day=np.full(len(rows), day, dtype=np.int64),
        grade=scan.grade[rows],
        score=scan.score[rows],
        entry=scan.price[rows],
        stop=scan.stop_krw[rows],
        target=scan.target_krw[rows],
        pivot=np.full(len(rows), np.nan),
        gate=np.full(len(rows), int(scan.gate), dtype=np.uint8),
        mean_value_krw=scan.mean_value_krw[rows],
        ruleset=scan.ruleset,
    )
