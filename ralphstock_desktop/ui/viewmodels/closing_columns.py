"""Columns of the closing-bet table (screen 0831) over :class:`~ralphstock_desktop.ui.viewmodels.closing_rows.ClosingRows`.

Text keys: ``closing.col.<id>`` for the head, ``closing.detail.<id>`` for the meaning in the cell detail; columns that every
table has keep their ``table.*`` words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.model.instruments import Market
from engine.model.panel import FloatArray
from engine.model.scan import Grade
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.cells import GradeMark
from ralphstock_desktop.ui.delegates.closing_cells import BLOCKS, CHIPS, NAME, BlocksMark, StruckName
from ralphstock_desktop.ui.models.columns import ColumnSpec, text_keys
from ralphstock_desktop.ui.viewmodels.closing_rows import COMPONENT_FIELDS, ClosingRows
from ralphstock_desktop.ui.viewmodels.closing_words import cap_text, grade_letter, record_value
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["closing_columns"]

Column = ColumnSpec[ClosingRows]
Show = Callable[[float, Language], str]


def _faded(rows: ClosingRows, row: int, token: str) -> str:
    return "text-muted" if rows.cancelled[row] else token


def _tone(column_id: str, token: str = "text") -> Callable[[ClosingRows, int], str]:
    def tone(rows: ClosingRows, row: int) -> str:
        missing = math.isnan(float(rows.filter_keys(column_id)[row]))
        shown = "warning" if token == "text" and rows.picture.forming else token
        return "text-muted" if missing else _faded(rows, row, shown)

    return tone


def _change_tone(rows: ClosingRows, row: int) -> str:
    live = rows.live
    if live is not None and live.session and not live.known[row]:
        return "stale"
    amount = float(rows.filter_keys("change")[row])
    token = "text-muted" if math.isnan(amount) else "gain" if amount > 0 else "loss" if amount < 0 else "flat"
    return _faded(rows, row, token)


def _number(column_id: str, width: int, show: Show, *, area: str = "closing", **rest: Any) -> Column:
    given = {"tone": _tone(column_id), "detail_key": f"{area}.detail.{column_id}", **rest}
    return ColumnSpec(
        id=column_id,
        title_key=f"{area}.col.{column_id}",
        width=width,
        keys=lambda rows: rows.filter_keys(column_id),
        text=lambda rows, row, language: show(float(rows.filter_keys(column_id)[row]), language),
        **given,
    )


def _price(column_id: str, **rest: Any) -> Column:
    return _number(column_id, 70, lambda value, _language: fmt.price(value), area="table", **rest)


def _money(rows: ClosingRows, row: int, language: Language) -> str:
    amount = fmt.money(float(rows.filter_keys("value")[row]), language)
    return f"≈{amount}" if rows.is_estimated(row) and amount != fmt.MISSING else amount


def _identity() -> tuple[Column, ...]:
    rank = ColumnSpec[ClosingRows](
        id="rank",
        title_key="table.col.rank",
        detail_key="closing.detail.rank",
        width=26,
        kind="rank",
        painter="rank",
        keys=lambda rows: rows.place,
        text=lambda _rows, row, _language: fmt.number(row + 1),
        frozen=True,
    )
    grade = ColumnSpec[ClosingRows](
        id="grade",
        title_key="table.col.grade",
        detail_key="closing.detail.grade",
        width=34,
        kind="choice",
        align="center",
        painter="grade",
        keys=lambda rows: rows.filter_keys("grade"),
        text=lambda rows, row, _language: grade_letter(int(rows.closing.grade[row])),
        # Dashed: another grade than the points alone would give, or one that is not kept.
        mark=lambda rows, row: GradeMark(int(rows.closing.grade[row]), rows.capped(row) or bool(rows.cancelled[row])),
        raw=lambda rows, row, _language: Grade(int(rows.closing.grade[row])).name if rows.closing.grade[row] else "",
        small=True,
        frozen=True,
    )
    name = ColumnSpec[ClosingRows](
        id="name",
        title_key="table.col.name",
        detail_key="table.detail.name",
        width=146,
        small_width=100,
        kind="text",
        align="left",
        painter=NAME,
        keys=lambda rows: text_keys(rows.names()),
        text=lambda rows, row, language: rows.name(row, language),
        tone=lambda rows, row: _faded(rows, row, "text"),
        mark=lambda rows, row: StruckName(rows.market_letter(row), False, bool(rows.cancelled[row])),
        raw=lambda rows, row, language: rows.name(row, language),
        small=True,
        frozen=True,
        descending_first=False,
    )
    return rank, grade, name


def _total() -> Column:
    return ColumnSpec[ClosingRows](
        id="total",
        title_key="closing.col.total",
        detail_key="closing.detail.total",
        width=48,
        small_width=42,
        keys=lambda rows: rows.order_keys,
        text=lambda rows, row, _language: fmt.points(float(rows.closing.total[row])),
        tone=_tone("total"),
        bold=lambda _rows, _row: True,
        raw=lambda rows, row, _language: _plain(float(rows.closing.total[row])),
        small=True,
    )


def _plain(value: float) -> str:
    return "" if math.isnan(value) else f"{value:g}"


def _blocks() -> Column:
    def text(rows: ClosingRows, row: int, _language: Language) -> str:
        parts = rows.blocks(row)
        return " · ".join(f"{earned}/{most}" if known else f"?/{most}" for earned, most, known in parts)

    return ColumnSpec[ClosingRows](
        id="blocks",
        title_key="closing.col.blocks",
        short_title_key="closing.col.blocks.short",
        detail_key="closing.detail.blocks",
        width=190,
        small_width=102,
        kind="choice",
        align="left",
        painter=BLOCKS,
        keys=lambda rows: rows.order_keys,
        text=text,
        mark=lambda rows, row: BlocksMark(rows.blocks(row), bool(rows.cancelled[row])),
        raw=text,
        small=True,
    )


def _limits(appearance: Appearance) -> Column:
    """Caps as chips; a cancelled candidate says so first."""

    def words(rows: ClosingRows, row: int) -> list[tuple[str, str]]:
        found = [(cap_text(appearance, cap), "warning") for cap in rows.cap_names(row)]
        change = rows.differences.get(row)
        if change is not None:
            token = {"cancelled": "danger", "new": "accent"}.get(change.change, "text-secondary")
            before, after = change.before or fmt.MISSING, change.after or fmt.MISSING
            found.insert(0, (appearance.tr(f"closing.change.{change.change}", before=before, after=after), token))
        return found

    def text(rows: ClosingRows, row: int, _language: Language) -> str:
        return " · ".join(word for word, _ in words(rows, row))

    return ColumnSpec[ClosingRows](
        id="caps",
        title_key="closing.col.caps",
        detail_key="closing.detail.caps",
        width=196,
        small_width=124,
        kind="choice",
        align="left",
        painter=CHIPS,
        keys=lambda rows: rows.filter_keys("caps"),
        text=text,
        mark=lambda rows, row: tuple(words(rows, row)),
        raw=text,
        small=True,
    )


def _rejected(appearance: Appearance) -> Column:
    def text(rows: ClosingRows, row: int, _language: Language) -> str:
        return " · ".join(appearance.tr(f"closing.reject.{name}") for name in rows.rejections(row)) or fmt.MISSING

    return ColumnSpec[ClosingRows](
        id="rejected",
        title_key="closing.col.rejected",
        detail_key="closing.detail.rejected",
        width=92,
        kind="choice",
        align="left",
        keys=lambda rows: rows.filter_keys("rejected"),
        text=text,
        tone=lambda rows, row: "danger" if rows.closing.rejected[row] else "text-muted",
        raw=lambda rows, row, language: text(rows, row, language).replace(fmt.MISSING, ""),
    )


def _record(appearance: Appearance) -> Column:
    def keys(rows: ClosingRows) -> FloatArray:
        found = [rows.record(row) for row in range(rows.size)]
        return np.array(
            [row.mean_net_pct.value if row is not None and row.enough and row.mean_net_pct.value is not None else np.nan
             for row in found]
        )  # fmt: skip

    def text(rows: ClosingRows, row: int, _language: Language) -> str:
        return record_value(appearance, rows.record(row)) if rows.closing.grade[row] else fmt.MISSING

    def tone(rows: ClosingRows, row: int) -> str:
        record = rows.record(row)
        return "text" if record is not None and record.enough else "unknown"

    return ColumnSpec[ClosingRows](
        id="record",
        title_key="closing.col.record",
        detail_key="closing.detail.record",
        width=104,
        keys=keys,
        text=lambda rows, row, _language: (
            record_value(appearance, rows.record(row)) if rows.closing.grade[row] else fmt.MISSING
        ),
        tone=tone,
    )


def _component(name: str) -> Column:
    def show(value: float, _language: Language) -> str:
        return fmt.points(value)

    return _number(name, 46, show, full=False)


def _market(appearance: Appearance) -> Column:
    def text(rows: ClosingRows, row: int, _language: Language) -> str:
        market = Market(int(rows.panel.market[row]))
        return appearance.tr(f"table.market.{market.name.lower()}") if market else fmt.MISSING

    return ColumnSpec[ClosingRows](
        id="market",
        title_key="table.col.market",
        detail_key="table.detail.market",
        width=62,
        kind="choice",
        align="left",
        keys=lambda rows: rows.filter_keys("market"),
        text=text,
        tone=lambda _rows, _row: "text-secondary",
        full=False,
    )


def _text_column(column_id: str, width: int, read: Callable[[ClosingRows, int], str]) -> Column:
    return ColumnSpec[ClosingRows](
        id=column_id,
        title_key=f"table.col.{column_id}",
        detail_key=f"table.detail.{column_id}",
        width=width,
        kind="text",
        align="left",
        keys=lambda rows: text_keys([read(rows, row) for row in range(rows.size)]),
        text=lambda rows, row, _language: read(rows, row) or fmt.MISSING,
        tone=lambda _rows, _row: "text-secondary",
        raw=lambda rows, row, _language: read(rows, row),
        full=False,
        descending_first=False,
    )


def _money_of(value: float, language: Language) -> str:
    return fmt.money(value, language, plus=True)


def _flow_tone(column_id: str) -> Callable[[ClosingRows, int], str]:
    def tone(rows: ClosingRows, row: int) -> str:
        amount = float(rows.filter_keys(column_id)[row])
        return "text-muted" if math.isnan(amount) else "gain" if amount > 0 else "loss" if amount < 0 else "flat"

    return tone


def closing_columns(appearance: Appearance) -> tuple[Column, ...]:
    """Columns of the closing-bet table, in their first order."""
    value = ColumnSpec[ClosingRows](
        id="value",
        title_key="table.col.value",
        detail_key="table.detail.value",
        width=72,
        keys=lambda rows: rows.filter_keys("value"),
        text=_money,
        tone=_tone("value"),
        group="volume",
    )
    change = _number(
        "change", 66, lambda amount, _language: fmt.percent(amount), area="table", tone=_change_tone, direction=True, small=True
    )
    flows = (
        _number(name, 76, _money_of, area="table", tone=_flow_tone(name), direction=True, full=False, group="supply")
        for name in ("foreign_5d", "institution_5d")
    )
    return (
        *_identity(),
        _price("price", tone=_change_tone, small=True),
        change,
        value,
        _blocks(),
        _total(),
        _limits(appearance),
        _rejected(appearance),
        *(_price(name, detail_key=f"closing.detail.{name}") for name in ("entry", "stop", "target")),
        _record(appearance),
        _number("coverage", 50, lambda amount, _language: fmt.percent(amount, 0, plus=False), area="table"),
        _number("near_high", 58, lambda amount, _language: fmt.percent(amount, 1, plus=False), full=False, group="chart"),
        _number("body", 54, lambda amount, _language: fmt.percent(amount, 1), full=False, group="candle"),
        _number("news_net", 54, lambda amount, _language: fmt.signed(amount, 2), full=False, group="news"),
        *(_component(name) for name in COMPONENT_FIELDS),
        *flows,
        _text_column("code", 62, lambda rows, row: rows.tickers[row]),
        _market(appearance),
        _text_column("sector", 110, lambda rows, row: str(rows.panel.sectors[row])),
    )
