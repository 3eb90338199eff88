"""The day-trading checklist: head, seven rows in words, focus on the chart, live values, record; real evidence in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.explain.day_evidence import explain_day_trade
from engine.features.day_measures import measure_prior
from engine.model.daytrade import DAY_ITEMS
from engine.model.evidence import ItemState
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.performance import Interval, RecordRow
from engine.model.scan import Grade
from engine.scoring.day_trade import score_day_trade
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, EvidenceFocus, Loading, Ready, Stale
from ralphstock_desktop.services.strategy_contracts import DayTradeExplanation, DayTradePicture, RecordTable
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.day_checklist import DayChecklist
from ralphstock_desktop.ui.viewmodels.day_distance import distance_text
from ralphstock_desktop.ui.viewmodels.day_lines import ChecklistWriter
from ralphstock_desktop.ui.viewmodels.evidence_lines import ItemLine, NoteLine, RecordLine
from tests.ui.daytrade.day_market import DAY, DayDesk, at, day_panel, day_picture, moved, near_steps


class Desk(DayDesk):
    panel: DayChecklist

    def choose(self, row: int) -> str:
        ticker = str(day_panel().tickers[row])
        self.work.select(ticker, "day_scanner")
        self.panel.view_model.explain_now()
        QApplication.processEvents()
        return ticker

    def line(self, item: str) -> ItemLine:
        lines = self.panel.view_model.lines
        return next(line for line in lines if isinstance(line, ItemLine) and line.evidence.item == item)

    def lit(self) -> str:
        focus = self.work.focus.last
        return focus.evidence.item if focus is not None and focus.evidence is not None else ""


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot, DayChecklist, (700, 520), picture=day_picture())
    made.strategies.near["DAY_TRADE"] = near_steps(day_picture())
    made.choose(9)
    yield made
    made.close()


def row_of_grade(grade: Grade) -> int:
    scan = day_picture().scan
    return int(np.flatnonzero(scan.grade == grade)[0])


def test_the_head_says_points_score_type_and_plan(desk: Desk) -> None:
    row = row_of_grade(Grade.A)
    desk.choose(row)
    head = desk.panel.view_model.checklist_head
    scan = day_picture().scan
    assert head is not None
    # 75 of 105 points are 71.4 of 100: grade A, BUY.
    assert (head.raw, head.most, head.grade) == ("75", "105", Grade.A)
    assert head.formula == "환산 71.4 · BUY · 규칙 2026.1"
    price, stop, target = (float(v[row]) for v in (scan.entry_krw, scan.stop_krw, scan.target_krw))
    assert [cell.value for cell in head.plan[:3]] == [f"{price:,.0f}", f"{stop:,.0f}", f"{target:,.0f}"]
    assert head.plan[1].distance == "−3.0%"
    assert head.plan[3].value == f"44주 · {44 * price / 1e4:,.0f}만"
    assert head.plan[3].distance == "(R 0.25% · ×0.5)", "the gate is yellow: half the size"
    assert head.plan[4].value == "15:15"


def test_without_quantity_the_plan_says_so_and_bans_are_chips(qtbot: QtBot) -> None:
    desk = Desk(qtbot, DayChecklist, picture=day_picture(gate=GateStatus.RED))
    desk.strategies.qty = 0
    desk.choose(3)
    head = desk.panel.view_model.checklist_head
    assert head is not None and head.plan[3].value == "0주" and head.plan[3].distance.endswith("×0)")
    assert [chip.text for chip in head.bans] == ["VI", "게이트"]
    desk.choose(7)
    head = desk.panel.view_model.checklist_head
    assert head is not None and head.plan == () and head.raw == "—"
    desk.close()


def test_seven_rows_in_order_with_words_for_what_is_no_number(desk: Desk) -> None:
    assert desk.panel.view_model.items() == list(DAY_ITEMS)
    desk.choose(5)
    assert desk.line("spike").words.value == "이른 시각" and desk.line("spike").words.points == "—"
    desk.choose(2)
    assert desk.line("institution").words.value == "자료 없음"
    scan = day_picture().scan
    wide = int(np.flatnonzero(scan.reason[:, 2] == 3)[0])
    desk.choose(wide)
    assert desk.line("box").words.value == "박스 아님" and desk.line("box").evidence.state is ItemState.FAILED


def test_values_margins_and_sources_of_each_item(desk: Desk) -> None:
    scan, row = day_picture().scan, 9
    assert desk.line("spike").words.value == f"{scan.relative_volume[row]:.2f}×"
    assert desk.line("spike").words.threshold == "≥ 2.00×"
    assert desk.line("momentum").words.threshold == f"> {scan.high_20[row]:,.0f}"
    assert desk.line("sector").words.value == f"{scan.sector_rank[row]} / 6위"
    assert desk.line("sector").words.threshold == "상위 20%"
    assert desk.line("institution").words.threshold == "≥ 100억"
    assert desk.line("momentum").words.source == "10:42:31 실시간"
    assert desk.line("institution").words.source == "06-30 18:10 확정"
    assert "φ 0.362" in desk.line("spike").words.words
    below = np.flatnonzero(scan.reason[:, 6] == 5)
    desk.choose(int(below[0]))
    assert desk.line("sector").words.margin == "중앙값 아래" and desk.line("sector").words.points == "8/15"


def test_the_distance_is_said_in_won_shares_and_money() -> None:
    from tests.ui.daytrade.day_market import evidence_of

    picture, look = day_picture(), Appearance()
    scan, quotes = picture.scan, picture.quotes
    row = int(np.flatnonzero((scan.points[:, 0] == 0) & (scan.state[:, 0] == ItemState.FAILED))[0])
    spike, momentum, *_ = evidence_of(picture, row)[0].items
    more = int(np.ceil(2.0 * scan.mean_volume[row] * 0.362 - quotes.volume_shares[row]))
    text = distance_text(spike, picture, row, look)
    assert text.startswith("거래량 +") and f"(+{100 * more / quotes.volume_shares[row]:.1f}%)" in text
    low = int(np.flatnonzero(scan.points[:, 1] == 0)[0])
    momentum = evidence_of(picture, low)[0].items[1]
    gap = scan.high_20[low] - scan.price[low]
    assert distance_text(momentum, picture, low, look) == (
        f"{scan.high_20[low]:,.0f}까지 +{gap:,.0f}원 (+{100 * gap / scan.price[low]:.1f}%)"
    )
    passed = int(np.flatnonzero(scan.points[:, 1] == 15)[0])
    assert distance_text(evidence_of(picture, passed)[0].items[1], picture, passed, look) == "—"


def test_keys_walk_light_pin_copy_and_let_go(desk: Desk) -> None:
    view, vm = desk.panel.view, desk.panel.view_model
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert desk.lit() == "spike"
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert desk.lit() == "momentum" and not vm.pinned
    QTest.keyClick(view, Qt.Key.Key_Return)
    focus = desk.work.focus.last
    assert isinstance(focus, EvidenceFocus) and focus.pinned and vm.pinned
    QTest.keyClick(view, Qt.Key.Key_C)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("한화오션 000110 · 모멘텀 돌파") and "20일 고가" in copied and "§4.1-2" in copied
    desk.choose(10)
    assert desk.lit() == "momentum", "a pinned row stays in focus on the next symbol"
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert desk.lit() == "" and vm.focused_item == ""


def test_a_click_focuses_and_the_row_opens_below_its_values(desk: Desk) -> None:
    view = desk.panel.view
    before = {item: view.rect_of(item).height() for item in DAY_ITEMS}
    assert set(before.values()) == {36}
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.rect_of("ma5").center())
    assert desk.lit() == "ma5" and view.rect_of("ma5").height() > 36


def test_a_row_of_another_score_lets_ours_go_and_is_not_cleared_by_us(desk: Desk) -> None:
    vm = desk.panel.view_model
    vm.focus("box")
    other = replace(desk.line("box").evidence, item="T1")
    desk.work.focus_evidence(vm.ticker, other, pinned=True)
    assert vm.focused_item == ""
    desk.choose(11)
    assert desk.lit() == "T1", "the evidence panel's pin is its own"


def test_live_values_change_without_moving_a_row(desk: Desk) -> None:
    vm, view = desk.panel.view_model, desk.panel.view
    vm.focus("momentum")
    rects = {item: view.rect_of(item) for item in DAY_ITEMS}
    head = desk.panel.head.height()
    value, picture = desk.line("momentum").words.value, desk.strategies.day_trades.last
    assert picture is not None
    told: list[dict[str, int]] = []
    vm.values_changed.connect(told.append)
    desk.strategies.show(moved(picture, [9], 1.02))
    assert desk.line("momentum").words.value != value
    assert told and told[0]["momentum"] == 1
    assert {item: view.rect_of(item) for item in DAY_ITEMS} == rects and desk.panel.head.height() == head
    assert vm.focused_item == "momentum" and desk.lit() == "momentum"


def test_a_picture_that_leaves_the_symbol_alone_costs_nothing(desk: Desk) -> None:
    asked = []
    explain = desk.strategies.explain_day_trade
    desk.strategies.explain_day_trade = lambda ticker: asked.append(ticker) or explain(ticker)  # type: ignore[func-returns-value,method-assign]
    picture = desk.strategies.day_trades.last
    assert picture is not None
    desk.strategies.show(moved(picture, [1, 2], 1.01))
    QApplication.processEvents()
    assert asked == []


def test_what_was_missed_while_hidden_is_caught_up_with(desk: Desk) -> None:
    """The picture that is there on coming back may name only rows of the one before it, which this panel never saw."""
    vm, picture = desk.panel.view_model, desk.strategies.day_trades.last
    assert picture is not None
    value = desk.line("momentum").words.value
    desk.panel.hide()
    QApplication.processEvents()
    missed = moved(picture, [9], 1.05)
    desk.strategies.show(missed)
    desk.strategies.show(moved(missed, [1, 2]))
    desk.panel.show()
    QApplication.processEvents()
    vm.explain_now()
    assert vm.found is not None and vm.found.picture is desk.strategies.day_trades.last
    assert desk.line("momentum").words.value != value


def test_an_old_quote_says_its_age(desk: Desk) -> None:
    desk.choose(4)
    assert desk.line("momentum").words.source == "10:38:19 · 4분 12초 전"
    assert desk.line("institution").words.source == "06-30 18:10 확정", "the flows are as old as they were"


def record(n: int, *, enough: bool) -> RecordTable:
    mean = Interval(0.42, -0.15, 0.98)
    row = RecordRow("DAY_TRADE", Grade.A, n, mean, Interval(0.5), 0.11, Interval(0.31), 3, "2025-01-02", "2026-06-30", enough)
    return RecordTable((row,), AsOf(at()), "2026.1", ())


def test_the_record_of_the_grade_or_that_nothing_can_be_said(desk: Desk) -> None:
    desk.choose(row_of_grade(Grade.A))

    def shown() -> RecordLine:
        return next(line for line in desk.panel.view_model.lines if isinstance(line, RecordLine))

    assert (shown().value, shown().remark) == ("판단 불가", "성과 기록 없음")
    desk.strategies.records.publish(record(37, enough=False))
    assert (shown().value, shown().remark) == ("판단 불가", "사례 부족 n = 37")
    desk.strategies.records.publish(record(412, enough=True))
    assert shown().value == "+0.42%" and shown().remark == "n 412 · 95% −0.15%~+0.98% · 시장 +0.11%"


def test_the_next_step_stands_below_the_rows(desk: Desk) -> None:
    miss = desk.strategies.near["DAY_TRADE"][0]
    desk.choose(miss.row)
    note = next(line for line in desk.panel.view_model.lines if isinstance(line, NoteLine))
    assert note.label == "다음 단계까지" and "모멘텀 돌파" in note.text and note.token == "warning"


def test_states_of_the_panel(qtbot: QtBot) -> None:
    desk = Desk(qtbot, DayChecklist, picture=day_picture())
    assert desk.panel.state == Empty("daytrade.empty.choose")
    desk.work.select("999990", "x")
    desk.panel.view_model.explain_now()
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "daytrade.empty.absent"
    desk.choose(9)
    assert isinstance(desk.panel.state, Ready)
    for state in (Loading(Progress("progress.working", 0, 0)), Stale(252.0, "live.stale.lost", AsOf(at()))):
        desk.strategies.day_state.publish(state)
        assert desk.panel.state == state
        desk.panel.grab()
    desk.close()
    quiet = Desk(qtbot, DayChecklist, running=False)
    assert quiet.panel.state == Empty("daytrade.empty.none")
    quiet.close()


@pytest.mark.parametrize("width", [270, 330, 420, 560, 700, 1_200])
@pytest.mark.parametrize(("language", "zoom"), [("ko", 100), ("en", 150)])
def test_columns_never_overlap_and_whole_ones_go(qtbot: QtBot, width: int, language: str, zoom: int) -> None:
    look = Appearance(language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    desk = Desk(qtbot, DayChecklist, (width * zoom // 100, 700), look=look, picture=day_picture(), window=2_000)
    desk.choose(9)
    desk.panel.view_model.focus("momentum")
    desk.panel.grab()
    view, right = desk.panel.view, 0
    for x, wide in sorted(view._columns().values()):
        assert x >= right and wide > 0
        right = x + wide
    assert right <= view.viewport().width()
    assert view.with_source == (width >= 700)
    desk.close()


def test_real_evidence_is_written_in_both_languages() -> None:
    """The engine's own scan and evidence: every item of every symbol has words, and no field is left open."""
    from tests.ui.daytrade.day_market import _gate, _quotes

    panel = day_panel()
    quotes = _quotes(panel, at(), 3)
    prior = measure_prior(panel, len(panel.days) - 1, len(panel.days) - 1, DEFAULT_RULES)
    gate = _gate(GateStatus.GREEN, at())
    scan = score_day_trade(panel, prior, quotes, DEFAULT_RULES, gate)
    picture = DayTradePicture(scan, quotes, panel, DEFAULT_RULES, gate, 0.01, "live")
    for language in ("ko", "en"):
        look = Appearance(language=language)  # type: ignore[arg-type]
        writer = ChecklistWriter(look)
        for row in range(len(panel.tickers)):
            groups = explain_day_trade(panel, scan, prior, quotes, row, DEFAULT_RULES)
            found = DayTradeExplanation(str(panel.tickers[row]), row, picture, groups, 10)
            lines = [line for line in writer.lines(found, None, None) if isinstance(line, ItemLine)]
            assert [line.evidence.item for line in lines] == list(DAY_ITEMS)
            for line in lines:
                words = line.words
                written = (words.label, words.value, words.threshold, words.margin, words.words, words.source)
                assert all(written) and not any("{" in text or "nan" in text for text in written), (row, written)
                distance_text(line.evidence, picture, row, look)
    assert day_panel().days[-1].astype("datetime64[D]").item() < DAY
