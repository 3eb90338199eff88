"""What is asked for: question types of domain.md §8.1 and the finer intents, by trigger words in Korean and English.

Patterns read a folded text in which stock names are blanked out, so that no name triggers anything. They stand in
``resources/assistant/triggers.json``.
"""

from __future__ import annotations

from typing import cast

from ralphstock_desktop.services.assistant.triggers import named, phrases
from ralphstock_desktop.services.assistant_contracts import QuestionType

__all__ = ["BY_TYPE", "CHANGING", "GREETING", "HELP", "INTENTS", "STOCK_INTENTS", "STRATEGIES", "find_strategies"]

HELP = phrases("help")
GREETING = phrases("greeting")
BY_TYPE = tuple((cast("QuestionType", name), pattern) for name, pattern in named("types"))
"""Types after ``stock``, in the order of the law; the first that matches counts."""
INTENTS = named("intents")
"""Finer intents in order of importance."""
CHANGING = phrases("changing")
"""The user himself asks for something to be done; only read together with an intent that changes something."""
STRATEGIES = named("strategies")
STOCK_INTENTS = frozenset(
    ("why", "flow", "plan", "price", "score", "chart", "order", "forecast", "watch", "alert", "open", "recommend", "what_if")
)
"""Intents that need a stock: named nowhere, the one on screen is meant."""


def find_strategies(text: str) -> tuple[str, ...]:
    """Strategies named in a folded text, in order of mention."""
    found = [(match.start(), name) for name, pattern in STRATEGIES if (match := pattern.search(text)) is not None]
    return tuple(name for _, name in sorted(found))
