"""A small market for the checklist, written by hand, and its score at one instant.

The stock everything starts from: 20 prior bars with H = 10,000, L = 9,000, C = 9,500, V = 100,000 and a value of 50억, so

    H20 = H[t-1] = 10,000 · L20 = 9,000 · box width 11.1 % · sum of four closes 38,000 · C[t-5] = 9,500 · mean V 100,000

It trades today at 9,500, its base price, and has traded nothing so far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from engine.features.day_measures import PriorMeasures, measure_prior
from engine.features.volume_curve import Curve
from engine.model.daytrade import DAY_ITEMS, DayQuotes, DayTradeScan, EntryBan, ItemReason
from engine.model.evidence import ItemState
from engine.model.gate import GateReading, GateStatus, IndexState
from engine.model.instants import AsOf, kst_ns
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.model.scan import Grade
from engine.scoring.day_trade import score_day_trade
from engine.thresholds import DEFAULT_RULES, Rules

TODAY = date(2026, 6, 30)
M = 1_000_000


@dataclass
class Bar:
    """One prior day; ``traded`` False is a halted day as the exchange publishes it."""

    h: int = 10_000
    low: int = 9_000
    c: int = 9_500
    v: int = 100_000
    value: float = 5_000 * M
    foreign: float = math.nan
    institution: float = math.nan
    traded: bool = True
    factor: float = 1.0
    designation: int = 0


@dataclass
class Stock:
    """Prior bars (oldest first) and the quote of today."""

    bars: list[Bar] = field(default_factory=lambda: [Bar() for _ in range(20)])
    price: float = 9_500.0
    base: float = 9_500.0
    volume: float = 0.0
    value: float = 0.0
    age_s: float = 0.0
    vi: bool = False
    sector: str = ""
    market: int = 1
    security_type: int = 1

    def closes(self, *closes: int) -> Stock:
        """Set the last closes, newest last; highs and lows stay."""
        for bar, close in zip(self.bars[-len(closes) :], closes, strict=True):
            bar.c = close
        return self

    def highs(self, high: int, low: int | None = None) -> Stock:
        """One prior bar (not the last) with another high, and low."""
        self.bars[3].h = high
        if low is not None:
            self.bars[3].low = low
        return self

    def flows(self, foreign: Sequence[float], institution: Sequence[float]) -> Stock:
        """Confirmed net buying of the last days, newest last."""
        for bar, f, i in zip(self.bars[-len(foreign) :], foreign, institution, strict=True):
            bar.foreign, bar.institution = f, i
        return self


def panel_of(stocks: Sequence[Stock], today: date = TODAY) -> MarketPanel:
    """Panel that ends with t-1; stocks with fewer bars were listed later."""
    length = max(len(stock.bars) for stock in stocks)
    days: list[date] = []
    day = today
    while len(days) < length:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            days.insert(0, day)
    shape = (len(stocks), length)
    arrays = {name: np.zeros(shape, dtype=kind) for name, kind in ARRAY_FIELDS.items()}
    for name in (
        "value_krw",
        "foreign_krw",
        "institution_krw",
        "pension_krw",
        "foreign_shares",
        "institution_shares",
        "base_krw",
    ):
        arrays[name][...] = math.nan
    arrays["factor"][...] = 1.0
    for k, stock in enumerate(stocks):
        running = 1.0
        for position, bar in enumerate(stock.bars, start=length - len(stock.bars)):
            running *= bar.factor
            place = (k, position)
            arrays["factor"][place] = running
            arrays["present"][place] = True
            arrays["close_krw"][place] = bar.c
            arrays["designation"][place] = bar.designation
            arrays["foreign_krw"][place], arrays["institution_krw"][place] = bar.foreign, bar.institution
            if bar.traded:
                arrays["valid"][place] = True
                arrays["open_krw"][place] = bar.c
                arrays["high_krw"][place], arrays["low_krw"][place] = bar.h, bar.low
                arrays["volume_shares"][place], arrays["value_krw"][place] = bar.v, bar.value
    names = np.array([f"{k:05d}0" for k in range(1, len(stocks) + 1)])
    return MarketPanel(
        days=np.array(days, dtype="datetime64[D]"),
        tickers=names,
        names=names,
        names_en=names,
        sectors=np.array([stock.sector for stock in stocks]),
        market=np.array([stock.market for stock in stocks], dtype=np.uint8),
        security_type=np.array([stock.security_type for stock in stocks], dtype=np.uint8),
        listed_on=np.full(len(stocks), np.datetime64("NaT", "D")),
        delisted_on=np.full(len(stocks), np.datetime64("NaT", "D")),
        simulated=False,
        version="hand",
        **arrays,
    )


def quotes_of(stocks: Sequence[Stock], now_ns: int) -> DayQuotes:
    def column(name: str) -> np.ndarray:
        return np.array([float(getattr(stock, name)) for stock in stocks])

    return DayQuotes(
        now_ns=now_ns,
        price=column("price"),
        base=column("base"),
        open=column("price"),
        high=column("price"),
        low=column("price"),
        volume_shares=column("volume"),
        value_krw=column("value"),
        at_ns=np.array([now_ns - round(stock.age_s * 1e9) for stock in stocks], dtype=np.int64),
        vi=np.array([stock.vi for stock in stocks]),
        strength_pct=np.full(len(stocks), np.nan),
    )


def gate_reading(status: GateStatus) -> GateReading:
    none = IndexState("", None, None)
    return GateReading(AsOf(0), 0, "", status, 80.0, 100.0, (), None, none, none, none, 0, 0)


@dataclass(frozen=True)
class Scored:
    """A scan read by item and stock."""

    scan: DayTradeScan
    panel: MarketPanel
    prior: PriorMeasures
    quotes: DayQuotes

    def points(self, item: str, row: int = 0) -> float:
        return float(self.scan.points[row, DAY_ITEMS.index(item)])

    def value(self, item: str, row: int = 0) -> float:
        return float(self.scan.values[row, DAY_ITEMS.index(item)])

    def state(self, item: str, row: int = 0) -> ItemState:
        return ItemState(int(self.scan.state[row, DAY_ITEMS.index(item)]))

    def reason(self, item: str, row: int = 0) -> ItemReason:
        return ItemReason(int(self.scan.reason[row, DAY_ITEMS.index(item)]))

    def bans(self, row: int = 0) -> EntryBan:
        return EntryBan(int(self.scan.bans[row]))

    def grade(self, row: int = 0) -> Grade:
        return Grade(int(self.scan.grade[row]))


def score(
    *stocks: Stock,
    at: str = "10:00",
    today: date = TODAY,
    gate: GateStatus | None = GateStatus.GREEN,
    flow_back: int = 1,
    curve: Curve | None = None,
    rules: Rules = DEFAULT_RULES,
) -> Scored:
    """Score stocks at a clock time of ``today``; flows are confirmed up to ``flow_back`` days before."""
    panel = panel_of(stocks, today)
    prior = measure_prior(panel, len(panel.days) - 1, len(panel.days) - flow_back, rules)
    parts = [int(part) for part in at.split(":")]
    quotes = quotes_of(stocks, kst_ns(today, parts[0], parts[1], parts[2] if len(parts) > 2 else 0))
    reading = gate_reading(gate) if gate is not None else None
    return Scored(score_day_trade(panel, prior, quotes, rules, reading, curve), panel, prior, quotes)
