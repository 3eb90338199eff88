"""Desktop notifications: only while the window is not active, only if wanted, and the way back into the window."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.ui.tray import DesktopNotices
from tests.services.strategies.kept.kept_market import day
from tests.ui.alerts.conftest import OpenDesk
from tests.ui.alerts.desk import Desk, Shop, fact, gate_fact
from tests.ui.shell.doubles import MemorySettings


class TrayDouble(QObject):
    """Remembers what it was told."""

    messageClicked = Signal()  # noqa: N815 - Qt's name
    activated = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []
        self.shown = False

    def showMessage(self, title: str, text: str, icon: Any, msecs: int) -> None:
        self.told.append((title, text))

    def show(self) -> None:
        self.shown = True

    def hide(self) -> None:
        self.shown = False

    def setToolTip(self, text: str) -> None:
        self.tip = text


class Noticed:
    """Desktop notices of a window beside another one that can be active instead."""

    def __init__(self, desk: Desk, other: QWidget) -> None:
        self.desk, self.other = desk, other
        self.tray = TrayDouble()
        self.settings = MemorySettings()
        self.notices = DesktopNotices(desk.look, desk.window, self.settings, make_tray=lambda: self.tray)  # type: ignore[arg-type,return-value]
        self.opened: list[str] = []
        self.notices.opened.connect(self.opened.append)
        desk.work.look_at()
        self.notices.follow(desk.work)

    def look_away(self) -> None:
        self.other.activateWindow()
        for _ in range(3):
            QApplication.processEvents()
        assert not self.desk.window.isActiveWindow()


@pytest.fixture
async def noticed(open_desk: OpenDesk, shop: Shop, qtbot: Any) -> Noticed:
    await shop.book.open(shop.store)
    desk = open_desk(None)
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    made = Noticed(desk, other)
    made.look_away()
    return made


async def test_told_while_the_window_is_not_active(noticed: Noticed, shop: Shop) -> None:
    assert not noticed.tray.shown, "no icon before there is something to tell"
    await shop.book.post([fact()])
    assert noticed.tray.told == [("신호 · 금호석유화학", "VCP A 신호, 72.4/100점 · 진입 10,000원")]
    assert noticed.tray.shown and noticed.tray.tip == "RalphStock 알림"
    noticed.desk.window.activateWindow()
    for _ in range(3):
        QApplication.processEvents()
    await shop.book.post([fact("298040")])
    assert len(noticed.tray.told) == 1, "who looks at the window sees the toast"


async def test_a_click_brings_window_and_symbol(noticed: Noticed, shop: Shop) -> None:
    noticed.desk.window.showMinimized()
    await shop.book.post([fact()])
    noticed.tray.messageClicked.emit()
    assert noticed.opened == ["011780"]
    assert not noticed.desk.window.isMinimized()
    noticed.look_away()
    await shop.book.post([gate_fact("GREEN", "RED", shop.clock.ns)])
    noticed.tray.messageClicked.emit()
    noticed.tray.messageClicked.emit()
    assert noticed.opened == ["011780", "", ""], "a click on an old message opens no wrong symbol"


async def test_switched_off_and_the_past_tell_nothing(noticed: Noticed, shop: Shop) -> None:
    noticed.settings.set("notices_desktop", False)
    await shop.book.post([fact()])
    assert noticed.tray.told == []
    noticed.settings.set("notices_desktop", True)
    noticed.desk.work.look_at(AsOf(kst_ns(day(2), 16)))
    noticed.notices.show_notice(fact("298040"))
    assert noticed.tray.told == []
    noticed.desk.work.look_at()
    noticed.notices.show_notice(fact("298040"))
    assert len(noticed.tray.told) == 1
    noticed.notices.stop()
    assert not noticed.tray.shown
    await shop.book.post([fact("454910")])
    assert len(noticed.tray.told) == 1


async def test_without_a_tray_nothing_happens(open_desk: OpenDesk, shop: Shop) -> None:
    """The offscreen platform has no tray, which is what this asks the system for."""
    await shop.book.open(shop.store)
    desk = open_desk(None)
    desk.window.hide()
    notices = DesktopNotices(desk.look, desk.window, MemorySettings())
    desk.work.look_at()
    notices.follow(desk.work)
    await shop.book.post([fact()])
    notices.stop()
    alone = open_desk(None, with_strategies=False)
    DesktopNotices(alone.look, alone.window, MemorySettings()).follow(alone.work)
