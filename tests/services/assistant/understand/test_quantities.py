"""Numbers, limits, grades and filter lines."""

from __future__ import annotations

import pytest

from ralphstock_desktop.services.assistant.filters import filter_line, find_conditions
from ralphstock_desktop.services.assistant.folding import fold
from ralphstock_desktop.services.assistant.quantities import amounts_in, find_grades, find_limit
from ralphstock_desktop.ui.models.filter_language import parse_filter
from ralphstock_desktop.ui.viewmodels.filter_words import scan_vocabulary
from ralphstock_desktop.wording.texts import Language


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("거래대금 10억 이상", [1e9]),
        ("1조 2,000억", [1.2e12]),
        ("7만원", [70_000.0]),
        ("17만 5천원", [175_000.0]),
        ("1,234.5원", [1234.5]),
        ("rs 80, 총점 65.5", [80.0, 65.5]),
        ("3% 넘게", [3.0]),
        ("100 billion won", [1e11]),
        ("50bn and 2.5m", [5e10, 2.5e6]),
        ("-3% 이하", [-3.0]),
        ("s&p500", []),
        ("없음", []),
    ],
)
def test_amounts(text: str, values: list[float]) -> None:
    assert [amount.value for amount in amounts_in(fold(text).text)] == pytest.approx(values)


def test_places_that_are_taken_hold_no_amounts() -> None:
    assert [amount.value for amount in amounts_in("2월 6일 rs 80", [(0, 6)])] == [80.0]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5개만 추천해줘", 5), ("top 10", 10), ("상위 3개", 3), ("세 종목", 3), ("종목 두 개만", 2), ("give me three picks", 3), ("10종목 보여줘", 10),
        ("뉴스 5개", 5), ("best five stocks", 5), ("한 항목 모자란", None), ("3개월", None), ("최근 5일", None), ("rs 80 이상", None),
        ("one item short", None), ("top 5%", None), ("last 3 days", None), ("하나 빼고", None), ("하나만 골라줘", 1), ("딱 하나만", 1), ("하나만 모자란", None),
    ],
)  # fmt: skip
def test_limit(text: str, limit: int | None) -> None:
    assert find_limit(text) == limit


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("s급만", ("S",)), ("a등급", ("A",)), ("a 등급 승률", ("A",)), ("등급 b", ("B",)), ("grade a", ("A",)), ("s or a grades", ("S", "A")),
        ("s급이랑 a급", ("S", "A")), ("a-rated", ("A",)), ("f&b급", ()), ("class a", ()), ("급등", ()), ("a stock", ()),
    ],
)  # fmt: skip
def test_grades(text: str, grades: tuple[str, ...]) -> None:
    assert find_grades(text) == grades


