"""Scanners: ka10016 new highs, ka10017 limit issues, ka10019 price jumps, ka10029 expected matches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_filters import (
    PRICE_BANDS_10019,
    PRICE_BANDS_10027,
    issue_condition,
    loan_group,
    of_market_and_venue,
    price_band,
    without_limit_issues,
)
from ralphstock_desktop.providers.kiwoom_sim.rest_quotes import volume_ratio
from ralphstock_desktop.providers.kiwoom_sim.rest_rankings import (
    ONE_PAGE,
    SCANNED,
    consecutive_days,
    first_columns,
    least_volume,
    rows_by,
    venue_of,
)

__all__ = ["expected_match", "limit_issues", "new_extremes", "price_jumps"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_JUMP_PAGE = 200


def price_jumps(call: Call) -> Reply:
    """ka10019: 1 jump, 2 plunge against the price some minutes or days ago."""
    board, facts, params = call.stocks, call.facts, call.params
    plunge = params.choice("flu_tp", ("1", "2")) == "2"
    allowed = of_market_and_venue(call) & (board.volume > 0) & without_limit_issues(call)
    allowed &= board.volume >= least_volume(call, "trde_qty_tp")
    allowed &= issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))
    allowed &= price_band(board.price, PRICE_BANDS_10019, params.text("pric_cnd", "0"))
    before = _price_ago(call, params.text("tm_tp", "1") == "1", max(params.number("tm", 1), 1), allowed)
    allowed &= before > 0
    percent = np.where(before > 0, 100.0 * (board.price - before) / np.maximum(before, 1), 0.0)
    values = -percent if plunge else percent
    allowed &= values > 0

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        return {
            "stk_cd": call.code(row),
            "stk_cls": "",
            "stk_nm": call.name(row),
            "pred_pre_sig": quote.sign,
            "pred_pre": quote.change_text,
            "flu_rt": quote.rate_text,
            "base_pric": str(int(before[row])),
            "cur_prc": quote.current,
            "base_pre": w.integer(quote.price - int(before[row])),
            "trde_qty": str(quote.volume),
            "jmp_rt": w.rate(float(percent[row])),
        }

    rows, cursor = call.page(_JUMP_PAGE, lambda: rows_by(values, allowed), write)
    return Reply({"pric_jmpflu": rows}, cursor)


def _price_ago(call: Call, by_minutes: bool, count: int, allowed: Bools) -> Ints:
    """Price some minutes or days ago, 0 where there was none."""
    board, facts = call.stocks, call.facts
    before = np.zeros(len(board.price), dtype=np.int64)
    if not by_minutes:
        place = facts.past_count - count
        if place >= 0:
            close = np.asarray(facts.panel.close_krw[:, place], dtype=np.float64)
            factor = facts.today_factors / np.asarray(facts.panel.factor[:, place])
            before = np.rint(close * factor).astype(np.int64)
        return before
    # Minutes that were over by then: the one in which that instant lies closes after it.
    limit = call.now_ns - (count + 1) * 60_000_000_000
    for row in rows_by(board.volume, allowed)[:SCANNED]:
        bars = call.market.minutes(row)
        place = int(np.searchsorted(bars.start_ns, limit, side="right"))
        before[row] = int(bars.close[place - 1]) if place else int(board.base[row])
    return before


def new_extremes(call: Call) -> Reply:
    """ka10016: 1 new highs, 2 new lows over some days, by the day's extreme or by the price; everything in one answer."""
    board, facts, params = call.stocks, call.facts, call.params
    low_side = params.choice("ntl_tp", ("1", "2")) == "2"
    days = max(params.number("dt", 5), 1)
    if days > 250:
        raise Problem("1517", "dt", f"250일까지 입력가능합니다({days})")
    by_close = params.text("high_low_close_tp", "1") == "2"
    allowed = of_market_and_venue(call) & (board.volume > 0) & without_limit_issues(call)
    allowed &= board.volume >= least_volume(call, "trde_qty_tp")
    allowed &= issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))
    window = slice(max(facts.past_count - days, 0), facts.past_count)
    panel = facts.panel
    source = panel.close_krw if by_close else panel.low_krw if low_side else panel.high_krw
    prices = np.asarray(source[:, window], dtype=np.float64)
    scale = facts.today_factors[:, None] / np.asarray(panel.factor[:, window])
    prices = np.where(prices > 0, prices * scale, np.nan)
    known = np.isfinite(prices).any(axis=1)
    if low_side:
        before = np.min(np.where(np.isfinite(prices), prices, np.inf), axis=1, initial=np.inf)
        now = board.price if by_close else board.low
        allowed &= known & (now > 0) & (now < before)
    else:
        before = np.max(np.where(np.isfinite(prices), prices, -np.inf), axis=1, initial=-np.inf)
        now = board.price if by_close else board.high
        allowed &= known & (now > before)
    rows = []
    for row in rows_by(board.rate_pct * (-1 if low_side else 1), allowed):
        quote = call.seen(row, venue_of(call))
        rows.append(
            first_columns(call, row, quote)
            | {
                "trde_qty": str(quote.volume),
                "pred_trde_qty_pre_rt": volume_ratio(call, quote),
                "sel_bid": quote.at(quote.raw.ask),
                "buy_bid": quote.at(quote.raw.bid),
                "high_pric": str(quote.raw.high),
                "low_pric": str(quote.raw.low),
            }
        )
    return Reply({"ntl_pric": rows})


