"""What the program says differently from a twin."""

from __future__ import annotations

import math
from enum import IntEnum, IntFlag
from typing import Any


def same(ours: Any, theirs: float | None) -> bool:
    """Equal to 1e-9 relative or absolute; missing only equals missing."""
    missing = ours is None or math.isnan(float(ours))
    if theirs is None or math.isnan(theirs):
        return missing
    return not missing and math.isclose(float(ours), theirs, rel_tol=1e-9, abs_tol=1e-9)


def names_in(flag: type[IntFlag], mask: Any) -> set[str]:
    return {member.name or "" for member in flag if member and int(mask) & int(member)}


def name_of(kind: type[IntEnum], value: Any) -> str:
    return kind(int(value)).name


class Differences(list[str]):
    """Collects differences and counts what was compared."""

    def __init__(self) -> None:
        super().__init__()
        self.compared = 0

    def number(self, where: str, ours: Any, theirs: float | None) -> None:
        self.compared += 1
        if not same(ours, theirs):
            self.append(f"{where}: program {ours!r}, twin {theirs!r}")

    def equal(self, where: str, ours: Any, theirs: Any) -> None:
        self.compared += 1
        if ours != theirs:
            self.append(f"{where}: program {ours!r}, twin {theirs!r}")

    def report(self) -> str:
        return f"{len(self)} differences in {self.compared} numbers\n" + "\n".join(self[:50])
