"""Facts beside the text: what a model may need that the template answer does not say."""

from __future__ import annotations

from collections.abc import Callable

from ralphstock_desktop.services.assistant.answers.plan import read_gate, read_plan
from ralphstock_desktop.services.assistant.answers.stock_closing import closing_sentence, day_sentence, read_closing, read_day
from ralphstock_desktop.services.assistant.answers.stock_flows import read_flows
from ralphstock_desktop.services.assistant.answers.stock_items import read_item
from ralphstock_desktop.services.assistant.answers.stock_news import read_news
from ralphstock_desktop.services.assistant.answers.stock_prices import price_sentences, write_trade
from ralphstock_desktop.services.assistant.answers.stock_records import current_grade, read_record
from ralphstock_desktop.services.assistant.answers.stock_symbol import MOST_FACTS, Symbol
from ralphstock_desktop.services.assistant.answers.stock_vcp import obstacles, read_vcp, short_items
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, StrategyName

__all__ = ["fill"]

_RECORDED: tuple[StrategyName, ...] = ("VCP", "CLOSING_BET")


def fill(s: Symbol) -> None:
    """Take into the book what a model may need beside what the text says, as long as there is room."""

    def price() -> None:
        price_sentences(s)
        write_trade(s)

    def totals() -> None:
        vcp, closing, day = read_vcp(s), read_closing(s), read_day(s)
        if closing is not None:
            closing_sentence(s, closing)
        if day is not None:
            day_sentence(s, day)
        if vcp is not None:
            obstacles(s, vcp)

    def records() -> None:
        for strategy in _RECORDED:
            grade = current_grade(s, strategy)
            if grade:
                read_record(s, strategy, grade)

    def plans() -> None:
        for strategy in STRATEGIES:
            read_plan(s, strategy)
        read_gate(s)

    def identity() -> None:
        s.market_fact(), s.sector_fact(), s.code_fact, s.name_fact

    steps: tuple[tuple[int, Callable[[], object]], ...] = (
        (4, identity),
        (24, price),
        (30, totals),
        (28, lambda: read_flows(s)),
        (20, plans),
        (24, lambda: read_news(s)),
        (18, records),
    )
    for most, read in steps:
        if s.count + most <= MOST_FACTS:
            read()
    _fill_items(s)


def _fill_items(s: Symbol) -> None:
    vcp = read_vcp(s) if s.pictures.scan is not None and s.count + 12 <= MOST_FACTS else None
    if vcp is None:
        return
    evidence = [item for group in vcp.explanation.groups for item in group.items]
    for item in short_items(evidence):
        if s.count + 6 > MOST_FACTS:
            return
        read_item(s, "VCP", item)
