"""Stocks and sectors by how long institutions and foreigners have been buying: ka10131."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_boards import FlowWindow, flow_window
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_market_flows import PAGE, ranked_rows, tradable, venue_of

__all__ = ["consecutive"]

_MILLION = 1_000_000


def _run(flow: FloatArray, other: FloatArray) -> tuple[int, int, int]:
    """Days in a row (newest last) on one side, negative for selling, and the sums of both columns over them."""
    clean = np.nan_to_num(flow)
    if not len(clean) or clean[-1] == 0:
        return 0, 0, 0
    same = np.sign(clean) == np.sign(clean[-1])
    length = len(clean) if same.all() else int(np.argmin(same[::-1]))
    part = slice(len(clean) - length, None)
    return (length if clean[-1] > 0 else -length), round(clean[part].sum()), round(np.nan_to_num(other)[part].sum())


def _run_fields(window: FlowWindow, rows: npt.NDArray[np.intp]) -> Row:
    """The run columns of one line: a stock, or the sum of a sector's stocks."""

    def summed(name: str) -> FloatArray:
        return np.asarray(np.nansum(getattr(window, name)[rows], axis=0))

    shares = {name: summed(f"{name}_shares") for name in ("institution", "foreign")}
    krw = {name: summed(f"{name}_krw") for name in ("institution", "foreign")}
    shares["both"], krw["both"] = shares["institution"] + shares["foreign"], krw["institution"] + krw["foreign"]
    runs = {name: _run(shares[name], krw[name]) for name in shares}
    double = w.double_minus
    return {
        "orgn_cont_netprps_dys": w.signed(runs["institution"][0]),
        "orgn_cont_netprps_qty": double(runs["institution"][1]),
        "orgn_cont_netprps_amt": double(runs["institution"][2] / _MILLION),
        "frgnr_cont_netprps_dys": w.signed(runs["foreign"][0]),
        "frgnr_cont_netprps_qty": double(runs["foreign"][1]),
        "frgnr_cont_netprps_amt": double(runs["foreign"][2] / _MILLION),
        "tot_cont_netprps_dys": w.signed(runs["both"][0]),
        "tot_cont_nettrde_qty": double(runs["both"][1]),
        "tot_cont_netprps_amt": double(runs["both"][2] / _MILLION),
    }


def _window(call: Call) -> FlowWindow:
    facts, days = call.facts, call.params.text("dt", "1")
    if days != "0":
        return flow_window(facts, call.flows, newest=facts.day, days=call.params.number("dt", 1))
    newest = call.params.day("end_dt", facts.day)
    return flow_window(facts, call.flows, newest=newest, oldest=call.params.day("strt_dt", newest))


def _long_window(call: Call, window: FlowWindow) -> FlowWindow:
    """A stretch long enough to count days in a row that began before the asked window."""
    newest = window.indices[-1] if window.indices else None
    day = call.facts.day if newest is None else call.facts.panel.days[newest].astype(date)
    return flow_window(call.facts, call.flows, newest=day, days=120)


def consecutive(call: Call) -> Reply:
    """ka10131: an unknown market answers with KOSPI, as the vendor does; ``rank`` follows the combined flow."""
    facts, params = call.facts, call.params
    market = "101" if params.text("mrkt_tp") == "101" else "001"
    window = _window(call)
    amount = params.text("amt_qty_tp", "0") != "1"
    net = window.total("foreign", amount=amount) + window.total("institution", amount=amount)
    sellers = params.text("netslmt_tp") == "1"
    by_sector = params.text("stk_inds_tp") == "1"
    long = _long_window(call, window)
    allowed = tradable(call, market)
    lines: list[tuple[str, str, npt.NDArray[np.intp]]]
    if by_sector:
        sectors = [
            (code, name, rows[allowed[rows]])
            for code, name, rows in facts.sectors
            if code[0] == ("1" if market == "101" else "0") and code not in ("001", "101", "150")
        ]
        sectors = [line for line in sectors if (net[line[2]].sum() < 0) == sellers]
        lines = sorted(sectors, key=lambda line: -abs(float(net[line[2]].sum())))
    else:
        lines = [
            (call.code(row, venue_of(call)), call.name(row), np.array([row]))
            for row in ranked_rows(net, allowed & facts.is_stock, sellers=sellers)[:PAGE].tolist()
        ]
    return Reply(
        {"orgn_frgnr_cont_trde_prst": [_consecutive_row(call, n, line, window, long) for n, line in enumerate(lines, 1)]}
    )


def _consecutive_row(
    call: Call, rank: int, line: tuple[str, str, npt.NDArray[np.intp]], window: FlowWindow, long: FlowWindow
) -> Row:
    code, name, rows = line
    totals = {
        (group, amount): round(float(window.total(group, amount=amount)[rows].sum()) / (_MILLION if amount else 1))
        for group in ("institution", "foreign")
        for amount in (True, False)
    }
    double = w.double_minus
    runs = _run_fields(long, rows)
    return {
        "rank": str(rank),
        "stk_cd": code,
        "stk_nm": name,
        "prid_stkpc_flu_rt": w.rate(_period_change(call, int(rows[0]) if len(rows) else 0, window)),
        "orgn_nettrde_amt": double(totals["institution", True]),
        "orgn_nettrde_qty": double(totals["institution", False]),
        **{key: runs[key] for key in ("orgn_cont_netprps_dys", "orgn_cont_netprps_qty", "orgn_cont_netprps_amt")},
        "frgnr_nettrde_qty": double(totals["foreign", False]),
        "frgnr_nettrde_amt": double(totals["foreign", True]),
        **{key: runs[key] for key in ("frgnr_cont_netprps_dys", "frgnr_cont_netprps_qty", "frgnr_cont_netprps_amt")},
        "nettrde_qty": double(totals["institution", False] + totals["foreign", False]),
        "nettrde_amt": double(totals["institution", True] + totals["foreign", True]),
        **{key: runs[key] for key in ("tot_cont_netprps_dys", "tot_cont_nettrde_qty", "tot_cont_netprps_amt")},
    }


def _period_change(call: Call, row: int, window: FlowWindow) -> float:
    """Change of the price over the stretch in percent, adjusted."""
    panel, facts = call.facts.panel, call.facts
    known = [index for index in window.indices if index is not None]
    first = (known[0] if known else facts.past_count) - 1
    if first < 0:
        return 0.0
    before = float(panel.close_krw[row, first]) * facts.today_factor(row) / float(panel.factor[row, first])
    if window.indices and window.indices[-1] is not None:
        last = float(panel.close_krw[row, known[-1]]) * facts.today_factor(row) / float(panel.factor[row, known[-1]])
    else:
        last = float(call.stocks.price[row])
    return w.ratio_pct(last - before, before) if before > 0 and last > 0 else 0.0
