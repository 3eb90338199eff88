"""Real pixels at known places: candles in the colours of the chosen set, lit bars, tags, hatch; nothing breaks a paint event."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from engine.model.chart import ChartSeries, Timeframe
from engine.model.evidence import BarSpan, LevelLine
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.chart_data import ChartData, LastBar
from ralphstock_desktop.ui.charts.chart_widget import ChartWidget
from ralphstock_desktop.ui.charts.paint_bars import paint_candles, paint_last_candle, paint_last_volume, paint_volume
from ralphstock_desktop.ui.charts.paint_overlay import pivot_line_px
from ralphstock_desktop.ui.charts.scene import ChartOptions, LimitMarks, PatternSummary, Scene
from ralphstock_desktop.ui.charts.viewport import View
from tests.ui.charts.builders import evidence, minute_series, overlay, series_of, walk
from tests.ui.charts.conftest import MakeChart, picture

PLAIN = ChartOptions(averages=())


def scene_of(chart: ChartWidget) -> Scene:
    scene = chart.scene()
    assert scene is not None and scene.is_drawable
    return scene


def body_pixel(chart: ChartWidget, image: QImage, bar: int) -> QColor:
    """Colour one pixel inside the lower part of a candle's body, beside the wick."""
    scene, data = scene_of(chart), chart.data
    pane = scene.pane("price")
    assert pane is not None and data is not None and scene.body >= 5
    values = data.bar(bar)
    y = round(pane.scale.y((values.open + values.close) / 2))
    return image.pixelColor(math.floor(scene.axis.x(bar)) + 2, y)


def two_candles(make_chart: MakeChart, look: Appearance) -> tuple[ChartWidget, QImage]:
    prices = [100.0, 110.0, 120.0, 110.0]
    series = series_of(prices, [120.0, 125.0, 130.0, 130.0], [95.0, 100.0, 105.0, 100.0], [110.0, 120.0, 110.0, 120.0])
    chart = make_chart(series, look=look, options=PLAIN)
    return chart, picture(chart)


@pytest.mark.parametrize(("direction", "theme"), list(product(["kr", "us", "cb"], ["dark", "light"])))
def test_rising_and_falling_bodies_have_the_colours_of_the_chosen_set(
    make_chart: MakeChart, direction: str, theme: str
) -> None:
    look = Appearance(direction=direction, theme=theme)  # type: ignore[arg-type]
    chart, image = two_candles(make_chart, look)
    assert body_pixel(chart, image, 0) == look.color("gain-fill")
    falling = look.color("bg-panel" if direction == "cb" else "loss-fill")
    assert body_pixel(chart, image, 2) == falling
    assert body_pixel(chart, image, 3) == look.color("gain-fill"), "the newest bar is drawn apart and must look the same"


def test_colour_sets_differ_on_screen(make_chart: MakeChart) -> None:
    look = Appearance()
    chart, before = two_candles(make_chart, look)
    look.choose(direction="us")
    assert body_pixel(chart, picture(chart), 0) != body_pixel(chart, before, 0)


@pytest.mark.parametrize("direction", ["kr", "cb"])
@pytest.mark.parametrize("bars", [12.0, 40.0, 150.0, 400.0])
def test_the_newest_bar_looks_like_a_closed_one(make_chart: MakeChart, direction: str, bars: float) -> None:
    """The quick painter of one column and the painter of many give the same pixels."""
    series = ODD["holes"] if bars == 12.0 else walk(40)
    chart = make_chart(series, look=Appearance(direction=direction), options=PLAIN)  # type: ignore[arg-type]
    chart.set_view(View(bars, 2.0))
    scene = scene_of(chart)
    price, volume = scene.pane("price"), scene.pane("volume")
    assert price is not None and volume is not None and chart.data is not None
    for bar in range(len(series)):
        data = ChartData(_cut(series, bar + 1))
        column = data.last_column(1)
        assert column is not None
        images = []
        for candle, quantity in ((paint_candles, paint_volume), (paint_last_candle, paint_last_volume)):
            image = QImage(scene.width, scene.height, QImage.Format.Format_RGB32)
            image.fill(0)
            painter = QPainter(image)
            candle(painter, scene, price, column)
            quantity(painter, scene, volume, column)
            painter.end()
            images.append(image)
        assert images[0] == images[1], bar


def _cut(series: ChartSeries, count: int) -> ChartSeries:
    columns = ("time", "open", "high", "low", "close", "volume_shares", "value_krw", "value_estimated", "base")
    flows = ("foreign_krw", "institution_krw", "pension_krw")
    averages = {length: values[:count] for length, values in series.averages.items()}
    return replace(series, **{name: getattr(series, name)[:count] for name in (*columns, *flows)}, averages=averages)


