"""The strategies' store of the simulated market, which is generated before it is in its repository."""

from __future__ import annotations

from collections.abc import Callable

from engine.model.market_series import MarketSeries
from engine.model.news import NewsItem
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.providers.simulated.early import early_news, early_series
from ralphstock_desktop.providers.simulated.market import SimulatedMarket

__all__ = ["SimulatedStrategyStore"]


class SimulatedStrategyStore(SqlStrategyStore):
    """Reads series and news from memory until the market is stored; writes go to the repository from the first moment.

    The generator is the collector of this market's news and never rests: no item means there is none.

    Parameters
    ----------
    market : callable
        The generated market; None once it is stored.
    """

    def __init__(self, database: Database, now_ns: Callable[[], int], market: Callable[[], SimulatedMarket | None]) -> None:
        super().__init__(database, now_ns)
        self._market = market
        self._series: MarketSeries | None = None
        self._items: tuple[NewsItem, ...] | None = None

    def market_series(self) -> MarketSeries:
        """Indices, exchange rate and market flows of all days."""
        market = self._market()
        if market is None:
            self._series = None
            return super().market_series()
        if self._series is None:
            self._series = early_series(market)
        return self._series

    def news_version(self) -> str:
        """Changes when any headline was stored, and when the market was."""
        return "generated" if self._market() is not None else super().news_version()

    def news(self, first_ns: int, last_ns: int, ticker: str | None = None) -> tuple[NewsItem, ...]:
        """Items published (or, without a publication time, collected) in an interval, ascending."""
        market = self._market()
        if market is None:
            self._items = None
            return super().news(first_ns, last_ns, ticker)
        if self._items is None:
            self._items = early_news(market)

        def moment(item: NewsItem) -> int:
            return item.published_ns if item.published_ns is not None else item.collected_ns or 0

        return tuple(
            item for item in self._items if first_ns <= moment(item) <= last_ns and (ticker is None or ticker in item.tickers)
        )

    def news_collected(self, as_of_ns: int) -> bool:
        """Always: this market's news are made up with it."""
        del as_of_ns
        return True
