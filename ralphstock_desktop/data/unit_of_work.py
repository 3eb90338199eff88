"""The write side of the repository inside one transaction; implements :class:`ralphstock_desktop.ports.UnitOfWork`.

A unit of work is handed out by :meth:`ralphstock_desktop.data.database.Database.unit_of_work`, which begins, commits and
rolls back; nothing here does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, insert, select, update

from engine.model.errors import DataUnavailable, StorageError
from engine.model.instruments import Designation, Symbol
from ralphstock_desktop.data import flow_writes, master_writes, news_writes, price_writes, signal_writes
from ralphstock_desktop.data.job_writes import put_job
from ralphstock_desktop.data.schema.market import IMPORT_RUN
from ralphstock_desktop.data.schema.records import SETTING, SIGNAL
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.live_ports import JobState
from ralphstock_desktop.ports import (
    ActionBatch,
    AdjustedBatch,
    DailyBatch,
    FlowBatch,
    ImportRecord,
    IndexBatch,
    MarketFlowBatch,
    MinuteBatch,
    NewsBatch,
    ScanRecord,
    StoredSignal,
    UpsertCount,
)

__all__ = ["SqlUnitOfWork"]


class SqlUnitOfWork:
    """All writes of one transaction. Valid inside its ``with`` block, on its thread."""

    def __init__(self, connection: Connection, *, durable: bool) -> None:
        self._context = WriteContext(connection)
        self._durable = durable

    # -- market data -------------------------------------------------------------------------------------------------

    def upsert_symbols(
        self, symbols: Sequence[Symbol], *, source: str, complete: bool, as_of: date | None = None
    ) -> UpsertCount:
        return master_writes.upsert_symbols(self._context, symbols, source=source, complete=complete, as_of=as_of)

    def upsert_designations(self, designations: Sequence[Designation], *, source: str) -> UpsertCount:
        return master_writes.upsert_designations(self._context, designations, source=source)

    def upsert_calendar(self, days: npt.NDArray[np.datetime64], is_open: npt.NDArray[np.bool_], *, source: str) -> UpsertCount:
        return master_writes.upsert_calendar(self._context, days, is_open, source=source)

    def upsert_daily(self, batch: DailyBatch) -> UpsertCount:
        return price_writes.upsert_daily(self._context, batch)

    def upsert_adjusted(self, batch: AdjustedBatch) -> UpsertCount:
        return price_writes.upsert_adjusted(self._context, batch)

    def upsert_actions(self, batch: ActionBatch) -> UpsertCount:
        return price_writes.upsert_actions(self._context, batch)

    def upsert_flows(self, batch: FlowBatch) -> UpsertCount:
        return flow_writes.upsert_flows(self._context, batch)

    def upsert_market_flows(self, batch: MarketFlowBatch) -> UpsertCount:
        return flow_writes.upsert_market_flows(self._context, batch)

    def upsert_index(self, batch: IndexBatch) -> UpsertCount:
        return price_writes.upsert_index(self._context, batch)

    def upsert_minutes(self, batch: MinuteBatch) -> UpsertCount:
        return price_writes.upsert_minutes(self._context, batch)

    def upsert_news(self, batch: NewsBatch) -> UpsertCount:
        return news_writes.upsert_news(self._context, batch)

    def record_import(self, record: ImportRecord) -> None:
        """Remember an imported file beside its rows."""
        self._context.connection.execute(
            insert(IMPORT_RUN).values(
                file=record.file,
                sha256=record.sha256,
                dataset=record.dataset,
                rows_read=record.rows_read,
                inserted=record.count.inserted,
                updated=record.count.updated,
                unchanged=record.count.unchanged,
                rejected=record.rejected,
                issues=[list(issue) for issue in record.issues],
                started_at=record.started_ns,
                finished_at=record.finished_ns,
            )
        )

    # -- records: only in a durable unit, because an acknowledged signal must survive a power cut ---------------------

    def store_scan(self, run: ScanRecord, signals: Sequence[StoredSignal]) -> signal_writes.ScanStored:
        """Store a scan with its signals (domain.md §10.2); see :func:`signal_writes.store_scan`."""
        self._need_durable("store_scan")
        return signal_writes.store_scan(self._context, run, signals)

    def set_execution(self, signal_id: int, *, status: str, phase: str, notes: str | None = None) -> None:
        """Move a signal along its life (domain.md §7.1): the one writer of the execution fields.

        Raises
        ------
        DataUnavailable
            If there is no such signal.
        """
        self._need_durable("set_execution")
        values: dict[str, Any] = {"status": status, "phase": phase, "updated_at": self._context.now_ns}
        if notes is not None:
            values["notes"] = notes
        done = self._context.connection.execute(update(SIGNAL).where(SIGNAL.c.id == signal_id).values(**values))
        if done.rowcount != 1:
            raise DataUnavailable(f"There is no signal {signal_id}.", key="error.storage.no_signal", id=signal_id)

    def put_setting(self, key: str, value: Any) -> None:
        """Store a small structured value under a key."""
        connection, now = self._context.connection, self._context.now_ns
        stored = connection.execute(select(SETTING.c.key).where(SETTING.c.key == key)).scalar()
        if stored is None:
            connection.execute(insert(SETTING).values(key=key, value=value, updated_at=now))
        else:
            connection.execute(update(SETTING).where(SETTING.c.key == key).values(value=value, updated_at=now))

    def put_job(self, job: JobState) -> None:
        """Keep the progress of a long job together with the rows it speaks of."""
        put_job(self._context.connection, job)

    @property
    def records(self) -> WriteContext:
        """For the repositories of strategies (``strategy_store``): what they write belongs to this transaction.

        Raises
        ------
        StorageError
            If the unit is not durable.
        """
        self._need_durable("records")
        return self._context

    def finish(self) -> None:
        """Bump the change counters; called by the owner of the transaction right before the commit."""
        self._context.finish()

    def _need_durable(self, what: str) -> None:
        if not self._durable:
            raise StorageError(f"{what} needs a durable unit of work: unit_of_work(durable=True).")
