"""The assistant's store of the simulated market, which is generated before it is in its repository."""

from __future__ import annotations

from collections.abc import Callable

from engine.model.news import NewsItem
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.text_search import MemoryNewsSearch
from ralphstock_desktop.providers.simulated.early import early_news
from ralphstock_desktop.providers.simulated.market import SimulatedMarket

__all__ = ["SimulatedAssistantStore"]


class SimulatedAssistantStore(SqlAssistantStore):
    """Searches news in memory until the market is stored; what is kept goes to the repository from the first moment.

    Parameters
    ----------
    market : callable
        The generated market; None once it is stored.
    """

    def __init__(self, database: Database, now_ns: Callable[[], int], market: Callable[[], SimulatedMarket | None]) -> None:
        super().__init__(database, now_ns)
        self._market = market
        self._memory: MemoryNewsSearch | None = None

    def search_news(
        self, text: str, *, as_of_ns: int, limit: int = 20, ticker: str | None = None, first_ns: int = 0
    ) -> tuple[tuple[NewsItem, float], ...]:
        """Items known at the instant that match the words, best first."""
        memory = self._early()
        if memory is None:
            return super().search_news(text, as_of_ns=as_of_ns, limit=limit, ticker=ticker, first_ns=first_ns)
        return memory.search(text, as_of_ns=as_of_ns, limit=limit, ticker=ticker, first_ns=first_ns)

    def prepare_search(self) -> int:
        """Make what a search needs ahead of the first question; return how many items were looked at."""
        return super().prepare_search() if self._early() is None else 0

    def _early(self) -> MemoryNewsSearch | None:
        market = self._market()
        if market is None:
            self._memory = None
        elif self._memory is None:
            self._memory = MemoryNewsSearch(early_news(market))
        return self._memory
