"""On the day of a split the list of 15:10 sees the same chart as on any other day (domain.md §1.8, §3.1).

The exchange tells the new base price before the opening; the bars before must be read in its scale, also while the day's own bar
is still forming from minutes. The checklist does so; the closing bet must not lose its chart points for one day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.features import acceleration
from engine.model.closing import ClosingRun
from engine.model.instants import AsOf
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.strategy.evaluate import Evaluation, evaluate
from ralphstock_desktop.services.strategy.sources import Sources
from tests.acceptance.recorded import MemoryStore, World

pytestmark = pytest.mark.real_data
DAY = date(2026, 1, 15)


@pytest.fixture(autouse=True)
def _compiled() -> Iterator[None]:
    before = acceleration._compiled
    acceleration.accelerate()
    yield
    acceleration._compiled = before


def _at_the_auction(world: World) -> Evaluation:
    store = MemoryStore(world)
    instant = Sources(store).at(world.panel, AsOf.at(DAY, 15, 12), DEFAULT_RULES)  # type: ignore[arg-type]
    return evaluate(instant, DEFAULT_RULES, ClosingRun.PRE_CLOSE)


def _split(world: World, row: int) -> World:
    """The same market with two shares for one on ``DAY``: half the base price, half the day's prices, twice the shares."""
    panel, ticker = world.panel, str(world.panel.tickers[row])
    index = panel.day_index(DAY)
    factor, base = np.array(panel.factor), np.array(panel.base_krw)
    factor[row, index:] *= 0.5
    base[row, index] *= 0.5
    minutes = tuple(
        replace(
            batch,
            open_krw=batch.open_krw // 2,
            high_krw=batch.high_krw // 2,
            low_krw=batch.low_krw // 2,
            close_krw=batch.close_krw // 2,
            volume_shares=batch.volume_shares * 2,
        )
        if str(batch.ticker[0]) == ticker
        else batch
        for batch in world.minutes[DAY]
    )
    return replace(world, panel=replace(panel, factor=factor, base_krw=base), minutes={**world.minutes, DAY: minutes})


def test_a_split_changes_no_points_before_the_close(small_world: World) -> None:
    plain = _at_the_auction(small_world)
    row = int(plain.closing.scan.order[0])
    split = _at_the_auction(_split(small_world, row))
    before, after = plain.closing.scan, split.closing.scan
    assert after.close[row] == pytest.approx(before.close[row] / 2, rel=0.001)
    assert plain.day.scan.points[row].tolist() == split.day.scan.points[row].tolist()
    assert before.points[row].tolist() == after.points[row].tolist()
    assert after.near_high[row] == pytest.approx(before.near_high[row], rel=0.001)
