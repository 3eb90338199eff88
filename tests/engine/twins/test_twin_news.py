"""The news scorer and its plain twin say the same of recorded and of random headlines."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

import plain_news
import pytest
from compare import Differences
from headlines import FILLERS, TERMS, as_news_item, random_items
from plain_news import HOUR, Item, PlainNews, evaluate_news
from worlds import FULL, World, at_ns, wanted

from engine.model.news import StockNews
from engine.model.scan import ScoreStatus
from engine.news.lexicon import judge_title
from engine.news.market import NewsIndex
from engine.news.score import score_stock
from engine.thresholds import DEFAULT_RULES as RULES

NAMES = ("삼성전자", "한미약품", "에코프로비엠", "카카오", "두산에너빌리티", "포스코DX", "대한항공", "NAVER", "KB금융", "한화")


def compare_stock(found: Differences, where: str, ours: StockNews, plain: PlainNews) -> None:
    found.equal(f"{where} status", ours.status, ScoreStatus.MISSING if plain.points is None else ScoreStatus.OK)
    found.number(f"{where} points", ours.points, plain.points)
    found.number(f"{where} net", ours.net, plain.net)
    found.number(f"{where} peak", ours.peak, plain.peak)
    found.equal(f"{where} veto", ours.veto, plain.veto)
    ids = {tuple(m.id for m in c.members): c for c in ours.clusters}
    theirs = {tuple(m.id for m in c.members): c for c in plain.clusters}
    found.equal(f"{where} clusters", sorted(ids), sorted(theirs))
    for key in ids.keys() & theirs.keys():
        a, b = ids[key], theirs[key]
        title = b.members[0].title
        found.number(f"{where} points of {title!r}", a.points, b.points)
        for name, value in (("source_weight", b.source), ("time_weight", b.time), ("relevance", b.relevance)):
            found.number(f"{where} {name} of {[m.title for m in b.members]!r}", getattr(a, name), value)
        found.number(f"{where} effect of {title!r}", a.effect, b.effect)
        found.equal(f"{where} veto of {title!r}", a.is_veto, b.veto)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_headlines_agree(seed: int) -> None:
    """Random stocks and instants over made-up headlines of every class, source, age and shape."""
    rng = random.Random(seed)
    found = Differences()
    points, vetoes = set(), 0
    for number in range(wanted(500, 1_000)):
        name = rng.choice(NAMES)
        now = at_ns(datetime.combine(date(2026, 1, 28), time(15, 10)) + timedelta(minutes=number))
        items = random_items(rng, "005930", name, now, 0, rng.choice((0, 1, 2, 4, 8, 14)))
        collected = rng.random() > 0.05
        ours = score_stock("005930", name, [as_news_item(it) for it in items], now, RULES, collected=collected)
        plain = evaluate_news("005930", name, items, now, collected)
        compare_stock(found, f"#{number} {name}", ours, plain)
        found.equal(f"#{number} unscored", {it.id for it in ours.unscored}, plain.unscored)
        points.add(plain.points)
        vetoes += plain.veto
    assert not found, found.report()
    assert points == {None, 0.0, 1.0, 2.0, 3.0}
    assert vetoes > 20


def test_every_pair_of_words_agrees() -> None:
    """Points of every pair of terms, side by side, apart and inside a word; and of each term with each filler."""
    found = Differences()
    rng = random.Random(6)
    words = sorted({term.rstrip("°") for term in TERMS})
    pairs = [(a, b) for a in words for b in words]
    for a, b in pairs if FULL else rng.sample(pairs, 3_000):
        for joint in (" ", "", " (", "·", "전 "):
            title = f"{a}{joint}{b}"
            found.number(repr(title), judge_title(title, RULES)[0], plain_news.judge(title)[0])
    for a in words:
        for filler in FILLERS:
            for title in (f"{filler}{a}", f"{a}{filler}", f"{filler} {a}", f"{a[:1]} {a[1:]}{filler}", f"({filler}){a}"):
                found.number(repr(title), judge_title(title, RULES)[0], plain_news.judge(title)[0])
    assert not found, found.report()


@pytest.mark.real_data
def test_recorded_and_random_headlines_of_the_market_agree(world: World) -> None:
    """Random (stock, instant) over the recorded headlines of 2026 mixed with made-up ones, through the market index."""
    rng = random.Random(2026)
    recorded: dict[str, list[Item]] = {}
    for it in world.headlines:
        recorded.setdefault(it.tickers[0], []).append(it)
    position = {t: k for k, t in enumerate(world.recorded.tickers)}
    stocks = [t for t in recorded if t in position]
    number = len(world.headlines)
    everything: dict[str, list[Item]] = {t: list(recorded[t]) for t in stocks}
    for t in stocks:
        if rng.random() < 0.5:
            at = at_ns(datetime.combine(date(2026, 1, 20) + timedelta(days=rng.randrange(30)), datetime.min.time()))
            more = random_items(rng, t, world.names[position[t]], at, number, 4)
            everything[t] += more
            number += len(more)
    items = [as_news_item(it) for rows in everything.values() for it in rows]
    rng.shuffle(items)
    index = NewsIndex(items, world.panel.tickers.tolist(), world.names)
    found, compared = Differences(), 0
    per_instant = 80
    for _ in range(wanted(1_200) // per_instant):
        now = at_ns(datetime.combine(date(2026, 1, 15), time(9)) + timedelta(minutes=rng.randrange(38 * 24 * 60)))
        arrays, by_ticker = index.score(now, RULES, True)
        for t in rng.sample(stocks, per_instant):
            k = position[t]
            plain = evaluate_news(t, world.names[k], everything[t], now)
            where = f"{t} {world.names[k]} {now}"
            compare_stock(found, where, by_ticker[t] if t in by_ticker else index.stock(t, now, RULES, True), plain)
            found.number(f"{where} array points", arrays.points[k], plain.points)
            found.number(f"{where} array net", arrays.net[k], plain.net)
            found.equal(f"{where} array veto", bool(arrays.veto[k]), plain.veto)
            found.equal(f"{where} array clusters", int(arrays.clusters[k]), len(plain.clusters))
            found.equal(f"{where} unscored", {x.id for x in index.stock(t, now, RULES, True).unscored}, plain.unscored)
            compared += 1
    assert compared == wanted(1_200) // per_instant * per_instant
    assert not found, found.report()


@pytest.mark.real_data
def test_recorded_titles_are_judged_alike(world: World, recorded_data) -> None:  # type: ignore[no-untyped-def]
    """Points and normalised form of every recorded title (14,000 of them with the older files)."""
    import pandas as pd

    from engine.news.text import normalise_title

    titles = [it.title for it in world.headlines]
    older = pd.read_csv(recorded_data / "news" / "headlines_2017_2022.csv.gz")["title"].astype(str).tolist()
    titles += older if FULL else random.Random(1).sample(older, 4_000)
    titles += pd.read_csv(recorded_data / "news" / "market_headlines_202608.csv.gz")["title"].astype(str).tolist()
    found = Differences()
    for title in titles:
        found.equal(f"normalised {title!r}", normalise_title(title), plain_news.normalised(title))
        found.number(f"points {title!r}", judge_title(title, RULES)[0], plain_news.judge(title)[0])
    assert not found, found.report()


@pytest.mark.parametrize("age_h", [24, 72, 168])
@pytest.mark.parametrize("beyond_ns", [-1, 0, 1_000_000_000])
def test_ages_on_both_sides_of_every_limit(age_h: int, beyond_ns: int) -> None:
    now = at_ns(datetime.combine(date(2026, 1, 28), time(15, 10)))
    found = Differences()
    for title in ("삼성전자 대규모 수주", "삼성전자 횡령"):
        it = Item(1, ("005930",), title, "https://a.example/1", "DART", now - age_h * HOUR - beyond_ns, None)
        compare_stock(
            found, title, score_stock("005930", "삼성전자", [as_news_item(it)], now, RULES, collected=True),
            evaluate_news("005930", "삼성전자", [it], now),
        )  # fmt: skip
    assert not found, found.report()
