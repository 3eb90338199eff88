"""Search over 100,000 headlines beside a LIKE scan in the same run, catching up with one more, and making the index.

``search_ms``: the first time a question's words are asked for; ``again_ms``: later; ``cpu_ms``: the first time, without the
waiting for other programs (SQLite works in this process). ``tail``: after 2,000 more headlines came in by and by; ``hybrid``: by
words and meaning, with a stand-in for the model that costs nothing.

    python -m tests.perf.bench_assistant_store [items] [postgresql://…]

The headlines are made up from the recorded ones (the first half of one, the second half of another), so that words are as common
and as rare as in the press. Without the recorded data a small vocabulary stands in.
"""

from __future__ import annotations

import csv
import gzip
import random
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.ports import MISSING_INT, NewsBatch
from tests.conftest import RECORDED

__all__ = ["QUESTIONS", "figures", "made_up", "store_headlines"]

_FRESH_RUNS = 5
FIRST_NS = 1_700_000_000_000_000_000
STEP_NS = 600_000_000_000
QUESTIONS = (
    "삼성전자 4분기 실적 발표 어땠어",
    "SK하이닉스 HBM 공급",
    "현대차 전기차 판매",
    "외국인 순매수",
    "금",
    "유상증자 결정한 회사",
    "코스피 사상 최고치 반도체 훈풍 국민연금",
    "FDA 승인",
    "2026년 1월 28일 SK하이닉스가 왜 올랐나",
)


class Model:
    """Stands in for an embedding model: a direction for each text, as good as random."""

    name, dimensions = "bench", 128

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1."""
        noise = np.random.default_rng([zlib.crc32(texts[0].encode()), len(texts)])
        rows = noise.standard_normal((len(texts), self.dimensions)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def recorded_titles() -> list[str]:
    """Titles of the recorded headlines; a stand-in where they are absent."""
    titles: list[str] = []
    for name in ("headlines_2017_2022", "headlines_2026", "market_headlines_202608"):
        path = RECORDED / "news" / f"{name}.csv.gz"
        if path.exists():
            with gzip.open(path, "rt", encoding="utf-8") as file:
                titles += [row["title"] for row in csv.DictReader(file)]
    words = (
        "삼성전자 실적발표 외국인 순매수 반도체 훈풍 전기차 공급계약 코스피 최고치 유상증자 결정 HBM FDA 승인 금값 상승".split()
    )
    return titles or [" ".join(random.Random(n).sample(words, 8)) for n in range(500)]


def made_up(count: int, seed: int = 1) -> list[str]:
    """Headlines of the halves of recorded ones."""
    chance, parts = random.Random(seed), [title.split() for title in recorded_titles()]
    pairs = ((chance.choice(parts), chance.choice(parts)) for _ in range(count))
    return [" ".join(first[: len(first) // 2 + 1] + second[len(second) // 2 :]) for first, second in pairs]


def store_headlines(database: Database, titles: list[str], first: int = 0) -> None:
    """Store headlines ten minutes apart, collected at once, spread over 500 symbols."""
    for start in range(0, len(titles), 10_000):
        part = titles[start : start + 10_000]
        numbers = np.arange(first + start, first + start + len(part))
        batch = NewsBatch(
            url=np.array([f"https://example.test/{number}" for number in numbers]),
            title=np.array(part),
            press=np.full(len(part), "연합뉴스"),
            published_ns=FIRST_NS + numbers * STEP_NS,
            collected_ns=np.full(len(part), MISSING_INT),
            ticker=np.array([f"{number % 500:05d}0" for number in numbers]),
            kind=np.full(len(part), "news"),
            source="bench",
        )
        with database.unit_of_work() as unit:
            unit.upsert_news(batch)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def like_scan(database: Database, text: str) -> int:
    """What a search without an index does: every word against every title."""
    words = text.split()
    condition = " OR ".join("title LIKE ?" for _ in words)
    if not database.location.is_sqlite:
        condition = condition.replace("?", "%s")
    with database.read() as connection:
        query = f"SELECT id, title FROM news WHERE {condition}"
        return len(connection.exec_driver_sql(query, tuple(f"%{word}%" for word in words)).fetchall())


def fresh_searches(make: Callable[[], SqlAssistantStore], question: str, now: int) -> tuple[float, float]:
    """Median time and processor time (ms) of a search by stores that never saw the question's words."""
    wall, cpu = [], []
    for _ in range(_FRESH_RUNS):
        fresh = make()
        fresh.prepare_search()
        began = time.process_time()
        wall.append(_ms(lambda: fresh.search_news(question, as_of_ns=now)))  # noqa: B023
        cpu.append((time.process_time() - began) * 1e3)
    return statistics.median(wall), statistics.median(cpu)


