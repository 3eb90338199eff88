"""Facts of a running market: trades, order books, index levels, phases and volatility interruptions.

Every fact carries its exchange time ``at_ns`` (UTC nanoseconds; the feed's resolution is one second). Prices are won without
sign, quantities and volumes shares. A missing integer is ``MISSING``, a missing float NaN; zero is a value. Trades and books
are tuples, because thousands a second are made.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

import numpy as np

__all__ = [
    "MISSING",
    "BestQuotes",
    "BookTick",
    "BreadthTick",
    "ConditionHit",
    "ConnectionState",
    "ExpectedMatch",
    "FeedVenue",
    "IndexTick",
    "PhaseNotice",
    "ProgramTick",
    "QuoteSnapshot",
    "QuoteSource",
    "TradeTick",
    "ViEvent",
    "ViKind",
]

MISSING = int(np.iinfo(np.int64).min)
"""A missing integer."""


class FeedVenue(IntEnum):
    """Where a trade or a book belongs. Volumes of different venues are never added or compared."""

    KRX = 0
    NXT = 1
    COMBINED = 2


class QuoteSource(IntEnum):
    """Where the value on screen comes from, worst first."""

    NONE = 0
    STORED = 1
    """Last value of the repository."""
    POLLED = 2
    """Asked for by request, seconds apart."""
    STREAM = 3
    """Pushed with each trade."""


class TradeTick(NamedTuple):
    """One trade with the day's running totals after it."""

    ticker: str
    venue: int
    at_ns: int
    price_krw: int
    quantity_shares: int
    """Signed: above 0 buyer-initiated, below 0 seller-initiated; 0 for a quote-driven price without trade (0A)."""
    volume_shares: int
    """Accumulated volume of the day at this venue, this trade included."""
    value_krw: int
    """Accumulated traded value; the feed rounds it to a million won."""
    change_krw: int
    """Against the base price, signed; base price = price - change."""
    open_krw: int
    high_krw: int
    low_krw: int
    ask_krw: int
    bid_krw: int
    strength_pct: float
    """체결강도: buyer-initiated / seller-initiated volume x 100."""
    buy_shares: int
    sell_shares: int
    received_ns: int
    """When the frame arrived, on this machine's clock."""


class BookTick(NamedTuple):
    """Order book with ten levels a side, best first; an empty level has price 0 and size 0."""

    ticker: str
    venue: int
    at_ns: int
    ask_krw: tuple[int, ...]
    ask_shares: tuple[int, ...]
    bid_krw: tuple[int, ...]
    bid_shares: tuple[int, ...]
    total_ask_shares: int
    total_bid_shares: int
    expected_krw: int
    """Expected match price in an auction; MISSING outside."""
    expected_shares: int
    received_ns: int


class BestQuotes(NamedTuple):
    """Best ask and bid only (0C)."""

    ticker: str
    venue: int
    ask_krw: int
    bid_krw: int
    received_ns: int


class ExpectedMatch(NamedTuple):
    """Expected match of an auction (0H)."""

    ticker: str
    venue: int
    at_ns: int
    price_krw: int
    shares: int
    received_ns: int


class IndexTick(NamedTuple):
    """Level of an index, in points. ``code`` as the exchange's sector code: 001 KOSPI, 101 KOSDAQ, 201 KOSPI200."""

    code: str
    at_ns: int
    level: float
    change: float
    change_pct: float
    open: float
    high: float
    low: float
    volume_shares: int
    value_krw: int
    received_ns: int


class BreadthTick(NamedTuple):
    """Issues of an index by direction (0U)."""

    code: str
    at_ns: int
    upper_limit: int
    up: int
    unchanged: int
    down: int
    lower_limit: int
    received_ns: int


class PhaseNotice(NamedTuple):
    """Market phase as announced (0s): vendor code, time and time left in seconds (MISSING where not told)."""

    code: str
    at_ns: int
    left_s: int
    received_ns: int


class ViKind(IntEnum):
    """Kind of a volatility interruption."""

    UNKNOWN = 0
    STATIC = 1
    DYNAMIC = 2
    BOTH = 3
    EXTENDED = 4


class ViEvent(NamedTuple):
    """A volatility interruption, once when triggered and again when released."""

    ticker: str
    kind: int
    up: bool
    price_krw: int
    base_krw: int
    """Base price that was left by too much; MISSING if not told."""
    triggered_ns: int
    released_ns: int
    """MISSING until released."""
    count_today: int
    received_ns: int


class ProgramTick(NamedTuple):
    """Programme trading of one stock, accumulated over the day."""

    ticker: str
    venue: int
    at_ns: int
    buy_shares: int
    sell_shares: int
    net_shares: int
    buy_krw: int
    sell_krw: int
    net_krw: int
    received_ns: int


class ConditionHit(NamedTuple):
    """A stock entered or left a condition search that runs in real time."""

    sequence: str
    ticker: str
    entered: bool
    at_ns: int


class QuoteSnapshot(NamedTuple):
    """State of one stock as answered to a request."""

    ticker: str
    venue: int
    at_ns: int
    """Time of the last trade; MISSING where the answer does not tell."""
    price_krw: int
    base_krw: int
    open_krw: int
    high_krw: int
    low_krw: int
    volume_shares: int
    value_krw: int
    strength_pct: float
    ask_krw: int
    bid_krw: int
    upper_limit_krw: int
    lower_limit_krw: int
    expected_krw: int
    received_ns: int


class ConnectionState(StrEnum):
    """Life of a stream connection."""

    IDLE = "idle"
    CONNECTING = "connecting"
    LOGGING_IN = "logging_in"
    LIVE = "live"
    WAITING = "waiting"
    """Lost; the next try is planned."""
    DISPLACED = "displaced"
    """Another program logged in with the same key; no automatic return."""
    REFUSED = "refused"
    """The source does not accept our key or token; the user must act."""
    STOPPED = "stopped"
