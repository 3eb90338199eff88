"""One connection of the stream, from the login frame to its end.

The reader takes frames in order: data go to the decoder and from there to the sink, a PING is echoed as it came, answers go to
whoever waits. Beside it run the watch over silence, the registrations, and, once, the live condition searches. The first reason
for an end counts; what to do about it is the stream's business (:mod:`.stream`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, Literal

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from engine.model.errors import AuthExpired, ProviderError, RalphStockError
from ralphstock_desktop.live_ports import SourceMonitor
from ralphstock_desktop.providers.kiwoom.conditions import ConditionDesk
from ralphstock_desktop.providers.kiwoom.errors import Action, action_of, code_of, error_of_code, frame_error
from ralphstock_desktop.providers.kiwoom.frames import FrameDecoder, Message, UnreadableFrame
from ralphstock_desktop.providers.kiwoom.registrations import Answer, RegistrationLimits, Registrations
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = ["SOURCE", "ConnectionParts", "End", "EndKind", "StreamConnection", "StreamLimits", "judged", "lost"]

SOURCE: Final = "kiwoom_stream"
"""Name in the monitor."""
_SERVICE: Final = "stream"
_FIRST_WORDS: Final = 40


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Caps, pace and patience of the stream."""

    registrations: RegistrationLimits = field(default_factory=RegistrationLimits)
    open_s: float = 10.0
    login_s: float = 10.0
    """How long the answer to LOGIN may take."""
    idle_s: float = 60.0
    """Nothing received for so long, not even a PING (which comes every 10 s): the connection is dead."""
    close_s: float = 2.0
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    jitter: float = 0.2
    """Waits differ by up to this share, so that many clients do not come back together."""
    stable_s: float = 60.0
    """A connection that was live for so long starts the row of waits anew."""
    frame_bytes: int = 1 << 20
    frames_waiting: int = 64
    """Frames read ahead of decoding before the socket is not read any more."""
    unreadable_in_row: int = 5
    slice_s: float = 0.003
    """Decoding lets others work after so long."""
    answer_s: float = 10.0
    live_conditions: int = 10


class EndKind(Enum):
    LOST = auto()
    AGAIN = auto()
    """At once: the user asked."""
    RENEW = auto()
    """The token was rejected."""
    DISPLACED = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class End:
    """Why a connection ended."""

    kind: EndKind
    error: RalphStockError | None = None


@dataclass(frozen=True, slots=True)
class ConnectionParts:
    """What outlives a connection and is used by each."""

    decoder: FrameDecoder
    registrations: Registrations
    desk: ConditionDesk
    monitor: SourceMonitor
    limits: StreamLimits
    host: str
    """Name in errors."""
    market_ns: Callable[[], int]
    machine_ns: Callable[[], int]
    on_login: Callable[[], None]
    """The login was accepted."""
    on_registered: Callable[[], None]
    """Registrations changed."""


