"""From days to bars: evidence and patterns speak of days, a chart draws day, week, month or minute bars."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.chart import ChartSeries

__all__ = ["BarIndex"]

_DAY_S = 86_400


class BarIndex:
    """Finds the bars of days in one series.

    A week's or month's bar carries its last trading day, so the bar of a day is the first one that does not end before it.
    A day of a minute series has many bars.
    """

    def __init__(self, series: ChartSeries) -> None:
        seconds = series.time.astype("datetime64[s]").astype(np.int64)
        self.days: npt.NDArray[np.int64] = seconds // _DAY_S
        self._intraday = series.timeframe.is_intraday

    def bar(self, day: int) -> int | None:
        """Bar a day falls into (the first one of the day for minutes); None before the first and after the last bar."""
        position = int(np.searchsorted(self.days, day, side="left"))
        if position >= len(self.days) or (position == 0 and day < self.days[0] and not self._holds_first(day)):
            return None
        return position

    def _holds_first(self, day: int) -> bool:
        """Whether a day before the first bar's day can still belong to it (a week or month that ends on it)."""
        return False if self._intraday or len(self.days) < 2 else self.days[0] - day < self._period()

    def _period(self) -> int:
        """Shortest distance of two bars in days: 1 for days, about 5 for weeks, 28 for months."""
        return int(np.diff(self.days[: min(len(self.days), 40)]).min())

    def span(self, first_day: int, last_day: int) -> tuple[int, int] | None:
        """Bars (first, last, both included) that hold any of the days; None if none is in the series.

        Days before the first bar begin at the first bar, days after the last bar end at the last.
        """
        if not len(self.days) or last_day < first_day:
            return None
        first = int(np.searchsorted(self.days, first_day, side="left"))
        if self._intraday:
            last = int(np.searchsorted(self.days, last_day, side="right")) - 1
        else:
            last = min(int(np.searchsorted(self.days, last_day, side="left")), len(self.days) - 1)
            if last_day < self.days[0] and self.bar(last_day) is None:
                return None
        return (first, last) if first <= last and first < len(self.days) else None
