"""A plausible ten-level order book around the last trade, the same for everybody who asks at the same instant.

Sizes hang on the price level and change every few seconds, so a level that stays keeps most of its face from one look to the
next. The best bid lies one tick or more under the best ask, the last trade happened at one of them, and nothing lies beyond the
day's limits: at the upper limit there is nobody to sell, at the lower nobody to buy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ralphstock_desktop.providers.kiwoom_sim.contracts import SimBook
from ralphstock_desktop.providers.kiwoom_sim.noise import mix_int
from ralphstock_desktop.providers.kiwoom_sim.ticks import Ladder

__all__ = ["LEVELS", "BookMaker", "BookPlace", "nxt_portion"]

LEVELS = 10
REFRESH_NS = 3_000_000_000
"""Sizes are drawn anew after this time."""

_UNIT = 1.0 / (1 << 64)


def nxt_portion(sizes: Sequence[int], part: float) -> tuple[int, ...]:
    """NXT's share of level sizes: at least one share where there is a level at all; nothing without a share."""
    return tuple(max(int(size * part), 1) if size else 0 for size in sizes) if part else (0,) * len(sizes)


class BookPlace(NamedTuple):
    """Where a book hangs."""

    key: int
    ladder: Ladder
    price: int
    """Last price, or the expected match in an auction."""
    at_ask: bool
    """The last trade lifted the best ask."""
    upper: int
    lower: int
    usual_size: float
    """Shares that usually rest on a level."""
    salt: int
    """Changes with every trade, so that the best levels move with it."""


class BookMaker:
    """Makes order books.

    Parameters
    ----------
    seed : int
        Seed of the replay.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def best(self, place: BookPlace) -> tuple[int, int]:
        """Best ask and best bid in won; 0 where that side is empty."""
        ask_step, bid_step = self._best_steps(place)
        ladder = place.ladder
        ask, bid = ladder.price(ask_step), ladder.price(bid_step)
        return (ask if 0 < ask <= place.upper else 0), (bid if bid >= place.lower and bid > 0 else 0)

    def _best_steps(self, place: BookPlace) -> tuple[int, int]:
        step = place.ladder.step(place.price)
        # Now and then the spread is wider than one tick, more often for stocks with little in the book.
        draw = mix_int(self._seed, 37, place.key, place.salt) * _UNIT
        wide = (1 if draw < 0.08 else 0) + (1 if place.usual_size < 300 and draw < 0.3 else 0)
        if place.at_ask:
            return step, step - 1 - wide
        return step + 1 + wide, step

    def make(self, place: BookPlace, at_ns: int, expected_price: int, expected_quantity: int) -> SimBook:
        """The book at an instant."""
        ask_step, bid_step = self._best_steps(place)
        time = at_ns // REFRESH_NS
        asks = self._side(place, ask_step, 1, time)
        bids = self._side(place, bid_step, -1, time)
        return SimBook(
            at_ns,
            tuple(price for price, _ in asks),
            tuple(size for _, size in asks),
            tuple(price for price, _ in bids),
            tuple(size for _, size in bids),
            expected_price,
            expected_quantity,
        )

    def _side(self, place: BookPlace, start: int, direction: int, time: int) -> list[tuple[int, int]]:
        levels: list[tuple[int, int]] = []
        ladder = place.ladder
        face = mix_int(self._seed, 41, place.key)
        for depth in range(LEVELS):
            price = ladder.price(start + direction * depth)
            if price <= 0 or price > place.upper or price < place.lower:
                levels.append((0, 0))
                continue
            # What hangs on the price alone lasts; the rest passes with time, at the best level with every trade.
            lasting = mix_int(face, price)
            passing = mix_int(lasting, time if depth else time ^ place.salt << 24) * _UNIT
            round_number = 1.8 if price % (ladder.tick(price) * 10) == 0 else 1.0
            size = place.usual_size * (0.5 + 0.25 * min(depth, 4)) * round_number
            levels.append((price, max(int(size * math.exp(1.6 * lasting * _UNIT + 0.7 * passing - 1.15)), 1)))
        return levels
