"""The performance panel as a user drives it: runs, stored runs, stored signals, charts, tables, states, both languages."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.model.errors import DataUnavailable, StorageError
from engine.model.instants import AsOf
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Ready
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.performance import PerformancePanel
from ralphstock_desktop.ui.viewmodels.perf_shelf import RunShelf
from tests.services.backtests.memory import LAST
from tests.ui.performance.desk import Desk, backtest, cut, real_result, signal_record

Open = Callable[..., Desk]


@pytest.fixture
def open_desk(qtbot: QtBot) -> Iterator[Open]:
    opened: list[Desk] = []

    def make(size: tuple[int, int] = (1_280, 800), **options: Any) -> Desk:
        opened.append(Desk(qtbot, PerformancePanel, size, **options))
        return opened[-1]

    yield make
    for desk in opened:
        desk.close()


def texts(model: Any) -> list[list[str]]:
    return [[str(model.index(row, column).data()) for column in range(model.columnCount())] for row in range(model.rowCount())]


def painted(widget: QWidget, color: QColor) -> int:
    """How many pixels of a widget have a colour."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), dtype=np.uint32).reshape(image.height(), -1)[:, : image.width()]
    return int(np.count_nonzero(pixels & 0xFFFFFF == color.rgb() & 0xFFFFFF))


# ---------------------------------------------------------------------------------------------------- a run


def test_a_finished_run_fills_the_panel(open_desk: Open) -> None:
    desk = open_desk()
    assert desk.panel.state == Empty("performance.empty.no_run", action="backtest")
    result = real_result()
    desk.tests.results.publish(result)
    assert isinstance(desk.panel.state, Ready) and desk.panel.state.as_of == AsOf.end_of(LAST)
    view = desk.panel.view
    shown = {figure.key: figure.value for figure in view.head.figures}
    assert shown["n"] == "75" and shown["mean"] == "−1.89%" and shown["tries"] == "1벌"
    assert "평균 순수익률 −1.89%" in view.head.accessibleDescription()
    assert any("상장폐지" in line for line in view.notes.lines) and view.notes.isVisible()
    rows = texts(view.groups.groups)
    assert [row[0] for row in rows] == ["전체", "등급 A", "등급 B", "등급 C", "게이트 상승 우위", "게이트 중립"]
    assert rows[0][1] == "75" and rows[3][1:4] == ["1", "판단 불가", "—"]
    assert rows[0][5] == "−0.23%" and rows[4][5] == "—"  # the base rate is counted by grade only
    assert texts(view.groups.exits)[0][0] == "시가 손절"
    assert desk.panel.subtitle.startswith("VCP 시험 2025-11-12")


def test_the_crosshair_reads_both_panes_and_the_index(open_desk: Open) -> None:
    desk = open_desk()
    result = real_result()
    desk.tests.results.publish(result)
    equity = desk.panel.view.equity
    assert desk.fake.histories == 1
    day = result.panel.days[result.equity.day_index[40]].item()
    QTest.mouseMove(equity, QPoint(round(equity.x_of(40)), 90))
    assert equity.crosshair == 40
    text = equity.readout()
    assert day.isoformat() in text and f"{result.equity.value_krw[40]:,.0f}원" in text
    # the synthetic index rises a tenth of a percent a day: forty days after the first 100 × (1.001⁴⁰ − 1) = 4.08 %
    assert "코스피 +4.08%" in text and "낙폭 " in text and f"보유 {result.equity.positions[40]}종목" in text
    QTest.keyClick(equity, Qt.Key.Key_Right)
    assert equity.crosshair == 41
    QTest.keyClick(equity, Qt.Key.Key_Home)
    assert equity.crosshair == 0
    QTest.keyClick(equity, Qt.Key.Key_Escape)
    assert equity.crosshair == -1 and LAST.isoformat() in equity.readout()
    assert "가장 깊은 낙폭 −11.92%" in equity.accessibleDescription()
    desk.tests.results.publish(replace(result))  # another run of the same market asks for nothing again
    assert desk.fake.histories == 1


def test_without_the_index_the_curve_says_so(open_desk: Open) -> None:
    desk = open_desk(fill=lambda fake: setattr(fake, "history_error", DataUnavailable("none")))
    desk.tests.results.publish(real_result())
    assert "코스피 자료 없음" in desk.panel.view.equity.readout()
    assert isinstance(desk.panel.state, Ready)


