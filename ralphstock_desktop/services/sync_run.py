"""Working off the items of a synchronisation: a few requests at once, batches written in one transaction with their marks.

1. A lane works off its steps one after the other; lanes run side by side, because their requests have limits of their own.
2. A worker takes the next item, the most wanted first, and fetches it. What it brought waits in a batch; a full or old batch
   is written in one transaction together with the marks that say what is done. A kill loses at most the batch that was being
   made, which is then asked for again.
3. A source that keeps failing is given pauses; when it does not recover, the run ends with its error instead of counting
   every remaining item as a failure. Single failures are tried once more at the end of the step and then reported.

Event loop only; the writing happens on the thread for long jobs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from engine.model.errors import AuthExpired, DataUnavailable, ProviderError, RalphStockError, RateLimited, ValidationFailed
from ralphstock_desktop.live_ports import JobState
from ralphstock_desktop.services.live_contracts import SyncStep
from ralphstock_desktop.services.sync_plan import PER_SYMBOL, Load, Marks, StepName, SyncItem, SyncSettings, load_of
from ralphstock_desktop.services.sync_steps import Fetched, StepFetcher
from ralphstock_desktop.services.sync_world import SyncWorld

__all__ = ["NOT_OFFERED", "StepRun", "StepState", "StopRequest"]

NOT_OFFERED = ".not_offered"
"""Ending of the key of a DataUnavailable with which a source says that it never has this kind of data."""

_FAILURES_IN_A_ROW = 6
"""So many failures without a success between them are the source's, not the symbols'."""
_PAUSES_S = (5.0, 15.0, 30.0, 60.0)
_LIMIT_TRIES = 6
_EMPTY_MEANS_NONE = 30
_log = logging.getLogger(__name__)

StepWord = Literal["waiting", "running", "done", "failed", "unavailable"]
JobWord = Literal["idle", "running", "done", "failed"]


@dataclass(slots=True)
class StopRequest:
    """Says that the user wants the run to end after the present requests."""

    asked: bool = False


@dataclass(slots=True)
class StepState:
    """How far a step is; what it has marked done outlives the program."""

    name: StepName
    key: str
    marks: Marks
    items: dict[str, SyncItem] = field(default_factory=dict)
    """What is still to be fetched, in order. Changed only by the methods below, which keep the load."""
    load: Load = (0, 0)
    """Requests still to be made: of the step's kind, and of others."""
    total: int = 0
    state: StepWord = "waiting"
    failed: dict[str, RalphStockError] = field(default_factory=dict)
    started_ns: int | None = None
    unavailable: RalphStockError | None = None
    empty: int = 0
    brought: int = 0

    @property
    def done(self) -> int:
        """Items of this run that are stored."""
        return self.total - len(self.items) - len(self.failed)

    @property
    def requests(self) -> int:
        """Requests still to be made, those of other kinds included."""
        return sum(self.load)

    def plan(self, items: Sequence[SyncItem]) -> None:
        """Set what is to be fetched, beside what is marked done already."""
        self.items = {item.key: item for item in items}
        self.load = load_of(items)
        self.total = len(items) + len(self.marks.done)
        self.state = "waiting" if items else "done"

    def take_out(self, key: str) -> None:
        """An item is done or has failed."""
        item = self.items.pop(key, None)
        if item is not None:
            self.load = (self.load[0] - item.requests, self.load[1] - item.also)

    def put_back(self, item: SyncItem) -> None:
        """An item that failed is asked for once more."""
        self.failed.pop(item.key, None)
        self.items[item.key] = item
        self.load = (self.load[0] + item.requests, self.load[1] + item.also)

    def give_up(self, error: RalphStockError | None) -> None:
        """The source has nothing of this kind."""
        self.unavailable = error
        self.items, self.failed, self.load = {}, {}, (0, 0)

    def picture(self, eta_s: float | None) -> SyncStep:
        """Return what the window shows."""
        error = self.unavailable or next(iter(self.failed.values()), None)
        return SyncStep(
            self.name.value,
            max(self.done, 0),
            self.total,
            len(self.failed),
            self.state,
            eta_s,
            error,
        )

    def job(self, state: JobWord, now_ns: int, also: Sequence[str] = (), whole: Sequence[str] = ()) -> JobState:
        """Return what is kept, with items that are being written as done."""
        kept = Marks(self.marks.target, self.marks.done | set(also), self.marks.whole | set(whole), self.marks.complete)
        finished = now_ns if state in {"done", "failed"} else None
        return JobState(self.key, state, kept.detail(), self.started_ns, finished)


