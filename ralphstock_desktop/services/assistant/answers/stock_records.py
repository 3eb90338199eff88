"""The record of a strategy's grade and the stored signals of a symbol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, day_at, letter, score_digits
from ralphstock_desktop.services.assistant_contracts import Fact, Spans, Target
from ralphstock_desktop.services.strategy_contracts import StrategyName
from ralphstock_desktop.strategy_ports import SignalRecord

__all__ = ["RecordFacts", "read_record", "read_signals", "record_sentence", "write_record", "write_signals"]

_SIGNALS = 3


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Record of one strategy and grade; facts without value are missing."""

    strategy: StrategyName
    grade: Fact
    n: Fact
    mean: Fact
    low: Fact
    high: Fact
    base: Fact
    enough: bool


def read_record(s: Symbol, strategy: StrategyName, grade: int) -> RecordFacts | None:
    """Take the record into the book; None where it is not counted yet or no such record is kept."""
    table = s.pictures.records
    row = table.of(strategy, grade) if table is not None else None
    if table is None or row is None:
        return None
    target = Target("record", panel="performance", strategy=strategy, item=letter(grade) if grade else "all")
    known = min(table.as_of.instant_ns, s.pictures.now_ns)
    enough = row.enough and row.mean_net_pct.value is not None
    mean = row.mean_net_pct

    def percent(name: str, value: float | None, *, plus: bool = True) -> Fact:
        return s.fact(name, value if enough else None, "%", target, known_at_ns=known, plus=plus)

    win = row.win_rate.value
    percent("record.win_rate", win, plus=False)
    for name, day in (("record.first_day", row.first_day), ("record.last_day", row.last_day)):
        if day:
            s.fact(name, day, "date", target, known_at_ns=known)
    s.fact("record.tries", float(row.tries), "count", target, known_at_ns=known)
    title = s.t("title.record.grade")
    return RecordFacts(
        strategy=strategy,
        grade=s.grade("record.grade", grade, target, known_at_ns=known)
        if grade
        else s.word("record.grade", "all", s.t("word.all_grades"), target, title=title),
        n=s.fact("record.n", float(row.n), "count", target, known_at_ns=known),
        mean=percent("record.mean_net", mean.value),
        low=percent("record.low", mean.low),
        high=percent("record.high", mean.high),
        base=percent("record.base", row.base_pct),
        enough=enough,
    )


def record_sentence(s: Symbol, record: RecordFacts | None, strategy: StrategyName) -> Spans:
    """Mean net return with interval and base, or that there are too few cases."""
    name = s.t(f"strategy.{strategy}")
    if record is None:
        return s.say("record.none", strategy=name)
    if not record.enough:
        key = "record.empty" if not record.n.value else "record.few"
        return s.say(key, strategy=name, grade=record.grade, n=record.n)
    key = "record.line" if record.low.value is not None and record.base.value is not None else "record.line.short"
    return s.say(
        key,
        strategy=name,
        grade=record.grade,
        n=record.n,
        mean=record.mean,
        low=record.low,
        high=record.high,
        base=record.base,
    )


def current_grade(s: Symbol, strategy: StrategyName) -> int:
    """Grade the symbol has now in a strategy; 0 without one."""
    shown: Any = {"VCP": s.pictures.scan, "CLOSING_BET": s.pictures.closing, "DAY_TRADE": s.pictures.day}[strategy]
    return int(shown.scan.grade[s.row]) if shown is not None else 0


def write_record(s: Symbol, strategies: tuple[StrategyName, ...]) -> None:
    """The record of the grade the symbol has, of each strategy."""
    for strategy in strategies:
        grade = current_grade(s, strategy)
        record = read_record(s, strategy, grade if grade > Grade.C else 0)
        s.paragraph(record_sentence(s, record, strategy))


# -- stored signals ---------------------------------------------------------------------------------------------------------


def read_signals(s: Symbol) -> list[Spans]:
    """Lines of the last stored signals known at the instant, newest first."""
    if s.pictures.strategies is None or s.known.bar < 0:
        return []
    last_day = day_at(s.panel.days, s.known.bar)
    found = [
        record
        for record in s.pictures.strategies.journal.of(s.ticker)
        # A signal of a day is known with its official bar; one of the auction only while the present is looked at.
        if (s.pictures.market.is_latest or record.signal.signal_date <= last_day) and not record.signal.superseded
    ]
    return [_line(s, record) for record in sorted(found, key=lambda each: each.signal.signal_date, reverse=True)[:_SIGNALS]]


def _line(s: Symbol, record: SignalRecord) -> Spans:
    signal = record.signal
    strategy: Any = signal.strategy
    target = Target("panel", panel="journal", ticker=s.ticker, strategy=signal.strategy, item=str(signal.id or ""))
    known = s.bar_known_ns(signal.signal_date)
    grade = str(signal.values.get("grade") or "-")
    trade = record.rule_trade
    ended = signal.status == "CLOSED" and (trade is None or trade.exit_ns is None or trade.exit_ns <= s.pictures.now_ns)
    status = "CLOSED" if ended else "OPEN"
    parts: dict[str, Fact | str] = {
        "strategy": s.t(f"strategy.{strategy}") if s.has(f"strategy.{strategy}") else signal.strategy,
        "day": s.fact("signal.date", signal.signal_date.isoformat(), "date", target, day=signal.signal_date, known_at_ns=known),
        "grade": s.fact("signal.grade", grade, "grade", target, day=signal.signal_date, known_at_ns=known),
        "status": s.word("signal.status", status, s.t(f"status.{status.lower()}"), target, day=signal.signal_date),
    }
    score = signal.values.get("score")
    if isinstance(score, int | float):
        digits = score_digits(float(score)) if signal.strategy != "CLOSING_BET" else None
        s.fact("signal.score", float(score), "points", target, day=signal.signal_date, known_at_ns=known, decimals=digits)
    net = trade.net_pct if ended and trade is not None else None
    if net is None:
        return s.say("signal.line", **parts)
    result = s.fact("signal.net_pct", net, "%", target, day=signal.signal_date, known_at_ns=trade.exit_ns if trade else None)
    return s.say("signal.line.net", net=result, **parts)


def write_signals(s: Symbol) -> bool:
    """The last stored signals; False where there is none."""
    lines = read_signals(s)
    s.items(*lines)
    return bool(lines)
