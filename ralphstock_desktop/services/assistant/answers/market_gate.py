"""Parts of the Market Gate and sectors: what they are worth, as facts in a table or in a line."""

from __future__ import annotations

from datetime import date

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.gate import GateComponent, SectorState
from ralphstock_desktop.services.assistant.answers.market_focus import sectors_named
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, bar_known_ns
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant.help_pages import rule_fact
from ralphstock_desktop.services.assistant.triggers import named, phrase
from ralphstock_desktop.services.assistant_contracts import Fact, Target, Unit
from ralphstock_desktop.services.strategy_contracts import GatePicture

__all__ = [
    "component_name",
    "known_ns",
    "parts_named",
    "points_of",
    "tell_components",
    "tell_part",
    "tell_sectors",
]

_INDICES = ("kospi", "kosdaq")
_SECTORS = 3
_CHANGE_DECIMALS = 2
_UNITS: dict[str, Unit] = {"%": "%", "won": "krw", "count": ""}
_HELP = "gate"
_PARTS = named("gate_parts")
_POINTS_ASKED = phrase("item_asked")


def parts_named(text: str) -> tuple[str, ...]:
    """Parts of the gate a question asks the points of: ``fx``, ``breadth`` …; none where it asks for more."""
    folded = text.casefold()
    if _POINTS_ASKED.search(folded) is None:
        return ()
    return tuple(name for name, pattern in _PARTS if pattern.search(folded))


def tell_part(writer: Writer, gate: GatePicture, name: str) -> None:
    """One part of the gate: its points of the most, and the value they come from."""
    part = gate.reading.component(name)
    target = Target("gate", item=part.name)
    title = writer.foreign(component_name(writer, part.name), "help.figure", target)
    told = points_of(writer, gate, part)
    if part.value is None:
        writer.say("gate.part.missing", name=title, most=told["most"])
        return
    writer.say("gate.part", name=title, value=_value(writer, gate, part, target), **told)


def points_of(writer: Writer, gate: GatePicture, part: GateComponent) -> dict[str, Fact]:
    target = Target("gate", item=part.name)
    points = writer.number(f"gate.points.{part.name}", part.points, "points", "gate_points", target, known_at_ns=known_ns(gate))
    return {"points": points, "most": writer.number(f"gate.max.{part.name}", part.max_points, "points", "gate_max", target)}


def known_ns(gate: GatePicture) -> int:
    return gate.reading.as_of.instant_ns if gate.live else bar_known_ns(gate.panel, gate.reading.day_index)


def component_name(writer: Writer, name: str) -> str:
    days = writer.desk.workstation.rules.gate.foreign_days
    return writer.texts(f"gate.component.{name}", days=days)


def tell_components(writer: Writer, gate: GatePicture) -> None:
    rows: list[tuple[Part, ...]] = []
    for part in gate.reading.components:
        target = Target("gate", item=part.name)
        name = writer.foreign(component_name(writer, part.name), "help.figure", target)
        told = points_of(writer, gate, part)
        missing = part.value is None
        points: Part = writer.line("missing") if missing else told["points"]
        rows.append((name, _value(writer, gate, part, target), points, told["most"]))
        if missing:
            writer.note("note.component", what=component_name(writer, part.name))
    writer.head("head.components")
    writer.table(("col.component", "col.value", "col.points", "col.max"), rows, (False, True, True, True))
    _breadth(writer, gate)


def _value(writer: Writer, gate: GatePicture, part: GateComponent, target: Target) -> Part:
    unit = _UNITS.get(part.unit, "")
    name = f"gate.value.{part.name}"
    if part.value is None:
        return writer.line("missing")
    if part.name in _INDICES:
        passed = writer.number(name, part.value, "", "gate_value", target, known_at_ns=known_ns(gate))
        tests = writer.number("gate.tests", float(len(part.tests)), "", "gate_tests", target)
        return writer.line("cell.tests", passed=passed, tests=tests)
    plus, known = part.name != "breadth", known_ns(gate)
    if unit == "krw":
        return writer.number(name, part.value, unit, "gate_value", target, plus=plus, known_at_ns=known)
    decimals = _CHANGE_DECIMALS if plus else 1
    return writer.number(name, part.value, unit, "gate_value", target, plus=plus, known_at_ns=known, decimals=decimals)


