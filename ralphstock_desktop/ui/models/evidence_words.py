"""How one evidence row is written and drawn: value, threshold, margin, points, bullet (design.md §9). Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

from engine.explain.sentences import calculation, item_key
from engine.model.evidence import Evidence, ItemState
from engine.model.instants import AsOf
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.wording import sentence_text
from ralphstock_desktop.wording import format as fmt

__all__ = ["Bullet", "EvidenceWords", "bullet_of", "source_text", "write_evidence"]

_SIGNED_ITEMS = frozenset(("T3", "T6", "T7"))
_OP = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}


@dataclass(frozen=True, slots=True)
class EvidenceWords:
    """Everything that is written on one row."""

    label: str
    value: str
    threshold: str
    margin: str
    points: str
    words: str
    source: str


@dataclass(frozen=True, slots=True)
class Bullet:
    """Fill and threshold ticks of the bar, each 0 … 1."""

    fill: float
    ticks: tuple[float, ...]


def write_evidence(evidence: Evidence, look: Appearance) -> EvidenceWords:
    """Write one evidence in the chosen language."""
    unknown = evidence.state is ItemState.UNKNOWN
    points = fmt.MISSING if unknown else f"{fmt.points(evidence.points)}/{fmt.points(evidence.max_points)}"
    return EvidenceWords(
        label=look.tr(item_key(evidence)),
        value=look.tr("evidence.value.unknown") if unknown else _amount(evidence, evidence.value, look),
        threshold=_threshold(evidence, look),
        margin=_margin(evidence, look),
        points=points,
        words=sentence_text(calculation(evidence), look),
        source=source_text(evidence, look),
    )


def source_text(evidence: Evidence, look: Appearance) -> str:
    """``확정 05-04 15:40 · KRX 일봉 · §2.7 C1``."""
    names = dict.fromkeys(f"{ref.source} {look.tr(f'evidence.source.{ref.dataset}')}".strip() for ref in evidence.sources)
    source = " + ".join(names)
    rule = evidence.rule or evidence.item
    if evidence.known_at_ns is None:
        return look.tr("evidence.source_line.unknown", source=source, rule=rule)
    final = all(ref.final for ref in evidence.sources)
    key = "evidence.source_line" if final else "evidence.source_line.provisional"
    return look.tr(key, known=fmt.as_of_short(AsOf(evidence.known_at_ns)), source=source, rule=rule)


def _amount(evidence: Evidence, value: float | None, look: Appearance, *, bare: bool = False) -> str:
    if value is None:
        return fmt.MISSING
    unit = evidence.unit
    if unit == "won":
        return fmt.price(value)
    if unit == "%":
        plus = evidence.item in _SIGNED_ITEMS and not bare
        decimals = 2 if evidence.item == "D1" and not bare else 1
        text = fmt.percent(value, decimals, plus=plus)
        return text.replace(".0%", "%") if bare else text
    if unit == "×":
        return fmt.number(value, 2)
    if unit == "flag":
        return look.tr("evidence.value.yes" if value > 0 else "evidence.value.no")
    if unit in ("count", "bars", "days") and not (bare and unit != "days"):
        return look.tr(f"evidence.value.{unit}", value=fmt.number(value))
    return fmt.number(value)


def _threshold(evidence: Evidence, look: Appearance) -> str:
    if evidence.threshold is None:
        return fmt.MISSING
    low = _amount(evidence, evidence.threshold, look, bare=True)
    if evidence.op == "between" and evidence.threshold_high is not None:
        return f"{low.removesuffix('%')}\u2013{_amount(evidence, evidence.threshold_high, look, bare=True)}"
    if evidence.op == "flag":
        return f"= {low}"
    return f"{_OP.get(evidence.op, evidence.op)} {low}"


def _margin(evidence: Evidence, look: Appearance) -> str:
    margin = evidence.margin
    if margin is None:
        return fmt.MISSING
    if evidence.unit == "flag" or (evidence.op == "between" and margin == 0):
        return "="
    unit = evidence.margin_unit or evidence.unit
    if unit == "%":
        # Two prices are compared in percent; two percentages differ by percentage points.
        decimals = 0 if abs(margin) >= 100 else 1 if abs(margin) >= 1 else 2
        if evidence.unit != "%":
            return fmt.percent(margin, decimals)
        return fmt.percent_apart(margin, decimals, look.language)
    if unit == "×":
        return fmt.signed(margin, 3 if abs(margin) < 0.01 else 2)
    text = fmt.signed(margin, 0)
    return "=" if text == "0" else text


def bullet_of(evidence: Evidence) -> Bullet | None:
    """Place value and threshold on one bar; None where the value is missing."""
    value, threshold = evidence.value, evidence.threshold
    if value is None or threshold is None or evidence.state is ItemState.UNKNOWN:
        return None
    if evidence.unit == "flag":
        return Bullet(1.0 if value > 0 else 0.0, (1.0,))
    low, high = 0.0, threshold * 1.6
    ticks: tuple[float, ...] = (threshold,)
    if evidence.unit == "RS":
        low, high = 0.0, 99.0
    elif evidence.op == "between" and evidence.threshold_high is not None:
        high = evidence.threshold_high * 1.5
        ticks = (threshold, evidence.threshold_high)
    elif threshold < 0:
        low, high = 2.0 * threshold, 0.0
    elif threshold == 0:
        reach = max(abs(value) * 1.25, 1.0)
        low, high = -reach, reach
    span = high - low
    return Bullet(_unit((value - low) / span), tuple(_unit((tick - low) / span) for tick in ticks))


def _unit(share: float) -> float:
    return min(1.0, max(0.0, share))
