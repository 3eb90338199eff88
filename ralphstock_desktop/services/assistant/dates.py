"""Days named in a question, on the trading calendar and never after the day looked at.

``어제`` is the trading day before the one looked at, ``지난주`` the trading days of the calendar week before, ``3개월`` the
trading days of that span up to now. A day without trading becomes the last trading day before it; a month or a date without a
year is the latest one that is not in the future.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.services.assistant.triggers import phrase

__all__ = ["DaySpan", "find_days"]

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days a question is about.

    Attributes
    ----------
    first, last : date | None
        Trading days, both included; None where no day was named.
    days : int | None
        The count, where days were counted ("최근 5일").
    future : date | None
        A day that was named and lies after the day looked at; nothing can be known of it.
    places : tuple of (start, end)
        What was read, in the folded text; numbers in it are no quantities.
    """

    first: date | None = None
    last: date | None = None
    days: int | None = None
    future: date | None = None
    places: tuple[tuple[int, int], ...] = ()


_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"), start=1)
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMBER_WORDS = {
    "하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "엿새": 6, "열흘": 10, "보름": 10,
    "한": 1, "두": 2, "세": 3, "석": 3, "네": 4, "넉": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9, "열": 10,
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "twenty": 20, "sixty": 60,
}  # fmt: skip
_COUNT = r"(?:\d{1,3}|" + "|".join(word for word in _NUMBER_WORDS if word.isascii() and len(word) > 1) + ")"
_WEEKDAYS = {"월요일": 0, "화요일": 1, "수요일": 2, "목요일": 3, "금요일": 4,
             "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4}  # fmt: skip

_ISO = r"(?P<iy>(?:19|20)\d{2})\s?[-./]\s?(?P<im>\d{1,2})\s?[-./]\s?(?P<id>\d{1,2})(?!\d)"
_PACKED = r"(?<![\d.,a-z])(?P<py>20\d{2})(?P<pm>0[1-9]|1[0-2])(?P<pd>0[1-9]|[12]\d|3[01])(?!\d)"
_KOREAN_DATE = r"(?:(?P<ky>(?:20)?\d{2})\s?년\s?)?(?P<km>\d{1,2})\s?월\s?(?P<kd>\d{1,2})\s?일"
_SLASH = r"(?<![\d.,/])(?P<sm>1[0-2]|0?[1-9])/(?P<sd>3[01]|[12]\d|0?[1-9])(?![\d/])"
_ENGLISH_DATE = (
    rf"(?<![a-z])(?P<em>{_MONTH})\.?\s(?P<ed>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?![\d.%])(?:,?\s(?P<ey>20\d{{2}}))?"
)
_ENGLISH_DAY_FIRST = (
    rf"(?<![\d.])(?P<ff>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?\s(?:of\s)?(?P<fm>{_MONTH})(?![a-z])(?:,?\s(?P<fy>20\d{{2}}))?"
)
_KOREAN_MONTH = r"(?:(?P<my>(?:20)?\d{2})\s?년\s?)?(?<![\d.,])(?P<mm>1[0-2]|0?[1-9])\s?월(?![가-힣]*요일)(?!\s?\d{1,2}\s?일)"
_ENGLISH_MONTH = rf"(?<![a-z])(?:in|since|from|of|during|for|last)\s(?P<wm>{_MONTH})(?![a-z])(?:,?\s(?P<wy>20\d{{2}}))?"
_A_YEAR = r"(?<![\d.,])(?P<yy>20\d{2})\s?년(?!\s?\d{1,2}\s?월)|(?:in|during|since|from)\s(?P<ye>20\d{2})(?![\d.,/-])"
_ONE_DATE = re.compile("|".join((_ISO, _PACKED, _KOREAN_DATE, _SLASH, _ENGLISH_DATE, _ENGLISH_DAY_FIRST)))
_A_MONTH = re.compile("|".join((_KOREAN_MONTH, _ENGLISH_MONTH, _A_YEAR)))

_COUNTED = re.compile(
    r"(?:(?P<lead>최근|지난|직전|과거|근래|last|past|recent|previous|trailing|over the last|over the past)\s?)?"
    rf"(?<![\d.,월/\-a-z])(?P<n>{_COUNT}|하루|이틀|사흘|나흘|닷새|열흘|보름|한|두|세|석|네|넉|a"
    r"|(?<=past )(?=(?:month|week|year)(?!s)))\s?-?"
    r"(?P<unit>" + phrase("day_unit").pattern + ")?"
    r"(?P<tail>\s?(?:간|동안|치|누적|연속|평균|전|ago|선|이동평균|이평|선|봉|moving|ma(?![a-z])|sma|average|신고가|신저가|자|날|에|차))?"
)
_RELATIVE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"그끄저께|그끄제|three days ago", "back3"),
        (r"그저께|그제(?!서|야)|엊그제|the day before yesterday|day before yesterday|two days ago", "back2"),
        (
            r"어제|어저께|전일(?!\s?대비)|전날|전거래일|직전\s?거래일|"
            r"yesterday|(?:previous|last) (?:trading )?(?:day|session)(?!s)",
            "back1",
        ),
        (r"지지난\s?주|저저번\s?주|week before last", "week2"),
        (r"지난\s?주(?!가|식)|저번\s?주(?!가|식)|(?<![가-힣])전주(?!가)(?=[에의\s]|$)|last week", "week1"),
        (r"이번\s?주(?!가|식)|금주(?=[에의\s]|$)|this week", "week0"),
        (r"지난\s?달|저번\s?달|전월|last month", "month1"),
        (
            r"이번\s?달|이달|금월|당월|월\s?초\s?(?:대비|부터|이후|보다)|this month"
            r"|(?:start|beginning) of the month|month to date|(?<![a-z])mtd(?![a-z])",
            "month0",
        ),
        (r"재작년|지지난\s?해|(?:the )?year before last", "year2"),
        (r"(?<!재)작년|(?<!지)지난\s?해|전년(?=[에의도\s]|$)|last year", "year1"),
        (phrase("this_year").pattern, "year0"),
        (r"상반기|first half", "half1"),
        (r"하반기|second half", "half2"),
        (phrase("ahead").pattern, "future"),
        (r"오늘|금일|당일|today|tonight", "today"),
    )
)
_WEEKDAY = re.compile(
    r"(?P<lead>지난\s?주|저번\s?주|지난|저번|이번\s?주|last|this|on)?\s?(?P<day>월요일|화요일|수요일|목요일|금요일|monday|tuesday|wednesday|thursday|friday)"
)
_OF_AVERAGES = frozenset(("선", "이동평균", "이평", "봉", "차", "moving", "ma", "sma", "average"))
_AHEAD = re.compile(r"\s?(?:뒤|후(?![가-힣])|later|from now)")
_AVERAGE_BEFORE = re.compile(r"(?:above|below|under|over|vs\.?|versus)\s(?:the\s|its\s)?$")
"""Before a count of days it speaks of an average ("above the 200 day")."""
_OF_ONE_DAY = re.compile(r"(?:종가|시가|고가|저가|시초가)(?!\s?(?:평균|추이|흐름|[베배]팅))|얼마에?\s?(?:끝|마감|닫)")
_NOW = re.compile(r"오늘|금일|당일|today|tonight")
_SINCE = re.compile(
    r"^\s?(?:(?:종가|주가|가격)?\s?(?:[와과]|이?랑|하고)\s?(?:오늘|지금|현재)|이후|부터|이래|보다|대비|하고\s?비교|[와과]\s?비교|이?랑\s?비교)"
    r"|^\s?(?:onwards?|until now|to date|(?:vs\.?|versus|against|compared (?:to|with)) (?:now|today|the current))"
)
_SINCE_BEFORE = re.compile(r"(?:since|from|starting|after)\s(?:the\s)?$")
_SAME_MONTH = re.compile(
    r"\s?(?:(?:부터|에서|~|-|–)\s?(?P<ko>\d{1,2})\s?일(?!간|동안|치|연속)|(?:to|until|through|-|–)\s?(?P<en>\d{1,2})(?![\d,.%:/a-z-]))"
)
"""The end of a span whose month was said at its beginning: "1월 20일부터 27일까지"."""
_HALF_OF_YEAR = phrase("half_of_year")
_NTH = {"첫": 1, "둘": 2, "셋": 3, "넷": 4, "다섯": 5, **{str(number): number for number in range(1, 6)}}
_NTH_WEEK = re.compile(r"(?:의)?\s?(?P<n>첫|둘|셋|넷|다섯|마지막|[1-5])\s?(?:번?째)?\s?주(?!가|식)")
"""Behind a month: one of its calendar weeks."""
_EDGE = re.compile(
    r"(?:의|에)?\s?(?:(?P<first>(?:첫|1)\s?(?:번째\s?)?(?:거래일|날)|초(?=에|의|부터|까지|\s|$))|(?:마지막\s?(?:거래일|날)|끝날|말일?(?=에|의|부터|까지|\s|$)))(?:에|의)?"
)
"""Behind a month or a year: its first or its last trading day."""
_EDGE_BEFORE = re.compile(
    r"(?:(?P<first>(?:start|beginning|first (?:trading )?day))|(?:end|last (?:trading )?day|close)) of (?:the )?$"
)
_WITH_EDGES = ("month", "year", "week", "half")
_FROM_THEN = re.compile(r"(?:since|starting|vs\.?|versus|compared (?:to|with)|against)\s$")
_RANGE = re.compile(r"^\s?(?:부터|에서|~|-|–|to|until|through|and)\s?$")


