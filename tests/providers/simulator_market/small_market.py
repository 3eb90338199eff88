"""A small market for the simulator's tests: every kind of stock, prices on ticks and within limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from engine.calendar.limits import lower_limits, upper_limits
from engine.calendar.ticks import round_tick
from engine.model.instants import kst_ns
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.market import MarketOptions, PanelHistory, SimMarket, build_market

DAY = date(2026, 11, 20)
"""Last day of the panel: a Friday with an after-market."""
HALTED, THIN, ONE_SHARE, AT_LIMIT, FUND, GONE, SURGE = 3, 5, 7, 9, 11, 13, 15
"""Rows of the special stocks."""


class Machine:
    """A machine clock that goes only when told."""

    def __init__(self) -> None:
        self.now = 1_000_000_000

    def __call__(self) -> int:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000_000)


def weekdays_until(last: date, count: int) -> np.ndarray:
    days = []
    day = last
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    return np.array(days[::-1], dtype="datetime64[D]")


def small_panel(symbols: int = 40, days: int = 40, seed: int = 5, last: date = DAY) -> MarketPanel:
    """A panel whose last day is ``last``."""
    random = np.random.default_rng(seed)
    shape = (symbols, days)
    market = np.where(np.arange(symbols) % 2 == 0, int(Market.KOSPI), int(Market.KOSDAQ)).astype(np.uint8)
    kind = np.full(symbols, int(SecurityType.COMMON), dtype=np.uint8)
    kind[FUND] = int(SecurityType.ETF)
    base = random.choice([900.0, 1_990.0, 4_980.0, 19_900.0, 49_700.0, 199_000.0, 501_000.0], symbols)
    base = np.round(round_tick(base, market, last, kind))
    arrays = {name: np.full(shape, np.nan if code == "<f8" else 0, dtype=code) for name, code in ARRAY_FIELDS.items()}
    arrays["factor"][...] = 1.0
    arrays["present"][...] = True
    arrays["valid"][...] = True
    usual = random.lognormal(11.5, 1.3, symbols)
    usual[THIN], usual[SURGE] = 40, 3_000_000
    for day in range(days):
        upper, lower = upper_limits(base, market, last, kind), lower_limits(base, market, last, kind)
        moves = random.normal(0, 0.025, (symbols, 2))
        if day == days - 1:
            moves[SURGE] = (0.01, 0.22)
        first, end = base * (1 + 0.4 * moves[:, 0]), base * (1 + moves[:, 1])
        top = np.maximum(first, end) * (1 + np.abs(random.normal(0, 0.01, symbols)))
        bottom = np.minimum(first, end) * (1 - np.abs(random.normal(0, 0.01, symbols)))
        prices = [np.clip(round_tick(values, market, last, kind), lower, upper) for values in (first, top, bottom, end)]
        opened, high, low, close = prices
        if day == days - 1:
            high[AT_LIMIT], close[AT_LIMIT] = upper[AT_LIMIT], upper[AT_LIMIT]
            opened[ONE_SHARE] = high[ONE_SHARE] = low[ONE_SHARE] = close[ONE_SHARE]
        high, low = np.maximum(high, np.maximum(opened, close)), np.minimum(low, np.minimum(opened, close))
        volume = np.maximum(np.rint(usual * random.lognormal(0, 0.4, symbols)), 8).astype(np.int64)
        if day == days - 1:
            volume[ONE_SHARE] = 1
        for name, values in (("open_krw", opened), ("high_krw", high), ("low_krw", low), ("close_krw", close)):
            arrays[name][:, day] = values
        arrays["volume_shares"][:, day] = volume
        arrays["value_krw"][:, day] = np.rint((opened + high + low + 3 * close) / 6 * volume)
        arrays["base_krw"][:, day] = base
        base = close
    _halt(arrays, days - 1)
    for name in ("foreign_krw", "institution_krw", "pension_krw", "foreign_shares", "institution_shares"):
        arrays[name][: symbols // 2, :] = np.rint(random.normal(0, 1e8, (symbols // 2, days)))
    days_axis = weekdays_until(last, days)
    gone = np.full(symbols, np.datetime64("NaT"), dtype="datetime64[D]")
    gone[GONE] = days_axis[-5]
    for name in ("present", "valid"):
        arrays[name][GONE, -5:] = False
    return MarketPanel(
        days=days_axis,
        tickers=np.array([f"{100_000 + 10 * row:06d}" if row != 1 else "0001A0" for row in range(symbols)]),
        names=np.array([f"종목{row}" for row in range(symbols)]),
        names_en=np.full(symbols, ""),
        sectors=np.array([("화학", "건설", "은행")[row % 3] for row in range(symbols)]),
        market=market,
        security_type=kind,
        listed_on=np.full(symbols, np.datetime64("NaT"), dtype="datetime64[D]"),
        delisted_on=gone,
        simulated=True,
        version=f"small-{symbols}-{days}-{seed}",
        **arrays,
    )


def _halt(arrays: dict[str, np.ndarray], day: int) -> None:
    for name in ("open_krw", "high_krw", "low_krw", "volume_shares"):
        arrays[name][HALTED, day] = 0
    arrays["close_krw"][HALTED, day] = arrays["close_krw"][HALTED, day - 1]
    arrays["value_krw"][HALTED, day] = 0
    arrays["valid"][HALTED, day] = False
    arrays["designation"][HALTED, day] = int(DesignationFlag.HALT)


def small_market(
    *,
    day: date = DAY,
    seed: int = 11,
    panel: MarketPanel | None = None,
    hour: int = 8,
    minute: int = 0,
    machine: Callable[[], int] | None = None,
    speed: float = 60.0,
    paused: bool = True,
    options: MarketOptions | None = None,
) -> SimMarket:
    """A market whose clock stands at a time of the day."""
    clock = SimClock(kst_ns(day, hour, minute), machine or Machine(), speed, paused)
    return build_market(PanelHistory(panel or small_panel()), day, seed, clock, options)
