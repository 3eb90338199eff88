"""The seams inside the simulator: the market of one replayed day, its clock, its faults, its tokens.

Market and clock belong to one thread (the server's loop); only :class:`SimClock` and :class:`SimFaults` may be set from others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from engine.model.panel import MarketPanel
from ralphstock_desktop.ports import IndexBatch, MinuteBatch

__all__ = [
    "Fault",
    "SimBook",
    "SimBreadth",
    "SimClockPort",
    "SimExecution",
    "SimFaultsPort",
    "SimFlow",
    "SimGrant",
    "SimHistory",
    "SimIndex",
    "SimMarketPort",
    "SimMinutes",
    "SimProgram",
    "SimQuote",
    "SimTokensPort",
    "SimVi",
]

Ints = npt.NDArray[np.int64]


class SimHistory(Protocol):
    """The repository a simulator serves. Methods may block; they are called on the server's workers."""

    @property
    def panel(self) -> MarketPanel:
        """The daily bars."""
        ...

    def minutes(self, ticker: str, day: date) -> MinuteBatch | None:
        """Recorded one-minute bars of a day, ascending; None if there are none."""
        ...

    def index_days(self, code: str) -> IndexBatch | None:
        """Recorded daily levels by our name (KOSPI, KOSDAQ, KOSPI200, USDKRW); None if there are none."""
        ...


class SimClockPort(Protocol):
    """Market time of the replayed day. Thread-safe."""

    def now_ns(self) -> int: ...
    @property
    def speed(self) -> float: ...
    @property
    def paused(self) -> bool: ...
    def set_speed(self, speed: float) -> None: ...
    def set_paused(self, paused: bool) -> None: ...
    def jump(self, market_ns: int) -> None: ...


class SimExecution(NamedTuple):
    """One trade of the replayed day with the running totals after it. Won, shares; ``quantity`` signed by side."""

    row: int
    at_ns: int
    price: int
    quantity: int
    volume: int
    value_krw: int
    open: int
    high: int
    low: int
    buy_shares: int
    sell_shares: int
    buy_trades: int
    sell_trades: int


class SimQuote(NamedTuple):
    """State of one stock at the market's clock. 0 volume and price = base before the first trade."""

    ticker: str
    price: int
    base: int
    upper_limit: int
    lower_limit: int
    open: int
    high: int
    low: int
    volume: int
    value_krw: int
    ask: int
    bid: int
    strength: float
    last: SimExecution | None
    at_ns: int
    """Time of the last trade; 0 before the first."""
    expected_price: int
    """Expected match in an auction, else 0."""
    expected_quantity: int
    halted: bool
    matched_price: int = 0
    """Match of the last auction that is over; 0 before the first, or where nothing matched."""
    matched_quantity: int = 0

    @property
    def told_price(self) -> int:
        """Expected match as single lists show it: live in an auction, after it the last one's match."""
        return self.expected_price or self.matched_price

    @property
    def told_quantity(self) -> int:
        """Shares of :attr:`told_price`."""
        return self.expected_quantity if self.expected_price else self.matched_quantity


class SimBook(NamedTuple):
    """Ten levels a side, best first; price 0 for an empty level."""

    at_ns: int
    ask_price: tuple[int, ...]
    ask_size: tuple[int, ...]
    bid_price: tuple[int, ...]
    bid_size: tuple[int, ...]
    expected_price: int
    expected_quantity: int


class SimIndex(NamedTuple):
    """An index at the market's clock: points, thousand shares, million won."""

    code: str
    name: str
    level: float
    previous: float
    open: float
    high: float
    low: float
    volume_thousand: int
    value_million: int
    at_ns: int


class SimBreadth(NamedTuple):
    """Issues by direction."""

    upper_limit: int
    up: int
    unchanged: int
    down: int
    lower_limit: int
    traded: int
    listed: int


class SimVi(NamedTuple):
    """A volatility interruption of the day."""

    row: int
    static: bool
    up: bool
    price: int
    base: int
    triggered_ns: int
    released_ns: int
    count_today: int


class SimProgram(NamedTuple):
    """Programme trading of a stock, accumulated: shares and won."""

    buy_shares: int
    sell_shares: int
    buy_krw: int
    sell_krw: int


class SimFlow(NamedTuple):
    """Net buying of a stock on the replayed day by investor, in won and shares; provisional until the final hour."""

    individual: tuple[int, int]
    foreign: tuple[int, int]
    institution: tuple[int, int]
    pension: tuple[int, int]
    other_corp: tuple[int, int]
    final: bool


