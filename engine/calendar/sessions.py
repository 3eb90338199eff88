"""Trading phases of KRX and NXT by date, late openings, and when the day's facts are official (domain.md §§0.2, 1.4).

Everything is exchange wall-clock time (KST). The table below is the default; an operator's additions (a phase that started,
an ad-hoc late opening) come in as a changed :class:`SessionTable`. Whether a day trades at all is the calendar's business
(:mod:`engine.calendar.trading_days`), not this module's.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from engine.calendar.trading_days import TradingCalendar
from engine.model.instants import kst_datetime, kst_ns
from engine.model.instruments import SecurityType

__all__ = [
    "DEFAULT_SESSIONS",
    "EXAM_DAYS",
    "DayKind",
    "Phase",
    "PhaseRule",
    "PhaseSpan",
    "SessionTable",
    "Venue",
]


class Venue(StrEnum):
    """Where an order trades."""

    KRX = "KRX"
    NXT = "NXT"


class Phase(StrEnum):
    """What the market does at an instant."""

    CLOSED = "closed"
    PRE_MARKET = "pre_market"
    """NXT 프리마켓"""
    PRE_OPEN_AUCTION = "pre_open_auction"
    """장전 동시호가"""
    REGULAR = "regular"
    """접속매매; the main market of NXT"""
    CLOSING_AUCTION = "closing_auction"
    """종가 단일가"""
    ORDER_ENTRY = "order_entry"
    """Orders are taken, nothing trades."""
    AFTER_CLOSE = "after_close"
    """장후 시간외종가"""
    AFTER_SINGLE_PRICE = "after_single_price"
    """시간외단일가"""
    AFTER_MARKET = "after_market"
    """애프터마켓, continuous"""


class DayKind(StrEnum):
    """How a trading day's hours differ from the usual ones."""

    NORMAL = "normal"
    LATE_OPEN = "late_open"
    """First trading day of the year: opens an hour later, closes as usual."""
    EXAM = "exam"
    """College entrance exam (수능): opens and closes an hour later."""


Shift = tuple[int, int]
"""Minutes by which start and end move."""


@dataclass(frozen=True, slots=True)
class PhaseRule:
    """One row of the dated table. Times are minutes (seconds for ``start_second``) after midnight KST.

    ``late_open`` and ``exam`` say how the phase moves on such days; None means that it is not held.
    """

    venue: Venue
    phase: Phase
    start_minute: int
    end_minute: int
    since: date = date.min
    until: date = date.max
    start_second: int = 0
    late_open: Shift | None = (0, 0)
    exam: Shift | None = (60, 60)
    stocks_only: bool = False
    """Stocks, depositary receipts and REITs only: no ETF, ETN or ELW."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A phase on one day, as instants in UTC nanoseconds; ``end_ns`` is the first instant after it."""

    venue: Venue
    phase: Phase
    start_ns: int
    end_ns: int
    stocks_only: bool
    note: str


def _hm(hour: int, minute: int = 0) -> int:
    return hour * 60 + minute


_CLOSE_1530 = date(2016, 8, 1)
"""First day with a 15:30 close; before, the regular session ended at 15:00."""
_BEFORE_1530 = _CLOSE_1530 - timedelta(days=3)
_NXT_START = date(2025, 3, 4)
_AFTER_MARKET = date(2026, 9, 14)
"""First day of the KRX after-market, which replaced the 시간외단일가."""
_LAST_SINGLE_PRICE = date(2026, 9, 11)

