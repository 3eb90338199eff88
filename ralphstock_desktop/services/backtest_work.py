"""The number crunching of backtests, without threads, channels or a repository: importable, so that processes can run it.

:func:`scan_part` turns some days into signals under several rule sets at once: what depends on bars is measured once a day
and scored under each rule set. :func:`record_rows` turns signals into the record beside each grade.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.asof.view import KnownDays, known_days
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.features import acceleration as scan_acceleration
from engine.features.closing_measures import ClosingMeasures, measure_closing, same_windows
from engine.features.day_measures import measure_prior
from engine.features.vcp_measures import VcpMeasures
from engine.model.closing import ClosingRun
from engine.model.errors import ValidationFailed
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.market_series import MarketSeries
from engine.model.news import NewsPoints
from engine.model.panel import MarketPanel
from engine.model.performance import Interval, RecordRow, SignalKind, SignalSet
from engine.model.scan import Grade, ScoreStatus
from engine.news.market import NewsIndex
from engine.performance import acceleration as life_acceleration
from engine.performance.life import bars_of, follow
from engine.performance.record import ALL_GRADES, CLOSE_PROXY, Universe, closing_universe, records
from engine.performance.signals import (
    checklist_day_signals,
    closing_day_signals,
    empty_signals,
    gate_by_day,
    join_signals,
    vcp_day_signals,
)
from engine.scoring.closing_bet import flow_day_of, score_under
from engine.scoring.day_trade import quotes_from_bars, score_day_trade
from engine.scoring.gate import gate_history
from engine.scoring.vcp import measure_day, score
from engine.thresholds import Rules
from ralphstock_desktop.services.strategy_contracts import StrategyName

__all__ = [
    "MAX_RULE_SETS",
    "BacktestMarket",
    "DayScans",
    "day_date",
    "day_parts",
    "joined_scans",
    "record_rows",
    "rule_grid",
    "scan_part",
    "universe_of",
    "with_gate",
]

MAX_RULE_SETS = 500
"""Rule sets of one search; more would say more about luck than about rules."""
_DAYS_A_PART = 12


@dataclass(frozen=True, eq=False)
class BacktestMarket:
    """What a backtest reads of one market.

    ``news`` are the items of the whole period, ``collected`` says for which panel days a collector worked, so that "no item"
    means there was none. ``gate`` holds the gate of every panel day by rule-set id (:func:`with_gate`).
    """

    panel: MarketPanel
    series: MarketSeries | None
    news: NewsIndex | None
    collected: npt.NDArray[np.bool_]
    gate: dict[str, npt.NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class DayScans:
    """Signals of some days by rule set, in the order of the rule sets; who was eligible under the first one."""

    days: npt.NDArray[np.int64]
    signals: tuple[SignalSet, ...]
    eligible: npt.NDArray[np.bool_]
    """(symbols, days)"""


def day_date(panel: MarketPanel, index: int) -> date:
    """Calendar day of a panel day."""
    day: date = panel.days[index].astype("datetime64[D]").item()
    return day


def day_parts(first: int, last: int) -> list[tuple[int, ...]]:
    """The days of a period in parts of about a dozen, ascending."""
    return [tuple(range(begin, min(begin + _DAYS_A_PART, last + 1))) for begin in range(first, last + 1, _DAYS_A_PART)]


def rule_grid(base: Rules, search: Sequence[tuple[str, tuple[float, ...]]]) -> tuple[Rules, ...]:
    """The standing rules first, then every other combination of a search grid.

    Raises
    ------
    ValidationFailed
        If a threshold does not exist or a value is out of range, or the grid is larger than ``MAX_RULE_SETS``.
    """
    size = int(np.prod([len(values) for _, values in search], dtype=np.int64)) if search else 1
    if size > MAX_RULE_SETS:
        raise ValidationFailed(
            f"A search may try {MAX_RULE_SETS} rule sets; {size} are too many.",
            key="error.backtest_search",
            count=size,
            limit=MAX_RULE_SETS,
        )
    found = {base.ruleset_id: base}
    if search:
        names = [name for name, _ in search]
        for values in itertools.product(*(values for _, values in search)):
            rules = base.replace(dict(zip(names, values, strict=True)))
            found.setdefault(rules.ruleset_id, rules)
    return tuple(found.values())


def with_gate(market: BacktestMarket, rule_sets: Sequence[Rules]) -> BacktestMarket:
    """The market with the gate of every day under each rule set; UNKNOWN where there are no index series."""
    gate: dict[str, npt.NDArray[np.uint8]] = {}
    by_rules: dict[Any, npt.NDArray[np.uint8]] = {}
    for rules in rule_sets:
        parts = (rules.gate, rules.universe)
        if parts not in by_rules:
            history = gate_history(market.panel, market.series, rules) if market.series is not None else None
            by_rules[parts] = gate_by_day(market.panel, history)
        gate[rules.ruleset_id] = by_rules[parts]
    return BacktestMarket(market.panel, market.series, market.news, market.collected, gate)


def scan_part(market: BacktestMarket, strategy: StrategyName, rule_sets: tuple[Rules, ...], days: tuple[int, ...]) -> DayScans:
    """Scan some panel days under every rule set. Each day is seen as of its own instant, whatever comes after it."""
    scan_acceleration.accelerate()
    by_rules: list[list[SignalSet]] = [[] for _ in rule_sets]
    eligible = np.zeros((len(market.panel.tickers), len(days)), dtype=bool)
    scanner = {"VCP": _scan_vcp, "CLOSING_BET": _scan_closing, "DAY_TRADE": _scan_checklist}[strategy]
    for column, day in enumerate(days):
        for place, (signals, members) in enumerate(scanner(market, rule_sets, day)):
            by_rules[place].append(signals)
            if place == 0 and members is not None:
                eligible[:, column] = members
    joined = tuple(join_signals(parts, rules.ruleset_id) for parts, rules in zip(by_rules, rule_sets, strict=True))
    return DayScans(np.asarray(days, dtype=np.int64), joined, eligible)


_Found = list[tuple[SignalSet, npt.NDArray[np.bool_] | None]]


def _scan_vcp(market: BacktestMarket, rule_sets: tuple[Rules, ...], day: int) -> _Found:
    panel = market.panel
    as_of = AsOf.end_of(day_date(panel, day))
    known = known_days(panel, as_of)
    measured: dict[Any, VcpMeasures] = {}
    found: _Found = []
    for rules in rule_sets:
        key = _structure(rules)
        if key not in measured:
            measured[key] = measure_day(panel, known, rules)
        result = score(panel, as_of, known, measured[key], rules)
        found.append((vcp_day_signals(result, _gate(market, rules, day)), result.ineligible == 0))
    return found


def _structure(rules: Rules) -> tuple[float, ...]:
    """The thresholds that measuring depends on; all others only score."""
    vcp = rules.vcp
    return (
        vcp.min_theta_pct,
        vcp.base_window_bars,
        vcp.right_gap_bars,
        vcp.high_slack,
        vcp.tight_min_pct,
        vcp.tight_bars,
        vcp.merge_ratio,
        rules.universe.mean_value_bars,
        rules.smartmoney.window_days,
    )


def _scan_closing(market: BacktestMarket, rule_sets: tuple[Rules, ...], day: int) -> _Found:
    panel = market.panel
    as_of = AsOf(DEFAULT_SESSIONS.official_bar_ns(day_date(panel, day)))
    flow_day = flow_day_of(ClosingRun.CONFIRMED, day, known_days(panel, as_of).flow)
    measured: list[tuple[Rules, ClosingMeasures]] = []
    news: dict[Any, NewsPoints] = {}
    found: _Found = []
    for rules in rule_sets:
        measures = next((measures for other, measures in measured if same_windows(other, rules)), None)
        if measures is None:
            measures = measure_closing(panel, day, flow_day, rules)
            measured.append((rules, measures))
        if rules.news not in news:
            news[rules.news] = _news(market, as_of, day, rules)
        gate = GateStatus(_gate(market, rules, day))
        run = ClosingRun.CONFIRMED
        result = score_under(panel, as_of, run, day, flow_day, measures, news[rules.news], gate, rules)
        found.append((closing_day_signals(result), None))
    return found


def _news(market: BacktestMarket, as_of: AsOf, day: int, rules: Rules) -> NewsPoints:
    if market.news is not None and market.collected[day]:
        return market.news.score(as_of.instant_ns, rules, collected=True)[0]
    symbols = len(market.panel.tickers)
    return NewsPoints(
        points=np.full(symbols, np.nan),
        status=np.full(symbols, ScoreStatus.MISSING, dtype=np.uint8),
        net=np.full(symbols, np.nan),
        peak=np.full(symbols, np.nan),
        veto=np.zeros(symbols, dtype=np.bool_),
        clusters=np.zeros(symbols, dtype=np.int32),
        ruleset=rules.ruleset_id,
    )


def _scan_checklist(market: BacktestMarket, rule_sets: tuple[Rules, ...], day: int) -> _Found:
    panel = market.panel
    if day < 1:
        return [(empty_signals(rules.ruleset_id), None) for rules in rule_sets]
    closed_ns = DEFAULT_SESSIONS.close_ns(day_date(panel, day))
    known: KnownDays = known_days(panel, AsOf(closed_ns))
    quotes = quotes_from_bars(panel, day, closed_ns)
    found: _Found = []
    for rules in rule_sets:
        prior = measure_prior(panel, day - 1, min(known.flow, day - 1), rules)
        result = score_day_trade(panel, prior, quotes, rules, None)
        signals = checklist_day_signals(result, day)
        gate = np.full(len(signals), _gate(market, rules, day), dtype=np.uint8)
        found.append((replace(signals, gate=gate), None))
    return found


def _gate(market: BacktestMarket, rules: Rules, day: int) -> int:
    return int(market.gate[rules.ruleset_id][day])


def joined_scans(parts: Sequence[DayScans], rule_sets: Sequence[Rules]) -> DayScans:
    """The parts of a period as one."""
    return DayScans(
        days=np.concatenate([part.days for part in parts]),
        signals=tuple(
            join_signals([part.signals[place] for part in parts], rules.ruleset_id) for place, rules in enumerate(rule_sets)
        ),
        eligible=np.concatenate([part.eligible for part in parts], axis=1),
    )


def universe_of(market: BacktestMarket, strategy: StrategyName, scans: DayScans, rules: Rules) -> Universe:
    """Who could have been bought on each day scanned."""
    if strategy == "VCP":
        return Universe(scans.days, scans.eligible)
    return closing_universe(market.panel, scans.days, rules)


def record_rows(
    market: BacktestMarket, strategy: StrategyName, scans: DayScans, rules: Rules, tries: int, last_day: int
) -> tuple[RecordRow, ...]:
    """The record of one strategy from its signals up to a panel day; rows with n = 0 where there was no signal."""
    life_acceleration.accelerate()
    signals = scans.signals[0]
    signals = signals.where(signals.day <= last_day)
    if not len(signals):
        return tuple(_nothing(strategy, grade, tries) for grade in (ALL_GRADES, Grade.S, Grade.A, Grade.B, Grade.C))
    ready = bars_of(market.panel)
    trades = follow(market.panel, signals, rules, last_day, bars=ready)
    universe = universe_of(market, strategy, scans, rules)
    return records(market.panel, signals, trades, rules, tries, universe, last_day, bars=ready)


def _nothing(strategy: str, grade: int, tries: int) -> RecordRow:
    none = Interval(None)
    label = CLOSE_PROXY if strategy == SignalKind.CLOSING_BET.strategy else ""
    return RecordRow(strategy, int(grade), 0, none, none, None, none, tries, "", "", False, label)
