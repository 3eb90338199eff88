"""Panels to measure on: a seeded synthetic market of any size, and the recorded one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.panel import ARRAY_FIELDS, MarketPanel

__all__ = ["median_ms", "synthetic_panel", "synthetic_series"]


def median_ms(work: Callable[[], object], runs: int = 7, warm: int = 1) -> float:
    """Median time of ``work`` in milliseconds."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times)


def synthetic_panel(symbols: int, days: int, seed: int = 7) -> MarketPanel:
    """Random walks with won prices, volumes and flows; shape as the real market, no meaning."""
    random = np.random.default_rng(seed)
    shape = (symbols, days)
    steps = random.normal(0.0004, 0.022, shape) * random.uniform(0.5, 1.5, (symbols, 1))
    close = np.rint(random.uniform(3_000, 300_000, (symbols, 1)) * np.exp(np.cumsum(np.clip(steps, -0.29, 0.29), axis=1)))
    close = np.maximum(close, 500)
    open_ = np.rint(close * (1 + random.normal(0, 0.008, shape)))
    high = np.rint(np.maximum(open_, close) * (1 + np.abs(random.normal(0, 0.008, shape))))
    low = np.rint(np.minimum(open_, close) * (1 - np.abs(random.normal(0, 0.008, shape))))
    volume = random.lognormal(12, 1.0, shape).astype(np.int64) + 1
    arrays = {name: np.full(shape, np.nan if kind == "<f8" else 0, dtype=kind) for name, kind in ARRAY_FIELDS.items()}
    for name, values in (
        ("open_krw", open_),
        ("high_krw", high),
        ("low_krw", low),
        ("close_krw", close),
        ("volume_shares", volume),
        ("value_krw", close * volume),
        ("foreign_krw", random.normal(0, 0.03, shape) * close * volume),
        ("institution_krw", random.normal(0, 0.03, shape) * close * volume),
    ):
        arrays[name][...] = values
    arrays["factor"][...] = 1.0
    arrays["present"][...] = True
    arrays["valid"][...] = True
    arrays["base_krw"][:, 1:] = close[:, :-1]
    return MarketPanel(
        days=_weekdays(days),
        tickers=np.array([f"{10 * k + 20:06d}" for k in range(symbols)]),
        names=np.array([f"종목{k}" for k in range(symbols)]),
        names_en=np.full(symbols, ""),
        sectors=np.full(symbols, ""),
        market=np.where(np.arange(symbols) % 3 == 0, 1, 2).astype(np.uint8),
        security_type=np.ones(symbols, dtype=np.uint8),
        listed_on=np.full(symbols, np.datetime64("NaT"), dtype="datetime64[D]"),
        delisted_on=np.full(symbols, np.datetime64("NaT"), dtype="datetime64[D]"),
        simulated=True,
        version=f"synthetic-{symbols}-{days}-{seed}",
        **arrays,
    )


def _weekdays(count: int) -> np.ndarray:
    every = np.datetime64("2026-06-30") - np.arange(count * 2)[::-1]
    return every[np.is_busday(every)][-count:].astype("datetime64[D]")


def synthetic_series(panel: MarketPanel) -> MarketSeries:
    """Levels, the won and foreign flows over the days of a panel; shape as the real ones, no meaning."""
    random = np.random.default_rng(5)

    def level(code: str, start: float) -> DaySeries:
        close = start * np.exp(np.cumsum(random.normal(0, 0.01, len(panel.days))))
        return DaySeries(code, panel.days, close, close, close, close)

    flows = FlowSeries(panel.days, random.normal(0, 3e11, len(panel.days)))
    return MarketSeries(level("KOSPI", 2_600.0), level("KOSDAQ", 850.0), level("USDKRW", 1_380.0), flows, "synthetic")
