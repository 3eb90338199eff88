"""What a synchronisation has to ask for: the days that are due, the items of every step, their requests and their time.

Nothing here waits or writes; the clock and the calendar come in as arguments.

1. The *targets* say up to which trading day each kind of data can be complete now (domain.md §§0.2, 1.4): the listing from
   08:00, daily bars from the official bar's instant, flows from their confirmed hour.
2. A step's items are what is missing up to its target. Bars begin on the last stored day, not after it: what was fetched in
   the evening is compared with what the source says the next day, because its close may have followed the after-market.
3. Items that are marked done for the same target are left out, so a killed run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from math import ceil
from typing import Any

import numpy as np

from engine.calendar.sessions import SessionTable
from engine.calendar.trading_days import TradingCalendar
from engine.model.instants import day_of, kst_ns
from engine.model.instruments import Market, SecurityType, Symbol
from ralphstock_desktop.live_ports import StoredSpan

__all__ = [
    "INDEX_NAMES",
    "LANES",
    "PER_SYMBOL",
    "QUICK",
    "Load",
    "Marks",
    "StepName",
    "SyncItem",
    "SyncRates",
    "SyncSettings",
    "SyncTargets",
    "bar_items",
    "flow_items",
    "forecast_s",
    "index_items",
    "load_of",
    "market_flow_items",
    "next_due_ns",
    "targets_at",
    "universe",
]

Load = tuple[int, int]
"""Requests of a step's own kind, and of other kinds."""
LISTING_HOUR_KST = 8
INDEX_NAMES = {"001": "KOSPI", "101": "KOSDAQ", "201": "KOSPI200"}
"""Exchange codes that are brought up to date, with the names they are stored under."""


class StepName(StrEnum):
    """Parts of a synchronisation; text keys ``sync.step.<name>``."""

    MASTER = "master"
    INDEX = "index"
    FX = "fx"
    MARKET_FLOWS = "market_flows"
    NEWS = "news"
    DAILY = "daily"
    ADJUSTED = "adjusted"
    FLOWS = "flows"


QUICK = (StepName.INDEX, StepName.FX, StepName.MARKET_FLOWS, StepName.NEWS)
PER_SYMBOL = (StepName.DAILY, StepName.ADJUSTED, StepName.FLOWS)
LANES = (QUICK, (StepName.DAILY, StepName.ADJUSTED), (StepName.FLOWS,))
"""Steps of one lane follow each other, lanes run side by side; the listing comes before all."""


@dataclass(frozen=True, slots=True)
class SyncRates:
    """What the source allows and how much one request brings; Kiwoom's published figures by default."""

    per_kind_per_s: float = 4.0
    """Requests a second of one kind; raw and adjusted bars are one kind."""
    total_per_s: float = 8.5
    """Reached in practice: of the 10 a second that are allowed, places are kept free for the network's jitter."""
    daily_rows: int = 600
    flow_rows: int = 100
    flow_requests: int = 2
    """Requests per page of flows: won and shares are asked for separately."""
    listing_requests: int = 2
    listing_per_s: float = 0.5
    close_requests: int = 1
    """Requests of another kind per symbol for today's official close, which the daily row does not tell (minute bars)."""


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """How much is kept up to date."""

    history_years: int = 3
    """How far back a new symbol's bars are fetched."""
    flow_history_days: int = 260
    """Trading days of flows fetched of a new symbol."""
    overlap_days: int = 10
    """Trading days on which the vendor's adjusted prices are compared with raw prices and known factors."""
    market_flow_days: int = 20
    news_days: int = 7
    types: frozenset[SecurityType] = frozenset(
        {SecurityType.COMMON, SecurityType.PREFERRED, SecurityType.SPAC, SecurityType.REIT, SecurityType.UNKNOWN}
    )
    """Security types of the whole market that are synchronised; what is on screen is in any case."""
    parallel: int = 3
    """Requests under way at once in each lane; the rate limits decide the speed, this only hides the latency."""
    batch_items: int = 25
    batch_s: float = 3.0
    """A batch of this size or age is written in one transaction."""
    gap_slack_days: int = 20
    """Calendar days by which stored history may begin late before it is fetched whole."""
    dormant_days: int = 5
    """Trading days without a row after which a missing day is no reason to wait."""


@dataclass(frozen=True, slots=True)
class SyncTargets:
    """Last day each kind of data can be complete for."""

    listing: date
    bars: date
    flows: date
    today: date

    def of(self, step: StepName) -> date:
        """Target of a step."""
        if step in (StepName.MASTER, StepName.NEWS):
            return self.listing
        return self.flows if step in (StepName.FLOWS, StepName.MARKET_FLOWS) else self.bars


