"""Two or more symbols side by side: the same quantities in one table, and a sentence for each difference that matters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ralphstock_desktop.services.assistant.answers.stock_closing import read_closing, read_day
from ralphstock_desktop.services.assistant.answers.stock_flows import read_flows
from ralphstock_desktop.services.assistant.answers.stock_prices import read_bar, read_high, read_quote
from ralphstock_desktop.services.assistant.answers.stock_records import current_grade, read_record
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, day_at, joined, score_digits
from ralphstock_desktop.services.assistant.answers.stock_vcp import read_vcp
from ralphstock_desktop.services.assistant_contracts import Fact, Paragraph, Spans, Table, Target
from ralphstock_desktop.wording import format as fmt

__all__ = ["write_compare"]

_MATTERS_POINTS = 5.0
"""Totals closer than this are called alike."""
_MATTERS_PERCENT = 3.0
"""So are distances from the year's high."""
_ONLY_WHERE_APART = (("change", 3.0), ("closing", 2.0), ("day", 10.0))
"""Rows whose difference gets a sentence only from here on."""

_FOREIGN_WORDS = ("외국인", "외인", "foreign")
_INSTITUTION_WORDS = ("기관", "institution")
_VALUE_WORDS = ("거래대금", "거래 대금", "turnover", "traded value")

_ROW_OF_DETAIL = (("rs", "rs"), ("smartmoney", "smartmoney"), ("high", "below_high"), ("pivot", "distance"))
_ROW_OF_STRATEGY = (("VCP", "total"), ("CLOSING_BET", "closing"), ("DAY_TRADE", "day"))
_SCORE_ROWS = frozenset(("rs", "smartmoney", "total", "closing", "day", "distance"))
"""Quantities a question names, by the row that tells them."""

Row = Callable[[Symbol], Fact | None]


def _change(s: Symbol) -> Fact | None:
    quote = read_quote(s)
    if quote is not None:
        return quote.change
    return read_bar(s, s.last_bar).change if s.last_bar is not None else None


def _price(s: Symbol) -> Fact | None:
    quote = read_quote(s)
    if quote is not None:
        return quote.price
    return read_bar(s, s.last_bar).close if s.last_bar is not None else None


def _time(s: Symbol) -> Fact | None:
    quote = read_quote(s)
    if quote is not None:
        return quote.time
    return read_bar(s, s.last_bar).time if s.last_bar is not None else None


def _value(s: Symbol) -> Fact | None:
    return read_bar(s, s.last_bar).value if s.last_bar is not None else None


def _below_high(s: Symbol) -> Fact | None:
    return read_high(s, s.last_bar)[2] if s.last_bar is not None else None


def _vcp(part: str) -> Row:
    def read(s: Symbol) -> Fact | None:
        vcp = read_vcp(s)
        found: Fact | None = getattr(vcp, part) if vcp is not None else None
        return found

    return read


def _distance(s: Symbol) -> Fact | None:
    read_vcp(s)
    return next((fact for fact in s.book.facts if (fact.ticker, fact.name) == (s.ticker, "vcp.pivot_distance_pct")), None)


def _rs(s: Symbol) -> Fact | None:
    scan = s.pictures.scan
    if scan is None:
        return None
    value, day = float(scan.scan.rs[s.row]), day_at(s.panel.days, scan.scan.day_index)
    return s.fact("vcp.rs", value, "", s.evidence("F1"), day=day, known_at_ns=s.bar_known_ns(day), decimals=0)


def _flow(kind: str) -> Row:
    def read(s: Symbol) -> Fact | None:
        found: Fact = getattr(read_flows(s), kind)
        return found

    return read


def _closing(s: Symbol) -> Fact | None:
    closing = read_closing(s)
    return closing.total if closing is not None else None


def _day(s: Symbol) -> Fact | None:
    day = read_day(s)
    return day.score if day is not None else None


def _record(s: Symbol) -> Fact | None:
    grade = current_grade(s, "VCP")
    record = read_record(s, "VCP", grade) if grade else None
    return record.mean if record is not None and record.enough else None


_ROWS: tuple[tuple[str, Row], ...] = (
    ("time", _time),
    ("price", _price),
    ("change", _change),
    ("value", _value),
    ("below_high", _below_high),
    ("total", _vcp("total")),
    ("grade", _vcp("grade")),
    ("state", _vcp("state")),
    ("distance", _distance),
    ("rs", _rs),
    ("smartmoney", _vcp("smartmoney")),
    ("foreign", _flow("foreign")),
    ("institution", _flow("institution")),
    ("closing", _closing),
    ("day", _day),
    ("record", _record),
)


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    facts: tuple[Fact | None, ...]


def write_compare(symbols: list[Symbol]) -> None:
    """What differs first, then the table."""
    first = symbols[0]
    lines = [_Line(name, tuple(read(s) for s in symbols)) for name, read in _ROWS]
    known = [line for line in lines if any(fact is not None and fact.value is not None for fact in line.facts)]
    by_name = {line.name: line for line in lines}
    heads = [s.say("head", name=s.name_fact, code=s.code_fact) for s in symbols]
    times = {fact.text if fact is not None else "" for fact in by_name["time"].facts}
    time = by_name["time"].facts[0]
    if len(times) == 1 and time is not None and time.value is not None:
        # One instant for all is said once; only different ones need a row.
        known.remove(by_name["time"])
        first.draft.blocks.append(Paragraph(first.say("compare.head.at", symbols=joined(heads, ", "), time=time)))
    else:
        first.draft.blocks.append(Paragraph(first.say("compare.head", symbols=joined(heads, ", "))))
    leads = [_lead(symbols, by_name[name]) for name in _asked(first)]
    first.paragraph(*leads)
    if len(symbols) == 2:
        first.items(*_differences(symbols[0], symbols[1], by_name))
    head = (first.say("compare.col.what"), *(s.book.spans("{name}", name=s.name_fact) for s in symbols))
    rows = tuple((first.say(f"compare.row.{line.name}"), *(_cell(first, fact) for fact in line.facts)) for line in known)
    first.draft.blocks.append(Table(head, rows, (False, *(True for _ in symbols))))


