"""Prices as steps of the tick ladder: whole numbers, so that paths can be drawn without leaving the ticks.

Step 0 is 0 won; every later step is one tick higher, across the bands of the
tick table. A price that is not on a tick has the step below it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.calendar.ticks import TickTable, tick_table
from engine.model.instruments import Market, SecurityType

__all__ = ["Ladder", "Ladders"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ladder:
    """Steps of one tick table."""

    starts: Ints
    """Price at which each band begins."""
    ticks: Ints
    offsets: Ints
    """Step at which each band begins."""

    @classmethod
    def of(cls, table: TickTable) -> Ladder:
        """Build from the exchange's table."""
        starts = np.array((0, *table.bounds), dtype=np.int64)
        ticks = np.array(table.ticks, dtype=np.int64)
        widths = np.diff(starts) // ticks[:-1]
        return cls(starts, ticks, np.concatenate(([0], np.cumsum(widths))).astype(np.int64))

    def steps(self, prices: Ints) -> Ints:
        """Step of each price in won (the one below, where it is not on a tick)."""
        band = np.searchsorted(self.starts, prices, side="right") - 1
        return np.asarray(self.offsets[band] + (prices - self.starts[band]) // self.ticks[band], dtype=np.int64)

    def prices(self, steps: Ints) -> Ints:
        """Price in won of each step; steps below 0 are taken as 0."""
        safe = np.maximum(steps, 0)
        band = np.searchsorted(self.offsets, safe, side="right") - 1
        return np.asarray(self.starts[band] + (safe - self.offsets[band]) * self.ticks[band], dtype=np.int64)

    @cached_property
    def _plain(self) -> tuple[list[int], list[int], list[int]]:
        """The bands as lists: single prices are asked for thousands of times a second."""
        return self.starts.tolist(), self.ticks.tolist(), self.offsets.tolist()

    def step(self, price: int) -> int:
        """:meth:`steps` of one price."""
        starts, ticks, offsets = self._plain
        band = bisect_right(starts, price) - 1
        return offsets[band] + (price - starts[band]) // ticks[band]

    def price(self, step: int) -> int:
        """:meth:`prices` of one step."""
        starts, ticks, offsets = self._plain
        step = max(step, 0)
        band = bisect_right(offsets, step) - 1
        return starts[band] + (step - offsets[band]) * ticks[band]

    def tick(self, price: int) -> int:
        """Tick at a price in won."""
        starts, ticks, _ = self._plain
        return ticks[max(bisect_right(starts, price) - 1, 0)]


class Ladders:
    """The ladder of every symbol on a day.

    Parameters
    ----------
    market, security_type : uint8 arrays, shape (symbols,)
        As in the panel.
    day : date
        Day whose tick rules apply.
    """

    def __init__(self, market: npt.NDArray[np.uint8], security_type: npt.NDArray[np.uint8], day: date) -> None:
        kinds: dict[TickTable, int] = {}
        found: list[Ladder] = []
        self.kind = np.zeros(len(market), dtype=np.int8)
        pairs = market.astype(np.int64) * 256 + security_type
        for pair in np.unique(pairs):
            # A symbol whose market is unknown trades on some board; before 2023 the boards differed and KOSPI is assumed.
            board = int(pair) // 256 or int(Market.KOSPI)
            table = tick_table(board, day, int(pair) % 256 or int(SecurityType.COMMON))
            if table not in kinds:
                kinds[table] = len(found)
                found.append(Ladder.of(table))
            self.kind[pairs == pair] = kinds[table]
        self.ladders = tuple(found)

    def of(self, row: int) -> Ladder:
        """Ladder of one symbol."""
        return self.ladders[int(self.kind[row])]

    def steps(self, rows: Ints, prices: Ints) -> Ints:
        """Steps of prices; the first axis of ``prices`` goes with ``rows``."""
        return self._each(rows, prices, to_steps=True)

    def prices(self, rows: Ints, steps: Ints) -> Ints:
        """Prices of steps; the first axis of ``steps`` goes with ``rows``."""
        return self._each(rows, steps, to_steps=False)

    def _each(self, rows: Ints, values: Ints, *, to_steps: bool) -> Ints:
        kinds = self.kind[rows]
        present = np.unique(kinds) if len(self.ladders) > 1 else np.zeros(1, dtype=np.int8)
        if len(present) <= 1:
            ladder = self.ladders[int(present[0])] if len(present) else self.ladders[0]
            return ladder.steps(values) if to_steps else ladder.prices(values)
        result = np.empty(values.shape, dtype=np.int64)
        for kind in present:
            chosen = kinds == kind
            ladder = self.ladders[int(kind)]
            result[chosen] = ladder.steps(values[chosen]) if to_steps else ladder.prices(values[chosen])
        return result
