"""A repository, a clock that is set by hand, and a synchroniser around the plain market."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine.calendar.sessions import SessionTable
from engine.model.errors import RalphStockError
from engine.model.instants import kst_ns
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.data.sync_store import SqlSyncStore
from ralphstock_desktop.live_ports import MarketSource, NewsSource
from ralphstock_desktop.services.live_contracts import SyncState
from ralphstock_desktop.services.sync import Synchroniser
from ralphstock_desktop.services.sync_plan import SyncRates, SyncSettings
from ralphstock_desktop.services.sync_world import SyncWorld
from ralphstock_desktop.services.workers import Workers
from tests.services.sync.market import CALENDAR


class Monitor:
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.notes: dict[str, int] = {}
        self.limits: list[float] = []

    def succeeded(self, source: str, latency_ms: float) -> None: ...
    def failed(self, source: str, error: RalphStockError) -> None: ...
    def queued(self, source: str, waiting: int, eta_s: float) -> None: ...
    def limited(self, source: str, retry_after_s: float) -> None:
        self.limits.append(retry_after_s)

    def opened(self, source: str, closes_in_s: float | None) -> None: ...
    def beat(self, service: str) -> None: ...
    def note(self, source: str, key: str, count: int = 1, **fields: str | int | float) -> None:
        self.notes[key] = self.notes.get(key, 0) + count


@dataclass
class Bench:
    """Everything a test of the synchroniser needs."""

    database: Database
    workers: Workers
    now_ns: int = kst_ns(date(2026, 11, 24), 21, 0)
    wanted: list[str] = field(default_factory=list)
    monitor: Monitor = field(default_factory=Monitor)
    slept: list[float] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def at(self, day: date, hour: int, minute: int = 0) -> None:
        self.now_ns = kst_ns(day, hour, minute)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(work, name=name))

    def synchroniser(
        self,
        source: MarketSource,
        *,
        settings: SyncSettings | None = None,
        news: NewsSource | None = None,
        sleep: Callable[[float], Any] | None = None,
        order: Callable[[], Sequence[str]] | None = None,
        rates: SyncRates | None = None,
    ) -> Synchroniser:
        world = SyncWorld(
            SqlSyncStore(self.database),
            SqlJobStore(self.database),
            CALENDAR,
            SessionTable(),
            order or (lambda: self.wanted),
            self.workers,
            lambda: self.now_ns,
            self.monitor,
            self._spawn,
            sleep or self._sleep,
        )
        return Synchroniser(source, world, news=news, settings=settings, rates=rates)

    async def finish(self, sync: Synchroniser) -> SyncState:
        """Start and wait for the end."""
        sync.start()
        await asyncio.gather(*self.tasks)
        self.tasks.clear()
        state = sync.state.last
        assert state is not None
        return state

    @property
    def store(self) -> SqlSyncStore:
        return SqlSyncStore(self.database)
