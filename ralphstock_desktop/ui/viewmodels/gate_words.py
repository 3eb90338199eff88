"""The gate in words and numbers: status, components, evidence rows, effect (domain.md §5). No widgets, no state."""

from __future__ import annotations

import math

from engine.model.evidence import Evidence, EvidenceGroup, ItemState
from engine.model.gate import GateComponent, GateReading, GateStatus
from engine.model.instants import AsOf
from engine.thresholds import GateThresholds, Rules
from ralphstock_desktop.services.strategy_contracts import GatePicture
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.evidence_words import EvidenceWords
from ralphstock_desktop.ui.viewmodels.evidence_lines import GroupLine, ItemLine, Line
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "STATE_TOKEN",
    "STATUS_TOKEN",
    "component_name",
    "component_value",
    "effect_text",
    "evidence_lines",
    "reading_instant",
    "score_text",
    "status_word",
    "verdict_note",
    "write_item",
]

STATUS_TOKEN = {
    GateStatus.UNKNOWN: "gate-unknown",
    GateStatus.RED: "gate-red",
    GateStatus.YELLOW: "gate-yellow",
    GateStatus.GREEN: "gate-green",
}
STATE_TOKEN = {
    ItemState.PASSED: "success",
    ItemState.PARTIAL: "warning",
    ItemState.FAILED: "danger",
    ItemState.UNKNOWN: "unknown",
}
_OP = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}
_EOK = 1e8


def status_word(look: Appearance, status: GateStatus) -> str:
    """``상승 우위``, ``중립``, ``하락 우위``, ``판단 불가``."""
    return look.tr(f"gate.status.{status.name.lower()}")


def reading_instant(picture: GatePicture) -> AsOf:
    """The instant a reading speaks of: "as of now" on old data is the end of the last day they have."""
    as_of = picture.reading.as_of
    if picture.live or not len(picture.panel.days):
        return as_of
    return min(as_of, AsOf.end_of(picture.panel.days[-1].astype("datetime64[D]").item()))


def score_text(score: float | None) -> str:
    """The score without superfluous decimals; an em dash where nothing can be said."""
    return fmt.MISSING if score is None else fmt.points(score)


def component_name(look: Appearance, name: str, gate: GateThresholds) -> str:
    """Short name of a component."""
    if name == "foreign":
        return look.tr("gate.component.foreign", days=gate.foreign_days)
    return look.tr(f"gate.component.{name}")


def component_value(look: Appearance, component: GateComponent) -> str:
    """``4/4``, ``69%``, ``+1.54조``, ``−0.06%``; words where it is missing."""
    value = component.value
    if component.state is ItemState.UNKNOWN or value is None:
        return look.tr("gate.value.unknown")
    if component.unit == "count":
        return f"{value:.0f}/{len(component.tests)}"
    if component.unit == "won":
        return fmt.money(value, look.language, plus=True)
    return fmt.percent(value, 0, plus=False) if component.name == "breadth" else fmt.percent(value)


def effect_text(look: Appearance, status: GateStatus, rules: Rules) -> str:
    """What the status does to new orders (domain.md §5.3)."""
    grade = status.min_grade
    if grade is None:
        return look.tr("gate.effect.none")
    return look.tr("gate.effect.open", grade=grade.name, size=f"{status.size_factor(rules.gate.yellow_size):.1f}")


def verdict_note(look: Appearance, reading: GateReading, gate: GateThresholds) -> str:
    """Why the status is what it is, or how far the next one is."""
    coverage = fmt.percent(reading.coverage, 0, plus=False)

    def limit(value: float) -> str:
        return fmt.percent(value, 0, plus=False)

    if reading.status is GateStatus.UNKNOWN:
        return look.tr("gate.head.low_coverage", coverage=coverage, limit=limit(gate.min_coverage))
    if reading.circuit_breaker:
        return look.tr("gate.breaker")
    shock, score = reading.shock_pct, reading.score if reading.score is not None else math.nan
    if reading.status is GateStatus.RED and shock is not None and shock <= gate.crash_pct + 1e-9:
        return look.tr("gate.head.crash", change=fmt.percent(shock), limit=fmt.percent(gate.crash_pct, 1))
    if reading.status is GateStatus.YELLOW and score >= gate.green_score:
        return look.tr("gate.head.narrow", coverage=coverage, limit=limit(gate.green_coverage))
    target = {GateStatus.RED: GateStatus.YELLOW}.get(reading.status, GateStatus.GREEN)
    need = gate.yellow_score if target is GateStatus.YELLOW else gate.green_score
    key = "gate.head.over" if reading.status is GateStatus.GREEN else "gate.head.next"
    return look.tr(key, word=status_word(look, target), points=fmt.points(abs(need - score)))


def evidence_lines(
    look: Appearance, reading: GateReading, groups: tuple[EvidenceGroup, ...], gate: GateThresholds
) -> tuple[Line, ...]:
    """Rows of the reading: each index with its four tests, then the whole market's four components."""
    lines: list[Line] = []
    rest = [group for group in groups if len(group.items) == 1]
    for group in groups:
        if group in rest:
            continue
        component = reading.component(group.group)
        title = component_name(look, group.group, gate)
        unknown = component.state is ItemState.UNKNOWN
        if not unknown:
            passed = int(component.value or 0)
            title = look.tr("gate.group.tests", title=title, passed=passed, count=len(component.tests))
        lines.append(_group(title, (group,)))
        lines += [ItemLine(item, write_item(look, item, gate), "") for item in group.items]
    lines.append(_group(look.tr("gate.group.market"), tuple(rest)))
    lines += [ItemLine(item, write_item(look, item, gate), "") for group in rest for item in group.items]
    return tuple(lines)


