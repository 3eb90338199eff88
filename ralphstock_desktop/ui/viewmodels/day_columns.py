"""Columns of the day-trading scanner (screen 0821) over :class:`~ralphstock_desktop.ui.viewmodels.day_rows.DayRows`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from engine.model.daytrade import DAY_ITEMS, EntryBan
from engine.model.evidence import ItemState
from engine.model.panel import FloatArray
from engine.model.scan import Grade
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.cells import GradeMark, NameMark, ScoreMark
from ralphstock_desktop.ui.delegates.day_cells import BLOCKS, CHIPS, ChipMark
from ralphstock_desktop.ui.models.columns import ColumnSpec, text_keys
from ralphstock_desktop.ui.viewmodels.day_rows import DayRows, bans_of
from ralphstock_desktop.ui.viewmodels.day_words import ban_word
from ralphstock_desktop.ui.viewmodels.near_words import NEAR_SHARE, near_short
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["BAN_TOKEN", "day_columns"]

Column = ColumnSpec[DayRows]
BAN_TOKEN = {
    EntryBan.VI: "warning",
    EntryBan.NEAR_UPPER_LIMIT: "danger",
    EntryBan.GATE: "danger",
    EntryBan.STALE: "stale",
    EntryBan.NO_QUOTE: "unknown",
}
"""Colour of a ban's chip; the others are ``text-muted``: they say nothing about the symbol."""
_CLOCK = int(EntryBan.TOO_EARLY | EntryBan.TOO_LATE)
_SPIKE = DAY_ITEMS.index("spike")
_STATE_LETTER = {ItemState.PASSED: "P", ItemState.PARTIAL: "H", ItemState.FAILED: "F", ItemState.UNKNOWN: "?"}


def _or_muted(values: Callable[[DayRows], FloatArray], token: str = "text") -> Callable[[DayRows, int], str]:
    return lambda rows, row: "text-muted" if math.isnan(float(values(rows)[row])) else token


def _is_old(rows: DayRows, row: int) -> bool:
    return bool(int(rows.picture.scan.bans[row]) & EntryBan.STALE)


def _direction(rows: DayRows, row: int) -> str:
    amount = float(rows.picture.scan.change_pct[row])
    if math.isnan(amount):
        return "text-muted"
    if _is_old(rows, row):
        return "stale"
    return "gain" if amount > 0 else "loss" if amount < 0 else "flat"


def _number(
    column_id: str, width: int, show: Callable[[float, Language], str], *, detail: str = "", title: str = "", **rest: Any
) -> Column:
    def values(rows: DayRows) -> FloatArray:
        return rows.filter_keys(column_id)

    return ColumnSpec(
        id=column_id,
        title_key=title or f"table.col.{column_id}",
        detail_key=detail or f"daytrade.detail.{column_id}",
        width=width,
        keys=values,
        text=lambda rows, row, language: show(float(values(rows)[row]), language),
        **{"tone": _or_muted(values), **rest},
    )


