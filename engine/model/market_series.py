"""Market-wide daily series beside the panel of stocks: indices, exchange rate, net buying of the whole market."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray

__all__ = ["DaySeries", "FlowSeries", "MarketSeries"]


@dataclass(frozen=True, eq=False)
class DaySeries:
    """Daily levels of one index or exchange rate, ascending by day; NaN where a number is missing.

    ``days`` are the series' own days: an exchange rate has some on which the stock market is closed.
    """

    code: str
    days: npt.NDArray[np.datetime64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray

    def until(self, day: Any) -> int:
        """How many days are not after ``day`` (a date or datetime64)."""
        return int(np.searchsorted(self.days, np.datetime64(day, "D"), side="right"))


@dataclass(frozen=True, eq=False)
class FlowSeries:
    """Confirmed net buying of one investor group in one market, in won, ascending by day."""

    days: npt.NDArray[np.datetime64]
    net_krw: FloatArray


@dataclass(frozen=True, eq=False)
class MarketSeries:
    """What the Market Gate reads beside the panel. None where nothing is stored.

    ``version`` changes with the contents.
    """

    kospi: DaySeries | None
    kosdaq: DaySeries | None
    usd_krw: DaySeries | None
    kospi_foreign: FlowSeries | None
    version: str

    def index_of(self, market: int) -> DaySeries | None:
        """The index of a market (a value of ``Market``)."""
        return {1: self.kospi, 2: self.kosdaq}.get(market)
