"""Writing prices: daily bars with revisions, vendor-adjusted bars, corporate actions, minute bars, index and exchange rates."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import insert, select

from engine.features.validity import has_trades, valid_bars
from engine.model.errors import ValidationFailed
from ralphstock_desktop.data.bulk import (
    BulkResult,
    BulkTable,
    Columns,
    batch_columns,
    differs,
    is_missing,
    keep_known,
    replaces,
    upsert_columns,
)
from ralphstock_desktop.data.columns import Field, Kind, check_lengths, days_from_ordinals
from ralphstock_desktop.data.schema.market import (
    ADJUSTED_PRICE,
    CORPORATE_ACTION,
    DAILY_PRICE,
    FX_RATE,
    INDEX_PRICE,
    MINUTE_PRICE,
    PRICE_REVISION,
)
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.ports import (
    MISSING_INT,
    ActionBatch,
    AdjustedBatch,
    DailyBatch,
    IndexBatch,
    MinuteBatch,
    UpsertCount,
)

__all__ = ["upsert_actions", "upsert_adjusted", "upsert_daily", "upsert_index", "upsert_minutes"]

_MAX_PRICE_KRW = 2**31 - 1  # the panel keeps raw prices in 32 bits
_FX_CODE = re.compile(r"[A-Z]{3}KRW\Z")

_TICKER = Field("ticker", Kind.TEXT)
_DATE = Field("date", Kind.DAY)
_SOURCE = Field("source_id", Kind.INT)
_PRICES = ("open", "high", "low", "close")
_DAILY_NUMBERS = (*_PRICES, "volume", "trading_value", "prev_diff")

_DAILY = BulkTable(
    DAILY_PRICE,
    (_TICKER, _DATE),
    (*(Field(name, Kind.INT) for name in _DAILY_NUMBERS), _SOURCE),
    stamps=("venue", "received_at"),
    has_day_index=True,
)
_ADJUSTED = BulkTable(
    ADJUSTED_PRICE,
    (_TICKER, _DATE),
    (*(Field(name, Kind.REAL) for name in (*_PRICES, "volume")), Field("factor_on", Kind.DAY)),
)
_ACTION = BulkTable(
    CORPORATE_ACTION,
    (_TICKER, Field("ex_day", Kind.DAY)),
    (Field("price_factor", Kind.REAL), Field("confidence", Kind.TEXT)),
)
_MINUTE = BulkTable(
    MINUTE_PRICE,
    (_TICKER, Field("ts", Kind.INT)),
    tuple(Field(name, Kind.INT) for name in (*_PRICES, "volume", "trading_value")),
)
_LEVELS = {
    table.name: BulkTable(
        table,
        (Field("code", Kind.TEXT), _DATE),
        tuple(Field(name, Kind.REAL) for name in (*_PRICES, "volume", "trading_value")),
    )
    for table in (INDEX_PRICE, FX_RATE)
}


def upsert_daily(context: WriteContext, batch: DailyBatch) -> UpsertCount:
    """Store daily bars by (ticker, date); a changed known value leaves a price revision (domain.md §10.2-5).

    Raises
    ------
    ValidationFailed
        If columns differ in length, a key is missing, or a price or volume is negative or impossibly large.
    """
    size = check_lengths(
        "daily price",
        ticker=batch.ticker,
        day=batch.day,
        open_krw=batch.open_krw,
        high_krw=batch.high_krw,
        low_krw=batch.low_krw,
        close_krw=batch.close_krw,
        volume_shares=batch.volume_shares,
        value_krw=batch.value_krw,
        prev_diff_krw=batch.prev_diff_krw,
    )
    source = context.source_id(batch.source)
    columns = batch_columns(
        _DAILY,
        ticker=batch.ticker,
        date=batch.day,
        open=batch.open_krw,
        high=batch.high_krw,
        low=batch.low_krw,
        close=batch.close_krw,
        volume=batch.volume_shares,
        trading_value=batch.value_krw,
        prev_diff=batch.prev_diff_krw,
        source_id=np.full(size, source, dtype=np.int64),
    )
    _check_keys("daily price", columns, "ticker", "date")
    _check_amounts(columns, (*_PRICES, "volume", "trading_value"))

    def merge(keys: Columns, stored: Columns, given: Columns) -> Columns:
        return _merge_daily(context, source, keys, stored, given)

    result = upsert_columns(
        context.connection,
        _DAILY,
        columns,
        {"venue": batch.venue, "received_at": context.now_ns},
        merge=merge,
        finish=_derive_daily,
        keep_updates=True,
    )
    _write_revisions(context, source, result)
    context.changed_rows("daily_price", result)
    return result.count


def _merge_daily(context: WriteContext, source: int, keys: Columns, stored: Columns, given: Columns) -> Columns:
    numbers = {name: given[name] for name in _DAILY_NUMBERS}
    merged = keep_known(keys, {name: stored[name] for name in _DAILY_NUMBERS}, numbers)
    # a row without any trade (O = H = L = V = 0) cannot correct a day that is known to have traded
    silent = has_trades(stored["open"], stored["high"], stored["low"], stored["volume"])
    for name in ("open", "high", "low", "volume"):
        silent &= given[name] <= 0
    silent &= given["open"] == 0
    corrected = _known_changes(stored, merged)
    old_news = _already_replaced(context, source, keys, given, stored, corrected & ~silent)
    kept = silent | old_news
    merged = {name: np.where(kept, stored[name], column) for name, column in merged.items()}
    merged["source_id"] = np.where(_known_changes(stored, merged), given["source_id"], stored["source_id"])
    return merged


def _known_changes(stored: Columns, merged: Columns) -> npt.NDArray[np.bool_]:
    """Rows where a value that was known becomes another one; filling a gap is no correction."""
    changes = [differs(merged[name], stored[name]) & ~is_missing(stored[name]) for name in _DAILY_NUMBERS]
    return np.asarray(np.logical_or.reduce(changes))


def _already_replaced(
    context: WriteContext, source: int, keys: Columns, given: Columns, stored: Columns, rows: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Rows that repeat what this source said before and another source has since replaced.

    "The latest received wins" (domain.md §1.9) speaks of news; a second import of the same files is none, or two sources
    that disagree would replace each other for ever.
    """
    result = np.zeros(len(rows), dtype=np.bool_)
    at = np.flatnonzero(rows)
    if not len(at):
        return result
    tickers = keys["ticker"][at].tolist()
    table = PRICE_REVISION
    query = select(table.c.ticker, table.c.date, table.c.old_values).where(
        table.c.old_source_id == source,
        table.c.new_source_id != source,
        table.c.ticker.between(min(tickers), max(tickers)),
    )
    seen: dict[tuple[str, Any], list[dict[str, int]]] = {}
    for ticker, day, old in context.connection.execute(query):
        seen.setdefault((ticker, day), []).append(old)
    if not seen:
        return result
    days = days_from_ordinals(keys["date"][at]).tolist()
    for position, ticker, day in zip(at.tolist(), tickers, days, strict=True):
        for old in seen.get((ticker, day), ()):
            changes = {
                name: int(given[name][position])
                for name in _DAILY_NUMBERS
                if given[name][position] not in (MISSING_INT, 0) and given[name][position] != stored[name][position]
            }
            if all(old.get(name) == value for name, value in changes.items()):
                result[position] = True
    return result


