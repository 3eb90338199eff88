"""Investor flow over the whole market: ka10034, ka10058, ka10063, ka10065, ka10066, ka90009."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.daily import traded_values
from ralphstock_desktop.providers.kiwoom_sim.rest_boards import FlowWindow, flow_window
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_investors import COLUMNS, InvestorDay, Measure, investor_day, investor_today
from ralphstock_desktop.providers.kiwoom_sim.rest_quotes import foreign_ratio

__all__ = [
    "PAGE",
    "after_close",
    "foreign_institution_top",
    "foreign_over_days",
    "intraday_investor",
    "intraday_top",
    "page_of_rows",
    "ranked_rows",
    "stocks_of_investor",
    "tradable",
    "venue_of",
]

PAGE = 100
_MILLION = 1_000_000
_CANDIDATES = 150
_TOP_ROWS = 15
_ORGANISATIONS = {
    "8000": "ind_invsr",
    "9000": "frgnr_invsr",
    "9100": "frgnr_invsr",
    "9999": "orgn",
    "1000": "fnnc_invt",
    "2000": "insrnc",
    "3000": "invtrt",
    "3100": "samo_fund",
    "4000": "bank",
    "5000": "etc_fnnc",
    "6000": "penfnd_etc",
    "7000": "natn",
    "7100": "etc_corp",
}
_INTRADAY = {
    "6": "frgnr_invsr",
    "7": "orgn",
    "1": "invtrt",
    "0": "insrnc",
    "2": "bank",
    "3": "penfnd_etc",
    "4": "natn",
    "5": "etc_corp",
}
_GROUP = {
    "frgnr_invsr": "foreign",
    "orgn": "institution",
    "ind_invsr": "individual",
    "penfnd_etc": "pension",
    "etc_corp": "other_corp",
}


def venue_of(call: Call) -> str:
    """The asked venue."""
    return call.params.text("stex_tp", VenueCode.KRX)


def tradable(call: Call, code: str) -> npt.NDArray[np.bool_]:
    """Stocks of a market that trade at the asked venue."""
    rows = call.facts.of_market(code) & call.stocks.listed
    return rows & call.facts.on_nxt if venue_of(call) == VenueCode.NXT else rows


def ranked_rows(values: FloatArray, allowed: npt.NDArray[np.bool_], *, sellers: bool) -> npt.NDArray[np.intp]:
    """Rows with a value above zero (below it for sellers), largest first."""
    size = -values if sellers else values
    rows = np.flatnonzero(allowed & (size > 0))
    return rows[np.argsort(-size[rows], kind="stable")]


# -- rankings by net buying -------------------------------------------------------------------------------------------


def foreign_over_days(call: Call) -> Reply:
    """ka10034: net shares of foreigners over some days; 1 net sellers, 2 net buyers, 3 both by size."""
    facts, dt = call.facts, call.params.text("dt", "0")
    newest, days = facts.day, call.params.number("dt")
    if dt in ("0", "1"):
        days = 1
        if dt == "1" and facts.past_count:
            newest = facts.panel.days[facts.past_count - 1].astype(date)
    window = flow_window(facts, call.flows, newest=newest, days=days)
    net = window.total("foreign", amount=False)
    kind = call.params.text("trde_tp", "2")
    order = ranked_rows(
        np.abs(net) if kind == "3" else net, tradable(call, call.params.text("mrkt_tp", "000")), sellers=kind == "1"
    )

    def write(rank: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        shares = int(facts.shares[row])
        return {
            "rank": str(rank),
            "stk_cd": call.code(row, venue_of(call)),
            "stk_nm": call.name(row),
            "cur_prc": quote.current,
            "pred_pre_sig": quote.sign,
            "pred_pre": quote.change_text,
            "sel_bid": quote.at(quote.raw.ask),
            "buy_bid": quote.at(quote.raw.bid),
            "trde_qty": str(quote.volume),
            "netprps_qty": w.signed(net[row]),
            "gain_pos_stkcnt": str(int(shares * (1.0 - foreign_ratio(facts, row)))),
        }

    rows, cursor = call.page(PAGE, order.tolist, write)
    return Reply({"for_dt_trde_upper": rows}, cursor)


def _sum_of(call: Call, row: int, window: FlowWindow, name: str, measure: Measure) -> int:
    """Net buying of one of the thirteen investors over a stretch, in won or shares."""
    total = 0
    for index in window.indices:
        investors = _today(call, row, measure, 1) if index is None else investor_day(call.facts, row, index, measure, 1)
        total += investors.net[name] if investors is not None else 0
    return total


def stocks_of_investor(call: Call) -> Reply:
    """ka10058: 1 net sellers, 2 net buyers; the amount in ten thousand won."""
    facts, params = call.facts, call.params
    newest = params.day("end_dt", facts.day)
    window = flow_window(facts, call.flows, newest=newest, oldest=params.day("strt_dt", newest))
    name = _ORGANISATIONS[params.choice("invsr_tp", tuple(_ORGANISATIONS))]
    sellers = params.text("trde_tp") == "1"
    allowed = tradable(call, params.text("mrkt_tp", "001"))
    foreign, institution = (window.total(group, amount=False) for group in ("foreign", "institution"))
    hint = {"frgnr_invsr": foreign, "ind_invsr": -(foreign + institution)}.get(name, institution)

    def net_of(row: int) -> int:
        if name in ("frgnr_invsr", "orgn"):
            return round(float(hint[row]))
        return _sum_of(call, row, window, name, "quantity")

    def order() -> list[int]:
        largest = np.argsort(-np.abs(np.where(allowed, hint, 0.0)), kind="stable")
        if name not in ("frgnr_invsr", "orgn"):
            largest = largest[:_CANDIDATES]
        nets = {row: net_of(row) for row in largest.tolist() if allowed[row]}
        chosen = [row for row, net in nets.items() if net and (net < 0) == sellers]
        return sorted(chosen, key=lambda row: -abs(nets[row]) * max(int(call.stocks.price[row]), 1))

    rows, cursor = call.page(PAGE, order, lambda _, row: _investor_row(call, row, net_of(row), window))
    return Reply({"invsr_daly_trde_stk": rows}, cursor)


def _investor_row(call: Call, row: int, net: int, window: FlowWindow) -> Row:
    panel, quote = call.facts.panel, call.seen(row, venue_of(call))
    known = [index for index in window.indices if index is not None]
    volume, value = float(quote.volume), float(quote.value_krw)
    if window.indices and window.indices[-1] is not None:
        volume = value = 0.0
    if known:
        part = slice(known[0], known[-1] + 1)
        volume += float(panel.volume_shares[row, part].sum())
        value += float(traded_values(panel, row, part).sum())
    average = round(value / volume) if volume and value else quote.price
    return {
        "stk_cd": call.code(row),
        "stk_nm": call.name(row),
        "netslmt_qty": w.double_minus(net),
        "netslmt_amt": w.double_minus(net * average / 10_000),
        "prsm_avg_pric": str(average),
        "cur_prc": quote.current,
        "pre_sig": quote.sign,
        "pred_pre": quote.change_text,
        "avg_pric_pre": w.double_minus(quote.price - average),
        "pre_rt": w.rate(w.ratio_pct(quote.price - average, average)),
        "dt_trde_qty": w.integer(volume),
    }


# -- today ------------------------------------------------------------------------------------------------------------


def _today_order(call: Call, name: str, *, amount: bool, allowed: npt.NDArray[np.bool_]) -> list[int]:
    """Rows that may matter for an investor today, by the size of the group it belongs to."""
    group = _GROUP.get(name, "institution")
    size = np.abs(call.flows.net(group, amount=amount))
    rows = np.flatnonzero(allowed & (size > 0))
    return [int(row) for row in rows[np.argsort(-size[rows], kind="stable")]]


def _today(call: Call, row: int, measure: Measure, unit: int) -> InvestorDay:
    quote = call.stocks.quotes[row]
    assert quote is not None
    return investor_today(call.facts, row, call.flows.flows[row], quote, measure, unit)


def intraday_investor(call: Call) -> Reply:
    """ka10063: both amount (million won) and shares; negatives with two minus signs."""
    params = call.params
    name = _INTRADAY[params.choice("invsr", tuple(_INTRADAY))]
    allowed = tradable(call, params.text("mrkt_tp", "000"))
    if params.text("smtm_netprps_tp") == "1":
        both = (call.flows.net("foreign", amount=True) > 0) & (call.flows.net("institution", amount=True) > 0)
        allowed = allowed & both

    def write(_: int, row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        amount, quantity = _today(call, row, "amount", _MILLION), _today(call, row, "quantity", 1)
        fields: Row = {
            "stk_cd": call.code(row),
            "stk_nm": call.name(row),
            "cur_prc": quote.current,
            "pre_sig": quote.sign,
            "pred_pre": quote.change_text,
            "flu_rt": quote.rate_text,
            "acc_trde_qty": str(quote.volume),
        }
        (buy, sell), net = amount.gross(name), amount.net[name]
        (buy_qty, sell_qty), net_qty = quantity.gross(name), quantity.net[name]
        double = w.double_minus
        # What the figures were at the publication before: a steady part of what they are now.
        return fields | {
            "netprps_amt": double(net),
            "prev_netprps_amt": double(net - net // 12),
            "buy_amt": double(buy),
            "netprps_amt_irds": double(net // 12),
            "buy_amt_irds": double(buy // 12),
            "sell_amt": double(-sell),
            "sell_amt_irds": double(-(sell // 12)),
            "netprps_qty": double(net_qty),
            "prev_pot_netprps_qty": double(net_qty - net_qty // 12),
            "netprps_irds": double(net_qty // 12),
            "buy_qty": double(buy_qty),
            "buy_qty_irds": double(buy_qty // 12),
            "sell_qty": double(-sell_qty),
            "sell_qty_irds": double(-(sell_qty // 12)),
        }

    def order() -> list[int]:
        found = _today_order(call, name, amount=True, allowed=allowed)[: 3 * PAGE]
        if name in _GROUP:
            nets = {row: int(net) for row, net in enumerate(call.flows.net(_GROUP[name], amount=True).tolist())}
        else:
            nets = {row: _today(call, row, "amount", _MILLION).net[name] for row in found}
        return sorted((row for row in found if nets[row]), key=lambda row: -nets[row])

    rows, cursor = call.page(PAGE, order, write)
    return Reply({"opmr_invsr_trde": rows}, cursor)


def intraday_top(call: Call) -> Reply:
    """ka10065: 1 net buyers, 2 net sellers; selling is negative and the net is the sum of the two."""
    params = call.params
    name = _ORGANISATIONS[params.choice("orgn_tp", tuple(_ORGANISATIONS))]
    amount = params.text("amt_qty_tp", "1") == "1"
    measure: Measure = "amount" if amount else "quantity"
    sellers = params.text("trde_tp") == "2"
    order = _today_order(call, name, amount=amount, allowed=tradable(call, params.text("mrkt_tp", "000")))[:_CANDIDATES]
    lines = [(row, _today(call, row, measure, _MILLION if amount else 1)) for row in order]
    lines = [(row, day) for row, day in lines if day.net[name] and (day.net[name] < 0) == sellers]
    lines.sort(key=lambda line: -abs(line[1].net[name]))
    rows = []
    for row, day in lines[:PAGE]:
        buy, sell = day.gross(name)
        rows.append(
            {
                "stk_cd": call.code(row),
                "stk_nm": call.name(row),
                "sel_qty": w.signed(-sell),
                "buy_qty": w.signed(buy),
                "netslmt": w.signed(buy - sell),
            }
        )
    return Reply({"opmr_invsr_trde_upper": rows})


def after_close(call: Call) -> Reply:
    """ka10066: all stocks of a market by code."""
    params = call.params
    amount = params.text("amt_qty_tp", "1") == "1"
    kind = params.text("trde_tp", "0")
    names = [name for name in COLUMNS if name != "natfor"]

    def write(row: int) -> Row:
        quote = call.seen(row, venue_of(call))
        day = _today(call, row, "amount" if amount else "quantity", _MILLION if amount else 1)
        fields: Row = {
            "stk_cd": call.code(row),
            "stk_nm": call.name(row),
            "cur_prc": quote.current,
            "pre_sig": quote.sign,
            "pred_pre": quote.change_text,
            "flu_rt": quote.rate_text,
            "trde_qty": str(quote.volume),
        }
        return fields | {name: w.integer(day.column(name, kind)) for name in names}

    order = np.flatnonzero(tradable(call, params.text("mrkt_tp", "000"))).tolist()
    rows, cursor = page_of_rows(call, order, write)
    return Reply({"opaf_invsr_trde": rows}, cursor)


def page_of_rows(call: Call, order: list[int], write: Callable[[int], Row], size: int = PAGE) -> tuple[list[Row], str]:
    """One page of a list in a fixed order; only its rows are written."""
    first = int(call.cursor) if call.cursor.isdigit() else 0
    following = str(first + size) if first + size < len(order) else ""
    return [write(row) for row in order[first : first + size]], following


def foreign_institution_top(call: Call) -> Reply:
    """ka90009: four lists side by side, 15 rows; ten million won and thousand shares."""
    facts, params = call.facts, call.params
    amount = params.text("amt_qty_tp", "1") == "1"
    newest = params.day("date", facts.day) if params.text("qry_dt_tp") == "1" else facts.day
    window = flow_window(facts, call.flows, newest=newest, days=1)
    allowed = tradable(call, params.text("mrkt_tp", "000"))
    lists = []
    for group, short in (("foreign", "for"), ("institution", "orgn")):
        krw, shares = window.total(group, amount=True), window.total(group, amount=False)
        for kind, sellers in (("netslmt", True), ("netprps", False)):
            order = ranked_rows(krw if amount else shares, allowed, sellers=sellers)[:_TOP_ROWS]
            lists.append((f"{short}_{kind}", order.tolist(), krw, shares))
    rows = []
    for rank in range(max((len(order) for _, order, _, _ in lists), default=0)):
        fields: Row = {}
        for prefix, order, krw, shares in lists:
            row = order[rank] if rank < len(order) else None
            fields |= {
                f"{prefix}_stk_cd": call.code(row) if row is not None else "",
                f"{prefix}_stk_nm": call.name(row) if row is not None else "",
                f"{prefix}_amt": w.signed(krw[row] / 1e7) if row is not None else "",
                f"{prefix}_qty": w.signed(shares[row] / 1e3) if row is not None else "",
            }
        rows.append(fields)
    return Reply({"frgnr_orgn_trde_upper": rows})
