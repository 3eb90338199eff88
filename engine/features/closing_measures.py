"""Measures of the closing bet for every symbol of one panel day (domain.md §§3.2, 3.3, 1.7-1.9).

Array operations only. Most symbols have a valid bar on every day of the longest window and no corporate action in it: theirs
are plain slices of the panel. For the others bars are counted back from the day and brought to its price scale.

1. The as-of bar as it traded: prices, traded value, base price, upper limit, candle.
2. Windows that end at or before it, in its price scale: highest highs, closes and volumes of the rest before it.
3. Confirmed flows of the last valid bars up to ``flow_day``.

Nothing after the day, and no flow after ``flow_day``, is read. Values depend on the rules only through the lengths of the
windows (:func:`same_windows`), so any other moved threshold re-scores without measuring again.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import upper_limits
from engine.model.errors import DataUnavailable
from engine.model.instruments import Market
from engine.model.panel import FloatArray, MarketPanel
from engine.thresholds import Rules

__all__ = ["ClosingMeasures", "measure_closing", "same_windows", "supply_window"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

_USUAL_HOLES = 30
"""Days without a bar most symbols stay below within the longest window; only a matter of speed."""
_CHUNK = 80
"""Symbols gathered at a time, so that intermediate arrays stay in the processor's cache; only a matter of speed."""


@dataclass(frozen=True, eq=False)
class ClosingMeasures:
    """Measures of one day, arrays of shape (symbols,). NaN where a measure does not exist.

    Prices and shares of the as-of bar are raw; those of earlier bars are in its scale.
    """

    tradable: Bools
    """The as-of bar is valid. Everything but ``n_bars`` is missing where it is not."""
    n_bars: npt.NDArray[np.int32]
    """Valid bars up to the day."""
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    base: FloatArray
    """Base price; NaN where unknown."""
    upper_limit: FloatArray
    change_pct: FloatArray
    """100 × (C / base - 1)"""
    value_krw: FloatArray
    """Traded value; V × (O+H+L+C)/4 where no source gave it."""
    value_estimated: Bools
    high_250: FloatArray
    """Highest high of the long window, the as-of bar included; of all bars where there are fewer."""
    high_60: FloatArray
    """Highest high of the breakout window before the as-of bar; NaN where it is not full."""
    near_high: FloatArray
    """C / high_250"""
    body_pct: FloatArray
    close_position: FloatArray
    """(C-L)/(H-L); NaN where H = L."""
    body_share: FloatArray
    """(C-O)/(H-L); NaN where H = L."""
    period_max_close: FloatArray
    """Highest close of the rest before the as-of bar; NaN where its window is not full."""
    period_min_close: FloatArray
    period_range_pct: FloatArray
    period_volume_recent: FloatArray
    """Mean volume of the last bars of that window."""
    period_volume: FloatArray
    """Mean volume of all its bars."""
    foreign_krw: FloatArray
    """Net buying summed over the complete days of the flow window; NaN where there is none."""
    institution_krw: FloatArray
    flow_days: npt.NDArray[np.int32]
    """Days of the flow window with both records."""


def same_windows(one: Rules, other: Rules) -> bool:
    """Whether measures made under ``one`` are also those of ``other``: all lengths of windows are equal."""
    a, b = one.jongga, other.jongga
    return (a.high_window_bars, a.breakout_bars, a.period_bars, a.period_recent_bars, a.supply_days) == (
        b.high_window_bars,
        b.breakout_bars,
        b.period_bars,
        b.period_recent_bars,
        b.supply_days,
    )


def measure_closing(panel: MarketPanel, day: int, flow_day: int, rules: Rules) -> ClosingMeasures:
    """Measure every symbol of the panel at one day.

    Parameters
    ----------
    day : int
        Panel index of the as-of bar t. It may be a forming bar.
    flow_day : int
        Last panel day whose confirmed flows may be used, -1 for none: t-1, or t in a FLOW_FINAL run. The supply window is the
        stock's own last valid bars up to it.

    Returns
    -------
    ClosingMeasures
        One entry per symbol, in the panel's order.
    """
    tradable = np.array(panel.valid[:, day])
    n_bars = np.add.reduce(np.asarray(panel.valid)[:, : day + 1].view(np.uint8), axis=1, dtype=np.int32)

    def at_day(array: npt.NDArray[Any]) -> FloatArray:
        return np.where(tradable, array[:, day], np.nan)

    open_, high, low, close = (at_day(a) for a in (panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw))
    published = at_day(panel.value_krw)
    estimated = tradable & ~np.isfinite(published)
    typical = (open_ + high + low + close) * 0.25
    value = np.where(estimated, typical * at_day(panel.volume_shares), published)
    base = at_day(panel.base_krw)
    base[~(np.isfinite(base) & (base > 0.0))] = np.nan
    spread = np.where(high > low, high - low, np.nan)

    windows = _windows(panel, day, tradable, n_bars, rules)
    high_250, high_60, max_close, min_close, recent, mean_volume = windows
    foreign, institution, flow_days = _flows(panel, day, min(flow_day, day), tradable, n_bars, rules.jongga.supply_days)
    return ClosingMeasures(
        tradable=tradable,
        n_bars=n_bars,
        open=open_,
        high=high,
        low=low,
        close=close,
        base=base,
        upper_limit=_upper_limits(panel, day, base),
        change_pct=100.0 * (close / base - 1.0),
        value_krw=value,
        value_estimated=estimated,
        high_250=high_250,
        high_60=high_60,
        near_high=close / high_250,
        body_pct=100.0 * (close - open_) / open_,
        close_position=(close - low) / spread,
        body_share=(close - open_) / spread,
        period_max_close=max_close,
        period_min_close=min_close,
        period_range_pct=100.0 * (max_close - min_close) / min_close,
        period_volume_recent=recent,
        period_volume=mean_volume,
        foreign_krw=foreign,
        institution_krw=institution,
        flow_days=flow_days,
    )


