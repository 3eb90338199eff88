"""The recommendations panel: rows, words for every empty list, failures, and when it asks again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from engine.model.errors import StorageError
from engine.model.gate import GateReading, GateStatus
from engine.model.instants import AsOf
from engine.model.performance import Interval, RecordRow
from engine.model.scan import Grade
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Ready, SymbolContext
from ralphstock_desktop.services.strategy_contracts import Recommendation, Recommendations, RecordTable
from ralphstock_desktop.ui.docks.recommendations import RecommendationsPanel
from ralphstock_desktop.ui.viewmodels.recommend_rows import RecommendViewModel
from tests.services.strategies.kept.kept_market import day
from tests.ui.alerts.conftest import OpenDesk
from tests.ui.alerts.desk import DAYS, NAMES, Desk
from tests.ui.closing.desk import gate_reading

LAST = day(DAYS - 1)
AS_OF = AsOf.end_of(LAST)
DISCLAIMER = "본 정보는 참고용이며 투자 판단과 책임은 이용자에게 있습니다."


def record(n: int, mean: float | None) -> RecordRow:
    interval = Interval(mean, mean - 0.4, mean + 0.4) if mean is not None else Interval(None)
    return RecordRow(
        "VCP", int(Grade.S), n, interval, Interval(None), 0.1, Interval(None), 1, "2024-01-02", "2026-01-27", mean is not None
    )


def entry(ticker: str, grade: Grade = Grade.S, **changes: Any) -> Recommendation:
    """Entry 10,000, stop 9,300 (−7.0 %), target 12,000 (+20.0 %), 44 shares."""
    given: dict[str, Any] = {
        "ticker": ticker,
        "name": NAMES[ticker],
        "strategies": ("VCP",),
        "grade": int(grade),
        "score": 82.8,
        "score_scale": "82.8/100",
        "entry_krw": 10_000.0,
        "stop_krw": 9_300.0,
        "target_krw": 12_000.0,
        "qty": 44,
        "weight_pct": 15.0,
        "signal_date": LAST,
        "reasons": (
            ("recommend.reason.news", {"points": "3", "most": "3"}),
            ("recommend.reason.volume", {"points": "2", "most": "3"}),
        ),
        "traded_value_krw": 5e10,
        "record": record(180, 0.42),
    }
    return Recommendation(**{**given, **changes})


def three(_strategy: str = "both", limit: int = 5) -> Recommendations:
    items = (
        entry("298040", strategies=("VCP", "CLOSING_BET")),
        entry("011780", Grade.A, strategies=("CLOSING_BET",), score=75.0, score_scale="9/12", qty=0, record=record(41, None)),
        entry("454910", Grade.A, score=70.25, score_scale="70.25/100", weight_pct=12.0, record=None),
    )
    return Recommendations(items[:limit], AS_OF, gate_reading())


def nothing(reason: Any, status: GateStatus = GateStatus.GREEN) -> Callable[[str, int], Recommendations]:
    gate: GateReading = replace(gate_reading(status), score=35.0 if status is GateStatus.RED else None, coverage=48.0)
    return lambda _strategy, _limit: Recommendations((), AS_OF, gate, reason)


def run_now(work: Coroutine[Any, Any, None], _name: str) -> None:
    """Run a coroutine that never really waits to its end."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    made = open_desk(None)
    made.fake.answer = three
    made.work.look_at()
    return open_panel(made, open_desk)


def open_panel(made: Desk, open_desk: OpenDesk, size: tuple[int, int] = (520, 460), **options: Any) -> Desk:
    """A desk whose workstation already looks at the last day and answers."""
    desk = open_desk(
        lambda context: RecommendationsPanel(replace(context, workstation=made.work)), size, **{"spawn": run_now, **options}
    )
    desk.work = made.work
    return desk


def vm(desk: Desk) -> RecommendViewModel:
    found: RecommendViewModel = desk.panel.view_model
    return found


def test_rows_say_everything_of_the_contract(desk: Desk) -> None:
    assert desk.fake.asked == [("both", 5)]
    first, second, third = vm(desk).rows
    assert (first.rank, first.name, first.ticker, first.strategies) == ("1", "효성중공업", "298040", ("VCP", "종가베팅"))
    assert (first.score, first.scale, first.grade) == ("82.8", "82.8/100", int(Grade.S))
    assert [(cell.word, cell.value, cell.rest) for cell in first.plan] == [
        ("진입", "10,000", ""),
        ("손절", "9,300", "−7.0%"),
        ("목표", "12,000", "+20.0%"),
        ("수량", "44주", ""),
        ("최대 비중", "15%", ""),
    ]
    assert first.reasons == "뉴스 3/3점 · 거래대금 2/3점"
    assert first.signal == "신호 2026-03-11 (수)"
    assert first.record == "등급 S 기록: n = 180 · 평균 순수익 +0.42% (95% +0.02% … +0.82%) · 시장 +0.10%" and first.judged
    assert (second.score, second.scale) == ("75.0", "9/12"), "comparable and own score stand side by side"
    assert second.plan[3].value == "0주" and not second.judged
    assert second.record == "등급 A 기록: 판단 불가 (사례 부족 n = 41)"
    assert third.record == "등급 A 기록: 판단 불가 (끝난 신호 없음)"
    assert desk.panel.subtitle == "3종목" and desk.panel.state == Ready(AS_OF)


