"""The search box and its list: by keyboard, and with a scripted input method."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QInputMethodEvent

from ralphstock_desktop.ui.viewmodels.shell import Answer, parse_day
from tests.ui.shell.conftest import Opened

Open = Callable[..., Opened]


def rows(opened: Opened) -> list[Answer]:
    return [row for row in opened.window.search_list.rows.rows if isinstance(row, Answer)]


@pytest.fixture
def opened(open_window: Open, qtbot: Any) -> Opened:
    found = open_window()
    found.window.activateWindow()
    found.window.actions_book.trigger("search")
    qtbot.waitUntil(found.window.bar.search.hasFocus)
    found.work.calls.clear()
    return found


def type_text(opened: Opened, text: str) -> None:
    """Insert letter by letter as the keyboard does (QTest's own typing knows Latin letters only)."""
    for letter in text:
        opened.window.bar.search.insert(letter)


def compose(opened: Opened, preedit: str, commit: str = "") -> None:
    event = QInputMethodEvent(preedit, [])
    if commit:
        event.setCommitString(commit)
    QCoreApplication.sendEvent(opened.window.bar.search, event)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-05-04", date(2026, 5, 4)),
        ("20260504", date(2026, 5, 4)),
        ("2026.5.4", date(2026, 5, 4)),
        ("2026년 5월 4일", date(2026, 5, 4)),
        ("5/4", date(2026, 5, 4)),
        ("05-04", date(2026, 5, 4)),
        ("5월 4일", date(2026, 5, 4)),
        ("12/30", date(2025, 12, 30)),
        ("2026-02-30", None),
        ("13/45", None),
        ("005930", None),
        ("0600", None),
        ("삼성", None),
        ("", None),
    ],
)
def test_days_as_people_type_them(text: str, day: date | None) -> None:
    assert parse_day(text, date(2026, 5, 5)) == day


def test_empty_box_lists_screens_and_commands(opened: Opened) -> None:
    assert opened.window.search_list.isVisible()
    assert {row.group for row in rows(opened)} == {"screens", "commands", "settings"}


def test_initials_find_a_symbol_and_enter_chooses_it(opened: Opened, qtbot: Any) -> None:
    type_text(opened, "ㅅㅅㅈㅈ")
    first = rows(opened)[0]
    assert (first.id, first.text) == ("005930", "삼성전자")
    assert first.price_krw is not None
    qtbot.keyClick(opened.window.bar.search, Qt.Key.Key_Return)
    assert opened.work.calls == [("select", "005930", "palette")]
    assert not opened.window.search_list.isVisible()
    assert opened.window.bar.search.text() == ""


def test_screen_number_opens_the_panel(opened: Opened, qtbot: Any) -> None:
    type_text(opened, "0796")
    assert rows(opened)[0].id == "flow"
    qtbot.keyClick(opened.window.bar.search, Qt.Key.Key_Return)
    assert "flow" in opened.window.area.shown()


def test_code_and_english_name(opened: Opened, qtbot: Any) -> None:
    type_text(opened, "000660")
    assert rows(opened)[0].id == "000660"
    opened.window.bar.search.clear()
    type_text(opened, "hanmi")
    assert rows(opened)[0].id == "042700"


def test_command_in_either_language(opened: Opened, qtbot: Any) -> None:
    type_text(opened, "Default layout")
    assert any(row.id == "reset_layout" for row in rows(opened))
    opened.window.bar.search.clear()
    type_text(opened, "기본 배치")
    assert any(row.id == "reset_layout" for row in rows(opened))


def test_setting_opens_the_settings(opened: Opened, qtbot: Any) -> None:
    type_text(opened, "글자 크기")
    at = next(i for i, row in enumerate(rows(opened)) if row.group == "settings")
    for _ in range(at):
        qtbot.keyClick(opened.window.bar.search, Qt.Key.Key_Down)
    qtbot.keyClick(opened.window.bar.search, Qt.Key.Key_Return)
    settings = opened.window._settings_window
    assert settings is not None
    assert settings.isVisible()
    assert not settings.isModal()
    settings.close()


