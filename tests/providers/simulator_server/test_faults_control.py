"""Fault switches of the HTTP side, the control area, restarts, and the simulator in a thread."""

from __future__ import annotations

import asyncio
import email.utils
import io
import time

import httpx
import numpy as np
import pytest

from engine.model.errors import ProviderError, RalphStockError, ValidationFailed
from engine.model.instants import kst_ns
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault
from ralphstock_desktop.providers.kiwoom_sim.control import is_loopback, read_clock
from ralphstock_desktop.providers.kiwoom_sim.faults import SimFaults, parse_faults
from ralphstock_desktop.providers.kiwoom_sim.market import build_market
from ralphstock_desktop.providers.kiwoom_sim.server import SimServer
from ralphstock_desktop.providers.kiwoom_sim.thread import SimulatorThread

from .conftest import DAY, NO_LIMITS, Client, DemoHistory, Serve, busy_row, code_of

DAILY = {"base_dt": "20261123", "upd_stkpc_tp": "1"}


def _daily(client: Client) -> dict[str, str]:
    return DAILY | {"stk_cd": code_of(client.market, busy_row(client.market))}


def test_rates_are_probabilities() -> None:
    faults = SimFaults({Fault.CUT: 0.5}, seed=1)
    struck = sum(faults.strikes(Fault.CUT) for _ in range(1_000))
    assert 400 < struck < 600 and not faults.strikes(Fault.DELAY) and faults.struck[Fault.CUT] == struck
    faults.set(Fault.CUT, 0.0)
    assert faults.active() == ()
    with pytest.raises(ValidationFailed):
        faults.set(Fault.CUT, 1.5)
    assert parse_faults(["cut=0.1", "delay"]) == {Fault.CUT: 0.1, Fault.DELAY: 1.0}
    for bad in ("cutt=1", "cut=much"):
        with pytest.raises(ValidationFailed):
            parse_faults([bad])


async def test_status_faults(serve: Serve) -> None:
    async with serve() as client:
        faults = client.server.faults
        faults.set(Fault.SERVER_ERROR, 1.0)
        assert (await client.raw("ka10102", {})).status_code in (500, 502)
        faults.set(Fault.SERVER_ERROR, 0.0)
        faults.set(Fault.HTML_PAGE, 1.0)
        page = await client.raw("ka10102", {})
        assert page.headers["content-type"].startswith("text/html") and "점검" in page.text
        faults.clear()
        faults.set(Fault.RATE_LIMIT, 1.0)
        limited = await client.raw("ka10102", {})
        assert limited.status_code == 429 and "유량=" in limited.json()["return_msg"]
        faults.clear()
        faults.set(Fault.CLOCK_SKEW, 1.0)
        skewed = email.utils.parsedate_to_datetime((await client.raw("ka10102", {})).headers["date"]).timestamp()
        assert skewed - time.time() > 300
        faults.clear()
        faults.delay_s = 0.05
        faults.set(Fault.DELAY, 1.0)
        assert (await client.raw("ka10102", {})).json()["return_code"] == 0 and faults.struck[Fault.DELAY] == 1


async def test_broken_bodies(serve: Serve) -> None:
    async with serve() as client:
        whole = await client.raw("ka10081", _daily(client))
        client.server.faults.set(Fault.HALF_FRAME, 1.0)
        half = await client.raw("ka10081", _daily(client))
        assert len(half.content) == len(whole.content) // 2 and whole.content.startswith(half.content)
        client.server.faults.clear()
        client.server.faults.set(Fault.CUT, 1.0)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.raw("ka10081", _daily(client))
        client.server.faults.clear()
        assert (await client.raw("ka10081", _daily(client))).content == whole.content


async def test_content_faults(serve: Serve) -> None:
    async with serve() as client:
        faults, key = client.server.faults, "stk_dt_pole_chart_qry"
        plain = (await client.ask("ka10081", **_daily(client)))[key]

        async def with_fault(fault: Fault) -> httpx.Response:
            faults.clear()
            faults.set(fault, 1.0)
            return await client.raw("ka10081", _daily(client))

        empty = await with_fault(Fault.EMPTY_PAGE)
        assert empty.json()[key] == [] and empty.headers["cont-yn"] == "N" and empty.json()["return_code"] == 0
        doubled = (await with_fault(Fault.DUPLICATE)).json()[key]
        assert len(doubled) == len(plain) + 1 and doubled[0] == doubled[1] == plain[0]
        swapped = (await with_fault(Fault.REORDER)).json()[key]
        assert swapped[:2] == plain[1::-1] and swapped[2:] == plain[2:]
        wrong = (await with_fault(Fault.WRONG_UNITS)).json()[key]
        assert int(wrong[3]["trde_prica"]) == 1_000 * int(plain[3]["trde_prica"]) and wrong[3]["cur_prc"] == plain[3]["cur_prc"]
        assert (await with_fault(Fault.RETURN_CODE_TEXT)).json()["return_code"] == "0"
        odd = (await with_fault(Fault.UNKNOWN_FIELDS)).json()
        assert set(odd[key][0]) > set(plain[0]) and "simul_unknown" in odd
        died = (await with_fault(Fault.EXPIRED_TOKEN)).json()
        assert "[8005:" in died["return_msg"]
        faults.clear()
        assert "[8005:" in (await client.raw("ka10081", _daily(client))).json()["return_msg"]  # it really died


