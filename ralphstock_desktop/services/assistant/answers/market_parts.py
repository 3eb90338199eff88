"""How answers beside those about one stock are put together: sentences, tables and lists of facts, in the answer's language."""

from __future__ import annotations

import asyncio
import math
import re
import string
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from engine.asof.view import known_days
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.market_quantities import STRATEGY_PANELS
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant.grounding_units import unit_of
from ralphstock_desktop.services.assistant_contracts import (
    Fact,
    Heading,
    Items,
    Paragraph,
    Proposal,
    Question,
    Span,
    Table,
    Target,
    Unit,
)
from ralphstock_desktop.services.contracts import Empty, Failed, MarketPicture, PanelState
from ralphstock_desktop.services.strategy_contracts import Strategies
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "Writer",
    "bar_known_ns",
    "day_of_index",
    "digits_of",
    "fits",
    "limit_of",
    "problem_of",
    "settled_strategies",
]

PREFIX = "assistant_market"
_FIGURE = re.compile(r"[+\-\u2212]?\d(?:[\d.,:/\-]*\d)?%?")
_WAIT_S, _LOOKS = 0.02, 150


def day_of_index(panel: MarketPanel, index: int) -> date:
    """Day of a panel index."""
    day: date = panel.days[index].astype("datetime64[D]").item()
    return day


def bar_known_ns(panel: MarketPanel, index: int) -> int:
    """Instant from which the official bar of a panel day could be known."""
    return DEFAULT_SESSIONS.official_bar_ns(day_of_index(panel, index))


def digits_of(value: float, most: int = 4) -> int:
    """Fewest decimals that write a value without loss, at most ``most``."""
    for decimals in range(most):
        if math.isclose(value, round(value, decimals), rel_tol=1e-12, abs_tol=1e-12):
            return decimals
    return most


def fits(as_of: AsOf, picture: MarketPicture) -> bool:
    """Whether something computed as of an instant belongs to the market on screen; the present goes on with the clock."""
    return as_of == picture.as_of or (picture.is_latest and as_of > picture.as_of)


async def settled_strategies(desk: Desk) -> Strategies:
    """Wait a moment until the strategies have reached the instant on screen.

    Raises
    ------
    DataUnavailable
        ``error.chat.no_strategies`` where the program runs without them.
    RalphStockError
        What made them fail.
    """
    strategies = desk.workstation.strategies
    if strategies is None:
        raise DataUnavailable("No strategies are running.", key="error.chat.no_strategies")
    for _ in range(_LOOKS):
        state, gate = strategies.gate_state.last, strategies.gate.last
        if isinstance(state, Failed | Empty) or (gate is not None and fits(gate.reading.as_of, desk.picture())):
            break
        await asyncio.sleep(_WAIT_S)
    return strategies


def problem_of(state: PanelState | None) -> Empty | None:
    """The reason why there is nothing; a failure is raised instead.

    Raises
    ------
    RalphStockError
        Of a failed state: a failure is never told as "nothing".
    """
    if isinstance(state, Failed):
        raise state.error
    return state if isinstance(state, Empty) else None


_UNITS_AFTER: frozenset[Unit] = frozenset({"%", "%p", "won", "points", "×", "shares", "days", "bars", "count", "rank"})


def limit_of(question: Question, usual: int, most: int) -> int:
    """How many rows a list may have: as many as asked for, else as usual; at least one and never more than ``most``."""
    return min(max(question.limit or usual, 1), most)


def _unit_at(text: str, at: int) -> tuple[tuple[Unit, str], int]:
    """The unit that stands at a place as its kind and its words, and where it ends; empty where none does."""
    unit, end = unit_of(text, at)
    return ((unit, text[at:end]), end) if unit in _UNITS_AFTER else (("", ""), at)


def _value_of(text: str) -> float | str:
    """A figure as a number where it is one; dates, spans and lists stay words."""
    plain = text.replace(",", "").replace("\u2212", "-").removesuffix("%")
    try:
        return float(plain)
    except ValueError:
        return text


