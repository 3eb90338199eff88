"""The built-in market simulator as the window controls it: the trading day after the stored market, replayed over loopback."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import date
from typing import Final

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable, RalphStockError
from engine.model.instants import kst_ns
from engine.model.live import MISSING
from engine.model.panel import MarketPanel
from ralphstock_desktop.app.simulate import DatasetHistory
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault, SimHistory
from ralphstock_desktop.providers.kiwoom_sim.history import PanelHistory
from ralphstock_desktop.providers.kiwoom_sim.market import MarketOptions, build_market
from ralphstock_desktop.providers.kiwoom_sim.server import SimServer
from ralphstock_desktop.providers.kiwoom_sim.thread import SimulatorThread
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.live_contracts import SimulationState

__all__ = ["BuiltInSimulation", "history_of", "next_trading_day"]

_log = logging.getLogger(__name__)
_SPEEDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_OPENED_S: Final = 1_800
"""The demo day is half an hour old when it is first looked at: there is something to see on every chart."""
_SEED: Final = 20_240_704
_OPTIONS: Final = MarketOptions(leaders=7)
"""The closing bet and the checklist shall have something to find on the day that is played."""
_RATES: Final = {
    Fault.CUT: 0.03,
    Fault.HALF_FRAME: 0.02,
    Fault.DELAY: 0.3,
    Fault.DUPLICATE: 0.2,
    Fault.REORDER: 0.2,
    Fault.RATE_LIMIT: 0.3,
    Fault.SERVER_ERROR: 0.3,
    Fault.HTML_PAGE: 0.3,
    Fault.EXPIRED_TOKEN: 0.05,
    Fault.DUPLICATE_LOGIN: 0.01,
    Fault.SILENT_SOCKET: 0.02,
    Fault.WRONG_UNITS: 0.02,
    Fault.CLOCK_SKEW: 0.2,
    Fault.EMPTY_PAGE: 0.2,
    Fault.RETURN_CODE_TEXT: 1.0,
    Fault.UNKNOWN_FIELDS: 1.0,
}
"""How often a fault strikes when it is switched on in the window (per request, frame or second, as fits)."""


def next_trading_day(panel: MarketPanel, calendar: TradingCalendar) -> date:
    """Return the first trading day after the panel's last: the day the demo replays."""
    last: date = panel.days[-1].astype("datetime64[D]").item()
    return calendar.next(last)


def history_of(dataset: object, panel: MarketPanel) -> SimHistory:
    """Return what the simulator serves: the stored market where it is stored, else the generated one.

    Either way the replayed day's indices go on from the levels of the day before; from made-up ones the gate would see a crash.
    """
    from ralphstock_desktop.app.market_dataset import SimulatedDataset

    if not isinstance(dataset, SimulatedDataset):
        return PanelHistory(panel)
    market = dataset.generated()
    if market is not None:
        from ralphstock_desktop.providers.simulated.early import early_levels

        shares = {str(ticker): int(count) for ticker, count in zip(market.universe.ticker, market.universe.shares, strict=True)}
        return PanelHistory(panel, levels=early_levels(market), shares_out=shares)
    try:
        return DatasetHistory(dataset, panel)
    except RalphStockError as error:
        _log.warning("the simulator serves the panel alone: %s", error)
        return PanelHistory(panel)


class BuiltInSimulation:
    """See :class:`ralphstock_desktop.services.live_contracts.SimulationControl`.

    Made on the loop's thread, started on a worker.

    Parameters
    ----------
    panel : MarketPanel
        The simulated market.
    day : date
        Trading day to replay.
    on_problem : callable
        Told, on the simulator's thread, of an error that ended it.
    """

    speeds: tuple[float, ...] = _SPEEDS

    def __init__(self, panel: MarketPanel, day: date, on_problem: Callable[[RalphStockError], None]) -> None:
        self.state: Channel[SimulationState] = Channel("simulation")
        self.day = day
        self.clock = SimClock(DEFAULT_SESSIONS.open_ns(day) + _OPENED_S * 1_000_000_000, time.monotonic_ns)
        self._panel = panel
        self._thread: SimulatorThread | None = None
        self._on_problem = on_problem
        self.base_url = ""

    def start(self, history: SimHistory) -> None:
        """Build the day and listen; blocks for about a second.

        Raises
        ------
        RalphStockError
            If the day cannot be built or no port is free.
        """
        thread = SimulatorThread(
            lambda: SimServer(build_market(history, self.day, _SEED, self.clock, _OPTIONS)), self._on_problem
        )
        self.base_url = thread.start()
        self._thread = thread

    def stop(self) -> None:
        """End the server; blocks until its thread has ended."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def refresh(self) -> None:
        """Publish the state if it changed; called once a second on the loop's thread."""
        if self._thread is None:
            return
        server = self._thread.server
        state = SimulationState(
            day=self.day,
            now_ns=self.clock.now_ns(),
            speed=self.clock.speed,
            paused=self.clock.paused,
            source=server.market.source,
            symbols=int(np.count_nonzero(self._panel.valid[:, -1])),
            faults=tuple(fault.value for fault in server.faults.active()),
        )
        if state != self.state.last:
            self.state.publish(state)

    def set_speed(self, speed: float) -> None:
        """Change the pace."""
        self.clock.set_speed(speed)
        self.refresh()

    def set_paused(self, paused: bool) -> None:
        """Stop or go on."""
        self.clock.set_paused(paused)
        self.refresh()

    def jump(self, market_ns: int) -> None:
        """Go to another instant of the day."""
        if not kst_ns(self.day, 7) <= market_ns <= kst_ns(self.day, 20, 30) or market_ns == MISSING:
            raise DataUnavailable("Only the replayed day can be jumped to, 07:00 to 20:30.", key="error.simulator.jump")
        self.clock.jump(market_ns)
        self.refresh()

    @property
    def faults(self) -> tuple[str, ...]:
        """Names of all fault switches."""
        return tuple(fault.value for fault in Fault)

    def set_fault(self, name: str, on: bool) -> None:
        """Switch a fault; a restart happens once."""
        if self._thread is None:
            return
        fault = Fault(name)
        if fault is Fault.RESTART:
            if on:
                self._thread.restart()
        else:
            self._thread.server.faults.set(fault, _RATES[fault] if on else 0.0)
        self.refresh()