def _identity() -> tuple[Column, Column, Column]:
    rank: Column = ColumnSpec(
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

    def letter(rows: DayRows, row: int) -> str:
        grade = int(rows.picture.scan.grade[row])
        return Grade(grade).name if grade else ""

    grade: Column = ColumnSpec(
        id="grade",
        title_key="table.col.grade",
        detail_key="daytrade.detail.grade",
        width=34,
        kind="choice",
        align="center",
        painter="grade",
        keys=lambda rows: rows.filter_keys("grade"),
        text=lambda rows, row, _language: letter(rows, row) or fmt.MISSING,
        mark=lambda rows, row: GradeMark(int(rows.picture.scan.grade[row])),
        raw=lambda rows, row, _language: letter(rows, row),
        small=True,
        frozen=True,
    )
    name: Column = ColumnSpec(
        id="name",
        title_key="table.col.name",
        detail_key="table.detail.name",
        width=104,
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


def _text(column_id: str, width: int, text: Callable[[DayRows, int], str], **rest: Any) -> Column:
    def keys(rows: DayRows) -> FloatArray:
        return np.arange(rows.size, dtype=np.float64) if column_id == "code" else text_keys(rows.panel.sectors)

    return ColumnSpec(
        id=column_id,
        title_key=f"table.col.{column_id}",
        detail_key=f"table.detail.{column_id}",
        width=width,
        kind="text",
        align="left",
        keys=keys,
        text=lambda rows, row, _language: text(rows, row) or fmt.MISSING,
        tone=lambda _rows, _row: "text-secondary",
        raw=lambda rows, row, _language: text(rows, row),
        descending_first=False,
        full=False,
        **rest,
    )


def _score() -> Column:
    def raw(rows: DayRows, row: int, _language: Language) -> str:
        value = float(rows.picture.scan.score[row])
        return "" if math.isnan(value) else f"{value:.15g}"

    return ColumnSpec(
        id="total",
        title_key="daytrade.col.total",
        detail_key="daytrade.detail.total",
        width=75,
        painter="score",
        keys=lambda rows: rows.order_keys,
        text=lambda rows, row, _language: fmt.score(float(rows.picture.scan.score[row])),
        tone=_or_muted(lambda rows: rows.picture.scan.score),
        mark=lambda rows, row: ScoreMark(float(rows.picture.scan.score[row])),
        raw=raw,
        small_width=56,
        small=True,
    )


def _items(appearance: Appearance) -> Column:
    @lru_cache(maxsize=4_096)
    def words(states: tuple[int, ...], _language: Language) -> str:
        return ", ".join(
            f"{appearance.tr(f'daytrade.item.{item}')} {appearance.tr(f'evidence.state.{ItemState(state).name.lower()}')}"
            for item, state in zip(DAY_ITEMS, states, strict=True)
        )

    return ColumnSpec(
        id="items",
        title_key="daytrade.col.items",
        detail_key="daytrade.detail.items",
        width=99,
        align="left",
        painter=BLOCKS,
        keys=lambda rows: np.where(rows.listed, (rows.picture.scan.state == ItemState.PASSED).sum(axis=1), np.nan),
        text=lambda rows, row, language: words(rows.states(row), language),
        mark=lambda rows, row: rows.states(row),
        small_width=96,
        raw=lambda rows, row, _language: "".join(_STATE_LETTER[ItemState(state)] for state in rows.states(row)),
        small=True,
    )


def _bans(appearance: Appearance) -> Column:
    @lru_cache(maxsize=512)
    def chips(mask: int, _language: Language, early: int, late: int) -> tuple[ChipMark, ...]:
        return tuple(
            ChipMark(ban_word(appearance, ban, early, late), BAN_TOKEN.get(ban, "text-muted")) for ban in bans_of(mask)
        )

    def of(rows: DayRows, row: int) -> tuple[ChipMark, ...]:
        rules = rows.picture.rules.daytrading
        mask = int(rows.picture.scan.bans[row])
        if mask & _CLOCK:
            mask &= ~int(EntryBan.PHASE)  # the hour says it already, and the cell is narrow
        return chips(mask, appearance.language, rules.entry_from_minute, rules.entry_until_minute) if mask else ()

    def text(rows: DayRows, row: int) -> str:
        return " · ".join(chip.text for chip in of(rows, row))

    return ColumnSpec(
        id="bans",
        title_key="daytrade.col.bans",
        detail_key="daytrade.detail.bans",
        width=88,
        kind="choice",
        align="left",
        painter=CHIPS,
        keys=lambda rows: rows.filter_keys("bans"),
        text=lambda rows, row, _language: text(rows, row) or fmt.MISSING,
        mark=of,
        raw=lambda rows, row, _language: text(rows, row),
    )


def _step(appearance: Appearance) -> Column:
    def text(rows: DayRows, row: int, _language: Language) -> str:
        near = rows.step(row)
        return near_short(appearance, near) if near is not None else fmt.MISSING

    def is_near(rows: DayRows, row: int) -> bool:
        near = rows.step(row)
        return near is not None and near.gap_share <= NEAR_SHARE

    def tone(rows: DayRows, row: int) -> str:
        return "warning" if is_near(rows, row) else "text-muted" if rows.step(row) is None else "text-secondary"

    return ColumnSpec(
        id="step",
        title_key="daytrade.col.step",
        detail_key="daytrade.detail.step",
        width=146,
        align="left",
        keys=lambda rows: rows.filter_keys("step"),
        text=text,
        tone=tone,
        bold=is_near,
        raw=lambda rows, row, language: text(rows, row, language).replace(fmt.MISSING, ""),
        descending_first=False,
        small=True,
    )


def _is_spike(rows: DayRows, row: int) -> bool:
    """The scan's own verdict on the ratio, so that a threshold moved in what-if moves the colour with it."""
    return bool(rows.picture.scan.state[row, _SPIKE] == ItemState.PASSED)


def _rv() -> Column:
    def tone(rows: DayRows, row: int) -> str:
        if math.isnan(float(rows.picture.scan.relative_volume[row])):
            return "text-muted"
        return "vcp-pivot" if _is_spike(rows, row) else "text-secondary"

    return _number(
        "rv",
        52,
        lambda value, _language: fmt.ratio(value, 1),
        title="daytrade.col.rv",
        tone=tone,
        bold=_is_spike,
        small_width=52,
        small=True,
    )


def _net_token(rows: DayRows, row: int) -> str:
    amount = float(rows.picture.scan.net_5d_krw[row])
    return "text-muted" if math.isnan(amount) else "gain" if amount > 0 else "loss" if amount < 0 else "flat"


def day_columns(appearance: Appearance) -> tuple[Column, ...]:
    """Columns in their first order."""
    rank, grade, name = _identity()

    def price(column_id: str) -> Column:
        return _number(
            column_id,
            68,
            lambda value, _language: fmt.price(value),
            detail=f"daytrade.detail.{column_id}",
            full=False,
        )

    def plain(column_id: str, decimals: int, suffix: str) -> Column:
        def show(value: float, _language: Language) -> str:
            return fmt.MISSING if math.isnan(value) else f"{fmt.number(value, decimals)}{suffix}"

        own = "table" if column_id == "coverage" else "daytrade"
        return _number(column_id, 58, show, title=f"{own}.col.{column_id}", detail=f"{own}.detail.{column_id}", full=False)

    today: Column = ColumnSpec(
        id="today",
        title_key="table.col.today",
        detail_key="table.detail.today",
        width=44,
        align="center",
        painter="today",
        keys=lambda rows: rows.filter_keys("today"),
        text=lambda _rows, _row, _language: "",
        mark=lambda rows, row: rows.today(row),
    )
    return (
        rank,
        grade,
        name,
        _number(
            "price",
            68,
            lambda value, _language: fmt.price(value),
            tone=_direction,
            small=True,
        ),
        _number("change", 60, lambda value, _language: fmt.percent(value), tone=_direction, direction=True, small=True),
        today,
        _number("value", 58, fmt.money, title="daytrade.col.value", detail="daytrade.detail.value"),
        _rv(),
        _items(appearance),
        _score(),
        _bans(appearance),
        _step(appearance),
        plain("raw", 0, ""),
        _number("projected", 76, fmt.money, title="daytrade.col.projected", full=False),
        _number(
            "volume",
            70,
            lambda value, language: fmt.shares(value, language),
            detail="table.detail.volume",
            full=False,
        ),
        plain("box", 1, "%"),
        plain("drawdown", 1, "%"),
        _number(
            "net_5d",
            80,
            lambda value, language: fmt.money(value, language, plus=True),
            title="daytrade.col.net_5d",
            tone=_net_token,
            full=False,
            direction=True,
        ),
        plain("sector_rank", 0, ""),
        price("entry"),
        price("stop"),
        price("target"),
        plain("coverage", 0, "%"),
        _text("sector", 110, lambda rows, row: str(rows.panel.sectors[row])),
        _text("code", 62, lambda rows, row: rows.tickers[row]),
    )
