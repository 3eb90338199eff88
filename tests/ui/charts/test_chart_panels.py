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


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("zoom", [100, 130, 150, 200])
@pytest.mark.parametrize("has_minutes", [True, False])
def test_narrow_heads_leave_parts_out_in_order_and_overlap_nothing(
    qtbot: QtBot, zoom: int, language: str, has_minutes: bool
) -> None:
    look = Appearance(zoom_pct=zoom, language=language)  # type: ignore[arg-type]
    head = ChartHead(look)
    qtbot.addWidget(head)
    name = "미래에셋증권" if language == "ko" else "Mirae Asset Securities"
    head.say(HeadText(name, "006800", 1_070_300.0, -105_500.0, -8.49, 4.4e11))
    head.show_state(Timeframe.MIN_15 if has_minutes else Timeframe.DAY, adjusted=True, has_minutes=has_minutes)
    head.show()
    before: set[str] = set()
    for width in range(look.px(150), look.px(1_000), look.px(9)):
        head.resize(width, head.height())
        assert head.width() == width
        head.layout().activate()  # type: ignore[union-attr]
        kinds = [part.kind for part in head.parts]
        ends = [part.x + part.width for part in head.parts]
        assert all(end <= part.x for end, part in zip(ends, head.parts[1:], strict=False)), (width, kinds)
        buttons = [b for b in (*head.buttons.values(), head.more, head.adjusted, head.camera) if not b.isHidden()]
        left = min((button.x() for button in buttons), default=width)
        assert ends[-1] <= left, (width, kinds)
        assert all(button.width() >= button.sizeHint().width() for button in buttons if button is not head.camera)
        for part in head.parts:
            if part.kind != "name":
                assert head._width(part.text, part.size, bold=part.bold) <= part.width + 0.01, (width, part)
        assert head.parts[0].kind == "name" and len(head.parts[0].text.rstrip("…")) >= 4, (width, head.parts[0])
        assert before & {"price", "pct"} <= set(kinds), "a wider head never says less about the price"
        before = set(kinds)
    assert {"name", "code", "price", "won", "pct", "value", "venue"} == before
    assert head.parts[0].text == name and not any(button.isHidden() for button in head.buttons.values())


def test_a_head_without_room_offers_the_time_frames_in_one_menu(qtbot: QtBot) -> None:
    look = Appearance(language="en")
    head = ChartHead(look)
    qtbot.addWidget(head)
    head.say(HeadText("미래에셋증권", "006800", 70_300.0, 5_500.0, 8.49, 4.4e11))
    head.show_state(Timeframe.MIN_15, adjusted=True, has_minutes=True)
    head.show()
    head.resize(330, 32)
    assert head.more.isVisible() and head.more.text().startswith("15m") and head.adjusted.isHidden()
    assert all(button.isHidden() for button in head.buttons.values())
    head.more.click()
    head._menu.hide()
    entries = {action.text(): action for action in head._menu.actions() if action.text()}
    assert entries[look.tr("chart.frame.15m")].isChecked()
    with qtbot.waitSignal(head.timeframe_chosen, timeout=10_000) as caught:
        entries[look.tr("chart.frame.W")].trigger()
    assert caught.args == [Timeframe.WEEK]
    assert not entries[look.tr("chart.head.adjusted")].isEnabled(), "minute bars are as traded"
    with qtbot.waitSignal(head.picture_wanted, timeout=10_000):
        entries[look.tr("chart.head.screenshot")].trigger()


def test_the_picture_is_a_png_of_the_chart(panel: ChartPanel, work: ChartWorkstation, qtbot: QtBot) -> None:
    work.select(ONE, "signals")
    with qtbot.waitSignal(panel.picture_requested, timeout=10_000) as caught:
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