class _Calendar:
    """The trading days up to the day looked at."""

    def __init__(self, trading_days: Days, base: date) -> None:
        self.base = base
        last = int(np.searchsorted(trading_days, np.datetime64(base, "D"), side="right"))
        self._days = trading_days[:last]

    def at(self, position: int) -> date:
        if not len(self._days):
            return self.base
        found: date = self._days[max(0, min(position, len(self._days) - 1))].astype(date)
        return found

    def back(self, count: int) -> date:
        """The trading day ``count`` days before the last one."""
        return self.at(len(self._days) - 1 - count)

    def on_or_before(self, day: date) -> date:
        return self.at(int(np.searchsorted(self._days, np.datetime64(day, "D"), side="right")) - 1)

    def on_or_after(self, day: date) -> date:
        return self.at(int(np.searchsorted(self._days, np.datetime64(day, "D"), side="left")))

    def span(self, first: date, last: date) -> tuple[date, date]:
        """Trading days of a span; a span without any is the last day before it."""
        begin, end = self.on_or_after(first), self.on_or_before(min(last, self.base))
        return (begin, end) if begin <= end else (end, end)


def find_days(text: str, trading_days: Days, as_of: date) -> DaySpan:
    """Read the days a folded question is about.

    Parameters
    ----------
    text : str
        Folded (:func:`~ralphstock_desktop.services.assistant.folding.fold`).
    trading_days : datetime64[D] array, ascending
    as_of : date
        Day looked at; may be one without trading.
    """
    book = _Calendar(trading_days, as_of)
    text = text.replace("일주일", "1주일")
    places: list[tuple[int, int]] = []
    half = _half_of(text, book)
    if half is not None:
        return DaySpan(*half[1], None, None, (half[0],))
    spans, future = _dated(text, book, places)
    if not spans:
        spans = _relative(text, book, places)
    counted = _counted(text, book, places)
    if not spans and counted is not None:
        first, last, days = counted
        return DaySpan(first, last, days, future, tuple(places))
    if future is None and (
        ahead := next((m for pattern, name in _RELATIVE if name == "future" and (m := pattern.search(text))), None)
    ):
        future = as_of + timedelta(days=1)
        places.append(ahead.span())
    days = counted[2] if counted is not None else None
    if not spans:
        return DaySpan(None, None, days, future, tuple(places))
    return DaySpan(min(first for first, _ in spans), max(last for _, last in spans), days, future, tuple(places))


