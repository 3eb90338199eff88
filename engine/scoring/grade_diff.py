"""What changed a score between two instants: one entry per item, in points of the total score (VCP, closing bet, day trading).

A strategy's scan is brought to one form first (:func:`vcp_items`, :func:`closing_items`, :func:`day_trade_items`): items with
value, points and the weight of a point in the total. Their difference is then the same arithmetic for all (:func:`diff_items`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.closing import CLOSING_COMPONENTS, ClosingBetScan
from engine.model.daytrade import DAY_ITEMS, DayTradeScan
from engine.model.scan import ITEM_GROUP, ITEMS, ScoreStatus, VcpScan
from engine.thresholds import Rules

__all__ = ["ROUNDING", "ItemChange", "ItemPoints", "ScoredItems", "closing_items", "day_trade_items", "diff_items", "vcp_items"]

ROUNDING = "rounding"
"""Name of the entry that takes what rounding the scores left over."""
_DIGITS = 9
"""Decimals effects are kept to, so that 0.7 × 3 is 2.1 and the sum has no dust."""

_VCP_UNITS = {
    **dict.fromkeys(("T1", "T2", "T3", "T4", "T5", "T6", "T7", "B3", "D1", "D2", "E1", "SM1", "SM2"), "%"),
    **dict.fromkeys(("T8", "F1"), "RS"),
    **dict.fromkeys(("B2", "C1", "C2", "C3"), "×"),
    "B1": "count",
    "B4": "bars",
    "SM3": "days",
    "SM4": "flag",
}
_DAY_UNITS = {"spike": "×", "institution": "won"}
"""Units of day-trading items that are no percentage."""


@dataclass(frozen=True, slots=True)
class ItemPoints:
    """One item of a score. ``value`` in ``unit``, None where missing; a point counts ``weight`` in the total score."""

    item: str
    value: float | None
    unit: str
    points: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ScoredItems:
    """All items of one symbol at one instant, and the total score they gave; None where there was none."""

    items: tuple[ItemPoints, ...]
    score: float | None


@dataclass(frozen=True, slots=True)
class ItemChange:
    """How one item changed; ``effect`` in points of the total score."""

    item: str
    value_before: float | None
    value_after: float | None
    unit: str
    points_before: float
    points_after: float
    effect: float


def vcp_items(scan: VcpScan, row: int, rules: Rules) -> ScoredItems:
    """Items of a VCP scan under the rules it was made with: A-F weigh 0.7, SmartMoney 0.3 of a point by default."""
    weight = rules.vcp.vcp_weight
    items = tuple(
        ItemPoints(
            item,
            _known(scan.item_value[row, column]),
            _VCP_UNITS[item],
            float(scan.item_points[row, column]),
            1.0 - weight if group == "SM" else weight,
        )
        for column, (item, group) in enumerate(zip(ITEMS, ITEM_GROUP, strict=True))
    )
    return ScoredItems(items, _known(scan.total_score[row]))


def closing_items(scan: ClosingBetScan, row: int) -> ScoredItems:
    """Components of a closing-bet scan with their telling value: net news, traded value, C/high, body, range, net buying."""
    values = (
        (scan.news_net[row], "points"),
        (scan.value_krw[row], "won"),
        (scan.near_high[row], "×"),
        (scan.body_pct[row], "%"),
        (scan.period_range_pct[row], "%"),
        (scan.foreign_5d_krw[row] + scan.institution_5d_krw[row], "won"),
    )
    items = tuple(
        ItemPoints(
            component,
            None if scan.status[row, column] == ScoreStatus.MISSING else _known(value),
            unit,
            float(scan.points[row, column]),
        )
        for column, (component, (value, unit)) in enumerate(zip(CLOSING_COMPONENTS, values, strict=True))
    )
    return ScoredItems(items, _known(scan.total[row]))


def day_trade_items(scan: DayTradeScan, row: int, rules: Rules) -> ScoredItems:
    """Items of a day-trading scan; a point counts 100 ÷ the raw maximum (105 by default) in the score."""
    weight = 100.0 / (len(DAY_ITEMS) * rules.daytrading.full_points)
    items = tuple(
        ItemPoints(item, _known(scan.values[row, column]), _DAY_UNITS.get(item, "%"), float(scan.points[row, column]), weight)
        for column, item in enumerate(DAY_ITEMS)
    )
    return ScoredItems(items, _known(scan.score[row]))


def diff_items(before: ScoredItems | None, after: ScoredItems | None) -> tuple[ItemChange, ...]:
    """Return the items that moved the score, largest effect (by amount) first.

    Parameters
    ----------
    before, after : ScoredItems | None
        None where the symbol did not exist. A symbol without a score counts as 0 points on every item: what it gained or lost
        is then the whole of each item.

    Returns
    -------
    tuple of ItemChange
        Only items with an effect; then, if rounding the scores left a rest, one named ``rounding``. The effects add up to
        the score after minus the score before, a missing score counting as 0.
    """
    old, new = _by_name(before), _by_name(after)
    changes = []
    for name in dict.fromkeys((*new, *old)):
        one, other = old.get(name), new.get(name)
        effect = round(_worth(after, other) - _worth(before, one), _DIGITS)
        shown = other or one
        if shown is None or effect == 0.0:
            continue
        changes.append(
            ItemChange(
                item=name,
                value_before=one.value if one else None,
                value_after=other.value if other else None,
                unit=shown.unit,
                points_before=one.points if one else 0.0,
                points_after=other.points if other else 0.0,
                effect=effect,
            )
        )
    changes.sort(key=lambda change: -abs(change.effect))
    gained = _score(after) - _score(before)
    rest = round(gained - math.fsum(change.effect for change in changes), _DIGITS)
    if rest != 0.0:
        changes.append(ItemChange(ROUNDING, None, None, "points", 0.0, 0.0, rest))
    return tuple(changes)


def _by_name(scored: ScoredItems | None) -> dict[str, ItemPoints]:
    return {} if scored is None else {item.item: item for item in scored.items}


def _score(scored: ScoredItems | None) -> float:
    return 0.0 if scored is None or scored.score is None else scored.score


def _worth(scored: ScoredItems | None, item: ItemPoints | None) -> float:
    """Points of the total score an item stands for; nothing where there is no score."""
    return 0.0 if scored is None or scored.score is None or item is None else item.points * item.weight


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
