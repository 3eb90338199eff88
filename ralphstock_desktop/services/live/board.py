"""The quote board: latest value of every symbol in arrays, and how it is filled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.live import MISSING, BestQuotes, QuoteSnapshot, QuoteSource, TradeTick
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.live_contracts import QuoteBoard

__all__ = ["apply_best", "apply_snapshots", "apply_trades", "carry_over", "forget_former_days", "is_of_today", "make_board"]

Rows = npt.NDArray[np.intp]
Signs = npt.NDArray[np.int8]
_KST_NS = 9 * 3_600_000_000_000
_DAY_NS = 86_400_000_000_000


def make_board(panel: MarketPanel, day: date) -> QuoteBoard:
    """Return a board of the panel's symbols that shows the stored values.

    Parameters
    ----------
    day : date
        Trading day of the running market. A symbol shows its last valid bar before it; base prices of the day itself are not
        known yet, so the change shown is that bar's own.
    """
    symbols = len(panel.tickers)
    end = panel.day_index(day)
    if end >= 0 and panel.days[end] == np.datetime64(day, "D"):
        end -= 1
    ints = {
        name: np.full(symbols, MISSING, dtype=np.int64)
        for name in ("price_krw", "base_krw", "open_krw", "high_krw", "low_krw", "volume_shares", "value_krw", "at_ns")
    }
    change = np.full(symbols, np.nan)
    source = np.full(symbols, QuoteSource.NONE, dtype=np.uint8)
    if end >= 0:
        valid = panel.valid[:, : end + 1]
        known = valid.any(axis=1)
        rows = np.flatnonzero(known)
        last = end - np.argmax(valid[rows, ::-1], axis=1)
        for name in ("open_krw", "high_krw", "low_krw", "volume_shares"):
            ints[name][rows] = getattr(panel, name)[rows, last]
        ints["price_krw"][rows] = panel.close_krw[rows, last]
        value, base = panel.value_krw[rows, last], panel.base_krw[rows, last]
        ints["value_krw"][rows] = np.where(np.isnan(value), MISSING, np.nan_to_num(value)).astype(np.int64)
        ints["base_krw"][rows] = np.where(np.isnan(base), MISSING, np.nan_to_num(base)).astype(np.int64)
        change[rows] = 100.0 * (panel.close_krw[rows, last] / base - 1.0)
        closes = {
            int(i): DEFAULT_SESSIONS.official_bar_ns(panel.days[i].astype("datetime64[D]").item()) for i in np.unique(last)
        }
        ints["at_ns"][rows] = [closes[int(i)] for i in last]
        source[rows] = QuoteSource.STORED
    return QuoteBoard(
        tickers=panel.tickers,
        day=day,
        **ints,
        ask_krw=np.full(symbols, MISSING, dtype=np.int64),
        bid_krw=np.full(symbols, MISSING, dtype=np.int64),
        strength_pct=np.full(symbols, np.nan),
        change_pct=change,
        source=source,
        vi=np.zeros(symbols, dtype=np.bool_),
        gap=np.zeros(symbols, dtype=np.bool_),
    )


def carry_over(before: QuoteBoard, board: QuoteBoard) -> None:
    """Take live values of the same day from an older board, symbol by symbol."""
    if before.day != board.day:
        return
    common, old, new = np.intersect1d(before.tickers, board.tickers, assume_unique=True, return_indices=True)
    live = before.source[old] >= QuoteSource.POLLED
    if not len(common) or not live.any():
        return
    old, new = old[live], new[live]
    for item in fields(QuoteBoard):
        column = getattr(board, item.name)
        if isinstance(column, np.ndarray) and item.name != "tickers":
            column[new] = getattr(before, item.name)[old]


def is_of_today(board: QuoteBoard, rows: Rows) -> npt.NDArray[np.bool_]:
    """Whether what is shown in rows was pushed, or polled and traded on the board's day.

    Before a stock's first trade of the day a broker goes on to answer the state of the day before.
    """
    source, days = board.source[rows], (board.at_ns[rows] + _KST_NS) // _DAY_NS
    is_dated = days == np.datetime64(board.day, "D").astype(np.int64)
    return np.asarray((source == QuoteSource.STREAM) | ((source == QuoteSource.POLLED) & is_dated), dtype=np.bool_)


def forget_former_days(board: QuoteBoard, rows: Rows, at_ns: npt.NDArray[np.int64]) -> None:
    """Values of a former day say nothing of this one: what comes now for these rows replaces all of them."""
    is_older = (board.at_ns[rows] + _KST_NS) // _DAY_NS < (at_ns + _KST_NS) // _DAY_NS
    board.source[rows[is_older & (board.source[rows] >= QuoteSource.POLLED)]] = QuoteSource.STORED


def apply_trades(board: QuoteBoard, rows: Rows, ticks: Sequence[TradeTick]) -> Signs:
    """Write the latest trade of some rows; return the direction of each price change."""
    columns = list(zip(*ticks, strict=True))
    names = TradeTick._fields
    at = {name: index for index, name in enumerate(names)}
    price = np.array(columns[at["price_krw"]], dtype=np.int64)
    forget_former_days(board, rows, np.array(columns[at["at_ns"]], dtype=np.int64))
    signs = _signs(board, rows, price)
    change = np.array(columns[at["change_krw"]], dtype=np.int64)
    board.price_krw[rows] = price
    known = change != MISSING
    base = np.where(known, price - np.where(known, change, 0), board.base_krw[rows])
    board.base_krw[rows] = base
    for name in ("open_krw", "high_krw", "low_krw", "volume_shares", "value_krw", "ask_krw", "bid_krw", "at_ns"):
        _write(board, name, rows, np.array(columns[at[name]], dtype=np.int64))
    board.strength_pct[rows] = columns[at["strength_pct"]]
    board.change_pct[rows] = _change_pct(price, base)
    board.source[rows] = QuoteSource.STREAM
    return signs


def apply_best(board: QuoteBoard, updates: Iterable[tuple[int, BestQuotes]]) -> None:
    """Write best ask and bid."""
    for row, best in updates:
        board.ask_krw[row] = best.ask_krw
        board.bid_krw[row] = best.bid_krw


def apply_snapshots(
    board: QuoteBoard, rows: Rows, snapshots: Sequence[QuoteSnapshot], asked_ns: int, streamed: npt.NDArray[np.bool_]
) -> tuple[Rows, Signs]:
    """Write polled states; return the rows that changed and the direction of their price changes.

    A row that is streamed keeps its pushed values unless the answer has more volume, which proves it newer than the last trade
    pushed. An answer without a time counts as of ``asked_ns``; one with less volume than is known of its day is old and left
    out.
    """
    at_ns = np.array([asked_ns if state.at_ns == MISSING else state.at_ns for state in snapshots], dtype=np.int64)
    forget_former_days(board, rows, at_ns)
    keep = []
    for index, (row, state) in enumerate(zip(rows.tolist(), snapshots, strict=True)):
        if state.price_krw == MISSING:
            continue
        known_live = board.source[row] >= QuoteSource.POLLED
        if known_live and streamed[row] and state.volume_shares <= board.volume_shares[row]:
            continue
        if known_live and MISSING != state.volume_shares < board.volume_shares[row]:
            continue
        keep.append(index)
    if not keep:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int8)
    rows = rows[keep]
    chosen = [snapshots[index] for index in keep]
    price = np.array([state.price_krw for state in chosen], dtype=np.int64)
    changed = (board.price_krw[rows] != price) | (
        board.volume_shares[rows] != np.array([state.volume_shares for state in chosen], dtype=np.int64)
    )
    changed |= board.source[rows] != QuoteSource.POLLED
    signs = _signs(board, rows, price)
    base = np.array([state.base_krw for state in chosen], dtype=np.int64)
    board.price_krw[rows] = price
    _write(board, "base_krw", rows, base)
    for name in ("open_krw", "high_krw", "low_krw", "volume_shares", "value_krw", "ask_krw", "bid_krw"):
        _write(board, name, rows, np.array([getattr(state, name) for state in chosen], dtype=np.int64))
    board.strength_pct[rows] = [state.strength_pct for state in chosen]
    board.at_ns[rows] = at_ns[keep]
    board.change_pct[rows] = _change_pct(price, base)
    board.source[rows] = QuoteSource.POLLED
    return rows[changed], signs[changed]


def _write(board: QuoteBoard, name: str, rows: Rows, values: npt.NDArray[np.int64]) -> None:
    """Write a column; a missing value never replaces one that is known of the same day."""
    column = getattr(board, name)
    of_today = board.source[rows] >= QuoteSource.POLLED
    column[rows] = np.where((values == MISSING) & of_today, column[rows], values)


def _signs(board: QuoteBoard, rows: Rows, price: npt.NDArray[np.int64]) -> Signs:
    before = board.price_krw[rows]
    signs = np.sign(price - before).astype(np.int8)
    signs[before == MISSING] = 0
    return np.asarray(signs, dtype=np.int8)


def _change_pct(price: npt.NDArray[np.int64], base: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    known = (base != MISSING) & (base > 0)
    return np.where(known, 100.0 * (price / np.where(known, base, 1) - 1.0), np.nan)
