"""What the synchroniser reads of the repository: how far each data set reaches, and the last rows to compare with.

Spans are found by jumping along the primary key (one seek a symbol), never by reading a table through.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, cast

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, and_, func, select

from engine.model.instruments import Designation, DesignationFlag, Market, SecurityType, Symbol
from ralphstock_desktop.data.columns import Kind, days_from_ordinals, from_driver
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.readers import driver_tuples
from ralphstock_desktop.data.schema.market import (
    ADJUSTED_PRICE,
    CORPORATE_ACTION,
    DAILY_PRICE,
    DESIGNATION,
    FLOW,
    FX_RATE,
    INDEX_PRICE,
    MARKET_FLOW,
    SOURCE,
    STOCK,
)
from ralphstock_desktop.data.unit_of_work import SqlUnitOfWork
from ralphstock_desktop.live_ports import StoredSpan, SyncDataset
from ralphstock_desktop.ports import ActionBatch, AdjustedBatch, DailyBatch

__all__ = ["SqlSyncStore"]

_KEYED_BY: dict[str, tuple[Table, str]] = {
    "daily_price": (DAILY_PRICE, "ticker"),
    "adjusted_price": (ADJUSTED_PRICE, "ticker"),
    "flow": (FLOW, "ticker"),
    "index_price": (INDEX_PRICE, "code"),
    "fx_rate": (FX_RATE, "code"),
    "market_flow": (MARKET_FLOW, "market"),
}


class SqlSyncStore:
    """Implements :class:`ralphstock_desktop.live_ports.SyncStore`; any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unit_of_work(self, *, durable: bool = False) -> AbstractContextManager[SqlUnitOfWork]:
        """One transaction; see :meth:`Database.unit_of_work`."""
        return self._database.unit_of_work(durable=durable)

    def stored_spans(self, dataset: SyncDataset) -> dict[str, StoredSpan]:
        """First and last day of every ticker, code or market."""
        table, key = _KEYED_BY[dataset]
        with self._database.read() as connection:
            return _spans(connection, table, key)

    def listed_tickers(self) -> tuple[Symbol, ...]:
        """Symbols of the master that are not delisted, ascending."""
        query = select(STOCK).where(STOCK.c.delisted_on.is_(None)).order_by(STOCK.c.ticker)
        with self._database.read() as connection:
            return tuple(
                Symbol(
                    ticker=row.ticker,
                    name=row.name,
                    market=Market(row.market),
                    type=SecurityType(row.type),
                    sector=row.sector,
                    name_en=row.name_en,
                    isin=row.isin,
                    listed_on=row.listed_on,
                    shares_out=row.shares_out,
                    par_krw=row.par_krw,
                )
                for row in connection.execute(query)
            )

    def open_designations(self) -> tuple[Designation, ...]:
        """Designations that have no end yet, one kind each."""
        query = select(DESIGNATION).where(DESIGNATION.c.to_day.is_(None)).order_by(DESIGNATION.c.ticker, DESIGNATION.c.id)
        with self._database.read() as connection:
            return tuple(Designation(row.ticker, DesignationFlag[row.kind], row.from_day) for row in connection.execute(query))

    def daily_since(self, ticker: str, since: date) -> DailyBatch:
        """Stored raw bars of a symbol, ascending."""
        names = ("open", "high", "low", "close", "volume", "trading_value", "prev_diff")
        with self._database.read() as connection:
            rows = _rows(connection, DAILY_PRICE, ticker, since, names)
            source = _source(connection, DAILY_PRICE, ticker)
        opened, high, low, close, volume, value, diff = (
            from_driver(column, Kind.INT, {}) for column in _columns(rows, 1, len(names))
        )
        return DailyBatch(np.full(len(rows), ticker), _days(rows), opened, high, low, close, volume, value, diff, source)

    def adjusted_since(self, ticker: str, since: date) -> AdjustedBatch:
        """Stored vendor-adjusted bars of a symbol, ascending."""
        names = ("open", "high", "low", "close", "volume", "factor_on")
        with self._database.read() as connection:
            rows = _rows(connection, ADJUSTED_PRICE, ticker, since, names)
            source = _source(connection, ADJUSTED_PRICE, ticker)
        opened, high, low, close, volume = (from_driver(column, Kind.REAL, {}) for column in _columns(rows, 1, 5))
        ordinals = from_driver([row[6] for row in rows], Kind.DAY, {})
        known = days_from_ordinals(ordinals[ordinals >= 0])
        factor_on = cast(date, known.min().astype(date)) if len(known) else None
        days = _days(rows)
        return AdjustedBatch(np.full(len(rows), ticker), days, opened, high, low, close, volume, factor_on, source)

    def actions_of(self, ticker: str) -> ActionBatch:
        """Stored corporate actions of a symbol, ascending."""
        table = CORPORATE_ACTION
        query = (
            select(table.c.ex_day, table.c.price_factor, table.c.confidence)
            .where(table.c.ticker == ticker)
            .order_by(table.c.ex_day)
        )
        with self._database.read() as connection:
            rows = driver_tuples(connection, query)
            source = _source(connection, table, ticker)
        return ActionBatch(
            np.full(len(rows), ticker),
            _days(rows),
            np.array([row[1] for row in rows], dtype=np.float64),
            np.array([row[2] for row in rows], dtype=np.str_),
            source=source,
        )


def _spans(connection: Connection, table: Table, key: str) -> dict[str, StoredSpan]:
    column: ColumnElement[Any] = table.c[key]
    seen = select(func.min(column).label("x")).cte("seen", recursive=True)
    following = select(func.min(column)).where(column > seen.c.x).scalar_subquery()
    seen = seen.union_all(select(following).where(seen.c.x.is_not(None)))
    of_key = column == seen.c.x
    if table is FLOW:  # a provisional row, or one without shares, does not bring a day up to date
        of_key = and_(of_key, FLOW.c.provisional.is_(False), FLOW.c.net_shares.is_not(None), FLOW.c.net_value.is_not(None))
    # ordered seeks instead of min and max: the flow conditions are tested on the few rows next to the ends only
    first = select(table.c.date).where(of_key).order_by(table.c.date).limit(1).scalar_subquery()
    last = select(table.c.date).where(of_key).order_by(table.c.date.desc()).limit(1).scalar_subquery()
    query = select(seen.c.x, first.label("first"), last.label("last")).where(seen.c.x.is_not(None))
    return {row.x: StoredSpan(row.first, row.last) for row in connection.execute(query) if row.first is not None}


def _rows(connection: Connection, table: Table, ticker: str, since: date, names: Sequence[str]) -> list[Sequence[Any]]:
    query = (
        select(table.c.date, *(table.c[name] for name in names))
        .where(table.c.ticker == ticker, table.c.date >= since)
        .order_by(table.c.date)
    )
    return driver_tuples(connection, query)


def _columns(rows: list[Sequence[Any]], first: int, count: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True))[first : first + count] if rows else [()] * count


def _days(rows: list[Sequence[Any]]) -> Any:
    return days_from_ordinals(from_driver([row[0] for row in rows], Kind.DAY, {}))


def _source(connection: Connection, table: Table, ticker: str) -> str:
    key = table.c.ex_day if table is CORPORATE_ACTION else table.c.date
    query = (
        select(SOURCE.c.name)
        .join(table, table.c.source_id == SOURCE.c.id)
        .where(table.c.ticker == ticker)
        .order_by(key.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() or ""
