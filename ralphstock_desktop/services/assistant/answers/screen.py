"""Answers to a condition over the market: how many symbols meet it, the best of them, and the offer to set it as a filter."""

from __future__ import annotations

import numpy as np

from engine.model.errors import DataUnavailable
from engine.model.panel import FloatArray
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.general import tell_absent
from ralphstock_desktop.services.assistant.answers.market_parts import (
    Writer,
    bar_known_ns,
    day_of_index,
    fits,
    limit_of,
    problem_of,
)
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant_contracts import Target, Unit
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.filters.language import FilterError, parse_filter
from ralphstock_desktop.services.filters.scan_rows import ScanFields
from ralphstock_desktop.services.filters.scan_words import NUMBER_FIELDS, scan_vocabulary

__all__ = ["ALWAYS", "PANEL", "SIGNED", "UNITS", "AskedFields", "answer_screen", "line_of", "scan_of", "tell_left_out"]

_USUAL, _MOST, _EXTRA = 10, 50, 4
PANEL = "symbols"
"""The list of the whole market: a condition is asked of every symbol, not only of detected patterns."""
ALWAYS = ("total", "price", "change")
"""Columns of every list."""
UNITS: dict[str, tuple[Unit, int | None]] = {
    "price": ("won", None), "change": ("%", 2), "volume": ("shares", None), "value": ("krw", None), "mean_value": ("krw", None),
    "range_52w": ("%", 0), "total": ("points", 1), "vcp": ("points", 1), "smartmoney": ("points", 1), "rs": ("", 0),
    "t_count": ("", 0), "mean_ratio": ("×", 2), "first_depth": ("%", 1), "last_depth": ("%", 1), "pivot": ("won", None),
    "distance": ("%", 1), "dry_up": ("×", 2), "vol_ratio": ("×", 2), "flow_5d": ("krw", None), "foreign_5d": ("krw", None),
    "institution_5d": ("krw", None), "entry": ("won", None), "stop": ("won", None), "target": ("won", None),
    "reward_risk": ("", 2), "coverage": ("%", 0), "base_bars": ("bars", 0), "strength": ("%", 1),
}  # fmt: skip
"""Unit and decimals of what a condition may ask for."""
SIGNED = frozenset({"change", "distance", "flow_5d", "foreign_5d", "institution_5d"})


class AskedFields(ScanFields):
    """Rows that remember which fields a condition asked for."""

    def __init__(self, picture: ScanPicture) -> None:
        super().__init__(picture.panel, picture.scan)
        self.asked: list[str] = []

    def filter_keys(self, field_id: str) -> FloatArray:
        """Like :meth:`ScanFields.filter_keys`, taking the field down."""
        if field_id not in self.asked:
            self.asked.append(field_id)
        return super().filter_keys(field_id)


def scan_of(desk: Desk, writer: Writer) -> ScanPicture:
    """The scan of the instant on screen.

    Raises
    ------
    DataUnavailable
        ``error.chat.no_scan`` where there is none.
    RalphStockError
        What made it fail.
    """
    picture = desk.workstation.scans.last
    if picture is None or not fits(picture.scan.as_of, writer.picture):
        problem_of(desk.workstation.scan_state.last)
        raise DataUnavailable("There is no scan of this instant.", key="error.chat.no_scan")
    return picture


async def answer_screen(desk: Desk, draft: AnswerDraft) -> None:
    """Ask the condition of the question of the scan on screen.

    Raises
    ------
    DataUnavailable
        ``error.chat.no_scan`` where there is no scan of the instant.
    RalphStockError
        What made the scan fail.
    """
    writer, text = Writer(desk, draft), draft.question.filter_text.strip()
    picture = scan_of(desk, writer)
    target = Target("panel", panel=PANEL, item="filter")
    shown = writer.add("screen.filter", text, "text", writer.title("filter"), target, text=text, known_at_ns=None)
    if draft.question.absent:
        tell_absent(writer)
    tell_left_out(writer)
    asked, latest = draft.question.last_day or draft.question.first_day, day_of_index(picture.panel, picture.scan.day_index)
    if asked is not None and asked < latest:
        day = writer.book.add_day("signal.day", latest, writer.title("day"), target)
        writer.say("/assistant_follow.latest", day=day)
    rows = AskedFields(picture)
    try:
        mask = parse_filter(text, scan_vocabulary())(rows)
    except FilterError as error:
        why = writer.foreign(writer.texts(error.key, **error.fields), "screen.problem", target)
        writer.say("screen.unreadable", filter=shown, why=why)
        writer.say("screen.example")
        return
    _told(writer, picture, rows, mask, shown.text)


