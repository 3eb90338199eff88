"""What the present leaves in the repository, and what the trader is told of it: once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.closing import ClosingRun
from engine.model.errors import StorageError
from engine.model.gate import GateStatus
from engine.model.instants import AsOf, kst_ns
from engine.model.scan import Grade
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.ports import IndexBatch, NewsBatch
from ralphstock_desktop.services.strategy.keeping import _MOST_WAITING
from tests.services.strategy.small_market import BEFORE, D, made, put_days
from tests.services.strategy.world import Breaking, World, broken_dataset


def fallen(percent: float) -> Any:
    """The indices of the last day fall by so much against the day before (both, for the lower one decides)."""

    def change(batch: Any) -> Any:
        if not isinstance(batch, IndexBatch):
            return batch
        before = {}
        indices = made().indices
        for code in ("KOSPI", "KOSDAQ"):
            rows = (indices.code == code) & (indices.day == np.datetime64(BEFORE))
            before[code] = float(indices.close[rows][0])
        columns = {name: getattr(batch, name).copy() for name in ("open", "high", "low", "close")}
        for code, level in before.items():
            rows = batch.code == code
            for values in columns.values():
                values[rows] = level * (1 + percent / 100)
        return replace(batch, **columns)

    return change


def without(*kinds: str) -> Any:
    return lambda batch: None if type(batch).__name__ in kinds else batch


def signals(world: World, strategy: str, day: Any) -> dict[str, tuple[str, str, int]]:
    """Grade, phase and quantity by ticker."""
    rows = world.rows(
        f"SELECT ticker, grade, placed_phase, qty FROM signal WHERE strategy = '{strategy}' AND signal_date = '{day.isoformat()}'"
    )
    return {ticker: (grade, phase, qty) for ticker, grade, phase, qty in rows}


def expected_qty(world: World, ticker: str, grade: str, factor: float) -> int:
    """domain.md §2.11 by hand: risk 0.5 % of 100 million won, cap by grade, 1 % of the mean traded value."""
    shown = world.workstation.scans.last
    assert shown is not None
    row = shown.panel.row_of(ticker)
    entry, stop = float(shown.scan.entry_krw[row]), float(shown.scan.stop_krw[row])
    equity = 10_000 * 10_000.0
    multiple = {"S": 1.5, "A": 1.0, "B": 0.5}[grade] * factor
    cap = {"S": 0.15, "A": 0.12, "B": 0.10}[grade]
    by_risk = int(0.005 * equity * multiple / (entry - stop) + 1e-9)
    return min(by_risk, int(cap * equity / entry + 1e-9), int(0.01 * float(shown.scan.mean_value_krw[row]) / entry + 1e-9))


async def test_a_green_gate_gives_orders_with_sizes_from_grade_b_on(market: Folders) -> None:
    async with World(market) as world:
        assert world.strategies.gate.last is not None and world.strategies.gate.last.reading.status is GateStatus.GREEN
        stored = signals(world, "VCP", BEFORE)
        shown = world.workstation.scans.last
        assert shown is not None
        detected = set(shown.panel.tickers[shown.scan.pattern].tolist())
        assert set(stored) == detected and {grade for grade, _, _ in stored.values()} >= {"S", "A", "B"}
        for ticker, (grade, phase, qty) in stored.items():
            assert (phase, qty) == ("PENDING", expected_qty(world, ticker, grade, 1.0)), ticker


@pytest.mark.parametrize(
    ("change", "status"),
    [(fallen(-3.5), GateStatus.RED), (without("IndexBatch", "MarketFlowBatch"), GateStatus.UNKNOWN)],
    ids=["red", "unknown"],
)
async def test_without_an_open_gate_patterns_are_watched_only(market: Folders, change: Any, status: GateStatus) -> None:
    async with World(market) as world:
        await world.add_last_day(change=change)
        gate = world.strategies.gate.last
        assert gate is not None and gate.reading.status is status
        stored = signals(world, "VCP", D) | signals(world, "CLOSING_BET", D)
        assert stored and {(phase, qty) for _, phase, qty in stored.values()} == {("WATCH", 0)}
        answer = await world.strategies.recommend()
        assert answer.items == () and answer.reason == f"GATE_{status.name}"


async def test_a_yellow_gate_halves_and_asks_for_grade_a(market: Folders) -> None:
    async with World(market) as world:
        put_days(world.real.unit_of_work, date(2026, 9, 14), BEFORE, only=frozenset({"IndexBatch"}), change=sinking)
        await world.add_last_day(change=sinking)
        gate = world.strategies.gate.last
        assert gate is not None and gate.reading.status is GateStatus.YELLOW
        stored = signals(world, "VCP", D)
        assert {grade for grade, _, _ in stored.values()} >= {"S", "A", "B"}
        for ticker, (grade, phase, qty) in stored.items():
            if grade in "SA":
                assert (phase, qty) == ("PENDING", expected_qty(world, ticker, grade, 0.5)), ticker
            else:
                assert (phase, qty) == ("WATCH", 0), ticker


def sinking(batch: Any) -> Any:
    """Both indices slide by 0.4 % of their level a day: below their averages, but without a shock."""
    if not isinstance(batch, IndexBatch):
        return batch
    days = (batch.day - np.datetime64("2026-09-14")).astype(int).clip(0) * 5 / 7
    factor = np.where(batch.code == "USDKRW", 1.0, 1.0 - 0.004 * days)
    return replace(batch, **{name: getattr(batch, name) * factor for name in ("open", "high", "low", "close")})


async def test_the_closing_run_of_the_day_is_kept_with_gate_sectors_ranks_and_news(market: Folders) -> None:
    async with World(market) as world:
        closing = world.strategies.closing.last
        assert closing is not None
        scan = closing.scan
        runs = world.rows("SELECT strategy, mode, signal_date, state, universe_n FROM scan_run ORDER BY strategy")
        assert ("CLOSING_BET", "CONFIRMED", BEFORE.isoformat(), "COMPLETE", int(scan.candidate.sum())) in runs
        stored = signals(world, "CLOSING_BET", BEFORE)
        rows = scan.order[scan.phase[scan.order] > 0]
        assert set(stored) == set(closing.panel.tickers[rows].tolist()) and stored
        assert [row[0] for row in world.rows("SELECT date FROM market_status")] == [BEFORE.isoformat()]
        assert len(world.rows("SELECT * FROM sector_return")) >= 5
        ranked = world.rows("SELECT COUNT(*), MIN(rs), MAX(rs), MAX(n) FROM rs_rank")[0]
        assert ranked[0] >= ranked[3] > 50 and (ranked[1], ranked[2]) == (1, 99)
        assert world.rows("SELECT DISTINCT as_of_date FROM news_score") == [(BEFORE.isoformat(),)]


async def test_news_scores_belong_to_the_day_they_were_looked_at(market: Folders) -> None:
    """On Saturday the last bar is Friday's; what the news are worth then does not replace what they were on Friday."""
    async with World(market) as world:
        friday = sorted(world.rows("SELECT ticker, net FROM news_score"))
        world.set_clock(BEFORE.replace(day=21), 12)
        world.strategies._keeper._memory(world.strategies._sources["real"]).kept = None
        world.strategies.data_changed()
        await world.settled()
        after = world.rows(f"SELECT ticker, net FROM news_score WHERE as_of_date = '{BEFORE.isoformat()}'")
        assert sorted(after) == friday
        assert world.rows("SELECT DISTINCT as_of_date FROM news_score ORDER BY 1")[-1] == ("2026-11-21",)


