"""Answers about stocks: what is asked comes first and short, details follow, and everything read is a fact.

One reading serves both: the template answer, and what a model is given. Values belong to one instant; what is still being
computed for it is left out and said to be so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from engine.model.errors import RalphStockError
from ralphstock_desktop.services.assistant.answers.compare import write_compare
from ralphstock_desktop.services.assistant.answers.plan import write_plans
from ralphstock_desktop.services.assistant.answers.stock_ahead import find_diffs, find_steps
from ralphstock_desktop.services.assistant.answers.stock_changes import write_diff, write_near
from ralphstock_desktop.services.assistant.answers.stock_details import absent_line, absent_words, write_details
from ralphstock_desktop.services.assistant.answers.stock_fill import fill
from ralphstock_desktop.services.assistant.answers.stock_flows import (
    write_flow_interval,
    write_flows,
)
from ralphstock_desktop.services.assistant.answers.stock_news import write_news
from ralphstock_desktop.services.assistant.answers.stock_offers import (
    offer_alert,
    offer_chart,
    offer_panel,
    offer_removal,
    offer_watch,
    takes_back,
)
from ralphstock_desktop.services.assistant.answers.stock_parts import (
    strategies_of,
    write_known,
    write_move,
    write_summary,
    write_totals,
    write_why,
)
from ralphstock_desktop.services.assistant.answers.stock_prices import (
    price_sentences,
    write_chart,
    write_head,
    write_interval,
    write_price,
)
from ralphstock_desktop.services.assistant.answers.stock_records import (
    write_record,
    write_signals,
)
from ralphstock_desktop.services.assistant.answers.stock_symbol import Pictures, Symbol
from ralphstock_desktop.services.assistant.asked import FOREIGN, SCORED
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant.wordlore import is_known_word
from ralphstock_desktop.services.assistant_contracts import Paragraph, Question, Target
from ralphstock_desktop.services.recommend import MOST
from ralphstock_desktop.services.strategy_contracts import GradeDiff, StrategyName

__all__ = ["answer_stock"]

_MOST_SYMBOLS = 4
_MOST_WORDS = 3
_NEWS_POINTS = re.compile(r"뉴스\s?점수|news (?:points?|score)", re.IGNORECASE)
_WHY_SO = phrase("why_so")
_SCORE_WORDS = re.compile(r"점수|총점|등급|평가|몇\s?점|score|grade|rated|rating", re.IGNORECASE)
_RECORD_WORDS = re.compile(r"승률|성과|기록|성적|통계|mdd|win rate|track record|record|back-?test", re.IGNORECASE)
_MOVED_WORDS = phrase("moved_words")
_EACH = frozenset(("news", "plan", "near", "record", "alert"))
"""Intents that are answered for one symbol after the other where several are named; else they are compared."""
_SECTIONS = ("order", "recommend", "forecast", "why", "near", "score", "plan", "flow", "news", "price", "diff", "record")
"""Intents with a section of their own, in the order in which they are answered."""


async def answer_stock(desk: Desk, draft: AnswerDraft) -> None:
    """Read everything about the symbols of a question and write the answer.

    Raises
    ------
    DataUnavailable
        If no market is open (``error.chat.no_market``).
    """
    question, panel = draft.question, desk.picture().panel
    tickers = question.tickers or ((draft.screen.ticker,) if draft.screen.ticker and not question.unknown_names else ())
    held = [ticker for ticker in dict.fromkeys(tickers) if panel.row_of(ticker) is not None]
    absent = [ticker for ticker in dict.fromkeys(tickers) if panel.row_of(ticker) is None]
    for name in (*absent, *question.unknown_names):
        _write_absent(draft, name)
    if not held and question.absent:
        draft.blocks.append(Paragraph(absent_words(draft)))
    if not held:
        if not absent and not question.unknown_names:
            draft.blocks.append(Paragraph(draft.book.sentence("assistant_stock.no_symbol")))
        return
    draft.has_stock = True
    diffs = await _look_ahead(desk, question, held[0]) if len(held) == 1 else {}
    sizes = await _sizes(desk) if len(held) == 1 and {"plan", "recommend", "order"} & set(_sections(question)) else {}
    pictures = Pictures(desk)  # from here on nothing waits: all is of one instant
    held = [ticker for ticker in held if pictures.market.panel.row_of(ticker) is not None]
    if len(held) > _MOST_SYMBOLS and not set(question.intents) & {*_EACH, "watch"} and pictures.scan is not None:
        from ralphstock_desktop.services.assistant.answers.among import answer_among

        # More than can stand side by side stand below each other.
        draft.question = replace(question, among=tuple(held), order_by=question.order_by or "total:desc")
        await answer_among(desk, draft)
        return
    symbols = [Symbol(desk, draft, pictures, ticker) for ticker in held[:_MOST_SYMBOLS]]
    for s in symbols:
        s.diffs, s.sizes = diffs, sizes
    _note_waiting(draft, pictures)
    intents = set(question.intents)
    if len(symbols) > 1 and "compare" not in intents and intents & _EACH:
        for s in symbols:
            _write_one(s)
    elif len(symbols) > 1 and "watch" not in intents:
        if intents & {"order", "forecast"}:
            symbols[0].paragraph(symbols[0].say("order.refused" if "order" in intents else "forecast.refused"))
        symbols[0].paragraph(absent_line(symbols[0]))
        span = _span(symbols[0])
        for s in symbols if span is not None and "diff" not in intents else ():
            _write_of_days(s, *(span or (s.today, s.today)))
        write_compare(symbols)
        for s in symbols if "news" in intents else ():
            s.paragraph(s.say("head.line", head=write_head(s)))
            write_news(s)
        for s in symbols if set(question.details) - {"high", "low", "sector"} else ():
            s.paragraph(s.say("head.line", head=write_head(s)))
            write_details(s)
    elif len(symbols) == 1:
        _write_one(symbols[0])
    _write_offers(symbols)
    if not draft.blocks:
        for s in symbols:
            write_price(s, whole=False)
    for s in symbols:
        fill(s)


async def _look_ahead(desk: Desk, question: Question, ticker: str) -> dict[StrategyName, GradeDiff]:
    wanted = _sections(question)
    if {"why", "near"} & set(wanted):
        await find_steps(desk, strategies_of(question) if question.strategies or "near" in wanted else ("VCP",))
    if "diff" not in wanted:
        return {}
    return await find_diffs(desk, strategies_of(question) if question.strategies else ("VCP",), ticker, question.first_day)


async def _sizes(desk: Desk) -> dict[str, tuple[float, int]]:
    """Entry and size of what the recommendation service lists; empty where it has no list."""
    strategies = desk.workstation.strategies
    if strategies is None:
        return {}
    try:
        found = await strategies.recommend("vcp", MOST)
    except RalphStockError:
        return {}  # the plan is told without a size
    return {item.ticker: (item.entry_krw, item.qty) for item in found.items}


def _write_absent(draft: AnswerDraft, name: str) -> None:
    """A symbol that is not in the data; its name is the user's own word."""
    question, book = draft.question, draft.book
    target = Target("panel", panel="symbols")
    word = book.add("stock.name", name, "text", book.texts("assistant_stock.title.stock.name"), target)
    alike = question.alike if name in question.unknown_names else ()
    if name.casefold() in FOREIGN:
        draft.blocks.append(Paragraph(book.sentence("assistant_stock.unknown_name.foreign", name=word)))
    elif alike:
        names = ", ".join(alike)
        close = book.add("stock.name", names, "text", book.texts("assistant_stock.title.stock.name"), target)
        draft.blocks.append(Paragraph(book.sentence("assistant_stock.unknown_name.alike", name=word, alike=close)))
    else:
        draft.blocks.append(Paragraph(book.sentence("assistant_stock.unknown_name", name=word)))


