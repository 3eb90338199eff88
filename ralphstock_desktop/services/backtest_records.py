"""The record beside each grade, for the market and the instant on screen, on the user's own data.

Signals of a day depend on nothing after it, so the scans of all panel days are made once per panel, rules and news, and kept;
every instant takes its own share of them and follows it to its own last day. Blocking and safe on any thread: for a worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.asof.view import known_days
from engine.model.instants import AsOf
from engine.model.market_series import MarketSeries
from engine.model.panel import MarketPanel
from engine.model.performance import RecordRow, SignalKind
from engine.news.market import NewsIndex
from engine.performance import acceleration
from engine.thresholds import BASE_RULESET, Rules
from ralphstock_desktop.services.backtest_work import (
    BacktestMarket,
    DayScans,
    day_date,
    day_parts,
    joined_scans,
    record_rows,
    scan_part,
    with_gate,
)
from ralphstock_desktop.services.strategy_contracts import RecordTable, StrategyName

__all__ = ["NewsHistory", "Note", "RecordBook", "ScanShelf", "current_records", "data_notes", "strategy_notes"]

Note = tuple[str, dict[str, str | int | float]]
_KEPT = 6
"""Scans of whole histories that are kept: the standing rules and a few moved ones, of each strategy."""


@dataclass(frozen=True, eq=False)
class NewsHistory:
    """News of the whole data: all items, and for which panel days a collector worked. ``version`` changes with the contents."""

    index: NewsIndex
    collected: npt.NDArray[np.bool_]
    version: str


class ScanShelf(Protocol):
    """Keeps the scans of whole histories from one start of the program to the next."""

    def load(self, key: tuple[str, ...]) -> DayScans | None: ...
    def keep(self, key: tuple[str, ...], scans: DayScans) -> None: ...


class RecordBook:
    """Keeps the scans that records are counted from.

    Parameters
    ----------
    shelf : ScanShelf, optional
        Where the scans under the standing rules stay beyond this run of the program.
    """

    def __init__(self, shelf: ScanShelf | None = None) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._scans: dict[tuple[str, str, str, str], DayScans] = {}

    def table(
        self,
        panel: MarketPanel,
        series: MarketSeries | None,
        news: NewsHistory | None,
        rules: Rules,
        as_of: AsOf,
        *,
        tries: int = 1,
        strategies: Sequence[StrategyName] = ("VCP", "CLOSING_BET"),
        on_part: Callable[[int, int], None] | None = None,
    ) -> RecordTable:
        """Count the records as of an instant.

        Parameters
        ----------
        news : NewsHistory | None
            None where no collector ever worked: the news component of every closing bet is missing.
        tries : int
            Rule sets tried on these data so far.
        on_part : callable, optional
            Called with (days scanned, days in all); may raise to stop. Nothing half-done is kept.
        """
        last_day = known_days(panel, as_of).bar
        market = BacktestMarket(
            panel,
            series,
            news.index if news is not None else None,
            news.collected if news is not None else np.zeros(len(panel.days), dtype=bool),
            {},
        )
        rows: list[RecordRow] = []
        notes = data_notes(market, 0, last_day) if last_day >= 0 else []
        for strategy in strategies:
            scans = self._scanned(market, strategy, rules, news.version if news is not None else "", on_part)
            rows.extend(record_rows(market, strategy, scans, rules, tries, last_day))
        if "CLOSING_BET" in strategies:
            notes.append(("record.note.close_proxy", {}))
            notes.extend(_news_notes(market, 0, last_day))
        if not acceleration.is_accelerated():
            notes.append(("record.note.no_base", {}))
        return RecordTable(tuple(rows), as_of, rules.ruleset_id, tuple(notes))

    def _scanned(
        self,
        market: BacktestMarket,
        strategy: StrategyName,
        rules: Rules,
        news_version: str,
        on_part: Callable[[int, int], None] | None,
    ) -> DayScans:
        key = (market.panel.version, strategy, rules.ruleset_id, news_version if strategy == "CLOSING_BET" else "")
        with self._lock:
            kept = self._scans.get(key)
        if kept is not None:
            return kept
        keeps = self._shelf is not None and rules.ruleset_id == BASE_RULESET
        if keeps and self._shelf is not None and (found := self._shelf.load(key)) is not None:
            with self._lock:
                self._scans[key] = found
            return found
        ready = with_gate(market, (rules,))
        days = len(market.panel.days)
        parts = []
        for part in day_parts(0, days - 1):
            parts.append(scan_part(ready, strategy, (rules,), part))
            if on_part is not None:
                on_part(part[-1] + 1, days)
        scans = joined_scans(parts, (rules,))
        with self._lock:
            while len(self._scans) >= _KEPT:
                self._scans.pop(next(iter(self._scans)))
            self._scans[key] = scans
        if keeps and self._shelf is not None:
            self._shelf.keep(key, scans)
        return scans


def current_records(
    panel: MarketPanel,
    series: MarketSeries | None,
    news: NewsHistory | None,
    rules: Rules,
    as_of: AsOf,
    *,
    tries: int = 1,
    book: RecordBook | None = None,
) -> RecordTable:
    """The records of VCP and closing bet as of an instant; see :class:`RecordBook`, which keeps what can be used again."""
    return (book or RecordBook()).table(panel, series, news, rules, as_of, tries=tries)


def data_notes(market: BacktestMarket, first: int, last: int) -> list[Note]:
    """What must be known of the data behind a record or a backtest: survivorship, missing flows, a short history."""
    panel = market.panel
    begin, end = day_date(panel, first), day_date(panel, last)
    gone = ~np.isnat(panel.delisted_on) & (panel.delisted_on >= panel.days[first]) & (panel.delisted_on <= panel.days[last])
    with_bars = panel.valid[:, first : last + 1].any(axis=1)
    notes: list[Note] = [
        (
            "record.note.survivorship",
            {
                "first": begin.isoformat(),
                "last": end.isoformat(),
                "symbols": int(with_bars.sum()),
                "delisted": int((gone & with_bars).sum()),
                "missing": int((gone & ~with_bars).sum()),
            },
        )
    ]
    no_flow = ~np.isfinite(panel.foreign_krw[:, first : last + 1]).any(axis=0)
    no_flow &= ~np.isfinite(panel.foreign_shares[:, first : last + 1]).any(axis=0)
    if no_flow.any():
        notes.append(("record.note.no_flows", {"days": int(no_flow.sum()), "all": last - first + 1}))
    return notes


def _news_notes(market: BacktestMarket, first: int, last: int) -> list[Note]:
    missing = int(np.count_nonzero(~market.collected[first : last + 1]))
    return [("record.note.no_news", {"days": missing, "all": last - first + 1})] if missing else []


def strategy_notes(market: BacktestMarket, strategy: StrategyName, first: int, last: int) -> list[Note]:
    """Notes that belong to one strategy."""
    if strategy == SignalKind.CLOSING_BET.strategy:
        return [("record.note.close_proxy", {}), *_news_notes(market, first, last)]
    if strategy == SignalKind.DAY_TRADE.strategy:
        return [("record.note.day_proxy", {})]
    return []