def _group(title: str, groups: tuple[EvidenceGroup, ...]) -> GroupLine:
    known = [group for group in groups if any(item.state is not ItemState.UNKNOWN for item in group.items)]
    latest = max((group.known_at_ns for group in known if group.known_at_ns is not None), default=None)
    when = fmt.as_of_short(AsOf(latest)) if latest is not None else ""
    maximum = sum(group.max_points for group in groups)
    points = f"{fmt.points(sum(group.points for group in groups))} / {fmt.points(maximum)}" if known else fmt.MISSING
    return GroupLine(title, when, points)


def write_item(look: Appearance, evidence: Evidence, gate: GateThresholds) -> EvidenceWords:
    """Write one evidence row in the chosen language."""
    unknown = evidence.state is ItemState.UNKNOWN
    kind = evidence.item.partition(".")[2] or evidence.item
    if "." in evidence.item:
        label = look.tr(f"gate.item.{kind}", **_lengths(gate))
    else:
        label = component_name(look, evidence.item, gate)
    points = fmt.MISSING if unknown else f"{fmt.points(evidence.points)}/{fmt.points(evidence.max_points)}"
    return EvidenceWords(
        label=label,
        value=look.tr("gate.value.unknown") if unknown else _amount(look, evidence, evidence.value),
        threshold=_threshold(look, evidence),
        margin=_margin(look, evidence),
        points=points,
        words=_reason(look, evidence, gate) if unknown else _calculation(look, evidence, kind, gate),
        source=_source(look, evidence),
    )


def _lengths(gate: GateThresholds) -> dict[str, int]:
    return {"short": gate.short_bars, "mid": gate.mid_bars, "long": gate.long_bars, "back": gate.rising_bars}


def _amount(look: Appearance, evidence: Evidence, value: float | None) -> str:
    if value is None:
        return fmt.MISSING
    if evidence.unit == "pt":
        return fmt.number(value, 2)
    if evidence.unit == "won":
        return fmt.money(value, look.language, plus=True)
    return fmt.percent(value, 1, plus=False) if evidence.item == "breadth" else fmt.percent(value)


def _threshold(look: Appearance, evidence: Evidence) -> str:
    limit = evidence.threshold
    if limit is None:
        return fmt.MISSING
    if evidence.unit == "pt":
        text = fmt.number(limit, 2)
    elif evidence.unit == "won":
        text = fmt.money(limit, look.language).replace(".0B", "B")
    else:
        text = f"{fmt.number(limit, 0 if limit == round(limit) else 1)}%"
    return f"{_OP.get(evidence.op, evidence.op)} {text}"


def _margin(look: Appearance, evidence: Evidence) -> str:
    margin = evidence.margin
    if margin is None:
        return fmt.MISSING
    if evidence.unit == "won":
        return fmt.money(margin, look.language, plus=True)
    if evidence.unit == "pt":
        return fmt.percent(margin, 1)
    return fmt.percent_apart(margin, 1 if abs(margin) >= 10 else 2, look.language)


def _reason(look: Appearance, evidence: Evidence, gate: GateThresholds) -> str:
    inputs = dict(evidence.inputs)
    bars = inputs.get("bars", gate.fx_bars)
    return look.tr(evidence.reason or "gate.value.unknown", bars=bars, days=inputs.get("days", gate.foreign_days))


def _calculation(look: Appearance, evidence: Evidence, kind: str, gate: GateThresholds) -> str:
    """The calculation of one item with its own numbers."""
    inputs = dict(evidence.inputs)

    def level(name: str) -> str:
        value = inputs.get(name, math.nan)
        return fmt.number(float(value), 2)

    if kind == "breadth":
        return look.tr(
            "gate.calc.breadth",
            known=fmt.number(float(inputs["known"])),
            above=fmt.number(float(inputs["above"])),
            bars=inputs["bars"],
        )
    if kind == "foreign":
        daily = " ".join(
            fmt.signed(float(net) / _EOK, 0) for name, net in evidence.inputs if name != "days" and not isinstance(net, str)
        )
        return look.tr("gate.calc.foreign", days=inputs["days"], daily=daily)
    if kind == "shock":
        kospi, kosdaq = (fmt.percent(float(inputs[name])) for name in ("kospi", "kosdaq"))
        return look.tr("gate.calc.shock", kospi=kospi, kosdaq=kosdaq, crash=fmt.percent(float(inputs["crash"]), 1))
    if kind == "fx":
        return look.tr("gate.calc.fx", rate=level("rate"), mean=level("mean"), bars=inputs["bars"])
    short, mid, long = (f"ma{bars}" for bars in (gate.short_bars, gate.mid_bars, gate.long_bars))
    return look.tr(
        f"gate.calc.{kind}",
        close=level("close"),
        ma_short=level(short),
        ma_mid=level(mid),
        ma_long=level(long),
        before=level(f"{short}_before"),
        **_lengths(gate),
    )


def _source(look: Appearance, evidence: Evidence) -> str:
    source = " + ".join(look.tr(f"gate.source.{ref.dataset}") for ref in evidence.sources)
    if evidence.known_at_ns is None:
        return look.tr("gate.source.unknown", source=source, rule=evidence.rule)
    key = "gate.source" if all(ref.final for ref in evidence.sources) else "gate.source.live"
    return look.tr(key, known=fmt.as_of_short(AsOf(evidence.known_at_ns)), source=source, rule=evidence.rule)
