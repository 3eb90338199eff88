"""Words and meaning joined: worked by hand, nothing of the future, vectors computed once and made anew when they must."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.model.errors import StorageError
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.hybrid_search import fuse
from ralphstock_desktop.data.text_search import NewsColumns
from tests.data.assistant.conftest import MINUTE, NOON, Put

NOW = NOON + 1_000 * MINUTE
TOPICS = (("배당", "주주환원"), ("반도체", "메모리"), ("유상증자", "신주발행"))
NEWS = [
    ("https://e.test/1", "주주환원 확대", "005930", NOON, None),
    ("https://e.test/2", "배당 확대 결정", "005930", NOON + MINUTE, None),
    ("https://e.test/3", "메모리 가격 상승", "000660", NOON + 2 * MINUTE, None),
    ("https://e.test/4", "날씨 맑음", "", NOON + 3 * MINUTE, None),
    ("https://e.test/5", "주주환원 계획", "000660", None, NOON + 60 * MINUTE),
]


class Topics:
    """An embedder that knows three topics under two words each; anything else has no direction."""

    dimensions = len(TOPICS)

    def __init__(self, name: str = "topics") -> None:
        self.name = name
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        rows = np.array([[float(any(word in text for word in topic)) for topic in TOPICS] for text in texts], dtype=np.float32)
        rows = rows.reshape(-1, len(TOPICS))
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(length > 0, length, 1)


@pytest.fixture
def topics() -> Topics:
    return Topics()


@pytest.fixture
def hybrid(database: Database, topics: Topics, tmp_path: Path) -> SqlAssistantStore:
    return SqlAssistantStore(database, lambda: NOW, topics, tmp_path / "vectors")


def numbers(found: Sequence[tuple[object, float]]) -> list[str]:
    return [item.url.rpartition("/")[2] for item, _ in found]  # type: ignore[attr-defined]


def test_meaning_adds_what_words_miss(hybrid: SqlAssistantStore, assistant: SqlAssistantStore, put_news: Put) -> None:
    put_news(NEWS)
    assert numbers(assistant.search_news("배당", as_of_ns=NOW)) == ["2"]
    found = hybrid.search_news("배당", as_of_ns=NOW)
    # by words 2; by meaning 5, 2, 1 (equally near: newer first)
    assert numbers(found) == ["2", "5", "1"]
    most = 2 / 61
    assert [share for _, share in found] == [pytest.approx(value / most) for value in (1 / 61 + 1 / 62, 1 / 61, 1 / 63)]
    assert hybrid.search_news("날씨", as_of_ns=NOW)[0][1] == pytest.approx(0.5)
    assert hybrid.search_news("양자컴퓨터", as_of_ns=NOW) == hybrid.search_news(" ", as_of_ns=NOW) == ()
    assert numbers(hybrid.search_news("배당", as_of_ns=NOW, limit=1)) == ["2"]


def test_instant_symbol_and_first_instant_hold_for_meaning_too(hybrid: SqlAssistantStore, put_news: Put) -> None:
    put_news(NEWS)
    assert numbers(hybrid.search_news("배당", as_of_ns=NOON)) == ["1"]
    before = hybrid.search_news("배당", as_of_ns=NOON + 59 * MINUTE)
    assert numbers(before) == ["2", "1"]
    put_news([(f"https://f.test/{n}", "배당 주주환원", "", NOON + (60 + n) * MINUTE, None) for n in range(9)])
    assert hybrid.search_news("배당", as_of_ns=NOON + 59 * MINUTE) == before
    assert numbers(hybrid.search_news("주주환원", as_of_ns=NOON + 60 * MINUTE, ticker="000660")) == ["5"]
    assert numbers(hybrid.search_news("배당", as_of_ns=NOON + 59 * MINUTE, first_ns=NOON + MINUTE)) == ["2"]


def test_vectors_are_computed_once(
    hybrid: SqlAssistantStore, database: Database, topics: Topics, put_news: Put, tmp_path: Path
) -> None:
    put_news(NEWS)
    assert hybrid.prepare_search() == 5
    assert sorted(topics.seen) == sorted(row[1] for row in NEWS)
    topics.seen.clear()
    again = SqlAssistantStore(database, lambda: NOW, topics, tmp_path / "vectors")  # after a restart
    assert again.prepare_search() == 0
    again.search_news("배당", as_of_ns=NOW)
    assert topics.seen == ["배당"]
    put_news(
        [("https://e.test/6", "신주발행 공시", "", NOON, None), ("https://e.test/1", "정정: 메모리 증설", "005930", NOON, None)]
    )
    topics.seen.clear()
    assert numbers(hybrid.search_news("유상증자", as_of_ns=NOW)) == ["6"]
    assert sorted(topics.seen) == ["신주발행 공시", "유상증자", "정정: 메모리 증설"]
    assert numbers(hybrid.search_news("배당", as_of_ns=NOW)) == ["2", "5"], "a corrected headline lost its old meaning"
    assert numbers(hybrid.search_news("반도체", as_of_ns=NOW)) == ["3", "1"]


def test_another_model_or_a_new_index_makes_them_anew(
    hybrid: SqlAssistantStore, database: Database, topics: Topics, put_news: Put, tmp_path: Path
) -> None:
    put_news(NEWS)
    hybrid.prepare_search()
    other = Topics("other")
    assert SqlAssistantStore(database, lambda: NOW, other, tmp_path / "vectors").prepare_search() == 5
    assert len(other.seen) == 5
    assert len(list((tmp_path / "vectors").iterdir())) == 1, "those of the old model are gone"
    with database.unit_of_work(durable=True) as unit:
        unit.records.connection.exec_driver_sql("DELETE FROM news_search_state")
    topics.seen.clear()
    assert numbers(hybrid.search_news("배당", as_of_ns=NOW)) == ["2", "5", "1"]
    assert len(topics.seen) == 6


def test_a_row_cut_in_the_middle_is_written_again(
    hybrid: SqlAssistantStore, topics: Topics, put_news: Put, tmp_path: Path
) -> None:
    put_news(NEWS)
    hybrid.prepare_search()
    (file,) = (tmp_path / "vectors").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    topics.seen.clear()
    assert numbers(hybrid.search_news("배당", as_of_ns=NOW)) == ["2", "5", "1"]
    assert len(topics.seen) == 2 and file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_an_error(database: Database, topics: Topics, put_news: Put, tmp_path: Path) -> None:
    put_news(NEWS)
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    store = SqlAssistantStore(database, lambda: NOW, topics, tmp_path / "taken")
    with pytest.raises(StorageError):
        store.search_news("배당", as_of_ns=NOW)


def test_joined_places_by_hand() -> None:
    columns = NewsColumns(np.array([10, 11, 12, 13]), np.zeros(4, dtype=np.int64), np.array([5, 7, 7, 1]))
    best = fuse([[0, 1], [2, 0]], columns, 3)
    assert [number for number, _ in best] == [0, 2, 1]
    assert best[0][1] == pytest.approx((1 / 61 + 1 / 62) / (2 / 61))
    assert [number for number, _ in fuse([[0], [1], [2], [3]], columns, 9)] == [1, 2, 0, 3]
