"""The stream server alone on a loopback port, and a client that speaks through the ``websockets`` library."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from websockets.asyncio.client import ClientConnection, connect

from ralphstock_desktop.providers.kiwoom_sim.contracts import SimGrant
from ralphstock_desktop.providers.kiwoom_sim.faults import SimFaults
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.stream_server import StreamLimits, StreamServer

PATIENCE_S = 15.0


class Tokens:
    """Tokens of the form ``token-<key>`` are valid."""

    def grant(self, token: str) -> SimGrant | None:
        return SimGrant(token[6:], token, 1 << 62) if token.startswith("token-") else None


@dataclass
class Running:
    """A stream server that listens."""

    server: StreamServer
    market: SimMarket
    faults: SimFaults
    url: str

    def connect(self) -> connect:
        return connect(self.url, compression=None, ping_interval=None, max_size=None)


@contextlib.asynccontextmanager
async def running_stream(
    market: SimMarket, limits: StreamLimits | None = None, machine_ns: Callable[[], int] = time.monotonic_ns
) -> AsyncIterator[Running]:
    faults = SimFaults()
    server = StreamServer(market, Tokens(), faults, limits or StreamLimits(), machine_ns)
    app = web.Application()
    app.router.add_get("/api/dostk/websocket", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    task = asyncio.create_task(server.run())
    try:
        port = runner.addresses[0][1]
        yield Running(server, market, faults, f"ws://127.0.0.1:{port}/api/dostk/websocket")
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await runner.cleanup()


async def say(socket: ClientConnection, message: dict[str, Any]) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection, *names: str) -> dict[str, Any]:
    """The next frame of one of the names; PINGs are answered, others passed over."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            text = await socket.recv()
            message = json.loads(text)
            if message["trnm"] == "PING":
                await socket.send(text)
            if not names or message["trnm"] in names:
                return message


async def log_in(socket: ClientConnection, key: str = "a") -> dict[str, Any]:
    await say(socket, {"trnm": "LOGIN", "token": f"token-{key}"})
    return json.loads(await socket.recv())


async def register(socket: ClientConnection, items: list[str], types: list[str], **extra: str) -> dict[str, Any]:
    await say(socket, {"trnm": "REG", "grp_no": "1", "refresh": "1", **extra, "data": [{"item": items, "type": types}]})
    return await hear(socket, "REG")


async def entries(socket: ClientConnection, kind: str, count: int) -> list[dict[str, Any]]:
    """The next entries of a type, at least ``count``."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        frame = await hear(socket, "REAL")
        found += [entry for entry in frame["data"] if entry["type"] == kind]
    return found
