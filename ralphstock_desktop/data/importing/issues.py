"""Counting what was not taken, and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.ports import FileIssue

__all__ = ["Issues"]

_EXAMPLES = 5


class Issues:
    """Rows of one file by reason, with the first few places of each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: dict[tuple[str, bool], int] = {}
        self._examples: dict[tuple[str, bool], list[str]] = {}

    def add(
        self,
        reason: str,
        rows: npt.NDArray[np.int64],
        describe: Callable[[int], str] | None = None,
        *,
        rejected: bool = True,
    ) -> None:
        """Count rows under ``import.reason.<reason>``.

        ``rows`` are row numbers from 1; ``describe`` gives a few words about the n-th of them (its ticker and day, the
        text that could not be read).
        """
        if len(rows) == 0:
            return
        key = (reason, rejected)
        self._counts[key] = self._counts.get(key, 0) + len(rows)
        examples = self._examples.setdefault(key, [])
        for position in range(min(len(rows), _EXAMPLES - len(examples))):
            words = describe(position) if describe else ""
            examples.append(f"row {int(rows[position])}: {words}" if words else f"row {int(rows[position])}")

    @property
    def rejected(self) -> int:
        """Rows that were not taken."""
        return sum(count for (_, rejected), count in self._counts.items() if rejected)

    def report(self) -> list[FileIssue]:
        """Everything counted, rejected rows first, most rows first."""
        ordered = sorted(self._counts.items(), key=lambda item: (not item[0][1], -item[1], item[0][0]))
        return [
            FileIssue(self._path, f"import.reason.{reason}", count, tuple(self._examples[reason, rejected]), rejected)
            for (reason, rejected), count in ordered
        ]
