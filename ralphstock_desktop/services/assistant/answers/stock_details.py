"""Quantities of a stock that were asked for by name: averages, pivot, relative strength, highs … each in a sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise

import numpy as np

from engine.calendar.limits import price_limits
from ralphstock_desktop.services.assistant.answers.stock_parts import market_line
from ralphstock_desktop.services.assistant.answers.stock_prices import mark_words, read_bar, read_high
from ralphstock_desktop.services.assistant.answers.stock_scored import write_scored
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, day_at, joined
from ralphstock_desktop.services.assistant.answers.stock_vcp import flag_words, ineligible_words, read_vcp, vcp_sentence
from ralphstock_desktop.services.assistant.asked import SCORED
from ralphstock_desktop.services.assistant.desk import AnswerDraft
from ralphstock_desktop.services.assistant_contracts import Fact, Spans

__all__ = ["absent_line", "absent_words", "write_details"]

_USUAL_BARS = (5, 20, 60, 120)
_HIGH_BARS, _VOLUME_BARS = 250, 20
_BARS_SAID = re.compile(r"(\d{1,3})\s?-?(?:일|d(?:ay)?s?(?![a-z])|봉)|(?:ma|sma)\s?(\d{1,3})", re.IGNORECASE)


def absent_words(draft: AnswerDraft) -> Spans:
    """What was asked for and no data here hold; nothing where all is known."""
    names = [draft.book.sentence(f"assistant_stock.absent.{name}") for name in draft.question.absent]
    return draft.book.sentence("assistant_stock.absent.line", what=joined(names, ", ")) if names else ()


def absent_line(s: Symbol) -> Spans:
    """The same, of the question about a symbol."""
    return absent_words(s.draft)


def write_details(s: Symbol, days: tuple[date, date] | None = None) -> None:
    """A sentence for each quantity named. ``days``: highs and lows are those of these days.

    What is not known is said to be missing.
    """
    details = s.draft.question.details
    write_scored(s, [name.removeprefix(SCORED) for name in details if name.startswith(SCORED)])
    for name in details:
        if not name.startswith(SCORED):
            s.paragraph(*_READERS[name](s, days))


Reader = Callable[[Symbol, tuple[date, date] | None], tuple[Spans, ...]]


def _scan_value(s: Symbol, name: str) -> float:
    scan = s.pictures.scan
    return math.nan if scan is None else float(getattr(scan.scan, name)[s.row])


def _scan_day(s: Symbol) -> date | None:
    scan = s.pictures.scan
    return None if scan is None else day_at(s.panel.days, scan.scan.day_index)


def _missing(s: Symbol, name: str) -> tuple[Spans, ...]:
    return (s.say("detail.missing", what=s.t(f"detail.name.{name}")),)


# -- prices -----------------------------------------------------------------------------------------------------------------


def _averages(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    """Means of adjusted closes, each with the close against it, and the order of the usual ones."""
    last = s.last_bar
    if last is None:
        return _missing(s, "averages")
    said = [int(one or two) for one, two in _BARS_SAID.findall(s.draft.question.text)]
    wanted = tuple(dict.fromkeys(bars for bars in said if 2 <= bars <= 400)) or _USUAL_BARS
    bars = s.bars[s.bars <= last]
    closes = s.panel.close_krw[s.row, bars] * (s.panel.factor[s.row, last] / s.panel.factor[s.row, bars])
    found: list[Spans] = []
    means: list[float] = []
    for count in wanted:
        span = s.fact("ma.bars", float(count), "days", s.chart())
        if len(closes) < count:
            found.append(s.say("detail.average.none", bars=span))
            continue
        mean = float(closes[-count:].mean())
        means.append(mean)
        found.append(_average(s, span, mean, float(closes[-1]), day_at(s.panel.days, int(bars[-count])), last))
    if wanted == _USUAL_BARS and len(means) == len(wanted):
        rising = all(one > two for one, two in pairwise(means))
        falling = all(one < two for one, two in pairwise(means))
        found.insert(0, s.say(f"detail.order.{'rising' if rising else 'falling' if falling else 'mixed'}"))
    return tuple(found)


def _average(s: Symbol, span: Fact, mean: float, close: float, first: date, last: int) -> Spans:
    day = day_at(s.panel.days, last)
    target, known = s.on_bars(first, day), s.bar_known_ns(day)
    value = s.fact("ma.value", mean, "won", target, day=day, known_at_ns=known, formula=s.t("formula.average"))
    gap = s.fact("ma.gap_pct", 100.0 * (close / mean - 1.0), "%", target, day=day, known_at_ns=known)
    side = "above" if close > mean else "below" if close < mean else "at"
    return s.say(f"detail.average.{side}", bars=span, average=value, gap=gap)


def _volume_ratio(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    """Volume of the last bar against the mean of the twenty before, adjusted shares."""
    last = s.last_bar
    bars = s.bars[-_VOLUME_BARS - 1 :]
    if last is None or len(bars) <= _VOLUME_BARS:
        return _missing(s, "volume_ratio")
    shares = s.panel.volume_shares[s.row, bars] * (s.panel.factor[s.row, bars] / s.panel.factor[s.row, last])
    mean = float(shares[:-1].mean())
    if mean <= 0:
        return _missing(s, "volume_ratio")
    bar = read_bar(s, last)
    day, known = bar.day, s.bar_known_ns(bar.day)
    target = s.on_bars(day_at(s.panel.days, int(bars[0])), day)
    usual = s.fact("bar.volume_mean", mean, "shares", target, day=day, known_at_ns=known)
    count = s.fact("bar.volume_mean_bars", float(_VOLUME_BARS), "days", target)
    ratio = s.fact("bar.volume_ratio", float(shares[-1]) / mean, "×", target, day=day, known_at_ns=known)
    return (s.say("detail.volume_ratio", volume=bar.volume, bars=count, mean=usual, ratio=ratio),)


def _high(s: Symbol, days: tuple[date, date] | None) -> tuple[Spans, ...]:
    return _extreme(s, days, low=False)


def _low(s: Symbol, days: tuple[date, date] | None) -> tuple[Spans, ...]:
    return _extreme(s, days, low=True)


def _extreme(s: Symbol, days: tuple[date, date] | None, *, low: bool) -> tuple[Spans, ...]:
    """Highest or lowest price of the year or of named days, when it was, and the last close against it."""
    last, name = s.last_bar, "low" if low else "high"
    if last is None:
        return _missing(s, name)
    if days is None and not low:
        high, count, below = read_high(s, last)
        top = s.book.add_day(
            "bar.extreme_day", high.target.first_day or s.today, s.t("title.day"), high.target, ticker=s.ticker
        )
        key = "detail.high.now" if high.target.first_day == day_at(s.panel.days, last) else "detail.high"
        return (s.say(key, bars=count, price=high, day=top, gap=below),)
    bars = s.bars[-_HIGH_BARS:]
    if days is not None:
        bars = np.array([bar for bar in s.bars if days[0] <= day_at(s.panel.days, int(bar)) <= days[1]], dtype=np.intp)
        if not len(bars):
            return _missing(s, name)
    prices = (s.panel.low_krw if low else s.panel.high_krw)[s.row, bars] * (
        s.panel.factor[s.row, last] / s.panel.factor[s.row, bars]
    )
    place = int(np.argmin(prices) if low else np.argmax(prices))
    when = day_at(s.panel.days, int(bars[place]))
    price, close = float(prices[place]), float(s.panel.close_krw[s.row, last])
    target, known = s.on_bars(when), s.bar_known_ns(day_at(s.panel.days, int(bars[-1])))
    value = s.fact("bar.extreme", price, "won", target, day=when, known_at_ns=known, title=s.t(f"detail.name.{name}"))
    on = s.book.add_day("bar.extreme_day", when, s.t("title.day"), target, ticker=s.ticker)
    gap = s.fact("bar.from_extreme_pct", 100.0 * (close / price - 1.0), "%", target, day=when, known_at_ns=s.bar_known_ns(
        day_at(s.panel.days, last)))  # fmt: skip
    if days is not None:
        return (s.say(f"detail.{name}.span", price=value, day=on, gap=gap),)
    count = s.fact("bar.high_bars", float(len(bars)), "bars", s.on_bars(day_at(s.panel.days, int(bars[0])), s.today))
    return (s.say("detail.low", bars=count, price=value, day=on, gap=gap),)


def _ohlc(s: Symbol, days: tuple[date, date] | None) -> tuple[Spans, ...]:
    """Open, high and low of the last bar, or of the last one of named days."""
    bars = s.bars if days is None else [bar for bar in s.bars if days[0] <= day_at(s.panel.days, int(bar)) <= days[1]]
    if not len(bars):
        return _missing(s, "ohlc")
    bar = read_bar(s, int(bars[-1]), whole=True)
    target, known = s.on_bars(bar.day), s.bar_known_ns(bar.day)
    parts = {
        name: s.fact(f"bar.{name}", float(array[s.row, bar.index]), "won", target, day=bar.day, known_at_ns=known)
        for name, array in (("open", s.panel.open_krw), ("high", s.panel.high_krw), ("low", s.panel.low_krw))
    }
    return (s.say("detail.ohlc", time=bar.time, **parts),)


def _limits(s: Symbol, days: tuple[date, date] | None) -> tuple[Spans, ...]:
    """Price limits of the last bar's day, from its base price."""
    bars = s.bars if days is None else [bar for bar in s.bars if days[0] <= day_at(s.panel.days, int(bar)) <= days[1]]
    if not len(bars):
        return _missing(s, "limits")
    index = int(bars[-1])
    base, day = float(s.panel.base_krw[s.row, index]), day_at(s.panel.days, index)
    if not base > 0:
        return _missing(s, "limits")
    limits = price_limits(int(base), int(s.panel.market[s.row]), day, int(s.panel.security_type[s.row]))
    target, known = s.on_bars(day), s.bar_known_ns(day)
    parts = {
        name: s.fact(f"bar.{name}", value, "won", target, day=day, known_at_ns=known)
        for name, value in (("upper_limit", float(limits.upper)), ("lower_limit", float(limits.lower)), ("base", base))
    }
    on = s.book.add_day("bar.extreme_day", day, s.t("title.day"), target, ticker=s.ticker)
    return (s.say("detail.limits", day=on, upper=parts["upper_limit"], lower=parts["lower_limit"], base=parts["base"]),)


