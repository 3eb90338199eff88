"""Answers to "what changed since yesterday": the gate, and which VCP signals are new, gone or graded otherwise."""

from __future__ import annotations

from datetime import date

import numpy as np

from engine.asof.view import known_days
from engine.model.instants import AsOf
from engine.model.scan import VcpScan
from engine.scoring.vcp import scan as scan_vcp
from ralphstock_desktop.services.assistant.answers.market import gate_of
from ralphstock_desktop.services.assistant.answers.market_history import gate_history_of
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, bar_known_ns, day_of_index, fits, problem_of
from ralphstock_desktop.services.assistant_contracts import Fact, Span, Target
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.strategy_contracts import Strategies
from ralphstock_desktop.wording import format as fmt

__all__ = ["tell_changes", "tell_gate_change"]

_MOST = 8


async def tell_changes(writer: Writer, strategies: Strategies) -> None:
    """Compare the instant with the trading day before, both as known then."""
    picture = writer.picture
    panel, known = picture.panel, known_days(picture.panel, picture.as_of)
    shown = writer.desk.workstation.scans.last
    if shown is None or not fits(shown.scan.as_of, picture):
        problem = problem_of(writer.desk.workstation.scan_state.last)
        writer.say("signal.waiting" if problem is None else "signal.nothing_known", when=writer.now())
        return
    if known.bar < 1:
        writer.say("change.no_earlier", when=writer.now())
        return
    before_day = day_of_index(panel, known.bar - 1)
    earlier = AsOf.end_of(before_day)
    target = Target("panel", panel="diff")
    now = writer.book.add_day("signal.day", day_of_index(panel, known.bar), writer.title("day"), target)
    then = writer.book.add_day("signal.day", before_day, writer.title("day"), target)
    writer.say("change.line", before=then, now=now)
    await tell_gate_change(writer, strategies, before_day)
    before = await writer.desk.workers.compute(scan_vcp, panel, earlier, shown.rules)
    _signals(writer, shown, before)


async def tell_gate_change(writer: Writer, strategies: Strategies, before_day: date) -> None:
    """The gate's score then and now."""
    gate = gate_of(writer, strategies)
    if gate is None or gate.reading.score is None:
        return
    history = await gate_history_of(strategies, gate, must=True)
    place = np.flatnonzero(history.day_index == gate.panel.day_index(before_day)) if history is not None else np.zeros(0)
    if history is None or not len(place) or np.isnan(history.score[int(place[0])]):
        return
    score, known = float(history.score[int(place[0])]), bar_known_ns(gate.panel, gate.reading.day_index)
    target = Target("gate", item="history")
    old = writer.number("history.score", score, "points", "history_score", target, day=before_day,
                        known_at_ns=bar_known_ns(gate.panel, int(history.day_index[int(place[0])])))  # fmt: skip
    new = writer.number("gate.score", gate.reading.score, "points", "gate_score", Target("gate"), known_at_ns=known)
    writer.say("change.gate", before=old, now=new, change=_change(writer, gate.reading.score - score, target, old, new, known))


def _change(writer: Writer, value: float, target: Target, old: Fact, new: Fact, known: int, ticker: str = "") -> Fact:
    formula = f"{new.text} \u2212 {old.text}"
    return writer.number(
        "diff.change", value, "points", "diff_change", target, plus=True, ticker=ticker, known_at_ns=known, formula=formula
    )


def _signals(writer: Writer, shown: ScanPicture, before: VcpScan) -> None:
    """New, gone and otherwise graded signals, the highest total first."""
    scan = shown.scan
    groups = (
        ("entered", scan.pattern & ~before.pattern),
        ("left", before.pattern & ~scan.pattern),
        ("regraded", scan.pattern & before.pattern & (scan.grade != before.grade)),
    )
    target = Target("panel", panel="signals", strategy="VCP")
    told = False
    for name, mask in groups:
        rows = np.flatnonzero(mask).tolist()
        if not rows:
            continue
        told = writer.draft.has_stock = True
        rows.sort(key=lambda row: (-float(np.nan_to_num(scan.total_score[row], nan=-1.0)), row))
        count = writer.number("diff.count", float(len(rows)), "", "diff_count", Target("panel", panel="signals", item=name))
        writer.say(f"change.{name}", count=count)
        writer.items([_row(writer, shown, before, row) for row in rows[:_MOST]])
    if not told:
        writer.say("change.none", count=writer.number("diff.count", 0.0, "", "diff_count", target))


def _row(writer: Writer, shown: ScanPicture, before: VcpScan, row: int) -> tuple[Span, ...]:
    panel, scan = shown.panel, shown.scan
    ticker = str(panel.tickers[row])
    known, target = bar_known_ns(panel, scan.day_index), writer.cell_of("VCP", ticker, "total")
    days = (day_of_index(panel, before.day_index), day_of_index(panel, scan.day_index))
    totals = (float(before.total_score[row]), float(scan.total_score[row]))
    graded = (before.grade[row] if before.pattern[row] else 0, scan.grade[row] if scan.pattern[row] else 0)
    names = (("diff.grade_before", "diff.score_before"), ("vcp.grade", "vcp.total"))
    grades = [
        writer.grade(name, int(grade), target, ticker=ticker, day=day) if grade else writer.line("no_grade")
        for (name, _), grade, day in zip(names, graded, days, strict=True)
    ]
    parts = writer.line("change.item", stock=writer.stock(ticker, panel, target), before=grades[0], now=grades[1])
    if any(np.isnan(total) for total in totals):
        return parts
    old, new = (
        writer.number(name, total, "points", "score", target, ticker=ticker, day=day, decimals=fmt.score_decimals(total))
        for (_, name), total, day in zip(names, totals, days, strict=True)
    )
    change = _change(writer, totals[1] - totals[0], target, old, new, known, ticker)
    return parts + writer.line("change.scores", before=old, now=new, change=change)
