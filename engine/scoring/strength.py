"""Relative strength rank across the market (domain.md §2.4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from engine.scoring.rounding import EPS

__all__ = ["rank_strength"]


def rank_strength(raw: FloatArray, in_pool: npt.NDArray[np.bool_], pool_min: int) -> FloatArray:
    """Rank raw strength to 1…99 within a pool.

    Parameters
    ----------
    raw : float64 array, shape (symbols,)
        Raw strength in percent, NaN where it does not exist.
    in_pool : bool array
        Stocks that pass the universe filter. Those with a raw value are the N stocks of the rank; any other stock is ranked
        as if it were added to them.
    pool_min : int
        Fewest pool stocks for which a rank exists.

    Returns
    -------
    float64 array
        ``RS = 1 + floor(98·p + 0.5)``, ``p = (lower + 0.5·(equal - 1)) / (N - 1)`` with *equal* counting the stock itself;
        NaN without a raw value or with too small a pool.
    """
    known = ~np.isnan(raw)
    pool = np.sort(raw[known & in_pool])
    ranks = np.full(raw.shape, np.nan)
    if len(pool) < pool_min or len(pool) < 2:
        return ranks
    values = raw[known]
    lower = np.searchsorted(pool, values - EPS, side="left")
    equal = np.searchsorted(pool, values + EPS, side="right") - lower
    member = in_pool[known]
    count = np.where(member, len(pool), len(pool) + 1)
    itself = np.where(member, equal, equal + 1)
    position = (lower + 0.5 * (itself - 1)) / (count - 1)
    ranks[known] = 1.0 + np.floor(98.0 * position + 0.5 + EPS)
    return ranks