def limit_issues(call: Call) -> Reply:
    """ka10017: 1 upper limit, 2 up, 3 unchanged, 4 lower limit, 5 down, 6 and 7 yesterday's limits."""
    board, facts, params = call.stocks, call.facts, call.params
    kind = params.choice("updown_tp", ("1", "2", "3", "4", "5", "6", "7"))
    sort = params.choice("sort_tp", ("1", "2", "3"))
    allowed = of_market_and_venue(call) & (board.volume >= least_volume(call, "trde_qty_tp"))
    allowed &= issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))
    allowed &= price_band(board.price, PRICE_BANDS_10019, params.text("trde_gold_tp", "0"))
    allowed &= _limit_side(call, kind)
    count = {row: consecutive_days(call, row, int(board.change[row])) for row in np.flatnonzero(allowed).tolist()}
    if sort == "1":
        order = sorted(count)
    elif sort == "2":
        order = sorted(count, key=lambda row: -count[row])[:100]
    else:
        order = rows_by(np.abs(board.rate_pct), allowed)
    rows = []
    for row in order[:ONE_PAGE]:
        quote, book = call.seen(row, venue_of(call)), call.market.book(row)
        head = first_columns(call, row, quote)
        rows.append(
            {
                "stk_cd": head.pop("stk_cd"),
                "stk_infr": "",
                **head,
                "trde_qty": str(quote.volume),
                "pred_trde_qty": str(int(facts.previous_volume[row])),
                "sel_req": str(book.ask_size[0]),
                "sel_bid": quote.at(quote.raw.ask),
                "buy_bid": quote.at(quote.raw.bid),
                "buy_req": str(book.bid_size[0]),
                "cnt": str(count[row]),
            }
        )
    return Reply({"updown_pric": rows})


def _limit_side(call: Call, kind: str) -> Bools:
    board, facts = call.stocks, call.facts
    traded = board.volume > 0
    at_upper = traded & (board.price == board.upper) & (board.change > 0)
    at_lower = traded & (board.price == board.lower) & (board.change < 0)
    sides = {
        "1": at_upper,
        "2": traded & (board.change > 0) & ~at_upper,
        "3": traded & (board.change == 0),
        "4": at_lower,
        "5": traded & (board.change < 0) & ~at_lower,
    }
    if kind in sides:
        return np.asarray(sides[kind])
    if not facts.past_count:
        return np.zeros(len(traded), dtype=np.bool_)
    yesterday = facts.past_count - 1
    close = np.asarray(facts.panel.close_krw[:, yesterday], dtype=np.float64)
    base = np.asarray(facts.panel.base_krw[:, yesterday], dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = 100.0 * (close - base) / base
    return np.asarray(np.nan_to_num(rate) >= 29.0 if kind == "6" else np.nan_to_num(rate) <= -29.0)


def expected_match(call: Call) -> Reply:
    """ka10029: 1 rise rate, 2 rise, 3 unchanged, 4 fall rate, 5 fall, 6 quantity, 7 upper, 8 lower limit; auctions only."""
    board, facts, params = call.stocks, call.facts, call.params
    sort = params.choice("sort_tp", ("1", "2", "3", "4", "5", "6", "7", "8"))
    price = np.array([quote.told_price if quote is not None else 0 for quote in board.quotes], dtype=np.int64)
    quantity = np.array([quote.told_quantity if quote is not None else 0 for quote in board.quotes], dtype=np.int64)
    change = np.where(price > 0, price - board.base, 0)
    rate = np.where(board.base > 0, 100.0 * change / np.maximum(board.base, 1), 0.0)
    allowed = of_market_and_venue(call) & (price > 0) & (quantity >= least_volume(call, "trde_qty_cnd"))
    allowed &= issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))
    allowed &= price_band(price, PRICE_BANDS_10027, params.text("pric_cnd", "0"))
    wanted, values = {
        "1": (change > 0, rate),
        "2": (change > 0, change),
        "3": (change == 0, quantity),
        "4": (change < 0, -rate),
        "5": (change < 0, -change),
        "6": (quantity > 0, quantity),
        "7": (price == board.upper, quantity),
        "8": (price == board.lower, quantity),
    }[sort]
    rows = []
    for row in rows_by(np.asarray(values, dtype=np.float64), allowed & wanted)[:ONE_PAGE]:
        quote, book = call.seen(row, venue_of(call)), call.market.book(row)
        rows.append(
            {
                "stk_cd": call.code(row),
                "stk_nm": call.name(row),
                "exp_cntr_pric": quote.at(int(price[row])),
                "base_pric": str(quote.base),
                "pred_pre_sig": w.direction(int(change[row])),
                "pred_pre": w.signed(int(change[row])),
                "flu_rt": w.rate(float(rate[row])),
                "exp_cntr_qty": str(int(quantity[row])),
                "sel_req": str(book.ask_size[0]),
                "sel_bid": quote.at(quote.raw.ask),
                "buy_bid": quote.at(quote.raw.bid),
                "buy_req": str(book.bid_size[0]),
            }
        )
    return Reply({"exp_cntr_flu_rt_upper": rows})
