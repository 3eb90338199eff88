"""Rankings of order books and of a stock's own past: ka10018, ka10020-ka10022, ka10024-ka10026, ka10031, ka10033."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
from ralphstock_desktop.providers.kiwoom_sim.rest_rankings import SCANNED, first_columns, least_volume, rows_by, venue_of

__all__ = [
    "book_surge",
    "book_totals",
    "by_ratio",
    "credit_ratio",
    "near_extremes",
    "price_zones",
    "side_surge",
    "volume_record",
    "volume_yesterday",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PAGE = 100
_MINUTE_NS = 60_000_000_000


def _allowed(call: Call, *, volume: str = "trde_qty_tp") -> Bools:
    """Stocks of the asked market and venue that trade and that the request's filters leave."""
    board, facts, params = call.stocks, call.facts, call.params
    allowed = of_market_and_venue(call) & (board.volume > 0) & (board.volume >= least_volume(call, volume))
    return allowed & issue_condition(facts, params.text("stk_cnd", "0")) & loan_group(facts, params.text("crd_cnd", "0"))


def _five_columns(call: Call, row: int) -> Row:
    """Code, name and price with its change, without the rate."""
    columns = first_columns(call, row, call.seen(row, venue_of(call)))
    del columns["flu_rt"]
    return columns


def _sums(book: SimBook) -> tuple[int, int]:
    return sum(book.ask_size), sum(book.bid_size)


def near_extremes(call: Call) -> Reply:
    """ka10018: stocks within some percent of the day's high (1) or low (2), the nearest first."""
    board, params = call.stocks, call.params
    at_high = params.choice("high_low_tp", ("1", "2")) == "1"
    extreme = board.high if at_high else board.low
    distance = np.where(extreme > 0, 100.0 * np.abs(board.price - extreme) / np.maximum(extreme, 1), np.inf)
    allowed = _allowed(call) & (distance <= params.number("alacc_rt", 5) / 10.0)

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        return first_columns(call, row, quote) | {
            "trde_qty": str(quote.volume),
            "sel_bid": quote.at(quote.raw.ask),
            "buy_bid": quote.at(quote.raw.bid),
            "tdy_high_pric": quote.at(quote.raw.high),
            "tdy_low_pric": quote.at(quote.raw.low),
        }

    rows, cursor = call.page(PAGE, lambda: rows_by(-distance, allowed), write)
    return Reply({"high_low_pric_alacc": rows}, cursor)


def _scanned(call: Call, allowed: Bools) -> list[int]:
    """Those of the allowed stocks that trade most: books are looked at one by one."""
    return rows_by(call.stocks.value, allowed)[:SCANNED]


def book_totals(call: Call) -> Reply:
    """ka10020: 1 net bids, 2 net asks, 3 bids per asks, 4 asks per bids."""
    sort = call.params.choice("sort_tp", ("1", "2", "3", "4"))
    sums = {row: _sums(call.market.book(row)) for row in _scanned(call, _allowed(call))}

    def measure(row: int) -> float:
        ask, bid = sums[row]
        ratio = (bid + 1.0) / (ask + 1.0)
        return {"1": float(bid - ask), "2": float(ask - bid), "3": ratio, "4": 1.0 / ratio}[sort]

    def write(_: int, row: int) -> Row:
        ask, bid = sums[row]
        return _five_columns(call, row) | {
            "trde_qty": str(call.seen(row, venue_of(call)).volume),
            "tot_sel_req": str(ask),
            "tot_buy_req": str(bid),
            "netprps_req": str(bid - ask),
            "buy_rt": w.decimal(w.ratio_pct(bid, ask)),
        }

    order = sorted((row for row in sums if sort in ("3", "4") or measure(row) > 0), key=measure, reverse=True)
    return Reply({"bid_req_upper": [write(n, row) for n, row in enumerate(order[:PAGE], 1)]})


