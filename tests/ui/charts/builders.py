"""Small series, patterns and evidence for chart tests."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from engine.model.chart import ChartSeries, LegBox, OrderPlan, Timeframe, VcpOverlay
from engine.model.evidence import BarSpan, Evidence, ItemState, LevelLine

__all__ = ["day_number", "evidence", "minute_series", "overlay", "series_of", "walk"]


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def weekdays(count: int, last: date = date(2026, 5, 4)) -> np.ndarray:
    """The last ``count`` weekdays up to ``last``."""
    return np.busday_offset(np.datetime64(last), np.arange(-count + 1, 1), roll="backward")


def series_of(
    open_: list[float] | np.ndarray,
    high: list[float] | np.ndarray,
    low: list[float] | np.ndarray,
    close: list[float] | np.ndarray,
    **changes: Any,
) -> ChartSeries:
    """A day series of given prices; other columns have plain defaults."""
    columns = [np.asarray(values, dtype=np.float64) for values in (open_, high, low, close)]
    count = len(columns[0])
    fields: dict[str, Any] = {
        "ticker": "006800",
        "name": "미래에셋증권",
        "name_en": "Mirae Asset Sec.",
        "market": 1,
        "timeframe": Timeframe.DAY,
        "adjusted": True,
        "simulated": False,
        "time": weekdays(count).astype("datetime64[s]") if count else np.zeros(0, dtype="datetime64[s]"),
        "open": columns[0],
        "high": columns[1],
        "low": columns[2],
        "close": columns[3],
        "volume_shares": np.full(count, 1000.0),
        "value_krw": np.full(count, 1e9),
        "value_estimated": np.zeros(count, dtype=np.bool_),
        "base": np.concatenate(([np.nan], columns[3][:-1])) if count else np.zeros(0),
        "foreign_krw": np.full(count, 1e9),
        "institution_krw": np.full(count, -2e9),
        "pension_krw": np.full(count, -1e9),
        "averages": {},
    }
    return ChartSeries(**{**fields, **changes})


def walk(count: int = 200, seed: int = 3, **changes: Any) -> ChartSeries:
    """A seeded random walk of day bars with volume, flows and two averages."""
    random = np.random.default_rng(seed)
    close = np.rint(50_000 * np.exp(np.cumsum(random.normal(0, 0.02, count))))
    open_ = np.rint(np.concatenate(([close[0]], close[:-1])) * (1 + random.normal(0, 0.005, count)))
    high = np.rint(np.maximum(open_, close) * (1 + np.abs(random.normal(0, 0.006, count))))
    low = np.rint(np.minimum(open_, close) * (1 - np.abs(random.normal(0, 0.006, count))))
    averages = {}
    for length in (5, 20):
        values = np.full(count, np.nan)
        for bar in range(length - 1, count):
            values[bar] = close[bar - length + 1 : bar + 1].mean()
        averages[length] = values
    given: dict[str, Any] = {
        "volume_shares": random.lognormal(12, 0.5, count),
        "foreign_krw": random.normal(0, 1e10, count),
        "institution_krw": random.normal(0, 1e10, count),
        "pension_krw": random.normal(0, 2e9, count),
        "averages": averages,
    }
    return series_of(open_, high, low, close, **{**given, **changes})


def minute_series(days: int = 2, minutes: int = 390, step: int = 1) -> ChartSeries:
    """Minute bars of whole trading days from 09:00."""
    timeframe = {1: Timeframe.MIN_1, 5: Timeframe.MIN_5, 15: Timeframe.MIN_15, 60: Timeframe.MIN_60}[step]
    times = []
    for day in weekdays(days):
        start = day.astype("datetime64[s]") + np.timedelta64(9 * 3600, "s")
        times.append(start + np.arange(0, minutes, step).astype("timedelta64[m]"))
    time = np.concatenate(times)
    source = walk(len(time))
    nothing = np.full(len(time), np.nan)
    return series_of(
        source.open,
        source.high,
        source.low,
        source.close,
        time=time,
        timeframe=timeframe,
        foreign_krw=nothing,
        institution_krw=nothing,
        pension_krw=nothing,
    )


def overlay(series: ChartSeries, first: int = 130, last: int = 198) -> VcpOverlay:
    """A pattern of two contractions drawn by hand over bars ``first`` … ``last``."""
    days = series.time.astype("datetime64[D]").astype(np.int64)
    middle = (first + last) // 2

    def leg(a: int, b: int, *, is_last: bool) -> LegBox:
        high, low = float(series.high[a : b + 1].max()), float(series.low[a : b + 1].min())
        return LegBox(int(days[a]), int(days[b]), high, low, 100 * (1 - low / high), is_last)

    legs = (leg(first, middle, is_last=False), leg(middle + 2, last, is_last=True))
    pivot = legs[-1].high
    return VcpOverlay(
        base_first_day=int(days[first]),
        base_last_day=int(days[last]),
        base_bars=last - first + 1,
        theta_pct=5.2,
        legs=legs,
        swings=((int(days[first]), legs[0].high), (int(days[middle]), legs[0].low), (int(days[middle + 2]), pivot)),
        pivot=pivot,
        pivot_from_day=legs[-1].first_day,
        dry_up_days=tuple(int(day) for day in days[last - 4 : last + 1]),
        breakout_day=None,
        plan=OrderPlan(int(pivot) + 100, round(legs[-1].low), round(pivot * 1.06), 2.0),
    )


def evidence(*spans: BarSpan, levels: tuple[LevelLine, ...] = (), item: str = "C1") -> Evidence:
    """A dry-up item with given spans and levels."""
    return Evidence(
        item=item,
        group="C",
        value=0.49,
        unit="×",
        op="<=",
        threshold=0.5,
        margin=-0.01,
        points=8,
        max_points=8,
        state=ItemState.PASSED,
        rule="§2.7 C1",
        spans=spans,
        levels=levels,
        inputs=(("v5", 2_400_000.0), ("v50", 4_860_000.0)),
    )
