"""A broker's stream on loopback, scripted by the tests: real sockets, real close frames, every trap on demand."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from engine.model.errors import RalphStockError
from engine.model.instants import kst_ns
from engine.model.live import ConnectionState
from ralphstock_desktop.live_ports import ConnectionChange
from ralphstock_desktop.providers.kiwoom.registrations import RegistrationLimits
from ralphstock_desktop.providers.kiwoom.stream import KiwoomStream, StreamLimits

from . import DAY

PATIENCE_S = 15.0

QUICK = StreamLimits(
    registrations=RegistrationLimits(frame_gap_s=0.0, too_fast_s=0.01, answer_s=5.0),
    first_wait_s=0.01,
    longest_wait_s=0.05,
    close_s=0.5,
)
"""The product's rules at a test's pace."""


class Clock:
    """A clock that only moves when it is told; each reading moves it a microsecond, so that stamps differ."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        self.now_ns += 1_000
        return self.now_ns


class Tokens:
    """Gives tokens in order: each one that is rejected is followed by the next."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = deque(tokens or ("token-1",))
        self.renewals = 0
        self.error: RalphStockError | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self._tokens)

    async def token(self) -> str:
        if self.error is not None:
            raise self.error
        return self._tokens[0]

    async def renew(self, rejected: str) -> str:
        assert rejected == self._tokens[0]
        self.renewals += 1
        if len(self._tokens) > 1:
            self._tokens.popleft()
        return self._tokens[0]


class Recorder:
    """A sink that keeps everything, and a monitor that does too; tests wait for what they expect."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, Any]] = []
        self.changes: list[ConnectionChange] = []
        self.covered: list[frozenset[str]] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[RalphStockError] = []
        self.beats = 0
        self._news = asyncio.Event()

    def __getattr__(self, name: str) -> Callable[[Any], None]:
        if not name.startswith("on_"):
            raise AttributeError(name)

        def take(fact: Any) -> None:
            self.facts.append((name.removeprefix("on_"), fact))
            self._news.set()

        return take

    def on_connection(self, change: ConnectionChange) -> None:
        self.changes.append(change)
        self._news.set()

    def on_covered(self, tickers: frozenset[str]) -> None:
        self.covered.append(tickers)
        self._news.set()

    def succeeded(self, source: str, latency_ms: float) -> None:
        self._news.set()

    def failed(self, source: str, error: RalphStockError) -> None:
        self.failures.append(error)
        self._news.set()

    def limited(self, source: str, retry_after_s: float) -> None:
        self._news.set()

    def queued(self, source: str, waiting: int, eta_s: float) -> None: ...
    def opened(self, source: str, closes_in_s: float | None) -> None: ...

    def beat(self, service: str) -> None:
        self.beats += 1

    def note(self, source: str, key: str, count: int = 1, **fields: Any) -> None:
        self.notes.append((key, fields))
        self._news.set()

    @property
    def states(self) -> list[ConnectionState]:
        return [change.state for change in self.changes]

    def of(self, kind: str) -> list[Any]:
        return [fact for name, fact in self.facts if name == kind]

    def noted(self, key: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.notes if name == key]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def until_state(self, state: ConnectionState, times: int = 1) -> None:
        await self.until(lambda: self.states.count(state) >= times)


