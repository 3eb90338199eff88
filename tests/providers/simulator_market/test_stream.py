"""The WebSocket's life over the loopback: login, heartbeat, registrations, caps, kicks, faults, condition searches."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import date

import pytest
from websockets.exceptions import ConnectionClosed

from engine.model.instants import kst_ns
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault
from ralphstock_desktop.providers.kiwoom_sim.market import MarketOptions, SimMarket
from ralphstock_desktop.providers.kiwoom_sim.stream_server import StreamLimits

from .loopback import PATIENCE_S, entries, hear, log_in, register, running_stream, say
from .small_market import DAY, FUND, SURGE, small_market, small_panel


@pytest.fixture(scope="module")
def panel():
    return small_panel()


BUSY = MarketOptions(density=12.0)
"""So many trades that a test need not wait for them."""


def live(panel, hour: int = 10, minute: int = 0, speed: float = 120.0, day: date = DAY) -> SimMarket:
    return small_market(
        panel=panel, hour=hour, minute=minute, machine=time.monotonic_ns, speed=speed, paused=False, day=day, options=BUSY
    )


async def until_closed(socket) -> tuple[list[dict], ConnectionClosed]:
    frames = []
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                frames.append(json.loads(await socket.recv()))
            except ConnectionClosed as closed:
                return frames, closed


def code(panel, row: int = SURGE) -> str:
    return str(panel.tickers[row])


async def test_login_register_and_trades_that_join_up(panel) -> None:
    async with running_stream(live(panel)) as running, running.connect() as socket:
        answer = await log_in(socket)
        assert answer == {"trnm": "LOGIN", "return_code": 0, "return_msg": "", "sor_yn": "Y"}
        assert running.server.connections() == 1
        ack = await register(socket, [code(panel)], ["0B"])
        assert ack == {"trnm": "REG", "return_code": 0, "return_msg": ""}
        trades = await entries(socket, "0B", 60)
        assert {entry["item"] for entry in trades} == {code(panel)}
        volume = [int(entry["values"]["13"]) for entry in trades]
        size = [abs(int(entry["values"]["15"])) for entry in trades]
        assert [a + q for a, q in zip(volume, size[1:], strict=False)] == volume[1:]
    assert running.server.connections() == 0


async def test_a_wrong_token_is_refused_and_the_door_closed(panel) -> None:
    async with running_stream(live(panel)) as running, running.connect() as socket:
        await say(socket, {"trnm": "LOGIN", "token": "expired"})
        frames, closed = await until_closed(socket)
        assert [frame["return_code"] for frame in frames] == [805004] and "CODE=8005" in frames[0]["return_msg"]
        assert closed.rcvd is not None and closed.rcvd.code == 1000


async def test_errors_before_and_after_login(panel) -> None:
    async with running_stream(live(panel)) as running, running.connect() as socket:
        await say(socket, {"trnm": "REG", "data": []})
        assert (await hear(socket))["return_code"] == 100013
        await say(socket, {"trnm": "LOGIN"})
        assert (await hear(socket))["return_code"] == 805002
        await log_in(socket)
        await say(socket, {"grp_no": "1"})
        assert (await hear(socket))["return_code"] == 100002
        await say(socket, {"trnm": "HELLO"})
        assert (await hear(socket, "HELLO"))["return_code"] == 105108
        await socket.send("{broken")
        assert (await hear(socket))["return_code"] == 100002
        await say(socket, {"trnm": "REG", "grp_no": "1", "data": None})
        assert (await hear(socket, "REG"))["return_code"] == 100002
        assert (await register(socket, ["NOSUCH"], ["0B"]))["return_code"] == 0


async def test_the_older_connection_is_kicked(panel) -> None:
    async with running_stream(live(panel)) as running, running.connect() as first:
        await log_in(first, "key")
        async with running.connect() as other:
            await log_in(other, "another key")
            async with running.connect() as second:
                await log_in(second, "key")
                frames, closed = await until_closed(first)
                assert frames[-1]["trnm"] == "SYSTEM" and frames[-1]["code"] == "R10001"
                assert closed.rcvd is not None and (closed.rcvd.code, closed.rcvd.reason) == (1000, "Bye")
                assert running.server.connections() == 2
                assert (await register(second, ["001"], ["0J"]))["return_code"] == 0


async def test_silence_is_punished_but_an_echo_keeps_it_alive(panel) -> None:
    limits = StreamLimits(ping_interval_s=0.05, pings_missed=3)
    async with running_stream(live(panel), limits) as running:
        async with running.connect() as quiet:
            await log_in(quiet)
            frames, closed = await until_closed(quiet)
            assert [frame["trnm"] for frame in frames].count("PING") == 3
            assert frames[-1]["code"] == "R10002" and closed.rcvd is not None
        async with running.connect() as alive:
            await log_in(alive)
            for _ in range(8):
                await hear(alive, "PING")
            # Some clients answer with the bare word.
            for _ in range(4):
                assert json.loads(await alive.recv()) == {"trnm": "PING"}
                await alive.send("PING")
            assert running.server.connections() == 1


async def test_who_never_logs_in_is_sent_away(panel) -> None:
    async with running_stream(live(panel), StreamLimits(login_within_s=0.05)) as running, running.connect() as socket:
        frames, _ = await until_closed(socket)
        assert frames[-1]["code"] == "R10004"


async def test_caps_and_the_rate_of_registrations(panel) -> None:
    limits = StreamLimits(items_per_connection=5, items_per_group=4, registrations_per_s=6)
    async with running_stream(live(panel), limits) as running, running.connect() as socket:
        await log_in(socket)
        codes = [str(ticker) for ticker in panel.tickers[:8]]
        assert (await register(socket, codes[:4], ["0B", "0D", "0w"]))["return_code"] == 0
        assert (await register(socket, [codes[4]], ["0B"]))["return_code"] == 105118
        assert (await register(socket, [codes[4]], ["0B"], grp_no="2"))["return_code"] == 0
        assert (await register(socket, ["001"], ["0J"], grp_no="2"))["return_code"] == 105115
        assert (await register(socket, [""], ["0s"], grp_no="2"))["return_code"] == 0
        assert (await register(socket, codes[5:7], ["0B"], refresh="0"))["return_code"] == 0
        assert (await register(socket, codes[7:], ["0B"]))["return_code"] == 105110


async def test_refresh_and_remove(panel) -> None:
    first, second = code(panel, SURGE), code(panel, 17)
    async with running_stream(live(panel, speed=300.0)) as running, running.connect() as socket:
        await log_in(socket)
        await register(socket, [first, second], ["0B"])
        await say(socket, {"trnm": "REMOVE", "grp_no": "1", "refresh": "1", "data": [{"item": [first], "type": ["0B"]}]})
        assert (await hear(socket, "REMOVE"))["return_code"] == 0
        assert {entry["item"] for entry in await entries(socket, "0B", 12)} == {second}
        await register(socket, [first], ["0B"], refresh="0")
        assert {entry["item"] for entry in await entries(socket, "0B", 12)} == {first}


async def test_old_and_odd_forms_of_clients(panel) -> None:
    """One object per type, single texts instead of arrays, headers at the upgrade, protocol pings."""
    async with running_stream(live(panel)) as running:
        headers = {"authorization": "Bearer x", "appkey": "", "appsecret": "", "api-id": "ka10171"}
        from websockets.asyncio.client import connect

        async with connect(running.url, additional_headers=headers, compression=None) as socket:
            await log_in(socket)
            await (await socket.ping())
            data = [{"item": code(panel), "type": "0B"}, {"item": [code(panel)], "type": ["0D"]}]
            await say(socket, {"trnm": "REG", "grp_no": "1", "refresh": "1", "data": data})
            assert (await hear(socket, "REG"))["return_code"] == 0
            seen: set[str] = set()
            while seen != {"0B", "0D"}:
                seen |= {entry["type"] for entry in (await hear(socket, "REAL"))["data"]}


async def test_phases_index_breadth_and_expected_matches(panel) -> None:
    market = live(panel, hour=8, minute=54, speed=600.0)
    async with running_stream(market) as running, running.connect() as socket:
        await log_in(socket)
        await register(socket, [""], ["0s"])
        await register(socket, ["001", "101", "999"], ["0J", "0U"], grp_no="2")
        await register(socket, [code(panel)], ["0H", "0B"], grp_no="3")
        seen: dict[str, list[dict]] = {}
        while len(seen.get("0s", [])) < 9 or len(seen.get("0J", [])) < 6 or not seen.get("0U") or not seen.get("0B"):
            for entry in (await hear(socket, "REAL"))["data"]:
                seen.setdefault(entry["type"], []).append(entry)
        assert [entry["values"]["215"] for entry in seen["0s"]][-1] in "03R" and seen["0s"][0]["item"] == ""
        opened = next(entry["values"] for entry in seen["0s"] if entry["values"]["215"] == "3")
        assert opened["20"] == "090000" and opened["214"] == "000000"
        assert {entry["item"] for entry in seen["0J"]} == {"001", "101"}
        assert all(entry["values"]["20"] < "090000" for entry in seen["0H"])
        assert seen["0B"][0]["values"]["20"] >= "090000"
        up = seen["0U"][-1]["values"]
        assert int(up["251"]) + int(up["252"]) + int(up["253"]) + int(up["254"]) + int(up["255"]) == int(up["256"])


async def test_interruptions_come_twice_and_for_both_codes(panel) -> None:
    market = live(panel, speed=600.0)
    event = next(event for event in market.all_vis() if event.row == SURGE and event.static)
    market.clock.jump(event.triggered_ns - 5_000_000_000)
    async with running_stream(market) as running, running.connect() as socket:
        await log_in(socket)
        await register(socket, [""], ["1h"])
        found = [entry for entry in await entries(socket, "1h", 4) if entry["values"]["9001"] == code(panel)]
        while len(found) < 4:
            found += [entry for entry in await entries(socket, "1h", 1) if entry["values"]["9001"] == code(panel)]
        assert {entry["item"] for entry in found} == {code(panel), f"{code(panel)}_AL"}
        released = [entry["values"]["1224"] for entry in found[:4]]
        assert released[:2] == ["000000", "000000"] and "000000" not in released[2:]
        values = found[0]["values"]
        assert (values["9068"], values["9069"], values["1225"], values["1279"]) == ("1", "1", "정적", "+정적")
        assert float(values["1238"]) >= 10.0 and values["1237"] == "0"
        assert int(values["1221"]) == event.price and int(values["1236"]) == event.base


async def test_conditions_are_listed_run_watched_and_stopped(panel) -> None:
    market = live(panel, hour=10, speed=600.0)
    async with running_stream(market) as running, running.connect() as socket:
        await log_in(socket)
        request = {"trnm": "CNSRREQ", "seq": "2", "search_type": "0", "stex_tp": "K", "cont_yn": "N", "next_key": ""}
        await say(socket, request)
        assert (await hear(socket, "CNSRREQ"))["return_code"] != 0
        await say(socket, {"trnm": "CNSRLST"})
        listed = await hear(socket, "CNSRLST")
        assert ["2", "등락률 5% 이상"] in listed["data"]
        market.clock.set_paused(True)
        await say(socket, request)
        answer = await hear(socket, "CNSRREQ")
        assert answer["seq"] == "2  " and answer["cont_yn"] == "N"
        board = market.board()
        base = market.facts.base
        rows = [row for row in range(len(base)) if base[row] and board.volume[row] and market.facts.listed[row]]
        wanted = {f"A{panel.tickers[row]}" for row in rows if (board.price[row] - base[row]) / base[row] >= 0.05}
        assert {row["9001"] for row in answer["data"]} == wanted
        for row in answer["data"]:
            assert all(len(row[key]) == 9 for key in ("10", "11", "12", "13", "16", "17", "18"))
            assert int(row["12"]) >= 5_000
        market.clock.set_paused(False)
        await say(socket, {**request, "search_type": "1"})
        first = await hear(socket, "CNSRREQ")
        inside = {row["jmcode"][1:] for row in first["data"]}
        for event in await entries(socket, "02", 1):
            values = event["values"]
            assert values["841"] == "2" and values["843"] in ("I", "D") and values["9001"] == event["item"]
            assert (values["9001"] in inside) == (values["843"] == "D")
        await say(socket, {**request, "search_type": "1"})
        assert (await hear(socket, "CNSRREQ"))["return_code"] != 0
        await say(socket, {"trnm": "CNSRCLR", "seq": "2"})
        assert (await hear(socket, "CNSRCLR")) == {"trnm": "CNSRCLR", "seq": "2", "return_code": 0, "return_msg": ""}


async def test_a_jump_leaves_a_hole_and_a_pause_a_silence(panel) -> None:
    market = live(panel, speed=60.0)
    async with running_stream(market) as running, running.connect() as socket:
        await log_in(socket)
        await register(socket, [code(panel)], ["0B"])
        before = (await entries(socket, "0B", 3))[-1]["values"]
        market.clock.jump(kst_ns(DAY, 13))
        while True:
            after = (await entries(socket, "0B", 1))[0]["values"]
            if after["20"] >= "130000":
                break
        assert int(after["13"]) > int(before["13"]) + abs(int(after["15"]))
        market.clock.set_paused(True)
        await asyncio.sleep(0.2)
        sent = running.server.entries_sent
        await asyncio.sleep(0.15)
        assert running.server.entries_sent == sent


async def test_dropping_everybody_loses_everything(panel) -> None:
    async with running_stream(live(panel)) as running, running.connect() as socket:
        await log_in(socket)
        await register(socket, [code(panel)], ["0B"])
        running.server.drop_all()
        _, closed = await until_closed(socket)
        assert closed.rcvd is None, "no close frame: the line was cut"
        async with running.connect() as again:
            await log_in(again)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await again.recv()


async def test_faults_of_single_frames(panel) -> None:
    limits = StreamLimits(entries_per_frame=1, delay_s=0.1)
    async with running_stream(live(panel, speed=300.0), limits) as running, running.connect() as socket:
        await log_in(socket)
        await register(socket, [code(panel)], ["0B"])
        running.faults.set(Fault.DUPLICATE, 1.0)
        texts = [json.dumps(entry) for entry in await entries(socket, "0B", 30)]
        assert len(set(texts)) < len(texts) - 8
        running.faults.clear()
        running.faults.set(Fault.REORDER, 0.5)
        volumes = [int(entry["values"]["13"]) for entry in await entries(socket, "0B", 60)]
        assert volumes != sorted(volumes)
        running.faults.clear()
        running.faults.set(Fault.DELAY, 0.4)
        volumes = [int(entry["values"]["13"]) for entry in await entries(socket, "0B", 60)]
        assert volumes != sorted(volumes)
        running.faults.clear()
        running.faults.set(Fault.HALF_FRAME, 1.0)
        broken = False
        async with asyncio.timeout(PATIENCE_S):
            while not broken:
                try:
                    json.loads(await socket.recv())
                except ValueError:
                    broken = True
        running.faults.clear()
        running.faults.set(Fault.CUT, 1.0)
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(ConnectionClosed) as caught:
                while True:
                    await socket.recv()
        assert caught.value.rcvd is None


async def test_faults_of_a_connection(panel) -> None:
    async with running_stream(live(panel)) as running:
        running.faults.set(Fault.DUPLICATE_LOGIN, 1.0)
        async with running.connect() as socket:
            await log_in(socket)
            frames, closed = await until_closed(socket)
            assert frames[-1]["code"] == "R10001" and closed.rcvd is not None
        running.faults.clear()
        running.faults.set(Fault.EXPIRED_TOKEN, 1.0)
        async with running.connect() as socket:
            assert (await log_in(socket))["return_code"] == 805004
        running.faults.clear()
        async with running.connect() as socket:
            await log_in(socket)
            await register(socket, [code(panel)], ["0B"])
            await entries(socket, "0B", 1)
            running.faults.set(Fault.SILENT_SOCKET, 1.0)
            async with asyncio.timeout(PATIENCE_S):
                # Not by waiting for a frame: the fault may strike before the next one, and then none comes.
                while running.faults.struck.get(Fault.SILENT_SOCKET, 0) == 0:
                    await asyncio.sleep(0.01)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while True:  # what was sent before it struck
                        await socket.recv()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    while True:
                        await socket.recv()
            assert running.server.connections() == 1


async def test_faults_of_values(panel) -> None:
    async with running_stream(live(panel)) as running, running.connect() as socket:
        await log_in(socket)
        await register(socket, [code(panel)], ["0B"])
        right = (await entries(socket, "0B", 1))[-1]["values"]
        running.faults.set(Fault.WRONG_UNITS, 1.0)
        wrong = right
        while int(wrong["13"]) < 500 * int(right["13"]):
            wrong = (await entries(socket, "0B", 1))[-1]["values"]
        assert int(wrong["13"]) % 1_000 == 0
        running.faults.clear()
        running.faults.set(Fault.CLOCK_SKEW, 1.0)
        running.market.clock.set_paused(True)
        shown = ""
        running.market.clock.set_speed(1.0)
        running.market.clock.set_paused(False)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                shown = (await entries(socket, "0B", 1))[-1]["values"]["20"]
                now = running.market.clock.now_ns() // 1_000_000_000
                if (int(shown[:2]) * 3_600 + int(shown[2:4]) * 60 + int(shown[4:])) - (now + 32_400) % 86_400 > 60:
                    break


async def test_after_hours(panel) -> None:
    market = live(panel, hour=15, minute=41, speed=600.0)
    async with running_stream(market) as running, running.connect() as socket:
        await log_in(socket)
        await register(socket, [code(panel), code(panel, FUND)], ["0E", "0B"])
        totals = (await entries(socket, "0E", 1))[0]["values"]
        assert set(totals) == {"21", "131", "132", "135", "136"}
        trades = await entries(socket, "0B", 1)
        assert all(entry["values"]["20"] >= "160000" and entry["values"]["290"] == "3" for entry in trades)
        assert {entry["item"] for entry in trades} == {code(panel)}
