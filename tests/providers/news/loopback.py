"""A scripted news server over real HTTP, and a clock that only moves when somebody sleeps."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

from aiohttp import web

from engine.model.errors import RalphStockError
from engine.model.instants import kst_ns
from ralphstock_desktop.providers.news.polite import PoliteClient

NOW = kst_ns(date(2026, 1, 28), 12)
NAMES = {
    "삼성전자": "005930",
    "삼성전자우": "005935",
    "SK": "034730",
    "SK하이닉스": "000660",
    "LG CNS": "064400",
    "NAVER": "035420",
    "대상": "001680",
    "F&F": "383220",
}

Answer = web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


@dataclass
class Heard:
    """A monitor that remembers."""

    succeeded_by: list[str] = field(default_factory=list)
    failures: list[RalphStockError] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    openings: list[float | None] = field(default_factory=list)
    queues: list[float] = field(default_factory=list)

    def succeeded(self, source: str, latency_ms: float) -> None:
        self.succeeded_by.append(source)

    def failed(self, source: str, error: RalphStockError) -> None:
        self.failures.append(error)

    def queued(self, source: str, waiting: int, eta_s: float) -> None:
        self.queues.append(eta_s)

    def limited(self, source: str, retry_after_s: float) -> None:
        self.limits.append(retry_after_s)

    def opened(self, source: str, closes_in_s: float | None) -> None:
        self.openings.append(closes_in_s)

    def beat(self, service: str) -> None: ...
    def note(self, source: str, key: str, count: int = 1, **fields: str | int | float) -> None: ...


class Server:
    """Answers by path, in the order they were put there; the last one stays. Without one: 404."""

    def __init__(self, clock: Clock) -> None:
        self.pages: dict[str, deque[Answer]] = defaultdict(deque)
        self.requests: list[tuple[str, float, web.Request]] = []
        self.base = ""
        self._clock = clock

    def put(self, path: str, *answers: Answer) -> str:
        self.pages[path] = deque(answers)
        return self.base + path

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.requests]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, self._clock.now_s, request))
        answers = self.pages.get(request.path)
        if not answers:
            return web.Response(status=404)
        chosen = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(chosen, web.Response):  # a response can be sent once only
            return web.Response(status=chosen.status, body=chosen.body, headers=chosen.headers)
        assert not isinstance(chosen, web.StreamResponse)
        return await chosen(request)


@asynccontextmanager
async def serving(**limits: float | int) -> AsyncIterator[tuple[Server, PoliteClient, Clock, Heard]]:
    """A running server and a client for it."""
    clock, heard = Clock(), Heard()
    server = Server(clock)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = PoliteClient(heard, monotonic=clock.monotonic, sleep=clock.sleep, **limits)  # type: ignore[arg-type]
    try:
        yield server, client, clock, heard
    finally:
        await client.close()
        await runner.cleanup()


def xml(text: str) -> web.Response:
    return web.Response(body=text.encode(), content_type="application/rss+xml")


def rss(*items: tuple[str, str, str], title: str = "경제일보") -> str:
    """A feed of (title, link, pubDate)."""
    entries = "".join(
        f"<item><title><![CDATA[{name}]]></title><link>{link}</link>{f'<pubDate>{when}</pubDate>' if when else ''}</item>"
        for name, link, when in items
    )
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{title}</title>{entries}</channel></rss>'