class Broker:
    """The server. By default it behaves; the fields are its moods."""

    def __init__(self) -> None:
        self.received: list[list[dict[str, Any] | str]] = []
        """Frames by connection."""
        self.accepted = {"token-1"}
        self.login_answers: deque[dict[str, Any] | None] = deque()
        """Answers given instead of the usual one, first come; None: no answer, close with 1000."""
        self.answers: deque[str] = deque()
        """Codes for the next REG/REMOVE frames; usual ones after."""
        self.cap: int | None = None
        self.registered: set[str] = set()
        self.is_mute = False
        """Accept and never say a word."""
        self.before_login: list[str] = []
        """Sent on connecting."""
        self.after_login: list[str | bytes] = []
        self.conditions: dict[str, list[str]] = {"0": ["A005930"], "1": []}
        self.socket: ServerConnection | None = None
        self._server: Server | None = None
        self._news = asyncio.Event()

    @property
    def url(self) -> str:
        assert self._server is not None
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}/api/dostk/websocket"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Broker]:
        async with serve(self._serve, "127.0.0.1", 0, ping_interval=None, close_timeout=0.2) as server:
            self._server = server
            yield self

    async def _serve(self, socket: ServerConnection) -> None:
        self.socket = socket
        frames: list[dict[str, Any] | str] = []
        self.received.append(frames)
        self.registered = set()
        has_list = False
        try:
            for text in self.before_login:
                await socket.send(text)
            async for text in socket:
                assert isinstance(text, str)
                try:
                    frame = json.loads(text)
                except ValueError:
                    frame = text
                frames.append(frame)
                self._news.set()
                if self.is_mute or not isinstance(frame, dict):
                    continue
                match frame["trnm"]:
                    case "LOGIN":
                        if not await self._log_in(socket, frame):
                            return
                    case "REG" | "REMOVE":
                        await self.say({"trnm": frame["trnm"], "return_code": self._register(frame), "return_msg": ""})
                    case "CNSRLST":
                        has_list = True
                        rows = [[seq, f"조건{seq}"] for seq in self.conditions]
                        await self.say({"trnm": "CNSRLST", "return_code": 0, "return_msg": "", "data": rows})
                    case "CNSRREQ" if not has_list:
                        await self.say(
                            {"trnm": "CNSRREQ", "seq": frame["seq"], "return_code": 100002, "return_msg": "목록 먼저"}
                        )
                    case "CNSRREQ":
                        await self._search(frame)
                    case "CNSRCLR":
                        await self.say({"trnm": "CNSRCLR", "seq": frame["seq"] + "  ", "return_code": 0, "return_msg": ""})
        except ConnectionClosed:
            pass
        finally:
            self._news.set()

    async def _log_in(self, socket: ServerConnection, frame: dict[str, Any]) -> bool:
        if self.login_answers:
            answer = self.login_answers.popleft()
            if answer is None:
                await socket.close(1000)
                return False
            await self.say(answer)
            if answer.get("return_code") != 0:
                await socket.close(1000)
                return False
        elif frame["token"] not in self.accepted:
            await self.say(
                {
                    "trnm": "LOGIN",
                    "return_code": 805004,
                    "return_msg": "로그인 인증이 실패하였습니다. [CODE=8005] Token이 유효하지 않습니다",
                }
            )
            await socket.close(1000)
            return False
        else:
            await self.say({"trnm": "LOGIN", "return_code": 0, "return_msg": "", "sor_yn": "Y"})
        for raw in self.after_login:
            await socket.send(raw)
        return True

    def _register(self, frame: dict[str, Any]) -> int:
        if self.answers:
            code = self.answers.popleft()
            if code != "0":
                return int(code)
        items = {item for entry in frame["data"] for item in entry["item"]}
        if frame["trnm"] == "REMOVE":
            self.registered -= items
            return 0
        if self.cap is not None and len(self.registered | items) > self.cap:
            return 105115
        self.registered |= items
        return 0

    async def _search(self, frame: dict[str, Any]) -> None:
        codes = self.conditions[frame["seq"]]
        if frame["search_type"] == "1":
            rows: list[dict[str, str]] = [{"jmcode": code} for code in codes]
            await self.say({"trnm": "CNSRREQ", "seq": frame["seq"], "return_code": 0, "data": rows})
            return
        at = int(frame["next_key"] or "0")
        row = {"302": "이름", "10": "000074700", "25": "5", "11": "-00000100", "12": "-00000130", "13": "010386116"}
        rows = [{"9001": code, **row, "16": "000075100", "17": "000075600", "18": "000074700"} for code in codes[at : at + 2]]
        more = at + 2 < len(codes)
        await self.say(
            {
                "trnm": "CNSRREQ",
                "seq": frame["seq"] + "  ",
                "cont_yn": "Y" if more else "N",
                "next_key": str(at + 2) if more else "",
                "return_code": 0,
                "data": rows,
            }
        )

    async def say(self, frame: dict[str, Any] | str | bytes) -> None:
        assert self.socket is not None
        if isinstance(frame, dict):
            frame = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
        await self.socket.send(frame, text=True)

    def sent(self, kind: str, connection: int = -1) -> list[dict[str, Any]]:
        """Frames of a kind received on a connection."""
        return [frame for frame in self.received[connection] if isinstance(frame, dict) and frame.get("trnm") == kind]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def running_stream(
    url: str, recorder: Recorder, *, tokens: Tokens | None = None, limits: StreamLimits = QUICK
) -> AsyncIterator[KiwoomStream]:
    """A client at a broker, stopped at the end whatever happened."""
    stream = KiwoomStream(
        url,
        tokens or Tokens(),
        recorder,
        recorder,
        market_ns=Clock(kst_ns(DAY, 10, 30)),
        machine_ns=Clock(kst_ns(DAY, 10, 30, 1)),
        limits=limits,
        chance=lambda: 0.5,
    )
    async with kept_running(stream):
        yield stream


@asynccontextmanager
async def kept_running(stream: KiwoomStream) -> AsyncIterator[KiwoomStream]:
    """Run a stream for the length of a block."""
    task = asyncio.create_task(stream.run())
    try:
        yield stream
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled():
            task.result()  # a bug ends the stream: show it
