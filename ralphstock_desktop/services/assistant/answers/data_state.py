"""Answers about the data themselves: up to which day bars, flows and news reach, and whether quotes are live."""

from __future__ import annotations

from engine.asof.view import known_days
from engine.model.instants import AsOf
from engine.model.live import QuoteSource
from ralphstock_desktop.services.assistant.answers.general import tell_section
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, bar_known_ns, day_of_index
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.help_pages import help_book
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant_contracts import Target

__all__ = ["answer_data_state"]

_TARGET = Target("panel", panel="ledger")
_SOURCE = phrase("data_source")
_NEWS = phrase("data_news")


async def answer_data_state(desk: Desk, draft: AnswerDraft) -> None:
    """Tell how far the data at the instant on screen reach; where they come from, with the page that says so."""
    writer, text = Writer(desk, draft), draft.question.text.casefold()
    panel, as_of = writer.picture.panel, writer.picture.as_of
    if _SOURCE.search(text):
        book = help_book(writer.book.language)
        for anchor in ("news.missing",) if _NEWS.search(text) else ("import", "live"):
            section = book.section(anchor)
            if section is not None:
                tell_section(writer, section)
    known = known_days(panel, as_of)
    writer.say("data.instant", when=writer.now())
    if known.bar >= 0:
        bar = writer.book.add_day("data.bar_day", day_of_index(panel, known.bar), writer.title("data_bar"), _TARGET)
        first = writer.book.add_day("data.first_day", day_of_index(panel, 0), writer.title("data_first"), _TARGET)
        symbols = writer.number(
            "data.symbols", float(panel.valid[:, known.bar].sum()), "", "data_symbols", _TARGET,
            known_at_ns=bar_known_ns(panel, known.bar),
        )  # fmt: skip
        writer.say("data.bars", first=first, last=bar, count=symbols)
    else:
        writer.say("data.bars.none")
    if known.flow >= 0:
        flow = writer.book.add_day("data.flow_day", day_of_index(panel, known.flow), writer.title("data_flow"), _TARGET)
        writer.say("data.flows", day=flow)
    _tell_news(writer)
    live = desk.workstation.live
    status = live.status.last if live is not None else None
    is_live = status is not None and status.host is not None and status.shown != QuoteSource.STORED
    writer.say("data.live" if is_live else "data.stored")
    writer.propose("open_panel", "do.ledger", "table", panel="ledger", ticker="")


def _tell_news(writer: Writer) -> None:
    strategies = writer.desk.workstation.strategies
    picture = strategies.news.last if strategies is not None else None
    times = [
        item.published_ns
        for item in (picture.items if picture is not None else ())
        if item.published_ns is not None and item.published_ns <= writer.picture.as_of.instant_ns
    ]
    if not times:
        writer.say("data.news.none")
        return
    last = writer.book.add_instant("data.news", AsOf(max(times)), writer.title("data_news"), Target("panel", panel="news"))
    writer.say("data.news", when=last)
