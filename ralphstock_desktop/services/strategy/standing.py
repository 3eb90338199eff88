"""Who has a signal under some rules, in which order; and what differs between two such standings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.closing import ClosingBetScan, SignalPhase
from engine.model.daytrade import DayTradeScan
from engine.model.panel import MarketPanel
from engine.model.scan import Grade, VcpScan

__all__ = ["Standing", "counts", "moved", "only_in", "standing_of"]


@dataclass(frozen=True, eq=False)
class Standing:
    """Who has a signal under some rules, in which order."""

    rows: npt.NDArray[np.intp]
    """Rows with a signal, best first."""
    grade: npt.NDArray[np.uint8]
    score: npt.NDArray[np.float64]
    listed: npt.NDArray[np.intp]
    """Rows of the whole list in its order."""
    counted: npt.NDArray[np.intp]
    """Rows that ``all`` counts: detected patterns, candidates of the closing bet, checklists of B or better."""


def standing_of(scan: VcpScan | ClosingBetScan | DayTradeScan) -> Standing:
    """Signals and order of a scan: detected patterns, closing-bet signals of grade B or better, checklists of B or better."""
    if isinstance(scan, VcpScan):
        total = np.nan_to_num(scan.total_score, nan=-1.0)
        listed = np.lexsort((np.arange(len(total)), -total))[: int(np.count_nonzero(total >= 0))]
        rows = listed[scan.pattern[listed]]
        return Standing(rows, scan.grade, scan.total_score, listed, rows)
    if isinstance(scan, ClosingBetScan):
        rows = scan.order[scan.phase[scan.order] != SignalPhase.NONE]
        return Standing(rows, scan.grade, scan.total, scan.order, scan.order)
    rows = scan.order[scan.grade[scan.order] >= Grade.B]
    return Standing(rows, scan.grade, scan.score, scan.order, rows)


def counts(standing: Standing) -> dict[str, int]:
    """Return how many of the counted symbols have each grade, and all together."""
    found = {
        grade.name: int(np.count_nonzero(standing.grade[standing.counted] == grade))
        for grade in (Grade.S, Grade.A, Grade.B, Grade.C)
    }
    found["all"] = len(standing.counted)
    return found


def only_in(one: Standing, other: Standing, panel: MarketPanel) -> tuple[tuple[str, int, float], ...]:
    """Return (ticker, grade, score) of what has a signal in the one and not in the other."""
    rows = one.rows[~np.isin(one.rows, other.rows)]
    return tuple((str(panel.tickers[row]), int(one.grade[row]), float(one.score[row])) for row in rows)


def moved(before: Standing, after: Standing) -> int:
    """Return how many symbols in both lists have another rank."""
    size = max(len(before.grade), 1)
    ranks = np.full((2, size), -1)
    ranks[0, before.listed], ranks[1, after.listed] = np.arange(len(before.listed)), np.arange(len(after.listed))
    both = (ranks >= 0).all(axis=0)
    return int(np.count_nonzero(ranks[0, both] != ranks[1, both]))
