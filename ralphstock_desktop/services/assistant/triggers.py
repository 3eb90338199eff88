"""The patterns of ``resources/assistant/triggers.json`` and the word lists of ``words.json``, compiled once.

Patterns are regular expressions over folded text (:mod:`folding`): lower case, composed, single spaces. They are data because
they are vocabulary: a new way to ask for something is a line there, not code. ``@name`` stands for the patterns of a type.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import resources

__all__ = ["named", "phrase", "phrases", "spoken", "words"]


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(resources.read_text("assistant", "triggers.json"))
    return table


@lru_cache(maxsize=1)
def _words() -> dict[str, list[str]]:
    table: dict[str, list[str]] = json.loads(resources.read_text("assistant", "words.json"))
    return table


def _source(patterns: list[str]) -> str:
    parts = []
    for pattern in patterns:
        if pattern.startswith("@"):
            entry = next(item for item in _table()["types"] if item["name"] == pattern[1:])
            parts.append(_source(entry["patterns"]))
        else:
            parts.append(pattern)
    return "|".join(parts)


def phrases(name: str) -> re.Pattern[str]:
    """One list of patterns (``help``, ``greeting``, ``changing``) as a single one."""
    return re.compile(_source(_table()[name]))


def phrase(name: str) -> re.Pattern[str]:
    """A pattern of the section ``phrases``: turns of speech the modules ask for by name."""
    return re.compile(_source(_table()["phrases"][name]))


def named(section: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Entries of a section in their order, each with its patterns as one (``types``, ``intents``, ``strategies``)."""
    return tuple((entry["name"], re.compile(_source(entry["patterns"]))) for entry in _table()[section])


def spoken(section: str) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Entries of a section that say what to write in Korean and English (``fields``, ``states``, ``markets``, ``moves``)."""
    return tuple((re.compile(_source(entry["patterns"])), entry["korean"], entry["english"]) for entry in _table()[section])


def words(name: str) -> tuple[str, ...]:
    """A list of ``words.json``, in its order."""
    return tuple(_words()[name])
