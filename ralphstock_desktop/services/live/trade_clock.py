"""Whether a trade's time can be true, by the market's clock; and what to think of that clock."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["TradeClock"]

_EARLY_NS = 3_000_000_000
_FORGET_NS = 15_000_000_000
_EARLY_TRADES = 20


class TradeClock:
    """Refuses trades ahead of the market's clock, and learns if it is the clock that is behind.

    Parameters
    ----------
    now_ns, machine_ns : callable
        The market's clock and this machine's.
    newest_ns : callable
        Time of the newest trade that was accepted.
    ahead_ns : int
        How far a trade's time may lie ahead.
    """

    def __init__(
        self, now_ns: Callable[[], int], machine_ns: Callable[[], int], newest_ns: Callable[[], int], ahead_ns: int
    ) -> None:
        self._now_ns, self._machine_ns, self._newest_ns, self._ahead_ns = now_ns, machine_ns, newest_ns, ahead_ns
        self.behind_ns = 0
        """By how much the clock is behind the trades."""
        self._count = 0
        self._since_ns = self._last_ns = self._least_ns = self._newest_at_first_ns = 0

    def limit_ns(self) -> int:
        """First instant that is too far ahead now."""
        return self._now_ns() + self.behind_ns + self._ahead_ns

    def note_early(self, at_ns: int) -> None:
        """Count a trade beyond the limit; where all trades are, for some seconds, the clock is behind and is corrected."""
        machine, ahead = self._machine_ns(), at_ns - self._now_ns() - self.behind_ns
        if not self._count or machine - self._last_ns > _FORGET_NS:
            self._since_ns, self._count, self._least_ns = machine, 0, ahead
            self._newest_at_first_ns = self._newest_ns()
        self._last_ns = machine
        self._count += 1
        self._least_ns = min(self._least_ns, ahead)
        if self._count >= _EARLY_TRADES and machine - self._since_ns >= _EARLY_NS:
            if self._newest_ns() == self._newest_at_first_ns:
                self.behind_ns += self._least_ns
            self._count = 0
