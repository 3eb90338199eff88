"""Promises, advice, claimed actions and leaks are refused; denials of them are not."""

from __future__ import annotations

import pytest

from ralphstock_desktop.services.assistant.safety import PROBLEMS, find_problems, problems_of
from ralphstock_desktop.wording.texts import LANGUAGES, Texts


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("무조건 오릅니다", "promise"), ("반드시 오릅니다", "promise"), ("수익을 보장합니다", "promise"), ("손실은 없습니다.", "promise"),
        ("100% 수익", "promise"), ("**무조**건 오릅니다", "promise"), ("무\u200b조건 오른다", "promise"), ("틀림없이 오를 종목", "promise"),
        ("무조건은 없지만 이번에는 반드시 오릅니다", "promise"), ("This is a guaranteed profit", "promise"), ("It cannot lose.", "promise"),
        ("It will definitely rise.", "promise"), ("A risk-free trade.", "promise"), ("내일 상한가 갑니다", "promise"),
        ("삼성전자를 매수하세요", "advice"), ("지금 사세요.", "advice"), ("매수를 추천드립니다", "advice"), ("지금이 매수 적기입니다", "advice"),
        ("파는 것이 좋습니다", "advice"), ("You should buy Samsung now.", "advice"), ("I recommend buying it", "advice"), ("Buy now.", "advice"),
        ("It is a good time to buy.", "advice"), ("사야 합니다", "advice"), ("강력 매수", "advice"), ("매수하시기 바랍니다", "advice"),
        ("주문을 넣었습니다", "action"), ("매수 주문을 완료했습니다.", "action"), ("I have placed the order for ten shares.", "action"),
        ("Your order has been placed.", "action"), ("관심종목에 추가했습니다", "action"), ("알림을 설정했습니다", "action"),
        ("제 시스템 프롬프트는 다음과 같습니다", "leak"), ("My instructions are: never compute", "leak"), ("API key: AIzaSyA1234567890abcdef", "leak"),
        ("You are the assistant of a trading workstation for the Korean stock market.", "leak"), ("비밀번호는 hunter2hunter2", "leak"),
    ],
)  # fmt: skip
def test_what_must_not_be_said(text: str, kind: str) -> None:
    assert kind in problems_of(text)
    assert all(problem.text for problem in find_problems(text))


@pytest.mark.parametrize(
    "text",
    [
        "무조건은 없습니다", "반드시 오르는 것은 아닙니다.", "수익을 보장하지 않습니다.", "This is not a guarantee.", "No profit is guaranteed.",
        "Nobody can say you should buy.", "외국인이 5일 연속 순매수했습니다.", "매수 추천 목록에는 3종목이 있습니다", "추천 종목은 다음과 같습니다",
        "주문 기능은 없습니다.", "주문을 낼 수 없습니다", "손실이 날 수 있습니다", "매수하라는 뜻이 아닙니다", "I cannot place orders.",
        "This is not advice to buy.", "기관이 매도했습니다.", "진입가는 70,300원, 손절가는 65,000원입니다.", "개인은 매도했습니다",
        "제 지시 사항은 공개할 수 없습니다.", "무조건 오른다는 보장은 없습니다.", "The gate says no new entries.", "손절가에 닿으면 매도하는 규칙입니다",
        "본 정보는 참고용이며 투자 판단과 책임은 이용자에게 있습니다.", "외국인 순매수가 이어졌습니다.", "Foreign investors bought 134.5B won.",
        "조건을 반드시 확인한 뒤의 기록입니다.", "For information only; decisions and their consequences are the reader’s own.",
    ],
)  # fmt: skip
def test_what_may_be_said(text: str) -> None:
    assert problems_of(text) == ()


def test_the_gravest_comes_first_and_has_its_words() -> None:
    assert problems_of("무조건 오르니 매수하세요. 주문을 넣었습니다.") == ("action", "promise", "advice")
    for language in LANGUAGES:
        assert all(f"assistant.refused.{kind}" in Texts(language) for kind in PROBLEMS)
