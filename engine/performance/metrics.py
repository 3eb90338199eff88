"""Aggregates of closed trades (domain.md §7.5)."""

from __future__ import annotations

import numpy as np

from engine.model.panel import FloatArray
from engine.model.performance import ExitReason, Interval, Metrics, SignalSet, TradeSet
from engine.performance.bootstrap import DateBootstrap
from engine.thresholds import Rules

__all__ = ["MIN_FOR_PERCENT", "metrics", "win_marks"]

MIN_FOR_PERCENT = 2
"""Fewer closed trades than this and no percentage is shown (§7.5)."""


def win_marks(net_pct: FloatArray) -> FloatArray:
    """100 for each win (net return above zero; zero is not a win), 0 otherwise, NaN where missing."""
    return np.where(np.isnan(net_pct), np.nan, np.where(net_pct > 0.0, 100.0, 0.0))


def metrics(signals: SignalSet, trades: TradeSet, rules: Rules) -> Metrics:
    """Measure what a set of signals earned.

    Parameters
    ----------
    signals, trades : SignalSet, TradeSet
        Equally long. Intervals draw the signals' dates (:mod:`engine.performance.bootstrap`).

    Returns
    -------
    Metrics
        Every percentage is None with fewer than two closed trades. ``profit_factor`` and ``payoff`` are None without losses;
        ``payoff`` also without gains.
    """
    closed = trades.closed
    net, gross = trades.net_pct[closed], trades.gross_pct[closed]
    n = len(net)
    wins = int(np.count_nonzero(net > 0.0))
    gains, losses = net[net > 0.0], net[net < 0.0]
    shown = n >= MIN_FOR_PERCENT
    draws = DateBootstrap(signals.day[closed], rules)
    return Metrics(
        signals=len(signals),
        filled=int(np.count_nonzero(trades.entry_day >= 0)),
        closed=n,
        wins=wins,
        win_rate=draws.mean(win_marks(net)) if shown else Interval(None),
        mean_net_pct=draws.mean(net) if shown else Interval(None),
        median_net_pct=float(np.median(net)) if shown else None,
        mean_gross_pct=float(gross.mean()) if shown else None,
        profit_factor=float(gains.sum() / -losses.sum()) if len(losses) else None,
        has_losses=bool(len(losses)),
        payoff=float(gains.mean() / -losses.mean()) if len(gains) and len(losses) else None,
        expectancy_r=draws.mean(trades.risk_multiple[closed]) if shown else Interval(None),
        best_pct=float(net.max()) if shown else None,
        worst_pct=float(net.min()) if shown else None,
        mean_holding_bars=float(trades.holding_bars[closed].mean()) if n else None,
        by_reason=tuple(
            (reason.name, int(np.count_nonzero(trades.reason == reason)))
            for reason in ExitReason
            if reason != ExitReason.NONE and (trades.reason == reason).any()
        ),
        few=n < rules.life.few_trades,
    )
