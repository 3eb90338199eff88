"""The life of one signal, as plain loops over its bars (domain.md §§7.1, 7.2).

Scalars and arrays only, so that the same functions run interpreted and compiled (:mod:`engine.performance.acceleration`).
Everything walks forward from the signal's day and never beyond ``last_day``. A planned price of day t is compared with the
raw bars of day i as ``price × factor[i] / factor[t]``.

Order inside a bar after the entry day: locked at the lower limit (no fill), open at or under the stop, open at or over the
target, low at the stop, high at the target, holding limit. On the entry bar only the stop can be hit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from engine.model.performance import ExitReason, SignalKind

__all__ = ["AT_CLOSE", "AT_OPEN", "INSIDE", "LOCKED_LOWER", "LOCKED_UPPER", "base_returns", "follow_lanes", "helpers"]

EPS = 1e-9
"""Comparison tolerance (domain.md §0.4)."""

AT_OPEN, INSIDE, AT_CLOSE = 0, 1, 2
"""When on its day a position was entered."""
LOCKED_LOWER, LOCKED_UPPER = 1, 2
"""A bar whose only price was the limit (H = L)."""

# The compiled form cannot read class attributes, so the loops use these module constants.
_NEAR_PIVOT, _BREAKOUT = int(SignalKind.VCP_NEAR_PIVOT), int(SignalKind.VCP_BREAKOUT)
_CLOSING_BET = int(SignalKind.CLOSING_BET)
_NONE, _STOP, _STOP_GAP = int(ExitReason.NONE), int(ExitReason.STOP), int(ExitReason.STOP_GAP)
_TARGET, _TARGET_GAP, _TIME = int(ExitReason.TARGET), int(ExitReason.TARGET_GAP), int(ExitReason.TIME)
_GAP_UP, _GAP_DOWN, _TIME_10AM = int(ExitReason.GAP_UP), int(ExitReason.GAP_DOWN), int(ExitReason.TIME_10AM)
_EXPIRED, _DELISTED = int(ExitReason.EXPIRED), int(ExitReason.DELISTED)

Ints = npt.NDArray[np.int64]


def find_entry(
    kind: int,
    row: int,
    day: int,
    entry: float,
    pivot: float,
    entry_bars: int,
    chase_pct: float,
    last_day: int,
    gone_day: int,
    opens: Any,
    highs: Any,
    factor: Any,
    valid: Any,
    lock: Any,
) -> tuple[int, float, int, int]:
    """Return (day, price, when, 0) of the fill; or (-1, NaN, 0, day on which the order ended, -1 while it waits)."""
    waited = 0
    limit = entry_bars if kind == _NEAR_PIVOT else 1
    for i in range(day + 1, last_day + 1):
        if i >= gone_day:
            return -1, np.nan, 0, i
        if not valid[row, i]:
            continue
        waited += 1
        scale = factor[row, i] / factor[row, day]
        opening = float(opens[row, i])
        buyable = lock[row, i] != LOCKED_UPPER and opening <= (1.0 + chase_pct / 100.0) * pivot * scale + EPS
        if kind == _BREAKOUT:
            if buyable:
                return i, opening, AT_OPEN, 0
            return -1, np.nan, 0, i
        if buyable and highs[row, i] >= entry * scale - EPS:
            if opening >= entry * scale - EPS:
                return i, opening, AT_OPEN, 0
            return i, entry * scale, INSIDE, 0
        if waited >= limit:
            return -1, np.nan, 0, i
    return -1, np.nan, 0, -1


def hold(
    row: int,
    start: int,
    when: int,
    stop: float,
    target: float,
    hold_bars: int,
    last_day: int,
    gone_day: int,
    opens: Any,
    highs: Any,
    lows: Any,
    closes: Any,
    factor: Any,
    valid: Any,
    lock: Any,
) -> tuple[int, float, int, int]:
    """Return (exit day or -1, price in its scale, reason, bars held); stop and target are in the scale of ``start``."""
    if when == AT_OPEN and lock[row, start] != LOCKED_LOWER and lows[row, start] <= stop + EPS:
        # bought under its own stop (a breakout that opened there): the stop cannot give more than was paid
        return start, min(stop, float(opens[row, start])), _STOP, 0
    if when == INSIDE and lock[row, start] != LOCKED_LOWER and closes[row, start] <= stop + EPS:
        return start, stop, _STOP, 0
    held = 0
    last = start
    for i in range(start + 1, last_day + 1):
        if i >= gone_day:
            return i, closes[row, last] * (factor[row, i] / factor[row, last]), _DELISTED, held
        if not valid[row, i]:
            continue
        held += 1
        last = i
        if lock[row, i] == LOCKED_LOWER:
            continue
        scale = factor[row, i] / factor[row, start]
        opening = float(opens[row, i])
        if opening <= stop * scale + EPS:
            return i, opening, _STOP_GAP, held
        if opening >= target * scale - EPS:
            return i, opening, _TARGET_GAP, held
        if lows[row, i] <= stop * scale + EPS:
            return i, stop * scale, _STOP, held
        if highs[row, i] >= target * scale - EPS:
            return i, target * scale, _TARGET, held
        if held >= hold_bars:
            return i, float(closes[row, i]), _TIME, held
    return -1, np.nan, _NONE, held


def sell_next_open(
    row: int,
    day: int,
    entry: float,
    gap_up_pct: float,
    gap_down_pct: float,
    last_day: int,
    gone_day: int,
    opens: Any,
    closes: Any,
    factor: Any,
    valid: Any,
    lock: Any,
) -> tuple[int, float, int, int]:
    """Sell a closing bet at the next open (policy OPEN); same answer as :func:`hold`."""
    held = 0
    last = day
    for i in range(day + 1, last_day + 1):
        if i >= gone_day:
            return i, closes[row, last] * (factor[row, i] / factor[row, last]), _DELISTED, held
        if not valid[row, i]:
            continue
        held += 1
        last = i
        if lock[row, i] == LOCKED_LOWER:
            continue
        paid = entry * (factor[row, i] / factor[row, day])
        opening = float(opens[row, i])
        if opening >= (1.0 + gap_up_pct / 100.0) * paid - EPS:
            return i, opening, _GAP_UP, held
        if opening <= (1.0 + gap_down_pct / 100.0) * paid + EPS:
            return i, opening, _GAP_DOWN, held
        return i, opening, _TIME_10AM, held
    return -1, np.nan, _NONE, held


def follow_lanes(
    kind: Any,
    row: Any,
    day: Any,
    entry: Any,
    stop: Any,
    target: Any,
    pivot: Any,
    gone: Any,
    opens: Any,
    highs: Any,
    lows: Any,
    closes: Any,
    factor: Any,
    valid: Any,
    lock: Any,
    last_day: int,
    entry_bars: int,
    chase_pct: float,
    hold_bars: int,
    gap_up_pct: float,
    gap_down_pct: float,
    days_out: Ints,
    prices_out: FloatArray,
) -> None:
    """Follow every signal. ``days_out`` columns: entry day, exit day, reason, bars held, when; ``prices_out``: entry, exit.

    The entry price is in the scale of the entry day. Kinds without a rule for daily bars stay as they are (reason NONE).
    """
    for k in range(len(row)):
        r, t, kd = row[k], day[k], kind[k]
        if t > last_day:
            continue
        if kd == _CLOSING_BET:
            days_out[k, 0], days_out[k, 4] = t, AT_CLOSE
            prices_out[k, 0] = entry[k]
            exit_day, price, reason, held = sell_next_open(
                r, t, entry[k], gap_up_pct, gap_down_pct, last_day, gone[r], opens, closes, factor, valid, lock
            )
        elif kd in (_NEAR_PIVOT, _BREAKOUT):
            filled, paid, when, ended = find_entry(
                kd, r, t, entry[k], pivot[k], entry_bars, chase_pct, last_day, gone[r], opens, highs, factor, valid, lock
            )
            if filled < 0:
                if ended >= 0:
                    days_out[k, 1], days_out[k, 2] = ended, _EXPIRED
                continue
            days_out[k, 0], days_out[k, 4] = filled, when
            prices_out[k, 0] = paid
            scale = factor[r, filled] / factor[r, t]
            exit_day, price, reason, held = hold(
                r,
                filled,
                when,
                stop[k] * scale,
                target[k] * scale,
                hold_bars,
                last_day,
                gone[r],
                opens,
                highs,
                lows,
                closes,
                factor,
                valid,
                lock,
            )
        else:
            continue
        days_out[k, 1], days_out[k, 2], days_out[k, 3] = exit_day, reason, held
        prices_out[k, 1] = price


def base_returns(
    column: Any,
    start: Any,
    when: Any,
    stop_share: Any,
    target_share: Any,
    members: Any,
    gone: Any,
    market: Any,
    tax: Any,
    opens: Any,
    highs: Any,
    lows: Any,
    closes: Any,
    factor: Any,
    valid: Any,
    lock: Any,
    last_day: int,
    hold_bars: int,
    side_pct: float,
    gap_up_pct: float,
    gap_down_pct: float,
    mean_out: FloatArray,
    count_out: Ints,
) -> None:
    """Mean net return of every member bought when a signal was filled and held the way the signal was.

    Per signal: ``column`` of ``members`` (symbols, columns) that says who could be bought, the fill day, when on it, and stop
    and target as shares of the price paid. ``stop_share`` NaN: sold at the next open (closing bet).
    """
    symbols = members.shape[0]
    for k in range(len(start)):
        total, count = 0.0, 0
        s = start[k]
        for r in range(symbols):
            if not members[r, column[k]] or not valid[r, s] or lock[r, s] == LOCKED_UPPER or s > last_day:
                continue
            paid = float(opens[r, s]) if when[k] == AT_OPEN else float(closes[r, s])
            if np.isnan(stop_share[k]):
                exit_day, price, _, _ = sell_next_open(
                    r, s, paid, gap_up_pct, gap_down_pct, last_day, gone[r], opens, closes, factor, valid, lock
                )
            else:
                exit_day, price, _, _ = hold(
                    r,
                    s,
                    when[k],
                    stop_share[k] * paid,
                    target_share[k] * paid,
                    hold_bars,
                    last_day,
                    gone[r],
                    opens,
                    highs,
                    lows,
                    closes,
                    factor,
                    valid,
                    lock,
                )
            if exit_day < 0:
                continue
            paid *= factor[r, exit_day] / factor[r, s]
            received = price * (1.0 - (side_pct + tax[market[r], exit_day]) / 100.0)
            total += 100.0 * (received / (paid * (1.0 + side_pct / 100.0)) - 1.0)
            count += 1
        count_out[k] = count
        if count > 0:
            mean_out[k] = total / count


helpers = (find_entry, hold, sell_next_open)
"""Functions the compiled form of the loops calls."""
