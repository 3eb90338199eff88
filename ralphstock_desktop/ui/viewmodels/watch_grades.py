"""Grades of the closing bet and of the day-trading checklist, as they may stand beside the prices on screen."""

from __future__ import annotations

from engine.model.instants import AsOf
from ralphstock_desktop.services.contracts import MarketPicture
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture, Strategies

__all__ = ["other_grade"]


def other_grade(strategies: Strategies | None, strategy: str, ticker: str, looked_at: MarketPicture | None) -> int:
    """Value of ``Grade``, 0 where none is known at the instant looked at.

    Parameters
    ----------
    strategy : str
        ``CLOSING_BET`` or ``DAY_TRADE``.
    """
    if strategies is None:
        return 0
    picture: ClosingPicture | DayTradePicture | None
    if strategy == "CLOSING_BET":
        picture = strategies.closing.last
        as_of = picture.scan.as_of if picture is not None else None
    else:
        picture = strategies.day_trades.last
        as_of = AsOf(picture.scan.now_ns) if picture is not None else None
    if picture is None or as_of is None or picture.what_if or not _is_of_now(as_of, picture, looked_at):
        return 0
    row = picture.panel.row_of(ticker)
    return 0 if row is None else int(picture.scan.grade[row])


def _is_of_now(as_of: AsOf, picture: ClosingPicture | DayTradePicture, looked_at: MarketPicture | None) -> bool:
    """Whether a result is of this market and of the day looked at, and of nothing later than the instant."""
    if looked_at is None:
        return True
    if picture.panel.simulated != (looked_at.kind == "simulated"):
        return False
    if looked_at.is_latest:
        return as_of.day >= looked_at.as_of.day
    return as_of <= looked_at.as_of and as_of.day == looked_at.as_of.day
