"""News of all symbols of a panel at an instant, and at many instants (domain.md §6).

The index sorts once and keeps what it worked out for each title, so that looking again from another day (time machine,
backtests) costs only the week's own items. One computation: every stock goes through :mod:`engine.news.score`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from engine.model.news import ModelVerdict, NewsItem, NewsPoints, StockNews
from engine.model.panel import MarketPanel
from engine.news.clusters import PreparedItem, time_order
from engine.news.lexicon import Lexicon, Verdict, lexicon_of
from engine.news.score import max_age_ns, score_prepared, score_stock
from engine.news.weights import weights_of
from engine.thresholds import Rules

__all__ = ["NewsIndex", "score_market"]

_KEPT_LEXICONS = 4
"""A what-if changes the rules back and forth between few sets."""


class NewsIndex:
    """Items of a market, ready to be scored at any instant.

    Parameters
    ----------
    items : iterable of NewsItem
        All items in any order; those of unknown tickers are dropped.
    tickers, names : sequences of str
        Symbols of the panel, equally long.

    Notes
    -----
    Safe to use from several threads: what is worked out lazily never changes and may at worst be worked out twice.
    """

    def __init__(self, items: Iterable[NewsItem], tickers: Sequence[str], names: Sequence[str]) -> None:
        self.tickers = [str(ticker) for ticker in tickers]
        self._names = [str(name) for name in names]
        self._row = {ticker: row for row, ticker in enumerate(self.tickers)}
        mine = [item for item in items if any(ticker in self._row for ticker in item.tickers)]
        timed = sorted((item for item in mine if item.published_ns is not None), key=time_order)
        untimed = [(item.collected_ns, item) for item in mine if item.published_ns is None and item.collected_ns is not None]
        untimed.sort(key=lambda pair: (pair[0], *time_order(pair[1])))
        self._timed = [PreparedItem(item) for item in timed]
        self._published = np.array([item.published_ns for item in timed], dtype=np.int64)
        self._known = np.array([item.known_at_ns for item in timed], dtype=np.int64)
        self._untimed = [item for _, item in untimed]
        self._untimed_collected = np.array([collected for collected, _ in untimed], dtype=np.int64)
        self._judged: dict[Lexicon, dict[str, Verdict]] = {}

    def score(self, as_of_ns: int, rules: Rules, collected: bool) -> tuple[NewsPoints, dict[str, StockNews]]:
        """Score every symbol at an instant; see :func:`score_market`."""
        oldest_ns = as_of_ns - max_age_ns(rules.news)
        weights = weights_of(rules.news)
        scored: dict[int, list[PreparedItem]] = {}
        aside: dict[int, list[NewsItem]] = {}
        first = int(np.searchsorted(self._published, oldest_ns, side="left"))
        last = int(np.searchsorted(self._published, as_of_ns, side="right"))
        for at in (np.flatnonzero(self._known[first:last] <= as_of_ns) + first).tolist():
            entry = self._timed[at]
            is_ignored = weights.source(entry.item.source) is None
            for row in self._rows_of(entry.item):
                if is_ignored:
                    aside.setdefault(row, []).append(entry.item)
                else:
                    scored.setdefault(row, []).append(entry)
        begin = int(np.searchsorted(self._untimed_collected, oldest_ns, side="left"))
        end = int(np.searchsorted(self._untimed_collected, as_of_ns, side="right"))
        for item in self._untimed[begin:end]:
            for row in self._rows_of(item):
                aside.setdefault(row, []).append(item)
        judge = partial(self._judge, *self._memory(rules))
        stocks = {
            ticker: score_prepared(
                ticker,
                self._names[row],
                scored.get(row, ()),
                aside.get(row, ()),
                as_of_ns,
                rules.news,
                weights,
                collected=collected,
                verdict=None,
                judge=judge,
            )
            for row, ticker in enumerate(self.tickers)
        }
        return _arrays(stocks, rules), stocks

    def stock(
        self, ticker: str, as_of_ns: int, rules: Rules, collected: bool, verdict: ModelVerdict | None = None
    ) -> StockNews:
        """Score one symbol, with all its items that were too old among the unscored ones."""
        row = self._row[ticker]
        mine = [entry.item for entry in self._timed if ticker in entry.item.tickers]
        mine += [item for item in self._untimed if ticker in item.tickers]
        return score_stock(ticker, self._names[row], mine, as_of_ns, rules, collected=collected, verdict=verdict)

    def _rows_of(self, item: NewsItem) -> set[int]:
        return {self._row[ticker] for ticker in item.tickers if ticker in self._row}

    def _memory(self, rules: Rules) -> tuple[Lexicon, dict[str, Verdict]]:
        lexicon = lexicon_of(rules.news)
        memory = self._judged.get(lexicon)
        if memory is None:
            if len(self._judged) >= _KEPT_LEXICONS:
                self._judged = {}
            memory = self._judged.setdefault(lexicon, {})
        return lexicon, memory

    @staticmethod
    def _judge(lexicon: Lexicon, memory: dict[str, Verdict], entry: PreparedItem) -> Verdict:
        title = entry.item.title
        found = memory.get(title)
        if found is None:
            found = memory[title] = lexicon.judge(title, entry.normalised)
        return found


def _arrays(stocks: dict[str, StockNews], rules: Rules) -> NewsPoints:
    found = list(stocks.values())
    return NewsPoints(
        points=np.array([np.nan if stock.points is None else stock.points for stock in found], dtype=np.float64),
        status=np.array([stock.status for stock in found], dtype=np.uint8),
        net=np.array([stock.net for stock in found], dtype=np.float64),
        peak=np.array([stock.peak for stock in found], dtype=np.float64),
        veto=np.array([stock.veto for stock in found], dtype=np.bool_),
        clusters=np.array([len(stock.clusters) for stock in found], dtype=np.int32),
        ruleset=rules.ruleset_id,
    )


def score_market(
    panel: MarketPanel, items: Iterable[NewsItem], as_of_ns: int, rules: Rules, *, collected: bool
) -> tuple[NewsPoints, dict[str, StockNews]]:
    """Score the news of every symbol of a panel at one instant.

    Parameters
    ----------
    panel : MarketPanel
        Its tickers and names.
    items : iterable of NewsItem
        In any order, also much older or later ones.
    as_of_ns : int
        UTC nanoseconds; nothing known later is used.
    rules : Rules
        Lexicon, weights and thresholds.
    collected : bool
        Whether a collector worked; False gives MISSING (points NaN) for all symbols.

    Returns
    -------
    tuple of (NewsPoints, dict)
        Arrays of shape (symbols,) in the panel's order, and the news of every symbol by ticker. Here ``unscored`` holds the
        items of the window without a publication time or from an ignored source; :func:`engine.news.score.score_stock` adds
        those that are too old.

    Notes
    -----
    For many instants build one :class:`NewsIndex` instead.
    """
    oldest_ns = as_of_ns - max_age_ns(rules.news)
    window = [
        item
        for item in items
        if (when := item.published_ns if item.published_ns is not None else item.collected_ns) is not None
        and oldest_ns <= when <= as_of_ns
    ]
    return NewsIndex(window, panel.tickers.tolist(), panel.names.tolist()).score(as_of_ns, rules, collected)
