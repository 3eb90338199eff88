"""A scan as rows the filter language can be asked about: the official values of the as-of bar, without quotes of a running day.

Row numbers are the panel's rows. Every array is float64 with NaN for missing. Nothing is scored here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from engine.model.hangul import initials, is_initials
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import ITEMS, VcpScan

__all__ = ["ScanFields"]

_B2 = ITEMS.index("B2")


class _Listed:
    """Codes and names of a panel as text; made once, for every scan of the panel."""

    def __init__(self, panel: MarketPanel) -> None:
        self.tickers: list[str] = panel.tickers.tolist()
        self.names_ko = [name or ticker for name, ticker in zip(panel.names.tolist(), self.tickers, strict=True)]
        self.names_en = [name or other for name, other in zip(panel.names_en.tolist(), self.names_ko, strict=True)]


_LISTED: WeakKeyDictionary[MarketPanel, _Listed] = WeakKeyDictionary()


class ScanFields:
    """The fields of a scan by the identifiers of the filter language (a ``FilterRows``).

    Parameters
    ----------
    panel : MarketPanel
        The market.
    scan : VcpScan
        Scan of that panel.
    """

    def __init__(self, panel: MarketPanel, scan: VcpScan) -> None:
        self.panel, self.scan = panel, scan
        self._keys: dict[str, FloatArray] = {}

    @property
    def size(self) -> int:
        """Number of symbols."""
        return len(self.panel.tickers)

    @cached_property
    def _listed(self) -> _Listed:
        listed = _LISTED.get(self.panel)
        if listed is None:
            listed = _LISTED[self.panel] = _Listed(self.panel)
        return listed

    @property
    def tickers(self) -> list[str]:
        """Short codes."""
        return self._listed.tickers

    @property
    def names_ko(self) -> list[str]:
        """Korean names; the code where there is none."""
        return self._listed.names_ko

    @property
    def names_en(self) -> list[str]:
        """Official English names; the Korean one where none is known."""
        return self._listed.names_en

    # -- the as-of bar --------------------------------------------------------------------------------------------------

    @property
    def day(self) -> int:
        """Panel index of the as-of bar."""
        return self.scan.day_index

    @cached_property
    def stored_close(self) -> FloatArray:
        """Close of the as-of bar; the last price where trading is halted."""
        raw = self.panel.close_krw[:, self.day].astype(np.float64)
        return np.where(self.panel.present[:, self.day] & (raw > 0), raw, np.nan)

    @cached_property
    def stored_volume(self) -> FloatArray:
        """Shares traded on the as-of day; NaN without a valid bar."""
        return np.where(self.panel.valid[:, self.day], self.panel.volume_shares[:, self.day].astype(np.float64), np.nan)

    @cached_property
    def value_estimated(self) -> npt.NDArray[np.bool_]:
        """Where the traded value of the day is volume x typical price, because no source gave it."""
        return np.asarray(np.isnan(self.panel.value_krw[:, self.day]) & self.panel.valid[:, self.day])

    @cached_property
    def stored_value(self) -> FloatArray:
        """Traded value of the as-of day in won (estimated as in domain.md §3.2 where not published)."""
        panel, day = self.panel, self.day
        typical = (
            panel.open_krw[:, day].astype(np.float64) + panel.high_krw[:, day] + panel.low_krw[:, day] + panel.close_krw[:, day]
        ) / 4.0
        return np.where(self.value_estimated, typical * panel.volume_shares[:, day], panel.value_krw[:, day])

    @cached_property
    def range_position(self) -> FloatArray:
        """Place of the close between the lowest low (0) and the highest high (100) of 250 bars."""
        low, high = self.scan.low_250, self.scan.high_250
        with np.errstate(invalid="ignore", divide="ignore"):
            place = 100.0 * (self.scan.close - low) / (high - low)
        return np.where(high > low, place, np.nan)

    @cached_property
    def flow_sum(self) -> FloatArray:
        """Foreign plus institution net buying of five days in won; NaN if either is missing."""
        return np.asarray(self.scan.foreign_5d_krw + self.scan.institution_5d_krw)

    @cached_property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Where there is a VCP score."""
        return np.asarray(~np.isnan(self.scan.vcp_score))

    @cached_property
    def last_depth(self) -> FloatArray:
        """Depth of the last contraction in percent."""
        return self._depth(np.maximum(self.scan.t_count - 1, 0))

    @cached_property
    def first_depth(self) -> FloatArray:
        """Depth of the first contraction in percent."""
        return self._depth(np.zeros(self.size, dtype=np.int64))

    def _depth(self, leg: npt.NDArray[np.integer]) -> FloatArray:
        rows = np.arange(self.size)
        high, low = self.scan.leg_high[rows, leg], self.scan.leg_low[rows, leg]
        with np.errstate(invalid="ignore", divide="ignore"):
            depth = 100.0 * (high - low) / high
        return np.where(self.scan.t_count > 0, depth, np.nan)

    # -- filter ---------------------------------------------------------------------------------------------------------

    def filter_keys(self, field_id: str) -> FloatArray:
        """Numbers or choice codes of a filter field, shape (symbols,), NaN where missing."""
        if field_id not in self._keys:
            self._keys[field_id] = np.asarray(self._field(field_id), dtype=np.float64)
        return self._keys[field_id]

    def _field(self, field_id: str) -> npt.NDArray[Any]:
        scan = self.scan
        own: dict[str, Callable[[], npt.NDArray[Any]]] = {
            "price": lambda: self.stored_close,
            "change": lambda: scan.change_pct,
            "strength": lambda: np.full(self.size, np.nan),
            "volume": lambda: self.stored_volume,
            "value": lambda: self.stored_value,
            "mean_value": lambda: scan.mean_value_krw,
            "range_52w": lambda: self.range_position,
            "total": lambda: scan.total_score,
            "vcp": lambda: scan.vcp_score,
            "smartmoney": lambda: scan.smartmoney_score,
            "rs": lambda: scan.rs,
            "t_count": lambda: np.where(self.scored, scan.t_count, np.nan),
            "mean_ratio": lambda: scan.item_value[:, _B2],
            "last_depth": lambda: self.last_depth,
            "first_depth": lambda: self.first_depth,
            "pivot": lambda: scan.pivot,
            "distance": lambda: -scan.dist_pct,
            "dry_up": lambda: scan.dry_ratio,
            "vol_ratio": lambda: scan.vol_ratio,
            "flow_5d": lambda: self.flow_sum,
            "foreign_5d": lambda: scan.foreign_5d_krw,
            "institution_5d": lambda: scan.institution_5d_krw,
            "entry": lambda: scan.entry_krw,
            "stop": lambda: scan.stop_krw,
            "target": lambda: scan.target_krw,
            "reward_risk": lambda: scan.reward_risk,
            "coverage": lambda: scan.coverage,
            "base_bars": lambda: np.where(scan.t_count > 0, scan.base_bars, np.nan),
            "grade": lambda: np.where(scan.grade > 0, scan.grade, np.nan),
            "state": lambda: scan.state,
            "market": lambda: np.where(self.panel.market > 0, self.panel.market, np.nan),
            "flags": lambda: scan.flags,
            "eligible": lambda: scan.ineligible == 0,
        }
        return own[field_id]()

    def filter_texts(self, field_id: str) -> list[str]:
        """Texts of a filter field."""
        if field_id == "sector":
            return [str(sector) for sector in self.panel.sectors]
        return self.tickers if field_id == "code" else self.names_ko

    def search(self, words: str) -> npt.NDArray[np.bool_]:
        """Rows whose name (either language), 초성, code or sector holds ``words``."""
        needle = words.casefold().replace(" ", "")
        texts = self._search_initials if is_initials(needle) else self._search_texts
        return np.fromiter((needle in text for text in texts), dtype=np.bool_, count=self.size)

    @cached_property
    def _search_texts(self) -> list[str]:
        joined = zip(self.names_ko, self.names_en, self.tickers, self.panel.sectors, strict=True)
        return ["\n".join((ko, en, code, str(sector))).casefold().replace(" ", "") for ko, en, code, sector in joined]

    @cached_property
    def _search_initials(self) -> list[str]:
        return [initials(name).replace(" ", "") for name in self.names_ko]
