"""Prices of a symbol: the running day's quote, the last official bar, a named day or interval, and the small chart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.chart import Timeframe
from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf, day_of, kst_datetime
from engine.model.instruments import DesignationFlag
from engine.model.live import MISSING
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, day_at
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant_contracts import Chart, Fact, Spans
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "BarFacts",
    "QuoteFacts",
    "mark_words",
    "read_bar",
    "read_quote",
    "write_chart",
    "write_head",
    "write_interval",
    "write_price",
    "write_trade",
]

_AGAINST = phrase("against_close")
_HIGH_BARS = 250
_CHART_BARS = 60


@dataclass(frozen=True, slots=True)
class BarFacts:
    """Facts of one official daily bar."""

    index: int
    day: date
    time: Fact
    close: Fact
    change: Fact
    volume: Fact
    value: Fact
    is_estimated: bool


@dataclass(frozen=True, slots=True)
class QuoteFacts:
    """Facts of the running day."""

    price: Fact
    time: Fact
    age: Fact
    change: Fact
    volume: Fact
    value: Fact


def read_bar(s: Symbol, index: int, *, whole: bool = False) -> BarFacts:
    """Take the bar of a panel day into the book. ``whole``: with its open, high, low and base price."""
    panel, row = s.panel, s.row
    day = day_at(panel.days, index)
    target, known = s.on_bars(day), s.bar_known_ns(day)
    close, base = float(panel.close_krw[row, index]), float(panel.base_krw[row, index])
    change = 100.0 * (close / base - 1.0) if base > 0 else None
    value, estimated = panel.traded_value(row)
    is_estimated = bool(estimated[index])
    closed = AsOf(DEFAULT_SESSIONS.close_ns(day))
    moment = kst_datetime(closed.instant_ns).strftime("%Y-%m-%dT%H:%M")
    base_fact = s.fact("bar.base", base, "won", target, day=day, known_at_ns=known)
    close_fact = s.fact("bar.close", close, "won", target, day=day, known_at_ns=known)
    formula = s.t("formula.change").format(close=close_fact.text, base=base_fact.text) if change is not None else ""
    facts = BarFacts(
        index=index,
        day=day,
        time=s.fact("bar.time", moment, "time", target, day=day, known_at_ns=known),
        close=close_fact,
        change=s.fact("bar.change_pct", change, "%", target, day=day, known_at_ns=known, formula=formula),
        volume=s.fact("bar.volume", float(panel.volume_shares[row, index]), "shares", target, day=day, known_at_ns=known),
        value=s.fact(
            "bar.value",
            float(value[index]),
            "krw",
            target,
            day=day,
            known_at_ns=known,
            formula=s.t("formula.value") if is_estimated else "",
        ),
        is_estimated=is_estimated,
    )
    if whole:
        s.fact("bar.valid_bars", float(np.count_nonzero(s.bars <= index)), "bars", target, day=day, known_at_ns=known)
        for name, array in (("open", panel.open_krw), ("high", panel.high_krw), ("low", panel.low_krw)):
            s.fact(f"bar.{name}", float(array[row, index]), "won", target, day=day, known_at_ns=known)
    return facts


def read_high(s: Symbol, index: int) -> tuple[Fact, Fact, Fact]:
    """Highest price of up to 250 bars ending with a bar, how many these are, and the close against it."""
    panel, row = s.panel, s.row
    bars = s.bars[s.bars <= index][-_HIGH_BARS:]
    scale = panel.factor[row, index] / panel.factor[row, bars]
    highs = panel.high_krw[row, bars] * scale
    high = float(highs.max())
    day, first = day_at(panel.days, index), day_at(panel.days, int(bars[0]))
    top = day_at(panel.days, int(bars[int(np.argmax(highs))]))
    known = s.bar_known_ns(day)
    close = float(panel.close_krw[row, index])
    high_fact = s.fact("bar.high_250", high, "won", s.on_bars(top), day=day, known_at_ns=known)
    count = s.fact("bar.high_bars", float(len(bars)), "bars", s.on_bars(first, day), day=day, known_at_ns=known)
    below = s.fact(
        "bar.from_high_pct",
        100.0 * (close / high - 1.0),
        "%",
        s.on_bars(top, day),
        day=day,
        known_at_ns=known,
        formula=s.t("formula.from_high").format(high=high_fact.text),
    )
    return high_fact, count, below


def read_quote(s: Symbol) -> QuoteFacts | None:
    """Price of the day that is going on: from the live board in the present, from recorded minutes at an earlier instant.

    None where the day has no price yet, or where its official bar is known already.
    """
    market, last = s.pictures.market, s.last_bar
    bar_day = day_at(s.panel.days, s.known.bar) if s.known.bar >= 0 else date.min
    board = s.desk.workstation.live.board if s.desk.workstation.live is not None and market.is_latest else None
    if board is not None and board.day > bar_day and (row := board.row_of(s.ticker)) is not None:
        at, price = int(board.at_ns[row]), int(board.price_krw[row])
        if at == MISSING or price == MISSING or day_of(at) != board.day:
            return None
        now = max(s.desk.now_ns(), at)
        values = [_or_nan(int(array[row])) for array in (board.base_krw, board.volume_shares, board.value_krw)]
        return _quote(s, float(price), at, now, *values)
    day = s.pictures.day
    if day is None or day.source == "daily" or day_of(day.quotes.now_ns) <= bar_day or last is None:
        return None
    quotes = day.quotes
    price_now, at = float(quotes.price[s.row]), int(quotes.at_ns[s.row])
    if math.isnan(price_now) or at <= 0 or at > s.pictures.now_ns:
        return None
    values = [float(array[s.row]) for array in (quotes.base, quotes.volume_shares, quotes.value_krw)]
    return _quote(s, price_now, at, max(quotes.now_ns, at), *values)


def _or_nan(value: int) -> float:
    return math.nan if value == MISSING else float(value)


def _quote(s: Symbol, price: float, at: int, now: int, base: float, volume: float, value: float) -> QuoteFacts:
    day = day_of(at)
    target = s.on_bars(day)
    seconds = (now - at) / 1e9
    change = 100.0 * (price / base - 1.0) if base > 0 else None
    price_fact = s.fact("quote.price", price, "won", target, day=day, known_at_ns=at)
    base_text = fmt.price(base)
    return QuoteFacts(
        price=price_fact,
        time=s.fact("quote.time", kst_datetime(at).strftime("%Y-%m-%dT%H:%M"), "time", target, day=day, known_at_ns=at),
        age=s.fact(
            "quote.age",
            seconds,
            "",
            target,
            day=day,
            known_at_ns=now,
            text=fmt.age(seconds, s.book.language, short=True) if seconds >= 1 else s.t("word.just_now"),
        ),
        change=s.fact(
            "quote.change_pct",
            change,
            "%",
            target,
            day=day,
            known_at_ns=at,
            formula=s.t("formula.change").format(close=price_fact.text, base=base_text) if change is not None else "",
        ),
        volume=s.fact("quote.volume", volume, "shares", target, day=day, known_at_ns=at),
        value=s.fact("quote.value", value, "krw", target, day=day, known_at_ns=at),
    )


# -- sentences --------------------------------------------------------------------------------------------------------------


def write_head(s: Symbol) -> Spans:
    """``한미반도체(042700)``: what the answer is about."""
    return s.say("head", name=s.name_fact, code=s.code_fact)


def mark_words(s: Symbol) -> list[Fact]:
    """Marks the exchange had set on the symbol at the last known bar's day."""
    if s.known.bar < 0:
        return []
    marks = DesignationFlag(int(s.panel.designation[s.row, s.known.bar]))
    day = day_at(s.panel.days, s.known.bar)
    return [
        s.word("stock.designation", mark.name or "", s.t(f"mark.{(mark.name or '').lower()}"), s.on_bars(day), day=day)
        for mark in DesignationFlag
        if mark and mark in marks
    ]