@pytest.mark.parametrize(
    ("reason", "status", "key", "action"),
    [
        ("NO_SIGNALS", GateStatus.GREEN, "no_signals", ""),
        ("GATE_RED", GateStatus.RED, "gate_red", "gate"),
        ("GATE_UNKNOWN", GateStatus.UNKNOWN, "gate_unknown", "gate"),
        ("STALE_DATA", GateStatus.GREEN, "stale_data", "scan"),
    ],
)
def test_every_empty_list_says_why(desk: Desk, reason: str, status: GateStatus, key: str, action: str) -> None:
    desk.fake.answer = nothing(reason, status)
    vm(desk).ask()
    state = desk.panel.state
    assert isinstance(state, Empty)
    assert (state.reason_key, state.action) == (f"recommend_panel.empty.{key}", action)
    assert desk.panel._page.head.text() == desk.look.tr(f"recommend_panel.empty.{key}")
    for language in ("ko", "en"):
        desk.look.choose(language=language)  # type: ignore[arg-type]
        assert "2026-03-11" in desk.panel._page.line.text()
        assert bool(desk.panel._page.primary.text()) == bool(action)
    assert desk.panel.disclaimer.isVisible()
    assert desk.panel.subtitle == ""


def test_the_gates_numbers_are_in_the_words(desk: Desk) -> None:
    desk.fake.answer = nothing("GATE_RED", GateStatus.RED)
    vm(desk).ask()
    assert desk.panel._page.line.text() == "2026-03-11 (수) 기준 게이트 35점. 신호 화면에서 관찰은 계속할 수 있습니다"
    desk.fake.answer = nothing("GATE_UNKNOWN", GateStatus.UNKNOWN)
    vm(desk).ask()
    assert desk.panel._page.line.text() == "2026-03-11 (수) 기준 게이트 산출 범위 48%"


def test_a_failure_is_a_failure_and_may_be_tried_again(desk: Desk, qtbot: Any) -> None:
    def broken(_strategy: str, _limit: int) -> Recommendations:
        raise StorageError("The disk is gone.", key="error.storage.io", place="market.db")

    desk.fake.answer = broken
    vm(desk).ask()
    assert isinstance(desk.panel.state, Failed)
    assert desk.panel.disclaimer.isVisible() and not desk.panel.view.isVisible()
    desk.fake.answer = three
    qtbot.mouseClick(desk.panel._page.primary, Qt.MouseButton.LeftButton)
    assert desk.panel.state == Ready(AS_OF) and len(vm(desk).rows) == 3


def test_a_bug_is_told_to_the_program_and_shown_as_a_failure(desk: Desk) -> None:
    def bug(_strategy: str, _limit: int) -> Recommendations:
        raise KeyError("row")

    desk.fake.answer = bug
    with pytest.raises(KeyError):
        vm(desk).ask()
    assert isinstance(desk.panel.state, Failed)


def test_the_disclaimer_is_there_word_for_word(desk: Desk) -> None:
    line = desk.panel.disclaimer
    assert line.text == DISCLAIMER and line.accessibleName() == DISCLAIMER
    assert desk.panel.rect().bottom() - line.geometry().bottom() <= 1, "at the bottom of the panel"
    narrow = line.height()
    desk.panel.resize(180, 460)
    assert line.height() > narrow and "".join(line._lines()).replace(" ", "") == DISCLAIMER.replace(" ", "")


def test_what_is_asked_for(desk: Desk) -> None:
    panel = desk.panel
    QTest.mouseClick(panel.choice.chips[0], Qt.MouseButton.LeftButton)
    assert desk.fake.asked[-1] == ("vcp", 5)
    QTest.mouseClick(panel.choice.chips[1], Qt.MouseButton.LeftButton)
    assert desk.fake.asked[-1] == ("jongga", 5)
    panel.limit.setFocus()
    panel.limit.selectAll()
    QTest.keyClicks(panel.limit, "2")
    QTest.keyClick(panel.limit, Qt.Key.Key_Return)
    assert desk.fake.asked[-1] == ("jongga", 2) and len(vm(desk).rows) == 2
    QTest.keyClick(panel.limit, Qt.Key.Key_Up)
    assert desk.fake.asked[-1] == ("jongga", 3)
    panel.limit.selectAll()
    QTest.keyClicks(panel.limit, "99")
    QTest.keyClick(panel.limit, Qt.Key.Key_Return)
    assert desk.fake.asked[-1] == ("jongga", 20), "the longest list"
    panel.limit.selectAll()
    QTest.keyClicks(panel.limit, "x")
    QTest.keyClick(panel.limit, Qt.Key.Key_Return)
    assert panel.limit.text() == "20", "no number: the last one comes back"
    panel.limit.selectAll()
    QTest.keyClicks(panel.limit, "3")
    QTest.keyClick(panel.limit, Qt.Key.Key_Return)
    saved = panel.panel_state()
    assert (saved["choice"], saved["limit"]) == ("jongga", 3)
    panel.restore_panel_state({**saved, "choice": "both", "limit": 40})
    assert desk.fake.asked[-1] == ("both", 3), "a damaged number keeps the present one"


