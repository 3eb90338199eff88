"""One program without a window over the small market: the real workstation, strategies and repository on a plain event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from engine.model.errors import RalphStockError, StorageError
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import RealDataset
from ralphstock_desktop.app.strategies import open_strategies
from ralphstock_desktop.ports import Dataset
from ralphstock_desktop.services.contracts import DatasetKind, Empty, Failed, Loading, PanelState, Ready
from ralphstock_desktop.services.strategy.core import StrategyService
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.strategy_ports import NoticeRecord
from tests.services.strategy.small_market import BEFORE, D, put_days
from tests.ui.shell.doubles import MemorySettings

__all__ = ["KEPT_TABLES", "NOW", "World"]

NOW = AsOf.at(BEFORE, 20, 30)
"""The evening of the last stored day: its flows are known, and quiet hours have not begun."""

KEPT_TABLES = (
    "scan_run", "signal", "signal_revision", "trade", "market_status", "sector_return", "rs_rank", "news_score", "notice",
    "journal_entry",
)  # fmt: skip
"""What only the present may write."""


class DemoDataset(RealDataset):
    """The same market as the made-up one."""

    simulated = True


class World:
    """Workstation, strategies and the clock. An account of 100 million won, no quiet hours."""

    def __init__(self, folders: Folders, *, other: Folders | None = None, now: AsOf | None = None, **settings: Any) -> None:
        self.now_ns = (now or NOW).instant_ns
        self.settings = MemorySettings(
            **{"equity_manwon": 10_000, "notices_quiet_from": 0, "notices_quiet_until": 0, **settings}
        )
        self.folders = folders
        self.file = folders.data / "market.sqlite3"
        self.workers = Workers()
        self.problems: list[BaseException] = []
        self.told: list[NoticeRecord] = []
        self.texts: list[str] = []
        self.states: list[tuple[str, PanelState]] = []
        self.real: Any = RealDataset(self.file, folders, self.clock)
        self.demo: Any = DemoDataset(other.data / "market.sqlite3", other, self.clock) if other is not None else None
        self._tasks: set[asyncio.Task[Any]] = set()

    def clock(self) -> int:
        return self.now_ns

    def set_clock(self, day: date, hour: int, minute: int = 0, second: int = 0) -> None:
        self.now_ns = AsOf.at(day, hour, minute, second).instant_ns

    async def open(self, kind: DatasetKind = "real") -> World:
        asyncio.get_running_loop().set_exception_handler(self._on_error)
        self.workstation = WorkstationService(
            cast(Any, {"real": lambda: self.real, "simulated": lambda: self.demo}),
            self.workers,
            self.clock,
            self.folders.data,
            warm=False,
        )
        self.strategies: StrategyService = open_strategies(
            self.workstation, self.settings, self.workers, self.clock, self.clock, self.folders.cache
        )
        # Kept: a channel holds methods weakly.
        self._on_fresh = self.told.append
        self.strategies.notices.fresh.subscribe(self._on_fresh, replay=False)
        self.workstation.notices.subscribe(self.texts.append, replay=False)
        for name in ("gate", "closing", "day", "news"):
            channel = getattr(self.strategies, f"{name}_state")
            channel.subscribe(lambda state, name=name: self.states.append((name, state)), replay=False)
        await self.workstation.start(kind)
        await self.settled()
        return self

    def _on_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.problems.append(context.get("exception") or RuntimeError(str(context)))

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settled(self) -> None:
        """Wait until nothing runs any more; the record beside the grades is not waited for."""
        while True:
            await self.workstation.idle()
            running = [task for task in self.strategies._tasks.running if task.get_name() != "records"]
            if not running and not self.workstation._tasks:
                return
            if running:
                await asyncio.wait(running)

    async def look_at(self, day: date, hour: int, minute: int = 0) -> None:
        self.workstation.set_as_of(AsOf.at(day, hour, minute))
        await self.settled()

    async def present(self) -> None:
        self.workstation.set_as_of_latest()
        await self.settled()

    async def add_last_day(self, hour: int = 15, minute: int = 45, **how: Any) -> None:
        """The last day is over and stored; look at it."""
        self.set_clock(D, hour, minute)
        put_days(self.real.unit_of_work, D, D, **how)
        await self.workstation.take_new_data("real")
        await self.settled()

    async def close(self) -> None:
        await self.strategies.close()
        await self.workstation.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.workers.close()

    async def __aenter__(self) -> World:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
        assert not self.problems or error is not None, self.problems

    # -- what is there --------------------------------------------------------------------------------------------------

    @property
    def panel(self) -> MarketPanel:
        assert self.workstation.market.last is not None
        return self.workstation.market.last.panel

    def shown_states(self) -> list[PanelState]:
        found = self.strategies
        states = [found.gate_state.last, found.closing_state.last, found.day_state.last, found.news_state.last]
        assert all(isinstance(state, Ready | Empty | Failed | Loading) for state in states)
        return cast(list[PanelState], states)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the repository file itself."""
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(query).fetchall()

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that only the present may write."""
        return {table: sorted(self.rows(f"SELECT * FROM {table}"), key=repr) for table in KEPT_TABLES}

    def told_keys(self) -> list[str]:
        return [record.dedup for record in self.told]


class Breaking:
    """Stands before a store and makes some of its methods fail while ``error`` is set."""

    def __init__(self, store: Any, *names: str) -> None:
        self._store = store
        self._names = names
        self.error: RalphStockError | None = StorageError("the disk is full", key="error.storage")
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in self._names:
            return method

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            if self.error is not None:
                raise self.error
            return method(*arguments, **named)

        return call


def broken_dataset(dataset: Dataset, wrap: Callable[[Any], Any]) -> Any:
    """Let a data set give a wrapped strategy store."""
    make = dataset.strategies
    dataset.strategies = lambda: wrap(make())  # type: ignore[method-assign]
    return dataset


def folders_at(path: Path) -> Folders:
    return Folders.of_user(path)
