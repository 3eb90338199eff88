"""A simulator inside the program: its own thread and loop, reached over loopback like any other server."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.providers.kiwoom_sim.control import ControlPages
from ralphstock_desktop.providers.kiwoom_sim.faults import SimFaults
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.server import SimServer

__all__ = ["SimulatorThread"]

_START_S = 60.0
_STOP_S = 10.0
_ASK_S = 2.0


class SimulatorThread:
    """Runs one :class:`SimServer`. Methods may be called from any thread but its own.

    Parameters
    ----------
    make_server : callable
        Builds market and server; called on the simulator's thread, because the market belongs to it.
    on_problem : callable
        Told of an error that ends the simulator after it had started; called on the simulator's thread.
    """

    def __init__(self, make_server: Callable[[], SimServer], on_problem: Callable[[RalphStockError], None]) -> None:
        self._make_server = make_server
        self._on_problem = on_problem
        self._listening: concurrent.futures.Future[SimServer] = concurrent.futures.Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="kiwoom-simulator", daemon=True)

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> str:
        """Build the market and listen; return the base URL once clients may connect.

        Raises
        ------
        RalphStockError
            Whatever kept the simulator from starting.
        """
        self._thread.start()
        try:
            return self._listening.result(_START_S).base_url
        except TimeoutError as error:
            raise ProviderError(
                f"The simulator did not start within {_START_S:g} s.",
                provider="simulator",
                retryable=True,
                key="error.simulator.slow_start",
            ) from error

    def stop(self) -> None:
        """Cut all clients and end the thread; harmless when it has ended already."""
        loop, leave = self._loop, self._leave
        if loop is not None and leave is not None and not loop.is_closed():
            loop.call_soon_threadsafe(leave.set)
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except RalphStockError as error:
            if self._listening.done():
                self._on_problem(error)
            else:
                self._listening.set_exception(error)
        except BaseException as error:
            if not self._listening.done():
                self._listening.set_exception(error)
            raise

    async def _serve(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        server = self._make_server()
        await server.start()
        self._listening.set_result(server)
        try:
            await server.run_until(self._leave)
        finally:
            await server.stop()

    # -- switches ----------------------------------------------------------------------------------------------------

    @property
    def server(self) -> SimServer:
        """The running server; only :attr:`clock` and :attr:`faults` may be touched from other threads."""
        return self._listening.result(0)

    @property
    def base_url(self) -> str:
        """Address of the REST side."""
        return self.server.base_url

    @property
    def clock(self) -> Any:
        """The market's clock (:class:`~ralphstock_desktop.providers.kiwoom_sim.contracts.SimClockPort`)."""
        market: SimMarket = self.server.market
        return market.clock

    @property
    def faults(self) -> SimFaults:
        """The fault switches."""
        return self.server.faults

    def summary(self) -> dict[str, Any]:
        """State of the simulator as plain values (see ``/simulator/state``).

        Raises
        ------
        ProviderError
            If the simulator does not answer.
        """

        async def ask() -> dict[str, Any]:
            return ControlPages(self.server).state()

        return self._ask(ask)

    def restart(self) -> None:
        """Let the server go away and come back."""

        async def ask() -> dict[str, Any]:
            self.server.restart()
            return {}

        self._ask(ask)

    def _ask(self, ask: Callable[[], Any]) -> dict[str, Any]:
        loop = self._loop
        problem = "The simulator is not running."
        if loop is not None and self._thread.is_alive():
            waiting: concurrent.futures.Future[dict[str, Any]] = asyncio.run_coroutine_threadsafe(ask(), loop)
            try:
                return waiting.result(_ASK_S)
            except TimeoutError:
                problem = f"The simulator did not answer within {_ASK_S:g} s."
        raise ProviderError(problem, provider="simulator", retryable=True, key="error.simulator.silent")
