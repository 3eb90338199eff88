"""Random headlines: words of the lexicon in every class, near-copies, odd signs, and times around every limit."""

from __future__ import annotations

import random

import plain_news
from plain_news import HOUR, Item

from engine.model.news import NewsItem

FILLERS = (
    "3분기", "영업이익", "전망", "시장", "기대", "발표", "신규", "공장", "美", "임원", "주가", "장중", "사업", "확대", "검토",
    "1000억", "규모", "체결", "논의", "전기", "자", "재", "우수주주", "양산시", "양산시장", "자기소개", "전기소재", "부도덕",
)  # fmt: skip
TERMS = (
    *(plain_news.DECISIVE + plain_news.CLEAR + plain_news.WEAK + plain_news.MILD + plain_news.SEVERE),
    *(plain_news.CLEARING + plain_news.CANCELLING + list(plain_news.ROUNDUP)),
)
SOURCES = ("연합뉴스", "DART", "KIND", "매일경제", "이데일리", "한국경제", "지역신문", "", "네이버 블로그", "커뮤니티", "뉴스1")
LABELS = ("", "", "", "[특징주] ", "(종합)", "<속보> ", "【단독】", "[", "오늘의 ", "마감시황 ", "TOP ", "(주간) ")
AGES_H = (0, 0.01, 1, 5, 23.9, 24, 24.01, 48, 71.9, 72, 72.01, 100, 144, 167.9, 168, 168.01, 200, -0.01, -3)
JOINTS = (" ", " ", " ", "", "…", "·", ", ", "-", "(", ") ")


def random_title(rng: random.Random, name: str) -> str:
    parts = [rng.choice(FILLERS) for _ in range(rng.randint(0, 4))]
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        term = rng.choice(TERMS).rstrip("°")
        if rng.random() < 0.1 and len(term) > 2:
            cut = rng.randrange(1, len(term))
            term = term[:cut] + rng.choice((" ", "·", "(", "")) + term[cut:]
        parts.insert(rng.randint(0, len(parts)), term)
    if rng.random() < 0.6:
        parts.insert(rng.randint(0, min(1, len(parts))), name)
    text = "".join(part + rng.choice(JOINTS) for part in parts)
    return rng.choice(LABELS) + text


def near_copy(rng: random.Random, title: str) -> str:
    """The same story in slightly other words: a sign, a word or a label more or less."""
    words = title.split(" ")
    action = rng.randrange(4)
    if action == 0 and len(words) > 1:
        words.pop(rng.randrange(len(words)))
    elif action == 1:
        words.insert(rng.randrange(len(words) + 1), rng.choice(FILLERS))
    elif action == 2:
        words.insert(0, "[단독]")
    return rng.choice((" ", "")).join(words) if rng.random() < 0.2 else " ".join(words)


def random_items(rng: random.Random, ticker: str, name: str, now: int, first_id: int, count: int) -> list[Item]:
    """``count`` items of one stock with ages around every limit of §6."""
    items: list[Item] = []
    for k in range(count):
        title = near_copy(rng, rng.choice(items).title) if items and rng.random() < 0.35 else random_title(rng, name)
        age = rng.choice(AGES_H) if rng.random() < 0.4 else rng.uniform(0, 180)
        published: int | None = now - round(age * HOUR)
        if rng.random() < 0.04:
            published = None
        collected = None if published is None or rng.random() < 0.3 else published + round(rng.choice((0, 0.1, 5, 60)) * HOUR)
        url = (
            f"https://News.example/{rng.randrange(6)}/?b=2&a={rng.randrange(3)}"
            if rng.random() < 0.1
            else f"https://n.example/{first_id + k}"
        )
        if rng.random() < 0.1:
            url += rng.choice(("#top", "?utm_source=x", "&fbclid=1", "/", "?UTM_medium=a&gclid=3"))
        items.append(Item(first_id + k, (ticker,), title, url, rng.choice(SOURCES), published, collected))
    return items


def as_news_item(it: Item) -> NewsItem:
    return NewsItem(it.id, it.tickers, it.title, it.url, it.source, it.published, it.collected)
