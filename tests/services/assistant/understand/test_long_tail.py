"""Wordings of the long tail: numbers in words, ranges, unspaced text, who bought what, the exchange's calendar, and what is
meant to stay away from the stock on screen."""

from __future__ import annotations

from datetime import date

import pytest

from ralphstock_desktop.services.assistant.dates import find_days
from ralphstock_desktop.services.assistant.exchange_days import exchange_days, span_asked
from ralphstock_desktop.services.assistant.folding import fold
from ralphstock_desktop.services.assistant.names import NameBook
from ralphstock_desktop.services.assistant.quantities import amounts_in
from ralphstock_desktop.services.assistant.understand import Understanding
from ralphstock_desktop.services.assistant_contracts import Question
from tests.services.assistant.understand.market import screen_at, small_panel

WED = date(2026, 1, 28)


def ask(understanding: Understanding, text: str) -> Question:
    return understanding.understand(text, screen=screen_at(WED, "298040"), today=WED)


@pytest.mark.parametrize(
    ("text", "value", "plain"),
    [
        ("천억 이상", 1e11, ""), ("오백억 넘는", 5e10, ""), ("만원 이하", 1e4, "원"), ("삼천오백원 미만", 3_500, "원"),
        ("십만원 되면", 1e5, "원"), ("열 배", 10, "배"), ("백만주 이상", 1e6, "주"), ("a million shares", 1e6, "shares"),
        ("half a billion won", 5e8, "won"), ("ten percent", 10, "%"), ("twice the average", 2, "x"), ("three times", 3, "x"),
    ],
)  # fmt: skip
def test_numbers_in_words(text: str, value: float, plain: str) -> None:
    (amount,) = amounts_in(text)
    assert (amount.value, amount.plain) == (value, plain)


@pytest.mark.parametrize("text", ["코스닥만 이상해", "기아만원래", "이 이상 없다", "5천만 이상", "a stock"])
def test_words_that_only_look_like_numbers(text: str) -> None:
    assert all(amount.value != 1e4 for amount in amounts_in(text))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("천억 이상 거래된 종목", "거래대금 >= 1000억"),
        ("점수 70 이상 80 미만", "총점 >= 70 그리고 총점 < 80"),
        ("주가 만원에서 2만원 사이 A등급", "현재가 >= 1만 그리고 현재가 <= 2만 그리고 등급 = A"),
        ("1만원대 A등급 종목", "현재가 >= 10000 그리고 현재가 < 20000 그리고 등급 = A"),
        ("S나 A등급 종목", "(등급 = S 또는 등급 = A)"),
        ("등락률이 -3%보다 낮은 종목", "등락률 < -3"),
        ("price between 10,000 and 20,000 won with RS over 80", "price >= 10,000 and price <= 20,000 and RS > 80"),
        ("names that doubled their average volume", "volume ratio >= 2"),
        ("volume at least 3x average and up more than 5%", "volume ratio >= 3 and change > 5"),
        ("show S and A grades", "(grade = S or grade = A)"),
    ],
)
def test_conditions(small: Understanding, text: str, line: str) -> None:
    question = ask(small, text)
    assert (question.filter_text, question.order_by, question.tickers) == (line, "", ())


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("거래량 터진 종목좀", "vol_ratio:desc"), ("smartmoney 점수 높은 순", "smartmoney:desc"), ("손익비 좋은 종목", "reward_risk:desc"),
        ("연기금이 많이 산 종목", "pension:desc"), ("어제 외국인 뭐 많이 샀어", "foreign:desc"), ("오늘 기관이 담은 종목", "institution:desc"),
        ("외국인이 3일 연속 판 종목", "foreign_streak"), ("기관 5일연속 순매수 종목", "institution_streak"), ("3일 연속 상승한 종목", "up_streak"),
        ("stocks institutions bought 3 days straight", "institution_streak"), ("best stock this month", "change:desc"),
        ("which stocks did foreigners buy most last Friday?", "foreign:desc"), ("Biggest movers by volume ratio", "vol_ratio:desc"),
        ("제일 비싼 주식", "price:desc"), ("오늘 제일 핫한 종목이 뭐야", "value:desc"), ("상한가 몇개 나왔나", "limit_up"),
    ],
)  # fmt: skip
def test_orders(small: Understanding, text: str, order: str) -> None:
    question = ask(small, text)
    assert (question.order_by, question.tickers) == (order, ())
    assert question.type != "recommendation"