async def test_the_same_again_changes_nothing_but_the_runs_and_tells_nothing(market: Folders) -> None:
    async with World(market) as world:
        first, told = world.contents(), len(world.told)
        assert told
        world.now_ns += 60_000_000_000
        world.strategies._keeper._memory(world.strategies._sources["real"]).kept = None
        await world.present()
        _assert_only_runs(first, world.contents())
        assert len(world.told) == told


async def test_a_restart_changes_nothing_but_the_runs_and_tells_nothing(market: Folders) -> None:
    async with World(market) as world:
        first = world.contents()
        assert world.told
    async with World(market) as again:
        await again.present()
        _assert_only_runs(first, again.contents())
        assert not again.told
        assert again.strategies.notices.notices.last, "the list still has them"


def _assert_only_runs(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> None:
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"scan_run", "market_status"}, changed
    assert len(after["market_status"]) == len(before["market_status"])


async def test_the_first_scan_of_a_start_is_told_although_the_panels_come_later(market: Folders) -> None:
    """The scan is stored before the notices of the market are open: what it has to tell waits for them."""
    world = World(market)
    original = world.workers.compute

    async def slow(work: Any, *arguments: Any) -> Any:
        if getattr(work, "__name__", "") == "evaluate":
            while not world.rows("SELECT 1 FROM rs_rank"):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
        return await original(work, *arguments)

    world.workers.compute = slow  # type: ignore[method-assign]
    async with world:
        patterns = set(signals(world, "VCP", BEFORE))
        told = {row[0].split(":")[2] for row in world.rows("SELECT dedup FROM notice WHERE dedup LIKE 'signal:VCP:%'")}
        assert told == patterns
        assert any(record.strategy == "VCP" for record in world.told)