def _dated(text: str, book: _Calendar, places: list[tuple[int, int]]) -> tuple[list[tuple[date, date]], date | None]:
    """Dates, months and years written out."""
    found: list[tuple[int, int, date, date]] = []
    future: date | None = None
    for pattern, read in ((_ONE_DATE, _one_date), (_A_MONTH, _one_month)):
        for match in pattern.finditer(text):
            if any(match.start() < end and match.end() > start for start, end in places):
                continue
            span = read(match, book.base)
            places.append(match.span())
            if span is None:  # no such day
                continue
            if span[0] > book.base:
                future = span[0]
                continue
            found.append((match.start(), match.end(), *span))
            goal = _SAME_MONTH.match(text, match.end()) if span[0] == span[1] else None
            if goal is None:
                continue
            day = _date(str(span[0].year), span[0].month, goal["ko"] or goal["en"], book.base)
            if day is not None and span[0] < day <= book.base:
                places.append((goal.start("ko" if goal["ko"] else "en"), goal.end()))
                found.append((*places[-1], day, day))
    found.sort()
    spans: list[tuple[date, date]] = []
    for number, (start, end, first, last) in enumerate(found):
        goes_on = _SINCE.match(text[end:]) or _SINCE_BEFORE.search(text[:start]) or text.startswith(("since", "from"), start)
        to_next = number + 1 < len(found) and _RANGE.match(text[end : found[number + 1][0]])
        begin, until = book.span(first, last)
        week = None if first == last else _NTH_WEEK.match(text, end)
        if week is not None:
            within = last if week["n"] == "마지막" else first + timedelta(days=7 * (_NTH[week["n"]] - 1))
            monday = within - timedelta(days=within.weekday())
            places.append(week.span())
            spans.append(book.span(max(monday, first), min(monday + timedelta(days=6), last)))
            continue
        edge = None if first == last or to_next else _EDGE.match(text, end)
        if edge is not None:
            day = begin if edge["first"] else until
            places.append(edge.span())
            spans.append((day, book.back(0) if _SINCE.match(text[edge.end() :]) else day))
            continue
        if to_next:
            until = book.span(found[number + 1][2], found[number + 1][3])[1]
        elif goes_on:
            until = book.back(0)
        if first == last and not goes_on and not to_next:
            begin = until = book.on_or_before(first)
        spans.append((begin, until))
    return spans, future


