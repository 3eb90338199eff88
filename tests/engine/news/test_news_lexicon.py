"""Golden cases of the rule lexicon (domain.md §6.3), each read by hand."""

from __future__ import annotations

import dataclasses
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.news import TermClass
from engine.news.lexicon import judge_title
from engine.thresholds import DEFAULT_RULES, Rules

CASES: list[tuple[str, float, tuple[str, ...]]] = [
    # one class at a time
    ("A사, 2분기 흑자전환", 3, ("흑자전환",)),
    ("A사 무상증자 결정", 3, ("무상증자",)),
    ("FDA 승인 받은 A사", 3, ("FDA승인",)),
    ("A사, 미국에서 수주", 2, ("수주",)),
    ("A사 임상 3상 진입", 2, ("임상3상",)),
    ("A사 mou 체결", 1, ("MOU",)),
    ("A사 5% 급등", 1, ("급등",)),
    ("A사 어닝쇼크", -1, ("어닝쇼크",)),
    ("A사 대표 횡령 혐의", -3, ("횡령",)),
    ("A사 주주총회 소집", 0, ()),
    ("", 0, ()),
    ("수주", 2, ("수주",)),  # a title of two characters
    # the highest positive counts once, a mild bad one takes 1 off
    ("A사, 대규모 수주로 급등", 3, ("대규모수주",)),
    ("A사 수주에도 급락", 1, ("수주", "급락")),  # 2 − 1
    ("A사 급등 뒤 급락", 0, ("급등", "급락")),  # 1 − 1
    ("A사 소송에 리콜", -1, ("소송", "리콜")),  # −1 once
    # severe, and cleared
    ("A사 대규모 수주 뒤 상장폐지", -3, ("상장폐지",)),
    ("A사 상장폐지 사유 해소", 1, ("상장폐지", "해소")),
    ("A사 관리종목 탈피", 1, ("관리종목", "탈피")),
    ("A사 거래정지 해제", 1, ("거래정지", "해제")),
    ("A사 유상증자 철회", 1, ("유상증자", "철회")),
    ("A사 횡령 무혐의", 1, ("횡령", "무혐의")),
    ("A사 횡령설 사실무근", 1, ("횡령", "사실무근")),
    ("A사 대표 배임 1심 무죄", 1, ("배임", "무죄")),
    ("A사 횡령 유무죄 다툼", -3, ("횡령",)),  # 무죄° begins no word here
    ("A사 유상증자 취소", -3, ("유상증자",)),  # 취소 cancels good news, it clears nothing
    ("A사 감사의견 거절", -3, ("감사의견거절",)),  # the shorter 의견거절 inside is not shown again
    # cancelled
    ("A사 수주 취소", -2, ("수주", "취소")),
    ("A사 공급계약 해지", -2, ("공급계약", "해지")),
    ("A사 MOU 불발", -2, ("MOU", "불발")),
    ("A사 공개매수 철회", -2, ("공개매수", "철회")),
    ("A사 인수합병 무산", -2, ("인수합병", "무산")),
    ("A사 수주 다무산성", 2, ("수주",)),  # 무산° begins no word here
    ("A사 수주 취소에 급락", -2, ("수주", "취소")),  # first match: the mild bad word adds nothing
    ("A사 소송 취소", -1, ("소송",)),  # nothing good to cancel
    # words inside other words
    ("A사, 전기소재 신사업", 0, ()),
    ("A사 대표의 자기소개", 0, ()),
    ("A사 대표 기소", -3, ("기소",)),
    ("A사 대표 불구속기소", -3, ("구속기소",)),
    ("A사 대표(52)구속", -3, ("구속",)),  # a word ends where a bracket was
    ("A사 부 도약의 해", 0, ()),  # 부도° does not reach over a space
    ("A사 부도 위기", -3, ("부도",)),
    ("A사 우수주주 우대", 0, ()),
    ("A사 우수 주주 우대", 0, ()),
    ("A사 우수주주 행사, 대형 수주", 2, ("수주",)),
    ("A사, 양산시에 새 공장", 0, ()),
    ("A사, 양산시 공장서 양산", 2, ("양산",)),
    ("A사 배터리 양산 시작", 2, ("양산",)),  # 양산 is a word of its own, the town is not meant
    ("A사 재양산", 0, ()),
    # brackets
    ("[수주] A사 소식", 0, ()),
    ("A사 공급[단독]계약", 2, ("공급계약",)),
    ("A사 공급 · 계약", 2, ("공급계약",)),
]