def _note_waiting(draft: AnswerDraft, pictures: Pictures) -> None:
    if (pictures.waiting and pictures.strategies is not None) or "scan" in pictures.waiting:
        draft.notes.append(("assistant_stock.note.waiting", {}))
    for name, error in pictures.failed:
        key = error.key if error.key in draft.book.texts else ""
        if key:
            draft.notes.append((key, dict(error.fields)))
        else:
            draft.notes.append((f"assistant_stock.note.failed.{name}", {}))
    if pictures.is_what_if:
        draft.notes.append(("assistant_stock.note.what_if", {}))


# -- one symbol -------------------------------------------------------------------------------------------------------------


def _span(s: Symbol) -> tuple[date, date] | None:
    """Days the question names; None for today, which is what is looked at anyway."""
    first, last = s.draft.question.first_day, s.draft.question.last_day
    if first is None and last is None:
        return None
    span = (first or last or s.today, last or first or s.today)
    return None if span == (s.today, s.today) else (min(span), max(span))


def _write_of_days(s: Symbol, first: date, last: date) -> None:
    """What became of one of several symbols over named days."""
    s.paragraph(s.say("head.alone", head=write_head(s)))
    write_interval(s, first, last)
    if "flow" in s.draft.question.intents:
        write_flow_interval(s, first, last)


