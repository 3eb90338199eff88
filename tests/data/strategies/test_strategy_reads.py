"""What strategies read: series, news with their symbols, minutes of whole days, volume curves; on both databases."""

from __future__ import annotations

from datetime import date

import numpy as np

from engine.model.instants import kst_ns
from ralphstock_desktop.data.bar_store import SqlBarStore
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.ports import MISSING_INT, MarketFlowBatch, MinuteBatch, NewsBatch
from tests.data.builders import DAY, days_of, ints, levels, many_news, minutes, news, symbol
from tests.data.strategies.conftest import Clock

MINUTE = 60_000_000_000
NEXT = date(2026, 3, 3)


def flows(rows: list[tuple[str, str, str, int | None]]) -> MarketFlowBatch:
    """Rows of (market, day, investor, net)."""
    market, day, investor, net = zip(*rows, strict=True)
    return MarketFlowBatch(np.array(market), days_of(day), np.array(investor), ints(net), None, "flows")


def test_market_series_come_from_levels_rates_and_flows(strategies: SqlStrategyStore, bars: SqlBarStore) -> None:
    empty = strategies.market_series()
    assert (empty.kospi, empty.kosdaq, empty.usd_krw, empty.kospi_foreign) == (None, None, None, None)
    with bars.unit_of_work() as unit:
        unit.upsert_index(levels("KOSPI", [("2026-03-03", 2_600.5), ("2026-03-02", 2_590.0)]))
        unit.upsert_index(levels("USDKRW", [("2026-03-01", 1_400.0)]))
        unit.upsert_market_flows(
            flows(
                [
                    ("KOSPI", "2026-03-03", "foreign", -5_000),
                    ("KOSPI", "2026-03-02", "foreign", 7_000),
                    ("KOSPI", "2026-03-02", "institution", 1),
                    ("KOSDAQ", "2026-03-02", "foreign", 2),
                ]
            )
        )
    series = strategies.market_series()
    assert series.kospi is not None and series.usd_krw is not None and series.kospi_foreign is not None
    assert series.kospi.days.astype(str).tolist() == ["2026-03-02", "2026-03-03"]
    assert series.kospi.close.tolist() == [2_590.0, 2_600.5]
    assert series.usd_krw.days.astype(str).tolist() == ["2026-03-01"]  # a Sunday: the rate has days of its own
    assert series.kosdaq is None
    assert series.kospi_foreign.net_krw.tolist() == [7_000.0, -5_000.0]
    assert series.version == strategies.market_series().version != empty.version
    with bars.unit_of_work() as unit:
        unit.upsert_market_flows(flows([("KOSPI", "2026-03-03", "foreign", -6_000)]))
    assert strategies.market_series().version != series.version


# -- news ------------------------------------------------------------------------------------------------------------------


def test_news_come_with_all_their_tickers_in_order(strategies: SqlStrategyStore) -> None:
    batch = news(
        [
            ("https://a.kr/2", "나중", "000020", 2_000),
            ("https://a.kr/1", "먼저", "000020", 1_000),
            ("https://a.kr/1", "먼저", "000010", 1_000),
            ("https://a.kr/3", "시장", "", 3_000),
        ]
    )
    undated = NewsBatch(
        np.array(["https://a.kr/4"]), np.array(["날짜 없음"]), np.array([""]), ints([None]), ints([2_500]), np.array(["000010"]),
        np.array(["news"]), "undated",
    )  # fmt: skip
    assert strategies.store_news(batch) == 4  # one row a headline and symbol
    assert strategies.store_news(undated) == 1
    found = strategies.news(1_000, 3_000)
    assert [(item.title, item.tickers, item.source) for item in found] == [
        ("먼저", ("000010", "000020"), "연합"),
        ("나중", ("000020",), "연합"),
        ("날짜 없음", ("000010",), ""),
        ("시장", (), "연합"),
    ]
    assert found[2].published_ns is None and found[2].known_at_ns is None
    assert [item.title for item in strategies.news(1_001, 2_999)] == ["나중", "날짜 없음"]
    assert [(item.title, item.tickers) for item in strategies.news(0, 9_000, "000010")] == [
        ("먼저", ("000010", "000020")),
        ("날짜 없음", ("000010",)),
    ]


