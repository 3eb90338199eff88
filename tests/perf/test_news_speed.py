"""A hundred thousand headlines of a year scored for the whole market, beside going through their titles once.

python -m pytest -m perf tests/perf/test_news_speed.py -s
"""

from __future__ import annotations

import random
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.model.instants import kst_ns
from engine.model.news import NewsItem
from engine.news.market import NewsIndex, score_market
from engine.thresholds import DEFAULT_RULES
from tests.perf.market import median_ms

pytestmark = pytest.mark.perf

HOUR_NS = 3_600_000_000_000
NOW = kst_ns(date(2026, 1, 28), 15, 10)
SYMBOLS, ITEMS = 2_600, 100_000
WORDS = "수주 급등 공급계약 실적 발표 분기 전망 투자 공장 신사업 목표가상향 주주총회".split()


def test_a_year_of_headlines() -> None:
    """1,900 of them lie in the week before, 140 of these belong to the stock with most."""
    chance = random.Random(1)
    tickers, names = [f"{n:06d}" for n in range(SYMBOLS)], [f"회사{n}" for n in range(SYMBOLS)]
    panel: Any = SimpleNamespace(tickers=np.array(tickers), names=np.array(names))
    items = []
    for n in range(ITEMS):
        owner = int(SYMBOLS * chance.random() ** 3)
        at = NOW - round(chance.random() * 24 * 365 * HOUR_NS)
        title = f"회사{owner} {' '.join(chance.sample(WORDS, 4))} {n}"
        items.append(NewsItem(n, (f"{owner:06d}",), title, f"https://n.kr/{n}", "연합뉴스", at, at, ""))
    index = NewsIndex(items, tickers, names)
    days = iter(range(1_000))  # another day each time, so that nothing kept is found again
    whole = median_ms(lambda: score_market(panel, items, NOW, DEFAULT_RULES, collected=True), runs=3)
    one_day = median_ms(lambda: index.score(NOW - next(days) * 24 * HOUR_NS, DEFAULT_RULES, True), runs=15)
    titles = median_ms(lambda: [word for entry in items for word in entry.title.split()], runs=5)
    print(f"\n  index and score {whole:.0f} ms, another instant {one_day:.0f} ms, splitting all titles {titles:.0f} ms")
    assert whole < 20 * titles
    assert one_day < 10 * titles
