"""Text made comparable: composed Hangul, half-width, lower case, with the way back to the places in the text as typed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Folded", "fold", "fold_word"]

_FULL_FIRST, _FULL_LAST, _FULL_SHIFT = 0xFF01, 0xFF5E, 0xFEE0
_JAMO_TAIL_FIRST, _JAMO_TAIL_LAST = 0x1160, 0x11FF
_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u3000\t\r\n]")
_ODD = re.compile(r"[^ -~\u3131-\u318e\uac00-\ud7a3\u00b7\u2026\u00d7%]|  ")
"""Anything beside plain ASCII, composed Hangul and a few signs: only such text needs the slow way."""
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
_QUOTES = {
    "\u2019": "'",
    "\u2018": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2212": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u301c": "~",
}


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text.

    Attributes
    ----------
    text : str
        Lower case, composed, half-width; every kind and run of spaces is one plain space.
    starts, ends : tuple of int
        For each character of ``text`` the span of the typed text it stands for.
    typed : str
        The text as it was typed, composed and half-width but in its own case; as long as ``text``.
    """

    text: str
    typed: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Span in the typed text of a span of the folded one (not empty)."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """Fold a text. Decomposed Hangul (as file systems and some keyboards give it) is composed."""
    if _ODD.search(text) is None:
        places = tuple(range(len(text) + 1))
        return Folded(text.lower(), text, places[:-1], places[1:])
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and _continues(text[end]):
            end += 1
        cluster = text[at:end]
        if cluster not in _INVISIBLE:
            for letter in _composed(cluster):
                if letter == " " and letters and letters[-1] == " ":
                    continue
                letters.append(letter)
                starts.append(at)
                ends.append(end)
        at = end
    typed = "".join(letters)
    # A letter whose lower case is longer keeps its form: spans must stay aligned.
    lower = typed.lower()
    if len(lower) != len(typed):
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in typed)
    return Folded(lower, typed, tuple(starts), tuple(ends))


def fold_word(text: str) -> str:
    """Fold a name without its spaces: how names are compared."""
    return (text.lower() if _ODD.search(text) is None else fold(text).text).replace(" ", "")


def _continues(letter: str) -> bool:
    code = ord(letter)
    return _JAMO_TAIL_FIRST <= code <= _JAMO_TAIL_LAST or (code > 0x2FF and unicodedata.combining(letter) != 0)


def _composed(cluster: str) -> str:
    if len(cluster) == 1:
        code = ord(cluster)
        if code < 0x80:
            return " " if cluster in "\t\r\n" else cluster
        if _FULL_FIRST <= code <= _FULL_LAST:
            return chr(code - _FULL_SHIFT)
        if _SPACES.match(cluster):
            return " "
        return _QUOTES.get(cluster, cluster)
    return unicodedata.normalize("NFC", cluster)
