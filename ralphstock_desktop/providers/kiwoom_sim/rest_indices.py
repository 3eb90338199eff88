"""Sectors and indices now: ka10101, ka20001, ka20002, ka20003, ka20009, and investor flow by sector ka10051."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimBreadth, SimIndex
from ralphstock_desktop.providers.kiwoom_sim.rest_boards import flow_window
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_index_charts import (
    end_of_page,
    index_of,
    level_ticks,
    signed_points,
    volume_curve,
    with_today,
)
from ralphstock_desktop.providers.kiwoom_sim.rest_investors import split_institutions
from ralphstock_desktop.providers.kiwoom_sim.rest_market_flows import page_of_rows

__all__ = ["all_sectors", "index_codes", "index_now", "index_now_daily", "sector_flows", "sector_stocks"]

_NOW_ROWS = 20
_FAMILIES = {"0": "0", "1": "1", "2": "2", "4": "4", "7": "7"}


def _family(code: str) -> str:
    """Market code of an index in the list of codes: by the first digit, KOSDAQ's 1xx and 3xx, KOSPI200's 2xx, KRX's 7xx."""
    return {"1": "1", "2": "2", "3": "1", "4": "4", "7": "7"}.get(code[0], "0")


def index_codes(call: Call) -> Reply:
    """ka10101."""
    asked = _FAMILIES[call.params.choice("mrkt_tp", tuple(_FAMILIES))]
    rows = [
        {"marketCode": asked, "code": code, "name": name, "group": str(int(code))}
        for code, name, _ in call.facts.sectors
        if _family(code) == asked
    ]
    return Reply({"list": rows})


# -- now --------------------------------------------------------------------------------------------------------------


def _snapshot(call: Call, index: SimIndex) -> Row:
    breadth: SimBreadth = call.market.breadth(index.code)
    change = index.level - index.previous
    year = with_today(call, index)
    part = year.days > np.datetime64(call.facts.day - timedelta(days=365))
    high, low, days = year.high[part], year.low[part], year.days[part]
    top, bottom = (int(np.argmax(high)), int(np.argmin(low))) if len(days) else (-1, -1)
    high52, low52 = (float(high[top]), float(low[bottom])) if len(days) else (index.high, index.low)
    at = index.previous
    return {
        "cur_prc": w.level(index.level, at),
        "pred_pre_sig": w.direction(change),
        "pred_pre": signed_points(change),
        "flu_rt": w.rate(w.ratio_pct(change, at)),
        "trde_qty": str(index.volume_thousand),
        "trde_prica": str(index.value_million),
        "trde_frmatn_stk_num": str(breadth.traded),
        "trde_frmatn_rt": w.rate(w.ratio_pct(breadth.traded, breadth.listed)),
        "open_pric": w.level(index.open, at),
        "high_pric": w.level(index.high, at),
        "low_pric": w.level(index.low, at),
        "upl": str(breadth.upper_limit),
        "rising": str(breadth.up),
        "stdns": str(breadth.unchanged),
        "fall": str(breadth.down),
        "lst": str(breadth.lower_limit),
        "52wk_hgst_pric": w.level(high52, at),
        "52wk_hgst_pric_dt": w.day_text(days[top]) if len(days) else w.day_text(call.facts.day),
        "52wk_hgst_pric_pre_rt": w.rate(w.ratio_pct(index.level - high52, high52)),
        "52wk_lwst_pric": w.level(low52, at),
        "52wk_lwst_pric_dt": w.day_text(days[bottom]) if len(days) else w.day_text(call.facts.day),
        "52wk_lwst_pric_pre_rt": w.rate(w.ratio_pct(index.level - low52, low52)),
    }


