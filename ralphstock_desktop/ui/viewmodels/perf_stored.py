"""Stored backtests and stored signals as performance reports, and stored trades as CSV.

A stored run keeps its summary, curve and trades; where its configuration also holds the ``report`` (metrics with intervals,
groups, study, record) everything is shown again, else what is missing stays missing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

import numpy as np

from engine.model.instants import day_of
from engine.model.panel import FloatArray
from engine.model.performance import Interval, Metrics, RecordRow, StudyRow, WalkWindow
from engine.model.scan import Grade
from ralphstock_desktop.services.strategy_contracts import RecordTable
from ralphstock_desktop.strategy_ports import SignalRecord, StoredBacktest
from ralphstock_desktop.ui.viewmodels.perf_report import (
    ALL,
    NO_INTERVAL,
    Curve,
    Days,
    ExitRow,
    GroupRow,
    Notes,
    PerfReport,
    WindowRow,
    case_bars,
    exit_rows,
    group_rows,
    window_rows,
)

__all__ = ["plan_day", "report_of_signals", "report_of_stored", "stored_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a text that a spreadsheet would take for a formula."""


# -- what a configuration keeps -------------------------------------------------------------------------------------------


def plan_day(config: dict[str, Any], name: str) -> date | None:
    """A day of a stored plan (``first`` or ``last``); None where it is not one."""
    try:
        return date.fromisoformat(str(config.get(name, "")))
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _interval(raw: Any) -> Interval:
    if not isinstance(raw, dict):
        return NO_INTERVAL
    return Interval(_number(raw.get("value")), _number(raw.get("low")), _number(raw.get("high")))


def _metrics(raw: dict[str, Any]) -> Metrics:
    values = dict(raw)
    for name in ("win_rate", "mean_net_pct", "expectancy_r"):
        values[name] = _interval(raw.get(name))
    values["by_reason"] = tuple((str(reason), int(count)) for reason, count in raw.get("by_reason", ()))
    return Metrics(**values)


def _study(raw: dict[str, Any]) -> StudyRow:
    return StudyRow(**{**raw, "mean_pct": _interval(raw.get("mean_pct"))})


def _record(raw: dict[str, Any]) -> RecordRow:
    names = ("mean_net_pct", "win_rate", "excess_pct")
    return RecordRow(**{**raw, **{name: _interval(raw.get(name)) for name in names}})