def _derive_daily(rows: Columns) -> Columns:
    known = (rows["close"] != MISSING_INT) & (rows["prev_diff"] != MISSING_INT)
    base = np.where(known, np.where(known, rows["close"], 0) - np.where(known, rows["prev_diff"], 0), MISSING_INT)
    valid = valid_bars(rows["open"], rows["high"], rows["low"], rows["close"], rows["volume"])
    return rows | {"base_price": base, "valid": valid}


def _write_revisions(context: WriteContext, source: int, result: BulkResult) -> None:
    entries: list[dict[str, Any]] = []
    for before, after in result.updates:
        days = days_from_ordinals(before["date"]).tolist()
        changed = {name: differs(before[name], after[name]) & ~is_missing(before[name]) for name in _DAILY_NUMBERS}
        for position in np.flatnonzero(np.logical_or.reduce(list(changed.values()))).tolist():
            names = [name for name in _DAILY_NUMBERS if changed[name][position]]
            entries.append(
                {
                    "ticker": str(before["ticker"][position]),
                    "date": days[position],
                    "old_values": {name: int(before[name][position]) for name in names},
                    "new_values": {name: int(after[name][position]) for name in names},
                    "old_source_id": int(before["source_id"][position]),
                    "new_source_id": source,
                    "received_at": context.now_ns,
                }
            )
    if entries:
        context.connection.execute(insert(PRICE_REVISION), entries)


