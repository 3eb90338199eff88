"""Every threshold of domain.md as typed data: value, unit, range, step and the paragraph it comes from.

A slider, a saved profile, a what-if and a walk-forward run all use these objects. A changed value changes the rule-set id
(domain.md App. B), so a stored score always says by which rules it was made.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.model.errors import ValidationFailed
from engine.strategy_thresholds import (
    ClosingBetThresholds,
    CostThresholds,
    DayTradeThresholds,
    GateThresholds,
    LifeThresholds,
    NewsThresholds,
)
from engine.threshold_spec import Ladder, Rung, Spec, eok, jo, movable, steps

__all__ = [
    "BASE_RULESET",
    "DEFAULT_RULES",
    "ClosingBetThresholds",
    "CostThresholds",
    "DayTradeThresholds",
    "GateThresholds",
    "GradeThresholds",
    "Ladder",
    "LifeThresholds",
    "NewsThresholds",
    "OrderPlanThresholds",
    "Rules",
    "Rung",
    "SmartMoneyThresholds",
    "Spec",
    "UniverseThresholds",
    "VcpThresholds",
    "eok",
    "iter_specs",
    "jo",
]

BASE_RULESET = "2026.1"


@dataclass(frozen=True)
class GradeThresholds:
    """The one grade table of all 0-100 scores (domain.md §0.5). Scores are compared after rounding to two decimals."""

    s_score: float = movable(80.0, "points", 50, 100, 0.5, "§0.5")
    a_score: float = movable(65.0, "points", 30, 100, 0.5, "§0.5")
    b_score: float = movable(50.0, "points", 10, 100, 0.5, "§0.5")
    s_target_pct: float = movable(20.0, "%", 1, 60, 0.5, "§0.5")
    a_target_pct: float = movable(15.0, "%", 1, 60, 0.5, "§0.5")
    b_target_pct: float = movable(10.0, "%", 1, 60, 0.5, "§0.5")
    c_target_pct: float = movable(5.0, "%", 1, 60, 0.5, "§0.5")


@dataclass(frozen=True)
class UniverseThresholds:
    """Eligibility for the VCP scanner (domain.md §1.3)."""

    min_close_krw: float = movable(1_000.0, "원", 0, 50_000, 100, "§1.3")
    min_mean_value_krw: float = movable(float(eok(10)), "원", 0, float(eok(1_000)), float(eok(1)), "§1.3")
    mean_value_bars: int = movable(20, "bars", 1, 60, 1, "§1.3")
    min_bars: int = movable(60, "bars", 60, 250, 1, "§1.3")
    full_bars: int = movable(251, "bars", 251, 251, 1, "§1.3")


@dataclass(frozen=True)
class VcpThresholds:
    """Trend template, structure, dry-up, tightness, pivot and strength (domain.md §§2.2-2.9)."""

    # A. trend template
    low_multiple: float = movable(1.30, "×", 1.0, 2.0, 0.01, "§2.3 T6")
    high_fraction: float = movable(0.75, "×", 0.3, 1.0, 0.01, "§2.3 T7")
    rs_min: float = movable(70.0, "RS", 1, 99, 1, "§2.3 T8")
    trend_points: float = movable(3.0, "points", 0, 10, 0.5, "§2.3")
    rs_min_points: float = movable(4.0, "points", 0, 10, 0.5, "§2.3 T8")
    # swings
    min_theta_pct: float = movable(3.0, "%", 0.5, 10, 0.1, "§2.5")
    base_window_bars: int = movable(130, "bars", 60, 200, 5, "§2.5")
    right_gap_bars: int = movable(10, "bars", 3, 30, 1, "§2.5")
    high_slack: float = movable(0.97, "×", 0.85, 1.0, 0.01, "§2.5")
    tight_min_pct: float = movable(1.0, "%", 0.1, 5, 0.1, "§2.5")
    tight_bars: int = movable(3, "bars", 1, 10, 1, "§2.5")
    merge_ratio: float = movable(0.90, "×", 0.5, 1.0, 0.01, "§2.5")
    # B. structure
    count_points: tuple[tuple[int, float], ...] = ((2, 6.0), (3, 10.0), (4, 10.0), (5, 6.0), (6, 3.0))
    mean_ratio: Ladder = movable(steps((0.60, 12), (0.75, 9), (0.90, 5)), "×", 0.2, 1.0, 0.01, "§2.6")
    first_depth_low_pct: float = movable(8.0, "%", 1, 25, 0.5, "§2.6")
    first_depth_full_pct: float = movable(25.0, "%", 8, 50, 0.5, "§2.6")
    first_depth_max_pct: float = movable(35.0, "%", 10, 60, 0.5, "§2.6")
    first_depth_points: float = movable(4.0, "points", 0, 10, 0.5, "§2.6")
    first_depth_part_points: float = movable(2.0, "points", 0, 10, 0.5, "§2.6")
    base_short_bars: int = movable(15, "bars", 5, 60, 1, "§2.6")
    base_full_bars: int = movable(25, "bars", 10, 100, 1, "§2.6")
    base_long_bars: int = movable(120, "bars", 60, 250, 1, "§2.6")
    base_points: float = movable(4.0, "points", 0, 10, 0.5, "§2.6")
    base_part_points: float = movable(2.0, "points", 0, 10, 0.5, "§2.6")
    gate_last_depth_pct: float = movable(10.0, "%", 1, 30, 0.5, "§2.6 gate")
    gate_last_to_first: float = movable(0.5, "×", 0.1, 1.0, 0.01, "§2.6 gate")
    # C. dry-up
    dry_ratio: Ladder = movable(steps((0.50, 8), (0.70, 6), (0.85, 3)), "×", 0.1, 1.5, 0.01, "§2.7 C1")
    leg_volume_full: float = movable(0.70, "×", 0.1, 1.0, 0.01, "§2.7 C2")
    leg_volume_full_points: float = movable(4.0, "points", 0, 10, 0.5, "§2.7 C2")
    leg_volume_part_points: float = movable(2.0, "points", 0, 10, 0.5, "§2.7 C2")
    quiet_day_ratio: float = movable(0.50, "×", 0.1, 1.0, 0.01, "§2.7 C3")
    quiet_day_points: float = movable(3.0, "points", 0, 10, 0.5, "§2.7 C3")
    # D. tightness
    close_range_pct: Ladder = movable(steps((1.5, 5), (3.0, 3), (5.0, 1)), "%", 0.2, 15, 0.1, "§2.7 D1")
    last_depth_pct: Ladder = movable(steps((4.0, 5), (6.0, 4), (10.0, 2)), "%", 0.5, 25, 0.5, "§2.7 D2")
    # E. pivot
    breakout_volume: float = movable(1.40, "×", 1.0, 5.0, 0.05, "§2.8")
    max_extension_pct: float = movable(5.0, "%", 1, 20, 0.5, "§2.8")
    breakout_points: float = movable(10.0, "points", 0, 10, 0.5, "§2.8")
    unconfirmed_points: float = movable(4.0, "points", 0, 10, 0.5, "§2.8")
    near_pivot_pct: Ladder = movable(steps((3.0, 10), (5.0, 7)), "%", 0.5, 15, 0.5, "§2.8")
    forming_pct: Ladder = movable(steps((8.0, 4), (10.0, 2)), "%", 1, 30, 0.5, "§2.8")
    # F. relative strength
    rs_ladder: Ladder = movable(steps((90, 10), (80, 8), (70, 6), (60, 3)), "RS", 1, 99, 1, "§2.4")
    rs_pool_min: int = movable(20, "stocks", 2, 100, 1, "§2.4")
    # detection and total
    detect_score: float = movable(60.0, "points", 0, 100, 0.5, "§2.9")
    vcp_weight: float = movable(0.70, "×", 0.0, 1.0, 0.05, "§2.11")
    open_coverage: float = movable(70.0, "%", 0, 100, 5, "§0.3")


@dataclass(frozen=True)
class SmartMoneyThresholds:
    """Flow score (domain.md §2.10)."""

    window_days: int = movable(5, "days", 3, 20, 1, "§2.10")
    min_days: int = movable(3, "days", 1, 5, 1, "§2.10")
    foreign_pct: Ladder = movable(steps((10, 40), (5, 32), (2, 24)), "%", 0.1, 40, 0.1, "§2.10")
    foreign_positive_points: float = movable(12.0, "points", 0, 40, 1, "§2.10")
    institution_pct: Ladder = movable(steps((10, 30), (5, 24), (2, 18)), "%", 0.1, 40, 0.1, "§2.10")
    institution_positive_points: float = movable(9.0, "points", 0, 30, 1, "§2.10")
    persistence: Ladder = movable(steps((5, 15), (4, 12), (3, 8), (2, 4)), "days", 1, 5, 1, "§2.10")
    double_buy_points: float = movable(15.0, "points", 0, 30, 1, "§2.10")


@dataclass(frozen=True)
class OrderPlanThresholds:
    """Entry, stop, target and size (domain.md §2.11)."""

    max_stop_pct: float = movable(8.0, "%", 2, 20, 0.5, "§2.11")
    min_stop_pct: float = movable(2.0, "%", 0, 8, 0.5, "§2.11")
    low_rr: float = movable(1.5, "R", 0.5, 5, 0.1, "§2.11")
    risk_pct: float = movable(0.5, "%", 0.05, 5, 0.05, "§2.11")
    s_multiple: float = movable(1.5, "×", 0, 3, 0.1, "§2.11")
    a_multiple: float = movable(1.0, "×", 0, 3, 0.1, "§2.11")
    b_multiple: float = movable(0.5, "×", 0, 3, 0.1, "§2.11")
    s_cap_pct: float = movable(15.0, "%", 0, 100, 1, "§2.11")
    a_cap_pct: float = movable(12.0, "%", 0, 100, 1, "§2.11")
    b_cap_pct: float = movable(10.0, "%", 0, 100, 1, "§2.11")
    liquidity_pct: float = movable(1.0, "%", 0.1, 20, 0.1, "§2.11")


@dataclass(frozen=True)
class Rules:
    """All thresholds of one rule set. Immutable; :meth:`replace` gives a changed copy with another id."""

    grade: GradeThresholds = GradeThresholds()
    universe: UniverseThresholds = UniverseThresholds()
    vcp: VcpThresholds = VcpThresholds()
    smartmoney: SmartMoneyThresholds = SmartMoneyThresholds()
    plan: OrderPlanThresholds = OrderPlanThresholds()
    jongga: ClosingBetThresholds = ClosingBetThresholds()
    daytrading: DayTradeThresholds = DayTradeThresholds()
    gate: GateThresholds = GateThresholds()
    news: NewsThresholds = NewsThresholds()
    cost: CostThresholds = CostThresholds()
    life: LifeThresholds = LifeThresholds()

    @cached_property
    def ruleset_id(self) -> str:
        """``2026.1`` for the defaults, else ``2026.1+`` and eight hex digits of the changed values."""
        changed = _changed(self)
        if not changed:
            return BASE_RULESET
        canonical = json.dumps(changed, sort_keys=True, separators=(",", ":"))
        return f"{BASE_RULESET}+{hashlib.sha256(canonical.encode()).hexdigest()[:8]}"

    def replace(self, changes: dict[str, Any]) -> Rules:
        """Return a copy with dotted names changed, e.g. ``{"vcp.rs_min": 80}``.

        A ladder rung is addressed by its position: ``{"vcp.dry_ratio.0": 0.45}`` moves the best rung's threshold.

        Raises
        ------
        ValidationFailed
            If a name does not exist, a value lies outside its range, or a ladder would no longer be ordered.
        """
        sections: dict[str, dict[str, Any]] = {}
        ladders: dict[str, tuple[str, str]] = {}
        for name, value in changes.items():
            section_name, _, rest = name.partition(".")
            field_name, _, rung_text = rest.partition(".")
            section = getattr(self, section_name, None)
            fields = {f.name: f for f in dataclasses.fields(section)} if dataclasses.is_dataclass(section) else {}
            if field_name not in fields:
                raise ValidationFailed(f"There is no threshold named '{name}'.", key="error.threshold_name", value=name)
            spec: Spec | None = fields[field_name].metadata.get("spec")
            pending = sections.setdefault(section_name, {})
            current = pending.get(field_name, getattr(section, field_name))
            if rung_text:
                if not isinstance(current, tuple) or not rung_text.isdigit() or int(rung_text) >= len(current):
                    raise ValidationFailed(f"'{name}' names no rung of a ladder.", key="error.threshold_name", value=name)
                _check_range(name, value, spec)
                rungs = list(current)
                rungs[int(rung_text)] = dataclasses.replace(rungs[int(rung_text)], threshold=float(value))
                ladders[name] = (section_name, field_name)
                pending[field_name] = tuple(rungs)
            else:
                if not isinstance(current, tuple):
                    _check_range(name, value, spec)
                    value = type(current)(value)
                pending[field_name] = value
        # Only when all are set: two rungs that move past each other's old places are in order together.
        for name, (section_name, field_name) in ladders.items():
            _check_order(name, getattr(getattr(self, section_name), field_name), sections[section_name][field_name])
        replaced = {name: dataclasses.replace(getattr(self, name), **values) for name, values in sections.items()}
        return dataclasses.replace(self, **replaced)


def _check_range(name: str, value: Any, spec: Spec | None) -> None:
    number = float(value)
    if spec is not None and not (spec.low <= number <= spec.high):
        raise ValidationFailed(
            f"'{name}' must lie between {spec.low:g} and {spec.high:g} {spec.unit}; {number:g} does not.",
            key="error.threshold_range",
            name=name,
            value=number,
            low=spec.low,
            high=spec.high,
            unit=spec.unit,
        )


def _check_order(name: str, before: Ladder, after: Ladder) -> None:
    rising = before[0].threshold < before[-1].threshold
    values = [rung.threshold for rung in after]
    if values != sorted(values, reverse=not rising):
        raise ValidationFailed(
            f"The rungs of '{name}' must stay in order: {', '.join(f'{v:g}' for v in values)} is not.",
            key="error.threshold_order",
            name=name,
        )


def _changed(rules: Rules) -> dict[str, Any]:
    default = Rules()
    result: dict[str, Any] = {}
    for section in dataclasses.fields(rules):
        mine, base = getattr(rules, section.name), getattr(default, section.name)
        for item in dataclasses.fields(mine):
            value = getattr(mine, item.name)
            if value != getattr(base, item.name):
                plain = (
                    [dataclasses.astuple(v) if isinstance(v, Rung) else v for v in value] if isinstance(value, tuple) else value
                )
                result[f"{section.name}.{item.name}"] = plain
    return result


def iter_specs(rules: Rules) -> Iterator[tuple[str, Any, Spec]]:
    """Yield ``(dotted name, current value, spec)`` for every threshold that can be moved; ladders rung by rung."""
    for section in dataclasses.fields(rules):
        group = getattr(rules, section.name)
        for item in dataclasses.fields(group):
            spec = item.metadata.get("spec")
            if spec is None:
                continue
            value = getattr(group, item.name)
            if isinstance(value, tuple):
                for position, rung in enumerate(value):
                    yield f"{section.name}.{item.name}.{position}", rung.threshold, spec
            else:
                yield f"{section.name}.{item.name}", value, spec


DEFAULT_RULES = Rules()
