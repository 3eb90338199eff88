"""A second day-trading checklist: slow, plain, one symbol at a time, written from domain.md §4 (and §§1.3, 1.8) alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise

from plain_closing import upper_limit
from twin import (
    EOK,
    EXAM_DAYS,
    Bar,
    History,
    above,
    adjusted_bars,
    at_least,
    at_most,
    below,
    floor_tick,
    grade,
    mean,
    missing,
    round2,
    tick,
)

ITEMS = ("spike", "momentum", "box", "ma5", "institution", "oversold", "sector")
CURVE = (
    ("09:00", 0.0), ("09:30", 0.16), ("10:00", 0.26), ("10:30", 0.34), ("11:00", 0.41), ("11:30", 0.475), ("12:00", 0.525),
    ("12:30", 0.57), ("13:00", 0.62), ("13:30", 0.68), ("14:00", 0.745), ("14:30", 0.815), ("15:00", 0.885), ("15:20", 0.935),
    ("15:30", 1.0),
)  # fmt: skip


# ---------------------------------------------------------------------------------------------------- §1.4 clock


def first_weekday_of_year(day: date) -> bool:
    """Reading: 1 January is closed, so the year's first trading day is its first weekday from the 2nd on."""
    first = date(day.year, 1, 2)
    while first.weekday() >= 5:
        first += timedelta(days=1)
    return day == first


def opens_late_by(day: date) -> timedelta:
    """§1.4: the first trading day of the year and the exam day open at 10:00."""
    return timedelta(hours=1) if day in EXAM_DAYS or first_weekday_of_year(day) else timedelta(0)


def closes_late_by(day: date) -> timedelta:
    return timedelta(hours=1) if day in EXAM_DAYS else timedelta(0)


def clock(day: date, text: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(text))


def phi(now: datetime) -> float | None:
    """§4.2: the table, linear between, shifted on late-opening days.

    Reading: after the close the day's volume is complete, so φ is 1 also where a shifted table has not got there.
    """
    day = now.date()
    if now >= clock(day, "15:30") + closes_late_by(day):
        return 1.0
    shift = opens_late_by(day)
    points = [(clock(day, text) + shift, share) for text, share in CURVE]
    if now < points[0][0]:
        return None
    for (at, share), (next_at, next_share) in pairwise(points):
        if at <= now <= next_at:
            return share + (next_share - share) * ((now - at) / (next_at - at))
    return 1.0


# ---------------------------------------------------------------------------------------------------- inputs


Judge = Callable[..., None]
"""``judge(item, points, reason)``"""


@dataclass
class Quote:
    """The day so far; None where nothing is known."""

    price: float | None = None
    base: float | None = None
    volume: float | None = None
    value: float | None = None
    at: datetime | None = None
    vi: bool = False
    final: bool = False
    """The day's official bar: nothing is stale then."""


@dataclass
class Prior:
    """The valid bars up to t-1 in the scale of the trading day, and what §1.3 said."""

    bars: list[Bar]
    ineligible: set[str]


def prior_of(s: History, p: int, base: float | None, most: int | None = None) -> Prior:
    """Bars up to day ``p`` = t-1. ``most``: bars kept (the count for §1.3 is not affected).

    §1.8: a base price that differs from the last close before is a corporate action of the trading day.
    Reading: "the last close" is that of the row of t-1 (a halted row carries the last price); without a row that day nothing
    can be compared and the scale stays. Less than one tick between them is rounding of the base price, not an action.
    """
    bars = adjusted_bars(s, p, most)
    reasons = set()
    if s.market not in ("KOSPI", "KOSDAQ"):
        reasons.add("MARKET")
    if s.security_type != "COMMON":
        reasons.add("TYPE")
    if s.designations[p] & {"HALT", "CLEANUP"}:
        reasons.add("HALTED")
    if s.designations[p] & {"ADMIN", "CAUTION_ISSUE"}:
        reasons.add("DESIGNATED")
    if s.designations[p] & {"WARNING", "DANGER", "OVERHEAT"}:
        reasons.add("ALERT")
    if len(bars) < 20:
        reasons.add("BARS_LT_20")
        reasons.add("VALUE_UNKNOWN")
    elif below(mean([b.turnover for b in bars[-20:]]), 30 * EOK):
        reasons.add("VALUE_LT_3B")
    last = s.close[p]
    if base is not None and not missing(base) and last is not None and not missing(last) and last > 0:
        gap = abs(base - last)
        if above(gap, 0) and at_least(gap, tick(Fraction(base), s.market, s.days[p])):
            f = base / last
            bars = [
                Bar(b.day, b.high * f, b.low * f, b.close * f, b.volume / f, b.turnover, b.estimated, b.scale * f) for b in bars
            ]
    if bars and below(bars[-1].close, 1_000):  # in the scale of the trading day; without a bar there is no close to judge
        reasons.add("PRICE_LT_1000")
    return Prior(bars, reasons)


