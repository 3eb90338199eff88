"""Hand-written markets for the closing bet: the series of :mod:`builders` with base prices, news and a gate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from builders import LAST_DAY, Series, histories, panel_of

from engine.model.closing import CLOSING_COMPONENTS, Cap, ClosingBetScan, ClosingRun, Rejection, SignalPhase
from engine.model.evidence import ItemState
from engine.model.gate import GATE_COMPONENTS, GateComponent, GateReading, GateStatus, IndexState
from engine.model.instants import AsOf
from engine.model.news import NewsPoints
from engine.model.panel import MarketPanel
from engine.model.scan import Grade, ScoreStatus
from engine.scoring.closing_bet import scan_closing_bet
from engine.thresholds import DEFAULT_RULES, Rules

EOK = 100_000_000
JO = 10_000 * EOK
STOCK = "005930"


@dataclass(frozen=True)
class NewsOf:
    """What is known of one symbol's news; ``points`` None is MISSING."""

    points: float | None = 3.0
    veto: bool = False


GOOD_NEWS = NewsOf()


def news_points(news: Sequence[NewsOf]) -> NewsPoints:
    points = np.array([math.nan if n.points is None else n.points for n in news], dtype=np.float64)
    return NewsPoints(
        points=points,
        status=np.array([ScoreStatus.MISSING if n.points is None else ScoreStatus.OK for n in news], dtype=np.uint8),
        net=points.copy(),
        peak=np.minimum(points, 3.0),
        veto=np.array([n.veto for n in news]),
        clusters=np.where(np.nan_to_num(points) > 0, 1, 0).astype(np.int32),
        ruleset=DEFAULT_RULES.ruleset_id,
    )


def same_news(symbols: int, news: NewsOf = GOOD_NEWS) -> NewsPoints:
    return news_points([news] * symbols)


LONG_AGO = AsOf(0)


def gate_reading(status: GateStatus, as_of: AsOf = LONG_AGO) -> GateReading:
    """A gate of which only the status matters here."""
    index = IndexState("KOSPI", None, None)
    return GateReading(
        as_of=as_of,
        day_index=0,
        ruleset=DEFAULT_RULES.ruleset_id,
        status=status,
        score=None,
        coverage=0.0,
        components=tuple(GateComponent(name, None, "", 0.0, 0.0, ItemState.UNKNOWN) for name in GATE_COMPONENTS),
        shock_pct=None,
        kospi=index,
        kosdaq=index,
        usd_krw=index,
        breadth_known=0,
        breadth_above=0,
    )


def closing_panel(
    market: dict[str, Series], bases: dict[str, float | None] | None = None, last: date = LAST_DAY
) -> MarketPanel:
    """Panel of hand-written series. The base price of a bar is the close before it times the factor of its day.

    ``bases`` overrides the base price of the last day; None makes it unknown.
    """
    panel = panel_of(histories(market, last))
    base = np.full(panel.shape, math.nan)
    for row in range(len(panel.tickers)):
        before = None
        for day in range(len(panel.days)):
            step = panel.factor[row, day] / panel.factor[row, day - 1] if day else 1.0
            if before is not None and panel.present[row, day]:
                base[row, day] = round(before * step)
            if panel.present[row, day] and panel.close_krw[row, day] > 0:
                before = float(panel.close_krw[row, day])
    for ticker, price in (bases or {}).items():
        row = panel.row_of(ticker)
        base[row, -1] = math.nan if price is None else price
    return replace(panel, base_krw=base)


@dataclass(frozen=True)
class Scored:
    """A closing-bet scan of a small market, read by ticker and in words."""

    panel: MarketPanel
    scan: ClosingBetScan
    rules: Rules

    def row(self, ticker: str = STOCK) -> int:
        row = self.panel.row_of(ticker)
        assert row is not None
        return row

    def number(self, name: str, ticker: str = STOCK) -> float:
        return float(getattr(self.scan, name)[self.row(ticker)])

    def points(self, component: str, ticker: str = STOCK) -> float:
        return float(self.scan.points[self.row(ticker), CLOSING_COMPONENTS.index(component)])

    def status(self, component: str, ticker: str = STOCK) -> str:
        return ScoreStatus(int(self.scan.status[self.row(ticker), CLOSING_COMPONENTS.index(component)])).name

    def grade(self, ticker: str = STOCK) -> str:
        return Grade(int(self.scan.grade[self.row(ticker)])).name

    def raw_grade(self, ticker: str = STOCK) -> str:
        return Grade(int(self.scan.raw_grade[self.row(ticker)])).name

    def phase(self, ticker: str = STOCK) -> str:
        return SignalPhase(int(self.scan.phase[self.row(ticker)])).name

    def rejected(self, ticker: str = STOCK) -> set[str]:
        return {r.name or "" for r in Rejection if r and r & int(self.scan.rejected[self.row(ticker)])}

    def caps(self, ticker: str = STOCK) -> set[str]:
        return {c.name or "" for c in Cap if c and c & int(self.scan.caps[self.row(ticker)])}

    def order(self) -> list[str]:
        return [str(self.panel.tickers[row]) for row in self.scan.order]


def score_market(
    market: dict[str, Series],
    *,
    bases: dict[str, float | None] | None = None,
    news: dict[str, NewsOf] | None = None,
    gate: GateStatus | None = GateStatus.GREEN,
    run: ClosingRun = ClosingRun.CONFIRMED,
    clock: tuple[int, int] = (15, 40),
    last: date = LAST_DAY,
    rules: Rules = DEFAULT_RULES,
) -> Scored:
    """Scan a hand-written market on its last day; by default at 15:40 with 3 points of news and a GREEN gate."""
    panel = closing_panel(market, bases, last)
    as_of = AsOf.at(last, *clock)
    component = news_points([(news or {}).get(str(ticker), GOOD_NEWS) for ticker in panel.tickers])
    reading = None if gate is None else gate_reading(gate, as_of)
    return Scored(panel, scan_closing_bet(panel, as_of, run, component, reading, rules), rules)


def score_one(series: Series, *, base: float | str | None = "before", news: NewsOf = GOOD_NEWS, **options: object) -> Scored:
    """Scan one symbol alone."""
    bases = {} if isinstance(base, str) else {STOCK: base}
    return score_market({STOCK: series}, bases=bases, news={STOCK: news}, **options)  # type: ignore[arg-type]


def strong(
    bars: int = 260,
    *,
    before: int = 10_000,
    o: float = 10_000,
    h: float = 10_950,
    low: float = 9_980,
    c: float = 10_900,
    v: float = 10_000_000,
    value: float | None = 1.2 * JO,
    flows: bool = True,
) -> Series:
    """``bars`` bars in all: flat at ``before`` with a million shares a day, then the as-of bar, with five days of buying.

    By default 12 points with 3 of news: TV 1.2조 → 3; C 10,900 ≥ 0.95 × 10,950 = 10,402.5 and > 10,000 → 2; body 9 %, position
    920/970 = 0.948, share 900/970 = 0.928 → 1; range 0 %, volumes equal → 1; ΣF = 50억, ΣI = 25억 → 2.
    """
    series = Series().flat(bars - 1, before).bar(o, h, low, c, v)
    series.last.value = value
    if flows:
        series.flows([10 * EOK] * 5, [5 * EOK] * 5, back=1)
    return series
