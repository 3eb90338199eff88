"""The recorded market as one world held in memory: panel, market-wide series, news and minute bars, with the reading side of
the strategies' repository over it.

The recorded headlines carry a day only. Each gets a fixed clock time from its number, a third is collected hours after it was
published, one in fourteen has no publication time: the cases the as-of rule has to tell apart.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.features.adjustment import adjust
from engine.features.validity import valid_bars
from engine.model.instants import kst_ns
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.news import NewsItem
from engine.model.panel import MarketPanel
from ralphstock_desktop.ports import MISSING_INT, MinuteBatch

__all__ = ["DAY_NS", "MINUTE_NS", "MemoryStore", "World", "load_world", "part_of"]

EOK = 100_000_000
MINUTE_NS = 60_000_000_000
DAY_NS = 1_440 * MINUTE_NS
_NEWS_COPY = timedelta(days=-135)
"""The headlines of 2026-01-15 … 02-20 serve once more around the minute bars of September 2025."""


@dataclass(frozen=True, eq=False, repr=False)
class World:
    """Everything stored of one market."""

    panel: MarketPanel
    series: MarketSeries
    news: tuple[NewsItem, ...]
    """In any order."""
    minutes: dict[date, tuple[MinuteBatch, ...]]
    """One batch per symbol with bars."""


def load_world(folder: Path) -> World:
    """Read the recorded tables."""
    import pandas as pd

    prices = pd.read_parquet(folder / "prices" / "daily_raw.parquet")
    days = np.array(sorted(prices["date"].unique()), dtype="datetime64[D]")
    tickers = np.array(sorted(prices["ticker"].unique()))
    at_day = {day: index for index, day in enumerate(days.tolist())}
    at_ticker = {str(ticker): index for index, ticker in enumerate(tickers)}
    shape = (len(tickers), len(days))

    def lay(table: Any, column: str) -> npt.NDArray[np.float64]:
        found = np.full(shape, np.nan)
        kept = table[table["ticker"].isin(at_ticker) & table["date"].isin(at_day)]
        place = (kept["ticker"].map(at_ticker).to_numpy(), kept["date"].map(at_day).to_numpy())
        found[place] = kept[column].to_numpy(dtype="float64", na_value=np.nan)
        return found

    raw = {name: lay(prices, name) for name in ("open", "high", "low", "close", "volume")}
    present = ~np.isnan(raw["close"])
    whole = {name: np.nan_to_num(array) for name, array in raw.items()}
    market_days = pd.read_parquet(folder / "market_days" / "market_days.parquet")
    section = market_days["dept"].fillna("").str
    flags = section.contains("관리종목") * int(DesignationFlag.ADMIN)
    flags += section.contains("투자주의환기") * int(DesignationFlag.CAUTION_ISSUE)
    flows = pd.read_parquet(folder / "flows" / "stock_flows_krw.parquet")
    shares = pd.read_parquet(folder / "flows" / "stock_flows_shares.parquet")
    actions = pd.read_csv(folder / "prices" / "corporate_actions.csv", dtype={"ticker": str})
    actions = actions[actions["ticker"].isin(at_ticker)]
    action_day = np.searchsorted(days, actions["ex_date"].to_numpy(dtype="datetime64[D]"))
    difference = np.where(present, lay(market_days, "change"), np.nan)
    adjusted = adjust(
        whole["close"],
        present,
        present & (whole["volume"] > 0) & (whole["open"] > 0),
        difference,
        actions["ticker"].map(at_ticker).to_numpy(),
        action_day,
        actions["price_factor"].to_numpy(dtype="float64"),
    )
    common = pd.read_csv(folder / "listings" / "common_stocks_20260821.csv.gz", dtype=str).set_index("ticker")
    listing = pd.read_csv(folder / "listings" / "krx_listing_20260320.csv.gz", dtype=str).set_index("ticker")
    gone = pd.read_csv(folder / "listings" / "delisted_2015_202603.csv.gz", dtype=str).set_index("ticker")
    on_kosdaq = [str(common["market"].get(ticker, "")).startswith("KOSDAQ") for ticker in tickers]
    panel = MarketPanel(
        days=days,
        tickers=tickers,
        names=np.array([str(common["name"].get(ticker, ticker)) for ticker in tickers]),
        names_en=np.full(len(tickers), ""),
        sectors=np.array([_text(listing["sector_large"].get(ticker)) for ticker in tickers]),
        market=np.where(on_kosdaq, int(Market.KOSDAQ), int(Market.KOSPI)).astype(np.uint8),
        security_type=np.full(len(tickers), SecurityType.COMMON, dtype=np.uint8),
        listed_on=np.array([_day(listing["listing_date"].get(ticker)) for ticker in tickers], dtype="datetime64[D]"),
        delisted_on=np.array([_day(gone["delisting_date"].get(ticker)) for ticker in tickers], dtype="datetime64[D]"),
        open_krw=whole["open"].astype(np.int32),
        high_krw=whole["high"].astype(np.int32),
        low_krw=whole["low"].astype(np.int32),
        close_krw=whole["close"].astype(np.int32),
        volume_shares=whole["volume"].astype(np.int64),
        value_krw=lay(market_days, "value"),
        base_krw=adjusted.base_krw,
        factor=adjusted.factor,
        present=present,
        valid=valid_bars(whole["open"], whole["high"], whole["low"], whole["close"], whole["volume"]),
        designation=np.nan_to_num(lay(market_days.assign(flag=flags), "flag")).astype(np.uint16),
        foreign_krw=lay(flows, "foreign_net"),
        institution_krw=lay(flows, "institution_net"),
        pension_krw=lay(flows, "pension_net"),
        foreign_shares=lay(shares, "foreign_net"),
        institution_shares=lay(shares, "institution_net"),
        simulated=False,
        version="recorded",
    )
    return World(panel, _series(folder), _news(folder), _minutes(folder))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _day(value: Any) -> np.datetime64:
    return np.datetime64(value if isinstance(value, str) else "NaT", "D")


def _series(folder: Path) -> MarketSeries:
    import pandas as pd

    table = pd.read_parquet(folder / "index" / "index_daily.parquet")

    def levels(code: str) -> DaySeries:
        rows = table[table["symbol"] == code].sort_values("date")
        numbers = [rows[name].to_numpy(dtype="float64") for name in ("open", "high", "low", "close")]
        return DaySeries(code, rows["date"].to_numpy(dtype="datetime64[D]"), *numbers)

    flows = pd.read_csv(folder / "flows" / "market_flows_daily.csv").sort_values("date")
    foreign = FlowSeries(flows["date"].to_numpy(dtype="datetime64[D]"), flows["foreign"].to_numpy(dtype="float64") * EOK)
    return MarketSeries(levels("KOSPI"), levels("KOSDAQ"), levels("USDKRW"), foreign, "recorded")


def _news(folder: Path) -> tuple[NewsItem, ...]:
    import pandas as pd

    table = pd.read_csv(folder / "news" / "headlines_2026.csv.gz", dtype=str).fillna("")
    rng = random.Random(2026)
    found: list[NewsItem] = []
    for shift in (timedelta(), _NEWS_COPY):
        for number, (day, ticker, press, title) in enumerate(
            zip(table["date"], table["ticker"], table["press"], table["title"], strict=True)
        ):
            published = kst_ns(date.fromisoformat(day) + shift, 6) + rng.randrange(16 * 3_600) * 1_000_000_000
            late = rng.random()
            collected = (
                None if late < 0.3 else published + (5 * MINUTE_NS if late < 0.7 else rng.randrange(1, 30) * 60 * MINUTE_NS)
            )
            has_time = rng.random() > 1 / 14 or collected is None
            key = len(found) + 1
            found.append(
                NewsItem(
                    key,
                    (ticker,),
                    title,
                    f"https://news.example/{number}/{shift.days}",
                    press,
                    published if has_time else None,
                    collected,
                    kind="news",
                )
            )
    return tuple(found)


def _minutes(folder: Path) -> dict[date, tuple[MinuteBatch, ...]]:
    import pandas as pd

    found: dict[date, list[MinuteBatch]] = {}
    for path in sorted((folder / "minute").glob("minute1_*.parquet")):
        table = pd.read_parquet(path).sort_values(["ticker", "ts"])
        stamp = table["ts"].to_numpy()
        moments = (stamp.astype("datetime64[s]").astype(np.int64) - 9 * 3_600) * 1_000_000_000
        day = stamp.astype("datetime64[D]")
        name = table["ticker"].to_numpy(dtype=str)
        cumulative = table["cum_value"].to_numpy(dtype=np.int64)
        numbers = [table[column].to_numpy(dtype=np.int64) for column in ("open", "high", "low", "close", "volume")]
        starts = np.flatnonzero(np.concatenate(([True], (name[1:] != name[:-1]) | (day[1:] != day[:-1]))))
        for first, last in zip(starts, [*starts[1:], len(name)], strict=True):
            part = slice(first, last)
            value = np.diff(cumulative[part], prepend=0)
            columns = [*(column[part] for column in numbers), np.where(value >= 0, value, MISSING_INT)]
            batch = MinuteBatch(name[part], moments[part], *columns, source="recorded")
            found.setdefault(day[first].item(), []).append(batch)
    return {on: tuple(sorted(batches, key=lambda batch: str(batch.ticker[0]))) for on, batches in sorted(found.items())}


def part_of(world: World, symbols: int, days: int) -> World:
    """The last ``days`` days of ``symbols`` symbols: those with news first, then with minute bars, then by traded value."""
    panel = world.panel
    with_news = {ticker for item in world.news for ticker in item.tickers}
    with_minutes = {str(batch.ticker[0]) for batches in world.minutes.values() for batch in batches}
    traded = (panel.close_krw[:, -days:].astype(np.float64) * panel.volume_shares[:, -days:]).sum(axis=1)
    rank = [
        (-(str(ticker) in with_news) - 2 * (str(ticker) in with_minutes), -traded[row])
        for row, ticker in enumerate(panel.tickers)
    ]
    rows = np.sort(np.array(sorted(range(len(rank)), key=rank.__getitem__)[:symbols]))
    changes: dict[str, Any] = {}
    for name, value in vars(panel).items():
        if isinstance(value, np.ndarray) and name != "days":
            changes[name] = value[rows, -days:] if value.ndim == 2 else value[rows]
    return replace(world, panel=replace(panel, days=panel.days[-days:], **changes))


class MemoryStore:
    """The reading side of ``StrategyStore`` over one world; what is asked for is answered as the repository would."""

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_property
    def _news(self) -> tuple[tuple[int, NewsItem], ...]:
        timed = [
            (moment, item)
            for item in self.world.news
            if (moment := item.published_ns if item.published_ns is not None else item.collected_ns) is not None
        ]
        return tuple(sorted(timed, key=lambda pair: (pair[0], pair[1].id)))

    def market_series(self) -> MarketSeries:
        return self.world.series

    def news_version(self) -> str:
        return f"{id(self.world)}"

    def news(self, first_ns: int, last_ns: int, ticker: str | None = None) -> tuple[NewsItem, ...]:
        return tuple(
            item for moment, item in self._news if first_ns <= moment <= last_ns and (ticker is None or ticker in item.tickers)
        )

    def news_collected(self, as_of_ns: int) -> bool:
        first = as_of_ns - DAY_NS
        return any(
            first <= item.collected_ns <= as_of_ns
            if item.collected_ns is not None
            else item.published_ns is not None and first <= item.published_ns <= as_of_ns
            for item in self.world.news
        )

    def minutes_of_day(self, day: date) -> tuple[MinuteBatch, ...]:
        return self.world.minutes.get(day, ())

    def minute_days(self) -> tuple[date, ...]:
        return tuple(sorted(self.world.minutes))

    def volume_curve_days(self, market: int, before: date, days: int) -> npt.NDArray[np.float64] | None:
        """Shares of the day's volume of a market's symbols by minute, of the last ``days`` days before one."""
        members = {str(ticker) for ticker in self.world.panel.tickers[self.world.panel.market == market]}
        rows = []
        for day in [on for on in self.minute_days() if on < before][-days:]:
            begin, total = kst_ns(day, 9), np.zeros(391)
            for batch in self.world.minutes[day]:
                if str(batch.ticker[0]) in members:
                    minute = np.clip((batch.minute_ns - begin) // MINUTE_NS + 1, 0, 390)
                    np.add.at(total, minute, np.maximum(batch.volume_shares, 0).astype(np.float64))
            if total.sum() > 0:
                rows.append(np.cumsum(total) / total.sum())
        return np.array(rows) if rows else None
