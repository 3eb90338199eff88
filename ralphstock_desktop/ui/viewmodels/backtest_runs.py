"""Rows of the list of stored backtests, and two or three of them side by side. Pure functions over what was stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.model.instants import kst_datetime
from engine.model.panel import FloatArray
from ralphstock_desktop.strategy_ports import BacktestSummary, StoredBacktest
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.perf_report import Days, PerfReport
from ralphstock_desktop.ui.viewmodels.perf_stored import plan_day, report_of_stored
from ralphstock_desktop.ui.viewmodels.perf_words import INFINITE, strategy_name
from ralphstock_desktop.wording import format as fmt

__all__ = ["LETTERS", "MOST_COMPARED", "CompareRow", "Comparison", "RunLine", "compare_runs", "run_line"]

MOST_COMPARED = 3
LETTERS = "ABC"
_Text = tuple[str, str]
"""(words, colour token)"""


@dataclass(frozen=True, slots=True)
class RunLine:
    """One stored run as the list shows it: cells in the order of the columns, and its tooltip."""

    run_id: int
    cells: tuple[_Text, ...]
    tip: str


def _percent(value: float | None, decimals: int = 2, *, plus: bool = True) -> str:
    return fmt.MISSING if value is None else fmt.percent(value, decimals, plus=plus)


def _profit(summary: BacktestSummary) -> str:
    """Without a losing trade the profit factor is infinite; without a trade there is none."""
    if summary.profit_factor is not None:
        return fmt.ratio(summary.profit_factor)
    return INFINITE if summary.total_trades and not summary.losing else fmt.MISSING


def _cases(look: Appearance, count: int, few: bool) -> str:
    """The number of trades; too few say so in words, not by colour alone."""
    return look.tr("backtest_panel.few_cases", count=fmt.number(count)) if few else fmt.number(count)


def run_line(look: Appearance, summary: BacktestSummary, few_trades: int) -> RunLine:
    """Name, time, strategy, rule set, n, win rate, total, drawdown, Sharpe, profit factor, tries."""
    config = summary.config
    tries = config.get("tries")
    few = summary.total_trades < few_trades
    total = summary.total_return_pct
    first, last = plan_day(config, "first"), plan_day(config, "last")
    period = f"{first or fmt.MISSING} ~ {last or fmt.MISSING}"
    cells: tuple[_Text, ...] = (
        (summary.config_name, "text"),
        (kst_datetime(summary.created_ns).strftime("%Y-%m-%d %H:%M"), "text-secondary"),
        (strategy_name(look, str(config.get("strategy", ""))), "text"),
        (period, "text-secondary"),
        (summary.ruleset, "text-secondary"),
        (_cases(look, summary.total_trades, few), "warning" if few else "text"),
        (_percent(summary.win_rate, 1, plus=False), "text"),
        (_percent(total), "text-muted" if total is None else look.direction_token(total)),
        (_percent(summary.max_drawdown_pct, plus=False), "text"),
        (fmt.MISSING if summary.sharpe is None else fmt.number(summary.sharpe, 2), "text"),
        (_profit(summary), "text"),
        (fmt.number(float(tries)) if isinstance(tries, int) else fmt.MISSING, "text-secondary"),
    )
    tip = look.tr("backtest_panel.few_tip", count=summary.total_trades, need=few_trades) if few else ""
    return RunLine(summary.id, cells, tip)


@dataclass(frozen=True, slots=True)
class CompareRow:
    """One figure of the runs side by side; ``differences`` are those of the second and third to the first."""

    label: str
    values: tuple[str, ...]
    differences: tuple[_Text, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two or three runs: figures with differences, curves in percent, and what makes them hard to compare."""

    reports: tuple[PerfReport, ...]
    rows: tuple[CompareRow, ...]
    curves: tuple[tuple[Days, FloatArray], ...]
    warnings: tuple[str, ...]


def compare_runs(look: Appearance, runs: Sequence[StoredBacktest], hold_bars: int, few_trades: int) -> Comparison:
    """Lay runs side by side; the first one is what the others differ from."""
    reports = tuple(report_of_stored(run, hold_bars, few_trades) for run in runs)
    tr = look.tr

    def row(key: str, value: Callable[[PerfReport], float | None], write: Callable[[float], str], unit: str) -> CompareRow:
        found = [value(report) for report in reports]
        texts = [tr("performance.unknown") if one is None else write(one) for one in found]
        return CompareRow(tr(f"performance.figure.{key}"), tuple(texts), tuple(_gap(found[0], one, unit) for one in found[1:]))

    def signed(value: float) -> str:
        return fmt.percent(value)

    points = tr("backtest_panel.points")
    rows = (
        row("n", lambda one: float(one.closed), fmt.number, ""),
        row("win_rate", lambda one: one.win_rate.value, lambda value: fmt.percent(value, 1, plus=False), points),
        row("mean", lambda one: one.mean_pct.value, signed, points),
        row("excess", lambda one: one.excess_pct.value, signed, points),
        row("profit_factor", lambda one: one.profit_factor, fmt.ratio, "×"),
        row("total", lambda one: one.cumulative_pct, signed, points),
        row("drawdown", lambda one: one.max_drawdown_pct, lambda value: fmt.percent(value, plus=False), points),
        row("sharpe", lambda one: one.sharpe, lambda value: fmt.number(value, 2), ""),
        row("kospi", lambda one: one.kospi_pct, signed, points),
        row("tries", lambda one: None if one.tries is None else float(one.tries), fmt.number, ""),
    )
    curves = tuple(
        (report.curve.days, report.curve.return_pct)
        if report.curve is not None
        else (np.zeros(0, dtype="datetime64[D]"), np.zeros(0))
        for report in reports
    )
    return Comparison(reports, rows, curves, _warnings(look, runs, reports, few_trades))


def _gap(first: float | None, other: float | None, unit: str) -> _Text:
    if first is None or other is None:
        return fmt.MISSING, "text-muted"
    decimals = 0 if not unit and first == round(first) and other == round(other) else 2
    return f"{fmt.signed(other - first, decimals)}{unit}", "text"


def _warnings(
    look: Appearance, runs: Sequence[StoredBacktest], reports: Sequence[PerfReport], few_trades: int
) -> tuple[str, ...]:
    """What a reader must know before he believes a difference."""
    found = []
    if len({(report.first, report.last) for report in reports}) > 1:
        found.append(look.tr("backtest_panel.compare.period"))
    if len({report.strategy for report in reports}) > 1:
        found.append(look.tr("backtest_panel.compare.strategy"))
    if len({run.summary.data_cutoff_ns for run in runs}) > 1:
        found.append(look.tr("backtest_panel.compare.cutoff"))
    if any(report.few for report in reports):
        found.append(look.tr("backtest_panel.compare.few", need=few_trades))
    return tuple(found)
