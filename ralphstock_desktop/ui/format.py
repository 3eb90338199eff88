"""All number formats of the screens in one place (design.md §5). Missing is an em dash, never 0 and never blank.

Functions take plain floats (NaN = missing) and the language; they return text only. The minus sign is U+2212.
"""

from __future__ import annotations

import math
from datetime import date

from ralphstock_desktop.ui.texts import Language

__all__ = [
    "MISSING",
    "change_won",
    "day_long",
    "money",
    "number",
    "percent",
    "points",
    "price",
    "ratio",
    "score",
    "shares",
    "signed",
]

MISSING = "—"
_MINUS = "\u2212"
_WEEKDAYS_KO = "월화수목금토일"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _sign(value: float, *, plus: bool) -> str:
    if value < 0:
        return _MINUS
    return "+" if plus and value > 0 else ""


def number(value: float, decimals: int = 0) -> str:
    """Format with thousands commas; ``1234.5, 1`` gives ``1,234.5``."""
    if math.isnan(value):
        return MISSING
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0
    return f"{_MINUS if negative else ''}{text}"


def price(value: float) -> str:
    """Format a price in won without its unit: ``70,300``."""
    return number(value, 0)


def signed(value: float, decimals: int = 2) -> str:
    """Format with a leading plus or minus; a value that rounds to zero has no sign."""
    if math.isnan(value):
        return MISSING
    text = f"{abs(value):,.{decimals}f}"
    return text if float(text.replace(",", "")) == 0 else f"{_sign(value, plus=True)}{text}"


def percent(value: float, decimals: int = 2, *, plus: bool = True) -> str:
    """Format percentage points: ``+8.49%``; flat is ``0.00%`` without sign."""
    if math.isnan(value):
        return MISSING
    return f"{signed(value, decimals) if plus else number(value, decimals)}%"


def change_won(value: float) -> str:
    """Format a price change with its arrow: ``▲ 5,500``; flat is ``0``."""
    if math.isnan(value):
        return MISSING
    if value == 0:
        return "0"
    return f"{'▲' if value > 0 else '▼'} {abs(value):,.0f}"


def ratio(value: float, decimals: int = 2) -> str:
    """Format a multiple: ``1.56×``."""
    return MISSING if math.isnan(value) else f"{number(value, decimals)}×"


def score(value: float) -> str:
    """Format a 0-100 score with one decimal."""
    return number(value, 1)


def points(value: float) -> str:
    """Format points without superfluous decimals: ``25``, ``8.5``."""
    if math.isnan(value):
        return MISSING
    return number(value, 0 if value == round(value) else 1)


def money(value_krw: float, language: Language, *, plus: bool = False) -> str:
    """Format won as ``1.54조`` / ``1,345억`` / ``−0.6억`` or ``₩1.54T`` / ``₩134.5B`` / ``−₩57M``."""
    if math.isnan(value_krw):
        return MISSING
    size, sign = abs(value_krw), _sign(value_krw, plus=plus)
    if language == "ko":
        if size >= 1e12:
            return f"{sign}{size / 1e12:,.2f}조"
        eok = size / 1e8
        if eok >= 10:
            return f"{sign}{eok:,.0f}억"
        text = f"{eok:.1f}"
        return "0억" if size == 0 else f"{sign}{text}억"
    if size >= 1e12:
        return f"{sign}₩{size / 1e12:,.2f}T"
    if size >= 1e9:
        return f"{sign}₩{size / 1e9:,.1f}B"
    return "₩0" if size == 0 else f"{sign}₩{size / 1e6:,.0f}M"


def shares(value: float, language: Language, *, plus: bool = False) -> str:
    """Format a number of shares as ``532만`` / ``44주`` or ``5.32M`` / ``44 sh.``."""
    if math.isnan(value):
        return MISSING
    size, sign = abs(value), _sign(value, plus=plus)
    if language == "ko":
        if size >= 1e8:
            return f"{sign}{size / 1e8:,.2f}억주"
        if size >= 1e5:
            return f"{sign}{size / 1e4:,.0f}만"
        if size >= 1e4:
            return f"{sign}{size / 1e4:,.1f}만"
        return f"{sign}{size:,.0f}주"
    if size >= 1e6:
        return f"{sign}{size / 1e6:,.2f}M"
    if size >= 1e4:
        return f"{sign}{size / 1e3:,.1f}K"
    return f"{sign}{size:,.0f} sh."


def day_long(day: date, language: Language) -> str:
    """Format a day with its weekday: ``2026-05-04 (월)`` / ``2026-05-04 Mon``."""
    weekday = day.weekday()
    if language == "ko":
        return f"{day.isoformat()} ({_WEEKDAYS_KO[weekday]})"
    return f"{day.isoformat()} {_WEEKDAYS_EN[weekday]}"
