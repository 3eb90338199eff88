"""Loans: margin loans (ka10013, kt20016, kt20017) and securities lending (ka10068, ka10069, ka20068, ka90012).

The repository knows neither. Balances are drawn from symbol and day; what was lent minus what came back is exactly the change
of the balance, and the market's figures are the sums of its stocks.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import FLOW_PAGE, Day, days_before, newest_of, page_of_days

__all__ = [
    "lending_of_day",
    "lending_of_market",
    "lending_of_stock",
    "lending_top",
    "loan_answer",
    "loan_stocks",
    "loans_by_day",
]

Ints = npt.NDArray[np.int64]

_TOP = 10
_PAGE = 100
_DAYS = 30
_GROUPS = {20: "A", 30: "B", 40: "C", 50: "D", 60: "D"}
_ASKED = "조회가 완료 되었습니다."


# -- securities lending -----------------------------------------------------------------------------------------------


def _balances(call: Call, ordinal: int) -> Ints:
    """Shares lent out at the end of a day, all symbols."""
    facts = call.facts
    base = facts.shares * (0.002 + 0.02 * facts.chances(171))
    return np.asarray(base * (0.95 + 0.1 * facts.chances(172, ordinal)), dtype=np.int64)


def _lent(call: Call, ordinal: int) -> tuple[Ints, Ints, Ints]:
    """Shares newly lent, given back, and lent out at the end of a day, all symbols."""
    balance = _balances(call, ordinal)
    change = balance - _balances(call, ordinal - 1)
    back = np.asarray(call.facts.shares * 0.0004 * call.facts.chances(173, ordinal), dtype=np.int64) + np.maximum(-change, 0)
    return back + change, back, balance


def _loan_fields(lent: int, back: int, balance: int, value_krw: float) -> Row:
    return {
        "dbrt_trde_cntrcnt": str(lent),
        "dbrt_trde_rpy": str(back),
        "rmnd": str(balance),
        "remn_amt": str(w.million(value_krw)),
    }


def _loan_row(day: date, lent: int, back: int, balance: int, value_krw: float) -> Row:
    fields = _loan_fields(lent, back, balance, value_krw)
    return {"dt": w.day_text(day), "dbrt_trde_irds": str(lent - back), **fields}


def lending_of_market(call: Call) -> Reply:
    """ka10068: the whole market by day, newest first; ends with the last closed day."""
    facts = call.facts
    newest = newest_of(call, "end_dt")
    oldest = call.params.day("strt_dt", date.min)
    end = int(np.searchsorted(facts.panel.days[: facts.past_count], np.datetime64(newest), side="right"))
    begin = int(np.searchsorted(facts.panel.days[: facts.past_count], np.datetime64(oldest)))
    first = max(begin, end - _DAYS)
    rows = []
    for index in range(end - 1, first - 1, -1):
        day: date = facts.panel.days[index].astype("datetime64[D]").item()
        lent, back, balance = _lent(call, day.toordinal())
        value = float((balance * np.asarray(facts.panel.close_krw[:, index], dtype=np.float64)).sum())
        rows.append(_loan_row(day, int(lent.sum()), int(back.sum()), int(balance.sum()), value))
    cursor = w.day_text(facts.panel.days[first - 1]) if first > begin else ""
    return Reply({"dbrt_trde_trnsn": rows}, cursor)


def _past_days(call: Call, newest: date, oldest: date = date.min) -> list[Day]:
    return [day for day in days_before(call, newest, oldest) if day.index is not None]


def lending_of_stock(call: Call) -> Reply:
    """ka20068: one stock by day, newest first."""
    days = _past_days(call, newest_of(call, "end_dt"), call.params.day("strt_dt", date.min))
    page, cursor = page_of_days(iter(days), FLOW_PAGE)
    rows = []
    for day in page:
        lent, back, balance = (int(part[call.row]) for part in _lent(call, day.day.toordinal()))
        rows.append(_loan_row(day.day, lent, back, balance, float(balance * day.close)))
    return Reply({"dbrt_trde_trnsn": rows}, cursor)


def _stock_lines(call: Call, day: date, rows: list[int]) -> list[Row]:
    lent, back, balance = _lent(call, day.toordinal())
    price = call.facts.last_close
    return [
        {
            "stk_nm": call.name(row),
            "stk_cd": call.code(row),
            **_loan_fields(int(lent[row]), int(back[row]), int(balance[row]), float(balance[row] * price[row])),
        }
        for row in rows
    ]


def _most_lent(call: Call, ordinal: int) -> list[int]:
    lent = _lent(call, ordinal)[0]
    allowed = call.facts.of_market(call.params.text("mrkt_tp", "000")) & call.stocks.listed
    rows = np.flatnonzero(allowed & (lent > 0))
    found: list[int] = rows[np.argsort(-lent[rows], kind="stable")].tolist()
    return found


def lending_top(call: Call) -> Reply:
    """ka10069: the ten stocks most lent, their sums and the sums' part of the market in hundredths of a percent."""
    newest = min(call.params.day("end_dt", call.params.day("strt_dt", call.facts.day)), call.facts.day)
    order = _most_lent(call, newest.toordinal())
    lines = _stock_lines(call, newest, order[:_TOP])
    everything = _stock_lines(call, newest, order)
    fields: Row = {}
    for name in ("dbrt_trde_cntrcnt", "dbrt_trde_rpy", "rmnd", "remn_amt"):
        part, whole = (sum(int(line[name]) for line in which) for which in (lines, everything))
        fields[f"{name}_sum"] = str(part)
        fields[f"{name}_rt"] = w.hundredfold(w.ratio_pct(part, whole))
    return Reply({**fields, "dbrt_trde_upper_10stk": lines})