def _date(year: str | None, month: str | int, day: str | int, base: date) -> date | None:
    try:
        if year:
            number = int(year)
            return date(number if number > 99 else 2000 + number, int(month), int(day))
        found = date(base.year, int(month), int(day))
        return found if found <= base else date(base.year - 1, int(month), int(day))
    except ValueError:
        return None


def _one_date(match: re.Match[str], base: date) -> tuple[date, date] | None:
    groups = match.groupdict()
    for year, month, day in (
        ("iy", "im", "id"),
        ("py", "pm", "pd"),
        ("ky", "km", "kd"),
        ("", "sm", "sd"),
        ("ey", "em", "ed"),
        ("fy", "fm", "ff"),
    ):
        if groups[month] is not None:
            number = _MONTHS.get(groups[month], groups[month])
            found = _date(groups.get(year), number, groups[day], base)
            return None if found is None else (found, found)
    return None


def _one_month(match: re.Match[str], base: date) -> tuple[date, date] | None:
    groups = match.groupdict()
    if groups["yy"] or groups["ye"]:
        year = int(groups["yy"] or groups["ye"])
        return date(year, 1, 1), date(year, 12, 31)
    named = groups["mm"] or groups["wm"]
    first = _date(groups["my"] or groups["wy"], _MONTHS.get(named, named), 1, base)
    return None if first is None else (first, _end_of_month(first))


