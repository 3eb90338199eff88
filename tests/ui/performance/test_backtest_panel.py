"""The backtest panel as a user drives it: the form, running and stopping, the stored runs, deleting, comparing, exporting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from PySide6.QtCore import QDate, QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.model.errors import StorageError, ValidationFailed
from engine.model.instants import AsOf
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, MarketPicture, Ready
from ralphstock_desktop.strategy_ports import RuleProfile
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.backtest import BacktestPanel
from ralphstock_desktop.ui.viewmodels.perf_shelf import RunShelf
from tests.services.backtests.memory import LAST, PANEL
from tests.ui.performance.desk import Desk, backtest, cut, real_result, what_if_state

Open = Callable[..., Desk]
BEGIN: date = PANEL.days[0].item()


@pytest.fixture
def open_desk(qtbot: QtBot) -> Iterator[Open]:
    opened: list[Desk] = []

    def make(size: tuple[int, int] = (1_280, 800), **options: Any) -> Desk:
        opened.append(Desk(qtbot, BacktestPanel, size, **options))
        return opened[-1]

    yield make
    for desk in opened:
        desk.close()


def keep_three(fake: Any) -> None:
    result = real_result()
    fake.backtests.keep(
        backtest(result, 1, "표준"), backtest(real_result(walk=True), 2, "긴 기간"), backtest(cut(20), 3, "스무 건")
    )


def click_row(desk: Desk, row: int, *, add: bool = False) -> None:
    table = desk.panel.view.runs.table
    place = table.visualRect(table.model().index(row, 0)).center()
    keys = Qt.KeyboardModifier.ControlModifier if add else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, keys, QPoint(place))


def texts(model: Any) -> list[list[str]]:
    return [[str(model.index(row, column).data()) for column in range(model.columnCount())] for row in range(model.rowCount())]


# ---------------------------------------------------------------------------------------------------- the form


def test_a_plan_as_it_stands(open_desk: Open) -> None:
    desk = open_desk()
    form = desk.panel.view.form
    assert (form.first.date(), form.last.date()) == (QDate(*BEGIN.timetuple()[:3]), QDate(*LAST.timetuple()[:3]))
    assert BEGIN.isoformat() in form.limits.text()
    form.first.setDate(QDate(2020, 1, 1))
    assert form.draft().first == BEGIN, "a day before the data is the first one with data"
    form.last.setDate(QDate(2026, 5, 4))
    form.capital.clear()
    QTest.keyClicks(form.capital, "5,000")
    assert "0.5억" in form.capital_words.text()
    form.walk.click()
    form.strategy.buttons["CLOSING_BET"].click()
    form.name.setText("내 시험")
    QTest.keyClick(form.name, Qt.Key.Key_Return)
    (plan,) = desk.tests.plans
    assert (plan.name, plan.strategy, plan.last, plan.start_krw) == ("내 시험", "CLOSING_BET", date(2026, 5, 4), 5e7)
    assert plan.walk_forward and plan.changes == {} and plan.search == ()


def test_nothing_after_the_instant_can_be_chosen(open_desk: Open) -> None:
    desk = open_desk()
    day: date = PANEL.days[300].item()
    desk.work.market.publish(MarketPicture(PANEL, "real", AsOf.end_of(day), is_latest=False))
    form = desk.panel.view.form
    assert form.draft().last == day and form.last.maximumDate() == QDate(*day.timetuple()[:3])


def test_rule_sets_and_what_they_move(open_desk: Open) -> None:
    desk = open_desk()
    form = desk.panel.view.form
    assert form.rules.count() == 1 and form.changes.text() == "옮긴 기준 없음"
    desk.fake.what_if.kept = (RuleProfile("엄격", {"vcp.rs_min": 90.0, "vcp.detect_score": 60.0}, "x", 1),)
    desk.fake.what_if.state.publish(what_if_state(rs_min=80.0))
    assert [form.rules.itemText(at) for at in range(3)] == ["표준 규칙", "지금 가정 (1개 옮김)", "엄격"]
    form.rules.setCurrentIndex(1)
    assert form.changes.text().endswith("70 → 80")
    form.run.click()
    assert desk.tests.plans[-1].changes == {"vcp.rs_min": 80.0}
    desk.fake.what_if.state.publish(what_if_state(rs_min=85.0))
    assert form.rules.currentIndex() == 1 and form.changes.text().endswith("70 → 85"), "the choice stays, its values follow"
    form.rules.setCurrentIndex(2)
    assert len(form.changes.text().splitlines()) == 2
    form.strategy.buttons["DAY_TRADE"].click()
    assert [form.rules.itemData(at) for at in range(form.rules.count())] == ["standard", "profile:엄격"]


def test_a_search_grid(open_desk: Open) -> None:
    desk = open_desk()
    form = desk.panel.view.form
    which, values = form.search[0]
    assert not values.isEnabled()
    which.setCurrentIndex(which.findData("vcp.rs_min"))
    assert values.isEnabled()
    QTest.keyClicks(values, "60, 70, 80")
    other, more = form.search[1]
    other.setCurrentIndex(other.findData("vcp.detect_score"))
    QTest.keyClicks(more, "50 60")
    assert "규칙 7벌까지" in form.search_note.text()  # 3 × 2 and the present one
    form.run.click()
    assert desk.tests.plans[-1].search == (("vcp.rs_min", (60.0, 70.0, 80.0)), ("vcp.detect_score", (50.0, 60.0)))
    form.strategy.buttons["CLOSING_BET"].click()
    assert which.currentData() == "" and which.findData("vcp.rs_min") == -1


def test_the_cluster_needs_an_address(open_desk: Open) -> None:
    desk = open_desk()
    form, strip = desk.panel.view.form, desk.panel.view.strip
    assert not form.address.isVisible()
    form.executor.buttons["dask"].click()
    assert form.address.isVisible()
    form.run.click()
    assert desk.tests.plans == [] and "Dask 스케줄러 주소" in strip.problem.text()
    QTest.keyClicks(form.address, "tcp://10.0.0.5:8786")
    form.run.click()
    assert (desk.tests.plans[0].executor, desk.tests.plans[0].dask_address) == ("dask", "tcp://10.0.0.5:8786")
    assert strip.problem.text() == ""


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda form: form.capital.setText("많이"), "시작 자금은"),
        (lambda form: form.last.setDate(form.first.date().addDays(-1)) or form.first.setDate(form.last.date().addDays(9)), "첫날이"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_place(open_desk: Open, spoil: Callable[[Any], Any], words: str) -> None:
    desk = open_desk()
    spoil(desk.panel.view.form)
    desk.panel.view.form.run.click()
    problem = desk.panel.view.strip.problem
    assert desk.tests.plans == [] and problem.text().startswith(words) and problem.isVisible()


def test_a_plan_the_service_refuses(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.refused = ValidationFailed("too many", key="error.backtest_search", count=900, limit=500)
    desk.panel.view.form.run.click()
    assert "900개" in desk.panel.view.strip.problem.text()


# ---------------------------------------------------------------------------------------------------- running


def test_progress_and_stopping(open_desk: Open) -> None:
    desk = open_desk()
    strip = desk.panel.view.strip
    assert not strip.running.isVisible()
    desk.panel.view.form.run.click()
    desk.tests.state.publish(Loading(Progress("progress.backtest", 0, 0)))
    assert strip.running.isVisible() and strip.bar.maximum() == 0
    progress = Progress("progress.backtest", 240, 604, seconds_left=12.0)
    desk.tests.progress.publish(progress)
    desk.tests.state.publish(Loading(progress))
    assert strip.what.text() == "지난 날 탐색 중 · 240 / 604" and strip.left.text() == "약 12초 남음"
    assert (strip.bar.value(), strip.bar.maximum()) == (240, 604)
    assert desk.panel.view.form.run.text() == "멈추고 이 계획으로 시작"
    strip.stop.click()
    assert desk.tests.cancelled == 1
    QTest.keyClick(desk.panel, Qt.Key.Key_Escape)
    assert desk.tests.cancelled == 2
    desk.tests.progress.publish(None)
    desk.tests.state.publish(Empty("empty.backtest.cancelled"))
    assert not strip.running.isVisible()
    assert strip.message.text() == "백테스트를 멈췄습니다. 저장한 것은 없습니다"
    QTest.keyClick(desk.panel, Qt.Key.Key_Escape)
    assert desk.tests.cancelled == 2, "nothing runs any more"


def test_a_finished_run_says_what_it_came_to(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.state.publish(Loading(Progress("progress.backtest", 3, 10)))
    desk.tests.results.publish(real_result())
    desk.tests.state.publish(Ready(AsOf.end_of(LAST)))
    assert desk.panel.view.strip.message.text().startswith("VCP 시험 완료 · 끝난 거래 75건")


def test_a_failed_run_is_told_in_place(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    desk.tests.state.publish(Failed(StorageError("the disk is full", key="error.storage")))
    strip = desk.panel.view.strip
    assert strip.problem.isVisible() and strip.problem.text()
    assert desk.panel.view.runs.table.isVisible(), "what is stored stays in reach"
    desk.tests.state.publish(Loading(Progress("progress.backtest", 0, 0)))
    assert strip.problem.text() == ""


def test_a_period_without_days(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.state.publish(Empty("empty.backtest.no_days", {"first": "2030-01-01", "last": "2030-02-01"}))
    assert "2030-01-01~2030-02-01" in desk.panel.view.strip.message.text()


# ---------------------------------------------------------------------------------------------------- stored runs


def test_the_list_of_stored_runs(open_desk: Open) -> None:
    desk = open_desk()
    runs = desk.panel.view.runs
    assert runs.empty.isVisible() and "아직 읽지 않았습니다" in runs.empty.text()
    desk.tests.keep()
    assert runs.empty.isVisible() and "저장된 백테스트가 없습니다" in runs.empty.text()
    keep_three(desk.fake)
    rows = texts(runs.model)
    assert [row[0] for row in rows] == ["스무 건", "긴 기간", "표준"]
    result = real_result()
    assert rows[2][2:] == [
        "VCP", f"{desk.tests.kept[1].summary.config['first']} ~ {LAST}", "2026.1", "75", "32.0%",
        "−8.66%", "11.92%", f"−{abs(result.equity.sharpe or 0):.2f}", "0.58×", "1",
    ]  # fmt: skip
    assert rows[0][5] == "20 부족", "too few is a word, not a colour"
    assert desk.panel.subtitle == "저장 3개"


def test_a_run_without_losses_and_one_without_trades(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.keep(backtest(cut(8, gains_only=True), 1), backtest(cut(0), 2))
    none, gains = texts(desk.panel.view.runs.model)
    assert (gains[6], gains[10]) == ("100.0%", "∞")
    assert (none[5], none[6], none[10]) == ("0 부족", "—", "—")


def test_opening_shows_the_run_in_the_performance_panel(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    runs = desk.panel.view.runs
    assert not runs.open.isEnabled()
    click_row(desk, 2)
    assert runs.open.isEnabled() and not runs.compare.isEnabled()
    runs.open.click()
    shelf = RunShelf.of(desk.look)
    assert shelf.run is not None and shelf.run.summary.id == 1
    assert desk.actions == ["performance"]
    QTest.keyClick(runs.table, Qt.Key.Key_Up)
    QTest.keyClick(runs.table, Qt.Key.Key_Return)
    assert shelf.run.summary.id == 2


def test_deleting_asks_first(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    runs = desk.panel.view.runs
    shelf = RunShelf.of(desk.look)
    shelf.show_run(desk.tests.kept[3])
    click_row(desk, 0)
    QTest.keyClick(runs.table, Qt.Key.Key_Delete)
    assert runs.ask.isVisible() and "‘스무 건’" in runs.question.text()
    runs.no.click()
    assert not runs.ask.isVisible() and len(desk.tests.kept) == 3
    runs.delete.click()
    runs.yes.click()
    assert sorted(desk.tests.kept) == [1, 2] and len(texts(runs.model)) == 2
    assert shelf.run is None, "a deleted run is no longer shown"


def test_a_broken_store_is_told_and_nothing_disappears(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    desk.tests.broken = StorageError("locked", key="error.storage")
    click_row(desk, 0)
    runs, problem = desk.panel.view.runs, desk.panel.view.strip.problem
    for act in (runs.open.click, runs.export.click, lambda: (runs.delete.click(), runs.yes.click())):
        desk.panel.desk._problem = None
        act()
        assert problem.text(), "the failure is told"
    assert len(texts(runs.model)) == 3 and desk.exports == [] and desk.actions == []
    desk.tests.broken = None
    runs.open.click()
    assert problem.text() == "" and desk.actions == ["performance"]


def test_a_run_that_is_gone(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    del desk.tests.kept[2]
    click_row(desk, 1)
    desk.panel.view.runs.open.click()
    assert "저장된 백테스트가 없습니다 (2)" in desk.panel.view.strip.problem.text()


def test_the_other_market_has_runs_of_its_own(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    for row in range(2):
        click_row(desk, row, add=row > 0)
    desk.panel.view.runs.compare.click()
    desk.tests.results.publish(replace(real_result(), stored_id=3))
    picture = desk.work.market.last
    assert picture is not None
    desk.work.market.publish(replace(picture, kind="simulated"))
    assert "아직 읽지 않았습니다" in desk.panel.view.runs.empty.text() and desk.panel.desk.comparison is None
    desk.tests.keep()
    click_row(desk, 0)
    desk.panel.view.runs.export.click()
    assert desk.exports[0].text.count("\r\n") == 21, "a run of the same number in the other market is another run"


def test_export_of_the_newest_run_and_of_a_stored_one(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    result = replace(real_result(), stored_id=1)
    desk.tests.results.publish(result)
    click_row(desk, 2)
    desk.panel.view.runs.export.click()
    click_row(desk, 0)
    desk.panel.view.runs.export.click()
    newest, stored = desk.exports
    assert newest.file_name == "backtest_1.csv" and newest.text.count("\r\n") == len(result.signals) + 1
    assert stored.file_name == "backtest_3.csv" and stored.text.count("\r\n") == 21
    assert newest.encoding == stored.encoding == "utf-8" and stored.text.startswith("\ufeff")


# ---------------------------------------------------------------------------------------------------- comparing


def test_two_runs_side_by_side(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    compare = desk.panel.view.compare
    assert not compare.table.isVisible() and "두세 개를" in compare.words.text()
    click_row(desk, 0)
    click_row(desk, 2, add=True)
    desk.panel.view.runs.compare.click()
    rows = {row[0]: row[1:] for row in texts(compare.model)}
    # 20 and 75 trades: 55 more; 30.0 % and 32.0 % won: two points more
    assert rows["끝난 거래"] == ["20", "75", "+55"]
    assert rows["승률"] == ["30.0%", "32.0%", "+2.00%p"]
    assert rows["기준 대비 초과"] == ["판단 불가", "−1.56%", "—"]
    assert "A: 스무 건" in compare.words.text() and "표본 부족" in compare.words.text()
    assert "기간이 다릅니다" not in compare.words.text()
    found = desk.panel.desk.comparison
    assert found is not None and len(found.curves) == 2 and all(len(days) for days, _ in found.curves)
    assert "B 표준 −8.66%" in compare.curves.accessibleDescription()
    compare.grab()


def test_three_runs_and_their_warnings(open_desk: Open) -> None:
    desk = open_desk(fill=keep_three)
    for row in range(3):
        click_row(desk, row, add=row > 0)
    runs, compare = desk.panel.view.runs, desk.panel.view.compare
    assert runs.compare.isEnabled() and not runs.open.isEnabled()
    runs.compare.click()
    assert compare.model.columnCount() == 6
    assert [str(compare.model.headerData(at, Qt.Orientation.Horizontal)) for at in range(1, 6)] == [
        "A", "B", "C", "B − A", "C − A",
    ]  # fmt: skip
    assert "기간이 다릅니다" in compare.words.text()
    compare.grab()
    click_row(desk, 1)
    runs.delete.click()
    runs.yes.click()
    assert desk.panel.desk.comparison is None and not compare.table.isVisible(), "a deleted run is compared no more"


# ---------------------------------------------------------------------------------------------------- states and looks


def test_without_strategies(open_desk: Open) -> None:
    desk = open_desk(strategies=False)
    assert desk.panel.state == Empty("backtest_panel.empty.none")
    desk.panel.view.form.run.click()
    desk.panel.grab()


def test_a_narrow_panel_shows_one_part(open_desk: Open) -> None:
    desk = open_desk((600, 640), fill=keep_three)
    view = desk.panel.view
    assert view.form.isVisible() and not view.runs.isVisible()
    view.pages.buttons["runs"].click()
    assert view.runs.isVisible() and not view.form.isVisible()
    click_row(desk, 0)
    click_row(desk, 1, add=True)
    view.runs.compare.click()
    assert view.page == "compare" and view.compare.table.isVisible()
    desk.panel.grab()


def test_a_hidden_panel_listens_to_nothing_and_finds_the_run_again(open_desk: Open) -> None:
    desk = open_desk()
    desk.tests.state.publish(Loading(Progress("progress.backtest", 3, 10)))
    desk.panel.went_out_of_sight()
    desk.tests.state.publish(Ready(AsOf.end_of(LAST)))
    desk.tests.keep(backtest(cut(20), 3))
    assert desk.panel.view.strip.running.isVisible()
    desk.panel.came_into_sight()
    assert not desk.panel.view.strip.running.isVisible() and len(texts(desk.panel.view.runs.model)) == 1


def test_saved_state_comes_back(open_desk: Open) -> None:
    desk = open_desk()
    desk.panel.view.show_page("runs")
    desk.panel.view.form.strategy.buttons["DAY_TRADE"].click()
    desk.panel.view.form.capital.setText("3,000")
    state = desk.panel.panel_state()
    other = open_desk()
    other.panel.restore_panel_state(state)
    assert other.panel.panel_state() == state and other.panel.view.form.draft().capital_manwon == 3_000
    other.panel.restore_panel_state({"page": 1, "strategy": "NO", "capital": True})
    assert other.panel.panel_state() == state


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_both_languages_and_themes(open_desk: Open, language: Any, theme: Any) -> None:
    look = Appearance(language=language, theme=theme, zoom_pct=120)
    desk = open_desk((1_600, 860), look=look, fill=keep_three)
    click_row(desk, 0)
    click_row(desk, 1, add=True)
    desk.panel.view.runs.compare.click()
    desk.tests.state.publish(Loading(Progress("progress.backtest", 3, 10, seconds_left=4.0)))
    for widget in (desk.panel.view.form.capital, desk.panel.view.form.first, desk.panel.view.runs.table):
        assert widget.accessibleName()
    desk.panel.grab()
    look.choose(language="en" if language == "ko" else "ko")
    desk.panel.grab()