async def test_lives_go_on_with_the_bar_of_the_next_day(market: Folders) -> None:
    async with World(market) as world:
        open_before = dict(world.rows("SELECT ticker, phase FROM signal WHERE strategy = 'CLOSING_BET'"))
        assert set(open_before.values()) == {"ACTIVE"}, "bought in the closing auction"
        await world.add_last_day()
        ended = world.rows(
            f"SELECT s.ticker, s.status, t.exit_reason FROM signal s JOIN trade t ON t.signal_id = s.id"
            f" WHERE s.strategy = 'CLOSING_BET' AND s.signal_date = '{BEFORE.isoformat()}'"
        )
        assert {ticker for ticker, _, _ in ended} == set(open_before)
        assert {status for _, status, _ in ended} == {"CLOSED"} and all(reason for _, _, reason in ended)
        told = {row[0] for row in world.rows("SELECT dedup FROM notice WHERE kind = 'life'")}
        assert {
            f"life:CLOSING_BET:{ticker}:{BEFORE}:{world.strategies.rules.ruleset_id}:{reason}" for ticker, _, reason in ended
        } <= told
        journal = world.strategies.journal.signals.last
        assert journal is not None and {record.signal.signal_date for record in journal} == {BEFORE, D}


async def test_a_pattern_that_stays_is_not_told_again_the_next_day(market: Folders) -> None:
    async with World(market) as world:
        first = set(signals(world, "VCP", BEFORE))
        await world.add_last_day()
        second = set(signals(world, "VCP", D))
        assert first & second, "some stay"
        told = {row[0].split(":")[2] for row in world.rows(f"SELECT dedup FROM notice WHERE dedup LIKE 'signal:VCP:%:{D}'")}
        assert told == second - first


async def test_a_gate_that_changes_is_told_against_the_day_before_and_not_against_the_past_that_was_looked_at(
    market: Folders,
) -> None:
    async with World(market) as world:
        await world.look_at(BEFORE.replace(day=3), 16)
        past = world.strategies.gate.last
        await world.add_last_day(change=fallen(-3.5))
        assert past is not None and world.strategies.gate.last is not None
        assert not world.rows("SELECT * FROM notice WHERE kind = 'gate'"), "the past is on screen"
        await world.present()
        rows = world.rows("SELECT dedup FROM notice WHERE kind = 'gate'")
        assert rows == [(f"gate:{D}:GREEN>RED",)]


