"""Equity curve of a portfolio that follows the signals (domain.md §7.5, sizes §§2.11, 3.6).

Order of a day: corporate actions of held positions, exits at the open, VCP purchases, exits inside the day, closing bets
bought at the close, exits at the close, marking to market. No sale pays for an earlier purchase.

Readings: the account value that sizes a position is the last close's; planned entry and stop are in the price scale of the
fill day, the quantity is also held to the cash there is at the price paid; among purchases of one day the better grade, then
score, then traded value goes first; a stock already held, or a repeat of its waiting signal, is not bought twice; losses of
closing bets are summed over the day and the calendar week of their sale, in R of that day's account value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.model.gate import GateStatus
from engine.model.market_series import DaySeries, MarketSeries
from engine.model.panel import FloatArray, MarketPanel
from engine.model.performance import Equity, ExitReason, SignalKind, SignalSet, TradeSet
from engine.model.scan import Grade
from engine.performance.costs import per_side_pct
from engine.performance.life import first_signals
from engine.scoring.order_plan import position_size
from engine.scoring.rounding import EPS
from engine.thresholds import Rules

__all__ = ["equity_curve", "max_drawdown_pct", "sharpe_ratio"]

_AT_OPEN = {ExitReason.STOP_GAP, ExitReason.TARGET_GAP, ExitReason.GAP_UP, ExitReason.GAP_DOWN, ExitReason.TIME_10AM}
_AT_CLOSE = {ExitReason.TIME, ExitReason.DELISTED}


def max_drawdown_pct(values: FloatArray, start: float) -> float:
    """Largest fall from a running peak in percent, a positive number; the start capital is the first peak."""
    path = np.concatenate([[start], values])
    peak = np.maximum.accumulate(path)
    return float(np.max((peak - path) / peak) * 100.0)


def sharpe_ratio(values: FloatArray, start: float, rules: Rules) -> float | None:
    """Mean over standard deviation (n-1) of daily returns × √250; cash earns 0, so returns are excess returns.

    None with fewer than ``life.sharpe_days`` days, or where the value never moved.
    """
    path = np.concatenate([[start], values])
    returns = path[1:] / path[:-1] - 1.0
    if len(returns) < rules.life.sharpe_days:
        return None
    spread = float(np.std(returns, ddof=1))
    return float(np.mean(returns) / spread * np.sqrt(rules.life.year_days)) if spread > 0.0 else None


@dataclass(slots=True)
class _Position:
    signal: int
    row: int
    quantity: int
    entry_day: int
    paid_krw: float
    closing: bool
    payout_krw: float = 0.0


@dataclass(slots=True)
class _Losses:
    """Net result of closing bets by day and week of the sale, in R."""

    day: int = -1
    week: int = -1
    day_r: float = 0.0
    week_r: float = 0.0

    def move_to(self, day: int, week: int) -> None:
        if week != self.week:
            self.week, self.week_r = week, 0.0
        if day != self.day:
            self.day, self.day_r = day, 0.0


@dataclass(slots=True)
class _Account:
    cash: float
    value: float
    held: list[_Position] = field(default_factory=list)
    losses: _Losses = field(default_factory=_Losses)


def equity_curve(
    panel: MarketPanel,
    signals: SignalSet,
    trades: TradeSet,
    rules: Rules,
    start_krw: float,
    series: MarketSeries | None,
    first_day: int | None = None,
    last_day: int | None = None,
) -> Equity:
    """Follow the signals with one account.

    Parameters
    ----------
    signals, trades : SignalSet, TradeSet
        All signals; the gate and the grade decide which may be bought (domain.md §5.3).
    start_krw : float
        Capital in won.
    series : MarketSeries | None
        Indices for the benchmarks.
    first_day, last_day : int, optional
        Panel days of the curve; from the first signal (or the first day) to the last day.

    Returns
    -------
    Equity
        ``taken`` marks the signals that found a place, a quantity and the money. Benchmarks are index returns from the first to
        the last close of the curve, None where not recorded.
    """
    last = len(panel.days) - 1 if last_day is None else last_day
    first = first_day if first_day is not None else (int(signals.day.min()) if len(signals) else 0)
    span = last - first + 1
    value, invested, positions = np.zeros(span), np.zeros(span), np.zeros(span, dtype=np.int64)
    taken = np.zeros(len(signals), dtype=bool)
    account = _Account(cash=start_krw, value=start_krw)
    buys = _by_day(np.flatnonzero(_allowed(signals, trades)), trades.entry_day, signals)
    sells: dict[int, list[int]] = {}
    weeks = (panel.days.astype("datetime64[D]").astype(np.int64) + 3) // 7  # weeks begin on Monday
    closes = _carried(panel)
    for place, day in enumerate(range(first, last + 1)):
        _adjust(panel, account, day, closes)
        ending = [k for k in sells.pop(day, []) if taken[k]]
        account.losses.move_to(day, int(weeks[day]))
        _sell(account, trades, rules, [k for k in ending if trades.reason[k] in _AT_OPEN])
        for k in buys.get(day, []):
            if signals.kind[k] != SignalKind.CLOSING_BET:
                _buy(panel, account, signals, trades, rules, k, taken, sells)
        ending += [k for k in sells.pop(day, []) if taken[k]]
        _sell(account, trades, rules, [k for k in ending if trades.reason[k] not in _AT_OPEN | _AT_CLOSE])
        for k in buys.get(day, []):
            if signals.kind[k] == SignalKind.CLOSING_BET:
                _buy(panel, account, signals, trades, rules, k, taken, sells)
        _sell(account, trades, rules, [k for k in ending if trades.reason[k] in _AT_CLOSE])
        invested[place] = sum(position.quantity * closes[position.row, day] for position in account.held)
        positions[place] = len(account.held)
        account.value = value[place] = account.cash + invested[place]
    return Equity(
        day_index=np.arange(first, last + 1, dtype=np.int64),
        value_krw=value,
        invested_krw=invested,
        positions=positions,
        start_krw=start_krw,
        cumulative_pct=100.0 * (float(value[-1]) / start_krw - 1.0) if span > 0 else 0.0,
        max_drawdown_pct=max_drawdown_pct(value, start_krw),
        sharpe=sharpe_ratio(value, start_krw, rules),
        kospi_pct=_index_pct(panel, series.kospi if series else None, first, last),
        kosdaq_pct=_index_pct(panel, series.kosdaq if series else None, first, last),
        taken=taken,
    )


def _carried(panel: MarketPanel) -> FloatArray:
    """Close of each day in that day's price scale, shape of the panel; where a stock did not trade, its last one carried on."""
    days = np.arange(panel.valid.shape[1])
    last = np.maximum.accumulate(np.where(panel.valid, days, -1), axis=1)
    rows = np.arange(panel.valid.shape[0])[:, None]
    known = last >= 0
    place = np.where(known, last, 0)
    return np.where(known, panel.close_krw[rows, place] * (panel.factor / panel.factor[rows, place]), np.nan)


