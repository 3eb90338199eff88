"""Answers about when the exchange is open: a day that was named, a holiday by its name, or the next days without trading.

The calendar is public and fixed beforehand: to speak of days to come says nothing of what prices will do on them.
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

import resources
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable
from ralphstock_desktop.services.assistant.answers.market_parts import Writer
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant_contracts import Fact, Span, Target

__all__ = ["answer_trading_days", "exchange_days", "span_asked"]

_TARGET = Target("help", item="exchange")
_MOST_CLOSED = 8
_ROW_GAP = 3
_MOST_AHEAD = 400
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
_ENGLISH_DATE = re.compile(
    rf"(?<![a-z])(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?\s(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?!\d)(?:,?\s(?P<year>20\d{{2}}))?"
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


async def answer_trading_days(desk: Desk, draft: AnswerDraft) -> None:
    """Tell whether the exchange trades on the days asked about, and which weekdays are holidays."""
    writer, book = Writer(desk, draft), exchange_days()
    today = writer.picture.as_of.day
    span = span_asked(draft.question.text.casefold(), today)
    try:
        if span is None:
            _tell_ahead(writer, book, today)
        elif span[0] == span[1]:
            _tell_day(writer, book, span[0])
        else:
            _tell_span(writer, book, *span)
    except DataUnavailable:
        writer.say("trading_day.unknown")
    writer.say("trading_day.help", title=_topic(writer))


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
        month = dated["month"] if dated["month"].isdigit() else str(_MONTHS.index(dated["month"]) + 1)
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
        return _month(month_said, today)
    year_said = _YEAR.search(text)
    if year_said is not None:
        year = today.year + (1 if year_said["next"] else 0)
        return max(date(year, 1, 1), today), date(year, 12, 31)
    return None


def _month(said: re.Match[str], today: date) -> tuple[date, date]:
    number = int(said["month"]) if said["month"] else today.month + (1 if said["next"] else 0)
    year = today.year + (1 if number > 12 or (said["month"] and number < today.month) else 0)
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


# -- writing ----------------------------------------------------------------------------------------------------------------


def _topic(writer: Writer) -> Part:
    from ralphstock_desktop.services.assistant.answers.general import topic
    from ralphstock_desktop.services.assistant.help_pages import help_book

    section = help_book(writer.book.language).section("exchange")
    return topic(writer, section) if section is not None else ""


def _day(writer: Writer, day: date) -> Fact:
    return writer.book.add_day("calendar.day", day, writer.title("calendar_day"), _TARGET)


def _listed(writer: Writer, days: list[date]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for day in days:
        spans += [*(writer.line("comma") if spans else ()), *writer.cell(_day(writer, day))]
    return tuple(spans)


def _tell_day(writer: Writer, book: TradingCalendar, day: date) -> None:
    if book.is_trading_day(day):
        writer.say("trading_day.open", day=_day(writer, day))
        return
    key = "trading_day.weekend" if day.weekday() > 4 else "trading_day.closed"
    writer.say(key, day=_day(writer, day), next=_day(writer, book.on_or_after(day)))


def _closed(book: TradingCalendar, first: date, last: date) -> list[date]:
    """Weekdays without trading from ``first`` to ``last``."""
    days: npt.NDArray[np.datetime64] = np.arange(np.datetime64(first), np.datetime64(last) + 1, dtype="datetime64[D]")
    weekdays = days[np.is_busday(days)]
    return [day.astype(date) for day in weekdays[~book.are_trading_days(weekdays)]]


def _is_holiday(first: date, last: date) -> bool:
    """Whether a span is the window in which a movable holiday lies."""
    return any((first.month, first.day) == begin and (last.month, last.day) == end for _, begin, end in _HOLIDAYS)


def _longest_row(days: list[date]) -> list[date]:
    """The most days that lie close together; the first of rows as long."""
    rows: list[list[date]] = []
    for day in days:
        if rows and (day - rows[-1][-1]).days <= _ROW_GAP:
            rows[-1].append(day)
        else:
            rows.append([day])
    return max(rows, key=len)


def _tell_span(writer: Writer, book: TradingCalendar, first: date, last: date) -> None:
    closed = _closed(book, first, last)
    if not closed:
        writer.say("trading_day.none_in", first=_day(writer, first), last=_day(writer, last))
        return
    if _is_holiday(first, last):
        closed = _longest_row(closed)
    writer.say("trading_day.holidays", days=_listed(writer, closed[: 3 * _MOST_CLOSED]))
    if (closed[-1] - closed[0]).days < 2 * _MOST_CLOSED:
        writer.say("trading_day.after", next=_day(writer, book.on_or_after(closed[-1])))


def _tell_ahead(writer: Writer, book: TradingCalendar, today: date) -> None:
    """How today stands and the holidays that come next, those in one row together."""
    _tell_day(writer, book, today)
    if book.is_trading_day(today):
        writer.say("trading_day.next_open", next=_day(writer, book.next(today)))
    closed = _closed(book, today + timedelta(days=1), min(today + timedelta(days=_MOST_AHEAD), book.last))
    if not closed:
        writer.say("trading_day.unknown")
        return
    row = [day for day in closed if (day - closed[0]).days <= _MOST_CLOSED]
    writer.say("trading_day.next", days=_listed(writer, row), next=_day(writer, book.on_or_after(row[-1])))
