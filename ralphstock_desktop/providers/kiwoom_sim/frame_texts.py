"""Words of REAL frames: how prices, changes, times and directions are written, and what is fixed about a symbol all day.

Prices carry a sign that tells the direction against the base price, a blank where they equal it; changes and quantities carry
their own sign. Times are Korean exchange time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from engine.model.instruments import Market
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket

__all__ = [
    "COMBINED",
    "KRX",
    "NXT",
    "Fixed",
    "Item",
    "Shaping",
    "Symbols",
    "direction_code",
    "entry",
    "price_text",
    "rate_text",
    "real_frame",
    "signed_text",
    "time_text",
]

KRX, NXT, COMBINED = 0, 1, 2
_SECOND_NS = 1_000_000_000
_DAY_S = 86_400
_KST_S = 9 * 3_600


class Item(NamedTuple):
    """A registered code: as the client wrote it, its row in the panel and its venue."""

    text: str
    row: int
    venue: int


class Shaping(NamedTuple):
    """How a fault bends what is written: times shifted, volumes and values in other units."""

    shift_ns: int = 0
    factor: int = 1


class Fixed(NamedTuple):
    """What does not change for a symbol during the day."""

    name: str
    base: int
    upper: int
    lower: int
    before_volume: int
    before_value: int
    shares: int
    nxt_part: float
    is_kospi: bool
    open_at: str
    """Time of the day's first trade."""


class Symbols:
    """What is fixed about the symbols of a market, looked up once each."""

    def __init__(self, market: SimMarket) -> None:
        self._market = market
        self._fixed: dict[int, Fixed] = {}

    def fixed(self, row: int) -> Fixed:
        """Facts of a symbol."""
        found = self._fixed.get(row)
        if found is None:
            market = self._market
            facts = market.facts
            found = self._fixed[row] = Fixed(
                json.dumps(str(market.panel.names[row]), ensure_ascii=False),
                int(facts.base[row]),
                int(facts.upper[row]),
                int(facts.lower[row]),
                int(facts.previous_volume[row]),
                int(facts.previous_value[row]),
                market.listed_shares(row),
                float(market.static.nxt_share[row]),
                int(market.panel.market[row]) == int(Market.KOSPI),
                time_text(market.tape.first_trade_ns(row)),
            )
        return found


def entry(kind: str, name: str, item: str, values: str) -> str:
    """One entry of a frame; ``item`` is echoed as the client wrote it."""
    code = f'"{item}"' if item.isalnum() else json.dumps(item, ensure_ascii=False)
    return f'{{"type":"{kind}","name":"{name}","item":{code},"values":{{{values}}}}}'


def real_frame(entries: Sequence[str]) -> str:
    """A whole frame of entries."""
    return '{"trnm":"REAL","data":[' + ",".join(entries) + "]}"


def time_text(instant_ns: int) -> str:
    """``HHmmss`` in Korean time."""
    return _times()[(instant_ns // _SECOND_NS + _KST_S) % _DAY_S]


@cache
def _times() -> tuple[str, ...]:
    """The texts of all seconds of a day: several are written with every trade."""
    return tuple(f"{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}" for second in range(_DAY_S))


def price_text(price: int, base: int) -> str:
    """A price with its direction sign; a blank where it equals the base, ``" 0"`` where there is none."""
    if price > base:
        return f"+{price}"
    return f"-{price}" if 0 < price < base else f" {price}"


def signed_text(value: int) -> str:
    return f"+{value}" if value > 0 else str(value)


def rate_text(price: int, base: int) -> str:
    if price == base or base <= 0:
        return "0.00"
    return f"{(price - base) / base * 100.0:+.2f}"


def direction_code(price: int, fixed: Fixed) -> str:
    if price > fixed.base:
        return "1" if price >= fixed.upper else "2"
    if price < fixed.base:
        return "4" if price <= fixed.lower else "5"
    return "3"