def _sections(question: Question) -> list[str]:
    """Sections asked for. Why a price moved is another question than why a score is what it is."""
    asked = set(question.intents)
    if question.first_day is not None and not question.strategies and _RECORD_WORDS.search(question.text) is None:
        asked.discard("record")  # the return of named days is the stock's own
    if question.details and _SCORE_WORDS.search(question.text) is None:
        asked.discard("score")
    if "plan" in asked:
        asked.discard("price")  # "entry price" is the plan's
    if "what_if" in asked:
        asked = (asked - {"definition", "diff", "price"}) | {"score", "near"}
    scored = any(name.startswith(SCORED) for name in question.details)
    if scored:
        asked.discard("score")  # the part named is what is asked of the score
    wanted = [name for name in _SECTIONS if name in asked]
    if "news" in asked and _NEWS_POINTS.search(question.text):
        asked.discard("why")
        wanted = [name for name in wanted if name not in ("score", "why")]
    if "why" in asked and not question.grades and _WHY_SO.search(question.text.casefold()) and "score" not in asked:
        asked.add("price")  # "what is the matter with it" asks for the price
    if {"why", "price"} <= asked and "diff" not in asked and not question.strategies and "score" not in asked:
        return ["move", *(name for name in wanted if name not in ("why", "price", "flow", "news"))]
    if {"why", "diff"} & asked:
        wanted = [name for name in wanted if name != "score"]
    if len(wanted) > 1:
        wanted = [name for name in wanted if name != "price"]  # every answer opens with the price
    if {"order", "recommend"} <= asked:
        wanted.remove("recommend")
    if {"order", "recommend"} & set(wanted):
        wanted = [name for name in wanted if name != "plan"]  # both tell the plan
    if not wanted and question.strategies and not scored:
        wanted = ["why"]
    if question.details or question.absent or (question.wants_change and "alert" in asked):
        wanted = [name for name in wanted if name != "price"]
    return wanted


