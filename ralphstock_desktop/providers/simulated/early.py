"""A generated market's indices, market flows and news before they are in its repository: the first screen has a gate."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.news import NewsItem
from ralphstock_desktop.ports import MISSING_INT, IndexBatch
from ralphstock_desktop.providers.simulated.market import SimulatedMarket

__all__ = ["early_levels", "early_news", "early_series"]


def early_series(market: SimulatedMarket) -> MarketSeries:
    """Return what the repository will give once the market is stored."""
    flows = market.market_flow()
    mine = (flows.market == "KOSPI") & (flows.investor == "foreign")
    order = np.argsort(flows.day[mine])
    foreign = FlowSeries(flows.day[mine][order].astype("datetime64[D]"), flows.net_krw[mine][order].astype(np.float64))
    return MarketSeries(
        kospi=_series(market.indices, "KOSPI"),
        kosdaq=_series(market.indices, "KOSDAQ"),
        usd_krw=_series(market.indices, "USDKRW"),
        kospi_foreign=foreign,
        version=f"generated {market.spec.identity}",
    )


def early_levels(market: SimulatedMarket) -> dict[str, IndexBatch]:
    """Return the daily levels of each index and exchange rate by its name, as the repository will give them."""
    batch = market.indices
    names = [item.name for item in fields(IndexBatch) if item.name != "source"]
    return {
        str(code): IndexBatch(**{name: getattr(batch, name)[batch.code == code] for name in names}, source=batch.source)
        for code in np.unique(batch.code)
    }


def _series(batch: IndexBatch, code: str) -> DaySeries | None:
    mine = batch.code == code
    if not mine.any():
        return None
    order = np.argsort(batch.day[mine])
    levels = (np.asarray(getattr(batch, name)[mine][order], dtype=np.float64) for name in ("open", "high", "low", "close"))
    return DaySeries(code, batch.day[mine][order].astype("datetime64[D]"), *levels)


def early_news(market: SimulatedMarket) -> tuple[NewsItem, ...]:
    """Return all items, ascending by publication; an address that occurs with several symbols is one item."""
    batch = market.news
    items: dict[str, NewsItem] = {}
    for place in range(len(batch.url)):
        url, ticker = str(batch.url[place]), str(batch.ticker[place])
        before = items.get(url)
        tickers = (*(before.tickers if before is not None else ()), *((ticker,) if ticker else ()))
        items[url] = NewsItem(
            id=before.id if before is not None else -1 - len(items),
            tickers=tuple(dict.fromkeys(tickers)),
            title=str(batch.title[place]),
            url=url,
            source=str(batch.press[place]),
            published_ns=_instant(batch.published_ns[place]),
            collected_ns=_instant(batch.collected_ns[place]),
            kind=str(batch.kind[place]),
        )
    return tuple(sorted(items.values(), key=lambda item: (item.published_ns or item.collected_ns or 0, item.url)))


def _instant(value: np.int64) -> int | None:
    return None if value == MISSING_INT else int(value)
