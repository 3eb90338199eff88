"""News flags on the chart: on the bar of first publication, never later than the instant looked at, titles on hover."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from engine.model.chart import ChartSeries, Timeframe
from engine.model.instants import AsOf, kst_ns
from engine.model.news import NewsItem, StockNews
from engine.model.scan import ScoreStatus
from ralphstock_desktop.services.contracts import MarketPicture
from ralphstock_desktop.ui.charts.link import CrosshairAt
from ralphstock_desktop.ui.charts.paint_news import bar_at, news_boxes, news_tip
from ralphstock_desktop.ui.charts.scene import NewsFlag
from ralphstock_desktop.ui.docks.chart_dock import ChartPanel
from ralphstock_desktop.ui.viewmodels.chart_news import flags_of
from tests.ui.charts.builders import minute_series, series_of, walk
from tests.ui.closing.desk import ClosingDesk, cluster, item, last_day
from tests.ui.news.conftest import OpenDesk

FRIDAY, MONDAY = date(2026, 5, 1), date(2026, 5, 4)
"""The last two bars of the test series."""


def article(number: int, day: date, hour: int, minute: int = 0, title: str = "", **changes: object) -> NewsItem:
    at = kst_ns(day, hour, minute)
    return item(number, title or f"소식 {number}", published_ns=at, collected_ns=at, tickers=("006800",), **changes)


def story(*items: NewsItem, unscored: tuple[NewsItem, ...] = (), ticker: str = "006800") -> StockNews:
    clusters = tuple(cluster(each, 1.0) for each in items)
    return StockNews(ticker, ScoreStatus.OK, 1.0, 1.0, 1.0, False, clusters, unscored)


def bars(news: StockNews, series: ChartSeries, as_of: AsOf) -> dict[int, int]:
    return {flag.bar: flag.count for flag in flags_of(news, series, as_of)}


def test_day_bars_hold_the_news_of_their_day_and_a_weekend_waits_for_monday() -> None:
    series, end = walk(100), AsOf.end_of(MONDAY)
    saturday = date(2026, 5, 2)
    news = story(article(1, FRIDAY, 8), article(2, FRIDAY, 20), article(3, saturday, 12), article(4, MONDAY, 9))
    assert bars(news, series, end) == {98: 2, 99: 2}


def test_nothing_later_than_the_instant_looked_at_is_shown() -> None:
    series = walk(100)
    late = replace(article(2, MONDAY, 10), collected_ns=kst_ns(MONDAY, 14))  # collected later than published: known later
    news = story(article(1, MONDAY, 9), late, article(3, MONDAY, 15))
    assert bars(news, series, AsOf.at(MONDAY, 8, 59)) == {}
    assert bars(news, series, AsOf.at(MONDAY, 13, 0)) == {99: 1}
    assert bars(news, series, AsOf.at(MONDAY, 14, 0)) == {99: 2}
    assert bars(news, series, AsOf.at(MONDAY, 15, 0)) == {99: 3}


def test_items_without_a_time_never_stand_on_a_bar_old_ones_do() -> None:
    old = article(2, date(2026, 3, 2), 9)
    timeless = item(3, "언제인지 모름", published_ns=None, tickers=("006800",))
    series = walk(100)
    place = int(np.flatnonzero(series.time == np.datetime64("2026-03-02", "s"))[0])
    assert bars(story(unscored=(old, timeless)), series, AsOf.end_of(MONDAY)) == {place: 1}


def test_another_stock_s_news_are_not_drawn() -> None:
    assert flags_of(story(article(1, MONDAY, 9), ticker="000660"), walk(100), AsOf.end_of(MONDAY)) == ()
    assert flags_of(None, walk(100), AsOf.end_of(MONDAY)) == ()


@pytest.mark.parametrize(
    ("hour", "minute", "bar"),
    [
        (8, 0, 390),  # before the session: its first minute
        (9, 0, 390),
        (9, 7, 397),
        (15, 29, 779),
        (16, 0, None),  # after the last bar there is nothing yet
    ],
)
def test_minute_bars_hold_the_news_of_their_minute(hour: int, minute: int, bar: int | None) -> None:
    series = minute_series(days=2)  # 390 bars on Friday, 390 on Monday
    wall = int(np.datetime64("2026-05-04T00:00").astype("datetime64[s]").astype(np.int64)) + hour * 3600 + minute * 60
    assert bar_at(series, wall) == bar


def test_longer_minutes_weeks_and_months() -> None:
    five = minute_series(days=1, step=5)
    wall = int(np.datetime64("2026-05-04T09:14").astype("datetime64[s]").astype(np.int64))
    assert bar_at(five, wall) == 2  # 09:10-09:15
    week = walk(
        10,
        timeframe=Timeframe.WEEK,
        time=np.arange("2026-03-02", "2026-05-11", 7, dtype="datetime64[D]").astype("datetime64[s]"),
    )
    assert bar_at(week, wall) == 9
    assert bar_at(series_of([], [], [], []), wall) is None


def test_titles_are_in_order_of_time_and_counted() -> None:
    news = story(article(2, MONDAY, 11, title="둘째"), article(1, MONDAY, 9, 5, title="첫째", source=""))
    (flag,) = flags_of(news, walk(100), AsOf.end_of(MONDAY))
    assert flag.titles == ("05-04 09:05 · 첫째", "05-04 11:00 뉴스1 · 둘째")
    severe = replace(news, clusters=(replace(news.clusters[0], is_veto=True), news.clusters[1]))
    assert flags_of(severe, walk(100), AsOf.end_of(MONDAY))[0].severe


# -- on the chart -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(open_desk: OpenDesk) -> ClosingDesk:
    made = open_desk(ChartPanel, (700, 420))
    made.work.select(made.work.ticker(2), "closing")
    QApplication.processEvents()
    return made


def chart_of(desk: ClosingDesk) -> ChartPanel:
    assert isinstance(desk.panel, ChartPanel)
    return desk.panel


def test_the_chart_draws_its_stock_s_flag_above_the_bar(desk: ClosingDesk) -> None:
    chart = chart_of(desk).chart
    image = chart.grab().toImage()
    scene = chart.scene()
    assert scene is not None
    ((box, flag),) = news_boxes(scene)
    assert flag.count == 3 and flag.bar == len(chart.series or ()) - 1
    pane = scene.pane("price")
    assert pane is not None and box.bottom() < pane.scale.y(float(chart.series.high[-1]))  # type: ignore[union-attr]
    ground = desk.look.color("category-3").name()
    colours = {image.pixelColor(x, y).name() for x in range(int(box.left()), int(box.right())) for y in
               range(int(box.top()), int(box.bottom()))}  # fmt: skip
    assert ground in colours and desk.look.color("text-on-fill").name() in colours


def test_hover_lists_the_titles(desk: ClosingDesk) -> None:
    chart = chart_of(desk).chart
    chart.grab()
    scene = chart.scene()
    assert scene is not None
    ((box, flag),) = news_boxes(scene)
    assert news_tip(scene, box.center().x(), box.center().y()) == "\n".join(flag.titles)
    assert len(flag.titles) == 3 and news_tip(scene, 5, 5) == ""
    place = (box.center() / chart.devicePixelRatioF()).toPoint()
    QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, place, chart.mapToGlobal(place)))
    assert QToolTip.text() == "\n".join(flag.titles)
    QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, QPoint(5, 5), chart.mapToGlobal(QPoint(5, 5))))
    QToolTip.hideText()


def test_a_newer_flag_is_never_covered_by_an_older_one(desk: ClosingDesk) -> None:
    chart = chart_of(desk).chart
    last = len(chart.series or ()) - 1
    chart.set_news((NewsFlag(last - 1, 9, ("a",)), NewsFlag(last, 1, ("b",)), NewsFlag(last - 30, 2, ("c",))))
    chart.grab()
    scene = chart.scene()
    assert scene is not None
    boxes = {flag.bar: box for box, flag in news_boxes(scene)}
    assert boxes[last].width() > boxes[last - 1].width()
    assert not boxes[last].intersects(boxes[last - 1])
    assert boxes[last - 30].width() > boxes[last - 1].width()


def test_other_symbols_and_other_news_change_the_flags(desk: ClosingDesk) -> None:
    chart = chart_of(desk).chart
    quiet = desk.work.ticker(7)
    desk.fake.stories[quiet] = replace(story(), ticker=quiet)
    desk.work.select(quiet, "closing")
    QApplication.processEvents()
    assert chart._given.news == ()
    fresh = replace(article(1, last_day(), 10), tickers=(quiet,))
    desk.fake.stories[quiet] = replace(story(fresh), ticker=quiet)
    desk.work.show_news()
    assert [flag.count for flag in chart._given.news] == [1]
    before = AsOf.at(last_day(), 9, 30)
    desk.work.market.publish(MarketPicture(desk.work.panel, "real", before, is_latest=False))
    assert chart._given.news == ()


def test_the_news_panel_s_jump_moves_an_unseen_bar_into_sight(desk: ClosingDesk) -> None:
    chart = chart_of(desk).chart
    chart.grab()
    series = chart.series
    assert series is not None
    early = int(series.time[3].astype("datetime64[s]").astype(np.int64)) + 10 * 3600
    scene = chart.scene()
    assert scene is not None and scene.first > 3
    desk.context.chart_link.crosshair.publish(CrosshairAt("news", early))
    scene = chart.scene()
    assert scene is not None and scene.first <= 3 < scene.last
    assert chart.crosshair is not None and chart.crosshair.bar == 3
    view = chart.view
    late = int(series.time[6].astype("datetime64[s]").astype(np.int64))
    desk.context.chart_link.crosshair.publish(CrosshairAt("news", late))
    assert chart.view == view and chart.crosshair.bar == 6  # in sight already: nothing moves
