"""What strategies read beside the panel: market-wide series, news with their symbols, and the minute bars of whole days.

Every function works inside a snapshot the caller holds. Large reads come as driver tuples and become arrays at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, bindparam, func, or_, select

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.news import NewsItem
from engine.model.panel import FloatArray
from ralphstock_desktop.data.columns import day_ordinal
from ralphstock_desktop.data.minute_bars import KST_NS, NS_PER_DAY, NS_PER_MINUTE
from ralphstock_desktop.data.readers import NEWS_ITEM_COLUMNS, driver_tuples, news_item, stored_keys
from ralphstock_desktop.data.schema.market import (
    DATA_VERSION,
    FX_RATE,
    INDEX_PRICE,
    MARKET_FLOW,
    MINUTE_PRICE,
    NEWS,
    NEWS_STOCK,
    SOURCE,
    STOCK,
)
from ralphstock_desktop.data.schema.records import NEWS_COLLECTION
from ralphstock_desktop.ports import MISSING_INT, MinuteBatch

__all__ = [
    "CURVE_MINUTES",
    "market_series",
    "minute_days",
    "minutes_of_day",
    "news_collected",
    "news_items",
    "news_version",
    "volume_curve_days",
]

CURVE_MINUTES = 390
"""Minutes from 09:00 to 15:30; a curve has one column more."""

_COLLECTED_WITHIN_NS = NS_PER_DAY
_TICKERS_PER_QUERY = 500
_WHOLE_DAY_SLACK = 5 * NS_PER_MINUTE
"""A symbol's day counts as whole if its first bar starts at most this long after the opening."""


# -- market-wide series ---------------------------------------------------------------------------------------------------


def market_series(connection: Connection) -> MarketSeries:
    """Indices, exchange rate and KOSPI foreign net buying of all stored days; None where nothing is stored."""
    kospi, kosdaq, dollar = (_levels(connection, code) for code in ("KOSPI", "KOSDAQ", "USDKRW"))
    foreign = _market_flow(connection, "KOSPI", "foreign")
    seal = hashlib.sha256()
    for series in (kospi, kosdaq, dollar):
        for column in (series.days, series.open, series.high, series.low, series.close) if series is not None else ():
            seal.update(column.tobytes())
        seal.update(b"|")
    if foreign is not None:
        seal.update(foreign.days.tobytes() + foreign.net_krw.tobytes())
    return MarketSeries(kospi, kosdaq, dollar, foreign, version=seal.hexdigest()[:16])


def _levels(connection: Connection, code: str) -> DaySeries | None:
    for table in (INDEX_PRICE, FX_RATE):
        columns = (table.c.date, table.c.open, table.c.high, table.c.low, table.c.close)
        rows = driver_tuples(connection, select(*columns).where(table.c.code == code).order_by(table.c.date))
        if rows:
            return DaySeries(code, _days(rows), *_floats(rows, 1))
    return None


def _market_flow(connection: Connection, market: str, investor: str) -> FlowSeries | None:
    table = MARKET_FLOW
    query = (
        select(table.c.date, table.c.net_value)
        .where(table.c.market == market, table.c.investor == investor, table.c.net_value.is_not(None))
        .order_by(table.c.date)
    )
    rows = driver_tuples(connection, query)
    return FlowSeries(_days(rows), _floats(rows, 1)[0]) if rows else None


def _days(rows: list[Sequence[Any]]) -> npt.NDArray[np.datetime64]:
    return np.array([day_ordinal(row[0]) for row in rows], dtype=np.int64).astype("datetime64[D]")


def _floats(rows: list[Sequence[Any]], first: int) -> list[FloatArray]:
    return [np.array(column, dtype=np.float64) for column in list(zip(*rows, strict=True))[first:]]


# -- news -----------------------------------------------------------------------------------------------------------------


def news_version(connection: Connection) -> str:
    """Counter of changes to the headlines; the number of another database never equals it."""
    query = select(DATA_VERSION.c.version, DATA_VERSION.c.database_id).where(DATA_VERSION.c.scope == "news")
    row = connection.execute(query).one()
    return f"{row.database_id}:{row.version}"


