"""The market repository as services see it; implements :class:`ralphstock_desktop.ports.BarStore`.

Reads may run on any thread and see one unchanging picture each; writes go through one unit of work at a time.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection

from engine.features.series import AVERAGE_LENGTHS, moving_average
from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf
from ralphstock_desktop.data import history_readers, readers
from ralphstock_desktop.data import ledger as ledger_queries
from ralphstock_desktop.data.database import Database, read_version
from ralphstock_desktop.data.minute_bars import KST_NS, resampled
from ralphstock_desktop.data.schema.market import MINUTE_PRICE
from ralphstock_desktop.data.unit_of_work import SqlUnitOfWork
from ralphstock_desktop.ports import IndexBatch, Ledger, MinuteBatch, ScanRecord, StoredSignal, SymbolCoverage

__all__ = ["SqlBarStore"]


class SqlBarStore:
    """Read and write side of one repository."""

    def __init__(self, database: Database, *, simulated: bool = False) -> None:
        self.database = database
        self._simulated = simulated

    def unit_of_work(self, *, durable: bool = False) -> AbstractContextManager[SqlUnitOfWork]:
        """One transaction; see :meth:`Database.unit_of_work`."""
        return self.database.unit_of_work(durable=durable)

    # -- bars --------------------------------------------------------------------------------------------------------

    def minute_series(self, ticker: str, timeframe: Timeframe, as_of: AsOf) -> ChartSeries:
        """Bars of 1 to 60 minutes up to an instant, as traded, labelled by their start in exchange time.

        ``base`` is the base price of the bar's day, so a bar's change is the day's change at its close.

        Raises
        ------
        DataUnavailable
            If no minute bar of the symbol had ended by then.
        ValidationFailed
            If the time frame is a day or longer.
        """
        with self.database.read() as connection:
            rows, source = readers.minute_rows(connection, ticker, 0, as_of.instant_ns)
            bars = resampled(rows.consistent(), timeframe)
            if not len(bars):
                raise DataUnavailable(
                    f"There are no minute bars of {ticker} up to this instant.", key="error.storage.no_minutes", ticker=ticker
                )
            stock = readers.stock_row(connection, ticker)
            base = readers.day_bases(connection, ticker, bars.day_ordinals)
        missing = np.full(len(bars), np.nan)
        return ChartSeries(
            ticker=ticker,
            name=stock.name,
            name_en=stock.name_en,
            market=stock.market,
            timeframe=timeframe,
            adjusted=False,
            simulated=self._simulated,
            time=((bars.start_ns + KST_NS) // 1_000_000_000).astype("datetime64[s]"),
            open=bars.open,
            high=bars.high,
            low=bars.low,
            close=bars.close,
            volume_shares=bars.volume_shares,
            value_krw=bars.value_krw,
            value_estimated=np.zeros(len(bars), dtype=np.bool_),
            base=base,
            foreign_krw=missing,
            institution_krw=missing,
            pension_krw=missing,
            averages={length: moving_average(bars.close, length) for length in AVERAGE_LENGTHS},
            source=source,
        )

    def minutes_between(self, ticker: str, first_ns: int, last_ns: int) -> MinuteBatch | None:
        """One-minute bars as stored that start from ``first_ns`` on and have ended by ``last_ns``; None if there are none."""
        with self.database.read() as connection:
            return history_readers.minutes_between(connection, ticker, first_ns, last_ns)

    def has_minutes(self, ticker: str) -> bool:
        """Whether any minute bar of the symbol is stored."""
        with self.database.read() as connection:
            return readers.has_minutes(connection, ticker)

    def minute_tickers(self) -> frozenset[str]:
        """Symbols with any minute bar."""
        with self.database.read() as connection:
            return frozenset(readers.stored_keys(connection, MINUTE_PRICE.c.ticker))

    def level_series(self, code: str, as_of: AsOf | None = None) -> readers.LevelSeries:
        """An index or exchange rate by day; see :func:`readers.level_series`."""
        with self.database.read() as connection:
            return readers.level_series(connection, code, as_of)

    def index_days(self, code: str) -> IndexBatch | None:
        """Daily levels of an index or exchange rate by our name (KOSPI, USDKRW); None if nothing is stored."""
        with self.database.read() as connection:
            return history_readers.index_days(connection, code)

    # -- ledger ------------------------------------------------------------------------------------------------------

    def ledger(self) -> Ledger:
        """Coverage, gaps, source and age of everything; counted again only after market data changed."""
        with self.database.read() as connection:
            return self.database.remembered("ledger", read_version(connection).market, lambda: self._count(connection))

    def _count(self, connection: Connection) -> Ledger:
        kind = "SQLite" if self.database.location.is_sqlite else "PostgreSQL"
        return Ledger(
            datasets=ledger_queries.dataset_coverage(connection),
            taken_at_ns=time.time_ns(),
            database=f"{kind} {self.database.location.display}",
            bytes_on_disk=self.database.bytes_on_disk(),
        )

    def symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]:
        """What one symbol has in each data set."""
        with self.database.read() as connection:
            return ledger_queries.symbol_coverage(connection, ticker)

    # -- news, signals, settings -------------------------------------------------------------------------------------

    def news_of(self, ticker: str, as_of: AsOf, *, since_ns: int = 0, limit: int = 200) -> tuple[readers.Headline, ...]:
        """Headlines of a symbol known at an instant, newest first."""
        with self.database.read() as connection:
            return readers.news_of(connection, ticker, as_of, since_ns=since_ns, limit=limit)

    def signals(
        self,
        *,
        strategy: str | None = None,
        signal_date: date | None = None,
        ticker: str | None = None,
        status: str | None = None,
        with_superseded: bool = False,
    ) -> tuple[StoredSignal, ...]:
        """Stored signals, best score first."""
        with self.database.read() as connection:
            return readers.signals(
                connection,
                strategy=strategy,
                signal_date=signal_date,
                ticker=ticker,
                status=status,
                with_superseded=with_superseded,
            )

    def scan_runs(self, strategy: str, limit: int = 50) -> tuple[ScanRecord, ...]:
        """Runs of a strategy, latest first."""
        with self.database.read() as connection:
            return readers.scan_runs(connection, strategy=strategy, limit=limit)

    def setting(self, key: str) -> Any:
        """A stored setting; raises DataUnavailable where there is none."""
        with self.database.read() as connection:
            return readers.setting(connection, key)
