"""Points of every item by the tables of domain.md §§2-6, from the evidence's own value. None where the value alone cannot tell."""

from __future__ import annotations

from typing import Any

from engine.model.evidence import Evidence, EvidenceGroup, ItemState

__all__ = ["earned"]

E = 1e-9


def _up(value: float, *rungs: tuple[float, float]) -> float:
    """Best rung reached from below."""
    return next((points for limit, points in rungs if value >= limit - E), 0.0)


def _down(value: float, *rungs: tuple[float, float]) -> float:
    """Best rung reached from above."""
    return next((points for limit, points in rungs if value <= limit + E), 0.0)


def _flow(pct: float, *rungs: tuple[float, float], positive: float) -> float:
    return _up(pct, *rungs) or (positive if pct > E else 0.0)


def earned(group: EvidenceGroup, e: Evidence) -> float | None:
    """Points of the item (of the whole component for the closing bet) by the rule book."""
    assert e.value is not None
    v, item, i = e.value, e.item, dict(e.inputs)
    if item in ("T1", "T2", "T3", "T4", "T5"):
        margin = e.margin if item != "T3" else v
        return 3.0 if (margin or 0.0) > E else 0.0
    if item in ("T6", "T7"):
        return 3.0 if v >= (30.0 if item == "T6" else -25.0) - E else 0.0
    tables: dict[str, Any] = {
        "T8": lambda: 4.0 if v >= 70 else 0.0,
        "F1": lambda: _up(v, (90, 10), (80, 8), (70, 6), (60, 3)),
        "B1": lambda: {2: 6.0, 3: 10.0, 4: 10.0, 5: 6.0, 6: 3.0}.get(int(v), 0.0),
        "B2": lambda: _down(v, (0.60, 12), (0.75, 9), (0.90, 5)),
        "B3": lambda: 4.0 if 8 - E <= v <= 25 + E else 2.0 if 25 < v <= 35 + E else 0.0,
        "B4": lambda: (4.0 if 25 <= v <= 120 else 2.0 if v >= 15 else 0.0) if e.points or v < 15 else e.points,
        "C1": lambda: _down(v, (0.50, 8), (0.70, 6), (0.85, 3)),
        "C2": lambda: 4.0 if v <= 0.70 + E else 2.0 if v < 1 - E else 0.0,
        "C3": lambda: 3.0 if v <= 0.50 + E else 0.0,
        "D1": lambda: _down(v, (1.5, 5), (3, 3), (5, 1)),
        "D2": lambda: None if e.points == 0 else _down(v, (4, 5), (6, 4), (10, 2)),
        "E1": lambda: _pivot(v, str(i["state"])),
        "SM1": lambda: _flow(v, (10, 40), (5, 32), (2, 24), positive=12),
        "SM2": lambda: _flow(v, (10, 30), (5, 24), (2, 18), positive=9),
        "SM3": lambda: _up(v, (5, 15), (4, 12), (3, 8), (2, 4)),
        "SM4": lambda: 15.0 if v else 0.0,
        "N1": lambda: _news(i),
        "V1": lambda: _up(v, (1e12, 3), (5e11, 2), (1e11, 1)),
        "H1": lambda: _chart(group),
        "H2": lambda: _chart(group),
        "K1": lambda: _all(group),
        "K2": lambda: _all(group),
        "K3": lambda: _all(group),
        "P1": lambda: _all(group),
        "P2": lambda: _all(group),
        "S1": lambda: 2.0 if i["foreign"] > E and i["institution"] > E else 1.0 if v > E else 0.0,
    }
    if item in tables:
        found = tables[item]()
        return None if found is None else float(found)
    return _day(item, v, i, e) if e.group in _DAY else _gate(item, v, e)


def _pivot(value: float, state: str) -> float:
    fixed = {"NO_BASE": 0, "FAILED": 0, "EXTENDED": 0, "BREAKOUT": 10, "BREAKOUT_UNCONFIRMED": 4}
    return fixed[state] if state in fixed else _down(value, (3, 10), (5, 7), (8, 4), (10, 2))


def _news(i: dict[str, Any]) -> float:
    if i["veto"]:
        return 0.0
    if i["net"] >= 3 - E and i["peak"] >= 2 - E:
        return 3.0
    return _up(i["net"], (1.5, 2), (0.5, 1))


def _chart(group: EvidenceGroup) -> float:
    near, above = group.items
    assert near.value is not None and above.value is not None and above.threshold is not None
    return float(near.value >= 0.95 - E) + float(above.value > above.threshold + E)


def _all(group: EvidenceGroup) -> float:
    """Candle and period: their one point stands on all their tests together (§3.2)."""
    limits = {"K1": 3.0, "K2": 0.75, "K3": 0.5}
    if group.group == "candle":
        return float(all(item.value is not None and item.value >= limits[item.item] - E for item in group.items))
    width, quiet = (item.value for item in group.items)
    assert width is not None and quiet is not None
    return float(width <= 15 + E and quiet <= 1 + E)


_DAY = ("spike", "momentum", "box", "ma5", "institution", "oversold", "sector")


def _day(item: str, v: float, i: dict[str, Any], e: Evidence) -> float:
    if item == "spike":
        return _up(v, (2.0, 15), (1.5, 8))
    if item == "momentum":
        full = v > i["high_20"] + E or v >= 1.02 * i["prior_high"] - E
        return 15.0 if full else 8.0 if v >= 1.01 * i["prior_high"] - E else 0.0
    if item == "box":
        price, high, low = i["price"], i["high_20"], i["low_20"]
        if 100 * (high - low) / low > 20 + E:
            return 0.0
        return 15.0 if price > high + E else 8.0 if price >= low + 0.9 * (high - low) - E else 0.0
    if item == "ma5":
        return 15.0 if v > i["ma5"] + E else 8.0 if v >= 0.99 * i["ma5"] - E else 0.0
    if item == "institution":
        full = i["net"] >= 1e10 - E or i["share_pct"] >= 5 - E
        part = i["net"] >= 5e9 - E or i["share_pct"] >= 2 - E
        most = 15.0 if i["institution"] > E else 8.0
        return min(most, 15.0 if full else 8.0 if part else 0.0)
    if item == "oversold":
        drawdown, change = i["drawdown_pct"], i["change_pct"]
        if drawdown >= 15 - E and change >= 2 - E:
            return 15.0
        return 8.0 if drawdown >= 10 - E and change > E else 0.0
    percentile = 100 * i["rank"] / i["count"]
    points = _down(percentile, (20, 15), (40, 8))
    return min(points, 8.0) if i["own_pct"] < i["median_pct"] - E else points


def _gate(item: str, v: float, e: Evidence) -> float | None:
    name, _, test = item.partition(".")
    if test:
        table = {"kospi": (8, 8, 8, 6), "kosdaq": (5, 5, 6, 4)}[name]
        place = ("above_short", "short_above_mid", "above_long", "short_rising").index(test)
        assert e.threshold is not None
        return float(table[place]) if v > e.threshold + E else 0.0
    if name == "breadth":
        return _up(v, (60, 20), (50, 14), (40, 8), (30, 4))
    if name == "foreign":
        return 10.0 if v >= 5e11 - E else 7.0 if v > E else 3.0 if v > -5e11 + E else 0.0
    if name == "shock":
        return _up(v, (-0.5, 10), (-1, 7), (-2, 3)) if e.state is not ItemState.UNKNOWN else 0.0
    return _down(v, (0.5, 10), (1.5, 5))
