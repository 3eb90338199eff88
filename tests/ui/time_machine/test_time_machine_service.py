"""The real time machine over a small market: it plays to the close, shows nothing later than its clock, and leads back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date

import pytest
import pytest_asyncio

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.instants import AsOf, kst_datetime
from ralphstock_desktop.services.contracts import Loading
from ralphstock_desktop.services.strategy.time_machine import TimeMachineService
from ralphstock_desktop.services.strategy_contracts import TimeMark
from ralphstock_desktop.services.workers import Workers
from tests.ui.whatif.small_market import WhatIfBench, market

MINUTE_NS = 60_000_000_000


def trading_day(back: int) -> date:
    """A day of the market, counted from its end."""
    day: date = market().days[-1 - back].astype("datetime64[D]").item()
    return day


class TimeBench:
    """The machine, with everything the workstation showed."""

    def __init__(self, workers: Workers, *, now_ns: int | None = None, settled: bool = False) -> None:
        self.bench = WhatIfBench(workers)
        self.work = self.bench.work
        self.seconds = 0.0
        self.waited = 0
        self.asked: list[tuple[date, int]] = []
        self.machine = TimeMachineService(
            self.work,
            marks=self._marks,
            has_minutes=lambda day: day == trading_day(3),
            timer=lambda: self.seconds,
            now_ns=(lambda: now_ns) if now_ns is not None else None,
            settled=self._settle if settled else None,
        )
        self.shown: list[int] = []
        self.work.market.subscribe(lambda picture: self.shown.append(picture.as_of.instant_ns), replay=False)
        self.ends: list[int] = []
        """End of the last bar known to each scan that was shown."""
        self.work.scans.subscribe(self._on_scan, replay=False)

    def _marks(self, day: date, until_ns: int) -> tuple[TimeMark, ...]:
        self.asked.append((day, until_ns))
        return (TimeMark(DEFAULT_SESSIONS.open_ns(day), "phase", "time.mark.preview"),)

    def _on_scan(self, picture: object) -> None:
        scan = self.work.scans.last
        assert scan is not None
        day: date = scan.panel.days[scan.scan.day_index].astype("datetime64[D]").item()
        self.ends.append(DEFAULT_SESSIONS.official_bar_ns(day))
        assert self.work.market.last is not None
        assert self.ends[-1] <= scan.scan.as_of.instant_ns

    async def _settle(self) -> None:
        self.waited += 1
        await self.work.idle_scan()

    async def enter(self, as_of: AsOf) -> None:
        """Set the clock and wait for the scan."""
        self.machine.enter(as_of)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the scan is there."""
        while isinstance(self.work.scan_state.last, Loading):
            await asyncio.sleep(0.002)
        await self.work.idle()

    def time(self) -> str:
        """Day and time of the clock."""
        state = self.machine.state.last
        assert state is not None
        return f"{kst_datetime(state.now_ns):%Y-%m-%d %H:%M}"


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[TimeBench]:
    workers = Workers()
    made = TimeBench(workers)
    await made.bench.open()
    yield made
    await made.machine.close()
    await made.bench.close()
    workers.close()


async def play(desk: TimeBench, seconds: float, beats: int) -> None:
    """Let time pass in beats; the machine sleeps a tenth of a second for each."""
    for _ in range(beats):
        desk.seconds += seconds
        await asyncio.sleep(0.11)


async def play_until(desk: TimeBench, reached: Callable[[], bool]) -> None:
    """Let time pass until something is reached; time that passes while a minute is being shown does not count."""
    for _ in range(20):
        await play(desk, 0.25, 1)
        if reached():
            return
    raise AssertionError(f"the clock stands at {desk.time()}")


async def test_playing_reaches_the_close_minute_by_minute(desk: TimeBench) -> None:
    day = trading_day(3)
    await desk.enter(AsOf.at(day, 15, 35))
    desk.machine.set_speed(600.0)
    desk.shown.clear()
    desk.machine.play()
    state = desk.machine.state.last
    assert state is not None and state.playing and state.has_minutes
    # A tenth of a second at 600x is a minute.
    while len(desk.shown) < 5:
        await play(desk, 0.1, 1)
    desk.machine.pause()
    minutes = [f"{kst_datetime(instant):%H:%M}" for instant in desk.shown]
    assert minutes[:5] == ["15:36", "15:37", "15:38", "15:39", "15:40"]
    assert all(instant % MINUTE_NS == 0 for instant in desk.shown)
    assert desk.shown == sorted(desk.shown)
    # Nothing that was asked or shown is later than the clock; the day's own bar came in at 15:40 and not before.
    assert all(until <= max(desk.shown) for _, until in desk.asked if until > AsOf.at(day, 15, 35).instant_ns)
    assert desk.work.scans.last is not None
    await desk.settle()
    assert desk.work.scans.last.scan.day_index == len(market().days) - 4
    assert DEFAULT_SESSIONS.official_bar_ns(day) in desk.ends
    assert not desk.machine.state.last.playing


