"""Conversations: kept in order, found by words, changed and deleted; an unknown one is an error."""

from __future__ import annotations

import unicodedata
import uuid

import pytest

from engine.model.errors import DataUnavailable, StorageError, ValidationFailed
from ralphstock_desktop.assistant_ports import ChatMessage, ChatSession
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database, open_database
from tests.data.assistant.conftest import MINUTE, NOON, Said, message

UNKNOWN = str(uuid.UUID(int=999))


def test_a_conversation_comes_back_as_it_was_written(ready_place: str) -> None:
    context = {"version": 1, "facts": [{"value": 0.0, "text": "외국인 순매수"}], "none": None}
    first = ChatMessage(1, "user", "삼성전자 왜 올랐어?", NOON + 1, {"screen": "0600"})
    second = ChatMessage(2, "assistant", "**외국인**이 샀습니다.\n\n| 항목 | 값 |\n", NOON + 2, context, "ab12", grounded=True)
    third = ChatMessage(3, "system", "", NOON + 3, grounded=False)
    key = str(uuid.uuid4())
    with open_database(ready_place) as database:
        store = SqlAssistantStore(database, lambda: NOON)
        store.create_session(ChatSession(key, "첫 대화", NOON, NOON, 0))
        store.append(key, [first, second])
        store.append(key, [third])
    with open_database(ready_place) as database:  # after a restart
        store = SqlAssistantStore(database, lambda: NOON)
        assert store.messages(key) == (first, second, third)
        assert store.sessions() == (ChatSession(key, "첫 대화", NOON, NOON + 3, 3),)


def test_numbers_follow_each_other(assistant: SqlAssistantStore, said: Said) -> None:
    key = said.session("번호", "하나")
    assistant.append(key, [message("둘", 0)])  # 0: the next number
    for wrong in (1, 2, 4):
        with pytest.raises(ValidationFailed):
            assistant.append(key, [message("셋", wrong)])
    assert [(item.n, item.content) for item in assistant.messages(key)] == [(1, "하나"), (2, "둘")]


def test_last_activity_moves_forward_only(assistant: SqlAssistantStore, said: Said) -> None:
    old = said.session("먼저", "하나", at_ns=NOON)
    new = said.session("나중", "하나", at_ns=NOON + MINUTE)
    assert [item.id for item in assistant.sessions()] == [new, old]
    assistant.append(old, [message("다시", 2, NOON + 2 * MINUTE)])
    assert [item.id for item in assistant.sessions()] == [old, new]
    assistant.append(old, [message("늦게 온 것", 3, NOON)])
    assert assistant.sessions()[0].last_ns == NOON + 2 * MINUTE
    assert [item.id for item in assistant.sessions(limit=1)] == [old]
    assert assistant.sessions(limit=0) == ()


FOUND: list[tuple[str, set[str]]] = [
    ("", {"flow", "gate", "english"}),
    ("수급", {"flow"}),  # inside 외국인수급은
    ("국인수", {"flow"}),
    ("삼성전자 수급", {"flow"}),
    ("삼성전자 게이트", set()),  # one text must hold all words
    ("gate KOSPI", {"gate", "english"}),  # a title alone, a message alone
    (unicodedata.normalize("NFD", "게이트"), {"gate"}),
    ("100%", {"english"}),  # no wildcard
    ("1000", set()),
    ("STRASSE", {"english"}),
    ("없는말", set()),
]


def test_search_wants_all_words_in_one_text(assistant: SqlAssistantStore, said: Said) -> None:
    names = {
        said.session("삼성전자", "삼성전자 외국인수급은?", "사고 있습니다"): "flow",
        said.session("Kospi gate", unicodedata.normalize("NFD", "마켓 게이트"), "노랑"): "gate",
        said.session("english", "what does the GATE of kospi say", "100% of straße"): "english",
    }
    for text, expected in FOUND:
        assert {names[item.id] for item in assistant.sessions(text)} == expected, text


def test_an_edited_question_drops_what_followed_and_a_summary_of_it(assistant: SqlAssistantStore, said: Said) -> None:
    key = said.session("고침", "하나", "둘", "셋", "넷")
    assistant.set_summary(key, "하나와 둘", 2)
    assistant.replace_from(key, 3, [message("셋 고침", 3, NOON + MINUTE)])
    assert [item.content for item in assistant.messages(key)] == ["하나", "둘", "셋 고침"]
    stored = assistant.sessions()[0]
    assert (stored.summary, stored.summary_until, stored.messages) == ("하나와 둘", 2, 3)
    assistant.replace_from(key, 2, [])
    stored = assistant.sessions()[0]
    assert (stored.summary, stored.summary_until, stored.messages) == ("", 0, 1), "it spoke of a message that is gone"
    with pytest.raises(ValidationFailed):
        assistant.replace_from(key, 3, [])
    with pytest.raises(ValidationFailed):
        assistant.replace_from(key, 0, [])


