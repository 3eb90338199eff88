"""Scored items of any strategy as facts and as lines: value, threshold, what is short, points."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.explain.sentences import item_key
from engine.model.evidence import Evidence, ItemState
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, joined
from ralphstock_desktop.services.assistant_contracts import Fact, Spans, Unit
from ralphstock_desktop.services.strategy_contracts import StrategyName
from ralphstock_desktop.wording import format as fmt

__all__ = ["PREFIX", "ItemFacts", "amount", "item_label", "read_item", "write_item"]

PREFIX: dict[StrategyName, str] = {"VCP": "vcp", "CLOSING_BET": "closing", "DAY_TRADE": "day"}
"""First part of the names of a strategy's facts."""
_MONEY = frozenset(("V1", "S1", "institution", "volume", "supply"))
"""Items whose won are an amount of money, not a price."""
_SIGNED = frozenset(("T3", "T6", "T7", "SM1", "SM2", "S1", "institution", "supply"))
_OPS = {">=": "at_least", "<=": "at_most", ">": "above", "<": "below"}


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """One item. Facts without value are missing; ``threshold`` and the rest None where the item has none."""

    evidence: Evidence
    label: str
    value: Fact
    threshold: Fact | None
    high: Fact | None
    margin: Fact | None
    points: Fact
    most: Fact


def item_label(s: Symbol, strategy: StrategyName, item: str, evidence: Evidence | None = None) -> str:
    """Name of an item in words without numbers; the pivot is named after what decided it."""
    if strategy == "VCP" and item == "E1" and evidence is not None:
        return s.t(f"item.vcp.{item_key(evidence).removeprefix('evidence.item.')}")
    key = f"item.{PREFIX[strategy]}.{item}"
    return s.t(key) if s.has(key) else item


def amount(
    s: Symbol,
    name: str,
    value: float | None,
    unit: str,
    strategy: StrategyName,
    item: str,
    *,
    title: str,
    known_at_ns: int | None = None,
    plus: bool | None = None,
    fine: bool = False,
) -> Fact:
    """Take a measured value of an item into the book, written in the unit of the evidence. ``fine``: near a threshold."""
    target = s.evidence(item, strategy)
    if value is not None and math.isnan(value):
        value = None
    if unit == "flag":
        code = None if value is None else "YES" if value > 0 else "NO"
        text = None if code is None else s.t(f"word.{code.lower()}")
        return s.fact(name, code, "word", target, title=title, known_at_ns=known_at_ns, text=text)
    text = None
    if unit == "×" and value is not None and plus:
        text = fmt.signed(value, 2 if abs(value) >= 0.01 else 3) + ("배" if s.book.language == "ko" else "×")
    if unit == "count" and value is not None and s.book.language == "ko":
        text = s.texts("evidence.value.count", value=f"{value:,.0f}")  # "4×" would read as a ratio beside "0.80×"
    if unit in ("bars", "days") and value is not None and abs(value) == 1.0 and s.book.language == "en":
        text = (fmt.signed(value, 0) if plus else fmt.number(value, 0)) + f" {unit[:-1]}"
    fact_unit, decimals = _unit(unit, item, value)
    if fine and unit in ("%", "×"):
        decimals = 2 if unit == "%" else 3
    signed = plus if plus is not None else (item in _SIGNED)
    return s.fact(
        name, value, fact_unit, target, title=title, known_at_ns=known_at_ns, text=text, decimals=decimals, plus=signed
    )


def _unit(unit: str, item: str, value: float | None) -> tuple[Unit, int | None]:
    if unit == "won":
        return ("krw" if item in _MONEY else "won"), None
    if unit == "%p":
        return "%p", 1 if value is None or abs(value) >= 1 else 2
    if unit == "%" and value == 0.0:
        return "%", 0
    if unit == "%":
        return "%", 1 if value is None or abs(value) >= 1 else 2
    if unit == "×":
        return "×", 2
    if unit in ("bars", "days", "count", "shares", "points"):
        known: dict[str, Unit] = {
            "bars": "bars", "days": "days", "count": "count", "shares": "shares", "points": "points",
        }  # fmt: skip
        return known[unit], None
    return "", 0


