"""From records of answers to the facts and batches of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import numpy as np

from engine.model.instants import kst_ns
from engine.model.live import MISSING, BookTick, FeedVenue, IndexTick, QuoteSnapshot, TradeTick, ViEvent, ViKind
from ralphstock_desktop.ports import FLOW_INVESTORS, MISSING_INT, FlowBatch, MarketFlowBatch
from ralphstock_desktop.providers.kiwoom.records_flows import InvestorDay, SectorFlow
from ralphstock_desktop.providers.kiwoom.records_quotes import Execution, OrderBook, WatchQuote
from ralphstock_desktop.providers.kiwoom.records_sectors import IndexSnapshot, ViRow

__all__ = ["book_of", "flow_batches", "index_tick", "market_flow_batch", "quote_of", "trade_of", "vi_event"]

_VI_KINDS: Final = {"정적": ViKind.STATIC, "동적": ViKind.DYNAMIC, "동적+정적": ViKind.BOTH, "정적+동적": ViKind.BOTH}
_MARKET_INVESTORS: Final = FLOW_INVESTORS


def _price(krw: int) -> int:
    """A price of 0 means that there is none."""
    return MISSING if krw == 0 else krw


def quote_of(row: WatchQuote, *, in_auction: bool, received_ns: int, today: date) -> QuoteSnapshot:
    """Build the state of one stock. One of a former day is dated by its day where its time is not told."""
    at_s = 0 if row.at_s == MISSING and row.day < today else row.at_s
    at_ns = MISSING if at_s == MISSING else kst_ns(row.day, 0) + at_s * 1_000_000_000
    return QuoteSnapshot(
        ticker=row.ticker,
        venue=int(row.venue),
        at_ns=at_ns,
        price_krw=_price(row.last_krw),
        base_krw=_price(row.base_krw),
        open_krw=_price(row.open_krw),
        high_krw=_price(row.high_krw),
        low_krw=_price(row.low_krw),
        volume_shares=row.volume_shares,
        value_krw=row.value_krw,
        strength_pct=row.strength_pct,
        ask_krw=_price(row.ask_krw),
        bid_krw=_price(row.bid_krw),
        upper_limit_krw=_price(row.upper_limit_krw),
        lower_limit_krw=_price(row.lower_limit_krw),
        expected_krw=_price(row.expected_krw) if in_auction else MISSING,
        received_ns=received_ns,
    )


def _empty_as_zero(levels: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(0 if level == MISSING else level for level in levels)


def book_of(row: OrderBook, ticker: str, at_ns: int, received_ns: int) -> BookTick:
    """Build an order book; the answer to a request tells no expected match."""
    return BookTick(
        ticker=ticker,
        venue=int(FeedVenue.KRX),
        at_ns=at_ns,
        ask_krw=_empty_as_zero(row.ask_krw),
        ask_shares=_empty_as_zero(row.ask_shares),
        bid_krw=_empty_as_zero(row.bid_krw),
        bid_shares=_empty_as_zero(row.bid_shares),
        total_ask_shares=row.total_ask_shares,
        total_bid_shares=row.total_bid_shares,
        expected_krw=MISSING,
        expected_shares=MISSING,
        received_ns=received_ns,
    )


def trade_of(row: Execution, ticker: str, at_ns: int, received_ns: int) -> TradeTick:
    """Build one trade; what the answer does not tell is MISSING."""
    return TradeTick(
        ticker=ticker,
        venue=int(FeedVenue.KRX if row.venue is None else row.venue),
        at_ns=at_ns,
        price_krw=row.close_krw,
        quantity_shares=row.quantity_shares,
        volume_shares=row.volume_shares,
        value_krw=row.value_krw,
        change_krw=row.change_krw,
        open_krw=MISSING,
        high_krw=MISSING,
        low_krw=MISSING,
        ask_krw=_price(row.ask_krw),
        bid_krw=_price(row.bid_krw),
        strength_pct=row.strength_pct,
        buy_shares=MISSING,
        sell_shares=MISSING,
        received_ns=received_ns,
    )


def index_tick(code: str, row: IndexSnapshot, at_ns: int, received_ns: int) -> IndexTick:
    """Build the level of an index."""
    return IndexTick(
        code=code,
        at_ns=at_ns,
        level=row.level,
        change=row.change,
        change_pct=row.change_pct,
        open=row.open,
        high=row.high,
        low=row.low,
        volume_shares=row.volume_shares,
        value_krw=row.value_krw,
        received_ns=received_ns,
    )


def vi_event(row: ViRow, instant: Callable[[int], int], received_ns: int) -> ViEvent:
    """Build an interruption; the base that does not apply is 0 in the answer."""
    kind = _VI_KINDS.get(row.kind, ViKind.UNKNOWN)
    is_dynamic = kind is ViKind.DYNAMIC or (kind is not ViKind.STATIC and row.static_base_krw in (0, MISSING))
    base = row.dynamic_base_krw if is_dynamic else row.static_base_krw
    deviation = row.dynamic_deviation_pct if is_dynamic else row.static_deviation_pct
    is_up = row.trigger_krw > base if base not in (0, MISSING) else deviation > 0
    released = MISSING if row.released_at_s in (0, MISSING) else instant(row.released_at_s)
    return ViEvent(
        ticker=row.ticker,
        kind=int(kind),
        up=is_up,
        price_krw=row.trigger_krw,
        base_krw=_price(base),
        triggered_ns=instant(row.triggered_at_s),
        released_ns=released,
        count_today=row.count_today,
        received_ns=received_ns,
    )


def _is_not_yet(*counted: InvestorDay | None) -> bool:
    """Whether a day with trades has all flows zero in every unit: they are not known yet. Small won flows round to zero."""
    rows = [row for row in counted if row is not None]
    return all(row.volume_shares != 0 and row.individual == row.foreign == row.institution == 0 for row in rows)


def flow_batches(
    ticker: str,
    won: Mapping[date, InvestorDay],
    shares: Mapping[date, InvestorDay],
    *,
    since: date,
    today: date,
    is_final: bool,
    source: str,
) -> tuple[FlowBatch, ...]:
    """Build one batch per investor, and further ones for a provisional today.

    Parameters
    ----------
    won, shares : mapping of date to record
        The same days, counted in won and in shares.
    is_final : bool
        Whether today's flows are confirmed.
    """
    days = sorted(day for day in won.keys() | shares.keys() if since <= day <= today)
    if days and days[-1] == today and _is_not_yet(won.get(today), shares.get(today)):
        days.pop()
    settled = [day for day in days if day < today or is_final]
    provisional = [day for day in days if day == today and not is_final]
    batches = []
    for part, is_provisional in ((settled, False), (provisional, True)):
        if not part:
            continue
        for investor in FLOW_INVESTORS:
            columns = [
                np.array([getattr(rows[day], investor) if day in rows else MISSING_INT for day in part], dtype=np.int64)
                for rows in (shares, won)
            ]
            batches.append(
                FlowBatch(
                    ticker=np.full(len(part), ticker, dtype="U12"),
                    day=np.array(part, dtype="datetime64[D]"),
                    investor=investor,
                    net_shares=columns[0],
                    net_krw=columns[1],
                    estimated=False,
                    provisional=is_provisional,
                    source=source,
                )
            )
    return tuple(batches)


def market_flow_batch(market: str, day: date, row: SectorFlow, source: str) -> MarketFlowBatch | None:
    """Build the flows of a whole market; None if all are zero or missing: the day has none (yet)."""
    found = {investor: getattr(row, investor) for investor in _MARKET_INVESTORS}
    known = {investor: net for investor, net in found.items() if net != MISSING}
    if not any(known.values()):
        return None
    return MarketFlowBatch(
        market=np.full(len(known), market, dtype="U12"),
        day=np.full(len(known), np.datetime64(day), dtype="datetime64[D]"),
        investor=np.array(list(known), dtype="U24"),
        net_krw=np.array(list(known.values()), dtype=np.int64),
        instant_ns=None,
        source=source,
    )
