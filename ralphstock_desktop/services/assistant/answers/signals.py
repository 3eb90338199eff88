"""Answers about signals: those of the scans on screen with grades, order and counts, the stored ones, and near misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.model.closing import SignalPhase
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.general import answer_general
from ralphstock_desktop.services.assistant.answers.market_parts import (
    Writer,
    bar_known_ns,
    day_of_index,
    fits,
    problem_of,
    settled_strategies,
)
from ralphstock_desktop.services.assistant.answers.market_quantities import STRATEGY_PANELS
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant_contracts import Span, Target
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, NearMiss, Strategies, StrategyName
from ralphstock_desktop.strategy_ports import SignalRecord

__all__ = ["SignalRow", "answer_signal", "signal_rows"]

_USUAL, _NEAR, _MOST = 10, 5, 50
_LETTERS = ("S", "A", "B", "C")


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal of a scan on screen. ``score`` in the strategy's own scale; prices in won, NaN where missing."""

    ticker: str
    grade: int
    score: float
    change_pct: float
    entry_krw: float
    stop_krw: float
    target_krw: float
    phase: str


@dataclass(frozen=True, slots=True)
class _Found:
    """Signals of one strategy, best first, and the day they belong to."""

    rows: tuple[SignalRow, ...]
    panel: MarketPanel
    day: date
    known_ns: int
    gate: GateStatus | None
    what_if: bool
    run: str = ""


async def answer_signal(desk: Desk, draft: AnswerDraft) -> None:
    """Tell the open signals of the strategies asked about (of all without one), or those of earlier days, or near misses."""
    asks_rules = "filter" in draft.question.intents and not draft.question.wants_change
    if "definition" in draft.question.intents or asks_rules:
        await answer_general(desk, draft)
        return
    strategies = await settled_strategies(desk)
    writer, question = Writer(desk, draft), draft.question
    asked = [name for name in STRATEGIES if name in question.strategies] or list(STRATEGIES)
    shown: date | None = None
    for name in asked:
        if "near" in question.intents:
            _near(writer, strategies, name)
            continue
        found = _found(writer, strategies, name)
        shown = found.day if found is not None else shown
        if _asks_the_past(writer, found):
            await _stored_between(writer, strategies, name)
        elif found is None:
            _nothing(writer, strategies, name)
        else:
            _listed(writer, strategies, name, found)
    writer.propose("open_panel", "do.signals", "table", panel=STRATEGY_PANELS[asked[0]], ticker="")


def _asks_the_past(writer: Writer, found: _Found | None) -> bool:
    question = writer.draft.question
    asked = question.last_day or question.first_day
    if asked is None:
        return False
    return found is None or (question.first_day or asked) != found.day or asked != found.day


def signal_rows(writer: Writer, strategies: Strategies, name: StrategyName) -> tuple[SignalRow, ...] | None:
    """Signals of a strategy in the scan on screen, best first; None where there is no scan of the instant."""
    found = _found(writer, strategies, name)
    return None if found is None else found.rows


def _found(writer: Writer, strategies: Strategies, name: StrategyName) -> _Found | None:
    if name == "VCP":
        return _vcp(writer)
    return _closing(writer, strategies) if name == "CLOSING_BET" else _day(writer, strategies)


def _vcp(writer: Writer) -> _Found | None:
    picture = writer.desk.workstation.scans.last
    if picture is None or not fits(picture.scan.as_of, writer.picture):
        return None
    scan, panel = picture.scan, picture.panel
    value = panel.value_krw[:, scan.day_index]
    rows = sorted(
        np.flatnonzero(scan.pattern).tolist(),
        key=lambda row: (-int(scan.grade[row]), -float(scan.total_score[row]), -float(np.nan_to_num(value[row])), row),
    )
    found = tuple(
        SignalRow(
            str(panel.tickers[row]), int(scan.grade[row]), float(scan.total_score[row]), float(scan.change_pct[row]),
            float(scan.entry_krw[row]), float(scan.stop_krw[row]), float(scan.target_krw[row]), "",
        )
        for row in rows
    )  # fmt: skip
    return _Found(
        found, panel, day_of_index(panel, scan.day_index), bar_known_ns(panel, scan.day_index), _status(writer), picture.what_if
    )


