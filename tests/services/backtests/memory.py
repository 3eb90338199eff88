"""A repository of backtests in memory, and executors that do what a test asks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np

from engine.model.errors import DataUnavailable
from engine.model.market_series import DaySeries, MarketSeries
from engine.model.news import NewsItem
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.strategy_contracts import BacktestPlan
from ralphstock_desktop.strategy_ports import BacktestSummary, StoredBacktest
from tests.perf.market import synthetic_panel

SYMBOLS, DAYS = 60, 420
PANEL = synthetic_panel(SYMBOLS, DAYS)
FIRST: date = PANEL.days[255].item()
LAST: date = PANEL.days[-1].item()


def series_of(panel: MarketPanel) -> MarketSeries:
    """Indices that rise by a tenth of a percent a day."""
    level = 2_500 * 1.001 ** np.arange(len(panel.days))
    kospi, kosdaq = (DaySeries(code, panel.days, level, level, level, level) for code in ("KOSPI", "KOSDAQ"))
    return MarketSeries(kospi, kosdaq, None, None, "test")


class MemoryStore:
    """What backtests use of a StrategyStore."""

    def __init__(self) -> None:
        self.kept: dict[int, StoredBacktest] = {}
        self.tried: dict[str, set[str]] = {}
        self.fails: Exception | None = None

    def market_series(self) -> MarketSeries:
        if self.fails is not None:
            raise self.fails
        return series_of(PANEL)

    def news_version(self) -> str:
        return "none"

    def news(self, first_ns: int, last_ns: int, ticker: str | None = None) -> tuple[NewsItem, ...]:
        return ()

    def news_collected(self, as_of_ns: int) -> bool:
        return False

    def remember_tries(self, strategy: str, rulesets: Sequence[str]) -> int:
        known = self.tried.setdefault(strategy, set())
        known.update(rulesets)
        return len(known)

    def store_backtest(self, backtest: StoredBacktest) -> int:
        number = len(self.kept) + 1
        self.kept[number] = dataclasses.replace(backtest, summary=dataclasses.replace(backtest.summary, id=number))
        return number

    def backtests(self, config_name: str | None = None) -> tuple[BacktestSummary, ...]:
        return tuple(test.summary for test in reversed(self.kept.values()))

    def backtest(self, run_id: int) -> StoredBacktest:
        if run_id not in self.kept:
            raise DataUnavailable(f"no {run_id}", key="error.storage.no_backtest", id=run_id)
        return self.kept[run_id]

    def delete_backtest(self, run_id: int) -> None:
        del self.kept[run_id]


class InPlace:
    """An executor that runs here."""

    name = "here"

    def __init__(self) -> None:
        self.closed = False
        self.inputs = 0

    def map(
        self, work: Callable[[Any], Any], inputs: Sequence[Any], *, on_done: Callable[[int, int], None] | None = None
    ) -> Iterator[Any]:
        for number, value in enumerate(inputs):
            self.inputs += 1
            yield work(value)
            if on_done is not None:
                on_done(number + 1, len(inputs))

    def close(self) -> None:
        self.closed = True


def plan(**changes: Any) -> BacktestPlan:
    return dataclasses.replace(BacktestPlan("test", "VCP", FIRST, LAST, {}), **changes)
