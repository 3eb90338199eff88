"""Grades a text claims ("S등급", "grade A"), so that a letter is held to what was read like a number is.

Grades are checked only where grades were read: the words of a help page about what S means claim nothing of a stock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ralphstock_desktop.services.assistant_contracts import Fact

__all__ = ["graded", "grades_in"]

_GRADES = re.compile(
    r"(?<![A-Za-z])(?P<before>[SABCD]{1,3}[+-]?)[ -]?(?:등급|급(?![가-힣])|grade\b|rated\b)"
    r"|등급(?:은|이|을|도|:|은 현재|이 지금)?\s?[:=(]?\s?(?P<after>[SABCD]{1,3}[+-]?)(?![A-Za-z0-9])"
    r"|\b[Gg]rad(?:e|ed|es)(?: (?:is|was|of|as|at))?\s?[:=(]?\s?(?:an? )?(?P<english>[SABCD]{1,3}[+-]?)(?![A-Za-z0-9'])"
    r"|(?<![A-Za-z])(?P<plus>[SABC]{1,3}[+-])(?= (?:stock|share|name|score))"
)
_HEAD = re.compile(r"등급|\bgrade\b", re.IGNORECASE)
_CELL = re.compile(r"\s*([SABCD])\s*")


def grades_in(text: str, head: str = "") -> list[tuple[int, int, str]]:
    """Where a plain text claims a grade: start and end of the letter, and the letter.

    Parameters
    ----------
    head : str
        Row and column titles where the text is a table's cell.
    """
    cell = _CELL.fullmatch(text) if head and _HEAD.search(head) else None
    if cell is not None:
        return [(cell.start(1), cell.end(1), cell.group(1))]
    if not any(word in text for word in ("급", "rade", "rated", "+ ", "- ")):
        return []
    return [(*match.span(match.lastgroup or 0), match.group(match.lastgroup or 0)) for match in _GRADES.finditer(text)]


def graded(grades: Sequence[Fact], letter: str, tickers: Sequence[str]) -> Fact | None:
    """The fact that holds the grade of one of the stocks spoken of, or of none in particular."""
    fitting = [fact for fact in grades if letter in (fact.value, fact.target.item if fact.target.kind == "record" else "")]
    return next((fact for fact in fitting if not tickers or not fact.ticker or fact.ticker in tickers), None)
