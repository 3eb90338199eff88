"""Which stocks a title names (longest name first), and which press an address belongs to.

A name counts where it stands as a word: no letter or digit before it, and after it the word ends or goes on with a particle
(삼성전자가, 삼성전자株). Signs between names separate them (삼성전자·SK하이닉스). The case of Latin letters does not matter,
nor a space beside them (SK 하이닉스); but 이 마트 is a market, not 이마트. Names that are ordinary words are left out: in a
title they would mostly mean something else. A code in brackets counts always: 대상(001680).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import httpx

__all__ = ["CompanyNames", "press_of"]

_PARTICLES = frozenset(
    "이 가 은 는 을 를 의 에 와 과 도 로 으로 서 에서 에게 엔 에는 에도 부터 까지 만 보다 측 주 주가 주식 등 그룹주".split()
)
"""What may follow a name without making it another word."""
_COMMON_WORDS = frozenset(
    "경인 국보 나노 나무 나무가 노을 대상 대원 동서 동양 레이 모나리자 미래산업 사람인 삼일 서남 선진 성우 손오공 신원 신흥 "
    "아하 오로라 우리로 유니온 전방 정다운 제우스 지수 진도 진영 질경이 카스 캐리 코디 태양 한창".split()
)

_WORD_START = re.compile(r"(?<![0-9A-Za-z\uac00-\ud7a3&])[0-9A-Za-z\uac00-\ud7a3]")
_CODE = re.compile(r"(?<=[(\[])([0-9][0-9A-Za-z]{5})(?=[)\]])")
_REST = re.compile(r"[0-9A-Za-z\uac00-\ud7a3&]*")

_PRESS_BY_HOST = {
    "yna.co.kr": "연합뉴스",
    "yonhapnews.co.kr": "연합뉴스",
    "yonhapnewstv.co.kr": "연합뉴스TV",
    "newsis.com": "뉴시스",
    "news1.kr": "뉴스1",
    "hankyung.com": "한국경제",
    "wowtv.co.kr": "한국경제TV",
    "mk.co.kr": "매일경제",
    "sedaily.com": "서울경제",
    "mt.co.kr": "머니투데이",
    "edaily.co.kr": "이데일리",
    "fnnews.com": "파이낸셜뉴스",
    "dart.fss.or.kr": "DART",
    "kind.krx.co.kr": "KIND",
    "blog.naver.com": "블로그",
    "m.blog.naver.com": "블로그",
    "tistory.com": "블로그",
    "blog.daum.net": "블로그",
    "brunch.co.kr": "블로그",
    "medium.com": "블로그",
    "blogspot.com": "블로그",
    "cafe.naver.com": "커뮤니티",
    "cafe.daum.net": "커뮤니티",
    "dcinside.com": "커뮤니티",
    "fmkorea.com": "커뮤니티",
    "ppomppu.co.kr": "커뮤니티",
    "clien.net": "커뮤니티",
    "paxnet.co.kr": "커뮤니티",
    "reddit.com": "커뮤니티",
}
_OFFICIAL = frozenset(("DART", "KIND"))


def press_of(url: str, named: str) -> str:
    """Return the press of an article.

    Parameters
    ----------
    url : str
        Address of the article; where its host belongs to a house known here, that house it is, whatever the feed says.
    named : str
        What the feed or the user calls it.

    Returns
    -------
    str
        A name as domain.md §6.4 lists it, else ``named`` (up to 120 characters). Nobody else may call himself DART or KIND.
    """
    try:
        host = httpx.URL(url).host.lower()
    except (httpx.InvalidURL, ValueError):
        host = ""
    parts = host.split(".")
    for at in range(len(parts) - 1):
        known = _PRESS_BY_HOST.get(".".join(parts[at:]))
        if known is not None:
            return known
    name = named.strip()[:120]
    return host[:120] if re.sub(r"[^0-9A-Za-z]", "", name).upper() in _OFFICIAL else name


class CompanyNames:
    """Finds stocks in titles.

    Parameters
    ----------
    names : mapping
        Ticker by name.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._exact = {_key(name): ticker for name, ticker in names.items() if name.strip()}
        self._tickers = frozenset(self._exact.values())
        by_first: dict[str, dict[str, str]] = {}
        for name in names:
            key = _key(name)
            if len(key) > 1 and key not in _COMMON_WORDS:
                by_first.setdefault(key[0], {})[key] = _spaced(name)
        self._patterns = {
            first: re.compile("|".join(group[key] for key in sorted(group, key=lambda key: (-len(key), key))), re.IGNORECASE)
            for first, group in by_first.items()
        }

    def ticker_of(self, name: str) -> str:
        """Ticker of a company by its whole name; empty where it is unknown."""
        return self._exact.get(_key(name), "")

    def find(self, title: str) -> tuple[str, ...]:
        """Tickers whose names stand in a title, in order of appearance."""
        title = unicodedata.normalize("NFC", title)
        found: dict[str, None] = {}
        done = 0
        for begin in _WORD_START.finditer(title):
            at = begin.start()
            code = _CODE.match(title, at)
            if code is not None and code.group(1).upper() in self._tickers:
                found[code.group(1).upper()] = None
            pattern = self._patterns.get(title[at].upper())
            if at < done or pattern is None or (match := pattern.match(title, at)) is None:
                continue
            rest = _REST.match(title, match.end())
            if rest is None or not rest.group() or rest.group() in _PARTICLES:
                found[self._exact[_key(match.group())]] = None
                done = match.end()
        return tuple(found)


def _spaced(name: str) -> str:
    """Pattern of a name; a space is optional where it has one, and where Latin letters meet others (SK 하이닉스)."""
    words = unicodedata.normalize("NFC", name).split()
    parts = [part for word in words for part in re.findall(r"[\x00-\x7f]+|[^\x00-\x7f]+", word)]
    return r"\s?".join(map(re.escape, parts))


def _key(name: str) -> str:
    return "".join(unicodedata.normalize("NFC", name).upper().split())