# -- evidence -------------------------------------------------------------------------------------------------------------


def lit_columns(chart: ChartWidget, plain: QImage, lit: QImage, pane_name: str) -> list[int]:
    """Pixel columns whose colour near the bottom of a pane's empty top changed."""
    pane = scene_of(chart).pane(pane_name)
    assert pane is not None
    y = pane.top + 26
    return [x for x in range(scene_of(chart).plot_width) if plain.pixelColor(x, y) != lit.pixelColor(x, y)]


@pytest.mark.parametrize("pane", ["volume", "price"])
def test_exactly_the_bars_of_the_evidence_are_lit(make_chart: MakeChart, pane: str) -> None:
    series = walk(120, volume_shares=np.full(120, 1000.0))
    chart = make_chart(series, options=PLAIN)
    days = series.time.astype("datetime64[D]").astype(np.int64)
    plain = picture(chart)
    chart.set_evidence(evidence(BarSpan(int(days[100]), int(days[104]), pane), item="none"))  # type: ignore[arg-type]
    lit = picture(chart)
    left, right = scene_of(chart).span_px(100, 104)
    y = scene_of(chart).pane(pane).bottom - 3  # type: ignore[union-attr]
    bars = [x for x in range(scene_of(chart).plot_width) if plain.pixelColor(x, y) != lit.pixelColor(x, y)]
    assert bars and min(bars) >= left and max(bars) < right
    # Beside the opaque bars the ground of the whole span is lit, edge to edge.
    assert {left, right - 1} <= set(bars)
    for other in {"price", "volume", "flow"} - {pane}:
        box = scene_of(chart).pane(other)
        assert box is not None
        strip = (0, box.top + 24, scene_of(chart).plot_width, box.height - 26)
        assert plain.copy(*strip) == lit.copy(*strip), f"{other} must not change"
    chart.set_evidence(None)
    assert picture(chart) == plain


def test_weekly_evidence_lights_the_week_that_holds_the_days(make_chart: MakeChart) -> None:
    days = walk(300)
    ends = [bar for bar in range(299) if days.time[bar + 1].astype("datetime64[D]").item().weekday() == 0] + [299]
    columns = {name: getattr(days, name)[ends] for name in ("time", "open", "high", "low", "close", "volume_shares", "base")}
    rest = {
        name: getattr(days, name)[ends]
        for name in ("value_krw", "value_estimated", "foreign_krw", "institution_krw", "pension_krw")
    }
    weeks = replace(days, timeframe=Timeframe.WEEK, averages={}, **columns, **rest)
    chart = make_chart(weeks, options=PLAIN)
    wednesday = int(weeks.time[-4].astype("datetime64[D]").astype(np.int64)) - 2
    plain = picture(chart)
    chart.set_evidence(evidence(BarSpan(wednesday, wednesday, "flow", "bar"), item="none"))
    lit = picture(chart)
    left, right = scene_of(chart).span_px(len(weeks) - 4, len(weeks) - 4)
    y = scene_of(chart).pane("flow").bottom - 2  # type: ignore[union-attr]
    bars = [x for x in range(scene_of(chart).plot_width) if plain.pixelColor(x, y) != lit.pixelColor(x, y)]
    assert bars and min(bars) == left and max(bars) == right - 1


def test_a_level_is_dashed_over_its_own_span_only(make_chart: MakeChart) -> None:
    series = walk(120)
    chart = make_chart(series, options=PLAIN)
    days = series.time.astype("datetime64[D]").astype(np.int64)
    level = float(series.low[-60:].min()) * 0.995
    chart.set_view(View(80.0, 4.0, level * 0.98, float(series.high.max()) * 1.05))
    plain = picture(chart)
    line = LevelLine(level, int(days[80]), int(days[95]), "price")
    chart.set_evidence(evidence(BarSpan(int(days[100]), int(days[101]), "volume"), levels=(line,), item="none"))
    lit = picture(chart)
    scene = scene_of(chart)
    y = round(scene.pane("price").scale.y(level))  # type: ignore[union-attr]
    changed = [x for x in range(scene.plot_width) if plain.pixelColor(x, y) != lit.pixelColor(x, y)]
    left, right = scene.span_px(80, 95)
    assert min(changed) >= left and max(changed) <= right
    assert len(changed) < (right - left) * 0.8, "dashed, not solid"


# -- pattern --------------------------------------------------------------------------------------------------------------


