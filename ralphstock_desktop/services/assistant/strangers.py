"""Words used as the name of a stock that are none: misspelt, delisted, not in the data, or a group's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from ralphstock_desktop.services.assistant.asked import FOREIGN, find_absent
from ralphstock_desktop.services.assistant.folding import Folded
from ralphstock_desktop.services.assistant.help_pages import fold as _letters
from ralphstock_desktop.services.assistant.help_pages import help_book
from ralphstock_desktop.services.assistant.names import NameBook, NameHit
from ralphstock_desktop.services.assistant.triggers import named, phrase
from ralphstock_desktop.services.assistant.wordlore import ENGLISH_WORDS, is_known_word

__all__ = ["Stranger", "find_strangers"]

_LIKE_ENOUGH = 0.78
_MOST = 4
_TOKEN = re.compile(r"[a-z0-9가-힣ㄱ-ㅎ&§]+(?:[.\-][a-z0-9가-힣]+)*")
_ASKED = phrase("stranger_asked")
_PAIRED = phrase("stranger_paired")
_ENGLISH_BEFORE = phrase("stranger_english_before")
_ENGLISH_AFTER = phrase("stranger_english_after")
_CODE = re.compile(
    r"(?<![0-9a-z.,:/\-])a?(\d{5}[0-9a-hj-npq-tv-z]|\d{4}[a-hj-npq-tv-z]\d)(?:\.k[sq])?(?![0-9a-z,.]|\s?(?:원|주|억|만|조|천|won))"
)
_ROUND = re.compile(r"[1-9]\d{3}00")
"""A price, beside the name of a stock: no code that is not listed."""
_COMPARING = re.compile(r"비교|(?:랑|하고|와|과)\s?\d|compar|(?<![a-z])(?:vs|versus|and|or)(?![a-z])")
_NAMED_AFTER = phrase("named_after")
_VOCABULARY = tuple(
    pattern for section in ("types", "intents", "strategies", "details", "items", "absent") for _, pattern in named(section)
)
"""What the program has words for is no name, however it is written."""
_SECTORS = named("sectors")
_NEWS = next(pattern for name, pattern in named("types") if name == "news")
_ABOUT_HERE = phrase("about_here")
"""Beside these a company abroad is what the question is about, not whose price is asked for."""
_WEAK_TAIL = re.compile(r"(?<=[가-힣]{2})(?:이랑|랑|하고|은|는|이|가|을|를|의|도|와|과|요)$")
_AFTER_NAME = phrase("after_foreign_name")
_BESIDE_NAME = re.compile(r"(?:,| and| or| vs\.?| versus) §")
_BESIDE_NAME_BEFORE = re.compile(r"§(?:,| and| or| vs\.?| versus) $")
_OF_STRATEGY = re.compile(r"\s?(?:vcp|종가\s?[베배]팅|종베|단타)")
_LISTS = re.compile(r"종목|추천|후보|목록|리스트|보여|신호|시그널|뭐|뭔|어떤|할\s?만|거|것")
_NAMED_WORD = re.compile(r"(?:이?란|이?라는|은|는|이|가|을|를|의|도)$")
_GRADE = re.compile(r"[sabc](?:급|등급)")
_COUNT = re.compile(r"\d")
_INITIALS = re.compile(r"(?<![가-힣ㄱ-ㅎa-z0-9§])(?!(.{1,2})\1+(?![ㄱ-ㅎ]))[ㄱ-ㅎ]{3,}(?=\s+[a-z0-9가-힣])")
"""First consonants that no listed name has, with something asked behind them; the same again and again are talk."""
_PLACE_IN_LIST = phrase("place_in_list")
"""A stock by its place in the list shown before: which one that was is not kept, so it has to be named."""


class _Take(Protocol):
    def __call__(self, start: int, end: int, *, sure: bool = True) -> None: ...


@dataclass(frozen=True, slots=True)
class Stranger:
    """A word used as a name; its place in the folded text and how it was written."""

    start: int
    end: int
    text: str
    sure: bool = True
    """Not only its place speaks for a name: a group's, one without data, or nearly spelled like one."""


