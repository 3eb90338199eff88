"""Daily levels of an index before the replayed day: as recorded, else worked out from its constituents' bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from ralphstock_desktop.ports import IndexBatch
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimIndex, SimMarketPort
from ralphstock_desktop.providers.kiwoom_sim.daily import traded_values
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts

__all__ = ["RECORDED_NAMES", "LevelDays", "Levels"]

RECORDED_NAMES = {"001": "KOSPI", "101": "KOSDAQ", "201": "KOSPI200"}
"""Exchange codes of the indices a repository may hold, and our names of them."""
_DERIVED_DAYS = 1_250


@dataclass(frozen=True, eq=False)
class LevelDays:
    """Daily bars of an index in points, ascending; volume in shares and value in won, NaN where neither is known."""

    days: npt.NDArray[np.datetime64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    value: FloatArray

    def __len__(self) -> int:
        return len(self.days)

    def with_today(self, index: SimIndex, day: np.datetime64) -> LevelDays:
        """The same days and the running one."""
        return LevelDays(
            np.append(self.days, day),
            np.append(self.open, index.open),
            np.append(self.high, index.high),
            np.append(self.low, index.low),
            np.append(self.close, index.level),
            np.append(self.volume, index.volume_thousand * 1e3),
            np.append(self.value, index.value_million * 1e6),
        )

    def until(self, day: np.datetime64) -> LevelDays:
        """The days up to one, included."""
        end = int(np.searchsorted(self.days, day, side="right"))
        part = slice(0, end)
        return LevelDays(
            self.days[part],
            self.open[part],
            self.high[part],
            self.low[part],
            self.close[part],
            self.volume[part],
            self.value[part],
        )


class Levels:
    """Past levels by index code; read once per code."""

    def __init__(self, facts: SimFacts, market: SimMarketPort) -> None:
        self._facts = facts
        self._market = market
        self._found: dict[str, LevelDays] = {}

    def past(self, code: str) -> LevelDays:
        """Days before the replayed one; empty where nothing is known."""
        found = self._found.get(code)
        if found is None:
            found = self._found[code] = self._read(code)
        return found

    def _read(self, code: str) -> LevelDays:
        derived = self._derived(code)
        name = RECORDED_NAMES.get(code)
        batch = self._facts.history.index_days(name) if name else None
        if batch is None or not len(batch.day):
            return derived
        return self._recorded(batch, derived)

    def _recorded(self, batch: IndexBatch, derived: LevelDays) -> LevelDays:
        """Recorded levels; what a source left out is taken from the close, volumes from the constituents."""
        before = (batch.day < np.datetime64(self._facts.day)) & np.isfinite(batch.close)
        order = np.argsort(batch.day[before], kind="stable")
        days = batch.day[before][order]
        close = batch.close[before][order]

        def prices(values: FloatArray) -> FloatArray:
            part = np.asarray(values, dtype=np.float64)[before][order]
            return np.where(np.isfinite(part), part, close)

        place = np.searchsorted(derived.days, days)
        inside = place < len(derived)
        inside[inside] = derived.days[place[inside]] == days[inside]

        def sums(values: FloatArray, own: FloatArray) -> FloatArray:
            part = np.asarray(values, dtype=np.float64)[before][order]
            other = np.full(len(days), np.nan)
            other[inside] = own[place[inside]]
            return np.where(np.isfinite(part), part, other)

        opened, high, low = prices(batch.open), prices(batch.high), prices(batch.low)
        return LevelDays(
            days,
            opened,
            np.maximum.reduce([high, opened, close]),
            np.minimum.reduce([low, opened, close]),
            close,
            sums(batch.volume, derived.volume),
            sums(batch.value_krw, derived.value),
        )

    def _derived(self, code: str) -> LevelDays:
        """Capitalisation-weighted bars of the constituents, chained back from the level before the replayed day."""
        facts, panel = self._facts, self._facts.panel
        index = self._market.index(code)
        rows = self._market.index_members(code)
        begin = max(facts.past_count - _DERIVED_DAYS, 0)
        window = slice(begin, facts.past_count)
        days = panel.days[window]
        if index is None or not len(rows) or not len(days):
            empty = np.zeros(0)
            return LevelDays(np.zeros(0, dtype="datetime64[D]"), empty, empty, empty, empty, empty, empty)
        traded = np.asarray(panel.volume_shares[rows, window]) > 0
        factor = np.asarray(panel.factor[rows, window])
        close = np.asarray(panel.close_krw[rows, window], dtype=np.float64) / factor
        base = np.where(np.isnan(panel.base_krw[rows, window]), 0.0, panel.base_krw[rows, window]) / factor
        weight = np.where(traded & (base > 0), facts.shares[rows][:, None] * close, 0.0)
        total = np.maximum(weight.sum(axis=0), 1e-9)

        def ratio(prices: npt.NDArray[np.int32]) -> FloatArray:
            part = np.asarray(prices[rows, window], dtype=np.float64) / factor
            safe = np.where((base > 0) & (part > 0), part / np.maximum(base, 1e-9), 1.0)
            mean = np.asarray((weight * safe).sum(axis=0) / total)
            return np.where(weight.any(axis=0), mean, 1.0)

        close_ratio, open_ratio = ratio(panel.close_krw), ratio(panel.open_krw)
        level = index.previous / np.cumprod(np.append(1.0, close_ratio[:0:-1]))[::-1]
        before = level / close_ratio
        opened = before * open_ratio
        # Constituents do not reach their extremes together: the index's range is narrower than their mean range.
        high = np.maximum(np.maximum(level, opened), before * (1 + 0.45 * (ratio(panel.high_krw) - 1)))
        low = np.minimum(np.minimum(level, opened), before * (1 - 0.45 * (1 - ratio(panel.low_krw))))
        volume = np.asarray(panel.volume_shares[rows, window]).sum(axis=0).astype(np.float64)
        value = traded_values(panel, rows, window).sum(axis=0)
        opened, high, low, level = (np.round(part, 2) for part in (opened, high, low, level))
        return LevelDays(days, opened, high, low, level, volume, value)
