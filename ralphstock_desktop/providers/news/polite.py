"""Fetching pages as a polite guest who trusts nobody.

1. One request every two seconds to a host at most, or as seldom as its robots.txt asks; robots.txt is obeyed.
2. ``ETag`` and ``Last-Modified`` are sent back; an unchanged page is taken from memory.
3. A try lasts ten seconds at most, however slowly the bytes drip. Three tries with growing pauses; a host that says when to
   come back is obeyed. After five outages in a row a host is left alone for thirty seconds, then tried once.
4. Pages are cut off at a limit, also while they are being unpacked. At most three redirects, never from https to http, never
   from the outside into the user's own network.

Messages name the host only: addresses may hold a key. Runs on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.robotparser import RobotFileParser

import httpx

from engine.model.errors import ProtocolChanged, ProviderError, RateLimited, ValidationFailed
from ralphstock_desktop.live_ports import SourceMonitor

__all__ = ["USER_AGENT", "PoliteClient", "checked_url"]

USER_AGENT = "ralphstock-desktop"

_INTERVAL_S = 2.0
_LONGEST_INTERVAL_S = 120.0
"""A host that wants more rest than this between two requests does not want to be visited."""
_TIMEOUT_S = 10.0
_TRIES = 3
_FIRST_PAUSE_S = 1.0
_LONGEST_WAIT_S = 30.0
"""Longest Retry-After that is waited for; a longer one is told to the caller."""
_REDIRECTS = 3
_LARGEST_PAGE = 8 * 2**20
_LARGEST_ROBOTS = 512 * 1024
_ROBOTS_S = 86_400.0
_ROBOTS_FAILED_S = 300.0
_KEPT_PAGES = 64
_LARGEST_KEPT = 2**20
_OUTAGES_TO_OPEN = 5
_OPEN_S = 30.0
_FORBIDDEN = ("User-agent: *", "Disallow: /")
_REDIRECT_CODES = frozenset((301, 302, 303, 307, 308))
_WORTH_ANOTHER_TRY = frozenset((408, 425, 500, 502, 503, 504))


def checked_url(url: str) -> str:
    """Return an address in its normal form.

    Raises
    ------
    ValidationFailed
        If it is none that can be fetched.
    """
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise ValidationFailed("The address of a news feed is no address.", key="error.news.url") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise ValidationFailed("The address of a news feed must begin with http:// or https://.", key="error.news.url")
    return str(parsed)


@dataclass(slots=True)
class _Host:
    """What is known of one host and port."""

    lock: asyncio.Lock
    next_s: float = 0.0
    interval_s: float = _INTERVAL_S
    robots: RobotFileParser | None = None
    robots_error: ProviderError | None = None
    robots_until_s: float = 0.0
    outages: int = 0
    open_until_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Kept:
    content: bytes
    etag: str
    modified: str


class PoliteClient:
    """Fetches pages; one for all collectors, so that hosts are paced together.

    Parameters
    ----------
    monitor : SourceMonitor
        Hears of every answer, failure and waiting time.
    user_agent : str
        Sent with every request and looked for in robots.txt.
    monotonic, sleep : callables
        Clock in seconds and pause; replaceable for tests.
    transport : httpx.AsyncBaseTransport, optional
        Replaceable for tests.
    timeout_s, largest_page : numbers
        Limits of one try and of one page.
    """

    def __init__(
        self,
        monitor: SourceMonitor,
        *,
        user_agent: str = USER_AGENT,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = _TIMEOUT_S,
        largest_page: int = _LARGEST_PAGE,
    ) -> None:
        self._monitor, self._agent = monitor, user_agent
        self._monotonic, self._sleep = monotonic, sleep
        self._timeout_s, self._largest_page = min(timeout_s, _TIMEOUT_S), largest_page
        self._client = httpx.AsyncClient(
            timeout=self._timeout_s,
            follow_redirects=False,
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
            transport=transport,
            trust_env=transport is None,
        )
        self._hosts: dict[str, _Host] = {}
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    async def fetch(self, url: str, source: str, *, obey_robots: bool = True, keep: bool = True) -> bytes:
        """Return a page.

        Parameters
        ----------
        url : str
            http or https.
        source : str
            Name for the monitor and in errors.
        obey_robots : bool
            False only for an interface the user has a key of his own for.
        keep : bool
            Whether the page may be kept in memory and asked for conditionally; False for addresses with a key.

        Raises
        ------
        RateLimited
            If the host asks for a longer rest than we wait.
        ProtocolChanged
            If the page is too large or packed in an unknown way.
        ProviderError
            If it cannot be had: refused, not found, not answered in three tries, forbidden by robots.txt.
        """
        address = httpx.URL(checked_url(url))
        for _ in range(_REDIRECTS + 1):
            if obey_robots:
                await self._obey_robots(address, source)
            answer = await self._tried(address, source, keep, self._largest_page)
            if isinstance(answer, bytes):
                return answer
            address = self._redirected(address, answer, source)
        raise _failure(source, address, "too many redirects", retryable=False)

    # -- one page, three tries ------------------------------------------------------------------------------------------

    async def _tried(
        self, address: httpx.URL, source: str, keep: bool, limit: int, *, may_be_absent: bool = False
    ) -> bytes | str:
        """Return the page, or where it moved to. A page that may be absent fails without being counted as a failure."""
        host = self._host(address)
        if host.open_until_s > self._monotonic():
            raise _failure(source, address, "left alone after several failures", retryable=True)
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, _TRIES + 1):
            await self._wait_turn(host, source)
            started_s = self._monotonic()
            try:
                async with asyncio.timeout(self._timeout_s):
                    answer = await self._ask(address, source, keep, limit)
            except RateLimited as error:
                self._monitor.limited(source, error.retry_after_ms / 1e3)
                if attempt == _TRIES or error.retry_after_ms / 1e3 > _LONGEST_WAIT_S:
                    raise
                pause_s = max(pause_s, error.retry_after_ms / 1e3)
            except ProviderError as error:
                if not (may_be_absent and error.code.startswith("4")):
                    self._monitor.failed(source, error)
                if not error.retryable:
                    raise
                self._count_outage(host, source)
                if attempt == _TRIES or host.open_until_s > self._monotonic():
                    raise
            except (httpx.HTTPError, TimeoutError) as error:
                failure = _failure(source, address, _reason(error), retryable=True)
                self._monitor.failed(source, failure)
                self._count_outage(host, source)
                if attempt == _TRIES or host.open_until_s > self._monotonic():
                    raise failure from error
            else:
                if host.outages >= _OUTAGES_TO_OPEN:
                    self._monitor.opened(source, None)
                host.outages = 0
                self._monitor.succeeded(source, (self._monotonic() - started_s) * 1e3)
                return answer
            await self._sleep(pause_s)
            pause_s *= 2
        raise AssertionError("the last try returns or raises")

    async def _wait_turn(self, host: _Host, source: str) -> None:
        async with host.lock:
            left_s = host.next_s - self._monotonic()
            if left_s > 0:
                self._monitor.queued(source, 1, left_s)
                await self._sleep(left_s)
                self._monitor.queued(source, 0, 0.0)
            host.next_s = self._monotonic() + host.interval_s

    def _count_outage(self, host: _Host, source: str) -> None:
        host.outages += 1
        if host.outages >= _OUTAGES_TO_OPEN:
            host.open_until_s = self._monotonic() + _OPEN_S
            self._monitor.opened(source, _OPEN_S)

    async def _ask(self, address: httpx.URL, source: str, keep: bool, limit: int) -> bytes | str:
        kept = self._kept.get(str(address)) if keep else None
        headers = {}
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        if kept is not None and kept.modified:
            headers["If-Modified-Since"] = kept.modified
        self._client.cookies.clear()  # a guest without a memory of who he was
        async with self._client.stream("GET", address, headers=headers) as response:
            code = response.status_code
            if code == httpx.codes.NOT_MODIFIED and kept is not None:
                self._kept.move_to_end(str(address))
                return kept.content
            if code in _REDIRECT_CODES:
                return str(response.headers.get("Location", ""))
            if code == httpx.codes.TOO_MANY_REQUESTS or (code == 503 and "Retry-After" in response.headers):
                wait_s = _retry_after_s(response.headers.get("Retry-After", ""))
                raise RateLimited(
                    f"{address.host} asks to come back in {wait_s:g} s.",
                    provider=source,
                    retryable=True,
                    retry_after_ms=round(wait_s * 1e3),
                    code=str(code),
                )
            if code != httpx.codes.OK:
                raise _failure(source, address, f"HTTP {code}", retryable=code in _WORTH_ANOTHER_TRY, code=str(code))
            content = await _content(response, source, limit)
            if keep:
                self._keep(
                    str(address), _Kept(content, response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""))
                )
            return content

    def _keep(self, address: str, page: _Kept) -> None:
        self._kept.pop(address, None)
        if (page.etag or page.modified) and len(page.content) <= _LARGEST_KEPT:
            self._kept[address] = page
            if len(self._kept) > _KEPT_PAGES:
                self._kept.popitem(last=False)

    def _redirected(self, address: httpx.URL, location: str, source: str) -> httpx.URL:
        try:
            target = httpx.URL(checked_url(str(address.join(location))))
        except (httpx.InvalidURL, ValueError, ValidationFailed) as error:
            raise _failure(source, address, "redirect to no address", retryable=False) from error
        if address.scheme == "https" and target.scheme != "https":
            raise _failure(source, address, "redirect to an open connection", retryable=False)
        if _is_inside(target.host) and target.host != address.host:
            raise _failure(source, address, "redirect into the local network", retryable=False)
        return target

    # -- robots.txt -----------------------------------------------------------------------------------------------------

    def _host(self, address: httpx.URL) -> _Host:
        key = address.netloc.decode("ascii")
        if key not in self._hosts:
            self._hosts[key] = _Host(asyncio.Lock())
        return self._hosts[key]

    async def _obey_robots(self, address: httpx.URL, source: str) -> None:
        host = self._host(address)
        if host.robots_until_s <= self._monotonic():
            await self._read_robots(address, host, source)
        if host.robots_error is not None:
            raise host.robots_error
        assert host.robots is not None
        if not host.robots.can_fetch(self._agent, str(address)):
            raise ProviderError(
                f"robots.txt of {address.host} forbids this address.",
                provider=source,
                retryable=False,
                code="robots",
                key="error.news.robots",
                host=address.host,
            )

    async def _read_robots(self, address: httpx.URL, host: _Host, source: str) -> None:
        """Absent means free, refused means forbidden (as urllib reads it), out of order means: not now."""
        host.robots, host.robots_error = RobotFileParser(), None
        host.interval_s = _INTERVAL_S
        lasts_s = _ROBOTS_S
        lines: list[str] = []
        place = address.copy_with(raw_path=b"/robots.txt", fragment=None)
        try:
            for _ in range(_REDIRECTS + 1):
                answer = await self._tried(place, source, False, _LARGEST_ROBOTS, may_be_absent=True)
                if isinstance(answer, bytes):
                    lines = answer.decode("utf-8-sig", "replace").splitlines()
                    break
                place = self._redirected(place, answer, source)
        except ProviderError as error:
            if error.code in ("401", "403"):
                lines = list(_FORBIDDEN)
            elif not (error.code.startswith("4") and error.code != "429"):
                host.robots_error, lasts_s = error, _ROBOTS_FAILED_S
        host.robots.parse(lines)
        host.robots_until_s = self._monotonic() + lasts_s
        wanted = host.robots.crawl_delay(self._agent)
        if wanted is not None:
            if float(wanted) > _LONGEST_INTERVAL_S:
                host.robots = RobotFileParser()
                host.robots.parse(_FORBIDDEN)
            host.interval_s = max(_INTERVAL_S, float(wanted))
            host.next_s = max(host.next_s, self._monotonic() + host.interval_s)


async def _content(response: httpx.Response, source: str, limit: int) -> bytes:
    """Read and unpack a page, never holding more than the limit."""
    packed = response.headers.get("Content-Encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise _too_strange(source, f"packed as {packed[:20]}")
    unpack = zlib.decompressobj(47) if packed not in ("", "identity") else None  # 47: gzip or zlib, told by its head
    declared = response.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_strange(source, f"larger than {limit // 2**10} KB")
    content = bytearray()
    try:
        async for part in response.aiter_raw():
            content += unpack.decompress(part, limit + 1 - len(content)) if unpack is not None else part
            if len(content) > limit:
                raise _too_strange(source, f"larger than {limit // 2**10} KB")
    except zlib.error as error:
        raise _too_strange(source, "broken packing") from error
    if unpack is not None and not unpack.eof:
        raise _too_strange(source, "broken packing")
    return bytes(content)


def _too_strange(source: str, what: str) -> ProtocolChanged:
    return ProtocolChanged(
        f"A news page cannot be read: {what}.", provider=source, retryable=False, key="error.news.shape", what=what
    )


def _failure(source: str, address: httpx.URL, what: str, *, retryable: bool, code: str = "") -> ProviderError:
    return ProviderError(
        f"{address.host} could not be fetched: {what}.",
        provider=source,
        retryable=retryable,
        code=code,
        key="error.news.feed",
        what=what,
    )


def _reason(error: Exception) -> str:
    return "time-out" if isinstance(error, TimeoutError | httpx.TimeoutException) else type(error).__name__


def _retry_after_s(text: str) -> float:
    """Seconds of a Retry-After header; our own pause where it says nothing sensible."""
    text = text.strip()
    if text.isdigit():
        return float(min(int(text), 86_400))
    try:
        wait = parsedate_to_datetime(text) - datetime.now(UTC)
    except (ValueError, TypeError):
        return _FIRST_PAUSE_S
    return max(_FIRST_PAUSE_S, wait.total_seconds())


def _is_inside(host: str) -> bool:
    """Whether a host name is of this machine or a private network, as far as the name tells."""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        number = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return not number.is_global
