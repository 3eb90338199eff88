"""From a question to what is read for it, and from what was read to a finished answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal

from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import FactBook
from ralphstock_desktop.services.assistant.grounding_letters import plain_text
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant_contracts import (
    Answer,
    Block,
    Chart,
    Fact,
    Question,
    Screen,
    SourceChip,
    Target,
    spans_of,
)
from ralphstock_desktop.wording.texts import Texts

__all__ = [
    "REFUSED_INTENTS",
    "answer_of",
    "chips_of",
    "facts_used",
    "lists_another",
    "read_answer",
    "read_into",
    "template_answer",
]

Reader = Callable[[Desk, AnswerDraft], Awaitable[None]]
REFUSED_INTENTS = frozenset({"private"})
"""What is never answered, whatever else the question holds."""

_SIGNALS = re.compile(r"신호(?!등)|시그널|vcp|종가\s?베팅|종베|단타|signals?\b|closing[- ]bets?", re.IGNORECASE)
"""A market is named beside these to limit the list, not to ask how it stands."""
_OF_NEWS = re.compile(f"{phrase('good_news').pattern}|{phrase('bad_news').pattern}")
_HOURS = phrase("market_hours")
_SIGNAL_SAID = re.compile(r"신호(?!등)|시그널|(?<![a-z])signals?(?![a-z])", re.IGNORECASE)
_EXCESS = re.compile(r"초과\s?수익|excess return", re.IGNORECASE)
_GRADES_ONLY = re.compile(r"(?:등급|grade) >?= [SABC]")
_OPEN_DAY = re.compile(r"휴장|휴일|연휴|쉬[는나냐어]|holiday|closed", re.IGNORECASE)
"""Beside words of the hours: whether the exchange opens at all is asked."""
_LISTED = re.compile(r"추천\s?(?:종목|주|목록|리스트)|recommendations|recommended (?:stocks|names)", re.IGNORECASE)
_PANELS = {
    "bars": "chart",
    "flow": "flow",
    "article": "news",
    "gate": "gate",
    "record": "performance",
    "evidence": "evidence",
}
_ICONS = {
    "evidence": "evidence",
    "cell": "table",
    "bars": "candles",
    "flow": "flow",
    "article": "news",
    "gate": "gate",
    "record": "trend",
    "help": "unknown",
    "panel": "table",
}
_MOST_CHIPS = 12
_GLANCE = 6
"""So many chips are taken in at a glance; with more, those of one panel are put together."""
_TICKER = re.compile(r"[0-9A-Z]{6}")
_CLAIMS = re.compile(
    r"추천\s?(?:종목|목록|주|픽)(?:은|는|으로는|으로|에는|입니다|\s?[:：])|추천\s?\S{0,2}순위"
    r"|\b(?:recommended|recommendations?|top picks?)(?: stocks?| names?)?(?: (?:today|now))?(?: is\b| are\b|:)",
    re.IGNORECASE,
)
"""Says that stocks are recommended."""
_DENIED = re.compile(r"없|않|아니|아닙|\b(?:not|no|none|nothing)\b", re.IGNORECASE)


def _reader(question: Question) -> Reader:
    """The function that answers a type of question; imported when it is first needed."""
    from ralphstock_desktop.services.assistant.answers.opening import panel_named

    if REFUSED_INTENTS & set(question.intents):
        from ralphstock_desktop.services.assistant.answers.refusals import answer_refusal

        return answer_refusal
    if question.among:
        from ralphstock_desktop.services.assistant.answers.among import answer_among

        return answer_among
    if question.type == "stock":
        from ralphstock_desktop.services.assistant.answers.stock import answer_stock

        return answer_stock
    if question.order_by and question.type != "recommendation":
        from ralphstock_desktop.services.assistant.answers.ranking import answer_ranking

        return answer_ranking
    if question.grades and question.first_day is not None and _GRADES_ONLY.fullmatch(question.filter_text):
        return _by_type("signal")  # signals of earlier days are stored; the grades of all stocks then are not
    of_signals = question.type == "signal" and question.strategies == ("VCP",) and _SIGNAL_SAID.search(question.text)
    if of_signals and question.filter_text and not {"near", "diff", "record", "definition"} & set(question.intents):
        return _by_type("signal")  # the signals that meet a condition, not all stocks
    if "trading_day" not in question.intents and "screen" in question.intents and question.filter_text:
        from ralphstock_desktop.services.assistant.answers.screen import answer_screen

        return answer_screen
    if "order" in question.intents or ("forecast" in question.intents and "trading_day" not in question.intents):
        from ralphstock_desktop.services.assistant.answers.refusals import answer_refusal

        return answer_refusal
    asked = set(question.intents)
    of_days = "trading_day" in asked and not {"definition", "news", "record"} & asked
    if of_days and (not _asks_hours(question.text) or _OPEN_DAY.search(question.text)):
        from ralphstock_desktop.services.assistant.answers.trading_days import answer_trading_days

        return answer_trading_days
    if "data" in asked and question.type not in ("stock", "help") and not {"definition", "record"} & asked:
        from ralphstock_desktop.services.assistant.answers.data_state import answer_data_state

        return answer_data_state
    if "override" in asked and question.type in ("market", "recommendation", "signal", "performance"):
        from ralphstock_desktop.services.assistant.answers.refusals import answer_refusal

        return answer_refusal
    if panel_named(question):
        from ralphstock_desktop.services.assistant.answers.opening import answer_opening

        return answer_opening
    if "outside" in asked or ("promise" in asked and question.type in ("general", "recommendation")):
        from ralphstock_desktop.services.assistant.answers.refusals import answer_refusal

        return answer_refusal
    if question.type == "market" and _asks_hours(question.text):
        return _by_type("market")
    if question.type == "performance" and "sector" in asked and not (question.grades or question.strategies):
        return _by_type("market")  # the return of a sector is the market's
    if "record" in question.intents and question.type in ("signal", "performance"):
        return _by_type("performance")
    if question.type == "market" and "recommend" in asked and _LISTED.search(question.text):
        return _by_type("recommendation")
    if question.type == "market" and "record" in asked and (question.grades or question.strategies):
        return _by_type("performance")
    if question.type == "recommendation" and "news" in asked and _OF_NEWS.search(question.text.casefold()):
        return _by_type("news")
    if question.type == "market" and _EXCESS.search(question.text):
        return _by_type("performance")
    if question.type == "market" and _SIGNALS.search(question.text) and "definition" not in question.intents:
        return _by_type("signal")
    if "definition" in question.intents and question.type != "help":
        return _by_type("general")
    return _by_type(question.type)


def _asks_hours(text: str) -> bool:
    return _HOURS.search(text.casefold()) is not None


def _by_type(name: str) -> Reader:
    if name == "market":
        from ralphstock_desktop.services.assistant.answers.market import answer_market as reader
    elif name == "recommendation":
        from ralphstock_desktop.services.assistant.answers.recommendation import answer_recommendation as reader
    elif name == "signal":
        from ralphstock_desktop.services.assistant.answers.signals import answer_signal as reader
    elif name == "performance":
        from ralphstock_desktop.services.assistant.answers.performance import answer_performance as reader
    elif name == "news":
        from ralphstock_desktop.services.assistant.answers.news import answer_news as reader
    elif name == "help":
        from ralphstock_desktop.services.assistant.answers.help import answer_help as reader
    else:
        from ralphstock_desktop.services.assistant.answers.general import answer_general as reader
    return reader


async def read_answer(desk: Desk, question: Question, screen: Screen, texts: Texts) -> AnswerDraft:
    """Read everything for a question and write its template answer.

    Raises
    ------
    RalphStockError
        Where something could not be read; never an empty answer instead.
    """
    draft = AnswerDraft(question, screen, FactBook(texts))
    await _reader(question)(desk, draft)
    return draft


async def read_into(desk: Desk, draft: AnswerDraft, question: Question) -> list[Fact]:
    """Read for another question into the same book; return the facts it speaks of. The draft's own text stays as it is."""
    extra = AnswerDraft(question, draft.screen, draft.book)
    before = len(draft.book.facts)
    await _reader(question)(desk, extra)
    draft.articles += [item for item in extra.articles if item not in draft.articles]
    draft.has_stock = draft.has_stock or extra.has_stock
    used = {span.fact for span in spans_of(extra.blocks)}
    return [fact for number, fact in enumerate(draft.book.facts) if number >= before or fact.id in used]


