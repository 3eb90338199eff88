"""Golden cases of weight, veto and points of one stock (domain.md §§6.1, 6.4, 6.5). Arithmetic beside each case."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from news_builders import HOUR, NOW, item

from engine.model.news import NewsItem, StockNews
from engine.model.scan import ScoreStatus
from engine.news.score import news_points, score_stock
from engine.news.weights import names_stock, press_key
from engine.thresholds import DEFAULT_RULES


def score(*items: NewsItem, collected: bool = True, name: str = "삼성전자", **more: Any) -> StockNews:
    return score_stock("005930", name, items, NOW, DEFAULT_RULES, collected=collected, **more)


# -------------------------------------------------------------------------------------------------- one cluster's weight


@pytest.mark.parametrize(
    ("source", "weight"),
    [
        ("DART", 1.0),
        ("KIND", 1.0),
        ("dart", 1.0),
        ("금융감독원 전자공시시스템", 1.0),
        ("연합뉴스", 0.9),
        ("연합 뉴스", 0.9),
        ("뉴스1", 0.9),
        ("News1", 0.9),
        ("매일경제신문", 0.9),
        ("한경닷컴", 0.9),
        ("파이낸셜뉴스", 0.9),
        ("연합뉴스TV", 0.5),
        ("한국경제TV", 0.5),
        ("서울경제TV", 0.5),
        ("어느 신문", 0.5),
        ("", 0.5),
    ],
)
def test_source_weight(source: str, weight: float) -> None:
    (cluster,) = score(item("삼성전자 수주", 1, source=source)).clusters
    assert (cluster.source_weight, cluster.time_weight, cluster.relevance) == (weight, 1.0, 1.0)
    assert cluster.weight == pytest.approx(weight)
    assert cluster.effect == pytest.approx(2 * weight)


@pytest.mark.parametrize("source", ["블로그", "네이버 블로그", "커뮤니티", "투자자 커뮤니티"])
def test_blogs_and_communities_are_ignored(source: str) -> None:
    found = score(item("삼성전자 대규모 수주", 1, source=source))
    assert (found.status, found.points, found.clusters) == (ScoreStatus.OK, 0.0, ())
    assert len(found.unscored) == 1


def test_a_blog_lends_its_title_to_nobody() -> None:
    found = score(item("삼성전자, 수주 공시", 5, source="블로그", number=1), item("삼성전자, 수주 공시", 1, number=2))
    assert [cluster.representative.id for cluster in found.clusters] == [2]


@pytest.mark.parametrize(
    ("age_h", "seconds", "weight"),
    [(0, 0, 1.0), (24, 0, 1.0), (24, 1, 0.6), (72, 0, 0.6), (72, 1, 0.3), (168, 0, 0.3)],
)
def test_time_weight_on_both_sides(age_h: float, seconds: int, weight: float) -> None:
    (cluster,) = score(item("삼성전자 수주", age_h, seconds=seconds)).clusters
    assert cluster.time_weight == weight


def test_older_than_168_hours_is_kept_aside() -> None:
    found = score(item("삼성전자 수주", 168, seconds=1))
    assert (found.clusters, found.points) == ((), 0.0)
    assert [entry.title for entry in found.unscored] == ["삼성전자 수주"]


@pytest.mark.parametrize(
    ("title", "name", "relevance"),
    [
        ("삼성전자 수주", "삼성전자", 1.0),
        ("삼성 전자 수주", "삼성전자", 1.0),
        ("반도체주 수주", "삼성전자", 0.5),
        ("[특징주] 삼성전자 급등", "삼성전자", 1.0),
        ("단일판매ㆍ공급계약체결(삼성전자)", "삼성전자", 1.0),
        ("[마감시황] 삼성전자 급등", "삼성전자", 1.0),  # a label is taken out before the round-up test
        ("마감시황: 삼성전자 급등", "삼성전자", 0.5),  # a round-up gives 0.5 even if it names the stock
        ("장 마감, 삼성전자 급등", "삼성전자", 0.5),
        ("오늘의 공시: 삼성전자 수주", "삼성전자", 0.5),
        ("주간 수주 삼성전자", "삼성전자", 0.5),
        ("외국인 순매수 상위, 삼성전자", "삼성전자", 0.5),
        ("수주 Top 10 삼성전자", "삼성전자", 0.5),
        ("특징주 모음 삼성전자 급등", "삼성전자", 0.5),
        ("[특징주] 모음전자 급등", "모음전자", 1.0),
        ("SKC 수주", "SK", 0.5),
        ("NAVER3분기 호실적", "NAVER", 1.0),  # a digit is no part of a name that ends in a letter
        ("삼성SDI2공장 수주", "삼성SDI", 1.0),
        ("SK, 수주", "sk", 1.0),
        ("sk하이닉스 수주", "SK하이닉스", 1.0),
        ("OFFSET 수주", "F&F", 0.5),
        ("F&F 수주", "F&F", 1.0),
        ("수주", "", 0.5),
    ],
)
def test_relevance(title: str, name: str, relevance: float) -> None:
    (cluster,) = score(item(title, 1), name=name).clusters
    assert cluster.relevance == relevance


def test_cluster_takes_the_largest_source_and_relevance_but_the_earliest_time_and_title() -> None:
    early = item("반도체 기업, 대규모 공급계약 체결 공시", 30, source="어느 신문", url="https://n.kr/1")
    later = item("삼성전자 급락", 2, source="DART", url="https://n.kr/1?utm_source=a")
    (cluster,) = score(later, early).clusters
    assert cluster.representative == early
    assert cluster.members == (early, later)
    # decisive 3 × DART 1.0 × 30 h 0.6 × named 1.0 = 1.8
    assert (cluster.points, cluster.source_weight, cluster.time_weight, cluster.relevance) == (3, 1.0, 0.6, 1.0)
    assert cluster.effect == pytest.approx(1.8)


# ------------------------------------------------------------------------------------------------------------- points


def test_one_decisive_disclosure_of_the_day() -> None:
    found = score(item("삼성전자 대규모 공급계약", 1, source="DART"))
    assert (found.net, found.peak, found.points) == (pytest.approx(3.0), pytest.approx(3.0), 3.0)  # 3 × 1.0


def test_the_same_by_the_press_only() -> None:
    found = score(item("삼성전자 대규모 공급계약", 1))
    assert (found.net, found.points) == (pytest.approx(2.7), 2.0)  # 3 × 0.9 is below 3.0


def test_three_rewrites_are_not_three_news() -> None:
    rewrites = ("삼성전자, 美 기업에서 수주", "[속보] 삼성전자, 美 기업에서 수주", "삼성전자 美 기업에서 '수주'")
    found = score(*(item(title, age, number=age) for age, title in enumerate(rewrites)))
    assert (len(found.clusters), found.points) == (1, 2.0)
    assert found.net == pytest.approx(1.8)  # 2 × 0.9, once


def test_many_weak_news_give_two_points_at_most() -> None:
    weak = ("삼성전자 MOU 체결", "삼성전자 신제품 공개", "외국인매수 몰린 삼성전자", "삼성전자 테마 부각")
    found = score(*(item(title, 1, source="DART") for title in weak))
    assert (found.net, found.peak, found.points) == (pytest.approx(4.0), pytest.approx(1.0), 2.0)  # peak below 2.0


def test_bad_news_are_set_off() -> None:
    found = score(item("삼성전자 수주", 1, source="DART"), item("삼성전자 어닝쇼크에 목표가 하향", 2, source="DART"))
    assert (found.net, found.points) == (pytest.approx(1.0), 1.0)  # 2 − 1
    assert [cluster.points for cluster in found.clusters] == [2, -1]  # largest effect by amount first


def test_bad_news_alone_have_no_peak() -> None:
    found = score(item("삼성전자 어닝쇼크", 1, source="DART"), item("삼성전자 리콜", 2))
    assert (found.net, found.peak, found.points) == (pytest.approx(-1.9), 0.0, 0.0)  # −1 − 0.9


@pytest.mark.parametrize(
    ("net", "peak", "points"),
    [
        (3.0, 2.0, 3), (2.9999999995, 2.0, 3), (2.99, 2.0, 2), (3.0, 1.99, 2), (1.5, 0.1, 2), (1.49, 1.0, 1), (0.5, 0.5, 1),
        (0.49, 0.49, 0), (0.0, 0.0, 0), (-5.0, 3.0, 0),
    ],
)  # fmt: skip
def test_points_on_both_sides(net: float, peak: float, points: float) -> None:
    assert news_points(net, peak, False, DEFAULT_RULES.news) == points
    assert news_points(net, peak, True, DEFAULT_RULES.news) == 0


# --------------------------------------------------------------------------------------------------------------- veto


@pytest.mark.parametrize(
    ("source", "age_h", "seconds", "title", "veto"),
    [
        ("연합뉴스", 1, 0, "삼성전자 대표 횡령", True),  # 0.9
        ("어느 신문", 1, 0, "삼성전자 대표 횡령", True),  # 0.5
        ("어느 신문", 30, 0, "삼성전자 대표 횡령", True),  # 0.5 × 0.6 = 0.30
        ("어느 신문", 1, 0, "계열사 대표 횡령", False),  # 0.5 × 0.5 = 0.25
        ("연합뉴스", 30, 0, "계열사 대표 횡령", False),  # 0.9 × 0.6 × 0.5 = 0.27
        ("DART", 30, 0, "계열사 대표 횡령", True),  # 1.0 × 0.6 × 0.5 = 0.30
        ("DART", 72, 0, "삼성전자 대표 횡령", True),
        ("DART", 72, 1, "삼성전자 대표 횡령", False),  # weight 0.3 reaches the limit, the age does not
        ("블로그", 1, 0, "삼성전자 대표 횡령", False),
        ("DART", 1, 0, "삼성전자 상장폐지 사유 해소", False),
        ("DART", 1, 0, "삼성전자 급락", False),
    ],
)
def test_veto(source: str, age_h: float, seconds: int, title: str, veto: bool) -> None:
    found = score(item(title, age_h, seconds=seconds, source=source), item("삼성전자 FDA 승인", 1, source="DART"))
    assert found.veto is veto
    # the good news alone is worth 3 × 1.0; a severe one takes 3 × weight off
    assert found.points == (0.0 if veto else news_points(found.net, found.peak, False, DEFAULT_RULES.news))
    assert sum(cluster.is_veto for cluster in found.clusters) == veto


def test_a_later_severe_member_does_not_veto() -> None:
    """The representative's title counts."""
    page = "https://n.kr/1"
    found = score(item("삼성전자 공시", 3, url=page), item("삼성전자 횡령", 1, url=page))
    assert (len(found.clusters), found.veto) == (1, False)


