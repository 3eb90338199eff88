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
from engine.model.daytrade import EntryBan
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


def _shown(world: World) -> tuple[Any, Any, Any]:
    found = world.strategies
    assert found.gate.last is not None and found.closing.last is not None and found.day_trades.last is not None
    return found.gate.last, found.closing.last, found.day_trades.last


def _runs(world: World, strategy: str, mode: str) -> int:
    return int(world.rows(f"SELECT COUNT(*) FROM scan_run WHERE strategy = '{strategy}' AND mode = '{mode}'")[0][0])


async def test_before_the_market_opens_nothing_is_live(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(8, 55)
    await live.beaten()
    gate, closing, day = _shown(world)
    assert day.source == "daily" and not gate.live and not closing.forming


async def test_the_checklist_is_scored_on_the_board(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(10, 0)
    await live.beaten()
    gate, closing, day = _shown(world)
    board = live.board
    assert board is not None
    assert day.source == "live" and day.quotes.now_ns == kst_ns(D, 10, 0)
    priced = np.isfinite(day.quotes.price)
    np.testing.assert_array_equal(day.quotes.price[priced], board.price_krw[priced])
    assert day.scan.prior_day_index == len(world.panel.days) - 1, "today is in no average"
    assert world.strategies.day_state.last == Ready(AsOf.at(D, 10, 0), final=False)
    assert gate.live and day.gate.status is gate.reading.status and gate.reading.as_of == AsOf.at(D, 10, 0)
    assert not closing.forming and closing.scan.run is ClosingRun.CONFIRMED, "yesterday's list until 15:00"
    assert world.strategies.explain_day_trade(str(world.panel.tickers[int(day.scan.order[0])])) is not None


async def test_quotes_become_old_although_nothing_comes(world: World, live: FakeLive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralphstock_desktop.services.strategy.live_part._QUIET_BEAT_S", 0.006)
    world.strategies.follow_live()
    live.move(10, 0)
    await live.beaten()
    ranked = _shown(world)[2].scan.order
    assert not (_shown(world)[2].scan.bans[ranked] & int(EntryBan.STALE)).any()
    status = live.status.last
    assert status is not None
    world.set_clock(D, 10, 2)
    live.status.publish(replace(status, market_ns=kst_ns(D, 10, 2)))  # the feed is silent: no frame
    await live.beaten()
    day = _shown(world)[2]
    assert day.quotes.now_ns == kst_ns(D, 10, 2)
    assert (day.scan.bans[ranked] & int(EntryBan.STALE)).all(), "no entry on quotes two minutes old"


async def test_the_evening_is_scored_until_the_official_bar_is_there(world: World, live: FakeLive) -> None:
    """Quotes of the closing auction come when trading is over, and so do all of a clock that was set to the evening."""
    world.strategies.follow_live()
    live.move(18, 0)
    await live.beaten()
    _gate, closing, day = _shown(world)
    assert day.source == "live" and day.quotes.now_ns == kst_ns(D, 18, 0)
    ranked = day.scan.order
    assert len(ranked) > 1 and (day.scan.bans[ranked] & int(EntryBan.PHASE)).all(), "no entry in the evening"
    assert not closing.forming
    board = live.board
    assert board is not None
    board.price_krw[int(ranked[0])] += 500
    live.tell(kst_ns(D, 18, 1))
    await live.beaten()
    assert _shown(world)[2].scan.price[int(ranked[0])] == day.scan.price[int(ranked[0])] + 500


async def test_changed_rows_are_those_that_differ_from_what_was_shown(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(10, 0)
    await live.beaten()
    first = _shown(world)[2]
    assert first.changed is None, "all rows are new"
    board = live.board
    assert board is not None
    row = int(first.scan.order[0])
    board.price_krw[row] += 500
    live.tell(kst_ns(D, 10, 0))  # the clock stands: no other row can differ
    await live.beaten()
    second = _shown(world)[2]
    assert second.changed is not None and row in second.changed
    same = np.setdiff1d(np.arange(len(board.tickers)), second.changed)
    assert len(same) > 100
    for name in ("grade", "bans", "price", "raw", "relative_volume", "projected_value_krw"):
        np.testing.assert_array_equal(getattr(first.scan, name)[same], getattr(second.scan, name)[same], err_msg=name)


async def test_after_the_panels_were_made_anew_every_row_counts_as_changed(world: World, live: FakeLive) -> None:
    """News come in between two beats, also while one is being scored: what is on screen then is not what the beat compares with."""
    world.strategies.follow_live()
    live.move(10, 0)
    await live.beaten()
    pictures: list[Any] = []
    world.strategies.day_trades.subscribe(pictures.append, replay=False)
    original, begun = world.workers.compute, asyncio.Event()

    async def slow(work: Any, *arguments: Any) -> Any:
        if getattr(work, "__name__", "") == "score_day_basis":
            begun.set()
            await asyncio.sleep(0.25)
        return await original(work, *arguments)

    world.workers.compute = slow  # type: ignore[method-assign]
    live.move(10, 1)
    await begun.wait()
    world.strategies.data_changed()
    await world.strategies.settled()
    world.workers.compute = original  # type: ignore[method-assign]
    await live.beaten()
    assert pictures[0].source == "daily" and pictures[1].source == "live"
    assert pictures[1].changed is None


async def test_the_gate_is_read_with_live_levels_and_a_change_is_told_once(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(10, 0)
    await live.beaten()
    assert _shown(world)[0].reading.status is GateStatus.GREEN
    calm = dict(live.levels)
    live.levels["001"] *= 0.96
    live.move(10, 0, 20)
    await live.beaten()
    assert _shown(world)[0].reading.status is GateStatus.GREEN, "read each half minute only"
    live.move(10, 0, 31)
    await live.beaten()
    gate = _shown(world)[0]
    assert gate.reading.status is GateStatus.RED and gate.reading.shock_pct == pytest.approx(-4.0)
    # news make all panels anew, with the official gate of yesterday for a moment: that is no change
    world.strategies.data_changed()
    await world.settled()
    live.move(10, 0, 40)
    await live.beaten()
    assert _shown(world)[0].reading.status is GateStatus.RED
    assert world.rows("SELECT dedup FROM notice WHERE kind = 'gate'") == [(f"gate:{D}:GREEN>RED",)]
    # it is over while the panels are made anew
    live.levels = calm
    live.tell(kst_ns(D, 10, 0, 41))
    world.strategies.data_changed()
    await live.beaten()
    live.move(10, 2)
    await live.beaten()
    assert world.rows("SELECT dedup FROM notice WHERE kind = 'gate' ORDER BY id")[1:] == [(f"gate:{D}:RED>GREEN",)]


async def test_without_levels_the_gate_stays_the_official_one(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.levels = {}
    live.move(10, 0)
    await live.beaten()
    gate, _, day = _shown(world)
    assert gate.reading.day_index == len(world.panel.days) - 1 and day.source == "live"
    assert gate.reading.status is GateStatus.GREEN


async def test_a_clock_that_is_set_back_reads_the_gate_again(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(14, 0)
    await live.beaten()
    live.levels["001"] *= 0.96
    live.move(9, 30)
    await live.beaten()
    gate = _shown(world)[0]
    assert gate.reading.as_of == AsOf.at(D, 9, 30) and gate.reading.status is GateStatus.RED


async def test_a_day_trade_is_stored_once_with_the_price_it_was_found_at(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(9, 5)
    await live.beaten()
    assert _runs(world, "DAY_TRADE", "LIVE") == 0, "before 09:10 there is no entry"
    live.move(10, 0)
    await live.beaten()
    day = _shown(world)[2]
    bought = np.flatnonzero((day.scan.grade >= Grade.A) & (day.scan.bans == 0))
    assert len(bought)
    query = "SELECT ticker, phase, entry, stop, target, qty, grade FROM signal WHERE strategy = 'DAY_TRADE'"
    stored = {row[0]: row[1:] for row in world.rows(query)}
    assert set(stored) == set(world.panel.tickers[bought].tolist()), "grade B is only watched"
    for row in bought.tolist():
        phase, entry, _, _, qty, _ = stored[str(world.panel.tickers[row])]
        assert phase == "PENDING" and entry == day.quotes.price[row] and qty > 0
    told = {key for (key,) in world.rows("SELECT dedup FROM notice WHERE strategy = 'DAY_TRADE'")}
    assert told == {f"signal:DAY_TRADE:{ticker}:{D}" for ticker in stored}
    shown = len(world.told)
    live.move(10, 0, 1)
    await live.beaten()
    assert _runs(world, "DAY_TRADE", "LIVE") == 1 and len(world.told) == shown
    # a better grade later is noted, the order stays the one that was placed
    for ticker in stored:
        world.strategies._keeper._memory(world.strategies._sources["real"]).told.discard((ticker, int(Grade.A)))
    live.move(10, 5, way=1.01)
    await live.beaten()
    assert _runs(world, "DAY_TRADE", "LIVE") == 2
    again = {row[0]: row[1:] for row in world.rows(query)}
    for ticker, values in stored.items():
        assert again[ticker][:5] == values[:5], ticker
    journal = world.strategies.journal.signals.last
    assert journal is not None and {r.signal.ticker for r in journal if r.signal.strategy == "DAY_TRADE"} == set(again)


async def test_a_restart_during_the_day_neither_moves_the_order_nor_tells_again(
    market: Folders, world: World, live: FakeLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.strategies.follow_live()
    live.move(10, 0)
    await live.beaten()
    query = "SELECT ticker, entry, stop, target, qty FROM signal WHERE strategy = 'DAY_TRADE' ORDER BY ticker"
    stored = world.rows(query)
    assert stored
    async with World(market, now=AsOf.at(D, 10, 4)) as again:
        other = FakeLive(again)
        other.watch(monkeypatch)
        again.workstation.live = other  # type: ignore[assignment]
        again.strategies.follow_live()
        other.move(10, 5, way=1.01)
        await other.beaten()
        assert [row for row in again.rows(query) if row[0] in {ticker for ticker, *_ in stored}] == stored
        assert not any(f":{ticker}:" in key for ticker, *_ in stored for key in again.told_keys())


async def test_what_was_told_is_forgotten_with_its_day(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(10, 0)
    await live.beaten()
    memory = world.strategies._keeper._memory(world.strategies._sources["real"])
    assert memory.told and memory.told_day == D
    day = _shown(world)[2]
    tomorrow = replace(day, scan=replace(day.scan, now_ns=kst_ns(D.replace(day=24), 10), grade=np.zeros_like(day.scan.grade)))
    await world.strategies._keeper.tell_day(world.strategies._sources["real"], day, tomorrow)
    assert not memory.told


async def test_the_closing_bet_is_scored_on_the_board_in_its_minutes(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(15, 1)
    await live.beaten()
    closing = _shown(world)[1]
    assert closing.forming and closing.scan.run is ClosingRun.PREVIEW
    live.move(15, 11)
    await live.beaten()
    closing = _shown(world)[1]
    board = live.board
    assert board is not None
    assert closing.scan.run is ClosingRun.PRE_CLOSE and closing.panel.days[-1] == np.datetime64(D)
    assert closing.scan.flow_day_index == closing.scan.day_index - 1
    traded = closing.panel.valid[:, -1]
    np.testing.assert_array_equal(closing.panel.close_krw[traded, -1], board.price_krw[traded])
    assert world.strategies.closing_state.last == Ready(AsOf.at(D, 15, 11), final=False)
    assert _runs(world, "CLOSING_BET", "PRE_CLOSE") == 0, "the list of the auction is stored, not each one before"
    # the board goes on, the picture stands
    before = closing.panel.close_krw[:, -1].copy()
    board.price_krw[:] += 10
    np.testing.assert_array_equal(closing.panel.close_krw[:, -1], before)


async def test_the_candidates_are_stored_and_told_once_at_the_auction(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(15, 19, 59)
    await live.beaten()
    assert _runs(world, "CLOSING_BET", "PRE_CLOSE") == 0
    for second in (2, 6, 10):
        live.move(15, 20, second)
        await live.beaten()
    closing = _shown(world)[1]
    assert _runs(world, "CLOSING_BET", "PRE_CLOSE") == 1
    rows = closing.scan.order[closing.scan.phase[closing.scan.order] > 0]
    stored = world.rows(f"SELECT ticker FROM signal WHERE strategy = 'CLOSING_BET' AND signal_date = '{D}'")
    assert {ticker for (ticker,) in stored} == set(closing.panel.tickers[rows].tolist()) != set()
    told = _closing_signals(world)
    assert len(told) == len(stored) and all("closing_pre" in key for key in told)
    # the official bar confirms them: they are not told again as new
    shown = len(told)
    live.move(15, 41)
    await live.beaten()
    await world.add_last_day()
    assert _runs(world, "CLOSING_BET", "CONFIRMED") == 2
    after = _closing_signals(world)
    confirmed = world.strategies.closing.last
    assert confirmed is not None
    new = [item for item in confirmed.differences if item.change == "new"]
    assert len(after) == shown + len(new)


def _closing_signals(world: World) -> list[str]:
    """Text keys of the notices of the day's closing bets."""
    store = world.strategies.store
    assert store is not None
    return [
        record.key for record in store.notices() if record.dedup.startswith("signal:CLOSING_BET:") and str(D) in record.dedup
    ]


async def test_candidates_that_could_not_be_stored_are_tried_again(
    world: World, live: FakeLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.strategies.follow_live()
    store = world.strategies.store
    assert store is not None
    original, tries = store.store_scan, []

    def once(*arguments: Any) -> int:
        tries.append(1)
        if len(tries) == 1:
            raise StorageError("the disk is full", key="error.storage")
        return original(*arguments)

    live.move(15, 19)
    await live.beaten()
    monkeypatch.setattr(store, "store_scan", once)
    for second in (2, 6, 10):
        live.move(15, 20, second)
        await live.beaten()
    assert world.texts.count("notice.scan_not_stored") == 1
    assert _runs(world, "CLOSING_BET", "PRE_CLOSE") == 1 and len(tries) == 2


async def test_while_the_past_is_looked_at_the_running_market_changes_nothing(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    live.move(10, 0)
    await live.beaten()
    await world.look_at(BEFORE, 15, 12)
    shown, kept, told = _shown(world), world.contents(), len(world.told)
    live.levels["001"] *= 0.95
    for hour, minute in ((11, 0), (15, 11), (15, 21)):
        live.move(hour, minute)
        await live.beaten()
    assert _shown(world) == shown and world.contents() == kept and len(world.told) == told
    await world.present()
    live.move(15, 22)
    await live.beaten()
    assert _shown(world)[2].source == "live" and _runs(world, "CLOSING_BET", "PRE_CLOSE") == 1


async def test_a_board_of_another_market_is_not_taken(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    board = live.board
    assert board is not None
    live.board = replace(board, tickers=board.tickers[::-1].copy())
    live.move_clock_only(10, 0)
    await live.beaten()
    assert _shown(world)[2].source == "daily"


async def test_stored_values_are_no_live_quotes(world: World, live: FakeLive) -> None:
    """Before a symbol's first value of the day the board shows yesterday's: it has no price, and is never bought."""
    world.strategies.follow_live()
    live.move_clock_only(10, 0)
    await live.beaten()
    day = _shown(world)[2]
    assert live.board is not None and (live.board.price_krw != MISSING).any()
    assert day.source == "live" and not np.isfinite(day.quotes.price).any() and not len(day.scan.order)
    assert _runs(world, "DAY_TRADE", "LIVE") == 0


async def test_a_beat_that_fails_is_told_once_and_the_next_ones_go_on(
    world: World, live: FakeLive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    part = world.strategies._live
    original, error = part._day, StorageError("the disk is full", key="error.storage")

    async def fail(*_arguments: Any) -> Any:
        raise error

    monkeypatch.setattr(part, "_day", fail)
    world.strategies.follow_live()
    for second in range(4):
        live.move(10, 0, second)
        await live.beaten()
    assert world.texts.count("notice.strategies_not_read") == 1
    assert len([record for record in caplog.records if "running market" in record.message]) == 1
    monkeypatch.setattr(part, "_day", original)
    live.move(10, 0, 5)
    await live.beaten()
    assert _shown(world)[2].source == "live"
    monkeypatch.setattr(part, "_day", fail)
    live.move(10, 0, 6)
    await live.beaten()
    assert world.texts.count("notice.strategies_not_read") == 2, "it worked in between: a new failure"


async def test_a_bug_in_a_beat_reaches_the_error_handler_once_and_does_not_end_the_beats(
    world: World, live: FakeLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = world.strategies._live
    original = part._day

    async def fail(*_arguments: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(part, "_day", fail)
    world.strategies.follow_live()
    for second in range(3):
        live.move(10, 0, second)
        await live.beaten()
    assert [str(problem) for problem in world.problems] == ["a bug"]
    world.problems.clear()
    monkeypatch.setattr(part, "_day", original)
    live.move(10, 0, 9)
    await live.beaten()
    assert _shown(world)[2].source == "live"


async def test_closing_ends_the_beats(world: World, live: FakeLive) -> None:
    world.strategies.follow_live()
    world.strategies.follow_live()  # asking twice is asking once
    assert [task.get_name() for task in asyncio.all_tasks()].count("live strategies") == 1
    live.move(10, 0)
    await world.strategies.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name() in {"live strategies", "strategies"}]
    live.move(10, 1)  # nobody listens any more
    assert not world.strategies._live._touched or world.strategies._live._task is None
