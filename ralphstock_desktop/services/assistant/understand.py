"""Understanding a question: what kind it is, about which stocks and days, what is wanted (domain.md §8.1).

Deterministic and without a model. The steps:

1. Fold the text and find the stocks named in it; a name that is an ordinary word too counts only where its place in the
   sentence says so. Names are then blanked out, so that ``종근당`` or ``한국정보통신`` trigger nothing.
2. Read days, numbers, grades, strategies and conditions.
3. Collect the intents, then find what is spoken of without being named: the stock on screen (``이 종목``, or a question that
   can only be about one), or the stocks of the question before (``그럼 수급은?``).
4. Take the first type of the law's table that fits.

Nothing here reads prices; the same question on the same day always gives the same answer. Instances are immutable and may be
used from any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.services.assistant.asked import find_order_field, is_never_advice
from ralphstock_desktop.services.assistant.dates import DaySpan
from ralphstock_desktop.services.assistant.exchange_days import span_asked
from ralphstock_desktop.services.assistant.filters import filter_line
from ralphstock_desktop.services.assistant.intents import CHANGING, GREETING, HELP
from ralphstock_desktop.services.assistant.names import NameBook
from ralphstock_desktop.services.assistant.quantities import find_limit
from ralphstock_desktop.services.assistant.question_text import BLANK, QUOTED, Reading, read_question
from ralphstock_desktop.services.assistant.referring import is_about_market, is_bare, is_ranked, is_screening, stocks_of
from ralphstock_desktop.services.assistant.strangers import Stranger
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant.wordlore import content_words
from ralphstock_desktop.services.assistant_contracts import Question, QuestionType, Screen

__all__ = ["Understanding"]

Days = npt.NDArray[np.datetime64]

_NEGATED = phrase("negated")
_AHEAD_ASKED = frozenset(("news", "definition", "plan", "watch", "alert", "order", "diff", "record", "private", "forecast"))
"""Intents with an answer of their own where a day to come is named."""
_GOES_ON = frozenset(("flow", "news", "price"))
"""Intents that are asked of other days by naming the days alone."""
_CONTINUED = frozenset(("market", "performance", "signal", "news"))
"""Types that are gone on with by naming another day, grade, strategy or sector alone."""
_CHANGES = frozenset(("watch", "alert", "filter", "open", "chart"))
_NEVER_INHERITED = frozenset(("private", "override", "promise", "order", "watch", "alert", "filter", "open", "compare"))


class Understanding:
    """Turns questions into :class:`~ralphstock_desktop.services.assistant_contracts.Question`.

    Parameters
    ----------
    names : NameBook
        Names of the market on screen.
    trading_days : datetime64[D] array or sequence of date, ascending
        The market's calendar.
    """

    def __init__(self, names: NameBook, trading_days: Days | Sequence[date]) -> None:
        self.names = names
        self._days: Days = np.asarray(trading_days, dtype="datetime64[D]")

    def understand(self, text: str, *, screen: Screen, today: date, previous: Question | None = None) -> Question:
        """Understand a question.

        Parameters
        ----------
        text : str
            As typed.
        screen : Screen
            What is on screen; its instant bounds every day.
        today : date
            Day relative words count from; never later than the screen's instant.
        previous : Question, optional
            The question before in the same conversation, for follow-ups.

        Returns
        -------
        Question
            Everything the text says; what it does not say is left at its default.
        """
        read = read_question(text, self.names, self._days, min(today, screen.as_of.day))
        carried = _carried_order(read, previous)
        tickers, from_screen = ((), False) if carried else stocks_of(read, screen, previous)
        intents, strategies, days = read.intents, read.strategies, read.days
        details, absent = read.details, read.absent
        if previous is not None and not intents and not strategies and read.hits and is_bare(read):
            # "하이닉스는?" behind a question about flows asks for flows.
            intents = tuple(intent for intent in previous.intents if intent not in _NEVER_INHERITED)
            strategies = previous.strategies
            if days.first is None:
                days = replace(days, first=previous.first_day, last=previous.last_day, days=previous.days)
            details, absent = previous.details, previous.absent
        order_by = "" if tickers or strategies or read.strangers else carried or read.order_by
        if read.grades and (read.type_found == "performance" or "record" in intents):
            order_by = ""
        if previous is not None and tickers == previous.tickers and not read.hits and not intents and days.first is not None:
            # "and last week?" goes on asking what was asked.
            intents = tuple(intent for intent in previous.intents if intent in _GOES_ON)
        if not tickers and len(strategies) > 1 and "compare" in intents:
            intents = (*intents, "record")  # which strategy is better is told by their records
        screening = not tickers and not order_by and is_screening(read)
        if days.future is not None and (tickers or read.type_found == "market") and not _AHEAD_ASKED & set(intents):
            intents = (*intents, *(() if read.absent else ("forecast",)))
        intents = _ordered(intents, screening=screening, has_stock=bool(tickers))
        if order_by:
            intents = tuple(dict.fromkeys(("rank", "screen", *intents)))
        limit = find_limit(read.blank) if "order" not in intents else None
        if "trading_day" in intents and not tickers:
            days = _exchange_days(read, days, min(today, screen.as_of.day))
        numbers = [amount.value for amount in read.amounts]
        numbers += [float(number) for number in (days.days, limit) if number is not None]
        line = ""
        if screening or order_by or ("filter" in intents and read.conditions):
            line = filter_line(read.blank, read.conditions, read.language)
        kind = _goes_on_as(read, previous) if previous is not None and not tickers else None
        if kind is not None and previous is not None:
            # "and yesterday?", "and grade S?" behind a question that was about no stock.
            intents = tuple(intent for intent in previous.intents if intent not in _NEVER_INHERITED and intent != "screen")
            strategies = strategies or previous.strategies
            order_by, line = "", ""
        # Where another type's words stand too, a word counts as a name only if more than its place speaks for it.
        strangers = tuple(found for found in read.strangers if found.sure or (read.type_found is None and not tickers))
        unknown = tuple(dict.fromkeys(stranger.text for stranger in strangers))
        return Question(
            text=text,
            language=read.language,
            type=kind or _type_of(read, tickers, unknown),
            intents=intents,
            tickers=tickers,
            from_screen=from_screen,
            strategies=strategies,
            grades=read.grades,
            first_day=days.first,
            last_day=days.last,
            days=days.days,
            limit=limit,
            filter_text=line,
            wants_change=_wants_change(read),
            numbers=tuple(dict.fromkeys(numbers)),
            unknown_names=unknown,
            alike=self._alike(read, strangers),
            words=content_words(_without(read.blank, days.places).replace(BLANK, " ")),
            future_day=days.future,
            details=details,
            absent=absent,
            order_by=order_by,
        )

    def _alike(self, read: Reading, strangers: Sequence[Stranger]) -> tuple[str, ...]:
        """Names to offer: near the unknown words, and of a group whose name alone was written."""
        found: list[str] = []
        for stranger in strangers:
            found += self.names.alike(stranger.text)
        if any(not hit.certain for hit in read.hits):
            taken = {hit.ticker for hit in read.hits}
            for group in self.names.groups(read.folded.typed):
                found += [ticker for ticker in group.tickers if ticker not in taken]
        return tuple(dict.fromkeys(self.names.name(ticker) for ticker in found))[:8]


def _exchange_days(read: Reading, days: DaySpan, today: date) -> DaySpan:
    """The days of a question about the exchange's calendar: unlike days of prices they may lie ahead."""
    span = span_asked(read.blank, today)
    if span is None:
        return replace(days, first=None, last=None, future=None)
    if span[1] > today:
        return replace(days, first=None, last=None, future=max(span[0], today))
    return replace(days, first=span[0], last=span[1], future=None)


