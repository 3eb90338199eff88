"""Fixtures of the alerts' tests: a repository, the real services, and windows that are closed again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.model.instants import kst_ns
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from tests.services.strategies.kept.kept_market import Clock, Settings, day
from tests.ui.alerts.desk import DAYS, Desk, Shop

OpenDesk = Callable[..., Desk]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Services over an empty repository; it is 10:43 of the last day."""
    workers = Workers()
    clock = Clock(kst_ns(day(DAYS - 1), 10, 43))
    with open_database(tmp_path / "market.db") as database:
        made = Shop(SqlStrategyStore(database, clock), workers, clock, Settings())
        yield made
        await made.book.close()
    workers.close()


@pytest.fixture
def open_desk(qtbot: QtBot, shop: Shop) -> Iterator[OpenDesk]:
    """Open panels in windows of their own; they are closed at the end of the test."""
    opened: list[Desk] = []

    def make(kind: Callable[[DockContext], PanelFrame] | None, size: tuple[int, int] = (640, 240), **options: object) -> Desk:
        desk = Desk(qtbot, shop, kind, size, **options)  # type: ignore[arg-type]
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.window.close()
