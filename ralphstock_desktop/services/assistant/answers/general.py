"""Answers about what something means: from the help pages and the rule book only, each threshold with its paragraph."""

from __future__ import annotations

import re

from ralphstock_desktop.services.assistant.answers.market_parts import Writer
from ralphstock_desktop.services.assistant.answers.refusals import answer_refusal
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.help_pages import HelpSection, help_book, section_blocks
from ralphstock_desktop.services.assistant.triggers import named
from ralphstock_desktop.services.assistant_contracts import Fact, Span, Target

__all__ = ["EXAMPLES", "answer_general", "examples", "same_words", "tell_section", "topic"]

REFUSED = frozenset({"promise", "override"})
"""Wishes that get a no where the question is about nothing else."""
_MARKET_WORDS = ("환율", "원달러", "원/달러", "exchange rate", "usd/krw", "usd krw", "usdkrw", "dollar")
_LISTED = re.compile(r"종목|(?<![a-z])(?:stocks|names|symbols|shares)(?![a-z])")
_SHORT = 2
_SYNONYMS = named("synonyms")
_DIFFERENCE = re.compile(r"차이|다른|다르|달라|구별|difference|differ|versus|\bvs\b")
EXAMPLES = ("market", "why", "recommend", "signal", "compare", "record", "news", "screen", "help")
"""Questions offered where there is no answer; text keys ``assistant_market.example.<name>``."""


def same_words(text: str) -> list[str]:
    """What the help calls things the question has another word for."""
    folded = text.casefold()
    return [name for name, pattern in _SYNONYMS if pattern.search(folded)]


async def answer_general(desk: Desk, draft: AnswerDraft) -> None:
    """Tell the section of the help pages that fits best, or what can be asked.

    What the gate means is told together with how it stands; "what is the rate of grade A" is no question about words.
    """
    # Those answers come here for what a word means, so they are known only when they are needed.
    from ralphstock_desktop.services.assistant.answers.market import tell_gate, tell_market
    from ralphstock_desktop.services.assistant.answers.performance import answer_performance

    writer, question = Writer(desk, draft), draft.question
    if REFUSED & set(question.intents):
        await answer_refusal(desk, draft)
        return
    if question.type == "performance" and (question.grades or question.strategies):
        await answer_performance(desk, draft)
        return
    text, book = " ".join((question.text, *question.words, *same_words(question.text))), help_book(draft.book.language)
    found = book.find(text)
    if question.absent and ("definition" not in question.intents or not found):
        tell_absent(writer)
        return
    if not found and any(word in text.casefold() for word in _MARKET_WORDS):
        await tell_market(desk, draft)
        return
    if not found and "averages" in question.details and _LISTED.search(text.casefold()):
        writer.say("screen.averages")
        return
    if not found:
        writer.say("general.none")
        examples(writer)
        return
    section = found[0][0]
    tell_section(writer, section)
    if _DIFFERENCE.search(text.casefold()) and len(found) > 1 and book.is_named(found[1][0], text):
        tell_section(writer, found.pop(1)[0])  # what two words tell apart takes both
    others = [other for other, _ in found[1:] if book.is_named(other, text)][:2]
    if others:
        titles = []
        for number, other in enumerate(others):
            titles += [*(writer.line("comma") if number else ()), *writer.cell(topic(writer, other))]
        writer.say("general.more", titles=tuple(titles))
    if question.type == "market":
        await tell_gate(writer)


def tell_absent(writer: Writer) -> None:
    """What was asked for and no data here hold."""
    spans: list[Span] = []
    for name in writer.draft.question.absent:
        spans += [*(writer.line("comma") if spans else ()), *writer.line(f"/assistant_stock.absent.{name}")]
    writer.say("/assistant_stock.absent.line", what=tuple(spans))


def topic(writer: Writer, section: HelpSection) -> Fact:
    """A section of the help by its title; a click opens it."""
    return writer.book.add("help.topic", section.title, "word", writer.title("help_title"), Target("help", item=section.anchor))


def tell_section(writer: Writer, section: HelpSection) -> None:
    """A section of the help with its numbers as facts of the rules in force; a page that is one thought, as a whole."""
    page = help_book(writer.book.language).page(section.page)
    for part in page if section is page[0] and len(page) <= _SHORT else (section,):
        writer.draft.blocks += section_blocks(part, writer.book, writer.desk.workstation.rules)


def examples(writer: Writer) -> None:
    """Questions that have an answer."""
    writer.items([writer.line(f"example.{name}") for name in EXAMPLES])
