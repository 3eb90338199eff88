"""Stock names in running text: listed names, English forms, codes, nicknames and 초성, each with its place.

How a name is found:

1. The text is folded (:mod:`folding`); spaces do not count, because people write ``삼성 전자`` and ``엘지화학`` alike.
2. A name may begin only where a word begins, where the script changes, or behind a glued-on word of time (``오늘삼성전자``).
3. Of all names that fit there the longest wins that also *ends* properly: at the end of the word, before a particle, or before
   a word of the market (``삼성전자주가``). So ``SKC`` never holds ``SK``, and ``대상으로`` is not the company 대상.
4. What is left is looked at for codes (``005930``, ``A005930``, ``005930.KS``) and for runs of initials (``ㅅㅅㅈㅈ``).

Knows nothing of questions. Immutable after construction; may be used from any thread.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from engine.model.hangul import initials
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.assistant.folding import Folded, fold, fold_word
from ralphstock_desktop.services.assistant.likeness import Likeness
from ralphstock_desktop.services.assistant.nicknames import Nicknames, load_nicknames
from ralphstock_desktop.services.assistant.wordlore import (
    GLUED_AFTER,
    GLUED_BEFORE,
    PARTICLES,
    WEAK_PARTICLES,
    is_known_word,
    strip_particles,
)

__all__ = ["GroupHit", "How", "NameBook", "NameHit"]

How = Literal["name", "english", "code", "nickname", "initials", "alike"]


@dataclass(frozen=True, slots=True)
class NameHit:
    """A stock named in a text.

    Attributes
    ----------
    start, end : int
        Place in the text as it was given.
    ticker : str
        Short code. A word for several stocks (``삼전닉스``) gives one hit for each, at the same place.
    text : str
        As written.
    how : How
        By what it was recognised.
    certain : bool
        False where the word alone proves nothing: an ordinary word, two letters, a group's name, initials that fit several
        names, a number that could be something else, a misspelling.
    """

    start: int
    end: int
    ticker: str
    text: str
    how: How
    certain: bool


@dataclass(frozen=True, slots=True)
class GroupHit:
    """The name of a group of companies that names no single stock; ``tickers`` are its best known members in the panel."""

    start: int
    end: int
    text: str
    tickers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    tickers: tuple[str, ...]
    how: How
    certain: bool
    ordinary: bool
    written: str = ""
    """The form whose case must be kept: Latin names that are ordinary words."""


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    entry: _Entry


_RANK: dict[How, int] = {"name": 0, "english": 1, "nickname": 2, "code": 3, "initials": 4, "alike": 5}
_CODE = re.compile(
    r"(?<![0-9a-z.,])(?P<letter>a)?(?P<code>[0-9][0-9a-hj-npq-tv-z]{5})(?P<venue>\.k[sqn]|_nx|_al)?(?![0-9a-z])(?!,\d|\.\d)"
)
_AMOUNT_AFTER = re.compile(r"\s*(?:원|주|억|만|조|천|건|명|개|이상|이하|초과|미만|넘|되면|도달|찍|뚫|won|krw|shares|%)")
_INITIALS = re.compile(r"(?<![\uac00-\ud7a3ㄱ-ㅎa-z0-9])(?:[a-z]{0,3})[ㄱ-ㅎ]{2,}(?:[a-z0-9]{0,4})(?![ㄱ-ㅎ])")
_CHAT_INITIALS = frozenset("ㅇㅋ ㄱㅅ ㅈㅅ ㄹㅇ ㅎㅇ ㄱㄷ ㅇㅈ ㅁㄹ ㅅㄱ ㄱㅊ ㅁㅊ ㅅㅂ ㅈㄴ ㅇㄷ ㅊㅋ".split())
_JOINT = re.compile(r"이?랑|하고|와|과|대|vs")
_SPOKEN = re.compile(
    r"왜|왤케|어때|얼마|어디|까지|미쳤|존버|떨어|올랐|오름|급등|급락|비교|살까|팔까|반등|눌림|수급|뉴스|점수|등급|차트"
)
"""Words one of which a question written onto a name without a space holds."""
_WORD = re.compile(r"[\w&]")
_TOKEN_REST = re.compile(r"[\w&]+")


class NameBook:
    """All names of one panel's symbols.

    Parameters
    ----------
    panel : MarketPanel
        Supplies tickers, Korean and (where known) English names.
    nicknames : Nicknames, optional
        By default the shipped table. Entries whose ticker the panel does not hold are known as names without data.
    """

    def __init__(self, panel: MarketPanel, nicknames: Nicknames | None = None) -> None:
        self._lore = load_nicknames() if nicknames is None else nicknames
        tickers, names = [str(t) for t in panel.tickers.tolist()], [str(n) for n in panel.names.tolist()]
        english = [str(n) for n in panel.names_en.tolist()]
        self._names = {ticker: name or ticker for ticker, name in zip(tickers, names, strict=True)}
        self._order = {ticker: number for number, ticker in enumerate(self._lore.prominent)}
        self._entries: dict[str, _Entry] = {}
        self._absent: dict[str, str] = {}
        for ticker, name in zip(tickers, names, strict=True):
            if name:
                self._put(name, (ticker,), "name")
        for ticker, name_en in zip(tickers, english, strict=True):
            if name_en:
                self._put(name_en, (ticker,), "english")
        for how, table in (("english", self._lore.english), ("nickname", self._lore.nicknames)):
            for ticker, words in table.items():
                for word in words:
                    self._put(word, (ticker,), how)  # type: ignore[arg-type]
        for word, members in self._lore.sets.items():
            self._put(word, members, "nickname")
        self._by_head: dict[str, tuple[_Entry, ...]] = _by_head(self._entries.values())

    def _put(self, word: str, tickers: tuple[str, ...], how: How) -> None:
        key = fold_word(word)
        held = tuple(ticker for ticker in tickers if ticker in self._names)
        if not held:
            self._absent.setdefault(key, tickers[0])
            return
        if len(key) < 2 or key in self._entries:
            return
        ordinary = key in self._lore.ordinary
        short = len(key) < (3 if how == "name" else 2) and key not in self._lore.short_but_certain
        certain = not (ordinary or short or key in self._lore.groups)
        keeps_case = ordinary and word.isascii()
        self._entries[key] = _Entry(key, held, how, certain, ordinary, word.replace(" ", "") if keeps_case else "")

    @cached_property
    def _likeness(self) -> Likeness:
        return Likeness({entry.key: entry.tickers[0] for entry in self._entries.values() if len(entry.key) >= 3})

    @cached_property
    def _initials(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        for ticker, name in self._names.items():
            found[fold_word(initials(name))].append(ticker)
        for ticker, words in self._lore.nicknames.items():
            if ticker in self._order and ticker in self._names:
                for word in words:
                    letters = fold_word(initials(word))
                    if ticker not in found[letters]:
                        found[letters].append(ticker)
        return {letters: tuple(sorted(tickers, key=self._rank)) for letters, tickers in found.items() if len(letters) >= 2}

    def _rank(self, ticker: str) -> tuple[int, int, str]:
        return (self._order.get(ticker, len(self._order)), 0 if ticker.endswith("0") else 1, ticker)

    # -- asking ---------------------------------------------------------------------------------------------------------

    def name(self, ticker: str) -> str:
        """Listed name of a ticker; the ticker itself where the panel does not hold it."""
        return self._names.get(ticker, ticker)

    def __contains__(self, ticker: object) -> bool:
        return ticker in self._names

    def find(self, text: str) -> tuple[NameHit, ...]:
        """Find every stock named in a text, in order of mention, longest match first, never overlapping.

        Parameters
        ----------
        text : str
            Any text: a question or an answer; composed or decomposed, any case, half- or full-width.
        """
        return self.find_in(fold(text))

    def find_in(self, folded: Folded) -> tuple[NameHit, ...]:
        """Find every stock named in a folded text; places are those of the typed text."""
        hits: list[tuple[int, int, NameHit]] = []
        for found in self._names_in(folded):
            start, end = folded.span(found.start, found.end)
            written = folded.typed[found.start : found.end]
            certain = found.entry.certain and not _is_loose(folded.text[found.start : found.end], found.entry)
            for ticker in found.entry.tickers:
                hits.append((found.start, found.end, NameHit(start, end, ticker, written, found.entry.how, certain)))
        taken = [(start, end) for start, end, _ in hits]
        for start, end, hit in [*self._codes_in(folded), *self._initials_in(folded)]:
            if all(end <= first or start >= last for first, last in taken):
                hits.append((start, end, hit))
        hits.sort(key=lambda item: item[0])
        return tuple(hit for _, _, hit in hits)

    def groups(self, text: str) -> tuple[GroupHit, ...]:
        """Names of groups of companies (``삼성``, ``SK``) that stand alone, whether or not a stock has that name too."""
        folded = fold(text)
        found = []
        for token in _TOKEN_REST.finditer(folded.text):
            word = token.group(0)
            for length in range(min(len(word), 8), 1, -1):
                members = self._lore.groups.get(word[:length])
                if members is None:
                    continue
                if _ends(folded.text, token.start() + length, ordinary=False) and not self._longer(
                    folded, token.start() + length
                ):
                    start, end = folded.span(token.start(), token.start() + length)
                    held = tuple(ticker for ticker in members if ticker in self._names)
                    found.append(GroupHit(start, end, folded.typed[token.start() : token.start() + length], held))
                break
        return tuple(found)

    def alike(self, word: str, limit: int = 5) -> tuple[str, ...]:
        """Return the tickers whose names are nearly spelled like a word, most alike first; empty if none is near."""
        key = fold_word(word)
        members = self._lore.groups.get(key)
        if members is not None:
            return tuple(ticker for ticker in members if ticker in self._names)[:limit]
        first = [ticker for letters in (self._initials.get(key, ()),) for ticker in letters]
        near = [ticker for ticker, _ in self._likeness.nearest(key, 2 * limit)]
        return tuple(dict.fromkeys([*first, *near]))[:limit]

    def nearly(self, word: str) -> tuple[str, float]:
        """Return the ticker most alike to a word and how alike, from 0 to 1; an empty ticker if none is."""
        best = self._likeness.nearest(fold_word(word), 1)
        return best[0] if best else ("", 0.0)

    def absent(self, word: str) -> str:
        """Ticker of a stock that is known by this word but has no data in the panel; empty otherwise."""
        return self._absent.get(fold_word(word), "")

    def is_ordinary(self, hit: NameHit) -> bool:
        """Whether a hit's word is an ordinary word too, so that only its place in the sentence tells."""
        entry = self._entries.get(fold_word(hit.text))
        return entry is not None and entry.ordinary

    # -- searching ------------------------------------------------------------------------------------------------------

    def _names_in(self, folded: Folded) -> list[_Found]:
        text = folded.text
        places = [index for index, letter in enumerate(text) if letter != " "]
        dense = "".join(text[index] for index in places)
        inner = _inner_starts(text) - _starts(text)
        starts = _starts(text) | inner
        found: list[_Found] = []
        free = 0
        for at, place in enumerate(places):
            if place < free or place not in starts:
                continue
            for entry in self._by_head.get(dense[at : at + 2], ()):
                if not dense.startswith(entry.key, at):
                    continue
                end = places[at + len(entry.key) - 1] + 1
                if self._fits(folded, place, end, entry):
                    if place in inner and (entry.ordinary or len(entry.key) < 3):
                        continue  # inside a word only a name that is nothing else
                    found.append(_Found(place, end, entry))
                    free = end
                    joint = _JOINT.match(text, end)
                    starts |= {joint.end() if joint is not None else end}
                    break
        return found

    def _fits(self, folded: Folded, start: int, end: int, entry: _Entry) -> bool:
        inside = folded.text[start:end]
        if " " in inside and not _may_be_spaced(inside, entry):
            return False
        if entry.written and folded.typed[start:end].replace(" ", "") != entry.written:
            return False
        if not _ends(folded.text, end, ordinary=entry.ordinary) and not self._goes_on(folded.text, end, entry):
            return False
        return not (entry.key in self._lore.groups and self._longer(folded, end))

    def _goes_on(self, text: str, end: int, entry: _Entry) -> bool:
        """Whether behind a name written without spaces another one follows, or words of the market and of everyday speech."""
        rest_of = _TOKEN_REST.match(text, end)
        if rest_of is None or entry.ordinary or len(entry.key) < 2:
            return False
        rest = rest_of.group(0)
        if re.fullmatch(r"[ㄱ-ㅎㅏ-ㅣ]+", rest):
            return True  # "삼전ㄱㄱ"
        joint = _JOINT.match(rest)
        after = rest[joint.end() :] if joint is not None else rest
        follows = (other for other in self._by_head.get(after[:2], ()) if after.startswith(other.key) and not other.ordinary)
        if any(_ends(after, len(other.key), ordinary=False) for other in follows):
            return True
        bare = re.sub(r"[ㄱ-ㅎㅏ-ㅣ]+", "", rest)
        return len(entry.key) >= 3 and len(bare) >= 3 and _SPOKEN.search(bare) is not None

    def _longer(self, folded: Folded, end: int) -> bool:
        """Whether a group's name goes on in a word of its own that is no word of the market: ``CJ ENM``, ``LG 전자``."""
        text = folded.text
        if end >= len(text) or text[end] != " ":
            return False
        token = _TOKEN_REST.match(text, end + 1)
        if token is None:
            return False
        word = token.group(0)
        head = text[:end].rsplit(" ", 1)[-1]
        if head + strip_particles(word) in self._absent:
            return True
        if any(word.startswith(entry.key) for entry in self._by_head.get(word[:2], ())):
            return False
        if word.isascii() and not folded.typed[end + 1].isupper():
            return False
        return not is_known_word(word) and not any(letter.isdigit() for letter in word)

    def _codes_in(self, folded: Folded) -> list[tuple[int, int, NameHit]]:
        found = []
        for match in _CODE.finditer(folded.text):
            code = match["code"].upper()
            if code not in self._names or (not match["letter"] and _AMOUNT_AFTER.match(folded.text, match.end())):
                continue
            if folded.text[max(match.start() - 1, 0)] in "₩$+-":
                continue
            certain = code.startswith("0") or not code.isdigit() or bool(match["letter"] or match["venue"])
            start, end = folded.span(*match.span())
            written = folded.typed[match.start() : match.end()]
            found.append((match.start(), match.end(), NameHit(start, end, code, written, "code", certain)))
        return found

    def _initials_in(self, folded: Folded) -> list[tuple[int, int, NameHit]]:
        found = []
        for match in _INITIALS.finditer(folded.text):
            letters = match.group(0)
            if letters in _CHAT_INITIALS or len(set(letters)) == 1:
                continue
            tickers = self._initials.get(letters)
            if not tickers:
                tickers = tuple(
                    sorted((t for key, ts in self._initials.items() if key.startswith(letters) for t in ts), key=self._rank)
                )
            if not tickers or (len(letters) < 3 and tickers[0] not in self._order):
                continue
            start, end = folded.span(*match.span())
            written = folded.typed[match.start() : match.end()]
            hit = NameHit(start, end, tickers[0], written, "initials", len(tickers) == 1 and len(letters) >= 3)
            found.append((match.start(), match.end(), hit))
        return found


