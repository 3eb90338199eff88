"""Headlines from feeds the user names: RSS 2.0, Atom and JSON Feed.

A headline is tied to a stock when the stock's name stands in its title as a word of its own; longer names win, so that
삼성전자우 is not 삼성전자. Names of one syllable and names in ``_COMMON_WORDS`` are left out. Only the title, the address, the
press and the time are kept. An entry without a time keeps none: it is stored and never scored (domain.md §6.1).
"""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

import httpx
import numpy as np

from engine.model.errors import DataUnavailable, ProtocolChanged, ProviderError, RalphStockError, ValidationFailed
from engine.model.instants import KST, kst_ns
from ralphstock_desktop.live_ports import Priority, SourceMonitor
from ralphstock_desktop.ports import MISSING_INT, NewsBatch

__all__ = ["FeedNews", "Headline", "StockNames", "read_feed"]

_LARGEST_FEED = 8 * 2**20
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"[0-9A-Za-z\uac00-\ud7a3&+.·-]")
_PARTICLES = frozenset("이 가 은 는 을 를 의 에 와 과 도 로 으로 서 에서 부터 까지 만 보다 주 주가".split())
"""What may follow a name without making it another word: particles, and 주가 in 삼성전자주가."""
_COMMON_WORDS = frozenset("대상 동서 신원 국보 유니온 모나리자 진도 대원 동양 태양 경인 한창 나무 미래산업 지수".split())
"""Company names that are ordinary words: in a title they would mostly mean something else."""
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*encoding=["']([A-Za-z0-9_-]+)["'][^>]*\?>""")
_KOREAN_CODECS = frozenset({"euc-kr", "euc_kr", "ks_c_5601-1987", "ksc5601", "cp949", "ms949", "x-windows-949"})
_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True, slots=True)
class Headline:
    """One entry of a feed."""

    url: str
    title: str
    press: str
    published_ns: int
    """MISSING_INT where the feed does not tell."""


