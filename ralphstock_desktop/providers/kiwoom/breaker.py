"""Stop asking a source that is down, and find out by single requests when it is back.

Only outages count (no connection, time-outs, server errors, maintenance pages); a refusal of one request or a rate limit shows
that the source is alive. Runs on the event loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.live_ports import SourceMonitor
from ralphstock_desktop.providers.kiwoom.errors import is_outage
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = ["BreakerState", "CircuitBreaker"]


class BreakerState(StrEnum):
    """Whether requests pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One request is on its way to try."""


class CircuitBreaker:
    """Circuit breaker of one source.

    Parameters
    ----------
    source : str
        Name for the monitor.
    monitor : SourceMonitor
        Told when the breaker opens and closes.
    monotonic : callable
        Seconds of a clock that never goes back.
    outages_to_open : int
        Outages in a row that open it.
    open_s, longest_open_s : float
        How long it stays open at first, and at most; doubled after each try that failed.
    """

    def __init__(
        self,
        source: str,
        monitor: SourceMonitor,
        *,
        monotonic: Callable[[], float],
        outages_to_open: int = 5,
        open_s: float = 5.0,
        longest_open_s: float = 60.0,
    ) -> None:
        self._source = source
        self._monitor = monitor
        self._now_s = monotonic
        self._outages_to_open = outages_to_open
        self._first_open_s = open_s
        self._longest_open_s = longest_open_s
        self._open_s = open_s
        self._outages = 0
        self._until_s = 0.0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        """Whether requests pass."""
        return self._state

    @property
    def closes_in_s(self) -> float:
        """Seconds until the next try; 0 unless open."""
        return max(0.0, self._until_s - self._now_s()) if self._state is BreakerState.OPEN else 0.0

    def enter(self) -> None:
        """Ask to send a request; its outcome must be told by :meth:`record` or :meth:`abandon`.

        Raises
        ------
        ProviderError
            While the source is taken to be down.
        """
        if self._state is BreakerState.CLOSED:
            return
        if self._state is BreakerState.OPEN and self._now_s() >= self._until_s:
            self._state = BreakerState.HALF_OPEN
            return
        wait_s = self.closes_in_s or 1.0
        raise ProviderError(
            f"{PROVIDER} is out of reach; the next try is in {wait_s:.0f} s",
            provider=PROVIDER,
            retryable=True,
            retry_after_ms=int(wait_s * 1000),
            key="error.kiwoom.paused",
            seconds=round(wait_s),
        )

    def record(self, error: RalphStockError | None) -> None:
        """Take the outcome of a request."""
        if error is not None and is_outage(error):
            self._outages += 1
            if self._state is BreakerState.HALF_OPEN or self._outages >= self._outages_to_open:
                self._open()
            return
        self._outages = 0
        self._open_s = self._first_open_s
        if self._state is not BreakerState.CLOSED:
            self._state = BreakerState.CLOSED
            self._monitor.opened(self._source, None)

    def abandon(self) -> None:
        """Take note that a request was cancelled: it tells nothing, but a try must not stay pending for ever."""
        if self._state is BreakerState.HALF_OPEN:
            self._state = BreakerState.OPEN

    def _open(self) -> None:
        if self._state is BreakerState.OPEN:
            # Requests that were already under way when it opened.
            return
        if self._state is BreakerState.HALF_OPEN:
            self._open_s = min(self._open_s * 2, self._longest_open_s)
        self._state = BreakerState.OPEN
        self._until_s = self._now_s() + self._open_s
        self._monitor.opened(self._source, self._open_s)