def _carried_order(read: Reading, previous: Question | None) -> str:
    """The order of the question before by another quantity ("and by foreigners?"); empty where this one is about more."""
    if previous is None or ":" not in previous.order_by or read.hits or read.order_by or read.type_found is not None:
        return ""
    field = find_order_field(read.blank)
    short = len(content_words(_without(read.blank, read.days.places))) <= 1
    return f"{field}:{previous.order_by.partition(':')[2]}" if field and short else ""


def _goes_on_as(read: Reading, previous: Question) -> QuestionType | None:
    """The type of the question before, where this one only names another day, grade, strategy or sector."""
    if previous.type not in _CONTINUED or read.type_found is not None or read.strangers:
        return None
    if set(read.intents) - {"score", "sector"}:
        return None
    names_other = read.days.first is not None or read.grades or read.strategies or read.conditions
    short = len(content_words(_without(read.blank, read.days.places))) <= 1
    return previous.type if names_other and short else None


def _without(text: str, places: Sequence[tuple[int, int]]) -> str:
    """A text with spaces in place of its days: these are no words to search for."""
    for start, end in places:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _ordered(intents: tuple[str, ...], *, screening: bool, has_stock: bool) -> tuple[str, ...]:
    """Put what matters most first: a screen before its words, a definition before the word it defines."""
    found = list(intents)
    if screening:
        found = ["screen", *found]
    if "definition" in found and not has_stock:
        found.remove("definition")
        found.insert(0, "definition")
    return tuple(dict.fromkeys(found))


def _type_of(read: Reading, tickers: tuple[str, ...], unknown: tuple[str, ...]) -> QuestionType:
    if HELP.search(read.blank):
        return "help"
    if tickers:
        return "stock"
    if any(stranger.sure for stranger in read.strangers):
        return "stock"
    if (
        read.type_found == "recommendation"
        and read.order_by
        and (read.days.first is not None or is_never_advice(read.order_by))
    ):
        return "general"  # a list by a quantity or of past days, not the service's recommendations
    if read.type_found is not None:
        return read.type_found
    if unknown:
        return "stock"
    if is_about_market(read):
        return "market"
    if {"near", "diff"} & set(read.intents) or is_ranked(read):
        return "signal"
    if "record" in read.intents and (read.grades or read.strategies):
        return "performance"
    if not read.intents and not read.strategies and GREETING.search(read.blank):
        return "help"
    return "general"


def _wants_change(read: Reading) -> bool:
    """Whether the user himself asks for something to be changed or opened; what he quotes does not count."""
    if not _CHANGES & set(read.intents) or "private" in read.intents:
        return False
    own = QUOTED.sub(" ", read.blank)
    return CHANGING.search(own) is not None and _NEGATED.search(own) is None and HELP.search(own) is None
