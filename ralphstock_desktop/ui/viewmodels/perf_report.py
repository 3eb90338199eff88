"""What the performance panel shows, whatever it came from: a finished backtest, a stored one, or the stored signals.

A :class:`PerfReport` holds numbers the engine worked out; nothing is estimated here. What a source does not have is None and
is shown in words, never as 0. Pure data and functions, no widgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.model.gate import GateStatus
from engine.model.panel import FloatArray
from engine.model.performance import (
    ExitReason,
    Interval,
    Metrics,
    RecordRow,
    SignalKind,
    SignalSet,
    StudyRow,
    TradeSet,
    WalkWindow,
)
from engine.model.scan import Grade
from ralphstock_desktop.services.strategy_contracts import BacktestResult

__all__ = [
    "ALL",
    "CASE_START",
    "NO_INTERVAL",
    "Curve",
    "ExitRow",
    "GroupRow",
    "PerfReport",
    "WindowRow",
    "case_bars",
    "case_rows",
    "counted_signals",
    "exit_rows",
    "group_rows",
    "report_of_result",
    "window_rows",
]

Days = npt.NDArray[np.datetime64]
Notes = tuple[tuple[str, dict[str, str | int | float]], ...]
ALL = 0
"""Group value of all cases together."""
NO_INTERVAL = Interval(None)
CASE_START = "entry"
"""Starting point of the event study that the group table quotes."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Account value at each close, ascending by day; ``positions`` None where not kept."""

    days: Days
    value_krw: FloatArray
    start_krw: float
    positions: npt.NDArray[np.int64] | None = None

    @property
    def return_pct(self) -> FloatArray:
        """Gain on the start capital in percent at each close."""
        return 100.0 * (self.value_krw / self.start_krw - 1.0)

    @property
    def drawdown_pct(self) -> FloatArray:
        """Fall from the running peak in percent, zero or negative; the start capital is the first peak."""
        peak = np.maximum(np.maximum.accumulate(self.value_krw), self.start_krw)
        return 100.0 * (self.value_krw / peak - 1.0)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of trades: all, a grade, or a gate status at the signal."""

    kind: Literal["all", "grade", "gate"]
    value: int
    n: int
    win_rate: Interval
    mean_pct: Interval
    few: bool
    base_pct: float | None
    """None also for gates: the base rate is counted by grade only."""
    excess_pct: Interval
    beyond_pct: Interval
    """Beyond the own index after :attr:`PerfReport.case_bars` bars, of every signal (event study)."""
    beyond_n: int


@dataclass(frozen=True, slots=True)
class ExitRow:
    """How often a reason ended a signal, and the mean net return of the trades it ended (None below two)."""

    reason: str
    n: int
    share_pct: float
    mean_pct: float | None


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One step of a walk-forward with calendar days; None where the day is not known."""

    train: tuple[date, date] | None
    test: tuple[date, date] | None
    chosen: str
    train_mean_pct: float | None
    test_mean_pct: float | None
    test_n: int


@dataclass(frozen=True, eq=False)
class PerfReport:
    """Everything the panel shows.

    ``net_pct`` are net returns of the counted closed trades, ``net_days`` the days they were sold on. ``with_repeats``: repeats
    of a waiting setup could not be left out of them.
    """

    origin: Literal["run", "stored", "signals"]
    name: str
    strategy: str
    first: date | None
    last: date | None
    ruleset: str
    tries: int | None
    metrics: Metrics | None
    signals: int | None
    closed: int
    win_rate: Interval
    mean_pct: Interval
    profit_factor: float | None
    has_losses: bool
    few: bool
    cumulative_pct: float | None
    max_drawdown_pct: float | None
    sharpe: float | None
    kospi_pct: float | None
    kosdaq_pct: float | None
    record: RecordRow | None
    """All grades together, with the base rate."""
    groups: tuple[GroupRow, ...]
    exits: tuple[ExitRow, ...]
    net_pct: FloatArray
    net_days: Days
    curve: Curve | None
    study: tuple[StudyRow, ...]
    windows: tuple[WindowRow, ...]
    walked: bool
    """A walk-forward was asked for."""
    walk_n: int
    walk_mean_pct: float | None
    notes: Notes
    case_bars: int = 0
    """Bars after which the groups are compared with the index."""
    run_id: int | None = None
    traded: bool = True
    """The account bought something; else curve and account figures are None: nothing to judge, not zero."""
    with_repeats: bool = False

    @property
    def base_pct(self) -> float | None:
        """Mean net return of the eligible market bought on the same days and held the same way."""
        return self.record.base_pct if self.record is not None else None

    @property
    def excess_pct(self) -> Interval:
        """Mean of net return minus base."""
        return self.record.excess_pct if self.record is not None else NO_INTERVAL

    @property
    def label(self) -> str:
        """``CLOSE_PROXY`` where decision and purchase share one close."""
        return self.record.label if self.record is not None else ""


def counted_signals(signals: SignalSet, trades: TradeSet) -> npt.NDArray[np.bool_]:
    """Which signals are counted: repeats of a setup that still waits or is held are not (as in the engine's metrics)."""
    keep = np.zeros(len(signals), dtype=bool)
    busy_until: dict[tuple[str, int], int] = {}
    for k in np.lexsort((-signals.score, signals.row, signals.day)).tolist():
        name = (SignalKind(int(signals.kind[k])).strategy, int(signals.row[k]))
        if busy_until.get(name, -1) > signals.day[k]:
            continue
        keep[k] = True
        ended = int(trades.exit_day[k])
        busy_until[name] = ended if ended >= 0 else np.iinfo(np.int64).max
    return keep


