"""The chart's view-model: at once for days, later for minutes, never another symbol's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.model.chart import Timeframe
from engine.model.errors import DataUnavailable, StorageError
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Ready
from ralphstock_desktop.ui.viewmodels.chart import ChartViewModel, FlowViewModel
from tests.perf.market import synthetic_panel
from tests.ui.charts.builders import minute_series
from tests.ui.charts.workstation import ChartWorkstation

PANEL = synthetic_panel(6, 320)
LAST = PANEL.days[-1].item()
ONE, TWO = str(PANEL.tickers[0]), str(PANEL.tickers[1])


def no_task(work: Coroutine[Any, Any, None], name: str) -> object:
    work.close()
    raise AssertionError(f"no task was expected: {name}")


def on_loop(work: Coroutine[Any, Any, None], name: str) -> object:
    return asyncio.get_running_loop().create_task(work, name=name)


@pytest.fixture
def work() -> ChartWorkstation:
    station = ChartWorkstation(PANEL)
    station.look_at(LAST)
    return station


def made(work: ChartWorkstation, spawn: Any = no_task, kind: type[ChartViewModel] = ChartViewModel) -> ChartViewModel:
    vm = kind(work, spawn, "flow" if kind is FlowViewModel else "chart")  # type: ignore[arg-type]
    vm.activate()
    return vm


def test_nothing_is_chosen_at_first(work: ChartWorkstation) -> None:
    vm = made(work)
    assert isinstance(vm.state, Empty) and vm.state.reason_key == "empty.chart.none" and vm.series is None


def test_days_pattern_and_summary_come_with_the_selection(work: ChartWorkstation) -> None:
    vm = made(work)
    work.select(ONE, "signals")
    assert vm.series is not None and vm.series.ticker == ONE and len(vm.series) == 320
    assert isinstance(vm.state, Ready) and vm.overlay is not None
    scan = work.scans.last.scan  # type: ignore[union-attr]
    np.testing.assert_equal(vm.summary.distance_pct, float(scan.dist_pct[0]))
    close, before = PANEL.close_krw[0, -1], PANEL.base_krw[0, -1]
    assert vm.day_numbers.close == close and vm.day_numbers.change == close - before


def test_a_pattern_of_another_instant_is_not_drawn(work: ChartWorkstation) -> None:
    vm = made(work)
    work.select(ONE, "signals")
    work.look_at(PANEL.days[-10].item(), scanned=False)
    assert vm.series is not None and len(vm.series) == 311 and vm.overlay is None
    work.scan()
    assert vm.overlay is not None


def test_evidence_of_the_shown_symbol_only(work: ChartWorkstation) -> None:
    vm = made(work)
    work.select(ONE, "signals")
    row = work.explain(ONE).groups[2].items[0]  # type: ignore[union-attr]
    work.focus_evidence(TWO, row)
    assert vm.evidence is None
    work.focus_evidence(ONE, row)
    assert vm.evidence is row
    work.select(TWO, "signals")
    assert vm.evidence is None
    vm.dismiss_evidence()
    assert work.focus.last.evidence is None  # type: ignore[union-attr]


def test_weeks_keep_the_day_in_the_head(work: ChartWorkstation) -> None:
    vm = made(work)
    work.select(ONE, "signals")
    day = vm.day_numbers
    vm.choose_timeframe(Timeframe.WEEK)
    assert vm.series is not None and vm.series.timeframe is Timeframe.WEEK and vm.day_numbers == day


def test_an_unknown_symbol_is_empty_and_a_failure_is_failed(work: ChartWorkstation) -> None:
    vm = made(work)
    work.select("999990", "palette")
    assert isinstance(vm.state, Empty) and vm.state.reason_key == "empty.chart.no_bars"
    work.failing = StorageError("the disk is gone")
    work.select(ONE, "signals")
    assert isinstance(vm.state, Failed) and vm.series is None
    work.failing = None
    vm.retry()
    assert isinstance(vm.state, Ready)


def split_panel(at: int) -> MarketPanel:
    """The panel with a 2:1 split of the first symbol at a day: raw prices before it are double."""
    raw = {name: getattr(PANEL, name).copy() for name in ("open_krw", "high_krw", "low_krw", "close_krw")}
    for values in raw.values():
        values[0, :at] *= 2
    factor = PANEL.factor.copy()
    factor[0, at:] = 0.5
    return replace(PANEL, factor=factor, version="split", **raw)


def test_a_pattern_is_not_drawn_on_raw_prices_across_a_split() -> None:
    work = ChartWorkstation(split_panel(310))
    work.look_at(LAST)
    vm = made(work)
    work.select(ONE, "signals")
    assert vm.overlay is not None
    vm.choose_adjusted(False)
    assert vm.overlay is None, "its prices are on the adjusted scale"
    work = ChartWorkstation(split_panel(20))
    work.look_at(LAST)
    vm = made(work)
    vm.choose_adjusted(False)
    work.select(ONE, "signals")
    assert vm.overlay is not None


def test_limit_marks_come_from_raw_prices() -> None:
    close = PANEL.close_krw.copy()
    base = PANEL.base_krw.copy()
    base[0, 300], close[0, 300] = 10_000, 13_000
    panel = replace(PANEL, close_krw=close, base_krw=base)
    work = ChartWorkstation(panel)
    work.look_at(LAST)
    vm = made(work)
    work.select(ONE, "signals")
    marks = vm.limit_marks()
    assert marks is not None and bool(marks.upper[300]) and not marks.lower.any()
    vm.choose_timeframe(Timeframe.WEEK)
    assert vm.limit_marks() is None


def test_inactive_models_hear_nothing(work: ChartWorkstation) -> None:
    vm = made(work)
    vm.deactivate()
    work.select(ONE, "signals")
    assert vm.series is None
    vm.activate()
    assert vm.series is not None, "the last facts arrive at once"


# -- minutes --------------------------------------------------------------------------------------------------------------


async def test_minutes_arrive_later(work: ChartWorkstation) -> None:
    work.minutes[ONE] = asyncio.get_running_loop().create_future()
    vm = made(work, on_loop)
    work.select(ONE, "signals")
    vm.choose_timeframe(Timeframe.MIN_1)
    assert isinstance(vm.state, Loading) and vm.series is None
    work.minutes[ONE].set_result(minute_series(1))
    await _turns()
    assert isinstance(vm.state, Ready) and vm.series is not None and vm.series.timeframe is Timeframe.MIN_1


async def test_a_late_answer_of_another_symbol_is_dropped(work: ChartWorkstation) -> None:
    loop = asyncio.get_running_loop()
    work.minutes = {ONE: loop.create_future(), TWO: loop.create_future()}
    vm = made(work, on_loop)
    work.select(ONE, "signals")
    vm.choose_timeframe(Timeframe.MIN_1)
    work.select(TWO, "signals")
    await _turns()
    first, second = minute_series(1), replace(minute_series(2), ticker=TWO)
    work.minutes[TWO].set_result(second)
    await _turns()
    work.minutes[ONE].set_result(first)
    await _turns()
    assert vm.series is second


async def test_a_symbol_without_minutes_shows_days_and_the_wish_is_kept(work: ChartWorkstation) -> None:
    work.minutes[ONE] = asyncio.get_running_loop().create_future()
    work.minutes[ONE].set_result(minute_series(1))
    vm = made(work, on_loop)
    work.select(ONE, "signals")
    vm.choose_timeframe(Timeframe.MIN_1)
    await _turns()
    work.select(TWO, "signals")
    assert vm.timeframe is Timeframe.DAY and vm.series is not None and vm.series.ticker == TWO
    work.select(ONE, "signals")
    await _turns()
    assert vm.timeframe is Timeframe.MIN_1


@pytest.mark.parametrize(
    ("error", "state"),
    [(DataUnavailable("none", key="error.no_minutes", ticker=ONE), Empty), (StorageError("locked"), Failed)],
)
async def test_missing_minutes_are_a_state(work: ChartWorkstation, error: Exception, state: type) -> None:
    work.minutes[ONE] = asyncio.get_running_loop().create_future()
    vm = made(work, on_loop)
    work.select(ONE, "signals")
    vm.choose_timeframe(Timeframe.MIN_1)
    work.minutes[ONE].set_exception(error)
    await _turns()
    assert isinstance(vm.state, state)


async def _turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


# -- the flow panel's model -----------------------------------------------------------------------------------------------


def test_flows_never_show_minutes_and_say_when_there_are_none(work: ChartWorkstation) -> None:
    vm = made(work, kind=FlowViewModel)
    work.select(ONE, "signals")
    assert isinstance(vm.state, Ready) and vm.flow_known() is not None
    vm.choose_timeframe(Timeframe.MIN_1)
    assert vm.timeframe is Timeframe.DAY
    nothing = np.full(PANEL.shape, np.nan)
    bare = ChartWorkstation(replace(PANEL, foreign_krw=nothing, institution_krw=nothing, pension_krw=nothing))
    bare.look_at(LAST)
    vm = made(bare, kind=FlowViewModel)
    bare.select(ONE, "signals")
    assert isinstance(vm.state, Empty) and vm.state.reason_key == "empty.flow.no_flows"