def return_5d(prior: Prior, price: float | None) -> float | None:
    """§4.1: P/C[t-5] - 1 in percent."""
    if price is None or missing(price) or len(prior.bars) < 5:
        return None
    return 100 * (price / prior.bars[-5].close - 1)


@dataclass
class SectorTable:
    medians: dict[str, float]
    ranks: dict[str, int]


def rank_sectors(members: list[tuple[str, float]]) -> SectorTable:
    """§4.1-7 from (sector, five-day return) of the eligible stocks; sectors with fewer than five are not ranked."""
    returns: dict[str, list[float]] = {}
    for sector, r in members:
        if sector:
            returns.setdefault(sector, []).append(r)
    medians = {}
    for sector, values in returns.items():
        if len(values) >= 5:
            values.sort()
            k = len(values)
            medians[sector] = values[k // 2] if k % 2 else (values[k // 2 - 1] + values[k // 2]) / 2
    ranks = {s: 1 + sum(1 for other in medians.values() if above(other, m)) for s, m in medians.items()}
    return SectorTable(medians, ranks)


@dataclass
class DayResult:
    """None where missing."""

    points: dict[str, float] = field(default_factory=lambda: dict.fromkeys(ITEMS, 0.0))
    state: dict[str, str] = field(default_factory=lambda: dict.fromkeys(ITEMS, "UNKNOWN"))
    reason: dict[str, str] = field(default_factory=lambda: dict.fromkeys(ITEMS, "MISSING"))
    values: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(ITEMS, None))
    raw: float | None = None
    score: float | None = None
    grade: str = "NONE"
    coverage: float = 0.0
    eligible: bool = False
    bans: set[str] = field(default_factory=set)
    measures: dict[str, float | None] = field(default_factory=dict)
    entry: int | None = None
    stop: int | None = None
    target: int | None = None


def bans_of(s: History, now: datetime, quote: Quote, limit: int | None, gate: str, eligible: bool) -> set[str]:
    """§§4.3, 4.4. Reading: 15:00:00 itself is not "after 15:00"; a late opening moves 09:10, a late close moves 15:00."""
    day = now.date()
    bans = set()
    if now < clock(day, "09:10") + opens_late_by(day):
        bans.add("TOO_EARLY")
    if now > clock(day, "15:00") + closes_late_by(day):
        bans.add("TOO_LATE")
    opening = clock(day, "09:00") + opens_late_by(day)
    if not opening <= now < clock(day, "15:20") + closes_late_by(day):
        bans.add("PHASE")
    if quote.vi:
        bans.add("VI")
    if gate in ("RED", "UNKNOWN"):
        bans.add("GATE")
    if not eligible:
        bans.add("INELIGIBLE")
    if quote.price is None or missing(quote.price):
        bans.add("NO_QUOTE")
        return bans
    if not quote.final and (quote.at is None or now - quote.at > timedelta(seconds=60)):
        bans.add("STALE")
    # Reading: "within one tick" is P + tick(P) >= upper limit. Without a base price it cannot be checked, and what cannot be
    # checked is not allowed. (The other reading: the test is skipped as in §7.1, App. C.)
    if limit is None or at_least(quote.price + tick(Fraction(quote.price), s.market, day), limit):
        bans.add("NEAR_UPPER_LIMIT")
    return bans


