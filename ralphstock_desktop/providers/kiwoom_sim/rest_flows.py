"""Investor flow of one stock: ka10059-ka10061, ka10008, ka10009, ka10045, ka10064."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import NXT_SINCE, VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_investors import COLUMNS, InvestorDay, Measure, investor_day, investor_today
from ralphstock_desktop.providers.kiwoom_sim.rest_quotes import foreign_ratio

__all__ = [
    "FLOW_PAGE",
    "Day",
    "Holding",
    "days_before",
    "flow_chart",
    "flow_sum",
    "flows_by_day",
    "foreign_held",
    "foreign_holding",
    "foreign_ratios",
    "holdings",
    "institution_and_foreign",
    "institution_of_stock",
    "intraday_curve",
    "investors_of",
    "newest_of",
    "page_of_days",
]

FLOW_PAGE = 100
_MILLION = 1_000_000
_CURVE = ((9, 22), (9, 52), (10, 22), (10, 58), (11, 31), (13, 12), (14, 3), (14, 35))
"""When the intraday figures are published."""


@dataclass(frozen=True, slots=True)
class Day:
    """One trading day of the asked stock, past or running. Won and shares."""

    day: date
    index: int | None
    open: int
    high: int
    low: int
    close: int
    base: int
    volume: int
    value: float
    upper: int = 0
    """Daily limits; 0 where they are not known."""
    lower: int = 0

    @property
    def sign(self) -> str:
        """Direction code."""
        return w.direction(self.change, at_upper=self.close == self.upper, at_lower=self.close == self.lower)

    @property
    def change(self) -> int:
        """Change against the base price."""
        return self.close - self.base

    @property
    def rate_pct(self) -> float:
        """Change in percent."""
        return w.ratio_pct(self.change, self.base)


def days_before(call: Call, newest: date, oldest: date = date.min) -> Iterator[Day]:
    """Days of the asked stock, newest first, today's live one included once the market has opened; as traded."""
    facts = call.facts
    if call.has_today and newest >= facts.day >= oldest:
        quote = call.quote()
        raw, price = quote.raw, quote.price or quote.base
        traded = raw.volume > 0
        three = (raw.open, raw.high, raw.low) if traded else (price,) * 3
        yield Day(
            facts.day,
            None,
            *three,
            price,
            quote.base,
            quote.volume,
            float(quote.value_krw),
            raw.upper_limit,
            raw.lower_limit,
        )
    past = facts.past(call.row)
    oldest = max(oldest, NXT_SINCE) if call.venue == VenueCode.NXT else oldest
    begin = int(np.searchsorted(past.days, np.datetime64(oldest)))
    end = int(np.searchsorted(past.days, np.datetime64(newest), side="right"))
    for n in range(end - 1, begin - 1, -1):
        venue = call.venue if past.days[n] >= np.datetime64(NXT_SINCE) else VenueCode.KRX
        volume = int(facts.venue_volume(call.row, past.volume[n : n + 1], venue)[0])
        yield Day(
            past.days[n].astype(date),
            int(past.index[n]),
            int(past.open[n]),
            int(past.high[n]),
            int(past.low[n]),
            int(past.close[n]),
            int(past.base[n]),
            volume,
            float(past.value[n]) * (volume / past.volume[n] if past.volume[n] else 1.0),
        )


def newest_of(call: Call, name: str) -> date:
    """Newest day wanted on this page."""
    if call.cursor:
        found = w.read_day(call.cursor)
        if found is not None:
            return found
    return min(call.params.day(name, call.facts.day), call.facts.day)


def page_of_days(days: Iterator[Day], size: int) -> tuple[list[Day], str]:
    """The first days, and the day the next page begins with."""
    page: list[Day] = []
    for day in days:
        if len(page) == size:
            return page, w.day_text(day.day)
        page.append(day)
    return page, ""


def _measure(call: Call) -> tuple[Measure, int]:
    if call.params.text("amt_qty_tp", "1") == "1":
        return "amount", _MILLION
    return "quantity", 1_000 if call.params.text("unit_tp") == "1000" else 1


def investors_of(call: Call, day: Day, measure: Measure, unit: int) -> InvestorDay | None:
    """Who bought on a day; None without record."""
    if day.index is not None:
        return investor_day(call.facts, call.row, day.index, measure, unit)
    flow, quote = call.market.flow(call.row), call.market.quote(call.row)
    return investor_today(call.facts, call.row, flow, quote, measure, unit)


def _recorded(call: Call, newest: date, measure: Measure, unit: int, oldest: date = date.min) -> Iterator[Day]:
    """Days whose flows the repository knows: a day without record has no row, as it would otherwise read as zero."""
    columns = (call.facts.panel.foreign_krw, call.facts.panel.institution_krw)
    if measure == "quantity":
        columns = (call.facts.panel.foreign_shares, call.facts.panel.institution_shares)
    del unit
    for day in days_before(call, newest, oldest):
        if day.index is None or not any(np.isnan(part[call.row, day.index]) for part in columns):
            yield day