async def test_control_area(serve: Serve) -> None:
    async with serve() as client:
        http = client.http
        state = (await http.get("/simulator/state")).json()
        assert state["day"] == DAY.isoformat() and state["paused"] and state["symbols"] == len(client.market.panel.tickers)
        changed = (await http.post("/simulator/control", json={"jump": "13:05", "speed": 120, "faults": {"cut": 0.25}})).json()
        assert (
            changed["market_time"] == "2026-11-23T13:05:00+09:00"
            and changed["speed"] == 120
            and changed["faults"] == {"cut": 0.25}
        )
        assert (await http.post("/simulator/control", json={"clear_faults": True})).json()["faults"] == {}
        assert (await http.post("/simulator/control", json={"expire_tokens": True})).json()["tokens"] == 0
        for bad in ({"jump": "25:99"}, {"faults": {"no": 1}}, {"speed": 0}):
            answer = await http.post("/simulator/control", json=bad)
            assert answer.status_code == 400 and answer.json()["error"].startswith("error.")
        day = np.load(io.BytesIO((await http.get("/simulator/truth", params={"of": "day"})).content))
        assert (day["close"] == client.market.final_day()["close"]).all() and day["ticker"][0] == client.market.panel.tickers[0]
        row = busy_row(client.market)
        part = np.load(
            io.BytesIO((await http.get("/simulator/truth", params={"of": "minutes", "first": row, "count": 1})).content)
        )
        assert (part["volume"] == client.market.final_minutes(row).volume).all() and set(part["row"]) == {row}


def test_only_this_machine_controls() -> None:
    assert is_loopback("127.0.0.1") and is_loopback("::1") and not is_loopback("192.168.0.3") and not is_loopback(None)
    assert read_clock(DAY, "9:05") == kst_ns(DAY, 9, 5) == read_clock(DAY, "2026-11-23T09:05:00+09:00")
    with pytest.raises(ValidationFailed):
        read_clock(DAY, "nine")


async def test_restart_loses_tokens_and_returns_on_the_same_port(serve: Serve) -> None:
    async with serve(restart_s=0.05) as client:
        before = client.server.base_url
        assert (await client.http.post("/simulator/control", json={"restart": True})).status_code == 200
        for _ in range(200):
            try:
                answer = await client.raw("ka10102", {})
                if client.server.restarts == 1 and "8005" in answer.text:
                    break
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.02)
        else:
            pytest.fail("the server did not return")
        assert client.server.base_url == before and client.server.tokens.live == 0


def _server(demo: DemoHistory, port: int = 0) -> SimServer:
    clock = SimClock(kst_ns(DAY, 10, 0), time.monotonic_ns, paused=True)
    return SimServer(build_market(demo, DAY, 1, clock), limits=NO_LIMITS, port=port)


def test_in_a_thread(demo: DemoHistory) -> None:
    problems: list[RalphStockError] = []
    simulator = SimulatorThread(lambda: _server(demo), problems.append)
    url = simulator.start()
    try:
        token = httpx.post(
            f"{url}/oauth2/token", json={"grant_type": "client_credentials", "appkey": "k", "secretkey": "s"}
        ).json()["token"]
        answer = httpx.post(
            f"{url}/api/dostk/stkinfo", json={}, headers={"api-id": "ka10102", "authorization": f"Bearer {token}"}
        )
        assert answer.json()["return_code"] == 0
        simulator.clock.set_speed(300)
        simulator.faults.set(Fault.HTML_PAGE, 1.0)
        assert simulator.summary()["speed"] == 300 and simulator.summary()["faults"] == {"html_page": 1.0}
        taken = SimulatorThread(lambda: _server(demo, simulator.server.port), problems.append)
        with pytest.raises(ProviderError) as refused:
            taken.start()
        assert refused.value.key == "error.simulator.port_taken"
        taken.stop()
    finally:
        simulator.stop()
    assert not problems
    with pytest.raises(ProviderError):
        simulator.summary()
