"""Investor flows: persistent, tied to the day's return, and a plausible share of turnover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.instruments import SecurityType
from ralphstock_desktop.providers.simulated.bars import Bars
from ralphstock_desktop.providers.simulated.leaders import Leader
from ralphstock_desktop.providers.simulated.patterns import Plant
from ralphstock_desktop.providers.simulated.spec import SimulationSpec
from ralphstock_desktop.providers.simulated.universe import Universe

__all__ = ["INVESTORS", "Flows", "make_flows"]

Floats = npt.NDArray[np.float64]
INVESTORS = ("foreign", "institution", "pension")
_RECENT_DAYS = 10


@dataclass(frozen=True, eq=False)
class Flows:
    """Confirmed net buying; float arrays of shape (symbols, days), whole numbers, NaN where there is no record."""

    krw: dict[str, Floats]
    shares: dict[str, Floats]


def _persistent(rows: int, days: int, rng: np.random.Generator, persistence: float) -> Floats:
    shocks = rng.standard_normal((days, rows), dtype=np.float32)
    state = rng.standard_normal(rows).astype(np.float32)
    keep, step = np.float32(persistence), np.float32(np.sqrt(1 - persistence**2))
    out = np.empty((days, rows), dtype=np.float32)
    for day in range(days):
        state = keep * state + step * shocks[day]
        out[day] = state
    return np.asarray(out.T, dtype=np.float64)


def make_flows(
    spec: SimulationSpec,
    universe: Universe,
    bars: Bars,
    plants: list[Plant],
    leaders: list[Leader],
    rng: np.random.Generator,
) -> Flows:
    """Draw the flows of the last ``spec.flow_days`` days for stocks; other issues have none."""
    symbols, days = bars.close_krw.shape
    count = min(spec.flow_days, days)
    window = slice(days - count, days)
    value, volume = bars.value_krw[:, window].astype(np.float64), bars.volume_shares[:, window].astype(np.float64)
    base = np.maximum(bars.base_krw[:, window], 1)
    change = np.where(bars.traded[:, window], bars.close_krw[:, window] / base - 1, 0.0)
    pull = np.clip(change / 0.03, -2.5, 2.5)
    is_large = universe.cap_krw > 3e11
    size = np.where(is_large, 0.055, 0.025)[:, None]
    foreign = size * (0.75 * _persistent(symbols, count, rng, 0.80) + 0.45 * pull + 0.5 * rng.standard_normal((symbols, count)))
    institution = size * (
        0.65 * _persistent(symbols, count, rng, 0.85)
        + 0.30 * pull
        + 0.5 * rng.standard_normal((symbols, count))
        - 0.2 * foreign / size
    )
    for plant in plants:
        last = plant.end - (days - count)
        start = max(last - _RECENT_DAYS + 1, 0)
        if last >= 0:
            wobble = rng.normal(0, 0.012, (2, last + 1 - start))
            foreign[plant.row, start : last + 1] = plant.recipe.flow + wobble[0]
            institution[plant.row, start : last + 1] = 0.7 * plant.recipe.flow + wobble[1]
    for leader in leaders:
        last = leader.day - (days - count)
        if leader.flow > 0.0 and last > _RECENT_DAYS:
            wobble = rng.normal(0, 0.012, (2, _RECENT_DAYS))
            foreign[leader.row, last - _RECENT_DAYS : last] = leader.flow + wobble[0]
            institution[leader.row, last - _RECENT_DAYS : last] = 0.6 * leader.flow + wobble[1]
    np.clip(foreign, -0.45, 0.45, out=foreign)
    np.clip(institution, -0.35, 0.35, out=institution)
    pension = 0.22 * institution + 0.006 * rng.standard_normal((symbols, count))
    has_record = (
        bars.traded[:, window]
        & (universe.security_type == SecurityType.COMMON)[:, None]
        & (rng.random((symbols, count)) > 0.002)  # a vendor's gap now and then
    )
    typical = value / np.maximum(volume, 1)
    krw, shares = {}, {}
    for name, ratio in zip(INVESTORS, (foreign, institution, pension), strict=True):
        full = np.full((symbols, days), np.nan)
        quantity = np.rint(ratio * volume)
        full[:, window] = np.where(has_record, quantity, np.nan)
        shares[name] = full
        money = np.full((symbols, days), np.nan)
        money[:, window] = np.where(has_record, np.rint(quantity * typical), np.nan)
        krw[name] = money
    return Flows(krw, shares)
