"""Fixtures of the window's tests: one styled application, a workstation double, and a window that is closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DOCKS, DockContext, DockSpec
from ralphstock_desktop.ui.main_window import MainWindow
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.stylesheet import ApplicationStyle
from ralphstock_desktop.ui.window_parts import WindowParts
from tests.ui.shell.doubles import MemorySettings, WorkstationDouble, run_now

NOW_NS = 1_777_900_000_000_000_000


@pytest.fixture
def look(qapp: QApplication, tmp_path: Path) -> Iterator[Appearance]:
    """A fresh appearance applied to the application."""
    appearance = Appearance()
    ApplicationStyle(qapp, appearance, tmp_path / "style")
    yield appearance
    appearance.deleteLater()


def simple_panel(spec: DockSpec) -> DockSpec:
    """The same declaration with a panel that needs no market modules: two buttons under the scan's state."""

    def make(context: DockContext) -> PanelFrame:
        content = QWidget()
        column = QVBoxLayout(content)
        column.addWidget(QPushButton("first"))
        column.addWidget(QPushButton("second"))
        frame = PanelFrame(context.appearance, panel_id=spec.id, title_key=spec.title_key, screen=spec.screen, content=content)
        context.workstation.scan_state.subscribe(frame.set_state)
        return frame

    return replace(spec, factory=make)


@dataclass
class Opened:
    """A window with what it was given."""

    window: MainWindow
    work: WorkstationDouble
    settings: MemorySettings
    look: Appearance
    saved: list[str] = field(default_factory=list)
    written: list[tuple[str, bytes]] = field(default_factory=list)


@pytest.fixture
def open_window(qtbot: Any, look: Appearance) -> Iterator[Callable[..., Opened]]:
    """Open main windows; they are closed at the end of the test."""
    opened: list[Opened] = []

    def make(
        texts: tuple[str, ...] = (),
        *,
        size: tuple[int, int] = (1600, 900),
        kind: str = "real",
        with_data: bool = True,
        ledger: bool = False,
        **settings: Any,
    ) -> Opened:
        work = WorkstationDouble(kind="simulated" if kind == "simulated" else "real")
        store = MemorySettings(**{"theme": "dark", **settings})
        docks = [spec if ledger and spec.id == "ledger" else simple_panel(spec) for spec in DOCKS]
        saved: list[str] = []
        written: list[tuple[str, bytes]] = []
        parts = WindowParts(
            workstation=work,
            settings=store,
            appearance=look,
            spawn=run_now,
            now_ns=lambda: NOW_NS,
            save_layout=saved.append,
            write_file=lambda file, content: written.append((file, content)),
            memory_bytes=lambda: 4.1e8,
            facts={"version": "test", "database": "SQLite test"},
            docks=docks,
        )
        window = MainWindow(parts)
        qtbot.addWidget(window)
        window.resize(*size)
        window.open_layout(texts)
        window.show()
        qtbot.waitExposed(window)
        window.make_panels()
        if with_data:
            work.open()
        qtbot.waitUntil(lambda: not window._to_make)
        found = Opened(window, work, store, look, saved, written)
        opened.append(found)
        return found

    yield make
    for item in opened:
        item.window.close()
