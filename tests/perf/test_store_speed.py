"""Reading from the repository beside plain rows of the same database file, and the gate's history beside one day of it.

python -m pytest -m perf tests/perf/test_store_speed.py -s
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from engine.model.instants import AsOf, kst_ns
from engine.scoring.gate import gate_history, read_gate
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.data.bar_store import SqlBarStore
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.ports import MinuteBatch
from tests.data.builders import many_news
from tests.perf.market import median_ms, synthetic_panel, synthetic_series

pytestmark = pytest.mark.perf

MINUTE_NS = 60_000_000_000
DAY = date(2026, 3, 2)
HEADLINES, WEEK = 100_000, 10_000
SYMBOLS, MINUTES = 216, 381


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def test_headlines_and_minutes(database: Database, tmp_path: Path) -> None:
    """A row of the repository becomes an object with its symbols; the reference only fetches the columns."""
    headlines = many_news(HEADLINES)
    moments = headlines.published_ns
    times = kst_ns(DAY, 9) + np.arange(MINUTES, dtype=np.int64) * MINUTE_NS
    prices = [np.full(MINUTES, price) for price in (100, 110, 90, 105)]
    with SqlBarStore(database).unit_of_work() as unit:
        unit.upsert_news(headlines)
        for number in range(SYMBOLS):
            tickers = np.full(MINUTES, f"{number:05d}0")
            unit.upsert_minutes(MinuteBatch(tickers, times, *prices, np.arange(MINUTES), np.arange(MINUTES) * 100, "minutes"))
    store = SqlStrategyStore(database, lambda: kst_ns(DAY, 20))
    first, last = int(moments[-WEEK]), int(moments[-1])
    week = median_ms(lambda: store.news(first, last))
    one = median_ms(lambda: store.news(0, last, "000010"))
    minutes = median_ms(lambda: store.minutes_of_day(DAY))
    plain = sqlite3.connect(tmp_path / "store.sqlite")
    news_sql = f"SELECT * FROM news WHERE published_at BETWEEN {first} AND {last}"
    plain_week = median_ms(lambda: plain.execute(news_sql).fetchall())
    plain_minutes = median_ms(lambda: plain.execute("SELECT * FROM minute_price").fetchall())
    assert len(plain.execute(news_sql).fetchall()) == WEEK
    plain.close()
    print(
        f"\n  a week of {WEEK:,} headlines  {week:8.1f} ms   {week / plain_week:.1f} x plain rows"
        f"\n  a symbol's headlines      {one:8.1f} ms   {one / plain_week:.2f} x"
        f"\n  {SYMBOLS * MINUTES:,} minute bars      {minutes:8.1f} ms   {minutes / plain_minutes:.1f} x plain rows"
    )
    assert week < 15 * plain_week
    assert one < 5 * plain_week
    assert minutes < 6 * plain_minutes


def test_the_history_of_the_gate_is_no_day_by_day_evaluation() -> None:
    panel = synthetic_panel(2_017, 400)
    series = synthetic_series(panel)
    one_day = median_ms(lambda: read_gate(panel, series, AsOf.end_of(panel.days[-1].item()), DEFAULT_RULES))
    history = median_ms(lambda: gate_history(panel, series, DEFAULT_RULES), runs=3)
    print(f"\n  gate of one day {one_day:.1f} ms, of {len(panel.days)} days {history:.0f} ms")
    assert history < one_day * len(panel.days) / 2
