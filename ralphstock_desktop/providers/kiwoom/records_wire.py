"""How a record says where its values come from: wire name, kind and unit of every field, declared once.

A record is a frozen dataclass whose fields are declared with the functions of this module (``close_krw: int =
price("cur_prc")``). Reading a row turns the broker's text into our units here and nowhere else: won, shares, percent, points,
seconds of the day, UTC nanoseconds. A missing integer is ``MISSING``, a missing float NaN, a missing day None, missing text the
empty string. :mod:`ralphstock_desktop.providers.kiwoom.records_layout` reads by these declarations.
"""

from __future__ import annotations

import dataclasses
from enum import Enum, IntEnum, auto
from typing import Any, Final

__all__ = [
    "HUNDRED_MILLION",
    "MILLION",
    "TEN_MILLION",
    "TEN_THOUSAND",
    "THOUSAND",
    "Direction",
    "Kind",
    "Measure",
    "Wire",
    "change",
    "clock",
    "count",
    "day",
    "decimal",
    "direction",
    "krw",
    "level",
    "level100",
    "measured",
    "net_krw",
    "net_shares",
    "number",
    "pct",
    "pct100",
    "points",
    "points100",
    "price",
    "prices",
    "sector",
    "shares",
    "shares_each",
    "stamp",
    "symbol",
    "text",
    "texts",
    "venue",
    "venue_text",
]

THOUSAND: Final = 1_000
"""천원, 천주"""
TEN_THOUSAND: Final = 10_000
"""만원"""
MILLION: Final = 1_000_000
"""백만원"""
TEN_MILLION: Final = 10_000_000
"""천만원"""
HUNDRED_MILLION: Final = 100_000_000
"""억원"""


class Direction(IntEnum):
    """Change against the previous close, as the exchange codes it; ``UNKNOWN`` for idle rows and codes without meaning."""

    UNKNOWN = 0
    UPPER_LIMIT = 1
    UP = 2
    UNCHANGED = 3
    LOWER_LIMIT = 4
    DOWN = 5


class Measure(Enum):
    """In what the columns of an answer are counted that can be amounts or quantities; the request says it."""

    WON = auto()
    SHARES = auto()
    THOUSAND_SHARES = auto()


class Kind(Enum):
    """What a value is."""

    PRICE = auto()
    CHANGE = auto()
    KRW = auto()
    NET_KRW = auto()
    SHARES = auto()
    NET_SHARES = auto()
    MEASURED = auto()
    COUNT = auto()
    NUMBER = auto()
    PCT = auto()
    LEVEL = auto()
    POINTS = auto()
    DECIMAL = auto()
    DAY = auto()
    CLOCK = auto()
    STAMP = auto()
    TEXT = auto()
    SYMBOL = auto()
    SECTOR = auto()
    VENUE = auto()
    VENUE_TEXT = auto()
    DIRECTION = auto()


@dataclasses.dataclass(frozen=True, slots=True)
class Wire:
    """Where a field of a record comes from.

    Attributes
    ----------
    names : tuple of str
        Wire names; one, or one per element for a field that is a tuple.
    scale : float
        Our value = wire value x scale. For ``MEASURED`` the scale of amounts; ``share_scale`` that of quantities.
    is_required : bool
        A blank or absent value refuses the row.
    is_series : bool
        The field is a tuple.
    sign_from : str
        Wire name of the direction code that gives the sign, where the text has none.
    """

    names: tuple[str, ...]
    kind: Kind
    scale: float = 1
    share_scale: int = 1
    is_required: bool = False
    is_series: bool = False
    sign_from: str = ""


def _declare(
    kind: Kind, *names: str, scale: float = 1, share_scale: int = 1, required: bool = False, series: bool = False
) -> Any:
    return dataclasses.field(metadata={"wire": Wire(names, kind, scale, share_scale, required, series)})


def price(name: str, *, required: bool = False) -> Any:
    """Won per share; the sign of the text only tells the direction and is dropped."""
    return _declare(Kind.PRICE, name, required=required)


def change(name: str, *, required: bool = False, sign_from: str = "") -> Any:
    """Difference of prices in won, sign kept (two minus signs are one), or taken from a direction code."""
    return dataclasses.field(metadata={"wire": Wire((name,), Kind.CHANGE, is_required=required, sign_from=sign_from)})


def krw(name: str, scale: int = 1, *, required: bool = False) -> Any:
    """Amount, not negative; in won after the scale."""
    return _declare(Kind.KRW, name, scale=scale, required=required)


