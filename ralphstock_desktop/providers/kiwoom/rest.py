"""Requests to the broker: token, limits, paging, retries, and every failure told to the health registry.

One request goes: wait for its place within the limits → ask the circuit breaker → send → judge the body (HTTP 200 is no
success until ``return_code`` says so). What may be repeated safely is repeated: a rejected token is renewed once; a rate limit
waits and tries up to three times; an outage twice with growing, jittered pauses. Orders are never sent twice.

Runs on the event loop's thread. Tokens and keys travel in headers and bodies only, never in an address, a log or an error.
"""

from __future__ import annotations

import asyncio
import logging
import random
import statistics
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from engine.model.errors import (
    AuthExpired,
    DataUnavailable,
    ProtocolChanged,
    ProviderError,
    RalphStockError,
    RateLimited,
    ValidationFailed,
)
from engine.model.live import MISSING
from ralphstock_desktop.live_ports import Credentials, Priority, SourceMonitor
from ralphstock_desktop.providers.kiwoom.breaker import CircuitBreaker
from ralphstock_desktop.providers.kiwoom.errors import (
    Action,
    action_of,
    code_of,
    decode_body,
    error_of,
    is_no_data,
    is_order,
)
from ralphstock_desktop.providers.kiwoom.limits import LimitPlan, RatePlanner
from ralphstock_desktop.providers.kiwoom.tokens import Grant, TokenOwner
from ralphstock_desktop.providers.kiwoom.transport import HttpTransport, RawReply, Timeouts, Transport, http_date_ns
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER, stamp_ns

__all__ = ["SOURCE", "KiwoomRest", "Page", "RetryPlan", "open_rest"]

SOURCE: Final = "kiwoom"
"""Name of the requests in the health registry."""

