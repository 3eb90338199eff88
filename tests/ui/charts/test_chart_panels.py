"""The two panels around the chart: head row, states, saved state, pictures, shared range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from engine.model.chart import Timeframe
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import Empty, Ready
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.chart_head import ChartHead, HeadText
from ralphstock_desktop.ui.dock_registry import DockContext, dock_spec
from ralphstock_desktop.ui.docks.chart_dock import ChartPanel, PictureRequest
from ralphstock_desktop.ui.docks.flow_dock import FlowPanel
from tests.perf.market import synthetic_panel
from tests.ui.charts.test_chart_viewmodel import no_task
from tests.ui.charts.workstation import ChartWorkstation

PANEL = synthetic_panel(4, 300)
LAST = PANEL.days[-1].item()
ONE, TWO = str(PANEL.tickers[0]), str(PANEL.tickers[1])


@pytest.fixture
def work() -> ChartWorkstation:
    station = ChartWorkstation(PANEL)
    station.look_at(LAST)
    return station


@pytest.fixture
def context(work: ChartWorkstation, qtbot: QtBot) -> DockContext:
    return DockContext(work, Appearance(), no_task, Channel("market_filter"))  # type: ignore[arg-type]


@pytest.fixture
def panel(context: DockContext, qtbot: QtBot) -> Iterator[ChartPanel]:
    made = ChartPanel(context)
    qtbot.addWidget(made)
    made.resize(760, 700)
    made.show()
    yield made
    made.close()


def test_the_registry_makes_both_panels(context: DockContext, qtbot: QtBot) -> None:
    for name, kind in (("chart", ChartPanel), ("flow", FlowPanel)):
        spec = dock_spec(name)
        assert spec is not None
        made = spec.factory(context)
        qtbot.addWidget(made)
        assert isinstance(made, kind) and made.screen_number == spec.screen and isinstance(made.state, Empty)


def test_the_head_says_symbol_price_and_change(panel: ChartPanel, work: ChartWorkstation) -> None:
    work.select(ONE, "signals")
    said = panel.head.said
    assert isinstance(panel.state, Ready)
    assert (said.code, said.price) == (ONE, float(PANEL.close_krw[0, -1]))
    assert said.change == pytest.approx(float(PANEL.close_krw[0, -1]) - PANEL.base_krw[0, -1])
    assert panel.subtitle == "일봉 · 수정주가"
    panel.appearance.choose(language="en")
    assert panel.subtitle == "daily · Adj."


def test_buttons_choose_time_frames_and_say_why_they_cannot(panel: ChartPanel, work: ChartWorkstation) -> None:
    work.select(ONE, "signals")
    minute = panel.head.buttons[Timeframe.MIN_1]
    assert not minute.isEnabled() and minute.toolTip() == panel.appearance.tr("chart.head.no_minutes")
    panel.head.buttons[Timeframe.WEEK].click()
    assert panel.chart.series is not None and panel.chart.series.timeframe is Timeframe.WEEK
    assert panel.head.buttons[Timeframe.WEEK].isChecked() and not panel.head.buttons[Timeframe.DAY].isChecked()
    panel.head.adjusted.click()
    assert not panel.chart.series.adjusted and panel.subtitle == "주봉 · 원주가"


def test_narrow_heads_drop_buttons_never_the_price(qtbot: QtBot) -> None:
    head = ChartHead(Appearance())
    qtbot.addWidget(head)
    head.say(HeadText("미래에셋증권", "006800", 70_300.0, 5_500.0, 8.49, 4.4e11))
    head.show_state(Timeframe.DAY, adjusted=True, has_minutes=True)
    head.show()
    shown = {}
    for width in (1000, 480, 330):
        head.resize(width, 32)
        shown[width] = [frame for frame, button in head.buttons.items() if button.isVisible()]
    assert len(shown[1000]) == 7
    assert Timeframe.MIN_1 not in shown[480] and Timeframe.DAY in shown[480]
    assert len(shown[330]) <= len(shown[480])
    head.close()


def test_the_picture_is_a_png_of_the_chart(panel: ChartPanel, work: ChartWorkstation, qtbot: QtBot) -> None:
    work.select(ONE, "signals")
    with qtbot.waitSignal(panel.picture_requested, timeout=500) as caught:
        panel.head.camera.click()
    request = caught.args[0]
    assert isinstance(request, PictureRequest)
    assert request.file_name == f"chart_{ONE}_D_{LAST.isoformat()}.png"
    assert QImage.fromData(request.png).size() == panel.chart.size()


def test_limit_marks_are_fetched_when_switched_on(panel: ChartPanel, work: ChartWorkstation) -> None:
    work.select(ONE, "signals")
    assert not panel.chart.has_limits
    panel.chart.set_options(replace(panel.chart.options, limit_marks=True))
    assert panel.chart.has_limits
    work.select(TWO, "signals")
    assert panel.chart.has_limits


def test_an_empty_chart_offers_the_ledger(panel: ChartPanel, work: ChartWorkstation) -> None:
    work.select("999990", "palette")
    assert isinstance(panel.state, Empty) and panel.state.action == "open_ledger"
    assert not panel.chart.isVisible()


def test_state_survives_a_new_panel(panel: ChartPanel, work: ChartWorkstation, context: DockContext, qtbot: QtBot) -> None:
    work.select(ONE, "signals")
    panel.head.buttons[Timeframe.WEEK].click()
    panel.chart.set_view(replace(panel.chart.view, bars=30.0))
    saved = panel.panel_state()
    other = ChartPanel(context)
    qtbot.addWidget(other)
    other.restore_panel_state(saved)
    other.show()
    assert other.chart.series is not None and other.chart.series.timeframe is Timeframe.WEEK
    assert other.chart.view.bars == 30.0
    other.restore_panel_state({"link": "x", "timeframe": ["D"], "adjusted": 3, "chart": 7})
    assert other.view_model.wanted is Timeframe.WEEK
    other.close()


def test_a_hidden_panel_hears_nothing(panel: ChartPanel, work: ChartWorkstation) -> None:
    work.select(ONE, "signals")
    panel.hide()
    work.select(TWO, "signals")
    assert panel.chart.series is not None and panel.chart.series.ticker == ONE
    panel.show()
    assert panel.chart.series.ticker == TWO


def test_the_flow_panel_follows_the_chart(
    panel: ChartPanel, work: ChartWorkstation, context: DockContext, qtbot: QtBot
) -> None:
    flow = FlowPanel(context)
    qtbot.addWidget(flow)
    flow.resize(700, 400)
    flow.show()
    work.select(ONE, "signals")
    assert flow.chart.series is not None and flow.chart.series.ticker == ONE
    panel.head.buttons[Timeframe.WEEK].click()
    assert flow.chart.series.timeframe is Timeframe.WEEK
    panel.chart.set_view(replace(panel.chart.view, bars=25.0))
    assert flow.chart.view.bars == 25.0
    panel.chart.set_crosshair(10, 50)
    assert flow.chart.crosshair is not None and flow.chart.crosshair.bar == 10
    assert np.isfinite(flow.chart.data.flow("foreign")).any()  # type: ignore[union-attr]
    flow.grab()
    flow.close()
