"""What the day-trading checklist knows before the open: measures of the bars up to t-1 (domain.md §§1.3, 1.8, 4.1).

All numbers are made from the stock's own valid bars ending with the panel day t-1 and from flows that were confirmed by then;
nothing of the trading day itself is read. Prices come in the scale of t-1. :func:`in_scale_of` brings them to the scale of the
trading day once its base price is known: a base that differs from the last close by a tick or more is a corporate action.

Arrays have the panel's symbols as first axis; a window is a ``(symbols, bars)`` array with the newest bar last.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from enum import IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.calendar.ticks import tick_size
from engine.model.errors import DataUnavailable
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.panel import FloatArray, MarketPanel
from engine.thresholds import Rules

__all__ = ["DayIneligible", "PriorMeasures", "in_scale_of", "measure_prior"]

_SLACK = 1e-9
"""a >= b means a >= b - 1e-9 (domain.md §0.4)."""

Bools = npt.NDArray[np.bool_]


class DayIneligible(IntFlag):
    """Why a symbol is outside the day-trading universe (domain.md §1.3, third column)."""

    NONE = 0
    MARKET = 1
    TYPE = 2
    HALTED = 4
    """거래정지, 정리매매"""
    DESIGNATED = 8
    """관리종목, 투자주의환기종목"""
    ALERT = 16
    """투자경고, 투자위험, 단기과열"""
    PRICE_LT_1000 = 32
    VALUE_LT_3B = 64
    VALUE_UNKNOWN = 128
    BARS_LT_20 = 256


@dataclass(frozen=True, eq=False)
class PriorMeasures:
    """Measures of the prior bars of every symbol. NaN where a window is not full; prices in won, volumes in shares.

    ``last_close`` is the last price of t-1 with which the base price is compared, NaN where the symbol has no row that day.
    ``close_5`` is C[t-5], the close of the fifth bar before the trading day. ``sum_close_4`` is the sum of the last four
    closes. ``net_5d_krw`` and ``institution_5d_krw`` are sums over the days of t-5..t-1 with a confirmed record of both groups,
    ``turnover_5d_krw`` the traded value of the same days. Sectors are numbered by ``sector_names``; -1 where there is none.
    """

    prior_day: int
    flow_day: int
    panel_version: str
    n_bars: npt.NDArray[np.int32]
    high_20: FloatArray
    low_20: FloatArray
    prior_high: FloatArray
    prior_close: FloatArray
    last_close: FloatArray
    sum_close_4: FloatArray
    close_5: FloatArray
    mean_volume: FloatArray
    mean_value_krw: FloatArray
    net_5d_krw: FloatArray
    institution_5d_krw: FloatArray
    turnover_5d_krw: FloatArray
    flow_days: npt.NDArray[np.int32]
    sector: npt.NDArray[np.int32]
    sector_names: tuple[str, ...]
    ineligible: npt.NDArray[np.uint16]

    @property
    def eligible(self) -> Bools:
        """Inside the day-trading universe."""
        return np.asarray(self.ineligible == 0)


def measure_prior(panel: MarketPanel, prior_day: int, flow_day: int, rules: Rules) -> PriorMeasures:
    """Measure the bars up to ``prior_day`` (t-1) of every symbol.

    Parameters
    ----------
    prior_day : int
        Panel day t-1: the last trading day before the one that is traded.
    flow_day : int
        Last panel day whose confirmed flows are known; -1 for none. Days of t-5..t-1 after it are missing days.

    Returns
    -------
    PriorMeasures
        In the price scale of ``prior_day``.

    Raises
    ------
    DataUnavailable
        If the panel has no day ``prior_day``.
    """
    if not 0 <= prior_day < len(panel.days):
        raise DataUnavailable(
            "No trading day before this one is in the data; the checklist needs the bars before the open.",
            key="error.nothing_known",
            day="",
        )
    day = rules.daytrading
    lengths = (day.range_bars, day.volume_bars, day.mean_value_bars, day.ma_bars - 1, day.sector_bars, day.flow_days)
    bars = _Bars(panel, prior_day, max(lengths))
    scale = panel.factor[:, prior_day, np.newaxis] / bars.take(panel.factor)
    high, low = bars.take(panel.high_krw) * scale, bars.take(panel.low_krw) * scale
    raw_close, raw_volume = bars.take(panel.close_krw), bars.take(panel.volume_shares)
    close, volume = raw_close * scale, raw_volume / scale
    value = bars.take(panel.value_krw)
    hole = np.isnan(value) & ~np.isnan(raw_close)
    if hole.any():
        typical = 0.25 * (bars.take(panel.open_krw) + bars.take(panel.high_krw) + bars.take(panel.low_krw) + raw_close)
        value = np.where(hole, typical * raw_volume, value)

    mean_value = value[:, -day.mean_value_bars :].mean(axis=1)
    last_close = np.where(panel.present[:, prior_day], panel.close_krw[:, prior_day].astype(np.float64), np.nan)
    last_close[last_close <= 0] = np.nan
    net, institution, turnover, days_known = _flows(panel, bars, value, flow_day, day.flow_days)
    names, codes = np.unique(panel.sectors, return_inverse=True)
    unnamed = int(np.flatnonzero(names == "")[0]) if "" in names else -1
    measured = PriorMeasures(
        prior_day=prior_day,
        flow_day=flow_day,
        panel_version=panel.version,
        n_bars=bars.count.astype(np.int32),
        high_20=high[:, -day.range_bars :].max(axis=1),
        low_20=low[:, -day.range_bars :].min(axis=1),
        prior_high=high[:, -1],
        prior_close=close[:, -1],
        last_close=last_close,
        sum_close_4=close[:, -(day.ma_bars - 1) :].sum(axis=1),
        close_5=close[:, -day.sector_bars],
        mean_volume=volume[:, -day.volume_bars :].mean(axis=1),
        mean_value_krw=mean_value,
        net_5d_krw=net,
        institution_5d_krw=institution,
        turnover_5d_krw=turnover,
        flow_days=days_known,
        sector=np.where(codes == unnamed, -1, codes).astype(np.int32),
        sector_names=tuple(str(name) for name in names),
        ineligible=np.zeros(len(codes), dtype=np.uint16),
    )
    return dataclasses.replace(measured, ineligible=_ineligible(panel, measured, rules))


def in_scale_of(
    prior: PriorMeasures, base_krw: FloatArray, market: npt.NDArray[np.uint8], on: date, rules: Rules
) -> PriorMeasures:
    """Bring prices to the scale of the trading day and volumes likewise (domain.md §1.8).

    Parameters
    ----------
    base_krw : float64 array, shape (symbols,)
        Base price of the trading day; NaN where unknown (the scale then stays).
    market : uint8 array
        Listing markets, for the tick of the base price.
    on : date
        Trading day.

    Returns
    -------
    PriorMeasures
        ``prior`` itself where nothing moved. Applying it twice changes nothing more.
    """
    gap = np.abs(base_krw - prior.last_close)
    candidates = np.flatnonzero(gap > 0.5)
    if not len(candidates):
        return prior
    far = gap[candidates] >= tick_size(base_krw[candidates], market[candidates], on) - _SLACK
    moved = candidates[far]
    if not len(moved):
        return prior
    step = base_krw[moved] / prior.last_close[moved]
    changed: dict[str, Any] = {}
    for name in ("high_20", "low_20", "prior_high", "prior_close", "sum_close_4", "close_5"):
        column = getattr(prior, name).copy()
        column[moved] *= step
        changed[name] = column
    volume = prior.mean_volume.copy()
    volume[moved] /= step
    last = prior.last_close.copy()
    last[moved] = base_krw[moved]
    ineligible = prior.ineligible.copy()
    cheap = changed["prior_close"][moved] < rules.daytrading.min_close_krw - _SLACK  # an unknown price is not a low one
    ineligible[moved] &= np.uint16(0xFFFF ^ DayIneligible.PRICE_LT_1000)
    ineligible[moved[cheap]] |= np.uint16(DayIneligible.PRICE_LT_1000)
    return dataclasses.replace(prior, mean_volume=volume, last_close=last, ineligible=ineligible, **changed)


class _Bars:
    """The last ``length`` valid bars of every symbol up to a day.

    Most symbols traded on each of the last days, so their window is a plain slice; only the others are looked up bar by bar.
    """

    def __init__(self, panel: MarketPanel, last_day: int, length: int) -> None:
        end = last_day + 1
        self.length, self._end = length, end
        valid = panel.valid[:, :end]
        self.count = np.count_nonzero(valid, axis=1)
        self._width = min(length, end)
        whole = valid[:, end - self._width :].all(axis=1) if self._width == length else np.zeros(len(valid), dtype=np.bool_)
        self._odd = np.flatnonzero(~whole)
        index = np.full((len(self._odd), length), -1, dtype=np.int64)
        if len(self._odd):
            rows, days = np.nonzero(valid[self._odd])
            from_end = self.count[self._odd][rows] - 1 - _rank_in_run(rows)
            near = from_end < length
            index[rows[near], length - 1 - from_end[near]] = days[near]
        self._odd_index = index

    def take(self, array: npt.NDArray[Any]) -> FloatArray:
        """Values at the bars, shape (symbols, length), newest last; NaN where there are fewer bars."""
        out = np.full((len(array), self.length), np.nan)
        out[:, self.length - self._width :] = array[:, self._end - self._width : self._end]
        if len(self._odd):
            picked = array[self._odd[:, np.newaxis], np.maximum(self._odd_index, 0)].astype(np.float64)
            picked[self._odd_index < 0] = np.nan
            out[self._odd] = picked
        return out

    def day_indices(self, last: int) -> npt.NDArray[np.int64]:
        """Panel days of the last ``last`` bars, shape (symbols, last); -1 where there are fewer bars."""
        days = np.broadcast_to(np.arange(self._end - self.length, self._end), (len(self.count), self.length)).copy()
        days[self._odd] = self._odd_index
        return days[:, -last:]


def _rank_in_run(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Position of each element within its run of equal, ascending row numbers."""
    starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1]))) if len(rows) else np.zeros(0, dtype=np.int64)
    lengths = np.diff(np.concatenate((starts, [len(rows)])))
    return np.asarray(np.arange(len(rows)) - np.repeat(starts, lengths), dtype=np.int64)


