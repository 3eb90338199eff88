"""Parts of a question that a follow-up may change, and what is left of a text without them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ralphstock_desktop.services.assistant.asked import find_order_field
from ralphstock_desktop.services.assistant.filters import Condition
from ralphstock_desktop.services.assistant.following_words import (
    COUNT,
    ENDS,
    FOLLOW,
    GRADE,
    LOW,
    MARKET,
    NOTHING_ELSE,
    SCORED,
    WHO,
)
from ralphstock_desktop.services.assistant.intents import STRATEGIES
from ralphstock_desktop.services.assistant.pointing import Pointed
from ralphstock_desktop.services.assistant.question_text import Reading, spans_of_hits
from ralphstock_desktop.services.assistant_contracts import Question

__all__ = [
    "asked_order",
    "erased",
    "is_implied",
    "is_nothing",
    "is_place",
    "is_slot",
    "joined",
    "kept_of",
    "letters_of",
    "may_change",
    "merged",
    "order_of_score",
    "parts_of",
    "replace_spans",
    "replaced",
    "without_same",
]

Spans = Sequence[tuple[int, int]]


def parts_of(read: Reading) -> dict[str, list[tuple[int, int]]]:
    """Places of the parts a follow-up may change."""
    blank = read.blank
    strategies = [match.span() for _, pattern in STRATEGIES for match in pattern.finditer(blank)]
    sectors = [(item.start, item.end) for item in read.conditions if item.korean.startswith("업종")]
    return {
        "name": spans_of_hits(read.folded, read.hits),
        "day": merged(read.days.places),
        "grade": merged([match.span() for match in GRADE.finditer(blank)]),
        "strategy": merged(strategies),
        "market": [match.span() for match in MARKET.finditer(blank)],
        "who": [match.span() for match in WHO.finditer(blank)],
        "sector": sectors,
        "count": [match.span() for match in COUNT.finditer(blank)],
    }


def may_change(previous: Question) -> set[str]:
    """Parts of a question that are changed by naming them alone."""
    if previous.type == "stock":
        return {"name", "day", "strategy", "who"} if previous.tickers or previous.unknown_names else set()
    if previous.order_by or previous.filter_text:
        return {"day", "market", "sector", "count", "grade"}
    return {
        "signal": {"day", "grade", "strategy", "market", "sector", "count"},
        "performance": {"day", "grade", "strategy", "market"},
        "recommendation": {"strategy", "count", "grade"},
        "news": {"name", "day", "sector", "count"},
        "market": {"day", "market", "sector"},
    }.get(previous.type, set())


def kept_of(previous: Question) -> dict[str, Any]:
    """What is set on a list that is asked for again."""
    return {
        "type": previous.type, "intents": previous.intents, "tickers": previous.tickers, "strategies": previous.strategies,
        "grades": previous.grades, "first_day": previous.first_day, "last_day": previous.last_day, "days": previous.days,
        "filter_text": previous.filter_text, "order_by": previous.order_by, "among": previous.among, "words": previous.words,
    }  # fmt: skip


def letters_of(read: Reading) -> str:
    """The text whose letters stand where those of ``read.blank`` do, as it was typed where that is possible."""
    folded = read.folded
    return folded.typed if len(folded.typed) == len(folded.text) else folded.text


def merged(spans: Spans) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def erased(text: str, spans: Spans) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def replaced(text: str, spans: Spans, words: str) -> str:
    """A text with words in place of its first span, and the other spans left out; in front where there is none."""
    if not spans:
        return f"{words} {text}"
    ordered = sorted(spans)
    for start, end in reversed(ordered[1:]):
        text = f"{text[:start]} {text[end:]}"
    start, end = ordered[0]
    return f"{text[:start]}{words}{text[end:]}"


def is_nothing(rest: str) -> bool:
    """Whether nothing is left of a question but particles and the little words around a part of one."""
    return NOTHING_ELSE.fullmatch(FOLLOW.sub("", rest)) is not None


def is_place(blank: str) -> bool:
    """Whether a place of a list is named by its number, not by words that also put stocks in order."""
    return re.search(r"번째|\d\s?번(?!\s?(?:올|떨))|(?:first|second|third|fourth|fifth|last) one|number \d", blank) is not None


def is_slot(item: Condition) -> bool:
    return item.korean.startswith(("시장", "업종", "등급"))


def is_implied(item: Condition, order: str) -> bool:
    """Whether a condition only repeats what the list is put in order by ("bought the most")."""
    name = {"foreign": "외국인", "institution": "기관", "change": "등락률"}.get(order.partition(":")[0])
    return name is not None and re.fullmatch(rf"{name} [<>] 0", item.korean) is not None


def without_same(line: str, conditions: Sequence[Condition]) -> str:
    """A filter line without what is now asked otherwise (another market, another grade)."""
    fields = {item.korean.partition(" ")[0] for item in conditions} | {item.english.partition(" ")[0] for item in conditions}
    if "(" in line or "또는" in line or " or " in line:
        return line
    joint = " 그리고 " if " 그리고 " in line else " and "
    return joint.join(part for part in line.split(joint) if part and part.partition(" ")[0] not in fields)


def joined(kept: str, line: str, previous: Question) -> str:
    """Two filter lines as one, in the words of the question before."""
    joint = " 그리고 " if previous.language == "ko" else " and "
    return joint.join(part for part in (kept, line) if part)


def replace_spans(pointed: Pointed, more: tuple[int, int]) -> Pointed:
    """What is pointed at, with another place to be left out of the text."""
    return replace(pointed, spans=(*pointed.spans, more))


def order_of_score(text: str) -> str:
    """An order by the score, which is none of the orders of the whole market."""
    if not SCORED.search(text):
        return ""
    return "total:asc" if LOW.search(text) else "total:desc" if ENDS.search(text) else ""


def asked_order(read: Reading) -> str:
    """What a table of a list is put in order by where a quantity is asked for without an order."""
    found = find_order_field(read.blank)
    if found:
        return f"{found}:desc"
    if "flow" in read.intents:
        return "foreign:desc"
    if "score" in read.intents or SCORED.search(read.blank):
        return "total:desc"
    return "change:desc" if "price" in read.intents else ""
