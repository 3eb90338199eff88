"""The synchronisation of a whole market in virtual time: the real planner of requests against the simulator's own limiter.

The loop's clock jumps to the next timer when nothing else is to be done, so the 22 minutes that 2,600 symbols take at the published
limits pass as fast as this machine computes. Nothing runs on threads; the repository is real.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from engine.calendar.sessions import SessionTable
from engine.model.instants import kst_ns
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.data.sync_store import SqlSyncStore
from ralphstock_desktop.live_ports import Priority
from ralphstock_desktop.providers.kiwoom.limits import LimitPlan, RatePlanner
from ralphstock_desktop.providers.kiwoom_sim.limiter import SimLimiter, SimLimits
from ralphstock_desktop.services.live_contracts import SyncPlan, SyncState
from ralphstock_desktop.services.sync import Synchroniser
from ralphstock_desktop.services.sync_plan import SyncSettings
from ralphstock_desktop.services.sync_world import SyncWorld
from ralphstock_desktop.services.workers import Workers
from tests.services.sync.bench import Monitor
from tests.services.sync.market import CALENDAR, PlainSource, tickers

YESTERDAY, TODAY = date(2026, 11, 23), date(2026, 11, 24)
SETTINGS = SyncSettings(history_years=0, flow_history_days=20, market_flow_days=3)
KINDS = {
    "daily": "ka10081",
    "adjusted": "ka10081",
    "flows": "ka10059",
    "index": "ka20006",
    "market_flows": "ka10051",
    "master": "ka10099",
}
NETWORK_S = 0.09
"""Longest way of a request, and of its answer."""
ASKED_BY_HAND = ("ka10081", "ka10004", "ka10059")
"""What the user asks for meanwhile: a chart (the very kind being synchronised), an order book, flows."""


class _Jumping(selectors.SelectSelector):
    """Waits in virtual time."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing is going to happen any more")
            self.now_s += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps."""

    def __init__(self) -> None:
        self.jumping = _Jumping()
        super().__init__(self.jumping)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.jumping.now_s


class InlineWorkers(Workers):
    """Runs everything at once on the loop: no time passes for it."""

    def __init__(self) -> None:
        return

    async def read(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return work(*arguments)

    async def job(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return work(*arguments)


class PacedSource(PlainSource):
    """The plain market behind the planner and the limiter, with a network that takes its time."""

    def pace(self, planner: RatePlanner, limiter: SimLimiter, chance: random.Random) -> None:
        self.planner, self.limiter, self.chance = planner, limiter, chance
        self.sent: Counter[str] = Counter()
        self.granted: Counter[str] = Counter()
        self.refused = self.overtaken = 0

    async def request(self, api_id: str, priority: Priority) -> float:
        """One request; returns how long it waited for its place."""
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        before = self.granted[api_id]
        slot = await self.planner.acquire(api_id, priority)
        waited_s = loop.time() - asked_s
        if priority is Priority.INTERACTIVE:
            self.overtaken = max(self.overtaken, self.granted[api_id] - before)
        else:
            self.granted[api_id] += 1
        with slot:
            await asyncio.sleep(self.chance.uniform(0.005, NETWORK_S))  # on its way
            self.sent[api_id] += 1
            if self.limiter.refusal("key", api_id) is not None:
                self.refused += 1
            await asyncio.sleep(self.chance.uniform(0.005, NETWORK_S))  # and back
        self.planner.answered(api_id)
        return waited_s

    async def _call(self, step: str, key: str, since: date) -> None:
        await super()._call(step, key, since)
        if step not in KINDS:
            return
        count = {"master": 2, "flows": 2}.get(step, 1)
        for _ in range(count):
            await self.request(KINDS[step], Priority.BACKGROUND)
        if step == "daily":
            await self.request("ka10080", Priority.BACKGROUND)  # today's official close


@dataclass
class PlanOutcome:
    """What a virtual run showed."""

    symbols: int
    plan: SyncPlan
    actual_s: float
    requests: int
    refused: int
    """429 answers of the simulator's limiter."""
    waits_s: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in ASKED_BY_HAND})
    """Of the requests made by hand meanwhile, by kind."""
    overtaken: int = 0
    """Most background requests of one kind that were let past while a request made by hand waited."""
    state: SyncState | None = None
    wrong: int = 0
    """Symbols whose stored bars differ from the source's."""


def _world(
    database: Database, loop: VirtualLoop, now_ns: Callable[[], int], tasks: list[Any], wanted: Sequence[str]
) -> SyncWorld:
    return SyncWorld(
        SqlSyncStore(database),
        SqlJobStore(database),
        CALENDAR,
        SessionTable(),
        lambda: wanted,
        InlineWorkers(),
        now_ns,
        Monitor(),
        lambda work, name: tasks.append(loop.create_task(work, name=name)),
        machine_ns=lambda: round(loop.time() * 1e9),
    )


def run_plan(symbols: int, folder: Path, seed: int = 7) -> PlanOutcome:
    """Fill a repository up to yesterday, then synchronise today's evening at the published limits."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        with open_database(folder / "virtual.db") as database:
            return loop.run_until_complete(_run(database, loop, symbols, seed))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _run(database: Database, loop: VirtualLoop, symbols: int, seed: int) -> PlanOutcome:
    chance, tasks = random.Random(seed), []  # type: ignore[var-annotated]
    past = PlainSource(tickers(symbols), YESTERDAY, first=date(2026, 10, 5))
    first = Synchroniser(past, _world(database, loop, lambda: kst_ns(YESTERDAY, 21), tasks, ()), settings=SETTINGS)
    first.start()
    await asyncio.gather(*tasks)
    assert first.state.last is not None and first.state.last.state == "done", first.state.last
    tasks.clear()

    source = PacedSource(tickers(symbols), TODAY, first=date(2026, 10, 5))
    monitor = Monitor()
    planner = RatePlanner(LimitPlan(), monitor, source="kiwoom", monotonic=loop.time)
    limiter = SimLimiter(SimLimits(per_api=5, total=10), lambda: round(loop.time() * 1e9))
    source.pace(planner, limiter, chance)
    wanted = source.symbols[symbols // 2 : symbols // 2 + 5]
    world = _world(database, loop, lambda: kst_ns(TODAY, 20, 30), tasks, wanted)
    sync = Synchroniser(source, world, settings=SETTINGS)
    outcome = PlanOutcome(symbols, await sync.plan(), 0.0, 0, 0)
    started_s = loop.time()
    sync.start()
    hand = loop.create_task(_by_hand(source, chance, outcome))
    await asyncio.gather(*tasks)
    outcome.actual_s = loop.time() - started_s
    hand.cancel()
    await asyncio.gather(hand, return_exceptions=True)
    await planner.close()
    outcome.state = sync.state.last
    outcome.overtaken = source.overtaken
    outcome.refused, outcome.requests = source.refused, source.sent.total() - sum(map(len, outcome.waits_s.values()))
    store = SqlSyncStore(database)
    for ticker in source.symbols:
        stored, truth = store.daily_since(ticker, TODAY), source.truth(ticker)
        outcome.wrong += (
            stored.close_krw.tolist() != truth.close_krw[truth.day >= stored.day[0]].tolist() if len(stored.day) else 1
        )
    return outcome


async def _by_hand(source: PacedSource, chance: random.Random, outcome: PlanOutcome) -> None:
    """What the user asks for while it runs."""
    while True:
        await asyncio.sleep(chance.uniform(0.5, 5.0))
        kind = chance.choice(ASKED_BY_HAND)
        outcome.waits_s[kind].append(await source.request(kind, Priority.INTERACTIVE))
