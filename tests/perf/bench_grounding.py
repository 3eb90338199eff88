"""How long an answer of 600 words takes to check against 400 facts (numbers and claims), and an update while it arrives.

python -m pytest -m perf tests/perf/bench_grounding.py -s
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from time import perf_counter

import pytest

from ralphstock_desktop.services.assistant.grounding import Grounding
from ralphstock_desktop.services.assistant.markdown import parse_markdown
from ralphstock_desktop.services.assistant.streaming import StreamChecker
from ralphstock_desktop.services.assistant_contracts import Fact
from tests.services.assistant.grounding.world import DISCLAIMER, Names, book_of

pytestmark = pytest.mark.perf

_SENTENCES = (
    "삼성전자의 종가는 70,300원이고 전일보다 +8.49% 올랐습니다.", "삼성전자 거래대금은 1.54조이고 거래량은 532만 주입니다.",
    "SK하이닉스는 3.27% 하락한 512,000원에 마감했습니다.", "효성중공업의 VCP 총점은 82.5점이고 RS는 97점입니다.",
    "이 값은 저장소에서 읽은 그대로이며 다른 계산을 거치지 않았으므로 화면의 표와 같습니다.",
    "수축이 이어지는 동안 거래가 마르고 가격의 폭이 좁아지는지를 함께 보는 것이 이 방법의 요점입니다.",
    "수축 구조가 이어지고 있으며 기준 시각은 2026-02-06 15:30 입니다.",
)  # fmt: skip


def many_facts() -> list[Fact]:
    """400 facts: those of the small desk first, then others that look like them."""
    facts = list(book_of("ko").facts)
    numeric = [fact for fact in facts if isinstance(fact.value, float)]
    for number in range(400 - len(facts)):
        fact = numeric[number % len(numeric)]
        assert isinstance(fact.value, float)
        facts.append(replace(fact, id=f"x{number}", value=fact.value * (1.37 + number), text=f"{number}…", ticker="373220"))
    return facts


def long_answer(words: int = 600) -> str:
    """Paragraphs of honest sentences."""
    text, count = [], 0
    while count < words:
        sentence = _SENTENCES[len(text) % len(_SENTENCES)]
        if len(text) % 7 == 0:
            sentence = f"{'가나다라마바사아자차카타파하'[len(text) // 7 % 14]}{'거너더러머버서어'[len(text) // 98 % 8]} 문단은 이렇습니다. {sentence}"  # no block twice
        text.append(sentence + ("\n\n" if len(text) % 7 == 6 else " "))
        count += len(sentence.split())
    return "".join(text)


def _median_ms(times: Sequence[float]) -> float:
    return median(times) * 1e3


def naive_check(text: str, facts: Sequence[Fact]) -> int:
    """How many numbers of a text equal any fact: every number against every fact, values only, no unit, sign, stock or claim."""
    values = [abs(fact.value) for fact in facts if isinstance(fact.value, float)]
    found = [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\.?\d*", text)]
    return sum(any(abs(number - value) < 0.005 for value in values) for number in found)


def test_a_whole_answer() -> None:
    """Ours also judges units, signs, rounding, stocks, days and claims without a number."""
    text, facts = long_answer(), many_facts()
    blocks = parse_markdown(text)
    times, built, naive = [], [], []
    for _ in range(15):
        begin = perf_counter()
        grounding = Grounding(facts, Names(), disclaimer=DISCLAIMER, language="ko")
        built.append(perf_counter() - begin)
        begin = perf_counter()
        result = grounding.check(blocks)
        times.append(perf_counter() - begin)
        begin = perf_counter()
        naive_check(text, facts)
        naive.append(perf_counter() - begin)
        assert result.struck == 0 and result.numbers > 100
    print(
        f"\n{result.numbers} numbers against {len(facts)} facts: check {_median_ms(times):.2f} ms (best {min(times) * 1e3:.2f}), "
        f"index {_median_ms(built):.2f} ms; every number against every fact {_median_ms(naive):.2f} ms (best {min(naive) * 1e3:.2f})"
    )
    assert min(times) < 12 * min(naive), "4 times on a quiet machine"


def test_updates_while_it_arrives() -> None:
    """The last tenth of the updates costs no more than the first ones."""
    checker = StreamChecker(Grounding(many_facts(), Names(), language="ko"))
    text, times = long_answer(1_800), []
    for at in range(0, len(text), 12):
        checker.feed(text[at : at + 12])
        begin = perf_counter()
        checker.blocks()
        times.append(perf_counter() - begin)
    tenth = len(times) // 10
    print(
        f"\nupdate: first {_median_ms(times[tenth : 2 * tenth]):.2f} ms, last {_median_ms(times[-tenth:]):.2f} ms, worst {max(times) * 1e3:.2f} ms"
    )
    assert _median_ms(times[-tenth:]) < 4 * _median_ms(times[tenth : 2 * tenth]) + 2
