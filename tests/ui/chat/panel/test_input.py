"""Writing and sending: the Korean input method, lines, recall, limit, draft, stop and edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.input_field import ChatInput
from ralphstock_desktop.ui.viewmodels.chat import MOST_CHARACTERS
from tests.ui.chat.panel.conftest import Opened

Open = Callable[..., Opened]


def compose(field: ChatInput, preedit: str = "", commit: str = "") -> None:
    """What an input method sends: a composition text, or a finished one."""
    event = QInputMethodEvent(preedit, [])
    if commit:
        event.setCommitString(commit)
    QApplication.sendEvent(field, event)


def press(field: ChatInput, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(field, key, modifiers)


def settle() -> None:
    QApplication.processEvents()


def test_enter_ends_a_composition_and_never_sends(open_chat: Open) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    for step in ("ㅇ", "와", "왜"):
        compose(field, step)
    press(field, Qt.Key.Key_Return)
    assert not chat.said("ask")
    # Some input methods commit first and then pass the very same key on.
    compose(field, "", "왜")
    press(field, Qt.Key.Key_Return)
    assert field.text() == "왜"
    assert not chat.said("ask")
    settle()
    press(field, Qt.Key.Key_Return)
    assert [call[1] for call in chat.said("ask")] == ["왜"]
    assert field.text() == ""


def test_syllables_follow_each_other_and_the_next_enter_sends(open_chat: Open) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    compose(field, "삼")
    compose(field, "서", "삼")
    compose(field, "성", "")
    compose(field, "", "성")
    settle()
    QTest.keyClicks(field, " ?")
    press(field, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert [call[1] for call in chat.said("ask")] == ["삼성 ?"]


def test_shift_enter_begins_a_line_and_the_field_grows_to_six(open_chat: Open) -> None:
    chat = open_chat(height=1_000)
    field = chat.panel.input.field
    QTest.keyClicks(field, "a")
    heights = [field.height()]
    for _ in range(8):
        press(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClicks(field, "b")
        settle()
        heights.append(field.height())
    assert not chat.said("ask")
    assert field.text() == "a" + "\nb" * 8
    assert heights[:6] == sorted(set(heights[:6])), "each of the first six lines makes it higher"
    assert len(set(heights[5:])) == 1, "the seventh does not"
    press(field, Qt.Key.Key_Return)
    assert chat.said("ask")[0][1] == "a" + "\nb" * 8


def test_a_low_panel_keeps_the_conversation_in_sight(open_chat: Open) -> None:
    chat = open_chat(height=360)
    chat.panel.input.field.set_text("\n".join("abcdefgh"))
    settle()
    box = chat.panel.input
    assert box.field.geometry().bottom() < box.button.geometry().top()
    assert chat.panel.pages.height() > 40


def test_up_recalls_and_down_returns_only_while_nothing_else_was_typed(open_chat: Open) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    for text in ("첫째", "둘째"):
        field.set_text(text)
        press(field, Qt.Key.Key_Return)
        chat.assistant.finish()
    press(field, Qt.Key.Key_Up)
    assert field.text() == "둘째"
    press(field, Qt.Key.Key_Up)
    assert field.text() == "첫째"
    press(field, Qt.Key.Key_Up)
    assert field.text() == "첫째", "there is nothing older"
    press(field, Qt.Key.Key_Down)
    press(field, Qt.Key.Key_Down)
    assert field.text() == ""
    field.set_text("내 글")
    press(field, Qt.Key.Key_Up)
    assert field.text() == "내 글"


def test_the_limit_is_said_and_what_is_there_stays(open_chat: Open, look: Appearance) -> None:
    chat = open_chat()
    field, hint = chat.panel.input.field, chat.panel.input.hint
    data = QMimeData()
    data.setText("가" * (MOST_CHARACTERS + 50))
    field.insertFromMimeData(data)
    assert len(field.text()) == MOST_CHARACTERS
    limit = look.tr("chat.input.limit", most="4,000")
    assert hint.words() == limit
    QTest.keyClicks(field, "x")
    compose(field, "ㅎ")
    compose(field, "", "하")
    assert len(field.text()) == MOST_CHARACTERS
    assert "x" not in field.text()
    assert "하" not in field.text()
    field.moveCursor(field.textCursor().MoveOperation.End)
    press(field, Qt.Key.Key_Backspace)
    assert hint.words() != limit
    assert len(field.text()) == MOST_CHARACTERS - 1


def test_paste_is_plain_text(open_chat: Open) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    data = QMimeData()
    data.setHtml("<b style='color:red'>굵은</b> 글<img src='x.png'>")
    data.setText("굵은 글\r\n둘째")
    field.insertFromMimeData(data)
    assert field.text() == "굵은 글\n둘째"
    assert "<b" not in field.toHtml().split("<body", 1)[1]
    assert "font-weight" not in field.toHtml().split("<body", 1)[1].replace("font-weight:400", "")
    picture = QMimeData()
    picture.setUrls([QUrl.fromLocalFile("/tmp/x.png")])
    assert not field.canInsertFromMimeData(picture) or picture.hasText()


def test_drafts_are_told_once_after_a_pause(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    QTest.keyClicks(chat.panel.input.field, "why")
    assert not chat.said("draft")
    qtbot.waitUntil(lambda: bool(chat.said("draft")), timeout=10_000)
    assert [call[1] for call in chat.said("draft")] == ["why"]


def test_a_draft_is_kept_over_closing_and_restart(open_chat: Open) -> None:
    chat = open_chat()
    chat.panel.input.field.set_text("쓰다 만 글")
    chat.panel.hide()
    chat.panel.show()
    assert chat.panel.input.field.text() == "쓰다 만 글"
    state = chat.panel.panel_state()
    other = open_chat()
    other.panel.restore_panel_state(state)
    assert other.panel.input.field.text() == "쓰다 만 글"
    other.panel.restore_panel_state({"draft": 7})
    assert other.panel.input.field.text() == "쓰다 만 글"


def test_esc_stops_the_answer_first_and_leaves_then(open_chat: Open) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    field.set_text("시장은?")
    press(field, Qt.Key.Key_Return)
    assert chat.panel.input.button.text() == "멈추기"
    press(field, Qt.Key.Key_Escape)
    assert len(chat.said("stop")) == 1
    assert field.hasFocus()
    assert "보내기" in chat.panel.input.button.text()
    press(field, Qt.Key.Key_Escape)
    assert len(chat.said("stop")) == 1
    assert chat.panel.view.hasFocus()


def test_esc_during_composition_belongs_to_the_input_method(open_chat: Open) -> None:
    chat = open_chat()
    chat.assistant.ask("q", chat.panel.view_model.screen())  # type: ignore[arg-type]
    compose(chat.panel.input.field, "ㅇ")
    press(chat.panel.input.field, Qt.Key.Key_Escape)
    assert not chat.said("stop")


def test_the_button_sends_stops_and_is_off_without_a_question(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    box = chat.panel.input
    assert not box.button.isEnabled()
    box.field.set_text("   ")
    assert not box.button.isEnabled()
    box.field.set_text("시장은?")
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    assert chat.said("ask")[0][1] == "시장은?"
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    assert chat.said("stop")


def test_without_a_market_nothing_can_be_asked(open_chat: Open, look: Appearance) -> None:
    chat = open_chat(with_data=False)
    box = chat.panel.input
    box.field.set_text("시장은?")
    press(box.field, Qt.Key.Key_Return)
    assert not chat.said("ask")
    assert box.field.text() == "시장은?", "the question is not lost"
    assert box.hint.words() == look.tr("chat.input.no_market")
    chat.work.open()
    assert box.button.isEnabled()


def test_editing_replaces_a_question_and_brings_the_draft_back(open_chat: Open) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    field.set_text("첫 질문")
    press(field, Qt.Key.Key_Return)
    chat.assistant.finish()
    field.set_text("쓰던 글")
    chat.view.edit_wanted.emit(2)  # the pencil of the answer means its question
    assert field.text() == "첫 질문"
    assert chat.panel.panel_state()["draft"] == "쓰던 글"
    press(field, Qt.Key.Key_Escape)
    assert field.text() == "쓰던 글"
    assert not chat.said("edit")
    chat.view.edit_wanted.emit(1)
    field.set_text("고친 질문")
    press(field, Qt.Key.Key_Return)
    assert chat.said("edit") == [("edit", 1, "고친 질문")]
    assert field.text() == "쓰던 글"
    assert not chat.panel.input.editing


def test_retry_of_an_answer_asks_its_question_again(open_chat: Open) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    field.set_text("첫 질문")
    press(field, Qt.Key.Key_Return)
    chat.assistant.finish()
    chat.view.retry_wanted.emit(2)
    assert chat.said("retry") == [("retry", 1)]


def test_copy_puts_the_answer_on_the_clipboard(open_chat: Open) -> None:
    chat = open_chat()
    chat.assistant.ask("q", chat.panel.view_model.screen())  # type: ignore[arg-type]
    chat.assistant.finish()
    chat.view.copy_wanted.emit(2)
    assert QGuiApplication.clipboard().text() == "거래량이 0.49배입니다."


def test_sent_while_composing_with_the_mouse_commits_first(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    QTest.keyClicks(field, "a ")
    compose(field, "왜")
    field.clearFocus()  # the pointer on the button takes the focus; Qt drops or commits what was composed
    assert not field.composing
    qtbot.mouseClick(chat.panel.input.button, Qt.MouseButton.LeftButton)
    assert chat.said("ask")[0][1].startswith("a")


def test_before_the_assistant_has_begun_a_question_is_kept(open_chat: Open, look: Appearance) -> None:
    chat = open_chat()
    chat.assistant.state.last = None
    chat.panel.input.field.set_text("시장은?")
    press(chat.panel.input.field, Qt.Key.Key_Return)
    assert not chat.said("ask")
    assert chat.panel.input.field.text() == "시장은?"
    assert chat.panel.input.hint.words() == look.tr("chat.input.no_market")