def template_answer(draft: AnswerDraft) -> Answer:
    """Return the template answer of what was read: every value in it is a fact by construction."""
    return answer_of(draft, tuple(draft.blocks), "template")


def answer_of(draft: AnswerDraft, blocks: tuple[Block, ...], source: Literal["model", "template"]) -> Answer:
    """Return a document over what was read as an answer, with the facts it speaks of and their sources."""
    used = facts_used(blocks, draft.book.facts)
    linked = sum(1 for span in spans_of(blocks) if span.fact)
    return Answer(
        source=source,
        language=draft.book.language,
        as_of=draft.screen.as_of,
        blocks=blocks,
        facts=used,
        chips=chips_of(used, draft.book.texts),
        numbers=linked,
        linked=linked,
        proposals=tuple(draft.proposals),
        disclaimer=draft.has_stock or any(_is_of_stock(fact) for fact in used),
        notes=tuple(draft.notes),
    )


def facts_used(blocks: Sequence[Block], facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The facts a document speaks of, in reading order."""
    known = {fact.id: fact for fact in facts}
    ids = [span.fact for span in spans_of(blocks) if span.fact]
    ids += [block.fact for block in blocks if isinstance(block, Chart) and block.fact]
    return tuple(known[fact_id] for fact_id in dict.fromkeys(ids) if fact_id in known)


def _is_of_stock(fact: Fact) -> bool:
    """Whether a fact says something about a listed stock."""
    return _TICKER.fullmatch(fact.ticker) is not None


def lists_another(draft: AnswerDraft, blocks: Sequence[Block], *, whole: bool) -> bool:
    """Whether a checked answer about what may be bought names other stocks than the list, or in another order.

    Recommendations are exactly those of the service (domain.md §8.3); a model may word them, not choose among them.

    Parameters
    ----------
    whole : bool
        Whether the answer is finished: then nothing of the list may be missing.
    """
    if draft.question.type != "recommendation":
        return _claims_list(draft, blocks)

    def named(document: Sequence[Block]) -> list[str]:
        return list(dict.fromkeys(fact.ticker for fact in facts_used(document, draft.book.facts) if _is_of_stock(fact)))

    listed, said = named(draft.blocks), named(blocks)
    return said != listed if whole else said != listed[: len(said)]


def _claims_list(draft: AnswerDraft, blocks: Sequence[Block]) -> bool:
    """Whether an answer about something else calls stocks recommended that are in no list that was read."""
    text = plain_text("".join(f"{span.text} " if span.struck else span.text for span in spans_of(blocks))).text
    if not any(_DENIED.search(text, match.end(), match.end() + 40) is None for match in _CLAIMS.finditer(text)):
        return False
    listed = {fact.ticker for fact in draft.book.facts if fact.name.startswith("recommend.")}
    return any(_is_of_stock(fact) and fact.ticker not in listed for fact in facts_used(blocks, draft.book.facts))


def _family(fact: Fact, detail: int) -> tuple[str, ...]:
    """Facts of one family share a source chip. ``detail`` 2: groups of items apart; 1: panels and symbols; 0: panels alone."""
    target = fact.target
    panel = target.panel or _PANELS.get(target.kind, "")
    if target.kind == "article":
        return ("article", str(target.news_id), target.url)
    if target.kind == "help":
        return ("help", target.item if detail == 2 and fact.name == "help.topic" else "")
    if target.kind == "evidence" and detail == 2:
        return (panel, target.ticker, target.strategy, _group(target.item))
    return (panel, target.ticker if detail else "")


def _group(item: str) -> str:
    """Group of an evidence item: ``SM`` of ``SM3``; items with names of their own stand together."""
    letters = item.rstrip("0123456789")
    return letters if letters.isupper() else ""


def chips_of(facts: Sequence[Fact], texts: Texts) -> tuple[SourceChip, ...]:
    """Return the sources under an answer, numbered in reading order.

    They are as fine as can be taken in at a glance: by groups of items, else by panel and symbol, else by panel. Each value
    still leads to its own place. Where even those are too many, the last chip gathers the rest.
    """
    families: dict[tuple[str, ...], list[Fact]] = {}
    for detail in (2, 1, 0):
        families = {}
        for fact in facts:
            families.setdefault(_family(fact, detail), []).append(fact)
        if len(families) <= _GLANCE:
            break
    groups = list(families.values())
    rest = [fact for group in groups[_MOST_CHIPS - 1 :] for fact in group] if len(groups) > _MOST_CHIPS else []
    shown = {fact.target.ticker for fact in facts if fact.target.ticker}
    names = {fact.ticker: fact.text for fact in facts if fact.unit == "name"}
    chips: list[SourceChip] = []
    for members in groups[: _MOST_CHIPS - 1] if rest else groups:
        target = members[0].target
        title = _title(target, members, texts)
        if len(shown) > 1 and target.ticker and {fact.target.ticker for fact in members} == {target.ticker}:
            title = f"{names.get(target.ticker, target.ticker)} {title}"
        ids = tuple(fact.id for fact in members)
        chips.append(SourceChip(len(chips) + 1, title, _ICONS[target.kind], target, ids))
    if rest:
        ids = tuple(fact.id for fact in rest)
        chips.append(SourceChip(len(chips) + 1, texts("assistant.chip.more"), "more", rest[0].target, ids))
    return tuple(chips)


def _title(target: Target, members: Sequence[Fact], texts: Texts) -> str:
    panel, fact = target.panel or _PANELS.get(target.kind, ""), members[0]
    key = f"shell.dock.{panel}"
    title = texts(key) if panel and key in texts else fact.title
    group = _group(target.item)
    if target.kind == "evidence" and group and all(_group(each.target.item) == group for each in members):
        return f"{title} {group}"
    if target.kind == "help":
        is_topic = fact.name == "help.topic" and all(each.target.item == target.item for each in members)
        return fact.text if is_topic else texts("chat.help.title")
    if target.kind == "article":
        return fact.title or title
    return title
