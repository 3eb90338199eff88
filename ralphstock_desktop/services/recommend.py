"""What may be bought now, best first (domain.md §8.3): chosen from the scans of the instant, never computed anew.

1. Candidates are open signals of grade S or A: detected VCP patterns of the latest scan, at most one trading day old, and
   closing bets of the same trading day, while the Market Gate is GREEN or YELLOW.
2. A symbol both strategies found is one entry, with the higher comparable score.
3. Order: grade, comparable score, traded value, ticker.

An empty list says why. What fails raises; it never becomes an empty list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np

from engine.calendar.trading_days import TradingCalendar
from engine.explain.reasons import signal_reasons
from engine.model.closing import CLOSING_COMPONENTS, CLOSING_MAX, ClosingRun, SignalPhase
from engine.model.errors import ValidationFailed
from engine.model.gate import GateReading, GateStatus
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import Grade
from engine.scoring.closing_bet import closing_size
from engine.scoring.order_plan import position_size
from engine.scoring.rounding import at_least
from engine.thresholds import OrderPlanThresholds
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, Recommendation, Recommendations, RecordTable
from ralphstock_desktop.strategy_ports import SignalRecord, StrategyStore
from ralphstock_desktop.wording import format as fmt

__all__ = ["MOST", "Choice", "load_and_recommend", "recommend", "trading_days_after"]

Choice = Literal["vcp", "jongga", "both"]
MOST = 20
"""Longest list that may be asked for."""

_WANTED = (Grade.S, Grade.A)
_RANK = {Grade.S: 0, Grade.A: 1}
_MAX_VCP_AGE = 1
_VCP_FULL = 100.0


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One signal with what orders it."""

    entry: Recommendation

    @property
    def order(self) -> tuple[int, float, float, str]:
        value = self.entry.traded_value_krw
        return (
            _RANK[Grade(self.entry.grade)],
            -round(self.entry.score, 2),
            -(value if math.isfinite(value) else -1.0),
            self.entry.ticker,
        )


def recommend(
    *,
    strategy: Choice,
    limit: int,
    as_of: AsOf,
    vcp: ScanPicture | None,
    closing: ClosingPicture | None,
    gate: GateReading | None,
    records: RecordTable | None,
    equity_krw: float,
    signals: Sequence[SignalRecord] | None = None,
    calendar: TradingCalendar | None = None,
) -> Recommendations:
    """Choose from the scans of one instant.

    Parameters
    ----------
    strategy : {"vcp", "jongga", "both"}
        Which signals are asked for.
    limit : int
        Longest list, 1-20.
    vcp, closing : pictures
        The latest completed scans under the standing rules; None where there is none.
    gate : GateReading | None
        None counts as UNKNOWN.
    equity_krw : float
        Account value in won for the quantity; 0 gives quantity 0.
    signals : sequence of SignalRecord, optional
        Stored signals as known at the instant: one that has ended already is no candidate, and after the confirmed flows
        (FLOW_FINAL, for study only) the closing bets are the stored ones.
    calendar : TradingCalendar, optional
        Trading days after the panel's end; without it weekdays count.

    Raises
    ------
    ValidationFailed
        If ``strategy`` or ``limit`` is none of those allowed.
    """
    _check(strategy, limit)
    status = gate.status if gate is not None else GateStatus.UNKNOWN
    if status in (GateStatus.RED, GateStatus.UNKNOWN):
        return Recommendations((), as_of, gate, "GATE_RED" if status is GateStatus.RED else "GATE_UNKNOWN")
    groups: list[tuple[_Candidate, ...]] = []
    if strategy in {"vcp", "both"} and vcp is not None:
        age = trading_days_after(vcp.panel, _day(vcp.panel, vcp.scan.day_index), as_of, calendar)
        if age <= _MAX_VCP_AGE:
            groups.append(_vcp_candidates(vcp, status, records, equity_krw, signals))
    if strategy in {"jongga", "both"} and closing is not None:
        day = _day(closing.panel, closing.scan.day_index)
        if trading_days_after(closing.panel, day, as_of, calendar) == 0 and closing.scan.run is not ClosingRun.PREVIEW:
            groups.append(_closing_candidates(closing, day, records, equity_krw, signals))
    if not groups:
        return Recommendations((), as_of, gate, "STALE_DATA")
    merged = _merged(candidate for group in groups for candidate in group)
    chosen = tuple(candidate.entry for candidate in sorted(merged, key=lambda item: item.order)[:limit])
    return Recommendations(chosen, as_of, gate, "" if chosen else "NO_SIGNALS")


