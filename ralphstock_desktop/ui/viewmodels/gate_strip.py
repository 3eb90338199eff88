"""Components and indices of the gate strip as they are drawn. Pure functions over a gate picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.evidence import ItemState
from engine.model.gate import GateComponent
from engine.thresholds import GateThresholds
from ralphstock_desktop.services.strategy_contracts import GatePicture
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.gate_words import component_name, component_value, write_item
from ralphstock_desktop.wording import format as fmt

__all__ = ["StripCell", "StripIndex", "number_of", "strip_cells", "strip_index"]


@dataclass(frozen=True, slots=True)
class StripCell:
    """One component as it is drawn; ``share`` of its points, None where it is missing."""

    name: str
    label: str
    value: str
    points: str
    share: float | None
    state: ItemState
    tip: str


@dataclass(frozen=True, slots=True)
class StripIndex:
    """One index or rate as it is drawn."""

    code: str
    label: str
    level: str
    change: str
    token: str
    path: tuple[float, ...]


def number_of(value: float | None) -> float:
    """NaN for a missing number."""
    return math.nan if value is None else value


def strip_cells(look: Appearance, picture: GatePicture, gate: GateThresholds) -> tuple[StripCell, ...]:
    """The six components in their order, with their calculations as tips."""
    tips = {
        group.group: "\n".join(
            " · ".join((words.label, words.value, words.threshold, words.words))
            for words in (write_item(look, item, gate) for item in group.items)
        )
        for group in picture.groups
    }
    return tuple(_cell(look, component, tips.get(component.name, ""), gate) for component in picture.reading.components)


def _cell(look: Appearance, component: GateComponent, tip: str, gate: GateThresholds) -> StripCell:
    unknown = component.state is ItemState.UNKNOWN
    return StripCell(
        name=component.name,
        label=component_name(look, component.name, gate),
        value=component_value(look, component),
        points="" if unknown else f"{fmt.points(component.points)}/{fmt.points(component.max_points)}",
        share=None if unknown or component.max_points <= 0 else component.points / component.max_points,
        state=component.state,
        tip=tip,
    )


def strip_index(
    look: Appearance, code: str, level: float, change_pct: float, path: tuple[float, ...], *, stale: bool
) -> StripIndex:
    """Write one index; a missing level is an em dash without a path, old values lose their direction colour."""
    if math.isnan(level):
        return StripIndex(code, look.tr(f"gate.{code.lower()}"), fmt.MISSING, "", "text-muted", ())
    token = look.direction_token(change_pct)
    token = "text" if token == "unknown" else "stale" if stale else token
    mark = "▲ " if change_pct > 0 else "▼ " if change_pct < 0 else ""
    change = "" if math.isnan(change_pct) else f"{mark}{fmt.percent(change_pct)}"
    return StripIndex(code, look.tr(f"gate.{code.lower()}"), fmt.number(level, 2), change, token, path)