def evaluate_day(
    s: History, sector: str, prior: Prior, flow_day: int, quote: Quote, now: datetime, sectors: SectorTable, gate: str
) -> DayResult:
    """The seven items of one symbol at Korean time ``now``."""
    out = DayResult()
    bars = prior.bars
    out.eligible = not prior.ineligible
    limit = upper_limit(quote.base, s.market, now.date())
    out.bans = bans_of(s, now, quote, limit, gate, out.eligible)
    out.measures["upper_limit"] = limit
    p = quote.price

    def judge(item: str, points: float, reason: str = "NONE") -> None:
        out.points[item] = points
        out.state[item] = {15: "PASSED", 8: "PARTIAL", 0: "FAILED"}[int(points)]
        out.reason[item] = reason

    _institution(s, bars, flow_day, judge, out)  # needs no price
    early = now < clock(now.date(), "09:10") + opens_late_by(now.date())
    if early:
        # Reading: the volume spike cannot be judged yet. (The other one: "0 -> failed (plus the reason code)" as NOT_A_BOX.)
        out.reason["spike"] = "TOO_EARLY"
    out.coverage = 100 * sum(15 for item in ITEMS if out.state[item] != "UNKNOWN") / 105
    if p is None or missing(p):
        return out
    share = phi(now)

    change = None if quote.base is None or missing(quote.base) else 100 * (p / quote.base - 1)
    out.measures["change_pct"] = change
    if len(bars) >= 20:
        high = max(b.high for b in bars[-20:])
        low = min(b.low for b in bars[-20:])
        volume = mean([b.volume for b in bars[-20:]])
        out.measures.update(high_20=high, low_20=low, mean_volume=volume)
        if not early:
            _spike(quote, share, volume, judge, out)

        up = 100 * (p / high - 1)
        out.values["momentum"] = out.values["box"] = up
        h1 = bars[-1].high
        full = above(p, high) or at_least(p, 1.02 * h1)
        judge("momentum", 15 if full else 8 if at_least(p, 1.01 * h1) else 0)

        width = out.measures["box_width_pct"] = 100 * (high - low) / low
        if above(width, 20):
            judge("box", 0, "NOT_A_BOX")
        else:
            judge("box", 15 if above(p, high) else 8 if at_least(p, low + 0.9 * (high - low)) else 0)

        drawdown = 100 * (1 - bars[-1].close / high)
        if change is not None:
            out.values["oversold"] = drawdown
            if at_least(drawdown, 15) and at_least(change, 2):
                judge("oversold", 15)
            else:
                judge("oversold", 8 if at_least(drawdown, 10) and above(change, 0) else 0)
        out.measures["drawdown_pct"] = drawdown

    if len(bars) >= 4:
        ma5 = out.measures["ma5"] = (p + sum(b.close for b in bars[-4:])) / 5
        out.values["ma5"] = 100 * (p / ma5 - 1)
        judge("ma5", 15 if above(p, ma5) else 8 if at_least(p, 0.99 * ma5) else 0)

    _sector(sector, prior, p, sectors, judge, out)
    if "STALE" in out.bans:
        # §4.3: display yes. Reading: items that hang on the price say that it is old, where they have no other reason.
        for item in ITEMS:
            if item != "institution" and out.reason[item] == "NONE":
                out.reason[item] = "STALE"

    raw = sum(out.points.values())
    out.raw = raw
    out.score = round2(100 * raw / 105)
    out.grade = grade(out.score)
    out.coverage = 100 * sum(15 for item in ITEMS if out.state[item] != "UNKNOWN") / 105
    out.entry = round(p)
    out.stop = floor_tick(Fraction(97, 100) * out.entry, s.market, now.date())
    out.target = floor_tick(Fraction(105, 100) * out.entry, s.market, now.date())
    return out


def _spike(quote: Quote, share: float | None, volume: float, judge: Judge, out: DayResult) -> None:
    if quote.volume is None or missing(quote.volume) or share is None:
        return
    rv = out.values["spike"] = quote.volume / share / volume
    judge("spike", 15 if at_least(rv, 2.0) else 8 if at_least(rv, 1.5) else 0)


def _institution(s: History, bars: list[Bar], flow_day: int, judge: Judge, out: DayResult) -> None:
    days = []
    for b in bars[-5:]:
        f, i = s.foreign_krw[b.day], s.institution_krw[b.day]
        if b.day <= flow_day and f is not None and i is not None and not missing(f) and not missing(i):
            days.append((f, i, b.turnover))
    out.measures["flow_days"] = len(days)
    if len(days) < 3:
        return
    institutions = sum(i for _, i, _ in days)
    net = sum(f for f, _, _ in days) + institutions
    turnover = sum(d for _, _, d in days)
    out.values["institution"] = net
    out.measures.update(net_5d_krw=net, institution_5d_krw=institutions)
    pct = 100 * net / turnover if turnover > 0 else None
    out.measures["net_share_pct"] = pct
    full = at_least(net, 100 * EOK) or (pct is not None and at_least(pct, 5))
    part = at_least(net, 50 * EOK) or (pct is not None and at_least(pct, 2))
    points = 15 if full else 8 if part else 0
    if points == 15 and at_most(institutions, 0):
        judge("institution", 8, "INSTITUTION_SELLS")
    else:
        judge("institution", points)


def _sector(sector: str, prior: Prior, p: float, sectors: SectorTable, judge: Judge, out: DayResult) -> None:
    own = out.measures["return_5d_pct"] = return_5d(prior, p)
    count = len(sectors.ranks)
    if count < 5 or sector not in sectors.ranks:
        return
    rank = sectors.ranks[sector]
    out.measures.update(sector_rank=rank, sector_median_pct=sectors.medians[sector])
    if own is None:
        return
    out.values["sector"] = pct = 100 * rank / count
    points = 15 if at_most(pct, 20) else 8 if at_most(pct, 40) else 0
    if points == 15 and below(own, sectors.medians[sector]):
        judge("sector", 8, "BELOW_MEDIAN")
    else:
        judge("sector", points)
