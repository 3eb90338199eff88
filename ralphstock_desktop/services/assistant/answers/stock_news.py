"""News of a symbol: what they are worth, and the last clusters with title, source and time. Titles are quoted only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.instants import kst_datetime
from engine.model.news import NewsCluster, NewsItem, StockNews
from engine.model.scan import ScoreStatus
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, joined
from ralphstock_desktop.services.assistant_contracts import Fact, Spans, Target

__all__ = ["NewsFacts", "newest_line", "news_sentence", "read_news", "write_news"]

_CLUSTERS = 5


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """One piece of news."""

    title: Fact
    source: Fact | None
    published: Fact | None
    effect: Fact


@dataclass(frozen=True, slots=True)
class NewsFacts:
    """News points of a symbol and its last clusters, newest first. Points are missing where nothing was collected."""

    points: Fact
    count: Fact
    net: Fact
    clusters: tuple[ClusterFacts, ...]
    collected: bool
    veto: bool


def read_news(s: Symbol) -> NewsFacts | None:
    """Take the news into the book, and the articles into what a model may be shown; None where nothing was loaded yet."""
    news: StockNews | None = None
    if s.pictures.has_news and s.pictures.strategies is not None:
        news = s.pictures.strategies.news_of(s.ticker)
    if news is None:
        return None
    target = Target("panel", panel="news", ticker=s.ticker)
    known = [item.known_at_ns for cluster in news.clusters for item in cluster.members]
    known_at = max((moment for moment in known if moment is not None), default=None)
    collected = news.status != ScoreStatus.MISSING
    newest = sorted(
        _of_days(s, news.clusters), key=lambda cluster: (-(cluster.representative.published_ns or 0), cluster.representative.id)
    )[:_CLUSTERS]
    if news.veto:
        s.word("news.veto", "YES", s.t("word.yes"), target, known_at_ns=known_at)
    facts = NewsFacts(
        points=s.fact("news.points", news.points if collected else None, "points", target, known_at_ns=known_at),
        count=s.fact("news.clusters", float(len(news.clusters)), "count", target, known_at_ns=known_at),
        net=s.fact("news.net", news.net if collected else None, "points", target, known_at_ns=known_at, decimals=2, plus=True),
        clusters=tuple(_cluster(s, cluster) for cluster in newest),
        collected=collected,
        veto=news.veto,
    )
    for cluster in newest:
        if cluster.representative not in s.draft.articles:
            s.draft.articles.append(cluster.representative)
    return facts


def _of_days(s: Symbol, clusters: Sequence[NewsCluster]) -> list[NewsCluster]:
    """Clusters published on the days asked about; all where none were named, or none were published on them."""
    first, last = s.draft.question.first_day, s.draft.question.last_day
    if first is None and last is None:
        return list(clusters)
    begin, end = first or last, last or first
    kept = []
    for cluster in clusters:
        moment = cluster.representative.published_ns
        day = kst_datetime(moment).date() if moment is not None else None
        if day is not None and begin is not None and end is not None and begin <= day <= end:
            kept.append(cluster)
    return kept or list(clusters)


def _cluster(s: Symbol, cluster: NewsCluster) -> ClusterFacts:
    item: NewsItem = cluster.representative
    target = Target("article", panel="news", ticker=s.ticker, news_id=item.id, url=item.url)
    known = item.known_at_ns
    moment = kst_datetime(item.published_ns) if item.published_ns is not None else None
    title = s.fact(
        "news.title", item.title, "text", target, known_at_ns=known, quoted=True, title=item.source or s.t("title.news.title")
    )
    published = None
    if moment is not None:
        published = s.fact(
            "news.published", moment.strftime("%Y-%m-%dT%H:%M"), "time", target, day=moment.date(), known_at_ns=known
        )
    source = s.fact("news.source", item.source, "text", target, known_at_ns=known, quoted=True) if item.source else None
    effect = s.fact(
        "news.effect",
        cluster.effect,
        "points",
        target,
        known_at_ns=known,
        decimals=2,
        plus=True,
        formula=s.t("formula.news").format(points=f"{cluster.points:g}", weight=f"{cluster.weight:.3g}"),
    )
    return ClusterFacts(title, source, published, effect)


def news_sentence(s: Symbol, news: NewsFacts) -> Spans:
    """What the news are worth, or that none were collected."""
    if not news.collected:
        return s.say("news.missing")
    if not news.count.value:
        return s.say("news.none")
    return s.say("news.veto" if news.veto else "news.points", points=news.points, count=news.count, net=news.net)


def newest_line(s: Symbol, news: NewsFacts) -> Spans:
    """The newest title with its source and time."""
    return _line(s, news.clusters[0]) if news.clusters else ()


def _line(s: Symbol, cluster: ClusterFacts) -> Spans:
    parts = [s.say("news.title", title=cluster.title)]
    about = [s.book.spans("{part}", part=part) for part in (cluster.source, cluster.published) if part is not None]
    if about:
        parts.append(s.say("news.about", about=joined(about, ", ")))
    parts.append(s.say("news.effect", effect=cluster.effect))
    return joined(parts, " ")


def write_news(s: Symbol) -> None:
    """Points first, then each of the last clusters."""
    news = read_news(s)
    if news is None:
        s.paragraph(s.say("news.waiting"))
        return
    s.paragraph(news_sentence(s, news))
    s.items(*(_line(s, cluster) for cluster in news.clusters))
