"""One symbol read off the quote board, as floats with NaN for missing, with what follows from the base price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from engine.calendar.limits import price_limits
from engine.model.errors import RalphStockError
from engine.model.live import MISSING, QuoteSource
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.live_contracts import QuoteBoard

__all__ = ["Quote", "float_of", "read_quote"]


@dataclass(frozen=True, slots=True)
class Quote:
    """Latest values of one symbol; won, shares and percent, NaN where missing."""

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


def read_quote(board: QuoteBoard, ticker: str, panel: MarketPanel | None = None) -> Quote | None:
    """Read one symbol; None if the board does not hold it. ``panel`` gives market and type for the price limits."""
    row = board.row_of(ticker)
    if row is None:
        return None
    base = float_of(int(board.base_krw[row]))
    upper, lower = _limits(board, panel, ticker, base)
    at = int(board.at_ns[row])
    return Quote(
        price=float_of(int(board.price_krw[row])),
        base=base,
        open=float_of(int(board.open_krw[row])),
        high=float_of(int(board.high_krw[row])),
        low=float_of(int(board.low_krw[row])),
        volume=float_of(int(board.volume_shares[row])),
        value=float_of(int(board.value_krw[row])),
        strength=float(board.strength_pct[row]),
        change_pct=float(board.change_pct[row]),
        upper=upper,
        lower=lower,
        source=QuoteSource(int(board.source[row])),
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
