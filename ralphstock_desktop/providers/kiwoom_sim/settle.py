"""Settling a day before it is replayed: recorded minutes where there are any, drawn ones for the rest, the after-market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.model.instruments import SecurityType
from engine.model.panel import MarketPanel
from ralphstock_desktop.ports import MISSING_INT, MinuteBatch
from ralphstock_desktop.providers.kiwoom_sim.cells import Cells, make_cells
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimHistory, SimMinutes
from ralphstock_desktop.providers.kiwoom_sim.daily import DayFacts, day_facts, symbol_keys
from ralphstock_desktop.providers.kiwoom_sim.interruptions import without_interrupted_minutes
from ralphstock_desktop.providers.kiwoom_sim.noise import mix, normals, uniforms
from ralphstock_desktop.providers.kiwoom_sim.paths import (
    DayTargets,
    MinuteColumns,
    Session,
    draw_minutes,
    join_columns,
    regular_session,
)
from ralphstock_desktop.providers.kiwoom_sim.phases import MINUTE_NS, DayHours
from ralphstock_desktop.providers.kiwoom_sim.ticks import Ladders

__all__ = ["EMPTY_MINUTES", "MarketOptions", "SettledDay", "earlier_minutes", "settle_day"]

Ints = npt.NDArray[np.int64]

EMPTY_MINUTES = SimMinutes(*(np.zeros(0, dtype=np.int64) for _ in range(8)))
_FUNDS = (int(SecurityType.ETF), int(SecurityType.ETN), int(SecurityType.ELW))


@dataclass(frozen=True, slots=True)
class MarketOptions:
    """Choices of a replay."""

    density: float = 1.0
    """Factor on the number of trades per minute, for load tests."""
    after_market: bool = True
    """Trade in the KRX after-market on days that have one."""
    leaders: int = 0
    """Stocks that rise on heavy turnover, on a day that is drawn."""


@dataclass(frozen=True, eq=False)
class SettledDay:
    """Everything a replay needs to know of its day."""

    facts: DayFacts
    cells: Cells
    ladders: Ladders
    source: Literal["minutes", "daily", "generated"]


def settle_day(history: SimHistory, day: date, seed: int, options: MarketOptions) -> SettledDay:
    """Settle every traded minute of a day; see :func:`ralphstock_desktop.providers.kiwoom_sim.market.build_market`."""
    panel = history.panel
    hours = DayHours.of(day)
    ladders = Ladders(panel.market, panel.security_type, day)
    facts = day_facts(panel, day, ladders, seed, getattr(history, "shares_out", None), options.leaders)
    keys = symbol_keys(panel.tickers)
    recorded, found = _recorded_columns(history, day, facts)
    columns = draw_minutes(_without(facts.targets, found), regular_session(hours), ladders, keys, day.toordinal(), seed)
    columns = without_interrupted_minutes(join_columns([columns, *recorded]), ~found, hours)
    if options.after_market and hours.after_minutes is not None:
        columns = join_columns([columns, _after_market(columns, panel, facts, ladders, hours, keys, seed)])
    cells = make_cells(columns, panel.shape[0], hours, keys, seed, options.density)
    source: Literal["minutes", "daily", "generated"] = "daily" if facts.in_panel else "generated"
    return SettledDay(facts, cells, ladders, "minutes" if found.any() else source)


def _without(targets: DayTargets, rows: npt.NDArray[np.bool_]) -> DayTargets:
    volume = np.where(rows, 0, targets.volume)
    return DayTargets(targets.rows, targets.open, targets.high, targets.low, targets.close, volume, targets.value_krw)


def _recorded_columns(history: SimHistory, day: date, facts: DayFacts) -> tuple[list[MinuteColumns], npt.NDArray[np.bool_]]:
    panel = history.panel
    found = np.zeros(panel.shape[0], dtype=np.bool_)
    parts: list[MinuteColumns] = []
    midnight = DayHours.of(day).midnight_ns
    for row in np.flatnonzero(facts.listed).tolist():
        batch = history.minutes(str(panel.tickers[row]), day)
        if batch is None or not (batch.volume_shares > 0).any():
            continue
        bars = _known_bars(batch)
        minute = (bars[0] - midnight) // MINUTE_NS
        inside = (minute >= 0) & (minute < 1_440)
        columns = [values[inside] for values in (minute, *bars[1:])]
        parts.append(MinuteColumns(np.full(len(columns[0]), row, dtype=np.int64), *columns))
        found[row] = True
    return parts, found


def _known_bars(batch: MinuteBatch) -> tuple[Ints, ...]:
    """Recorded bars with trades; a value that was not recorded is volume times the bar's middle."""
    traded = (batch.volume_shares > 0) & (batch.low_krw > 0)
    start, opened, high, low, close, volume, value = (
        np.asarray(column)[traded].astype(np.int64)
        for column in (
            batch.minute_ns, batch.open_krw, batch.high_krw, batch.low_krw, batch.close_krw, batch.volume_shares,
            batch.value_krw,
        )
    )  # fmt: skip
    estimate = (opened + high + low + close) * volume // 4
    return start, opened, high, low, close, volume, np.where((value == MISSING_INT) | (value < 0), estimate, value)


