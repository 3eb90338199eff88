"""The watch lists as a trader uses them: add, order, note, remove and undo, several lists, live values, the past."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.model.instants import AsOf
from ralphstock_desktop.assistant_ports import WatchEntry
from ralphstock_desktop.services.contracts import Failed, Ready
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.models.array_table import SortKey
from tests.ui.tables.local_market import scan_picture
from tests.ui.watch.desk import WatchDesk, drive

FIRST = ["삼성물산", "LS ELECTRIC", "삼성전자", "현대차2우B"]


def code(desk: WatchDesk, row: int) -> str:
    return str(desk.work.panel.tickers[row])


def choose(desk: WatchDesk, row: int) -> None:
    column = desk.panel.model.column_at("price")
    assert column is not None
    place = desk.panel.view.visualRect(desk.panel.model.index(row, column)).center()
    QTest.mouseClick(desk.panel.view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def compose(field: object, preedit: str, commit: str = "") -> None:
    event = QInputMethodEvent(preedit, [])
    event.setCommitString(commit)
    QApplication.sendEvent(field, event)  # type: ignore[arg-type]


def cell(desk: WatchDesk, name: str, column: str) -> str:
    at = desk.panel.model.column_at(column)
    assert at is not None
    return desk.panel.model.cell_text(int(desk.panel.model.order[desk.names().index(name)]), at)


def test_the_list_in_its_own_order_with_live_values(desk: WatchDesk) -> None:
    assert isinstance(desk.panel.state, Ready)
    assert desk.names() == FIRST
    assert "4종목" in desk.panel.subtitle
    desk.work.trade({code(desk, 1): 35_400}, volume=400_000)
    desk.settle()
    assert (cell(desk, "삼성물산", "price"), cell(desk, "삼성물산", "volume")) == ("35,400", "40만")
    assert cell(desk, "삼성물산", "grade") == "S" and cell(desk, "삼성물산", "closing_grade") == "—"
    assert desk.panel.model.accessible_text(0, desk.panel.model.column_at("day_grade") or 0) == "단타, 자료 없음"


def test_the_past_shows_the_prices_of_then_and_the_lists_of_now(desk: WatchDesk) -> None:
    desk.work.trade({code(desk, 1): 35_400})
    desk.work.look_back()
    desk.work.show(scan_picture(desk.work.panel, AsOf.end_of(desk.work.panel.days[-11].item())))
    desk.settle()
    assert desk.names() == FIRST
    assert cell(desk, "삼성물산", "price") == f"{int(desk.work.panel.close_krw[1, -11]):,}"


def test_a_symbol_is_added_by_initial_consonants_while_they_are_composed(desk: WatchDesk) -> None:
    add = desk.panel.head.add
    add.setFocus()
    compose(add, "ㅌ")
    assert [hit.name for hit in add.hits()] == ["토모큐브"] and add.popup.isVisible()
    QTest.keyClick(add, Qt.Key.Key_Return)  # commits the composition, adds nothing yet
    assert len(desk.names()) == 4
    compose(add, "", "ㅌ")
    QTest.keyClick(add, Qt.Key.Key_Return)
    desk.settle()
    assert desk.names() == [*FIRST, "토모큐브"] and add.text() == ""
    assert desk.kept()[-1] == code(desk, 3)


def test_a_name_that_is_none_is_said_at_the_field(desk: WatchDesk) -> None:
    add = desk.panel.head.add
    add.setFocus()
    QTest.keyClicks(add, "zzzz")
    QTest.keyClick(add, Qt.Key.Key_Return)
    assert "zzzz" in desk.panel.head.problem.text()
    add.clear()
    QTest.keyClicks(add, code(desk, 2))
    QTest.keyClick(add, Qt.Key.Key_Return)
    assert desk.panel.head.problem.text() == "" and desk.names()[-1] == "미래에셋증권"


def test_alt_and_arrows_move_a_row_and_it_stays_chosen(desk: WatchDesk) -> None:
    choose(desk, 2)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert desk.names() == ["삼성물산", "삼성전자", "LS ELECTRIC", "현대차2우B"]
    assert desk.panel.view.chosen_ticker() == code(desk, 0)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert desk.names() == ["삼성물산", "LS ELECTRIC", "현대차2우B", "삼성전자"]
    assert desk.kept() == [code(desk, row) for row in (1, 5, 7, 0)]
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert desk.names()[-1] == "삼성전자", "the end is the end"


def test_rows_are_not_moved_in_another_order(desk: WatchDesk) -> None:
    desk.panel.model.set_sort((SortKey("total", True),))
    choose(desk, 1)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert desk.kept() == [code(desk, row) for row in (1, 5, 0, 7)]
    assert "순서" in desk.panel.head.problem.text()


def drag(desk: WatchDesk, kind: QEvent.Type, place: QPoint) -> None:
    """A pointer event with the left button down; the platform of tests moves without buttons."""
    viewport = desk.panel.view.viewport()
    down = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    everywhere = QPointF(place), QPointF(viewport.mapToGlobal(place))
    QApplication.sendEvent(viewport, QMouseEvent(kind, *everywhere, button, down, Qt.KeyboardModifier.NoModifier))


def test_a_row_is_dragged_to_another_place(desk: WatchDesk) -> None:
    height = desk.panel.view.verticalHeader().defaultSectionSize()
    top = QPoint(200, height // 2)
    drag(desk, QEvent.Type.MouseButtonPress, top)
    for step in range(1, 8):
        drag(desk, QEvent.Type.MouseMove, top + QPoint(0, step * height // 3))
    assert desk.panel.order.dragging and desk.panel.order.line.isVisible()
    assert len(desk.panel.view.selected_source_rows()) == 1, "dragging a row chooses no others"
    drag(desk, QEvent.Type.MouseButtonRelease, top + QPoint(0, 7 * height // 3))
    assert desk.names() == ["LS ELECTRIC", "삼성전자", "삼성물산", "현대차2우B"]
    assert not desk.panel.order.line.isVisible()


def test_a_drag_that_is_given_up_moves_nothing(desk: WatchDesk) -> None:
    height = desk.panel.view.verticalHeader().defaultSectionSize()
    top = QPoint(200, height // 2)
    drag(desk, QEvent.Type.MouseButtonPress, top)
    drag(desk, QEvent.Type.MouseMove, top + QPoint(0, 2 * height))
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Escape)
    drag(desk, QEvent.Type.MouseButtonRelease, top + QPoint(0, 2 * height))
    assert desk.names() == FIRST


def test_delete_takes_rows_off_and_undo_brings_them_back_with_their_notes(desk: WatchDesk) -> None:
    drive(desk.work.watch.annotate(code(desk, 5), "", "실적"))
    choose(desk, 1)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Delete)
    assert desk.names() == ["삼성물산", "삼성전자", "현대차2우B"]
    assert desk.panel.view.chosen_ticker() == code(desk, 0), "the next row is at hand"
    assert "LS ELECTRIC" in desk.panel.undo_line.text.text() and desk.panel.undo_line.isVisible()
    drive(desk.work.watch.add(code(desk, 2)))  # what came meanwhile stays
    QTest.mouseClick(desk.panel.undo_line.button, Qt.MouseButton.LeftButton)
    assert desk.names() == [*FIRST, "미래에셋증권"]
    assert cell(desk, "LS ELECTRIC", "note") == "실적"
    assert not desk.panel.undo_line.isVisible()


def test_several_rows_at_once(desk: WatchDesk) -> None:
    choose(desk, 0)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Delete)
    assert desk.names() == ["삼성전자", "현대차2우B"] and "2종목" in desk.panel.undo_line.text.text()
    desk.panel.view.setFocus()
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.names() == FIRST


def test_a_note_is_written_in_its_place(desk: WatchDesk) -> None:
    choose(desk, 0)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_F2)
    note = desk.panel.note
    assert note.isVisible() and desk.panel.model.held
    compose(note, "", "돌파 보기")
    QTest.keyClick(note, Qt.Key.Key_Return)
    assert not note.isVisible() and cell(desk, "삼성물산", "note") == "돌파 보기"
    QTest.keyClick(desk.panel.view, Qt.Key.Key_F2)
    QTest.keyClicks(note, "x")
    QTest.keyClick(note, Qt.Key.Key_Escape)
    assert cell(desk, "삼성물산", "note") == "돌파 보기"
    desk.vm.undo()
    assert cell(desk, "삼성물산", "note") == "—"


def test_choosing_moves_the_linked_panels_and_follows_them(desk: WatchDesk) -> None:
    choose(desk, 3)
    chosen = desk.work.selection.last
    assert chosen is not None and (chosen.ticker, chosen.origin) == (code(desk, 7), "watch")
    desk.work.select(code(desk, 5), "chart")
    assert desk.panel.view.chosen_ticker() == code(desk, 5)
    opened: list[str] = []
    desk.panel.chart_requested.connect(opened.append)
    desk.panel.view.setFocus()
    QTest.keyClick(desk.panel.view, Qt.Key.Key_Return)
    assert opened == [code(desk, 5)]


def test_lists_are_made_renamed_deleted_and_brought_back(desk: WatchDesk) -> None:
    head = desk.panel.head
    head.actions_of_list["new"].trigger()
    QTest.keyClicks(head.name, " Chips ")
    QTest.keyClick(head.name, Qt.Key.Key_Return)
    assert desk.vm.list_name == "Chips" and desk.names() == []
    assert desk.panel.view._message == ("이 목록에 종목이 없습니다", "위 칸에 이름, 코드나 초성을 적어 추가하세요")
    QTest.keyClicks(head.add, "kt")
    QTest.keyClick(head.add, Qt.Key.Key_Return)
    assert desk.kept("Chips") == [code(desk, 4)]
    head.actions_of_list["rename"].trigger()
    head.name.setText("반도체")
    QTest.keyClick(head.name, Qt.Key.Key_Return)
    assert desk.vm.list_name == "반도체" and desk.kept("반도체") == [code(desk, 4)] and desk.kept("Chips") == []
    head.actions_of_list["delete"].trigger()
    assert desk.vm.names() == ["관심종목"] and desk.names() == FIRST and desk.kept("반도체") == []
    desk.vm.undo()
    assert desk.vm.list_name == "반도체" and desk.names() == ["KT&G"]
    desk.vm.undo()
    assert desk.vm.names() == ["관심종목", "Chips"]


def test_a_name_that_is_taken_is_refused_in_place(desk: WatchDesk) -> None:
    head = desk.panel.head
    head.actions_of_list["new"].trigger()
    head.name.setText("관심종목")
    QTest.keyClick(head.name, Qt.Key.Key_Return)
    assert "관심종목" in head.problem.text() and head.name.isVisible()
    QTest.keyClick(head.name, Qt.Key.Key_Escape)
    assert head.chooser.isVisible()


def test_a_symbol_the_market_does_not_hold_is_named_and_can_be_taken_off(desk: WatchDesk) -> None:
    entries = [*desk.work.store.watch_lists(), WatchEntry("관심종목", "999990", 9, "", 1)]
    drive(desk.work.watch.set_list("관심종목", entries))
    assert desk.names() == FIRST and "999990" in desk.panel.head.strangers.text()
    desk.panel.head.strangers.linkActivated.emit("remove")
    assert not desk.panel.head.strangers.isVisible() and "999990" not in desk.kept()
    desk.vm.undo()
    assert desk.kept()[-1] == "999990"


def test_a_repository_that_cannot_be_read_is_a_failure_not_an_empty_list(desk: WatchDesk) -> None:
    desk.work.broken = True
    desk.work.load()
    shown = desk.panel.state
    assert isinstance(shown, Failed)
    desk.work.broken = False
    reloads: list[bool] = []
    desk.work.watch.reload = lambda: reloads.append(True)  # type: ignore[method-assign]
    desk.panel.retry_requested.emit()
    assert reloads == [True]
    desk.work.load()
    assert desk.names() == FIRST
    later = desk.panel.state
    assert isinstance(later, Ready)


def test_copy_export_and_filter(desk: WatchDesk) -> None:
    wanted: list[ExportRequest] = []
    desk.panel.export_requested.connect(wanted.append)
    desk.panel.request_export()
    lines = wanted[0].text.splitlines()
    assert len(lines) == 5 and code(desk, 1) in lines[1] and wanted[0].file_name.startswith("watch_")
    choose(desk, 0)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "삼성물산" in QGuiApplication.clipboard().text()
    desk.panel.set_filter_text("삼성")
    assert desk.names() == ["삼성물산", "삼성전자"] and "4종목 중 2" in desk.panel.subtitle
    desk.panel.set_filter_text("")
    desk.panel.set_market_filter(2)
    assert desk.names() == ["삼성전자"]


def test_columns_go_as_a_whole_where_the_panel_is_narrow(desk: WatchDesk) -> None:
    assert desk.panel.view.shown_columns()[-1] == "note"
    desk.panel.resize(340, 520)
    desk.settle()
    assert desk.panel.view.shown_columns() == ["grade", "name", "price", "change"]
    assert desk.panel.head.add.width() > 300, "the field goes into a line of its own"
    choose(desk, 0)
    QTest.keyClick(desk.panel.view, Qt.Key.Key_F2)
    assert desk.panel.note.isVisible() and desk.panel.note.width() > 250
    QTest.keyClick(desk.panel.note, Qt.Key.Key_Escape)


def test_a_link_lands_on_a_row_of_the_list(desk: WatchDesk) -> None:
    desk.panel.show_page("alerts")
    assert "알림 0개" in desk.panel.subtitle
    assert not desk.panel.land_on_cell(code(desk, 3), "price")
    assert desk.panel.land_on_cell(code(desk, 5), "total") and desk.panel.pages.currentIndex() == 0
    assert desk.panel.view.marked_cell == (code(desk, 5), "total")


def test_state_is_kept_with_the_layout(desk: WatchDesk) -> None:
    desk.vm.new_list("빈 목록")
    desk.panel.show_page("alerts")
    saved = desk.panel.panel_state()
    desk.panel.show_page("list")
    desk.vm.choose_list("관심종목")
    desk.vm.drafts = []
    desk.panel.restore_panel_state(saved)
    assert desk.vm.list_name == "빈 목록" and desk.panel.pages.currentIndex() == 1
    desk.panel.restore_panel_state({"list": 3, "drafts": "x", "page": None})


def test_both_languages_and_themes_are_painted(desk: WatchDesk) -> None:
    desk.look.choose(language="en", theme="light")
    desk.settle()
    assert desk.panel.title == "Watch lists" and desk.panel.head.chooser.currentText().startswith("Watch list")
    assert not desk.panel.grab().isNull()
