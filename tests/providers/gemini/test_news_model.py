"""A language model as the scorer of news, asked through the real protocol and judged by the real judge."""

from __future__ import annotations

import json
import math
from datetime import date

import pytest

from engine.model.errors import ProviderError
from engine.model.instants import kst_ns
from engine.model.news import NewsItem
from engine.news.score import score_stock
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.assistant_ports import LanguageModel
from ralphstock_desktop.providers.gemini.news_model import GeminiNewsModel
from ralphstock_desktop.services.news.judge import JudgeOutcome, NewsJudge
from ralphstock_desktop.strategy_ports import ModelAnswer

from .server import MODEL, GeminiServer, blocked_prompt, quota, says, usage

VERDICT = json.dumps(
    {
        "score": 2,
        "direction": "positive",
        "confidence": 0.9,
        "event_type": "contract",
        "evidence_ids": ["n1"],
        "veto": False,
        "reason": "수주",
    },
    ensure_ascii=False,
)


async def test_one_question_at_temperature_zero_without_tools(server: GeminiServer, model: LanguageModel) -> None:
    server.script(says(VERDICT[:20], VERDICT[20:], tokens=usage(300, 60)))
    answer = await GeminiNewsModel(model).ask("JSON only", "items", timeout_s=20)
    assert answer == ModelAnswer(VERDICT, MODEL, 300, 60)
    body = server.requests[0].body
    assert body["generationConfig"]["temperature"] == 0
    assert "tools" not in body
    assert body["systemInstruction"]["parts"] == [{"text": "JSON only"}]
    assert body["contents"] == [{"role": "user", "parts": [{"text": "items"}]}]


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```\n", " ```JSON\n{}\n``` "])
async def test_a_code_fence_is_no_part_of_the_answer(server: GeminiServer, model: LanguageModel, fence: str) -> None:
    server.script(says(fence.replace("{}", VERDICT)))
    assert (await GeminiNewsModel(model).ask("i", "c", timeout_s=5)).text == VERDICT


async def test_the_judge_of_the_news_hears_it(server: GeminiServer, model: LanguageModel) -> None:
    now = kst_ns(date(2026, 1, 28), 15)
    item = NewsItem(1, ("005930",), "삼성전자 수주", "https://n.example/1", "DART", now - 1, now - 1)
    stock = score_stock("005930", "삼성전자", [item], now, DEFAULT_RULES, collected=True)
    foreign = VERDICT.replace('"n1"', '"77"')
    server.script(says(f"```json\n{VERDICT.replace('n1', '1')}\n```", tokens=usage(300, 60)), says(foreign))
    heard: list[JudgeOutcome] = []
    judge = NewsJudge(GeminiNewsModel(model))
    judge.outcomes.subscribe(heard.append)
    found = await judge.judge(stock, "삼성전자", DEFAULT_RULES)
    assert found.verdict is not None
    assert (found.verdict.score, found.verdict.model) == (2, MODEL)
    other = NewsJudge(GeminiNewsModel(model))
    other.outcomes.subscribe(heard.append)
    assert (await other.judge(stock, "삼성전자", DEFAULT_RULES)).verdict is None
    assert [(outcome.result, outcome.input_tokens) for outcome in heard] == [("answered", 300), ("discarded", 7)]
    assert "삼성전자 수주" in json.dumps(server.requests[0].body, ensure_ascii=False)


async def test_refused_cut_off_and_late_answers_are_errors(server: GeminiServer, model: LanguageModel) -> None:
    server.script(blocked_prompt(), says(VERDICT[:30], finish="MAX_TOKENS"), quota("minute"), says("", delay_s=math.inf))
    keys = []
    for _ in range(4):
        with pytest.raises(ProviderError) as caught:
            await GeminiNewsModel(model).ask("i", "c", timeout_s=0.4)
        keys.append(caught.value.key)
    assert keys == ["error.model.blocked", "error.model.cut", "error.model.quota", "error.model.timeout"]
