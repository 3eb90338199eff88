"""One-minute rows as arrays and their summary into 1, 5, 15 and 60 minute bars (exchange time, labelled by their start)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.chart import Timeframe
from engine.model.errors import ValidationFailed
from engine.model.panel import FloatArray

__all__ = ["KST_NS", "NS_PER_DAY", "NS_PER_MINUTE", "MinuteRows", "resampled"]

NS_PER_MINUTE = 60_000_000_000
NS_PER_DAY = 1_440 * NS_PER_MINUTE
KST_NS = 9 * 60 * NS_PER_MINUTE
_LENGTH = {Timeframe.MIN_1: 1, Timeframe.MIN_5: 5, Timeframe.MIN_15: 15, Timeframe.MIN_60: 60}


@dataclass(frozen=True, eq=False)
class MinuteRows:
    """Minute bars of one symbol, ascending. ``start_ns`` is the UTC instant of each bar's start; NaN where missing."""

    start_ns: npt.NDArray[np.int64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume_shares: FloatArray
    value_krw: FloatArray

    def __len__(self) -> int:
        return len(self.start_ns)

    @property
    def day_ordinals(self) -> npt.NDArray[np.int64]:
        """Korean calendar day of each bar, as days since 1970."""
        return (self.start_ns + KST_NS) // NS_PER_DAY

    def take(self, chosen: npt.NDArray[np.bool_]) -> MinuteRows:
        """The chosen bars."""
        return MinuteRows(
            self.start_ns[chosen],
            self.open[chosen],
            self.high[chosen],
            self.low[chosen],
            self.close[chosen],
            self.volume_shares[chosen],
            self.value_krw[chosen],
        )

    def consistent(self) -> MinuteRows:
        """Only bars whose four prices are positive and fit each other."""
        with np.errstate(invalid="ignore"):
            fits = (
                (self.low > 0)
                & (self.low <= np.minimum(self.open, self.close))
                & (self.high >= np.maximum(self.open, self.close))
            )
        return self.take(np.asarray(fits & np.isfinite(self.high)))


def resampled(rows: MinuteRows, timeframe: Timeframe) -> MinuteRows:
    """Summarise minute bars; a bar holds the minutes from its start to the next multiple of its length.

    The closing auction's 15:30 minute is its own bar at 5 and 15 minutes and part of the 15:00 bar at 60. A sum of volumes or
    values is NaN if one of them is missing: a part is never shown as the whole.

    Raises
    ------
    ValidationFailed
        If the time frame is a day or longer.
    """
    length = _LENGTH.get(timeframe)
    if length is None:
        raise ValidationFailed(
            f"Minute data hold no '{timeframe.value}' bars: 1m, 5m, 15m or 60m is expected.",
            key="error.timeframe",
            value=timeframe.value,
        )
    if length == 1 or not len(rows):
        return rows
    local = rows.start_ns + KST_NS
    bucket = local - local % (length * NS_PER_MINUTE)
    begin = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]])
    end = np.r_[begin[1:], len(rows)] - 1
    return MinuteRows(
        start_ns=bucket[begin] - KST_NS,
        open=rows.open[begin],
        high=np.maximum.reduceat(rows.high, begin),
        low=np.minimum.reduceat(rows.low, begin),
        close=rows.close[end],
        volume_shares=np.add.reduceat(rows.volume_shares, begin),
        value_krw=np.add.reduceat(rows.value_krw, begin),
    )
