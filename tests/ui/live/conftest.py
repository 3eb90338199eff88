"""Fixtures of the live panels' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from tests.ui.live.desk import LiveDesk

OpenDesk = Callable[..., LiveDesk]


@pytest.fixture
def open_desk(qtbot: QtBot) -> Iterator[OpenDesk]:
    """Open panels in windows of their own; they are closed at the end of the test."""
    opened: list[LiveDesk] = []

    def make(kind: Callable[[DockContext], PanelFrame], size: tuple[int, int] = (400, 560), **options: object) -> LiveDesk:
        desk = LiveDesk(qtbot, kind, size, **options)  # type: ignore[arg-type]
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.window.close()