def load_and_recommend(
    store: StrategyStore,
    *,
    strategy: Choice,
    limit: int,
    as_of: AsOf,
    vcp: ScanPicture | None,
    closing: ClosingPicture | None,
    gate: GateReading | None,
    records: RecordTable | None,
    equity_krw: float,
    calendar: TradingCalendar | None = None,
) -> Recommendations:
    """Like :func:`recommend`, with the stored signals of the scans' days read first. Blocking: for a worker.

    Raises
    ------
    StorageError
        If the repository cannot be read; never an empty list instead (domain.md §11-3).
    """
    _check(strategy, limit)
    days = [_day(picture.panel, picture.scan.day_index) for picture in (vcp, closing) if picture is not None]
    signals = store.signals(first=min(days), last=max(days), known_at_ns=as_of.instant_ns) if days else ()
    return recommend(
        strategy=strategy,
        limit=limit,
        as_of=as_of,
        vcp=vcp,
        closing=closing,
        gate=gate,
        records=records,
        equity_krw=equity_krw,
        signals=signals,
        calendar=calendar,
    )


def _check(strategy: str, limit: int) -> None:
    if strategy not in {"vcp", "jongga", "both"}:
        raise ValidationFailed(
            f"'{strategy}' is no choice of recommendations: vcp, jongga or both is expected.",
            key="error.recommend.strategy",
            value=strategy,
        )
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST:
        raise ValidationFailed(
            f"Between 1 and {MOST} recommendations can be asked for; {limit} cannot.",
            key="error.recommend.limit",
            value=str(limit),
            most=MOST,
        )


def _day(panel: MarketPanel, index: int) -> date:
    day: date = panel.days[index].astype("datetime64[D]").item()
    return day


def trading_days_after(panel: MarketPanel, day: date, as_of: AsOf, calendar: TradingCalendar | None = None) -> int:
    """How many trading days lie after ``day`` up to the day of an instant: the age of what was found on ``day``.

    Days of the panel are known; later ones come from the calendar, else every weekday is taken for one.
    """
    today = as_of.day
    known = panel.days[(panel.days > np.datetime64(day, "D")) & (panel.days <= np.datetime64(today, "D"))]
    last = max(day, _day(panel, len(panel.days) - 1))
    count = len(known)
    while last < today:
        last += timedelta(days=1)
        if calendar is not None and calendar.first <= last <= calendar.last:
            count += calendar.is_trading_day(last)
        else:
            count += last.weekday() < 5
    return count


def _ended(signals: Sequence[SignalRecord] | None, strategy: str, day: date, ruleset: str) -> frozenset[str]:
    """Symbols whose stored signal of that day has ended."""
    return frozenset(
        record.signal.ticker
        for record in signals or ()
        if (record.signal.strategy, record.signal.signal_date, record.signal.ruleset) == (strategy, day, ruleset)
        and record.signal.status == "CLOSED"
    )


def _weight_pct(grade: Grade, plan: OrderPlanThresholds) -> float:
    return {Grade.S: plan.s_cap_pct, Grade.A: plan.a_cap_pct, Grade.B: plan.b_cap_pct}.get(grade, 0.0)


def _vcp_candidates(
    picture: ScanPicture,
    status: GateStatus,
    records: RecordTable | None,
    equity_krw: float,
    signals: Sequence[SignalRecord] | None,
) -> tuple[_Candidate, ...]:
    scan, panel, rules = picture.scan, picture.panel, picture.rules
    day = _day(panel, scan.day_index)
    ended = _ended(signals, "VCP", day, scan.ruleset)
    open_rows = scan.pattern & np.isin(scan.grade, _WANTED) & at_least(scan.coverage, rules.vcp.open_coverage)
    found = []
    for row in np.flatnonzero(open_rows).tolist():
        ticker, grade = str(panel.tickers[row]), Grade(int(scan.grade[row]))
        if ticker in ended:
            continue
        entry, stop = float(scan.entry_krw[row]), float(scan.stop_krw[row])
        qty = 0
        if equity_krw > 0 and 0 < stop < entry and math.isfinite(float(scan.mean_value_krw[row])):
            qty = position_size(
                equity_krw=equity_krw,
                entry_krw=entry,
                stop_krw=stop,
                grade=grade,
                mean_value_krw=float(scan.mean_value_krw[row]),
                gate_factor=status.size_factor(rules.gate.yellow_size),
                thresholds=rules.plan,
            )
        score = float(scan.total_score[row])
        found.append(
            _Candidate(
                Recommendation(
                    ticker=ticker,
                    name=str(panel.names[row]),
                    strategies=("VCP",),
                    grade=int(grade),
                    score=score,
                    score_scale=f"{fmt.score(score)}/{_VCP_FULL:g}",
                    entry_krw=entry,
                    stop_krw=stop,
                    target_krw=float(scan.target_krw[row]),
                    qty=qty,
                    weight_pct=_weight_pct(grade, rules.plan),
                    signal_date=day,
                    reasons=signal_reasons(scan, row),
                    traded_value_krw=float(panel.traded_value(row)[0][scan.day_index]),
                    record=records.of("VCP", int(grade)) if records is not None else None,
                )
            )
        )
    return tuple(found)


