"""The whole market at once and at many instants: the same numbers as stock by stock, whatever the order (domain.md §6)."""

from __future__ import annotations

import dataclasses
import random
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from news_builders import HOUR, NOW, item

from engine.model.news import NewsItem, StockNews
from engine.model.scan import ScoreStatus
from engine.news.market import NewsIndex, score_market
from engine.news.score import score_stock
from engine.thresholds import DEFAULT_RULES

TICKERS, NAMES = ("000660", "005930", "035420"), ("SK하이닉스", "삼성전자", "NAVER")
PANEL: Any = SimpleNamespace(tickers=np.array(TICKERS), names=np.array(NAMES))
TITLES = (
    "삼성전자 대규모 수주", "SK하이닉스 수주 취소", "네이버 횡령", "NAVER 상장폐지 해소", "[속보] 삼성전자 대규모 수주", "수주", "반도체 급락",
    "삼성전자 FDA 승인", "오늘의 공시 NAVER MOU",
)  # fmt: skip
ITEMS = st.lists(
    st.builds(
        item,
        st.sampled_from(TITLES),
        st.sampled_from([-30.0, -1.0, 0.0, 5.0, 24.0, 70.0, 72.5, 100.0, 168.0, 169.0, 400.0, None]),
        source=st.sampled_from(["DART", "연합뉴스", "블로그", ""]),
        url=st.sampled_from(["", "https://n.kr/1", "https://n.kr/2", "https://n.kr/1?utm_a=1", "https://n.kr/3"]),
        tickers=st.sampled_from([(), ("005930",), ("000660", "005930"), ("035420",), ("999999",)]),
        number=st.integers(0, 50),
        collected_h=st.sampled_from([-2.0, 0.0, 3.0, 80.0, None]),
    ),
    max_size=20,
)


def same(first: StockNews, second: StockNews, *, unscored: bool = True) -> None:
    for name in ("ticker", "status", "points", "veto", "clusters", *(("unscored",) if unscored else ())):
        assert getattr(first, name) == getattr(second, name), name
    np.testing.assert_equal((first.net, first.peak), (second.net, second.peak))


@settings(max_examples=150, deadline=None)
@given(ITEMS, st.booleans())
def test_the_market_is_its_stocks(items: list[NewsItem], collected: bool) -> None:
    arrays, stocks = score_market(PANEL, items, NOW, DEFAULT_RULES, collected=collected)
    index = NewsIndex(items, TICKERS, NAMES)
    again, same_stocks = index.score(NOW, DEFAULT_RULES, collected)
    assert list(stocks) == list(TICKERS)
    for row, (ticker, name) in enumerate(zip(TICKERS, NAMES, strict=True)):
        alone = score_stock(ticker, name, items, NOW, DEFAULT_RULES, collected=collected)
        same(stocks[ticker], alone, unscored=False)
        same(stocks[ticker], same_stocks[ticker])
        same(index.stock(ticker, NOW, DEFAULT_RULES, collected), alone)
        assert set(stocks[ticker].unscored) <= set(alone.unscored)
        expected = np.nan if alone.points is None else alone.points
        row_found = (arrays.points[row], arrays.net[row], arrays.peak[row], arrays.veto[row], arrays.clusters[row])
        np.testing.assert_equal(row_found, (expected, alone.net, alone.peak, alone.veto, len(alone.clusters)))
        assert arrays.status[row] == (ScoreStatus.OK if collected else ScoreStatus.MISSING)
    np.testing.assert_equal(arrays.points, again.points)
    assert arrays.ruleset == DEFAULT_RULES.ruleset_id


@settings(max_examples=300, deadline=None)
@given(ITEMS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(items: list[NewsItem], rng: random.Random) -> None:
    shuffled = list(items)
    rng.shuffle(shuffled)
    first, second = (
        score_market(PANEL, given_items, NOW, DEFAULT_RULES, collected=True)[1] for given_items in (items, shuffled)
    )
    for ticker in TICKERS:
        assert first[ticker].clusters == second[ticker].clusters
        assert first[ticker].net == second[ticker].net


@settings(deadline=None)
@given(ITEMS, st.data())
def test_mutating_what_is_known_later_changes_nothing(items: list[NewsItem], data: st.DataObject) -> None:
    def is_later(entry: NewsItem) -> bool:
        known = entry.known_at_ns if entry.published_ns is not None else entry.collected_ns
        return known is None or known > NOW

    mutated = [
        dataclasses.replace(entry, title=data.draw(st.sampled_from(TITLES)), tickers=TICKERS, source="DART")
        if is_later(entry)
        else entry
        for entry in items
    ]
    first, second = (
        score_market(PANEL, given_items, NOW, DEFAULT_RULES, collected=True)[1] for given_items in (items, mutated)
    )
    for ticker in TICKERS:
        same(first[ticker], second[ticker])


@settings(deadline=None)
@given(ITEMS, ITEMS)
def test_items_of_another_stock_change_nothing(items: list[NewsItem], others: list[NewsItem]) -> None:
    others = [dataclasses.replace(entry, tickers=("035420",)) for entry in others]
    first, second = (
        score_market(PANEL, given_items, NOW, DEFAULT_RULES, collected=True)[1] for given_items in (items, items + others)
    )
    for ticker in ("000660", "005930"):
        same(first[ticker], second[ticker])


def test_looking_from_other_instants_and_back() -> None:
    items = [item("삼성전자 수주", age, number=n, url=f"https://n.kr/{n}") for n, age in enumerate((1, 100, 200, 300))]
    index = NewsIndex(items, TICKERS, NAMES)
    counts = []
    for back_h in (0, 120, 250, 0):
        found = index.score(NOW - back_h * HOUR, DEFAULT_RULES, True)[1]["005930"]
        same(
            found, score_stock("005930", "삼성전자", items, NOW - back_h * HOUR, DEFAULT_RULES, collected=True), unscored=False
        )
        counts.append(len(found.clusters))
    # now: 1 h and 100 h old; 120 h ago: 80 h old (and 180 h: too old); 250 h ago: 50 h old
    assert counts == [2, 1, 1, 2]


def test_other_rules_are_not_answered_from_memory() -> None:
    index = NewsIndex([item("삼성전자 수주", 1, source="DART")], TICKERS, NAMES)
    changed = DEFAULT_RULES.replace({"news.clear_points": 1.0})
    nets = [index.score(NOW, rules, True)[0].net[1] for rules in (DEFAULT_RULES, changed, DEFAULT_RULES)]
    assert nets == [2.0, 1.0, 2.0]
    for step in range(1, 9):  # more rule sets than are kept
        assert index.score(NOW, DEFAULT_RULES.replace({"news.clear_points": step * 0.5}), True)[0].net[1] == step * 0.5


def test_an_empty_market() -> None:
    arrays, stocks = NewsIndex([], (), ()).score(NOW, DEFAULT_RULES, True)
    assert (arrays.points.shape, stocks) == ((0,), {})
