"""A second closing-bet scorer, one symbol at a time over plain lists, written from domain.md §3 without the program's code."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, time

from twin import History

HALT, ALERT = {"HALT", "CLEANUP"}, {"ADMIN", "CAUTION_ISSUE", "WARNING", "DANGER", "OVERHEAT"}
NEW_TICKS = [(2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500), (math.inf, 1_000)]
OLD_KOSPI = [(1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50), (100_000, 100), (500_000, 500), (math.inf, 1_000)]
OLD_KOSDAQ = [(1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50), (math.inf, 100)]


def floor_tick(price: float, market: str, on: date) -> int:
    table = NEW_TICKS if on >= date(2023, 1, 25) else OLD_KOSPI if market == "KOSPI" else OLD_KOSDAQ
    whole = math.floor(price + 1e-6)
    tick = next(step for bound, step in table if whole < bound)
    return whole // tick * tick


def upper_limit(base: int, market: str, on: date) -> int:
    table = NEW_TICKS if on >= date(2023, 1, 25) else OLD_KOSPI if market == "KOSPI" else OLD_KOSDAQ
    tick = next(step for bound, step in table if base < bound)
    rate = 15 if market == "KONEX" else 30
    return floor_tick(base + base * rate // 100 // tick * tick, market, on)


@dataclass
class Result:
    """What the law says of one symbol; None is missing."""

    points: list[float] = field(default_factory=lambda: [0.0] * 6)
    status: list[str] = field(default_factory=lambda: ["MISSING"] * 6)
    rejected: set[str] = field(default_factory=set)
    caps: set[str] = field(default_factory=set)
    total: float | None = None
    raw_grade: str = "NONE"
    grade: str = "NONE"
    coverage: float = 0.0
    candidate: bool = False
    phase: str = "NONE"
    entry: float | None = None
    stop: float | None = None
    target: float | None = None
    n_bars: int = 0


def evaluate(s: History, base: float | None, day: int, flow_day: int, news: float | None, veto: bool, gate: str) -> Result:
    """Score one symbol's bar of ``day``. ``base``: base price of that day."""
    r = Result()
    bars = [i for i in range(day + 1) if s.is_valid(i)]
    r.n_bars = len(bars)
    marks = set(s.designations[day])
    if s.market not in ("KOSPI", "KOSDAQ") or s.security_type != "COMMON":
        r.rejected.add("UNIVERSE")
    if marks & HALT:
        r.rejected.add("HALTED")
    if marks & ALERT:
        r.rejected.add("ALERT")
    if len(bars) < 20:
        r.rejected.add("LISTED_LT_20")
    if veto:
        r.rejected.add("NEWS_VETO")
    if not bars or bars[-1] != day:
        r.rejected.add("NOT_TRADABLE")
        return r

    o, h, low, c = (float(x[day]) for x in (s.open, s.high, s.low, s.close))
    v, traded = float(s.volume[day]), s.value[day]
    factor = 1.0
    scale = {}
    for i in reversed(range(day + 1)):  # price of bar i in the scale of t: all factors after i
        scale[i] = factor
        factor *= s.factor[i]

    # news
    if news is not None:
        r.points[0], r.status[0] = (0.0 if veto else news), "OK"
    # volume
    known = traded is not None and math.isfinite(traded)
    value = traded if known else v * (o + h + low + c) / 4
    r.points[1] = 3 if value >= 1e12 else 2 if value >= 5e11 else 1 if value >= 1e11 else 0
    r.status[1] = "OK" if known else "PARTIAL"
    # chart
    n = len(bars)
    if n >= 61:
        year = max(float(s.high[i]) * scale[i] for i in bars[-250:])
        sixty = max(float(s.high[i]) * scale[i] for i in bars[-61:-1])
        r.points[2] = (c >= 0.95 * year - 1e-9) + (not sixty >= c - 1e-9)
        r.status[2] = "OK" if n >= 250 else "PARTIAL"
    # candle
    r.status[3] = "OK"
    if h > low and c > o and 100 * (c - o) / o >= 3 - 1e-9 and (c - low) / (h - low) >= 0.75 - 1e-9:
        r.points[3] = float((c - o) / (h - low) >= 0.5 - 1e-9)
    # period
    if n >= 21:
        rest = bars[-21:-1]
        closes = [float(s.close[i]) * scale[i] for i in rest]
        volumes = [float(s.volume[i]) / scale[i] for i in rest]
        quiet = sum(volumes[-5:]) / 5 <= sum(volumes) / 20 + 1e-9
        r.points[4] = float(100 * (max(closes) - min(closes)) / min(closes) <= 15 + 1e-9 and quiet)
        r.status[4] = "OK"
    # supply
    window = [i for i in range(min(day, flow_day) + 1) if s.is_valid(i)][-5:]
    complete = [i for i in window if s.foreign_krw[i] is not None and s.institution_krw[i] is not None]
    complete = [i for i in complete if math.isfinite(s.foreign_krw[i]) and math.isfinite(s.institution_krw[i])]
    if len(complete) >= 3:
        f, inst = sum(s.foreign_krw[i] for i in complete), sum(s.institution_krw[i] for i in complete)
        r.points[5] = 2 if f > 0 and inst > 0 else 1 if f + inst > 0 else 0
        r.status[5] = "OK" if len(complete) == 5 else "PARTIAL"

    change = None if base is None else 100 * (c / base - 1)
    if c < 1_000:
        r.rejected.add("PRICE_LT_1000")
    if value < 1e11 - 1e-9:
        r.rejected.add("TRADING_VALUE_LT_100B")
    if change is None or not 5 - 1e-9 <= change <= 29.9 + 1e-9:
        r.rejected.add("CHANGE_OUT_OF_RANGE")
    if base is not None and c >= upper_limit(int(base), s.market, s.days[day]):
        r.rejected.add("LIMIT_UP")

    r.total = float(sum(r.points))
    maxima = [3, 3, 2, 1, 1, 2]
    r.coverage = 100 * sum(m for m, status in zip(maxima, r.status, strict=True) if status != "MISSING") / 12
    r.raw_grade = "S" if r.total >= 10 else "A" if r.total >= 8 else "B" if r.total >= 6 else "C"
    rank = "CBAS".index(r.raw_grade)
    if r.points[0] == 0:
        r.caps.add("NEWS_ZERO")
        rank = min(rank, 1)
    if change is not None and change > 20 + 1e-9:
        r.caps.add("OVERHEAT")
        rank = min(rank, 2)
    r.grade = "CBAS"[rank]
    r.candidate = not r.rejected - {"LIMIT_UP", "NEWS_VETO"}
    if not r.rejected:
        on = s.days[day]
        r.entry, r.stop, r.target = c, floor_tick(c * 97 / 100, s.market, on), floor_tick(c * 105 / 100, s.market, on)
        if rank >= 1 and r.coverage >= 70 - 1e-9:
            allowed = {"GREEN": 1, "YELLOW": 2}.get(gate, 9)
            r.phase = "PENDING" if rank >= allowed else "WATCH"
    return r


def flow_day_at(days: list[date], day: int, moment: datetime) -> int:
    """Last day before ``day`` whose confirmed flows were known: 18:10, from 2026-09-14 20:10 (App. C)."""
    known = [
        i
        for i in range(day)
        if datetime.combine(days[i], time(20, 10) if days[i] >= date(2026, 9, 14) else time(18, 10)) <= moment
    ]
    return known[-1] if known else -1
