"""What is read from a repository, when it is read again, and that nobody on the event loop waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engine.model.instants import AsOf, kst_ns
from engine.model.panel import MarketPanel
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import RealDataset
from ralphstock_desktop.services.strategy.sources import Sources
from tests.services.strategy.small_market import BEFORE, D, put_days
from tests.services.strategy.world import Breaking


@pytest.fixture
def dataset(market: Folders) -> Iterator[RealDataset]:
    found = RealDataset(market.data / "market.sqlite3", market, lambda: 0)
    yield found
    found.close()


@pytest.fixture
def panel(dataset: RealDataset) -> MarketPanel:
    found = dataset.quick_panel()
    assert found is not None
    return found


class Counting(Breaking):
    """Counts the reads."""

    def __init__(self, store: Any) -> None:
        super().__init__(store, "market_series", "news", "minutes_of_day", "volume_curve_days")
        self.error = None


def test_a_clock_that_is_played_reads_the_repository_once_a_day(dataset: RealDataset, panel: MarketPanel) -> None:
    store = Counting(dataset.strategies())
    sources = Sources(store)  # type: ignore[arg-type]
    for minute in range(30):
        instant = sources.at(panel, AsOf.at(BEFORE, 10, minute), DEFAULT_RULES)
    assert instant.session_day == BEFORE and len(instant.minutes) > 5
    assert sorted(store.calls) == ["market_series", "minutes_of_day", "news"]
    sources.at(panel, AsOf.at(BEFORE.replace(day=19), 10), DEFAULT_RULES)
    assert sorted(store.calls) == ["market_series", "minutes_of_day", "minutes_of_day", "news", "news"]


def test_what_was_stored_meanwhile_is_read_once_it_is_forgotten(dataset: RealDataset, panel: MarketPanel) -> None:
    sources = Sources(dataset.strategies())
    before = sources.at(panel, AsOf.at(BEFORE, 20, 30), DEFAULT_RULES)
    put_days(dataset.unit_of_work, D, D, only=frozenset({"IndexBatch", "MarketFlowBatch"}))
    assert sources.at(panel, AsOf.at(BEFORE, 20, 30), DEFAULT_RULES).series is before.series
    sources.forget()
    after = sources.at(panel, AsOf.at(BEFORE, 20, 30), DEFAULT_RULES)
    assert after.series.kospi is not None and after.series.kospi.days[-1] == np.datetime64(D)


def test_minutes_and_news_that_come_later_are_seen_without_being_told(dataset: RealDataset, panel: MarketPanel) -> None:
    sources = Sources(dataset.strategies())
    sources.at(panel, AsOf.at(BEFORE, 20, 30), DEFAULT_RULES)
    assert BEFORE in sources.minute_days and D not in sources.minute_days
    put_days(dataset.unit_of_work, D, D)
    later = dataset.load_panel(lambda progress: None)
    instant = sources.at(later, AsOf.at(D, 10, 42), DEFAULT_RULES)
    assert D in sources.minute_days and instant.session_day == D and len(instant.minutes) > 5
    assert any(item.published_ns is not None and item.published_ns >= kst_ns(D, 0) for item in instant.items)


def test_forgetting_and_looking_never_wait_for_a_read_that_is_going_on(dataset: RealDataset, panel: MarketPanel) -> None:
    store = dataset.strategies()
    begun, go = threading.Event(), threading.Event()

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def market_series(self) -> Any:
            begun.set()
            assert go.wait(60)
            return store.market_series()

    sources = Sources(Slow())  # type: ignore[arg-type]
    thread = threading.Thread(target=sources.at, args=(panel, AsOf.at(BEFORE, 10), DEFAULT_RULES), name="ThreadPoolExecutor-x")
    thread.start()
    assert begun.wait(10)
    sources.forget()
    assert BEFORE in sources.minute_days
    assert thread.is_alive() and not go.is_set()  # both answered while the read was going on
    go.set()
    thread.join(10)
    # what was forgotten during the read is read again afterwards
    before = sources._series
    sources.at(panel, AsOf.at(BEFORE, 10), DEFAULT_RULES)
    assert sources._series is not before


def test_a_session_is_a_trading_day_of_the_panel_between_its_open_and_its_official_bar(panel: MarketPanel) -> None:
    sources = Sources(None)  # type: ignore[arg-type]
    for hour, minute, on in ((8, 59, False), (9, 0, True), (15, 39, True), (15, 40, False)):
        assert (sources.session_day(panel, AsOf.at(BEFORE, hour, minute)) == BEFORE) is on, (hour, minute)
    saturday = BEFORE.replace(day=21)
    assert sources.session_day(panel, AsOf.at(saturday, 10)) is None
    assert sources.session_day(panel, AsOf.at(D, 10)) is None, "its bar is not in the panel yet"


def test_after_long_holidays_the_news_of_the_last_day_are_still_there(dataset: RealDataset, panel: MarketPanel) -> None:
    """16 days after the last bar its news are older than the window of the clock's day, and the list still needs them."""
    sources = Sources(dataset.strategies())
    as_of = AsOf.at(BEFORE.replace(month=12, day=6), 12)
    instant = sources.at(panel, as_of, DEFAULT_RULES)
    first = min(item.published_ns for item in instant.items if item.published_ns is not None)
    assert first < kst_ns(BEFORE, 15, 40) - 7 * 86_400_000_000_000
    assert instant.collected_at_close and not instant.collected
