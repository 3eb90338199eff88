"""The hours of the replayed day: where its minutes lie, what the market does at an instant, and the notices of type 0s."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from engine.calendar.sessions import DEFAULT_SESSIONS, Phase, PhaseSpan, SessionTable, Venue
from engine.model.instants import kst_ns
from engine.model.instruments import SecurityType

__all__ = ["MINUTE_NS", "DayHours", "Notice", "notices"]

MINUTE_NS = 60_000_000_000
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class DayHours:
    """Hours of one trading day. Minutes are counted from midnight KST; ``None`` where a session is not held."""

    day: date
    midnight_ns: int
    open_minute: int
    auction_minute: int
    close_minute: int
    after_minutes: tuple[int, int] | None
    """Continuous after-market of KRX, end excluded."""
    krx: tuple[PhaseSpan, ...]
    nxt: tuple[PhaseSpan, ...]
    official_ns: int
    """From when the official bar is known."""
    flows_ns: int
    """From when confirmed flows are known."""

    @classmethod
    def of(cls, day: date, sessions: SessionTable = DEFAULT_SESSIONS) -> DayHours:
        """Read the session table."""
        midnight = kst_ns(day, 0)
        krx = sessions.spans(day, Venue.KRX)
        by_phase = {span.phase: span for span in krx}
        auction = by_phase[Phase.CLOSING_AUCTION]
        after = by_phase.get(Phase.AFTER_MARKET)
        return cls(
            day,
            midnight,
            (by_phase[Phase.REGULAR].start_ns - midnight) // MINUTE_NS,
            (auction.start_ns - midnight) // MINUTE_NS,
            (auction.end_ns - midnight) // MINUTE_NS,
            None if after is None else ((after.start_ns - midnight) // MINUTE_NS, (after.end_ns - midnight) // MINUTE_NS),
            krx,
            sessions.spans(day, Venue.NXT),
            sessions.official_bar_ns(day),
            sessions.confirmed_flow_ns(day),
        )

    def ns(self, minute: int, second: int = 0) -> int:
        """Instant of a minute of the day."""
        return self.midnight_ns + minute * MINUTE_NS + second * _SECOND_NS

    def minute_of(self, instant_ns: int) -> int:
        """Minute of the day in which an instant lies; negative before the day, 1440 and more after it."""
        return (instant_ns - self.midnight_ns) // MINUTE_NS

    @property
    def open_ns(self) -> int:
        """The opening auction's match."""
        return self.ns(self.open_minute)

    @property
    def close_ns(self) -> int:
        """The closing auction's match."""
        return self.ns(self.close_minute)

    def phase(self, instant_ns: int, venue: Venue = Venue.KRX, security_type: int = SecurityType.COMMON) -> Phase:
        """What a venue does at an instant of the day."""
        is_fund = security_type in (SecurityType.ETF, SecurityType.ETN, SecurityType.ELW)
        for span in self.krx if venue is Venue.KRX else self.nxt:
            if span.start_ns <= instant_ns < span.end_ns and not (is_fund and span.stocks_only):
                return span.phase
        return Phase.CLOSED

    def span(self, venue: Venue, phase: Phase) -> PhaseSpan | None:
        """The span of a phase; None if it is not held."""
        return next((s for s in (self.krx if venue is Venue.KRX else self.nxt) if s.phase is phase), None)

    def has_book(self, instant_ns: int, venue: Venue = Venue.KRX) -> bool:
        """Whether a venue's order book is told.

        KRX: from the opening auction to shortly after the close, and in its after-market. NXT: in its three markets.
        """
        if venue is not Venue.KRX:
            return self.phase(instant_ns, venue) in (Phase.PRE_MARKET, Phase.REGULAR, Phase.AFTER_MARKET)
        if self.open_ns - 10 * MINUTE_NS <= instant_ns < self.close_ns + 30 * _SECOND_NS:
            return True
        return self.phase(instant_ns, Venue.KRX) is Phase.AFTER_MARKET

    def in_auction(self, instant_ns: int) -> int:
        """1 from ten minutes before the open to the open, 2 in the closing auction, else 0: when expected matches are told."""
        if self.open_ns - 10 * MINUTE_NS <= instant_ns < self.open_ns:
            return 1
        return 2 if self.ns(self.auction_minute) <= instant_ns < self.close_ns else 0


class Notice(NamedTuple):
    """One market-phase notice: when, the vendor's code, and the time left to what it announces."""

    at_ns: int
    code: str
    left_s: int


def _countdown(target_ns: int, code: str, lead_minutes: tuple[int, ...]) -> list[Notice]:
    found = [Notice(target_ns - minutes * MINUTE_NS, code, minutes * 60) for minutes in lead_minutes]
    # The last minute is counted down every ten seconds.
    found += [Notice(target_ns - seconds * _SECOND_NS, code, seconds) for seconds in (50, 40, 30, 20, 10)]
    return found


def notices(hours: DayHours) -> tuple[Notice, ...]:
    """All notices of a day, in order of time."""
    found = _countdown(hours.open_ns, "0", (20, 15, 10, 5, 4, 3, 2, 1))
    found.append(Notice(hours.open_ns, "3", 0))
    found += _countdown(hours.close_ns, "2", (10, 5, 4, 3, 2, 1))
    found.append(Notice(hours.close_ns, "4", 0))
    found.append(Notice(hours.close_ns + 30 * _SECOND_NS, "8", 0))
    starts_ends = (
        (Venue.KRX, Phase.AFTER_CLOSE, "a", "b"),
        (Venue.KRX, Phase.AFTER_SINGLE_PRICE, "c", "d"),
        (Venue.NXT, Phase.PRE_MARKET, "P", "Q"),
        (Venue.NXT, Phase.REGULAR, "R", "S"),
        (Venue.NXT, Phase.AFTER_MARKET, "U", "V"),
    )
    for venue, phase, start, end in starts_ends:
        span = hours.span(venue, phase)
        if span is not None:
            found += [Notice(span.start_ns, start, 0), Notice(span.end_ns, end, 0)]
    entry = hours.span(Venue.NXT, Phase.ORDER_ENTRY)
    if entry is not None:
        found.append(Notice(entry.start_ns, "T", (entry.end_ns - entry.start_ns) // _SECOND_NS))
    derivatives = hours.close_ns + 5 * MINUTE_NS
    found += [
        Notice(hours.open_ns - 15 * MINUTE_NS, "o", 0),
        Notice(derivatives, "s", 600),
        Notice(hours.close_ns + 15 * MINUTE_NS, "e", 0),
    ]
    ends = [span.end_ns for span in hours.krx]
    found.append(Notice(max(ends), "9", 0))
    return tuple(sorted(found))
