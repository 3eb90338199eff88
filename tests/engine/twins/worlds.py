"""Markets to compare on: the recorded one, and small ugly ones made by a seeded generator.

A market is kept twice: as plain histories for the twins and as a panel for the program, both made from the same rows.
"""

from __future__ import annotations

import dataclasses
import math
import os
import random
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
from builders import LAST_DAY, RecordedMarket, Row, Series, histories, panel_of
from headlines import Item
from plain_gate import Levels, plain_breadth
from twin import EOK, History, tick

from engine.model.instants import kst_ns
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.panel import MarketPanel

FULL = os.environ.get("RALPHSTOCK_TWINS") == "full"
"""All 2,000 symbol-days of each part instead of a part of them."""


def wanted(usual: int, full: int = 2_000) -> int:
    return full if FULL else usual


def at_ns(moment: datetime) -> int:
    return kst_ns(moment.date(), moment.hour, moment.minute, moment.second)


@dataclass
class World:
    """The recorded market."""

    recorded: RecordedMarket
    panel: MarketPanel
    bases: list[list[float]]
    names: list[str]
    sectors: list[str]
    series: MarketSeries
    kospi: Levels
    kosdaq: Levels
    usd_krw: Levels
    net: dict[date, float]
    headlines: list[Item]
    _breadth: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def days(self) -> list[date]:
        return self.recorded.days

    def history(self, k: int) -> History:
        """One symbol as plain lists; made anew each time, because all of them together are half a gigabyte."""
        return self.recorded.history(k)

    def day_index(self, day: date) -> int:
        return self.days.index(day)

    def gate_days(self) -> list[int]:
        """300 random days, always the same ones."""
        return random.Random(300).sample(range(3, len(self.days) - 1), 300)

    def breadth(self, i: int) -> tuple[int, int]:
        """Counts of §5.1 on one of the gate days or the day before one."""
        if not self._breadth:
            asked = {day - back for day in self.gate_days() for back in (0, 1)}
            known, over = [0] * len(self.days), [0] * len(self.days)
            for k in range(len(self.names)):
                plain_breadth(self.history(k), known, over, asked)
            self._breadth = {day: (known[day], over[day]) for day in asked}
        return self._breadth[i]


def recorded_world(recorded: RecordedMarket, folder: Path) -> World:
    import pandas as pd

    panel = recorded.panel()
    bases = _bases(recorded, folder)
    listing = pd.read_csv(folder / "listings" / "krx_listing_20260320.csv.gz", dtype={"ticker": str})
    stocks = pd.read_csv(folder / "listings" / "common_stocks_20260821.csv.gz", dtype={"ticker": str})
    name_of = dict(zip(stocks["ticker"], stocks["name"], strict=True))
    sector_of = dict(zip(listing["ticker"], listing["sector_large"].fillna(""), strict=True))
    names = [str(name_of.get(t, t)) for t in recorded.tickers]
    sectors = [str(sector_of.get(t, "")) for t in recorded.tickers]
    index = pd.read_parquet(folder / "index" / "index_daily.parquet")
    levels, arrays = {}, {}
    for code in ("KOSPI", "KOSDAQ", "USDKRW"):
        rows = index[index["symbol"] == code].sort_values("date")
        days = [d.date() if hasattr(d, "date") else d for d in rows["date"].tolist()]
        levels[code] = Levels(days, rows["close"].tolist())
        columns = (rows[name].to_numpy(dtype=float) for name in ("open", "high", "low", "close"))
        arrays[code] = DaySeries(code, np.array(days, dtype="datetime64[D]"), *columns)
    table = pd.read_csv(folder / "flows" / "market_flows_daily.csv")
    flow_days = [date.fromisoformat(str(d)[:10]) for d in table["date"]]
    net = [float(x) * EOK for x in table["foreign"]]
    flow = FlowSeries(np.array(flow_days, dtype="datetime64[D]"), np.array(net))
    return World(
        recorded,
        dataclasses.replace(
            panel, base_krw=np.array(bases), names=np.array(names), sectors=np.array(sectors), version="recorded twins"
        ),
        bases,
        names,
        sectors,
        MarketSeries(arrays["KOSPI"], arrays["KOSDAQ"], arrays["USDKRW"], flow, "recorded"),
        levels["KOSPI"],
        levels["KOSDAQ"],
        levels["USDKRW"],
        dict(zip(flow_days, net, strict=True)),
        _headlines(folder),
    )


