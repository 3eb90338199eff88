"""What became known later changes nothing: no score, no record, no evidence, no list (domain.md §0.2, §7.7-3).

For random pairs of a symbol and an instant, everything is computed twice through the services' own path: on the recorded
market, and on one whose future is shuffled, changed and filled with malice (:mod:`tests.acceptance.futures`). The suite takes a
part of the pairs on a part of the market; ``RALPHSTOCK_ALL_INSTANTS=200`` takes that many on all of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.features import acceleration as scan_acceleration
from engine.model.instants import AsOf
from engine.performance import acceleration as life_acceleration
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.backtest_records import NewsHistory, RecordBook
from ralphstock_desktop.services.backtests import news_history
from ralphstock_desktop.services.contracts import MarketPicture
from ralphstock_desktop.services.strategy_contracts import RecordTable
from tests.acceptance.compare import differences
from tests.acceptance.futures import changed_future, known_by
from tests.acceptance.instants import pairs
from tests.acceptance.outputs import outputs_at
from tests.acceptance.recorded import MemoryStore, World, part_of

pytestmark = pytest.mark.real_data

ALL = int(os.environ.get("RALPHSTOCK_ALL_INSTANTS", "0"))
"""How many pairs to take on the whole market; 0 is the suite's part."""
PAIRS = 14
"""Each phase of the day once."""
OWN_CURVES = DEFAULT_RULES.replace({"daytrading.curve_days": 5})
"""The recorded minutes are few: with five days the volume curve of one's own takes part."""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> Iterator[None]:
    """The compiled loops where there is a compiler; the plain ones say the same (tests/engine)."""
    before = scan_acceleration._compiled
    scan_acceleration.accelerate()
    life_acceleration.accelerate()
    yield
    scan_acceleration._compiled = before


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> World:
    whole: World = request.getfixturevalue("recorded_world" if ALL else "small_world")
    return whole


def test_the_future_reaches_no_score(world: World) -> None:
    """Scans, runs, checklists, gate and its history, news, near misses, diffs, sizes, recommendations, charts, evidence."""
    found: list[str] = []
    sources: set[str] = set()
    for number, (ticker, as_of) in enumerate(pairs(world, ALL or PAIRS, seed=18)):
        rules = OWN_CURVES if number % 2 else DEFAULT_RULES
        truth = outputs_at(world, ticker, as_of, rules)
        other = outputs_at(changed_future(world, as_of, seed=number), ticker, as_of, rules)
        assert truth.keys() == other.keys(), (ticker, as_of, sorted(set(truth) ^ set(other))[:5])
        found += [f"{ticker} {as_of}: {text}" for text in differences(truth, other)][:5]
        sources.add(truth["day"][2] + ("+curve" if truth["curves"] else ""))
    assert not found, "\n".join(found[:40])
    assert {"minutes", "minutes+curve", "daily"} <= sources  # otherwise a way of the program was not walked


def test_the_future_was_changed_everywhere(world: World) -> None:
    """The comparison above compares two different worlds: looked at from later, nearly everything differs."""
    ticker, as_of = str(world.panel.tickers[0]), AsOf.at(date(2026, 2, 10), 11)
    other = changed_future(world, as_of, seed=1)
    later = AsOf.end_of(world.panel.days[known_by(world.panel, as_of).bars + 2].item())
    truth, changed = outputs_at(world, ticker, later, DEFAULT_RULES), outputs_at(other, ticker, later, DEFAULT_RULES)
    named = {text.split("]")[0].strip("['") for text in differences(truth, changed)}
    assert {"vcp", "gate", "gate_history", "stock_news", "news", "day", "closing CONFIRMED", "vcp_near", "day_near"} <= named


def records(world: World, as_of: AsOf) -> RecordTable:
    store = MemoryStore(world)
    picture = MarketPicture(world.panel, "real", AsOf.end_of(world.panel.days[-1].item()), is_latest=True)
    news: NewsHistory = news_history(store, picture)  # type: ignore[arg-type]
    return RecordBook().table(world.panel, world.series, news, DEFAULT_RULES, as_of)


def test_the_future_reaches_no_record(world: World) -> None:
    """The record beside every grade, counted as of an instant from the history of all days."""
    few = world if ALL else part_of(world, 120, 420)
    counted = 0
    for number, (_, as_of) in enumerate(pairs(few, 6 if ALL else 2, seed=5, first_day=330)):
        truth, other = records(few, as_of), records(changed_future(few, as_of, seed=number), as_of)
        found = list(differences(truth, other))
        assert not found, (as_of, found[:10])
        counted += sum(row.n for row in truth.rows)
    assert counted > 50


def test_the_panel_may_end_with_the_instant(world: World) -> None:
    """The truncation test (domain.md §7.7-3): days after the instant need not exist at all."""
    for number, (ticker, as_of) in enumerate(pairs(world, 40 if ALL else 4, seed=77)):
        known = known_by(world.panel, as_of)
        cut = changed_future(world, as_of, seed=number)
        panel = cut.panel.truncated(max(known.bars, known.bases))
        ended = World(replace(panel, version=world.panel.version), cut.series, cut.news, cut.minutes)
        found = list(
            differences(outputs_at(world, ticker, as_of, DEFAULT_RULES), outputs_at(ended, ticker, as_of, DEFAULT_RULES))
        )
        assert not found, (ticker, as_of, found[:10])


def test_a_difference_would_be_seen() -> None:
    """The comparison itself: one bit, a sign of zero, a NaN, an order."""
    one = {"a": np.array([1.0, np.nan]), "b": (1.0, [2, 3]), "c": -0.0}
    assert not list(differences(one, {"a": np.array([1.0, np.nan]), "b": (1.0, [2, 3]), "c": -0.0}))
    assert list(differences(one, {**one, "a": np.array([np.nextafter(1.0, 2), np.nan])}))
    assert list(differences(one, {**one, "c": 0.0}))
    assert list(differences(one, {**one, "b": (1.0, [3, 2])}))
    assert list(differences(np.array([1], dtype=np.int32), np.array([1], dtype=np.int64)))
