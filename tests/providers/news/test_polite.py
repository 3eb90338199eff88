"""The guest's manners and his suspicion, over real HTTP on this machine."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import zlib

import pytest
from aiohttp import web

from engine.model.errors import ProtocolChanged, ProviderError, RateLimited, ValidationFailed
from ralphstock_desktop.providers.news.polite import USER_AGENT, checked_url
from tests.providers.news.loopback import serving, xml


async def test_one_request_in_two_seconds_with_our_own_name() -> None:
    async with serving() as (server, client, _, heard):
        url = server.put("/a", xml("x"))
        for _ in range(3):
            assert await client.fetch(url, "s", keep=False) == b"x"
        assert server.paths() == ["/robots.txt", "/a", "/a", "/a"]
        times = [at for _, at, _ in server.requests]
        assert [later - earlier for earlier, later in itertools.pairwise(times)] == [2.0, 2.0, 2.0]
        assert {request.headers["User-Agent"] for _, _, request in server.requests} == {USER_AGENT}
        assert heard.succeeded_by.count("s") == 3
        assert any(heard.queues)


async def test_two_at_once_are_paced_too() -> None:
    async with serving() as (server, client, clock, _):
        url = server.put("/a", xml("x"))
        await client.fetch(url, "s", keep=False)
        await asyncio.gather(*(client.fetch(url, "s", keep=False) for _ in range(3)))
        assert server.paths() == ["/robots.txt", "/a", "/a", "/a", "/a"]
        assert clock.slept == [2.0] * 4  # each waits for the one before


async def test_unchanged_pages_are_asked_for_conditionally() -> None:
    async def page(request: web.Request) -> web.Response:
        if (
            request.headers.get("If-None-Match") == '"v1"'
            and request.headers.get("If-Modified-Since") == "Wed, 28 Jan 2026 00:00:00 GMT"
        ):
            return web.Response(status=304)
        return web.Response(text="old", headers={"ETag": '"v1"', "Last-Modified": "Wed, 28 Jan 2026 00:00:00 GMT"})

    async with serving() as (server, client, _, _):
        url = server.put("/a", page)
        assert [await client.fetch(url, "s") for _ in range(2)] == [b"old", b"old"]
        assert "If-None-Match" in server.requests[-1][2].headers
        # an address with a key is never kept
        await client.fetch(url, "s", keep=False)
        assert "If-None-Match" not in server.requests[-1][2].headers


async def test_a_changed_page_replaces_the_kept_one() -> None:
    async with serving() as (server, client, _, _):
        url = server.put("/a", web.Response(text="1", headers={"ETag": '"1"'}), web.Response(text="2", headers={"ETag": '"2"'}))
        assert [await client.fetch(url, "s") for _ in range(2)] == [b"1", b"2"]


# ------------------------------------------------------------------------------------------------------------- robots


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        (web.Response(text="User-agent: *\nDisallow: /a"), False),
        (web.Response(text="User-agent: *\nDisallow: /b"), True),
        (web.Response(text="User-agent: ralphstock-desktop\nDisallow: /\n\nUser-agent: *\nAllow: /"), False),
        (web.Response(text="User-agent: other\nDisallow: /"), True),
        (web.Response(text="<html>no robots</html>"), True),
        (web.Response(text=""), True),
        (web.Response(status=404), True),
        (web.Response(status=410), True),
        (web.Response(status=401), False),
        (web.Response(status=403), False),
        (web.Response(text="User-agent: *\nCrawl-delay: 100000"), False),
    ],
)
async def test_robots(robots: web.Response, allowed: bool) -> None:
    async with serving() as (server, client, _, _):
        server.put("/robots.txt", robots)
        url = server.put("/a", xml("x"))
        if allowed:
            assert await client.fetch(url, "s") == b"x"
        else:
            with pytest.raises(ProviderError) as caught:
                await client.fetch(url, "s")
            assert (caught.value.key, caught.value.retryable) == ("error.news.robots", False)
            assert "/a" not in server.paths()
            assert await client.fetch(url, "s", obey_robots=False) == b"x"  # an interface with a key of one's own


async def test_robots_are_read_once_a_day() -> None:
    async with serving() as (server, client, clock, _):
        url = server.put("/a", xml("x"))
        for _ in range(3):
            await client.fetch(url, "s")
        assert server.paths().count("/robots.txt") == 1
        clock.now_s += 86_401
        await client.fetch(url, "s")
        assert server.paths().count("/robots.txt") == 2


async def test_a_crawl_delay_is_kept() -> None:
    async with serving() as (server, client, _, _):
        server.put("/robots.txt", web.Response(text="User-agent: *\nCrawl-delay: 7"))
        url = server.put("/a", xml("x"))
        for _ in range(2):
            await client.fetch(url, "s")
        times = [at for _, at, _ in server.requests]
        assert [later - earlier for earlier, later in itertools.pairwise(times)] == [7.0, 7.0]


async def test_robots_out_of_order_mean_not_now_and_are_asked_for_again_later() -> None:
    async with serving() as (server, client, clock, _):
        server.put(
            "/robots.txt", web.Response(status=500), web.Response(status=500), web.Response(status=500), web.Response(text="")
        )
        url = server.put("/a", xml("x"))
        for _ in range(2):
            with pytest.raises(ProviderError):
                await client.fetch(url, "s")
        assert server.paths() == ["/robots.txt"] * 3
        clock.now_s += 301
        assert await client.fetch(url, "s") == b"x"


# ------------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_outages_are_tried_three_times_with_growing_pauses(status: int) -> None:
    async with serving() as (server, client, clock, heard):
        url = server.put("/a", web.Response(status=status), web.Response(status=status), xml("x"))
        assert await client.fetch(url, "s") == b"x"
        assert server.paths().count("/a") == 3
        # the host's turn, a pause of 1 s and what is left to the next turn, a pause of 2 s
        assert clock.slept == [2.0, 1.0, 1.0, 2.0]
        assert len(heard.failures) == 2


async def test_an_outage_that_lasts_is_an_error() -> None:
    async with serving() as (server, client, _, heard):
        url = server.put("/a", web.Response(status=500))
        with pytest.raises(ProviderError) as caught:
            await client.fetch(url, "s")
        assert (caught.value.retryable, caught.value.code) == (True, "500")
        assert server.paths().count("/a") == 3
        assert len(heard.failures) == 3  # an absent robots.txt is none


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 206])
async def test_refusals_are_not_repeated(status: int) -> None:
    async with serving() as (server, client, _, _):
        url = server.put("/a", web.Response(status=status))
        with pytest.raises(ProviderError) as caught:
            await client.fetch(url, "s")
        assert not caught.value.retryable
        assert server.paths().count("/a") == 1


async def test_too_many_requests_wait_as_long_as_asked() -> None:
    async with serving() as (server, client, clock, heard):
        url = server.put("/a", web.Response(status=429, headers={"Retry-After": "20"}), xml("x"))
        assert await client.fetch(url, "s") == b"x"
        assert 20.0 in clock.slept
        assert heard.limits == [20.0]
        assert not [error for error in heard.failures if isinstance(error, RateLimited)]


@pytest.mark.parametrize("after", ["3600", "Fri, 31 Dec 2100 00:00:00 GMT"])
async def test_a_long_rest_is_told_instead_of_waited_for(after: str) -> None:
    async with serving() as (server, client, _, _):
        url = server.put("/a", web.Response(status=429, headers={"Retry-After": after}))
        with pytest.raises(RateLimited) as caught:
            await client.fetch(url, "s")
        assert caught.value.retry_after_ms >= 3_600_000
        assert server.paths().count("/a") == 1


async def test_too_many_requests_for_ever() -> None:
    async with serving() as (server, client, _, _):
        url = server.put("/a", web.Response(status=429))
        with pytest.raises(RateLimited):
            await client.fetch(url, "s")
        assert server.paths().count("/a") == 3


async def test_five_outages_in_a_row_open_the_circuit() -> None:
    async with serving() as (server, client, clock, heard):
        url = server.put("/a", web.Response(status=500))
        for _ in range(2):
            with pytest.raises(ProviderError):
                await client.fetch(url, "s")
        assert server.paths().count("/a") == 5  # the fifth opens it, a sixth is not made
        assert heard.openings == [30.0]
        with pytest.raises(ProviderError):
            await client.fetch(url, "s")
        assert server.paths().count("/a") == 5
        clock.now_s += 31
        with pytest.raises(ProviderError):  # half open: one try
            await client.fetch(url, "s")
        assert server.paths().count("/a") == 6
        clock.now_s += 31
        server.put("/a", xml("x"))
        assert await client.fetch(url, "s") == b"x"
        assert heard.openings[-1] is None


async def test_a_slow_page_ends_however_it_drips() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"<")
            await asyncio.sleep(0.02)

    async with serving(timeout_s=0.15) as (server, client, _, heard):
        url = server.put("/a", drip)
        with pytest.raises(ProviderError) as caught:
            await client.fetch(url, "s", obey_robots=False)
        assert caught.value.retryable
        assert len(heard.failures) == 3


async def test_no_server_at_all() -> None:
    async with serving() as (server, client, _, _):
        with pytest.raises(ProviderError) as caught:
            await client.fetch("http://127.0.0.1:9/a", "s", obey_robots=False)
        assert caught.value.retryable
        assert server.paths() == []


@pytest.mark.parametrize("declared", [True, False])
async def test_a_page_that_is_too_large(declared: bool) -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "20000"} if declared else {})
        await response.prepare(request)
        for _ in range(20):
            await response.write(b"x" * 1_000)
        return response

    async with serving(largest_page=10_000) as (server, client, _, _):
        url = server.put("/a", page)
        with pytest.raises(ProtocolChanged):
            await client.fetch(url, "s")
        assert server.paths().count("/a") == 1


async def test_a_page_of_exactly_the_limit_packed_or_not() -> None:
    body = b"y" * 10_000
    async with serving(largest_page=10_000) as (server, client, _, _):
        plain = server.put("/a", web.Response(body=body))
        packed = server.put("/b", web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}))
        other = server.put("/c", web.Response(body=zlib.compress(body), headers={"Content-Encoding": "deflate"}))
        for url in (plain, packed, other):
            assert await client.fetch(url, "s") == body


@pytest.mark.parametrize(
    ("body", "packing"),
    [
        (gzip.compress(b"\0" * 50_000_000), "gzip"),  # a bomb: 50 kB that unpack to 50 MB
        (gzip.compress(b"abc" * 100)[:-10], "gzip"),
        (b"no gzip", "gzip"),
        (b"x", "br"),
    ],
)
async def test_packing_that_harms_or_breaks(body: bytes, packing: str) -> None:
    async with serving(largest_page=10_000) as (server, client, _, _):
        url = server.put("/a", web.Response(body=body, headers={"Content-Encoding": packing}))
        with pytest.raises(ProtocolChanged):
            await client.fetch(url, "s")


# ----------------------------------------------------------------------------------------------------------- redirects


def to(place: str) -> web.Response:
    return web.Response(status=302, headers={"Location": place})


async def test_redirects_are_followed_and_their_robots_obeyed() -> None:
    async with serving() as (server, client, _, _):
        url = server.put("/a", to("/b"))
        server.put("/b", xml("there"))
        assert await client.fetch(url, "s") == b"there"
    async with serving() as (server, client, _, _):
        server.put("/robots.txt", web.Response(text="User-agent: *\nDisallow: /private"))
        url = server.put("/c", to("/private/d"))
        with pytest.raises(ProviderError) as caught:
            await client.fetch(url, "s")
        assert caught.value.key == "error.news.robots"


@pytest.mark.parametrize(
    "place", ["/a", "ftp://n.example/x", "http://localhost/x", "http://10.0.0.1/x", "http://[::1]/x", "", "http://"]
)
async def test_redirects_that_are_refused(place: str) -> None:
    async with serving() as (server, client, _, _):
        url = server.put("/a", to(place))
        with pytest.raises(ProviderError) as caught:
            await client.fetch(url, "s")
        assert not caught.value.retryable


@pytest.mark.parametrize(
    "url", ["", "n.example/feed", "ftp://n.example", "file:///etc/passwd", "http://", "http://u:p@n.example/", "javascript:1"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValidationFailed):
        checked_url(url)


async def test_no_message_holds_the_address() -> None:
    async with serving() as (server, client, _, heard):
        url = server.put("/a", web.Response(status=500)) + "?crtfc_key=CANARY"
        with pytest.raises(ProviderError) as caught:
            await client.fetch(url, "s", obey_robots=False, keep=False)
        for error in (*heard.failures, caught.value):
            assert "CANARY" not in f"{error} {error.fields}"
