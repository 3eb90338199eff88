"""Short answers about one matter of the market: an index, an average of it, how many rose, flows, a sector, the hours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.gate import GateHistory, SectorState
from engine.model.instants import kst_datetime
from engine.model.panel import FloatArray
from ralphstock_desktop.services.assistant.answers.market_history import gate_history_of
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, bar_known_ns, day_of_index
from ralphstock_desktop.services.assistant.help_pages import rule_fact
from ralphstock_desktop.services.assistant.triggers import named, phrase
from ralphstock_desktop.services.assistant_contracts import Fact, Target
from ralphstock_desktop.services.strategy_contracts import GatePicture, Strategies

__all__ = [
    "asks_hours",
    "focus_of",
    "index_named",
    "named_sectors",
    "sectors_named",
    "tell_averages",
    "tell_breadth",
    "tell_flow",
    "tell_highs",
    "tell_hours",
    "tell_returns",
]

_HOURS = phrase("market_hours")
_BREADTH = phrase("market_breadth")
_SHARE = phrase("market_share")
_INDEX = phrase("market_index")
_LEVEL = phrase("market_level")
_WHOLE = phrase("market_whole")
_BARS_SAID = re.compile(r"(\d{1,3})\s?-?(?:일|d(?:ay)?s?(?![a-z]))|(?:ma|sma)\s?(\d{1,3})", re.IGNORECASE)
_USUAL_BARS = (5, 20, 60, 120)
_HIGH_BARS = 250
_SECTORS = named("sectors")


def asks_hours(text: str) -> bool:
    """Whether a question is about when the market trades."""
    return _HOURS.search(text.casefold()) is not None


def focus_of(writer: Writer) -> str:
    """The one matter a question is about: ``averages``, ``high``, ``breadth``, ``flow``, ``sector``, ``index``; else empty."""
    question, text = writer.draft.question, writer.draft.question.text.casefold()
    if _SHARE.search(text) and _BREADTH.search(text):
        return "breadth"
    if "averages" in question.details:
        return "averages"
    if {"high", "low"} & set(question.details) and _INDEX.search(text):
        return "high"
    if _BREADTH.search(text):
        return "breadth"
    if "flow" in question.intents:
        return "flow"
    if _WHOLE.search(text) and not named_sectors(text):
        return ""
    if "sector" in question.intents or named_sectors(text):
        return "sector"
    of_days = question.first_day is not None and question.first_day != question.last_day
    if of_days and _INDEX.search(text) and "게이트" not in text and "gate" not in text:
        return "index"  # "KOSDAQ since the start of the year"
    words = [word for word in question.words if _INDEX.search(word) is None]
    if _INDEX.search(text) and (_LEVEL.search(text) or not words):
        return "index"
    return ""


def index_named(text: str) -> bool:
    """Whether a text names an index or the exchange rate."""
    return _INDEX.search(text.casefold()) is not None


def named_sectors(text: str) -> tuple[str, ...]:
    """Sectors a text names, by the words people use for them."""
    return tuple(name for name, pattern in _SECTORS if re.search(rf"(?<![a-z])(?:{pattern.pattern})", text.casefold()))


def sectors_named(text: str, states: Sequence[SectorState]) -> list[SectorState]:
    """States of the sectors a text names, by their own name or by what people say for it."""
    folded, meant = text.casefold().replace(" ", ""), named_sectors(text)
    return [
        state
        for state in states
        if state.name and (state.name.casefold().replace(" ", "") in folded or any(name in state.name for name in meant))
    ]


def tell_hours(writer: Writer) -> None:
    """When the regular session of the day looked at begins and ends."""
    day = writer.picture.as_of.day
    target = Target("help", item="start")

    def at(name: str, instant_ns: int) -> Fact:
        clock = kst_datetime(instant_ns)
        return writer.book.add(
            f"market.{name}", clock.strftime("%Y-%m-%dT%H:%M"), "time", writer.title(f"market_{name}"), target, day=day,
            text=clock.strftime("%H:%M"),
        )  # fmt: skip

    opens, closes = at("open", DEFAULT_SESSIONS.open_ns(day)), at("close", DEFAULT_SESSIONS.close_ns(day))
    official = at("official", DEFAULT_SESSIONS.official_bar_ns(day))
    writer.say("market.hours", open=opens, close=closes, official=official)


def tell_breadth(writer: Writer, gate: GatePicture) -> None:
    """How many stocks rose and fell on the last day, and how many stand above their average."""
    panel, index = gate.panel, gate.reading.day_index
    base, close, valid = panel.base_krw[:, index], panel.close_krw[:, index], panel.valid[:, index]
    counted = valid & (base > 0)
    known, target = bar_known_ns(panel, index), Target("gate", item="breadth")

    def count(name: str, mask: np.ndarray) -> Fact:
        number = float(np.count_nonzero(counted & mask))
        return writer.number(f"market.{name}", number, "", f"market_{name}", target, known_at_ns=known)

    share = gate.reading.component("breadth")
    if share.value is not None and _SHARE.search(writer.draft.question.text.casefold()):
        value = writer.number("gate.value.breadth", share.value, "%", "gate_value", target, plus=False, known_at_ns=known,
                              decimals=1)  # fmt: skip
        writer.say("gate.share", share=value)
    when = writer.book.add_day("index.day", day_of_index(panel, index), writer.title("day"), target)
    rose, fell, same = count("rose", close > base), count("fell", close < base), count("same", close == base)
    writer.say("market.breadth", day=when, rose=rose, fell=fell, same=same)
    reading = gate.reading
    if reading.breadth_known:
        above = writer.number("gate.breadth_above", reading.breadth_above, "", "breadth_above", target, known_at_ns=known)
        all_of = writer.number("gate.breadth_known", reading.breadth_known, "", "breadth_known", target, known_at_ns=known)
        bars = rule_fact(writer.book, "gate.breadth_bars", writer.desk.workstation.rules, "gate")
        writer.say("gate.breadth", above=above, known=all_of, bars=bars)


def tell_flow(writer: Writer, gate: GatePicture) -> None:
    """What foreigners bought of KOSPI over the gate's window; a single day's sum of a market is in no data."""
    foreign = gate.reading.component("foreign")
    if foreign.value is None or gate.reading.flow_day is None:
        writer.say("market.flow.none")
        return
    day: date = gate.reading.flow_day.astype("datetime64[D]").item()
    target = Target("gate", item="foreign")
    amount = writer.add(
        "gate.value.foreign", float(foreign.value), "krw", writer.title("gate_value"), target, plus=True,
        known_at_ns=DEFAULT_SESSIONS.confirmed_flow_ns(day),
    )  # fmt: skip
    days = rule_fact(writer.book, "gate.foreign_days", writer.desk.workstation.rules, "gate")
    when = writer.book.add_day("gate.flow_day", day, writer.title("flow_day"), target)
    writer.say("gate.foreign", days=days, day=when, amount=amount)
    writer.say("market.flow.only")


def _named_index(text: str) -> list[str]:
    words = (
        ("kospi", ("코스피", "kospi")),
        ("kosdaq", ("코스닥", "kosdaq")),
        ("usdkrw", ("환율", "원달러", "달러", "exchange rate", "usd", "dollar")),
    )
    return [name for name, said in words if any(word in text.casefold() for word in said)] or ["kospi", "kosdaq"]


def _levels_of(history: GateHistory, name: str) -> FloatArray:
    return {"kospi": history.kospi, "kosdaq": history.kosdaq, "usdkrw": history.usd_krw}[name]


async def tell_highs(writer: Writer, strategies: Strategies, gate: GatePicture) -> None:
    """The indices that are named, or both, against their highest close of the last bars."""
    history = await gate_history_of(strategies, gate, must=True)
    assert history is not None
    last = int(np.searchsorted(history.day_index, gate.reading.day_index, side="right"))
    for name in _named_index(writer.draft.question.text):
        all_levels = np.asarray(_levels_of(history, name))[:last]
        there = np.flatnonzero(~np.isnan(all_levels))[-_HIGH_BARS:]
        if not len(there):
            continue
        levels = all_levels[there]
        target, known = Target("gate", item=name), bar_known_ns(gate.panel, gate.reading.day_index)
        title = writer.texts(f"gate.{name}")
        word = "low" if "low" in writer.draft.question.details else "high"
        top = int(np.argmin(levels) if word == "low" else np.argmax(levels))
        when = day_of_index(gate.panel, int(history.day_index[there[top]]))
        close = writer.add("index.close", float(levels[-1]), "index", title, target, known_at_ns=known)
        high = writer.add(f"market.{word}", float(levels[top]), "index", writer.title(f"market_{word}"), target, day=when,
                          known_at_ns=known)  # fmt: skip
        apart = 100.0 * (levels[-1] / levels[top] - 1.0)
        gap = writer.add(f"market.{word}_gap", apart, "%", writer.title(f"market_{word}_gap"), target, known_at_ns=known)
        bars = writer.number("rank.bars", float(len(levels)), "bars", "rank_bars", target)
        on = writer.book.add_day("index.day", when, writer.title("day"), target)
        writer.say(f"market.{word}", name=title, close=close, bars=bars, day=on, gap=gap, **{word: high})


async def tell_returns(
    writer: Writer, strategies: Strategies, gate: GatePicture, first: date, until: date | None = None
) -> None:
    """Changes of the indices that are named from the close before a day to that of another, by default the last one."""
    history = await gate_history_of(strategies, gate, must=True)
    assert history is not None
    last = int(np.searchsorted(history.day_index, gate.reading.day_index, side="right"))
    begin = gate.panel.day_index(np.datetime64(first, "D"))
    final = gate.reading.day_index if until is None else min(gate.panel.day_index(until), gate.reading.day_index)
    last = min(last, int(np.searchsorted(history.day_index, final, side="right")))
    known = bar_known_ns(gate.panel, final)
    for name in _named_index(writer.draft.question.text):
        levels = np.asarray(_levels_of(history, name))[:last]
        before = np.flatnonzero(~np.isnan(levels) & (np.asarray(history.day_index[:last]) < begin))
        there = np.flatnonzero(~np.isnan(levels))
        if not len(before) or not len(there):
            writer.say("index.missing", name=writer.texts(f"gate.{name}"))
            continue
        target, title = Target("gate", item=name), writer.texts(f"gate.{name}")
        when = day_of_index(gate.panel, int(history.day_index[before[-1]]))
        old, new = float(levels[before[-1]]), float(levels[there[-1]])
        close = writer.add("index.close", new, "index", title, target, known_at_ns=known,
                           day=day_of_index(gate.panel, int(history.day_index[there[-1]])))  # fmt: skip
        base = writer.add("history.close", old, "index", title, target, day=when, known_at_ns=known)
        on = writer.book.add_day("index.day", when, writer.title("day"), target)
        change = writer.add("market.return", 100.0 * (new / old - 1.0), "%", writer.title("market_return"), target,
                            known_at_ns=known)  # fmt: skip
        writer.say("market.return", name=title, close=close, day=on, before=base, change=change)


async def tell_averages(writer: Writer, strategies: Strategies, gate: GatePicture) -> None:
    """Closes of the indices that are named, or of both, against their averages."""
    history = await gate_history_of(strategies, gate, must=True)
    assert history is not None
    text = writer.draft.question.text
    last = int(np.searchsorted(history.day_index, gate.reading.day_index, side="right"))
    said = [int(one or two) for one, two in _BARS_SAID.findall(text)]
    for name in _named_index(text):
        levels = np.asarray(_levels_of(history, name))[:last]
        levels = levels[~np.isnan(levels)]
        target, known = Target("gate", item=name), bar_known_ns(gate.panel, gate.reading.day_index)
        for count in tuple(dict.fromkeys(said)) or _USUAL_BARS:
            if not 2 <= count <= len(levels):
                continue
            mean, close = float(levels[-count:].mean()), float(levels[-1])
            bars = writer.number("market.average_bars", float(count), "days", "market_average", target)
            level = writer.add("index.close", close, "index", writer.texts(f"gate.{name}"), target, known_at_ns=known)
            value = writer.add("market.average", mean, "index", writer.title("market_average"), target, known_at_ns=known)
            gap = writer.add(
                "market.average_gap", 100.0 * (close / mean - 1.0), "%", writer.title("market_average_gap"), target,
                known_at_ns=known,
            )  # fmt: skip
            side = "above" if close >= mean else "below"
            writer.say(
                f"market.average.{side}", name=writer.texts(f"gate.{name}"), bars=bars, average=value, close=level, gap=gap
            )