def test_the_news_version_changes_with_news_only(strategies: SqlStrategyStore, bars: SqlBarStore) -> None:
    first = strategies.news_version()
    with bars.unit_of_work() as unit:
        unit.upsert_index(levels("KOSPI", [("2026-03-02", 2_590.0)]))
    assert strategies.news_version() == first
    strategies.store_news(news([("https://a.kr/1", "하나", "000010", 1_000)]))
    second = strategies.news_version()
    assert second != first
    strategies.store_news(news([("https://a.kr/1", "하나", "000010", 1_000)]))
    assert strategies.news_version() == second
    strategies.store_news(news([("https://a.kr/1", "하나 (정정)", "000010", 1_000)]))
    assert strategies.news_version() != second


def test_a_collector_that_found_nothing_has_worked(strategies: SqlStrategyStore, clock: Clock) -> None:
    hour = 3_600_000_000_000
    assert not strategies.news_collected(clock.ns)
    empty = np.array([], dtype=str)
    whole = np.array([], dtype=np.int64)
    assert strategies.store_news(NewsBatch(empty, empty, empty, whole, whole, empty, empty, "feed")) == 0
    assert strategies.news_collected(clock.ns)
    assert strategies.news_collected(clock.ns + 24 * hour)
    assert not strategies.news_collected(clock.ns + 24 * hour + 1)
    assert not strategies.news_collected(clock.ns - 1)  # nothing of the future tells about the past


def test_an_archive_covers_the_days_it_speaks_of(strategies: SqlStrategyStore, bars: SqlBarStore) -> None:
    with bars.unit_of_work() as unit:
        unit.upsert_news(news([("https://a.kr/1", "옛 기사", "000010", kst_ns(DAY, 9))]))
    assert strategies.news_collected(kst_ns(DAY, 15))
    assert not strategies.news_collected(kst_ns(DAY, 8))
    assert not strategies.news_collected(kst_ns(date(2026, 3, 4), 15))


def test_headlines_of_a_span_and_of_a_symbol_among_many(strategies: SqlStrategyStore, bars: SqlBarStore) -> None:
    count = 20_000
    batch = many_news(count)
    moments = batch.published_ns
    with bars.unit_of_work() as unit:
        unit.upsert_news(batch)
    week = strategies.news(int(moments[-10_000]), int(moments[-1]))
    assert {item.url for item in week} == set(batch.url[-10_000:].tolist())
    assert len(strategies.news(0, int(moments[-1]))) == count
    of_one = strategies.news(0, int(moments[-1]), "000010")
    assert {item.url for item in of_one} == set(batch.url[1::2_000].tolist())


# -- minutes ---------------------------------------------------------------------------------------------------------------


def bar(day: date, hour: int, minute: int, price: int = 100, volume: int = 10) -> tuple[int, int, int, int, int, int]:
    return kst_ns(day, hour, minute), price, price + 5, price - 5, price + 1, volume


