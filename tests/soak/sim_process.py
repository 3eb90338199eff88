"""The simulator in a process of its own, driven through a pipe, with the day's truth on demand."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class SimSetup:
    """What day is replayed, how fast and how thickly."""

    day: date = date(2026, 5, 4)
    symbols: int = 2_600
    speed: float = 60.0
    density: float = 1.0
    seed: int = 7
    delay_s: float = 0.3
    begin_minute: int = -1
    """Minute after the open at which the clock starts."""


class _History:
    def __init__(self, panel: Any) -> None:
        self.panel = panel

    def minutes(self, ticker: str, day: date) -> None:
        return None

    def index_days(self, code: str) -> None:
        return None


def _build(setup: SimSetup) -> tuple[Any, Any]:
    from ralphstock_desktop.providers.calendar_xkrx import load_calendar
    from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
    from ralphstock_desktop.providers.kiwoom_sim.market import MarketOptions, build_market
    from ralphstock_desktop.providers.simulated.market import build_panel, forget_generated
    from ralphstock_desktop.providers.simulated.spec import SimulationSpec

    spec = SimulationSpec.ending_before(setup.day, load_calendar().trading, day_count=320, symbols=max(setup.symbols, 1_200))
    panel = build_panel(spec)
    forget_generated()
    clock = SimClock(0, time.monotonic_ns, setup.speed, paused=True)
    market = build_market(
        _History(panel), setup.day, setup.seed, clock, MarketOptions(density=setup.density, after_market=False)
    )
    clock.jump(market.hours.open_ns + setup.begin_minute * 60 * SECOND_NS)
    return market, clock


def _truth(market: Any, path: Path) -> None:
    """Minutes of the regular session, each with the value of its own trades, and the day bars."""
    hours, rows = market.hours, range(len(market.panel.tickers))
    columns: dict[str, list[Any]] = {name: [] for name in ("row", "start_ns", "open", "high", "low", "close", "volume")}
    for row in rows:
        bars = market.final_minutes(row)
        keep = bars.start_ns <= hours.close_ns
        columns["row"].append(np.full(int(keep.sum()), row))
        for name in columns:
            if name != "row":
                columns[name].append(getattr(bars, name)[keep])
    worth: dict[tuple[int, int], int] = {}
    # One minute earlier, because a span leaves its first instant out and the opening match may stand on it.
    for minute in range(hours.open_minute - 1, hours.close_minute + 2):
        for trades, chosen in market.trades_between(hours.ns(minute), hours.ns(minute + 1), None):
            values = np.abs(trades.quantity[chosen]) * trades.price[chosen]
            starts = trades.at_ns[chosen] - trades.at_ns[chosen] % (60 * SECOND_NS)
            for row, start, value in zip(trades.row[chosen].tolist(), starts.tolist(), values.tolist(), strict=True):
                worth[(row, start)] = worth.get((row, start), 0) + value
    flat = {name: np.concatenate(parts) for name, parts in columns.items()}
    flat["value"] = np.array(
        [worth.get(key, -1) for key in zip(flat["row"].tolist(), flat["start_ns"].tolist(), strict=True)], dtype=np.int64
    )
    final = {f"day_{name}": values for name, values in market.final_day().items()}
    np.savez(path, tickers=market.panel.tickers, **flat, **final)


async def _serve(pipe: Connection, setup: SimSetup) -> None:
    from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault
    from ralphstock_desktop.providers.kiwoom_sim.faults import SimFaults
    from ralphstock_desktop.providers.kiwoom_sim.limiter import SimLimits
    from ralphstock_desktop.providers.kiwoom_sim.server import SimServer, StreamLimits

    market, clock = _build(setup)
    faults = SimFaults(seed=setup.seed, delay_s=setup.delay_s)
    server = SimServer(
        market,
        faults=faults,
        limits=SimLimits(per_api=0, total=0, token=0),
        stream_limits=StreamLimits(
            items_per_connection=6_000,
            items_per_group=6_000,
            registrations_per_s=10_000,
            delay_s=setup.delay_s,
            ping_interval_s=1.0,
            frames_waiting=4_000,
        ),
        restart_s=0.4,
    )
    await server.start()
    listed = [str(ticker) for row, ticker in enumerate(market.panel.tickers) if market.is_listed(row)][: setup.symbols]
    hours = market.hours
    pipe.send((server.base_url, listed, hours.open_ns, hours.close_ns))
    inbox: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        while True:
            try:
                message = pipe.recv()
            except EOFError:
                message = ("stop",)
            loop.call_soon_threadsafe(inbox.put_nowait, message)
            if message[0] == "stop":
                return

    storm = loop.create_task(_cut_again_and_again(server, 0.0, 0))
    threading.Thread(target=listen, name="commands", daemon=True).start()
    while True:
        command, *arguments = await inbox.get()
        if command == "stop":
            break
        if command == "go":
            clock.set_paused(False)
            pipe.send((clock.now_ns(), time.monotonic_ns()))
        elif command == "pause":
            clock.set_paused(True)
            pipe.send(clock.now_ns())
        elif command == "storm":
            storm.cancel()
            storm = loop.create_task(_cut_again_and_again(server, arguments[0], setup.seed))
        elif command == "fault":
            faults.set(Fault(arguments[0]), arguments[1])
        elif command == "stats":
            struck = {fault.value: count for fault, count in faults.struck.items()}
            pipe.send({"struck": struck, "restarts": server.restarts, "entries": server.stream.entries_sent})
        elif command == "truth":
            await loop.run_in_executor(None, _truth, market, arguments[0])
            pipe.send("done")
    storm.cancel()
    await server.stop()
    pipe.close()


async def _cut_again_and_again(server: Any, seconds: float, seed: int) -> None:
    """Cut every connection soon after it logged in."""
    chance, end = Random(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        if server.stream.connections():
            await asyncio.sleep(chance.uniform(0.0, 0.12))
            server.stream.drop_all()
        await asyncio.sleep(0.005)


def _main(pipe: Connection, setup: SimSetup) -> None:
    asyncio.run(_serve(pipe, setup))


class SimProcess:
    """Starts the simulator and speaks with it. ``market_ns`` is its clock: both processes read the machine's monotonic clock."""

    def __init__(self, setup: SimSetup) -> None:
        context = multiprocessing.get_context("spawn")
        self.setup = setup
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_main, args=(far, setup), daemon=True)
        self._process.start()
        far.close()
        self.base_url: str
        self.base_url, self.tickers, self.open_ns, self.close_ns = self._pipe.recv()
        self._market_ns, self._machine_ns, self._speed = self.open_ns + setup.begin_minute * 60 * SECOND_NS, 0, 0.0

    def market_ns(self) -> int:
        """The market's clock."""
        return self._market_ns + int((time.monotonic_ns() - self._machine_ns) * self._speed)

    def go(self) -> None:
        """Let the day run."""
        self._pipe.send(("go",))
        self._market_ns, self._machine_ns = self._pipe.recv()
        self._speed = self.setup.speed

    def pause(self) -> None:
        """Stand still."""
        self._pipe.send(("pause",))
        self._market_ns, self._speed = self._pipe.recv(), 0.0

    def storm(self, seconds: float) -> None:
        """For some seconds, cut every connection without a word soon after it logged in; 0 ends it."""
        self._pipe.send(("storm", seconds))

    def set_fault(self, name: str, rate: float) -> None:
        """Set how often a fault strikes."""
        self._pipe.send(("fault", name, rate))

    def stats(self) -> dict[str, Any]:
        """Faults that struck, restarts, entries sent."""
        self._pipe.send(("stats",))
        return self._pipe.recv()  # type: ignore[no-any-return]

    def truth(self, path: Path) -> dict[str, Any]:
        """The whole day as it was."""
        self._pipe.send(("truth", path))
        assert self._pipe.recv() == "done"
        with np.load(path) as arrays:
            return dict(arrays)

    def stop(self) -> None:
        """End the process."""
        self._pipe.send(("stop",))
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()
