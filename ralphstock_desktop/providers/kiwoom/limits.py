"""Who may ask next: requests wait here for their place within the broker's rate limits.

The broker counts per request kind (api-id) in a sliding second, and somehow in total. The planner keeps, per kind, per group
and overall,

1. a *pace*: grants are at least ``1 / per_s`` apart, so a newcomer waits one slot and not for the end of a burst;
2. a *window*: at most ``most`` requests can have arrived at the server in any ``window_s``, whatever the network did to them. A
   request is taken to have arrived at the latest when its answer came, or ``jitter_s`` after its grant.

Waiting requests are served by priority, first come first served within one, each kind by itself, so that a kind that is
exhausted does not hold up another. Being told to slow down (429) halves the pace of what was refused and stops it for a second,
growing; answers bring it back step by step.

Runs on the event loop's thread; time and sleeping are passed in.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from engine.model.errors import UserCancelled
from ralphstock_desktop.live_ports import Priority, SourceMonitor
from ralphstock_desktop.providers.kiwoom.limit_rules import Grant, LimitPlan, LimitRule, Meter

__all__ = ["LimitPlan", "LimitRule", "RatePlanner", "Slot"]

_REPORT_EVERY_S: Final = 0.25


class Slot:
    """A permitted request; use as a context manager around sending it and receiving the answer."""

    __slots__ = ("_grant", "_planner", "api_id", "group")

    def __init__(self, planner: RatePlanner, grant: Grant, api_id: str, group: str) -> None:
        self._planner = planner
        self._grant = grant
        self.api_id = api_id
        self.group = group

    def unused(self) -> None:
        """Give the place back: the request was not sent after all."""
        self._planner.take_back(self._grant, self.api_id, self.group)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._planner.finish(self._grant)


@dataclass(eq=False, slots=True)
class _Waiting:
    api_id: str
    group: str
    priority: Priority
    number: int
    slot: asyncio.Future[Grant]

    def __lt__(self, other: _Waiting) -> bool:
        return (self.priority, self.number) < (other.priority, other.number)


class RatePlanner:
    """Grants requests within the limits, by priority.

    Parameters
    ----------
    plan : LimitPlan
        The limits.
    monitor : SourceMonitor
        Told about the queue and about being limited.
    source : str
        Name for the monitor.
    monotonic : callable
        Seconds of a clock that never goes back.
    sleep : callable
        Coroutine function that waits so many seconds.
    """

    def __init__(
        self,
        plan: LimitPlan,
        monitor: SourceMonitor,
        *,
        source: str,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.plan = plan
        self._monitor = monitor
        self._source = source
        self._now_s = monotonic
        self._sleep = sleep
        self._overall = Meter(plan.overall, plan.jitter_s)
        self._kinds: dict[str, Meter] = {}
        self._groups: dict[str, Meter] = {}
        self._queues: dict[tuple[str, str], list[_Waiting]] = {}
        self._counts: Counter[tuple[str, Priority]] = Counter()
        self._number = 0
        self._pump: asyncio.Task[None] | None = None
        self._nap: asyncio.Future[None] | None = None
        self._reported_s = -math.inf
        self._reported_waiting = 0

    async def acquire(self, api_id: str, priority: Priority, *, group: str = "") -> Slot:
        """Wait for the place of one request.

        Cancelling the waiting task gives the place to the next one.

        Parameters
        ----------
        api_id : str
            Request kind.
        priority : Priority
            Smaller goes first.
        group : str
            Group the kind belongs to.

        Returns
        -------
        Slot
            Enter it around the request; its end is when the answer came.

        Raises
        ------
        UserCancelled
            If the planner is closed meanwhile.
        """
        self._number += 1
        entry = _Waiting(api_id, group, priority, self._number, asyncio.get_running_loop().create_future())
        heapq.heappush(self._queues.setdefault((api_id, group), []), entry)
        self._counts[api_id, priority] += 1
        self._dispatch()
        try:
            grant = await entry.slot
        except asyncio.CancelledError:
            self._withdraw(entry)
            raise
        return Slot(self, grant, api_id, group)

    def finish(self, grant: Grant) -> None:
        """Note that the answer of a request came (or will not come)."""
        grant.done_s = self._now_s()
        self._wake()

    def take_back(self, grant: Grant, api_id: str, group: str) -> None:
        """Forget a grant whose request was never sent, so that another can have its place."""
        for meter in self._meters(api_id, group):
            meter.give_back(grant)
        self._wake()

    def answered(self, api_id: str, *, group: str = "") -> None:
        """Note an answer that was no refusal for the rate: paces recover."""
        for meter in self._meters(api_id, group):
            meter.answered()

    def limited(self, api_id: str, *, group: str = "", code: str = "1700", retry_after_s: float = 1.0) -> float:
        """Note that the server asked to slow down.

        Parameters
        ----------
        code : str
            1701 slows everything, 1702 the group, anything else the api-id.

        Returns
        -------
        float
            Seconds until what was refused may be asked again.
        """
        kind, of_group, overall = self._meters(api_id, group)
        meter = overall if code == "1701" else of_group if code == "1702" and group else kind
        pause_s = meter.slow_down(self._now_s(), retry_after_s)
        self._monitor.limited(self._source, pause_s)
        return pause_s

    def waiting(self, priority: Priority | None = None) -> int:
        """Return how many requests wait, of one priority or in total."""
        return sum(count for (_, of), count in self._counts.items() if priority is None or of == priority)

    def eta_s(self, priority: Priority | None = None) -> float:
        """Return about how long it takes until all waiting requests of a priority (and those before them) are granted."""
        by_kind: Counter[str] = Counter()
        for (api_id, of), count in self._counts.items():
            if priority is None or of <= priority:
                by_kind[api_id] += count
        slowest_s = max((count / self._kind(api_id).per_s for api_id, count in by_kind.items()), default=0.0)
        return max(slowest_s, by_kind.total() / self._overall.per_s)

    def pace_of(self, api_id: str) -> float:
        """Return the present pace of an api-id in requests a second."""
        return self._kind(api_id).per_s

    async def close(self) -> None:
        """End everything that waits with UserCancelled."""
        pump, self._pump = self._pump, None
        for queue in self._queues.values():
            for entry in queue:
                if not entry.slot.done():
                    entry.slot.set_exception(UserCancelled("The connection is being closed"))
        self._queues.clear()
        self._counts.clear()
        if pump is not None:
            pump.cancel()
            await asyncio.wait({pump})

    def _kind(self, api_id: str) -> Meter:
        meter = self._kinds.get(api_id)
        if meter is None:
            meter = self._kinds[api_id] = Meter(self.plan.rule_of(api_id), self.plan.jitter_s)
        return meter

    def _meters(self, api_id: str, group: str) -> tuple[Meter, Meter, Meter]:
        of_group = self._groups.get(group)
        if of_group is None:
            of_group = self._groups[group] = Meter(self.plan.groups.get(group), self.plan.jitter_s)
        return self._kind(api_id), of_group, self._overall

    def _withdraw(self, entry: _Waiting) -> None:
        """Take a cancelled request out: from its queue, or out of the meters if it had just been granted."""
        if entry.slot.done() and not entry.slot.cancelled():
            if entry.slot.exception() is None:
                self.take_back(entry.slot.result(), entry.api_id, entry.group)
        else:
            # Its place in the heap stays until it comes up; counting must not wait for that.
            self._uncount(entry)
        self._wake()
        self._report()

    def _uncount(self, entry: _Waiting) -> None:
        key = (entry.api_id, entry.priority)
        if self._counts[key] > 1:
            self._counts[key] -= 1
        else:
            del self._counts[key]

    def _dispatch(self) -> None:
        """Grant everything that may go now, and make sure that somebody looks again when the next may."""
        while True:
            now_s = self._now_s()
            best, soonest_s = self._next(now_s)
            if best is None:
                break
            heapq.heappop(self._queues[best.api_id, best.group])
            self._uncount(best)
            grant = Grant(now_s)
            for meter in self._meters(best.api_id, best.group):
                meter.take(grant)
            best.slot.set_result(grant)
        if soonest_s < math.inf:
            if self._pump is None:
                self._pump = asyncio.create_task(self._run(), name=f"{self._source} planner")
            else:
                self._wake()
        self._report()

    def _next(self, now_s: float) -> tuple[_Waiting | None, float]:
        """Return the request to be granted now, or None and the instant when one may be."""
        best: _Waiting | None = None
        soonest_s = math.inf
        for key, queue in list(self._queues.items()):
            while queue and queue[0].slot.done():
                heapq.heappop(queue)
            if not queue:
                del self._queues[key]
                continue
            opens_s = max(meter.opens_at() for meter in self._meters(*key))
            if opens_s > now_s:
                soonest_s = min(soonest_s, opens_s)
            elif best is None or queue[0] < best:
                best = queue[0]
        return best, soonest_s

    def _wake(self) -> None:
        if self._nap is not None and not self._nap.done():
            self._nap.cancel()

    async def _run(self) -> None:
        """Sleep until something may be granted, grant it, and again, while anything waits."""
        while True:
            now_s = self._now_s()
            best, soonest_s = self._next(now_s)
            if best is not None:
                self._dispatch()
                continue
            if soonest_s == math.inf:
                self._pump = None
                self._report()
                return
            self._nap = asyncio.ensure_future(self._doze(soonest_s - now_s))
            try:
                # Waiting does not raise when the nap is cut short, only when this task itself is cancelled.
                await asyncio.wait({self._nap})
            finally:
                self._nap.cancel()
                self._nap = None

    async def _doze(self, seconds: float) -> None:
        await self._sleep(seconds)

    def _report(self) -> None:
        waiting = self._counts.total()
        now_s = self._now_s()
        changed = (waiting == 0) != (self._reported_waiting == 0)
        if changed or (waiting != self._reported_waiting and now_s - self._reported_s >= _REPORT_EVERY_S):
            self._reported_s, self._reported_waiting = now_s, waiting
            self._monitor.queued(self._source, waiting, self.eta_s())