def supply_window(panel: MarketPanel, row: int, day: int, flow_day: int, length: int) -> npt.NDArray[np.int64]:
    """Panel days of one symbol's supply window, oldest first: its last valid bars up to ``flow_day``, at most ``length``."""
    last = min(day, flow_day)
    return np.flatnonzero(panel.valid[row, : max(last + 1, 0)])[-length:]


def _upper_limits(panel: MarketPanel, day: int, base: FloatArray) -> FloatArray:
    """Upper limit of each base price; NaN where the base price, the market or the rules of the day are not known."""
    limits = np.full(base.shape, np.nan)
    rows = np.flatnonzero(np.isfinite(base) & (panel.market != Market.UNKNOWN))
    with contextlib.suppress(DataUnavailable):  # a day before the limits are kept: the test is missing, not the scan
        if len(rows):
            on = panel.days[day].astype("datetime64[D]").item()
            limits[rows] = upper_limits(base[rows], panel.market[rows], on, panel.security_type[rows])
    return limits


def _windows(
    panel: MarketPanel, day: int, tradable: Bools, n_bars: npt.NDArray[np.int32], rules: Rules
) -> tuple[FloatArray, ...]:
    """(high_250, high_60, max close, min close, recent mean volume, mean volume) of every symbol."""
    width = _width(rules)
    start = max(0, day + 1 - width)
    block = slice(start, day + 1)
    factor = np.asarray(panel.factor)
    near = max(0, start - _USUAL_HOLES)
    same_scale = (factor[:, near : day + 1] == factor[:, day : day + 1]).all(axis=1)
    plain = panel.valid[:, block].all(axis=1) & same_scale
    result = _of_slices(panel, start, day, rules)
    for column in result:
        column[~(tradable & plain)] = np.nan
    rows = np.flatnonzero(tradable & ~plain)
    # Nearly all have their bars within a little more than the window; who does not is read from the first day on.
    far = np.count_nonzero(panel.valid[rows, near : day + 1], axis=1) < np.minimum(width, n_bars[rows])
    same = same_scale[rows]
    for first, scaled, kind in ((near, False, rows[~far & same]), (near, True, rows[~far & ~same]), (0, True, rows[far])):
        for begin in range(0, len(kind), _CHUNK):
            part = kind[begin : begin + _CHUNK]
            values = _of_ranks(panel, part, first, day, scaled, n_bars[part], rules)
            for column, found in zip(result, values, strict=True):
                column[part] = found
    return result


def _width(rules: Rules) -> int:
    """Bars the longest window holds."""
    jongga = rules.jongga
    return max(jongga.high_window_bars, jongga.breakout_bars + 1, jongga.period_bars + 1)


def _of_slices(panel: MarketPanel, start: int, day: int, rules: Rules) -> tuple[FloatArray, ...]:
    """Windows of symbols that have a valid bar on every day from ``start`` and one price scale. A window not full is NaN."""
    jongga = rules.jongga
    before, rest, recent = jongga.breakout_bars, jongga.period_bars, jongga.period_recent_bars
    symbols = len(panel.tickers)
    high = np.asarray(panel.high_krw)
    highest = high[:, max(start, day + 1 - jongga.high_window_bars) : day + 1].max(axis=1).astype(np.float64)
    breakout, top, bottom, last, every = (np.full(symbols, np.nan) for _ in range(5))
    if day - before >= start:
        breakout = high[:, day - before : day].max(axis=1).astype(np.float64)
    if day - rest >= start:
        closes = np.asarray(panel.close_krw)[:, day - rest : day]
        volumes = np.asarray(panel.volume_shares)[:, day - rest : day]
        top, bottom = closes.max(axis=1).astype(np.float64), closes.min(axis=1).astype(np.float64)
        last, every = volumes[:, -recent:].sum(axis=1) / recent, volumes.sum(axis=1) / rest
    return highest, breakout, top, bottom, last, every


