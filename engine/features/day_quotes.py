"""The day so far as quotes, from official bars or from one-minute bars (domain.md §§0.2, 1.4).

Only bars that have ended by the instant are read: the bar 10:03 is known from 10:04:00. Trades outside the regular session
never change open, high, low, price or volume.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.model.daytrade import DayQuotes
from engine.model.instants import day_of
from engine.model.panel import FloatArray, MarketPanel

__all__ = ["MinuteBars", "quotes_from_bars", "quotes_from_minutes"]

_MINUTE_NS = 60_000_000_000


class MinuteBars(Protocol):
    """Columns of one-minute bars as the repository gives them; a negative integer is missing, values are per minute."""

    @property
    def ticker(self) -> npt.NDArray[Any]: ...
    @property
    def minute_ns(self) -> npt.NDArray[Any]: ...
    @property
    def open_krw(self) -> npt.NDArray[Any]: ...
    @property
    def high_krw(self) -> npt.NDArray[Any]: ...
    @property
    def low_krw(self) -> npt.NDArray[Any]: ...
    @property
    def close_krw(self) -> npt.NDArray[Any]: ...
    @property
    def volume_shares(self) -> npt.NDArray[Any]: ...
    @property
    def value_krw(self) -> npt.NDArray[Any]: ...


def quotes_from_bars(panel: MarketPanel, day: int, now_ns: int, sessions: SessionTable = DEFAULT_SESSIONS) -> DayQuotes:
    """The official bars of a panel day as quotes.

    Parameters
    ----------
    day : int
        Panel day t.
    now_ns : int
        Instant they are looked at, not before the official bar is known (the caller's duty).

    Returns
    -------
    DayQuotes
        ``final``; NaN for symbols without a valid bar. Value is V x (O+H+L+C)/4 where no source gave it.
    """
    valid = panel.valid[:, day]

    def column(array: npt.NDArray[Any]) -> FloatArray:
        return np.where(valid, array[:, day].astype(np.float64), np.nan)

    opened, high, low, close = (column(a) for a in (panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw))
    volume, value = column(panel.volume_shares), column(panel.value_krw)
    value = np.where(np.isnan(value), 0.25 * (opened + high + low + close) * volume, value)
    on: date = panel.days[day].astype("datetime64[D]").item()
    return DayQuotes(
        now_ns=now_ns,
        price=close,
        base=np.array(panel.base_krw[:, day], dtype=np.float64),
        open=opened,
        high=high,
        low=low,
        volume_shares=volume,
        value_krw=value,
        at_ns=np.where(valid, sessions.close_ns(on), 0).astype(np.int64),
        vi=np.zeros(len(valid), dtype=np.bool_),
        strength_pct=np.full(len(valid), np.nan),
        final=True,
    )


def quotes_from_minutes(
    tickers: npt.NDArray[np.str_],
    batches: Sequence[MinuteBars],
    base_krw: FloatArray,
    now_ns: int,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> DayQuotes:
    """Accumulate the minute bars of the day of ``now_ns`` that have ended by then.

    Parameters
    ----------
    tickers : str array, shape (symbols,)
        Symbols of the panel, in its order.
    batches : sequence of MinuteBars
        Bars of any symbols, days and order; a batch may hold one symbol or many. Symbols the panel does not hold are left out.
    base_krw : float64 array, shape (symbols,)
        Base prices of the day; NaN where unknown.

    Returns
    -------
    DayQuotes
        NaN where nothing has traded yet. ``at_ns`` is the end of the last bar with trades. Volume is NaN where a bar's volume
        is missing; a missing value is volume x (O+H+L+C)/4 of that minute.
    """
    day = day_of(now_ns)
    first, last = sessions.open_ns(day), min(sessions.close_ns(day), now_ns - _MINUTE_NS)
    count = len(tickers)
    columns = {name: np.full(count, np.nan) for name in ("price", "open", "high", "low", "volume", "value")}
    at = np.zeros(count, dtype=np.int64)
    position = {str(ticker): row for row, ticker in enumerate(tickers)}
    for batch in batches:
        for row, bars in _symbols(batch, position):
            _accumulate(batch, bars, row, first, last, columns, at)
    return DayQuotes(
        now_ns=now_ns,
        price=columns["price"],
        base=np.asarray(base_krw, dtype=np.float64),
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        volume_shares=columns["volume"],
        value_krw=columns["value"],
        at_ns=at,
        vi=np.zeros(count, dtype=np.bool_),
        strength_pct=np.full(count, np.nan),
    )


def _symbols(batch: MinuteBars, position: dict[str, int]) -> list[tuple[int, npt.NDArray[np.intp] | slice]]:
    """Rows of the panel a batch holds, with the bars of each."""
    names = batch.ticker
    if not len(names):
        return []
    if names[0] == names[-1] and (names == names[0]).all():
        row = position.get(str(names[0]))
        return [] if row is None else [(row, slice(None))]
    found, codes = np.unique(names, return_inverse=True)
    return [(position[str(name)], np.flatnonzero(codes == k)) for k, name in enumerate(found) if str(name) in position]


def _accumulate(
    batch: MinuteBars,
    bars: npt.NDArray[np.intp] | slice,
    row: int,
    first: int,
    last: int,
    columns: dict[str, FloatArray],
    at: npt.NDArray[np.int64],
) -> None:
    """Join the bars of one symbol that began within [first, last]."""
    minutes = np.asarray(batch.minute_ns[bars])
    inside = np.flatnonzero((minutes >= first) & (minutes <= last))
    if not len(inside):
        return
    inside = inside[np.argsort(minutes[inside], kind="stable")]
    opened, high, low, close, volume, value = (
        np.asarray(array[bars])[inside].astype(np.float64)
        for array in (batch.open_krw, batch.high_krw, batch.low_krw, batch.close_krw, batch.volume_shares, batch.value_krw)
    )
    volume[volume < 0] = math.nan
    traded = ~(volume <= 0) & (close > 0) & (opened > 0) & (high > 0) & (low > 0)
    if not traded.any():
        return
    opened, high, low, close, volume, value = (a[traded] for a in (opened, high, low, close, volume, value))
    value = np.where(value >= 0, value, 0.25 * (opened + high + low + close) * volume)
    columns["price"][row], columns["open"][row] = close[-1], opened[0]
    columns["high"][row], columns["low"][row] = high.max(), low.min()
    columns["volume"][row], columns["value"][row] = volume.sum(), value.sum()
    at[row] = int(minutes[inside[traded]][-1]) + _MINUTE_NS
