"""Tick chart of a stock: ka10079."""

from __future__ import annotations

from datetime import date

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Quote
from ralphstock_desktop.providers.kiwoom_sim.rest_charts import MINUTE_PAGE
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row

__all__ = ["tick_chart"]

_TICK_DAYS = 3
_TICKS_PER_MINUTE = 4
_ALL = 1_000_000


def _today_ticks(call: Call) -> list[tuple[int, int, int]]:
    trades = call.market.executions(call.row, _ALL) if call.quote().raw.last is not None else ()
    return [(trade.at_ns, trade.price, abs(trade.quantity)) for trade in reversed(trades)]


def _past_ticks(call: Call, day: date) -> list[tuple[int, int, int]]:
    """Ticks of an earlier day: each recorded minute told as its open, high, low and close."""
    minutes = call.market.minutes(call.row, day)
    ticks = []
    for start, opened, high, low, close, volume in zip(
        *(part.tolist() for part in (minutes.start_ns, minutes.open, minutes.high, minutes.low, minutes.close, minutes.volume)),
        strict=True,
    ):
        path = (opened, low, high, close) if close >= opened else (opened, high, low, close)
        for number, price in enumerate(path):
            quantity = volume // 4 + (volume % 4 if number == _TICKS_PER_MINUTE - 1 else 0)
            if quantity:
                ticks.append((start + number * 15_000_000_000, price, quantity))
    return ticks


def tick_chart(call: Call) -> Reply:
    """ka10079: bars of 1 to 30 trades over the last days, counted from each day's first trade; the open one is the last.

    Prices carry no sign, as in the daily chart; the change does.
    """
    scope, facts = call.params.number("tic_scope", 1), call.facts
    past = facts.past(call.row)
    days = [day.astype(date) for day in past.days[-_TICK_DAYS:] if past.volume[np.searchsorted(past.days, day)] > 0]
    bars: list[tuple[int, bool, list[tuple[int, int, int]]]] = []
    quote = call.quote()
    open_ticks = ""
    for day in (*days, facts.day):
        ticks = _today_ticks(call) if day == facts.day else _past_ticks(call, day)
        base = quote.base if day == facts.day else int(past.base[np.searchsorted(past.days, np.datetime64(day))])
        bars += [(base, day == facts.day, ticks[n : n + scope]) for n in range(0, len(ticks), scope)]
        if day == facts.day and scope > 1 and len(ticks) % scope:
            open_ticks = str(len(ticks) % scope)
    left = min(int(call.cursor), len(bars)) if call.cursor.isdigit() else len(bars)
    page = bars[max(left - MINUTE_PAGE, 0) : left][::-1]
    rows = [_tick_row(call, base, part, quote if today else None) for base, today, part in page]
    left -= MINUTE_PAGE
    return Reply({"stk_cd": call.item, "last_tic_cnt": open_ticks, "stk_tic_chart_qry": rows}, str(left) if left > 0 else "")


def _tick_row(call: Call, base: int, ticks: list[tuple[int, int, int]], today: Quote | None) -> Row:
    prices = [price for _, price, _ in ticks]
    quantity = sum(part for _, _, part in ticks)
    change = prices[-1] - base
    return {
        "cur_prc": str(prices[-1]),
        "trde_qty": str(int(call.facts.venue_volume(call.row, np.array(quantity), call.venue))),
        "cntr_tm": w.stamp(ticks[-1][0]),
        "open_pric": str(prices[0]),
        "high_pric": str(max(prices)),
        "low_pric": str(min(prices)),
        "pred_pre": w.signed(change),
        "pred_pre_sig": today.sign_at(prices[-1]) if today else w.direction(change),
    }
