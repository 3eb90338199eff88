"""From the broker's text forms to numbers, codes and instants; the only place where they are read.

Every value of a body or frame is text. Prices carry a sign that means the direction, changes and flows a real one that may be
doubled (``--28837`` is -28,837, ``++0.34`` is 0.34), unchanged values a blank in place of the sign, masters are padded with
zeros. A blank means missing, never zero. Anything else raises :class:`~engine.model.errors.ProtocolChanged`: a wrong number is
worse than none.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from engine.model.errors import ProtocolChanged
from engine.model.instants import kst_ns
from engine.model.live import MISSING, FeedVenue

__all__ = ["PROVIDER", "clock_ns", "day", "decimal", "level", "price", "signed", "stamp_ns", "ticker"]

PROVIDER: Final = "Kiwoom"
"""Name of the source in errors."""

_NAN: Final = float("nan")
_BLANKS: Final = frozenset({"", "-", "--", "+", "N/A", "n/a"})
_LONGEST: Final = 32
"""Longer text is no number; also keeps hostile input from costing time."""
_MOST: Final = 2**63 - 1
_INTEGER: Final = re.compile(r"(?P<sign>--|\+\+|[+-])? *(?P<digits>[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)")
_DECIMAL: Final = re.compile(r"(?P<sign>--|\+\+|[+-])? *(?P<digits>(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?|\.[0-9]+)")
_CODE: Final = re.compile(
    r"(?:[AJQ](?=[0-9A-Z]{6}(?:_|$)))?"
    r"(?P<code>(?=[A-Z]*[0-9])(?:[0-9]{3}|[0-9A-Z]{6}|[0-9A-Z]{8,9}))"
    r"(?:_(?P<venue>NX|AL))?"
)
_VENUES: Final = {None: FeedVenue.KRX, "NX": FeedVenue.NXT, "AL": FeedVenue.COMBINED}


def _changed(field: str, value: object, wanted: str) -> ProtocolChanged:
    shown = repr(value)[:40]
    return ProtocolChanged(
        f"Field {field or '(unnamed)'} holds {shown}, which is not {wanted}",
        provider=PROVIDER,
        retryable=False,
        key="error.kiwoom.value",
        field=field or "?",
        value=shown,
    )


def signed(text: object, field: str = "") -> int:
    """Read a change, flow or quantity whose sign is real.

    Parameters
    ----------
    text : object
        Text as received; a whole number passes, ``None`` counts as blank.
    field : str
        Name for the error.

    Returns
    -------
    int
        The number in the field's own unit; ``MISSING`` if blank.

    Raises
    ------
    ProtocolChanged
        If it is not a whole number, or does not fit into 64 bits.
    """
    if type(text) is str:
        # The plain forms first: they make up nearly all of thousands of frames a second.
        if len(text) < 19 and text.isascii():
            if text.isdigit():
                return int(text)
            if text[:1] in {"+", "-"} and text[1:].isdigit():
                return int(text)
        return _odd_integer(text, field)
    if text is None:
        return MISSING
    if isinstance(text, int | float) and not isinstance(text, bool) and abs(text) <= _MOST and text == int(text):
        return int(text)
    raise _changed(field, text, "a whole number")


def _odd_integer(text: str, field: str) -> int:
    bare = text.strip(" ")
    if bare in _BLANKS:
        return MISSING
    match = _INTEGER.fullmatch(bare) if len(bare) <= _LONGEST else None
    if match is None:
        raise _changed(field, text, "a whole number")
    number = int(match["digits"].replace(",", ""))
    if number > _MOST:
        raise _changed(field, text, "a number of 64 bits")
    return -number if (match["sign"] or "+")[0] == "-" else number


def price(text: object, field: str = "") -> int:
    """Read a price, or any amount whose sign only tells the direction: the sign is dropped.

    Returns ``MISSING`` if blank; raises as :func:`signed`.
    """
    number = signed(text, field)
    return number if number == MISSING else abs(number)


def decimal(text: object, field: str = "") -> float:
    """Read a rate or another number with a point, sign kept.

    Returns
    -------
    float
        NaN if blank; zero is never negative zero.

    Raises
    ------
    ProtocolChanged
        If it is not a plain decimal number (exponents, infinities and the like are none).
    """
    if type(text) is str:
        if len(text) < 19 and text.isascii():
            plain = text[1:] if text[:1] in {"+", "-"} else text
            if plain.replace(".", "", 1).isdigit():
                return float(text) or 0.0
        bare = text.strip(" ")
        if bare in _BLANKS:
            return _NAN
        match = _DECIMAL.fullmatch(bare) if len(bare) <= _LONGEST else None
        if match is None:
            raise _changed(field, text, "a decimal number")
        number = float(match["digits"].replace(",", ""))
        return -number if number and (match["sign"] or "+")[0] == "-" else number
    if text is None:
        return _NAN
    if isinstance(text, int | float) and not isinstance(text, bool) and abs(text) <= _MOST:
        return float(text)
    raise _changed(field, text, "a decimal number")


def level(text: object, field: str = "") -> float:
    """Read an index level, whose sign only tells the direction. NaN if blank; raises as :func:`decimal`."""
    return abs(decimal(text, field))


def ticker(text: object, field: str = "") -> tuple[str, FeedVenue]:
    """Split a stock or sector code into the bare code and the venue it was written with.

    ``A``/``J``/``Q`` in front of six characters (accounts, condition search) and ``_NX``/``_AL`` behind are taken off.
    Codes are text: leading zeros and letters belong to them.

    Raises
    ------
    ProtocolChanged
        If it has not the shape of a code; a blank has not.
    """
    match = _CODE.fullmatch(text.strip(" ")) if isinstance(text, str) and len(text) <= _LONGEST else None
    if match is None:
        raise _changed(field, text, "a stock code")
    return match["code"], _VENUES[match["venue"]]


def _digits(text: object, length: int, field: str, wanted: str) -> str:
    """Return exactly so many digits, or nothing for a blank."""
    if type(text) is int:
        text = str(text)  # one that lost a zero in front is too short, and refused
    bare = text.strip(" ") if isinstance(text, str) else "" if text is None else None
    if bare is None or (bare and not (len(bare) == length and bare.isascii() and bare.isdigit())):
        raise _changed(field, text, wanted)
    return bare


def day(text: object, field: str = "") -> date | None:
    """Read ``YYYYMMDD``. None if blank or all zeros; raises ProtocolChanged on anything that is no date."""
    digits = _digits(text, 8, field, "a date YYYYMMDD")
    if not digits.strip("0"):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise _changed(field, text, "a date YYYYMMDD") from error


def clock_ns(on: date, hhmmss: object, field: str = "") -> int:
    """Return the instant of a Korean time of day.

    Parameters
    ----------
    on : date
        Korean date it belongs to; the feed does not tell it.
    hhmmss : object
        Six digits.

    Returns
    -------
    int
        UTC nanoseconds; ``MISSING`` if blank or outside the day (closing index ticks carry ``888888`` or ``999999``).

    Raises
    ------
    ProtocolChanged
        If it is not six digits.
    """
    digits = _digits(hhmmss, 6, field, "a time HHmmss")
    if not digits:
        return MISSING
    hour, minute, second = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if hour > 23 or minute > 59 or second > 59:
        return MISSING
    return kst_ns(on, hour, minute, second)


def stamp_ns(text: object, field: str = "") -> int:
    """Read ``YYYYMMDDHHmmss`` in Korean time as UTC nanoseconds.

    ``MISSING`` if blank, all zeros, or with a time outside the day; raises ProtocolChanged on anything else that is no instant.
    """
    digits = _digits(text, 14, field, "an instant YYYYMMDDHHmmss")
    if not digits:
        return MISSING
    on = day(digits[:8], field)
    return MISSING if on is None else clock_ns(on, digits[8:], field)
