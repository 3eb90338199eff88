"""Rankings: ka10023, ka10027, ka10030, ka10032, ka00198."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Quote
from ralphstock_desktop.providers.kiwoom_sim.rest_daily import BEFORE_HOURS, traded_after_close
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_filters import (
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
    "ONE_PAGE",
    "SCANNED",
    "change_rate",
    "consecutive_days",
    "first_columns",
    "least_volume",
    "most_viewed",
    "rows_by",
    "traded_value",
    "venue_of",
    "volume_surge",
    "volume_today",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PAGE, ONE_PAGE = 100, 200
_THOUSAND = 1_000


def venue_of(call: Call) -> str:
    """The asked venue."""
    return call.params.text("stex_tp", VenueCode.KRX)


def rows_by(values: Floats | Ints, allowed: Bools) -> list[int]:
    """Allowed rows by value, largest first; equal ones by code."""
    rows = np.flatnonzero(allowed)
    found: list[int] = rows[np.argsort(-np.asarray(values, dtype=np.float64)[rows], kind="stable")].tolist()
    return found


def first_columns(call: Call, row: int, quote: Quote) -> Row:
    """The columns every ranking begins with."""
    return {
        "stk_cd": call.code(row),
        "stk_nm": call.name(row),
        "cur_prc": quote.current,
        "pred_pre_sig": quote.sign,
        "pred_pre": quote.change_text,
        "flu_rt": quote.rate_text,
    }


def least_volume(call: Call, name: str) -> int:
    """Least volume in shares; the filters are written in thousands, padded to whatever length."""
    return call.params.number(name) * _THOUSAND


def consecutive_days(call: Call, row: int, change: int) -> int:
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
    allowed &= board.volume >= least_volume(call, "trde_qty_cnd")
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
        quote, book = call.seen(row, venue_of(call)), call.market.book(row)
        strength = board.strength[row]
        return {
            "stk_cls": "0",
            **first_columns(call, row, quote),
            "sel_req": str(book.ask_size[0]),
            "buy_req": str(book.bid_size[0]),
            "now_trde_qty": str(quote.volume),
            "cntr_str": w.decimal(0.0 if np.isnan(strength) else min(float(strength), 500.0)),
            "cnt": str(consecutive_days(call, row, quote.change)),
        }

    rows, cursor = call.page(PAGE, lambda: rows_by(values, allowed), write)
    return Reply({"pred_pre_flu_rt_upper": rows}, cursor)


def volume_today(call: Call) -> Reply:
    """ka10030: 1 volume, 2 turnover, 3 value; administrative issues are in at 0 and out at 1."""
    board, facts, params = call.stocks, call.facts, call.params
    sort = params.choice("sort_tp", ("1", "2", "3"))
    turnover = board.volume / np.maximum(facts.shares, 1)
    allowed = of_market_and_venue(call) & (board.volume > 0)
    allowed &= issue_condition(facts, params.text("mang_stk_incls", "0"))
    allowed &= loan_group(facts, params.text("crd_tp", "0"))
    allowed &= board.volume >= least_volume(call, "trde_qty_tp")
    allowed &= price_band(board.price, PRICE_BANDS_10030, params.text("pric_tp", "0"))
    least = {"1": 1, "4": 5}.get(params.text("trde_prica_tp"), params.number("trde_prica_tp"))
    allowed &= board.value >= least * 10_000_000
    values: Floats | Ints = turnover if sort == "2" else board.volume if sort == "1" else board.value

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        shares = int(facts.shares[row])
        fields = first_columns(call, row, quote) | {
            "trde_qty": str(quote.volume),
            "pred_rt": volume_ratio(call, quote),
            "trde_tern_rt": w.rate(w.ratio_pct(quote.volume, shares)),
            "trde_amt": str(w.million(quote.value_krw)),
        }
        early, late = int(quote.volume * BEFORE_HOURS), traded_after_close(call, quote)
        value = quote.value_krw / quote.volume if quote.volume else 0.0
        for name, volume in (("opmr", quote.volume - early - late), ("af_mkrt", late), ("bf_mkrt", early)):
            fields |= {
                f"{name}_trde_qty": str(volume),
                f"{name}_pred_rt": volume_ratio(call, quote) if name == "opmr" else "0.00",
                f"{name}_trde_rt": f"+{w.ratio_pct(volume, shares):.2f}",
                f"{name}_trde_amt": str(int(volume * value / 1e6)),
            }
        return fields

    rows, cursor = call.page(PAGE, lambda: rows_by(values, allowed), write)
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
        quote = call.seen(row, venue_of(call))
        head = first_columns(call, row, quote)
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

    rows, cursor = call.page(PAGE, lambda: rows_by(board.value, allowed), write)
    return Reply({"trde_prica_upper": rows}, cursor)


def volume_surge(call: Call) -> Reply:
    """ka10023: 1 more, 2 more in percent, 3 less, 4 less in percent; against minutes ago or yesterday."""
    board, facts, params = call.stocks, call.facts, call.params
    sort = params.choice("sort_tp", ("1", "2", "3", "4"))
    allowed = of_market_and_venue(call) & (board.volume > 0) & (board.volume >= least_volume(call, "trde_qty_tp"))
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
        quote = call.seen(row, venue_of(call))
        return first_columns(call, row, quote) | {
            "prev_trde_qty": str(int(before[row])),
            "now_trde_qty": str(int(board.volume[row])),
            "sdnin_qty": w.signed(int(surge[row])),
            "sdnin_rt": w.rate(float(percent[row])),
        }

    return Reply({"trde_qty_sdnin": [write(n, row) for n, row in enumerate(rows_by(values, allowed)[:ONE_PAGE], 1)]})


SCANNED = 400


def _volume_ago(call: Call, minutes: int, allowed: Bools) -> Ints:
    """Accumulated volume some minutes ago, for the stocks that trade most; others count as unchanged."""
    board = call.stocks
    before = board.volume.copy()
    limit = call.now_ns - minutes * 60_000_000_000
    for row in rows_by(board.volume, allowed)[:SCANNED]:
        bars = call.market.minutes(row)
        place = int(np.searchsorted(bars.start_ns, limit, side="right"))
        before[row] = int(bars.volume_after[place - 1]) if place else 0
    return before


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
        return rows_by(heat * (0.7 + 0.6 * facts.chances(81, at)), allowed)

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
