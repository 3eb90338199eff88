"""Runs at the market's hours, after a start that missed them, and again after failures; the clock is set by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date

from engine.model.instants import kst_datetime, kst_ns
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.services.sync import Synchroniser
from ralphstock_desktop.services.sync_plan import StepName, SyncSettings
from tests.services.sync.bench import Bench
from tests.services.sync.market import NAME, PlainSource, tickers

FRIDAY, MONDAY, TUESDAY = date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)
SETTINGS = SyncSettings(history_years=0, flow_history_days=5, market_flow_days=2)
Until = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def scheduled(bench: Bench, source: PlainSource) -> AsyncIterator[tuple[Synchroniser, Until]]:
    """A schedule whose clock goes on ten market seconds with every look; ``until`` waits for an instant and for quiet."""

    async def look(seconds: float) -> None:
        await asyncio.sleep(0)
        if not sync.is_running:
            bench.now_ns += 10_000_000_000

    sync = bench.synchroniser(source, settings=SETTINGS, sleep=look)
    task = asyncio.create_task(sync.run())

    async def until(instant_ns: int) -> None:
        async with asyncio.timeout(30):
            while bench.now_ns < instant_ns or sync.is_running:
                await asyncio.sleep(0)

    try:
        yield sync, until
    finally:
        task.cancel()
        await asyncio.gather(task, *bench.tasks, return_exceptions=True)


def starts(source: PlainSource, step: str) -> int:
    return sum(count for (name, _), count in source.calls.items() if name == step)


async def test_a_week_end_and_a_day(bench: Bench) -> None:
    source = PlainSource(tickers(2), FRIDAY, first=date(2026, 9, 1))
    bench.at(FRIDAY, 22)
    async with scheduled(bench, source) as (sync, until):
        await until(kst_ns(FRIDAY, 22, 10))  # missed while the program was not running: at once
        assert await sync.complete_through(StepName.FLOWS) == FRIDAY
        assert sync.state.last is not None and sync.state.last.next_ns == kst_ns(MONDAY, 8)
        source.calls.clear()
        source.today = MONDAY
        await until(kst_ns(MONDAY, 7, 59))
        assert not source.calls
        await until(kst_ns(MONDAY, 9))
        assert starts(source, "master") == 1 and starts(source, "daily") == 0
        await until(kst_ns(MONDAY, 15, 39))
        assert starts(source, "daily") == 0
        await until(kst_ns(MONDAY, 15, 50))
        assert starts(source, "daily") == 2 and starts(source, "flows") == 0
        assert await sync.complete_through(StepName.DAILY) == MONDAY
        await until(kst_ns(MONDAY, 20, 20))
        assert starts(source, "flows") == 2 and await sync.complete_through(StepName.FLOWS) == MONDAY
        assert sync.state.last is not None and sync.state.last.next_ns == kst_ns(TUESDAY, 8)


async def test_what_was_not_out_yet_is_asked_for_again_some_times(bench: Bench) -> None:
    source = PlainSource(tickers(2), MONDAY, first=date(2026, 9, 1))
    late = source.symbols[0]
    source.lacking = {late: FRIDAY}
    bench.at(MONDAY, 15, 45)
    asked: list[str] = []

    def note(step: str, key: str) -> None:
        if (step, key) == ("daily", late):
            asked.append(kst_datetime(bench.now_ns).strftime("%H:%M"))
            if len(asked) == 4:
                source.lacking.clear()

    source.before = note
    async with scheduled(bench, source) as (sync, until):
        await until(kst_ns(MONDAY, 20))
        assert asked == ["15:45", "15:45", "15:55", "15:55"]
        assert await sync.complete_through(StepName.DAILY) == MONDAY


async def test_repeats_end(bench: Bench) -> None:
    source = PlainSource(tickers(2), MONDAY, first=date(2026, 9, 1))
    source.lacking = {source.symbols[0]: FRIDAY}
    bench.at(MONDAY, 15, 45)
    async with scheduled(bench, source) as (_, until):
        await until(kst_ns(MONDAY, 20))
        assert source.calls[("daily", source.symbols[0])] == 2 * (1 + 6)
        assert source.calls[("daily", source.symbols[1])] == 1


async def test_a_run_left_by_a_kill_is_resumed_at_the_start(bench: Bench) -> None:
    source = PlainSource(tickers(3), MONDAY, first=date(2026, 9, 1))
    bench.at(MONDAY, 21)
    await bench.finish(bench.synchroniser(source, settings=SETTINGS))
    jobs = SqlJobStore(bench.database)
    job = jobs.load(f"sync/{NAME}/flows")
    assert job is not None
    left = source.symbols[1]
    detail = {**job.detail, "done": [t for t in job.detail["done"] if t != left], "complete": None}
    jobs.save(type(job)(job.key, "running", detail, job.started_ns))
    source.calls.clear()
    async with scheduled(bench, source) as (_, until):
        await until(kst_ns(MONDAY, 21, 5))
    assert [key for step, key in source.calls if step not in ("news",)] == [left]
