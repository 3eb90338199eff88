"""State of the sectors on a day (domain.md §§4.1 item 7, 5.4).

The exchange's sector indices are not part of our data, so a sector is what its members did: the median day change (C/B - 1) and
the median five-day return of its members eligible for day trading, the same definition by which the day-trading checklist ranks
sectors. Sector names come from the master; a stock without one belongs to none.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.features.breadth import day_trade_universe
from engine.model.gate import SectorState
from engine.model.panel import FloatArray, MarketPanel
from engine.scoring.rounding import EPS, more_than
from engine.thresholds import DEFAULT_RULES, Rules

__all__ = ["SectorReturn", "returns_over", "sector_returns", "sector_states"]

SectorReturn = tuple[str, date, float | None, float | None, int]
"""(sector, day, r1, r5, members): medians in percent, as the ``sector_return`` table keeps them."""

_SCORE_MIDDLE, _SCORE_PER_PCT, _SCORE_TOP = 50.0, 10.0, 100.0
"""clamp(50 + 10·change, 0, 100), domain.md §5.4: a way of drawing, no threshold."""


def returns_over(panel: MarketPanel, day: int, bars: int, change_pct: FloatArray | None = None) -> FloatArray:
    """Return of each symbol over its last ``bars`` valid bars up to a day, in percent, adjusted; shape (symbols,).

    With ``change_pct`` (today's change of each symbol against its base price, NaN where unknown) today stands after ``day`` and
    is the last of the bars. NaN without enough valid bars or where the day's own bar is not valid.
    """
    back = bars if change_pct is None else bars - 1
    rows = np.arange(panel.shape[0])
    count = np.cumsum(panel.valid[:, day::-1], axis=1, dtype=np.int32)
    enough = panel.valid[:, day] & (count[:, -1] > back)
    then = day - np.argmax(count > back, axis=1)  # the first day backwards that holds the bar before the window
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = panel.factor[:, day] / panel.factor[rows, then]
        growth = panel.close_krw[:, day] / (panel.close_krw[rows, then] * scale)
        if change_pct is not None:
            growth = growth * (1.0 + np.asarray(change_pct, dtype=np.float64) / 100.0)
    return np.where(enough, 100.0 * (growth - 1.0), np.nan)


def sector_states(
    panel: MarketPanel, day: int, rules: Rules = DEFAULT_RULES, quotes_change: FloatArray | None = None
) -> tuple[SectorState, ...]:
    """Return the state of every sector with an eligible member, best day change first, unknown changes last.

    Parameters
    ----------
    day : int
        Panel day whose official bar is the last one known.
    quotes_change : float64 array, shape (symbols,), optional
        Today's change of each symbol in percent while its bar is forming: replaces the day's change, and the five-day return
        then ends with today. NaN where there is no quote.

    Returns
    -------
    tuple of SectorState
        Ranks go to sectors with ``daytrading.sector_min_members`` known five-day returns, equal returns share the better rank;
        no sector is ranked where fewer than ``daytrading.sector_min_count`` can be.
    """
    thresholds = rules.daytrading
    names, member_of = _members(panel, day, rules)
    change = _day_change(panel, day) if quotes_change is None else np.asarray(quotes_change, dtype=np.float64)
    five = returns_over(panel, day, thresholds.sector_bars, quotes_change)
    measured = [(name, rows, _median(change[rows]), _median(five[rows])) for name, rows in zip(names, member_of, strict=True)]
    ranked = [
        r5
        for _, rows, _, r5 in measured
        if r5 is not None and np.count_nonzero(~np.isnan(five[rows])) >= thresholds.sector_min_members
    ]
    can_rank = len(ranked) >= thresholds.sector_min_count
    states = []
    for name, rows, r1, r5 in measured:
        enough = np.count_nonzero(~np.isnan(five[rows])) >= thresholds.sector_min_members
        rank = 1 + sum(other > r5 + EPS for other in ranked) if can_rank and enough and r5 is not None else None
        score = None if r1 is None else min(max(_SCORE_MIDDLE + _SCORE_PER_PCT * r1, 0.0), _SCORE_TOP)
        states.append(SectorState(name, len(rows), r1, r5, _signal(r1, rules), score, rank))
    return tuple(sorted(states, key=lambda s: (s.change_pct is None, -(s.change_pct or 0.0), s.name)))


def sector_returns(panel: MarketPanel, day: int, rules: Rules = DEFAULT_RULES) -> tuple[SectorReturn, ...]:
    """Return the day's rows of the ``sector_return`` table, by sector name."""
    on: date = panel.days[day].astype("datetime64[D]").item()
    states = sorted(sector_states(panel, day, rules), key=lambda state: state.name)
    return tuple((s.name, on, s.change_pct, s.return_5d_pct, s.members) for s in states)


def _members(panel: MarketPanel, day: int, rules: Rules) -> tuple[list[str], list[npt.NDArray[np.intp]]]:
    """Sector names and the rows of their eligible members, by name."""
    rows = np.flatnonzero(day_trade_universe(panel, rules, [day])[:, 0] & (panel.sectors != ""))
    names, of_row = np.unique(panel.sectors[rows], return_inverse=True)
    return [str(name) for name in names], [rows[of_row == k] for k in range(len(names))]


def _day_change(panel: MarketPanel, day: int) -> FloatArray:
    """Change of the day against the base price in percent (domain.md §1.8), NaN where either is missing; shape (symbols,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        change = 100.0 * (panel.close_krw[:, day].astype(np.float64) / panel.base_krw[:, day] - 1.0)
    return np.where(panel.valid[:, day], change, np.nan)


def _median(values: FloatArray) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _signal(change: float | None, rules: Rules) -> Literal["bullish", "neutral", "bearish", "unknown"]:
    if change is None:
        return "unknown"
    if bool(more_than(np.array(change), rules.gate.sector_bullish_pct)):
        return "bullish"
    return "bearish" if bool(more_than(np.array(rules.gate.sector_bearish_pct), change)) else "neutral"
