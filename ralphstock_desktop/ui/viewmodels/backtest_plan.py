"""From what stands in the form to a plan the service can run; what is wrong is said in words before anything is started."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.model.errors import ValidationFailed
from ralphstock_desktop.services.strategy_contracts import BacktestPlan, StrategyName, Threshold, WhatIfState
from ralphstock_desktop.strategy_ports import ExecutorKind, RuleProfile
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "MAX_SEARCHED",
    "STANDARD",
    "WHAT_IF",
    "WON_PER_MANWON",
    "PlanDraft",
    "RuleChoice",
    "build_plan",
    "change_lines",
    "grid_size",
    "number_text",
    "parse_manwon",
    "parse_values",
    "rule_choices",
    "threshold_name",
]

STANDARD, WHAT_IF = "standard", "what_if"
MAX_SEARCHED = 3
"""Thresholds of one search grid."""
WON_PER_MANWON = 10_000
MAX_MANWON = 100_000_000
"""1조 won: more is a slip of the finger."""
_BETWEEN = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """A rule set that can be tested: the standing rules, the moved ones of the what-if, or a profile."""

    id: str
    label: str
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """The form as it stands. ``search`` are (threshold, values as typed); an empty threshold searches nothing."""

    name: str
    strategy: StrategyName
    first: date
    last: date
    capital_manwon: int | None
    """None where what was typed is no amount."""
    changes: dict[str, Any]
    walk_forward: bool
    search: tuple[tuple[str, str], ...]
    executor: ExecutorKind
    dask_address: str


def threshold_name(look: Appearance, name: str) -> str:
    """Words of a threshold; its dotted name where no text is known. A rung of a ladder is told by its number."""
    if look.has_text(f"threshold.{name}"):
        return look.tr(f"threshold.{name}")
    ladder, _, rung = name.rpartition(".")
    if rung.isdigit() and look.has_text(f"threshold.{ladder}"):
        return f"{look.tr(f'threshold.{ladder}')} {int(rung) + 1}"
    return name


def number_text(value: Any) -> str:
    """A threshold's value in its shortest form; large amounts with thousands commas."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if abs(value) >= 10_000 and value == round(value):
        return fmt.number(float(value))
    return f"{value:g}".replace("-", "\u2212")


def change_lines(look: Appearance, changes: dict[str, Any], thresholds: Sequence[Threshold]) -> list[str]:
    """``RS 최소 70 → 80`` for each moved threshold; without the old value where it is not known here."""
    default = {one.name: one.default for one in thresholds}
    lines = []
    for name, value in changes.items():
        words = threshold_name(look, name)
        before = f"{number_text(default[name])} → " if name in default else ""
        lines.append(f"{words} {before}{number_text(value)}")
    return lines


def rule_choices(
    look: Appearance, strategy: StrategyName, what_if: WhatIfState | None, profiles: Sequence[RuleProfile]
) -> list[RuleChoice]:
    """What can be tested now; the what-if only while it moves something of this strategy."""
    choices = [RuleChoice(STANDARD, look.tr("backtest_panel.rules.standard"), {})]
    if what_if is not None and what_if.active and what_if.strategy == strategy and what_if.changed:
        changes = {one.name: one.value for one in what_if.changed}
        label = look.tr("backtest_panel.rules.what_if", count=len(changes))
        choices.append(RuleChoice(WHAT_IF, label, changes))
    choices += [RuleChoice(f"profile:{one.name}", one.name, dict(one.changes)) for one in profiles]
    return choices


def parse_manwon(text: str) -> int | None:
    """A whole positive number of 만원, with or without commas; None for anything else."""
    digits = text.replace(",", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdigit() and 0 < int(digits) <= MAX_MANWON else None


def parse_values(text: str) -> tuple[float, ...]:
    """Numbers between commas, semicolons or spaces; repeated ones once, in the order typed.

    Raises
    ------
    ValueError
        If a piece is not a finite number.
    """
    pieces = [piece for piece in _BETWEEN.split(text.replace("\u2212", "-").strip()) if piece]
    values = tuple(dict.fromkeys(float(piece) for piece in pieces))
    if not all(math.isfinite(value) for value in values):
        raise ValueError("not a finite number")
    return values


def grid_size(search: Sequence[tuple[str, str]]) -> int | None:
    """How many combinations a search tries; 0 without one, None where it cannot be read."""
    size = 1
    asked = False
    for name, text in search:
        if not name:
            continue
        asked = True
        try:
            size *= len(parse_values(text))
        except ValueError:
            return None
    return size if asked else 0


def build_plan(look: Appearance, draft: PlanDraft, thresholds: Sequence[Threshold]) -> BacktestPlan:
    """Make the plan of a draft.

    Raises
    ------
    ValidationFailed
        With a text key for what is wrong; ``field`` names the part of the form.
    """
    if draft.first > draft.last:
        raise ValidationFailed(
            f"The first day {draft.first} is after the last {draft.last}.",
            key="error.backtest_form.period",
            field="period",
            first=draft.first.isoformat(),
            last=draft.last.isoformat(),
        )
    if draft.capital_manwon is None:
        raise ValidationFailed("The capital is not an amount.", key="error.backtest_form.capital", field="capital")
    search = _search(look, draft, thresholds)
    address = draft.dask_address.strip()
    if draft.executor == "dask" and not address:
        raise ValidationFailed("A cluster needs an address.", key="error.backtest_form.address", field="executor")
    name = draft.name.strip()
    if not name:
        name = look.tr(
            "backtest_panel.auto_name",
            strategy=look.tr(f"performance.strategy.{draft.strategy}"),
            first=draft.first.isoformat(),
            last=draft.last.isoformat(),
        )
    return BacktestPlan(
        name=name,
        strategy=draft.strategy,
        first=draft.first,
        last=draft.last,
        changes=dict(draft.changes),
        start_krw=float(draft.capital_manwon) * WON_PER_MANWON,
        walk_forward=draft.walk_forward,
        search=search,
        executor=draft.executor,
        dask_address=address if draft.executor == "dask" else "",
    )


def _search(look: Appearance, draft: PlanDraft, thresholds: Sequence[Threshold]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    known = {one.name: one.spec for one in thresholds}
    result: dict[str, tuple[float, ...]] = {}
    for name, text in draft.search:
        if not name:
            continue
        words = threshold_name(look, name)
        if name in result:
            raise ValidationFailed(f"'{name}' twice", key="error.backtest_form.twice", field="search", name=words)
        try:
            values = parse_values(text)
        except ValueError:
            values = ()
        if not values:
            raise ValidationFailed(f"values of '{name}'", key="error.backtest_form.values", field="search", name=words)
        spec = known.get(name)
        outside = next((value for value in values if spec is not None and not spec.low <= value <= spec.high), None)
        if spec is not None and outside is not None:
            raise ValidationFailed(
                f"'{name}' {outside:g} outside {spec.low:g}-{spec.high:g}",
                key="error.backtest_form.range",
                field="search",
                name=words,
                value=number_text(outside),
                low=number_text(spec.low),
                high=number_text(spec.high),
            )
        result[name] = values
    return tuple(result.items())
