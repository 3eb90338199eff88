"""Which stocks an answer listed, in order: what "the second one" and "those" of the next question point at.

Derived from the answer as it is kept, so a conversation opened again next month knows its lists too. Only the symbols are taken
from it: every value is read anew from the data of the instant looked at, and what an article quoted is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ralphstock_desktop.services.assistant_contracts import Answer, Fact, Items, Question, Span, Table

__all__ = ["listed_after", "listed_of"]

_MOST = 60
_TICKER = re.compile(r"[0-9A-Z]{6}")


def listed_of(answer: Answer | None) -> tuple[str, ...]:
    """Return the symbols of an answer's tables, else of its lists, in reading order.

    Parameters
    ----------
    answer : Answer or None
        As kept; None for a question without one.

    Returns
    -------
    tuple of str
        Symbols, each once; empty where the answer lists no stocks.
    """
    if answer is None:
        return ()
    facts = {fact.id: fact for fact in answer.facts if not fact.quoted and _TICKER.fullmatch(fact.ticker)}
    in_tables: list[str] = []
    in_items: list[str] = []
    for block in answer.blocks:
        if isinstance(block, Table):
            if (columns := _named(block.head, facts)) and len(columns) > 1:
                in_tables += columns  # stocks side by side: one in each column
                continue
            for row in block.rows:
                in_tables += _named(row, facts)[:1]
        elif isinstance(block, Items):
            for item in block.items:
                in_items += _named((item,), facts)
    return tuple(dict.fromkeys(in_tables or in_items))[:_MOST]


def listed_after(question: Question, answer: Answer | None) -> tuple[str, ...]:
    """Return the last list shown once a question is answered: its own, else that of before.

    Stocks of the last list side by side are no other list: "the rest" still are those that are not compared.
    """
    own = listed_of(answer)
    if not own or (question.type == "stock" and (len(own) < 2 or set(own) <= set(question.listed))):
        return question.listed
    return own


def _named(cells: Iterable[tuple[Span, ...]], facts: dict[str, Fact]) -> list[str]:
    """Symbols whose names stand in cells; a value of a stock that is not named there is no entry of a list."""
    return [
        facts[span.fact].ticker for cell in cells for span in cell if span.fact in facts and facts[span.fact].unit == "name"
    ]