def index_now(call: Call) -> Reply:
    """ka20001: the snapshot and its last ticks."""
    index = index_of(call)
    starts, bars = call.market.index_minutes(index.code)
    ticks = level_ticks(starts, bars, call.now_ns)[-_NOW_ROWS - 1 :]
    count = len(starts) * 6 or 1
    first = max(count - len(ticks), 0)
    volumes = (volume_curve(count)[first : first + len(ticks)] * index.volume_thousand).astype(np.int64).tolist()
    rows = []
    for n in range(len(ticks) - 1, max(len(ticks) - 1 - _NOW_ROWS, -1), -1):
        at, level = ticks[n]
        change = level - index.previous
        before = volumes[n - 1] if n else 0
        rows.append(
            {
                "tm_n": w.clock(at),
                "cur_prc_n": w.level(level, index.previous),
                "pred_pre_sig_n": w.direction(round(change, 2)),
                "pred_pre_n": signed_points(change),
                "flu_rt_n": w.rate(w.ratio_pct(change, index.previous)),
                "trde_qty_n": str(volumes[n] - before),
                "acc_trde_qty_n": str(volumes[n]),
                "stex_tp": "",
            }
        )
    return Reply({**_snapshot(call, index), "inds_cur_prc_tm": rows})


def index_now_daily(call: Call) -> Reply:
    """ka20009: the snapshot and the days."""
    index = index_of(call)
    days = with_today(call, index)
    end = end_of_page(call, days)
    begin = max(end - 100, 0)
    rows = []
    for n in range(end - 1, begin - 1, -1):
        before = float(days.close[n - 1]) if n else float(days.open[n])
        change = float(days.close[n]) - before
        rows.append(
            {
                "dt_n": w.day_text(days.days[n]),
                "cur_prc_n": w.level(float(days.close[n]), before),
                "pred_pre_sig_n": w.direction(round(change, 2)),
                "pred_pre_n": signed_points(change),
                "flu_rt_n": w.rate(w.ratio_pct(change, before)),
                "acc_trde_qty_n": w.integer(float(days.volume[n]) / 1e3),
            }
        )
    return Reply({**_snapshot(call, index), "inds_cur_prc_daly_rept": rows}, w.day_text(days.days[begin]) if begin else "")


def all_sectors(call: Call) -> Reply:
    """ka20003: every index of a market in one answer."""
    kosdaq = call.params.text("inds_cd") == "101"
    rows = []
    for code, name, members in call.facts.sectors:
        if _family(code) != ("1" if kosdaq else "0"):
            continue
        index = call.market.index(code)
        if index is None:
            continue
        breadth, change = call.market.breadth(code), index.level - index.previous
        rows.append(
            {
                "stk_cd": code,
                "stk_nm": name,
                "cur_prc": w.level(index.level, index.previous),
                "pre_sig": w.direction(round(change, 2)),
                "pred_pre": signed_points(change),
                "flu_rt": w.rate(w.ratio_pct(change, index.previous)),
                "trde_qty": str(index.volume_thousand),
                "wght": "",
                "trde_prica": str(index.value_million),
                "upl": str(breadth.upper_limit),
                "rising": str(breadth.up),
                "stdns": str(breadth.unchanged),
                "fall": str(breadth.down),
                "lst": str(breadth.lower_limit),
                "flo_stk_num": str(len(members)),
            }
        )
    rows.sort(key=lambda row: (row["stk_cd"] not in ("001", "101"), row["stk_cd"]))
    return Reply({"all_inds_idex": rows})


def sector_stocks(call: Call) -> Reply:
    """ka20002."""
    index, venue = index_of(call), call.params.text("stex_tp", VenueCode.KRX)
    members = call.market.index_members(index.code)
    order = [
        int(row) for row in members.tolist() if call.stocks.listed[row] and (venue != VenueCode.NXT or call.facts.on_nxt[row])
    ]

    def write(row: int) -> Row:
        quote = call.seen(row, venue)
        return {
            "stk_cd": call.code(row),
            "stk_nm": call.name(row),
            "cur_prc": quote.current,
            "pred_pre_sig": quote.sign,
            "pred_pre": quote.change_text,
            "flu_rt": quote.rate_text,
            "now_trde_qty": str(quote.volume),
            "sel_bid": quote.at(quote.raw.ask),
            "buy_bid": quote.at(quote.raw.bid),
            "open_pric": quote.at(quote.raw.open),
            "high_pric": quote.at(quote.raw.high),
            "low_pric": quote.at(quote.raw.low),
        }

    rows, cursor = page_of_rows(call, order, write)
    return Reply({"inds_stkpc": rows}, cursor)


