"""Minute paths through a day's open, high, low, close and volume.

For each symbol, in steps of its tick ladder (so that every price is a possible one):

1. the day's volume is spread over the minutes by the market's volume curve with noise, over those minutes in which a stock of
   its turnover trades at all; the parts add up to the day's volume;
2. a bridge from the open to the close is drawn and stretched above and below so that it just reaches the high and the low;
3. each minute's bar hangs between its neighbours' closes; the minute nearest to an extreme is made to touch it;
4. the traded value of the minutes adds up to the day's value wherever the bars allow it.

Everything depends on (seed, symbol, day) alone, so one symbol drawn by itself equals the same symbol drawn with the market.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim.noise import mix, normals, uniforms
from ralphstock_desktop.providers.kiwoom_sim.phases import DayHours
from ralphstock_desktop.providers.kiwoom_sim.ticks import Ladders

__all__ = ["DayTargets", "MinuteColumns", "Session", "draw_minutes", "join_columns", "regular_session"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_CURVE_MINUTE = (0, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 360, 380, 390)
_CURVE_SHARE = (0, 0.16, 0.26, 0.34, 0.41, 0.475, 0.525, 0.57, 0.62, 0.68, 0.745, 0.815, 0.885, 0.935, 1.0)
"""Cumulative share of a day's volume by minutes since 09:00 (domain.md §4.2)."""

_CHUNK = 512
_RESERVE = 4
"""Shares every traded minute has at least, so that its bar can touch open, high, low and close."""


@dataclass(frozen=True, eq=False)
class DayTargets:
    """What the minutes must add up to; arrays of shape (symbols,), volume 0 where nothing trades.

    ``value_krw`` is NaN where no source gave it.
    """

    rows: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    value_krw: Floats


@dataclass(frozen=True, eq=False)
class MinuteColumns:
    """Traded minutes, ordered by row and minute of the day."""

    row: Ints
    minute: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    value_krw: Ints


@dataclass(frozen=True, eq=False)
class Session:
    """Minutes in which a path may trade, with their expected share of the volume (sum 1)."""

    minutes: Ints
    shares: Floats
    ends_in_auction: bool
    """The last minute is one match at one price."""
    salt: int
    """Keeps the noise of a day's sessions apart."""


def regular_session(hours: DayHours) -> Session:
    """The regular session: continuous trading by the volume curve, then the closing auction.

    On days with other hours the curve is stretched to them.
    """
    count = hours.auction_minute - hours.open_minute
    # Minute 380 of the usual curve is the start of the closing auction.
    edges = np.arange(count + 1) * (380.0 / count)
    shares = np.diff(np.interp(edges, _CURVE_MINUTE, _CURVE_SHARE))
    # The opening auction lies in the first minute and trading calms down after it; the half hour keeps its sum.
    first = max(round(30 * count / 380), 1)
    shape = 1.0 + 12.0 * np.exp(-np.arange(first) / 1.2)
    shares[:first] = shares[:first].sum() * shape / shape.sum()
    minutes = np.append(np.arange(hours.open_minute, hours.auction_minute), hours.close_minute)
    return Session(minutes.astype(np.int64), np.append(shares, 1.0 - shares.sum()), True, 1)


def draw_minutes(targets: DayTargets, session: Session, ladders: Ladders, keys: Ints, day_key: int, seed: int) -> MinuteColumns:
    """Draw the minutes of many symbols.

    Parameters
    ----------
    targets : DayTargets
        Rows with volume 0 give no minutes. Low <= open, close <= high must hold.
    session : Session
        When they trade.
    ladders : Ladders
        Tick ladders by row.
    keys : int64 array, shape (symbols,)
        Identity of each target's symbol for the noise.
    day_key, seed : int
        Identity of the day and of the replay.
    """
    traded = np.flatnonzero(targets.volume > 0)
    parts = [
        _draw_chunk(targets, traded[start : start + _CHUNK], session, ladders, keys, day_key, seed)
        for start in range(0, len(traded), _CHUNK)
    ]
    if not parts:
        return MinuteColumns(*(np.zeros(0, dtype=np.int64) for _ in range(8)))
    return join_columns(parts)


