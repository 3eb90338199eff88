"""Tax by settlement date, and net returns (domain.md §§7.3, 7.4)."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engine.calendar.trading_days import SETTLEMENT_DAYS, TradingCalendar
from engine.model.instruments import Market, SecurityType
from engine.model.panel import FloatArray
from engine.strategy_thresholds import CostThresholds
from engine.thresholds import Rules

__all__ = ["gross_return_pct", "net_return_pct", "sell_tax_pct", "settlement_days", "tax_by_day"]

Days = npt.NDArray[np.datetime64]


def settlement_days(days: Days, calendar: TradingCalendar | None = None) -> Days:
    """Settlement day of a trade on each trading day: two trading days later.

    Parameters
    ----------
    days : datetime64[D] array
        Trading days, ascending, without holes (``panel.days``).
    calendar : TradingCalendar, optional
        Says which days come after the last of ``days``.

    Notes
    -----
    Where neither knows, weekdays are counted without the market's year-end holiday (the last weekday of December) and New
    Year's Day: other holidays may shift the day, but not across the new year, and the tax changes nowhere else.
    """
    known = np.asarray(days, dtype="datetime64[D]")
    longer = list(known.astype(object))
    while len(longer) < len(known) + SETTLEMENT_DAYS and longer:
        longer.append(_after(longer[-1], calendar))
    return np.array(longer[SETTLEMENT_DAYS:], dtype="datetime64[D]")


def _after(day: date, calendar: TradingCalendar | None) -> date:
    if calendar is not None and calendar.first <= day and day < calendar.days[-1].astype(date):
        return calendar.next(day)
    following = day + timedelta(days=1)
    while not _opens(following):
        following += timedelta(days=1)
    return following


def _opens(day: date) -> bool:
    """Weekday that is neither New Year's Day nor the year-end holiday (31 December, or the weekday before it)."""
    closing = date(day.year, 12, 31)
    while closing.weekday() >= 5:
        closing -= timedelta(days=1)
    return day.weekday() < 5 and (day.month, day.day) != (1, 1) and day != closing


def sell_tax_pct(
    market: int | npt.NDArray[np.uint8],
    settle_day: date | Days,
    rules: Rules,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> FloatArray:
    """Sell-side tax in percent of a sale by its **settlement** day.

    Parameters
    ----------
    market, security_type : int or array
        Values of ``Market`` and ``SecurityType``; ETFs pay none. Broadcast with ``settle_day``.
    settle_day : date or datetime64[D] array
        Day of settlement (T+2), see :func:`settlement_days`.

    Returns
    -------
    float64 array
        Percent; NaN for an unknown market or NaT.

    Notes
    -----
    Source: domain.md §7.4. A sale on 2024-12-27 settles on 2025-01-02 and pays 0.15 %.
    """
    table = rules.cost.tax
    starts = np.array([np.datetime64(rate.settled_from, "D") for rate in table])
    days = np.asarray(settle_day, dtype="datetime64[D]")
    place = np.maximum(np.searchsorted(starts, days, side="right") - 1, 0)
    rates = np.full((len(Market), len(table)), np.nan)
    for column, rate in enumerate(table):
        rates[Market.KOSPI, column] = rate.kospi_pct
        rates[Market.KOSDAQ, column] = rate.kosdaq_pct
        rates[Market.KONEX, column] = rate.konex_pct
    tax = np.where(np.isnat(days), np.nan, rates[np.asarray(market), place])
    return np.where(np.asarray(security_type) == SecurityType.ETF, 0.0, tax)


def tax_by_day(days: Days, rules: Rules, calendar: TradingCalendar | None = None) -> FloatArray:
    """Tax in percent of selling on each trading day, shape (markets, days); row = value of ``Market``, NaN for UNKNOWN."""
    settled = settlement_days(days, calendar)
    return np.stack([sell_tax_pct(int(market), settled, rules) for market in Market])


def net_return_pct(
    entry: FloatArray | float, exit_price: FloatArray | float, tax_pct: FloatArray | float, rules: Rules
) -> FloatArray:
    """Return after commission and slippage on both sides and tax on the sale, in percent; NaN where a price is missing.

    ``r = 100 × [exit·(1 − (c + tax + s)/100) / (entry·(1 + (c + s)/100)) − 1]`` (domain.md §7.3).
    """
    side = per_side_pct(rules.cost)
    received = np.asarray(exit_price, dtype=np.float64) * (1.0 - (side + np.asarray(tax_pct)) / 100.0)
    paid = np.asarray(entry, dtype=np.float64) * (1.0 + side / 100.0)
    return np.asarray(100.0 * (received / paid - 1.0), dtype=np.float64)


def per_side_pct(cost: CostThresholds) -> float:
    """Commission and slippage of one side, in percent of the price."""
    return cost.commission_pct + cost.slippage_pct


def gross_return_pct(entry: FloatArray, exit_price: FloatArray) -> FloatArray:
    """Return before costs in percent; NaN where a price is missing."""
    return np.asarray(100.0 * (exit_price / entry - 1.0), dtype=np.float64)
