"""Reading corporate actions out of a vendor's adjusted prices (domain.md §1.8).

A vendor multiplies all prices before an ex day by one factor and cuts the result to whole won. So each price bounds the
factor of its day: ``(adjusted - 1) / raw < factor < (adjusted + 1) / raw``.

1. Walk from the newest day back and intersect the bounds. Where the intersection becomes empty, another factor begins: the
   day after is an ex day.
2. The newest factor must contain 1, because the vendor adjusts as of now; else the two series do not belong together.
3. The factor of an ex day is the older factor over the newer one. Where the exchange's base price of that day fits the
   bounds, it is the exact value; else the simplest fraction in the bounds (a split), else their middle.

Arithmetic on arrays of one symbol; no clock, no store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from engine.features.adjustment import adjust
from engine.features.validity import has_trades
from engine.model.errors import DataUnavailable
from engine.model.panel import FloatArray
from ralphstock_desktop.ports import MISSING_INT, ActionBatch, AdjustedBatch, DailyBatch

__all__ = ["Segment", "agrees_with_raw", "derive_actions", "factor_segments", "known_exactly", "same_series"]

_CUT_KRW = 1.0
"""How far a vendor's whole-won price may lie from the exact product: it is rounded or cut down."""
_NARROW = 0.004
"""Only bounds narrower than this (relative) are taken to mean the split inside them: wider ones hold some fraction anyway."""
_SPLITS = sorted(
    {Fraction(1, n) for n in range(2, 51)}
    | {Fraction(n, 1) for n in range(2, 51)}
    | {Fraction(a, b) for a in range(1, 12) for b in range(1, 13 - a) if a != b},
    key=lambda split: split.numerator + split.denominator,
)
"""Ratios in which shares are split, merged or given: 1/n, n/1, and small ones such as 2/3 or 5/6."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Days of one factor: ``low < factor < high``."""

    first_day: np.datetime64
    last_day: np.datetime64
    low: float
    high: float

    @property
    def factor(self) -> float:
        """Middle of the bounds."""
        return (self.low + self.high) / 2.0


@dataclass(frozen=True, eq=False)
class _Aligned:
    """Traded days both series hold: day, position in the raw series, and the bounds of each day's factor."""

    day: npt.NDArray[np.datetime64]
    at: npt.NDArray[np.intp]
    low: FloatArray
    high: FloatArray


def _aligned(raw: DailyBatch, adjusted: AdjustedBatch) -> _Aligned:
    _, left, right = np.intersect1d(raw.day, adjusted.day, return_indices=True)
    traded = has_trades(raw.open_krw, raw.high_krw, raw.low_krw, raw.volume_shares)[left] & (raw.close_krw[left] > 0)
    left, right = left[traded], right[traded]
    prices = np.stack([raw.open_krw[left], raw.high_krw[left], raw.low_krw[left], raw.close_krw[left]]).astype(np.float64)
    given = np.stack([adjusted.open_krw[right], adjusted.high_krw[right], adjusted.low_krw[right], adjusted.close_krw[right]])
    usable = np.isfinite(given).all(axis=0) & (given > 0).all(axis=0)
    left, prices, given = left[usable], prices[:, usable], given[:, usable]
    low = ((given - _CUT_KRW) / prices).max(axis=0, initial=-np.inf)
    high = ((given + _CUT_KRW) / prices).min(axis=0, initial=np.inf)
    return _Aligned(raw.day[left], left, low, high)


def factor_segments(raw: DailyBatch, adjusted: AdjustedBatch) -> list[Segment]:
    """Split the common traded days into stretches of one factor, oldest first.

    Parameters
    ----------
    raw, adjusted : batches of one symbol, ascending
        Prices in won; days without trades are left out.
    """
    rows = _aligned(raw, adjusted)
    found: list[Segment] = []
    low, high, last = -np.inf, np.inf, len(rows.day) - 1
    for position in range(len(rows.day) - 1, -1, -1):
        if max(low, rows.low[position]) >= min(high, rows.high[position]):
            found.append(Segment(rows.day[position + 1], rows.day[last], float(low), float(high)))
            low, high, last = -np.inf, np.inf, position
        low, high = max(low, rows.low[position]), min(high, rows.high[position])
    if len(rows.day):
        found.append(Segment(rows.day[0], rows.day[last], float(low), float(high)))
    return found[::-1]


