"""One-minute bars that add up to the daily bar: first open, highest high, lowest low, last close, total volume and value."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.calendar.ticks import round_tick
from ralphstock_desktop.ports import MinuteBatch
from ralphstock_desktop.providers.simulated.bars import Bars
from ralphstock_desktop.providers.simulated.spec import SOURCE, SimulationSpec
from ralphstock_desktop.providers.simulated.universe import Universe

__all__ = ["make_minutes"]

_MINUTE_NS = 60_000_000_000


def make_minutes(
    spec: SimulationSpec, universe: Universe, bars: Bars, rows: list[int], rng: np.random.Generator
) -> MinuteBatch:
    """Draw the minutes of some symbols on the last ``spec.minute_days`` days."""
    parts: list[dict[str, npt.NDArray[Any]]] = []
    days = len(spec.days)
    for row in sorted(rows):
        for day in range(days - min(spec.minute_days, days), days):
            if bars.traded[row, day] and bars.volume_shares[row, day] >= 1_000:
                parts.append(_one_day(universe, bars, row, day, spec.days[day].astype(date), rng))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return MinuteBatch(source=SOURCE, **columns)


def _one_day(
    universe: Universe, bars: Bars, row: int, day: int, on: date, rng: np.random.Generator
) -> dict[str, npt.NDArray[Any]]:
    start, end = DEFAULT_SESSIONS.open_ns(on), DEFAULT_SESSIONS.close_ns(on)
    continuous = int((end - start) // _MINUTE_NS) - 10
    # One bar per minute of continuous trading and the bar of the closing auction.
    minutes = np.append(start + np.arange(continuous) * _MINUTE_NS, end)
    count = len(minutes)
    o, h, low, c = (float(values[row, day]) for values in (bars.open_krw, bars.high_krw, bars.low_krw, bars.close_krw))
    steps = rng.standard_normal(count).cumsum()
    bridge = steps - np.linspace(steps[0], steps[-1], count)
    line = np.linspace(o, c, count) + bridge / max(np.abs(bridge).max(), 1e-9) * (h - low) * 0.6
    market, kind = int(universe.market[row]), int(universe.security_type[row])
    closes = np.clip(round_tick(np.clip(line, low, h), market, on, kind), low, h)
    closes[-1] = c
    opens = np.append(o, closes[:-1])
    opens[-1] = c
    highs, lows = np.maximum(opens, closes), np.minimum(opens, closes)
    middle = slice(0, count - 1)
    highs[int(np.argmax(highs[middle]))] = h
    lows[int(np.argmin(lows[middle]))] = low
    shape = 1.0 + 2.2 * np.exp(-np.arange(count) / 25) + 0.9 * np.exp(-(count - 1 - np.arange(count)) / 18)
    weight = shape * rng.gamma(1.6, 1.0, count)
    total = int(bars.volume_shares[row, day])
    edges = np.rint(np.cumsum(weight) / weight.sum() * total).astype(np.int64)
    volume = np.diff(edges, prepend=0)
    value_edges = np.rint(np.cumsum(volume * (highs + lows + closes) / 3))
    value_edges = np.rint(value_edges / max(value_edges[-1], 1) * float(bars.value_krw[row, day])).astype(np.int64)
    value = np.diff(value_edges, prepend=0)
    return {
        "ticker": np.full(count, universe.ticker[row]),
        "minute_ns": minutes.astype(np.int64),
        "open_krw": opens.astype(np.int64),
        "high_krw": highs.astype(np.int64),
        "low_krw": lows.astype(np.int64),
        "close_krw": closes.astype(np.int64),
        "volume_shares": volume,
        "value_krw": value,
    }
