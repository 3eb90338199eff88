"""The whole market at one instant as table rows: a thin, lazy reading of a panel and its scan.

Row numbers are the panel's rows. Every array is float64 with NaN for missing. Nothing is scored here; what is derived is
only what a screen adds (traded value of the day, place in the 52-week range, sums of two flows).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.hangul import initials, is_initials
from engine.model.instruments import Market
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import ITEMS, ScanFlag, VcpScan
from ralphstock_desktop.ui.viewmodels.live_rows import LIVE_COLUMNS, LiveRows
from ralphstock_desktop.wording.texts import Language

__all__ = ["MARKET_LETTER", "SPARK_DAYS", "ScanRows"]

SPARK_DAYS = 60
MARKET_LETTER = {Market.KOSPI: "P", Market.KOSDAQ: "Q", Market.KONEX: "N", Market.UNKNOWN: ""}
_B2 = ITEMS.index("B2")
_DERIVED = (
    "stored_close", "stored_volume", "value_estimated", "stored_value", "range_position", "flow_sum", "flow_scales", "scored",
    "watched", "last_depth", "first_depth",
)  # fmt: skip
"""Cached readings of a panel and its scan."""


class ScanRows:
    """Rows of the signal table and of the symbol list (a ``RowSource`` and ``FilterRows``).

    Parameters
    ----------
    panel : MarketPanel
        The market.
    scan : VcpScan
        Scan of that panel.
    language : str
        Language whose names sort the name column.
    """

    def __init__(self, panel: MarketPanel, scan: VcpScan, language: Language) -> None:
        self.panel = panel
        self.scan = scan
        self.language: Language = language
        self._keys: dict[str, FloatArray] = {}
        self.live: LiveRows | None = None
        """Quotes of the running day; None while the past is looked at or nothing is connected."""
        self.confirmed: VcpScan | None = None
        """The scan of the last official day, while ``scan`` is a provisional one."""

    def use_live(self, live: LiveRows | None) -> None:
        """Show quotes of the running day in place of the day's bar, or that bar again."""
        self.live = live
        self.forget(*LIVE_COLUMNS)

    def take_live(self, rows: npt.NDArray[np.intp]) -> None:
        """Take over the board's values of some rows; arrays already handed out are written in place."""
        live = self.live
        if live is None:
            return
        live.take(rows)
        for field in LIVE_COLUMNS:
            values = self._keys.get(field)
            if values is None:
                continue
            if field == "today":
                del self._keys[field]
            else:
                known = rows[live.known[rows]]
                values[known] = getattr(live, field)[known]

    def use_scan(self, panel: MarketPanel, scan: VcpScan) -> None:
        """Read another scan of the same symbols; everything derived from the one before is forgotten."""
        self.panel, self.scan = panel, scan
        for name in _DERIVED:
            self.__dict__.pop(name, None)
        self._keys.clear()

    def forget(self, *fields: str) -> None:
        """Work out some filter fields again when they are next asked for."""
        for field in fields:
            self._keys.pop(field, None)

    @property
    def provisional(self) -> bool:
        """Whether the scores are those of a bar that is still forming."""
        return self.confirmed is not None

    def is_provisional(self, row: int) -> bool:
        """Whether a row's score rests on a bar that is still forming."""
        return bool(self.scan.flags[row] & int(ScanFlag.FORMING))

    def has_gap(self, row: int) -> bool:
        """Whether a row's score is touched by a gap in the feed."""
        return bool(self.scan.flags[row] & int(ScanFlag.FEED_GAP))

    # -- identity -------------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of symbols."""
        return len(self.panel.tickers)

    @cached_property
    def tickers(self) -> list[str]:
        """Short codes."""
        return [str(ticker) for ticker in self.panel.tickers]

    @cached_property
    def _names_ko(self) -> list[str]:
        return [str(name) or ticker for name, ticker in zip(self.panel.names, self.tickers, strict=True)]

    @cached_property
    def _names_en(self) -> list[str]:
        return [str(name) or other for name, other in zip(self.panel.names_en, self._names_ko, strict=True)]

    def name(self, row: int, language: Language) -> str:
        """Korean name, or the official English one where it is known."""
        return (self._names_en if language == "en" else self._names_ko)[row]

    def names(self) -> list[str]:
        """Names in the chosen language."""
        return self._names_en if self.language == "en" else self._names_ko

    def position(self, ticker: str) -> int | None:
        """Row of a ticker, None if the panel does not hold it."""
        return self.panel.row_of(ticker)

    def market_letter(self, row: int) -> str:
        """``P`` for KOSPI, ``Q`` for KOSDAQ, ``N`` for KONEX."""
        return MARKET_LETTER[Market(int(self.panel.market[row]))]

    # -- the day --------------------------------------------------------------------------------------------------------

    @property
    def day(self) -> int:
        """Panel index of the as-of bar."""
        return self.scan.day_index

    def _over(self, stored: FloatArray, name: str) -> FloatArray:
        """Live values where there are any, the stored bar's elsewhere."""
        live = self.live
        if live is None:
            return stored
        # The panel of a provisional scan ends with the running day: what has not traded yet has no bar there.
        shown = live.known | np.isnan(stored) if self.provisional else live.known
        return np.where(shown, getattr(live, name), stored)

    @property
    def close(self) -> FloatArray:
        """Price now, or the close of the as-of bar."""
        return self._over(self.stored_close, "price")

    @property
    def change(self) -> FloatArray:
        """Change of the price shown, percent."""
        return self._over(self.scan.change_pct, "change")

    @property
    def volume(self) -> FloatArray:
        """Shares traded on the day shown; NaN without a valid bar."""
        return self._over(self.stored_volume, "volume")

    @property
    def value(self) -> FloatArray:
        """Traded value of the day shown in won (estimated as in domain.md §3.2 where not published)."""
        return self._over(self.stored_value, "value")

    @property
    def strength(self) -> FloatArray:
        """체결강도 of the running day in percent; NaN where it is not known."""
        return self.live.strength if self.live is not None else np.full(self.size, np.nan)

    def is_live(self, row: int) -> bool:
        """Whether a row shows a value of the running day."""
        return self.live is not None and bool(self.live.known[row])

    def is_estimated(self, row: int) -> bool:
        """Whether the traded value shown is an estimate."""
        return bool(self.value_estimated[row]) and not self.is_live(row)

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

    def flow_scale(self, values: FloatArray) -> float:
        """Largest absolute flow among detected patterns: the length of a full bar."""
        shown = np.abs(values[self.scan.pattern])
        shown = shown[~np.isnan(shown)]
        return float(np.quantile(shown, 0.9)) if shown.size else 1.0

    @cached_property
    def flow_scales(self) -> dict[str, float]:
        """Scale of the flow bars by column."""
        return {
            "flow_5d": self.flow_scale(self.flow_sum),
            "foreign_5d": self.flow_scale(self.scan.foreign_5d_krw),
            "institution_5d": self.flow_scale(self.scan.institution_5d_krw),
        }

    def spark(self, row: int) -> FloatArray:
        """Adjusted closes of the last 60 trading days, NaN on days without a valid bar."""
        panel, last = self.panel, self.day
        days = slice(max(0, last - SPARK_DAYS + 1), last + 1)
        closes = panel.close_krw[row, days] * (panel.factor[row, last] / panel.factor[row, days])
        return np.where(panel.valid[row, days], closes, np.nan)

    def depths(self, row: int) -> list[float]:
        """Contraction depths in percent, oldest first; empty where there is no structure."""
        if self.scan.t_count[row] <= 0:
            return []
        return [float(depth) for depth in self.scan.depths_pct(row)]

    @cached_property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Where there is a VCP score."""
        return np.asarray(~np.isnan(self.scan.vcp_score))

    @cached_property
    def watched(self) -> npt.NDArray[np.bool_]:
        """Scored and eligible, but not a detected pattern."""
        return np.asarray(self.scored & ~self.scan.pattern & (self.scan.ineligible == 0))

    # -- filter ---------------------------------------------------------------------------------------------------------

    def filter_keys(self, field_id: str) -> FloatArray:
        """Numbers or choice codes of a filter field."""
        if field_id not in self._keys:
            self._keys[field_id] = self._field(field_id)
        return self._keys[field_id]

    def _field(self, field_id: str) -> FloatArray:
        scan = self.scan
        own: dict[str, Callable[[], npt.NDArray[Any]]] = {
            "price": lambda: self.close,
            "change": lambda: self.change,
            "strength": lambda: self.strength,
            "today": lambda: self.live.day_change if self.live is not None else np.full(self.size, np.nan),
            "volume": lambda: self.volume,
            "value": lambda: self.value,
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
        return np.asarray(own[field_id](), dtype=np.float64)

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

    def filter_texts(self, field_id: str) -> list[str]:
        """Texts of a filter field."""
        if field_id == "sector":
            return [str(sector) for sector in self.panel.sectors]
        return self.tickers if field_id == "code" else self._names_ko

    @cached_property
    def _search_texts(self) -> list[str]:
        joined = zip(self._names_ko, self._names_en, self.tickers, self.panel.sectors, strict=True)
        return ["\n".join((ko, en, code, str(sector))).casefold().replace(" ", "") for ko, en, code, sector in joined]

    @cached_property
    def _search_initials(self) -> list[str]:
        return [initials(name).replace(" ", "") for name in self._names_ko]

    def search(self, words: str) -> npt.NDArray[np.bool_]:
        """Rows whose name (either language), 초성, code or sector holds ``words``."""
        needle = words.casefold().replace(" ", "")
        texts = self._search_initials if is_initials(needle) else self._search_texts
        return np.fromiter((needle in text for text in texts), dtype=np.bool_, count=self.size)
