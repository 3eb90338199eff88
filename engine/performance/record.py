"""The honest record beside each grade: after costs, one trade counted once, with a base rate and an interval.

What is counted
---------------
- A signal whose stock is still waiting or held from an earlier signal of the strategy is a repeat and does not count.
- A closed trade counts once the time it could have been held is over. Counting it earlier would favour the trades that end
  early, which are those that hit a stop or a target.
- The gate is not applied: RED days are in the record (the gate's own effect is a group of the event study).

Base rate
---------
For every counted trade, each eligible stock of the signal's day is bought when the trade's fill could be known - at the open
of the fill day if the trade was filled at the open, else at its close - with the trade's stop and target in percent, the same
holding limit, order of tests and costs; a closing bet's base buys at the same close and sells at the next open. The base of a
trade is their mean. It needs the compiled loops (millions of lives); without a compiler it is None, not an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import is_upper_limit
from engine.calendar.trading_days import TradingCalendar
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.panel import FloatArray, MarketPanel
from engine.model.performance import Interval, RecordRow, SignalKind, SignalSet, TradeSet
from engine.model.scan import Grade
from engine.performance import acceleration
from engine.performance.bootstrap import DateBootstrap
from engine.performance.costs import per_side_pct, tax_by_day
from engine.performance.life import Bars, bars_of, fill_moments, first_signals
from engine.performance.metrics import MIN_FOR_PERCENT, win_marks
from engine.scoring.history import ScanHistory
from engine.scoring.rounding import at_least
from engine.thresholds import Rules

__all__ = ["ALL_GRADES", "CLOSE_PROXY", "Universe", "base_net_pct", "closing_universe", "countable", "records", "vcp_universe"]

ALL_GRADES = 0
CLOSE_PROXY = "CLOSE_PROXY"
"""Label of a record whose decision and purchase share one close (§7.7-1)."""

Bools = npt.NDArray[np.bool_]
_ALERTS = (
    DesignationFlag.HALT | DesignationFlag.CLEANUP | DesignationFlag.ADMIN | DesignationFlag.CAUTION_ISSUE
    | DesignationFlag.WARNING | DesignationFlag.DANGER | DesignationFlag.OVERHEAT
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Universe:
    """Who could be bought on each of some panel days: ``members`` has shape (symbols, days of ``day_index``)."""

    day_index: npt.NDArray[np.int64]
    """Ascending."""
    members: Bools

    def columns(self, days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Column of each panel day; every day must be there."""
        return np.searchsorted(self.day_index, days).astype(np.int64)


def vcp_universe(history: ScanHistory) -> Universe:
    """The eligible stocks of every day scanned (domain.md §1.3, VCP column)."""
    order = np.argsort(history.day_index, kind="stable")
    return Universe(history.day_index[order], np.ascontiguousarray(history.eligible[:, order]))


def closing_universe(panel: MarketPanel, days: npt.NDArray[np.int64], rules: Rules) -> Universe:
    """Stocks a closing bet could have bought at the close of each day, whatever their change (§1.3, closing-bet column).

    A close at the upper limit cannot be bought and is left out, as in the filter LIMIT_UP.
    """
    chosen = np.unique(np.asarray(days, dtype=np.int64))
    limits = rules.jongga
    listed = np.isin(panel.market, (Market.KOSPI, Market.KOSDAQ)) & (panel.security_type == SecurityType.COMMON)
    close = panel.close_krw[:, chosen].astype(np.float64)
    value = panel.value_krw[:, chosen]
    typical = (
        panel.open_krw[:, chosen].astype(np.float64) + panel.high_krw[:, chosen] + panel.low_krw[:, chosen] + close
    ) / 4.0
    value = np.where(np.isnan(value), typical * panel.volume_shares[:, chosen], value)
    bars = np.cumsum(panel.valid, axis=1)[:, chosen]
    members = (
        listed[:, None]
        & panel.valid[:, chosen]
        & ((panel.designation[:, chosen] & int(_ALERTS)) == 0)
        & at_least(close, limits.min_close_krw)
        & at_least(value, limits.min_value_krw)
        & (bars >= limits.min_bars)
    )
    rows, columns = np.nonzero(members)
    if len(rows):
        at_limit, _ = is_upper_limit(
            close[rows, columns], panel.base_krw[rows, chosen[columns]], panel.market[rows], panel.days[chosen[columns]]
        )
        members[rows[at_limit], columns[at_limit]] = False
    return Universe(chosen, members)


def countable(panel: MarketPanel, signals: SignalSet, trades: TradeSet, rules: Rules, last_day: int | None = None) -> Bools:
    """Which trades count: closed, no repeat, and their holding time over by ``last_day``."""
    last = len(panel.days) - 1 if last_day is None else last_day
    number = np.cumsum(panel.valid, axis=1)
    entered = np.where(trades.entry_day >= 0, trades.entry_day, last)
    available = number[signals.row, last] - number[signals.row, np.minimum(entered, last)]
    over = (signals.kind == SignalKind.CLOSING_BET) | (available >= rules.life.hold_bars)
    gone = ~np.isnat(panel.delisted_on[signals.row]) & (panel.delisted_on[signals.row] <= panel.days[last])
    return np.asarray(trades.closed & first_signals(signals, trades) & (over | gone))


