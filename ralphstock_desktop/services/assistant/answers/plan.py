"""Order plans of a symbol: entry, stop, target, size, and what the gate leaves of the size. Shown, never advised."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from engine.model.closing import SignalPhase
from engine.model.gate import GateStatus
from engine.model.scan import Grade
from engine.thresholds import OrderPlanThresholds
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, letter
from ralphstock_desktop.services.assistant_contracts import Fact, Spans, Target
from ralphstock_desktop.services.strategy_contracts import StrategyName

__all__ = ["GateFacts", "PlanFacts", "gate_sentence", "plan_sentences", "read_gate", "read_plan", "write_plans"]


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """One plan. ``qty`` None where no size was computed."""

    strategy: StrategyName
    entry: Fact
    stop: Fact
    target: Fact
    stop_pct: Fact
    target_pct: Fact
    reward_risk: Fact
    qty: Fact | None
    cap: Fact | None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """State of the gate and what it does to sizes."""

    status: Fact
    score: Fact
    size: Fact
    min_grade: Fact | None


def _target(s: Symbol, strategy: StrategyName) -> Target:
    panel = {"VCP": "evidence", "CLOSING_BET": "closing_card", "DAY_TRADE": "day_checklist"}[strategy]
    return Target("panel", panel=panel, ticker=s.ticker, strategy=strategy, item="plan")


def read_plan(s: Symbol, strategy: StrategyName) -> PlanFacts | None:
    """Take a plan into the book. None where the strategy has none: no pattern, a rejected symbol, or no picture yet."""
    found = _numbers(s, strategy)
    if found is None:
        return None
    entry, stop, goal, grade, qty, known, rules = found
    if not (math.isfinite(entry) and math.isfinite(stop) and math.isfinite(goal) and 0 < stop < entry):
        return None
    target = _target(s, strategy)
    entry_fact = s.fact("plan.entry", entry, "won", target, known_at_ns=known)
    stop_fact = s.fact("plan.stop", stop, "won", target, known_at_ns=known)
    goal_fact = s.fact("plan.target", goal, "won", target, known_at_ns=known)
    against = s.t("formula.against_entry").format(entry=entry_fact.text)
    cap = {Grade.S: rules.s_cap_pct, Grade.A: rules.a_cap_pct, Grade.B: rules.b_cap_pct}.get(Grade(grade))
    return PlanFacts(
        strategy=strategy,
        entry=entry_fact,
        stop=stop_fact,
        target=goal_fact,
        stop_pct=s.fact(
            "plan.stop_pct", 100.0 * (stop / entry - 1.0), "%", target, known_at_ns=known, decimals=1, formula=against
        ),
        target_pct=s.fact(
            "plan.target_pct", 100.0 * (goal / entry - 1.0), "%", target, known_at_ns=known, decimals=1, formula=against
        ),
        reward_risk=s.fact(
            "plan.reward_risk",
            (goal - entry) / (entry - stop),
            "",
            target,
            known_at_ns=known,
            decimals=2,
            formula=s.t("formula.reward_risk").format(entry=entry_fact.text, stop=stop_fact.text, target=goal_fact.text),
        ),
        qty=s.fact("plan.qty", float(qty), "shares", target, known_at_ns=known) if qty is not None else None,
        cap=s.fact("plan.cap_pct", cap, "%", target, plus=False, decimals=0) if cap is not None else None,
    )


_Numbers = tuple[float, float, float, int, int | None, int | None, OrderPlanThresholds]


def _numbers(s: Symbol, strategy: StrategyName) -> _Numbers | None:
    if strategy == "VCP":
        shown = s.pictures.scan
        if shown is None or not shown.scan.pattern[s.row]:
            return None
        scan, row = shown.scan, s.row
        known = s.bar_known_ns(shown.panel.days[scan.day_index].astype("datetime64[D]").item())
        prices = (float(scan.entry_krw[row]), float(scan.stop_krw[row]), float(scan.target_krw[row]))
        on: date = shown.panel.days[scan.day_index].astype("datetime64[D]").item()
        return (*prices, int(scan.grade[row]), _stored_qty(s, on, prices[0]), known, shown.rules.plan)
    if s.pictures.strategies is None:
        return None
    if strategy == "CLOSING_BET":
        closing = s.pictures.strategies.explain_closing(s.ticker) if s.pictures.closing is not None else None
        if closing is None or closing.picture.scan.phase[closing.row] == SignalPhase.NONE:
            return None
        bet, row = closing.picture.scan, closing.row
        told = max((group.known_at_ns for group in closing.groups if group.known_at_ns is not None), default=None)
        prices = (float(bet.entry_krw[row]), float(bet.stop_krw[row]), float(bet.target_krw[row]))
        return (*prices, int(bet.grade[row]), closing.qty, told, closing.picture.rules.plan)
    day = s.pictures.strategies.explain_day_trade(s.ticker) if s.pictures.day is not None else None
    if day is None or not day.picture.scan.eligible[day.row] or day.picture.scan.grade[day.row] < Grade.B:
        return None
    trade, row = day.picture.scan, day.row
    prices = (float(trade.entry_krw[row]), float(trade.stop_krw[row]), float(trade.target_krw[row]))
    return (*prices, int(trade.grade[row]), day.qty, day.picture.quotes.now_ns, day.picture.rules.plan)


def _stored_qty(s: Symbol, day: date, entry: float) -> int | None:
    """Size a pattern was stored or is recommended with, for the account of the settings; None where it has neither."""
    sized = s.sizes.get(s.ticker)
    listed = sized[1] if sized is not None and sized[0] == entry else None
    if s.pictures.strategies is None:
        return None
    for record in s.pictures.strategies.journal.of(s.ticker):
        signal = record.signal
        values = signal.values
        same = signal.strategy == "VCP" and signal.signal_date == day and not signal.superseded
        if same and values.get("entry") == entry and isinstance(values.get("qty"), int):
            return int(values["qty"])
    return listed


def plan_sentences(s: Symbol, plan: PlanFacts) -> list[Spans]:
    """One line of prices, one of size."""
    found = [
        s.say(
            "plan.line",
            strategy=s.t(f"strategy.{plan.strategy}"),
            entry=plan.entry,
            stop=plan.stop,
            stop_pct=plan.stop_pct,
            target=plan.target,
            target_pct=plan.target_pct,
            reward=plan.reward_risk,
        )
    ]
    if plan.qty is not None and plan.qty.value:
        found.append(s.say("plan.qty", qty=plan.qty))
    elif plan.qty is not None:
        found.append(s.say("plan.qty.none"))
    elif plan.cap is None:
        found.append(s.say("plan.watch"))
    if plan.cap is not None:
        found.append(s.say("plan.cap", cap=plan.cap))
    return found


def read_gate(s: Symbol) -> GateFacts | None:
    """Take the gate and its effect into the book; None where it is not there."""
    picture = s.pictures.gate
    if picture is None:
        return None
    reading = picture.reading
    known = min(reading.as_of.instant_ns, s.pictures.now_ns)
    target = Target("gate", panel="gate")
    size = reading.status.size_factor(s.desk.workstation.rules.gate.yellow_size)
    lowest = reading.status.min_grade
    status = reading.status.name
    return GateFacts(
        status=s.word("gate.status", status, s.texts(f"gate.status.{status.lower()}"), target, known_at_ns=known),
        score=s.fact("gate.score", reading.score, "points", target, known_at_ns=known),
        size=s.fact("gate.size", size, "×", target, known_at_ns=known, decimals=1),
        min_grade=s.fact("gate.min_grade", letter(int(lowest)), "grade", target) if lowest is not None else None,
    )


def gate_sentence(s: Symbol, gate: GateFacts) -> Spans:
    """What the gate does to a new order."""
    if gate.min_grade is None:
        key = "gate.unknown" if gate.status.value == GateStatus.UNKNOWN.name else "gate.closed"
        return s.say(key, status=gate.status)
    return s.say("gate.open", status=gate.status, grade=gate.min_grade, size=gate.size)


def write_plans(s: Symbol, strategies: tuple[StrategyName, ...]) -> bool:
    """Write every plan there is, and the gate. False where there is no plan."""
    plans = [plan for plan in (read_plan(s, strategy) for strategy in strategies) if plan is not None]
    for plan in plans:
        s.paragraph(*plan_sentences(s, plan))
    if not plans:
        s.paragraph(s.say("plan.none"))
    gate = read_gate(s)
    if gate is not None:
        s.paragraph(gate_sentence(s, gate))
    return bool(plans)
