"""The Market Gate: its reading at an instant, its history, and the state of the sectors (domain.md §5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.model.evidence import ItemState
from engine.model.instants import AsOf
from engine.model.panel import FloatArray
from engine.model.scan import Grade

__all__ = [
    "GATE_COMPONENTS",
    "GATE_MAX",
    "GateComponent",
    "GateHistory",
    "GateReading",
    "GateStatus",
    "IndexState",
    "SectorState",
]

GATE_COMPONENTS: tuple[str, ...] = ("kospi", "kosdaq", "breadth", "foreign", "shock", "fx")
GATE_MAX: tuple[float, ...] = (30.0, 20.0, 20.0, 10.0, 10.0, 10.0)
"""Maximum points under the default rules."""


class GateStatus(IntEnum):
    """Traffic light of the market; the value is what arrays store."""

    UNKNOWN = 0
    RED = 1
    YELLOW = 2
    GREEN = 3

    @property
    def min_grade(self) -> Grade | None:
        """Lowest grade of a new OPEN order; None where none may be opened (domain.md §5.3)."""
        return {GateStatus.GREEN: Grade.B, GateStatus.YELLOW: Grade.A}.get(self)

    def size_factor(self, yellow: float) -> float:
        """Factor of new positions; ``yellow`` is the rule's factor for YELLOW."""
        return {GateStatus.GREEN: 1.0, GateStatus.YELLOW: yellow}.get(self, 0.0)


@dataclass(frozen=True, slots=True)
class GateComponent:
    """One component. ``value`` in ``unit``: tests passed (``count``) for the indices, ``%`` or ``won`` for the others."""

    name: str
    value: float | None
    unit: str
    points: float
    max_points: float
    state: ItemState
    tests: tuple[tuple[str, bool | None], ...] = ()
    """For the indices: (``above_short``, ``short_above_mid``, ``above_long``, ``short_rising``) with what each gave."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """An index or rate at the as-of day. None where missing."""

    code: str
    close: float | None
    change_pct: float | None
    path: tuple[float, ...] = ()
    """Last closes, oldest first, for a sparkline."""
    day: np.datetime64 | None = None
    """Day of ``close``; later than the reading's panel day where the level is live."""


@dataclass(frozen=True, slots=True)
class SectorState:
    """One sector. ``change_pct`` and ``return_5d_pct`` are medians of its eligible members."""

    name: str
    members: int
    change_pct: float | None
    return_5d_pct: float | None
    signal: Literal["bullish", "neutral", "bearish", "unknown"]
    score: float | None
    """clamp(50 + 10·change, 0, 100)"""
    rank: int | None
    """1 = best five-day return; None where the sector is not ranked."""


@dataclass(frozen=True, eq=False)
class GateReading:
    """The gate at an instant.

    Attributes
    ----------
    day_index : int
        Panel day whose official bar was the last one known.
    score : float | None
        0-100; None where the status is UNKNOWN.
    coverage : float
        Percent of the maxima whose component could be judged.
    shock_pct : float | None
        m: the lower of the two indices' day changes; the known one where only one is known.
    flow_day : numpy.datetime64 | None
        Last day of the foreign-flow window.
    breadth_known, breadth_above : int
        Stocks the breadth was counted over, and those above their average.
    """

    as_of: AsOf
    day_index: int
    ruleset: str
    status: GateStatus
    score: float | None
    coverage: float
    components: tuple[GateComponent, ...]
    shock_pct: float | None
    kospi: IndexState
    kosdaq: IndexState
    usd_krw: IndexState
    breadth_known: int
    breadth_above: int
    circuit_breaker: bool = False
    flow_day: np.datetime64 | None = None

    def component(self, name: str) -> GateComponent:
        """Component by name."""
        return self.components[GATE_COMPONENTS.index(name)]


@dataclass(frozen=True, eq=False)
class GateHistory:
    """The gate at the official close of many panel days, ascending. NaN where missing.

    ``points`` and ``values`` have shape (days, components).
    """

    day_index: npt.NDArray[np.int64]
    status: npt.NDArray[np.uint8]
    score: FloatArray
    coverage: FloatArray
    points: FloatArray
    values: FloatArray
    kospi: FloatArray
    kosdaq: FloatArray
    usd_krw: FloatArray
    ruleset: str
