"""The time-machine bar driven as a user would: playing, stepping, dragging the handle, the keyboard, and the way back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from engine.model.instants import kst_ns
from ralphstock_desktop.services.strategy_contracts import TimeMark
from ralphstock_desktop.ui.appearance import Appearance
from tests.ui.time_machine.desk import DAY, TimeDesk, at, past

OpenDesk = Callable[..., TimeDesk]


@pytest.fixture
def open_desk(qtbot: QtBot) -> Iterator[OpenDesk]:
    opened: list[TimeDesk] = []

    def make(**options: object) -> TimeDesk:
        desk = TimeDesk(qtbot, **options)  # type: ignore[arg-type]
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.window.close()


def place(desk: TimeDesk, instant_ns: int) -> QPoint:
    """Where an instant is on the line."""
    line = desk.bar.line
    return QPoint(round(line.x_of(desk.bar.view_model.share_of(instant_ns))), line.line().center().y())


def test_it_is_there_exactly_while_the_past_is_looked_at(open_desk: OpenDesk) -> None:
    desk = open_desk()
    assert not desk.bar.isVisible()
    desk.show()
    assert desk.bar.isVisible() and desk.bar.height() == 52
    desk.bar.leave.click()
    assert desk.machine.calls == [("leave",)]
    assert not desk.bar.isVisible()
    without = open_desk(with_strategies=False)
    assert not without.bar.isVisible()


def test_buttons_ask_the_machine(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show()
    bar = desk.bar
    for button in (bar.previous_day, bar.back, bar.play, bar.play, bar.forward, bar.next_day):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert desk.machine.calls == [("step_day", -1), ("step", -1), ("play",), ("pause",), ("step", 1), ("step_day", 1)]
    assert bar.play.accessibleName() == "재생"
    desk.machine.play()
    assert bar.play.accessibleName() == "일시 정지"


def test_the_speed_is_chosen_from_a_menu(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show()
    menu = desk.bar.speed.menu()
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["1×", "10×", "60×", "300×", "600×"]
    assert [action.isChecked() for action in menu.actions()] == [False, False, True, False, False]
    menu.actions()[-1].trigger()
    assert desk.machine.calls == [("speed", 600.0)]
    assert desk.bar.speed.text() == "600×"


def test_the_keyboard_does_everything(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show()
    bar, shift = desk.bar, Qt.KeyboardModifier.ShiftModifier
    bar.setFocus()
    for key, modifier, call in (
        (Qt.Key.Key_Left, None, ("step", -1)),
        (Qt.Key.Key_Right, None, ("step", 1)),
        (Qt.Key.Key_Left, shift, ("step_day", -1)),
        (Qt.Key.Key_Right, shift, ("step_day", 1)),
        (Qt.Key.Key_Home, None, ("jump", at(9))),
        (Qt.Key.Key_End, None, ("jump", at(15, 40))),
        (Qt.Key.Key_Space, None, ("play",)),
        (Qt.Key.Key_Space, None, ("pause",)),
        (Qt.Key.Key_Escape, None, ("leave",)),
    ):
        qtbot.keyClick(bar, key, modifier or Qt.KeyboardModifier.NoModifier)
        assert desk.machine.calls[-1] == call


def test_the_handle_jumps_when_it_is_let_go(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show()
    line = desk.bar.line
    qtbot.mousePress(line, Qt.MouseButton.LeftButton, pos=place(desk, at(12)))
    qtbot.mouseMove(line, place(desk, at(14)))
    qtbot.mouseMove(line, place(desk, at(10, 30)))
    assert not desk.machine.calls
    preview = line.preview
    assert preview is not None and abs(desk.bar.view_model.instant_at(preview) - at(10, 30)) <= 60_000_000_000
    line.grab()
    qtbot.mouseRelease(line, Qt.MouseButton.LeftButton, pos=place(desk, at(10, 30)))
    (call,) = desk.machine.calls
    assert call[0] == "jump" and abs(call[1] - at(10, 30)) <= 60_000_000_000
    assert call[1] % 60_000_000_000 == 0
    assert line.preview is None


def test_esc_while_dragging_only_lets_the_handle_go(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show()
    desk.bar.setFocus()
    qtbot.mousePress(desk.bar.line, Qt.MouseButton.LeftButton, pos=place(desk, at(10)))
    qtbot.keyClick(desk.bar, Qt.Key.Key_Escape)
    qtbot.mouseRelease(desk.bar.line, Qt.MouseButton.LeftButton, pos=place(desk, at(10)))
    assert not desk.machine.calls


def test_the_ends_of_the_line_are_the_ends_of_the_day(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show()
    for x, instant in ((0, at(9)), (desk.bar.line.width() - 1, at(15, 40))):
        qtbot.mouseClick(desk.bar.line, Qt.MouseButton.LeftButton, pos=QPoint(x, 20))
        assert desk.machine.calls[-1] == ("jump", instant)


def test_events_are_told_and_none_is_later_than_the_clock(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show(past(12))
    vm, line = desk.bar.view_model, desk.bar.line
    assert [mark.kind for _, mark in vm.marks()] == ["news", "news", "signal"]
    assert line.told(place(desk, at(9, 40)).x()) == "09:40 뉴스: 역대 최대 수주\n09:41 뉴스: 목표가 상향"
    assert line.told(place(desk, at(11)).x()) == "11:00 확정 신호 3건"
    assert line.told(place(desk, at(15, 10)).x()) == ""
    desk.show(past(15, 40))
    assert line.told(place(desk, at(15, 10)).x()) == "15:10 종가베팅 마감 전"
    spot = place(desk, at(11))
    QApplication.sendEvent(line, QHelpEvent(QHelpEvent.Type.ToolTip, spot, line.mapToGlobal(spot)))
    assert QToolTip.text() == "11:00 확정 신호 3건"
    QToolTip.hideText()
    crowd = tuple(TimeMark(at(10), "news", "time.mark.news", (("title", f"{number}"),)) for number in range(9))
    desk.show(past(12, marks=crowd))
    assert line.told(place(desk, at(10)).x()).splitlines()[-1] == "외 4건"


def test_it_says_what_it_is(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show(past(15, 40))
    words = desk.bar.accessibleName()
    assert "2026-01-28 (수) 15:40" in words
    assert "이후 자료는 가려져 있음" in words and "알림·대화도 이 시각 기준" in words
    assert [tick.text for tick in desk.bar.view_model.ticks()][::6] == ["09:00", "15:00"]
    desk.show(past(12, has_minutes=False))
    assert "분봉" not in words and "일봉만" in desk.bar.accessibleName()
    assert not desk.bar._chip_box().isNull()
    desk.look.choose(language="en")
    assert desk.bar.leave.text() == "Go live  Esc"


def test_outside_the_line_the_handle_stays_at_its_ends(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.show(past(8))
    assert desk.bar.view_model.share_of(at(8)) == 0.0
    desk.show(past(23, 59))
    assert desk.bar.view_model.share_of(at(23, 59)) == 1.0
    assert "23:59" in desk.bar.accessibleName()
    # After the flows of the day are known the line reaches until then.
    desk.show(past(19, last_ns=at(18, 10)))
    assert [tick.text for tick in desk.bar.view_model.ticks()][-1] == "18:00"
    assert desk.bar.view_model.instant_at(1.0) == kst_ns(DAY, 18, 10)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [760, 1_024, 1_280, 1_720])
def test_nothing_overlaps_at_any_width(open_desk: OpenDesk, language: str, theme: str, width: int) -> None:
    look = Appearance(language="en" if language == "en" else "ko", theme="light" if theme == "light" else "dark")
    desk = open_desk(look=look, width=width)
    desk.show(past(14, 30, has_minutes=False))
    bar = desk.bar
    boxes = [bar._clock_box()]
    boxes += [widget.geometry() for widget in (bar.previous_day, bar.back, bar.play, bar.forward, bar.next_day, bar.speed)]
    boxes += [bar._chip_box(), bar.line.geometry()]
    if bar._shows_notes:
        boxes.append(bar._note_box())
    boxes.append(bar.leave.geometry())
    for left, right in itertools.pairwise(boxes):
        assert left.right() <= right.left() + 1, (left, right)
    assert bar.leave.geometry().right() < bar.width()
    assert bar.line.width() >= 60
    assert bar._shows_notes or "\n" in bar.toolTip()
    # The 2-px line at the top, over the whole width: impossible to miss.
    picture = bar.grab().toImage()
    assert all(picture.pixelColor(x, 0) == look.color("replay") for x in range(0, width, 50))
