"""Columns over :class:`~ralphstock_desktop.ui.viewmodels.scan_rows.ScanRows`: the signal table and the symbol list.

Each declaration says where the number comes from; formats are those of ``wording.format``. Text keys: ``table.col.<id>`` for
the head, ``table.detail.<id>`` for the meaning and the formula in the cell detail.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from engine.model.instruments import Market
from engine.model.panel import FloatArray
from engine.model.scan import Grade, Ineligible, ScanFlag, VcpState
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.cells import FlowMark, GradeMark, NameMark, ScoreMark, StateMark
from ralphstock_desktop.ui.models.columns import ColumnSpec, text_keys
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["signal_columns", "symbol_columns"]

Column = ColumnSpec[ScanRows]
_STATE_LOOK = {
    VcpState.BREAKOUT: StateMark("filled", "gold-on"),
    VcpState.NEAR_PIVOT: StateMark("outlined", "accent"),
    VcpState.BREAKOUT_UNCONFIRMED: StateMark("outlined", "warning"),
    VcpState.EXTENDED: StateMark("outlined", "danger"),
    VcpState.FAILED: StateMark("plain", "text-muted"),
    VcpState.FORMING: StateMark("plain", "text-secondary"),
    VcpState.NO_BASE: StateMark("plain", "text-muted"),
    VcpState.INSUFFICIENT_HISTORY: StateMark("plain", "unknown"),
    VcpState.NOT_TRADABLE: StateMark("plain", "unknown"),
}


def _number(
    column_id: str,
    width: int,
    show: Callable[[float, Language], str],
    *,
    keys: Callable[[ScanRows], FloatArray] | None = None,
    **rest: Any,
) -> Column:
    """A column of numbers whose filter field is its identifier."""
    values = keys or (lambda rows: rows.filter_keys(column_id))
    return ColumnSpec(
        id=column_id,
        title_key=f"table.col.{column_id}",
        detail_key=f"table.detail.{column_id}",
        width=width,
        keys=values,
        text=lambda rows, row, language: show(float(values(rows)[row]), language),
        **rest,
    )


def _muted_if_missing(token: str, values: Callable[[ScanRows], FloatArray]) -> Callable[[ScanRows, int], str]:
    return lambda rows, row: "text-muted" if math.isnan(float(values(rows)[row])) else token


def _change_token(rows: ScanRows, row: int) -> str:
    live = rows.live
    if live is not None and live.session and not live.known[row]:
        return "stale"
    amount = float(rows.filter_keys("change")[row])
    return "text-muted" if math.isnan(amount) else "gain" if amount > 0 else "loss" if amount < 0 else "flat"


def _provisional(token: Callable[[ScanRows, int], str]) -> Callable[[ScanRows, int], str]:
    """Scores of a forming bar stand in the colour of what is not final yet."""

    def shown(rows: ScanRows, row: int) -> str:
        found = token(rows, row)
        return "warning" if found in ("text", "text-secondary") and rows.is_provisional(row) else found

    return shown


def _strength_token(rows: ScanRows, row: int) -> str:
    amount = float(rows.filter_keys("strength")[row])
    return "text-muted" if math.isnan(amount) else "gain" if amount > 100 else "loss" if amount < 100 else "flat"


def _sign_token(column_id: str) -> Callable[[ScanRows, int], str]:
    def token(rows: ScanRows, row: int) -> str:
        amount = float(rows.filter_keys(column_id)[row])
        return "text-muted" if math.isnan(amount) else "gain" if amount > 0 else "loss" if amount < 0 else "flat"

    return token


def _flow(column_id: str, width: int, **rest: Any) -> Column:
    def mark(rows: ScanRows, row: int) -> FlowMark | None:
        amount = float(rows.filter_keys(column_id)[row])
        return None if math.isnan(amount) else FlowMark(amount / (rows.flow_scales[column_id] or 1.0))

    return _number(
        column_id,
        width,
        lambda value, language: fmt.money(value, language, plus=True),
        painter="flow",
        tone=_sign_token(column_id),
        mark=mark,
        group="SM",
        direction=True,
        **rest,
    )


def _grade_mark(rows: ScanRows, row: int) -> GradeMark:
    """The grade; dashed where only a bar that still forms gives it."""
    grade, confirmed = int(rows.scan.grade[row]), rows.confirmed
    differs = False
    if confirmed is not None and rows.is_provisional(row) and len(confirmed.grade) == rows.size:
        differs = int(confirmed.grade[row]) != grade
    return GradeMark(grade, differs)


def _identity() -> tuple[Column, ...]:
    """Rank, grade and name."""
    rank = ColumnSpec[ScanRows](
        id="rank",
        title_key="table.col.rank",
        detail_key="table.detail.rank",
        width=26,
        kind="rank",
        painter="rank",
        keys=lambda rows: np.zeros(rows.size),
        text=lambda _rows, row, _language: fmt.number(row + 1),
        frozen=True,
    )
    grade = ColumnSpec[ScanRows](
        id="grade",
        title_key="table.col.grade",
        detail_key="table.detail.grade",
        width=32,
        kind="choice",
        align="center",
        painter="grade",
        keys=lambda rows: rows.filter_keys("grade"),
        text=lambda rows, row, _language: Grade(int(rows.scan.grade[row])).name if rows.scan.grade[row] else fmt.MISSING,
        mark=_grade_mark,
        raw=lambda rows, row, _language: Grade(int(rows.scan.grade[row])).name if rows.scan.grade[row] else "",
        small=True,
        frozen=True,
    )
    name = ColumnSpec[ScanRows](
        id="name",
        title_key="table.col.name",
        detail_key="table.detail.name",
        width=114,
        kind="text",
        align="left",
        painter="name",
        keys=lambda rows: text_keys(rows.names()),
        text=lambda rows, row, language: rows.name(row, language),
        mark=lambda rows, row: NameMark(rows.market_letter(row), False),
        raw=lambda rows, row, language: rows.name(row, language),
        small=True,
        frozen=True,
        descending_first=False,
    )
    return rank, grade, name


def _code() -> Column:
    return ColumnSpec[ScanRows](
        id="code",
        title_key="table.col.code",
        detail_key="table.detail.code",
        width=62,
        kind="text",
        align="left",
        keys=lambda rows: np.arange(rows.size, dtype=np.float64),
        text=lambda rows, row, _language: rows.tickers[row],
        tone=lambda _rows, _row: "text-secondary",
        raw=lambda rows, row, _language: rows.tickers[row],
        descending_first=False,
    )


def _sector() -> Column:
    def text(rows: ScanRows, row: int, _language: Language) -> str:
        return str(rows.panel.sectors[row]) or fmt.MISSING

    return ColumnSpec[ScanRows](
        id="sector",
        title_key="table.col.sector",
        detail_key="table.detail.sector",
        width=110,
        kind="text",
        align="left",
        keys=lambda rows: text_keys(rows.panel.sectors),
        text=text,
        tone=lambda rows, row: "text-secondary" if rows.panel.sectors[row] else "text-muted",
        raw=lambda rows, row, _language: str(rows.panel.sectors[row]),
        descending_first=False,
    )


def _market(appearance: Appearance) -> Column:
    def text(rows: ScanRows, row: int, _language: Language) -> str:
        market = Market(int(rows.panel.market[row]))
        return appearance.tr(f"table.market.{market.name.lower()}") if market else fmt.MISSING

    return ColumnSpec[ScanRows](
        id="market",
        title_key="table.col.market",
        detail_key="table.detail.market",
        width=62,
        kind="choice",
        align="left",
        keys=lambda rows: rows.filter_keys("market"),
        text=text,
        tone=lambda _rows, _row: "text-secondary",
        raw=lambda rows, row, language: text(rows, row, language).replace(fmt.MISSING, ""),
        descending_first=False,
    )


def _state_mark(rows: ScanRows, row: int) -> StateMark:
    look = _STATE_LOOK[VcpState(int(rows.scan.state[row]))]
    if look.look == "plain" and look.token == "text-secondary" and rows.is_provisional(row):
        return StateMark("plain", "warning")
    return look


def _state(appearance: Appearance) -> Column:
    def text(rows: ScanRows, row: int, _language: Language) -> str:
        return appearance.tr(f"table.state.{VcpState(int(rows.scan.state[row])).name.lower()}")

    return ColumnSpec[ScanRows](
        id="state",
        title_key="table.col.state",
        detail_key="table.detail.state",
        width=92,
        kind="choice",
        align="left",
        painter="state",
        keys=lambda rows: rows.filter_keys("state"),
        text=text,
        mark=_state_mark,
        raw=text,
        group="A",
    )


def _words(
    appearance: Appearance, column_id: str, width: int, kind: type[ScanFlag] | type[Ineligible], prefix: str, attribute: str
) -> Column:
    """A column that spells the bits of a mask: remarks, or reasons against the universe."""

    def text(rows: ScanRows, row: int, _language: Language) -> str:
        mask = int(getattr(rows.scan, attribute)[row])
        words = [appearance.tr(f"{prefix}.{bit.name.lower()}") for bit in kind if bit and mask & bit and bit.name]
        return " · ".join(words) if words else fmt.MISSING

    return ColumnSpec[ScanRows](
        id=column_id,
        title_key=f"table.col.{column_id}",
        detail_key=f"table.detail.{column_id}",
        width=width,
        kind="choice",
        align="left",
        keys=lambda rows: np.where(getattr(rows.scan, attribute) > 0, getattr(rows.scan, attribute), np.nan),
        text=text,
        tone=lambda rows, row: "warning" if getattr(rows.scan, attribute)[row] else "text-muted",
        raw=lambda rows, row, language: text(rows, row, language).replace(fmt.MISSING, ""),
    )


def _depths() -> Column:
    return ColumnSpec[ScanRows](
        id="depths",
        title_key="table.col.depths",
        detail_key="table.detail.depths",
        width=120,
        kind="number",
        align="left",
        painter="depths",
        keys=lambda rows: rows.last_depth,
        text=lambda rows, row, _language: "→".join(f"{depth:.0f}" for depth in rows.depths(row)) or fmt.MISSING,
        mark=lambda rows, row: rows.depths(row),
        raw=lambda rows, row, _language: "→".join(f"{depth:.1f}" for depth in rows.depths(row)),
        group="B",
        descending_first=False,
    )


def _distance(appearance: Appearance) -> Column:
    near = DEFAULT_RULES.vcp.near_pivot_pct[0].threshold

    def mark(rows: ScanRows, row: int) -> str:
        if rows.scan.state[row] != VcpState.BREAKOUT:
            return ""
        return appearance.tr("table.chip.breakout", distance=fmt.percent(-float(rows.scan.dist_pct[row]), 1))

    return _number(
        "distance",
        78,
        lambda value, _language: fmt.percent(value, 1),
        painter="distance",
        mark=mark,
        tone=_provisional(_muted_if_missing("text", lambda rows: rows.scan.dist_pct)),
        bold=lambda rows, row: bool(abs(float(rows.scan.dist_pct[row])) < near),
        group="A",
        small=True,
    )


def _measures(appearance: Appearance) -> dict[str, Column]:
    """Every column of numbers by identifier."""
    breakout = DEFAULT_RULES.vcp.breakout_volume

    def price(column_id: str, width: int = 68, **rest: Any) -> Column:
        tone = _muted_if_missing("text", lambda rows: rows.filter_keys(column_id))
        return _number(column_id, width, lambda value, _language: fmt.price(value), **{"tone": tone, **rest})

    def plain(column_id: str, width: int, decimals: int, suffix: str = "", **rest: Any) -> Column:
        def show(value: float, _language: Language) -> str:
            return fmt.MISSING if math.isnan(value) else f"{fmt.number(value, decimals)}{suffix}"

        tone = _muted_if_missing("text", lambda rows: rows.filter_keys(column_id))
        return _number(column_id, width, show, tone=tone, **rest)

    def score(column_id: str, width: int, **rest: Any) -> Column:
        return plain(column_id, width, 1, **rest)

    columns = [
        price("price", 70, tone=_change_token, group="A", direction=False, small=True),
        _number(
            "change", 62, lambda value, _language: fmt.percent(value), tone=_change_token, group="A", direction=True, small=True
        ),
        _number(
            "total",
            78,
            lambda value, _language: fmt.score(value),
            painter="score",
            mark=lambda rows, row: ScoreMark(float(rows.scan.total_score[row]), rows.has_gap(row)),
            tone=_provisional(_muted_if_missing("text", lambda rows: rows.scan.total_score)),
            group="A",
            small_width=56,
            small=True,
        ),
        score("vcp", 46, group="A"),
        score("smartmoney", 46, group="SM"),
        plain("rs", 36, 0, group="A"),
        plain("t_count", 34, 0, group="B"),
        price("pivot", group="B"),
        _distance(appearance),
        plain("dry_up", 56, 2, "×", group="B"),
        plain("vol_ratio", 56, 2, "×", group="A", small=True),
        _flow("flow_5d", 92),
        _flow("foreign_5d", 96),
        _flow("institution_5d", 96),
        price("entry"),
        price("stop"),
        price("target"),
        plain("reward_risk", 44, 2),
        plain("coverage", 48, 0, "%"),
        plain("base_bars", 46, 0, group="B"),
        _number("volume", 70, fmt.shares, tone=_muted_if_missing("text", lambda rows: rows.filter_keys("volume")), group="A"),
        _number("strength", 62, lambda value, _language: fmt.number(value, 1), tone=_strength_token),
        plain("range_52w", 52, 0, "%", group="A"),
    ]
    by_id = {column.id: column for column in columns}
    by_id["vol_ratio"] = replace(
        by_id["vol_ratio"],
        tone=_provisional(lambda rows, row: "vcp-pivot" if rows.scan.vol_ratio[row] >= breakout else "text-secondary"),
        bold=lambda rows, row: bool(rows.scan.vol_ratio[row] >= breakout),
    )
    by_id["value"] = _value()
    return by_id


def _value() -> Column:
    """Traded value of the day; an estimate is marked with ≈."""

    def text(rows: ScanRows, row: int, language: Language) -> str:
        amount = fmt.money(float(rows.filter_keys("value")[row]), language)
        return f"≈{amount}" if rows.is_estimated(row) and amount != fmt.MISSING else amount

    return ColumnSpec[ScanRows](
        id="value",
        title_key="table.col.value",
        detail_key="table.detail.value",
        width=76,
        keys=lambda rows: rows.filter_keys("value"),
        text=text,
        tone=_muted_if_missing("text", lambda rows: rows.filter_keys("value")),
        group="A",
    )


def _spark() -> Column:
    return ColumnSpec[ScanRows](
        id="spark",
        title_key="table.col.spark",
        detail_key="table.detail.spark",
        width=54,
        kind="picture",
        align="center",
        painter="sparkline",
        keys=lambda rows: np.zeros(rows.size),
        text=lambda _rows, _row, _language: "",
        mark=lambda rows, row: rows.spark(row),
        group="A",
    )


def _today(appearance: Appearance) -> Column:
    """The running day: its range with open and price, or the word that says more."""

    def text(rows: ScanRows, row: int, _language: Language) -> str:
        mark = rows.live.today(row) if rows.live is not None else None
        return appearance.tr(mark.word_key) if mark is not None and mark.word_key else ""

    return ColumnSpec[ScanRows](
        id="today",
        title_key="table.col.today",
        detail_key="table.detail.today",
        width=58,
        kind="number",
        align="center",
        painter="today",
        keys=lambda rows: rows.filter_keys("today"),
        text=text,
        mark=lambda rows, row: rows.live.today(row) if rows.live is not None else None,
        raw=text,
    )


def signal_columns(appearance: Appearance) -> tuple[Column, ...]:
    """Columns of the signal table (screen 0811), in their first order."""
    rank, grade, name = _identity()
    m = _measures(appearance)
    return (
        rank, grade, name, m["price"], m["change"], m["total"], _depths(), m["distance"], m["vol_ratio"], m["flow_5d"],
        _spark(), _today(appearance), m["strength"], m["volume"], _state(appearance), m["rs"], m["t_count"], m["vcp"],
        m["smartmoney"], m["pivot"], m["dry_up"], m["foreign_5d"], m["institution_5d"], m["entry"], m["stop"], m["target"],
        m["reward_risk"], m["coverage"], m["base_bars"], _words(appearance, "flags", 150, ScanFlag, "table.flag", "flags"),
        _sector(), replace(m["value"], full=False), replace(_code(), full=False),
    )  # fmt: skip


def symbol_columns(appearance: Appearance) -> tuple[Column, ...]:
    """Columns of the symbol list (screen 0130), in their first order."""
    rank, grade, name = _identity()
    m = _measures(appearance)
    return (
        replace(rank, full=False), name, replace(_code(), small=True), replace(m["price"], small=True), m["change"],
        _today(appearance), m["volume"], m["strength"], m["value"], m["range_52w"],
        replace(grade, frozen=False, small=False), replace(m["total"], small=False), replace(_state(appearance), small=False),
        _market(appearance), _sector(), _words(appearance, "ineligible", 190, Ineligible, "table.ineligible", "ineligible"),
        replace(m["rs"], full=False), replace(m["flow_5d"], full=False), replace(m["distance"], full=False, small=False),
        replace(m["vol_ratio"], full=False, small=False), replace(_spark(), full=False),
    )  # fmt: skip
