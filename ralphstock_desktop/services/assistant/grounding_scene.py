"""Who a number is said of, and in which direction: the sentence around it.

The symbol of a number is the one named right behind it
("70,300원인 삼성전자", "for SK hynix"), else the nearest named before it
in its sentence, else the next named in it, else the one spoken of last. Names joined by "와", "and", a comma are one group.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["NameFinder", "NameHit", "Scene", "Subject", "direction", "quotations", "sentences"]


class NameHit(Protocol):
    """A symbol's name or code in a text. Not ``certain``: the word may mean something else."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def ticker(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def certain(self) -> bool: ...


class NameFinder(Protocol):
    """Finds names of symbols in running text."""

    def find(self, text: str) -> Sequence[NameHit]: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """Symbols a number may be of, nearest first. Empty: nothing is named. ``placed``: in this order, one number each."""

    tickers: tuple[str, ...] = ()
    placed: bool = False


_PAIRS = {"\u201c": "\u201d", "\u2018": "\u2019", "「": "」", "『": "』", "《": "》", "«": "»", "\u2039": "\u203a"}
_STRAIGHT = re.compile(r"\"[^\"\n]{2,300}\"|(?<!\w)'[^'\n]{8,300}'(?!\w)")


def quotations(text: str) -> list[tuple[int, int]]:
    """Where something is quoted, marks included; of nested marks the outermost. Straight marks go in pairs."""
    found: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    for place, letter in enumerate(text):
        if letter == "\n":
            opened.clear()
        elif letter in _PAIRS:
            opened.append((_PAIRS[letter], place))
        elif any(closing == letter for closing, _ in opened):
            while opened and opened[-1][0] != letter:
                opened.pop()
            start = opened.pop()[1]
            if not opened:
                found.append((start, place + 1))
    found += [
        match.span()
        for match in _STRAIGHT.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in found)
    ]
    return found


_BREAK = re.compile(r"[.!?。]\s+|\n+|;\s")
_JOINED = re.compile(r"\s*(?:\(?[A0-9]?[0-9A-Z]{6}\)?)?\s*(?:,|와|과|·|/|및|&|랑|이랑|하고|,?\s*and|vs\.?|대|그리고)?\s*\(?")
_COMPARED = re.compile(r"\)?\s?(?:보다|에 비해|에 비하여|대비|와 비교|과 비교)")
_THAN = re.compile(r"(?:than|versus|vs\.?|compared (?:with|to)|over)\s$", re.IGNORECASE)
_BEHIND = re.compile(r"\)?\s?(?:인|을 기록한|를 기록한|에 마감한|으로 마감한)\s$|\s?\(\s?$|\s(?:for|at|of|by)\s(?:the\s)?$")
_BEHIND_LONGEST = 12
_EACH = re.compile(r"각각|순서대로|respectively", re.IGNORECASE)


def sentences(text: str) -> list[int]:
    """Where the sentences of a text begin."""
    return [0, *(match.end() for match in _BREAK.finditer(text))]


