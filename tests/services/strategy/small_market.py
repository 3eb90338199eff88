"""A small market in a real repository: 180 generated symbols with their indices, flows, news and minutes, day by day.

The market is stored up to the day before its last one; a test adds the last day (``D``) when its clock has reached it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.calendar.trading_days import TradingCalendar
from engine.model.instants import day_of
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import RealDataset
from ralphstock_desktop.ports import Progress, UnitOfWork
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.simulated import market as simulated
from ralphstock_desktop.providers.simulated.market import SimulatedMarket, SimulationSpec, SymbolBatch, store_batch

__all__ = ["BEFORE", "EOK", "D", "Template", "calendar", "made", "put_days"]

EOK = 100_000_000
_SYMBOLS = 180


@cache
def calendar() -> TradingCalendar:
    return load_calendar().trading


@cache
def made() -> SimulatedMarket:
    """The generated market; its last day is 23 November 2026."""
    spec = SimulationSpec.ending_before(date(2026, 11, 24), calendar(), day_count=330, seed=11, symbols=640)
    return simulated.generate(spec)


D: date = date(2026, 11, 23)
"""Last day, a Monday."""
BEFORE: date = date(2026, 11, 20)
"""The Friday before."""


@cache
def _tickers() -> frozenset[str]:
    """Everything that was planted at the end, and some of the rest."""
    market = made()
    days = len(market.spec.days)
    rows = [plant.row for plant in market.plants if plant.end >= days - 6]
    rows += [leader.row for leader in market.leaders if leader.day >= days - 8]
    rest = [row for row in np.flatnonzero(market.universe.is_scanned).tolist() if row not in set(rows)]
    return frozenset(market.universe.ticker[(rows + rest)[:_SYMBOLS]].tolist())


def _cut(batch: Any, first: date | None, last: date | None) -> Any:
    """The part of a batch with the chosen symbols and days."""
    if isinstance(batch, SymbolBatch):
        return replace(batch, symbols=[symbol for symbol in batch.symbols if symbol.ticker in _tickers()])
    if hasattr(batch, "designations"):
        return replace(batch, designations=[item for item in batch.designations if item.ticker in _tickers()])
    assert is_dataclass(batch)
    columns = {item.name: value for item in fields(batch) if isinstance(value := getattr(batch, item.name), np.ndarray)}
    size = len(next(iter(columns.values())))
    keep = np.ones(size, dtype=bool)
    if "ticker" in columns:
        keep &= np.isin(columns["ticker"], [*_tickers(), ""])
    days = next((columns[name] for name in ("day", "ex_day") if name in columns), None)
    if days is None:
        moments = columns["minute_ns"] if "minute_ns" in columns else columns["published_ns"]
        days = ((moments + 9 * 3_600_000_000_000) // 86_400_000_000_000).astype("datetime64[D]")
    if first is not None:
        keep &= days >= np.datetime64(first)
    if last is not None:
        keep &= days <= np.datetime64(last)
    return replace(batch, **{name: values[keep] for name, values in columns.items()})  # type: ignore[type-var]


def put_days(
    unit: Callable[[], Any],
    first: date | None,
    last: date | None,
    *,
    only: frozenset[str] | None = None,
    change: Callable[[Any], Any] = lambda batch: batch,
) -> None:
    """Store the market's days from ``first`` to ``last``; ``only`` names the kinds of batches, ``change`` may alter each."""
    with unit() as work:
        _store(work, first, last, only, change)


def _store(
    work: UnitOfWork, first: date | None, last: date | None, only: frozenset[str] | None, change: Callable[[Any], Any]
) -> None:
    for batch in made().batches():
        kind = type(batch).__name__
        if only is not None and kind not in only:
            continue
        part = change(_cut(batch, first, last))
        if part is not None:
            store_batch(work, part)


def _nothing(progress: Progress) -> None:
    del progress


@dataclass(frozen=True)
class Template:
    """A stored market to copy: repository and mapped panel."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Template:
        folders = Folders.of_user(folder)
        folders.make()
        dataset = RealDataset(folders.data / "market.sqlite3", folders, lambda: 0)
        spec = made().spec
        with dataset.unit_of_work() as work:
            span = np.arange(spec.days[0], spec.days[-1] + np.timedelta64(1, "D"))
            work.upsert_calendar(span, np.isin(span, spec.days), source="test")
        put_days(dataset.unit_of_work, None, BEFORE)
        dataset.load_panel(_nothing)
        dataset.close()
        return cls(folder)

    def copy_to(self, folder: Path) -> Folders:
        """A market of its own for one test."""
        shutil.copytree(self.folder, folder)
        return Folders.of_user(folder)


def days_of(batch: Any) -> Iterator[date]:
    """Days of a news batch's publications."""
    return (day_of(int(moment)) for moment in batch.published_ns)
