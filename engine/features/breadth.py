"""Who belongs to the market on a day, and how many of them stand above their average (domain.md §§1.3, 5.1; App. C §5.1).

All measures walk over *valid bars*: the valid bars of a symbol are packed to the left of an array, windows are taken there, and
the results are put back on their days. Prices are adjusted with the running factor, so the average of day t depends on nothing
after t. Windows are summed oldest first whatever is asked for, so that one day alone and a history give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.panel import FloatArray, MarketPanel
from engine.scoring.rounding import at_least, more_than
from engine.thresholds import Rules

__all__ = ["breadth_days", "day_trade_universe", "rolling_mean", "rolling_sum", "vcp_universe"]

Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.int64]

_NO_TRADING = int(DesignationFlag.HALT | DesignationFlag.CLEANUP | DesignationFlag.ADMIN | DesignationFlag.CAUTION_ISSUE)
_ALERTS = int(DesignationFlag.WARNING | DesignationFlag.DANGER | DesignationFlag.OVERHEAT)
_MARGIN_DAYS = 20
"""Extra days read before a window; symbols halted for longer are measured over their whole history."""


def rolling_sum(values: FloatArray, length: int) -> FloatArray:
    """Sum of the last ``length`` values along the last axis, oldest first; NaN before that many exist. Shape as given."""
    result = np.full(values.shape, np.nan)
    count = values.shape[-1] - length + 1
    if count > 0:
        total = values[..., :count].astype(np.float64)
        for shift in range(1, length):
            total += values[..., shift : shift + count]
        result[..., length - 1 :] = total
    return result


def rolling_mean(values: FloatArray, length: int) -> FloatArray:
    """Mean of the last ``length`` values along the last axis; NaN before that many exist. Shape as given."""
    return rolling_sum(values, length) / length


def breadth_days(
    panel: MarketPanel, rules: Rules, days: Sequence[int] | Days
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count the eligible stocks with a known average, and those whose close is above it.

    Parameters
    ----------
    days : sequence of int
        Panel days, any order; nothing after each is read for it.

    Returns
    -------
    known, above : int64 arrays, shape (days,)
        VCP-eligible stocks with ``gate.breadth_bars`` valid bars, and those of them with C > MA (adjusted). ``known`` is 0
        where nothing can be said.

    Notes
    -----
    Eligible means what the VCP scan calls eligible on that day (domain.md §1.3, VCP column, its minimum of bars included).
    """
    wanted = np.asarray(days, dtype=np.int64)
    if not len(wanted):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    bars = rules.gate.breadth_bars
    eligible, above = _measured(panel, wanted, rules.universe.mean_value_bars, bars, rules, day_trade=False)
    return eligible.sum(axis=0, dtype=np.int64), (eligible & above).sum(axis=0, dtype=np.int64)


def vcp_universe(panel: MarketPanel, rules: Rules, days: Sequence[int] | Days) -> Bools:
    """Whether each symbol is eligible for the VCP scan on each of ``days`` (domain.md §1.3), shape (symbols, days)."""
    wanted = np.asarray(days, dtype=np.int64)
    return _measured(panel, wanted, rules.universe.mean_value_bars, 1, rules, day_trade=False)[0]


def day_trade_universe(panel: MarketPanel, rules: Rules, days: Sequence[int] | Days) -> Bools:
    """Whether each symbol is eligible for day trading at the close of ``days`` (domain.md §1.3), shape (symbols, days)."""
    wanted = np.asarray(days, dtype=np.int64)
    return _measured(panel, wanted, rules.daytrading.mean_value_bars, 1, rules, day_trade=True)[0]


def _measured(
    panel: MarketPanel, days: Days, value_bars: int, average_bars: int, rules: Rules, *, day_trade: bool
) -> tuple[Bools, Bools]:
    """Eligibility (with ``average_bars`` valid bars) and C > MA, each of shape (symbols, days)."""
    symbols = panel.shape[0]
    first, last = int(days.min()), int(days.max())
    need = max(value_bars, average_bars)
    low = max(0, first - need - _MARGIN_DAYS)
    rows = np.arange(symbols)
    bars_before = np.count_nonzero(panel.valid[:, :low], axis=1)
    mean_value, above, bars = _windows(panel, rows, low, last + 1, days - low, value_bars, average_bars)
    # A symbol halted for weeks may have its window further back than was read.
    short = rows[(bars_before > 0) & (bars.min(axis=1) < need)]
    if low > 0 and len(short):
        mean_value[short], above[short], _ = _windows(panel, short, 0, last + 1, days, value_bars, average_bars)
    bars = bars + bars_before[:, np.newaxis]

    limits = rules.daytrading if day_trade else rules.universe
    forbidden = _NO_TRADING | (_ALERTS if day_trade else 0)
    listed = ((panel.market == Market.KOSPI) | (panel.market == Market.KOSDAQ)) & (panel.security_type == SecurityType.COMMON)
    eligible = (
        listed[:, np.newaxis]
        & panel.valid[:, days]
        & ((panel.designation[:, days] & forbidden) == 0)
        & at_least(panel.close_krw[:, days].astype(np.float64), limits.min_close_krw)
        & at_least(mean_value, limits.min_mean_value_krw)
        & (bars >= max(limits.min_bars, average_bars))
    )
    return eligible, above


def _windows(
    panel: MarketPanel, rows: npt.NDArray[np.intp], low: int, high: int, days: Days, value_bars: int, average_bars: int
) -> tuple[FloatArray, Bools, npt.NDArray[np.int64]]:
    """Mean traded value, C > MA and the count of valid bars of ``rows`` on ``days`` (counted from ``low``)."""
    everything = len(rows) == panel.shape[0]

    def cut(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        piece = array[:, low:high]
        return np.asarray(piece) if everything else np.asarray(piece[rows])

    valid = cut(panel.valid)
    count = np.cumsum(valid, axis=1, dtype=np.int64)
    width = int(count[:, -1].max(initial=0)) or 1
    at_row, at_day = np.nonzero(valid)
    slot = count[at_row, at_day] - 1
    shape = (len(rows), width)

    close, factor = cut(panel.close_krw)[at_row, at_day].astype(np.float64), cut(panel.factor)[at_row, at_day]
    packed_close = np.full(shape, np.nan)
    packed_close[at_row, slot] = close / factor  # one scale for all days; brought to the as-of day's by its factor below
    packed_factor = np.ones(shape)
    packed_factor[at_row, slot] = factor
    average = rolling_mean(packed_close, average_bars) * packed_factor
    packed_above = more_than(packed_close * packed_factor, average)

    value = cut(panel.value_krw)[at_row, at_day].astype(np.float64)
    unpublished = np.isnan(value)
    if unpublished.any():
        r, d = at_row[unpublished], at_day[unpublished]
        prices = (panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw)
        typical = sum((cut(price)[r, d].astype(np.float64) for price in prices), np.zeros(len(r))) * 0.25
        value[unpublished] = typical * cut(panel.volume_shares)[r, d]
    packed_value = np.full(shape, np.nan)
    packed_value[at_row, slot] = value
    mean_value = rolling_mean(packed_value, value_bars)

    bars = count[:, days]
    last_bar = np.maximum(bars - 1, 0)
    has_bar = bars > 0
    return (
        np.where(has_bar, np.take_along_axis(mean_value, last_bar, axis=1), np.nan),
        np.where(has_bar, np.take_along_axis(packed_above, last_bar, axis=1), False),
        bars,
    )