def read_item(s: Symbol, strategy: StrategyName, evidence: Evidence) -> ItemFacts:
    """Take one item into the book: value, threshold, margin, points."""
    prefix, item, known = PREFIX[strategy], evidence.item, evidence.known_at_ns
    label = item_label(s, strategy, item, evidence)
    name = f"{prefix}.item.{item}"
    target = s.evidence(item, strategy)

    near = {"%": 1.0, "×": 0.01}.get(evidence.unit, 0.0)
    fine = evidence.margin is not None and evidence.op != "between" and abs(evidence.margin) < near

    def of(part: str, value: float | None, unit: str, *, plus: bool | None = None) -> Fact:
        title = s.t(f"title.item.{part}").format(item=label)
        return amount(
            s,
            f"{name}.{part}",
            value,
            unit,
            strategy,
            item,
            title=title,
            known_at_ns=known,
            plus=plus,
            fine=fine and part == "value",
        )

    unknown = evidence.state is ItemState.UNKNOWN
    threshold = of("threshold", evidence.threshold, evidence.unit, plus=False) if evidence.threshold is not None else None
    high = of("high", evidence.threshold_high, evidence.unit, plus=False) if evidence.threshold_high is not None else None
    margin = None
    if evidence.margin is not None and evidence.unit != "flag":
        unit = evidence.margin_unit or ("%p" if evidence.unit == "%" else evidence.unit)
        margin = of("margin", evidence.margin, unit, plus=True)
    return ItemFacts(
        evidence=evidence,
        label=label,
        value=of("value", None if unknown else evidence.value, evidence.unit),
        threshold=threshold,
        high=high,
        margin=margin,
        points=s.fact(
            f"{name}.points", evidence.points, "points", target, title=s.t("title.item.points").format(item=label),
            known_at_ns=known,
        ),
        most=s.fact(f"{name}.max", evidence.max_points, "points", target, title=s.t("title.item.max").format(item=label)),
    )  # fmt: skip


def write_item(s: Symbol, item: ItemFacts) -> Spans:
    """``최근 거래량 감소 0.46배, 기준 0.50배 이하 (8점 / 8점)``; what is short is named where points are missing."""
    evidence = item.evidence
    if item.value.value is None:
        reason = _reason(s, evidence)
        return s.say("item.unknown", item=item.label, reason=reason)
    parts = [s.say("item.value", item=item.label, value=item.value)]
    need = _need(s, item)
    if need:
        parts.append(need)
    if evidence.reason and s.has(f"unknown.{_short(evidence.reason)}"):
        parts.append(s.say("item.because", reason=_reason(s, evidence)))
    if evidence.max_points > 0:
        parts.append(s.say("item.points", points=item.points, most=item.most))
    return joined(parts, ", ")


def _need(s: Symbol, item: ItemFacts) -> Spans:
    evidence = item.evidence
    if evidence.op == "flag" or item.threshold is None:
        return ()
    if evidence.op == "between" and item.high is not None:
        return s.say("item.need.between", low=item.threshold, high=item.high)
    if evidence.item == "S1" and evidence.state is ItemState.PARTIAL and item.margin is not None:
        return s.say("item.need.both", margin=item.margin)
    said = s.say(f"item.need.{_OPS.get(evidence.op, 'at_least')}", need=item.threshold)
    if (
        evidence.state in (ItemState.FAILED, ItemState.PARTIAL)
        and _is_short(evidence)
        and item.margin is not None
        and item.margin.value
    ):
        return s.say("item.need.short", need=said, margin=item.margin)
    return said


def _is_short(evidence: Evidence) -> bool:
    """Whether the value is on the wrong side of the threshold; points may be missing for another reason."""
    margin = evidence.margin or 0.0
    return margin < 0 if evidence.op in (">=", ">") else margin > 0 if evidence.op in ("<=", "<") else True


def _short(reason: str) -> str:
    return reason.rsplit(".", 1)[-1]


def _reason(s: Symbol, evidence: Evidence) -> str:
    """Why an item could not be judged, in words without numbers."""
    key = f"unknown.{_short(evidence.reason)}" if evidence.reason else "unknown.missing"
    return s.t(key) if s.has(key) else s.t("unknown.missing")
