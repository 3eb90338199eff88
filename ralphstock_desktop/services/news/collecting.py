"""Collects news while it is switched on: every collector in a task of its own, at its own pace.

A batch is stored also when it is empty: that somebody looked and found nothing is what tells "no news" from "nobody looked"
(domain.md §6.1). A failure is a state with its error's key and a longer pause, never an empty batch and never silence. Runs on
the event loop's thread; storing happens wherever ``store`` does it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from engine.model.errors import RalphStockError, RateLimited
from ralphstock_desktop.ports import NewsBatch
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.strategy_ports import CollectorState, NewsCollector

__all__ = ["CollectingService"]

_INTERVAL_S = 300.0
_LONGEST_PAUSE_S = 3_600.0
_FIRST_LOOK_NS = 168 * 3_600_000_000_000
"""How far back a first collection looks: what is older is never scored."""
_OVERLAP_NS = 24 * 3_600_000_000_000
"""How far before the last success a later one looks: feeds publish late, storing the same item again changes nothing."""
_BUG_KEY = "error.generic"
_log = logging.getLogger(__name__)


class CollectingService:
    """Runs collectors until stopped.

    Parameters
    ----------
    collectors : sequence of NewsCollector
        With names that differ.
    store : coroutine function
        Keeps a batch, gives how many items were new.
    now_ns : callable
        Clock, UTC nanoseconds.
    interval_s : float
        Pause between two collections of a source that works; after failures it doubles, up to an hour.
    sleep : coroutine function
        Replaceable for tests.

    Attributes
    ----------
    states : Channel of tuple of CollectorState
        What every collector did last, in their order. Published when any of it changed.
    stored : Channel of int
        New items of a batch that was stored, where there were any.
    """

    def __init__(
        self,
        collectors: Sequence[NewsCollector],
        store: Callable[[NewsBatch], Awaitable[int]],
        now_ns: Callable[[], int],
        *,
        interval_s: float = _INTERVAL_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.states: Channel[tuple[CollectorState, ...]] = Channel("news_collectors")
        self.stored: Channel[int] = Channel("news_stored")
        self._store, self._now_ns, self._sleep = store, now_ns, sleep
        self._interval_s = interval_s
        self._collectors: tuple[NewsCollector, ...] = ()
        self._states: dict[str, CollectorState] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._written: dict[str, str] = {}
        """Last failure of each collector that is in the log."""
        self._put(collectors)

    @property
    def is_running(self) -> bool:
        """Whether collectors run."""
        return bool(self._tasks)

    def start(self) -> None:
        """Begin collecting; nothing if it runs already."""
        loop = asyncio.get_running_loop()
        for collector in self._collectors:
            if collector.name not in self._tasks:
                task = loop.create_task(self._run(collector), name=f"news {collector.name}")
                self._tasks[collector.name] = task
                task.add_done_callback(lambda done, name=collector.name: self._ended(name, done))  # type: ignore[misc]

    async def stop(self) -> None:
        """End collecting; what was fetched and not stored yet is dropped and fetched again another time."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def use(self, collectors: Sequence[NewsCollector]) -> None:
        """Change the collectors, running or not; a collector that stays keeps what it did last."""
        was_running = self.is_running
        await self.stop()
        self._put(collectors)
        if was_running:
            self.start()

    async def collect_now(self) -> None:
        """Collect once from every source, beside the running rounds, and wait for it."""
        await asyncio.gather(*(self._collect(collector) for collector in self._collectors))

    def _put(self, collectors: Sequence[NewsCollector]) -> None:
        names = [collector.name for collector in collectors]
        if len(set(names)) != len(names):
            raise ValueError(f"collectors need names that differ: {names}")
        self._collectors = tuple(collectors)
        self._states = {name: self._states.get(name, CollectorState(name, None, 0)) for name in names}
        self._tell()

    async def _run(self, collector: NewsCollector) -> None:
        pause_s = self._interval_s
        while True:
            failure = await self._collect(collector)
            if failure is None:
                pause_s = self._interval_s
            else:
                pause_s = min(pause_s * 2, max(_LONGEST_PAUSE_S, self._interval_s))
                if isinstance(failure, RateLimited):
                    pause_s = max(pause_s, failure.retry_after_ms / 1e3)
            await self._sleep(pause_s)

    async def _collect(self, collector: NewsCollector) -> RalphStockError | None:
        """Collect and store once; return what went wrong."""
        name, started_ns = collector.name, self._now_ns()
        last_ns = self._states[name].last_success_ns
        since_ns = started_ns - _FIRST_LOOK_NS if last_ns is None else max(last_ns - _OVERLAP_NS, started_ns - _FIRST_LOOK_NS)
        try:
            batch = await collector.collect(since_ns)
            new = await self._store(batch)
        except RalphStockError as error:
            state = self._states.get(name)
            if state is not None:
                if state.error_key != error.key or self._written.get(name) != str(error):  # what lasts is written down once
                    _log.warning("the news collector '%s' failed: %s", name, error)
                    self._written[name] = str(error)
                self._put_state(replace(state, error_key=error.key))
            return error
        if name in self._states:
            if self._states[name].error_key:
                _log.info("the news collector '%s' works again", name)
            self._put_state(CollectorState(name, started_ns, len(set(batch.url.tolist()))))
        if new:
            self.stored.publish(new)
        return None

    def _put_state(self, state: CollectorState) -> None:
        if self._states[state.name] != state:
            self._states[state.name] = state
            self._tell()

    def _tell(self) -> None:
        self.states.publish(tuple(self._states.values()))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if task.cancelled() or (error := task.exception()) is None:
            return
        # A bug of a collector: its state says so, and the program's report of unexpected errors gets it.
        if name in self._states:
            self._put_state(replace(self._states[name], error_key=_BUG_KEY))
        _log.error("the news collector '%s' broke", name, exc_info=error)
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"the news collector '{name}' broke", "exception": error, "task": task}
        )
