"""A second Market Gate: slow and plain, written from domain.md §5 and Appendix C §5.1 alone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date

from twin import EOK, History, above, at_least, at_most, below, mean, missing, round2

MAXIMA = {"kospi": 30, "kosdaq": 20, "breadth": 20, "foreign": 10, "shock": 10, "fx": 10}


def plain_breadth(s: History, known: list[int], over: list[int], asked: set[int] | None = None) -> None:
    """Add one stock to the counts of every day (of ``asked``): eligible with 20 bars (§1.3), and of those with C > MA20.

    Walks forward; an action's factor brings the bars kept so far to the scale of the new day (§1.8).
    """
    if s.market not in ("KOSPI", "KOSDAQ") or s.security_type != "COMMON":
        return
    n = 0
    closes: deque[float] = deque(maxlen=20)
    values: deque[float] = deque(maxlen=20)
    for i in range(len(s.days)):
        if s.factor[i] != 1.0:
            closes = deque((c * s.factor[i] for c in closes), maxlen=20)
        if not s.is_valid(i):
            continue
        o, h, low, c, v = s.open[i], s.high[i], s.low[i], s.close[i], s.volume[i]
        assert o is not None and h is not None and low is not None and c is not None and v is not None
        published = s.value[i]
        n += 1
        closes.append(c)
        values.append(v * (o + h + low + c) / 4 if published is None or missing(published) else published)
        if asked is not None and i not in asked:
            continue
        if n < 60 or s.designations[i] & {"HALT", "CLEANUP", "ADMIN", "CAUTION_ISSUE"}:
            continue
        if below(c, 1_000) or below(mean(list(values)), 10 * EOK):
            continue
        known[i] += 1
        over[i] += above(c, mean(list(closes)))


@dataclass
class Levels:
    """One index or rate: its own days, ascending, and the close of each (None where missing)."""

    days: list[date]
    closes: list[float | None]

    def until(self, day: date) -> list[tuple[date, float]]:
        """Records with a close, up to ``day``. Reading: a record without a close is no record."""
        return [
            (d, c)
            for d, c in zip(self.days, self.closes, strict=True)
            if d <= day and c is not None and not missing(c) and c > 0
        ]


@dataclass
class PlainGate:
    status: str = "UNKNOWN"
    score: float | None = None
    coverage: float = 0.0
    points: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MAXIMA, 0.0))
    known: set[str] = field(default_factory=set)
    tests: dict[str, list[bool | None]] = field(default_factory=dict)
    shock: float | None = None
    foreign: float | None = None
    breadth_pct: float | None = None
    fx_pct: float | None = None


def _index(series: Levels | None, day: date, weights: tuple[int, int, int, int]) -> tuple[float, list[bool | None]] | None:
    """Points and the four tests; None where MISSING: no close of the day, or no average at all.

    Reading: the day's close must be of the day itself; averages are over the index's own records.
    """
    records = series.until(day) if series else []
    if not records or records[-1][0] != day:
        return None
    closes = [c for _, c in records]
    c = closes[-1]

    def ma(k: int, back: int = 0) -> float | None:
        end = len(closes) - back
        return mean(closes[end - k : end]) if end >= k else None

    ma20, ma60, ma200, before = ma(20), ma(60), ma(200), ma(20, 5)
    if ma20 is None:  # the shortest average: without it there is none
        return None
    tests: list[bool | None] = [
        above(c, ma20),
        None if ma60 is None else above(ma20, ma60),
        None if ma200 is None else above(c, ma200),
        None if before is None else above(ma20, before),
    ]
    return float(sum(w for w, passed in zip(weights, tests, strict=True) if passed)), tests


def _change(series: Levels | None, day: date, day_before: date | None) -> float | None:
    """§1.8 for an index: the day's close against the close of the trading day before. Reading: a hole makes it unknown."""
    records = dict(series.until(day)) if series else {}
    if day not in records or day_before is None or day_before not in records:
        return None
    return 100 * (records[day] / records[day_before] - 1)


def evaluate_gate(
    days: list[date],
    t: int,
    flow_day: int,
    breadth: tuple[int, int],
    kospi: Levels | None,
    kosdaq: Levels | None,
    usd_krw: Levels | None,
    net: dict[date, float] | None,
    circuit_breaker: bool = False,
) -> PlainGate:
    """The gate at the official bar of ``days[t]`` with confirmed flows up to ``days[flow_day]``."""
    out = PlainGate()
    day = days[t]

    def give(name: str, points: float) -> None:
        out.known.add(name)
        out.points[name] = points

    for name, series, weights in (("kospi", kospi, (8, 8, 8, 6)), ("kosdaq", kosdaq, (5, 5, 6, 4))):
        found = _index(series, day, weights)
        if found:
            give(name, found[0])
            out.tests[name] = found[1]

    known, over = breadth
    if known:
        share = out.breadth_pct = 100 * over / known
        give("breadth", next((p for limit, p in ((60, 20), (50, 14), (40, 8), (30, 4)) if at_least(share, limit)), 0))

    # Reading: "5 days" are the last five trading days whose flows were confirmed; one without a record makes the sum unknown.
    window = [days[i] for i in range(flow_day - 4, flow_day + 1)] if flow_day >= 4 else []
    sums = [net[d] for d in window if net is not None and d in net and not missing(net[d])]
    if len(sums) == 5:
        total = out.foreign = sum(sums)
        give(
            "foreign", 10 if at_least(total, 5_000 * EOK) else 7 if above(total, 0) else 3 if above(total, -5_000 * EOK) else 0
        )

    before = days[t - 1] if t else None
    changes = [_change(kospi, day, before), _change(kosdaq, day, before)]
    have = [m for m in changes if m is not None]
    if have:
        m = out.shock = min(have)
        if len(have) == 2:
            give("shock", 10 if at_least(m, -0.5) else 7 if at_least(m, -1) else 3 if at_least(m, -2) else 0)

    rates = usd_krw.until(day) if usd_krw else []
    # Reading: the last rate up to the day counts while it is at most three calendar days old. (The other reading, only a rate
    # of the day itself, would leave FX unknown on a tenth of the recorded days, whose source has holes.)
    if len(rates) >= 20 and (day - rates[-1][0]).days <= 3:
        last = [rate for _, rate in rates[-20:]]
        away = out.fx_pct = 100 * (last[-1] / mean(last) - 1)
        give("fx", 10 if at_most(away, 0.5) else 5 if at_most(away, 1.5) else 0)

    out.coverage = float(sum(MAXIMA[name] for name in out.known))
    score = round2(sum(out.points.values()))
    if below(out.coverage, 60):
        return out
    out.score = score
    if (out.shock is not None and at_most(out.shock, -3.0)) or circuit_breaker:
        out.status = "RED"
    elif at_least(score, 70):
        out.status = "GREEN" if at_least(out.coverage, 80) else "YELLOW"
    elif at_least(score, 40):
        out.status = "YELLOW"
    else:
        out.status = "RED"
    return out
