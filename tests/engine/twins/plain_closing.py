"""A second closing bet: slow, plain, one symbol and one day at a time, written from domain.md §3 alone.

Shares no code, table or threshold with the program. Where the text leaves room, a comment that starts with ``Reading:`` says
how it is understood here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from twin import EOK, Bar, History, above, adjusted_bars, at_least, at_most, below, floor_tick, mean, missing, round2, tick

JO = 10_000 * EOK
MAXIMA = {"news": 3, "volume": 3, "chart": 2, "candle": 1, "period": 1, "supply": 2}


def upper_limit(base: float | None, market: str, day: date) -> int | None:
    """§1.7: B + 30 % of B cut to tick(B), cut to the tick of the sum; KONEX 15 %. None where the base price is unknown."""
    if base is None or missing(base):
        return None
    b = Fraction(base)
    rate = Fraction(15 if market == "KONEX" else 30, 100)
    size = tick(b, market, day)
    width = (b * rate) // size * size
    return floor_tick(b + width, market, day)


@dataclass
class News:
    """What §6 said of the stock; ``points`` None where the collector failed."""

    points: float | None = None
    veto: bool = False


@dataclass
class ClosingResult:
    """None where missing."""

    points: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MAXIMA, 0.0))
    status: dict[str, str] = field(default_factory=lambda: dict.fromkeys(MAXIMA, "MISSING"))
    rejected: set[str] = field(default_factory=set)
    caps: set[str] = field(default_factory=set)
    total: float | None = None
    score_pct: float | None = None
    raw_grade: str = "NONE"
    grade: str = "NONE"
    coverage: float = 0.0
    candidate: bool = False
    phase: str = "NONE"
    measures: dict[str, float | None] = field(default_factory=dict)
    """Named as the fields of the scan."""
    entry: int | None = None
    stop: int | None = None
    target: int | None = None


def grade12(points: float) -> str:
    """§3.5, before the caps."""
    for name, limit in (("S", 10), ("A", 8), ("B", 6)):
        if at_least(points, limit):
            return name
    return "C"


def evaluate_closing(s: History, base: float | None, t: int, known_flow: int, run: str, news: News, gate: str) -> ClosingResult:
    """Score ``s`` at the bar of day ``t``; ``known_flow`` is the last day whose confirmed flows were known."""
    out = ClosingResult()
    bars = adjusted_bars(s, t)
    n = len(bars)
    out.measures["n_bars"] = n
    marks = s.designations[t]
    if s.market not in ("KOSPI", "KOSDAQ") or s.security_type != "COMMON":
        out.rejected.add("UNIVERSE")
    if marks & {"HALT", "CLEANUP"}:
        out.rejected.add("HALTED")
    if marks & {"ADMIN", "CAUTION_ISSUE", "WARNING", "DANGER", "OVERHEAT"}:
        out.rejected.add("ALERT")
    if n < 20:
        out.rejected.add("LISTED_LT_20")
    if news.veto:
        out.rejected.add("NEWS_VETO")
    if not s.is_valid(t):
        out.rejected.add("NOT_TRADABLE")  # Reading: what needs the bar (price, value, change, limit) is not judged
        return out
    _components(s, bars, t, known_flow, run, news, out)

    c = bars[-1].close
    change = None if base is None or missing(base) else 100 * (c / base - 1)
    limit = upper_limit(base, s.market, s.days[t])
    out.measures.update(close=c, base=base, change_pct=change, upper_limit=limit)
    if below(c, 1_000):
        out.rejected.add("PRICE_LT_1000")
    if below(bars[-1].turnover, 1_000 * EOK):
        out.rejected.add("TRADING_VALUE_LT_100B")
    if change is None or below(change, 5.0) or above(change, 29.9):
        out.rejected.add("CHANGE_OUT_OF_RANGE")
    if limit is not None and at_least(c, limit):
        out.rejected.add("LIMIT_UP")
    # §3.4. Reading: "eligible" is the whole column of §1.3, so LISTED_LT_20 counts; LIMIT_UP and NEWS_VETO do not.
    out.candidate = not out.rejected & {
        *("UNIVERSE", "HALTED", "ALERT", "LISTED_LT_20"),
        *("PRICE_LT_1000", "TRADING_VALUE_LT_100B", "CHANGE_OUT_OF_RANGE"),
    }

    total = sum(out.points.values())
    out.total = round2(total)
    out.score_pct = round2(100 * total / 12)
    out.coverage = 100 * sum(most for name, most in MAXIMA.items() if out.status[name] != "MISSING") / 12
    out.raw_grade = out.grade = grade12(out.total)
    if not above(out.points["news"], 0):
        out.caps.add("NEWS_ZERO")
        if out.grade in ("S", "A"):
            out.grade = "B"
    if change is not None and above(change, 20):
        out.caps.add("OVERHEAT")
        if out.grade == "S":
            out.grade = "A"
    _phase(gate, run, out)
    if out.rejected:
        return out  # Reading: what is rejected has no plan
    out.entry = round(c)
    out.stop = floor_tick(Fraction(97, 100) * out.entry, s.market, s.days[t])
    out.target = floor_tick(Fraction(105, 100) * out.entry, s.market, s.days[t])
    return out


def _phase(gate: str, run: str, out: ClosingResult) -> None:
    """§§3.1 (the 15:00 list is for watching only), 3.3, 3.5, 5.3 and 0.3, App. C 3.3."""
    if out.rejected or out.grade == "C":
        return
    if below(out.coverage, 70):
        return  # §0.3: never stored as OPEN, and WATCH is OPEN (§7.1)
    if run == "PREVIEW" or gate in ("RED", "UNKNOWN") or (gate == "YELLOW" and out.grade == "B"):
        out.phase = "WATCH"
    else:
        out.phase = "PENDING"


def _components(s: History, bars: list[Bar], t: int, known_flow: int, run: str, news: News, out: ClosingResult) -> None:
    n = len(bars)
    bar, before = bars[-1], bars[:-1]
    o, h, low, c = s.open[t], s.high[t], s.low[t], s.close[t]
    assert o is not None and h is not None and low is not None and c is not None

    def give(name: str, points: float, status: str = "OK") -> None:
        out.points[name], out.status[name] = points, status

    if news.points is not None:
        give("news", news.points)

    value = bar.turnover
    give(
        "volume",
        3 if at_least(value, JO) else 2 if at_least(value, 5_000 * EOK) else 1 if at_least(value, 1_000 * EOK) else 0,
        "PARTIAL" if bar.estimated else "OK",
    )
    out.measures["value_krw"] = value

    high_250 = max(b.high for b in bars[-250:])
    high_60 = max(b.high for b in before[-60:]) if n >= 61 else None
    if high_60 is not None:
        points = (1 if at_least(c, 0.95 * high_250) else 0) + (1 if above(c, high_60) else 0)
        give("chart", points, "OK" if n >= 250 else "PARTIAL")
        out.measures.update(high_250=high_250, high_60=high_60, near_high=c / high_250)

    body = 100 * (c - o) / o
    out.measures["body_pct"] = body
    if h == low:
        give("candle", 0)
    else:
        position, share = (c - low) / (h - low), (c - o) / (h - low)
        out.measures.update(close_position=position, body_share=share)
        good = above(c, o) and at_least(body, 3) and at_least(position, 0.75) and at_least(share, 0.50)
        give("candle", 1 if good else 0)

    if n >= 21:
        rest = before[-20:]
        closes = [b.close for b in rest]
        spread = 100 * (max(closes) - min(closes)) / min(closes)
        recent, whole = mean([b.volume for b in rest[-5:]]), mean([b.volume for b in rest])
        give("period", 1 if at_most(spread, 15) and at_most(recent, whole) else 0)
        out.measures.update(period_range_pct=spread, period_volume_recent=recent, period_volume=whole)

    # Reading: as in §2.10 the window ends with the last bar whose flows can be known, so FLOW_FINAL before 18:10 is t-5..t-1.
    window = [b for b in (bars if run == "FLOW_FINAL" else before) if b.day <= known_flow][-5:]
    flows = []
    for b in window:
        f, i = s.foreign_krw[b.day], s.institution_krw[b.day]
        if f is not None and i is not None and not missing(f) and not missing(i):
            flows.append((f, i))
    out.measures["flow_days"] = len(flows)
    if len(flows) >= 3:
        sum_f, sum_i = sum(f for f, _ in flows), sum(i for _, i in flows)
        points = 2 if above(sum_f, 0) and above(sum_i, 0) else 1 if above(sum_f + sum_i, 0) else 0
        give("supply", points, "OK" if len(flows) == 5 else "PARTIAL")
        out.measures.update(foreign_5d_krw=sum_f, institution_5d_krw=sum_i)


def ordered(results: dict[str, ClosingResult]) -> list[str]:
    """§3.4: candidates by total and traded value, descending, then by ticker."""

    def key(ticker: str) -> tuple[float, float, str]:
        r = results[ticker]
        return -(r.total or 0.0), -(r.measures["value_krw"] or 0.0), ticker

    return sorted((ticker for ticker, r in results.items() if r.candidate), key=key)
