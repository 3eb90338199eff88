"""A finished backtest as the repository keeps it, and as a spreadsheet reads it."""

from __future__ import annotations

import csv
import dataclasses
import io
from datetime import date
from typing import Any

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.gate import GateStatus
from engine.model.performance import ExitReason, SignalKind
from engine.model.scan import Grade
from engine.performance.life import first_signals
from engine.thresholds import Rules
from ralphstock_desktop.services.backtest_work import day_date
from ralphstock_desktop.services.strategy_contracts import BacktestResult
from ralphstock_desktop.strategy_ports import BacktestSummary, StoredBacktest

__all__ = ["to_stored", "trades_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters a spreadsheet would take for a formula."""


def to_stored(result: BacktestResult, rules: Rules, now_ns: int, code_version: str) -> StoredBacktest:
    """A result as the repository keeps it: summary, curve, and the trades that were filled."""
    panel, plan = result.panel, result.plan
    last = int(result.equity.day_index[-1])
    shown = result.metrics
    config: dict[str, Any] = {
        "strategy": plan.strategy,
        "first": plan.first.isoformat(),
        "last": plan.last.isoformat(),
        "changes": dict(plan.changes),
        "start_krw": plan.start_krw,
        "walk_forward": plan.walk_forward,
        "search": [[name, list(values)] for name, values in plan.search],
        "executor": plan.executor,
        "code_version": code_version,
        "tries": result.tries,
        "kospi_pct": result.equity.kospi_pct,
        "kosdaq_pct": result.equity.kosdaq_pct,
        "notes": [[key, fields] for key, fields in result.notes],
        "report": {
            "metrics": dataclasses.asdict(result.metrics),
            "by_grade": [[value, dataclasses.asdict(found)] for value, found in result.by_grade],
            "by_gate": [[value, dataclasses.asdict(found)] for value, found in result.by_gate],
            "study": [dataclasses.asdict(row) for row in result.study],
            "record": [dataclasses.asdict(row) for row in result.record],
        },
    }
    if result.walk is not None:
        config["windows"] = [dataclasses.asdict(window) for window in result.walk.windows]
    return StoredBacktest(
        summary=BacktestSummary(
            id=0,
            config_name=plan.name,
            config=config,
            ruleset=result.ruleset,
            data_cutoff_ns=DEFAULT_SESSIONS.official_bar_ns(day_date(panel, last)),
            seed=rules.life.seed,
            total_trades=shown.closed,
            winning=shown.wins,
            losing=shown.closed - shown.wins,
            win_rate=shown.win_rate.value,
            total_return_pct=result.equity.cumulative_pct,
            max_drawdown_pct=result.equity.max_drawdown_pct,
            sharpe=result.equity.sharpe,
            profit_factor=shown.profit_factor,
            created_ns=now_ns,
        ),
        equity_days=tuple(day_date(panel, int(day)).isoformat() for day in result.equity.day_index),
        equity_krw=tuple(float(value) for value in result.equity.value_krw),
        trades=_trade_columns(result, rules),
    )


def _trade_columns(result: BacktestResult, rules: Rules) -> dict[str, list[Any]]:
    """Filled trades column by column, with the names of :class:`TradeRecord` where it has them."""
    panel, signals, trades = result.panel, result.signals, result.trades
    filled = np.flatnonzero(trades.entry_day >= 0)
    counted = first_signals(signals, trades)
    model = f"{rules.cost.commission_pct:g}+{rules.cost.slippage_pct:g}"
    columns: dict[str, list[Any]] = {name: [] for name in (
        "ticker", "entry_ns", "entry_krw", "exit_ns", "exit_krw", "exit_reason", "gross_pct", "net_pct", "holding_bars",
        "tax_pct", "cost_model", "signal_date", "kind", "grade", "score", "gate", "risk_multiple", "taken", "counted",
    )}  # fmt: skip
    for k in filled.tolist():
        ended = trades.exit_day[k] >= 0
        row = {
            "ticker": str(panel.tickers[signals.row[k]]),
            "entry_ns": _instant(panel.days, int(trades.entry_day[k])),
            "entry_krw": _number(trades.entry_price[k]),
            "exit_ns": _instant(panel.days, int(trades.exit_day[k])) if ended else None,
            "exit_krw": _number(trades.exit_price[k]),
            "exit_reason": ExitReason(int(trades.reason[k])).name if ended else "",
            "gross_pct": _number(trades.gross_pct[k]),
            "net_pct": _number(trades.net_pct[k]),
            "holding_bars": int(trades.holding_bars[k]),
            "tax_pct": _number(trades.tax_pct[k]),
            "cost_model": model,
            "signal_date": day_date(panel, int(signals.day[k])).isoformat(),
            "kind": SignalKind(int(signals.kind[k])).name,
            "grade": Grade(int(signals.grade[k])).name,
            "score": _number(signals.score[k]),
            "gate": GateStatus(int(signals.gate[k])).name,
            "risk_multiple": _number(trades.risk_multiple[k]),
            "taken": bool(result.equity.taken[k]),
            "counted": bool(counted[k]),
        }
        for name, value in row.items():
            columns[name].append(value)
    return columns


def _instant(days: Any, day: int) -> int:
    """The close of a day: daily bars do not say when within it."""
    found: date = days[day].astype("datetime64[D]").item()
    return DEFAULT_SESSIONS.close_ns(found)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def trades_csv(result: BacktestResult) -> str:
    """One line a signal, in the order of the signals; empty cells where there is nothing. Prices in won, returns in percent."""
    panel, signals, trades = result.panel, result.signals, result.trades
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(
        "ticker name strategy kind signal_date grade score gate entry_krw stop_krw target_krw fill_date fill_krw exit_date "
        "exit_krw exit_reason holding_bars gross_pct net_pct tax_pct risk_multiple factor taken".split()
    )
    for k in range(len(signals)):
        kind = SignalKind(int(signals.kind[k]))
        writer.writerow(
            [
                str(panel.tickers[signals.row[k]]),
                _cell(str(panel.names[signals.row[k]])),
                kind.strategy,
                kind.name,
                _day(panel.days, int(signals.day[k])),
                Grade(int(signals.grade[k])).name,
                _plain(signals.score[k]),
                GateStatus(int(signals.gate[k])).name,
                *(_plain(values[k]) for values in (signals.entry, signals.stop, signals.target)),
                _day(panel.days, int(trades.entry_day[k])),
                _plain(trades.entry_price[k]),
                _day(panel.days, int(trades.exit_day[k])),
                _plain(trades.exit_price[k]),
                ExitReason(int(trades.reason[k])).name if trades.reason[k] else "",
                int(trades.holding_bars[k]) if trades.entry_day[k] >= 0 else "",
                *(
                    _plain(v[k])
                    for v in (trades.gross_pct, trades.net_pct, trades.tax_pct, trades.risk_multiple, trades.factor)
                ),
                int(result.equity.taken[k]),
            ]
        )
    return text.getvalue()


def _day(days: Any, day: int) -> str:
    return str(days[day].astype("datetime64[D]")) if day >= 0 else ""


def _plain(value: float) -> str:
    """Shortest decimal form; empty where missing."""
    return "" if not np.isfinite(value) else f"{float(value):.10g}"


def _cell(text: str) -> str:
    """A name that a spreadsheet cannot take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
