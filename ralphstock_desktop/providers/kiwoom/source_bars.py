"""From chart columns to batches: halted days, regular hours, the official bar of today."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import SessionTable
from engine.model.instants import day_of
from engine.model.live import MISSING
from ralphstock_desktop.ports import MISSING_INT, AdjustedBatch, DailyBatch, IndexBatch, MinuteBatch
from ralphstock_desktop.providers.kiwoom.parse_columns import Columns

__all__ = [
    "adjusted_batch",
    "daily_batch",
    "in_regular_hours",
    "index_batch",
    "minute_batch",
    "official_bar",
    "without_cut_day",
]

_DAY_NS: Final = 86_400_000_000_000
_KST_NS: Final = 9 * 3_600_000_000_000
_TICKER_WIDTH: Final = "U12"
_PRICES: Final = ("open_krw", "high_krw", "low_krw")

Ints = npt.NDArray[np.int64]


def days_of(instants_ns: Ints) -> npt.NDArray[np.datetime64]:
    """Return the Korean day of each instant."""
    days: npt.NDArray[np.datetime64] = ((instants_ns + _KST_NS) // _DAY_NS).astype("datetime64[D]")
    return days


def in_regular_hours(bars: Columns, sessions: SessionTable) -> Columns:
    """Keep the bars of the KRX regular session, opening and closing auction included; the after-market is no part of it."""
    at_ns: Ints = bars["at_ns"]
    days = days_of(at_ns)
    keep = np.zeros(len(at_ns), dtype=np.bool_)
    for day in np.unique(days):
        on: date = day.astype(date)
        # The closing auction is the bar that starts with the close.
        keep |= (days == day) & (at_ns >= sessions.open_ns(on)) & (at_ns <= sessions.close_ns(on))
    return bars.where(keep)


def without_cut_day(bars: Columns, since_ns: int, sessions: SessionTable) -> Columns:
    """Drop the oldest day where the broker's history begins in the middle of it.

    The vendor keeps about a year of minutes, cut at a row and not at a day. The day is kept if it holds its opening, or if
    what was asked for begins on it.
    """
    if len(bars) == 0:
        return bars
    oldest_ns = int(bars["at_ns"][0])
    day = day_of(oldest_ns)
    is_whole = oldest_ns <= sessions.open_ns(day) or day_of(since_ns) >= day
    return bars if is_whole else bars.where(days_of(bars["at_ns"]) > np.datetime64(day))


def minute_batch(ticker: str, bars: Columns, source: str) -> MinuteBatch:
    """Build the batch; the chart tells no amounts."""
    count = len(bars)
    return MinuteBatch(
        ticker=np.full(count, ticker, dtype=_TICKER_WIDTH),
        minute_ns=bars["at_ns"],
        open_krw=bars["open_krw"],
        high_krw=bars["high_krw"],
        low_krw=bars["low_krw"],
        close_krw=bars["close_krw"],
        volume_shares=bars["volume_shares"],
        value_krw=np.full(count, MISSING_INT, dtype=np.int64),
        source=source,
        day_volume_shares=bars["day_volume_shares"],
    )


def official_bar(today: Columns, minutes: Columns) -> Columns | None:
    """Return today's daily bar as the exchange fixed it at the close.

    The daily chart's row of today moves with the after-market, so prices and quantity come from the minutes of the regular
    session: its last bar is the closing auction, or the last trade of a stock without one. The amount is that of the daily row
    while the quantities agree, else missing.

    Parameters
    ----------
    today : Columns
        The daily chart's row of today, one row.
    minutes : Columns
        Today's one-minute bars of the regular session, ascending.

    Returns
    -------
    Columns or None
        One row; None where neither minutes nor a day without trades tell the close.
    """
    if len(minutes) == 0:
        # Halted, or without any trade: the previous close stands, and nothing after the close can move it.
        return today if int(today["volume_shares"][0]) == 0 else None
    volume = int(minutes["volume_shares"].sum())
    close = int(minutes["close_krw"][-1])
    change = int(today["change_krw"][0])
    base = int(today["close_krw"][0]) - change if change != MISSING else MISSING
    found: dict[str, Any] = {
        "open_krw": minutes["open_krw"][0],
        "high_krw": minutes["high_krw"].max(),
        "low_krw": minutes["low_krw"].min(),
        "close_krw": close,
        "volume_shares": volume,
        "value_krw": today["value_krw"][0] if volume == int(today["volume_shares"][0]) else MISSING_INT,
        "change_krw": close - base if base != MISSING else MISSING,
    }
    arrays = {name: np.array([value], dtype=np.int64) for name, value in found.items()}
    return Columns(today.api_id, {"day": today["day"], **arrays}, ())


def daily_batch(ticker: str, bars: list[Columns], source: str) -> DailyBatch:
    """Build the batch from ascending parts. A day without trades has no prices but the last (the vendor repeats it in all)."""
    names = ("day", *_PRICES, "close_krw", "volume_shares", "value_krw", "change_krw")
    joined = {name: np.concatenate([part[name] for part in bars]) for name in names}
    is_idle = joined["volume_shares"] == 0
    opened, high, low = (np.where(is_idle, 0, joined[name]) for name in _PRICES)
    return DailyBatch(
        ticker=np.full(len(is_idle), ticker, dtype=_TICKER_WIDTH),
        day=joined["day"],
        open_krw=opened,
        high_krw=high,
        low_krw=low,
        close_krw=joined["close_krw"],
        volume_shares=joined["volume_shares"],
        value_krw=joined["value_krw"],
        prev_diff_krw=joined["change_krw"],
        source=source,
    )


def adjusted_batch(ticker: str, bars: Columns, factor_on: date, source: str) -> AdjustedBatch:
    """Build the batch; ``factor_on`` is the day up to which the vendor adjusted."""
    is_idle = bars["volume_shares"] == 0
    opened, high, low = (np.where(is_idle, 0.0, bars[name].astype(np.float64)) for name in _PRICES)
    return AdjustedBatch(
        ticker=np.full(len(bars), ticker, dtype=_TICKER_WIDTH),
        day=bars["day"],
        open_krw=opened,
        high_krw=high,
        low_krw=low,
        close_krw=bars["close_krw"].astype(np.float64),
        volume_shares=bars["volume_shares"].astype(np.float64),
        factor_on=factor_on,
        source=source,
    )


def index_batch(code: str, bars: Columns, source: str) -> IndexBatch:
    """Build the batch of an index under our name; volume in shares, value in won."""
    return IndexBatch(
        code=np.full(len(bars), code, dtype=_TICKER_WIDTH),
        day=bars["day"],
        open=bars["open"],
        high=bars["high"],
        low=bars["low"],
        close=bars["level"],
        volume=bars["volume_shares"].astype(np.float64),
        value_krw=bars["value_krw"].astype(np.float64),
        source=source,
    )
