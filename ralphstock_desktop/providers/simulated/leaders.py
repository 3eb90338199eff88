"""The day's leaders: liquid stocks that jump on heavy turnover after a quiet rest, some out of a year's high, with news.

They are what the closing bet looks for, so that the demo market has something for it to find and something to reject. Nothing
here knows how it scores; a leader may lack the high, the flows or the news, and some carry bad news.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.model.instruments import Market, SecurityType
from ralphstock_desktop.providers.simulated.bars import Events
from ralphstock_desktop.providers.simulated.returns import Paths
from ralphstock_desktop.providers.simulated.universe import Universe

__all__ = ["Leader", "apply_leaders", "plan_leaders"]

Story = Literal["decisive", "good", "weak", "none", "bad"]

_DAYS = 120
_RECENT = 12
_REST = 20
_CLIMB = 60
_YEAR = 250


@dataclass(frozen=True, slots=True)
class Leader:
    """One stock's day."""

    row: int
    day: int
    log_return: float
    value_krw: float
    """Traded value it is meant to reach."""
    at_high: bool
    """Stands at its year's high before it jumps."""
    flow: float
    """Foreign and institution buying as a share of turnover in the days before; 0 leaves them as drawn."""
    story: Story


def plan_leaders(universe: Universe, events: Events, planted: set[int], days: int, rng: np.random.Generator) -> list[Leader]:
    """Choose leaders: a few on each of the last days, one or two on each of the days before. Each stock leads once."""
    touched = {row for row, _, _ in events.actions} | {row for row, _, _, _ in events.designations} | planted
    touched |= set(universe.parent[universe.parent >= 0].tolist())
    whole = (events.first_day == 0) & (events.last_day == days - 1) & ~events.halted.any(axis=1)
    stocks = (universe.security_type == SecurityType.COMMON) & (universe.market != Market.KONEX)
    liquid = (universe.turnover_krw > 3e9) & (universe.turnover_krw < 8e10) & (universe.price_krw > 3_000)
    pool = iter(row for row in rng.permutation(np.flatnonzero(whole & stocks & liquid)).tolist() if row not in touched)
    leaders: list[Leader] = []
    for day in range(days - 1, max(days - _DAYS, _YEAR + _CLIMB) - 1, -1):
        for _ in range(int(rng.integers(4, 7)) if day >= days - _RECENT else int(rng.integers(1, 3))):
            row = next(pool, None)
            if row is None:
                return leaders
            leaders.append(
                Leader(
                    row=row,
                    day=day,
                    log_return=float(np.log1p(rng.triangular(0.045, 0.09, 0.23))),
                    value_krw=float(np.exp(rng.uniform(np.log(8e10), np.log(1.4e12)))),
                    at_high=bool(rng.random() < 0.65),
                    flow=float(rng.uniform(0.03, 0.14)) if rng.random() < 0.6 else 0.0,
                    story=_STORIES[int(rng.choice(len(_STORIES), p=(0.3, 0.3, 0.15, 0.15, 0.1)))],
                )
            )
    return leaders


_STORIES: tuple[Story, ...] = ("decisive", "good", "weak", "none", "bad")


def apply_leaders(leaders: list[Leader], universe: Universe, paths: Paths, rng: np.random.Generator) -> None:
    """Bend the paths of the leaders in place: a climb to the high, a quiet rest, then the day itself."""
    for leader in leaders:
        row, day = leader.row, leader.day
        log_return = paths.log_return[row]
        rest = slice(day - _REST, day)
        log_return[rest] *= 0.35
        if leader.at_high:
            price = log_return[: day + 1].cumsum()
            short = float(price[max(day - _YEAR, 0) : day].max() - price[day - 1])
            log_return[day - _REST - _CLIMB : day - _REST] += max(short, 0.0) / _CLIMB
        log_return[day] = leader.log_return
        heat = np.exp(rng.normal(0.0, 0.12, _REST)) * np.linspace(0.9, 0.45, _REST)
        paths.volume_factor[row, rest] = heat
        # Volume is counted in usual days at the last day's price.
        later = float(np.exp(log_return[day + 1 :].sum()))
        paths.volume_factor[row, day] = leader.value_krw / universe.turnover_krw[row] * later
        paths.spread[row, rest] = np.minimum(paths.spread[row, rest], 0.007)
        paths.spread[row, day] = 0.006
