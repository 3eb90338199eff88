"""The exchange's calendar, and which of its days a question is about.

The calendar is public and fixed beforehand: to speak of days to come says nothing of what prices will do on them.
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

import resources
from engine.calendar.trading_days import TradingCalendar

__all__ = ["exchange_days", "is_holiday", "span_asked"]

_WEEKDAYS = ("월|mon", "화|tue(?:s)?", "수|wed(?:nes)?", "목|thu(?:rs)?", "금|fri", "토|sat(?:ur)?", "일|sun")
_WEEKDAY = tuple(
    re.compile(
        rf"(?P<lead>다음\s?주|담주|이번\s?주|next|this|coming)?\s?(?:(?<![가-힣]){korean}요일|(?<![a-z]){english}(?:day)?(?![a-z]))"
    )
    for korean, english in (names.split("|", 1) for names in _WEEKDAYS)
)
_DATED = re.compile(
    r"(?:(?P<year>20\d{2})\s?(?:년|[-./])\s?)?(?P<month>1[0-2]|0?[1-9])\s?(?:월|[-./])\s?(?P<day>3[01]|[12]\d|0?[1-9])(?:\s?일)?(?!\d)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAME = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_ENGLISH_DATE = re.compile(
    rf"(?<![a-z])(?P<month>{_MONTH_NAME})\.?\s(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?!\d)(?:,?\s(?P<year>20\d{{2}}))?"
)
_SOON = (
    (re.compile(r"글피"), 3),
    (re.compile(r"모레|day after tomorrow"), 2),
    (re.compile(r"내일|tomorrow"), 1),
    (re.compile(r"그제|그저께|day before yesterday"), -2),
    (re.compile(r"어제|yesterday"), -1),
    (re.compile(r"오늘|금일|지금|today|now(?![a-z])"), 0),
)
_WEEK = re.compile(r"(?P<next>다음\s?주|담주|next week)|이번\s?주|this week")
_MONTH = re.compile(r"(?P<next>다음\s?달|next month)|이번\s?달|this month|(?<!\d)(?P<month>1[0-2]|[1-9])\s?월(?!\s?\d)")
_ENGLISH_MONTH = re.compile(rf"(?<![a-z])(?P<name>{_MONTH_NAME})(?![a-z])(?!\.?\s?\d)")
_YEAR = re.compile(r"올해|금년|this year|(?P<next>내년|next year)")
_HOLIDAYS: tuple[tuple[re.Pattern[str], tuple[int, int], tuple[int, int]], ...] = tuple(
    (re.compile(words), first, last)
    for words, first, last in (
        (r"설날|구정|(?<![가-힣])설(?![가-힣]*명)|lunar new year|seollal|korean new year", (1, 20), (2, 24)),
        (r"추석|한가위|chuseok|thanksgiving", (9, 6), (10, 12)),
        (r"삼일절|3\.1절|3·1절|independence movement", (3, 1), (3, 4)),
        (r"근로자의\s?날|노동절|labou?r day|may day", (5, 1), (5, 1)),
        (r"어린이\s?날|children'?s day", (5, 5), (5, 7)),
        (r"석가|부처님|초파일|buddha", (4, 30), (5, 31)),
        (r"현충일|memorial day", (6, 6), (6, 6)),
        (r"제헌절|constitution day", (7, 17), (7, 17)),
        (r"광복절|liberation day", (8, 15), (8, 18)),
        (r"개천절|foundation day", (10, 3), (10, 5)),
        (r"한글날|hangul day", (10, 9), (10, 12)),
        (r"성탄|크리스마스|christmas|xmas", (12, 25), (12, 25)),
        (r"연말|폐장일|year[- ]end|new year'?s eve", (12, 29), (12, 31)),
        (r"신정|새해|new year", (1, 1), (1, 2)),
    )
)


@lru_cache(maxsize=1)
def exchange_days() -> TradingCalendar:
    """The exchange's trading days of the stored table with its corrections; days outside its span are unknown."""
    table = json.loads(resources.read_text("calendar", "krx_holidays.json"))
    changes = json.loads(resources.read_text("calendar", "krx_overrides.json"))
    first, last = date.fromisoformat(table["first"]), date.fromisoformat(table["last"])
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1, dtype="datetime64[D]")
    closed = [*table["closed"], *(item["day"] for item in changes["closed"])]
    opened = np.array([item["day"] for item in changes["open"]], dtype="datetime64[D]")
    days = np.union1d(np.setdiff1d(days[np.is_busday(days)], np.array(closed, dtype="datetime64[D]")), opened)
    return TradingCalendar(days, first, last)


def span_asked(text: str, today: date) -> tuple[date, date] | None:
    """The days a text in lower case asks about, which may lie ahead; None where it names none.

    A date without a year is the next one, unless it was less than half a year ago and no next one is nearer.
    """
    for pattern, ahead in _SOON:
        if pattern.search(text):
            day = today + timedelta(days=ahead)
            return day, day
    for words, first, last in _HOLIDAYS:
        if words.search(text):
            year = today.year if date(today.year, *last) >= today else today.year + 1
            return date(year, *first), date(year, *last)
    dated = _DATED.search(text) or _ENGLISH_DATE.search(text)
    if dated is not None:
        month = dated["month"] if dated["month"].isdigit() else str(_MONTHS.index(dated["month"][:3]) + 1)
        found = _date(dated["year"], int(month), int(dated["day"]), today)
        return None if found is None else (found, found)
    monday = today - timedelta(days=today.weekday())
    week = _WEEK.search(text)
    for number, pattern in enumerate(_WEEKDAY):
        match = pattern.search(text)
        if match is None:
            continue
        day = monday + timedelta(days=number)
        lead = match["lead"] or ""
        if (week is not None and week["next"]) or lead in ("next", "담주") or "다음" in lead or (day < today and week is None):
            day += timedelta(days=7)
        return day, day
    if week is not None:
        start = monday + timedelta(days=7 if week["next"] else 0)
        return start, start + timedelta(days=6)
    month_said = _MONTH.search(text)
    if month_said is not None:
        return _month(today, month_said["month"] or "", ahead=bool(month_said["next"]))
    english = _ENGLISH_MONTH.search(text)
    if english is not None:
        return _month(today, str(_MONTHS.index(english["name"][:3]) + 1), ahead=False)
    year_said = _YEAR.search(text)
    if year_said is not None:
        year = today.year + (1 if year_said["next"] else 0)
        return max(date(year, 1, 1), today), date(year, 12, 31)
    return None


def _month(today: date, said: str, *, ahead: bool) -> tuple[date, date]:
    """A month that is named, the next of its name; else the present one or the one after it."""
    number = int(said) if said else today.month + (1 if ahead else 0)
    year = today.year + (1 if number > 12 or (said and number < today.month) else 0)
    number = number - 12 if number > 12 else number
    after = date(year + number // 12, number % 12 + 1, 1)
    return date(year, number, 1), after - timedelta(days=1)


def _date(year: str | None, month: int, day: int, today: date) -> date | None:
    try:
        if year:
            return date(int(year), month, day)
        near = [date(today.year + step, month, day) for step in (-1, 0, 1)]
    except ValueError:
        return None
    return min(near, key=lambda found: abs((found - today).days))


def is_holiday(first: date, last: date) -> bool:
    """Whether a span is the window in which a movable holiday lies."""
    return any((first.month, first.day) == begin and (last.month, last.day) == end for _, begin, end in _HOLIDAYS)
