"""The day's truth: every traded minute of every symbol, with the running totals before it.

A *cell* is one traded minute of one symbol. Cells lie one after another, symbol by symbol, minutes ascending, so a symbol's day
is a slice. How many trades a minute has and how its volume splits into buying and selling is settled here for the whole day;
the trades themselves are made only when somebody looks (:mod:`ralphstock_desktop.providers.kiwoom_sim.executions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim.noise import mix, normals, uniforms
from ralphstock_desktop.providers.kiwoom_sim.paths import MinuteColumns
from ralphstock_desktop.providers.kiwoom_sim.phases import DayHours

__all__ = ["Cells", "make_cells"]

Ints = npt.NDArray[np.int64]

_MOST_TRADES = 30
_STRENGTH_SPREAD = 0.09


@dataclass(frozen=True, eq=False)
class Cells:
    """Traded minutes of a day; all arrays of shape (cells,) but ``first`` of shape (symbols + 1,).

    ``neutral`` is the part of the volume matched in an auction, which counts neither as bought nor as sold.
    ``*_before`` are the totals of the symbol's day before the minute; ``high_cell`` and ``low_cell`` the cell that holds the
    day's extreme up to the end of the minute before (the cell itself for the first). Minutes after the regular session do not
    move open, high and low.
    """

    first: Ints
    row: npt.NDArray[np.int32]
    minute: npt.NDArray[np.int16]
    open: npt.NDArray[np.int32]
    high: npt.NDArray[np.int32]
    low: npt.NDArray[np.int32]
    close: npt.NDArray[np.int32]
    volume: Ints
    value_krw: Ints
    trades: npt.NDArray[np.int32]
    neutral: Ints
    buy_trades: npt.NDArray[np.int32]
    buy_shares: Ints
    volume_before: Ints
    value_before: Ints
    buy_before: Ints
    neutral_before: Ints
    buy_trades_before: npt.NDArray[np.int32]
    sell_trades_before: npt.NDArray[np.int32]
    high_cell: npt.NDArray[np.int32]
    low_cell: npt.NDArray[np.int32]

    def of(self, row: int) -> slice:
        """The cells of a symbol."""
        return slice(int(self.first[row]), int(self.first[row + 1]))

    @cached_property
    def by_minute(self) -> tuple[npt.NDArray[np.int32], Ints]:
        """Cells ordered by minute, and where each minute of the day begins in that order (shape 1441)."""
        order = np.argsort(self.minute, kind="stable").astype(np.int32)
        return order, np.searchsorted(self.minute[order], np.arange(1_441)).astype(np.int64)

    def at_minute(self, minute: int) -> npt.NDArray[np.int32]:
        """Cells of one minute of the day, by row."""
        if not 0 <= minute < 1_440:
            return np.zeros(0, dtype=np.int32)
        order, starts = self.by_minute
        return order[starts[minute] : starts[minute + 1]]

    def latest(self, minute: int) -> Ints:
        """Last cell of each symbol that begins in a minute or earlier, -1 without one; shape (symbols,)."""
        lines = self.row.astype(np.int64) * 2_048
        found = np.searchsorted(lines + self.minute, np.arange(len(self.first) - 1) * 2_048 + minute, side="right") - 1
        return np.asarray(np.where(found >= self.first[:-1], found, -1), dtype=np.int64)


def make_cells(columns: MinuteColumns, symbols: int, hours: DayHours, keys: Ints, seed: int, density: float) -> Cells:
    """Settle trades and sides of every minute.

    Parameters
    ----------
    columns : MinuteColumns
        Traded minutes ordered by row and minute, volume above 0.
    symbols : int
        Number of rows.
    keys : int64 array, shape (symbols,)
        Identity of the symbols for the noise.
    density : float
        Factor on the number of trades per minute.
    """
    row, minute = columns.row, columns.minute
    first = np.searchsorted(row, np.arange(symbols + 1)).astype(np.int64)
    starts_day = np.zeros(len(row), dtype=np.bool_)
    starts_day[first[:-1][first[:-1] < first[1:]]] = True
    noise = mix(seed, 7, keys[row], minute)
    opening = starts_day & (minute == hours.open_minute)
    closing = minute == hours.close_minute
    trades = _trade_counts(columns, density)
    trades[closing] = 1
    neutral = np.zeros(len(row), dtype=np.int64)
    neutral[closing] = columns.volume[closing]
    share = 0.4 + 0.35 * uniforms(noise[opening] * np.uint64(0x9E3779B97F4A7C15))
    whole = trades[opening] == 1
    rest = columns.volume[opening] - (trades[opening] - 1)
    neutral[opening] = np.where(whole, columns.volume[opening], np.maximum((rest * share).astype(np.int64), 1))
    buy_trades, buy_shares = _sides(columns, trades, neutral, noise, keys)
    continuous = trades - (neutral > 0)
    return Cells(
        first=first,
        row=row.astype(np.int32),
        minute=minute.astype(np.int16),
        open=columns.open.astype(np.int32),
        high=columns.high.astype(np.int32),
        low=columns.low.astype(np.int32),
        close=columns.close.astype(np.int32),
        volume=columns.volume,
        value_krw=columns.value_krw,
        trades=trades.astype(np.int32),
        neutral=neutral,
        buy_trades=buy_trades.astype(np.int32),
        buy_shares=buy_shares,
        volume_before=_before(columns.volume, first, row),
        value_before=_before(columns.value_krw, first, row),
        buy_before=_before(buy_shares, first, row),
        neutral_before=_before(neutral, first, row),
        buy_trades_before=_before(buy_trades, first, row).astype(np.int32),
        sell_trades_before=_before(continuous - buy_trades, first, row).astype(np.int32),
        high_cell=_extreme_cells(columns.high, first, row, minute <= hours.close_minute, 1),
        low_cell=_extreme_cells(columns.low, first, row, minute <= hours.close_minute, -1),
    )


def _trade_counts(columns: MinuteColumns, density: float) -> Ints:
    """Trades per minute: a few for quiet stocks, up to thirty for the busiest; enough to touch the bar's four prices."""
    usual = 1.0 + (np.maximum(columns.value_krw, 1) / 3e6) ** 0.37
    most = max(_MOST_TRADES * density, 1.0)
    wanted = np.clip(np.rint(usual * density), 1, most).astype(np.int64)
    is_moving = (columns.open != columns.close) | (columns.high != columns.low)
    edge = np.maximum(columns.open, columns.close), np.minimum(columns.open, columns.close)
    need = 1 + is_moving.astype(np.int64) + (columns.high > edge[0]) + (columns.low < edge[1])
    return np.asarray(np.maximum(np.minimum(wanted, columns.volume), need), dtype=np.int64)


