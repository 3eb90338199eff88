"""The gate on earlier days: a small chart of its score, and its reading at the close of a day that was asked about."""

from __future__ import annotations

from datetime import date

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.gate import GATE_COMPONENTS, GateStatus
from ralphstock_desktop.services.assistant.answers.market_history import gate_history_of
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, day_of_index
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant.help_pages import rule_fact
from ralphstock_desktop.services.assistant_contracts import Chart, Target
from ralphstock_desktop.services.strategy_contracts import GatePicture, Strategies

__all__ = ["tell_chart", "tell_past"]

_CHART_DAYS = 60
_HELP = "gate"


async def tell_chart(writer: Writer, strategies: Strategies, gate: GatePicture) -> None:
    """The gate's score over the last days as a small chart; a note where it is not counted yet."""
    history = await gate_history_of(strategies, gate)
    if history is None:
        writer.note("note.no_chart")
        return
    last = min(gate.reading.day_index, len(gate.panel.days) - 1)
    keep = np.flatnonzero(history.day_index <= last)[-_CHART_DAYS:]
    if not len(keep) or np.isnan(history.score[keep]).all():
        return
    days = tuple(day_of_index(gate.panel, int(index)) for index in history.day_index[keep])
    values = tuple(float(value) for value in history.score[keep])
    target = Target("gate", item="history")
    known = [(day, value) for day, value in zip(days, values, strict=True) if not np.isnan(value)]
    first, end = known[0], known[-1]
    facts = [
        writer.number("history.score", value, "points", "history_score", target, day=day, known_at_ns=_day_known(day))
        for day, value in (first, end)
    ]
    shown = writer.number("history.days", float(len(days)), "days", "history_days", target)
    spoken = writer.texts(
        writer.key("chart.spoken"),
        days=shown.text, first=first[0].isoformat(), before=facts[0].text, last=end[0].isoformat(), now=facts[1].text,
    )  # fmt: skip
    title = writer.texts(writer.key("chart.gate"))
    writer.draft.blocks.append(Chart("line", title, "", days, values, "points", spoken, facts[1].id))


def _day_known(day: date) -> int:
    return DEFAULT_SESSIONS.official_bar_ns(day)


async def tell_past(writer: Writer, strategies: Strategies, gate: GatePicture, asked: date) -> None:
    """The gate at the official close of an earlier day; a later day is not known."""
    target = Target("gate", item="history")
    day = writer.book.add_day("asked.day", asked, writer.title("asked_day"), target)
    if asked > gate.reading.as_of.day:
        writer.say("past.later", day=day, when=writer.now(gate.reading.as_of))
        return
    history = await gate_history_of(strategies, gate, must=True)
    assert history is not None
    index = gate.panel.day_index(np.datetime64(asked, "D"))
    place = np.flatnonzero(history.day_index == index)
    if index < 0 or not len(place):
        writer.say("past.none", day=day)
        return
    row, on = int(place[0]), day_of_index(gate.panel, index)
    if on != asked:
        writer.say("past.closed", day=day, before=writer.book.add_day("history.last_day", on, writer.title("day"), target))
    status = GateStatus(int(history.status[row]))
    text = f"{writer.texts(f'gate.status.{status.name.lower()}')} ({status.name})"
    known = _day_known(on)
    shown = writer.add(
        "history.status", status.name, "word", writer.title("gate_status"), target, day=on, text=text, known_at_ns=known
    )
    coverage = writer.number(
        "history.coverage", float(history.coverage[row]), "%", "gate_coverage", target, day=on, plus=False, known_at_ns=known
    )
    when = writer.book.add_day("history.last_day", on, writer.title("day"), target)
    if np.isnan(history.score[row]):
        writer.say("past.unknown", when=when, status=shown, coverage=coverage)
    else:
        score = writer.number("history.score", float(history.score[row]), "points", "history_score", target, day=on,
                              known_at_ns=known)  # fmt: skip
        writer.say("past.line", when=when, status=shown, score=score, coverage=coverage)
    shock, rules = float(history.values[row, GATE_COMPONENTS.index("shock")]), writer.desk.workstation.rules
    if status is GateStatus.RED and shock <= rules.gate.crash_pct:
        fall = writer.add("gate.shock", shock, "%", writer.title("gate_shock"), target, day=on, known_at_ns=known)
        writer.say("gate.crash", change=fall, limit=rule_fact(writer.book, "gate.crash_pct", rules, _HELP))
    rows: list[tuple[Part, ...]] = []
    for name, levels in (("kospi", history.kospi), ("kosdaq", history.kosdaq), ("usdkrw", history.usd_krw)):
        level: Part = writer.line("missing")
        if not np.isnan(levels[row]):
            level = writer.add(
                "history.close", float(levels[row]), "index", writer.texts(f"gate.{name}"), Target("gate", item=name), day=on,
                known_at_ns=known,
            )  # fmt: skip
        before = levels[:row][~np.isnan(levels[:row])]
        change: Part = writer.line("missing")
        if len(before) and not np.isnan(levels[row]):
            value = 100.0 * (float(levels[row]) / float(before[-1]) - 1.0)
            change = writer.add(
                "history.change", value, "%", writer.title("index_change"), Target("gate", item=name), day=on, known_at_ns=known
            )
        rows.append((writer.line(f"/gate.{name}"), level, change))
    writer.table(("col.index", "col.level", "col.change"), rows, (False, True, True))
    writer.propose("open_panel", "do.gate", "gate", panel="gate", ticker="")
