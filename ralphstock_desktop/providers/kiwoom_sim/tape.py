"""The trades of the replayed day as a function of time: what happened between two instants, how things stood at one.

Nothing here depends on what was asked before; what is kept is a cache of minutes that were made lately.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim.cells import Cells
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimExecution, SimMinutes
from ralphstock_desktop.providers.kiwoom_sim.executions import TradeMaker, Trades
from ralphstock_desktop.providers.kiwoom_sim.phases import MINUTE_NS, DayHours
from ralphstock_desktop.providers.kiwoom_sim.settle import EMPTY_MINUTES

__all__ = ["MarketBoard", "Tape"]

Ints = npt.NDArray[np.int64]

_SNAPSHOTS_KEPT = 3
_SINGLES_BEFORE_SNAPSHOT = 20
_LAST_MINUTE = 1_439


@dataclass(frozen=True, eq=False)
class _Snapshot:
    """Trades of each symbol's last minute that began by a minute of the day."""

    trades: Trades
    place: Ints
    """Position of each row's cell among ``trades.cells``, -1 without one."""


@dataclass(frozen=True, eq=False)
class MarketBoard:
    """Last state of all symbols at an instant, shape (symbols,); price = base and the rest 0 before the first trade."""

    price: Ints
    open: Ints
    high: Ints
    low: Ints
    volume: Ints
    value_krw: Ints


