"""Stored rows as batches, for replays and the running market: minutes of a symbol, an index's days, listed shares."""

from __future__ import annotations

from datetime import date

import numpy as np
from sqlalchemy import Connection, select

from ralphstock_desktop.data.columns import day_ordinal
from ralphstock_desktop.data.minute_bars import KST_NS, NS_PER_DAY, NS_PER_MINUTE, MinuteRows
from ralphstock_desktop.data.readers import driver_tuples, minute_rows
from ralphstock_desktop.data.schema.market import FX_RATE, INDEX_PRICE, SOURCE, STOCK
from ralphstock_desktop.ports import MISSING_INT, IndexBatch, MinuteBatch

__all__ = ["index_days", "minutes_between", "minutes_of_day", "shares_outstanding"]


def minutes_of_day(connection: Connection, ticker: str, day: date) -> MinuteBatch | None:
    """One-minute bars of a symbol on one Korean day, ascending, as stored; None if there are none.

    Bars whose prices do not fit each other are left out; a missing volume or value is ``MISSING_INT``.
    """
    begin = day_ordinal(day) * NS_PER_DAY - KST_NS
    rows, source = minute_rows(connection, ticker, begin, begin + NS_PER_DAY - 1 + NS_PER_MINUTE)
    return _minute_batch(ticker, rows.consistent(), source)


def minutes_between(connection: Connection, ticker: str, first_ns: int, last_ns: int) -> MinuteBatch | None:
    """One-minute bars as stored that start from ``first_ns`` on and have ended by ``last_ns``; None if there are none."""
    rows, source = minute_rows(connection, ticker, first_ns, last_ns)
    return _minute_batch(ticker, rows, source)


def _minute_batch(ticker: str, bars: MinuteRows, source: str) -> MinuteBatch | None:
    if not len(bars):
        return None

    def whole(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        known = np.isfinite(values)
        return np.where(known, np.rint(np.where(known, values, 0.0)).astype(np.int64), MISSING_INT)

    return MinuteBatch(
        ticker=np.full(len(bars), ticker),
        minute_ns=bars.start_ns,
        open_krw=whole(bars.open),
        high_krw=whole(bars.high),
        low_krw=whole(bars.low),
        close_krw=whole(bars.close),
        volume_shares=whole(bars.volume_shares),
        value_krw=whole(bars.value_krw),
        source=source,
    )


def index_days(connection: Connection, code: str) -> IndexBatch | None:
    """All stored days of an index or exchange rate, ascending; None if there are none. Missing numbers are NaN."""
    for table in (INDEX_PRICE, FX_RATE):
        columns = (table.c.date, table.c.open, table.c.high, table.c.low, table.c.close, table.c.volume, table.c.trading_value)
        rows = driver_tuples(connection, select(*columns).where(table.c.code == code).order_by(table.c.date))
        if not rows:
            continue
        values = np.array([[np.nan if item is None else item for item in row[1:]] for row in rows], dtype=np.float64)
        source = connection.execute(
            select(SOURCE.c.name).join(table, table.c.source_id == SOURCE.c.id).where(table.c.code == code).limit(1)
        ).scalar()
        days = np.array([day_ordinal(row[0]) for row in rows], dtype=np.int64).astype("datetime64[D]")
        opened, high, low, close, volume, value = values.T
        return IndexBatch(np.full(len(rows), code), days, opened, high, low, close, volume, value, source=source or "")
    return None


def shares_outstanding(connection: Connection) -> dict[str, int]:
    """Listed shares by ticker, only of symbols whose master tells them."""
    rows = driver_tuples(connection, select(STOCK.c.ticker, STOCK.c.shares_out).where(STOCK.c.shares_out.is_not(None)))
    return {str(ticker): int(shares) for ticker, shares in rows}
