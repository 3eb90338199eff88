"""Reading the repository inside a snapshot that the caller holds: minutes, levels, news, signals, runs, settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from engine.features.adjustment import adjust
from engine.features.validity import has_trades
from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf
from engine.model.news import NewsItem
from engine.model.panel import FloatArray
from ralphstock_desktop.data.columns import day_ordinal
from ralphstock_desktop.data.minute_bars import NS_PER_MINUTE, MinuteRows
from ralphstock_desktop.data.schema.market import (
    CORPORATE_ACTION,
    DAILY_PRICE,
    FX_RATE,
    INDEX_PRICE,
    MINUTE_PRICE,
    NEWS,
    NEWS_STOCK,
    PRICE_REVISION,
    SOURCE,
    STOCK,
)
from ralphstock_desktop.data.schema.records import EXECUTION_COLUMNS, SCAN_RUN, SETTING, SIGNAL, SIGNAL_REVISION
from ralphstock_desktop.ports import ScanRecord, StoredSignal

__all__ = [
    "Headline",
    "LevelSeries",
    "PriceRevision",
    "StockRow",
    "day_bases",
    "driver_tuples",
    "has_minutes",
    "level_series",
    "minute_rows",
    "news_of",
    "price_revisions",
    "scan_runs",
    "setting",
    "signal_revisions",
    "signals",
    "stock_row",
    "stored_keys",
]

_SIGNAL_KEYS = {"id", "run_id", "strategy", "ticker", "signal_date", "ruleset", "created_at", "updated_at", "superseded_at"}


@dataclass(frozen=True, slots=True)
class StockRow:
    """Names and market of one symbol."""

    name: str
    name_en: str
    market: int


@dataclass(frozen=True, eq=False)
class LevelSeries:
    """An index or exchange rate by day, ascending. NaN where missing; ``change_pct`` against the previous stored close."""

    code: str
    day: npt.NDArray[np.datetime64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    change_pct: FloatArray
    value_krw: FloatArray


@dataclass(frozen=True, slots=True)
class Headline:
    """One stored headline; ``known_at_ns`` is its publication, or its collection if that was later (domain.md §0.2)."""

    id: int
    title: str
    press: str
    kind: str
    url: str
    published_ns: int | None
    collected_ns: int | None
    known_at_ns: int | None


@dataclass(frozen=True, slots=True)
class PriceRevision:
    """A corrected daily bar."""

    day: date
    old: dict[str, int]
    new: dict[str, int]
    old_source: str
    new_source: str
    received_ns: int


def driver_tuples(connection: Connection, query: Select[Any]) -> list[Sequence[Any]]:
    """Rows as the driver gives them; the fast way into arrays."""
    result = connection.execute(query)
    try:
        return list(result.cursor.fetchall()) if result.cursor is not None else []
    finally:
        result.close()


NEWS_ITEM_COLUMNS = (
    NEWS.c.id, NEWS.c.title, NEWS.c.canonical_url, NEWS.c.press, NEWS.c.published_at, NEWS.c.collected_at, NEWS.c.body,
    NEWS.c.kind,
)  # fmt: skip
"""What :func:`news_item` reads, in this order."""


def news_item(row: Sequence[Any], tickers: Iterable[str]) -> NewsItem:
    """Return an item from a row that begins with :data:`NEWS_ITEM_COLUMNS`, and the symbols it is about."""
    key, title, url, press, published, collected, body, kind = row[: len(NEWS_ITEM_COLUMNS)]
    return NewsItem(
        id=key,
        tickers=tuple(sorted(tickers)),
        title=title,
        url=url,
        source=press or "",
        published_ns=published,
        collected_ns=collected,
        body=body or "",
        kind=kind,
    )


def stored_keys(connection: Connection, key: ColumnElement[Any]) -> list[Any]:
    """Distinct values of an indexed column, ascending, by jumping along the index instead of reading it through."""
    seen = select(func.min(key).label("x")).cte("seen", recursive=True)
    following = select(func.min(key)).where(key > seen.c.x).scalar_subquery()
    seen = seen.union_all(select(following).where(seen.c.x.is_not(None)))
    return [value for value in connection.execute(select(seen.c.x)).scalars() if value is not None]


def _floats(rows: list[Sequence[Any]], first: int, count: int) -> list[FloatArray]:
    if not rows:
        return [np.empty(0) for _ in range(count)]
    columns = list(zip(*rows, strict=True))[first : first + count]
    return [np.array(column, dtype=np.float64) for column in columns]


def stock_row(connection: Connection, ticker: str) -> StockRow:
    """Names and market of a symbol; empty names and market 0 where the master does not hold it."""
    row = connection.execute(select(STOCK.c.name, STOCK.c.name_en, STOCK.c.market).where(STOCK.c.ticker == ticker)).first()
    return StockRow(row.name, row.name_en or "", row.market) if row else StockRow("", "", 0)


def minute_rows(connection: Connection, ticker: str, first_ns: int, last_ns: int) -> tuple[MinuteRows, str]:
    """Raw minute bars that start from ``first_ns`` on and have ended by ``last_ns``, with their source's name."""
    table = MINUTE_PRICE
    query = (
        select(table.c.ts, table.c.open, table.c.high, table.c.low, table.c.close, table.c.volume, table.c.trading_value)
        .where(table.c.ticker == ticker, table.c.ts.between(first_ns, last_ns - NS_PER_MINUTE))
        .order_by(table.c.ts)
    )
    rows = driver_tuples(connection, query)
    source = connection.execute(
        select(SOURCE.c.name)
        .join(table, table.c.source_id == SOURCE.c.id)
        .where(table.c.ticker == ticker)
        .order_by(table.c.ts.desc())
        .limit(1)
    ).scalar()
    start = np.array([row[0] for row in rows], dtype=np.int64)
    return MinuteRows(start, *_floats(rows, 1, 6)), source or ""


