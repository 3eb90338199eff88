"""Answers to a greeting and to "what can you do": abilities with examples, panels, keys, or the help page asked about."""

from __future__ import annotations

from ralphstock_desktop.services.assistant.answers.general import EXAMPLES, examples, same_words, tell_section, topic
from ralphstock_desktop.services.assistant.answers.market_parts import Writer
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.help_pages import help_book
from ralphstock_desktop.services.assistant.intents import GREETING, HELP
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant_contracts import Span

__all__ = ["answer_help"]

_ABILITIES = ("scores", "market", "signals", "record", "news", "screen", "meaning", "open")
_TOPICS = ("start", "assistant", "evidence", "vcp", "gate", "record")
_THANKS = phrase("thanks")
_GREETINGS = ("ㅎㅇ", "하이", "안녕", "반가", "hello", "hi ", "hey", "good morning", "good evening")


async def answer_help(desk: Desk, draft: AnswerDraft) -> None:
    """Greet, or tell what the program can do; a question about one matter gets its help page."""
    writer, question = Writer(desk, draft), draft.question
    book = help_book(draft.book.language)
    said = (*question.words, *same_words(question.text))
    found = book.find(" ".join(said)) if said else []
    text = f"{question.text.strip().casefold()} "
    if found and found[0][0].words and not text.startswith(_GREETINGS):
        tell_section(writer, found[0][0])
        return
    if _THANKS.search(text) and not text.startswith(_GREETINGS):
        writer.say("help.thanks")
        writer.items([writer.line(f"example.{name}") for name in EXAMPLES[:3]])
        return
    greets = text.startswith(_GREETINGS) or (GREETING.search(text) is not None and HELP.search(text) is None)
    writer.say("help.hello" if greets else "help.line")
    writer.items([writer.line(f"help.can.{name}") for name in _ABILITIES])
    writer.say("help.try")
    examples(writer)
    for anchor in ("shortcuts.main", "start.panels"):
        section = book.section(anchor)
        if section is not None and not greets:
            tell_section(writer, section)
    writer.say("help.limits")
    titles: list[Span] = []
    for anchor in _TOPICS:
        if (section := book.section(anchor)) is not None:
            titles += [*(writer.line("comma") if titles else ()), *writer.cell(topic(writer, section))]
    writer.say("general.more", titles=tuple(titles))
