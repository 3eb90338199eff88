"""The chart on a running day: the last candle alone moves, new minutes come in, gaps are hatched, the countdown runs."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.calendar.sessions import Phase
from engine.model.chart import Timeframe
from engine.model.instants import kst_ns
from ralphstock_desktop.services.contracts import Empty, Ready
from ralphstock_desktop.services.live_contracts import FormingBar, Gap
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.paint_gaps import band_px
from ralphstock_desktop.ui.docks.chart_dock import ChartPanel
from tests.ui.live.conftest import OpenDesk
from tests.ui.live.desk import LiveDesk
from tests.ui.live.fake_live import status

T = "000030"


def run_now(work: Coroutine[Any, Any, None], _name: str) -> None:
    """Run a task to its end at once."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()


def opened(open_desk: OpenDesk, **options: object) -> tuple[LiveDesk, ChartPanel]:
    desk = open_desk(ChartPanel, **{"size": (760, 520), "window": 1_500, **options})
    panel = desk.panel
    assert isinstance(panel, ChartPanel)
    panel.view_model._spawn = run_now
    desk.work.select(T, "signals")
    QApplication.processEvents()
    return desk, panel


def minute_bar(desk: LiveDesk, hour: int, at: int, close: float = 34_000.0) -> FormingBar:
    return FormingBar(kst_ns(desk.work.day, hour, at), close - 50, close + 50, close - 100, close, 500.0, close * 500)


def minutes(desk: LiveDesk, count: int = 103) -> None:
    desk.feed.minutes_now[T] = [minute_bar(desk, 9 + m // 60, m % 60, 34_000.0 + 50 * (m % 7)) for m in range(count)]


# -- day --------------------------------------------------------------------------------------------------------------------


def test_the_first_trade_of_the_day_adds_a_bar_and_later_ones_only_move_it(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    stored = len(desk.work.day_series(T, Timeframe.DAY, adjusted=True))
    assert panel.chart.series is not None and len(panel.chart.series) == stored
    desk.work.trade({T: 34_500})
    series = panel.chart.series
    assert series is not None and len(series) == stored + 1
    assert str(series.time[-1].astype("datetime64[D]")) == desk.work.day.isoformat()
    panel.chart.grab()
    base = panel.chart._base
    desk.work.trade({T: 34_550})
    assert panel.chart.series is series and panel.chart._base is base, "no other bar was drawn again"
    assert panel.chart.data is not None and panel.chart.data.last.close == 34_550
    assert panel.head.said.price == 34_550
    board = desk.feed.the_board
    assert board is not None
    assert panel.head.said.change_pct == pytest.approx(float(board.change_pct[board.row_of(T)]))


def test_a_day_that_is_begun_anew_takes_its_bar_away(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    stored = len(desk.work.day_series(T, Timeframe.DAY, adjusted=True))
    desk.work.trade({T: 34_500})
    assert panel.chart.series is not None and len(panel.chart.series) == stored + 1
    desk.feed.days_now.clear()  # the replay was set back to before the open
    desk.feed.move({T: 33_900}, at_ns=desk.work.now(8, 55))
    assert len(panel.chart.series) == stored


def test_a_range_beyond_the_scale_makes_a_new_picture(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 34_500})
    panel.chart.grab()
    scene = panel.chart.scene()
    assert scene is not None
    high = scene.pane("price").scale.high  # type: ignore[union-attr]
    desk.work.trade({T: int(high * 1.2)})
    again = panel.chart.scene()
    assert again is not None and again.pane("price").scale.high > high  # type: ignore[union-attr]


def test_other_symbols_move_nothing(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 34_500})
    series = panel.chart.series
    desk.work.trade({"000040": 50_000})
    assert panel.chart.series is series and panel.head.said.price == 34_500


def test_the_past_has_no_running_day(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 34_500})
    stored = len(desk.work.day_series(T, Timeframe.DAY, adjusted=True))
    desk.work.look_back()
    assert panel.chart.series is not None and len(panel.chart.series) == stored
    assert desk.feed.wanted("chart") == ()
    desk.work.trade({T: 35_500})
    assert len(panel.chart.series) == stored and panel.head.said.price != 35_500


def test_pattern_and_price_limits_stay_with_the_stored_bars(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    assert panel.chart.has_pattern
    desk.work.trade({T: 34_500})
    panel.view_model._take_pattern()
    assert panel.chart.has_pattern
    panel.view_model.choose_adjusted(False)
    assert panel.chart.has_pattern, "the running day belongs to no pattern and does not hide one"
    limits = panel.view_model.limit_marks()
    assert limits is not None and panel.chart.series is not None
    assert len(limits.upper) == len(panel.chart.series) and not limits.upper[-1]


@pytest.mark.parametrize("timeframe", [Timeframe.WEEK, Timeframe.MONTH])
def test_weeks_and_months_hold_the_running_day(open_desk: OpenDesk, timeframe: Timeframe) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 34_500})
    panel.view_model.choose_timeframe(timeframe)
    assert panel.chart.data is not None and panel.chart.data.last.close == 34_500
    desk.work.trade({T: 34_900})
    assert panel.chart.data.last.close == 34_900 and panel.chart.data.last.high >= 34_900


