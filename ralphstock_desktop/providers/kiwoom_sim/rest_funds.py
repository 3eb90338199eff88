"""Exchange-traded funds: ka40001-ka40004, ka40006-ka40010.

The repository holds a fund's prices, not its net asset value (NAV). The NAV is the price without a small premium that is drawn
from symbol and day.
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from engine.model.instruments import SecurityType
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Quote
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import (
    FLOW_PAGE,
    Day,
    days_before,
    foreign_held,
    investors_of,
    newest_of,
    page_of_days,
)

__all__ = [
    "fund_by_day",
    "fund_by_time",
    "fund_days_of_investors",
    "fund_foreign_by_day",
    "fund_info",
    "fund_net_assets",
    "fund_return",
    "fund_trades",
    "funds",
]

_INDEX_NAME, _INDEX_CODE = "KOSPI200", "201"
_TAX = "보유기간과세"
_PERIOD_DAYS = {"0": 5, "1": 21, "2": 126, "3": 250}
_TRADES = 100
_STOCK_CLASS = "19"
_PAGE = 100


def _head(call: Call, quote: Quote) -> Row:
    return {
        "stk_nm": call.name(quote.row),
        "etfobjt_idex_nm": _INDEX_NAME,
        "wonju_pric": str(quote.base),
        "etftxon_type": _TAX,
        "etntxon_type": _TAX,
    }


def fund_info(call: Call) -> Reply:
    """ka40002."""
    return Reply(dict(_head(call, call.quote())))


def fund_return(call: Call) -> Reply:
    """ka40001: return of the fund's NAV and of its price over 0 a week, 1 a month, 2 half a year, 3 a year."""
    count = _PERIOD_DAYS[call.params.choice("dt", tuple(_PERIOD_DAYS))]
    days = [day for _, day in zip(range(count + 1), days_before(call, call.facts.day), strict=False)]
    if len(days) < 2:
        return Reply({"etfprft_rt_lst": []})
    new, old = days[0], days[-1]
    nav = [call.facts.fund_nav(call.row, day.day.toordinal(), day.close) for day in (new, old)]
    nets = [investors.net for day in days if (investors := investors_of(call, day, "quantity", 1))]
    row = {
        "etfprft_rt": w.rate(w.ratio_pct(nav[0] - nav[1], nav[1])),
        "cntr_prft_rt": w.rate(w.ratio_pct(new.close - old.close, old.close)),
        "for_netprps_qty": w.signed(sum(net["frgnr_invsr"] for net in nets)),
        "orgn_netprps_qty": w.signed(sum(net["orgn"] for net in nets)),
    }
    return Reply({"etfprft_rt_lst": [row]})


def _by_day(call: Call, name: str) -> tuple[list[Day], str]:
    return page_of_days(days_before(call, newest_of(call, name)), FLOW_PAGE)


def _nav_before(call: Call, days: list[Day], n: int) -> float:
    """Net asset value of the trading day before one of some days, newest first; its own where that is not known."""
    earlier = days[n + 1].day if n + 1 < len(days) else days[n].day
    return call.facts.fund_nav(call.row, earlier.toordinal(), days[n].base)


def fund_by_day(call: Call) -> Reply:
    """ka40003: price and NAV by day; signed prices, values in millions."""
    wanted = list(islice(days_before(call, newest_of(call, "base_dt")), FLOW_PAGE + 1))
    days, cursor = page_of_days(iter(wanted), FLOW_PAGE)
    rows = []
    for n, day in enumerate(days):
        before = _nav_before(call, wanted, n)
        nav = call.facts.fund_nav(call.row, day.day.toordinal(), day.close)
        premium = w.rate(w.ratio_pct(day.close - nav, nav))
        rows.append(
            {
                "cntr_dt": w.day_text(day.day),
                "cur_prc": w.price(day.close, day.base),
                "pre_sig": day.sign,
                "pred_pre": w.signed(day.change),
                "pre_rt": w.rate(day.rate_pct),
                "trde_qty": str(day.volume),
                "nav": w.level(nav, before),
                "acc_trde_prica": str(w.million(day.value)),
                "navidex_dispty_rt": premium,
                "navetfdispty_rt": premium,
                "trace_eor_rt": w.decimal(call.facts.tracking_error(call.row)),
                "trace_cur_prc": w.price(day.close, day.base),
                "trace_pred_pre": w.signed(day.change),
                "trace_pre_sig": day.sign,
            }
        )
    return Reply({"etfdaly_trnsn": rows}, cursor)


def funds(call: Call) -> Reply:
    """ka40004: every fund; ``navpre`` 1 NAV above yesterday's close, 2 below it."""
    facts, board = call.facts, call.stocks
    ordinal, wanted = facts.day.toordinal(), call.params.text("navpre", "0")
    rows = np.flatnonzero((facts.panel.security_type == SecurityType.ETF) & board.listed).tolist()
    lines = [(row, call.facts.fund_nav(row, ordinal, int(board.price[row]) or int(board.base[row]))) for row in rows]
    if wanted in ("1", "2"):
        lines = [(row, nav) for row, nav in lines if (nav > board.base[row]) == (wanted == "1")]
    navs = dict(lines)

    def write(_: int, row: int) -> Row:
        quote = call.seen(row)
        return {
            "stk_cd": call.code(row),
            "stk_cls": _STOCK_CLASS,
            "stk_nm": call.name(row),
            "close_pric": quote.current,
            "pre_sig": quote.sign,
            "pred_pre": quote.change_text,
            "pre_rt": quote.rate_text,
            "trde_qty": str(quote.volume),
            "nav": w.decimal(navs[row]),
            "trace_eor_rt": w.decimal(call.facts.tracking_error(row)),
            **dict.fromkeys(("txbs", "dvid_bf_base", "pred_dvida"), ""),
            "trace_idex_nm": _INDEX_NAME,
            "drng": "",
            "trace_idex_cd": _INDEX_CODE,
            "trace_idex": quote.current,
            "trace_flu_rt": quote.rate_text,
        }

    page, cursor = call.page(_PAGE, lambda: list(navs), write)
    return Reply({"etfall_mrpr": page}, cursor)


