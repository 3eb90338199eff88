"""One symbol read off the quote board, as floats with NaN for missing, with what follows from the base price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import price_limits
from engine.model.errors import RalphStockError
from engine.model.live import MISSING, QuoteSource
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.live_contracts import QuoteBoard

__all__ = ["Quote", "float_of", "is_of_day", "read_quote", "strength_of"]


_KST_NS = 9 * 3_600_000_000_000
_DAY_NS = 86_400_000_000_000


def is_of_day(board: QuoteBoard, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Whether the values of some rows are of the board's day: pushed, or polled with a time of that day.

    Before a stock's first trade of the day a broker goes on to answer the state of the day before.
    """
    source, at_ns = board.source[rows], board.at_ns[rows]
    dated = (at_ns + _KST_NS) // _DAY_NS == np.datetime64(board.day, "D").astype(np.int64)
    polled = source == QuoteSource.POLLED
    return np.asarray((source == QuoteSource.STREAM) | (polled & (dated | (at_ns == MISSING))), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Quote:
    """Latest values of one symbol; won, shares and percent, NaN where missing.

    Of a symbol that is not known to have traded on the board's day only the last price and its change are given: base price,
    range, volume and limits would be those of a former day.
    """

    price: float
    base: float
    open: float
    high: float
    low: float
    volume: float
    value: float
    strength: float
    change_pct: float
    upper: float
    lower: float
    """Price limits of the day."""
    source: QuoteSource
    at_ns: int | None
    vi: bool
    gap: bool

    @property
    def vwap(self) -> float:
        """Traded value of the day by its volume."""
        return self.value / self.volume if self.volume > 0 else math.nan


def float_of(value: int) -> float:
    """An integer of the board as a float; NaN for a missing one."""
    return math.nan if value == MISSING else float(value)


def strength_of(value: float) -> float:
    """체결강도 in percent; NaN for the 0 that is sent before both sides have traded: it is no ratio."""
    return value if value > 0 else math.nan


def read_quote(board: QuoteBoard, ticker: str, panel: MarketPanel | None = None) -> Quote | None:
    """Read one symbol; None if the board does not hold it. ``panel`` gives market and type for the price limits."""
    row = board.row_of(ticker)
    if row is None:
        return None
    of_day = bool(is_of_day(board, np.array([row], dtype=np.intp))[0])

    def of_today(column: npt.NDArray[np.int64]) -> float:
        return float_of(int(column[row])) if of_day else math.nan

    base = of_today(board.base_krw)
    upper, lower = _limits(board, panel, ticker, base)
    at = int(board.at_ns[row])
    return Quote(
        price=float_of(int(board.price_krw[row])),
        base=base,
        open=of_today(board.open_krw),
        high=of_today(board.high_krw),
        low=of_today(board.low_krw),
        volume=of_today(board.volume_shares),
        value=of_today(board.value_krw),
        strength=strength_of(float(board.strength_pct[row])) if of_day else math.nan,
        change_pct=float(board.change_pct[row]),
        upper=upper,
        lower=lower,
        source=QuoteSource(int(board.source[row])) if of_day else min(QuoteSource(int(board.source[row])), QuoteSource.STORED),
        at_ns=None if at == MISSING else at,
        vi=bool(board.vi[row]),
        gap=bool(board.gap[row]),
    )


def _limits(board: QuoteBoard, panel: MarketPanel | None, ticker: str, base: float) -> tuple[float, float]:
    """Upper and lower limit; NaN where the rules or the base price are not known."""
    row = panel.row_of(ticker) if panel is not None else None
    if panel is None or row is None or not base > 0:
        return math.nan, math.nan
    return _limits_of(int(base), int(panel.market[row]), board.day, int(panel.security_type[row]))


@lru_cache(maxsize=4096)
def _limits_of(base_krw: int, market: int, day: date, security_type: int) -> tuple[float, float]:
    """Limits of a base price; they stay for the whole day and are asked for with every trade."""
    try:
        limits = price_limits(base_krw, market, day, security_type)
    except RalphStockError:
        return math.nan, math.nan  # an unknown market or type: no limit is better than a wrong one
    return float(limits.upper), float(limits.lower)
