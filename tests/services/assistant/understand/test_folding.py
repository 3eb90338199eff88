"""Folded text keeps the way back to what was typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ralphstock_desktop.services.assistant.folding import fold, fold_word


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("삼성전자 ABC", "삼성전자 abc"),
        (unicodedata.normalize("NFD", "삼성전자"), "삼성전자"),
        ("ＫＴ＆Ｇ　어때", "kt&g 어때"),
        ("a\u00a0\u2003b", "a b"),
        ("삼\u200b성", "삼성"),
        ("ㅅㅅㅈㅈ", "ㅅㅅㅈㅈ"),
        ("Hynix\u2019s", "hynix's"),
        ("\u2212\uff13%", "-3%"),
        ("İstanbul", "İstanbul"),
        ("", ""),
    ],
)
def test_fold(typed: str, folded: str) -> None:
    found = fold(typed)
    assert found.text == folded
    assert len(found.text) == len(found.typed) == len(found.starts) == len(found.ends)


def test_a_span_leads_back_to_decomposed_letters() -> None:
    typed = unicodedata.normalize("NFD", "오늘 삼성전자")
    found = fold(typed)
    start, end = found.span(3, 7)
    assert unicodedata.normalize("NFC", typed[start:end]) == "삼성전자"


def test_fold_word_leaves_out_spaces() -> None:
    assert fold_word("LS  Electric") == "lselectric"


@given(st.text(max_size=40))
def test_places_ascend_and_lie_inside(typed: str) -> None:
    found = fold(typed)
    assert list(found.starts) == sorted(found.starts)
    assert all(0 <= start < end <= len(typed) for start, end in zip(found.starts, found.ends, strict=True))
    assert len(found.text) == len(found.starts)
    assert fold(typed).text == found.text


@given(st.text(alphabet=st.sampled_from("가나삼성ABC xyz09%·"), max_size=30))
def test_decomposed_text_folds_like_composed_text(typed: str) -> None:
    assert fold(unicodedata.normalize("NFD", typed)).text == fold(typed).text
