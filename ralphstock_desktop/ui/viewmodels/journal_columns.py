"""Columns of the journal (screen 0872) over :class:`~ralphstock_desktop.ui.viewmodels.journal_rows.JournalRows`."""

from __future__ import annotations

import math
from typing import Any

from engine.model.scan import Grade
from ralphstock_desktop.services.strategy_contracts import STRATEGIES
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.cells import GradeMark
from ralphstock_desktop.ui.delegates.closing_cells import NAME, StruckName
from ralphstock_desktop.ui.models.columns import ColumnSpec, text_keys
from ralphstock_desktop.ui.viewmodels.journal_rows import JournalRows
from ralphstock_desktop.wording import format as fmt

__all__ = ["journal_columns", "phase_text", "reason_text"]

Column = ColumnSpec[JournalRows]
_SHAPES = {"WATCH": "○", "PENDING": "◐", "ACTIVE": "●", "DONE": "■"}
"""Beside the word of the phase, so that it is told by shape too."""
_PHASES = ("PENDING", "ACTIVE", "WATCH", "DONE")
_TOKENS = {"ACTIVE": "accent", "PENDING": "warning", "WATCH": "text-secondary", "DONE": "text-muted"}
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t")


def _grade(rows: JournalRows, row: int) -> Grade:
    name = str(rows.records[row].signal.values.get("grade") or "NONE")
    return Grade[name] if name in Grade.__members__ else Grade.NONE


def phase_text(look: Appearance, rows: JournalRows, row: int) -> str:
    """``● 보유``: shape and word; ``대체됨`` where a later run no longer found the signal."""
    signal = rows.records[row].signal
    word = "superseded" if signal.superseded else signal.phase.lower()
    key = f"journal_panel.phase.{word}" if signal.superseded else f"journal.phase.{word}"
    return f"{_SHAPES.get(signal.phase, '○')} {look.tr(key) if look.has_text(key) else signal.phase}"


def reason_text(look: Appearance, reason: str) -> str:
    """Why a signal ended, in words; a dash while it is open."""
    key = f"journal.reason.{reason.lower()}"
    return look.tr(key) if reason and look.has_text(key) else reason or fmt.MISSING


def _own_score(rows: JournalRows, row: int, rules_max: float) -> str:
    """The strategy's own scale: ``70.0``, ``8/12``."""
    score = rows.value(row, "score")
    if math.isnan(score):
        return fmt.MISSING
    return f"{fmt.points(score)}/{rules_max:g}" if rows.records[row].signal.strategy == "CLOSING_BET" else fmt.score(score)


