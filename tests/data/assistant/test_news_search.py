"""Search over stored news on both databases: the same items, nothing later than the instant, and always of the record as it is."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import delete, text, update

from engine.model.news import NewsItem
from ralphstock_desktop.data import news_index, news_postings
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.schema.market import NEWS, NEWS_STOCK
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.data.text_search import MemoryNewsSearch
from tests.data.assistant.conftest import MINUTE, NOON, Put, set_body

HOUR = 60 * MINUTE
EARLY = [
    ("https://a.test/1", "삼성전자 4분기 실적발표 \"사상 최대\"", "005930", NOON, None),
    ("https://a.test/2", "SK하이닉스, HBM3E 5,000억원 공급계약", "000660", NOON + MINUTE, None),
    ("https://a.test/3", "삼성전자·SK하이닉스 반도체 훈풍", "005930", NOON + 2 * MINUTE, None),
    ("https://a.test/3", "삼성전자·SK하이닉스 반도체 훈풍", "000660", NOON + 2 * MINUTE, None),
    ("https://a.test/4", "금값 사상 최고…국제 금 시세 급등", "", NOON + 3 * MINUTE, None),
    ("https://a.test/5", "늦게 모은 실적 소식", "", NOON, NOON + HOUR),
    ("https://a.test/6", "시각 없는 실적 소식", "", None, NOON + 30 * MINUTE),
    ("https://a.test/7", "시각도 수집도 없는 실적 소식", "", None, None),
]  # fmt: skip
LATE = [(f"https://b.test/{n}", f"삼성전자 실적발표 후속 {n}", "005930", NOON + 2 * HOUR + n * MINUTE, None) for n in range(40)]


def urls(found: Sequence[tuple[NewsItem, float]]) -> list[str]:
    return [item.url.rpartition("/")[2] for item, _ in found]


def test_hangul_inside_words_latin_and_numbers_whole(assistant: SqlAssistantStore, put_news: Put) -> None:
    put_news(EARLY)
    now = NOON + 24 * HOUR

    def ask(question: str) -> list[str]:
        return urls(assistant.search_news(question, as_of_ns=now))

    assert set(ask("실적")) == {"1", "5", "6"}
    assert ask("hbm3e") == ["2"] and ask("HBM") == []
    assert ask("5000") == ask("5,000") == ["2"]
    assert ask("금") == ["4"]  # inside 금값 and alone
    assert ask("전자") == ["3", "1"]
    assert ask("삼성전자 실적발표")[0] == "1"
    assert ask("?!") == ask("") == ask("양자컴퓨터") == []
    assert ask('\' OR "x" NEAR( * : & | ! \\') == []


def test_items_come_back_whole(assistant: SqlAssistantStore, database: Database, put_news: Put) -> None:
    put_news(EARLY)
    set_body(database, "https://a.test/3", "본문에만 있는 낱말: 유리기판")
    stored = {item.id: item for item in SqlStrategyStore(database, lambda: NOON).news(0, NOON + HOUR)}
    for question in ("반도체", "유리기판", "실적"):
        for item, relevance in assistant.search_news(question, as_of_ns=NOON + 24 * HOUR):
            assert item == stored[item.id]
            assert 0.0 < relevance <= 1.0
    assert assistant.search_news("유리기판", as_of_ns=NOON + HOUR)[0][1] == pytest.approx(0.5)


def test_known_is_publication_or_later_collection(assistant: SqlAssistantStore, put_news: Put) -> None:
    put_news(EARLY)
    found = {at: set(urls(assistant.search_news("실적", as_of_ns=NOON + at))) for at in (-1, 0, 30 * MINUTE, HOUR - 1, HOUR)}
    assert found == {-1: set(), 0: {"1"}, 30 * MINUTE: {"1", "6"}, HOUR - 1: {"1", "6"}, HOUR: {"1", "5", "6"}}


def test_later_items_change_neither_result_nor_relevance(assistant: SqlAssistantStore, put_news: Put) -> None:
    put_news(EARLY)
    questions = ("삼성전자 실적", "반도체 훈풍 hbm3e", "금 시세 실적", "후속")
    before = {question: assistant.search_news(question, as_of_ns=NOON + HOUR) for question in questions}
    assert len(before["삼성전자 실적"]) == 4 and before["후속"] == ()
    put_news(LATE)
    assert {question: assistant.search_news(question, as_of_ns=NOON + HOUR) for question in questions} == before
    assert assistant.search_news("삼성전자 실적", as_of_ns=NOON + 24 * HOUR) != before["삼성전자 실적"]


def test_symbol_first_instant_and_limit_narrow_the_result_only(assistant: SqlAssistantStore, put_news: Put) -> None:
    put_news(EARLY)
    now = NOON + 24 * HOUR
    whole = dict(assistant.search_news("삼성전자 사상 실적", as_of_ns=now))
    of_symbol = assistant.search_news("삼성전자 사상 실적", as_of_ns=now, ticker="000660")
    assert urls(of_symbol) == ["3"] and all(whole[item] == relevance for item, relevance in of_symbol)
    assert assistant.search_news("실적", as_of_ns=now, ticker="999999") == ()
    since = assistant.search_news("실적", as_of_ns=now, first_ns=NOON + MINUTE)
    assert urls(since) == ["6"], "by publication, or collection where there is none"
    assert urls(assistant.search_news("실적", as_of_ns=now, limit=1)) == urls(assistant.search_news("실적", as_of_ns=now))[:1]
    assert assistant.search_news("실적", as_of_ns=now, limit=0) == ()


def test_new_corrected_and_deleted_items_reach_the_index(
    assistant: SqlAssistantStore, database: Database, put_news: Put
) -> None:
    now = NOON + 24 * HOUR
    assert assistant.search_news("실적", as_of_ns=now) == ()
    put_news(EARLY)
    assert assistant.prepare_search() == 7
    assert assistant.prepare_search() == 0, "nothing changed"
    put_news([("https://a.test/8", "실적 새 소식", "", NOON + HOUR, None)])
    assert assistant.prepare_search() == 1, "only what is new"
    assert urls(assistant.search_news("새 소식", as_of_ns=now))[0] == "8"

    put_news([("https://a.test/8", "정정: 배당 소식", "", NOON + HOUR, None)])
    assert "8" not in urls(assistant.search_news("실적", as_of_ns=now))
    assert urls(assistant.search_news("배당", as_of_ns=now)) == ["8"]

    with database.unit_of_work(durable=True) as unit:
        connection = unit.records.connection
        connection.execute(delete(NEWS_STOCK))
        connection.execute(delete(NEWS).where(NEWS.c.canonical_url == "https://a.test/8"))
        connection.execute(update(NEWS).where(NEWS.c.canonical_url == "https://a.test/7").values(collected_at=NOON))
    assert assistant.search_news("배당", as_of_ns=now) == ()
    assert "7" in urls(assistant.search_news("실적", as_of_ns=now))


def test_a_search_waits_for_no_writer(assistant: SqlAssistantStore, database: Database, put_news: Put) -> None:
    """While a transaction is open, a search answers from what was committed, headlines the index does not hold yet included."""
    now = NOON + 24 * HOUR
    put_news(EARLY)
    assistant.prepare_search()
    put_news([*LATE, ("https://a.test/1", "정정된 배당 소식", "005930", NOON, None)])
    with database.unit_of_work(durable=True) as unit:
        unit.records.connection.execute(update(NEWS).values(title="아직 아닌 제목"))
        assert len(assistant.search_news("후속", as_of_ns=now, limit=100)) == 40
        assert urls(assistant.search_news("배당", as_of_ns=now)) == ["1"]
        assert "1" not in urls(assistant.search_news("발표", as_of_ns=NOON + HOUR)), "what the index holds of it is out of date"
        unit.records.connection.execute(text("UPDATE news SET title = 'x' WHERE id < 0"))
    assert assistant.prepare_search() == 47
    assert len(assistant.search_news("아직", as_of_ns=now, limit=100)) == 46


def test_a_rolled_back_headline_is_never_found(assistant: SqlAssistantStore, database: Database, put_news: Put) -> None:
    put_news(EARLY)
    assistant.prepare_search()
    with pytest.raises(RuntimeError), database.unit_of_work(durable=True) as unit:
        unit.records.connection.execute(update(NEWS).values(title="취소된 제목"))
        raise RuntimeError
    assert assistant.prepare_search() == 0
    assert assistant.search_news("취소된 제목", as_of_ns=NOON + 24 * HOUR) == assistant.search_news("제목", as_of_ns=NOON) == ()


def test_another_form_and_lost_parts_make_the_index_anew(
    assistant: SqlAssistantStore, database: Database, put_news: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_news(EARLY)
    now = NOON + 24 * HOUR
    before = assistant.search_news("실적", as_of_ns=now)
    on_news = "" if database.location.is_sqlite else " ON news"
    for harm in (
        f"DROP TRIGGER news_search_corrected{on_news}",
        "DROP TABLE news_search_words",
        "DROP TABLE news_search_due",
        "DELETE FROM news_search_state",
    ):
        with database.unit_of_work(durable=True) as unit:
            unit.records.connection.execute(text(harm))
        assert assistant.prepare_search() == 7, harm
        assert assistant.search_news("실적", as_of_ns=now) == before
    monkeypatch.setattr(news_index, "FORM", 2)
    assert assistant.prepare_search() == 7
    assert assistant.prepare_search() == 0
    assert assistant.search_news("실적", as_of_ns=now) == before


def test_too_many_corrections_make_it_anew(
    assistant: SqlAssistantStore, database: Database, put_news: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_index, "_DEAD_LEAST", 3)
    put_news(EARLY)
    done = []
    for n in range(6):
        put_news([("https://a.test/1", f"삼성전자 실적 정정 {n}", "005930", NOON, None)])
        done.append(assistant.prepare_search())
    assert done == [7, 1, 1, 1, 7, 1]
    assert urls(assistant.search_news("정정", as_of_ns=NOON)) == ["1"]


def test_a_big_record_is_taken_in_pieces(assistant: SqlAssistantStore, put_news: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news_index, "_CHUNK", 3)
    monkeypatch.setattr(news_index, "_MERGE_AFTER", 5)
    put_news(EARLY)
    assert assistant.prepare_search() == 7
    assert set(urls(assistant.search_news("실적", as_of_ns=NOON + HOUR))) == {"1", "5", "6"}


WORDS = "실적 실적발표 삼성전자 금 금값 FDA 5,000억 공급 美 연준 2.3% 'x' straße 전자".split()


@pytest.mark.parametrize("seed", range(4))
def test_the_database_finds_what_memory_finds(
    assistant: SqlAssistantStore, database: Database, put_news: Put, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One ranking everywhere: after every change, for random questions and instants, against a search built from scratch."""
    monkeypatch.setattr(news_postings, "_KEPT_NUMBERS", 150)  # words are forgotten and read again
    monkeypatch.setattr(news_index, "_LATE_MOST", 40)
    monkeypatch.setattr(news_index, "_FOLD_EVERY", 16)  # the tail is folded between searches that remember what they read
    chance = random.Random(seed)
    other = SqlAssistantStore(database, lambda: 0)
    for _ in range(5):
        rows = []
        for _ in range(20):
            key, published = chance.randrange(60), chance.choice((None, NOON + chance.randrange(50) * MINUTE))
            collected = chance.choice((None, NOON + chance.randrange(60) * MINUTE))
            rows.append((f"https://c.test/{key}", " ".join(chance.choices(WORDS, k=4)), "005930", published, collected))
        put_news(rows)
        set_body(database, f"https://c.test/{chance.randrange(60)}", " ".join(chance.choices(WORDS, k=3)))
        items = SqlStrategyStore(database, lambda: 0).news(0, NOON + 24 * HOUR)
        memory = MemoryNewsSearch(items)
        if chance.random() < 0.4:
            other.prepare_search()
        for _ in range(6):
            question, at = " ".join(chance.choices(WORDS, k=chance.randint(1, 4))), NOON + chance.randrange(70) * MINUTE
            limit, first = chance.choice((3, 50)), chance.choice((0, NOON + 20 * MINUTE))
            for store in (assistant, other):
                assert store.search_news(question, as_of_ns=at, limit=limit, first_ns=first) == memory.search(
                    question, as_of_ns=at, limit=limit, first_ns=first
                )


