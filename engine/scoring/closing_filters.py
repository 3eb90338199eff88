"""Mandatory filters of the closing bet: which ones every symbol fails, and one symbol's as chips (domain.md §§1.3, 3.3)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.features.closing_measures import ClosingMeasures
from engine.model.closing import CLOSING_COMPONENTS, ClosingBetScan, Rejection
from engine.model.gate import GateStatus
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.news import NewsPoints
from engine.model.panel import MarketPanel
from engine.model.scan import Grade, ScoreStatus
from engine.scoring.rounding import at_least, at_most
from engine.thresholds import ClosingBetThresholds, Rules

__all__ = ["ALERT_MARKS", "HALT_MARKS", "Filter", "closing_filters", "rejections"]

_NEWS = CLOSING_COMPONENTS.index("news")
HALT_MARKS = DesignationFlag.HALT | DesignationFlag.CLEANUP
ALERT_MARKS = (
    DesignationFlag.ADMIN
    | DesignationFlag.CAUTION_ISSUE
    | DesignationFlag.WARNING
    | DesignationFlag.DANGER
    | DesignationFlag.OVERHEAT
)

Bools = npt.NDArray[np.bool_]
Filter = tuple[str, bool | None, dict[str, str | int | float]]
"""Code, whether it is passed (None where it cannot be judged), and the numbers of its sentence (NaN where missing)."""


def rejections(
    panel: MarketPanel, day: int, m: ClosingMeasures, news: NewsPoints, jongga: ClosingBetThresholds
) -> npt.NDArray[np.uint16]:
    """Every mandatory filter a symbol fails (§3.3). What needs a bar is not judged where there is none."""
    tradable = m.tradable
    designation = panel.designation[:, day]
    listed = (panel.market == Market.KOSPI) | (panel.market == Market.KOSDAQ)
    # An unknown base price makes the change missing, which fails; the limit test is then not made (App. C §3.3, §1.7).
    in_range = at_least(m.change_pct, jongga.min_change_pct) & at_most(m.change_pct, jongga.max_change_pct)
    failed: tuple[tuple[Rejection, Bools], ...] = (
        (Rejection.UNIVERSE, ~listed | (panel.security_type != SecurityType.COMMON)),
        (Rejection.HALTED, (designation & int(HALT_MARKS)) != 0),
        (Rejection.ALERT, (designation & int(ALERT_MARKS)) != 0),
        (Rejection.PRICE_LT_1000, tradable & ~at_least(m.close, jongga.min_close_krw)),
        (Rejection.TRADING_VALUE_LT_100B, tradable & ~at_least(m.value_krw, jongga.min_value_krw)),
        (Rejection.CHANGE_OUT_OF_RANGE, tradable & ~in_range),
        (Rejection.LIMIT_UP, tradable & at_least(m.close, m.upper_limit)),
        (Rejection.LISTED_LT_20, m.n_bars < jongga.min_bars),
        (Rejection.NEWS_VETO, news.veto),
        (Rejection.NOT_TRADABLE, ~tradable),
    )
    rejected = np.zeros(len(tradable), dtype=np.uint16)
    for reason, mask in failed:
        rejected[mask] |= np.uint16(reason)
    return rejected


def closing_filters(scan: ClosingBetScan, panel: MarketPanel, row: int, rules: Rules) -> tuple[Filter, ...]:
    """Return the ten mandatory filters of one symbol in the order of §3.3, the gate last.

    A symbol without a bar on the day has an eleventh, ``NOT_TRADABLE``, and what needs the bar is not judged. ``LIMIT_UP`` is
    not judged without a base price, ``NEWS_VETO`` not where news are missing, ``GATE`` not while the gate is UNKNOWN. The gate
    holds back what it keeps at WATCH: everything in RED, grade B in YELLOW.
    """
    jongga = rules.jongga
    rejected, marks = Rejection(int(scan.rejected[row])), DesignationFlag(int(panel.designation[row, scan.day_index]))
    no_bar = bool(rejected & Rejection.NOT_TRADABLE)
    no_limit = no_bar or bool(np.isnan(scan.upper_limit[row]))
    no_news = scan.status[row, _NEWS] == ScoreStatus.MISSING and not rejected & Rejection.NEWS_VETO
    close, change = float(scan.close[row]), float(scan.change_pct[row])
    grade = Grade(int(scan.grade[row]))
    gate = None if scan.gate is GateStatus.UNKNOWN else scan.gate.min_grade is not None and grade not in _below(scan.gate)

    def of(reason: Rejection, fields: dict[str, str | int | float], *, open_question: bool = False) -> Filter:
        return reason.name or "", None if open_question else not rejected & reason, fields

    filters: tuple[Filter, ...] = (
        of(
            Rejection.UNIVERSE,
            {"market": Market(int(panel.market[row])).name, "type": SecurityType(int(panel.security_type[row])).name},
        ),
        of(Rejection.HALTED, {"marks": _names(marks & HALT_MARKS)}),
        of(Rejection.ALERT, {"marks": _names(marks & ALERT_MARKS)}),
        of(Rejection.PRICE_LT_1000, {"close": close, "need": jongga.min_close_krw}, open_question=no_bar),
        of(
            Rejection.TRADING_VALUE_LT_100B,
            {"value": float(scan.value_krw[row]), "need": jongga.min_value_krw},
            open_question=no_bar,
        ),
        of(
            Rejection.CHANGE_OUT_OF_RANGE,
            {"change": change, "low": jongga.min_change_pct, "high": jongga.max_change_pct},
            open_question=no_bar,
        ),
        of(Rejection.LIMIT_UP, {"close": close, "limit": float(scan.upper_limit[row])}, open_question=no_limit),
        of(Rejection.LISTED_LT_20, {"bars": int(scan.n_bars[row]), "need": jongga.min_bars}),
        of(Rejection.NEWS_VETO, {}, open_question=no_news),
        ("GATE", gate, {"gate": scan.gate.name, "grade": grade.name}),
    )
    return (*filters, of(Rejection.NOT_TRADABLE, {})) if no_bar else filters


def _below(gate: GateStatus) -> tuple[Grade, ...]:
    """Grades of a signal that the gate's minimum keeps at WATCH."""
    lowest = gate.min_grade
    return tuple(grade for grade in Grade if grade >= Grade.B and (lowest is None or grade < lowest))


def _names(marks: DesignationFlag) -> str:
    return ", ".join(mark.name or "" for mark in DesignationFlag if mark and mark in marks)
