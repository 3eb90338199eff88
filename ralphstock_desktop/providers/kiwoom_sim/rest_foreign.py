"""Rankings of what foreigners and institutions bought over days: ka10035-ka10037, ka10044, ka10062."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_boards import FlowWindow, flow_window
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_filters import of_market_and_venue
from ralphstock_desktop.providers.kiwoom_sim.rest_quotes import foreign_ratio
from ralphstock_desktop.providers.kiwoom_sim.rest_rankings import first_columns, rows_by, venue_of

__all__ = ["foreign_desks", "institution_by_days", "limit_growth", "same_side", "three_days"]

Floats = npt.NDArray[np.float64]

PAGE = 100
_MILLION = 1_000_000
_DESK_SHARE = 0.7
"""Part of the foreigners' trading that goes through foreign brokers' desks."""


def _days(call: Call) -> FlowWindow:
    """The asked stretch: ``dt`` 0 today, 1 yesterday, else so many days."""
    days = call.params.number("dt", 0)
    newest = call.facts.day
    if days == 1 and call.facts.past_count:
        newest = call.facts.panel.days[call.facts.past_count - 1].astype("datetime64[D]").item()
    return flow_window(call.facts, call.flows, newest=newest, days=max(days, 1))


def _between(call: Call) -> FlowWindow:
    newest = call.params.day("end_dt", call.facts.day)
    return flow_window(call.facts, call.flows, newest=newest, oldest=call.params.day("strt_dt", newest))


def _head(call: Call, row: int) -> Row:
    columns = first_columns(call, row, call.seen(row, venue_of(call)))
    del columns["flu_rt"]
    return columns


def _limit_used(call: Call, row: int, shares: float = 0.0) -> float:
    """Share of a stock foreigners hold in percent, some shares earlier."""
    total = max(int(call.facts.shares[row]), 1)
    return 100.0 * (foreign_ratio(call.facts, row) - shares / total)


def three_days(call: Call) -> Reply:
    """ka10035: foreigners sold (1) or bought (2) on each of the last three days."""
    sellers = call.params.choice("trde_tp", ("1", "2")) == "1"
    newest = call.facts.day
    if call.params.text("base_dt_tp") == "1" and call.facts.past_count:
        newest = call.facts.panel.days[call.facts.past_count - 1].astype("datetime64[D]").item()
    window = flow_window(call.facts, call.flows, newest=newest, days=3)
    shares = np.nan_to_num(window.foreign_shares)
    if shares.shape[1] < 3:
        return Reply({"for_cont_nettrde_upper": []})
    allowed = of_market_and_venue(call) & ((shares < 0) if sellers else (shares > 0)).all(axis=1)
    total = shares.sum(axis=1)

    def write(_: int, row: int) -> Row:
        days = {f"dm{n}": w.double_minus(float(shares[row, -n])) for n in (1, 2, 3)}
        return {
            **_head(call, row),
            **days,
            "tot": w.double_minus(float(total[row])),
            "limit_exh_rt": w.rate(_limit_used(call, row)),
            **dict.fromkeys(("pred_pre_1", "pred_pre_2", "pred_pre_3"), ""),
        }

    rows, cursor = call.page(PAGE, lambda: rows_by(-total if sellers else total, allowed), write)
    return Reply({"for_cont_nettrde_upper": rows}, cursor)


def limit_growth(call: Call) -> Reply:
    """ka10036: by how much the foreigners' share of a stock grew over the days."""
    facts = call.facts
    bought = _days(call).total("foreign", amount=False)
    growth = 100.0 * bought / np.maximum(facts.shares, 1)
    allowed = of_market_and_venue(call) & facts.is_stock & (growth > 0)

    def write(rank: int, row: int) -> Row:
        used = _limit_used(call, row)
        held = int(int(facts.shares[row]) * used / 100.0)
        return {
            "rank": str(rank),
            **_head(call, row),
            "trde_qty": str(call.seen(row, venue_of(call)).volume),
            "poss_stkcnt": str(held),
            "gain_pos_stkcnt": str(int(facts.shares[row]) - held),
            "base_limit_exh_rt": w.rate(_limit_used(call, row, float(bought[row]))),
            "limit_exh_rt": w.rate(used),
            "exh_rt_incrs": w.rate(float(growth[row])),
        }

    rows, cursor = call.page(PAGE, lambda: rows_by(growth, allowed), write)
    return Reply({"for_limit_exh_rt_incrs_upper": rows}, cursor)


