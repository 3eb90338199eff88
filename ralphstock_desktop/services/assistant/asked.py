"""Which quantities a question names: those of one stock, those no data hold, and what stocks are to be put in order by.

Words only; whether such a value is known is the answer's business.
"""

from __future__ import annotations

import re

from ralphstock_desktop.services.assistant.triggers import named, phrase, words

__all__ = [
    "FOREIGN",
    "SCORED",
    "find_absent",
    "find_details",
    "find_order",
    "find_order_field",
    "find_scored",
    "find_special_list",
    "is_never_advice",
]

_DETAILS = named("details")
_ITEMS = named("items")
_BESIDE = named("items_beside")
_ITEM_ASKED = phrase("item_asked")
_OVERLAID = {
    "CLOSING_BET.chart": ("high", "state"),
    "CLOSING_BET.volume": ("volume_ratio",),
    "DAY_TRADE.box": ("high", "low", "state"),
    "DAY_TRADE.ma5": ("averages",),
    "DAY_TRADE.momentum": ("state",),
    "DAY_TRADE.oversold": ("low",),
    "DAY_TRADE.sector": ("sector",),
    "DAY_TRADE.spike": ("volume_ratio",),
    "VCP.A": ("averages",),
    "VCP.B2": ("contractions",),
    "VCP.B3": ("contractions",),
    "VCP.C": ("volume_ratio",),
    "VCP.D2": ("contractions",),
    "VCP.E": ("pivot",),
}
"""Quantities whose words a part of a score holds too: the part is meant."""
_STRATEGIES = named("strategies")
SCORED = "item:"
"""Begins the name of a quantity that is a part of a score."""
_ABSENT = named("absent")
_ORDERS = named("orders")
_LISTS = named("lists")
_NEVER_ADVICE = frozenset(("reward_risk", "smartmoney", "rs", "vol_ratio", "pension"))
_WORD = phrase("order_word")
_NEAR_HIGH = phrase("near_high")
_FALLING = phrase("order_falling")
_SELLING = phrase("order_selling")
_LEAST = phrase("order_least")
_LEVEL_SAID = phrase("level_said")
_OF_YEAR = re.compile(r"52|신고가|신저가|최고가|최저가|week|year|all[- ]time|new (?:high|low)|고점|peak")
_BY = re.compile(r"(?<![a-z])by (?:the |their )?$")
_TODAY = re.compile(r"오늘|금일|당일|today|intraday")
_HIGH_SAID = re.compile(r"고점|신고가|최고가|고가|high|peak")
_FLOWS = frozenset(("foreign", "institution", "pension"))
FOREIGN = frozenset(words("foreign"))
"""Well known companies that are listed abroad, folded: no data here hold them."""


def find_details(text: str) -> tuple[str, ...]:
    """Quantities of one stock a folded question names (``pivot``, ``averages`` …), in the order of the table."""
    found = [name for name, pattern in _DETAILS if pattern.search(text)]
    if "ohlc" in found and not _OF_YEAR.search(text):
        found = [name for name in found if name not in ("high", "low")]
    if "pivot" in found and "state" in found:
        found.remove("state")  # the pivot is told with the state
    if _TODAY.search(text) and {"high", "low"} & set(found) and not _OF_YEAR.search(text):
        found = [*(name for name in found if name not in ("high", "low", "ohlc")), "ohlc"]
    if "low" in found and "high" in found and _HIGH_SAID.search(text) is None:
        found.remove("high")  # "the low of 52 weeks"
    if "volume_ratio" in found and "averages" in found:
        found.remove("averages")  # "volume against its 20-day average"
    if _LEVEL_SAID.search(text) and not _OF_YEAR.search(text):
        found = [name for name in found if name not in ("high", "low")]  # "why is the score so low"
    parts = find_scored(text)
    if "VCP.A" in parts:
        parts = tuple(part for part in parts if not part.startswith("VCP.T"))
    taken = {name for part in parts for name in _OVERLAID.get(part, ())}
    return (*(name for name in found if name not in taken), *(f"{SCORED}{part}" for part in parts))


def find_scored(text: str) -> tuple[str, ...]:
    """Parts of scores a folded text names: ``VCP.A``, ``CLOSING_BET.candle``, ``VCP.*`` for all with their points.

    Words that stand for more than one thing (volume, flows) count only beside a strategy and where points are spoken of.
    """
    strategies = [name for name, pattern in _STRATEGIES if pattern.search(text)]
    found: list[str] = []
    for name, pattern in _ITEMS:
        if pattern.search(text):
            found += [f"{strategy}.{name}" for strategy in strategies or ("VCP",)] if name == "*" else [name]
    if not found and _ITEM_ASKED.search(text):
        found += [name for name, pattern in _BESIDE if name.partition(".")[0] in strategies and pattern.search(text)]
    return tuple(dict.fromkeys(found))


def find_absent(text: str) -> tuple[str, ...]:
    """Kinds of quantities a folded question asks for that no data here hold (``dividend`` …), in the order of the table."""
    return tuple(name for name, pattern in _ABSENT if pattern.search(text))


def find_special_list(text: str) -> str:
    """The list a folded question asks for by what happened on the day: ``new_high``, ``limit_up`` …; empty for none."""
    if _NEAR_HIGH.search(text):
        return ""  # near a high is a condition, not the list of those that made one
    return next((name for name, pattern in _LISTS if pattern.search(text)), "")


def is_never_advice(order_by: str) -> bool:
    """Whether an order is by a quantity the recommendations are not put in order by: naming it asks for a list of its own."""
    return order_by.partition(":")[0] in _NEVER_ADVICE


def find_order_field(text: str) -> str:
    """The quantity a folded question names that stocks can be put in order by; empty for none."""
    return next((name for name, pattern in _ORDERS if pattern.search(text)), "")


def find_order(text: str) -> str:
    """What stocks are to be put in order by, and which end comes first: ``value:desc``, ``change:asc``; empty for none.

    The field nearest to the word of order counts: in "foreigners' most sold" that is the flow, not the price.
    """
    places = [match.span() for match in _WORD.finditer(text)]
    if not places:
        return ""
    best: tuple[int, int, str] | None = None
    for rank, (name, pattern) in enumerate(_ORDERS):
        for match in pattern.finditer(text):
            # "by volume ratio" says what orders, whatever stands beside the word of order.
            apart = -1 if _BY.search(text[: match.start()]) else min(_apart(match.span(), place) for place in places)
            if best is None or (apart, rank) < best[:2]:
                best = (apart, rank, name)
    if best is None:
        return ""
    name = best[2]
    if name == "total":
        return ""  # lists of conditions stand in the order of their scores anyway
    backwards = _SELLING if name in _FLOWS else _FALLING if name == "change" else _LEAST
    return f"{name}:{'asc' if backwards.search(text) else 'desc'}"


def _apart(one: tuple[int, int], two: tuple[int, int]) -> int:
    """Letters between two spans; 0 where they touch or overlap."""
    return max(0, max(one[0], two[0]) - min(one[1], two[1]))
