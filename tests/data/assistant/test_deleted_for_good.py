"""After a conversation is deleted, no byte of its text is left in SQLite's files."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from engine.model.errors import StorageError
from ralphstock_desktop.assistant_ports import ChatMessage, ChatSession
from ralphstock_desktop.data import erasing
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database, open_database
from tests.data.assistant.conftest import NOON, message


@pytest.fixture
def careless(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A SQLite library built without secure delete, as most are; this machine's may be built with it."""
    path = tmp_path / "market.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_database(path) as database:
        event.listen(database._write, "connect", lambda raw, _: raw.execute("PRAGMA secure_delete=OFF"))
        with database._write.connect() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete=OFF")
        yield database


def bytes_of(database: Database) -> bytes:
    path = database.location.path
    assert path is not None
    files = [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm")]
    return b"".join(file.read_bytes() for file in files if file.exists())


def left(database: Database, marks: list[str]) -> list[str]:
    content = bytes_of(database)
    return [mark for mark in marks if mark.encode() in content]


def test_nothing_of_a_deleted_conversation_stays(careless: Database) -> None:
    store = SqlAssistantStore(careless, lambda: NOON)
    key = str(uuid.uuid4())
    store.create_session(ChatSession(key, "표식제목", NOON, NOON, 0))
    store.append(
        key, [message("표식질문", 1), ChatMessage(2, "assistant", "표식대답", NOON, {"note": "CONTEXT-MARK"}, "HASH-MARK")]
    )
    store.rename_session(key, "표식둘째제목")
    store.set_summary(key, "표식요약", 1)
    store.replace_from(key, 2, [message("표식고친대답" * 900, 2)])
    marks = ["표식제목", "표식질문", "표식대답", "CONTEXT-MARK", "HASH-MARK", "표식둘째제목", "표식요약", "표식고친대답", key]
    assert "표식질문" in left(careless, marks), "the test looks where the text is"
    store.delete_session(key)
    assert left(careless, marks) == []


@pytest.mark.parametrize("seed", range(3))
def test_nor_of_many_among_others(careless: Database, seed: int) -> None:
    """Rows that moved between pages leave copies behind: many conversations written in turns, some of them deleted."""
    store, chance = SqlAssistantStore(careless, lambda: NOON), random.Random(seed)
    keys = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(24)]
    for n, key in enumerate(keys):
        store.create_session(ChatSession(key, f"TITLE-{n:02d}-" + "x" * chance.randint(0, 300), NOON, NOON, 0))
    for turn in range(150):
        n = chance.randrange(24)
        text = f"TEXT-{n:02d}-" + "y" * chance.choice((5, 50, 300, 900, 3_000, 9_000)) + f"-TEXT-{n:02d}"
        store.append(keys[n], [message(text)])
        if turn % 5 == 0:
            n = chance.randrange(24)
            store.set_summary(keys[n], f"SUMMARY-{n:02d}-" + "s" * chance.randint(0, 900), 0)
    gone = chance.sample(range(24), 9)
    kept = {key: store.messages(key) for n, key in enumerate(keys) if n not in gone}
    for n in gone[:8]:
        store.delete_session(keys[n])
    with careless.unit_of_work(durable=True) as unit:
        unit.records.connection.exec_driver_sql("UPDATE chat_session SET last_activity = 1 WHERE id = ?", (keys[gone[8]],))
    assert store.delete_sessions(before_ns=2) == 1
    marks = [f"{word}-{n:02d}-" for n in gone for word in ("TITLE", "TEXT", "SUMMARY")] + [keys[n] for n in gone]
    assert left(careless, marks) == []
    assert {key: store.messages(key) for key in kept} == kept


def test_secure_delete_is_given_back(careless: Database) -> None:
    store = SqlAssistantStore(careless, lambda: NOON)
    key = str(uuid.uuid4())
    store.create_session(ChatSession(key, "이름", NOON, NOON, 0))
    store.delete_session(key)
    with careless._write.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 0, "other writes stay as fast as they were"


def test_a_log_that_cannot_be_cut_is_told(careless: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that holds an older picture keeps the log; the text is said not to be gone, and is gone after the next delete."""
    monkeypatch.setattr(erasing, "BUSY_MS", 50)
    store = SqlAssistantStore(careless, lambda: NOON)
    keys = [str(uuid.uuid4()) for _ in range(2)]
    for key in keys:
        store.create_session(ChatSession(key, f"표식-{key}", NOON, NOON, 0))
    with careless.read() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM chat_session").scalar() == 2
        with pytest.raises(StorageError) as raised:
            store.delete_session(keys[0])
        assert raised.value.fields["cause"] == "locked"
    assert [item.id for item in store.sessions()] == [keys[1]]
    store.delete_session(keys[1])
    assert left(careless, [f"표식-{key}" for key in keys]) == []


def test_closing_the_program_cuts_the_log_too(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_database(path) as database:
        store = SqlAssistantStore(database, lambda: NOON)
        key = str(uuid.uuid4())
        store.create_session(ChatSession(key, "표식제목", NOON, NOON, 0))
        store.delete_session(key)
    with closing(path.open("rb")) as file:
        assert "표식제목".encode() not in file.read()