def base_net_pct(
    panel: MarketPanel,
    signals: SignalSet,
    trades: TradeSet,
    universe: Universe,
    rules: Rules,
    last_day: int | None = None,
    *,
    bars: Bars | None = None,
    calendar: TradingCalendar | None = None,
) -> FloatArray:
    """Base rate of each filled signal in percent after costs, shape (signals,); NaN where not filled or nobody could be bought.

    ``universe`` must hold the days of all filled signals.
    """
    last = len(panel.days) - 1 if last_day is None else last_day
    result = np.full(len(signals), np.nan)
    filled = np.flatnonzero(trades.entry_day >= 0)
    if not len(filled) or not acceleration.accelerate():
        return result
    ready = bars if bars is not None else bars_of(panel)
    chosen = signals.where(_mask(len(signals), filled))
    closing = chosen.kind == SignalKind.CLOSING_BET
    means, counts = np.full(len(filled), np.nan), np.zeros(len(filled), dtype=np.int64)
    acceleration.base_returns(
        universe.columns(chosen.day),
        np.ascontiguousarray(trades.entry_day[filled]),
        fill_moments(panel, signals, trades)[filled],
        np.where(closing, np.nan, chosen.stop / chosen.entry),
        np.where(closing, np.nan, chosen.target / chosen.entry),
        universe.members,
        ready.gone,
        panel.market.astype(np.int64),
        tax_by_day(panel.days[: last + 1], rules, calendar),
        ready.open,
        ready.high,
        ready.low,
        ready.close,
        ready.factor,
        ready.valid,
        ready.lock,
        last,
        rules.life.hold_bars,
        per_side_pct(rules.cost),
        rules.jongga.gap_up_pct,
        rules.jongga.gap_down_pct,
        means,
        counts,
    )
    result[filled] = means
    return result


def _mask(length: int, places: npt.NDArray[np.intp]) -> Bools:
    mask = np.zeros(length, dtype=bool)
    mask[places] = True
    return mask


def records(
    panel: MarketPanel,
    signals: SignalSet,
    trades: TradeSet,
    rules: Rules,
    tries: int,
    universe: Universe,
    last_day: int | None = None,
    *,
    bars: Bars | None = None,
) -> tuple[RecordRow, ...]:
    """The record of every strategy in ``signals``, for all grades together and for each.

    Parameters
    ----------
    signals, trades : SignalSet, TradeSet
        One strategy's signals (the universe is one strategy's), all of them, repeats included.
    tries : int
        Rule sets tried on these data so far.
    last_day : int, optional
        Panel day of the instant looked at; the last one by default.

    Returns
    -------
    tuple of RecordRow
        All grades (0) first, then S, A, B, C; grades without a signal are there with n = 0. Percentages are None with fewer
        than two trades; ``enough`` from ``life.few_trades`` on.
    """
    counts = countable(panel, signals, trades, rules, last_day)
    kept, done = signals.where(counts), trades.where(counts)
    base = base_net_pct(panel, kept, done, universe, rules, last_day, bars=bars)
    rows = []
    for strategy in dict.fromkeys(SignalKind(int(kind)).strategy for kind in np.unique(signals.kind)):
        kinds = [int(kind) for kind in SignalKind if kind.strategy == strategy]
        of_strategy = np.isin(kept.kind, kinds)
        for grade in (ALL_GRADES, Grade.S, Grade.A, Grade.B, Grade.C):
            mask = of_strategy & ((kept.grade == grade) | (grade == ALL_GRADES))
            rows.append(_row(panel, strategy, int(grade), kept.where(mask), done.where(mask), base[mask], rules, tries))
    return tuple(rows)


def _row(
    panel: MarketPanel,
    strategy: str,
    grade: int,
    signals: SignalSet,
    trades: TradeSet,
    base: FloatArray,
    rules: Rules,
    tries: int,
) -> RecordRow:
    n = len(signals)
    draws = DateBootstrap(signals.day, rules)
    known_base = base[np.isfinite(base)]
    shown = n >= MIN_FOR_PERCENT
    return RecordRow(
        strategy=strategy,
        grade=grade,
        n=n,
        mean_net_pct=draws.mean(trades.net_pct) if shown else Interval(None),
        win_rate=draws.mean(win_marks(trades.net_pct)) if shown else Interval(None),
        base_pct=float(known_base.mean()) if len(known_base) >= MIN_FOR_PERCENT else None,
        excess_pct=draws.mean(trades.net_pct - base) if shown else Interval(None),
        tries=tries,
        first_day=str(panel.days[signals.day.min()]) if n else "",
        last_day=str(panel.days[signals.day.max()]) if n else "",
        enough=n >= rules.life.few_trades,
        label=CLOSE_PROXY if strategy == SignalKind.CLOSING_BET.strategy else "",
    )