async def test_looking_at_a_red_past_day_and_back_is_no_change_of_the_gate(market: Folders) -> None:
    async with World(market) as world:
        history = await world.strategies.load_gate_history()
        other = int(history.day_index[history.status != GateStatus.GREEN][-1])
        await world.look_at(world.panel.days[other].item(), 16)
        assert world.strategies.gate.last is not None and world.strategies.gate.last.reading.status is not GateStatus.GREEN
        # something new is stored meanwhile, so that the present is kept again
        put_news(world, "https://news.example/1", kst_ns(BEFORE, 20))
        world.strategies.data_changed()
        await world.settled()
        await world.present()
        assert not world.rows("SELECT * FROM notice WHERE kind = 'gate'")


def put_news(world: World, url: str, at_ns: int, ticker: str = "") -> None:
    with world.real.unit_of_work() as unit:
        unit.upsert_news(
            NewsBatch(
                np.array([url]), np.array(["새 소식"]), np.array(["연합뉴스"]), np.array([at_ns]), np.array([at_ns]), np.array([ticker]), np.array(["news"]), "test",
            )
        )  # fmt: skip


async def test_differences_between_the_candidates_and_the_confirmed_list_are_shown(market: Folders) -> None:
    """The candidates of 15:21 are stored; the official bar confirms some, loses one and brings one."""
    async with World(market) as world:
        put_days(world.real.unit_of_work, D, D)
        world.set_clock(D, 15, 21)
        await world.workstation.take_new_data("real")
        await world.settled()
        found = world.strategies
        # the list of the auction, from the minutes of the day as the live board would give it
        world.workstation.set_as_of(AsOf.at(D, 15, 21))
        await world.settled()
        candidates = found.closing.last
        assert candidates is not None and candidates.forming and candidates.scan.run is ClosingRun.PRE_CLOSE
        before = _listed(candidates)
        await world.present()
        sources = found._sources["real"]
        assert await found._keeper.keep_candidates(sources, _with_one_more(candidates))
        extra = _extra_row(candidates)
        world.set_clock(D, 15, 45)
        await world.present()
        confirmed = found.closing.last
        assert confirmed is not None and confirmed.scan.run is ClosingRun.CONFIRMED
        after = _listed(confirmed)
        lost = str(candidates.panel.tickers[extra])
        want = {(lost, "cancelled")}
        want |= {(ticker, "new") for ticker in after.keys() - before.keys()}
        want |= {(ticker, "cancelled") for ticker in before.keys() - after.keys()}
        want |= {(ticker, "changed") for ticker in before.keys() & after.keys() if before[ticker] != after[ticker]}
        assert {(item.ticker, item.change) for item in confirmed.differences} == want
        for item in confirmed.differences:
            assert item.before == ("" if item.change == "new" else before.get(item.ticker, item.before))
            assert item.after == ("" if item.change == "cancelled" else after[item.ticker])
        closed = world.rows(f"SELECT status, close_reason FROM signal WHERE ticker = '{lost}' AND signal_date = '{D}'")
        assert closed == [("CLOSED", "CANCELLED_AT_CLOSE")]
        assert f"life:CLOSING_BET:{lost}:{D}:CANCELLED_AT_CLOSE" in {row[0] for row in world.rows("SELECT dedup FROM notice")}
        # shown again after looking at something else, though it is not stored again
        await world.look_at(BEFORE, 12)
        await world.present()
        assert found.closing.last is not None and found.closing.last.differences == confirmed.differences


def _listed(picture: Any) -> dict[str, str]:
    scan = picture.scan
    names = {int(grade): grade.name for grade in Grade}
    rows = scan.order[scan.phase[scan.order] > 0]
    return {str(picture.panel.tickers[row]): f"{names[int(scan.grade[row])]} {float(scan.total[row]):g}" for row in rows}


