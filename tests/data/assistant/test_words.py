"""Words and ranking without a database, against cases worked by hand and a slow twin."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.news import NewsItem
from ralphstock_desktop.data.text_search import (
    MAX_TOKENS,
    MemoryNewsSearch,
    Token,
    item_words,
    known_ns,
    query_tokens,
    text_words,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("실적발표", ["실적", "적발", "발표", "표"]),
        ("금", ["금"]),
        ("SK하이닉스", ["sk", "하이", "이닉", "닉스", "스"]),
        ("HBM3E 5,000억", ["hbm3e", "5000", "억"]),
        ("2.3조·12,345.6", ["2·3", "조", "12345·6"]),
        ("v1.2.3", ["v1", "2·3"]),
        ("美 연준", ["美", "연준", "준"]),
        ("ＦＤＡ ㈜한화", ["fda", "주", "한화", "화"]),
        ("S&P500", ["s", "p500"]),
        ("Straße", ["strasse"]),
        (unicodedata.normalize("NFD", "삼성"), ["삼성", "성"]),
        ("…!? '\"*:", []),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert text_words(text) == words


def test_what_a_question_asks_for() -> None:
    assert query_tokens("실적은 FDA 금") == (Token("실적"), Token("적은"), Token("fda"), Token("금", starts=True))
    assert len(query_tokens(" ".join(f"w{n}" for n in range(100)))) == MAX_TOKENS
    assert query_tokens("' OR 1=1 --")[0] == Token("or")


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_a_text_is_found_under_every_token_asked_from_it(text: str) -> None:
    words = text_words(text)
    for token in query_tokens(text):
        assert any(word.startswith(token.text) if token.starts else word == token.text for word in words)
    for word in words:  # what both databases must take as one word
        assert not set(word) & set(" '\"*:&|!()\\") and not any(char.isascii() and not char.isalnum() for char in word)
        assert word == word.casefold() or not word.isascii()


def test_words_of_the_title_are_not_told_twice() -> None:
    assert item_words("실적", "실적 FDA") == ["t실적", "t적", "bfda"]


def test_what_stands_far_behind_in_a_title_counts_as_body() -> None:
    joined = "오늘의 소식 " + "가나다라 " * 30 + "실적 발표"
    words = item_words(joined, "본문")
    assert {"t오늘", "t소식", "t가나", "b실적", "b발표", "b본문"} <= set(words)
    assert "t실적" not in words and "b가나" not in words
    assert item_words("가" * 119 + " 실적", "")[-2:] == ["b실적", "b적"]
    assert item_words("가" * 117 + " 실적", "")[-2:] == ["t실적", "t적"]
    found = MemoryNewsSearch([item(1, joined, 9), item(2, "실적 발표", 1)]).search("실적 발표", as_of_ns=10)
    assert [(news.id, share) for news, share in found] == [(2, 1.0), (1, pytest.approx(0.5))]


@pytest.mark.parametrize(
    ("published", "collected", "known"), [(5, None, 5), (5, 3, 5), (5, 9, 9), (None, 7, 7), (None, None, None), (0, None, 0)]
)
def test_when_an_item_was_known(published: int | None, collected: int | None, known: int | None) -> None:
    assert known_ns(published, collected) == known


def item(key: int, title: str, published: int | None = 0, body: str = "", collected: int | None = None) -> NewsItem:
    return NewsItem(key, ("005930",) if key % 2 else (), title, f"u{key}", "", published, collected, body)


def test_relevance_by_hand() -> None:
    """Four items known. 실적: in 2 titles, 1 body; FDA: in 1 title. Weights ln(1 + 4/4), ln(1 + 4/2)."""
    search = MemoryNewsSearch([item(1, "실적"), item(2, "실적 FDA"), item(3, "다른 것", body="실적"), item(4, "무관")])
    common, rare = math.log(2.0), math.log(3.0)
    found = search.search("실적 fda", as_of_ns=10)
    assert [(news.id, share) for news, share in found] == [
        (2, 1.0),
        (1, pytest.approx(common / (common + rare))),
        (3, pytest.approx(0.5 * common / (common + rare))),
    ]


def test_a_sign_met_in_title_and_body_by_different_words_counts_once_as_title() -> None:
    """Three items known, each sign or word in one of them: equal weights."""
    search = MemoryNewsSearch([item(1, "금값", body="금리"), item(2, "실적"), item(3, "무관")])
    found = search.search("금 실적", as_of_ns=10)
    assert [(news.id, share) for news, share in found] == [(1, 0.5), (2, 0.5)]


def test_equal_items_newer_first_then_by_id() -> None:
    search = MemoryNewsSearch([item(9, "실적", 5), item(2, "실적", 5), item(3, "실적", 7), item(4, "실적", None, collected=6)])
    assert [news.id for news, _ in search.search("실적", as_of_ns=10)] == [3, 4, 2, 9]
    assert [news.id for news, _ in search.search("실적", as_of_ns=10, limit=2)] == [3, 4]
    assert search.search("실적", as_of_ns=10, limit=0) == ()
    assert [news.id for news, _ in search.search("실적", as_of_ns=10, ticker="005930")] == [3, 9]
    assert [news.id for news, _ in search.search("실적", as_of_ns=10, first_ns=6)] == [3, 4]


WORDS = ("실적", "실적발표", "삼성전자", "금", "금값", "FDA", "5,000억", "공급", "美")
ITEMS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(WORDS), max_size=4),
        st.lists(st.sampled_from(WORDS), max_size=2),
        st.one_of(st.none(), st.integers(0, 9)),
        st.one_of(st.none(), st.integers(0, 9)),
    ),
    max_size=12,
)


@given(ITEMS, st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=200, deadline=None)
def test_against_a_slow_twin_that_never_saw_the_future(
    rows: list[tuple[list[str], list[str], int | None, int | None]], words: list[str], as_of: int, first: int
) -> None:
    items = [
        item(key, " ".join(title), published, " ".join(body), collected)
        for key, (title, body, published, collected) in enumerate(rows, start=1)
    ]
    question = " ".join(words)
    found = MemoryNewsSearch(items).search(question, as_of_ns=as_of, first_ns=first, limit=50)
    known = [news for news in items if (at := known_ns(news.published_ns, news.collected_ns)) is not None and at <= as_of]
    assert [(news.id, share) for news, share in found] == slow(known, question, first)


def slow(known: list[NewsItem], question: str, first: int) -> list[tuple[int, float]]:
    """The ranking as the module's text says it, one item at a time."""

    def holds(text: str, token: Token) -> bool:
        return any(word.startswith(token.text) if token.starts else word == token.text for word in text_words(text))

    tokens = query_tokens(question)
    weights = []
    for token in tokens:
        places = sum(holds(news.title, token) for news in known)
        # a prefix may stand in title and body of one item by different words: then it counts in the title
        bodies = sum(holds(news.body, token) and not holds(news.title, token) for news in known)
        weights.append(math.log1p(len(known) / (1 + places + bodies)))
    result = []
    for news in known:
        share = 0.0
        for token, weight in zip(tokens, weights, strict=True):
            if holds(news.title, token):
                share += weight
            elif holds(news.body, token):
                share += 0.5 * weight
        moment = news.published_ns if news.published_ns is not None else news.collected_ns or 0
        if share > 0 and moment >= first:
            result.append((-share, -moment, news.id))
    return [(key, pytest.approx(min(1.0, -share / sum(weights)))) for share, _, key in sorted(result)]
