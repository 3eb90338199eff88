"""Columns of the watch lists and of their alerts (screen 0110). The measures are those of the symbol list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.model.instants import AsOf
from engine.model.panel import FloatArray
from engine.model.scan import Grade
from ralphstock_desktop.assistant_ports import AlertRule
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.cells import GradeMark, NameMark
from ralphstock_desktop.ui.models.columns import ColumnSpec, text_keys
from ralphstock_desktop.ui.viewmodels.scan_columns import symbol_columns
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from ralphstock_desktop.ui.viewmodels.watch_rows import WatchViewModel
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["AlertRuleRows", "alert_columns", "alert_gap", "alert_state", "alert_value", "watch_columns"]

Column = ColumnSpec[ScanRows]
_MORE = (
    "code",
    "today",
    "strength",
    "range_52w",
    "state",
    "distance",
    "rs",
    "flow_5d",
    "vol_ratio",
    "market",
    "sector",
    "spark",
)
"""Columns of the chooser that no set shows at first."""


def watch_columns(look: Appearance, vm: WatchViewModel) -> tuple[Column, ...]:
    """Columns of a list, in their first order: its own place first, the note last."""
    known = {column.id: column for column in symbol_columns(look)}
    keep = [replace(known[name], full=True, small=True) for name in ("price", "change", "volume", "value")]
    return (
        Column(
            id="place",
            title_key="watch.col.place",
            detail_key="watch.detail.place",
            width=34,
            keys=vm.places,
            text=lambda rows, row, _language: _whole(vm.place(rows.tickers[row])),
            tone=lambda _rows, _row: "text-muted",
            frozen=True,
            small=True,
            descending_first=False,
        ),
        replace(known["grade"], full=True, small=True, frozen=True),
        replace(known["name"], small=True, frozen=True),
        *keep,
        replace(known["total"], full=True, small=True),
        _other_grade("closing", "CLOSING_BET", vm),
        _other_grade("day", "DAY_TRADE", vm),
        Column(
            id="note",
            title_key="watch.col.note",
            detail_key="watch.detail.note",
            width=120,
            kind="text",
            align="left",
            keys=lambda rows: text_keys(vm.notes(rows)),
            text=lambda rows, row, _language: vm.note(rows, row) or fmt.MISSING,
            tone=lambda rows, row: "text-secondary" if vm.note(rows, row) else "text-muted",
            raw=lambda rows, row, _language: vm.note(rows, row),
            small=True,
            descending_first=False,
        ),
        *(replace(known[name], full=False, small=False) for name in _MORE),
    )


def _whole(value: int | None) -> str:
    return fmt.MISSING if value is None else fmt.number(value)


def _other_grade(name: str, strategy: str, vm: WatchViewModel) -> Column:
    def grade(rows: ScanRows, row: int) -> int:
        return vm.grade_of(strategy, rows.tickers[row])

    return Column(
        id=f"{name}_grade",
        title_key=f"watch.col.{name}_grade",
        detail_key=f"watch.detail.{name}_grade",
        width=48,
        kind="choice",
        align="center",
        painter="grade",
        keys=lambda rows: vm.grade_keys(strategy, rows),
        text=lambda rows, row, _language: Grade(grade(rows, row)).name if grade(rows, row) else fmt.MISSING,
        mark=lambda rows, row: GradeMark(grade(rows, row), False),
        raw=lambda rows, row, _language: Grade(grade(rows, row)).name if grade(rows, row) else "",
        small=True,
    )


# -- alerts -----------------------------------------------------------------------------------------------------------------


def alert_value(look: Appearance, quantity: str, value: float | None, *, wanted: bool = False) -> str:
    """A value with its unit; an em dash where it is missing. A ``wanted`` score is one the user wrote, to the last decimal."""
    if value is None:
        return fmt.MISSING
    if quantity == "price":
        return look.tr("watch.unit.price", value=fmt.price(value))
    if quantity == "change_pct":
        return fmt.percent(value)
    if quantity == "volume":
        return look.tr("watch.unit.volume", value=fmt.number(value))
    fine = wanted and round(value, 1) != round(value, 2)
    return look.tr("watch.unit.score", value=fmt.number(value, 2) if fine else fmt.score(value))


def alert_gap(look: Appearance, rule: AlertRule, now: float | None) -> str:
    """How far the value is from here: percent of a price or volume, points of a percentage or score."""
    share = _gap(rule, now)
    if share is None:
        return fmt.MISSING
    if rule.quantity in ("price", "volume"):
        return fmt.percent(share, 1)
    key = "watch.gap.change_pct" if rule.quantity == "change_pct" else "watch.gap.score"
    return look.tr(key, value=fmt.signed(share, 2 if rule.quantity == "change_pct" else 1))


def _gap(rule: AlertRule, now: float | None) -> float | None:
    if now is None or not rule.active:
        return None
    if rule.quantity in ("price", "volume"):
        return 100.0 * (rule.value - now) / now if now > 0 else None
    return rule.value - now


def alert_state(look: Appearance, rule: AlertRule, *, past: bool) -> str:
    """Waiting, resting while the past is looked at, told at an instant, or switched off."""
    if rule.active:
        return look.tr("watch.state.resting" if past else "watch.state.waiting")
    if rule.fired_ns is not None:
        return look.tr("watch.state.fired", time=fmt.as_of_short(AsOf(rule.fired_ns)))
    return look.tr("watch.state.off")


class AlertRuleRows:
    """A ``RowSource`` of alerts, newest first."""

    def __init__(self, rules: Sequence[AlertRule], vm: WatchViewModel) -> None:
        self.rules = tuple(rules)
        self.vm = vm
        self.tickers = [rule.ticker for rule in self.rules]

    @property
    def size(self) -> int:
        """Number of alerts."""
        return len(self.rules)

    def name(self, row: int, language: Language) -> str:
        """Name of the symbol."""
        del language  # the view-model knows it
        return self.vm.stock_name(self.tickers[row])

    def position(self, ticker: str) -> int | None:
        """First row of a symbol, None if it has no alert."""
        return self.tickers.index(ticker) if ticker in self.tickers else None

    def row_of_id(self, rule_id: int) -> int | None:
        """Row of an alert."""
        return next((row for row, rule in enumerate(self.rules) if rule.id == rule_id), None)

    def now(self, row: int) -> float | None:
        """Present value of the alert's quantity."""
        rule = self.rules[row]
        return self.vm.measured(rule.ticker, rule.quantity)

    def each(self, value: Callable[[int], float | None]) -> FloatArray:
        """Float keys from a function of the row; None is NaN."""
        found = [value(row) for row in range(self.size)]
        return np.array([np.nan if each is None else each for each in found], dtype=np.float64)

    def market_letter(self, row: int) -> str:
        """Letter of the market; empty where it is not known."""
        rows = self.vm.rows
        at = rows.position(self.tickers[row]) if rows is not None else None
        return "" if rows is None or at is None else rows.market_letter(at)


