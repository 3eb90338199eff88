"""Raw daily bars on the tick and inside the limits, with halts, splits, listings and delistings (domain.md §§1.6-1.9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import lower_limits, upper_limits
from engine.calendar.ticks import round_tick
from engine.model.instruments import DesignationFlag, Market, SecurityType
from ralphstock_desktop.providers.simulated.patterns import Plant, draw
from ralphstock_desktop.providers.simulated.returns import Paths
from ralphstock_desktop.providers.simulated.spec import SimulationSpec
from ralphstock_desktop.providers.simulated.universe import Universe

__all__ = ["Bars", "Events", "make_bars", "make_events"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_LIMIT_UP = 0.224
"""Log returns from here on are taken to the upper limit."""


@dataclass(eq=False)
class Events:
    """What happens to issues; indices are rows and days."""

    first_day: Ints
    """Day a symbol's rows begin, shape (symbols,)."""
    last_day: Ints
    """Last day with a row."""
    halted: Bools
    """Shape (symbols, days)."""
    actions: list[tuple[int, int, float]] = field(default_factory=list)
    """(row, ex day, price factor)"""
    designations: list[tuple[int, DesignationFlag, int, int | None]] = field(default_factory=list)
    """(row, kind, first day, last day or None)"""


def _interval(events: Events, row: int, flag: DesignationFlag, first: int, last: int | None) -> None:
    events.designations.append((row, flag, first, last))


