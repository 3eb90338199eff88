"""Sectors ranked by the median return of their members (domain.md §4.1, item 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from engine.scoring.rounding import EPS
from engine.thresholds import Rules

__all__ = ["SectorRanks", "rank_sector_codes", "rank_sectors"]


@dataclass(frozen=True, eq=False)
class SectorRanks:
    """Ranking of sectors and what it means for each symbol.

    Attributes
    ----------
    names : tuple of str
        Sectors; the index is the sector's number.
    members : int array, shape (sectors,)
        Eligible members with a return.
    median : float64 array, shape (sectors,)
        Median return in the unit of the returns, of sectors with enough members; else NaN.
    rank : int32 array, shape (sectors,)
        1 = best, equal medians share the better rank; 0 where not ranked.
    count : int
        Sectors with enough members. Below the least number of sectors nothing is ranked.
    of : int32 array, shape (symbols,)
        Number of each symbol's sector; -1 for none.
    """

    names: tuple[str, ...]
    members: npt.NDArray[np.int32]
    median: FloatArray
    rank: npt.NDArray[np.int32]
    count: int
    of: npt.NDArray[np.int32]

    def symbol_rank(self) -> npt.NDArray[np.int32]:
        """Rank of each symbol's sector; 0 where it is not ranked."""
        return np.where(self.of >= 0, self.rank[self.of], 0).astype(np.int32) if len(self.rank) else np.zeros_like(self.of)

    def symbol_median(self) -> FloatArray:
        """Median of each symbol's sector; NaN where there is none."""
        if not len(self.median):
            return np.full(self.of.shape, np.nan)
        return np.asarray(np.where(self.of >= 0, self.median[self.of], np.nan), dtype=np.float64)

    def symbol_percentile(self) -> FloatArray:
        """100 x rank ÷ number of sectors of each symbol's sector; NaN where it is not ranked."""
        rank = self.symbol_rank().astype(np.float64)
        return np.asarray(np.where(rank > 0, 100.0 * rank / max(self.count, 1), np.nan), dtype=np.float64)


def rank_sectors(
    returns: FloatArray, sectors: npt.NDArray[np.str_], eligible: npt.NDArray[np.bool_], rules: Rules
) -> SectorRanks:
    """Rank sectors by the median return of their eligible members.

    Parameters
    ----------
    returns : float64 array, shape (symbols,)
        Return of each symbol, NaN where unknown. Only eligible symbols with a return are members.
    sectors : str array, shape (symbols,)
        Sector names; empty where unknown.
    """
    names, codes = np.unique(sectors, return_inverse=True)
    of = np.where(names[codes] == "", -1, codes).astype(np.int32)
    return rank_sector_codes(returns, of, tuple(str(name) for name in names), eligible, rules)


def rank_sector_codes(
    returns: FloatArray,
    of: npt.NDArray[np.int32],
    names: tuple[str, ...],
    eligible: npt.NDArray[np.bool_],
    rules: Rules,
) -> SectorRanks:
    """:func:`rank_sectors` with sectors already numbered (-1 for none)."""
    day = rules.daytrading
    counted = np.flatnonzero(eligible & ~np.isnan(returns) & (of >= 0))
    codes: npt.NDArray[Any] = of[counted]
    values = returns[counted]
    order = np.lexsort((values, codes))
    ordered = values[order]
    members = np.bincount(codes, minlength=len(names)).astype(np.int32)
    ends = np.cumsum(members)
    starts = ends - members
    median = np.full(len(names), np.nan)
    enough = np.flatnonzero(members >= day.sector_min_members)
    if len(enough):
        low = starts[enough] + (members[enough] - 1) // 2
        high = starts[enough] + members[enough] // 2
        median[enough] = 0.5 * (ordered[low] + ordered[high])
    rank = np.zeros(len(names), dtype=np.int32)
    if len(enough) >= day.sector_min_count:
        known = np.sort(median[enough])
        rank[enough] = 1 + len(known) - np.searchsorted(known, median[enough] + EPS, side="right")
    return SectorRanks(names, members, median, rank, len(enough), of)
