"""Indices of the replayed day from their constituents: levels, minutes, breadth.

Weights are the capitalisation at the base prices. An index starts from its recorded level of the day before where there is one;
where the day's own close is recorded too, the path is bent so that it ends there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.model.instruments import Market, SecurityType
from engine.model.panel import MarketPanel
from ralphstock_desktop.ports import IndexBatch
from ralphstock_desktop.providers.kiwoom_sim.cells import Cells
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimBreadth, SimIndex
from ralphstock_desktop.providers.kiwoom_sim.daily import DayFacts
from ralphstock_desktop.providers.kiwoom_sim.noise import mix, uniforms
from ralphstock_desktop.providers.kiwoom_sim.phases import MINUTE_NS, DayHours

__all__ = ["IndexBoard"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_WHOLE = {"001": (Market.KOSPI, "KOSPI", "종합(KOSPI)", 2_600.0), "101": (Market.KOSDAQ, "KOSDAQ", "종합(KOSDAQ)", 800.0)}
_KOSPI200 = ("201", "KOSPI200", "KOSPI200", 350.0)
_KOSDAQ150 = ("150", "KOSDAQ150", "KOSDAQ 150", 1_300.0)
_FEW = {
    Market.KOSPI: (("401", "KOSPI 100", 100), ("402", "KOSPI 50", 50)),
    Market.KOSDAQ: (("302", "KOSTAR", 30),),
}
"""Indices of a market's largest stocks beside those above."""
_KRX = (("701", "KRX 100", 100), ("702", "KRX 300", 300))
_KOSPI200_SECTORS = tuple(str(code) for code in range(211, 220))
_LEAST_MEMBERS = 3
_SECTOR_CODES = {
    Market.KOSPI: tuple(f"{code:03d}" for code in range(5, 31)),
    Market.KOSDAQ: tuple(f"{code:03d}" for code in (*range(103, 150), *range(151, 161))),
}
_SIZES = (("002", "대형주", 0, 100), ("003", "중형주", 100, 300), ("004", "소형주", 300, 100_000))
_FUNDS = (int(SecurityType.ETF), int(SecurityType.ETN), int(SecurityType.ELW), int(SecurityType.FUND))


@dataclass(frozen=True, eq=False)
class _Path:
    """One index through the day: minute bars (minutes, 4) and its totals at the end of each minute."""

    bars: Floats
    volume: Ints
    value: Ints
    previous: float