@pytest.mark.parametrize(
    ("text", "tickers"),
    [
        ("삼전하닉비교", ["005930", "000660"]), ("삼바랑네이버비교", ["207940", "035420"]), ("지금들어가도될까네이버", ["035420"]),
        ("오늘급등이유에코프로", ["086520"]), ("에코프로미쳤네왜저래", ["086520"]), ("삼전ㄱㄱ", ["005930"]), ("하닉ㅇㄷ까지감", ["000660"]),
    ],
)  # fmt: skip
def test_names_in_text_without_spaces(small: Understanding, text: str, tickers: list[str]) -> None:
    assert list(ask(small, text).tickers) == tickers


@pytest.mark.parametrize("text", ["외국인수급어때", "오늘반도체대상종목", "거래대금상위종목", "관심종목대상으로"])
def test_ordinary_words_inside_others_are_no_names(small_names: NameBook, text: str) -> None:
    assert small_names.find(text) == ()


@pytest.mark.parametrize(
    "text",
    ["두산에너빌 수축 몇번째임?", "whats pushing doosan up", "What moved Foobar today?", "건설주 왜 오름", "베이스 30봉 이상", "어닝서프라이즈 낸 회사",
     "손절 당한 비율", "거래량 고갈이란게 뭐지", "UNKNOWN은 왜 나와", "내일 뭐 오를까", "Is Korea closed on Feb 17?", "지금 시세 실시간인가요",
     "S등급이 적은 이유", "시가총액 상위"],
)  # fmt: skip
def test_the_stock_on_screen_is_not_meant(small: Understanding, text: str) -> None:
    question = ask(small, text)
    assert question.tickers == () and not question.from_screen


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("작년말 주가", "2025-12-30", "2025-12-30"), ("12월 마지막날", "2025-12-30", "2025-12-30"), ("1월초 주가", "2026-01-02", "2026-01-02"),
        ("작년 하반기", "2025-07-01", "2025-12-30"), ("재작년 말", "2024-12-31", "2024-12-31"), ("연초 대비", "2026-01-02", "2026-01-28"),
        ("1월 둘째주", "2026-01-05", "2026-01-09"), ("1월 마지막 주", "2026-01-26", "2026-01-28"), ("3개월 전 대비", "2025-10-28", "2026-01-28"),
        ("12월말부터 지금까지", "2025-12-30", "2026-01-28"), ("at the end of last year", "2025-12-30", "2025-12-30"),
        ("the second half of last year", "2025-07-01", "2025-12-30"), ("versus last week", "2026-01-19", "2026-01-28"),
        ("월초 대비", "2026-01-02", "2026-01-28"), ("month to date", "2026-01-02", "2026-01-28"),
    ],
)  # fmt: skip
def test_edges_and_parts_of_spans(text: str, first: str, last: str) -> None:
    span = find_days(fold(text).text, small_panel().days, WED)
    assert span.first is not None and span.last is not None
    assert (span.first.isoformat(), span.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("내일 장 열리나요", "2026-01-29", "2026-01-29"), ("다음주 월요일 휴장?", "2026-02-02", "2026-02-02"),
        ("이번주 금요일 장 하나요", "2026-01-30", "2026-01-30"), ("3월 2일 장 여나요", "2026-03-02", "2026-03-02"),
        ("크리스마스에 장 열어?", "2026-12-25", "2026-12-25"), ("is tuesday a trading day", "2026-02-03", "2026-02-03"),
        ("is korea closed on feb 17?", "2026-02-17", "2026-02-17"), ("2월 휴장일", "2026-02-01", "2026-02-28"),
        ("february holidays", "2026-02-01", "2026-02-28"), ("다음 주에 휴장일 있나", "2026-02-02", "2026-02-08"),
        ("1월 2일 장 열렸어?", "2026-01-02", "2026-01-02"),
    ],
)  # fmt: skip
def test_days_of_the_exchange(text: str, first: str, last: str) -> None:
    assert span_asked(text, WED) == (date.fromisoformat(first), date.fromisoformat(last))


