"""A second, slow telling of the life of a signal, written from domain.md §§7.1-7.4 with plain lists and no shared code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

NEAR = 1e-9


@dataclass
class Stock:
    """Raw bars of one stock; ``factor`` is the step factor of each day, ``base`` may be NaN."""

    market: str
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    valid: list[bool]
    factor: list[float]
    base: list[float]


@dataclass
class Order:
    """A signal as the user would write it down."""

    kind: str
    day: int
    entry: float
    stop: float
    target: float
    pivot: float


@dataclass
class Outcome:
    """What became of it."""

    entry_day: int = -1
    entry: float = math.nan
    exit_day: int = -1
    exit: float = math.nan
    reason: str = "NONE"
    held: int = 0


def tick(price: float) -> int:
    """Tick since 2023-01-25."""
    for below, step in ((2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500)):
        if price < below:
            return step
    return 1_000


def limits(base: float, market: str) -> tuple[float, float]:
    """(lower, upper) of a base price: 30 %, KONEX 15 %."""
    width = int(Decimal(str(base)) * (15 if market == "KONEX" else 30) / 100)
    width -= width % tick(base)
    high, low = base + width, base - width
    return low - low % tick(low), high - high % tick(high)


def locked(stock: Stock, i: int) -> str:
    if math.isnan(stock.base[i]) or stock.high[i] != stock.low[i]:
        return ""
    low, high = limits(stock.base[i], stock.market)
    return "lower" if stock.low[i] == low else "upper" if stock.high[i] == high else ""


def live(stock: Stock, order: Order, last: int) -> Outcome:
    """Walk day by day; planned prices are multiplied by each factor as it comes."""
    entry, stop, target, pivot = order.entry, order.stop, order.target, order.pivot
    out = Outcome()
    waited = 0
    for i in range(order.day, last + 1):
        if i > order.day:
            f = stock.factor[i]
            entry, stop, target, pivot, out.entry = entry * f, stop * f, target * f, pivot * f, out.entry * f
        if out.entry_day < 0:
            if order.kind == "CLOSING_BET":
                out.entry_day, out.entry = i, stock.close[i]
                continue
            if i == order.day or not stock.valid[i]:
                continue
            waited += 1
            o = stock.open[i]
            can_buy = locked(stock, i) != "upper" and o <= 1.05 * pivot + NEAR
            if order.kind == "VCP_BREAKOUT" and not can_buy:
                return Outcome(exit_day=i, reason="EXPIRED")
            if order.kind == "VCP_BREAKOUT" or (can_buy and stock.high[i] >= entry - NEAR):
                at_open = order.kind == "VCP_BREAKOUT" or o >= entry - NEAR
                out.entry_day, out.entry = i, o if at_open else entry
                if locked(stock, i) != "lower":
                    if at_open and stock.low[i] <= stop + NEAR:
                        out.exit_day, out.exit, out.reason = i, min(o, stop), "STOP"
                        return out
                    if not at_open and stock.close[i] <= stop + NEAR:
                        out.exit_day, out.exit, out.reason = i, stop, "STOP"
                        return out
            elif waited == 10:
                return Outcome(exit_day=i, reason="EXPIRED")
            continue
        if not stock.valid[i]:
            continue
        out.held += 1
        if locked(stock, i) == "lower":
            continue
        found = _sold(stock, order.kind, i, out.entry, stop, target, out.held)
        if found is not None:
            out.exit_day, out.exit, out.reason = i, *found
            return out
    return out


def _sold(stock: Stock, kind: str, i: int, paid: float, stop: float, target: float, held: int) -> tuple[float, str] | None:
    o = stock.open[i]
    if kind == "CLOSING_BET":
        return (o, "GAP_UP") if o >= 1.03 * paid - NEAR else (o, "GAP_DOWN") if o <= 0.98 * paid + NEAR else (o, "TIME_10AM")
    if o <= stop + NEAR:
        return o, "STOP_GAP"
    if o >= target - NEAR:
        return o, "TARGET_GAP"
    if stock.low[i] <= stop + NEAR:
        return stop, "STOP"
    if stock.high[i] >= target - NEAR:
        return target, "TARGET"
    return (stock.close[i], "TIME") if held >= 20 else None


def tax_of(market: str, following: list[date]) -> Decimal:
    """Since 2023, by the settlement day: the second of the trading days that follow the sale."""
    if market == "KONEX":
        return Decimal("0.10")
    return Decimal({2023: "0.20", 2024: "0.18", 2025: "0.15", 2026: "0.20"}[following[1].year])


def net(entry: float, price: float, tax: Decimal) -> float:
    side = Decimal("0.115") / 100
    got = Decimal(repr(price)) * (1 - side - tax / 100)
    return float(100 * (got / (Decimal(repr(entry)) * (1 + side)) - 1))
