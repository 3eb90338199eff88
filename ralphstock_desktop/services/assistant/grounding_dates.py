"""Dates and times of day in all their usual forms, Korean and English."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ralphstock_desktop.services.assistant.grounding_token import Token, opaque

__all__ = ["DATE_FORMS", "DATE_READERS", "MONTHS", "date_token", "groups"]

_MONTH_NAMES = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?"
    "|Dec(?:ember)?"
)
MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
DATE_FORMS = (
    r"(?P<ymd>(?<!\d)((?:19|20)\d\d)\s?(?:[-./]|년)\s?(\d{1,2})\s?(?:[-./]|월)\s?(\d{1,2})(?!\d)(?:\s?일)?)"
    r"|(?P<packed>(?<![\d,.])(20\d\d)(0[1-9]|1[0-2])([0-3]\d)(?![\d,]))"
    r"|(?P<ym>(?<!\d)((?:19|20)\d\d)(?:\s?년\s?(\d{1,2})\s?월|-(0[1-9]|1[0-2])(?![\d-])))"
    r"|(?P<mdd>(?<!\d)(\d{1,2})\s?월\s?(\d{1,2})\s?[~-]\s?(\d{1,2})\s?일)"
    r"|(?P<mdk>(?<!\d)(\d{1,2})\s?월\s?(\d{1,2})\s?일)"
    r"|(?P<mk>(?<!\d)(\d{1,2})\s?월(?![\s]?\d))"
    r"|(?P<yk>(?<!\d)((?:19|20)\d\d)\s?년도?)"
    rf"|(?P<mdy>\b({_MONTH_NAMES})\b\.?\s*(\d{{1,2}})(?:st|nd|rd|th)?\b(?![,.]\d)(?:,?\s+((?:19|20)\d\d)\b)?)"
    rf"|(?P<dmy>(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH_NAMES})\b\.?(?:,?\s+((?:19|20)\d\d)\b)?)"
    rf"|(?P<my>\b({_MONTH_NAMES})\b\.?,?\s+((?:19|20)\d\d)\b)"
    r"|(?P<hm>(?:T|(?:(오전|오후|낮|밤|새벽|저녁"
    r"|아침)\s?))?(?<![\d:.,])(\d{1,2}):(\d\d)(:\d\d)?(?![\d:])(?:\s?([ap])\.?m\b\.?)?)"
    r"|(?P<hk>(?:(오전|오후|낮|밤|새벽|저녁|아침)\s?)?(?<![\d.,])(\d{1,2})\s?시(?!간|장|총|가|세|점|그|작|기|도|장"
    r"|범)(?:\s?(\d{1,2})\s?분"
    r"|(\s?반(?![가-힣])))?)"
    r"|(?P<ap>(?<![\d.,:])(\d{1,2})\s?([ap])\.?m\b\.?)"
    r"|(?P<yymd>(?<![\d.,/-])(\d\d)(?:-(\d\d)-|\.(\d\d)\.|/(\d\d)/)(\d\d)(?![\d,./-]))"
    r"|(?P<mdn>(?<![\d.,/-])(\d\d)-(\d\d)(?![\d,.%/-]|\s?[%원점배위주일봉]))"
)
"""Alternatives of a pattern, each in a group of its name; groups inside are counted, not named."""


def date_token(text: str, match: re.Match[str], year: str | None, month: str | None, day: str | None) -> Token:
    """A date of the parts given; unclear where there is no such month or day."""
    number = None if month is None else int(month) if month.isdigit() else MONTHS[month[:3].lower()]
    y = None if year is None else int(year) + (2000 if len(year) == 2 else 0)
    d = None if day is None else int(day)
    if (number is not None and not 1 <= number <= 12) or (d is not None and not 1 <= d <= 31):
        return opaque(text, match.start(), match.end())
    return Token(match.start(), match.end(), match.group(), "date", year=y, month=number, day=d)


_INSIDE: dict[tuple[re.Pattern[str], str], tuple[int, ...]] = {}


def groups(match: re.Match[str], name: str) -> list[str | None]:
    """The unnamed groups inside the alternative ``name``."""
    inside = _INSIDE.get((match.re, name))
    if inside is None:
        first = match.re.groupindex[name] + 1
        last = min((n for n in match.re.groupindex.values() if n >= first), default=match.re.groups + 1)
        inside = _INSIDE[match.re, name] = tuple(range(first, last))
    return [match.group(number) for number in inside]


def _ymd(text: str, match: re.Match[str], _: int) -> Token:
    year, month, day = groups(match, "ymd")
    return date_token(text, match, year, month, day)


def _ym(text: str, match: re.Match[str], _: int) -> Token:
    year, month, dashed = groups(match, "ym")
    return date_token(text, match, year, month or dashed, None)


def _mdd(text: str, match: re.Match[str], _: int) -> Token:
    month, first, last = groups(match, "mdd")
    token = date_token(text, match, None, month, first)
    return replace(token, parts=(date_token(text, match, None, month, last),))


def _mdk(text: str, match: re.Match[str], _: int) -> Token:
    month, day = groups(match, "mdk")
    return date_token(text, match, None, month, day)


def _mk(text: str, match: re.Match[str], _: int) -> Token:
    (month,) = groups(match, "mk")
    return date_token(text, match, None, month, None)


def _yk(text: str, match: re.Match[str], _: int) -> Token:
    (year,) = groups(match, "yk")
    return date_token(text, match, year, None, None)


def _mdy(text: str, match: re.Match[str], _: int) -> Token:
    month, day, year = groups(match, "mdy")
    return date_token(text, match, year, month, day)


def _dmy(text: str, match: re.Match[str], _: int) -> Token:
    day, month, year = groups(match, "dmy")
    return date_token(text, match, year, month, day)


def _my(text: str, match: re.Match[str], _: int) -> Token:
    month, year = groups(match, "my")
    return date_token(text, match, year, month, None)


def _time(text: str, match: re.Match[str], half: str | None, hour: str, minute: str | None) -> Token:
    h, m = int(hour), int(minute) if minute is not None else None
    if h > 24 or (m or 0) > 59:
        return opaque(text, match.start(), match.end())
    late = half in {"오후", "낮", "밤", "저녁", "p", "P"}
    if half is not None:
        h = h % 12 + (12 if late else 0) if h <= 12 else h
    sure = half is not None or h > 12 or ":" in match.group()
    return Token(match.start(), match.end(), match.group(), "time", hour=h, minute=m, half_day=sure)


def _hm(text: str, match: re.Match[str], _: int) -> Token:
    korean, hour, minute, seconds, english = groups(match, "hm")
    assert hour is not None
    if seconds is not None:  # facts are known to the minute
        return opaque(text, match.start(), match.end())
    return _time(text, match, korean or english, hour, minute)


def _hk(text: str, match: re.Match[str], _: int) -> Token:
    half, hour, minute, half_past = groups(match, "hk")
    assert hour is not None
    return _time(text, match, half, hour, "30" if half_past else minute)


def _ap(text: str, match: re.Match[str], _: int) -> Token:
    hour, half = groups(match, "ap")
    assert hour is not None
    return _time(text, match, half, hour, None)


DATE_READERS: dict[str, Callable[[str, re.Match[str], int], Token]] = {
    "ymd": _ymd,
    "ym": _ym,
    "mdd": _mdd,
    "mdk": _mdk,
    "mk": _mk,
    "yk": _yk,
    "mdy": _mdy,
    "dmy": _dmy,
    "my": _my,
    "hm": _hm,
    "hk": _hk,
    "ap": _ap,
}
