"""What is shown of an instant: everything together, nothing overtaken, and a reason where there is nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest

from engine.model.closing import ClosingRun
from engine.model.errors import DataUnavailable, StorageError
from engine.model.instants import AsOf
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Ready
from tests.services.strategy.small_market import BEFORE
from tests.services.strategy.world import NOW, Breaking, World, broken_dataset


async def test_everything_of_one_instant_is_published_together(market: Folders) -> None:
    async with World(market) as world:
        found, picture = world.strategies, world.workstation.market.last
        assert picture is not None and found.evaluation is not None
        as_of = NOW
        assert picture.as_of == as_of
        assert found.gate.last is not None and found.gate.last.reading.as_of == as_of
        assert found.closing.last is not None and found.closing.last.scan.as_of == as_of
        assert found.news.last is not None and found.news.last.as_of == as_of
        assert found.day_trades.last is not None
        assert world.shown_states() == [Ready(as_of)] * 4
        for shown in (found.gate.last, found.closing.last, found.day_trades.last, found.news.last):
            assert shown.panel is picture.panel
        assert found.closing.last.scan.run is ClosingRun.CONFIRMED
        assert found.closing.last.scan.day_index == len(picture.panel.days) - 1
        assert len(found.closing.last.scan.order) > 0, "the market has leaders"
        assert found.news.last.collected and len(found.news.last.items) > 100
        assert found.gate.last.reading.coverage == 100.0


async def test_only_the_last_of_many_instants_reaches_the_screen(market: Folders) -> None:
    async with World(market) as world:
        shown: list[AsOf] = []
        world.strategies.news.subscribe(lambda picture: shown.append(picture.as_of), replay=False)
        instants = [AsOf.at(BEFORE, 10, minute) for minute in range(30, 42)]
        for as_of in instants:
            world.workstation.set_as_of(as_of)
            await asyncio.sleep(0)  # refreshes begin and are overtaken
        await world.settled()
        assert shown == [instants[-1]]
        assert world.shown_states() == [Ready(instants[-1])] * 4


async def test_what_is_computed_for_an_instant_is_dropped_where_the_next_one_shows_nothing(market: Folders) -> None:
    """The evaluation of 10:42 is still running when an instant before all data is asked for."""
    async with World(market) as world:
        begun = asyncio.Event()
        original = world.workers.compute

        async def slow(work: Any, *arguments: Any) -> Any:
            if getattr(work, "__name__", "") == "evaluate":
                begun.set()
                await asyncio.sleep(0.2)
            return await original(work, *arguments)

        world.workers.compute = slow  # type: ignore[method-assign]
        world.workstation.set_as_of(AsOf.at(BEFORE, 10, 42))
        await asyncio.wait_for(begun.wait(), 10)
        world.workstation.set_as_of(AsOf.at(date(2001, 1, 2), 16))
        await world.settled()
        assert all(isinstance(state, Empty) for state in world.shown_states())
        assert world.strategies.evaluation is None
        with pytest.raises(DataUnavailable):
            await world.strategies.recommend()


async def test_an_evaluation_that_is_late_is_not_shown_beside_the_next_instant(market: Folders) -> None:
    """The evaluation of 10:42 comes while the scan of another day is still running."""
    async with World(market) as world:
        held = {"evaluate": asyncio.Event(), "_timed_scan": asyncio.Event()}
        begun = {name: asyncio.Event() for name in held}
        original = world.workers.compute

        async def slow(work: Any, *arguments: Any) -> Any:
            name = getattr(work, "__name__", "")
            if name in held:
                begun[name].set()
                await held[name].wait()
            return await original(work, *arguments)

        world.workers.compute = slow  # type: ignore[method-assign]
        held["_timed_scan"].set()
        world.workstation.set_as_of(AsOf.at(BEFORE, 10, 42))
        await asyncio.wait_for(begun["evaluate"].wait(), 10)
        held["_timed_scan"].clear()
        world.workstation.set_as_of(AsOf.at(date(2026, 11, 18), 16))
        shown: list[AsOf] = []
        world.strategies.news.subscribe(lambda picture: shown.append(picture.as_of), replay=False)
        held["evaluate"].set()
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert shown == []
        held["_timed_scan"].set()
        await world.settled()
        assert shown == [AsOf.at(date(2026, 11, 18), 16)]


async def test_before_all_data_every_panel_is_empty_with_the_reason_and_comes_back(market: Folders) -> None:
    async with World(market) as world:
        await world.look_at(date(2001, 1, 2), 16)
        states = world.shown_states()
        assert all(isinstance(state, Empty) and state.action == "latest" for state in states)
        assert all(isinstance(state, Empty) and state.fields["day"] == "2001-01-02" for state in states)
        assert world.strategies.journal.signals.last == (), "nothing was stored by then"
        await world.present()
        assert world.shown_states() == [Ready(NOW)] * 4


async def test_a_store_that_breaks_is_a_failure_and_never_an_empty_list(market: Folders) -> None:
    world = World(market)
    broken = Breaking(None, "news", "market_series")

    def wrap(store: Any) -> Any:
        broken._store = store
        return broken

    broken_dataset(world.real, wrap)
    async with world:
        states = world.shown_states()
        assert all(isinstance(state, Failed) and state.error is broken.error for state in states)
        assert world.strategies.closing.last is None
        with pytest.raises(StorageError):
            await world.strategies.recommend()
        assert "notice.scan_not_stored" in world.texts, "the gate could not be read, so no scan was stored"
        broken.error = None
        world.strategies.refresh()
        await world.settled()
        assert all(isinstance(state, Ready) for state in world.shown_states())
        assert (await world.strategies.recommend()).items


async def test_a_store_that_cannot_be_opened_is_a_failure(market: Folders) -> None:
    world = World(market)

    def refuse() -> Any:
        raise StorageError("the disk is full", key="error.storage")

    world.real.strategies = refuse
    async with world:
        assert all(isinstance(state, Failed) for state in world.shown_states())


async def test_two_markets_are_never_mixed(make_market: Callable[[str], Folders]) -> None:
    world = World(make_market("real"), other=make_market("demo"))
    async with world:
        found = world.strategies
        real_store = found.store
        mixed: list[str] = []

        def look(name: str) -> Callable[[Any], None]:
            def on_picture(picture: Any) -> None:
                now = world.workstation.market.last
                if now is not None and picture.panel is not now.panel:
                    mixed.append(name)

            return on_picture

        listeners = [look(name) for name in ("gate", "closing", "day_trades", "news")]
        for name, listener in zip(("gate", "closing", "day_trades", "news"), listeners, strict=True):
            getattr(found, name).subscribe(listener, replay=False)
        # an evaluation of the one market is on its way when the other one is asked for
        found.refresh()
        await world.workstation.switch_dataset("simulated")
        assert found.evaluation is None, "nothing of the market before is offered beside the new one"
        assert all(isinstance(state, Loading | Ready) for state in world.shown_states())
        await world.settled()
        assert not mixed
        assert world.workstation.market.last is not None and world.workstation.market.last.kind == "simulated"
        assert found.evaluation is not None and found.evaluation.instant.panel is world.panel and world.panel.simulated
        assert found.store is not real_store and found.notices._store is found.store and found.journal._store is found.store
        await world.workstation.switch_dataset("real")
        await world.settled()
        assert not mixed
        assert found.store is real_store and found.notices._store is real_store


async def test_what_one_market_tells_is_kept_in_its_own_repository(make_market: Callable[[str], Folders]) -> None:
    real, demo = make_market("real"), make_market("demo")
    world = World(real, other=demo)
    async with world:
        ours = len(world.rows("SELECT * FROM notice"))
        assert ours > 0
        await world.workstation.switch_dataset("simulated")
        await world.settled()
        assert len(world.rows("SELECT * FROM notice")) == ours
        theirs = await world.workers.read(lambda: world.strategies.store.notices())
        assert {record.dedup for record in theirs} == {row[0] for row in world.rows("SELECT dedup FROM notice")}
        # and back: what was told is not told again
        told = len(world.told)
        await world.workstation.switch_dataset("real")
        await world.settled()
        assert len(world.told) == told


async def test_the_repository_of_a_market_is_opened_once_however_many_ask(market: Folders) -> None:
    world = World(market)
    make, made = world.real.strategies, []

    def counted() -> Any:
        made.append(1)
        return make()

    world.real.strategies = counted
    async with world:
        again = await asyncio.gather(*(world.strategies.sources("real") for _ in range(5)))
        assert len(made) == 1 and len(set(map(id, again))) == 1


async def test_closing_leaves_no_task_and_says_nothing_afterwards(market: Folders) -> None:
    before = asyncio.all_tasks()
    world = await World(market).open()
    world.strategies.refresh()
    world.workstation.set_as_of(AsOf.at(BEFORE, 11))
    await asyncio.sleep(0)
    await world.close()
    assert asyncio.all_tasks() == before
    said = len(world.states)
    world.strategies.data_changed()
    world.strategies.refresh()
    await asyncio.sleep(0.05)
    assert len(world.states) == said and asyncio.all_tasks() == before
    assert not world.problems


async def test_a_listener_that_asks_during_a_change_gets_the_recommendations_of_that_change(market: Folders) -> None:
    async with World(market) as world:
        world.workstation.set_as_of(AsOf.at(date(2026, 11, 18), 16))
        answer = await world.strategies.recommend()
        assert answer.as_of == AsOf.at(date(2026, 11, 18), 16)
        assert all(item.signal_date == date(2026, 11, 18) for item in answer.items)


async def test_the_time_machine_waits_for_everything_of_a_step(market: Folders) -> None:
    """Played fast, each minute it shows is on every panel: none is overtaken by the next."""
    async with World(market) as world:
        machine, shown = world.strategies.time_machine, []
        world.strategies.gate.subscribe(lambda picture: shown.append(picture.reading.as_of.instant_ns), replay=False)
        asked: list[int] = []
        await world.look_at(BEFORE, 10, 0)
        shown.clear()
        world.workstation.market.subscribe(lambda picture: asked.append(picture.as_of.instant_ns), replay=False)
        original = world.workers.compute

        async def slow(work: Any, *arguments: Any) -> Any:
            if getattr(work, "__name__", "") == "evaluate":
                await asyncio.sleep(0.25)  # longer than the machine takes for a minute at this speed
            return await original(work, *arguments)

        world.workers.compute = slow  # type: ignore[method-assign]
        machine.set_speed(600.0)
        machine.play()
        while len(set(asked)) < 4:
            await asyncio.sleep(0.02)
        machine.pause()
        await world.settled()
        steps = list(dict.fromkeys(asked))
        assert [instant for instant in dict.fromkeys(shown) if instant in steps] == steps


async def test_the_present_cannot_be_overtaken_by_the_time_machine(market: Folders) -> None:
    async with World(market) as world:
        world.strategies.time_machine.jump(AsOf.at(date(2027, 3, 1), 12).instant_ns)
        await world.settled()
        assert world.workstation.market.last is not None and world.workstation.market.last.is_latest


async def test_a_minute_later_the_scan_is_the_same_and_everything_carries_the_new_instant(market: Folders) -> None:
    async with World(market) as world:
        await world.look_at(BEFORE, 10, 42)
        first, gate = world.workstation.scans.last, world.strategies.gate.last
        await world.look_at(BEFORE, 10, 43)
        second, after = world.workstation.scans.last, world.strategies.gate.last
        assert first is not None and second is not None and gate is not None and after is not None
        assert second.scan.total_score is first.scan.total_score, "not computed again"
        assert second.scan.as_of == AsOf.at(BEFORE, 10, 43)
        assert after.groups is gate.groups and after.reading.as_of == AsOf.at(BEFORE, 10, 43)
        # one that knows more is computed
        await world.look_at(BEFORE, 15, 40)
        third = world.workstation.scans.last
        assert third is not None and third.scan.day_index == second.scan.day_index + 1
        # and what-if never stands in for it
        world.workstation.show_what_if(third.scan, world.workstation.rules.replace({"vcp.rs_min": 80.0}), 0.0)
        await world.look_at(BEFORE, 15, 41)
        fourth = world.workstation.scans.last
        assert fourth is not None and not fourth.what_if and fourth.rules is world.workstation.rules


async def test_the_standard_scan_comes_back_after_a_what_if(market: Folders) -> None:
    async with World(market) as world:
        before = world.workstation.scans.last
        assert before is not None
        world.workstation.show_what_if(before.scan, world.workstation.rules.replace({"vcp.rs_min": 80.0}), 0.01)
        shown = world.workstation.scans.last
        assert shown is not None and shown.what_if and shown.rules is not before.rules
        closing = world.strategies.closing.last
        world.workstation.show_standard()
        assert world.workstation.scans.last is before
        await world.settled()
        assert world.strategies.closing.last is not None and closing is not None
        np.testing.assert_array_equal(world.strategies.closing.last.scan.order, closing.scan.order)
