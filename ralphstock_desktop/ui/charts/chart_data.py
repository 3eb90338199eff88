"""A series prepared for drawing: merged levels, day look-up, time axis, and the last bar that may still change.

Closed bars are read from the series' own arrays and never copied; only the last bar has values of its own here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.model.chart import ChartSeries
from engine.model.panel import FloatArray
from ralphstock_desktop.ui.charts.axis_ticks import TimeTicks
from ralphstock_desktop.ui.charts.bar_index import BarIndex
from ralphstock_desktop.ui.charts.levels import Pyramid, group_size

__all__ = ["FLOWS", "ChartData", "Columns", "LastBar"]

FLOWS: tuple[tuple[str, str], ...] = (
    ("foreign", "category-2"),
    ("institution", "category-1"),
    ("pension", "category-4"),
)
"""Investors of the flow panes with their colours."""

_KEPT_PICKS = 20_000
IndexArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LastBar:
    """The newest bar; won and shares, NaN where missing."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    value: float


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """Bars merged to columns of the picture.

    Attributes
    ----------
    centre : float64 array, shape (columns,)
        Bar coordinate of the middle of each column.
    ends : int64 array
        Last bar of each column.
    open, high, low, close, volume : float64 arrays
        First, highest, lowest, last, largest of the bars in it.
    """

    size: int
    first: int
    last: int
    centre: FloatArray
    ends: IndexArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


