"""What takes time, done before anything is written: near misses of a whole market, and scores of an earlier instant.

Everything else of an answer is read in one go afterwards, so that no other instant can come between.
"""

from __future__ import annotations

from datetime import date
from weakref import WeakKeyDictionary

from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf
from ralphstock_desktop.services.assistant.answers.stock_symbol import Pictures
from ralphstock_desktop.services.assistant.desk import Desk
from ralphstock_desktop.services.strategy_contracts import GradeDiff, NearMiss, Strategies, StrategyName

__all__ = ["find_diffs", "find_steps", "steps_of"]

_STEPS: WeakKeyDictionary[object, tuple[NearMiss, ...]] = WeakKeyDictionary()
"""Near misses of a picture, as long as it is shown somewhere."""


def _shown(desk: Desk, strategy: StrategyName) -> object | None:
    """The picture of the instant on screen; None while it is not there."""
    pictures = Pictures(desk)
    return {"VCP": pictures.scan, "CLOSING_BET": pictures.closing, "DAY_TRADE": pictures.day}[strategy]


async def find_steps(desk: Desk, strategies: tuple[StrategyName, ...]) -> None:
    """Find the near misses of what is on screen on a worker, once a picture: tens of milliseconds for a whole market."""
    found = desk.workstation.strategies
    if found is None:
        return
    for strategy in strategies:
        picture = _shown(desk, strategy)
        if picture is None or picture in _STEPS:
            continue
        steps = await desk.workers.compute(found.near_misses, strategy)
        if _shown(desk, strategy) is picture:  # else they may be of one that came meanwhile
            _STEPS[picture] = steps


def steps_of(found: Strategies, strategy: StrategyName, picture: object) -> tuple[NearMiss, ...]:
    """Near misses of a picture on screen; found now where they are not yet."""
    if picture not in _STEPS:
        _STEPS[picture] = found.near_misses(strategy)
    return _STEPS[picture]


async def find_diffs(
    desk: Desk, strategies: tuple[StrategyName, ...], ticker: str, since: date | None
) -> dict[StrategyName, GradeDiff]:
    """What changed a symbol's grades since the end of a day; None, today and later days mean the trading day before.

    A strategy is left out where an instant has no data, all are where another instant was chosen meanwhile.
    """
    found, market = desk.workstation.strategies, desk.picture()
    earlier = AsOf.end_of(since) if since is not None else None
    if earlier is not None and earlier.instant_ns >= market.as_of.instant_ns:
        earlier = None
    diffs: dict[StrategyName, GradeDiff] = {}
    for strategy in strategies if found is not None else ():
        assert found is not None
        try:
            diffs[strategy] = await found.grade_diff(strategy, ticker, earlier)
        except DataUnavailable:
            continue
    now = desk.picture()
    return diffs if now.panel is market.panel and now.as_of == market.as_of else {}
