"""A second VCP and SmartMoney scorer: slow, plain, for one symbol and one day, written from domain.md alone.

It shares nothing with the scorer of the program: no array code, no thresholds object, no tick table. Every function names
its paragraph; where the text leaves room, a comment that starts with ``Reading:`` says how it is understood here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

EOK = 100_000_000
EPS = 1e-9


# ---------------------------------------------------------------------------------------------------- §0.3, §0.4 numbers


def missing(x: float | None) -> bool:
    """§0.3: null, NaN and both infinities are missing; zero is a value."""
    return x is None or not math.isfinite(x)


def at_least(a: float, b: float) -> bool:
    """§0.4: a >= b means a >= b - 1e-9."""
    return a >= b - EPS


def at_most(a: float, b: float) -> bool:
    return at_least(b, a)


def above(a: float, b: float) -> bool:
    """Reading: a > b is the opposite of a <= b, so equality within 1e-9 is not "above"."""
    return not at_most(a, b)


def below(a: float, b: float) -> bool:
    return not at_least(a, b)


def mean(xs: list[float]) -> float:
    """§0.1: arithmetic mean. ``fsum`` adds without rounding in between."""
    return math.fsum(xs) / len(xs)


def round2(x: float) -> float:
    """§0.4: half-up to two decimals on the shortest decimal form of the number."""
    return float(Decimal(repr(float(x))).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def grade(score: float | None) -> str:
    """§0.5: from the rounded score."""
    if score is None:
        return "NONE"
    rounded = round2(score)
    for name, limit in (("S", 80.0), ("A", 65.0), ("B", 50.0)):
        if at_least(rounded, limit):
            return name
    return "C"


TARGET_PCT = {"S": 20, "A": 15, "B": 10, "C": 5}


# ---------------------------------------------------------------------------------------------------- §0.2 known days


# §1.4: on these days of the college entrance exam the close is 16:30.
EXAM_DAYS = (date(2022, 11, 17), date(2023, 11, 16), date(2024, 11, 14), date(2025, 11, 13), date(2026, 11, 19))


def known_days(days: list[date], as_of: datetime) -> tuple[int, int]:
    """§0.2, App. C: index of the last day whose official bar and of the last whose confirmed flows were known (Korean time).

    Reading: 15:40 is ten minutes after the closing auction, so a close at 16:30 makes it 16:40; the flow time stays.
    """
    bar = flow = -1
    for i, day in enumerate(days):
        if datetime.combine(day, time(16, 40) if day in EXAM_DAYS else time(15, 40)) <= as_of:
            bar = i
        confirmed = time(18, 10) if day <= date(2026, 9, 11) else time(20, 10)
        if datetime.combine(day, confirmed) <= as_of:
            flow = i
    return bar, flow


# ---------------------------------------------------------------------------------------------------- input


@dataclass
class History:
    """Everything recorded of one symbol, one entry per trading day of the market; None (or NaN) where there is no record."""

    ticker: str
    market: str
    security_type: str
    days: list[date]
    open: list[float | None]
    high: list[float | None]
    low: list[float | None]
    close: list[float | None]
    volume: list[float | None]
    value: list[float | None]
    """Published traded value in won."""
    factor: list[float]
    """§1.8: f_i of the day itself, 1.0 on a day without a corporate action."""
    foreign_krw: list[float | None]
    institution_krw: list[float | None]
    foreign_shares: list[float | None]
    institution_shares: list[float | None]
    designations: list[frozenset[str]]
    """Names of the designations in force on the day."""
    _valid: dict[int, bool] = field(default_factory=dict, repr=False)

    def is_valid(self, i: int) -> bool:
        if i not in self._valid:
            self._valid[i] = valid_bar(self.open[i], self.high[i], self.low[i], self.close[i], self.volume[i])
        return self._valid[i]


def valid_bar(o: float | None, h: float | None, low: float | None, c: float | None, v: float | None) -> bool:
    """§1.9."""
    if o is None or h is None or low is None or c is None or v is None:
        return False
    for x in (o, h, low, c, v):
        if not math.isfinite(x) or x <= 0:
            return False
    return low <= min(o, c) * (1 + 1e-6) and h >= max(o, c) * (1 - 1e-6)


@dataclass
class Bar:
    """One valid bar, prices and volume in the scale of the as-of day (§1.8)."""

    day: int
    high: float
    low: float
    close: float
    volume: float
    turnover: float
    """Won; never adjusted. Volume x (O+H+L+C)/4 of the raw bar where no source gave it (the rule of §3.2)."""
    estimated: bool
    scale: float
    """What the raw price was multiplied with."""


def adjusted_bars(s: History, t: int, most: int | None = None) -> list[Bar]:
    """§1.8, §1.9: the valid bars up to day ``t``, oldest first (only the last ``most``, if given).

    Walking back from ``t``, the factor of a day applies to everything before it - also where that day itself is a halt.
    """
    bars: list[Bar] = []
    scale = 1.0
    for i in range(t, -1, -1):
        if s.is_valid(i):
            o, h, low, c, v = s.open[i], s.high[i], s.low[i], s.close[i], s.volume[i]
            assert o is not None and h is not None and low is not None and c is not None and v is not None
            published = s.value[i]
            estimated = published is None or missing(published)
            turnover = v * (o + h + low + c) / 4 if published is None or estimated else published
            bars.append(Bar(i, h * scale, low * scale, c * scale, v / scale, turnover, estimated, scale))
            if most is not None and len(bars) == most:
                break
        scale *= s.factor[i]
    bars.reverse()
    return bars


# ---------------------------------------------------------------------------------------------------- §1.3 eligibility


def mean_turnover_20(bars: list[Bar]) -> float | None:
    """Reading: a mean of the last 20 bars exists only if 20 bars exist, like MA(k) in §0.1."""
    return mean([b.turnover for b in bars[-20:]]) if len(bars) >= 20 else None


def ineligible_reasons(s: History, t: int, bars: list[Bar]) -> set[str]:
    """§1.3, VCP column; ``bars`` are the adjusted valid bars up to ``t``. Designations of the as-of day.

    투자경고, 투자위험, 단기과열 and 투자주의 are flags only.
    """
    reasons = set()
    if s.market not in ("KOSPI", "KOSDAQ"):
        reasons.add("MARKET")
    if s.security_type != "COMMON":
        reasons.add("TYPE")
    if s.designations[t] & {"HALT", "CLEANUP"}:
        reasons.add("HALTED")
    if s.designations[t] & {"ADMIN", "CAUTION_ISSUE"}:
        reasons.add("DESIGNATED")
    if len(bars) < 60:
        reasons.add("BARS_LT_60")
    if not s.is_valid(t):
        reasons.add("NOT_TRADABLE")  # Reading: without a bar there is no close to hold against 1,000 won
    elif below(bars[-1].close, 1_000):  # in the scale of the as-of day, so this is the raw close
        reasons.add("PRICE_LT_1000")
    turnover = mean_turnover_20(bars)
    if turnover is None:
        reasons.add("VALUE_UNKNOWN")
    elif below(turnover, 10 * EOK):
        reasons.add("VALUE_LT_1B")
    return reasons


# ---------------------------------------------------------------------------------------------------- §2.4 strength


def raw_strength(bars: list[Bar]) -> float | None:
    """§2.4: raw strength in percent at the last bar; None with fewer than 127 bars."""
    n = len(bars)
    if n < 127:
        return None
    total = 0.0
    for weight, k in ((0.4, 63), (0.2, 126), (0.2, 189), (0.2, 250)):
        past = bars[-1 - k] if n > k else bars[0]  # a horizon that does not exist uses the oldest bar
        total += weight * 100 * (bars[-1].close / past.close - 1)
    return total


def strength_ranks(raws: list[float | None], in_pool: list[bool]) -> list[int | None]:
    """§2.4: RS of every symbol.

    Reading: N >= 20 is asked of the pool itself. A stock outside the pool is ranked as its (N+1)th member.
    """
    pool = [raw for raw, inside in zip(raws, in_pool, strict=True) if inside and raw is not None]
    ranks: list[int | None] = []
    for raw, inside in zip(raws, in_pool, strict=True):
        if raw is None or len(pool) < 20:
            ranks.append(None)
            continue
        lower = sum(1 for other in pool if below(other, raw))
        equal = sum(1 for other in pool if at_least(other, raw) and at_most(other, raw))
        count = len(pool)
        if not inside:
            equal += 1
            count += 1
        p = (lower + 0.5 * (equal - 1)) / (count - 1)
        ranks.append(1 + math.floor(98 * p + 0.5 + EPS))
    return ranks


# ---------------------------------------------------------------------------------------------------- §2.5 swings


@dataclass
class Leg:
    """A contraction; ``start`` and ``end`` are positions in the list of bars."""

    high: float
    low: float
    start: int
    end: int

    @property
    def depth(self) -> float:
        return 100 * (self.high - self.low) / self.high


def theta(bars: list[Bar], s: int) -> float:
    """§2.5: reversal threshold in percent."""
    ranges = []
    for i in range(s - 19, s + 1):
        b, c_before = bars[i], bars[i - 1].close
        ranges.append(max(b.high - b.low, abs(b.high - c_before), abs(b.low - c_before)))
    return max(3.0, 100 * mean(ranges) / bars[s].close)


def base_start(bars: list[Bar], s: int) -> int:
    """§2.5: h0."""
    first, last = max(0, s - 129), s - 10
    m = max(bars[i].high for i in range(first, last + 1))
    return next(i for i in range(first, last + 1) if at_least(bars[i].high, 0.97 * m))


def raw_legs(bars: list[Bar], h0: int, s: int, turn: float) -> list[Leg]:
    """§2.5: the zigzag and its last, open leg."""
    legs: list[Leg] = []
    state = "HIGH"
    hc, hc_at = bars[h0].high, h0
    lc, lc_at = 0.0, -1
    for i in range(h0 + 1, s + 1):
        if state == "HIGH":
            if above(bars[i].high, hc):
                hc, hc_at = bars[i].high, i
            elif at_least(100 * (hc - bars[i].low) / hc, turn):
                state, lc, lc_at = "LOW", bars[i].low, i
        elif below(bars[i].low, lc):
            lc, lc_at = bars[i].low, i
        elif at_least(100 * (bars[i].high - lc) / lc, turn):
            legs.append(Leg(hc, lc, hc_at, lc_at))
            state, hc, hc_at = "HIGH", bars[i].high, i
    if state == "LOW":
        legs.append(Leg(hc, lc, hc_at, lc_at))
    elif s - hc_at >= 3:
        lowest_at = hc_at + 1
        for i in range(hc_at + 1, s + 1):
            if below(bars[i].low, bars[lowest_at].low):
                lowest_at = i  # Reading: of equal lows the first one ends the tight area
        tight = Leg(hc, bars[lowest_at].low, hc_at, lowest_at)
        if at_least(tight.depth, 1.0):
            legs.append(tight)
    return legs


def merged(legs: list[Leg]) -> list[Leg]:
    """§2.5 Merge, App. C: a merged leg is a range from the start of the first to the end of the second."""
    legs = list(legs)
    while True:
        for k in range(len(legs) - 1):
            a, b = legs[k], legs[k + 1]
            if above(b.depth, 0.90 * a.depth):
                legs[k : k + 2] = [Leg(max(a.high, b.high), min(a.low, b.low), a.start, b.end)]
                break
        else:
            return legs


# ---------------------------------------------------------------------------------------------------- §1.6 ticks

_Table = tuple[tuple[int | None, int], ...]
_SINCE_2023: _Table = ((2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500), (None, 1_000))
_KOSPI_BEFORE: _Table = ((1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50), (100_000, 100), (500_000, 500), (None, 1_000))
_KOSDAQ_BEFORE: _Table = ((1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50), (None, 100))
_SLACK = Fraction(1, 1_000_000)


def tick(price: Fraction, market: str, day: date) -> int:
    """§1.6, stocks. A price within 1e-6 won below a bound counts as the bound (§0.4)."""
    before = _KOSPI_BEFORE if market == "KOSPI" else _KOSDAQ_BEFORE
    table = _SINCE_2023 if day >= date(2023, 1, 25) else before
    return next(size for bound, size in table if bound is None or price + _SLACK < bound)


def floor_tick(price: Fraction, market: str, day: date) -> int:
    size = tick(price, market, day)
    return math.floor((price + _SLACK) / size) * size


def ceil_tick(price: Fraction, market: str, day: date) -> int:
    size = tick(price, market, day)
    return math.ceil((price - _SLACK) / size) * size


# ---------------------------------------------------------------------------------------------------- result


ITEMS = (
    *("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"),
    *("B1", "B2", "B3", "B4", "C1", "C2", "C3", "D1", "D2", "E1", "F1"),
    *("SM1", "SM2", "SM3", "SM4"),
)


@dataclass
class Result:
    """What the twin says of one symbol at one instant; None where missing."""

    state: str
    status: str = "MISSING"
    n_bars: int = 0
    ineligible: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    points: dict[str, float] = field(default_factory=lambda: dict.fromkeys(ITEMS, 0.0))
    trend_gate: bool = False
    structure_gate: bool = False
    pattern: bool = False
    vcp_score: float | None = None
    smartmoney_score: float | None = None
    smartmoney_status: str = "MISSING"
    total_score: float | None = None
    grade: str = "NONE"
    coverage: float = 0.0
    rs: int | None = None
    measures: dict[str, float | None] = field(default_factory=dict)
    """Named as the fields of the scan."""
    legs: list[Leg] = field(default_factory=list)
    """``start`` and ``end`` are day indices here."""
    entry: int | None = None
    stop: int | None = None
    target: int | None = None
    reward_risk: float | None = None


# ---------------------------------------------------------------------------------------------------- §2.10 SmartMoney


def smart_money(s: History, bars: list[Bar], flow_day: int, out: Result) -> None:
    """§2.10 with App. C. ``flow_day``: index of the last day whose confirmed flows were known."""
    window = [b for b in bars if b.day <= flow_day][-5:]  # "valid trading days" are the stock's own valid bars
    won: list[tuple[float, float, float]] = []
    shares: list[tuple[float, float, float]] = []
    for b in window:
        f, i = s.foreign_krw[b.day], s.institution_krw[b.day]
        if f is not None and i is not None and not missing(f) and not missing(i):
            won.append((f, i, b.turnover))
        f, i = s.foreign_shares[b.day], s.institution_shares[b.day]
        if f is not None and i is not None and not missing(f) and not missing(i):
            # Reading: V is the adjusted share count (§0.1), so share flows are brought to the as-of scale in the same way.
            shares.append((f / b.scale, i / b.scale, b.volume))
    # Reading: "shares if won is not available for all days" = shares only where they give more complete days than won.
    in_shares = len(shares) > len(won)
    complete = shares if in_shares else won
    out.measures["flow_days"] = len(complete)
    if len(complete) < 3:
        out.flags.add("SM_MISSING")
        return
    sum_f, sum_i = math.fsum(d[0] for d in complete), math.fsum(d[1] for d in complete)
    sum_d = math.fsum(d[2] for d in complete)
    if sum_d == 0:
        out.flags.add("SM_MISSING")
        return
    f_pct, i_pct = 100 * sum_f / sum_d, 100 * sum_i / sum_d
    out.points["SM1"] = _intensity(f_pct, 40, 32, 24, 12)
    out.points["SM2"] = _intensity(i_pct, 30, 24, 18, 9)
    buying = sum(1 for f, i, _ in complete if above(f + i, 0))
    out.points["SM3"] = {5: 15, 4: 12, 3: 8, 2: 4}.get(buying, 0)
    out.points["SM4"] = 15 if above(sum_f, 0) and above(sum_i, 0) else 0
    out.smartmoney_score = round2(sum(out.points[item] for item in ("SM1", "SM2", "SM3", "SM4")))
    out.smartmoney_status = "OK" if len(complete) == 5 else "PARTIAL"
    if out.smartmoney_status == "PARTIAL":
        out.flags.add("SM_PARTIAL")
    if in_shares:
        out.flags.add("FLOW_SHARES")
    out.measures.update(flow_positive_days=buying, flow_foreign=sum_f, flow_institution=sum_i, flow_turnover=sum_d)


def _intensity(pct: float, ten: int, five: int, two: int, positive: int) -> int:
    if at_least(pct, 10):
        return ten
    if at_least(pct, 5):
        return five
    if at_least(pct, 2):
        return two
    return positive if above(pct, 0) else 0


# ---------------------------------------------------------------------------------------------------- §2 the whole


def _ladder_down(x: float, *rungs: tuple[float, float]) -> float:
    """Points of the first rung with x <= limit, else 0."""
    for limit, points in rungs:
        if at_most(x, limit):
            return points
    return 0


def _trend(bars: list[Bar], rs: int | None, out: Result) -> None:
    """§2.3: A, 25 points. A condition that needs more bars than there are is false."""
    n, c = len(bars), bars[-1].close

    def ma(k: int, back: int = 0) -> float | None:
        at = n - back
        return mean([b.close for b in bars[at - k : at]]) if at >= k else None

    ma50, ma150, ma200, ma200_before = ma(50), ma(150), ma(200), ma(200, 22)
    true = dict.fromkeys(("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"), False)
    if ma150 is not None and ma200 is not None and ma50 is not None:
        true["T1"] = above(c, ma150) and above(c, ma200)
        true["T2"] = above(ma150, ma200)
        true["T4"] = above(ma50, ma150) and above(ma50, ma200)
    if ma200 is not None and ma200_before is not None:
        true["T3"] = above(ma200, ma200_before)
    if ma50 is not None:
        true["T5"] = above(c, ma50)
    if n >= 200:
        low, high = min(b.low for b in bars[-250:]), max(b.high for b in bars[-250:])
        true["T6"] = at_least(c, 1.30 * low)
        true["T7"] = at_least(c, 0.75 * high)
        out.measures.update(low_250=low, high_250=high)
    if rs is not None:
        true["T8"] = rs >= 70
    for item, holds in true.items():
        out.points[item] = (4 if item == "T8" else 3) if holds else 0
    out.trend_gate = all(true.values())
    out.measures.update(ma50=ma50, ma150=ma150, ma200=ma200, ma200_before=ma200_before)


def _structure(bars: list[Bar], s: int, out: Result) -> tuple[list[Leg], int]:
    """§2.5 and §2.6: B, 30 points. Returns the legs in positions of ``bars`` and the base start."""
    turn = theta(bars, s)
    h0 = base_start(bars, s)
    legs = merged(raw_legs(bars, h0, s, turn))
    count, length = len(legs), s - h0
    depths = [leg.depth for leg in legs]
    out.points["B1"] = {2: 6, 3: 10, 4: 10, 5: 6, 6: 3}.get(count, 0)
    if count >= 2:
        ratio = mean([depths[k + 1] / depths[k] for k in range(count - 1)])
        out.points["B2"] = _ladder_down(ratio, (0.60, 12), (0.75, 9), (0.90, 5))
    if count >= 1:
        d1 = depths[0]
        out.points["B3"] = 0 if below(d1, 8) else _ladder_down(d1, (25, 4), (35, 2))
        out.points["B4"] = 4 if 25 <= length <= 120 else 2 if length >= 15 else 0
    out.structure_gate = (
        2 <= count <= 6
        and at_most(depths[0], 35)
        and at_most(depths[-1], 10)
        and at_most(depths[-1], 0.5 * depths[0])
        and length >= 15
    )
    out.legs = [Leg(leg.high, leg.low, bars[leg.start].day, bars[leg.end].day) for leg in legs]
    out.measures.update(
        theta_pct=turn,
        base_start=bars[h0].day,
        base_bars=length,
        t_count=count,
        pivot=legs[-1].high if legs else None,
        last_low=legs[-1].low if legs else None,
        contraction_ratio=depths[-1] / depths[0] if count >= 2 else None,
    )
    return legs, h0


def _volume_and_tightness(bars: list[Bar], s: int, legs: list[Leg], out: Result) -> None:
    """§2.7: C, 15 points; D, 10 points."""
    v5 = mean([b.volume for b in bars[s - 4 : s + 1]])
    v50 = mean([b.volume for b in bars[s - 54 : s - 4]])
    lowest = min(b.volume for b in bars[s - 9 : s + 1])
    out.points["C1"] = _ladder_down(v5 / v50, (0.50, 8), (0.70, 6), (0.85, 3))
    out.points["C3"] = 3 if at_most(lowest, 0.50 * v50) else 0
    out.measures.update(v5=v5, v50=v50, dry_ratio=v5 / v50, v_lowest=lowest)
    if len(legs) >= 2:
        # Reading: a leg runs from the bar after its start to its end; for a merged leg that is the whole range (App. C),
        # because its higher high may come after its lower low.
        last = mean([b.volume for b in bars[legs[-1].start + 1 : s + 1]])
        first = mean([b.volume for b in bars[legs[0].start + 1 : legs[0].end + 1]])
        out.points["C2"] = 4 if at_most(last / first, 0.70) else 2 if below(last / first, 1) else 0
        out.points["D2"] = _ladder_down(legs[-1].depth, (4, 5), (6, 4), (10, 2))
        out.measures.update(v_last_leg=last, v_first_leg=first)
    closes = [b.close for b in bars[s - 4 : s + 1]]
    spread = 100 * (max(closes) - min(closes)) / mean(closes)
    out.points["D1"] = _ladder_down(spread, (1.5, 5), (3, 3), (5, 1))
    out.measures.update(max_close_5=max(closes), min_close_5=min(closes), mean_close_5=mean(closes))


def _state(bars: list[Bar], legs: list[Leg], out: Result) -> None:
    """§2.8: E, 10 points. The first row that fits."""
    c = bars[-1].close
    vr = bars[-1].volume / mean([b.volume for b in bars[-51:-1]])
    out.measures["vol_ratio"] = vr
    dist = None
    if legs:
        dist = 100 * (legs[-1].high - c) / legs[-1].high
        out.measures["dist_pct"] = dist
    if len(legs) < 2 or dist is None:
        out.state, points = "NO_BASE", 0
    elif below(c, legs[-1].low):
        out.state, points = "FAILED", 0
    elif above(c, legs[-1].high) and above(-dist, 5):
        out.state, points = "EXTENDED", 0
    elif above(c, legs[-1].high) and at_least(vr, 1.40):
        out.state, points = "BREAKOUT", 10
    elif above(c, legs[-1].high):
        out.state, points = "BREAKOUT_UNCONFIRMED", 4
    elif at_most(dist, 5):
        out.state, points = "NEAR_PIVOT", 10 if at_most(dist, 3) else 7
    else:
        out.state, points = "FORMING", 4 if at_most(dist, 8) else 2 if at_most(dist, 10) else 0
    out.points["E1"] = points


def _order_plan(s: History, t: int, bars: list[Bar], leg: Leg, out: Result) -> None:
    """§2.11 with App. C, in exact fractions."""
    market, day = s.market, s.days[t]
    pivot, last_low = Fraction(leg.high), Fraction(leg.low)
    if out.state == "NEAR_PIVOT":
        raised = ceil_tick(pivot, market, day)
        entry = raised + tick(Fraction(raised), market, day)
    else:
        entry = round(bars[-1].close)  # the raw close of the as-of day, a whole number of won
    under = last_low - tick(last_low, market, day)
    stop = floor_tick(min(max(under, Fraction(92, 100) * entry), Fraction(98, 100) * entry), market, day)
    target = floor_tick(entry * (1 + Fraction(TARGET_PCT[out.grade], 100)), market, day)
    out.entry, out.stop, out.target = entry, stop, target
    out.reward_risk = (target - entry) / (entry - stop)
    if below(out.reward_risk, 1.5):
        out.flags.add("LOW_RR")


def evaluate(s: History, t: int, flow_day: int, rs: int | None) -> Result:
    """Score ``s`` at the bar of day ``t`` with the flows up to ``flow_day`` and the rank ``rs`` of the day (§2)."""
    bars = adjusted_bars(s, t)
    n = len(bars)
    reasons = ineligible_reasons(s, t, bars)
    out = Result(state="NOT_TRADABLE", n_bars=n, ineligible=reasons)
    for name in ("WARNING", "DANGER", "OVERHEAT"):
        if name in s.designations[t]:
            out.flags.add(name)
    if not s.is_valid(t):
        # §1.9: no score at all. Reading: it is the state whatever n is, and SmartMoney is null as well.
        out.flags.add("SM_MISSING")
        return out
    out.measures["close"] = bars[-1].close
    out.measures["mean_value_krw"] = mean_turnover_20(bars)
    smart_money(s, bars, flow_day, out)
    out.coverage = 30.0 if out.smartmoney_score is not None else 0.0
    if n < 60:
        # §2.2. SmartMoney does not need 60 bars, so it stands on its own; the total is null.
        out.state = "INSUFFICIENT_HISTORY"
        return out
    out.status = "OK" if n >= 251 else "PARTIAL"
    out.rs = rs
    out.measures["rs_raw"] = raw_strength(bars)
    position_s = n - 2
    _trend(bars, rs, out)
    legs, _ = _structure(bars, position_s, out)
    _volume_and_tightness(bars, position_s, legs, out)
    _state(bars, legs, out)
    if rs is not None:
        out.points["F1"] = 10 if rs >= 90 else 8 if rs >= 80 else 6 if rs >= 70 else 3 if rs >= 60 else 0
    out.vcp_score = round2(sum(points for item, points in out.points.items() if not item.startswith("SM")))
    out.total_score = round2(0.70 * out.vcp_score + 0.30 * (out.smartmoney_score or 0.0))
    out.grade = grade(out.total_score)
    out.coverage += 70.0
    out.pattern = (
        not reasons
        and out.trend_gate
        and out.structure_gate
        and out.state in ("NEAR_PIVOT", "BREAKOUT")
        and at_least(out.vcp_score, 60)
    )
    if out.pattern:
        _order_plan(s, t, bars, legs[-1], out)
    return out


def evaluate_market(market: list[History], as_of: datetime) -> list[Result]:
    """Score every symbol; all histories share one list of days."""
    t, flow_day = known_days(market[0].days, as_of)
    raws: list[float | None] = []
    pool: list[bool] = []
    for s in market:
        raw, inside = strength_inputs(s, t)
        raws.append(raw)
        pool.append(inside)
    ranks = strength_ranks(raws, pool)
    return [evaluate(s, t, flow_day, rs) for s, rs in zip(market, ranks, strict=True)]


def strength_inputs(s: History, t: int) -> tuple[float | None, bool]:
    """§2.4: raw strength at ``t`` and whether the symbol belongs to the pool (the whole VCP column of §1.3)."""
    if not s.is_valid(t):
        return None, False
    bars = adjusted_bars(s, t, most=251)
    return raw_strength(bars), not ineligible_reasons(s, t, bars)