def _extra_row(picture: Any) -> int:
    """A symbol that is no candidate at all."""
    return int(np.flatnonzero(~picture.scan.candidate & np.isfinite(picture.scan.total))[0])


def _with_one_more(picture: Any) -> Any:
    """The list with one more candidate, which the official bar will not confirm."""
    scan, row = picture.scan, _extra_row(picture)
    changes = {
        name: getattr(scan, name).copy()
        for name in ("phase", "grade", "candidate", "coverage", "entry_krw", "stop_krw", "target_krw")
    }
    changes["phase"][row], changes["candidate"][row], changes["coverage"][row] = 2, True, 100.0
    changes["grade"][row] = Grade.B
    changes["entry_krw"][row], changes["stop_krw"][row], changes["target_krw"][row] = 10_000.0, 9_700.0, 10_500.0
    return replace(picture, scan=replace(scan, order=np.append(scan.order, row), **changes))


async def test_a_failed_store_is_told_and_tried_again(market: Folders) -> None:
    world = World(market)
    broken = Breaking(None, "store_gate")

    def wrap(store: Any) -> Any:
        broken._store = store
        return broken

    broken_dataset(world.real, wrap)
    async with world:
        assert "notice.scan_not_stored" in world.texts
        assert not world.rows("SELECT * FROM market_status")
        assert world.strategies.gate.last is not None, "what is on screen is right all the same"
        broken.error = None
        world.strategies.refresh()
        await world.settled()
        assert len(world.rows("SELECT * FROM market_status")) == 1


async def test_what_cannot_be_told_is_said_and_nothing_is_shown(market: Folders) -> None:
    world = World(market)
    broken = Breaking(None, "add_notices")

    def wrap(store: Any) -> Any:
        broken._store = store
        return broken

    broken_dataset(world.real, wrap)
    async with world:
        assert "notice.notices_not_stored" in world.texts and not world.told


async def test_facts_that_wait_for_the_present_do_not_pile_up(market: Folders) -> None:
    async with World(market) as world:
        await world.look_at(BEFORE, 12)
        keeper, sources = world.strategies._keeper, world.strategies._sources["real"]
        gate = world.strategies.gate.last
        assert gate is not None
        for _ in range(_MOST_WAITING):
            await keeper.tell_gate(sources, gate, _red(gate))
            await keeper.tell_gate(sources, gate, gate)
        assert len(keeper._memory(sources).waiting) <= _MOST_WAITING


def _red(gate: Any) -> Any:
    return replace(gate, reading=replace(gate.reading, status=GateStatus.RED))


def test_the_official_bar_comes_before_the_flows() -> None:
    """The clock of these tests: 15:45 lies between the two."""
    assert DEFAULT_SESSIONS.official_bar_ns(D) < kst_ns(D, 15, 45) < DEFAULT_SESSIONS.confirmed_flow_ns(D)


async def test_an_unexpected_error_while_keeping_reaches_the_error_handler(market: Folders) -> None:
    world = await World(market).open()
    try:

        async def fail(*_arguments: Any) -> Any:
            raise RuntimeError("a bug")

        world.strategies._keeper.keep = fail  # type: ignore[method-assign]
        world.strategies.refresh()
        await world.settled()
        assert [str(problem) for problem in world.problems] == ["a bug"]
        world.problems.clear()
    finally:
        await world.close()


async def test_a_storage_error_is_no_unexpected_error(market: Folders) -> None:
    world = World(market)
    broken = Breaking(None, "signals", "notices")

    def wrap(store: Any) -> Any:
        broken._store = store
        return broken

    broken_dataset(world.real, wrap)
    async with world:
        assert "notice.strategies_not_read" in world.texts and not world.told
        broken.error = None
        await world.present()
        assert world.strategies.journal.signals.last
        assert isinstance(broken.error, StorageError | None)