class StreamConnection:
    """A connection that was just opened.

    Parameters
    ----------
    socket : ClientConnection
        Open, nothing sent yet.
    parts : ConnectionParts
        Decoder, registrations and the like.
    to_register : asyncio.Event
        Set when what is wanted changed.
    secrets : tuple of str
        Taken out of the broker's texts.
    """

    def __init__(
        self, socket: ClientConnection, parts: ConnectionParts, to_register: asyncio.Event, secrets: tuple[str, ...]
    ) -> None:
        self.is_live = False
        """The login was accepted."""
        self.live_s = 0.0
        """When, in the loop's seconds."""
        self.last_ns = 0
        """When the last frame arrived, machine clock."""
        self._socket = socket
        self._parts = parts
        self._limits = parts.limits
        self._monitor = parts.monitor
        self._to_register = to_register
        self._secrets = secrets
        self._verdict: End | None = None
        self._frames = 0
        self._unreadable = 0
        self._asked_s = 0.0
        self._spawn: Callable[[Coroutine[Any, Any, None], str], None]

    def drop(self, end: End) -> None:
        """End the connection now, without waiting for the other side; the first reason counts."""
        if self._verdict is None:
            self._verdict = end
        self._socket.transport.abort()

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame. Raises ``ConnectionClosed``, which stays inside this package."""
        await self._socket.send(msgspec.json.encode(frame), text=True)

    async def run(self, token: str) -> End:
        """Log in and live until the end; cancelling is an end too."""
        self._asked_s = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as tasks:
            beside: list[asyncio.Task[None]] = []
            self._spawn = lambda work, name: beside.append(tasks.create_task(work, name=name))
            self._spawn(self._watch(), "kiwoom stream watch")
            try:
                await self.send({"trnm": "LOGIN", "token": token})
                end = await self._read()
            except ConnectionClosed as closed:
                end = self._verdict or self._why(closed)
            for task in beside:
                task.cancel()
        return end

    async def _read(self) -> End:
        """Take frames until the connection ends."""
        now_s = asyncio.get_running_loop().time
        decoder, receive, machine_ns = self._parts.decoder, self._socket.recv, self._parts.machine_ns
        slice_ends_s = 0.0
        while True:
            raw = await receive(decode=False)
            received_ns = machine_ns()
            self.last_ns = received_ns
            self._frames += 1
            if now_s() >= slice_ends_s:
                slice_ends_s = now_s() + self._limits.slice_s
                decoder.set_clock(self._parts.market_ns())
            try:
                message = decoder.feed(raw if isinstance(raw, bytes) else raw.encode(), received_ns)
            except UnreadableFrame as error:
                self._unreadable += 1
                if self._unreadable >= self._limits.unreadable_in_row:
                    return End(EndKind.LOST, error)
            else:
                self._unreadable = 0
                if message is not None:
                    end = await self._take(message, raw)
                    if end is not None:
                        return end
            # Frames that wait are given out without letting others run, so we do.
            while now_s() >= slice_ends_s or decoder.has_backlog:
                await asyncio.sleep(0)
                slice_ends_s = now_s() + self._limits.slice_s
                decoder.set_clock(self._parts.market_ns())
                decoder.drain()

    async def _take(self, message: Message, raw: bytes | str) -> End | None:
        """Answer what is no data; an end if the connection shall end."""
        match message.trnm:
            case "PING":
                await self._socket.send(raw, text=True)
            case "LOGIN":
                return self._on_login(message)
            case "SYSTEM":
                return self._on_system(message)
            case "REG" | "REMOVE":
                self._on_registered(message)
            case "CNSRLST" | "CNSRREQ" | "CNSRCLR":
                if not self._parts.desk.take_answer(message):
                    self._note("health.note.stream_late", kind=message.trnm)
            case _:
                self._note("health.note.stream_unknown", kind=message.trnm[:_FIRST_WORDS])
        return None

    def _on_login(self, message: Message) -> End | None:
        error = self._refusal(message)
        if error is not None:
            return judged(error)
        if self.is_live:
            return None
        loop_s = asyncio.get_running_loop().time()
        self.is_live = True
        self.live_s = loop_s
        self._monitor.succeeded(SOURCE, (loop_s - self._asked_s) * 1_000)
        self._parts.on_login()
        self._spawn(self._register(), "kiwoom stream registration")
        self._spawn(self._parts.desk.rearm(), "kiwoom stream conditions")
        return None

    def _refusal(self, message: Message) -> RalphStockError | None:
        """Judge an answer; one without a code is taken for a refusal too."""
        if message.number == 0:
            return None
        error = frame_error(message.as_reply(), secrets=self._secrets)
        return error or ProviderError(
            f"{PROVIDER} answered {message.trnm} without a code",
            provider=PROVIDER,
            retryable=True,
            key="error.kiwoom_stream.no_code",
            kind=message.trnm[:_FIRST_WORDS],
        )

    def _on_system(self, message: Message) -> End | None:
        error = frame_error(message.as_reply(), secrets=self._secrets)
        code = "" if error is None else code_of(error)
        if code == "R10001":
            return End(EndKind.DISPLACED, error)
        self._note("health.note.stream_system", code=code or "-")
        return None

    def _on_registered(self, message: Message) -> None:
        loop = asyncio.get_running_loop()
        error = None if message.number == 0 else self._refusal(message)
        code = "0" if error is None else code_of(error) or "?"
        answer = self._parts.registrations.acknowledge(message.trnm, code, loop.time())
        if error is not None:
            self._monitor.failed(SOURCE, error)
        match answer:
            case Answer.DONE:
                self._parts.on_registered()
            case Answer.AGAIN:
                wait_s = self._parts.registrations.due_in_s(loop.time()) or 0.0
                self._monitor.limited(SOURCE, wait_s)
            case Answer.FULL:
                self._note("health.note.stream_full", items=self._parts.registrations.cap)
            case Answer.REFUSED:
                self._note("health.note.stream_register_refused", code=code)
            case Answer.UNEXPECTED:
                self._note("health.note.stream_late", kind=message.trnm)
        self._to_register.set()

    def _why(self, closed: ConnectionClosed) -> End:
        """Judge how the other side closed."""
        frame = closed.rcvd
        if frame is None:
            ours = closed.sent  # we close on a frame that is too large or no frame at all
            return End(
                EndKind.LOST,
                lost(self._parts.host, "closed", f"{ours.code} {ours.reason}"[:80]) if ours else lost(self._parts.host, "cut"),
            )
        reason = frame.reason.strip()[:_FIRST_WORDS]
        if self.is_live and frame.code == 1000 and reason.lower().startswith("bye"):
            return End(EndKind.DISPLACED, error_of_code("R10001"))
        # 1000 is no farewell here: it also comes after quick reconnects, without an answer to the login.
        return End(EndKind.LOST, lost(self._parts.host, "closed", f"{frame.code} {reason}"))

    async def _watch(self) -> None:
        """End a connection on which nothing comes any more."""
        loop = asyncio.get_running_loop()
        began_s = silent_s = loop.time()
        seen = -1
        while True:
            self._monitor.beat(_SERVICE)
            if self._frames != seen:
                seen, silent_s = self._frames, loop.time()
            patience_s, since_s, cause = (
                (self._limits.idle_s, silent_s, "idle") if self.is_live else (self._limits.login_s, began_s, "login_late")
            )
            if loop.time() - since_s >= patience_s:
                self.drop(End(EndKind.LOST, self._impatience(cause, patience_s)))
                return
            await asyncio.sleep(min(self._limits.idle_s / 4, self._limits.login_s / 4, 5.0))

    def _impatience(self, cause: str, seconds: float) -> ProviderError:
        if cause == "idle":
            return ProviderError(
                f"Nothing was received for {seconds:g} s although the connection is open",
                provider=PROVIDER,
                retryable=True,
                key="error.kiwoom_stream.idle",
                seconds=seconds,
            )
        return ProviderError(
            f"No answer to the login in {seconds:g} s",
            provider=PROVIDER,
            retryable=True,
            key="error.kiwoom_stream.login_late",
            seconds=seconds,
        )

    async def _register(self) -> None:
        """Send registrations as they fall due."""
        loop = asyncio.get_running_loop()
        unanswered = self._parts.registrations.unanswered
        with contextlib.suppress(ConnectionClosed):  # the reader sees it too
            while True:
                self._to_register.clear()
                frame = self._parts.registrations.next_frame(loop.time())
                if self._parts.registrations.unanswered != unanswered:
                    unanswered = self._parts.registrations.unanswered
                    self._note("health.note.stream_unanswered")
                if frame is not None:
                    await self.send(frame)
                    continue
                self._parts.on_registered()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._parts.registrations.due_in_s(loop.time())):
                        await self._to_register.wait()

    def _note(self, key: str, **fields: str | int | float) -> None:
        self._monitor.note(SOURCE, key, 1, **fields)


def lost(host: str, cause: Literal["cut", "closed", "unreachable"], reason: str = "") -> ProviderError:
    """Make the error of a connection that is gone or was never there."""
    reason = reason.strip()
    return ProviderError(
        f"The stream of {host} is gone: {cause} {reason}".rstrip(),
        provider=PROVIDER,
        retryable=True,
        key=f"error.kiwoom_stream.{cause}",
        host=host,
        reason=reason,
    )


def judged(error: RalphStockError) -> End:
    """What a refused token or login means for the connection."""
    action = action_of(error)
    is_coarse = code_of(error) == "3"  # "authentication failed", no detail
    if is_coarse or (action is Action.RENEW and isinstance(error, AuthExpired) and error.retryable):
        return End(EndKind.RENEW, error)
    if action in {Action.ASK_USER, Action.STOP} or (isinstance(error, AuthExpired) and not error.retryable):
        return End(EndKind.REFUSED, error)
    if action is Action.FIX and not isinstance(error, ProviderError):
        return End(EndKind.REFUSED, error)
    return End(EndKind.LOST, error)
