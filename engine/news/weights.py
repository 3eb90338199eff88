"""How much a piece of news counts: its source, its age, and whether it is about this stock (domain.md §6.4).

Readings fixed here:

* A source is a listed press only if its *whole* name says so, spaces and signs aside: 연합뉴스TV and 한국경제TV are other
  houses than 연합뉴스 and 한국경제 and weigh as unknown. Common other names of a listed house (매경, 뉴스원) are equated.
* A source is ignored if 블로그 or 커뮤니티 occurs anywhere in its name. Ignored items are taken out before clustering, so a
  blog never lends its title or its earlier hour to a story of the press.
* A stock is named by its name anywhere in the title, brackets included (유상증자 결정(삼성전자)); the label is taken out for
  the round-up test only, where [특징주] 모음전자 must not read 특징주모음. Latin ends of a name stand free: SK is not in SKC.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from engine.model.news import NewsItem
from engine.news.text import normalise_title
from engine.scoring.rounding import EPS
from engine.strategy_thresholds import NewsThresholds

__all__ = ["HOUR_NS", "Weights", "names_stock", "press_key", "weights_of"]

HOUR_NS = 3_600_000_000_000

_NOT_NAME = re.compile(r"[^0-9A-Za-z\uAC00-\uD7A3]+")
_SPACE = re.compile(r"\s+")
_SAME_HOUSE = {
    "연합": "연합뉴스",
    "YONHAPNEWS": "연합뉴스",
    "연합뉴스통신": "연합뉴스",
    "NEWSIS": "뉴시스",
    "뉴시스통신": "뉴시스",
    "NEWS1": "뉴스1",
    "뉴스원": "뉴스1",
    "한경": "한국경제",
    "한경닷컴": "한국경제",
    "한국경제신문": "한국경제",
    "매경": "매일경제",
    "매경닷컴": "매일경제",
    "매일경제신문": "매일경제",
    "서울경제신문": "서울경제",
    "머니투데이신문": "머니투데이",
    "EDAILY": "이데일리",
    "이데일리신문": "이데일리",
    "FNNEWS": "파이낸셜뉴스",
    "파이낸셜뉴스신문": "파이낸셜뉴스",
    "금융감독원": "DART",
    "전자공시": "DART",
    "전자공시시스템": "DART",
    "금융감독원전자공시시스템": "DART",
    "금감원전자공시": "DART",
    "상장공시시스템": "KIND",
    "한국거래소상장공시시스템": "KIND",
    "한국거래소KIND": "KIND",
    "KRXKIND": "KIND",
}
"""Other names of the houses of §6.4, as press keys."""


def press_key(source: str) -> str:
    """Return a press name for comparing: NFC, only digits, Latin letters and Hangul, upper case, other names equated."""
    key = _NOT_NAME.sub("", unicodedata.normalize("NFC", source)).upper()
    return _SAME_HOUSE.get(key, key)


@lru_cache(maxsize=8_192)
def _name_key(name: str) -> str:
    return _SPACE.sub("", unicodedata.normalize("NFC", name)).upper()


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _goes_on(end: str, neighbour: str) -> bool:
    """Whether a neighbour makes an end of a name part of a longer word: letter to letter, digit to digit (SK is not in SKC)."""
    return _is_latin(end) and _is_latin(neighbour) and end.isdigit() == neighbour.isdigit()


def names_stock(title: str, name: str) -> bool:
    """Whether a title names a stock: spaces and case aside, Latin ends of the name standing free (NAVER3분기 names NAVER)."""
    key = _name_key(name)
    if not key:
        return False
    composed = unicodedata.normalize("NFC", title)
    text = _SPACE.sub("", composed).upper()
    if key not in text:
        return False
    if not (_is_latin(key[0]) or _is_latin(key[-1])):
        return True
    # Where the ends must stand free, look at the neighbours in the title as it is, spaces included.
    places = [at for at, char in enumerate(composed) if not char.isspace()]
    letters = "".join(up if len(up := composed[at].upper()) == 1 else composed[at] for at in places)
    at = letters.find(key)
    while at >= 0:
        first, last = places[at], places[at + len(key) - 1]
        is_free_before = first == 0 or not _goes_on(key[0], composed[first - 1])
        is_free_after = last + 1 == len(composed) or not _goes_on(key[-1], composed[last + 1])
        if is_free_before and is_free_after:
            return True
        at = letters.find(key, at + 1)
    return False


class Weights:
    """Source, time and relevance weights of one rule set."""

    def __init__(self, news: NewsThresholds) -> None:
        self._news = news
        self._official = frozenset(map(press_key, news.official_sources))
        self._press = frozenset(map(press_key, news.press_sources))
        self._ignored = tuple(filter(None, map(press_key, news.ignored_sources)))
        self._roundup = tuple(filter(None, map(normalise_title, news.roundup)))
        self._known: dict[str, float | None] = {}

    def source(self, source: str) -> float | None:
        """Weight of a source by its name; None where it is ignored."""
        if source not in self._known:
            self._known[source] = self._judged(press_key(source))
        return self._known[source]

    def _judged(self, key: str) -> float | None:
        if key in self._official:
            return self._news.official_weight
        if key in self._press:
            return self._news.press_weight
        if any(ignored in key for ignored in self._ignored):
            return None
        return self._news.unknown_weight

    def age(self, age_h: float) -> float:
        """Weight of an age in hours; 0 beyond the last rung."""
        return next((rung.points for rung in self._news.age_weight if age_h <= rung.threshold + EPS), 0.0)

    def relevance(self, item: NewsItem, normalised: str, name: str) -> float:
        """How far a title is about a stock; ``normalised`` is the item's normalised title."""
        if any(word in normalised for word in self._roundup):
            return self._news.other_relevance
        return self._news.named_relevance if names_stock(item.title, name) else self._news.other_relevance


@lru_cache(maxsize=16)
def weights_of(news: NewsThresholds) -> Weights:
    """Return the weights of a rule set, built once."""
    return Weights(news)
