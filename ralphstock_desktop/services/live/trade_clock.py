"""Whether a trade's time can be true, by the market's clock and by the trades before it; and what to think of that clock.

Trades come in the order of their times, late ones aside. A time is refused if it lies ahead of the market's clock, or if it
runs ahead of the newest trade by clearly more than has passed since that one arrived: a delayed trade with a wrong time is
behind the clock, but not behind its neighbours. Where all trades of some seconds would be refused, it is the clock or the
newest trade that was wrong, and they are believed. Where every trade arrives clearly after its time, the clock is ahead, or
the stream is late, which is the same for whoever asks what is known by now.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.model.live import TradeTick

__all__ = ["STEP_NS", "TradeClock"]

_EARLY_NS = 3_000_000_000
_FORGET_NS = 15_000_000_000
_EARLY_TRADES = 20
_LAG_TRADES = 20
_MOST_AHEAD_NS = 1_800_000_000_000
STEP_NS = 15_000_000_000
"""Market time by which trades may run ahead of each other beyond what has passed."""
_SPEED_OVER_NS = 1_000_000_000


class TradeClock:
    """Bounds the times of trades.

    Parameters
    ----------
    now_ns, machine_ns : callable
        The market's clock and this machine's.
    newest : callable
        The newest trade that was accepted, None before the first.
    ahead_ns : int
        How far a trade's time may lie ahead of the market's clock.
    """

    def __init__(
        self,
        now_ns: Callable[[], int],
        machine_ns: Callable[[], int],
        newest: Callable[[], TradeTick | None],
        ahead_ns: int,
    ) -> None:
        self._now_ns, self._machine_ns, self._newest, self._ahead_ns = now_ns, machine_ns, newest, ahead_ns
        self.behind_ns = 0
        """By how much the clock is behind the trades."""
        self.ahead_ns = 0
        """By how much the clock is ahead of the trades: the least of some, so one that is late teaches nothing."""
        self._lags = 0
        self._least_lag_ns = _MOST_AHEAD_NS
        self._speed = 1.0
        self._measured_from: tuple[int, int] | None = None
        self._believed_ns = 0
        self._count = 0
        self._since_ns = self._last_ns = self._least_ns = self._newest_at_first_ns = 0

    def reset(self) -> None:
        """A new day."""
        self._believed_ns = self._count = self._lags = 0
        self._measured_from = None

    def note_lag(self, at_ns: int) -> None:
        """Take the time of a trade that just arrived."""
        self._lags += 1
        self._least_lag_ns = min(self._least_lag_ns, self._now_ns() - at_ns)
        # One that comes sooner is believed at once, a longer lag only when all agree.
        self.ahead_ns = max(min(self.ahead_ns, self._least_lag_ns), 0)
        if self._lags >= _LAG_TRADES:
            self.ahead_ns = max(self._least_lag_ns, 0)
            self._lags, self._least_lag_ns = 0, _MOST_AHEAD_NS

    def limit_ns(self, tick: TradeTick) -> int:
        """First instant that is too far ahead for a trade that arrived with this one."""
        limit = self._now_ns() + self.behind_ns + self._ahead_ns
        newest = self._newest()
        if newest is None:
            return limit
        passed_ns = max(tick.received_ns - newest.received_ns, 0) * self._market_speed()
        return min(limit, max(newest.at_ns, self._believed_ns) + int(passed_ns) + STEP_NS)

    def _market_speed(self) -> float:
        """Market seconds per second of this machine, measured; 1 at least."""
        now, machine = self._now_ns(), self._machine_ns()
        if self._measured_from is None:
            self._measured_from = (now, machine)
        elif machine - self._measured_from[1] >= _SPEED_OVER_NS:
            self._speed = max((now - self._measured_from[0]) / (machine - self._measured_from[1]), 1.0)
            self._measured_from = (now, machine)
        return self._speed

    def note_early(self, at_ns: int) -> None:
        """Count a trade beyond the limit; where all trades are, for some seconds, they are believed."""
        machine, ahead = self._machine_ns(), at_ns - self._now_ns() - self.behind_ns
        newest = self._newest()
        newest_ns = newest.at_ns if newest is not None else 0
        if not self._count or machine - self._last_ns > _FORGET_NS:
            self._since_ns, self._count, self._least_ns = machine, 0, ahead
            self._newest_at_first_ns = newest_ns
        self._last_ns = machine
        self._count += 1
        self._least_ns = min(self._least_ns, ahead)
        if self._count >= _EARLY_TRADES and machine - self._since_ns >= _EARLY_NS:
            if newest_ns == self._newest_at_first_ns:
                self.behind_ns += max(self._least_ns, 0)
                self._believed_ns = at_ns
            self._count = 0
