"""Near misses of every strategy: symbols one step of one item short of the next better grade, and what would have to happen.

The parts live beside this module, one a strategy (:mod:`engine.scoring.near_day`, :mod:`engine.scoring.near_closing`,
:mod:`engine.scoring.near_vcp`); :mod:`engine.scoring.near_steps` says what a near miss is. :func:`quotes_after` and
:func:`panel_after` make what a step names happen, so that scoring again proves it.
"""

from __future__ import annotations

from engine.scoring.near_closing import closing_near_misses, panel_after
from engine.scoring.near_day import day_near_misses, quotes_after
from engine.scoring.near_steps import Move, NearStep
from engine.scoring.near_vcp import vcp_near_misses

__all__ = [
    "Move",
    "NearStep",
    "closing_near_misses",
    "day_near_misses",
    "panel_after",
    "quotes_after",
    "vcp_near_misses",
]
