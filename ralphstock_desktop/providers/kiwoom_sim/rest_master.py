"""Master lists: ka10099, ka10100, ka10102."""

from __future__ import annotations

import numpy as np

from engine.model.instruments import DesignationFlag, Market, SecurityType
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts

__all__ = ["BROKERS", "broker_codes", "master_of_one", "stock_list"]

BROKERS: tuple[tuple[str, str], ...] = (
    ("001", "교  보"),
    ("002", "신한투자증권"),
    ("003", "한국투자증권"),
    ("004", "대  신"),
    ("005", "미래에셋증권"),
    ("006", "신  영"),
    ("008", "유진투자증권"),
    ("009", "한  양"),
    ("010", "메리츠"),
    ("012", "NH투자증권"),
    ("017", "KB증권"),
    ("024", "유안타증권"),
    ("025", "삼  성"),
    ("029", "DB증권"),
    ("030", "하나증권"),
    ("033", "제이피모간"),
    ("036", "모건스탠리"),
    ("042", "CLSA증권"),
    ("043", "UBS증권"),
    ("044", "골드만삭스"),
    ("045", "씨티그룹"),
    ("050", "키움증권"),
    ("054", "메릴린치"),
    ("056", "토스증권"),
    ("063", "카카오페이증권"),
)
"""Member firms of the simulated exchange: code and name as the vendor writes them."""

_MARKET_NAMES = {"0": "거래소", "10": "코스닥", "50": "코넥스", "8": "ETF", "60": "ETN", "6": "리츠", "3": "ELW"}


def _market_code(facts: SimFacts, row: int) -> str:
    kind = int(facts.panel.security_type[row])
    own = {SecurityType.ETF: "8", SecurityType.ETN: "60", SecurityType.REIT: "6", SecurityType.ELW: "3", SecurityType.FUND: "4"}
    found = {int(key): value for key, value in own.items()}.get(kind)
    if found is not None:
        return found
    return {int(Market.KOSDAQ): "10", int(Market.KONEX): "50"}.get(int(facts.panel.market[row]), "0")


def _rows_of_market(call: Call, asked: str) -> list[int]:
    """Rows a market's list holds: KOSPI's holds everything listed there, funds and REITs too."""
    facts = call.facts
    listed = [row for row in range(len(facts.panel.tickers)) if call.market.is_listed(row)]
    if asked in ("0", "10", "50"):
        wanted = {"0": Market.KOSPI, "10": Market.KOSDAQ, "50": Market.KONEX}[asked]
        return [row for row in listed if facts.panel.market[row] == wanted and _market_code(facts, row) != "3"]
    return [row for row in listed if _market_code(facts, row) == asked]


def _order_warning(flags: int) -> str:
    for flag, code in (
        (DesignationFlag.CLEANUP, "2"),
        (DesignationFlag.DANGER, "4"),
        (DesignationFlag.WARNING, "5"),
        (DesignationFlag.OVERHEAT, "3"),
    ):
        if flags & flag:
            return code
    return "0"


def _audit(flags: int) -> str:
    for flag, text in (
        (DesignationFlag.DANGER, "투자위험"),
        (DesignationFlag.WARNING, "투자경고"),
        (DesignationFlag.CAUTION_ISSUE, "투자주의환기종목"),
        (DesignationFlag.CAUTION, "투자주의"),
    ):
        if flags & flag:
            return text
    return "정상"


def _state(facts: SimFacts, row: int, flags: int) -> str:
    margin = int(facts.margin_pct[row])
    parts = [f"증거금{margin}%"]
    if flags & DesignationFlag.HALT:
        parts.append("거래정지")
    if flags & DesignationFlag.ADMIN:
        parts.append("관리종목")
    if flags & DesignationFlag.CLEANUP:
        parts.append("정리매매")
    if margin < 100:
        parts += ["담보대출", "신용가능"]
    return "|".join(parts)


def _made_up_listing(facts: SimFacts, row: int) -> str:
    """A listing day before the first bar for the demo market; real symbols whose day is unknown have none."""
    if not facts.panel.simulated or not len(facts.panel.days):
        return ""
    first = facts.panel.days[0].astype("datetime64[D]")
    return w.day_text(first - np.timedelta64(200 + int(facts.chance(row, 13) * 10_000), "D"))


def _master_row(call: Call, row: int) -> Row:
    facts, panel = call.facts, call.facts.panel
    flags = int(facts.designation[row])
    code = _market_code(facts, row)
    return {
        "code": str(panel.tickers[row]),
        "name": call.name(row),
        "listCount": w.padded(int(facts.shares[row]), 16),
        "auditInfo": _audit(flags),
        "regDay": w.day_text(panel.listed_on[row]) or _made_up_listing(facts, row),
        "lastPrice": w.padded(int(facts.last_close[row]), 8),
        "state": _state(facts, row, flags),
        "marketCode": code,
        "marketName": _MARKET_NAMES.get(code, ""),
        "upName": str(panel.sectors[row]) if facts.is_stock[row] else "",
        "upSizeName": facts.size_class[row],
        "companyClassName": "",
        "orderWarning": _order_warning(flags),
        "nxtEnable": "Y" if facts.on_nxt[row] else "N",
    }


def stock_list(call: Call) -> Reply:
    """ka10099: all issues of a market in one answer."""
    rows = [
        {**_master_row(call, row), "kind": "Q" if int(call.facts.panel.security_type[row]) == SecurityType.ETN else "A"}
        for row in _rows_of_market(call, call.params.text("mrkt_tp"))
    ]
    return Reply({"list": rows})


def master_of_one(call: Call) -> Reply:
    """ka10100: one row of ka10099 at top level."""
    return Reply(dict(_master_row(call, call.row)))


def broker_codes(call: Call) -> Reply:
    """ka10102."""
    del call
    return Reply({"list": [{"code": code, "name": name, "gb": "0"} for code, name in BROKERS]})