def flows_by_day(call: Call) -> Reply:
    """ka10059: the change rate a hundredfold, single minus, no plus."""
    measure, unit = _measure(call)
    kind = call.params.text("trde_tp", "0")
    days, cursor = page_of_days(_recorded(call, newest_of(call, "dt"), measure, unit), FLOW_PAGE)
    rows = []
    for day in days:
        investors = investors_of(call, day, measure, unit)
        assert investors is not None
        hundredth = round(day.rate_pct * 100)
        row = {
            "dt": w.day_text(day.day),
            "cur_prc": w.price(day.close, day.base),
            "pre_sig": day.sign,
            "pred_pre": w.signed(day.change),
            "flu_rt": w.signed(hundredth),
            "acc_trde_qty": str(day.volume),
            "acc_trde_prica": str(w.million(day.value)),
        }
        rows.append(row | {name: w.integer(investors.column(name, kind)) for name in COLUMNS})
    return Reply({"stk_invsr_orgn": rows}, cursor)


def flow_chart(call: Call) -> Reply:
    """ka10060: as ka10059 with fewer fields; what is called value holds the volume."""
    measure, unit = _measure(call)
    kind = call.params.text("trde_tp", "0")
    days, cursor = page_of_days(_recorded(call, newest_of(call, "dt"), measure, unit), FLOW_PAGE)
    rows = []
    for day in days:
        investors = investors_of(call, day, measure, unit)
        assert investors is not None
        row = {
            "dt": w.day_text(day.day),
            "cur_prc": w.price(day.close, day.base),
            "pred_pre": w.signed(day.change),
            "acc_trde_prica": str(day.volume),
        }
        rows.append(row | {name: w.integer(investors.column(name, kind)) for name in COLUMNS})
    return Reply({"stk_invsr_orgn_chart": rows}, cursor)


def flow_sum(call: Call) -> Reply:
    """ka10061: one row, negatives with two minus signs."""
    measure, unit = _measure(call)
    facts = call.facts
    oldest, newest = call.params.day("strt_dt", facts.day), call.params.day("end_dt", facts.day)
    sums = dict.fromkeys(COLUMNS, 0)
    for day in _recorded(call, newest, measure, unit, oldest):
        investors = investors_of(call, day, measure, unit)
        assert investors is not None
        for name in COLUMNS:
            sums[name] += investors.net[name]
    return Reply({"stk_invsr_orgn_tot": [{name: w.double_minus(value) for name, value in sums.items()}]})


class Holding:
    """Shares held by foreigners, walked back from the day before the replayed one."""

    def __init__(self, call: Call) -> None:
        facts = call.facts
        self.shares = int(facts.shares[call.row])
        self.held = int(self.shares * foreign_ratio(facts, call.row))

    def after(self, change: int, *, today: bool) -> int:
        """Holding at the end of a day, the days being asked for newest first."""
        held = self.held + (change if today else 0)
        if not today:
            self.held -= change
        return max(0, min(held, self.shares))

    def ratio(self, held: int) -> str:
        """Share of the listed shares in percent."""
        return w.rate(w.ratio_pct(held, self.shares))


def _foreign_change(call: Call, day: Day) -> int:
    if day.index is None:
        return int(call.market.flow(call.row).foreign[1])
    change = float(call.facts.panel.foreign_shares[call.row, day.index])
    return 0 if np.isnan(change) else round(change)


def holdings(call: Call) -> Iterator[tuple[Day, int, int]]:
    """Every day of the asked stock, newest first, with the change of the foreign holding on it and the holding at its end."""
    holding = Holding(call)
    for day in days_before(call, call.facts.day):
        change = _foreign_change(call, day)
        yield day, change, holding.after(change, today=day.index is None)


def foreign_held(call: Call, days: list[Day]) -> dict[date, int]:
    """Shares that foreigners held at the end of some days."""
    wanted, found = {day.day for day in days}, dict[date, int]()
    for day, _, held in holdings(call):
        if day.day in wanted:
            found[day.day] = held
        if len(found) == len(wanted):
            break
    return found


def foreign_ratios(call: Call, days: list[Day]) -> dict[date, str]:
    """What they held in percent of the listed shares."""
    holding = Holding(call)
    return {day: holding.ratio(held) for day, held in foreign_held(call, days).items()}


