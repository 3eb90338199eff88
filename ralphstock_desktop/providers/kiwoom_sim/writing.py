"""How the simulator writes numbers, days and times: the vendor's lexical forms, nothing but text.

The client has its own reader of these forms; the two share no code on purpose, so that a mistake in one is seen by the other.
All times are Korean exchange time without zone.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

import numpy as np

from engine.model.instants import KST

__all__ = [
    "clock",
    "cut_text",
    "day_text",
    "decimal",
    "direction",
    "double_minus",
    "hundredfold",
    "integer",
    "level",
    "million",
    "padded",
    "price",
    "rate",
    "ratio_pct",
    "read_day",
    "signed",
    "stamp",
]

_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, 9, tzinfo=KST)


def _moment(instant_ns: int) -> datetime:
    return _EPOCH + timedelta(seconds=instant_ns // _NS)


def integer(value: float) -> str:
    """A plain whole number, negative with one minus; "" for NaN."""
    return "" if math.isnan(value) else str(round(value))


def signed(value: float) -> str:
    """``+800``, ``-800``, ``0``: the sign is arithmetic; "" for NaN."""
    if math.isnan(value):
        return ""
    whole = round(value)
    return f"+{whole}" if whole > 0 else str(whole)


def double_minus(value: float) -> str:
    """``+800``, ``--800``, ``0``: the form of the flow lists; "" for NaN."""
    if math.isnan(value):
        return ""
    whole = round(value)
    if whole > 0:
        return f"+{whole}"
    return f"--{-whole}" if whole < 0 else "0"


def price(value: int, base: int) -> str:
    """A price whose sign tells its direction against the base price; no sign when equal or absent."""
    if value <= 0:
        return "0"
    if base <= 0 or value == base:
        return str(value)
    return f"+{value}" if value > base else f"-{value}"


def decimal(value: float, places: int = 2) -> str:
    """A decimal without plus; "" for NaN."""
    return "" if math.isnan(value) else f"{value:.{places}f}"


def rate(value: float) -> str:
    """``+1.13``, ``-0.40``, ``0.00``: a percentage with its sign; "" for NaN."""
    if math.isnan(value):
        return ""
    text = f"{value:.2f}"
    if text in ("0.00", "-0.00"):
        return "0.00"
    return text if value < 0 else f"+{text}"


def ratio_pct(part: float, whole: float) -> float:
    """``part`` against ``whole`` in percent; 0 where there is nothing to compare with."""
    return 100.0 * part / whole if whole else 0.0


def level(value: float, previous: float) -> str:
    """An index level as a decimal with direction sign."""
    text = f"{value:.2f}"
    if previous <= 0 or text == f"{previous:.2f}":
        return text
    return f"+{text}" if value > previous else f"-{text}"


def hundredfold(value: float) -> str:
    """An index level or a rate without its point: 2875.81 is ``287581``, -0.4 is ``-40``; "" for NaN."""
    return "" if math.isnan(value) else str(round(value * 100))


def padded(value: int, width: int) -> str:
    """A zero-padded whole number; the minus takes one of the places."""
    return f"-{-value:0{width - 1}d}" if value < 0 else f"{value:0{width}d}"


def million(value_krw: float) -> int:
    """Won in whole millions, cut as the vendor does."""
    return 0 if math.isnan(value_krw) else int(value_krw / 1_000_000)


def direction(change: float, *, at_upper: bool = False, at_lower: bool = False) -> str:
    """The direction code: 1 upper limit, 2 up, 3 unchanged, 4 lower limit, 5 down."""
    if at_upper and change > 0:
        return "1"
    if at_lower and change < 0:
        return "4"
    return "2" if change > 0 else "5" if change < 0 else "3"


def day_text(day: date | np.datetime64) -> str:
    """``YYYYMMDD``; "" for a missing day."""
    if isinstance(day, np.datetime64):
        return "" if np.isnat(day) else str(day.astype("datetime64[D]")).replace("-", "")
    return day.strftime("%Y%m%d")


def read_day(text: str) -> date | None:
    """The day of ``YYYYMMDD``, None if it is none."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def clock(instant_ns: int) -> str:
    """``HHmmss`` of an instant."""
    return _moment(instant_ns).strftime("%H%M%S")


def stamp(instant_ns: int) -> str:
    """``YYYYMMDDHHmmss`` of an instant."""
    return _moment(instant_ns).strftime("%Y%m%d%H%M%S")


def cut_text(text: str, limit: int = 40) -> str:
    """Names as long as the field allows."""
    return text[:limit]
