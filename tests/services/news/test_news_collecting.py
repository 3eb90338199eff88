"""Collectors at their pace: states that say what happened, batches stored also when empty, failures never silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.model.errors import ProviderError, RateLimited, StorageError
from ralphstock_desktop.ports import NewsBatch
from ralphstock_desktop.services.news.collecting import CollectingService
from ralphstock_desktop.strategy_ports import CollectorState, NewsCollector

HOUR = 3_600_000_000_000
NOW = 1_769_580_000_000_000_000


def batch(count: int, source: str = "a") -> NewsBatch:
    words = np.array([f"{source}{n}" for n in range(count)], dtype=np.str_)
    times = np.full(count, NOW, dtype=np.int64)
    return NewsBatch(words, words, words, times, times, words, words, source)


def failure(**more: Any) -> ProviderError:
    return ProviderError("down", provider="a", retryable=True, key="error.news.feed", **more)


class Scripted:
    """A collector that does what it is told, then only finds nothing."""

    def __init__(self, name: str, *script: NewsBatch | Exception) -> None:
        self.name = name
        self.script = list(script)
        self.since: list[int] = []

    async def collect(self, since_ns: int) -> NewsBatch:
        self.since.append(since_ns)
        step = self.script.pop(0) if self.script else batch(0, self.name)
        if isinstance(step, Exception):
            raise step
        return step


class World:
    """Time that passes by sleeping only, and a store that counts."""

    def __init__(self, rounds: int = 1) -> None:
        self.now_ns = NOW
        self.pauses: list[float] = []
        self.kept: list[NewsBatch] = []
        self.refusals: list[Exception] = []
        self.rounds = rounds
        self.over = asyncio.Event()

    def clock(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_ns += round(seconds * 1e9)
        if len(self.pauses) >= self.rounds:
            self.over.set()
            await asyncio.get_running_loop().create_future()  # until cancelled
        await asyncio.sleep(0)

    async def store(self, found: NewsBatch) -> int:
        if self.refusals:
            raise self.refusals.pop(0)
        self.kept.append(found)
        return len(found.url)

    def service(self, *collectors: NewsCollector, interval_s: float = 300.0) -> CollectingService:
        return CollectingService(collectors, self.store, self.clock, interval_s=interval_s, sleep=self.sleep)


async def run(service: CollectingService, world: World) -> None:
    service.start()
    async with asyncio.timeout(15):
        await world.over.wait()
    await service.stop()
    assert not service.is_running


async def test_a_batch_is_stored_and_its_state_told() -> None:
    world = World()
    service = world.service(Scripted("a", batch(3)))
    new: list[int] = []

    def hear(count: int) -> None:
        new.append(count)

    kept = service.stored.subscribe(hear)
    assert service.states.last == (CollectorState("a", None, 0),)
    await run(service, world)
    assert service.states.last == (CollectorState("a", NOW, 3),)
    assert (new, world.pauses) == ([3], [300.0])
    kept.close()


async def test_nothing_found_is_stored_too() -> None:
    """Somebody looked: the store must know."""
    world = World()
    service = world.service(Scripted("a"))
    await run(service, world)
    assert [len(found.url) for found in world.kept] == [0]
    assert service.states.last == (CollectorState("a", NOW, 0),)
    assert service.stored.last is None


async def test_a_failure_is_told_and_the_last_success_stays() -> None:
    world = World(rounds=2)
    service = world.service(Scripted("a", batch(2), failure()))
    await run(service, world)
    assert service.states.last == (CollectorState("a", NOW, 2, "error.news.feed"),)
    assert len(world.kept) == 1  # never an empty batch instead


async def test_pauses_double_to_an_hour_and_a_success_ends_that(caplog: pytest.LogCaptureFixture) -> None:
    world = World(rounds=7)
    service = world.service(Scripted("a", *[failure()] * 5, batch(1)))
    with caplog.at_level(logging.INFO):
        await run(service, world)
    assert world.pauses == [600.0, 1200.0, 2400.0, 3600.0, 3600.0, 300.0, 300.0]
    assert service.states.last is not None
    assert service.states.last[0].error_key == ""
    # what lasts is written once when it begins and once when it ends
    assert [record.message for record in caplog.records if "news collector" in record.message] == [
        "the news collector 'a' failed: down",
        "the news collector 'a' works again",
    ]


async def test_a_source_that_asks_for_rest_gets_it() -> None:
    world = World()
    error = RateLimited("rest", provider="a", retryable=True, retry_after_ms=7_200_000)
    service = world.service(Scripted("a", error))
    await run(service, world)
    assert world.pauses == [7200.0]
    assert service.states.last is not None
    assert service.states.last[0].error_key == "error.rate_limited"


async def test_what_cannot_be_stored_is_a_failure() -> None:
    world = World(rounds=2)
    world.refusals.append(StorageError("disk full"))
    collector = Scripted("a", batch(1), batch(1))
    service = world.service(collector)
    await run(service, world)
    assert len(world.kept) == 1
    assert collector.since[0] == NOW - 168 * HOUR
    assert collector.since[1] == NOW + 600 * 10**9 - 168 * HOUR  # not a success: looked as far back again


async def test_later_rounds_look_back_a_day() -> None:
    world = World(rounds=2)
    collector = Scripted("a", batch(1), batch(1))
    await run(world.service(collector), world)
    assert collector.since == [NOW - 168 * HOUR, NOW - 24 * HOUR]


async def test_one_that_fails_does_not_hold_up_the_others() -> None:
    world = World(rounds=2)
    service = world.service(Scripted("a", *[failure()] * 9), Scripted("b", batch(2, "b")))
    await run(service, world)
    assert service.states.last is not None
    a, b = service.states.last
    assert (a.last_success_ns, a.error_key) == (None, "error.news.feed")
    assert (b.items, b.error_key) == (2, "")


async def test_a_bug_of_a_collector_is_reported_and_shown(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    reported: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context))
    service = world.service(Scripted("a", KeyError("x")), Scripted("b"))
    await run(service, world)
    assert service.states.last is not None
    assert [state.error_key for state in service.states.last] == ["error.generic", ""]
    assert isinstance(reported[0]["exception"], KeyError)
    assert "broke" in caplog.text


async def test_collecting_once_by_hand() -> None:
    world = World()
    service = world.service(Scripted("a", batch(1)), Scripted("b", failure()))
    await service.collect_now()
    assert service.states.last == (CollectorState("a", NOW, 1), CollectorState("b", None, 0, "error.news.feed"))
    assert not service.is_running


async def test_other_collectors_while_it_runs() -> None:
    world = World(rounds=1)
    stays = Scripted("a", batch(1))
    service = world.service(stays, Scripted("b"))
    service.start()
    service.start()  # twice is once
    async with asyncio.timeout(15):
        await world.over.wait()
    world.over.clear()
    await service.use([stays, Scripted("c", batch(2, "c"))])
    assert service.is_running
    async with asyncio.timeout(15):
        while service.states.last is None or service.states.last[-1].items != 2:
            await asyncio.sleep(0)
    assert [state.name for state in service.states.last] == ["a", "c"]
    assert service.states.last[0].last_success_ns is not None
    await service.stop()
    await service.use([])
    assert (service.states.last, service.is_running) == ((), False)


async def test_stopping_in_the_middle_of_a_collection() -> None:
    begun = asyncio.Event()

    class Slow:
        name = "slow"

        async def collect(self, since_ns: int) -> NewsBatch:
            del since_ns
            begun.set()
            await asyncio.get_running_loop().create_future()
            raise AssertionError

    world = World()
    service = world.service(Slow())
    service.start()
    await begun.wait()
    await service.stop()
    assert world.kept == []
    assert service.states.last == (CollectorState("slow", None, 0),)


def test_names_must_differ() -> None:
    make: Callable[[], CollectingService] = lambda: CollectingService(  # noqa: E731
        [Scripted("a"), Scripted("a")],
        World.store,
        lambda: NOW,  # type: ignore[arg-type]
    )
    with pytest.raises(ValueError, match="differ"):
        make()