class ChartData:
    """See the module text. ``len()`` is the number of bars."""

    def __init__(self, series: ChartSeries) -> None:
        self.series = series
        self.count = len(series)
        self._high = Pyramid(series.high, "max")
        self._low = Pyramid(series.low, "min")
        self._volume = Pyramid(series.volume_shares, "max")
        self._flows: dict[str, tuple[Pyramid, Pyramid]] = {}
        self._sums: dict[int, float] = {}
        self._picks: dict[tuple[int, bool], FloatArray] = {}
        self._pick_size = 0
        self._vwap_before = (0.0, 0.0)
        """Value and volume of the newest day before its newest bar."""
        self.last = self._stored_last()
        self.last_averages: dict[int, float] = {
            length: float(values[-1]) if len(values) else math.nan for length, values in series.averages.items()
        }

    def __len__(self) -> int:
        return self.count

    def _stored_last(self) -> LastBar:
        series = self.series
        if not self.count:
            return LastBar(*(math.nan,) * 6)
        columns = (series.open, series.high, series.low, series.close, series.volume_shares, series.value_krw)
        return LastBar(*(float(column[-1]) for column in columns))

    @cached_property
    def ticks(self) -> TimeTicks:
        """Beginnings of months, days and hours."""
        return TimeTicks(self.series)

    @cached_property
    def index(self) -> BarIndex:
        """Look-up from days to bars."""
        return BarIndex(self.series)

    def day(self, bar: int) -> date:
        """Trading day of a bar."""
        moment: date = self.series.time[bar].astype("datetime64[D]").item()
        return moment

    # -- the last bar ---------------------------------------------------------------------------------------------------

    def set_last(self, last: LastBar) -> None:
        """Replace the newest bar's values and what follows from them (the averages' last points)."""
        self.last = last
        close = self.series.close
        for length in self.series.averages:
            if self.count >= length:
                if length not in self._sums:
                    self._sums[length] = float(close[self.count - length : self.count - 1].sum())
                self.last_averages[length] = (self._sums[length] + last.close) / length

    @cached_property
    def vwap(self) -> FloatArray | None:
        """Volume-weighted average price since the beginning of each day, per minute bar; None for other bars.

        A bar without a published value counts with its typical price.
        """
        series = self.series
        if not series.timeframe.is_intraday or not self.count:
            return None
        volume = np.nan_to_num(series.volume_shares)
        typical = (series.high + series.low + series.close) / 3.0
        value = np.nan_to_num(np.where(np.isnan(series.value_krw), typical * volume, series.value_krw))
        days = series.time.astype("datetime64[D]").astype(np.int64)
        starts = np.flatnonzero(np.concatenate(([True], days[1:] != days[:-1])))
        length = np.diff(np.concatenate((starts, [self.count])))
        sums = []
        for column in (value, volume):
            running = np.cumsum(column)
            before = np.repeat(running[starts] - column[starts], length)
            sums.append(running - before)
        self._vwap_before = (
            float(sums[0][-1] - value[-1]),
            float(sums[1][-1] - volume[-1]),
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(sums[1] > 0, sums[0] / sums[1], np.nan)

    @property
    def vwap_last(self) -> float:
        """The same at the newest bar as it is now; NaN for other bars."""
        if self.vwap is None:
            return math.nan
        last, (value, volume) = self.last, self._vwap_before
        if math.isnan(last.close) or not last.volume > 0:
            return value / volume if volume > 0 else math.nan
        added = (last.high + last.low + last.close) / 3.0 * last.volume if math.isnan(last.value) else last.value
        return (value + added) / (volume + last.volume)

    def bar(self, number: int) -> LastBar:
        """Values of any bar."""
        if number == self.count - 1:
            return self.last
        s = self.series
        columns = (s.open, s.high, s.low, s.close, s.volume_shares, s.value_krw)
        return LastBar(*(float(column[number]) for column in columns))

    def base_price(self, number: int) -> float:
        """Price the change of a bar is measured against; NaN if unknown."""
        base = float(self.series.base[number])
        return float(self.series.close[number - 1]) if math.isnan(base) and number else base

    def change_pct(self, number: int) -> float:
        """Change of a bar in percent; NaN where its base price is unknown."""
        base = self.base_price(number)
        return (self.bar(number).close / base - 1) * 100 if base > 0 else math.nan

    # -- merged columns -------------------------------------------------------------------------------------------------

    def columns(self, first: int, last: int, step: float) -> Columns:
        """Closed bars in sight (the column that holds the last bar left out), merged so that a column is ≥ 1 px wide."""
        size = group_size(1.0 / step) if step > 0 else 1
        end = min(last, self.open_column_start(size))
        begin = first // size * size
        end = max(-(-end // size) * size, begin) if size > 1 else max(end, begin)
        starts = np.arange(begin, end, size)
        ends = np.minimum(starts + size, self.count) - 1
        s = self.series
        return Columns(
            size=size,
            first=begin,
            last=end,
            centre=starts.astype(np.float64) + (size - 1) / 2,
            ends=ends,
            open=self._picked(s.open, begin, end, size, at_end=False),
            high=self._high.groups(begin, end, size),
            low=self._low.groups(begin, end, size),
            close=self._picked(s.close, begin, end, size, at_end=True),
            volume=self._volume.groups(begin, end, size),
        )

    def at_ends(self, values: FloatArray, columns: Columns) -> FloatArray:
        """Values at the last bar of each of the closed columns."""
        return self._picked(values, columns.first, columns.last, columns.size, at_end=True)

    def _picked(self, values: FloatArray, begin: int, end: int, size: int, *, at_end: bool) -> FloatArray:
        """One value per closed column; picks of one column size are kept, because far bars are slow to reach one by one."""
        if size == 1:
            return values[begin:end]
        if self.count // size > _KEPT_PICKS:
            return values[begin + (size - 1) * at_end : end : size]
        if self._pick_size != size:
            self._picks.clear()
            self._pick_size = size
        key = (id(values), at_end)
        if key not in self._picks:
            self._picks[key] = np.ascontiguousarray(values[(size - 1) * at_end :: size])
        return self._picks[key][begin // size : end // size]

    @cached_property
    def highest(self) -> float:
        """Highest price of the closed bars; NaN where there is none."""
        return self._high.over(0, self.count - 1)

    def column_starts(self, first: int, last: int, size: int) -> IndexArray:
        """First bars of all columns that hold bars ``first`` … ``last`` - 1, the newest bar's column too."""
        return np.arange(first // size * size, last, size)

    def open_column_start(self, size: int) -> int:
        """First bar of the column that holds the newest bar."""
        return max(self.count - 1, 0) // size * size

    def last_column(self, size: int) -> Columns | None:
        """The column with the newest bar; None without bars."""
        if not self.count:
            return None
        begin, end, last, s = self.open_column_start(size), self.count - 1, self.last, self.series
        closed = slice(begin, end)
        return Columns(
            size=size,
            first=begin,
            last=self.count,
            centre=np.array([begin + (size - 1) / 2]),
            ends=np.array([end]),
            open=np.array([s.open[begin] if end > begin else last.open]),
            high=np.array([np.fmax.reduce(s.high[closed], initial=last.high)]),
            low=np.array([np.fmin.reduce(s.low[closed], initial=last.low)]),
            close=np.array([last.close]),
            volume=np.array([np.fmax.reduce(s.volume_shares[closed], initial=last.volume)]),
        )

    # -- ranges ---------------------------------------------------------------------------------------------------------

    def price_range(self, first: int, last: int) -> tuple[float, float]:
        """Lowest low and highest high of bars ``first`` … ``last`` - 1; NaN where there is none."""
        closed = min(last, self.count - 1)
        low, high = self._low.over(first, closed), self._high.over(first, closed)
        if last == self.count and first < self.count:
            low, high = float(np.fmin(low, self.last.low)), float(np.fmax(high, self.last.high))
        return low, high

    # -- investor flows -------------------------------------------------------------------------------------------------

    def flow(self, name: str) -> FloatArray:
        """Net buying per bar in won, NaN where there is no record."""
        column: FloatArray = getattr(self.series, f"{name}_krw")
        return column

    @cached_property
    def has_flows(self) -> bool:
        """Whether any bar has a record of foreigners or institutions."""
        return not (np.isnan(self.series.foreign_krw).all() and np.isnan(self.series.institution_krw).all())

    def flow_columns(self, name: str, first: int, last: int, size: int) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest net buying of each column."""
        if name not in self._flows:
            column = self.flow(name)
            self._flows[name] = (Pyramid(column, "min"), Pyramid(column, "max"))
        low, high = self._flows[name]
        return low.groups(first, last, size), high.groups(first, last, size)

    @cached_property
    def _running(self) -> dict[str, FloatArray]:
        return {name: np.concatenate(([0.0], np.nancumsum(self.flow(name)))) for name, _ in FLOWS}

    def cumulative(self, name: str, first: int, bars: IndexArray) -> FloatArray:
        """Net buying summed from bar ``first`` to each of ``bars``; NaN where that bar has no record."""
        running = self._running[name]
        return np.where(np.isnan(self.flow(name)[bars]), np.nan, running[bars + 1] - running[first])

    @cached_property
    def missing_flow(self) -> IndexArray:
        """Runs of bars without any flow record: rows (first, last), both included; shape (runs, 2)."""
        missing = np.isnan(self.series.foreign_krw) & np.isnan(self.series.institution_krw)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(np.int8)))
        runs = edges.reshape(-1, 2)
        return np.column_stack((runs[:, 0], runs[:, 1] - 1))
