"""Which table cells changed a moment ago (design.md §12): 240 ms of tint, or bold where motion is reduced.

Arrays over source rows and columns, so marking a thousand cells is one assignment. The clock is handed in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["FLASH_MS", "MIN_GAP_MS", "FlashTracker"]

FLASH_MS = 240.0
MIN_GAP_MS = 500.0
"""A cell starts at most one flash in this time."""


class FlashTracker:
    """Remembers when each cell last flashed and in which direction.

    Parameters
    ----------
    now_ms : callable
        Monotonic milliseconds.
    """

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._started = np.empty((0, 0))
        self._sign = np.empty((0, 0), dtype=np.int8)
        self._latest = -np.inf
        self.reduced_motion = False

    def reset(self, rows: int, columns: int) -> None:
        """Forget everything; the table now has this shape."""
        self._started = np.full((rows, columns), -np.inf)
        self._sign = np.zeros((rows, columns), dtype=np.int8)

    def mark(self, rows: npt.NDArray[np.intp], column: int, signs: npt.NDArray[np.int8]) -> None:
        """Note that cells changed; ``signs`` is +1, -1 or 0 (changed without direction, not flashed)."""
        now = self._now_ms()
        moved = signs != 0
        rows, signs = rows[moved], signs[moved]
        if self.reduced_motion:
            # Bold stays until the next change of the table's values, so the older marks go first.
            self._sign[:, column] = 0
            self._sign[rows, column] = signs
            return
        due = now - self._started[rows, column] >= MIN_GAP_MS
        if due.any():
            self._latest = now
        self._started[rows[due], column] = now
        self._sign[rows[due], column] = signs[due]

    def is_running(self) -> bool:
        """Whether any flash may still be visible (cheap)."""
        return not self.reduced_motion and self._now_ms() - self._latest < FLASH_MS

    def strength(self, row: int, column: int) -> tuple[float, int]:
        """Return the opacity (1 falling linearly to 0) and the sign of one cell's flash; 0 where it is over."""
        sign = int(self._sign[row, column])
        if sign == 0 or self.reduced_motion:
            return 0.0, sign
        left = 1.0 - (self._now_ms() - self._started[row, column]) / FLASH_MS
        return (float(left), sign) if 0.0 < left <= 1.0 else (0.0, sign)

    def is_bold(self, row: int, column: int) -> bool:
        """Whether a changed cell is bold instead of tinted."""
        return self.reduced_motion and bool(self._sign[row, column])

    def active(self) -> npt.NDArray[np.bool_]:
        """Where a flash is still running, shape (rows, columns)."""
        if self.reduced_motion:
            return np.zeros(self._sign.shape, dtype=np.bool_)
        return np.asarray(self._now_ms() - self._started < FLASH_MS)