def tell_left_out(writer: Writer) -> None:
    """Say that a condition on moving averages limits no list: the scan holds the position to them only as points."""
    if "averages" in writer.draft.question.details and not writer.draft.question.order_by.startswith("average"):
        writer.say("screen.left_out.averages")


def _told(writer: Writer, picture: ScanPicture, rows: AskedFields, mask: np.ndarray, text: str) -> None:
    scan, panel = picture.scan, picture.panel
    known = bar_known_ns(panel, scan.day_index)
    target = Target("panel", panel=PANEL, item="filter")
    found = np.flatnonzero(mask)
    eligible = int(np.count_nonzero(mask & (scan.ineligible == 0)))
    count = writer.number("screen.list", float(len(found)), "", "screen_count", target, known_at_ns=known)
    inside = writer.number("screen.eligible", float(eligible), "", "screen_eligible", target, known_at_ns=known)
    day = writer.book.add_day("signal.day", day_of_index(panel, scan.day_index), writer.title("day"), target)
    condition = writer.add("screen.filter", text, "text", writer.title("filter"), target, text=text, known_at_ns=None)
    if not len(found):
        writer.say("screen.none", day=day, filter=condition, count=count)
        writer.propose("set_filter", "do.filter", "filter", panel=PANEL, text=text)
        return
    writer.say("screen.line", day=day, filter=condition, count=count, eligible=inside)
    limit = limit_of(writer.draft.question, _USUAL, _MOST)
    total = np.nan_to_num(scan.total_score, nan=-1.0)
    best = sorted(found.tolist(), key=lambda row: (scan.ineligible[row] != 0, -float(total[row]), row))[:limit]
    extra = [name for name in rows.asked if name in NUMBER_FIELDS and name not in ALWAYS][:_EXTRA]
    columns = (*ALWAYS, *extra)
    head = (
        "col.stock",
        "col.grade",
        *(f"/table.col.{name}" if name not in _OTHER_TITLES else f"col.{name}" for name in columns),
    )
    cells = [line_of(writer, rows, row, columns, known) for row in best]
    if len(found) > len(best):
        listed = writer.number("screen.shown", float(len(best)), "", "shown", target)
        writer.say("screen.best", shown=listed)
    writer.table(head, cells, (False, False, *(True for _ in columns)))
    writer.draft.has_stock = True
    writer.propose("set_filter", "do.filter", "filter", panel=PANEL, text=text)


_OTHER_TITLES = frozenset({"mean_value", "mean_ratio", "first_depth", "last_depth", "strength"})
"""Fields without a column of their own in the tables."""


def _title_of(writer: Writer, name: str) -> str:
    """Title of a field's column."""
    return writer.texts(f"table.col.{name}") if name not in _OTHER_TITLES else writer.texts(writer.key(f"col.{name}"))


def line_of(writer: Writer, rows: ScanFields, row: int, columns: tuple[str, ...], known: int) -> tuple[Part, ...]:
    """A line of a list: stock, grade and the values of the columns, each a fact or said to be missing."""
    panel, scan = rows.panel, rows.scan
    ticker, day = str(panel.tickers[row]), day_of_index(panel, scan.day_index)

    def target(column: str) -> Target:
        return Target("cell", panel=PANEL, ticker=ticker, item=column)

    cells: list[Part] = [
        writer.stock(ticker, panel, target("name")),
        writer.grade(
            "screen.grade", int(Grade(int(scan.grade[row]))), target("grade"), ticker=ticker, day=day, known_at_ns=known
        ),
    ]
    for name in columns:
        value = float(rows.filter_keys(name)[row])
        unit, decimals = UNITS[name]
        if np.isnan(value):
            cells.append(writer.line("missing"))
            continue
        cells.append(
            writer.add(
                f"screen.{name}",
                value,
                unit,
                _title_of(writer, name),
                target(name),
                ticker=ticker,
                day=day,
                known_at_ns=known,
                decimals=decimals,
                plus=name in SIGNED,
            )
        )
    return tuple(cells)
