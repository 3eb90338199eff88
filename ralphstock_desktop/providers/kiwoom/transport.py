"""HTTP as the broker's interface needs it: one POST, its reply untouched, and every library error turned into ours.

Nothing here retries or interprets a body. Redirects are not followed: the headers carry the token.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx

from engine.model.errors import RalphStockError, ValidationFailed
from ralphstock_desktop.providers.kiwoom.errors import outage
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = [
    "HttpTransport",
    "RawReply",
    "Timeouts",
    "Transport",
    "checked_base_url",
    "http_date_ns",
    "is_loopback",
    "stream_url",
]

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_VENDOR_HOSTS: Final = frozenset({"api.kiwoom.com", "mockapi.kiwoom.com"})
_STREAM_PATH: Final = "/api/dostk/websocket"
_LARGEST_BODY_BYTES: Final = 32 * 2**20


@dataclass(frozen=True, slots=True)
class RawReply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes
    sent_ns: int
    """Machine clock before sending and after the last byte."""
    received_ns: int
    date_ns: int | None
    """The server's ``Date``, whole seconds; None where it sent none."""

    @property
    def latency_ms(self) -> float:
        """Whole exchange."""
        return (self.received_ns - self.sent_ns) / 1e6

    @property
    def clock_offset_s(self) -> float | None:
        """The server's clock minus this machine's, good to about a second."""
        if self.date_ns is None:
            return None
        return (self.date_ns + 500_000_000 - (self.sent_ns + self.received_ns) / 2) / 1e9


class Transport(Protocol):
    """Sends one request."""

    async def post(self, path: str, headers: Mapping[str, str], content: bytes) -> RawReply:
        """Raises ProviderError (an outage) where no complete reply came."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds."""

    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 30.0
    """For the whole exchange, however slowly it trickles."""


def is_loopback(base_url: str) -> bool:
    """Whether an address is on this machine."""
    return (urlsplit(base_url).hostname or "") in _LOOPBACK


def checked_base_url(text: str) -> str:
    """Return an address as we use it: scheme, host and port, no path, no user, nothing else.

    Raises
    ------
    ValidationFailed
        If it is none, or would send secrets in the clear: plain http is for this machine only.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    extras = parts.username or parts.password or parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in {"http", "https"} or not host or extras:
        raise ValidationFailed(
            "The address must look like https://host or http://127.0.0.1:8500, without anything behind it",
            key="error.connect.address_form",
        )
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ValidationFailed(
            f"http://{host} would send the key unencrypted; use https", key="error.connect.address_plain", host=host
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def stream_url(base_url: str) -> str:
    """Return the WebSocket address that belongs to a base address.

    The broker's own hosts serve it on port 10000, others on the port of the base address.
    """
    parts = urlsplit(checked_base_url(base_url))
    if parts.hostname in _VENDOR_HOSTS:
        return f"wss://{parts.hostname}:10000{_STREAM_PATH}"
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}{_STREAM_PATH}"


def http_date_ns(text: str | None) -> int | None:
    """Read a date of a header, UTC nanoseconds; None if there is none or it is none."""
    if not text:
        return None
    try:
        return int(parsedate_to_datetime(text).timestamp()) * 1_000_000_000
    except (ValueError, TypeError, OverflowError):
        return None


class HttpTransport:
    """Transport over httpx.

    Parameters
    ----------
    base_url : str
        As :func:`checked_base_url` returns it.
    now_ns : callable
        Machine clock, UTC nanoseconds.
    timeouts : Timeouts
        How long to wait.
    """

    def __init__(self, base_url: str, *, now_ns: Callable[[], int], timeouts: Timeouts | None = None) -> None:
        self.base_url = checked_base_url(base_url)
        self._now_ns = now_ns
        self._timeouts = timeouts or Timeouts()
        self._client = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=httpx.Timeout(self._timeouts.read_s, connect=self._timeouts.connect_s, pool=None),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=30.0),
            follow_redirects=False,
            # A proxy of the company may be needed to get out, and must not be asked for this machine itself.
            trust_env=not is_loopback(self.base_url),
            headers={"User-Agent": "RalphStock"},
        )

    async def post(self, path: str, headers: Mapping[str, str], content: bytes) -> RawReply:
        """Send one request and receive the whole reply. Raises ProviderError where that did not work."""
        sent_ns = self._now_ns()
        failure: RalphStockError
        try:
            async with asyncio.timeout(self._timeouts.total_s):
                async with self._client.stream("POST", path, headers=dict(headers), content=content) as response:
                    body = await _read(response)
            return RawReply(
                response.status_code,
                dict(response.headers),
                body,
                sent_ns,
                self._now_ns(),
                http_date_ns(response.headers.get("date")),
            )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ssl.SSLError) as error:
            failure = _converted(error, path)
        # Outside of the handler, so that no chained exception of the library carries headers into a log.
        raise failure

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def _read(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _LARGEST_BODY_BYTES:
            raise httpx.DecodingError("the body is too large")
        parts.append(part)
    return b"".join(parts)


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def _converted(error: BaseException, path: str) -> RalphStockError:
    """Name what kept a reply from coming."""
    chain = _causes(error)
    secure = next((link for link in chain if isinstance(link, ssl.SSLError)), None)
    if secure is not None:
        reason = str(getattr(secure, "reason", None) or type(secure).__name__)[:60]
        return outage("tls", f"No secure connection to {PROVIDER}: {reason}", reason=reason)
    if any(isinstance(link, socket.gaierror) for link in chain):
        return outage("dns", f"The host of {PROVIDER} is not known")
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        stage = "connect" if isinstance(error, httpx.ConnectTimeout) else "answer"
        return outage("timeout", f"{PROVIDER} did not {stage} in time at {path}", stage=stage)
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError | httpx.DecodingError):
        return outage("cut", f"The connection to {PROVIDER} broke at {path}")
    refused = any(isinstance(link, ConnectionRefusedError) for link in chain)
    return outage("unreachable", f"{PROVIDER} cannot be reached", refused=int(refused))
