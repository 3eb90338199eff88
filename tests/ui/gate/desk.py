"""The gate's widgets over real readings of a seeded market, with strategies that only publish what they are given."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.explain.gate_evidence import explain_gate
from engine.model.errors import RalphStockError
from engine.model.gate import GateHistory
from engine.model.instants import AsOf
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.panel import MarketPanel
from engine.scoring.gate import LiveLevels, gate_history, read_gate
from engine.scoring.sectors import sector_states
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import PanelState, Ready
from ralphstock_desktop.services.strategy_contracts import GatePicture
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.gate_panel import GatePanel
from tests.ui.live.desk import LiveWorkstation
from tests.ui.tables.local_market import context_for, local_panel

__all__ = ["FakeStrategies", "GateDesk", "GateWorkstation", "gate_picture", "gate_series", "market_panel"]

SECTORS = ("반도체", "은행", "조선", "화학", "바이오", "통신")


@cache
def market_panel() -> MarketPanel:
    """The planted market with six sectors."""
    panel = local_panel()
    names = np.array(SECTORS)[np.arange(panel.shape[0]) % len(SECTORS)].astype("U20")
    return replace(panel, sectors=names)


@cache
def gate_series(drift: float = 0.001, fx: bool = True, flows: bool = True, kospi: bool = True) -> MarketSeries:
    """Index walks over the panel's days; an upward drift gives a good gate."""
    days = market_panel().days.astype("datetime64[D]")
    rng = np.random.default_rng(5)

    def walk(code: str, start: float, spread: float, pull: float) -> DaySeries:
        close = start * np.exp(np.cumsum(rng.normal(pull, spread, len(days))))
        return DaySeries(code, days, close, close, close, close)

    index = walk("KOSPI", 2_500.0, 0.004, drift)
    second = walk("KOSDAQ", 800.0, 0.005, drift)
    rate = walk("USDKRW", 1_400.0, 0.002, 0.0)
    net = FlowSeries(days, np.round(rng.normal(800.0, 500.0, len(days))) * 1e8)
    return MarketSeries(index if kospi else None, second, rate if fx else None, net if flows else None, f"{drift}")


def last_day(panel: MarketPanel) -> date:
    day: date = panel.days[-1].astype("datetime64[D]").item()
    return day


def gate_picture(
    series: MarketSeries | None = None, *, as_of: AsOf | None = None, live: LiveLevels | None = None
) -> GatePicture:
    """Read the gate for real."""
    panel = market_panel()
    found = gate_series() if series is None else series
    reading = read_gate(panel, found, as_of or AsOf.end_of(last_day(panel)), DEFAULT_RULES, live=live)
    groups = explain_gate(panel, found, reading, DEFAULT_RULES)
    sectors = sector_states(panel, reading.day_index, DEFAULT_RULES)
    return GatePicture(reading, sectors, groups, panel, live=live is not None)


class FakeStrategies:
    """Channels of the gate and its history; nothing else."""

    def __init__(self) -> None:
        self.gate: Channel[GatePicture] = Channel("gate")
        self.gate_state: Channel[PanelState] = Channel("gate_state")
        self.series = gate_series()
        self.history_error: RalphStockError | None = None
        self.histories = 0

    def show(self, picture: GatePicture) -> None:
        """Publish a picture and that it is ready."""
        self.gate.publish(picture)
        self.gate_state.publish(Ready(picture.reading.as_of, final=not picture.live))

    async def load_gate_history(self) -> GateHistory:
        self.histories += 1
        if self.history_error is not None:
            raise self.history_error
        picture = self.gate.last
        assert picture is not None
        return gate_history(picture.panel, self.series, DEFAULT_RULES, last_day=picture.reading.day_index)


class GateWorkstation(LiveWorkstation):
    """The planted market with its feed, and strategies."""

    def __init__(self, *, strategies: bool = True) -> None:
        super().__init__()
        self.fake = FakeStrategies()
        self.strategies: Any = self.fake if strategies else None


def run_coroutine(work: Coroutine[Any, Any, None], name: str) -> None:
    """Run a supervised task to its end at once."""
    del name
    asyncio.run(work)


class GateDesk:
    """The gate panel in a window."""

    def __init__(
        self, qtbot: QtBot, size: tuple[int, int] = (1_000, 640), *, look: Appearance | None = None, strategies: bool = True
    ) -> None:
        self.look = look or Appearance()
        self.work = GateWorkstation(strategies=strategies)
        context = replace(context_for(self.work, self.look), spawn=run_coroutine)
        self.panel = GatePanel(context)
        self.window = QWidget()
        self.window.resize(1_600, max(size[1], 400))
        self.panel.setParent(self.window)
        self.panel.setGeometry(0, 0, *size)
        qtbot.addWidget(self.window)
        self.window.show()
        self.panel.show()
        self.vm, self.view = self.panel.view_model, self.panel.view

    def show(self, picture: GatePicture | None = None) -> GatePicture:
        """Publish a picture."""
        found = picture or gate_picture()
        self.work.fake.show(found)
        return found

    def close(self) -> None:
        """End the panel's life."""
        self.window.close()


def is_missing(value: float | None) -> bool:
    """Whether nothing is known."""
    return value is None or math.isnan(value)
