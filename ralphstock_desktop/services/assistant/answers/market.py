"""Answers about the market: the gate with its components, indices, breadth, foreign flow, sectors, the effect on orders."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import numpy as np

from engine.model.gate import GateReading, GateStatus, IndexState
from engine.scoring.gate import index_word
from ralphstock_desktop.services.assistant.answers.general import answer_general, tell_absent
from ralphstock_desktop.services.assistant.answers.market_focus import (
    asks_hours,
    focus_of,
    index_named,
    tell_averages,
    tell_breadth,
    tell_flow,
    tell_highs,
    tell_hours,
    tell_returns,
)
from ralphstock_desktop.services.assistant.answers.market_gate import (
    component_name,
    known_ns,
    parts_named,
    points_of,
    tell_components,
    tell_part,
    tell_sectors,
)
from ralphstock_desktop.services.assistant.answers.market_parts import (
    Writer,
    day_of_index,
    fits,
    problem_of,
    settled_strategies,
)
from ralphstock_desktop.services.assistant.answers.market_past import tell_chart, tell_past
from ralphstock_desktop.services.assistant.answers.news import answer_news
from ralphstock_desktop.services.assistant.answers.refusals import answer_refusal
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant.help_pages import rule_fact
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant_contracts import Fact, Question, Span, Target, Unit
from ralphstock_desktop.services.strategy_contracts import GatePicture, Strategies

__all__ = ["answer_market", "gate_line", "gate_of", "tell_gate", "tell_market"]

_OTHER_HOURS = phrase("other_hours")
_INDICES = ("kospi", "kosdaq")
_SECTORS, _LOST = 3, 3
_CHANGE_DECIMALS = 2
_INDEX_WORDS = {
    "kospi": ("코스피", "kospi"),
    "kosdaq": ("코스닥", "kosdaq"),
    "usdkrw": ("환율", "원화", "the won", "원달러", "원/달러", "달러", "exchange rate", "usd", "dollar"),
}
_GATE_SAID = re.compile(r"게이트|점수|gate|score", re.IGNORECASE)
_UNITS: dict[str, Unit] = {"%": "%", "won": "krw", "count": ""}
_THAN_YESTERDAY = re.compile(r"(?:어제|전일|전날)\s?(?:보다|대비|에\s?비해)|(?:than|against|versus|vs\.?|from) yesterday")
_HELP = "gate"
_SAID_ELSEWHERE = frozenset(("after_hours", "flow_streak", "retail", "theme"))
"""Quantities no data hold that the answer about the market speaks of anyway."""


async def answer_market(desk: Desk, draft: AnswerDraft) -> None:
    """Tell the state of the market, now or on an earlier day that was asked about, or what a word means."""
    question, writer = draft.question, Writer(desk, draft)
    if asks_hours(question.text) and _OTHER_HOURS.search(question.text.casefold()) is None:
        tell_hours(writer)
    elif "definition" in question.intents or asks_hours(question.text):
        await answer_general(desk, draft)
    elif "forecast" in question.intents:
        await answer_refusal(desk, draft)
    elif set(question.absent) - _SAID_ELSEWHERE:
        tell_absent(writer)
        await tell_gate(writer)
    elif "news" in question.intents:
        await tell_gate(writer)
        await answer_news(desk, draft)
    else:
        await tell_market(desk, draft)


async def tell_market(desk: Desk, draft: AnswerDraft) -> None:
    """Tell the state of the market at the instant, or at the close of an earlier day that was asked about."""
    strategies = await settled_strategies(desk)
    writer, question = Writer(desk, draft), draft.question
    gate = gate_of(writer, strategies)
    if gate is None:
        return
    asked = question.last_day or question.first_day
    if asked is not None and focus_of(writer) == "flow" and not {"diff", "compare"} & set(question.intents):
        if asked == gate.reading.as_of.day:
            await _tell_focus(writer, strategies, gate, "flow")
        else:
            tell_flow(writer, gate)
            await tell_past(writer, strategies, gate, asked)
        return
    of_index = question.first_day != question.last_day and index_named(question.text) and "gate" not in question.text.casefold()
    if of_index and question.first_day is not None and asked is not None and "게이트" not in question.text:
        await tell_returns(writer, strategies, gate, _first_after(gate, question), asked)
        gate_line(writer, gate)
        writer.propose("open_panel", "do.gate", "gate", panel="gate", ticker="")
        return
    if asked is not None and asked != gate.reading.as_of.day and asked != day_of_index(gate.panel, gate.reading.day_index):
        await tell_past(writer, strategies, gate, asked)
        return
    if (
        "diff" in question.intents
        and question.first_day is None
        and _GATE_SAID.search(question.text)
        and gate.reading.day_index > 0
    ):
        question = replace(question, first_day=day_of_index(gate.panel, gate.reading.day_index - 1))
    against = question.first_day is not None and question.first_day < gate.reading.as_of.day
    compares = bool({"diff", "compare"} & set(question.intents)) and _GATE_SAID.search(question.text) is not None
    if against and compares and question.first_day is not None:
        from ralphstock_desktop.services.assistant.answers.signal_changes import tell_gate_change

        await tell_gate_change(writer, strategies, question.first_day)
        gate_line(writer, gate)
        _lost(writer, gate)
        writer.propose("open_panel", "do.gate", "gate", panel="gate", ticker="")
        return
    focus = "" if parts_named(question.text) else focus_of(writer)
    if focus:
        await _tell_focus(writer, strategies, gate, focus)
        return
    for name in parts_named(question.text):
        tell_part(writer, gate, name)
    _named_indices(writer, gate)
    about_sectors = "sector" in question.intents
    if about_sectors:
        tell_sectors(writer, gate)
    gate_line(writer, gate)
    _lost(writer, gate)
    _effect(writer, gate)
    _indices(writer, gate)
    tell_components(writer, gate)
    if not about_sectors:
        tell_sectors(writer, gate)
    await tell_chart(writer, strategies, gate)
    writer.propose("open_panel", "do.gate", "gate", panel="gate", ticker="")


def _first_after(gate: GatePicture, question: Question) -> date:
    """The first day whose change counts: against the close of yesterday it is the day after."""
    assert question.first_day is not None
    if _THAN_YESTERDAY.search(question.text.casefold()) is None:
        return question.first_day
    after = gate.panel.day_index(np.datetime64(question.first_day, "D")) + 1
    return day_of_index(gate.panel, min(after, gate.reading.day_index))


async def _tell_focus(writer: Writer, strategies: Strategies, gate: GatePicture, focus: str) -> None:
    """One matter of the market, and how the gate stands."""
    question = writer.draft.question
    if focus == "averages":
        await tell_averages(writer, strategies, gate)
    elif focus == "high":
        await tell_highs(writer, strategies, gate)
    elif focus == "breadth":
        tell_breadth(writer, gate)
    elif focus == "flow":
        tell_flow(writer, gate)
    elif focus == "sector":
        tell_sectors(writer, gate)
    elif question.first_day is not None and question.first_day < gate.reading.as_of.day:
        await tell_returns(writer, strategies, gate, question.first_day)
    else:
        _named_indices(writer, gate)
    gate_line(writer, gate)
    writer.propose("open_panel", "do.gate", "gate", panel="gate", ticker="")


def gate_of(writer: Writer, strategies: Strategies) -> GatePicture | None:
    """The gate of the instant; None where there is none, which is then said.

    Raises
    ------
    RalphStockError
        If it could not be computed.
    """
    problem = problem_of(strategies.gate_state.last)
    picture = strategies.gate.last
    if problem is None and picture is not None and fits(picture.reading.as_of, writer.picture):
        return picture
    writer.say("gate.waiting" if problem is None else "gate.nothing", when=writer.now())
    writer.note("note.no_gate")
    return None


async def tell_gate(writer: Writer) -> None:
    """How the gate stands, in a sentence or two."""
    gate = gate_of(writer, await settled_strategies(writer.desk))
    if gate is not None:
        gate_line(writer, gate)


def gate_line(writer: Writer, gate: GatePicture) -> None:
    """One or two sentences: status, score, coverage, and why where that is not the score alone."""
    reading = gate.reading
    panel_rules = writer.desk.workstation.rules
    target, known = Target("gate"), known_ns(gate)
    status, coverage = _status(writer, gate), _coverage(writer, gate)
    when = writer.now(reading.as_of)
    if reading.score is None:
        limit = rule_fact(writer.book, "gate.min_coverage", panel_rules, _HELP)
        writer.say("gate.unknown", when=when, status=status, coverage=coverage, limit=limit)
        return
    score = writer.number(
        "gate.score", reading.score, "points", "gate_score", target, known_at_ns=known, formula=_sum_of(writer, reading)
    )
    writer.say("gate.live" if gate.live else "gate.line", when=when, status=status, score=score, coverage=coverage)
    gate_rules = panel_rules.gate
    if reading.status is GateStatus.RED and reading.shock_pct is not None and reading.shock_pct <= gate_rules.crash_pct:
        limit = rule_fact(writer.book, "gate.crash_pct", panel_rules, _HELP)
        writer.say("gate.crash", change=_shock(writer, gate), limit=limit)
    elif reading.status is GateStatus.YELLOW and reading.score >= gate_rules.green_score:
        limit = rule_fact(writer.book, "gate.green_coverage", panel_rules, _HELP)
        writer.say("gate.narrow", coverage=coverage, limit=limit)
    if reading.circuit_breaker:
        writer.say("gate.breaker")


def _lost(writer: Writer, gate: GatePicture) -> None:
    """Where the points went: components below their maximum, the largest loss first."""
    lost = [part for part in gate.reading.components if part.value is not None and part.points < part.max_points]
    if gate.reading.score is None or not lost:
        return
    lost.sort(key=lambda part: part.points - part.max_points)
    spans: list[Span] = []
    for part in lost[:_LOST]:
        target = Target("gate", item=part.name)
        name = writer.foreign(component_name(writer, part.name), "help.figure", target)
        spans += [
            *(writer.line("comma") if spans else ()),
            *writer.line("gate.lost_part", name=name, **points_of(writer, gate, part)),
        ]
    writer.say("gate.lost", parts=tuple(spans))


def _status(writer: Writer, gate: GatePicture, status: GateStatus | None = None) -> Fact:
    shown = gate.reading.status if status is None else status
    text = f"{writer.texts(f'gate.status.{shown.name.lower()}')} ({shown.name})"
    return writer.add(
        "gate.status", shown.name, "word", writer.title("gate_status"), Target("gate"), text=text, known_at_ns=known_ns(gate)
    )


def _coverage(writer: Writer, gate: GatePicture) -> Fact:
    return writer.number(
        "gate.coverage", gate.reading.coverage, "%", "gate_coverage", Target("gate"), plus=False, known_at_ns=known_ns(gate)
    )


def _shock(writer: Writer, gate: GatePicture) -> Fact:
    value = gate.reading.shock_pct
    return writer.number(
        "gate.shock", value, "%", "gate_shock", Target("gate", item="shock"), decimals=2, known_at_ns=known_ns(gate)
    )


def _sum_of(writer: Writer, reading: GateReading) -> str:
    parts = (f"{component_name(writer, part.name)} {part.points:g}/{part.max_points:g}" for part in reading.components)
    return " + ".join(parts)


def _effect(writer: Writer, gate: GatePicture) -> None:
    status, rules = gate.reading.status, writer.desk.workstation.rules
    target = Target("help", item="gate.effect")
    factor = status.size_factor(rules.gate.yellow_size)
    size = writer.number("gate.size_factor", factor, "×", "gate_size", target)
    if status.min_grade is None:
        writer.say("gate.effect.none", status=_status(writer, gate), size=size)
        return
    grade = writer.grade("gate.min_grade", status.min_grade, target)
    writer.say("gate.effect.open", status=_status(writer, gate), grade=grade, size=size)


# -- tables -----------------------------------------------------------------------------------------------------------------


def _indices(writer: Writer, gate: GatePicture) -> None:
    reading = gate.reading
    rows: list[tuple[Part, ...]] = []
    for name, state in (("kospi", reading.kospi), ("kosdaq", reading.kosdaq), ("usdkrw", reading.usd_krw)):
        close, change = index_facts(writer, gate, name, state)
        rows.append((writer.line(f"/gate.{name}"), close or writer.line("missing"), change or writer.line("missing")))
    days = [state.day.astype("datetime64[D]").item() for state in (reading.kospi, reading.kosdaq) if state.day is not None]
    if days and max(days) < reading.as_of.day:
        # Before the first values of a day these are the day before's: else they would pass for today's.
        writer.say("index.day", day=writer.book.add_day("index.day", max(days), writer.title("day"), Target("gate")))
    writer.table(("col.index", "col.level", "col.change"), rows, (False, True, True))
    lines = [
        writer.line("index.word", name=writer.texts(f"gate.{name}"), word=writer.texts(index_word(state.change_pct)))
        for name, state in (("kospi", reading.kospi), ("kosdaq", reading.kosdaq))
    ]
    writer.items(lines)


def _named_indices(writer: Writer, gate: GatePicture) -> None:
    """The indices and rates the question names, before everything else."""
    text, reading = writer.draft.question.text.casefold(), gate.reading
    states = {"kospi": reading.kospi, "kosdaq": reading.kosdaq, "usdkrw": reading.usd_krw}
    meant = [name for name, words in _INDEX_WORDS.items() if any(word in text for word in words)]
    if not meant and any(word in text for word in ("지수", "index", "indices", "indexes")):
        meant = list(_INDICES)
    for name in meant:
        state = states[name]
        close, change = index_facts(writer, gate, name, state)
        if close is None or state.day is None:
            writer.say("index.missing", name=writer.texts(f"gate.{name}"))
            continue
        day: date = state.day.astype("datetime64[D]").item()
        when = writer.book.add_day("index.day", day, writer.title("day"), close.target)
        writer.say(
            "index.line", name=writer.texts(f"gate.{name}"), close=close, change=change or writer.line("missing"), day=when
        )


def index_facts(writer: Writer, gate: GatePicture, name: str, state: IndexState) -> tuple[Fact | None, Fact | None]:
    """Level and change of an index or rate; None where missing."""
    target = Target("gate", item="fx" if name == "usdkrw" else name)
    day = state.day.astype("datetime64[D]").item() if state.day is not None else None
    known = known_ns(gate)
    close = change = None
    if state.close is not None:
        close = writer.add(
            "index.close", state.close, "index", writer.texts(f"gate.{name}"), target, day=day, known_at_ns=known
        )
    if state.change_pct is not None:
        change = writer.add(
            "index.change", state.change_pct, "%", writer.title("index_change"), target, day=day, known_at_ns=known,
        )  # fmt: skip
    return close, change
