"""Minute bars in the life of signals: the mornings after closing bets, and day trades from their live price to 15:15."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.calendar.trading_days import TradingCalendar
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.performance import ExitReason
from engine.performance.costs import net_return_pct, sell_tax_pct, settlement_days
from engine.performance.life import MorningBars
from engine.scoring.rounding import EPS
from engine.thresholds import Rules
from ralphstock_desktop.ports import MinuteBatch, StoredSignal
from ralphstock_desktop.strategy_ports import StrategyStore, TradeRecord

__all__ = ["NS_PER_MINUTE", "ORDINARY_OPEN", "DayMinutes", "cost_model", "followed_by_minutes", "known"]

NS_PER_MINUTE = 60_000_000_000
ORDINARY_OPEN = 540
"""09:00 in minutes after midnight; on a day that opens late the clock times of rules shift with the opening."""


def cost_model(rules: Rules) -> str:
    """Commission and slippage a net return was computed with, in percent per side."""
    return f"{rules.cost.commission_pct:g}+{rules.cost.slippage_pct:g}"


def known(value: float) -> float | None:
    """A number as records keep it: None where it is missing."""
    return float(value) if math.isfinite(float(value)) else None


def _date(panel: MarketPanel, index: int) -> date:
    day: date = panel.days[index].astype("datetime64[D]").item()
    return day


class DayMinutes:
    """Minute bars of days, read once each."""

    def __init__(self, store: StrategyStore) -> None:
        self._store = store
        self._stored: frozenset[date] | None = None
        self._days: dict[date, dict[str, MinuteBatch]] = {}

    def of(self, day: date) -> dict[str, MinuteBatch]:
        """Bars of a day by symbol."""
        if self._stored is None:
            self._stored = frozenset(self._store.minute_days())
        if day not in self._days:
            batches = self._store.minutes_of_day(day) if day in self._stored else ()
            self._days[day] = {str(batch.ticker[0]): batch for batch in batches}
        return self._days[day]

    def mornings(self, panel: MarketPanel, rows: Iterable[int], days: Iterable[int]) -> MorningBars | None:
        """Bars of symbols on days, as the loops take them; None where there are none."""
        parts = []
        for row, index in sorted(set(zip(rows, days, strict=True))):
            on = _date(panel, index)
            batch = self.of(on).get(str(panel.tickers[row]))
            if batch is not None:
                parts.append((row, index, (batch.minute_ns - DEFAULT_SESSIONS.open_ns(on)) // NS_PER_MINUTE, batch))
        if not parts:
            return None
        return MorningBars(
            row=np.concatenate([np.full(len(minute), row, dtype=np.int64) for row, _, minute, _ in parts]),
            day=np.concatenate([np.full(len(minute), index, dtype=np.int64) for _, index, minute, _ in parts]),
            minute=np.concatenate([minute + ORDINARY_OPEN for _, _, minute, _ in parts]),
            open=np.concatenate([batch.open_krw.astype(np.float64) for *_, batch in parts]),
            high=np.concatenate([batch.high_krw.astype(np.float64) for *_, batch in parts]),
            low=np.concatenate([batch.low_krw.astype(np.float64) for *_, batch in parts]),
            close=np.concatenate([batch.close_krw.astype(np.float64) for *_, batch in parts]),
        )


def followed_by_minutes(
    signal: StoredSignal,
    bought_ns: int,
    batch: MinuteBatch,
    panel: MarketPanel,
    row: int,
    rules: Rules,
    as_of: AsOf,
    calendar: TradingCalendar | None,
) -> TradeRecord:
    """Buy at the live price of an instant and look at every whole minute after it; of two that fit, the worse is assumed.

    Parameters
    ----------
    bought_ns : int
        When the signal was found; minutes that began before are not looked at.
    as_of : AsOf
        Minutes that had not ended by then are not looked at.

    Returns
    -------
    TradeRecord
        Without exit while it is still held.
    """
    values, on = signal.values, signal.signal_date
    entry, stop, target = (float(values[name]) for name in ("entry", "stop", "target"))
    exit_ns = DEFAULT_SESSIONS.open_ns(on) + (rules.daytrading.exit_minute - ORDINARY_OPEN) * NS_PER_MINUTE
    seen = (batch.minute_ns >= bought_ns) & (batch.minute_ns + NS_PER_MINUTE <= as_of.instant_ns)
    found: tuple[float, ExitReason, int] | None = None
    bars = 0
    for k in np.flatnonzero(seen).tolist():
        opened, moment = float(batch.open_krw[k]), int(batch.minute_ns[k])
        end = moment + NS_PER_MINUTE
        bars += 1
        if moment >= exit_ns:
            found = (opened, ExitReason.TIME, moment)
        elif opened <= stop + EPS:
            found = (opened, ExitReason.STOP_GAP, moment)
        elif opened >= target - EPS:
            found = (opened, ExitReason.TARGET_GAP, moment)
        elif batch.low_krw[k] <= stop + EPS:
            found = (stop, ExitReason.STOP, end)
        elif batch.high_krw[k] >= target - EPS:
            found = (target, ExitReason.TARGET, end)
        if found is not None:
            break
    if found is None and DEFAULT_SESSIONS.official_bar_ns(on) <= as_of.instant_ns and bars:
        last = int(np.flatnonzero(seen)[-1])  # the minutes end before the time exit: their last price
        found = (float(batch.close_krw[last]), ExitReason.TIME, int(batch.minute_ns[last]) + NS_PER_MINUTE)
    trade = TradeRecord(
        signal_id=signal.id or 0,
        entry_ns=bought_ns,
        entry_krw=round(entry),
        qty=values.get("qty"),
        cost_model=cost_model(rules),
    )
    if found is None:
        return trade
    price, reason, moment = found
    days = np.array([np.datetime64(on, "D")])
    tax = float(sell_tax_pct(int(panel.market[row]), settlement_days(days, calendar), rules, int(panel.security_type[row]))[0])
    return TradeRecord(
        signal_id=trade.signal_id,
        entry_ns=trade.entry_ns,
        entry_krw=trade.entry_krw,
        qty=trade.qty,
        exit_ns=moment,
        exit_krw=round(price),
        exit_reason=reason.name,
        gross_pct=100.0 * (price / entry - 1.0),
        net_pct=known(float(net_return_pct(entry, price, tax, rules))),
        holding_bars=0,
        tax_pct=known(tax),
        cost_model=trade.cost_model,
    )