@dataclass
class Scene:
    """The names of one run of text, asked for the subject of each place in it.

    ``carried``: the subject spoken of before this text. ``fixed``: the subject of the whole run (a table's row). ``quotes``:
    what is quoted; names inside are another's words and no subject.
    """

    text: str
    hits: list[NameHit]
    carried: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    quotes: list[tuple[int, int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.starts = sentences(self.text)
        self._groups: list[list[NameHit]] = []
        for hit in self.hits:
            if any(start < hit.start and hit.end < end and end - start > len(hit.text) + 8 for start, end in self.quotes):
                continue
            last = self._groups[-1][-1] if self._groups else None
            if last is not None and _JOINED.fullmatch(self.text, last.end, hit.start) and self._same_sentence(last, hit):
                self._groups[-1].append(hit)
            else:
                self._groups.append([hit])
        self._ends = [group[-1].end for group in self._groups]
        self._begins = [hit.start for hit in self.hits]
        self._by_sentence: dict[int, tuple[str, ...]] = {}
        self._subjects = [Subject(_tickers(group)) for group in self._groups]
        self._is_compared: dict[int, bool] = {}
        self.has_each = "각각" in self.text or "순서대로" in self.text or "respectively" in self.text.lower()

    def _same_sentence(self, one: NameHit, other: NameHit) -> bool:
        return self.sentence_of(one.start) == self.sentence_of(other.start)

    def sentence_of(self, place: int) -> int:
        """Number of the sentence a place lies in."""
        return bisect_right(self.starts, place) - 1

    def sentence(self, place: int) -> str:
        """The sentence a place lies in."""
        number = self.sentence_of(place)
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end]

    def last_hit(self, place: int) -> NameHit | None:
        """The last name that begins before a place."""
        number = bisect_left(self._begins, place)
        return self.hits[number - 1] if number else None

    def without_names(self, start: int, end: int) -> str:
        """The text between two places, names left out ("RS of Samsung is" reads "RS of is")."""
        first = bisect_left(self._begins, start)
        last = bisect_right(self._begins, end, lo=first)
        inside = [hit for hit in self.hits[first:last] if hit.end <= end] if first < last else ()
        if not inside:
            return self.text[start:end]
        if len(inside) == 1:
            return self.text[start : inside[0].start] + self.text[inside[0].end : end]
        edges = [start, *(edge for hit in inside for edge in (hit.start, hit.end)), end]
        return "".join(self.text[first:last] for first, last in zip(edges[::2], edges[1::2], strict=True))

    def subject(self, start: int, end: int, nth: int = 0) -> Subject:
        """Whom a number at ``start:end`` is said of; ``nth`` counts the numbers since the last name."""
        if self.fixed:
            return Subject(self.fixed)
        if not self._groups:
            return Subject(self.carried)
        number = self.sentence_of(start)
        index = bisect_right(self._ends, start) - 1
        after = self._groups[index + 1] if index + 1 < len(self._groups) else None
        if after is not None and after[0].start - end <= _BEHIND_LONGEST and _BEHIND.fullmatch(self.text, end, after[0].start):
            return self._subjects[index + 1]
        if index >= 0 and self.sentence_of(self._groups[index][0].start) == number:
            group = self._groups[index]
            if self._compared(index):
                everyone = self._named_in(number)
                return Subject((*_tickers(group), *everyone, *self.carried))
            tickers = self._subjects[index].tickers
            if len(tickers) > 1 and self.has_each and _EACH.search(self.sentence(start)) and nth < len(tickers):
                return Subject((tickers[nth],), placed=True)
            return self._subjects[index]
        if after is not None and self.sentence_of(after[0].start) == number:
            return self._subjects[index + 1]
        if index >= 0:
            return Subject(self._named_in(self.sentence_of(self._groups[index][0].start)))
        return Subject(self.carried)

    def _compared(self, index: int) -> bool:
        """Whether a group of names is what others are compared with."""
        if index not in self._is_compared:
            first, last = self._groups[index][0].start, self._groups[index][-1].end
            self._is_compared[index] = (
                _COMPARED.match(self.text, last) is not None or _THAN.search(self.text, max(0, first - 18), first) is not None
            )
        return self._is_compared[index]

    def _named_in(self, number: int) -> tuple[str, ...]:
        if number not in self._by_sentence:
            found = [hit for group in self._groups for hit in group if self.sentence_of(hit.start) == number]
            self._by_sentence[number] = _tickers(found)
        return self._by_sentence[number]

    @property
    def spoken_of(self) -> tuple[str, ...]:
        """Whom a sentence after this text is about if it names nobody."""
        if not self._groups:
            return self.carried
        return self._named_in(self.sentence_of(self._groups[-1][0].start))


def _tickers(hits: Sequence[NameHit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.ticker for hit in hits))


_DOWN = (
    r"하락|내렸|내린|내려|떨어|떨어진|급락|약세|순매도|매도 우위|감소|줄었|줄어|낮|아래|밑돌|밑에|손실|낙폭|마이너스"
    r"|뒤처|밀렸|밀린|빠졌|빠진|손절|조정|팔았|팔고|팔아|매도|"
    r"f[ea]ll(?:s|en|ing)?\b|drop\w*|declin\w*|down\b|lost\b|los(?:s|es|ing)\b|low(?:er|est)?\b|below\b|decreas\w*"
    r"|negative|net s\w+|sold\b|less\b|"
    r"minus|drawdown|under\b|behind\b|slid\b|slipp?\w*|shed\b|weaker"
)
_UP = (
    r"상승|올랐|오른|올라|급등|강세|순매수|매수 우위|증가|늘었|늘어|높|웃돌|이익|플러스|반등|샀|사들|"
    r"r[oi]se\w*\b|rising|gain\w*|up\b|climb\w*|increas\w*|higher\b|above\b|net b\w+|bought\b|jump\w*|advanc\w*"
    r"|positive|stronger"
)
_WAY = re.compile(rf"(?P<down>{_DOWN})|(?P<up>{_UP})", re.IGNORECASE)
_FORCED = re.compile(
    r"하락|내렸|내린|내려갔|떨어|급락|순매도|매도|팔았|팔고|팔아|감소|줄었|빠졌|빠진|밀렸|밀린|손실|f[ea]ll|drop|declin|down"
    r"|lost|net s|sold|decreas|slid|shed|slip|lower|below|less",
    re.IGNORECASE,
)
_STOP = re.compile(r"[,.;:()\n|]|지만|으나|\bbut\b|\bwhile\b|\band\b")


def direction(text: str, start: int, end: int, before: int, after: int) -> tuple[int, bool]:
    """The way the words beside a number point, and whether it cannot be meant otherwise.

    Parameters
    ----------
    start, end : int
        The number.
    before, after : int
        End of the number before it and start of the one after it: words beyond belong to those.

    Returns
    -------
    tuple of int and bool
        −1 down, +1 up, 0 no such word; and whether the word is a verb of movement right beside the number.
    """
    ahead = text[end : min(after, end + 18)].removeprefix(")")
    stop = _STOP.search(ahead)
    ahead = ahead[: stop.start()] if stop is not None else ahead
    back = text[max(before, start - 24) : start]
    stops = list(_STOP.finditer(back))
    back = back[stops[-1].end() :] if stops else back
    best: tuple[int, int, str] | None = None
    follows = _WAY.search(ahead)
    if follows is not None:
        best = (follows.start(), -1 if follows.lastgroup == "down" else 1, follows.group())
    for leads in _WAY.finditer(back):
        distance = len(back) - leads.end()
        if best is None or distance < best[0]:
            best = (distance, -1 if leads.lastgroup == "down" else 1, leads.group())
    if best is None:
        return 0, False
    return best[1], best[0] <= 4 and (best[1] > 0 or _FORCED.match(best[2]) is not None)