def _write_one(s: Symbol) -> None:
    question = s.draft.question
    span = _span(s) if "forecast" not in question.intents else None  # "until March" is no day that was
    wanted = _sections(question)
    if "what_if" in question.intents:
        question = s.draft.question = replace(question, details=(), absent=())
    for name in ("order", "recommend", "forecast"):
        if name in wanted:
            s.paragraph(s.say(f"{name}.refused"))
            break
    if "outside" in question.intents:
        s.paragraph(s.say("outside.refused"))
    if question.absent:
        s.paragraph(absent_line(s))
    if question.details or question.absent:
        _write_named(s, span)
        wanted = [name for name in wanted if name not in ("price", "record")]
        for name in wanted:
            _write_section(s, name, opening=False)
        return
    if span is not None and "diff" not in wanted:
        s.paragraph(s.say("head.alone", head=write_head(s)))
        if not {"flow", "news"} & set(wanted) or {"price", "move"} & set(wanted):
            write_interval(s, *span)
        if "flow" in wanted or "move" in wanted:
            write_flow_interval(s, *span)
        wanted = [name for name in wanted if name not in ("price", "flow")]
        if not wanted:
            return
        s.paragraph(s.say("interval.now"))
    if not wanted:
        if "chart" in question.intents or "open" in question.intents:
            write_price(s, whole=False)
            write_chart(s)
        elif takes_back(question):
            offer_removal(s)
        elif not question.wants_change:
            _write_unexplained(s)
            write_summary(s)
        return
    for name in wanted:
        _write_section(s, name, opening=name == wanted[0] and (span is None or "diff" in wanted))
    if "chart" in question.intents and not {"price", "flow"} & set(wanted):
        write_chart(s)


def _write_unexplained(s: Symbol) -> None:
    """Words of the question that nothing here answers: better said than passed over."""
    question = s.draft.question
    if question.strategies or question.intents or question.first_day is not None:
        return
    words = [word for word in question.words if len(word) > 1 and not is_known_word(word) and not word.isdigit()]
    if not words:
        return
    text = " ".join(words[:_MOST_WORDS])
    asked = s.book.add("stock.name", text, "text", s.t("title.stock.name"), Target("panel", panel="symbols"), text=text)
    s.paragraph(s.say("unexplained", words=asked))


def _write_named(s: Symbol, span: tuple[date, date] | None) -> None:
    """The quantities named, behind the price; of named days those they have."""
    s.paragraph(s.say("head.line", head=write_head(s)), *price_sentences(s))
    write_details(s, span)
    if span is not None and _MOVED_WORDS.search(s.draft.question.text) is not None:
        write_interval(s, *span)


def _write_section(s: Symbol, name: str, *, opening: bool) -> None:
    """One section; the first one tells what stock and price it is about."""
    named = s.draft.question.strategies
    if opening and name not in ("price", "move"):
        s.paragraph(s.say("head.line", head=write_head(s)), *price_sentences(s))
    if name == "price":
        write_price(s, whole=True)
        write_chart(s)
    elif name == "move":
        write_move(s, opening=opening)
    elif name == "score":
        write_totals(s)
    elif name in ("order", "recommend"):
        if name == "recommend":
            write_totals(s)
        write_plans(s, strategies_of(s.draft.question))
        s.paragraph(s.say("order.yours"))
    elif name == "forecast":
        write_known(s)
    elif name == "why":
        write_why(s)
    elif name == "plan":
        write_plans(s, strategies_of(s.draft.question))
    elif name == "flow":
        write_flows(s)
    elif name == "news":
        write_news(s)
    elif name == "near":
        if "what_if" in s.draft.question.intents:
            s.paragraph(s.say("what_if.said"))
        write_near(s, strategies_of(s.draft.question))
    elif name == "record":
        write_record(s, tuple(each for each in strategies_of(s.draft.question) if each != "DAY_TRADE" or named))
        write_signals(s)
    elif name == "diff":
        vcp: tuple[StrategyName, ...] = ("VCP",)
        for strategy in strategies_of(s.draft.question) if named else vcp:
            write_diff(s, strategy)


def _write_offers(symbols: list[Symbol]) -> None:
    question = symbols[0].draft.question
    if not question.wants_change:
        return
    intents = question.intents
    if "watch" in intents:
        offer_watch(symbols)
    for s in symbols:
        if "alert" in intents:
            offer_alert(s)
        if "open" in intents:
            offer_panel(s)
        elif "chart" in intents:
            offer_chart(s)
