"""Silence, limits and cancelling: nothing hangs, and the connection is gone at once."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator

import pytest

from engine.model.errors import ProviderError
from ralphstock_desktop.assistant_ports import LanguageModel, ModelEvent, TextArrived

from .asking import failed, heard, hello, text_of
from .server import GeminiServer, Reply, fails, says

CANCEL_S = 10.0
"""Below any time-out of these requests: cancelled, not waited out. The figure itself is measured in ``tests/perf``."""

LONG_S = 60.0
"""A time-out that must not be the one that ends the request."""

SILENCES: list[tuple[str, Reply, str]] = [
    ("before the headers", says("하나", delay_s=math.inf), ""),
    ("before the first event", says("하나", stall_after=0), ""),
    ("between events", says("하나", "둘", "셋", stall_after=2), "하나둘"),
    ("after the last event without an end", says("하나", finish="", stall_after=1), "하나"),
]
_IDS = [case[0] for case in SILENCES]
_CASES = pytest.mark.parametrize(("reply", "text"), [case[1:] for case in SILENCES], ids=_IDS)


@_CASES
async def test_silence_has_an_end(server: GeminiServer, model: LanguageModel, reply: Reply, text: str) -> None:
    server.script(reply)
    began = time.monotonic()
    error, before = await failed(model, hello(first_token_timeout_s=0.3, total_timeout_s=LONG_S))
    took = time.monotonic() - began
    assert (type(error), error.key, error.retryable, error.fields["limit"]) == (
        ProviderError,
        "error.model.timeout",
        True,
        "silence",
    )
    assert text_of(before) == text
    assert 0.28 < took < LONG_S
    assert await asyncio.to_thread(server.requests[0].wait_gone)


async def test_an_error_whose_body_never_comes_has_an_end(server: GeminiServer, model: LanguageModel) -> None:
    server.script(fails(500, "x" * 100, cut_after=10, stall_after=0))
    error, _ = await failed(model, hello(first_token_timeout_s=0.3, total_timeout_s=LONG_S))
    assert error.key == "error.model.timeout"
    assert await asyncio.to_thread(server.requests[0].wait_gone)


async def test_the_whole_answer_has_a_limit_however_lively_it_is(server: GeminiServer, model: LanguageModel) -> None:
    text = "가나다라마바사아자차카타파하" * 40
    server.script(says(*text, gap_s=0.1))
    began = time.monotonic()
    error, before = await failed(model, hello(first_token_timeout_s=LONG_S, total_timeout_s=1.0))
    assert (error.key, error.fields["limit"]) == ("error.model.timeout", "total")
    assert 0.95 < time.monotonic() - began < LONG_S
    assert text.startswith(text_of(before)) and len(text_of(before)) <= 11
    assert await asyncio.to_thread(server.requests[0].wait_gone)


async def test_a_check_of_a_silent_server_has_an_end(
    server: GeminiServer, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "genai" if model.provider == "google-genai" else "legacy"
    monkeypatch.setattr(f"ralphstock_desktop.providers.gemini.{module}.CHECK_S", 0.3)
    server.script(says("", delay_s=math.inf))
    with pytest.raises(ProviderError) as caught:
        await model.check()
    assert caught.value.key == "error.model.timeout"
    assert await asyncio.to_thread(server.requests[0].wait_gone)


@_CASES
async def test_cancelling_closes_the_connection_at_once(
    server: GeminiServer, model: LanguageModel, reply: Reply, text: str
) -> None:
    server.script(reply)
    before: list[ModelEvent] = []
    task = asyncio.create_task(heard(model, on_event=before.append))
    await asyncio.to_thread(server.wait_requests, 1)
    while text_of(before) != text:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert not task.done()
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < CANCEL_S
    assert await asyncio.to_thread(server.requests[0].wait_gone)
    gone_s = server.requests[0].gone_s
    assert gone_s is not None and gone_s - began < CANCEL_S
    assert text_of(await heard(model)) == "안녕하세요"  # and the model still works


async def test_cancelling_closes_a_kept_connection_too(server: GeminiServer, model: LanguageModel) -> None:
    await heard(model)
    server.script(says("하나", delay_s=math.inf))
    task = asyncio.create_task(heard(model))
    await asyncio.to_thread(server.wait_requests, 2)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.requests[1].wait_gone)
    assert (server.requests[1].gone_s or math.inf) - began < CANCEL_S
    assert server.connections == 1


async def test_cancelling_a_check(server: GeminiServer, model: LanguageModel) -> None:
    server.script(says("", delay_s=math.inf))
    task = asyncio.create_task(model.check())
    await asyncio.to_thread(server.wait_requests, 1)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.requests[0].wait_gone)
    assert (server.requests[0].gone_s or math.inf) - began < CANCEL_S


async def test_a_reader_that_stops_reading_lets_the_connection_go(server: GeminiServer, model: LanguageModel) -> None:
    """Without closing the stream: it is dropped within the loop's body, as by a cancelled task."""
    server.script(says("하나", "둘", stall_after=1))

    async def first(events: AsyncIterator[ModelEvent]) -> ModelEvent:
        async for event in events:
            return event
        raise AssertionError

    assert await first(model.stream(hello())) == TextArrived("하나")
    began = time.monotonic()
    assert await asyncio.to_thread(server.requests[0].wait_gone)
    assert (server.requests[0].gone_s or math.inf) - began < CANCEL_S


async def test_a_stream_never_read_asks_nothing(server: GeminiServer, model: LanguageModel) -> None:
    model.stream(hello())
    await asyncio.sleep(0.05)
    assert server.requests == []


async def test_closing_the_model_ends_its_streams(server: GeminiServer, model: LanguageModel) -> None:
    server.script(says("하나", "둘", stall_after=1))
    task = asyncio.create_task(failed(model))
    await asyncio.to_thread(server.wait_requests, 1)
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await model.close()
    error, _ = await task
    assert error.key in ("error.model.cut", "error.model.malformed", "error.model.network")
    assert time.monotonic() - began < CANCEL_S
    assert await asyncio.to_thread(server.wait_connections, 0)


async def test_fifty_given_up_answers_leave_nothing_behind(server: GeminiServer, model: LanguageModel) -> None:
    server.respond = lambda body: says("하나", "둘", stall_after=1)
    tasks_before, threads_before = len(asyncio.all_tasks()), threading.active_count()
    for _ in range(5):
        tasks = [asyncio.create_task(heard(model)) for _ in range(10)]
        await asyncio.sleep(0.15)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await asyncio.to_thread(server.wait_connections, 0)
    ends_at = time.monotonic() + 15.0
    while threading.active_count() > threads_before + 1 and time.monotonic() < ends_at:  # one belongs to to_thread
        await asyncio.sleep(0.02)
    assert threading.active_count() <= threads_before + 1
    assert len(asyncio.all_tasks()) == tasks_before


async def test_the_loop_goes_on_while_an_answer_is_awaited(server: GeminiServer, model: LanguageModel) -> None:
    server.script(says(*"가나다라마바사아자차", gap_s=0.02))
    gaps: list[float] = []

    async def tick() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    await heard(model)  # the library's own first-time work
    server.script(says(*"가나다라마바사아자차", gap_s=0.02))
    ticking = asyncio.create_task(tick())
    await heard(model)
    ticking.cancel()
    assert len(gaps) > 10, "others had their turn between the pieces"
