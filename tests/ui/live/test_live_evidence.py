"""The evidence panel on the forming bar: provisional rows, focus that stays, at most once a second, and the switch."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.model.instants import AsOf
from engine.model.scan import ITEMS
from ralphstock_desktop.services.contracts import Ready
from ralphstock_desktop.ui.docks.evidence import EvidencePanel
from ralphstock_desktop.ui.viewmodels.evidence import GroupLine, ItemLine
from ralphstock_desktop.wording import format as fmt
from tests.ui.live.conftest import OpenDesk
from tests.ui.live.desk import LiveDesk

T = "000030"


def opened(open_desk: OpenDesk) -> tuple[LiveDesk, EvidencePanel]:
    desk = open_desk(EvidencePanel, size=(392, 500), window=1_500)
    desk.work.select(T, "signals")
    panel = desk.panel
    assert isinstance(panel, EvidencePanel)
    panel.view_model.explain_now()
    QApplication.processEvents()
    return desk, panel


def value(panel: EvidencePanel, item: str) -> str:
    return next(
        line.words.value for line in panel.view_model.lines if isinstance(line, ItemLine) and line.evidence.item == item
    )


def test_rows_follow_the_forming_bar_and_are_marked_provisional(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    before = value(panel, "T1")
    desk.work.trade({T: 36_000})
    desk.work.score(T)
    vm = panel.view_model
    assert vm.is_provisional and value(panel, "T1") == "36,000" != before
    assert isinstance(panel.state, Ready) and panel.header.badge.text() == "잠정 10:43"
    forming = {line.evidence.item for line in vm.lines if isinstance(line, ItemLine) and vm.is_forming(line.evidence)}
    assert {"T1", "E1", "F1"} <= forming and not {"B1", "C1", "SM1"} & forming, "the base ends with the bar before"
    trend = next(line for line in vm.lines if isinstance(line, GroupLine) and "추세" in line.title)
    assert fmt.as_of_short(AsOf(desk.work.now(10, 43, 0))) in trend.known, "known now, not at a close that is to come"
    close = vm.evidence("T1")
    assert close is not None and close.known_at_ns == desk.work.now(10, 43)
    assert vm.items() == list(ITEMS)


def test_focus_and_place_stay_while_values_move(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 35_000})
    desk.work.score(T)
    panel.view.setFocus()
    for _ in range(len(ITEMS)):
        QTest.keyClick(panel.view, Qt.Key.Key_Down)
    place = panel.view.verticalScrollBar().value()
    item = panel.view_model.focused_item
    assert item == ITEMS[-1] and place > 0
    panel.view_model._live_pause.stop()
    desk.work.trade({T: 35_400})
    desk.work.score(T, minute=44)
    assert value(panel, "T1") == "35,400"
    assert panel.view_model.focused_item == item and panel.view.verticalScrollBar().value() == place


def test_the_lit_row_moves_with_its_value(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 35_000})
    desk.work.score(T)
    panel.view_model.focus("T1")
    panel.view_model.toggle_pin()
    panel.view_model._live_pause.stop()
    desk.work.trade({T: 35_400})
    desk.work.score(T, minute=44)
    focus = desk.work.focus.last
    assert focus is not None and focus.evidence is not None and focus.pinned and focus.evidence.value == 35_400


def test_explained_at_most_once_a_second_and_only_where_it_changed(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk, panel = opened(open_desk)
    for price in (35_000, 35_100, 35_200):
        desk.work.trade({T: price})
        desk.work.score(T)
    assert value(panel, "T1") == "35,000", "the first at once, the rest together"
    qtbot.waitUntil(lambda: value(panel, "T1") == "35,200", timeout=2_000)
    panel.view_model._live_pause.stop()
    explained = panel.view_model.explanation
    desk.work.trade({"000990": 99_000})
    found = desk.work.score("000990", minute=45)
    if desk.work.panel.row_of(T) not in found.rows.tolist():
        assert panel.view_model.explanation is explained


def test_changed_rows_flash_in_their_direction(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 35_000})
    desk.work.score(T)
    panel.view_model._live_pause.stop()
    desk.work.trade({T: 34_500})
    desk.work.score(T, minute=44)
    assert panel.view._flashes["T1"][0] == -1 and "B1" not in panel.view._flashes
    panel.view.grab()


def test_the_switch_and_a_hidden_panel(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    before = value(panel, "T1")
    desk.work.trade({T: 36_000})
    desk.work.score(T)
    panel._provisional_action.trigger()
    panel.view_model.explain_now()
    assert value(panel, "T1") == before and panel.header.badge.text().endswith("확정")
    assert panel.panel_state()["provisional"] is False
    panel._provisional_action.trigger()
    panel.view_model.explain_now()
    assert value(panel, "T1") == "36,000"
    panel.hide()
    assert not desk.feed.scans._listeners and not desk.feed.status._listeners


def test_a_gap_shows_its_hatch_and_remark(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 36_000})
    desk.work.score(T, gaps=(T,))
    assert panel.view_model.has_gap
    panel.grab()
    desk.work.look_back()
    panel.view_model.explain_now()
    assert not panel.view_model.is_provisional and not panel.view_model.has_gap
