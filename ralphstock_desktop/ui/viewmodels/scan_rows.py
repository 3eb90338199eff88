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

from engine.model.instruments import Market
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import ScanFlag, VcpScan
from ralphstock_desktop.services.filters.scan_rows import ScanFields
from ralphstock_desktop.ui.viewmodels.live_rows import LIVE_COLUMNS, LiveRows
from ralphstock_desktop.wording.texts import Language

__all__ = ["MARKET_LETTER", "SPARK_DAYS", "ScanRows"]

SPARK_DAYS = 60
MARKET_LETTER = {Market.KOSPI: "P", Market.KOSDAQ: "Q", Market.KONEX: "N", Market.UNKNOWN: ""}
_DERIVED = (
    "stored_close", "stored_volume", "value_estimated", "stored_value", "range_position", "flow_sum", "flow_scales", "scored",
    "watched", "last_depth", "first_depth",
)  # fmt: skip
"""Cached readings of a panel and its scan."""


class ScanRows(ScanFields):
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
        super().__init__(panel, scan)
        self.language: Language = language
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

    def name(self, row: int, language: Language) -> str:
        """Korean name, or the official English one where it is known."""
        return (self.names_en if language == "en" else self.names_ko)[row]

    def names(self) -> list[str]:
        """Names in the chosen language."""
        return self.names_en if self.language == "en" else self.names_ko

    def position(self, ticker: str) -> int | None:
        """Row of a ticker, None if the panel does not hold it."""
        return self.panel.row_of(ticker)

    def market_letter(self, row: int) -> str:
        """``P`` for KOSPI, ``Q`` for KOSDAQ, ``N`` for KONEX."""
        return MARKET_LETTER[Market(int(self.panel.market[row]))]

    # -- the day --------------------------------------------------------------------------------------------------------

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
    def watched(self) -> npt.NDArray[np.bool_]:
        """Scored and eligible, but not a detected pattern."""
        return np.asarray(self.scored & ~self.scan.pattern & (self.scan.ineligible == 0))

    # -- filter ---------------------------------------------------------------------------------------------------------

    def _field(self, field_id: str) -> npt.NDArray[Any]:
        """Values of the running day over those of the as-of bar, where there are any."""
        live: dict[str, Callable[[], npt.NDArray[Any]]] = {
            "price": lambda: self.close,
            "change": lambda: self.change,
            "strength": lambda: self.strength,
            "today": lambda: self.live.day_change if self.live is not None else np.full(self.size, np.nan),
            "volume": lambda: self.volume,
            "value": lambda: self.value,
        }
        return live[field_id]() if field_id in live else super()._field(field_id)
