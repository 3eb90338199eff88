"""What one near miss is, and the helpers all strategies share (engine.scoring.near_miss).

A near miss names one item, the next step of which is enough for the next better grade, and what would have to happen on the
as-of bar: a price to reach, shares or won to trade, a sector's return. Only what can still happen is named: a window that ended
before the as-of bar (flows, structure, dry-up, tightness, drawdown, box width, period) cannot change any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.calendar.ticks import ceil_tick, tick_size
from engine.model.panel import FloatArray
from engine.scoring.rounding import EPS

__all__ = ["Move", "NearStep", "above", "at_or_above", "nearest", "price_steps", "say_million"]

Move = Literal["price", "volume", "value", "sector"]


@dataclass(frozen=True, slots=True)
class NearStep:
    """One symbol short of the next grade by one step of one item.

    Attributes
    ----------
    row : int
        Row of the symbol in the panel.
    item : str
        Item of the evidence (``spike``, ``E1``, ``volume`` …); ``change`` and ``price`` are filters of the closing bet.
    grade, next_grade : int
        Values of ``Grade``: now, and once this step alone is made (other items may help and lift it further). 0 where there
        is no signal yet: an undetected pattern or a rejected closing bet.
    move : Move
        What has to change: the last price, the day's volume in shares, the day's traded value in won, the sector's median.
    value, need : float
        Where it stands and what it must reach, in ``unit``.
    gap, gap_share : float
        ``need - value``; the same as a share of the need, smaller is nearer.
    key, fields
        Text key ``near.<what>`` and its fields, numbers already written.
    """

    row: int
    item: str
    grade: int
    next_grade: int
    move: Move
    value: float
    need: float
    unit: str
    gap: float
    gap_share: float
    key: str
    fields: tuple[tuple[str, str | int | float], ...]


def at_or_above(price: FloatArray, market: npt.NDArray[np.uint8], on: date) -> FloatArray:
    """Lowest price on the tick that is not below ``price``; NaN where missing."""
    raised = ceil_tick(price, market, on)
    short = raised < price - EPS  # the slack of ceil_tick is wider than that of a comparison
    return np.asarray(np.where(short, raised + tick_size(raised, market, on), raised), dtype=np.float64)


def above(price: FloatArray, market: npt.NDArray[np.uint8], on: date) -> FloatArray:
    """Lowest price on the tick that is above ``price``; NaN where missing."""
    raised = at_or_above(price, market, on)
    level = raised <= price + EPS
    return np.asarray(np.where(level, raised + tick_size(raised, market, on), raised), dtype=np.float64)


def price_steps(
    item: str,
    rows: npt.NDArray[np.intp],
    now: FloatArray,
    need: FloatArray,
    grade: npt.NDArray[np.uint8],
    next_grade: npt.NDArray[np.uint8],
    key: str = "near.price",
) -> list[NearStep]:
    """Near misses by price of the given rows; the other arrays are aligned with ``rows``."""
    steps = []
    for row, price, target, before, after in zip(
        rows.tolist(), now.tolist(), need.tolist(), grade.tolist(), next_grade.tolist(), strict=True
    ):
        gap = target - price
        fields = (("price", f"{target:,.0f}"), ("gap", f"{gap:+,.0f}"), ("percent", f"{100.0 * gap / price:+.2f}"))
        steps.append(NearStep(row, item, before, after, "price", price, target, "won", gap, gap / target, key, fields))
    return steps


def say_million(won: float) -> str:
    """Won in millions, rounded up, so that reaching the written number is enough."""
    return f"{np.ceil(won / 1_000_000.0 - EPS):,.0f}"


def nearest(steps: Iterable[NearStep], *, every: bool) -> list[NearStep]:
    """Sort by distance; keep the nearest step of each symbol unless ``every``."""
    ordered = sorted(steps, key=lambda step: (step.gap_share, step.row, step.item))
    if every:
        return ordered
    first: dict[int, NearStep] = {}
    for step in ordered:
        first.setdefault(step.row, step)
    return list(first.values())
