"""Asks a language model about the news on screen, where the user wants that, and keeps its verdicts beside the rule's points.

Asked are the symbol looked at and the first candidates of the closing bet, one after the other, after everything was scored by
the rule and shown: no score ever waits for a model. Only the present of the user's own market is asked about. A verdict on the
past would come from a model that may know what happened next (domain.md §0.2), and invented news are not worth the tokens.

Reading of domain.md §6.6: the final score is shown and stored beside the rule's. Lists, grades and filters stay those of the
rule, for they must come out the same when they are computed again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from time import monotonic
from typing import Any

from engine.model.errors import RalphStockError
from engine.model.news import ModelVerdict, StockNews
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import SettingChange, SettingsStore
from ralphstock_desktop.services.news.judge import NewsJudge
from ralphstock_desktop.services.strategy.core import StrategyService
from ralphstock_desktop.strategy_ports import NewsModel

__all__ = ["NewsVerdicts"]

_MOST_CANDIDATES = 20
_SETTLES_S = 0.5
_RESTS_S = 60.0
"""After a failure nobody is asked for so long."""
_KEPT = 5_000
_SWITCHES = frozenset({"news_judge", "assistant_news_text"})
_log = logging.getLogger(__name__)

_Key = tuple[str, float | None, bool, tuple[int, ...]]


class NewsVerdicts:
    """Lives beside the strategies; begins with :meth:`start`.

    Parameters
    ----------
    strategies : StrategyService
        Gives the news as scored by the rule, and shows and stores them with what is added here.
    model : NewsModel
        Asked one question at a time.
    may_ask : callable
        Whether text may leave the machine now: switch, key, budget.
    spawn : callable
        Starts a task of the program: (coroutine, name) → task.
    """

    def __init__(
        self,
        strategies: StrategyService,
        settings: SettingsStore,
        model: NewsModel,
        may_ask: Callable[[], bool],
        spawn: Callable[[Coroutine[Any, Any, Any], str], asyncio.Task[Any]],
    ) -> None:
        self.judge = NewsJudge(model)
        self._strategies, self._settings, self._may_ask, self._spawn = strategies, settings, may_ask, spawn
        self._verdicts: dict[_Key, ModelVerdict | None] = {}
        """None: asked, and there is no valid answer."""
        self._task: asyncio.Task[Any] | None = None
        self._rests_until = 0.0
        self._subscriptions: tuple[Subscription, ...] = ()

    def start(self) -> None:
        """Follow what is on screen from now on."""
        workstation = self._strategies.workstation
        self._strategies.judged = self.judged
        self._subscriptions = (
            self._strategies.news.subscribe(self.look),
            self._strategies.closing.subscribe(self.look),
            workstation.selection.subscribe(self.look),
            self._settings.changed.subscribe(self._on_setting, replay=False),
        )

    async def close(self) -> None:
        """Stop asking; what was answered is kept no longer."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = ()
        self._strategies.judged = None
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def judged(self, stock: StockNews) -> StockNews:
        """Return a stock's news with the verdict on exactly these articles, or as they were."""
        verdict = self._verdicts.get(_key(stock)) if self._settings.get("news_judge") is True else None
        return stock if verdict is None else replace(stock, verdict=verdict)

    def look(self, _fact: object = None) -> None:
        """Something changed that may be asked about."""
        if self._subscriptions and (self._task is None or self._task.done()) and self._is_on():
            self._task = self._spawn(self._ask_all(), "news verdicts")

    def _on_setting(self, change: SettingChange) -> None:
        if change.key == "news_judge":
            self._redraw()
        if change.key in _SWITCHES or change.key.startswith("assistant_"):
            self._rests_until = 0.0
            self.look()

    def _is_on(self) -> bool:
        picture = self._strategies.workstation.market.last
        return (
            self._settings.get("news_judge") is True
            and self._settings.get("assistant_news_text") is True
            and picture is not None
            and picture.kind == "real"
            and picture.is_latest
            and monotonic() >= self._rests_until
            and self._may_ask()
        )

    async def _ask_all(self) -> None:
        await asyncio.sleep(_SETTLES_S)  # pictures of one instant come together, and who walks down a list asks about the last
        while self._is_on() and (stock := next(self._wanted(), None)) is not None:
            name = self._name(stock.ticker)
            found = await self.judge.judge(stock, name, self._strategies.rules)
            outcome = self.judge.outcomes.last
            if found.verdict is None and outcome is not None and outcome.result in ("failed", "timeout"):
                self._rests_until = monotonic() + _RESTS_S
                return
            if len(self._verdicts) >= _KEPT:
                self._verdicts.clear()
            self._verdicts[_key(stock)] = found.verdict
            if found.verdict is not None:
                self._redraw()
                await self._store(found)

    def _wanted(self) -> Iterator[StockNews]:
        """What has not been asked about, the symbol looked at first."""
        evaluation, closing = self._strategies.evaluation, self._strategies.closing.last
        selection = self._strategies.workstation.selection.last
        if evaluation is None or evaluation.instant.panel.simulated:
            return
        tickers = [selection.ticker] if selection is not None else []
        if closing is not None:
            tickers += [str(closing.panel.tickers[row]) for row in closing.scan.order[:_MOST_CANDIDATES]]
        for ticker in tickers:
            stock = evaluation.stock_news.get(ticker)
            if stock is not None and stock.clusters and stock.points is not None and _key(stock) not in self._verdicts:
                yield stock

    def _name(self, ticker: str) -> str:
        picture = self._strategies.workstation.market.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        return ticker if picture is None or row is None else str(picture.panel.names[row]) or ticker

    def _redraw(self) -> None:
        news = self._strategies.news
        if news.last is not None:
            news.publish(news.last)

    async def _store(self, stock: StockNews) -> None:
        """Keep both scores, the model and the version of the question (domain.md §6.6)."""
        evaluation, store = self._strategies.evaluation, self._strategies.store
        if evaluation is None or store is None or evaluation.stock_news.get(stock.ticker) is None:
            return
        day, ruleset = evaluation.instant.as_of.day, evaluation.gate.reading.ruleset
        try:
            await self._strategies.workers.job(store.store_news_scores, day, ruleset, [stock])
        except RalphStockError as error:  # it is shown all the same, and stored with the next scan
            _log.warning("a model's verdict could not be stored: %s", error)


def _key(stock: StockNews) -> _Key:
    return stock.ticker, stock.points, stock.veto, tuple(cluster.representative.id for cluster in stock.clusters)