# -- scores -----------------------------------------------------------------------------------------------------------------


def _rs(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    value, day = _scan_value(s, "rs"), _scan_day(s)
    if day is None or math.isnan(value):
        return _missing(s, "rs")
    rank = s.fact("vcp.rs", value, "", s.evidence("F1"), day=day, known_at_ns=s.bar_known_ns(day), decimals=0)
    return (s.say("detail.rs", rs=rank),)


def _pivot(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    read_vcp(s)
    by_name = {fact.name: fact for fact in s.book.facts if fact.ticker == s.ticker}
    pivot, distance = by_name.get("vcp.pivot"), by_name.get("vcp.pivot_distance_pct")
    if pivot is None or distance is None or distance.value is None:
        return _missing(s, "pivot")
    apart = float(distance.value)
    if apart >= 0:
        return (s.say("detail.pivot.below", pivot=pivot, distance=distance), *_state(s, _days))
    beyond = s.fact(
        "vcp.pivot_beyond_pct", -apart, "%", distance.target, day=distance.day, known_at_ns=distance.known_at_ns, decimals=1,
        plus=False, formula=distance.formula,
    )  # fmt: skip
    return (s.say("detail.pivot.above", pivot=pivot, distance=beyond), *_state(s, _days))


def _contractions(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    scan, day = s.pictures.scan, _scan_day(s)
    if scan is None or day is None or math.isnan(_scan_value(s, "vcp_score")):
        return _missing(s, "contractions")
    legs = int(scan.scan.t_count[s.row])
    target, known = s.evidence("B1"), s.bar_known_ns(day)
    count = s.fact(
        "vcp.gate.count",
        float(legs),
        "",
        target,
        day=day,
        known_at_ns=known,
        text=s.texts("evidence.value.count", value=f"{legs:,}"),
    )
    if not legs:
        return (s.say("detail.contractions.none", count=count),)
    depths = []
    for leg in range(legs):
        high, low = float(scan.scan.leg_high[s.row, leg]), float(scan.scan.leg_low[s.row, leg])
        depth = 100.0 * (high - low) / high
        at = s.evidence("B3" if not leg else "D2")
        fact = s.fact("vcp.leg_depth", depth, "%", at, day=day, known_at_ns=known, decimals=1, plus=False, formula=f"{leg + 1}")
        depths.append(s.shown(fact))
    base = s.fact("vcp.gate.base_bars", float(scan.scan.base_bars[s.row]), "bars", s.evidence("B4"), day=day, known_at_ns=known)
    return (s.say("detail.contractions", count=count, depths=joined(depths, " → "), base=base),)


def _state(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    vcp = read_vcp(s)
    if vcp is None or vcp.total.value is None:
        return _missing(s, "state")
    return (s.say("detail.state", state=vcp.state),)


def _smartmoney(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    vcp = read_vcp(s)
    if vcp is None or vcp.smartmoney.value is None:
        return _missing(s, "smartmoney")
    return (s.say("detail.smartmoney", score=vcp.smartmoney),)


def _coverage(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    vcp, value, day = read_vcp(s), _scan_value(s, "coverage"), _scan_day(s)
    if vcp is None or day is None or math.isnan(value):
        return _missing(s, "coverage")
    share = s.fact("vcp.coverage", value, "%", s.cell("total"), day=day, known_at_ns=vcp.known_at_ns, decimals=0, plus=False)
    return (s.say("detail.coverage", coverage=share), vcp_sentence(s, vcp))


def _sector(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    return (market_line(s),)


def _flags(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    """Remarks on the VCP score, and marks of the exchange where there are any."""
    vcp = read_vcp(s)
    if vcp is None:
        return _missing(s, "flags")
    words = flag_words(s, vcp)
    said = s.say("detail.flags", flags=joined(words, ", ")) if words else s.say("detail.flags.none")
    return (said, *(_marks(s, _days) if mark_words(s) else ()))


def _marks(s: Symbol, _days: tuple[date, date] | None) -> tuple[Spans, ...]:
    """Marks of the exchange, and whether the stock is in the universe of the VCP scan."""
    marks = [s.shown(mark) for mark in mark_words(s)]
    said = s.say("detail.marks", marks=joined(marks, ", ")) if marks else s.say("detail.marks.none")
    vcp = read_vcp(s)
    if vcp is None:
        return (said,)
    out = ineligible_words(s, vcp)
    return (said, s.say("detail.ineligible", reasons=joined(out, ", ")) if out else s.say("detail.eligible"))


_READERS: dict[str, Reader] = {
    "flags": _flags,
    "marks": _marks,
    "averages": _averages,
    "volume_ratio": _volume_ratio,
    "rs": _rs,
    "pivot": _pivot,
    "contractions": _contractions,
    "state": _state,
    "high": _high,
    "low": _low,
    "ohlc": _ohlc,
    "limits": _limits,
    "sector": _sector,
    "smartmoney": _smartmoney,
    "coverage": _coverage,
}
"""Every quantity of the section ``details`` of the vocabulary."""
