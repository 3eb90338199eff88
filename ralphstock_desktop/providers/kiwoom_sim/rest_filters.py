"""Filters of the rankings: issue conditions, margin-loan groups, price bands, minimum volume and value, market, venue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.instruments import DesignationFlag, SecurityType
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts, VenueCode

__all__ = [
    "PRICE_BANDS_10019",
    "PRICE_BANDS_10027",
    "PRICE_BANDS_10030",
    "PRICE_FLOORS_10023",
    "issue_condition",
    "loan_group",
    "of_market_and_venue",
    "price_band",
    "without_limit_issues",
]

Bools = npt.NDArray[np.bool_]

_ONLY_MARGIN = {"6": 100, "7": 40, "8": 30, "9": 20, "12": 50, "13": 60}
_LOAN_GROUP = {"1": (20,), "2": (30,), "3": (40,), "4": (50, 60), "7": ()}
_TOP = 10**12

PRICE_BANDS_10027 = {
    "1": (0, 1_000),
    "2": (1_000, 2_000),
    "3": (2_000, 5_000),
    "4": (5_000, 10_000),
    "5": (10_000, _TOP),
    "8": (1_000, _TOP),
    "10": (0, 10_000),
}
"""Price bands of ka10027 and ka10029 in won: from, below."""
PRICE_BANDS_10019 = {**PRICE_BANDS_10027, "3": (2_000, 3_000)}
"""Price bands of ka10017 and ka10019."""
PRICE_BANDS_10030 = {
    "1": (0, 1_000),
    "2": (1_000, _TOP),
    "3": (1_000, 2_000),
    "4": (2_000, 5_000),
    "5": (5_000, _TOP),
    "6": (5_000, 10_000),
    "7": (10_000, _TOP),
    "8": (50_000, _TOP),
    "9": (100_000, _TOP),
    "10": (0, 10_000),
}
PRICE_FLOORS_10023 = {"2": (50_000, _TOP), "5": (10_000, _TOP), "6": (5_000, _TOP), "8": (1_000, _TOP), "9": (100_000, _TOP)}


def of_market_and_venue(call: Call) -> Bools:
    """Listed stocks of the asked market (``mrkt_tp``) that trade at the asked venue (``stex_tp``)."""
    facts, code = call.facts, call.params.text("mrkt_tp", "000")
    if code == "201":
        allowed = np.zeros(len(facts.panel.tickers), dtype=np.bool_)
        allowed[call.market.index_members("201")] = True
    else:
        allowed = facts.of_market(code)
    allowed = allowed & call.stocks.listed
    return allowed & facts.on_nxt if call.params.text("stex_tp") == VenueCode.NXT else allowed


def issue_condition(facts: SimFacts, code: str) -> Bools:
    """Stocks that an issue condition (``stk_cnd``) leaves."""
    panel, flags = facts.panel, facts.designation
    kind = panel.security_type
    admin = (flags & int(DesignationFlag.ADMIN)) != 0
    preferred = kind == SecurityType.PREFERRED
    everything = np.ones(len(kind), dtype=np.bool_)
    etf, etn, spac = (kind == wanted for wanted in (SecurityType.ETF, SecurityType.ETN, SecurityType.SPAC))
    if code in _ONLY_MARGIN:
        return np.asarray(facts.margin_pct == _ONLY_MARGIN[code])
    excluded = {
        "1": admin,
        "3": preferred,
        "4": preferred | admin,
        "5": facts.margin_pct == 100,
        "10": preferred | admin | ((flags & int(DesignationFlag.CAUTION_ISSUE)) != 0),
        "11": (flags & int(DesignationFlag.CLEANUP)) != 0,
        "14": etf,
        "15": spac,
        "16": etf | etn,
        "17": etn,
        "18": etf | etn,
        "20": etf | etn | spac,
    }.get(code)
    return everything if excluded is None else np.asarray(~excluded)


def loan_group(facts: SimFacts, code: str) -> Bools:
    """Stocks of a margin-loan group (``crd_cnd``): 9 all of them, 1-4 and 7 one group, 0 no filter."""
    margin = facts.margin_pct
    if code in ("9", "8"):
        return np.asarray(margin < 100)
    if code in _LOAN_GROUP:
        return np.isin(margin, _LOAN_GROUP[code])
    return np.ones(len(margin), dtype=np.bool_)


def price_band(price: npt.NDArray[np.int64], bands: dict[str, tuple[int, int]], code: str) -> Bools:
    """Stocks whose price lies in a band."""
    low, high = bands.get(code, (0, _TOP))
    return np.asarray((price >= low) & (price < high))


def without_limit_issues(call: Call) -> Bools:
    """Stocks that are not at a limit, where the request leaves those out (``updown_incls`` 0)."""
    board = call.stocks
    if call.params.text("updown_incls", "1") != "0":
        return np.ones(len(board.price), dtype=np.bool_)
    at_upper = (board.price == board.upper) & (board.change > 0)
    at_lower = (board.price == board.lower) & (board.change < 0)
    return np.asarray(~(at_upper | at_lower))