def _bases(recorded: RecordedMarket, folder: Path) -> list[list[float]]:
    """Base price of every day: close - 전일대비 where recorded, else the last price before times the day's factor, whole won."""
    import pandas as pd

    table = pd.read_parquet(folder / "market_days" / "market_days.parquet", columns=["ticker", "date", "close", "change"])
    told = {
        (t, d): float(c) - float(x)
        for t, d, c, x in zip(table["ticker"], table["date"], table["close"], table["change"], strict=True)
        if c == c and x == x
    }
    bases = []
    for k, ticker in enumerate(recorded.tickers):
        last = math.nan
        row = []
        closes, steps = recorded.arrays["close"][k].tolist(), recorded.step_factor[k].tolist()
        for i, day in enumerate(recorded.days):
            expected = last * steps[i]
            if math.isnan(closes[i]):
                row.append(math.nan)
                last = expected
                continue
            told_base = told.get((ticker, day))
            row.append(
                told_base
                if told_base is not None and told_base > 0
                else math.floor(expected + 0.5)
                if expected == expected
                else math.nan
            )
            last = closes[i]
        bases.append(row)
    return bases


def _headlines(folder: Path) -> list[Item]:
    """Recorded headlines of 2026; their hour is not recorded, so it is drawn (07:00 to 20:59)."""
    import pandas as pd

    rng = random.Random(4)
    table = pd.read_csv(folder / "news" / "headlines_2026.csv.gz", dtype={"ticker": str})
    items = []
    for k, (day, ticker, press, title) in enumerate(
        zip(table["date"], table["ticker"], table["press"].fillna(""), table["title"], strict=True)
    ):
        moment = datetime.combine(date.fromisoformat(str(day)[:10]), datetime.min.time()).replace(
            hour=rng.randint(7, 20), minute=rng.randint(0, 59)
        )
        items.append(Item(k, (ticker,), str(title), f"https://recorded.example/{k}", str(press), at_ns(moment), at_ns(moment)))
    return items


# ---------------------------------------------------------------------------------------------------- ugly markets


@dataclass
class Ugly:
    """A random small market; ``bases`` per symbol and day, None where unknown."""

    histories: list[History]
    bases: list[list[float | None]]
    sectors: list[str]
    panel: MarketPanel


def ugly_market(seed: int, symbols: int, length: int = 270, last: date = LAST_DAY) -> Ugly:
    """Halts, days without a row, volume 0, missing values, splits, limit locks, holes in flows, new listings, unknown bases.

    The last day is one on which the rules of §3 and §4 have something to decide: gains, volumes, bodies, flows and prices are
    often put exactly on a rung, or one step beside it.
    """
    rng = random.Random(seed)
    market = {f"{k:05d}0": _ugly_series(rng, length) for k in range(1, symbols + 1)}
    plain = histories(market, last)
    bases = [_ugly_bases(rng, s) for s in plain]
    sectors = [rng.choice(("", "반도체", "바이오", "금융", "자동차", "조선", "철강", "게임", "작은")) for _ in plain]
    panel = dataclasses.replace(
        panel_of(plain, f"ugly {seed}"),
        base_krw=np.array([[math.nan if b is None else b for b in row] for row in bases]),
        sectors=np.array(sectors),
    )
    return Ugly(plain, bases, sectors, panel)


def _ugly_series(rng: random.Random, length: int) -> Series:
    series = Series(
        market=rng.choice(("KOSPI",) * 9 + ("KOSDAQ",) * 9 + ("KONEX",)),
        security_type=rng.choice(("COMMON",) * 24 + ("PREFERRED", "SPAC")),
    )
    kind = rng.random()
    bars = rng.choice((1, 4, 5, 19, 20, 21, 22, 30, 60, 61, 62)) if kind < 0.25 else rng.choice((249, 250, 251, length))
    price = rng.choice(
        (980, 1_000, 1_995, 2_000, 4_990, 9_900, 19_950, 50_000, 99_900, 210_000, 510_000, 2_500, 12_000, 34_000)
    )
    spread = rng.choice((0.0, 0.004, 0.01, 0.02, 0.04))
    has_value, with_flows = rng.random() < 0.75, rng.random() < 0.85
    volume = rng.choice((20, 35, 60, 300)) * EOK / price
    sale = rng.random() < 0.3
    for k in range(bars - 1):
        left = bars - 1 - k
        price = max(300.0, price * (1 + rng.gauss(0, spread) - (0.012 if sale and left < 16 else 0)))
        if rng.random() < 0.012 and series.rows:
            series.absent() if rng.random() < 0.3 else series.halt()
            continue
        factor = 1.0
        if rng.random() < 0.004 and k:
            factor = rng.choice((0.2, 0.5, 0.95, 5.0))
            price, volume = price * factor, volume / factor
        row = _bar(rng, price, spread, volume * rng.uniform(0.5, 1.5))
        row.factor = factor
        if has_value and rng.random() < 0.97:
            assert row.v is not None
            row.value = float(row.v * row.c)
        if with_flows and left <= 10 and rng.random() < 0.96:
            row.foreign_krw, row.institution_krw = _flows(rng)
        if left <= 3 and rng.random() < 0.03:
            row.designations = frozenset({rng.choice(("ADMIN", "WARNING", "HALT", "CAUTION", "OVERHEAT", "CLEANUP"))})
        series.rows.append(row)
    series.rows.append(_event_row(rng, series, price, volume, with_flows))
    return series


