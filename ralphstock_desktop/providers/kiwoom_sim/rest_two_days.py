"""Trades of today or yesterday, strength by day, programmes in a stock's market: ka10055, ka10084, ka10047, ka10010."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import NamedTuple

import numpy as np

from engine.model.panel import FloatArray
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.executions import strength_pct
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import FLOW_PAGE, days_before, newest_of, page_of_days
from ralphstock_desktop.providers.kiwoom_sim.rest_program import market_total

__all__ = ["market_programme", "strength_by_day", "trades_of_day", "volumes_of_day"]

_PAGE = 100
_ALL = 1_000_000


class _Trade(NamedTuple):
    """A trade, or a minute told as one; running volume and value of its day, and shares bought and sold in it so far."""

    at_ns: int
    price: int
    quantity: int
    volume: int
    value_krw: float
    bought: int
    sold: int


def _yesterday(call: Call) -> tuple[date | None, int]:
    past = call.facts.past(call.row)
    if not len(past):
        return None, call.quote().base
    return past.days[-1].astype(date), int(past.base[-1])


def _minutes(call: Call, day: date | None) -> list[_Trade]:
    """Minutes of a day, each told as one trade at its close; signed as the minute went."""
    if day == call.facts.day and call.today_minutes is not None:
        bars = call.today_minutes
    elif day is None:
        return []
    else:
        bars = call.market.minutes(call.row, day)
    signed = np.where(bars.close >= bars.open, bars.volume, -bars.volume)
    columns = (
        bars.start_ns,
        bars.close,
        signed,
        bars.volume_after,
        np.cumsum(bars.value_krw),
        np.cumsum(np.maximum(signed, 0)),
        np.cumsum(np.maximum(-signed, 0)),
    )
    return [_Trade(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _sided(call: Call, minutes: list[_Trade]) -> list[_Trade]:
    """Minutes of today with what their trades bought and sold; of earlier days only the minutes are known."""
    totals = {trade.volume: (trade.buy_shares, trade.sell_shares) for trade in call.market.executions(call.row, _ALL)}
    found = []
    for minute in minutes:
        bought, sold = totals.get(minute.volume, (minute.bought, minute.sold))
        found.append(minute._replace(bought=bought, sold=sold))
    return found


def _sign(call: Call, price: int, base: int) -> str:
    """Direction code; limits are known of today only."""
    if call.params.text("tdy_pred") == "2":
        return w.direction(price - base)
    return call.quote().sign_at(price)


def _trades(call: Call) -> tuple[list[_Trade], int]:
    """Trades of the asked day, oldest first, and its base price. Of yesterday only the minutes are known."""
    quote = call.quote()
    if call.params.choice("tdy_pred", ("1", "2")) == "2":
        day, base = _yesterday(call)
        return _minutes(call, day), base
    if call.params.text("tic_min") == "1":
        return _sided(call, _minutes(call, call.facts.day)), quote.base
    found = call.market.executions(call.row, _ALL) if quote.raw.last is not None else ()
    return [
        _Trade(t.at_ns, t.price, t.quantity, t.volume, float(t.value_krw), t.buy_shares, t.sell_shares) for t in reversed(found)
    ], quote.base


def _page(call: Call, trades: list[_Trade]) -> tuple[list[_Trade], str]:
    """A page, newest first. The cursor counts from the oldest trade, which does not move."""
    left = min(int(call.cursor), len(trades)) if call.cursor.isdigit() else len(trades)
    first = max(left - _PAGE, 0)
    return trades[first:left][::-1], str(first) if first else ""


def volumes_of_day(call: Call) -> Reply:
    """ka10055: trades of today (1) or of yesterday (2); accumulated value in millions."""
    trades, base = _trades(call)
    page, cursor = _page(call, trades)
    rows = [
        {
            "cntr_tm": w.clock(trade.at_ns),
            "cntr_pric": w.price(trade.price, base),
            "pred_pre_sig": _sign(call, trade.price, base),
            "pred_pre": w.signed(trade.price - base),
            "flu_rt": w.rate(w.ratio_pct(trade.price - base, base)),
            "cntr_qty": w.signed(trade.quantity),
            "acc_trde_qty": str(trade.volume),
            "acc_trde_prica": str(w.million(trade.value_krw)),
        }
        for trade in page
    ]
    return Reply({"tdy_pred_cntr_qty": rows}, cursor)


def trades_of_day(call: Call) -> Reply:
    """ka10084: trades (``tic_min`` 0) or minutes (1) of today or yesterday, up to a time if one is asked for."""
    trades, base = _trades(call)
    until = call.params.text("tm")
    if until:
        trades = [trade for trade in trades if w.clock(trade.at_ns)[:4] <= until.zfill(4)]
    page, cursor = _page(call, trades)
    rows: list[Row] = []
    for trade in page:
        ask, bid = call.market.best_after(call.row, trade.price, trade.quantity, trade.volume)
        rows.append(
            {
                "tm": w.clock(trade.at_ns),
                "cur_prc": w.price(trade.price, base),
                "pred_pre": w.signed(trade.price - base),
                "pre_rt": w.rate(w.ratio_pct(trade.price - base, base)),
                "pri_sel_bid_unit": w.price(ask, base),
                "pri_buy_bid_unit": w.price(bid, base),
                "cntr_trde_qty": w.signed(trade.quantity),
                "sign": _sign(call, trade.price, base),
                "acc_trde_qty": str(trade.volume),
                "acc_trde_prica": str(w.million(trade.value_krw)),
                "cntr_str": w.decimal(strength_pct(trade.bought, trade.sold)),
                "stex_tp": VenueCode.TEXT[call.venue],
            }
        )
    return Reply({"tdy_pred_cntr": rows}, cursor)


def _past_strength(call: Call, day: date, change: int) -> float:
    """Strength of a day of which no trades are known: above 100 on rising days, below on falling ones."""
    swing = 60.0 * call.facts.chance(call.row, 176, day.toordinal())
    return 100.0 + (swing if change > 0 else -0.7 * swing if change < 0 else 0.0)


def strength_by_day(call: Call) -> Reply:
    """ka10047: trade strength by day with its means over 5, 20 and 60 days."""
    live = call.quote().raw.strength
    wanted = list(islice(days_before(call, newest_of(call, "base_dt")), FLOW_PAGE + 61))
    page, cursor = page_of_days(iter(wanted), FLOW_PAGE)
    strengths: FloatArray = np.array(
        [live if day.index is None and np.isfinite(live) else _past_strength(call, day.day, day.change) for day in wanted]
    )
    rows = [
        {
            "dt": w.day_text(day.day),
            "cur_prc": w.price(day.close, day.base),
            "pred_pre": w.signed(day.change),
            "pred_pre_sig": day.sign,
            "flu_rt": w.rate(day.rate_pct),
            "trde_qty": "",
            "acc_trde_prica": str(w.million(day.value)),
            "acc_trde_qty": str(day.volume),
            "cntr_str": w.decimal(float(strengths[n])),
            **{f"cntr_str_{days}min": w.decimal(float(strengths[n : n + days].mean())) for days in (5, 20, 60)},
        }
        for n, day in enumerate(page)
    ]
    return Reply({"cntr_str_daly": rows}, cursor)


def market_programme(call: Call) -> Reply:
    """ka10010: programmes in a stock's market so far today; only the totals are out during the day.

    The TR is about sectors and its parameter is called a stock code: either is taken.
    """
    call.params.need(("stk_cd",))
    code = call.item
    sectors = {found for found, _, _ in call.facts.sectors}
    kospi = code[:1] == "0" if code in sectors else bool(call.facts.of_market("001")[call.find(code)[0]])
    total = market_total(call, None, kospi=kospi)
    sides = ("sell_qty", "sell_amt", "buy_qty", "buy_amt", "netprps_qty", "netprps_amt")
    blank = {f"{part}_{side}": "" for part in ("dfrt_trst", "ndiffpro_trst") for side in sides}
    values = {
        "sell_qty": str(round(total.sell_shares / 1_000)),
        "sell_amt": str(w.million(total.sell_krw)),
        "buy_qty": str(round(total.buy_shares / 1_000)),
        "buy_amt": str(w.million(total.buy_krw)),
    }
    values["netprps_qty"] = w.integer(int(values["buy_qty"]) - int(values["sell_qty"]))
    values["netprps_amt"] = w.integer(int(values["buy_amt"]) - int(values["sell_amt"]))
    return Reply({**blank, **{f"all_dfrt_trst_{side}": values[side] for side in sides}})
