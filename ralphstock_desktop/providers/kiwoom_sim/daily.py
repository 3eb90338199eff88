"""What each symbol's day must come to: taken from the panel where it holds the day, else drawn from the stock's own habits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import lower_limits, upper_limits
from engine.calendar.sessions import DEFAULT_SESSIONS, Venue
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.panel import MarketPanel
from ralphstock_desktop.providers.kiwoom_sim.noise import mix, normals, uniforms
from ralphstock_desktop.providers.kiwoom_sim.paths import DayTargets
from ralphstock_desktop.providers.kiwoom_sim.ticks import Ladders

__all__ = ["DayFacts", "day_facts", "symbol_keys", "traded_values"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_UNSOUND = DesignationFlag.ADMIN | DesignationFlag.CLEANUP | DesignationFlag.HALT | DesignationFlag.CAUTION_ISSUE
_HISTORY = 60
_LEADER_KRW = 1.2e11
"""Least traded value of a drawn day's leader; the most is four times as much."""
_LISTED_WITHIN = 10
"""A symbol without a bar in this many last days is taken to be gone where the master does not tell."""


@dataclass(frozen=True, eq=False)
class DayFacts:
    """Facts of the replayed day by symbol, shape (symbols,). Prices in won, 0 where unknown."""

    in_panel: bool
    targets: DayTargets
    base: Ints
    upper: Ints
    lower: Ints
    listed: Bools
    halted: Bools
    previous_volume: Ints
    previous_value: Ints
    shares: Ints
    """Listed shares."""
    on_nxt: Bools
    """Traded on NXT too."""


def symbol_keys(tickers: npt.NDArray[np.str_]) -> Ints:
    """Identity of each symbol for the noise: from its code, so that it does not depend on the other symbols."""
    codes = np.char.ljust(tickers.astype("U6"), 6, "0")
    points = np.ascontiguousarray(codes).view(np.uint32).reshape(len(codes), -1).astype(np.int64)
    result = np.zeros(len(codes), dtype=np.int64)
    for column in range(points.shape[1]):
        result = result * 43 + (points[:, column] - 48)
    return result


def day_facts(
    panel: MarketPanel,
    day: date,
    ladders: Ladders,
    seed: int,
    shares_out: Mapping[str, int] | None = None,
    leaders: int = 0,
) -> DayFacts:
    """Collect the facts of a day.

    A day the panel holds is taken as it is; for a later one (a demonstration that goes on) a bar is drawn for every listed
    symbol from its own volatility, gaps and volume, within limits and on ticks. So many ``leaders`` of a drawn day rise on
    heavy turnover and close near their high, as a few stocks do on any day.
    """
    index = panel.day_index(day)
    in_panel = index >= 0 and panel.days[index] == np.datetime64(day, "D")
    past = index if in_panel else index + 1
    listed = _listed(panel, day, past, in_panel)
    previous_close = _last_known(panel.close_krw[:, :past], panel.present[:, :past])
    rows = np.arange(panel.shape[0], dtype=np.int64)
    if in_panel:
        given = panel.base_krw[:, index]
        opened = panel.open_krw[:, index].astype(np.int64)
        fallback = np.where(previous_close > 0, previous_close, np.where(opened > 0, opened, panel.close_krw[:, index]))
        base = np.where(np.isfinite(given) & (given > 0), np.nan_to_num(given), fallback).astype(np.int64)
        targets = _stored_targets(panel, index, rows, listed)
    else:
        base = previous_close
        listed = listed & (base > 0)
        targets = _drawn_targets(panel, past, rows, listed, base, ladders, day, seed, leaders)
    upper, lower = _limits(panel, base, targets, day)
    last_volume, last_value = _previous(panel, past)
    return DayFacts(
        in_panel,
        targets,
        base,
        upper,
        lower,
        listed,
        listed & (targets.volume == 0) & _is_halted(panel, index, past, in_panel),
        last_volume,
        last_value,
        _shares(panel, past or 1, shares_out or {}),
        _on_nxt(panel, day, past, in_panel, listed),
    )


