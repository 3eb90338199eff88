"""One stock at an instant: its quote, its order book, what an auction would match."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.model.instruments import SecurityType
from engine.model.panel import MarketPanel
from ralphstock_desktop.providers.kiwoom_sim.book import BookMaker, BookPlace
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimBook, SimQuote
from ralphstock_desktop.providers.kiwoom_sim.daily import DayFacts
from ralphstock_desktop.providers.kiwoom_sim.executions import Trades, strength_pct
from ralphstock_desktop.providers.kiwoom_sim.noise import mix_int
from ralphstock_desktop.providers.kiwoom_sim.phases import MINUTE_NS
from ralphstock_desktop.providers.kiwoom_sim.tape import Tape
from ralphstock_desktop.providers.kiwoom_sim.ticks import Ladder, Ladders

__all__ = ["Stocks"]

Ints = npt.NDArray[np.int64]

_FUNDS = (int(SecurityType.ETF), int(SecurityType.ETN), int(SecurityType.ELW))
_EMPTY_SIDE = (0,) * 10
_UNIT = 1.0 / (1 << 64)


class _Ground(NamedTuple):
    """What a stock's book always hangs on."""

    key: int
    ladder: Ladder
    base: int
    upper: int
    lower: int
    usual_size: float


class Stocks:
    """Quotes and books of all stocks.

    Parameters
    ----------
    panel : MarketPanel
        Tickers and kinds.
    facts : DayFacts
        Bases, limits, halts.
    tape : Tape
        The day's trades.
    ladders : Ladders
        Tick ladders by row.
    keys : int64 array, shape (symbols,)
        Identity of the symbols for the noise.
    seed : int
        Seed of the replay.
    """

    def __init__(self, panel: MarketPanel, facts: DayFacts, tape: Tape, ladders: Ladders, keys: Ints, seed: int) -> None:
        self._panel = panel
        self.facts = facts
        self._tape = tape
        self.hours = tape.hours
        self.cells = tape.cells
        self._ladders = ladders
        self._keys = keys
        self._seed = seed
        self._books = BookMaker(seed)
        self._grounds: dict[int, _Ground] = {}
        self._usual = np.maximum(tape.final_day()["volume"], facts.previous_volume) / 1_500.0

    def _ground(self, row: int) -> _Ground:
        found = self._grounds.get(row)
        if found is None:
            facts = self.facts
            found = self._grounds[row] = _Ground(
                int(self._keys[row]),
                self._ladders.of(row),
                int(facts.base[row]),
                int(facts.upper[row]),
                max(int(facts.lower[row]), 1),
                max(float(self._usual[row]), 12.0),
            )
        return found

    def best_after(self, row: int, price: int, quantity: int, volume: int) -> tuple[int, int]:
        """Best ask and bid right after a trade of that price, signed size and day's volume; 0 where a side is empty."""
        ground = self._ground(row)
        return self._books.best(
            BookPlace(ground.key, ground.ladder, price, quantity >= 0, ground.upper, ground.lower, ground.usual_size, volume)
        )

    def quote_at(self, row: int, now_ns: int) -> SimQuote:
        """State of one stock at an instant of the day."""
        facts = self.facts
        ticker, base = str(self._panel.tickers[row]), int(facts.base[row])
        upper, lower, halted = int(facts.upper[row]), int(facts.lower[row]), bool(facts.halted[row])
        expected_price, expected_quantity = self.expected(row, now_ns)
        matched = self._matched(row, now_ns)
        held = self._tape.last_trade(row, now_ns)
        place = self._place(row, held, expected_price)
        ask, bid = (0, 0) if halted or place is None or not self._is_quoted(row, now_ns) else self._books.best(place)
        if held is None:
            return SimQuote(
                ticker,
                base,
                base,
                upper,
                lower,
                0,
                0,
                0,
                0,
                0,
                ask,
                bid,
                0.0,
                None,
                0,
                expected_price,
                expected_quantity,
                halted,
                *matched,
            )
        last = held[0].execution(held[1])
        strength = strength_pct(last.buy_shares, last.sell_shares)
        return SimQuote(
            ticker,
            last.price,
            base,
            upper,
            lower,
            last.open,
            last.high,
            last.low,
            last.volume,
            last.value_krw,
            ask,
            bid,
            strength,
            last,
            last.at_ns,
            expected_price,
            expected_quantity,
            halted,
            *matched,
        )

    def _is_quoted(self, row: int, now_ns: int) -> bool:
        """Whether there is a book: from ten minutes before the open to shortly after the close, and in the after-market."""
        hours = self.hours
        if hours.ns(hours.open_minute - 10) <= now_ns < hours.ns(hours.close_minute, 30):
            return True
        after = hours.after_minutes
        return (
            after is not None
            and int(self._panel.security_type[row]) not in _FUNDS
            and hours.ns(after[0]) <= now_ns < hours.ns(after[1])
        )

    def _place(self, row: int, held: tuple[Trades, int] | None, expected_price: int) -> BookPlace | None:
        ground = self._ground(row)
        price, at_ask, salt = ground.base, True, 0
        if held is not None:
            trades, index = held
            price, at_ask, salt = int(trades.price[index]), bool(trades.quantity[index] >= 0), int(trades.volume[index])
        if expected_price:
            price = expected_price
        if price <= 0:
            return None
        return BookPlace(ground.key, ground.ladder, price, at_ask, ground.upper, ground.lower, ground.usual_size, salt)

    def book_at(self, row: int, now_ns: int, *, elsewhere: bool = False) -> SimBook:
        """Ten levels at an instant; empty while nothing is quoted or the stock is halted."""
        expected_price, expected_quantity = self.expected(row, now_ns)
        place = self._place(row, self._tape.last_trade(row, now_ns), expected_price)
        quoted = self._is_quoted(row, now_ns) or (elsewhere and bool(self.facts.on_nxt[row]))
        if place is None or not quoted or self.facts.halted[row] or not self.facts.listed[row]:
            return SimBook(now_ns, _EMPTY_SIDE, _EMPTY_SIDE, _EMPTY_SIDE, _EMPTY_SIDE, 0, 0)
        return self._books.make(place, now_ns, expected_price, expected_quantity)

    def _matched(self, row: int, now_ns: int) -> tuple[int, int]:
        """Price and shares of the last auction's match, (0, 0) where none has matched anything yet."""
        inside, cells, hours = self.cells.of(row), self.cells, self.hours
        if inside.start == inside.stop or now_ns < hours.open_ns:
            return 0, 0
        if now_ns >= hours.close_ns:
            cell = self._tape.cell_at(row, hours.close_minute)
            if int(cells.minute[cell]) == hours.close_minute and cells.neutral[cell] > 0:
                return int(cells.open[cell]), int(cells.neutral[cell])
        first = inside.start
        if int(cells.minute[first]) == hours.open_minute and cells.neutral[first] > 0:
            return int(cells.open[first]), int(cells.neutral[first])
        return 0, 0

    def expected(self, row: int, now_ns: int) -> tuple[int, int]:
        """Expected match price and quantity in an auction, else (0, 0)."""
        auction = self.hours.in_auction(now_ns)
        if not auction or self.facts.halted[row]:
            return 0, 0
        inside = self.cells.of(row)
        if inside.start == inside.stop:
            return 0, 0
        hours, cells = self.hours, self.cells
        if auction == 1:
            cell, begin, end = inside.start, hours.open_ns - 10 * MINUTE_NS, hours.open_ns
            if int(cells.minute[cell]) != hours.open_minute:
                return 0, 0
            start, target = int(self.facts.base[row]), int(cells.open[cell])
        else:
            cell, begin, end = self._tape.cell_at(row, hours.close_minute), hours.ns(hours.auction_minute), hours.close_ns
            if int(cells.minute[cell]) != hours.close_minute:
                return 0, 0
            start, target = (
                int(cells.close[cell - 1]) if cell > inside.start else int(self.facts.base[row]),
                int(cells.open[cell]),
            )
        done = (now_ns - begin) / (end - begin)
        ladder = self._ladders.of(row)
        near = 1.0 - (1.0 - done) ** 2
        slot = now_ns // 4_000_000_000
        wander, amount = (mix_int(self._seed, 67, int(self._keys[row]), slot, n) * _UNIT for n in (0, 1))
        noise = (wander - 0.5) * 12.0 * (1.0 - done)
        step = ladder.step(start) + (ladder.step(target) - ladder.step(start)) * near + noise
        price = min(max(ladder.price(round(step)), max(int(self.facts.lower[row]), 1)), int(self.facts.upper[row]))
        grown = (0.15 + 0.8 * done) * (0.95 + 0.1 * amount)
        return price, max(int(int(cells.neutral[cell]) * min(grown, 1.0)), 1)
