"""The record beside each grade, kept up with the market and the instant on screen, in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date
from typing import Any

from engine.asof.view import known_days
from engine.model.errors import DataUnavailable, RalphStockError
from engine.model.instants import AsOf
from engine.model.performance import RecordRow
from engine.thresholds import Rules
from ralphstock_desktop.services.backtest_records import NewsHistory, RecordBook, ScanShelf
from ralphstock_desktop.services.backtests import news_history
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import MarketPicture
from ralphstock_desktop.services.strategy.sources import Sources
from ralphstock_desktop.services.strategy_contracts import RecordTable, StrategyName
from ralphstock_desktop.services.workers import Workers

__all__ = ["RecordKeeper"]

_log = logging.getLogger(__name__)
_ALL = AsOf.end_of(date(2100, 12, 31))
_RESTED_S = 1.0
"""The clock has stood still this long: playing through a day counts no records in between."""


class RecordKeeper:
    """Counts records on a worker when the instant on screen has rested, and publishes them."""

    def __init__(
        self,
        workers: Workers,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        sources: Callable[[], Sources | None],
        channel: Channel[RecordTable],
        shelf: ScanShelf | None = None,
    ) -> None:
        self._workers, self._spawn, self._sources, self._channel = workers, spawn, sources, channel
        self._book = RecordBook(shelf)
        self._task: asyncio.Task[None] | None = None
        self._news: tuple[tuple[str, str], NewsHistory] | None = None
        self._day: tuple[str, str, int] | None = None
        self.tries = 1

    def follow(self, sources: Sources, picture: MarketPicture, rules: Rules) -> None:
        """Another instant of a market is on screen."""
        day = (picture.panel.version, rules.ruleset_id, known_days(picture.panel, picture.as_of).bar)
        if day == self._day:
            return  # a record changes with the last known official bar only
        self.leave()
        self._day = day
        shown = self._channel.last
        if shown is not None and shown.rows and shown.as_of.instant_ns > picture.as_of.instant_ns:
            # A record of later days must not stand beside an earlier instant while its own is being counted.
            self._channel.publish(RecordTable((), picture.as_of, rules.ruleset_id, ()))
        self._task = self._spawn(self._count(sources, picture, rules), "records")

    def leave(self) -> None:
        """Another market is on screen: what is being counted for this one is not shown any more."""
        self._day = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _count(self, sources: Sources, picture: MarketPicture, rules: Rules) -> None:
        await asyncio.sleep(_RESTED_S)
        try:
            table = await self._workers.compute_slowly(self._table, sources, picture, rules, ("VCP", "CLOSING_BET"))
        except RalphStockError:
            # A record that is missing is shown as missing; it is counted again with the next instant.
            _log.exception("the record beside the grades could not be counted")
            self._day = None
            return
        self._channel.publish(table)

    async def of(self, strategy: StrategyName, rules: Rules, picture: MarketPicture) -> RecordRow | None:
        """All grades of one strategy under some rules; None for a strategy that daily bars cannot follow."""
        sources = self._sources()
        if sources is None or strategy == "DAY_TRADE":
            return None
        try:
            table = await self._workers.compute_slowly(self._table, sources, picture, rules, (strategy,))
        except DataUnavailable:
            return None
        return table.of(strategy, 0)

    def _table(
        self, sources: Sources, picture: MarketPicture, rules: Rules, strategies: tuple[StrategyName, ...]
    ) -> RecordTable:
        """Count. On a worker."""
        panel = picture.panel
        news = self._history(sources, picture)
        series = sources.series(panel)
        return self._book.table(panel, series, news, rules, picture.as_of, tries=self.tries, strategies=strategies)

    def _history(self, sources: Sources, picture: MarketPicture) -> NewsHistory:
        key = (picture.panel.version, sources.store.news_version())
        if self._news is None or self._news[0] != key:
            # Whole: the instant on screen may move on, and scoring leaves out what was not known.
            self._news = (key, news_history(sources.store, replace(picture, as_of=_ALL)))
        return self._news[1]