def upsert_adjusted(context: WriteContext, batch: AdjustedBatch) -> UpsertCount:
    """Store a vendor's adjusted bars; a series adjusted at a later date replaces an earlier one (domain.md §1.8)."""
    size = check_lengths(
        "adjusted price",
        ticker=batch.ticker,
        day=batch.day,
        open_krw=batch.open_krw,
        high_krw=batch.high_krw,
        low_krw=batch.low_krw,
        close_krw=batch.close_krw,
        volume_shares=batch.volume_shares,
    )
    factor_on = np.full(size, np.datetime64(batch.factor_on or "NaT", "D"))
    columns = batch_columns(
        _ADJUSTED,
        ticker=batch.ticker,
        date=batch.day,
        open=batch.open_krw,
        high=batch.high_krw,
        low=batch.low_krw,
        close=batch.close_krw,
        volume=batch.volume_shares,
        factor_on=factor_on,
    )
    _check_keys("adjusted price", columns, "ticker", "date")

    def merge(_keys: Columns, stored: Columns, given: Columns) -> Columns:
        older = (given["factor_on"] < stored["factor_on"]) & ~is_missing(stored["factor_on"])
        return {name: np.where(older | is_missing(column), stored[name], column) for name, column in given.items()}

    return _store(context, _ADJUSTED, "adjusted_price", columns, batch.source, merge=merge)


def upsert_actions(context: WriteContext, batch: ActionBatch) -> UpsertCount:
    """Store corporate actions by (ticker, ex day); an approximate factor never replaces an exact one."""
    check_lengths(
        "corporate action",
        ticker=batch.ticker,
        ex_day=batch.ex_day,
        price_factor=batch.price_factor,
        confidence=batch.confidence,
    )
    columns = batch_columns(
        _ACTION, ticker=batch.ticker, ex_day=batch.ex_day, price_factor=batch.price_factor, confidence=batch.confidence
    )
    _check_keys("corporate action", columns, "ticker", "ex_day")
    wrong = ~(np.isfinite(columns["price_factor"]) & (columns["price_factor"] > 0))
    if wrong.any():
        raise ValidationFailed(
            f"The corporate action of {columns['ticker'][wrong][0]} needs a factor above 0.",
            key="error.storage.action_factor",
            ticker=str(columns["ticker"][wrong][0]),
        )

    def merge(_keys: Columns, stored: Columns, given: Columns) -> Columns:
        weaker = (stored["confidence"] == "exact") & (given["confidence"] != "exact")
        return {
            name: np.where(weaker | ~replaces(column, stored[name]), stored[name], column) for name, column in given.items()
        }

    return _store(context, _ACTION, "corporate_action", columns, batch.source, merge=merge)