class _Kept:
    """The ``report`` of a configuration; empty where an older program stored the run, or it cannot be read."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.metrics: Metrics | None = None
        self.by_grade: tuple[tuple[int, Metrics], ...] = ()
        self.by_gate: tuple[tuple[int, Metrics], ...] = ()
        self.study: tuple[StudyRow, ...] = ()
        self.record: tuple[RecordRow, ...] = ()
        raw = config.get("report")
        if not isinstance(raw, dict):
            return
        try:
            study = tuple(_study(row) for row in raw["study"])
            record = tuple(_record(row) for row in raw["record"])
            by_grade = tuple((int(value), _metrics(row)) for value, row in raw["by_grade"])
            by_gate = tuple((int(value), _metrics(row)) for value, row in raw["by_gate"])
            self.metrics = _metrics(raw["metrics"])
        except (KeyError, TypeError, ValueError):
            return  # another program's report: the summary still speaks
        self.study, self.record, self.by_grade, self.by_gate = study, record, by_grade, by_gate


def _notes(config: dict[str, Any]) -> Notes:
    found = []
    for item in config.get("notes", ()):
        if isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[1], dict):
            found.append((str(item[0]), dict(item[1])))
    return tuple(found)


def _windows(config: dict[str, Any], days: Sequence[str]) -> tuple[WindowRow, ...]:
    """Windows with their days: the curve begins on the first training day, so panel days count from there."""
    try:
        windows = tuple(WalkWindow(**raw) for raw in config.get("windows", ()))
    except TypeError:
        return ()
    if not windows:
        return ()
    begin = windows[0].train_first
    moved = tuple(
        WalkWindow(
            one.train_first - begin, one.train_last - begin, one.test_first - begin, one.test_last - begin,
            one.chosen, one.train_mean_pct, one.test_mean_pct, one.test_n,
        )
        for one in windows
    )  # fmt: skip
    return window_rows(moved, np.array(days, dtype="datetime64[D]"))


# -- stored runs ----------------------------------------------------------------------------------------------------------


def _returns(trades: dict[str, list[Any]]) -> tuple[FloatArray, Days, list[str], bool]:
    """Net return, day of the sale and reason of each counted closed trade; whether repeats may be among them."""
    net = [np.nan if value is None else float(value) for value in trades.get("net_pct", [])]
    exits, reasons = trades.get("exit_ns", []), trades.get("exit_reason", [])
    counted = trades.get("counted")
    kept = [
        k
        for k in range(min(len(net), len(exits), len(reasons)))
        if exits[k] is not None and (counted is None or counted[k]) and np.isfinite(net[k])
    ]
    days = np.array([day_of(int(exits[k])) for k in kept], dtype="datetime64[D]")
    return np.array([net[k] for k in kept], dtype=np.float64), days, [str(reasons[k]) for k in kept], counted is None


def report_of_stored(stored: StoredBacktest, hold_bars: int, few_trades: int) -> PerfReport:
    """A stored run. Exits of signals that were never filled are counted where the report is kept."""
    summary, config = stored.summary, stored.summary.config
    kept = _Kept(config)
    net, days, reasons, with_repeats = _returns(stored.trades)
    exits = exit_rows(reasons, net)
    if kept.metrics is not None:
        means = {row.reason: row.mean_pct for row in exits}
        total = sum(count for _, count in kept.metrics.by_reason)
        exits = tuple(
            ExitRow(name, count, 100.0 * count / total, means.get(name))
            for name, count in sorted(kept.metrics.by_reason, key=lambda item: (-item[1], item[0]))
        )
    found = kept.metrics
    few = summary.total_trades < few_trades
    mean = found.mean_net_pct if found is not None else NO_INTERVAL
    win = found.win_rate if found is not None else Interval(summary.win_rate)
    groups: tuple[GroupRow, ...] = ()
    strategy = str(config.get("strategy", ""))
    bars = case_bars(strategy, kept.study, hold_bars)
    if found is not None:
        groups = group_rows(found, kept.by_grade, kept.by_gate, kept.record, kept.study, bars)
    start = _number(config.get("start_krw"))
    curve = None
    taken = stored.trades.get("taken")
    traded = taken is None or any(taken)
    if stored.equity_days and start and traded:
        krw = np.array(stored.equity_krw, dtype=np.float64)
        curve = Curve(np.array(stored.equity_days, dtype="datetime64[D]"), krw, start)
    tries = config.get("tries")
    windows = _windows(config, stored.equity_days)
    return PerfReport(
        origin="stored",
        name=summary.config_name,
        strategy=strategy,
        first=date.fromisoformat(stored.equity_days[0]) if stored.equity_days else plan_day(config, "first"),
        last=date.fromisoformat(stored.equity_days[-1]) if stored.equity_days else plan_day(config, "last"),
        ruleset=summary.ruleset,
        tries=int(tries) if isinstance(tries, int) else None,
        metrics=found,
        signals=found.signals if found is not None else None,
        closed=summary.total_trades,
        win_rate=win,
        mean_pct=mean,
        profit_factor=summary.profit_factor,
        has_losses=found.has_losses if found is not None else summary.losing > 0,
        few=few,
        cumulative_pct=summary.total_return_pct if traded else None,
        max_drawdown_pct=summary.max_drawdown_pct if traded else None,
        sharpe=summary.sharpe if traded else None,
        kospi_pct=_number(config.get("kospi_pct")),
        kosdaq_pct=_number(config.get("kosdaq_pct")),
        record=next((row for row in kept.record if row.grade == ALL), None),
        groups=groups,
        exits=exits,
        net_pct=net,
        net_days=days,
        curve=curve,
        study=kept.study,
        windows=windows,
        walked="windows" in config,
        walk_n=sum(row.test_n for row in windows),
        walk_mean_pct=None,
        notes=_notes(config),
        case_bars=bars,
        run_id=summary.id,
        traded=traded,
        with_repeats=with_repeats,
    )


def stored_csv(stored: StoredBacktest) -> str:
    """Trades of a stored run as CSV, one line a trade, columns as stored; begins with the mark that says UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = list(stored.trades)
    writer.writerow(names)
    for values in zip(*(stored.trades[name] for name in names), strict=True):
        writer.writerow(_plain(value) for value in values)
    return "\ufeff" + text.getvalue()


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


