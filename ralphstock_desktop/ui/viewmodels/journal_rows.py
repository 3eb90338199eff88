"""Stored signals as table rows, what they came to, and prices that move by ticks (screen 0872). No widgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.calendar.ticks import floor_tick, round_tick, tick_size
from engine.model.instruments import Market
from engine.model.panel import FloatArray, MarketPanel
from ralphstock_desktop.strategy_ports import SignalRecord, TradeRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.scan_rows import MARKET_LETTER
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["JournalRows", "JournalSummary", "price_step", "summarise", "summary_text"]

_LEAST_FOR_PERCENT = 2
"""Closed trades below which no percentage is shown (domain.md §7.5)."""
_ZERO = 1e-9
_MAX_KRW = 2**31 - 1


class JournalRows:
    """A ``RowSource`` of stored signals, newest first."""

    def __init__(self, records: Sequence[SignalRecord], panel: MarketPanel | None) -> None:
        self.records = tuple(records)
        self.panel = panel
        self.tickers = [record.signal.ticker for record in self.records]
        self._at: dict[str, int] = {}
        for position, ticker in enumerate(self.tickers):
            self._at.setdefault(ticker, position)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.records)

    def name(self, row: int, language: Language) -> str:
        """Korean name, or the official English one where it is known; the code of a stock nobody knows."""
        ticker = self.tickers[row]
        at = self.panel.row_of(ticker) if self.panel is not None else None
        if at is None or self.panel is None:
            return ticker
        english = str(self.panel.names_en[at]) if language == "en" else ""
        return english or str(self.panel.names[at]) or ticker

    def letter(self, row: int) -> str:
        """``P`` for KOSPI, ``Q`` for KOSDAQ, empty where the market is not known."""
        at = self.panel.row_of(self.tickers[row]) if self.panel is not None else None
        return MARKET_LETTER[Market(int(self.panel.market[at]))] if at is not None and self.panel is not None else ""

    def position(self, ticker: str) -> int | None:
        """First row of a ticker, None if it is not here."""
        return self._at.get(ticker)

    def row_of_id(self, signal_id: int) -> int | None:
        """Row of a signal, None if it is not here."""
        return next((row for row, record in enumerate(self.records) if record.signal.id == signal_id), None)

    def value(self, row: int, name: str) -> float:
        """A stored number of the signal, NaN where it is missing."""
        found = self.records[row].signal.values.get(name)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else math.nan

    def trade(self, row: int) -> TradeRecord | None:
        """What was bought for the signal: by the user where he took it, else by the rules."""
        return self.records[row].trade

    def traded(self, row: int, name: str) -> float:
        """A number of the trade, NaN where there is none yet."""
        trade = self.trade(row)
        found = getattr(trade, name) if trade is not None else None
        return math.nan if found is None else float(found)

    def reason(self, row: int) -> str:
        """Why the signal ended (``STOP`` …), empty while it is open."""
        record = self.records[row]
        return record.close_reason or (record.trade.exit_reason if record.trade is not None else "")

    def each(self, value: Callable[[int], float]) -> FloatArray:
        """Float keys from a function of the row."""
        return np.array([float(value(row)) for row in range(self.size)], dtype=np.float64)


# -- summary ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JournalSummary:
    """What the listed signals came to; percentages are None below two closed trades."""

    signals: int
    filled: int
    closed: int
    mean_net_pct: float | None
    win_rate_pct: float | None
    few: bool


def summarise(records: Sequence[SignalRecord], few_trades: int) -> JournalSummary:
    """Count and average signals that are not superseded. A win is a net return above zero; zero is none (domain.md §7.5)."""
    kept = [record for record in records if not record.signal.superseded]
    trades = [record.trade for record in kept if record.trade is not None]
    ended = [trade for trade in trades if trade.exit_ns is not None]
    nets = [trade.net_pct for trade in ended if trade.net_pct is not None]
    enough = len(nets) >= _LEAST_FOR_PERCENT
    return JournalSummary(
        signals=len(kept),
        filled=len(trades),
        closed=len(ended),
        mean_net_pct=sum(nets) / len(nets) if enough else None,
        win_rate_pct=100.0 * sum(net > _ZERO for net in nets) / len(nets) if enough else None,
        few=len(nets) < few_trades,
    )


def summary_text(look: Appearance, summary: JournalSummary, few_trades: int) -> str:
    """``신호 12 · 체결 7 · 종료 5 · 평균 순수익 +1.24% · 승률 60% · 표본 부족 (30건 미만)``."""

    def percent(value: float | None, decimals: int, *, plus: bool) -> str:
        return fmt.percent(value if value is not None else math.nan, decimals, plus=plus)

    parts = [
        look.tr(
            "journal_panel.summary",
            signals=fmt.number(summary.signals),
            filled=fmt.number(summary.filled),
            closed=fmt.number(summary.closed),
        ),
        look.tr("journal_panel.summary.net", net=percent(summary.mean_net_pct, 2, plus=True)),
        look.tr("journal_panel.summary.wins", rate=percent(summary.win_rate_pct, 0, plus=False)),
    ]
    if summary.few:
        parts.append(look.tr("journal_panel.summary.few", count=fmt.number(few_trades)))
    return " · ".join(parts)


# -- prices on the tick ---------------------------------------------------------------------------------------------------


def price_step(panel: MarketPanel | None, ticker: str, day: Any) -> tuple[Callable[[int, int], int], Callable[[int], int]]:
    """Return how a price of a stock moves by ticks and snaps to one; by single won where its market is not known."""
    row = panel.row_of(ticker) if panel is not None else None
    if panel is None or row is None or int(panel.market[row]) == Market.UNKNOWN:
        return (lambda value, steps: value + steps), int
    market, kind = int(panel.market[row]), int(panel.security_type[row])

    def snap(value: int) -> int:
        if not 1 <= value <= _MAX_KRW:
            return value
        # A symbol's market is one number here: the array form is the one that rounds to the nearest.
        return int(round_tick(np.array([float(value)]), market, day, kind)[0])

    def step(value: int, steps: int) -> int:
        for _ in range(abs(steps)):
            if steps > 0:
                value = floor_tick(value, market, day, kind) + tick_size(value, market, day, kind)
            elif value > 1:
                value = floor_tick(value - 1, market, day, kind) or 1
        return value

    return step, snap
