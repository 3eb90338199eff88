"""Questions that lean on the one before: places in the last list, parts changed, lists made longer, turned round or narrowed; and
changes of the subject, which carry nothing on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ralphstock_desktop.services.assistant.following import FollowUps
from ralphstock_desktop.services.assistant.names import NameBook
from ralphstock_desktop.services.assistant_contracts import Question
from tests.services.assistant.understand.market import screen_at, small_panel

DAY = date(2026, 1, 28)
SAMSUNG, HYNIX, HYOSUNG, KAKAO, NAVER, HYUNDAI, SDI = "005930", "000660", "298040", "035720", "035420", "005380", "006400"
LISTED = (HYNIX, SAMSUNG, KAKAO, NAVER, HYUNDAI)


@pytest.fixture(scope="module")
def talk(small_names: NameBook) -> FollowUps:
    return FollowUps(small_names, small_panel().days)


def ask(talk: FollowUps, *texts: str, listed: tuple[str, ...] = (), day: date = DAY) -> Question:
    """Ask in one conversation, every list of which is ``listed``; the last question as understood."""
    question = None
    for text in texts:
        before = None if question is None else replace(question, listed=listed)
        question = talk.understand(text, screen=screen_at(day, HYOSUNG), today=day, previous=before)
    assert question is not None
    return question


@pytest.mark.parametrize(
    ("text", "tickers", "intent"),
    [
        ("두 번째 거 수급은?", (SAMSUNG,), "flow"), ("2번 왜 올랐어?", (SAMSUNG,), "why"), ("맨 위 종목 뉴스", (HYNIX,), "news"),
        ("그중 1등 차트 보여줘", (HYNIX,), "chart"), ("마지막 거 왜 그래?", (HYUNDAI,), "why"), ("3위 종목 왜 올랐어", (KAKAO,), "why"),
        ("첫 번째랑 두 번째 비교해줘", (HYNIX, SAMSUNG), "compare"), ("1등이랑 꼴등 비교", (HYNIX, HYUNDAI), "compare"),
        ("flows of the second one?", (SAMSUNG,), "flow"), ("why is the first one up?", (HYNIX,), "why"),
        ("compare the first two", (HYNIX, SAMSUNG), "compare"), ("the top one's news", (HYNIX,), "news"),
        ("flows of number 4", (NAVER,), "flow"), ("news of the last two", (NAVER, HYUNDAI), "news"),
    ],
)  # fmt: skip
def test_places_of_the_last_list(talk: FollowUps, text: str, tickers: tuple[str, ...], intent: str) -> None:
    question = ask(talk, "거래대금 상위 5개", text, listed=LISTED)
    assert (question.tickers, question.type, question.from_screen) == (tickers, "stock", False)
    assert intent in question.intents


@pytest.mark.parametrize("text", ["7번 종목 뉴스", "number 9 news", "여덟 번째 거 수급은?", "the tenth one"])
def test_a_place_the_list_does_not_have_is_no_other_stock(talk: FollowUps, text: str) -> None:
    question = ask(talk, "거래대금 상위 5개", text, listed=LISTED)
    assert question.tickers == () and question.type == "stock" and question.unknown_names


def test_what_is_left_of_a_list(talk: FollowUps) -> None:
    listed = LISTED[:3]
    assert ask(talk, "거래대금 상위 3개", "첫 번째랑 두 번째 비교", "나머지는?", listed=listed).tickers == (KAKAO,)
    assert ask(talk, "top 3 by traded value", "compare the first two", "and the rest?", listed=listed).tickers == (KAKAO,)
    assert ask(talk, "거래대금 상위 3개", "셋 다 비교해줘", listed=listed).tickers == listed
    assert ask(talk, "top 3 by traded value", "compare them", listed=listed).tickers == listed
    assert ask(talk, "현대차 어때", "네이버는 어때", "둘 중에 뭐가 나아?").tickers == (HYUNDAI, NAVER)
    assert ask(talk, "top 5 gainers", "news of the 1st one", "the 2nd?", listed=LISTED).tickers == (SAMSUNG,)


@pytest.mark.parametrize(
    ("text", "condition", "order"),
    [
        ("그 종목들 중 외국인이 산 것만", "외국인 > 0", ""), ("그중 코스닥만", "시장 = 코스닥", ""),
        ("이 중에 제일 많이 오른 건?", "", "change:desc"), ("이 중에서 RS 90 이상은?", "RS >= 90", ""),
        ("그중에서 점수 제일 높은 건?", "", "total:desc"), ("거래대금 순으로 정렬해줘", "", "value:desc"),
        ("which of those did foreigners buy?", "foreign > 0", ""), ("any of those on KOSDAQ?", "market = kosdaq", ""),
        ("which of them rose the most?", "", "change:desc"), ("sort them by change", "", "change:desc"),
    ],
)  # fmt: skip
def test_conditions_over_the_last_list(talk: FollowUps, text: str, condition: str, order: str) -> None:
    question = ask(talk, "거래대금 상위 5개", text, listed=LISTED)
    assert (question.among, question.tickers) == (LISTED, ())
    assert (question.filter_text, question.order_by) == (condition, order)


@pytest.mark.parametrize(
    ("before", "text", "tickers", "intent", "first"),
    [
        ("삼성전자 수급 어때", "그럼 하이닉스는?", (HYNIX,), "flow", None), ("삼성전자 수급 어때", "어제는?", (SAMSUNG,), "flow", date(2026, 1, 27)),
        ("카카오 지난주 수급", "네이버는?", (NAVER,), "flow", date(2026, 1, 19)), ("삼성전자 어때", "왜?", (SAMSUNG,), "why", None),
        ("카카오 어때", "관심종목에 추가해줘", (KAKAO,), "watch", None), ("삼성전자 뉴스", "그 뉴스 언제 나왔어?", (SAMSUNG,), "news", None),
        ("삼성전자 수급", "아니 삼성전자 말고 삼성SDI", (SDI,), "flow", None), ("삼성전자 손절가", "아니 하이닉스 말한 거야", (HYNIX,), "plan", None),
        ("퀀텀반도체 수급 어때", "삼성전자 말이야", (SAMSUNG,), "flow", None), ("뉴스 보여줘", "삼성전자는?", (SAMSUNG,), "news", None),
        ("Samsung SDI flows", "same for Kakao", (KAKAO,), "flow", None), ("flows of Kakao", "no, I meant Hyundai Motor", (HYUNDAI,), "flow", None),
        ("flows of Kakao", "and yesterday?", (KAKAO,), "flow", date(2026, 1, 27)), ("news on Naver", "when did that news come out?", (NAVER,), "news", None),
        ("compare Kakao and Naver", "which has more foreign buying?", (KAKAO, NAVER), "flow", None),
    ],
)  # fmt: skip
def test_the_question_before_with_another_part(
    talk: FollowUps, before: str, text: str, tickers: tuple[str, ...], intent: str, first: date | None
) -> None:
    question = ask(talk, before, text)
    assert (question.tickers, question.first_day) == (tickers, first) and intent in question.intents


def test_another_strategy_or_grade(talk: FollowUps) -> None:
    assert ask(talk, "삼성전자 VCP 점수", "종가베팅으로는?").strategies == ("CLOSING_BET",)
    question = ask(talk, "VCP 신호 보여줘", "A등급은?")
    assert (question.type, question.strategies, question.grades) == ("signal", ("VCP",), ("A",))
    question = ask(talk, "win rate of grade S", "and grade A?")
    assert (question.type, question.grades) == ("performance", ("A",))


@pytest.mark.parametrize(
    ("texts", "order", "condition", "limit"),
    [
        (("거래대금 상위", "더 보여줘"), "value:desc", "", 20), (("오늘 많이 오른 종목 10개", "5개 더"), "change:desc", "등락률 > 0", 15),
        (("코스피 상승률 상위 5개", "반대로 하락률은?"), "change:asc", "시장 = 코스피", 5),
        (("외국인 순매수 상위", "기관은?", "코스닥은?"), "institution:desc", "시장 = 코스닥", None),
        (("top 5 losers", "show more"), "change:asc", "", 15), (("top gainers", "for KOSDAQ?", "and the losers?"), "change:asc", "market = kosdaq", None),
        (("외국인 순매도 상위 5개", "어제는?", "더 보여줘"), "foreign:asc", "", 15),
    ],
)  # fmt: skip
def test_lists_made_longer_turned_round_and_narrowed(
    talk: FollowUps, texts: tuple[str, ...], order: str, condition: str, limit: int | None
) -> None:
    question = ask(talk, *texts, listed=LISTED)
    assert (question.order_by, question.limit, question.tickers) == (order, limit, ())
    assert condition in question.filter_text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("오늘 VCP 상위 5개", "signal"), ("시장 어때", "market"), ("R이 뭐야", "general"), ("추천해줘", "recommendation"), ("도움말", "help"),
        ("오늘 뉴스 보여줘", "news"), ("승률 어때", "performance"), ("today's top 5 VCP", "signal"), ("how is the market", "market"),
        ("show me the closing bets", "signal"), ("recommend something", "recommendation"), ("what is R", "general"), ("thanks", "help"),
    ],
)  # fmt: skip
def test_another_subject_carries_nothing_on(talk: FollowUps, text: str, kind: str) -> None:
    question = ask(talk, "삼성전자 수급", text)
    assert (question.type, question.tickers) == (kind, ())


def test_another_list_is_not_the_first_of_the_last_one(talk: FollowUps) -> None:
    for text in ("외국인 순매수 1위 종목", "상승률 상위 5개", "top 3 gainers", "거래대금 1등 종목"):
        question = ask(talk, "거래대금 상위 5개", text, listed=LISTED)
        assert question.tickers == () and question.among == () and question.order_by, text


def test_a_change_asked_for_once_is_not_carried_on(talk: FollowUps) -> None:
    for first, then in (
        ("카카오 관심종목에 추가", "네이버는?"),
        ("add Kakao to my watchlist", "Naver?"),
        ("카카오 10주 사줘", "네이버도"),
    ):
        question = ask(talk, first, then)
        assert question.tickers == (NAVER,) and not question.wants_change, (first, then)
        assert not {"watch", "order", "alert"} & set(question.intents), (first, then)


def test_numbers_of_earlier_questions_are_not_the_users_of_this_one(talk: FollowUps) -> None:
    question = ask(talk, "RS 93 이상 종목 7개", "코스닥만", listed=LISTED)
    assert "RS >= 93" in question.filter_text and not {93.0, 7.0} & set(question.numbers)


def test_words_of_today_mean_the_instant_looked_at(talk: FollowUps) -> None:
    then = date(2026, 1, 20)
    before = talk.understand("카카오 어제 수급", screen=screen_at(then), today=then)  # as it is understood anew at that instant
    question = talk.understand("네이버는?", screen=screen_at(then), today=then, previous=before)
    assert (question.tickers, question.first_day) == ((NAVER,), date(2026, 1, 19))


def test_what_was_defined_is_asked_for_next(talk: FollowUps) -> None:
    question = ask(talk, "종가베팅이 뭐야", "오늘 나온거 있어?")
    assert (question.type, question.strategies) == ("signal", ("CLOSING_BET",)) and "definition" not in question.intents
    question = ask(talk, "what is a closing bet", "top 5 of them")
    assert (question.type, question.strategies, question.limit) == ("signal", ("CLOSING_BET",), 5)


def test_the_record_of_what_was_listed(talk: FollowUps) -> None:
    question = ask(talk, "종가베팅 신호 보여줘", "성적은?", listed=LISTED)
    assert question.strategies == ("CLOSING_BET",) and "record" in question.intents and question.tickers == ()


def test_the_one_that_was_asked_for_of_a_list(talk: FollowUps) -> None:
    asked = ask(talk, "show S grades", "which one has the most foreign buying", listed=LISTED)
    assert asked.among == LISTED and asked.order_by == "foreign:desc"
    assert ask(talk, "오늘 외국인 순매수 1위", "왜 올랐어?", listed=(HYNIX,)).tickers == (HYNIX,)
    assert ask(talk, "show S grades", "which one has the most foreign buying", "chart it", listed=LISTED).tickers == (HYNIX,)
    assert ask(talk, "오늘 외국인 순매수 상위 5개", "그중에 1등 왜 올랐어", listed=LISTED).tickers == (HYNIX,)


def test_two_stocks_of_two_questions(talk: FollowUps) -> None:
    assert ask(talk, "현대차 수급", "기아는", "둘중에 어디가 더 많이 팔렸어").tickers == (HYUNDAI, "000270")
    assert ask(talk, "삼성전자 점수", "하이닉스는", "둘이 비교하면").tickers == (SAMSUNG, HYNIX)
    assert ask(talk, "Compare Naver and Kakao", "who has better flows").tickers == (NAVER, KAKAO)


def test_which_is_better_is_no_stock_on_screen(talk: FollowUps) -> None:
    question = ask(talk, "Compare Naver and Kakao", "add the better one to my watchlist")
    assert question.tickers == () and question.unknown_names == ("the better one",)


def test_why_behind_the_market_is_asked_of_the_market(talk: FollowUps) -> None:
    assert ask(talk, "how's the gate", "why").type == "market"
    assert ask(talk, "오늘 시장 어때", "왜?").tickers == ()


def test_a_span_in_words_goes_on_with_the_flows(talk: FollowUps) -> None:
    question = ask(talk, "현대차 수급", "한달치로")
    assert question.tickers == (HYUNDAI,) and "flow" in question.intents and question.first_day is not None