def _listed(panel: MarketPanel, day: date, past: int, in_panel: bool) -> Bools:
    on = np.datetime64(day, "D")
    begun = np.isnat(panel.listed_on) | (panel.listed_on <= on)
    alive = np.isnat(panel.delisted_on) | (panel.delisted_on > on)
    end = past + 1 if in_panel else past
    seen = panel.present[:, max(end - _LISTED_WITHIN, 0) : end].any(axis=1)
    return np.asarray(begun & alive & seen, dtype=np.bool_)


def _last_known(values: npt.NDArray[np.int32], present: Bools) -> Ints:
    """Last price of each symbol before the day, 0 where there is none."""
    window = slice(max(values.shape[1] - 250, 0), None)
    part, known = values[:, window], present[:, window] & (values[:, window] > 0)
    if part.shape[1] == 0:
        return np.zeros(values.shape[0], dtype=np.int64)
    at = part.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    return np.where(known.any(axis=1), part[np.arange(len(part)), at], 0).astype(np.int64)


def _is_halted(panel: MarketPanel, index: int, past: int, in_panel: bool) -> Bools:
    at = index if in_panel else past - 1
    halt = (panel.designation[:, at] & int(DesignationFlag.HALT)) > 0
    still = panel.present[:, at] & ~panel.valid[:, at]
    return np.asarray(halt | still, dtype=np.bool_)


def _stored_targets(panel: MarketPanel, index: int, rows: Ints, listed: Bools) -> DayTargets:
    opened, high, low, close = (
        getattr(panel, name)[:, index].astype(np.int64) for name in ("open_krw", "high_krw", "low_krw", "close_krw")
    )
    volume = np.asarray(panel.volume_shares[:, index]).astype(np.int64)
    trades = listed & panel.present[:, index] & (volume > 0) & (low > 0) & (low <= np.minimum(opened, close))
    trades &= high >= np.maximum(opened, close)
    value = np.asarray(panel.value_krw[:, index], dtype=np.float64)
    return DayTargets(rows, opened, high, low, close, np.where(trades, volume, 0), value)


def _drawn_targets(
    panel: MarketPanel, past: int, rows: Ints, listed: Bools, base: Ints, ladders: Ladders, day: date, seed: int, leaders: int
) -> DayTargets:
    """Draw a bar per symbol: a common factor, the stock's own volatility with fat tails, a gap, a range, a volume."""
    window = slice(max(past - _HISTORY, 0), past)
    volatility, usual_volume = _habits(panel, window)
    noise = mix(seed, 23, day.toordinal(), symbol_keys(panel.tickers)[:, None], np.arange(8)[None, :])
    draws = normals(noise)
    common = 0.006 * float(normals(mix(seed, 29, day.toordinal())))
    # A normal divided by the root of a small chi-square has the tails of Student's t with four degrees of freedom.
    tails = draws[:, 0] / np.sqrt(np.maximum((draws[:, 1] ** 2 + draws[:, 2] ** 2 + draws[:, 3] ** 2 + 0.6) / 3.6, 0.12))
    move = common + volatility * 0.8 * tails
    gap = 0.4 * common + 0.35 * volatility * draws[:, 4]
    extent = volatility * 0.55
    first = base * (1.0 + gap)
    last = base * (1.0 + move)
    top = np.maximum(first, last) * (1.0 + extent * np.abs(draws[:, 5]))
    bottom = np.minimum(first, last) * (1.0 - extent * np.abs(draws[:, 6]))
    chosen = _leaders(panel, past, listed, base, usual_volume, day, seed)[:leaders] if leaders else rows[:0]
    part = _parts(panel, chosen, day, seed)
    first[chosen] = base[chosen] * (1.01 + 0.02 * part[:, 0])
    last[chosen] = base[chosen] * (1.06 + 0.11 * part[:, 1])
    top[chosen], bottom[chosen] = last[chosen] * 1.004, first[chosen] * 0.996
    safe = np.maximum(base, 1)
    upper = np.nan_to_num(upper_limits(safe, panel.market, day, panel.security_type), nan=0.0).astype(np.int64)
    lower = np.nan_to_num(lower_limits(safe, panel.market, day, panel.security_type), nan=0.0).astype(np.int64)
    wanted = np.rint(np.stack([first, top, bottom, last], axis=1)).astype(np.int64)
    prices = np.clip(wanted, lower[:, None], upper[:, None])
    prices = ladders.prices(rows, ladders.steps(rows, prices))
    prices = np.clip(prices, np.maximum(lower, 1)[:, None], np.maximum(upper, 1)[:, None])
    opened, close = prices[:, 0], prices[:, 3]
    high = np.maximum(prices[:, 1], np.maximum(opened, close))
    low = np.minimum(prices[:, 2], np.minimum(opened, close))
    busy = np.exp(0.45 * draws[:, 7] - 0.1) * (0.6 + 0.7 * np.abs(move) / np.maximum(volatility, 1e-4))
    volume = np.maximum(np.rint(usual_volume * busy), 1).astype(np.int64)
    volume[chosen] = (_LEADER_KRW * 4.0 ** part[:, 2] / np.maximum(close[chosen], 1)).astype(np.int64)
    trades = listed & (usual_volume > 0) & ~_is_halted(panel, past - 1, past, in_panel=True) & (low > 0)
    # Where hardly anything trades one price is all there is.
    thin = volume < 8
    for bar in (opened, high, low):
        bar[thin] = close[thin]
    volume = np.where(trades, volume, 0).astype(np.int64)
    return DayTargets(rows, opened, high, low, close, volume, np.full(len(rows), np.nan))


