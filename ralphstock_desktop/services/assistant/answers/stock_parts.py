"""The sections of an answer about one stock that draw on several scores: summary, totals, why, what moved the price."""

from __future__ import annotations

from ralphstock_desktop.services.assistant.answers.plan import gate_sentence, read_gate, read_plan
from ralphstock_desktop.services.assistant.answers.stock_changes import near_sentences
from ralphstock_desktop.services.assistant.answers.stock_closing import (
    closing_sentence,
    day_sentence,
    read_closing,
    read_day,
    write_closing,
    write_day,
)
from ralphstock_desktop.services.assistant.answers.stock_flows import (
    flow_sentences,
    read_flows,
)
from ralphstock_desktop.services.assistant.answers.stock_news import newest_line, news_sentence, read_news, write_news
from ralphstock_desktop.services.assistant.answers.stock_prices import (
    write_chart,
    write_price,
    write_trade,
)
from ralphstock_desktop.services.assistant.answers.stock_records import (
    current_grade,
    read_record,
    record_sentence,
    write_signals,
)
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol
from ralphstock_desktop.services.assistant.answers.stock_vcp import (
    arithmetic,
    obstacles,
    read_vcp,
    vcp_sentence,
    write_vcp,
)
from ralphstock_desktop.services.assistant_contracts import Question, Spans
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, StrategyName

__all__ = ["strategies_of", "write_known", "write_move", "write_summary", "write_totals", "write_why"]


def strategies_of(question: Question) -> tuple[StrategyName, ...]:
    """Strategies the question names; all where it names none."""
    return tuple(name for name in STRATEGIES if name in question.strategies) or STRATEGIES


def write_summary(s: Symbol) -> None:
    """What the stock is and where it stands in a few lines, details after."""
    write_price(s, whole=False)
    scores: list[Spans] = []
    vcp = read_vcp(s)
    if vcp is not None:
        scores.append(vcp_sentence(s, vcp))
        scores += obstacles(s, vcp)[:1]
    s.paragraph(*scores)
    s.paragraph(*flow_sentences(s, read_flows(s)))
    lines: list[Spans] = []
    closing, day, news = read_closing(s), read_day(s), read_news(s)
    if closing is not None:
        lines.append(closing_sentence(s, closing))
    if day is not None:
        lines.append(day_sentence(s, day))
    if news is not None:
        lines.append(news_sentence(s, news))
        lines.append(newest_line(s, news))
    plan = read_plan(s, "VCP")
    if plan is not None:
        lines.append(s.say("plan.short", entry=plan.entry, stop=plan.stop, target=plan.target))
    lines.append(market_line(s))
    s.items(*lines)
    write_signals(s)
    s.paragraph(*write_trade(s))
    write_chart(s)


def market_line(s: Symbol) -> Spans:
    sector, market = s.sector_fact(), s.market_fact()
    return s.say("market.sector", market=market, sector=sector) if sector is not None else s.say("market", market=market)


def write_totals(s: Symbol) -> None:
    """Scores without their items: those of the strategies named, else all."""
    for strategy in strategies_of(s.draft.question):
        if strategy == "VCP" and (vcp := read_vcp(s)) is not None:
            s.paragraph(vcp_sentence(s, vcp), arithmetic(s, vcp), *obstacles(s, vcp))
        elif strategy == "CLOSING_BET" and (closing := read_closing(s)) is not None:
            s.paragraph(closing_sentence(s, closing))
        elif strategy == "DAY_TRADE" and (day := read_day(s)) is not None:
            s.paragraph(day_sentence(s, day))
        else:
            s.paragraph(s.say("score.waiting", strategy=s.t(f"strategy.{strategy}")))


def write_move(s: Symbol, *, opening: bool) -> None:
    """Why a price moved cannot be told; what is known of the same time can."""
    if opening:
        write_price(s, whole=False)
        s.paragraph(*write_trade(s))
    s.paragraph(s.say("move.unknown"))
    if opening:
        s.paragraph(*flow_sentences(s, read_flows(s)))
    write_news(s)


def write_why(s: Symbol) -> None:
    """The scores asked for with what earned and what is short; the gate and the record beside them."""
    named = s.draft.question.strategies
    order: tuple[StrategyName, ...] = strategies_of(s.draft.question) if named else ("VCP",)
    for strategy in order:
        if not write_score(s, strategy):
            s.paragraph(s.say("score.waiting", strategy=s.t(f"strategy.{strategy}")))
        near = near_sentences(s, (strategy,))
        if near:
            s.paragraph(*near)
    if not named:
        closing, day = read_closing(s), read_day(s)
        s.paragraph(
            closing_sentence(s, closing) if closing is not None else (), day_sentence(s, day) if day is not None else ()
        )
    sentences = []
    gate = read_gate(s)
    if gate is not None:
        sentences.append(gate_sentence(s, gate))
    strategy = order[0]
    if strategy != "DAY_TRADE" and (grade := current_grade(s, strategy)):
        record = read_record(s, strategy, grade)
        if record is not None:
            sentences.append(record_sentence(s, record, strategy))
    s.paragraph(*sentences)


def write_score(s: Symbol, strategy: StrategyName) -> bool:
    """The score of one strategy; False where it is not there for the instant."""
    if strategy == "VCP":
        vcp = read_vcp(s)
        if vcp is not None:
            write_vcp(s, vcp)
        return vcp is not None
    if strategy == "CLOSING_BET":
        closing = read_closing(s)
        if closing is not None:
            write_closing(s, closing)
        return closing is not None
    day = read_day(s)
    if day is not None:
        write_day(s, day)
    return day is not None


def write_known(s: Symbol) -> None:
    """Beside a forecast that cannot be given: where the stock stands, and what became of its grade."""
    vcp = read_vcp(s)
    sentences = [vcp_sentence(s, vcp)] if vcp is not None else []
    if vcp is not None and vcp.grade.value != "-":
        record = read_record(s, "VCP", current_grade(s, "VCP"))
        sentences.append(record_sentence(s, record, "VCP"))
    s.paragraph(*sentences)
    s.paragraph(*flow_sentences(s, read_flows(s)))
