"""The what-if panel driven as a user would: dragging, typing, searching, profiles, names, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.model.errors import UserCancelled
from engine.model.performance import Interval
from engine.model.scan import Grade
from engine.thresholds import DEFAULT_RULES, iter_specs
from ralphstock_desktop.services.contracts import Empty, Failed, Ready
from ralphstock_desktop.services.strategy.what_if import slider_names
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, StrategyName, Threshold
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.what_if_dialogs import DeleteProfileDialog, ProfileNameDialog
from ralphstock_desktop.ui.viewmodels.what_if_words import threshold_help, threshold_title, value_text
from ralphstock_desktop.wording.texts import LANGUAGES
from tests.ui.closing.desk import closing_picture
from tests.ui.whatif.desk import WhatIfDesk
from tests.ui.whatif.small_market import record

OpenDesk = Callable[..., WhatIfDesk]
VALUE = "jongga.min_value_krw"


@pytest.fixture
def open_desk(qtbot: QtBot) -> Iterator[OpenDesk]:
    opened: list[WhatIfDesk] = []

    def make(**options: object) -> WhatIfDesk:
        desk = WhatIfDesk(qtbot, **options)  # type: ignore[arg-type]
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.window.close()


def press(qtbot: QtBot, widget: object, key: Qt.Key, times: int = 1) -> None:
    for _ in range(times):
        qtbot.keyClick(widget, key)


# -- sliders ----------------------------------------------------------------------------------------------------------------


def test_a_drag_moves_the_rules_all_the_way(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    slider = desk.slider(VALUE)
    groove = slider.groove()
    y = groove.center().y()
    start = QPoint(round(slider.x_of(slider.value)), y)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    assert desk.panel.view_model.dragging
    for share in (0.2, 0.3, 0.4):
        qtbot.mouseMove(slider, QPoint(groove.left() + round(share * groove.width()), y))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(groove.left(), y))
    assert not desk.panel.view_model.dragging
    moved = [value for name, value in desk.what_if.moves if name == VALUE]
    assert len(moved) == 3 and moved == sorted(moved)
    # 100억 … 1조 in steps of 50억: 0.4 of the way is 406, the nearest step 405 or so, by the pixel.
    assert moved[-1] == pytest.approx(1e10 + 0.4 * 99e10, abs=5e9)
    assert all(value % 5e9 == 0 for value in moved)
    assert slider.changed and desk.what_if.changes[VALUE] == moved[-1]


def test_keys_move_by_steps_and_to_the_ends(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    slider = desk.slider("jongga.candle_body_pct")  # 0 … 15 %, step 0.5, default 3
    slider.setFocus()
    for key, value in (
        (Qt.Key.Key_Right, 3.5), (Qt.Key.Key_Up, 4.0), (Qt.Key.Key_Left, 3.5), (Qt.Key.Key_Down, 3.0),
        (Qt.Key.Key_PageUp, 8.0), (Qt.Key.Key_PageDown, 3.0), (Qt.Key.Key_End, 15.0), (Qt.Key.Key_Right, 15.0),
        (Qt.Key.Key_Home, 0.0), (Qt.Key.Key_Delete, 3.0),
    ):  # fmt: skip
        press(qtbot, slider, key)
        assert slider.value == value
    assert not slider.changed
    assert not desk.what_if.changes


def test_a_double_click_goes_back_to_the_default(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    slider = desk.slider(VALUE)
    slider.ask(7e10)
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=slider.groove().center())
    assert slider.value == 1e11
    assert not desk.what_if.changes


def test_the_wheel_and_a_click_on_the_name_move_nothing(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    slider = desk.slider(VALUE)
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(20, 8))
    place = slider.groove().center().toPointF()
    wheel = QWheelEvent(
        place, slider.mapToGlobal(place), QPoint(0, 120), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(slider, wheel)
    assert not desk.what_if.moves
    assert slider.editor.isHidden()


def test_a_typed_value_is_taken_or_refused_in_place(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    slider = desk.slider(VALUE)
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=slider._value_box().center())
    assert not slider.editor.isHidden() and slider.editor.text() == "1,000억"
    for typed, problem in (("많이", "숫자로 입력: 100억"), ("5억", "100억 – 1조 안에서만"), ("2조", "100억 – 1조 안에서만")):
        slider.editor.setText(typed)
        press(qtbot, slider.editor, Qt.Key.Key_Return)
        assert slider.problem == problem
        assert not slider.editor.isHidden()
        assert not desk.what_if.moves
    tall = slider.height()
    slider.editor.setText("700억")
    press(qtbot, slider.editor, Qt.Key.Key_Return)
    assert desk.what_if.moves == [(VALUE, 7e10)]
    assert slider.editor.isHidden() and not slider.problem and slider.height() < tall


def test_a_digit_begins_typing_and_esc_gives_up(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    slider = desk.slider("jongga.near_high")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_9)
    assert slider.editor.text() == "9"
    press(qtbot, slider.editor, Qt.Key.Key_Return)
    assert slider.problem == "70% – 100% 안에서만"
    press(qtbot, slider.editor, Qt.Key.Key_Escape)
    assert slider.editor.isHidden() and not slider.problem
    qtbot.keyClick(slider, Qt.Key.Key_9)
    qtbot.keyClicks(slider.editor, "2")
    press(qtbot, slider.editor, Qt.Key.Key_Return)
    assert desk.what_if.moves == [("jongga.near_high", 0.92)]


def test_a_rung_cannot_pass_its_neighbour(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.view.show_more(True)
    slider = desk.slider("jongga.value_krw.2")  # 1,000억; the rung above stands at 5,000억
    slider.edit()
    slider.editor.setText("6000억")
    press(qtbot, slider.editor, Qt.Key.Key_Return)
    assert slider.problem == "이웃 단계와 순서가 뒤바뀝니다"
    assert slider.value == 1e11 and not desk.what_if.changes


def test_another_hand_moves_the_sliders_too(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.what_if.move(VALUE, 5e10)
    assert desk.slider(VALUE).value == 5e10
    desk.what_if.reset()
    assert desk.slider(VALUE).value == 1e11


# -- more thresholds -------------------------------------------------------------------------------------------------------


def test_more_thresholds_can_be_searched_in_both_languages(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    assert desk.view.search.isHidden()
    assert len(desk.view.sliders) == 6
    qtbot.mouseClick(desk.view.more, Qt.MouseButton.LeftButton)
    assert set(desk.view.sliders) == set(slider_names("CLOSING_BET"))

    def found() -> set[str]:
        return {name for name, slider in desk.view.sliders.items() if not slider.isHidden()}

    desk.view.search.setText("갭")
    assert found() == {"jongga.gap_up_pct", "jongga.gap_down_pct"}
    desk.view.search.setText("gap taken")
    assert found() == {"jongga.gap_up_pct", "jongga.gap_down_pct"}
    desk.view.search.setText("없는 말")
    assert not found() and not desk.view.nothing.isHidden()
    press(qtbot, desk.view.search, Qt.Key.Key_Escape)
    assert desk.view.search.text() == "" and len(found()) == 36
    press(qtbot, desk.view.search, Qt.Key.Key_Escape)
    assert len(desk.view.sliders) == 6


def test_a_moved_threshold_stays_in_sight(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.view.show_more(True)
    desk.slider("jongga.gap_up_pct").ask(4.0)
    desk.view.show_more(False)
    assert len(desk.view.sliders) == 7
    assert desk.slider("jongga.gap_up_pct").value == 4.0
    desk.panel.view_model._reload()
    assert desk.slider("jongga.gap_up_pct").value == 4.0


def test_strategies_have_their_own_sliders(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    for strategy in STRATEGIES:
        qtbot.mouseClick(desk.view.strategy.buttons[strategy], Qt.MouseButton.LeftButton)
        assert desk.what_if.strategy == strategy
        shown = list(desk.view.sliders)
        assert set(shown) == set(slider_names(strategy)[: len(shown)])
        assert desk.view.results.counts[0].label == desk.look.tr(f"what_if.counter.all.{strategy}")


# -- what it does -----------------------------------------------------------------------------------------------------------


def test_strip_undo_and_counters(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    assert desk.view.strip.isHidden()
    assert [line.difference for line in desk.view.results.counts] == ["=", "=", "=", "="]
    desk.slider(VALUE).ask(7e10)
    assert not desk.view.strip.isHidden()
    assert [(line.label, line.number, line.difference) for line in desk.view.results.counts] == [
        ("후보", "44", "+8"), ("S", "0", "="), ("A", "3", "="), ("B", "10", "+1"),
    ]  # fmt: skip
    assert desk.view.scored.text() == "60종목 다시 채점 1.2 ms"
    assert desk.panel.header.badge.text() == "가정 중"
    assert desk.panel.subtitle == "바뀐 기준 1"
    qtbot.mouseClick(desk.view.strip.undo, Qt.MouseButton.LeftButton)
    assert desk.what_if.calls == [("undo",)]
    assert desk.view.strip.isHidden()
    assert desk.panel.header.badge.text() != "가정 중"
    desk.slider(VALUE).ask(7e10)
    qtbot.mouseClick(desk.view.reset, Qt.MouseButton.LeftButton)
    assert desk.what_if.calls[-1] == ("reset",)


def test_names_that_enter_or_leave_select_their_symbol(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    tickers = [desk.work.ticker(row) for row in range(12)]
    desk.what_if.result = {
        "entering": tuple((ticker, int(Grade.B), 6.0) for ticker in tickers[:10]),
        "leaving": ((tickers[11], int(Grade.A), 8.0),),
        "moved": 3,
    }
    desk.slider(VALUE).ask(7e10)
    results = desk.view.results
    assert [line.name for line in results.names][:2] == ["SK하이닉스", "에코프로"]
    assert len([line for line in results.names if line.enters]) == 8  # the other two are counted
    assert (results.names[-1].grade, results.names[-1].score, results.names[-1].enters) == ("A", "8/12", False)
    results.grab()
    qtbot.mouseClick(results, Qt.MouseButton.LeftButton, pos=results.name_rect(1).center())
    context = desk.work.selection.last
    assert context is not None and (context.ticker, context.origin) == (tickers[1], "what_if")
    results.setFocus()
    press(qtbot, results, Qt.Key.Key_Down, 7)
    press(qtbot, results, Qt.Key.Key_Return)
    assert desk.work.selection.last is not None and desk.work.selection.last.ticker == tickers[11]
    assert "들어옴 10" in results.sentence() and "나감 1" in results.sentence()


def test_records_are_counted_judged_or_say_why_not(open_desk: OpenDesk) -> None:
    desk = open_desk()
    slider, results = desk.slider(VALUE), desk.view.results
    slider.ask(7e10)
    assert [(line.label, line.interval) for line in results.records] == [("지금 규칙", "계산 중"), ("가정", "계산 중")]
    judged = replace(record(48, 1.931), mean_net_pct=Interval(1.931, -0.656, 4.626))
    desk.what_if.result = {"record_before": judged, "record_after": record(20, None), "tries": 3}
    slider.ask(6e10)
    before, after = results.records
    assert (before.n, before.mean, before.interval, before.judged) == ("48", "+1.93%", "−0.66% – +4.63%", True)
    assert (after.n, after.mean, after.interval, after.judged) == ("20", "판단 불가", "사례 부족 n = 20", False)
    assert results.tries == "시도 3번째 — 많이 돌려 볼수록 우연이 섞입니다"
    desk.panel.view_model.choose("DAY_TRADE")
    assert not results.records


# -- profiles ---------------------------------------------------------------------------------------------------------------


def test_a_profile_is_named_loaded_and_deleted(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    assert not desk.view.save.isEnabled()
    desk.slider(VALUE).ask(7e10)
    qtbot.mouseClick(desk.view.save, Qt.MouseButton.LeftButton)
    dialog = desk.panel.dialog
    assert isinstance(dialog, ProfileNameDialog)
    assert not dialog.go.isEnabled()
    dialog.name.setText(" 활발 ")
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert set(desk.what_if.kept) == {"활발"}
    assert desk.panel.subtitle == "프로필 활발"
    assert desk.panel.dialog is None
    desk.what_if.reset()
    menu = desk.view.profiles.menu()
    menu.aboutToShow.emit()
    menu.actions()[0].trigger()
    assert desk.what_if.changes == {VALUE: 7e10}
    desk.panel.ask_name()
    second = desk.panel.dialog
    assert isinstance(second, ProfileNameDialog)
    assert second.name.text() == "활발" and second.remark.text()  # it says that it replaces one
    second.reject()
    menu.aboutToShow.emit()
    below = menu.actions()[-1].menu()
    assert below is not None
    below.actions()[0].trigger()
    question = desk.panel.dialog
    assert isinstance(question, DeleteProfileDialog)
    assert set(desk.what_if.kept) == {"활발"}
    qtbot.mouseClick(question.go, Qt.MouseButton.LeftButton)
    assert not desk.what_if.kept


def test_what_stops_a_profile_is_said_and_goes_away(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.panel.view_model.load("nobody")
    assert desk.view.problem.text() == "'nobody' 이름의 규칙이 없습니다"
    desk.slider(VALUE).ask(7e10)
    assert desk.view.problem.text() == ""


# -- states and life ----------------------------------------------------------------------------------------------------------


def test_states(open_desk: OpenDesk) -> None:
    assert isinstance(open_desk(with_strategies=False).panel.state, Empty)
    waiting = open_desk(opened=False)
    assert isinstance(waiting.panel.state, Empty)
    desk = open_desk()
    assert isinstance(desk.panel.state, Ready)
    failed = Failed(UserCancelled("stop"))
    desk.work.fake.closing_state.publish(failed)
    assert desk.panel.state == failed


def test_out_of_sight_it_hears_nothing_and_comes_back_right(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.panel.hide()
    desk.what_if.move(VALUE, 5e10)
    assert desk.slider(VALUE).value == 1e11
    desk.panel.show()
    assert desk.slider(VALUE).value == 5e10
    assert not desk.view.strip.isHidden()


def test_its_state_is_kept(open_desk: OpenDesk) -> None:
    desk, other = open_desk(), open_desk()
    desk.panel.view_model.choose("VCP")
    desk.view.show_more(True)
    other.panel.restore_panel_state(desk.panel.panel_state())
    assert other.panel.view_model.strategy == "VCP" and other.view.shows_more
    other.panel.restore_panel_state({"strategy": 5, "more": "yes"})
    assert other.panel.view_model.strategy == "VCP" and other.view.shows_more


def test_a_new_market_brings_new_distributions_but_not_under_the_hand(qtbot: QtBot, open_desk: OpenDesk) -> None:
    desk = open_desk()
    asked: list[str] = []
    plain = desk.what_if.thresholds

    def thresholds(strategy: StrategyName) -> tuple[Threshold, ...]:
        asked.append(strategy)
        return plain(strategy)

    desk.what_if.thresholds = thresholds  # type: ignore[method-assign]
    desk.panel.view_model.dragging = True
    desk.work.fake.closing.publish(closing_picture())
    qtbot.wait(400)
    assert not asked
    desk.panel.view_model.dragging = False
    qtbot.waitUntil(lambda: asked == ["CLOSING_BET"], timeout=10_000)
    desk.work.fake.closing.publish(closing_picture(what_if=True))
    assert not desk.panel.view_model._reload_timer.isActive()


# -- words ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_threshold_has_a_name_and_a_value_in_words(language: str) -> None:
    look = Appearance(language="en" if language == "en" else "ko")
    specs = {name: (float(value), spec) for name, value, spec in iter_specs(DEFAULT_RULES)}
    for strategy in STRATEGIES:
        titles = [threshold_title(look, name) for name in slider_names(strategy)]
        assert not [name for name in slider_names(strategy) if not look.has_text(f"threshold.{name}")]
        assert len(set(titles)) == len(titles)
        for name in slider_names(strategy):
            value, spec = specs[name]
            assert " " not in value_text(look, name, spec, value).strip(" barsdytockp")  # number and unit, nothing missing
    text = value_text(look, VALUE, specs[VALUE][1], 7e10)
    assert text == ("700억" if language == "ko" else "₩70B")


def test_the_help_names_default_limits_step_and_rule(open_desk: OpenDesk) -> None:
    desk = open_desk()
    by_name = {item.name: item for item in desk.panel.view_model.thresholds}
    assert threshold_help(desk.look, by_name[VALUE]) == "기본 1,000억 · 범위 100억 – 1조 · 한 칸 50억 · 규칙 §3.3"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("zoom", [100, 200])
def test_it_paints_in_every_look(open_desk: OpenDesk, language: str, theme: str, zoom: int) -> None:
    look = Appearance(language="en" if language == "en" else "ko", theme="light" if theme == "light" else "dark", zoom_pct=zoom)
    desk = open_desk(look=look, size=(343 * zoom // 100, 720 * zoom // 100))
    desk.what_if.result = {
        "entering": ((desk.work.ticker(0), int(Grade.B), 6.0),),
        "record_before": record(),
        "record_after": record(20, None),
        "tries": 2,
    }
    desk.slider(VALUE).ask(7e10)
    desk.slider(VALUE).setFocus()
    picture = desk.panel.grab().toImage()
    warning = look.color("warning").rgb()
    found = any(picture.pixel(x, y) == warning for x in range(0, picture.width(), 2) for y in range(60, 200))
    assert found
