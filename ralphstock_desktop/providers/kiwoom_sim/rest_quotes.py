"""Single stocks: ka10001, ka10002, ka10004, ka10087, ka10095."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.calendar.sessions import Venue
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.book import nxt_portion
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimBook
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Quote
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts, VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_master import BROKERS

__all__ = [
    "basic_info",
    "brokers",
    "foreign_ratio",
    "multi_quote",
    "order_book",
    "single_price_book",
    "size_change",
    "venue_book",
    "volume_ratio",
]

_FIVE = range(1, 6)
_TEN = range(2, 11)


def _year_range(call: Call, quote: Quote, days: int, *, this_year: bool) -> tuple[int, str, int, str]:
    """Highest and lowest adjusted price of a stretch that ends today, with their days."""
    past = call.facts.past(call.row)
    first = len(past) - days
    if this_year:
        first = int(np.searchsorted(past.days, np.datetime64(f"{call.facts.day.year}-01-01")))
    window = slice(max(first, 0), len(past))
    scale = call.facts.today_factor(call.row) / past.factor[window]
    highs = np.append(np.rint(past.high[window] * scale), quote.raw.high or quote.price)
    lows = np.append(np.rint(past.low[window] * scale), quote.raw.low or quote.price)
    dates = np.append(past.days[window], np.datetime64(call.facts.day))
    top, bottom = int(np.argmax(highs)), int(np.argmin(lows))
    return int(highs[top]), w.day_text(dates[top]), int(lows[bottom]), w.day_text(dates[bottom])


def basic_info(call: Call) -> Reply:
    """ka10001."""
    facts, row, quote = call.facts, call.row, call.quote()
    raw = quote.raw
    shares, cap = int(facts.shares[row]), int(facts.shares[row]) * max(quote.price, 0)
    high250, high_day, low250, low_day = _year_range(call, quote, 249, this_year=False)
    year_high, _, year_low, _ = _year_range(call, quote, 0, this_year=True)
    par = 500
    worth = cap / 1e8
    per = 4.0 + 30.0 * facts.chance(row, 21)
    pbr = 0.3 + 3.0 * facts.chance(row, 22)
    eps, bps = round(quote.base / per), round(quote.base / pbr)
    stock = bool(facts.is_stock[row])
    float_pct = 30.0 + 60.0 * facts.chance(row, 23)

    def company(value: float) -> str:
        return w.integer(value) if stock else ""

    return Reply(
        {
            "stk_cd": call.item,
            "stk_nm": call.name(row),
            "setl_mm": "12" if stock else "",
            "fav": str(par) if stock else "",
            "cap": company(shares * par / 1e8),
            "flo_stk": str(shares // 1_000),
            "crd_rt": w.rate(facts.loaned_pct(row, facts.last_past_day.toordinal())),
            "oyr_hgst": quote.at(year_high),
            "oyr_lwst": quote.at(year_low),
            "mac": w.integer(worth),
            "mac_wght": "",
            "for_exh_rt": w.rate(100.0 * foreign_ratio(facts, row)),
            "repl_pric": str(int(quote.base * 0.8 / 10) * 10),
            "per": w.decimal(per) if stock else "",
            "eps": company(eps),
            "roe": w.decimal(100.0 * eps / max(bps, 1), 1) if stock else "",
            "pbr": w.decimal(pbr) if stock else "",
            "ev": w.decimal(per * 0.6) if stock else "",
            "bps": company(bps),
            "sale_amt": company(worth * (0.4 + facts.chance(row, 25))),
            "bus_pro": company(worth / per * 1.2),
            "cup_nga": company(worth / per),
            "250hgst": quote.at(high250),
            "250lwst": quote.at(low250),
            "high_pric": quote.at(raw.high),
            "open_pric": quote.at(raw.open),
            "low_pric": quote.at(raw.low),
            "upl_pric": quote.at(raw.upper_limit),
            "lst_pric": quote.at(raw.lower_limit),
            "base_pric": str(quote.base),
            "exp_cntr_pric": quote.at(raw.told_price),
            "exp_cntr_qty": str(raw.told_quantity),
            "250hgst_pric_dt": high_day,
            "250hgst_pric_pre_rt": w.rate(w.ratio_pct(quote.price - high250, high250)),
            "250lwst_pric_dt": low_day,
            "250lwst_pric_pre_rt": w.rate(w.ratio_pct(quote.price - low250, low250)),
            "cur_prc": quote.current,
            "pre_sig": quote.sign,
            "pred_pre": quote.change_text,
            "flu_rt": quote.rate_text,
            "trde_qty": str(quote.volume),
            "trde_pre": volume_ratio(call, quote),
            "fav_unit": "원",
            "dstr_stk": str(int(shares * float_pct / 100.0) // 1_000),
            "dstr_rt": w.decimal(float_pct, 1),
        }
    )


def foreign_ratio(facts: SimFacts, row: int) -> float:
    """Share of a stock that foreigners hold before the replayed day, 0 to 1."""
    return float(min(0.01 + 0.55 * facts.chance(row, 26) ** 2, 0.95))


def volume_ratio(call: Call, quote: Quote) -> str:
    """Volume against yesterday's whole volume in percent; the sign says which is larger."""
    before = int(call.facts.venue_volume(quote.row, np.array(call.facts.previous_volume[quote.row]), quote.venue))
    if before <= 0:
        return "0.00"
    percent = 100.0 * quote.volume / before
    return f"{'+' if quote.volume >= before else '-'}{percent:.2f}"


