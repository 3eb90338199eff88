"""One request on its way through the simulator: what was asked, and the market to answer from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimMarketPort, SimMinutes, SimQuote
from ralphstock_desktop.providers.kiwoom_sim.rest_boards import FlowBoard
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Params, Problem, Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts, VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_levels import Levels

__all__ = ["Board", "BoardBuilder", "Call", "Quote", "Route"]

Ints = npt.NDArray[np.int64]

_DAY_NAMES = frozenset(
    {"strt_dt", "end_dt", "base_dt", "qry_dt", "start_dt", "fr_dt", "to_dt", "ord_dt", "date"},
)
"""Parameters that are a day wherever they occur. ``dt`` is a day in some lists and a count of days in others."""
_KEPT = 64
"""Rankings that are remembered while they are paged."""
_marks = itertools.cycle(range(1_000_000))


def _venue_volume(facts: SimFacts, row: int, volume: int, venue: str) -> int:
    return int(facts.venue_volume(row, np.array(volume), venue))


class Quote:
    """One stock's state in the vendor's texts, as the asked venue sees it."""

    def __init__(self, quote: SimQuote, facts: SimFacts, row: int, venue: str) -> None:
        self.raw = quote
        self.row = row
        self.venue = venue
        self.base = quote.base
        self.price = quote.price
        self.change = quote.price - quote.base if quote.price > 0 else 0
        self.rate_pct = w.ratio_pct(self.change, quote.base)
        self.volume = _venue_volume(facts, row, quote.volume, venue)
        # Values of another venue are the KRX values in the proportion of the volumes.
        self.value_krw = quote.value_krw * self.volume // quote.volume if quote.volume else 0
        last = quote.last
        self.last_quantity = 0 if last is None else last.quantity
        """The last trade's shares, signed by side. Elsewhere than at KRX that is NXT's companion of the last KRX trade."""
        if last is not None and venue != VenueCode.KRX:
            before = quote.volume - abs(last.quantity)
            there = _venue_volume(facts, row, quote.volume, VenueCode.NXT) - _venue_volume(facts, row, before, VenueCode.NXT)
            if there or venue == VenueCode.NXT:
                self.last_quantity = there if last.quantity >= 0 else -there

    def at(self, price: int) -> str:
        """A price with its direction sign."""
        return w.price(price, self.base)

    @property
    def current(self) -> str:
        """Last price with its direction sign."""
        return self.at(self.price)

    @property
    def change_text(self) -> str:
        """Change against the base price."""
        return w.signed(self.change)

    @property
    def rate_text(self) -> str:
        """Change in percent."""
        return w.rate(self.rate_pct)

    @property
    def sign(self) -> str:
        """Direction code."""
        return self.sign_at(self.price)

    def sign_at(self, price: int) -> str:
        """Direction code of another price of the day."""
        raw, change = self.raw, price - self.base if price > 0 else 0
        return w.direction(change, at_upper=price == raw.upper_limit, at_lower=price == raw.lower_limit)


@dataclass(frozen=True, eq=False)
class Board:
    """All stocks at one instant, for rankings. Arrays of shape (symbols,); prices in won, 0 where there is none."""

    at_ns: int
    listed: npt.NDArray[np.bool_]
    price: Ints
    base: Ints
    upper: Ints
    lower: Ints
    open: Ints
    high: Ints
    low: Ints
    volume: Ints
    value: Ints
    ask: Ints
    bid: Ints
    strength: npt.NDArray[np.float64]
    quotes: list[SimQuote | None]

    @cached_property
    def change(self) -> Ints:
        """Change against the base price."""
        return np.where(self.price > 0, self.price - self.base, 0)

    @cached_property
    def rate_pct(self) -> npt.NDArray[np.float64]:
        """Change in percent."""
        return np.where(self.base > 0, 100.0 * self.change / np.maximum(self.base, 1), 0.0)


_BOARD_COLUMNS = ("price", "base", "upper_limit", "lower_limit", "open", "high", "low", "volume", "value_krw", "ask", "bid")


class BoardBuilder:
    """Takes the picture of all stocks in slices, so that the loop stays free; owned by the server."""

    def __init__(self, market: SimMarketPort) -> None:
        self._market = market
        self._next = 0
        self._quotes: list[SimQuote | None] = [None] * len(market.history.panel.tickers)

    def step(self, count: int = 100) -> bool:
        """Take the next stocks; whether all are taken."""
        market = self._market
        end = min(self._next + count, len(self._quotes))
        for row in range(self._next, end):
            if market.is_listed(row):
                self._quotes[row] = market.quote(row)
        self._next = end
        return end == len(self._quotes)

    def board(self) -> Board:
        """The finished picture."""
        quotes = self._quotes
        columns = np.array(
            [
                tuple(getattr(quote, name) for name in _BOARD_COLUMNS) if quote else (0,) * len(_BOARD_COLUMNS)
                for quote in quotes
            ],
            dtype=np.int64,
        ).reshape(len(quotes), len(_BOARD_COLUMNS))
        price, base, upper, lower, opened, high, low, volume, value, ask, bid = columns.T
        return Board(
            self._market.clock.now_ns(),
            np.array([quote is not None for quote in quotes], dtype=np.bool_),
            price,
            base,
            upper,
            lower,
            opened,
            high,
            low,
            volume,
            value,
            ask,
            bid,
            np.array([quote.strength if quote else np.nan for quote in quotes]),
            quotes,
        )


@dataclass(eq=False)
class Call:
    """One request. ``row`` is the asked stock, -1 where the request names none; ``cursor`` where the page starts."""

    api_id: str
    params: Params
    cursor: str
    market: SimMarketPort
    facts: SimFacts
    now_ns: int
    levels: Levels
    kept: dict[str, list[int]]
    """Rankings that are being paged, by their cursor's mark."""
    board: Board | None = None
    flow_board: FlowBoard | None = None
    row: int = -1
    venue: str = VenueCode.KRX
    today: Quote | None = None
    """State of the asked stock when the request came; set where a worker answers, which must not touch the live market."""
    today_minutes: SimMinutes | None = None

    @property
    def item(self) -> str:
        """The asked code as it was asked."""
        return self.params.text("stk_cd")

    @property
    def stocks(self) -> Board:
        """The picture of all stocks."""
        assert self.board is not None, f"{self.api_id} is not marked as needing the board"
        return self.board

    @property
    def flows(self) -> FlowBoard:
        """The flows of all stocks."""
        assert self.flow_board is not None, f"{self.api_id} is not marked as needing the flows"
        return self.flow_board

    def find(self, code: str) -> tuple[int, str]:
        """Row and venue of a code.

        Raises
        ------
        Problem
            1902 for an unknown stock, 1903 for one that does not trade at the venue.
        """
        plain, venue = code, VenueCode.KRX
        for suffix, which in VenueCode.SUFFIX.items():
            if code.endswith(suffix):
                plain, venue = code[: -len(suffix)], which
        row = self.market.row_of(plain)
        if row is None or not self.market.is_listed(row):
            raise Problem("1902", code)
        if venue != VenueCode.KRX and not bool(self.facts.on_nxt[row]):
            raise Problem("1903", code)
        return row, venue

    def quote(self, row: int | None = None, venue: str | None = None) -> Quote:
        """State of a stock; of the asked one where no row is given."""
        if row is None and self.today is not None:
            return self.today
        place = self.row if row is None else row
        return Quote(self.market.quote(place), self.facts, place, venue or self.venue)

    def seen(self, row: int, venue: str = VenueCode.KRX) -> Quote:
        """State of a stock in the picture of all stocks."""
        quote = self.stocks.quotes[row]
        assert quote is not None
        return Quote(quote, self.facts, row, venue)

    def code(self, row: int, venue: str = VenueCode.KRX) -> str:
        """Code of a stock; the two foreign rankings write it with ``_AL`` for the combined venue, the others plain."""
        ticker = str(self.facts.panel.tickers[row])
        return f"{ticker}_AL" if venue == VenueCode.COMBINED else ticker

    def name(self, row: int) -> str:
        """Name of a stock."""
        return w.cut_text(str(self.facts.panel.names[row]))

    @property
    def opened(self) -> bool:
        """Whether the regular session of the replayed day has begun."""
        return self.now_ns >= DEFAULT_SESSIONS.open_ns(self.facts.day)

    @property
    def has_today(self) -> bool:
        """Whether daily lists show a row of the replayed day."""
        return self.opened

    def page(self, size: int, order: Callable[[], list[int]], write: Callable[[int, int], Row]) -> tuple[list[Row], str]:
        """One page of a ranking.

        Parameters
        ----------
        size : int
            Rows of a page.
        order : callable
            Ranks the stocks; asked on the first page only, so that a stock which moves between two pages is neither
            repeated nor lost.
        write : callable
            Writes the line of a rank (from 1) and row.
        """
        mark, _, start = self.cursor.partition("x")
        rows = self.kept.get(mark) if self.cursor else None
        if rows is None:
            rows = order()
        first = int(start) if start.isdigit() else 0
        if first + size >= len(rows):
            cursor = ""
        elif self.cursor:
            cursor = f"{mark}x{first + size}"
        else:
            mark = f"{next(_marks):06d}"
            while len(self.kept) >= _KEPT:
                self.kept.pop(next(iter(self.kept)))
            self.kept[mark] = rows
            cursor = f"{mark}x{size}"
        return [write(n, row) for n, row in enumerate(rows[first : first + size], first + 1)], cursor


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    """How one api-id is served.

    Attributes
    ----------
    path : str
        Address below ``/api/dostk/``.
    answer : callable
        Makes the answer.
    needs : tuple of str
        Required parameters; the first missing one is named.
    blank : tuple of str
        Those of them that may be empty.
    choices : mapping
        Parameter to its allowed values, checked where the parameter is given.
    board : bool
        Needs the picture of all stocks.
    flows : bool
        Needs the flows of all stocks.
    worker : bool
        Answered on a worker: it may read the repository and must not touch the live market.
    """

    path: str
    answer: Handler
    needs: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] | None = None
    board: bool = False
    flows: bool = False
    worker: bool = False
    plain_code: bool = False
    """``stk_cd`` is the six characters, without venue."""
    any_code: bool = False
    """``stk_cd`` names something else than a stock; the answer looks it up itself."""

    def check(self, params: Params) -> None:
        """Complain about missing and malformed parameters."""
        params.need(self.needs, self.blank)
        for name in _DAY_NAMES & params.body.keys():
            params.day(name, date.min)
        for name, allowed in (self.choices or {}).items():
            if params.text(name):
                params.choice(name, allowed)
