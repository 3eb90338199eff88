"""Trades of a stock: ka10003 executions, ka10046 trade strength."""

from __future__ import annotations

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimExecution
from ralphstock_desktop.providers.kiwoom_sim.executions import strength_pct
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import VenueCode

__all__ = ["executions", "strength_by_time"]

_PAGE_TICKS = 30
_HOUR_OF_TRADES = 1_800


def _strength(trade: SimExecution) -> float:
    return strength_pct(trade.buy_shares, trade.sell_shares)


def _trades_page(call: Call, behind: int = 0) -> tuple[list[SimExecution], int, str]:
    """Trades from the newest of the page on (with some older ones behind it), rows of the page, and the next cursor.

    The cursor names the last trade that was given by its accumulated volume, so that trades made meanwhile do not move the
    walk; beside it stands how many were given, which tells how far back to look.
    """
    given, _, volume = call.cursor.partition("v")
    shown = int(given) if given.isdigit() else 0
    slack = 256
    while True:
        limit = shown + _PAGE_TICKS + 1 + behind + (slack if shown else 0)
        trades = list(call.market.executions(call.row, limit))
        start = 0
        if shown:
            start = next((n + 1 for n, trade in enumerate(trades) if trade.volume <= int(volume)), len(trades))
        if start + _PAGE_TICKS < len(trades) or len(trades) < limit:
            break
        slack *= 4
    count = min(_PAGE_TICKS, len(trades) - start)
    cursor = f"{shown + count}v{trades[start + count - 1].volume}" if len(trades) > start + count else ""
    return trades[start:], count, cursor


def executions(call: Call) -> Reply:
    """ka10003: trades of the day, newest first, 30 a page."""
    quote = call.quote()
    trades, count, cursor = _trades_page(call)
    facts, text = call.facts, VenueCode.TEXT[call.venue]
    rows = []
    for trade in trades[:count]:
        change = trade.price - quote.base
        ask, bid = call.market.best_after(call.row, trade.price, trade.quantity, trade.volume)
        rows.append(
            {
                "tm": w.clock(trade.at_ns),
                "cur_prc": quote.at(trade.price),
                "pred_pre": w.signed(change),
                "pre_rt": w.rate(w.ratio_pct(change, quote.base)),
                "pri_sel_bid_unit": quote.at(ask),
                "pri_buy_bid_unit": quote.at(bid),
                "cntr_trde_qty": w.integer(trade.quantity),
                "sign": quote.sign_at(trade.price),
                "acc_trde_qty": str(int(facts.venue_volume(call.row, np.array(trade.volume), call.venue))),
                "acc_trde_prica": str(int(facts.venue_volume(call.row, np.array(trade.value_krw), call.venue))),
                "cntr_str": w.decimal(_strength(trade)),
                "stex_tp": text,
            }
        )
    return Reply({"cntr_infr": rows}, cursor)


def strength_by_time(call: Call) -> Reply:
    """ka10046: trade strength at each trade, with its means over 5, 20 and 60 minutes."""
    quote = call.quote()
    trades, count, cursor = _trades_page(call, behind=_HOUR_OF_TRADES)
    at = np.array([trade.at_ns for trade in trades], dtype=np.int64)[::-1]
    sums = np.concatenate(([0.0], np.cumsum([_strength(trade) for trade in reversed(trades)])))
    text = VenueCode.TEXT[call.venue]

    def mean(number: int, minutes: int) -> str:
        end = len(trades) - number
        begin = int(np.searchsorted(at, at[end - 1] - minutes * 60_000_000_000))
        return w.decimal(float((sums[end] - sums[begin]) / max(end - begin, 1)))

    rows = []
    for number, trade in enumerate(trades[:count]):
        change = trade.price - quote.base
        rows.append(
            {
                "cntr_tm": w.clock(trade.at_ns),
                "cur_prc": quote.at(trade.price),
                "pred_pre": w.signed(change),
                "pred_pre_sig": quote.sign_at(trade.price),
                "flu_rt": w.rate(w.ratio_pct(change, quote.base)),
                "trde_qty": w.integer(trade.quantity),
                "acc_trde_prica": str(w.million(trade.value_krw)),
                "acc_trde_qty": str(trade.volume),
                "cntr_str": w.decimal(_strength(trade)),
                "cntr_str_5min": mean(number, 5),
                "cntr_str_20min": mean(number, 20),
                "cntr_str_60min": mean(number, 60),
                "stex_tp": text,
            }
        )
    return Reply({"cntr_str_tm": rows}, cursor)