def lending_of_day(call: Call) -> Reply:
    """ka90012: all stocks of a market on a day, those most lent first."""
    day = call.params.day("dt", call.facts.day)
    order = _most_lent(call, day.toordinal())
    rows, cursor = call.page(_PAGE, lambda: order, lambda _, row: _stock_lines(call, day, [row])[0])
    return Reply({"dbrt_trde_prps": rows}, cursor)


# -- margin loans -----------------------------------------------------------------------------------------------------


def loans_by_day(call: Call) -> Reply:
    """ka10013: shares bought on margin (1) or sold short on loan (2) by day; amounts in millions."""
    facts, row = call.facts, call.row
    part = 1.0 if call.params.choice("qry_tp", ("1", "2")) == "1" else 0.02
    days, cursor = page_of_days(days_before(call, newest_of(call, "dt")), FLOW_PAGE)
    allowed = bool(facts.margin_pct[row] < 100)
    shares = int(facts.shares[row])

    def balance(ordinal: int) -> int:
        return int(shares * part * facts.loaned_pct(row, ordinal) / 100.0)

    rows = []
    for day in days:
        head = {
            "dt": w.day_text(day.day),
            "cur_prc": w.price(day.close, day.base),
            "pred_pre_sig": day.sign,
            "pred_pre": w.signed(day.change),
            "trde_qty": str(day.volume),
        }
        if not allowed or day.index is None:
            rows.append(head | dict.fromkeys(("new", "rpya", "remn", "amt", "pre", "shr_rt", "remn_rt"), ""))
            continue
        ordinal = day.day.toordinal()
        now, before = balance(ordinal), balance(ordinal - 1)
        paid = int(day.volume * 0.02 * facts.chance(row, 175, ordinal)) + max(before - now, 0)
        rows.append(
            head
            | {
                "new": str(paid + now - before),
                "rpya": str(paid),
                "remn": str(now),
                "amt": str(w.million(float(now * day.close))),
                "pre": w.signed(now - before),
                "shr_rt": w.rate(w.ratio_pct(paid + now - before, day.volume)),
                "remn_rt": w.rate(w.ratio_pct(now, shares)),
            }
        )
    return Reply({"crd_trde_trend": rows}, cursor)


def loan_stocks(call: Call) -> Reply:
    """kt20016: stocks that may be bought on margin, by group; codes carry their prefix."""
    facts, params = call.facts, call.params
    market = {"1": "001", "0": "101"}.get(params.text("mrkt_deal_tp", "%"), "000")
    wanted = params.text("crd_stk_grde_tp", "%")
    allowed = facts.of_market(market) & (facts.margin_pct < 100) & call.stocks.listed
    asked = params.text("stk_cd")
    if asked:
        only = call.find(asked.removeprefix("A"))[0]
        allowed = allowed & (np.arange(len(allowed)) == only)
    order = [row for row in np.flatnonzero(allowed).tolist() if wanted in ("%", _GROUPS.get(int(facts.margin_pct[row]), "E"))]

    def write(_: int, row: int) -> Row:
        close = int(facts.last_close[row])
        return {
            "stk_cd": f"A{call.code(row)}",
            "stk_nm": call.name(row),
            "crd_assr_rt": f"{max(int(facts.margin_pct[row]), 45)}%",
            "repl_pric": w.padded(int(close * 0.08) * 10, 12),
            "pred_close_pric": w.padded(close, 12),
            "crd_limit_over_yn": "N",
            "crd_limit_over_txt": "",
        }

    rows, cursor = call.page(_PAGE, lambda: order, write)
    return Reply({"crd_loan_able": "", "crd_loan_pos_stk": rows}, cursor, _ASKED)


def loan_answer(call: Call) -> Reply:
    """kt20017: whether a stock may be bought on margin, in words."""
    group = _GROUPS.get(int(call.facts.margin_pct[call.row]))
    text = f"< {group}군 신용융자 가능 >" if group else "< 신용융자 불가능 >"
    return Reply({"crd_alow_yn": text}, message=_ASKED)
