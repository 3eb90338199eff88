"""The bar of a trading day that is not over, from recorded minutes or from the live board, for rules that need daily bars."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.features.series import SessionBar
from engine.model.daytrade import DayQuotes
from engine.model.live import MISSING, QuoteSource
from engine.model.panel import MarketPanel
from ralphstock_desktop.ports import MISSING_INT, MinuteBatch
from ralphstock_desktop.services.live.scan import forming_panel
from ralphstock_desktop.services.live_contracts import QuoteBoard

__all__ = ["panel_with_quotes", "quotes_from_board", "session_bar"]

_MINUTE_NS = 60_000_000_000


def quotes_from_board(board: QuoteBoard, panel: MarketPanel, now_ns: int) -> DayQuotes | None:
    """Return the live board as quotes in the panel's order; None where the board is of another market."""
    if len(board.tickers) != len(panel.tickers) or not np.array_equal(board.tickers, panel.tickers):
        return None
    live = (board.source >= QuoteSource.POLLED) & (board.price_krw != MISSING)

    def number(values: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.where(live & (values != MISSING), values.astype(np.float64), np.nan)

    return DayQuotes(
        now_ns=now_ns,
        price=number(board.price_krw),
        base=np.where(board.base_krw != MISSING, board.base_krw.astype(np.float64), np.nan),
        open=number(board.open_krw),
        high=number(board.high_krw),
        low=number(board.low_krw),
        volume_shares=number(board.volume_shares),
        value_krw=number(board.value_krw),
        at_ns=np.where(live & (board.at_ns != MISSING), board.at_ns, 0),
        vi=board.vi.copy(),
        strength_pct=board.strength_pct.copy(),
    )


def session_bar(batch: MinuteBatch, day_index: int, now_ns: int) -> SessionBar | None:
    """The day's bar so far from one symbol's minute bars that have ended; None before the first."""
    ended = batch.minute_ns + _MINUTE_NS <= now_ns
    ended &= (batch.open_krw != MISSING_INT) & (batch.close_krw != MISSING_INT)
    if not ended.any():
        return None
    value = batch.value_krw[ended]
    return SessionBar(
        day_index=day_index,
        open=float(batch.open_krw[ended][0]),
        high=float(batch.high_krw[ended].max()),
        low=float(batch.low_krw[ended].min()),
        close=float(batch.close_krw[ended][-1]),
        volume_shares=float(batch.volume_shares[ended].sum()),
        value_krw=float(value.sum()) if (value != MISSING_INT).all() else float("nan"),
    )


def panel_with_quotes(panel: MarketPanel, day: date, quotes: DayQuotes) -> tuple[MarketPanel, int]:
    """Return the panel's end with ``day`` as its last, forming bar, and the index of that day.

    Symbols without a trade so far have no valid bar on it. Of the panel's own ``day`` only what was
    known before its open is taken over.
    """
    formed, _ = forming_panel(panel, day)
    traded = np.isfinite(quotes.price) & np.isfinite(quotes.open) & (np.nan_to_num(quotes.volume_shares) > 0)
    rows = np.flatnonzero(traded)
    for name, values in (
        ("open_krw", quotes.open),
        ("high_krw", quotes.high),
        ("low_krw", quotes.low),
        ("close_krw", quotes.price),
        ("volume_shares", quotes.volume_shares),
    ):
        array = getattr(formed, name)
        array[rows, -1] = values[rows].astype(array.dtype)
    formed.value_krw[rows, -1] = quotes.value_krw[rows]
    index = panel.day_index(day)
    if index >= 0 and panel.days[index] == np.datetime64(day, "D"):
        # A corporate action and a designation of the day are known before its open (domain.md §0.2).
        formed.factor[:, -1] = panel.factor[:, index]
        formed.designation[:, -1] = panel.designation[:, index]
    known_base = np.isfinite(quotes.base)
    formed.base_krw[known_base, -1] = quotes.base[known_base]
    formed.present[rows, -1] = True
    formed.valid[rows, -1] = True
    version = f"{formed.version}@{quotes.now_ns}"
    return replace(formed, version=version), len(formed.days) - 1
