"""The closing-bet scorer and its plain twin say the same of random and of recorded symbol-days (style.md §19)."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import date, datetime, time
from itertools import pairwise

import closing_twin as twin
import numpy as np
import pytest
from builders import History, RecordedMarket, histories, panel_of, random_market
from closing_cases import NewsOf, gate_reading, news_points

from engine.model.closing import Cap, ClosingBetScan, ClosingRun, Rejection, SignalPhase
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import Grade, ScoreStatus
from engine.scoring.closing_bet import scan_closing_bet
from engine.thresholds import DEFAULT_RULES


def compare(
    market: list[History], panel: MarketPanel, moment: datetime, news: list[NewsOf], gate: GateStatus
) -> tuple[list[str], ClosingBetScan]:
    """All differences between scan and twin at one Korean wall-clock time of a CONFIRMED run."""
    at = AsOf.at(moment.date(), moment.hour, moment.minute)
    scan = scan_closing_bet(panel, at, ClosingRun.CONFIRMED, news_points(news), gate_reading(gate, at), DEFAULT_RULES)
    day = scan.day_index
    flow_day = twin.flow_day_at(market[0].days, day, moment)
    found = [] if scan.flow_day_index == flow_day else [f"flow day {scan.flow_day_index}, twin {flow_day}"]
    for k, s in enumerate(market):
        base = float(panel.base_krw[k, day])
        r = twin.evaluate(
            s, base if math.isfinite(base) and base > 0 else None, day, flow_day, news[k].points, news[k].veto, gate.name
        )
        ours = {
            "points": scan.points[k].tolist(),
            "status": [ScoreStatus(int(x)).name for x in scan.status[k]],
            "rejected": {x.name for x in Rejection if x and x & int(scan.rejected[k])},
            "caps": {x.name for x in Cap if x and x & int(scan.caps[k])},
            "total": _none(scan.total[k]),
            "raw_grade": Grade(int(scan.raw_grade[k])).name,
            "grade": Grade(int(scan.grade[k])).name,
            "coverage": pytest.approx(float(scan.coverage[k])),
            "candidate": bool(scan.candidate[k]),
            "phase": SignalPhase(int(scan.phase[k])).name,
            "entry": _none(scan.entry_krw[k]),
            "stop": _none(scan.stop_krw[k]),
            "target": _none(scan.target_krw[k]),
            "n_bars": int(scan.n_bars[k]),
        }
        found += [
            f"{s.ticker} {moment} {name}: {value!r}, twin {getattr(r, name)!r}"
            for name, value in ours.items()
            if value != getattr(r, name)
        ]
    return found, scan


def _none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def random_news(rng: random.Random, count: int) -> list[NewsOf]:
    return [
        NewsOf(None) if rng.random() < 0.1 else NewsOf(float(rng.randint(0, 3)), veto=rng.random() < 0.1) for _ in range(count)
    ]


def lively(seed: int, symbols: int, last: date) -> tuple[list[History], MarketPanel]:
    """A random market (halts, splits, holes, short histories) whose last bars rise and trade as closing bets do.

    Half of the last bars are a rise of 0-30 % from the close before with a large value; base prices are known for most.
    """
    rng = random.Random(seed)
    market = random_market(seed, symbols=symbols, length=300)
    for series in market.values():
        rows = [row for row in series.rows if row is not None and row.v]
        if len(rows) > 1 and series.rows[-1] is rows[-1] and rng.random() < 0.6:
            before, row = rows[-2], rows[-1]
            start = before.c * row.factor
            row.c = max(2, round(start * rng.choice([1.02, 1.05, 1.08, 1.15, 1.21, 1.299, 1.3])))
            row.o = max(1, round(row.c * rng.uniform(0.9, 1.0)))
            row.l = max(1, round(row.o * rng.choice([1.0, 0.99])))
            row.h = round(max(row.c, row.o) * rng.choice([1.0, 1.01, 1.05]))
            row.v = max(1, round(rng.choice([0.5, 1.0, 3.0, 6.0, 15.0]) * 1e11 / row.c))
            row.value = None if row.value is None else float(row.v) * row.c
            row.designations = frozenset()
    plain = histories(market, last)
    panel = panel_of(plain)
    base = np.full(panel.shape, math.nan)
    for k, s in enumerate(plain):
        closes = [(i, s.close[i]) for i in range(len(s.days)) if s.close[i]]
        for (_, c), (i, _) in pairwise(closes):
            base[k, i] = round(c * s.factor[i]) if rng.random() < 0.95 else math.nan
    return plain, replace(panel, base_krw=base)


@pytest.mark.parametrize(
    ("seed", "last", "gate", "clock"),
    [
        (1, date(2026, 6, 30), GateStatus.GREEN, time(15, 40)),
        (2, date(2026, 6, 30), GateStatus.YELLOW, time(23, 59)),
        (3, date(2022, 12, 29), GateStatus.RED, time(16, 0)),
        (4, date(2026, 10, 1), GateStatus.UNKNOWN, time(15, 40)),
    ],
)
def test_random_markets_agree(seed: int, last: date, gate: GateStatus, clock: time) -> None:
    """120 symbols on the last day of each of four markets."""
    market, panel = lively(seed, 120, last)
    news = random_news(random.Random(seed), len(market))
    found, scan = compare(market, panel, datetime.combine(last, clock), news, gate)
    assert not found, "\n".join(found[:30])
    assert scan.candidate.sum() >= 10, "the market is made to have candidates"
    assert len({int(g) for g in scan.grade}) >= 4


def test_days_of_a_random_market_agree() -> None:
    """Early days with short windows, days before and after halts and splits."""
    market, panel = lively(9, 40, date(2026, 6, 30))
    news = random_news(random.Random(9), len(market))
    for day in (0, 1, 4, 5, 19, 20, 21, 59, 60, 61, 120, 249, 250, 251, 280, 298):
        moment = datetime.combine(market[0].days[day], time(15, 40))
        found, _ = compare(market, panel, moment, news, GateStatus.GREEN)
        assert not found, "\n".join(found[:30])


@pytest.mark.real_data
@pytest.mark.parametrize("day", [date(2026, 1, 28), date(2026, 5, 6)])
def test_recorded_days_agree(recorded_market: RecordedMarket, day: date) -> None:
    """Every recorded symbol on a strong day with published values and one in the season of reverse splits."""
    panel = recorded_panel(recorded_market)
    last = int(panel.day_index(np.datetime64(day)))
    rng = random.Random(day.toordinal())
    chosen = sorted(rng.sample(range(len(panel.tickers)), 250))
    liquid = np.argsort(-(panel.volume_shares[:, last] * panel.close_krw[:, last].astype(np.float64)))[:80]
    rows = np.array(sorted({*chosen, *liquid.tolist()}))
    market = [recorded_market.history(int(k)) for k in rows]
    small = rows_of(panel, rows)
    news = random_news(rng, len(rows))
    found, scan = compare(market, small, datetime.combine(day, time(15, 40)), news, GateStatus.GREEN)
    assert not found, "\n".join(found[:30])
    assert scan.candidate.sum() >= 5


def recorded_panel(recorded: RecordedMarket) -> MarketPanel:
    """The recorded market with base prices: the close of the row before times the factor of the day."""
    panel = recorded.panel()
    close = panel.close_krw.astype(np.float64)
    close[~panel.present] = math.nan
    base = np.full(close.shape, math.nan)
    before = np.full(len(close), math.nan)
    for i in range(close.shape[1]):
        base[:, i] = np.round(before * recorded.step_factor[:, i])
        before = np.where(np.isnan(close[:, i]), before, close[:, i])
    base[base <= 0] = math.nan
    return replace(panel, base_krw=base)


def rows_of(panel: MarketPanel, rows: np.ndarray) -> MarketPanel:
    """The panel of some symbols."""
    names = [
        name
        for name, value in vars(panel).items()
        if isinstance(value, np.ndarray) and len(value) == len(panel.tickers) and name != "days"
    ]
    return replace(panel, **{name: getattr(panel, name)[rows] for name in names})
