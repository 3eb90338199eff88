"""Answers about news: pieces of news of the market, or those that hold the words asked for. Titles are quotations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from engine.model.instants import AsOf, kst_datetime, kst_ns
from engine.model.news import NewsCluster, NewsItem
from engine.news.clusters import cluster_items
from ralphstock_desktop.services.assistant.answers.general import answer_general
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, fits, limit_of, problem_of, settled_strategies
from ralphstock_desktop.services.assistant.asked import find_absent
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.triggers import named, phrase
from ralphstock_desktop.services.assistant.wordlore import is_known_word
from ralphstock_desktop.services.assistant_contracts import Span, Target
from ralphstock_desktop.services.strategy_contracts import NewsPicture, Strategies

__all__ = ["answer_news", "known_at"]

_USUAL, _MOST, _FOUND, _STOCKS = 8, 20, 60, 3
_GOOD, _BAD = phrase("good_news"), phrase("bad_news")
_TONE = re.compile(r"호재|악재|긍정|부정|좋은|나쁜|good|bad|positive|negative|bullish|bearish")
_SECTORS = named("sectors")
_COUNTED = re.compile(r"(?:개|건|가지|줄)(?:만|정도|씩)?|\d+")
_DISCLOSURES = ("공시", "disclosure", "filing")
_EMPTY_WORDS = frozenset(
    "뉴스 공시 이슈 기사 소식 헤드라인 속보 오늘 어제 그제 최근 요즘 시장 증시 나온 나왔 정리 요약 알려 이번 지난 주요 관련"
    " 무슨 종목 news headline headlines article articles latest recent today yesterday market disclosure disclosures issue"
    " issues summary top stories story week summarise summarize filings"
    " 국내 해외 내용 내용은 모아 모아줘 골라 언급 언급된 많이 가장"
    " 떴 뜬 있냐 정리해 핫한 중요 주식 새로운 새 stocks stock hot big 코스피 코스닥 kospi kosdaq 장 briefing".split()
)
"""Words that ask for news and say nothing about which."""


def known_at(item: NewsItem) -> int | None:
    """When an item could be seen; one without a publication time from its collection on."""
    return item.known_at_ns if item.known_at_ns is not None else item.collected_ns


async def answer_news(desk: Desk, draft: AnswerDraft) -> None:
    """Tell pieces of news, newest first, or those that hold the words asked for, most relevant first."""
    if "definition" in draft.question.intents:
        await answer_general(desk, draft)
        return
    strategies = await settled_strategies(desk)
    writer, question = Writer(desk, draft), draft.question
    picture = _picture(writer, strategies)
    writer.propose("open_panel", "do.news", "news", panel="news", ticker="")
    if picture is None:
        problem = problem_of(strategies.news_state.last)
        writer.say("news.waiting" if problem is None else "news.nothing_known", when=writer.now())
        return
    polarity = 1 if _GOOD.search(question.text.casefold()) else -1 if _BAD.search(question.text.casefold()) else 0
    words = [
        word
        for word in question.words
        if word.casefold() not in _EMPTY_WORDS and _TONE.search(word) is None and _COUNTED.fullmatch(word) is None
    ]
    titles = " ".join(item.title for item in picture.items).casefold()
    # Everyday words that stand in no title ("the hottest", "broke") do not say which news are meant.
    words = [word for word in words if word.casefold() in titles or not is_known_word(word) or sectors_meant(word)]
    if not picture.collected:
        writer.say("news.not_collected", when=writer.now(picture.as_of))
        writer.note("note.no_news")
    if polarity and not words:
        _toned(writer, strategies, picture, polarity)
    elif words:
        if "theme" in find_absent(question.text.casefold()) and not any(sectors_meant(word) for word in words):
            writer.say("news.theme")
        await _searched(writer, words)
    else:
        _latest(writer, picture)


def _picture(writer: Writer, strategies: Strategies) -> NewsPicture | None:
    picture = strategies.news.last
    return picture if picture is not None and fits(picture.as_of, writer.picture) else None


def _within(writer: Writer, items: Iterable[NewsItem], now_ns: int) -> list[NewsItem]:
    """Items known at the instant and, where days were asked about, published on them."""
    question = writer.draft.question
    found = []
    for item in items:
        moment = known_at(item)
        if moment is None or moment > now_ns:
            continue
        day = kst_datetime(item.published_ns if item.published_ns is not None else moment).date()
        if question.first_day is not None and day < question.first_day:
            continue
        if question.last_day is not None and day > question.last_day:
            continue
        found.append(item)
    return found


def _latest(writer: Writer, picture: NewsPicture) -> None:
    items = _within(writer, picture.items, picture.as_of.instant_ns)
    if any(word in writer.draft.question.text.casefold() for word in _DISCLOSURES):
        filed = [item for item in items if item.kind != "news"]
        if not filed:
            writer.say("news.no_disclosures", when=writer.now(picture.as_of))
        items = filed or items
    clusters = cluster_items(items, writer.desk.workstation.rules)
    clusters.sort(key=lambda members: -(members[0].published_ns or 0))
    if not clusters:
        if picture.collected:
            none = writer.number("news.count", 0.0, "", "news_count", Target("panel", panel="news"))
            writer.say("news.none", when=writer.now(picture.as_of), count=none)
        return
    _listed(writer, clusters, len(items), "news.latest", picture.as_of)


def _of_days(writer: Writer, clusters: tuple[NewsCluster, ...]) -> tuple[NewsCluster, ...]:
    """Pieces of news of the days asked about; all where none were named."""
    if writer.draft.question.first_day is None:
        return clusters
    items = _within(writer, (cluster.representative for cluster in clusters), writer.picture.as_of.instant_ns)
    kept = {item.id for item in items}
    return tuple(cluster for cluster in clusters if cluster.representative.id in kept)


def _toned(writer: Writer, strategies: Strategies, picture: NewsPicture, polarity: int) -> None:
    """Stocks whose recent news count for them, or against them, by the net effect; the strongest first."""
    panel = writer.picture.panel
    tickers = dict.fromkeys(code for item in picture.items for code in item.tickers if panel.row_of(code) is not None)
    found: list[tuple[float, str, tuple[NewsCluster, ...]]] = []
    for code in tickers:
        news = strategies.news_of(code)
        named = _of_days(writer, news.clusters) if news is not None else ()
        net = float(sum(cluster.effect for cluster in named))
        if net * polarity > 0:
            found.append((net, code, named))
    found.sort(key=lambda each: (-each[0] * polarity, each[1]))
    target, now = Target("panel", panel="news"), picture.as_of.instant_ns
    count = writer.number("news.toned", float(len(found)), "", "news_toned", target, known_at_ns=now)
    tone = "good" if polarity > 0 else "bad"
    writer.say(f"news.{tone}" if found else f"news.{tone}.none", when=writer.now(picture.as_of), count=count)
    lines = []
    for net, code, named in found[: limit_of(writer.draft.question, _USUAL, _MOST)]:
        strongest = max(named, key=lambda cluster: cluster.effect * polarity)
        first = strongest.representative
        at = Target("article", ticker=code, news_id=first.id, url=first.url)
        title = writer.add("news.title", first.title, "text", first.source or writer.title("news_title"), at, ticker=code,
                           known_at_ns=known_at(first), quoted=True)  # fmt: skip
        effect = writer.add("news.net", net, "points", writer.title("news_net"), target, ticker=code, decimals=2, plus=True,
                            known_at_ns=now)  # fmt: skip
        stock = writer.stock(code, panel, Target("cell", panel="news", ticker=code, item="name"))
        lines.append(writer.line("news.toned_item", stock=stock, net=effect, title=title))
        writer.draft.articles.append(first)
    writer.items(lines)
    if found:
        writer.say("news.quoted")
        writer.draft.has_stock = True


def sectors_meant(text: str) -> tuple[str, ...]:
    """What the press calls the sectors a question names in other words."""
    return tuple(name for name, pattern in _SECTORS if re.search(rf"(?<![a-z])(?:{pattern.pattern})", text.casefold()))


async def _searched(writer: Writer, words: Sequence[str]) -> None:
    """The store's words search, known at the instant; pieces of news in the order of their best article."""
    desk, question = writer.desk, writer.draft.question
    as_of = writer.picture.as_of
    first_ns = kst_ns(question.first_day, 0) if question.first_day is not None else 0
    if question.days is not None and question.first_day is None:
        first_ns = kst_ns(as_of.day - timedelta(days=question.days), 0)

    def search() -> tuple[tuple[NewsItem, float], ...]:
        return desk.store().search_news(" ".join(words), as_of_ns=as_of.instant_ns, limit=_FOUND, first_ns=first_ns)

    found = await desk.workers.read(search)
    picture = _picture(writer, desk.workstation.strategies) if not found and desk.workstation.strategies is not None else None
    if picture is not None:  # the store has not taken them in yet; they are on screen
        meant = [*words, *sectors_meant(question.text)]
        found = tuple(
            (item, float(hits))
            for item in picture.items
            if (hits := sum(word.casefold() in item.title.casefold() for word in meant))
        )
        found = tuple(sorted(found, key=lambda pair: (-pair[1], -(pair[0].published_ns or 0))))
    rank = {item.id: place for place, (item, _) in enumerate(found)}
    items = _within(writer, (item for item, _ in found), as_of.instant_ns)
    clusters = cluster_items(items, desk.workstation.rules)
    clusters.sort(key=lambda members: min(rank[item.id] for item in members))
    target = Target("panel", panel="news")
    asked = writer.add(
        "news.words", " ".join(words), "text", writer.title("news_words"), target, text=" ".join(words), known_at_ns=None
    )
    if not clusters:
        none = writer.number("news.count", 0.0, "", "news_count", target)
        writer.say("news.none_for", when=writer.now(), words=asked, count=none)
        return
    _listed(writer, clusters, len(items), "news.found", as_of, words=asked)


