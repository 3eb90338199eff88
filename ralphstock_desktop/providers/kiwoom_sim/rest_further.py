"""Further lists that published clients ask for: ka10005, ka10006, ka10007, ka10028."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimBook
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_filters import (
    issue_condition,
    loan_group,
    of_market_and_venue,
    without_limit_issues,
)
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import days_before, foreign_ratios
from ralphstock_desktop.providers.kiwoom_sim.rest_investors import investor_day
from ralphstock_desktop.providers.kiwoom_sim.rest_quotes import size_change, venue_book, volume_ratio

__all__ = ["change_from_open", "daily_prices", "price_table", "prices_now"]

_PAGE = 100
_DAYS = 30
_BLANK = ("frgn", "crd_remn_rt", "prm")


def daily_prices(call: Call) -> Reply:
    """ka10005: the last days with net buying in shares."""
    rows: list[Row] = []
    days = list(islice(days_before(call, call.facts.day), _DAYS))
    ratios, live = foreign_ratios(call, days), call.quote().raw.strength
    for day in days:
        investors = investor_day(call.facts, call.row, day.index, "quantity", 1) if day.index is not None else None

        names = ("frgnr_invsr", "orgn", "ind_invsr")
        foreign, institution, individual = (w.signed(investors.net[name]) if investors else "" for name in names)
        rows.append(
            {
                "date": w.day_text(day.day),
                "open_pric": w.price(day.open, day.base),
                "high_pric": w.price(day.high, day.base),
                "low_pric": w.price(day.low, day.base),
                "close_pric": w.price(day.close, day.base),
                "pre": w.signed(day.change),
                "flu_rt": w.rate(day.rate_pct),
                "trde_qty": str(day.volume),
                "trde_prica": str(w.million(day.value)),
                "cntr_str": w.decimal(live) if day.index is None else "",
                "for_poss": ratios[day.day],
                "for_wght": ratios[day.day],
                "for_netprps": foreign,
                "orgn_netprps": institution,
                "ind_netprps": individual,
                **dict.fromkeys(_BLANK, ""),
            }
        )
    return Reply({"stk_ddwkmm": rows})


def prices_now(call: Call) -> Reply:
    """ka10006: the day so far, flat."""
    quote = call.quote()
    raw = quote.raw
    return Reply(
        {
            "date": w.day_text(call.facts.day),
            "open_pric": quote.at(raw.open),
            "high_pric": quote.at(raw.high),
            "low_pric": quote.at(raw.low),
            "close_pric": quote.current,
            "pre": quote.change_text,
            "flu_rt": quote.rate_text,
            "trde_qty": str(quote.volume),
            "trde_prica": str(w.million(quote.value_krw)),
            "cntr_str": w.decimal(0.0 if np.isnan(raw.strength) else raw.strength),
        }
    )


def _levels(book: SimBook, base: int, change: Callable[[int, bool], int]) -> Row:
    """Ten levels a side in the names of this list: prices, sizes, changes, counts, liquidity providers."""
    ten = range(1, 11)
    fields: Row = {}
    sides = (("sel", book.ask_price, book.ask_size), ("buy", book.bid_price, book.bid_size))
    for side, prices, _ in sides:
        fields |= {f"{side}_{n}bid": w.price(prices[n - 1], base) for n in ten}
    for side, _, sizes in sides:
        fields |= {f"{side}_{n}bid_req": str(sizes[n - 1]) for n in ten}
    for side in ("sel", "buy"):
        fields |= {f"{side}_{n}bid_jub_pre": str(change(n, side == "sel")) for n in ten}
    for side in ("sel", "buy"):
        fields |= {f"{side}_{n}bid_cnt": "" for n in range(1, 6)}
    for side in ("sel", "buy"):
        fields |= {f"lp{side}_{n}bid_req": "0" for n in ten}
    return fields


def price_table(call: Call) -> Reply:
    """ka10007: quote, limits and the order book in one flat answer."""
    facts, row, quote, book = call.facts, call.row, call.quote(), venue_book(call, call.row, call.venue)
    raw = quote.raw
    before = int(facts.previous_volume[row])
    return Reply(
        {
            "stk_nm": call.name(row),
            "stk_cd": call.item,
            "date": w.day_text(facts.day),
            "tm": w.clock(raw.at_ns or call.now_ns),
            "pred_close_pric": str(quote.base),
            "pred_trde_qty": str(before),
            "upl_pric": quote.at(raw.upper_limit),
            "lst_pric": quote.at(raw.lower_limit),
            "pred_trde_prica": str(w.million(float(facts.previous_value[row]))),
            "flo_stkcnt": str(int(facts.shares[row]) // 1_000),
            "cur_prc": quote.current,
            "smbol": quote.sign,
            "flu_rt": quote.rate_text,
            "pred_rt": volume_ratio(call, quote),
            "open_pric": quote.at(raw.open),
            "high_pric": quote.at(raw.high),
            "low_pric": quote.at(raw.low),
            "cntr_qty": w.signed(quote.last_quantity) if raw.last is not None else "",
            "trde_qty": str(quote.volume),
            "trde_prica": str(w.million(quote.value_krw)),
            "exp_cntr_pric": quote.at(raw.told_price),
            "exp_cntr_qty": str(raw.told_quantity),
            "exp_sel_pri_bid": quote.at(book.ask_price[0]),
            "exp_buy_pri_bid": quote.at(book.bid_price[0]),
            "trde_strt_dt": "00000000",
            "exec_pric": "0",
            **dict.fromkeys(("hgst_pric", "lwst_pric", "hgst_pric_dt", "lwst_pric_dt"), ""),
            **_levels(book, quote.base, lambda level, ask: size_change(call, row, book, level, ask=ask)),
            "tot_buy_req": str(sum(book.bid_size)),
            "tot_sel_req": str(sum(book.ask_size)),
            "tot_buy_cnt": "",
            "tot_sel_cnt": "",
        }
    )


def change_from_open(call: Call) -> Reply:
    """ka10028: 1 open, 2 high, 3 low against the base; ranked by the change against the open; ``flu_cnd`` 1 up, 2 down."""
    board, facts, params = call.stocks, call.facts, call.params
    allowed = of_market_and_venue(call) & (board.volume > 0) & (board.open > 0) & without_limit_issues(call)
    allowed &= issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))
    allowed &= board.volume >= params.number("trde_qty_cnd") * 1_000
    allowed &= board.value >= params.number("trde_prica_cnd") * 10_000_000
    percent = np.where(board.open > 0, 100.0 * (board.price - board.open) / np.maximum(board.open, 1), 0.0)
    if params.text("flu_cnd", "1") == "2":
        percent = -percent
    found = np.flatnonzero(allowed)

    def order() -> list[int]:
        ranked: list[int] = found[np.argsort(-percent[found], kind="stable")].tolist()
        return ranked

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, params.text("stex_tp", "1"))
        raw = quote.raw
        return {
            "stk_cd": call.code(row),
            "stk_nm": call.name(row),
            "cur_prc": quote.current,
            "pred_pre_sig": quote.sign,
            "pred_pre": quote.change_text,
            "flu_rt": quote.rate_text,
            "open_pric": quote.at(raw.open),
            "high_pric": quote.at(raw.high),
            "low_pric": quote.at(raw.low),
            "open_pric_pre": w.rate(w.ratio_pct(quote.price - raw.open, raw.open)),
            "now_trde_qty": str(quote.volume),
            "cntr_str": w.decimal(0.0 if np.isnan(raw.strength) else min(raw.strength, 500.0)),
        }

    rows, cursor = call.page(_PAGE, order, write)
    return Reply({"open_pric_pre_flu_rt": rows}, cursor)
