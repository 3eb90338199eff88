"""Volatility interruptions (VI) of the replayed day, read off its prices.

Static: the price is 10 % or more away from the last single price (the opening match, later the match that ended an
interruption). Dynamic: one trade is 3 % (large KOSPI stocks) or 6 % away from the trade before. Either starts two minutes of
single-price trading plus a random end of up to thirty seconds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim.cells import Cells
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimVi
from ralphstock_desktop.providers.kiwoom_sim.executions import Trades
from ralphstock_desktop.providers.kiwoom_sim.noise import mix_int
from ralphstock_desktop.providers.kiwoom_sim.paths import MinuteColumns
from ralphstock_desktop.providers.kiwoom_sim.phases import MINUTE_NS, DayHours

__all__ = ["find_interruptions", "without_interrupted_minutes"]

Ints = npt.NDArray[np.int64]

_STATIC = 0.10
_DYNAMIC_LARGE = 0.03
_DYNAMIC = 0.06
_PHASE_NS = 2 * MINUTE_NS
_RANDOM_END_NS = 30_000_000_000
_MOST_PER_DAY = 6
_UNIT = 1.0 / (1 << 64)


def without_interrupted_minutes(columns: MinuteColumns, drawn: npt.NDArray[np.bool_], hours: DayHours) -> MinuteColumns:
    """Let drawn paths stand still for two minutes after a static interruption.

    The trades of those minutes move into the next minute that trades, whose bar then holds theirs too: open, high, low, close
    and volume of the day stay what they were.

    Parameters
    ----------
    columns : MinuteColumns
        Traded minutes by row and minute.
    drawn : bool array, shape (symbols,)
        Rows whose minutes were drawn; recorded ones are never touched.
    hours : DayHours
        Hours of the day.
    """
    starts = np.searchsorted(columns.row, np.arange(len(drawn) + 1))
    keep = np.ones(len(columns.row), dtype=np.bool_)
    high, low, open_, volume, value = (
        columns.high.copy(), columns.low.copy(), columns.open.copy(), columns.volume.copy(), columns.value_krw.copy(),
    )  # fmt: skip
    last_minute = hours.auction_minute - 1
    for row in _candidates(columns, starts, drawn):
        begin, end = int(starts[row]), int(starts[row + 1])
        reference = float(open_[begin])
        place, count = begin, 0
        while place < end and count < _MOST_PER_DAY:
            hit = _first_static(high, low, place, end, reference)
            if hit is None or columns.minute[hit] > last_minute - 5:
                break
            resumed = hit + 1
            while resumed < end and columns.minute[resumed] <= columns.minute[hit] + 2:
                resumed += 1
            if resumed >= end or columns.minute[resumed] > last_minute:
                break
            held = slice(hit + 1, resumed)
            if held.start < held.stop:
                open_[resumed] = open_[held.start]
                high[resumed] = max(int(high[resumed]), int(high[held].max()))
                low[resumed] = min(int(low[resumed]), int(low[held].min()))
                volume[resumed] += volume[held].sum()
                value[resumed] += value[held].sum()
                keep[held] = False
            reference = float(open_[resumed])
            place, count = resumed, count + 1
    return MinuteColumns(
        columns.row[keep],
        columns.minute[keep],
        open_[keep],
        high[keep],
        low[keep],
        columns.close[keep],
        volume[keep],
        value[keep],
    )


def _candidates(columns: MinuteColumns, starts: Ints, chosen: npt.NDArray[np.bool_]) -> list[int]:
    rows = np.flatnonzero(chosen & (starts[:-1] < starts[1:]))
    if not len(rows):
        return []
    begin = starts[rows]
    highest, lowest = np.maximum.reduceat(columns.high, begin), np.minimum.reduceat(columns.low, begin)
    first = columns.open[begin]
    return [int(row) for row in rows[(highest >= first * (1 + _STATIC)) | (lowest <= first * (1 - _STATIC))]]


def _first_static(high: Ints, low: Ints, begin: int, end: int, reference: float) -> int | None:
    beyond = (high[begin:end] >= reference * (1 + _STATIC)) | (low[begin:end] <= reference * (1 - _STATIC))
    return begin + int(beyond.argmax()) if beyond.any() else None


def find_interruptions(
    cells: Cells, hours: DayHours, large: npt.NDArray[np.bool_], make: Callable[[Ints], Trades], keys: Ints, seed: int
) -> tuple[SimVi, ...]:
    """All interruptions of the day, by trigger time.

    Parameters
    ----------
    cells : Cells
        The day's minutes.
    hours : DayHours
        Hours of the day.
    large : bool array, shape (symbols,)
        Stocks with the narrow dynamic band.
    make : callable
        Makes the trades of cells.
    keys : int64 array, shape (symbols,)
        Identity of the symbols for the noise.
    seed : int
        Seed of the replay.
    """
    found: list[SimVi] = []
    band = np.where(large, _DYNAMIC_LARGE, _DYNAMIC)
    for row in _suspects(cells, hours, band):
        inside = cells.of(row)
        regular = np.flatnonzero(cells.minute[inside] < hours.auction_minute) + inside.start
        if len(regular):
            found += _of_symbol(make(regular.astype(np.int64)), row, float(band[row]), int(keys[row]), seed)
    return tuple(sorted(found, key=lambda event: (event.triggered_ns, event.row)))


def _suspects(cells: Cells, hours: DayHours, band: npt.NDArray[np.float64]) -> list[int]:
    """Symbols whose bars allow an interruption."""
    regular = cells.minute < hours.auction_minute
    first = cells.first[:-1][cells.first[:-1] < cells.first[1:]]
    rows = cells.row[first]
    opened = cells.open[first[np.searchsorted(rows, cells.row)]].astype(np.float64) if len(first) else np.zeros(0)
    static = (cells.high >= opened * (1 + _STATIC)) | (cells.low <= opened * (1 - _STATIC))
    before = np.concatenate((cells.close[:1], cells.close[:-1])).astype(np.float64)
    before[first] = cells.open[first]
    top, bottom = np.maximum(cells.high, before), np.minimum(cells.low, before)
    dynamic = top >= bottom * (1 + band[cells.row])
    return [int(row) for row in np.unique(cells.row[regular & (static | dynamic)])]


def _of_symbol(trades: Trades, row: int, band: float, key: int, seed: int) -> list[SimVi]:
    price, at_ns = trades.price.astype(np.float64), trades.at_ns
    found: list[SimVi] = []
    reference = float(price[0])
    place = 1
    while place < len(price) and len(found) < _MOST_PER_DAY:
        static = np.abs(price[place:] / reference - 1.0) >= _STATIC
        dynamic = np.abs(price[place:] / price[place - 1 : -1] - 1.0) >= band
        hit = static | dynamic
        if not hit.any():
            break
        at = place + int(hit.argmax())
        is_static = bool(static[at - place])
        base = reference if is_static else float(price[at - 1])
        release = int(at_ns[at]) + _PHASE_NS + int(mix_int(seed, 61, key, at) * _UNIT * _RANDOM_END_NS) // 1_000_000 * 1_000_000
        found.append(
            SimVi(row, is_static, bool(price[at] > base), int(price[at]), int(base), int(at_ns[at]), release, len(found) + 1)
        )
        place = int(np.searchsorted(at_ns, release))
        if place >= len(price):
            break
        reference = float(price[place])
        place += 1
    return found