def _asked(s: Symbol) -> list[str]:
    """Rows the question itself is about."""
    question = s.draft.question
    text, found = question.text.casefold(), []
    if "flow" in question.intents:
        foreign, institution = (any(word in text for word in words) for words in (_FOREIGN_WORDS, _INSTITUTION_WORDS))
        found += ["foreign"] if foreign or not institution else []
        found += ["institution"] if institution or not foreign else []
    if any(word in text for word in _VALUE_WORDS):
        found.append("value")
    elif "price" in question.intents and question.first_day is None:
        found.append("change")
    for name, row in _ROW_OF_DETAIL:
        if name in question.details:
            found.append(row)
    for strategy, row in _ROW_OF_STRATEGY:
        if strategy in question.strategies:
            found.append(row)
    if "score" in question.intents and not set(found) & _SCORE_ROWS:
        found.append("total")
    return list(dict.fromkeys(found))


def _lead(symbols: list[Symbol], line: _Line) -> Spans:
    """One quantity of all symbols, the largest first; a missing one is said to be missing."""
    first = symbols[0]
    known = [(s, fact) for s, fact in zip(symbols, line.facts, strict=True) if fact is not None and fact.value is not None]
    known.sort(key=lambda pair: -float(pair[1].value or 0))
    missing = [s for s in symbols if s not in [one for one, _ in known]]
    parts = [s.say("compare.lead.part", name=s.name_fact, value=fact) for s, fact in known]
    parts += [s.say("compare.lead.part", name=s.name_fact, value=s.say("word.missing")) for s in missing]
    return first.say("compare.lead", what=first.say(f"compare.row.{line.name}"), values=joined(parts, ", "))


def _cell(s: Symbol, fact: Fact | None) -> Spans:
    return s.book.spans("{cell}", cell=fact) if fact is not None else s.say("word.missing")


def _differences(one: Symbol, two: Symbol, lines: dict[str, _Line]) -> list[Spans]:
    found: list[Spans] = []
    total = _pair(lines["total"])
    if total is None:
        for s, fact in zip((one, two), lines["total"].facts, strict=True):
            if fact is not None and fact.value is None:
                found.append(s.say("compare.no_total", name=s.name_fact))
    else:
        found.append(_bigger(one, two, total, "total", _MATTERS_POINTS))
    for name, matters in _ONLY_WHERE_APART:
        pair = _pair(lines[name])
        if pair is not None and abs(float(pair[0].value or 0) - float(pair[1].value or 0)) >= matters:
            found.append(_bigger(one, two, pair, name, matters))
    below = _pair(lines["below_high"])
    if below is not None:
        found.append(_bigger(one, two, below, "below_high", _MATTERS_PERCENT))
    for kind in ("foreign", "institution"):
        pair = _pair(lines[kind])
        if pair is not None and (float(pair[0].value or 0) > 0) != (float(pair[1].value or 0) > 0):
            buyer, seller = (one, two) if float(pair[0].value or 0) > 0 else (two, one)
            bought, sold = (pair[0], pair[1]) if buyer is one else (pair[1], pair[0])
            found.append(
                one.say(f"compare.flow.{kind}", buyer=buyer.name_fact, bought=bought, seller=seller.name_fact, sold=sold)
            )
        elif pair is None:
            for s, fact in zip((one, two), lines[kind].facts, strict=True):
                if kind == "foreign" and (fact is None or fact.value is None):
                    found.append(s.say("compare.no_flow", name=s.name_fact))
    return found


def _pair(line: _Line) -> tuple[Fact, Fact] | None:
    one, two = line.facts[0], line.facts[1]
    if one is None or two is None or one.value is None or two.value is None:
        return None
    return one, two


def _bigger(one: Symbol, two: Symbol, pair: tuple[Fact, Fact], what: str, matters: float) -> Spans:
    gap = float(pair[0].value or 0) - float(pair[1].value or 0)
    if abs(gap) < matters:
        return one.say(f"compare.{what}.alike", first=pair[0], second=pair[1], one=one.name_fact, two=two.name_fact)
    ahead, behind = (one, two) if gap > 0 else (two, one)
    more, less = (pair[0], pair[1]) if gap > 0 else (pair[1], pair[0])
    target = Target("panel", panel="symbols", ticker=ahead.ticker, item=what)
    in_points = pair[0].unit == "points"
    text = None if in_points else fmt.percent_apart(abs(gap), 1, one.book.language).removeprefix("+")
    apart = one.fact(
        "compare.gap",
        abs(gap),
        "points" if in_points else "%p",
        target,
        plus=False,
        decimals=score_digits(round(abs(gap), 9)) if in_points else None,
        text=text,
        formula=f"{more.text} \u2212 ({less.text})",
        known_at_ns=pair[0].known_at_ns,
    )
    return one.say(f"compare.{what}", ahead=ahead.name_fact, behind=behind.name_fact, more=more, less=less, gap=apart)
