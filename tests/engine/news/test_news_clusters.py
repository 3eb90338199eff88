"""Golden cases and properties of clustering (domain.md §6.2)."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from news_builders import HOUR, item

from engine.model.news import NewsItem
from engine.news.clusters import cluster_items, time_order
from engine.news.text import canonical_url, similarity
from engine.thresholds import DEFAULT_RULES

WIRE = "삼성전자, 美 기업과 대규모 공급계약 체결"


def titles(clusters: list[tuple[NewsItem, ...]]) -> list[list[str]]:
    return [[entry.title for entry in cluster] for cluster in clusters]


def test_three_rewrites_of_a_wire_story_are_one() -> None:
    rewrites = [WIRE, "[속보] 삼성전자, 美 기업과 대규모 공급계약 체결", "삼성전자 美 기업과 대규모 공급계약 체결했다"]
    clusters = cluster_items(
        [item(title, age, number=n) for n, (title, age) in enumerate(zip(rewrites, (1, 3, 2), strict=True))], DEFAULT_RULES
    )
    assert titles(clusters) == [[rewrites[1], rewrites[2], rewrites[0]]]  # the earliest represents it


def test_similarity_of_exactly_the_limit_joins() -> None:
    # 가나다라마바: 4 grams; with 사 more: 5 grams, of which 4 shared: 0.8. 가나다라마 (3 grams) against 가나다라마바사 (5): 3/5 = 0.60
    assert similarity("가나다라마", "가나다라마바사") == 0.6
    assert len(cluster_items([item("가나다라마", 2), item("가나다라마바사", 1)], DEFAULT_RULES)) == 1
    # 가나다라 (2) against 가나다라마바 (4): 2/4
    assert len(cluster_items([item("가나다라", 2), item("가나다라마바", 1)], DEFAULT_RULES)) == 2


def test_same_page_by_another_title_and_with_tracking() -> None:
    pair = [item("가", 2, url="https://N.kr/a?utm_source=x&id=1"), item("전혀 다른 제목", 1, url="https://n.kr/a/?id=1#c")]
    assert len(cluster_items(pair, DEFAULT_RULES)) == 1
    assert len(cluster_items([pair[0], item("전혀 다른 제목", 1, url="https://n.kr/a?id=2")], DEFAULT_RULES)) == 2


def test_items_without_an_address_are_not_the_same_page() -> None:
    assert len(cluster_items([item("가나다", 2, url=""), item("라마바", 1, url="")], DEFAULT_RULES)) == 2


def test_window_of_72_hours_from_the_representative() -> None:
    assert len(cluster_items([item(WIRE, 73), item(WIRE, 1)], DEFAULT_RULES)) == 1  # exactly 72 h apart
    assert len(cluster_items([item(WIRE, 73, seconds=1), item(WIRE, 1)], DEFAULT_RULES)) == 2
    # a chain does not stretch it: 80 h is more than 72 h from the representative, although 40 h from its neighbour
    chain = [item(WIRE, 81, number=1), item(WIRE, 41, number=2), item(WIRE, 1, number=3)]
    assert [len(cluster) for cluster in cluster_items(chain, DEFAULT_RULES)] == [2, 1]


def test_the_first_earlier_cluster_wins() -> None:
    # c is like a (6 of 8 grams) and more like b (7 of 8), and joins a
    a, b, c = "가나다라마바사아", "다라마바사아자차", "가나다라마바사아자차"
    assert similarity(a, c) == 6 / 8
    assert similarity(b, c) == 6 / 8
    assert similarity(a, b) == 4 / 8
    assert titles(cluster_items([item(c, 1), item(b, 2), item(a, 3)], DEFAULT_RULES)) == [[a, c], [b]]


def test_equal_times_are_ordered_by_address() -> None:
    pair = [item(WIRE, 1, url="https://n.kr/b", source="나"), item(WIRE, 1, url="https://n.kr/a", source="가")]
    assert cluster_items(pair, DEFAULT_RULES)[0][0].source == "가"


def test_short_and_empty_titles() -> None:
    assert len(cluster_items([item("수주", 2, number=1), item("[속보] 수주", 1, number=2)], DEFAULT_RULES)) == 1
    assert len(cluster_items([item("[속보]", 2, number=1), item("[단독]", 1, number=2)], DEFAULT_RULES)) == 2


def test_items_without_a_publication_time_are_left_out() -> None:
    assert cluster_items([item(WIRE, None, collected_h=1)], DEFAULT_RULES) == []
    assert cluster_items([], DEFAULT_RULES) == []


def plainly(items: list[NewsItem]) -> list[list[NewsItem]]:
    """The rule as it is written, without any short cut."""
    clusters: list[list[NewsItem]] = []
    for entry in sorted((i for i in items if i.published_ns is not None), key=time_order):
        for cluster in clusters:
            first = cluster[0]
            near = (entry.published_ns or 0) - (first.published_ns or 0) <= 72 * HOUR
            same = bool(entry.url) and canonical_url(entry.url) == canonical_url(first.url)
            if near and (same or similarity(entry.title, first.title) >= 0.60 - 1e-9):
                cluster.append(entry)
                break
        else:
            clusters.append([entry])
    return clusters


WORDS = ["삼성전자", "수주", "공급계약", "급등", "MOU", "[속보]", "체결", "美", "3조", "가", ""]
ITEMS = st.lists(
    st.builds(
        item,
        st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
        st.sampled_from([1.0, 20.0, 50.0, 73.0, 90.0, 150.0]),
        url=st.sampled_from(["", "https://n.kr/a", "https://n.kr/a?utm_x=1", "https://n.kr/b", "https://n.kr/c"]),
        number=st.integers(0, 99),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(ITEMS)
def test_agrees_with_the_rule_written_plainly(items: list[NewsItem]) -> None:
    assert cluster_items(items, DEFAULT_RULES) == [tuple(cluster) for cluster in plainly(items)]


@settings(deadline=None)
@given(ITEMS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(items: list[NewsItem], rng: random.Random) -> None:
    shuffled = list(items)
    rng.shuffle(shuffled)
    assert cluster_items(shuffled, DEFAULT_RULES) == cluster_items(items, DEFAULT_RULES)
