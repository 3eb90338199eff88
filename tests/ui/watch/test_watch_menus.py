"""What the context menus of all panels add: the symbol of a row onto a list, an alert on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QMenu

from ralphstock_desktop.ui.chat.asking import AskMenus
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.watch_menus import WatchMenus
from tests.ui.watch.desk import WatchDesk, drive


class Menus:
    """Menus of a window, and what was said in it."""

    def __init__(self, desk: WatchDesk) -> None:
        self.said: list[Callable[[], str]] = []
        self.watch = WatchMenus(desk.context, self.said.append, desk.window)
        self.ask = AskMenus(desk.look, desk.context.chat, desk.window)
        self.ask.others.append(self.watch.add_entries)
        self.parent = desk.window

    def open(self, ticker: str) -> QMenu:
        menu = QMenu(self.parent)
        self.ask.add_entries(AskSubject("symbol", ticker, "이름"), menu)
        return menu

    @staticmethod
    def texts(menu: QMenu) -> list[str]:
        return [action.text() for action in menu.actions() if not action.isSeparator()]


@pytest.fixture
def menus(desk: WatchDesk) -> Menus:
    return Menus(desk)


def code(desk: WatchDesk, row: int) -> str:
    return str(desk.work.panel.tickers[row])


def test_a_row_is_put_on_the_list(desk: WatchDesk, menus: Menus) -> None:
    menu = menus.open(code(desk, 2))
    assert menus.texts(menu)[:2] == ["관심종목에 추가", "알림 만들기…"] and len(menus.texts(menu)) > 2
    menu.actions()[0].trigger()
    assert desk.kept()[-1] == code(desk, 2)
    assert menus.said[-1]() == "관심종목에 추가함: 미래에셋증권"
    desk.look.choose(language="en")
    assert menus.said[-1]().startswith("Added to the watch list")
    assert not menus.open(code(desk, 2)).actions()[0].isEnabled(), "it is on it already"


def test_one_of_several_lists(desk: WatchDesk, menus: Menus) -> None:
    drive(desk.work.watch.add(code(desk, 1), "A & B"))
    menu = menus.open(code(desk, 1))
    lists = menu.actions()[0].menu()
    assert isinstance(lists, QMenu)
    assert [(action.text(), action.isEnabled()) for action in lists.actions()] == [
        ("관심종목 (있음)", False), ("A && B (있음)", False),
    ]  # fmt: skip
    other = menus.open(code(desk, 2)).actions()[0].menu()
    assert isinstance(other, QMenu)
    other.actions()[1].trigger()
    assert desk.kept("A & B") == [code(desk, 1), code(desk, 2)]


def test_an_alert_from_a_row(desk: WatchDesk, menus: Menus) -> None:
    menus.open(code(desk, 1)).actions()[1].trigger()
    editor = menus.watch.editor
    assert editor is not None and editor.isVisible() and editor.symbol.text().startswith("삼성물산")
    editor.value.step(1)
    editor.begin()
    assert [rule.ticker for rule in desk.work.watch.alerts.last or ()] == [code(desk, 1)]


def test_a_place_without_a_symbol_and_a_program_without_lists(desk: WatchDesk, menus: Menus) -> None:
    menu = QMenu(desk.window)
    menus.watch.add_entries(AskSubject("gate"), menu)
    assert menu.isEmpty()
    desk.work.watch = None  # type: ignore[assignment]
    menus.watch.add_entries(AskSubject("symbol", code(desk, 1)), menu)
    assert menu.isEmpty()


def test_a_refusal_is_said(desk: WatchDesk, menus: Menus) -> None:
    menus.open("999990").actions()[0].trigger()
    assert "999990" in menus.said[-1]()


def test_the_menu_of_the_panel_itself(desk: WatchDesk, menus: Menus) -> None:
    menus.ask.attach(desk.panel)
    desk.panel.view.show_ticker(code(desk, 5))
    texts = menus.texts(desk.panel.menu())
    assert texts[:4] == ["차트 보기", "알림 만들기…", "메모 고치기", "목록에서 빼기"] and "이 종목 물어보기" in texts
    drive(desk.work.watch.add_alert(code(desk, 5), "score", ">=", 99))
    assert "이 종목 물어보기" not in menus.texts(desk.panel.alerts.menu()), "no alert is chosen"
    desk.panel.alerts.view.show_ticker(code(desk, 5))
    assert "이 종목 물어보기" in menus.texts(desk.panel.alerts.menu())
