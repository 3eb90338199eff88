"""Fixtures of the news panel' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from tests.ui.closing.desk import ClosingDesk

OpenDesk = Callable[..., ClosingDesk]


@pytest.fixture
def open_desk(qtbot: QtBot) -> Iterator[OpenDesk]:
    """Open panels in windows of their own; they are closed at the end of the test."""
    opened: list[ClosingDesk] = []

    def make(kind: Callable[[DockContext], PanelFrame], size: tuple[int, int] = (760, 420), **options: object) -> ClosingDesk:
        desk = ClosingDesk(qtbot, kind, size, **options)  # type: ignore[arg-type]
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.window.close()