def _safe(text: str) -> str:
    """A note as a spreadsheet takes it for text: never as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def journal_columns(look: Appearance, closing_max: float) -> tuple[Column, ...]:
    """Columns in their first order; ``closing_max`` are the most points of a closing bet."""

    def column(column_id: str, width: int, **rest: Any) -> Column:
        given = {
            "title_key": f"journal_panel.col.{column_id}",
            "detail_key": f"journal_panel.detail.{column_id}",
            "raw": None,
            **rest,
        }
        return ColumnSpec(id=column_id, width=width, **given)

    def words(column_id: str, width: int, text: Any, **rest: Any) -> Column:
        given = {
            "kind": "text",
            "align": "left",
            "keys": lambda rows: text_keys([text(rows, row, look.language) for row in range(rows.size)]),
            "text": text,
            "raw": lambda rows, row, language: "" if text(rows, row, language) == fmt.MISSING else text(rows, row, language),
            "descending_first": False,
            **rest,
        }
        return column(column_id, width, **given)

    def price(column_id: str, value: Any) -> Column:
        return column(
            column_id,
            68,
            keys=lambda rows: rows.each(lambda row: value(rows, row)),
            text=lambda rows, row, _language: fmt.price(value(rows, row)),
            tone=_faded,
        )

    def percent(column_id: str, name: str) -> Column:
        return column(
            column_id,
            64,
            keys=lambda rows: rows.each(lambda row: rows.traded(row, name)),
            text=lambda rows, row, _language: fmt.percent(rows.traded(row, name)),
            tone=lambda rows, row: _direction(rows.traded(row, name)),
            direction=True,
        )

    def taken(rows: JournalRows, row: int) -> str:
        record = rows.records[row]
        if not record.taken:
            return look.tr("journal_panel.not_taken")
        qty = record.trade.qty if record.trade is not None else None
        return f"✓ {fmt.shares(qty, look.language)}" if qty is not None else "✓"

    return (
        words(
            "date",
            82,
            lambda rows, row, _language: rows.records[row].signal.signal_date.isoformat(),
            painter=NAME,
            tone=_faded,
            mark=lambda rows, row: StruckName("", False, rows.records[row].signal.superseded),
            frozen=True,
            descending_first=True,
        ),
        words(
            "name",
            124,
            lambda rows, row, language: rows.name(row, language),
            title_key="table.col.name",
            detail_key="table.detail.name",
            painter=NAME,
            tone=_faded,
            mark=lambda rows, row: StruckName(rows.letter(row), False, rows.records[row].signal.superseded),
            frozen=True,
        ),
        words("strategy", 84, lambda rows, row, _language: look.tr(f"journal_panel.strategy.{_known(rows, row)}"), tone=_faded),
        column(
            "grade",
            40,
            kind="choice",
            align="center",
            painter="grade",
            keys=lambda rows: rows.each(lambda row: int(_grade(rows, row)) or math.nan),
            text=lambda rows, row, _language: _grade(rows, row).name if _grade(rows, row) else fmt.MISSING,
            mark=lambda rows, row: GradeMark(int(_grade(rows, row)), rows.records[row].signal.superseded),
            raw=lambda rows, row, _language: _grade(rows, row).name if _grade(rows, row) else "",
        ),
        column(
            "score",
            50,
            keys=lambda rows: rows.each(lambda row: rows.value(row, "score_pct")),
            text=lambda rows, row, _language: _own_score(rows, row, closing_max),
            tone=_faded,
            raw=lambda rows, row, _language: "" if math.isnan(rows.value(row, "score")) else f"{rows.value(row, 'score'):g}",
        ),
        words(
            "phase",
            118,
            lambda rows, row, _language: phase_text(look, rows, row),
            keys=lambda rows: rows.each(lambda row: _order(rows, row)),
            tone=lambda rows, row: (
                "text-muted" if rows.records[row].signal.superseded else _TOKENS.get(rows.records[row].signal.phase, "text")
            ),
        ),
        price("entry", lambda rows, row: rows.value(row, "entry")),
        price("stop", lambda rows, row: rows.value(row, "stop")),
        price("target", lambda rows, row: rows.value(row, "target")),
        price("fill", lambda rows, row: rows.traded(row, "entry_krw")),
        price("exit", lambda rows, row: rows.traded(row, "exit_krw")),
        words("reason", 84, lambda rows, row, _language: reason_text(look, rows.reason(row)), tone=_faded),
        percent("gross", "gross_pct"),
        percent("net", "net_pct"),
        column(
            "bars",
            44,
            keys=lambda rows: rows.each(lambda row: rows.traded(row, "holding_bars")),
            text=lambda rows, row, _language: fmt.number(rows.traded(row, "holding_bars")),
            tone=_faded,
        ),
        words(
            "taken",
            66,
            lambda rows, row, _language: taken(rows, row),
            tone=lambda rows, row: "accent" if rows.records[row].taken else "text-muted",
            raw=lambda rows, row, _language: _quantity(rows, row),
        ),
        words(
            "note",
            170,
            lambda rows, row, _language: rows.records[row].note or fmt.MISSING,
            tone=lambda rows, row: "text" if rows.records[row].note else "text-muted",
            raw=lambda rows, row, _language: _safe(rows.records[row].note),
        ),
        words(
            "code",
            62,
            lambda rows, row, _language: rows.tickers[row],
            title_key="table.col.code",
            detail_key="table.detail.code",
            tone=_faded,
            full=False,
        ),
    )


def _known(rows: JournalRows, row: int) -> str:
    strategy = rows.records[row].signal.strategy
    return strategy if strategy in STRATEGIES else "other"


def _order(rows: JournalRows, row: int) -> float:
    phase = rows.records[row].signal.phase
    return float(_PHASES.index(phase)) if phase in _PHASES else math.nan


def _quantity(rows: JournalRows, row: int) -> str:
    record = rows.records[row]
    if not record.taken:
        return "0"
    return "1" if record.trade is None or record.trade.qty is None else str(record.trade.qty)


def _direction(amount: float) -> str:
    return "text-muted" if math.isnan(amount) else "gain" if amount > 0 else "loss" if amount < 0 else "flat"


def _faded(rows: JournalRows, row: int) -> str:
    return "text-muted" if rows.records[row].signal.superseded else "text"
