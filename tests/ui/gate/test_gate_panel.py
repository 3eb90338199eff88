"""The gate panel as a user drives it: reading, rows, history, sectors, six states, saved state, both languages and themes."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.model.errors import StorageError
from engine.model.evidence import ItemState
from engine.model.gate import GateStatus, SectorState
from engine.model.instants import AsOf
from engine.model.market_series import MarketSeries
from engine.scoring.gate import LiveLevels, gate_history
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, PanelState, Ready, Stale
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.gate_history_view import HistoryView
from ralphstock_desktop.ui.docks.gate_sectors_view import SectorModel
from ralphstock_desktop.ui.viewmodels.evidence_lines import GroupLine, ItemLine
from ralphstock_desktop.ui.viewmodels.gate_series import history_line, readout_text, sector_rows, sorted_sectors
from ralphstock_desktop.ui.viewmodels.gate_words import verdict_note
from tests.ui.gate.desk import GateDesk, gate_picture, gate_series, last_day, market_panel

LOOK_BACK = MarketSeries(None, gate_series().kosdaq, None, None, "kosdaq alone")


def items(desk: GateDesk) -> list[ItemLine]:
    return [line for line in desk.vm.lines if isinstance(line, ItemLine)]


# ---------------------------------------------------------------------------------------------------- states


@pytest.mark.parametrize(
    "state",
    [
        Loading(Progress("scan", 3, 10)),
        Ready(AsOf.end_of(last_day(market_panel()))),
        Stale(600.0, "live.stale.lost", AsOf.end_of(last_day(market_panel()))),
        Empty("gate.empty.none"),
        Offline(1_777_900_000_000_000_000, 5.0),
        Failed(StorageError("the disk is full", key="error.storage")),
    ],
)
@pytest.mark.parametrize("with_data", [False, True])
def test_six_states(qtbot: QtBot, state: PanelState, with_data: bool) -> None:
    desk = GateDesk(qtbot)
    if with_data:
        desk.show()
    desk.work.fake.gate_state.publish(state)
    assert desk.panel.state == state
    over_data = with_data and not isinstance(state, Empty | Failed)
    assert desk.view.isVisible() is (over_data or isinstance(state, Ready | Stale))
    desk.panel.grab()
    desk.close()


def test_without_strategies_the_panel_says_so(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot, strategies=False)
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "gate.empty.none"
    desk.panel.grab()
    desk.close()


def test_an_unknown_gate_is_shown_and_says_why(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    desk.show(gate_picture(LOOK_BACK))
    head = desk.vm.gate_head
    assert head is not None and (head.score, head.word, head.token) == ("—", "판단 불가", "gate-unknown")
    assert head.note == "산출 범위 40%: 60% 미만이라 판단 불가"
    assert desk.view.isVisible() and desk.panel.subtitle == "판단 불가 —"
    unknown = [line for line in items(desk) if line.evidence.state is ItemState.UNKNOWN]
    assert {line.words.value for line in unknown} == {"자료 없음"} and all(line.words.points == "—" for line in unknown)
    foreign = next(line for line in unknown if line.evidence.item == "foreign")
    assert foreign.words.words == "확정 수급 5일이 다 있지 않음"
    desk.panel.grab()
    desk.close()


def test_retry_scans_again(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    desk.panel.retry_requested.emit()
    assert desk.work.commands == ["start_scan"]
    desk.close()


def test_a_live_reading_is_provisional(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    day = last_day(market_panel()) + timedelta(days=1)
    picture = gate_picture(as_of=AsOf.at(day, 11), live=LiveLevels(day, 4_000.0, 900.0, 1_400.0))
    desk.show(picture)
    badge = desk.vm.badge()
    assert badge is not None and "11:00" in badge.text
    kospi = items(desk)[0]
    assert desk.vm.is_forming(kospi.evidence) and kospi.words.source.startswith("잠정 ")
    breadth = next(line for line in items(desk) if line.evidence.item == "breadth")
    assert not desk.vm.is_forming(breadth.evidence) and breadth.words.source.startswith("확정 ")
    desk.show()
    assert desk.vm.badge() is None
    desk.close()


# ---------------------------------------------------------------------------------------------------- rows


def test_six_components_as_rows_that_add_up(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    reading = desk.show().reading
    lines = items(desk)
    assert [line.evidence.item for line in lines[:4]] == [
        "kospi.above_short",
        "kospi.short_above_mid",
        "kospi.above_long",
        "kospi.short_rising",
    ]
    assert [line.evidence.item for line in lines[8:]] == ["breadth", "foreign", "shock", "fx"]
    assert sum(line.evidence.points for line in lines) == reading.score
    for line in lines:
        words = line.words
        assert all((words.label, words.value, words.threshold, words.margin, words.points, words.words, words.source))
    groups = [line for line in desk.vm.lines if isinstance(line, GroupLine)]
    assert [group.title for group in groups] == ["코스피 추세 4/4", "코스닥 추세 4/4", "시장 전체"]
    assert groups[0].points == "30 / 30" and groups[2].points.endswith("/ 50")
    above = lines[0]
    assert (above.words.label, above.words.value) == ("종가 > MA20", f"{reading.kospi.close:,.2f}")
    assert above.words.threshold == f"> {above.evidence.threshold:,.2f}"
    assert above.words.margin.startswith("+") and above.words.margin.endswith("%")
    desk.close()


def test_walking_opens_a_row_and_shades_its_days(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    desk.show()
    rows = desk.view.rows
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert desk.vm.focused_item == "kospi.above_short"
    (span,) = desk.view.history._spans
    days = market_panel().days.astype("datetime64[D]").astype(np.int64)
    assert (span.first_day, span.last_day) == (days[-20], days[-1])
    tall = rows.rect_of("kospi.above_short").height()
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert desk.vm.focused_item == "kospi.short_above_mid" and rows.rect_of("kospi.above_short").height() < tall
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.rect_of("foreign").center())
    assert desk.vm.focused_item == "foreign" and len(desk.view.history._spans) == 1
    QTest.keyClick(rows, Qt.Key.Key_C)
    text = QGuiApplication.clipboard().text()
    assert text.startswith("마켓 게이트 · 외국인 5일 ") and "코스피 외국인 순매수 5일" in text
    QTest.keyClick(rows, Qt.Key.Key_Return)  # nothing to pin
    QTest.keyClick(rows, Qt.Key.Key_Escape)
    assert desk.vm.focused_item == "" and desk.view.history._spans == ()
    assert desk.vm.copied_sentence() == ""
    assert desk.work.focus.last is None, "a row of the gate lights nothing on a stock's chart"
    desk.close()


def test_the_focused_row_stays_with_the_next_reading(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    desk.show()
    desk.vm.focus("fx")
    day = market_panel().days[-2].astype("datetime64[D]").item()
    desk.show(gate_picture(as_of=AsOf.end_of(day)))
    assert desk.vm.focused_item == "fx"
    desk.close()


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"status": GateStatus.RED, "score": 38.0}, "중립 기준까지 2점"),
        ({"status": GateStatus.YELLOW, "score": 62.5}, "상승 우위 기준까지 7.5점"),
        ({"status": GateStatus.GREEN, "score": 84.0}, "상승 우위 기준보다 14점 위"),
        ({"status": GateStatus.YELLOW, "score": 70.0, "coverage": 70.0}, "산출 범위 70%: 80% 미만이라 중립까지만"),
        (
            {"status": GateStatus.RED, "score": 74.0, "shock_pct": -3.41},
            "지수 −3.41%: −3.0% 이하라 점수와 관계없이 하락 우위",
        ),
        ({"status": GateStatus.RED, "score": 74.0, "circuit_breaker": True}, "서킷브레이커 발동"),
        ({"status": GateStatus.UNKNOWN, "score": None, "coverage": 30.0}, "산출 범위 30%: 60% 미만이라 판단 불가"),
    ],
)
def test_the_head_says_why(qapp: object, change: dict[str, Any], note: str) -> None:
    del qapp
    reading = replace(gate_picture().reading, **change)
    assert verdict_note(Appearance(), reading, DEFAULT_RULES.gate) == note


# ---------------------------------------------------------------------------------------------------- history


def test_the_history_is_read_once_and_only_where_it_is_seen(qtbot: QtBot) -> None:
    narrow = GateDesk(qtbot, (420, 560))
    narrow.show()
    assert narrow.work.fake.histories == 0
    QTest.mouseClick(narrow.view.pages.buttons["history"], Qt.MouseButton.LeftButton)
    assert narrow.work.fake.histories == 1 and narrow.view.history.isVisible() and not narrow.view.rows.isVisible()
    narrow.view.show_page("reading")
    narrow.view.show_page("history")
    narrow.show()
    assert narrow.work.fake.histories == 1
    day = market_panel().days[-3].astype("datetime64[D]").item()
    narrow.show(gate_picture(as_of=AsOf.end_of(day)))
    assert narrow.work.fake.histories == 2
    assert "2" in narrow.view.history.readout() and day.isoformat() in narrow.view.history.readout()
    narrow.close()


def test_crosshair_by_pointer_and_keys(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    desk.show()
    view = desk.view.history
    history = gate_history(market_panel(), gate_series(), DEFAULT_RULES)
    newest = last_day(market_panel())
    assert view.readout().startswith(newest.isoformat()) and view.crosshair == -1
    score = history.score[-1]
    assert f"점수 {score:g} " in view.readout() and "코스피 " in view.readout()
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.crosshair == 248 and market_panel().days[-2].astype(str) in view.readout()
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.crosshair == 0 and market_panel().days[-250].astype(str) in view.accessibleDescription()
    QTest.keyClick(view, Qt.Key.Key_PageDown)
    assert view.crosshair == 20
    QTest.keyClick(view, Qt.Key.Key_End)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.crosshair == 249
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.crosshair == -1
    QTest.mouseMove(view, QPoint(round(view.x_of(100)), 40))
    qtbot.waitUntil(lambda: view.crosshair == 100)
    view.grab()
    desk.close()


def test_a_failed_history_says_why_and_retry_asks_again(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    desk.work.fake.history_error = StorageError("the disk is full", key="error.none_such")
    desk.show()
    assert desk.view.history.readout().startswith("이력을 읽지 못했습니다: ")
    desk.panel.grab()
    desk.work.fake.history_error = None
    desk.vm.retry()
    desk.show()
    assert desk.work.fake.histories == 2 and desk.vm.history_note == ""
    desk.close()


def test_a_history_overtaken_by_a_newer_picture_is_dropped(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    waiting: list[Any] = []
    desk.vm._spawn = lambda work, _name: waiting.append(work)
    desk.show()
    desk.show(gate_picture(as_of=AsOf.end_of(market_panel().days[-5].astype("datetime64[D]").item())))
    assert len(waiting) == 2
    for work in waiting:
        with pytest.raises(StopIteration):
            work.send(None)
        assert (desk.vm.history is None) is (work is waiting[0])
    assert desk.vm.history is not None and desk.vm.history.day_index[-1] == len(market_panel().days) - 5
    desk.close()


def test_readout_of_a_day_that_was_not_judged(qapp: object) -> None:
    del qapp
    history = gate_history(market_panel(), LOOK_BACK, DEFAULT_RULES)
    line = history_line(history, market_panel(), 30)
    assert len(line.days) == 30
    text = readout_text(Appearance(), line, 29)
    assert "점수 — 판단 불가" in text and text.endswith("코스피 —")


def test_painting_holes_and_an_empty_history(qtbot: QtBot) -> None:
    view = HistoryView(Appearance())
    qtbot.addWidget(view)
    view.resize(400, 240)
    view.show()
    view.show_line(None, "이력이 없습니다", (40.0, 70.0))
    view.grab()
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.crosshair == -1 and view.at_x(50) == -1
    line = history_line(gate_history(market_panel(), gate_series(), DEFAULT_RULES), market_panel())
    line.score[:] = math.nan
    line.kospi[:] = math.nan
    line.score[5] = 50.0
    view.show_line(line, "", (40.0, 70.0))
    view.grab()
    view.hide()


# ---------------------------------------------------------------------------------------------------- sectors


def shown(desk: GateDesk, column: int) -> list[str]:
    model = desk.view.sectors.rows
    return [model.data(model.index(row, column)) for row in range(model.rowCount())]


def test_sectors_sort_by_their_heads(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    sectors = desk.show().sectors
    table = desk.view.sectors
    assert len(sectors) == 6
    best_first = [s.name for s in sorted(sectors, key=lambda s: -(s.change_pct or 0.0))]
    assert shown(desk, 0) == best_first and table.rows.headerData(1, Qt.Orientation.Horizontal) == "등락률 ▾"

    def click(column: int) -> None:
        head = table.horizontalHeader()
        x = head.sectionViewportPosition(column) + 4
        QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, head.height() // 2))

    click(1)
    assert shown(desk, 0) == best_first[::-1] and table.rows.headerData(1, Qt.Orientation.Horizontal) == "등락률 ▴"
    click(0)
    assert shown(desk, 0) == sorted(best_first)
    click(2)
    by_five = [s.name for s in sorted(sectors, key=lambda s: -(s.return_5d_pct or 0.0))]
    assert shown(desk, 0) == by_five
    table.selectRow(0)
    click(2)
    assert table.currentIndex().row() == len(by_five) - 1, "the selected sector stays selected"
    desk.close()


def made(name: str, change: float | None, signal: str, rank: int | None = None) -> SectorState:
    score = None if change is None else min(max(50 + 10 * change, 0), 100)
    return SectorState(name, 7, change, change, signal, score, rank)  # type: ignore[arg-type]


def test_missing_numbers_come_last_whichever_way(qapp: object) -> None:
    del qapp
    rows = sector_rows(Appearance(), [made("가", None, "unknown"), made("나", -2.0, "bearish"), made("다", 1.5, "bullish", 1)])
    assert [row.name for row in sorted_sectors(rows, 1, descending=True)] == ["다", "나", "가"]
    assert [row.name for row in sorted_sectors(rows, 1, descending=False)] == ["나", "다", "가"]
    assert [row.name for row in sorted_sectors(rows, 5, descending=False)] == ["다", "가", "나"]
    unknown, weak, strong = rows
    assert [text for text, _ in unknown.cells[1:6]] == ["—", "—", "? 자료 없음", "—", "—"]
    assert weak.cells[3] == ("▼ 약세", "loss") and strong.cells[3] == ("▲ 강세", "gain")
    assert strong.cells[4][0] == "65" and strong.cells[6][0] == "7"


def test_sector_model_keeps_qts_contract(qtbot: QtBot, qtmodeltester: Any) -> None:
    del qtbot
    model = SectorModel(Appearance())
    model.show_sectors([made("가", 1.0, "neutral"), made("나", -2.0, "bearish")])
    qtmodeltester.check(model)
    model.sort(99)
    assert model.order == (1, True)
    assert model.data(model.index(0, 1), Qt.ItemDataRole.AccessibleTextRole) == "등락률 +1.00%"


def test_a_narrow_table_keeps_the_names(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot, (300, 560))
    desk.show()
    desk.view.show_page("sectors")
    table = desk.view.sectors
    assert table.isColumnHidden(6) and table.isColumnHidden(5) and not table.isColumnHidden(3)
    desk.panel.setGeometry(0, 0, 560, 560)
    assert not table.isColumnHidden(6)
    desk.close()


# ---------------------------------------------------------------------------------------------------- place and state


def test_wide_shows_all_three_parts_narrow_one(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot, (1_100, 700))
    desk.show()
    view = desk.view
    assert view.is_wide and all(part.isVisible() for part in (view.rows, view.history, view.sectors))
    assert not view.rows.geometry().intersects(view.history.geometry())
    assert not view.history.geometry().intersects(view.sectors.geometry())
    desk.panel.setGeometry(0, 0, 420, 560)
    assert [part.isVisible() for part in (view.rows, view.history, view.sectors)] == [True, False, False]
    QTest.mouseClick(view.pages.buttons["sectors"], Qt.MouseButton.LeftButton)
    assert [part.isVisible() for part in (view.rows, view.history, view.sectors)] == [False, False, True]
    assert view.focusProxy() is view.sectors
    desk.close()


def test_page_and_order_are_saved(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot, (420, 560))
    saved = []
    desk.panel.panel_state_changed.connect(lambda: saved.append(desk.panel.panel_state()))
    desk.view.show_page("sectors")
    desk.view.sectors.sort_by(4)
    state = desk.panel.panel_state()
    assert saved and (state["page"], state["sort"]) == ("sectors", [4, True])
    other = GateDesk(qtbot, (420, 560))
    other.panel.restore_panel_state(state)
    assert other.view.page == "sectors" and other.view.sectors.rows.order == (4, True)
    other.panel.restore_panel_state({"page": "nowhere", "sort": ["x", 1]})
    other.panel.restore_panel_state({"page": 3, "sort": [77, True]})
    assert other.view.page == "sectors" and other.view.sectors.rows.order == (4, True)
    desk.close()
    other.close()


def test_out_of_sight_it_does_not_listen(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    assert desk.work.fake.gate._listeners
    desk.panel.set_behind(True)
    assert not desk.work.fake.gate._listeners
    desk.show()
    assert desk.work.fake.histories == 0
    desk.panel.set_behind(False)
    assert desk.vm.gate_head is not None and desk.work.fake.histories == 1
    desk.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("zoom", [100, 200])
def test_every_look(qtbot: QtBot, theme: str, language: str, zoom: int) -> None:
    look = Appearance()
    desk = GateDesk(qtbot, look=look)
    desk.show()
    look.choose(theme=theme, language=language, zoom_pct=zoom, direction="cb")  # type: ignore[arg-type]
    head = desk.vm.gate_head
    assert head is not None and head.word == ("상승 우위" if language == "ko" else "Bullish")
    label = items(desk)[0].words.label
    assert label == ("종가 > MA20" if language == "ko" else "Close > MA20")
    assert shown(desk, 3)[0][0] in "▲−▼"
    desk.panel.grab()
    desk.close()
