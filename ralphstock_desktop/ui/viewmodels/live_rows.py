"""Live quotes laid over the rows of a scan: the columns a table shows while the market runs, in the order of its rows.

The arrays are written in place, a few rows a frame; columns read them, so a table is never built again for a price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import lower_limits, upper_limits
from engine.model.errors import RalphStockError
from engine.model.live import MISSING
from engine.model.panel import FloatArray, MarketPanel
from ralphstock_desktop.services.live_contracts import QuoteBoard
from ralphstock_desktop.ui.viewmodels.quotes import is_of_day

__all__ = ["LIVE_COLUMNS", "LiveRows", "TodayMark"]

Rows = npt.NDArray[np.intp]
LIVE_COLUMNS = ("price", "change", "volume", "value", "strength", "today")
"""Columns that follow the board."""


@dataclass(frozen=True, slots=True)
class TodayMark:
    """The day of one symbol in a cell: its range, or a word that says more (VI, a price limit, a gap)."""

    open: float
    high: float
    low: float
    price: float
    token: str
    word_key: str
    """Text key of the chip; empty: the range is drawn."""


def _floats(values: npt.NDArray[np.int64]) -> FloatArray:
    return np.where(values == MISSING, np.nan, values.astype(np.float64))


class LiveRows:
    """Values of the running day per row of a panel.

    Parameters
    ----------
    board : QuoteBoard
        Where the values come from; written by the hub.
    panel : MarketPanel
        Whose rows the table shows. Its tickers may be others than the board's.
    """

    def __init__(self, board: QuoteBoard, panel: MarketPanel) -> None:
        self.board = board
        self._panel = panel
        count = len(panel.tickers)
        if board.tickers is panel.tickers or np.array_equal(board.tickers, panel.tickers):
            self._board_row = np.arange(count, dtype=np.intp)
        else:
            place = np.searchsorted(board.tickers, panel.tickers).astype(np.intp)
            inside = place < len(board.tickers)
            same = inside.copy()
            same[inside] = board.tickers[place[inside]] == panel.tickers[inside]
            self._board_row = np.where(same, place, -1)
        self._own_row = np.full(len(board.tickers), -1, dtype=np.intp)
        known = np.flatnonzero(self._board_row >= 0)
        self._own_row[self._board_row[known]] = known
        self.price, self.change, self.volume, self.value, self.strength = (np.full(count, np.nan) for _ in range(5))
        self.known: npt.NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)
        """Rows whose value is of the running day (streamed or polled); the others hold their last stored day."""
        self.source = np.zeros(count, dtype=np.uint8)
        self.stale = False
        """Every value is older than it may be."""
        self.session = False
        """The market trades: a value of an earlier day is old then."""
        self._base, self._upper, self._lower = (np.full(count, np.nan) for _ in range(3))
        self.take(known)

    def _set_base(self, rows: Rows, base: FloatArray) -> None:
        """Work out the day's price limits of some rows from the base prices that have become known."""
        self._base[rows] = base
        self._upper[rows] = self._lower[rows] = np.nan
        market, kind = self._panel.market[rows], self._panel.security_type[rows]
        try:
            upper = upper_limits(base, market, self.board.day, kind)
            lower = lower_limits(base, market, self.board.day, kind)
        except RalphStockError:
            return  # unknown rules: no limit is better than a wrong one
        self._upper[rows], self._lower[rows] = upper, lower

    def rows_of(self, board_rows: Rows) -> tuple[Rows, npt.NDArray[np.bool_]]:
        """Own rows of rows of the board, and which of the given ones those are."""
        own = self._own_row[board_rows]
        here = own >= 0
        return own[here], here

    def take(self, rows: Rows) -> None:
        """Read the board's values of some own rows."""
        board, at = self.board, self._board_row[rows]
        self.source[rows] = board.source[at]
        known = is_of_day(board, at)
        self.known[rows] = known
        self.price[rows] = _floats(board.price_krw[at])
        self.change[rows] = board.change_pct[at]
        self.volume[rows] = _floats(board.volume_shares[at])
        self.value[rows] = _floats(board.value_krw[at])
        base = np.where(known, _floats(board.base_krw[at]), np.nan)  # that of a former day is none of this one
        moved = (base != self._base[rows]) & ~(np.isnan(base) & np.isnan(self._base[rows]))
        if moved.any():
            self._set_base(rows[moved], base[moved])
        strength = board.strength_pct[at]
        self.strength[rows] = np.where(known & (strength > 0), strength, np.nan)  # 0: one side has not traded, no ratio

    def at_ns(self, row: int) -> int | None:
        """Exchange time of a row's value; None where it is not known."""
        at = int(self._board_row[row])
        value = int(self.board.at_ns[at]) if at >= 0 else MISSING
        return None if value == MISSING else value

    def today(self, row: int) -> TodayMark | None:
        """What the cell of the day shows; None where nothing traded today."""
        at = int(self._board_row[row])
        if at < 0 or not self.known[row]:
            return None
        board, price = self.board, float(self.price[row])
        open_, high, low = (
            float(_floats(column[at : at + 1])[0]) for column in (board.open_krw, board.high_krw, board.low_krw)
        )
        change = float(self.change[row])
        token = "gain" if change > 0 else "loss" if change < 0 else "flat"
        word = ""
        if board.gap[at]:
            word, token = "live.today.gap", "text-secondary"
        elif board.vi[at]:
            word, token = "live.today.vi", "warning"
        elif price == self._upper[row]:
            word = "live.today.upper"
        elif price == self._lower[row]:
            word = "live.today.lower"
        return TodayMark(open_, high, low, price, token, word)

    @property
    def day_change(self) -> FloatArray:
        """Order of the column of the day: place of the price in the day's range, percent; NaN without one."""
        at = np.maximum(self._board_row, 0)
        high, low = _floats(self.board.high_krw[at]), _floats(self.board.low_krw[at])
        with np.errstate(invalid="ignore", divide="ignore"):
            place = 100.0 * (self.price - low) / (high - low)
        return np.where(self.known & (high > low), place, np.nan)