def price_sentences(s: Symbol) -> list[Spans]:
    """Where the price stands: the running day's where there is one, the last official bar otherwise. Missing is told."""
    last = s.last_bar
    if last is None:
        return [s.say("price.none", time=_instant(s))]
    found: list[Spans] = []
    quote = read_quote(s)
    if quote is not None:
        key = "price.quote" if quote.change.value is not None else "price.quote.no_base"
        found.append(s.say(key, time=quote.time, price=quote.price, age=quote.age, change=quote.change))
    bar = read_bar(s, last)
    if last < s.known.bar:
        since_index = last + 1
        since_day = day_at(s.panel.days, since_index)
        since = s.fact("bar.halted_since", since_day.isoformat(), "date", s.on_bars(bar.day), day=since_day)
        halted = bool(s.panel.present[s.row, s.known.bar])
        found.append(s.say("price.halted" if halted else "price.no_rows", since=since))
    key = "price.close" if bar.change.value is not None else "price.close.no_base"
    if quote is not None:
        key = "price.before"
    found.append(s.say(key, time=bar.time, close=bar.close, change=bar.change))
    return found


def _instant(s: Symbol) -> Fact:
    as_of = s.pictures.market.as_of
    return s.book.add_instant("as_of", as_of, s.t("title.as_of"), s.chart(), ticker=s.ticker)


