"""The bell of the app bar: its number, its way to the list, and that it gives way like the other parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.shell.conftest import Opened, look, open_window

__all__ = ["look", "open_window"]

Open = Callable[..., Opened]


def pixels(widget: Any) -> set[str]:
    picture = widget.grab().toImage()
    return {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}


def test_the_number_of_unread_alerts(open_window: Open) -> None:
    opened = open_window(size=(1_600, 900))
    bar = opened.window.bar
    gold, plain = opened.look.color("gold-fill").name(), bar.bell.size()
    assert bar.bell.isVisible() and bar.bell.badge_text == "" and gold not in pixels(bar.bell)
    assert bar.bell.accessibleName() == "알림 목록"
    bar.set_unread(3)
    assert bar.bell.badge_text == "3" and gold in pixels(bar.bell)
    assert bar.bell.accessibleName() == "알림 목록 · 읽지 않음 3" == bar.bell.toolTip()
    bar.set_unread(250)
    assert bar.bell.badge_text == "99+" and bar.bell.size() == plain, "a number takes no room from its neighbours"
    opened.look.choose(language="en")
    assert bar.bell.toolTip() == "Alert list · 250 unread"
    bar.set_unread(0)
    assert bar.bell.toolTip() == "Alert list" and gold not in pixels(bar.bell)


def test_it_opens_the_list(open_window: Open) -> None:
    window = open_window().window
    assert window.area.docks["alerts"].isHidden()
    QTest.mouseClick(window.bar.bell, Qt.MouseButton.LeftButton)
    assert not window.area.docks["alerts"].isHidden()


def test_it_gives_way_into_the_menu(open_window: Open, qtbot: Any) -> None:
    opened = open_window(size=(1_600, 900))
    bar = opened.window.bar
    bar.resize(520, bar.height())
    assert not bar.bell.isVisible() and not bar.settings.isVisible() and bar.more.isVisible()
    bar._fill_more()
    words = [action.text() for action in bar._more_menu.actions()]
    assert opened.look.tr("shell.action.open_alerts") in words
    opened.window.resize(1_640, 900)
    qtbot.waitUntil(bar.bell.isVisible, timeout=10_000)
