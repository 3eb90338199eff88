"""The whole window over a panel in memory, for benchmarks of the live path."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from engine.calendar.trading_days import TradingCalendar
from engine.model.panel import MarketPanel
from ralphstock_desktop.app.settings_store import JsonSettings
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.services.live.service import LiveService
from ralphstock_desktop.services.live_contracts import ConnectionPlan
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.main_window import MainWindow
from ralphstock_desktop.ui.window_parts import WindowParts

__all__ = ["open_window"]


class PanelDataset:
    """A data set of one panel; nothing is stored."""

    def __init__(self, panel: MarketPanel) -> None:
        self._panel = panel

    def quick_panel(self) -> MarketPanel:
        return self._panel

    def load_panel(self, _on_progress: Any) -> MarketPanel:
        return self._panel

    def notices(self) -> tuple[str, ...]:
        return ()

    def minute_tickers(self) -> frozenset[str]:
        return frozenset()

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments, **_named: None


class Links:
    """A factory that gives the one link of the benchmark."""

    def __init__(self, make: Callable[[Any, Any], Any]) -> None:
        self._make = make

    async def make(self, plan: ConnectionPlan, sink: Any, monitor: Any) -> Any:
        return self._make(sink, monitor)

    def remembered(self) -> ConnectionPlan:
        return ConnectionPlan("custom", "http://127.0.0.1:1")

    def remember(self, plan: Any) -> None: ...


def open_window(
    panel: MarketPanel, folder: Path, make_link: Callable[[Any, Any], Any], make_recorder: Callable[[Any, Any], Any]
) -> tuple[MainWindow, LiveService, WorkstationService, Callable[..., Any]]:
    """Open the window with all panels of its default layout; nothing is connected yet."""
    panel = dataclasses.replace(panel, simulated=False)
    loop = asyncio.get_event_loop()

    def spawn(work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        return loop.create_task(work, name=name)

    def calendar() -> TradingCalendar:
        return load_calendar(folder / "calendar.json").trading

    workers = Workers()
    workstation = WorkstationService({"real": lambda: PanelDataset(panel)}, workers, time.time_ns, folder)  # type: ignore[dict-item]
    live = LiveService(
        workstation.market, workstation.scans, Links(make_link), make_recorder, workers, calendar,
        time.time_ns, time.monotonic, lambda: workstation.rules, spawn,
    )  # type: ignore[arg-type]  # fmt: skip
    workstation.live = live
    settings = JsonSettings(folder / "settings.json", {"first_run_done": True})
    window = MainWindow(
        WindowParts(
            workstation=workstation, settings=settings, appearance=Appearance(), spawn=spawn, now_ns=time.time_ns,
            save_layout=lambda text: None, write_file=lambda file, content: None, memory_bytes=lambda: None, facts={},
        )
    )  # fmt: skip
    window.resize(1_920, 1_080)
    window.open_layout([])
    window.show()
    QApplication.processEvents()
    window.make_panels()
    return window, live, workstation, spawn