def _ranks(valid: Bools) -> npt.NDArray[np.int16]:
    """Number of later bars of each bar of its row, shape of ``valid``; -1 where there is no bar."""
    ranks = np.cumsum(valid[:, ::-1], axis=1, dtype=np.int16)[:, ::-1] - np.int16(1)
    ranks[~valid] = -1
    return ranks


def _last_bars(valid: Bools, length: int) -> tuple[Ints, Ints, Ints]:
    """Row, column and rank of the last ``length`` bars of every row."""
    ranks = _ranks(valid)
    line, at = np.nonzero((ranks >= 0) & (ranks < length))
    return line, at, ranks[line, at].astype(np.intp)


def _of_ranks(
    panel: MarketPanel, rows: Ints, start: int, day: int, scaled: bool, n_bars: npt.NDArray[np.int32], rules: Rules
) -> tuple[FloatArray, ...]:
    """The same windows where bars are missing or (``scaled``) prices changed scale: bars are counted back from t, rank 0."""
    jongga = rules.jongga
    before, rest, recent = jongga.breakout_bars, jongga.period_bars, jongga.period_recent_bars
    block = slice(start, day + 1)
    rank = _ranks(np.asarray(panel.valid)[rows, block])
    high = np.asarray(panel.high_krw)[rows, block]
    # The rest before t lies in the last columns, unless one of these symbols missed many days.
    resting = (rank > 0) & (rank <= rest)
    reach = int(np.argmax(resting.any(axis=0)))
    resting, rank_near, tail = resting[:, reach:], rank[:, reach:], slice(start + reach, day + 1)
    close, volume = np.asarray(panel.close_krw)[rows, tail], np.asarray(panel.volume_shares)[rows, tail]
    if scaled:
        factor = np.asarray(panel.factor)
        scale = factor[rows, day][:, np.newaxis] / factor[rows, block]
        high, close, volume = high * scale, close * scale[:, reach:], volume / scale[:, reach:]
    full = n_bars > rest
    # Side by side, oldest first, so that a sum does not depend on where the bars stood or who else was in the chunk.
    line, at = np.nonzero(resting)
    volumes = np.zeros((len(rows), rest))
    volumes[line, rest - rank_near[line, at]] = volume[line, at]

    def when(known: Bools, values: npt.NDArray[Any]) -> FloatArray:
        return np.where(known, values, np.nan)

    highest = np.where((rank >= 0) & (rank < jongga.high_window_bars), high, 0).max(axis=1).astype(np.float64)
    return (
        highest,
        when(n_bars > before, np.where((rank > 0) & (rank <= before), high, 0).max(axis=1)),
        when(full, np.where(resting, close, 0).max(axis=1)),
        when(full, np.where(resting, close, np.inf).min(axis=1)),
        when(full, volumes[:, -recent:].sum(axis=1) / recent),
        when(full, volumes.sum(axis=1) / rest),
    )


def _flows(
    panel: MarketPanel, day: int, last: int, tradable: Bools, n_bars: npt.NDArray[np.int32], length: int
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int32]]:
    """Sums of foreign and institutional net buying in won over the complete days of the window, and how many there are."""
    symbols = len(tradable)
    foreign, institution = (np.full((symbols, length), np.nan) for _ in range(2))
    valid, f, i = np.asarray(panel.valid), np.asarray(panel.foreign_krw), np.asarray(panel.institution_krw)
    holes = tradable if last >= 0 else np.zeros_like(tradable)
    if last + 1 >= length:
        block = slice(last + 1 - length, last + 1)
        full = tradable & valid[:, block].all(axis=1)
        foreign[full], institution[full] = f[full, block], i[full, block]
        holes = tradable & ~full
    near = max(0, last + 1 - length - _USUAL_HOLES)
    rows = np.flatnonzero(holes)
    far = np.count_nonzero(valid[rows, near : last + 1], axis=1) < np.minimum(length, n_bars[rows] - (last < day))
    for first, part in ((near, rows[~far]), (0, rows[far])):
        line, at, back = _last_bars(valid[part, first : last + 1], length)
        place = (part[line], length - 1 - back)
        foreign[place], institution[place] = f[part[line], first + at], i[part[line], first + at]
    # A day on which one of the two is missing is a missing day (App. C, §2.10).
    complete = np.isfinite(foreign) & np.isfinite(institution)
    days_known = np.count_nonzero(complete, axis=1).astype(np.int32)
    some = days_known > 0
    foreign_sum, institution_sum = (
        np.where(some, np.where(complete, flow, 0.0).sum(axis=1), np.nan) for flow in (foreign, institution)
    )
    return foreign_sum, institution_sum, days_known