def _closing(writer: Writer, strategies: Strategies) -> _Found | None:
    picture = strategies.closing.last
    if picture is None or not fits(picture.gate.as_of, writer.picture):
        return None
    scan, panel = picture.scan, picture.panel
    rows = [row for row in scan.order.tolist() if scan.phase[row] != SignalPhase.NONE]
    rows.sort(key=lambda row: -int(scan.grade[row]))
    found = tuple(
        SignalRow(
            str(panel.tickers[row]), int(scan.grade[row]), float(scan.total[row]), float(scan.change_pct[row]),
            float(scan.entry_krw[row]), float(scan.stop_krw[row]), float(scan.target_krw[row]),
            SignalPhase(int(scan.phase[row])).name,
        )
        for row in rows
    )  # fmt: skip
    day = day_of_index(panel, scan.day_index)
    return _Found(found, panel, day, scan.as_of.instant_ns, scan.gate, picture.what_if, scan.run.value)


def _day(writer: Writer, strategies: Strategies) -> _Found | None:
    picture = strategies.day_trades.last
    if picture is None or not fits(picture.gate.as_of, writer.picture):
        return None
    scan, panel = picture.scan, picture.panel
    rows = [row for row in scan.order.tolist() if scan.grade[row] >= Grade.B]
    rows.sort(key=lambda row: -int(scan.grade[row]))
    found = tuple(
        SignalRow(
            str(panel.tickers[row]), int(scan.grade[row]), float(scan.score[row]), float(scan.change_pct[row]),
            float(scan.entry_krw[row]), float(scan.stop_krw[row]), float(scan.target_krw[row]),
            "" if scan.bans[row] else "PENDING",
        )
        for row in rows
    )  # fmt: skip
    return _Found(found, panel, AsOf(scan.now_ns).day, scan.now_ns, scan.gate, picture.what_if)


def _status(writer: Writer) -> GateStatus | None:
    strategies = writer.desk.workstation.strategies
    gate = strategies.gate.last if strategies is not None else None
    return gate.reading.status if gate is not None and fits(gate.reading.as_of, writer.picture) else None


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


def _listed(writer: Writer, strategies: Strategies, name: StrategyName, found: _Found) -> None:
    question = writer.draft.question
    panel_target = Target("panel", panel=STRATEGY_PANELS[name], strategy=name)
    wanted = {Grade[letter] for letter in question.grades if letter in Grade.__members__}
    rows = [row for row in found.rows if not wanted or row.grade in wanted]
    writer.head("signal.head", strategy=writer.strategy(name))
    count = writer.number("signal.count", float(len(rows)), "", "signal_count", panel_target, known_at_ns=found.known_ns)
    day = writer.book.add_day("signal.day", found.day, writer.title("signal_day"), panel_target)
    key = "signal.what_if" if found.what_if else "signal.line" if rows else "signal.none"
    writer.say(key, day=day, count=count)
    if rows and not wanted:
        _counts(writer, name, rows, found)
    if found.gate in (GateStatus.RED, GateStatus.UNKNOWN) and rows:
        writer.say("signal.watch_only", status=writer.texts(f"gate.status.{found.gate.name.lower()}"))
    elif name == "DAY_TRADE" and rows and not any(row.phase for row in rows):
        writer.say("signal.no_entry")
    if rows:
        limit = min(max(question.limit or _USUAL, 1), _MOST)
        head = ("col.stock", "col.grade", "col.score", "col.change", "col.entry", "col.stop", "col.target")
        cells = [_row(writer, name, row, found) for row in rows[:limit]]
        writer.table(head, cells, (False, False, True, True, True, True, True))
        if len(rows) > limit:
            shown = writer.number("signal.shown", float(limit), "", "shown", panel_target)
            writer.say("signal.more", count=count, shown=shown)
        writer.draft.has_stock = True
    _stored_now(writer, strategies, name)


