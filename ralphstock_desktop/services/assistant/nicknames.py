"""What people call stocks beside their listed names: nicknames, English forms, group names; read from the shipped table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import resources
from ralphstock_desktop.services.assistant.folding import fold_word

__all__ = ["Nicknames", "load_nicknames"]


@dataclass(frozen=True)
class Nicknames:
    """The table ``resources/assistant/nicknames.json``.

    Attributes
    ----------
    nicknames, english : dict of ticker to words
        Short forms and former names; English names. Written with the spaces people write.
    sets : dict of word to tickers
        Words that mean several stocks at once (``삼전닉스``).
    groups : dict of folded word to tickers
        Names of groups of companies that name no single stock (``삼성``), best known member first.
    ordinary : frozenset of folded words
        Names that are ordinary words too (``대상``), which alone prove nothing.
    short_but_certain : frozenset of folded words
        Names of two letters nobody uses for anything else.
    prominent : tuple of tickers
        The best known stocks; they come first where several fit. A fixed list, so no later price can sway it.
    """

    nicknames: dict[str, tuple[str, ...]]
    english: dict[str, tuple[str, ...]]
    sets: dict[str, tuple[str, ...]]
    groups: dict[str, tuple[str, ...]]
    ordinary: frozenset[str]
    short_but_certain: frozenset[str]
    prominent: tuple[str, ...]


@lru_cache(maxsize=1)
def load_nicknames() -> Nicknames:
    """Read the shipped table once."""
    table = json.loads(resources.read_text("assistant", "nicknames.json"))

    def lists(name: str, *, folded: bool = False) -> dict[str, tuple[str, ...]]:
        return {fold_word(key) if folded else key: tuple(words) for key, words in table[name].items()}

    return Nicknames(
        nicknames=lists("nicknames"),
        english=lists("english"),
        sets=lists("sets"),
        groups=lists("groups", folded=True),
        ordinary=frozenset(fold_word(word) for word in table["ordinary"]),
        short_but_certain=frozenset(fold_word(word) for word in table["short_but_certain"]),
        prominent=tuple(table["prominent"]),
    )
