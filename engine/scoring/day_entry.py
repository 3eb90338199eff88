"""May a new day-trading position be opened now, and how large (domain.md §§2.11, 4.3, 4.4)."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import Phase, SessionTable, Venue
from engine.calendar.ticks import tick_size
from engine.model.daytrade import DayQuotes, DayTradeScan, EntryBan
from engine.model.gate import GateStatus
from engine.model.instants import kst_ns
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import Grade
from engine.scoring.order_plan import position_size
from engine.thresholds import Rules

__all__ = ["day_trade_size", "entry_bans", "shifted_ns", "tick_rule"]

Bools = npt.NDArray[np.bool_]


def tick_rule(market: npt.NDArray[np.uint8], on: date) -> tuple[int | npt.NDArray[np.uint8], date]:
    """Market and day for tick functions: one table for all stocks since 2023-01-25, which is much quicker than by market."""
    return (1, on) if on >= date(2023, 1, 25) else (market, on)


def shifted_ns(minute: int, day: date, sessions: SessionTable) -> int:
    """A clock time of the opening side on a trading day: it moves with the open."""
    return sessions.open_ns(day) + (minute - 540) * 60_000_000_000


def entry_bans(
    panel: MarketPanel,
    quotes: DayQuotes,
    price: FloatArray,
    upper: FloatArray,
    eligible: Bools,
    stale: Bools,
    gate: GateStatus,
    today: date,
    sessions: SessionTable,
    rules: Rules,
) -> npt.NDArray[np.uint16]:
    """Why no new position may be opened now, as a bit mask per symbol (§§4.3, 4.4).

    An unknown base price bans like the upper limit itself: what cannot be checked is not allowed.
    """
    now, day = quotes.now_ns, rules.daytrading
    everyone = EntryBan.NONE
    if now < shifted_ns(day.entry_from_minute, today, sessions):
        everyone |= EntryBan.TOO_EARLY
    late = sessions.close_ns(today) - kst_ns(today, 15, 30)  # an exam day closes an hour later
    if now > kst_ns(today, day.entry_until_minute // 60, day.entry_until_minute % 60) + late:
        everyone |= EntryBan.TOO_LATE
    trading = any(s.phase is Phase.REGULAR and s.start_ns <= now < s.end_ns for s in sessions.spans(today, Venue.KRX))
    # Nothing traded since the open anywhere: a closed day, whatever the clock says.
    if not trading or not len(quotes.at_ns) or int(quotes.at_ns.max()) < sessions.open_ns(today):
        everyone |= EntryBan.PHASE
    if gate in (GateStatus.RED, GateStatus.UNKNOWN):
        everyone |= EntryBan.GATE
    bans = np.full(len(price), int(everyone), dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        near = ~(upper - price > tick_size(price, *tick_rule(panel.market, today)) + 1e-6)
    has_price = ~np.isnan(price)
    bans[quotes.vi] |= np.uint16(EntryBan.VI)
    bans[has_price & near] |= np.uint16(EntryBan.NEAR_UPPER_LIMIT)
    bans[stale] |= np.uint16(EntryBan.STALE)
    bans[~eligible] |= np.uint16(EntryBan.INELIGIBLE)
    bans[~has_price] |= np.uint16(EntryBan.NO_QUOTE)
    return bans


def day_trade_size(scan: DayTradeScan, row: int, equity_krw: float, rules: Rules) -> int:
    """Shares of a new position: the size rule of §2.11 with the risk and cap of §4.4.

    Returns
    -------
    int
        0 where any entry ban holds, the grade is C or none, the gate asks for a better grade (§5.3), or no price is known.
    """
    grade = Grade(int(scan.grade[row]))
    least = scan.gate.min_grade
    if scan.bans[row] or least is None or grade < least or np.isnan(scan.mean_value_krw[row]):
        return 0
    day = rules.daytrading
    plan = dataclasses.replace(
        rules.plan, risk_pct=day.risk_pct, s_cap_pct=day.cap_pct, a_cap_pct=day.cap_pct, b_cap_pct=day.cap_pct
    )
    return position_size(
        equity_krw=equity_krw,
        entry_krw=float(scan.entry_krw[row]),
        stop_krw=float(scan.stop_krw[row]),
        grade=grade,
        mean_value_krw=float(scan.mean_value_krw[row]),
        gate_factor=scan.gate.size_factor(rules.gate.yellow_size),
        thresholds=plan,
    )
