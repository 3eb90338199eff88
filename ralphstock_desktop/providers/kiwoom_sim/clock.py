"""Market time of the replayed day: it runs at a speed, stands still, or jumps. The machine's clock is passed in."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from engine.model.errors import ValidationFailed

__all__ = ["MAX_SPEED", "SimClock"]

MAX_SPEED = 600.0
"""Market seconds per machine second that a replay may reach."""


class SimClock:
    """A clock that several threads may read and set.

    Parameters
    ----------
    start_ns : int
        Market instant (UTC ns) at which it starts.
    machine_ns : callable
        Monotonic clock of the machine in nanoseconds.
    speed : float
        Market seconds per machine second, above 0 up to 600.
    paused : bool
        Whether it stands still at first.

    Raises
    ------
    ValidationFailed
        If a speed lies outside 0 < speed <= 600.
    """

    def __init__(self, start_ns: int, machine_ns: Callable[[], int], speed: float = 1.0, paused: bool = False) -> None:
        self._lock = threading.Lock()
        self._machine_ns = machine_ns
        self._market_base = int(start_ns)
        self._machine_base = machine_ns()
        self._speed = _checked(speed)
        self._paused = paused
        self._jumps = 0

    def _now(self, machine: int) -> int:
        if self._paused:
            return self._market_base
        return self._market_base + int((machine - self._machine_base) * self._speed)

    def now_ns(self) -> int:
        """Return the market instant in UTC nanoseconds."""
        with self._lock:
            return self._now(self._machine_ns())

    @property
    def speed(self) -> float:
        """Market seconds per machine second, also while paused."""
        with self._lock:
            return self._speed

    @property
    def paused(self) -> bool:
        """Whether the clock stands still."""
        with self._lock:
            return self._paused

    @property
    def jumps(self) -> int:
        """How often the clock was set; a reader that keeps a position compares it."""
        with self._lock:
            return self._jumps

    def _rebase(self) -> None:
        machine = self._machine_ns()
        self._market_base = self._now(machine)
        self._machine_base = machine

    def set_speed(self, speed: float) -> None:
        """Go on at another speed from the present instant."""
        value = _checked(speed)
        with self._lock:
            self._rebase()
            self._speed = value

    def set_paused(self, paused: bool) -> None:
        """Stand still, or go on."""
        with self._lock:
            self._rebase()
            self._paused = paused

    def jump(self, market_ns: int) -> None:
        """Set the market instant, forward or back."""
        with self._lock:
            self._market_base = int(market_ns)
            self._machine_base = self._machine_ns()
            self._jumps += 1


def _checked(speed: float) -> float:
    value = float(speed)
    if not (math.isfinite(value) and 0.0 < value <= MAX_SPEED):
        raise ValidationFailed(
            f"The replay's speed must lie above 0 and not above {MAX_SPEED:g}; {speed} was given.",
            key="error.sim.speed",
            value=value,
            limit=MAX_SPEED,
        )
    return value