def _counts(writer: Writer, name: StrategyName, rows: Sequence[SignalRow], found: _Found) -> None:
    """Signals by grade, grades without any left out."""
    by_grade = Counter(row.grade for row in rows)
    parts: list[Span] = []
    for letter in _LETTERS:
        number = by_grade[Grade[letter]]
        if not number:
            continue
        target = Target("panel", panel=STRATEGY_PANELS[name], strategy=name, item=letter)
        grade = writer.grade("signal.grade", Grade[letter], target)
        count = writer.number("signal.count_grade", float(number), "count", "signal_count", target, known_at_ns=found.known_ns)
        parts += [*((Span(" · "),) if parts else ()), *writer.line("signal.by_grade", grade=grade, count=count)]
    writer.say("signal.counts", counts=tuple(parts))


def _row(writer: Writer, name: StrategyName, row: SignalRow, found: _Found) -> tuple[Part, ...]:
    ticker, day, known, book = row.ticker, found.day, found.known_ns, writer.book

    def target(column: str) -> Target:
        return writer.cell_of(name, ticker, column)

    def price(column: str, value: float) -> Part:
        if not np.isfinite(value):
            return writer.line("missing")
        title = writer.title(column)
        return book.add(f"signal.{column}", value, "won", title, target(column), ticker=ticker, day=day, known_at_ns=known)

    grade = writer.grade("signal.grade", row.grade, target("grade"), ticker=ticker, day=day, known_at_ns=known)
    scale = {"decimals": 1} if name != "CLOSING_BET" else {}
    score = writer.number(
        "signal.score", row.score, "points", "score", target("total"), ticker=ticker, day=day, known_at_ns=known, **scale
    )
    change: Part = writer.line("missing")
    if np.isfinite(row.change_pct):
        title = writer.title("change")
        change = book.add(
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
    wanted = set(question.grades)
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
        limit = min(max(question.limit or _USUAL, 1), _MOST)
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
        shown = writer.number("signal.score", float(score), "points", "score", target, ticker=ticker, day=day)
    letter = str(signal.values.get("grade") or "-")
    grade = writer.grade(
        "signal.grade", Grade[letter] if letter in Grade.__members__ else Grade.NONE, target, ticker=ticker, day=day
    )
    trade = record.rule_trade or record.trade
    net: Part = writer.line("missing")
    if trade is not None and trade.net_pct is not None:
        net = writer.book.add("signal.net", trade.net_pct, "%", writer.title("net"), target, ticker=ticker, day=day)
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
    found = _found(writer, strategies, name)
    if found is None:
        _nothing(writer, strategies, name)
        return
    misses = strategies.near_misses(name)
    target = Target("panel", panel="near", strategy=name)
    writer.head("signal.head", strategy=writer.strategy(name))
    count = writer.number("near.count", float(len(misses)), "", "near_count", target)
    writer.say("near.line" if misses else "near.none", count=count, when=writer.now())
    limit = min(max(writer.draft.question.limit or _NEAR, 1), _MOST)
    writer.items([_miss(writer, miss, found) for miss in misses[:limit]], ordered=False)
    writer.draft.has_stock = writer.draft.has_stock or bool(misses)


def _miss(writer: Writer, miss: NearMiss, found: _Found) -> tuple[Span, ...]:
    target = Target("cell", panel="near", ticker=miss.ticker, strategy=miss.strategy, item=miss.item)
    way = writer.told(miss.key, dict(miss.fields), "near.field", target)
    return writer.line(
        "near.item",
        stock=writer.stock(miss.ticker, found.panel, target),
        grade=writer.grade("near.grade", miss.grade, target, ticker=miss.ticker) if miss.grade else writer.line("no_grade"),
        next=writer.grade("near.next", miss.next_grade, target, ticker=miss.ticker),
        way=way,
    )
