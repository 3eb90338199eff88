"""Event study: what followed every signal, traded or not, beyond its own market's index (domain.md §7.6).

For k bars after the signal's bar, the return to the close of the k-th later valid bar, from two starting points: the planned
entry price (the close of t for a closing bet) and the next valid bar's open. The index return of the same time is subtracted:
it starts at the index's open of the entry bar where recorded, else at its close of t - for a closing bet, entered at the close,
always at the close of t - the same level for both starting points. A stock delisted on the way counts with its last close.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.model.gate import GateStatus
from engine.model.instruments import Market
from engine.model.market_series import MarketSeries
from engine.model.panel import FloatArray, MarketPanel
from engine.model.performance import SignalKind, SignalSet, StudyRow
from engine.model.scan import Grade
from engine.performance.bootstrap import DateBootstrap, clustered_error
from engine.performance.life import gone_days
from engine.performance.metrics import MIN_FOR_PERCENT
from engine.thresholds import Rules

__all__ = ["STARTS", "event_study", "forward_returns", "not_overlapping"]

STARTS: tuple[str, str] = ("entry", "next_open")

Bools = npt.NDArray[np.bool_]


def not_overlapping(panel: MarketPanel, signals: SignalSet, rules: Rules) -> Bools:
    """Keep a signal only if it comes more than ``overlap_bars`` bars after the last kept one of its stock and strategy."""
    bar_number = np.cumsum(panel.valid, axis=1)
    keep = np.zeros(len(signals), dtype=bool)
    last: dict[tuple[str, int], int] = {}
    for k in np.lexsort((signals.row, signals.day)).tolist():
        name = (SignalKind(int(signals.kind[k])).strategy, int(signals.row[k]))
        bar = int(bar_number[signals.row[k], signals.day[k]])
        if name not in last or bar - last[name] > rules.life.overlap_bars:
            keep[k] = True
            last[name] = bar
    return keep


def forward_returns(
    panel: MarketPanel, signals: SignalSet, rules: Rules, series: MarketSeries | None, last_day: int | None = None
) -> FloatArray:
    """Returns beyond the index in percent.

    Returns
    -------
    float64 array, shape (signals, 2 starts, bars of ``rules.life.study_bars``)
        NaN where the bar does not exist up to ``last_day``, or the index is not recorded.
    """
    last = len(panel.days) - 1 if last_day is None else last_day
    steps = rules.life.study_bars
    result = np.full((len(signals), len(STARTS), len(steps)), np.nan)
    levels = _index_levels(panel, series)
    gone = gone_days(panel)
    for k in range(len(signals)):
        row, t = int(signals.row[k]), int(signals.day[k])
        later = np.flatnonzero(panel.valid[row, t + 1 : last + 1]) + t + 1
        if not len(later):
            continue
        market = int(panel.market[row])
        first = int(later[0])
        factor = panel.factor[row]
        starts = (float(signals.entry[k]), float(panel.open_krw[row, first]) * factor[t] / factor[first])
        at_close = signals.kind[k] == SignalKind.CLOSING_BET
        index_open = np.nan if at_close else levels[market, 0, first]
        index_start = index_open if np.isfinite(index_open) else levels[market, 1, t]
        for place, bars in enumerate(steps):
            if bars <= len(later):
                end = int(later[bars - 1])
            elif gone[row] <= last:
                end = int(later[-1])
            else:
                continue
            close = float(panel.close_krw[row, end]) * factor[t] / factor[end]
            market_return = levels[market, 1, end] / index_start - 1.0
            for side, start in enumerate(starts):
                result[k, side, place] = 100.0 * (close / start - 1.0 - market_return)
    return result


def _index_levels(panel: MarketPanel, series: MarketSeries | None) -> FloatArray:
    """Open and close of each market's index on the panel's days, shape (markets, 2, days); NaN where not recorded."""
    levels = np.full((len(Market), 2, len(panel.days)), np.nan)
    for market in (Market.KOSPI, Market.KOSDAQ):
        index = series.index_of(market) if series is not None else None
        if index is None or not len(index.days):
            continue
        place = np.minimum(np.searchsorted(index.days, panel.days), len(index.days) - 1)
        found = index.days[place] == panel.days
        levels[market, 0] = np.where(found & (index.open[place] > 0), index.open[place], np.nan)
        levels[market, 1] = np.where(found & (index.close[place] > 0), index.close[place], np.nan)
    return levels


def event_study(
    panel: MarketPanel, signals: SignalSet, rules: Rules, series: MarketSeries | None, last_day: int | None = None
) -> tuple[StudyRow, ...]:
    """Mean, median, hit rate, error and interval for every group, start and number of bars; overlapping signals left out.

    Groups: ``all``, ``grade:S`` …, ``gate:GREEN`` …, ``year:2025`` …; those without a signal are left out.
    """
    counted = signals.where(not_overlapping(panel, signals, rules))
    returns = forward_returns(panel, counted, rules, series, last_day)
    rows = []
    for group, mask in _groups(panel, counted):
        days = counted.day[mask]
        draws = DateBootstrap(days, rules)
        for side, start in enumerate(STARTS):
            for place, bars in enumerate(rules.life.study_bars):
                values = returns[mask, side, place]
                known = values[np.isfinite(values)]
                shown = len(known) >= MIN_FOR_PERCENT
                rows.append(
                    StudyRow(
                        group=group,
                        start=start,
                        bars=bars,
                        n=len(known),
                        mean_pct=draws.mean(values),
                        median_pct=float(np.median(known)) if shown else None,
                        hit_rate=100.0 * float(np.mean(known > 0.0)) if shown else None,
                        error_pct=clustered_error(values, days) if shown else None,
                    )
                )
    return tuple(rows)


def _groups(panel: MarketPanel, signals: SignalSet) -> Iterator[tuple[str, Bools]]:
    if not len(signals):
        return
    yield "all", np.ones(len(signals), dtype=bool)
    for grade in (Grade.S, Grade.A, Grade.B, Grade.C):
        mask = signals.grade == grade
        if mask.any():
            yield f"grade:{grade.name}", mask
    for status in sorted(GateStatus, reverse=True):
        mask = signals.gate == status
        if mask.any():
            yield f"gate:{status.name}", mask
    first: date = panel.days[int(signals.day.min())].astype(date)
    last: date = panel.days[int(signals.day.max())].astype(date)
    years = panel.days[signals.day].astype("datetime64[Y]").astype(np.int64) + 1970
    for year in range(first.year, last.year + 1):
        mask = np.asarray(years == year)
        if mask.any():
            yield f"year:{year}", mask
