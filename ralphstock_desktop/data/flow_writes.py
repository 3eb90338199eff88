"""Writing investor flows: per symbol and day, per market and day, per market and minute."""

from __future__ import annotations

from datetime import date

import numpy as np

from engine.model.errors import ValidationFailed
from ralphstock_desktop.data.bulk import BulkTable, Columns, batch_columns, is_missing, keep_known, upsert_columns
from ralphstock_desktop.data.columns import Field, Kind, check_lengths
from ralphstock_desktop.data.schema.market import FLOW, MARKET_FLOW, MARKET_FLOW_MINUTE
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.ports import FlowBatch, MarketFlowBatch, UpsertCount

__all__ = ["upsert_flows", "upsert_market_flows"]

_NS_PER_MINUTE = 60_000_000_000
_NS_PER_DAY = 1_440 * _NS_PER_MINUTE
_LATER_FROM = (date(2026, 9, 14) - date(1970, 1, 1)).days
_CONFIRMED_MINUTE, _CONFIRMED_MINUTE_LATER = 18 * 60 + 10, 20 * 60 + 10  # KST, domain.md App. C 0.2
_KST_MINUTES = 9 * 60

_FLOW = BulkTable(
    FLOW,
    (Field("ticker", Kind.TEXT), Field("date", Kind.DAY), Field("investor", Kind.TEXT)),
    (
        Field("net_shares", Kind.INT),
        Field("net_value", Kind.INT),
        Field("estimated", Kind.FLAG),
        Field("provisional", Kind.FLAG),
    ),
    has_day_index=True,
)
_MARKET_FLOW = BulkTable(
    MARKET_FLOW,
    (Field("market", Kind.TEXT), Field("date", Kind.DAY), Field("investor", Kind.TEXT)),
    (Field("net_value", Kind.INT),),
)
_MARKET_FLOW_MINUTE = BulkTable(
    MARKET_FLOW_MINUTE,
    (Field("market", Kind.TEXT), Field("ts", Kind.INT), Field("investor", Kind.TEXT)),
    (Field("net_value", Kind.INT),),
)


def upsert_flows(context: WriteContext, batch: FlowBatch) -> UpsertCount:
    """Store net buying by (ticker, date, investor).

    A confirmed row replaces a provisional one whole; a provisional row never touches a confirmed one; an estimated value in
    won never replaces a published one.
    """
    size = check_lengths("flow", ticker=batch.ticker, day=batch.day, net_shares=batch.net_shares, net_krw=batch.net_krw)
    columns = batch_columns(
        _FLOW,
        ticker=batch.ticker,
        date=batch.day,
        investor=np.full(size, batch.investor),
        net_shares=batch.net_shares,
        net_value=batch.net_krw,
        estimated=np.full(size, batch.estimated),
        provisional=np.full(size, batch.provisional),
    )
    _check(columns, "flow", ("ticker", "date", "investor"))

    def finish(rows: Columns) -> Columns:
        later = rows["date"] >= _LATER_FROM
        minute = np.where(later, _CONFIRMED_MINUTE_LATER, _CONFIRMED_MINUTE) - _KST_MINUTES
        confirmed_at = rows["date"] * _NS_PER_DAY + minute * _NS_PER_MINUTE
        return rows | {"available_at": np.where(rows["provisional"] != 0, context.now_ns, confirmed_at)}

    stamps = {"source_id": context.source_id(batch.source), "received_at": context.now_ns}
    result = upsert_columns(context.connection, _FLOW, columns, stamps, merge=_merge_flows, finish=finish)
    context.changed_rows("flow", result)
    return result.count


def _merge_flows(keys: Columns, stored: Columns, given: Columns) -> Columns:
    merged = keep_known(keys, stored, {name: given[name] for name in ("net_shares", "net_value")})
    published = (stored["estimated"] == 0) & ~is_missing(stored["net_value"])
    guess = (given["estimated"] != 0) & published
    merged["net_value"] = np.where(guess, stored["net_value"], merged["net_value"])
    brings_value = ~is_missing(given["net_value"]) & ~guess
    merged["estimated"] = np.where(brings_value, given["estimated"], stored["estimated"])
    merged["provisional"] = stored["provisional"].copy()
    confirms = (stored["provisional"] != 0) & (given["provisional"] == 0)
    too_early = (stored["provisional"] == 0) & (given["provisional"] != 0)
    # a figure that became 0 while in doubt is news; what the confirmed row does not give is unknown again
    result = {name: np.where(confirms, given[name], merged[name]) for name in merged}
    return {name: np.where(too_early, stored[name], column) for name, column in result.items()}


def upsert_market_flows(context: WriteContext, batch: MarketFlowBatch) -> UpsertCount:
    """Store net buying of whole markets: daily rows, or intraday rows where instants are given."""
    check_lengths(
        "market flow",
        market=batch.market,
        day=batch.day,
        investor=batch.investor,
        net_krw=batch.net_krw,
        instant_ns=batch.instant_ns,
    )
    if batch.instant_ns is None:
        target, name = _MARKET_FLOW, "market_flow"
        columns = batch_columns(target, market=batch.market, date=batch.day, investor=batch.investor, net_value=batch.net_krw)
        _check(columns, "market flow", ("market", "date", "investor"))
    else:
        target, name = _MARKET_FLOW_MINUTE, "market_flow_minute"
        columns = batch_columns(
            target, market=batch.market, ts=batch.instant_ns, investor=batch.investor, net_value=batch.net_krw
        )
        _check(columns, "market flow", ("market", "ts", "investor"))
    stamps = {"source_id": context.source_id(batch.source), "received_at": context.now_ns}
    result = upsert_columns(context.connection, target, columns, stamps)
    context.changed_rows(name, result)
    return result.count


def _check(columns: Columns, what: str, keys: tuple[str, ...]) -> None:
    wrong = np.logical_or.reduce([is_missing(columns[key]) for key in keys])
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise ValidationFailed(
            f"Row {row} of the {what} batch lacks one of {', '.join(keys)}.", key="error.storage.key", dataset=what, row=row
        )
