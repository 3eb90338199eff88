"""How each database keeps the words of the index: what is added, folded and read again is the same as what was put in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from ralphstock_desktop.data import news_index
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.news_index_tables import finish_tables, fold_tail, make_tables
from ralphstock_desktop.data.news_words import Asked, add_words, find_words
from tests.data.assistant.conftest import MINUTE, NOON, Put

NOW = NOON + 10_000 * MINUTE
WORDS = ["t금", "t금값", "t금리", "b금", "t실적", "tfda", "t2·3", "t긔", "tz", "u", "t힣힣", "t\u4e00"]


def headlines(first: int, count: int, title: str = "삼성전자 소식") -> list[tuple[str, str, str, int | None, int | None]]:
    return [(f"https://w.test/{n}", f"{title} {n}", "005930", NOON + n * MINUTE, None) for n in range(first, first + count)]


def run(database: Database, statement: str) -> None:
    with database.unit_of_work(durable=True) as unit:
        unit.records.connection.execute(text(statement))


def count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.mark.parametrize("seed", range(3))
def test_what_was_added_is_found_from_any_number_on(database: Database, seed: int) -> None:
    """Whole words and beginnings, before and after folding, against a plain list."""
    chance = random.Random(seed)
    with database.unit_of_work(durable=True) as unit:
        make_tables(unit.records.connection, 1, seed)
    held: list[tuple[int, list[str]]] = []
    following = 0
    for step in range(12):
        batch = []
        for _ in range(chance.randint(1, 9)):
            batch.append((following, chance.sample(WORDS, chance.randint(1, 5))))
            following += chance.randint(1, 90)
        with database.unit_of_work(durable=True) as unit:
            connection = unit.records.connection
            add_words(connection, batch)
            if step in (3, 4, 8):
                fold_tail(connection)
            if step == 4:
                finish_tables(connection)
        held += batch
        asked = [
            Asked(word, starts, first)
            for word in (*WORDS, "t", "t없음")
            for starts in (False, True)
            for first in (0, chance.randint(0, following), batch[0][0], following)
        ]
        with database.read() as connection:
            found = find_words(connection, asked)
        for one, numbers in zip(asked, found, strict=True):
            wanted = [
                doc
                for doc, words in held
                if doc >= one.first and any(word.startswith(one.word) if one.starts else word == one.word for word in words)
            ]
            assert numbers.tolist() == wanted, (one, step)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database in reading transactions."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = database._read
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_search_asks_little_of_a_server(assistant: SqlAssistantStore, database: Database, put_news: Put) -> None:
    """Each statement is a way over the network and back: their number must not grow with the words of a question."""
    if database.location.is_sqlite:
        pytest.skip("a statement costs nothing there")
    put_news(headlines(0, 30))
    assistant.prepare_search()
    most = []
    for question in ("삼성전자", "올해 1월 28일 유상증자를 결정한 회사는 어디이고 그 뒤 주가는 얼마나 올랐는지 알려 줘"):
        with statements(database) as seen:
            assistant.search_news(question, as_of_ns=NOW)
        most.append(len(seen))
    # begin, parts, state with what is due, words, items
    assert most == [5, 5]
    with statements(database) as seen:
        assistant.search_news("삼성전자", as_of_ns=NOW)
    assert len(seen) == 4, "the words are known"


def test_an_open_snapshot_goes_on_while_the_tail_is_folded(
    assistant: SqlAssistantStore, database: Database, put_news: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_news(headlines(0, 20))
    assistant.prepare_search()
    put_news(headlines(20, 5))
    assistant.prepare_search()
    index = news_index.NewsIndex(database)
    monkeypatch.setattr(news_index, "_FOLD_EVERY", 4)
    with index.snapshot(1) as (connection, view):
        put_news(headlines(25, 9))
        assert assistant.prepare_search() == 9
        best = index.ranked(connection, view, "소식", as_of_ns=NOW, limit=100, ticker=None, first_ns=0)
        assert sorted(number for number, _ in best) == list(range(25))
        assert len(index.search("소식", as_of_ns=NOW, limit=100)) == 34, "completed from the folded rows"
        again = index.ranked(connection, view, "소식", as_of_ns=NOW, limit=100, ticker=None, first_ns=0)
        assert again == best, "what others read further meanwhile is not of this snapshot"
    if not database.location.is_sqlite:
        with database.read() as connection:
            assert count(connection, "news_search_tail") == 0


def test_the_tail_is_folded_now_and_then(
    assistant: SqlAssistantStore, database: Database, put_news: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.location.is_sqlite:
        pytest.skip("FTS5 does that by itself")
    monkeypatch.setattr(news_index, "_FOLD_EVERY", 10)
    sizes = []
    for n in range(25):
        put_news(headlines(n, 1))
        assistant.prepare_search()
        with database.read() as connection:
            sizes.append(count(connection, "news_search_tail"))
    assert sizes[9] == sizes[19] == 0 and all(size > 0 for place, size in enumerate(sizes[1:], start=1) if place % 10 != 9)
    assert len(assistant.search_news("소식", as_of_ns=NOW, limit=100)) == 25


def test_an_index_that_was_not_put_in_order_is_next_time(
    assistant: SqlAssistantStore, database: Database, put_news: Put
) -> None:
    """The program may end between filling the index and putting it in order."""
    if database.location.is_sqlite:
        pytest.skip("FTS5 does that by itself")
    put_news(headlines(0, 12))
    assistant.prepare_search()
    for more in (0, 1):
        run(database, "DROP INDEX ix_news_search_tail")
        assert len(assistant.search_news("소식 7", as_of_ns=NOW)) == 12
        if more:
            put_news(headlines(12, more))
        assert assistant.prepare_search() == more
        with database.read() as connection:
            assert connection.execute(text("SELECT to_regclass('ix_news_search_tail')")).scalar() is not None
            assert count(connection, "news_search_tail") == 0
    assert len(assistant.search_news("소식 7", as_of_ns=NOW)) == 13


def test_an_index_stored_the_former_way_is_made_anew(assistant: SqlAssistantStore, database: Database, put_news: Put) -> None:
    if database.location.is_sqlite:
        pytest.skip("stored as before")
    put_news(headlines(0, 12))
    assistant.prepare_search()
    before = assistant.search_news("소식 7", as_of_ns=NOW)
    for statement in (
        "DROP TABLE news_search_words",
        "DROP TABLE news_search_tail",
        "CREATE TABLE news_search_words (doc bigint PRIMARY KEY, words tsvector NOT NULL)",
        "UPDATE news_search_state SET form = 1",
    ):
        run(database, statement)
    assert SqlAssistantStore(database, lambda: 0).search_news("소식 7", as_of_ns=NOW) == before
    assert assistant.search_news("소식 7", as_of_ns=NOW) == before
    assert assistant.prepare_search() == 0
