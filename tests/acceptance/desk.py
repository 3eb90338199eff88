"""The whole workstation over a world held in memory, with every declared panel open: what the user sees at an instant.

Nothing stands in for a calculation: the services are the program's own, over a repository in a temporary SQLite file for what
they keep, and over :class:`~tests.acceptance.recorded.MemoryStore` for what they read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractItemModel, QCoreApplication, QEvent, QModelIndex, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QApplication, QLabel, QWidget

from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.ports import Ledger, Progress
from ralphstock_desktop.services.backtests import BacktestService
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.journal import JournalService
from ralphstock_desktop.services.notices import NoticeService
from ralphstock_desktop.services.strategy.core import StrategyService
from ralphstock_desktop.services.strategy_contracts import BacktestPlan
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.strategy_ports import Executor
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DOCKS, DockContext
from ralphstock_desktop.ui.gate_strip import GateStrip
from ralphstock_desktop.ui.panel import PanelFrame
from tests.acceptance.compare import differences
from tests.acceptance.recorded import MemoryStore, World
from tests.ui.shell.doubles import MemorySettings

__all__ = ["Desk", "MemoryDataset"]

_ROLES = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
_MOST_ROWS = 60
_LOOKS = 10
_REST_S = 1.1
"""Longer than any panel waits before it catches up with the instant."""


class DeskStore(MemoryStore):
    """Reads from the world, keeps in a repository."""

    def __init__(self, world: World, kept: SqlStrategyStore) -> None:
        super().__init__(world)
        self._kept = kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)


class MemoryDataset:
    """See :class:`ralphstock_desktop.ports.Dataset`: one world, whose contents a test may exchange."""

    def __init__(self, world: World, database: Database, now_ns: Callable[[], int]) -> None:
        self.store = DeskStore(world, SqlStrategyStore(database, now_ns))

    def put(self, world: World) -> None:
        self.store.world = world
        self.store.__dict__.pop("_news", None)

    def quick_panel(self) -> MarketPanel:
        return self.store.world.panel

    def load_panel(self, on_progress: Callable[[Progress], None]) -> MarketPanel:
        return self.store.world.panel

    def settle(self, on_progress: Callable[[Progress], None]) -> None:
        pass

    def notices(self) -> tuple[str, ...]:
        return ()

    def minute_series(self, ticker: str, timeframe: Timeframe, as_of: AsOf) -> ChartSeries:
        raise DataUnavailable(f"no minutes of {ticker}", key="error.no_minutes", ticker=ticker)

    def minute_tickers(self) -> frozenset[str]:
        return frozenset()

    def ledger(self) -> Ledger:
        return Ledger((), 0)

    def symbol_coverage(self, ticker: str) -> tuple[()]:
        return ()

    def recall_scan(self, panel: MarketPanel, as_of: AsOf, ruleset: str) -> VcpScan | None:
        return None

    def keep_scan(self, scan: VcpScan) -> None:
        pass

    def store_scan(self, scan: VcpScan, panel: MarketPanel, started_ns: int, *rest: Any) -> None:
        pass

    def strategies(self) -> DeskStore:
        return self.store

    def close(self) -> None:
        pass


class Desk:
    """Workstation, strategies and one panel of each kind. Made and used on a running event loop with a Qt application."""

    def __init__(self, world: World, database: Database, *, language: str = "ko") -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._nothing = self._loop.create_task(asyncio.sleep(0))
        """Timers of panels may fire between a test and its end, while the loop stands still."""
        self.now_ns = AsOf.end_of(world.panel.days[-1].astype("datetime64[D]").item()).instant_ns
        self.workers = Workers()
        self.dataset = MemoryDataset(world, database, lambda: self.now_ns)
        self.workstation = WorkstationService(
            {"real": lambda: self.dataset, "simulated": lambda: self.dataset},  # type: ignore[dict-item]
            self.workers,
            lambda: self.now_ns,
            Path("data"),
            warm=False,
        )
        notices = NoticeService(self.workers, MemorySettings(), lambda: self.now_ns)
        journal = JournalService(self.workers, lambda: self.now_ns, lambda: self.workstation.rules)
        backtests = BacktestService(
            self.workers,
            picture=lambda: self.workstation.market.last,
            rules=lambda: self.workstation.rules,
            store=lambda: self.dataset.store,
            executor=_no_executor,
            now_ns=lambda: self.now_ns,
            code_version="test",
        )
        self.strategies = StrategyService(
            self.workstation,
            self.workers,
            MemorySettings(),
            lambda: self.now_ns,
            notices=notices,
            journal=journal,
            backtests=backtests,
        )
        self.workstation.strategies = self.strategies
        self.look = Appearance(language=language)  # type: ignore[arg-type]
        self.window = QWidget()
        self.panels: dict[str, PanelFrame] = {}
        self.missing: list[str] = []

    async def open(self) -> None:
        """Open the market as of now, then every panel."""
        await self.workstation.start("real")
        await self.settled()
        context = DockContext(self.workstation, self.look, self._spawn, Channel("market_filter"))
        self.window.resize(900, 620)
        for spec in DOCKS:
            try:
                panel = spec.factory(context)
            except ModuleNotFoundError:
                self.missing.append(spec.id)
                continue
            panel.setParent(self.window)
            panel.setGeometry(0, 0, 900, 600)
            self.panels[spec.id] = panel
        self.strip = GateStrip(self.look, self.workstation)
        self.strip.setParent(self.window)
        self.window.show()
        for panel in self.panels.values():
            panel.show()
        await self.settled()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        if self._closed:  # a timer of a panel that waits to be destroyed
            work.close()
            return self._nothing
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settled(self) -> None:
        """Wait until everything of the instant is computed and painted."""
        for _ in range(3):
            await self.workstation.idle()
            await self.strategies.idle()
            while self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)
            for _ in range(8):
                QApplication.processEvents()
                await asyncio.sleep(0.01)

    async def rested(self) -> dict[str, Any]:
        """Wait until what panels put off for a moment is done too and nothing moves any more; return what is painted."""
        await asyncio.sleep(_REST_S)
        await self.settled()
        before = self.painted()
        for _ in range(_LOOKS):
            await self.settled()
            now = self.painted()
            if next(differences(before, now), None) is None:
                return now
            before = now
        raise AssertionError(f"still moving: {list(differences(before, self.painted()))[:3]}")

    async def change(self, world: World) -> None:
        """Look at another world: the repository's contents have changed."""
        self.dataset.put(world)
        await self.workstation.take_new_data("real")
        self.strategies.data_changed()
        await self.settled()

    async def look_at(self, ticker: str, as_of: AsOf) -> None:
        """Set the clock and choose a symbol."""
        self.workstation.set_as_of(as_of)
        self.workstation.select(ticker, "test")
        await self.settled()

    def painted(self) -> dict[str, Any]:
        """Pixels, texts and table contents of every panel. Where a list is scrolled to and who has the keyboard is the user's."""
        found: dict[str, Any] = {}
        if (focused := QApplication.focusWidget()) is not None:
            focused.clearFocus()
        for area in self.window.findChildren(QAbstractScrollArea):
            area.verticalScrollBar().setValue(0)
            area.horizontalScrollBar().setValue(0)
        QApplication.processEvents()
        for name, widget in (*self.panels.items(), ("gate strip", self.strip)):
            image = widget.grab().toImage()
            found[f"{name} pixels"] = _pixels(image)
            found[f"{name} words"] = _words(widget)
            for number, view in enumerate(_views(widget)):
                found[f"{name} table {number}"] = _table(view.model())
        return found

    async def close(self) -> None:
        """Close everything in order."""
        self.window.close()
        for panel in self.panels.values():
            panel.hide()
        QApplication.processEvents()
        await self.strategies.close()
        await self.workstation.close()
        self.workers.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        self._closed = True
        self.panels.clear()