LINES: list[tuple[str, Language, str]] = [
    ("RS 80 이상 종목", "ko", "RS >= 80"),
    ("RS가 80을 넘는 종목", "ko", "RS > 80"),
    ("상대강도 90 초과", "ko", "RS > 90"),
    ("총점 50 미만", "ko", "총점 < 50"),
    ("수급 점수 60 이상", "ko", "수급 >= 60"),
    ("거래대금 10억 이상", "ko", "거래대금 >= 10억"),
    ("100억 이상 거래된 종목", "ko", "거래대금 >= 100억"),
    ("1만원 이하 종목", "ko", "현재가 <= 1만"),
    ("거래량 2배 이상 터진", "ko", "거래량비 >= 2"),
    ("거래량 100만주 이상", "ko", "거래량 >= 100만"),
    ("피봇 3% 이내", "ko", "(피봇까지 >= -3 그리고 피봇까지 <= 3)"),
    ("5% 이상 오른 종목", "ko", "등락률 >= 5"),
    ("3% 넘게 빠진 종목", "ko", "등락률 < -3"),
    ("3% 넘게 떨어진", "ko", "등락률 < -3"),
    ("외국인 순매수 종목", "ko", "외국인 > 0"),
    ("기관 순매도 종목", "ko", "기관 < 0"),
    ("외국인 100억 이상 순매수", "ko", "외국인 >= 100억"),
    ("외국인 50억 이상 순매도한 종목", "ko", "외국인 <= -50억"),
    ("외국인은 팔고 기관은 산 종목", "ko", "외국인 < 0 그리고 기관 > 0"),
    ("쌍끌이 종목", "ko", "외국인 > 0 그리고 기관 > 0"),
    ("A등급 이상", "ko", "등급 >= A"),
    ("S급 종목", "ko", "등급 = S"),
    ("S급이나 A급", "ko", "(등급 = S 또는 등급 = A)"),
    ("돌파한 반도체 종목", "ko", "상태 = 돌파 그리고 업종 ~ 반도체"),
    ("피봇 근접 종목", "ko", "상태 = 피봇근접"),
    ("코스닥 RS 90 이상", "ko", "시장 = 코스닥 그리고 RS >= 90"),
    ("반도체 빼고 RS 80 이상", "ko", "제외 업종 ~ 반도체 그리고 RS >= 80"),
    ("RS 80 이상이거나 총점 70 이상", "ko", "RS >= 80 또는 총점 >= 70"),
    ("손익비 2 이상", "ko", "손익비 >= 2"),
    ("수축 3번 이상", "ko", "수축횟수 >= 3"),
    ("RS >= 80", "ko", "RS >= 80"),
    ("stocks with RS above 80", "en", "RS > 80"),
    ("RS of 80 or more", "en", "RS >= 80"),
    ("RS at least 80", "en", "RS >= 80"),
    ("score under 50", "en", "total < 50"),
    ("turnover over 100 billion won", "en", "value > 100bn"),
    ("volume ratio above 1.5", "en", "volume ratio > 1.5"),
    ("up more than 5%", "en", "change > 5"),
    ("down more than 3%", "en", "change < -3"),
    ("within 3% of the pivot", "en", "(distance >= -3 and distance <= 3)"),
    ("net foreign buying", "en", "foreign > 0"),
    ("foreigners selling, institutions buying", "en", "foreign < 0 and institution > 0"),
    ("grade A or better", "en", "grade >= A"),
    ("kosdaq chip stocks", "en", "market = kosdaq and sector ~ 반도체"),
    ("breakouts", "en", "state = breakout"),
    ("RS over 80 or score over 70", "en", "RS > 80 or total > 70"),
    ("안녕하세요", "ko", ""),
    ("삼성전자 어때", "ko", ""),
]


@pytest.mark.parametrize(("text", "language", "line"), LINES, ids=[text for text, _, _ in LINES])
def test_filter_line(text: str, language: Language, line: str) -> None:
    folded = fold(text).text
    assert filter_line(folded, find_conditions(folded, amounts_in(folded)), language) == line


@pytest.mark.parametrize("line", sorted({line for _, _, line in LINES}))
def test_the_table_can_read_every_line(line: str) -> None:
    parse_filter(line, scan_vocabulary())


def test_both_languages_of_every_condition_can_be_read() -> None:
    texts = [text for text, _, _ in LINES]
    texts += [
        "평균 거래대금 30억 이상", "고갈비 0.5 이하", "52주 위치 80 이상", "마지막 낙폭 10 이하", "산출 범위 70 이상", "베이스 길이 20 이상",
        "체결강도 120 이상", "vcp 점수 60 이상", "현재가 5만원 이상", "돌파 미확인 종목", "추격 금지", "형성 중", "조선주", "방산주", "은행주",
        "바이오주", "게임주", "화장품", "음식료", "기계주", "에너지주", "지주사", "급락 종목", "급등주", "코스피",
    ]  # fmt: skip
    for text in texts:
        folded = fold(text).text
        conditions = find_conditions(folded, amounts_in(folded))
        assert conditions or text in ("안녕하세요", "삼성전자 어때"), text
        for language in ("ko", "en"):
            parse_filter(filter_line(folded, conditions, language), scan_vocabulary())  # type: ignore[arg-type]
