"""From days to bars: evidence and patterns speak of days, a chart draws day, week, month or minute bars."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.chart import ChartSeries, Timeframe

__all__ = ["BarIndex"]

_DAY_S = 86_400


class BarIndex:
    """Finds the bars of days in one series.

    A week's or month's bar holds every day of that week or month; a day of a minute series has many bars.
    """

    def __init__(self, series: ChartSeries) -> None:
        seconds = series.time.astype("datetime64[s]").astype(np.int64)
        self._timeframe = series.timeframe
        self._periods = self._period(seconds // _DAY_S)

    def _period(self, days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Number of the day, week (Monday to Sunday) or month of each day; ascending with time."""
        if self._timeframe is Timeframe.WEEK:
            return (days + 3) // 7  # 1970-01-01 was a Thursday
        if self._timeframe is Timeframe.MONTH:
            return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return days

    def bar(self, day: int) -> int | None:
        """First bar that holds a day; None where no bar does."""
        found = self.span(day, day)
        return found[0] if found is not None else None

    def span(self, first_day: int, last_day: int) -> tuple[int, int] | None:
        """Bars (first, last, both included) that hold any of the days; None if none does."""
        begin, end = self._period(np.array([first_day, last_day], dtype=np.int64)).tolist()
        first = int(np.searchsorted(self._periods, begin, side="left"))
        last = int(np.searchsorted(self._periods, end, side="right")) - 1
        return (first, last) if first <= last else None