def test_a_date_travels_to_the_trading_day(opened: Opened, qtbot: Any) -> None:
    type_text(opened, "2026-05-03")
    assert [row.id for row in rows(opened)] == ["2026-04-30"], "3 May is a Sunday, 1 May is closed"
    qtbot.keyClick(opened.window.bar.search, Qt.Key.Key_Return)
    picture = opened.work.market.last
    assert picture is not None
    assert picture.as_of.day == date(2026, 4, 30)


def test_arrows_skip_headings_and_stay_at_the_ends(opened: Opened, qtbot: Any) -> None:
    field, popup = opened.window.bar.search, opened.window.search_list
    total = len(rows(opened))
    seen = [popup.current()]
    for _ in range(total + 3):
        qtbot.keyClick(field, Qt.Key.Key_Down)
        seen.append(popup.current())
    assert seen[total - 1 :] == [rows(opened)[-1]] * 5
    for _ in range(total + 3):
        qtbot.keyClick(field, Qt.Key.Key_Up)
    assert popup.current() == rows(opened)[0]


def test_escape_closes(opened: Opened, qtbot: Any) -> None:
    type_text(opened, "삼성")
    qtbot.keyClick(opened.window.bar.search, Qt.Key.Key_Escape)
    assert not opened.window.search_list.isVisible()
    assert opened.work.calls == []


def test_nothing_found_says_what_would_work(opened: Opened, qtbot: Any) -> None:
    type_text(opened, "zzzz")
    assert rows(opened) == []
    qtbot.keyClick(opened.window.bar.search, Qt.Key.Key_Return)
    assert opened.work.calls == []


# -- input method --------------------------------------------------------------------------------------------------------


def test_search_runs_on_the_syllable_being_composed(opened: Opened) -> None:
    field = opened.window.bar.search
    for preedit in ("ㅅ", "사", "삼"):
        compose(opened, preedit)
        assert field.text() == "", "the field is not written while composing"
        assert field.composing
    assert rows(opened)[0].id == "005930"
    compose(opened, "", commit="삼")
    assert field.text() == "삼"
    compose(opened, "서")
    compose(opened, "성")
    assert field.query() == "삼성"
    assert rows(opened)[0].id == "005930"
    compose(opened, "", commit="성")
    assert field.text() == "삼성"


def test_a_whole_sentence_keeps_every_syllable(opened: Opened) -> None:
    field = opened.window.bar.search
    script = [("ㅁ", "미"), ("ㄹ", "래"), ("ㅇ", "에"), ("ㅅ", "셋"), ("ㅈ", "증"), ("ㄱ", "권")]
    for start, syllable in script:
        compose(opened, start)
        compose(opened, syllable)
        compose(opened, "", commit=syllable)
    assert field.text() == "미래에셋증권"
    assert rows(opened)[0].id == "006800"


def test_composition_in_the_middle_of_the_text(opened: Opened) -> None:
    field = opened.window.bar.search
    field.setText("삼전자")
    field.setCursorPosition(1)
    compose(opened, "성")
    assert field.query() == "삼성전자"
    assert field.text() == "삼전자"
    assert field.cursorPosition() == 1
    compose(opened, "", commit="성")
    assert field.text() == "삼성전자"


def test_enter_during_composition_only_commits(opened: Opened, qtbot: Any) -> None:
    field = opened.window.bar.search
    compose(opened, "삼")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert opened.work.calls == []
    assert opened.window.search_list.isVisible()
    compose(opened, "", commit="삼")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert opened.work.calls == [("select", "005930", "palette")]


def test_arrows_and_escape_are_left_to_the_composition(opened: Opened, qtbot: Any) -> None:
    field, popup = opened.window.bar.search, opened.window.search_list
    compose(opened, "ㅁ")
    before = popup.current()
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert popup.current() == before
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert popup.isVisible()
    compose(opened, "")
    assert not field.composing
    assert field.text() == ""