# -- flow by sector ---------------------------------------------------------------------------------------------------

_SECTOR_PARTS = {
    "fnnc_invt": "sc",
    "insrnc": "insrnc",
    "invtrt": "invtrt",
    "bank": "bank",
    "etc_fnnc": "jnsinkm",
    "penfnd_etc": "endw",
    "natn": "natn",
    "samo_fund": "samo_fund",
}


def sector_flows(call: Call) -> Reply:
    """ka10051: levels and rates a hundredfold, hundred million won or thousand shares; the whole market first."""
    facts, params = call.facts, call.params
    kosdaq = params.choice("mrkt_tp", ("0", "1")) == "1"
    amount = params.text("amt_qty_tp", "0") == "0"
    asked = min(params.day("base_dt", facts.day), facts.day)
    window = flow_window(facts, call.flows, newest=asked, days=1)
    unit = 1e8 if amount else 1e3
    foreign, institution = (window.total(group, amount=amount) for group in ("foreign", "institution"))
    is_today = bool(window.indices) and window.indices[-1] is None
    rows = []
    for code, name, members in call.facts.sectors:
        if _family(code) != ("1" if kosdaq else "0"):
            continue
        row = _sector_head(call, code, name, asked, is_today=is_today)
        if row is not None:
            nets = (float(foreign[members].sum()) / unit, float(institution[members].sum()) / unit)
            rows.append(row | _sector_nets(nets, int(code) * 1_000_003 + asked.toordinal()))
    rows.sort(key=lambda row: (row["inds_cd"][:3] not in ("001", "101"), row["inds_cd"]))
    return Reply({"inds_netprps": rows})


def _sector_head(call: Call, code: str, name: str, asked: date, *, is_today: bool) -> Row | None:
    index = call.market.index(code)
    if index is None:
        return None
    level, before, volume = index.level, index.previous, float(index.volume_thousand)
    if asked < call.facts.day or not (is_today or call.has_today):
        days = call.levels.past(code).until(np.datetime64(asked))
        if not len(days):
            return None
        level, volume = float(days.close[-1]), float(days.volume[-1]) / 1e3
        before = float(days.close[-2]) if len(days) > 1 else float(days.open[-1])
    change = level - before
    suffix = "_AL" if call.params.text("stex_tp") == VenueCode.COMBINED else ""
    sign = "+" if change > 0 else "-" if change < 0 else ""
    return {
        "inds_cd": f"{code}{suffix}",
        "inds_nm": name,
        "cur_prc": f"{sign}{w.hundredfold(level)}",
        "pre_smbol": w.direction(round(change, 2)),
        "pred_pre": w.signed(change * 100),
        "flu_rt": w.hundredfold(round(w.ratio_pct(change, before), 2)),
        "trde_qty": w.integer(volume),
    }


def _sector_nets(nets: tuple[float, float], key: int) -> Row:
    foreign, institution = round(nets[0]), round(nets[1])
    parts = split_institutions(institution, round(0.2 * institution), abs(foreign) + abs(institution), key)
    other, resident = round(0.02 * institution), 0
    individual = -(foreign + institution + other + resident)
    named = {short: parts[name] for name, short in _SECTOR_PARTS.items()}
    named |= {
        "etc_corp": other,
        "ind": individual,
        "frgnr": foreign,
        "native_trmt_frgnr": resident,
        "orgn": institution,
    }
    order = ("sc", "insrnc", "invtrt", "bank", "jnsinkm", "endw", "etc_corp", "ind", "frgnr", "native_trmt_frgnr")
    return {f"{short}_netprps": f"{named[short]:+d}" for short in (*order, "natn", "samo_fund", "orgn")}
