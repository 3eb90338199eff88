"""A workstation over a small market with a repository of its own, for alerts, recommendations and the journal.

Notices and journal are the real services on a temporary SQLite file; the rest is channels and what tests put into them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.instants import AsOf, kst_ns
from engine.model.panel import MarketPanel
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import MarketPicture
from ralphstock_desktop.services.journal import JournalService
from ralphstock_desktop.services.notices import NoticeService
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, GatePicture, Recommendations, RecordTable
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from tests.services.strategies.kept.kept_market import Clock, Settings, day, flat, market
from tests.ui.tables.local_market import LocalWorkstation, context_for

__all__ = ["NAMES", "Desk", "Shop", "StrategiesDouble", "Work", "fact", "gate_fact", "small_panel"]

NAMES = {"011780": "금호석유화학", "298040": "효성중공업", "454910": "두산로보틱스", "005385": "현대차우"}
ENGLISH = {
    "011780": "Kumho Petrochemical",
    "298040": "Hyosung Heavy Industries",
    "454910": "Doosan Robotics",
    "005385": "Hyundai Motor pref.",
}
DAYS = 8


def small_panel() -> MarketPanel:
    """Four named stocks over eight days, all at 10,000 won."""
    panel = market({ticker: flat(DAYS) for ticker in NAMES})
    names = panel.names.astype("U30").copy()
    english = panel.names_en.astype("U40").copy()
    for row, ticker in enumerate(panel.tickers.tolist()):
        names[row], english[row] = NAMES[ticker], ENGLISH[ticker]
    return replace(panel, names=names, names_en=english, simulated=False)


def fact(
    name: str = "011780", at_ns: int | None = None, *, kind: str = "signal", strategy: str = "VCP", key: str = "", **fields: Any
) -> NoticeRecord:
    """A notice about a stock of the market, by its code; at 10:42:12 of the last day."""
    at = kst_ns(day(DAYS - 1), 10, 42, 12) if at_ns is None else at_ns
    given = {"ticker": name, "name": NAMES[name], "name_en": ENGLISH[name], "grade": "A", "score": "72.4", "entry": "10,000"}
    words = {"VCP": "vcp", "CLOSING_BET": "closing", "DAY_TRADE": "day"}
    text = key or f"notice.{'grade_up' if kind == 'grade' else kind}.{words.get(strategy, 'vcp')}"
    if kind == "grade":
        given["before"] = "B"
    return NoticeRecord(0, f"{kind}:{strategy}:{name}:{at}:{text}", at, 0, kind, strategy, name, text, {**given, **fields})


def gate_fact(before: str, after: str, at_ns: int) -> NoticeRecord:
    """A change of the gate."""
    fields: dict[str, str | int | float] = {"before": before, "after": after, "score": "66", "coverage": "100"}
    return NoticeRecord(0, f"gate:{before}>{after}:{at_ns}", at_ns, 0, "gate", "", "", f"notice.gate.{after.lower()}", fields)


class TimeMachineDouble:
    """Remembers where it was sent."""

    def __init__(self) -> None:
        self.entered: list[AsOf] = []

    def enter(self, as_of: AsOf) -> None:
        self.entered.append(as_of)


class StrategiesDouble:
    """The part of the strategies these panels use."""

    def __init__(self, notices: NoticeService, journal: JournalService) -> None:
        self.notices, self.journal = notices, journal
        self.time_machine = TimeMachineDouble()
        self.gate: Channel[GatePicture] = Channel("gate")
        self.closing: Channel[ClosingPicture] = Channel("closing")
        self.records: Channel[RecordTable] = Channel("records")
        self.asked: list[tuple[str, int]] = []
        self.answer: Callable[[str, int], Recommendations] | None = None

    async def recommend(self, strategy: str = "both", limit: int = 5) -> Recommendations:
        self.asked.append((strategy, limit))
        assert self.answer is not None
        return self.answer(strategy, limit)


class Work(LocalWorkstation):
    """A workstation with strategies."""

    def __init__(self, strategies: StrategiesDouble | None) -> None:
        super().__init__()
        self.fake = strategies
        self.strategies: Any = strategies
        self.panel = small_panel()

    def look_at(self, as_of: AsOf | None = None) -> None:
        """Look at an earlier instant, or at now."""
        self.market.publish(MarketPicture(self.panel, "real", as_of or AsOf.end_of(day(DAYS - 1)), is_latest=as_of is None))


@dataclass
class Shop:
    """Repository, clock and services of one test."""

    store: SqlStrategyStore
    workers: Workers
    clock: Clock
    settings: Settings
    book: NoticeService = field(init=False)
    journal: JournalService = field(init=False)

    def __post_init__(self) -> None:
        self.book = NoticeService(self.workers, self.settings, self.clock)  # type: ignore[arg-type]
        self.journal = JournalService(self.workers, self.clock)


class Desk:
    """One panel in a window over the small market."""

    def __init__(
        self,
        qtbot: QtBot,
        shop: Shop,
        make: Callable[[DockContext], PanelFrame] | None,
        size: tuple[int, int] = (640, 240),
        *,
        look: Appearance | None = None,
        with_strategies: bool = True,
        spawn: Callable[[Coroutine[Any, Any, None], str], object] | None = None,
    ) -> None:
        self.look = look or Appearance()
        self.shop = shop
        self.work = Work(StrategiesDouble(shop.book, shop.journal) if with_strategies else None)
        context = context_for(self.work, self.look)
        self.context = replace(context, spawn=spawn) if spawn is not None else context
        self.window = QWidget()
        self.window.resize(*size)
        qtbot.addWidget(self.window)
        self.panel: Any = None
        if make is not None:
            self.panel = make(self.context)
            self.panel.setParent(self.window)
            self.panel.setGeometry(0, 0, *size)
        self.window.show()
        if self.panel is not None:
            self.panel.show()
        QApplication.processEvents()

    @property
    def fake(self) -> StrategiesDouble:
        assert self.work.fake is not None
        return self.work.fake

    def click(self, widget: QWidget, place: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Press and release a mouse button at a place of a widget."""
        QTest.mouseClick(widget, button, Qt.KeyboardModifier.NoModifier, place)
