"""What the demo market is made of: seed, size and trading days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import ValidationFailed

__all__ = ["SOURCE", "SimulationSpec"]

SOURCE = "simulated"
"""Source written on every simulated row."""

_MIN_DAYS = 320
_MIN_SYMBOLS = 600


@dataclass(frozen=True, eq=False)
class SimulationSpec:
    """One demo market.

    Attributes
    ----------
    days : datetime64[D] array, shape (days,)
        Trading days, ascending.
    seed : int
        Equal seeds, sizes and days give equal markets.
    symbols : int
        Issues of all kinds.
    flow_days : int
        Last days with investor flows; vendors do not give them for all history.
    news_days, minute_days : int
        Last days with headlines and with one-minute bars.
    minute_symbols : int
        Planted issues with one-minute bars, beside the leaders of those days.
    """

    days: npt.NDArray[np.datetime64]
    seed: int = 20_240_704
    symbols: int = 2_600
    flow_days: int = 120
    news_days: int = 60
    minute_days: int = 5
    minute_symbols: int = 24

    def __post_init__(self) -> None:
        if len(self.days) < _MIN_DAYS or self.symbols < _MIN_SYMBOLS:
            raise ValidationFailed(
                f"A demo market needs at least {_MIN_DAYS} days and {_MIN_SYMBOLS} symbols; "
                f"{len(self.days)} and {self.symbols} were given.",
                key="error.simulated.size",
                days=len(self.days),
                symbols=self.symbols,
            )

    @classmethod
    def ending_before(
        cls, day: date, calendar: TradingCalendar, *, day_count: int = 610, seed: int = 20_240_704, symbols: int = 2_600
    ) -> SimulationSpec:
        """Build the market whose last day is the last trading day before ``day``."""
        last = calendar.previous(day)
        return cls(calendar.between(calendar.offset(last, 1 - day_count), last), seed, symbols)

    @property
    def identity(self) -> str:
        """Short text that is equal for equal markets; used as the panel's version."""
        return f"simulated-{self.seed}-{self.symbols}x{len(self.days)}-{self.days[-1]}-r3"
