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
        tickers, from_screen = stocks_of(read, screen, previous)
        intents, strategies, days = read.intents, read.strategies, read.days
        if previous is not None and not intents and not strategies and read.hits and is_bare(read):
            # "하이닉스는?" behind a question about flows asks for flows.
            intents = tuple(intent for intent in previous.intents if intent not in _NEVER_INHERITED)
            strategies = previous.strategies
            if days.first is None:
                days = replace(days, first=previous.first_day, last=previous.last_day, days=previous.days)
        screening = not tickers and is_screening(read)
        intents = _ordered(intents, screening=screening, has_stock=bool(tickers))
        limit = find_limit(read.blank) if "order" not in intents else None
        numbers = [amount.value for amount in read.amounts]
        numbers += [float(number) for number in (days.days, limit) if number is not None]
        line = ""
        if screening or ("filter" in intents and read.conditions):
            line = filter_line(read.blank, read.conditions, read.language)
        # Where another type's words stand too, a word counts as a name only if more than its place speaks for it.
        strangers = tuple(found for found in read.strangers if found.sure or (read.type_found is None and not tickers))
        unknown = tuple(dict.fromkeys(stranger.text for stranger in strangers))
        return Question(
            text=text,
            language=read.language,
            type=_type_of(read, tickers, unknown),
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
            words=content_words(read.blank.replace(BLANK, " ")),
            future_day=days.future,
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
    if read.type_found is not None:
        return read.type_found
    if unknown:
        return "stock"
    if is_about_market(read):
        return "market"
    if {"near", "diff"} & set(read.intents) or is_ranked(read):
        return "signal"
    if not read.intents and not read.strategies and GREETING.search(read.blank):
        return "help"
    return "general"


def _wants_change(read: Reading) -> bool:
    """Whether the user himself asks for something to be changed or opened; what he quotes does not count."""
    if not _CHANGES & set(read.intents) or "private" in read.intents:
        return False
    own = QUOTED.sub(" ", read.blank)
    return CHANGING.search(own) is not None and _NEGATED.search(own) is None and HELP.search(own) is None