_PHASES: tuple[PhaseRule, ...] = (
    PhaseRule(
        Venue.KRX,
        Phase.PRE_OPEN_AUCTION,
        _hm(8, 30),
        _hm(9),
        late_open=(60, 60),
        note="장전 시간외종가 08:30-08:40 at the previous close",
    ),
    PhaseRule(Venue.KRX, Phase.REGULAR, _hm(9), _hm(14, 50), until=_BEFORE_1530, late_open=(60, 0)),
    PhaseRule(Venue.KRX, Phase.CLOSING_AUCTION, _hm(14, 50), _hm(15), until=_BEFORE_1530),
    PhaseRule(Venue.KRX, Phase.AFTER_CLOSE, _hm(15, 10), _hm(15, 30), until=_BEFORE_1530),
    PhaseRule(Venue.KRX, Phase.AFTER_SINGLE_PRICE, _hm(15, 30), _hm(18), until=_BEFORE_1530, exam=(60, 0)),
    PhaseRule(Venue.KRX, Phase.REGULAR, _hm(9), _hm(15, 20), since=_CLOSE_1530, late_open=(60, 0)),
    PhaseRule(Venue.KRX, Phase.CLOSING_AUCTION, _hm(15, 20), _hm(15, 30), since=_CLOSE_1530, note="sets the official close"),
    PhaseRule(Venue.KRX, Phase.AFTER_CLOSE, _hm(15, 40), _hm(16), since=_CLOSE_1530),
    PhaseRule(
        Venue.KRX,
        Phase.AFTER_SINGLE_PRICE,
        _hm(16),
        _hm(18),
        since=_CLOSE_1530,
        until=_LAST_SINGLE_PRICE,
        exam=(60, 0),
        note="every 10 minutes, within 10 % of the close and the daily limit",
    ),
    PhaseRule(
        Venue.KRX,
        Phase.AFTER_MARKET,
        _hm(16),
        _hm(20),
        since=_AFTER_MARKET,
        exam=(60, 0),
        stocks_only=True,
        note="base price ±30 %, VI applies",
    ),
    PhaseRule(Venue.NXT, Phase.PRE_MARKET, _hm(8), _hm(8, 50), since=_NXT_START, late_open=None, exam=None, stocks_only=True),
    PhaseRule(
        Venue.NXT, Phase.REGULAR, _hm(9), _hm(15, 20), since=_NXT_START, start_second=30, late_open=(60, 0), stocks_only=True
    ),
    PhaseRule(Venue.NXT, Phase.ORDER_ENTRY, _hm(15, 30), _hm(15, 40), since=_NXT_START, stocks_only=True),
    PhaseRule(Venue.NXT, Phase.AFTER_MARKET, _hm(15, 40), _hm(20), since=_NXT_START, exam=(60, 0), stocks_only=True),
)
"""domain.md §1.4; exam day and first-day hours as KRX and NXT announced them (exam 2025-11-13: NXT without pre-market, main
market 10:00:30-16:20; first day 2026-01-02: NXT without pre-market, main market from 10:00:30). A KRX pre-market was announced
without a start that could be verified, so it is not here: the operator enters it."""

EXAM_DAYS: frozenset[date] = frozenset(
    date.fromisoformat(text)
    for text in (
        "2015-11-12",
        "2016-11-17",
        "2017-11-16",  # closed late as announced, although the exam itself moved to the 23rd after the Pohang earthquake
        "2017-11-23",
        "2018-11-15",
        "2019-11-14",
        "2020-12-03",
        "2021-11-18",
        "2022-11-17",
        "2023-11-16",
        "2024-11-14",
        "2025-11-13",
        "2026-11-19",
    )
)
"""Days of the college entrance exam (수능) in the years the table knows."""


def _is_first_weekday_of_year(day: date) -> bool:
    # 1 January is a holiday and no other falls in the first days, so the year opens on the first weekday after it.
    return day.month == 1 and 2 <= day.day <= 4 and day.weekday() < 5 and (day.day == 2 or day.weekday() == 0)


