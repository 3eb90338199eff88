"""Follows signals to their end on daily bars (domain.md §§7.1, 7.2) and says what each earned after costs (§§7.3, 7.4).

Readings where the law leaves room:

- A bar whose only price is the upper limit (H = L = upper limit) fills no purchase; for a pending order it counts as a bar.
- A breakout that opens at or under its stop is bought at that open and sold there (STOP), never at the higher stop.
- The entry bar, too, fills no sale when it is locked at the lower limit.
- Bars locked at the lower limit are valid bars and count as held; past the holding limit the next bar that trades ends it.
- An expired order keeps the day on which it ended in ``exit_day``.
- DELISTED is dated on the first market day from the delisting on: before it nobody knows; the price is the last close.
- Day-trading signals need minute bars and are not followed here (reason NONE).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import lower_limits, upper_limits
from engine.calendar.trading_days import TradingCalendar
from engine.model.instruments import Market, SecurityType
from engine.model.panel import FloatArray, MarketPanel
from engine.model.performance import TRADE_FIELDS, ExitReason, SignalKind, SignalSet, TradeSet
from engine.performance import acceleration
from engine.performance.costs import gross_return_pct, net_return_pct, tax_by_day
from engine.performance.life_kernel import AT_CLOSE, AT_OPEN, EPS, LOCKED_LOWER, LOCKED_UPPER
from engine.thresholds import Rules

__all__ = [
    "Bars",
    "MorningBars",
    "bars_of",
    "fill_moments",
    "first_signals",
    "follow",
    "gone_days",
    "joined_trades",
    "locked_bars",
]

_LIMITS_SINCE = np.datetime64(date(2005, 3, 28), "D")


@dataclass(frozen=True, eq=False)
class MorningBars:
    """One-minute bars of mornings after a closing bet, ascending by (row, day, minute).

    ``minute`` counts from midnight of an ordinary trading day: on a day that opens an hour late the caller shifts it back.
    """

    row: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    minute: npt.NDArray[np.int64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray

    def of(self, row: int, day: int) -> slice:
        """Where the bars of one symbol and panel day stand."""
        first = int(np.searchsorted(self.row, row, side="left"))
        last = int(np.searchsorted(self.row, row, side="right"))
        left = first + int(np.searchsorted(self.day[first:last], day, side="left"))
        right = first + int(np.searchsorted(self.day[first:last], day, side="right"))
        return slice(left, right)


@dataclass(frozen=True, eq=False)
class Bars:
    """The panel as the loops take it, with limit locks and delisting days worked out once."""

    open: npt.NDArray[np.int32]
    high: npt.NDArray[np.int32]
    low: npt.NDArray[np.int32]
    close: npt.NDArray[np.int32]
    factor: FloatArray
    valid: npt.NDArray[np.bool_]
    lock: npt.NDArray[np.uint8]
    gone: npt.NDArray[np.int64]


def bars_of(panel: MarketPanel) -> Bars:
    """Prepare a panel for following many sets of signals; a few milliseconds."""
    return Bars(
        open=_plain(panel.open_krw),
        high=_plain(panel.high_krw),
        low=_plain(panel.low_krw),
        close=_plain(panel.close_krw),
        factor=_plain(panel.factor),
        valid=_plain(panel.valid),
        lock=_plain(locked_bars(panel)),
        gone=_plain(gone_days(panel)),
    )


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only contiguous view without the memory-map type, so that one compiled form serves every panel."""
    plain = np.ascontiguousarray(array).view(np.ndarray)
    plain.flags.writeable = False
    return plain


def locked_bars(panel: MarketPanel) -> npt.NDArray[np.uint8]:
    """Which valid bars had the price limit as their only price, shape (symbols, days): 0, LOCKED_LOWER or LOCKED_UPPER.

    An unknown base price (or market) leaves 0: the test is skipped.
    """
    lock = np.zeros(panel.valid.shape, dtype=np.uint8)
    rows, days = np.nonzero(panel.valid & (panel.high_krw == panel.low_krw))
    known = np.isfinite(panel.base_krw[rows, days]) & (panel.base_krw[rows, days] > 0)
    known &= (panel.market[rows] != Market.UNKNOWN) & (panel.days[days] >= _LIMITS_SINCE)
    rows, days = rows[known], days[known]
    if len(rows):
        base, listed, when = panel.base_krw[rows, days], panel.market[rows], panel.days[days]
        only = panel.high_krw[rows, days]
        upper, lower = only == upper_limits(base, listed, when), only == lower_limits(base, listed, when)
        lock[rows[upper], days[upper]] = LOCKED_UPPER
        lock[rows[lower], days[lower]] = LOCKED_LOWER
    return lock


