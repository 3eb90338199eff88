"""Items for the news tests: hours before a fixed instant instead of nanoseconds."""

from __future__ import annotations

from datetime import date

from engine.model.instants import kst_ns
from engine.model.news import NewsItem

HOUR = 3_600_000_000_000
SECOND = 1_000_000_000
NOW = kst_ns(date(2026, 1, 28), 15, 10)

AT_ONCE = float("nan")


def item(
    title: str,
    age_h: float | None = 1.0,
    *,
    source: str = "연합뉴스",
    url: str | None = None,
    tickers: tuple[str, ...] = ("005930",),
    number: int = 0,
    seconds: int = 0,
    collected_h: float | None = AT_ONCE,
    body: str = "",
) -> NewsItem:
    """An item published ``age_h`` hours (and ``seconds`` more) before NOW, collected at once unless told otherwise."""
    published = None if age_h is None else NOW - round(age_h * HOUR) - seconds * SECOND
    collected: int | None = published
    if collected_h is not AT_ONCE:
        collected = None if collected_h is None else NOW - round(collected_h * HOUR)
    address = f"https://news.example/{number}/{title}" if url is None else url
    return NewsItem(number, tickers, title, address, source, published, collected, body)