@dataclass(frozen=True, slots=True)
class SyncItem:
    """One symbol, index, market day or list to be fetched."""

    key: str
    since: date
    requests: int
    """Of the step's own kind."""
    whole: bool = False
    """All history is fetched, not only what is missing at the end."""
    begins: date | None = None
    """First stored day; a history that is replaced is replaced from there, never in part."""
    also: int = 0
    """Requests of another kind."""
    may_lack: bool = False
    """Having nothing of it is no failure: a stock that was listed just now, a day without flows."""


@dataclass(slots=True)
class Marks:
    """What of a step is done, as kept in the job store."""

    target: date | None = None
    done: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    """Items whose whole history was fetched once; the source may simply have no more."""
    complete: date | None = None
    """Last target for which nothing was left out."""

    @classmethod
    def read(cls, detail: Mapping[str, Any]) -> Marks:
        """Build from a job's detail; what is not there counts as not done."""

        def day(name: str) -> date | None:
            return date.fromisoformat(detail[name]) if detail.get(name) else None

        return cls(day("target"), set(detail.get("done", ())), set(detail.get("whole", ())), day("complete"))

    def detail(self) -> dict[str, Any]:
        """Return what is kept."""
        return {
            "target": self.target.isoformat() if self.target else None,
            "done": sorted(self.done),
            "whole": sorted(self.whole),
            "complete": self.complete.isoformat() if self.complete else None,
        }

    def aim(self, target: date) -> None:
        """Begin a new target unless it is the present one."""
        if self.target != target:
            self.target, self.done = target, set()


def _last_day(now_ns: int, calendar: TradingCalendar, known_from_ns: Any) -> date:
    day = calendar.on_or_before(day_of(now_ns))
    return day if known_from_ns(day) <= now_ns else calendar.previous(day)


def targets_at(now_ns: int, calendar: TradingCalendar, sessions: SessionTable) -> SyncTargets:
    """Return the last trading days whose listing, official bars and confirmed flows are known at an instant.

    Raises
    ------
    DataUnavailable
        If the instant lies outside the calendar.
    """
    return SyncTargets(
        _last_day(now_ns, calendar, lambda day: kst_ns(day, LISTING_HOUR_KST)),
        _last_day(now_ns, calendar, sessions.official_bar_ns),
        _last_day(now_ns, calendar, sessions.confirmed_flow_ns),
        day_of(now_ns),
    )


def next_due_ns(now_ns: int, calendar: TradingCalendar, sessions: SessionTable) -> int:
    """Return the next instant at which something becomes due: 08:00, the official bars or the confirmed flows.

    Raises
    ------
    DataUnavailable
        If the calendar ends before.
    """
    day = calendar.on_or_after(day_of(now_ns))
    while True:
        for instant in (kst_ns(day, LISTING_HOUR_KST), sessions.official_bar_ns(day), sessions.confirmed_flow_ns(day)):
            if instant > now_ns:
                return instant
        day = calendar.next(day)


def universe(symbols: Iterable[Symbol], types: frozenset[SecurityType], first: Sequence[str]) -> tuple[list[str], int]:
    """Return the tickers to bring up to date, the most wanted first, and how many of them were named as wanted.

    Parameters
    ----------
    symbols : iterable of Symbol
        The master, without what was delisted.
    types : frozenset of SecurityType
        Types that are synchronised although nobody looks at them; only KOSPI and KOSDAQ.
    first : sequence of str
        Tickers on screen or watched, most wanted first.
    """
    listed = {symbol.ticker: symbol for symbol in symbols}
    wanted = [ticker for ticker in dict.fromkeys(first) if ticker in listed]
    seen = set(wanted)
    rest = [
        symbol.ticker
        for symbol in listed.values()
        if symbol.ticker not in seen and symbol.type in types and symbol.market in (Market.KOSPI, Market.KOSDAQ)
    ]
    return wanted + rest, len(wanted)


def _pages(calendar: TradingCalendar, since: date, until: date, rows: int) -> int:
    first = max(since, calendar.first)
    return max(1, ceil(calendar.count(first, until) / rows)) if first <= until else 1


def bar_items(
    step: StepName,
    tickers: Sequence[str],
    listed: Mapping[str, date | None],
    spans: Mapping[str, StoredSpan],
    marks: Marks,
    targets: SyncTargets,
    calendar: TradingCalendar,
    settings: SyncSettings,
    rates: SyncRates,
) -> list[SyncItem]:
    """Return what raw or adjusted bars are missing up to a day; ``marks`` must aim at ``target``.

    A symbol without bars, or whose stored bars begin later than its history should, is fetched whole.
    """
    target = targets.bars
    begin = _years_before(target, settings.history_years)
    also = rates.close_requests if step is StepName.DAILY and target == targets.today else 0
    items = []
    for ticker in tickers:
        if ticker in marks.done:
            continue
        span, listed_on = spans.get(ticker), listed.get(ticker)
        expected = max(begin, listed_on or begin)
        late = span is not None and span.first > expected + timedelta(days=settings.gap_slack_days)
        if span is None or (late and ticker not in marks.whole):
            pages = _pages(calendar, expected, target, rates.daily_rows)
            is_new = listed_on is not None and listed_on > target - timedelta(days=settings.gap_slack_days)
            items.append(SyncItem(ticker, begin, pages, True, span.first if span else None, also, may_lack=is_new))
            continue
        since = min(span.last, target)
        if step is StepName.ADJUSTED:
            since = _days_before(calendar, since, settings.overlap_days)
        pages = _pages(calendar, since, target, rates.daily_rows)
        items.append(SyncItem(ticker, since, pages, begins=span.first, also=also))
    return items


