"""Converters of investor flows: per symbol and day, per market and day, per market and minute (domain.md §§0.2, 1.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.model.instruments import Market
from ralphstock_desktop.data.importing import columns as read
from ralphstock_desktop.data.importing.columns import MISSING_INT, map_texts
from ralphstock_desktop.data.importing.convert import Converter, Counts
from ralphstock_desktop.data.importing.prices import read_tickers
from ralphstock_desktop.data.importing.rows import Chunk, RowFilter, combine_keys
from ralphstock_desktop.ports import MarketFlowBatch, UnitOfWork

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FlowConverter", "MarketFlowConverter", "MinuteMarketFlowConverter"]

_DAY_OFFSET = 1 << 20
_INVESTOR_IDS = {
    "개인": "individual",
    "외국인": "foreign",
    "기관": "institution",
    "기관합계": "institution",
    "금융투자": "securities",
    "보험": "insurance",
    "투신": "investment_trust",
    "사모펀드": "private_fund",
    "은행": "bank",
    "기타금융": "other_finance",
    "연기금등": "pension",
    "연기금": "pension",
    "국가/지자체": "government",
    "기타법인": "other_corp",
}


def investor_id(text: str) -> str:
    """Return our name of an investor group; a part of the institutions is written ``기관/연기금등`` by some sources."""
    name = text.strip().removeprefix("기관/")
    return _INVESTOR_IDS.get(name, name.casefold())


def market_name(text: str) -> str:
    """Return ``KOSPI``, ``KOSDAQ`` or ``KONEX``; empty if it is none of them."""
    market = Market.parse(text)
    return "" if market is Market.UNKNOWN else market.name


class FlowConverter(Converter):
    """Net buying per symbol and day. A missing value gives no row; zero is a value."""

    store_dataset = "flow"

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context, limits = self.context, rows.limits
        names, numbers = read_tickers(context, batch, rows)
        days = read.days(context.column(batch, "day"))
        raw_days = context.column(batch, "day")
        rows.label = lambda position: f"{names[position]} {raw_days[position].as_py()}"
        rows.reject_days(days, context.clock, trading_days_only=True, known_at=context.clock.sessions.confirmed_flow_ns)
        limit = limits.max_value_krw if context.layout.flow_quantity == "money" else limits.max_shares
        out: dict[str, Any] = {"ticker": names, "day": days}
        empty = np.ones(len(names), dtype=np.bool_)
        for investor in context.layout.flow_fields:
            number = context.whole(batch, investor)
            rows.reject_whole("flow", number, limit=limit, may_be_negative=True)
            out[investor] = number.values
            empty &= number.missing
        rows.reject("no_flow", empty)
        ordinals = days.astype(np.int64) + _DAY_OFFSET
        return rows.chunk(out, combine_keys(numbers, np.where(rows.ok, ordinals, 0)))

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store one batch per investor."""
        counts = Counts()
        self.context.store_flows(uow, chunk, counts)
        return counts


class MarketFlowConverter(Converter):
    """Net buying of a whole market per day, a column per investor."""

    store_dataset = "market_flow"

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context = self.context
        days = read.days(context.column(batch, "day"))
        raw_days = context.column(batch, "day")
        rows.label = lambda position: str(raw_days[position].as_py())
        rows.reject_days(days, context.clock, trading_days_only=True, known_at=context.clock.sessions.confirmed_flow_ns)
        markets = map_texts(context.column(batch, "market"), market_name)
        rows.reject("unreadable_market", markets == "")
        out: dict[str, Any] = {"market": markets, "day": days}
        for investor in context.layout.flow_fields:
            number = context.whole(batch, investor)
            rows.reject_whole("flow", number, limit=rows.limits.max_value_krw, may_be_negative=True)
            out[investor] = number.values
        ordinals = days.astype(np.int64) + _DAY_OFFSET
        return rows.chunk(out, combine_keys(context.numbers_of(markets), np.where(rows.ok, ordinals, 0)))

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store the rows, one per market, day and investor."""
        counts = Counts()
        for investor in self.context.layout.flow_fields:
            values = chunk.columns[investor]
            given = values != MISSING_INT
            batch = MarketFlowBatch(
                market=chunk.columns["market"][given],
                day=chunk.columns["day"][given],
                investor=np.full(int(given.sum()), investor),
                net_krw=values[given],
                instant_ns=None,
                source=self.context.source,
            )
            counts.add("market_flow", uow.upsert_market_flows(batch))
        return counts


class MinuteMarketFlowConverter(Converter):
    """Net buying of a whole market within the day, cumulative, a row per investor."""

    store_dataset = "market_flow"

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context = self.context
        raw = context.column(batch, "instant")
        instants, days = read.instants(raw)
        rows.label = lambda position: str(raw[position].as_py())
        rows.reject("unreadable_time", instants == MISSING_INT)
        rows.reject("future", instants > context.clock.now_ns)
        rows.reject_days(days, context.clock, trading_days_only=True, known_at=None)
        markets = map_texts(context.column(batch, "market"), market_name)
        rows.reject("unreadable_market", markets == "")
        investors = map_texts(context.column(batch, "investor"), investor_id)
        rows.reject("unreadable_investor", investors == "")
        number = context.whole(batch, "net")
        rows.reject_whole("flow", number, limit=rows.limits.max_value_krw, may_be_negative=True)
        rows.reject("no_flow", number.missing)
        out = {"market": markets, "day": days, "investor": investors, "net_krw": number.values, "instant_ns": instants}
        group = context.numbers_of(np.char.add(np.char.add(markets, "|"), investors))
        # Seconds since 2000 fit the 31 bits of a key until 2068.
        seconds = np.where(rows.ok, instants // 1_000_000_000 - 946_684_800, 0)
        return rows.chunk(out, combine_keys(group, np.maximum(seconds, 0)))

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store the rows."""
        return Counts.of("market_flow", uow.upsert_market_flows(MarketFlowBatch(source=self.context.source, **chunk.columns)))
