"""The checklist of one stock, written slowly and plainly from domain.md §4 with lists: what the arrays must agree with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.panel import MarketPanel


@dataclass
class Facts:
    """What one stock's items were made from; None where missing."""

    high_20: float | None = None
    low_20: float | None = None
    prior_high: float | None = None
    prior_close: float | None = None
    ma5: float | None = None
    mean_volume: float | None = None
    net: float | None = None
    institution: float | None = None
    turnover: float | None = None
    flow_days: int = 0
    change: float | None = None
    return_5d: float | None = None
    points: dict[str, float | None] | None = None


def at_least(a: float, b: float) -> bool:
    return a >= b - 1e-9


def evaluate(panel: MarketPanel, row: int, t: int, price: float, volume: float, share: float) -> Facts:
    """Items 1-6 at panel day ``t`` with a price and volume so far; None where an item is missing."""
    bars = [i for i in range(t) if panel.valid[row, i]]
    base = float(panel.base_krw[row, t])
    last = float(panel.close_krw[row, t - 1]) if panel.present[row, t - 1] else math.nan
    step = base / last if abs(base - last) >= tick(base) - 1e-9 else 1.0
    scale = [step * float(panel.factor[row, t - 1]) / float(panel.factor[row, i]) for i in bars]
    high = [float(panel.high_krw[row, i]) * k for i, k in zip(bars, scale, strict=True)]
    low = [float(panel.low_krw[row, i]) * k for i, k in zip(bars, scale, strict=True)]
    close = [float(panel.close_krw[row, i]) * k for i, k in zip(bars, scale, strict=True)]
    shares = [float(panel.volume_shares[row, i]) / k for i, k in zip(bars, scale, strict=True)]
    found = Facts(change=None if math.isnan(base) else 100 * (price / base - 1))
    points: dict[str, float | None] = dict.fromkeys(("spike", "momentum", "box", "ma5", "institution", "oversold"))
    if len(bars) >= 4:
        found.ma5 = (price + sum(close[-4:])) / 5
        points["ma5"] = 15 if price > found.ma5 + 1e-9 else 8 if at_least(price, 0.99 * found.ma5) else 0
    if len(bars) >= 5:
        found.return_5d = 100 * (price / close[-5] - 1)
    if len(bars) >= 20:
        found.high_20, found.low_20 = max(high[-20:]), min(low[-20:])
        found.prior_high, found.prior_close = high[-1], close[-1]
        found.mean_volume = sum(shares[-20:]) / 20
        relative = volume / share / found.mean_volume
        points["spike"] = 15 if at_least(relative, 2.0) else 8 if at_least(relative, 1.5) else 0
        over = price > found.high_20 + 1e-9
        points["momentum"] = (
            15 if over or at_least(price, 1.02 * found.prior_high) else 8 if at_least(price, 1.01 * found.prior_high) else 0
        )
        points["box"] = 0
        if at_least(20.0, 100 * (found.high_20 - found.low_20) / found.low_20):
            near = at_least(price, found.low_20 + 0.9 * (found.high_20 - found.low_20))
            points["box"] = 15 if over else 8 if near else 0
        if found.change is not None:
            drawdown = 100 * (1 - found.prior_close / found.high_20)
            points["oversold"] = (
                15
                if at_least(drawdown, 15) and at_least(found.change, 2)
                else 8
                if at_least(drawdown, 10) and found.change > 1e-9
                else 0
            )
    net = inst = turnover = 0.0
    for i in bars[-5:]:
        f, n = float(panel.foreign_krw[row, i]), float(panel.institution_krw[row, i])
        if math.isnan(f) or math.isnan(n):
            continue
        value = float(panel.value_krw[row, i])
        if math.isnan(value):
            four = sum(float(a[row, i]) for a in (panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw))
            value = four / 4 * float(panel.volume_shares[row, i])
        found.flow_days += 1
        net, inst, turnover = net + f + n, inst + n, turnover + value
    if found.flow_days:
        found.net, found.institution, found.turnover = net, inst, turnover
    if found.flow_days >= 3:
        share_pct = 100 * net / turnover
        full = at_least(net, 10_000_000_000) or at_least(share_pct, 5)
        part = at_least(net, 5_000_000_000) or at_least(share_pct, 2)
        points["institution"] = (15 if inst > 0 else 8) if full else 8 if part else 0
    found.points = points
    return found


def tick(price: float) -> float:
    if math.isnan(price):
        return math.inf
    for bound, size in ((2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500)):
        if price < bound:
            return size
    return 1_000