# ------------------------------------------------------------------------------------------- missing, unknown, future


def test_no_item_is_a_zero_and_a_failed_collector_is_missing() -> None:
    nothing = score()
    assert (nothing.status, nothing.points, nothing.net, nothing.peak) == (ScoreStatus.OK, 0.0, 0.0, 0.0)
    failed = score(collected=False)
    assert (failed.status, failed.points) == (ScoreStatus.MISSING, None)
    assert math.isnan(failed.net)
    assert math.isnan(failed.peak)


def test_missing_never_helps() -> None:
    """Known good news give no points while the collector is down; a known veto stands."""
    good = score(item("삼성전자 FDA 승인", 1, source="DART"), collected=False)
    assert (good.points, good.veto, len(good.clusters)) == (None, False, 1)
    bad = score(item("삼성전자 횡령", 1, source="DART"), collected=False)
    assert (bad.points, bad.veto) == (None, True)


def test_without_a_publication_time_it_is_kept_but_not_scored() -> None:
    found = score(item("삼성전자 FDA 승인", None, collected_h=2))
    assert (found.points, found.clusters, len(found.unscored)) == (0.0, (), 1)


def test_the_future_is_not_there() -> None:
    later = (
        item("삼성전자 FDA 승인", -0.001),  # published later
        item("삼성전자 FDA 승인", 5, collected_h=-0.001),  # published before, collected later
        item("삼성전자 FDA 승인", None, collected_h=-1),
        item("삼성전자 FDA 승인", None, collected_h=None),  # nobody knows since when
    )
    found = score(*later)
    assert (found.points, found.clusters, found.unscored) == (0.0, (), ())
    assert len(score(item("삼성전자 수주", 0)).clusters) == 1  # published at the instant itself


