"""The evidence panel over real evidence: words, walking, lighting up, copying, other symbols, and paint in every look."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.evidence import ItemState
from engine.model.instants import AsOf
from engine.model.scan import ITEMS
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Loading, Ready
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.evidence import EvidencePanel
from ralphstock_desktop.ui.models.evidence_words import bullet_of
from ralphstock_desktop.ui.viewmodels.evidence import GroupLine, ItemLine, NoteLine, RecordLine
from tests.ui.tables.local_market import LocalWorkstation, context_for, local_panel, scan_picture


class Desk:
    def __init__(self, qtbot: QtBot, width: int = 392, window: int = 1_500, look: Appearance | None = None) -> None:
        self.look = look or Appearance()
        self.work = LocalWorkstation()
        self.panel = EvidencePanel(context_for(self.work, self.look))
        self.window = QWidget()
        self.window.resize(window, 900)
        self.panel.setParent(self.window)
        self.panel.setGeometry(0, 0, width, 900)
        qtbot.addWidget(self.window)
        self.window.show()
        self.panel.show()
        self.work.show(scan_picture(local_panel()))
        self.view, self.vm = self.panel.view, self.panel.view_model

    def choose(self, ticker: str) -> None:
        self.work.select(ticker, "signals")
        self.vm.explain_now()
        QApplication.processEvents()

    def line(self, item: str) -> ItemLine:
        return next(line for line in self.vm.lines if isinstance(line, ItemLine) and line.evidence.item == item)

    def lit(self) -> str:
        focus = self.work.focus.last
        return focus.evidence.item if focus is not None and focus.evidence is not None else ""


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot)
    made.choose("000020")
    yield made
    made.window.close()


def test_without_a_symbol_the_panel_says_what_to_do(qtbot: QtBot) -> None:
    desk = Desk(qtbot)
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "empty.evidence.none"
    desk.choose("999990")
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "empty.evidence.absent"
    desk.work.scan_state.publish(Loading(Progress("scan", 0, 0)))
    assert isinstance(desk.panel.state, Loading)
    desk.window.close()


def test_every_item_has_its_row_with_value_rule_margin_and_points(desk: Desk) -> None:
    assert isinstance(desk.panel.state, Ready)
    assert desk.vm.items() == list(ITEMS)
    picture = desk.work.scans.last
    assert picture is not None
    row = picture.panel.row_of("000020")
    for line in desk.vm.lines:
        if isinstance(line, ItemLine):
            words = line.words
            assert all((words.label, words.value, words.threshold, words.margin, words.points, words.words, words.source))
            points = float(picture.scan.item_points[row, ITEMS.index(line.evidence.item)])
            assert words.points.startswith(f"{points:g}/")


def test_group_points_are_the_sum_of_their_rows(desk: Desk) -> None:
    total = 0.0
    for line in desk.vm.lines:
        if isinstance(line, GroupLine) and " / " in line.points:
            total = float(line.points.split(" / ")[0])
        elif isinstance(line, ItemLine):
            total -= line.evidence.points
            last = line.evidence.item in ("T8", "B4", "C3", "D2", "E1", "F1", "SM4")
            assert not last or total == pytest.approx(0.0), line.evidence.item


def test_the_head_adds_up(desk: Desk) -> None:
    head, picture = desk.vm.head, desk.work.scans.last
    assert head is not None and picture is not None
    scan, row = picture.scan, picture.panel.row_of("000020") or 0
    assert head.total == scan.total_score[row] and head.grade == scan.grade[row]
    assert head.formula == f"VCP {scan.vcp_score[row]:.1f} × 0.7 + 수급 {scan.smartmoney_score[row]:.1f} × 0.3"
    entry, stop, target, reward = head.plan
    assert entry.value == f"{scan.entry_krw[row]:,.0f}" and stop.distance.startswith("−") and target.distance.startswith("+")
    assert reward.value.endswith(" R")


def test_arrows_walk_and_light_up_exactly_the_row(desk: Desk) -> None:
    desk.view.setFocus()
    QTest.keyClick(desk.view, Qt.Key.Key_Down)
    assert desk.lit() == "T1"
    for _ in range(4):
        QTest.keyClick(desk.view, Qt.Key.Key_Down)
    assert desk.lit() == "T5"
    QTest.keyClick(desk.view, Qt.Key.Key_Up)
    assert desk.lit() == "T4"
    focus = desk.work.focus.last
    assert focus is not None and focus.ticker == "000020" and focus.evidence is desk.line("T4").evidence
    QTest.keyClick(desk.view, Qt.Key.Key_End)
    assert desk.lit() == "SM4"
    assert desk.view.rect_of("SM4").bottom() <= desk.view.viewport().height()
    QTest.keyClick(desk.view, Qt.Key.Key_Home)
    assert desk.lit() == "T1"


def test_a_click_opens_the_row_to_its_calculation_and_source(desk: Desk) -> None:
    before = desk.view.rect_of("C1")
    assert before.height() == desk.look.space("row_evidence")
    QTest.mouseClick(desk.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, before.center().y()))
    assert desk.lit() == "C1"
    assert desk.view.rect_of("C1").height() == desk.look.px(59)
    words = desk.line("C1").words
    assert "÷" in words.words and words.source.startswith("확정 ") and "KRX 일봉" in words.source and "§2.7 C1" in words.source
    assert words.words in desk.view.accessibleDescription()


def test_escape_lets_go_and_the_chart_may_too(desk: Desk) -> None:
    desk.vm.focus("B2")
    QTest.keyClick(desk.view, Qt.Key.Key_Escape)
    assert desk.lit() == "" and desk.vm.focused_item == ""
    desk.vm.focus("B2")
    desk.work.focus_evidence("000020", None)
    assert desk.vm.focused_item == "" and desk.view.rect_of("B2").height() == desk.look.space("row_evidence")


def test_a_pinned_row_stays_lit_on_the_next_symbol_and_an_unpinned_one_does_not(desk: Desk) -> None:
    desk.vm.focus("C1")
    desk.choose("000030")
    assert desk.lit() == ""
    desk.vm.focus("C1")
    QTest.keyClick(desk.view, Qt.Key.Key_Return)
    assert desk.vm.pinned
    desk.choose("000040")
    focus = desk.work.focus.last
    assert focus is not None and focus.ticker == "000040" and focus.pinned and desk.lit() == "C1"


def test_c_copies_the_sentence_with_number_rule_and_source(desk: Desk) -> None:
    desk.vm.focus("C1")
    QTest.keyClick(desk.view, Qt.Key.Key_C)
    text = QGuiApplication.clipboard().text()
    words = desk.line("C1").words
    assert text.startswith("삼성전자 000020") and words.words in text and words.value in text and words.source in text


def test_unknown_items_are_said_to_be_unknown_never_zero(desk: Desk) -> None:
    picture = desk.work.scans.last
    assert picture is not None
    missing = int(np.flatnonzero(np.isnan(picture.scan.smartmoney_score))[0])
    desk.choose(str(picture.panel.tickers[missing]))
    line = desk.line("SM1")
    assert line.evidence.state is ItemState.UNKNOWN
    assert (line.words.value, line.words.points, line.words.margin) == ("판단 불가", "—", "—")
    assert bullet_of(line.evidence) is None and "3일" in line.words.words
    head = desk.vm.head
    assert head is not None and "수급 자료 없음" in head.formula
    group = next(line for line in desk.vm.lines if isinstance(line, GroupLine) and "SmartMoney" in line.title)
    assert group.points == "—"


def test_a_symbol_without_a_pattern_says_why(desk: Desk) -> None:
    picture = desk.work.scans.last
    assert picture is not None
    scan = picture.scan
    row = int(np.flatnonzero(~scan.pattern & ~scan.trend_gate & (scan.ineligible == 0))[0])
    desk.choose(str(picture.panel.tickers[row]))
    notes = {line.label: line.text for line in desk.vm.lines if isinstance(line, NoteLine) and line.label}
    assert "추세 문턱 미달" in notes["이유"] and notes["상태"] and "100%" in notes["산출 범위"]
    assert isinstance(desk.vm.lines[0], GroupLine) and desk.vm.lines[0].title == "판정"
    assert desk.vm.head is not None and desk.vm.head.plan == ()


def test_the_record_is_honest_until_there_are_records(desk: Desk) -> None:
    record = desk.vm.lines[-1]
    assert isinstance(record, RecordLine) and (record.value, record.remark) == ("판단 불가", "성과 기록 없음")


def test_another_instant_is_explained_anew(desk: Desk) -> None:
    before = desk.line("T5").words.value
    panel = local_panel()
    day = panel.days[-20].astype("datetime64[D]").item()
    desk.work.show(scan_picture(panel, AsOf.end_of(day)))
    desk.vm.explain_now()
    assert desk.line("T5").words.value != before


def test_language_changes_at_once(desk: Desk) -> None:
    desk.vm.focus("C1")
    desk.look.choose(language="en")
    words = desk.line("C1").words
    assert words.label == "5 d ÷ 50 d mean" and "÷" in words.words and words.source.startswith("Known ")
    assert desk.vm.head is not None and desk.vm.head.name == "Samsung Electronics"


def test_a_narrow_panel_moves_bar_and_rule_into_the_focused_row(qtbot: QtBot) -> None:
    desk = Desk(qtbot, width=300, window=1_280)
    desk.choose("000020")
    assert not desk.view.wide and "threshold" not in desk.view._columns()
    desk.vm.focus("B1")
    assert desk.view.rect_of("B1").height() >= desk.look.px(75)
    desk.window.close()


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("zoom", [100, 130, 150, 200])
def test_columns_give_way_before_the_names_are_cut(qtbot: QtBot, language: str, zoom: int) -> None:
    look = Appearance(language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    desk = Desk(qtbot, width=look.px(248), window=look.px(1_280), look=look)
    desk.choose("000020")
    canvas, columns = desk.view._canvas, desk.view._columns()
    assert "threshold" not in columns and "margin" not in columns, "the rule goes first, then the margin"
    contractions = desk.line("B1")
    assert canvas.width(contractions.words.label, "body") <= columns["item"][1]
    desk.vm.focus("B1")
    height = desk.view.rect_of("B1").height()
    desk.panel.resize(look.px(340), desk.panel.height())
    QApplication.processEvents()
    assert desk.view.with_margin or desk.panel.width() < look.px(300)
    assert height >= look.px(75), "rule and margin are in the focused row"
    desk.window.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("zoom", [100, 200])
@pytest.mark.parametrize("wide", [True, False])
def test_columns_do_not_overlap_in_any_look(qtbot: QtBot, theme: str, language: str, zoom: int, wide: bool) -> None:
    look = Appearance(theme=theme, language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    width = look.px(392 if wide else 300)
    desk = Desk(qtbot, width=width, window=look.px(1_500 if wide else 1_280), look=look)
    for ticker in ("000020", "000030", "000900"):
        desk.choose(ticker)
        columns = desk.view._columns()
        placed = sorted(columns.values())
        assert all(left + size <= after for (left, size), (after, _) in pairwise(placed))
        canvas = desk.view._canvas
        for line in desk.vm.lines:
            if isinstance(line, ItemLine):
                words = line.words
                assert canvas.width(words.value, "body", True) <= columns["value"][1], (line.evidence.item, words.value)
                assert canvas.width(words.points, "caption") <= columns["points"][1], (line.evidence.item, words.points)
                assert canvas.width(words.margin, "caption") <= columns["margin"][1], (line.evidence.item, words.margin)
    desk.vm.focus("C1")
    image = desk.panel.grab().toImage()
    assert not image.isNull() and image.pixelColor(image.width() // 2, desk.panel.header.height() + 3).isValid()
    desk.window.close()