def upsert_minutes(context: WriteContext, batch: MinuteBatch) -> UpsertCount:
    """Store one-minute bars by (ticker, start)."""
    check_lengths(
        "minute price",
        ticker=batch.ticker,
        minute_ns=batch.minute_ns,
        open_krw=batch.open_krw,
        high_krw=batch.high_krw,
        low_krw=batch.low_krw,
        close_krw=batch.close_krw,
        volume_shares=batch.volume_shares,
        value_krw=batch.value_krw,
    )
    columns = batch_columns(
        _MINUTE,
        ticker=batch.ticker,
        ts=batch.minute_ns,
        open=batch.open_krw,
        high=batch.high_krw,
        low=batch.low_krw,
        close=batch.close_krw,
        volume=batch.volume_shares,
        trading_value=batch.value_krw,
    )
    _check_keys("minute price", columns, "ticker", "ts")
    return _store(context, _MINUTE, "minute_price", columns, batch.source, merge=_merge_minutes)


def _merge_minutes(keys: Columns, stored: Columns, given: Columns) -> Columns:
    """Keep what is known, but no traded value of a bar that has turned out to be another one."""
    merged = keep_known(keys, stored, given)
    other = np.zeros(len(given["volume"]), dtype=np.bool_)
    for name in (*_PRICES, "volume"):
        other |= differs(stored[name], merged[name]) & ~is_missing(stored[name])
    stale = other & is_missing(given["trading_value"])
    merged["trading_value"] = np.where(stale, MISSING_INT, merged["trading_value"])
    return merged


def upsert_index(context: WriteContext, batch: IndexBatch) -> UpsertCount:
    """Store index levels by (code, date); codes such as ``USDKRW`` go to the exchange rates."""
    check_lengths(
        "index",
        code=batch.code,
        day=batch.day,
        open=batch.open,
        high=batch.high,
        low=batch.low,
        close=batch.close,
        volume=batch.volume,
        value_krw=batch.value_krw,
    )
    codes = np.asarray(batch.code, dtype=np.str_)
    is_fx = np.isin(codes, [code for code in np.unique(codes).tolist() if _FX_CODE.match(code)])
    total = UpsertCount()
    for table, chosen in ((INDEX_PRICE, ~is_fx), (FX_RATE, is_fx)):
        columns = batch_columns(
            _LEVELS[table.name],
            code=codes[chosen],
            date=batch.day[chosen],
            open=batch.open[chosen],
            high=batch.high[chosen],
            low=batch.low[chosen],
            close=batch.close[chosen],
            volume=batch.volume[chosen],
            trading_value=batch.value_krw[chosen],
        )
        _check_keys("index", columns, "code", "date")
        total = total + _store(context, _LEVELS[table.name], table.name, columns, batch.source)
    return total


def _store(
    context: WriteContext, target: BulkTable, dataset: str, columns: Columns, source: str, merge: Any = keep_known
) -> UpsertCount:
    stamps = {"source_id": context.source_id(source), "received_at": context.now_ns}
    result = upsert_columns(context.connection, target, columns, stamps, merge=merge)
    context.changed_rows(dataset, result)
    return result.count


def _check_keys(what: str, columns: Columns, text_key: str, time_key: str) -> None:
    wrong = is_missing(columns[text_key]) | is_missing(columns[time_key])
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValidationFailed(
            f"Row {row + 1} of the {what} batch has no {text_key} or {time_key}.",
            key="error.storage.key",
            dataset=what,
            row=row + 1,
        )


def _check_amounts(columns: Columns, names: tuple[str, ...]) -> None:
    for name in names:
        column = columns[name]
        wrong = (column < 0) & (column != MISSING_INT)
        if name in _PRICES:
            wrong |= column > _MAX_PRICE_KRW
        if wrong.any():
            row = int(np.argmax(wrong))
            day = str(days_from_ordinals(columns["date"][row : row + 1])[0])
            raise ValidationFailed(
                f"{columns['ticker'][row]} {day}: {name} {column[row]} is negative or no price in won.",
                key="error.storage.amount",
                ticker=str(columns["ticker"][row]),
                day=day,
                field=name,
                value=int(column[row]),
            )
