"""The rate planner against a server that counts, on time moved by hand."""

from __future__ import annotations

import asyncio
import json
import random
from itertools import pairwise

import pytest

from engine.model.errors import UserCancelled, ValidationFailed
from ralphstock_desktop.live_ports import Priority
from ralphstock_desktop.providers.kiwoom.limits import LimitPlan, LimitRule, RatePlanner

from .loopback import FakeTime, Heard, most_in_a_second

REAL = LimitPlan()


def _planner(time: FakeTime, plan: LimitPlan = REAL) -> tuple[RatePlanner, Heard]:
    heard = Heard()
    return RatePlanner(plan, heard, source="test", monotonic=time.monotonic, sleep=time.sleep), heard


class Client:
    """Asks through a planner; the network delivers each request late, by chance."""

    def __init__(self, planner: RatePlanner, time: FakeTime, rng: random.Random, jitter_s: float, answer_s: float) -> None:
        self.planner, self.time, self.rng = planner, time, rng
        self.jitter_s, self.answer_s = jitter_s, answer_s
        self.granted: list[tuple[float, str, Priority, int]] = []
        self.arrived: dict[str, list[float]] = {}

    async def ask(self, api_id: str, priority: Priority, number: int = 0) -> float:
        asked_s = self.time.now_s
        with await self.planner.acquire(api_id, priority) as _:
            waited_s = self.time.now_s - asked_s
            self.granted.append((self.time.now_s, api_id, priority, number))
            await self.time.sleep(self.rng.uniform(0, self.jitter_s))
            self.arrived.setdefault(api_id, []).append(self.time.now_s)
            await self.time.sleep(self.rng.uniform(0, self.answer_s))
        return waited_s


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("jitter_s", "answer_s"), [(0.0, 0.02), (0.2, 0.2), (0.49, 0.05), (0.05, 4.0)])
async def test_no_sliding_second_holds_more_than_published(seed: int, jitter_s: float, answer_s: float) -> None:
    time = FakeTime()
    planner, _ = _planner(time)
    client = Client(planner, time, random.Random(seed), jitter_s, answer_s)
    tasks = [asyncio.create_task(client.ask("ka10081", Priority.BACKGROUND)) for _ in range(60)]
    tasks += [asyncio.create_task(client.ask(f"ka{n % 7}", Priority.BACKGROUND)) for n in range(140)]
    await time.advance(60)
    await asyncio.gather(*tasks)
    for api_id, arrivals in client.arrived.items():
        assert most_in_a_second(arrivals) <= 5, api_id
    assert most_in_a_second([at for arrivals in client.arrived.values() for at in arrivals]) <= 10
    await planner.close()


async def test_the_pace_is_kept_when_answers_are_quick() -> None:
    """The margin must not cost the rate: 200 requests at 4/s take 50 s, not more than a little longer."""
    time = FakeTime()
    planner, _ = _planner(time)
    client = Client(planner, time, random.Random(1), 0.02, 0.05)
    tasks = [asyncio.create_task(client.ask("ka10081", Priority.BACKGROUND)) for _ in range(200)]
    start_s = time.now_s
    await time.advance(60)
    await asyncio.gather(*tasks)
    assert 49.5 <= client.granted[-1][0] - start_s <= 51
    await planner.close()


async def test_strict_and_slow_rules() -> None:
    time = FakeTime()
    planner, _ = _planner(time, LimitPlan.for_host("mock"))
    client = Client(planner, time, random.Random(2), 0.1, 0.1)
    tasks = [asyncio.create_task(client.ask(api, Priority.VISIBLE)) for api in ["ka10001"] * 10 + ["ka10099"] * 4]
    await time.advance(30)
    await asyncio.gather(*tasks)
    assert most_in_a_second(client.arrived["ka10001"]) == 1
    arrivals = client.arrived["ka10099"]
    assert min(b - a for a, b in pairwise(arrivals)) >= 1.99
    await planner.close()


async def test_an_interactive_request_waits_one_slot_among_thousands() -> None:
    time = FakeTime()
    planner, _ = _planner(time)
    client = Client(planner, time, random.Random(3), 0.02, 0.1)
    crowd = [asyncio.create_task(client.ask("ka10081", Priority.BACKGROUND, n)) for n in range(2600)]
    crowd += [asyncio.create_task(client.ask(f"ka1005{n % 5}", Priority.BACKGROUND, n)) for n in range(2600)]
    await time.advance(3.07)
    same = asyncio.create_task(client.ask("ka10081", Priority.INTERACTIVE))
    await time.advance(0.5)
    other = asyncio.create_task(client.ask("ka10004", Priority.INTERACTIVE))
    await time.advance(2)
    assert same.done() and await same <= 0.25 + 1e-9
    # A kind nobody asks for waits for the next place overall.
    assert other.done() and await other <= 0.1 + 0.15
    await planner.close()
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_priority_order_and_first_come_first_served() -> None:
    time = FakeTime()
    planner, _ = _planner(time)
    client = Client(planner, time, random.Random(4), 0, 0.01)
    wanted = [(p, n) for n in range(5) for p in (Priority.BACKGROUND, Priority.VISIBLE, Priority.GAP, Priority.INTERACTIVE)]
    first = asyncio.create_task(client.ask("ka10081", Priority.BACKGROUND, -1))
    await time.settle()
    tasks = [asyncio.create_task(client.ask("ka10081", p, n)) for p, n in wanted]
    await time.advance(10)
    await asyncio.gather(first, *tasks)
    order = [(p, n) for _, _, p, n in client.granted[1:]]
    assert order == sorted(wanted)
    await planner.close()


