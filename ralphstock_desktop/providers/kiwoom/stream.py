"""The broker's stream: one connection that logs in, registers what is wanted, watches itself, and comes back after every loss.

A connection goes through these steps:

1. token, connect, LOGIN as the first frame; nothing else is sent before its answer;
2. live: registrations go out one by one (:mod:`.registrations`), live condition searches are started again
   (:mod:`.conditions`), data go to the sink (:mod:`.frames`), every PING is echoed as it came;
3. it ends: cut, silent for too long, unreadable, refused, or displaced by another login with the same key.

A loss is followed by the next try after 1, 2, 4 … 30 seconds; a rejected token by one new token and one try; another login by
nothing, until the user wants it, because two programs would throw each other out for ever. Everything runs on the loop's
thread, in slices of a few milliseconds. No frame is ever logged: the first one holds the token.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from engine.model.errors import ProviderError, RalphStockError
from engine.model.live import ConnectionState
from ralphstock_desktop.live_ports import ConditionFormula, ConnectionChange, FeedSink, SourceMonitor, Subscription
from ralphstock_desktop.providers.kiwoom.conditions import ConditionDesk, ConditionRow
from ralphstock_desktop.providers.kiwoom.connection import (
    SOURCE,
    ConnectionParts,
    End,
    EndKind,
    StreamConnection,
    StreamLimits,
    judged,
    lost,
)
from ralphstock_desktop.providers.kiwoom.frames import FrameCounts, FrameDecoder
from ralphstock_desktop.providers.kiwoom.registrations import Registrations, wishes_of
from ralphstock_desktop.providers.kiwoom.transport import is_loopback
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = ["SOURCE", "KiwoomStream", "StreamLimits", "StreamTokens"]

_SILENT: Final = logging.Logger("kiwoom-socket", logging.CRITICAL + 1)
"""The library would write every frame to its log at the debug level, the login included."""
_AWAY: Final = frozenset({ConnectionState.WAITING, ConnectionState.DISPLACED, ConnectionState.REFUSED, ConnectionState.STOPPED})


class StreamTokens(Protocol):
    """Who owns the token; :class:`~ralphstock_desktop.providers.kiwoom.tokens.TokenOwner` does."""

    async def token(self) -> str: ...
    async def renew(self, rejected: str) -> str: ...
    @property
    def secrets(self) -> tuple[str, ...]: ...


class KiwoomStream:
    """See :class:`ralphstock_desktop.live_ports.QuoteFeed`.

    After DISPLACED and REFUSED :meth:`run` has returned; run it again when the user wants another try.

    Parameters
    ----------
    url : str
        ``ws://`` or ``wss://`` address.
    tokens : StreamTokens
        Gives the token, and another one after a rejection.
    sink : FeedSink
        Takes facts and changes of the connection.
    monitor : SourceMonitor
        Health.
    market_ns : callable
        Market clock, UTC nanoseconds: the trading day of times of day.
    machine_ns : callable
        This machine's clock, UTC nanoseconds: stamps arrivals and changes.
    limits : StreamLimits
        Caps and patience.
    connect : callable
        ``websockets``' connect, or something with its manners.
    chance : callable
        Random numbers in [0, 1) for the jitter.
    """

    def __init__(
        self,
        url: str,
        tokens: StreamTokens,
        sink: FeedSink,
        monitor: SourceMonitor,
        *,
        market_ns: Callable[[], int],
        machine_ns: Callable[[], int],
        limits: StreamLimits | None = None,
        connect: Callable[..., Awaitable[ClientConnection]] = websocket_connect,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._url = url
        self._tokens = tokens
        self._sink = sink
        self._monitor = monitor
        self._machine_ns = machine_ns
        self._limits = limits or StreamLimits()
        self._connect = connect
        self._chance = chance
        self._desk = ConditionDesk(
            self._send_live,
            sink.on_condition,
            market_ns=market_ns,
            note=lambda key, **fields: monitor.note(SOURCE, key, 1, **fields),
            answer_s=self._limits.answer_s,
            most_live=self._limits.live_conditions,
        )
        self._decoder = FrameDecoder(sink, monitor, SOURCE, market_ns(), self._desk.hear)
        self._registrations = Registrations(self._limits.registrations)
        self._host = urlsplit(url).hostname or ""
        self._parts = ConnectionParts(
            self._decoder,
            self._registrations,
            self._desk,
            monitor,
            self._limits,
            self._host,
            market_ns,
            machine_ns,
            self._on_login,
            self._tell_covered,
        )
        self._connection: StreamConnection | None = None
        self._covered: frozenset[str] = frozenset()
        self._state = ConnectionState.IDLE
        self._attempt = 0
        self._renewed = False
        """A new token was taken since the last accepted login."""
        self._rejected = ""
        """Token the server did not take."""
        self._silent_since_ns: int | None = None
        self._wake = asyncio.Event()
        """Set by :meth:`reconnect`."""
        self._to_register = asyncio.Event()

    # The port ---------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> ConnectionState:
        """Where the connection is."""
        return self._state

    @property
    def counts(self) -> FrameCounts:
        """What was received, refused and not known; for diagnosis."""
        return self._decoder.counts

    @property
    def capacity(self) -> int:
        """Symbols and index codes that can be pushed at once; one item is taken by the market itself."""
        return max(self._registrations.cap - 1, 0)

    def want(self, subscriptions: Sequence[Subscription], indices: Sequence[str]) -> None:
        """Set everything that shall be pushed; registered as soon as the connection is live."""
        self._registrations.want(wishes_of(subscriptions, indices))
        self._to_register.set()

    def reconnect(self) -> None:
        """Drop the present connection, if any, and log in at once."""
        self._wake.set()
        if self._connection is not None:
            self._connection.drop(End(EndKind.AGAIN))

    async def fetch_conditions(self) -> list[ConditionFormula]:
        """Ask for the user's condition searches. Raises ProviderError, also while not connected."""
        return await self._desk.fetch_list()

    async def find_condition(self, sequence: str) -> list[ConditionRow]:
        """Run a condition search once, with the values it answers."""
        return await self._desk.find(sequence)

    async def run_condition(self, sequence: str, *, live: bool) -> list[str]:
        """Run a condition search; see the port."""
        if live:
            return await self._desk.watch(sequence)
        return sorted({row.ticker for row in await self._desk.find(sequence)})

    async def stop_condition(self, sequence: str) -> None:
        """Stop a live condition search."""
        await self._desk.stop(sequence)

    async def run(self) -> None:
        """Keep the stream alive; see the port."""
        self._attempt = 0
        self._renewed = False
        try:
            while True:
                self._wake.clear()
                end = await self._live_once()
                if not await self._go_on(end):
                    return
        except asyncio.CancelledError:
            self._enter(ConnectionState.STOPPED)
            raise

    # From one connection to the next ----------------------------------------------------------------------------------

    async def _go_on(self, end: End) -> bool:
        """Wait for the next try as fits the end; False when only the user can go on."""
        if end.error is not None:
            self._monitor.failed(SOURCE, end.error)
        if end.kind is EndKind.RENEW and self._renewed:
            end = End(EndKind.REFUSED, end.error)
        if end.kind is EndKind.DISPLACED:
            self._enter(ConnectionState.DISPLACED, error=end.error)
            return False
        if end.kind is EndKind.REFUSED:
            self._enter(ConnectionState.REFUSED, error=end.error)
            return False
        if end.kind is EndKind.RENEW:
            self._renewed = True  # the connection begins with asking for the other token
            return True
        if end.kind is EndKind.AGAIN:
            self._attempt = 0
            self._enter(ConnectionState.WAITING, next_try_s=0.0)  # says since when nothing was received
            return True
        self._attempt += 1
        wait_s = min(self._limits.first_wait_s * 2.0 ** min(self._attempt - 1, 16), self._limits.longest_wait_s)
        wait_s *= 1.0 + self._limits.jitter * (2.0 * self._chance() - 1.0)
        if isinstance(end.error, ProviderError):
            wait_s = max(wait_s, end.error.retry_after_ms / 1_000)
        self._enter(ConnectionState.WAITING, error=end.error, next_try_s=wait_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
                self._attempt = 0
        return True

    def _enter(self, state: ConnectionState, *, error: RalphStockError | None = None, next_try_s: float | None = None) -> None:
        self._state = state
        since_ns = self._silent_since_ns if state in _AWAY else None
        self._sink.on_connection(ConnectionChange(state, self._machine_ns(), self._attempt, next_try_s, error, since_ns))
        self._tell_covered()

    def _on_login(self) -> None:
        self._renewed = False
        self._silent_since_ns = None
        self._enter(ConnectionState.LIVE)

    def _tell_covered(self) -> None:
        covered = self._registrations.covered
        if covered != self._covered:
            self._covered = covered
            self._sink.on_covered(covered)

    async def _live_once(self) -> End:
        """Live through one connection and say why it ended."""
        self._enter(ConnectionState.CONNECTING)
        try:
            token = await self._token()
        except RalphStockError as error:
            return judged(error)
        try:
            socket = await self._open()
        except ProviderError as error:
            return End(EndKind.LOST, error)
        connection = StreamConnection(socket, self._parts, self._to_register, self._tokens.secrets)
        self._connection = connection
        try:
            self._enter(ConnectionState.LOGGING_IN)
            end = await connection.run(token)
        finally:
            self._connection = None
            self._leave(connection)
            await socket.close()
        if end.kind is EndKind.RENEW:
            self._rejected = token
        return end

    def _leave(self, connection: StreamConnection) -> None:
        """Keep nothing of a connection that ended but since when it was silent."""
        if connection.is_live:
            self._silent_since_ns = connection.last_ns
            if asyncio.get_running_loop().time() - connection.live_s >= self._limits.stable_s:
                self._attempt = 0
        self._registrations.reset()
        self._desk.lose()

    async def _token(self) -> str:
        if self._rejected:
            rejected, self._rejected = self._rejected, ""
            return await self._tokens.renew(rejected)
        return await self._tokens.token()

    async def _open(self) -> ClientConnection:
        limits = self._limits
        try:
            async with asyncio.timeout(limits.open_s):
                return await self._connect(
                    self._url,
                    open_timeout=None,
                    close_timeout=limits.close_s,
                    ping_interval=None,  # the broker has its own PING
                    compression=None,
                    max_size=limits.frame_bytes,
                    max_queue=limits.frames_waiting,
                    proxy=None if is_loopback(self._url) else True,
                    logger=_SILENT,
                )
        except InvalidStatus as error:
            raise lost(self._host, "unreachable", f"HTTP {error.response.status_code}") from error
        except TimeoutError as error:
            raise lost(self._host, "unreachable", f"{limits.open_s:g} s") from error
        except (OSError, WebSocketException) as error:
            raise lost(self._host, "unreachable", type(error).__name__) from error

    async def _send_live(self, frame: dict[str, Any]) -> None:
        """Send a request of the user."""
        connection = self._connection
        if connection is None or not connection.is_live:
            raise ProviderError(
                "The stream is not connected", provider=PROVIDER, retryable=True, key="error.kiwoom_stream.not_connected"
            )
        try:
            await connection.send(frame)
        except ConnectionClosed as closed:
            raise lost(self._host, "cut") from closed
