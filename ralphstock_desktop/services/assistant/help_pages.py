"""The help pages: loaded once, searched by pairs of letters, and written with the thresholds of the rules in force.

A page is a Markdown file ``resources/help/<language>/<page>.md``. ``# title {#anchor}`` and ``## title {#anchor}`` begin a
section; a comment ``<!-- words: … -->`` under a title names what it is asked by. Below stand paragraphs, lists (``- ``) and
tables (``| ``). ``{rules.vcp.rs_min}`` stands for a threshold, a rung of a ladder being ``{rules.vcp.dry_ratio.0}`` with its
points ``{rules.vcp.dry_ratio.0.points}``; ``{maxima.gate.kospi}`` for the most points of a component; ``{count.day}`` for how
many items there are; ``{tax.2026.kospi}``, ``{tick.4999}``, ``{session.KRX.regular.start}`` for what the exchange sets;
``{won.5000}`` and ``{said.30%}`` for amounts that stand for themselves. So no page can drift from the rules.
"""

from __future__ import annotations

import dataclasses
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache

import resources
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.calendar.ticks import tick_size
from engine.model.closing import CLOSING_COMPONENTS
from engine.model.daytrade import DAY_ITEMS
from engine.model.gate import GATE_COMPONENTS
from engine.model.instruments import Market
from engine.model.scan import ITEM_GROUP
from engine.scoring.closing_bet import component_maxima as closing_maxima
from engine.scoring.gate import component_maxima as gate_maxima
from engine.scoring.vcp import item_maxima
from engine.threshold_spec import Rung, Spec
from engine.thresholds import Rules
from ralphstock_desktop.services.assistant.answers.market_parts import digits_of
from ralphstock_desktop.services.assistant.facts import FactBook
from ralphstock_desktop.services.assistant_contracts import Block, Fact, Heading, Items, Paragraph, Span, Table, Target, Unit
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["HelpBook", "HelpSection", "RuleValue", "fold", "help_book", "rule_fact", "rule_value", "section_blocks", "written"]

_TITLE = re.compile(r"(#{1,2}) (.+?) \{#([a-z0-9_.-]+)\}")
_WORDS = re.compile(r"<!-- words: (.+) -->")
_FIGURE = re.compile(r"(?:(?:Ctrl|Alt|Shift)\+[^\s,;)|]+|F\d+|[+\-\u2212]?\d(?:[\d.,:/\-]*\d)?%?)")
_ALIAS_WEIGHT, _TITLE_WEIGHT = 3.0, 2.0
_TITLE_SHARE, _TITLE_PAIRS = 0.75, 6
"""Without a named word, so much of a title that is long enough must stand in the question."""


@dataclass(frozen=True, slots=True)
class HelpSection:
    """One section of a page. ``lines`` are its Markdown with placeholders, title and words left out."""

    page: str
    anchor: str
    level: int
    title: str
    words: tuple[str, ...]
    """What it is asked by, in lower case."""
    lines: tuple[str, ...]
    pairs: frozenset[str] = field(repr=False, default=frozenset())
    title_pairs: frozenset[str] = field(repr=False, default=frozenset())


@dataclass(frozen=True, slots=True)
class RuleValue:
    """A number of the rule book with its unit and the paragraph it comes from."""

    name: str
    value: float
    unit: str
    source: str


def fold(text: str) -> str:
    """Lower case without anything that is no letter and no digit."""
    return re.sub(r"[^0-9a-z가-힣ㄱ-ㅎ]", "", text.casefold())


def _pairs(text: str) -> frozenset[str]:
    folded = fold(text)
    return frozenset(folded[at : at + 2] for at in range(len(folded) - 1))


# The words of all pages, which do not change while the program runs.
_folded_word = cache(fold)


@cache
def _pattern(word: str) -> re.Pattern[str]:
    """A Latin word as it may stand in a sentence: between other letters it is another word; a plural is the same."""
    body = r"[\s-]*".join(re.escape(part) for part in re.split(r"[\s-]+", word))
    return re.compile(rf"(?<![a-z0-9]){body}s?(?![a-z0-9])")


def _holds(folded: str, lower: str, word: str) -> bool:
    key = _folded_word(word)
    if key not in folded:
        return False
    if word.isascii():
        return _pattern(word).search(lower) is not None
    # A unit of days is no word: the journal (일지) is not in "3일 지나면".
    return not word.startswith("일지") or re.search(rf"(?<!\d){key}", folded) is not None