def foreign_holding(call: Call) -> Reply:
    """ka10008."""
    holding = Holding(call)
    newest = newest_of(call, "base_dt")
    rows: list[Row] = []
    cursor = ""
    for day, change, held in holdings(call):
        if day.day > newest:
            continue
        if len(rows) == FLOW_PAGE:
            cursor = w.day_text(day.day)
            break
        rows.append(
            {
                "dt": w.day_text(day.day),
                "close_pric": w.price(day.close, day.base),
                "pred_pre": w.signed(day.change),
                "trde_qty": str(day.volume),
                "chg_qty": str(change),
                "poss_stkcnt": str(held),
                "wght": holding.ratio(held),
                "gain_pos_stkcnt": str(holding.shares - held),
                "frgnr_limit": str(holding.shares),
                "frgnr_limit_irds": "0",
                "limit_exh_rt": holding.ratio(held),
            }
        )
    return Reply({"stk_frgnr": rows}, cursor)


def _nets(call: Call, day: Day) -> tuple[int, int] | None:
    """Net shares of institutions and foreigners; None without record."""
    investors = investors_of(call, day, "quantity", 1)
    return (investors.net["orgn"], investors.net["frgnr_invsr"]) if investors is not None else None


def institution_of_stock(call: Call) -> Reply:
    """ka10009: the newest day only, flat."""
    for day in days_before(call, call.facts.day):
        nets = _nets(call, day)
        return Reply(
            {
                "date": w.day_text(day.day),
                "close_pric": w.price(day.close, day.base),
                "pre": w.signed(day.change),
                "orgn_dt_acc": str(nets[0]) if nets else "",
                "orgn_daly_nettrde": str(nets[0]) if nets else "",
                "frgnr_daly_nettrde": str(nets[1]) if nets else "",
                "frgnr_qota_rt": foreign_ratios(call, [day])[day.day],
            }
        )
    return Reply(
        dict.fromkeys(
            ("date", "close_pric", "pre", "orgn_dt_acc", "orgn_daly_nettrde", "frgnr_daly_nettrde", "frgnr_qota_rt"), ""
        )
    )


def institution_and_foreign(call: Call) -> Reply:
    """ka10045: net shares per day and summed up from the oldest day asked for."""
    facts = call.facts
    oldest, newest = call.params.day("strt_dt", facts.day), call.params.day("end_dt", facts.day)
    days = list(_recorded(call, newest, "quantity", 1, oldest))
    nets = [_nets(call, day) or (0, 0) for day in days]
    sums = np.cumsum(np.array(nets[::-1] or [(0, 0)]), axis=0)[::-1]
    ratios = foreign_ratios(call, days)
    averages = []
    for place, side in ((0, "orgn_prsm_unp_tp"), (1, "for_prsm_unp_tp")):
        sign = -1 if call.params.text(side, "1") == "2" else 1
        weights = [max(sign * net[place], 0) for net in nets]
        total = sum(weights)
        averages.append(
            round(sum(weight * day.close for weight, day in zip(weights, days, strict=True)) / total) if total else 0
        )
    from_day = newest_of(call, "end_dt")
    rows: list[Row] = []
    cursor = ""
    for day, net, total in zip(days, nets, sums.tolist(), strict=False):
        if day.day > from_day:
            continue
        if len(rows) == FLOW_PAGE:
            cursor = w.day_text(day.day)
            break
        rows.append(
            {
                "dt": w.day_text(day.day),
                "close_pric": w.price(day.close, day.base),
                "pre_sig": day.sign,
                "pred_pre": w.signed(day.change),
                "flu_rt": w.rate(day.rate_pct),
                "trde_qty": str(day.volume),
                "orgn_dt_acc": str(total[0]),
                "orgn_daly_nettrde_qty": str(net[0]),
                "for_dt_acc": str(total[1]),
                "for_daly_nettrde_qty": str(net[1]),
                "limit_exh_rt": ratios[day.day],
            }
        )
    return Reply(
        {"orgn_prsm_avg_pric": str(averages[0]), "for_prsm_avg_pric": str(averages[1]), "stk_orgn_trde_trnsn": rows}, cursor
    )


def intraday_curve(call: Call) -> Reply:
    """ka10064: cumulative figures at the hours they are published, ascending."""
    measure, unit = _measure(call)
    kind = call.params.text("trde_tp", "0")
    names = ("frgnr_invsr", "orgn", "invtrt", "insrnc", "bank", "penfnd_etc", "etc_corp", "natn")
    if not call.opened:
        return Reply({"opmr_invsr_trde_chart": []})
    flow, quote = call.market.flow(call.row), call.market.quote(call.row)
    investors = investor_today(call.facts, call.row, flow, quote, measure, unit)
    begin = DEFAULT_SESSIONS.open_ns(call.facts.day)
    rows = [{"tm": "090000", **dict.fromkeys(names, "0")}]
    times = [begin + ((hour - 9) * 60 + minute) * 60_000_000_000 for hour, minute in _CURVE]
    shown = [at for at in times if at <= call.now_ns]
    for at in shown:
        share = (at - begin) / max(call.now_ns - begin, 1)
        rows.append({"tm": w.clock(at)} | {name: w.integer(int(investors.column(name, kind) * share)) for name in names})
    return Reply({"opmr_invsr_trde_chart": rows})