def _parts(panel: MarketPanel, rows: Ints, day: date, seed: int) -> Floats:
    """Three numbers from 0 to 1 for each leader."""
    if not len(rows):
        return np.zeros((0, 3))
    return uniforms(mix(seed, 41, day.toordinal(), symbol_keys(panel.tickers[rows])[:, None], np.arange(3)[None, :]))


def _leaders(panel: MarketPanel, past: int, listed: Bools, base: Ints, usual_volume: Floats, day: date, seed: int) -> Ints:
    """Rows that may lead a drawn day, in the order in which they are asked to.

    Sound common stocks of middling turnover, not far from their year's high.
    """
    window = slice(max(past - 250, 0), past)
    factor = np.asarray(panel.factor[:, window])
    close = np.where(panel.valid[:, window], panel.close_krw[:, window] / np.where(factor > 0, factor, 1.0), 0.0)
    turnover = usual_volume * base
    fits = listed & (panel.security_type == int(SecurityType.COMMON)) & (panel.designation[:, past - 1] == 0)
    fits &= np.isin(panel.market, (int(Market.KOSPI), int(Market.KOSDAQ))) & (base >= 3_000)
    fits &= (turnover > 3e9) & (turnover < 8e10) & (close[:, -1] >= 0.9 * close.max(axis=1))
    rows = np.flatnonzero(fits).astype(np.int64)
    if not len(rows):
        return rows
    order = uniforms(mix(seed, 43, day.toordinal(), symbol_keys(panel.tickers[rows])))
    return rows[np.argsort(order, kind="stable")]


