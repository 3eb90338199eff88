"""VCP and SmartMoney of a symbol: total, arithmetic, what earned the points, and what stands in the way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from engine.model.evidence import Evidence, ItemState
from engine.model.scan import Ineligible, ScanFlag, VcpState
from ralphstock_desktop.services.assistant.answers.stock_items import item_label, read_item, write_item
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, day_at, exact_digits, joined, score_digits
from ralphstock_desktop.services.assistant_contracts import Fact, Heading, Spans, Unit
from ralphstock_desktop.services.contracts import Explanation

__all__ = ["VcpFacts", "flag_words", "ineligible_words", "read_vcp", "vcp_sentence", "write_vcp"]

_MOST_EARNED = 5
_MOST_SHORT = 6


@dataclass(frozen=True, slots=True)
class VcpFacts:
    """Totals of the VCP score of one symbol."""

    explanation: Explanation
    total: Fact
    grade: Fact
    state: Fact
    score: Fact
    smartmoney: Fact
    weight: Fact
    rest: Fact
    detected: bool
    known_at_ns: int


def read_vcp(s: Symbol) -> VcpFacts | None:
    """Take the totals into the book; None where the scan of the instant is not there."""
    if s.pictures.scan is None:
        return None
    explanation = s.desk.workstation.explain(s.ticker)
    if explanation is None:
        return None
    scan, row, rules = explanation.scan, explanation.row, explanation.rules
    day = day_at(s.panel.days, scan.day_index)
    known = s.bar_known_ns(day)
    if scan.flow_day_index >= 0:
        known = max(known, s.flow_known_ns(day_at(s.panel.days, scan.flow_day_index)))
    total, vcp, flow = (float(each[row]) for each in (scan.total_score, scan.vcp_score, scan.smartmoney_score))
    weight = rules.vcp.vcp_weight
    in_table, evidence = s.cell("total"), s.evidence("")
    score = s.fact("vcp.score", vcp, "points", evidence, day=day, known_at_ns=known, decimals=score_digits(vcp))
    smartmoney = s.fact(
        "vcp.smartmoney", flow, "points", s.evidence("SM1"), day=day, known_at_ns=known, decimals=score_digits(flow)
    )
    weight_fact = s.fact("vcp.weight", weight, "", evidence, decimals=2)
    rest = s.fact("vcp.smartmoney_weight", round(1.0 - weight, 9), "", evidence, decimals=2)
    formula = ""
    if not math.isnan(total):
        key = "formula.vcp" if not math.isnan(flow) else "formula.vcp_no_flow"
        formula = s.t(key).format(vcp=score.text, weight=weight_fact.text, flow=smartmoney.text, rest=rest.text)
    state = VcpState(int(scan.state[row]))
    detected = bool(scan.pattern[row])
    _more(s, explanation, day, known)
    yes_no = {True: ("YES", s.t("word.yes")), False: ("NO", s.t("word.no"))}
    s.word("vcp.pattern", *yes_no[detected], s.cell("state"), day=day, known_at_ns=known)
    return VcpFacts(
        explanation=explanation,
        total=s.fact(
            "vcp.total",
            total,
            "points",
            in_table,
            day=day,
            known_at_ns=known,
            formula=formula,
            decimals=score_digits(total),
        ),
        grade=s.grade("vcp.grade", int(scan.grade[row]), s.cell("grade"), day=day, known_at_ns=known),
        state=s.word(
            "vcp.state", state.name, s.texts(f"table.state.{state.name.lower()}"), s.cell("state"), day=day, known_at_ns=known
        ),
        score=score,
        smartmoney=smartmoney,
        weight=weight_fact,
        rest=rest,
        detected=detected,
        known_at_ns=known,
    )


def _more(s: Symbol, explanation: Explanation, day: date, known: int) -> None:
    """What the total is made of, and the pivot: not always in the text, but part of the score."""
    scan, row, weight = explanation.scan, explanation.row, explanation.rules.vcp.vcp_weight
    for name, score, share in (
        ("vcp.score_part", float(scan.vcp_score[row]), weight),
        ("vcp.smartmoney_part", float(scan.smartmoney_score[row]), 1.0 - weight),
    ):
        if not math.isnan(score):
            part = score * share
            s.fact(name, part, "points", s.evidence(""), day=day, known_at_ns=known, decimals=score_digits(round(part, 9)))
    s.fact("vcp.coverage", float(scan.coverage[row]), "%", s.cell("total"), day=day, known_at_ns=known, decimals=0, plus=False)
    pivot = float(scan.pivot[row])
    if not math.isnan(pivot):
        target = s.evidence("E1")
        written = s.fact("vcp.pivot", pivot, "won", target, day=day, known_at_ns=known)
        distance = float(scan.dist_pct[row])
        formula = s.t("formula.pivot").format(pivot=written.text)
        s.fact(
            "vcp.pivot_distance_pct", distance, "%", target, day=day, known_at_ns=known, decimals=1, plus=False, formula=formula
        )


def vcp_sentence(s: Symbol, vcp: VcpFacts) -> Spans:
    """Total, grade and state, or why there is no score."""
    if vcp.total.value is None:
        return s.say("vcp.none", state=vcp.state)
    key = "vcp.total" if vcp.detected else "vcp.total.no_pattern"
    return s.say(key, total=vcp.total, grade=vcp.grade, state=vcp.state)


def arithmetic(s: Symbol, vcp: VcpFacts) -> Spans:
    """``VCP 82점 × 0.70 + 수급 64점 × 0.30 = 76.6점``."""
    if vcp.total.value is None:
        return ()
    if vcp.smartmoney.value is None:
        return s.say("vcp.formula.no_flow", vcp=vcp.score, weight=vcp.weight, total=vcp.total)
    return s.say("vcp.formula", vcp=vcp.score, weight=vcp.weight, flow=vcp.smartmoney, rest=vcp.rest, total=vcp.total)


def write_vcp(s: Symbol, vcp: VcpFacts) -> None:
    """Totals and arithmetic, then what is in the way, then what earned most."""
    s.paragraph(vcp_sentence(s, vcp), arithmetic(s, vcp))
    reasons = obstacles(s, vcp)
    if reasons:
        s.paragraph(*reasons)
    if vcp.total.value is None:
        return  # nothing could be judged, and why has been said
    evidence = [item for group in vcp.explanation.groups for item in group.items]
    short = short_items(evidence, gate_open=bool(vcp.explanation.scan.trend_gate[vcp.explanation.row]))[:_MOST_SHORT]
    if short:
        s.draft.blocks.append(Heading(s.say("heading.short"), 3))
        s.items(*(write_item(s, read_item(s, "VCP", item)) for item in short))
    earned = earned_items(evidence)[:_MOST_EARNED]
    if earned:
        s.draft.blocks.append(Heading(s.say("heading.earned"), 3))
        s.items(*(write_item(s, read_item(s, "VCP", item)) for item in earned))


def short_items(evidence: list[Evidence], *, gate_open: bool = True) -> list[Evidence]:
    """Items without all their points, most lost points first; what could not be judged last.

    Where the trend gate is not open, the conditions that keep it shut come before everything else.
    """
    judged = [item for item in evidence if item.state in (ItemState.FAILED, ItemState.PARTIAL)]
    unknown = [item for item in evidence if item.state is ItemState.UNKNOWN]
    return sorted(judged, key=lambda item: (gate_open or item.group != "A", item.points - item.max_points)) + unknown


def earned_items(evidence: list[Evidence]) -> list[Evidence]:
    """Items with all their points, most points first."""
    return sorted((item for item in evidence if item.state is ItemState.PASSED), key=lambda item: -item.points)


def _trend(s: Symbol, vcp: VcpFacts) -> list[Spans]:
    """Conditions of the trend template that do not hold; each must."""
    evidence = next(group.items for group in vcp.explanation.groups if group.group == "A")
    return [s.say("word.item", item=item_label(s, "VCP", item.item)) for item in evidence if item.state is not ItemState.PASSED]


def _structure(s: Symbol, vcp: VcpFacts) -> list[Spans]:
    """Conditions of the structure gate that do not hold (domain.md §2.6), with value and need."""
    scan, row, rules = vcp.explanation.scan, vcp.explanation.row, vcp.explanation.rules.vcp
    day = day_at(s.panel.days, scan.day_index)
    depths = scan.depths_pct(row)
    known = vcp.known_at_ns

    def fact(name: str, value: float, unit: Unit, item: str) -> Fact:
        title = s.t(f"title.vcp.gate.{name.removesuffix('.need')}")
        digits = exact_digits(value) if name.endswith(".need") else None
        return s.fact(
            f"vcp.gate.{name}",
            value,
            unit,
            s.evidence(item),
            day=day,
            title=title,
            known_at_ns=known,
            plus=False,
            decimals=digits,
        )

    if len(depths) < 2:
        count = float(len(depths))
        text = s.texts("evidence.value.count", value=f"{count:,.0f}")
        return [
            s.say(
                "vcp.gate.count",
                value=s.fact("vcp.gate.count", count, "count", s.evidence("B1"), day=day, known_at_ns=known, text=text),
            )
        ]
    first, last, bars = float(depths[0]), float(depths[-1]), float(scan.base_bars[row])
    checks: tuple[tuple[str, float, float, Unit, str], ...] = (
        ("first_depth", first, rules.first_depth_max_pct, "%", "B3"),
        ("last_depth", last, rules.gate_last_depth_pct, "%", "D2"),
        ("ratio", float(scan.contraction_ratio[row]), rules.gate_last_to_first, "×", "B2"),
    )
    found = []
    for name, value, most, unit, item in checks:
        if value > most + 1e-9:
            measured, need = fact(name, value, unit, item), fact(f"{name}.need", most, unit, item)
            found.append(s.say("vcp.gate.at_most", item=s.t(f"title.vcp.gate.{name}"), value=measured, need=need))
    if bars < rules.base_short_bars:
        measured, need = (
            fact("base_bars", bars, "bars", "B4"),
            fact("base_bars.need", float(rules.base_short_bars), "bars", "B4"),
        )
        found.append(s.say("vcp.gate.at_least", item=s.t("title.vcp.gate.base_bars"), value=measured, need=need))
    return found


def ineligible_words(s: Symbol, vcp: VcpFacts) -> list[Spans]:
    """What keeps the symbol out of the universe."""
    out = [bit for bit in Ineligible if bit and int(vcp.explanation.scan.ineligible[vcp.explanation.row]) & bit and bit.name]
    return [
        s.book.spans("{word}", word=s.word("vcp.ineligible", bit.name, s.t(f"ineligible.{bit.name.lower()}"), s.cell("state")))
        for bit in out
        if bit.name
    ]


def flag_words(s: Symbol, vcp: VcpFacts) -> list[Spans]:
    """Remarks on the score that have words."""
    flags = [bit for bit in ScanFlag if bit and int(vcp.explanation.scan.flags[vcp.explanation.row]) & bit and bit.name]
    return [
        s.book.spans("{word}", word=s.word("vcp.flag", bit.name, s.texts(f"table.flag.{bit.name.lower()}"), s.cell("state")))
        for bit in flags
        if bit.name and f"table.flag.{bit.name.lower()}" in s.texts
    ]


def obstacles(s: Symbol, vcp: VcpFacts) -> list[Spans]:
    """Why no pattern is detected, what keeps the symbol out of the universe, and remarks."""
    scan, row, rules = vcp.explanation.scan, vcp.explanation.row, vcp.explanation.rules
    found: list[Spans] = []
    out = ineligible_words(s, vcp)
    if out:
        found.append(s.say("vcp.ineligible", reasons=joined(out, ", ")))
    if not vcp.detected and vcp.score.value is not None:
        missed: list[Spans] = []
        for name, holds in (("trend", scan.trend_gate[row]), ("structure", scan.structure_gate[row])):
            if not holds:
                s.word(f"vcp.gate.{name}", "NO", s.t("word.no"), s.evidence("T1" if name == "trend" else "B1"))
                details = _structure(s, vcp) if name == "structure" else _trend(s, vcp)
                key = f"vcp.missed.{name}" if details else f"vcp.missed.{name}.short"
                missed.append(s.say(key, reasons=joined(details, ", ")))
        if scan.state[row] not in (VcpState.NEAR_PIVOT, VcpState.BREAKOUT):
            missed.append(s.say("vcp.missed.state", state=vcp.state))
        need = rules.vcp.detect_score
        if float(scan.vcp_score[row]) < need - 1e-9:
            fact = s.fact("vcp.detect_score", need, "points", s.evidence(""))
            missed.append(s.say("vcp.missed.score", score=vcp.score, need=fact))
        if missed:
            found.append(s.say("vcp.missed", reasons=joined(missed, "; ")))
    words = flag_words(s, vcp)
    if words:
        found.append(s.say("vcp.flags", flags=joined(words, ", ")))
    return found