def case_bars(strategy: str, study: tuple[StudyRow, ...], hold_bars: int) -> int:
    """Bars of the event study to quote beside a strategy: its holding limit, one bar where it is out again the next day."""
    if strategy != "VCP":
        return 1
    return max((row.bars for row in study if row.bars <= hold_bars), default=hold_bars)


def case_rows(study: tuple[StudyRow, ...], bars: int) -> dict[str, StudyRow]:
    """Rows of the event study from the entry price after a number of bars, by group."""
    return {row.group: row for row in study if row.start == CASE_START and row.bars == bars}


def group_rows(
    whole: Metrics,
    by_grade: tuple[tuple[int, Metrics], ...],
    by_gate: tuple[tuple[int, Metrics], ...],
    record: tuple[RecordRow, ...],
    study: tuple[StudyRow, ...],
    bars: int,
) -> tuple[GroupRow, ...]:
    """All trades, then grades, then gate statuses; beside each what its signals did beyond the index after ``bars``."""
    cases = case_rows(study, bars)

    def row(kind: Literal["all", "grade", "gate"], value: int, found: Metrics, case: StudyRow | None) -> GroupRow:
        beside = next((one for one in record if one.grade == value), None) if kind != "gate" else None
        return GroupRow(
            kind,
            value,
            found.closed,
            found.win_rate,
            found.mean_net_pct,
            found.few,
            beside.base_pct if beside is not None else None,
            beside.excess_pct if beside is not None else NO_INTERVAL,
            case.mean_pct if case is not None else NO_INTERVAL,
            case.n if case is not None else 0,
        )

    rows = [row("all", ALL, whole, cases.get("all"))]
    rows += [row("grade", value, found, cases.get(f"grade:{Grade(value).name}")) for value, found in by_grade]
    rows += [row("gate", value, found, cases.get(f"gate:{GateStatus(value).name}")) for value, found in by_gate]
    return tuple(rows)


def exit_rows(reasons: list[str], net_pct: FloatArray) -> tuple[ExitRow, ...]:
    """Reasons of ended signals with their mean net return, most frequent first. ``net_pct`` is NaN where nothing was bought."""
    total = len(reasons)
    found = []
    names = np.array(reasons, dtype=object)
    for name in dict.fromkeys(reasons):
        net = net_pct[names == name]
        known = net[np.isfinite(net)]
        mean = float(known.mean()) if len(known) > 1 else None
        found.append(ExitRow(name, len(net), 100.0 * len(net) / total, mean))
    return tuple(sorted(found, key=lambda row: (-row.n, row.reason)))


def window_rows(windows: tuple[WalkWindow, ...], days: Days) -> tuple[WindowRow, ...]:
    """Windows with the calendar days of their panel days; None for a day that ``days`` does not hold."""

    def span(first: int, last: int) -> tuple[date, date] | None:
        return (days[first].item(), days[last].item()) if 0 <= first <= last < len(days) else None

    return tuple(
        WindowRow(
            span(one.train_first, one.train_last),
            span(one.test_first, one.test_last),
            one.chosen,
            one.train_mean_pct,
            one.test_mean_pct,
            one.test_n,
        )
        for one in windows
    )


def report_of_result(result: BacktestResult, hold_bars: int) -> PerfReport:
    """A finished backtest. ``hold_bars`` is the holding limit of the rules, for the column beside the groups."""
    panel, signals, trades, found = result.panel, result.signals, result.trades, result.metrics
    days = panel.days.astype("datetime64[D]")
    counted = counted_signals(signals, trades)
    closed = counted & trades.closed
    ended = counted & (trades.reason != ExitReason.NONE)
    reasons = [ExitReason(int(reason)).name for reason in trades.reason[ended]]
    walk_net = result.walk.trades.net_pct[result.walk.trades.closed] if result.walk is not None else np.zeros(0)
    bars = case_bars(result.plan.strategy, result.study, hold_bars)
    span, traded = result.equity.day_index, bool(result.equity.taken.any())
    curve = Curve(days[span], result.equity.value_krw, result.equity.start_krw, result.equity.positions)
    return PerfReport(
        origin="run",
        name=result.plan.name,
        strategy=result.plan.strategy,
        first=days[int(span[0])].item(),
        last=days[int(span[-1])].item(),
        ruleset=result.ruleset,
        tries=result.tries,
        metrics=found,
        signals=found.signals,
        closed=found.closed,
        win_rate=found.win_rate,
        mean_pct=found.mean_net_pct,
        profit_factor=found.profit_factor,
        has_losses=found.has_losses,
        few=found.few,
        cumulative_pct=result.equity.cumulative_pct if traded else None,
        max_drawdown_pct=result.equity.max_drawdown_pct if traded else None,
        sharpe=result.equity.sharpe if traded else None,
        kospi_pct=result.equity.kospi_pct,
        kosdaq_pct=result.equity.kosdaq_pct,
        record=next((row for row in result.record if row.grade == ALL), None),
        groups=group_rows(found, result.by_grade, result.by_gate, result.record, result.study, bars),
        exits=exit_rows(reasons, trades.net_pct[ended]),
        net_pct=trades.net_pct[closed],
        net_days=days[trades.exit_day[closed]],
        curve=curve if traded else None,
        study=result.study,
        windows=window_rows(result.walk.windows, days) if result.walk is not None else (),
        walked=result.walk is not None,
        walk_n=len(walk_net),
        walk_mean_pct=float(walk_net.mean()) if len(walk_net) > 1 else None,
        notes=result.notes,
        case_bars=bars,
        run_id=result.stored_id,
        traded=traded,
    )