async def test_after_the_day_it_plays_on_at_the_next_open_and_at_the_end_it_is_now(desk: TimeBench) -> None:
    await desk.enter(AsOf.at(trading_day(1), 15, 40))
    desk.machine.set_speed(600.0)
    desk.machine.play()
    await play_until(desk, lambda: desk.time() == f"{trading_day(0)} 09:00")
    desk.machine.jump(AsOf.at(trading_day(0), 15, 40).instant_ns)
    await play_until(desk, lambda: desk.work.market.last is not None and desk.work.market.last.is_latest)
    state = desk.machine.state.last
    assert state is not None and not state.active and not state.playing
    assert desk.work.market.last is not None and desk.work.market.last.is_latest


async def test_a_jump_while_playing_is_where_it_goes_on(desk: TimeBench) -> None:
    day = trading_day(3)
    await desk.enter(AsOf.at(day, 10))
    desk.machine.set_speed(600.0)
    desk.machine.play()
    await play(desk, 0.1, 2)
    desk.machine.jump(AsOf.at(day, 14).instant_ns)
    await play(desk, 0.1, 2)
    desk.machine.pause()
    state = desk.machine.state.last
    assert state is not None
    assert AsOf.at(day, 14, 1).instant_ns <= state.now_ns <= AsOf.at(day, 14, 3).instant_ns


async def test_leaving_returns_to_the_latest(desk: TimeBench) -> None:
    await desk.enter(AsOf.at(trading_day(3), 10))
    state = desk.machine.state.last
    assert state is not None and state.active and state.marks
    desk.machine.play()
    desk.machine.leave()
    await desk.settle()
    state = desk.machine.state.last
    assert state is not None and not state.active and not state.playing and not state.marks
    assert desk.work.market.last is not None and desk.work.market.last.is_latest
    desk.machine.play()  # nothing to play in the present
    assert not desk.machine.state.last.playing
    assert desk.work.scans.last is not None
    assert desk.work.scans.last.scan.day_index == len(market().days) - 1


@pytest.mark.parametrize(
    ("hour", "minute", "step", "found"),
    [
        (10, 0, 1, (3, "10:01")),
        (10, 0, -1, (3, "09:59")),
        (9, 0, -1, (4, "15:40")),
        (15, 40, 1, (2, "09:00")),
        (19, 0, -1, (3, "15:40")),
        (19, 0, 1, (2, "09:00")),
        (7, 0, 1, (3, "09:00")),
        (7, 0, -1, (4, "15:40")),
    ],
)
async def test_steps_stay_on_the_day_lines(desk: TimeBench, hour: int, minute: int, step: int, found: tuple[int, str]) -> None:
    await desk.enter(AsOf.at(trading_day(3), hour, minute))
    desk.machine.step(step)
    assert desk.time() == f"{trading_day(found[0])} {found[1]}"


async def test_days_are_walked_forward_to_the_open_and_back_to_the_close(desk: TimeBench) -> None:
    await desk.enter(AsOf.at(trading_day(2), 10))
    desk.machine.step_day(-1)
    assert desk.time() == f"{trading_day(3)} 15:40"
    desk.machine.step_day(1)
    assert desk.time() == f"{trading_day(2)} 09:00"
    desk.machine.step_day(2)
    assert desk.time() == f"{trading_day(0)} 09:00"
    desk.machine.step_day(1)
    assert desk.work.market.last is not None and desk.work.market.last.is_latest


async def test_the_clock_never_overtakes_the_present() -> None:
    workers = Workers()
    now = AsOf.at(trading_day(0), 11)
    desk = TimeBench(workers, now_ns=now.instant_ns)
    await desk.bench.open()
    await desk.enter(AsOf.at(trading_day(0), 10, 58))
    desk.machine.jump(AsOf.at(trading_day(0), 15).instant_ns)
    assert desk.work.market.last is not None and desk.work.market.last.is_latest
    await desk.enter(AsOf.at(trading_day(0), 10, 58))
    desk.machine.set_speed(600.0)
    desk.machine.play()
    await play(desk, 0.1, 5)
    assert desk.work.market.last.is_latest
    assert f"{kst_datetime(desk.shown[-2]):%H:%M}" == "10:59"
    await desk.machine.close()
    await desk.bench.close()
    workers.close()


async def test_playing_waits_for_everything_of_a_minute() -> None:
    workers = Workers()
    desk = TimeBench(workers, settled=True)
    await desk.bench.open()
    await desk.enter(AsOf.at(trading_day(3), 10))
    desk.machine.set_speed(600.0)
    desk.machine.play()
    await play(desk, 0.1, 3)
    desk.machine.pause()
    assert desk.waited >= 2
    await desk.machine.close()
    await desk.bench.close()
    workers.close()