def join_columns(parts: list[MinuteColumns]) -> MinuteColumns:
    """Put parts together, ordered by row and minute."""
    names = ("row", "minute", "open", "high", "low", "close", "volume", "value_krw")
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    order = columns[0] * 2048 + columns[1]
    if len(order) and (np.diff(order) < 0).any():
        ranks = np.argsort(order, kind="stable")
        columns = [column[ranks] for column in columns]
    return MinuteColumns(*columns)


def _draw_chunk(
    targets: DayTargets, chosen: Ints, session: Session, ladders: Ladders, keys: Ints, day_key: int, seed: int
) -> MinuteColumns:
    rows, volume = targets.rows[chosen], targets.volume[chosen]
    day = np.stack([targets.open[chosen], targets.high[chosen], targets.low[chosen], targets.close[chosen]])
    key = keys[chosen][:, None]
    slots = np.arange(len(session.minutes))[None, :]
    noise = mix(seed, day_key * 4 + session.salt, key, slots)
    active = _active_minutes(noise, session, volume, day, key[:, 0])
    bars = _bars(noise, active, session, ladders, rows, day)
    shares = _split_volume(_weights(noise, active, session, bars, volume, targets.value_krw[chosen]), active, volume)
    value = _split_value(bars, shares, targets.value_krw[chosen])
    symbol, slot = np.nonzero(active)
    return MinuteColumns(
        rows[symbol],
        session.minutes[slot],
        bars[0][symbol, slot],
        bars[1][symbol, slot],
        bars[2][symbol, slot],
        bars[3][symbol, slot],
        shares[symbol, slot],
        value[symbol, slot],
    )


