"""Closing bet and day trading of a symbol: totals, components or items, failed filters, caps, bans."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.closing import CLOSING_COMPONENTS, CLOSING_MAX, Cap, ClosingRun, SignalPhase
from engine.model.daytrade import EntryBan
from engine.model.evidence import ItemState
from engine.model.instants import kst_datetime
from ralphstock_desktop.services.assistant.answers.stock_items import read_item, write_item
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, day_at, joined, score_digits
from ralphstock_desktop.services.assistant_contracts import Fact, Heading, Spans, Unit
from ralphstock_desktop.services.strategy_contracts import ClosingExplanation, DayTradeExplanation

__all__ = [
    "ClosingFacts",
    "DayFacts",
    "closing_sentence",
    "day_sentence",
    "read_closing",
    "read_day",
    "write_closing",
    "write_day",
]

_PHASE_TEXT = {SignalPhase.NONE: "none", SignalPhase.WATCH: "watch", SignalPhase.PENDING: "pending"}


@dataclass(frozen=True, slots=True)
class ClosingFacts:
    """Totals of the closing bet of one symbol."""

    explanation: ClosingExplanation
    total: Fact
    most: Fact
    grade: Fact
    run: Fact
    signal: Fact
    day: Fact
    components: tuple[tuple[str, Fact, Fact, bool], ...]
    """Name, points, most points, whether it could be judged."""


def read_closing(s: Symbol) -> ClosingFacts | None:
    """Take totals and components into the book; None where the scan of the instant is not there."""
    if s.pictures.closing is None or s.pictures.strategies is None:
        return None
    explanation = s.pictures.strategies.explain_closing(s.ticker)
    if explanation is None:
        return None
    scan, row = explanation.picture.scan, explanation.row
    known = max((group.known_at_ns for group in explanation.groups if group.known_at_ns is not None), default=None)
    has_bar = math.isfinite(float(scan.total[row]))
    components = []
    for column, (name, group) in enumerate(zip(CLOSING_COMPONENTS, explanation.groups, strict=True)):
        target = s.evidence(group.items[0].item if group.items else name, "CLOSING_BET")
        judged = has_bar and not all(item.state is ItemState.UNKNOWN for item in group.items)
        label = s.t(f"component.{name}")
        points = s.fact(
            f"closing.component.{name}",
            float(scan.points[row, column]) if judged else None,
            "points",
            target,
            title=s.t("title.item.points").format(item=label),
            known_at_ns=group.known_at_ns,
        )
        most = s.fact(
            f"closing.component.{name}.max",
            float(group.max_points or CLOSING_MAX[column]),
            "points",
            target,
            title=s.t("title.item.max").format(item=label),
        )
        components.append((label, points, most, judged))
    rules = explanation.picture.rules.jongga
    panel = "closing"
    run = ClosingRun(scan.run)
    phase = SignalPhase(int(scan.phase[row]))
    day = day_at(explanation.picture.panel.days, scan.day_index)
    total_cell = s.cell("total", panel, "CLOSING_BET")
    formula = " + ".join(points.text for _, points, _, judged in components if judged)
    return ClosingFacts(
        explanation=explanation,
        total=s.fact("closing.total", float(scan.total[row]), "points", total_cell, known_at_ns=known, formula=formula),
        most=s.fact("closing.max", float(rules.max_points), "points", total_cell),
        grade=s.grade("closing.grade", int(scan.grade[row]), s.cell("grade", panel, "CLOSING_BET"), known_at_ns=known),
        run=s.word("closing.run", run.value, s.t(f"run.{run.value.lower()}"), total_cell),
        signal=s.word("closing.signal", phase.name, s.t(f"signal.{_PHASE_TEXT[phase]}"), total_cell, known_at_ns=known),
        day=s.book.add_day("closing.day", day, s.t("title.closing.day"), total_cell, ticker=s.ticker),
        components=tuple(components),
    )


def closing_sentence(s: Symbol, closing: ClosingFacts) -> Spans:
    """Total of the most points, and the grade; a rejected symbol is said to be rejected."""
    if closing.total.value is None:
        return s.say("closing.none", day=closing.day)
    rejected = int(closing.explanation.picture.scan.rejected[closing.explanation.row])
    key = "closing.rejected" if rejected else "closing.total"
    return s.say(key, total=closing.total, most=closing.most, grade=closing.grade, run=closing.run, day=closing.day)


def write_closing(s: Symbol, closing: ClosingFacts) -> None:
    """Totals, components, failed filters and caps."""
    sentences = [closing_sentence(s, closing)]
    if closing.total.value is None:
        s.paragraph(*sentences, *(s.say("closing.failed", filters=joined(_failed(s, closing), "; ")),))
        return
    if closing.explanation.picture.forming:
        sentences.append(s.say("closing.forming"))
    failed = _failed(s, closing)
    if failed:
        sentences.append(s.say("closing.failed", filters=joined(failed, "; ")))
    caps = _caps(s, closing)
    if caps:
        sentences.append(caps)
    s.paragraph(*sentences)
    lines = []
    for label, points, most, judged in closing.components:
        key = "closing.component" if judged else "closing.component.unknown"
        lines.append(s.say(key, item=label, points=points, most=most))
    s.items(*lines)
    evidence = [item for group in closing.explanation.groups for item in group.items]
    short = [item for item in evidence if item.state in (ItemState.FAILED, ItemState.PARTIAL)]
    if short:
        s.draft.blocks.append(Heading(s.say("heading.short"), 3))
        s.items(*(write_item(s, read_item(s, "CLOSING_BET", item)) for item in short))


def _failed(s: Symbol, closing: ClosingFacts) -> list[Spans]:
    """Mandatory filters that are not met, with value and need where the filter compares."""
    found: list[Spans] = []
    units: dict[str, Unit] = {"close": "won", "value": "krw", "change": "%", "bars": "bars", "limit": "won"}
    for code, passed, fields in closing.explanation.filters:
        if passed is not False:
            continue
        name = code.lower()
        target = s.cell("total", "closing", "CLOSING_BET")
        word = s.word("closing.filter", code, s.t(f"filter.{name}"), target)
        measured = next((each for each in ("value", "change", "bars", "close") if each in fields), "")
        parts = [s.book.spans("{word}", word=word)]
        if measured and isinstance(fields[measured], int | float) and "need" in fields | {"need": 0}:
            value = s.fact(
                "closing.filter.value", float(fields[measured]), units[measured], target, title=s.t(f"filter.{name}")
            )
            need_key = next((each for each in ("need", "low", "limit") if each in fields), "")
            if need_key:
                title = s.t("title.item.threshold").format(item=s.t(f"filter.{name}"))
                unit = units[measured]
                need = s.fact("closing.filter.need", float(fields[need_key]), unit, target, title=title, plus=False)
                if "high" in fields:
                    high = s.fact("closing.filter.high", float(fields["high"]), unit, target, title=title, plus=False)
                    parts = [s.say("filter.range", filter=word, value=value, low=need, high=high)]
                elif need_key == "limit":
                    parts = [s.say("filter.at", filter=word, value=value)]
                else:
                    parts = [s.say("filter.below", filter=word, value=value, need=need)]
        found += parts
    return found


def _caps(s: Symbol, closing: ClosingFacts) -> Spans:
    scan, row = closing.explanation.picture.scan, closing.explanation.row
    caps = [cap for cap in Cap if cap and int(scan.caps[row]) & cap and cap.name]
    if not caps or scan.raw_grade[row] == scan.grade[row]:
        return ()
    target = s.cell("grade", "closing", "CLOSING_BET")
    raw = s.grade("closing.raw_grade", int(scan.raw_grade[row]), target)
    words = [
        s.book.spans("{word}", word=s.word("closing.cap", cap.name or "", s.t(f"cap.{(cap.name or '').lower()}"), target))
        for cap in caps
    ]
    return s.say("closing.capped", raw=raw, grade=closing.grade, caps=joined(words, ", "))


# -- day trading ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayFacts:
    """Totals of the day-trading checklist of one symbol."""

    explanation: DayTradeExplanation
    score: Fact
    grade: Fact
    time: Fact


def read_day(s: Symbol) -> DayFacts | None:
    """Take the totals into the book; None where the scan of the instant is not there."""
    if s.pictures.day is None or s.pictures.strategies is None:
        return None
    explanation = s.pictures.strategies.explain_day_trade(s.ticker)
    if explanation is None:
        return None
    picture, row = explanation.picture, explanation.row
    scan, quotes = picture.scan, picture.quotes
    known = max((group.known_at_ns for group in explanation.groups if group.known_at_ns is not None), default=quotes.now_ns)
    moment = kst_datetime(quotes.now_ns)
    cell = s.cell("total", "day_scanner", "DAY_TRADE")
    rules = picture.rules.daytrading
    most = rules.full_points * len(explanation.groups)
    raw = s.fact("day.raw", float(scan.raw[row]), "points", cell, known_at_ns=known)
    most_fact = s.fact("day.max", most, "points", cell)
    return DayFacts(
        explanation=explanation,
        score=s.fact(
            "day.score",
            float(scan.score[row]),
            "points",
            cell,
            known_at_ns=known,
            decimals=score_digits(float(scan.score[row])),
            formula=s.t("formula.day").format(raw=raw.text, most=most_fact.text),
        ),
        grade=s.grade("day.grade", int(scan.grade[row]), s.cell("grade", "day_scanner", "DAY_TRADE"), known_at_ns=known),
        time=s.fact("day.time", moment.strftime("%Y-%m-%dT%H:%M"), "time", cell, day=moment.date(), known_at_ns=known),
    )


def day_sentence(s: Symbol, day: DayFacts) -> Spans:
    """Score, grade and the instant of its quotes."""
    if day.score.value is None:
        return s.say("day.none", time=day.time)
    eligible = bool(day.explanation.picture.scan.eligible[day.explanation.row])
    return s.say("day.score" if eligible else "day.ineligible", time=day.time, score=day.score, grade=day.grade)


def write_day(s: Symbol, day: DayFacts) -> None:
    """Score, bans, then the seven items, what is short first."""
    sentences = [day_sentence(s, day)]
    scan, row = day.explanation.picture.scan, day.explanation.row
    bans = [ban for ban in EntryBan if ban and int(scan.bans[row]) & ban and ban.name]
    if bans:
        target = s.cell("total", "day_scanner", "DAY_TRADE")
        words = [
            s.book.spans("{word}", word=s.word("day.ban", ban.name or "", s.t(f"ban.{(ban.name or '').lower()}"), target))
            for ban in bans
        ]
        sentences.append(s.say("day.bans", bans=joined(words, ", ")))
    s.paragraph(*sentences)
    evidence = [item for group in day.explanation.groups for item in group.items]
    order = sorted(evidence, key=lambda item: (item.state is ItemState.UNKNOWN, item.points - item.max_points))
    s.items(*(write_item(s, read_item(s, "DAY_TRADE", item)) for item in order))
