"""A small demo market served over loopback."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from typing import Any

import httpx
import pytest

from engine.model.instants import kst_ns
from ralphstock_desktop.ports import IndexBatch, MinuteBatch
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.limiter import SimLimits
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket, build_market
from ralphstock_desktop.providers.kiwoom_sim.rest_routes import ROUTES
from ralphstock_desktop.providers.kiwoom_sim.server import SimServer
from ralphstock_desktop.providers.simulated import market as simulated
from ralphstock_desktop.providers.simulated.market import SimulatedMarket, SimulationSpec

NO_LIMITS = SimLimits(per_api=0, total=0, token=0)


class DemoHistory:
    """The demo market's arrays as a repository."""

    def __init__(self, made: SimulatedMarket) -> None:
        self.panel = made.panel()
        self.shares_out: Mapping[str, int] = {symbol.ticker: symbol.shares_out or 0 for symbol in made.symbols()}
        self._indices = made.indices

    def minutes(self, ticker: str, day: date) -> MinuteBatch | None:
        return None

    def index_days(self, code: str) -> IndexBatch | None:
        batch, chosen = self._indices, self._indices.code == code
        names = ("code", "day", "open", "high", "low", "close", "volume", "value_krw")
        return dataclasses.replace(batch, **{name: getattr(batch, name)[chosen] for name in names}) if chosen.any() else None


@pytest.fixture(scope="session")
def demo() -> DemoHistory:
    spec = SimulationSpec.ending_before(date(2026, 11, 24), load_calendar().trading, day_count=660, symbols=800)
    return DemoHistory(simulated.generate(spec))


DAY = date(2026, 11, 23)


class Client:
    """A plain client: one token, any api-id."""

    def __init__(self, http: httpx.AsyncClient, server: SimServer, token: str) -> None:
        self.http, self.server, self.token = http, server, token

    @property
    def market(self) -> SimMarket:
        return self.server.market

    async def raw(self, api: str, body: Any, /, *, path: str = "", **headers: str) -> httpx.Response:
        sent = {"api-id": api, "authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        where = path or f"/api/dostk/{ROUTES[api].path}"
        return await self.http.post(where, json=body, headers={k: v for k, v in sent.items() if v != "-"})

    async def ask(self, api_id: str, **body: str) -> dict[str, Any]:
        answer = await self.raw(api_id, body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert found["return_code"] == 0, found
        return found

    async def walk(
        self, api_id: str, key: str, pages: int = 1_000, between: Callable[[], None] | None = None, **body: str
    ) -> list[list[dict[str, str]]]:
        found: list[list[dict[str, str]]] = []
        headers: dict[str, str] = {}
        for _ in range(pages):
            answer = await self.raw(api_id, body, **headers)
            assert answer.json()["return_code"] == 0, answer.text
            found.append(answer.json()[key])
            if answer.headers["cont-yn"] != "Y":
                assert answer.headers["next-key"] == ""
                break
            assert 0 < len(answer.headers["next-key"]) <= 50
            assert answer.headers["next-key"] != headers.get("next_key")
            headers = {"cont_yn": "Y", "next_key": answer.headers["next-key"]}
            if between is not None:
                between()
        return found


_MARKETS: dict[date, SimMarket] = {}


def _market(demo: DemoHistory, day: date, instant_ns: int) -> SimMarket:
    """The one market of a day, its clock standing at an instant."""
    if day not in _MARKETS:
        _MARKETS[day] = build_market(demo, day, 3, SimClock(instant_ns, time.monotonic_ns, paused=True))
    clock = _MARKETS[day].sim_clock
    clock.set_paused(True)
    clock.set_speed(1.0)
    clock.jump(instant_ns)
    return _MARKETS[day]


Serve = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def serve(demo: DemoHistory) -> Serve:
    """``async with serve(hour, minute, …) as client``: a server whose clock stands still at that time."""

    @asynccontextmanager
    async def serving(hour: int = 11, minute: int = 17, *, day: date = DAY, **options: Any) -> AsyncIterator[Client]:
        server = SimServer(_market(demo, day, kst_ns(day, hour, minute, 23)), **{"limits": NO_LIMITS, **options})
        await server.start()
        try:
            async with httpx.AsyncClient(base_url=server.base_url) as http:
                issued = await http.post(
                    "/oauth2/token", json={"grant_type": "client_credentials", "appkey": "key", "secretkey": "secret"}
                )
                yield Client(http, server, issued.json().get("token", ""))
        finally:
            await server.stop()

    return serving


def busy_row(market: SimMarket, *, nxt: bool = True) -> int:
    """A stock with many trades today."""
    volume = market.final_day()["value_krw"]
    rows = sorted(range(len(volume)), key=lambda row: -int(volume[row]))
    return next(row for row in rows if market.is_on_nxt(row) == nxt and market.is_listed(row))


def code_of(market: SimMarket, row: int) -> str:
    return str(market.panel.tickers[row])
