"""Daily tables of one stock: ka10014, ka10015, ka10086."""

from __future__ import annotations

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import (
    FLOW_PAGE,
    Holding,
    days_before,
    investors_of,
    newest_of,
    page_of_days,
)
from ralphstock_desktop.providers.kiwoom_sim.rest_investors import COLUMNS, Measure

__all__ = ["price_with_investors", "short_selling", "trading_detail"]

_MILLION = 1_000_000
_DETAIL_BLANK = ("cntr_str", "for_poss", "for_wght", "for_netprps", "orgn_netprps", "ind_netprps", "frgn", "crd_remn_rt", "prm")


def short_selling(call: Call) -> Reply:
    """ka10014: value in thousand won; the running sum begins at the oldest day asked for."""
    facts = call.facts
    oldest, newest = call.params.day("strt_dt", facts.day), call.params.day("end_dt", facts.day)
    days = list(days_before(call, newest, oldest))
    shorts = [int(day.volume * (0.005 + 0.09 * facts.chance(call.row, 61, day.day.toordinal()))) for day in days]
    running = np.cumsum(np.array(shorts[::-1] or [0]))[::-1].tolist()
    from_day = newest_of(call, "end_dt")
    rows: list[Row] = []
    cursor = ""
    for day, short, total in zip(days, shorts, running, strict=False):
        if day.day > from_day:
            continue
        if len(rows) == FLOW_PAGE:
            cursor = w.day_text(day.day)
            break
        average = day.value / day.volume if day.volume else 0.0
        rows.append(
            {
                "dt": w.day_text(day.day),
                "close_pric": w.price(day.close, day.base),
                "pred_pre_sig": w.direction(day.change),
                "pred_pre": w.signed(day.change),
                "flu_rt": w.rate(day.rate_pct),
                "trde_qty": str(day.volume),
                "shrts_qty": str(short),
                "ovr_shrts_qty": str(total),
                "trde_wght": w.rate(w.ratio_pct(short, day.volume)),
                "shrts_trde_prica": w.integer(short * average / 1_000),
                "shrts_avg_pric": w.integer(average),
            }
        )
    return Reply({"shrts_trnsn": rows}, cursor)


def price_with_investors(call: Call) -> Reply:
    """ka10086: signed prices, two minus signs on flows; ``pred_rt`` is the change in won."""
    amount = call.params.text("indc_tp", "0") == "1"
    measure: Measure = "amount" if amount else "quantity"
    unit = _MILLION if amount else 1
    days, cursor = page_of_days(days_before(call, newest_of(call, "qry_dt")), FLOW_PAGE)
    holding = Holding(call)
    ratio = holding.ratio(holding.held)
    credit = w.rate(4.0 * call.facts.chance(call.row, 24)) if call.facts.margin_pct[call.row] < 100 else "0.00"
    rows = []
    for day in days:
        investors = investors_of(call, day, measure, unit)
        net = {name: w.double_minus(investors.net[name]) for name in COLUMNS} if investors else dict.fromkeys(COLUMNS, "")
        program = w.double_minus(round(investors.net["frgnr_invsr"] * 0.6)) if investors else ""
        rows.append(
            {
                "date": w.day_text(day.day),
                "open_pric": w.price(day.open, day.base),
                "high_pric": w.price(day.high, day.base),
                "low_pric": w.price(day.low, day.base),
                "close_pric": w.price(day.close, day.base),
                "pred_rt": w.signed(day.change),
                "flu_rt": w.rate(day.rate_pct),
                "trde_qty": str(day.volume),
                "amt_mn": str(w.million(day.value)),
                "crd_rt": credit,
                "ind": net["ind_invsr"],
                "orgn": net["orgn"],
                "for_qty": net["frgnr_invsr"],
                "frgn": "0",
                "prm": program,
                "for_rt": ratio,
                "for_poss": ratio,
                "for_wght": ratio,
                "for_netprps": net["frgnr_invsr"],
                "orgn_netprps": net["orgn"],
                "ind_netprps": net["ind_invsr"],
                "crd_remn_rt": credit.lstrip("+"),
            }
        )
    return Reply({"daly_stkpc": rows}, cursor)


def trading_detail(call: Call) -> Reply:
    """ka10015: the day's volume before, in and after the regular hours."""
    days, cursor = page_of_days(days_before(call, newest_of(call, "strt_dt")), FLOW_PAGE)
    rows = []
    for day in days:
        before, after = int(day.volume * 0.0008), int(day.volume * 0.0036)
        idle = day.volume <= 0

        def part(value: float, whole: float, idle: bool = idle) -> tuple[str, str]:
            return ("", "") if idle else (w.integer(value), w.rate(w.ratio_pct(value, whole)))

        quantities = [part(value, day.volume) for value in (before, day.volume - before - after, after)]
        price = day.value / day.volume if day.volume else 0.0
        whole = w.million(day.value)
        early, late = int(before * price / _MILLION), int(after * price / _MILLION)
        values = [part(value, whole) for value in (early, whole - early - late, late)]
        row = {
            "dt": w.day_text(day.day),
            "close_pric": w.price(day.close, day.base),
            "pred_pre_sig": "0" if idle else w.direction(day.change),
            "pred_pre": w.signed(day.change),
            "flu_rt": w.rate(day.rate_pct),
            "trde_qty": str(day.volume),
            "trde_prica": str(whole),
        }
        for name, (text, share) in zip(("bf_mkrt", "opmr", "af_mkrt"), quantities, strict=True):
            row |= {f"{name}_trde_qty": text, f"{name}_trde_wght": share}
        row |= {"tot_3": str(day.volume), "prid_trde_qty": str(day.volume), **dict.fromkeys(_DETAIL_BLANK, "")}
        for name, (text, share) in zip(("bf_mkrt", "opmr", "af_mkrt"), values, strict=True):
            row |= {f"{name}_trde_prica": text, f"{name}_trde_prica_wght": share}
        rows.append(row)
    return Reply({"daly_trde_dtl": rows}, cursor)
