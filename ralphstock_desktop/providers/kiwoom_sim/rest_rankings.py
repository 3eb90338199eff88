"""Rankings and scanners: ka10016, ka10017, ka10019, ka10023, ka10027, ka10029, ka10030, ka10032, ka00198."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Quote
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_filters import (
    PRICE_BANDS_10019,
    PRICE_BANDS_10027,
    PRICE_BANDS_10030,
    PRICE_FLOORS_10023,
    issue_condition,
    loan_group,
    of_market_and_venue,
    price_band,
    without_limit_issues,
)
from ralphstock_desktop.providers.kiwoom_sim.rest_quotes import volume_ratio

__all__ = [
    "change_rate",
    "expected_match",
    "limit_issues",
    "most_viewed",
    "new_extremes",
    "price_jumps",
    "traded_value",
    "volume_surge",
    "volume_today",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PAGE, JUMP_PAGE, ONE_PAGE = 100, 200, 200
_THOUSAND = 1_000


def _venue(call: Call) -> str:
    return call.params.text("stex_tp", VenueCode.KRX)


def _order(values: Floats | Ints, allowed: Bools) -> list[int]:
    """Allowed rows by value, largest first; equal ones by code."""
    rows = np.flatnonzero(allowed)
    found: list[int] = rows[np.argsort(-np.asarray(values, dtype=np.float64)[rows], kind="stable")].tolist()
    return found


def _head(call: Call, row: int, quote: Quote) -> Row:
    return {
        "stk_cd": call.code(row),
        "stk_nm": call.name(row),
        "cur_prc": quote.current,
        "pred_pre_sig": quote.sign,
        "pred_pre": quote.change_text,
        "flu_rt": quote.rate_text,
    }


def _minimum(call: Call, name: str) -> int:
    """Least volume in shares; the filters are written in thousands, padded to whatever length."""
    return call.params.number(name) * _THOUSAND


def _consecutive_days(call: Call, row: int, change: int) -> int:
    """Days in a row, today included, that closed on the same side."""
    past = call.facts.past(row)
    count = 1
    for close, base in zip(past.close[::-1][:60].tolist(), past.base[::-1][:60].tolist(), strict=True):
        if change == 0 or (close - base) * change <= 0:
            break
        count += 1
    return count


def change_rate(call: Call) -> Reply:
    """ka10027: 1 rise rate, 2 rise, 3 fall rate, 4 fall, 5 unchanged."""
    board, facts, params = call.stocks, call.facts, call.params
    sort = params.choice("sort_tp", ("1", "2", "3", "4", "5"))
    allowed = of_market_and_venue(call) & (board.volume > 0) & without_limit_issues(call)
    allowed &= issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))
    allowed &= price_band(board.price, PRICE_BANDS_10027, params.text("pric_cnd", "0"))
    allowed &= board.volume >= _minimum(call, "trde_qty_cnd")
    allowed &= board.value >= params.number("trde_prica_cnd") * 10_000_000
    values = board.change if sort in ("2", "4") else board.rate_pct
    if sort == "5":
        allowed &= board.change == 0
        values = board.volume
    elif sort in ("1", "2"):
        allowed &= board.change > 0
    else:
        allowed &= board.change < 0
        values = -values

    def write(_: int, row: int) -> Row:
        quote, book = call.seen(row, _venue(call)), call.market.book(row)
        strength = board.strength[row]
        return {
            "stk_cls": "0",
            **_head(call, row, quote),
            "sel_req": str(book.ask_size[0]),
            "buy_req": str(book.bid_size[0]),
            "now_trde_qty": str(quote.volume),
            "cntr_str": w.decimal(0.0 if np.isnan(strength) else min(float(strength), 500.0)),
            "cnt": str(_consecutive_days(call, row, quote.change)),
        }

    rows, cursor = call.page(PAGE, lambda: _order(values, allowed), write)
    return Reply({"pred_pre_flu_rt_upper": rows}, cursor)


def volume_today(call: Call) -> Reply:
    """ka10030: 1 volume, 2 turnover, 3 value; administrative issues are in at 0 and out at 1."""
    board, facts, params = call.stocks, call.facts, call.params
    sort = params.choice("sort_tp", ("1", "2", "3"))
    turnover = board.volume / np.maximum(facts.shares, 1)
    allowed = of_market_and_venue(call) & (board.volume > 0)
    allowed &= issue_condition(facts, params.text("mang_stk_incls", "0"))
    allowed &= loan_group(facts, params.text("crd_tp", "0"))
    allowed &= board.volume >= _minimum(call, "trde_qty_tp")
    allowed &= price_band(board.price, PRICE_BANDS_10030, params.text("pric_tp", "0"))
    least = {"1": 1, "4": 5}.get(params.text("trde_prica_tp"), params.number("trde_prica_tp"))
    allowed &= board.value >= least * 10_000_000
    values: Floats | Ints = turnover if sort == "2" else board.volume if sort == "1" else board.value

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, _venue(call))
        shares = int(facts.shares[row])
        fields = _head(call, row, quote) | {
            "trde_qty": str(quote.volume),
            "pred_rt": volume_ratio(call, quote),
            "trde_tern_rt": w.rate(w.ratio_pct(quote.volume, shares)),
            "trde_amt": str(w.million(quote.value_krw)),
        }
        early, late = int(quote.volume * 0.0008), int(quote.volume * 0.0036) if call.now_ns > quote.raw.at_ns else 0
        value = quote.value_krw / quote.volume if quote.volume else 0.0
        for name, volume in (("opmr", quote.volume - early - late), ("af_mkrt", late), ("bf_mkrt", early)):
            fields |= {
                f"{name}_trde_qty": str(volume),
                f"{name}_pred_rt": volume_ratio(call, quote) if name == "opmr" else "0.00",
                f"{name}_trde_rt": f"+{w.ratio_pct(volume, shares):.2f}",
                f"{name}_trde_amt": str(int(volume * value / 1e6)),
            }
        return fields

    rows, cursor = call.page(PAGE, lambda: _order(values, allowed), write)
    return Reply({"tdy_trde_qty_upper": rows}, cursor)


def traded_value(call: Call) -> Reply:
    """ka10032: administrative issues are out at 0 and in at 1."""
    board, facts = call.stocks, call.facts
    allowed = of_market_and_venue(call) & (board.volume > 0)
    if call.params.text("mang_stk_incls", "0") == "0":
        allowed &= issue_condition(facts, "1")
    yesterday = np.empty(len(board.value), dtype=np.int64)
    yesterday[np.argsort(-np.where(allowed, facts.previous_value, -1.0), kind="stable")] = np.arange(1, len(yesterday) + 1)

    def write(rank: int, row: int) -> Row:
        quote = call.seen(row, _venue(call))
        head = _head(call, row, quote)
        return {
            "stk_cd": head["stk_cd"],
            "now_rank": str(rank),
            "pred_rank": str(int(yesterday[row])),
            **{key: value for key, value in head.items() if key != "stk_cd"},
            "sel_bid": quote.at(quote.raw.ask),
            "buy_bid": quote.at(quote.raw.bid),
            "now_trde_qty": str(quote.volume),
            "pred_trde_qty": str(int(facts.previous_volume[row])),
            "trde_prica": str(w.million(quote.value_krw)),
        }

    rows, cursor = call.page(PAGE, lambda: _order(board.value, allowed), write)
    return Reply({"trde_prica_upper": rows}, cursor)


def volume_surge(call: Call) -> Reply:
    """ka10023: 1 more, 2 more in percent, 3 less, 4 less in percent; against minutes ago or yesterday."""
    board, facts, params = call.stocks, call.facts, call.params
    sort = params.choice("sort_tp", ("1", "2", "3", "4"))
    allowed = of_market_and_venue(call) & (board.volume > 0) & (board.volume >= _minimum(call, "trde_qty_tp"))
    allowed &= issue_condition(facts, params.text("stk_cnd", "0"))
    allowed &= price_band(board.price, PRICE_FLOORS_10023, params.text("pric_tp", "0"))
    if params.text("tm_tp", "2") == "1":
        before = _volume_ago(call, max(params.number("tm", 5), 1), allowed)
    else:
        before = facts.previous_volume
    surge = board.volume - before
    percent = np.where(before > 0, 100.0 * surge / np.maximum(before, 1), 0.0)
    more = sort in ("1", "2")
    allowed &= (surge > 0) if more else (surge < 0)
    values = (surge if sort in ("1", "3") else percent) * (1 if more else -1)

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, _venue(call))
        return _head(call, row, quote) | {
            "prev_trde_qty": str(int(before[row])),
            "now_trde_qty": str(int(board.volume[row])),
            "sdnin_qty": w.signed(int(surge[row])),
            "sdnin_rt": w.rate(float(percent[row])),
        }

    return Reply({"trde_qty_sdnin": [write(n, row) for n, row in enumerate(_order(values, allowed)[:ONE_PAGE], 1)]})


_SCANNED = 400


def _volume_ago(call: Call, minutes: int, allowed: Bools) -> Ints:
    """Accumulated volume some minutes ago, for the stocks that trade most; others count as unchanged."""
    board = call.stocks
    before = board.volume.copy()
    limit = call.now_ns - minutes * 60_000_000_000
    for row in _order(board.volume, allowed)[:_SCANNED]:
        bars = call.market.minutes(row)
        place = int(np.searchsorted(bars.start_ns, limit, side="right"))
        before[row] = int(bars.volume_after[place - 1]) if place else 0
    return before


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
    limit = call.now_ns - count * 60_000_000_000
    for row in _order(board.volume, allowed)[:_SCANNED]:
        bars = call.market.minutes(row)
        place = int(np.searchsorted(bars.start_ns, limit, side="right"))
        before[row] = int(bars.close[place - 1]) if place else int(board.base[row])
    return before


def price_jumps(call: Call) -> Reply:
    """ka10019: 1 jump, 2 plunge against the price some minutes or days ago."""
    board, facts, params = call.stocks, call.facts, call.params
    plunge = params.choice("flu_tp", ("1", "2")) == "2"
    allowed = of_market_and_venue(call) & (board.volume > 0) & without_limit_issues(call)
    allowed &= board.volume >= _minimum(call, "trde_qty_tp")
    allowed &= issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))
    allowed &= price_band(board.price, PRICE_BANDS_10019, params.text("pric_cnd", "0"))
    before = _price_ago(call, params.text("tm_tp", "1") == "1", max(params.number("tm", 1), 1), allowed)
    allowed &= before > 0
    percent = np.where(before > 0, 100.0 * (board.price - before) / np.maximum(before, 1), 0.0)
    values = -percent if plunge else percent
    allowed &= values > 0

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, _venue(call))
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

    rows, cursor = call.page(JUMP_PAGE, lambda: _order(values, allowed), write)
    return Reply({"pric_jmpflu": rows}, cursor)


def new_extremes(call: Call) -> Reply:
    """ka10016: 1 new highs, 2 new lows over some days, by the day's extreme or by the price; everything in one answer."""
    board, facts, params = call.stocks, call.facts, call.params
    low_side = params.choice("ntl_tp", ("1", "2")) == "2"
    days = max(params.number("dt", 5), 1)
    if days > 250:
        raise Problem("1517", "dt", f"250일까지 입력가능합니다({days})")
    by_close = params.text("high_low_close_tp", "1") == "2"
    allowed = of_market_and_venue(call) & (board.volume > 0) & without_limit_issues(call)
    allowed &= board.volume >= _minimum(call, "trde_qty_tp")
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
    for row in _order(board.rate_pct * (-1 if low_side else 1), allowed):
        quote = call.seen(row, _venue(call))
        rows.append(
            _head(call, row, quote)
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
    allowed = of_market_and_venue(call) & (board.volume >= _minimum(call, "trde_qty_tp"))
    allowed &= issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))
    allowed &= price_band(board.price, PRICE_BANDS_10019, params.text("trde_gold_tp", "0"))
    allowed &= _limit_side(call, kind)
    count = {row: _consecutive_days(call, row, int(board.change[row])) for row in np.flatnonzero(allowed).tolist()}
    if sort == "1":
        order = sorted(count)
    elif sort == "2":
        order = sorted(count, key=lambda row: -count[row])[:100]
    else:
        order = _order(np.abs(board.rate_pct), allowed)
    rows = []
    for row in order[:ONE_PAGE]:
        quote, book = call.seen(row, _venue(call)), call.market.book(row)
        head = _head(call, row, quote)
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
    price = np.array([quote.expected_price if quote is not None else 0 for quote in board.quotes], dtype=np.int64)
    quantity = np.array([quote.expected_quantity if quote is not None else 0 for quote in board.quotes], dtype=np.int64)
    change = np.where(price > 0, price - board.base, 0)
    rate = np.where(board.base > 0, 100.0 * change / np.maximum(board.base, 1), 0.0)
    allowed = of_market_and_venue(call) & (price > 0) & (quantity >= _minimum(call, "trde_qty_cnd"))
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
    for row in _order(np.asarray(values, dtype=np.float64), allowed & wanted)[:ONE_PAGE]:
        quote, book = call.seen(row, _venue(call)), call.market.book(row)
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