class Tape:
    """All trades of a day.

    Parameters
    ----------
    cells : Cells
        The day's minutes.
    maker : TradeMaker
        Makes the trades of cells.
    hours : DayHours
        Hours of the day.
    base : int64 array, shape (symbols,)
        Base prices: where a symbol stands before its first trade.
    """

    def __init__(self, cells: Cells, maker: TradeMaker, hours: DayHours, base: Ints) -> None:
        self.cells = cells
        self.hours = hours
        self.make = maker.make
        self._base = base
        self._snapshots: OrderedDict[int, _Snapshot] = OrderedDict()
        self._singles: OrderedDict[int, dict[int, Trades]] = OrderedDict()
        """Trades made one cell at a time, by minute asked for."""
        self._partial: OrderedDict[tuple[int, int], Trades] = OrderedDict()
        self._first_ns: Ints | None = None

    def between(self, since_ns: int, until_ns: int, rows: Ints | None) -> Sequence[tuple[Trades, Ints]]:
        """Trades after one instant up to another, in time order, as blocks of (trades, indices into them).

        Parameters
        ----------
        since_ns, until_ns : int
            Market instants; trades at ``since_ns`` are left out, those at ``until_ns`` are in.
        rows : int64 array or None
            Sorted rows asked for; None for all.
        """
        found: list[tuple[Trades, Ints]] = []
        begin, end = max(self.hours.minute_of(since_ns), 0), min(self.hours.minute_of(until_ns), _LAST_MINUTE)
        for minute in range(begin, end + 1):
            trades = self._of_minute(minute, rows)
            if trades is None:
                continue
            chosen = np.flatnonzero((trades.at_ns > since_ns) & (trades.at_ns <= until_ns))
            if len(chosen):
                found.append((trades, chosen[np.argsort(trades.at_ns[chosen], kind="stable")]))
        return found

    def _of_minute(self, minute: int, rows: Ints | None) -> Trades | None:
        key = (minute, hash(rows.tobytes()) if rows is not None else -1)
        if key not in self._partial:
            cells = self.cells.at_minute(minute).astype(np.int64)
            if rows is not None:
                cells = cells[np.isin(self.cells.row[cells], rows)]
            self._partial[key] = self.make(cells)
            while len(self._partial) > 2 * _SNAPSHOTS_KEPT:
                self._partial.popitem(last=False)
        self._partial.move_to_end(key)
        trades = self._partial[key]
        return trades if len(trades.row) else None

    def _snapshot(self, minute: int) -> _Snapshot:
        if minute not in self._snapshots:
            latest = self.cells.latest(minute)
            chosen = np.flatnonzero(latest >= 0)
            place = np.full(len(latest), -1, dtype=np.int64)
            place[chosen] = np.arange(len(chosen))
            self._snapshots[minute] = _Snapshot(self.make(latest[chosen]), place)
            while len(self._snapshots) > _SNAPSHOTS_KEPT:
                self._snapshots.popitem(last=False)
        self._snapshots.move_to_end(minute)
        return self._snapshots[minute]

    def cell_at(self, row: int, minute: int) -> int:
        """Last cell of a row that begins in a minute or earlier, -1 without one."""
        inside = self.cells.of(row)
        found = inside.start + int(np.searchsorted(self.cells.minute[inside], minute, side="right")) - 1
        return found if found >= inside.start else -1

    def _trades_of(self, row: int, minute: int, cell: int) -> tuple[Trades, int, int]:
        """Trades that hold a cell, and the slice of that cell in them."""
        held = self._snapshots.get(minute)
        if held is None:
            # A stock whose minute has not traded yet is looked up a minute earlier, so two minutes take turns here.
            made = self._singles.setdefault(minute, {})
            while len(self._singles) > _SNAPSHOTS_KEPT:
                self._singles.popitem(last=False)
            if len(made) < _SINGLES_BEFORE_SNAPSHOT:
                if cell not in made:
                    made[cell] = self.make(np.array([cell], dtype=np.int64))
                trades = made[cell]
                return trades, 0, len(trades.row)
            # Many symbols are asked for: one pass over the whole market is cheaper than one by one.
            held = self._snapshot(minute)
        place = int(held.place[row])
        return held.trades, int(held.trades.first[place]), int(held.trades.first[place + 1])

    def last_trade(self, row: int, now_ns: int) -> tuple[Trades, int] | None:
        """The last trade of a symbol up to an instant, as (trades, index); None before the first."""
        minute = min(self.hours.minute_of(now_ns), _LAST_MINUTE)
        cell = self.cell_at(row, minute)
        if cell < 0:
            return None
        trades, begin, end = self._trades_of(row, minute, cell)
        index = begin + int(np.searchsorted(trades.at_ns[begin:end], now_ns, side="right")) - 1
        if index >= begin:
            return trades, index
        if cell == int(self.cells.first[row]):
            return None
        trades, begin, end = self._trades_of(row, int(self.cells.minute[cell]) - 1, cell - 1)
        return trades, end - 1

    def board(self, now_ns: int) -> MarketBoard:
        """Last state of all symbols at an instant, in one pass."""
        cells, base = self.cells, self._base
        held = self._snapshot(min(self.hours.minute_of(now_ns), _LAST_MINUTE))
        names = ("price", "open", "high", "low", "volume", "value_krw")
        result = {name: np.zeros(len(base), dtype=np.int64) for name in names}
        result["price"] = base.copy()
        trades = held.trades
        if len(trades.cells):
            known = np.add.reduceat((trades.at_ns <= now_ns).astype(np.int64), trades.first[:-1])
            begun = known > 0
            rows = cells.row[trades.cells[begun]]
            index = trades.first[:-1][begun] + known[begun] - 1
            for name in names:
                result[name][rows] = getattr(trades, name)[index]
            # Symbols whose minute has begun without a trade yet stand where the minute before left them.
            waiting = trades.cells[~begun & (trades.cells > cells.first[cells.row[trades.cells]])]
            rows, before = cells.row[waiting], waiting - 1
            result["price"][rows] = cells.close[before]
            result["open"][rows] = cells.open[cells.first[rows]]
            result["high"][rows] = cells.high[cells.high_cell[waiting]]
            result["low"][rows] = cells.low[cells.low_cell[waiting]]
            result["volume"][rows] = cells.volume_before[waiting]
            result["value_krw"][rows] = cells.value_before[waiting]
        return MarketBoard(**result)

    def executions(self, row: int, limit: int, now_ns: int) -> Sequence[SimExecution]:
        """Last trades of a stock, newest first."""
        last = self.cell_at(row, min(self.hours.minute_of(now_ns), _LAST_MINUTE))
        first = int(self.cells.first[row])
        found: list[SimExecution] = []
        while last >= first and len(found) < limit:
            begin = max(first, last - 19)
            trades = self.make(np.arange(begin, last + 1, dtype=np.int64))
            known = np.flatnonzero(trades.at_ns <= now_ns)[::-1]
            found += trades.executions(known[: limit - len(found)])
            last = begin - 1
        return found

    def first_trade_ns(self, row: int) -> int:
        """Instant of the day's first trade; 0 where nothing trades."""
        if self._first_ns is None:
            begins = self.cells.first[:-1] < self.cells.first[1:]
            trades = self.make(self.cells.first[:-1][begins])
            self._first_ns = np.zeros(len(begins), dtype=np.int64)
            self._first_ns[begins] = trades.at_ns[trades.first[:-1]]
        return int(self._first_ns[row])

    # -- minutes ----------------------------------------------------------------------------------------------------------

    def minutes(self, row: int, now_ns: int) -> SimMinutes:
        """Bars up to an instant, the last one forming."""
        minute = min(self.hours.minute_of(now_ns), _LAST_MINUTE)
        last = self.cell_at(row, minute)
        if last < 0:
            return EMPTY_MINUTES
        begin = int(self.cells.first[row])
        if int(self.cells.minute[last]) < minute:
            return self._minute_slice(begin, last + 1)
        done = self._minute_slice(begin, last)
        trades, start, end = self._trades_of(row, minute, last)
        known = int(np.searchsorted(trades.at_ns[start:end], now_ns, side="right"))
        if known == 0:
            return done
        seen = slice(start, start + known)
        price = trades.price[seen]
        volume = int(trades.volume[start + known - 1])
        value = int(trades.value_krw[start + known - 1])
        forming = (
            self.hours.ns(minute),
            int(price[0]),
            int(price.max()),
            int(price.min()),
            int(price[-1]),
            volume - int(self.cells.volume_before[last]),
            value - int(self.cells.value_before[last]),
            volume,
        )
        return SimMinutes(*(np.append(column, item) for column, item in zip(done, forming, strict=True)))

    def _minute_slice(self, begin: int, end: int) -> SimMinutes:
        cells, part = self.cells, slice(begin, end)
        return SimMinutes(
            self.hours.midnight_ns + cells.minute[part].astype(np.int64) * MINUTE_NS,
            cells.open[part].astype(np.int64),
            cells.high[part].astype(np.int64),
            cells.low[part].astype(np.int64),
            cells.close[part].astype(np.int64),
            cells.volume[part],
            cells.value_krw[part],
            cells.volume_before[part] + cells.volume[part],
        )

    def final_minutes(self, row: int) -> SimMinutes:
        """All bars of the day."""
        inside = self.cells.of(row)
        return self._minute_slice(inside.start, inside.stop)

    def final_day(self) -> dict[str, Ints]:
        """The whole regular session by row; 0 where nothing traded."""
        cells, symbols = self.cells, len(self._base)
        result = {name: np.zeros(symbols, dtype=np.int64) for name in ("open", "high", "low", "close", "volume", "value_krw")}
        chosen = np.flatnonzero(cells.minute <= self.hours.close_minute)
        if not len(chosen):
            return result
        rows = cells.row[chosen]
        starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        ends = np.append(starts[1:], len(chosen)) - 1
        traded = rows[starts]
        result["open"][traded] = cells.open[chosen[starts]]
        result["high"][traded] = np.maximum.reduceat(cells.high[chosen], starts)
        result["low"][traded] = np.minimum.reduceat(cells.low[chosen], starts)
        result["close"][traded] = cells.close[chosen[ends]]
        result["volume"][traded] = np.add.reduceat(cells.volume[chosen], starts)
        result["value_krw"][traded] = np.add.reduceat(cells.value_krw[chosen], starts)
        return result