def test_no_day_of_the_exchange_is_read_out_of_other_words() -> None:
    assert span_asked("when is the next market holiday", WED) is None
    assert span_asked("다음 휴장일이 언제야", WED) is None


def test_the_exchange_is_closed_on_the_holidays_of_its_table_and_corrections() -> None:
    book = exchange_days()
    closed = [date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18), date(2026, 3, 2), date(2026, 6, 3), date(2026, 7, 17)]
    assert not any(book.is_trading_day(day) for day in [*closed, date(2026, 1, 31)])
    assert book.next(date(2026, 2, 13)) == date(2026, 2, 19)


def test_a_day_of_the_exchange_may_lie_ahead(small: Understanding) -> None:
    question = ask(small, "Is Korea closed on Feb 17?")
    assert "trading_day" in question.intents
    assert (question.first_day, question.last_day, question.future_day) == (None, None, date(2026, 2, 17))


@pytest.mark.parametrize(
    ("text", "kind", "intent"),
    [
        ("종가베팅 이거 믿을만함?", "signal", "record"), ("how has the closing bet strategy performed", "signal", "record"),
        ("조금만 더하면 A등급 되는 종목들", "signal", "near"), ("names that just missed an A", "signal", "near"),
        ("종가베팅은 언제 사고 언제 팔아?", "signal", "definition"), ("게이트 노란불이면 어떻게 하라는거야", "market", "definition"),
        ("데이터 언제까지 들어와있어", "general", "data"), ("설날에 휴장 언제부터", "general", "trading_day"),
        ("오늘 새로 매수해도 되는 날인가", "market", ""), ("Should I be trading today?", "market", ""),
        ("내일 개장하나", "general", "trading_day"), ("Data date?", "general", "data"), ("데이터 기준일", "general", "data"),
        ("장 시간", "market", ""), ("Is the market gate open?", "market", ""), ("USD KRW rate", "market", ""),
        ("점수 순으로 20개", "signal", "score"), ("PER 낮은 거", "general", ""), ("배당 많이 주는 거", "general", ""),
        ("S급이 왜 없어", "general", "screen"),
        ("피봇 근접 종목", "general", "screen"), ("조선주 점수 높은 순", "signal", "screen"), ("Is VCP worth it?", "signal", "record"),
        ("Is this worth buying?", "stock", "recommend"), ("게이트 노랑이면 비중", "market", "definition"), ("Stocks above 60 points", "general", "screen"),
    ],
)  # fmt: skip
def test_what_is_asked_for(small: Understanding, text: str, kind: str, intent: str) -> None:
    question = ask(small, text)
    assert question.type == kind and (not intent or intent in question.intents)


@pytest.mark.parametrize(
    "text", ["Alert me when Samsung Electronics hits 170000", "삼성전자 170000 넘으면 알려줘", "삼성전자 170000에 알람"]
)
def test_a_round_number_beside_a_name_is_a_price_and_no_code(small: Understanding, text: str) -> None:
    question = ask(small, text)
    assert question.tickers == ("005930",) and question.unknown_names == () and question.wants_change


def test_a_number_compared_with_a_stock_stays_a_code_that_is_not_known(small: Understanding) -> None:
    assert ask(small, "삼성전자랑 123400 비교").unknown_names == ("123400",)


def test_points_of_an_index_limit_no_score(small: Understanding) -> None:
    assert ask(small, "Kospi above 5000 points?").filter_text == ""
