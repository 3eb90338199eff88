"""One backtest from plan to result: scans of the period, lives, metrics, curve, study, record and walk-forward. Blocking."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from engine.asof.view import known_days
from engine.model.errors import DataUnavailable
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.performance import Metrics, SignalKind, SignalSet, TradeSet
from engine.model.scan import Grade
from engine.performance import acceleration
from engine.performance.equity import equity_curve
from engine.performance.life import bars_of, first_signals, follow
from engine.performance.metrics import metrics
from engine.performance.record import records
from engine.performance.study import event_study
from engine.performance.walk_forward import TRAIN_DAYS, walk_forward
from engine.thresholds import Rules
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.backtest_records import Note, data_notes, strategy_notes
from ralphstock_desktop.services.backtest_work import (
    BacktestMarket,
    DayScans,
    day_parts,
    joined_scans,
    scan_part,
    universe_of,
    with_gate,
)
from ralphstock_desktop.services.strategy_contracts import BacktestPlan, BacktestResult
from ralphstock_desktop.strategy_ports import Executor

__all__ = ["run_backtest"]


def run_backtest(
    market: BacktestMarket,
    plan: BacktestPlan,
    rule_sets: tuple[Rules, ...],
    as_of: AsOf,
    tries: int,
    executor: Executor | None,
    tell: Callable[[Progress], None],
) -> BacktestResult:
    """Run a plan and judge it. Blocking; nothing is stored.

    Parameters
    ----------
    rule_sets : tuple of Rules
        The plan's own rules first; further ones are searched in the walk-forward.
    as_of : AsOf
        No bar after it is read.
    executor : Executor | None
        Where the scans run; None runs them here.
    tell : callable
        Told how far it is; may raise ``UserCancelled``.

    Raises
    ------
    DataUnavailable
        If no trading day of the plan's period is known.
    """
    begin = time.perf_counter()
    panel, rules = market.panel, rule_sets[0]
    first = int(np.searchsorted(panel.days, np.datetime64(plan.first, "D")))
    last = min(panel.day_index(plan.last), known_days(panel, as_of).bar)
    if first > last:
        raise DataUnavailable(
            f"No trading day from {plan.first} to {plan.last} is in the data.",
            key="error.backtest_days",
            first=plan.first.isoformat(),
            last=plan.last.isoformat(),
        )
    scans = _scan(market, plan, rule_sets, first, last, executor, tell)
    tell(Progress("progress.backtest_judge", 0, 0))
    acceleration.accelerate()
    ready = bars_of(panel)
    lives = [
        follow(panel, signals, rule_set, last, bars=ready) for signals, rule_set in zip(scans.signals, rule_sets, strict=True)
    ]
    signals, trades = scans.signals[0], lives[0]
    new = first_signals(signals, trades)
    counted, done = signals.where(new), trades.where(new)
    equity = equity_curve(panel, signals, trades, rules, plan.start_krw, market.series, first, last)
    walk = None
    if plan.walk_forward or len(rule_sets) > 1:
        pairs = zip(scans.signals, lives, strict=True)
        candidates = {rule.ruleset_id: pair for rule, pair in zip(rule_sets, pairs, strict=True)}
        walk = walk_forward(candidates, first, last, rules, tries)
    tell(Progress("progress.backtest_judge", 1, 2))
    universe = universe_of(market, plan.strategy, scans, rules)
    record = records(panel, signals, trades, rules, tries, universe, last, bars=ready)
    study = event_study(panel, signals, rules, market.series, last)
    return BacktestResult(
        plan=plan,
        ruleset=rules.ruleset_id,
        panel=panel,
        signals=signals,
        trades=trades,
        metrics=metrics(counted, done, rules),
        by_grade=_grouped(counted, done, rules, counted.grade, (Grade.S, Grade.A, Grade.B, Grade.C)),
        by_gate=_grouped(counted, done, rules, counted.gate, tuple(sorted(GateStatus, reverse=True))),
        equity=equity,
        study=study,
        record=record,
        walk=walk,
        tries=tries,
        seconds=time.perf_counter() - begin,
        notes=tuple(_notes(market, plan, first, last, signals, trades, new)),
    )


def _scan(
    market: BacktestMarket,
    plan: BacktestPlan,
    rule_sets: tuple[Rules, ...],
    first: int,
    last: int,
    executor: Executor | None,
    tell: Callable[[Progress], None],
) -> DayScans:
    """Signals of every day and rule set."""
    parts = day_parts(first, last)
    days = last - first + 1
    ready = with_gate(market, rule_sets)
    work = partial(scan_part, ready, plan.strategy, rule_sets)
    began = time.perf_counter()

    def on_done(done: int, count: int) -> None:
        left = (time.perf_counter() - began) / done * (count - done)
        tell(Progress("progress.backtest", min(days, days * done // count), days, seconds_left=left))

    tell(Progress("progress.backtest", 0, days))
    results: list[DayScans] = []
    if executor is not None:
        results.extend(executor.map(work, parts, on_done=on_done))
    else:
        for number, part in enumerate(parts):
            results.append(work(part))
            on_done(number + 1, len(parts))
    return joined_scans(results, rule_sets)


def _grouped(
    signals: SignalSet, trades: TradeSet, rules: Rules, values: Any, groups: tuple[Grade, ...] | tuple[GateStatus, ...]
) -> tuple[tuple[int, Metrics], ...]:
    """Metrics of every group that has a signal."""
    masks = [(int(group), values == group) for group in groups]
    return tuple((group, metrics(signals.where(mask), trades.where(mask), rules)) for group, mask in masks if mask.any())


def _notes(
    market: BacktestMarket, plan: BacktestPlan, first: int, last: int, signals: SignalSet, trades: TradeSet, new: Any
) -> list[Note]:
    """What must be known to read the result."""
    notes = data_notes(market, first, last) + strategy_notes(market, plan.strategy, first, last)
    if not acceleration.is_accelerated():
        notes.append(("record.note.no_base", {}))
    repeats = int(np.count_nonzero(~new))
    if repeats:
        notes.append(("record.note.repeats", {"count": repeats, "all": len(signals)}))
    lowest = {status: status.min_grade for status in GateStatus}
    blocked = 0
    for gate, grade in zip(signals.gate[new].tolist(), signals.grade[new].tolist(), strict=True):
        needed = lowest[GateStatus(gate)]
        blocked += needed is None or grade < needed
    if blocked:
        notes.append(("record.note.gate", {"count": blocked, "all": int(np.count_nonzero(new))}))
    waiting = int(np.count_nonzero(new & (trades.exit_day < 0) & (signals.kind != SignalKind.DAY_TRADE)))
    if waiting:
        notes.append(("record.note.open", {"count": waiting}))
    if (plan.walk_forward or plan.search) and last - first + 1 <= TRAIN_DAYS:
        notes.append(("record.note.short_walk", {"days": last - first + 1, "need": TRAIN_DAYS}))
    return notes
