"""Confirmed net buying of a symbol: sums of the window, each day of it, and bars of the last weeks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.features.closing_measures import supply_window
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, day_at
from ralphstock_desktop.services.assistant_contracts import Chart, Fact, Spans, Table

__all__ = ["FlowFacts", "flow_sentences", "read_flows", "write_flow_interval", "write_flows"]

_WINDOW = 5
_BARS = 20
_MOST_ROWS = 10
_KINDS = ("foreign", "institution", "pension")


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """Flows of the window. Sums are of the days with records; a fact without value is missing.

    ``per_day`` newest first: day, foreign, institution, pension.
    """

    foreign: Fact
    institution: Fact
    pension: Fact
    window: Fact
    known: Fact
    both: Fact
    last_day: Fact | None
    """Last day with any record, also before the window; None without one."""
    per_day: tuple[tuple[Fact, ...], ...]
    is_recent: bool
    """Of the last days; False: of a named interval."""

    @property
    def is_one_day(self) -> bool:
        """Of one named day: the sum is that day's own, and a table of it would say the same again."""
        return not self.is_recent and len(self.per_day) == 1


def read_flows(s: Symbol, chosen: list[int] | None = None) -> FlowFacts:
    """Take the flows of the last five valid bars whose confirmed flows were known into the book, or of chosen panel days.

    A day counts in the sums of foreigners and institutions where both are recorded; pension funds where they are.
    """
    panel, row = s.panel, s.row
    window = [int(day) for day in supply_window(panel, row, s.known.bar, s.known.flow, _WINDOW)] if chosen is None else chosen
    named = "5d" if chosen is None else "sum"
    arrays = {"foreign": panel.foreign_krw, "institution": panel.institution_krw, "pension": panel.pension_krw}
    values = {kind: np.array([float(array[row, day]) for day in window]) for kind, array in arrays.items()}
    complete = ~(np.isnan(values["foreign"]) | np.isnan(values["institution"])) if window else np.zeros(0, dtype=bool)
    first, last = (day_at(panel.days, window[0]), day_at(panel.days, window[-1])) if window else (s.today, s.today)
    target = s.on_flow(first, last)
    known_at = s.flow_known_ns(last) if window else None
    sums: dict[str, Fact] = {}
    for kind in _KINDS:
        counted = complete if kind != "pension" else ~np.isnan(values[kind])
        total = float(values[kind][counted].sum()) if counted.any() else None
        formula = s.t("formula.flow_sum").format(days=int(counted.sum()))
        sums[kind] = s.fact(
            f"flow.{kind}_{named}", total, "krw", target, day=last, known_at_ns=known_at, plus=True, formula=formula
        )
    both = int(np.sum(complete & (values["foreign"] + values["institution"] > 0))) if window else 0
    per_day = []
    for position in range(len(window) - 1, max(len(window) - 1 - _MOST_ROWS, -1), -1):
        day = day_at(panel.days, window[position])
        at = s.on_flow(day)
        per_day.append(
            (
                s.book.add_day("flow.day", day, s.t("title.flow.day"), at, ticker=s.ticker),
                *(
                    s.fact(
                        f"flow.{kind}",
                        float(values[kind][position]),
                        "krw",
                        at,
                        day=day,
                        known_at_ns=s.flow_known_ns(day),
                        plus=True,
                    )
                    for kind in _KINDS
                ),
            )
        )
    recorded = np.flatnonzero(~np.isnan(panel.foreign_krw[row, : s.known.flow + 1]))
    last_day = None
    if len(recorded):
        day = day_at(panel.days, int(recorded[-1]))
        last_day = s.book.add_day("flow.day", day, s.t("title.flow.day"), s.on_flow(day), ticker=s.ticker)

    def count(name: str, value: float) -> Fact:
        prefix = "flow." if chosen is None else "flow.sum_"
        text = "1 day" if value == 1.0 and s.book.language == "en" else None
        return s.fact(f"{prefix}{name}", value, "days", target, day=last, known_at_ns=known_at, text=text)

    return FlowFacts(
        foreign=sums["foreign"],
        institution=sums["institution"],
        pension=sums["pension"],
        window=count("window" if chosen is None else "days", float(len(window))),
        known=count("known_days", float(complete.sum())),
        both=count("both_days", float(both)),
        last_day=last_day,
        per_day=tuple(per_day),
        is_recent=chosen is None,
    )


def flow_sentences(s: Symbol, flows: FlowFacts) -> list[Spans]:
    """What the flows are, short; missing flows are said to be missing."""
    if flows.foreign.value is None:
        if flows.last_day is None:
            return [s.say("flow.none")]
        if flows.per_day and str(flows.last_day.value) > str(flows.per_day[0][0].value):
            return [s.say("flow.none.traded", window=flows.window)]  # records of days without trading only
        return [s.say("flow.none.since", day=flows.last_day)]
    missing = "" if flows.pension.value is not None else ".no_pension"
    parts = {"foreign": flows.foreign, "institution": flows.institution, "pension": flows.pension}
    if flows.is_one_day:
        return [s.say(f"flow.day.sums{missing}", day=flows.per_day[0][0], **parts)]
    key = f"flow.sums{missing}" if flows.is_recent else f"flow.interval.sums{missing}"
    found = [s.say(key, window=flows.window, **parts)]
    if flows.known.value != flows.window.value:
        found.append(s.say("flow.partial", known=flows.known))
    return found


def write_flows(s: Symbol, chosen: list[int] | None = None) -> None:
    """Sums first, then each day (the last ten of a long interval), then bars."""
    flows = read_flows(s, chosen)
    sentences = flow_sentences(s, flows)
    if flows.foreign.value is None:
        s.paragraph(*sentences)
        return
    if flows.is_one_day:
        s.paragraph(*sentences)
        _write_bars(s, flows)
        return
    newest = flows.per_day[0]
    sentences.append(s.say("flow.both", both=flows.both))
    sentences.append(s.say("flow.as_of", day=newest[0]))
    s.paragraph(*sentences)
    head = tuple(s.say(f"flow.head.{name}") for name in ("day", *_KINDS))
    rows = tuple(tuple(s.shown(fact) for fact in line) for line in flows.per_day)
    s.draft.blocks.append(Table(head, rows, (False, True, True, True)))
    _write_bars(s, flows)


def write_flow_interval(s: Symbol, first: date, last: date) -> None:
    """Flows of named days; that none is known, where no day of them has traded or is confirmed."""
    days = s.panel.days
    chosen = [int(bar) for bar in s.bars if bar <= s.known.flow and first <= day_at(days, int(bar)) <= last]
    asked = s.book.add_day("flow.day", last, s.t("title.day"), s.on_flow(last), ticker=s.ticker)
    if not chosen:
        s.paragraph(s.say("flow.interval.none", day=asked))
        write_flows(s)
        return
    write_flows(s, chosen)


def _write_bars(s: Symbol, flows: FlowFacts) -> None:
    panel, row = s.panel, s.row
    days = [int(day) for day in supply_window(panel, row, s.known.bar, s.known.flow, _BARS)]
    values = [float(panel.foreign_krw[row, day] + panel.institution_krw[row, day]) for day in days]
    if sum(not math.isnan(value) for value in values) < 2:
        return
    name = s.name_fact.text
    s.draft.blocks.append(
        Chart(
            "bars",
            s.t("chart.flows").format(name=name),
            s.ticker,
            tuple(day_at(panel.days, day) for day in days),
            tuple(values),
            "krw",
            s.t("chart.flows.spoken").format(name=name),
            flows.foreign.id,
        )
    )
