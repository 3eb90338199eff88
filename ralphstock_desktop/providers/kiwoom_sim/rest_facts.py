"""Facts of the replayed day that do not move with its clock: shares, margins, venues, market codes, past bars of a symbol.

What the repository does not hold (margin classes, brokers, holdings, the NXT part of a volume) is made from hashes of symbol
and day, so that the same question always has the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.panel import FloatArray, MarketPanel
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimMarketPort
from ralphstock_desktop.providers.kiwoom_sim.daily import traded_values
from ralphstock_desktop.providers.kiwoom_sim.noise import mix, mix_int, uniforms
from ralphstock_desktop.providers.kiwoom_sim.phases import DayHours

__all__ = ["NXT_SINCE", "PastBars", "SimFacts", "Theme", "Traded", "VenueCode"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NXT_SINCE = date(2025, 3, 4)
"""First trading day of NXT."""
_LARGE, _MID = 100, 300
_THEME_LEAST, _THEME_FIRST = 3, 100
_MARGIN_STEPS = ((0.12, 20), (0.30, 30), (0.55, 40), (0.62, 50), (0.68, 60))
"""Share of the issues by size up to which a margin rate in percent holds; the rest pays in full."""
_NOT_STOCK = (SecurityType.ETF, SecurityType.ETN, SecurityType.ELW, SecurityType.FUND)
_UNSOUND = DesignationFlag.ADMIN | DesignationFlag.CLEANUP | DesignationFlag.HALT | DesignationFlag.CAUTION_ISSUE


class VenueCode:
    """Venue of a request: 1 KRX, 2 NXT, 3 combined (the vendor's ``stex_tp``)."""

    KRX, NXT, COMBINED = "1", "2", "3"
    SUFFIX = {"_NX": "2", "_AL": "3"}
    TEXT = {"1": "KRX", "2": "NXT", "3": "통합"}


@dataclass(frozen=True, eq=False)
class PastBars:
    """Daily bars of a symbol before the replayed day, ascending; only days on which it was listed.

    Prices as traded; a halted day has its last price in all four and volume 0. ``base`` is the base price, the last close
    where the repository does not know it. ``factor`` as in the panel.
    """

    index: Ints
    """Positions in the panel's days."""
    days: npt.NDArray[np.datetime64]
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    value: FloatArray
    base: Ints
    factor: FloatArray

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, eq=False)
class Theme:
    """A theme (테마그룹) and its stocks' rows."""

    code: str
    name: str
    rows: Ints


@dataclass(frozen=True, slots=True)
class Traded:
    """Bought and sold by programmes: shares and won."""

    buy_shares: float
    sell_shares: float
    buy_krw: float
    sell_krw: float

    def scaled(self, share: float) -> Traded:
        """A part of it."""
        return Traded(self.buy_shares * share, self.sell_shares * share, self.buy_krw * share, self.sell_krw * share)