def test_the_pivot_line_runs_from_the_last_contraction_to_the_axis(make_chart: MakeChart) -> None:
    series = walk(200)
    chart = make_chart(series, options=PLAIN)
    pattern = overlay(series)
    chart.set_pattern(pattern, PatternSummary(0.49, 0.7))
    image, scene = picture(chart), scene_of(chart)
    pane = scene.pane("price")
    assert pane is not None
    line = pivot_line_px(scene, pane)
    assert line is not None
    index = chart.data.index  # type: ignore[union-attr]
    first = index.bar(pattern.legs[-1].first_day)
    assert first is not None
    assert line[0] == math.floor(scene.axis.x(first)) and line[2] == scene.plot_width
    gold = chart.appearance.color("vcp-pivot")
    free = [x for x in range(line[0], line[2]) if image.pixelColor(x, line[1]) == gold]
    assert len(free) > (line[2] - line[0]) * 0.4  # bars and plates cover the rest


def test_no_pattern_on_minutes_but_its_levels(make_chart: MakeChart) -> None:
    series = minute_series(2)
    chart = make_chart(series, options=PLAIN)
    plain_panes = [pane.name for pane in scene_of(chart).panes]
    assert plain_panes == ["price", "volume"], "no flows for minutes"
    days = walk(200)
    chart.set_pattern(overlay(days))
    picture(chart)


def test_tags_do_not_overlap(make_chart: MakeChart) -> None:
    series = walk(200)
    chart = make_chart(series, options=PLAIN)
    pattern = overlay(series)
    plan = pattern.plan
    assert plan is not None
    close = round(float(series.close[-1]))
    chart.set_pattern(replace(pattern, pivot=float(close + 10), plan=replace(plan, entry=close + 20, stop=close - 10)))
    image, scene = picture(chart), scene_of(chart)
    x = scene.width - 2
    look = chart.appearance
    runs: dict[str, int] = {}
    for token in ("plan-entry", "gold-fill", "plan-stop"):
        runs[token] = sum(image.pixelColor(x, y) == look.color(token) for y in range(scene.plot_height))
    assert all(16 <= rows <= 19 for rows in runs.values()), runs


# -- missing and odd data -------------------------------------------------------------------------------------------------


def test_missing_flows_are_hatched_and_named(make_chart: MakeChart) -> None:
    nothing = np.full(200, np.nan)
    chart = make_chart(walk(200, foreign_krw=nothing, institution_krw=nothing, pension_krw=nothing), options=PLAIN)
    image, scene = picture(chart), scene_of(chart)
    pane = scene.pane("flow")
    assert pane is not None
    colors = {image.pixel(x, pane.bottom - 8) for x in range(20, 60)}
    assert len(colors) > 1, "diagonal lines"


ODD = {
    "none": series_of([], [], [], []),
    "one": series_of([100], [101], [99], [100]),
    "two": series_of([100, 101], [101, 102], [99, 100], [100, 101]),
    "flat": series_of([100] * 5, [100] * 5, [100] * 5, [100] * 5),
    "all NaN": series_of([np.nan] * 5, [np.nan] * 5, [np.nan] * 5, [np.nan] * 5),
    "holes": series_of(
        [100, np.nan, 102, np.nan, 104],
        [101, np.nan, 103, 105, 106],
        [99, np.nan, np.nan, 103, 103],
        [100, 101, 102, 104, np.nan],
        volume_shares=np.array([1, np.nan, 0, 5, np.nan]),
        foreign_krw=np.full(5, np.nan),
    ),
    "huge": series_of([1e12] * 3, [2e12] * 3, [1.0] * 3, [1e12, 2e12, 1.0]),
    "minutes": minute_series(1),
}


@pytest.mark.parametrize("name", list(ODD))
@pytest.mark.parametrize("size", [(0, 0), (1, 1), (80, 60), (300, 90), (700, 560)])
def test_odd_series_and_sizes_paint(
    make_chart: MakeChart, caplog: pytest.LogCaptureFixture, name: str, size: tuple[int, int]
) -> None:
    chart = make_chart(size=size, options=ChartOptions(flow_mode="both", limit_marks=True))
    with caplog.at_level(logging.ERROR):
        chart.set_series(ODD[name])
        count = len(ODD[name])
        chart.set_limits(LimitMarks(np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)))
        if count:
            chart.set_crosshair(count - 1, 40)
        chart.set_view(View(40.0, 3.0, log=True), by_user=True)
        picture(chart)
    assert not caplog.records


