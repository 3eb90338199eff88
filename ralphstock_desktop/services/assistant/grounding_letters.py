"""Text as a reader sees it, for finding numbers: every disguise of a digit becomes the digit, invisible characters vanish.

The text shown is never changed by this; only the search runs on the plain form, and positions lead back to the original.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

__all__ = ["PlainText", "clean", "plain_text"]

_FIXED = {
    "\u066b": ".", "\u066c": ",", "\u201a": ",", "\uff64": ",", "\ufe50": ",", "\ufe52": ".",
    "\u066a": "%", "\ufe6a": "%", "\u2052": "%",
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\ufe63": "-", "\u2796": "-", "\u207b": "-",
    "\u208b": "-", "\u2795": "+", "\u207a": "+", "\u208a": "+", "\ufe62": "+",
    "\u2715": "\u00d7", "\u2716": "\u00d7", "\u2a2f": "\u00d7", "\u2613": "\u00d7", "\uffe6": "\u20a9",
    "\u223c": "~", "\u301c": "~", "\u2053": "~", "\u2044": "/", "\u2215": "/", "\ua789": ":", "\u2236": ":", "\u02d0": ":",
    "\U0001f51f": "10", "\U0001f4af": "100", "\u2800": " ", "\u3164": "", "\u115f": "", "\u1160": "", "\uffa0": "",
    "\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'",
}  # fmt: skip
_THIN = frozenset("\u2006\u2008\u2009\u200a\u202f")
_KEPT_FORMAT = frozenset("\n\t")


def _plain(letter: str) -> str:
    """What a reader takes one character for; empty if it cannot be seen."""
    if letter in _FIXED:
        return _FIXED[letter]
    if letter in _THIN:
        return ""
    kind = unicodedata.category(letter)
    if kind in {"Cf", "Mn", "Me"}:
        return ""
    if kind == "Zs":
        return " "
    if kind in {"Nd", "No", "Nl"}:
        value = unicodedata.numeric(letter, -1.0)
        return f"{value:.10g}" if value >= 0 else letter
    folded = unicodedata.normalize("NFKC", letter)
    return folded if len(folded) == 1 and folded.isascii() else letter


class _Table(dict[int, str]):
    """Filled as characters are met; ``odd`` holds those that change the length."""

    def __init__(self) -> None:
        super().__init__()
        self.odd: set[str] = set()

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        plain = letter if code < 0x7F else _plain(letter)
        if len(self) > 50_000:  # more characters than any honest text: do not grow without end
            self.clear()
        self[code] = plain
        if len(plain) != 1:
            self.odd.add(letter)
        return plain


_TABLE = _Table()


@dataclass(frozen=True, slots=True)
class PlainText:
    """The plain form and where each of its characters comes from; ``places`` is None where nothing moved."""

    text: str
    places: tuple[int, ...] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The run of the original that a run of the plain form stands for."""
        if self.places is None:
            return start, end
        if end <= start:
            return self.places[start], self.places[start]
        return self.places[start], self.places[end - 1] + 1

    def starts(self, place: int) -> int:
        """The first position of the plain form at or after a place of the original."""
        if self.places is None:
            return place
        low, high = 0, len(self.text)
        while low < high:
            middle = (low + high) // 2
            if self.places[middle] < place:
                low = middle + 1
            else:
                high = middle
        return low


def plain_text(text: str) -> PlainText:
    """Return the plain form of a text: ASCII digits, no invisible characters, one kind of minus, comma and quote."""
    plain = text.translate(_TABLE)
    if plain == text or (len(plain) == len(text) and _TABLE.odd.isdisjoint(text)):
        return PlainText(plain)
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for seen in _TABLE[ord(letter)]:
            letters.append(seen)
            places.append(place)
    places.append(len(text))
    return PlainText("".join(letters), tuple(places))


def clean(text: str, limit: int) -> str:
    """NFC without control, format and bidirectional characters and without lone surrogates, at most ``limit`` characters."""
    composed = unicodedata.normalize("NFC", text[: limit * 2].replace("\r\n", "\n").replace("\r", "\n"))[:limit]
    if composed.isascii() and composed.replace("\n", " ").replace("\t", " ").isprintable():
        return composed
    return "".join(
        letter
        for letter in composed
        if letter in _KEPT_FORMAT or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
