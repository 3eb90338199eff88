"""The watch panel over a planted market with a running day, the real watch service and a real repository."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.errors import StorageError
from ralphstock_desktop.assistant_ports import AssistantStore
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.services.contracts import SymbolHit
from ralphstock_desktop.services.search import SymbolIndex
from ralphstock_desktop.services.watching import WatchService
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.watch_list import WatchPanel
from tests.ui.live.desk import LiveWorkstation
from tests.ui.tables.local_market import context_for

__all__ = ["WatchDesk", "drive"]

T = TypeVar("T")


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("the coroutine waits")


class _AtOnce:
    """Workers that work in place."""

    async def read(self, work: Callable[..., T], *arguments: Any) -> T:
        return work(*arguments)


class WatchWorkstation(LiveWorkstation):
    """A running day, symbols that can be searched, and the user's lists."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.store = SqlAssistantStore(database, lambda: self.now())
        self.broken = False
        self.last_trading_day = self.day
        self._search = SymbolIndex(self.panel)
        self.watch = WatchService(
            self,  # type: ignore[arg-type]
            _AtOnce(),  # type: ignore[arg-type]
            open_store=self._open_store,
            post=self._post,
            now_ns=lambda: self.now(),
        )

    async def _open_store(self, _kind: str) -> AssistantStore:
        if self.broken:
            raise StorageError("The disk is gone.", key="error.storage.read")
        return self.store

    async def _post(self, _records: Any) -> Any:
        raise AssertionError("no alert fires in here")

    def search(self, text: str, limit: int = 20) -> list[SymbolHit]:
        return self._search.find(text, limit)

    def load(self) -> None:
        """Read lists and alerts as the service does for the market on screen."""
        market = self.market.last
        assert market is not None
        self.watch._kind, self.watch._present = market.kind, market.is_latest
        drive(self.watch._load(market.kind))


class WatchDesk:
    """One panel in a window."""

    def __init__(
        self, qtbot: QtBot | None, folder: Path, size: tuple[int, int] = (900, 520), look: Appearance | None = None
    ) -> None:
        self.look = look or Appearance()
        self.database = open_database(folder / "market.db")
        self.work = WatchWorkstation(self.database)
        self.work.open()
        self.work.load()
        self.context = replace(context_for(self.work, self.look), spawn=lambda work, _name: drive(work))
        self.panel = WatchPanel(self.context)
        self.window = QWidget()
        self.window.resize(*size)
        self.panel.setParent(self.window)
        self.panel.setGeometry(0, 0, *size)
        if qtbot is not None:
            qtbot.addWidget(self.window)
        self.window.show()
        self.panel.show()
        self.settle()

    @property
    def vm(self) -> Any:
        return self.panel.watch

    def settle(self) -> None:
        QApplication.processEvents()

    def names(self) -> list[str]:
        """Names of the displayed rows."""
        rows = self.panel.watch.rows
        assert rows is not None
        return [rows.name(int(row), "ko") for row in self.panel.model.order]

    def kept(self, name: str = "관심종목") -> list[str]:
        """Tickers of a list as the repository holds them."""
        return [entry.ticker for entry in self.work.store.watch_lists() if entry.list_name == name]

    def close(self) -> None:
        self.panel.went_out_of_sight()
        self.window.close()
        self.database.close()