class SimMinutes(NamedTuple):
    """One-minute bars of the replayed day up to the clock, ascending; minutes without trades are left out."""

    start_ns: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    value_krw: Ints
    volume_after: Ints
    """Accumulated volume at the end of each minute."""


class SimMarketPort(Protocol):
    """The market of the replayed day at its clock. Rows are the panel's symbols."""

    day: date
    history: SimHistory
    source: Literal["minutes", "daily", "generated"]

    @property
    def clock(self) -> SimClockPort: ...
    def advance(self) -> Sequence[SimExecution]:
        """Bring the market to the clock; return the trades of all symbols since the last call, in time order.

        After a jump back the state is that of the instant jumped to and nothing is returned.
        """
        ...

    def row_of(self, ticker: str) -> int | None: ...
    def is_listed(self, row: int) -> bool:
        """Whether the symbol is listed (not delisted) on the day."""
        ...

    def listed_shares(self, row: int) -> int:
        """Listed shares of a symbol."""
        ...

    def is_on_nxt(self, row: int) -> bool:
        """Whether the symbol trades on NXT too."""
        ...

    def best_after(self, row: int, price: int, quantity: int, volume: int) -> tuple[int, int]:
        """Best ask and bid right after a trade; 0 where a side is empty."""
        ...

    def quote(self, row: int) -> SimQuote: ...
    def book(self, row: int) -> SimBook: ...
    def book_at(self, row: int, now_ns: int, *, elsewhere: bool = False) -> SimBook:
        """The book at a time of the day; ``elsewhere`` tells that NXT is open, whose hours are longer."""
        ...

    def executions(self, row: int, limit: int) -> Sequence[SimExecution]:
        """Last trades of a stock, newest first."""
        ...

    def minutes(self, row: int, day: date | None = None) -> SimMinutes:
        """Bars of today up to the clock (the last one forming), or of an earlier day: recorded, else a plausible path.

        The same day gives the same bars at every call.
        """
        ...

    def index(self, code: str) -> SimIndex | None:
        """Index by exchange code (001, 101, 201 and the sectors); None if there is none."""
        ...

    def breadth(self, code: str) -> SimBreadth: ...
    def index_minutes(self, code: str) -> tuple[Ints, npt.NDArray[np.float64]]:
        """Minute starts and levels (minutes, 4: open, high, low, close) of today up to the clock."""
        ...

    def index_codes(self) -> Sequence[tuple[str, str]]:
        """Exchange code and name of every index and sector there is."""
        ...

    def index_members(self, code: str) -> Ints:
        """Rows of an index's constituents; empty for an unknown code."""
        ...

    def vis(self) -> Sequence[SimVi]:
        """Interruptions so far, oldest first."""
        ...

    def program(self, row: int) -> SimProgram: ...
    def flow(self, row: int) -> SimFlow: ...
    def final_day(self) -> dict[str, Ints]:
        """The truth of the whole day: ``open high low close volume value_krw`` by row (0 where nothing traded)."""
        ...

    def final_minutes(self, row: int) -> SimMinutes:
        """The truth of the whole day, minute by minute, whatever the clock says; for tests."""
        ...


class Fault(StrEnum):
    """Fault switches."""

    CUT = "cut"
    HALF_FRAME = "half_frame"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    HTML_PAGE = "html_page"
    EXPIRED_TOKEN = "expired_token"
    DUPLICATE_LOGIN = "duplicate_login"
    SILENT_SOCKET = "silent_socket"
    WRONG_UNITS = "wrong_units"
    CLOCK_SKEW = "clock_skew"
    EMPTY_PAGE = "empty_page"
    RETURN_CODE_TEXT = "return_code_text"
    """``return_code`` as a text, as some of the vendor's paths write it."""
    UNKNOWN_FIELDS = "unknown_fields"
    """Further fields nobody has heard of."""
    RESTART = "restart"
    """The server goes away and comes back in the middle of the day: all connections, tokens and registrations are lost."""


class SimFaultsPort(Protocol):
    """Which faults are on, and how often they strike. Thread-safe."""

    def set(self, fault: Fault, rate: float) -> None:
        """Probability per chance (request, frame, or second, as fits the fault); 0 switches off, 1 strikes always."""
        ...

    def strikes(self, fault: Fault) -> bool:
        """Draw once."""
        ...

    def active(self) -> tuple[Fault, ...]: ...


@dataclass(frozen=True, slots=True)
class SimGrant:
    """A token that is valid."""

    app_key: str
    token: str
    expires_ns: int
    """On the machine's clock, as the vendor counts real hours."""


class SimTokensPort(Protocol):
    """Tokens the server has given out."""

    def grant(self, token: str) -> SimGrant | None:
        """Return what a token stands for; None if it is unknown, expired or revoked."""
        ...