def find_strangers(folded: Folded, blank: str, hits: Sequence[NameHit], names: NameBook) -> tuple[Stranger, ...]:
    """Find words that stand where a stock's name would and are none.

    Parameters
    ----------
    blank : str
        The folded text with the names that were found blanked out by ``§``.
    """
    found: list[Stranger] = []

    def take(start: int, end: int, *, sure: bool = True) -> None:
        if start < end and all(end <= item.start or start >= item.end for item in found) and len(found) < _MOST:
            found.append(Stranger(start, end, folded.typed[start:end], sure))

    for match in _CODE.finditer(blank):
        if match.group(1)[:2] not in ("19", "20") or not match.group(1).isdigit():
            if "§" in blank and _ROUND.fullmatch(match.group(0)) and _COMPARING.search(blank) is None:
                continue  # "alert me when Samsung hits 170000"
            take(match.start(), match.end())
    for pattern in (_INITIALS, _PLACE_IN_LIST) if "§" not in blank else ():
        for match in pattern.finditer(blank):
            take(match.start(), match.end())
    taken = {(hit.start, hit.end) for hit in hits}
    for group in names.groups(folded.typed):
        at, end = group.start, group.end
        if "§" not in blank[at:end] and (at, end) not in taken and _stands_as_name(blank, at, end):
            take(at, end)
    tokens = list(_TOKEN.finditer(blank))
    if _ABOUT_HERE.search(blank) is None:
        for match in tokens:
            name = _listed_abroad(match.group(0))
            if name:
                take(match.start(), match.start() + len(name))
    for number, match in enumerate(tokens):
        word = match.group(0)
        if "§" in word or find_absent(word) or _COUNT.match(word) or _GRADE.match(word):
            continue
        if re.search(r"[가-힣]", word):
            _take_korean(blank, match, names, take)
        elif word.isascii():
            _take_english(folded, blank, tokens, number, names, take)
    return tuple(sorted(found, key=lambda item: item.start))


def _listed_abroad(word: str) -> str:
    """The company listed abroad a word names, particles and English endings aside; empty for none."""
    if word.isascii():
        name = word.removesuffix("'s")
        return name if name in FOREIGN else ""
    begins = (name for name in FOREIGN if word.startswith(name))
    return next((name for name in begins if word == name or _AFTER_NAME.match(word, len(name))), "")


def _stands_as_name(blank: str, start: int, end: int) -> bool:
    after = blank[end:]
    rest = re.sub(r"^(?:이랑|랑|은|는|이|가|의|도|를|을|와|과|하고)", "", after)
    if not rest.strip(" ?!."):
        return not blank[:start].strip() or _ENGLISH_BEFORE.search(blank[:start]) is not None
    return bool(
        _ASKED.match(after) or _ASKED.match(rest) or _ENGLISH_AFTER.match(after) or _ENGLISH_BEFORE.search(blank[:start])
    )


def _take_korean(blank: str, match: re.Match[str], names: NameBook, take: _Take) -> None:
    word, start = match.group(0), match.start()
    glued = None
    for cue in re.finditer(r"주가|주식|수급|어때|차트|뉴스|공시|왜|전망|살까", word):
        if cue.start() >= 2:
            glued = cue
            break
    stem = _WEAK_TAIL.sub("", word[: glued.start()] if glued is not None else word)
    if len(stem) < 2 or is_known_word(stem) or is_known_word(word) or _is_in_help(_NAMED_WORD.sub("", word)):
        return
    end = start + len(stem)
    if names.absent(stem) or names.absent(word):
        take(start, end if names.absent(stem) else start + len(word))
        return
    alone = not blank[:start].strip(" ?!.,~") and not blank[match.end() :].strip(" ?!.,~")
    asked = glued is not None or _ASKED.match(blank, match.end()) is not None
    paired = _PAIRED.match(blank, end) is not None or _PAIRED.search(blank[:start]) is not None
    if len(stem) >= 3 and names.nearly(stem)[1] >= _LIKE_ENOUGH:
        take(start, end)
    elif alone or paired or (asked and "§" not in blank and _leads(blank, start)):
        # "펩트론 단타 몇 개 통과": first of all, before a strategy, and no list is asked for
        first = len(stem) > 2 and not blank[:start].strip() and _OF_STRATEGY.match(blank, match.end()) is not None
        take(start, end, sure=paired or (first and _LISTS.search(blank) is None))


