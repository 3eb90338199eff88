"""The running market: checklist each second, gate with live levels, the candidates of the closing auction, told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from engine.model.closing import ClosingRun
from engine.model.errors import StorageError
from engine.model.gate import GateStatus
from engine.model.instants import AsOf, kst_ns
from engine.model.live import MISSING
from engine.model.scan import Grade
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.services.contracts import Ready
from tests.services.strategy.live_double import FakeLive
from tests.services.strategy.small_market import BEFORE, D
from tests.services.strategy.world import World


@pytest_asyncio.fixture
async def world(market: Folders, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("ralphstock_desktop.services.strategy.live_part._BEAT_S", 0.003)
    async with World(market, now=AsOf.at(D, 8, 50)) as world:
        yield world


@pytest.fixture
def live(world: World, monkeypatch: pytest.MonkeyPatch) -> FakeLive:
    found = FakeLive(world)
    found.watch(monkeypatch)
    world.workstation.live = found  # type: ignore[assignment]
    return found


async def test_probe(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    for h, m in ((9, 5), (10, 0), (15, 11), (15, 25)):
        live.move(h, m)
        await live.beaten()
        day, closing, gate = world.strategies.day_trades.last, world.strategies.closing.last, world.strategies.gate.last
        s = day.scan
        print(h, m, day.source, np.bincount(s.grade[s.eligible], minlength=6), np.sort(s.raw[np.isfinite(s.raw)])[-5:], np.unique(s.bans), gate.live, gate.reading.status, closing.scan.run, closing.forming, int((closing.scan.phase > 0).sum()), world.rows("select strategy, mode,count(*) from scan_run group by 1,2"))
    assert 0
