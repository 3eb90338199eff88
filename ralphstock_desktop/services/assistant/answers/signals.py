"""Answers about signals: those of the scans on screen with grades, order and counts, the stored ones, and near misses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.instruments import Market
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.general import answer_general
from ralphstock_desktop.services.assistant.answers.market_focus import named_sectors
from ralphstock_desktop.services.assistant.answers.market_parts import (
    Writer,
    limit_of,
    problem_of,
    settled_strategies,
)
from ralphstock_desktop.services.assistant.answers.market_quantities import SCORES, STRATEGY_PANELS
from ralphstock_desktop.services.assistant.answers.performance import answer_performance
from ralphstock_desktop.services.assistant.answers.signal_changes import tell_changes
from ralphstock_desktop.services.assistant.answers.signal_lists import (
    FoundSignals,
    SignalRow,
    closing_row,
    found_of,
    tell_common,
)
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant.triggers import phrase, spoken
from ralphstock_desktop.services.assistant_contracts import Question, Span, Target
from ralphstock_desktop.services.filters.language import FilterError, parse_filter
from ralphstock_desktop.services.filters.scan_rows import ScanFields
from ralphstock_desktop.services.filters.scan_words import scan_vocabulary
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, NearMiss, Strategies, StrategyName
from ralphstock_desktop.strategy_ports import SignalRecord
from ralphstock_desktop.wording import format as fmt

__all__ = ["answer_signal"]

_USUAL, _NEAR, _MOST = 10, 5, 50
_MARKETS = {Market.KOSPI: ("코스피", "kospi"), Market.KOSDAQ: ("코스닥", "kosdaq")}
_BOTH = phrase("both_strategies")
_OR_BETTER = re.compile(r"이상|or (?:better|above|higher)|and (?:above|up)|at least")
_LEAST = re.compile(
    r"(\d+(?:\.\d+)?)\s?점\s?(?:이상|넘|초과)|(?:scor\w+|points?) (?:of )?(?:above|over|at least) (\d+(?:\.\d+)?)"
    r"|(\d+(?:\.\d+)?) (?:points )?or (?:more|higher|above)"
)
_STATES = spoken("states")
_HEAD = ("col.stock", "col.grade", "col.score", "col.change", "col.entry", "col.stop", "col.target")
_RIGHT = (False, False, True, True, True, True, True)
_LETTERS = ("S", "A", "B", "C")


async def answer_signal(desk: Desk, draft: AnswerDraft) -> None:
    """Tell the open signals of the strategies asked about (of all without one), or those of earlier days, or near misses."""
    asks_rules = "filter" in draft.question.intents and not draft.question.wants_change
    if "definition" in draft.question.intents or asks_rules:
        await answer_general(desk, draft)
        return
    if "record" in draft.question.intents:
        await answer_performance(desk, draft)
        return
    strategies = await settled_strategies(desk)
    writer, question = Writer(desk, draft), draft.question
    if "diff" in question.intents and "near" not in question.intents:
        await tell_changes(writer, strategies)
        writer.propose("open_panel", "do.diff", "trend", panel="diff", ticker="")
        return
    asked = [name for name in STRATEGIES if name in question.strategies] or list(STRATEGIES)
    of_both = len(question.strategies) > 1 and "near" not in question.intents and _BOTH.search(question.text.casefold())
    if of_both and tell_common(writer, strategies, asked):
        writer.propose("open_panel", "do.signals", "table", panel=STRATEGY_PANELS[asked[0]], ticker="")
        return
    shown: date | None = None
    for name in asked:
        if "near" in question.intents:
            _near(writer, strategies, name)
            continue
        found = found_of(writer, strategies, name)
        shown = found.day if found is not None else shown
        if _asks_the_past(writer, found):
            await _stored_between(writer, strategies, name)
        elif found is None:
            _nothing(writer, strategies, name)
        else:
            _listed(writer, strategies, name, found)
    writer.propose("open_panel", "do.signals", "table", panel=STRATEGY_PANELS[asked[0]], ticker="")


def _grades_meant(question: Question) -> tuple[str, ...]:
    """Grades a question asks for; those above too, where it says "or better"."""
    named = tuple(letter for letter in question.grades if letter in _LETTERS)
    if len(named) == 1 and _OR_BETTER.search(question.text.casefold()):
        return _LETTERS[: _LETTERS.index(named[0]) + 1]
    return named


def _asks_the_past(writer: Writer, found: FoundSignals | None) -> bool:
    question = writer.draft.question
    asked = question.last_day or question.first_day
    if asked is None:
        return False
    return found is None or (question.first_day or asked) != found.day or asked != found.day


# -- writing ----------------------------------------------------------------------------------------------------------------


def _nothing(writer: Writer, strategies: Strategies, name: StrategyName) -> None:
    """No scan of the instant: why. A failure is raised, never told as an empty list."""
    state = {
        "VCP": writer.desk.workstation.scan_state.last,
        "CLOSING_BET": strategies.closing_state.last,
        "DAY_TRADE": strategies.day_state.last,
    }[name]
    problem = problem_of(state)
    writer.head("signal.head", strategy=writer.strategy(name))
    writer.say("signal.waiting" if problem is None else "signal.nothing_known", when=writer.now())
    writer.note("note.no_scan", strategy=writer.strategy(name))


def _listed(writer: Writer, strategies: Strategies, name: StrategyName, found: FoundSignals) -> None:
    question = writer.draft.question
    panel_target = Target("panel", panel=STRATEGY_PANELS[name], strategy=name)
    wanted = {Grade[letter] for letter in _grades_meant(question)}
    rows = [row for row in found.rows if not wanted or row.grade in wanted]
    least = _LEAST.search(question.text.casefold())
    if least is not None:
        bound = float(next(word for word in least.groups() if word))
        rows = [row for row in rows if np.isfinite(row.score) and row.score >= bound]
    state = next((name for pattern, name, _ in _STATES if pattern.search(question.text.casefold())), "")
    limits = question.filter_text or state
    if name == "VCP" and limits:
        rows = _that_meet(writer, rows, limits)
    sectors = named_sectors(question.text)
    if sectors:
        of = {str(ticker): str(sector) for ticker, sector in zip(found.panel.tickers, found.panel.sectors, strict=True)}
        rows = [row for row in rows if any(sector in of.get(row.ticker, "") for sector in sectors)]
    text = question.text.casefold()
    market = next((market for market, words in _MARKETS.items() if any(word in text for word in words)), None)
    if market is not None and question.type == "market":
        held = {str(found.panel.tickers[row]) for row in np.flatnonzero(found.panel.market == market)}
        rows = [row for row in rows if row.ticker in held]
    writer.head("signal.head", strategy=writer.strategy(name))
    if market is not None and question.type == "market":
        writer.say("signal.of_market", market=writer.texts(f"table.market.{market.name.lower()}"))
    if sectors:
        writer.say("signal.of_sector", sector=", ".join(sectors))
    if least is not None:
        asked = writer.number("signal.asked_score", bound, "points", "score", panel_target, known_at_ns=None)
        writer.say("signal.at_least", score=asked)
    count = writer.number("signal.count", float(len(rows)), "", "signal_count", panel_target, known_at_ns=found.known_ns)
    day = writer.book.add_day("signal.day", found.day, writer.title("signal_day"), panel_target)
    key = "signal.what_if" if found.what_if else "signal.line" if rows else "signal.none"
    writer.say(key, day=day, count=count)
    if name != "VCP" and found.day < writer.picture.as_of.day:
        # These two are read during a day: results of another one must not pass for this one's.
        writer.say("signal.earlier")
    if rows and len(rows) == len(found.rows):
        _counts(writer, name, rows, found)
    if found.gate in (GateStatus.RED, GateStatus.UNKNOWN) and rows:
        writer.say("signal.watch_only", status=writer.texts(f"gate.status.{found.gate.name.lower()}"))
    elif name == "DAY_TRADE" and rows and not any(row.phase for row in rows):
        writer.say("signal.no_entry")
    if not rows and name == "CLOSING_BET" and not sectors and least is None:
        _candidates(writer, strategies, found)
    if rows:
        limit = limit_of(question, _USUAL, _MOST)
        writer.table(_HEAD, [_row(writer, name, row, found) for row in rows[:limit]], _RIGHT)
        if len(rows) > limit:
            shown = writer.number("signal.shown", float(limit), "", "shown", panel_target)
            writer.say("signal.more", count=count, shown=shown)
        writer.draft.has_stock = True
    _stored_now(writer, strategies, name)


def _that_meet(writer: Writer, rows: list[SignalRow], line: str) -> list[SignalRow]:
    """Signals that meet a condition, by the filter the tables have too; all of them where it cannot be read."""
    picture = writer.desk.workstation.scans.last
    if picture is None:
        return rows
    try:
        mask = parse_filter(line, scan_vocabulary())(ScanFields(picture.panel, picture.scan))
    except FilterError:
        return rows
    target = Target("panel", panel=STRATEGY_PANELS["VCP"], item="filter")
    shown = writer.add("screen.filter", line, "text", writer.title("filter"), target, text=line, known_at_ns=None)
    writer.say("rank.among", filter=shown)
    places = {row.ticker: picture.panel.row_of(row.ticker) for row in rows}
    return [row for row in rows if (place := places[row.ticker]) is not None and mask[place]]


def _candidates(writer: Writer, strategies: Strategies, found: FoundSignals) -> None:
    """Closing bets that came into question and are no signals, best first."""
    picture = strategies.closing.last
    if picture is None or not len(picture.scan.order):
        return
    scan, target = picture.scan, Target("panel", panel="closing", item="candidates")
    best = scan.order.tolist()[:_NEAR]
    count = writer.number("closing.candidates", float(len(scan.order)), "", "candidates", target, known_at_ns=found.known_ns)
    shown = writer.number("signal.shown", float(len(best)), "", "shown", target)
    writer.say("signal.candidates", count=count, shown=shown)
    writer.table(_HEAD, [_row(writer, "CLOSING_BET", closing_row(picture, row), found) for row in best], _RIGHT)
    writer.draft.has_stock = True


def _counts(writer: Writer, name: StrategyName, rows: Sequence[SignalRow], found: FoundSignals) -> None:
    """Signals by grade, grades without any left out."""
    by_grade = Counter(row.grade for row in rows)
    parts: list[Span] = []
    for letter in _LETTERS:
        number = by_grade[Grade[letter]]
        if not number:
            continue
        target = Target("panel", panel=STRATEGY_PANELS[name], strategy=name, item=letter)
        grade = writer.grade(SCORES[name][0], Grade[letter], target)
        count = writer.number("signal.count_grade", float(number), "count", "signal_count", target, known_at_ns=found.known_ns)
        parts += [*((Span(" · "),) if parts else ()), *writer.line("signal.by_grade", grade=grade, count=count)]
    writer.say("signal.counts", counts=tuple(parts))


def _row(writer: Writer, name: StrategyName, row: SignalRow, found: FoundSignals) -> tuple[Part, ...]:
    ticker, day, known = row.ticker, found.day, found.known_ns

    def target(column: str) -> Target:
        return writer.cell_of(name, ticker, column)

    def price(column: str, value: float) -> Part:
        if not np.isfinite(value):
            return writer.line("missing")
        title = writer.title(column)
        return writer.add(f"signal.{column}", value, "won", title, target(column), ticker=ticker, day=day, known_at_ns=known)

    grade = writer.grade(SCORES[name][0], row.grade, target("grade"), ticker=ticker, day=day, known_at_ns=known)
    scale = {"decimals": fmt.score_decimals(row.score)} if name != "CLOSING_BET" else {}
    score = writer.number(
        SCORES[name][1], row.score, "points", "score", target("total"), ticker=ticker, day=day, known_at_ns=known, **scale
    )
    change: Part = writer.line("missing")
    if np.isfinite(row.change_pct):
        title = writer.title("change")
        change = writer.add(
            "signal.change", row.change_pct, "%", title, target("change"), ticker=ticker, day=day, known_at_ns=known
        )
    stock = writer.stock(ticker, found.panel, target("name"))
    return (
        stock,
        grade,
        score,
        change,
        price("entry", row.entry_krw),
        price("stop", row.stop_krw),
        price("target", row.target_krw),
    )


# -- stored signals ---------------------------------------------------------------------------------------------------------


def _stored(strategies: Strategies, name: StrategyName, as_of: AsOf) -> list[SignalRecord]:
    """Stored signals of a strategy; none of a day after the instant."""
    records: Iterable[SignalRecord] = strategies.journal.signals.last or ()
    return [
        record
        for record in records
        if record.signal.strategy == name and not record.signal.superseded and record.signal.signal_date <= as_of.day
    ]


def _stored_now(writer: Writer, strategies: Strategies, name: StrategyName) -> None:
    open_now = [record for record in _stored(strategies, name, writer.picture.as_of) if record.signal.status == "OPEN"]
    if not open_now:
        return
    target = Target("panel", panel="journal", strategy=name)
    count = writer.number("signal.stored", float(len(open_now)), "", "signal_stored", target)
    phases = Counter(record.signal.phase for record in open_now)
    parts: list[Span] = []
    for phase in ("ACTIVE", "PENDING", "WATCH"):
        if phases[phase]:
            where = Target("panel", panel="journal", strategy=name, item=phase)
            number = writer.number("signal.stored", float(phases[phase]), "count", "signal_stored", where)
            words = writer.texts(writer.key(f"phase.{phase.lower()}"))
            parts += [*((Span(" · "),) if parts else ()), *writer.line("signal.phase", phase=words, count=number)]
    writer.say("signal.stored", count=count, phases=tuple(parts))


async def _stored_between(writer: Writer, strategies: Strategies, name: StrategyName) -> None:
    """Stored signals of the days asked about, as known at the instant."""
    question, as_of = writer.draft.question, writer.picture.as_of
    last = question.last_day or question.first_day or as_of.day
    first = question.first_day or last
    target = Target("panel", panel="journal", strategy=name)
    writer.head("signal.head", strategy=writer.strategy(name))
    begin = writer.book.add_day("asked.day", first, writer.title("asked_day"), target)
    end = writer.book.add_day("asked.day", last, writer.title("asked_day"), target)
    if first > as_of.day:
        writer.say("past.later", day=begin, when=writer.now())
        return
    wanted = set(_grades_meant(question))
    rows = [
        record
        for record in _stored(strategies, name, as_of)
        if first <= record.signal.signal_date <= last and (not wanted or record.signal.values.get("grade") in wanted)
    ]
    count = writer.number("signal.stored", float(len(rows)), "", "signal_stored", target, formula=f"{first} – {last}")
    one_day = first == last
    key = "signal.past_day" if one_day else "signal.past_days"
    writer.say(key if rows else f"{key}.none", **({"day": begin} if one_day else {"first": begin, "last": end}), count=count)
    if rows:
        limit = limit_of(question, _USUAL, _MOST)
        head = ("col.day", "col.stock", "col.grade", "col.score", "col.status", "col.net")
        cells = [_stored_row(writer, name, record) for record in rows[:limit]]
        writer.table(head, cells, (False, False, False, True, False, True))
        writer.draft.has_stock = True


def _stored_row(writer: Writer, name: StrategyName, record: SignalRecord) -> tuple[Part, ...]:
    signal = record.signal
    ticker, day = signal.ticker, signal.signal_date
    target = Target("panel", panel="journal", ticker=ticker, strategy=name, item=str(signal.id or ""))
    score = signal.values.get("total_score" if name == "VCP" else "score")
    shown: Part = writer.line("missing")
    if isinstance(score, int | float):
        scale = {"decimals": fmt.score_decimals(float(score))} if name != "CLOSING_BET" else {}
        shown = writer.number("signal.score", float(score), "points", "score", target, ticker=ticker, day=day, **scale)
    letter = str(signal.values.get("grade") or "-")
    grade = writer.grade(
        "signal.grade", Grade[letter] if letter in Grade.__members__ else Grade.NONE, target, ticker=ticker, day=day
    )
    trade = record.rule_trade or record.trade
    net: Part = writer.line("missing")
    if trade is not None and trade.net_pct is not None:
        net = writer.add("signal.net", trade.net_pct, "%", writer.title("net"), target, ticker=ticker, day=day)
    word = "done" if signal.status == "CLOSED" else signal.phase.lower()
    when = writer.book.add_day("signal.day", day, writer.title("signal_day"), target, ticker=ticker)
    return (
        when,
        writer.stock(ticker, writer.picture.panel, target),
        grade,
        shown,
        writer.texts(writer.key(f"phase.{word}")),
        net,
    )


# -- near misses ------------------------------------------------------------------------------------------------------------


def _near(writer: Writer, strategies: Strategies, name: StrategyName) -> None:
    """Symbols one item short of the next grade, nearest first, and what would have to happen."""
    found = found_of(writer, strategies, name)
    if found is None:
        _nothing(writer, strategies, name)
        return
    # "from B to A" asks for those that could become A
    letters = sorted((letter for letter in writer.draft.question.grades if letter in _LETTERS), key=_LETTERS.index)[:1]
    wanted = {Grade[letter] for letter in letters}
    misses = [miss for miss in strategies.near_misses(name) if not wanted or miss.next_grade in wanted]
    target = Target("panel", panel="near", strategy=name)
    writer.head("signal.head", strategy=writer.strategy(name))
    count = writer.number("near.count", float(len(misses)), "", "near_count", target)
    writer.say("near.line" if misses else "near.none", count=count, when=writer.now())
    limit = limit_of(writer.draft.question, _NEAR, _MOST)
    writer.items([_miss(writer, miss, found) for miss in misses[:limit]], ordered=False)
    writer.draft.has_stock = writer.draft.has_stock or bool(misses)


def _miss(writer: Writer, miss: NearMiss, found: FoundSignals) -> tuple[Span, ...]:
    target = Target("cell", panel="near", ticker=miss.ticker, strategy=miss.strategy, item=miss.item)
    way = writer.told(miss.key, dict(miss.fields), "near.field", target)
    return writer.line(
        "near.item",
        stock=writer.stock(miss.ticker, found.panel, target),
        grade=writer.grade("near.grade", miss.grade, target, ticker=miss.ticker) if miss.grade else writer.line("no_grade"),
        next=writer.grade("near.next", miss.next_grade, target, ticker=miss.ticker),
        way=way,
    )
