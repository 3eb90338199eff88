"""How a record says where its values come from: wire name, kind and unit of every field, declared once.

A record is a frozen dataclass whose fields are declared with the functions of this module (``close_krw: int =
price("cur_prc")``). Reading a row turns the broker's text into our units here and nowhere else: won, shares, percent, points,
seconds of the day, UTC nanoseconds. A missing integer is ``MISSING``, a missing float NaN, a missing day None, missing text the
empty string. What cannot be such a value raises :class:`~engine.model.errors.ProtocolChanged`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum, IntEnum, auto
from typing import Any, Final

from engine.model.errors import ProtocolChanged
from engine.model.live import MISSING, FeedVenue
from ralphstock_desktop.providers.kiwoom import wire

__all__ = [
    "HUNDRED_MILLION",
    "MILLION",
    "MOST_LEVEL",
    "MOST_PCT",
    "RANGES",
    "TEN_MILLION",
    "TEN_THOUSAND",
    "THOUSAND",
    "Direction",
    "Kind",
    "Layout",
    "Measure",
    "Wire",
    "change",
    "clock",
    "count",
    "day",
    "decimal",
    "direction",
    "krw",
    "layout_of",
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
    "refusal",
    "sector",
    "shares",
    "shares_each",
    "signed_as",
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

MOST_PRICE_KRW: Final = 100_000_000
"""A share never cost a tenth of it; more is another unit."""
MOST_SHARES: Final = 100_000_000_000_000
MOST_KRW: Final = 10**18
MOST_COUNT: Final = 1_000_000_000
MOST_PCT: Final = 1e8
MOST_LEVEL: Final = 1e6


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


def refusal(message: str, key: str, *, retryable: bool = False, **fields: str | float) -> ProtocolChanged:
    """Build the error for something in an answer that is not as agreed."""
    return ProtocolChanged(message, provider=wire.PROVIDER, retryable=retryable, retry_after_ms=0, code="", key=key, **fields)


def _implausible(value: object, field: str, wanted: str) -> ProtocolChanged:
    shown = repr(value)[:40]
    return refusal(
        f"Field {field} holds {shown}, which is not {wanted}",
        "error.kiwoom.implausible",
        field=field,
        value=shown,
        right=wanted,
    )


Read = Callable[[object, str], Any]

RANGES: Final[dict[Kind, tuple[int, bool]]] = {
    Kind.PRICE: (MOST_PRICE_KRW, True),
    Kind.CHANGE: (MOST_PRICE_KRW, True),
    Kind.KRW: (MOST_KRW, False),
    Kind.NET_KRW: (MOST_KRW, True),
    Kind.SHARES: (MOST_SHARES, False),
    Kind.NET_SHARES: (MOST_SHARES, True),
    Kind.MEASURED: (MOST_KRW, True),
    Kind.COUNT: (MOST_COUNT, False),
    Kind.NUMBER: (MOST_COUNT, True),
}
"""Kind of whole number to largest size and whether it may be negative."""


def _integer_reader(kind: Kind, scale: int) -> Read:
    most, may_be_negative = RANGES[kind]
    is_price = kind is Kind.PRICE

    def read(value: object, field: str) -> int:
        found = wire.signed(value, field)
        if found == MISSING:
            return MISSING
        if is_price:
            found = abs(found)
        found *= scale
        if found < 0 and not may_be_negative:
            raise _implausible(value, field, "a number of at least 0")
        if abs(found) > most:
            raise _implausible(value, field, f"at most {most}")
        return found

    return read


def _float_reader(kind: Kind, scale: float) -> Read:
    is_level = kind is Kind.LEVEL
    most = MOST_LEVEL if kind in (Kind.LEVEL, Kind.POINTS) else MOST_PCT

    def read(value: object, field: str) -> float:
        if scale == 1:
            found = wire.decimal(value, field)
        else:
            whole = wire.signed(value, field)
            # Dividing by 100 gives the double nearest to the two-digit decimal; multiplying by 0.01 does not.
            found = float("nan") if whole == MISSING else whole / round(1 / scale)
        if abs(found) > most:
            raise _implausible(value, field, f"at most {most:g}")
        return abs(found) if is_level else found

    return read


def _read_text(value: object, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refusal(
            f"Field {field} holds {value!r:.40}, which is not text", "error.kiwoom.value", field=field, value=repr(value)[:40]
        )
    return value.strip(" ")


def _read_symbol(value: object, field: str) -> str:
    if _read_text(value, field) == "":
        return ""
    code, _ = wire.ticker(value, field)
    if len(code) == 3:
        raise _implausible(value, field, "a stock code")
    return code


def _read_sector(value: object, field: str) -> str:
    if _read_text(value, field) == "":
        return ""
    code, _ = wire.ticker(value, field)
    if len(code) != 3:
        raise _implausible(value, field, "a sector code of three digits")
    return code


def _read_venue(value: object, field: str) -> FeedVenue:
    return FeedVenue.KRX if _read_text(value, field) == "" else wire.ticker(value, field)[1]


_VENUE_WORDS: Final = {"KRX": FeedVenue.KRX, "NXT": FeedVenue.NXT, "통합": FeedVenue.COMBINED, "SOR": FeedVenue.COMBINED}


def _read_venue_text(value: object, field: str) -> FeedVenue | None:
    word = _read_text(value, field)
    if word == "":
        return None
    if word not in _VENUE_WORDS:
        raise _implausible(value, field, "KRX, NXT or 통합")
    return _VENUE_WORDS[word]


def _read_direction(value: object, field: str) -> Direction:
    word = _read_text(value, field)
    # The official index example carries 43: a code without meaning is no reason to refuse a good price.
    return Direction(int(word)) if word in {"0", "1", "2", "3", "4", "5"} else Direction.UNKNOWN


_NOON: Final = date(2000, 1, 1)
_MIDNIGHT_NS: Final = wire.clock_ns(_NOON, "000000")


def _read_clock(value: object, field: str) -> int:
    found = wire.clock_ns(_NOON, value, field)
    return MISSING if found == MISSING else (found - _MIDNIGHT_NS) // 1_000_000_000


_READERS: Final[dict[Kind, Read]] = {
    Kind.DAY: wire.day,
    Kind.CLOCK: _read_clock,
    Kind.STAMP: wire.stamp_ns,
    Kind.TEXT: _read_text,
    Kind.SYMBOL: _read_symbol,
    Kind.SECTOR: _read_sector,
    Kind.VENUE: _read_venue,
    Kind.VENUE_TEXT: _read_venue_text,
    Kind.DIRECTION: _read_direction,
}


def reader_of(declared: Wire, measure: Measure) -> Read:
    """Return the function that reads one text of a declared field."""
    if declared.kind is Kind.MEASURED:
        scale = declared.scale if measure is Measure.WON else declared.share_scale
        return _integer_reader(declared.kind, THOUSAND if measure is Measure.THOUSAND_SHARES else int(scale))
    if declared.kind in RANGES:
        return _integer_reader(declared.kind, int(declared.scale))
    if declared.kind in (Kind.PCT, Kind.LEVEL, Kind.POINTS, Kind.DECIMAL):
        return _float_reader(declared.kind, declared.scale)
    return _READERS[declared.kind]


def signed_as(size: int, code: object) -> int:
    """Give a change the sign of a direction code; without a known code it keeps its own."""
    if code in ("4", "5"):
        return -abs(size)
    return abs(size) if code in ("1", "2") else size


def _is_blank(value: object) -> bool:
    return value == MISSING or value is None or value == "" or value != value


@dataclasses.dataclass(frozen=True)
class Layout:
    """A record type compiled for reading: its fields in order and the wire names it knows."""

    record: type[Any]
    columns: tuple[tuple[str, Wire, Read], ...]
    """(our name, declaration, function that reads one text)"""
    names: frozenset[str]

    def read(self, row: Mapping[str, object]) -> Any:
        """Read one row into a record.

        Raises
        ------
        ProtocolChanged
            If a required value is absent or blank, or a value is not of its kind; the fields name ``field`` and ``value``.
        """
        values = []
        get = row.get
        for _, declared, read in self.columns:
            if declared.is_series:
                values.append(tuple(read(get(name), name) for name in declared.names))
                continue
            name = declared.names[0]
            found = read(get(name), name)
            if declared.is_required and _is_blank(found):
                raise refusal(
                    f"Field {name} is {'blank' if name in row else 'not there'}, but it is needed",
                    "error.kiwoom.missing",
                    field=name,
                    value=repr(get(name))[:40],
                )
            if declared.sign_from and found != MISSING:
                found = signed_as(found, get(declared.sign_from))
            values.append(found)
        return self.record(*values)

    def declaration(self, name: str) -> Wire:
        """Return the declaration of one of our names. Raises KeyError if there is none."""
        for ours, declared, _ in self.columns:
            if ours == name:
                return declared
        raise KeyError(name)


_LAYOUTS: Final[dict[tuple[Any, Measure], Layout]] = {}


def layout_of(record: type[Any], measure: Measure = Measure.WON) -> Layout:
    """Compile a record type; once for each."""
    known = _LAYOUTS.get((record, measure))
    if known is not None:
        return known
    columns = tuple(
        (item.name, item.metadata["wire"], reader_of(item.metadata["wire"], measure)) for item in dataclasses.fields(record)
    )
    layout = Layout(record, columns, frozenset(name for _, declared, _ in columns for name in declared.names))
    return _LAYOUTS.setdefault((record, measure), layout)