def test_choosing_and_opening_rows(desk: Desk) -> None:
    charts: list[str] = []
    desk.panel.chart_requested.connect(charts.append)
    view = desk.panel.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    last = desk.work.selection.last
    assert last == SymbolContext("298040", "recommend") and vm(desk).chosen == "298040"
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert charts == ["298040"]
    view.viewport().repaint()
    desk.click(view.viewport(), view.rect_of("454910").center())
    assert vm(desk).chosen == "454910"
    desk.work.select("011780", "chart")
    assert vm(desk).chosen == "011780", "another panel's symbol is marked here"
    desk.work.select("005385", "chart")
    assert vm(desk).chosen == ""


def test_a_row_is_copied_and_spoken_whole(desk: Desk) -> None:
    view = desk.panel.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_C)
    text = QGuiApplication.clipboard().text()
    assert text == view.accessibleDescription()
    for part in (
        "1. 효성중공업 298040",
        "등급 S",
        "VCP + 종가베팅",
        "비교 점수 82.8, 전략 점수 82.8/100",
        "손절 9,300 −7.0%",
        "n = 180",
    ):
        assert part in text


def test_a_narrow_panel_breaks_lines_and_cuts_no_number(desk: Desk) -> None:
    view = desk.panel.view
    wide = view.row_height(0)
    desk.panel.resize(300, 460)
    assert view.row_height(0) > wide
    row = vm(desk).rows[0]
    assert [cell for line in view._plan_lines(row) for cell in line] == list(row.plan)
    for line in view._plan_lines(row):
        assert sum(view._cell_width(cell) for cell in line) <= view._room()


def test_scan_gate_and_records_ask_again_together(desk: Desk, qtbot: Any) -> None:
    before = len(desk.fake.asked)
    desk.fake.gate.publish(object())  # type: ignore[arg-type]
    desk.fake.records.publish(RecordTable((), AS_OF, "2026.1", ()))
    desk.work.scans.publish(object())  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: len(desk.fake.asked) > before, timeout=10_000)
    qtbot.wait(300)
    assert len(desk.fake.asked) == before + 1, "facts of one instant are asked about once"
    assert len(vm(desk).rows) == 3


def test_another_instant_shows_nothing_of_the_one_before(desk: Desk, qtbot: Any) -> None:
    desk.work.look_at(AsOf.end_of(day(2)))
    assert vm(desk).rows == () and isinstance(desk.panel.state, Loading)
    qtbot.waitUntil(lambda: len(vm(desk).rows) == 3, timeout=10_000)


def test_a_hidden_panel_asks_nothing(desk: Desk, qtbot: Any) -> None:
    desk.panel.hide()
    before = len(desk.fake.asked)
    desk.fake.gate.publish(object())  # type: ignore[arg-type]
    qtbot.wait(250)
    assert len(desk.fake.asked) == before
    desk.panel.show()
    assert len(desk.fake.asked) == before + 1


async def test_an_answer_that_was_overtaken_is_dropped(open_desk: OpenDesk) -> None:
    made = open_desk(None)
    made.work.look_at()
    waiting: list[asyncio.Future[Recommendations]] = []

    async def slow(_strategy: str, _limit: int) -> Recommendations:
        waiting.append(asyncio.get_running_loop().create_future())
        return await waiting[-1]

    made.fake.recommend = slow  # type: ignore[method-assign]
    tasks: list[asyncio.Task[None]] = []
    desk = open_panel(made, open_desk, spawn=lambda work, _name: tasks.append(asyncio.ensure_future(work)))
    vm(desk).choose_limit(1)
    await asyncio.sleep(0)
    assert len(waiting) == 2 and isinstance(desk.panel.state, Loading)
    waiting[1].set_result(three(limit=1))
    waiting[0].set_result(three())
    await asyncio.gather(*tasks)
    assert len(vm(desk).rows) == 1


def test_without_strategies_and_without_a_market(open_desk: OpenDesk) -> None:
    alone = open_desk(RecommendationsPanel, with_strategies=False)
    assert isinstance(alone.panel.state, Empty) and alone.panel.state.reason_key == "recommend_panel.empty.off"
    waiting = open_desk(RecommendationsPanel)
    assert isinstance(waiting.panel.state, Empty) and waiting.panel.state.reason_key == "recommend_panel.empty.waiting"


def test_english(desk: Desk) -> None:
    desk.look.choose(language="en")
    first = vm(desk).rows[0]
    assert first.name == "Hyosung Heavy Industries" and first.strategies == ("VCP", "Closing bet")
    assert [cell.word for cell in first.plan] == ["Entry", "Stop", "Target", "Qty", "Max. weight"]
    assert first.plan[3].value == "44 sh."