def earlier_minutes(history: SimHistory, row: int, day: date, seed: int) -> SimMinutes:
    """Bars of one symbol on a day of the past: recorded ones, else a path through the panel's bar; empty without either."""
    panel = history.panel
    batch = history.minutes(str(panel.tickers[row]), day)
    hours = DayHours.of(day)
    if batch is not None and (batch.volume_shares > 0).any():
        start, opened, high, low, close, volume, value = _known_bars(batch)
        return SimMinutes(start, opened, high, low, close, volume, value, np.cumsum(volume))
    index = panel.day_index(day)
    if index < 0 or panel.days[index] != np.datetime64(day, "D") or not panel.valid[row, index]:
        return EMPTY_MINUTES
    only = slice(row, row + 1)
    bars = [getattr(panel, name)[only, index].astype(np.int64) for name in ("open_krw", "high_krw", "low_krw", "close_krw")]
    volume = np.asarray(panel.volume_shares[only, index]).astype(np.int64)
    worth = np.asarray(panel.value_krw[only, index], dtype=np.float64)
    ladders = Ladders(panel.market[only], panel.security_type[only], day)
    targets = DayTargets(np.zeros(1, dtype=np.int64), bars[0], bars[1], bars[2], bars[3], volume, worth)
    keys = symbol_keys(panel.tickers[only])
    columns = draw_minutes(targets, regular_session(hours), ladders, keys, day.toordinal(), seed)
    columns = without_interrupted_minutes(columns, np.ones(1, dtype=np.bool_), hours)
    return SimMinutes(
        hours.midnight_ns + columns.minute * MINUTE_NS,
        columns.open,
        columns.high,
        columns.low,
        columns.close,
        columns.volume,
        columns.value_krw,
        np.cumsum(columns.volume),
    )


def _after_market(
    columns: MinuteColumns, panel: MarketPanel, facts: DayFacts, ladders: Ladders, hours: DayHours, keys: Ints, seed: int
) -> MinuteColumns:
    """Trades of the KRX after-market: a few per cent of the day's volume, drifting away from the official close."""
    assert hours.after_minutes is not None
    symbols = panel.shape[0]
    starts = np.searchsorted(columns.row, np.arange(symbols + 1))
    traded = np.flatnonzero((starts[:-1] < starts[1:]) & ~np.isin(panel.security_type, _FUNDS)).astype(np.int64)
    close = columns.close[starts[traded + 1] - 1]
    total = np.add.reduceat(columns.volume, starts[traded]) if len(traded) else np.zeros(0, dtype=np.int64)
    noise = mix(seed, 71, hours.day.toordinal(), keys[traded][:, None], np.arange(4)[None, :])
    draws, sizes = normals(noise), uniforms(noise[:, 0] * np.uint64(0x9E3779B97F4A7C15)) if len(traded) else np.zeros(0)
    volume = (total * (0.003 + 0.03 * sizes**2)).astype(np.int64)
    move = 0.006 * draws
    prices = np.stack(
        [close, close * (1 + np.abs(move[:, 1])), close * (1 - np.abs(move[:, 2])), close * (1 + move[:, 3])], axis=1
    )
    steps = ladders.steps(traded, np.rint(prices).astype(np.int64))
    won = np.clip(ladders.prices(traded, steps), np.maximum(facts.lower[traded], 1)[:, None], facts.upper[traded][:, None])
    opened, last = won[:, 0], won[:, 3]
    high, low = np.maximum(won[:, 1], np.maximum(opened, last)), np.minimum(won[:, 2], np.minimum(opened, last))
    volume = np.where(volume >= 16, volume, 0)
    begin, end = hours.after_minutes
    shape = 1.0 + 2.0 * np.exp(-np.arange(end - begin) / 20.0)
    session = Session(np.arange(begin, end, dtype=np.int64), shape / shape.sum(), False, 2)
    targets = DayTargets(traded, opened, high, low, last, volume, np.full(len(traded), np.nan))
    return draw_minutes(targets, session, ladders, keys[traded], hours.day.toordinal(), seed)
