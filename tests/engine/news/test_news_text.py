"""Golden cases of normalising, addresses and similarity (domain.md §6.2, App. C)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.news.text import canonical_url, map_title, normalise_title, similarity, title_grams


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("[특징주] 삼성전자, 3%↑ 'HBM' 양산", "삼성전자3HBM양산"),
        ("(종합) A사 <단독> 수주【속보】", "A사수주"),
        ("sk하이닉스 mou 체결", "SK하이닉스MOU체결"),
        ("수[속보]주", "수주"),
        ("[속보]", ""),
        ("괄호 (열림 그대로", "괄호열림그대로"),
        ("日 반도체 ㈜가나 50ｍ", "반도체가나50"),  # Hanja, the sign ㈜ and a wide m are none of the three
        (unicodedata.normalize("NFD", "양산 개시"), "양산개시"),
    ],
)
def test_normalised_title(title: str, expected: str) -> None:
    assert normalise_title(title) == expected
    assert map_title(title).text == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://News.Example.COM/A/1?utm_source=x&utm_medium=y", "https://news.example.com/A/1"),
        ("https://n.kr/a?b=2&a=1#top", "https://n.kr/a?a=1&b=2"),
        ("https://n.kr/a/?fbclid=1&GCLID=2&id=7", "https://n.kr/a?id=7"),
        ("https://n.kr/a?id=7&utm_campaign=spring", "https://n.kr/a?id=7"),
        ("https://n.kr/", "https://n.kr"),
        ("https://n.kr?x", "https://n.kr?x="),
        ("https://n.kr/a#frag?not=query", "https://n.kr/a"),
        ("https://n.kr/Pfad?Q=A", "https://n.kr/Pfad?Q=A"),  # path and values keep their case
        ("https://n.kr/a?utmost=1", "https://n.kr/a?utmost=1"),  # utm_ is meant, not every utm
        ("  dart:20260128000123 ", "dart:20260128000123"),
        ("", ""),
        ("https://", "https://"),
    ],
)
def test_canonical_url(url: str, expected: str) -> None:
    assert canonical_url(url) == expected
    assert canonical_url(canonical_url(url)) == expected


def test_canonical_url_agrees_with_what_the_store_keeps() -> None:
    stored = pytest.importorskip("ralphstock_desktop.data.news_writes").canonical_url
    for url in (
        "https://N.kr/a/?b=2&a=1&utm_x=3#f",
        "http://www.k.co.kr/view?no=1&gclid=9",
        "dart:2026",
        "https://k.kr/a-b_c/",
    ):
        assert canonical_url(url) == stored(url)


def test_similarity_by_hand() -> None:
    # ABCDE: ABC BCD CDE; ABCDF: ABC BCD CDF; shared 2 of 4
    assert similarity("abcde", "ABCDF") == pytest.approx(2 / 4)
    assert similarity("수주", "[속보] 수주") == 1.0  # two characters: the whole title is the only gram
    assert similarity("수주", "수주함") == 0.0  # {수주} against {수주함}
    assert similarity("[속보]", "[단독]") == 0.0  # nothing is left of either: they say nothing about each other
    assert title_grams("가나") == {"가나"}
    assert title_grams("") == frozenset()


@given(st.text(max_size=40))
def test_every_kept_character_knows_its_place(title: str) -> None:
    mapped = map_title(title)
    assert mapped.text == normalise_title(title)
    for char, start, end in zip(mapped.text, mapped.starts, mapped.ends, strict=True):
        assert char in unicodedata.normalize("NFC", title[start:end]).upper()
    assert list(mapped.starts) == sorted(mapped.starts)


@given(st.text(alphabet="가각힣AB3 []()", max_size=30))
def test_places_survive_decomposition(title: str) -> None:
    split = unicodedata.normalize("NFD", title)
    for char, start, end in zip(*[getattr(map_title(split), n) for n in ("text", "starts", "ends")], strict=True):
        assert unicodedata.normalize("NFC", split[start:end]).upper() == char


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_is_symmetric_and_bounded(first: str, second: str) -> None:
    assert similarity(first, second) == similarity(second, first)
    assert 0.0 <= similarity(first, second) <= 1.0
