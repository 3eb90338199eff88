"""A whole workstation over the recorded market with the assistant in it, and a language model whose answers a test writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from engine.features import acceleration as scan_acceleration
from engine.model.instants import AsOf
from engine.performance import acceleration as life_acceleration
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.providers.gemini import open_model_soon
from ralphstock_desktop.services.assistant.model_access import KeyBox
from ralphstock_desktop.services.assistant.service import AssistantService
from ralphstock_desktop.services.assistant_contracts import Screen, Turn
from ralphstock_desktop.services.strategy.records import RecordKeeper
from ralphstock_desktop.services.watching import WatchService
from tests.acceptance.desk import Desk
from tests.acceptance.recorded import World, load_world, part_of
from tests.services.assistant.model_double import ScriptedModel
from tests.ui.shell.doubles import MemorySettings

__all__ = ["AssistantDesk"]


class AssistantDesk:
    """The assistant over a desk; closed by the fixture."""

    def __init__(self, world: World, folder: Path, *, outside: bool = True) -> None:
        self.database = open_database(folder / "assistant.sqlite3")
        self.desk = Desk(world, self.database)
        self.settings = MemorySettings()
        self.settings.set("assistant_outside", outside)
        self.model: Any = ScriptedModel()
        self.url = ""
        """Address of a server that is asked through the real library in place of the double."""
        self.key = "a-key"
        store = SqlAssistantStore(self.database, lambda: self.desk.now_ns)

        async def open_store(_kind: str) -> SqlAssistantStore:
            return store

        async def open_model(provider: str, model: str, key: str, _url: str) -> Any:
            if self.url:
                self.model = await open_model_soon(provider, model, key, self.url)
            return self.model

        self.store = store
        work = self.desk.workstation
        notices: Any = self.desk.strategies.notices
        self.watch = WatchService(
            work, self.desk.workers, open_store=open_store, post=notices.post, now_ns=lambda: self.desk.now_ns
        )
        self.assistant = AssistantService(
            work,
            self.desk.workers,
            self.settings,
            lambda: self.desk.now_ns,
            open_store=open_store,
            open_model=open_model,
            keys=KeyBox(lambda: self.key, lambda key: setattr(self, "key", key)),
            watch=self.watch,
        )

    async def open(self, as_of: AsOf) -> None:
        await self.desk.workstation.start("real")
        await self.desk.settled()
        self.watch.start()
        self.assistant.start()
        await self.look_at(as_of)

    async def look_at(self, as_of: AsOf) -> None:
        self.desk.workstation.set_as_of(as_of)
        await self.desk.settled()
        await self.assistant.idle()
        await self.watch.idle()

    def screen(self, ticker: str = "", panels: tuple[str, ...] = ("signals", "chart")) -> Screen:
        picture = self.desk.workstation.market.last
        assert picture is not None
        return Screen(ticker, panels, picture.as_of)

    async def ask(self, text: str, ticker: str = "") -> Turn:
        """Ask as a user would and wait for the answer."""
        self.assistant.ask(text, self.screen(ticker))
        await self.assistant.idle()
        await asyncio.sleep(0)
        conversation = self.assistant.conversation.last
        assert conversation is not None
        return conversation.turns[-1]

    async def close(self) -> None:
        await self.assistant.close()
        await self.watch.close()
        await self.desk.close()
        self.database.close()


@pytest.fixture(scope="session")
def chat_world(recorded_data: Path) -> World:
    """The most traded symbols of the recorded market with minute bars and news, over the last 430 days."""
    return part_of(load_world(recorded_data), 140, 430)


MakeDesk = Callable[..., Any]


@pytest.fixture(autouse=True)
def _compiled_and_without_records(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Loops run compiled, and the record of years is not counted: it has tests of its own."""
    before = scan_acceleration._compiled
    scan_acceleration.accelerate()
    life_acceleration.accelerate()
    monkeypatch.setattr(RecordKeeper, "follow", lambda *_: None)
    yield
    scan_acceleration._compiled = before


@pytest_asyncio.fixture
async def make_chat(qapp: QApplication, chat_world: World, tmp_path: Path) -> AsyncIterator[MakeDesk]:
    """Open an assistant over the recorded market at an instant."""
    opened: list[AssistantDesk] = []

    async def make(as_of: AsOf, *, outside: bool = True) -> AssistantDesk:
        folder = tmp_path / f"chat{len(opened)}"
        folder.mkdir()
        desk = AssistantDesk(chat_world, folder, outside=outside)
        opened.append(desk)
        await desk.open(as_of)
        return desk

    yield make
    for desk in opened:
        await desk.close()
