"""The words of the evidence panel: head, groups, rows, verdict and reasons of one explanation. No widgets, no state."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.evidence import Evidence, EvidenceGroup, ItemState
from engine.model.instants import AsOf
from engine.model.instruments import Market
from engine.model.panel import MarketPanel
from engine.model.scan import Grade, Ineligible, ScanFlag, VcpState
from ralphstock_desktop.services.contracts import Explanation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.evidence_words import EvidenceWords, write_evidence
from ralphstock_desktop.wording import format as fmt

__all__ = ["EvidenceHead", "EvidenceWriter", "GroupLine", "ItemLine", "Line", "NoteLine", "PlanCell", "RecordLine"]


@dataclass(frozen=True, slots=True)
class PlanCell:
    """One of the four cells of the order plan."""

    label: str
    distance: str
    """Distance from the entry; left out where there is no room for it."""
    value: str
    token: str


@dataclass(frozen=True, slots=True)
class EvidenceHead:
    """What the head shows."""

    grade: int
    name: str
    ident: str
    total: float
    formula: str
    ticks: tuple[tuple[str, float], ...]
    plan: tuple[PlanCell, ...]
    """Empty where there is no detected pattern."""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Head of a group."""

    title: str
    known: str
    points: str


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One evidence."""

    evidence: Evidence
    words: EvidenceWords
    own_time: str
    """Known-at of the row where it differs from its group's, else empty."""


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A fact without points: verdict, reason, remark."""

    label: str
    text: str
    token: str


@dataclass(frozen=True, slots=True)
class RecordLine:
    """Record of the grade out of sample, or why it cannot be judged."""

    label: str
    value: str
    remark: str


Line = GroupLine | ItemLine | NoteLine | RecordLine


class EvidenceWriter:
    """Writes an explanation in the chosen language."""

    def __init__(self, appearance: Appearance) -> None:
        self._look = appearance

    def lines(self, explanation: Explanation) -> tuple[Line, ...]:
        """Rows of the panel in the order in which they stand."""
        detected = bool(explanation.scan.pattern[explanation.row])
        verdict = self._verdict(explanation)
        # Without a pattern the reason comes first; with one, remarks come after what earned the points.
        found: list[Line] = [] if detected else verdict
        for group in explanation.groups:
            found += self._group(group)
        found += verdict if detected else []
        found += self._reasons(explanation)
        found += self._record(int(explanation.scan.grade[explanation.row]))
        return tuple(found)

    def head(self, explanation: Explanation, panel: MarketPanel) -> EvidenceHead:
        """What the head shows."""
        tr, scan, row = self._look.tr, explanation.scan, explanation.row
        english = str(panel.names_en[row]) if self._look.language == "en" else ""
        market = Market(int(panel.market[row]))
        ident = tr(
            "evidence.ident",
            code=explanation.ticker,
            market=tr(f"table.market.{market.name.lower()}") if market else fmt.MISSING,
            rules=scan.ruleset,
        )
        rules = explanation.rules.grade
        return EvidenceHead(
            grade=int(scan.grade[row]),
            name=english or str(panel.names[row]) or explanation.ticker,
            ident=ident,
            total=float(scan.total_score[row]),
            formula=self._formula(explanation),
            ticks=(("B", rules.b_score), ("A", rules.a_score), ("S", rules.s_score)),
            plan=self._plan(explanation),
        )

    def _formula(self, explanation: Explanation) -> str:
        scan, row = explanation.scan, explanation.row
        vcp, flow = float(scan.vcp_score[row]), float(scan.smartmoney_score[row])
        weight = explanation.rules.vcp.vcp_weight
        if math.isnan(vcp):
            return self._look.tr("evidence.formula.none")
        key = "evidence.formula.no_flow" if math.isnan(flow) else "evidence.formula"
        return self._look.tr(
            key, vcp=fmt.score(vcp), weight=f"{weight:g}", flow=fmt.score(flow), rest=f"{round(1 - weight, 4):g}"
        )

    def _plan(self, explanation: Explanation) -> tuple[PlanCell, ...]:
        scan, row, tr = explanation.scan, explanation.row, self._look.tr
        if not scan.pattern[row]:
            return ()
        entry, stop, target = (float(values[row]) for values in (scan.entry_krw, scan.stop_krw, scan.target_krw))
        down, up = (fmt.percent(100.0 * (price / entry - 1.0), 1) for price in (stop, target))
        return (
            PlanCell(tr("evidence.plan.entry"), "", fmt.price(entry), "plan-entry"),
            PlanCell(tr("evidence.plan.stop"), down, fmt.price(stop), "plan-stop"),
            PlanCell(tr("evidence.plan.target"), up, fmt.price(target), "plan-target"),
            PlanCell(
                tr("evidence.plan.reward"),
                "",
                tr("evidence.plan.r", value=fmt.number(float(scan.reward_risk[row]), 2)),
                "line-strong",
            ),
        )

    def _verdict(self, explanation: Explanation) -> list[Line]:
        """Why there is no pattern, what remarks there are, how much of the score had data."""
        scan, row, tr = explanation.scan, explanation.row, self._look.tr
        detected = bool(scan.pattern[row])
        flags = [bit for bit in ScanFlag if bit and scan.flags[row] & bit]
        if detected and not flags:
            return []
        title = tr("evidence.verdict.pattern" if detected else "evidence.verdict.no_pattern")
        lines: list[Line] = [GroupLine(tr("evidence.group.verdict"), title, "")]
        if not detected:
            state = tr(f"table.state.{VcpState(int(scan.state[row])).name.lower()}")
            lines.append(NoteLine(tr("evidence.verdict.state"), state, "text"))
            out = [bit for bit in Ineligible if bit and scan.ineligible[row] & bit]
            if out:
                words = " · ".join(tr(f"table.ineligible.{bit.name.lower()}") for bit in out if bit.name)
                lines.append(NoteLine(tr("evidence.verdict.ineligible"), words, "warning"))
            missed = self._missed_gates(explanation)
            if missed:
                lines.append(NoteLine(tr("evidence.verdict.why"), " · ".join(missed), "text-secondary"))
        if flags:
            words = " · ".join(tr(f"table.flag.{bit.name.lower()}") for bit in flags if bit.name)
            lines.append(NoteLine(tr("evidence.verdict.flags"), words, "warning"))
        coverage = tr(
            "evidence.verdict.coverage_value",
            coverage=fmt.percent(float(scan.coverage[row]), 0, plus=False),
            bars=fmt.number(float(scan.n_bars[row])),
        )
        lines.append(NoteLine(tr("evidence.verdict.coverage"), coverage, "text-secondary"))
        return lines

    def _missed_gates(self, explanation: Explanation) -> list[str]:
        scan, row, tr = explanation.scan, explanation.row, self._look.tr
        score, need = float(scan.vcp_score[row]), explanation.rules.vcp.detect_score
        if math.isnan(score):
            return []
        missed = []
        if not scan.trend_gate[row]:
            missed.append(tr("evidence.verdict.trend_gate"))
        if not scan.structure_gate[row]:
            missed.append(tr("evidence.verdict.structure_gate"))
        if scan.state[row] not in (VcpState.NEAR_PIVOT, VcpState.BREAKOUT):
            missed.append(tr("evidence.verdict.state_gate"))
        if score < need:
            missed.append(tr("evidence.verdict.score_gate", score=fmt.score(score), need=f"{need:g}"))
        return missed

    def _group(self, group: EvidenceGroup) -> list[Line]:
        look = self._look
        unknown = all(item.state is ItemState.UNKNOWN for item in group.items)
        sources = dict.fromkeys(
            f"{ref.source} {look.tr(f'evidence.source.{ref.dataset}')}".strip() for item in group.items for ref in item.sources
        )
        known = ""
        if group.known_at_ns is not None and not unknown:
            when = fmt.as_of_short(AsOf(group.known_at_ns))
            known = look.tr("evidence.group_known", known=when, source=" + ".join(sources))
        points = fmt.MISSING if unknown else f"{fmt.points(group.points)} / {fmt.points(group.max_points)}"
        lines: list[Line] = [GroupLine(look.tr(f"evidence.group.{group.group}"), known, points)]
        for item in group.items:
            differs = item.known_at_ns is not None and item.known_at_ns != group.known_at_ns
            own = fmt.as_of_short(AsOf(item.known_at_ns)) if differs and item.known_at_ns is not None else ""
            lines.append(ItemLine(item, write_evidence(item, look), own))
        return lines

    def _reasons(self, explanation: Explanation) -> list[Line]:
        if not explanation.signals:
            return []
        look = self._look
        lines: list[Line] = [GroupLine(look.tr("evidence.group.words"), "", "")]
        lines += [NoteLine("", look.tr(key, **fields), "text-secondary") for key, fields in explanation.signals]
        return lines

    def _record(self, grade: int) -> list[Line]:
        """Records need closed signals; until there are any, the honest answer is that nothing can be said."""
        tr = self._look.tr
        title = f"{tr('evidence.group.record')} {Grade(grade).name}" if grade else tr("evidence.group.record")
        return [
            GroupLine(title, "", ""),
            RecordLine(tr("evidence.record.item"), tr("evidence.value.unknown"), tr("evidence.record.none")),
        ]