# -- stored signals -------------------------------------------------------------------------------------------------------


def report_of_signals(records: Sequence[SignalRecord], table: RecordTable | None, strategy: str, few_trades: int) -> PerfReport:
    """What the rules made of the stored signals of a strategy; superseded ones left out.

    Means carry no interval here. Interval and base rate are those of the record over all data, beside each grade.
    """
    mine = [one for one in records if one.signal.strategy == strategy and not one.signal.superseded]
    done = [one for one in mine if one.rule_trade is not None and one.rule_trade.exit_ns is not None]
    nets = [(one, one.rule_trade.net_pct) for one in done if one.rule_trade is not None and one.rule_trade.net_pct is not None]
    net = np.array([value for _, value in nets], dtype=np.float64)
    exits_ns = [one.rule_trade.exit_ns for one, _ in nets if one.rule_trade is not None and one.rule_trade.exit_ns is not None]
    closed = len(net)
    ended = [one for one in mine if one.close_reason or (one.rule_trade is not None and one.rule_trade.exit_reason)]
    reasons = [one.close_reason or (one.rule_trade.exit_reason if one.rule_trade is not None else "") for one in ended]
    gains = [
        one.rule_trade.net_pct if one.rule_trade is not None and one.rule_trade.net_pct is not None else np.nan for one in ended
    ]
    grades = [str(one.signal.values.get("grade", "")) for one, _ in nets]
    rows = table.rows if table is not None else ()
    beside = {row.grade: row for row in rows if row.strategy == strategy}
    dates = [one.signal.signal_date for one in mine]
    losses, wins = net[net < 0.0], net[net > 0.0]

    def group(kind: Literal["all", "grade"], value: int, chosen: FloatArray) -> GroupRow:
        record = beside.get(value)
        shown = len(chosen) > 1
        return GroupRow(
            kind,
            value,
            len(chosen),
            Interval(100.0 * np.count_nonzero(chosen > 0.0) / len(chosen)) if shown else NO_INTERVAL,
            Interval(float(chosen.mean())) if shown else NO_INTERVAL,
            len(chosen) < few_trades,
            record.base_pct if record is not None else None,
            record.excess_pct if record is not None else NO_INTERVAL,
            NO_INTERVAL,
            0,
        )

    groups = [group("all", ALL, net)]
    for grade in sorted((g for g in Grade if g.name in grades), reverse=True):
        groups.append(group("grade", int(grade), net[np.array(grades) == grade.name]))
    record = beside.get(ALL)
    return PerfReport(
        origin="signals",
        name="",
        strategy=strategy,
        first=min(dates) if dates else None,
        last=max(dates) if dates else None,
        ruleset=table.ruleset if table is not None else "",
        tries=record.tries if record is not None else None,
        metrics=None,
        signals=len(mine),
        closed=closed,
        win_rate=groups[0].win_rate,
        mean_pct=groups[0].mean_pct,
        profit_factor=float(wins.sum() / -losses.sum()) if len(losses) else None,
        has_losses=bool(len(losses)),
        few=closed < few_trades,
        cumulative_pct=None,
        max_drawdown_pct=None,
        sharpe=None,
        kospi_pct=None,
        kosdaq_pct=None,
        record=record,
        groups=tuple(groups),
        exits=exit_rows(reasons, np.array(gains, dtype=np.float64)) if reasons else (),
        net_pct=net,
        net_days=np.array([day_of(int(at)) for at in exits_ns], dtype="datetime64[D]"),
        curve=None,
        study=(),
        windows=(),
        walked=False,
        walk_n=0,
        walk_mean_pct=None,
        notes=table.notes if table is not None else (),
    )