def _closing_candidates(
    picture: ClosingPicture,
    day: date,
    records: RecordTable | None,
    equity_krw: float,
    signals: Sequence[SignalRecord] | None,
) -> tuple[_Candidate, ...]:
    scan, panel, rules = picture.scan, picture.panel, picture.rules
    ended = _ended(signals, "CLOSING_BET", day, scan.ruleset)
    stored: dict[str, SignalRecord] | None = None
    if scan.run is ClosingRun.FLOW_FINAL and signals is not None:
        stored = {
            record.signal.ticker: record
            for record in signals
            if (record.signal.strategy, record.signal.signal_date, record.signal.ruleset) == ("CLOSING_BET", day, scan.ruleset)
            and not record.signal.superseded
        }
    found = []
    for row in np.flatnonzero(scan.phase != SignalPhase.NONE).tolist() if stored is None else _rows_of(panel, stored):
        ticker = str(panel.tickers[row])
        grade, total, comparable = Grade(int(scan.grade[row])), float(scan.total[row]), float(scan.score_pct[row])
        if stored is not None:
            values = stored[ticker].signal.values
            grade, total, comparable = Grade[values["grade"]], float(values["score"]), float(values["score_pct"])
        if grade not in _WANTED or ticker in ended or not at_least(scan.coverage, rules.vcp.open_coverage)[row]:
            continue
        found.append(
            _Candidate(
                Recommendation(
                    ticker=ticker,
                    name=str(panel.names[row]),
                    strategies=("CLOSING_BET",),
                    grade=int(grade),
                    score=comparable,
                    score_scale=f"{total:g}/{rules.jongga.max_points:g}",
                    entry_krw=float(scan.entry_krw[row]),
                    stop_krw=float(scan.stop_krw[row]),
                    target_krw=float(scan.target_krw[row]),
                    qty=closing_size(scan, row, equity_krw, rules) if equity_krw > 0 else 0,
                    weight_pct=_weight_pct(grade, rules.plan),
                    signal_date=day,
                    reasons=_closing_reasons(picture, row),
                    traded_value_krw=float(scan.value_krw[row]),
                    record=records.of("CLOSING_BET", int(grade)) if records is not None else None,
                )
            )
        )
    return tuple(found)


def _rows_of(panel: MarketPanel, tickers: Iterable[str]) -> list[int]:
    return [row for row in (panel.row_of(ticker) for ticker in tickers) if row is not None]


def _closing_reasons(picture: ClosingPicture, row: int) -> tuple[tuple[str, dict[str, str | int | float]], ...]:
    """Components that earned points, the fullest first; text keys ``recommend.reason.<component>``."""
    points = picture.scan.points[row]
    earned = [
        (float(points[column] / most), name, float(points[column]), most)
        for column, (name, most) in enumerate(zip(CLOSING_COMPONENTS, CLOSING_MAX, strict=True))
        if points[column] > 0
    ]
    earned.sort(key=lambda item: -item[0])
    return tuple((f"recommend.reason.{name}", {"points": f"{value:g}", "most": f"{most:g}"}) for _, name, value, most in earned)


def _merged(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """One entry per symbol: the higher comparable score's, naming both strategies; of equal scores the better grade's."""
    by_ticker: dict[str, _Candidate] = {}
    for candidate in candidates:
        other = by_ticker.get(candidate.entry.ticker)
        if other is None:
            by_ticker[candidate.entry.ticker] = candidate
            continue
        better, worse = sorted(
            (other, candidate), key=lambda item: (-round(item.entry.score, 2), _RANK[Grade(item.entry.grade)])
        )
        both = better.entry.strategies + worse.entry.strategies
        by_ticker[candidate.entry.ticker] = _Candidate(replace(better.entry, strategies=both))
    return list(by_ticker.values())