def _end_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _half_of(text: str, book: _Calendar) -> tuple[tuple[int, int], tuple[date, date]] | None:
    """ "작년 하반기", "the first half of 2025": a half of the year that is named beside it."""
    found = _HALF_OF_YEAR.search(text)
    if found is None:
        return None
    year_said = next(word for word in (found["ko"], found["en"], found["en2"]) if word)
    half = next(word for word in (found["khalf"], found["ehalf"], found["ehalf2"]) if word)
    digits = re.search(r"\d{2,4}", year_said)
    if digits is not None:
        year = int(digits.group(0)) if len(digits.group(0)) == 4 else 2000 + int(digits.group(0))
    else:
        year = book.base.year - (2 if "재작년" in year_said else 0 if year_said in ("올해", "금년", "this year") else 1)
    is_first = half in ("상반기", "first")
    first = date(year, 1 if is_first else 7, 1)
    if first > book.base:
        return None
    return found.span(), book.span(first, date(year, 6, 30) if is_first else date(year, 12, 31))


def _relative(text: str, book: _Calendar, places: list[tuple[int, int]]) -> list[tuple[date, date]]:
    """``어제``, ``지난주``, ``last month``, ``금요일``."""
    spans: list[tuple[date, date]] = []
    for match in _WEEKDAY.finditer(text):
        wanted = _WEEKDAYS[match["day"]]
        lead = (match["lead"] or "").replace(" ", "")
        monday = book.base - timedelta(days=book.base.weekday())
        day = monday + timedelta(days=wanted)
        if lead in ("지난주", "저번주") or (day > book.base or (lead == "last" and day == book.base)):
            day -= timedelta(days=7)
        places.append(match.span())
        spans.append((book.on_or_before(day),) * 2)
    if spans:
        return spans
    for pattern, name in _RELATIVE:
        found = pattern.search(text)
        if found is None or name == "future" or any(found.start() < end and found.end() > start for start, end in places):
            continue
        places.append(found.span())
        span = _NAMED[name](book)
        edge = _EDGE.match(text, found.end()) if name.startswith(_WITH_EDGES) else None
        before = _EDGE_BEFORE.search(text[: found.start()]) if name.startswith(_WITH_EDGES) else None
        if edge is not None or before is not None:
            is_first = bool(edge["first"]) if edge is not None else before is not None and before["first"] is not None
            places.append(edge.span() if edge is not None else (before.span() if before is not None else found.span()))
            day = span[0] if is_first else span[1]
            behind = text[edge.end() if edge is not None else found.end() :]
            spans.append((day, book.back(0) if _SINCE.match(behind) else day))
            continue
        if _SINCE.match(text[found.end() :]) or _FROM_THEN.search(text[: found.start()]):
            span = (span[0], book.back(0))
        spans.append(span)
    # "오늘" alone is the day looked at, which is meant anyway; beside another day ("어제랑 오늘") it is an end of the span.
    today = _NAMED["today"](book)
    return [] if spans == [today] and book.back(0) in today and _NOW.search(text) is not None else spans


def _week(book: _Calendar, back: int) -> tuple[date, date]:
    monday = book.base - timedelta(days=book.base.weekday() + 7 * back)
    return book.span(monday, monday + timedelta(days=6))


