"""The signal table and the symbol list driven like a trader drives them, over a real scan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QPixmap, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.instants import AsOf
from engine.model.scan import VcpState
from ralphstock_desktop.services.contracts import Empty, Ready, Stale
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.signal_table import SignalTable
from ralphstock_desktop.ui.docks.symbol_list import SymbolList
from ralphstock_desktop.ui.docks.table_panel import ExportRequest, TablePanel
from ralphstock_desktop.ui.models.array_table import SortKey
from tests.ui.tables.local_market import LocalWorkstation, context_for, local_panel, scan_picture


class Desk:
    """A window with one panel in it."""

    def __init__(self, qtbot: QtBot, kind: type[TablePanel], width: int = 1_500) -> None:
        self.look = Appearance()
        self.work = LocalWorkstation()
        self.context = context_for(self.work, self.look)
        self.panel = kind(self.context)
        self.window = QWidget()
        self.window.resize(width, 700)
        self.panel.setParent(self.window)
        self.panel.setGeometry(0, 0, width, 700)
        qtbot.addWidget(self.window)
        self.window.show()
        self.panel.show()
        self.work.show(scan_picture(local_panel()))
        QApplication.processEvents()
        self.view = self.panel.view
        self.model = self.panel.model

    def names(self) -> list[str]:
        rows = self.panel.view_model.rows
        assert rows is not None
        return [rows.name(int(row), "ko") for row in self.model.order]

    def shown_in(self, column: str) -> list[str]:
        position = self.model.column_at(column)
        assert position is not None
        return [self.model.cell_text(int(row), position) for row in self.model.order]

    def cell_point(self, row: int, column: str) -> QPoint:
        position = self.model.column_at(column)
        assert position is not None
        return self.view.visualRect(self.model.index(row, position)).center()

    def click_row(self, row: int) -> None:
        QTest.mouseClick(self.view.viewport(), Qt.MouseButton.LeftButton, pos=self.cell_point(row, "price"))

    def click_head(self, column: str, *, shift: bool = False) -> None:
        position = self.model.column_at(column)
        assert position is not None
        head = self.view.head
        place = QPoint(head.sectionViewportPosition(position) + head.sectionSize(position) // 2, head.height() // 2)
        modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    def type_filter(self, text: str) -> None:
        field = self.panel.bar.field
        field.clear()
        committed = QInputMethodEvent()
        committed.setCommitString(text)
        QApplication.sendEvent(field, committed)
        QTest.keyClick(field, Qt.Key.Key_Return)


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot, SignalTable)
    yield made
    made.window.close()


@pytest.fixture
def market(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot, SymbolList)
    yield made
    made.window.close()


def test_detected_patterns_best_first_and_the_first_is_chosen(desk: Desk) -> None:
    picture = desk.work.scans.last
    assert picture is not None and picture.detected == desk.model.rowCount() > 3
    totals = picture.scan.total_score[desk.model.order]
    assert np.all(np.diff(totals) <= 0)
    chosen = desk.work.selection.last
    assert chosen is not None and chosen.ticker == desk.model.ticker(0)
    assert isinstance(desk.panel.state, Ready)
    assert str(picture.detected) in desk.panel.subtitle


def test_a_click_chooses_the_symbol_in_the_same_turn(desk: Desk) -> None:
    desk.click_row(2)
    chosen = desk.work.selection.last
    assert chosen is not None and (chosen.ticker, chosen.origin) == (desk.model.ticker(2), "signals")


def test_keyboard_walks_opens_and_finds(desk: Desk) -> None:
    opened: list[str] = []
    desk.panel.chart_requested.connect(opened.append)
    desk.view.setFocus()
    QTest.keyClick(desk.view, Qt.Key.Key_Home)
    QTest.keyClick(desk.view, Qt.Key.Key_Down)
    assert desk.view.chosen_ticker() == desk.model.ticker(1)
    QTest.keyClick(desk.view, Qt.Key.Key_End)
    assert desk.view.chosen_ticker() == desk.model.ticker(desk.model.rowCount() - 1)
    QTest.keyClick(desk.view, Qt.Key.Key_Return)
    assert opened == [desk.model.ticker(desk.model.rowCount() - 1)]
    QTest.keyClicks(desk.view, "kt")
    assert desk.names()[desk.view.currentIndex().row()] == "KT&G"


def test_hangul_being_composed_already_searches(desk: Desk) -> None:
    desk.view.setFocus()
    composing = QInputMethodEvent("ㅁ", [])
    QApplication.sendEvent(desk.view, composing)
    assert desk.names()[desk.view.currentIndex().row()] == "미래에셋증권"
    committed = QInputMethodEvent()
    committed.setCommitString("토")
    QApplication.sendEvent(desk.view, committed)
    assert desk.names()[desk.view.currentIndex().row()] == "토모큐브"


def test_a_choice_made_elsewhere_moves_the_row_without_an_echo(desk: Desk) -> None:
    told: list[str] = []
    ticker = desk.model.ticker(3)
    desk.work.selection.subscribe(lambda context: told.append(context.origin), replay=False)
    desk.work.select(ticker, "search")
    assert desk.view.chosen_ticker() == ticker and told == ["search"]


def test_heads_sort_and_shift_adds_the_second_key(desk: Desk) -> None:
    desk.click_head("rs")
    picture = desk.work.scans.last
    assert picture is not None
    assert np.all(np.diff(picture.scan.rs[desk.model.order]) <= 0)
    desk.click_head("rs")
    assert np.all(np.diff(picture.scan.rs[desk.model.order]) >= 0)
    desk.click_head("change", shift=True)
    assert desk.model.sort_keys == (SortKey("rs", False), SortKey("change", True))


def test_a_frozen_head_sorts_while_the_table_is_scrolled(desk: Desk) -> None:
    desk.panel.setGeometry(0, 0, 600, 700)
    QApplication.processEvents()
    desk.view.horizontalScrollBar().setValue(200)
    name = desk.model.column_at("name")
    assert name is not None
    left = next(x for section, x, _, _ in desk.view.head.placed_sections() if section == name)
    QTest.mouseClick(desk.view.head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(left + 20, 8))
    assert desk.model.sort_keys == (SortKey("name", False),)
    assert desk.view.indexAt(QPoint(left + 20, 30)).column() == name


def test_chips_cut_and_count(desk: Desk) -> None:
    picture = desk.work.scans.last
    assert picture is not None
    scan = picture.scan
    chips = {chip.chip_id: chip for chip in desk.panel.bar.chips}
    breaks = int((scan.pattern & (scan.state == VcpState.BREAKOUT)).sum())
    assert chips["breakout_count"].text() == f"돌파 {breaks}"
    QTest.mouseClick(chips["breakout_count"], Qt.MouseButton.LeftButton)
    assert desk.model.rowCount() == breaks > 0
    QTest.mouseClick(chips["watch"], Qt.MouseButton.LeftButton)
    watched = desk.model.order
    assert not scan.pattern[watched].any() and (scan.ineligible[watched] == 0).all()
    assert np.all(np.diff(scan.total_score[watched]) <= 0)


def test_a_condition_narrows_and_a_typo_changes_nothing(desk: Desk) -> None:
    before = desk.model.rowCount()
    desk.type_filter("RS >= 90")
    narrowed = desk.model.rowCount()
    assert 0 < narrowed < before
    desk.window.activateWindow()
    desk.panel.bar.field.setFocus()
    QApplication.processEvents()
    appended = QInputMethodEvent()
    appended.setCommitString(" 그리고 총점 >>")
    QApplication.sendEvent(desk.panel.bar.field, appended)
    desk.panel.bar.send()
    assert not desk.panel.problem.isVisible(), "nobody is corrected in the middle of a word"
    QTest.keyClick(desk.panel.bar.field, Qt.Key.Key_Return)
    assert desk.model.rowCount() == narrowed, "a condition that cannot be read keeps the last good one"
    assert desk.panel.problem.isVisible() and "번째 글자" in desk.panel.problem.text()
    desk.look.choose(language="en")
    assert "Character" in desk.panel.problem.text()
    desk.panel.bar.field.clear()
    assert desk.model.rowCount() == before and not desk.panel.problem.isVisible()


def test_nothing_found_is_said_in_the_table_with_the_filter_still_there(desk: Desk) -> None:
    desk.type_filter("총점 > 99.9")
    assert desk.model.rowCount() == 0 and desk.panel.bar.field.isVisible()
    assert "없습니다" in desk.view.accessibleDescription()


def test_a_day_without_signals_says_so_and_offers_the_watch_list(desk: Desk) -> None:
    panel = local_panel()
    early = panel.days[90].astype("datetime64[D]").item()
    desk.work.show(scan_picture(panel, AsOf.end_of(early)))
    state = desk.panel.state
    assert isinstance(state, Empty) and state.reason_key == "empty.signals.none" and state.action == "watch"
    desk.panel._page.primary.click()
    assert isinstance(desk.panel.state, Ready) and desk.model.rowCount() > 0


def test_a_symbol_of_another_market_does_not_stay_chosen(desk: Desk) -> None:
    desk.work.select("999999", "palette")
    desk.work.show(scan_picture(local_panel()))
    chosen = desk.work.selection.last
    assert chosen is not None and chosen.ticker == desk.model.ticker(0)


def test_stale_values_lose_their_direction_colours_but_stay(desk: Desk) -> None:
    last = desk.work.scans.last
    assert last is not None
    desk.work.scan_state.publish(Stale(250.0, "empty.signals.cancelled", last.scan.as_of))
    assert desk.view.stale and desk.model.rowCount() == last.detected


def test_rows_wait_while_the_pointer_is_inside_and_f5_applies(desk: Desk) -> None:
    before = desk.names()
    desk.view.enterEvent(_enter())
    picture = scan_picture(local_panel())
    picture.scan.total_score[:] = picture.scan.total_score.max() - picture.scan.total_score
    desk.work.scans.publish(picture)
    assert desk.names() == before and desk.panel.bar.held.isVisible()
    assert str(desk.model.waiting_moves) in desk.panel.bar.held.text()
    QTest.keyClick(desk.view, Qt.Key.Key_F5)
    assert desk.names() != before and not desk.panel.bar.held.isVisible()


def test_another_day_is_shown_at_once_even_with_the_pointer_inside(desk: Desk) -> None:
    desk.view.enterEvent(_enter())
    panel = local_panel()
    day = panel.days[-3].astype("datetime64[D]").item()
    picture = scan_picture(panel, AsOf.end_of(day))
    desk.work.show(picture)
    assert desk.model.rowCount() == picture.detected and desk.model.waiting_moves == 0


def _enter() -> object:
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QEnterEvent

    return QEnterEvent(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5))


def test_copy_has_heads_and_plain_numbers(desk: Desk) -> None:
    desk.view.selectRow(0)
    QTest.keyClick(desk.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    heads, values = (line.split("\t") for line in QGuiApplication.clipboard().text().split("\n"))
    record = dict(zip(heads, values, strict=True))
    picture = desk.work.scans.last
    assert picture is not None
    row = desk.model.source_row(0)
    assert record["종목"] == desk.names()[0]
    assert record["코드"] == str(picture.panel.tickers[row]), "a name alone does not identify an issue"
    assert float(record["등락률"]) == pytest.approx(float(picture.scan.change_pct[row]), abs=1e-5)
    assert "−" not in values, "spreadsheets do not read U+2212"


def test_export_is_asked_for_as_csv_text_and_quotes_what_needs_it(desk: Desk) -> None:
    asked: list[ExportRequest] = []
    desk.panel.export_requested.connect(asked.append)
    desk.panel.request_export()
    assert asked[0].encoding == "utf-8-sig" and asked[0].file_name.startswith("signals_2026-06-30")
    lines = asked[0].text.split("\r\n")
    assert len(lines) == desk.model.rowCount() + 2 and lines[-1] == ""
    assert lines[0].startswith("등급,코드,종목,현재가")


def test_space_tells_where_a_value_comes_from(desk: Desk) -> None:
    desk.view.setFocus()
    column = desk.model.column_at("dry_up")
    assert column is not None
    desk.view.setCurrentIndex(desk.model.index(0, column))
    QTest.keyClick(desk.view, Qt.Key.Key_Space)
    assert desk.panel.detail.isVisible()
    head, formula, source = desk.panel.detail.lines()[:3]
    assert desk.names()[0] in head and "고갈" in head and "50봉" in formula and "KRX 일봉" in source and "15:40" in source
    QTest.keyClick(desk.view, Qt.Key.Key_Space)
    assert not desk.panel.detail.isVisible()


def test_hovering_600_ms_opens_the_detail_and_leaving_closes_it(desk: Desk, qtbot: QtBot) -> None:
    place = desk.cell_point(1, "total")
    QTest.mouseMove(desk.view.viewport(), place - QPoint(2, 0))
    QTest.mouseMove(desk.view.viewport(), place)
    assert not desk.panel.detail.isVisible()
    desk.view._hover_timer.setInterval(0)
    desk.view._hover_timer.start()
    qtbot.waitUntil(desk.panel.detail.isVisible, timeout=10_000)
    assert desk.names()[1] in desk.panel.detail.lines()[0]
    QTest.mouseMove(desk.view.viewport(), desk.cell_point(2, "total"))
    assert not desk.panel.detail.isVisible()


def test_columns_can_be_hidden_moved_reset_and_come_back_after_a_restart(desk: Desk, qtbot: QtBot) -> None:
    desk.panel.open_chooser()
    chooser = desk.panel.chooser
    line = next(n for n in range(chooser.list.count()) if chooser.list.item(n).text() == "60일")
    chooser.list.item(line).setCheckState(Qt.CheckState.Unchecked)
    assert "spark" not in desk.view.shown_columns()
    line = next(n for n in range(chooser.list.count()) if chooser.list.item(n).text() == "RS")
    chooser.list.setCurrentRow(line)
    for _ in range(3):
        QTest.keyClick(chooser.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    order = desk.view.shown_columns()
    chooser.close()
    desk.view.head.resizeSection(desk.model.column_at("price") or 0, 99)
    desk.click_head("rs")
    desk.type_filter("RS >= 50")
    saved = desk.panel.panel_state()

    again = Desk(qtbot, SignalTable)
    again.panel.restore_panel_state(saved)
    assert again.view.shown_columns() == order
    assert again.view.head.sectionSize(again.model.column_at("price") or 0) == 99
    assert again.model.sort_keys == (SortKey("rs", True),) and again.panel.bar.field.text() == "RS >= 50"
    again.panel.reset_columns()
    assert "spark" in again.view.shown_columns() and again.view.shown_columns() != order
    again.window.close()


@pytest.mark.parametrize(
    "damaged", [{}, {"table": 3}, {"table": {"version": 1, "sets": {"full": {"columns": 5}}, "sort": [1]}}]
)
def test_a_damaged_layout_is_ignored(desk: Desk, damaged: dict[str, object]) -> None:
    before = desk.view.shown_columns()
    desk.panel.restore_panel_state(damaged)
    assert desk.view.shown_columns() == before


def test_a_narrow_window_shows_the_small_set_and_the_names_stay_first(desk: Desk) -> None:
    desk.window.resize(1_280, 700)
    QApplication.processEvents()
    assert desk.view.shown_columns() == ["grade", "name", "price", "change", "total", "distance", "vol_ratio"]
    desk.window.resize(1_500, 700)
    QApplication.processEvents()
    assert desk.view.shown_columns()[:3] == ["rank", "grade", "name"] and "spark" in desk.view.shown_columns()


def test_taking_the_keyboard_chooses_nothing_and_a_click_on_the_first_row_does(desk: Desk) -> None:
    view, chosen = desk.view, []
    view.row_chosen.connect(chosen.append)
    view.show_ticker("absent")
    view.clearFocus()
    view.setCurrentIndex(desk.model.index(-1, -1))
    view.setFocus()
    QApplication.processEvents()
    assert chosen == []
    desk.click_row(0)
    assert chosen == [desk.model.ticker(0)]


@pytest.mark.parametrize(("width", "scrolls"), [(464, False), (300, True)])
def test_a_table_a_little_too_narrow_takes_room_from_the_name(desk: Desk, width: int, scrolls: bool) -> None:
    """The small set is 32 + 114 + 70 + 62 + 56 + 78 + 56 = 468 px wide and the name may give 16 of its 114, not more."""
    desk.window.resize(1_200, 700)
    desk.panel.setGeometry(0, 0, width, 700)
    QApplication.processEvents()
    name = desk.model.column_at("name")
    assert name is not None
    assert (desk.view.horizontalScrollBar().maximum() > 0) == scrolls
    assert desk.view.head.sectionSize(name) >= 98


def test_the_head_menu_writes_conditions_from_the_current_row(desk: Desk) -> None:
    desk.click_row(1)
    total = desk.model.column_at("total")
    assert total is not None
    menu = desk.panel.head_menu(total)
    action = next(action for action in menu.actions() if action.text().endswith("이상만"))
    action.trigger()
    picture = desk.work.scans.last
    assert picture is not None
    assert desk.model.rowCount() == 2 and desk.panel.bar.field.text().startswith("총점 >= ")
    menu.deleteLater()


def test_every_quick_condition_of_every_column_can_be_read(desk: Desk) -> None:
    desk.click_row(0)
    for section, spec in enumerate(desk.model.columns):
        for label, condition in desk.panel.quick_conditions(spec, section):
            if not condition.rstrip().endswith(("=", ">=")):
                desk.panel.view_model.set_filter(condition)
                assert desk.panel.view_model.filter_error is None, (label, condition)
                assert desk.view.chosen_ticker() == "" or desk.model.rowCount() >= 1


def test_the_market_filter_of_the_app_bar_is_followed(desk: Desk) -> None:
    desk.context.market_filter.publish(2)
    picture = desk.work.scans.last
    assert picture is not None
    assert set(picture.panel.market[desk.model.order].tolist()) == {2}
    desk.context.market_filter.publish(0)
    assert desk.model.rowCount() == picture.detected


def test_the_symbol_list_shows_the_whole_market_most_traded_first(market: Desk) -> None:
    rows = market.panel.view_model.rows
    assert rows is not None and market.model.rowCount() == rows.size
    assert np.all(np.diff(rows.value[market.model.order]) <= 0)
    assert market.panel.subtitle == f"{rows.size:,}종목"


def test_the_symbol_list_says_why_a_symbol_is_not_eligible(market: Desk) -> None:
    picture = market.work.scans.last
    assert picture is not None
    out = int(np.flatnonzero(picture.scan.ineligible)[0])
    column = market.model.column_at("ineligible")
    assert column is not None
    assert market.model.cell_text(out, column) not in ("", "—")
    inside = int(np.flatnonzero(picture.scan.ineligible == 0)[0])
    assert market.model.cell_text(inside, column) == "—"


def test_an_estimated_traded_value_is_marked(qtbot: QtBot) -> None:
    from dataclasses import replace

    panel = local_panel()
    values = panel.value_krw.copy()
    values[5] = np.nan
    desk = Desk(qtbot, SymbolList)
    desk.work.show(scan_picture(replace(panel, value_krw=values, version="estimated")))
    column = desk.model.column_at("value")
    assert column is not None
    assert desk.model.cell_text(5, column).startswith("≈") and not desk.model.cell_text(6, column).startswith("≈")
    desk.window.close()


def test_a_hidden_panel_does_not_listen(desk: Desk) -> None:
    desk.panel.hide()
    before = desk.model.source
    desk.work.scans.publish(scan_picture(local_panel()))
    assert desk.model.source is before
    desk.panel.show()
    assert desk.model.source is not before


def test_only_the_ground_below_the_last_row_can_be_painted(desk: Desk) -> None:
    view = desk.view.viewport()
    below = QRect(0, view.height() - 4, view.width(), 4)
    assert desk.view.rowAt(below.top()) < 0, "the rows end above the strip"
    picture = QPixmap(view.size())
    view.render(picture, QPoint(), QRegion(below))  # an exception while painting fails the test
