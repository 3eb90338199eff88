"""What a question says by itself: names, days, numbers, conditions, intents; screen and conversation are not looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.services.assistant.asked import find_absent, find_details, find_order, find_special_list
from ralphstock_desktop.services.assistant.dates import DaySpan, find_days
from ralphstock_desktop.services.assistant.filters import Condition, find_conditions, is_measured
from ralphstock_desktop.services.assistant.folding import Folded, fold
from ralphstock_desktop.services.assistant.intents import BY_TYPE, INTENTS, find_strategies
from ralphstock_desktop.services.assistant.names import NameBook, NameHit
from ralphstock_desktop.services.assistant.quantities import Amount, amounts_in, find_grades, find_limit
from ralphstock_desktop.services.assistant.strangers import Stranger, find_strangers
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant.wordlore import ENGLISH_WORDS, STOCK_CUE, WEAK_PARTICLES
from ralphstock_desktop.services.assistant_contracts import QuestionType
from ralphstock_desktop.wording.texts import Language

__all__ = ["BLANK", "QUOTED", "Reading", "read_question", "spans_of_hits"]

Days = npt.NDArray[np.datetime64]

BLANK = "§"
"""Stands for every letter of a stock's name, so that no name triggers anything."""
_HEAD, _TAIL = 400, 200
"""Characters that are read at both ends of a long text: the question is there, what lies between is pasted."""
QUOTED = phrase("quoted")
_PRIVATE = dict(INTENTS)["private"]
_ENGLISH_BEFORE = phrase("english_before")
_STRANGE_PAIR = phrase("strange_pair")
_LEAD_IN = phrase("lead_in")
_ARTICLE = re.compile(r"(?<![A-Za-z0-9])(?:a)(?=\s(?:grades?|rated)(?![a-z]))")
_WHEN_TO = phrase("when_to")
_WHATS_UP = phrase("whats_up")
_THAN_BEFORE = phrase("than_before")
_SINCE_BEFORE = phrase("since_before")
_OWN_WORDS = frozenset(("order", "alert", "watch", "override"))
"""Intents that never come from what a user quotes."""
_ORDER_WORD = phrase("order_word")
_GATE_NOW = re.compile(
    r"what(?:'s| is) the (?:market )?gate(?:'s)? (?:score|status|state|level|colou?r)(?: now| today)?\s*[?.]*$"
)
_NAMES = re.compile(f"{BLANK}+")
_HOW_MADE = re.compile(r"how (?:is|are|do)|어떻게|계산|공식|기준")
_GATE_SCORE = phrase("gate_score")
_INDEX, _LISTED = phrase("market_index"), phrase("listing")
_UNORDERED = frozenset(("definition", "private", "override", "order", "forecast", "alert", "sector", "promise"))
"""Intents beside which words of order put no stocks in order."""
_NO_LANGUAGE = frozenset(("vcp", "rs", "kospi", "kosdaq", "mdd", "vs", "s", "a"))


@dataclass
class Reading:
    """What has been read of one question so far."""

    folded: Folded
    blank: str
    """Folded text with the names blanked out; as long as ``folded.text``."""
    hits: tuple[NameHit, ...]
    strangers: tuple[Stranger, ...]
    language: Language
    days: DaySpan
    amounts: tuple[Amount, ...]
    conditions: tuple[Condition, ...]
    intents: tuple[str, ...]
    strategies: tuple[str, ...]
    grades: tuple[str, ...]
    type_found: QuestionType | None
    """First type of the law that its words trigger, ``stock`` and ``help`` aside."""
    details: tuple[str, ...] = ()
    """Quantities named by their own words."""
    absent: tuple[str, ...] = ()
    """Quantities asked for that no data hold."""
    order_by: str = ""
    """What stocks are to be put in order by, or a list by its name; empty for none."""


