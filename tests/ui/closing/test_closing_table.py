"""The closing-bet table driven like a trader drives it, over a scan whose numbers are set by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.model.closing import ClosingRun, Rejection, SignalPhase
from engine.model.errors import StorageError
from engine.model.instants import AsOf
from engine.model.scan import Grade, ScoreStatus
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, MarketPicture, Offline, PanelState, Ready, Stale
from ralphstock_desktop.services.strategy_contracts import RunDifference
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.cells import GradeMark
from ralphstock_desktop.ui.delegates.closing_cells import BlocksMark, StruckName
from ralphstock_desktop.ui.docks.closing_table import ClosingTable
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from tests.ui.closing.conftest import OpenDesk
from tests.ui.closing.desk import ClosingDesk, closing_picture, closing_scan, last_day, lost


@pytest.fixture
def desk(open_desk: OpenDesk) -> ClosingDesk:
    return open_desk(ClosingTable, (1_200, 420), window=1_500)


def table(desk: ClosingDesk) -> ClosingTable:
    assert isinstance(desk.panel, ClosingTable)
    return desk.panel


def shown(desk: ClosingDesk) -> list[int]:
    return table(desk).model.order.tolist()


def text(desk: ClosingDesk, column: str, row: int) -> str:
    model = table(desk).model
    position = model.column_at(column)
    assert position is not None
    return model.cell_text(row, position)


def mark(desk: ClosingDesk, column: str, row: int) -> object:
    model = table(desk).model
    position = model.column_at(column)
    assert position is not None
    return model.cell_look(row, position)[3]


def type_filter(desk: ClosingDesk, words: str) -> None:
    field = table(desk).bar.field
    field.setText(words)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_candidates_stand_in_the_order_of_the_scan_and_the_first_is_chosen(desk: ClosingDesk) -> None:
    # Totals 9 8 8 9 5 7 7 6 6 6 5 5; equal totals by traded value:
    # 9: 5.58조, 1,757억 | 8: 2.69조, 1,854억 | 7: 1,489억, 1,040억 | 6: 3,185 2,695 2,657억 | 5: 6,416 2,033 1,047억
    assert shown(desk) == [0, 3, 1, 2, 5, 6, 7, 8, 9, 4, 10, 11]
    chosen = desk.work.selection.last
    assert chosen is not None and (chosen.ticker, chosen.origin) == (desk.work.ticker(0), "closing")
    assert desk.panel.subtitle == "12건 · 확정 실행 15:40"


def test_the_scan_s_own_order_of_equal_totals_is_kept_both_ways(open_desk: OpenDesk) -> None:
    order = closing_scan().order.copy()
    order[[0, 1]] = order[[1, 0]]  # the scan says so: the table has no opinion of its own
    desk = open_desk(ClosingTable, opened=False)
    desk.work.open(closing_picture(scan={"order": order}))
    QApplication.processEvents()
    assert shown(desk)[:2] == [3, 0]
    table(desk).model.toggle_sort("total")
    assert shown(desk)[-2:] == [0, 3]
    assert table(desk).model.raw_text(0, table(desk).model.column_at("total") or 0) == "9"


def test_a_click_chooses_the_symbol_in_the_same_turn(desk: ClosingDesk) -> None:
    view, model = table(desk).view, table(desk).model
    place = view.visualRect(model.index(3, model.column_at("price") or 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    chosen = desk.work.selection.last
    assert chosen is not None and chosen.ticker == desk.work.ticker(2)


def test_chips_show_signals_candidates_and_everything(desk: ClosingDesk) -> None:
    bar = table(desk).bar
    labels = {chip.chip_id: chip for chip in bar.chips}
    # Nine of the twelve have 6 points or more and none of them is rejected; 60 symbols in all.
    assert [chip.text() for chip in bar.chips] == ["신호 9", "후보 12", "전체 60"]
    QTest.mouseClick(labels["closing_signals"], Qt.MouseButton.LeftButton)
    assert shown(desk) == [0, 3, 1, 2, 5, 6, 7, 8, 9]
    QTest.mouseClick(labels["closing_every"], Qt.MouseButton.LeftButton)
    assert len(shown(desk)) == 60
    assert text(desk, "rejected", 30) == "대금 부족 · 등락 범위 밖"


def test_blocks_tell_earned_missed_and_unknown_apart(desk: ClosingDesk) -> None:
    blocks = mark(desk, "blocks", 0)
    assert isinstance(blocks, BlocksMark)
    assert blocks.parts == ((2, 3, True), (3, 3, True), (2, 2, True), (0, 1, True), (0, 1, True), (2, 2, True))
    missing = mark(desk, "blocks", 4)
    assert isinstance(missing, BlocksMark) and missing.parts[5] == (0, 2, False)
    assert text(desk, "blocks", 4).endswith("?/2")
    assert text(desk, "coverage", 4) == "83%"  # 10 of 12 points could be judged


def test_a_grade_lowered_by_a_cap_is_dashed_and_says_why(desk: ClosingDesk) -> None:
    # Row 1: 8 points would be A, no news keeps it at B; it also rose 21.82 %. Row 3: 9 points is A, overheating changes nothing.
    assert mark(desk, "grade", 1) == GradeMark(Grade.B, True)
    assert text(desk, "caps", 1) == "재료 없음 → B · 과열 → A"
    assert mark(desk, "grade", 3) == GradeMark(Grade.A, False)
    assert text(desk, "caps", 3) == "과열 → A"
    assert text(desk, "caps", 0) == ""


def test_the_record_is_a_number_only_where_there_are_enough_cases(desk: ClosingDesk) -> None:
    assert text(desk, "record", 0) == "사례 부족 n = 41"  # grade A
    assert text(desk, "record", 5) == "+0.42%"  # grade B, 180 cases
    assert text(desk, "record", 4) == "판단 불가"  # grade C has no record


def test_filter_line_knows_the_fields_of_the_closing_bet(desk: ClosingDesk) -> None:
    type_filter(desk, "거래대금 >= 2000억 그리고 뉴스 >= 1")
    assert shown(desk) == [0, 8, 10]  # 5.58조/2, 2,695억/1, 2,033억/1
    type_filter(desk, "supply = 2 and total < 8")
    assert shown(desk) == [7, 9, 11]
    type_filter(desk, "수급 없음")
    assert shown(desk) == [4]
    type_filter(desk, "등급 >= A")
    assert shown(desk) == [0, 3, 2]
    type_filter(desk, "ㅎㅅㅈㄱㅇ")
    assert shown(desk) == [2]
    type_filter(desk, "RS >= 70")  # a field of another table
    assert table(desk).problem.text()
    assert shown(desk) == [2]


def test_a_candidate_lost_at_confirmation_stays_struck_through(open_desk: OpenDesk) -> None:
    candidate = closing_scan().candidate.copy()
    candidate[7] = False
    order = closing_scan().order
    given = {"candidate": candidate, "order": order[order != 7], "phase": np.where(candidate, SignalPhase.PENDING, 0)}
    new = RunDifference(desk_ticker(8), "new", "", "B 6")
    desk = open_desk(ClosingTable, (1_200, 420), opened=False)
    desk.work.open(closing_picture(scan=given, differences=(lost(7), new)))
    QApplication.processEvents()
    assert 7 in shown(desk) and len(shown(desk)) == 12
    name = mark(desk, "name", 7)
    assert isinstance(name, StruckName) and name.struck
    assert text(desk, "caps", 7).startswith("탈락 B 6")
    assert text(desk, "caps", 8) == "새 후보 B 6"
    assert desk.panel.subtitle == "11건 · 확정 실행 15:40 · 탈락 1"
    # The line through the name is really drawn: one pixel row of the cell is a whole line in the colour of the text.
    view, model = table(desk).view, table(desk).model
    row = shown(desk).index(7)
    cell = view.visualRect(model.index(row, model.column_at("name") or 0))
    picture = view.viewport().grab().toImage()
    ink = desk.look.color("text-muted").name()
    lines = [{picture.pixelColor(x, y).name() for x in range(cell.left() + 8, cell.left() + 24)} for y in rows_of(cell)]
    assert lines.count({ink}) == 1


def rows_of(cell: QRect) -> range:
    return range(cell.top(), cell.bottom() + 1)


def desk_ticker(row: int) -> str:
    from tests.ui.closing.desk import closing_panel

    return str(closing_panel().tickers[row])


def test_the_run_bar_marks_the_run_and_starts_another(desk: ClosingDesk, qtbot: Any) -> None:
    runs = table(desk).run_bar.runs
    assert runs.value() == ClosingRun.CONFIRMED.value
    # 15:42 is looked at: the confirmed flows of 18:10 do not exist yet.
    assert [button.isEnabled() for button in runs.buttons.values()] == [True, True, True, False]
    QTest.mouseClick(runs.buttons[ClosingRun.PRE_CLOSE.value], Qt.MouseButton.LeftButton)
    assert desk.fake.started == [ClosingRun.PRE_CLOSE]
    assert runs.value() == ClosingRun.CONFIRMED.value  # until the other run is there
    desk.work.open(closing_picture(ClosingRun.PRE_CLOSE, forming=True))
    assert runs.value() == ClosingRun.PRE_CLOSE.value
    qtbot.waitUntil(lambda: desk.panel.subtitle == "12건 · 마감 전 실행 15:10")
    QTest.mouseClick(table(desk).run_bar.again, Qt.MouseButton.LeftButton)
    assert desk.fake.started == [ClosingRun.PRE_CLOSE, ClosingRun.PRE_CLOSE]


def test_runs_follow_the_instant_looked_at(desk: ClosingDesk) -> None:
    early = AsOf.at(last_day(), 15, 5)
    desk.work.market.publish(MarketPicture(desk.work.panel, "real", early, is_latest=False))
    buttons = table(desk).run_bar.runs.buttons
    assert [button.isEnabled() for button in buttons.values()] == [True, False, False, False]
    assert buttons[ClosingRun.CONFIRMED.value].toolTip() == "보고 있는 시각에는 아직 없는 실행"


def test_a_forming_bar_is_provisional_and_what_if_says_so(desk: ClosingDesk) -> None:
    desk.work.open(closing_picture(ClosingRun.PRE_CLOSE, forming=True))
    assert isinstance(desk.panel.state, Ready) and not desk.panel.state.final
    assert table(desk).model.cell_look(0, table(desk).model.column_at("total") or 0)[1] == "warning"
    desk.work.open(closing_picture(what_if=True))
    assert desk.panel.header.badge.text() == "가정 중"
    desk.work.open()
    assert "확정" in desk.panel.header.badge.text()


def test_new_values_do_not_move_rows_under_the_pointer(desk: ClosingDesk) -> None:
    before = shown(desk)
    table(desk).model.set_held(True)
    points = closing_scan().points.copy()
    points[11] = 3, 3, 2, 1, 1, 2
    total = points.sum(axis=1)
    order = np.lexsort((np.arange(12), -closing_scan().value_krw[:12], -total[:12])).astype(np.intp)
    desk.work.open(closing_picture(scan={"points": points, "total": total, "order": order}))
    assert shown(desk) == before
    assert text(desk, "total", 11) == "12"
    assert table(desk).model.waiting_moves > 0
    table(desk).model.set_held(False)
    assert shown(desk)[0] == 11


def test_empty_day_says_so_and_what_was_looked_at(desk: ClosingDesk, qtbot: Any) -> None:
    nothing = np.zeros(60, dtype=np.bool_)
    empty = {"candidate": nothing, "order": np.zeros(0, dtype=np.intp), "phase": np.zeros(60, dtype=np.uint8)}
    desk.work.open(closing_picture(scan=empty))
    qtbot.waitUntil(lambda: shown(desk) == [])
    words = "오늘 후보가 없습니다 후보 0 · 살펴본 종목 60"
    qtbot.waitUntil(lambda: table(desk).view.accessibleDescription() == words)
    desk.work.open()
    type_filter(desk, "총점 > 11")
    qtbot.waitUntil(lambda: "조건 없이 12건" in table(desk).view.accessibleDescription())


def test_copy_and_export_write_plain_numbers(desk: ClosingDesk) -> None:
    asked: list[ExportRequest] = []
    table(desk).export_requested.connect(asked.append)
    table(desk).request_export()
    lines = asked[0].text.splitlines()
    assert asked[0].file_name == f"closing_{last_day().isoformat()}.csv"
    assert len(lines) == 13
    # The code, the blocks in words and the total as a number.
    assert desk.work.ticker(0) in lines[1] and "2/3 · 3/3 · 2/2 · 0/1 · 0/1 · 2/2" in lines[1] and ",9," in lines[1]
    table(desk).view.selectRow(0)
    assert table(desk).view.copy_selection() == QGuiApplication.clipboard().text()


def test_cell_detail_says_from_where_and_when(desk: ClosingDesk) -> None:
    model = table(desk).model
    row = shown(desk).index(2)
    head, meaning, source, remark = table(desk).detail_lines(row, model.column_at("value") or 0)
    assert head == "효성중공업 · 거래대금 1,854억"
    assert "15:40 기준 · KRX" in source
    _, _, _, blocks = table(desk).detail_lines(row, model.column_at("blocks") or 0)
    assert blocks == "뉴스 3/3 · 거래대금 1/3 · 차트 2/2 · 캔들 1/1 · 기간조정 0/1 · 수급 1/2"
    _, meaning, _, _ = table(desk).detail_lines(shown(desk).index(5), model.column_at("record") or 0)
    assert "n = 180 · 평균 +0.42% (95% +0.02% … +0.82%)" in meaning
    assert not remark


def test_selection_from_elsewhere_marks_the_row_without_echo(desk: ClosingDesk) -> None:
    desk.work.select(desk.work.ticker(6), "signals")
    assert table(desk).view.chosen_ticker() == desk.work.ticker(6)
    last = desk.work.selection.last
    assert last is not None and last.origin == "signals"


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (Loading(Progress("progress.scan", 3, 10)), "읽는 중"),
        (Stale(200.0, "live.stale.lost", AsOf.at(last_day(), 15, 10)), "3분 전"),
        (Offline(AsOf.at(last_day(), 14, 31).instant_ns), "14:31부터"),
        (Failed(StorageError("no store", key="error.storage.busy")), "실패"),
    ],
)
def test_the_other_states_come_from_the_service(desk: ClosingDesk, state: PanelState, word: str) -> None:
    desk.fake.closing_state.publish(state)
    assert desk.panel.state == state
    assert word in desk.panel.header.badge.text()
    if isinstance(state, Stale):
        assert table(desk).view.stale
    desk.panel.retry_requested.emit()
    assert desk.fake.started == [ClosingRun.CONFIRMED]


def test_without_strategies_or_before_the_first_run(open_desk: OpenDesk) -> None:
    off = open_desk(ClosingTable, opened=False, with_strategies=False)
    assert off.panel.state == Empty("empty.closing.off")
    waiting = open_desk(ClosingTable, opened=False)
    waiting.fake.closing_state.publish(Ready(AsOf.at(last_day(), 14, 0)))
    assert waiting.panel.state == Empty("empty.closing.waiting")


def test_a_hidden_table_does_not_listen(desk: ClosingDesk) -> None:
    desk.panel.hide()
    desk.work.fake.closing.publish(closing_picture(ClosingRun.PREVIEW))
    assert table(desk).closing.run is ClosingRun.CONFIRMED
    desk.panel.show()
    assert table(desk).closing.run is ClosingRun.PREVIEW


def test_narrow_windows_get_the_small_columns_and_everything_speaks_english(open_desk: OpenDesk) -> None:
    look = Appearance(language="en", theme="light")
    desk = open_desk(ClosingTable, (430, 400), look=look, window=1_280)
    columns = table(desk).view.shown_columns()
    assert columns == ["grade", "name", "price", "change", "blocks", "total", "caps"]
    # Up to the total everything is in sight without scrolling.
    model, view = table(desk).model, table(desk).view
    right = view.visualRect(model.index(0, model.column_at("total") or 0)).right()
    assert right <= view.viewport().width()
    assert desk.panel.subtitle == "12 · Confirmed run 15:40"
    look.choose(language="ko")
    assert desk.panel.subtitle == "12건 · 확정 실행 15:40"


def test_state_is_saved_and_taken_back(open_desk: OpenDesk) -> None:
    first = open_desk(ClosingTable)
    table(first).closing.choose_chip("closing_every")
    type_filter(first, "뉴스 >= 2")
    saved = first.panel.panel_state()
    second = open_desk(ClosingTable)
    second.panel.restore_panel_state(saved)
    assert table(second).closing.chip == "closing_every"
    assert shown(second) == [0, 3, 2, 5, 6]


def test_missing_news_are_not_zero(desk: ClosingDesk) -> None:
    scan = closing_scan()
    status = scan.status.copy()
    status[:, 0] = ScoreStatus.MISSING
    desk.work.open(closing_picture(scan={"status": status, "points": replace(scan, status=status).points}))
    blocks = mark(desk, "blocks", 0)
    assert isinstance(blocks, BlocksMark) and blocks.parts[0] == (0, 3, False)
    type_filter(desk, "뉴스 >= 0")
    assert shown(desk) == []  # a missing value satisfies no comparison


def test_rejections_name_every_failed_filter() -> None:
    texts = Appearance()
    for bit in Rejection:
        if bit and bit.name:
            assert texts.has_text(f"closing.reject.{bit.name.lower()}")
            assert texts.has_text(f"closing.filter.{bit.name.lower()}.failed")
