"""Tasks in the background: nothing fails in silence, and everything can be waited for and stopped."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.model.errors import UserCancelled
from ralphstock_desktop.services.tasks import TaskSet


@pytest.fixture
async def reported() -> list[str]:
    """What the loop's handler was told."""
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(str(context["message"])))
    return told


async def test_a_failure_is_reported_under_the_name_of_its_task(reported: list[str]) -> None:
    async def fail(error: Exception) -> None:
        raise error

    tasks = TaskSet()
    tasks.spawn(fail(ValueError("x")), "counting")
    tasks.spawn(fail(UserCancelled("the user's wish", key="error.cancelled")), "import")
    await tasks.idle()
    assert reported == ["the task 'counting' failed"]
    assert not tasks


async def test_idle_waits_for_what_is_started_meanwhile(reported: list[str]) -> None:
    tasks, order = TaskSet(), list[str]()

    async def second() -> None:
        await asyncio.sleep(0.01)
        order.append("second")

    async def first() -> None:
        await asyncio.sleep(0.01)
        order.append("first")
        tasks.spawn(second(), "second")

    tasks.spawn(first(), "first")
    assert tasks and [task.get_name() for task in tasks.running] == ["first"]
    await tasks.idle()
    assert order == ["first", "second"] and not reported


async def test_cancel_ends_everything_and_is_no_failure(reported: list[str]) -> None:
    tasks, ended = TaskSet(), list[str]()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("x")

    running: list[asyncio.Task[Any]] = [tasks.spawn(endless(), "a"), tasks.spawn(endless(), "b")]
    await asyncio.sleep(0)
    await tasks.cancel()
    assert all(task.cancelled() for task in running) and ended == ["x", "x"] and not reported and not tasks