def test_the_index_of_another_market_is_read_again(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.results.publish(real_result())
    picture = desk.work.market.last
    assert picture is not None
    asked = desk.fake.load_gate_history

    async def late() -> Any:
        desk.fake.load_gate_history = asked  # type: ignore[method-assign]
        desk.work.market.publish(replace(picture))  # the market is opened again while its history is read
        found = await asked()
        return replace(found, kospi=found.kospi * np.linspace(1.0, 9.0, len(found.kospi)))

    desk.panel.view_model._levels = None
    desk.fake.load_gate_history = late  # type: ignore[method-assign]
    desk.tests.results.publish(replace(real_result()))
    # Levels of a market that has gone are not laid beside the curve: those of the one on screen are read again.
    assert desk.fake.histories == 3
    assert desk.panel.view_model.index_pct[40] == pytest.approx(100 * (1.001**40 - 1))


def test_the_spread_tells_its_bars(open_desk: Open) -> None:
    desk = open_desk()
    result = real_result()
    desk.tests.results.publish(result)
    spread = desk.panel.view.spread
    assert spread.isVisible() and "거래 75건" in spread.readout() and "95% −3.84 ~ −0.07%" in spread.readout()
    QTest.keyClick(spread, Qt.Key.Key_Right)
    assert spread.readout().startswith("순수익률 −13 ~ −12%")  # the worst trade lost 12.29 %
    QTest.keyClick(spread, Qt.Key.Key_End)
    assert spread.readout().startswith("순수익률 +14 ~ +15%")  # the best one gained 14.42 %
    assert painted(spread, desk.look.color("gain-fill")) > 200 and painted(spread, desk.look.color("loss-fill")) > 200


def test_falling_bars_are_hollow_in_the_safe_colours(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.results.publish(real_result())
    spread = desk.panel.view.spread
    filled = painted(spread, desk.look.color("loss-fill"))
    desk.look.choose(direction="cb")
    assert 0 < painted(spread, desk.look.color("loss-fill")) < filled / 2


def test_the_calendar_opens_a_year(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.results.publish(real_result())
    calendar = desk.panel.view.calendar
    assert (calendar.rows, calendar.columns, calendar.year) == (2, 13, None)
    box = calendar.box(1, 0)  # January 2026
    QTest.mouseMove(calendar, box.center())
    assert calendar.readout().startswith("2026-01 · 자산 −3.")
    QTest.mouseClick(calendar, Qt.MouseButton.LeftButton, pos=box.center())
    assert calendar.year == 2026 and (calendar.rows, calendar.columns) == (12, 31)
    assert calendar.cell(1, 29) is None  # there is no 30 February
    assert "일별" in calendar.readout()
    QTest.keyClick(calendar, Qt.Key.Key_Escape)
    assert calendar.year is None
    QTest.keyClick(calendar, Qt.Key.Key_Down)
    QTest.keyClick(calendar, Qt.Key.Key_Return)
    assert calendar.year == 2025
    calendar.grab()


def test_the_event_study_by_group_and_start(open_desk: Open) -> None:
    desk = open_desk()
    result = real_result()
    desk.tests.results.publish(result)
    view = desk.panel.view
    view.table_pages.buttons["study"].click()
    study = view.study
    assert study.isVisible()
    rows = texts(study.model)
    assert [row[0] for row in rows] == ["1봉", "3봉", "5봉", "10봉", "20봉", "60봉"]
    wanted = {(row.group, row.start, row.bars): row for row in result.study}
    assert rows[4][1] == str(wanted[("all", "entry", 20)].n)
    names = [study.group.itemText(at) for at in range(study.group.count())]
    assert names[0] == "전체" and "등급 A" in names and "게이트 상승 우위" in names and "2026년" in names
    study.group.setCurrentIndex(names.index("등급 A"))
    study.start.buttons["next_open"].click()
    assert texts(study.model)[0][1] == str(wanted[("grade:A", "next_open", 1)].n)


def test_the_walk_forward_names_its_windows(open_desk: Open) -> None:
    desk = open_desk()
    result = real_result(walk=True)
    desk.tests.results.publish(result)
    desk.panel.view.show_page("walk")
    rows = texts(desk.panel.view.walk.model)
    assert result.walk is not None and len(rows) == len(result.walk.windows)
    window = result.walk.windows[0]
    days = [result.panel.days[at].item().isoformat() for at in (window.test_first, window.test_last)]
    assert rows[0][1] == f"{days[0]} ~ {days[1]}" and rows[0][5] == str(window.test_n)
    net = result.walk.trades.net_pct[result.walk.trades.closed]
    assert f"n = {len(net)}" in desk.panel.view.walk.line.text()
    desk.tests.results.publish(real_result())
    assert "워크포워드 없이" in desk.panel.view.walk.line.text()


# ---------------------------------------------------------------------------------------------------- few and none


@pytest.mark.parametrize("count", [0, 1, 29])
@pytest.mark.parametrize("size", [(1_280, 800), (620, 700)])
def test_few_trades_are_said_in_words(open_desk: Open, count: int, size: tuple[int, int]) -> None:
    desk = open_desk(size)
    desk.tests.results.publish(cut(count))
    found = desk.panel.view.head.verdict
    assert found is not None and found.head == ("표본 부족" if count == 29 else "판단 불가")
    row = texts(desk.panel.view.groups.groups)[0]
    assert row[1] == str(count) and row[2] == ("표본 부족" if count == 29 else "판단 불가")
    if count < 2:
        assert "0.00%" not in desk.panel.view.head.accessibleDescription() or count == 1
        assert set(row[3:]) == {"—"}
    for page in ("equity", "spread", "calendar", "groups", "study", "walk"):
        desk.panel.view.show_page(page)
        desk.panel.grab()
    if count == 0:
        assert desk.panel.view.equity.readout() == "판단 불가: 이 기간에 산 것이 없어 자산 곡선이 없습니다"
        assert desk.panel.view.spread.readout() == "판단 불가: 끝난 거래가 없습니다"
        assert desk.panel.view.calendar.readout() == "판단 불가: 청산된 거래가 없습니다"


# ---------------------------------------------------------------------------------------------------- stored runs, signals


def test_an_opened_run_and_the_newest_one(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.results.publish(real_result())
    shelf = RunShelf.of(desk.look)
    assert RunShelf.of(desk.look) is shelf
    shelf.show_run(backtest(cut(30), 9, "열어 본 것"))
    assert desk.panel.view_model.report.origin == "stored" and desk.panel.subtitle.startswith("열어 본 것")
    shelf.drop(8)
    assert desk.panel.view_model.report.run_id == 9
    shelf.drop(9)
    assert desk.panel.view_model.report.origin == "run"
    shelf.show_run(backtest(cut(30), 9, "열어 본 것"))
    desk.tests.results.publish(replace(real_result()))
    assert desk.panel.view_model.report.origin == "run", "a run that has just ended comes to the front"


def test_a_run_opened_before_the_panel_was_made(open_desk: Open) -> None:
    look = Appearance()
    RunShelf.of(look).show_run(backtest(cut(30), 4, "먼저"))
    desk = open_desk(look=look, fill=lambda fake: fake.backtests.results.publish(real_result()))
    assert desk.panel.view_model.report.name == "먼저", "the newest run was there before; the user opened another one"
    desk.panel.went_out_of_sight()
    RunShelf.of(look).show_run(backtest(cut(20), 5, "숨은 동안"))
    desk.panel.came_into_sight()
    assert desk.panel.view_model.report.name == "숨은 동안"
    RunShelf.of(look).drop(5)
    assert desk.panel.view_model.report.origin == "run"


def test_exports_of_runs(open_desk: Open) -> None:
    desk = open_desk()
    desk.panel.request_export()
    assert desk.exports == []
    result = real_result()
    desk.tests.results.publish(result)
    desk.panel.request_export()
    RunShelf.of(desk.look).show_run(backtest(result, 5))
    desk.panel.request_export()
    live, kept = desk.exports
    assert (live.file_name, kept.file_name) == ("backtest_vcp.csv", "backtest_5.csv")
    for request in (live, kept):
        data = request.text.encode(request.encoding)
        assert data.startswith(b"\xef\xbb\xbf") and not data.startswith(b"\xef\xbb\xbf\xef\xbb\xbf")
    assert len(list(csv.reader(io.StringIO(live.text)))) == len(result.signals) + 1


def test_results_of_another_market_are_not_shown(open_desk: Open) -> None:
    desk = open_desk()
    result = real_result()
    picture = desk.work.market.last
    assert picture is not None
    desk.tests.results.publish(result)
    RunShelf.of(desk.look).show_run(backtest(result, 5))
    desk.work.market.publish(replace(picture, kind="simulated"))
    assert desk.panel.state == Empty("performance.empty.no_run", action="backtest")
    desk.panel.request_export()
    assert desk.exports == [] and RunShelf.of(desk.look).run is None
    desk.work.market.publish(picture)
    assert desk.panel.view_model.report.origin == "run"


def test_stored_signals_have_their_own_record(open_desk: Open) -> None:
    desk = open_desk()
    desk.panel.source.chips[1].click()
    assert desk.panel.state == Empty("performance.empty.signals")
    days = [LAST - timedelta(days=4 * at) for at in range(4)]
    desk.fake.signals.publish(tuple(signal_record(f"{at:06d}", "A", 2.0 - at, day) for at, day in enumerate(days)))
    assert isinstance(desk.panel.state, Ready)
    rows = texts(desk.panel.view.groups.groups)
    assert rows[0][:4] == ["전체", "4", "표본 부족", "+0.50%"]
    assert "자산 곡선은 백테스트에만" in desk.panel.view.equity.readout()
    assert "평균 순수익률" in desk.panel.view.calendar.readout()
    assert desk.panel.strategy.isVisible()
    desk.panel.strategy.chips[1].click()
    assert desk.panel.state == Empty("performance.empty.signals")  # none of the closing bet
    desk.panel.source.chips[0].click()
    assert not desk.panel.strategy.isVisible() and desk.panel.state == Empty("performance.empty.no_run", action="backtest")


# ---------------------------------------------------------------------------------------------------- states and looks


def test_states(open_desk: Open) -> None:
    desk = open_desk()
    running = Loading(Progress("progress.backtest", 3, 10))
    desk.tests.state.publish(running)
    assert desk.panel.state == running
    desk.panel.cancel_requested.emit()
    assert desk.tests.cancelled == 1
    failed = Failed(StorageError("broken"))
    desk.tests.state.publish(failed)
    assert desk.panel.state == failed
    desk.tests.results.publish(real_result())
    desk.tests.state.publish(Ready(AsOf.end_of(LAST)))
    assert isinstance(desk.panel.state, Ready)
    desk.tests.state.publish(running)
    assert desk.panel.state == running and desk.panel.view.isVisible(), "the old result stays under the progress line"
    desk.tests.state.publish(Empty("empty.backtest.cancelled"))
    assert isinstance(desk.panel.state, Ready), "a stopped run takes nothing away"


def test_without_strategies(open_desk: Open) -> None:
    desk = open_desk(strategies=False)
    assert desk.panel.state == Empty("performance.empty.none")
    desk.panel.request_export()
    desk.panel.grab()


def test_a_hidden_panel_listens_to_nothing(open_desk: Open) -> None:
    desk = open_desk()
    desk.panel.went_out_of_sight()
    desk.tests.results.publish(real_result())
    assert desk.panel.view_model.report is None
    desk.panel.came_into_sight()
    assert desk.panel.view_model.report is not None


def test_saved_state_comes_back(open_desk: Open) -> None:
    desk = open_desk()
    desk.panel.view.show_page("study")
    desk.panel.source.chips[1].click()
    desk.panel.strategy.chips[1].click()
    state = desk.panel.panel_state()
    other = open_desk()
    other.panel.restore_panel_state(state)
    assert other.panel.panel_state() == state
    other.panel.restore_panel_state({"source": 3, "strategy": "NO", "page": "nowhere"})
    assert other.panel.panel_state() == state


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("zoom", [100, 160])
def test_every_part_in_every_look(open_desk: Open, language: Any, theme: Any, zoom: int) -> None:
    look = Appearance(language=language, theme=theme, zoom_pct=zoom)
    desk = open_desk((1_700, 900), look=look)
    desk.tests.results.publish(real_result("CLOSING_BET"))
    desk.tests.results.publish(real_result())
    assert desk.panel.view.head.tall(1_700) < 400
    for widget in (desk.panel.view.equity, desk.panel.view.spread, desk.panel.view.calendar, desk.panel.view.head):
        assert widget.accessibleName() and widget.accessibleDescription()
    desk.panel.grab()


def test_the_language_can_change_while_it_is_open(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.results.publish(real_result())
    desk.look.choose(language="en")
    assert {figure.label for figure in desk.panel.view.head.figures} >= {"Mean net return", "Base rate"}
    assert texts(desk.panel.view.groups.groups)[0][0] == "All"
    assert "deepest drawdown" in desk.panel.view.equity.accessibleDescription()
    assert date.fromisoformat(desk.panel.view.equity.readout()[:10]) == LAST
