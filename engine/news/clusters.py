"""Many versions of one piece of news into one cluster (domain.md §6.2)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from engine.model.news import NewsItem
from engine.news.text import canonical_url, jaccard, normalise_title, title_grams
from engine.news.weights import HOUR_NS
from engine.scoring.rounding import EPS
from engine.strategy_thresholds import NewsThresholds
from engine.thresholds import Rules

__all__ = ["PreparedItem", "cluster_items", "cluster_prepared", "time_order"]

_SLACK = 1e-6
"""Wider than the tolerance of the comparison it prepares."""


def time_order(item: NewsItem) -> tuple[Any, ...]:
    """Sort key: time, then url; all that follows only makes the order of equal ones independent of the input's."""
    rest = (item.id, item.title, item.source, item.collected_ns or 0, item.tickers, item.kind, item.body)
    return (item.published_ns or 0, item.url, *rest)


class PreparedItem:
    """An item with its title and address made comparable, each worked out when first asked for and kept.

    The item's fields never change, so neither do these; two threads that ask at once do the same work twice and no harm.
    """

    __slots__ = ("_address", "_grams", "_normalised", "item")

    def __init__(self, item: NewsItem) -> None:
        self.item = item
        self._normalised: str | None = None
        self._grams: frozenset[str] | None = None
        self._address: str | None = None

    @property
    def normalised(self) -> str:
        """The normalised title."""
        if self._normalised is None:
            self._normalised = normalise_title(self.item.title)
        return self._normalised

    @property
    def grams(self) -> frozenset[str]:
        """3-grams of the normalised title."""
        if self._grams is None:
            self._grams = title_grams(self.normalised)
        return self._grams

    @property
    def address(self) -> str:
        """The canonical url; empty where the item has none."""
        if self._address is None:
            self._address = canonical_url(self.item.url)
        return self._address


def cluster_prepared(items: Sequence[PreparedItem], news: NewsThresholds) -> list[list[PreparedItem]]:
    """Group published items that are already in time order; the first of each group represents it.

    Two sets with a Jaccard similarity of at least s share a gram among the first n - ceil(s n) + 1 of each, in any order common
    to both. With rare grams first, only titles that may be alike are compared, though all name the same stock.
    """
    if len(items) < 2:
        return [[entry] for entry in items]
    often = Counter(chain.from_iterable(entry.grams for entry in items))
    within_ns = (news.cluster_h + EPS) * HOUR_NS
    clusters: list[list[PreparedItem]] = []
    by_gram: dict[str, list[int]] = {}
    by_address: dict[str, int] = {}
    open_from = 0  # clusters begin in time order: those before are too old for all items still to come
    for entry in items:
        now_ns = entry.item.published_ns or 0
        while open_from < len(clusters) and now_ns - (clusters[open_from][0].item.published_ns or 0) > within_ns:
            open_from += 1
        rare = sorted(entry.grams)
        rare.sort(key=often.__getitem__)
        rare = rare[: len(rare) - math.ceil(news.similarity * len(rare) - _SLACK) + 1]
        candidates = {at for gram in rare for at in by_gram.get(gram, ()) if at >= open_from}
        if entry.address and by_address.get(entry.address, -1) >= open_from:
            candidates.add(by_address[entry.address])
        for at in sorted(candidates):
            first = clusters[at][0]
            is_same_page = bool(entry.address) and first.address == entry.address
            if is_same_page or jaccard(entry.grams, first.grams) >= news.similarity - EPS:
                clusters[at].append(entry)
                break
        else:
            for gram in rare:
                by_gram.setdefault(gram, []).append(len(clusters))
            if entry.address:
                by_address[entry.address] = len(clusters)
            clusters.append([entry])
    return clusters


def cluster_items(items: Iterable[NewsItem], rules: Rules) -> list[tuple[NewsItem, ...]]:
    """Group items into pieces of news.

    Parameters
    ----------
    items : iterable of NewsItem
        In any order. Items without a publication time have no place in the order and are left out.
    rules : Rules
        Window in hours and least similarity.

    Returns
    -------
    list of tuples
        Clusters in order of time; the first item of each is its earliest and represents it.

    Notes
    -----
    An item joins the *first* earlier cluster whose representative was published at most 72 h before it and has the same
    canonical url or a Jaccard similarity of 3-grams of at least 0.60 (domain.md §6.2). Only representatives are compared, so
    a chain of small rewrites does not drift into another story.
    """
    ordered = sorted((item for item in items if item.published_ns is not None), key=time_order)
    groups = cluster_prepared([PreparedItem(item) for item in ordered], rules.news)
    return [tuple(entry.item for entry in group) for group in groups]