class SimFacts:
    """Static facts of one market and day. Arrays have shape (symbols,)."""

    def __init__(self, market: SimMarketPort) -> None:
        self._market = market
        self.day = market.day
        self.panel: MarketPanel = market.history.panel
        self.history = market.history
        panel = self.panel
        position = panel.day_index(self.day)
        self.today_index = position if position >= 0 and panel.days[position] == np.datetime64(self.day) else -1
        """Position of the replayed day in the panel, -1 if the panel does not hold it."""
        self.past_count = position if self.today_index >= 0 else position + 1
        """Days of the panel before the replayed one."""
        self.program_totals: dict[tuple[int, bool], Traded] = {}
        """Programme trading of a market (KOSPI or not) by panel day, filled as it is asked for."""
        self._past: dict[int, PastBars] = {}
        self._seed = int.from_bytes(panel.version.encode()[:8].ljust(8, b"\0"), "little")

    @cached_property
    def hours(self) -> DayHours:
        """Hours of the replayed day."""
        return DayHours.of(self.day)

    # -- hashes ------------------------------------------------------------------------------------------------------

    @cached_property
    def symbol_keys(self) -> Ints:
        """A number per symbol that depends on its code alone."""
        return np.array([int(str(ticker), 36) for ticker in self.panel.tickers], dtype=np.int64)

    def chance(self, row: int, *keys: int) -> float:
        """A number in [0, 1) that depends on the symbol and the keys alone."""
        return mix_int(self._seed, int(self.symbol_keys[row]), *keys) / 2.0**64

    def chances(self, *keys: int) -> FloatArray:
        """:meth:`chance` of all symbols."""
        return np.asarray(uniforms(mix(self._seed, self.symbol_keys, *keys)), dtype=np.float64)

    # -- master ------------------------------------------------------------------------------------------------------

    @cached_property
    def last_close(self) -> Ints:
        """Last close before the replayed day in won; 0 for symbols without a past."""
        closes = np.asarray(self.panel.close_krw[:, : self.past_count])
        if not self.past_count:
            return np.zeros(len(self.panel.tickers), dtype=np.int64)
        present = np.asarray(self.panel.present[:, : self.past_count]) & (closes > 0)
        last = self.past_count - 1 - np.argmax(present[:, ::-1], axis=1)
        return np.where(present.any(axis=1), closes[np.arange(len(closes)), last], 0).astype(np.int64)

    @cached_property
    def previous_volume(self) -> Ints:
        """Volume of the last day before the replayed one."""
        if not self.past_count:
            return np.zeros(len(self.panel.tickers), dtype=np.int64)
        return np.asarray(self.panel.volume_shares[:, self.past_count - 1], dtype=np.int64)

    @cached_property
    def previous_value(self) -> FloatArray:
        """Traded value in won of the last day before the replayed one."""
        if not self.past_count:
            return np.zeros(len(self.panel.tickers))
        return traded_values(self.panel, slice(None), self.past_count - 1)

    @cached_property
    def shares(self) -> Ints:
        """Listed shares."""
        return np.array([self._market.listed_shares(row) for row in range(len(self.panel.tickers))], dtype=np.int64)

    @cached_property
    def sectors(self) -> tuple[tuple[str, str, Ints], ...]:
        """Code, name and constituents of every index and sector."""
        market = self._market
        return tuple((code, name, np.asarray(market.index_members(code))) for code, name in market.index_codes())

    @cached_property
    def themes(self) -> tuple[Theme, ...]:
        """The sectors of the repository across both markets, as the vendor's themes; three stocks at least."""
        names = self.panel.sectors
        found = []
        for number, name in enumerate(sorted({str(name) for name in names if str(name)})):
            rows = np.flatnonzero((names == name) & self.of_market("000") & self.is_stock)
            if len(rows) >= _THEME_LEAST:
                found.append(Theme(f"{_THEME_FIRST + number:03d}", name, rows.astype(np.int64)))
        return tuple(found)

    @cached_property
    def designation(self) -> npt.NDArray[np.uint16]:
        """Designations in force on the replayed day."""
        at = self.today_index if self.today_index >= 0 else self.past_count - 1
        return np.asarray(self.panel.designation[:, at]) if at >= 0 else np.zeros(len(self.panel.tickers), dtype=np.uint16)

    @cached_property
    def is_stock(self) -> Bools:
        """Everything but funds and warrants."""
        return ~np.isin(self.panel.security_type, [int(kind) for kind in _NOT_STOCK])

    @cached_property
    def regular_volume(self) -> Ints:
        """Volume of the whole regular session of the replayed day, whatever the clock says."""
        return np.asarray(self._market.final_day()["volume"], dtype=np.int64)

    @cached_property
    def margin_pct(self) -> Ints:
        """Margin rate (증거금율) in percent, by size."""
        cap = self.shares * np.maximum(self.last_close, 1)
        rank = np.empty(len(cap))
        rank[np.argsort(-cap, kind="stable")] = np.arange(len(cap)) / max(len(cap), 1)
        margin = np.full(len(cap), 100, dtype=np.int64)
        for share, percent in reversed(_MARGIN_STEPS):
            margin[rank < share] = percent
        margin[(self.designation & int(_UNSOUND)) != 0] = 100
        return margin

    def loaned_pct(self, row: int, ordinal: int) -> float:
        """Shares bought on margin at the end of a day, in percent of the listed ones; 0 for issues without margin loans."""
        if self.margin_pct[row] >= 100:
            return 0.0
        # A day moves the balance by a little: what is newly lent stays a part of the day's volume.
        return 4.0 * self.chance(row, 24) * (0.99 + 0.02 * self.chance(row, 174, ordinal))

    def fund_premium_pct(self, row: int, ordinal: int) -> float:
        """Price of a fund above its net asset value on a day, in percent."""
        return 0.4 * (self.chance(row, 95, ordinal) - 0.5)

    def fund_nav(self, row: int, ordinal: int, price: int) -> float:
        """Net asset value of a fund in won at a price of a day."""
        return price / (1.0 + self.fund_premium_pct(row, ordinal) / 100.0)

    def tracking_error(self, row: int) -> float:
        """Tracking error of a fund in percent."""
        return 0.05 + 0.4 * self.chance(row, 96)

    @property
    def last_past_day(self) -> date:
        """The last day before the replayed one; the replayed one itself where there is none."""
        days = self.panel.days[: self.past_count]
        return days[-1].astype("datetime64[D]").item() if len(days) else self.day

    @cached_property
    def size_class(self) -> list[str]:
        """대형주, 중형주 or 소형주 within the market; empty for funds."""
        names = [""] * len(self.panel.tickers)
        cap = self.shares * np.maximum(self.last_close, 1)
        for market in (Market.KOSPI, Market.KOSDAQ):
            rows = np.flatnonzero((self.panel.market == market) & self.is_stock)
            for rank, row in enumerate(rows[np.argsort(-cap[rows], kind="stable")].tolist()):
                names[row] = "대형주" if rank < _LARGE else "중형주" if rank < _MID else "소형주"
        return names

    @cached_property
    def on_nxt(self) -> Bools:
        """Whether a symbol trades on NXT too."""
        return np.array([self._market.is_on_nxt(row) for row in range(len(self.panel.tickers))], dtype=np.bool_)

    @cached_property
    def nxt_share(self) -> FloatArray:
        """NXT volume per KRX volume; 0 where the symbol does not trade there."""
        return np.where(self.on_nxt, 0.15 + 0.30 * self.chances(12), 0.0)

    def venue_volume(self, row: int, volume: Ints, venue: str) -> Ints:
        """Accumulated KRX volumes as the venue counts them: the combined one is exactly KRX plus NXT."""
        if venue == VenueCode.KRX:
            return volume
        there = np.floor(volume * float(self.nxt_share[row])).astype(np.int64)
        return there if venue == VenueCode.NXT else np.asarray(volume + there)

    def of_market(self, code: str) -> Bools:
        """Symbols of a ranking's market code: 000 all, 001 KOSPI, 101 KOSDAQ."""
        if code == "001":
            return np.asarray(self.panel.market == Market.KOSPI)
        if code == "101":
            return np.asarray(self.panel.market == Market.KOSDAQ)
        return np.isin(self.panel.market, [int(Market.KOSPI), int(Market.KOSDAQ)])

    # -- past of one symbol ------------------------------------------------------------------------------------------

    def past(self, row: int) -> PastBars:
        """Daily bars of a symbol before the replayed day."""
        found = self._past.get(row)
        if found is None:
            if len(self._past) > 512:
                self._past.clear()
            found = self._past[row] = self._read_past(row)
        return found

    def _read_past(self, row: int) -> PastBars:
        panel, count = self.panel, self.past_count
        index = np.flatnonzero(np.asarray(panel.present[row, :count]))
        columns = [
            np.asarray(values[row, :count][index], dtype=np.int64)
            for values in (panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw, panel.volume_shares)
        ]
        opened, high, low, close, volume = columns
        idle = (opened <= 0) | (volume <= 0)
        opened, high, low = (np.where(idle, close, part) for part in (opened, high, low))
        before = np.concatenate((close[:1], close[:-1]))
        base = np.asarray(panel.base_krw[row, :count][index], dtype=np.float64)
        value = traded_values(panel, row, slice(0, count))[index]
        return PastBars(
            index=index,
            days=panel.days[:count][index],
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=np.where(idle, 0, volume),
            value=value,
            base=np.where(np.isnan(base), before, base).astype(np.int64),
            factor=np.asarray(panel.factor[row, :count][index], dtype=np.float64),
        )

    @cached_property
    def today_factors(self) -> FloatArray:
        """The adjustment factors that hold on the replayed day."""
        at = self.today_index if self.today_index >= 0 else self.past_count - 1
        return np.asarray(self.panel.factor[:, at], dtype=np.float64) if at >= 0 else np.ones(len(self.panel.tickers))

    def today_factor(self, row: int) -> float:
        """The adjustment factor of a symbol that holds on the replayed day."""
        return float(self.today_factors[row])

    def __repr__(self) -> str:
        return f"SimFacts({self.day}, {len(self.panel.tickers)} symbols)"
