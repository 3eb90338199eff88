"""The same models on the window's event loop, which finalises no generators."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

pytest.importorskip("PySide6", reason="the window's library is not installed")

import qasync
from PySide6.QtWidgets import QApplication

from ralphstock_desktop.assistant_ports import TextArrived
from ralphstock_desktop.providers.gemini import open_model_soon

from .asking import KEY, failed, heard, hello, text_of
from .server import MODEL, GeminiServer, says


def _run(qapp: QApplication, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = qasync.QEventLoop(qapp)
    try:
        loop.run_until_complete(work())
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def test_answers_cuts_and_silence(qapp: QApplication, server: GeminiServer, provider: str) -> None:
    async def work() -> None:
        model = await open_model_soon(provider, MODEL, KEY, server.url)
        server.script(says("하나", "둘", gap_s=0.02), says("하나", "둘", cut_after=150), says("하나", stall_after=0))
        assert text_of(await heard(model)) == "하나둘"
        assert (await failed(model))[0].key == "error.model.cut"
        assert (await failed(model, hello(first_token_timeout_s=0.3)))[0].key == "error.model.timeout"
        await model.check()
        await model.close()

    _run(qapp, work)


def test_cancelled_and_dropped_answers_close_their_connection(qapp: QApplication, server: GeminiServer, provider: str) -> None:
    async def work() -> None:
        model = await open_model_soon(provider, MODEL, KEY, server.url)
        server.script(says("하나", stall_after=0), says("하나", "둘", stall_after=1))
        task = asyncio.ensure_future(heard(model))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.to_thread(server.requests[0].wait_gone)

        async def dropped() -> None:
            async for event in model.stream(hello()):
                assert event == TextArrived("하나")
                return

        await dropped()
        gc.collect()
        assert await asyncio.to_thread(server.requests[1].wait_gone)
        await model.close()

    _run(qapp, work)