def _then_and_now(call: Call) -> dict[int, tuple[tuple[int, int], tuple[int, int]]]:
    """Ask and bid totals some minutes ago and now."""
    at = call.now_ns - max(call.params.number("tm_tp", 1), 1) * _MINUTE_NS
    return {row: (_sums(call.market.book_at(row, at)), _sums(call.market.book(row))) for row in _scanned(call, _allowed(call))}


def book_surge(call: Call) -> Reply:
    """ka10021: bids (1) or asks (2) that grew most over the minutes, by size (1) or percent (2)."""
    params = call.params
    side = 1 if params.choice("trde_tp", ("1", "2")) == "1" else 0
    by_size = params.choice("sort_tp", ("1", "2")) == "1"
    totals = _then_and_now(call)
    grown = {row: now[side] - then[side] for row, (then, now) in totals.items() if now[side] > then[side] > 0}

    def percent(row: int) -> float:
        return w.ratio_pct(grown[row], totals[row][0][side])

    def write(row: int) -> Row:
        then, now = totals[row]
        return _five_columns(call, row) | {
            "int": str(then[side]),
            "now": str(now[side]),
            "sdnin_qty": str(grown[row]),
            "sdnin_rt": w.rate(percent(row)),
            "tot_buy_qty": str(now[1]),
        }

    order = sorted(grown, key=(lambda row: grown[row]) if by_size else percent, reverse=True)
    return Reply({"bid_req_sdnin": [write(row) for row in order[:PAGE]]})


def side_surge(call: Call) -> Reply:
    """ka10022: bids per asks (1) or asks per bids (2), the largest growth over the minutes."""
    bids_over = call.params.choice("rt_tp", ("1", "2")) == "1"
    totals = _then_and_now(call)

    def ratio(pair: tuple[int, int]) -> float:
        above, below = (pair[1], pair[0]) if bids_over else pair
        return w.ratio_pct(above, below)

    growth = {row: ratio(now) - ratio(then) for row, (then, now) in totals.items() if all(then) and all(now)}

    def write(row: int) -> Row:
        then, now = totals[row]
        return _five_columns(call, row) | {
            "int": w.rate(ratio(then)),
            "now_rt": w.rate(ratio(now)),
            "sdnin_rt": w.rate(growth[row]),
            "tot_sel_req": str(now[0]),
            "tot_buy_req": str(now[1]),
        }

    order = sorted((row for row in growth if growth[row] > 0), key=lambda row: growth[row], reverse=True)
    return Reply({"req_rt_sdnin": [write(row) for row in order[:PAGE]]})


def volume_record(call: Call) -> Reply:
    """ka10024: today's volume is already above every volume of the last days."""
    board, facts = call.stocks, call.facts
    days = max(call.params.number("cycle_tp", 5), 1)
    window = np.asarray(facts.panel.volume_shares[:, max(facts.past_count - days, 0) : facts.past_count], dtype=np.int64)
    before = window.max(axis=1) if window.shape[1] else np.zeros(len(board.volume), dtype=np.int64)
    allowed = _allowed(call) & (before > 0) & (board.volume > before)

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        return first_columns(call, row, quote) | {
            "prev_trde_qty": str(int(before[row])),
            "now_trde_qty": str(quote.volume),
            "sel_bid": quote.at(quote.raw.ask),
            "buy_bid": quote.at(quote.raw.bid),
        }

    rows, cursor = call.page(PAGE, lambda: rows_by(board.volume, allowed), write)
    return Reply({"trde_qty_updt": rows}, cursor)


