"""A reader over a part of the recorded market, opened once a test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from engine.features import acceleration as scan_acceleration
from engine.performance import acceleration as life_acceleration
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.services.assistant.answers import market_history
from ralphstock_desktop.services.strategy.records import RecordKeeper
from tests.acceptance.recorded import World, load_world, part_of
from tests.services.assistant.market.reading import Reader

Make = Callable[..., Coroutine[Any, Any, Reader]]


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> Iterator[None]:
    before = scan_acceleration._compiled
    scan_acceleration.accelerate()
    life_acceleration.accelerate()
    yield
    scan_acceleration._compiled = before


@pytest.fixture(scope="session")
def some_world(recorded_data: Path) -> World:
    """The symbols with minute bars and news, and the most traded ones, over 430 days."""
    return part_of(load_world(recorded_data), 140, 430)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "kept.sqlite3"
    open_database(path).close()
    return path


@pytest_asyncio.fixture
async def make_reader(qapp: QApplication, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    opened: list[tuple[Reader, Database]] = []

    monkeypatch.setattr(market_history, "PATIENCE_S", 30.0)

    async def make(world: World, *, records: bool = False) -> Reader:
        if not records:  # they are counted over all days and have tests of their own
            monkeypatch.setattr(RecordKeeper, "follow", lambda *_: None)
        path = tmp_path / f"kept{len(opened)}.sqlite3"
        shutil.copy(kept, path)
        database = open_database(path)
        reader = Reader(world, database)
        opened.append((reader, database))
        await reader.open()
        return reader

    yield make
    for reader, database in opened:
        await reader.close()
        database.close()
