"""Small markets for tests: bars written by hand or by a seeded generator, turned into plain histories and into a panel.

The panel is built here with loops and without the program's own panel code, so that a test compares two independent ways
from the same rows.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
from agreement import differences
from twin import History, evaluate_market, valid_bar

from engine.model.instants import AsOf, kst_datetime
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.model.scan import ITEMS, VcpScan
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES, Rules

LAST_DAY = date(2026, 6, 30)
"""A Tuesday; the day of the last bar unless a test says otherwise."""
VOLUME = 1_000_000


@dataclass
class Row:
    """One recorded day of one symbol; a halted day has o = h = l = 0 and v = 0."""

    o: float
    h: float
    l: float  # noqa: E741
    c: float
    v: float | None = VOLUME
    value: float | None = None
    factor: float = 1.0
    foreign_krw: float | None = None
    institution_krw: float | None = None
    foreign_shares: float | None = None
    institution_shares: float | None = None
    designations: frozenset[str] = frozenset()


@dataclass
class Series:
    """Rows of one symbol, oldest first, written bar by bar; the last row is the as-of day of the market."""

    market: str = "KOSPI"
    security_type: str = "COMMON"
    rows: list[Row | None] = field(default_factory=list)
    """None where the market traded and the symbol has no row."""

    def flat(self, bars: int, price: float, v: float = VOLUME) -> Series:
        """``bars`` bars with O = H = L = C = ``price``."""
        return self.closes([price] * bars, v)

    def closes(self, prices: Iterable[float], v: float = VOLUME) -> Series:
        """Bars with O = H = L = C at each of ``prices``."""
        for p in prices:
            self.rows.append(Row(p, p, p, p, v))
        return self

    def to(self, price: float, bars: int, v: float = VOLUME) -> Series:
        """Walk in ``bars`` equal steps (whole won) from the last close to ``price``, which the last of them hits exactly."""
        start = self.last.c
        return self.closes([start + round((price - start) * k / bars) for k in range(1, bars)] + [price], v)

    def bar(self, o: float, h: float, low: float, c: float, v: float | None = VOLUME) -> Series:
        self.rows.append(Row(o, h, low, c, v))
        return self

    def halt(self, days: int = 1) -> Series:
        """Halted days as the exchange publishes them: O = H = L = 0, V = 0, C = previous close."""
        for _ in range(days):
            self.rows.append(Row(0, 0, 0, self.last.c, 0))
        return self

    def absent(self, days: int = 1) -> Series:
        self.rows.extend([None] * days)
        return self

    @property
    def last(self) -> Row:
        return next(row for row in reversed(self.rows) if row is not None)

    def row(self, back: int) -> Row:
        """Row ``back`` days before the last one (0 = the last)."""
        found = self.rows[-1 - back]
        assert found is not None
        return found

    def volumes(self, values: Sequence[float], back: int = 0) -> Series:
        """Set the volumes of the rows that end ``back`` days before the last, oldest first."""
        for k, v in enumerate(values):
            self.row(back + len(values) - 1 - k).v = v
        return self

    def values(self, value: float | None, bars: int | None = None) -> Series:
        """Set the published traded value of the last ``bars`` rows (all, if not given)."""
        for row in self.rows[-bars if bars else 0 :]:
            if row is not None:
                row.value = value
        return self

    def flows(
        self, foreign: Sequence[float | None], institution: Sequence[float | None], back: int = 0, shares: bool = False
    ) -> Series:
        """Set the confirmed net buying of the days that end ``back`` days before the last, oldest first."""
        for k, (f, i) in enumerate(zip(foreign, institution, strict=True)):
            row = self.row(back + len(foreign) - 1 - k)
            if shares:
                row.foreign_shares, row.institution_shares = f, i
            else:
                row.foreign_krw, row.institution_krw = f, i
        return self

    def designate(self, *names: str, back: int = 0) -> Series:
        self.row(back).designations = frozenset(names)
        return self

    def copy(self) -> Series:
        return Series(self.market, self.security_type, [None if row is None else replace(row) for row in self.rows])

    def before(self, back: int, change: Callable[[Row], None], factor: float) -> Series:
        """A copy in which every row more than ``back`` days before the last is changed and row ``back`` carries ``factor``."""
        other = self.copy()
        for row in other.rows[: len(other.rows) - 1 - back]:
            if row is not None:
                change(row)
        other.row(back).factor = factor
        return other

    def with_split(self, back: int, ratio: int) -> Series:
        """The same shares before a ``ratio``:1 split whose first day is ``back`` days before the last: dearer and fewer."""

        def change(row: Row) -> None:
            row.o, row.h, row.l, row.c = row.o * ratio, row.h * ratio, row.l * ratio, row.c * ratio
            row.v = None if row.v is None else row.v / ratio
            row.foreign_shares = None if row.foreign_shares is None else row.foreign_shares / ratio
            row.institution_shares = None if row.institution_shares is None else row.institution_shares / ratio

        return self.before(back, change, 1 / ratio)

    def with_reverse_split(self, back: int, ratio: int) -> Series:
        """The same shares before a 1:``ratio`` reverse split: cheaper and more."""

        def change(row: Row) -> None:
            row.o, row.h, row.l, row.c = row.o / ratio, row.h / ratio, row.l / ratio, row.c / ratio
            row.v = None if row.v is None else row.v * ratio
            row.foreign_shares = None if row.foreign_shares is None else row.foreign_shares * ratio
            row.institution_shares = None if row.institution_shares is None else row.institution_shares * ratio

        return self.before(back, change, float(ratio))


def weekdays_until(last: date, count: int) -> list[date]:
    """``count`` weekdays that end with ``last``; holidays do not matter here, the panel's days are the market's days."""
    days: list[date] = []
    day = last
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    return days[::-1]


def histories(market: dict[str, Series], last: date = LAST_DAY) -> list[History]:
    """Plain histories of all symbols over one common list of days, tickers ascending; shorter ones start later."""
    length = max(len(series.rows) for series in market.values())
    days = weekdays_until(last, length)
    result = []
    for ticker in sorted(market):
        series = market[ticker]
        earlier: list[Row | None] = [None] * (length - len(series.rows))
        rows = earlier + series.rows
        result.append(history_of_rows(ticker, series.market, series.security_type, days, rows))
    return result


def history_of_rows(ticker: str, market: str, security_type: str, days: list[date], rows: list[Row | None]) -> History:
    return History(
        ticker=ticker,
        market=market,
        security_type=security_type,
        days=days,
        open=[None if r is None else r.o for r in rows],
        high=[None if r is None else r.h for r in rows],
        low=[None if r is None else r.l for r in rows],
        close=[None if r is None else r.c for r in rows],
        volume=[None if r is None else r.v for r in rows],
        value=[None if r is None else r.value for r in rows],
        factor=[1.0 if r is None else r.factor for r in rows],
        foreign_krw=[None if r is None else r.foreign_krw for r in rows],
        institution_krw=[None if r is None else r.institution_krw for r in rows],
        foreign_shares=[None if r is None else r.foreign_shares for r in rows],
        institution_shares=[None if r is None else r.institution_shares for r in rows],
        designations=[frozenset() if r is None else r.designations for r in rows],
    )


def _whole(x: float | None) -> int:
    """Panel integers: 0 where a number is missing; a fraction of a won or share in a test is a mistake of the test."""
    if x is None or not math.isfinite(x):
        return 0
    assert x == int(x), f"{x} is not a whole number"
    return int(x)


def _number(x: float | None) -> float:
    return math.nan if x is None or not math.isfinite(x) else float(x)


def panel_of(market: list[History], version: str = "test") -> MarketPanel:
    """The panel of plain histories (layout: see :class:`MarketPanel`)."""
    count, length = len(market), len(market[0].days)
    arrays = {name: np.zeros((count, length), dtype=kind) for name, kind in ARRAY_FIELDS.items()}
    for k, s in enumerate(market):
        running, steps = 1.0, []
        for f in s.factor:
            running *= f
            steps.append(running)
        arrays["factor"][k] = steps
        arrays["open_krw"][k] = [_whole(x) for x in s.open]
        arrays["high_krw"][k] = [_whole(x) for x in s.high]
        arrays["low_krw"][k] = [_whole(x) for x in s.low]
        arrays["close_krw"][k] = [_whole(x) for x in s.close]
        arrays["volume_shares"][k] = [_whole(x) for x in s.volume]
        arrays["present"][k] = [x is not None for x in s.close]
        arrays["valid"][k] = [s.is_valid(i) for i in range(length)]
        arrays["designation"][k] = [sum(DesignationFlag[name] for name in names) for names in s.designations]
        arrays["value_krw"][k] = [_number(x) for x in s.value]
        arrays["foreign_krw"][k] = [_number(x) for x in s.foreign_krw]
        arrays["institution_krw"][k] = [_number(x) for x in s.institution_krw]
        arrays["foreign_shares"][k] = [_number(x) for x in s.foreign_shares]
        arrays["institution_shares"][k] = [_number(x) for x in s.institution_shares]
    for unknown in ("base_krw", "pension_krw"):
        arrays[unknown][...] = math.nan
    tickers = [s.ticker for s in market]
    return MarketPanel(
        days=np.array(market[0].days, dtype="datetime64[D]"),
        tickers=np.array(tickers),
        names=np.array(tickers),
        names_en=np.array([""] * count),
        sectors=np.array([""] * count),
        market=np.array([Market[s.market] for s in market], dtype=np.uint8),
        security_type=np.array([SecurityType[s.security_type] for s in market], dtype=np.uint8),
        listed_on=np.full(count, np.datetime64("NaT", "D")),
        delisted_on=np.full(count, np.datetime64("NaT", "D")),
        simulated=False,
        version=version,
        **arrays,
    )


@dataclass(frozen=True)
class Scanned:
    """The scan of a small market, read by ticker."""

    scan: VcpScan
    panel: MarketPanel

    def row(self, ticker: str) -> int:
        row = self.panel.row_of(ticker)
        assert row is not None
        return row

    def get(self, name: str, ticker: str = "005930") -> float:
        """One value of a ``(symbols,)`` array."""
        return float(getattr(self.scan, name)[self.row(ticker)])

    def points(self, item: str, ticker: str = "005930") -> float:
        return float(self.scan.item_points[self.row(ticker), ITEMS.index(item)])

    def depths(self, ticker: str = "005930") -> list[float]:
        return [float(d) for d in self.scan.depths_pct(self.row(ticker))]


def scan_market(
    market: dict[str, Series], as_of: AsOf | None = None, last: date = LAST_DAY, rules: Rules = DEFAULT_RULES
) -> Scanned:
    """Scan a hand-written market; by default at the end of its last day, when bar and flows are known.

    The twin is asked the same, so every case worked by hand also holds the twin to its numbers.
    """
    plain = histories(market, last)
    panel = panel_of(plain)
    moment = as_of or AsOf.end_of(last)
    result = scan(panel, moment, rules)
    if rules is DEFAULT_RULES:
        clock = kst_datetime(moment.instant_ns).replace(tzinfo=None)
        expected = evaluate_market(plain, clock)
        found = [f"{s.ticker}: {text}" for k, s in enumerate(plain) for text in differences(result, k, expected[k])]
        assert not found, "scan and twin differ\n" + "\n".join(found[:40])
    return Scanned(result, panel)


def scan_one(series: Series, as_of: AsOf | None = None, last: date = LAST_DAY) -> Scanned:
    """Scan one symbol, 005930, alone: there is no RS because the pool is smaller than 20."""
    return scan_market({"005930": series}, as_of, last)


def fillers(raws: Sequence[float], bars: int = 130) -> dict[str, Series]:
    """Eligible symbols with the given raw strengths in percent (multiples of 0.01).

    All closes are 10,000 but the last, so each horizon gives the same return and raw = 1.0 x that return:
    close 10,000 x (1 + raw/100). Value: 1,000,000 shares x about 10,000 won = 100억 a day.
    """
    return {f"9{k:04d}0": Series().flat(bars - 1, 10_000).closes([10_000 + round(raw * 100)]) for k, raw in enumerate(raws)}


def ideal(pivot: int = 10_000, low: int = 9_600, close: int = 9_900, volume: float = VOLUME, dry: bool = True) -> Series:
    """An advance from half the price, a base of 20 %, 10 % and the last contraction pivot -> low, then bar t.

    Scaled to the pivot: top = pivot x 1.02. s stands in the last contraction, 5 bars at ``low``.
    """
    top = round(pivot * 1.02)
    series = Series().closes([round(0.5 * pivot)]).to(round(0.97 * top) - 20, 239).closes([top])
    series.to(round(0.8 * top), 10).to(round(1.01 * pivot), 10).to(round(0.909 * pivot), 8).to(pivot, 8)
    series.to(low, 5).flat(5, low)
    if dry:
        series.volumes([0.4 * VOLUME] * 5)
    return series.closes([close], volume)


def detected(series: Series, below: int = 69, over: int = 0, last: date = LAST_DAY) -> Scanned:
    """Scan with ``below`` weaker and ``over`` stronger eligible symbols."""
    market = fillers([-5.0 - 0.01 * k for k in range(below)] + [500.0 + k for k in range(over)])
    market["005930"] = series
    return scan_market(market, last=last)


# ---------------------------------------------------------------------------------------------------- random markets


def random_series(rng: random.Random, length: int) -> Series:
    """One symbol of a synthetic market: trends, bases, halts, splits, holes in values and flows, short histories.

    Prices are whole won; values of about one symbol in three are missing, flows come in won, shares, both or not at all.
    """
    kind = rng.random()
    bars = rng.randint(1, 60) if kind < 0.06 else rng.randint(60, 260) if kind < 0.30 else length
    series = Series(
        market=rng.choice(["KOSPI", "KOSPI", "KOSDAQ", "KOSDAQ", "KONEX"] if rng.random() < 0.2 else ["KOSPI", "KOSDAQ"]),
        security_type=rng.choice(["PREFERRED", "SPAC", "REIT"]) if rng.random() < 0.05 else "COMMON",
    )
    price = math.exp(rng.uniform(math.log(600), math.log(900_000)))
    volume = 10 ** rng.uniform(9.0, 10.6) / price
    drift = rng.choice([-0.001, 0.0, 0.001, 0.002, 0.003])
    spread = rng.choice([0.003, 0.008, 0.015, 0.03])
    has_value, flow_kind = rng.random() < 0.67, rng.choice(["won", "won", "shares", "both", "none", "mixed"])
    base_from = rng.randint(20, 110) if rng.random() < 0.6 else 0
    sizes = sorted((rng.uniform(0.03, 0.35) for _ in range(rng.randint(1, 7))), reverse=True)
    path = _base_path(rng, sizes, base_from)
    top: float | None = None
    split_pending = 1.0
    for k in range(bars):
        left = bars - k
        if left <= base_from and path:
            top = top or price
            price = top * path[len(path) * (base_from - left) // base_from]
            price *= 1 + rng.gauss(0, spread / 6)
        else:
            price *= 1 + drift + rng.gauss(0, spread)
        price = min(max(price, 400.0), 1_800_000.0)
        if rng.random() < 0.01 and series.rows:
            series.absent() if rng.random() < 0.3 else series.halt()
            continue
        factor = split_pending
        split_pending = 1.0
        if rng.random() < 0.002 and k:
            factor *= rng.choice([0.2, 0.5, 0.1, 0.95, 5.0, 0.8888888888888888])
            price, volume = price * factor, volume / factor
            top = top * factor if top else None
        c = max(100, round(price))
        o = max(100, round(price * (1 + rng.gauss(0, spread / 2))))
        h = max(o, c) + abs(round(price * rng.gauss(0, spread / 3)))
        low = max(50, min(o, c) - abs(round(price * rng.gauss(0, spread / 3))))
        v = max(1, round(volume * rng.uniform(0.3, 1.7) * (rng.choice([0.4, 1, 2.5]) if left <= 6 else 1)))
        row = Row(o, h, low, c, v, factor=factor)
        if has_value and rng.random() < 0.97:
            row.value = float(v * (o + h + low + c) // 4)
        if left <= 12:
            _random_flows(rng, row, flow_kind)
        if rng.random() < 0.02 and left <= 10:
            row.designations = frozenset({rng.choice([flag.name or "" for flag in DesignationFlag])}) - {"NONE"}
        series.rows.append(row)
    if rng.random() < 0.05 and len(series.rows) > 1:
        series.rows[-1] = None if rng.random() < 0.4 else Row(0, 0, 0, price // 1, 0)
    if rng.random() < 0.04:
        series.last.v = None  # a vendor's hole: the row is there, its volume is not
    return series


def _base_path(rng: random.Random, sizes: list[float], bars: int) -> list[float]:
    """Multiples of the base high: down by each size and back to nearly the high."""
    if not bars:
        return []
    path = [1.0]
    for size in sizes:
        steps = rng.randint(2, 8)
        high, low = path[-1], path[-1] * (1 - size)
        path += [high + (low - high) * (k + 1) / steps for k in range(steps)]
        back = rng.uniform(0.93, 1.0)
        path += [low + (back - low) * (k + 1) / steps for k in range(steps)]
    return path


def _random_flows(rng: random.Random, row: Row, kind: str) -> None:
    assert row.v is not None
    turnover = row.v * row.c
    f, i = (round(turnover * rng.choice([-0.1, -0.02, 0.005, 0.03, 0.06, 0.12]) * rng.random()) for _ in range(2))
    if kind in ("won", "both", "mixed") and rng.random() < (0.6 if kind == "mixed" else 0.93):
        row.foreign_krw = float(f)
        row.institution_krw = float(i) if rng.random() < 0.95 else None
    if kind in ("shares", "both", "mixed") and rng.random() < (0.6 if kind == "mixed" else 0.93):
        row.foreign_shares, row.institution_shares = float(f // row.c), float(i // row.c)


def random_market(seed: int, symbols: int = 60, length: int = 300) -> dict[str, Series]:
    """A market of ``symbols`` random symbols over ``length`` days; the same seed gives the same market."""
    rng = random.Random(seed)
    return {f"{k:05d}0": random_series(rng, length) for k in range(1, symbols + 1)}


# ---------------------------------------------------------------------------------------------------- recorded market


@dataclass(frozen=True)
class RecordedMarket:
    """The recorded tables laid on symbols x days with nothing but pandas and loops. NaN where there is no record."""

    days: list[date]
    tickers: list[str]
    markets: list[str]
    arrays: dict[str, np.ndarray]
    step_factor: np.ndarray

    def history(self, k: int) -> History:
        """One symbol as plain lists."""
        lists = {name: array[k].tolist() for name, array in self.arrays.items() if name != "designation"}
        flags = self.arrays["designation"][k].tolist()
        return History(
            ticker=self.tickers[k],
            market=self.markets[k],
            security_type="COMMON",
            days=self.days,
            factor=self.step_factor[k].tolist(),
            designations=[_NO_FLAGS if not f else _flag_names(f) for f in flags],
            **lists,
        )

    def panel(self) -> MarketPanel:
        a = self.arrays
        count, length = a["close"].shape
        o, h, low, c, v = (np.nan_to_num(a[name]) for name in ("open", "high", "low", "close", "volume"))
        valid = np.zeros((count, length), dtype=bool)
        for k in range(count):
            rows = zip(o[k].tolist(), h[k].tolist(), low[k].tolist(), c[k].tolist(), v[k].tolist(), strict=True)
            valid[k] = [valid_bar(*row) for row in rows]
        return MarketPanel(
            days=np.array(self.days, dtype="datetime64[D]"),
            tickers=np.array(self.tickers),
            names=np.array(self.tickers),
            names_en=np.array([""] * count),
            sectors=np.array([""] * count),
            market=np.array([Market[m] for m in self.markets], dtype=np.uint8),
            security_type=np.full(count, SecurityType.COMMON, dtype=np.uint8),
            listed_on=np.full(count, np.datetime64("NaT", "D")),
            delisted_on=np.full(count, np.datetime64("NaT", "D")),
            open_krw=o.astype("<i4"),
            high_krw=h.astype("<i4"),
            low_krw=low.astype("<i4"),
            close_krw=c.astype("<i4"),
            volume_shares=v.astype("<i8"),
            value_krw=a["value"],
            base_krw=np.full((count, length), np.nan),
            factor=np.cumprod(self.step_factor, axis=1),
            present=~np.isnan(a["close"]),
            valid=valid,
            designation=a["designation"].astype("<u2"),
            foreign_krw=a["foreign_krw"],
            institution_krw=a["institution_krw"],
            pension_krw=np.full((count, length), np.nan),
            foreign_shares=a["foreign_shares"],
            institution_shares=a["institution_shares"],
            simulated=False,
            version="recorded",
        )


_NO_FLAGS: frozenset[str] = frozenset()


@cache
def _flag_names(mask: int) -> frozenset[str]:
    return frozenset(flag.name for flag in DesignationFlag if flag and flag & int(mask) and flag.name)


def load_recorded(folder: Path) -> RecordedMarket:
    """Read daily prices, corporate actions, flows, listing and market days of the recorded data."""
    import pandas as pd

    prices = pd.read_parquet(folder / "prices" / "daily_raw.parquet")
    days = sorted(prices["date"].unique())
    tickers = sorted(prices["ticker"].unique())
    at_day = {day: i for i, day in enumerate(days)}
    at_ticker = {ticker: k for k, ticker in enumerate(tickers)}
    shape = (len(tickers), len(days))

    def lay(table: pd.DataFrame, column: str) -> np.ndarray:
        known = table[table["ticker"].isin(at_ticker) & table["date"].isin(at_day)]
        out = np.full(shape, np.nan)
        rows, columns = known["ticker"].map(at_ticker).to_numpy(), known["date"].map(at_day).to_numpy()
        out[rows, columns] = known[column].to_numpy(dtype="float64", na_value=np.nan)
        return out

    arrays = {name: lay(prices, name) for name in ("open", "high", "low", "close", "volume")}
    market_days = pd.read_parquet(folder / "market_days" / "market_days.parquet")
    arrays["value"] = lay(market_days, "value")
    dept = market_days["dept"].fillna("").str
    flags = dept.contains("관리종목") * int(DesignationFlag.ADMIN) + dept.contains("투자주의환기") * int(
        DesignationFlag.CAUTION_ISSUE
    )
    arrays["designation"] = np.nan_to_num(lay(market_days.assign(flag=flags), "flag"))
    won = pd.read_parquet(folder / "flows" / "stock_flows_krw.parquet")
    shares = pd.read_parquet(folder / "flows" / "stock_flows_shares.parquet")
    arrays["foreign_krw"], arrays["institution_krw"] = lay(won, "foreign_net"), lay(won, "institution_net")
    arrays["foreign_shares"], arrays["institution_shares"] = lay(shares, "foreign_net"), lay(shares, "institution_net")

    step = np.ones(shape)
    actions = pd.read_csv(folder / "prices" / "corporate_actions.csv", dtype={"ticker": str})
    for ticker, ex_date, f in zip(actions["ticker"], actions["ex_date"], actions["price_factor"], strict=True):
        first = next((i for i, day in enumerate(days) if day >= date.fromisoformat(str(ex_date)[:10])), None)
        if first is not None and ticker in at_ticker:
            step[at_ticker[ticker], first] *= f
    listing = pd.read_csv(folder / "listings" / "common_stocks_20260821.csv.gz", dtype={"ticker": str})
    market_of = dict(zip(listing["ticker"], listing["market"], strict=True))
    markets = ["KOSDAQ" if market_of[t].startswith("KOSDAQ") else "KOSPI" for t in tickers]
    return RecordedMarket(days, tickers, markets, arrays, step)