def test_collection_before_publication_does_not_make_it_known_earlier() -> None:
    assert score(item("삼성전자 수주", -1, collected_h=3)).clusters == ()


def test_items_of_other_stocks_and_of_none() -> None:
    assert score(item("삼성전자 수주", 1, tickers=("000660",)), item("삼성전자 수주", 1, tickers=())).clusters == ()
    assert len(score(item("삼성전자 수주", 1, tickers=("000660", "005930"))).clusters) == 1


def test_nothing_depends_on_the_later() -> None:
    known = [item("삼성전자 수주", 2), item("삼성전자 급락", 50, source="DART")]
    before = score(*known)
    after = score(*known, item("삼성전자 횡령", -1, source="DART"), item("삼성전자 수주", -2, url=known[0].url))
    assert before.clusters == after.clusters
    assert (before.net, before.points, before.veto) == (after.net, after.points, after.veto)


def test_thresholds_come_from_the_rules() -> None:
    news = dataclasses.replace(DEFAULT_RULES.news, max_age_h=10.0, press_weight=0.2, veto_weight=0.1, named_relevance=0.5)
    rules = dataclasses.replace(DEFAULT_RULES, news=news)
    found = score_stock(
        "005930", "삼성전자", [item("삼성전자 횡령", 9), item("삼성전자 FDA승인", 11)], NOW, rules, collected=True
    )
    assert (len(found.clusters), found.veto) == (1, True)
    assert found.net == pytest.approx(-3 * 0.2 * 0.5)


def test_names() -> None:
    assert press_key(" 매경 ") == "매일경제"
    assert names_stock("LG CNS 수주", "LG CNS")
    assert not names_stock("ALGORITHM", "LG")
    assert names_stock("ALGORITHM 개발, LG 수주", "LG")  # the second one stands free
    assert names_stock("LG", "LG")
    assert names_stock("straße SK 수주", "SK")
    assert names_stock("A LG", "LG")
    assert not names_stock("SK", "LG")
    assert not names_stock("회사12 수주", "회사1")
    assert names_stock("회사1, 회사12", "회사1")
    assert NOW % HOUR != 0  # ages of whole hours do not fall on whole clock hours by chance
