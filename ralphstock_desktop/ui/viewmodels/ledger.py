"""What the data ledger shows: rows of data sets and of one symbol, coverage bars, rows per month. No widgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.model.panel import FloatArray, MarketPanel
from ralphstock_desktop.ports import DatasetCoverage, Ledger, SymbolCoverage
from ralphstock_desktop.services.contracts import Workstation

__all__ = ["CoverageBar", "LedgerViewModel", "MonthCurve", "coverage_bar"]


@dataclass(frozen=True, slots=True)
class CoverageBar:
    """Where a data set has rows, as shares of the ledger's whole span."""

    start: float
    stop: float
    gaps: tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class MonthCurve:
    """Rows per month of one data set. ``months`` are months since 1970-01; both arrays have the same length."""

    dataset: str
    months: np.ndarray[tuple[int], np.dtype[np.int64]]
    rows: FloatArray


def coverage_bar(item: DatasetCoverage, first: date, last: date) -> CoverageBar | None:
    """Return where ``item`` has rows within first..last (both included); None if it has no days."""
    if item.first_day is None or item.last_day is None:
        return None
    span = (last - first).days + 1

    def share(day: date, *, after: bool) -> float:
        return min(1.0, max(0.0, ((day - first).days + (1 if after else 0)) / span))

    gaps = tuple((share(gap.first_day, after=False), share(gap.last_day, after=True)) for gap in item.gaps)
    return CoverageBar(share(item.first_day, after=False), share(item.last_day, after=True), gaps)


class LedgerViewModel:
    """Loads ledger and symbol coverage and derives what is drawn.

    Parameters
    ----------
    workstation : Workstation
        The program.
    """

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self.ledger: Ledger | None = None
        self.symbol: str = ""
        self.symbol_rows: tuple[SymbolCoverage, ...] = ()

    async def load(self) -> Ledger:
        """Load the ledger. Raises StorageError if the repository cannot be read."""
        self.ledger = await self._workstation.load_ledger()
        return self.ledger

    async def load_symbol(self, ticker: str) -> tuple[SymbolCoverage, ...]:
        """Load what one symbol has in each data set."""
        rows = await self._workstation.load_symbol_coverage(ticker)
        self.symbol, self.symbol_rows = ticker, rows
        return rows

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day of anything stored; None if nothing has days."""
        items = self.ledger.datasets if self.ledger else ()
        firsts = [item.first_day for item in items if item.first_day is not None]
        lasts = [item.last_day for item in items if item.last_day is not None]
        return (min(firsts), max(lasts)) if firsts and lasts else None

    def bars(self) -> list[CoverageBar | None]:
        """Coverage of each data set over the common span, in the ledger's order."""
        span = self.span
        items = self.ledger.datasets if self.ledger else ()
        return [coverage_bar(item, *span) if span is not None else None for item in items]

    def curves(self) -> list[MonthCurve]:
        """Rows per month of each data set that has them, all its sources together, in the ledger's order.

        Where the repository does not count months, daily prices and flows are counted in the panel; other data sets are left
        out rather than guessed.
        """
        picture = self._workstation.market.last
        panel = picture.panel if picture is not None else None
        counted: dict[str, dict[int, int]] = {}
        for item in self.ledger.datasets if self.ledger else ():
            months = counted.setdefault(item.dataset, {})
            for name, rows in item.months:
                months[_month_number(name)] = months.get(_month_number(name), 0) + rows
        found: list[MonthCurve] = []
        for dataset, months in counted.items():
            if months:
                ordered = sorted(months)
                numbers = np.array(ordered, dtype=np.int64)
                found.append(MonthCurve(dataset, numbers, np.array([months[number] for number in ordered], dtype=float)))
            elif panel is not None and dataset in {"daily_price", "flow"}:
                found.append(_panel_curve(dataset, panel))
        return found


def _month_number(name: str) -> int:
    """Months since 1970-01 of ``2026-05``."""
    return (int(name[:4]) - 1970) * 12 + int(name[5:7]) - 1


def _panel_curve(dataset: str, panel: MarketPanel) -> MonthCurve:
    there = panel.present if dataset == "daily_price" else ~np.isnan(panel.foreign_krw) | ~np.isnan(panel.institution_krw)
    months = panel.days.astype("datetime64[M]").astype(np.int64)
    numbers, at = np.unique(months, return_inverse=True)
    return MonthCurve(dataset, numbers, np.bincount(at, weights=there.sum(axis=0), minlength=len(numbers)).astype(float))
