"""One WebSocket client of the simulator: its login, its registrations, what waits to be sent, and the faults on its way out."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from aiohttp import web

from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault, SimBook, SimFaultsPort, SimProgram
from ralphstock_desktop.providers.kiwoom_sim.frame_texts import COMBINED, KRX, NXT, Item

__all__ = ["Connection", "Registrations", "StreamLimits"]

_VENUES = {"_NX": NXT, "_AL": COMBINED}
_BYE = "Bye"
"""Queued where a close frame shall follow the frames before it; told apart from texts by identity."""
_INDEX_TYPES = frozenset({"0J", "0U"})


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Limits of the stream as published, and its pace."""

    items_per_connection: int = 200
    items_per_group: int = 100
    registrations_per_s: int = 5
    conditions_live: int = 10
    ping_interval_s: float = 10.0
    pings_missed: int = 5
    login_within_s: float = 10.0
    entries_per_frame: int = 25
    push_interval_s: float = 0.02
    frames_waiting: int = 400
    """Frames that may wait for a slow client before the pushing waits too."""
    slow_client_s: float = 20.0
    """A client that takes nothing for this long is cut off."""
    book_interval_s: float = 0.055
    """Least time between two order books of one very active stock; others are thinned more."""
    delay_s: float = 1.0
    """How long a frame waits that the delay fault holds back."""
    skew_s: int = 75
    """By how much the clock-skew fault shifts the times."""


class Registrations:
    """What one connection has registered, by group.

    Codes are not checked: one the market does not know is kept, counts, and never produces anything.
    """

    def __init__(self, row_of: Callable[[str], int | None]) -> None:
        self._row_of = row_of
        self._groups: dict[str, set[tuple[str, str]]] = {}
        self._items: dict[str, tuple[Item, ...]] = {}
        self._codes: dict[str, tuple[str, ...]] = {}
        self._by_row: dict[str, dict[int, list[Item]]] = {}
        self.rows: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        """Rows of all stocks with a type that follows trades, ascending."""

    def would_hold(self, group: str, pairs: set[tuple[str, str]], fresh: bool) -> tuple[int, int]:
        """Items of the connection and of the group after a registration; types and the empty item do not count."""
        groups = {**self._groups, group: pairs if fresh else self._groups.get(group, set()) | pairs}
        everything = {item for held in groups.values() for item, _ in held if item}
        return len(everything), len({item for item, _ in groups[group] if item})

    def add(self, group: str, pairs: set[tuple[str, str]], fresh: bool) -> None:
        """Register; ``fresh`` forgets first what the group held."""
        held = set() if fresh else self._groups.get(group, set())
        self._groups[group] = held | pairs
        self._rebuild()

    def remove(self, group: str, pairs: set[tuple[str, str]] | None) -> None:
        """Remove pairs from a group; None removes the group."""
        if pairs is None:
            self._groups.pop(group, None)
        elif group in self._groups:
            self._groups[group] -= pairs
        self._rebuild()

    def _rebuild(self) -> None:
        pairs = sorted({pair for held in self._groups.values() for pair in held})
        items: dict[str, list[Item]] = {}
        codes: dict[str, list[str]] = {}
        for item, kind in pairs:
            if kind in _INDEX_TYPES or not item:
                codes.setdefault(kind, []).append(item)
                continue
            venue = _VENUES.get(item[-3:], KRX)
            row = self._row_of(item[:-3] if venue != KRX else item)
            if row is not None:
                items.setdefault(kind, []).append(Item(item, row, venue))
        self._items = {kind: tuple(found) for kind, found in items.items()}
        self._codes = {kind: tuple(found) for kind, found in codes.items()}
        self._by_row = {}
        for kind, listed in items.items():
            rows = self._by_row.setdefault(kind, {})
            for found in listed:
                rows.setdefault(found.row, []).append(found)
        followed = {item.row for kind in ("0B", "0C", "0D", "0w") for item in self._items.get(kind, ())}
        self.rows = np.array(sorted(followed), dtype=np.int64)

    def items(self, kind: str) -> tuple[Item, ...]:
        """Stocks registered for a type."""
        return self._items.get(kind, ())

    def by_row(self, kind: str) -> dict[int, list[Item]]:
        """Stocks registered for a type, by row: one stock may be registered for several venues."""
        return self._by_row.get(kind, {})

    def codes(self, kind: str) -> tuple[str, ...]:
        """Index codes of a type, or ``("",)`` where it is registered for the whole market."""
        return self._codes.get(kind, ())


