"""Storing the signals of a scan so that history stays (domain.md §10.2, rules 1-4 and 7)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, insert, select, update

from engine.model.errors import ValidationFailed
from engine.thresholds import VcpThresholds
from ralphstock_desktop.data.schema.records import EXECUTION_COLUMNS, SCAN_RUN, SIGNAL, SIGNAL_REVISION
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.ports import ScanRecord, StoredSignal

__all__ = ["CANCELLED_AT_CLOSE", "ScanStored", "add_revision", "plain", "store_scan"]

_MIN_OPEN_COVERAGE = VcpThresholds().open_coverage
_KEY = ("strategy", "ticker", "signal_date", "ruleset")
_OWN = {"id", "run_id", "superseded_at", "created_at", "updated_at", *_KEY, *EXECUTION_COLUMNS}
_WAITING = frozenset({"WATCH", "PENDING"})
_LOOK_ONLY = frozenset({"PREVIEW", "FLOW_FINAL"})
"""Runs of the closing bet for watching and study: they never make, change or end a signal (domain.md §3.1)."""
CANCELLED_AT_CLOSE = "CANCELLED_AT_CLOSE"
_SCORE_COLUMNS = frozenset(column.name for column in SIGNAL.columns if column.name not in _OWN)


@dataclass(frozen=True, slots=True)
class ScanStored:
    """What storing a scan did."""

    run_id: int
    inserted: int
    updated: int
    unchanged: int
    kept: int
    """Signals in execution that got a revision only."""
    superseded: int
    """WATCH and PENDING signals the run no longer found."""
    revived: int
    """Superseded signals the run found again."""
    cancelled: int = 0
    """PRE_CLOSE candidates of the closing bet that the official bar did not confirm."""


def store_scan(context: WriteContext, run: ScanRecord, signals: Sequence[StoredSignal]) -> ScanStored:
    """Write the run and its signals in the open transaction.

    Fields of execution (status, phase, notes) are never touched. An ACTIVE or CLOSED signal gets a revision only. A COMPLETE
    run marks WATCH and PENDING signals of its strategy, day and rule set that it no longer finds as superseded; a PARTIAL or
    FAILED run marks none. The same scan stored twice changes nothing but ``scan_run``.

    Closing bet (domain.md §3.1): a candidate of PRE_CLOSE that a complete CONFIRMED run no longer finds becomes CLOSED with
    reason CANCELLED_AT_CLOSE, after a revision of the row. PREVIEW and FLOW_FINAL runs, and a PRE_CLOSE run that comes after a
    complete CONFIRMED one, are kept as runs only; FLOW_FINAL leaves its scores as revisions for study.

    Raises
    ------
    ValidationFailed
        If a signal belongs to another strategy, day or rule set, names a column that does not exist, or occurs twice.
    """
    _check(run, signals)
    run_id = _insert_run(context, run, signals)
    stored = _stored(context, run)
    tally = dict.fromkeys(("inserted", "updated", "unchanged", "kept", "revived", "superseded", "cancelled"), 0)
    if _is_look_only(context, run, run_id):
        for signal in signals:
            tally[_note_study(context, run_id, run, signal, stored.get(signal.ticker))] += 1
        return ScanStored(run_id=run_id, **tally)
    for signal in signals:
        before = stored.get(signal.ticker)
        tally[_store_one(context, run_id, signal, before)] += 1
        if before is not None and before["superseded_at"] is not None and before["phase"] in _WAITING and run.state != "FAILED":
            tally["revived"] += 1
            _set(context, before["id"], superseded_at=None)
    if run.state == "COMPLETE":
        found = {signal.ticker for signal in signals}
        confirmed = _confirmed_before(context, run, run_id)
        for ticker, row in stored.items():
            if ticker in found or row["phase"] not in _WAITING or row["superseded_at"] is not None:
                continue
            if run.strategy == "CLOSING_BET" and run.mode == "CONFIRMED" and ticker not in confirmed:
                tally["cancelled"] += 1
                add_revision(context, row["id"], plain(row), row["run_id"], CANCELLED_AT_CLOSE)
                _set(
                    context,
                    row["id"],
                    status="CLOSED",
                    phase="DONE",
                    close_reason=CANCELLED_AT_CLOSE,
                    ended_at=run.as_of.instant_ns,
                    updated_at=context.now_ns,
                )
            else:
                tally["superseded"] += 1
                _set(context, row["id"], superseded_at=run.as_of.instant_ns)
    return ScanStored(run_id=run_id, **tally)


def _is_look_only(context: WriteContext, run: ScanRecord, run_id: int) -> bool:
    if run.strategy != "CLOSING_BET":
        return False
    if run.mode in _LOOK_ONLY:
        return True
    if run.mode != "PRE_CLOSE":
        return False
    query = select(SCAN_RUN.c.id).where(*_same_day(run, run_id), SCAN_RUN.c.mode == "CONFIRMED", SCAN_RUN.c.state == "COMPLETE")
    return context.connection.execute(query.limit(1)).first() is not None


def _confirmed_before(context: WriteContext, run: ScanRecord, run_id: int) -> set[str]:
    """Tickers that an earlier CONFIRMED run of the day found: losing them later is a correction, not a cancelled order."""
    query = select(SCAN_RUN.c.found).where(*_same_day(run, run_id), SCAN_RUN.c.mode == "CONFIRMED")
    return {item[0] for found in context.connection.execute(query).scalars() for item in found or ()}


def _same_day(run: ScanRecord, run_id: int) -> tuple[Any, ...]:
    table = SCAN_RUN
    return (
        table.c.strategy == run.strategy,
        table.c.signal_date == run.signal_date,
        table.c.ruleset == run.ruleset,
        table.c.id != run_id,
    )


def _note_study(
    context: WriteContext, run_id: int, run: ScanRecord, signal: StoredSignal, before: dict[str, Any] | None
) -> str:
    """Keep what a FLOW_FINAL run says of a stored signal as a revision; nothing else of it is stored."""
    if before is None or run.mode != "FLOW_FINAL":
        return "unchanged"
    given = {name: plain(value) for name, value in signal.values.items()}
    record = plain({name: before[name] for name in _SCORE_COLUMNS} | given)
    if all(before[name] == value for name, value in given.items()) or _last_revision(context, before["id"]) == record:
        return "unchanged"
    add_revision(context, before["id"], record, run_id, "FLOW_FINAL")
    return "kept"


def _check(run: ScanRecord, signals: Sequence[StoredSignal]) -> None:
    seen: set[str] = set()
    for signal in signals:
        if (signal.strategy, signal.signal_date, signal.ruleset) != (run.strategy, run.signal_date, run.ruleset):
            raise ValidationFailed(
                f"The signal of {signal.ticker} is not of this run ({run.strategy} {run.signal_date} {run.ruleset}).",
                key="error.storage.signal_run",
                ticker=signal.ticker,
            )
        unknown = set(signal.values) - _SCORE_COLUMNS
        if unknown:
            raise ValidationFailed(
                f"The signal of {signal.ticker} has no column '{min(unknown)}'; further values go under 'details'.",
                key="error.storage.signal_column",
                ticker=signal.ticker,
                column=min(unknown),
            )
        if signal.ticker in seen:
            raise ValidationFailed(
                f"{signal.ticker} occurs twice in one scan.", key="error.storage.signal_twice", ticker=signal.ticker
            )
        coverage = signal.values.get("coverage")
        if signal.status == "OPEN" and (coverage is None or not coverage >= _MIN_OPEN_COVERAGE):
            raise ValidationFailed(
                f"The signal of {signal.ticker} has a coverage of {coverage}; below {_MIN_OPEN_COVERAGE:g} it may not be open "
                "(domain.md §0.3).",
                key="error.storage.signal_coverage",
                ticker=signal.ticker,
                coverage="" if coverage is None else float(coverage),
            )
        seen.add(signal.ticker)


def _insert_run(context: WriteContext, run: ScanRecord, signals: Sequence[StoredSignal]) -> int:
    values = {
        "strategy": run.strategy,
        "mode": run.mode,
        "signal_date": run.signal_date,
        "as_of": run.as_of.instant_ns,
        "ruleset": run.ruleset,
        "code_version": run.code_version,
        "universe_n": run.universe_n,
        "scored_n": run.scored_n,
        "missing_n": run.missing_n,
        "error_n": run.error_n,
        "started_at": run.started_ns,
        "finished_at": run.finished_ns,
        "state": run.state,
        "found": [[item.ticker, plain(item.values.get("grade")), plain(item.values.get("score"))] for item in signals],
    }
    return int(context.connection.execute(insert(SCAN_RUN).values(**values).returning(SCAN_RUN.c.id)).scalar_one())


def _stored(context: WriteContext, run: ScanRecord) -> dict[str, dict[str, Any]]:
    query = select(SIGNAL).where(
        SIGNAL.c.strategy == run.strategy, SIGNAL.c.signal_date == run.signal_date, SIGNAL.c.ruleset == run.ruleset
    )
    return {row.ticker: row._asdict() for row in context.connection.execute(query)}


def _store_one(context: WriteContext, run_id: int, signal: StoredSignal, before: dict[str, Any] | None) -> str:
    given = {name: plain(value) for name, value in signal.values.items()}
    if before is None:
        context.connection.execute(
            insert(SIGNAL).values(
                strategy=signal.strategy,
                ticker=signal.ticker,
                signal_date=signal.signal_date,
                ruleset=signal.ruleset,
                run_id=run_id,
                status=signal.status,
                phase=signal.phase,
                placed_phase=signal.phase,
                created_at=context.now_ns,
                updated_at=context.now_ns,
                **given,
            )
        )
        return "inserted"
    if all(before[name] == value for name, value in given.items()):
        return "unchanged"
    if before["phase"] in {"ACTIVE", "DONE"}:
        record = plain({name: before[name] for name in _SCORE_COLUMNS} | given)
        # the same finding again is no new revision
        if _last_revision(context, before["id"]) != record:
            add_revision(context, before["id"], record, run_id, "FOUND_IN_EXECUTION")
            return "kept"
        return "unchanged"
    add_revision(context, before["id"], plain(before), before["run_id"], "SCAN_UPDATE")
    _set(context, before["id"], run_id=run_id, updated_at=context.now_ns, **given)
    return "updated"


def _set(context: WriteContext, signal_id: int, **values: Any) -> None:
    context.connection.execute(update(SIGNAL).where(SIGNAL.c.id == signal_id).values(**values))


def _last_revision(context: WriteContext, signal_id: int) -> Any:
    table = SIGNAL_REVISION
    query = select(table.c.record).where(table.c.signal_id == signal_id).order_by(table.c.rev.desc()).limit(1)
    return context.connection.execute(query).scalar()


def add_revision(context: WriteContext, signal_id: int, record: dict[str, Any], run_id: int, reason: str) -> None:
    """Append a record to a signal's history."""
    table = SIGNAL_REVISION
    last = context.connection.execute(select(func.max(table.c.rev)).where(table.c.signal_id == signal_id)).scalar()
    context.connection.execute(
        insert(table).values(
            signal_id=signal_id, rev=(last or 0) + 1, record=record, run_id=run_id, reason=reason, created_at=context.now_ns
        )
    )


def plain(value: Any) -> Any:
    """Turn NumPy numbers and NaN into what a column holds; missing numbers become NULL. Dates inside structures become text."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(name): _json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value


def _json(value: Any) -> Any:
    simple = plain(value)
    return simple.isoformat() if isinstance(simple, date) else simple