def gone_days(panel: MarketPanel) -> npt.NDArray[np.int64]:
    """First panel day from the delisting on, shape (symbols,); a day beyond every panel where none is known."""
    never = np.iinfo(np.int64).max
    place = np.searchsorted(panel.days, panel.delisted_on).astype(np.int64)
    return np.where(np.isnat(panel.delisted_on) | (place >= len(panel.days)), never, place)


def follow(
    panel: MarketPanel,
    signals: SignalSet,
    rules: Rules,
    last_day: int | None = None,
    *,
    mornings: MorningBars | None = None,
    calendar: TradingCalendar | None = None,
    bars: Bars | None = None,
) -> TradeSet:
    """Follow every signal to its end.

    Parameters
    ----------
    signals : SignalSet
        Prices in the scale of their own day.
    last_day : int, optional
        Panel day after which nothing is read; the last one by default.
    mornings : MorningBars, optional
        Minute bars of the mornings after closing bets; without them the exit is the next open (policy ``OPEN``).
    calendar : TradingCalendar, optional
        Days after the panel's end, for the settlement day of its last sales.
    bars : Bars, optional
        :func:`bars_of` the same panel, when many sets are followed.

    Returns
    -------
    TradeSet
        Same order and length as ``signals``.
    """
    last = len(panel.days) - 1 if last_day is None else min(last_day, len(panel.days) - 1)
    ready = bars if bars is not None else bars_of(panel)
    count = len(signals)
    days_out = np.full((count, 5), -1, dtype=np.int64)
    days_out[:, 2:] = 0
    prices_out = np.full((count, 2), np.nan)
    acceleration.follow_lanes(
        np.ascontiguousarray(signals.kind, dtype=np.int64),
        *(np.ascontiguousarray(getattr(signals, name), dtype=np.int64) for name in ("row", "day")),
        *(np.ascontiguousarray(getattr(signals, name), dtype=np.float64) for name in ("entry", "stop", "target", "pivot")),
        ready.gone,
        ready.open,
        ready.high,
        ready.low,
        ready.close,
        ready.factor,
        ready.valid,
        ready.lock,
        last,
        rules.life.entry_bars,
        rules.life.chase_pct,
        rules.life.hold_bars,
        rules.jongga.gap_up_pct,
        rules.jongga.gap_down_pct,
        days_out,
        prices_out,
    )
    if mornings is not None:
        _sell_by_minutes(panel, signals, rules, mornings, days_out, prices_out)
    return _priced(panel, signals, rules, last, days_out, prices_out, calendar)


