"""The simulator's WebSocket: login, PING, registrations, real-time frames, condition searches.

Everything is driven by the market's clock; pings, limits and faults by the machine's. The push loop keeps a position in market
time and sends what lies between it and the clock, so no trade is lost or told twice whatever the speed. After a jump of the
clock nothing of the skipped time is sent: the client sees a hole in the volume, as after any interruption.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import WSMsgType, web

from ralphstock_desktop.providers.kiwoom_sim.conditions_out import (
    CONDITIONS,
    PAGE,
    Condition,
    find_matches,
    prefixed,
    result_row,
)
from ralphstock_desktop.providers.kiwoom_sim.connection import Connection, Registrations, StreamLimits
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault, SimFaultsPort, SimTokensPort
from ralphstock_desktop.providers.kiwoom_sim.frame_texts import Shaping
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.pusher import Pusher

__all__ = ["StreamLimits", "StreamServer"]

_SECOND_NS = 1_000_000_000
_SLICE_NS = 5 * _SECOND_NS
"""Market time handled in one go at most, so that the loop stays free while catching up."""
_CONDITION_NS = 2 * _SECOND_NS
_KICKED = "동일한 App key로 접속이 되었습니다. 기존에 연결된 접속은 종료됩니다."
_NO_HEARTBEAT = "PING 응답이 없어 접속을 종료합니다."
_NO_LOGIN = "로그인 요청이 없어 접속을 종료합니다."


class StreamServer:
    """Serves WebSocket clients of one market.

    Parameters
    ----------
    market : SimMarket
        The replayed day.
    tokens : SimTokensPort
        Valid tokens.
    faults : SimFaultsPort
        Faults that are on.
    limits : StreamLimits
        Caps and pace.
    machine_ns : callable
        The machine's clock in nanoseconds.
    """

    def __init__(
        self,
        market: SimMarket,
        tokens: SimTokensPort,
        faults: SimFaultsPort,
        limits: StreamLimits,
        machine_ns: Callable[[], int],
    ) -> None:
        self._market = market
        self._tokens = tokens
        self._faults = faults
        self._limits = limits
        self._machine_ns = machine_ns
        self._pusher = Pusher(market, limits)
        self._open: set[Connection] = set()
        self._position_ns = market.clock.now_ns()
        self._jumps = market.sim_clock.jumps
        self._next_condition_ns = 0
        self._next_second_ns = 0
        self.entries_sent = 0
        """Entries pushed since the start; for load tests."""

    # -- for the server around it -----------------------------------------------------------------------------------------

    def connections(self) -> int:
        """How many clients are logged in."""
        return sum(connection.logged_in for connection in self._open)

    def drop_all(self) -> None:
        """Cut every connection without a close frame, as when the server dies; registrations go with them."""
        for connection in list(self._open):
            connection.abort()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one client until it goes."""
        socket = web.WebSocketResponse(autoping=True, compress=False, max_msg_size=1 << 22, timeout=2.0)
        await socket.prepare(request)
        connection = Connection(request, socket, self._limits, self._faults, Registrations(self._market.row_of))
        connection.opened_ns = self._machine_ns()
        self._open.add(connection)
        writer = asyncio.create_task(connection.write(), name="sim-stream-writer")
        try:
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._take(connection, message.data)
        finally:
            self._open.discard(connection)
            connection.logged_in = False
            connection.finish()
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
        return socket

    async def run(self) -> None:
        """Push until cancelled."""
        try:
            while True:
                await self._push_due()
                self._look_after()
                await asyncio.sleep(self._limits.push_interval_s)
        finally:
            self.drop_all()

    # -- what clients say -------------------------------------------------------------------------------------------------

    def _take(self, connection: Connection, data: str | bytes) -> None:
        try:
            text = data if isinstance(data, str) else data.decode("utf-8")
            message = json.loads(text)
        except ValueError:
            if isinstance(data, str) and data.strip() == "PING":
                connection.pings_open = 0
                return
            connection.reply(_answer("", 100002, "요청 전문을 해석할 수 없습니다. CODE=100002"))
            return
        name = message.get("trnm") if isinstance(message, dict) else None
        if not isinstance(name, str) or not name:
            connection.reply(_answer("", 100002, "필수 입력 값이 없습니다. 필수입력 파라미터=trnm CODE=100002"))
        elif name == "PING":
            connection.pings_open = 0
        elif name == "LOGIN":
            self._login(connection, message)
        elif not connection.logged_in:
            connection.reply(_answer(name, 100013, "로그인 인증이 들어오기 전에 다른 전문이 들어왔습니다. CODE=100013"))
        else:
            self._serve(connection, name, message)

    def _serve(self, connection: Connection, name: str, message: Mapping[str, Any]) -> None:
        if name == "REG":
            self._register(connection, message)
        elif name == "REMOVE":
            group = str(message.get("grp_no", "1"))
            connection.registrations.remove(group, _pairs(message))
            connection.reply(_answer("REMOVE", 0, ""))
        elif name == "CNSRLST":
            connection.asked_conditions = True
            rows = [[condition.sequence, condition.name] for condition in CONDITIONS]
            connection.reply({**_answer("CNSRLST", 0, ""), "data": rows})
        elif name == "CNSRREQ":
            self._run_condition(connection, message)
        elif name == "CNSRCLR":
            sequence = str(message.get("seq", "")).strip()
            connection.live_conditions.pop(sequence, None)
            connection.reply({"trnm": "CNSRCLR", "seq": sequence, "return_code": 0, "return_msg": ""})
        else:
            connection.reply(_answer(name, 105108, f"등록되지 않은 전문입니다. trnm={name} CODE=105108"))

    def _login(self, connection: Connection, message: Mapping[str, Any]) -> None:
        token = message.get("token")
        if not isinstance(token, str) or not token:
            connection.reply(_answer("LOGIN", 805002, "토큰이 입력되지 않았습니다. CODE=805002"))
            return
        grant = None if self._faults.strikes(Fault.EXPIRED_TOKEN) else self._tokens.grant(token)
        if grant is None:
            refusal = _answer("LOGIN", 805004, "로그인 인증에 실패하였습니다. [CODE=8005] Token이 유효하지 않습니다")
            connection.dismiss(refusal)
            return
        older = [other for other in self._open if other is not connection and other.app_key == grant.app_key]
        connection.app_key = grant.app_key
        connection.reply({**_answer("LOGIN", 0, ""), "sor_yn": "Y"})
        connection.logged_in = True
        connection.next_ping_ns = self._machine_ns() + int(self._limits.ping_interval_s * _SECOND_NS)
        for other in older:
            other.dismiss(_system("R10001", _KICKED))

    def _register(self, connection: Connection, message: Mapping[str, Any]) -> None:
        now, window = self._machine_ns(), connection.registered_at
        while window and now - window[0] >= _SECOND_NS:
            window.popleft()
        if len(window) >= self._limits.registrations_per_s:
            connection.reply(_answer("REG", 105110, "실시간 등록 요청이 초당 허용 건수를 초과하였습니다. CODE=105110"))
            return
        window.append(now)
        pairs = _pairs(message)
        if not pairs:
            connection.reply(_answer("REG", 100002, "필수 입력 값이 없습니다. 필수입력 파라미터=data CODE=100002"))
            return
        group, fresh = str(message.get("grp_no", "1")), str(message.get("refresh", "1")) == "0"
        total, grouped = connection.registrations.would_hold(group, pairs, fresh)
        if total > self._limits.items_per_connection:
            connection.reply(_answer("REG", 105115, "실시간 등록 가능한 종목 수를 초과하였습니다. CODE=105115"))
        elif grouped > self._limits.items_per_group:
            connection.reply(_answer("REG", 105118, "그룹별 등록 가능한 종목 수를 초과하였습니다. CODE=105118"))
        else:
            connection.registrations.add(group, pairs, fresh)
            connection.reply(_answer("REG", 0, ""))

    # -- condition searches -----------------------------------------------------------------------------------------------

    def _run_condition(self, connection: Connection, message: Mapping[str, Any]) -> None:
        sequence = str(message.get("seq", "")).strip()
        condition = next((found for found in CONDITIONS if found.sequence == sequence), None)
        live = str(message.get("search_type", "0")).strip() == "1"
        problem = self._condition_problem(connection, condition, sequence, live)
        if problem or condition is None:
            connection.reply({**_answer("CNSRREQ", 900001, problem), "seq": sequence})
            return
        board = self._market.board()
        rows = sorted(find_matches(self._market, condition, board))
        if live:
            connection.live_conditions[sequence] = frozenset(rows)
            data = [{"jmcode": prefixed(self._market, row)} for row in rows]
            connection.reply({"trnm": "CNSRREQ", "seq": sequence, "return_code": 0, "return_msg": "", "data": data})
            return
        key = str(message.get("next_key", "")).strip()
        start = int(key) if key.isdigit() else 0
        page = [result_row(self._market, row, board) for row in rows[start : start + PAGE]]
        more = start + PAGE < len(rows)
        connection.reply(
            {
                "trnm": "CNSRREQ",
                "seq": f"{sequence:<3}",
                "cont_yn": "Y" if more else "N",
                "next_key": str(start + PAGE) if more else "",
                "return_code": 0,
                "return_msg": "",
                "data": page,
            }
        )

    def _condition_problem(self, connection: Connection, condition: Condition | None, sequence: str, live: bool) -> str:
        if condition is None:
            return "존재하지 않는 조건식입니다."
        if not connection.asked_conditions:
            return "조건검색 목록을 먼저 조회해야 합니다."
        if live and sequence in connection.live_conditions:
            return "이미 실시간으로 요청 중인 조건식입니다."
        if live and len(connection.live_conditions) >= self._limits.conditions_live:
            return "실시간 조건검색 가능 건수를 초과하였습니다."
        return ""

    def _push_conditions(self, now_ns: int, shaping: Shaping) -> None:
        watching = [connection for connection in self._open if connection.live_conditions]
        if not watching:
            return
        board = self._market.board(now_ns)
        matches: dict[str, frozenset[int]] = {}
        for connection in watching:
            entries = []
            for sequence, before in list(connection.live_conditions.items()):
                if sequence not in matches:
                    condition = next(found for found in CONDITIONS if found.sequence == sequence)
                    matches[sequence] = find_matches(self._market, condition, board)
                now = matches[sequence]
                connection.live_conditions[sequence] = now
                write = self._pusher.market_wide.condition
                entries += [write(sequence, row, True, now_ns, shaping) for row in sorted(now - before)]
                entries += [write(sequence, row, False, now_ns, shaping) for row in sorted(before - now)]
            self._send(connection, entries)

    # -- pushing ----------------------------------------------------------------------------------------------------------

    def _send(self, connection: Connection, entries: list[str]) -> None:
        self.entries_sent += len(entries)
        active = self._faults.active()
        for frame in self._pusher.frames(entries):
            connection.push(frame, active)

    def _shaping(self) -> Shaping:
        active = self._faults.active()
        if not active:
            return Shaping()
        skewed = Fault.CLOCK_SKEW in active and self._faults.strikes(Fault.CLOCK_SKEW)
        wrong = Fault.WRONG_UNITS in active and self._faults.strikes(Fault.WRONG_UNITS)
        return Shaping(self._limits.skew_s * _SECOND_NS if skewed else 0, 1_000 if wrong else 1)

    async def _push_due(self) -> None:
        clock = self._market.sim_clock
        jumps = clock.jumps
        if jumps != self._jumps:
            self._jumps, self._position_ns = jumps, clock.now_ns()
            return
        now = clock.now_ns()
        while self._position_ns < now and clock.jumps == jumps:
            until = min(now, self._position_ns + _SLICE_NS)
            since, self._position_ns = self._position_ns, until
            shaping = self._shaping()
            for connection in list(self._open):
                if connection.logged_in:
                    self._send(connection, self._pusher.entries(connection, since, until, self._machine_ns(), shaping))
                    await connection.wait_for_room()
            if until // _CONDITION_NS != since // _CONDITION_NS and self._machine_ns() >= self._next_condition_ns:
                self._next_condition_ns = self._machine_ns() + _SECOND_NS // 2
                self._push_conditions(until, shaping)
            await asyncio.sleep(0)

    def _look_after(self) -> None:
        """Pings, clients that never log in, and the faults that strike once a second."""
        now = self._machine_ns()
        limits = self._limits
        each_second = now >= self._next_second_ns
        if each_second:
            self._next_second_ns = now + _SECOND_NS
        for connection in list(self._open):
            if not connection.logged_in:
                if not connection.app_key and now - connection.opened_ns > limits.login_within_s * _SECOND_NS:
                    connection.opened_ns = now
                    connection.dismiss(_system("R10004", _NO_LOGIN))
                continue
            if each_second and self._faults.strikes(Fault.SILENT_SOCKET):
                connection.silent = True
            if each_second and self._faults.strikes(Fault.DUPLICATE_LOGIN):
                connection.dismiss(_system("R10001", _KICKED))
                continue
            if now >= connection.next_ping_ns and not connection.silent:
                connection.next_ping_ns = now + int(limits.ping_interval_s * _SECOND_NS)
                if connection.pings_open >= limits.pings_missed:
                    connection.dismiss(_system("R10002", _NO_HEARTBEAT))
                    continue
                connection.pings_open += 1
                connection.put('{"trnm":"PING"}')


def _answer(name: str, code: int, text: str) -> dict[str, object]:
    return {"trnm": name, "return_code": code, "return_msg": text}


def _system(code: str, text: str) -> dict[str, object]:
    return {"trnm": "SYSTEM", "code": code, "message": text}


def _pairs(message: Mapping[str, Any]) -> set[tuple[str, str]] | None:
    """(item, type) pairs of a registration; None where it names none. Arrays and single texts are taken alike."""
    data = message.get("data")
    parts = data if isinstance(data, list) else [data if isinstance(data, dict) else message]
    found: set[tuple[str, str]] = set()
    for part in parts:
        if not isinstance(part, dict):
            continue
        kinds = _texts(part.get("type"))
        items = _texts(part.get("item")) or ([""] if kinds else [])
        found |= {(item, kind) for item in items for kind in kinds}
    return found or None


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item.strip() for item in value if isinstance(item, str)] if isinstance(value, list) else []
