"""``ralphstock simulate``: serves a day of any repository as the broker would, and the same inside the program."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from engine.model.errors import DataUnavailable
from engine.model.instants import kst_datetime
from engine.model.panel import MarketPanel
from ralphstock_desktop.data.history_readers import index_days, minutes_of_day, shares_outstanding
from ralphstock_desktop.ports import IndexBatch, MinuteBatch, OnProgress
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault, SimHistory
from ralphstock_desktop.providers.kiwoom_sim.control import read_clock
from ralphstock_desktop.providers.kiwoom_sim.faults import SimFaults
from ralphstock_desktop.providers.kiwoom_sim.limiter import STRICT_LIMITS, SimLimits
from ralphstock_desktop.providers.kiwoom_sim.market import build_market
from ralphstock_desktop.providers.kiwoom_sim.server import SimServer, StreamLimits
from ralphstock_desktop.providers.kiwoom_sim.tokens import SimTokens

if TYPE_CHECKING:
    from ralphstock_desktop.app.market_dataset import RealDataset

__all__ = ["DatasetHistory", "SimulatorChoices", "load_history", "make_server", "serve"]


class DatasetHistory:
    """A repository with its panel, minutes and index levels. Implements ``SimHistory``."""

    def __init__(self, dataset: RealDataset, panel: MarketPanel) -> None:
        self.panel = panel
        self._database = dataset.database
        with self._database.read() as connection:
            self.shares_out: Mapping[str, int] = shares_outstanding(connection)
            """Listed shares by ticker where they are known."""
        self._with_minutes = dataset.minute_tickers()

    def minutes(self, ticker: str, day: date) -> MinuteBatch | None:
        """Recorded one-minute bars of a day whose daily bar is stored.

        Minutes of a later day were recorded from a replay that was left before its end: to replay them would end the day there.
        """
        if ticker not in self._with_minutes or not np.isin(np.datetime64(day, "D"), self.panel.days):
            return None
        with self._database.read() as connection:
            return minutes_of_day(connection, ticker, day)

    def index_days(self, code: str) -> IndexBatch | None:
        """Recorded daily levels."""
        with self._database.read() as connection:
            return index_days(connection, code)


def load_history(dataset: RealDataset, on_progress: OnProgress) -> DatasetHistory:
    """Load (or generate and store) a market and return it as the simulator reads it. Blocks.

    Raises
    ------
    DataUnavailable
        If the repository holds no daily bars.
    """
    panel = dataset.quick_panel() or dataset.load_panel(on_progress)
    dataset.settle(on_progress)
    return DatasetHistory(dataset, panel)


@dataclass(frozen=True, slots=True)
class SimulatorChoices:
    """What the command line or the window chose."""

    day: date | None = None
    """None: the last day of the repository."""
    start: str = "09:00"
    speed: float = 60.0
    seed: int = 1
    paused: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    strict_limits: bool = False
    caps: int | None = None
    """Items a WebSocket connection may register; None for the published caps."""
    same_token: bool = False
    single_price: bool = False
    faults: Mapping[Fault, float] = field(default_factory=dict)
    limits: SimLimits | None = None


def _day_of(panel: MarketPanel, wanted: date | None) -> date:
    if not len(panel.days):
        raise DataUnavailable(
            "The repository holds no trading day to replay; import daily prices first.", key="error.simulator.empty"
        )
    first: date = panel.days[0].astype("datetime64[D]").astype(date)
    last: date = panel.days[-1].astype("datetime64[D]").astype(date)
    if wanted is None:
        return last
    if not np.isin(np.datetime64(wanted, "D"), panel.days):
        raise DataUnavailable(
            f"{wanted} is not a trading day of this repository, which goes from {first} to {last}.",
            key="error.simulator.day",
            day=wanted.isoformat(),
            first=first.isoformat(),
            last=last.isoformat(),
        )
    return wanted


def make_server(history: SimHistory, choices: SimulatorChoices) -> SimServer:
    """Build the day's market and a server for it, on the thread that will run it.

    Raises
    ------
    RalphStockError
        If the day is not in the repository, or a choice is out of range.
    """
    day = _day_of(history.panel, choices.day)
    # The day's market takes a moment to build; its clock begins to run after that.
    clock = SimClock(read_clock(day, choices.start), time.monotonic_ns, speed=choices.speed, paused=True)
    market = build_market(history, day, choices.seed, clock)
    caps = choices.caps
    server = SimServer(
        market,
        tokens=SimTokens(time.time_ns, same_token=choices.same_token),
        faults=SimFaults(dict(choices.faults), seed=choices.seed),
        limits=choices.limits or (STRICT_LIMITS if choices.strict_limits else SimLimits()),
        stream_limits=StreamLimits(items_per_connection=caps, items_per_group=caps) if caps is not None else StreamLimits(),
        host=choices.host,
        port=choices.port,
        single_price=choices.single_price,
    )
    clock.set_paused(choices.paused)
    return server


def banner(server: SimServer) -> list[str]:
    """What the command line says once clients may connect."""
    market = server.market
    panel = market.history.panel
    kind = "simulated market" if panel.simulated else "recorded market"
    source = {"minutes": "recorded minutes", "daily": "paths through the day's bars", "generated": "a drawn day"}[market.source]
    return [
        f"Kiwoom simulator: {market.day} ({kind}, {len(panel.tickers):,} symbols, {source})",
        f"  REST       {server.base_url}",
        f"  WebSocket  {server.ws_url}",
        f"  Clock      {kst_datetime(market.clock.now_ns()):%H:%M:%S} KST, speed {market.clock.speed:g}x",
        f"  Control    {server.base_url}/simulator/state, POST {server.base_url}/simulator/control",
        "  In a client put the REST address for https://api.kiwoom.com, the WebSocket one for wss://api.kiwoom.com:10000/…;",
        "  any app key and secret are accepted (a key that begins with 'wrong' or 'mock' is refused). Orders are refused.",
        "  Stop with Ctrl+C.",
    ]


async def serve(history: SimHistory, choices: SimulatorChoices, say: Callable[[str], None]) -> None:
    """Serve until the process is asked to stop."""
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM"):
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows has no signal handlers on its loop
            loop.add_signal_handler(getattr(signal, name), leave.set)
    server = make_server(history, choices)
    await server.start()
    try:
        for line in banner(server):
            say(line)
        await server.run_until(leave)
    finally:
        await server.stop()
