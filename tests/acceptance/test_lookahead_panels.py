"""What became known later changes no pixel, no word and no table cell of any panel (domain.md §0.2).

Two whole workstations, one over the recorded market and one over a market with another future, are set to the same instant;
every declared panel is painted and compared bit for bit. ``RALPHSTOCK_ALL_INSTANTS=200`` takes that many pairs.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from engine.features import acceleration as scan_acceleration
from engine.model.instants import AsOf, kst_datetime
from engine.model.performance import Interval, RecordRow
from engine.performance import acceleration as life_acceleration
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.services.strategy.records import RecordKeeper
from ralphstock_desktop.services.strategy_contracts import RecordTable
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.day_scanner import DayScanner
from ralphstock_desktop.ui.stylesheet import ApplicationStyle
from tests.acceptance.compare import differences
from tests.acceptance.desk import Desk
from tests.acceptance.futures import changed_future
from tests.acceptance.instants import pairs
from tests.acceptance.recorded import World, part_of

pytestmark = pytest.mark.real_data

ALL = int(os.environ.get("RALPHSTOCK_ALL_INSTANTS", "0"))
PAIRS = 2
TIMELESS = 0.25
"""What a stopwatch shows in these tests: how long a scan took is no fact of the market."""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> Iterator[None]:
    before = scan_acceleration._compiled
    scan_acceleration.accelerate()
    life_acceleration.accelerate()
    yield
    scan_acceleration._compiled = before


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records have tests of their own (they take minutes); a stopwatch shows the same everywhere."""
    monkeypatch.setattr(RecordKeeper, "follow", lambda *_: None)
    monkeypatch.setattr("time.perf_counter", lambda: TIMELESS)


@pytest.fixture(scope="module")
def world(recorded_world: World) -> World:
    return part_of(recorded_world, 140, 430)


@pytest.fixture(scope="module")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "kept.sqlite3"
    open_database(path).close()
    return path


@pytest_asyncio.fixture
async def make_desk(qapp: QApplication, tmp_path: Path, empty_repository: Path) -> AsyncIterator[Callable[[World], Any]]:
    opened: list[tuple[Desk, Database]] = []
    style = Appearance()
    ApplicationStyle(qapp, style, tmp_path / "style")

    async def make(world: World) -> Desk:
        path = tmp_path / f"kept{len(opened)}.sqlite3"
        shutil.copy(empty_repository, path)
        database = open_database(path)
        desk = Desk(world, database)
        opened.append((desk, database))
        await desk.open()
        return desk

    yield make
    for desk, database in opened:
        await desk.close()
        database.close()
    style.deleteLater()


async def test_the_future_reaches_no_pixel(world: World, make_desk: Callable[[World], Any]) -> None:
    truth, other = await make_desk(world), await make_desk(world)
    found: list[str] = []
    for number, (ticker, as_of) in enumerate(pairs(world, ALL or PAIRS, seed=33, first_day=300)):
        await other.change(changed_future(world, as_of, seed=number))
        for desk in (truth, other):
            await desk.look_at(ticker, as_of)
        seen = await truth.rested(), await other.rested()
        found += [f"{kst_datetime(as_of.instant_ns)} {ticker}: {text}"[:400] for text in differences(*seen)]
    assert not found, "\n".join(found)
    assert not truth.missing, f"panels that could not be opened: {truth.missing}"
    # and the other market really looks different from a later day
    later = AsOf.end_of(world.panel.days[-2].item())
    for desk in (truth, other):
        await desk.look_at(ticker, later)
    named = {text.split("'")[1].rsplit(" ", 1)[0] for text in differences(await truth.rested(), await other.rested())}
    assert {"signals", "chart", "flow", "evidence", "gate", "closing", "closing_card", "day_scanner", "day_checklist"} <= named


async def test_nothing_of_later_is_left_while_the_past_is_being_computed(
    world: World, make_desk: Callable[[World], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Panels put some work off; what they show meanwhile at an earlier instant must not be of a later one."""
    desk = await make_desk(world)
    strategies, scanner = desk.strategies, cast(DayScanner, desk.panels["day_scanner"])
    late = AsOf.end_of(world.panel.days[-3].item())
    await desk.look_at(str(world.panel.tickers[0]), late)
    await desk.rested()
    row = RecordRow("CLOSING_BET", 0, 99, Interval(1.0), Interval(1.0), 0.5, Interval(1.0), 1, "", "", True, "")
    strategies.records.publish(RecordTable((row,), late, DEFAULT_RULES.ruleset_id, ()))
    monkeypatch.undo()  # the keeper of records is itself again; it waits before it counts
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 3.0)
    early = AsOf.at(date(2026, 1, 15), 14, 30)
    desk.workstation.set_as_of(early)
    left: list[str] = []
    while strategies.day_trades.last is None or strategies.day_trades.last.quotes.now_ns > early.instant_ns:
        await asyncio.sleep(0.01)
    QApplication.processEvents()
    due = {near.ticker: near for near in reversed(strategies.near_misses("DAY_TRADE"))}
    rows = scanner.scanner.day_rows
    assert rows is not None
    if any(due.get(ticker) != near for ticker, near in rows.steps.items()):
        left.append("0821 keeps the missing steps of the later instant for up to a second")
    shown = strategies.records.last
    if shown is not None and shown.as_of.instant_ns > early.instant_ns and shown.rows:
        left.append("the record beside the grades stays that of the later instant until the new one is counted")
    assert not left, left
