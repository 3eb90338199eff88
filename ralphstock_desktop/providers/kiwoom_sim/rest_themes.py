"""Themes and volatility interruptions: ka90001, ka90002, ka10054."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.instruments import DesignationFlag, Market, SecurityType
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimVi
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts, Theme, VenueCode

__all__ = ["interruptions", "theme_groups", "theme_stocks"]

Ints = npt.NDArray[np.int64]

PAGE = 100
_MAIN = 2


def _returns(call: Call, days: int) -> npt.NDArray[np.float64]:
    """Return of every stock over some days in percent, adjusted; NaN where there is none."""
    facts, board = call.facts, call.stocks
    place = max(facts.past_count - max(days, 1), 0)
    if not facts.past_count:
        return np.zeros(len(board.price))
    close = np.asarray(facts.panel.close_krw[:, place], dtype=np.float64)
    last = facts.today_index if facts.today_index >= 0 else facts.past_count - 1
    scale = np.asarray(facts.panel.factor[:, last]) / np.asarray(facts.panel.factor[:, place])
    before = close * scale
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((before > 0) & (board.price > 0), 100.0 * (board.price / before - 1.0), np.nan)


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0


def _listed(call: Call, theme: Theme) -> Ints:
    allowed = call.stocks.listed[theme.rows]
    if call.params.text("stex_tp") == VenueCode.NXT:
        allowed = allowed & call.facts.on_nxt[theme.rows]
    return np.asarray(theme.rows[allowed])


def theme_groups(call: Call) -> Reply:
    """ka90001: 1 best and 2 worst return over the days, 3 best and 4 worst change of today."""
    board, params = call.stocks, call.params
    returns = _returns(call, params.number("date_tp", 1))
    asked, wanted, code = params.text("qry_tp", "0"), params.text("thema_nm"), params.text("stk_cd")
    holder = call.market.row_of(code[:6]) if asked == "2" and code else None
    lines: list[tuple[Theme, Ints, float, float]] = []
    for theme in call.facts.themes:
        rows = _listed(call, theme)
        if not len(rows) or (asked == "1" and wanted not in theme.name):
            continue
        if asked == "2" and (holder is None or holder not in theme.rows):
            continue
        lines.append((theme, rows, _mean(board.rate_pct[rows]), _mean(returns[rows])))
    order = params.choice("flu_pl_amt_tp", ("1", "2", "3", "4"))
    lines.sort(key=lambda line: line[3] if order in ("1", "2") else line[2], reverse=order in ("1", "3"))
    first = int(call.cursor) if call.cursor.isdigit() else 0
    rows_out = []
    for theme, rows, rate, ret in lines[first : first + PAGE]:
        change = board.change[rows]
        main = rows[np.argsort(-board.value[rows], kind="stable")][:_MAIN]
        rows_out.append(
            {
                "thema_grp_cd": theme.code,
                "thema_nm": theme.name,
                "stk_num": str(len(rows)),
                "flu_sig": w.direction(round(rate, 2)),
                "flu_rt": w.rate(rate),
                "rising_stk_num": str(int((change > 0).sum())),
                "fall_stk_num": str(int((change < 0).sum())),
                "dt_prft_rt": w.rate(ret),
                "main_stk": ", ".join(call.name(row) for row in main.tolist()),
            }
        )
    return Reply({"thema_grp": rows_out}, str(first + PAGE) if first + PAGE < len(lines) else "")


def theme_stocks(call: Call) -> Reply:
    """ka90002."""
    code, board = call.params.text("thema_grp_cd"), call.stocks
    theme = next((theme for theme in call.facts.themes if theme.code == code), None)
    if theme is None:
        raise Problem("1517", "thema_grp_cd", f"테마그룹코드가 존재하지 않습니다({code})")
    returns = _returns(call, call.params.number("date_tp", 1))
    venue = call.params.text("stex_tp", VenueCode.KRX)
    rows = _listed(call, theme)
    lines = []
    for row in rows[np.argsort(-board.rate_pct[rows], kind="stable")].tolist():
        quote, book = call.seen(row, venue), call.market.book(row)
        lines.append(
            {
                "stk_cd": call.code(row),
                "stk_nm": call.name(row),
                "cur_prc": quote.current,
                "flu_sig": quote.sign,
                "pred_pre": quote.change_text,
                "flu_rt": quote.rate_text,
                "acc_trde_qty": str(quote.volume),
                "sel_bid": quote.at(quote.raw.ask),
                "sel_req": str(book.ask_size[0]),
                "buy_bid": quote.at(quote.raw.bid),
                "buy_req": str(book.bid_size[0]),
                "dt_prft_rt_n": w.rate(0.0 if np.isnan(returns[row]) else float(returns[row])),
            }
        )
    return Reply(
        {
            "flu_rt": w.rate(_mean(board.rate_pct[rows])),
            "dt_prft_rt": w.rate(_mean(returns[rows])),
            "thema_comp_stk": lines,
        }
    )


# -- volatility interruptions -----------------------------------------------------------------------------------------


def _skipped(facts: SimFacts, row: int, mask: str) -> bool:
    """Whether nine flags leave a stock out: preferred, administrative, warned, caution, alert, overheated, 100 %, ETF, ETN."""
    flags, kind = int(facts.designation[row]), int(facts.panel.security_type[row])
    facts_of_row = (
        kind == SecurityType.PREFERRED,
        bool(flags & DesignationFlag.ADMIN),
        bool(flags & (DesignationFlag.WARNING | DesignationFlag.DANGER)),
        bool(flags & DesignationFlag.CAUTION),
        bool(flags & DesignationFlag.CAUTION_ISSUE),
        bool(flags & DesignationFlag.OVERHEAT),
        int(facts.margin_pct[row]) == 100,
        kind == SecurityType.ETF,
        kind == SecurityType.ETN,
    )
    return any(bit == "1" and fact for bit, fact in zip(mask, facts_of_row, strict=False))


def _wanted(call: Call, event: SimVi) -> bool:
    params, facts = call.params, call.facts
    market = {"001": Market.KOSPI, "101": Market.KOSDAQ}.get(params.text("mrkt_tp"))
    if market is not None and facts.panel.market[event.row] != market:
        return False
    if params.text("bf_mkrt_tp") == "2":
        return False
    kind = params.text("motn_tp", "0")
    if (kind == "1" and not event.static) or (kind == "2" and event.static) or kind == "3":
        return False
    if {"1": True, "2": False}.get(params.text("motn_drc", "0"), event.up) != event.up:
        return False
    if params.text("stex_tp") == VenueCode.NXT:
        return False
    if params.text("trde_qty_tp") == "1" or params.text("trde_prica_tp") == "1":
        quote = call.market.quote(event.row)
        if params.text("trde_qty_tp") == "1" and not (
            params.number("min_trde_qty") <= quote.volume <= params.number("max_trde_qty", 10**12)
        ):
            return False
        value = w.million(quote.value_krw)
        if params.text("trde_prica_tp") == "1" and not (
            params.number("min_trde_prica") <= value <= params.number("max_trde_prica", 10**12)
        ):
            return False
    return not _skipped(facts, event.row, params.text("skip_stk", "000000000"))


def interruptions(call: Call) -> Reply:
    """ka10054: newest first; the base that does not apply is 0."""
    code = call.params.text("stk_cd")
    only = call.find(code)[0] if code else None
    events = [e for e in call.market.vis() if (only is None or e.row == only) and _wanted(call, e)][::-1]
    left = min(int(call.cursor), len(events)) if call.cursor.isdigit() else len(events)
    first = len(events) - left
    rows = [_vi_row(call, event) for event in events[first : first + PAGE]]
    left -= PAGE
    return Reply({"motn_stk": rows}, str(left) if left > 0 else "")


def _vi_row(call: Call, event: SimVi) -> Row:
    quote = call.market.quote(event.row)
    deviation = w.rate(w.ratio_pct(event.price - event.base, event.base))
    return {
        "stk_cd": call.code(event.row),
        "stk_nm": call.name(event.row),
        "acc_trde_qty": str(quote.volume),
        "motn_pric": str(event.price),
        "dynm_dispty_rt": "0.00" if event.static else deviation,
        "trde_cntr_proc_time": w.clock(event.triggered_ns),
        "virelis_time": w.clock(event.released_ns) if event.released_ns else "000000",
        "viaplc_tp": "정적" if event.static else "동적",
        "dynm_stdpc": "0" if event.static else str(event.base),
        "static_stdpc": str(event.base) if event.static else "0",
        "static_dispty_rt": deviation if event.static else "0.00",
        "open_pric_pre_flu_rt": w.rate(w.ratio_pct(event.price - quote.open, quote.open)),
        "vimotn_cnt": str(event.count_today),
        "stex_tp": "KRX",
    }