def test_a_refused_replacement_changes_nothing(assistant: SqlAssistantStore, said: Said) -> None:
    key = said.session("고침", "하나", "둘")
    with pytest.raises(ValidationFailed):
        assistant.replace_from(key, 2, [ChatMessage(2, "user", "새것", NOON, {"value": float("nan")})])
    assert [item.content for item in assistant.messages(key)] == ["하나", "둘"]


def test_title_and_summary(assistant: SqlAssistantStore, said: Said) -> None:
    key = said.session("", "하나")
    assistant.rename_session(key, "  새\n 제목  ")
    assistant.set_summary(key, "요약", 1)
    stored = assistant.sessions()[0]
    assert (stored.title, stored.summary, stored.summary_until) == ("새 제목", "요약", 1)
    with pytest.raises(ValidationFailed) as raised:
        assistant.rename_session(key, " \n ")
    assert raised.value.key == "error.chat.title"


def test_text_the_databases_cannot_hold_is_made_holdable(assistant: SqlAssistantStore, said: Said) -> None:
    key = said.session("이상한\0 글자", "반쪽 \ud83d 대리", "둘\0")
    assert [item.content for item in assistant.messages(key)] == ["반쪽 ? 대리", "둘"]
    assert assistant.sessions()[0].title == "이상한 글자"


def test_an_unknown_conversation_is_an_error(assistant: SqlAssistantStore, said: Said) -> None:
    kept = said.session("남음", "하나")
    calls = (
        lambda: assistant.messages(UNKNOWN),
        lambda: assistant.append(UNKNOWN, [message("하나", 1)]),
        lambda: assistant.append(UNKNOWN, []),
        lambda: assistant.replace_from(UNKNOWN, 1, []),
        lambda: assistant.rename_session(UNKNOWN, "이름"),
        lambda: assistant.set_summary(UNKNOWN, "요약", 1),
        lambda: assistant.delete_session(UNKNOWN),
    )
    for call in calls:
        with pytest.raises(DataUnavailable) as raised:
            call()
        assert raised.value.key == "error.chat.unknown_session"
    assert [item.id for item in assistant.sessions()] == [kept]


def test_identifier_role_and_context_are_checked(assistant: SqlAssistantStore, said: Said) -> None:
    with pytest.raises(ValidationFailed):
        assistant.create_session(ChatSession("one", "이름", NOON, NOON, 0))
    key = said.session("이름")
    with pytest.raises(StorageError):
        assistant.create_session(ChatSession(key, "또", NOON, NOON, 0))
    with pytest.raises(ValidationFailed):
        assistant.append(key, [ChatMessage(1, "tool", "이름", NOON)])  # type: ignore[arg-type]
    with pytest.raises(ValidationFailed):
        assistant.append(key, [ChatMessage(1, "user", "이름", NOON, {"set": {1}})])
    assert assistant.messages(key) == ()


def test_retention_deletes_what_was_last_used_before(assistant: SqlAssistantStore, said: Said) -> None:
    said.session("오래됨", "하나", at_ns=NOON)
    edge = said.session("경계", at_ns=NOON + MINUTE)
    assert assistant.delete_sessions(NOON) == 0
    assert assistant.delete_sessions(NOON + MINUTE) == 1
    assert [item.id for item in assistant.sessions()] == [edge]
    assert assistant.delete_sessions() == 1
    assert assistant.sessions() == ()


def test_deleting_one_keeps_the_others_whole(assistant: SqlAssistantStore, said: Said, database: Database) -> None:
    gone = said.session("지울 것", "하나", "둘")
    kept = said.session("남을 것", "셋", "넷")
    before = (assistant.messages(kept), [item for item in assistant.sessions() if item.id == kept])
    assistant.delete_session(gone)
    assert (assistant.messages(kept), list(assistant.sessions())) == before
    with pytest.raises(DataUnavailable):
        assistant.messages(gone)
    with database.unit_of_work(durable=True) as unit:  # the key between the tables still holds
        with pytest.raises(StorageError):
            assistant.append(gone, [])  # another unit on this thread is refused before anything is read
        assert unit.records.connection.exec_driver_sql("SELECT count(*) FROM chat_message").scalar() == 2
