"""What a question says by itself: names, days, numbers, conditions, intents; screen and conversation are not looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.services.assistant.asked import (
    find_absent,
    find_details,
    find_order,
    find_order_field,
    find_special_list,
)
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
_GATE_NOW = phrase("gate_now")
_NAMES = re.compile(f"{BLANK}+")
_HOW_MADE = re.compile(r"how (?:is|are|do)|어떻게|계산|공식|기준")
_GATE_SCORE = phrase("gate_score")
_INDEX, _LISTED = phrase("market_index"), phrase("listing")
_OTHERS_TRADE = phrase("others_trade")
_OF_GRADES = re.compile(r"등급|신호|점수|grade|signal|score|changed|새로")
_HOW_MANY = re.compile(r"몇\s?(?:개|종목|건)|how many")
_TARGET_PRICE = re.compile(r"(?:target|stop) prices?(?! consensus)")
_AGAINST_ITSELF = re.compile(r"§\S{0,2}\s?.{0,16}대비|(?:versus|vs\.?|against|relative to) (?:its|the) ")
_THAN_NUMBER = re.compile(r"\d\S*보다\s?(?:낮|높|많|적|작|큰|크)\S*")
_SELLING = phrase("order_selling")
_HOURS = phrase("market_hours")
_STOCK_ASKED = re.compile(
    r"종목\S{0,2}\s?(?:이\s?)?(?:뭐|뭔|무엇|어떤)|주식\S{0,2}\s?(?:뭐|뭔|무엇)|(?<![a-z])(?:stocks?|names?|shares?)(?![a-z])"
)
_FLOW_ALONE = re.compile(r"(?:외국인|기관) [<>] 0")
_NOW_SAID = re.compile(r"오늘|금일|당일|하루|어제|전일|그제|today|yesterday|요일|day(?![a-z])")
_BEST_OF_DAYS = re.compile(
    r"(?<![a-z])(?P<up>best|top)?(?P<down>worst)? ?(?:performing |performer )?(?:stocks?|names?|performers?|movers)(?![a-z])"
)
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
    text = _spaced(text)
    folded = fold((text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} … {text[-_TAIL:]}").strip())
    hits = _accepted(folded, names)
    blank = _blanked(folded, hits)
    days = find_days(blank, trading_days, as_of)
    strangers = () if _PRIVATE.search(blank) else find_strangers(folded, blank, hits, names)
    # "한달치로": what was read as a span of days is no name
    strangers = tuple(
        each for each in strangers if not any(each.start < end and each.end > start for start, end in days.places)
    )
    language = _language(blank, folded)
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
    order_by = _ordered_by(blank, found, conditions)
    best = _BEST_OF_DAYS.search(blank) if not order_by and days.first is not None and "compare" not in found else None
    if best is not None and (best["up"] or best["down"]):
        order_by = f"change:{'asc' if best['down'] else 'desc'}"  # "the best stock this month" is the one that rose most
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
        absent=_absent(blank, found, conditions, order_by),
        order_by=order_by,
    )


def _absent(blank: str, found: Sequence[str], conditions: Sequence[Condition], order_by: str) -> tuple[str, ...]:
    """Quantities no data hold, those left out that only seem to be asked for."""
    absent = () if "news" in found else find_absent(blank)
    if order_by.endswith("_streak"):
        absent = tuple(name for name in absent if name != "flow_streak")  # lists of those there are
    if any(item.korean.startswith("업종") for item in conditions) or "news" in found:
        absent = tuple(name for name in absent if name != "theme")
    if _HOURS.search(blank) and "definition" not in found:
        absent = tuple(name for name in absent if name != "after_hours")  # when they trade is known, what they pay is not
    return absent


_CHATTED = re.compile(r"(?<=[가-힣])(ㅇㄷ|ㅊㅊ|ㄱㄱ+|ㄷㄷ+|ㅇㅇ+|ㅋ+|ㅎ+|ㅠ+|ㅜ+)(?![ㄱ-ㅎ])")
_CHAT = {"ㅇㄷ": " 어디", "ㅊㅊ": " 추천"}
_TIME_GLUED = re.compile(r"(오늘|어제|요즘|지금|내일)(?=장(?!중)|코스피|코스닥|시장|증시)")
_WHO_BOUGHT = re.compile(
    r"(외국인|외인|기관|연기금)(이|은|가|들이|에서)?(산|판|사는|파는|담은|던진)(?=코스|종목|주식|거|것|애|반도체)"
)


def _spaced(text: str) -> str:
    """A text as it would be typed with spaces: letters of chat stand apart, and who bought is no part of what was bought."""
    text = _CHATTED.sub(lambda match: _CHAT.get(match.group(0), f" {match.group(0)}") + " ", text)
    text = _TIME_GLUED.sub(r"\1 ", text)
    return _WHO_BOUGHT.sub(r"\1\2 \3 ", text).strip() if text.strip() else text


def _settle(found: list[str], blank: str, conditions: Sequence[Condition]) -> None:
    """Where words of two intents stand, leave the one that is meant: "narrowly missed" is no change since yesterday, and
    neither is "fell more than 10 %"."""
    if "price" in found and _WHATS_UP.search(blank):
        found.remove("price")
    if "score" in found and _THAN_BEFORE.search(blank) and ("compare" not in found or len(_NAMES.findall(blank)) == 1):
        # "today's score against yesterday's" compares no two stocks.
        found[:] = ["diff", *(name for name in found if name not in ("compare", "diff"))]
    if "flow" in found and _OTHERS_TRADE.search(blank):
        # "why do institutions sell it", "how much did foreigners put in"
        found[:] = [name for name in found if name not in ("order", "plan", "recommend")]
    if "order" in found and _WHEN_TO.search(blank):
        found.remove("order")  # when to sell is asked, nothing is ordered
        found.append("recommend")
    if "definition" in found and _GATE_NOW.search(blank):
        found.remove("definition")  # "what is the gate score" asks for the number
    if "forecast" in found and "definition" in found and _HOW_MADE.search(blank):
        found.remove("forecast")  # how a target is set is a rule
    if "record" in found and "definition" in found and _ORDER_WORD.search(blank):
        found.remove("definition")  # "which grade has the highest win rate" asks for no word's meaning
    if "definition" in found and "forecast" in found and find_strategies(blank):
        found.remove("forecast")  # "from when can one enter a day trade" asks for a rule
    if "definition" in found and _STOCK_ASKED.search(blank) and find_order(blank):
        found.remove("definition")  # "what is the most traded stock" asks for it
    if "diff" in found and any(item.korean.startswith(("외국인", "기관")) for item in conditions):
        found.remove("diff")  # "bought while it fell" speaks of no change of grades
    if "diff" in found and find_order(blank) and _OF_GRADES.search(blank) is None:
        found.remove("diff")  # "traded most, yet fallen" is an order and a condition
    if "definition" in found and find_special_list(blank) and _HOW_MANY.search(blank):
        found.remove("definition")  # "how many hit the limit"
    if "record" in found and any(item.korean.startswith(("마지막낙폭", "첫낙폭")) for item in conditions):
        found.remove("record")  # a depth of the pattern, not of an account
    if "forecast" in found and "plan" in found and _TARGET_PRICE.search(blank):
        found.remove("forecast")  # the target the rules set
    if "compare" in found and len(_NAMES.findall(blank)) == 1 and _AGAINST_ITSELF.search(blank):
        found.remove("compare")  # "against its low" compares no two stocks
    measured = any(is_measured(item) for item in conditions)
    if "diff" in found and ("near" in found or (measured and _SINCE_BEFORE.search(blank) is None)):
        found.remove("diff")
    if "data" in found and "forecast" in found:
        found.remove("forecast")  # "up to which day" asks of the past
    if "definition" in found and BLANK not in blank:
        found[:] = [name for name in found if name not in ("compare", "open")]  # "the difference between PENDING and OPEN"


def _ordered_by(blank: str, found: Sequence[str], conditions: Sequence[Condition]) -> str:
    """What stocks are to be put in order by; nothing where something else is asked for."""
    if _UNORDERED - {"sector"} & set(found):
        return ""
    blank = _THAN_NUMBER.sub(lambda match: " " * len(match.group(0)), blank)  # "lower than -3 %" is a condition
    of_sector = any(item.korean.startswith("업종") for item in conditions)
    if of_sector and "flow" in found and not {"compare", "news", "diff"} & set(found) and not find_order(blank):
        # "flows of the battery stocks": who bought most of them
        who = "institution" if find_order_field(blank) == "institution" else "foreign"
        return f"{who}:{'asc' if _SELLING.search(blank) else 'desc'}"
    if "sector" in found:
        return ""
    alone = [item for item in conditions if item.compares]
    of_flow = len(alone) == 1 and _FLOW_ALONE.fullmatch(alone[0].korean) is not None and not find_order(blank)
    if of_flow and _NOW_SAID.search(blank) and _LISTED.search(blank):
        who = "foreign" if alone[0].korean.startswith("외국인") else "institution"
        return f"{who}:{'asc' if '<' in alone[0].korean else 'desc'}"  # the filter knows sums of five days, not today's
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