def _habits(panel: MarketPanel, window: slice) -> tuple[Floats, Floats]:
    """Daily volatility (ratio) and median volume of the last valid bars; 0.02 and 0 where there are none."""
    close = np.where(panel.valid[:, window], panel.close_krw[:, window], 0).astype(np.float64)
    factor = np.asarray(panel.factor[:, window])
    adjusted = np.where(close > 0, close / np.where(factor > 0, factor, 1.0), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.diff(np.log(adjusted), axis=1) if adjusted.shape[1] > 1 else np.zeros((len(close), 0))
    known = np.isfinite(steps)
    number = known.sum(axis=1)
    squares = np.where(known, np.nan_to_num(steps) ** 2, 0.0).sum(axis=1)
    volatility = np.where(number >= 5, np.sqrt(squares / np.maximum(number, 1)), 0.02)
    volume = np.where(panel.valid[:, window], panel.volume_shares[:, window], 0)[:, -20:]
    usual = np.median(volume, axis=1) if volume.shape[1] else np.zeros(len(close))
    return np.clip(volatility, 0.004, 0.06), np.asarray(usual, dtype=np.float64)


def _limits(panel: MarketPanel, base: Ints, targets: DayTargets, day: date) -> tuple[Ints, Ints]:
    """Limits of the day, widened where the day's own trades went beyond them (first days, liquidation trading)."""
    safe = np.maximum(base, 1)
    upper = np.nan_to_num(upper_limits(safe, panel.market, day, panel.security_type), nan=0.0).astype(np.int64)
    lower = np.nan_to_num(lower_limits(safe, panel.market, day, panel.security_type), nan=0.0).astype(np.int64)
    traded = targets.volume > 0
    upper = np.where(traded, np.maximum(upper, targets.high), upper)
    lower = np.where(traded, np.minimum(lower, targets.low), lower)
    return np.where(base > 0, upper, 0), np.where(base > 0, lower, 0)


def traded_values(
    panel: MarketPanel, rows: Ints | npt.NDArray[np.bool_] | slice | int, days: slice | int
) -> npt.NDArray[np.float64]:
    """Traded value in won of some symbols and days; where it is not recorded, the volume at the bar's mean price.

    Shape as the panel's arrays give for the two indices; 0 where nothing was traded.
    """
    value, volume, *prices = (
        np.asarray(part[rows, days], dtype=np.float64)
        for part in (panel.value_krw, panel.volume_shares, panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw)
    )
    traded = (volume > 0) & (prices[0] > 0)
    return np.asarray(np.where(np.isnan(value), np.where(traded, sum(prices) / 4.0 * volume, 0.0), value))


def _previous(panel: MarketPanel, past: int) -> tuple[Ints, Ints]:
    """Volume and value of the last day before."""
    if past == 0:
        zero = np.zeros(panel.shape[0], dtype=np.int64)
        return zero, zero
    volume = np.asarray(panel.volume_shares[:, past - 1]).astype(np.int64)
    return volume, traded_values(panel, slice(None), past - 1).astype(np.int64)


def _shares(panel: MarketPanel, past: int, known: Mapping[str, int]) -> Ints:
    """Listed shares; estimated where they are not known: large stocks turn over about 0.4 % of them a day, small ones 0.9 %."""
    window = np.asarray(panel.volume_shares[:, max(past - 120, 0) : past], dtype=np.float64)
    usual = np.median(window, axis=1)
    close = _last_known(panel.close_krw[:, :past], panel.present[:, :past]).astype(np.float64)
    turnover = np.where(usual * close > 5e9, 0.004, 0.009)
    turnover[np.isin(panel.security_type, (int(SecurityType.ETF), int(SecurityType.ETN)))] = 0.05
    least = 20e9 / np.maximum(close, 100.0)
    steady = 0.8 + 0.4 * uniforms(mix(31, symbol_keys(panel.tickers)))
    shares = np.rint(np.clip(np.maximum(usual / turnover, least) * steady, 500_000, 6e9) / 1_000.0).astype(np.int64) * 1_000
    for row, ticker in enumerate(panel.tickers.tolist()) if known else ():
        if known.get(ticker, 0) > 0:
            shares[row] = known[ticker]
    return shares


def _on_nxt(panel: MarketPanel, day: date, past: int, in_panel: bool, listed: Bools) -> Bools:
    """Sound common stocks of the two big markets, on days when NXT trades."""
    if not DEFAULT_SESSIONS.spans(day, Venue.NXT):
        return np.zeros(panel.shape[0], dtype=np.bool_)
    designation = panel.designation[:, past if in_panel else past - 1]
    big = np.isin(panel.market, (int(Market.KOSPI), int(Market.KOSDAQ)))
    common = panel.security_type == int(SecurityType.COMMON)
    return np.asarray(listed & big & common & ((designation & int(_UNSOUND)) == 0), dtype=np.bool_)
