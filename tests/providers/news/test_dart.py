"""Disclosures: the list with a key, the feed without, and what is known of their time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from aiohttp import web

from engine.model.errors import AuthExpired, DataUnavailable, ProtocolChanged, ProviderError, RateLimited
from engine.model.instants import kst_ns
from ralphstock_desktop.ports import MISSING_INT
from ralphstock_desktop.providers.news.dart import DartFeedCollector, DartListCollector, disclosure_url
from ralphstock_desktop.providers.news.feeds import NameBook
from ralphstock_desktop.providers.news.polite import PoliteClient
from tests.providers.news.loopback import NAMES, NOW, rss, serving, xml

KEY = "CANARYKEY0001"
SINCE = kst_ns(date(2026, 1, 27), 0)
MINUTE = 60_000_000_000


def row(number: int, report: str = "단일판매ㆍ공급계약체결", stock: str = "005930", name: str = "삼성전자") -> dict[str, Any]:
    return {
        "corp_code": "00126380",
        "corp_name": name,
        "stock_code": stock,
        "corp_cls": "Y",
        "report_nm": report,
        "rcept_no": f"20260128{number:06d}",
        "flr_nm": name,
        "rcept_dt": "20260128",
        "rm": "유",
    }


def page(*rows: dict[str, Any], pages: int = 1, status: str = "000") -> web.Response:
    return web.json_response({"status": status, "message": "m", "page_no": 1, "total_page": pages, "list": list(rows)})


class Now:
    def __init__(self) -> None:
        self.ns = NOW

    def __call__(self) -> int:
        return self.ns


async def _key() -> str | None:
    return KEY


def listing(base: str, client: PoliteClient, now: Now, **more: Any) -> DartListCollector:
    return DartListCollector(more.pop("key", _key), client, now, url=f"{base}/list", **more)


async def test_listed_companies_with_their_code_and_openable_address() -> None:
    async with serving() as (server, client, _, _):
        rows = (
            row(2, "주요사항보고서(유상증자결정)"),
            row(1, stock="000660", name="SK하이닉스"),
            row(3, stock=" ", name="비상장"),
            row(4, stock=""),
        )
        server.put("/list", page(*rows))
        batch = await listing(server.base, client, Now()).collect(SINCE)
        query = server.requests[-1][2].query
    assert batch.ticker.tolist() == ["005930", "000660"]
    assert batch.title.tolist() == ["삼성전자 주요사항보고서 · 유상증자결정", "SK하이닉스 단일판매ㆍ공급계약체결"]
    assert batch.url.tolist() == [disclosure_url("20260128000002"), disclosure_url("20260128000001")]
    assert set(batch.press.tolist()) == {"DART"}
    assert set(batch.kind.tolist()) == {"disclosure"}
    assert (query["crtfc_key"], query["bgn_de"], query["end_de"]) == (KEY, "20260127", "20260128")
    assert server.paths() == ["/list"]  # an interface with a key, no crawling


async def test_a_day_is_no_publication_time() -> None:
    async with serving() as (server, client, _, _):
        server.put("/list", page(row(1)))
        batch = await listing(server.base, client, Now()).collect(SINCE)
    assert batch.published_ns.tolist() == [MISSING_INT]
    assert batch.collected_ns.tolist() == [NOW]


async def test_what_appears_between_two_readings_was_published_in_between() -> None:
    now = Now()
    async with serving() as (server, client, _, _):
        made = listing(server.base, client, now)
        server.put("/list", page(row(1)))
        await made.collect(SINCE)
        now.ns += 5 * MINUTE
        server.put("/list", page(row(2), row(1)))
        second = await made.collect(SINCE)
        now.ns += 5 * MINUTE
        third = await made.collect(SINCE)
        now.ns += 16 * MINUTE  # a longer break: nobody knows when the third came
        server.put("/list", page(row(3), row(2), row(1)))
        fourth = await made.collect(SINCE)
    first_ns, new_ns = MISSING_INT, NOW + 5 * MINUTE
    assert second.published_ns.tolist() == third.published_ns.tolist() == [new_ns, first_ns]
    assert fourth.published_ns.tolist() == [MISSING_INT, new_ns, first_ns]


async def test_an_older_receipt_that_turns_up_is_not_new() -> None:
    now = Now()
    async with serving() as (server, client, _, _):
        made = listing(server.base, client, now)
        server.put("/list", page(row(1)))
        await made.collect(SINCE)
        now.ns += 5 * MINUTE
        server.put("/list", page(row(1), row(2) | {"rcept_no": "20260127000009"}))
        batch = await made.collect(SINCE)
    assert batch.published_ns.tolist() == [MISSING_INT, MISSING_INT]


async def test_a_long_list_is_read_to_a_limit_newest_first() -> None:
    async with serving() as (server, client, _, _):
        server.put("/list", *(page(row(1_000 - n), pages=99) for n in range(45)))
        batch = await listing(server.base, client, Now()).collect(SINCE)
    assert (len(batch.url), batch.url.tolist()[0]) == (40, disclosure_url("20260128001000"))


async def test_a_reading_that_failed_brackets_nothing() -> None:
    now = Now()
    async with serving() as (server, client, _, _):
        made = listing(server.base, client, now)
        server.put("/list", page(row(1)))
        await made.collect(SINCE)
        server.put("/list", page(status="900"))
        for _ in range(4):
            now.ns += 5 * MINUTE
            with pytest.raises(ProviderError):
                await made.collect(SINCE)
        server.put("/list", page(row(2), row(1)))
        batch = await made.collect(SINCE)
    assert batch.published_ns.tolist() == [MISSING_INT, MISSING_INT]  # 20 minutes since the last good reading


async def test_pages_are_read_until_what_is_known() -> None:
    now = Now()
    async with serving() as (server, client, _, _):
        made = listing(server.base, client, now)
        server.put("/list", page(row(4), row(3), pages=2), page(row(2), row(1), pages=2))
        assert len((await made.collect(SINCE)).url) == 4
        now.ns += MINUTE
        server.put("/list", page(row(4), row(3), pages=2))
        assert len((await made.collect(SINCE)).url) == 2
        assert len(server.requests) == 3


async def test_nothing_to_tell_is_an_empty_batch() -> None:
    async with serving() as (server, client, _, _):
        server.put("/list", web.json_response({"status": "013", "message": "조회된 데이타가 없습니다."}))
        assert len((await listing(server.base, client, Now()).collect(SINCE)).url) == 0


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        ("010", AuthExpired, False), ("011", AuthExpired, False), ("012", AuthExpired, False), ("901", AuthExpired, False),
        ("020", RateLimited, True), ("800", ProviderError, True), ("900", ProviderError, False), ("100", ProviderError, False),
    ],
)  # fmt: skip
async def test_refusals(status: str, kind: type[ProviderError], retryable: bool) -> None:
    async with serving() as (server, client, _, _):
        server.put("/list", web.json_response({"status": status, "message": "m"}))
        with pytest.raises(kind) as caught:
            await listing(server.base, client, Now()).collect(SINCE)
    assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    "body",
    [
        "<html>점검</html>", "[]", '{"status": "000"}', '{"status": "000", "list": [1], "total_page": 1}',
        '{"status": "000", "list": [{"stock_code": "005930", "rcept_no": "1"}], "total_page": 1}',
        '{"status": "000", "list": [], "total_page": "x"}', "[" * 50_000,
    ],
)  # fmt: skip
async def test_what_is_no_list(body: str) -> None:
    async with serving() as (server, client, _, _):
        server.put("/list", web.Response(text=body))
        with pytest.raises(ProtocolChanged):
            await listing(server.base, client, Now()).collect(SINCE)


async def test_without_a_key_nothing_is_asked() -> None:
    async def none() -> str | None:
        return None

    async with serving() as (server, client, _, _):
        with pytest.raises(DataUnavailable):
            await listing(server.base, client, Now(), key=none).collect(SINCE)
        assert server.requests == []


async def test_the_key_is_in_no_message() -> None:
    async with serving() as (server, client, _, heard):
        server.put("/list", web.Response(status=500))
        with pytest.raises(ProviderError) as caught:
            await listing(server.base, client, Now()).collect(SINCE)
        for error in (*heard.failures, caught.value):
            assert KEY not in f"{error} {error.fields} {error.__cause__}"


# --------------------------------------------------------------------------------------------------------------- feed


def feed() -> str:
    link = "https://dart.fss.or.kr/api/link.jsp?rcpNo="
    return rss(
        ("(유가)삼성전자 - 단일판매ㆍ공급계약체결", f"{link}20260128000001", "Wed, 28 Jan 2026 02:31:00 GMT"),
        ("(코스닥)모르는회사 - 유상증자결정", f"{link}20260128000002", "Wed, 28 Jan 2026 02:32:00 GMT"),
        ("대상 - [기재정정]주요사항보고서(자기주식취득결정)", f"{link}20260128000003", "Wed, 28 Jan 2026 02:33:00 GMT"),
        ("제목만", f"{link}20260128000004", ""),
        title="DART",
    )


async def test_feed_without_a_key() -> None:
    async with serving() as (server, client, _, _):
        made = DartFeedCollector(client, NameBook(lambda: NAMES), Now(), url=server.put("/feed", xml(feed())))
        batch = await made.collect(SINCE)
    assert batch.ticker.tolist() == ["005930", "001680"]  # a whole name counts, also an ordinary word
    assert batch.title.tolist() == ["삼성전자 단일판매ㆍ공급계약체결", "대상 [기재정정]주요사항보고서 · 자기주식취득결정"]
    assert batch.url.tolist() == [disclosure_url("20260128000001"), disclosure_url("20260128000003")]
    assert batch.published_ns.tolist() == [kst_ns(date(2026, 1, 28), 11, 31), kst_ns(date(2026, 1, 28), 11, 33)]
    assert set(batch.press.tolist()) == {"DART"}


async def test_the_list_takes_the_times_of_the_feed() -> None:
    times: dict[str, int] = {}
    async with serving() as (server, client, _, _):
        server.put("/feed", xml(feed()))
        await DartFeedCollector(client, NameBook(lambda: NAMES), Now(), url=f"{server.base}/feed", times=times).collect(SINCE)
        server.put("/list", page(row(1)))
        batch = await listing(server.base, client, Now(), times=times).collect(SINCE)
    assert batch.published_ns.tolist() == [kst_ns(date(2026, 1, 28), 11, 31)]


async def test_a_feed_of_something_else() -> None:
    async with serving() as (server, client, _, _):
        url = server.put("/feed", xml(rss(("삼성전자 - 수주", "https://n.example/1", ""))))
        with pytest.raises(ProtocolChanged):
            await DartFeedCollector(client, NameBook(lambda: NAMES), Now(), url=url).collect(SINCE)
