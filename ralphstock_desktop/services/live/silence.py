"""A stream that stands but brings no trades: when to stop trusting it.

A connection can be alive, answer its heartbeat and still push nothing, for instance because the server lost the registrations.
While the market trades and many symbols are registered, a minute without a single trade means just that.
"""

from __future__ import annotations

__all__ = ["PushWatch"]

_SILENT_NS = 60_000_000_000
_LOGIN_AFTER_NS = 120_000_000_000


class PushWatch:
    """Judges the silence of the stream; looked at about once a second. Times are this machine's unless they say market."""

    def __init__(self) -> None:
        self.is_silent = False
        """Nothing was pushed for a minute although trades were to be expected all the time."""
        self._expected_from_ns: int | None = None
        self._market_ns = 0
        self._logged_in_ns = 0

    def look(self, machine_ns: int, market_ns: int, last_trade_ns: int, *, is_expected: bool) -> bool:
        """Judge anew; return whether to log in again.

        Parameters
        ----------
        machine_ns, market_ns : int
            Both clocks now. While the market's stands still (a paused simulation) nothing is expected.
        last_trade_ns : int
            When the last trade was received.
        is_expected : bool
            The market trades continuously, the stream is live and symbols are registered.
        """
        moves, self._market_ns = market_ns != self._market_ns, market_ns
        if not is_expected or not moves:
            self._expected_from_ns, self.is_silent = None, False
            return False
        if self._expected_from_ns is None:
            self._expected_from_ns = self._logged_in_ns = machine_ns
        quiet_ns = machine_ns - max(self._expected_from_ns, last_trade_ns)
        self.is_silent = quiet_ns >= _SILENT_NS
        if quiet_ns < _LOGIN_AFTER_NS or machine_ns - self._logged_in_ns < _LOGIN_AFTER_NS:
            return False
        self._logged_in_ns = machine_ns
        return True
