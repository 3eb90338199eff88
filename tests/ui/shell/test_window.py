"""The window frame: as-of control, banners, scan button, status bar, settings, first run, errors, language, zoom."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QDate, QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton, QWidget

from engine.model.errors import DataUnavailable, UserCancelled, ValidationFailed
from engine.model.instants import AsOf, kst_datetime
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Failed, Loading, SettingSpec
from ralphstock_desktop.services.settings_spec import SETTINGS, check_setting, setting
from ralphstock_desktop.ui.dialogs.errors import crash_report, error_sentence
from ralphstock_desktop.ui.dialogs.settings import SettingsWindow
from tests.ui.shell.conftest import NOW_NS, Opened

Open = Callable[..., Opened]


def as_of(opened: Opened) -> AsOf:
    picture = opened.work.market.last
    assert picture is not None
    return picture.as_of


# -- as-of ----------------------------------------------------------------------------------------------------------------


def test_stepping_by_keys_walks_over_closed_days_and_stops_at_the_ends(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    bar, shell = opened.window.bar.as_of, opened.window.shell
    assert bar.day.text() == "2026-05-04 (월)"
    assert not bar.next.isEnabled()
    qtbot.keyClick(opened.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert shell.day == date(2026, 4, 30)
    assert bar.day.text() == "2026-04-30 (목)"
    assert bar.next.isEnabled()
    qtbot.keyClick(opened.window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert shell.day == date(2026, 5, 4)
    opened.window.shell.go_to(date(2026, 1, 2))
    assert not bar.previous.isEnabled()
    opened.work.calls.clear()
    opened.window.actions_book.trigger("previous_day")
    assert opened.work.calls == []


def test_phase_is_chosen_and_kept_while_stepping(open_window: Open) -> None:
    opened = open_window()
    bar, shell = opened.window.bar.as_of, opened.window.shell
    assert [bar.phase.itemData(i) for i in range(bar.phase.count())] == ["close", "flows", "all"]
    assert "15:40" in bar.phase.itemText(0)
    assert "18:10" in bar.phase.itemText(1)
    bar.phase.activated.emit(0)
    assert (kst_datetime(as_of(opened).instant_ns).hour, kst_datetime(as_of(opened).instant_ns).minute) == (15, 40)
    assert shell.phase == "close"
    shell.step(-2)
    assert shell.day == date(2026, 4, 29)
    assert shell.phase == "close"


def test_past_is_unmistakable_and_one_step_back(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    window = opened.window
    assert not window.past.isVisible()
    window.shell.step(-3)
    assert window.past.isVisible()
    assert "2026-04-28 (화)" in window.past._head
    assert window.bar.as_of.latest.isVisible()
    assert window.area.make_panel("signals").header.badge._token == "replay"
    qtbot.mouseClick(window.past.button, Qt.MouseButton.LeftButton)
    assert not window.past.isVisible()
    assert not window.bar.as_of.latest.isVisible()


def test_calendar_takes_trading_days_only(open_window: Open) -> None:
    opened = open_window()
    bar = opened.window.bar.as_of
    bar._open_calendar()
    calendar = bar.calendar.calendar
    assert calendar.minimumDate() == QDate(2026, 1, 2)
    assert calendar.maximumDate() == QDate(2026, 5, 4)
    opened.work.calls.clear()
    calendar.clicked.emit(QDate(2026, 5, 1))
    assert opened.work.calls == [], "1 May is closed"
    calendar.clicked.emit(QDate(2026, 4, 28))
    assert opened.window.shell.day == date(2026, 4, 28)
    assert not bar.calendar.isVisible()


def test_without_data_the_control_is_off(open_window: Open) -> None:
    opened = open_window(with_data=False)
    bar = opened.window.bar.as_of
    assert bar.day.text() == "자료 없음"
    assert not bar.day.isEnabled()
    assert not bar.previous.isEnabled()
    opened.window.actions_book.trigger("next_day")
    assert opened.work.calls == []


# -- simulated ------------------------------------------------------------------------------------------------------------


def test_simulation_is_on_every_screen_and_in_the_title(open_window: Open) -> None:
    opened = open_window(kind="simulated")
    window = opened.window
    assert window.simulation.isVisible()
    assert window.windowTitle().startswith("시뮬레이션")
    for name in window.area.docks:
        frame = window.area.make_panel(name)
        assert "시뮬레이션" in frame.header.badge.text()
        assert "실시간" not in frame.header.badge.text()
    assert "시뮬레이션" in window.status.kind.text()
    opened.look.choose(language="en")
    assert window.windowTitle().startswith("SIMULATED")
    window.actions_book.trigger("use_real")
    assert not window.simulation.isVisible()
    assert "SIMULATED" not in window.windowTitle()


# -- scan and status ------------------------------------------------------------------------------------------------------


def test_scan_button_shows_progress_and_stops(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    button = opened.window.bar.scan
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened.work.calls[-1] == ("scan",)
    assert "50%" in button.text()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened.work.calls[-1] == ("cancel",)
    assert button.text() == "신호 탐색"


def test_status_bar_tells_data_age_job_and_memory(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    status = opened.window.status
    opened.window._on_machine()
    assert "2026-05-04 (월)" in status.data.text()
    assert "일봉" in status.store.text()
    assert "391 MB" in status.memory.text()
    opened.work.job.publish(Progress("progress.store", 10, 40, "file.csv"))
    assert "10 / 40" in status.job.text()
    assert status.stop.isVisible()
    qtbot.mouseClick(status.stop, Qt.MouseButton.LeftButton)
    assert opened.work.calls[-1] == ("cancel",)
    opened.work.job.publish(None)
    assert not status.job.isVisible()


def test_escape_stops_the_running_work_from_anywhere(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    opened.work.calls.clear()
    button = opened.window.area.make_panel("signals").content().findChild(QPushButton)
    qtbot.keyClick(button, Qt.Key.Key_Escape)
    assert opened.work.calls == [], "nothing runs: Esc does nothing"
    opened.work.job.publish(Progress("progress.store", 1, 2))
    qtbot.keyClick(button, Qt.Key.Key_Escape)
    assert opened.work.calls == [("cancel",)]


def test_focus_starts_in_the_signal_table_and_one_panel_is_active(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    opened.window.activateWindow()
    qtbot.waitUntil(lambda: opened.window._active_name == "signals")
    opened.window.area.open_panel("evidence")
    assert [frame.panel_id for frame in opened.window.area.frames() if frame.is_active] == ["evidence"]


def test_past_day_says_whole_day_and_newest_says_latest(open_window: Open) -> None:
    opened = open_window(size=(1920, 1000))
    phase = opened.window.bar.as_of.phase
    assert phase.itemText(2) == "최신"
    opened.window.shell.step(-1)
    assert phase.itemText(2) == "하루 전체"


def test_panel_retry_and_empty_actions(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    frame = opened.window.area.make_panel("signals")
    frame.retry_requested.emit()
    assert opened.work.calls[-1] == ("scan",)
    frame.action_requested.emit("previous_day")
    assert opened.window.shell.day == date(2026, 4, 30)
    frame.action_requested.emit("no such thing")
    opened.work.scan_state.publish(Loading(Progress("progress.scan", 0, 0)))
    frame.cancel_requested.emit()
    assert opened.work.calls[-1] == ("cancel",)


def test_market_filter_reaches_panels_that_have_one(open_window: Open) -> None:
    opened = open_window()
    seen: list[int] = []
    opened.window.market_filter.subscribe(seen.append)
    market = opened.window.bar.market
    market.setCurrentIndex(2)
    market.activated.emit(2)
    assert seen == [2]
    opened.look.choose(language="en")
    assert opened.window.bar.market_value == 2, "a language switch keeps the choice"


# -- settings -------------------------------------------------------------------------------------------------------------


def test_every_setting_has_texts_and_valid_defaults(look: Any) -> None:
    for spec in SETTINGS:
        assert check_setting(spec, spec.default) == spec.default
        if spec.page != "internal":
            assert look.has_text(f"settings.{spec.key}.title")
            assert look.has_text(f"settings.{spec.key}.help")
            for choice in spec.choices:
                assert look.has_text(f"settings.{spec.key}.{choice}")


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (setting("theme"), "blue"),
        (setting("zoom_pct"), 89),
        (setting("zoom_pct"), 201),
        (setting("zoom_pct"), True),
        (setting("zoom_pct"), "100"),
        (setting("first_run_done"), 1),
        (SettingSpec("n", "look", "integer", 1, minimum=0, maximum=2), 1.0),
    ],
)
def test_wrong_values_say_what_would_be_right(spec: SettingSpec, value: Any) -> None:
    with pytest.raises(ValidationFailed) as caught:
        check_setting(spec, value)
    assert caught.value.key == "error.setting"
    assert caught.value.fields["allowed"]


def test_settings_are_live_and_reset_one_by_one(open_window: Open, qtbot: Any) -> None:
    opened = open_window(theme="dark")
    opened.window.actions_book.trigger("settings")
    page = opened.window._settings_window
    assert isinstance(page, SettingsWindow)
    assert not page.isModal()
    row = page.rows["direction"]
    qtbot.mouseClick(row._segmented.buttons["cb"], Qt.MouseButton.LeftButton)
    assert opened.look.direction == "cb"
    assert row.undo.isEnabled()
    qtbot.mouseClick(row.undo, Qt.MouseButton.LeftButton)
    assert opened.look.direction == "kr"
    assert not row.undo.isEnabled()
    qtbot.mouseClick(page.rows["theme"]._segmented.buttons["light"], Qt.MouseButton.LeftButton)
    assert opened.look.theme == "light"
    page.rows["zoom_pct"]._slider.setValue(148)
    assert opened.settings.get("zoom_pct") == 150
    qtbot.mouseClick(page.rows["language"]._segmented.buttons["en"], Qt.MouseButton.LeftButton)
    assert page.windowTitle() == "Settings"
    assert page.rows["theme"].name.text() == "Theme"
    qtbot.mouseClick(page.reset_all, Qt.MouseButton.LeftButton)
    assert all(opened.settings.is_default(key) for key in page.rows)
    page.close()


def test_settings_search_spans_all_pages(open_window: Open) -> None:
    opened = open_window()
    opened.window.open_settings()
    page = opened.window._settings_window
    page.finder.setText("행 높이")
    assert [key for key, row in page.rows.items() if row.isVisibleTo(page._body)] == ["density"]
    page.finder.clear()
    page.pages.setCurrentRow(1)
    assert not page.rows["theme"].isVisibleTo(page._body)
    assert any("RalphStock" in value.text() for _, _, value in page._fact_rows)
    page.close()


def test_keys_zoom_and_toggle(open_window: Open) -> None:
    opened = open_window(theme="dark")
    book = opened.window.actions_book
    book.trigger("zoom_in")
    assert opened.look.zoom_pct == 110
    for _ in range(12):
        book.trigger("zoom_in")
    assert opened.look.zoom_pct == 200
    book.trigger("zoom_reset")
    assert opened.look.zoom_pct == 100
    book.trigger("toggle_theme")
    assert opened.look.theme == "light"
    book.trigger("toggle_language")
    assert opened.look.language == "en"


# -- first run ------------------------------------------------------------------------------------------------------------


def test_first_run_starts_the_simulated_market_with_enter(open_window: Open, qtbot: Any) -> None:
    opened = open_window(with_data=False)
    opened.window.show_first_run()
    page = opened.window.first_run
    assert page.isVisible()
    assert page.geometry() == opened.window.rect()
    qtbot.mouseClick(page.segments["language"].buttons["en"], Qt.MouseButton.LeftButton)
    assert page.head.text() == "Where shall we start?"
    qtbot.mouseClick(page.cards[2], Qt.MouseButton.LeftButton)
    assert opened.look.direction == "cb"
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_Return)
    assert opened.work.calls[0] == ("switch", "simulated")
    assert opened.settings.get("first_run_done") is True
    assert opened.window.first_run is None


def test_first_run_key_two_opens_the_import(open_window: Open, qtbot: Any) -> None:
    opened = open_window(with_data=False, ledger=True)
    opened.window.show_first_run()
    page = opened.window.first_run
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_2)
    ledger = opened.window.area.docks["ledger"].frame
    assert ledger.import_view.isVisible()
    assert ledger.import_view.step == "choose"


def test_first_run_offers_only_what_works(open_window: Open) -> None:
    opened = open_window(with_data=False)
    opened.window.show_first_run()
    assert [choice.name for choice in opened.window.first_run.choices] == ["simulated", "import"]


# -- errors ---------------------------------------------------------------------------------------------------------------


def test_errors_are_told_by_key_and_cancelling_is_silent(open_window: Open) -> None:
    opened = open_window()
    opened.window.show_error(UserCancelled("stopped"))
    assert not opened.window.notice.isVisible()
    opened.window.show_error(DataUnavailable("x", key="error.no_bars", ticker="005930"))
    assert opened.window.notice.isVisible()
    assert "005930의 일봉이" in opened.window.notice._sentence
    opened.look.choose(language="en")
    assert "005930 has no daily bar" in opened.window.notice._sentence
    opened.window.notice.close_button.click()
    assert not opened.window.notice.isVisible()


def test_unknown_key_and_missing_field_still_tell(look: Any) -> None:
    assert "plain words" in error_sentence(look, ValidationFailed("plain words", key="error.not_translated_yet"))
    assert "plain words" in error_sentence(look, ValidationFailed("plain words", key="error.setting"))


def test_crash_report_is_readable_copyable_and_not_modal(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    try:
        raise RuntimeError("a bug")
    except RuntimeError:
        report = crash_report(*sys.exc_info(), facts={"version": "1"})
    dialog = opened.window.show_report(report)
    assert not dialog.isModal()
    assert "RuntimeError: a bug" in dialog.report.toPlainText()
    assert dialog.report.isReadOnly()
    dialog._copy.click()
    assert "RuntimeError: a bug" in QApplication.clipboard().text()
    second = opened.window.show_report("another")
    assert second is dialog
    assert "another" in dialog.report.toPlainText()
    dialog.close()


def test_failed_panel_opens_its_report(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    opened.work.scan_state.publish(
        Failed(ValidationFailed("it was 3", key="error.setting", setting="a", value="3", allowed="4"))
    )
    frame = opened.window.area.make_panel("signals")
    frame._page.secondary.click()
    text = opened.window.reports.dialogs[-1].report.toPlainText()
    assert "error.setting" in text
    assert "allowed = 4" in text
    opened.window.reports.dialogs[-1].close()


@dataclass(frozen=True)
class _Table:
    file_name: str = "a.csv"
    text: str = "등급"
    encoding: str = "utf-8-sig"


@dataclass(frozen=True)
class _Picture:
    file_name: str = "chart.png"
    png: bytes = b"png"


@pytest.mark.parametrize(
    ("slot", "request_", "content"),
    [("save_text", _Table(), b"\xef\xbb\xbf" + "등급".encode()), ("save_picture", _Picture(), b"png")],
)
def test_export_asks_where_and_is_written_by_the_caller(
    open_window: Open, tmp_path: Path, slot: str, request_: object, content: bytes
) -> None:
    opened = open_window()
    getattr(opened.window.exports, slot)(request_)
    dialog = opened.window.findChild(QFileDialog)
    assert dialog.isVisible()
    place = str(tmp_path / "chosen")
    dialog.fileSelected.emit(place)
    dialog.close()
    assert opened.written == [(place, content)]
    assert place in opened.window.notice._sentence


# -- look -----------------------------------------------------------------------------------------------------------------


def hangul_texts(widget: QWidget) -> list[str]:
    found = []
    for child in widget.findChildren(QWidget):
        if not child.isVisible():
            continue
        if isinstance(child, QLabel | QPushButton):
            found.append(child.text())
        found.append(child.toolTip())
        found.append(child.accessibleName())
    return [text for text in found if any("가" <= letter <= "힣" for letter in text)]


def test_english_leaves_no_korean_behind(open_window: Open) -> None:
    opened = open_window(ledger=True)
    opened.window.area.open_panel("ledger")
    opened.look.choose(language="en")
    opened.window.shell.step(-1)
    allowed = {"한", "한국어로 바꾸기"}
    assert [text for text in hangul_texts(opened.window) if text not in allowed] == []


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("zoom", [90, 100, 150, 200])
def test_no_button_is_narrower_than_its_words(open_window: Open, zoom: int, language: str) -> None:
    opened = open_window(size=(round(1500 * zoom / 100), round(850 * zoom / 100)), zoom_pct=zoom, language=language)
    opened.window.shell.step(-1)
    cut = [
        (button.text(), button.width(), button.sizeHint().width())
        for button in opened.window.findChildren(QPushButton)
        if button.isVisible() and button.text() and button.fontMetrics().horizontalAdvance(button.text()) > button.width() - 4
    ]
    assert not cut


def test_help_overlay_lists_every_shortcut_and_closes(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    opened.window.actions_book.trigger("help")
    overlay = opened.window.help
    assert overlay.isVisible()
    listed = {keys for _, rows in overlay.groups() for _, keys in rows}
    assert {"Ctrl+K", "F1", "F6"} <= listed
    overlay.grab()
    qtbot.keyClick(overlay, Qt.Key.Key_Escape)
    assert not overlay.isVisible()


def test_icon_buttons_have_names(open_window: Open) -> None:
    opened = open_window()
    from PySide6.QtWidgets import QToolButton

    nameless = [
        button.objectName()
        for button in opened.window.findChildren(QToolButton)
        if button.isVisible() and not button.accessibleName() and not button.objectName().startswith("Scroll")
    ]
    assert not nameless


def test_clock_is_korean_time(open_window: Open) -> None:
    opened = open_window()
    assert opened.window.bar.clock.text() == kst_datetime(NOW_NS).strftime("%H:%M:%S")


SMALL = [(100, 1280), (130, 1280), (150, 1280), (200, 1280), (200, 1030)]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("zoom", "width"), SMALL)
def test_bars_fit_small_windows_at_large_zoom(open_window: Open, zoom: int, width: int, language: str) -> None:
    opened = open_window(size=(width, 800), zoom_pct=zoom, language=language)
    window = opened.window
    window.shell.step(-1)
    assert (window.width(), window.height()) == (width, 800)
    QApplication.processEvents()
    window.bar.layout().activate()
    for bar in (window.bar, window.status):
        row = bar.layout()
        shown = [row.itemAt(at).widget() for at in range(row.count())]
        boxes = [widget.geometry() for widget in shown if widget is not None and not widget.isHidden()]
        assert all(left.right() < right.left() for left, right in pairwise(boxes)), (zoom, language)
        assert boxes[-1].right() < bar.width()
    as_of = window.bar.as_of
    for button in (as_of.previous, as_of.day, as_of.next):
        assert button.width() >= min(button.sizeHint().width(), button.maximumWidth())
    for name in window.area.shown():
        box = window.area.docks[name].geometry()
        assert box.right() < window.width() and box.bottom() < window.height(), (name, box)


def test_what_the_bar_has_no_room_for_is_in_its_menu(open_window: Open, qtbot: Any) -> None:
    opened = open_window(size=(1280, 800), zoom_pct=200, language="en")
    bar = opened.window.bar
    assert bar.market.isHidden() and bar.as_of.phase.isHidden() and bar.more.isVisible()
    bar._fill_more()
    parts = {action.text(): action.menu() for action in bar._more_menu.actions() if action.menu() is not None}
    markets = parts[opened.look.tr("shell.bar.market")]
    with qtbot.waitSignal(bar.market_chosen, timeout=10_000) as caught:
        markets.actions()[2].trigger()
    assert bar.market_value == caught.args[0] == 2


def test_a_folded_search_field_opens_for_typing_and_folds_again(open_window: Open, qtbot: Any) -> None:
    opened = open_window(size=(1030, 800), zoom_pct=200)
    window, bar = opened.window, opened.window.bar
    window.shell.step(-1)
    assert bar.search.isHidden() and bar.search_button.isVisible()
    window.actions_book.trigger("search")
    assert bar.search.isVisible() and bar.search_button.isHidden() and bar.search.width() >= opened.look.px(120)
    QApplication.sendEvent(bar.search, QFocusEvent(QEvent.Type.FocusOut))
    qtbot.waitUntil(bar.search.isHidden)
    assert bar.search_button.isVisible() and bar.as_of.isVisible()


def test_the_status_bar_drops_whole_items_and_tells_them_in_its_tooltip(open_window: Open) -> None:
    opened = open_window(size=(1030, 800), zoom_pct=200, language="en")
    status = opened.window.status
    opened.window._on_machine()
    items = (status.kind, status.store, status.data, status.scan, status.help, status.frame, status.memory)
    dropped = [item for item in items if item.text() and item.isHidden()]
    assert dropped and all(item.text() in status.toolTip() for item in dropped)
    status.layout().activate()
    assert all(item.width() >= item.sizeHint().width() for item in items if not item.isHidden())


def test_a_help_sheet_taller_than_the_window_scrolls(open_window: Open, qtbot: Any) -> None:
    opened = open_window(size=(1280, 800), zoom_pct=200, language="en")
    opened.window.actions_book.trigger("help")
    overlay = opened.window.help
    assert overlay.overflow() > 0 and overlay.rect().contains(overlay.sheet())
    qtbot.keyClick(overlay, Qt.Key.Key_Down)
    assert overlay.isVisible() and overlay.offset == opened.look.px(24)
    qtbot.keyClick(overlay, Qt.Key.Key_End)
    assert overlay.offset == overlay.overflow()
    qtbot.keyClick(overlay, Qt.Key.Key_Escape)
    assert not overlay.isVisible()
