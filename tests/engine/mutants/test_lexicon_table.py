"""Every word of the tables of domain.md §§6.3, 6.4, copied from there: taking one out of the rules is noticed."""

from __future__ import annotations

import pytest

from engine.model.news import NewsItem
from engine.news.lexicon import lexicon_of
from engine.news.text import normalise_title
from engine.news.weights import weights_of
from engine.thresholds import DEFAULT_RULES

NEWS = DEFAULT_RULES.news
JUDGE = lexicon_of(NEWS).judge

DECISIVE = "대규모수주 대규모공급계약 흑자전환 어닝서프라이즈 사상최대 역대최대 FDA승인 품목허가 기술수출 기술이전 공개매수 경영권분쟁 무상증자 자사주소각"
CLEAR = "수주 공급계약 납품계약 실적개선 호실적 목표가상향 목표주가상향 자사주매입 자사주취득 양산 임상성공 임상3상 국책과제 배당확대 특허취득 인수합병"
WEAK = "MOU 업무협약 수혜 테마 기대감 외국인매수 기관매수 순매수 신제품 강세 급등"
MILD = "목표가하향 목표주가하향 실적부진 어닝쇼크 적자전환 적자확대 매출감소 실적악화 대량매도 공매도급증 외국인매도 약세 급락 리콜 소송"
SEVERE = "횡령 배임 분식회계 상장폐지 관리종목 감사의견거절 의견거절 자본잠식 부도 파산 회생절차 법정관리 거래정지 유상증자 불성실공시 압수수색 구속 기소 구속기소 검찰기소"
CLEARING = "무혐의 사실무근 해소 무죄 기각 탈피 해제 벗어나 철회"
CANCELLING = "취소 해지 철회 무산 불발 반려 실패"
AT_START = set("양산 부도 파산 구속 기소 무죄 기각 무산".split())
"""Marked ° in the book: only at the start of a word."""


@pytest.mark.parametrize(
    ("word", "points"),
    [
        *((word, 3.0) for word in DECISIVE.split()), *((word, 2.0) for word in CLEAR.split()),
        *((word, 1.0) for word in WEAK.split()), *((word, -1.0) for word in MILD.split()),
        *((word, -3.0) for word in SEVERE.split()),
    ],
)  # fmt: skip
def test_each_word_earns_what_the_book_says(word: str, points: float) -> None:
    verdict = JUDGE(f"모음전자 {word}")
    assert (verdict.points, verdict.is_severe) == (points, points == -3.0)
    inside = JUDGE(f"모음전자 전격{word}")
    # inside a word a marked term counts for nothing; 구속기소 and the like are found anywhere
    assert inside.points == (0.0 if word in AT_START else points)


@pytest.mark.parametrize("word", CLEARING.split())
def test_each_clearing_word_turns_a_severe_one(word: str) -> None:
    verdict = JUDGE(f"모음전자 횡령 {word}")
    assert (verdict.points, verdict.is_severe) == (1.0, False)


@pytest.mark.parametrize("word", CANCELLING.split())
def test_each_cancelling_word_turns_a_good_one(word: str) -> None:
    assert JUDGE(f"모음전자 공급계약 {word}").points == -2.0


@pytest.mark.parametrize("title", ["모음전자 우수주주 우대", "경남 양산시 모음전자"])
def test_deleted_sequences_are_no_words(title: str) -> None:
    # 우수주주 holds 수주, 양산시 begins with 양산
    assert JUDGE(title).points == 0.0


@pytest.mark.parametrize(
    ("source", "weight"),
    [
        ("DART", 1.0), ("KIND", 1.0),
        *((name, 0.9) for name in "연합뉴스 뉴시스 뉴스1 한국경제 매일경제 서울경제 머니투데이 이데일리 파이낸셜뉴스".split()),
        ("어느신문", 0.5), ("", 0.5), ("블로그", None), ("커뮤니티", None),
    ],
)  # fmt: skip
def test_each_source_weighs_what_the_book_says(source: str, weight: float | None) -> None:
    assert weights_of(NEWS).source(source) == weight


@pytest.mark.parametrize("word", "마감시황 장마감 오늘의 주간 TOP 순매수상위 특징주모음".split())
def test_each_round_up_counts_half_even_with_the_name(word: str) -> None:
    def relevance(title: str) -> float:
        item = NewsItem(1, ("000010",), title, "", "DART", 0, 0)
        return weights_of(NEWS).relevance(item, normalise_title(title), "모음전자")

    assert relevance(f"모음전자 {word}") == 0.5
    assert relevance("모음전자 소식") == 1.0
    assert relevance("다른회사 소식") == 0.5
