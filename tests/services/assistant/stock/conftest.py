"""The cut recorded market, read once, and a workstation over it for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from engine.features import acceleration
from ralphstock_desktop.services.strategy.records import RecordKeeper
from tests.acceptance.recorded import World
from tests.services.assistant.stock.room import Room, cut_world


@pytest.fixture(scope="session")
def cut(recorded_data: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Some 60 symbols of the recorded market; use with the ``real_data`` marker."""
    return cut_world(recorded_data, tmp_path_factory.mktemp("cut"))


@pytest.fixture(scope="package", autouse=True)
def _compiled() -> Iterator[None]:
    before = acceleration._compiled
    acceleration.accelerate()
    yield
    acceleration._compiled = before


@pytest.fixture(autouse=True)
def _no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting the record takes minutes and has tests of its own; a test that needs one publishes it."""
    monkeypatch.setattr(RecordKeeper, "follow", lambda *_: None)


@pytest_asyncio.fixture
async def make_room(qapp: QApplication, tmp_path: Path) -> AsyncIterator[Callable[[World], Awaitable[Room]]]:
    rooms: list[Room] = []

    async def make(world: World) -> Room:
        room = Room(world, tmp_path / f"kept{len(rooms)}.sqlite3")
        rooms.append(room)
        return await room.open()

    yield make
    for room in rooms:
        await room.close()


@pytest_asyncio.fixture
async def room(cut: World, make_room: Callable[[World], Awaitable[Room]]) -> Room:
    """A workstation over the cut market."""
    return await make_room(cut)
