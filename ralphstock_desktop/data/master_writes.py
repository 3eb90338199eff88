"""Writing the listing master, name history, designations and the trading calendar (domain.md §10.2-6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, insert, select, update

from engine.model.errors import ValidationFailed
from engine.model.instruments import Designation, DesignationFlag, Market, SecurityType, Symbol
from ralphstock_desktop.data.columns import check_lengths
from ralphstock_desktop.data.schema.market import CALENDAR_DAY, DAILY_PRICE, DESIGNATION, STOCK, STOCK_NAME_HISTORY
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.ports import UpsertCount

__all__ = ["upsert_calendar", "upsert_designations", "upsert_symbols"]

_FIELDS = ("name", "market", "type", "sector", "name_en", "isin", "listed_on", "shares_out", "par_krw")
_IN_CHUNK = 500
_SUSPICIOUS_LOSS = 50
_SUSPICIOUS_SHARE = 0.25
_FIRST_DAY = date(1956, 3, 3)  # opening of the exchange: start of a name whose beginning is unknown


@dataclass(frozen=True, slots=True)
class _Listing:
    source_id: int
    as_of: date | None


def upsert_symbols(
    context: WriteContext, symbols: Sequence[Symbol], *, source: str, complete: bool, as_of: date | None = None
) -> UpsertCount:
    """Refresh the master from a listing; see :class:`ralphstock_desktop.ports.UnitOfWork`.

    Raises
    ------
    ValidationFailed
        If a symbol has no ticker or name, or a complete listing lacks so many symbols that it cannot be complete.
    """
    listing = _Listing(context.source_id(source), as_of)
    by_ticker = {symbol.ticker: symbol for symbol in symbols}
    for symbol in by_ticker.values():
        if not symbol.ticker or not symbol.name:
            raise ValidationFailed(
                f"A listed symbol needs a ticker and a name: '{symbol.ticker}' '{symbol.name}'.", key="error.storage.symbol"
            )
    stored = {row.ticker: row._asdict() for row in context.connection.execute(select(STOCK))}
    new: list[dict[str, Any]] = []
    updated = touched = 0
    for ticker, symbol in by_ticker.items():
        row = stored.get(ticker)
        if row is None:
            new.append(_new_row(context, symbol, listing))
            continue
        changes = _changes(row, symbol, listing)
        visible = any(name != "master_on" for name in changes)
        updated += visible
        touched += bool(changes)
        if "name" in changes:
            _remember_name(context, row, str(changes["name"]), listing)
        if changes:
            stamp = {"updated_at": context.now_ns, "source_id": listing.source_id} if visible else {}
            context.connection.execute(update(STOCK).where(STOCK.c.ticker == ticker).values(**changes, **stamp))
    if new:
        context.connection.execute(insert(STOCK), new)
    gone = _mark_disappeared(context, by_ticker, stored, listing) if complete and as_of is not None else 0
    if new or updated or gone:
        context.changed("stock")
    return UpsertCount(len(new), updated + gone, len(by_ticker) - len(new) - updated)


def _given(symbol: Symbol) -> dict[str, Any]:
    """Fields the listing knows; unknown market, type and empty texts are no news."""
    values = {name: getattr(symbol, name) for name in _FIELDS}
    values["market"], values["type"] = int(symbol.market), int(symbol.type)
    unknown = {"market": int(Market.UNKNOWN), "type": int(SecurityType.UNKNOWN)}
    return {name: value for name, value in values.items() if value not in (None, "") and value != unknown.get(name)}


def _new_row(context: WriteContext, symbol: Symbol, listing: _Listing) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(_FIELDS)
    return empty | {
        "market": int(Market.UNKNOWN),
        "type": int(SecurityType.UNKNOWN),
        **_given(symbol),
        "ticker": symbol.ticker,
        "delisted_on": symbol.delisted_on,
        "delisting_inferred": False,
        "master_on": listing.as_of,
        "source_id": listing.source_id,
        "updated_at": context.now_ns,
    }


def _changes(row: dict[str, Any], symbol: Symbol, listing: _Listing) -> dict[str, Any]:
    last = row["master_on"]
    newer = last is None or (listing.as_of is not None and listing.as_of >= last)
    unknown = {None, ""}
    changes = {
        name: value
        for name, value in _given(symbol).items()
        if row[name] != value and (newer or row[name] in unknown or (name in {"market", "type"} and row[name] == 0))
    }
    changes |= _delisting(row, symbol, listing, newer=newer)
    if listing.as_of is not None and (last is None or listing.as_of > last):
        changes["master_on"] = listing.as_of
    return changes


def _delisting(row: dict[str, Any], symbol: Symbol, listing: _Listing, *, newer: bool) -> dict[str, Any]:
    """A stated day beats an inferred one; a later listing that holds the symbol says it lives (a move between markets)."""
    stored, stated = row["delisted_on"], symbol.delisted_on
    if stated is not None:
        listed_later = row["master_on"] is not None and row["master_on"] > stated and stored is None
        if listed_later or (stated == stored and not row["delisting_inferred"]):
            return {}
        if stored is None or row["delisting_inferred"] or newer:
            return {"delisted_on": stated, "delisting_inferred": False}
        return {}
    if stored is not None and newer and listing.as_of is not None and listing.as_of > stored:
        return {"delisted_on": None, "delisting_inferred": False}
    return {}


def _remember_name(context: WriteContext, row: dict[str, Any], name: str, listing: _Listing) -> None:
    table = STOCK_NAME_HISTORY
    ticker, day = row["ticker"], listing.as_of or context.today
    open_row = context.connection.execute(
        select(table.c.from_day).where(table.c.ticker == ticker, table.c.to_day.is_(None))
    ).scalar()
    if open_row is None:
        begin = min(row["listed_on"] or _FIRST_DAY, day - timedelta(days=1))
        context.connection.execute(
            insert(table).values(ticker=ticker, from_day=begin, name=row["name"], to_day=day - timedelta(days=1))
        )
    elif open_row < day:
        context.connection.execute(
            update(table).where(table.c.ticker == ticker, table.c.from_day == open_row).values(to_day=day - timedelta(days=1))
        )
    else:  # renamed twice on one day: the later name counts
        context.connection.execute(
            update(table).where(table.c.ticker == ticker, table.c.from_day == open_row).values(name=name)
        )
        return
    context.connection.execute(insert(table).values(ticker=ticker, from_day=day, name=name, to_day=None))


def _mark_disappeared(
    context: WriteContext, given: dict[str, Symbol], stored: dict[str, dict[str, Any]], listing: _Listing
) -> int:
    day = listing.as_of
    assert day is not None
    scope = {(int(s.market), int(s.type)) for s in given.values() if s.market and s.type}
    living = [row for row in stored.values() if (row["market"], row["type"]) in scope and row["delisted_on"] is None]
    gone = [
        row["ticker"]
        for row in living
        if row["ticker"] not in given
        and (row["master_on"] is None or row["master_on"] < day)
        and (row["listed_on"] is None or row["listed_on"] < day)
    ]
    gone = [ticker for ticker in gone if ticker not in _traded_after(context, gone, day)]
    if len(gone) > max(_SUSPICIOUS_LOSS, _SUSPICIOUS_SHARE * len(living)):
        raise ValidationFailed(
            f"A listing that lacks {len(gone)} of {len(living)} known symbols cannot be complete; import it as a partial one.",
            key="error.storage.listing",
            missing=len(gone),
            known=len(living),
        )
    for start in range(0, len(gone), _IN_CHUNK):
        context.connection.execute(
            update(STOCK)
            .where(STOCK.c.ticker.in_(gone[start : start + _IN_CHUNK]))
            .values(delisted_on=day, delisting_inferred=True, updated_at=context.now_ns, source_id=listing.source_id)
        )
    return len(gone)


def _traded_after(context: WriteContext, tickers: list[str], day: date) -> set[str]:
    table = DAILY_PRICE
    result: set[str] = set()
    for start in range(0, len(tickers), _IN_CHUNK):
        query = (
            select(table.c.ticker, func.max(table.c.date))
            .where(table.c.ticker.in_(tickers[start : start + _IN_CHUNK]))
            .group_by(table.c.ticker)
        )
        result |= {ticker for ticker, last in context.connection.execute(query) if last > day}
    return result


def upsert_designations(context: WriteContext, designations: Sequence[Designation], *, source: str) -> UpsertCount:
    """Store designation intervals by (ticker, kind, first day); a known end is never reopened.

    Raises
    ------
    ValidationFailed
        If an interval ends before it begins or names no designation.
    """
    table = DESIGNATION
    source_id = context.source_id(source)
    stored = {
        (row.ticker, row.kind, row.from_day): (row.id, row.to_day)
        for row in context.connection.execute(
            select(table.c.id, table.c.ticker, table.c.kind, table.c.from_day, table.c.to_day)
        )
    }
    new: dict[tuple[str, str, date], dict[str, Any]] = {}
    updated = total = 0
    for designation in designations:
        if (designation.end is not None and designation.end < designation.start) or not designation.flag:
            raise ValidationFailed(
                f"{designation.ticker}: a designation needs a kind and an end ({designation.end}) not before its start "
                f"({designation.start}).",
                key="error.storage.designation",
                ticker=designation.ticker,
            )
        for flag in DesignationFlag(designation.flag):
            total += 1
            key = (designation.ticker, str(flag.name), designation.start)
            if key in new:
                new[key]["to_day"] = designation.end or new[key]["to_day"]
            elif key not in stored:
                new[key] = {
                    "ticker": key[0],
                    "kind": key[1],
                    "from_day": key[2],
                    "to_day": designation.end,
                    "source_id": source_id,
                    "received_at": context.now_ns,
                }
            elif designation.end is not None and designation.end != stored[key][1]:
                updated += 1
                context.connection.execute(
                    update(table)
                    .where(table.c.id == stored[key][0])
                    .values(to_day=designation.end, source_id=source_id, received_at=context.now_ns)
                )
    if new:
        context.connection.execute(insert(table), list(new.values()))
    if new or updated:
        context.changed("designation")
    return UpsertCount(len(new), updated, total - len(new) - updated)


def upsert_calendar(
    context: WriteContext, days: npt.NDArray[np.datetime64], is_open: npt.NDArray[np.bool_], *, source: str
) -> UpsertCount:
    """Store which days the exchange opened; a later word about a day replaces an earlier one."""
    check_lengths("calendar", days=days, is_open=is_open)
    table = CALENDAR_DAY
    stamp = {"source_id": context.source_id(source), "received_at": context.now_ns}
    stored = {row.date: row.is_open for row in context.connection.execute(select(table.c.date, table.c.is_open))}
    given: dict[date, bool] = dict(
        zip(np.asarray(days, dtype="datetime64[D]").tolist(), np.asarray(is_open, dtype=np.bool_).tolist(), strict=True)
    )
    if None in given:
        raise ValidationFailed("A calendar row has no day.", key="error.storage.key", dataset="calendar", row=0)
    new = [{"date": day, "is_open": flag, **stamp} for day, flag in given.items() if day not in stored]
    changed = [(day, flag) for day, flag in given.items() if day in stored and stored[day] != flag]
    if new:
        context.connection.execute(insert(table), new)
    for day, flag in changed:
        context.connection.execute(update(table).where(table.c.date == day).values(is_open=flag, **stamp))
    if new or changed:
        context.changed("calendar_day")
    return UpsertCount(len(new), len(changed), len(given) - len(new) - len(changed))
