"""Titles and addresses made comparable (domain.md §6.2, App. C).

Two readings are fixed here. A title that has nothing left after normalising (``[속보]``) resembles no other: its emptiness says
nothing about the story. And where a bracketed part was taken out, a word ends: 김모씨(52)구속 has the word 구속.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MappedTitle", "canonical_url", "jaccard", "map_title", "normalise_title", "similarity", "title_grams"]

GRAM = 3
"""Characters of a gram (§6.2)."""

_TRACKING = re.compile(r"(utm_.*|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|ref_src)\Z", re.IGNORECASE)
_BRACKETED = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>|【[^】]*】")
_NOT_WORD = re.compile(r"[^0-9A-Za-z\uAC00-\uD7A3]+")
_WORD = re.compile(r"[0-9A-Za-z\uAC00-\uD7A3]+")


def canonical_url(url: str) -> str:
    """Return the address without what does not name the article.

    Scheme and host in lower case, no fragment, no tracking parameters, no trailing slash, remaining parameters sorted; escapes
    stay as they are. Text that is no address (a name made by an importer) is only stripped. Applying it twice changes nothing.
    """
    text = url.strip()
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme.isascii() or not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        return text
    rest = rest.partition("#")[0]
    place, _, query = rest.partition("?")
    host, slash, path = place.partition("/")
    if not host:
        return text
    pairs = sorted(part.partition("=") for part in query.split("&") if part)
    kept = [f"{name}={value}" for name, _, value in pairs if not _TRACKING.match(name)]
    address = f"{scheme.lower()}://{host.lower()}{(slash + path).rstrip('/')}"
    return f"{address}?{'&'.join(kept)}" if kept else address


def normalise_title(title: str) -> str:
    """Return a title for comparing: NFC, bracketed parts removed, only digits, Latin letters and Hangul, upper case."""
    return _NOT_WORD.sub("", _BRACKETED.sub("", unicodedata.normalize("NFC", title))).upper()


def title_grams(normalised: str) -> frozenset[str]:
    """Character 3-grams of a normalised title; a shorter title is its own only gram, an empty one has none."""
    if len(normalised) < GRAM:
        return frozenset((normalised,)) if normalised else frozenset()
    return frozenset(normalised[i : i + GRAM] for i in range(len(normalised) - GRAM + 1))


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Shared grams over all grams, 0-1; 0 where either has none."""
    if not first or not second:
        return 0.0
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared)


def similarity(first: str, second: str) -> float:
    """Jaccard similarity of two titles' 3-grams after normalising, 0-1."""
    return jaccard(title_grams(normalise_title(first)), title_grams(normalise_title(second)))


@dataclass(frozen=True, slots=True)
class MappedTitle:
    """A normalised title whose characters know where they stand in the original.

    ``starts[i]`` and ``ends[i]`` bound character ``i`` of ``text`` in the original title; ``words`` are (first, past last)
    positions in ``text``.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    words: tuple[tuple[int, int], ...]


def map_title(title: str) -> MappedTitle:
    """Normalise a title and keep, for every character left, its place in the original."""
    composed, starts, ends = _composed(title)
    taken_out = [match.span() for match in _BRACKETED.finditer(composed)]
    letters: list[int] = []
    words: list[tuple[int, int]] = []
    for first, last in _outside(taken_out, len(composed)):
        for match in _WORD.finditer(composed, first, last):
            words.append((len(letters), len(letters) + match.end() - match.start()))
            letters.extend(range(match.start(), match.end()))
    return MappedTitle(
        "".join(composed[i] for i in letters).upper(),
        tuple(starts[i] for i in letters),
        tuple(ends[i] for i in letters),
        tuple(words),
    )


def _outside(spans: list[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    at = 0
    for first, last in spans:
        yield at, first
        at = last
    yield at, length


def _composed(title: str) -> tuple[str, list[int], list[int]]:
    """NFC form of a title, with the start and end of every character in the title as given."""
    if unicodedata.is_normalized("NFC", title):
        return title, list(range(len(title))), list(range(1, len(title) + 1))
    # File systems and some feeds deliver Hangul in parts (ㄱ+ㅣ): gather what composes into one character.
    groups: list[tuple[int, str]] = []
    for at, char in enumerate(title):
        if groups and unicodedata.normalize("NFC", groups[-1][1] + char) != unicodedata.normalize(
            "NFC", groups[-1][1]
        ) + unicodedata.normalize("NFC", char):
            groups[-1] = (groups[-1][0], groups[-1][1] + char)
        else:
            groups.append((at, char))
    letters, starts, ends = [], [], []
    for at, group in groups:
        for char in unicodedata.normalize("NFC", group):
            letters.append(char)
            starts.append(at)
            ends.append(at + len(group))
    return "".join(letters), starts, ends