def _by_head(entries: Iterable[_Entry]) -> dict[str, tuple[_Entry, ...]]:
    heads: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        heads[entry.key[:2]].append(entry)
    return {head: tuple(sorted(held, key=lambda entry: (-len(entry.key), _RANK[entry.how]))) for head, held in heads.items()}


def _script(letter: str) -> int:
    """0 no part of a word, 1 Hangul, 2 Latin letter or digit."""
    if not _WORD.match(letter):
        return 0
    return 1 if letter > "\u1000" else 2


def _starts(text: str) -> frozenset[int]:
    """Where a name may begin."""
    found = set()
    before = 0
    for index, letter in enumerate(text):
        script = _script(letter)
        if script and script != before:
            found.add(index)
            if before == 0:
                glued = GLUED_BEFORE.match(text, index)
                if glued is not None:
                    found.add(glued.end())
        before = script
    return frozenset(found)


def _inner_starts(text: str) -> set[int]:
    """Places inside words without spaces behind which a name may stand: what is before is all words of everyday speech."""
    found: set[int] = set()
    for token in re.finditer(r"[가-힣]{5,}", text):
        word = token.group(0)
        if is_known_word(word):
            continue
        for cut in range(2, len(word) - 2):
            if is_known_word(word[:cut]):
                found.add(token.start() + cut)
    return found


