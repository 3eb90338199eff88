"""Daily tables of one stock: ka10014, ka10015, ka10086."""

from __future__ import annotations

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Quote
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import (
    FLOW_PAGE,
    days_before,
    foreign_ratios,
    investors_of,
    newest_of,
    page_of_days,
)
from ralphstock_desktop.providers.kiwoom_sim.rest_investors import COLUMNS, Measure
from ralphstock_desktop.providers.kiwoom_sim.rest_program_stocks import program_of

__all__ = ["BEFORE_HOURS", "price_with_investors", "short_selling", "traded_after_close", "trading_detail"]

_MILLION = 1_000_000
BEFORE_HOURS, _AFTER_HOURS = 0.0008, 0.0036
"""Parts of a day's volume that trade before the open and, on days before the replayed one, after the close."""
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
                "pred_pre_sig": day.sign,
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
    ratios = foreign_ratios(call, days)
    rows = []
    for day in days:
        ratio = ratios[day.day]
        # Today's balance of margin loans is not known before the evening: the last one stands.
        at = call.facts.last_past_day if day.index is None else day.day
        credit = w.rate(call.facts.loaned_pct(call.row, at.toordinal()))
        program = program_of(call, day)
        buy, sell = (program.buy_krw, program.sell_krw) if amount else (program.buy_shares, program.sell_shares)
        investors = investors_of(call, day, measure, unit)
        net = {name: w.double_minus(investors.net[name]) for name in COLUMNS} if investors else dict.fromkeys(COLUMNS, "")
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
                "prm": w.double_minus(int(buy / unit) - int(sell / unit)),
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


def traded_after_close(call: Call, quote: Quote) -> int:
    """Shares that traded after the regular close of the replayed day, as the quote's venue counts them."""
    facts = call.facts
    if call.now_ns < facts.hours.close_ns + 30_000_000_000:
        return 0
    after = max(quote.raw.volume - int(facts.regular_volume[quote.row]), 0)
    return int(facts.venue_volume(quote.row, np.array(after), quote.venue))


def trading_detail(call: Call) -> Reply:
    """ka10015: the day's volume before, in and after the regular hours."""
    days, cursor = page_of_days(days_before(call, newest_of(call, "strt_dt")), FLOW_PAGE)
    rows = []
    for day in days:
        before, after = int(day.volume * BEFORE_HOURS), int(day.volume * _AFTER_HOURS)
        if day.index is None:
            after = traded_after_close(call, call.quote())
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
            "pred_pre_sig": "0" if idle else day.sign,
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