def test_minutes_of_a_day_come_by_symbol(strategies: SqlStrategyStore, bars: SqlBarStore) -> None:
    odd = (kst_ns(DAY, 9, 2), 100, 90, 95, 100, 5)  # its high is below its low
    with bars.unit_of_work() as unit:
        unit.upsert_minutes(minutes("000020", [bar(DAY, 9, 1, 200), bar(DAY, 9, 0, 190), bar(NEXT, 9, 0)]))
        unit.upsert_minutes(minutes("000010", [bar(DAY, 15, 30), odd]))
        unit.upsert_minutes(minutes("000030", [bar(NEXT, 9, 0)]))
        unit.upsert_minutes(
            MinuteBatch(
                np.array(["000040"]),
                np.array([kst_ns(DAY, 9)]),
                ints([10]),
                ints([12]),
                ints([9]),
                ints([11]),
                ints([None]),
                ints([None]),
                "other",
            )
        )
    first, second, third = strategies.minutes_of_day(DAY)
    assert (set(first.ticker.tolist()), first.minute_ns.tolist()) == ({"000010"}, [kst_ns(DAY, 15, 30)])
    assert second.open_krw.tolist() == [190, 200]
    assert second.close_krw.tolist() == [191, 201]
    assert second.value_krw.tolist() == [1_910, 2_010]
    assert (second.source, third.source) == ("minutes", "other")
    assert third.volume_shares.tolist() == [MISSING_INT]
    assert strategies.minutes_of_day(date(2026, 3, 4)) == ()
    assert strategies.minute_days() == (DAY, NEXT)


def test_minute_days_find_earlier_days_that_come_later(strategies: SqlStrategyStore, bars: SqlBarStore) -> None:
    assert strategies.minute_days() == ()
    for day in (date(2026, 3, 31), DAY):
        with bars.unit_of_work() as unit:
            unit.upsert_minutes(minutes("000010", [bar(day, 9, 0)]))
    assert strategies.minute_days() == (DAY, date(2026, 3, 31))


def test_a_day_of_the_whole_market_is_read_whole(strategies: SqlStrategyStore, bars: SqlBarStore) -> None:
    times = kst_ns(DAY, 9) + np.arange(381, dtype=np.int64) * MINUTE
    with bars.unit_of_work() as unit:
        for number in range(216):
            size = len(times)
            unit.upsert_minutes(
                MinuteBatch(
                    np.full(size, f"{number:05d}0"),
                    times,
                    np.full(size, 100),
                    np.full(size, 110),
                    np.full(size, 90),
                    np.full(size, 105),
                    np.arange(size),
                    np.arange(size) * 100,
                    "minutes",
                )
            )
    batches = strategies.minutes_of_day(DAY)
    assert len(batches) == 216 and sum(len(batch.minute_ns) for batch in batches) == 216 * 381
    assert all((batch.volume_shares == np.arange(381)).all() for batch in batches)


def test_volume_curves_count_whole_days_of_the_market(strategies: SqlStrategyStore, bars: SqlBarStore) -> None:
    """Two symbols: 100 + 300 shares at 09:00, 100 at 09:01 and 500 in the auction are 40 %, 50 % and all of 1,000."""
    whole_day = [bar(DAY, 9, 0, volume=100), bar(DAY, 9, 1, volume=100), bar(DAY, 15, 30, volume=200)]
    with bars.unit_of_work() as unit:
        unit.upsert_symbols(
            [symbol("000010", "가"), symbol("000020", "나"), symbol("000030", "다")], source="master", complete=False
        )
        unit.upsert_minutes(minutes("000010", whole_day))
        unit.upsert_minutes(minutes("000020", [bar(DAY, 9, 0, volume=300), bar(DAY, 15, 30, volume=300)]))
        # recorded from eleven on, and one without its auction: both would bend the curve
        unit.upsert_minutes(minutes("000030", [bar(DAY, 11, 0, volume=9_000), bar(DAY, 15, 30, volume=9_000)]))
        unit.upsert_minutes(minutes("000010", [bar(NEXT, 9, 0), bar(NEXT, 15, 28)]))
    curve = strategies.volume_curve_days(1, date(2026, 3, 10), 20)
    assert curve is not None and curve.shape == (1, 391)
    assert curve[0, [0, 1, 2, 389, 390]].tolist() == [0.0, 0.4, 0.5, 0.5, 1.0]
    assert (np.diff(curve[0]) >= 0).all()
    assert strategies.volume_curve_days(2, date(2026, 3, 10), 20) is None
    assert strategies.volume_curve_days(1, DAY, 20) is None  # the day itself is not an earlier day
