"""The list of conversations: found as typed, continued, renamed, exported, deleted for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.model.errors import DataUnavailable
from tests.ui.chat.panel.conftest import Opened

Open = Callable[..., Opened]


@pytest.fixture
def listed(open_chat: Open) -> Opened:
    """A panel with three conversations, the list in front."""
    chat = open_chat()
    screen = chat.panel.view_model.screen()
    assert screen is not None
    for title, question in (("둘째", "미래에셋증권 왜?"), ("셋째", "시장은?")):
        chat.assistant.new_session()
        chat.assistant.ask(question, screen)
        chat.assistant.finish()
        session = chat.assistant.now.session
        chat.panel.view_model.rename_session(session.id, title)
    chat.assistant.calls.clear()
    chat.panel.toggle_sessions()
    return chat


def click(chat: Opened, identity: str, spot: str) -> None:
    rows = chat.panel.sessions.rows
    rows.viewport().repaint()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.spot_rect(identity, spot).center())


def test_rows_say_title_time_and_count(listed: Opened) -> None:
    rows = listed.panel.sessions.rows
    assert list(rows.identities()) == ["s3", "s2", "s1"]
    assert rows.chosen() == "s3", "the open conversation is chosen"
    assert rows.hasFocus()
    assert rows.spoken("s2") == "둘째, 05-04 22:06 · 2건."
    assert not listed.panel.input.isVisible()


def test_enter_continues_a_conversation(listed: Opened) -> None:
    rows = listed.panel.sessions.rows
    QTest.keyClick(rows, Qt.Key.Key_Down)
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert listed.said("open") == [("open", "s2")]
    assert listed.panel.pages.currentIndex() == 0
    assert listed.panel.input.field.hasFocus()
    assert listed.view.shown[-1].session.id == "s2"  # type: ignore[union-attr]


def test_it_is_searched_as_typed_also_within_a_syllable(listed: Opened, qtbot: Any) -> None:
    field = listed.panel.sessions.field
    field.setFocus()
    QApplication.sendEvent(field, QInputMethodEvent("시", []))
    qtbot.waitUntil(lambda: listed.said("find") == [("find", "시")])
    assert list(listed.panel.sessions.rows.identities()) == ["s3"]
    event = QInputMethodEvent("", [])
    event.setCommitString("시장과")
    QApplication.sendEvent(field, event)
    qtbot.waitUntil(lambda: not listed.panel.sessions.rows.identities())
    assert listed.panel.sessions.rows.message() == ("그 말이 들어간 대화가 없습니다", "")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(listed.panel.sessions.rows.identities()) == 3)
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert listed.panel.sessions.rows.hasFocus()


def test_deleting_takes_two_presses_of_two_places(listed: Opened) -> None:
    click(listed, "s2", "delete")
    assert listed.panel.sessions.rows.asking == "s2"
    assert not listed.said("delete")
    click(listed, "s2", "keep")
    assert listed.panel.sessions.rows.asking == ""
    click(listed, "s2", "delete")
    click(listed, "s2", "delete")
    assert not listed.said("delete"), "the same place twice is a double click, not a wish"
    click(listed, "s2", "sure")
    assert listed.said("delete") == [("delete", "s2")]
    assert list(listed.panel.sessions.rows.identities()) == ["s3", "s1"]


def test_a_question_about_deleting_does_not_survive_another_choice(listed: Opened) -> None:
    rows = listed.panel.sessions.rows
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    assert rows.asking == "s3"
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert not listed.said("open"), "Enter neither opens nor deletes while it asks"
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert rows.asking == ""
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    QTest.keyClick(rows, Qt.Key.Key_Escape)
    assert rows.asking == ""
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    assert listed.said("delete") == [("delete", "s2")]


def test_delete_all_asks_too(listed: Opened) -> None:
    button = listed.panel.sessions.delete_all
    button.click()
    assert not listed.said("delete_all")
    assert "되돌릴 수 없습니다" in button.text()
    listed.panel.toggle_sessions()
    listed.panel.toggle_sessions()
    assert "되돌릴 수 없습니다" not in button.text(), "the question is taken back by leaving"
    button.click()
    button.click()
    assert listed.said("delete_all") == [("delete_all",)]


def test_renaming_by_f2_and_back_by_esc(listed: Opened) -> None:
    sessions = listed.panel.sessions
    QTest.keyClick(sessions.rows, Qt.Key.Key_F2)
    assert sessions.title_field.text() == "셋째"
    assert sessions.title_field.hasFocus()
    QTest.keyClicks(sessions.title_field, "market")
    QTest.keyClick(sessions.title_field, Qt.Key.Key_Return)
    assert listed.said("rename") == [("rename", "s3", "market")]
    assert sessions.rows.hasFocus()
    assert listed.panel.subtitle.startswith("market")
    QTest.keyClick(sessions.rows, Qt.Key.Key_F2)
    QTest.keyClicks(sessions.title_field, "other")
    QTest.keyClick(sessions.title_field, Qt.Key.Key_Escape)
    assert len(listed.said("rename")) == 1
    QTest.keyClick(sessions.rows, Qt.Key.Key_F2)
    sessions.title_field.clear()
    QTest.keyClick(sessions.title_field, Qt.Key.Key_Return)
    assert len(listed.said("rename")) == 1, "an empty title is none"


@pytest.mark.parametrize(
    ("form", "name", "text"), [("markdown", "둘째.md", "# 둘째\n"), ("json", "둘째.json", '{"title": "둘째"}')]
)
def test_a_conversation_is_exported_to_a_chosen_file(listed: Opened, form: str, name: str, text: str) -> None:
    menu = listed.panel.sessions.export_menu("s2")
    next(action for action in menu.actions() if form in action.text().lower()).trigger()
    menu.close()
    request = listed.exported[0]
    assert (request.file_name, request.text, request.encoding) == (name, text, "utf-8")


def test_a_title_makes_a_harmless_file_name(listed: Opened) -> None:
    listed.panel.view_model.rename_session("s2", "../a/b: c?*")
    listed.panel.sessions.export_chosen.emit("s2", "json")
    assert listed.exported[0].file_name == "a_b__c.json"


def test_a_failure_is_told_with_its_code_until_it_is_put_away(listed: Opened, qtbot: Any) -> None:
    listed.assistant.failure = DataUnavailable("unknown", key="error.chat.unknown_session")
    listed.panel.sessions.rows.open_row("s2")
    notice = listed.panel.notice
    assert notice.isVisible()
    assert "(chat.unknown_session)" in notice.label.text()
    qtbot.mouseClick(notice.close_button, Qt.MouseButton.LeftButton)
    assert not notice.isVisible()
    assert listed.panel.view_model.problem is None


def test_esc_leaves_the_list(listed: Opened) -> None:
    QTest.keyClick(listed.panel.sessions, Qt.Key.Key_Escape)
    assert listed.panel.pages.currentIndex() == 0
    assert listed.panel.input.isVisible()


def test_the_context_menu_offers_the_same(listed: Opened) -> None:
    rows = listed.panel.sessions.rows
    rows.export_wanted.disconnect()
    wanted: list[tuple[str, QPoint]] = []
    rows.export_wanted.connect(lambda identity, place: wanted.append((identity, place)))
    click(listed, "s1", "export")
    assert wanted[0][0] == "s1"
    click(listed, "s1", "rename")
    assert listed.panel.sessions.title_field.text() == "첫 대화"


def test_the_last_conversation_is_there_after_a_restart(open_chat: Open) -> None:
    chat = open_chat()
    screen = chat.panel.view_model.screen()
    assert screen is not None
    chat.assistant.ask("어제 질문", screen)
    chat.assistant.finish()
    again = open_chat()
    again.assistant.conversation.publish(chat.assistant.now)  # what the service opens by itself at the start
    assert [turn.text for turn in again.view.shown[-1].turns] == ["어제 질문", "거래량이 0.49배입니다."]  # type: ignore[union-attr]