def _no_executor(_plan: BacktestPlan) -> Executor:
    raise AssertionError("no backtest is run here")


def _pixels(image: QImage) -> npt.NDArray[np.uint8]:
    """Every channel of every pixel, shape (height, width, 4)."""
    plain = image.convertToFormat(QImage.Format.Format_ARGB32)
    return np.frombuffer(bytes(plain.constBits()), dtype=np.uint8).reshape(plain.height(), plain.width(), 4)


def _views(widget: QWidget) -> list[QAbstractItemView]:
    return [view for view in widget.findChildren(QAbstractItemView) if view.model() is not None]


def _words(widget: QWidget) -> list[tuple[str, ...]]:
    """What is said to a screen reader and written on labels, by every widget of a panel that is shown."""
    found = []
    for child in (widget, *(child for child in widget.findChildren(QWidget) if child.isVisibleTo(widget))):
        text = child.text() if isinstance(child, QLabel) else ""
        words = (type(child).__name__, child.accessibleName(), child.accessibleDescription(), child.toolTip(), text)
        if any(words[1:]):
            found.append(words)
    return found


def _table(model: QAbstractItemModel) -> list[list[tuple[Any, ...]]]:
    rows = min(model.rowCount(), _MOST_ROWS)
    root = QModelIndex()
    return [
        [
            tuple(str(model.data(model.index(row, column, root), role)) for role in _ROLES)
            for column in range(model.columnCount())
        ]
        for row in range(rows)
    ]
