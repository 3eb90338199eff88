"""Which bars count (domain.md §1.9): a halted day, a bar without volume or one whose low and high contradict it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["RELATIVE_SLACK", "has_trades", "valid_bars"]

RELATIVE_SLACK = 1e-6
"""How far a low may exceed, or a high miss, open and close, relative to the price: room for rounded adjusted series."""

Numbers = npt.NDArray[Any]


def has_trades(open_krw: Numbers, high_krw: Numbers, low_krw: Numbers, volume_shares: Numbers) -> npt.NDArray[np.bool_]:
    """Whether the regular session made a price on a row: open, high and low are there and shares changed hands.

    A halted day is published with O = H = L = 0 and the last price in C. A row with volume but O = H = L = 0 held only
    after-hours or block trades; its close is the last price too.
    """
    return np.asarray((open_krw > 0) & (high_krw > 0) & (low_krw > 0) & (volume_shares > 0))


def valid_bars(
    open_krw: Numbers, high_krw: Numbers, low_krw: Numbers, close_krw: Numbers, volume_shares: Numbers
) -> npt.NDArray[np.bool_]:
    """Mark valid bars (domain.md §1.9).

    Parameters
    ----------
    open_krw, high_krw, low_krw, close_krw, volume_shares : arrays of one shape
        Won and shares; 0, a negative value (also an integer marker of a missing one) or NaN makes the bar invalid.

    Returns
    -------
    bool array of the same shape
        True where O, H, L, C are finite and > 0, V > 0, L <= min(O, C) and H >= max(O, C) with a relative slack of 1e-6.
    """
    with np.errstate(invalid="ignore"):
        positive = (open_krw > 0) & (high_krw > 0) & (low_krw > 0) & (close_krw > 0) & (volume_shares > 0)
        finite = np.isfinite(high_krw) & np.isfinite(close_krw) & np.isfinite(open_krw) & np.isfinite(low_krw)
        low_fits = low_krw <= np.minimum(open_krw, close_krw) * (1.0 + RELATIVE_SLACK)
        high_fits = high_krw >= np.maximum(open_krw, close_krw) * (1.0 - RELATIVE_SLACK)
    return np.asarray(positive & finite & low_fits & high_fits)
