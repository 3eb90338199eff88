"""Moves stored open signals on with the bars that came since (domain.md §§7.1, 7.2).

Every life is followed from its own day to the last bar known, by the same loops that backtests use, and only what became
different is written: running it twice changes nothing. Signals the user closed by hand are closed and never looked at again; of
one he took, the rules' trade is written beside his own and the signal stays his.

Readings where the law leaves room:

- A WATCH signal has no order: nothing is ever bought, and it ends (EXPIRED) when its order would have been filled or ended.
- A closing bet is bought only after a complete CONFIRMED run found it; one never confirmed ends with the next official bar.
- A day trade is bought at its live price when a run first found it, and followed on the minute bars after it; without any it
  ends unbought.
- What daily bars show only when they are complete is dated at the close, a fill at the open at the open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.asof.view import known_days
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import ValidationFailed
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.performance import ExitReason, SignalKind, SignalSet, TradeSet
from engine.model.scan import Grade
from engine.performance.life import fill_moments, follow
from engine.performance.life_kernel import AT_OPEN
from engine.scoring.rounding import EPS
from engine.thresholds import DEFAULT_RULES, Rules
from ralphstock_desktop.ports import StoredSignal
from ralphstock_desktop.services.minute_life import (
    NS_PER_MINUTE,
    ORDINARY_OPEN,
    DayMinutes,
    cost_model,
    followed_by_minutes,
    known,
)
from ralphstock_desktop.strategy_ports import SignalRecord, StrategyStore, TradeRecord

__all__ = ["LifeChange", "advance"]

_AT_THE_OPEN = frozenset({ExitReason.STOP_GAP, ExitReason.TARGET_GAP, ExitReason.GAP_UP, ExitReason.GAP_DOWN})


@dataclass(frozen=True, slots=True)
class LifeChange:
    """A step in the life of a stored signal: what it was, and what it has become."""

    record: SignalRecord
    """As it was before."""
    status: str
    phase: str
    reason: str
    """``FILLED`` or the name of an ``ExitReason``."""
    trade: TradeRecord | None
    at_ns: int | None
    """Market instant of the step."""


@dataclass(frozen=True, slots=True)
class _Followed:
    """A signal with its place in the panel."""

    record: SignalRecord
    row: int
    day: int


def advance(
    store: StrategyStore, panel: MarketPanel, rules: Rules, as_of: AsOf, *, calendar: TradingCalendar | None = None
) -> tuple[LifeChange, ...]:
    """Follow every open signal up to an instant and write what became different. Blocking: for a worker.

    Parameters
    ----------
    as_of : AsOf
        The present; nothing later is read.
    calendar : TradingCalendar, optional
        Days after the panel's end, for the settlement day of its last sales.

    Returns
    -------
    tuple of LifeChange
        The steps that were written, oldest first.

    Raises
    ------
    StorageError
        If the repository cannot be read or written; steps written before stay.
    """
    last = known_days(panel, as_of).bar
    by_rules: dict[str, list[_Followed]] = {}
    for record in store.signals(status="OPEN"):
        placed = _placed(record, panel)
        if placed is not None:
            by_rules.setdefault(record.signal.ruleset, []).append(placed)
    if not by_rules:
        return ()
    minutes = DayMinutes(store)
    confirmed, first_found = _Confirmed(store), _FirstFound(store)
    changes: list[LifeChange] = []
    for ruleset, group in by_rules.items():
        own = _rules_of(ruleset, rules, store)
        daily = [item for item in group if item.record.signal.strategy != "DAY_TRADE" and item.day <= last]
        changes += _daily_changes(daily, panel, own, last, minutes, confirmed, calendar)
        for item in group:
            if item.record.signal.strategy == "DAY_TRADE":
                change = _day_trade_change(item, panel, own, as_of, minutes, first_found, calendar)
                if change is not None:
                    changes.append(change)
    changes.sort(key=lambda change: (change.at_ns or 0, change.record.signal.ticker))
    for change in changes:
        _write(store, change)
    return tuple(changes)


def _write(store: StrategyStore, change: LifeChange) -> None:
    signal_id = change.record.signal.id
    if signal_id is not None:
        ended = change.at_ns if change.status == "CLOSED" else None
        store.set_life(signal_id, change.status, change.phase, change.trade, change.reason, ended_ns=ended)


def _placed(record: SignalRecord, panel: MarketPanel) -> _Followed | None:
    """Where a signal stands in the panel; None where it cannot be followed (no symbol, no day, no plan)."""
    signal = record.signal
    row = panel.row_of(signal.ticker)
    day = panel.day_index(np.datetime64(signal.signal_date, "D"))
    prices = [signal.values.get(name) for name in ("entry", "stop", "target")]
    if row is None or any(price is None or not price > 0 for price in prices):
        return None
    if day < 0 or panel.days[day] != np.datetime64(signal.signal_date, "D"):
        # a day trade's own day is in the panel only once its official bar is
        return _Followed(record, row, len(panel.days)) if signal.strategy == "DAY_TRADE" else None
    return _Followed(record, row, day)


def _rules_of(ruleset: str, rules: Rules, store: StrategyStore) -> Rules:
    """The rule set a signal was made with, as far as it is known here; else the standing rules."""
    if ruleset == rules.ruleset_id:
        return rules
    for profile in store.profiles():
        if profile.ruleset == ruleset:
            try:
                return DEFAULT_RULES.replace(profile.changes)
            except ValidationFailed:
                break  # saved by a version with other limits
    return DEFAULT_RULES if ruleset == DEFAULT_RULES.ruleset_id else rules


# -- daily bars -----------------------------------------------------------------------------------------------------------


def _daily_changes(
    items: Sequence[_Followed],
    panel: MarketPanel,
    rules: Rules,
    last: int,
    minutes: DayMinutes,
    confirmed: _Confirmed,
    calendar: TradingCalendar | None,
) -> list[LifeChange]:
    if not items:
        return []
    signals = _signal_set(items, rules)
    trades = follow(panel, signals, rules, last, calendar=calendar)
    bets = (signals.kind == SignalKind.CLOSING_BET) & (trades.reason == ExitReason.TIME_10AM) & (trades.exit_day >= 0)
    by_minutes = np.zeros(len(items), dtype=bool)
    if bets.any():
        mornings = minutes.mornings(panel, signals.row[bets].tolist(), trades.exit_day[bets].tolist())
        if mornings is not None:
            trades = follow(panel, signals, rules, last, mornings=mornings, calendar=calendar)
            by_minutes[bets] = [
                mornings.of(int(signals.row[k]), int(trades.exit_day[k])).stop
                > mornings.of(int(signals.row[k]), int(trades.exit_day[k])).start
                for k in np.flatnonzero(bets)
            ]
    fills = fill_moments(panel, signals, trades)
    changes = []
    for k, item in enumerate(items):
        trade = _trade_of(item, trades, k, panel, rules, at_open=fills[k] == AT_OPEN, by_minutes=bool(by_minutes[k]))
        change = _step(item, trade, trades, k, panel, last, confirmed)
        if change is not None:
            changes.append(change)
    return changes


def _signal_set(items: Sequence[_Followed], rules: Rules) -> SignalSet:
    signals = [item.record.signal for item in items]

    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        values = [signal.values.get(name) for signal in signals]
        return np.array([math.nan if value is None else float(value) for value in values], dtype=np.float64)

    return SignalSet(
        kind=np.array([_kind(signal) for signal in signals], dtype=np.uint8),
        row=np.array([item.row for item in items], dtype=np.int64),
        day=np.array([item.day for item in items], dtype=np.int64),
        grade=np.array([Grade[signal.values.get("grade") or "NONE"] for signal in signals], dtype=np.uint8),
        score=column("score"),
        entry=column("entry"),
        stop=column("stop"),
        target=column("target"),
        pivot=column("pivot"),
        gate=np.full(len(items), GateStatus.UNKNOWN, dtype=np.uint8),
        mean_value_krw=np.full(len(items), np.nan),
        ruleset=rules.ruleset_id,
    )


def _kind(signal: StoredSignal) -> SignalKind:
    if signal.strategy == "CLOSING_BET":
        return SignalKind.CLOSING_BET
    return SignalKind.VCP_BREAKOUT if signal.values.get("state") == "BREAKOUT" else SignalKind.VCP_NEAR_PIVOT


def _date(panel: MarketPanel, index: int) -> date:
    day: date = panel.days[index].astype("datetime64[D]").item()
    return day


def _trade_of(
    item: _Followed, trades: TradeSet, k: int, panel: MarketPanel, rules: Rules, *, at_open: bool, by_minutes: bool
) -> TradeRecord | None:
    if trades.entry_day[k] < 0:
        return None
    signal = item.record.signal
    entry_on = _date(panel, int(trades.entry_day[k]))
    qty = signal.values.get("qty")
    closed = trades.exit_day[k] >= 0
    reason = ExitReason(int(trades.reason[k]))
    exit_ns = None
    if closed:
        exit_on = _date(panel, int(trades.exit_day[k]))
        opened = DEFAULT_SESSIONS.open_ns(exit_on)
        if by_minutes:
            exit_ns = opened + (rules.jongga.exit_minute - ORDINARY_OPEN) * NS_PER_MINUTE
        elif reason in _AT_THE_OPEN or reason is ExitReason.TIME_10AM:
            exit_ns = opened  # policy OPEN: daily bars know the next open only
        else:
            exit_ns = DEFAULT_SESSIONS.close_ns(exit_on)
    return TradeRecord(
        signal_id=signal.id or 0,
        entry_ns=DEFAULT_SESSIONS.open_ns(entry_on) if at_open else DEFAULT_SESSIONS.close_ns(entry_on),
        entry_krw=round(float(trades.entry_price[k])),
        qty=math.floor(qty / float(trades.factor[k]) + EPS) if qty is not None else None,
        exit_ns=exit_ns,
        exit_krw=round(float(trades.exit_price[k])) if closed else None,
        exit_reason=reason.name if closed else "",
        gross_pct=float(trades.gross_pct[k]) if closed else None,
        net_pct=known(trades.net_pct[k]) if closed else None,
        holding_bars=int(trades.holding_bars[k]) if closed else None,
        tax_pct=known(trades.tax_pct[k]) if closed else None,
        cost_model=cost_model(rules),
    )


def _step(
    item: _Followed, trade: TradeRecord | None, trades: TradeSet, k: int, panel: MarketPanel, last: int, confirmed: _Confirmed
) -> LifeChange | None:
    record = item.record
    signal = record.signal
    reason = ExitReason(int(trades.reason[k]))
    if record.taken:
        # The rules' trade goes on beside the user's own, where there was an order at all.
        if trade is None or (record.rule_trade is None and not signal.values.get("qty")):
            return None
        return _changed(record, "OPEN", "ACTIVE", trade)
    if signal.strategy == "CLOSING_BET" and not confirmed.holds(signal):
        if last <= item.day:
            return None
        return _ended(record, DEFAULT_SESSIONS.official_bar_ns(_date(panel, item.day + 1)))
    if signal.phase == "WATCH":
        if reason is ExitReason.EXPIRED:
            return _ended(record, DEFAULT_SESSIONS.official_bar_ns(_date(panel, int(trades.exit_day[k]))))
        if trades.entry_day[k] >= 0:
            return _ended(record, DEFAULT_SESSIONS.official_bar_ns(_date(panel, int(trades.entry_day[k]))))
        return None
    if reason is ExitReason.EXPIRED:
        return _ended(record, DEFAULT_SESSIONS.official_bar_ns(_date(panel, int(trades.exit_day[k]))))
    if trade is None:
        return None
    if trade.exit_ns is None:
        return _changed(record, "OPEN", "ACTIVE", trade)
    return _changed(record, "CLOSED", "DONE", trade)


def _ended(record: SignalRecord, at_ns: int) -> LifeChange:
    return LifeChange(record, "CLOSED", "DONE", ExitReason.EXPIRED.name, None, at_ns)


def _changed(record: SignalRecord, status: str, phase: str, trade: TradeRecord) -> LifeChange | None:
    if (record.signal.status, record.signal.phase, record.rule_trade) == (status, phase, trade):
        return None
    at_ns = trade.exit_ns if trade.exit_ns is not None else trade.entry_ns
    return LifeChange(record, status, phase, trade.exit_reason or "FILLED", trade, at_ns)


# -- closing bets and day trades -------------------------------------------------------------------------------------------


class _Confirmed:
    """Which closing bets a complete CONFIRMED run found."""

    def __init__(self, store: StrategyStore) -> None:
        self._store = store
        self._found: dict[tuple[date, str], frozenset[str]] = {}

    def holds(self, signal: StoredSignal) -> bool:
        """Whether a signal was confirmed on the official bar."""
        key = (signal.signal_date, signal.ruleset)
        if key not in self._found:
            runs = self._store.runs("CLOSING_BET", signal.signal_date)
            self._found[key] = frozenset(
                ticker
                for run in runs
                if (run.record.mode, run.record.state, run.record.ruleset) == ("CONFIRMED", "COMPLETE", signal.ruleset)
                for ticker in run.tickers
            )
        return signal.ticker in self._found[key]


def _day_trade_change(
    item: _Followed,
    panel: MarketPanel,
    rules: Rules,
    as_of: AsOf,
    minutes: DayMinutes,
    first_found: _FirstFound,
    calendar: TradingCalendar | None,
) -> LifeChange | None:
    record = item.record
    signal = record.signal
    on = signal.signal_date
    batch = minutes.of(on).get(signal.ticker)
    bought_ns = first_found.at_ns(signal)
    trade = None
    # A day that is replayed again holds what an earlier replay bought later on it.
    known = bought_ns is not None and bought_ns <= as_of.instant_ns
    if batch is not None and bought_ns is not None and known and signal.phase != "WATCH":
        trade = followed_by_minutes(signal, bought_ns, batch, panel, item.row, rules, as_of, calendar)
    if trade is None:
        official = DEFAULT_SESSIONS.official_bar_ns(on)
        is_over = official <= as_of.instant_ns and not record.taken and signal.phase in {"WATCH", "PENDING"}
        return _ended(record, official) if is_over else None
    if record.taken or trade.exit_ns is None:
        return _changed(record, "OPEN", "ACTIVE", trade)
    return _changed(record, "CLOSED", "DONE", trade)


class _FirstFound:
    """When the first run of a day found a day trade: the moment of its live price."""

    def __init__(self, store: StrategyStore) -> None:
        self._store = store
        self._found: dict[tuple[date, str], dict[str, int]] = {}

    def at_ns(self, signal: StoredSignal) -> int | None:
        """Instant in UTC nanoseconds; None where no run of its own day found it."""
        key = (signal.signal_date, signal.ruleset)
        if key not in self._found:
            moments: dict[str, int] = {}
            for run in self._store.runs("DAY_TRADE", signal.signal_date):  # newest first: the oldest one stays
                if run.record.ruleset == signal.ruleset and run.record.as_of.day == signal.signal_date:
                    moments.update(dict.fromkeys(run.tickers, run.record.as_of.instant_ns))
            self._found[key] = moments
        return self._found[key].get(signal.ticker)