def make_events(universe: Universe, days: int, planted: set[int], rng: np.random.Generator) -> Events:
    """Draw listings, delistings, halts, corporate actions and designations. Planted symbols keep quiet."""
    symbols = len(universe.ticker)
    events = Events(np.zeros(symbols, dtype=np.int64), np.full(symbols, days - 1), np.zeros((symbols, days), dtype=np.bool_))
    commons = np.flatnonzero((universe.security_type == SecurityType.COMMON) & ~np.isin(np.arange(symbols), sorted(planted)))
    parents = set(universe.parent[universe.parent >= 0].tolist())
    free = [row for row in rng.permutation(commons).tolist() if row not in parents]

    def take(count: int) -> list[int]:
        chosen = free[:count]
        del free[:count]
        return chosen

    for row in take(symbols // 26):
        events.first_day[row] = int(rng.integers(20, days - 70))
    for number, row in enumerate(take(12)):  # too young to score
        events.first_day[row] = days - 4 - 4 * number
    events.first_day[universe.security_type == SecurityType.SPAC] = rng.integers(
        0, days - 30, int((universe.security_type == SecurityType.SPAC).sum())
    )
    for row in take(symbols // 75):
        _delist(events, row, int(rng.integers(60, days - 5)), rng)
    for row in take(symbols // 45):
        _split(events, row, int(rng.integers(30, days - 20)), rng)
    for row in take(symbols // 35):  # small rights and bonus issues, without a halt
        events.actions.append((row, int(rng.integers(20, days - 5)), round(float(rng.uniform(0.86, 0.985)), 6)))
    for row in take(symbols // 60):
        start = int(rng.integers(10, days - 6))
        length = int(rng.integers(1, 12))
        events.halted[row, start : start + length] = True
        _interval(events, row, DesignationFlag.HALT, start, min(start + length, days) - 1)
    for row in take(7):  # halted on the last day
        start = days - int(rng.integers(1, 30))
        events.halted[row, start:] = True
        _interval(events, row, DesignationFlag.HALT, start, None)
    _designate(events, universe, days, take, rng)
    return events


def _delist(events: Events, row: int, last: int, rng: np.random.Generator) -> None:
    events.last_day[row] = last
    halt = int(rng.integers(10, 40))
    start = max(last - 7 - halt, 1)
    events.halted[row, start : last - 6] = True
    _interval(events, row, DesignationFlag.ADMIN, max(start - 20, 0), last)
    _interval(events, row, DesignationFlag.HALT, start, last - 7)
    _interval(events, row, DesignationFlag.CLEANUP, last - 6, last)


def _split(events: Events, row: int, ex_day: int, rng: np.random.Generator) -> None:
    factor = float(rng.choice([0.2, 0.1, 0.5, 5.0, 10.0, 4.0]))
    length = int(rng.integers(3, 6)) if factor < 1 else int(rng.integers(10, 19))
    events.halted[row, max(ex_day - length, 1) : ex_day] = True
    _interval(events, row, DesignationFlag.HALT, max(ex_day - length, 1), ex_day - 1)
    events.actions.append((row, ex_day, factor))


def _designate(events: Events, universe: Universe, days: int, take: Any, rng: np.random.Generator) -> None:
    for row in take(40):
        _interval(events, row, DesignationFlag.ADMIN, int(rng.integers(0, days - 10)), None)
    for row in take(12):
        start = int(rng.integers(0, days - 150))
        _interval(events, row, DesignationFlag.ADMIN, start, start + int(rng.integers(60, 140)))
    for row in take(70):
        if universe.market[row] == Market.KOSDAQ:
            _interval(events, row, DesignationFlag.CAUTION_ISSUE, int(rng.integers(0, days - 10)), None)
    for count, flag, longest in (
        (40, DesignationFlag.WARNING, 10),
        (6, DesignationFlag.DANGER, 5),
        (30, DesignationFlag.OVERHEAT, 3),
        (40, DesignationFlag.CAUTION, 1),
    ):
        for row in take(count):
            start = int(rng.integers(5, days))
            last = start + longest - 1
            _interval(events, row, flag, start, last if last < days else None)


@dataclass(frozen=True, eq=False)
class Bars:
    """Raw bars; arrays of shape (symbols, days), 0 where there is no row."""

    open_krw: Ints
    high_krw: Ints
    low_krw: Ints
    close_krw: Ints
    volume_shares: Ints
    value_krw: Ints
    base_krw: Ints
    """Base price of the day; 0 where there is no row."""
    present: Bools
    traded: Bools
    adjusted_close: Floats
    """Close in the price scale of the last day."""


def make_bars(
    spec: SimulationSpec,
    universe: Universe,
    paths: Paths,
    plants: list[Plant],
    events: Events,
    rng: np.random.Generator,
) -> Bars:
    """Turn paths and events into raw bars."""
    symbols, days = paths.log_return.shape
    day_index = np.arange(days)
    present = (day_index >= events.first_day[:, None]) & (day_index <= events.last_day[:, None])
    halted = events.halted & present
    # During a halt the path stands still, so that trading resumes near the last price.
    log_return = np.where(halted, 0.0, paths.log_return)
    log_price = log_return.cumsum(axis=1)
    log_price += (np.log(universe.price_krw) - log_price[:, -1])[:, None]
    spread, volume_factor = paths.spread, paths.volume_factor
    for plant in plants:
        _plant(plant, log_price, spread, volume_factor, universe, rng)
    scale = np.ones((symbols, days))
    for row, ex_day, factor in events.actions:
        scale[row, :ex_day] *= factor
    # Keep cheap issues where one tick is still small against the limits.
    adjusted = np.exp(np.maximum(log_price - np.log(scale), np.log(650.0)) + np.log(scale))
    volume = np.floor(universe.turnover_krw[:, None] / adjusted[:, -1:] * volume_factor * scale)
    for row, ex_day, _ in events.actions:
        volume[row, ex_day] = max(volume[row, ex_day], 1_000.0)
    # Thinly traded issues have days without a trade; such a day is published like a halt.
    traded = present & ~halted & (volume >= 1)
    tick = _TickRules(spec, universe)
    raw = adjusted / scale
    close = _last_traded(tick.round(raw), traded)
    base = _bases(close, events, tick, raw, rng)
    hit = (log_return >= _LIMIT_UP) & traded
    hit[:, 0] = False
    close = _last_traded(np.where(hit, tick.upper(base), close), traded)
    for _ in range(3):  # a price cut to its limit moves the next day's base; three rounds settle it
        base = _bases(close, events, tick, raw, rng=None, first=base)
        upper, lower = tick.upper(base), tick.lower(base)
        close = _last_traded(np.clip(close, lower, upper), traded)
    base = _bases(close, events, tick, raw, rng=None, first=base)
    upper, lower = tick.upper(base), tick.lower(base)
    open_, high, low = _shape_bars(close, base, spread, upper, lower, tick, rng)
    value = np.floor(volume * (open_ + high + low + 2 * close) / 5)

    def whole(values: Floats, where: Bools) -> Ints:
        return np.where(where, values, 0).astype(np.int64)

    return Bars(
        open_krw=whole(open_, traded),
        high_krw=whole(high, traded),
        low_krw=whole(low, traded),
        close_krw=whole(close, present),
        volume_shares=whole(volume, traded),
        value_krw=whole(value, traded),
        base_krw=whole(base, present),
        present=present,
        traded=traded,
        adjusted_close=adjusted,
    )


def _last_traded(close: Floats, traded: Bools) -> Floats:
    """The close of the last traded day up to each day; before the first one the close as drawn."""
    days = np.arange(close.shape[1])
    last = np.maximum.accumulate(np.where(traded, days, -1), axis=1)
    return np.where(last >= 0, np.take_along_axis(close, np.maximum(last, 0), axis=1), close)


def _plant(
    plant: Plant, log_price: Floats, spread: Floats, volume_factor: Floats, universe: Universe, rng: np.random.Generator
) -> None:
    path, volume, base_start = draw(plant.recipe, plant.end, rng)
    row, end = plant.row, plant.end
    after = log_price[row, end + 1 :] - log_price[row, end]
    log_price[row, : end + 1] = np.log(path)
    # After the pattern the symbol goes its own way from where it ended.
    log_price[row, end + 1 :] = log_price[row, end] + after
    log_price[row] += np.log(universe.price_krw[row]) - log_price[row, -1]
    volume_factor[row, : end + 1] = volume
    spread[row, : end + 1] = 0.009
    spread[row, base_start : end + 1] = 0.0032


class _TickRules:
    """Tick rounding and limits of a whole matrix, by the tables of each day and type."""

    def __init__(self, spec: SimulationSpec, universe: Universe) -> None:
        is_fund = np.isin(universe.security_type, (SecurityType.ETF, SecurityType.ETN, SecurityType.ELW))
        is_konex = universe.market == Market.KONEX
        # Groups of rows under one rule. One table for all days since 2023-01-25 keeps the arrays simple and fast.
        self._groups = [
            (np.flatnonzero(~is_fund & ~is_konex), Market.KOSPI, SecurityType.COMMON),
            (np.flatnonzero(~is_fund & is_konex), Market.KONEX, SecurityType.COMMON),
            (np.flatnonzero(is_fund), Market.KOSPI, SecurityType.ETF),
        ]
        first: date = spec.days[0].astype(date)
        self._on: Any = (
            spec.days[-1].astype(date) if first >= date(2023, 12, 11) else np.broadcast_to(spec.days, (1, len(spec.days)))
        )

    def _each(self, function: Any, values: Floats) -> Floats:
        result = np.empty_like(values)
        for rows, market, kind in self._groups:
            if len(rows):
                result[rows] = function(values[rows], int(market), self._on, int(kind))
        return result

    def round(self, values: Floats) -> Floats:
        """Nearest price on the tick."""
        return self._each(round_tick, values)

    def upper(self, base: Floats) -> Floats:
        """Upper limits."""
        return self._each(upper_limits, base)

    def lower(self, base: Floats) -> Floats:
        """Lower limits."""
        return self._each(lower_limits, base)


def _bases(
    close: Floats,
    events: Events,
    tick: _TickRules,
    raw: Floats,
    rng: np.random.Generator | None,
    first: Floats | None = None,
) -> Floats:
    """Base prices: the close before, times the factor on an ex day; on the first day the offer or an earlier close."""
    base = np.empty_like(close)
    base[:, 1:] = close[:, :-1]
    if first is None:
        assert rng is not None
        base[:, 0] = tick.round(np.repeat(raw[:, :1], close.shape[1], axis=1))[:, 0]
        starts = np.flatnonzero(events.first_day > 0)
        offer = close[starts, events.first_day[starts]] / rng.uniform(0.97, 1.22, len(starts))
        column = np.ones_like(close)
        column[starts, 0] = offer
        base[starts, events.first_day[starts]] = tick.round(column)[starts, 0]
    else:
        base[:, 0] = first[:, 0]
        starts = np.flatnonzero(events.first_day > 0)
        base[starts, events.first_day[starts]] = first[starts, events.first_day[starts]]
    wanted = np.ones_like(close)
    rows = np.array([row for row, _, _ in events.actions], dtype=np.int64)
    ex_days = np.array([day for _, day, _ in events.actions], dtype=np.int64)
    factors = np.array([factor for _, _, factor in events.actions])
    wanted[rows, ex_days] = base[rows, ex_days] * factors
    base[rows, ex_days] = tick.round(wanted)[rows, ex_days]
    return base


def _shape_bars(
    close: Floats, base: Floats, spread: Floats, upper: Floats, lower: Floats, tick: _TickRules, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    shape = close.shape
    move = np.log(close / base)
    opening = base * np.exp(move * rng.uniform(-0.1, 0.7, shape) + spread * 0.5 * rng.standard_normal(shape, dtype=np.float32))
    open_ = np.clip(tick.round(opening), lower, upper)
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    up = np.abs(rng.standard_normal(shape, dtype=np.float32))
    down = np.abs(rng.standard_normal(shape, dtype=np.float32))
    high = np.clip(np.maximum(tick.round(top * np.exp(spread * 0.8 * up)), top), lower, upper)
    low = np.clip(np.minimum(tick.round(bottom * np.exp(-spread * 0.8 * down)), bottom), lower, upper)
    return open_, high, low