def news_items(connection: Connection, first_ns: int, last_ns: int, ticker: str | None = None) -> tuple[NewsItem, ...]:
    """Items whose publication (or, without one, collection) lies in an interval, both ends included, ascending."""
    chosen = or_(
        NEWS.c.published_at.between(first_ns, last_ns),
        and_(NEWS.c.published_at.is_(None), NEWS.c.collected_at.between(first_ns, last_ns)),
    )
    wanted: list[ColumnElement[bool]] = [chosen]
    if ticker is not None:
        wanted.append(NEWS.c.id.in_(select(NEWS_STOCK.c.news_id).where(NEWS_STOCK.c.ticker == ticker)))
    links: dict[int, list[str]] = {}
    pairs = select(NEWS_STOCK.c.news_id, NEWS_STOCK.c.ticker).join(NEWS, NEWS.c.id == NEWS_STOCK.c.news_id).where(*wanted)
    for news_id, code in driver_tuples(connection, pairs):
        links.setdefault(news_id, []).append(code)
    moment = func.coalesce(NEWS.c.published_at, NEWS.c.collected_at)
    rows = driver_tuples(connection, select(*NEWS_ITEM_COLUMNS).where(*wanted).order_by(moment, NEWS.c.id))
    return tuple(news_item(row, links.get(row[0], ())) for row in rows)


def news_collected(connection: Connection, as_of_ns: int) -> bool:
    """Whether a collector worked within the day before an instant.

    Told by its own mark, by an item it collected, or by an archive whose publication times cover that day.
    """
    first = as_of_ns - _COLLECTED_WITHIN_NS
    questions = (
        select(NEWS_COLLECTION.c.hour).where(NEWS_COLLECTION.c.first_at.between(first, as_of_ns)),
        select(NEWS.c.id).where(NEWS.c.collected_at.between(first, as_of_ns)),
        select(NEWS.c.id).where(NEWS.c.published_at.between(first, as_of_ns), NEWS.c.collected_at.is_(None)),
    )
    return any(connection.execute(question.limit(1)).first() is not None for question in questions)


# -- minute bars of whole days ----------------------------------------------------------------------------------------------


def _day_begin_ns(day: date) -> int:
    return day_ordinal(day) * NS_PER_DAY - KST_NS


def minutes_of_day(connection: Connection, day: date) -> tuple[MinuteBatch, ...]:
    """One-minute bars of every symbol on a Korean day, one batch per symbol in the order of tickers, ascending.

    Bars whose prices do not fit each other are left out; a missing volume or value is ``MISSING_INT``.
    """
    begin = _day_begin_ns(day)
    bar = MINUTE_PRICE.c
    columns = (bar.ts, *(func.coalesce(bar[name], MISSING_INT) for name in _BAR_NUMBERS))
    names = {row.id: row.name for row in connection.execute(select(SOURCE.c.id, SOURCE.c.name))}
    tickers = stored_keys(connection, bar.ticker)
    batches: list[MinuteBatch] = []
    for start in range(0, len(tickers), _TICKERS_PER_QUERY):
        wanted = (
            bar.ticker.in_(tickers[start : start + _TICKERS_PER_QUERY]),
            bar.ts.between(begin, begin + NS_PER_DAY - 1),
        )
        groups = driver_tuples(
            connection,
            select(bar.ticker, func.count(), func.max(bar.source_id)).where(*wanted).group_by(bar.ticker).order_by(bar.ticker),
        )
        if not groups:
            continue
        numbers = _driver_numbers(connection, select(*columns).where(*wanted).order_by(bar.ticker, bar.ts))
        end = 0
        for ticker, count, source_id in groups:
            first, end = end, end + int(count)
            batch = _day_batch(str(ticker), numbers[:, first:end], names.get(source_id, ""))
            if batch is not None:
                batches.append(batch)
    return tuple(batches)


_BAR_NUMBERS = ("open", "high", "low", "close", "volume", "trading_value")


def _driver_numbers(connection: Connection, query: Select[Any]) -> npt.NDArray[np.int64]:
    """Whole numbers of a large result, shape (columns, rows), without keeping a tuple per row alive: twice as fast."""
    result = connection.execute(query)
    width = len(query.selected_columns)
    try:
        cursor: Any = result.cursor
        flat = np.fromiter(chain.from_iterable(cursor), dtype=np.int64)
    finally:
        result.close()
    return np.ascontiguousarray(flat.reshape(-1, width).T)


def _day_batch(ticker: str, numbers: npt.NDArray[np.int64], source: str) -> MinuteBatch | None:
    opened, high, low, close = numbers[1:5]
    fits = (low > 0) & (low <= np.minimum(opened, close)) & (high >= np.maximum(opened, close))
    minute, opened, high, low, close, volume, value = numbers if fits.all() else numbers[:, fits]
    if not len(minute):
        return None
    return MinuteBatch(
        ticker=np.full(len(minute), ticker),
        minute_ns=minute,
        open_krw=opened,
        high_krw=high,
        low_krw=low,
        close_krw=close,
        volume_shares=volume,
        value_krw=value,
        source=source,
    )