def foreign_desks(call: Call) -> Reply:
    """ka10037: trading at foreign brokers' desks, 1 net buying, 2 net selling, 3 buying, 4 selling; amounts in millions."""
    kind = call.params.choice("trde_tp", ("1", "2", "3", "4"))
    window = _days(call)
    net_shares, net_krw = (_DESK_SHARE * window.total("foreign", amount=amount) for amount in (False, True))
    whole = 0.2 * call.stocks.volume * max(call.params.number("dt", 0), 1)
    buy = np.maximum(np.rint((whole + net_shares) / 2), np.maximum(np.rint(net_shares), 0))
    sell = buy - np.rint(net_shares)
    by_quantity = call.params.text("sort_tp") == "2"
    net: Floats = net_shares if by_quantity else net_krw
    gross = np.ones(len(net)) if by_quantity else call.stocks.price.astype(np.float64)
    values = {"1": net, "2": -net, "3": buy * gross, "4": sell * gross}[kind]
    allowed = of_market_and_venue(call) & (values > 0)

    def write(rank: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        return {
            "rank": str(rank),
            **first_columns(call, row, quote),
            "sel_trde_qty": f"-{int(sell[row])}",
            "buy_trde_qty": f"+{int(buy[row])}",
            "netprps_trde_qty": w.signed(float(buy[row] - sell[row])),
            "netprps_prica": w.signed(float(net_krw[row]) / _MILLION),
            "trde_qty": str(quote.volume),
            "trde_prica": str(w.million(quote.value_krw)),
        }

    rows, cursor = call.page(PAGE, lambda: rows_by(values, allowed), write)
    return Reply({"frgn_wicket_trde_upper": rows}, cursor)


def _average(amount: float, shares: float) -> float:
    return abs(amount / shares) if shares else 0.0


def institution_by_days(call: Call) -> Reply:
    """ka10044: what institutions sold (1) or bought (2) over the days, with the estimated average price; millions."""
    sellers = call.params.choice("trde_tp", ("1", "2")) == "1"
    window = _between(call)
    krw, shares = (window.total("institution", amount=amount) for amount in (True, False))
    values = -krw if sellers else krw
    allowed = of_market_and_venue(call) & (values > 0)

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        average = round(_average(float(krw[row]), float(shares[row])))
        gap = quote.price - average
        return {
            "stk_cd": call.code(row),
            "stk_nm": call.name(row),
            "netprps_qty": w.signed(float(shares[row])),
            "netprps_amt": w.signed(float(krw[row]) / _MILLION),
            "prsm_avg_pric": str(average),
            "cur_prc": quote.current,
            "avg_pric_pre": w.double_minus(gap),
            "pre_rt": w.rate(w.ratio_pct(gap, average)),
        }

    rows, cursor = call.page(PAGE, lambda: rows_by(values, allowed), write)
    return Reply({"daly_orgn_trde_stk": rows}, cursor)


def same_side(call: Call) -> Reply:
    """ka10062: bought (1) or sold (2) by foreigners and institutions alike; by shares (1) or won (2)."""
    params = call.params
    sellers = params.choice("trde_tp", ("1", "2")) == "2"
    by_amount = params.choice("sort_cnd", ("1", "2")) == "2"
    unit = 1_000 if params.text("unit_tp") == "1000" else 1
    window = _between(call)
    shares = {name: window.total(name, amount=False) for name in ("institution", "foreign")}
    krw = {name: window.total(name, amount=True) for name in ("institution", "foreign")}
    direction = -1.0 if sellers else 1.0
    both = (krw["institution"] + krw["foreign"]) if by_amount else (shares["institution"] + shares["foreign"])
    allowed = of_market_and_venue(call) & (direction * shares["institution"] > 0) & (direction * shares["foreign"] > 0)

    def write(rank: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        head = first_columns(call, row, quote)
        fields: Row = {
            "stk_cd": head["stk_cd"],
            "rank": str(rank),
            "stk_nm": head["stk_nm"],
            "cur_prc": head["cur_prc"],
            "pre_sig": head["pred_pre_sig"],
            "pred_pre": head["pred_pre"],
            "flu_rt": head["flu_rt"],
            "acc_trde_qty": str(quote.volume),
        }
        quantities, amounts = 0, 0
        for name, word in (("institution", "orgn"), ("foreign", "for")):
            quantity, amount = round(float(shares[name][row]) / unit), round(float(krw[name][row]) / _MILLION)
            quantities, amounts = quantities + quantity, amounts + amount
            fields[f"{word}_nettrde_qty"] = w.signed(quantity)
            fields[f"{word}_nettrde_amt"] = w.signed(amount)
            fields[f"{word}_nettrde_avg_pric"] = w.integer(_average(float(krw[name][row]), float(shares[name][row])))
        return fields | {"nettrde_qty": w.signed(quantities), "nettrde_amt": w.signed(amounts)}

    rows, cursor = call.page(PAGE, lambda: rows_by(direction * both, allowed), write)
    return Reply({"eql_nettrde_rank": rows}, cursor)
