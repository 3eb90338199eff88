"""The simulator's own pages: what it is, its state, its switches, and the day's truth for tests. Loopback only."""

from __future__ import annotations

import io
import ipaddress
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from aiohttp import web

from engine.model.errors import RalphStockError, ValidationFailed
from engine.model.instants import kst_datetime, kst_ns
from ralphstock_desktop.providers.kiwoom_sim.faults import parse_faults

if TYPE_CHECKING:
    from ralphstock_desktop.providers.kiwoom_sim.server import SimServer

__all__ = ["ControlPages", "is_loopback", "read_clock"]

_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\Z")
_ROWS = 400
_MINUTE_COLUMNS = ("start_ns", "open", "high", "low", "close", "volume", "value_krw", "volume_after")


def is_loopback(host: str | None) -> bool:
    """Whether an address is of this machine itself."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_clock(day: Any, text: str | int) -> int:
    """Read a market instant: ``10:30``, ``10:30:15``, an ISO time with zone, or UTC nanoseconds.

    Raises
    ------
    ValidationFailed
        If it is none of them.
    """
    if isinstance(text, int):
        return text
    found = _TIME.match(text.strip())
    if found:
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if hour < 24 and minute < 60 and second < 60:
            return kst_ns(day, hour, minute, second)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return int(moment.timestamp()) * 1_000_000_000
    raise ValidationFailed(f"'{text}' is not a time of day like 10:30.", key="error.simulator.time", value=text)


class ControlPages:
    """Pages below ``/simulator`` and the page at ``/``."""

    def __init__(self, server: SimServer) -> None:
        self._server = server

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the pages."""
        router.add_get("/simulator/state", self._guarded(self._state))
        router.add_get("/simulator/control", self._guarded(self._state))
        router.add_post("/simulator/control", self._guarded(self._control))
        router.add_get("/simulator/truth", self._guarded(self._truth))

    @staticmethod
    def _guarded(
        page: Callable[[web.Request], Awaitable[web.Response]],
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def guarded(request: web.Request) -> web.Response:
            if not is_loopback(request.remote):
                return web.Response(status=403, text="Only this machine may control the simulator.")
            try:
                return await page(request)
            except RalphStockError as error:
                return _json({"error": error.key, "message": str(error)}, status=400)

        return guarded

    def about(self) -> web.Response:
        """What stands at ``/``."""
        server = self._server
        market = server.market
        text = (
            "RalphStock Kiwoom simulator\n"
            f"day          {market.day}\n"
            f"market time  {kst_datetime(market.clock.now_ns()):%H:%M:%S} KST, speed {market.clock.speed:g}\n"
            f"REST         {server.base_url}\n"
            f"WebSocket    {server.ws_url}\n"
            f"state        {server.base_url}/simulator/state\n"
            "All data are replayed or generated. No orders are taken.\n"
        )
        return web.Response(text=text)

    def state(self) -> dict[str, Any]:
        """State of the simulator as plain values."""
        server = self._server
        market, clock = server.market, server.market.clock
        now = clock.now_ns()
        return {
            "day": market.day.isoformat(),
            "source": market.source,
            "simulated_history": bool(market.history.panel.simulated),
            "symbols": len(market.history.panel.tickers),
            "market_ns": now,
            "market_time": kst_datetime(now).isoformat(timespec="seconds"),
            "speed": clock.speed,
            "paused": clock.paused,
            "base_url": server.base_url,
            "ws_url": server.ws_url,
            "connections": server.stream.connections(),
            "entries_sent": server.stream.entries_sent,
            "tokens": server.tokens.live,
            "served": dict(server.rest.served),
            "refused_by_limit": server.limiter.refused,
            "restarts": server.restarts,
            "faults": server.faults.rates(),
            "faults_struck": {fault.value: count for fault, count in server.faults.struck.items()},
        }

    async def _state(self, request: web.Request) -> web.Response:
        del request
        return _json(self.state())

    async def _control(self, request: web.Request) -> web.Response:
        try:
            wish = msgspec.json.decode(await request.read() or b"{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise ValidationFailed("The control page takes a JSON object.", key="error.simulator.control") from error
        server = self._server
        clock = server.market.clock
        if "clear_faults" in wish:
            server.faults.clear()
        for fault, rate in parse_faults(f"{name}={rate}" for name, rate in dict(wish.get("faults", {})).items()).items():
            server.faults.set(fault, rate)
        if "delay_s" in wish:
            server.faults.delay_s = max(float(wish["delay_s"]), 0.0)
        if "speed" in wish:
            clock.set_speed(float(wish["speed"]))
        if "paused" in wish:
            clock.set_paused(bool(wish["paused"]))
        if "jump" in wish:
            clock.jump(read_clock(server.market.day, wish["jump"]))
        if wish.get("expire_tokens"):
            server.tokens.expire_all()
        if wish.get("drop_connections"):
            server.stream.drop_all()
        if wish.get("restart"):
            server.restart()
        return _json(self.state())

    async def _truth(self, request: web.Request) -> web.Response:
        """The day as it will have been, as npz: ``?of=day``, or ``?of=minutes&first=0&count=400`` by rows."""
        market = self._server.market
        tickers = market.history.panel.tickers
        if request.query.get("of", "day") == "day":
            return _npz({"ticker": np.asarray(tickers), **market.final_day()})
        try:
            first, count = int(request.query.get("first", "0")), int(request.query.get("count", str(_ROWS)))
        except ValueError as error:
            raise ValidationFailed("first and count are row numbers.", key="error.simulator.control") from error
        rows = range(max(first, 0), min(max(first, 0) + max(min(count, _ROWS), 1), len(tickers)))
        parts = [market.final_minutes(row) for row in rows]
        lengths = np.array([len(part.start_ns) for part in parts], dtype=np.int64)
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0, dtype=np.int64)
            for name in _MINUTE_COLUMNS
        }
        row = np.repeat(np.array(rows, dtype=np.int64), lengths)
        return _npz({"row": row, "ticker": np.asarray(tickers)[row], **columns}, total=len(tickers))


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def _npz(arrays: dict[str, Any], total: int = 0) -> web.Response:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return web.Response(body=buffer.getvalue(), content_type="application/octet-stream", headers={"rows-total": str(total)})