async def test_an_exhausted_kind_does_not_hold_up_another() -> None:
    time = FakeTime()
    planner, _ = _planner(time)
    client = Client(planner, time, random.Random(5), 0, 0.01)
    planner.limited("ka10081", retry_after_s=5)
    stuck = asyncio.create_task(client.ask("ka10081", Priority.INTERACTIVE))
    free = asyncio.create_task(client.ask("ka10080", Priority.BACKGROUND))
    await time.advance(0.2)
    assert free.done() and not stuck.done()
    await time.advance(6)
    assert stuck.done()
    await planner.close()


async def test_cancelling_frees_the_place() -> None:
    time = FakeTime()
    planner, heard = _planner(time)
    client = Client(planner, time, random.Random(6), 0, 0.01)
    tasks = [asyncio.create_task(client.ask("ka10081", Priority.VISIBLE, n)) for n in range(1000)]
    await time.advance(0.01)
    assert planner.waiting() == 999 == planner.waiting(Priority.VISIBLE)
    for task in tasks[1:999]:
        task.cancel()
    await time.advance(0.3)
    assert planner.waiting() == 0
    assert [n for _, _, _, n in client.granted] == [0, 999]
    assert heard.queues[-1] == (0, 0.0)
    await asyncio.gather(*tasks, return_exceptions=True)
    await planner.close()


async def test_cancelling_between_grant_and_start_gives_the_place_back() -> None:
    time = FakeTime()
    planner, _ = _planner(time)
    with await planner.acquire("ka10081", Priority.VISIBLE):
        pass
    task = asyncio.create_task(planner.acquire("ka10081", Priority.VISIBLE))
    await time.settle()
    time.now_s += 0.25
    planner._dispatch()  # granted, but the task has not run since
    assert planner.waiting() == 0 and not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    client = Client(planner, time, random.Random(7), 0, 0.01)
    asked = asyncio.create_task(client.ask("ka10081", Priority.VISIBLE))
    await time.advance(0.05)
    assert asked.done() and await asked == 0.0
    await planner.close()


async def test_an_unused_slot_is_given_back() -> None:
    time = FakeTime()
    planner, _ = _planner(time)
    with await planner.acquire("ka10081", Priority.VISIBLE) as slot:
        slot.unused()
    with await planner.acquire("ka10081", Priority.VISIBLE):
        assert time.now_s == 1_000.0
    await planner.close()


async def test_being_limited_halves_pauses_and_recovers() -> None:
    time = FakeTime()
    planner, heard = _planner(time)
    assert planner.limited("ka10081") == 1.0
    # Others of the same moment are the same news.
    assert planner.limited("ka10081") == 1.0
    assert planner.pace_of("ka10081") == 2.0
    assert planner.pace_of("ka10080") == 4.0
    await time.advance(1.1)
    assert planner.limited("ka10081") == 2.0
    await time.advance(2.1)
    assert planner.limited("ka10081") == 4.0
    assert planner.pace_of("ka10081") == 0.5
    assert heard.limits == [1.0, 1.0, 2.0, 4.0]
    for _ in range(8 * 10):
        planner.answered("ka10081")
    assert planner.pace_of("ka10081") == 4.0
    await time.advance(10)
    assert planner.limited("ka10081") == 1.0
    await planner.close()


async def test_total_limit_slows_everything_and_group_limit_its_group() -> None:
    time = FakeTime()
    planner, _ = _planner(time)
    client = Client(planner, time, random.Random(8), 0, 0.01)
    planner.limited("ka10081", code="1701", retry_after_s=1.0)
    asked = asyncio.create_task(client.ask("ka10080", Priority.INTERACTIVE))
    await time.advance(0.9)
    assert not asked.done()
    await time.advance(0.3)
    assert asked.done()
    planner.limited("ka10081", group="chart", code="1702", retry_after_s=1.0)
    member = asyncio.create_task(planner.acquire("ka20006", Priority.INTERACTIVE, group="chart"))
    stranger = asyncio.create_task(planner.acquire("ka10001", Priority.INTERACTIVE, group="stkinfo"))
    await time.advance(0.5)
    assert stranger.done() and not member.done()
    await time.advance(0.7)
    assert member.done()
    await planner.close()


async def test_eta_counts_what_goes_before() -> None:
    time = FakeTime()
    planner, heard = _planner(time)
    tasks = [asyncio.create_task(planner.acquire("ka10081", Priority.VISIBLE)) for _ in range(41)]
    tasks += [asyncio.create_task(planner.acquire("ka10099", Priority.BACKGROUND)) for _ in range(11)]
    await time.settle()
    assert planner.eta_s(Priority.INTERACTIVE) == 0
    assert planner.eta_s(Priority.VISIBLE) == pytest.approx(10, abs=0.5)
    assert planner.eta_s() == pytest.approx(20, abs=2.1)
    assert heard.queues and heard.queues[0][0] > 0
    await planner.close()
    for outcome in (await asyncio.gather(*tasks, return_exceptions=True))[2:]:
        assert isinstance(outcome, UserCancelled)


def test_plans_are_plain_data() -> None:
    plan = LimitPlan(each=LimitRule(3.0, 4), special={"ka10001": LimitRule(0.2, 1, 5.0)}, jitter_s=0.3)
    assert LimitPlan.from_json(json.loads(json.dumps(plan.as_json()))) == plan
    assert LimitPlan.from_json({}) == LimitPlan()
    assert LimitPlan.for_host("mock").each.per_s == 1.0
    assert LimitPlan.for_host("real") == LimitPlan.for_host("simulator") == LimitPlan()
    for wrong in (
        {"each": {"per_s": 0, "most": 1}},
        {"each": {"speed": 3}},
        {"special": 3},
        {"each": {"per_s": "x", "most": 1}},
    ):
        with pytest.raises(ValidationFailed):
            LimitPlan.from_json(wrong)
