"""The trades of a minute, made when they are looked at and always the same.

For a set of cells all trades are made at once in padded arrays (cells x trades): times spread over the minute, prices from the
minute's open over its high and low to its close, sizes that add up to the minute's bought, sold and auction volume, and the
day's running totals after each trade. They depend on the cell alone, never on the clock or on who asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim.cells import Cells
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimExecution
from ralphstock_desktop.providers.kiwoom_sim.noise import mix, uniforms
from ralphstock_desktop.providers.kiwoom_sim.phases import MINUTE_NS, DayHours
from ralphstock_desktop.providers.kiwoom_sim.ticks import Ladders

__all__ = ["TradeMaker", "Trades", "strength_pct"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SECOND_NS = 1_000_000_000
_AUCTION_SPREAD_NS = 5 * _SECOND_NS
_CLOSING_SPREAD_NS = 29 * _SECOND_NS


def strength_pct(bought: float, sold: float) -> float:
    """Trade strength (체결강도): shares bought per share sold in percent; 500 is the most the vendor shows."""
    if not sold:
        return 500.0 if bought else 0.0
    return min(100.0 * bought / sold, 500.0)


@dataclass(frozen=True, eq=False)
class Trades:
    """Trades of some cells, cell by cell in order of time; ``first`` has shape (cells + 1,).

    ``quantity`` is signed by side; ``sided`` is False for an auction's match, which counts neither as bought nor as sold.
    ``high_ns`` and ``low_ns`` tell when the day's extremes so far were made.
    """

    cells: Ints
    first: Ints
    row: Ints
    at_ns: Ints
    price: Ints
    quantity: Ints
    volume: Ints
    value_krw: Ints
    open: Ints
    high: Ints
    low: Ints
    buy_shares: Ints
    sell_shares: Ints
    buy_trades: Ints
    sell_trades: Ints
    high_ns: Ints
    low_ns: Ints
    sided: Bools

    def execution(self, index: int) -> SimExecution:
        """One trade as a record."""
        return SimExecution(
            int(self.row[index]),
            int(self.at_ns[index]),
            int(self.price[index]),
            int(self.quantity[index]),
            int(self.volume[index]),
            int(self.value_krw[index]),
            int(self.open[index]),
            int(self.high[index]),
            int(self.low[index]),
            int(self.buy_shares[index]),
            int(self.sell_shares[index]),
            int(self.buy_trades[index]),
            int(self.sell_trades[index]),
        )

    def executions(self, chosen: Ints) -> list[SimExecution]:
        """Some trades as records, in the order asked for."""
        columns = (
            self.row, self.at_ns, self.price, self.quantity, self.volume, self.value_krw, self.open, self.high, self.low,
            self.buy_shares, self.sell_shares, self.buy_trades, self.sell_trades,
        )  # fmt: skip
        return [SimExecution(*values) for values in zip(*(column[chosen].tolist() for column in columns), strict=True)]


class TradeMaker:
    """Makes the trades of cells.

    Parameters
    ----------
    cells : Cells
        The day's minutes.
    ladders : Ladders
        Tick ladders by row.
    hours : DayHours
        Hours of the day.
    keys : int64 array, shape (symbols,)
        Identity of the symbols for the noise.
    seed : int
        Seed of the replay.
    """

    def __init__(self, cells: Cells, ladders: Ladders, hours: DayHours, keys: Ints, seed: int) -> None:
        self._cells = cells
        self._ladders = ladders
        self._hours = hours
        self._keys = keys
        self._seed = seed

    def make(self, chosen: Ints) -> Trades:
        """Make all trades of some cells.

        Parameters
        ----------
        chosen : int64 array, shape (n,)
            Cells.
        """
        cells = self._cells
        count = cells.trades[chosen].astype(np.int64)
        width = int(count.max()) if len(count) else 1
        place = np.arange(width)[None, :]
        used = place < count[:, None]
        noise = mix(self._seed, 13, self._keys[cells.row[chosen]][:, None], cells.minute[chosen][:, None], place)
        at_ns = self._times(chosen, np.broadcast_to(place, used.shape), noise)
        price = self._prices(chosen, count, noise)
        quantity, neutral = self._quantities(chosen, count, used, noise)
        return self._with_totals(chosen, count, used, at_ns, price, quantity, neutral)

    # -- times ------------------------------------------------------------------------------------------------------------

    def _times(self, chosen: Ints, place: Ints, noise: npt.NDArray[np.uint64]) -> Ints:
        """Instants of trades at places in their minute: evenly strewn, auctions shortly after their match time."""
        cells, hours = self._cells, self._hours
        minute = cells.minute[chosen].astype(np.int64)
        start = hours.midnight_ns + minute * MINUTE_NS
        count = cells.trades[chosen].astype(np.float64)[:, None]
        draw = uniforms(noise * np.uint64(0x9E3779B97F4A7C15))
        has_auction = (cells.neutral[chosen] > 0)[:, None]
        opening = has_auction & (minute == hours.open_minute)[:, None]
        begin = np.where(opening, float(_AUCTION_SPREAD_NS), 0.0)
        ahead = np.where(opening, 1.0, 0.0)
        span = MINUTE_NS - 1_000_000 - begin
        within = begin + span * (place - ahead + draw) / np.maximum(count - ahead, 1.0)
        within = np.where(opening & (place == 0), draw * _AUCTION_SPREAD_NS, within)
        within = np.where(has_auction & ~opening, draw * _CLOSING_SPREAD_NS, within)
        # Milliseconds are enough and keep the times of one minute apart.
        return np.asarray(start[:, None] + (within / 1e6).astype(np.int64) * 1_000_000, dtype=np.int64)

    def _one_time(self, chosen: Ints, place: Ints) -> Ints:
        """Instant of one trade per cell."""
        cells = self._cells
        spot = place[:, None]
        noise = mix(self._seed, 13, self._keys[cells.row[chosen]][:, None], cells.minute[chosen][:, None], spot)
        return self._times(chosen, spot, noise)[:, 0]

    # -- prices -----------------------------------------------------------------------------------------------------------

    def _marks(self, chosen: Ints) -> tuple[Ints, Ints]:
        """Places in the minute where the high and the low are traded first."""
        cells = self._cells
        last = cells.trades[chosen].astype(np.int64) - 1
        open_, high, low, close = (getattr(cells, name)[chosen].astype(np.int64) for name in ("open", "high", "low", "close"))
        noise = mix(self._seed, 17, self._keys[cells.row[chosen]], cells.minute[chosen])
        high_at = np.where(high == open_, 0, np.where(high == close, last, -1))
        low_at = np.where(low == open_, 0, np.where(low == close, last, -1))
        inner = np.maximum(last - 1, 1)
        both = (high_at < 0) & (low_at < 0)
        early = 1 + (uniforms(noise) * np.maximum(inner // 2, 1)).astype(np.int64)
        late = (
            1
            + inner // 2
            + (uniforms(noise * np.uint64(0xD1B54A32D192ED03)) * np.maximum(inner - inner // 2, 1)).astype(np.int64)
        )
        high_first = (noise & np.uint64(1)).astype(np.bool_)
        any_place = 1 + (uniforms(noise) * inner).astype(np.int64)
        high_at = np.where(both, np.where(high_first, early, late), np.where(high_at < 0, any_place, high_at))
        low_at = np.where(both, np.where(high_first, late, early), np.where(low_at < 0, any_place, low_at))
        return np.minimum(high_at, last), np.minimum(low_at, last)

    def _prices(self, chosen: Ints, count: Ints, noise: npt.NDArray[np.uint64]) -> Ints:
        """Prices from open to close over the extremes, between them a line with a step of noise, always on the ladder."""
        cells = self._cells
        rows = cells.row[chosen].astype(np.int64)
        open_, high, low, close = (getattr(cells, name)[chosen].astype(np.int64) for name in ("open", "high", "low", "close"))
        high_at, low_at = self._marks(chosen)
        last = count - 1
        line = np.arange(len(chosen))
        steps = self._ladders.steps(rows, np.stack([open_, high, low, close], axis=1)).astype(np.float64)
        spots = np.stack([np.zeros_like(last), high_at, low_at, last], axis=1)
        order = np.argsort(spots, axis=1, kind="stable")
        spots_sorted = np.take_along_axis(spots, order, axis=1).astype(np.float64)
        levels = np.take_along_axis(steps, order, axis=1)
        place = np.arange(noise.shape[1], dtype=np.float64)[None, :]
        walk = np.broadcast_to(levels[:, :1], noise.shape).copy()
        for knot in range(3):
            begin, end = spots_sorted[:, knot : knot + 1], spots_sorted[:, knot + 1 : knot + 2]
            share = np.clip((place - begin) / np.maximum(end - begin, 1e-9), 0.0, 1.0)
            inside = (place > begin) & (end > begin)
            walk = np.where(
                inside, levels[:, knot : knot + 1] + share * (levels[:, knot + 1 : knot + 2] - levels[:, knot : knot + 1]), walk
            )
        stepped = np.rint(walk).astype(np.int64) + ((noise >> np.uint64(7)) % np.uint64(3)).astype(np.int64) - 1
        # An extreme is first touched at its place, so that the time of the day's high and low is known without the trades.
        most = steps[:, 1:2].astype(np.int64) - (place < high_at[:, None])
        least = steps[:, 2:3].astype(np.int64) + (place < low_at[:, None])
        stepped = np.maximum(np.minimum(stepped, most), least)
        price = np.clip(self._ladders.prices(rows, stepped), low[:, None], high[:, None])
        price[line, high_at] = high
        price[line, low_at] = low
        price[line, 0] = open_
        price[line, last] = close
        return price

    # -- sizes ------------------------------------------------------------------------------------------------------------

    def _quantities(self, chosen: Ints, count: Ints, used: Bools, noise: npt.NDArray[np.uint64]) -> tuple[Ints, Bools]:
        """Signed sizes and which trade is an auction's match."""
        cells = self._cells
        place = np.arange(used.shape[1])[None, :]
        auction = cells.neutral[chosen]
        has_auction = auction > 0
        neutral = used & has_auction[:, None] & (place == 0)
        sided = used & ~neutral
        number = (count - has_auction).astype(np.int64)
        buys = cells.buy_trades[chosen].astype(np.int64)
        # Buyers' trades are strewn evenly among the sellers' (line of Bresenham) from a place that differs by minute.
        spot = place - has_auction[:, None].astype(np.int64)
        phase = (mix(self._seed, 19, self._keys[cells.row[chosen]], cells.minute[chosen]) % np.uint64(97)).astype(np.int64)
        safe = np.maximum(number, 1)[:, None]
        turn = spot + phase[:, None]
        is_buy = sided & ((turn + 1) * buys[:, None] // safe > turn * buys[:, None] // safe)
        bought = cells.buy_shares[chosen]
        sold = cells.volume[chosen] - auction - bought
        weight = -np.log(1.0 - uniforms(noise * np.uint64(0xA24BAED4963EE407)) * 0.999)
        size = _split(bought, is_buy, weight) - _split(sold, sided & ~is_buy, weight)
        up = cells.open[chosen] >= cells.close[cells.first[cells.row[chosen]]]
        size = np.where(neutral, np.where(up, auction, -auction)[:, None], size)
        return np.asarray(size, dtype=np.int64), neutral

    # -- totals -----------------------------------------------------------------------------------------------------------

    def _with_totals(
        self, chosen: Ints, count: Ints, used: Bools, at_ns: Ints, price: Ints, quantity: Ints, neutral: Bools
    ) -> Trades:
        cells = self._cells
        shares = np.where(used, np.abs(quantity), 0)
        bought = np.where(used & ~neutral & (quantity > 0), quantity, 0)
        volume_in = np.cumsum(shares, axis=1)
        worth = np.cumsum(np.where(used, shares * price, 0).astype(np.float64), axis=1)
        # The minute's value is given; the trades' own worth tells how it grows within the minute.
        value_in = np.floor(worth / np.maximum(worth[:, -1:], 1.0) * cells.value_krw[chosen][:, None]).astype(np.int64)
        buy_in = np.cumsum(bought, axis=1)
        neutral_in = np.cumsum(np.where(neutral, shares, 0), axis=1)
        is_buy, is_sell = bought > 0, used & ~neutral & (quantity < 0)
        sold = volume_in - buy_in - neutral_in
        volume = cells.volume_before[chosen][:, None] + volume_in
        buy = cells.buy_before[chosen][:, None] + buy_in
        before_sold = cells.volume_before[chosen] - cells.buy_before[chosen] - cells.neutral_before[chosen]
        high, high_ns = self._extreme(chosen, used, at_ns, price, cells.high, cells.high_cell, 1)
        low, low_ns = self._extreme(chosen, used, at_ns, price, cells.low, cells.low_cell, 0)
        day_open = cells.open[cells.first[cells.row[chosen]]].astype(np.int64)
        full = used.shape
        return Trades(
            cells=chosen,
            first=np.concatenate(([0], np.cumsum(count))).astype(np.int64),
            row=np.broadcast_to(cells.row[chosen][:, None], full)[used].astype(np.int64),
            at_ns=at_ns[used],
            price=price[used],
            quantity=quantity[used],
            volume=volume[used],
            value_krw=(cells.value_before[chosen][:, None] + value_in)[used],
            open=np.broadcast_to(day_open[:, None], full)[used],
            high=high[used],
            low=low[used],
            buy_shares=buy[used],
            sell_shares=(before_sold[:, None] + sold)[used],
            buy_trades=(cells.buy_trades_before[chosen][:, None] + np.cumsum(is_buy, axis=1))[used].astype(np.int64),
            sell_trades=(cells.sell_trades_before[chosen][:, None] + np.cumsum(is_sell, axis=1))[used].astype(np.int64),
            high_ns=high_ns[used],
            low_ns=low_ns[used],
            sided=~neutral[used],
        )

    def _extreme(
        self,
        chosen: Ints,
        used: Bools,
        at_ns: Ints,
        price: Ints,
        prices: npt.NDArray[np.int32],
        holder: npt.NDArray[np.int32],
        which: int,
    ) -> tuple[Ints, Ints]:
        """The day's running high (which 1) or low (0) after each trade and when it was made."""
        cells = self._cells
        sign = 1 if which else -1
        held = holder[chosen].astype(np.int64)
        is_first = held == chosen
        lowest = np.iinfo(np.int64).min
        before = np.where(is_first, lowest, sign * prices[held].astype(np.int64))
        place = self._marks(held)[0 if which else 1]
        when = self._one_time(held, place)
        regular = (cells.minute[chosen] <= self._hours.close_minute) | is_first
        inside = np.where(used & regular[:, None], sign * price, lowest)
        running = np.maximum(np.maximum.accumulate(inside, axis=1), before[:, None])
        prior = np.concatenate([before[:, None], running[:, :-1]], axis=1)
        made = np.where(running > prior, at_ns, 0)
        made_ns = np.maximum(np.maximum.accumulate(made, axis=1), np.where(is_first, 0, when)[:, None])
        return sign * running, made_ns


def _split(total: Ints, chosen: Bools, weight: Floats) -> Ints:
    """Split totals over the chosen places of each line by weight: at least one each where there is enough, sums exact."""
    number = chosen.sum(axis=1)
    reserve = np.where(total >= number, 1, 0)
    rest = np.where(number > 0, total - reserve * number, 0)
    grown = np.cumsum(np.where(chosen, weight, 0.0), axis=1)
    edges = np.floor(grown / np.maximum(grown[:, -1:], 1e-300) * rest[:, None]).astype(np.int64)
    return np.asarray(np.where(chosen, np.diff(edges, axis=1, prepend=0) + reserve[:, None], 0), dtype=np.int64)
