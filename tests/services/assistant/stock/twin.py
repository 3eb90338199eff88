"""Every price and flow a fact may state, read again straight from the recorded tables, by hand.

Nothing of the program is used: the as-of rule, what a valid bar is, base prices, adjusting and estimates are written down here
once more (domain.md §§0.2, 1.8, 1.9, 3.2).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["Twin"]

_WINDOW = 5


class Twin:
    """The recorded tables of some tickers."""

    def __init__(self, folder: Path, tickers: list[str]) -> None:
        chosen: Any = [("ticker", "in", tickers)]

        def read(name: str) -> dict[str, Any]:
            table = pd.read_parquet(folder / f"{name}.parquet", filters=chosen)
            table["date"] = pd.to_datetime(table["date"]).dt.date
            return {str(ticker): rows.sort_values("date").set_index("date") for ticker, rows in table.groupby("ticker")}

        self.prices, self.published = read("prices/daily_raw"), read("market_days/market_days")
        self.flows = read("flows/stock_flows_krw")
        minutes = pd.read_parquet(folder / "minute" / "minute1_202601.parquet", filters=chosen)
        self.minutes = {str(ticker): rows.sort_values("ts") for ticker, rows in minutes.groupby("ticker")}
        actions = pd.read_csv(folder / "prices" / "corporate_actions.csv", dtype={"ticker": str})
        self.acted = set(actions["ticker"]) | {ticker for ticker in self.prices if self._base_moved(ticker)}
        every = pd.read_parquet(folder / "prices" / "daily_raw.parquet", columns=["date"])["date"]
        self.days = sorted(pd.to_datetime(every).dt.date.unique())
        self._found: dict[tuple[str, str, date | None, datetime], Any] = {}
        self._valid: dict[tuple[str, datetime], Any] = {}
        self._windows: dict[tuple[str, datetime], list[date]] = {}

    def _base_moved(self, ticker: str) -> bool:
        """Whether a published base price is not the close before: prices before it are in another scale."""
        published = self.published.get(ticker)
        if published is None:
            return False
        before = self.prices[ticker]["close"].shift(1)
        base = published["close"] - published["change"]
        return bool((base - before.reindex(base.index)).abs().gt(0.5).any())

    # -- what was known -----------------------------------------------------------------------------------------------------

    def known_days(self, now: datetime, hour: int, minute: int) -> list[date]:
        return [day for day in self.days if datetime.combine(day, time(hour, minute)) <= now]

    def valid(self, ticker: str, now: datetime) -> Any:
        """Valid bars whose official bar was known."""
        if (ticker, now) not in self._valid:
            self._valid[ticker, now] = self._valid_bars(ticker, now)
        return self._valid[ticker, now]

    def _valid_bars(self, ticker: str, now: datetime) -> Any:
        rows = self.prices.get(ticker)
        if rows is None:
            return pd.DataFrame()
        known = rows[[datetime.combine(day, time(15, 40)) <= now for day in rows.index]]
        return known[(known["volume"] > 0) & (known["open"] > 0)]

    def value(self, ticker: str, day: date) -> float:
        """Published traded value, else volume times the mean of the four prices."""
        row = self.prices[ticker].loc[day]
        published = self.published.get(ticker)
        if published is not None and day in published.index and pd.notna(published.loc[day, "value"]):
            return float(published.loc[day, "value"])
        return float(row["volume"]) * float(row["open"] + row["high"] + row["low"] + row["close"]) / 4

    def base(self, ticker: str, day: date) -> float | None:
        """Base price: what the published change says, else the close before; None where an action may lie between."""
        published = self.published.get(ticker)
        close = float(self.prices[ticker].loc[day, "close"])
        if published is not None and day in published.index and pd.notna(published.loc[day, "change"]):
            return close - float(published.loc[day, "change"])
        rows = self.prices[ticker]
        before = rows[rows.index < day]
        if ticker in self.acted or not len(before):
            return None
        return float(before.iloc[-1]["close"])

    def window(self, ticker: str, now: datetime) -> list[date]:
        """The flow window: the last five valid bars whose flows were confirmed."""
        if (ticker, now) not in self._windows:
            self._windows[ticker, now] = self._window(ticker, now)
        return self._windows[ticker, now]

    def _window(self, ticker: str, now: datetime) -> list[date]:
        confirmed = set(self.known_days(now, 18, 10))
        return [day for day in self.valid(ticker, now).index if day in confirmed][-_WINDOW:]

    def flow(self, ticker: str, day: date, kind: str) -> float | None:
        rows = self.flows.get(ticker)
        if rows is None or day not in rows.index or pd.isna(rows.loc[day, f"{kind}_net"]):
            return None
        return float(rows.loc[day, f"{kind}_net"])

    def flow_sum(self, ticker: str, now: datetime, kind: str) -> float | None:
        found = []
        for day in self.window(ticker, now):
            kinds = ("pension",) if kind == "pension" else ("foreign", "institution")
            values = {name: self.flow(ticker, day, name) for name in kinds}
            if None not in values.values():
                found.append(values[kind] or 0.0)
        return sum(found) if found else None

    def minute_bars(self, ticker: str, now: datetime) -> Any:
        """Minutes of the day that have ended."""
        rows = self.minutes.get(ticker)
        if rows is None:
            return pd.DataFrame()
        stamp = pd.to_datetime(rows["ts"])
        return rows[(stamp.dt.date == now.date()) & (stamp + timedelta(minutes=1) <= now)]

    # -- facts --------------------------------------------------------------------------------------------------------------

    def value_of(self, name: str, ticker: str, day: date | None, now: datetime) -> Any:
        """What a fact must say; ``...`` where this twin does not know."""
        key = (name, ticker, day, now)
        if key not in self._found:
            self._found[key] = self._value_of(*key)
        return self._found[key]

    def _value_of(self, name: str, ticker: str, day: date | None, now: datetime) -> Any:
        area, _, what = name.partition(".")
        if area == "bar" and day is not None:
            return self._bar(what, ticker, day, now)
        if area == "flow" and day is not None:
            return self._flow(what, ticker, day, now)
        if area == "quote":
            return self._quote(what, ticker, now)
        return ...

    def _bar(self, what: str, ticker: str, day: date, now: datetime) -> Any:
        valid = self.valid(ticker, now)
        if what == "halted_since":
            rows = [each for each in self.known_days(now, 15, 40) if each > valid.index[-1]]
            return rows[0].isoformat()
        if day not in valid.index:
            return None if what not in ("time",) else ...
        row = valid.loc[day]
        if what in ("close", "open", "high", "low", "volume"):
            return float(row[what])
        if what == "value":
            return self.value(ticker, day)
        if what in ("base", "change_pct"):
            base = self.base(ticker, day)
            if base is None:
                return ...
            return base if what == "base" else 100.0 * (float(row["close"]) / base - 1.0)
        if what == "valid_bars":
            return float((valid.index <= day).sum())
        if what == "high_bars":
            return float(min((valid.index <= day).sum(), 250))
        if what in ("high_250", "from_high_pct"):
            if ticker in self.acted:
                return ...
            high = float(valid[valid.index <= day]["high"].iloc[-250:].max())
            return high if what == "high_250" else 100.0 * (float(row["close"]) / high - 1.0)
        if what == "time":
            return ...
        return ...

    def _flow(self, what: str, ticker: str, day: date, now: datetime) -> Any:
        if what in ("foreign", "institution", "pension"):
            return self.flow(ticker, day, what) if day in self.window(ticker, now) else "not in the window"
        if what.endswith("_5d"):
            return self.flow_sum(ticker, now, what.removesuffix("_5d"))
        window = self.window(ticker, now)
        both = [(self.flow(ticker, each, "foreign"), self.flow(ticker, each, "institution")) for each in window]
        complete = [f + i for f, i in both if f is not None and i is not None]
        if what == "window":
            return float(len(window))
        if what == "known_days":
            return float(len(complete))
        if what == "both_days":
            return float(sum(net > 0 for net in complete))
        return ...

    def _quote(self, what: str, ticker: str, now: datetime) -> Any:
        bars = self.minute_bars(ticker, now)
        assert len(bars), "a quote without a trade"
        if what == "price":
            return float(bars.iloc[-1]["close"])
        if what == "volume":
            return float(bars["volume"].sum())
        return ...
