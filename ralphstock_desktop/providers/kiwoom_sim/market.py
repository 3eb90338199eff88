"""The market of one replayed day at its clock.

The whole day's minutes are settled when the market is built (about a second for 2,600 symbols); everything asked later is a
function of the market instant, so it does not matter how often, in which order or at which speed it is asked, and a jump needs
no catching up. It runs on one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.contracts import (
    SimBook,
    SimBreadth,
    SimExecution,
    SimFlow,
    SimHistory,
    SimIndex,
    SimMinutes,
    SimProgram,
    SimQuote,
    SimVi,
)
from ralphstock_desktop.providers.kiwoom_sim.daily import symbol_keys
from ralphstock_desktop.providers.kiwoom_sim.executions import TradeMaker, Trades
from ralphstock_desktop.providers.kiwoom_sim.flows import FlowMaker
from ralphstock_desktop.providers.kiwoom_sim.history import PanelHistory
from ralphstock_desktop.providers.kiwoom_sim.indices import IndexBoard
from ralphstock_desktop.providers.kiwoom_sim.interruptions import find_interruptions
from ralphstock_desktop.providers.kiwoom_sim.phases import DayHours
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts
from ralphstock_desktop.providers.kiwoom_sim.settle import (
    MarketOptions,
    SettledDay,
    earlier_minutes,
    settle_day,
)
from ralphstock_desktop.providers.kiwoom_sim.stocks import Stocks
from ralphstock_desktop.providers.kiwoom_sim.tape import MarketBoard, Tape

__all__ = ["MarketBoard", "MarketOptions", "PanelHistory", "SimMarket", "build_market"]

Ints = npt.NDArray[np.int64]

_EARLIER_KEPT = 4_000
"""Days of the past of single symbols that are kept."""


class SimMarket:
    """Implements ``SimMarketPort`` (:mod:`ralphstock_desktop.providers.kiwoom_sim.contracts`); see :func:`build_market`."""

    def __init__(self, history: SimHistory, day: date, seed: int, clock: SimClock, settled: SettledDay) -> None:
        self.history = history
        self.day = day
        self.source: Literal["minutes", "daily", "generated"] = settled.source
        self.seed = seed
        self.facts = facts = settled.facts
        self.hours = hours = DayHours.of(day)
        self.panel = panel = history.panel
        self.keys = keys = symbol_keys(panel.tickers)
        self.cells = settled.cells
        self._clock = clock
        self.tape = Tape(self.cells, TradeMaker(self.cells, settled.ladders, hours, keys, seed), hours, facts.base)
        self._stocks = Stocks(panel, facts, self.tape, settled.ladders, keys, seed)
        self.static = SimFacts(self)
        self._indices = IndexBoard(panel, facts, self.cells, hours, history.index_days, seed)
        self._flows = FlowMaker(panel, panel.day_index(day) if facts.in_panel else None, hours, seed)
        self._earlier: dict[tuple[int, date], SimMinutes] = {}
        self._vis: tuple[SimVi, ...] | None = None
        self._position_ns = clock.now_ns()
        self._final = self.tape.final_day()

    # -- clock and identity -----------------------------------------------------------------------------------------------

    @property
    def clock(self) -> SimClock:
        """The market's clock."""
        return self._clock

    @property
    def sim_clock(self) -> SimClock:
        """The same clock with everything it can do."""
        return self._clock

    def row_of(self, ticker: str) -> int | None:
        """Row of a ticker; None if the panel does not hold it."""
        return self.panel.row_of(ticker)

    def is_listed(self, row: int) -> bool:
        """Whether the symbol is listed on the day."""
        return bool(self.facts.listed[row])

    def listed_shares(self, row: int) -> int:
        """Listed shares; an estimate where the history does not know them."""
        return int(self.facts.shares[row])

    def is_on_nxt(self, row: int) -> bool:
        """Whether the stock trades on NXT too."""
        return bool(self.facts.on_nxt[row])

    # -- trades -----------------------------------------------------------------------------------------------------------

    def advance(self) -> Sequence[SimExecution]:
        """Bring the market to the clock; return the trades of all symbols since the last call, in time order."""
        now = self._clock.now_ns()
        since, self._position_ns = self._position_ns, now
        if now <= since:
            return ()
        found: list[SimExecution] = []
        for trades, chosen in self.tape.between(since, now, None):
            found += trades.executions(chosen)
        return found

    def trades_between(self, since_ns: int, until_ns: int, rows: Ints | None) -> Sequence[tuple[Trades, Ints]]:
        """See :meth:`Tape.between`."""
        return self.tape.between(since_ns, until_ns, rows)

    def last_trade(self, row: int, now_ns: int) -> tuple[Trades, int] | None:
        """See :meth:`Tape.last_trade`."""
        return self.tape.last_trade(row, now_ns)

    def board(self, now_ns: int | None = None) -> MarketBoard:
        """Last state of all symbols at an instant (the clock's by default), in one pass."""
        return self.tape.board(self._clock.now_ns() if now_ns is None else now_ns)

    def executions(self, row: int, limit: int) -> Sequence[SimExecution]:
        """Last trades of a stock, newest first."""
        return self.tape.executions(row, limit, self._clock.now_ns())

    # -- state of a stock -------------------------------------------------------------------------------------------------

    def quote(self, row: int) -> SimQuote:
        """State of one stock at the market's clock."""
        return self._stocks.quote_at(row, self._clock.now_ns())

    def quote_at(self, row: int, now_ns: int) -> SimQuote:
        """State of one stock at an instant of the day."""
        return self._stocks.quote_at(row, now_ns)

    def book(self, row: int) -> SimBook:
        """Ten levels at the market's clock."""
        return self._stocks.book_at(row, self._clock.now_ns())

    def book_at(self, row: int, now_ns: int, *, elsewhere: bool = False) -> SimBook:
        """Ten levels at an instant; empty while nothing is quoted or the stock is halted.

        ``elsewhere`` tells that NXT is open, whose hours are longer.
        """
        return self._stocks.book_at(row, now_ns, elsewhere=elsewhere)

    def volume_at(self, row: int, now_ns: int) -> int:
        """Accumulated KRX volume at an instant."""
        held = self.tape.last_trade(row, now_ns)
        return 0 if held is None else int(held[0].volume[held[1]])

    def best_after(self, row: int, price: int, quantity: int, volume: int) -> tuple[int, int]:
        """Best ask and bid right after a trade; 0 where a side is empty."""
        return self._stocks.best_after(row, price, quantity, volume)

    # -- minutes ----------------------------------------------------------------------------------------------------------

    def minutes(self, row: int, day: date | None = None) -> SimMinutes:
        """Bars of today up to the clock, the last one forming, or of an earlier day: recorded, else a plausible path."""
        if day is None or day == self.day:
            return self.tape.minutes(row, self._clock.now_ns())
        if (row, day) not in self._earlier:
            if len(self._earlier) >= _EARLIER_KEPT:
                self._earlier.clear()
            self._earlier[(row, day)] = earlier_minutes(self.history, row, day, self.seed)
        return self._earlier[(row, day)]

    def final_day(self) -> dict[str, Ints]:
        """The truth of the whole regular session by row; 0 where nothing traded."""
        return {name: values.copy() for name, values in self._final.items()}

    def final_minutes(self, row: int) -> SimMinutes:
        """The truth of the whole day, minute by minute."""
        return self.tape.final_minutes(row)

    # -- market-wide ------------------------------------------------------------------------------------------------------

    def index_codes(self) -> tuple[tuple[str, str], ...]:
        """Code and name of every index there is."""
        return tuple((code, name) for code, (name, _) in self._indices.members.items())

    def index_members(self, code: str) -> Ints:
        """Rows of an index's constituents; empty for an unknown code."""
        entry = self._indices.members.get(code)
        return np.zeros(0, dtype=np.int64) if entry is None else entry[1]

    def index(self, code: str) -> SimIndex | None:
        """Index by exchange code; None if there is none."""
        return self._indices.level(code, self._clock.now_ns())

    def index_at(self, code: str, now_ns: int) -> SimIndex | None:
        """:meth:`index` at an instant."""
        return self._indices.level(code, now_ns)

    def breadth(self, code: str) -> SimBreadth:
        """Issues by direction."""
        return self._indices.breadth(code, self._clock.now_ns())

    def breadth_at(self, code: str, now_ns: int) -> SimBreadth:
        """:meth:`breadth` at an instant."""
        return self._indices.breadth(code, now_ns)

    def index_minutes(self, code: str) -> tuple[Ints, npt.NDArray[np.float64]]:
        """Minute starts and bars (open, high, low, close) up to the clock."""
        return self._indices.minute_bars(code, self._clock.now_ns())

    def all_vis(self) -> tuple[SimVi, ...]:
        """Interruptions of the whole day."""
        if self._vis is None:
            large = np.zeros(len(self.facts.base), dtype=np.bool_)
            large[self.index_members("201")] = True
            self._vis = find_interruptions(self.cells, self.hours, large, self.tape.make, self.keys, self.seed)
        return self._vis

    def vis(self) -> Sequence[SimVi]:
        """Interruptions so far, oldest first; one that is not released yet has release 0."""
        now = self._clock.now_ns()
        return [
            event if event.released_ns <= now else event._replace(released_ns=0)
            for event in self.all_vis()
            if event.triggered_ns <= now
        ]

    def program(self, row: int) -> SimProgram:
        """Programme trading so far."""
        return self.program_at(row, self._clock.now_ns())

    def program_at(self, row: int, now_ns: int) -> SimProgram:
        """:meth:`program` at an instant."""
        held = self.tape.last_trade(row, now_ns)
        volume, value = (0, 0) if held is None else (int(held[0].volume[held[1]]), int(held[0].value_krw[held[1]]))
        return self._flows.program(int(self.keys[row]), volume, value)

    def program_after(self, row: int, volume: int, value_krw: int) -> SimProgram:
        """Programme trading when that much has been traded."""
        return self._flows.program(int(self.keys[row]), volume, value_krw)

    def flow(self, row: int) -> SimFlow:
        """Net buying by investor as known at the clock."""
        value, volume = int(self._final["value_krw"][row]), int(self._final["volume"][row])
        return self._flows.flow(row, int(self.keys[row]), self._clock.now_ns(), value, volume)


# -- building it ----------------------------------------------------------------------------------------------------------


def build_market(history: SimHistory, day: date, seed: int, clock: SimClock, options: MarketOptions | None = None) -> SimMarket:
    """Settle a whole day.

    Parameters
    ----------
    history : SimHistory
        Panel, recorded minutes, recorded index levels.
    day : date
        Trading day to replay; in the panel, or after its end (then bars are drawn).
    seed : int
        Equal seeds give equal days.
    clock : SimClock
        The market's clock.
    options : MarketOptions
        Density of trades, after-market.

    Raises
    ------
    DataUnavailable
        If the day lies before what the tick rules and limits cover.
    """
    settled = settle_day(history, day, seed, options or MarketOptions())
    return SimMarket(history, day, seed, clock, settled)