def net_krw(name: str, scale: int = 1, *, required: bool = False) -> Any:
    """Amount with a real sign; in won after the scale."""
    return _declare(Kind.NET_KRW, name, scale=scale, required=required)


def shares(name: str, scale: int = 1, *, required: bool = False) -> Any:
    """Quantity, not negative; in shares after the scale."""
    return _declare(Kind.SHARES, name, scale=scale, required=required)


def net_shares(name: str, scale: int = 1, *, required: bool = False) -> Any:
    """Quantity with a real sign; in shares after the scale."""
    return _declare(Kind.NET_SHARES, name, scale=scale, required=required)


def measured(name: str, won: int = MILLION, quantity: int = 1, *, required: bool = False) -> Any:
    """Amount in won or quantity in shares with a real sign, as the request asked (:class:`Measure`)."""
    return _declare(Kind.MEASURED, name, scale=won, share_scale=quantity, required=required)


def count(name: str, *, required: bool = False) -> Any:
    """Number of things, not negative."""
    return _declare(Kind.COUNT, name, required=required)


def number(name: str, *, required: bool = False) -> Any:
    """Whole number with a real sign."""
    return _declare(Kind.NUMBER, name, required=required)


def pct(name: str, *, required: bool = False) -> Any:
    """Percent."""
    return _declare(Kind.PCT, name, required=required)


def pct100(name: str, *, required: bool = False) -> Any:
    """Percent, written a hundredfold without a point."""
    return _declare(Kind.PCT, name, scale=0.01, required=required)


def level(name: str, *, required: bool = False) -> Any:
    """Index level in points; the sign only tells the direction and is dropped."""
    return _declare(Kind.LEVEL, name, required=required)


def level100(name: str, *, required: bool = False) -> Any:
    """Index level, written a hundredfold without a point."""
    return _declare(Kind.LEVEL, name, scale=0.01, required=required)


def points(name: str, *, required: bool = False) -> Any:
    """Difference in points, sign kept."""
    return _declare(Kind.POINTS, name, required=required)


def points100(name: str, *, required: bool = False) -> Any:
    """Difference in points, written a hundredfold without a point."""
    return _declare(Kind.POINTS, name, scale=0.01, required=required)


def decimal(name: str, *, required: bool = False) -> Any:
    """Other number with a point."""
    return _declare(Kind.DECIMAL, name, required=required)


def day(name: str, *, required: bool = False) -> Any:
    """Date; None if blank."""
    return _declare(Kind.DAY, name, required=required)


def clock(name: str, *, required: bool = False) -> Any:
    """Time of day in seconds after midnight KST; ``MISSING`` if blank or outside the day."""
    return _declare(Kind.CLOCK, name, required=required)


def stamp(name: str, *, required: bool = False) -> Any:
    """Instant in UTC nanoseconds; ``MISSING`` if blank or with a time outside the day."""
    return _declare(Kind.STAMP, name, required=required)


def text(name: str, *, required: bool = False) -> Any:
    """Text, blanks at both ends removed."""
    return _declare(Kind.TEXT, name, required=required)


def symbol(name: str, *, required: bool = False) -> Any:
    """Bare short code of a stock, without market letter and venue suffix; declare :func:`venue` beside it."""
    return _declare(Kind.SYMBOL, name, required=required)


def sector(name: str, *, required: bool = False) -> Any:
    """Index or sector code of three digits, without venue suffix."""
    return _declare(Kind.SECTOR, name, required=required)


def venue(name: str) -> Any:
    """Venue told by the suffix of a code."""
    return _declare(Kind.VENUE, name)


def venue_text(name: str) -> Any:
    """Venue told by a word (KRX, NXT, 통합); None if blank."""
    return _declare(Kind.VENUE_TEXT, name)


def direction(name: str) -> Any:
    """Direction code."""
    return _declare(Kind.DIRECTION, name)


def prices(*names: str) -> Any:
    """Several prices, as a tuple."""
    return _declare(Kind.PRICE, *names, series=True)


def shares_each(*names: str, signed: bool = False) -> Any:
    """Several quantities, as a tuple."""
    return _declare(Kind.NET_SHARES if signed else Kind.SHARES, *names, series=True)


def texts(*names: str) -> Any:
    """Several texts, as a tuple."""
    return _declare(Kind.TEXT, *names, series=True)