def alert_columns(look: Appearance) -> tuple[ColumnSpec[AlertRuleRows], ...]:
    """Columns of the alerts, in their first order."""

    def column(column_id: str, width: int, **rest: Any) -> ColumnSpec[AlertRuleRows]:
        keys = {"title_key": f"watch.col.{column_id}", "detail_key": f"watch.detail.{column_id}"}
        return ColumnSpec(id=column_id, width=width, **{**keys, **rest})

    def words(text: Callable[[AlertRuleRows, int], str]) -> dict[str, Any]:
        return {
            "text": lambda rows, row, _language: text(rows, row) or fmt.MISSING,
            "raw": lambda rows, row, _language: text(rows, row),
        }

    def state(rows: AlertRuleRows, row: int) -> str:
        return alert_state(look, rows.rules[row], past=rows.vm.is_past)

    def state_tone(rows: AlertRuleRows, row: int) -> str:
        rule = rows.rules[row]
        if rule.active:
            return "text-muted" if rows.vm.is_past else "accent"
        return "text-muted" if rule.fired_ns is None else "text-secondary"

    def rule_words(rows: AlertRuleRows, row: int) -> str:
        rule = rows.rules[row]
        value = alert_value(look, rule.quantity, rule.value, wanted=True)
        return look.tr(f"watch.rule.{'at_least' if rule.op == '>=' else 'at_most'}",
                       quantity=look.tr(f"watch.quantity.{rule.quantity}"), value=value)  # fmt: skip

    return (
        column(
            "name", 112, title_key="table.col.name", detail_key="table.detail.name", kind="text", align="left",
            painter="name", frozen=True, descending_first=False,
            keys=lambda rows: text_keys([rows.name(row, look.language) for row in range(rows.size)]),
            text=lambda rows, row, language: rows.name(row, language),
            mark=lambda rows, row: NameMark(rows.market_letter(row), False),
            raw=lambda rows, row, language: rows.name(row, language),
        ),
        column(
            "rule", 158, kind="text", align="left", descending_first=False,
            keys=lambda rows: rows.each(lambda row: rows.rules[row].value), **words(rule_words),
        ),
        column(
            "now", 92,
            keys=lambda rows: rows.each(rows.now),
            text=lambda rows, row, _language: alert_value(look, rows.rules[row].quantity, rows.now(row)),
            tone=lambda rows, row: "text-muted" if rows.now(row) is None else "text",
        ),
        column(
            "gap", 72, descending_first=False,
            keys=lambda rows: rows.each(lambda row: _absolute(_gap(rows.rules[row], rows.now(row)))),
            text=lambda rows, row, _language: alert_gap(look, rows.rules[row], rows.now(row)),
            tone=lambda rows, row: "text-muted" if _gap(rows.rules[row], rows.now(row)) is None else "text",
            raw=lambda rows, row, _language: alert_gap(look, rows.rules[row], rows.now(row)).replace(fmt.MISSING, ""),
        ),
        column(
            "state", 128, kind="choice", align="left", descending_first=False, tone=state_tone,
            keys=lambda rows: text_keys([state(rows, row) for row in range(rows.size)]), **words(state),
        ),
        column(
            "note", 120, kind="text", align="left", descending_first=False,
            keys=lambda rows: text_keys([rule.note for rule in rows.rules]),
            tone=lambda rows, row: "text-secondary" if rows.rules[row].note else "text-muted",
            **words(lambda rows, row: rows.rules[row].note),
        ),
        column(
            "code", 62, title_key="table.col.code", detail_key="table.detail.code", kind="text", align="left", full=False,
            keys=lambda rows: text_keys(rows.tickers), tone=lambda _rows, _row: "text-secondary",
            **words(lambda rows, row: rows.tickers[row]),
        ),
    )  # fmt: skip


def _absolute(value: float | None) -> float | None:
    return None if value is None else abs(value)
