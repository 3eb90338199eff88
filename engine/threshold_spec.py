"""What thresholds are made of: how far each may be moved, in which unit, and the ladders that give points.

The sections of the rule book (:mod:`engine.thresholds`, :mod:`engine.strategy_thresholds`) are written with these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Ladder", "Rung", "Spec", "eok", "jo", "movable", "steps"]


def eok(amount: float) -> int:
    """Return ``amount`` × 1억 in won."""
    return round(amount * 100_000_000)


def jo(amount: float) -> int:
    """Return ``amount`` × 1조 in won."""
    return round(amount * 1_000_000_000_000)


@dataclass(frozen=True, slots=True)
class Spec:
    """How one threshold may be moved: unit, lowest and highest sensible value, step, and where its default comes from."""

    unit: str
    low: float
    high: float
    step: float
    source: str


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: reaching ``threshold`` gives ``points``."""

    threshold: float
    points: float


Ladder = tuple[Rung, ...]
"""Rungs from the best to the worst; the first one that is reached counts, none reached gives 0."""


def movable(default: Any, unit: str, low: float, high: float, step: float, source: str) -> Any:
    """Declare a threshold that sliders, profiles and searches may move."""
    return field(default=default, metadata={"spec": Spec(unit, low, high, step, source)})


def steps(*rungs: tuple[float, float]) -> Ladder:
    """Write a ladder as (threshold, points), best rung first."""
    return tuple(Rung(threshold, points) for threshold, points in rungs)
