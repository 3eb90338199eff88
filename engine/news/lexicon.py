"""The rule lexicon: what a title's words are worth (domain.md §6.3).

Readings fixed here: a term marked ° counts where a *word* of the title begins with it, so it never reaches over a space
(부 도약 is no 부도), and for these terms the deleted sequences are looked for inside single words: 양산 시작 is mass
production, 양산시 a town. All other terms are searched with spaces removed, deleted sequences taken out first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from engine.model.news import TermClass, TermHit
from engine.news.text import MappedTitle, map_title, normalise_title
from engine.strategy_thresholds import NewsThresholds
from engine.thresholds import Rules

__all__ = ["Lexicon", "Verdict", "judge_title", "lexicon_of"]

_WORD_START = "°"
_POSITIVE = (TermClass.DECISIVE, TermClass.CLEAR, TermClass.WEAK)


class Verdict(NamedTuple):
    """Points of a title, the words that decided them, and whether it is of the severe (veto) class."""

    points: float
    hits: tuple[TermHit, ...]
    is_severe: bool = False


_NOTHING = Verdict(0.0, ())


class Lexicon:
    """The terms of one rule set, ready to search.

    Parameters
    ----------
    news : NewsThresholds
        Terms by class and their points.
    """

    def __init__(self, news: NewsThresholds) -> None:
        self._points = {
            TermClass.DECISIVE: news.decisive_points,
            TermClass.CLEAR: news.clear_points,
            TermClass.WEAK: news.weak_points,
        }
        self._mild, self._severe = news.mild_bad_points, news.severe_points
        self._cleared, self._cancelled = news.cleared_points, news.cancelled_points
        terms = {
            TermClass.DECISIVE: news.decisive,
            TermClass.CLEAR: news.clear,
            TermClass.WEAK: news.weak,
            TermClass.MILD_BAD: news.mild_bad,
            TermClass.SEVERE: news.severe,
            TermClass.CLEARING: news.clearing,
            TermClass.CANCELLING: news.cancelling,
        }
        self._anywhere = _by_first_letter((t, kind) for kind, group in terms.items() for t in group if _WORD_START not in t)
        self._at_start = _by_first_letter((t, kind) for kind, group in terms.items() for t in group if _WORD_START in t)
        deleted = sorted(filter(None, map(normalise_title, news.deleted)), key=len, reverse=True)
        self._gone = re.compile("|".join(map(re.escape, deleted))) if deleted else None
        found = chain.from_iterable(chain(self._anywhere.values(), self._at_start.values()))
        scored = [term for term, kind in found if kind <= TermClass.SEVERE]
        self._any = re.compile("|".join(map(re.escape, scored))) if scored else None

    def judge(self, title: str, normalised: str | None = None) -> Verdict:
        """Return points and deciding words of a title; ``normalised`` saves normalising it again."""
        text = normalise_title(title) if normalised is None else normalised
        # Most titles hold no term at all. What deleting joins may be one, so those titles are always looked at closely.
        may_score = self._any is not None and self._any.search(text) is not None
        if not may_score and (self._gone is None or self._gone.search(text) is None):
            return _NOTHING
        hits = list(self._hits(map_title(title)))
        found = {hit.term_class for hit in hits}
        if TermClass.SEVERE in found:
            if TermClass.CLEARING in found:
                return Verdict(self._cleared, _shown(hits, (TermClass.SEVERE, TermClass.CLEARING)))
            return Verdict(self._severe, _shown(hits, (TermClass.SEVERE,)), is_severe=True)
        positive = [kind for kind in _POSITIVE if kind in found]
        if positive and TermClass.CANCELLING in found:
            return Verdict(self._cancelled, _shown(hits, (*positive, TermClass.CANCELLING)))
        best = max(positive, key=self._points.__getitem__, default=None)
        deciding = [kind for kind in (best, TermClass.MILD_BAD if TermClass.MILD_BAD in found else None) if kind]
        points = (self._points[best] if best else 0.0) + (self._mild if TermClass.MILD_BAD in found else 0.0)
        return Verdict(points, _shown(hits, deciding))

    def _hits(self, title: MappedTitle) -> Iterator[TermHit]:
        kept = self._without_deleted(title.text)
        text = "".join(title.text[i] for i in kept)
        for at, letter in enumerate(text):
            for term, kind in self._anywhere.get(letter, ()):
                if text.startswith(term, at):
                    yield self._hit(title, kept[at], kept[at + len(term) - 1], term, kind)
        for first, last in title.words:
            inside = self._without_deleted(title.text[first:last])
            word = "".join(title.text[first + i] for i in inside)
            for term, kind in self._at_start.get(word[:1], ()):
                if word.startswith(term):
                    yield self._hit(title, first + inside[0], first + inside[len(term) - 1], term, kind)

    def _without_deleted(self, text: str) -> Sequence[int]:
        """Positions of a text that remain when the deleted sequences are taken out."""
        if self._gone is None or self._gone.search(text) is None:
            return range(len(text))
        gone = {position for match in self._gone.finditer(text) for position in range(match.start(), match.end())}
        return [position for position in range(len(text)) if position not in gone]

    @staticmethod
    def _hit(title: MappedTitle, first: int, last: int, term: str, kind: TermClass) -> TermHit:
        return TermHit(term, kind, title.starts[first], title.ends[last])


def _by_first_letter(terms: Iterable[tuple[str, TermClass]]) -> dict[str, list[tuple[str, TermClass]]]:
    """Terms as they stand in normalised titles, by their first letter."""
    found: dict[str, list[tuple[str, TermClass]]] = {}
    for written, kind in terms:
        term = normalise_title(written)
        if term:
            found.setdefault(term[0], []).append((term, kind))
    return found


def _shown(hits: Iterable[TermHit], kinds: Iterable[TermClass]) -> tuple[TermHit, ...]:
    """Hits of the deciding classes in reading order, without those inside a longer one (의견거절 in 감사의견거절)."""
    wanted = set(kinds)
    longest_first = sorted((h for h in hits if h.term_class in wanted), key=lambda h: (h.start, -h.end, h.term_class))
    shown: list[TermHit] = []
    for hit in longest_first:
        if not any(other.start <= hit.start and hit.end <= other.end for other in shown):
            shown.append(hit)
    return tuple(shown)


@lru_cache(maxsize=16)
def lexicon_of(news: NewsThresholds) -> Lexicon:
    """Return the lexicon of a rule set, built once."""
    return Lexicon(news)


def judge_title(title: str, rules: Rules) -> tuple[float, tuple[TermHit, ...]]:
    """Return what a title is worth and why.

    Parameters
    ----------
    title : str
        As published; brackets, spaces and decomposed Hangul are allowed.
    rules : Rules
        Terms and points.

    Returns
    -------
    tuple of (points, hits)
        ``title[hit.start:hit.end]`` shows each deciding word where it stands, with whatever lies between its characters. No
        hit and 0 points where nothing is scored.

    Notes
    -----
    First match (domain.md §6.3): severe with a clearing term; severe; positive with a cancelling term; otherwise the highest
    positive plus a mild bad one.
    """
    points, hits, _ = lexicon_of(rules.news).judge(title)
    return points, hits