_log = logging.getLogger(__name__)
_CONTENT_TYPE: Final = "application/json;charset=UTF-8"
_ISSUE, _REVOKE = "au10001", "au10002"
_MANY_PAGES: Final = 1_000
_STEADY_ANSWERS: Final = 3
_STEADY_S: Final = 5.0
_LONGEST_LIMIT_S: Final = 60.0
"""A request that is told to wait for longer fails instead of waiting in silence."""
_LONGEST_PATIENCE_S: Final = 10.0
"""The same for a source that is down."""
_LONGEST_RETRY_AFTER_S: Final = 3_600.0


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One successful reply."""

    api_id: str
    body: dict[str, Any]
    """Decoded JSON object as received; values are texts (see :mod:`ralphstock_desktop.providers.kiwoom.wire`)."""
    headers: Mapping[str, str]
    """Names in lower case."""
    next_key: str
    """Continues the list; empty on the last page."""
    no_data: bool
    """The source said that there is nothing of what was asked."""
    received_ns: int
    """Machine clock."""
    latency_ms: float
    is_cut: bool = False
    """The list goes on, but the reply does not tell how to ask for the rest."""

    def rows(self, list_key: str) -> list[dict[str, Any]]:
        """Return the rows under a key, without those whose fields are all blank (the broker's way to say "none").

        Raises
        ------
        ProtocolChanged
            If what stands there is no list of objects, or if nothing does although the reply is not "no data".
        """
        found = self.body.get(list_key)
        if found is None and self.no_data:
            return []
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise ProtocolChanged(
                f"The answer to {self.api_id} holds no list {list_key}",
                provider=PROVIDER,
                retryable=False,
                key="error.kiwoom.list",
                api_id=self.api_id,
                field=list_key,
            )
        return [row for row in found if not _is_blank(row)]


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """How often a query is repeated, and how long between."""

    limited: int = 3
    outages: int = 2
    first_pause_s: float = 0.4
    longest_pause_s: float = 8.0


def _is_blank(row: object) -> bool:
    return isinstance(row, dict) and not any(value not in {"", None} if not isinstance(value, list | dict) else value
                                             for value in row.values())  # fmt: skip


def _is_empty(body: Mapping[str, Any]) -> bool:
    """Whether a reply has lists and all are empty (or hold blank rows only)."""
    lists = [value for value in body.values() if isinstance(value, list)]
    return bool(lists) and all(_is_blank(row) for rows in lists for row in rows)


def _with_retry_after(error: RalphStockError, reply: RawReply) -> RalphStockError:
    """Take over how long a reply asks to wait: seconds, or an instant by the server's clock."""
    text = reply.headers.get("retry-after", "").strip()
    if not text or not isinstance(error, ProviderError) or not error.retryable:
        return error
    if text.isascii() and text.isdigit() and len(text) < 10:
        wait_s = float(text)
    else:
        until_ns = http_date_ns(text)
        if until_ns is None:
            return error
        wait_s = (until_ns - (reply.received_ns if reply.date_ns is None else reply.date_ns)) / 1e9
    error.retry_after_ms = max(error.retry_after_ms, int(1_000 * min(wait_s, _LONGEST_RETRY_AFTER_S)))
    return error


def _group_of(path: str) -> str:
    return "oauth2" if path.startswith("/oauth2/") else path.rsplit("/", 1)[-1]


def _is_header_safe(text: str, longest: int) -> bool:
    return len(text) <= longest and text.isascii() and text.isprintable()


class KiwoomRest:
    """The broker's request interface for one key at one host.

    Parameters
    ----------
    transport : Transport
        Sends requests; its address decides the host. Owned: closed by :meth:`close`.
    tokens : TokenOwner
        Owner of the key's token, shared with the stream.
    planner : RatePlanner
        Limits.
    breaker : CircuitBreaker
        Stops requests while the source is down.
    monitor : SourceMonitor
        Told about every answer and failure.
    source : str
        Name for the monitor.
    retry : RetryPlan
        How often queries are repeated.
    sleep, rng : callable, random.Random
        Waiting and jitter, replaceable for tests.
    """

    def __init__(
        self,
        transport: Transport,
        tokens: TokenOwner,
        planner: RatePlanner,
        breaker: CircuitBreaker,
        monitor: SourceMonitor,
        *,
        source: str = SOURCE,
        retry: RetryPlan | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.tokens = tokens
        self.planner = planner
        self.breaker = breaker
        self._transport = transport
        self._monitor = monitor
        self._source = source
        self._retry = retry or RetryPlan()
        self._sleep = sleep
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, nothing secret
        self._offsets: deque[float] = deque(maxlen=5)
        self._offset_s: float | None = None
        tokens.connect(self._issue, self._revoke)

    @property
    def clock_offset_s(self) -> float | None:
        """The server's clock minus this machine's by its last answers, good to a second; None before the first."""
        return self._offset_s

    @property
    def steady_clock_offset_s(self) -> float | None:
        """The same where the last answers agree on it; None before some came, and while they do not (a clock that stands)."""
        enough = len(self._offsets) >= _STEADY_ANSWERS
        return self._offset_s if enough and max(self._offsets) - min(self._offsets) < _STEADY_S else None

    async def call(self, api_id: str, path: str, body: Mapping[str, str], priority: Priority, *, next_key: str = "") -> Page:
        """Ask once, repeating what may be repeated.

        Parameters
        ----------
        api_id, path : str
            Request kind and its path.
        body : mapping
            Fields of the request.
        priority : Priority
            Who waits for whom.
        next_key : str
            ``next_key`` of the page before; the body must be the same.

        Returns
        -------
        Page
            A success, or "no data".

        Raises
        ------
        ProviderError
            Or one of its kinds; ValidationFailed for a wrong stock code; DataUnavailable for what this host does not offer.
        """
        content = msgspec.json.encode(dict(body))
        renewed = False

        async def send() -> Page:
            nonlocal renewed
            token = await self.tokens.token()
            try:
                return await self._exchange(api_id, path, content, priority, self._headers(api_id, token, next_key))
            except AuthExpired as error:
                if renewed or is_order(api_id) or action_of(error) is not Action.RENEW:
                    raise
            renewed = True
            token = await self.tokens.renew(token)
            return await self._exchange(api_id, path, content, priority, self._headers(api_id, token, next_key))

        try:
            return await self._repeated(api_id, send)
        except AuthExpired as error:
            self._monitor.failed(self._source, error)
            raise

    async def pages(
        self,
        api_id: str,
        path: str,
        body: Mapping[str, str],
        priority: Priority,
        *,
        stop: Callable[[Page], bool] | None = None,
        max_pages: int = _MANY_PAGES,
    ) -> AsyncIterator[Page]:
        """Ask page after page, newest first.

        Ends with the last page, an empty one, a key that was used before, when ``stop`` says of a page that it is the last
        wanted, or after ``max_pages``. Raises as :meth:`call`; pages before the failure have been given.
        """
        key = ""
        used: set[str] = set()
        for number in range(max_pages):
            page = await self.call(api_id, path, body, priority, next_key=key)
            empty = page.no_data or _is_empty(page.body)
            if not empty or number == 0:
                yield page
            if empty or not page.next_key or (stop is not None and stop(page)):
                return
            if page.next_key in used:
                self._monitor.note(self._source, "health.note.kiwoom_repeated_page", api_id=api_id)
                return
            used.add(page.next_key)
            key = page.next_key

    async def close(self) -> None:
        """End what waits and close the connections. The token is neither revoked nor forgotten: others may use it."""
        await self.planner.close()
        await self.tokens.disconnect(self._issue)
        await self._transport.close()

    def _headers(self, api_id: str, token: str, next_key: str) -> dict[str, str]:
        headers = {"Content-Type": _CONTENT_TYPE, "authorization": f"Bearer {token}", "api-id": api_id}
        if next_key:
            headers |= {"cont-yn": "Y", "next-key": next_key}
        return headers

    async def _repeated(self, api_id: str, send: Callable[[], Awaitable[Page]]) -> Page:
        """Send until it works, or until the error is one that repeating would not help."""
        tries: Counter[str] = Counter()
        while True:
            try:
                return await send()
            except ProviderError as error:
                pause_s = None if is_order(api_id) else self._pause_before_retry(error, tries)
                if pause_s is None:
                    raise
                _log.debug("%s is repeated in %.1f s: %s", api_id, pause_s, error.key)
            if pause_s:
                await self._sleep(pause_s)

    def _pause_before_retry(self, error: ProviderError, tries: Counter[str]) -> float | None:
        """Return how long to wait before sending again; None to give up."""
        action = action_of(error)
        if isinstance(error, RateLimited):
            tries["limited"] += 1
            is_long = error.retry_after_ms / 1000 > _LONGEST_LIMIT_S
            # The planner itself holds the request back until the pause is over.
            return 0.0 if tries["limited"] <= self._retry.limited and not is_long else None
        if not error.retryable or error.key == "error.kiwoom.paused" or isinstance(error, AuthExpired):
            return None
        if action not in {Action.BACK_OFF, Action.RETRY_ONCE}:
            return None
        tries["outage"] += 1
        if tries["outage"] > min(self._retry.outages, 1 if action is Action.RETRY_ONCE else self._retry.outages):
            return None
        if error.retry_after_ms / 1000 > _LONGEST_PATIENCE_S:
            # The source asked for more patience than whoever waits for this answer has.
            return None
        grown_s = self._retry.first_pause_s * 2.0 ** (tries["outage"] - 1) * self._rng.uniform(0.5, 1.5)
        return min(max(grown_s, error.retry_after_ms / 1000), self._retry.longest_pause_s)

    async def _exchange(self, api_id: str, path: str, content: bytes, priority: Priority, headers: Mapping[str, str]) -> Page:
        """Send one request in its turn and judge the reply."""
        group = _group_of(path)
        with await self.planner.acquire(api_id, priority, group=group) as slot:
            try:
                self.breaker.enter()
            except ProviderError:
                slot.unused()
                raise
            try:
                reply = await self._transport.post(path, headers, content)
            except asyncio.CancelledError:
                self.breaker.abandon()
                raise
            except RalphStockError as error:
                self._failed(error)
                raise
            except BaseException:
                # Nobody expects it, and whoever sees it decides; but the try of an open breaker must not stay pending.
                self.breaker.abandon()
                raise
        if reply.clock_offset_s is not None:
            self._offsets.append(reply.clock_offset_s)
            self._offset_s = statistics.median(self._offsets)
        page = self._judged(reply, api_id)
        if isinstance(page, Page):
            self.breaker.record(None)
            self.planner.answered(api_id, group=group)
            self._monitor.succeeded(self._source, reply.latency_ms)
            return page
        self._refused(page, api_id, group, reply.latency_ms)
        raise page

    def _judged(self, reply: RawReply, api_id: str) -> Page | RalphStockError:
        body = decode_body(reply.status, reply.content, api_id)
        if isinstance(body, RalphStockError):
            return _with_retry_after(body, reply)
        error = error_of(reply.status, body, api_id, secrets=self.tokens.secrets)
        if error is not None:
            return _with_retry_after(error, reply)
        continues = reply.headers.get("cont-yn", "").strip().upper() == "Y"
        next_key = reply.headers.get("next-key", "") if continues else ""
        if not _is_header_safe(next_key, 512):
            return ProtocolChanged(
                f"The answer to {api_id} holds an unreadable next-key",
                provider=PROVIDER,
                retryable=False,
                key="error.kiwoom.shape",
                api_id=api_id,
                status=reply.status,
            )
        no_data = is_no_data(body, api_id)
        is_cut = continues and not next_key.strip()
        return Page(api_id, body, reply.headers, next_key, no_data, reply.received_ns, reply.latency_ms, is_cut)

    def _failed(self, error: RalphStockError) -> None:
        self.breaker.record(error)
        self._monitor.failed(self._source, error)

    def _refused(self, error: RalphStockError, api_id: str, group: str, latency_ms: float) -> None:
        """Tell everybody what the refusal means for them."""
        if isinstance(error, RateLimited):
            self.breaker.record(None)
            code = code_of(error)
            self.planner.limited(api_id, group=group, code=code, retry_after_s=error.retry_after_ms / 1000)
        elif isinstance(error, AuthExpired):
            # Not a failure yet: the caller renews the token first.
            self.breaker.record(None)
        elif isinstance(error, ValidationFailed | DataUnavailable):
            # The source did its part: what was asked for does not exist.
            self.breaker.record(None)
            self._monitor.succeeded(self._source, latency_ms)
        else:
            self._failed(error)

    async def _issue(self, credentials: Credentials) -> Grant:
        """Ask for a token."""
        fields = {"grant_type": "client_credentials", "appkey": credentials.app_key, "secretkey": credentials.secret}
        content = msgspec.json.encode(fields)
        headers = {"Content-Type": _CONTENT_TYPE}
        page = await self._repeated(
            _ISSUE, lambda: self._exchange(_ISSUE, "/oauth2/token", content, Priority.INTERACTIVE, headers)
        )
        token = page.body.get("token")
        if not isinstance(token, str) or not token or not _is_header_safe(token, 4096) or " " in token:
            raise ProtocolChanged(
                "The answer to the request for a token holds none",
                provider=PROVIDER,
                retryable=False,
                key="error.kiwoom.token_shape",
            )
        try:
            expires_ns = stamp_ns(page.body.get("expires_dt"), "expires_dt")
        except ProtocolChanged:
            self._monitor.note(self._source, "health.note.kiwoom_expiry")
            expires_ns = MISSING
        if expires_ns != MISSING and self.clock_offset_s is not None:
            expires_ns -= int(self.clock_offset_s * 1e9)
        return Grant(token, expires_ns)

    async def _revoke(self, credentials: Credentials, token: str) -> None:
        fields = {"appkey": credentials.app_key, "secretkey": credentials.secret, "token": token}
        content = msgspec.json.encode(fields)
        await self._exchange(_REVOKE, "/oauth2/revoke", content, Priority.INTERACTIVE, {"Content-Type": _CONTENT_TYPE})


def open_rest(
    base_url: str,
    tokens: TokenOwner,
    monitor: SourceMonitor,
    *,
    now_ns: Callable[[], int],
    limits: LimitPlan | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    source: str = SOURCE,
    timeouts: Timeouts | None = None,
    retry: RetryPlan | None = None,
) -> KiwoomRest:
    """Put the parts together for one host.

    Parameters
    ----------
    base_url : str
        ``https://api.kiwoom.com``, ``https://mockapi.kiwoom.com``, or any other address.
    tokens : TokenOwner
        Owner of the key's token.
    monitor : SourceMonitor
        Health registry.
    now_ns : callable
        Machine clock.
    limits : LimitPlan, optional
        The published ones unless given.

    Raises
    ------
    ValidationFailed
        If the address is none.
    """
    transport = HttpTransport(base_url, now_ns=now_ns, timeouts=timeouts)
    planner = RatePlanner(limits or LimitPlan(), monitor, source=source, monotonic=monotonic)
    breaker = CircuitBreaker(source, monitor, monotonic=monotonic)
    return KiwoomRest(transport, tokens, planner, breaker, monitor, source=source, retry=retry)
