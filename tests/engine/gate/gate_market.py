"""A small market for gate tests: stocks that stand above or below their average, and series written by hand.

Unless a test says otherwise everything is as good as it can be on ``DAY`` (a Tuesday): each part can be made worse alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from engine.model.gate import GateReading
from engine.model.instants import AsOf
from engine.model.instruments import Market, SecurityType
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.scoring.gate import LiveLevels, read_gate
from engine.thresholds import DEFAULT_RULES, Rules

DAY = date(2026, 6, 30)
EOK = 100_000_000


def weekdays(last: date, count: int) -> np.ndarray:
    """``count`` weekdays that end with ``last``."""
    days: list[date] = []
    day = last
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    return np.array(days[::-1], dtype="datetime64[D]")


def stocks(above: int, below: int, bars: int = 60, last: date = DAY) -> MarketPanel:
    """Flat at 10,000 won; on the last day 10,100 (above: MA20 = 10,005) or 9,900 (below: MA20 = 9,995). 100억 a day."""
    count = above + below
    close = np.full((count, bars), 10_000)
    close[:above, -1] = 10_100
    close[above:, -1] = 9_900
    return panel_of(close, last)


def panel_of(close: np.ndarray, last: date = DAY) -> MarketPanel:
    """Bars with O = H = L = C; 1,000,000 shares, published value 100억, no flows, base price = close before."""
    count, bars = close.shape
    arrays = {name: np.zeros(close.shape, dtype=kind) for name, kind in ARRAY_FIELDS.items()}
    for name in ("open_krw", "high_krw", "low_krw", "close_krw"):
        arrays[name][...] = close
    arrays["volume_shares"][...] = 1_000_000
    arrays["value_krw"][...] = 100.0 * EOK
    arrays["factor"][...] = 1.0
    arrays["present"][...] = arrays["valid"][...] = True
    for name in ("foreign_krw", "institution_krw", "pension_krw", "foreign_shares", "institution_shares", "base_krw"):
        arrays[name][...] = math.nan
    arrays["base_krw"][:, 1:] = close[:, :-1]
    tickers = [f"{10 * (k + 1):06d}" for k in range(count)]
    return MarketPanel(
        days=weekdays(last, bars),
        tickers=np.array(tickers),
        names=np.array(tickers),
        names_en=np.array([""] * count),
        sectors=np.array([""] * count, dtype="<U20"),
        market=np.full(count, Market.KOSPI, dtype=np.uint8),
        security_type=np.full(count, SecurityType.COMMON, dtype=np.uint8),
        listed_on=np.full(count, np.datetime64("NaT", "D")),
        delisted_on=np.full(count, np.datetime64("NaT", "D")),
        simulated=False,
        version="gate",
        **arrays,
    )


def levels(closes: Sequence[float], code: str = "KOSPI", last: date = DAY) -> DaySeries:
    """A series of closes on the weekdays that end with ``last``."""
    close = np.array(closes, dtype=np.float64)
    return DaySeries(code, weekdays(last, len(close)), close, close, close, close)


def rising(change_pct: float = 0.0, bars: int = 260) -> list[float]:
    """One point more each day from 1,001 on, then a last day of ``change_pct``."""
    closes = [1_001.0 + k for k in range(bars - 1)]
    return [*closes, closes[-1] * (1 + change_pct / 100)]


def flows(nets: Sequence[float], last: date = DAY) -> FlowSeries:
    """Net buying in won of the weekdays that end with ``last``."""
    return FlowSeries(weekdays(last, len(nets)), np.array(nets, dtype=np.float64))


@dataclass
class Gate:
    """A gate in which all is well; set a part to None to take it away."""

    above: int = 8
    below: int = 2
    kospi: Sequence[float] | None = field(default_factory=rising)
    kosdaq: Sequence[float] | None = field(default_factory=rising)
    net: Sequence[float] | None = (1_000.0 * EOK,) * 6
    fx: Sequence[float] | None = (1_400.0,) * 25
    fx_last: date = DAY
    index_last: date = DAY
    flow_last: date = DAY
    rules: Rules = DEFAULT_RULES

    @property
    def panel(self) -> MarketPanel:
        # Without an eligible stock nothing is known of the breadth: a market of one stock with too few bars.
        return stocks(self.above, self.below) if self.above + self.below else stocks(1, 0, bars=30)

    @property
    def series(self) -> MarketSeries:
        return MarketSeries(
            kospi=None if self.kospi is None else levels(self.kospi, "KOSPI", self.index_last),
            kosdaq=None if self.kosdaq is None else levels(self.kosdaq, "KOSDAQ", self.index_last),
            usd_krw=None if self.fx is None else levels(self.fx, "USDKRW", self.fx_last),
            kospi_foreign=None if self.net is None else flows(self.net, self.flow_last),
            version="gate",
        )

    def read(self, as_of: AsOf | None = None, *, circuit_breaker: bool = False, live: LiveLevels | None = None) -> GateReading:
        moment = as_of or AsOf.end_of(DAY)
        return read_gate(self.panel, self.series, moment, self.rules, circuit_breaker=circuit_breaker, live=live)

    def points(self, name: str) -> float:
        return self.read().component(name).points