def _flows(
    panel: MarketPanel, bars: _Bars, value: FloatArray, flow_day: int, length: int
) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.int32]]:
    """Sums of foreign+institution, institution and turnover over the confirmed days of t-5..t-1, and how many there are."""
    foreign, institution = bars.take(panel.foreign_krw)[:, -length:], bars.take(panel.institution_krw)[:, -length:]
    days = bars.day_indices(length)
    known = ~np.isnan(foreign) & ~np.isnan(institution) & (days >= 0) & (days <= flow_day)
    count = known.sum(axis=1)
    net = np.where(known, foreign + institution, 0.0).sum(axis=1)
    bought = np.where(known, institution, 0.0).sum(axis=1)
    turnover = np.where(known, value[:, -length:], 0.0).sum(axis=1)
    none = count == 0
    net[none] = bought[none] = turnover[none] = np.nan
    turnover[turnover <= 0] = np.nan
    return net, bought, turnover, count.astype(np.int32)


def _ineligible(panel: MarketPanel, prior: PriorMeasures, rules: Rules) -> npt.NDArray[np.uint16]:
    """Reasons against the universe as a bit mask per symbol, as known on t-1."""
    day = rules.daytrading
    designation = panel.designation[:, prior.prior_day]
    reasons = np.zeros(len(designation), dtype=np.uint16)
    halted = DesignationFlag.HALT | DesignationFlag.CLEANUP
    bad = DesignationFlag.ADMIN | DesignationFlag.CAUTION_ISSUE
    alert = DesignationFlag.WARNING | DesignationFlag.DANGER | DesignationFlag.OVERHEAT
    conditions: tuple[tuple[Bools, DayIneligible], ...] = (
        ((panel.market != Market.KOSPI) & (panel.market != Market.KOSDAQ), DayIneligible.MARKET),
        (panel.security_type != SecurityType.COMMON, DayIneligible.TYPE),
        ((designation & int(halted)) != 0, DayIneligible.HALTED),
        ((designation & int(bad)) != 0, DayIneligible.DESIGNATED),
        ((designation & int(alert)) != 0, DayIneligible.ALERT),
        (prior.prior_close < day.min_close_krw - _SLACK, DayIneligible.PRICE_LT_1000),
        (prior.mean_value_krw < day.min_mean_value_krw - _SLACK, DayIneligible.VALUE_LT_3B),
        (np.isnan(prior.mean_value_krw), DayIneligible.VALUE_UNKNOWN),
        (prior.n_bars < day.min_bars, DayIneligible.BARS_LT_20),
    )
    for condition, flag in conditions:
        reasons[condition] |= np.uint16(flag)
    return reasons
