"""Measures of the VCP rules for one symbol and one day, as plain loops over its bars (domain.md §§2.2-2.8, 2.10).

Everything here is written with scalars and arrays only, so that the very same functions run interpreted and compiled (see
:mod:`engine.features.acceleration`). Measuring never looks at a bar after the as-of day: the arrays may hold the future, the
loops walk backwards from the day.

The algorithm of :func:`measure_lane`:

1. Collect the valid bars backwards from the as-of day, adjusted to its price scale, at most ``BUFFER_BARS``.
2. At ``t`` (the as-of bar): averages, 250-bar extremes, raw strength, traded value.
3. At ``s = t - 1``: reversal threshold, base start, zigzag, open leg or tight area, merging.
4. From the structure: dry-up, tightness, distance to the pivot.
5. Flows: sums over the last valid days whose confirmed flows were known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray

__all__ = ["BUFFER_BARS", "FLOATS", "INTS", "F", "I", "helpers", "measure_lanes"]

EPS = 1e-9
"""Comparison tolerance (domain.md §0.4): a >= b means a >= b - EPS; a > b means not b >= a."""

BUFFER_BARS = 252
"""Bars any rule can look back on: 250 for strength and extremes, the bar itself, and one for the true range."""

SCRATCH = 264
"""Room for the raw legs and turning points of one lane: two per bar of the longest window allowed, and the last candidate."""


class F:
    """Columns of the float output. NaN where a measure does not exist."""

    CLOSE = 0
    MA50 = 1
    MA150 = 2
    MA200 = 3
    MA200_BEFORE = 4
    LOW_250 = 5
    HIGH_250 = 6
    RS_RAW = 7
    MEAN_VALUE = 8
    THETA = 9
    V5 = 10
    V50 = 11
    V_LOWEST = 12
    V_LAST_LEG = 13
    V_FIRST_LEG = 14
    MAX_C5 = 15
    MIN_C5 = 16
    MEAN_C5 = 17
    VOL_RATIO = 18
    PIVOT = 19
    LAST_LOW = 20
    MEAN_RATIO = 21
    FLOW_FOREIGN_KRW = 22
    FLOW_INST_KRW = 23
    FLOW_FOREIGN_SH = 24
    FLOW_INST_SH = 25
    FLOW_F = 26
    FLOW_I = 27
    FLOW_TURNOVER = 28
    COUNT = 29


class I:  # noqa: E742  # the integer twin of F
    """Columns of the integer output. -1 where a day does not exist."""

    TRADABLE = 0
    BASE_START = 1
    BASE_BARS = 2
    T_COUNT = 3
    SWINGS = 4
    FLOW_DAYS = 5
    FLOW_POSITIVE_DAYS = 6
    FLOW_IN_SHARES = 7
    VALUE_ESTIMATED = 8
    COUNT = 9


FLOATS = F.COUNT
INTS = I.COUNT

# The compiled form cannot read class attributes, so the loops use these module constants.
_CLOSE, _MA50, _MA150, _MA200, _MA200_BEFORE = F.CLOSE, F.MA50, F.MA150, F.MA200, F.MA200_BEFORE
_LOW_250, _HIGH_250, _RS_RAW, _MEAN_VALUE, _THETA = F.LOW_250, F.HIGH_250, F.RS_RAW, F.MEAN_VALUE, F.THETA
_V5, _V50, _V_LOWEST, _V_LAST_LEG, _V_FIRST_LEG = F.V5, F.V50, F.V_LOWEST, F.V_LAST_LEG, F.V_FIRST_LEG
_MAX_C5, _MIN_C5, _MEAN_C5, _VOL_RATIO = F.MAX_C5, F.MIN_C5, F.MEAN_C5, F.VOL_RATIO
_PIVOT, _LAST_LOW, _MEAN_RATIO = F.PIVOT, F.LAST_LOW, F.MEAN_RATIO
_FLOW_FOREIGN_KRW, _FLOW_INST_KRW = F.FLOW_FOREIGN_KRW, F.FLOW_INST_KRW
_FLOW_FOREIGN_SH, _FLOW_INST_SH = F.FLOW_FOREIGN_SH, F.FLOW_INST_SH
_FLOW_F, _FLOW_I, _FLOW_TURNOVER = F.FLOW_F, F.FLOW_I, F.FLOW_TURNOVER
_TRADABLE, _BASE_START, _BASE_BARS, _T_COUNT, _SWINGS = I.TRADABLE, I.BASE_START, I.BASE_BARS, I.T_COUNT, I.SWINGS
_FLOW_DAYS, _FLOW_POSITIVE_DAYS, _FLOW_IN_SHARES = I.FLOW_DAYS, I.FLOW_POSITIVE_DAYS, I.FLOW_IN_SHARES
_VALUE_ESTIMATED = I.VALUE_ESTIMATED

_MIN_BARS = 60
_MIN_RS_BARS = 127


def mean_of(values: FloatArray, first: int, last: int) -> float:
    """Arithmetic mean of ``values[first..last]``, both ends included, summed oldest first."""
    total = 0.0
    for index in range(first, last + 1):
        total += values[index]
    return total / (last - first + 1)


def highest(values: FloatArray, first: int, last: int) -> float:
    """Largest of ``values[first..last]``, both ends included."""
    best: float = values[first]
    for index in range(first + 1, last + 1):
        best = max(best, values[index])
    return best


def lowest(values: FloatArray, first: int, last: int) -> float:
    """Smallest of ``values[first..last]``, both ends included."""
    best: float = values[first]
    for index in range(first + 1, last + 1):
        best = min(best, values[index])
    return best


def look_back(high: FloatArray, low: FloatArray, close: FloatArray, t: int, out_f: FloatArray) -> None:
    """Averages of 50, 150 and 200 closes, the 200-average 22 bars ago, and the extremes of 250 bars, in one pass (§2.3).

    One pass, because four independent sums and comparisons per bar run side by side where one after the other they wait.
    """
    total, before = 0.0, 0.0
    bottom, top = low[t], high[t]
    for back in range(min(t + 1, 250)):
        j = t - back
        total += close[j]
        if 22 <= back < 222:
            before += close[j]
        bottom = min(bottom, low[j])
        top = max(top, high[j])
        if back == 49:
            out_f[_MA50] = total / 50.0
        elif back == 149:
            out_f[_MA150] = total / 150.0
        elif back == 199:
            out_f[_MA200] = total / 200.0
        elif back == 221:
            out_f[_MA200_BEFORE] = before / 200.0
    out_f[_LOW_250] = bottom
    out_f[_HIGH_250] = top


def strength(close: FloatArray, t: int, bars: int) -> float:
    """Raw strength 0.4·R63 + 0.2·R126 + 0.2·R189 + 0.2·R250 in percent; a missing horizon uses the oldest bar (§2.4).

    ``close[t]`` is the as-of bar. NaN below 127 bars.
    """
    if bars < _MIN_RS_BARS:
        return np.nan
    total: float = 0.0
    for horizon, weight in ((63, 0.4), (126, 0.2), (189, 0.2), (250, 0.2)):
        back = min(horizon, t)
        total += weight * 100.0 * (close[t] / close[t - back] - 1.0)
    return total


def reversal_threshold(high: FloatArray, low: FloatArray, close: FloatArray, s: int, min_theta: float) -> float:
    """θ = max(min_theta, ATR%) with ATR% = 100 × mean(TR[s-19..s]) / C[s] (§2.5)."""
    total = 0.0
    for i in range(s - 19, s + 1):
        before = close[i - 1]
        total += max(high[i] - low[i], abs(high[i] - before), abs(low[i] - before))
    theta: float = max(min_theta, 100.0 * (total / 20.0) / close[s])
    return theta


def walk_swings(
    high: FloatArray,
    low: FloatArray,
    h0: int,
    s: int,
    theta: float,
    tight_min: float,
    tight_bars: int,
    leg_start: npt.NDArray[np.int64],
    leg_end: npt.NDArray[np.int64],
    leg_high: FloatArray,
    leg_low: FloatArray,
    swing_at: npt.NDArray[np.int64],
    swing_price: FloatArray,
) -> tuple[int, int]:
    """Walk the zigzag from ``h0`` to ``s`` and collect the raw contractions (§2.5).

    Returns
    -------
    (legs, swings) : int, int
        How many entries of the leg and of the swing arrays were filled. A leg starts at the bar of its high and ends at
        the bar of its low.
    """
    legs = 0
    swings = 0
    looking_for_low = False
    high_price, high_at = high[h0], h0
    low_price, low_at = 0.0, -1
    for i in range(h0 + 1, s + 1):
        if not looking_for_low:
            if high[i] > high_price + EPS:
                high_price, high_at = high[i], i
            elif 100.0 * (high_price - low[i]) / high_price >= theta - EPS:
                looking_for_low = True
                low_price, low_at = low[i], i
        elif low[i] < low_price - EPS:
            low_price, low_at = low[i], i
        elif 100.0 * (high[i] - low_price) / low_price >= theta - EPS:
            leg_start[legs], leg_end[legs], leg_high[legs], leg_low[legs] = high_at, low_at, high_price, low_price
            legs += 1
            looking_for_low = False
            high_price, high_at = high[i], i
    if looking_for_low:
        leg_start[legs], leg_end[legs], leg_high[legs], leg_low[legs] = high_at, low_at, high_price, low_price
        legs += 1
    elif s - high_at >= tight_bars:
        tight_low, tight_at = low[high_at + 1], high_at + 1
        for i in range(high_at + 2, s + 1):
            if low[i] < tight_low:
                tight_low, tight_at = low[i], i
        if 100.0 * (high_price - tight_low) / high_price >= tight_min - EPS:
            leg_start[legs], leg_end[legs], leg_high[legs], leg_low[legs] = high_at, tight_at, high_price, tight_low
            legs += 1
            looking_for_low = True
    for leg in range(legs):
        swing_at[swings], swing_price[swings] = leg_start[leg], leg_high[leg]
        swing_at[swings + 1], swing_price[swings + 1] = leg_end[leg], leg_low[leg]
        swings += 2
    if not looking_for_low:
        swing_at[swings], swing_price[swings] = high_at, high_price
        swings += 1
    return legs, swings


def merge_legs(
    legs: int,
    merge_ratio: float,
    leg_start: npt.NDArray[np.int64],
    leg_end: npt.NDArray[np.int64],
    leg_high: FloatArray,
    leg_low: FloatArray,
) -> int:
    """Merge neighbours until each leg is at most ``merge_ratio`` of the one before, from the left (§2.5); return T.

    A merged leg is the range of both: higher high, lower low, start of the first, end of the second.
    """
    k = 0
    while k + 1 < legs:
        first = 100.0 * (leg_high[k] - leg_low[k]) / leg_high[k]
        second = 100.0 * (leg_high[k + 1] - leg_low[k + 1]) / leg_high[k + 1]
        if second > merge_ratio * first + EPS:
            leg_high[k] = max(leg_high[k], leg_high[k + 1])
            leg_low[k] = min(leg_low[k], leg_low[k + 1])
            leg_end[k] = leg_end[k + 1]
            for j in range(k + 1, legs - 1):
                leg_start[j], leg_end[j] = leg_start[j + 1], leg_end[j + 1]
                leg_high[j], leg_low[j] = leg_high[j + 1], leg_low[j + 1]
            legs -= 1
            # Pairs left of k were fine and only pair (k-1, k) changed, so stepping back once equals a rescan from the left.
            k = max(0, k - 1)
        else:
            k += 1
    return legs


def estimated_value(row: int, day: int, open_: Any, high_: Any, low_: Any, close_: Any, volume: Any) -> float:
    """V × (O+H+L+C)/4 in won on raw prices: the stand-in for a traded value no source gave (§3.2)."""
    prices = float(open_[row, day]) + float(high_[row, day]) + float(low_[row, day]) + float(close_[row, day])
    return prices * 0.25 * float(volume[row, day])


def measure_flows(
    row: int,
    flow_days: npt.NDArray[np.int64],
    count: int,
    volume: Any,
    turnover_krw: FloatArray,
    scales: FloatArray,
    foreign_krw: Any,
    inst_krw: Any,
    foreign_sh: Any,
    inst_sh: Any,
    out_f: FloatArray,
    out_i: npt.NDArray[np.int32],
) -> None:
    """Sum confirmed flows over the window's days (§2.10). ``flow_days[:count]`` are panel days, newest first.

    ``scales[:count]`` bring prices of those days to the scale of the as-of day; shares are divided by them, as volume is.
    The unit is won unless shares cover more days. A day on which foreign, institution or turnover is missing is missing.
    """
    won_days, share_days = 0, 0
    f_won, i_won, d_won, f_sh, i_sh, d_sh = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    up_won, up_sh = 0, 0
    for k in range(count):
        day = flow_days[k]
        turnover = turnover_krw[k]
        if not (np.isnan(foreign_krw[row, day]) or np.isnan(inst_krw[row, day]) or np.isnan(turnover)):
            won_days += 1
            f_won += foreign_krw[row, day]
            i_won += inst_krw[row, day]
            d_won += turnover
            if foreign_krw[row, day] + inst_krw[row, day] > 0.0:
                up_won += 1
        if not (np.isnan(foreign_sh[row, day]) or np.isnan(inst_sh[row, day])):
            share_days += 1
            f_sh += foreign_sh[row, day] / scales[k]
            i_sh += inst_sh[row, day] / scales[k]
            d_sh += volume[row, day] / scales[k]
            if foreign_sh[row, day] + inst_sh[row, day] > 0.0:
                up_sh += 1
    if won_days > 0:
        out_f[_FLOW_FOREIGN_KRW] = f_won
        out_f[_FLOW_INST_KRW] = i_won
    if share_days > 0:
        out_f[_FLOW_FOREIGN_SH] = f_sh
        out_f[_FLOW_INST_SH] = i_sh
    in_shares = share_days > won_days
    out_i[_FLOW_IN_SHARES] = 1 if in_shares else 0
    out_i[_FLOW_DAYS] = share_days if in_shares else won_days
    out_i[_FLOW_POSITIVE_DAYS] = up_sh if in_shares else up_won
    if out_i[_FLOW_DAYS] > 0:
        out_f[_FLOW_F] = f_sh if in_shares else f_won
        out_f[_FLOW_I] = i_sh if in_shares else i_won
        out_f[_FLOW_TURNOVER] = d_sh if in_shares else d_won


def measure_lane(
    row: int,
    day: int,
    flow_day: int,
    bars: int,
    open_: Any,
    high_: Any,
    low_: Any,
    close_: Any,
    volume: Any,
    value: Any,
    factor: Any,
    valid: Any,
    foreign_krw: Any,
    inst_krw: Any,
    foreign_sh: Any,
    inst_sh: Any,
    structure: FloatArray,
    value_bars: int,
    flow_window: int,
    work: FloatArray,
    work_days: npt.NDArray[np.int64],
    legs_i: npt.NDArray[np.int64],
    legs_f: FloatArray,
    out_f: FloatArray,
    out_i: npt.NDArray[np.int32],
    leg_start_out: npt.NDArray[np.int32],
    leg_end_out: npt.NDArray[np.int32],
    leg_high_out: FloatArray,
    leg_low_out: FloatArray,
    swing_day_out: npt.NDArray[np.int32],
    swing_price_out: FloatArray,
) -> None:
    """Measure one symbol at one day into the output rows, which arrive filled with NaN and -1.

    Parameters
    ----------
    row, day, flow_day : int
        Symbol, as-of bar's day and last day with known confirmed flows, as panel indices.
    bars : int
        Number of valid bars of the symbol up to ``day``.
    structure : float64 array, shape (7,)
        min theta %, window bars, right gap bars, high slack, tight min %, tight bars, merge ratio.
    work, work_days, legs_i, legs_f
        Scratch: (6, BUFFER_BARS) floats, (BUFFER_BARS,) days, (3, swings) ints, (3, swings) floats.
    """
    out_i[_TRADABLE] = 1 if valid[row, day] else 0
    out_i[_T_COUNT] = 0
    out_i[_SWINGS] = 0
    out_i[_FLOW_DAYS] = 0
    out_i[_VALUE_ESTIMATED] = 0
    out_i[_FLOW_IN_SHARES] = 0
    out_i[_FLOW_POSITIVE_DAYS] = 0

    # 1. valid bars, newest last
    m = min(BUFFER_BARS, bars)
    high, low, close, vol = work[0], work[1], work[2], work[3]
    j = m - 1
    i = day
    scale_now = factor[row, day]
    while j >= 0:
        if valid[row, i]:
            high[j] = high_[row, i]
            low[j] = low_[row, i]
            close[j] = close_[row, i]
            vol[j] = volume[row, i]
            if factor[row, i] != scale_now:
                scale = scale_now / factor[row, i]
                high[j] *= scale
                low[j] *= scale
                close[j] *= scale
                vol[j] /= scale
            work_days[j] = i
            j -= 1
        i -= 1
    t = m - 1

    # traded value in won, never adjusted; estimated where no source gave it
    value_sum = 0.0
    for k in range(value_bars if m >= value_bars else 0):
        d = work_days[t - k]
        traded = value[row, d]
        if np.isnan(traded):
            traded = estimated_value(row, d, open_, high_, low_, close_, volume)
            out_i[_VALUE_ESTIMATED] = 1
        value_sum += traded
    if m >= value_bars:
        out_f[_MEAN_VALUE] = value_sum / value_bars

    if m == 0 or not valid[row, day]:
        return
    out_f[_CLOSE] = close[t]

    # 5. flows, for short histories too
    if flow_day >= 0:
        count = 0
        i = min(flow_day, day)
        turnover, scales = work[4], work[5]
        flow_days = legs_i[2]
        while i >= 0 and count < flow_window:
            if valid[row, i]:
                flow_days[count] = i
                traded = value[row, i]
                if np.isnan(traded):
                    traded = estimated_value(row, i, open_, high_, low_, close_, volume)
                turnover[count] = traded
                scales[count] = scale_now / factor[row, i]
                count += 1
            i -= 1
        measure_flows(row, flow_days, count, volume, turnover, scales, foreign_krw, inst_krw, foreign_sh, inst_sh, out_f, out_i)

    if bars < _MIN_BARS:
        return

    # 2. at t
    look_back(high, low, close, t, out_f)
    out_f[_RS_RAW] = strength(close, t, bars)
    out_f[_VOL_RATIO] = vol[t] / mean_of(vol, t - 50, t - 1)

    # 3. structure at s
    s = t - 1
    min_theta, window, right_gap, slack = structure[0], int(structure[1]), int(structure[2]), structure[3]
    theta = reversal_threshold(high, low, close, s, min_theta)
    out_f[_THETA] = theta
    a = s - (window - 1)
    a = max(a, 0)
    top = highest(high, a, s - right_gap)
    h0 = a
    while high[h0] < slack * top - EPS:
        h0 += 1
    out_i[_BASE_START] = work_days[h0]
    out_i[_BASE_BARS] = s - h0
    leg_start, leg_end = legs_i[0], legs_i[1]
    leg_high, leg_low = legs_f[0], legs_f[1]
    legs, swings = walk_swings(
        high,
        low,
        h0,
        s,
        theta,
        structure[4],
        int(structure[5]),
        leg_start,
        leg_end,
        leg_high,
        leg_low,
        legs_i[2],
        legs_f[2],
    )
    out_i[_SWINGS] = swings
    for k in range(min(swings, len(swing_day_out))):
        swing_day_out[k] = work_days[legs_i[2, k]]
        swing_price_out[k] = legs_f[2, k]
    legs = merge_legs(legs, structure[6], leg_start, leg_end, leg_high, leg_low)
    out_i[_T_COUNT] = legs
    for k in range(min(legs, len(leg_start_out))):
        leg_start_out[k] = work_days[leg_start[k]]
        leg_end_out[k] = work_days[leg_end[k]]
        leg_high_out[k] = leg_high[k]
        leg_low_out[k] = leg_low[k]

    # 4. volume and tightness at s
    out_f[_V5] = mean_of(vol, s - 4, s)
    out_f[_V50] = mean_of(vol, s - 54, s - 5)
    out_f[_V_LOWEST] = lowest(vol, s - 9, s)
    out_f[_MAX_C5] = highest(close, s - 4, s)
    out_f[_MIN_C5] = lowest(close, s - 4, s)
    out_f[_MEAN_C5] = mean_of(close, s - 4, s)
    if legs > 0:
        out_f[_PIVOT] = leg_high[legs - 1]
        out_f[_LAST_LOW] = leg_low[legs - 1]
    if legs >= 2:
        out_f[_V_LAST_LEG] = mean_of(vol, leg_start[legs - 1] + 1, s)
        out_f[_V_FIRST_LEG] = mean_of(vol, leg_start[0] + 1, leg_end[0])
        total = 0.0
        for k in range(legs - 1):
            depth = (leg_high[k] - leg_low[k]) / leg_high[k]
            after = (leg_high[k + 1] - leg_low[k + 1]) / leg_high[k + 1]
            total += after / depth
        out_f[_MEAN_RATIO] = total / (legs - 1)


def measure_lanes(
    rows: npt.NDArray[np.int64],
    days: npt.NDArray[np.int64],
    flow_days: npt.NDArray[np.int64],
    bars: npt.NDArray[np.int64],
    open_: Any,
    high_: Any,
    low_: Any,
    close_: Any,
    volume: Any,
    value: Any,
    factor: Any,
    valid: Any,
    foreign_krw: Any,
    inst_krw: Any,
    foreign_sh: Any,
    inst_sh: Any,
    structure: FloatArray,
    value_bars: int,
    flow_window: int,
    out_f: FloatArray,
    out_i: npt.NDArray[np.int32],
    leg_start_out: npt.NDArray[np.int32],
    leg_end_out: npt.NDArray[np.int32],
    leg_high_out: FloatArray,
    leg_low_out: FloatArray,
    swing_day_out: npt.NDArray[np.int32],
    swing_price_out: FloatArray,
) -> None:
    """Measure many (symbol, day) lanes; lane k writes row k of every output array."""
    work = np.empty((6, BUFFER_BARS), dtype=np.float64)
    work_days = np.empty(BUFFER_BARS, dtype=np.int64)
    legs_i = np.empty((3, SCRATCH), dtype=np.int64)
    legs_f = np.empty((3, SCRATCH), dtype=np.float64)
    for k in range(len(rows)):
        measure_lane(
            rows[k],
            days[k],
            flow_days[k],
            bars[k],
            open_,
            high_,
            low_,
            close_,
            volume,
            value,
            factor,
            valid,
            foreign_krw,
            inst_krw,
            foreign_sh,
            inst_sh,
            structure,
            value_bars,
            flow_window,
            work,
            work_days,
            legs_i,
            legs_f,
            out_f[k],
            out_i[k],
            leg_start_out[k],
            leg_end_out[k],
            leg_high_out[k],
            leg_low_out[k],
            swing_day_out[k],
            swing_price_out[k],
        )


helpers = (
    mean_of,
    highest,
    lowest,
    look_back,
    strength,
    reversal_threshold,
    walk_swings,
    merge_legs,
    estimated_value,
    measure_flows,
    measure_lane,
)
"""Functions :func:`measure_lanes` calls, innermost first; compiling makes each of them callable from compiled code."""
