"""All number formats of the screens in one place (design.md §5). Missing is an em dash, never 0 and never blank.

Functions take plain floats (NaN = missing) and the language; they return text only. The minus sign is U+2212.
"""

from __future__ import annotations

import math
from datetime import date

from engine.model.instants import AsOf, kst_datetime
from ralphstock_desktop.wording.texts import Language

__all__ = [
    "MISSING",
    "age",
    "as_of_long",
    "as_of_short",
    "bytes_size",
    "change_won",
    "clock",
    "day_long",
    "duration",
    "is_day_end",
    "money",
    "number",
    "percent",
    "percent_apart",
    "points",
    "price",
    "ratio",
    "score",
    "score_decimals",
    "shares",
    "signed",
]

MISSING = "—"
_MINUS = "\u2212"
_LIMITS_APART = 5
"""Points between which a grade may begin."""
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


def percent_apart(value: float, decimals: int, language: Language) -> str:
    """Format the difference of two percentages: ``+2.6%p``, in English ``+2.6 pp``."""
    if math.isnan(value):
        return MISSING
    return f"{signed(value, decimals)}{'%p' if language == 'ko' else ' pp'}"


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


def score_decimals(value: float) -> int:
    """Decimals of a 0-100 score, the same wherever it stands: one; two where one would round it up onto a grade's limit.

    Scores are kept with two decimals and graded by those (domain.md §0.4): 79.96 is no S, so it is not written ``80.0``.
    """
    if math.isnan(value):
        return 1
    kept = round(value, 2)
    limit = math.ceil(kept / _LIMITS_APART) * _LIMITS_APART
    return 2 if kept < limit <= round(kept, 1) else 1


def score(value: float) -> str:
    """Format a 0-100 score with one decimal (see :func:`score_decimals`)."""
    return number(value, score_decimals(value))


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


def is_day_end(as_of: AsOf) -> bool:
    """Whether an as-of instant means "everything of that day" (its last minute), so that no time need be shown."""
    moment = kst_datetime(as_of.instant_ns)
    return (moment.hour, moment.minute) == (23, 59)


def as_of_short(as_of: AsOf) -> str:
    """Format an as-of instant for a badge: ``05-04 18:10``, or ``05-04`` for a whole day."""
    return kst_datetime(as_of.instant_ns).strftime("%m-%d" if is_day_end(as_of) else "%m-%d %H:%M")


def as_of_long(as_of: AsOf, language: Language) -> str:
    """Format an as-of instant with its weekday: ``2026-05-04 (월) 15:40``; a whole day has no time."""
    moment = kst_datetime(as_of.instant_ns)
    day = day_long(moment.date(), language)
    return day if is_day_end(as_of) else f"{day} {moment:%H:%M}"


def clock(instant_ns: int, *, seconds: bool = True) -> str:
    """Format the Korean wall-clock time of an instant: ``10:42:31``."""
    return kst_datetime(instant_ns).strftime("%H:%M:%S" if seconds else "%H:%M")


def duration(seconds: float, language: Language, *, whole: bool = False) -> str:
    """Format a length of time with at most two units: ``0.3초``, ``4분 12초``, ``2일 3시간`` / ``4 min 12 s``.

    Below ten seconds one decimal is shown unless ``whole``.
    """
    if math.isnan(seconds):
        return MISSING
    units = ("일", "시간", "분", "초") if language == "ko" else (" d", " h", " min", " s")
    if (seconds < 10 and not whole) or seconds < 1:
        return f"{max(0.0, seconds):.{0 if whole else 1}f}{units[3]}"
    total = round(seconds)
    parts = (total // 86_400, total // 3600 % 24, total // 60 % 60, total % 60)
    first = next(index for index, part in enumerate(parts) if part)
    shown = [f"{parts[index]}{units[index]}" for index in (first, first + 1) if index < 4 and parts[index]]
    return " ".join(shown)


def age(seconds: float, language: Language, *, short: bool = False) -> str:
    """Format how long ago: ``4분 12초 전`` / ``4 min 12 s ago``; ``short`` keeps the larger unit only."""
    text = duration(seconds, language)
    if short and seconds >= 10:
        text = text.split(" ")[0] if language == "ko" else " ".join(text.split(" ")[:2])
    return f"{text} 전" if language == "ko" else f"{text} ago"


def bytes_size(size: float) -> str:
    """Format a size on disk or in memory: ``38 MB``, ``1.4 GB`` (powers of 1,024)."""
    if math.isnan(size):
        return MISSING
    value, unit = size, "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if abs(value) < 1024 or unit == "TB":
            break
        value /= 1024
    return f"{value:,.1f} {unit}" if unit in {"GB", "TB"} else f"{value:,.0f} {unit}"
