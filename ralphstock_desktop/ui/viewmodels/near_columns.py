"""Columns of the near-miss table (screen 0813) over :class:`~ralphstock_desktop.ui.viewmodels.near_rows.NearRows`."""

from __future__ import annotations

import math
from typing import Any

from engine.model.panel import FloatArray
from engine.model.scan import Grade
from ralphstock_desktop.services.strategy_contracts import NearMiss
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.cells import NameMark
from ralphstock_desktop.ui.delegates.day_cells import GAP, STEP, GapMark, StepMark
from ralphstock_desktop.ui.models.columns import ColumnSpec, text_keys
from ralphstock_desktop.ui.viewmodels.near_rows import NearRows
from ralphstock_desktop.ui.viewmodels.near_words import NEAR_SHARE, amount_text, item_label, near_sentence
from ralphstock_desktop.wording import format as fmt

__all__ = ["gap_mark", "near_columns"]

_FARTHEST = 0.92
_STRETCH = 1.2


def gap_mark(near: NearMiss) -> GapMark:
    """Place value and need on the bar, by the root of the distance: prices half a percent and three away differ visibly."""
    way = min(_FARTHEST, _STRETCH * math.sqrt(abs(near.gap_share)))
    return GapMark(1.0 - way, 1.0) if near.gap >= 0 else GapMark(way, 0.0)


Column = ColumnSpec[NearRows]


def _direction(rows: NearRows, row: int) -> str:
    change = rows.change(row)
    return "text-muted" if math.isnan(change) else "gain" if change > 0 else "loss" if change < 0 else "flat"


def _grade_letter(grade: int) -> str:
    return Grade(grade).name if grade else fmt.MISSING


def near_columns(look: Appearance) -> tuple[Column, ...]:
    """Columns in their first order."""

    def column(column_id: str, width: int, **rest: Any) -> Column:
        given = {"title_key": f"near_panel.col.{column_id}", "detail_key": f"near_panel.detail.{column_id}", **rest}
        return ColumnSpec(id=column_id, width=width, **given)

    def label(rows: NearRows, row: int) -> str:
        near = rows.misses[row]
        if near.strategy == "VCP" and near.unit == "shares":
            # The pivot is passed and the breakout lacks volume: its item is called after the distance.
            return look.tr("near_panel.item.breakout_volume")
        return item_label(look, near.strategy, near.item)

    def need(rows: NearRows, row: int) -> str:
        near = rows.misses[row]
        value, target = (amount_text(look, amount, near.unit, near.item) for amount in (near.value, near.need))
        return f"{value} → {target}"

    def is_near(rows: NearRows, row: int) -> bool:
        return abs(rows.misses[row].gap_share) <= NEAR_SHARE

    def share(rows: NearRows) -> FloatArray:
        return rows.each(lambda row: abs(rows.misses[row].gap_share))

    return (
        column(
            "step",
            72,
            kind="choice",
            align="left",
            painter=STEP,
            keys=lambda rows: rows.each(lambda row: rows.misses[row].next_grade),
            text=lambda rows, row, _language: " → ".join(
                map(_grade_letter, (rows.misses[row].grade, rows.misses[row].next_grade))
            ),
            mark=lambda rows, row: StepMark(rows.misses[row].grade, rows.misses[row].next_grade),
            raw=lambda rows, row, _language: "→".join(
                map(_grade_letter, (rows.misses[row].grade, rows.misses[row].next_grade))
            ),
            frozen=True,
        ),
        column(
            "name",
            112,
            title_key="table.col.name",
            detail_key="table.detail.name",
            kind="text",
            align="left",
            painter="name",
            keys=lambda rows: text_keys([rows.name(row, look.language) for row in range(rows.size)]),
            text=lambda rows, row, language: rows.name(row, language),
            mark=lambda rows, row: NameMark(rows.letter(row), False),
            raw=lambda rows, row, language: rows.name(row, language),
            frozen=True,
            descending_first=False,
        ),
        column(
            "price",
            70,
            title_key="table.col.price",
            detail_key="daytrade.detail.price",
            keys=lambda rows: rows.each(rows.price),
            text=lambda rows, row, _language: fmt.price(rows.price(row)),
            tone=_direction,
        ),
        column(
            "change",
            62,
            title_key="table.col.change",
            detail_key="daytrade.detail.change",
            keys=lambda rows: rows.each(rows.change),
            text=lambda rows, row, _language: fmt.percent(rows.change(row)),
            tone=_direction,
            direction=True,
        ),
        column(
            "item",
            84,
            kind="text",
            align="left",
            keys=lambda rows: text_keys([label(rows, row) for row in range(rows.size)]),
            text=lambda rows, row, _language: label(rows, row),
            raw=lambda rows, row, _language: label(rows, row),
            descending_first=False,
        ),
        column(
            "need",
            128,
            keys=lambda rows: rows.each(lambda row: rows.misses[row].value),
            text=lambda rows, row, _language: need(rows, row),
            tone=lambda _rows, _row: "text-secondary",
            raw=lambda rows, row, _language: need(rows, row),
        ),
        column(
            "gap",
            98,
            align="center",
            painter=GAP,
            keys=share,
            text=lambda rows, row, _language: fmt.percent(100.0 * abs(rows.misses[row].gap_share), 1, plus=False),
            mark=lambda rows, row: gap_mark(rows.misses[row]),
            descending_first=False,
        ),
        column(
            "way",
            288,
            align="left",
            kind="text",
            keys=share,
            text=lambda rows, row, _language: near_sentence(look, rows.misses[row]),
            tone=lambda rows, row: "warning" if is_near(rows, row) else "text-secondary",
            raw=lambda rows, row, _language: near_sentence(look, rows.misses[row]),
            descending_first=False,
        ),
        column(
            "code",
            62,
            title_key="table.col.code",
            detail_key="table.detail.code",
            kind="text",
            align="left",
            keys=lambda rows: text_keys(rows.tickers),
            text=lambda rows, row, _language: rows.tickers[row],
            tone=lambda _rows, _row: "text-secondary",
            raw=lambda rows, row, _language: rows.tickers[row],
            full=False,
        ),
    )