def figures(place: str | Path, items: int, folder: Path) -> dict[str, float]:
    """Measure everything over a repository filled with ``items`` headlines; vectors go to the folder."""
    result: dict[str, float] = {}
    with open_database(place) as database:
        store_headlines(database, made_up(items))
        store = SqlAssistantStore(database, lambda: 0)
        result["make_index_s"] = _ms(store.prepare_search) / 1e3
        now = FIRST_NS + (items + 10_000) * STEP_NS
        result["read_columns_ms"] = _ms(SqlAssistantStore(database, lambda: 0).prepare_search)
        for question in QUESTIONS:
            wall, cpu = fresh_searches(lambda: SqlAssistantStore(database, lambda: 0), question, now)
            result[f"search_ms {question}"], result[f"cpu_ms {question}"] = wall, cpu
            again = [_ms(lambda: store.search_news(question, as_of_ns=now)) for _ in range(7)]  # noqa: B023
            result[f"again_ms {question}"] = statistics.median(again)
            result[f"like_ms {question}"] = statistics.median(_ms(lambda: like_scan(database, question)) for _ in range(3))  # noqa: B023
        result["search_worst_cpu_ms"] = max(value for name, value in result.items() if name.startswith("cpu_ms"))
        searches = [value for name, value in result.items() if name.startswith("search_ms")]
        scans = [value for name, value in result.items() if name.startswith("like_ms")]
        result["search_worst_ms"], result["search_median_ms"] = max(searches), statistics.median(searches)
        result["times_faster_than_like"] = sum(scans) / sum(searches)
        repeated = [value for name, value in result.items() if name.startswith("again_ms")]
        result["again_worst_ms"], result["again_median_ms"] = max(repeated), statistics.median(repeated)
        result["half_as_of_ms"] = _ms(lambda: store.search_news(QUESTIONS[0], as_of_ns=FIRST_NS + items // 2 * STEP_NS))
        result["one_symbol_ms"] = _ms(lambda: store.search_news(QUESTIONS[0], as_of_ns=now, ticker="000050"))
        catch_ups, follow_ups = [], []
        for number in range(10):
            store_headlines(database, [f"삼성전자 새 소식 {number}"], first=items + number)
            catch_ups.append(_ms(store.prepare_search))
            follow_ups.append(_ms(lambda: store.search_news("새 소식", as_of_ns=now)))
        result["catch_up_one_ms"], result["search_after_one_ms"] = statistics.median(catch_ups), statistics.median(follow_ups)
        result["catch_up_worst_ms"] = max(catch_ups)
        batches = []
        more = made_up(2_000, seed=2)
        for start in range(0, len(more), 20):
            store_headlines(database, more[start : start + 20], first=items + 100 + start)
            batches.append(_ms(store.prepare_search))
        result["catch_up_20_ms"], result["catch_up_20_worst_ms"] = statistics.median(batches), max(batches)
        tail = [fresh_searches(lambda: SqlAssistantStore(database, lambda: 0), question, now)[0] for question in QUESTIONS]
        result["search_tail_worst_ms"] = max(tail)
        hybrid = [
            fresh_searches(lambda: SqlAssistantStore(database, lambda: 0, Model(), folder), question, now)[0]
            for question in QUESTIONS
        ]
        result["hybrid_worst_ms"], result["hybrid_median_ms"] = max(hybrid), statistics.median(hybrid)
        store_headlines(database, made_up(10_000, seed=3), first=items + 3_000)
        result["catch_up_10000_s"] = _ms(store.prepare_search) / 1e3
    return result


def main() -> None:
    """Print the figures."""
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        place = sys.argv[2] if len(sys.argv) > 2 else Path(folder) / "market.db"
        for name, value in figures(place, items, Path(folder) / "vectors").items():
            print(f"  {name:50s} {value:10.2f}")


if __name__ == "__main__":
    main()