def _sides(columns: MinuteColumns, trades: Ints, neutral: Ints, noise: npt.NDArray[np.uint64], keys: Ints) -> tuple[Ints, Ints]:
    """Number and shares of buyer-initiated trades; more in rising minutes."""
    count = trades - (neutral > 0)
    volume = columns.volume - neutral
    lean = 0.5 + _STRENGTH_SPREAD * normals(noise) + 0.05 * normals(mix(11, keys[columns.row]))
    lean += 0.15 * np.sign(columns.close - columns.open)
    lean = np.clip(lean, 0.05, 0.95)
    buys = np.clip(np.rint(count * lean), 0, count).astype(np.int64)
    shares = np.clip(np.rint(volume * lean), buys, np.maximum(volume - (count - buys), buys)).astype(np.int64)
    shares = np.where(buys == 0, 0, np.where(buys == count, volume, np.minimum(shares, volume)))
    return buys, np.asarray(shares, dtype=np.int64)


def _before(values: Ints, first: Ints, row: Ints) -> Ints:
    """Sum over the symbol's earlier cells."""
    total = np.concatenate(([0], np.cumsum(values)))
    return np.asarray(total[:-1] - total[first[row]], dtype=np.int64)


def _extreme_cells(prices: Ints, first: Ints, row: Ints, regular: npt.NDArray[np.bool_], sign: int) -> npt.NDArray[np.int32]:
    """Cell that holds the day's extreme before each cell; the cell itself where it is the first."""
    length = np.diff(first)
    index = np.arange(len(row)) - first[row]
    result = np.arange(len(row), dtype=np.int32)
    symbols = np.flatnonzero(length)
    # Padded blocks of symbols keep the running maximum a plain array operation.
    for start in range(0, len(symbols), 512):
        block = symbols[start : start + 512]
        begin, end = int(first[block[0]]), int(first[block[-1] + 1])
        line = np.searchsorted(block, row[begin:end])
        place = index[begin:end]
        table = np.full((len(block), int(length[block].max())), np.iinfo(np.int64).min)
        table[line, place] = np.where(regular[begin:end], sign * prices[begin:end], np.iinfo(np.int64).min)
        best = np.maximum.accumulate(table, axis=1)
        is_new = np.concatenate([np.ones((len(block), 1), dtype=np.bool_), table[:, 1:] > best[:, :-1]], axis=1)
        holder = np.maximum.accumulate(np.where(is_new, np.arange(table.shape[1])[None, :], 0), axis=1)
        before = np.concatenate([np.zeros((len(block), 1), dtype=np.int64), holder[:, :-1]], axis=1)
        result[begin:end] = (first[block][line] + before[line, place]).astype(np.int32)
    return result
