"""Mouse, wheel, trackpad and keys, sent as real events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ralphstock_desktop.ui.charts.chart_widget import ChartWidget
from ralphstock_desktop.ui.charts.link import ChartLink
from ralphstock_desktop.ui.charts.scene import ChartOptions, Scene
from ralphstock_desktop.ui.charts.viewport import View
from tests.ui.charts.builders import evidence, overlay, walk
from tests.ui.charts.conftest import MakeChart, picture

LEFT = Qt.MouseButton.LeftButton


def scene_of(chart: ChartWidget) -> Scene:
    scene = chart.scene()
    assert scene is not None
    return scene


def wheel(
    chart: ChartWidget,
    x: int,
    notches: float = 0.0,
    *,
    pixels: tuple[int, int] = (0, 0),
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    sideways: float = 0.0,
) -> None:
    phase = Qt.ScrollPhase.ScrollUpdate if pixels != (0, 0) else Qt.ScrollPhase.NoScrollPhase
    place = QPointF(x, 200)
    event = QWheelEvent(
        place,
        QPointF(chart.mapToGlobal(place.toPoint())),
        QPoint(*pixels),
        QPoint(round(sideways * 120), round(notches * 120)),
        Qt.MouseButton.NoButton,
        modifiers,
        phase,
        False,
    )
    QApplication.sendEvent(chart, event)


def test_wheel_zooms_around_the_pointer(make_chart: MakeChart) -> None:
    chart = make_chart(walk(600))
    before = scene_of(chart).axis.bar(200.0)
    wheel(chart, 200, 2)
    assert scene_of(chart).axis.bars == pytest.approx(chart.view.bars)
    assert scene_of(chart).axis.bar(200.0) == pytest.approx(before)
    wide = chart.view.bars
    wheel(chart, 200, -3)
    assert chart.view.bars > wide


@pytest.mark.parametrize("modifier", [Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier])
def test_wheel_with_a_modifier_pans(make_chart: MakeChart, modifier: Qt.KeyboardModifier) -> None:
    chart = make_chart(walk(600))
    view = chart.view
    wheel(chart, 200, 1, modifiers=modifier)
    assert chart.view.bars == view.bars and chart.view.right < view.right


def test_sideways_fingers_pan_by_pixels(make_chart: MakeChart) -> None:
    chart = make_chart(walk(600))
    view, step = chart.view, scene_of(chart).axis.step
    wheel(chart, 200, pixels=(40, 3))
    assert chart.view.right == pytest.approx(view.right - 40 / step)
    assert chart.view.bars == view.bars


def test_pinch_zooms_and_smart_zoom_resets(make_chart: MakeChart) -> None:
    chart = make_chart(walk(600))
    start = chart.view

    def gesture(kind: Qt.NativeGestureType, value: float) -> None:
        place = QPointF(300, 200)
        device = QPointingDevice.primaryPointingDevice()
        event = QNativeGestureEvent(kind, device, 2, place, place, QPointF(chart.mapToGlobal(place)), value, QPointF(), 1)
        QApplication.sendEvent(chart, event)

    gesture(Qt.NativeGestureType.ZoomNativeGesture, 0.25)
    assert chart.view.bars == pytest.approx(start.bars / 1.25)
    gesture(Qt.NativeGestureType.SmartZoomNativeGesture, 0.0)
    assert chart.view == start


def test_dragging_pans_without_rescaling_until_the_release(make_chart: MakeChart, qtbot: QtBot) -> None:
    chart = make_chart(walk(600))
    picture(chart)
    start, step = chart.view, scene_of(chart).axis.step
    scale = scene_of(chart).pane("price").scale  # type: ignore[union-attr]
    qtbot.mousePress(chart, LEFT, pos=QPoint(200, 150))
    qtbot.mouseMove(chart, QPoint(420, 150))
    assert chart.view.right == pytest.approx(start.right - 220 / step)
    held = scene_of(chart).pane("price").scale  # type: ignore[union-attr]
    assert (held.low, held.high) == (scale.low, scale.high), "nothing scales by itself while a button is pressed"
    qtbot.mouseRelease(chart, LEFT, pos=QPoint(420, 150))
    released = scene_of(chart).pane("price").scale  # type: ignore[union-attr]
    assert (released.low, released.high) != (scale.low, scale.high)
    after = chart.view
    qtbot.wait(30)
    assert chart.view == after, "no inertia"


def test_dragging_the_price_axis_scales_and_a_double_click_goes_back(make_chart: MakeChart, qtbot: QtBot) -> None:
    chart = make_chart(walk(600))
    auto = scene_of(chart).pane("price").scale  # type: ignore[union-attr]
    axis = QPoint(scene_of(chart).plot_width + 20, 150)
    qtbot.mousePress(chart, LEFT, pos=axis)
    qtbot.mouseMove(chart, axis + QPoint(0, 60))
    qtbot.mouseRelease(chart, LEFT, pos=axis + QPoint(0, 60))
    wide = scene_of(chart).pane("price").scale  # type: ignore[union-attr]
    assert wide.high - wide.low > auto.high - auto.low and not chart.view.is_auto
    qtbot.mouseDClick(chart, LEFT, pos=axis)
    assert chart.view.is_auto
    assert scene_of(chart).pane("price").scale == auto  # type: ignore[union-attr]


def test_a_hand_set_scale_moves_with_the_drag(make_chart: MakeChart, qtbot: QtBot) -> None:
    chart = make_chart(walk(600))
    scale = scene_of(chart).pane("price").scale  # type: ignore[union-attr]
    chart.set_view(replace(chart.view, low=scale.low, high=scale.high))
    qtbot.mousePress(chart, LEFT, pos=QPoint(200, 100))
    qtbot.mouseMove(chart, QPoint(200, 150))
    qtbot.mouseRelease(chart, LEFT, pos=QPoint(200, 150))
    moved = chart.view
    assert moved.low is not None and moved.low > scale.low
    assert moved.high - moved.low == pytest.approx(scale.high - scale.low)  # type: ignore[operator]


def test_a_divider_moves_and_keeps_the_rest(make_chart: MakeChart, qtbot: QtBot) -> None:
    chart = make_chart(walk(300))
    before = [pane.height for pane in scene_of(chart).panes]
    divider = QPoint(200, scene_of(chart).panes[0].bottom)
    qtbot.mousePress(chart, LEFT, pos=divider)
    qtbot.mouseMove(chart, divider + QPoint(0, 40))
    qtbot.mouseRelease(chart, LEFT, pos=divider + QPoint(0, 40))
    after = [pane.height for pane in scene_of(chart).panes]
    assert after[0] == pytest.approx(before[0] + 40, abs=2) and after[1] == pytest.approx(before[1] - 40, abs=2)
    assert after[2] == pytest.approx(before[2], abs=2)
    qtbot.mousePress(chart, LEFT, pos=QPoint(200, scene_of(chart).panes[0].bottom))
    qtbot.mouseMove(chart, QPoint(200, 5000))
    qtbot.mouseRelease(chart, LEFT)
    assert scene_of(chart).panes[1].height >= 31, "no pane disappears"


@pytest.mark.parametrize(
    ("key", "check"),
    [
        (Qt.Key.Key_Left, lambda a, b: b.right < a.right),
        (Qt.Key.Key_PageUp, lambda a, b: b.right == pytest.approx(a.right - a.bars * 0.9)),
        (Qt.Key.Key_Plus, lambda a, b: b.bars < a.bars),
        (Qt.Key.Key_Equal, lambda a, b: b.bars < a.bars),
        (Qt.Key.Key_Minus, lambda a, b: b.bars > a.bars),
        (Qt.Key.Key_Up, lambda a, b: b.bars < a.bars),
        (Qt.Key.Key_Home, lambda a, b: b.right < -500),
    ],
)
def test_keys_move_and_zoom(make_chart: MakeChart, qtbot: QtBot, key: Qt.Key, check: object) -> None:
    chart = make_chart(walk(600))
    before = chart.view
    qtbot.keyClick(chart, key)
    assert check(before, chart.view)  # type: ignore[operator]
    qtbot.keyClick(chart, Qt.Key.Key_End)
    assert chart.view.right > 0


def test_keyboard_crosshair_walks_over_bars_and_reads_them_aloud(make_chart: MakeChart, qtbot: QtBot) -> None:
    chart = make_chart(walk(600))
    qtbot.keyClick(chart, Qt.Key.Key_X)
    assert chart.crosshair is not None and chart.crosshair.bar == 599 and chart.crosshair.by_keys
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    qtbot.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert chart.crosshair.bar == 588
    assert "종가" in chart.accessibleDescription()
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    assert chart.crosshair.bar == 0
    first, last = scene_of(chart).first, scene_of(chart).last
    assert first <= 0 < last, "the chart follows the crosshair"
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.crosshair is None


def test_escape_dismisses_evidence_after_the_crosshair(make_chart: MakeChart, qtbot: QtBot) -> None:
    chart = make_chart(walk(100))
    chart.set_evidence(evidence())
    qtbot.keyClick(chart, Qt.Key.Key_X)
    with qtbot.assertNotEmitted(chart.evidence_dismissed):
        qtbot.keyClick(chart, Qt.Key.Key_Escape)
    with qtbot.waitSignal(chart.evidence_dismissed, timeout=10_000):
        qtbot.keyClick(chart, Qt.Key.Key_Escape)


def test_the_pointer_crosshair_snaps_to_bars_and_leaves(make_chart: MakeChart, qtbot: QtBot) -> None:
    chart = make_chart(walk(300))
    picture(chart)
    x = round(scene_of(chart).axis.x(280))
    qtbot.mouseMove(chart, QPoint(x + 2, 120))
    assert chart.crosshair is not None and (chart.crosshair.bar, chart.crosshair.y) == (280, 120)
    qtbot.mouseMove(chart, QPoint(scene_of(chart).plot_width + 20, 120))
    assert chart.crosshair is None


def test_double_click_goes_back_to_the_usual_view(make_chart: MakeChart, qtbot: QtBot) -> None:
    chart = make_chart(walk(600))
    usual = chart.view
    wheel(chart, 300, 4)
    qtbot.keyClick(chart, Qt.Key.Key_PageUp)
    assert chart.view != usual and len(chart.views) == 1
    qtbot.mouseDClick(chart, LEFT, pos=QPoint(300, 150))
    assert chart.view == usual and len(chart.views) == 0


def test_views_are_kept_by_symbol_and_saved(make_chart: MakeChart) -> None:
    chart = make_chart(walk(600))
    wheel(chart, 300, 4)
    mine = chart.view
    chart.set_series(walk(600, seed=9, ticker="000020"))
    assert chart.view != mine
    state = chart.export_state()
    chart.set_series(walk(600))
    assert chart.view == mine
    other = make_chart()
    other.import_state(state)
    other.set_series(walk(600))
    assert other.view == mine


@pytest.mark.parametrize(
    "damaged", [None, 3, {}, {"version": 2}, {"version": 1, "panes": [1], "shares": {"price": "x"}, "views": 3}]
)
def test_damaged_states_change_nothing(make_chart: MakeChart, damaged: object) -> None:
    chart = make_chart(walk(100))
    before = (chart.view, chart.options)
    chart.import_state(damaged)
    assert (chart.view, chart.options) == before
    picture(chart)


def test_the_same_symbol_on_another_day_keeps_the_view(make_chart: MakeChart) -> None:
    chart = make_chart(walk(600))
    wheel(chart, 300, 3)
    mine = chart.view
    chart.set_series(walk(601))
    assert chart.view == mine


def test_the_default_view_shows_the_whole_base(make_chart: MakeChart) -> None:
    series = walk(400)
    chart = make_chart(series)
    pattern = overlay(series, 250, 398)
    chart.set_pattern(pattern)
    assert scene_of(chart).first < 250 - 20


def test_base_only_fills_seventy_percent(make_chart: MakeChart) -> None:
    series = walk(400)
    chart = make_chart(series)
    chart.set_pattern(overlay(series, 300, 398))
    chart.set_view(replace(chart.view, base_only=True))
    pane = scene_of(chart).pane("price")
    assert pane is not None
    top, bottom = pane.scale.y(float(series.high[300:399].max())), pane.scale.y(float(series.low[300:399].min()))
    assert (bottom - top) / pane.height == pytest.approx(0.7, abs=0.01)


def test_menu_switches_panes_scale_and_averages(make_chart: MakeChart) -> None:
    chart = make_chart(walk(300), options=ChartOptions(averages=(20,)))
    tr = chart.appearance.tr

    def choose(key: str) -> None:
        menu = chart.menu.build()
        actions = {action.text(): action for action in menu.actions()}
        for action in menu.actions():
            submenu = action.menu()
            if submenu is not None:
                actions.update({inner.text(): inner for inner in submenu.actions()})  # type: ignore[attr-defined]
        actions[tr(key) if key.startswith("chart.") else key].trigger()
        menu.deleteLater()

    choose("chart.menu.pane.flow")
    assert [pane.name for pane in scene_of(chart).panes] == ["price", "volume"]
    choose("chart.menu.pane.flow")
    choose("chart.menu.flow_mode.lines")
    choose("MA5")
    choose("chart.menu.log")
    choose("chart.menu.limit_marks")
    assert chart.options.panes == ("price", "volume", "flow") and chart.options.flow_mode == "lines"
    assert chart.options.averages == (5, 20) and chart.view.log and chart.options.limit_marks
    picture(chart)


def test_linked_charts_share_range_and_crosshair(make_chart: MakeChart, qtbot: QtBot) -> None:
    link = ChartLink()
    main = make_chart(walk(600), link=link, origin="chart")
    flow = make_chart(walk(600), link=link, origin="flow", options=ChartOptions(panes=("flow", "flow_lines")))
    wheel(main, 300, 3)
    assert (flow.view.bars, flow.view.right) == (main.view.bars, main.view.right)
    main.set_crosshair(500, 100)
    assert flow.crosshair is not None and flow.crosshair.bar == 500
    picture(flow)
    main.set_crosshair(None)
    assert flow.crosshair is None
    flow.set_view(View(40.0, -20.0))
    assert main.view.bars == 40.0
    other = walk(600, ticker="000020")
    flow.set_series(other)
    before = main.view
    flow.set_view(View(90.0, 1.0))
    assert main.view == before, "another symbol does not move the chart"
    flow.hide()
    main.set_crosshair(10)
    assert flow.crosshair is None, "a hidden chart does not listen"


@pytest.mark.parametrize("flow_first", [False, True])
def test_a_new_symbol_shows_the_leading_charts_range(make_chart: MakeChart, flow_first: bool) -> None:
    link = ChartLink()
    options = ChartOptions(panes=("flow", "flow_lines"))
    main = make_chart(walk(600), link=link, origin="chart")
    flow = make_chart(walk(600), link=link, origin="flow", options=options, follows=True, size=(400, 300))
    wheel(main, 300, 3)
    mine = main.view
    other = walk(600, ticker="000020")
    for chart in (flow, main) if flow_first else (main, flow):
        chart.set_series(other)
    assert (flow.view.bars, flow.view.right) == (main.view.bars, main.view.right) != (mine.bars, mine.right)
    for chart in (flow, main) if flow_first else (main, flow):
        chart.set_series(walk(600))
    assert main.view == mine, "the view kept for the symbol wins"
    assert (flow.view.bars, flow.view.right) == (mine.bars, mine.right)
