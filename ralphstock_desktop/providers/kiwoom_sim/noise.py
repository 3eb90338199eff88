"""Randomness without state: numbers that depend on their keys alone.

A replay must give the same trades however it is asked (in any order, at any speed, after any jump), so nothing here draws
from a stream; every number is a hash of the seed, the symbol, the minute and the position.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["mix", "mix_int", "normals", "uniforms"]

Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB


def mix(seed: int, *keys: npt.NDArray[np.integer[Any]] | int) -> Hashes:
    """Hash a seed and integer keys (broadcast against each other) into 64-bit numbers (splitmix64 finaliser)."""
    state = np.asarray(np.uint64(seed & _MASK))
    for key in keys:
        part = np.asarray(key).astype(np.uint64)
        with np.errstate(over="ignore"):
            state = (state ^ part) * np.uint64(_STEP) + np.uint64(_STEP)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(_FIRST)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(_SECOND)
            state = state ^ (state >> np.uint64(31))
    return np.asarray(state, dtype=np.uint64)


def mix_int(seed: int, *keys: int) -> int:
    """:func:`mix` for plain integers, without arrays; gives the same numbers."""
    state = seed & _MASK
    for key in keys:
        state = ((state ^ (key & _MASK)) * _STEP + _STEP) & _MASK
        state = ((state ^ (state >> 30)) * _FIRST) & _MASK
        state = ((state ^ (state >> 27)) * _SECOND) & _MASK
        state ^= state >> 31
    return state


def uniforms(hashes: Hashes) -> Floats:
    """Numbers in [0, 1), one per hash."""
    return np.asarray((hashes >> np.uint64(11)).astype(np.float64) * (1.0 / (1 << 53)), dtype=np.float64)


def normals(hashes: Hashes) -> Floats:
    """Nearly standard normal numbers (sum of four 16-bit uniforms), one per hash; never beyond 3.5 standard deviations."""
    low = np.uint64(0xFFFF)
    total = (
        (hashes & low).astype(np.float64)
        + ((hashes >> np.uint64(16)) & low)
        + ((hashes >> np.uint64(32)) & low)
        + (hashes >> np.uint64(48))
    )
    return np.asarray((total / 65_535.0 - 2.0) * np.sqrt(3.0), dtype=np.float64)