def flow_items(
    tickers: Sequence[str],
    spans: Mapping[str, StoredSpan],
    marks: Marks,
    target: date,
    calendar: TradingCalendar,
    settings: SyncSettings,
    rates: SyncRates,
) -> list[SyncItem]:
    """Return what investor flows are missing up to a day. Confirmed flows are final, but the last day is asked for again."""
    items = []
    for ticker in tickers:
        if ticker in marks.done:
            continue
        span = spans.get(ticker)
        since = _days_before(calendar, target, settings.flow_history_days) if span is None else min(span.last, target)
        requests = rates.flow_requests * _pages(calendar, since, target, rates.flow_rows)
        items.append(SyncItem(ticker, since, requests, whole=span is None, may_lack=span is None))
    return items


def index_items(
    codes: Mapping[str, str],
    spans: Mapping[str, StoredSpan],
    marks: Marks,
    target: date,
    calendar: TradingCalendar,
    settings: SyncSettings,
    rates: SyncRates,
) -> list[SyncItem]:
    """Return what daily levels are missing; ``codes`` maps what is asked for to the name it is stored under."""
    begin = _years_before(target, settings.history_years)
    items = []
    for code, name in codes.items():
        if code in marks.done:
            continue
        span = spans.get(name)
        since = begin if span is None else min(span.last, target)
        items.append(SyncItem(code, since, _pages(calendar, since, target, rates.daily_rows), whole=span is None))
    return items


def market_flow_items(
    spans: Mapping[str, StoredSpan], marks: Marks, target: date, calendar: TradingCalendar, settings: SyncSettings
) -> list[SyncItem]:
    """Return the market days whose flows are missing, newest first, one request each; keys such as ``KOSPI 2026-11-23``."""
    items = []
    for market in ("KOSPI", "KOSDAQ"):
        span = spans.get(market)
        begin = _days_before(calendar, target, settings.market_flow_days - 1)
        first = begin if span is None else max(begin, min(span.last, target))
        for day in calendar.between(first, target)[::-1].astype(object).tolist():
            key = f"{market} {day.isoformat()}"
            if key not in marks.done:
                items.append(SyncItem(key, day, 1, may_lack=True))
    return sorted(items, key=lambda item: (-item.since.toordinal(), item.key))


def load_of(items: Iterable[SyncItem]) -> Load:
    """Sum up the requests of items: of their own kind, and of others."""
    own = also = 0
    for item in items:
        own += item.requests
        also += item.also
    return own, also


def forecast_s(loads: Mapping[StepName, Load], rates: SyncRates) -> float:
    """Return how long what is left takes at the limits, in seconds.

    Each lane asks as fast as its present kind may; where all together ask more than the total allows, all slow down alike.
    """
    own = {step: load[0] for step, load in loads.items()}
    also = {step: load[1] for step, load in loads.items()}
    queues: list[list[tuple[float, float]]] = [[(own[step], also[step]) for step in lane if own.get(step, 0)] for lane in LANES]
    total_s = own.get(StepName.MASTER, 0) / rates.listing_per_s
    while any(queues):
        heads = [queue[0] for queue in queues if queue]
        # requests a second that a lane would make, other kinds included, while its own kind goes at its limit
        demand = sum(rates.per_kind_per_s * (1.0 + other / requests) for requests, other in heads)
        share = min(1.0, rates.total_per_s / demand) * rates.per_kind_per_s
        shortest_s = min(requests for requests, _ in heads) / share
        total_s += shortest_s
        for queue in filter(None, queues):
            requests, other = queue[0]
            rest = requests - shortest_s * share
            queue[0] = (rest, other * rest / requests)
            if rest < 1e-6:
                queue.pop(0)
    return total_s


def _years_before(day: date, years: int) -> date:
    # one week more, so that a year of trading days is whole whatever weekday it begins on
    return day - timedelta(days=round(365.25 * years) + 7)


def _days_before(calendar: TradingCalendar, day: date, count: int) -> date:
    position = int(np.searchsorted(calendar.days, np.datetime64(day, "D"), side="right")) - 1 - count
    found: date = calendar.days[max(position, 0)].astype(object)
    return found
