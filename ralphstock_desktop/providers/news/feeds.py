"""One RSS, Atom or JSON feed the user named, as a collector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import httpx

from engine.model.errors import ProtocolChanged
from ralphstock_desktop.ports import NewsBatch
from ralphstock_desktop.providers.news.batches import Found, batch_of
from ralphstock_desktop.providers.news.companies import CompanyNames, press_of
from ralphstock_desktop.providers.news.polite import PoliteClient, checked_url
from ralphstock_desktop.providers.public_data.news import Headline, read_feed

__all__ = ["FeedCollector", "FeedSetting", "NameBook", "feed_collectors", "safe_feed"]

Names = Callable[[], Mapping[str, str]]
"""Ticker by name of the stocks of today's master."""


@dataclass(frozen=True, slots=True)
class FeedSetting:
    """A feed as the user set it: its address, and the press if he wants to name it."""

    url: str
    press: str = ""


class NameBook:
    """The company names of the day, made searchable once as long as they stay the same; shared by all collectors."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._made: tuple[Mapping[str, str], CompanyNames] | None = None

    def companies(self) -> CompanyNames:
        """Names of the stocks of today's master."""
        names = self._names()
        if self._made is None or self._made[0] != names:
            self._made = (dict(names), CompanyNames(names))
        return self._made[1]


def safe_feed(content: bytes, press: str, source: str) -> list[Headline]:
    """Read a feed; a document type is refused in whatever encoding it comes.

    Raises
    ------
    ProtocolChanged
        If it is no feed, or could harm.
    """
    # The reader looks for a document type in the bytes. In UTF-16, which the XML library would read too, it could hide.
    if b"\x00" in content or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ProtocolChanged(
            "A news feed cannot be read: two bytes per letter.",
            provider=source,
            retryable=False,
            key="error.news.shape",
            what="UTF-16",
        )
    return read_feed(content, press, source)


class FeedCollector:
    """Implements :class:`ralphstock_desktop.strategy_ports.NewsCollector` for one feed.

    Parameters
    ----------
    setting : FeedSetting
        Address and press.
    client : PoliteClient
        Shared by all collectors.
    book : NameBook
        Names of stocks.
    now_ns : callable
        Clock, UTC nanoseconds: the time of collection.
    name : str, optional
        Name of the collector; made of the host unless given.

    Raises
    ------
    ValidationFailed
        If the address is none.
    """

    def __init__(
        self, setting: FeedSetting, client: PoliteClient, book: NameBook, now_ns: Callable[[], int], *, name: str = ""
    ) -> None:
        self._url = checked_url(setting.url)
        self._press = setting.press.strip()
        self._client, self._book, self._now_ns = client, book, now_ns
        self.name = name or f"feed:{httpx.URL(self._url).host}"

    async def collect(self, since_ns: int) -> NewsBatch:
        """Headlines published since an instant, one row per headline and stock named in it.

        Raises
        ------
        ProviderError
            If the feed could not be fetched or read.
        """
        content = await self._client.fetch(self._url, self.name)
        host = httpx.URL(self._url).host
        headlines = safe_feed(content, self._press or host, self.name)
        companies = self._book.companies()
        found = (
            Found(entry.url, title, press, entry.published_ns, companies.find(title))
            for entry in headlines
            if entry.url.startswith(("http://", "https://"))
            for press in (press_of(entry.url, self._press or entry.press),)
            for title in (_without_press(entry.title, entry.press),)
        )
        return batch_of(found, self._now_ns(), since_ns, self.name)


def _without_press(title: str, press: str) -> str:
    """A title without the press's name at its end, as collections of many houses append it (… - 연합뉴스)."""
    ending = f" - {press}"
    return title[: -len(ending)].rstrip() if press and title.endswith(ending) else title


def feed_collectors(
    settings: Iterable[FeedSetting], client: PoliteClient, book: NameBook, now_ns: Callable[[], int]
) -> tuple[FeedCollector, ...]:
    """One collector per feed, with names that differ; the same address is taken once."""
    made: dict[str, FeedCollector] = {}
    names: dict[str, int] = {}
    for setting in settings:
        url = checked_url(setting.url)
        if url in made:
            continue
        name = f"feed:{httpx.URL(url).host}"
        names[name] = names.get(name, 0) + 1
        made[url] = FeedCollector(setting, client, book, now_ns, name=name if names[name] == 1 else f"{name}/{names[name]}")
    return tuple(made.values())
