"""Questions that go on with a conversation, put as if they stood alone.

Names stand in for "the second one"; the question before is asked with one part of it changed ("하이닉스는?", "지난주는?", "for
KOSDAQ?"); the list before is made longer, turned round or narrowed.

A question is put anew as *text* and understood like any other, so that what is known of single questions holds here too; what
cannot be said in its text (how many, which of a list) is set beside. Only what was asked is carried on, never what was
answered: of an answer nothing but the order of its symbols is known here. A request for a change or an order never is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.services.assistant.asked import find_order, find_order_field
from ralphstock_desktop.services.assistant.filters import filter_line
from ralphstock_desktop.services.assistant.following_parts import (
    asked_order,
    erased,
    is_implied,
    is_nothing,
    is_place,
    is_slot,
    joined,
    kept_of,
    letters_of,
    may_change,
    order_of_score,
    parts_of,
    replace_spans,
    replaced,
    without_same,
)
from ralphstock_desktop.services.assistant.following_words import (
    BOUGHT,
    CHANGE,
    CORRECTS,
    FOLLOW,
    LISTS_ASKED,
    MORE,
    NOT_THIS,
    NUMBERS,
    ONLY,
    OPINION,
    OPPOSITE,
    ORDER_WORD,
    SOLD,
    SORT,
    WHEN_OUT,
    WHICH,
)
from ralphstock_desktop.services.assistant.intents import STOCK_INTENTS
from ralphstock_desktop.services.assistant.names import NameBook
from ralphstock_desktop.services.assistant.pointing import AMONG, Pointed, point_at
from ralphstock_desktop.services.assistant.quantities import find_limit
from ralphstock_desktop.services.assistant.question_text import Reading, read_question, spans_of_hits
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant.understand import Understanding
from ralphstock_desktop.services.assistant.wordlore import content_words
from ralphstock_desktop.services.assistant_contracts import Question, Screen

__all__ = ["FollowUps"]

_LONGEST = 160
"""Letters of a question that may lean on another; a longer one says what it wants."""
_MOST_TOLD = 4
"""So many stocks are told of one by one or side by side; of more a table is made."""
_NEVER = frozenset(("private", "override", "promise", "order", "watch", "alert", "filter"))
"""What is never asked again by asking about something else."""
_STRATEGY_WORDS = {"VCP": ("vcp", "vcp"), "CLOSING_BET": ("종가베팅", "closing bet"), "DAY_TRADE": ("단타", "day trading")}
_IT, _THAT = phrase("it"), phrase("that")
_ANY_OUT = re.compile(r"나온|나왔|뜬|떴|있어|있나|있냐|있음|있는지|뭐야|(?<![a-z])(?:any|some|today)(?![a-z])")
_USUAL = {"recommendation": 5, "news": 5}
_STEP = 10
_OF_LISTS = frozenset(("rank", "screen", "sector", "among"))
"""Intents of a list: a stock that is named next has none of them."""


@dataclass(frozen=True)
class _Meant:
    """A question put as if it stood alone; ``changes`` are set on what is understood of the text."""

    text: str
    changes: dict[str, Any] = field(default_factory=dict)


class FollowUps:
    """Understands the questions of a conversation, each with the one before.

    Parameters
    ----------
    names : NameBook
        Names of the market on screen.
    trading_days : datetime64[D] array, ascending
        The market's calendar.
    """

    def __init__(self, names: NameBook, trading_days: npt.NDArray[np.datetime64]) -> None:
        self._names, self._days = names, np.asarray(trading_days, dtype="datetime64[D]")
        self._single = Understanding(names, trading_days)

    def understand(self, text: str, *, screen: Screen, today: date, previous: Question | None = None) -> Question:
        """Understand a question of a conversation.

        Parameters
        ----------
        text, screen, today
            As for :meth:`Understanding.understand`.
        previous : Question, optional
            The question before as understood at the instant looked at now, with ``listed`` of the answers up to it.

        Returns
        -------
        Question
            ``text`` is what is meant where the question leaned on the one before; ``numbers`` are those typed now.
        """
        question = self._understood(text, screen, today, previous)
        earlier = () if previous is None else tuple(ticker for ticker in previous.recent if ticker not in question.tickers)
        return replace(question, recent=(*earlier, *question.tickers)[-_MOST_TOLD:])

    def _understood(self, text: str, screen: Screen, today: date, previous: Question | None) -> Question:
        if previous is None:
            return self._single.understand(text, screen=screen, today=today)
        read = self._read(text, min(today, screen.as_of.day))
        meant = self._meant(read, previous, min(today, screen.as_of.day))
        if meant is None:
            kept = tuple(name for name in previous.intents if name not in _OF_LISTS)
            before = replace(previous, intents=kept, among=())
            question = self._single.understand(text, screen=screen, today=today, previous=before)
            return replace(question, listed=previous.listed)
        question = self._single.understand(meant.text, screen=screen, today=today)
        own = [amount.value for amount in read.amounts]
        spoken = re.search(r"[가-힣]|[a-z]{2}", read.blank) is not None
        language = read.language if spoken or read.hits else previous.language
        changes = {"numbers": tuple(dict.fromkeys(own)), "listed": previous.listed, "language": language, **meant.changes}
        return replace(question, **changes)

    def _read(self, text: str, day: date) -> Reading:
        return read_question(text, self._names, self._days, day)

    # -- what is meant ------------------------------------------------------------------------------------------------------

    def _meant(self, read: Reading, previous: Question, day: date) -> _Meant | None:
        if len(read.blank) > _LONGEST or {"private", "override", "promise", "definition"} & set(read.intents):
            return None
        for way in (
            self._defined,
            self._market_why,
            self._judged,
            self._corrected,
            self._sorted,
            self._among,
            self._which,
            self._pointed,
            self._first_of,
            self._more,
            self._ordered,
            self._narrowed,
            self._news_time,
        ):
            meant = way(read, previous, day)
            if meant is not None:
                return meant
        return self._changed(read, previous, day)

    def _defined(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "top 5 of them" behind what a closing bet is: the signals of that strategy."""
        asked = any(word.search(read.blank) for word in (AMONG, ORDER_WORD, LISTS_ASKED, _ANY_OUT)) or find_limit(read.blank)
        if "definition" not in previous.intents or len(previous.strategies) != 1 or previous.listed or not asked:
            return None
        if read.hits or read.strangers or read.strategies or read.type_found not in (None, "recommendation", "signal"):
            return None
        korean = read.language == "ko"
        word = _STRATEGY_WORDS[previous.strategies[0]][0 if korean else 1]
        limit = find_limit(read.blank)
        return _Meant(f"{word} 신호 보여줘" if korean else f"show the {word} signals", {"limit": limit, "grades": read.grades})

    def _market_why(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "왜?", "why was it that" behind the market: the market before, with what made it so."""
        if previous.type != "market" or "why" not in read.intents or read.hits or read.strangers or read.grades:
            return None
        if read.type_found is not None or read.strategies or len(content_words(FOLLOW.sub("", read.blank))) > 1:
            return None
        word = "왜" if read.language == "ko" else "why"
        return _Meant(f"{previous.text.rstrip(' ?!.')} {word}")

    def _judged(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "성적은?", "and their win rate?" behind signals of a strategy or a grade: the record of those."""
        if "record" not in read.intents or read.hits or read.strategies or read.grades:
            return None
        if any(each.sure for each in read.strangers):
            return None
        if previous.type not in ("signal", "performance", "general") or not (previous.strategies or previous.grades):
            return None
        rest = AMONG.sub(" ", FOLLOW.sub("", read.blank))
        if len(content_words(rest)) > 2 or previous.type == "performance":
            return None
        korean = read.language == "ko"
        words = [_STRATEGY_WORDS[name][0 if korean else 1] for name in previous.strategies]
        words += [f"{grade}등급" if korean else f"grade {grade}" for grade in previous.grades]
        return _Meant(f"{' '.join(words)} {letters_of(read)}")

    def _corrected(self, read: Reading, previous: Question, day: date) -> _Meant | None:
        """ "아니 삼성전자 말고 삼성SDI", "I meant Hyundai Motor": the question before about another stock."""
        if not read.hits or CORRECTS.search(read.blank) is None or previous.type != "stock":
            return None
        spans = spans_of_hits(read.folded, read.hits)
        wrong = [match.span() for match in NOT_THIS.finditer(read.blank)]
        pairs = list(zip(spans, read.hits, strict=True))
        right = [hit.ticker for (start, end), hit in pairs if not any(start < last and first < end for first, last in wrong)]
        replaced = [hit.ticker for _, hit in pairs if hit.ticker not in right]
        if not right:
            return None
        rest = erased(read.blank, [*spans, *(match.span() for match in CORRECTS.finditer(read.blank))])
        if not is_nothing(rest):
            if not replaced:
                return None  # "no, show me the news of Kakao" says what it wants
            text = erased(letters_of(read), [*wrong, *(span for span, hit in pairs if hit.ticker in replaced)])
            return _Meant(text)
        if _NEVER & set(previous.intents):
            return _Meant(" ".join(right))
        return _Meant(self._about(previous, right, day, replaced))

    def _among(self, read: Reading, previous: Question, day: date) -> _Meant | None:
        """ "그중 외국인이 산 것": a condition or an order over the last list."""
        found = AMONG.search(read.blank)
        listed = previous.listed
        if found is None or read.hits or not listed:
            return None
        rest = erased(read.blank, [found.span()])
        # "why did the first of them rise": the word of the move orders nothing where a place is named
        places = not read.order_by or is_place(rest) or "why" in read.intents
        pointed = point_at(rest, listed, previous.tickers) if places else None
        if pointed is not None and not pointed.whole:
            return self._put(read, previous, replace_spans(pointed, found.span()), day)
        spoken = previous.tickers if 1 < len(previous.tickers) < len(listed) and previous.type == "stock" else listed
        order = read.order_by or order_of_score(rest) or find_order(rest)
        if not order and not read.conditions and not read.grades:
            if len(spoken) <= _MOST_TOLD and not is_nothing(rest):
                return self._put(read, previous, Pointed((found.span(),), spoken), day)
            order = asked_order(read)
            if not order:
                return None
        return self._of_list(read, spoken, order)

    def _sorted(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "등락률 순으로 정렬해줘", "sort them by change": the last list in another order."""
        if read.hits or not previous.listed or SORT.search(read.blank) is None:
            return None
        order = read.order_by or find_order(f"{read.blank} 상위") or order_of_score(f"{read.blank} 높은")
        if not order and CHANGE.search(read.blank):
            order = "change:desc"
        return self._of_list(read, previous.listed, order) if ":" in order else None

    def _which(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "뭐가 더 많이 올랐어?", "which has more foreign buying?": behind stocks side by side."""
        if read.hits or previous.type != "stock" or len(previous.tickers) < 2 or WHICH.search(read.blank) is None:
            return None
        if read.strategies or AMONG.search(read.blank):
            return None
        word = "비교" if read.language == "ko" else "compare"
        return _Meant(f"{' '.join(previous.tickers)} {word} {letters_of(read)}")

    def _of_list(self, read: Reading, tickers: Sequence[str], order: str) -> _Meant:
        """A table of some stocks of the last list."""
        conditions = [item for item in read.conditions if not (order and is_implied(item, order))]
        changes = {
            "type": "general", "tickers": (), "from_screen": False, "among": tuple(tickers), "order_by": order,
            "filter_text": filter_line(read.blank, conditions, read.language), "unknown_names": (), "alike": (),
            "intents": tuple(dict.fromkeys(("among", *read.intents))),
        }  # fmt: skip
        return _Meant(letters_of(read), changes)

    def _pointed(self, read: Reading, previous: Question, day: date) -> _Meant | None:
        """ "두 번째 거 수급은?", "compare the first two", "나머지는?"."""
        if read.hits and "compare" not in read.intents:
            return None
        pointed = point_at(read.blank, previous.listed, previous.tickers, previous.recent)
        if pointed is None:
            return None
        if not is_place(read.blank) and ORDER_WORD.search(read.blank) and "compare" not in read.intents:
            before, rest = read.blank[: pointed.spans[0][0]], erased(read.blank, pointed.spans)
            if read.strategies or find_order_field(before) or ORDER_WORD.search(rest) or find_limit(rest):
                return None  # "the first by traded value" asks for another list
        return self._put(read, previous, pointed, day)

    def _first_of(self, read: Reading, previous: Question, day: date) -> _Meant | None:
        """ "chart it", "왜 올랐어?" behind a list of one stock, or behind the one that was asked for of a list."""
        listed = previous.listed
        if not listed or read.hits or read.strangers or previous.type == "stock" or read.order_by or read.conditions:
            return None
        if len(listed) > 1 and not (previous.among and ":" in previous.order_by and WHICH.search(previous.text.casefold())):
            return None
        found = _IT.search(read.blank) or _THAT.search(read.blank)
        if found is not None:
            return self._put(read, previous, Pointed((found.span(),), listed[:1]), day)
        asked = STOCK_INTENTS & set(read.intents) or "news" in read.intents or read.details
        if not asked or read.type_found not in (None, "news") or len(content_words(FOLLOW.sub("", read.blank))) > 2:
            return None
        return _Meant(f"{listed[0]} {letters_of(read)}")

    def _put(self, read: Reading, previous: Question, pointed: Pointed, day: date) -> _Meant | None:
        """The question with names for the words that point."""
        start, end = pointed.spans[0]
        if pointed.beyond:
            said = tuple(letters_of(read)[first:last].strip() for first, last in pointed.spans)
            return _Meant(
                letters_of(read), {"type": "stock", "tickers": (), "from_screen": False, "unknown_names": said, "alike": ()}
            )
        rest = erased(read.blank, pointed.spans)
        if len(pointed.tickers) > _MOST_TOLD:
            order = read.order_by or asked_order(read)
            if "compare" in read.intents or not (order or read.conditions or is_nothing(rest)):
                pointed = Pointed(pointed.spans, pointed.tickers[:_MOST_TOLD])
            else:
                return self._of_list(read, pointed.tickers, order)
        one, compares = len(pointed.tickers) == 1, "compare" in previous.intents
        goes_on = previous.type == "stock" and previous.tickers and not _NEVER & set(previous.intents)
        if goes_on and is_nothing(rest) and one != compares and one == (len(previous.tickers) == 1):
            return _Meant(self._about(previous, pointed.tickers, day))
        text = letters_of(read)
        for first, last in reversed(pointed.spans[1:]):
            text = text[:first] + " " * (last - first) + text[last:]
        names = " ".join(pointed.tickers)
        return _Meant(f"{text[:start]} {names} {text[end:]}".strip())

    def _more(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "더 보여줘", "5 more": the list before, longer."""
        found = MORE.search(read.blank)
        if found is None or read.hits or read.order_by or _NEVER & set(previous.intents):
            return None
        if previous.type == "stock":
            return _Meant(" ".join(previous.tickers)) if previous.tickers and "자세히" in read.blank else None
        if not (previous.order_by or previous.filter_text or previous.type in ("signal", "recommendation", "news")):
            return None
        word = next((value for value in found.groupdict().values() if value), "")
        step = (int(word) if word.isdigit() else NUMBERS[word]) if word else _USUAL.get(previous.type, _STEP)
        shown = previous.limit or _USUAL.get(previous.type, _STEP)
        changes: dict[str, Any] = {"limit": shown + step, **kept_of(previous)}
        return _Meant(previous.text, changes)

    def _ordered(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "반대로 하락률은?", "and by foreigners?": the order before turned round, or by another quantity."""
        name, _, end = previous.order_by.partition(":")
        if not end or read.hits or (read.type_found not in (None, "performance", "recommendation")):
            return None
        if read.days.first is not None or (read.conditions and any(is_slot(item) for item in read.conditions)):
            return None
        turned = OPPOSITE.search(read.blank)
        blank = FOLLOW.sub("", erased(read.blank, [turned.span()] if turned else []))
        own = read.order_by or (find_order(f"{blank} 상위") if find_order_field(blank) else "")
        if not own and name in ("foreign", "institution") and not find_order_field(blank):
            own = f"{name}:asc" if SOLD.search(blank) else f"{name}:desc" if BOUGHT.search(blank) else ""
        marked = turned is not None or FOLLOW.match(read.blank) is not None
        short = len(content_words(blank)) <= 2 and find_limit(blank) is None
        if turned is not None and not own and is_nothing(blank):
            own = f"{name}:{'desc' if end == 'asc' else 'asc'}"
        if (
            not own
            or ":" not in own
            or not short
            or (read.strangers and turned is None)
            or (not marked and ORDER_WORD.search(read.blank))
        ):
            return None
        field_name, _, own_end = own.partition(":")
        if turned is not None and field_name == name:
            own_end = "desc" if end == "asc" else "asc"
        elif not marked and own_end == "desc" and field_name != name and field_name in ("foreign", "institution"):
            own_end = end  # "institutions?" behind the most sold by foreigners
        elif read.order_by == "" and own_end == "desc" and {field_name, name} <= {"foreign", "institution"}:
            own_end = end
        changes = {**kept_of(previous), "order_by": f"{field_name}:{own_end}", "limit": previous.limit}
        changes["intents"] = tuple(dict.fromkeys(("rank", "screen", *read.intents)))
        return _Meant(previous.text, changes)

    def _narrowed(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "코스닥만", "only those bought by foreigners": the list before under one more condition."""
        if (
            read.hits
            or not read.conditions
            or not previous.listed
            or previous.type == "stock"
            or ONLY.search(read.blank) is None
        ):
            return None
        if read.type_found not in (None, "market", "recommendation") or read.strategies:
            return None
        if not (previous.order_by or previous.filter_text):
            return self._of_list(read, previous.listed, "") if previous.type != "signal" or not read.grades else None
        if previous.among:
            return self._of_list(read, previous.listed, previous.order_by)
        kept = without_same(previous.filter_text, read.conditions)
        line = filter_line(read.blank, read.conditions, previous.language)
        return _Meant(previous.text, {**kept_of(previous), "filter_text": joined(kept, line, previous)})

    def _news_time(self, read: Reading, previous: Question, _day: date) -> _Meant | None:
        """ "그 뉴스 언제 나왔어?": the news before, which are told with their time."""
        if read.hits or WHEN_OUT.search(read.blank) is None:
            return None
        if previous.type == "news":
            return _Meant(previous.text, {"limit": previous.limit})
        if previous.type == "stock" and previous.tickers:
            word = "뉴스" if read.language == "ko" else "news"
            return _Meant(f"{' '.join(previous.tickers)} {word}")
        return None

    # -- the question before with a part changed ----------------------------------------------------------------------------

    def _changed(self, read: Reading, previous: Question, day: date) -> _Meant | None:
        """ "하이닉스는?", "지난주는?", "종가베팅으로는?", "A등급은?": the question before with another part."""
        if _NEVER & set(previous.intents) or (read.strangers and not read.hits):
            return None
        parts = parts_of(read)
        named = {kind for kind, spans in parts.items() if spans}
        if not named:
            return None
        allowed = may_change(previous)
        if not named <= allowed:
            return None
        if previous.type == "stock" and "strategy" in named and "name" not in named and LISTS_ASKED.search(read.blank):
            return None  # "show me the closing bets" asks for them all
        blank = FOLLOW.sub(lambda match: " " * len(match.group(0)), read.blank)
        rest = erased(blank, [span for spans in parts.values() for span in spans])
        if not is_nothing(rest) or (named == {"market"} and OPINION.search(rest) and previous.type != "market"):
            return None
        if "name" in named and previous.type == "stock" and len(set(previous.tickers)) > 1:
            return None
        text = self._full(previous)
        base = letters_of(read)
        for kind in ("name", "strategy", "grade", "who", "market", "sector", "count", "day"):
            if kind not in named:
                continue
            words = " ".join(base[start:end].strip() for start, end in parts[kind])
            if kind == "name":
                words = " ".join(dict.fromkeys(hit.ticker for hit in read.hits))
            before = parts_of(self._read(text, day))[kind]
            if kind == "name" and previous.unknown_names and not before:
                before = [(stranger.start, stranger.end) for stranger in self._read(text, day).strangers]
            if kind == "who" and not before:
                return None
            text = replaced(letters_of(self._read(text, day)), before, words)
        changes: dict[str, Any] = {} if "count" in named else {"limit": previous.limit}
        if previous.order_by or previous.filter_text:
            line = filter_line(read.blank, [item for item in read.conditions if is_slot(item)], previous.language)
            changes |= {"type": previous.type, "intents": previous.intents, "tickers": (), "from_screen": False,
                        "order_by": previous.order_by, "among": previous.among,
                        "filter_text": joined(without_same(previous.filter_text, read.conditions), line, previous)}  # fmt: skip
        return _Meant(text, changes)

    def _full(self, question: Question) -> str:
        """The text of a question with the stocks it was about."""
        read = self._read(question.text, self._days[-1].astype("datetime64[D]").item())
        if not question.tickers or read.hits:
            return question.text
        return f"{' '.join(question.tickers)} {question.text}"

    def _about(self, previous: Question, tickers: Sequence[str], day: date, wrong: Sequence[str] = ()) -> str:
        """The question before about other stocks; ``wrong`` are those to be replaced, all of them by default."""
        text = self._full(previous)
        read = self._read(text, day)
        spans = spans_of_hits(read.folded, read.hits)
        meant = [span for span, hit in zip(spans, read.hits, strict=True) if not wrong or hit.ticker in wrong]
        places = meant or spans or [(stranger.start, stranger.end) for stranger in read.strangers]
        return replaced(letters_of(read), places, " ".join(tickers))