def _active_minutes(noise: npt.NDArray[np.uint64], session: Session, volume: Ints, day: Ints, key: Ints) -> Bools:
    """Minutes with trades: nearly all for liquid stocks, a handful for the others, at least one."""
    count = len(session.minutes)
    turnover = volume * day.mean(axis=0)
    trades = np.maximum(turnover / 1e6, 0.5) ** 0.85
    chance = 1.0 - np.exp(-trades[:, None] * session.shares[None, :])
    draw = uniforms(noise)
    active = draw < chance
    most = np.clip(volume // (2 * _RESERVE), 1, count)
    need = np.flatnonzero((active.sum(axis=1) > most) | ~active.any(axis=1))
    if len(need):
        score = draw[need] / np.maximum(chance[need], 1e-12)
        rank = score.argsort(axis=1).argsort(axis=1)
        wanted = np.clip(active[need].sum(axis=1), 1, most[need])
        active[need] = rank < wanted[:, None]
    if session.ends_in_auction:
        # A single minute must be able to hold the whole bar, which an auction's one price cannot.
        alone = np.flatnonzero((active.sum(axis=1) == 1) & active[:, -1])
        active[alone, -1] = False
        active[alone, key[alone] % (count - 1)] = True
    return np.asarray(active, dtype=np.bool_)


def _last_active(active: Bools) -> Ints:
    return np.asarray(active.shape[1] - 1 - active[:, ::-1].argmax(axis=1), dtype=np.int64)


def _bars(
    noise: npt.NDArray[np.uint64], active: Bools, session: Session, ladders: Ladders, rows: Ints, day: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Open, high, low, close of each active minute, shape (symbols, minutes); other minutes hold nothing of use."""
    count = active.shape[1]
    line = np.arange(len(rows))
    opened, highest, lowest, closed = (ladders.steps(rows, prices) for prices in day)
    first, last = active.argmax(axis=1), _last_active(active)
    walk = _stretched_bridge(noise, active, first, last, opened, highest, lowest, closed)
    close = np.clip(np.rint(walk), lowest[:, None], highest[:, None]).astype(np.int64)
    close[line, last] = closed
    # The close of the minute traded before: forward-filled index of the last active minute.
    index = np.where(active, np.arange(count)[None, :], -1)
    before = np.maximum.accumulate(index, axis=1)
    before = np.concatenate([np.full((len(rows), 1), -1), before[:, :-1]], axis=1)
    previous = np.take_along_axis(close, np.maximum(before, 0), axis=1)
    spread = np.maximum((highest - lowest)[:, None] / 60.0, 0.3)
    jitter = ((noise >> np.uint64(5)) % np.uint64(3)).astype(np.int64) - 1
    open_ = np.clip(previous + jitter, lowest[:, None], highest[:, None])
    open_[line, first] = opened
    reach_up = uniforms(noise * np.uint64(0x9E3779B97F4A7C15)) ** 2 * 2.0 * spread
    reach_down = uniforms(noise * np.uint64(0xD1B54A32D192ED03)) ** 2 * 2.0 * spread
    high = np.minimum(np.maximum(open_, close) + reach_up.astype(np.int64), highest[:, None])
    low = np.maximum(np.minimum(open_, close) - reach_down.astype(np.int64), lowest[:, None])
    if session.ends_in_auction:
        for bar in (open_, high, low):
            bar[:, -1] = close[:, -1]
    inner = active.copy()
    if session.ends_in_auction:
        inner[:, -1] = False
    top = np.where(inner, high, -1).argmax(axis=1)
    bottom = np.where(inner, low, np.iinfo(np.int64).max).argmin(axis=1)
    marks = (first, last, top, bottom)
    return _exact_prices(ladders, rows, day, (open_, high, low, close), marks, session.ends_in_auction)


def _stretched_bridge(
    noise: npt.NDArray[np.uint64],
    active: Bools,
    first: Ints,
    last: Ints,
    opened: Ints,
    highest: Ints,
    lowest: Ints,
    closed: Ints,
) -> Floats:
    """A random line from open to close whose parts above and below are scaled to end at the high and the low."""
    count = active.shape[1]
    line = np.arange(active.shape[0])
    path = np.cumsum(normals(noise), axis=1)
    span = np.maximum(last - first, 1)
    share = np.clip((np.arange(count)[None, :] - first[:, None]) / span[:, None], 0.0, 1.0)
    start = path[line, first][:, None]
    bridge = path - start - share * (path[line, last][:, None] - start)
    scale = (highest - lowest) / (2.5 * np.sqrt(count))
    walk = opened[:, None] + share * (closed - opened)[:, None] + bridge * scale[:, None]
    upper = np.maximum(opened, closed)[:, None].astype(np.float64)
    lower = np.minimum(opened, closed)[:, None].astype(np.float64)
    most = np.where(active, walk, -np.inf).max(axis=1)[:, None]
    least = np.where(active, walk, np.inf).min(axis=1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.where(most > upper, (highest[:, None] - upper) / (most - upper), 0.0)
        below = np.where(least < lower, (lower - lowest[:, None]) / (lower - least), 0.0)
    walk = np.where(walk > upper, upper + (walk - upper) * above, walk)
    return np.asarray(np.where(walk < lower, lower - (lower - walk) * below, walk), dtype=np.float64)


def _exact_prices(
    ladders: Ladders,
    rows: Ints,
    day: Ints,
    steps: tuple[Ints, Ints, Ints, Ints],
    marks: tuple[Ints, Ints, Ints, Ints],
    ends_in_auction: bool,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Turn steps into won and set the day's four prices where they belong, also where a price is not on the ladder."""
    line = np.arange(len(rows))
    opened, highest, lowest, closed = day
    first, last, top, bottom = marks
    open_, high, low, close = (np.clip(ladders.prices(rows, values), lowest[:, None], highest[:, None]) for values in steps)
    open_[line, first] = opened
    close[line, last] = closed
    # A closing auction has one price, the day's close.
    auction = (last == open_.shape[1] - 1) & (first != last) & ends_in_auction
    for bar in (open_, high, low):
        bar[line[auction], last[auction]] = closed[auction]
    high[line, top] = highest
    low[line, bottom] = lowest
    high = np.maximum(high, np.maximum(open_, close))
    low = np.minimum(low, np.minimum(open_, close))
    return open_, high, low, close


def _weights(
    noise: npt.NDArray[np.uint64],
    active: Bools,
    session: Session,
    bars: tuple[Ints, Ints, Ints, Ints],
    volume: Ints,
    target: Floats,
) -> Floats:
    """Shares of the volume by minute (not normed): the curve with noise, tilted so that the day's average price comes out.

    The tilt ``exp(t x)``, with x the minute's distance from the wanted average, is found by Newton's steps; it is none where
    the value is not known.
    """
    usual = np.where(active, session.shares[None, :] * np.exp(0.55 * normals(noise * np.uint64(0xA24BAED4963EE407))), 0.0)
    average = np.where(np.isnan(target), 0.0, target) / np.maximum(volume, 1)
    typical = (bars[0] + bars[1] + bars[2] + bars[3]) * 0.25
    tilted = np.flatnonzero(average > 0)
    if not len(tilted):
        return np.asarray(usual, dtype=np.float64)
    weight = usual[tilted]
    extent = np.maximum((bars[1][tilted] * active[tilted]).max(axis=1) * 0.02, 1.0)
    distance = np.where(active[tilted], (typical[tilted] - average[tilted, None]) / extent[:, None], 0.0)
    tilt = np.zeros(len(tilted))
    for _ in range(5):
        now = weight * np.exp(np.clip(tilt[:, None] * distance, -20.0, 20.0))
        slope = (now * distance * distance).sum(axis=1)
        step = (now * distance).sum(axis=1) / np.maximum(slope, 1e-300)
        tilt = np.clip(tilt - np.clip(step, -2.0, 2.0), -12.0, 12.0)
    usual[tilted] = weight * np.exp(np.clip(tilt[:, None] * distance, -20.0, 20.0))
    return np.asarray(usual, dtype=np.float64)


def _split_volume(weight: Floats, active: Bools, volume: Ints) -> Ints:
    """Shares of each minute; every active minute has some and they add up exactly."""
    count = active.sum(axis=1)
    reserve = np.where(volume >= _RESERVE * count, _RESERVE, 0)
    rest = volume - reserve * count
    total = np.cumsum(weight, axis=1)
    edges = np.floor(total / total[:, -1:] * rest[:, None]).astype(np.int64)
    edges[:, -1] = rest
    # The remainder of rounding belongs to the last active minute, not to a silent one after it.
    edges = np.where(np.arange(active.shape[1])[None, :] >= _last_active(active)[:, None], rest[:, None], edges)
    shares = np.diff(edges, axis=1, prepend=0)
    return np.asarray(np.where(active, shares + reserve[:, None], 0), dtype=np.int64)


def _split_value(bars: tuple[Ints, Ints, Ints, Ints], shares: Ints, target: Floats) -> Ints:
    """Traded value of each minute between low x volume and high x volume, adding up to the day's value where that fits."""
    open_, high, low, close = bars
    least = low * shares
    room = (high - low) * shares
    typical = np.where(shares > 0, (open_ + high + low + close) * shares // 4, 0)
    floor_sum, room_sum = least.sum(axis=1), room.sum(axis=1)
    want = np.where(np.isnan(target), typical.sum(axis=1), target)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(room_sum > 0, np.clip((want - floor_sum) / room_sum, 0.0, 1.0), 0.0)
    # Cumulative rounding keeps each minute within a won of its part and the sum exact.
    total = np.floor(np.cumsum(room, axis=1) * part[:, None] + 0.5).astype(np.int64)
    return np.asarray(least + np.minimum(np.diff(total, axis=1, prepend=0), room), dtype=np.int64)
