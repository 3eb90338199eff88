"""Daily log returns from a market, a sector and an own part, with clustered volatility, and the volume they cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.instruments import Market, SecurityType
from ralphstock_desktop.providers.simulated.universe import SECTORS, Universe

__all__ = ["Paths", "make_paths"]

Floats = npt.NDArray[np.float64]

_LAST_WEEKS, _LAST_RISE = 40, 0.06
_UP_CLIP, _DOWN_CLIP = 0.235, -0.30
"""Log returns stay inside the daily limits with room for the tick."""


@dataclass(frozen=True, eq=False)
class Paths:
    """Raw material of the bars; arrays of shape (symbols, days)."""

    log_return: Floats
    spread: Floats
    """How far high and low lie from open and close, as a ratio."""
    volume_factor: Floats
    """Volume as a multiple of the usual one."""
    market_return: Floats
    """Common factor, shape (days,)."""


def _clustered(shape: tuple[int, int], level: Floats, rng: np.random.Generator, *, persistence: float, size: float) -> Floats:
    """Volatility paths around ``level``, shape (rows, days): log volatility is a first-order process."""
    rows, days = shape
    shocks = rng.standard_normal((days, rows), dtype=np.float32)
    state = rng.standard_normal(rows).astype(np.float32)
    keep, step = np.float32(persistence), np.float32(np.sqrt(1 - persistence**2))
    path = np.empty((days, rows), dtype=np.float32)
    for day in range(days):
        state = keep * state + step * shocks[day]
        path[day] = state
    return np.asarray(level[:, None] * np.exp(np.float32(size) * path.T - 0.5 * size**2))


def _persistent(shape: tuple[int, int], rng: np.random.Generator, persistence: float) -> Floats:
    """Standardised first-order processes, shape (rows, days)."""
    rows, days = shape
    shocks = rng.standard_normal((days, rows), dtype=np.float32)
    keep, step = np.float32(persistence), np.float32(np.sqrt(1 - persistence**2))
    state = rng.standard_normal(rows).astype(np.float32)
    path = np.empty((days, rows), dtype=np.float32)
    for day in range(days):
        state = keep * state + step * shocks[day]
        path[day] = state
    return np.asarray(path.T, dtype=np.float64)


def _rise_at_the_end(market: Floats) -> None:
    """Let the market's last weeks rise, so that the first look at the demo does not fall on a closed gate."""
    market[-_LAST_WEEKS:] += max(_LAST_RISE - float(market[-_LAST_WEEKS:].sum()), 0.0) / _LAST_WEEKS
    market[-1] = max(float(market[-1]), 0.001)


def make_paths(universe: Universe, days: int, rng: np.random.Generator) -> Paths:
    """Draw the market."""
    symbols = len(universe.ticker)
    shape = (symbols, days)
    market_vol = _clustered((1, days), np.array([0.0095]), rng, persistence=0.96, size=0.45)[0]
    market = market_vol * rng.standard_t(6, days) * 0.8 + 0.0005
    _rise_at_the_end(market)
    board_vol = _clustered((2, days), np.array([0.004, 0.007]), rng, persistence=0.95, size=0.3)
    boards = board_vol * rng.standard_normal((2, days))
    sector_vol = _clustered((len(SECTORS), days), np.full(len(SECTORS), 0.008), rng, persistence=0.95, size=0.4)
    sectors = sector_vol * rng.standard_normal((len(SECTORS), days)) + 0.0006 * _persistent((len(SECTORS), days), rng, 0.98)

    is_small = np.log(universe.cap_krw) < 26.0
    own_level = np.exp(rng.normal(np.where(is_small, -3.75, -3.95), 0.25, symbols))
    own_level[universe.security_type == SecurityType.SPAC] = 0.0025
    own_level[universe.security_type == SecurityType.REIT] = 0.006
    own_level[universe.security_type == SecurityType.ETF] = 0.004
    own_vol = _clustered(shape, own_level, rng, persistence=0.93, size=0.5)
    shock = rng.standard_t(5, shape) * 0.775
    drift = _persistent(shape, rng, 0.985) * (0.06 * own_level[:, None])

    beta = rng.normal(1.0, 0.25, symbols)
    loading = rng.normal(1.0, 0.3, symbols)
    quiet = np.isin(universe.security_type, (SecurityType.SPAC, SecurityType.REIT))
    beta[quiet], loading[quiet] = 0.05, 0.0
    board = boards[np.where(universe.market == Market.KOSPI, 0, 1)]
    log_return = beta[:, None] * (market + board) + loading[:, None] * sectors[universe.sector] + own_vol * shock + drift
    log_return -= 0.5 * own_level[:, None] ** 2
    is_preferred = universe.parent >= 0
    log_return[is_preferred] = 0.8 * log_return[universe.parent[is_preferred]] + 0.4 * (own_vol * shock)[is_preferred]
    np.clip(log_return, _DOWN_CLIP, _UP_CLIP, out=log_return)

    heat = np.abs(log_return) / own_level[:, None]
    volume = np.exp(
        0.55 * _persistent(shape, rng, 0.85) + 0.38 * heat + 0.18 * rng.standard_normal(shape, dtype=np.float32) - 0.55
    )
    spread = own_vol * 0.55
    return Paths(log_return, spread, np.asarray(volume, dtype=np.float64), market)