def _breadth(writer: Writer, gate: GatePicture) -> None:
    reading, rules = gate.reading, writer.desk.workstation.rules
    if reading.breadth_known:
        target, known = Target("gate", item="breadth"), bar_known_ns(gate.panel, reading.day_index)
        above = writer.number("gate.breadth_above", reading.breadth_above, "", "breadth_above", target, known_at_ns=known)
        all_of = writer.number("gate.breadth_known", reading.breadth_known, "", "breadth_known", target, known_at_ns=known)
        bars = rule_fact(writer.book, "gate.breadth_bars", rules, _HELP)
        writer.say("gate.breadth", above=above, known=all_of, bars=bars)
    foreign = reading.component("foreign")
    if foreign.value is not None and reading.flow_day is not None:
        day: date = reading.flow_day.astype("datetime64[D]").item()
        target = Target("gate", item="foreign")
        amount = writer.add(
            "gate.value.foreign", float(foreign.value), "krw", writer.title("gate_value"), target, plus=True,
            known_at_ns=DEFAULT_SESSIONS.confirmed_flow_ns(day),
        )  # fmt: skip
        days = rule_fact(writer.book, "gate.foreign_days", rules, _HELP)
        when = writer.book.add_day("gate.flow_day", day, writer.title("flow_day"), target)
        writer.say("gate.foreign", days=days, day=when, amount=amount)


def tell_sectors(writer: Writer, gate: GatePicture) -> None:
    known = [state for state in gate.sectors if state.change_pct is not None]
    if not known:
        writer.say("sector.none")
        writer.note("note.no_sectors")
        return
    known.sort(key=lambda state: (-(state.change_pct or 0.0), state.name))
    count = min(_SECTORS, len(known))
    writer.head("head.sectors")
    named = sectors_named(writer.draft.question.text, known)
    if named:
        head = ("col.sector", "col.change", "col.five", "col.rank", "col.members")
        writer.table(head, [_sector_row(writer, gate, state) for state in named], (False, True, True, True, True))
    shown_states = [*known[:count], *known[count:][-count:]]
    rows = [_sector_row(writer, gate, state) for state in shown_states if state not in named]
    all_of = writer.number("gate.sectors", float(len(known)), "", "sector_count", Target("gate"))
    shown = writer.number("signal.shown", float(count), "", "shown", Target("gate"))
    writer.say("sector.line", all=all_of, shown=shown)
    head = ("col.sector", "col.change", "col.five", "col.rank", "col.members")
    writer.table(head, rows, (False, True, True, True, True))


def _sector_row(writer: Writer, gate: GatePicture, state: SectorState) -> tuple[Part, ...]:
    target, known = Target("gate", item=f"sector:{state.name}"), bar_known_ns(gate.panel, gate.reading.day_index)
    name = writer.add("sector.name", state.name, "word", writer.title("sector"), target, known_at_ns=known)
    change = writer.add("sector.change", state.change_pct, "%", writer.title("sector_change"), target, known_at_ns=known)
    five: Part = writer.line("missing")
    if state.return_5d_pct is not None:
        title = writer.title("sector_five")
        five = writer.add("sector.return_5d", state.return_5d_pct, "%", title, target, known_at_ns=known)
    rank: Part = writer.line("missing")
    if state.rank is not None:
        rank = writer.number("sector.rank", float(state.rank), "rank", "sector_rank", target)
    members = writer.number("sector.members", float(state.members), "", "sector_members", target)
    return name, change, five, rank, members
