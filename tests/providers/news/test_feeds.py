"""Feeds over real HTTP: what becomes of their headlines, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from aiohttp import web

from engine.model.errors import ProtocolChanged, ProviderError, RateLimited, ValidationFailed
from engine.model.instants import kst_ns
from ralphstock_desktop.ports import MISSING_INT, NewsBatch
from ralphstock_desktop.providers.news.feeds import FeedCollector, FeedSetting, NameBook, feed_collectors
from ralphstock_desktop.providers.news.polite import PoliteClient
from tests.providers.news.loopback import NAMES, NOW, rss, serving, xml

BOOK = NameBook(lambda: NAMES)
SINCE = kst_ns(date(2026, 1, 21), 0)


def collector(url: str, client: PoliteClient, press: str = "") -> FeedCollector:
    return FeedCollector(FeedSetting(url, press), client, BOOK, lambda: NOW)


def rows(batch: NewsBatch) -> list[tuple[Any, ...]]:
    return list(
        zip(batch.ticker.tolist(), batch.title.tolist(), batch.press.tolist(), batch.published_ns.tolist(), strict=True)
    )


async def test_headlines_become_one_row_per_stock() -> None:
    feed = rss(
        ("[특징주] 삼성전자·SK하이닉스 급등", "https://n.example/1", "Wed, 28 Jan 2026 11:00:00 +0900"),
        ("코스피 마감시황", "https://n.example/2", "Wed, 28 Jan 2026 01:30:00 GMT"),
        ("시간 없는 기사", "https://n.example/3", ""),
        ("옛날 기사", "https://n.example/4", "Mon, 05 Jan 2026 09:00:00 +0900"),
        ("NAVER MOU - 경제일보", "https://www.mk.co.kr/5", "Wed, 28 Jan 2026 11:59:59 +0900"),
        ("내일의 기사", "https://n.example/6", "Thu, 29 Jan 2026 11:00:00 +0900"),
        ("주소가 이상한 기사", "javascript:alert(1)", "Wed, 28 Jan 2026 11:00:00 +0900"),
    )
    async with serving() as (server, client, _, _):
        batch = await collector(server.put("/feed", xml(feed)), client).collect(SINCE)
    eleven = kst_ns(date(2026, 1, 28), 11)
    assert rows(batch) == [
        ("005930", "[특징주] 삼성전자·SK하이닉스 급등", "경제일보", eleven),
        ("000660", "[특징주] 삼성전자·SK하이닉스 급등", "경제일보", eleven),
        ("", "코스피 마감시황", "경제일보", kst_ns(date(2026, 1, 28), 10, 30)),
        ("", "시간 없는 기사", "경제일보", MISSING_INT),
        ("035420", "NAVER MOU", "매일경제", kst_ns(date(2026, 1, 28), 11, 59, 59)),
        ("", "내일의 기사", "경제일보", MISSING_INT),  # a time in the future is a mistake
    ]
    assert set(batch.collected_ns.tolist()) == {NOW}
    assert (batch.source, set(batch.kind.tolist())) == ("feed:127.0.0.1", {"news"})


async def test_the_user_names_the_press() -> None:
    async with serving() as (server, client, _, _):
        url = server.put("/feed", xml(rss(("삼성전자 수주", "https://n.example/1", ""))))
        batch = await collector(url, client, "우리 신문").collect(SINCE)
    assert batch.press.tolist() == ["우리 신문"]


async def test_an_unchanged_feed_gives_the_same_headlines_again() -> None:
    """What could not be stored the first time is there the second time."""

    async def page(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"1"':
            return web.Response(status=304)
        return web.Response(text=rss(("삼성전자 수주", "https://n.example/1", "")), headers={"ETag": '"1"'})

    async with serving() as (server, client, _, _):
        made = collector(server.put("/feed", page), client)
        first, second = await made.collect(SINCE), await made.collect(SINCE)
    assert first.url.tolist() == second.url.tolist() == ["https://n.example/1"]


async def test_an_empty_feed_is_an_empty_batch_and_no_failure() -> None:
    async with serving() as (server, client, _, _):
        batch = await collector(server.put("/feed", xml(rss())), client).collect(SINCE)
    assert (len(batch.url), batch.url.dtype.kind, batch.published_ns.dtype.kind) == (0, "U", "i")


BOMB = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>'
HTML = "<!doctype html><html><body>점검 중입니다</body></html>"


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        BOMB.encode("utf-16-le"),
        (" " * 5_000 + BOMB).encode(),
        b"<!-- " + b"x" * 5_000 + b" -->" + BOMB.removeprefix('<?xml version="1.0"?>').encode(),
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><rss><channel/></rss>',
        HTML.encode(),
        b"<html><body>x</body></html>",
        rss(("a", "https://n.example/1", "")).encode()[:-20],
        b"",
        b"\x00\x01\x02",
        b"{}",
        b"[1, 2]",
        b"not found",
        b"[" * 100_000,
    ],
)
async def test_what_is_no_feed_is_a_failure_and_never_an_empty_batch(body: bytes) -> None:
    async with serving() as (server, client, _, _):
        made = collector(server.put("/feed", web.Response(body=body, content_type="application/xml")), client)
        with pytest.raises(ProtocolChanged):
            await made.collect(SINCE)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (web.Response(status=500), ProviderError),
        (web.Response(status=429, headers={"Retry-After": "9999"}), RateLimited),
        (web.Response(status=404), ProviderError),
        (web.Response(status=403, text=HTML), ProviderError),
        (web.Response(body=b"x" * 9 * 2**20), ProtocolChanged),
    ],
)
async def test_faults_of_the_server(answer: web.Response, kind: type[ProviderError]) -> None:
    async with serving() as (server, client, _, _):
        with pytest.raises(kind):
            await collector(server.put("/feed", answer), client).collect(SINCE)


async def test_forbidden_by_robots() -> None:
    async with serving() as (server, client, _, _):
        server.put("/robots.txt", web.Response(text="User-agent: *\nDisallow: /feed"))
        with pytest.raises(ProviderError, match=r"robots\.txt"):
            await collector(server.put("/feed", xml(rss())), client).collect(SINCE)


async def test_collectors_of_several_feeds_have_their_own_names() -> None:
    settings = [
        FeedSetting(f"https://{host}/{path}") for host, path in (("a.kr", "1"), ("a.kr", "2"), ("b.kr", "1"), ("A.kr", "1"))
    ]
    async with serving() as (_, client, _, _):
        made = feed_collectors(settings, client, BOOK, lambda: NOW)
        assert [one.name for one in made] == ["feed:a.kr", "feed:a.kr/2", "feed:b.kr"]
        with pytest.raises(ValidationFailed):
            feed_collectors([FeedSetting("no address")], client, BOOK, lambda: NOW)


async def test_names_are_those_of_today() -> None:
    names = {"삼성전자": "005930"}
    book = NameBook(lambda: names)
    assert book.companies() is book.companies()
    assert book.companies().find("네이버 수주") == ()
    names["네이버"] = "035420"
    assert book.companies().find("네이버 수주") == ("035420",)
