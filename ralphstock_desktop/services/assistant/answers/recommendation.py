"""Answers about what may be bought: exactly the recommendation service's list in its order, with gate and record."""

from __future__ import annotations

from typing import Literal

from engine.model.performance import RecordRow
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.market import gate_line, gate_of
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, limit_of, settled_strategies
from ralphstock_desktop.services.assistant.answers.performance import record_sentence
from ralphstock_desktop.services.assistant.answers.signals import answer_signal
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant_contracts import Span, Target
from ralphstock_desktop.services.recommend import MOST
from ralphstock_desktop.services.strategy_contracts import Recommendation, Recommendations
from ralphstock_desktop.wording import format as fmt

__all__ = ["answer_recommendation", "choice_of"]

_USUAL = 5
_REASONS = 3


def choice_of(strategies: tuple[str, ...]) -> Literal["vcp", "jongga", "both"]:
    """Which list the strategies of a question ask for; day trading has none of its own."""
    wanted = {name for name in strategies if name in ("VCP", "CLOSING_BET")}
    if wanted == {"VCP"}:
        return "vcp"
    return "jongga" if wanted == {"CLOSING_BET"} else "both"


async def answer_recommendation(desk: Desk, draft: AnswerDraft) -> None:
    """Tell the list of the service, or its reason for an empty one. What fails there, fails here."""
    if draft.question.strategies == ("DAY_TRADE",):
        Writer(desk, draft).say("recommend.no_day_trade")
        await answer_signal(desk, draft)  # they stand in a list of their own
        return
    strategies = await settled_strategies(desk)
    writer, question = Writer(desk, draft), draft.question
    limit = limit_of(question, _USUAL, MOST)
    found = await strategies.recommend(choice_of(question.strategies), limit)
    if "DAY_TRADE" in question.strategies:
        writer.say("recommend.no_day_trade")
    if question.limit is not None and question.limit > MOST:
        most = writer.number("recommend.most", float(MOST), "", "recommend_most", Target("panel", panel="recommend"))
        writer.say("recommend.most", most=most)
    asked = question.last_day or question.first_day
    if asked is not None and asked != writer.picture.as_of.day:
        writer.say("recommend.other_day")
    if found.items:
        _listed(writer, found)
    else:
        none = writer.number("recommend.list", 0.0, "", "recommend_count", Target("panel", panel="recommend"))
        writer.say(f"recommend.empty.{found.reason.lower() or 'no_signals'}", when=writer.now(found.as_of), count=none)
    gate = gate_of(writer, strategies)
    if gate is not None:
        gate_line(writer, gate)
    if found.items:
        _records(writer, found)
        draft.has_stock = True
        writer.propose("open_chart", "do.chart_first", "candles", ticker=found.items[0].ticker, timeframe="D")
    writer.propose("open_panel", "do.recommend", "star", panel="recommend", ticker="")


def _listed(writer: Writer, found: Recommendations) -> None:
    count = writer.number("recommend.list", float(len(found.items)), "", "recommend_count", Target("panel", panel="recommend"))
    writer.say("recommend.line", when=writer.now(found.as_of), count=count)
    for letter in writer.draft.question.grades:
        target = Target("panel", panel="recommend", item=letter)
        number = float(sum(Grade(item.grade).name == letter for item in found.items))
        grade = writer.add("recommend.grade", letter, "grade", writer.title("grade"), target)
        writer.say(
            "recommend.of_grade", grade=grade, count=writer.number("recommend.list", number, "", "recommend_count", target)
        )
    rows = [_row(writer, place, item) for place, item in enumerate(found.items, 1)]
    head = ("col.rank", "col.stock", "col.strategy", "col.grade", "col.score", "col.entry", "col.stop", "col.target", "col.qty")
    writer.table(head, rows, (True, False, False, False, True, True, True, True, True))
    lines = []
    for item in found.items:
        target = Target("cell", panel="recommend", ticker=item.ticker, item="reasons")
        parts = [writer.told(key, fields, "recommend.reason", target) for key, fields in item.reasons[:_REASONS]]
        joined = tuple(span for number, part in enumerate(parts) for span in ((Span(" · "),) if number else ()) + part)
        stock = writer.stock(item.ticker, writer.picture.panel, target)
        if joined:
            lines.append(writer.line("recommend.reasons", stock=stock, reasons=joined))
    writer.items(lines)


def _row(writer: Writer, place: int, item: Recommendation) -> tuple[Part, ...]:
    ticker = item.ticker

    def target(column: str) -> Target:
        return Target("cell", panel="recommend", ticker=ticker, item=column)

    day = item.signal_date
    book = writer.book
    rank = writer.number("recommend.rank", float(place), "", "rank", target("rank"), ticker=ticker)
    names = " · ".join(writer.strategy(name) for name in item.strategies)
    grade = writer.grade("recommend.grade", item.grade, target("grade"), ticker=ticker, day=day)
    score = writer.number("recommend.score", item.score, "points", "score", target("score"), ticker=ticker, day=day,
                          decimals=fmt.score_decimals(item.score), formula=item.score_scale)  # fmt: skip
    prices = [
        writer.add(f"recommend.{column}", value, "won", writer.title(column), target(column), ticker=ticker, day=day)
        for column, value in (("entry", item.entry_krw), ("stop", item.stop_krw), ("target", item.target_krw))
    ]
    qty = writer.add("recommend.qty", float(item.qty), "shares", writer.title("qty"), target("qty"), ticker=ticker, day=day,
                   text=writer.texts(writer.key("unit.shares"), count=f"{item.qty:,}"))  # fmt: skip
    writer.add("recommend.weight", item.weight_pct, "%", writer.title("weight"), target("weight"), ticker=ticker, plus=False,
             decimals=0)  # fmt: skip
    book.add_day("recommend.day", day, writer.title("signal_day"), target("day"), ticker=ticker)
    return (rank, writer.stock(ticker, writer.picture.panel, target("name")), names, grade, score, *prices, qty)


def _records(writer: Writer, found: Recommendations) -> None:
    """The record of every strategy and grade in the list, once."""
    seen: dict[tuple[str, int], RecordRow | None] = {}
    for item in found.items:
        record = item.record
        key = (record.strategy, record.grade) if record is not None else (item.strategies[0], item.grade)
        seen.setdefault(key, record)
    writer.head("head.record")
    writer.items([record_sentence(writer, strategy, grade, record) for (strategy, grade), record in seen.items()])