def write_trade(s: Symbol) -> list[Spans]:
    """Volume, traded value, and the distance from the year's high."""
    last = s.last_bar
    if last is None:
        return []
    quote, bar = read_quote(s), read_bar(s, last, whole=True)
    volume, value = (quote.volume, quote.value) if quote is not None else (bar.volume, bar.value)
    found: list[Spans] = []
    if value.value is None:
        found.append(s.say("price.trade.no_value", volume=volume))
    else:
        key = "price.trade.estimated" if quote is None and bar.is_estimated else "price.trade"
        found.append(s.say(key, volume=volume, value=value))
    high, bars, below = read_high(s, last)
    found.append(s.say("price.high", bars=bars, high=high, below=below))
    return found


def write_price(s: Symbol, *, whole: bool) -> None:
    """The paragraph about the price; ``whole`` with volume, value and the year's high."""
    sentences = price_sentences(s)
    marks = mark_words(s)
    if marks:
        for mark in marks:
            sentences.append(s.say("mark", mark=mark))
    s.paragraph(s.say("head.line", head=write_head(s)), *sentences)
    if whole:
        s.paragraph(*write_trade(s))


def write_interval(s: Symbol, first: date, last: date) -> None:
    """The bar of a named day, or the return over named days; what is not known yet is said to be so.

    "Since" a day its own move counts; "against" a day its close is what is compared with.
    """
    if first > last:
        first, last = last, first
    days = s.panel.days
    known_day = day_at(days, s.known.bar) if s.known.bar >= 0 else date.min
    if first > s.today:
        s.paragraph(s.say("interval.later", time=_instant(s)))
        return
    inside = [int(index) for index in s.bars if first <= day_at(days, int(index)) <= last]
    asked = s.book.add_day("bar.time", last, s.t("title.day"), s.on_bars(last), ticker=s.ticker)
    if not inside:
        earlier = [int(index) for index in s.bars if day_at(days, int(index)) < first]
        holiday = not (days == np.datetime64(first, "D")).any()
        key = "no_bar" if first < last else "no_data" if first > known_day else "holiday" if holiday else "no_trade"
        sentences = [s.say(f"interval.{key}", day=asked)]
        if earlier:
            bar = read_bar(s, earlier[-1])
            sentences.append(s.say("price.close.plain", time=bar.time, close=bar.close))
        s.paragraph(*sentences)
        return
    end = read_bar(s, inside[-1], whole=True)
    if first == last:
        key = "interval.day" if end.change.value is not None else "interval.day.no_base"
        s.paragraph(s.say(key, time=end.time, close=end.close, change=end.change, volume=end.volume, value=end.value))
        return
    before = [int(index) for index in s.bars if index < inside[0]]
    against = _AGAINST.search(s.draft.question.text.casefold()) is not None and len(inside) > 1
    start = before[-1] if before and not against else inside[0]
    factor = s.panel.factor[s.row, inside[-1]] / s.panel.factor[s.row, start]
    start_close = float(s.panel.close_krw[s.row, start] * factor)
    start_day = day_at(days, start)
    target = s.on_bars(start_day, end.day)
    begin = s.fact("bar.first_close", start_close, "won", s.on_bars(start_day), day=start_day)
    from_day = s.book.add_day("bar.time", start_day, s.t("title.day"), s.on_bars(start_day), ticker=s.ticker)
    change = s.fact(
        "bar.return_pct",
        100.0 * (float(end.close.value or math.nan) / start_close - 1.0),
        "%",
        target,
        day=end.day,
        known_at_ns=s.bar_known_ns(end.day),
        formula=s.t("formula.return").format(first=begin.text, last=end.close.text),
    )
    s.paragraph(s.say("interval.return", start=from_day, begin=begin, time=end.time, close=end.close, change=change))


def write_chart(s: Symbol) -> None:
    """The closes of the last sixty bars as a small chart, the forming bar of a recorded session included."""
    try:
        series = s.desk.workstation.day_series(s.ticker, Timeframe.DAY, adjusted=True)
    except DataUnavailable:
        return
    kept = slice(max(len(series) - _CHART_BARS, 0), None)
    if len(series) < 2:
        return
    days = tuple(day.item() for day in series.time[kept].astype("datetime64[D]"))
    last = s.last_bar
    opens = read_bar(s, last).close.id if last is not None else ""
    name = s.name_fact.text
    s.draft.blocks.append(
        Chart(
            "line",
            s.t("chart.closes").format(name=name),
            s.ticker,
            days,
            tuple(float(value) for value in series.close[kept]),
            "won",
            s.t("chart.closes.spoken").format(name=name),
            opens,
        )
    )