def _month(book: _Calendar, back: int) -> tuple[date, date]:
    count = book.base.year * 12 + book.base.month - 1 - back
    first = date(count // 12, count % 12 + 1, 1)
    return book.span(first, _end_of_month(first))


def _year(book: _Calendar, back: int) -> tuple[date, date]:
    return book.span(date(book.base.year - back, 1, 1), date(book.base.year - back, 12, 31))


def _half(book: _Calendar, number: int) -> tuple[date, date]:
    year = book.base.year if number == 1 or book.base.month > 6 else book.base.year - 1
    return book.span(date(year, 1 if number == 1 else 7, 1), date(year, 6, 30) if number == 1 else date(year, 12, 31))


_NAMED: dict[str, Callable[[_Calendar], tuple[date, date]]] = {
    "today": lambda book: (book.back(0),) * 2,
    "back1": lambda book: (_before(book, 1),) * 2,
    "back2": lambda book: (_before(book, 2),) * 2,
    "back3": lambda book: (_before(book, 3),) * 2,
    "week0": lambda book: _week(book, 0),
    "week1": lambda book: _week(book, 1),
    "week2": lambda book: _week(book, 2),
    "month0": lambda book: _month(book, 0),
    "month1": lambda book: _month(book, 1),
    "year0": lambda book: _year(book, 0),
    "year1": lambda book: _year(book, 1),
    "year2": lambda book: _year(book, 2),
    "half1": lambda book: _half(book, 1),
    "half2": lambda book: _half(book, 2),
}


def _before(book: _Calendar, count: int) -> date:
    # On a day without trading "yesterday" is the last day that traded, not the one before it.
    return book.back(count if book.back(0) == book.base else count - 1)


def _counted(text: str, book: _Calendar, places: list[tuple[int, int]]) -> tuple[date, date, int | None] | None:
    """``최근 5일``, ``3개월``, ``20거래일``, ``past two weeks``, ``3일 전``."""
    for match in _COUNTED.finditer(text):
        unit, tail, lead = match["unit"], (match["tail"] or "").strip(), match["lead"]
        if any(match.start() < end and match.end() > start for start, end in places):
            continue
        if _AHEAD.match(text, match.end()):
            continue
        word = match["n"]
        whole = word in ("하루", "이틀", "사흘", "나흘", "닷새", "열흘", "보름")
        if (unit is None and not whole) or (word == "52" and _unit(unit) == "week"):
            continue
        count = 1 if not word else int(word) if word.isdigit() else _NUMBER_WORDS[word]
        if count == 0 or (
            word in ("한", "두", "세", "석", "네", "넉", "a") and unit not in ("달", "주일", "주", "week", "month", "year")
        ):
            continue
        kind = "day" if whole else _unit(unit)
        if kind == "day" and not lead and (tail == "평균" or (unit == "day" and _AVERAGE_BEFORE.search(text[: match.start()]))):
            continue
        if tail in _OF_AVERAGES or (kind == "day" and tail in ("신고가", "신저가")):
            continue
        places.append(match.span())
        dated = tail in ("자", "날", "에") or (not tail and _OF_ONE_DAY.search(text) is not None)
        if kind == "day" and unit == "일" and dated and not lead and count <= 31:
            day = _day_of_month(count, book.base)
            return None if day is None else (book.on_or_before(day), book.on_or_before(day), None)
        if tail in ("전", "ago"):
            day = _before(book, count) if kind == "day" else book.on_or_before(_minus(book.base, count, kind))
            return day, book.back(0) if _SINCE.match(text[match.end() :]) else day, None
        if kind == "day":
            return book.back(count - 1), book.back(0), count
        return book.on_or_after(_minus(book.base, count, kind) + timedelta(days=1)), book.back(0), None
    return None


def _unit(unit: str | None) -> str:
    text = unit or ""
    if text.startswith(("개월", "달", "month")):
        return "month"
    if text.startswith(("주", "week")):
        return "week"
    return "year" if text.startswith(("년", "year")) else "day"


def _minus(day: date, count: int, kind: str) -> date:
    if kind == "week":
        return day - timedelta(days=7 * count)
    months = count * (12 if kind == "year" else 1)
    number = day.year * 12 + day.month - 1 - months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _day_of_month(number: int, base: date) -> date | None:
    if number > 31:
        return None
    for back in range(3):
        count = base.year * 12 + base.month - 1 - back
        year, month = count // 12, count % 12 + 1
        if number <= calendar.monthrange(year, month)[1] and date(year, month, number) <= base:
            return date(year, month, number)
    return None
