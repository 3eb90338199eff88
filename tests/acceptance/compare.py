"""Bit-for-bit comparison of anything the program computes, with the place of every difference."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any

import numpy as np

__all__ = ["NOT_COMPARED", "differences"]

NOT_COMPARED = frozenset({"panel", "series", "instant", "seconds", "panel_version", "minutes", "index"})
"""Inputs, and how long it took: an input holds the future, what is made from it must not."""


def differences(one: Any, other: Any, place: str = "", *, skip: AbstractSet[str] = NOT_COMPARED) -> Iterator[str]:
    """Yield where two objects differ: types, shapes, dtypes, order, every bit of a number (NaN equals NaN)."""
    if type(one) is not type(other):
        yield f"{place}: {type(one).__name__} and {type(other).__name__}"
    elif isinstance(one, np.ndarray):
        yield from _arrays(one, other, place)
    elif dataclasses.is_dataclass(one) and not isinstance(one, type):
        for field in dataclasses.fields(one):
            if field.name not in skip:
                yield from differences(getattr(one, field.name), getattr(other, field.name), f"{place}.{field.name}", skip=skip)
    elif isinstance(one, Mapping):
        if list(one) != list(other):
            yield f"{place}: keys {sorted(map(str, set(one) ^ set(other)))[:6]} or their order"
        for key in one:
            if key in other:
                yield from differences(one[key], other[key], f"{place}[{key!r}]", skip=skip)
    elif isinstance(one, Sequence) and not isinstance(one, str | bytes):
        if len(one) != len(other):
            yield f"{place}: {len(one)} and {len(other)} entries"
        for number, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from differences(a, b, f"{place}[{number}]", skip=skip)
    elif isinstance(one, float) and not isinstance(one, Enum):
        if not (one == other or (math.isnan(one) and math.isnan(other))) or math.copysign(1, one) != math.copysign(1, other):
            yield f"{place}: {one!r} and {other!r}"
    elif one != other:
        yield f"{place}: {one!r} and {other!r}"


def _arrays(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any], place: str) -> Iterator[str]:
    if one.shape != other.shape or one.dtype != other.dtype:
        yield f"{place}: {one.dtype}{one.shape} and {other.dtype}{other.shape}"
        return
    if one.dtype == object:
        yield from differences(one.tolist(), other.tolist(), place)
        return
    nan = one.dtype.kind in "fcmM"
    if not np.array_equal(one, other, equal_nan=nan):
        differ = ~((one == other) | ((one != one) & (other != other)))
        where = np.argwhere(differ)
        first = tuple(where[0])
        yield f"{place}: {len(where)} of {one.size} values, first at {tuple(map(int, first))}: {one[first]!r} and {other[first]!r}"
