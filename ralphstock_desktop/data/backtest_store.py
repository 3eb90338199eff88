"""Backtests in the repository: the summary, the curve and the trades, column by column as they were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from engine.model.errors import DataUnavailable, ValidationFailed
from ralphstock_desktop.data.schema.records import BACKTEST_RUN, BACKTEST_TRADE
from ralphstock_desktop.data.signal_history import TRADE_COLUMNS
from ralphstock_desktop.data.signal_writes import plain
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.strategy_ports import BacktestSummary, StoredBacktest

__all__ = ["backtest", "backtests", "delete_backtest", "store_backtest"]

_COLUMNS = {"ticker": "ticker", **TRADE_COLUMNS}
"""Trade columns with a place of their own, by the name services use; further ones are kept together in ``details``."""
_WHOLE = frozenset({"entry_ns", "entry_krw", "qty", "exit_ns", "exit_krw", "holding_bars"})


def store_backtest(context: WriteContext, now_ns: int, test: StoredBacktest) -> int:
    """Write a backtest; return its id.

    Raises
    ------
    ValidationFailed
        If the columns of the trades or of the curve are not equally long, or the trades name no ticker.
    """
    lengths = {len(column) for column in test.trades.values()}
    if len(lengths) > 1 or len(test.equity_days) != len(test.equity_krw) or (lengths - {0} and "ticker" not in test.trades):
        raise ValidationFailed(
            "The columns of a backtest must be equally long and name a ticker.", key="error.storage.backtest_columns"
        )
    summary = test.summary
    run_id = context.connection.execute(
        insert(BACKTEST_RUN)
        .values(
            config_name=summary.config_name,
            config=plain(summary.config),
            ruleset=summary.ruleset,
            data_cutoff=summary.data_cutoff_ns,
            seed=summary.seed,
            total_trades=summary.total_trades,
            winning=summary.winning,
            losing=summary.losing,
            **{name: plain(getattr(summary, name)) for name in _RESULTS},
            equity={"days": list(test.equity_days), "krw": plain(list(test.equity_krw)), "columns": list(test.trades)},
            created_at=summary.created_ns or now_ns,
        )
        .returning(BACKTEST_RUN.c.id)
    ).scalar_one()
    columns = {name: [plain(value) for value in column] for name, column in test.trades.items()}
    rows = [_trade_row(int(run_id), n, columns) for n in range(next(iter(lengths), 0))]
    if rows:
        context.connection.execute(insert(BACKTEST_TRADE), rows)
    return int(run_id)


_RESULTS = ("win_rate", "total_return_pct", "max_drawdown_pct", "sharpe", "profit_factor")


def _trade_row(run_id: int, n: int, columns: dict[str, list[Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {"run_id": run_id, "n": n, **dict.fromkeys(_COLUMNS.values())}
    details: dict[str, Any] = {}
    for name, column in columns.items():
        value = column[n]
        if name not in _COLUMNS:
            details[name] = plain([value])[0]
        elif name in _WHOLE and isinstance(value, float):
            row[_COLUMNS[name]] = round(value)
            if value != round(value):
                details[name] = value  # a price in another day's scale need not be whole
        else:
            row[_COLUMNS[name]] = value
    row["details"] = details
    return row


def backtests(connection: Connection, config_name: str | None) -> tuple[BacktestSummary, ...]:
    """Summaries, newest first."""
    query = select(BACKTEST_RUN)
    if config_name is not None:
        query = query.where(BACKTEST_RUN.c.config_name == config_name)
    rows = connection.execute(query.order_by(BACKTEST_RUN.c.created_at.desc(), BACKTEST_RUN.c.id.desc()))
    return tuple(_summary(row) for row in rows)


def backtest(connection: Connection, run_id: int) -> StoredBacktest:
    """One backtest with its curve and trades.

    Raises
    ------
    DataUnavailable
        If it is not stored.
    """
    row = connection.execute(select(BACKTEST_RUN).where(BACKTEST_RUN.c.id == run_id)).first()
    if row is None:
        raise _unknown(run_id)
    query = select(BACKTEST_TRADE).where(BACKTEST_TRADE.c.run_id == run_id).order_by(BACKTEST_TRADE.c.n)
    trades = connection.execute(query).all()
    names: Sequence[str] = row.equity.get("columns", list(_COLUMNS))
    return StoredBacktest(
        summary=_summary(row),
        equity_days=tuple(row.equity["days"]),
        equity_krw=tuple(row.equity["krw"]),
        trades={name: [_value(trade, name) for trade in trades] for name in names},
    )


def _value(trade: Row[Any], name: str) -> Any:
    details = trade.details or {}
    return details[name] if name in details else getattr(trade, _COLUMNS[name])


def delete_backtest(context: WriteContext, run_id: int) -> None:
    """Remove a backtest and its trades.

    Raises
    ------
    DataUnavailable
        If it is not stored.
    """
    context.connection.execute(delete(BACKTEST_TRADE).where(BACKTEST_TRADE.c.run_id == run_id))
    if context.connection.execute(delete(BACKTEST_RUN).where(BACKTEST_RUN.c.id == run_id)).rowcount != 1:
        raise _unknown(run_id)


def _unknown(run_id: int) -> DataUnavailable:
    return DataUnavailable(f"There is no backtest {run_id}.", key="error.storage.no_backtest", id=run_id)


def _summary(row: Row[Any]) -> BacktestSummary:
    return BacktestSummary(
        id=row.id,
        config_name=row.config_name,
        config=dict(row.config),
        ruleset=row.ruleset,
        data_cutoff_ns=row.data_cutoff,
        seed=row.seed or 0,
        total_trades=row.total_trades,
        winning=row.winning,
        losing=row.losing,
        created_ns=row.created_at,
        **{name: getattr(row, name) for name in _RESULTS},
    )
