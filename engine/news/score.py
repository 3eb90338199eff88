"""News of one stock at an instant: clusters, veto and 0-3 points (domain.md §§6.1, 6.4, 6.5).

1. Items of the stock that were known by the instant: published, and collected, not later.
2. Without a publication time, older than 168 h, or from an ignored source: kept aside, never scored.
3. The rest becomes clusters; the earliest item's title and time count, source weight and relevance are the cluster's largest.
4. effect = points × source × time × relevance; net is their sum, peak the largest positive one.
5. A severe cluster of the last 72 h with weight of at least 0.3 vetoes: 0 points.

Where the collector failed the score is MISSING: no points, net and peak NaN. A veto of items that are known nevertheless
stands: data that are missing never help.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.model.news import ModelVerdict, NewsCluster, NewsItem, StockNews
from engine.model.scan import ScoreStatus
from engine.news.clusters import PreparedItem, cluster_prepared, time_order
from engine.news.lexicon import Verdict, lexicon_of
from engine.news.weights import HOUR_NS, Weights, weights_of
from engine.scoring.rounding import EPS
from engine.strategy_thresholds import NewsThresholds
from engine.thresholds import Rules

__all__ = ["max_age_ns", "news_points", "score_prepared", "score_stock"]

MAX_POINTS, GOOD_POINTS, SOME_POINTS = 3.0, 2.0, 1.0
"""The scale of §6.5; its thresholds are in the rules."""


def max_age_ns(news: NewsThresholds) -> int:
    """Largest age of a scored item, nanoseconds, with the tolerance of comparisons."""
    return int((news.max_age_h + EPS) * HOUR_NS)


def news_points(net: float, peak: float, veto: bool, news: NewsThresholds) -> float:
    """Points 0-3 of a net and a peak effect (domain.md §6.5)."""
    if veto:
        return 0.0
    if net >= news.net_full - EPS and peak >= news.peak_full - EPS:
        return MAX_POINTS
    if net >= news.net_good - EPS:
        return GOOD_POINTS
    return SOME_POINTS if net >= news.net_some - EPS else 0.0


def score_stock(
    ticker: str,
    name: str,
    items: Iterable[NewsItem],
    as_of_ns: int,
    rules: Rules,
    *,
    collected: bool,
    verdict: ModelVerdict | None = None,
) -> StockNews:
    """Score the news of one stock.

    Parameters
    ----------
    ticker, name : str
        The stock; items of other tickers are ignored.
    items : iterable of NewsItem
        In any order; items not known by the instant are ignored.
    as_of_ns : int
        UTC nanoseconds.
    rules : Rules
        Lexicon, weights and thresholds.
    collected : bool
        Whether a collector worked, so that "no item" means that there is none. False gives MISSING.
    verdict : ModelVerdict, optional
        A language model's answer to keep beside the rule's points.

    Returns
    -------
    StockNews
        OK with 0 points where the collector worked and there is no item; points None, net and peak NaN where MISSING.
    """
    oldest_ns = as_of_ns - max_age_ns(rules.news)
    weights = weights_of(rules.news)
    scored: list[PreparedItem] = []
    aside: list[NewsItem] = []
    for item in items:
        if ticker not in item.tickers:
            continue
        known_ns = item.known_at_ns
        if known_ns is None:
            if item.collected_ns is not None and item.collected_ns <= as_of_ns:
                aside.append(item)
        elif known_ns <= as_of_ns:
            if (item.published_ns or 0) < oldest_ns or weights.source(item.source) is None:
                aside.append(item)
            else:
                scored.append(PreparedItem(item))
    scored.sort(key=lambda entry: time_order(entry.item))
    judge = lexicon_of(rules.news).judge
    return score_prepared(
        ticker,
        name,
        scored,
        aside,
        as_of_ns,
        rules.news,
        weights,
        collected=collected,
        verdict=verdict,
        judge=lambda e: judge(e.item.title),
    )


def score_prepared(
    ticker: str,
    name: str,
    scored: Sequence[PreparedItem],
    aside: Iterable[NewsItem],
    as_of_ns: int,
    news: NewsThresholds,
    weights: Weights,
    *,
    collected: bool,
    verdict: ModelVerdict | None,
    judge: Callable[[PreparedItem], Verdict],
) -> StockNews:
    """Score items of one stock that were already chosen by the instant and put in time order."""
    status = ScoreStatus.OK if collected else ScoreStatus.MISSING
    if not scored:
        points, none = (0.0, 0.0) if collected else (None, math.nan)
        return StockNews(ticker, status, points, none, none, False, (), _newest_first(aside), verdict)
    clusters = [_cluster(group, name, as_of_ns, news, weights, judge(group[0])) for group in cluster_prepared(scored, news)]
    net = math.fsum(cluster.effect for cluster in clusters)
    peak = max((cluster.effect for cluster in clusters if cluster.effect > 0.0), default=0.0)
    veto = any(cluster.is_veto for cluster in clusters)
    clusters.sort(key=lambda cluster: (-abs(cluster.effect), -(cluster.representative.published_ns or 0)))
    return StockNews(
        ticker,
        status,
        news_points(net, peak, veto, news) if collected else None,
        net if collected else math.nan,
        peak if collected else math.nan,
        veto,
        tuple(clusters),
        _newest_first(aside),
        verdict,
    )


def _newest_first(items: Iterable[NewsItem]) -> tuple[NewsItem, ...]:
    def place(item: NewsItem) -> tuple[Any, ...]:
        return (item.published_ns or item.collected_ns or 0, *time_order(item)[1:])

    return tuple(sorted(items, key=place, reverse=True))


def _cluster(
    group: list[PreparedItem], name: str, as_of_ns: int, news: NewsThresholds, weights: Weights, verdict: Verdict
) -> NewsCluster:
    first = group[0].item
    age_h = (as_of_ns - (first.published_ns or 0)) / HOUR_NS
    source = max(weights.source(entry.item.source) or 0.0 for entry in group)
    relevance = max(weights.relevance(entry.item, entry.normalised, name) for entry in group)
    time = weights.age(age_h)
    weight = source * time * relevance
    veto = verdict.is_severe and age_h <= news.veto_age_h + EPS and weight >= news.veto_weight - EPS
    return NewsCluster(
        first,
        tuple(entry.item for entry in group),
        verdict.points,
        source,
        time,
        relevance,
        weight,
        verdict.points * weight,
        veto,
        verdict.hits,
    )
