"""Builds the panel's arrays from the repository, whole or from a stored panel plus the rows that changed.

1. Axes: every ticker with a daily row, ascending; every day with a daily row that the calendar does not call closed, and every
   open calendar day between the first and the last of them.
2. Raw arrays are filled from ``daily_price`` and ``flow`` (confirmed rows only; won values that a source merely estimated stay
   out, their shares come in).
3. Validity, base prices, factors and designations are computed from the raw arrays, always for the whole panel: the same
   function over the same input, so an update equals a rebuild bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, select

from engine.features.adjustment import adjust
from engine.features.validity import has_trades, valid_bars
from engine.model.errors import DataUnavailable
from engine.model.instruments import DesignationFlag
from engine.model.panel import ARRAY_FIELDS
from ralphstock_desktop.data.columns import day_ordinal
from ralphstock_desktop.data.panel_files import DIFF_FIELD, Arrays, Generation
from ralphstock_desktop.data.readers import stored_keys
from ralphstock_desktop.data.schema.market import (
    CALENDAR_DAY,
    CORPORATE_ACTION,
    DAILY_PRICE,
    DATA_CHANGE,
    DATA_VERSION,
    DESIGNATION,
    FLOW,
    STOCK,
)
from ralphstock_desktop.ports import OnProgress, Progress

__all__ = ["Built", "build"]

_FETCH = 50_000
_REBUILD_SHARE = 0.25
_DAILY_COLUMNS = ("open", "high", "low", "close", "volume", "trading_value", "prev_diff")
_DAILY_ARRAYS = ("open_krw", "high_krw", "low_krw", "close_krw", "volume_shares", "value_krw", DIFF_FIELD)
_FLOW_ARRAYS = {
    "foreign": ("foreign_krw", "foreign_shares"),
    "institution": ("institution_krw", "institution_shares"),
    "pension": ("pension_krw", None),
}
Ints = npt.NDArray[np.int64]
_RAW_FIELDS = (*_DAILY_ARRAYS, "present", *(name for pair in _FLOW_ARRAYS.values() for name in pair if name))


@dataclass(frozen=True, eq=False)
class Built:
    """Arrays ready to be stored."""

    arrays: Arrays
    database_id: str
    panel_version: int
    incremental: bool


@dataclass(frozen=True, eq=False)
class _Axes:
    tickers: npt.NDArray[np.str_]
    days: npt.NDArray[np.datetime64]

    @property
    def shape(self) -> tuple[int, int]:
        return (len(self.tickers), len(self.days))


@dataclass(frozen=True, slots=True)
class _Change:
    dataset: str
    first_day: date
    last_day: date
    tickers: tuple[str, ...] | None


def build(connection: Connection, before: Generation | None, on_progress: OnProgress | None = None) -> Built:
    """Read what the panel needs inside one snapshot.

    Parameters
    ----------
    connection : Connection
        A reading transaction; the panel shows exactly this picture of the database.
    before : Generation | None
        A sound stored panel to update; None builds everything.

    Raises
    ------
    DataUnavailable
        If no daily price is stored.
    """
    database_id, version = _version(connection)
    axes = _axes(connection)
    changes = _changes(connection, before, database_id, version, axes)
    if before is None or changes is None:
        raw = _empty(axes)
        wanted: Sequence[_Change] = (_Change("", date.min, date.max, None),)
    else:
        raw = _carried(before, axes)
        wanted = changes
    reader = _RawReader(connection, axes, raw, on_progress)
    for change in wanted:
        if change.dataset in ("", "daily_price"):
            reader.read_daily(change)
        if change.dataset in ("", "flow"):
            reader.read_flows(change)
    arrays = _complete(connection, axes, raw)
    return Built(arrays, database_id, version, incremental=changes is not None and before is not None)


def _version(connection: Connection) -> tuple[str, int]:
    table = DATA_VERSION
    row = connection.execute(select(table.c.database_id, table.c.version).where(table.c.scope == "panel")).one()
    return str(row.database_id), int(row.version)


def _axes(connection: Connection) -> _Axes:
    tickers = np.array(sorted(stored_keys(connection, DAILY_PRICE.c.ticker)), dtype=np.str_)
    stored = {day_ordinal(value) for value in stored_keys(connection, DAILY_PRICE.c.date)}
    if not stored:
        raise DataUnavailable("No daily prices are stored yet; import some first.", key="error.storage.no_daily")
    rows = connection.execute(select(CALENDAR_DAY.c.date, CALENDAR_DAY.c.is_open)).all()
    is_open = {day_ordinal(row.date): bool(row.is_open) for row in rows}
    traded = {day for day in stored if is_open.get(day, True)} or stored
    traded |= {day for day, opened in is_open.items() if opened and min(traded) <= day <= max(traded)}
    return _Axes(tickers, np.array(sorted(traded), dtype=np.int64).astype("datetime64[D]"))


def _changes(
    connection: Connection, before: Generation | None, database_id: str, version: int, axes: _Axes
) -> list[_Change] | None:
    """What changed since a stored panel; None where reading everything is needed or cheaper."""
    if before is None or before.database_id != database_id or before.panel_version > version:
        return None
    table = DATA_CHANGE
    query = (
        select(table.c.dataset, table.c.first_day, table.c.last_day, table.c.tickers, table.c.ticker_count)
        .where(table.c.version > before.panel_version)
        .order_by(table.c.version, table.c.n)
    )
    changes: list[_Change] = []
    cells = 0.0
    for dataset, first, last, tickers, ticker_count in connection.execute(query):
        changes.append(_Change(dataset, first, last, tuple(tickers) if tickers is not None else None))
        days = np.searchsorted(axes.days, np.array([first, last], dtype="datetime64[D]"), side="left")
        cells += float(days[1] - days[0] + 1) * (ticker_count if tickers is not None else len(axes.tickers))
    return None if cells > _REBUILD_SHARE * axes.shape[0] * axes.shape[1] else changes


def _empty(axes: _Axes) -> Arrays:
    raw: Arrays = {}
    for name in _RAW_FIELDS:
        dtype = np.dtype(ARRAY_FIELDS.get(name, "<f8"))
        raw[name] = np.full(axes.shape, np.nan, dtype=dtype) if dtype.kind == "f" else np.zeros(axes.shape, dtype=dtype)
    return raw


def _carried(before: Generation, axes: _Axes) -> Arrays:
    """Place the raw arrays of a stored panel on new axes; days and symbols that are no longer there fall away."""
    raw = _empty(axes)
    old_tickers, old_days = before.arrays["tickers"], before.arrays["days"]
    _, old_rows, new_rows = np.intersect1d(old_tickers, axes.tickers, assume_unique=True, return_indices=True)
    _, old_columns, new_columns = np.intersect1d(old_days, axes.days, assume_unique=True, return_indices=True)
    same_rows = len(old_rows) == len(old_tickers) and (new_rows == np.arange(len(new_rows))).all()
    same_columns = len(old_columns) == len(old_days) and (new_columns == np.arange(len(new_columns))).all()
    for name in _RAW_FIELDS:
        if same_rows and same_columns:
            raw[name][: len(old_tickers), : len(old_days)] = before.arrays[name]
        else:
            raw[name][np.ix_(new_rows, new_columns)] = before.arrays[name][np.ix_(old_rows, old_columns)]
    return raw


class _RawReader:
    """Fills raw arrays from rows, in slices of driver tuples."""

    def __init__(self, connection: Connection, axes: _Axes, raw: Arrays, on_progress: OnProgress | None) -> None:
        self._connection = connection
        self._raw = raw
        self._on_progress = on_progress
        self._row = {ticker: row for row, ticker in enumerate(axes.tickers.tolist())}
        self._column: dict[Any, int] = {}
        self._day = {day: column for column, day in enumerate(axes.days.astype(np.int64).tolist())}
        self._symbols = len(axes.tickers)

    def read_daily(self, change: _Change) -> None:
        table = DAILY_PRICE
        query = select(table.c.ticker, table.c.date, *(table.c[name] for name in _DAILY_COLUMNS))
        query = query.order_by(table.c.ticker, table.c.date) if change.dataset == "" else query
        for row, column, values in self._slices(_restricted(query, table, change), "daily_price"):
            for name, numbers in zip(_DAILY_ARRAYS, values, strict=True):
                self._raw[name][row, column] = _numbers(numbers, self._raw[name].dtype)
            self._raw["present"][row, column] = True

    def read_flows(self, change: _Change) -> None:
        table = FLOW
        for investor, (won_name, share_name) in _FLOW_ARRAYS.items():
            query = select(table.c.ticker, table.c.date, table.c.net_value, table.c.net_shares, table.c.estimated).where(
                table.c.investor == investor, table.c.provisional.is_(False)
            )
            for row, column, (won, shares, estimated) in self._slices(_restricted(query, table, change), "flow"):
                value = _numbers(won, np.dtype("<f8"))
                value[np.array(estimated, dtype=np.bool_)] = np.nan
                self._raw[won_name][row, column] = value
                if share_name is not None:
                    self._raw[share_name][row, column] = _numbers(shares, np.dtype("<f8"))

    def _slices(self, query: Select[Any], dataset: str) -> Iterator[tuple[Any, Any, list[Sequence[Any]]]]:
        # SQLite's cursor streams by itself and gives plain tuples; PostgreSQL streams through SQLAlchemy's buffered result
        on_server = self._connection.dialect.name == "postgresql"
        options = {"stream_results": True} if on_server else {}
        result = self._connection.execute(query, execution_options=options)
        source: Any = result if on_server else result.cursor
        try:
            while rows := source.fetchmany(_FETCH):
                columns = list(zip(*rows, strict=True))
                row, column, keep = self._places(columns[0], columns[1])
                values = columns[2:] if keep is None else [[item[i] for i in keep] for item in columns[2:]]
                if self._on_progress is not None:
                    self._on_progress(Progress("progress.panel", int(row[-1]) + 1 if len(row) else 0, self._symbols, dataset))
                yield row, column, list(values)
        finally:
            result.close()

    def _places(self, tickers: Sequence[str], days: Sequence[Any]) -> tuple[Any, Any, list[int] | None]:
        for value in set(days).difference(self._column):
            self._column[value] = self._day.get(day_ordinal(value), -1)
        row = np.array([self._row.get(ticker, -1) for ticker in tickers], dtype=np.int64)
        column = np.array([self._column[day] for day in days], dtype=np.int64)
        inside = (row >= 0) & (column >= 0)
        if inside.all():
            return row, column, None
        return row[inside], column[inside], np.flatnonzero(inside).tolist()


def _restricted(query: Select[Any], table: Any, change: _Change) -> Select[Any]:
    if change.dataset == "":
        return query
    query = query.where(table.c.date.between(change.first_day, change.last_day))
    return query if change.tickers is None else query.where(table.c.ticker.in_(change.tickers))


def _numbers(values: Sequence[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    if dtype.kind == "f":
        return np.array(values, dtype=dtype)  # None becomes NaN
    try:
        return np.array(values, dtype=dtype)
    except TypeError:
        return np.array([0 if value is None else value for value in values], dtype=dtype)


def _complete(connection: Connection, axes: _Axes, raw: Arrays) -> Arrays:
    """Add masters and everything computed; the order of the fields is the order of the files."""
    prices = [raw[name] for name in ("open_krw", "high_krw", "low_krw", "close_krw", "volume_shares")]
    present = raw["present"].astype(np.bool_)
    traded = present & has_trades(prices[0], prices[1], prices[2], prices[4])
    rows, columns, factors = _actions(connection, axes)
    adjusted = adjust(raw["close_krw"], present, traded, raw[DIFF_FIELD], rows, columns, factors)
    computed: Arrays = {
        "base_krw": adjusted.base_krw,
        "factor": adjusted.factor,
        "valid": present & valid_bars(*prices),
        "designation": _designations(connection, axes),
    }
    arrays: Arrays = {"days": axes.days, "tickers": axes.tickers} | _masters(connection, axes)
    for name, dtype in ARRAY_FIELDS.items():
        arrays[name] = np.asarray(computed[name] if name in computed else raw[name], dtype=dtype)
    arrays[DIFF_FIELD] = raw[DIFF_FIELD]
    return arrays


def _actions(
    connection: Connection, axes: _Axes
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    table = CORPORATE_ACTION
    query = select(table.c.ticker, table.c.ex_day, table.c.price_factor).order_by(table.c.ticker, table.c.ex_day)
    found = connection.execute(query).all()
    place = {ticker: row for row, ticker in enumerate(axes.tickers.tolist())}
    ex_days = np.array([row.ex_day for row in found], dtype="datetime64[D]")
    return (
        np.array([place.get(row.ticker, -1) for row in found], dtype=np.int64),
        np.searchsorted(axes.days, ex_days, side="left").astype(np.int64),
        np.array([row.price_factor for row in found], dtype=np.float64),
    )


def _designations(connection: Connection, axes: _Axes) -> npt.NDArray[np.uint16]:
    table = DESIGNATION
    masks = np.zeros(axes.shape, dtype=np.uint16)
    place = {ticker: row for row, ticker in enumerate(axes.tickers.tolist())}
    for ticker, kind, first, last in connection.execute(select(table.c.ticker, table.c.kind, table.c.from_day, table.c.to_day)):
        row = place.get(ticker)
        if row is None:
            continue
        start = int(np.searchsorted(axes.days, np.datetime64(first, "D"), side="left"))
        stop = len(axes.days) if last is None else int(np.searchsorted(axes.days, np.datetime64(last, "D"), side="right"))
        masks[row, start:stop] |= np.uint16(DesignationFlag[kind].value)
    return masks


def _masters(connection: Connection, axes: _Axes) -> Arrays:
    known = {row.ticker: row for row in connection.execute(select(STOCK))}
    rows = [known.get(ticker) for ticker in axes.tickers.tolist()]

    def texts(name: str) -> npt.NDArray[np.str_]:
        return np.array([(getattr(row, name) or "") if row is not None else "" for row in rows], dtype=np.str_)

    def codes(name: str) -> npt.NDArray[np.uint8]:
        return np.array([getattr(row, name) if row is not None else 0 for row in rows], dtype=np.uint8)

    def dates(name: str) -> npt.NDArray[np.datetime64]:
        values: Iterable[date | None] = (getattr(row, name) if row is not None else None for row in rows)
        return np.array([np.datetime64(value or "NaT", "D") for value in values], dtype="datetime64[D]")

    return {
        "names": texts("name"),
        "names_en": texts("name_en"),
        "sectors": texts("sector"),
        "market": codes("market"),
        "security_type": codes("type"),
        "listed_on": dates("listed_on"),
        "delisted_on": dates("delisted_on"),
    }
