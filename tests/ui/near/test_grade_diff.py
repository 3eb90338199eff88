"""The grade-change panel: what is compared, the sum that proves the rows, keys, states, answers that come too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from PySide6.QtCore import QDate, QDateTime, Qt, QTime
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.model.errors import DataUnavailable, StorageError
from engine.model.instants import AsOf
from engine.model.scan import Grade
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, MarketPicture, Ready
from ralphstock_desktop.services.strategy_contracts import GradeChange, GradeDiff
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.grade_diff import GradeDiffPanel
from ralphstock_desktop.ui.viewmodels.diff_rows import diff_rows, diff_total
from tests.ui.daytrade.day_market import DAY, DayDesk, at, day_panel, day_picture

TICKER = "000030"


def grade_diff(**changes: object) -> GradeDiff:
    """B 50.48 → A 79.05: +15, +15, −7 and +7 raw points of 105 are 14.2857, 14.2857, −6.6667 and 6.6667; 0.0013 is rounding.

    30 / 105 x 100 = 28.5714; 50.48 + 28.5714 = 79.0514, stored as 79.05: the rest is −0.0014.
    """
    full, part = 100 * 15 / 105, 100 * 7 / 105
    found = GradeDiff(
        "DAY_TRADE", TICKER, AsOf.at(date(2026, 6, 30), 23, 59), AsOf(at()), Grade.B, Grade.A, 50.48, 79.05,
        (
            GradeChange("spike", 1.2, 5.48, "×", 0, 15, full, at(9, 41)),
            GradeChange("momentum", -1.2, 2.0, "%", 0, 15, full, at(9, 41)),
            GradeChange("institution", 1.2e10, 5.1e9, "won", 15, 8, -part, None),
            GradeChange("ma5", -0.4, 6.25, "%", 8, 15, part, at(10, 8)),
            GradeChange("rounding", None, None, "points", 0, 0, 79.05 - 50.48 - 2 * full, None),
        ),
    )  # fmt: skip
    return replace(found, **changes)  # type: ignore[arg-type]


class Desk(DayDesk):
    panel: GradeDiffPanel

    def open(self, ticker: str = TICKER) -> None:
        self.work.market.publish(MarketPicture(day_panel(), "real", AsOf(at()), is_latest=True))
        self.press(self.panel.strategy.chips, "DAY_TRADE")
        self.work.select(ticker, "x")
        QApplication.processEvents()
        self.run_tasks()

    def press(self, chips: list, name: str) -> None:  # type: ignore[type-arg]
        QTest.mouseClick(next(chip for chip in chips if chip.chip_id == name), Qt.MouseButton.LeftButton)
        QApplication.processEvents()


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot, GradeDiffPanel, (640, 400), picture=day_picture())
    made.strategies.diffs = {("DAY_TRADE", TICKER): grade_diff(), ("VCP", TICKER): DataUnavailable("no earlier scan")}
    made.open()
    yield made
    made.close()


def test_grades_scores_and_rows(desk: Desk) -> None:
    vm = desk.panel.view_model
    assert isinstance(desk.panel.state, Ready) and vm.head is not None
    assert (vm.head.grade_before, vm.head.grade_after) == (Grade.B, Grade.A)
    assert (vm.head.score_before, vm.head.score_after, vm.head.change) == ("50.48", "79.05", "+28.57")
    first = vm.rows[0]
    assert (first.label, first.before, first.after) == ("거래량 폭증", "1.20×", "5.48×")
    assert (first.points_before, first.points_after, first.effect, first.when) == ("0", "15", "+14.29", "09:41")
    assert [row.effect for row in vm.rows] == ["+14.29", "+14.29", "−6.67", "+6.67", "0.00"]
    assert vm.rows[2].before == "+120억" and vm.rows[2].when == ""
    assert "06-30 → 07-01 10:42" in desk.panel.subtitle and "두산로보틱스" in desk.panel.subtitle


def test_the_sum_proves_the_rows_or_says_that_it_does_not() -> None:
    look = Appearance()
    good = diff_total(grade_diff(), look)
    assert (good.effect, good.proven, good.remark) == ("+28.57", True, "합계 = 점수 차이")
    wrong = diff_total(grade_diff(changes=grade_diff().changes[:-2]), look)
    assert not wrong.proven and wrong.remark == "합계가 점수 차이와 다름 (−6.67)"
    open_ = diff_total(grade_diff(score_before=None), look)
    assert not open_.proven and "점수가 없는" in open_.remark


def test_the_waterfall_goes_from_the_old_score_to_the_new_one() -> None:
    rows = diff_rows(grade_diff(), Appearance())
    assert rows[0].start == 50.48
    for above, below in pairwise(rows):
        assert below.start == pytest.approx(above.start + above.amount)
    assert rows[-1].start + rows[-1].amount == pytest.approx(79.05)


def test_since_the_day_before_the_open_or_a_picked_time(desk: Desk) -> None:
    assert desk.strategies.diff_calls[-1] == ("DAY_TRADE", TICKER, None)
    desk.press(desk.panel.since.chips, "open")
    desk.run_tasks()
    assert desk.strategies.diff_calls[-1][2] == AsOf.at(DAY, 9)
    assert desk.panel.time.isHidden()
    desk.press(desk.panel.since.chips, "pick")
    assert desk.panel.time.isVisible() and desk.panel.time.dateTime().time().hour() == 10
    desk.panel.time.setDateTime(QDateTime(QDate(2026, 6, 29), QTime(14, 30)))
    QApplication.processEvents()
    desk.run_tasks()
    assert desk.strategies.diff_calls[-1][2] == AsOf.at(date(2026, 6, 29), 14, 30)
    assert desk.panel.panel_state()["since"] == "day", "a picked time is of its day"


def test_loading_then_empty_then_failed(desk: Desk) -> None:
    desk.press(desk.panel.strategy.chips, "VCP")
    assert isinstance(desk.panel.state, Loading)
    desk.run_tasks()
    state = desk.panel.state
    assert isinstance(state, Empty) and state.fields == {"ticker": TICKER, "since": "전일"}
    assert desk.panel.since.isVisible(), "another beginning may have the data"
    desk.strategies.diffs[("VCP", TICKER)] = StorageError("disk")
    desk.panel.retry_requested.emit()
    desk.run_tasks()
    assert isinstance(desk.panel.state, Failed)
    desk.strategies.diffs[("VCP", TICKER)] = grade_diff(strategy="VCP", changes=())
    desk.panel.retry_requested.emit()
    desk.run_tasks()
    assert isinstance(desk.panel.state, Ready) and desk.panel.view_model.rows == ()
    desk.panel.grab()


def test_an_answer_that_was_overtaken_is_dropped(desk: Desk) -> None:
    other = "000050"
    desk.strategies.diffs[("DAY_TRADE", other)] = grade_diff(ticker=other, score_after=60.0)
    desk.work.select(other, "x")
    QApplication.processEvents()
    late = desk.tasks.pop()
    desk.work.select(TICKER, "x")
    QApplication.processEvents()
    desk.run_tasks()
    desk.tasks.append(late)
    desk.run_tasks()
    diff = desk.panel.view_model.diff
    assert diff is not None and diff.ticker == TICKER


def test_without_symbol_or_strategies(qtbot: QtBot) -> None:
    desk = Desk(qtbot, GradeDiffPanel)
    QApplication.processEvents()
    assert desk.panel.state == Empty("diff.empty.choose")
    desk.close()
    quiet = Desk(qtbot, GradeDiffPanel, running=False)
    QApplication.processEvents()
    assert quiet.panel.state == Empty("diff.empty.off")
    quiet.close()


def test_keys_walk_copy_and_let_go(desk: Desk) -> None:
    view, vm = desk.panel.view, desk.panel.view_model
    view.setFocus()
    for key, focused in ((Qt.Key.Key_Down, 0), (Qt.Key.Key_Down, 1), (Qt.Key.Key_End, 4), (Qt.Key.Key_Up, 3)):
        QTest.keyClick(view, key)
        assert vm.focused == focused
    assert "5일선 위" in view.accessibleDescription()
    QTest.keyClick(view, Qt.Key.Key_C)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert len(copied) == 2 and copied[1].startswith("5일선 위, −0.4% → 6.2%")
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert vm.focused == -1
    QTest.keyClick(view, Qt.Key.Key_C)
    assert len(QGuiApplication.clipboard().text().splitlines()) == 6
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.row_rect(2).center())
    assert vm.focused == 2


@pytest.mark.parametrize("width", [270, 420, 560, 900])
@pytest.mark.parametrize(("theme", "language", "zoom"), [("dark", "ko", 100), ("light", "en", 150)])
def test_columns_fit_and_the_bars_are_drawn(qtbot: QtBot, width: int, theme: str, language: str, zoom: int) -> None:
    look = Appearance(theme=theme, language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    desk = Desk(qtbot, GradeDiffPanel, (width * zoom // 100, 600), look=look, picture=day_picture(), window=2_000)
    desk.strategies.diffs[("DAY_TRADE", TICKER)] = grade_diff()
    desk.open()
    view = desk.panel.view
    right = 0
    for x, wide in sorted(view._places().values()):
        assert x >= right and wide > 0
        right = x + wide
    assert right <= view.viewport().width()
    picture = desk.panel.grab().toImage()
    seen = {picture.pixel(x, y) for x in range(0, picture.width(), 2) for y in range(0, picture.height(), 2)}
    drawn = {look.color("accent-fill").rgb(), look.color("warning").rgb()} <= seen
    assert drawn == ("bar" in view.columns)
    assert ("bar" in view.columns) == (width >= 420)
    desk.close()