class StockNames:
    """Finds stocks in titles.

    Parameters
    ----------
    names : mapping
        Ticker by name.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        usable = {unicodedata.normalize("NFC", name): ticker for name, ticker in names.items()}
        usable = {name: ticker for name, ticker in usable.items() if len(name) > 1 and name not in _COMMON_WORDS}
        self._tickers = usable
        longest_first = sorted(usable, key=lambda name: (-len(name), name))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def find(self, title: str) -> tuple[str, ...]:
        """Tickers whose names stand in a title, in order of appearance."""
        if self._pattern is None:
            return ()
        found: dict[str, None] = {}
        for match in self._pattern.finditer(unicodedata.normalize("NFC", title)):
            before = title[match.start() - 1 : match.start()] if match.start() else ""
            if not _WORD.match(before) and self._ends(title, match.end()):
                found[self._tickers[match.group()]] = None
        return tuple(found)

    def _ends(self, title: str, end: int) -> bool:
        rest = re.split(r"[^0-9A-Za-z\uac00-\ud7a3&+]", title[end : end + 6], maxsplit=1)[0]
        return not rest or rest in _PARTICLES


def _unreadable(what: str, source: str) -> ProtocolChanged:
    return ProtocolChanged(
        f"A news feed cannot be read: {what}.", provider=source, retryable=False, key="error.news.shape", what=what
    )


def read_feed(content: bytes, press: str, source: str = "news") -> list[Headline]:
    """Read a feed of any of the three kinds; entries without title or address are left out.

    Raises
    ------
    ProtocolChanged
        If it is none of them.
    """
    if content.lstrip()[:1] in (b"{", b"["):
        return _read_json(content, press, source)
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content:
        raise _unreadable("a document type is declared", source)
    try:
        # expat resolves no external entity, and a document type, which could blow entities up, is refused above
        root = ET.fromstring(_utf8(content))  # noqa: S314
    except (ET.ParseError, ValueError, LookupError) as error:
        raise _unreadable("no XML and no JSON", source) from error
    if root.tag == f"{_ATOM}feed":
        title = _clean(root.findtext(f"{_ATOM}title") or "") or press
        return _kept(_atom_entry(entry, title) for entry in root.iter(f"{_ATOM}entry"))
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise _unreadable(f"the root element {str(root.tag)[:40]} is unknown", source)
    title = _clean(channel.findtext("title") or "") or press
    return _kept(_rss_entry(entry, title) for entry in channel.iter("item"))


def _utf8(content: bytes) -> bytes:
    """Korean feeds still come in a code expat does not know."""
    declared = _DECLARED.match(content[:200])
    if declared is None or declared.group(1).decode("ascii").lower() not in _KOREAN_CODECS:
        return content
    return content[declared.end() :].decode("cp949", "replace").encode("utf-8")


def _kept(entries: Iterable[Headline]) -> list[Headline]:
    return [entry for entry in entries if entry.title and entry.url]


def _rss_entry(entry: Any, press: str) -> Headline:
    named = _clean(entry.findtext("source") or entry.findtext(f"{_DC}creator") or "")
    when = _instant(entry.findtext("pubDate") or entry.findtext(f"{_DC}date") or "")
    guid = entry.find("guid")
    permanent = guid is not None and guid.get("isPermaLink", "true") == "true" and (guid.text or "").startswith("http")
    url = (entry.findtext("link") or (guid.text if permanent and guid is not None else "") or "").strip()
    return Headline(url, _clean(entry.findtext("title") or ""), named or press, when)


def _atom_entry(entry: Any, press: str) -> Headline:
    links = entry.findall(f"{_ATOM}link")
    chosen = next((link for link in links if link.get("rel", "alternate") == "alternate"), None)
    when = _instant(entry.findtext(f"{_ATOM}published") or entry.findtext(f"{_ATOM}updated") or "")
    url = (chosen.get("href") or "").strip() if chosen is not None else ""
    return Headline(url, _clean(entry.findtext(f"{_ATOM}title") or ""), press, when)


def _read_json(content: bytes, press: str, source: str) -> list[Headline]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _unreadable("broken JSON", source) from error
    entries = document.get("items") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise _unreadable("JSON without a list of items", source)
    title = _clean(str(document.get("title") or "")) or press
    return _kept(
        Headline(
            str(entry.get("url") or entry.get("external_url") or "").strip(),
            _clean(str(entry.get("title") or "")),
            title,
            _instant(str(entry.get("date_published") or "")),
        )
        for entry in entries
        if isinstance(entry, dict)
    )


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", unescape(_TAG.sub("", unescape(text)))).split())


def _instant(text: str) -> int:
    """UTC nanoseconds of an RFC 822 or ISO 8601 time; without a zone it is Korean. MISSING_INT for anything else."""
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return MISSING_INT
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=KST)
    span = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1_000_000_000


class FeedNews:
    """Implements :class:`ralphstock_desktop.live_ports.NewsSource`.

    Parameters
    ----------
    urls : sequence of str
        Addresses of feeds; http or https. None at all is allowed: then there is no news, and that is said.
    now_ns : callable
        Clock, UTC nanoseconds: the time of collection.
    monitor : SourceMonitor
        Hears of every request.
    names : callable
        Ticker by name of the stocks of today's master.

    Raises
    ------
    ValidationFailed
        If an address is none.
    """

    name = "news-feed"

    def __init__(
        self,
        urls: Sequence[str],
        now_ns: Callable[[], int],
        monitor: SourceMonitor,
        names: Callable[[], Mapping[str, str]],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._urls = [_checked(url) for url in urls]
        self._now_ns, self._monitor, self._names = now_ns, monitor, names
        self._client = httpx.AsyncClient(
            timeout=20.0, follow_redirects=True, headers={"User-Agent": "ralphstock-desktop"}, transport=transport
        )

    async def fetch_news(self, since: date, priority: Priority) -> NewsBatch:
        """Headlines of all feeds published since a day, one row per headline and stock.

        Raises
        ------
        DataUnavailable
            If no feed is set.
        ProviderError
            If not one of the feeds could be read.
        """
        del priority
        if not self._urls:
            raise DataUnavailable("No news feed is set.", key="error.sync.no_news")
        headlines: list[Headline] = []
        failure: RalphStockError | None = None
        read = 0
        for url in self._urls:
            try:
                headlines += read_feed(await self._get(url), httpx.URL(url).host, self.name)
                read += 1
            except ProviderError as error:
                self._monitor.failed(self.name, error)
                failure = error
        if not read and failure is not None:
            raise failure
        return self._batch(headlines, kst_ns(since, 0))

    async def _get(self, url: str) -> bytes:
        started_ns = self._now_ns()
        try:
            async with self._client.stream("GET", url) as response:
                response.raise_for_status()
                content = bytearray()
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > _LARGEST_FEED:
                        raise _unreadable("it is larger than 8 MB", self.name)
        except httpx.HTTPError as error:
            status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else 0
            what = f"HTTP {status}" if status else type(error).__name__
            raise ProviderError(
                f"A news feed could not be fetched: {what}.",
                provider=self.name,
                retryable=True,
                code=str(status or ""),
                key="error.news.feed",
                what=what,
            ) from error
        self._monitor.succeeded(self.name, (self._now_ns() - started_ns) / 1e6)
        return bytes(content)

    def _batch(self, headlines: Sequence[Headline], since_ns: int) -> NewsBatch:
        finder, now_ns = StockNames(self._names()), self._now_ns()
        rows: dict[tuple[str, str], Headline] = {}
        for headline in headlines:
            if headline.published_ns != MISSING_INT and headline.published_ns < since_ns:
                continue
            for ticker in finder.find(headline.title) or ("",):
                rows.setdefault((headline.url, ticker), headline)
        kept = list(rows.values())
        return NewsBatch(
            np.array([h.url for h in kept], dtype=np.str_),
            np.array([h.title for h in kept], dtype=np.str_),
            np.array([h.press for h in kept], dtype=np.str_),
            np.array([h.published_ns for h in kept], dtype=np.int64),
            np.full(len(kept), now_ns, dtype=np.int64),
            np.array([ticker for _, ticker in rows], dtype=np.str_),
            np.full(len(kept), "news"),
            self.name,
        )

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, TypeError) as error:
        raise ValidationFailed("The address of a news feed is no address.", key="error.news.url") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValidationFailed("The address of a news feed must begin with http:// or https://.", key="error.news.url")
    return str(parsed)
