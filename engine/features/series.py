"""Chart bars of one symbol from the panel: days, weeks and months, raw or adjusted, with averages."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.panel import FloatArray, MarketPanel

__all__ = ["AVERAGE_LENGTHS", "SessionBar", "day_series", "moving_average", "with_session_bar"]

AVERAGE_LENGTHS = (5, 20, 50, 150, 200)
"""Lengths of the moving averages a chart carries, in bars."""


def moving_average(close: FloatArray, length: int) -> FloatArray:
    """Mean of the last ``length`` closes at each bar; NaN before that many bars exist. Shape as ``close``."""
    result = np.full(close.shape, np.nan)
    if len(close) >= length:
        windows = np.lib.stride_tricks.sliding_window_view(close, length)
        result[length - 1 :] = windows.mean(axis=1)
    return result


def day_series(
    panel: MarketPanel, row: int, day_index: int, timeframe: Timeframe, *, adjusted: bool, flow_day_index: int | None = None
) -> ChartSeries:
    """Return the valid bars of one symbol up to a day.

    Parameters
    ----------
    row, day_index : int
        Symbol and last day, as panel indices. Nothing after ``day_index`` is read.
    timeframe : Timeframe
        DAY, WEEK (Monday to Sunday) or MONTH. A week's bar carries its last trading day as time.
    adjusted : bool
        Prices in the scale of the day ``day_index`` and volumes divided accordingly (domain.md §1.8); otherwise as traded.
    flow_day_index : int | None
        Last day whose confirmed flows were known; later flows are NaN. None means ``day_index``.

    Raises
    ------
    ValidationFailed
        If the time frame is shorter than a day.
    DataUnavailable
        If the symbol has no valid bar up to that day.
    """
    if timeframe.is_intraday:
        raise ValidationFailed(
            f"Daily data hold no '{timeframe.value}' bars: D, W or M is expected.", key="error.timeframe", value=timeframe.value
        )
    end = day_index + 1
    bars = np.flatnonzero(panel.valid[row, :end])
    ticker = str(panel.tickers[row])
    if not len(bars):
        raise DataUnavailable(f"{ticker} has no valid daily bar up to this day.", key="error.no_bars", ticker=ticker)
    scale = np.ones(len(bars))
    if adjusted:
        scale = panel.factor[row, day_index] / panel.factor[row, bars]
    value, estimated = panel.traded_value(row)
    flow_end = day_index if flow_day_index is None else flow_day_index
    unknown_flow = bars > flow_end
    flows = []
    for array in (panel.foreign_krw, panel.institution_krw, panel.pension_krw):
        column = np.array(array[row, bars], dtype=np.float64)
        column[unknown_flow] = np.nan
        flows.append(column)
    open_, high, low, close = (
        np.asarray(array[row, bars] * scale, dtype=np.float64)
        for array in (panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw)
    )
    base = np.asarray(panel.base_krw[row, bars] * scale, dtype=np.float64)
    days = panel.days[bars].astype("datetime64[D]")
    columns = (open_, high, low, close, panel.volume_shares[row, bars] / scale, value[bars], estimated[bars], base, *flows)
    if timeframe is not Timeframe.DAY:
        days, columns = _group(days, columns, timeframe)
    open_, high, low, close, volume, value, estimated, base, foreign, institution, pension = columns
    return ChartSeries(
        ticker=ticker,
        name=str(panel.names[row]),
        name_en=str(panel.names_en[row]),
        market=int(panel.market[row]),
        timeframe=timeframe,
        adjusted=adjusted,
        simulated=panel.simulated,
        time=days.astype("datetime64[s]"),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume_shares=volume,
        value_krw=value,
        value_estimated=estimated,
        base=base,
        foreign_krw=foreign,
        institution_krw=institution,
        pension_krw=pension,
        averages={length: moving_average(close, length) for length in AVERAGE_LENGTHS},
        source="KRX",
    )


@dataclass(frozen=True, slots=True)
class SessionBar:
    """The daily bar of a session that is going on, as far as its trades are known. Won as traded; NaN value where unknown."""

    day_index: int
    open: float
    high: float
    low: float
    close: float
    volume_shares: float
    value_krw: float


def with_session_bar(panel: MarketPanel, row: int, series: ChartSeries, bar: SessionBar) -> ChartSeries:
    """Return day bars with the forming one of ``bar.day_index`` at their end.

    Adjusted prices come into the scale of that day: a corporate action is known from its announcement, so before the open.
    Flows of the day are not known yet.
    """
    day = panel.days[bar.day_index].astype("datetime64[D]")
    if series.timeframe is not Timeframe.DAY or not len(series) or series.time[-1] >= day.astype("datetime64[s]"):
        return series
    ratio = 1.0
    if series.adjusted:
        last = panel.day_index(series.time[-1].astype("datetime64[D]"))
        ratio = float(panel.factor[row, bar.day_index] / panel.factor[row, last])

    def joined(values: FloatArray, last: float, scale: float = 1.0) -> FloatArray:
        return np.append(values * scale, last)

    close = joined(series.close, bar.close, ratio)
    missing = float("nan")
    return replace(
        series,
        time=np.append(series.time, day.astype("datetime64[s]")),
        open=joined(series.open, bar.open, ratio),
        high=joined(series.high, bar.high, ratio),
        low=joined(series.low, bar.low, ratio),
        close=close,
        volume_shares=joined(series.volume_shares, bar.volume_shares, 1.0 / ratio),
        value_krw=joined(series.value_krw, bar.value_krw),
        value_estimated=np.append(series.value_estimated, False),
        base=joined(series.base, float(panel.base_krw[row, bar.day_index]), ratio),
        foreign_krw=joined(series.foreign_krw, missing),
        institution_krw=joined(series.institution_krw, missing),
        pension_krw=joined(series.pension_krw, missing),
        averages={length: moving_average(close, length) for length in AVERAGE_LENGTHS},
    )


def _group(
    days: npt.NDArray[np.datetime64], columns: tuple[npt.NDArray[np.generic], ...], timeframe: Timeframe
) -> tuple[npt.NDArray[np.datetime64], tuple[npt.NDArray[np.generic], ...]]:
    """Join daily columns (as ordered in :func:`day_series`) to weeks or months."""
    weeks = (days.astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday; +3 lets weeks begin on Monday
    period = weeks if timeframe is Timeframe.WEEK else days.astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], period[1:] != period[:-1])))
    ends = np.concatenate((starts[1:], [len(days)])) - 1
    open_, high, low, close, volume, value, estimated, base, *flows = columns
    return days[ends], (
        open_[starts],
        np.maximum.reduceat(high, starts),
        np.minimum.reduceat(low, starts),
        close[ends],
        np.add.reduceat(volume, starts),
        _sum_known(value, starts),
        np.logical_or.reduceat(estimated, starts),
        base[starts],
        *(_sum_known(flow, starts) for flow in flows),
    )


def _sum_known(values: npt.NDArray[np.generic], starts: npt.NDArray[np.intp]) -> FloatArray:
    """Sum runs of a column; a run with a missing day is missing, because a partial sum would look whole."""
    return np.asarray(np.add.reduceat(values, starts), dtype=np.float64)
