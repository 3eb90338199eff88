"""A scripted server that speaks Gemini's REST and streaming protocol on this machine.

Use::

    with GeminiServer() as server:
        server.script(says("안녕", "하세요"), quota("minute", retry_s=31))   # one reply a request, in order
        server.respond = lambda body: says(f"You sent {len(body['contents'])} turns")  # or: decide by the request
        model = open_model("google-genai", MODEL, "key", server.url)
        ...
        server.requests[0].body, .headers, .path, .query    # what left the machine
        server.requests[0].wait_gone(0.2)                    # whether the client hung up before the reply had ended

Order of precedence: scripted replies, then ``respond``, then :data:`DEFAULT`. The server runs in a thread of its own, so it
answers blocking and asynchronous clients alike, also while a test holds the loop. Streams are sent as server-sent events where
the client asks for them (``alt=sse``, google-genai) and as one JSON array otherwise (google-generativeai, which also asks for
enumerations as numbers and gets them). ``GET /v1beta/models/<name>`` describes the model, unless a failing reply is scripted.

A reply is made by :func:`says`, :func:`calls`, :func:`events`, :func:`blocked_prompt`, :func:`fails`, :func:`quota`,
:func:`bad_key`, :func:`page`; each takes the fields of :class:`Reply` as keywords for faults: ``delay_s`` (before the headers,
``inf`` for never), ``gap_s`` (before each piece after the first), ``stall_after`` (silence after n pieces), ``cut_after``
(connection cut after n bytes of the body), ``ends`` (``cut``: no regular end after the last piece), ``split`` (sent in slices
of n bytes, through the middle of characters).
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .replies import (
    DEFAULT,
    MODEL,
    Reply,
    bad_key,
    blocked_prompt,
    calls,
    candidate,
    events,
    fails,
    page,
    quota,
    says,
    usage,
)

PATIENCE_S = 15.0
"""Longest wait for something that comes at once on a quiet machine."""

__all__ = [
    "DEFAULT",
    "MODEL",
    "Asked",
    "GeminiServer",
    "Reply",
    "bad_key",
    "blocked_prompt",
    "calls",
    "candidate",
    "events",
    "fails",
    "page",
    "quota",
    "says",
    "usage",
]

_FINISH = (
    "FINISH_REASON_UNSPECIFIED STOP MAX_TOKENS SAFETY RECITATION OTHER LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII"
    " MALFORMED_FUNCTION_CALL IMAGE_SAFETY"
).split()
_NUMBERS = {
    "finishReason": {name: number for number, name in enumerate(_FINISH)},
    "blockReason": {"SAFETY": 1, "OTHER": 2, "BLOCKLIST": 3, "PROHIBITED_CONTENT": 4, "IMAGE_SAFETY": 5},
    "category": {
        "HARM_CATEGORY_HARASSMENT": 7,
        "HARM_CATEGORY_HATE_SPEECH": 8,
        "HARM_CATEGORY_SEXUALLY_EXPLICIT": 9,
        "HARM_CATEGORY_DANGEROUS_CONTENT": 10,
    },
    "probability": {"NEGLIGIBLE": 1, "LOW": 2, "MEDIUM": 3, "HIGH": 4},
}


Answer = Reply | str | Sequence[dict[str, Any]]


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    """Names in lower case."""
    raw: bytes
    at_s: float
    """``time.monotonic()``, as all instants here."""
    target: str = ""
    """Path and query as sent."""
    gone_s: float | None = None
    """When the client hung up before the reply had ended; None if it did not."""
    gone: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    """Set when the reply has ended, one way or the other."""

    @property
    def body(self) -> dict[str, Any]:
        """The decoded body; empty for a request without one."""
        return json.loads(self.raw) if self.raw else {}

    @property
    def wants_events(self) -> bool:
        """Whether server-sent events were asked for."""
        return self.query.get("alt") == ["sse"]

    def wait_gone(self, timeout_s: float = PATIENCE_S) -> bool:
        """Wait until the client has hung up."""
        return self.gone.wait(timeout_s)


class GeminiServer:
    """The server; a context manager. ``url`` is its base address, ``requests`` what arrived, ``open_connections`` a count."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.respond: Callable[[dict[str, Any]], Answer] | None = None
        self.url = ""
        self.open_connections = 0
        self.connections = 0
        """Connections accepted so far."""
        self._script: deque[Reply] = deque()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="gemini-server", daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._arrived = threading.Condition()

    def __enter__(self) -> GeminiServer:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)

    def script(self, *replies: Reply) -> None:
        """Add replies, one a request, in order."""
        self._script.extend(replies)

    def wait_requests(self, count: int, timeout_s: float = PATIENCE_S) -> bool:
        """Wait until so many requests have arrived; blocks the caller's thread."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.requests) >= count, timeout_s)

    def wait_connections(self, count: int, timeout_s: float = PATIENCE_S) -> bool:
        """Wait until so many connections are open; blocks the caller's thread."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self.open_connections == count, timeout_s)

    # -- the thread ---------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._count(+1)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._arrived:
            self.open_connections += change
            self.connections += change > 0
            self._arrived.notify_all()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        raw = await _body(reader, headers)
        parts = urlsplit(target)
        asked = Asked(method, parts.path, parse_qs(parts.query), headers, raw, time.monotonic(), target)
        with self._arrived:
            self.requests.append(asked)
            self._arrived.notify_all()
        reply = self._choose(asked)
        answer = asyncio.ensure_future(self._answer(writer, asked, reply))
        watch = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answer, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                asked.gone_s = time.monotonic()
                asked.gone.set()
                return False
            return await answer
        finally:
            for task in (answer, watch):
                task.cancel()
            await asyncio.gather(answer, watch, return_exceptions=True)
            asked.done.set()

    def _choose(self, asked: Asked) -> Reply:
        if self._script:
            return self._script.popleft()
        if self.respond is None or asked.method == "GET":
            return DEFAULT
        answer = self.respond(asked.body)
        if isinstance(answer, Reply):
            return answer
        return says(answer) if isinstance(answer, str) else events(*answer)

    async def _answer(self, writer: asyncio.StreamWriter, asked: Asked, reply: Reply) -> bool:
        """Send a reply; return whether the connection may serve another request."""
        if reply.delay_s:
            await (asyncio.sleep(reply.delay_s) if math.isfinite(reply.delay_s) else asyncio.Event().wait())
        is_stream = reply.body is None and reply.status == 200 and ":streamGenerateContent" in asked.path
        if not is_stream:
            return await self._whole(writer, asked, reply)
        kind = reply.content_type or ("text/event-stream" if asked.wants_events else "application/json; charset=UTF-8")
        writer.write(_head(200, kind, "Transfer-Encoding: chunked", reply.headers))
        await writer.drain()
        sent = 0
        for data in _stream_bytes(reply, asked):
            if data is None:
                await asyncio.Event().wait()
            elif isinstance(data, float):
                await asyncio.sleep(data)
            else:
                is_cut = reply.cut_after is not None and sent + len(data) >= reply.cut_after
                piece = data[: reply.cut_after - sent] if is_cut and reply.cut_after is not None else data
                for slice_ in _slices(piece, reply.split):
                    writer.write(b"%x\r\n%s\r\n" % (len(slice_), slice_))
                    await writer.drain()
                    if reply.split:
                        await asyncio.sleep(0)
                sent += len(piece)
                if is_cut:
                    return False
        if reply.ends == "cut":
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _whole(self, writer: asyncio.StreamWriter, asked: Asked, reply: Reply) -> bool:
        body, kind, status = reply.body, reply.content_type, reply.status
        if body is None:
            kind = kind or "application/json; charset=UTF-8"
            if asked.method == "GET":
                name = asked.path.partition("/models/")[2] or MODEL
                found: Any = {"name": f"models/{name}", "version": "1", "supportedGenerationMethods": ["generateContent"]}
            else:
                found = _joined(reply)
            body = json.dumps(found, ensure_ascii=False).encode()
        is_cut = reply.cut_after is not None and reply.cut_after < len(body)
        writer.write(
            _head(status, kind, f"Content-Length: {len(body)}", reply.headers) + (body[: reply.cut_after] if is_cut else body)
        )
        await writer.drain()
        if reply.stall_after is not None:
            await asyncio.Event().wait()
        return not is_cut


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        out = b""
        while size := int((await reader.readuntil(b"\r\n")).strip() or b"0", 16):
            out += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
        return out
    return await reader.readexactly(int(headers.get("content-length", "0")))


