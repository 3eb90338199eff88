"""Which bar and which flows were known at an instant (domain.md §0.2).

The official bar of day D is known from D 15:40; confirmed investor flows from D 18:10, and from 20:10 since trading ends at
20:00 (Appendix C). Both come from the dated session table, never from the wall clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel

__all__ = ["KnownDays", "known_days"]


@dataclass(frozen=True, slots=True)
class KnownDays:
    """Panel day indices of what was known; -1 where nothing was."""

    bar: int
    flow: int


def known_days(panel: MarketPanel, as_of: AsOf, sessions: SessionTable = DEFAULT_SESSIONS) -> KnownDays:
    """Return the last days of ``panel`` whose official bar and whose confirmed flows were known at ``as_of``."""
    last = panel.day_index(np.datetime64(as_of.day, "D"))
    bar = flow = last
    while bar >= 0 and sessions.official_bar_ns(_date(panel, bar)) > as_of.instant_ns:
        bar -= 1
    while flow >= 0 and sessions.confirmed_flow_ns(_date(panel, flow)) > as_of.instant_ns:
        flow -= 1
    return KnownDays(bar, flow)


def _date(panel: MarketPanel, index: int) -> date:
    day: date = panel.days[index].astype("datetime64[D]").item()
    return day