def _allowed(signals: SignalSet, trades: TradeSet) -> npt.NDArray[np.bool_]:
    """Filled signals an order would have stood for: no repeat, and the gate lets the grade in."""
    lowest = np.full(len(GateStatus), len(Grade), dtype=np.int64)
    for status in GateStatus:
        if status.min_grade is not None:
            lowest[status] = int(status.min_grade)
    return (trades.entry_day >= 0) & first_signals(signals, trades) & (signals.grade >= lowest[signals.gate])


def _by_day(places: npt.NDArray[np.intp], days: npt.NDArray[np.int64], signals: SignalSet) -> dict[int, list[int]]:
    """Purchases by entry day, best first: grade, score, traded value."""
    order = np.lexsort((-signals.mean_value_krw[places], -signals.score[places], -signals.grade[places].astype(np.int64)))
    result: dict[int, list[int]] = {}
    for k in places[order].tolist():
        result.setdefault(int(days[k]), []).append(k)
    return result


def _adjust(panel: MarketPanel, account: _Account, day: int, closes: FloatArray) -> None:
    """Corporate actions overnight: price × f, quantity ÷ f rounded down, the fraction paid out at the adjusted close."""
    for position in account.held:
        if day <= position.entry_day:
            continue
        f = float(panel.factor[position.row, day] / panel.factor[position.row, day - 1])
        if f == 1.0:
            continue
        exact = position.quantity / f
        whole = int(np.floor(exact + EPS))
        paid_out = max(exact - whole, 0.0) * float(closes[position.row, day - 1]) * f
        account.cash += paid_out
        position.payout_krw += paid_out
        position.quantity = whole