class StepRun:
    """Works off one step."""

    def __init__(
        self,
        step: StepState,
        fetcher: StepFetcher,
        world: SyncWorld,
        settings: SyncSettings,
        stop: StopRequest,
        changed: Callable[[], None],
    ) -> None:
        self._step, self._fetcher, self._settings, self._stop, self._changed = step, fetcher, settings, stop, changed
        self._store, self._workers, self._monitor = world.store, world.workers, world.monitor
        self._order, self._now_ns, self._machine_ns, self._sleep = world.order, world.now_ns, world.machine_ns, world.sleep
        self._batch: list[Fetched] = []
        self._empty: list[SyncItem] = []
        self._batch_since_ns = 0
        self._taken: set[str] = set()
        self._again: dict[str, SyncItem] = {}
        """What failed or was not out yet and has not been tried a second time."""
        self._asked_again: set[str] = set()
        self._lacking: DataUnavailable | None = None
        self._in_a_row = 0
        self._pauses = 0
        self._writing = asyncio.Lock()
        self._resting = asyncio.Lock()

    async def run(self, only: frozenset[str] | None = None) -> None:
        """Work off the step's items (or those named); afterwards everything fetched is stored.

        Raises
        ------
        RalphStockError
            If the source does not recover, refuses us, or the repository cannot be written. What was stored stays.
        """
        step = self._step
        step.state = "running"
        step.started_ns = step.started_ns or self._now_ns()
        self._changed()
        try:
            await self._work_off(only)
            await self._once_more(only)
        except RalphStockError:
            step.state = "failed"
            await self._flush()
            raise
        await self._flush()
        self._settle()
        self._changed()

    def _settle(self) -> None:
        step = self._step
        if step.name is StepName.MARKET_FLOWS and step.empty and not step.brought and not step.failed:
            step.unavailable = self._lacking  # not one day is to be had
        if step.unavailable is not None:
            step.give_up(step.unavailable)
            step.state = "unavailable"
        elif step.items:
            step.state = "waiting"  # the rest comes later, or was left for the next start
        else:
            step.state = "failed" if step.failed else "done"

    async def finish(self) -> None:
        """Keep that the step is over: complete if nothing was left out."""
        step = self._step
        if step.state == "done":
            step.marks.complete = step.marks.target
        if step.state == "done" or step.state == "failed":
            await self._workers.job(self._put, step.job(step.state, self._now_ns()))

    def _put(self, job: JobState) -> None:
        with self._store.unit_of_work() as unit:
            unit.put_job(job)

    async def _once_more(self, only: frozenset[str] | None) -> None:
        """Ask a second time for what failed or was not out yet."""
        if self._stop.asked or self._step.unavailable is not None:
            return
        again, self._again = self._again, {}
        for item in again.values():
            self._step.put_back(item)
        self._taken -= set(again)
        self._asked_again |= set(again)
        if again:
            await self._work_off(only)

    async def _work_off(self, only: frozenset[str] | None) -> None:
        count = self._settings.parallel if self._step.name in PER_SYMBOL else 1
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(self._worker(only))
        except BaseExceptionGroup as failures:
            ours, others = failures.split(RalphStockError)
            if others is not None or ours is None:
                raise
            raise _first_of(ours) from failures

    async def _worker(self, only: frozenset[str] | None) -> None:
        while not self._stop.asked and self._step.unavailable is None:
            async with self._resting:  # while one worker gives the source a pause, the others do not try it either
                item = None if self._stop.asked else self._next(only)
            if item is None:
                return
            await self._take(item)
            if self._is_due():
                await self._flush()
            self._monitor.beat("sync")
            self._changed()

    def _next(self, only: frozenset[str] | None) -> SyncItem | None:
        items = self._step.items
        for key in self._order():
            if key in items and key not in self._taken and (only is None or key in only):
                self._taken.add(key)
                return items[key]
        for key, item in items.items():
            if key not in self._taken and (only is None or key in only):
                self._taken.add(key)
                return item
        return None

    async def _take(self, item: SyncItem) -> None:
        try:
            fetched = await self._patiently(item)
        except DataUnavailable as error:
            self._recovered()
            self._not_there(item, error)
            return
        except AuthExpired:
            raise
        except ProviderError as error:
            self._fail(item, error)
            await self._count_failure(error)
            return
        except ValidationFailed as error:  # the source does not know the code
            self._recovered()
            self._fail(item, error)
            return
        self._recovered()
        self._keep(fetched)

    def _keep(self, fetched: Fetched) -> None:
        step, item = self._step, fetched.item
        step.brought += 1
        if not self._batch and not self._empty:
            self._batch_since_ns = self._machine_ns()
        self._batch.append(fetched)
        if fetched.state == "late":
            self._fail(item, _not_out(item.key, step.marks.target))
            self._monitor.note("sync", "health.note.sync_late")
        elif fetched.state == "dormant":
            self._monitor.note("sync", "health.note.sync_dormant")
        if fetched.actions:
            self._monitor.note("sync", "health.note.sync_action", fetched.actions, ticker=item.key)

    def _fail(self, item: SyncItem, error: RalphStockError) -> None:
        self._step.take_out(item.key)
        self._step.failed[item.key] = error
        if item.key not in self._asked_again:
            self._again[item.key] = item

    def _not_there(self, item: SyncItem, error: DataUnavailable) -> None:
        """Tell what is not offered at all from a symbol without history and from rows that should be there."""
        step = self._step
        if error.key.endswith(NOT_OFFERED) or step.name in (StepName.FX, StepName.NEWS):
            step.unavailable = error
            return
        if not item.may_lack or item.key not in self._asked_again:
            self._fail(item, error)  # also what may be lacking is asked for twice: an empty page may be a hiccup
        else:
            self._monitor.note("sync", "health.note.sync_empty")
            if not self._batch and not self._empty:
                self._batch_since_ns = self._machine_ns()
            self._empty.append(item)
        step.empty += 1
        self._lacking = error
        if step.empty >= _EMPTY_MEANS_NONE and not step.brought and not step.marks.done:
            step.unavailable = error  # not one symbol has it: the source has not, whatever it says

    async def _patiently(self, item: SyncItem) -> Fetched:
        for attempt in range(_LIMIT_TRIES):
            try:
                return await self._fetcher.fetch(self._step.name, item)
            except RateLimited as error:
                if attempt == _LIMIT_TRIES - 1:
                    raise
                wait_s = max(error.retry_after_ms / 1000.0, 1.0) * (attempt + 1)
                self._monitor.limited(error.provider, wait_s)
                await self._pause(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def _recovered(self) -> None:
        self._in_a_row = self._pauses = 0

    async def _count_failure(self, error: ProviderError) -> None:
        self._in_a_row += 1
        if self._in_a_row % _FAILURES_IN_A_ROW:
            return
        if self._pauses == len(_PAUSES_S):
            raise error
        wait_s = max(_PAUSES_S[self._pauses], error.retry_after_ms / 1000.0)
        self._pauses += 1
        _log.warning("%s keeps failing (%s); the synchroniser waits %.0f s", error.provider, error.key, wait_s)
        async with self._resting:
            await self._pause(wait_s)

    async def _pause(self, wait_s: float) -> None:
        """Wait, but no longer than until the user wants to stop."""
        while wait_s > 0 and not self._stop.asked:
            step_s = min(wait_s, 1.0)
            await self._sleep(step_s)
            wait_s -= step_s

    # -- writing -----------------------------------------------------------------------------------------------------

    def _is_due(self) -> bool:
        size = len(self._batch) + len(self._empty)
        old = self._machine_ns() - self._batch_since_ns >= self._settings.batch_s * 1e9
        return size >= self._settings.batch_items or (size > 0 and old)

    async def _flush(self) -> None:
        """Write what waits, in one transaction with its marks; the marks count only after the commit."""
        async with self._writing:
            batch, self._batch = self._batch, []
            empty, self._empty = self._empty, []
            if not batch and not empty:
                return
            try:
                await self._store_batch(batch, empty)
            except ValidationFailed:
                # one bad symbol must not keep the others out: each in a transaction of its own
                for fetched in batch:
                    try:
                        await self._store_batch([fetched], [])
                    except ValidationFailed as error:
                        _log.warning("what came of %s cannot be stored: %s", fetched.item.key, error)
                        self._fail(fetched.item, error)
                await self._store_batch([], empty)

    async def _store_batch(self, batch: Sequence[Fetched], empty: Sequence[SyncItem]) -> None:
        finished = [fetched.item for fetched in batch if fetched.state != "late"] + list(empty)
        keys = [item.key for item in finished]
        whole = [item.key for item in finished if item.whole]
        job = self._step.job("running", self._now_ns(), keys, whole)
        corrected = await self._workers.job(self._write, batch, job)
        self._step.marks.done.update(keys)
        self._step.marks.whole.update(whole)
        for key in keys:
            self._step.take_out(key)
        if corrected:
            self._monitor.note("sync", "health.note.sync_corrected", corrected)

    def _write(self, batch: Sequence[Fetched], job: JobState) -> int:
        corrected = 0
        with self._store.unit_of_work() as unit:
            for fetched in batch:
                count = fetched.write(unit)
                corrected += count.updated if fetched.compares else 0
            unit.put_job(job)
        return corrected


def _not_out(key: str, target: date | None) -> DataUnavailable:
    day = target.isoformat() if target else ""
    return DataUnavailable(f"The data of {key} for {day} are not out yet.", key="error.sync.day_missing", ticker=key, day=day)


def _first_of(group: BaseExceptionGroup[RalphStockError]) -> RalphStockError:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