class HelpBook:
    """All help pages of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.sections: tuple[HelpSection, ...] = tuple(
            section
            for file in sorted(resources.path("help", language).glob("*.md"))
            for section in _sections(file.stem, file.read_text(encoding="utf-8"))
        )
        self._by_anchor = {section.anchor: section for section in self.sections}

    def section(self, anchor: str) -> HelpSection | None:
        """The section of an anchor."""
        return self._by_anchor.get(anchor)

    def is_named(self, section: HelpSection, text: str) -> bool:
        """Whether a question holds one of the words a section is asked by."""
        folded, lower = fold(text), text.casefold()
        return any(_holds(folded, lower, word) for word in section.words)

    def page(self, name: str) -> tuple[HelpSection, ...]:
        """The sections of a page in their order."""
        return tuple(section for section in self.sections if section.page == name)

    def find(self, text: str, limit: int = 3) -> list[tuple[HelpSection, float]]:
        """Sections that fit a question, best first; none where nothing fits.

        A named word of a section counts most (the longer the better), then pairs of letters shared with its title, then with
        its text. Ties keep the order of the pages.
        """
        folded, pairs, lower = fold(text), _pairs(text), text.casefold()
        if not folded:
            return []
        found = []
        for section in self.sections:
            named = max((len(_folded_word(word)) for word in section.words if _holds(folded, lower, word)), default=0)
            inside = len(pairs & section.pairs) / len(pairs) if pairs else 0.0
            title = len(pairs & section.title_pairs) / max(len(section.title_pairs), 1)
            score = _ALIAS_WEIGHT * named + _TITLE_WEIGHT * title + inside
            if named or (title >= _TITLE_SHARE and len(section.title_pairs) >= _TITLE_PAIRS):
                found.append((section, score))
        found.sort(key=lambda pair: -pair[1])
        return found[:limit]


@lru_cache(maxsize=2)
def help_book(language: Language) -> HelpBook:
    """The pages of a language, read once."""
    return HelpBook(language)


def _sections(page: str, text: str) -> list[HelpSection]:
    found: list[HelpSection] = []
    title: tuple[int, str, str] | None = None
    words: tuple[str, ...] = ()
    lines: list[str] = []

    def close() -> None:
        if title is not None:
            body = "\n".join(re.sub(r"\{[^}]*\}", " ", line) for line in lines)
            found.append(
                HelpSection(
                    page, title[2], title[0], title[1], words, tuple(lines), _pairs(f"{title[1]} {body}"), _pairs(title[1])
                )
            )

    for line in text.splitlines():
        begins, named = _TITLE.fullmatch(line), _WORDS.fullmatch(line)
        if begins:
            close()
            title, words, lines = (len(begins.group(1)), begins.group(2), begins.group(3)), (), []
        elif named:
            words = tuple(word.strip().casefold() for word in named.group(1).split(",") if fold(word))
        else:
            lines.append(line)
    close()
    return found


# -- numbers of the rules ---------------------------------------------------------------------------------------------------


def rule_value(name: str, rules: Rules) -> RuleValue:
    """Read a number of the rule book by its dotted name (``vcp.rs_min``, ``vcp.dry_ratio.0``, ``vcp.dry_ratio.0.points``).

    Raises
    ------
    KeyError
        If there is no such number: a mistake in a page that the tests catch.
    """
    section_name, field_name, *rest = name.split(".")
    section = getattr(rules, section_name, None)
    if not dataclasses.is_dataclass(section) or field_name not in {item.name for item in dataclasses.fields(section)}:
        raise KeyError(name)
    spec: Spec | None = next(item.metadata.get("spec") for item in dataclasses.fields(section) if item.name == field_name)
    value = getattr(section, field_name)
    unit, source = (spec.unit, spec.source) if spec is not None else ("", "")
    if rest:
        value = value[int(rest[0])]
        if isinstance(value, Rung):
            points = len(rest) > 1
            of_points = "×" if field_name.endswith("_weight") else "points"
            value, unit = (value.points, of_points) if points else (value.threshold, unit)
        else:
            unit = "points"
    if field_name.endswith("_minute"):
        unit = "min"
    return RuleValue(name, float(value), unit, source or f"{section_name}.{field_name}")


def _amount(value: float, unit: str, language: Language) -> tuple[str, Unit]:
    """A number of the rules as prose writes it, and its unit as a fact."""
    korean, number = language == "ko", fmt.number(value, digits_of(value))
    if unit == "원":
        large = abs(value) >= 1e7
        text = fmt.money(value, language) if large else f"{number}원" if korean else f"₩{number}"
        return text.replace("-", fmt.signed(-1.0, 0)[0]), "krw" if large else "won"
    if unit == "min":
        return f"{int(value) // 60:02d}:{int(value) % 60:02d}", "time"
    known: dict[str, tuple[str, str, Unit]] = {
        "%": ("%", "%", "%"),
        "points": ("점", "", "points"),
        "bars": ("봉", " bars", "bars"),
        "days": ("일", " days", "days"),
        "×": ("배", "×", "×"),
        "h": ("시간", " hours", ""),
        "s": ("초", " seconds", ""),
        "R": ("R", "R", ""),
        "stocks": ("종목", "", ""),
    }
    ko, en, fact_unit = known.get(unit, ("", "", ""))
    return number + (ko if korean else en), fact_unit


def rule_fact(book: FactBook, name: str, rules: Rules, anchor: str) -> Fact:
    """A threshold as a fact that says which paragraph and rule set it comes from."""
    found = rule_value(name, rules)
    text, unit = _amount(found.value, found.unit, book.language)
    value: float | str = text if unit == "time" else found.value
    title = book.texts("assistant_market.fact.rule")
    formula = f"{found.source} · {rules.ruleset_id}"
    return book.add(f"rule.{name}", value, unit, title, Target("help", item=anchor), text=text, formula=formula)


def _maximum(name: str, rules: Rules) -> float:
    """Most points of a group or component: ``jongga.news``, ``gate.fx``, ``vcp.A``, ``day``."""
    strategy, _, part = name.partition(".")
    if strategy == "day":
        return rules.daytrading.full_points * len(DAY_ITEMS)
    if strategy == "vcp":
        maxima = item_maxima(rules)
        return float(sum(points for points, group in zip(maxima, ITEM_GROUP, strict=True) if group == part))
    names, values = (
        (CLOSING_COMPONENTS, closing_maxima(rules)) if strategy == "jongga" else (GATE_COMPONENTS, gate_maxima(rules.gate))
    )
    return float(values[names.index(part)]) if part else float(sum(values))


_TICKS_OF = date(2023, 1, 25)
"""First day of the tick sizes in force."""
_FIGURES_ONLY = re.compile(r"[^0-9.]")
_COUNTS: dict[str, int] = {"day": len(DAY_ITEMS), "jongga": len(CLOSING_COMPONENTS), "gate": len(GATE_COMPONENTS)}


def _placeholder(name: str, rules: Rules, language: Language) -> tuple[str, float, Unit]:
    kind, _, rest = name.partition(".")
    if kind == "maxima":
        value = _maximum(rest, rules)
        text, unit = _amount(value, "points", language)
        return text, value, unit
    if kind == "count":
        return str(_COUNTS[rest]), float(_COUNTS[rest]), ""
    if kind == "tax":
        year, market = rest.split(".")
        rate = next(item for item in reversed(rules.cost.tax) if item.settled_from <= date(int(year), 12, 31))
        percent = {"kospi": rate.kospi_pct, "kosdaq": rate.kosdaq_pct, "konex": rate.konex_pct}[market]
        return f"{percent:.2f}%", percent, "%"
    if kind == "session":
        return _clock(*rest.split(".")), 0.0, "time"
    if kind in ("tick", "won"):
        won = float(tick_size(int(rest), Market.KOSPI, _TICKS_OF)) if kind == "tick" else float(rest)
        return _amount(won, "원", language)[0], won, "won"
    if kind == "ruleset":
        return rules.ruleset_id, 0.0, "word"
    if kind == "said":
        return rest, float(_FIGURES_ONLY.sub("", rest)), ""
    raise KeyError(name)


def _clock(venue: str, phase: str, end: str) -> str:
    """When a phase of the newest rule of a venue begins or ends, as ``HH:MM``."""
    rule = next(item for item in reversed(DEFAULT_SESSIONS.phases) if (item.venue, item.phase) == (venue, phase))
    minute = rule.start_minute if end == "start" else rule.end_minute
    return f"{minute // 60:02d}:{minute % 60:02d}"


# -- writing ----------------------------------------------------------------------------------------------------------------


def written(section: HelpSection, rules: Rules, language: Language) -> str:
    """A section as Markdown with its numbers, for the help window and the model."""
    found = [f"{'#' * section.level} {section.title}"]
    for line in section.lines:
        parts = []
        for literal, name, _, _ in string.Formatter().parse(line):
            parts.append(literal)
            if name is not None:
                is_rule = name.startswith("rules.")
                value = rule_value(name.removeprefix("rules."), rules) if is_rule else None
                parts.append(_amount(value.value, value.unit, language)[0] if value else _placeholder(name, rules, language)[0])
        found.append("".join(parts))
    return "\n".join(found).strip() + "\n"


def section_blocks(section: HelpSection, book: FactBook, rules: Rules, *, titled: bool = True) -> list[Block]:
    """A section as blocks of an answer; every number in it is a fact that leads to the page."""
    target = Target("help", item=section.anchor)

    def spans(text: str) -> tuple[Span, ...]:
        return _linked(text, book, rules, target)

    topic = book.add("help.topic", section.title, "word", book.texts("assistant_market.fact.help_title"), target)
    blocks: list[Block] = [Heading((Span(topic.text, fact=topic.id),))] if titled else []
    for group in _groups(section.lines):
        if group[0].startswith("- "):
            blocks.append(Items(tuple(spans(line[2:]) for line in group)))
        elif group[0].startswith("|"):
            blocks.append(_table(group, spans))
        else:
            blocks.append(Paragraph(spans(" ".join(group))))
    return blocks


def _groups(lines: tuple[str, ...]) -> list[list[str]]:
    """Runs of lines that belong to one block."""
    groups: list[list[str]] = []
    kind = ""
    for line in lines:
        now = "" if not line.strip() else line[:2] if line.startswith(("- ", "| ")) else "|" if line[0] == "|" else "p"
        now = "| " if now == "|" else now
        if not now:
            kind = ""
            continue
        if now == "p" and kind == "- ":
            groups[-1][-1] += " " + line.strip()
            continue
        if now != kind:
            groups.append([])
            kind = now
        groups[-1].append(line.strip())
    return groups


def _table(lines: list[str], spans: Callable[[str], tuple[Span, ...]]) -> Table:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if set(line) - set("|-: ")]
    return Table(tuple(spans(cell) for cell in rows[0]), tuple(tuple(spans(cell) for cell in row) for row in rows[1:]))


def _linked(text: str, book: FactBook, rules: Rules, target: Target) -> tuple[Span, ...]:
    found: list[Span] = []
    bold = False
    for literal, name, _, _ in string.Formatter().parse(text):
        for number, piece in enumerate(literal.split("**")):
            bold = bold != bool(number)
            found += _figures(piece, book, target, bold=bold)
        if name is None:
            continue
        if name.startswith("rules."):
            fact = rule_fact(book, name.removeprefix("rules."), rules, target.item)
        else:
            shown, value, unit = _placeholder(name, rules, book.language)
            title = book.texts("assistant_market.fact.rule")
            known = "maxima" if name.startswith("maxima") else "help.figure"
            taken: float | str = shown if unit in ("time", "word") else value
            fact = book.add(known, taken, unit, title, target, text=shown, formula=rules.ruleset_id)
        found.append(Span(fact.text, fact=fact.id, bold=bold))
    return tuple(found)


def _figures(piece: str, book: FactBook, target: Target, *, bold: bool) -> list[Span]:
    """Words as they are; keys, screen numbers and clock times of the page as facts that lead to it."""
    found, at = [], 0
    for figure in _FIGURE.finditer(piece):
        words = figure.group(0).rstrip(".,:")
        if figure.start() > at:
            found.append(Span(piece[at : figure.start()], bold=bold))
        fact = book.add("help.figure", words, "", book.texts("assistant_market.fact.figure"), target, text=words)
        found.append(Span(words, fact=fact.id, bold=bold))
        at = figure.start() + len(words)
    if at < len(piece):
        found.append(Span(piece[at:], bold=bold))
    return found
