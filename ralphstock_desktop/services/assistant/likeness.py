"""Names that are nearly spelled like a word: compared letter by letter (Hangul in its parts), fast enough for every keystroke.

Two words are as alike as the share of letter pairs they have in common (Dice). Pairs are indexed, so a look-up touches only the
names that share some.
"""

from __future__ import annotations

from collections import Counter, defaultdict

__all__ = ["Likeness", "letters_of"]

_FIRST, _LAST, _PER_INITIAL, _PER_MEDIAL = 0xAC00, 0xD7A3, 588, 28
_LEAST = 0.6


def letters_of(word: str) -> str:
    """Take Hangul syllables apart into their letters; other characters stay."""
    parts = []
    for letter in word:
        code = ord(letter) - _FIRST
        if 0 <= code <= _LAST - _FIRST:
            parts.append(chr(0x1100 + code // _PER_INITIAL))
            parts.append(chr(0x1161 + code % _PER_INITIAL // _PER_MEDIAL))
            if code % _PER_MEDIAL:
                parts.append(chr(0x11A7 + code % _PER_MEDIAL))
        else:
            parts.append(letter)
    return "".join(parts)


def _pairs(word: str) -> frozenset[str]:
    # A mark at the beginning weighs the first letter: people rarely get that one wrong.
    letters = "^" + letters_of(word)
    return frozenset(letters[i : i + 2] for i in range(len(letters) - 1))


class Likeness:
    """An index of words, each standing for a ticker.

    Parameters
    ----------
    words : dict of word to ticker
        Folded words without spaces.
    """

    def __init__(self, words: dict[str, str]) -> None:
        self._tickers = list(words.values())
        self._sizes: list[int] = []
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, word in enumerate(words):
            pairs = _pairs(word)
            self._sizes.append(len(pairs))
            for pair in pairs:
                self._holders[pair].append(number)

    def nearest(self, word: str, limit: int = 5) -> tuple[tuple[str, float], ...]:
        """Return the tickers most alike with their likeness in (0.6, 1], best first, ties by ticker; empty if none is."""
        pairs = _pairs(word)
        shared: Counter[int] = Counter()
        for pair in pairs:
            shared.update(self._holders.get(pair, ()))
        best: dict[str, float] = {}
        for number, common in shared.items():
            likeness = 2.0 * common / (len(pairs) + self._sizes[number])
            ticker = self._tickers[number]
            if likeness > _LEAST and likeness > best.get(ticker, 0.0):
                best[ticker] = likeness
        return tuple(sorted(best.items(), key=lambda item: (-item[1], item[0]))[:limit])
