"""When the synchroniser starts by itself: at the market's hours, after a start that missed them, and again after failures.

1. Due instants are 08:00 (listing), the official bars and the confirmed flows of each trading day (domain.md §1.4).
2. When the program starts, what became due while it was not running, or was left by a kill, is caught up at once.
3. A run that left something out (a source that failed, rows that were not out yet) is repeated after ten minutes, six times
   at most until the next due instant.
"""

from __future__ import annotations

import logging
from typing import Protocol

from engine.model.errors import RalphStockError
from ralphstock_desktop.services.sync_plan import next_due_ns
from ralphstock_desktop.services.sync_world import SyncWorld

__all__ = ["SyncSchedule"]

_LONGEST_SLEEP_S = 2.0
"""So that a clock that was set or runs faster, or a machine that slept, is noticed."""
_SHORTEST_SLEEP_S = 0.2
_AGAIN_NS = 600_000_000_000
_MOST_REPEATS = 6
_UNKNOWN_NS = 3_600_000_000_000
_log = logging.getLogger(__name__)


class Scheduled(Protocol):
    """What the schedule needs of the synchroniser."""

    @property
    def is_running(self) -> bool: ...
    @property
    def is_automatic(self) -> bool: ...
    @property
    def left_something_out(self) -> bool: ...
    def start(self) -> None: ...
    def plan_next(self, next_ns: int) -> None: ...
    async def is_anything_due(self) -> bool: ...


class SyncSchedule:
    """Starts runs until cancelled. The market's clock may stand still, jump, or run at another speed."""

    def __init__(self, sync: Scheduled, world: SyncWorld) -> None:
        self._sync, self._world = sync, world
        self._due_ns = 0
        self._next_hour_ns = 0
        self._repeats = 0
        self._was_running = False

    async def run(self) -> None:
        """Watch the clock."""
        while True:
            await self._look()
            left_s = (self._due_ns - self._world.now_ns()) / 1e9
            await self._world.sleep(min(_LONGEST_SLEEP_S, max(_SHORTEST_SLEEP_S, left_s)))

    async def _look(self) -> None:
        now_ns = self._world.now_ns()
        if self._sync.is_running:
            self._was_running = True
            return
        if self._was_running:
            self._was_running = False
            if self._sync.left_something_out and self._repeats < _MOST_REPEATS:
                self._repeats += 1
                self._due_ns = min(self._due_ns, now_ns + _AGAIN_NS)
                self._sync.plan_next(self._due_ns)
        if now_ns < self._due_ns:
            return
        try:
            self._due_ns = next_due_ns(now_ns, self._world.calendar, self._world.sessions)
            is_due = self._sync.is_automatic and await self._sync.is_anything_due()
        except RalphStockError as error:
            _log.warning("the synchroniser cannot tell what is due: %s", error)
            self._due_ns, is_due = now_ns + _UNKNOWN_NS, False
        if self._due_ns != self._next_hour_ns:
            self._next_hour_ns, self._repeats = self._due_ns, 0
        self._sync.plan_next(self._due_ns)
        if is_due:
            self._sync.start()
            self._was_running = True