def _head(status: int, kind: str, length: str, headers: Sequence[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} scripted", f"Content-Type: {kind}", length, *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _slices(data: bytes, size: int | None) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)] if size else [data] if data else []


def _stream_bytes(reply: Reply, asked: Asked) -> list[bytes | float | None]:
    """What is sent, one after the other: bytes, seconds of silence, None for silence without end."""
    as_numbers = "enum-encoding=int" in asked.target.replace("%3B", ";").replace("%3D", "=")
    out: list[bytes | float | None] = []
    for n, piece in enumerate(reply.pieces):
        if reply.stall_after == n:
            return [*out, None]
        if n and reply.gap_s:
            out.append(reply.gap_s)
        shown = _numbered(piece) if as_numbers and isinstance(piece, dict) else piece
        text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
        out.append((f"data: {text}\r\n\r\n" if asked.wants_events else ("[" if n == 0 else ",\n") + text).encode())
    if reply.stall_after is not None and reply.stall_after >= len(reply.pieces):
        return [*out, None]
    if not asked.wants_events:
        out.append(b"]" if reply.pieces else b"[]")
    return out


def _numbered(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbered(inner) for inner in value]
    if isinstance(value, dict):
        return {
            name: _NUMBERS[name].get(inner, inner) if name in _NUMBERS and isinstance(inner, str) else _numbered(inner)
            for name, inner in value.items()
        }
    return value


def _joined(reply: Reply) -> Any:
    pieces = [piece for piece in reply.pieces if isinstance(piece, dict)]
    if not pieces:
        return {}
    whole = json.loads(json.dumps(pieces[-1]))
    if "candidates" in whole:
        parts = [part for piece in pieces for c in piece.get("candidates", []) for part in c["content"]["parts"]]
        whole["candidates"][0]["content"]["parts"] = parts
    return whole