def test_searches_beside_a_writer_are_each_of_one_state(assistant: SqlAssistantStore, put_news: Put) -> None:
    """While headlines arrive, a search finds a beginning of what was written, and never less than before."""
    put_news(EARLY)
    now, problems, stop = NOON + 24 * HOUR, [], threading.Event()

    def ask() -> None:
        least = 0
        while not stop.is_set():
            found = assistant.search_news("후속", as_of_ns=now, limit=100)
            numbers = sorted(int(url) for url in urls(found))
            if numbers != list(range(len(numbers))) or len(numbers) < least:
                problems.append(numbers)
            least = len(numbers)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for row in LATE[:15]:
        put_news([row])
    stop.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(assistant.search_news("후속", as_of_ns=now, limit=100)) == 15


@pytest.mark.real_data
def test_recorded_headlines(assistant: SqlAssistantStore, put_news: Put) -> None:
    """Every headline is found first by its own words; what a plain scan finds is found."""
    from tests.perf.bench_assistant_store import recorded_titles

    titles = [title for title in dict.fromkeys(recorded_titles()) if len(title) <= 120][-600:]
    put_news([(f"https://d.test/{n}", title, "", NOON + n * MINUTE, None) for n, title in enumerate(titles)])
    now = NOON + 10_000 * MINUTE
    for n in range(0, len(titles), 40):
        best, relevance = assistant.search_news(titles[n], as_of_ns=now, limit=1)[0]
        assert relevance == 1.0 and best.title == titles[n]
    for word in ("실적", "반도체", "삼성", "외국인"):
        scanned = {title for title in titles if word in title}
        found = assistant.search_news(word, as_of_ns=now, limit=1_000)
        assert scanned == {item.title for item, relevance in found if np.isclose(relevance, 1.0)}