@dataclass(frozen=True)
class SessionTable:
    """The dated session table and the instants from which a day's facts count as known.

    Attributes
    ----------
    phases : tuple of PhaseRule
        All rules of all dates; those of one venue do not overlap on a day.
    exam_days, late_open_days : frozenset of date
        Special days; ``late_open_days`` None means the first weekday of each year.
    official_bar_minute : int
        Minute of the day (KST) from which the official daily bar is known; moves with the close on an exam day.
    flow_minute_before, flow_minute : int
        Minute from which confirmed investor flows are known, before and from ``flow_change_day``. They follow the end of the
        last session, which an exam day does not move.
    """

    phases: tuple[PhaseRule, ...] = _PHASES
    exam_days: frozenset[date] = EXAM_DAYS
    late_open_days: frozenset[date] | None = None
    official_bar_minute: int = _hm(15, 40)
    flow_minute_before: int = _hm(18, 10)
    flow_minute: int = _hm(20, 10)
    flow_change_day: date = _AFTER_MARKET

    def kind_of(self, day: date) -> DayKind:
        """How the hours of a trading day differ from the usual ones."""
        if day in self.exam_days:
            return DayKind.EXAM
        late = _is_first_weekday_of_year(day) if self.late_open_days is None else day in self.late_open_days
        return DayKind.LATE_OPEN if late else DayKind.NORMAL

    def spans(self, day: date, venue: Venue, security_type: int = SecurityType.COMMON) -> tuple[PhaseSpan, ...]:
        """Return the phases of a trading day in order of time, for a security type. The day is taken to be a trading day."""
        kind = self.kind_of(day)
        is_fund = security_type in (SecurityType.ETF, SecurityType.ETN, SecurityType.ELW)
        found = []
        for rule in self.phases:
            shift: Shift | None = (0, 0)
            if kind is DayKind.LATE_OPEN:
                shift = rule.late_open
            elif kind is DayKind.EXAM:
                shift = rule.exam
            if rule.venue != venue or not rule.since <= day <= rule.until or shift is None or (is_fund and rule.stocks_only):
                continue
            start, end = rule.start_minute + shift[0], rule.end_minute + shift[1]
            found.append(
                PhaseSpan(
                    venue,
                    rule.phase,
                    kst_ns(day, start // 60, start % 60, rule.start_second),
                    kst_ns(day, end // 60, end % 60),
                    rule.stocks_only,
                    rule.note,
                )
            )
        return tuple(sorted(found, key=lambda span: span.start_ns))

    def phase_at(
        self, instant_ns: int, venue: Venue, calendar: TradingCalendar, security_type: int = SecurityType.COMMON
    ) -> Phase:
        """Return what a venue does at an instant (UTC ns); ``CLOSED`` between phases and on closed days.

        Raises
        ------
        DataUnavailable
            If the instant lies outside the calendar's span.
        """
        day = kst_datetime(instant_ns).date()
        if not calendar.is_trading_day(day):
            return Phase.CLOSED
        for span in self.spans(day, venue, security_type):
            if span.start_ns <= instant_ns < span.end_ns:
                return span.phase
        return Phase.CLOSED

    def open_ns(self, day: date) -> int:
        """Instant at which the KRX regular session opens on a trading day."""
        return next(s.start_ns for s in self.spans(day, Venue.KRX) if s.phase is Phase.REGULAR)

    def close_ns(self, day: date) -> int:
        """Instant at which the KRX closing auction ends on a trading day: its price is the official close."""
        return next(s.end_ns for s in self.spans(day, Venue.KRX) if s.phase is Phase.CLOSING_AUCTION)

    def official_bar_ns(self, day: date) -> int:
        """Instant (UTC ns) from which the official bar of a trading day may be used (domain.md §0.2).

        15:40, an hour later on an exam day.
        """
        minute = self.official_bar_minute + (60 if self.kind_of(day) is DayKind.EXAM else 0)
        return kst_ns(day, minute // 60, minute % 60)

    def confirmed_flow_ns(self, day: date) -> int:
        """Instant (UTC ns) from which the confirmed flows of a trading day may be used (domain.md §0.2, App. C).

        18:10 until 2026-09-11, 20:10 from 2026-09-14. An exam day does not move it: the last session ends as usual.
        """
        minute = self.flow_minute if day >= self.flow_change_day else self.flow_minute_before
        return kst_ns(day, minute // 60, minute % 60)

    def official_bars_ns(self, days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
        """:meth:`official_bar_ns` of each day, shape (days,)."""
        midnight = _midnight_ns(days)
        exam = np.isin(np.asarray(days, dtype="datetime64[D]"), np.array(sorted(self.exam_days), dtype="datetime64[D]"))
        return midnight + (self.official_bar_minute + 60 * exam.astype(np.int64)) * 60_000_000_000

    def confirmed_flows_ns(self, days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
        """:meth:`confirmed_flow_ns` of each day, shape (days,)."""
        late = np.asarray(days, dtype="datetime64[D]") >= np.datetime64(self.flow_change_day)
        minutes = np.where(late, self.flow_minute, self.flow_minute_before).astype(np.int64)
        return _midnight_ns(days) + minutes * 60_000_000_000

    def with_phase(self, rule: PhaseRule) -> SessionTable:
        """Return a table with one more phase, such as a pre-market the operator saw start."""
        return dataclasses.replace(self, phases=(*self.phases, rule))


def _midnight_ns(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    ordinals = np.asarray(days, dtype="datetime64[D]").astype(np.int64)
    return ordinals * 86_400_000_000_000 - 9 * 3_600_000_000_000


DEFAULT_SESSIONS = SessionTable()