def agrees_with_raw(raw: DailyBatch, actions: ActionBatch, adjusted: AdjustedBatch) -> bool:
    """Whether a vendor's adjusted prices are raw prices times the factors we know, on the days both hold.

    ``raw`` should begin at least one row before the first day compared, so that a factor on that day is seen.
    """
    rows = _aligned(raw, adjusted)
    if not len(rows.day):
        return True
    factor = _running_factor(raw, actions)
    expected = factor[rows.at[-1]] / factor[rows.at]
    return bool(((rows.low < expected) & (expected < rows.high)).all())


def same_series(stored: AdjustedBatch, given: AdjustedBatch) -> bool:
    """Whether two adjusted series say the same on the days both hold: less than a won apart in every price."""
    _, left, right = np.intersect1d(stored.day, given.day, return_indices=True)
    for name in ("open_krw", "high_krw", "low_krw", "close_krw"):
        before, after = getattr(stored, name)[left], getattr(given, name)[right]
        if (np.abs(before - after) >= _CUT_KRW).any():  # NaN compares as False: what is missing contradicts nothing
            return False
    return True


def derive_actions(ticker: str, raw: DailyBatch, adjusted: AdjustedBatch, source: str) -> ActionBatch:
    """Return the corporate actions that explain an adjusted series; confidence ``exact`` or ``derived``.

    Raises
    ------
    DataUnavailable
        If the newest adjusted prices are not the raw ones: the two series do not belong together.
    """
    segments = factor_segments(raw, adjusted)
    if segments and not segments[-1].low < 1.0 < segments[-1].high:
        raise DataUnavailable(
            f"The newest adjusted prices of {ticker} are {segments[-1].factor:.4f} times its raw prices; they should be equal.",
            key="error.sync.adjusted_mismatch",
            ticker=ticker,
        )
    days, factors, confidence = [], [], []
    for older, newer in pairwise(segments):
        low, high = older.low / newer.high, older.high / newer.low
        value, word = _best_factor(low, high, _base_factor(raw, newer.first_day))
        days.append(newer.first_day)
        factors.append(value)
        confidence.append(word)
    return ActionBatch(
        np.full(len(days), ticker),
        np.array(days, dtype="datetime64[D]"),
        np.array(factors, dtype=np.float64),
        np.array(confidence, dtype=np.str_),
        source=source,
    )


def _best_factor(low: float, high: float, exact: float | None) -> tuple[float, str]:
    if exact is not None and low < exact < high:
        return exact, "exact"
    simple = _simplest_fraction(low, high)
    return (float(simple), "derived") if simple is not None else ((low + high) / 2.0, "derived")


def _simplest_fraction(low: float, high: float) -> Fraction | None:
    if high - low > _NARROW * high:
        return None
    return next((split for split in _SPLITS if low < split < high), None)


def _base_factor(raw: DailyBatch, day: np.datetime64) -> float | None:
    """The exchange's own factor of a day: base price over the close of the row before; None where it is not told."""
    at = int(np.searchsorted(raw.day, day))
    if at == 0 or raw.prev_diff_krw[at] == MISSING_INT or raw.close_krw[at - 1] <= 0:
        return None
    base = int(raw.close_krw[at]) - int(raw.prev_diff_krw[at])
    return base / int(raw.close_krw[at - 1]) if base > 0 else None


def _running_factor(raw: DailyBatch, actions: ActionBatch) -> FloatArray:
    traded = has_trades(raw.open_krw, raw.high_krw, raw.low_krw, raw.volume_shares)
    diff = np.where(raw.prev_diff_krw == MISSING_INT, np.nan, raw.prev_diff_krw.astype(np.float64))
    result = adjust(
        np.where(raw.close_krw > 0, raw.close_krw, 0)[None, :],
        np.ones((1, len(raw.day)), dtype=np.bool_),
        traded[None, :],
        diff[None, :],
        np.zeros(len(actions.ex_day), dtype=np.int64),
        np.searchsorted(raw.day, actions.ex_day, side="left"),
        actions.price_factor,
    )
    return np.asarray(result.factor[0], dtype=np.float64)


def known_exactly(actions: ActionBatch, found: ActionBatch) -> Sequence[bool]:
    """Whether each action found is already recorded on its ex day with the same factor (to a part in a million)."""
    stored = dict(zip(actions.ex_day.tolist(), actions.price_factor.tolist(), strict=True))
    return [
        day in stored and abs(stored[day] / factor - 1.0) < 1e-6
        for day, factor in zip(found.ex_day.tolist(), found.price_factor.tolist(), strict=True)
    ]