_VIEWED = 30


def most_viewed(call: Call) -> Reply:
    """ka00198: what customers look at most; follows turnover and the size of the move."""
    board, facts = call.stocks, call.facts
    period_ns = {"1": 60, "2": 600, "3": 3_600, "4": 86_400, "5": 30}[
        call.params.choice("qry_tp", ("1", "2", "3", "4", "5"))
    ] * 10**9
    slot = call.now_ns // period_ns
    heat = np.sqrt(np.maximum(board.value, 0).astype(np.float64)) * (1.0 + np.abs(board.rate_pct) / 5.0)
    allowed = facts.of_market("000") & board.listed

    def ranking(at: int) -> list[int]:
        return _order(heat * (0.7 + 0.6 * facts.chances(81, at)), allowed)

    order, earlier = ranking(slot)[:_VIEWED], {row: n for n, row in enumerate(ranking(slot - 1), 1)}
    rows = []
    for rank, row in enumerate(order, 1):
        quote = call.seen(row)
        change = earlier.get(row, rank) - rank
        is_new = earlier.get(row, _VIEWED + 1) > _VIEWED
        rows.append(
            {
                "stk_nm": call.name(row),
                "bigd_rank": str(rank),
                "rank_chg": "0" if is_new else str(change),
                "rank_chg_sign": "N" if is_new else "+" if change > 0 else "-" if change < 0 else "",
                "past_curr_prc": quote.current,
                "base_comp_sign": quote.sign,
                "base_comp_chgr": quote.rate_text,
                "prev_base_sign": "3",
                "prev_base_chgr": "0.00",
                "dt": w.day_text(facts.day),
                "tm": w.clock(slot * period_ns),
                "stk_cd": call.code(row),
            }
        )
    return Reply({"item_inq_rank": rows})