@dataclass(eq=False)
class Connection:
    """A client's connection; belongs to the server's loop."""

    request: web.Request
    socket: web.WebSocketResponse
    limits: StreamLimits
    faults: SimFaultsPort
    registrations: Registrations
    app_key: str = ""
    logged_in: bool = False
    silent: bool = False
    """The silent-socket fault struck: open, but nothing comes any more."""
    pings_open: int = 0
    next_ping_ns: int = 0
    opened_ns: int = 0
    asked_conditions: bool = False
    live_conditions: dict[str, frozenset[int]] = field(default_factory=dict)
    book_sent_ns: dict[str, int] = field(default_factory=dict)
    book_shown: dict[str, SimBook] = field(default_factory=dict)
    """Last book told by item, for the changes."""
    program_sent_ns: dict[str, int] = field(default_factory=dict)
    program_shown: dict[str, SimProgram] = field(default_factory=dict)
    registered_at: deque[int] = field(default_factory=deque)
    _waiting: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _held_back: list[str] = field(default_factory=list)
    _later: set[asyncio.TimerHandle] = field(default_factory=set)

    # -- sending ----------------------------------------------------------------------------------------------------------

    def reply(self, message: dict[str, object]) -> None:
        """Queue a reply or control frame; no fault but silence touches it."""
        self.put(json.dumps(message, ensure_ascii=False, separators=(",", ":")))

    def put(self, text: str) -> None:
        """Queue a frame."""
        if not self.silent:
            self._waiting.put_nowait(text)

    def push(self, text: str, active: Sequence[Fault]) -> None:
        """Queue a REAL frame through the faults that are on."""
        if not active:
            self.put(text)
            return
        strikes = self.faults.strikes
        if Fault.CUT in active and strikes(Fault.CUT):
            self.abort()
            return
        if Fault.HALF_FRAME in active and strikes(Fault.HALF_FRAME):
            self.put(text[: len(text) // 2])
            return
        if Fault.DELAY in active and strikes(Fault.DELAY):
            self._put_later(text)
            return
        if Fault.REORDER in active and strikes(Fault.REORDER):
            self._held_back.append(text)
            return
        self.put(text)
        if Fault.DUPLICATE in active and strikes(Fault.DUPLICATE):
            self.put(text)
        if self._held_back:
            for old in self._held_back:
                self.put(old)
            self._held_back.clear()

    def _put_later(self, text: str) -> None:
        def release() -> None:
            self._later.discard(handle)
            self.put(text)

        handle = asyncio.get_running_loop().call_later(self.limits.delay_s, release)
        self._later.add(handle)

    async def wait_for_room(self) -> None:
        """Wait until a slow client has taken enough; cut it off when it takes nothing for long."""
        while self._waiting.qsize() > self.limits.frames_waiting and not self.socket.closed:
            self._room.clear()
            try:
                async with asyncio.timeout(self.limits.slow_client_s):  # wait_for can swallow a cancel
                    await self._room.wait()
            except TimeoutError:
                self.abort()
                return

    async def write(self) -> None:
        """Send what waits until the end is queued; the connection's own task."""
        try:
            while True:
                text = await self._waiting.get()
                if text is None or self.socket.closed:
                    return
                if text is _BYE:
                    await self.socket.close(code=1000, message=b"Bye")
                    return
                await self.socket.send_str(text)
                if self._waiting.qsize() <= self.limits.frames_waiting // 2:
                    self._room.set()
        except ConnectionError:
            # The client is gone; its reader ends the connection.
            return
        finally:
            self._room.set()

    def finish(self) -> None:
        """Let the writer end and forget what is still held back."""
        for handle in self._later:
            handle.cancel()
        self._later.clear()
        self._waiting.put_nowait(None)

    def dismiss(self, *messages: dict[str, object]) -> None:
        """Say something last and close with the vendor's "Bye", after what already waits; nothing is sent any more."""
        for message in messages:
            self.reply(message)
        self.silent = True
        self.logged_in = False
        self._waiting.put_nowait(_BYE)

    def abort(self) -> None:
        """Cut the connection without a close frame."""
        self.finish()
        if self.request.transport is not None:
            self.request.transport.abort()
