"""The live panels in the window: registered everywhere, tabs where room is short, a strip only with a feed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DOCKS
from ralphstock_desktop.ui.docks.order_book import OrderBookPanel
from ralphstock_desktop.ui.docks.trades import TradesPanel
from ralphstock_desktop.ui.main_window import MainWindow
from ralphstock_desktop.ui.stylesheet import ApplicationStyle
from ralphstock_desktop.ui.window_parts import WindowParts
from tests.ui.live.fake_live import FakeLive, book_of, status, trade
from tests.ui.shell.conftest import NOW_NS, simple_panel
from tests.ui.shell.doubles import MemorySettings, WorkstationDouble, run_now

T = "005930"
REAL = {"book", "trades"}


class Window:
    """A main window whose order book and trades are the real panels."""

    def __init__(self, qtbot: QtBot, look: Appearance, size: tuple[int, int], *, connected: bool = True) -> None:
        self.work = WorkstationDouble()
        self.feed = FakeLive(self.work.panel)
        if connected:
            self.work.live = self.feed
            self.feed.status.publish(status())
        self.window = MainWindow(
            WindowParts(
                workstation=self.work,
                settings=MemorySettings(theme="dark", language=look.language),
                appearance=look,
                spawn=run_now,
                now_ns=lambda: NOW_NS,
                save_layout=lambda _text: None,
                write_file=lambda _file, _content: None,
                docks=[spec if spec.id in REAL else simple_panel(spec) for spec in DOCKS],
            )
        )
        qtbot.addWidget(self.window)
        self.window.resize(*size)
        self.window.open_layout(())
        self.window.show()
        qtbot.waitExposed(self.window)
        self.window.make_panels()
        self.work.open()
        self.work.select(T, "test")
        qtbot.waitUntil(lambda: not self.window._to_make)


@pytest.fixture
def look(qapp: QApplication, tmp_path: Path) -> Iterator[Appearance]:
    appearance = Appearance()
    ApplicationStyle(qapp, appearance, tmp_path / "style")
    yield appearance
    appearance.deleteLater()


def test_found_by_number_and_word_in_palette_and_menu(qtbot: QtBot, look: Appearance) -> None:
    opened = Window(qtbot, look, (1_600, 900))
    window = opened.window
    for words, panel in (("0101", "book"), ("호가", "book"), ("Order book", "book"), ("0120", "trades"), ("체결", "trades")):
        assert panel in [answer.id for answer in window.palette_model.answers(words)], words
    window._fill_panel_menu()
    texts = [action.text() for action in window._panel_menu.actions()]
    assert any("0101" in text for text in texts) and any("0120" in text for text in texts)
    window.close()


def test_tabs_beside_the_evidence_and_only_the_front_one_asks_the_feed(qtbot: QtBot, look: Appearance) -> None:
    opened = Window(qtbot, look, (1_280, 800))
    area, feed = opened.window.area, opened.feed
    assert {"book", "trades"} & set(area.shown()) == set(), "behind the evidence"
    frame = area.open_panel("book")
    assert isinstance(frame, OrderBookPanel)
    qtbot.waitUntil(lambda: feed.wanted("book") == (T,))
    feed.push_book(book_of(T, 70_100))
    assert frame.view.isVisible() and frame.width() >= 290
    trades = area.open_panel("trades")
    assert isinstance(trades, TradesPanel)
    qtbot.waitUntil(lambda: feed.wanted("trades") == (T,))
    assert feed.wanted("book") == (), "a tab behind another one is hidden"
    feed.push_trades(trade(T, 70_000, 5, 1_000))
    assert trades.view_model.size == 1
    opened.window.close()
    assert not feed.books._listeners and not feed.trades._listeners and not feed.indices._listeners


def test_a_very_wide_window_shows_both_at_once(qtbot: QtBot, look: Appearance) -> None:
    opened = Window(qtbot, look, (2_560, 1_300))
    shown = {name: opened.window.area.docks[name].geometry() for name in opened.window.area.shown()}
    assert {"evidence", "book", "trades"} <= set(shown)
    assert shown["book"].bottom() < shown["trades"].top() and shown["evidence"].right() < shown["book"].left()
    opened.window.close()


def test_the_strip_stands_under_the_bar_only_with_a_feed(qtbot: QtBot, look: Appearance) -> None:
    opened = Window(qtbot, look, (1_280, 800))
    opened.feed.push_indices(k001=(4_723.10, 30.42))
    strip = opened.window.indices
    assert strip.isVisible() and strip.mapTo(opened.window, strip.rect().topLeft()).y() >= opened.window.bar.height()
    opened.work.set_as_of(opened.work.day_phases(opened.work.panel.days[-3].item())[0][1])
    assert strip.isHidden()
    opened.window.close()
    without = Window(qtbot, look, (1_280, 800), connected=False)
    assert without.window.indices.isHidden()
    without.window.close()