def _ends(text: str, end: int, *, ordinary: bool) -> bool:
    """Whether a name may end here."""
    if end >= len(text):
        return True
    here, last = _script(text[end]), _script(text[end - 1])
    if here == 0:
        return not (text[end] in ".-" and last == 2 and end + 1 < len(text) and _script(text[end + 1]) == 2)
    if here == 2 and last == 2:
        return False
    rest_of = _TOKEN_REST.match(text, end)
    rest = rest_of.group(0) if rest_of is not None else ""
    if here == 2:
        # Behind Hangul a Latin word or a number begins anew, but not the mark of another share class (2우B).
        latin = re.match(r"[a-z]+", rest)
        return not re.match(r"\d?우", rest) and (latin is None or is_known_word(latin.group(0)))
    if ordinary:
        return WEAK_PARTICLES.fullmatch(rest) is not None or GLUED_AFTER.match(rest) is not None
    stripped = PARTICLES.match(rest)
    after = stripped.end() if stripped is not None else 0
    return after == len(rest) or GLUED_AFTER.match(rest, after) is not None or GLUED_AFTER.match(rest) is not None


def _may_be_spaced(inside: str, entry: _Entry) -> bool:
    """Whether a name may stand in several words: never short ones, whose parts could be words of their own."""
    head = inside.split(" ", 1)[0]
    return len(entry.key) >= 4 and len(head) >= 2


def _is_loose(inside: str, entry: _Entry) -> bool:
    """Two Hangul words that only together make an unofficial spelling: believed in a question, not proof in an answer."""
    return " " in inside and entry.how != "english" and len(entry.key) < 4
