"""The simulator on one loopback port: the vendor's REST paths and WebSocket, and a control area of its own.

Everything runs on the loop that starts it. Outside the vendor's paths stand ``/`` (a page that says what this is) and
``/simulator/…`` (state, control, truth), which answer the loopback only.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import errno
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from aiohttp import web

from engine.model.errors import ProviderError
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault
from ralphstock_desktop.providers.kiwoom_sim.control import ControlPages, is_loopback
from ralphstock_desktop.providers.kiwoom_sim.faults import SimFaults
from ralphstock_desktop.providers.kiwoom_sim.limiter import STRICT_LIMITS, SimLimiter, SimLimits
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.rest_server import Answer, RestServer
from ralphstock_desktop.providers.kiwoom_sim.stream_server import StreamLimits, StreamServer
from ralphstock_desktop.providers.kiwoom_sim.tokens import SimTokens

__all__ = ["STRICT_LIMITS", "SimLimits", "SimServer", "StreamLimits", "is_loopback"]

WEBSOCKET_PATH = "/api/dostk/websocket"
_CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET, OPTIONS",
    "access-control-allow-headers": "*",
}
_BODY_LIMIT = 1 << 20
_SLASHES = re.compile("/{2,}")
_SKEW_S = 600
_SECOND_NS = 1_000_000_000
_PAGE = """<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>점검 안내</title></head>
<body><h1>시스템 점검 중입니다</h1><p>잠시 후 다시 이용해 주십시오.</p></body></html>"""


class SimServer:
    """Serves one market to any number of clients.

    Parameters
    ----------
    market : SimMarket
        The replayed day; from now on it belongs to this server's loop.
    tokens, faults : optional
        Given to be set from outside; made otherwise.
    limits : SimLimits
        Request limits.
    stream_limits : StreamLimits, optional
        Limits of the WebSocket.
    host, port : str, int
        Where to listen; port 0 takes a free one.
    machine_ns : callable
        The machine's clock in UTC nanoseconds, for tokens and limits.
    single_price : bool
        Serve ka10087, which the vendor deleted on 2026-09-12.
    restart_s : float
        How long a restart stays away.
    """

    def __init__(
        self,
        market: SimMarket,
        *,
        tokens: SimTokens | None = None,
        faults: SimFaults | None = None,
        limits: SimLimits | None = None,
        stream_limits: StreamLimits | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        machine_ns: Callable[[], int] = time.time_ns,
        single_price: bool = False,
        restart_s: float = 1.0,
    ) -> None:
        self.market = market
        self.tokens = tokens or SimTokens(machine_ns)
        self.faults = faults or SimFaults()
        self.limiter = SimLimiter(limits or SimLimits(), machine_ns)
        self.stream = StreamServer(market, self.tokens, self.faults, stream_limits or StreamLimits(), machine_ns)
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="ThreadPoolExecutor-simulator")
        self.rest = RestServer(
            market, self.tokens, self.faults, self.limiter, machine_ns, self._workers, single_price=single_price
        )
        self._control = ControlPages(self)
        self._host, self._port = host, port
        self._machine_ns = machine_ns
        self._restart_s = restart_s
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._restarting: asyncio.Task[None] | None = None
        self.restarts = 0
        """How often the server went away and came back."""

    # -- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        ProviderError
            If the port is taken or the address cannot be used.
        """
        app = web.Application(client_max_size=_BODY_LIMIT)
        self._control.add_to(app.router)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        try:
            await self._listen()
        except ProviderError:
            await self._runner.cleanup()
            self._workers.shutdown(wait=False)
            raise
        self._tasks = [
            asyncio.create_task(self.stream.run(), name="sim-stream"),
            asyncio.create_task(self._strike_each_second(), name="sim-faults"),
        ]

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        try:
            await self._site.start()
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            raise ProviderError(
                f"Port {self._port} of {self._host} is already in use; choose another one."
                if taken
                else f"The simulator cannot listen on {self._host}:{self._port} ({error.strerror}).",
                provider="simulator",
                retryable=False,
                key="error.simulator.port_taken" if taken else "error.simulator.listen",
                host=self._host,
                port=self._port,
            ) from error
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening and cut what is connected."""
        for task in (*self._tasks, *((self._restarting,) if self._restarting else ())):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks, self._restarting = [], None
        self.stream.drop_all()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None
        self._workers.shutdown(wait=True, cancel_futures=True)

    async def run_until(self, leave: asyncio.Event) -> None:
        """Wait until told to leave, or raise what ended one of the server's own tasks."""
        waiting = asyncio.create_task(leave.wait(), name="sim-leave")
        try:
            done, _ = await asyncio.wait([waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            waiting.cancel()

    @property
    def port(self) -> int:
        """Port it listens on."""
        return self._port

    @property
    def base_url(self) -> str:
        """What a client takes for ``https://api.kiwoom.com``."""
        return f"http://{self._host}:{self._port}"

    @property
    def ws_url(self) -> str:
        """What a client takes for the vendor's WebSocket address."""
        return f"ws://{self._host}:{self._port}{WEBSOCKET_PATH}"

    # -- restart -----------------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """Go away and come back: connections, tokens, registrations and counts are lost, the day goes on."""
        if self._restarting is None or self._restarting.done():
            self._restarting = asyncio.create_task(self._go_and_return(), name="sim-restart")

    async def _go_and_return(self) -> None:
        assert self._runner is not None and self._site is not None
        self.restarts += 1
        await self._site.stop()
        self.tokens.expire_all()
        self.limiter.forget()
        self.stream.drop_all()
        web_server = self._runner.server
        for connection in list(web_server.connections) if web_server is not None else []:
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(self._restart_s)
        await self._listen()

    async def _strike_each_second(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            if self.faults.strikes(Fault.RESTART):
                self.restart()

    # -- vendor's paths ----------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        # A base address that ends with a slash makes two of them, and some clients end a path with one.
        path = _SLASHES.sub("/", request.path).rstrip("/")
        if request.headers.get("upgrade", "").lower() == "websocket":
            # Clients that were given a host instead of a whole address connect at the root.
            if path not in ("", WEBSOCKET_PATH):
                return self._refused(404, "존재하지 않는 경로입니다")
            return await self.stream.handle(request)
        if request.method == "OPTIONS":
            return web.Response(headers=_CORS)
        if path == "" and request.method in ("GET", "HEAD"):
            return self._control.about()
        if request.method != "POST":
            return self._refused(405, "POST 방식만 지원합니다")
        if self.faults.active():
            if self.faults.strikes(Fault.DELAY):
                await asyncio.sleep(self.faults.delay_s)
            if self.faults.strikes(Fault.SERVER_ERROR):
                status = 500 if self._machine_ns() // 1_000 % 2 else 502
                return web.Response(status=status, text="Internal Server Error" if status == 500 else "Bad Gateway")
            if self.faults.strikes(Fault.HTML_PAGE):
                return web.Response(text=_PAGE, content_type="text/html", charset="utf-8")
        body = await _json_object(request)
        if path == "/oauth2/token":
            return await self._send(request, self.rest.token(body or {}))
        if path == "/oauth2/revoke":
            return await self._send(request, self.rest.revoke(body or {}))
        if not path.startswith("/api/"):
            return self._refused(404, "존재하지 않는 경로입니다")
        return await self._send(request, await self.rest.answer(path, request.headers, body))

    @staticmethod
    def _refused(status: int, text: str) -> web.Response:
        body = msgspec.json.encode({"return_code": 2, "return_msg": text})
        return web.Response(status=status, body=body, headers={"content-type": "application/json;charset=UTF-8", **_CORS})

    async def _send(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        headers = {**answer.headers, **_CORS, "content-type": answer.content_type}
        body = answer.body
        if self.faults.active():
            if self.faults.strikes(Fault.CLOCK_SKEW):
                headers["date"] = email.utils.formatdate(self._machine_ns() / _SECOND_NS + _SKEW_S, usegmt=True)
            if self.faults.strikes(Fault.HALF_FRAME):
                body = body[: max(len(body) // 2, 1)]
            if self.faults.strikes(Fault.CUT):
                return await self._cut(request, answer.status, headers, body)
        return web.Response(status=answer.status, headers=headers, body=body)

    @staticmethod
    async def _cut(request: web.Request, status: int, headers: dict[str, str], body: bytes) -> web.StreamResponse:
        """Promise the whole body, send half of it, and hang up."""
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = len(body)
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await response.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.abort()
        return response


async def _json_object(request: web.Request) -> dict[str, Any] | None:
    """The body as an object: an empty body is an empty one, anything else that is none gives None."""
    raw = (await request.read()).removeprefix(b"\xef\xbb\xbf")
    if not raw.strip():
        return {}
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return None
    return body if isinstance(body, dict) else None
