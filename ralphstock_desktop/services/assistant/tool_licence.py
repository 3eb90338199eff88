"""Whether what a model writes into a tool's arguments stems from the user's own words."""

from __future__ import annotations

import re
from functools import lru_cache

from ralphstock_desktop.services.assistant.folding import fold
from ralphstock_desktop.services.assistant.wordlore import PARTICLES, is_known_word, strip_particles
from ralphstock_desktop.services.filters.scan_words import scan_vocabulary

__all__ = ["is_own_name", "is_worded", "numbers_in"]

_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?|\.\d+")
_LETTERS = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=1)
def _filter_words() -> str:
    """Every word of the filter language, one a line."""
    known = scan_vocabulary()
    words = {alias for each in known.fields for alias in (*each.aliases, *each.choices)}
    words |= known.all_of | known.any_of | known.none_of | known.has | known.missing
    words |= known.plain_units | set(known.multipliers)
    return "\n".join(sorted(words))


def is_worded(condition: str, own: str) -> bool:
    """Whether each word of a condition is one of the filter language, or the user's."""
    known = f"{_filter_words()}\n{fold(own).text}"
    return all(word in known for word in _LETTERS.findall(fold(condition).text))


def numbers_in(text: str) -> set[float]:
    """The numbers written in digits in a text."""
    return {float(run.replace(",", "")) for run in _DIGITS.findall(fold(text).text)}


def is_own_name(query: str, asked: str) -> bool:
    """Whether a query stands in the user's words as a word of its own (particles aside) and may be the name of a stock.

    Part of a name is not that name: who writes SK하이닉스 did not ask for everything called SK.
    """
    words = fold(query).text.split()
    if len("".join(words)) < 2 or all(is_known_word(word) or is_known_word(strip_particles(word)) for word in words):
        return False
    text = fold(asked).text
    for match in re.finditer(r"\s?".join(re.escape(letter) for letter in "".join(words)), text):
        after = text[match.end() :]
        if not text[: match.start()][-1:].isalnum() and (not after[:1].isalnum() or PARTICLES.match(after)):
            return True
    return False
