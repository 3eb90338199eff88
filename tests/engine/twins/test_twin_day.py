"""The day-trading checklist and its plain twin say the same: official bars, recorded minutes and ugly random markets."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import plain_day
import pytest
import twin
from compare import Differences, name_of, names_in
from plain_day import ITEMS, DayResult, Prior, Quote, SectorTable, evaluate_day, phi, prior_of, rank_sectors, return_5d
from twin import History
from worlds import FULL, World, at_ns, ugly_market, wanted

from engine.features.day_measures import DayIneligible, measure_prior
from engine.model.daytrade import DAY_ITEMS, DayQuotes, DayTradeScan, EntryBan, ItemReason
from engine.model.evidence import ItemState
from engine.model.gate import GateReading, GateStatus, IndexState
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import Grade
from engine.scoring.day_trade import quotes_from_bars, quotes_from_minutes, score_day_trade
from engine.thresholds import DEFAULT_RULES as RULES

MEASURES = (
    *("change_pct", "high_20", "low_20", "mean_volume", "box_width_pct", "ma5", "drawdown_pct", "flow_days", "return_5d_pct"),
    *("net_5d_krw", "institution_5d_krw", "net_share_pct", "upper_limit"),
)


def gate_of(status: str) -> GateReading:
    none = IndexState("", None, None)
    return GateReading(AsOf(0), 0, "", GateStatus[status], 80.0, 100.0, (), None, none, none, none, 0, 0)


def compare_row(found: Differences, where: str, scan: DayTradeScan, row: int, plain: DayResult) -> None:
    for column, item in enumerate(ITEMS):
        place = row, column
        found.number(f"{where} {item} points", scan.points[place], plain.points[item])
        found.equal(f"{where} {item} state", name_of(ItemState, scan.state[place]), plain.state[item])
        found.equal(f"{where} {item} reason", name_of(ItemReason, scan.reason[place]), plain.reason[item])
        found.number(f"{where} {item} value", scan.values[place], plain.values[item])
    found.number(f"{where} raw", scan.raw[row], plain.raw)
    found.number(f"{where} score", scan.score[row], plain.score)
    found.number(f"{where} coverage", scan.coverage[row], plain.coverage)
    found.equal(f"{where} grade", name_of(Grade, scan.grade[row]), plain.grade)
    found.equal(f"{where} eligible", bool(scan.eligible[row]), plain.eligible)
    found.equal(f"{where} bans", names_in(EntryBan, scan.bans[row]), plain.bans)
    for name, value in (("entry_krw", plain.entry), ("stop_krw", plain.stop), ("target_krw", plain.target)):
        found.number(f"{where} {name}", getattr(scan, name)[row], value)
    if plain.raw is not None:
        for name in MEASURES:
            if name in plain.measures:
                found.number(f"{where} {name}", getattr(scan, name)[row], plain.measures[name])
        found.equal(f"{where} sector rank", int(scan.sector_rank[row]), int(plain.measures.get("sector_rank") or 0))


def plain_quotes(quotes: DayQuotes) -> list[Quote]:
    """The same quotes as plain numbers."""
    result = []
    for k in range(len(quotes.price)):
        price, base, volume, value = (
            None if np.isnan(a[k]) else float(a[k]) for a in (quotes.price, quotes.base, quotes.volume_shares, quotes.value_krw)
        )
        seen = int(quotes.at_ns[k])
        at = datetime.combine(date(1970, 1, 1), time(9)) + timedelta(microseconds=seen // 1000) if seen else None
        result.append(Quote(price, base, volume, value, at, bool(quotes.vi[k]), quotes.final))
    return result


def sector_table(priors: list[Prior], sectors: Sequence[str], quotes: list[Quote]) -> SectorTable:
    members = []
    for prior, sector, quote in zip(priors, sectors, quotes, strict=True):
        r = return_5d(prior, quote.price)
        if not prior.ineligible and r is not None:
            members.append((sector, r))
    return rank_sectors(members)


def official_quote(s: History, i: int, base: float) -> Quote:
    """The official bar as a quote; a traded value nobody gave is V x (O+H+L+C)/4 (§3.2)."""
    if not s.is_valid(i):
        return Quote(base=base, final=True)
    o, h, low, c, v, value = s.open[i], s.high[i], s.low[i], s.close[i], s.volume[i], s.value[i]
    assert o is not None and h is not None and low is not None and c is not None and v is not None
    return Quote(c, base, v, v * (o + h + low + c) / 4 if value is None or twin.missing(value) else value, final=True)


@pytest.mark.real_data
def test_recorded_official_bars_agree(world: World) -> None:
    """Random symbols of random days: what the official bar says after the close; half of the days have recorded flows."""
    rng = random.Random(77)
    per_day, total = 100, wanted(1_000)
    days = world.days
    first_flows = world.day_index(date(2026, 1, 15))
    half = total // per_day // 2
    chosen = rng.sample(range(3, first_flows), half) + rng.sample(range(first_flows, len(days)), half)
    found, rows_compared = Differences(), 0
    grades = set()
    plain: dict[int, list[Quote]] = {i: [] for i in chosen}
    priors: dict[int, list[Prior]] = {i: [] for i in chosen}
    for k in range(len(world.names)):
        s = world.history(k)
        for i in chosen:
            plain[i].append(official_quote(s, i, world.bases[k][i]))
            priors[i].append(prior_of(s, i - 1, world.bases[k][i], most=21))
    for i in chosen:
        clock = rng.choice(((15, 40), (18, 10), (20, 0)))
        now = datetime.combine(days[i], time(*clock))
        quotes = quotes_from_bars(world.panel, i, at_ns(now))
        gate = rng.choice(("GREEN", "YELLOW", "RED", "UNKNOWN"))
        scan = score_day_trade(world.panel, measure_prior(world.panel, i - 1, i - 1, RULES), quotes, RULES, gate_of(gate))
        table = sector_table(priors[i], world.sectors, plain[i])
        best = [int(k) for k in scan.order[:10]]
        for k in best + rng.sample(sorted(set(range(len(world.names))) - set(best)), per_day - len(best)):
            result = evaluate_day(world.history(k), world.sectors[k], priors[i][k], i - 1, plain[i][k], now, table, gate)
            grades.add(result.grade)
            compare_row(found, f"{world.recorded.tickers[k]} {now}", scan, k, result)
            rows_compared += 1
    assert rows_compared == total
    assert not found, found.report()
    assert grades >= {"A", "B", "C"}, grades


@dataclass(frozen=True)
class Minutes:
    """Columns as the program takes them."""

    ticker: npt.NDArray[np.str_]
    minute_ns: npt.NDArray[np.int64]
    open_krw: npt.NDArray[np.int64]
    high_krw: npt.NDArray[np.int64]
    low_krw: npt.NDArray[np.int64]
    close_krw: npt.NDArray[np.int64]
    volume_shares: npt.NDArray[np.int64]
    value_krw: npt.NDArray[np.int64]


USUAL_MINUTE_DAYS = (date(2026, 1, 2), date(2026, 1, 12), date(2025, 9, 3))
"""The usual run takes these only; 2026-01-02 opens at 10:00."""


def quote_of_minutes(
    rows: list[tuple[datetime, float, float, float, float, float, float]], base: float | None, now: datetime
) -> Quote:
    """The day so far from one-minute bars that have ended; trades outside 09:00-15:30 do not count (§1.4)."""
    quote = Quote(base=base)
    for at, _, _, _, close, volume, value in rows:
        if at + timedelta(minutes=1) > now:
            continue
        late = plain_day.opens_late_by(at.date())
        if not plain_day.clock(at.date(), "09:00") + late <= at <= plain_day.clock(at.date(), "15:30"):
            continue
        quote.price = close
        quote.volume = (quote.volume or 0.0) + volume
        quote.value = (quote.value or 0.0) + value
        quote.at = at + timedelta(minutes=1)
    return quote


@pytest.mark.real_data
def test_recorded_minutes_agree(world: World, recorded_data: Path) -> None:
    """Random instants of the days with recorded minutes (a few of them in the usual run), every ticker with minutes then."""
    import pandas as pd

    rng = random.Random(91)
    found, compared = Differences(), 0
    for name in ("minute1_202601", "minute1_20250901_05"):
        table = pd.read_parquet(recorded_data / "minute" / f"{name}.parquet")
        table = table[table["volume"] > 0]
        position = {t: k for k, t in enumerate(world.recorded.tickers)}
        minute_days = [d for d in sorted(set(table["ts"].dt.date)) if FULL or d in USUAL_MINUTE_DAYS]
        all_priors: dict[int, list[Prior]] = {world.day_index(d): [] for d in minute_days}
        for k in range(len(world.names)):
            s = world.history(k)
            for i, of_day in all_priors.items():
                of_day.append(prior_of(s, i - 1, world.bases[k][i], most=21))
        for day, rows in table.groupby(table["ts"].dt.date):
            if day not in minute_days:
                continue
            i = world.day_index(day)
            columns = {c: rows[c].to_numpy(dtype="int64") for c in ("open", "high", "low", "close", "volume")}
            value = (rows["cum_value"] - rows.groupby("ticker")["cum_value"].shift(fill_value=0)).to_numpy(dtype="int64")
            start = (rows["ts"].to_numpy().astype("datetime64[ns]").astype("int64")) - 9 * 3_600_000_000_000
            batch = Minutes(
                rows["ticker"].to_numpy(dtype=str), start, columns["open"], columns["high"], columns["low"], columns["close"],
                columns["volume"], value,
            )  # fmt: skip
            by_ticker: dict[str, list[tuple[datetime, float, float, float, float, float, float]]] = {}
            for ticker, ts, o, h, low, c, v, tv in zip(
                rows["ticker"], rows["ts"].dt.to_pydatetime(), *columns.values(), value.tolist(), strict=True
            ):
                by_ticker.setdefault(ticker, []).append((ts, o, h, low, c, v, tv))
            priors = all_priors[i]
            for _ in range(4):
                second = rng.choice((0, 0, 1, 30, 59))
                now = datetime.combine(day, time(9, 0)) + timedelta(minutes=rng.randrange(0, 395), seconds=second)
                if rng.random() < 0.3:
                    now = datetime.combine(
                        day, rng.choice((time(9, 10), time(9, 9, 59), time(15, 0), time(15, 0, 1), time(10, 10)))
                    )
                bases = np.array([world.bases[k][i] for k in range(len(world.names))])
                quotes = quotes_from_minutes(world.panel.tickers, [batch], bases, at_ns(now))
                gate = rng.choice(("GREEN", "RED"))
                scan = score_day_trade(
                    world.panel, measure_prior(world.panel, i - 1, i - 1, RULES), quotes, RULES, gate_of(gate)
                )
                plain = [Quote(base=world.bases[k][i]) for k in range(len(world.names))]
                for ticker, bars in by_ticker.items():
                    if ticker in position:
                        k = position[ticker]
                        plain[k] = quote_of_minutes(bars, world.bases[k][i], now)
                table_of_sectors = sector_table(priors, world.sectors, plain)
                share = phi(now)
                found.number(f"{now} phi", scan.phi, share)
                for ticker in by_ticker:
                    if ticker not in position:
                        continue
                    k = position[ticker]
                    where = f"{ticker} {now}"
                    found.number(f"{where} price", quotes.price[k], plain[k].price)
                    found.number(f"{where} volume", quotes.volume_shares[k], plain[k].volume)
                    found.number(f"{where} value", quotes.value_krw[k], plain[k].value)
                    result = evaluate_day(
                        world.history(k), world.sectors[k], priors[k], i - 1, plain[k], now, table_of_sectors, gate
                    )
                    compare_row(found, where, scan, k, result)
                    compared += 1
    assert not found, found.report()
    assert compared > (2_000 if FULL else 500)


def _live_quotes(rng: random.Random, panel: MarketPanel, bases: list[list[float | None]], i: int, now: datetime) -> DayQuotes:
    """Random live quotes on the last day of an ugly market: ages around a minute, missing prices, volumes and bases, VI."""
    count = panel.shape[0]
    now_ns = at_ns(now)
    price = np.where(panel.valid[:, i], panel.close_krw[:, i].astype(float), np.nan)
    volume = np.where(panel.valid[:, i], panel.volume_shares[:, i] * rng.choice((0.1, 0.5, 1.0)), np.nan).round()
    value = price * volume
    base = np.array([np.nan if b[i] is None else b[i] for b in bases], dtype=float)
    at = np.array(
        [0 if np.isnan(price[k]) else now_ns - round(rng.choice((0, 1, 59.9, 60, 60.1, 300)) * 1e9) for k in range(count)]
    )
    for k in range(count):
        if rng.random() < 0.03:
            volume[k] = np.nan
        if rng.random() < 0.02:
            price[k] = np.nan
    vi = np.array([rng.random() < 0.05 for _ in range(count)])
    return DayQuotes(
        now_ns, price, base, price, price, price, volume, value, at.astype(np.int64), vi, np.full(count, np.nan), False
    )


CLOCKS = ("08:59:00", "09:00:00", "09:09:59", "09:10:00", "09:30:00", "09:45:00", "10:05:00", "10:10:00", "11:00:00", "13:37:11",
          "15:00:00", "15:00:01", "15:19:59", "15:20:00", "15:29:00", "15:30:00", "16:20:00")  # fmt: skip


@pytest.mark.parametrize("last", [date(2026, 6, 30), date(2026, 1, 2), date(2025, 11, 13), date(2022, 12, 29)])
def test_ugly_markets_agree(last: date) -> None:
    """Random markets at instants around every limit of the clock, on an ordinary, a late-opening and an exam day."""
    rng = random.Random(str(last))
    found, compared = Differences(), 0
    for number in range(6 if FULL else 2):
        market = ugly_market(number * 1_000 + last.toordinal(), symbols=110, length=64, last=last)
        panel = market.panel
        i = len(panel.days) - 1
        flow_day = i - rng.choice((1, 1, 2, 3, 4))
        prior_measures = measure_prior(panel, i - 1, flow_day, RULES)
        for text in rng.sample(CLOCKS, 5):
            hour, minute, second = (int(part) for part in text.split(":"))
            now = datetime.combine(last, time(hour, minute, second))
            quotes = _live_quotes(rng, panel, market.bases, i, now)
            gate = rng.choice(("GREEN", "YELLOW", "RED", "UNKNOWN"))
            scan = score_day_trade(panel, prior_measures, quotes, RULES, gate_of(gate))
            plain = plain_quotes(quotes)
            priors = [prior_of(s, i - 1, q.base) for s, q in zip(market.histories, plain, strict=True)]
            table = sector_table(priors, market.sectors, plain)
            for k, s in enumerate(market.histories):
                where = f"{number} {s.ticker} {now}"
                reasons = names_in(DayIneligible, prior_measures.ineligible[k])
                found.equal(f"{where} ineligible", reasons, prior_of(s, i - 1, None).ineligible)
                result = evaluate_day(s, market.sectors[k], priors[k], flow_day, plain[k], now, table, gate)
                compare_row(found, where, scan, k, result)
                compared += 1
    assert not found, found.report()
    assert compared >= 900


def test_items_are_named_alike() -> None:
    assert DAY_ITEMS == ITEMS
