"""The columnar market panel: arrays of symbols × trading days.

The panel is a fast picture of the repository, never the record itself. All arrays have shape ``(symbols, days)`` with the
days of one symbol contiguous in memory, because every rule of domain.md §2 walks along one symbol's bars. ``panel.days``
is the market calendar of the data, ascending.

Missing values: prices and volume 0 with ``present`` False; floats NaN. A halted day is present but not valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ARRAY_FIELDS", "FloatArray", "MarketPanel"]

FloatArray = npt.NDArray[np.float64]

ARRAY_FIELDS: dict[str, str] = {
    "open_krw": "<i4",
    "high_krw": "<i4",
    "low_krw": "<i4",
    "close_krw": "<i4",
    "volume_shares": "<i8",
    "value_krw": "<f8",
    "base_krw": "<f8",
    "factor": "<f8",
    "present": "|b1",
    "valid": "|b1",
    "designation": "<u2",
    "foreign_krw": "<f8",
    "institution_krw": "<f8",
    "pension_krw": "<f8",
    "foreign_shares": "<f8",
    "institution_shares": "<f8",
}
"""Name and dtype of every ``(symbols, days)`` array, in storage order."""


@dataclass(frozen=True, eq=False)
class MarketPanel:
    """One consistent picture of the daily market.

    Attributes
    ----------
    days : datetime64[D] array, shape (days,)
        Trading days, ascending and unique.
    tickers, names, names_en, sectors : str arrays, shape (symbols,)
        Empty string where unknown. Tickers ascend.
    market, security_type : uint8 arrays, shape (symbols,)
        Values of :class:`~engine.model.instruments.Market` and ``SecurityType``.
    listed_on, delisted_on : datetime64[D] arrays, shape (symbols,)
        NaT where unknown.
    open_krw, high_krw, low_krw, close_krw : int32 arrays, shape (symbols, days)
        Raw prices in won as traded. 0 where absent (or halted for O, H, L).
    volume_shares : int64 array
        Raw volume.
    value_krw : float64 array
        Traded value in won as published; NaN where no source gave it.
    base_krw : float64 array
        Base price (기준가) of the day; NaN where unknown.
    factor : float64 array
        Running product of the corporate-action factors known up to each day, first day 1.0. The adjusted price of day i in
        the price scale of day t is ``raw[i] * (factor[t] / factor[i])``; it depends on nothing after t.
    present, valid : bool arrays
        A row exists / the row is a valid bar (domain.md §1.9).
    designation : uint16 array
        Bit mask of ``DesignationFlag``.
    foreign_krw, institution_krw, pension_krw, foreign_shares, institution_shares : float64 arrays
        Confirmed net buying of the day; NaN where there is no record.
    simulated : bool
        True for the demo market. Simulated and real data never share a panel.
    version : str
        Identity of the contents; equal versions hold equal arrays.
    """

    days: npt.NDArray[np.datetime64]
    tickers: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]
    names_en: npt.NDArray[np.str_]
    sectors: npt.NDArray[np.str_]
    market: npt.NDArray[np.uint8]
    security_type: npt.NDArray[np.uint8]
    listed_on: npt.NDArray[np.datetime64]
    delisted_on: npt.NDArray[np.datetime64]
    open_krw: npt.NDArray[np.int32]
    high_krw: npt.NDArray[np.int32]
    low_krw: npt.NDArray[np.int32]
    close_krw: npt.NDArray[np.int32]
    volume_shares: npt.NDArray[np.int64]
    value_krw: FloatArray
    base_krw: FloatArray
    factor: FloatArray
    present: npt.NDArray[np.bool_]
    valid: npt.NDArray[np.bool_]
    designation: npt.NDArray[np.uint16]
    foreign_krw: FloatArray
    institution_krw: FloatArray
    pension_krw: FloatArray
    foreign_shares: FloatArray
    institution_shares: FloatArray
    simulated: bool
    version: str

    @property
    def shape(self) -> tuple[int, int]:
        """Number of symbols and days."""
        return (len(self.tickers), len(self.days))

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {str(ticker): index for index, ticker in enumerate(self.tickers)}

    def row_of(self, ticker: str) -> int | None:
        """Row of a ticker, or None if the panel does not hold it."""
        return self._positions.get(ticker)

    def day_index(self, day: Any) -> int:
        """Index of the last trading day not after ``day`` (a date or datetime64); -1 if all days are later."""
        return int(np.searchsorted(self.days, np.datetime64(day, "D"), side="right")) - 1

    def traded_value(self, row: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return one symbol's traded value in won, shape (days,), and where it is an estimate.

        Where no source gave the value of a valid bar it is V x (O+H+L+C)/4 (domain.md §3.2). NaN on days without either.
        """
        published = np.asarray(self.value_krw[row])
        typical = (self.open_krw[row].astype(np.float64) + self.high_krw[row] + self.low_krw[row] + self.close_krw[row]) * 0.25
        estimated = np.isnan(published) & self.valid[row]
        return np.where(estimated, typical * self.volume_shares[row], published), estimated

    def truncated(self, day_count: int) -> MarketPanel:
        """Return the panel as if it ended after its first ``day_count`` days. Arrays are views, nothing is copied."""
        cut = {name: getattr(self, name)[:, :day_count] for name in ARRAY_FIELDS}
        rest = {
            name: getattr(self, name)
            for name in (
                "tickers",
                "names",
                "names_en",
                "sectors",
                "market",
                "security_type",
                "listed_on",
                "delisted_on",
                "simulated",
            )
        }
        return MarketPanel(days=self.days[:day_count], version=f"{self.version}[:{day_count}]", **rest, **cut)