class IndexBoard:
    """All indices of the day.

    Parameters
    ----------
    panel : MarketPanel
        Sectors and markets.
    facts : DayFacts
        Bases, limits, listed shares.
    cells : Cells
        The day's minutes.
    hours : DayHours
        Hours of the day.
    index_days : callable
        Recorded daily levels by our name; None where there are none.
    seed : int
        Seed of the replay.
    """

    def __init__(
        self,
        panel: MarketPanel,
        facts: DayFacts,
        cells: Cells,
        hours: DayHours,
        index_days: Callable[[str], IndexBatch | None],
        seed: int,
    ) -> None:
        self._panel = panel
        self._facts = facts
        self._cells = cells
        self._hours = hours
        self._index_days = index_days
        self._seed = seed
        self._paths: dict[str, _Path] = {}
        self._breadths: dict[tuple[str, int], SimBreadth] = {}

    # -- who belongs ------------------------------------------------------------------------------------------------------

    @cached_property
    def members(self) -> dict[str, tuple[str, Ints]]:
        """Code to name and constituents' rows, for every index there is."""
        panel, facts = self._panel, self._facts
        worth = facts.shares.astype(np.float64) * facts.base
        stocks = facts.listed & (facts.base > 0) & ~np.isin(panel.security_type, _FUNDS)
        found: dict[str, tuple[str, Ints]] = {}
        for code, (market, _, name, _) in _WHOLE.items():
            rows = np.flatnonzero(stocks & (panel.market == market)).astype(np.int64)
            if not len(rows):
                continue
            found[code] = (name, rows)
            ranked = rows[np.argsort(-worth[rows], kind="stable")]
            if code == "001":
                found[_KOSPI200[0]] = (_KOSPI200[2], np.sort(ranked[:200]))
                for sector_code, (sector, inside) in zip(_KOSPI200_SECTORS, self._sectors_of(ranked[:200]), strict=False):
                    found[sector_code] = (f"{_KOSPI200[2]} {sector}", inside)
                for size_code, size_name, begin, end in _SIZES:
                    if len(ranked) > begin:
                        found[size_code] = (size_name, np.sort(ranked[begin:end]))
            else:
                found[_KOSDAQ150[0]] = (_KOSDAQ150[2], np.sort(ranked[:150]))
            found |= {few: (title, np.sort(ranked[:count])) for few, title, count in _FEW[market]}
            self._add_sectors(found, rows, market)
        both = np.flatnonzero(stocks & np.isin(panel.market, [int(market) for market in _FEW])).astype(np.int64)
        both = both[np.argsort(-worth[both], kind="stable")]
        found |= {code: (title, np.sort(both[:count])) for code, title, count in _KRX if len(both)}
        return dict(sorted(found.items()))

    def _sectors_of(self, rows: Ints) -> list[tuple[str, Ints]]:
        """The sectors of some stocks with their members, those with most first."""
        names = self._panel.sectors[rows]
        kinds, counts = np.unique(names[names != ""], return_counts=True)
        order = [n for n in np.argsort(-counts, kind="stable").tolist() if counts[n] >= _LEAST_MEMBERS]
        return [(str(kinds[n]), np.sort(rows[names == kinds[n]])) for n in order]

    def _add_sectors(self, found: dict[str, tuple[str, Ints]], rows: Ints, market: Market) -> None:
        names = self._panel.sectors[rows]
        kinds, counts = np.unique(names[names != ""], return_counts=True)
        # The largest sectors get the codes there are; sorted by name so that a code keeps its sector.
        chosen = sorted(str(kind) for kind in kinds[np.argsort(-counts, kind="stable")][: len(_SECTOR_CODES[market])])
        for code, name in zip(_SECTOR_CODES[market], chosen, strict=False):
            found[code] = (name, rows[names == name])

    # -- paths ------------------------------------------------------------------------------------------------------------

    @property
    def minutes(self) -> Ints:
        """Minutes of the day that have a bar: continuous trading and the closing auction's match."""
        hours = self._hours
        return np.append(np.arange(hours.open_minute, hours.auction_minute), hours.close_minute).astype(np.int64)

    @cached_property
    def _closes(self) -> npt.NDArray[np.int32]:
        """Last price at the end of each minute, shape (symbols, minutes); the base before the first trade."""
        return self._filled(self._cells.close, self._facts.base)

    def _filled(self, values: npt.NDArray[np.int32] | Ints, start: Ints) -> npt.NDArray[np.int32]:
        cells, minutes = self._cells, self.minutes
        symbols = len(self._facts.base)
        chosen = np.flatnonzero(cells.minute <= self._hours.close_minute)
        column = np.minimum(np.searchsorted(minutes, cells.minute[chosen]), len(minutes) - 1)
        holder = np.full((symbols, len(minutes)), -1, dtype=np.int32)
        holder[cells.row[chosen], column] = chosen
        holder = np.maximum.accumulate(holder, axis=1)
        taken = np.asarray(values)[np.maximum(holder, 0)] if len(values) else np.zeros(holder.shape, dtype=np.int32)
        return np.where(holder >= 0, taken, start[:, None]).astype(np.int32)

    def _path(self, code: str) -> _Path | None:
        if code not in self._paths:
            entry = self.members.get(code)
            if entry is None:
                return None
            self._paths[code] = self._draw(code, entry[1])
        return self._paths[code]

    def _draw(self, code: str, rows: Ints) -> _Path:
        facts, minutes = self._facts, self.minutes
        weight = facts.shares[rows].astype(np.float64)
        whole = float((weight * facts.base[rows]).sum())
        ratio = weight @ self._closes[rows] / whole if whole else np.ones(len(minutes))
        previous, recorded_close = self._recorded(code)
        close = previous * ratio
        if recorded_close is not None and close[-1] > 0:
            close = close * (recorded_close / close[-1]) ** (np.arange(1, len(close) + 1) / len(close))
        close = np.round(close, 2)
        open_ = np.append(np.round(previous + 0.6 * (close[0] - previous), 2), close[:-1])
        draws = uniforms(mix(self._seed, 53, int(code), minutes[:, None], np.arange(2)[None, :]))
        reach = np.round(previous * 0.00025 * draws**2, 2)
        high, low = np.maximum(open_, close) + reach[:, 0], np.minimum(open_, close) - reach[:, 1]
        volume, value = self._totals(rows)
        return _Path(np.round(np.stack([open_, high, low, close], axis=1), 2), volume, value, previous)

    def _totals(self, rows: Ints) -> tuple[Ints, Ints]:
        """Accumulated shares and won at the end of each minute."""
        cells, minutes = self._cells, self.minutes
        inside = np.zeros(len(self._facts.base), dtype=np.bool_)
        inside[rows] = True
        chosen = inside[cells.row] & (cells.minute <= self._hours.close_minute)
        column = np.minimum(np.searchsorted(minutes, cells.minute[chosen]), len(minutes) - 1)
        volume = np.bincount(column, weights=cells.volume[chosen].astype(np.float64), minlength=len(minutes))
        value = np.bincount(column, weights=cells.value_krw[chosen].astype(np.float64), minlength=len(minutes))
        return np.cumsum(volume).astype(np.int64), np.cumsum(value).astype(np.int64)

    def _recorded(self, code: str) -> tuple[float, float | None]:
        """Level of the day before, and the day's own recorded close where there is one."""
        names = {"001": "KOSPI", "101": "KOSDAQ", "201": "KOSPI200"}
        starts = {"001": _WHOLE["001"][3], "101": _WHOLE["101"][3], "201": _KOSPI200[3], "150": _KOSDAQ150[3]}
        batch = self._index_days(names[code]) if code in names else None
        fallback = starts.get(code, 500.0 + float(uniforms(mix(59, int(code)))) * 2_500.0)
        if batch is None or not len(batch.day):
            return round(fallback, 2), None
        on = np.datetime64(self._hours.day, "D")
        known = np.isfinite(batch.close)
        before = np.flatnonzero(known & (batch.day < on))
        same = np.flatnonzero(known & (batch.day == on))
        previous = float(batch.close[before[np.argmax(batch.day[before])]]) if len(before) else fallback
        return round(previous, 2), float(batch.close[same[0]]) if len(same) else None

    # -- asked at an instant ----------------------------------------------------------------------------------------------

    def _done(self, now_ns: int) -> tuple[int, float]:
        """Number of minutes begun, and how much of the last of them has passed (0 to 1)."""
        minute = self._hours.minute_of(now_ns)
        begun = int(np.searchsorted(self.minutes, minute, side="right"))
        if begun == 0:
            return 0, 0.0
        into = now_ns - self._hours.ns(int(self.minutes[begun - 1]))
        return begun, min(into / MINUTE_NS, 1.0)

    def level(self, code: str, now_ns: int) -> SimIndex | None:
        """An index at an instant; None if there is none of that code."""
        path = self._path(code)
        if path is None:
            return None
        name = self.members[code][0]
        begun, part = self._done(now_ns)
        if begun == 0:
            flat = path.previous
            return SimIndex(code, name, flat, flat, flat, flat, flat, 0, 0, self._hours.open_ns)
        bar = path.bars[begun - 1]
        level, high, low = _inside(bar, part)
        done = path.bars[: begun - 1]
        if len(done):
            high, low = max(high, float(done[:, 1].max())), min(low, float(done[:, 2].min()))
        volume, value = _growing(path.volume, begun, part), _growing(path.value, begun, part)
        at_ns = min(now_ns, self._hours.ns(int(self.minutes[begun - 1])) + MINUTE_NS - 1)
        return SimIndex(
            code, name, level, path.previous, float(path.bars[0, 0]), high, low, volume // 1_000, value // 1_000_000, at_ns
        )

    def minute_bars(self, code: str, now_ns: int) -> tuple[Ints, Floats]:
        """Starts and bars of the minutes so far, the last one forming."""
        path = self._path(code)
        begun, part = self._done(now_ns)
        if path is None or begun == 0:
            return np.zeros(0, dtype=np.int64), np.zeros((0, 4))
        bars = path.bars[:begun].copy()
        level, high, low = _inside(path.bars[begun - 1], part)
        bars[-1] = (bars[-1, 0], high, low, level)
        return self._hours.midnight_ns + self.minutes[:begun] * MINUTE_NS, bars

    def breadth(self, code: str, now_ns: int) -> SimBreadth:
        """Issues by direction at the end of the last whole minute; all zero for an unknown code."""
        begun, part = self._done(now_ns)
        column = begun - 1 if part >= 1.0 else begun - 2
        if (code, column) not in self._breadths:
            self._breadths[(code, column)] = self._count(code, column)
        return self._breadths[(code, column)]

    def _count(self, code: str, column: int) -> SimBreadth:
        entry = self.members.get(code)
        if entry is None:
            return SimBreadth(0, 0, 0, 0, 0, 0, 0)
        rows, facts = entry[1], self._facts
        price = self._closes[rows, column] if column >= 0 else facts.base[rows]
        base, upper, lower = facts.base[rows], facts.upper[rows], facts.lower[rows]
        minute = int(self.minutes[column]) if column >= 0 else -1
        traded = self._cells.latest(minute)[rows] >= 0
        at_upper, at_lower = traded & (price >= upper) & (price > base), traded & (price <= lower) & (price < base)
        up, down = traded & (price > base) & ~at_upper, traded & (price < base) & ~at_lower
        return SimBreadth(
            int(at_upper.sum()),
            int(up.sum()),
            int((traded & (price == base)).sum()),
            int(down.sum()),
            int(at_lower.sum()),
            int(traded.sum()),
            len(rows),
        )


def _inside(bar: Floats, part: float) -> tuple[float, float, float]:
    """Level, high and low within a minute: from the open over high and low to the close, in the order the bar suggests."""
    open_, high, low, close = (float(value) for value in bar)
    knots = (open_, low, high, close) if close >= open_ else (open_, high, low, close)
    place = min(max(part, 0.0), 1.0) * 3.0
    leg = min(int(place), 2)
    level = round(knots[leg] + (knots[leg + 1] - knots[leg]) * (place - leg), 2)
    seen = (*knots[: leg + 1], level)
    return level, max(seen), min(seen)


def _growing(totals: Ints, begun: int, part: float) -> int:
    before = int(totals[begun - 2]) if begun > 1 else 0
    return before + int((int(totals[begun - 1]) - before) * part)