@pytest.mark.parametrize(("title", "points", "terms"), CASES, ids=[case[0] or "empty" for case in CASES])
def test_points_and_deciding_words(title: str, points: float, terms: tuple[str, ...]) -> None:
    found, hits = judge_title(title, DEFAULT_RULES)
    assert found == points
    assert tuple(hit.term for hit in hits) == terms


def test_every_term_of_the_law_scores_alone() -> None:
    news = DEFAULT_RULES.news
    for group, points in ((news.decisive, 3), (news.clear, 2), (news.weak, 1), (news.mild_bad, -1), (news.severe, -3)):
        for term in group:
            assert judge_title(f"가나 {term.rstrip('°')}", DEFAULT_RULES)[0] == points, term
    for term in news.clearing:
        assert judge_title(f"횡령 {term.rstrip('°')}", DEFAULT_RULES)[0] == 1, term
    for term in news.cancelling:
        assert judge_title(f"수주 {term.rstrip('°')}", DEFAULT_RULES)[0] == -2, term


def test_terms_of_the_start_of_words_do_not_count_inside() -> None:
    news = DEFAULT_RULES.news
    for term in (*news.clear, *news.severe):
        if term.endswith("°"):
            assert judge_title(f"가{term[:-1]}", DEFAULT_RULES) == (0.0, ()), term


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("[속보] A사, 공급 [단독]계약!", ["공급 [단독]계약"]),  # over a space and a bracket
        ("A사 대규모(3조) 수주", ["대규모(3조) 수주"]),
        ("A사 상장 폐지 사유 해소", ["상장 폐지", "해소"]),
        ("수주, 또 수주", ["수주", "수주"]),
        ("A사 mou", ["mou"]),
        ("대규우수주주모수주", ["대규우수주주모수주"]),  # what is deleted between two halves is inside the span
    ],
)
def test_spans_point_into_the_original_title(title: str, shown: list[str]) -> None:
    hits = judge_title(title, DEFAULT_RULES)[1]
    assert [title[hit.start : hit.end] for hit in hits] == shown


def test_spans_in_a_decomposed_title() -> None:
    title = unicodedata.normalize("NFD", "가나 [속보] 수 주")
    (hit,) = judge_title(title, DEFAULT_RULES)[1]
    assert unicodedata.normalize("NFC", title[hit.start : hit.end]) == "수 주"


def test_classes_of_hits() -> None:
    hits = judge_title("A사 상장폐지 해소", DEFAULT_RULES)[1]
    assert [hit.term_class for hit in hits] == [TermClass.SEVERE, TermClass.CLEARING]
    hits = judge_title("A사 신제품 수주 취소", DEFAULT_RULES)[1]
    assert [hit.term_class for hit in hits] == [TermClass.WEAK, TermClass.CLEAR, TermClass.CANCELLING]


def test_points_and_words_come_from_the_rules() -> None:
    news = dataclasses.replace(
        DEFAULT_RULES.news, clear=("수출계약",), clear_points=1.5, mild_bad_points=-0.5, deleted=(), severe=()
    )
    rules: Rules = dataclasses.replace(DEFAULT_RULES, news=news)
    assert judge_title("A사 수출 계약", rules)[0] == 1.5
    assert judge_title("A사 수주", rules) == (0.0, ())
    assert judge_title("A사 수출계약에도 급락", rules)[0] == 1.0
    assert judge_title("A사 횡령", rules) == (0.0, ())


@given(st.lists(st.sampled_from([c[0] for c in CASES] + ["[속보]", "우수주주", "양산시", "기소"]), max_size=4).map(" ".join))
def test_hits_lie_inside_and_spell_their_term(title: str) -> None:
    from engine.news.text import normalise_title

    points, hits = judge_title(title, DEFAULT_RULES)
    assert points in {-3, -2, -1, 0, 1, 2, 3}
    for hit in hits:
        inside = normalise_title(title[hit.start : hit.end])
        for gone in DEFAULT_RULES.news.deleted:
            inside = inside.replace(gone, "")
        assert inside == hit.term