# -- minutes ----------------------------------------------------------------------------------------------------------------


def test_todays_minutes_alone_are_enough(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    assert not panel.view_model.has_minutes
    minutes(desk)
    assert panel.view_model.has_minutes
    panel.view_model.choose_timeframe(Timeframe.MIN_1)
    assert isinstance(panel.state, Ready)
    assert panel.chart.series is not None and len(panel.chart.series) == 103
    assert panel.chart.data is not None and panel.chart.data.vwap is not None
    assert panel.header.badge.text() == "실시간"


def test_the_forming_minute_moves_and_a_new_one_is_appended(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk, panel = opened(open_desk)
    minutes(desk)
    panel.view_model.choose_timeframe(Timeframe.MIN_1)
    series = panel.chart.series
    desk.feed.minutes_now[T][-1] = minute_bar(desk, 10, 42, 34_700.0)
    desk.work.trade({T: 34_700})
    qtbot.waitUntil(lambda: panel.chart.data is not None and panel.chart.data.last.close == 34_700)
    assert panel.chart.series is series, "one bar moved"
    desk.feed.minutes_now[T].append(minute_bar(desk, 10, 43, 34_750.0))
    desk.work.trade({T: 34_750})
    qtbot.waitUntil(lambda: panel.chart.series is not None and len(panel.chart.series) == 104)
    assert panel.chart.series is not None and panel.chart.series.close[-2] == 34_700, "the closed minute kept its last price"


def test_stored_minutes_come_first(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    minutes(desk, 10)
    older = [
        FormingBar(kst_ns(desk.work.panel.days[-1].astype("datetime64[D]").item(), 15, m), 1.0, 2.0, 1.0, 2.0, 1.0, 1.0)
        for m in range(5)
    ]
    from ralphstock_desktop.ui.charts.forming import with_minutes

    desk.work.minutes[T] = with_minutes(
        desk.work.day_series(T, Timeframe.DAY, adjusted=False), older, Timeframe.MIN_5, math.nan
    )
    panel.view_model.choose_timeframe(Timeframe.MIN_5)
    series = panel.chart.series
    assert series is not None and len(series) == 1 + 2
    assert np.all(np.diff(series.time.astype(np.int64)) > 0)


def test_no_minutes_at_all_is_told(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    minutes(desk)
    panel.view_model.choose_timeframe(Timeframe.MIN_1)
    desk.feed.minutes_now.clear()
    panel.view_model.retry()
    assert panel.view_model.timeframe is Timeframe.DAY, "days until there are minutes"
    assert not isinstance(panel.state, Empty)


# -- gaps and countdown -----------------------------------------------------------------------------------------------------


def test_gaps_are_hatched_with_their_state(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    minutes(desk)
    panel.view_model.choose_timeframe(Timeframe.MIN_1)
    start, end = kst_ns(desk.work.day, 10, 7, 5), kst_ns(desk.work.day, 10, 9, 10)
    desk.feed.push_gaps(Gap(T, start, end, 3_210, "filling", 0), Gap("000040", start, end, 1, "open", 0))
    (band,) = panel.chart._given.gaps
    assert band.words == "공백 10:07–10:09 · 보충 중" and not band.filled
    assert (band.first, band.last) == (67, 69)
    scene = panel.chart.scene()
    assert scene is not None
    left, right = band_px(scene, band)
    image = panel.chart.grab().toImage()
    hatch = desk.look.color("gap-hatch", 0.5)
    assert right - left >= 6 and hatch.alphaF() < 1
    price = scene.pane("price")
    assert price is not None
    row = [image.pixelColor(x, price.bottom - 12).name() for x in range(left, right)]
    plain = [image.pixelColor(x, price.bottom - 12).name() for x in range(right + 3, right + 3 + (right - left))]
    assert len(set(row)) > len(set(plain)), "the ground of the gap is hatched"
    desk.feed.push_gaps(Gap(T, start, end, 3_210, "filled", 0, 1))
    (band,) = panel.chart._given.gaps
    assert band.words.endswith("보충 완료") and band.filled
    desk.feed.push_gaps(Gap(T, start, end, 3_210, "filled", 0, 1, "start"))
    assert panel.chart._given.gaps == (), "what was traded before the program listened was no interruption"
    desk.feed.push_gaps(Gap(T, start, end, 3_210, "open", 0, None, "start"))
    assert len(panel.chart._given.gaps) == 1, "as long as it is missing it is marked"
    desk.feed.push_gaps(Gap(T, start, end, 3_210, "filled", 0, 1, "disconnect"))
    panel.view_model.choose_timeframe(Timeframe.DAY)
    assert panel.chart._given.gaps == (), "a filled gap is no matter for a day bar"


def test_an_open_gap_marks_the_running_day_without_a_plate(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 34_500})
    start = kst_ns(desk.work.day, 10, 7)
    desk.feed.push_gaps(Gap(T, start, None, None, "open", 0))
    assert panel.chart.series is not None
    (band,) = panel.chart._given.gaps
    assert (band.first, band.last, band.words) == (len(panel.chart.series) - 1, len(panel.chart.series) - 1, "")
    panel.chart.grab()


def test_the_countdown_runs_with_the_markets_clock(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    assert panel.chart._given.countdown == "", "nothing forms yet"
    desk.work.trade({T: 34_500})
    assert panel.chart._given.countdown == "4:47:29", "until the close"
    minutes(desk)
    panel.view_model.choose_timeframe(Timeframe.MIN_1)
    assert panel.chart._given.countdown == "0:29"
    desk.work.trade({T: 34_500}, at_ns=desk.work.now(10, 42, 50))
    assert panel.chart._given.countdown == "0:10"
    desk.feed.status.publish(status(phase=Phase.CLOSED, market_ns=desk.work.now(15, 40, 0)))
    assert panel.chart._given.countdown == ""


def test_hidden_it_follows_nothing_and_catches_up(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 34_500})
    assert desk.feed.wanted("chart") == (T,)
    panel.hide()
    assert desk.feed.wanted("chart") == ()
    assert not any(channel._listeners for channel in (desk.feed.frames, desk.feed.gaps, desk.feed.status))
    desk.work.trade({T: 34_650})
    panel.show()
    assert panel.chart.data is not None and panel.chart.data.last.close == 34_650


def test_old_values_lose_their_direction_colour(open_desk: OpenDesk) -> None:
    desk, panel = opened(open_desk)
    desk.work.trade({T: 34_500})
    desk.feed.status.publish(status(is_stale=True, age_s=75.0))
    assert panel.head.said.stale
    desk.feed.status.publish(status())
    assert not panel.head.said.stale


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_paints_in_every_look(open_desk: OpenDesk, theme: str, language: str) -> None:
    desk, panel = opened(open_desk, look=Appearance(theme=theme, language=language))  # type: ignore[arg-type]
    desk.work.trade({T: 34_500})
    minutes(desk)
    desk.feed.push_gaps(Gap(T, kst_ns(desk.work.day, 9, 30), kst_ns(desk.work.day, 9, 40), 1, "failed", 0))
    panel.view_model.choose_timeframe(Timeframe.MIN_1)
    panel.chart.grab()
    assert not panel.chart._failed_once