def _buy(
    panel: MarketPanel,
    account: _Account,
    signals: SignalSet,
    trades: TradeSet,
    rules: Rules,
    k: int,
    taken: npt.NDArray[np.bool_],
    sells: dict[int, list[int]],
) -> None:
    closing = signals.kind[k] == SignalKind.CLOSING_BET
    row, day = int(signals.row[k]), int(trades.entry_day[k])
    own = [position for position in account.held if position.closing == closing]
    room = rules.jongga.max_positions if closing else rules.life.max_vcp_positions
    if account.value <= 0.0 or len(own) >= room or any(position.row == row for position in own):
        return
    losses, limits = account.losses, rules.jongga
    if closing and (losses.day_r <= -limits.daily_loss_r + EPS or losses.week_r <= -limits.weekly_loss_r + EPS):
        return
    scale = float(panel.factor[row, day] / panel.factor[row, signals.day[k]])
    quantity = position_size(
        equity_krw=account.value,
        entry_krw=float(signals.entry[k]) * scale,
        stop_krw=float(signals.stop[k]) * scale,
        grade=Grade(int(signals.grade[k])),
        mean_value_krw=float(signals.mean_value_krw[k]),
        gate_factor=GateStatus(int(signals.gate[k])).size_factor(rules.gate.yellow_size),
        thresholds=rules.plan,
    )
    # trades hold the entry in the scale of the exit day
    unit = float(trades.entry_price[k]) * scale / float(trades.factor[k]) * (1.0 + per_side_pct(rules.cost) / 100.0)
    quantity = min(quantity, int(np.floor(account.cash / unit + EPS)))
    if quantity < 1:
        return
    account.cash -= quantity * unit
    account.held.append(_Position(k, row, quantity, day, quantity * unit, closing))
    taken[k] = True
    if trades.exit_day[k] >= 0:
        sells.setdefault(int(trades.exit_day[k]), []).append(k)


def _sell(account: _Account, trades: TradeSet, rules: Rules, ending: list[int]) -> None:
    for k in ending:
        position = next(position for position in account.held if position.signal == k)
        rate = 1.0 - (per_side_pct(rules.cost) + float(trades.tax_pct[k])) / 100.0
        received = position.quantity * float(trades.exit_price[k]) * rate
        account.cash += received
        account.held.remove(position)
        if position.closing:
            result = received + position.payout_krw - position.paid_krw
            in_r = result / (rules.plan.risk_pct / 100.0 * account.value)
            account.losses.day_r += in_r
            account.losses.week_r += in_r


def _index_pct(panel: MarketPanel, index: DaySeries | None, first: int, last: int) -> float | None:
    if index is None or not len(index.days):
        return None
    levels = []
    for day in (first, last):
        place = index.until(panel.days[day]) - 1
        if place < 0 or not np.isfinite(index.close[place]):
            return None
        levels.append(float(index.close[place]))
    return 100.0 * (levels[1] / levels[0] - 1.0)