def read_question(text: str, names: NameBook, trading_days: Days, as_of: date) -> Reading:
    """Read what a text says by itself, without screen and conversation."""
    folded = fold((text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} … {text[-_TAIL:]}").strip())
    hits = _accepted(folded, names)
    blank = _blanked(folded, hits)
    strangers = () if _PRIVATE.search(blank) else find_strangers(folded, blank, hits, names)
    language = _language(blank, folded)
    days = find_days(blank, trading_days, as_of)
    taken = [*days.places, *((stranger.start, stranger.end) for stranger in strangers)]
    amounts = amounts_in(blank, taken)
    graded = _ARTICLE.sub("_", _blanked(folded, hits, typed=True)).lower() if len(folded.text) == len(folded.typed) else blank
    quiet = QUOTED.sub(lambda match: " " * len(match.group(0)), blank)
    found = [name for name, pattern in INTENTS if pattern.search(quiet if name in _OWN_WORDS else blank)]
    type_found = next((name for name, pattern in BY_TYPE if pattern.search(blank)), None)
    # "Is the gate's score above 70" asks of the gate, not for stocks.
    conditions = () if _GATE_SCORE.search(blank) else find_conditions(graded, amounts)
    _settle(found, blank, conditions)
    if type_found == "news" and days.future is None and "forecast" in found:
        found.remove("forecast")  # "news on raised price targets" asks for what was written, not for what will be
    return Reading(
        folded=folded,
        blank=blank,
        hits=hits,
        strangers=strangers,
        language=language,
        days=days,
        amounts=amounts,
        conditions=conditions,
        intents=tuple(found),
        strategies=find_strategies(blank),
        grades=find_grades(graded),
        type_found=type_found,
        details=find_details(blank),
        absent=() if "news" in found else find_absent(blank),
        order_by=_ordered_by(blank, found),
    )


def _settle(found: list[str], blank: str, conditions: Sequence[Condition]) -> None:
    """Where words of two intents stand, leave the one that is meant: "narrowly missed" is no change since yesterday, and
    neither is "fell more than 10 %"."""
    if "price" in found and _WHATS_UP.search(blank):
        found.remove("price")
    if "score" in found and _THAN_BEFORE.search(blank) and ("compare" not in found or len(_NAMES.findall(blank)) == 1):
        # "today's score against yesterday's" compares no two stocks.
        found[:] = ["diff", *(name for name in found if name not in ("compare", "diff"))]
    if "order" in found and _WHEN_TO.search(blank):
        found.remove("order")  # when to sell is asked, nothing is ordered
        found.append("recommend")
    if "definition" in found and _GATE_NOW.search(blank):
        found.remove("definition")  # "what is the gate score" asks for the number
    if "forecast" in found and "definition" in found and _HOW_MADE.search(blank):
        found.remove("forecast")  # how a target is set is a rule
    if "record" in found and "definition" in found and _ORDER_WORD.search(blank):
        found.remove("definition")  # "which grade has the highest win rate" asks for no word's meaning
    measured = any(is_measured(item) for item in conditions)
    if "diff" in found and ("near" in found or (measured and _SINCE_BEFORE.search(blank) is None)):
        found.remove("diff")
    if "definition" in found and BLANK not in blank:
        found[:] = [name for name in found if name not in ("compare", "open")]  # "the difference between PENDING and OPEN"


def _ordered_by(blank: str, found: Sequence[str]) -> str:
    """What stocks are to be put in order by; nothing where something else is asked for."""
    if _UNORDERED & set(found):
        return ""
    special = find_special_list(blank)
    if special and _INDEX.search(blank) and _LISTED.search(blank) is None:
        return ""  # whether an index stands at its high is asked of the index
    # A count of answers puts them in order too: "foreign net buying, five of them".
    return special or find_order(blank) or (find_order(f"{blank} 상위") if find_limit(blank) else "")


def _accepted(folded: Folded, names: NameBook) -> tuple[NameHit, ...]:
    """Hits that are meant as stocks: a name that is an ordinary word too needs a place that says so."""
    hits = names.find_in(folded)
    if not any(names.is_ordinary(hit) for hit in hits):
        return hits
    spans = spans_of_hits(folded, hits)
    kept = []
    for (start, end), hit in zip(spans, hits, strict=True):
        if not names.is_ordinary(hit) or _is_meant(folded.text, start, end, spans):
            kept.append(hit)
    return tuple(kept)


def spans_of_hits(folded: Folded, hits: Sequence[NameHit]) -> list[tuple[int, int]]:
    """Places of hits in the folded text."""
    at = {place: index for index, place in reversed(list(enumerate(folded.starts)))}
    until = {place: index + 1 for index, place in enumerate(folded.ends)}
    return [(at[hit.start], until[hit.end]) for hit in hits]


def _blanked(folded: Folded, hits: Sequence[NameHit], *, typed: bool = False) -> str:
    letters = list(folded.typed if typed else folded.text)
    for start, end in spans_of_hits(folded, hits):
        letters[start:end] = BLANK * (end - start)
    return "".join(letters)


def _is_meant(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether an ordinary word stands where a stock's name would."""
    before, after = text[:start], text[end:]
    particle = WEAK_PARTICLES.match(after)
    rest = after[particle.end() :] if particle is not None else after
    at_end = not rest.strip(" ?!.~…")
    pair = _STRANGE_PAIR.match(after)
    beside = {first for first, _ in spans}
    if pair is not None and end + pair.end() in beside:
        return True
    if any(_STRANGE_PAIR.fullmatch(text[last:start]) for _, last in spans if last < start):
        return True
    if _ENGLISH_BEFORE.search(before):
        return True
    if (STOCK_CUE.match(after) or (particle is not None and STOCK_CUE.match(rest))) and _LEAD_IN.search(before) is not None:
        lead = _LEAD_IN.search(before)
        return lead is not None and (not before[: lead.start()].strip() or bool(re.search(r"[,.?!]\s*$", before)))
    if at_end and not _LEAD_IN.sub("", before).strip():
        return True
    return re.match(r"'s(?![a-z])|\s(?:stock|shares?|price|news|chart|score|grade|flows?)(?![a-z])", after) is not None


def _language(blank: str, folded: Folded) -> Language:
    """Korean or English, by the words that are no names; by the names where nothing else stands."""
    hangul = len(re.findall(r"[가-힣ㄱ-ㅎ]+", blank))
    latin = [word for word in re.findall(r"[a-z']+", blank) if word in ENGLISH_WORDS and word not in _NO_LANGUAGE]
    if hangul == 0 and not latin:
        return "ko" if re.search(r"[가-힣ㄱ-ㅎ]", folded.text) or not re.search(r"[a-z]{2}", folded.text) else "en"
    return "en" if len(latin) > 2 * hangul else "ko"
