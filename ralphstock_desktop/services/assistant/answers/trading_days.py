"""Answers about when the exchange is open: a day that was named, a holiday by its name, or the next days without trading."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable
from ralphstock_desktop.services.assistant.answers.market_parts import Writer
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.exchange_days import exchange_days, is_holiday, span_asked
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant_contracts import Fact, Span, Target

__all__ = ["answer_trading_days"]

_TARGET = Target("help", item="exchange")
_MOST_CLOSED = 8
_ROW_GAP = 3
_MOST_AHEAD = 400


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
    if is_holiday(first, last):
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
