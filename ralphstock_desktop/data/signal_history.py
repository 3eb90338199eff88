"""Stored signals with their trades, as they were known at an instant, and the runs that found them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Literal, cast

from sqlalchemy import Connection, Select, select

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.instants import AsOf, day_of
from ralphstock_desktop.data.schema.records import (
    EXECUTION_COLUMNS,
    JOURNAL_ENTRY,
    SCAN_RUN,
    SIGNAL,
    SIGNAL_REVISION,
    TRADE,
)
from ralphstock_desktop.ports import ScanRecord, StoredSignal
from ralphstock_desktop.strategy_ports import RunRecord, SignalRecord, TradeRecord

__all__ = ["TRADE_COLUMNS", "placed_phase", "runs", "signal_records", "trade_values"]

TRADE_COLUMNS: dict[str, str] = {
    "entry_ns": "entry_time",
    "entry_krw": "entry_price",
    "qty": "qty",
    "exit_ns": "exit_time",
    "exit_krw": "exit_price",
    "exit_reason": "exit_reason",
    "gross_pct": "gross_pct",
    "net_pct": "net_pct",
    "holding_bars": "holding_bars",
    "tax_pct": "tax_rate",
    "cost_model": "cost_model",
}
"""Fields of :class:`TradeRecord` and the columns of ``trade``, ``journal_entry`` and ``backtest_trade`` that hold them."""

_NOT_VALUES = {
    "id", "run_id", "strategy", "ticker", "signal_date", "ruleset", "created_at", "updated_at", "superseded_at",
    *EXECUTION_COLUMNS,
}  # fmt: skip
_VALUES = tuple(column.name for column in SIGNAL.columns if column.name not in _NOT_VALUES)


def trade_values(trade: TradeRecord) -> dict[str, Any]:
    """Columns of a trade."""
    return {column: getattr(trade, name) for name, column in TRADE_COLUMNS.items()}


def placed_phase(row: dict[str, Any]) -> str:
    """Phase of a signal before anything was bought; older rows do not say it, their quantity does."""
    return row["placed_phase"] or ("PENDING" if row["qty"] else "WATCH")


def signal_records(
    connection: Connection,
    *,
    strategy: str | None,
    ticker: str | None,
    status: str | None,
    first: date | None,
    last: date | None,
    with_superseded: bool,
    known_at_ns: int | None,
) -> tuple[SignalRecord, ...]:
    """Stored signals, newest day and best score first.

    With ``known_at_ns`` every record is what was known then: signals of later days and scores of later runs are left out, and
    entries, exits, notes and superseding that came later have not happened yet. Once the confirmed flows of a signal's day are
    known nothing that a run of that day may use is missing, so a run stored later counts as known from then on.
    """
    query = _query().where(
        *(SIGNAL.c[name] == value for name, value in (("strategy", strategy), ("ticker", ticker)) if value is not None)
    )
    if first is not None:
        query = query.where(SIGNAL.c.signal_date >= first)
    if last is not None:
        query = query.where(SIGNAL.c.signal_date <= last)
    if known_at_ns is None:
        if status is not None:
            query = query.where(SIGNAL.c.status == status)
        if not with_superseded:
            query = query.where(SIGNAL.c.superseded_at.is_(None))
    else:
        query = query.where(SIGNAL.c.signal_date <= day_of(known_at_ns))
    query = query.order_by(SIGNAL.c.signal_date.desc(), SIGNAL.c.score_pct.desc().nulls_last(), SIGNAL.c.ticker, SIGNAL.c.id)
    records = []
    for row in connection.execute(query).mappings():
        record = _record(connection, dict(row), known_at_ns)
        if record is None or (status is not None and record.signal.status != status):
            continue
        if with_superseded or not record.signal.superseded:
            records.append(record)
    return tuple(records)


def _query() -> Select[Any]:
    trade = [TRADE.c[column].label(f"rule_{column}") for column in TRADE_COLUMNS.values()]
    own = [
        JOURNAL_ENTRY.c[column].label(f"own_{column}") for column in (*TRADE_COLUMNS.values(), "taken", "note", "updated_at")
    ]
    return (
        select(SIGNAL, SCAN_RUN.c.as_of.label("run_as_of"), *trade, *own)
        .join(SCAN_RUN, SCAN_RUN.c.id == SIGNAL.c.run_id)
        .outerjoin(TRADE, TRADE.c.signal_id == SIGNAL.c.id)
        .outerjoin(JOURNAL_ENTRY, JOURNAL_ENTRY.c.signal_id == SIGNAL.c.id)
    )


def _record(connection: Connection, row: dict[str, Any], known_at_ns: int | None) -> SignalRecord | None:
    scores = row
    rule, own = _trade(row, "rule_"), _trade(row, "own_")
    taken, note, superseded = bool(row["own_taken"]), row["own_note"] or row["notes"] or "", row["superseded_at"]
    status, phase, reason = row["status"], row["phase"], row["close_reason"] or ""
    if known_at_ns is not None:
        earlier = _scores_known(connection, row, known_at_ns)
        if earlier is None:
            return None
        scores = earlier
        had_own = own is not None
        rule, own = _as_known(rule, known_at_ns), _as_known(own, known_at_ns)
        written = row["own_updated_at"] if row["own_updated_at"] is not None else row["updated_at"]
        taken = taken and (own is not None if had_own else written <= known_at_ns)
        note = note if written <= known_at_ns else ""
        superseded = superseded if superseded is not None and superseded <= known_at_ns else None
        ended = row["ended_at"]
        still_open = status == "CLOSED" and ended is not None and ended > known_at_ns
        if still_open or phase == "ACTIVE":
            holds = any(trade is not None and trade.exit_ns is None for trade in (rule, own))
            status, phase, reason = "OPEN", "ACTIVE" if holds or (taken and phase == "ACTIVE") else placed_phase(row), ""
    return SignalRecord(
        signal=StoredSignal(
            strategy=row["strategy"],
            ticker=row["ticker"],
            signal_date=row["signal_date"],
            ruleset=row["ruleset"],
            values={name: scores[name] for name in _VALUES if scores.get(name) is not None},
            status=status,
            phase=phase,
            superseded=superseded is not None,
            id=row["id"],
        ),
        created_ns=row["created_at"],
        updated_ns=row["updated_at"],
        trade=own if taken and own is not None else rule,
        taken=taken,
        note=note,
        rule_trade=rule,
        close_reason=reason if status == "CLOSED" else "",
    )


def _trade(row: dict[str, Any], prefix: str) -> TradeRecord | None:
    if row[f"{prefix}entry_price"] is None:
        return None
    fields = {name: row[prefix + column] for name, column in TRADE_COLUMNS.items()}
    return TradeRecord(
        signal_id=row["id"], **{**fields, "exit_reason": fields["exit_reason"] or "", "cost_model": fields["cost_model"] or ""}
    )


def _as_known(trade: TradeRecord | None, known_at_ns: int) -> TradeRecord | None:
    """The trade as far as it had come: None before its entry, without exit and result before its exit."""
    if trade is None or trade.entry_ns > known_at_ns:
        return None
    if trade.exit_ns is None or trade.exit_ns <= known_at_ns:
        return trade
    return replace(
        trade, exit_ns=None, exit_krw=None, exit_reason="", gross_pct=None, net_pct=None, holding_bars=None, tax_pct=None
    )


def _scores_known(connection: Connection, row: dict[str, Any], known_at_ns: int) -> dict[str, Any] | None:
    """Score columns of the last run up to an instant; None where no run had found the signal yet."""
    if row["run_as_of"] <= known_at_ns:
        return row
    table = SIGNAL_REVISION
    query = (
        select(table.c.record, SCAN_RUN.c.as_of)
        .join(SCAN_RUN, SCAN_RUN.c.id == table.c.run_id)
        .where(table.c.signal_id == row["id"], table.c.reason == "SCAN_UPDATE", SCAN_RUN.c.as_of <= known_at_ns)
        .order_by(table.c.rev.desc())
        .limit(1)
    )
    found = connection.execute(query).first()
    if found is not None:
        return dict(found.record)
    return row if DEFAULT_SESSIONS.confirmed_flow_ns(row["signal_date"]) <= known_at_ns else None


def runs(connection: Connection, strategy: str, signal_date: date) -> tuple[RunRecord, ...]:
    """Runs of a strategy for a day, newest first."""
    table = SCAN_RUN
    query = (
        select(table)
        .where(table.c.strategy == strategy, table.c.signal_date == signal_date)
        .order_by(table.c.as_of.desc(), table.c.started_at.desc(), table.c.id.desc())
    )
    result = []
    for row in connection.execute(query):
        found = tuple((str(ticker), str(grade or ""), score) for ticker, grade, score in row.found or ())
        record = ScanRecord(
            strategy=row.strategy,
            mode=row.mode,
            signal_date=row.signal_date,
            as_of=AsOf(row.as_of),
            ruleset=row.ruleset,
            code_version=row.code_version,
            universe_n=row.universe_n,
            scored_n=row.scored_n,
            missing_n=row.missing_n,
            error_n=row.error_n,
            started_ns=row.started_at,
            finished_ns=row.finished_at,
            state=cast(Literal["COMPLETE", "PARTIAL", "FAILED"], row.state),
        )
        result.append(RunRecord(row.id, record, tuple(ticker for ticker, _, _ in found), found))
    return tuple(result)
