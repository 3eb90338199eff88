"""Asks a language model about a stock's news, where the user wants that (domain.md §6.6).

The rule's score is always there and always kept; the model's answer stands beside it, moves it by one point at most, and is
discarded when it breaks the contract, comes late or is not sure. A stock without scored news, or whose news are missing, is
never asked about. The same question is asked once.

Reading of §6.6: the law's cache key is (model, prompt version, sorted ids). Two stocks may share all their items, and the
question is about one stock, so its ticker is part of the key here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal
from weakref import WeakValueDictionary

from engine.model.errors import RalphStockError
from engine.model.news import StockNews
from engine.news.model_judge import PROMPT_VERSION, model_request, reconcile
from engine.thresholds import Rules
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.strategy_ports import ModelAnswer, NewsModel

__all__ = ["JudgeOutcome", "NewsJudge"]

Result = Literal["answered", "cached", "discarded", "timeout", "failed", "not_asked"]

_KEPT_ANSWERS = 5_000
_AT_ONCE = 2
_log = logging.getLogger(__name__)

_Key = tuple[str, str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class JudgeOutcome:
    """What became of one question. ``result`` is also the text key ``news.judge.<result>``."""

    ticker: str
    result: Result
    error_key: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    """Paid for by this question; 0 where an earlier answer was used."""


class NewsJudge:
    """Brings a model's opinion and the rule's score together.

    Parameters
    ----------
    model : NewsModel
        Asked at temperature 0.

    Attributes
    ----------
    outcomes : Channel of JudgeOutcome
        Every question's end, also where nothing was asked.
    """

    def __init__(self, model: NewsModel) -> None:
        self.outcomes: Channel[JudgeOutcome] = Channel("news_judge")
        self._model = model
        self._answers: OrderedDict[_Key, ModelAnswer] = OrderedDict()
        self._asking: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def judge(self, stock: StockNews, name: str, rules: Rules) -> StockNews:
        """Return a stock's news with the model's verdict, or as they were where there is none.

        Parameters
        ----------
        stock : StockNews
            As scored by the rule.
        name : str
            Name of the stock.
        rules : Rules
            Items, time-out, confidence and reach.
        """
        if stock.points is None or not stock.clusters:
            self.outcomes.publish(JudgeOutcome(stock.ticker, "not_asked"))
            return stock
        instruction, content, ids = model_request(name, stock.clusters, rules)
        key = (self._model.model, PROMPT_VERSION, stock.ticker, tuple(sorted(ids)))
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:
            answer = self._answers.get(key)
            is_kept = answer is not None
            if answer is None:
                answer = await self._ask(stock.ticker, instruction, content, rules.news.model_timeout_s)
                if answer is None:
                    return stock
                self._keep(key, answer)
        verdict = reconcile(
            stock.points,
            stock.veto,
            answer.text,
            ids,
            rules,
            content=content,
            model=answer.model,
            prompt_version=PROMPT_VERSION,
        )
        result: Result = "discarded" if verdict is None else "cached" if is_kept else "answered"
        paid = (0, 0) if is_kept else (answer.input_tokens, answer.output_tokens)
        self.outcomes.publish(JudgeOutcome(stock.ticker, result, "", *paid))
        return stock if verdict is None else replace(stock, verdict=verdict)

    async def judge_all(self, stocks: Iterable[tuple[StockNews, str]], rules: Rules) -> tuple[StockNews, ...]:
        """Judge several stocks, (news, name) each, two at a time; in their order."""
        return tuple(await asyncio.gather(*(self.judge(stock, name, rules) for stock, name in stocks)))

    async def _ask(self, ticker: str, instruction: str, content: str, timeout_s: float) -> ModelAnswer | None:
        async with self._places:
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._model.ask(instruction, content, timeout_s=timeout_s)
            except TimeoutError:
                _log.warning("the language model did not answer about %s within %g s", ticker, timeout_s)
                self.outcomes.publish(JudgeOutcome(ticker, "timeout", "error.news.model_timeout"))
            except RalphStockError as error:
                _log.warning("the language model could not be asked about %s: %s", ticker, error)
                self.outcomes.publish(JudgeOutcome(ticker, "failed", error.key))
        return None

    def _keep(self, key: _Key, answer: ModelAnswer) -> None:
        self._answers[key] = answer
        if len(self._answers) > _KEPT_ANSWERS:
            self._answers.popitem(last=False)
