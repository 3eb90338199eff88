"""What the status line needs: phase of the market, age of the newest value, message rate, and the order of interest."""

from __future__ import annotations

import numpy as np

from engine.calendar.sessions import Phase, SessionTable, Venue
from engine.calendar.trading_days import TradingCalendar
from engine.model.instants import day_of
from engine.model.live import MISSING, QuoteSource
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan
from ralphstock_desktop.services.live_contracts import QuoteBoard

__all__ = ["MessageRate", "interest_order", "newest_age_s", "phase_of", "polled_count"]

_VENUES = (Venue.KRX, Venue.NXT)
_LEAST_S = 0.5


def phase_of(now_ns: int, calendar: TradingCalendar | None, sessions: SessionTable) -> tuple[Phase, float | None]:
    """Return what the market does and for how many seconds more; KRX first, NXT where KRX rests.

    While closed, the seconds until the next phase of the day; None if there is none, or no calendar yet.
    """
    day = day_of(now_ns)
    if calendar is None or not calendar.is_trading_day(day):
        return Phase.CLOSED, None
    spans = [span for venue in _VENUES for span in sessions.spans(day, venue)]
    for span in spans:
        if span.start_ns <= now_ns < span.end_ns:
            return span.phase, (span.end_ns - now_ns) / 1e9
    later = [span.start_ns for span in spans if span.start_ns > now_ns]
    return Phase.CLOSED, (min(later) - now_ns) / 1e9 if later else None


def newest_age_s(board: QuoteBoard | None, now_ns: int, shown: QuoteSource = QuoteSource.POLLED) -> float | None:
    """Seconds since the newest value of the source that is shown; None before the first.

    While values are pushed, polled ones of other symbols make no silent stream young.
    """
    if board is None:
        return None
    dated = board.at_ns != MISSING
    pushed = board.at_ns[(board.source == QuoteSource.STREAM) & dated]
    known = board.at_ns[(board.source >= QuoteSource.POLLED) & dated]
    if shown is QuoteSource.STREAM and len(pushed):
        known = pushed
    return max((now_ns - int(known.max())) / 1e9, 0.0) if len(known) else None


def polled_count(board: QuoteBoard | None) -> int:
    """How many symbols show a polled value."""
    return int(np.count_nonzero(board.source == QuoteSource.POLLED)) if board is not None else 0


class MessageRate:
    """Messages a second, taken over at least half a second."""

    def __init__(self, moment_s: float) -> None:
        self._before_s, self._count = moment_s, 0
        self._per_s = 0.0

    def take(self, moment_s: float, count: int) -> float:
        """Return the rate, given the count of all messages so far."""
        passed = moment_s - self._before_s
        if passed >= _LEAST_S:
            self._per_s = (count - self._count) / passed
            self._before_s, self._count = moment_s, count
        return self._per_s


def interest_order(scan: VcpScan, panel: MarketPanel) -> tuple[str, ...]:
    """Symbols in the order in which a trader would miss them: detected patterns, then by score and by traded value."""
    score = np.nan_to_num(scan.total_score, nan=-1.0)
    value = np.nan_to_num(scan.mean_value_krw, nan=0.0)
    order = np.lexsort((-value, -np.round(score / 10.0), scan.ineligible != 0, ~scan.pattern))
    return tuple(str(ticker) for ticker in panel.tickers[order])
