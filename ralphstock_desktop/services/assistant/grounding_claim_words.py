"""What a claim without a number is, and the time its clause speaks of (Korean and English)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["EVERY", "Claim", "Day", "day_in", "time_in"]

Day = tuple[int | None, int, int]
"""Year (None: not said), month, day of the month."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One direction a text claims.

    Attributes
    ----------
    start, end : int
        The word that claims it.
    kind : str
        ``flow``, ``price``, ``index``, ``score``, ``gate`` (its score), ``state`` (against the pivot), ``mark`` (of the
        exchange).
    way : int
        +1 buying, rising, pivot broken, marked; −1 the opposite.
    who : tuple of str
        Of a flow ``foreign`` …; of an index ``kospi`` … (empty: the market); of a mark its name.
    tickers : tuple of str
        The stocks it may be about; empty: none is named, which leaves the only one read of.
    around : str
        The clause it stands in, which may name a day (:func:`day_in`) or a span (:func:`time_in`).
    market : bool
        Of a flow: said of the market, not of a stock.
    every : bool
        Said of each of the stocks, not of one of them.
    """

    start: int
    end: int
    kind: str
    way: int
    who: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    around: str = ""
    market: bool = False
    every: bool = False


EVERY = re.compile(r"모두|둘 다|동반|나란히|각각|\b(?:both|all|each)\b", re.IGNORECASE)
"""Says something of every stock named."""
_TODAY = re.compile(r"오늘|당일|금일|이날|하루|\b(?:today|on the day|this session|latest session)\b", re.IGNORECASE)
_SUM = re.compile(
    r"(?:\d+|다섯|닷새)\s?(?:거래일|일)?(?:간|\s?동안|\s?누적|\s?합계|\s순매)|누적|합계|기간 (?:동안|전체)|개월(?:간|\s?동안)"
    r"|\b(?:over|in|during|for|across) (?:the )?(?:last |past )?(?:\d+|five) (?:trading )?days\b|\bin total\b"
    r"|\bover the period\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"개월|(?<![가-힣])달|올해|연초|작년|지난|이번|최근|\d+\s?일|주간|기간|동안|사이|이후|뒤|년|분기|어제|전날|그제"
    r"|연일|연속|꾸준"
    r"|\b(?:week|month|year|quarter|since|over|past|last|days?|period|yesterday|session|recent(?:ly)?|so far|sessions)s?\b",
    re.IGNORECASE,
)
_DAY_KO = re.compile(
    r"(?:(20\d\d)(?:년\s?|[-.]\s?))?(?<!\d)(1[0-2]|0?[1-9])(?:월\s?|[-./])(3[01]|[12]\d|0?[1-9])(?:일|(?![\d점%]))"
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAY_EN = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\.? (3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def day_in(text: str) -> Day | None:
    """The day a clause names; None where it names none or more than one."""
    if not _DIGIT.search(text):
        return None
    found: list[Day] = [(int(m[1]) if m[1] else None, int(m[2]), int(m[3])) for m in _DAY_KO.finditer(text)]
    found += [(None, _MONTHS.index(m[1].lower()) + 1, int(m[2])) for m in _DAY_EN.finditer(text)]
    return found[0] if len(found) == 1 else None


def time_in(text: str) -> str:
    """The time a clause speaks of: ``day``, the day looked at; ``sum``, several days together; ``span``, some span; or none."""
    return "sum" if _SUM.search(text) else "span" if _SPAN.search(text) else "day" if _TODAY.search(text) else ""