@pytest.mark.parametrize(("theme", "language", "zoom"), list(product(["dark", "light"], ["ko", "en"], [100, 200])))
def test_every_look_paints_with_everything_on(
    make_chart: MakeChart, caplog: pytest.LogCaptureFixture, theme: str, language: str, zoom: int
) -> None:
    look = Appearance()
    series = walk(200)
    chart = make_chart(series, look=look, size=(900, 700), options=ChartOptions(flow_mode="both", averages=(5, 20)))
    days = series.time.astype("datetime64[D]").astype(np.int64)
    chart.set_pattern(overlay(series), PatternSummary(0.49, 0.7))
    line = LevelLine(800.0, int(days[150]), int(days[190]), "volume", "evidence.level.v50")
    chart.set_evidence(evidence(BarSpan(int(days[194]), int(days[198]), "volume"), levels=(line,)))
    chart.set_crosshair(150, 300)
    before = picture(chart)
    with caplog.at_level(logging.ERROR):
        look.choose(theme=theme, language=language, zoom_pct=zoom)  # type: ignore[arg-type]
        after = picture(chart)
    assert not caplog.records
    assert (after == before) == ((theme, language, zoom) == ("dark", "ko", 100))
    assert after.pixelColor(3, scene_of(chart).plot_height - 3) is not None
    assert chart.accessibleDescription()


def test_a_failing_paint_is_logged_once_and_said(
    make_chart: MakeChart, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ralphstock_desktop.ui.charts import layers

    chart = make_chart(walk(50))

    def broken(*_args: object) -> None:
        raise ValueError("a wrong number")

    monkeypatch.setattr(layers, "paint_live", broken)
    with caplog.at_level(logging.ERROR):
        one, _two = picture(chart), picture(chart)
    assert len(caplog.records) == 1 and "006800" in caplog.text
    danger = chart.appearance.color("danger")
    middle = one.height() // 2
    assert any(one.pixelColor(x, y) == danger for x in range(one.width()) for y in range(middle - 8, middle + 8))


# -- the newest bar -------------------------------------------------------------------------------------------------------


def test_updating_the_last_bar_equals_drawing_the_new_series(make_chart: MakeChart) -> None:
    series = walk(200)
    close = float(series.close[-1]) * 1.002
    last = LastBar(float(series.open[-1]), max(float(series.high[-1]), close), float(series.low[-1]), close, 5e5, 1e9)
    chart = make_chart(series)
    view = View(80.0, 4.0, float(series.low[-80:].min()) * 0.95, float(series.high[-80:].max()) * 1.05)
    chart.set_view(view)
    picture(chart)
    chart.update_last(last)
    updated = picture(chart)

    def put(values: np.ndarray, value: float) -> np.ndarray:
        return np.append(values[:-1], value)

    averages = {n: put(v, (series.close[-n:-1].sum() + close) / n) for n, v in series.averages.items()}
    fresh = replace(
        series,
        high=put(series.high, last.high),
        close=put(series.close, close),
        volume_shares=put(series.volume_shares, last.volume),
        value_krw=put(series.value_krw, last.value),
        averages=averages,
    )
    other = make_chart(fresh)
    other.set_view(view)
    assert updated == picture(other)


def test_updating_the_last_bar_touches_its_region_only(make_chart: MakeChart, monkeypatch: pytest.MonkeyPatch) -> None:
    series = walk(200)
    chart = make_chart(series)
    picture(chart)
    areas: list[int] = []
    plain = chart.update

    def spy(*region: object) -> None:
        if region:
            areas.append(sum(part.width() * part.height() for part in region[0]))  # type: ignore[attr-defined]
        else:
            areas.append(chart.width() * chart.height())
        plain(*region)  # type: ignore[arg-type]

    monkeypatch.setattr(chart, "update", spy)
    values = chart.data.last  # type: ignore[union-attr]
    chart.update_last(replace(values, close=(values.high + values.low) / 2))
    assert areas and areas[-1] < 0.4 * chart.width() * chart.height()


def test_a_last_bar_that_leaves_the_scale_rescales(make_chart: MakeChart) -> None:
    chart = make_chart(walk(200))
    picture(chart)
    high = float(chart.data.last.close) * 1.5  # type: ignore[union-attr]
    chart.update_last(LastBar(high, high, high, high, 1.0, 1.0))
    scale = scene_of(chart).pane("price").scale  # type: ignore[union-attr]
    assert scale.high > high


def test_there_must_be_a_bar_to_update(make_chart: MakeChart) -> None:
    chart = make_chart()
    with pytest.raises(ValueError, match="set_series"):
        chart.update_last(LastBar(1, 1, 1, 1, 1, 1))


def test_a_hidden_chart_holds_no_picture(make_chart: MakeChart) -> None:
    chart = make_chart(walk(200))
    picture(chart)
    assert chart._base is not None
    chart.hide()
    chart.update_last(LastBar(1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    assert chart._base is None and chart._scene is None and not chart._subscriptions
