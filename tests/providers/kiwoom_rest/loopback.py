"""A small scripted broker over real HTTP and WebSocket, and time that tests move by hand."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from engine.model.errors import RalphStockError

KEY, SECRET = "PSappkeyCANARY0001", "SECRETcanary0002xyz"
OK = {"return_code": 0, "return_msg": "정상적으로 처리되었습니다"}

Answer = web.StreamResponse | Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


class FakeTime:
    """A monotonic clock and a sleep that only move when told."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self._due: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self._number += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._due, (self.now_s + max(seconds, 0.0), self._number, future))
        await future

    async def settle(self) -> None:
        for _ in range(12):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Move on, waking every sleeper at its own instant."""
        end_s = self.now_s + seconds
        await self.settle()
        while self._due and self._due[0][0] <= end_s:
            due_s, _, future = heapq.heappop(self._due)
            self.now_s = max(self.now_s, due_s)
            if not future.done():
                future.set_result(None)
            await self.settle()
        self.now_s = end_s
        await self.settle()


@dataclass
class Heard:
    """A monitor that remembers."""

    successes: list[float] = field(default_factory=list)
    failures: list[RalphStockError] = field(default_factory=list)
    queues: list[tuple[int, float]] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    openings: list[float | None] = field(default_factory=list)
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def succeeded(self, source: str, latency_ms: float) -> None:
        self.successes.append(latency_ms)

    def failed(self, source: str, error: RalphStockError) -> None:
        self.failures.append(error)

    def queued(self, source: str, waiting: int, eta_s: float) -> None:
        self.queues.append((waiting, eta_s))

    def limited(self, source: str, retry_after_s: float) -> None:
        self.limits.append(retry_after_s)

    def opened(self, source: str, closes_in_s: float | None) -> None:
        self.openings.append(closes_in_s)

    def beat(self, service: str) -> None: ...

    def note(self, source: str, key: str, count: int = 1, **fields: str | int | float) -> None:
        self.notes.append((key, fields))


def reply(body: dict[str, Any], *, status: int = 200, next_key: str = "") -> web.Response:
    """A reply in the broker's form."""
    headers = {"cont-yn": "Y" if next_key else "N", "next-key": next_key}
    return web.json_response(body, status=status, headers=headers)


def refusal(code: str, text: str = "…", *, number: int = 3, status: int = 200) -> web.Response:
    """A refusal in the broker's form."""
    return reply({"return_code": number, "return_msg": f"거절되었습니다[{code}:{text}]"}, status=status)


class Broker:
    """Scripted broker: per api-id a queue of answers, then its default; tokens die when a new one is issued."""

    def __init__(self) -> None:
        self.script: dict[str, deque[Answer]] = defaultdict(deque)
        self.default: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.arrivals: dict[str, list[float]] = defaultdict(list)
        self.limit: int | None = None
        self.issued = 0
        self.token = ""
        self.token_answers: deque[web.StreamResponse] = deque()
        self.expires_dt = "20991231235959"
        self.date: str | None = None
        self.revoked: list[dict[str, Any]] = []
        self.login_frames: list[dict[str, Any]] = [{"trnm": "LOGIN", "return_code": 0, "return_msg": "", "sor_yn": "Y"}]
        self.after_login: list[dict[str, Any]] = []
        self.bye = False
        self.stream_status: int | None = None
        self.echoes: list[dict[str, Any]] = []
        self.base_url = ""

    def say(self, api_id: str, *answers: Answer) -> None:
        self.script[api_id].extend(answers)

    def calls(self, api_id: str) -> int:
        return sum(1 for name, _, _ in self.requests if name == api_id)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(("token", dict(request.headers), body))
        if self.token_answers:
            return self.token_answers.popleft()
        if (body.get("appkey"), body.get("secretkey")) != (KEY, SECRET):
            return refusal("8001", "App Key와 Secret Key 검증에 실패했습니다")
        self.issued += 1
        self.token = f"TOKENcanary{self.issued:04d}"
        return reply({"expires_dt": self.expires_dt, "token_type": "bearer", "token": self.token, **OK})

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        self.revoked.append(await request.json())
        self.token = ""
        return reply(dict(OK))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        api_id = request.headers.get("api-id", "")
        body = await request.json()
        self.requests.append((api_id, {k.lower(): v for k, v in request.headers.items()}, body))
        now_s = asyncio.get_running_loop().time()
        recent = [at for at in self.arrivals[api_id] if at > now_s - 1.0]
        self.arrivals[api_id].append(now_s)
        if "authorization" not in request.headers:
            return refusal("1513", number=2)
        if request.headers["authorization"] != f"Bearer {self.token}":
            return refusal("8005", "Token이 유효하지 않습니다")
        if self.limit is not None and len(recent) >= self.limit:
            return refusal("1700", f"허용된 API 요청 개수를 초과하였습니다. 유량=5, API ID={api_id}", number=5, status=429)
        answer = self.script[api_id].popleft() if self.script[api_id] else self.default.get(api_id)
        if answer is None:
            return reply({"stk_cd": body.get("stk_cd", ""), **OK})
        return await answer(request, body) if callable(answer) else answer

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.stream_status is not None:
            return web.Response(status=self.stream_status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        first = await socket.receive()
        if first.type is WSMsgType.TEXT:
            self.requests.append(("LOGIN", {}, json.loads(first.data)))
            for frame in [*self.login_frames, *self.after_login]:
                await socket.send_json(frame)
            if self.bye:
                await socket.close(code=1000, message=b"Bye")
            async for message in socket:
                self.echoes.append(json.loads(message.data))
        return socket

    @web.middleware
    async def _dated(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response = await handler(request)
        if self.date is not None and not response.prepared:
            response.headers["Date"] = self.date
        return response

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Broker]:
        app = web.Application(middlewares=[self._dated])
        app.router.add_post("/oauth2/token", self._token)
        app.router.add_post("/oauth2/revoke", self._revoke)
        app.router.add_get("/api/dostk/websocket", self._stream)
        app.router.add_post("/api/dostk/{name}", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server = site._server
        assert isinstance(server, asyncio.Server)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


def most_in_a_second(arrivals: list[float]) -> int:
    """Largest number of arrivals in any sliding second."""
    best, start = 0, 0
    ordered = sorted(arrivals)
    for end, at in enumerate(ordered):
        while at - ordered[start] >= 1.0:
            start += 1
        best = max(best, end - start + 1)
    return best


def kinds(errors: list[RalphStockError]) -> Counter[str]:
    """How often each key."""
    return Counter(error.key for error in errors)