def _listed(
    writer: Writer, clusters: Sequence[tuple[NewsItem, ...]], articles: int, key: str, as_of: AsOf, **parts: object
) -> None:
    limit = limit_of(writer.draft.question, _USUAL, _MOST)
    target = Target("panel", panel="news")
    shown = list(clusters[:limit])
    now = as_of.instant_ns
    count = writer.number("news.count", float(len(clusters)), "", "news_count", target, known_at_ns=now)
    told = writer.number("news.articles", float(articles), "", "news_articles", target, known_at_ns=now)
    listed = writer.number("signal.shown", float(len(shown)), "", "shown", target)
    writer.say(key, when=writer.now(as_of), count=count, articles=told, shown=listed, **parts)  # type: ignore[arg-type]
    lines = [_line(writer, members) for members in shown]
    writer.items(lines)
    writer.say("news.quoted")
    writer.draft.articles += [members[0] for members in shown]
    writer.draft.has_stock = writer.draft.has_stock or any(members[0].tickers for members in shown)


def _line(writer: Writer, members: tuple[NewsItem, ...]) -> tuple[Span, ...]:
    """A piece of news by its earliest article: title, press, time, how often it was told, and whom it is about."""
    first, panel = members[0], writer.picture.panel
    ticker = first.tickers[0] if first.tickers else ""
    target = Target("article", ticker=ticker, news_id=first.id, url=first.url)
    known = known_at(first)
    moment = kst_datetime(first.published_ns or 0)
    words = f"{first.source or writer.title('news_title')} {moment:%m-%d}"
    title = writer.add("news.title", first.title, "text", words, target, ticker=ticker, known_at_ns=known, quoted=True)
    when = writer.add(
        "news.published", moment.strftime("%Y-%m-%dT%H:%M"), "time", writer.title("news_published"), target, ticker=ticker,
        day=moment.date(), known_at_ns=known, text=moment.strftime("%m-%d %H:%M"),
    )  # fmt: skip
    press = writer.add(
        "news.source", first.source or None, "word", writer.title("news_source"), target, known_at_ns=known, quoted=True,
        text=first.source or writer.texts(writer.key("missing")),
    )  # fmt: skip
    parts = writer.line("news.item", title=title, source=press, when=when)
    if len(members) > 1:
        versions = writer.number("news.versions", float(len(members)), "", "news_versions", target)
        parts += writer.line("news.versions", count=versions)
    names = [code for code in first.tickers if panel.row_of(code) is not None][:_STOCKS]
    for number, code in enumerate(names):
        stock = writer.stock(code, panel, Target("cell", panel="news", ticker=code, item="name"))
        parts += (Span(" — " if not number else ", "), Span(stock.text, fact=stock.id))
    return parts