class Writer:
    """Writes blocks into a draft; every number goes through its fact book.

    Parameters
    ----------
    desk : Desk
        What may be read.
    draft : AnswerDraft
        What is written to.
    """

    def __init__(self, desk: Desk, draft: AnswerDraft) -> None:
        self.desk, self.draft, self.book = desk, draft, draft.book
        self.texts = draft.book.texts
        self.picture = desk.picture()
        index = known_days(self.picture.panel, self.picture.as_of).bar
        self.known_ns = bar_known_ns(self.picture.panel, index) if index >= 0 else None
        """When what is read from the scans of the instant could be known: with the last official bar."""

    # -- blocks ---------------------------------------------------------------------------------------------------------

    def key(self, name: str) -> str:
        """Full text key of a name of this area; keys of other areas hold a dot at once and begin with a slash."""
        return name[1:] if name.startswith("/") else f"{PREFIX}.{name}"

    def line(self, name: str, /, **parts: Part) -> tuple[Span, ...]:
        """A run of text."""
        return self.book.sentence(self.key(name), **parts)

    def say(self, name: str, /, **parts: Part) -> None:
        """Add a paragraph."""
        self.draft.blocks.append(Paragraph(self.line(name, **parts)))

    def head(self, name: str, /, **parts: Part) -> None:
        """Add a heading."""
        self.draft.blocks.append(Heading(self.line(name, **parts)))

    def items(self, lines: Sequence[tuple[Span, ...]], *, ordered: bool = False) -> None:
        """Add a list; nothing where it is empty."""
        if lines:
            self.draft.blocks.append(Items(tuple(lines), ordered))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Part]], right: Sequence[bool]) -> None:
        """Add a table; ``head`` are names of texts."""
        cells = tuple(tuple(self.cell(part) for part in row) for row in rows)
        titles = tuple(self.foreign(self.texts(self.key(name)), "help.figure", Target("help", item="start")) for name in head)
        self.draft.blocks.append(Table(titles, cells, tuple(right)))

    def cell(self, part: Part) -> tuple[Span, ...]:
        """A fact, span or words as the contents of a cell."""
        if isinstance(part, Fact):
            return (Span(part.text, fact=part.id),)
        if isinstance(part, Span):
            return (part,)
        return part if isinstance(part, tuple) else (Span(part),)

    def note(self, name: str, **fields: str | int | float) -> None:
        """Note something for whoever shows the answer."""
        self.draft.notes.append((self.key(name), fields))

    def propose(self, action: str, name: str, icon: str, **arguments: Any) -> None:
        """Offer something to do."""
        number = len(self.draft.proposals) + 1
        self.draft.proposals.append(Proposal(f"p{number}", action, self.texts(self.key(name)), icon, arguments))

    def foreign(self, text: str, name: str, target: Target, *, quoted: bool = False) -> tuple[Span, ...]:
        """Words written elsewhere in the program: figures in them become facts that say where they were read."""
        spans, at = [], 0
        for found in _FIGURE.finditer(text):
            if found.start() > at:
                spans.append(Span(text[at : found.start()]))
            unit, at = _unit_at(text, found.end())
            spans.append(self._figure(found.group(0), name, target, unit=unit, quoted=quoted))
        if at < len(text):
            spans.append(Span(text[at:]))
        return tuple(spans)

    def told(self, key: str, fields: Mapping[str, str | int | float], name: str, target: Target) -> tuple[Span, ...]:
        """A sentence of another area with its fields: fields with figures are facts, and so is any figure of its own."""
        spans: list[Span] = []
        figure = ""
        for literal, field, _, _ in string.Formatter().parse(self.texts(key)):
            at = 0
            if figure:
                unit, at = _unit_at(literal, 0)
                spans.append(self._figure(figure, name, target, unit=unit))
            spans += self.foreign(literal[at:], name, target)
            text = "" if field is None else str(fields[field])
            figure = text if any(letter.isdigit() for letter in text) else ""
            if text and not figure:
                spans.append(Span(text))
        if figure:
            spans.append(self._figure(figure, name, target))
        return tuple(spans)

    def _figure(self, text: str, name: str, target: Target, *, unit: tuple[Unit, str] = ("", ""), quoted: bool = False) -> Span:
        """A figure with the unit that stands behind it."""
        kind, written = unit
        if not kind and text.endswith("%"):
            kind = "%"
        shown = (fmt.signed(-1.0, 0)[0] + text[1:] if text.startswith("-") else text) + written
        title, ticker = self.title("figure"), target.ticker
        fact = self.book.add(name, _value_of(text), kind, title, target, ticker=ticker, text=shown, quoted=quoted)
        return Span(shown, fact=fact.id)

    # -- facts ----------------------------------------------------------------------------------------------------------

    def add(self, name: str, value: float | str | None, unit: Unit, title: str, target: Target, **rest: Any) -> Fact:
        """Take a value into the book; known with the last official bar where nothing else is said."""
        return self.book.add(name, value, unit, title, target, **{"known_at_ns": self.known_ns, **rest})

    def title(self, name: str) -> str:
        """What a fact is, in words."""
        return self.texts(self.key(f"fact.{name}"))

    def now(self, as_of: AsOf | None = None) -> Fact:
        """The instant an answer belongs to."""
        return self.book.add_instant("as_of", as_of or self.picture.as_of, self.title("as_of"), Target("panel", panel="gate"))

    def stock(self, ticker: str, panel: MarketPanel, target: Target) -> Fact:
        """A symbol by its name."""
        row = panel.row_of(ticker)
        names = panel.names_en if self.book.language == "en" else panel.names
        name = ticker if row is None else str(names[row]) or str(panel.names[row]) or ticker
        return self.book.add("stock.name", name, "name", self.title("stock"), target, ticker=ticker)

    def grade(self, name: str, grade: int, target: Target, **rest: Any) -> Fact:
        """A grade letter."""
        letter = "-" if grade == Grade.NONE else Grade(grade).name
        return self.add(name, letter, "grade", self.title("grade"), target, **rest)

    def number(
        self, name: str, value: float | None, unit: Unit, title: str, target: Target, *, most: int = 2, **rest: Any
    ) -> Fact:
        """A number with no more decimals than it has, ``most`` at most."""
        if value is not None and "decimals" not in rest and unit not in ("won", "krw", "shares") and np.isfinite(value):
            rest["decimals"] = min(digits_of(float(value)), most)
        return self.add(name, None if value is None else float(value), unit, self.title(title), target, **rest)

    def strategy(self, name: str) -> str:
        """Name of a strategy, in words."""
        return self.texts(f"recommend_panel.strategy.{name}")

    def cell_of(self, strategy: str, ticker: str, column: str) -> Target:
        """The row of a symbol in the list of a strategy."""
        return Target("cell", panel=STRATEGY_PANELS[strategy], ticker=ticker, strategy=strategy, item=column)