def venue_book(call: Call, row: int, venue: str) -> SimBook:
    """The order book as a venue sees it; the combined one holds what rests at both, a closed venue nothing."""
    if venue == VenueCode.KRX:
        return call.market.book(row)
    hours = call.facts.hours
    krx_open = hours.has_book(call.now_ns) and venue == VenueCode.COMBINED
    nxt_open = hours.has_book(call.now_ns, Venue.NXT)
    book = call.market.book_at(row, call.now_ns, elsewhere=nxt_open)
    part = float(call.facts.nxt_share[row]) if nxt_open else 0.0

    def sizes(own: tuple[int, ...]) -> tuple[int, ...]:
        return tuple((size if krx_open else 0) + there for size, there in zip(own, nxt_portion(own, part), strict=True))

    if not (krx_open or nxt_open):
        nothing = (0,) * len(book.ask_price)
        return SimBook(book.at_ns, nothing, nothing, nothing, nothing, 0, 0)
    return book._replace(ask_size=sizes(book.ask_size), bid_size=sizes(book.bid_size))


def size_change(call: Call, row: int, book: SimBook, level: int, *, ask: bool) -> int:
    """Change of a level's size since the book before, as single lists show it."""
    sizes = book.ask_size if ask else book.bid_size
    swing = call.facts.chance(row, 31 + ask, level, book.at_ns // 1_000_000_000) - 0.5
    return int(sizes[level - 1] * swing * 0.2)


def order_book(call: Call) -> Reply:
    """ka10004: ask 10 to 1, then bid 1 to 10; level 1 has names of its own."""
    quote, book = call.quote(), venue_book(call, call.row, call.venue)
    fields: Row = {"bid_req_base_tm": w.clock(book.at_ns) if book.at_ns else w.clock(call.now_ns)}

    changes = {
        (side, level): size_change(call, call.row, book, level, ask=bool(side)) for side in (0, 1) for level in range(1, 11)
    }

    def step(side: int, level: int) -> str:
        return str(changes[side, level])

    for level in range(10, 1, -1):
        fields[f"sel_{level}th_pre_req_pre"] = step(1, level)
        fields[f"sel_{level}th_pre_req"] = str(book.ask_size[level - 1])
        fields[f"sel_{level}th_pre_bid"] = quote.at(book.ask_price[level - 1])
    fields["sel_1th_pre_req_pre"] = step(1, 1)
    fields["sel_fpr_req"] = str(book.ask_size[0])
    fields["sel_fpr_bid"] = quote.at(book.ask_price[0])
    fields["buy_fpr_bid"] = quote.at(book.bid_price[0])
    fields["buy_fpr_req"] = str(book.bid_size[0])
    fields["buy_1th_pre_req_pre"] = step(0, 1)
    for level in _TEN:
        fields[f"buy_{level}th_pre_bid"] = quote.at(book.bid_price[level - 1])
        fields[f"buy_{level}th_pre_req"] = str(book.bid_size[level - 1])
        fields[f"buy_{level}th_pre_req_pre"] = step(0, level)
    fields |= {
        "tot_sel_req_jub_pre": str(sum(change for (side, _), change in changes.items() if side)),
        "tot_sel_req": str(sum(book.ask_size)),
        "tot_buy_req": str(sum(book.bid_size)),
        "tot_buy_req_jub_pre": str(sum(change for (side, _), change in changes.items() if not side)),
        "ovt_sel_req_pre": "0",
        "ovt_sel_req": "0",
        "ovt_buy_req": "0",
        "ovt_buy_req_pre": "0",
    }
    return Reply(dict(fields))


def single_price_book(call: Call) -> Reply:
    """ka10087, deleted by the vendor on 2026-09-12: served only where the server is told to."""
    quote, book = call.quote(), call.market.book(call.row)
    fields: Row = {"bid_req_base_tm": "160000"}
    for part, side in (("jub_pre", ""), ("qty", "size"), ("", "price")):
        for level in reversed(_FIVE):
            name = f"ovt_sigpric_sel_bid_{part}_{level}" if part else f"ovt_sigpric_sel_bid_{level}"
            fields[name] = _book_part(quote, book.ask_size, book.ask_price, side, level)
    for part, side in (("", "price"), ("qty", "size"), ("jub_pre", "")):
        for level in _FIVE:
            name = f"ovt_sigpric_buy_bid_{part}_{level}" if part else f"ovt_sigpric_buy_bid_{level}"
            fields[name] = _book_part(quote, book.bid_size, book.bid_price, side, level)
    fields |= {
        "ovt_sigpric_sel_bid_tot_req": str(sum(book.ask_size[:5])),
        "ovt_sigpric_buy_bid_tot_req": str(sum(book.bid_size[:5])),
        "sel_bid_tot_req_jub_pre": "0",
        "sel_bid_tot_req": str(sum(book.ask_size)),
        "buy_bid_tot_req": str(sum(book.bid_size)),
        "buy_bid_tot_req_jub_pre": "0",
        "ovt_sel_bid_tot_req_jub_pre": "0",
        "ovt_sel_bid_tot_req": "0",
        "ovt_buy_bid_tot_req": "0",
        "ovt_buy_bid_tot_req_jub_pre": "0",
        "ovt_sigpric_cur_prc": quote.current,
        "ovt_sigpric_pred_pre_sig": quote.sign,
        "ovt_sigpric_pred_pre": quote.change_text,
        "ovt_sigpric_flu_rt": quote.rate_text,
        "ovt_sigpric_acc_trde_qty": "0",
    }
    return Reply(dict(fields))


def _book_part(quote: Quote, sizes: Sequence[int], prices: Sequence[int], side: str, level: int) -> str:
    if side == "size":
        return str(sizes[level - 1])
    return quote.at(prices[level - 1]) if side == "price" else "0"


def brokers(call: Call) -> Reply:
    """ka10002: five brokers a side; what they did is a plausible part of the day's volume."""
    quote = call.quote()
    fields: Row = {
        "stk_cd": call.item,
        "stk_nm": call.name(call.row),
        "cur_prc": quote.current,
        "flu_smbol": quote.sign,
        "base_pric": str(quote.base),
        "pred_pre": quote.change_text,
        "flu_rt": quote.rate_text,
    }
    day = call.facts.day.toordinal()
    orders = {
        side: sorted(
            range(len(BROKERS)), key=lambda n: call.facts.chance(call.row, 41 + side, day, n) + 0.5 * (BROKERS[n][0] == "050")
        )
        for side in (0, 1)
    }
    for place in _FIVE:
        share = 0.24 / place
        for side, word, sign in ((0, "sel", "-"), (1, "buy", "+")):
            code, name = BROKERS[orders[side][-place]]
            quantity = int(quote.volume * share)
            fields[f"{word}_trde_ori_nm_{place}"] = name if quantity else ""
            fields[f"{word}_trde_ori_{place}"] = code if quantity else "000"
            fields[f"{word}_trde_qty_{place}"] = f"{sign}{quantity}" if quantity else "0"
    return Reply(dict(fields))


def multi_quote(call: Call) -> Reply:
    """ka10095: one row per code, in the order asked; an unknown code has no row."""
    codes = [code for code in call.params.text("stk_cd").split("|") if code.strip()]
    rows = []
    for code in codes:
        try:
            row, venue = call.find(code.strip())
        except Problem:
            if len(codes) == 1:
                raise
            continue
        rows.append(_watch_row(call, code.strip(), row, venue))
    return Reply({"atn_stk_infr": rows})


def _watch_row(call: Call, code: str, row: int, venue: str) -> Row:
    facts, quote, book = call.facts, call.quote(row, venue), venue_book(call, row, venue)
    raw, shares, stock = quote.raw, int(facts.shares[row]), bool(facts.is_stock[row])
    at = w.clock(raw.at_ns) if raw.at_ns else ""
    fields: Row = {
        "stk_cd": code,
        "stk_nm": call.name(row),
        "cur_prc": quote.current,
        "base_pric": str(quote.base),
        "pred_pre": quote.change_text,
        "pred_pre_sig": quote.sign,
        "flu_rt": quote.rate_text,
        "trde_qty": str(quote.volume),
        "trde_prica": str(w.million(quote.value_krw)),
        "cntr_qty": w.signed(quote.last_quantity),
        "cntr_str": w.decimal(0.0 if np.isnan(raw.strength) else raw.strength),
        "pred_trde_qty_pre": volume_ratio(call, quote),
        "sel_bid": quote.at(book.ask_price[0]),
        "buy_bid": quote.at(book.bid_price[0]),
    }
    fields |= {f"sel_{level}th_bid": quote.at(book.ask_price[level - 1]) for level in _FIVE}
    fields |= {f"buy_{level}th_bid": quote.at(book.bid_price[level - 1]) for level in _FIVE}
    fields |= {
        "upl_pric": quote.at(raw.upper_limit),
        "lst_pric": quote.at(raw.lower_limit),
        "open_pric": quote.at(raw.open),
        "high_pric": quote.at(raw.high),
        "low_pric": quote.at(raw.low),
        "close_pric": quote.current,
        "cntr_tm": at,
        "exp_cntr_pric": quote.at(raw.told_price),
        "exp_cntr_qty": str(raw.told_quantity),
        "cap": w.integer(shares * 500 / 1e8) if stock else "",
        "fav": "500" if stock else "",
        "mac": w.integer(shares * max(quote.price, 0) / 1e8),
        "stkcnt": str(shares // 1_000),
        "bid_tm": w.clock(book.at_ns) if book.at_ns else at,
        "dt": w.day_text(facts.day),
        "pri_sel_req": str(book.ask_size[0]),
        "pri_buy_req": str(book.bid_size[0]),
        "pri_sel_cnt": "",
        "pri_buy_cnt": "",
        "tot_sel_req": str(sum(book.ask_size)),
        "tot_buy_req": str(sum(book.bid_size)),
        "tot_sel_cnt": "",
        "tot_buy_cnt": "",
        "prty": "0.00",
        "gear": "0.00",
        "pl_qutr": "0.00",
        "cap_support": "0.00",
        "elwexec_pric": "0",
        "cnvt_rt": "0.0000",
        "elwexpr_dt": "00000000",
    }
    nothing = ("cntr_engg", "cntr_pred_pre", "theory_pric", "innr_vltl", "delta", "gam", "theta", "vega", "law")
    return fields | dict.fromkeys(nothing, "")