def has_minutes(connection: Connection, ticker: str) -> bool:
    """Whether any minute bar of a symbol is stored."""
    query = select(MINUTE_PRICE.c.ts).where(MINUTE_PRICE.c.ticker == ticker).limit(1)
    return connection.execute(query).first() is not None


def day_bases(connection: Connection, ticker: str, ordinals: npt.NDArray[np.int64]) -> FloatArray:
    """Base price (기준가) of a symbol on each of the given days; NaN where the daily data do not tell it.

    A day after the last stored row has that row's close times recorded actions, unless another trading day lies between.
    """
    table = DAILY_PRICE
    columns = (table.c.date, table.c.open, table.c.high, table.c.low, table.c.close, table.c.volume, table.c.prev_diff)
    rows = driver_tuples(connection, select(*columns).where(table.c.ticker == ticker).order_by(table.c.date))
    if not rows:
        return np.full(len(ordinals), np.nan)
    days = np.array([day_ordinal(row[0]) for row in rows], dtype=np.int64)
    values = _floats(rows, 1, 6)
    last = int(days[-1])
    following = connection.execute(
        select(func.min(table.c.date)).where(table.c.date > np.datetime64(last, "D").astype(date))
    ).scalar()
    next_traded = day_ordinal(following) if following is not None else None
    wanted = np.unique(ordinals[ordinals > last])
    extra = wanted[:1] if len(wanted) and (next_traded is None or next_traded >= wanted[0]) else wanted[:0]
    prices = [np.nan_to_num(np.r_[column, np.zeros(len(extra))])[None, :] for column in values[:5]]
    prices[3][0, len(days) :] = prices[3][0, len(days) - 1]  # a stand-in close: the base of a later day never uses it
    all_days = np.r_[days, extra]
    action_days, factors = _actions(connection, ticker)
    adjusted = adjust(
        prices[3],
        np.ones((1, len(all_days)), dtype=np.bool_),
        has_trades(prices[0], prices[1], prices[2], prices[4]),
        np.r_[values[5], np.full(len(extra), np.nan)][None, :],
        np.zeros(len(action_days), dtype=np.int64),
        np.searchsorted(all_days, action_days, side="left"),
        factors,
    )
    place = np.searchsorted(all_days, ordinals)
    found = (place < len(all_days)) & (all_days[np.minimum(place, len(all_days) - 1)] == ordinals)
    return np.where(found, adjusted.base_krw[0, np.minimum(place, len(all_days) - 1)], np.nan)


def _actions(connection: Connection, ticker: str) -> tuple[npt.NDArray[np.int64], FloatArray]:
    table = CORPORATE_ACTION
    rows = connection.execute(
        select(table.c.ex_day, table.c.price_factor).where(table.c.ticker == ticker).order_by(table.c.ex_day)
    ).all()
    return (
        np.array([day_ordinal(row.ex_day) for row in rows], dtype=np.int64),
        np.array([row.price_factor for row in rows], dtype=np.float64),
    )


def level_series(connection: Connection, code: str, as_of: AsOf | None = None) -> LevelSeries:
    """Levels of an index or exchange rate up to a day.

    Raises
    ------
    DataUnavailable
        If nothing is stored under the code.
    """
    for table in (INDEX_PRICE, FX_RATE):
        query = (
            select(table.c.date, table.c.open, table.c.high, table.c.low, table.c.close, table.c.trading_value)
            .where(table.c.code == code)
            .order_by(table.c.date)
        )
        if as_of is not None:
            query = query.where(table.c.date <= as_of.day)
        rows = driver_tuples(connection, query)
        if rows:
            opened, high, low, close, value = _floats(rows, 1, 5)
            change = np.full(len(close), np.nan)
            change[1:] = 100.0 * (close[1:] / close[:-1] - 1.0)
            days = np.array([day_ordinal(row[0]) for row in rows], dtype=np.int64).astype("datetime64[D]")
            return LevelSeries(code, days, opened, high, low, close, change, value)
    raise DataUnavailable(f"No levels of {code} are stored.", key="error.storage.no_levels", code=code)