def _flows(rng: random.Random) -> tuple[float | None, float | None]:
    f = rng.choice((0.0, 1.0, -1.0, 10.0 * EOK, 20.0 * EOK, -10.0 * EOK, -20.0 * EOK, 4.0 * EOK, float("nan")))
    i = rng.choice((0.0, 1.0, -1.0, 10.0 * EOK, -10.0 * EOK, 6.0 * EOK, 0.0))
    return f, (None if rng.random() < 0.04 else i)


def _bar(rng: random.Random, price: float, spread: float, volume: float) -> Row:
    c = max(100, round(price))
    o = max(100, round(price * (1 + rng.gauss(0, spread / 2))))
    h = max(o, c) + abs(round(price * rng.gauss(0, spread / 2)))
    low = max(50, min(o, c) - abs(round(price * rng.gauss(0, spread / 2))))
    return Row(o, h, low, c, max(1, round(volume)))


def _event_row(rng: random.Random, series: Series, price: float, volume: float, with_flows: bool) -> Row:
    """The last day."""
    last = round(price) if not any(series.rows) else int(series.last.c)
    gain = rng.choice((-0.05, 0.0, 0.02, 0.0499, 0.05, 0.0501, 0.08, 0.1999, 0.20, 0.21, 0.2989, 0.299, 0.30, 0.2999))
    c = max(100, round(last * (1 + gain)))
    if gain >= 0.29 and rng.random() < 0.7:
        c = _rough_limit(last, series.market)
    traded = [r for r in series.rows if r is not None and r.v]
    if rng.random() < 0.3 and traded:  # on or beside the highest high of 20, of 60, of all, of the day before, or the average
        some = traded[-rng.choice((1, 20, 60, 250)) :]
        level = rng.choice(
            (
                max(r.h for r in some),
                0.95 * max(r.h for r in some),
                1.01 * traded[-1].h,
                1.02 * traded[-1].h,
                sum(r.c for r in traded[-4:]) / 4,
                0.99 * sum(r.c for r in traded[-4:]) / 4,
            )
        )
        c = max(100, round(level) + rng.choice((-1, 0, 0, 1)))
    o = max(50, round(c / rng.choice((1.0, 1.029, 1.03, 1.031, 1.05, 0.97))))
    span = abs(c - o) or 10
    h = max(o, c) + rng.choice((0, 0, span // 4, span // 3, span))
    low = max(1, min(o, c) - rng.choice((0, 0, span // 4, span)))
    if rng.random() < 0.05:
        o = h = low = c  # locked all day
    value = rng.choice((1_000, 5_000, 10_000, 999.99, 4_999.99, 9_999.99, 1_001, 20_000, 30)) * float(EOK)
    row = Row(o, h, low, c, max(1, round(volume * rng.choice((0.5, 1, 1.5, 2, 2.001, 8)))), value)
    if rng.random() < 0.15:
        row.value, row.v = None, round(value / ((o + h + low + c) / 4)) + rng.choice((0, 1))
    if with_flows and rng.random() < 0.7:
        row.foreign_krw, row.institution_krw = _flows(rng)
    if rng.random() < 0.06:
        row.designations = frozenset(
            {rng.choice(("ADMIN", "CAUTION_ISSUE", "WARNING", "DANGER", "OVERHEAT", "HALT", "CAUTION"))}
        )
    if rng.random() < 0.03:
        return Row(0, 0, 0, last, 0)
    if rng.random() < 0.02:
        row.v = None
    return row


def _rough_limit(base: int, market: str) -> int:
    """About the upper limit; the twins work it out exactly."""
    size = tick(Fraction(base), market, LAST_DAY)
    top = base + base * 3 // 10 // size * size
    size = tick(Fraction(top), market, LAST_DAY)
    return top // size * size


def _ugly_bases(rng: random.Random, s: History) -> list[float | None]:
    bases: list[float | None] = []
    last: float | None = None
    for i, close in enumerate(s.close):
        if last is not None:
            last = float(round(last * s.factor[i]))
        bases.append(last if close is not None and rng.random() > 0.02 else None)
        if close is not None:
            last = float(close)
    return bases
