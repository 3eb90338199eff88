"""Earlier instants of a day with minute bars: what fits the clock is shown, and nothing of it is kept or told."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.closing import ClosingRun
from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.ports import NewsBatch
from tests.services.strategy.small_market import BEFORE
from tests.services.strategy.world import NOW, World

THURSDAY = BEFORE.replace(day=19)


RUNS: list[tuple[int, int, ClosingRun, date, bool, str]] = [
    (8, 59, ClosingRun.CONFIRMED, THURSDAY, False, "daily"),
    (10, 42, ClosingRun.CONFIRMED, THURSDAY, False, "minutes"),
    (14, 59, ClosingRun.CONFIRMED, THURSDAY, False, "minutes"),
    (15, 5, ClosingRun.PREVIEW, BEFORE, True, "minutes"),
    (15, 12, ClosingRun.PRE_CLOSE, BEFORE, True, "minutes"),
    (15, 39, ClosingRun.PRE_CLOSE, BEFORE, True, "minutes"),
    (15, 40, ClosingRun.CONFIRMED, BEFORE, False, "daily"),
    (20, 30, ClosingRun.CONFIRMED, BEFORE, False, "daily"),
]
"""Clock, and what fits it: run, the day of its bar, whether that is forming, where day-trading prices come from."""


async def test_the_run_and_the_prices_fit_the_clock(market: Folders) -> None:
    async with World(market) as world:
        for hour, minute, run, on_day, forming, source in RUNS:
            await world.look_at(BEFORE, hour, minute)
            closing, day = world.strategies.closing.last, world.strategies.day_trades.last
            assert closing is not None and day is not None
            clock = f"{hour}:{minute:02d}"
            assert (closing.scan.run, closing.forming, day.source) == (run, forming, source), clock
            assert closing.panel.days[closing.scan.day_index] == np.datetime64(on_day), clock
            if source == "minutes":
                assert day.quotes.now_ns == kst_ns(BEFORE, hour, minute)
                assert np.isfinite(day.quotes.price).any() and day.quotes.at_ns.max() <= day.quotes.now_ns, clock


async def test_the_forming_bar_is_the_minutes_so_far(market: Folders) -> None:
    async with World(market) as world:
        await world.look_at(BEFORE, 15, 12)
        closing, day = world.strategies.closing.last, world.strategies.day_trades.last
        assert closing is not None and day is not None
        priced = np.flatnonzero(np.isfinite(day.quotes.price))
        np.testing.assert_array_equal(closing.panel.close_krw[priced, -1], day.quotes.price[priced])
        np.testing.assert_array_equal(closing.panel.value_krw[priced, -1], day.quotes.value_krw[priced])
        quiet = np.setdiff1d(np.arange(len(closing.panel.tickers)), priced)
        assert len(quiet) and not closing.panel.valid[quiet, -1].any(), "no minutes: no bar of the day"
        # the whole day's bar is known to the panel, and not looked at
        assert (world.panel.volume_shares[priced, -1] > closing.panel.volume_shares[priced, -1]).all()


async def test_confirmed_flows_are_used_on_request_only_and_only_once_they_are_known(market: Folders) -> None:
    async with World(market) as world:
        flows = DEFAULT_SESSIONS.confirmed_flow_ns(BEFORE)
        world.workstation.set_as_of(AsOf(flows - 1))
        await world.settled()
        world.strategies.start_closing(ClosingRun.FLOW_FINAL)
        await world.settled()
        closing = world.strategies.closing.last
        assert closing is not None and closing.scan.run is ClosingRun.CONFIRMED
        assert closing.scan.flow_day_index == closing.scan.day_index - 1
        world.strategies.start_closing(None)
        world.workstation.set_as_of(AsOf(flows))
        await world.settled()
        assert world.strategies.closing.last is not None
        assert world.strategies.closing.last.scan.run is ClosingRun.CONFIRMED, "not by itself"
        world.strategies.start_closing(ClosingRun.FLOW_FINAL)
        await world.settled()
        final = world.strategies.closing.last
        assert final.scan.run is ClosingRun.FLOW_FINAL and final.scan.flow_day_index == final.scan.day_index


async def test_nothing_of_an_earlier_instant_is_kept_or_told(market: Folders) -> None:
    async with World(market) as world:
        kept, told = world.contents(), len(world.told)
        assert kept["signal"] and kept["market_status"]
        for hour, minute in ((10, 42), (15, 5), (15, 12), (15, 40), (18, 30)):
            await world.look_at(THURSDAY, hour, minute)
            await world.look_at(BEFORE, hour, minute)
        world.strategies.start_closing(ClosingRun.PRE_CLOSE)
        await world.settled()
        assert world.contents() == kept
        assert len(world.told) == told


async def test_the_journal_shows_what_was_stored_by_then(market: Folders) -> None:
    async with World(market) as world:
        journal = world.strategies.journal.signals
        assert journal.last, "the present shows what was stored"
        assert all(record.signal.signal_date == BEFORE for record in journal.last)
        await world.look_at(BEFORE, 12)
        assert journal.last == (), "found with the official bar of the day"
        await world.present()
        assert journal.last


async def test_yesterdays_list_does_not_change_with_the_news_of_the_evening(market: Folders) -> None:
    """The list was made at 15:40. What is published later is no reason to have bought, nor does it age the news it had."""
    async with World(market) as world:
        await world.look_at(BEFORE, 15, 40)
        first = world.strategies.closing.last
        assert first is not None
        signals = first.scan.order[first.scan.phase[first.scan.order] > 0]
        row = int(signals[0])
        ticker, name = str(world.panel.tickers[row]), str(world.panel.names[row])
        with world.real.unit_of_work() as unit:
            unit.upsert_news(
                NewsBatch(
                    url=np.array(["https://news.example/late"]),
                    title=np.array([f"{name}, 최대주주 횡령 혐의로 기소"]),
                    press=np.array(["연합뉴스"]),
                    published_ns=np.array([kst_ns(BEFORE, 17)]),
                    collected_ns=np.array([kst_ns(BEFORE, 17)]),
                    ticker=np.array([ticker]),
                    kind=np.array(["news"]),
                    source="test",
                )
            )
        world.strategies.data_changed()
        for hour in (16, 18, 22):
            await world.look_at(BEFORE, hour)
            later = world.strategies.closing.last
            assert later is not None
            np.testing.assert_array_equal(later.scan.total, first.scan.total)
            np.testing.assert_array_equal(later.scan.rejected, first.scan.rejected)
        news = world.strategies.news_of(ticker)
        assert news is not None and news.veto, "the news panel knows it"
        explained = world.strategies.explain_closing(ticker)
        assert explained is not None and not explained.news.veto
        assert explained.news.points == later.scan.points[row, 0]


async def test_the_record_follows_the_last_official_bar_and_not_the_date(
    market: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 16:00 the day's bar counts; back at 10:00 it must not."""
    async with World(market) as world:
        followed: list[int] = []
        keeper = world.strategies._records
        monkeypatch.setattr(keeper, "_count", lambda sources, picture, rules: _note(followed, picture.as_of.instant_ns))
        for hour in (10, 11, 16, 17, 10):
            await world.look_at(BEFORE, hour)
        assert followed == [kst_ns(BEFORE, hour) for hour in (10, 16, 10)]


async def _note(into: list[int], value: int) -> None:
    into.append(value)


async def test_the_record_is_counted_as_of_the_instant(market: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 0.0)
    async with World(market) as world:
        keeper = world.strategies._records
        assert keeper._task is not None
        await keeper._task
        table = world.strategies.records.last
        assert table is not None and table.as_of == NOW
        row = table.of("VCP", 0)
        assert row is not None and row.n > 0
        assert list((market.cache / "records").glob("*.npz")), "kept for the next start"
        await world.look_at(THURSDAY, 12)
        await keeper._task
        assert world.strategies.records.last is not None and world.strategies.records.last.as_of == AsOf.at(THURSDAY, 12)