def fund_by_time(call: Call) -> Reply:
    """ka40006: the day's last trades with the NAV of their time."""
    quote, ordinal = call.quote(), call.facts.day.toordinal()
    before = call.facts.fund_nav(call.row, call.facts.last_past_day.toordinal(), quote.base)
    rows = []
    for trade in call.market.executions(call.row, _TRADES):
        change = trade.price - quote.base
        nav = call.facts.fund_nav(call.row, ordinal, trade.price)
        rows.append(
            {
                "tm": w.clock(trade.at_ns),
                "close_pric": quote.at(trade.price),
                "pre_sig": w.direction(change),
                "pred_pre": w.signed(change),
                "flu_rt": w.rate(w.ratio_pct(change, quote.base)),
                "trde_qty": str(abs(trade.quantity)),
                "nav": w.level(nav, before),
                "trde_prica": str(w.million(trade.value_krw)),
                "navidex": w.rate(w.ratio_pct(trade.price - nav, nav)),
                "navetf": w.rate(w.ratio_pct(trade.price - nav, nav)),
                "trace": w.decimal(call.facts.tracking_error(call.row)),
                "trace_idex": quote.at(trade.price),
                "trace_idex_pred_pre": w.signed(change),
                "trace_idex_pred_pre_sig": w.direction(change),
            }
        )
    return Reply({**_head(call, quote), "etftisl_trnsn": rows})


def fund_trades(call: Call) -> Reply:
    """ka40007: the day's last trades."""
    quote = call.quote()
    head = _head(call, quote)
    rows = [
        {
            "cntr_tm": w.clock(trade.at_ns),
            "cur_prc": quote.at(trade.price),
            "pre_sig": w.direction(trade.price - quote.base),
            "pred_pre": w.signed(trade.price - quote.base),
            "trde_qty": str(abs(trade.quantity)),
            "stex_tp": "KRX",
        }
        for trade in call.market.executions(call.row, _TRADES)
    ]
    return Reply(
        {
            "stk_cls": _STOCK_CLASS,
            "stk_nm": head["stk_nm"],
            "etfobjt_idex_nm": _INDEX_NAME,
            "etfobjt_idex_cd": _INDEX_CODE,
            "objt_idex_pre_rt": "1.00",
            "wonju_pric": head["wonju_pric"],
            "etftisl_cntr_array": rows,
        }
    )


def _investor_net(call: Call, day: Day, name: str) -> str:
    investors = investors_of(call, day, "quantity", 1)
    return w.double_minus(investors.net[name]) if investors else ""


def fund_days_of_investors(call: Call) -> Reply:
    """ka40008: net buying of foreigners and institutions by day."""
    quote = call.quote()
    days, cursor = _by_day(call, "base_dt")
    rows = [
        {
            "dt": w.day_text(day.day),
            "cur_prc_n": w.price(day.close, day.base),
            "pre_sig_n": day.sign,
            "pred_pre_n": w.signed(day.change),
            "acc_trde_qty": str(day.volume),
            "for_netprps_qty": _investor_net(call, day, "frgnr_invsr"),
            "orgn_netprps_qty": _investor_net(call, day, "orgn"),
        }
        for day in days
    ]
    head = {
        "cntr_tm": w.clock(quote.raw.at_ns) if quote.raw.at_ns else "",
        "cur_prc": quote.current,
        "pre_sig": quote.sign,
        "pred_pre": quote.change_text,
        "trde_qty": str(quote.volume),
    }
    return Reply({**head, "etfnetprps_qty_array": rows}, cursor)


def fund_net_assets(call: Call) -> Reply:
    """ka40009: NAV by day, newest first."""
    wanted = list(islice(days_before(call, newest_of(call, "base_dt")), FLOW_PAGE + 1))
    days, cursor = page_of_days(iter(wanted), FLOW_PAGE)
    held = foreign_held(call, days)
    facts, row = call.facts, call.row
    rows = []
    for n, day in enumerate(days):
        ordinal = day.day.toordinal()
        nav = facts.fund_nav(row, ordinal, day.close)
        before = _nav_before(call, wanted, n)
        shares = int(facts.shares[row])
        rows.append(
            {
                "nav": w.decimal(nav),
                "navpred_pre": w.rate(nav - before),
                "navflu_rt": w.rate(w.ratio_pct(nav - before, before)),
                "trace_eor_rt": w.decimal(call.facts.tracking_error(row)),
                "dispty_rt": w.rate(facts.fund_premium_pct(row, ordinal)),
                "stkcnt": str(shares),
                "base_pric": str(day.base),
                "for_rmnd_qty": str(held[day.day]),
                **dict.fromkeys(("repl_pric", "conv_pric", "drstk", "wonju_pric"), ""),
            }
        )
    return Reply({"etfnavarray": rows}, cursor)


def fund_foreign_by_day(call: Call) -> Reply:
    """ka40010: named after hours of the day, but one row is one day, newest first."""
    days, cursor = _by_day(call, "base_dt")
    rows = [
        {
            "cur_prc": w.price(day.close, day.base),
            "pre_sig": day.sign,
            "pred_pre": w.signed(day.change),
            "trde_qty": str(day.volume),
            "for_netprps": _investor_net(call, day, "frgnr_invsr"),
        }
        for day in days
    ]
    return Reply({"etftisl_trnsn": rows}, cursor)