@cache
def _help_words() -> frozenset[str]:
    """Words the help is asked by: no names, however they stand."""
    return frozenset(_letters(word) for section in help_book("ko").sections for word in section.words if len(word) > 1)


def _is_in_help(word: str) -> bool:
    return _letters(word) in _help_words()


def _leads(blank: str, start: int) -> bool:
    """Whether only words of time or address stand before: a name comes early in a Korean question."""
    before = re.sub(
        r"(?:오늘|어제|지금|요즘|최근|혹시|그럼|근데|안녕하세요|이번\s?주|지난\s?주|현재|내가\s?가진|저기|혹시나|그리고)",
        "",
        blank[:start],
    )
    return len(before.strip(" ,.?!~§")) == 0 or re.search(r"[,.?!]\s*$", blank[:start]) is not None


def _take_english(
    folded: Folded, blank: str, tokens: Sequence[re.Match[str]], number: int, names: NameBook, take: _Take
) -> None:
    match = tokens[number]
    word = match.group(0)
    if word in ENGLISH_WORDS or len(word) < 2 or any(pattern.fullmatch(word) for _, pattern in _SECTORS):
        return
    start, end = match.start(), match.end()
    if (
        number
        and tokens[number - 1].group(0) not in ENGLISH_WORDS
        and "§" not in tokens[number - 1].group(0)
        and blank[tokens[number - 1].end() : start] == " "
        and tokens[number - 1].group(0).isascii()
    ):
        return
    last = number
    while last + 1 < len(tokens) and blank[tokens[last].end() : tokens[last + 1].start()] == " ":
        following = tokens[last + 1].group(0)
        begins_big = folded.typed[tokens[last + 1].start()].isupper()
        if (
            (folded.typed[start].isupper() and not begins_big)
            or not following.isascii()
            or "§" in following
            or (following in ENGLISH_WORDS and not begins_big)
            or following.isdigit()
        ):
            break
        last += 1
        end = tokens[last].end()
    phrase = blank[start:end]
    known = names.absent(phrase)
    big = folded.typed[start].isupper()
    korean_asked = re.match(
        r"(?:은|는|이|가|의|도|를|을|랑|이랑|와|과)?\s?(?:주가|수급|어때|차트|뉴스|왜|점수|등급|전망)", blank[end:]
    )
    placed = _ENGLISH_BEFORE.search(blank[:start]) or _ENGLISH_AFTER.match(blank, end) or korean_asked
    alone = not blank[:start].strip() and not blank[end:].strip(" ?!.,")
    # "Does Nepes have", "of Medytox": written like a name where a name is due, and no word of the language.
    titled = (
        folded.typed[start:end].istitle()
        and len(phrase) >= 4
        and _NAMED_AFTER.search(blank[:start]) is not None
        and not any(pattern.search(phrase) for pattern in _VOCABULARY)
        and _NEWS.search(blank) is None  # "news about Robots" names a matter
    )
    # "What did Foobar do": a name in the middle of a question that names none, and no word of the language.
    inside = folded.typed[start:end].istitle() and start > 0 and len(phrase) >= 4 and "§" not in blank
    inside = inside and not any(pattern.search(phrase) for pattern in _VOCABULARY) and _NEWS.search(blank) is None
    near = len(phrase) >= 5 and names.nearly(phrase)[1] >= _LIKE_ENOUGH
    if (
        known
        or near
        or titled
        or inside
        or (alone and len(phrase) >= 3)
        or (placed and (big or _ENGLISH_AFTER.match(blank, end) or korean_asked))
    ):
        beside = big and (_BESIDE_NAME.match(blank, end) or _BESIDE_NAME_BEFORE.search(blank[:start]))
        take(start, end, sure=bool(known or near or titled or inside or beside))