def news_of(connection: Connection, ticker: str, as_of: AsOf, *, since_ns: int = 0, limit: int = 200) -> tuple[Headline, ...]:
    """Headlines of a symbol known at an instant, newest first; an empty ticker asks for all."""
    known = func.coalesce(NEWS.c.published_at, NEWS.c.collected_at)
    query = select(NEWS).where(
        or_(NEWS.c.collected_at.is_(None), NEWS.c.collected_at <= as_of.instant_ns),
        or_(NEWS.c.published_at.is_(None), NEWS.c.published_at <= as_of.instant_ns),
        known >= since_ns,
    )
    if ticker:
        query = query.join(NEWS_STOCK, NEWS_STOCK.c.news_id == NEWS.c.id).where(NEWS_STOCK.c.ticker == ticker)
    rows = connection.execute(query.order_by(known.desc(), NEWS.c.id).limit(limit))
    return tuple(
        Headline(
            id=row.id,
            title=row.title,
            press=row.press or "",
            kind=row.kind,
            url=row.canonical_url,
            published_ns=row.published_at,
            collected_ns=row.collected_at,
            known_at_ns=max((t for t in (row.published_at, row.collected_at) if t is not None), default=None),
        )
        for row in rows
    )


def price_revisions(connection: Connection, ticker: str) -> tuple[PriceRevision, ...]:
    """Corrections of a symbol's daily bars, oldest first."""
    table, old, new = PRICE_REVISION, SOURCE.alias("old_source"), SOURCE.alias("new_source")
    query = (
        select(table, old.c.name.label("old_name"), new.c.name.label("new_name"))
        .join(old, old.c.id == table.c.old_source_id)
        .join(new, new.c.id == table.c.new_source_id)
        .where(table.c.ticker == ticker)
        .order_by(table.c.id)
    )
    return tuple(
        PriceRevision(row.date, row.old_values, row.new_values, row.old_name, row.new_name, row.received_at)
        for row in connection.execute(query)
    )


def signals(
    connection: Connection,
    *,
    strategy: str | None = None,
    signal_date: date | None = None,
    ticker: str | None = None,
    status: str | None = None,
    with_superseded: bool = False,
) -> tuple[StoredSignal, ...]:
    """Stored signals, best score first; superseded ones only on request."""
    query = select(SIGNAL)
    wanted = {"strategy": strategy, "signal_date": signal_date, "ticker": ticker, "status": status}
    query = query.where(*(SIGNAL.c[name] == value for name, value in wanted.items() if value is not None))
    if not with_superseded:
        query = query.where(SIGNAL.c.superseded_at.is_(None))
    rows = connection.execute(query.order_by(SIGNAL.c.signal_date.desc(), SIGNAL.c.score.desc(), SIGNAL.c.ticker))
    return tuple(_signal(row._asdict()) for row in rows)


def _signal(row: dict[str, Any]) -> StoredSignal:
    shown = {name: value for name, value in row.items() if name not in _SIGNAL_KEYS | EXECUTION_COLUMNS and value is not None}
    return StoredSignal(
        strategy=row["strategy"],
        ticker=row["ticker"],
        signal_date=row["signal_date"],
        ruleset=row["ruleset"],
        values=shown,
        status=row["status"],
        phase=row["phase"],
        superseded=row["superseded_at"] is not None,
        id=row["id"],
    )


def signal_revisions(connection: Connection, signal_id: int) -> tuple[dict[str, Any], ...]:
    """Earlier records of a signal, oldest first, each with ``rev``, ``reason``, ``run_id``, ``created_at`` and ``record``."""
    table = SIGNAL_REVISION
    rows = connection.execute(select(table).where(table.c.signal_id == signal_id).order_by(table.c.rev))
    return tuple(row._asdict() for row in rows)


def scan_runs(connection: Connection, *, strategy: str, limit: int = 50) -> tuple[ScanRecord, ...]:
    """Runs of a strategy, latest first."""
    table = SCAN_RUN
    query = (
        select(table).where(table.c.strategy == strategy).order_by(table.c.started_at.desc(), table.c.id.desc()).limit(limit)
    )
    return tuple(
        ScanRecord(
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
        for row in connection.execute(query)
    )


def setting(connection: Connection, key: str) -> Any:
    """A stored setting.

    Raises
    ------
    DataUnavailable
        If nothing is stored under the key.
    """
    row = connection.execute(select(SETTING.c.value).where(SETTING.c.key == key)).first()
    if row is None:
        raise DataUnavailable(f"No setting '{key}' is stored.", key="error.storage.no_setting", name=key)
    return row.value
