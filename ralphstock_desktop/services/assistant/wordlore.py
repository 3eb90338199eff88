"""Korean particles, and the words of the market that are never the name of a stock.

Cheap rules, not a dictionary: a particle is cut from the end of a word, and a word counts as known if it is made of the stems
of ``resources/assistant/words.json``. The lists only have to cover what stands beside a stock's name in a trader's question.
"""

from __future__ import annotations

import re

from ralphstock_desktop.services.assistant.triggers import phrase, words

__all__ = [
    "ENGLISH_WORDS",
    "GLUED_AFTER",
    "GLUED_BEFORE",
    "PARTICLES",
    "STOCK_CUE",
    "WEAK_PARTICLES",
    "content_words",
    "is_known_word",
    "strip_particles",
]

_PARTICLE = "|".join(words("particles"))
PARTICLES = re.compile(rf"(?:{_PARTICLE}){{1,3}}(?![가-힣])")
"""Particles behind a name, up to the end of the Hangul."""
WEAK_PARTICLES = re.compile(r"은|는|이|가|의|도|을|를|와|과|랑|이랑|하고|보다|은요|는요|이요|요")
"""The few particles that may follow a name which is an ordinary word too."""
_TAIL = re.compile(rf"(?:{_PARTICLE})$")

_CUES = "|".join(words("cues"))
GLUED_AFTER = re.compile(rf"(?:{_CUES})")
"""Words of the market people write onto a name without a space."""
STOCK_CUE = re.compile(rf"\s*(?:{_CUES})")
GLUED_BEFORE = phrase("glued_before")
"""Words people write in front of a name without a space."""

_INFLECTION = phrase("inflection")
"""What may follow a stem: particles and verb endings, by their letters."""
_BEHIND_ENDING = re.compile(r"(?<=.)(?:종목|주식|거래|수급|뉴스|점수|등급|신호|거|것)")
_BY_FIRST: dict[str, tuple[str, ...]] = {}
for _stem in sorted(words("stems"), key=len):
    _BY_FIRST[_stem[0]] = (*_BY_FIRST.get(_stem[0], ()), _stem)
ENGLISH_WORDS = frozenset(words("english"))
_KEPT = frozenset((*words("kept"), *words("stems")))
"""Words that only look as if they ended in a particle."""
_STOP_KOREAN = frozenset(words("stop_korean"))
_STOP_ENGLISH = frozenset(words("stop_english"))
_ASKING = phrase("asking")
_MIXED = re.compile(r"([a-z]{2,})[가-힣]{1,3}")
_WORDS = re.compile(r"[a-z0-9][a-z0-9&.+'\-]*[a-z0-9]|[가-힣ㄱ-ㅎ]+|[a-z0-9]")


def strip_particles(word: str) -> str:
    """Cut particles from the end of a Hangul word; at least two letters stay."""
    for _ in range(2):
        tail = _TAIL.search(word)
        if tail is None or tail.start() < 2 or word in _KEPT:
            return word
        word = word[: tail.start()]
    return word


def is_known_word(token: str) -> bool:
    """Whether a folded word is one of the market's or of everyday speech, and so no stock's name."""
    if token.isascii():
        return token in ENGLISH_WORDS or token.isdigit()
    mixed = _MIXED.fullmatch(token)
    if mixed is not None and mixed[1] in ENGLISH_WORDS:
        return True  # "yellow면": an English word with a Korean ending
    return _is_made_of_stems(token, 0)


def _is_made_of_stems(word: str, depth: int) -> bool:
    """Stem and inflection, or several stems in one (``외국인수급``); a stem of one letter stands alone or is inflected."""
    for stem in reversed(_BY_FIRST.get(word[0], ())):
        if word.startswith(stem):
            rest = word[len(stem) :]
            if not rest or _INFLECTION.fullmatch(rest) or (len(stem) > 1 and depth < 2 and _is_made_of_stems(rest, depth + 1)):
                return True
            # "높은종목", "오른거래량": an ending between, and a word of the market behind it
            behind = _BEHIND_ENDING.search(rest) if depth < 2 else None
            if behind is not None and _INFLECTION.fullmatch(rest[: behind.start()]):
                return _is_made_of_stems(rest[behind.start() :], depth + 1)
    return False


def content_words(text: str, *, limit: int = 12) -> tuple[str, ...]:
    """Return the words of a folded text worth searching for: stop words and particles left out, each once, in order."""
    found: dict[str, None] = {}
    for match in _WORDS.finditer(text):
        word = match.group(0)
        if word.isascii():
            word = word.removesuffix("'s").strip(".-+")
            if word in _STOP_ENGLISH or not word or (word.isdigit() and len(word) < 4):
                continue
        else:
            if word in _STOP_KOREAN:
                continue
            word = strip_particles(_ASKING.sub("", word))
            if word in _STOP_KOREAN or len(word) < 2:
                continue
        found[word] = None
        if len(found) == limit:
            break
    return tuple(found)