def price_zones(call: Call) -> Reply:
    """ka10025: price zones in which at least the asked percent of the last days' volume changed hands."""
    params, board = call.params, call.stocks
    least, count = params.number("prps_cnctr_rt", 50), min(max(params.number("prpscnt", 10), 1), 99)
    days, inside = max(params.number("cycle_tp", 50), 1), params.text("cur_prc_entry", "0") == "1"
    rows: list[Row] = []
    for row in _scanned(call, _allowed(call)):
        past = call.facts.past(row)
        close, volume = past.close[-days:], past.volume[-days:]
        if not volume.sum():
            continue
        edges = np.linspace(past.low[-days:].min(), past.high[-days:].max() + 1, count + 1)
        held, _ = np.histogram(close, bins=edges, weights=volume)
        share = 100.0 * held / volume.sum()
        for zone in np.flatnonzero(share >= least).tolist():
            low, high = int(edges[zone]), int(edges[zone + 1]) - 1
            if inside and not low <= board.price[row] <= high:
                continue
            quote = call.seen(row, venue_of(call))
            rows.append(
                first_columns(call, row, quote)
                | {
                    "now_trde_qty": str(quote.volume),
                    "pric_strt": str(low),
                    "pric_end": str(high),
                    "prps_qty": w.integer(float(held[zone])),
                    "prps_rt": w.rate(float(share[zone])),
                }
            )
    return Reply({"prps_cnctr": rows[:PAGE]})


def by_ratio(call: Call) -> Reply:
    """ka10026: 1 low and 2 high PBR, 3 low and 4 high PER, 5 low and 6 high ROE; whichever is asked stands in ``per``."""
    kind = call.params.choice("pertp", ("1", "2", "3", "4", "5", "6"))
    facts = call.facts
    per, pbr = 4.0 + 30.0 * facts.chances(21), 0.3 + 3.0 * facts.chances(22)
    values: Floats = {"1": pbr, "2": pbr, "3": per, "4": per}.get(kind, 100.0 * pbr / per)
    allowed = of_market_and_venue(call) & facts.is_stock & (call.stocks.volume > 0)

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        head = first_columns(call, row, quote)
        return {
            "stk_cd": head["stk_cd"],
            "stk_nm": head["stk_nm"],
            "per": w.decimal(float(values[row])),
            **{key: value for key, value in head.items() if key not in ("stk_cd", "stk_nm")},
            "now_trde_qty": str(quote.volume),
            "sel_bid": quote.at(quote.raw.ask),
        }

    order = -values if kind in ("1", "3", "5") else values
    rows, cursor = call.page(PAGE, lambda: rows_by(order, allowed), write)
    return Reply({"high_low_per": rows}, cursor)


def volume_yesterday(call: Call) -> Reply:
    """ka10031: yesterday's ranks by volume (1) or value (2), from the first asked rank to the last."""
    facts, params = call.facts, call.params
    values = facts.previous_volume if params.choice("qry_tp", ("1", "2")) == "1" else facts.previous_value
    first, last = max(params.number("rank_strt", 0), 0), min(params.number("rank_end", PAGE), PAGE)
    order = rows_by(values, of_market_and_venue(call) & (np.asarray(facts.previous_volume) > 0))

    def write(row: int) -> Row:
        return _five_columns(call, row) | {"trde_qty": str(int(facts.previous_volume[row]))}

    return Reply({"pred_trde_qty_upper": [write(row) for row in order[max(first - 1, 0) : last]]})


def credit_ratio(call: Call) -> Reply:
    """ka10033: shares bought on margin loans, in percent of all; as ka10001 tells it."""
    facts = call.facts
    ordinal = facts.last_past_day.toordinal()
    ratio = np.array([facts.loaned_pct(row, ordinal) for row in range(len(facts.margin_pct))])
    allowed = _allowed(call) & without_limit_issues(call) & (ratio > 0)

    def write(_: int, row: int) -> Row:
        quote, book = call.seen(row, venue_of(call)), call.market.book(row)
        return {
            "stk_infr": "0",
            **first_columns(call, row, quote),
            "crd_rt": w.rate(float(ratio[row])),
            "sel_req": str(book.ask_size[0]),
            "buy_req": str(book.bid_size[0]),
            "now_trde_qty": str(quote.volume),
        }

    rows, cursor = call.page(PAGE, lambda: rows_by(ratio, allowed), write)
    return Reply({"crd_rt_upper": rows}, cursor)
