"""The same client on the window's event loop."""

from __future__ import annotations

import asyncio
import time

import qasync
from PySide6.QtWidgets import QApplication

from ralphstock_desktop.live_ports import Credentials, Priority
from ralphstock_desktop.providers.kiwoom.diagnosis import diagnose
from ralphstock_desktop.providers.kiwoom.rest import open_rest
from ralphstock_desktop.providers.kiwoom.tokens import TokenOwner

from .loopback import KEY, SECRET, Broker, Heard, refusal


def test_requests_and_the_connection_test_run_on_the_windows_loop(qapp: QApplication) -> None:
    async def work() -> list[str]:
        async with Broker().running() as broker:
            owner = TokenOwner(Credentials(KEY, SECRET), now_ns=time.time_ns)
            rest = open_rest(broker.base_url, owner, Heard(), now_ns=time.time_ns)
            broker.say("ka10001", refusal("8005"))
            pages = await asyncio.gather(
                *[rest.call("ka10001", "/api/dostk/stkinfo", {"stk_cd": f"{n:06d}"}, Priority.VISIBLE) for n in range(4)]
            )
            found = await diagnose(broker.base_url, Credentials(KEY, SECRET), now_ns=time.time_ns, tokens=owner, linger_s=0.05)
            assert found.error is None, found
            await rest.close()
            return [page.body["stk_cd"] for page in pages]

    loop = qasync.QEventLoop(qapp)
    try:
        assert loop.run_until_complete(work()) == [f"{n:06d}" for n in range(4)]
    finally:
        loop.close()
        asyncio.set_event_loop(None)
