"""The data ledger: what is stored of each data set and source, its gaps and its age."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Table, distinct, func, select

from ralphstock_desktop.data.columns import day_ordinal
from ralphstock_desktop.data.minute_bars import KST_NS, NS_PER_DAY
from ralphstock_desktop.data.readers import stored_keys
from ralphstock_desktop.data.schema.market import (
    ADJUSTED_PRICE,
    CALENDAR_DAY,
    CORPORATE_ACTION,
    DAILY_PRICE,
    DESIGNATION,
    FLOW,
    FX_RATE,
    INDEX_PRICE,
    MARKET_FLOW,
    MARKET_FLOW_MINUTE,
    MINUTE_PRICE,
    NEWS,
    NEWS_STOCK,
    SOURCE,
    STOCK,
)
from ralphstock_desktop.ports import CoverageGap, DatasetCoverage, SymbolCoverage

__all__ = ["dataset_coverage", "gaps_between", "symbol_coverage", "trading_days"]

_EPOCH = date(1970, 1, 1)
_CALENDAR_INDICES = ("KOSPI", "KOSDAQ")
Ordinals = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _DataSet:
    """How one table is counted."""

    table: Table
    day: Callable[[Table], ColumnElement[Any]] | None
    symbol: str | None
    received: str = "received_at"
    continuous: bool = True
    """Whether a trading day without rows is a gap."""


@dataclass
class _Tally:
    rows: int = 0
    received: int | None = None
    days: list[int] = field(default_factory=list)

    def add(self, rows: int, received: int | None, day: int | None) -> None:
        self.rows += rows
        if received is not None:
            self.received = received if self.received is None else max(self.received, received)
        if day is not None:
            self.days.append(day)


def _by_date(table: Table) -> ColumnElement[Any]:
    return table.c.date


def _by_instant(table: Table) -> ColumnElement[Any]:
    return (table.c.ts + KST_NS) // NS_PER_DAY


def _by_news(table: Table) -> ColumnElement[Any]:
    return (func.coalesce(table.c.published_at, table.c.collected_at) + KST_NS) // NS_PER_DAY


_DATA_SETS = (
    _DataSet(DAILY_PRICE, _by_date, "ticker"),
    _DataSet(ADJUSTED_PRICE, _by_date, "ticker"),
    _DataSet(CORPORATE_ACTION, lambda table: table.c.ex_day, "ticker", continuous=False),
    _DataSet(FLOW, _by_date, "ticker"),
    _DataSet(MARKET_FLOW, _by_date, "market"),
    _DataSet(MARKET_FLOW_MINUTE, _by_instant, "market"),
    _DataSet(INDEX_PRICE, _by_date, "code"),
    _DataSet(FX_RATE, _by_date, "code"),
    _DataSet(MINUTE_PRICE, _by_instant, "ticker"),
    _DataSet(NEWS, _by_news, None, received="collected_at", continuous=False),
    _DataSet(STOCK, None, "ticker", received="updated_at", continuous=False),
    _DataSet(DESIGNATION, lambda table: table.c.from_day, "ticker", continuous=False),
    _DataSet(CALENDAR_DAY, _by_date, None, continuous=False),
)
_SYMBOL_SETS = (DAILY_PRICE, ADJUSTED_PRICE, CORPORATE_ACTION, FLOW, MINUTE_PRICE, DESIGNATION)


def trading_days(connection: Connection) -> Ordinals:
    """Days the market is known to have traded: the stored calendar's open days, daily prices and the market's indices."""
    days = {day_ordinal(value) for value in stored_keys(connection, DAILY_PRICE.c.date)}
    rows = connection.execute(select(CALENDAR_DAY.c.date, CALENDAR_DAY.c.is_open)).all()
    days |= {day_ordinal(row.date) for row in rows if row.is_open}
    index_days = select(INDEX_PRICE.c.date).where(INDEX_PRICE.c.code.in_(_CALENDAR_INDICES)).distinct()
    days |= {day_ordinal(value) for value in connection.execute(index_days).scalars()}
    days -= {day_ordinal(row.date) for row in rows if not row.is_open}
    return np.array(sorted(days), dtype=np.int64)


def gaps_between(days: Iterable[int], calendar: Ordinals) -> tuple[CoverageGap, ...]:
    """Runs of trading days without rows between the first and the last day that has some."""
    present = np.unique(np.fromiter(days, dtype=np.int64))
    if not len(present):
        return ()
    inside = calendar[(calendar >= present[0]) & (calendar <= present[-1])]
    missing = np.flatnonzero(~np.isin(inside, present))
    if not len(missing):
        return ()
    starts = np.flatnonzero(np.r_[True, np.diff(missing) > 1])
    ends = np.r_[starts[1:], len(missing)] - 1
    return tuple(
        CoverageGap(_day(inside[missing[start]]), _day(inside[missing[end]]), int(end - start + 1))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    )


def _day(ordinal: Any) -> date:
    return _EPOCH + timedelta(days=int(ordinal))


def dataset_coverage(connection: Connection) -> tuple[DatasetCoverage, ...]:
    """Count every data set by source; sets without rows are left out."""
    calendar = trading_days(connection)
    names = _source_names(connection)
    result: list[DatasetCoverage] = []
    for item in _DATA_SETS:
        symbols = _symbols(connection, item)
        for source_id, tally in sorted(_tallies(connection, item).items()):
            days = sorted(set(tally.days))
            result.append(
                DatasetCoverage(
                    dataset=item.table.name,
                    source=names.get(source_id, ""),
                    rows=tally.rows,
                    symbols=symbols.get(source_id, 0),
                    first_day=_day(days[0]) if days else None,
                    last_day=_day(days[-1]) if days else None,
                    days=len(days),
                    gaps=gaps_between(days, calendar) if item.continuous else (),
                    received_at_ns=tally.received,
                )
            )
    return tuple(result)


def _source_names(connection: Connection) -> dict[int, str]:
    return {row.id: row.name for row in connection.execute(select(SOURCE.c.id, SOURCE.c.name))}


def _tallies(connection: Connection, item: _DataSet) -> dict[int, _Tally]:
    table = item.table
    received = func.max(table.c[item.received])
    tallies: dict[int, _Tally] = {}
    if item.day is None:
        query: Any = select(table.c.source_id, func.count(), received).group_by(table.c.source_id)
        for source_id, rows, latest in connection.execute(query):
            tallies.setdefault(source_id, _Tally()).add(rows, latest, None)
        return tallies
    day = item.day(table)
    query = select(table.c.source_id, day, func.count(), received).group_by(table.c.source_id, day)
    for source_id, value, rows, latest in connection.execute(query):
        tallies.setdefault(source_id, _Tally()).add(rows, latest, _ordinal(value))
    return tallies


def _ordinal(value: Any) -> int | None:
    if value is None:
        return None
    return day_ordinal(value) if isinstance(value, date | str) else int(value)


def _symbols(connection: Connection, item: _DataSet) -> dict[int, int]:
    table = item.table
    if table is NEWS:
        query: Any = (
            select(NEWS.c.source_id, func.count(distinct(NEWS_STOCK.c.ticker)))
            .join(NEWS_STOCK, NEWS_STOCK.c.news_id == NEWS.c.id)
            .group_by(NEWS.c.source_id)
        )
    elif item.symbol is None:
        return {}
    else:
        pairs = select(table.c.source_id, table.c[item.symbol]).distinct().subquery()
        query = select(pairs.c.source_id, func.count()).group_by(pairs.c.source_id)
    return {int(row[0]): int(row[1]) for row in connection.execute(query)}


def symbol_coverage(connection: Connection, ticker: str) -> tuple[SymbolCoverage, ...]:
    """What one symbol has in each data set and from which source."""
    calendar = trading_days(connection)
    names = _source_names(connection)
    result: list[SymbolCoverage] = []
    for item in _DATA_SETS:
        table = item.table
        if table not in _SYMBOL_SETS or item.day is None:
            continue
        day = item.day(table)
        query = (
            select(table.c.source_id, day, func.count(), func.max(table.c[item.received]))
            .where(table.c.ticker == ticker)
            .group_by(table.c.source_id, day)
        )
        tallies: dict[int, _Tally] = {}
        for source_id, value, rows, latest in connection.execute(query):
            tallies.setdefault(source_id, _Tally()).add(rows, latest, _ordinal(value))
        for source_id, tally in sorted(tallies.items()):
            days = sorted(set(tally.days))
            gaps = gaps_between(days, calendar) if item.continuous else ()
            result.append(
                SymbolCoverage(
                    ticker=ticker,
                    dataset=table.name,
                    source=names.get(source_id, ""),
                    rows=tally.rows,
                    first_day=_day(days[0]) if days else None,
                    last_day=_day(days[-1]) if days else None,
                    missing_days=sum(gap.days for gap in gaps),
                    received_at_ns=tally.received,
                )
            )
    return tuple(result)
