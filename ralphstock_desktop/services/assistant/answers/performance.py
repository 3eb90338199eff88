"""Answers about results: the record beside each grade, stored backtests, and what must be known when reading them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import date

from engine.model.instants import day_of
from engine.model.performance import RecordRow
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.general import answer_general
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, fits, settled_strategies
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant.help_pages import rule_fact
from ralphstock_desktop.services.assistant_contracts import Fact, Span, Target
from ralphstock_desktop.services.strategy_contracts import RecordTable, Strategies
from ralphstock_desktop.strategy_ports import BacktestSummary

__all__ = ["answer_performance", "record_sentence", "records_of"]

_BACKTESTS = 5
_WAIT_S, _LOOKS = 0.05, 20
_HELP = "record"
_OF_BACKTESTS = re.compile(
    r"mdd|샤프|sharpe|수익\s?팩터|프로핏\s?팩터|profit factor|최대\s?낙폭|draw ?down|payoff|보유\s?(?:일|기간)|holding",
    re.IGNORECASE,
)
_ENDS = {"mean_net": ("low", "high"), "excess": ("excess_low", "excess_high")}
"""Ends of the intervals of a mean."""


async def answer_performance(desk: Desk, draft: AnswerDraft) -> None:
    """Tell the records of the strategies and grades asked about, then the stored backtests known at the instant."""
    names_some = draft.question.grades or draft.question.strategies
    if "definition" in draft.question.intents and not names_some:
        await answer_general(desk, draft)
        return
    strategies = await settled_strategies(desk)
    writer, question = Writer(desk, draft), draft.question
    table = await records_of(writer, strategies)
    if table is None:
        writer.say("record.waiting", when=writer.now())
        writer.note("note.no_record")
    else:
        wanted = set(question.strategies)
        grades = {Grade[letter] for letter in question.grades if letter in Grade.__members__}
        rows = [row for row in table.rows if (not wanted or row.strategy in wanted) and (not grades or row.grade in grades)]
        if _OF_BACKTESTS.search(question.text):
            writer.say("record.only_backtest")
        _records(writer, table, rows)
        if question.first_day is not None and rows:
            _whole_time(writer, rows)
        _notes(writer, table, wanted)
    _backtests(writer, strategies)
    writer.propose("open_panel", "do.performance", "trend", panel="performance", ticker="")


async def records_of(writer: Writer, strategies: Strategies) -> RecordTable | None:
    """The records as of the instant on screen; None while they are being counted."""
    for _ in range(_LOOKS):
        table = strategies.records.last
        if table is not None and fits(table.as_of, writer.picture):
            return table
        await asyncio.sleep(_WAIT_S)
    return None


def _whole_time(writer: Writer, rows: Sequence[RecordRow]) -> None:
    """A record is of all days: that named ones are not counted by themselves is said."""
    days = [(row.first_day, row.last_day) for row in rows if row.first_day and row.last_day]
    if not days:
        return
    target = Target("record", strategy=rows[0].strategy, item="all")
    first, last = min(first for first, _ in days), max(last for _, last in days)
    title = writer.title("day")
    writer.say(
        "record.whole",
        first=writer.book.add_day("record.first", date.fromisoformat(first), title, target),
        last=writer.book.add_day("record.last", date.fromisoformat(last), title, target),
    )


# -- records ----------------------------------------------------------------------------------------------------------------


def _records(writer: Writer, table: RecordTable, rows: Sequence[RecordRow]) -> None:
    if not rows:
        writer.say("record.none", when=writer.now(table.as_of))
        return
    first = rows[0]
    target = Target("record", strategy=first.strategy, item="all")
    tries = writer.number("record.tries", float(max(row.tries for row in rows)), "", "tries", target)
    writer.say("record.line", when=writer.now(table.as_of), tries=tries)
    cells = [_row(writer, row) for row in rows]
    head = ("col.strategy", "col.grade", "col.n", "col.win_rate", "col.mean", "col.base", "col.excess")
    writer.table(head, cells, (False, False, True, True, True, True, True))
    few = [row for row in rows if not row.enough]
    if few:
        need = rule_fact(writer.book, "life.few_trades", writer.desk.workstation.rules, _HELP)
        writer.say("record.few", need=need)
    writer.say("record.meaning")


def _target(row: RecordRow) -> Target:
    return Target("record", strategy=row.strategy, item="all" if row.grade == Grade.NONE else Grade(row.grade).name)


def _grade(writer: Writer, row: RecordRow) -> Part:
    return writer.line("all_grades") if row.grade == Grade.NONE else writer.grade("record.grade", row.grade, _target(row))


def _figures(writer: Writer, row: RecordRow) -> dict[str, Fact]:
    """Every number of a record as a fact; missing ones are left out."""
    target = _target(row)
    formula = writer.texts(writer.key("record.formula"), first=row.first_day or "-", last=row.last_day or "-")
    found = {"n": writer.number("record.n", float(row.n), "count", "record_n", target, formula=formula)}

    def take(name: str, value: float | None, *, plus: bool = True) -> None:
        if value is not None:
            found[name] = writer.add(
                f"record.{name}", value, "%", writer.title(f"record_{name}"), target, formula=formula, plus=plus,
            )  # fmt: skip

    if row.enough:
        take("mean_net", row.mean_net_pct.value)
        take("low", row.mean_net_pct.low)
        take("high", row.mean_net_pct.high)
        take("win_rate", row.win_rate.value, plus=False)
        take("base", row.base_pct)
        take("excess", row.excess_pct.value)
        take("excess_low", row.excess_pct.low)
        take("excess_high", row.excess_pct.high)
    else:  # too few cases have no mean: it was looked for, and is missing
        writer.add("record.mean_net", None, "%", writer.title("record_mean_net"), target, formula=formula)
    return found


def _interval(writer: Writer, found: dict[str, Fact], name: str) -> tuple[Span, ...]:
    low, high = (found.get(end) for end in _ENDS[name])
    return writer.line("cell.interval", low=low, high=high) if low is not None and high is not None else writer.line("missing")


def _with_interval(writer: Writer, found: dict[str, Fact], name: str) -> Part:
    """A mean with its interval; the mean alone where there is none."""
    mean = found.get(name)
    if mean is None:
        return writer.line("missing")
    if _ENDS[name][0] not in found:
        return mean
    return writer.line("cell.mean", mean=mean, interval=_interval(writer, found, name))


def _row(writer: Writer, row: RecordRow) -> tuple[Part, ...]:
    found = _figures(writer, row)
    strategy = writer.strategy(row.strategy)
    if not row.enough:
        return strategy, _grade(writer, row), found["n"], writer.line("cell.few"), "", "", ""
    missing = writer.line("missing")
    return (
        strategy, _grade(writer, row), found["n"], found.get("win_rate", missing), _with_interval(writer, found, "mean_net"),
        found.get("base", missing), _with_interval(writer, found, "excess"),
    )  # fmt: skip


def record_sentence(writer: Writer, strategy: str, grade: int, row: RecordRow | None) -> tuple[Span, ...]:
    """One line about the record of a strategy and grade, honest about too few cases."""
    words = writer.strategy(strategy)
    if row is None or row.n == 0:
        letter = writer.grade("record.grade", grade, Target("record", strategy=strategy, item=Grade(grade).name))
        return writer.line("record.sentence.none", strategy=words, grade=letter)
    found = _figures(writer, row)
    letter_part = _grade(writer, row)
    if not row.enough or "mean_net" not in found:
        return writer.line("record.sentence.few", strategy=words, grade=letter_part, n=found["n"])
    return writer.line(
        "record.sentence.line", strategy=words, grade=letter_part, n=found["n"], mean=found["mean_net"],
        interval=_interval(writer, found, "mean_net"), base=found.get("base", writer.line("missing")),
    )  # fmt: skip


def _notes(writer: Writer, table: RecordTable, wanted: set[str]) -> None:
    proxies = {"record.note.close_proxy": "CLOSING_BET", "record.note.day_proxy": "DAY_TRADE"}
    lines = []
    for key, fields in table.notes:
        if wanted and proxies.get(key, next(iter(wanted))) not in wanted:
            continue
        lines.append(writer.told(key, fields, "record.note", Target("panel", panel="performance")))
    if lines:
        writer.head("head.notes")
        writer.items(lines)


# -- backtests --------------------------------------------------------------------------------------------------------------


def _backtests(writer: Writer, strategies: Strategies) -> None:
    """Stored backtests over data known at the instant: one whose data end later would tell the future."""
    now = writer.picture.as_of.instant_ns
    known = [run for run in strategies.backtests.stored.last or () if run.data_cutoff_ns <= now]
    wanted = set(writer.draft.question.strategies)
    if wanted:
        known = [run for run in known if run.config.get("strategy", "") in wanted]
    target = Target("panel", panel="backtest")
    if not known:
        writer.say("backtest.none")
        return
    known.sort(key=lambda run: -run.created_ns)
    writer.head("head.backtests")
    count = writer.number("backtest.count", float(len(known)), "", "backtest_count", target)
    writer.say("backtest.line", count=count)
    head = ("col.name", "col.trades", "col.win_rate", "col.total_return", "col.mdd", "col.sharpe", "col.until")
    writer.table(head, [_backtest(writer, run) for run in known[:_BACKTESTS]], (False, True, True, True, True, True, True))


def _backtest(writer: Writer, run: BacktestSummary) -> tuple[Part, ...]:
    target = Target("panel", panel="backtest", item=str(run.id))

    def figure(name: str, value: float | None, unit: str, *, plus: bool = True) -> Part:
        if value is None:
            return writer.line("missing")
        title = writer.title(f"backtest_{name}")
        return writer.add(f"backtest.{name}", value, unit, title, target, plus=plus, decimals=2, known_at_ns=run.created_ns)  # type: ignore[arg-type]

    few = run.total_trades < writer.desk.workstation.rules.life.few_trades
    name = writer.add("backtest.name", run.config_name, "word", writer.title("backtest_name"), target)
    trades = writer.number("backtest.trades", float(run.total_trades), "count", "backtest_trades", target)
    until = writer.book.add_day("backtest.cutoff", day_of(run.data_cutoff_ns), writer.title("backtest_cutoff"), target)
    rate = writer.line("cell.few") if few else figure("win_rate", run.win_rate, "%", plus=False)
    return (
        name, trades, rate, figure("total_return", run.total_return_pct, "%"),
        figure("max_drawdown", run.max_drawdown_pct, "%", plus=False), figure("sharpe", run.sharpe, "", plus=False), until,
    )  # fmt: skip
