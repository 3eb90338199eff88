"""News feeds: three forms, times, names in titles, hostile content, failures."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from engine.model.errors import DataUnavailable, ProtocolChanged, ProviderError, RalphStockError, ValidationFailed
from engine.model.instants import kst_ns
from ralphstock_desktop.live_ports import Priority
from ralphstock_desktop.ports import MISSING_INT
from ralphstock_desktop.providers.public_data.news import FeedNews, StockNames, read_feed

NAMES = {
    "삼성전자": "005930",
    "삼성전자우": "005935",
    "SK": "034730",
    "SK하이닉스": "000660",
    "LG": "003550",
    "대상": "001680",
    "DB": "012030",
}
RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>경제일보</title>
<item><title><![CDATA[[특징주] 삼성전자, 대규모 수주&nbsp;소식]]></title><link>https://n.example/1?utm_source=x</link>
<pubDate>Tue, 24 Nov 2026 09:30:00 +0900</pubDate></item>
<item><title>SK하이닉스가 삼성전자우보다 &lt;b&gt;올랐다&lt;/b&gt;</title><link>https://n.example/2</link><dc:date>2026-11-24T01:00:00Z</dc:date></item>
<item><title>시간 없는 기사</title><guid>https://n.example/3</guid></item>
<item><title>옛날 기사</title><link>https://n.example/4</link><pubDate>Mon, 02 Nov 2026 09:30:00 +0900</pubDate></item>
<item><title></title><link>https://n.example/5</link></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Atom 신문</title><entry><title>LG 신제품</title>
<link rel="self" href="https://a.example/self"/><link href="https://a.example/1"/><published>2026-11-24T10:00:00+09:00</published>
</entry></feed>"""
JSON = '{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"1","url":"https://j.example/1","title":"SK 인수","date_published":"2026-11-24T10:00:00+09:00"}, 5]}'


class Monitor:
    def __init__(self) -> None:
        self.errors: list[RalphStockError] = []

    def succeeded(self, source: str, latency_ms: float) -> None: ...
    def failed(self, source: str, error: RalphStockError) -> None:
        self.errors.append(error)


def source(pages: dict[str, httpx.Response | Exception], monitor: Monitor | None = None) -> FeedNews:
    def answer(request: httpx.Request) -> httpx.Response:
        page = pages[str(request.url)]
        if isinstance(page, Exception):
            raise page
        return page

    return FeedNews(
        list(pages),
        lambda: kst_ns(date(2026, 11, 24), 12),
        monitor or Monitor(),
        lambda: NAMES,
        transport=httpx.MockTransport(answer),  # type: ignore[arg-type]
    )


async def test_three_forms_of_feeds() -> None:
    feed = source(
        {
            "https://n.example/rss": httpx.Response(200, text=RSS),
            "https://a.example/atom": httpx.Response(200, text=ATOM),
            "https://j.example/json": httpx.Response(200, text=JSON),
        }
    )
    batch = await feed.fetch_news(date(2026, 11, 17), Priority.BACKGROUND)
    await feed.close()
    rows = list(zip(batch.url.tolist(), batch.ticker.tolist(), batch.published_ns.tolist(), strict=True))
    nine_thirty, ten = kst_ns(date(2026, 11, 24), 9, 30), kst_ns(date(2026, 11, 24), 10)
    assert rows == [
        ("https://n.example/1?utm_source=x", "005930", nine_thirty),
        ("https://n.example/2", "000660", ten),
        ("https://n.example/2", "005935", ten),
        ("https://n.example/3", "", MISSING_INT),
        ("https://a.example/1", "003550", ten),
        ("https://j.example/1", "034730", ten),
    ]
    assert batch.title[0] == "[특징주] 삼성전자, 대규모 수주 소식" and batch.title[1] == "SK하이닉스가 삼성전자우보다 올랐다"
    assert batch.press.tolist() == ["경제일보"] * 4 + ["Atom 신문", "J"]
    assert (batch.collected_ns == kst_ns(date(2026, 11, 24), 12)).all()


def test_korean_code_pages_are_read() -> None:
    text = RSS.replace('encoding="utf-8"', 'encoding="EUC-KR"')
    assert read_feed(text.encode("cp949"), "x")[0].title == "[특징주] 삼성전자, 대규모 수주 소식"


@pytest.mark.parametrize(
    ("title", "tickers"),
    [
        ("삼성전자 3% 상승", ("005930",)),
        ("삼성전자가 SK를 앞질렀다", ("005930", "034730")),
        ("삼성전자우선주 급등", ()),
        ("SKT 요금제", ()),
        ("KDB생명 매각", ()),
        ("조사 대상 확대", ()),
        ("‘LG’의 반격", ("003550",)),
        ("", ()),
    ],
)
def test_names_in_titles(title: str, tickers: tuple[str, ...]) -> None:
    assert StockNames(NAMES).find(title) == tickers


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<html><body>no feed</body></html>",
        b'{"items": 3}',
        b"[1,2]",
        b"{",
        b"<?xml version='1.0' encoding='nonsense'?><rss><channel/></rss>",
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>',
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><rss><channel/></rss>',
    ],
)
def test_what_is_no_feed_is_refused(content: bytes) -> None:
    with pytest.raises(ProtocolChanged) as caught:
        read_feed(content, "x")
    assert caught.value.key == "error.news.shape"


async def test_one_broken_feed_is_told_and_the_others_are_read() -> None:
    monitor = Monitor()
    feed = source(
        {"https://a.example/atom": httpx.Response(200, text=ATOM), "https://n.example/x": httpx.Response(503)}, monitor
    )
    assert len((await feed.fetch_news(date(2026, 11, 17), Priority.BACKGROUND)).url) == 1
    assert [error.key for error in monitor.errors] == ["error.news.feed"]
    await feed.close()


async def test_when_no_feed_can_be_read_it_is_a_failure() -> None:
    feed = source({"https://n.example/x": httpx.ConnectError("secret-host refused")})
    with pytest.raises(ProviderError) as caught:
        await feed.fetch_news(date(2026, 11, 17), Priority.BACKGROUND)
    assert caught.value.key == "error.news.feed" and "secret" not in str(caught.value)
    await feed.close()


async def test_an_endless_feed_is_cut_off() -> None:
    feed = source({"https://n.example/x": httpx.Response(200, content=b" " * (9 * 2**20))})
    with pytest.raises(ProtocolChanged):
        await feed.fetch_news(date(2026, 11, 17), Priority.BACKGROUND)
    await feed.close()


async def test_without_a_feed_it_is_said() -> None:
    feed = source({})
    with pytest.raises(DataUnavailable) as caught:
        await feed.fetch_news(date(2026, 11, 17), Priority.BACKGROUND)
    assert caught.value.key == "error.sync.no_news"
    await feed.close()


@pytest.mark.parametrize("url", ["ftp://x/y", "nonsense", "http://", "file:///etc/passwd"])
def test_addresses_are_checked(url: str) -> None:
    with pytest.raises(ValidationFailed):
        FeedNews([url], lambda: 0, Monitor(), dict)  # type: ignore[arg-type]