def _priced(
    panel: MarketPanel,
    signals: SignalSet,
    rules: Rules,
    last: int,
    days_out: npt.NDArray[np.int64],
    prices_out: FloatArray,
    calendar: TradingCalendar | None,
) -> TradeSet:
    """Costs and returns of what the loops found."""
    entry_day, exit_day, row = days_out[:, 0], days_out[:, 1], signals.row
    filled = entry_day >= 0
    closed = filled & (exit_day >= 0)
    # the scale of the day the trade is looked at: its exit, else the last day read
    scale_day = np.where(exit_day >= 0, exit_day, np.maximum(last, signals.day))
    scale_day = np.minimum(scale_day, len(panel.days) - 1)
    at_scale = panel.factor[row, scale_day]
    entry_price = prices_out[:, 0] * (at_scale / panel.factor[row, np.where(filled, entry_day, scale_day)])
    taxes = tax_by_day(panel.days[: last + 1], rules, calendar)
    tax = np.where(closed, taxes[panel.market[row], np.where(closed, exit_day, 0)], np.nan)
    tax = np.where(closed & (panel.security_type[row] == SecurityType.ETF), 0.0, tax)
    net = np.where(closed, net_return_pct(entry_price, prices_out[:, 1], tax, rules), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        planned_loss = 100.0 * (signals.entry - signals.stop) / signals.entry
        risk = np.where(planned_loss > 0.0, net / planned_loss, np.nan)
    return TradeSet(
        entry_day=entry_day.copy(),
        entry_price=entry_price,
        exit_day=exit_day.copy(),
        exit_price=prices_out[:, 1].copy(),
        reason=days_out[:, 2].astype(np.uint8),
        holding_bars=days_out[:, 3].copy(),
        gross_pct=np.where(closed, gross_return_pct(entry_price, prices_out[:, 1]), np.nan),
        net_pct=net,
        tax_pct=tax,
        risk_multiple=risk,
        factor=at_scale / panel.factor[row, signals.day],
    )


def _sell_by_minutes(
    panel: MarketPanel,
    signals: SignalSet,
    rules: Rules,
    mornings: MorningBars,
    days_out: npt.NDArray[np.int64],
    prices_out: FloatArray,
) -> None:
    """Replace the next-open exit of closing bets by the morning's own course where its minutes are there (§3.6)."""
    closing = (signals.kind == SignalKind.CLOSING_BET) & (days_out[:, 2] == ExitReason.TIME_10AM)
    for k in np.flatnonzero(closing):
        row, day = int(signals.row[k]), int(days_out[k, 1])
        span = mornings.of(row, day)
        if span.start == span.stop:
            continue
        scale = panel.factor[row, day] / panel.factor[row, signals.day[k]]
        price, reason = _morning(mornings, span, signals.stop[k] * scale, signals.target[k] * scale, rules.jongga.exit_minute)
        days_out[k, 2], prices_out[k, 1] = reason, price


def _morning(bars: MorningBars, span: slice, stop: float, target: float, exit_minute: int) -> tuple[float, ExitReason]:
    """Stop, target or the first price from the exit minute on; the last price where the minutes end before it."""
    for i in range(span.start, span.stop):
        opening = float(bars.open[i])
        if bars.minute[i] >= exit_minute:
            return opening, ExitReason.TIME_10AM
        if opening <= stop + EPS:
            return opening, ExitReason.STOP_GAP
        if opening >= target - EPS:
            return opening, ExitReason.TARGET_GAP
        if bars.low[i] <= stop + EPS:
            return stop, ExitReason.STOP
        if bars.high[i] >= target - EPS:
            return target, ExitReason.TARGET
    return float(bars.close[span.stop - 1]), ExitReason.TIME_10AM


def fill_moments(panel: MarketPanel, signals: SignalSet, trades: TradeSet) -> npt.NDArray[np.int64]:
    """When on its entry day each signal was known to be filled: AT_OPEN, or AT_CLOSE where daily bars show it only then.

    -1 where nothing was filled.
    """
    filled = trades.entry_day >= 0
    day = np.where(filled, trades.entry_day, 0)
    scale = panel.factor[signals.row, day] / panel.factor[signals.row, signals.day]
    by_open = panel.open_krw[signals.row, day] >= signals.entry * scale - EPS
    at_open = (signals.kind == SignalKind.VCP_BREAKOUT) | ((signals.kind == SignalKind.VCP_NEAR_PIVOT) & by_open)
    return np.where(filled, np.where(at_open, AT_OPEN, AT_CLOSE), -1).astype(np.int64)


def first_signals(signals: SignalSet, trades: TradeSet) -> npt.NDArray[np.bool_]:
    """Which signals are new: no counted signal of the same stock and strategy was still waiting or held after their day.

    A base is detected again day after day; its repeats would count one trade many times. Whether a signal is a repeat is
    known on its own day.
    """
    keep = np.zeros(len(signals), dtype=bool)
    busy_until: dict[tuple[str, int], int] = {}
    never = np.iinfo(np.int64).max
    order = np.lexsort((-signals.score, signals.row, signals.day))
    for k in order.tolist():
        name = (SignalKind(int(signals.kind[k])).strategy, int(signals.row[k]))
        if busy_until.get(name, -1) > signals.day[k]:
            continue
        keep[k] = True
        busy_until[name] = int(trades.exit_day[k]) if trades.exit_day[k] >= 0 else never
    return keep


def joined_trades(parts: list[TradeSet]) -> TradeSet:
    """Trades of several sets in the order given; at least one set."""
    return TradeSet(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in TRADE_FIELDS})