def minute_days(connection: Connection) -> tuple[date, ...]:
    """Days with any minute bar, ascending, without reading the bars.

    Only weekdays can hold any. Each is asked for by seeking once per symbol, and the first symbol that has a bar settles it.
    """
    low_ns, high_ns = connection.execute(_SPAN).one()
    if low_ns is None:
        return ()
    found = []
    for ordinal in range((low_ns + KST_NS) // NS_PER_DAY, (high_ns + KST_NS) // NS_PER_DAY + 1):
        day = date(1970, 1, 1) + timedelta(days=ordinal)
        begin = ordinal * NS_PER_DAY - KST_NS
        if day.weekday() < _SATURDAY and connection.execute(_ANY_BAR, {"low": begin, "high": begin + NS_PER_DAY}).first():
            found.append(day)
    return tuple(found)


_SATURDAY = 5


def _symbols() -> CTE:
    """Symbols with minute bars, found by jumping along the key; the last row is NULL."""
    key = MINUTE_PRICE.c.ticker
    seen = select(func.min(key).label("ticker")).cte("symbols", recursive=True)
    following = select(func.min(key)).where(key > seen.c.ticker).scalar_subquery()
    return seen.union_all(select(following).where(seen.c.ticker.is_not(None)))


def _span() -> Select[Any]:
    symbols, bar = _symbols(), MINUTE_PRICE.alias("bar")
    first, last = (
        select(bound(bar.c.ts)).where(bar.c.ticker == symbols.c.ticker).scalar_subquery() for bound in (func.min, func.max)
    )
    return select(func.min(first), func.max(last)).select_from(symbols)


def _any_bar() -> Select[Any]:
    symbols, bar = _symbols(), MINUTE_PRICE.alias("bar")
    inside = (bar.c.ts >= bindparam("low"), bar.c.ts < bindparam("high"))
    has_one = select(bar.c.ts).where(bar.c.ticker == symbols.c.ticker, *inside).exists()
    return select(symbols.c.ticker).where(has_one).limit(1)


_SPAN, _ANY_BAR = _span(), _any_bar()


def volume_curve_days(
    connection: Connection, market: int, before: date, days: int, stored_days: Sequence[date]
) -> npt.NDArray[np.float64] | None:
    """Cumulative share of the day's volume of one market, shape (days, 391), oldest day first; None if there is no whole day.

    Column k is the share traded by 09:00 + k minutes: column 0 is 0, the last one, with the closing auction, is 1. Only symbols
    whose day is whole count (a bar within five minutes of 09:00 and the auction's at 15:30): a recording that began at eleven
    would bend the curve. Days that open late have no such symbol and are left out.
    """
    rows: list[FloatArray] = []
    for day in reversed([day for day in stored_days if day < before]):
        if len(rows) == days:
            break
        shares = _volume_shares(connection, market, day)
        if shares is not None:
            rows.append(shares)
    return np.array(rows[::-1]) if rows else None


def _volume_shares(connection: Connection, market: int, day: date) -> FloatArray | None:
    close = DEFAULT_SESSIONS.close_ns(day)
    opened = close - CURVE_MINUTES * NS_PER_MINUTE
    bar = MINUTE_PRICE.c
    tickers = connection.execute(select(STOCK.c.ticker).where(STOCK.c.market == market)).scalars().all()
    volume = np.zeros(CURVE_MINUTES + 1)
    for start in range(0, len(tickers), _TICKERS_PER_QUERY):
        chosen = tickers[start : start + _TICKERS_PER_QUERY]
        during = bar.ts.between(opened, close)
        whole = (
            select(bar.ticker)
            .where(bar.ticker.in_(chosen), during)
            .group_by(bar.ticker)
            .having(
                func.min(bar.ts) <= opened + _WHOLE_DAY_SLACK,
                func.max(bar.ts) == close,
                func.count() == func.count(bar.volume),
            )
        )
        sums = (
            select(bar.ts, func.sum(bar.volume))
            .where(bar.ticker.in_(list(connection.execute(whole).scalars())), during)
            .group_by(bar.ts)
        )
        for moment, shares in driver_tuples(connection, sums):
            volume[(int(moment) - opened) // NS_PER_MINUTE] += float(shares)
    total = volume.sum()
    if total <= 0.0:
        return None
    # What a minute's bar holds has been traded when the minute ends; the auction's bar is one moment, at the close.
    return np.asarray(np.minimum(np.r_[0.0, np.cumsum(volume)[:-2], total] / total, 1.0))
